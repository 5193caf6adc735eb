//! Login, logout, one's own profile.

use api::{AccountName, Language, ProfileChange, Session, SessionRequest, SessionUser, Theme};
use axum::Extension;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use keys::Secret;
use store::UserPatch;

use crate::client::Client;
use crate::events::{self, Subject};
use crate::extract::{Json, text};
use crate::problem::{Failure, Speaks};
use crate::rights::{self, Caller};
use crate::throttle::Key;
use crate::{State, cookie, lang};

/// Name of the setting that holds the organisation's name.
pub const ORGANISATION: &str = "organisation";

/// Throttles whose last try is older are forgotten.
const FORGET_MS: i64 = 24 * 60 * 60_000;

/// `GET /session`
pub(crate) async fn current(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<Session>, Failure> {
    state.read(move |state| shown(state, &caller)).await.map(axum::Json)
}

/// The session as pages show it.
pub(crate) fn shown(state: &State, caller: &Caller) -> Result<Session, Failure> {
    let accounts =
        state.store().accounts(true)?.into_iter().filter(|account| caller.scope().allows(account.id));
    let user = caller.user();
    Ok(Session {
        user: SessionUser {
            id: user.id.uuid(),
            name: user.profile.name.clone(),
            email: user.profile.email.clone(),
            role: user.profile.role.into(),
            language: caller.language(),
            theme: Theme::from_word(&user.profile.theme),
            zone: Some(user.profile.zone.clone()).filter(|zone| !zone.is_empty()),
        },
        accounts: accounts
            .map(|account| AccountName {
                id: account.id.uuid(),
                name: account.settings.name,
                address: account.settings.address,
            })
            .collect(),
        organisation: state.store().setting(ORGANISATION)?.unwrap_or_default(),
        version: crate::VERSION.to_owned(),
    })
}

/// `POST /session`
pub(crate) async fn log_in(
    FromState(state): FromState<State>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    Json(request): Json<SessionRequest>,
) -> Result<Response, Failure> {
    let email = request.email.trim().to_lowercase();
    let throttled = [Key::Login(email.clone(), client.throttled()), Key::Address(client.throttled())];
    state.throttle().begin(&throttled, state.now()).map_err(wait)?;
    let asked = email.clone();
    let user = state
        .read(move |state| {
            let now = state.now();
            Ok(state.store().user_by_email(&asked)?.filter(|user| user.may_log_in(now)))
        })
        .await?;
    let hash = user.as_ref().map(|user| user.profile.password_hash.clone());
    let right = state.passwords().is_right(Secret::new(request.password), hash).await?;
    let Some(user) = user.filter(|_| right) else {
        let details = [("email", email.chars().take(320).collect()), ("address", client.address.to_string())];
        state.read(move |state| events::record_stranger(state, "session.refused", &details)).await?;
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "session-wrong"));
    };
    state.throttle().succeeded(&throttled[..1]);
    open(&state, user, client, lang::accepted(&headers)).await
}

fn wait(wait: std::time::Duration) -> Failure {
    Failure::new(StatusCode::TOO_MANY_REQUESTS, "throttled")
        .with("seconds", wait.as_secs() + 1)
        .retry_after(wait)
}

/// Counts a try and refuses it if there were too many.
pub(crate) fn throttle(state: &State, keys: &[Key]) -> Result<(), Failure> {
    state.throttle().begin(keys, state.now()).map_err(wait)
}

/// Begins a session and answers with it and its cookie.
pub(crate) async fn open(
    state: &State,
    user: store::User,
    client: Client,
    accepted: Language,
) -> Result<Response, Failure> {
    let token = keys::random_token().map_err(Failure::internal)?;
    let digest = keys::token_digest(token.expose());
    let (session, language) = state
        .read(move |state| {
            let now = state.now();
            let expires = rights::expiry(now, now);
            state.store().expire_sessions(now, now.plus_ms(-FORGET_MS))?;
            state.store().start_session(digest, user.id, now, expires)?;
            let language = Language::from_word(&user.profile.language).unwrap_or(accepted);
            let caller = Caller::new(user, language, digest);
            events::record(
                state,
                &caller,
                "session.opened",
                Subject::Nothing,
                &[("address", client.address.to_string())],
            )?;
            Ok((shown(state, &caller)?, language))
        })
        .await?;
    let cookie = cookie::remember(&token, rights::SESSION_LONGEST_MS / 1000, client.secure);
    let mut response =
        (StatusCode::CREATED, [(header::SET_COOKIE, cookie)], axum::Json(session)).into_response();
    response.extensions_mut().insert(Speaks(language));
    Ok(response)
}

