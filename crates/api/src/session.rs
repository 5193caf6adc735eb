//! Login and one's own profile.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Language, Role};

/// Colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this word; `Auto` for any other.
    pub fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// An account as far as its readers need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountName {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Its address, where it has one.
    pub address: Option<String>,
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionUser {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Login.
    pub email: String,
    /// What the user may do.
    pub role: Role,
    /// Of the page and of messages.
    pub language: Language,
    /// Of the page.
    pub theme: Theme,
    /// Time zone by IANA name, such as `Europe/Berlin`; null: not chosen, the browser's.
    pub zone: Option<String>,
}

/// The session of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Who.
    pub user: SessionUser,
    /// Accounts whose mail the user may read, by name.
    pub accounts: Vec<AccountName>,
    /// Name of the organisation.
    pub organisation: String,
    /// Version of the server.
    pub version: String,
}

/// Login.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// Login.
    #[schema(max_length = 320)]
    pub email: String,
    /// Password.
    #[schema(max_length = 1000)]
    pub password: String,
}

/// Changes of one's own profile; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileChange {
    /// Name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Language.
    pub language: Option<Language>,
    /// Theme.
    pub theme: Option<Theme>,
    /// IANA name; empty: the browser's.
    pub zone: Option<String>,
    /// New password, at least ten characters; the other sessions of the user end.
    #[schema(min_length = 10, max_length = 1000)]
    pub password: Option<String>,
    /// The password so far; needed with `password`.
    pub current_password: Option<String>,
}
