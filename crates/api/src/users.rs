//! Users and what they may do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Theme, Timestamp};

/// Language of the page and of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// German.
    De,
    /// English.
    #[default]
    En,
}

impl Language {
    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// The language of this word, if it is one of ours.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "de" => Some(Self::De),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}

/// What a user may do in the whole installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Settings, accounts, users; reads mail only of the accounts granted.
    Administrator,
    /// Works with mail of the accounts granted.
    Agent,
    /// Reads mail of the accounts granted, and the event log; changes nothing.
    Auditor,
}

impl From<model::Role> for Role {
    fn from(role: model::Role) -> Self {
        match role {
            model::Role::Administrator => Self::Administrator,
            model::Role::Agent => Self::Agent,
            model::Role::Auditor => Self::Auditor,
        }
    }
}

impl From<Role> for model::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Administrator => Self::Administrator,
            Role::Agent => Self::Agent,
            Role::Auditor => Self::Auditor,
        }
    }
}

/// What an auditor sees of the mail of the accounts granted, and until when; empty for other roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserLimits {
    /// Only mails with an effective date from this time on.
    pub mails_from: Option<Timestamp>,
    /// Only mails with an effective date before this time.
    pub mails_until: Option<Timestamp>,
    /// From when on the login no longer holds.
    pub expires: Option<Timestamp>,
}

/// A user, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Login.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Language.
    pub language: Language,
    /// Theme.
    pub theme: Theme,
    /// IANA name; null: the browser's.
    pub zone: Option<String>,
    /// Accounts whose mail the user may read.
    pub accounts: Vec<Uuid>,
    /// May log in.
    pub active: bool,
    /// What an auditor sees, and how long.
    pub limits: UserLimits,
    /// When made.
    pub created: Timestamp,
}

/// All users, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserList {
    /// By name.
    pub items: Vec<User>,
}

/// A new user. Without `accounts` the user reads no mail.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// Name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Login.
    #[schema(min_length = 3, max_length = 320)]
    pub email: String,
    /// Role.
    pub role: Role,
    /// Language.
    pub language: Language,
    /// Accounts whose mail the user may read.
    #[serde(default)]
    pub accounts: Vec<Uuid>,
    /// What an auditor sees, and how long.
    #[serde(default)]
    pub limits: UserLimits,
    /// At least ten characters.
    #[schema(min_length = 10, max_length = 1000)]
    pub password: String,
}

/// Changes of a user; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserChange {
    /// Name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Login.
    #[schema(min_length = 3, max_length = 320)]
    pub email: Option<String>,
    /// Role; the last administrator keeps it.
    pub role: Option<Role>,
    /// Language.
    pub language: Option<Language>,
    /// All accounts whose mail the user may read.
    pub accounts: Option<Vec<Uuid>>,
    /// What an auditor sees, and how long: all of it.
    pub limits: Option<UserLimits>,
    /// New password; the user's sessions end.
    #[schema(min_length = 10, max_length = 1000)]
    pub password: Option<String>,
    /// May log in; `false` ends the user's sessions.
    pub active: Option<bool>,
}
