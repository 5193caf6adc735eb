//! Mails of an account that are not archived.

use api::{ExclusionList, ExclusionsRequest};
use axum::extract::State as FromState;
use model::AccountId;
use pipeline::ExclusionFault;
use store::{Exclusion, ExclusionKind};

use crate::events::{self, Subject};
use crate::extract::{Id, Json};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, accounts};

/// `GET /accounts/{account_id}/exclusions`
pub(crate) async fn read(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<ExclusionList>, Failure> {
    let read = state.read(move |state| {
        accounts::present(state, &caller, id)?;
        shown(state, id)
    });
    read.await.map(axum::Json)
}

/// `PUT /accounts/{account_id}/exclusions`
pub(crate) async fn write(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
    Json(asked): Json<ExclusionsRequest>,
) -> Result<axum::Json<ExclusionList>, Failure> {
    let written = state.read(move |state| {
        let account = accounts::present(state, &caller, id)?;
        let asked = asked.items.into_iter().map(|asked| Exclusion {
            name: asked.name,
            kind: kept_kind(asked.kind),
            patterns: asked.values,
        });
        let exclusions = pipeline::checked_exclusions(asked.collect(), account.settings.kind)?;
        state.store().set_exclusions(id, exclusions)?;
        let details = [("name", account.settings.name), ("fields", "exclusions".to_owned())];
        events::record(state, &caller, "account.changed", Subject::Account(id), &details)?;
        state.background().account_changed(id);
        shown(state, id)
    });
    written.await.map(axum::Json)
}

impl From<ExclusionFault> for Failure {
    fn from(fault: ExclusionFault) -> Self {
        let [(name, named), (pattern, found)] = fault.values();
        Self::field("items", fault.key()).with(name, named).with(pattern, found)
    }
}

fn shown(state: &State, id: AccountId) -> Result<ExclusionList, Failure> {
    let counts = state.store().exclusion_counts(id)?;
    let items = state.store().exclusions(id)?.into_iter().map(|rule| api::Exclusion {
        mails: counts.get(&rule.name).copied().unwrap_or_default(),
        name: rule.name,
        kind: shown_kind(rule.kind),
        values: rule.patterns,
    });
    Ok(ExclusionList { items: items.collect() })
}

const fn kept_kind(kind: api::ExclusionKind) -> ExclusionKind {
    match kind {
        api::ExclusionKind::Folder => ExclusionKind::Folder,
        api::ExclusionKind::Sender => ExclusionKind::Sender,
        api::ExclusionKind::Spam => ExclusionKind::Spam,
        api::ExclusionKind::Private => ExclusionKind::Private,
        api::ExclusionKind::WorksCouncil => ExclusionKind::WorksCouncil,
    }
}

const fn shown_kind(kind: ExclusionKind) -> api::ExclusionKind {
    match kind {
        ExclusionKind::Folder => api::ExclusionKind::Folder,
        ExclusionKind::Sender => api::ExclusionKind::Sender,
        ExclusionKind::Spam => api::ExclusionKind::Spam,
        ExclusionKind::Private => api::ExclusionKind::Private,
        ExclusionKind::WorksCouncil => api::ExclusionKind::WorksCouncil,
    }
}
