//! Settings of accounts: from requests to rows and back, with every check.

use api::{
    AccountChange, AccountKind, AccountRequest, ConnectionRequest, HandledReports, MailboxChoice, TlsMode,
    Trust,
};
use keys::{Secret, account_field};
use model::{AccountId, OauthClientId};
use serde::{Deserialize, Serialize};
use store::{Handled, Handling, MailboxRole, NewAccount, Tls};

use crate::State;
use crate::background::{TestCredential, TestSettings};
use crate::extract::text;
use crate::problem::Failure;

/// Name of the sealed field that holds the password: see [`keys::account_field`].
pub const PASSWORD_FIELD: &str = "password";

const POLL_SECONDS: u32 = 300;
const POLL_SECONDS_MIN: u32 = 10;
const POLL_SECONDS_MAX: u32 = 86_400;

/// What `store` keeps as `options` of an account: JSON with the words of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountOptions {
    /// Certificates believed.
    pub trust: Trust,
    /// Mailboxes fetched.
    pub mailboxes: MailboxChoice,
}

/// Connection settings as kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: TlsMode,
    pub(crate) login: String,
    pub(crate) trust: Trust,
    pub(crate) mailboxes: MailboxChoice,
}

pub(crate) const fn kind(kind: store::AccountKind) -> AccountKind {
    match kind {
        store::AccountKind::Imap => AccountKind::Imap,
        store::AccountKind::Pop3 => AccountKind::Pop3,
        store::AccountKind::Graph => AccountKind::Graph,
        store::AccountKind::Import => AccountKind::Import,
    }
}

pub(crate) const fn kept_kind(kind: AccountKind) -> store::AccountKind {
    match kind {
        AccountKind::Imap => store::AccountKind::Imap,
        AccountKind::Pop3 => store::AccountKind::Pop3,
        AccountKind::Graph => store::AccountKind::Graph,
        AccountKind::Import => store::AccountKind::Import,
    }
}

pub(crate) const fn tls(mode: TlsMode) -> Tls {
    match mode {
        TlsMode::Tls => Tls::Implicit,
        TlsMode::Starttls => Tls::StartTls,
        TlsMode::None => Tls::None,
    }
}

pub(crate) const fn tls_mode(tls: Tls) -> TlsMode {
    match tls {
        Tls::Implicit => TlsMode::Tls,
        Tls::StartTls => TlsMode::Starttls,
        Tls::None => TlsMode::None,
    }
}

/// Connection settings of an account that is fetched; `None` for imports.
pub(crate) fn connection(kept: &NewAccount) -> Option<Kept> {
    let options: AccountOptions = serde_json::from_str(&kept.options).unwrap_or_default();
    kept.kind.is_fetched().then(|| Kept {
        host: kept.host.clone(),
        port: kept.port,
        tls: tls_mode(kept.tls),
        login: kept.login.clone(),
        trust: options.trust,
        mailboxes: options.mailboxes,
    })
}

/// What a stored account logs in with.
pub(crate) fn credential(state: &State, id: AccountId, kept: &NewAccount) -> Result<TestCredential, Failure> {
    match kept.oauth {
        Some(_) => Ok(TestCredential::Token(id)),
        None => password(state, id, kept).map(TestCredential::Password),
    }
}

/// The stored password.
fn password(state: &State, id: AccountId, kept: &NewAccount) -> Result<Secret<String>, Failure> {
    let sealed = kept.credential.as_deref().ok_or_else(|| Failure::field("password", "account-password"))?;
    state.sealer().open_text(&account_field(id, PASSWORD_FIELD), sealed).map_err(Failure::internal)
}

