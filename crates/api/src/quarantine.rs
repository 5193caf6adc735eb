//! Mails that could not be taken apart.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct QuarantineQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A mail in quarantine. Its original is archived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quarantined {
    /// Key.
    pub mail_id: Uuid,
    /// Accounts it lies in.
    pub accounts: Vec<Uuid>,
    /// Step that failed, such as `parse`.
    pub step: String,
    /// How often.
    pub attempts: u32,
    /// Why, the last time.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Size.
    pub octets: u64,
    /// The caller may read it.
    pub readable: bool,
}

/// A page of mails in quarantine, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantinePage {
    /// Newest first.
    pub items: Vec<Quarantined>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}
