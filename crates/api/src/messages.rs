//! Lists of messages.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{Address, GroupName, Kind, Tag, Timestamp};

/// Order by date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Newest first.
    #[default]
    Desc,
    /// Oldest first.
    Asc,
}

/// Which messages, and which page of them.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only of this account.
    pub account: Option<Uuid>,
    /// Only of this mailbox.
    pub mailbox: Option<Uuid>,
    /// Only of this kind.
    #[param(inline)]
    pub kind: Option<Kind>,
    /// Only unread (or only read) ones.
    pub unread: Option<bool>,
    /// Only with (or without) attachments.
    pub has_attachment: Option<bool>,
    /// Only with this tag: its `key` of `/tags`.
    pub tag: Option<i64>,
    /// Only what is suspected to be spam.
    pub spam: bool,
    /// Those that were deleted here, instead of the others.
    pub deleted: bool,
    /// By date.
    #[param(inline)]
    pub order: Order,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many to skip, for jumps in long lists; not together with `cursor`.
    pub offset: Option<u64>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// One message: copies with the same Message-ID, sender, date and text are shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageRow {
    /// Key of the copy that is shown.
    pub mail_id: Uuid,
    /// Key of the thread.
    pub thread_id: Uuid,
    /// Messages of the thread that the caller may read, this one included.
    pub thread_count: u32,
    /// Decoded.
    pub subject: Option<String>,
    /// First author.
    pub from: Option<Address>,
    /// Recipients, the first few.
    pub to: Vec<Address>,
    /// Effective date.
    pub date: Timestamp,
    /// Beginning of the text.
    pub preview: String,
    /// What the mail is.
    pub kind: Kind,
    /// Nobody has opened it yet.
    pub unread: bool,
    /// How many.
    pub attachments: u32,
    /// Accounts it lies in, of those the caller may read.
    pub accounts: Vec<Uuid>,
    /// Something is wrong with its form.
    pub defects: bool,
    /// Could not be taken apart; see `/quarantine`.
    pub quarantined: bool,
    /// By name.
    pub tags: Vec<Tag>,
    /// When somebody deleted it here, which hides it; null: nobody did.
    pub deleted: Option<Timestamp>,
    /// Groups it is sorted to, by name.
    pub groups: Vec<GroupName>,
    /// Whether it is spam; null: neither a filter nor a person said something.
    pub spam: Option<SpamState>,
}

/// What is said of a message that somebody marked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpamState {
    /// It counts as spam.
    pub suspected: bool,
    /// The filter that marked it: `rspamd`, `spamassassin`, a header field or a keyword; empty if that is not known, null if none
    /// did.
    pub marked: Option<String>,
    /// What a person said, which holds whatever filters say; null: nobody did.
    pub said: Option<bool>,
}

/// What a person says of messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpamRequest {
    /// Mails by which they are named.
    #[schema(min_items = 1, max_items = 500)]
    pub mails: Vec<Uuid>,
    /// They are spam, or checked and none; null takes back what was said, and filters count again.
    pub spam: Option<bool>,
}

/// What became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpamAnswer {
    /// Messages of which that is new.
    pub changed: Vec<SpamChanged>,
    /// How many of the others the caller may read: the same was said of them before.
    pub unchanged: u64,
}

/// A message of which a person said something new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpamChanged {
    /// By which it is named.
    pub mail_id: Uuid,
    /// What had been said before; null: nothing.
    pub before: Option<bool>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessagePage {
    /// In the order asked for.
    pub items: Vec<MessageRow>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
    /// How many there are in all.
    pub total: u64,
}

/// Messages to delete or to restore.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeletionRequest {
    /// Mails by which they are named.
    #[schema(min_items = 1, max_items = 500)]
    pub mails: Vec<Uuid>,
}

/// What became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeletionAnswer {
    /// Messages that are deleted, or restored, now and were not before.
    pub changed: Vec<Uuid>,
    /// How many of the others the caller may read: they were that way already.
    pub unchanged: u64,
    /// Accounts at whose source they are deleted as well, ten seconds later at the earliest; until then a restoration takes that
    /// back.
    pub at_source: Vec<Uuid>,
}

/// Messages to be put into a mailbox of a server again: those of these mails, or those of a search.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutBackRequest {
    /// Mails by which they are named; empty with `q`.
    #[schema(max_items = 500)]
    #[serde(default)]
    pub mails: Vec<Uuid>,
    /// The search; absent with `mails`.
    #[schema(max_length = 2000)]
    pub q: Option<String>,
    /// The account; one of IMAP that was fetched before.
    pub account: Uuid,
    /// Name of the folder; `/` between levels. It is made if it is missing.
    #[schema(min_length = 1, max_length = 500)]
    pub folder: String,
}

/// What is put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PutBackAnswer {
    /// How many messages: of each the first mail the caller may read.
    pub count: u64,
    /// The account is not active: it is done once it is.
    pub waits_for_activation: bool,
}

/// Messages that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Thread {
    /// Key.
    pub thread_id: Uuid,
    /// Oldest first; those the caller may read, deleted ones too.
    pub items: Vec<MessageRow>,
}
