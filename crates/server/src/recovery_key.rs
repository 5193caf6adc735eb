//! The recovery key: made and shown once, and compared with what was printed.

use api::{RecoveryKeyCheck, RecoveryKeyMade, RecoveryKeyState};
use axum::extract::State as FromState;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use keys::{RecoveryError, RecoveryKey};

use crate::State;
use crate::events::{self, Subject};
use crate::extract::Json;
use crate::problem::Failure;
use crate::rights::Caller;

/// Octets of a key as it was typed, with numbers of groups and blanks.
const TYPED_MAX: usize = 400;

/// `GET /recovery-key`
pub(crate) async fn read(
    FromState(state): FromState<State>,
) -> Result<axum::Json<RecoveryKeyState>, Failure> {
    let made = state.read(|state| match state.engine().recovery_key_made() {
        Err(pipeline::Error::Recovery(_)) => Ok(None),
        other => Ok(other?),
    });
    Ok(axum::Json(RecoveryKeyState { made_at: made.await?.map(Into::into) }))
}

/// `POST /recovery-key`
pub(crate) async fn make(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<impl IntoResponse, Failure> {
    let made = state.read(move |state| {
        let engine = state.engine();
        let replaced = engine.recovery_key_made().ok().flatten().is_some();
        let key = engine.make_recovery_key()?;
        events::record(state, &caller, "recovery_key.created", Subject::Nothing, &[])?;
        let groups = key.groups().iter().map(|group| group.expose().clone()).collect();
        Ok(RecoveryKeyMade { groups, replaced })
    });
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], axum::Json(made.await?)))
}

/// `POST /recovery-key/check`
pub(crate) async fn check(
    FromState(state): FromState<State>,
    Json(asked): Json<RecoveryKeyCheck>,
) -> Result<StatusCode, Failure> {
    if asked.key.len() > TYPED_MAX {
        return Err(wrong(RecoveryError::Length));
    }
    // As it was typed or copied: on several lines, and the numbers of the groups may stand before them.
    let words: Vec<&str> = asked.key.split_whitespace().filter(|word| word.len() > 1).collect();
    let key = RecoveryKey::parse(&words.join(" ")).map_err(wrong)?;
    let checked = state.read(move |state| match state.engine().check_recovery_key(&key) {
        Err(pipeline::Error::Recovery(error)) => Err(wrong(error)),
        other => Ok(other?),
    });
    checked.await.map(|()| StatusCode::NO_CONTENT)
}

fn wrong(error: RecoveryError) -> Failure {
    match error {
        RecoveryError::Length => Failure::field("key", "recovery-length"),
        RecoveryError::Group(group) => Failure::field("key", "recovery-group").with("group", group),
        RecoveryError::OtherKey => Failure::field("key", "recovery-other"),
        _ => Failure::field("key", "recovery-file"),
    }
}
