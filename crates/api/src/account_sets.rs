//! Several accounts changed at once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AfterFetch, MailboxRole, Problem};

/// When mails are deleted in the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeleteAfter {
    /// Never.
    Never,
    /// So many days after they were fetched, at most 36500; 0: at once.
    Days(u32),
}

/// What several accounts get; what is absent stays as it is with each of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsChange {
    /// Which.
    #[schema(min_items = 1, max_items = 1000)]
    pub accounts: Vec<Uuid>,
    /// Fetch them.
    pub active: Option<bool>,
    /// How often their servers are asked.
    #[schema(minimum = 10, maximum = 86400)]
    pub poll_seconds: Option<u32>,
    /// What the mailboxes are for.
    pub role: Option<MailboxRole>,
    /// What happens in the mailbox to mails fetched from now on.
    pub fetched: Option<AfterFetch>,
    /// Mailbox they are moved to, `/` between levels; made if it is missing. Needed for `move`.
    #[schema(max_length = 200)]
    pub fetched_folder: Option<String>,
    /// When mails, older ones too, are deleted in the mailbox.
    pub delete_after: Option<DeleteAfter>,
    /// Whether what people delete here is deleted in the mailbox.
    pub delete_there: Option<bool>,
    /// Nothing is changed; the answer says what would be.
    pub dry_run: bool,
}

/// What became of one of them: all of it, or nothing with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountChanged {
    /// Key.
    pub account: Uuid,
    /// Name; null if there is no such account.
    pub name: Option<String>,
    /// Mails the next fetch would delete in the mailbox, counted to a million; null if deletion was not asked for.
    pub deletable: Option<u64>,
    /// Why nothing was changed; null: all of it was, or could be.
    pub problem: Option<Problem>,
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountsChanged {
    /// In the order asked, each account once.
    pub items: Vec<AccountChanged>,
}
