//! Servers that send mails of ours: settings and tests.

use api::{
    Advice, ConnectionTestAnswer, Language, OutgoingError, SmtpAccount, SmtpAccountList, SmtpAccountRequest,
    SmtpTest, TestStep, TestStepWord, TlsMode,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use dispatch::{Author, Encryption, Letter, SmtpServer, SmtpStep, StepOutcome};
use keys::{Sealer, Secret};
use model::SmtpAccountId;
use pipeline::smtp_field;
use store::{NewSmtpAccount, StoreError, Tls};
use uuid::Uuid;

use crate::account_settings as settings;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, email, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, lang};

/// How to reach a server that sends.
///
/// # Errors
/// In words: what of the settings cannot be used.
pub fn smtp_server(sealer: &Sealer, account: &store::SmtpAccount) -> Result<SmtpServer, String> {
    let kept = &account.settings;
    let trust: api::Trust = serde_json::from_str(&kept.trust).map_err(|error| error.to_string())?;
    let trust = match trust {
        api::Trust::System => connect::Trust::System,
        api::Trust::CaPem(pem) => connect::Trust::Pem(pem),
        api::Trust::PinSha256(pin) => connect::Trust::pin(&pin).map_err(|error| error.to_string())?,
    };
    let password = match &kept.credential {
        Some(sealed) => {
            sealer.open_text(&smtp_field(account.id), sealed).map_err(|error| error.to_string())?
        }
        None => Secret::new(String::new()),
    };
    let author = Author { address: kept.from_address.clone(), name: kept.from_name.clone() };
    Ok(SmtpServer {
        host: kept.host.clone(),
        port: kept.port,
        encryption: match kept.tls {
            Tls::Implicit => Encryption::Tls,
            Tls::StartTls => Encryption::StartTls,
            Tls::None => Encryption::None,
        },
        tls: connect::ClientTls::new(&trust).map_err(|error| error.to_string())?,
        login: (!kept.login.is_empty()).then(|| (kept.login.clone(), password)),
        our_name: author.domain().to_owned(),
    })
}

/// Refuses what can never work, and makes the row.
pub(crate) fn row(
    state: &State,
    id: SmtpAccountId,
    asked: &SmtpAccountRequest,
    credential: Option<Vec<u8>>,
) -> Result<NewSmtpAccount, Failure> {
    let host = text("host", &asked.host, 253)?;
    if host.contains(|c: char| c.is_whitespace() || "/@".contains(c)) || host.contains("://") {
        return Err(Failure::field("host", "account-host").with("host", host));
    }
    if asked.port == 0 {
        return Err(Failure::field("port", "smtp-port"));
    }
    if asked.tls == TlsMode::None && !connect::is_this_machine(&host) {
        return Err(Failure::field("tls", "account-tls-none"));
    }
    let login = match asked.login.trim() {
        "" => String::new(),
        login => text("login", login, 1000)?,
    };
    let credential = match &asked.password {
        Some(password)
            if password.is_empty() || password.len() > 1000 || password.contains(['\0', '\r', '\n']) =>
        {
            return Err(Failure::field("password", "account-password"));
        }
        Some(password) => {
            Some(state.sealer().seal(&smtp_field(id), password.as_bytes()).map_err(Failure::internal)?)
        }
        None => credential,
    };
    if !login.is_empty() && credential.is_none() {
        return Err(Failure::field("password", "account-password"));
    }
    settings::trust(&asked.trust)?;
    let bounce_address = match asked.bounce_address.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(address) => {
            let address = email("bounce_address", address)?;
            // With the reference behind it the local part must not be longer than RFC 5321 allows.
            if dispatch::return_path(&address, &"a".repeat(34)).is_none() {
                return Err(Failure::field("bounce_address", "smtp-bounces").with("email", address));
            }
            Some(address)
        }
    };
    let from_name = match asked.from_name.trim() {
        "" => String::new(),
        name => text("from_name", name, 200)?,
    };
    Ok(NewSmtpAccount {
        name: text("name", &asked.name, 200)?,
        host: host.to_ascii_lowercase(),
        port: asked.port,
        tls: settings::tls(asked.tls),
        credential: credential.filter(|_| !login.is_empty()),
        login,
        trust: serde_json::to_string(&asked.trust).map_err(Failure::internal)?,
        from_address: email("from_address", &asked.from_address)?,
        from_name,
        bounce_address,
        notices: asked.notices,
        active: asked.active,
    })
}

fn shown(account: store::SmtpAccount) -> SmtpAccount {
    let kept = account.settings;
    SmtpAccount {
        id: account.id.uuid(),
        name: kept.name,
        host: kept.host,
        port: kept.port,
        tls: settings::tls_mode(kept.tls),
        login: kept.login,
        password_set: kept.credential.is_some(),
        trust: serde_json::from_str(&kept.trust).unwrap_or_default(),
        from_address: kept.from_address,
        from_name: kept.from_name,
        bounce_address: kept.bounce_address,
        notices: kept.notices,
        active: kept.active,
        last_success: account.last_success.map(Into::into),
        last_error: account.last_error.map(|(text, since)| OutgoingError { text, since: since.into() }),
    }
}

pub(crate) fn present(state: &State, id: SmtpAccountId) -> Result<store::SmtpAccount, Failure> {
    state.store().smtp_account(id)?.ok_or_else(Failure::not_found)
}

pub(crate) fn name_is_taken(name: &str) -> Failure {
    Failure::new(StatusCode::CONFLICT, "smtp-name-taken").at_field("name").with("name", name)
}

fn name_taken(error: StoreError, name: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => name_is_taken(name),
        other => other.into(),
    }
}

