//! Accounts: logins at servers, and named imports.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{GroupRequest, OauthLink, SmtpAccountRequest, Timestamp};

/// What an account is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A login at an IMAP server.
    #[default]
    Imap,
    /// A login at a POP3 server; it has one mailbox.
    Pop3,
    /// A mailbox of Microsoft 365, by Microsoft Graph; the login is its user principal name. Not yet tried on a real tenant.
    Graph,
    /// Imported files.
    Import,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// TLS from the first octet (port 993).
    #[default]
    Tls,
    /// `STARTTLS` (port 143); never goes on without.
    Starttls,
    /// None; only to this machine itself.
    None,
}

/// Which certificates are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Those of the system's trust store.
    #[default]
    System,
    /// Those signed by this certificate (PEM).
    CaPem(String),
    /// The one with this digest (64 hexadecimal digits).
    PinSha256(String),
}

/// Which mailboxes are fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailboxChoice {
    /// Every one.
    #[default]
    All,
    /// `INBOX` only.
    Inbox,
    /// These, by name.
    Names(Vec<String>),
}

/// Connection settings, as administrators see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connection {
    /// Name of the server.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: TlsMode,
    /// Login at the server.
    pub login: String,
    /// A password is stored; it is never shown.
    pub password_set: bool,
    /// It logs in with tokens instead; null: with the password.
    pub oauth: Option<OauthLink>,
    /// Certificates.
    pub trust: Trust,
    /// Mailboxes.
    pub mailboxes: MailboxChoice,
    /// How often the server is asked.
    pub poll_seconds: u32,
}

/// Connection settings, sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionRequest {
    /// Name of the server.
    #[schema(min_length = 1, max_length = 253)]
    pub host: String,
    /// Port.
    #[schema(minimum = 1, maximum = 65535)]
    pub port: u16,
    /// Protection.
    #[serde(default)]
    pub tls: TlsMode,
    /// Login at the server.
    #[schema(min_length = 1, max_length = 1000)]
    pub login: String,
    /// Absent: the stored one stays.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub password: Option<String>,
    /// Key of the application it logs in with instead of a password; then the account is linked afterwards.
    #[serde(default)]
    pub oauth: Option<Uuid>,
    /// Certificates.
    #[serde(default)]
    pub trust: Trust,
    /// Mailboxes.
    #[serde(default)]
    pub mailboxes: MailboxChoice,
    /// How often the server is asked; 300 if absent.
    #[serde(default)]
    #[schema(minimum = 10, maximum = 86400)]
    pub poll_seconds: Option<u32>,
}

/// What an account is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStateWord {
    /// Switched off.
    Disabled,
    /// Nothing to fetch: an import.
    Files,
    /// The server is being reached.
    Connecting,
    /// The login is going on.
    Authenticating,
    /// Mails come in; see `progress`.
    Syncing,
    /// All is here; waits for news or the next time.
    Watching,
    /// The server wants to be left alone; see `until`.
    Throttled,
    /// Failed; tries again by itself.
    BackingOff,
    /// A person has to allow access again (OAuth2).
    NeedsConsent,
    /// A person has to change settings, here or at the server.
    NeedsSettings,
    /// All that can be fetched is here; see `quarantined` and `failed`.
    Degraded,
}

/// What went wrong last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountError {
    /// Word of a fixed list: `name`, `connect`, `tls`, `greeting`, `login`, `consent`, `folders`, `protocol`, `throttled`,
    /// `settings`, `storage`, `internal`.
    pub class: String,
    /// The server's own words, or the cause.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
}

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// Of how many, as far as is known.
    pub total: u64,
}

/// State of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountState {
    /// What it is doing.
    pub state: AccountStateWord,
    /// Until when the server wants to be left alone; null unless `throttled`.
    pub until: Option<Timestamp>,
    /// Since when; null if nothing has happened yet.
    pub since: Option<Timestamp>,
    /// When a fetch last ended well.
    pub last_success: Option<Timestamp>,
    /// What is wrong; null if nothing is.
    pub last_error: Option<AccountError>,
    /// When it does something next.
    pub next_action: Option<Timestamp>,
    /// Of the fetch that is running.
    pub progress: Option<Progress>,
    /// Mails of this account in quarantine.
    pub quarantined: u64,
    /// Mails at the source that a rule leaves there.
    pub excluded: u64,
    /// Mails at the source that could not be fetched and are tried again.
    pub failed: u64,
}

