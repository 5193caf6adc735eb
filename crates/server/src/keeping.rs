//! What stays in the mailboxes themselves.

use api::{Deletable, DeletableQuery};
use axum::extract::State as FromState;
use model::AccountId;
use store::{AccountKind, AfterFetch, Keeping};

use crate::background::BackgroundError;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, accounts};

/// A hundred years.
const DAYS_MAX: u32 = 36_500;

/// `GET /accounts/{account_id}/keeping`
pub(crate) async fn read(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<api::Keeping>, Failure> {
    let read = state.read(move |state| {
        accounts::present(state, &caller, id)?;
        Ok(shown(state.store().keeping(id)?))
    });
    read.await.map(axum::Json)
}

/// `GET /accounts/{account_id}/keeping/deletable`
pub(crate) async fn deletable(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
    Params(query): Params<DeletableQuery>,
) -> Result<axum::Json<Deletable>, Failure> {
    let counted = state.read(move |state| {
        accounts::present(state, &caller, id)?;
        let mails = state.store().count_deletable(id, query.days.min(DAYS_MAX), state.now())?;
        Ok(Deletable { mails })
    });
    counted.await.map(axum::Json)
}

/// `PUT /accounts/{account_id}/keeping`
pub(crate) async fn write(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
    Json(asked): Json<api::Keeping>,
) -> Result<axum::Json<api::Keeping>, Failure> {
    let written = state.read(move |state| {
        let account = accounts::present(state, &caller, id)?;
        if account.settings.kind == AccountKind::Import {
            return Err(BackgroundError::NotFetched.into());
        }
        let keeping = kept(&asked)?;
        if account.settings.kind == AccountKind::Pop3 && keeping.needs_folders() {
            return Err(Failure::field("fetched", "account-pop3-fetched"));
        }
        state.store().set_keeping(id, keeping.clone(), state.now())?;
        let details = [("name", account.settings.name), ("fields", "keeping".to_owned())];
        events::record(state, &caller, "account.changed", Subject::Account(id), &details)?;
        Ok(shown(keeping))
    });
    written.await.map(axum::Json)
}

/// What is asked, as it is kept; what can never work is refused.
pub(crate) fn kept(asked: &api::Keeping) -> Result<Keeping, Failure> {
    let folder = |field: &'static str, name: Option<&String>| match name.map(|name| name.trim()) {
        None | Some("") => Ok(None),
        Some(name) => text(field, name, 200).map(Some),
    };
    let fetched_folder = folder("fetched_folder", asked.fetched_folder.as_ref())?;
    let fetched = match asked.fetched {
        api::AfterFetch::Leave => AfterFetch::Leave,
        api::AfterFetch::MarkRead => AfterFetch::MarkRead,
        api::AfterFetch::Move if fetched_folder.is_none() => {
            return Err(Failure::field("fetched_folder", "account-fetched-folder"));
        }
        api::AfterFetch::Move => AfterFetch::Move,
    };
    if asked.delete_after_days.is_some_and(|days| days > DAYS_MAX) {
        return Err(Failure::field("delete_after_days", "account-delete-days"));
    }
    Ok(Keeping {
        fetched,
        fetched_folder: fetched_folder.unwrap_or_default(),
        failed_folder: folder("failed_folder", asked.failed_folder.as_ref())?,
        delete_after_days: asked.delete_after_days,
        mirrored: asked.delete_there,
    })
}

fn shown(kept: Keeping) -> api::Keeping {
    api::Keeping {
        fetched: match kept.fetched {
            AfterFetch::Leave => api::AfterFetch::Leave,
            AfterFetch::MarkRead => api::AfterFetch::MarkRead,
            AfterFetch::Move => api::AfterFetch::Move,
        },
        fetched_folder: Some(kept.fetched_folder).filter(|name| !name.is_empty()),
        failed_folder: kept.failed_folder,
        delete_after_days: kept.delete_after_days,
        delete_there: kept.mirrored,
    }
}
