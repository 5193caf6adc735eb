//! Deleting messages here, which hides them, and restoring them.

use std::time::Duration;

use api::{DeletionAnswer, DeletionRequest};
use axum::extract::State as FromState;
use model::{AccountId, MailId};
use store::Hidden;

use crate::State;
use crate::extract::Json;
use crate::problem::Failure;
use crate::rights::Caller;

const MAILS_MAX: usize = 500;

/// `POST /messages/delete`
pub(crate) async fn delete(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<DeletionRequest>,
) -> Result<axum::Json<DeletionAnswer>, Failure> {
    let (done, wait) = change(&state, caller, asked, true).await?;
    if !done.sources.is_empty() {
        let sources = done.sources.clone();
        // Should this be lost, the next fetch does it.
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            for account in sources {
                state.background().fetch(account).ok();
            }
        });
    }
    Ok(shown(&done))
}

/// `POST /messages/restore`
pub(crate) async fn restore(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<DeletionRequest>,
) -> Result<axum::Json<DeletionAnswer>, Failure> {
    change(&state, caller, asked, false).await.map(|(done, _)| shown(&done))
}

/// What became of them, and how long until something is due at the source.
async fn change(
    state: &State,
    caller: Caller,
    asked: DeletionRequest,
    delete: bool,
) -> Result<(Hidden, Duration), Failure> {
    if asked.mails.len() > MAILS_MAX {
        return Err(Failure::field("mails", "too-many-items").with("items", MAILS_MAX));
    }
    let changed = state.read(move |state| {
        let mails: Vec<MailId> = asked.mails.into_iter().map(MailId::new).collect();
        let actor = caller.actor();
        let (scope, now) = (caller.scope(), state.now());
        let done = if delete {
            state.store().delete_messages(scope, &mails, actor, now)?
        } else {
            state.store().restore_messages(scope, &mails, actor, now)?
        };
        if done.changed.is_empty() && done.unchanged == 0 {
            return Err(Failure::not_found());
        }
        if !done.changed.is_empty() {
            state.engine().messages_changed();
        }
        let wait = u64::try_from(done.due.0.saturating_sub(now.0)).unwrap_or_default();
        Ok((done, Duration::from_millis(wait)))
    });
    changed.await
}

fn shown(done: &Hidden) -> axum::Json<DeletionAnswer> {
    axum::Json(DeletionAnswer {
        changed: done.changed.iter().map(MailId::uuid).collect(),
        unchanged: done.unchanged,
        at_source: done.sources.iter().map(AccountId::uuid).collect(),
    })
}
