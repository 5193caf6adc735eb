//! The event log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// Key of the user; null for the system and the command line.
    pub user: Option<Uuid>,
    /// Name, or the system's name for itself.
    pub name: String,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Key.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// Stable key, such as `account.created`.
    pub action: String,
    /// What it was done to: kind and key, such as `mail 0193…`; null if nothing.
    pub target: Option<String>,
    /// Details by name; never secrets.
    pub details: BTreeMap<String, String>,
    /// A sentence in the language of the request.
    pub text: String,
}

/// A page of the log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// Newest first.
    pub items: Vec<Event>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}
