//! What goes out: servers that send, webhooks, notifications, and what became of each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{Language, Timestamp, TlsMode, Trust};

/// What went wrong last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutgoingError {
    /// The other side's own words, or the cause.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
}

/// What a server that sends speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendingKind {
    /// SMTP.
    #[default]
    Smtp,
    /// Microsoft Graph.
    Graph,
}

/// A server that sends mails of Poststelle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SmtpAccount {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// What it speaks.
    pub kind: SendingKind,
    /// The account with whose consent it logs in; null: with the password.
    pub account: Option<Uuid>,
    /// That consent does not include sending: the account is to be linked again.
    pub consent_missing: bool,
    /// Name of the server.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: TlsMode,
    /// Login; empty: without.
    pub login: String,
    /// A password is stored; it is never shown.
    pub password_set: bool,
    /// Certificates.
    pub trust: Trust,
    /// Address of the author.
    pub from_address: String,
    /// Name of the author; may be empty.
    pub from_name: String,
    /// Where bounces go, with a signed reference for each mail; null: nowhere.
    pub bounce_address: Option<String>,
    /// It sends the notices.
    pub notices: bool,
    /// Whether it sends.
    pub active: bool,
    /// When it last took a mail.
    pub last_success: Option<Timestamp>,
    /// Null if the last sending went well.
    pub last_error: Option<OutgoingError>,
}

/// All servers that send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SmtpAccountList {
    /// By name.
    pub items: Vec<SmtpAccount>,
}

/// Settings of a server that sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpAccountRequest {
    /// Unique.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it speaks. Microsoft Graph needs `account` and no server: it is that of the account.
    #[serde(default)]
    pub kind: SendingKind,
    /// An account that logs in through a sign-in service: its consent is used instead of `login` and `password`.
    #[serde(default)]
    pub account: Option<Uuid>,
    /// Name of the server.
    #[serde(default)]
    #[schema(max_length = 253)]
    pub host: String,
    /// Port.
    #[serde(default)]
    #[schema(maximum = 65535)]
    pub port: u16,
    /// Protection.
    #[serde(default)]
    pub tls: TlsMode,
    /// Login; empty: without.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub login: String,
    /// Absent: the stored one stays.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub password: Option<String>,
    /// Certificates.
    #[serde(default)]
    pub trust: Trust,
    /// Address of the author.
    pub from_address: String,
    /// Name of the author.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub from_name: String,
    /// Where bounces go: an address of a mailbox that Poststelle fetches, whose server takes `name+detail@…` too.
    #[serde(default)]
    pub bounce_address: Option<String>,
    /// It sends the notices, and no other does.
    #[serde(default)]
    pub notices: bool,
    /// Whether it sends.
    pub active: bool,
}

/// A server that sends, to be tried.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpTest {
    /// Key of a known one whose password is used if `settings` has none.
    #[serde(default)]
    pub account: Option<Uuid>,
    /// Settings; they need not be stored.
    pub settings: SmtpAccountRequest,
    /// A test mail is sent there; absent: none.
    #[serde(default)]
    pub recipient: Option<String>,
}

/// A receiver of webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Where it listens.
    pub url: String,
    /// What it hears of.
    pub kinds: Vec<String>,
    /// It may lie in the own network.
    pub private: bool,
    /// Whether it is called.
    pub active: bool,
    /// Why the server switched it off: `gone`, it answered 410; `failing`, no call came through for three days; null if
    /// it did not.
    pub off_reason: Option<String>,
    /// Until when the secret before signs too; null if it does not.
    pub old_secret_until: Option<Timestamp>,
    /// When it last took something.
    pub last_success: Option<Timestamp>,
    /// Null if the last call went well.
    pub last_error: Option<OutgoingError>,
}

/// All receivers of webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookList {
    /// By name.
    pub items: Vec<Webhook>,
    /// Everything one can hear of.
    pub kinds: Vec<String>,
}

/// Settings of a receiver.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// Name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Where it listens: http or https.
    #[schema(min_length = 1, max_length = 2000)]
    pub url: String,
    /// What it hears of.
    pub kinds: Vec<String>,
    /// It may lie in the own network, on any port.
    #[serde(default)]
    pub private: bool,
    /// Whether it is called.
    pub active: bool,
}

/// A receiver and its secret, which is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookSecret {
    /// The receiver.
    pub webhook: Webhook,
    /// `whsec_…`
    pub secret: String,
}

/// What has become of something that goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingState {
    /// Waits for its time.
    Waiting,
    /// Is being sent.
    Sending,
    /// The other side took it.
    Sent,
    /// The other side refused it for good.
    Refused,
    /// Tried too often.
    GivenUp,
    /// Its receiver was switched off.
    Cancelled,
}

/// Something that goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Outgoing {
    /// Key; `webhook-id` of webhooks.
    pub id: Uuid,
    /// Mail address or web address.
    pub recipient: String,
    /// What it tells of; `digest` for summaries, `test` for tests.
    pub kind: String,
    /// What has become of it.
    pub state: OutgoingState,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when.
    pub created: Timestamp,
    /// When it is tried next.
    pub due: Option<Timestamp>,
    /// When it was tried last.
    pub last: Option<Timestamp>,
    /// SMTP code or HTTP status of the last answer.
    pub code: Option<u16>,
    /// Words of the last answer, or why there was none.
    pub answer: String,
}

/// A page of what goes out, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutgoingPage {
    /// Newest first.
    pub items: Vec<Outgoing>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct OutgoingQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// How people hear of something, besides the page, which always shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeWay {
    /// In the page only.
    Page,
    /// By mail, soon; many of a kind in one mail.
    AtOnce,
    /// In the daily summary.
    Digest,
}

/// Who gets mails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeRecipient {
    /// Address.
    pub address: String,
    /// Language of the mails.
    pub language: Language,
}

/// Who hears of what, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notifications {
    /// Who gets mails.
    pub recipients: Vec<NoticeRecipient>,
    /// How each kind is told; every kind is there.
    pub ways: BTreeMap<String, NoticeWay>,
    /// Hour of the daily summary.
    pub digest_hour: u8,
    /// Zone of that hour.
    pub zone: String,
    /// Name of the server that sends them; null: none is set, and notices wait.
    pub sender: Option<String>,
}

/// The same, sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationsRequest {
    /// Who gets mails, at most 50.
    #[schema(max_items = 50)]
    pub recipients: Vec<NoticeRecipient>,
    /// How kinds are told; absent ones stay as delivered.
    pub ways: BTreeMap<String, NoticeWay>,
    /// Hour of the daily summary.
    #[schema(minimum = 0, maximum = 23)]
    pub digest_hour: u8,
    /// Zone of that hour, IANA name.
    pub zone: String,
}

/// Something that happened and is worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// Key of the entry in the event log.
    pub id: Uuid,
    /// What.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// A sentence in the language of the request.
    pub text: String,
    /// Path of the page that shows it.
    pub path: String,
}

/// The latest of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticeList {
    /// Newest first.
    pub items: Vec<Notice>,
}
