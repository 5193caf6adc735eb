//! Accounts that log in with tokens: sign-in services, and how accounts are linked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Timestamp;

/// A service whose addresses are known, or another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OauthService {
    /// Microsoft 365 and Outlook.com, for IMAP and POP3.
    #[default]
    Microsoft,
    /// Microsoft 365 and Outlook.com, for Microsoft Graph: a token is for one of the two only.
    MicrosoftGraph,
    /// Google Workspace and Gmail.
    Google,
    /// By its addresses.
    Other,
}

/// Addresses of another service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OauthEndpoints {
    /// Its page for people.
    #[schema(max_length = 2000)]
    pub authorize: String,
    /// Where tokens come from.
    #[schema(max_length = 2000)]
    pub token: String,
    /// Where device codes come from; empty: it has none.
    #[schema(max_length = 2000)]
    pub device: String,
    /// Where tokens are given back; empty: nowhere.
    #[schema(max_length = 2000)]
    pub revoke: String,
    /// Who says whom a token is of; empty: nobody.
    #[schema(max_length = 2000)]
    pub userinfo: String,
}

/// An application registered at a sign-in service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthClient {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Where it is registered.
    pub service: OauthService,
    /// Its id there.
    pub client_id: String,
    /// A secret is stored; it is never shown.
    pub secret_set: bool,
    /// Until when the service takes the secret, as somebody wrote it down.
    pub secret_expires: Option<Timestamp>,
    /// Microsoft: directory id or domain; empty for any.
    pub tenant: String,
    /// Addresses; only of another service.
    pub endpoints: Option<OauthEndpoints>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The secret goes into the field `Authorization`.
    pub basic: bool,
    /// Certificate believed (PEM); empty: those of the system.
    pub ca_pem: String,
    /// How many accounts log in with it.
    pub accounts: u64,
    /// Whether it gives codes that are typed in elsewhere.
    pub device_codes: bool,
    /// Whether an account can be linked to the application itself, without a person.
    pub application_login: bool,
    /// Page where an administrator of the organisation consents for everybody; null if the service has none.
    pub admin_consent_url: Option<String>,
    /// When it was made.
    pub created: Timestamp,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthClientList {
    /// By name.
    pub items: Vec<OauthClient>,
    /// Address people come back to; to be entered at the service.
    pub redirect_url: String,
}

/// An application, sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthClientRequest {
    /// Name, unique.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Where it is registered.
    pub service: OauthService,
    /// Its id there.
    #[schema(min_length = 1, max_length = 500)]
    pub client_id: String,
    /// Absent: the stored one stays; empty: there is none.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub secret: Option<String>,
    /// Until when the service takes the secret.
    #[serde(default)]
    pub secret_expires: Option<Timestamp>,
    /// Microsoft: directory id or domain.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub tenant: String,
    /// Another service that describes itself (`OpenID` Connect Discovery); instead of `endpoints`.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub issuer: Option<String>,
    /// Addresses of another service.
    #[serde(default)]
    pub endpoints: Option<OauthEndpoints>,
    /// What is asked of another service; absent: `openid`, `email`, `offline_access`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub scopes: Vec<String>,
    /// The secret goes into the field `Authorization`; an issuer says so itself.
    #[serde(default)]
    pub basic: bool,
    /// Certificate believed (PEM).
    #[serde(default)]
    #[schema(max_length = 100_000)]
    pub ca_pem: String,
}

/// How an account is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OauthLinkState {
    /// Nobody has consented yet.
    Unlinked,
    /// In use.
    Linked,
    /// A person has to consent anew.
    Consent,
    /// An administrator of the organisation has to consent.
    AdminConsent,
    /// The service refuses the settings.
    Settings,
}

/// A code that a person types in elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthDevice {
    /// The code.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
    /// Until when.
    pub expires: Timestamp,
    /// What went wrong; null while it is waited for.
    pub failed: Option<String>,
}

/// Where an account's tokens come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthLink {
    /// The application.
    pub client: Uuid,
    /// Its name.
    pub client_name: String,
    /// Its service.
    pub service: OauthService,
    /// How it stands.
    pub state: OauthLinkState,
    /// Who consented; null if nobody has, or the service does not say.
    pub person: Option<String>,
    /// The application logs in itself, without a person.
    pub application: bool,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When a token last came.
    pub refreshed: Option<Timestamp>,
    /// Until when the consent is good, where the service says so.
    pub consent_until: Option<Timestamp>,
    /// Until when the service takes the secret of the application.
    pub secret_expires: Option<Timestamp>,
    /// Who consented but is not the mailbox: waits to be confirmed. Empty if the service does not say.
    pub waiting: Option<String>,
    /// The service's words about what is wrong.
    pub trouble: Option<String>,
    /// A code that is waited for.
    pub device: Option<OauthDevice>,
}

/// How an account is to be linked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OauthWay {
    /// On a page of the service, in this browser.
    #[default]
    Browser,
    /// With a code that is typed in anywhere.
    Device,
    /// The application itself, without a person.
    Application,
    /// With the consent another account uses.
    Account,
}

/// Begins a link.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthStart {
    /// How.
    pub way: OauthWay,
    /// For `account`: which.
    #[serde(default)]
    pub account: Option<Uuid>,
}

/// A link was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthStarted {
    /// Address the person is to be sent to; null where no page is needed.
    pub url: Option<String>,
    /// How it stands now.
    pub link: OauthLink,
}

/// What a person came back with.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OauthReturn {
    /// As sent.
    #[schema(max_length = 500)]
    pub state: String,
    /// Where the person consented.
    #[schema(max_length = 10000)]
    pub code: Option<String>,
    /// Where not: a word of RFC 6749 §4.1.2.1.
    #[schema(max_length = 500)]
    pub error: Option<String>,
    /// The service's words.
    #[schema(max_length = 5000)]
    pub error_description: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthReturned {
    /// The account.
    pub account: Uuid,
    /// Its name.
    pub name: String,
    /// Who consented; empty if the service does not say.
    pub person: String,
    /// It is in use; otherwise it waits to be confirmed.
    pub used: bool,
}

/// A link was ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthUnlinked {
    /// The consent was given back to the service; otherwise it is to be taken back on the service's own pages.
    pub revoked: bool,
}