/// Row of a new account.
pub(crate) fn new_account(
    state: &State,
    id: AccountId,
    request: &AccountRequest,
) -> Result<NewAccount, Failure> {
    let base = NewAccount {
        name: text("name", &request.name, 200)?,
        address: address(request.address.as_deref())?,
        active: request.active,
        handling: handling(&request.handling)?,
        ..NewAccount::default()
    };
    match (request.kind, &request.connection) {
        (AccountKind::Import, None) => Ok(base),
        (AccountKind::Import, Some(_)) => Err(Failure::field("connection", "account-connection-unneeded")),
        (AccountKind::Imap | AccountKind::Pop3 | AccountKind::Graph, None) => {
            Err(Failure::field("connection", "account-connection-needed"))
        }
        (AccountKind::Imap | AccountKind::Pop3 | AccountKind::Graph, Some(asked)) => {
            if request.kind != AccountKind::Graph && asked.password.is_none() && asked.oauth.is_none() {
                return Err(Failure::field("password", "account-password"));
            }
            let base = NewAccount { kind: kept_kind(request.kind), ..base };
            connected(state, id, only_what_pop3_can(base)?, asked)
        }
    }
}

/// Row of a changed account.
pub(crate) fn changed_account(
    state: &State,
    id: AccountId,
    mut kept: NewAccount,
    change: &AccountChange,
) -> Result<NewAccount, Failure> {
    if let Some(name) = &change.name {
        kept.name = text("name", name, 200)?;
    }
    if let Some(new) = &change.address {
        kept.address = address(Some(new))?;
    }
    if let Some(active) = change.active {
        kept.active = active;
    }
    if let Some(asked) = &change.handling {
        kept.handling = handling(asked)?;
        kept = only_what_pop3_can(kept)?;
    }
    match &change.connection {
        None => Ok(kept),
        Some(_) if kept.kind == store::AccountKind::Import => {
            Err(Failure::field("connection", "account-connection-unneeded"))
        }
        Some(asked) => connected(state, id, kept, asked),
    }
}

/// A POP3 mailbox has no folders and no marks.
fn only_what_pop3_can(kept: NewAccount) -> Result<NewAccount, Failure> {
    if kept.kind == store::AccountKind::Pop3 && kept.handling.acts() {
        return Err(Failure::field("handled", "account-pop3-handled"));
    }
    Ok(kept)
}

pub(crate) const fn kept_role(role: api::MailboxRole) -> MailboxRole {
    match role {
        api::MailboxRole::Normal => MailboxRole::Normal,
        api::MailboxRole::Bounce => MailboxRole::Bounce,
        api::MailboxRole::Archive => MailboxRole::Archive,
    }
}

/// What happens in the mailbox, as it is kept.
fn handling(asked: &api::Handling) -> Result<Handling, Failure> {
    let folder = |field: &'static str, name: Option<&String>| match name.map(|name| name.trim()) {
        None | Some("") => Ok(None),
        Some(name) => text(field, name, 200).map(Some),
    };
    let handled_folder = folder("handled_folder", asked.handled_folder.as_ref())?;
    let handled = match asked.handled {
        HandledReports::Leave => Handled::Leave,
        HandledReports::MarkRead => Handled::MarkRead,
        HandledReports::Move if handled_folder.is_none() => {
            return Err(Failure::field("handled_folder", "account-folder"));
        }
        HandledReports::Move => Handled::Move,
        HandledReports::Delete => Handled::Delete,
    };
    let manual_folder = folder("manual_folder", asked.manual_folder.as_ref())?;
    Ok(Handling {
        role: kept_role(asked.role),
        handled,
        handled_folder: handled_folder.unwrap_or_default(),
        manual_folder,
    })
}

/// What happens in the mailbox, as it is shown.
pub(crate) fn shown_handling(kept: &Handling) -> api::Handling {
    api::Handling {
        role: match kept.role {
            MailboxRole::Normal => api::MailboxRole::Normal,
            MailboxRole::Bounce => api::MailboxRole::Bounce,
            MailboxRole::Archive => api::MailboxRole::Archive,
        },
        handled: match kept.handled {
            Handled::Leave => HandledReports::Leave,
            Handled::MarkRead => HandledReports::MarkRead,
            Handled::Move => HandledReports::Move,
            Handled::Delete => HandledReports::Delete,
        },
        handled_folder: Some(kept.handled_folder.clone()).filter(|name| !name.is_empty()),
        manual_folder: kept.manual_folder.clone(),
    }
}