/// What the mailbox is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailboxRole {
    /// Mail of people.
    #[default]
    Normal,
    /// Reports only: what is none goes to the manual queue.
    Bounce,
    /// Copies of mail that is elsewhere.
    Archive,
}

/// What happens in the mailbox to a report that was handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandledReports {
    /// Nothing.
    #[default]
    Leave,
    /// They are marked as read.
    MarkRead,
    /// They are moved to `handled_folder`.
    Move,
    /// They are deleted, if each of their reports names a mail of ours; the others stay. The archive keeps all of them.
    Delete,
}

/// What the mailbox is for, and what happens in it to reports of undelivered mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Handling {
    /// What it is for.
    pub role: MailboxRole,
    /// What happens to handled reports.
    pub handled: HandledReports,
    /// Mailbox for handled reports, `/` between levels; made if it is missing. Needed for `move`.
    #[schema(max_length = 200)]
    pub handled_folder: Option<String>,
    /// Mailbox for reports that wait for a person; absent: they stay.
    #[schema(max_length = 200)]
    pub manual_folder: Option<String>,
}

/// What is done at the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceActionWord {
    /// Marked as read.
    MarkRead,
    /// Moved.
    Move,
    /// Deleted.
    Delete,
    /// Put into a mailbox again.
    PutBack,
}

/// How it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceActionState {
    /// To be done with the next fetch.
    Waiting,
    /// Done.
    Done,
    /// Failed too often.
    #[default]
    GivenUp,
}

/// Something to be done with a mail in its mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceAction {
    /// Number, for going on.
    pub key: i64,
    /// The mail.
    pub mail: Uuid,
    /// Its subject; null if the caller may not read it.
    pub subject: Option<String>,
    /// Mailbox it lies in, for display.
    pub mailbox: String,
    /// What.
    pub action: SourceActionWord,
    /// Mailbox it is moved to, or put into.
    pub target: Option<String>,
    /// `handled`, `manual`, `keeping`, `deleted_here`, `put_back`, or the name of a rule.
    pub why: String,
    /// How it stands.
    pub state: SourceActionState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub due: Timestamp,
    /// The server's words, or a sentence in the language of the request; empty if nothing went wrong.
    pub error: String,
    /// When it was wanted.
    pub created: Timestamp,
}

/// Which page.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SourceActionQuery {
    /// How they stand; given up if absent.
    #[param(inline)]
    pub state: SourceActionState,
    /// `key` of the last one of the page before.
    pub before: Option<i64>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// What is done at the source of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceActionPage {
    /// Newest first.
    pub items: Vec<SourceAction>,
    /// How many wait.
    pub waiting: u64,
    /// How many were given up.
    pub given_up: u64,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Its address, where it has one.
    pub address: Option<String>,
    /// What it is.
    pub kind: AccountKind,
    /// Is fetched.
    pub active: bool,
    /// The caller may read its mail.
    pub readable: bool,
    /// Mails in it; null if the caller may not read them.
    pub mails: Option<u64>,
    /// Settings; administrators only, and null for imports.
    pub connection: Option<Connection>,
    /// What the mailbox is for, and what happens in it to reports.
    pub handling: Handling,
    /// What it is doing.
    pub state: AccountState,
}

/// Accounts by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    /// Administrators: all; others: those whose mail they may read.
    pub items: Vec<Account>,
}

/// A new account; who makes it may read it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRequest {
    /// Name, unique.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Its address, where it has one.
    #[serde(default)]
    #[schema(max_length = 320)]
    pub address: Option<String>,
    /// What it is.
    pub kind: AccountKind,
    /// Fetch it from now on.
    #[serde(default)]
    pub active: bool,
    /// For `imap`.
    #[serde(default)]
    pub connection: Option<ConnectionRequest>,
    /// For `imap`; absent: nothing happens in the mailbox.
    #[serde(default)]
    pub handling: Handling,
    /// The server that sends for it, made together with it or not at all.
    #[serde(default)]
    pub sending: Option<SmtpAccountRequest>,
    /// The group its mails are sorted to, made together with it or not at all.
    #[serde(default)]
    pub group: Option<GroupRequest>,
}

