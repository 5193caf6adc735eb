//! From the settings of an account to those of the intake, and what a test of them shows.

use std::sync::Arc;
use std::time::Duration;

use connect::oauth::Needs;
use connect::{ClientTls, Trust};
use intake::imap::{Encryption, ImapError, Options, Selection, Settings, TestReport, TestStep};
use intake::{Login, NoToken};
use keys::account_field;
use pipeline::Engine;
use server::{AccountOptions, PASSWORD_FIELD, TestCredential, TestSettings, Tested, TestedStep};
use store::{Account, AccountKind, Tls};

/// The whole test may take so long.
pub const TEST_MAX: Duration = Duration::from_secs(90);

fn unusable(account: &Account, reason: impl std::fmt::Display) -> pipeline::Error {
    pipeline::Error::Settings { name: account.settings.name.clone(), reason: reason.to_string() }
}

/// How to reach the server of an account, and which of its mailboxes are wanted.
pub fn resolve(engine: &Engine, account: &Account) -> Result<(Settings, Selection), pipeline::Error> {
    let kept = &account.settings;
    let options: AccountOptions =
        serde_json::from_str(&kept.options).map_err(|error| unusable(account, error))?;
    let credential = if kept.oauth.is_some() {
        Login::Tokens(Arc::new(engine.tokens(account)))
    } else {
        let sealed = kept.credential.as_deref().ok_or_else(|| unusable(account, "no password"))?;
        engine.sealer().open_text(&account_field(account.id, PASSWORD_FIELD), sealed)?.into()
    };
    let trust = trust(&options.trust).map_err(|error| unusable(account, error))?;
    let settings = settings(&kept.host, kept.port, kept.tls, &trust, &kept.login, credential)
        .map_err(|error| unusable(account, error))?;
    let selection = match options.mailboxes {
        api::MailboxChoice::All => Selection::All,
        api::MailboxChoice::Inbox => Selection::Inbox,
        api::MailboxChoice::Names(names) => Selection::Named(names),
    };
    Ok((settings, selection))
}

fn trust(trust: &api::Trust) -> Result<Trust, connect::TrustError> {
    match trust {
        api::Trust::System => Ok(Trust::System),
        api::Trust::CaPem(pem) => Ok(Trust::Pem(pem.clone())),
        api::Trust::PinSha256(pin) => Trust::pin(pin),
    }
}

fn settings(
    host: &str,
    port: u16,
    tls: Tls,
    trust: &Trust,
    login: &str,
    credential: Login,
) -> Result<Settings, connect::TrustError> {
    Ok(Settings {
        host: host.to_owned(),
        port,
        encryption: match tls {
            Tls::Implicit => Encryption::Tls,
            Tls::StartTls => Encryption::StartTls,
            Tls::None => Encryption::None,
        },
        tls: ClientTls::new(trust)?,
        login: login.to_owned(),
        credential,
        options: Options::default(),
    })
}

/// How to reach a server that sends.
pub fn resolve_smtp(
    engine: &Engine,
    account: &store::SmtpAccount,
) -> Result<pipeline::SendingServer, pipeline::Error> {
    server::sending_server(engine, account)
        .map_err(|reason| pipeline::Error::Settings { name: account.settings.name.clone(), reason })
}

/// Tries settings that may not be stored yet.
pub async fn test(engine: &Engine, asked: TestSettings) -> Tested {
    let credential = match asked.credential {
        TestCredential::Password(password) => password.into(),
        TestCredential::Token(id) => {
            let store = engine.store().clone();
            let found = tokio::task::spawn_blocking(move || store.account(id)).await;
            match found.ok().and_then(Result::ok).flatten() {
                Some(account) => Login::Tokens(Arc::new(engine.tokens(&account))),
                None => return Tested::default(),
            }
        }
    };
    let settings = settings(&asked.host, asked.port, asked.tls, &asked.trust, &asked.login, credential);
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            let advice = Some(("tls-bad-certificate", Vec::new()));
            let step =
                TestedStep { step: api::TestStepWord::Tls, ok: false, detail: error.to_string(), advice };
            return Tested { steps: vec![step], mailboxes: Vec::new() };
        }
    };
    if let Ok(report) = tokio::time::timeout(TEST_MAX, try_settings(asked.kind, &settings)).await {
        tested(report)
    } else {
        let step = TestedStep {
            step: api::TestStepWord::Connect,
            ok: false,
            detail: String::new(),
            advice: Some(("connect-timeout", Vec::new())),
        };
        Tested { steps: vec![step], mailboxes: Vec::new() }
    }
}

