//! Attachments as files in a tree of folders.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{Language, MediaKind, OutgoingError, Timestamp};

/// Which attachments are written as files, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentFileSettings {
    /// Whether attachments are written.
    pub active: bool,
    /// A folder on the server; a relative one counts from the folder in which the data directory lies. Not the data directory, nothing in it and
    /// nothing around it.
    #[schema(max_length = 1000)]
    pub folder: String,
    /// Where below it: names with slashes between them and placeholders such as `{year}` in them, `{name}` in the last one.
    #[schema(max_length = 300)]
    pub pattern: String,
    /// Accounts whose mails count; empty: all.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub accounts: Vec<Uuid>,
    /// Kinds of files that count; empty: all.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub kinds: Vec<MediaKind>,
    /// Attachments with fewer octets do not count.
    #[serde(default)]
    pub octets_min: u64,
    /// Pictures that stand in the text of a mail count too.
    #[serde(default)]
    pub inline: bool,
    /// Mails count that are here already, not only those that come from now on.
    #[serde(default)]
    pub all: bool,
    /// Language of words in names of folders, such as the kind of file.
    #[serde(default)]
    pub language: Language,
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentFiles {
    /// What is set.
    pub settings: AttachmentFileSettings,
    /// Placeholders there are, without braces.
    pub placeholders: Vec<String>,
    /// Attachments that are files.
    pub written: u64,
    /// Attachments that are held back.
    pub held: u64,
    /// Attachments that could not be written.
    pub failed: u64,
    /// Files that people deleted, as far as was noticed.
    pub deleted: u64,
    /// Files that people changed, as far as was noticed: they are left.
    pub changed: u64,
    /// Mails that wait; ends at 10,000.
    pub waiting: u64,
    /// Mails that came before are still being gone through.
    pub backfill: bool,
    /// Files of erased mails that could not be removed yet.
    pub to_remove: u64,
    /// When something was last written to the folder that is set.
    pub last_success: Option<Timestamp>,
    /// Why it takes nothing, a word and what the system says, and since when.
    pub last_error: Option<OutgoingError>,
}

/// Where an attachment would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentFileExample {
    /// Its mail; null: the example is made up.
    pub mail_id: Option<Uuid>,
    /// Path below the folder.
    pub path: String,
}

/// What settings would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentFilePreview {
    /// The folder as an absolute path; empty if none is given.
    pub folder: String,
    /// Of the newest attachments you may read.
    pub examples: Vec<AttachmentFileExample>,
}

/// What became of an attachment as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentFileState {
    /// It is being written.
    Writing,
    /// It was written.
    Written,
    /// The attachment is held back.
    Held,
    /// It could not be written.
    Failed,
    /// People deleted it.
    Deleted,
    /// People changed it, and it was to be removed: it is left.
    Changed,
}

/// An attachment as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentFile {
    /// Its mail; null if you may not read it.
    pub mail_id: Option<Uuid>,
    /// Number of the part.
    pub part: String,
    /// Path below the folder; null if it has none, or you may not read the mail.
    pub path: Option<String>,
    /// Size.
    pub octets: u64,
    /// What became of it.
    pub state: AttachmentFileState,
    /// When.
    pub at: Timestamp,
    /// Why it could not be written, a word and what the system says; null otherwise.
    pub error: Option<String>,
}

/// Files, newest mail first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentFilePage {
    /// This page.
    pub items: Vec<AttachmentFile>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// Which files.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AttachmentFileQuery {
    /// Of which this became.
    pub state: AttachmentFileState,
    /// Where the page begins.
    #[serde(default)]
    pub cursor: Option<String>,
    /// At most so many, 1 to 200; 50 if not given.
    #[serde(default)]
    pub limit: Option<u32>,
}