fn connected(
    state: &State,
    id: AccountId,
    base: NewAccount,
    asked: &ConnectionRequest,
) -> Result<NewAccount, Failure> {
    check_connection(asked)?;
    let oauth = asked.oauth.map(OauthClientId::new);
    check_graph(base.kind, asked)?;
    if let Some(client) = oauth {
        let client = state.store().oauth_client(client)?;
        let client = client.ok_or_else(|| Failure::not_found().at_field("oauth"))?;
        if !client.settings.service.is_for(base.kind) {
            return Err(Failure::field("oauth", "account-graph-service"));
        }
    }
    let credential = match &asked.password {
        _ if oauth.is_some() => None,
        None if base.credential.is_none() => return Err(Failure::field("password", "account-password")),
        None => base.credential.clone(),
        Some(password) => {
            let place = account_field(id, PASSWORD_FIELD);
            Some(state.sealer().seal(&place, password.as_bytes()).map_err(Failure::internal)?)
        }
    };
    let options = AccountOptions { trust: asked.trust.clone(), mailboxes: asked.mailboxes.clone() };
    Ok(NewAccount {
        host: asked.host.trim().to_ascii_lowercase(),
        port: asked.port,
        tls: tls(asked.tls),
        login: asked.login.trim().to_owned(),
        options: serde_json::to_string(&options).map_err(Failure::internal)?,
        credential,
        oauth,
        poll_seconds: asked.poll_seconds.unwrap_or(POLL_SECONDS),
        ..base
    })
}

/// Microsoft Graph takes tokens only, and knows no STARTTLS.
pub(crate) fn check_graph(kind: store::AccountKind, asked: &ConnectionRequest) -> Result<(), Failure> {
    if kind != store::AccountKind::Graph {
        return Ok(());
    }
    if asked.tls == TlsMode::Starttls {
        return Err(Failure::field("tls", "account-graph-tls"));
    }
    if asked.oauth.is_none() {
        return Err(Failure::field("oauth", "account-graph-oauth"));
    }
    Ok(())
}

/// Refuses what can never work, before it is tried.
pub(crate) fn check_connection(asked: &ConnectionRequest) -> Result<(), Failure> {
    let host = text("host", &asked.host, 253)?;
    if host.contains(|c: char| c.is_whitespace() || "/@".contains(c)) || host.contains("://") {
        return Err(Failure::field("host", "account-host").with("host", host));
    }
    if asked.port == 0 {
        return Err(Failure::field("port", "account-port"));
    }
    if asked.tls == TlsMode::None && !connect::is_this_machine(&host) {
        return Err(Failure::field("tls", "account-tls-none"));
    }
    text("login", &asked.login, 1000)?;
    if asked.password.as_ref().is_some_and(|password| {
        password.is_empty() || password.len() > 1000 || password.contains(['\0', '\r', '\n'])
    }) {
        return Err(Failure::field("password", "account-password"));
    }
    check_poll(asked.poll_seconds)?;
    if let MailboxChoice::Names(names) = &asked.mailboxes
        && (names.is_empty() || names.len() > 10_000 || names.iter().any(String::is_empty))
    {
        return Err(Failure::field("mailboxes", "account-mailboxes"));
    }
    trust(&asked.trust).map(drop)
}

/// Neither too often nor never.
pub(crate) fn check_poll(seconds: Option<u32>) -> Result<(), Failure> {
    match seconds.filter(|seconds| !(POLL_SECONDS_MIN..=POLL_SECONDS_MAX).contains(seconds)) {
        Some(seconds) => Err(Failure::field("poll_seconds", "account-poll").with("seconds", seconds)),
        None => Ok(()),
    }
}

/// Certificates and pins that can be read.
pub(crate) fn trust(trust: &Trust) -> Result<connect::Trust, Failure> {
    let unreadable =
        |error: connect::TrustError| Failure::field("trust", "account-trust").with("reason", error);
    let trust = match trust {
        Trust::System => return Ok(connect::Trust::System),
        Trust::CaPem(pem) => connect::Trust::Pem(pem.clone()),
        Trust::PinSha256(pin) => connect::Trust::pin(pin).map_err(unreadable)?,
    };
    connect::ClientTls::new(&trust).map_err(unreadable)?;
    Ok(trust)
}

