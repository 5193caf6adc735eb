//! First visit.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Language;

/// Whether the wizard is to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetupState {
    /// There is no user yet.
    pub needed: bool,
    /// The code printed on the server's console must be given, because the server can be reached from other machines.
    pub code_required: bool,
    /// Version of the server.
    pub version: String,
}

/// The first administrator. Only taken while there is no user.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// Of the administrator.
    pub language: Language,
    /// Name of the organisation.
    #[schema(min_length = 1, max_length = 200)]
    pub organisation: String,
    /// Of the administrator.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// With it the administrator logs in.
    #[schema(min_length = 3, max_length = 320)]
    pub email: String,
    /// At least ten characters.
    #[schema(min_length = 10, max_length = 1000)]
    pub password: String,
    /// Time zone of the browser, IANA name.
    #[serde(default)]
    pub zone: Option<String>,
    /// Where `code_required`.
    #[serde(default)]
    pub code: Option<String>,
}
