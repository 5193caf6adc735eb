//! Mails that could not be taken apart.

use api::{QuarantinePage, QuarantineQuery, Quarantined};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use model::{MailId, Role, Scope};

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Id, Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;

/// Administrators keep the server in order and so see that a mail is stuck and why, in every account; what is in it
/// they see like everybody else only where it is granted.
fn watched(caller: &Caller) -> Scope {
    match caller.role() {
        Role::Administrator => Scope::All,
        Role::Agent | Role::Auditor => caller.scope().clone(),
    }
}

/// `GET /quarantine`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<QuarantineQuery>,
) -> Result<axum::Json<QuarantinePage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let before = query
        .cursor
        .map(|cursor| cursor.parse::<i64>().map_err(|_| Failure::field("cursor", "cursor")))
        .transpose()?;
    let page = state
        .read(move |state| {
            let scope = watched(&caller);
            let mut rows = state.store().quarantined(&scope, before, limit + 1)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| row.seq.to_string());
            Ok(QuarantinePage { items: rows.into_iter().map(|row| shown(&caller, row)).collect(), next })
        })
        .await?;
    Ok(axum::Json(page))
}

fn shown(caller: &Caller, row: store::Quarantined) -> Quarantined {
    Quarantined {
        mail_id: row.mail_id.uuid(),
        readable: row.accounts.iter().any(|account| caller.scope().allows(*account)),
        accounts: row.accounts.into_iter().map(|account| account.uuid()).collect(),
        step: row.step,
        attempts: row.attempts,
        reason: row.reason,
        since: row.since.into(),
        octets: row.octets,
    }
}

/// `POST /quarantine/{mail_id}/retry`
pub(crate) async fn retry(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            state.store().message(&watched(&caller), id)?.ok_or_else(Failure::not_found)?;
            state.engine().retry(id).map_err(|error| match error {
                pipeline::Error::Store(error) => error.into(),
                other => Failure::internal(other),
            })?;
            events::record(state, &caller, "quarantine.retried", Subject::Mail(id), &[])
        })
        .await?;
    Ok(StatusCode::ACCEPTED)
}
