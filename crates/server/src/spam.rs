//! What people say of spam, and the test of the filter.

use api::{SpamAnswer, SpamChanged, SpamFilterTest, SpamFilterTried, SpamRequest, SpamState};
use axum::extract::State as FromState;
use model::MailId;
use store::Suspicion;

use crate::extract::{Json, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, attachments};

const MAILS_MAX: usize = 500;

/// How a message stands.
pub(crate) fn shown(suspicion: &Suspicion) -> SpamState {
    SpamState { suspected: suspicion.spam, marked: suspicion.marked.clone(), said: suspicion.said }
}

/// `POST /messages/spam`
pub(crate) async fn judge(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<SpamRequest>,
) -> Result<axum::Json<SpamAnswer>, Failure> {
    if asked.mails.len() > MAILS_MAX {
        return Err(Failure::field("mails", "too-many-items").with("items", MAILS_MAX));
    }
    let judged = state.read(move |state| {
        let mails: Vec<MailId> = asked.mails.into_iter().map(MailId::new).collect();
        let done =
            state.store().judge_spam(caller.scope(), &mails, asked.spam, caller.actor(), state.now())?;
        if done.changed.is_empty() && done.unchanged == 0 {
            return Err(Failure::not_found());
        }
        if !done.changed.is_empty() {
            state.engine().messages_changed();
        }
        Ok(done)
    });
    let done = judged.await?;
    let changed =
        done.changed.iter().map(|(mail, before)| SpamChanged { mail_id: mail.uuid(), before: *before });
    Ok(axum::Json(SpamAnswer { changed: changed.collect(), unchanged: done.unchanged }))
}

/// `POST /attachments/spam_filter/test`
pub(crate) async fn test_filter(
    FromState(state): FromState<State>,
    Json(asked): Json<SpamFilterTest>,
) -> Result<axum::Json<SpamFilterTried>, Failure> {
    let address = text("spam_filter", &asked.spam_filter, 300)?;
    let tried = state.read(move |state| match state.engine().try_spam_filter(&address) {
        Ok(mark) => Ok(SpamFilterTried { mark: Some(attachments::spam_mark(mark)), error: None }),
        Err(Some(said)) => Ok(SpamFilterTried { mark: None, error: Some(said) }),
        Err(None) => Err(Failure::field("spam_filter", "spam-filter-address").with("address", address)),
    });
    tried.await.map(axum::Json)
}
