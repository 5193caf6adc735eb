//! Users, their roles, and the accounts each may read.

use api::{Language, Role, Theme, User, UserChange, UserLimits, UserList, UserRequest};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keys::Secret;
use model::{AccountId, Period, UserId};
use store::{NewUser, StoreError, UserPatch};
use uuid::Uuid;

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, email, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::session::fields_changed;

/// `GET /users`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<UserList>, Failure> {
    let mut users = state.read(|state| Ok(state.store().users()?)).await?;
    users.sort_by_key(|user| user.profile.name.to_lowercase());
    Ok(axum::Json(UserList { items: users.into_iter().map(shown).collect() }))
}

/// `GET /users/{user_id}`
pub(crate) async fn one(
    FromState(state): FromState<State>,
    Id(id): Id<UserId>,
) -> Result<axum::Json<User>, Failure> {
    let user = state.read(move |state| state.store().user(id)?.ok_or_else(Failure::not_found)).await?;
    Ok(axum::Json(shown(user)))
}

/// `POST /users`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(request): Json<UserRequest>,
) -> Result<impl IntoResponse, Failure> {
    let mut new = NewUser {
        name: text("name", &request.name, 200)?,
        email: email("email", &request.email)?,
        password_hash: String::new(),
        role: request.role.into(),
        language: request.language.as_str().to_owned(),
        theme: String::new(),
        zone: String::new(),
    };
    limits(request.limits)?;
    new.password_hash = state.passwords().hash(Secret::new(request.password)).await?;
    let user = state
        .read(move |state| {
            let id = UserId::new(Uuid::now_v7());
            let accounts = known_accounts(state, &request.accounts)?;
            let details = [("email", new.email.clone()), ("role", role_word(request.role).to_owned())];
            let address = new.email.clone();
            state
                .store()
                .create_user(id, new, accounts, false, state.now())
                .map_err(|error| taken(error, &address))?;
            let limits = Some(limits(request.limits)?);
            state.store().update_user(id, UserPatch { limits, ..UserPatch::default() })?;
            events::record(state, &caller, "user.created", Subject::User(id), &details)?;
            state.store().user(id)?.ok_or_else(Failure::not_found)
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(shown(user))))
}

/// `PATCH /users/{user_id}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(id): Id<UserId>,
    caller: Caller,
    Json(change): Json<UserChange>,
) -> Result<axum::Json<User>, Failure> {
    let mut patch = UserPatch {
        name: change.name.as_deref().map(|name| text("name", name, 200)).transpose()?,
        email: change.email.as_deref().map(|address| email("email", address)).transpose()?,
        role: change.role.map(Into::into),
        language: change.language.map(|language| language.as_str().to_owned()),
        active: change.active,
        limits: change.limits.map(limits).transpose()?,
        ..UserPatch::default()
    };
    if let Some(password) = change.password {
        patch.password_hash = Some(state.passwords().hash(Secret::new(password)).await?);
    }
    let user = state
        .read(move |state| {
            let _people = state.people();
            let before = state.store().user(id)?.ok_or_else(Failure::not_found)?;
            patch.accounts =
                change.accounts.as_deref().map(|accounts| known_accounts(state, accounts)).transpose()?;
            if patch.active == Some(false) && id == caller.user_id() {
                return Err(Failure::new(StatusCode::CONFLICT, "user-self"));
            }
            let stays = patch.active.unwrap_or(before.active)
                && patch.role.unwrap_or(before.profile.role) == model::Role::Administrator;
            if !stays {
                keep_an_administrator(state, id)?;
            }
            let ends = patch.password_hash.is_some() || patch.active == Some(false);
            let fields = fields_changed(&patch);
            let address = patch.email.clone().unwrap_or_else(|| before.profile.email.clone());
            state.store().update_user(id, patch).map_err(|error| taken(error, &address))?;
            if ends {
                state.store().end_sessions(id, Some(caller.session()).filter(|_| id == caller.user_id()))?;
            }
            events::record(
                state,
                &caller,
                "user.changed",
                Subject::User(id),
                &[("email", address), ("fields", fields)],
            )?;
            state.store().user(id)?.ok_or_else(Failure::not_found)
        })
        .await?;
    Ok(axum::Json(shown(user)))
}

/// `DELETE /users/{user_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<UserId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let _people = state.people();
            let user = state.store().user(id)?.ok_or_else(Failure::not_found)?;
            if id == caller.user_id() {
                return Err(Failure::new(StatusCode::CONFLICT, "user-self"));
            }
            keep_an_administrator(state, id)?;
            state.store().delete_user(id)?;
            let details = [("email", user.profile.email), ("name", user.profile.name)];
            events::record(state, &caller, "user.removed", Subject::User(id), &details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses what would leave nobody who may change settings.
fn keep_an_administrator(state: &State, without: UserId) -> Result<(), Failure> {
    let remains = |user: &store::User| {
        user.id != without && user.active && user.profile.role == model::Role::Administrator
    };
    if state.store().users()?.iter().any(remains) {
        return Ok(());
    }
    Err(Failure::new(StatusCode::CONFLICT, "user-last-administrator"))
}

fn known_accounts(state: &State, asked: &[Uuid]) -> Result<Vec<AccountId>, Failure> {
    // Removed accounts keep their mail, and so the right to read it.
    let known: Vec<AccountId> = state.store().accounts(true)?.into_iter().map(|account| account.id).collect();
    let mut accounts: Vec<AccountId> = asked.iter().map(|id| AccountId::new(*id)).collect();
    accounts.sort_unstable();
    accounts.dedup();
    if accounts.iter().all(|account| known.contains(account)) {
        return Ok(accounts);
    }
    Err(Failure::field("accounts", "user-accounts"))
}

/// # Errors
/// `period` if nothing can lie in it.
fn limits(asked: UserLimits) -> Result<store::UserLimits, Failure> {
    let period = Period { from: asked.mails_from.map(|at| at.0), until: asked.mails_until.map(|at| at.0) };
    if period.from.zip(period.until).is_some_and(|(from, until)| from >= until) {
        return Err(Failure::field("mails_until", "period"));
    }
    Ok(store::UserLimits { period, expires: asked.expires.map(|at| at.0) })
}

fn taken(error: StoreError, address: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => {
            Failure::new(StatusCode::CONFLICT, "user-exists").at_field("email").with("email", address)
        }
        other => other.into(),
    }
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Agent => "agent",
        Role::Auditor => "auditor",
    }
}

fn shown(user: store::User) -> User {
    User {
        id: user.id.uuid(),
        name: user.profile.name,
        email: user.profile.email,
        role: user.profile.role.into(),
        language: Language::from_word(&user.profile.language).unwrap_or_default(),
        theme: Theme::from_word(&user.profile.theme),
        zone: Some(user.profile.zone).filter(|zone| !zone.is_empty()),
        accounts: user.accounts.iter().map(AccountId::uuid).collect(),
        active: user.active,
        limits: UserLimits {
            mails_from: user.limits.period.from.map(Into::into),
            mails_until: user.limits.period.until.map(Into::into),
            expires: user.limits.expires.map(Into::into),
        },
        created: user.created.into(),
    }
}
