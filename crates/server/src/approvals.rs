//! What needs a second person: listed, approved, refused, taken back.

use std::collections::BTreeMap;

use api::{
    ApprovalKind, ApprovalPage, ApprovalQuery, ApprovalRefusal, ApprovalSettings, ApprovalState,
    DelayedApproval, DelayedApprovalList, Language,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use model::{ApprovalId, Role, UnixMillis};
use pipeline::{ApprovalFault, EXPORT_OPEN_MS, Person};
use serde_json::Value;
use store::{Approval, ApprovalFilter};

use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, lang};

/// Those that wait for the end of a delay.
const DELAYED_MAX: usize = 20;

impl From<ApprovalFault> for Failure {
    fn from(fault: ApprovalFault) -> Self {
        match fault {
            ApprovalFault::NotAvailable => Self::new(StatusCode::CONFLICT, "approval-not-available"),
            ApprovalFault::Own => Self::new(StatusCode::CONFLICT, "approval-own"),
            ApprovalFault::TooEarly { left_ms } => {
                let hours = left_ms.max(0).unsigned_abs().div_ceil(60 * 60_000).max(1);
                Self::new(StatusCode::CONFLICT, "approval-too-early").with("hours", hours)
            }
            ApprovalFault::Decided => Self::new(StatusCode::CONFLICT, "approval-decided"),
            ApprovalFault::NotAdministrator => Self::new(StatusCode::FORBIDDEN, "role"),
            ApprovalFault::NotAsker => Self::new(StatusCode::CONFLICT, "approval-not-asker"),
            ApprovalFault::Over => Self::new(StatusCode::CONFLICT, "approval-over"),
        }
    }
}

/// Who asks or decides.
pub(crate) fn person(caller: &Caller) -> Person {
    Person { user: Some(caller.user_id()), name: caller.name().to_owned() }
}

const fn kind(of: store::ApprovalKind) -> ApprovalKind {
    match of {
        store::ApprovalKind::Erasure => ApprovalKind::Erasure,
        store::ApprovalKind::Release => ApprovalKind::Release,
        store::ApprovalKind::Export => ApprovalKind::Export,
    }
}

const fn state_of(of: store::ApprovalState) -> ApprovalState {
    match of {
        store::ApprovalState::Waiting => ApprovalState::Waiting,
        store::ApprovalState::Approved => ApprovalState::Approved,
        store::ApprovalState::Refused => ApprovalState::Refused,
        store::ApprovalState::Done => ApprovalState::Done,
        store::ApprovalState::Failed => ApprovalState::Failed,
        store::ApprovalState::Withdrawn => ApprovalState::Withdrawn,
    }
}

const fn asked_state(of: ApprovalState) -> store::ApprovalState {
    match of {
        ApprovalState::Waiting => store::ApprovalState::Waiting,
        ApprovalState::Approved => store::ApprovalState::Approved,
        ApprovalState::Refused => store::ApprovalState::Refused,
        ApprovalState::Done => store::ApprovalState::Done,
        ApprovalState::Failed => store::ApprovalState::Failed,
        ApprovalState::Withdrawn => store::ApprovalState::Withdrawn,
    }
}

/// Texts and numbers of what is asked for.
fn details(payload: &str) -> BTreeMap<String, String> {
    let payload: BTreeMap<String, Value> = serde_json::from_str(payload).unwrap_or_default();
    let text = |(name, value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        _ => None,
    };
    payload.into_iter().filter_map(text).collect()
}

fn sentence(language: Language, of: store::ApprovalKind, details: &BTreeMap<String, String>) -> String {
    lang::event(language, &format!("asked-{}", of.as_str()), details).trim().to_owned()
}

/// What is asked for, in a sentence.
pub(crate) fn sentence_of(language: Language, approval: &Approval) -> String {
    sentence(language, approval.what.kind, &details(&approval.what.payload))
}

/// For showing: the caller, whether they decide, and how many administrators there are.
struct Viewer<'a> {
    caller: &'a Caller,
    administrators: usize,
    now: UnixMillis,
}

impl<'a> Viewer<'a> {
    fn new(state: &State, caller: &'a Caller) -> Result<Self, Failure> {
        let administrators = state.engine().administrators()?.len();
        Ok(Self { caller, administrators, now: state.now() })
    }

    fn shown(&self, approval: Approval) -> api::Approval {
        let language = self.caller.language();
        let own = approval.what.asked_by == self.caller.user_id().to_string();
        let waiting = approval.state == store::ApprovalState::Waiting;
        let may = self.caller.role() == Role::Administrator
            && waiting
            && pipeline::approval_fault(&approval, &person(self.caller), self.administrators, self.now)
                .is_none();
        let open = approval.state == store::ApprovalState::Approved
            && approval.what.kind == store::ApprovalKind::Export;
        let decided = approval.decided.as_ref().map(|decision| decision.at);
        let details = details(&approval.what.payload);
        let due = pipeline::approval_due(&approval, self.now).filter(|_| waiting);
        let asked_by = match approval.what.asked_name {
            name if name.is_empty() => {
                lang::word(language, &format!("actor-{}", approval.what.asked_by)).to_owned()
            }
            name => name,
        };
        api::Approval {
            id: approval.id.uuid(),
            kind: kind(approval.what.kind),
            text: sentence(language, approval.what.kind, &details),
            details,
            note: approval.what.note,
            asked_by,
            own,
            asked: approval.asked.into(),
            state: state_of(approval.state),
            due: due.map(Into::into),
            may_approve: may,
            decided_by: approval.decided.map(|decision| decision.name),
            decided: decided.map(Into::into),
            open_until: decided.filter(|_| open).map(|at| at.plus_ms(EXPORT_OPEN_MS).into()),
            outcome: approval.outcome,
        }
    }
}

