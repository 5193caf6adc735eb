//! Procedural documentation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Language, Timestamp};

/// A version as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProcedureVersion {
    /// From 1, for each language.
    pub version: u64,
    /// Language.
    pub language: Language,
    /// When.
    pub made: Timestamp,
    /// Who had it made.
    pub made_by: String,
    /// Of the file, hexadecimal; the provable log has it as well.
    pub sha256: String,
    /// Octets of the file.
    pub octets: u64,
}

/// All versions, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProcedureList {
    /// Newest first.
    pub items: Vec<ProcedureVersion>,
}

/// Has the next version made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcedureRequest {
    /// In this language.
    pub language: Language,
}
