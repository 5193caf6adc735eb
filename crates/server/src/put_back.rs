//! Mails put back into a mailbox of a server.

use api::{PutBackAnswer, PutBackRequest};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use model::{AccountId, MailId};
use pipeline::PutBackOf;

use crate::extract::Json;
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, accounts, approvals, search};

const MAILS_MAX: usize = 500;

/// `POST /messages/put_back`
pub(crate) async fn put_back(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<PutBackRequest>,
) -> Result<axum::Json<PutBackAnswer>, Failure> {
    if asked.mails.len() > MAILS_MAX {
        return Err(Failure::field("mails", "too-many-items").with("items", MAILS_MAX));
    }
    if asked.mails.is_empty() == asked.q.is_none() {
        return Err(Failure::field("mails", "field-empty"));
    }
    let done = state.read(move |state| {
        let id = AccountId::new(asked.account);
        let account = accounts::present(state, &caller, id)?;
        let of = match &asked.q {
            Some(query) => PutBackOf::Search(search::asked(state, &caller, query)),
            None => PutBackOf::Mails(asked.mails.into_iter().map(MailId::new).collect()),
        };
        let by = approvals::person(&caller);
        let count = state.engine().put_back(caller.scope(), &of, id, &asked.folder, &by).map_err(
            |error| match error {
                pipeline::Error::PutBack("put-back-folder") => Failure::field("folder", "folder-name"),
                pipeline::Error::PutBack("put-back-not-imap") => {
                    Failure::new(StatusCode::CONFLICT, "put-back-not-imap")
                }
                pipeline::Error::PutBack(_) => Failure::new(StatusCode::CONFLICT, "put-back-never-fetched"),
                error => search::unanswered(error),
            },
        )?;
        if count == 0 {
            return Err(Failure::not_found());
        }
        if account.settings.active {
            // Not fetched at the moment: then it is done with the next fetch.
            state.background().fetch(id).ok();
        }
        Ok(PutBackAnswer { count, waits_for_activation: !account.settings.active })
    });
    done.await.map(axum::Json)
}
