//! Legal holds.

use std::collections::HashMap;

use api::{HoldLiftRequest, HoldPreview, HoldPreviewRequest, LegalHold, LegalHoldList, LegalHoldRequest};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use store::{NewHold, StoreError};

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::search::unanswered;

const NAME_MAX: usize = 100;
const REASON_MAX: usize = 500;
const QUERY_MAX: usize = 1000;

fn all(state: &State) -> Result<LegalHoldList, Failure> {
    let users = state.store().users()?;
    let names: HashMap<String, String> =
        users.into_iter().map(|user| (user.id.to_string(), user.profile.name)).collect();
    let named = |id: &String| names.get(id).cloned().unwrap_or_default();
    let last = state.store().last_change()?;
    let shown = |(hold, mails): (store::Hold, u64)| {
        let (lifted, lifter, lift_reason) = match &hold.lifted {
            Some((at, by, why)) => (Some((*at).into()), Some(named(by)), Some(why.clone())),
            None => (None, None, None),
        };
        LegalHold {
            key: hold.key,
            actor: named(&hold.actor),
            looking: lifted.is_none() && hold.seen < last,
            name: hold.name,
            reason: hold.reason,
            query: hold.query,
            since: hold.since.into(),
            mails,
            lifted,
            lifter,
            lift_reason,
        }
    };
    Ok(LegalHoldList { items: state.store().holds()?.into_iter().map(shown).collect() })
}

fn count(state: &State, query: &str) -> Result<u64, Failure> {
    let (messages, unsupported) = state.engine().count_messages(query).map_err(unanswered)?;
    match unsupported.first() {
        Some(word) => Err(Failure::field("query", "query-value-unknown").with("value", word)),
        None => Ok(messages),
    }
}

/// `GET /retention/holds`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<LegalHoldList>, Failure> {
    state.read(all).await.map(axum::Json)
}

/// `POST /retention/holds/preview`
pub(crate) async fn preview(
    FromState(state): FromState<State>,
    Json(asked): Json<HoldPreviewRequest>,
) -> Result<axum::Json<HoldPreview>, Failure> {
    let query = text("query", &asked.query, QUERY_MAX)?;
    let messages = state.read(move |state| count(state, &query)).await?;
    Ok(axum::Json(HoldPreview { messages }))
}

/// `POST /retention/holds`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<LegalHoldRequest>,
) -> Result<(StatusCode, axum::Json<LegalHoldList>), Failure> {
    let name = text("name", &asked.name, NAME_MAX)?;
    let reason = text("reason", &asked.reason, REASON_MAX)?;
    let query = text("query", &asked.query, QUERY_MAX)?;
    let made = state.read(move |state| {
        // What is not understood is refused here, and not found out later.
        count(state, &query)?;
        let details = [("name", name.clone()), ("reason", reason.clone()), ("query", query.clone())];
        let event = events::of(state, &caller, "hold.created", Subject::Nothing, &details);
        let new = NewHold { name: name.clone(), reason, query, actor: caller.user_id().to_string() };
        state.store().add_hold(new, event, state.now()).map_err(|error| match error {
            StoreError::Exists { .. } => {
                Failure::new(StatusCode::CONFLICT, "hold-name-taken").at_field("name").with("name", &name)
            }
            other => other.into(),
        })?;
        state.engine().retention_changed();
        all(state)
    });
    Ok((StatusCode::CREATED, axum::Json(made.await?)))
}

/// `POST /retention/holds/{key}/lift`
pub(crate) async fn lift(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
    Json(asked): Json<HoldLiftRequest>,
) -> Result<axum::Json<LegalHoldList>, Failure> {
    let reason = text("reason", &asked.reason, REASON_MAX)?;
    let lifted = state.read(move |state| {
        let holds = state.store().open_holds()?;
        let hold = holds.into_iter().find(|hold| hold.key == key).ok_or_else(Failure::not_found)?;
        let details = [("name", hold.name), ("reason", reason.clone())];
        let event = events::of(state, &caller, "hold.removed", Subject::Nothing, &details);
        state.store().lift_hold(key, reason, caller.user_id().to_string(), event, state.now())?;
        all(state)
    });
    lifted.await.map(axum::Json)
}
