//! Imports of files through the browser.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// Form of an upload: `account` first, then the files.
#[derive(Clone, Debug, ToSchema)]
pub struct ImportUpload {
    /// Key or name of the account; an unknown name is created by administrators.
    pub account: String,
    /// EML, mbox, PST, OST, MSG, EMLX, ZIP, tar, `.gz`, `.zst`; several.
    #[schema(content_media_type = "application/octet-stream")]
    pub file: Vec<String>,
}

/// How an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Runs.
    Running,
    /// All files were read.
    Finished,
    /// Stopped by a person; what was archived stays.
    Cancelled,
    /// Stopped by an error; what was archived stays.
    Failed,
}

/// A file, or a mail in it, that could not be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportFailure {
    /// Path, `#n` behind it for the n-th mail of a container.
    pub locator: String,
    /// Why, in the language of the request.
    pub reason: String,
}

/// One import. `seen` is the sum of `archived`, `duplicates`, `excluded` and `failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportRun {
    /// Key.
    pub id: Uuid,
    /// Key of the account.
    pub account: Uuid,
    /// Its name.
    pub account_name: String,
    /// What was given, for display.
    pub name: String,
    /// How it stands.
    pub state: ImportState,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Mails looked at.
    pub seen: u64,
    /// New ones.
    pub archived: u64,
    /// Already there.
    pub duplicates: u64,
    /// Left out by a rule.
    pub excluded: u64,
    /// No mail, or unreadable.
    pub failed: u64,
    /// Octets read.
    pub octets: u64,
    /// Octets in all, as far as is known.
    pub total_octets: u64,
    /// Whether the source was read to its end and each entry of it is in the report once.
    pub complete: bool,
    /// What failed, the first hundred.
    pub failures: Vec<ImportFailure>,
}

/// What became of an entry of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// New in the archive.
    Archived,
    /// Its octets were in the archive already.
    Duplicate,
    /// Left out by a named rule.
    Excluded,
    /// Could not be read, or is no mail.
    Failed,
}

/// Which entries of an import.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportEntryQuery {
    /// Only those of which this became.
    pub outcome: Option<ImportOutcome>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Where the mail of a duplicate was found first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportDuplicateOf {
    /// Name of the account.
    pub account_name: String,
    /// Mailbox, as people read it.
    pub mailbox: String,
    /// Path of a file.
    pub locator: Option<String>,
    /// UID in a server's mailbox.
    pub uid: Option<u64>,
}

/// An entry of an import: a mail, or what did not become one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportEntry {
    /// Place in the source, from 1.
    pub n: u64,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// Path, `#n` behind it for the n-th mail of a container.
    pub locator: String,
    /// Rule, reason or note, in the language of the request.
    pub reason: Option<String>,
    /// Octets of the mail.
    pub octets: u64,
    /// The mail; of a duplicate the one that was there. Null where the caller may not read it.
    pub mail: Option<Uuid>,
    /// Of a duplicate; null where the caller may not read that account.
    pub duplicate_of: Option<ImportDuplicateOf>,
}

/// How many entries have a rule or reason in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportReason {
    /// Excluded or failed.
    pub outcome: ImportOutcome,
    /// In the language of the request.
    pub reason: String,
    /// How many.
    pub entries: u64,
}

/// Entries of an import, in the order of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportEntryPage {
    /// Those of this page.
    pub items: Vec<ImportEntry>,
    /// The commonest rules and reasons of the import; on the first page.
    pub reasons: Vec<ImportReason>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// Imports, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportList {
    /// Those into accounts the caller may read; administrators: all.
    pub items: Vec<ImportRun>,
}
