//! What programs log in with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Access, Method, Operation, Timestamp};

/// What a token may do, never more than its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Read what its owner may read.
    Read,
    /// Do what its owner may do, but for what needs a person.
    Write,
    /// Read and send records of the ERP.
    Erp,
    /// Ask who may be written to, read and change the suppression list.
    Suppression,
}

impl TokenScope {
    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Erp => "erp",
            Self::Suppression => "suppression",
        }
    }

    /// The scope of this word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Erp, Self::Suppression]
            .into_iter()
            .find(|scope| scope.as_str() == word)
    }
}

/// Operations of these groups need a person: logins, passwords, users, tokens, consent at sign-in services; and these, approvals.
const PERSONAL_TAGS: [&str; 4] = ["setup", "session", "users", "tokens"];
const PERSONAL_IDS: [&str; 6] = ["OAUTH_RETURN", "START_LINK", "CONFIRM_LINK", "UNLINK", "APPROVE", "REFUSE"];

impl Operation {
    /// The scope a token needs for it; `None` where no token will do, or none is needed.
    pub fn token_scope(&self) -> Option<TokenScope> {
        let of_clients = self.path.starts_with("/api/v1/oauth/");
        let personal = PERSONAL_TAGS.contains(&self.tag) || PERSONAL_IDS.contains(&self.id) || of_clients;
        if personal || self.access == Access::Public {
            return None;
        }
        Some(match self.tag {
            "records" if !self.path.starts_with("/api/v1/erp/sources") => TokenScope::Erp,
            "suppression" => TokenScope::Suppression,
            _ if self.method == Method::Get => TokenScope::Read,
            _ => TokenScope::Write,
        })
    }

    /// Whether a token with these scopes may call it.
    pub fn is_open_to(&self, held: &[TokenScope]) -> bool {
        self.token_scope().is_some_and(|needed| {
            let reads = self.method == Method::Get && held.contains(&TokenScope::Read);
            held.contains(&needed) || held.contains(&TokenScope::Write) || reads
        })
    }
}

/// A token, without what is secret of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    /// Key.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// Whose rights it has at most.
    pub user: Uuid,
    /// Name of that user.
    pub owner: String,
    /// What it may do.
    pub scopes: Vec<TokenScope>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it no longer holds; null: never.
    pub expires: Option<Timestamp>,
    /// When it was last used, to within some minutes; null if it never was.
    pub used: Option<Timestamp>,
}

/// Tokens, newest first: administrators see all, others their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiTokenList {
    /// Newest first.
    pub items: Vec<ApiToken>,
}

/// A new token for oneself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiTokenRequest {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it may do; at least one.
    #[schema(min_items = 1)]
    pub scopes: Vec<TokenScope>,
    /// From when on it no longer holds; absent: never.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// A token and what the program sends, which is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiTokenSecret {
    /// The token.
    pub token: ApiToken,
    /// `pst_…`, for `Authorization: Bearer`.
    pub secret: String,
}