/// What the engine tries.
pub(crate) fn to_test(
    kind: AccountKind,
    asked: &ConnectionRequest,
    credential: TestCredential,
) -> Result<TestSettings, Failure> {
    Ok(TestSettings {
        kind: kept_kind(kind),
        host: asked.host.trim().to_ascii_lowercase(),
        port: asked.port,
        tls: tls(asked.tls),
        trust: trust(&asked.trust)?,
        login: asked.login.trim().to_owned(),
        credential,
    })
}

/// Names of the fields that differ, for the event log; never their values.
pub(crate) fn fields_changed(before: &NewAccount, after: &NewAccount) -> Vec<&'static str> {
    let pairs = [
        ("name", before.name != after.name),
        ("address", before.address != after.address),
        ("host", before.host != after.host),
        ("port", before.port != after.port),
        ("tls", before.tls != after.tls),
        ("login", before.login != after.login),
        ("trust, mailboxes", before.options != after.options),
        ("password", before.credential != after.credential),
        ("oauth", before.oauth != after.oauth),
        ("poll_seconds", before.poll_seconds != after.poll_seconds),
        ("active", before.active != after.active),
        ("handling", before.handling != after.handling),
    ];
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn address(given: Option<&str>) -> Result<Option<String>, Failure> {
    match given.map(str::trim) {
        None | Some("") => Ok(None),
        Some(address) => crate::extract::email("address", address).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> ConnectionRequest {
        ConnectionRequest {
            host: "imap.example.org".into(),
            port: 993,
            login: "eva".into(),
            ..ConnectionRequest::default()
        }
    }

    #[test]
    fn what_can_never_work_is_refused() {
        let check = |change: fn(&mut ConnectionRequest), expected: Option<&str>| {
            let mut asked = request();
            change(&mut asked);
            assert_eq!(check_connection(&asked).err().map(|failure| failure.key()), expected);
        };
        check(|_| {}, None);
        check(|asked| asked.host = " ".into(), Some("field-empty"));
        check(|asked| asked.host = "https://imap.example.org".into(), Some("account-host"));
        check(|asked| asked.host = "eva@example.org".into(), Some("account-host"));
        check(|asked| asked.port = 0, Some("account-port"));
        check(|asked| asked.tls = TlsMode::None, Some("account-tls-none"));
        check(|asked| (asked.tls, asked.host) = (TlsMode::None, "127.0.0.1".into()), None);
        check(
            |asked| (asked.tls, asked.host) = (TlsMode::None, "localhost.example.org".into()),
            Some("account-tls-none"),
        );
        check(|asked| asked.login = String::new(), Some("field-empty"));
        check(|asked| asked.password = Some("a\r\nb".into()), Some("account-password"));
        check(|asked| asked.poll_seconds = Some(9), Some("account-poll"));
        check(|asked| asked.mailboxes = MailboxChoice::Names(Vec::new()), Some("account-mailboxes"));
        check(|asked| asked.trust = Trust::CaPem("nonsense".into()), Some("account-trust"));
        check(|asked| asked.trust = Trust::PinSha256("ab".into()), Some("account-trust"));
        check(|asked| asked.trust = Trust::PinSha256("ab".repeat(32)), None);
    }

    #[test]
    fn graph_takes_tokens_and_tls() {
        let check = |tls: TlsMode, oauth: bool, expected: Option<&str>| {
            let oauth = oauth.then(uuid::Uuid::nil);
            let asked = ConnectionRequest { tls, oauth, ..request() };
            let found = check_graph(store::AccountKind::Graph, &asked);
            assert_eq!(found.err().map(|failure| failure.key()), expected);
            assert!(check_graph(store::AccountKind::Imap, &asked).is_ok());
        };
        check(TlsMode::Tls, true, None);
        check(TlsMode::Tls, false, Some("account-graph-oauth"));
        check(TlsMode::Starttls, true, Some("account-graph-tls"));
    }

    #[test]
    fn options_are_json_with_the_words_of_the_api() {
        let options =
            AccountOptions { trust: Trust::PinSha256("ab".into()), mailboxes: MailboxChoice::Inbox };
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(text, r#"{"trust":{"pin_sha256":"ab"},"mailboxes":"inbox"}"#);
        assert_eq!(serde_json::from_str::<AccountOptions>("{}").unwrap(), AccountOptions::default());
    }
}