/// `GET /approvals`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ApprovalQuery>,
) -> Result<axum::Json<ApprovalPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let cursor =
        query.cursor.map(|cursor| cursor.parse::<i64>().map_err(|_| Failure::field("cursor", "cursor")));
    let before = cursor.transpose()?;
    let page = state.read(move |state| {
        let own = Some(caller.user_id().to_string()).filter(|_| caller.role() == Role::Agent);
        let filter =
            ApprovalFilter { state: query.state.map(asked_state).filter(|_| own.is_none()), asked_by: own };
        let mut rows = state.store().approvals(&filter, before, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.number.to_string());
        let wanted = query.state.map(asked_state);
        rows.retain(|row| wanted.is_none_or(|wanted| row.state == wanted));
        let viewer = Viewer::new(state, &caller)?;
        Ok(ApprovalPage { items: rows.into_iter().map(|row| viewer.shown(row)).collect(), next })
    });
    page.await.map(axum::Json)
}

/// `GET /approvals/delayed`
pub(crate) async fn delayed(
    FromState(state): FromState<State>,
) -> Result<axum::Json<DelayedApprovalList>, Failure> {
    let list = state.read(move |state| {
        let filter = ApprovalFilter { state: Some(store::ApprovalState::Waiting), asked_by: None };
        let now = state.now();
        let waiting = state.store().approvals(&filter, None, DELAYED_MAX)?.into_iter();
        let items = waiting.filter_map(|approval| {
            Some(DelayedApproval {
                id: approval.id.uuid(),
                kind: kind(approval.what.kind),
                due: pipeline::approval_due(&approval, now)?.into(),
                asked_by: approval.what.asked_name,
                note: approval.what.note,
            })
        });
        Ok(DelayedApprovalList { items: items.collect() })
    });
    list.await.map(axum::Json)
}

fn settings_of(state: &State) -> Result<ApprovalSettings, Failure> {
    let limit = state.engine().export_limit()?;
    Ok(ApprovalSettings { export_from: limit.set, export_holds: limit.holds })
}

/// `GET /approvals/settings`
pub(crate) async fn settings(
    FromState(state): FromState<State>,
) -> Result<axum::Json<ApprovalSettings>, Failure> {
    state.read(settings_of).await.map(axum::Json)
}

/// `PUT /approvals/settings`
pub(crate) async fn set_settings(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<ApprovalSettings>,
) -> Result<axum::Json<ApprovalSettings>, Failure> {
    let changed = state.read(move |state| {
        state.engine().set_export_limit(asked.export_from)?;
        let now = settings_of(state)?;
        let count = now.export_holds.map_or_else(|| "–".to_owned(), |from| from.to_string());
        events::record(state, &caller, "approvals.changed", Subject::Nothing, &[("count", count)])?;
        Ok(now)
    });
    changed.await.map(axum::Json)
}

pub(crate) fn found(state: &State, caller: &Caller, id: ApprovalId) -> Result<api::Approval, Failure> {
    let approval = state.store().approval(id)?.ok_or_else(Failure::not_found)?;
    Ok(Viewer::new(state, caller)?.shown(approval))
}

/// `POST /approvals/{approval_id}/approve`
pub(crate) async fn approve(
    FromState(state): FromState<State>,
    Id(id): Id<ApprovalId>,
    caller: Caller,
) -> Result<axum::Json<api::Approval>, Failure> {
    let decided = state.read(move |state| {
        state.engine().approve(id, &person(&caller))?;
        found(state, &caller, id)
    });
    decided.await.map(axum::Json)
}

/// `POST /approvals/{approval_id}/refuse`
pub(crate) async fn refuse(
    FromState(state): FromState<State>,
    Id(id): Id<ApprovalId>,
    caller: Caller,
    Json(asked): Json<ApprovalRefusal>,
) -> Result<axum::Json<api::Approval>, Failure> {
    let decided = state.read(move |state| {
        state.engine().refuse(id, &person(&caller), &asked.reason)?;
        found(state, &caller, id)
    });
    decided.await.map(axum::Json)
}

/// `POST /approvals/{approval_id}/withdraw`
pub(crate) async fn withdraw(
    FromState(state): FromState<State>,
    Id(id): Id<ApprovalId>,
    caller: Caller,
) -> Result<axum::Json<api::Approval>, Failure> {
    let decided = state.read(move |state| {
        state.engine().withdraw(id, &person(&caller))?;
        found(state, &caller, id)
    });
    decided.await.map(axum::Json)
}
