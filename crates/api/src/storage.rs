//! Where the originals lie: segments here, and a store besides this machine.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{OutgoingError, TestStep, Timestamp, Trust};

/// How the sealed segments here are protected by the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SegmentProtection {
    /// Sealed segments.
    pub sealed: u64,
    /// Of these, without the right to write.
    pub read_only: u64,
    /// Of these, with the attribute `i` of `chattr` (setting `immutable_segments`).
    pub immutable: u64,
}

/// A store besides this machine, S3-compatible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemoteStorage {
    /// Address of the store.
    pub endpoint: String,
    /// Its region; may be empty.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// Folder in it; may be empty.
    pub prefix: String,
    /// The bucket stands in the path, not in the host's name.
    pub path_style: bool,
    /// Name of the key; the key itself is never shown.
    pub access_key: String,
    /// Which certificates are believed.
    pub trust: Trust,
    /// Whether anything is sent there.
    pub active: bool,
    /// When something was last written there.
    pub last_success: Option<Timestamp>,
    /// What it said when it last took nothing, and since when.
    pub last_error: Option<OutgoingError>,
    /// Segments that are there.
    pub sent: u64,
    /// Octets of these.
    pub sent_octets: u64,
    /// Sealed segments that are not there yet.
    pub waiting: u64,
    /// Since when the oldest of these could be; null if none waits or nothing is sent.
    pub waiting_since: Option<Timestamp>,
}

/// Where the originals lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StorageState {
    /// Segments here.
    pub segments: SegmentProtection,
    /// Null if none is set.
    pub remote: Option<RemoteStorage>,
}

/// Sets the store, or tries one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteStorageRequest {
    /// `https://host`, with a port where it is not 443; `http` for a store on this machine only.
    #[schema(max_length = 500)]
    pub endpoint: String,
    /// Empty: `us-east-1`.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub region: String,
    /// The bucket.
    #[schema(max_length = 200)]
    pub bucket: String,
    /// Folder in it, of letters, digits, `-`, `_`, `.` and `/`.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub prefix: String,
    /// The bucket stands in the path, not in the host's name.
    #[serde(default)]
    pub path_style: bool,
    /// Name of the key.
    #[schema(max_length = 200)]
    pub access_key: String,
    /// The key; left out: the one that is kept, for the same address and name of the key.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub secret: Option<String>,
    /// Which certificates are believed.
    #[serde(default)]
    pub trust: Trust,
    /// Whether anything is sent there.
    pub active: bool,
}

/// What a bucket says of locks (S3 Object Lock).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectLockWord {
    /// Each new object is locked for a time.
    Held,
    /// Locks are possible, but none is put on new objects by itself.
    NoDefault,
    /// The bucket has none.
    Off,
    /// It does not tell, or not this key.
    Unknown,
}

/// Whether what is written is locked against deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObjectLock {
    /// What the bucket says.
    pub state: ObjectLockWord,
    /// `COMPLIANCE` or `GOVERNANCE`, where it holds.
    pub mode: Option<String>,
    /// For how long, where it holds.
    pub days: Option<u64>,
    /// The store's words, where it is unknown.
    pub why: Option<String>,
}

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemoteStorageTested {
    /// Every step went well; says nothing of locks.
    pub ok: bool,
    /// In order.
    pub steps: Vec<TestStep>,
    /// Null where a step before failed.
    pub lock: Option<ObjectLock>,
}