async fn try_settings(kind: AccountKind, settings: &Settings) -> TestReport {
    match kind {
        AccountKind::Pop3 => intake::pop3::test_settings(settings).await,
        AccountKind::Graph => intake::graph::test_settings(settings).await,
        AccountKind::Imap | AccountKind::Import => intake::imap::test_settings(settings).await,
    }
}

/// Tries the stored settings of an account.
pub async fn test_stored(engine: &Engine, account: &Account) -> Result<TestReport, pipeline::Error> {
    let (settings, _) = resolve(engine, account)?;
    let trying = try_settings(account.settings.kind, &settings);
    Ok(tokio::time::timeout(TEST_MAX, trying).await.unwrap_or_default())
}

fn tested(report: TestReport) -> Tested {
    let steps = report.steps.into_iter().map(|result| {
        let advice = result.error.as_ref().map(|error| (advice(result.step, error), Vec::new()));
        let words = result.error.as_ref().filter(|_| result.detail.is_empty()).map(ToString::to_string);
        TestedStep {
            step: step_word(result.step),
            ok: result.error.is_none(),
            detail: words.unwrap_or(result.detail),
            advice,
        }
    });
    let mailboxes = report.mailboxes.into_iter().filter(|mailbox| mailbox.is_selectable).map(|mailbox| {
        api::MailboxFound {
            name: mailbox.name,
            special_use: mailbox.special_use.map(|special_use| special_use.as_str().to_owned()),
            messages: mailbox.status.and_then(|status| status.messages).map(u64::from),
        }
    });
    Tested { steps: steps.collect(), mailboxes: mailboxes.collect() }
}

const fn step_word(step: TestStep) -> api::TestStepWord {
    match step {
        TestStep::Name => api::TestStepWord::Name,
        TestStep::Connect => api::TestStepWord::Connect,
        TestStep::Tls => api::TestStepWord::Tls,
        TestStep::Login => api::TestStepWord::Login,
        TestStep::Mailbox => api::TestStepWord::Mailbox,
        TestStep::Folders => api::TestStepWord::Folders,
    }
}

/// Key of the sentence that mends it, in the group `advice` of the server's language files.
pub fn advice(step: TestStep, error: &ImapError) -> &'static str {
    match error {
        ImapError::Forbidden { .. } => "graph-forbidden",
        ImapError::Throttled { .. } => "throttled",
        ImapError::LoginRefused { .. } if step == TestStep::Mailbox => "graph-mailbox",
        ImapError::Connect(error) => error.key(),
        ImapError::Insecure { .. } => "login-plain",
        ImapError::NoStartTls { .. } | ImapError::Injected => "starttls-refused",
        ImapError::NoLogin { .. } => "login-method",
        ImapError::NoToken(NoToken { needs, .. }) => match needs {
            Needs::Retry => "token-later",
            Needs::Consent => "token-consent",
            Needs::AdminConsent => "token-admin-consent",
            Needs::Settings => "token-settings",
        },
        ImapError::LoginRefused { .. } if error.is_transient() => "login-unavailable",
        ImapError::LoginRefused { .. } => "login-refused",
        ImapError::Refused { .. } => "folders-refused",
        ImapError::Bye { .. }
        | ImapError::Closed { .. }
        | ImapError::Broken { .. }
        | ImapError::Status { status: 500.., .. } => "closed",
        ImapError::Timeout { .. } => "connect-timeout",
        _ => "protocol",
    }
}
