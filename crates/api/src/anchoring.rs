//! What anchors the log outside: checkpoints by mail, witnesses, and logs that are witnessed here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Language, Timestamp};

/// How often a checkpoint goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointEvery {
    /// Not by itself.
    Off,
    /// Each day.
    Daily,
    /// Each Monday.
    Weekly,
    /// On the first of each month.
    Monthly,
}

/// What anchors the log outside, and how that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnchoringState {
    /// Checkpoints by mail.
    pub mail: CheckpointMail,
    /// Whether a server is set that sends notices.
    pub can_send: bool,
    /// Witnesses of the log.
    pub witnesses: Vec<LogWitness>,
    /// This server as a witness of other logs.
    pub witness: Witnessing,
}

/// Checkpoints by mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointMail {
    /// To whom.
    pub addresses: Vec<String>,
    /// How often.
    pub every: CheckpointEvery,
    /// At which hour of the zone, 0 to 23.
    pub hour: u8,
    /// Time zone (IANA).
    pub zone: String,
    /// Language of the mail.
    pub language: Language,
    /// When the newest one was taken by a server.
    pub sent: Option<Timestamp>,
    /// Entries it spoke of.
    pub sent_entries: u64,
    /// What went wrong the last time; null if it went well.
    pub error: Option<String>,
    /// Since when.
    pub error_since: Option<Timestamp>,
}

/// Checkpoints by mail as they are set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointMailRequest {
    /// To whom, at most 10.
    #[schema(max_items = 10)]
    pub addresses: Vec<String>,
    /// How often.
    pub every: CheckpointEvery,
    /// At which hour of the zone.
    #[schema(maximum = 23)]
    pub hour: u8,
    /// Time zone (IANA).
    #[schema(max_length = 100)]
    pub zone: String,
    /// Language of the mail.
    pub language: Language,
}

/// A witness of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogWitness {
    /// Its id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Where it is asked; `/add-checkpoint` follows.
    pub url: String,
    /// The line of its key.
    pub verifier: String,
    /// Entries it confirmed last.
    pub size: u64,
    /// When.
    pub at: Option<Timestamp>,
    /// What went wrong the last time; null if it went well.
    pub error: Option<String>,
    /// Since when.
    pub error_since: Option<Timestamp>,
    /// Entries it confirmed of a log that this one contradicts; null if it does not.
    pub refused: Option<u64>,
}

/// A witness of the log as it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogWitnessRequest {
    /// Its id; null for a new one. With another address or key it is a new one.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// Name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Where it is asked, `http` or `https`: what comes back is signed.
    #[schema(max_length = 500)]
    pub url: String,
    /// The line of its key: name, id and key with `+` between them.
    #[schema(max_length = 500)]
    pub verifier: String,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogWitnesses {
    /// At most 8.
    #[schema(max_items = 8)]
    pub items: Vec<LogWitnessRequest>,
}

/// This server as a witness of other logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Witnessing {
    /// Whether `POST /api/v1/witness/add-checkpoint` is answered.
    pub active: bool,
    /// The line of the key that confirms; null until it was active once.
    pub verifier: Option<String>,
    /// The logs.
    pub logs: Vec<WitnessedLog>,
}

/// A log that is witnessed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WitnessedLog {
    /// Its origin: the name of its key.
    pub origin: String,
    /// Name for people.
    pub name: String,
    /// The line of its key.
    pub verifier: String,
    /// Entries that were confirmed last; 0 for none.
    pub size: u64,
    /// When.
    pub at: Option<Timestamp>,
}

/// This server as a witness as it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessingRequest {
    /// Whether requests are answered.
    pub active: bool,
    /// The logs, at most 100.
    #[schema(max_items = 100)]
    pub logs: Vec<WitnessedLogRequest>,
}

/// A log that is to be witnessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessedLogRequest {
    /// Name for people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The line of its key, which its page shows below Proof.
    #[schema(max_length = 500)]
    pub verifier: String,
}