/// `DELETE /session`
pub(crate) async fn log_out(
    FromState(state): FromState<State>,
    Extension(client): Extension<Client>,
    caller: Caller,
) -> Result<impl IntoResponse, Failure> {
    state
        .read(move |state| {
            state.store().end_session(caller.session())?;
            events::record(state, &caller, "session.closed", Subject::Nothing, &[])
        })
        .await?;
    // What the browser kept of mails is dropped too.
    let clear = (header::HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::forget(client.secure)), clear]))
}

/// `PATCH /me`
pub(crate) async fn change_profile(
    FromState(state): FromState<State>,
    Extension(client): Extension<Client>,
    caller: Caller,
    Json(change): Json<ProfileChange>,
) -> Result<Response, Failure> {
    let mut patch = UserPatch {
        name: change.name.as_deref().map(|name| text("name", name, 200)).transpose()?,
        language: change.language.map(|language| language.as_str().to_owned()),
        theme: change.theme.map(theme_kept),
        zone: change.zone.as_deref().map(zone).transpose()?,
        ..UserPatch::default()
    };
    if let Some(password) = change.password {
        prove(&state, &caller, client, change.current_password).await?;
        patch.password_hash = Some(state.passwords().hash(Secret::new(password)).await?);
    }
    let (session, language) = state
        .read(move |state| {
            let fields = fields_changed(&patch);
            let new_password = patch.password_hash.is_some();
            state.store().update_user(caller.user_id(), patch)?;
            if new_password {
                state.store().end_sessions(caller.user_id(), Some(caller.session()))?;
            }
            events::record(
                state,
                &caller,
                "profile.changed",
                Subject::User(caller.user_id()),
                &[("fields", fields)],
            )?;
            let user = state.store().user(caller.user_id())?.ok_or_else(Failure::not_found)?;
            let language = Language::from_word(&user.profile.language).unwrap_or(caller.language());
            let caller = Caller::new(user, language, caller.session());
            Ok((shown(state, &caller)?, language))
        })
        .await?;
    let mut response = axum::Json(session).into_response();
    response.extensions_mut().insert(Speaks(language));
    Ok(response)
}

/// A page left open must not be enough to take a login over.
async fn prove(
    state: &State,
    caller: &Caller,
    client: Client,
    current: Option<String>,
) -> Result<(), Failure> {
    let email = caller.user().profile.email.to_lowercase();
    let keys = [Key::Login(email, client.throttled())];
    throttle(state, &keys)?;
    let hash = caller.user().profile.password_hash.clone();
    let right = state.passwords().is_right(Secret::new(current.unwrap_or_default()), Some(hash)).await?;
    if !right {
        return Err(Failure::field("current_password", "current-password"));
    }
    state.throttle().succeeded(&keys);
    Ok(())
}

/// A zone that exists; empty: the browser's.
pub(crate) fn zone(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() || jiff::tz::TimeZone::get(name).is_ok() {
        return Ok(name.to_owned());
    }
    Err(Failure::field("zone", "zone").with("zone", name.chars().take(100).collect::<String>()))
}

fn theme_kept(theme: Theme) -> String {
    match theme {
        Theme::Auto => String::new(),
        chosen => chosen.as_str().to_owned(),
    }
}

/// Names of the fields in a patch, for the event log; never their values.
pub(crate) fn fields_changed(patch: &UserPatch) -> String {
    let fields = [
        ("name", patch.name.is_some()),
        ("email", patch.email.is_some()),
        ("password", patch.password_hash.is_some()),
        ("role", patch.role.is_some()),
        ("language", patch.language.is_some()),
        ("theme", patch.theme.is_some()),
        ("zone", patch.zone.is_some()),
        ("active", patch.active.is_some()),
        ("accounts", patch.accounts.is_some()),
    ];
    fields.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
