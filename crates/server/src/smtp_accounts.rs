//! Servers that send mails of ours: settings and tests.

use std::sync::Arc;

use api::{
    Advice, ConnectionTestAnswer, Language, OutgoingError, SmtpAccount, SmtpAccountList, SmtpAccountRequest,
    SmtpTest, TestStep, TestStepWord, TlsMode,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use dispatch::{Author, Encryption, Letter, Login, SmtpServer, SmtpStep, StepOutcome};
use keys::{Sealer, Secret};
use model::{AccountId, SmtpAccountId};
use pipeline::{Engine, OauthOptions, SendingServer, smtp_field};
use store::{AccountKind, GrantKind, NewSmtpAccount, OauthService, SendingKind, StoreError, Tls};
use uuid::Uuid;

use crate::account_settings as settings;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, email, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, lang};

fn client_tls(trust: &api::Trust) -> Result<connect::ClientTls, String> {
    let trust = match trust {
        api::Trust::System => connect::Trust::System,
        api::Trust::CaPem(pem) => connect::Trust::Pem(pem.clone()),
        api::Trust::PinSha256(pin) => connect::Trust::pin(pin).map_err(|error| error.to_string())?,
    };
    connect::ClientTls::new(&trust).map_err(|error| error.to_string())
}

const fn encryption(tls: Tls) -> Encryption {
    match tls {
        Tls::Implicit => Encryption::Tls,
        Tls::StartTls => Encryption::StartTls,
        Tls::None => Encryption::None,
    }
}

/// How to reach a server that sends. Blocks.
///
/// # Errors
/// In words: what of the settings cannot be used.
pub fn sending_server(engine: &Engine, smtp: &store::SmtpAccount) -> Result<SendingServer, String> {
    let Some(id) = smtp.settings.account else {
        return smtp_server(engine.sealer(), smtp).map(|server| SendingServer::Smtp(Box::new(server)));
    };
    let account = engine.store().account(id).map_err(|error| error.to_string())?;
    let account = account.filter(|account| account.removed.is_none() && account.settings.oauth.is_some());
    let account = account.ok_or("the account whose consent is used is gone")?;
    let (of_account, tokens) = (&account.settings, engine.tokens(&account));
    if smtp.settings.kind == SendingKind::Graph {
        let options: settings::AccountOptions =
            serde_json::from_str(&of_account.options).map_err(|error| error.to_string())?;
        let place = (of_account.host.as_str(), of_account.port, encryption(of_account.tls));
        return Ok(SendingServer::graph(place, client_tls(&options.trust)?, &of_account.login, tokens));
    }
    Ok(SendingServer::SmtpWithTokens {
        server: Box::new(smtp_server(engine.sealer(), smtp)?),
        login: of_account.login.clone(),
        tokens: Arc::new(tokens),
    })
}

fn smtp_server(sealer: &Sealer, account: &store::SmtpAccount) -> Result<SmtpServer, String> {
    let kept = &account.settings;
    let trust: api::Trust = serde_json::from_str(&kept.trust).map_err(|error| error.to_string())?;
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
        encryption: encryption(kept.tls),
        tls: client_tls(&trust)?,
        login: (!kept.login.is_empty()).then(|| Login::Password(kept.login.clone(), password)),
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
    let lent = lender(state, asked)?;
    let graph = asked.kind == api::SendingKind::Graph;
    let (host, port) = match &lent {
        Some(account) if graph => (account.settings.host.clone(), account.settings.port),
        _ => (text("host", &asked.host, 253)?, asked.port),
    };
    if host.contains(|c: char| c.is_whitespace() || "/@".contains(c)) || host.contains("://") {
        return Err(Failure::field("host", "account-host").with("host", host));
    }
    if port == 0 {
        return Err(Failure::field("port", "smtp-port"));
    }
    if !graph && asked.tls == TlsMode::None && !connect::is_this_machine(&host) {
        return Err(Failure::field("tls", "account-tls-none"));
    }
    let login = match asked.login.trim() {
        _ if lent.is_some() => String::new(),
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
        kind: if graph { SendingKind::Graph } else { SendingKind::Smtp },
        account: lent.map(|account| account.id),
        host: host.to_ascii_lowercase(),
        port,
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

/// The account whose consent is to be used: one that logs in through a service that lets it send this way.
fn lender(state: &State, asked: &SmtpAccountRequest) -> Result<Option<store::Account>, Failure> {
    let graph = asked.kind == api::SendingKind::Graph;
    let wrong = || Failure::field("account", "smtp-consent");
    let Some(id) = asked.account else { return if graph { Err(wrong()) } else { Ok(None) } };
    let account = state.store().account(AccountId::new(id))?.filter(|account| account.removed.is_none());
    let account = account.ok_or_else(wrong)?;
    let client =
        account.settings.oauth.map(|client| state.store().oauth_client(client)).transpose()?.flatten();
    let service = client.ok_or_else(wrong)?.settings.service;
    let of_graph = account.settings.kind == AccountKind::Graph;
    let fits = if graph { of_graph } else { service != OauthService::MicrosoftGraph };
    if fits { Ok(Some(account)) } else { Err(wrong()) }
}

/// Whether the consent of this account does not say that it may send.
fn lacks_consent(state: &State, account: AccountId) -> Result<bool, Failure> {
    let Some(account) = state.store().account(account)? else { return Ok(true) };
    let client =
        account.settings.oauth.map(|client| state.store().oauth_client(client)).transpose()?.flatten();
    let grant = account.grant.map(|grant| state.store().oauth_grant(grant)).transpose()?.flatten();
    let (Some(client), Some(grant)) = (client, grant) else { return Ok(true) };
    let provider = OauthOptions::default().provider(client.settings.service);
    let granted = |scope: &str| grant.granted.scopes.split(' ').any(|had| had.eq_ignore_ascii_case(scope));
    let by_person = grant.granted.kind == GrantKind::Person;
    Ok(by_person && provider.sending_scope().is_some_and(|scope| !granted(scope)))
}

fn shown(state: &State, account: store::SmtpAccount) -> Result<SmtpAccount, Failure> {
    let kept = account.settings;
    Ok(SmtpAccount {
        id: account.id.uuid(),
        kind: match kept.kind {
            SendingKind::Smtp => api::SendingKind::Smtp,
            SendingKind::Graph => api::SendingKind::Graph,
        },
        account: kept.account.map(|account| account.uuid()),
        consent_missing: kept.account.map_or(Ok(false), |account| lacks_consent(state, account))?,
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
    })
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
    let items = state.read(|state| {
        let all = state.store().smtp_accounts()?;
        all.into_iter().map(|one| shown(state, one)).collect::<Result<_, _>>()
    });
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
            shown(state, present(state, id)?)
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// A stored password goes to the server it was stored for and to no other.
fn same_server(asked: &SmtpAccountRequest, kept: &NewSmtpAccount) -> Result<(), Failure> {
    if asked.account.is_some() {
        return Ok(());
    }
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
            shown(state, present(state, id)?)
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
    server: SendingServer,
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
    let steps: Vec<TestStep> =
        trial.server.test(letter.as_ref()).await.into_iter().map(|outcome| step(outcome, language)).collect();
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
    let server = sending_server(state.engine(), &account)
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
