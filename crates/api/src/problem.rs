//! Errors as RFC 9457 problem details.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, in the language of the request. Media type `application/problem+json`.
///
/// Source: RFC 9457 §3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Stable key, such as `session-wrong`; a relative URI reference.
    #[serde(rename = "type")]
    pub kind: String,
    /// What, in a few words.
    pub title: String,
    /// HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// Why, and what to do.
    pub detail: String,
    /// Number of the request, to be found again in the server's log.
    pub instance: Option<String>,
    /// Field of the request that is wrong.
    pub field: Option<String>,
    /// Place in a query that cannot be read: characters from 0.
    pub position: Option<u32>,
    /// When to try again.
    pub retry_after_seconds: Option<u64>,
}
