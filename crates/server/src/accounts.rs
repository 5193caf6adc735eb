//! Accounts: settings, tests, fetching, mailboxes.

use std::collections::HashMap;

use api::{
    Account, AccountChange, AccountList, AccountRemoval, AccountRequest, Advice, Connection,
    ConnectionRequest, ConnectionTest, ConnectionTestAnswer, Language, LeftOut, LeftOutPage, LeftOutQuery,
    MailboxList, SmtpAccountRequest, TestStep, TlsMode,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keys::Secret;
use model::{AccountId, MailboxId, OauthClientId, Role, SmtpAccountId};
use store::{Companions, LeftOutRow, NewAccount, NewSmtpAccount, StoreError};
use uuid::Uuid;

use crate::account_settings::{self as settings, Kept};
use crate::account_state::{self, Counts};
use crate::background::{BackgroundError, TestCredential, TestSettings, Tested};
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, limit, text};
use crate::message_detail::place;
use crate::oauth::Links;
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, groups, imports, lang, smtp_accounts};

/// `GET /accounts`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<AccountList>, Failure> {
    let items = state
        .read(move |state| {
            let counts = Counts::read(state)?;
            let links = Links::read(state)?;
            let accounts = state.store().accounts(false)?.into_iter();
            Ok(accounts
                .filter(|account| may_see(&caller, account.id))
                .map(|account| shown(state, &caller, account, &counts, &links))
                .collect())
        })
        .await?;
    Ok(axum::Json(AccountList { items }))
}

/// `GET /accounts/{account_id}`
pub(crate) async fn one(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<Account>, Failure> {
    state.read(move |state| read(state, &caller, id)).await.map(axum::Json)
}

/// `POST /accounts`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(request): Json<AccountRequest>,
) -> Result<impl IntoResponse, Failure> {
    let id = AccountId::new(Uuid::now_v7());
    let account = state
        .read(move |state| {
            let new = settings::new_account(state, id, &request)?;
            let name = new.name.clone();
            let sending = companion(state, request.sending.as_ref())?;
            let group = request.group.as_ref().map(groups::row).transpose();
            let group = group.map_err(|failure| failure.inside("group"))?;
            let sends = sending.as_ref().map(|(_, smtp)| smtp.name.clone());
            let grouped = group.as_ref().map(|group| group.name.clone());
            let group = group.map(|group| (*Uuid::now_v7().as_bytes(), group));
            state
                .store()
                .create_account_with(id, new, Companions { smtp: sending, group }, state.now())
                .map_err(|error| one_name_taken(error, &name, sends.as_deref(), grouped.as_deref()))?;
            state.store().grant(caller.user_id(), id)?;
            events::record(state, &caller, "account.created", Subject::Account(id), &[("name", name)])?;
            if let Some(name) = sends {
                events::record(state, &caller, "smtp.created", Subject::Nothing, &[("name", name)])?;
                state.background().outgoing_changed();
            }
            if let Some(name) = grouped {
                events::record(state, &caller, "group.created", Subject::Nothing, &[("name", name)])?;
            }
            state.background().account_changed(id);
            let mut caller = caller;
            caller.may_read(id);
            read(state, &caller, id)
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(account)))
}

/// Row of the server that is to send for a new account.
fn companion(
    state: &State,
    asked: Option<&SmtpAccountRequest>,
) -> Result<Option<(SmtpAccountId, NewSmtpAccount)>, Failure> {
    let Some(asked) = asked else { return Ok(None) };
    let id = SmtpAccountId::new(Uuid::now_v7());
    let row = smtp_accounts::row(state, id, asked, None).map_err(|failure| failure.inside("sending"))?;
    Ok(Some((id, row)))
}

/// Which of the names it was.
fn one_name_taken(error: StoreError, name: &str, sends: Option<&str>, group: Option<&str>) -> Failure {
    match (&error, sends) {
        (StoreError::Exists { what: "group name" }, _) => {
            groups::name_is_taken(group.unwrap_or_default()).inside("group")
        }
        (StoreError::Exists { what: "SMTP account name" }, Some(sends)) => {
            smtp_accounts::name_is_taken(sends).inside("sending")
        }
        _ => name_taken(error, name),
    }
}

