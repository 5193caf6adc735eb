//! Imports of files through the browser.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Timestamp;

/// Form of an upload: `account` first, then the files.
#[derive(Clone, Debug, ToSchema)]
pub struct ImportUpload {
    /// Key or name of the account; an unknown name is created by administrators.
    pub account: String,
    /// EML, mbox, ZIP, tar, `.gz`, `.zst`; several.
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
    /// What failed, the first hundred.
    pub failures: Vec<ImportFailure>,
}

/// Imports, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportList {
    /// Those into accounts the caller may read; administrators: all.
    pub items: Vec<ImportRun>,
}
