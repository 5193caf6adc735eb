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
    /// Who: key of a user, or the system's name for a part of itself.
    #[param(max_length = 100)]
    pub actor: Option<String>,
    /// What: the stable key of an action.
    #[param(max_length = 100)]
    pub action: Option<String>,
    /// Concerning what: key of a mail, an account, a user.
    #[param(max_length = 100)]
    pub target: Option<String>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// Which entries, and how they are written.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventExportQuery {
    /// How they are written.
    #[param(inline)]
    pub format: EventFormat,
    /// As in the list.
    #[serde(default)]
    pub actor: Option<String>,
    /// As in the list.
    #[serde(default)]
    pub action: Option<String>,
    /// As in the list.
    #[serde(default)]
    pub target: Option<String>,
    /// As in the list.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// As in the list.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// Formats of the log as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventFormat {
    /// A line an entry.
    Csv,
    /// A line of JSON an entry.
    Json,
}

/// What can be asked for in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventWords {
    /// Who has done something.
    pub actors: Vec<EventWord>,
    /// What was done.
    pub actions: Vec<EventWord>,
}

/// A key and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventWord {
    /// For the query.
    pub key: String,
    /// In the language of the request.
    pub name: String,
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
