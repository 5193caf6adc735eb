//! What is done in the mailboxes themselves: shown, tried again, forgotten.

use api::{SourceAction, SourceActionPage, SourceActionQuery, SourceActionState, SourceActionWord};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use model::AccountId;
use store::SourceState;

use crate::events::{self, Subject};
use crate::extract::{Id, Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, accounts, imports};

/// `GET /accounts/{account_id}/source_actions`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
    Params(query): Params<SourceActionQuery>,
) -> Result<axum::Json<SourceActionPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let wanted = match query.state {
        SourceActionState::Waiting => SourceState::Waiting,
        SourceActionState::Done => SourceState::Done,
        SourceActionState::GivenUp => SourceState::GivenUp,
    };
    let page = state.read(move |state| {
        accounts::present(state, &caller, id)?;
        let readable = caller.scope().allows(id);
        let language = caller.language();
        let (waiting, given_up) = state.store().source_action_counts(id)?;
        let rows = state.store().source_actions(id, wanted, query.before, limit)?;
        let items = rows.into_iter().map(|row| SourceAction {
            key: row.key,
            mail: row.mail.uuid(),
            subject: readable.then_some(row.subject),
            mailbox: row.mailbox,
            action: match row.action {
                store::SourceAction::MarkRead => SourceActionWord::MarkRead,
                store::SourceAction::Move(_) => SourceActionWord::Move,
                store::SourceAction::Delete => SourceActionWord::Delete,
                store::SourceAction::PutBack(_) => SourceActionWord::PutBack,
            },
            target: match row.action {
                store::SourceAction::Move(target) | store::SourceAction::PutBack(target) => Some(target),
                _ => None,
            },
            why: row.why,
            state: query.state,
            attempts: row.attempts,
            due: row.due.into(),
            error: if row.error.is_empty() { String::new() } else { imports::reason(language, &row.error) },
            created: row.created.into(),
        });
        Ok(SourceActionPage { items: items.collect(), waiting, given_up })
    });
    page.await.map(axum::Json)
}

/// `POST /accounts/{account_id}/source_actions/retry`
pub(crate) async fn retry(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let account = accounts::present(state, &caller, id)?;
            let count = state.store().retry_source_actions(id, state.now())?;
            if account.settings.active {
                // Not fetched at the moment: then it is done with the next fetch.
                state.background().fetch(id).ok();
            }
            changed(state, &caller, id, account.settings.name, count)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /accounts/{account_id}/source_actions`
pub(crate) async fn forget(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let account = accounts::present(state, &caller, id)?;
            let count = state.store().drop_source_actions(id)?;
            changed(state, &caller, id, account.settings.name, count)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn changed(state: &State, caller: &Caller, id: AccountId, name: String, count: u64) -> Result<(), Failure> {
    let details = [("name", name), ("count", count.to_string())];
    events::record(state, caller, "source.changed", Subject::Account(id), &details)
}
