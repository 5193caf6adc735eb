//! First visit: the first administrator, and sample mails to try with.

use api::{ImportRun, SetupRequest, SetupState};
use axum::Extension;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use keys::Secret;
use model::{Role, UserId};
use store::{NewUser, StoreError};
use uuid::Uuid;

use crate::client::Client;
use crate::events::{self, Subject};
use crate::extract::{Json, email, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::throttle::Key;
use crate::{State, imports, lang, session};

/// `GET /setup`
pub(crate) async fn state(FromState(state): FromState<State>) -> Result<axum::Json<SetupState>, Failure> {
    let needed = state.read(|state| Ok(state.store().user_count()? == 0)).await?;
    let code_required = needed && state.setup_code().is_some();
    Ok(axum::Json(SetupState { needed, code_required, version: crate::VERSION.to_owned() }))
}

/// `POST /setup`
pub(crate) async fn set_up(
    FromState(state): FromState<State>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    Json(request): Json<SetupRequest>,
) -> Result<Response, Failure> {
    if state.read(|state| Ok(state.store().user_count()? > 0)).await? {
        return Err(done());
    }
    check_code(&state, client, request.code.as_deref()).await?;
    let organisation = text("organisation", &request.organisation, 200)?;
    let mut new = NewUser {
        name: text("name", &request.name, 200)?,
        email: email("email", &request.email)?,
        password_hash: String::new(),
        role: Role::Administrator,
        language: request.language.as_str().to_owned(),
        theme: String::new(),
        zone: session::zone(request.zone.as_deref().unwrap_or_default())?,
    };
    new.password_hash = state.passwords().hash(Secret::new(request.password)).await?;
    let user = state
        .read(move |state| {
            let id = UserId::new(Uuid::now_v7());
            state.store().create_user(id, new, Vec::new(), true, state.now()).map_err(
                |error| match error {
                    StoreError::Exists { .. } => done(),
                    other => other.into(),
                },
            )?;
            state.store().set_setting(session::ORGANISATION.to_owned(), Some(organisation))?;
            let user = state.store().user(id)?.ok_or_else(Failure::not_found)?;
            let caller = Caller::new(user.clone(), request.language, [0; 32]);
            events::record(state, &caller, "setup.done", Subject::User(id), &[])?;
            Ok(user)
        })
        .await?;
    session::open(&state, user, client, lang::accepted(&headers)).await
}

fn done() -> Failure {
    Failure::new(StatusCode::CONFLICT, "setup-done")
}

/// Where others can reach the server, who sets it up must be able to read its console.
async fn check_code(state: &State, client: Client, given: Option<&str>) -> Result<(), Failure> {
    let Some(code) = state.setup_code() else { return Ok(()) };
    session::throttle(state, &[Key::SetupCode, Key::Address(client.throttled())])?;
    let given: String = given.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    let wanted: String = code.expose().chars().filter(char::is_ascii_alphanumeric).collect();
    if keys::equal_in_constant_time(given.to_ascii_uppercase().as_bytes(), wanted.as_bytes()) {
        return Ok(());
    }
    let details = [("address", client.address.to_string())];
    state.read(move |state| events::record_stranger(state, "setup.refused", &details)).await?;
    Err(Failure::field("code", "setup-code"))
}

/// `POST /setup/samples`
pub(crate) async fn samples(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<impl IntoResponse, Failure> {
    let run: ImportRun = imports::samples(&state, caller).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(run)))
}
