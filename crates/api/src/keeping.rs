//! What stays in the mailboxes themselves.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What happens in the mailbox to a mail that was fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterFetch {
    /// Nothing.
    #[default]
    Leave,
    /// It is marked as read.
    MarkRead,
    /// It is moved from the inbox to `fetched_folder`.
    Move,
}

/// What stays in the mailboxes of an account; the archive keeps all of it in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Keeping {
    /// What happens to mails fetched from now on.
    pub fetched: AfterFetch,
    /// Mailbox they are moved to, `/` between levels; made if it is missing. Needed for `move`.
    #[schema(max_length = 200)]
    pub fetched_folder: Option<String>,
    /// Mailbox for mails of the inbox that could not be read; absent: they stay.
    #[schema(max_length = 200)]
    pub failed_folder: Option<String>,
    /// Mails, older ones too, are deleted so many days after they were fetched, 0: at once; absent: never. Drafts, what was
    /// sent and what was put away (special use) stay.
    #[schema(maximum = 36500)]
    pub delete_after_days: Option<u32>,
    /// What people delete here is deleted in the mailbox, whatever the rest says: moved to the folder for deleted mails where one
    /// is known.
    pub delete_there: bool,
}

/// After how many days.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DeletableQuery {
    /// Days since they were fetched.
    #[param(default = 0, maximum = 36500)]
    pub days: u32,
}

/// What a deletion would mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deletable {
    /// Mails that would be deleted in the mailbox with the next fetch; counted to a million.
    pub mails: u64,
}
