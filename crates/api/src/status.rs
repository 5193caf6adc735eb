//! How the server is doing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AccountError, AccountStateWord};

/// Mails of all accounts by how far they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stages {
    /// Archived, not yet taken apart.
    pub received: u64,
    /// Done.
    pub filed: u64,
    /// Could not be taken apart.
    pub quarantined: u64,
}

/// An account that needs looking at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountInTrouble {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// What it is doing.
    pub state: AccountStateWord,
    /// What is wrong.
    pub error: Option<AccountError>,
}

/// Room where the data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disk {
    /// Free for this server.
    pub free_octets: u64,
    /// In all.
    pub total_octets: u64,
}

/// How the server is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the server.
    pub version: String,
    /// Since its start.
    pub uptime_seconds: u64,
    /// Administrators only.
    pub stages: Option<Stages>,
    /// Messages (copies counted once) the caller may read.
    pub messages: u64,
    /// Of these, unread.
    pub unread: u64,
    /// Mails in quarantine: administrators: all; others: of the accounts they may read, counted up to 1,000.
    pub quarantined: u64,
    /// Changes the search does not know yet; about as many messages.
    pub index_behind: u64,
    /// Administrators: all in trouble; others: of those they may read.
    pub accounts_in_trouble: Vec<AccountInTrouble>,
    /// Administrators only.
    pub disk: Option<Disk>,
}