/// `PATCH /accounts/{account_id}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
    Json(change): Json<AccountChange>,
) -> Result<axum::Json<Account>, Failure> {
    let account = state
        .read(move |state| {
            let before = present(state, &caller, id)?;
            let changed = settings::changed_account(state, id, before.settings.clone(), &change)?;
            let fields = settings::fields_changed(&before.settings, &changed);
            let name = changed.name.clone();
            state.store().update_account(id, changed).map_err(|error| name_taken(error, &name))?;
            let details = [("name", name), ("fields", fields.join(", "))];
            events::record(state, &caller, "account.changed", Subject::Account(id), &details)?;
            state.background().account_changed(id);
            read(state, &caller, id)
        })
        .await?;
    Ok(axum::Json(account))
}

/// `DELETE /accounts/{account_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
    Json(removal): Json<AccountRemoval>,
) -> Result<StatusCode, Failure> {
    let by = caller.clone();
    let smtp: Vec<SmtpAccountId> = removal.smtp_accounts.into_iter().map(SmtpAccountId::new).collect();
    let companions = smtp.clone();
    let asked: Vec<[u8; 16]> = removal.groups.iter().map(|id| *id.as_bytes()).collect();
    let asked_groups = asked.clone();
    let (account, sending, grouped) = state
        .read(move |state| {
            let account = present(state, &by, id)?;
            let name = &account.settings.name;
            if removal.confirm != *name {
                return Err(Failure::new(StatusCode::CONFLICT, "account-confirm")
                    .at_field("confirm")
                    .with("name", name));
            }
            let sending =
                companions.into_iter().map(|id| Ok(smtp_accounts::present(state, id)?.settings.name));
            let sending = sending
                .collect::<Result<Vec<String>, Failure>>()
                .map_err(|failure| failure.at_field("smtp_accounts"))?;
            let known = state.store().groups()?;
            let name = |id: &[u8; 16]| {
                known.iter().find(|group| group.id == *id).map(|group| group.what.name.clone())
            };
            let grouped: Option<Vec<String>> = asked_groups.iter().map(name).collect();
            let grouped = grouped.ok_or_else(|| Failure::not_found().at_field("groups"))?;
            Ok((account, sending, grouped))
        })
        .await?;
    if account.settings.oauth.is_some() {
        // Whether the service hears of it or not: the account goes.
        state.engine().unlink(&account, &caller.user_id().to_string()).await.ok();
    }
    let name = account.settings.name;
    state
        .read(move |state| {
            state.store().remove_account_with(id, smtp, asked, state.now())?;
            state.background().account_changed(id);
            events::record(state, &caller, "account.removed", Subject::Account(id), &[("name", name)])?;
            let sending: Vec<_> =
                sending.into_iter().map(|name| (Subject::Nothing, vec![("name", name)])).collect();
            events::record_all(state, &caller, "smtp.removed", &sending)?;
            let grouped: Vec<_> =
                grouped.into_iter().map(|name| (Subject::Nothing, vec![("name", name)])).collect();
            events::record_all(state, &caller, "group.removed", &grouped)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /accounts/test`
pub(crate) async fn test_settings(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(test): Json<ConnectionTest>,
) -> Result<axum::Json<ConnectionTestAnswer>, Failure> {
    let language = caller.language();
    let settings = state
        .read(move |state| {
            settings::check_connection(&test.connection)?;
            let credential = match (&test.connection.password, test.account) {
                (Some(password), _) if test.connection.oauth.is_none() => {
                    TestCredential::Password(Secret::new(password.clone()))
                }
                (_, Some(account)) => {
                    let account = present(state, &caller, AccountId::new(account))?;
                    same_server(&test.connection, &account.settings)?;
                    if account.settings.oauth != test.connection.oauth.map(OauthClientId::new) {
                        return Err(Failure::new(StatusCode::CONFLICT, "oauth-save-first"));
                    }
                    settings::credential(state, account.id, &account.settings)?
                }
                (_, None) if test.connection.oauth.is_some() => {
                    return Err(Failure::new(StatusCode::CONFLICT, "oauth-save-first"));
                }
                (_, None) => return Err(Failure::field("password", "account-password")),
            };
            settings::to_test(test.kind, &test.connection, credential)
        })
        .await?;
    Ok(axum::Json(tried(&state, settings, language).await))
}

/// A stored password goes to the server it was stored for and to no other: otherwise whoever may test could have it
/// sent anywhere.
fn same_server(asked: &ConnectionRequest, kept: &NewAccount) -> Result<(), Failure> {
    let same = asked.host.trim().eq_ignore_ascii_case(&kept.host) && asked.login.trim() == kept.login;
    let weaker = asked.tls == TlsMode::None && kept.tls != store::Tls::None;
    if same && !weaker { Ok(()) } else { Err(Failure::field("password", "account-password-again")) }
}

/// `POST /accounts/{account_id}/test`
pub(crate) async fn test_stored(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<ConnectionTestAnswer>, Failure> {
    let language = caller.language();
    let settings = state
        .read(move |state| {
            let account = present(state, &caller, id)?;
            let kept = settings::connection(&account.settings).ok_or(BackgroundError::NotFetched)?;
            let credential = settings::credential(state, id, &account.settings)?;
            Ok(TestSettings {
                kind: account.settings.kind,
                host: kept.host,
                port: kept.port,
                tls: account.settings.tls,
                trust: settings::trust(&kept.trust)?,
                login: kept.login,
                credential,
            })
        })
        .await?;
    Ok(axum::Json(tried(&state, settings, language).await))
}

async fn tried(state: &State, settings: TestSettings, language: Language) -> ConnectionTestAnswer {
    let Tested { steps, mailboxes } = state.background().test(settings).await;
    let steps: Vec<TestStep> = steps
        .into_iter()
        .map(|tested| TestStep {
            step: tested.step,
            ok: tested.ok,
            detail: tested.detail,
            advice: tested.advice.map(|(key, values)| Advice {
                key: key.to_owned(),
                text: lang::advice(language, key, &values).unwrap_or_default(),
            }),
        })
        .collect();
    ConnectionTestAnswer { ok: !steps.is_empty() && steps.iter().all(|step| step.ok), steps, mailboxes }
}

/// `POST /accounts/{account_id}/fetch`
pub(crate) async fn fetch(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let account = present(state, &caller, id)?;
            state.background().fetch(account.id)?;
            events::record(
                state,
                &caller,
                "account.fetched",
                Subject::Account(id),
                &[("name", account.settings.name)],
            )
        })
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// `GET /accounts/{account_id}/mailboxes`
pub(crate) async fn mailboxes(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<MailboxList>, Failure> {
    if !caller.scope().allows(id) {
        return Err(Failure::not_found());
    }
    let items = state
        .read(move |state| {
            let mailboxes = state.store().mailboxes(id)?;
            Ok(mailboxes
                .into_iter()
                .map(|mailbox| api::Mailbox {
                    id: mailbox.id.uuid(),
                    name: mailbox.display_name,
                    special_use: mailbox.special_use,
                    mails: mailbox.listed,
                })
                .collect())
        })
        .await?;
    Ok(axum::Json(MailboxList { items }))
}

/// `GET /accounts/{account_id}/left_out`
pub(crate) async fn left_out(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
    Params(query): Params<LeftOutQuery>,
) -> Result<axum::Json<LeftOutPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let offset = usize::try_from(query.offset).unwrap_or(usize::MAX).min(1 << 40);
    let page = state.read(move |state| {
        present(state, &caller, id)?;
        let names: HashMap<MailboxId, String> = state
            .store()
            .mailboxes(id)?
            .into_iter()
            .map(|mailbox| (mailbox.id, mailbox.display_name))
            .collect();
        let counts = Counts::read(state)?.of(id);
        let rows = state.store().left_out(id, limit, offset)?;
        Ok(LeftOutPage {
            items: rows.iter().map(|row| left(&names, caller.language(), row)).collect(),
            total: counts.excluded + counts.failed,
        })
    });
    page.await.map(axum::Json)
}

fn left(names: &HashMap<MailboxId, String>, language: Language, row: &LeftOutRow) -> LeftOut {
    let (uid_validity, uid, locator) = place(&row.what.position);
    LeftOut {
        mailbox: names.get(&row.what.mailbox).cloned().unwrap_or_default(),
        uid_validity,
        uid,
        locator,
        excluded: row.what.excluded,
        reason: if row.what.excluded {
            row.what.reason.clone()
        } else {
            imports::reason(language, &row.what.reason)
        },
        attempts: row.attempts,
        since: row.since.into(),
        last: row.last.into(),
    }
}

pub(crate) fn may_see(caller: &Caller, id: AccountId) -> bool {
    caller.role() == Role::Administrator || caller.scope().allows(id)
}

/// An account that the caller may know of and that is not removed.
pub(crate) fn present(state: &State, caller: &Caller, id: AccountId) -> Result<store::Account, Failure> {
    if !may_see(caller, id) {
        return Err(Failure::not_found());
    }
    let account = state.store().account(id)?.filter(|account| account.removed.is_none());
    account.ok_or_else(Failure::not_found)
}

pub(crate) fn read(state: &State, caller: &Caller, id: AccountId) -> Result<Account, Failure> {
    let account = present(state, caller, id)?;
    Ok(shown(state, caller, account, &Counts::read(state)?, &Links::read(state)?))
}

fn shown(state: &State, caller: &Caller, account: store::Account, counts: &Counts, links: &Links) -> Account {
    let readable = caller.scope().allows(account.id);
    let connection = settings::connection(&account.settings).filter(|_| caller.role() == Role::Administrator);
    let shown = account_state::shown(state, &account, counts);
    Account {
        id: account.id.uuid(),
        handling: settings::shown_handling(&account.settings.handling),
        kind: settings::kind(account.settings.kind),
        name: account.settings.name,
        address: account.settings.address,
        active: account.settings.active,
        readable,
        mails: readable.then(|| counts.of(account.id).messages),
        connection: connection.map(|kept: Kept| Connection {
            host: kept.host,
            port: kept.port,
            tls: kept.tls,
            login: kept.login,
            password_set: account.settings.credential.is_some(),
            oauth: links.of(state, account.id),
            trust: kept.trust,
            mailboxes: kept.mailboxes,
            poll_seconds: account.settings.poll_seconds,
        }),
        state: shown,
    }
}

fn name_taken(error: StoreError, name: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => {
            Failure::new(StatusCode::CONFLICT, "account-name-taken").at_field("name").with("name", name)
        }
        other => other.into(),
    }
}

/// The account an import goes into: by key, by name, or a new one for administrators, who may read it then.
pub(crate) fn for_import(
    state: &State,
    caller: &mut Caller,
    wanted: &str,
) -> Result<(AccountId, String), Failure> {
    if let Ok(id) = wanted.parse::<AccountId>() {
        if !caller.scope().allows(id) {
            return Err(Failure::not_found().at_field("account"));
        }
        let account = present(state, caller, id)?;
        return Ok((id, account.settings.name));
    }
    let name = text("account", wanted, 200)?;
    match state.store().account_by_name(&name)? {
        Some(account) if caller.scope().allows(account.id) => return Ok((account.id, name)),
        // Administrators know of every account, so telling them is no secret; others learn nothing.
        Some(_) if caller.role() == Role::Administrator => {
            return Err(Failure::new(StatusCode::FORBIDDEN, "account-not-readable")
                .at_field("account")
                .with("name", name));
        }
        Some(_) => return Err(Failure::not_found().at_field("account")),
        None if caller.role() != Role::Administrator => return Err(Failure::not_found().at_field("account")),
        None => {}
    }
    let id = AccountId::new(Uuid::now_v7());
    let address = Some(name.clone()).filter(|name| crate::extract::email("account", name).is_ok());
    let new = NewAccount { name: name.clone(), address, ..NewAccount::default() };
    state.store().create_account(id, new, state.now()).map_err(|error| name_taken(error, &name))?;
    state.store().grant(caller.user_id(), id)?;
    caller.may_read(id);
    events::record(state, caller, "account.created", Subject::Account(id), &[("name", name.clone())])?;
    Ok((id, name))
}
