//! The provable log and who stamps it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// How the provable log stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProofState {
    /// Entries.
    pub entries: u64,
    /// Entries that are signed; the others follow within seconds.
    pub signed: u64,
    /// Root over these, in hexadecimal.
    pub root: String,
    /// What checks signatures; to be kept elsewhere.
    pub public_key: String,
    /// When this process signed last.
    pub signed_at: Option<Timestamp>,
    /// Checkpoints kept for good.
    pub anchors: u64,
    /// Entries below the newest checkpoint that has a time stamp.
    pub stamped_entries: Option<u64>,
    /// The time it states.
    pub stamped_at: Option<Timestamp>,
    /// Why nothing is signed any more; null if all is well.
    pub trouble: Option<String>,
    /// Who stamps.
    pub authorities: Vec<StampAuthority>,
}

/// Whether the master key can be brought back from paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryKeyState {
    /// When the recovery key was made; null: none ever was, or its file is damaged.
    pub made_at: Option<Timestamp>,
}

/// A recovery key, shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryKeyMade {
    /// Eight groups of eight characters, the last of each a check character.
    pub groups: Vec<String>,
    /// The one before opens nothing any more.
    pub replaced: bool,
}

/// A recovery key as it was printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryKeyCheck {
    /// Its groups, with blanks between them.
    #[schema(max_length = 400)]
    pub key: String,
}

/// A time stamp authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StampAuthority {
    /// Its number.
    pub number: u32,
    /// Name.
    pub name: String,
    /// Address.
    pub url: String,
    /// Certificates that are trusted, PEM.
    pub ca: String,
    /// Whom it knows this server as; empty without login.
    pub user: String,
    /// Whether a password is kept.
    pub password_set: bool,
    /// Why it does not stamp; null if it does, or was not asked yet.
    pub trouble: Option<String>,
}

/// A time stamp authority as it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StampAuthorityRequest {
    /// Its number; 0 for a new one.
    #[serde(default)]
    pub number: u32,
    /// Name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Address, `http` or `https`: what comes back is signed.
    #[schema(max_length = 500)]
    pub url: String,
    /// Certificates that are trusted, PEM.
    #[schema(max_length = 100_000)]
    pub ca: String,
    /// Whom it knows this server as (HTTP Basic); empty without login. Only over `https`, or on this machine.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub user: String,
    /// The password; null: the one that is kept, which is good for the same address and user only.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub password: Option<String>,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StampAuthorities {
    /// At most 8.
    #[schema(max_items = 8)]
    pub items: Vec<StampAuthorityRequest>,
}
