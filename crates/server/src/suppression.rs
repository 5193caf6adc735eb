//! The suppression list, and the answer for systems that send.

use api::{
    Suppression, SuppressionCheck, SuppressionCheckRequest, SuppressionChecked, SuppressionPage,
    SuppressionQuery, SuppressionRequest,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::Response;
use model::UserId;
use store::NewSuppression;

use crate::addresses::Lists;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, email, limit, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, csv};

/// Items in one request.
pub(crate) const ITEMS_MAX: usize = 5000;
/// Rows of a piece of an export.
const PIECE_ROWS: usize = 1000;

pub(crate) fn few(field: &'static str, count: usize) -> Result<(), Failure> {
    if count > ITEMS_MAX {
        return Err(Failure::field(field, "too-many-items").with("items", ITEMS_MAX));
    }
    Ok(())
}

pub(crate) fn shown(entry: store::Suppression, lists: &Lists) -> Suppression {
    Suppression {
        key: entry.key,
        address: entry.address,
        class: entry.class.map(Into::into),
        list: lists.id(entry.list),
        by_rule: entry.by_rule,
        reason: entry.reason,
        user: entry.actor.parse::<UserId>().ok().map(|user| user.uuid()),
        since: entry.created.into(),
        expires: entry.expires.map(Into::into),
    }
}

/// `POST /suppression/check`
pub(crate) async fn check(
    FromState(state): FromState<State>,
    Json(request): Json<SuppressionCheckRequest>,
) -> Result<axum::Json<SuppressionCheck>, Failure> {
    few("addresses", request.addresses.len())?;
    let items = state
        .read(move |state| {
            let list = Lists::load(state)?.key(request.list)?;
            let class = request.class.into();
            let checked = state.store().check_addresses(&request.addresses, class, list, state.now())?;
            Ok(checked.into_iter().map(checked_shown).collect())
        })
        .await?;
    Ok(axum::Json(SuppressionCheck { items }))
}

fn checked_shown(checked: store::Checked) -> SuppressionChecked {
    SuppressionChecked {
        address: checked.address,
        allowed: checked.allowed,
        state: checked.state.into(),
        by: checked.by.map(str::to_owned),
        reason: checked.reason,
        since: checked.since.map(Into::into),
        alternative: checked.alternative,
    }
}

/// `GET /suppression`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    Params(query): Params<SuppressionQuery>,
) -> Result<axum::Json<SuppressionPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let cursor =
        query.cursor.map(|cursor| cursor.parse::<i64>().map_err(|_| Failure::field("cursor", "cursor")));
    let after = cursor.transpose()?.unwrap_or_default();
    let page = state
        .read(move |state| {
            let lists = Lists::load(state)?;
            let mut rows = state.store().suppressions(after, limit + 1, state.now())?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| row.key.to_string());
            Ok(SuppressionPage { items: rows.into_iter().map(|row| shown(row, &lists)).collect(), next })
        })
        .await?;
    Ok(axum::Json(page))
}

/// `POST /suppression`
pub(crate) async fn add(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(request): Json<SuppressionRequest>,
) -> Result<StatusCode, Failure> {
    few("items", request.items.len())?;
    state
        .read(move |state| {
            let lists = Lists::load(state)?;
            let mut new = Vec::with_capacity(request.items.len());
            for item in request.items {
                let reason = if item.reason.trim().is_empty() {
                    String::new()
                } else {
                    text("reason", &item.reason, 500)?
                };
                new.push(NewSuppression {
                    address: email("address", &item.address)?,
                    class: item.class.map(Into::into),
                    list: lists.key(item.list)?,
                    reason,
                    expires: item.expires.map(|expires| expires.0),
                });
            }
            let count = new.len().to_string();
            state.store().add_suppressions(new, caller.user_id().to_string(), state.now())?;
            events::record(state, &caller, "suppression.added", Subject::Nothing, &[("count", count)])
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /suppression/{key}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let actor = caller.user_id().to_string();
            let entry = state.store().remove_suppression(key, actor, state.now())?;
            let details = [("address", entry.address)];
            events::record(state, &caller, "suppression.removed", Subject::Nothing, &details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /suppression/export`
pub(crate) async fn export(FromState(state): FromState<State>) -> Response {
    let header = ["address", "class", "list", "by", "reason", "since", "expires"];
    csv::download(state, "suppression.csv", &header, |state, after: Option<i64>| {
        let lists = Lists::load(state)?;
        let rows = state.store().suppressions(after.unwrap_or_default(), PIECE_ROWS, state.now())?;
        let next = rows.last().filter(|_| rows.len() == PIECE_ROWS).map(|row| row.key);
        let mut text = String::new();
        for row in rows {
            let row = shown(row, &lists);
            let class = row.class.map_or("all", |class| standing::MailClass::from(class).as_str());
            let list = row.list.map(|list| list.to_string()).unwrap_or_default();
            let by = if row.by_rule { "rule" } else { "person" };
            let expires = row.expires.map(|expires| expires.to_string()).unwrap_or_default();
            let since = row.since.to_string();
            text.push_str(&csv::line(&[&row.address, class, &list, by, &row.reason, &since, &expires]));
        }
        Ok((text, next))
    })
}
