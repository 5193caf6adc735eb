//! What needs a second person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// Mails are to be erased.
    Erasure,
    /// Mails whose retention has ended are to be released.
    Release,
    /// Many mails are to be handed out.
    Export,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// For a decision.
    Waiting,
    /// Approved, not carried out yet; an export can be fetched.
    Approved,
    /// Somebody said no.
    Refused,
    /// Carried out.
    Done,
    /// Approved, and could not be carried out.
    Failed,
    /// Taken back by who asked.
    Withdrawn,
}

/// Which page: administrators and auditors see all, others what they asked for themselves.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ApprovalQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<ApprovalState>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Something asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Key.
    pub id: Uuid,
    /// What kind of thing.
    pub kind: ApprovalKind,
    /// What, in a sentence in the language of the request.
    pub text: String,
    /// The same by name: texts and numbers, such as `count`, `query`, `basis`.
    pub details: BTreeMap<String, String>,
    /// Why, in the asker's words.
    pub note: String,
    /// Name of the asker.
    pub asked_by: String,
    /// The caller asked for it.
    pub own: bool,
    /// When.
    pub asked: Timestamp,
    /// How it stands.
    pub state: ApprovalState,
    /// Where the asker is the only administrator: when the same person may approve it at the earliest, as things stand; null
    /// where another person decides.
    pub due: Option<Timestamp>,
    /// Whether the caller may approve it now.
    pub may_approve: bool,
    /// Name of who decided; null while it waits.
    pub decided_by: Option<String>,
    /// When; null while it waits.
    pub decided: Option<Timestamp>,
    /// Of an approved export: until when it can be fetched.
    pub open_until: Option<Timestamp>,
    /// Reason of a refusal, or what became of it.
    pub outcome: String,
}

/// A page, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalPage {
    /// Newest first.
    pub items: Vec<Approval>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// Something that the only administrator has asked for and may approve alone after a delay: everybody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DelayedApproval {
    /// Key.
    pub id: Uuid,
    /// What kind of thing.
    pub kind: ApprovalKind,
    /// Name of the asker.
    pub asked_by: String,
    /// Why, in the asker's words.
    pub note: String,
    /// When it may be approved at the earliest, as things stand.
    pub due: Timestamp,
}

/// All that wait for the end of a delay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DelayedApprovalList {
    /// Newest first.
    pub items: Vec<DelayedApproval>,
}

/// Why not.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRefusal {
    /// For the asker; may be empty.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: String,
}

/// From how many mails on an export needs an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalSettings {
    /// What is set; 0: off; null: as delivered, which is 1000 where there is more than one administrator, and off otherwise.
    pub export_from: Option<u64>,
    /// What holds; null: off. Not looked at when it is set.
    #[serde(default)]
    pub export_holds: Option<u64>,
}