/// Changes of an account; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccountChange {
    /// Name, unique.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Its address; empty: none.
    #[schema(max_length = 320)]
    pub address: Option<String>,
    /// Fetch it.
    pub active: Option<bool>,
    /// All connection settings.
    pub connection: Option<ConnectionRequest>,
    /// All of what happens in the mailbox.
    pub handling: Option<Handling>,
}

/// Second step of a removal. The mails stay.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRemoval {
    /// The account's name, exactly.
    pub confirm: String,
    /// Keys of servers that send, removed together with it or not at all.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub smtp_accounts: Vec<Uuid>,
    /// Keys of groups, likewise.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub groups: Vec<Uuid>,
}

/// Settings to be tried before they are saved.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionTest {
    /// `imap` if absent, `pop3` or `graph`.
    #[serde(default)]
    pub kind: AccountKind,
    /// What is tried.
    pub connection: ConnectionRequest,
    /// Account whose stored password is used where none is given.
    #[serde(default)]
    pub account: Option<Uuid>,
}

/// A step of the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestStepWord {
    /// The name of the server is looked up.
    Name,
    /// A connection is made.
    Connect,
    /// It is protected.
    Tls,
    /// Login.
    Login,
    /// Microsoft Graph: the mailbox is there, and may be read.
    Mailbox,
    /// The mailboxes are listed.
    Folders,
    /// A mail is handed over.
    Mail,
    /// The remote storage answers, takes the key, and has the bucket.
    Bucket,
    /// An object can be written there.
    Write,
    /// Whether what is written there is locked was asked.
    Lock,
}

/// What mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Advice {
    /// Stable key.
    pub key: String,
    /// A sentence in the language of the request.
    pub text: String,
}

/// One step and how it went. Steps after a failed one are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestStep {
    /// Which.
    pub step: TestStepWord,
    /// Went well.
    pub ok: bool,
    /// The server's own words.
    pub detail: String,
    /// What mends it, where it failed.
    pub advice: Option<Advice>,
}

/// A mailbox found at the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailboxFound {
    /// For display.
    pub name: String,
    /// RFC 6154 without the backslash, lower case: `sent`, `trash`, ….
    pub special_use: Option<String>,
    /// Mails in it, where the server says so.
    pub messages: Option<u64>,
}

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionTestAnswer {
    /// All steps went well.
    pub ok: bool,
    /// In order.
    pub steps: Vec<TestStep>,
    /// As the server lists them.
    pub mailboxes: Vec<MailboxFound>,
}

/// A mailbox that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mailbox {
    /// Key.
    pub id: Uuid,
    /// For display.
    pub name: String,
    /// RFC 6154 without the backslash, lower case.
    pub special_use: Option<String>,
    /// Mails in it.
    pub mails: u64,
}

/// Mailboxes of an account, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailboxList {
    /// By name.
    pub items: Vec<Mailbox>,
}

/// Which page.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LeftOutQuery {
    /// How many to skip.
    #[param(default = 0)]
    pub offset: u64,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A mail at the source that is not in the archive, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Name of its mailbox, for display.
    pub mailbox: String,
    /// RFC 9051 §2.3.1.1; null for other sources.
    pub uid_validity: Option<u32>,
    /// RFC 9051 §2.3.1.1; null for other sources.
    pub uid: Option<u32>,
    /// Path of a file, or the key of a maildrop.
    pub locator: Option<String>,
    /// By a named rule; otherwise it failed and is tried again.
    pub excluded: bool,
    /// The rule's name, or what went wrong.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// First time.
    pub since: Timestamp,
    /// Last time.
    pub last: Timestamp,
}

/// A page of mails left at the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOutPage {
    /// By mailbox and place in it.
    pub items: Vec<LeftOut>,
    /// How many there are in all.
    pub total: u64,
}