/// `GET /smtp_accounts`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<SmtpAccountList>, Failure> {
    let items = state.read(|state| Ok(state.store().smtp_accounts()?.into_iter().map(shown).collect()));
    Ok(axum::Json(SmtpAccountList { items: items.await? }))
}

/// `POST /smtp_accounts`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<SmtpAccountRequest>,
) -> Result<impl IntoResponse, Failure> {
    let made = state
        .read(move |state| {
            let id = SmtpAccountId::new(Uuid::now_v7());
            let new = row(state, id, &asked, None)?;
            let name = new.name.clone();
            state
                .store()
                .create_smtp_account(id, new, state.now())
                .map_err(|error| name_taken(error, &name))?;
            events::record(state, &caller, "smtp.created", Subject::Nothing, &[("name", name)])?;
            state.background().outgoing_changed();
            present(state, id).map(shown)
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// A stored password goes to the server it was stored for and to no other.
fn same_server(asked: &SmtpAccountRequest, kept: &NewSmtpAccount) -> Result<(), Failure> {
    let same = asked.host.trim().eq_ignore_ascii_case(&kept.host) && asked.login.trim() == kept.login;
    let weaker = asked.tls == TlsMode::None && kept.tls != Tls::None;
    if asked.password.is_some() || asked.login.trim().is_empty() || (same && !weaker) {
        return Ok(());
    }
    Err(Failure::field("password", "account-password-again"))
}

/// `PUT /smtp_accounts/{smtp_id}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(id): Id<SmtpAccountId>,
    caller: Caller,
    Json(asked): Json<SmtpAccountRequest>,
) -> Result<axum::Json<SmtpAccount>, Failure> {
    let changed = state
        .read(move |state| {
            let before = present(state, id)?.settings;
            same_server(&asked, &before)?;
            let new = row(state, id, &asked, before.credential)?;
            let name = new.name.clone();
            state.store().update_smtp_account(id, new).map_err(|error| name_taken(error, &name))?;
            events::record(state, &caller, "smtp.changed", Subject::Nothing, &[("name", name)])?;
            state.background().outgoing_changed();
            present(state, id).map(shown)
        })
        .await?;
    Ok(axum::Json(changed))
}

/// `DELETE /smtp_accounts/{smtp_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<SmtpAccountId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let name = present(state, id)?.settings.name;
            state.store().remove_smtp_account(id)?;
            events::record(state, &caller, "smtp.removed", Subject::Nothing, &[("name", name)])
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A mail for a test, composed before the connection is made.
struct Trial {
    server: SmtpServer,
    reverse_path: String,
    reference: String,
    recipients: Vec<String>,
    octets: Vec<u8>,
}

/// `POST /smtp_accounts/test`
pub(crate) async fn test(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<SmtpTest>,
) -> Result<axum::Json<ConnectionTestAnswer>, Failure> {
    let language = caller.language();
    let trial = state.read(move |state| trial(state, &asked, language)).await?;
    let letter = Letter {
        reverse_path: &trial.reverse_path,
        recipients: &trial.recipients,
        envelope_id: &trial.reference,
        octets: &trial.octets,
    };
    let letter = (!trial.recipients.is_empty()).then_some(letter);
    let steps: Vec<TestStep> = dispatch::test_server(&trial.server, letter.as_ref())
        .await
        .into_iter()
        .map(|outcome| step(outcome, language))
        .collect();
    let ok = !steps.is_empty() && steps.iter().all(|step| step.ok);
    Ok(axum::Json(ConnectionTestAnswer { ok, steps, mailboxes: Vec::new() }))
}

fn trial(state: &State, asked: &SmtpTest, language: Language) -> Result<Trial, Failure> {
    let known = match asked.account {
        Some(id) => Some(present(state, SmtpAccountId::new(id))?),
        None => None,
    };
    if let Some(known) = &known {
        same_server(&asked.settings, &known.settings)?;
    }
    let id = known.as_ref().map_or_else(|| SmtpAccountId::new(Uuid::now_v7()), |known| known.id);
    let settings = row(state, id, &asked.settings, known.and_then(|known| known.settings.credential))?;
    let recipients = match asked.recipient.as_deref() {
        Some(recipient) => vec![email("recipient", recipient)?],
        None => Vec::new(),
    };
    let author = Author { address: settings.from_address.clone(), name: settings.from_name.clone() };
    let reference = state.engine().reference().sign(state.store().reserve_outgoing(1)?);
    let bounces = settings.bounce_address.as_deref();
    let reverse_path =
        bounces.and_then(|address| dispatch::return_path(address, &reference)).unwrap_or_default();
    let words = dispatch::Language::from_word(language.as_str());
    let octets = recipients
        .first()
        .map(|to| dispatch::compose_test(&author, to, words, &reference, state.now()))
        .unwrap_or_default();
    let account =
        store::SmtpAccount { id, settings, created: state.now(), last_success: None, last_error: None };
    let server = smtp_server(state.sealer(), &account)
        .map_err(|reason| Failure::field("trust", "account-trust").with("reason", reason))?;
    Ok(Trial { server, reverse_path, reference, recipients, octets })
}

fn step(outcome: StepOutcome, language: Language) -> TestStep {
    let advice = outcome.error.as_ref().map(|error| Advice {
        key: error.key().to_owned(),
        text: lang::advice(language, error.key(), &[]).unwrap_or_default(),
    });
    TestStep {
        step: match outcome.step {
            SmtpStep::Name => TestStepWord::Name,
            SmtpStep::Connect => TestStepWord::Connect,
            SmtpStep::Tls => TestStepWord::Tls,
            SmtpStep::Login => TestStepWord::Login,
            SmtpStep::Mail => TestStepWord::Mail,
        },
        ok: outcome.error.is_none(),
        detail: outcome.detail,
        advice,
    }
}
