//! Mailing lists and their members.

use api::{
    ListMember, MailingList, MailingListRequest, MailingLists, MemberImport, MemberPage, MemberRequest,
    SuppressionQuery,
};
use axum::body::Bytes;
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use store::StoreError;
use uuid::Uuid;

use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, email, limit, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::suppression::few;
use crate::{State, addresses, csv};

/// Rows of a piece of an export, and of a chunk of an import.
const PIECE_ROWS: usize = 1000;
/// Rows named that cannot be used.
const UNUSABLE_MAX: usize = 100;
/// Columns of members in files; the first one must be there.
const COLUMNS: [&str; 3] = ["email", "name", "active"];

fn shown(list: store::MailingList) -> MailingList {
    MailingList {
        id: Uuid::from_bytes(list.id),
        name: list.name,
        address: list.address,
        created: list.created.into(),
        active: list.active,
        off: list.off,
    }
}

fn find(state: &State, id: Uuid) -> Result<store::MailingList, Failure> {
    state.store().mailing_list(*id.as_bytes())?.ok_or_else(Failure::not_found)
}

fn taken(error: StoreError, name: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => {
            Failure::new(StatusCode::CONFLICT, "list-name-taken").at_field("name").with("name", name)
        }
        other => other.into(),
    }
}

fn request(request: &MailingListRequest) -> Result<(String, Option<String>), Failure> {
    let address = request.address.as_deref().filter(|address| !address.trim().is_empty());
    Ok((text("name", &request.name, 200)?, address.map(|address| email("address", address)).transpose()?))
}

/// `GET /lists`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<MailingLists>, Failure> {
    let lists = state.read(|state| Ok(state.store().mailing_lists()?)).await?;
    Ok(axum::Json(MailingLists { items: lists.into_iter().map(shown).collect() }))
}

/// `GET /lists/{list_id}`
pub(crate) async fn one(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
) -> Result<axum::Json<MailingList>, Failure> {
    Ok(axum::Json(shown(state.read(move |state| find(state, id)).await?)))
}

/// `POST /lists`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(new): Json<MailingListRequest>,
) -> Result<impl IntoResponse, Failure> {
    let (name, address) = request(&new)?;
    let list = state
        .read(move |state| {
            let id = Uuid::now_v7();
            let made = state.store().create_mailing_list(*id.as_bytes(), name.clone(), address, state.now());
            made.map_err(|error| taken(error, &name))?;
            events::record(state, &caller, "list.created", Subject::Nothing, &[("name", name)])?;
            find(state, id)
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(shown(list))))
}

/// `PUT /lists/{list_id}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
    caller: Caller,
    Json(new): Json<MailingListRequest>,
) -> Result<axum::Json<MailingList>, Failure> {
    let (name, address) = request(&new)?;
    let list = state
        .read(move |state| {
            let key = find(state, id)?.key;
            let changed = state.store().update_mailing_list(key, name.clone(), address);
            changed.map_err(|error| taken(error, &name))?;
            events::record(state, &caller, "list.changed", Subject::Nothing, &[("name", name)])?;
            find(state, id)
        })
        .await?;
    Ok(axum::Json(shown(list)))
}

/// `DELETE /lists/{list_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let list = find(state, id)?;
            state.store().remove_mailing_list(list.key)?;
            events::record(state, &caller, "list.removed", Subject::Nothing, &[("name", list.name)])
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /lists/{list_id}/members`
pub(crate) async fn members(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
    caller: Caller,
    Params(query): Params<SuppressionQuery>,
) -> Result<axum::Json<MemberPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let after = query.cursor.unwrap_or_default();
    let page = state
        .read(move |state| {
            let key = find(state, id)?.key;
            let mut rows = state.store().list_members(key, &after, limit + 1)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| row.address.clone());
            let addresses: Vec<&str> = rows.iter().map(|row| row.address.as_str()).collect();
            let mut contacts = addresses::contacts(state, &caller, &addresses)?;
            let items = rows.into_iter().map(|row| ListMember {
                contact: contacts.remove(&row.address),
                by_rule: row.actor == "rule",
                address: row.address,
                name: row.name,
                active: row.active,
                since: row.since.into(),
            });
            Ok(MemberPage { items: items.collect(), next })
        })
        .await?;
    Ok(axum::Json(page))
}

fn log_members(state: &State, caller: &Caller, name: String, count: usize) -> Result<(), Failure> {
    let details = [("name", name), ("count", count.to_string())];
    events::record(state, caller, "list.members", Subject::Nothing, &details)
}

/// `PUT /lists/{list_id}/members`
pub(crate) async fn put_members(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
    caller: Caller,
    Json(request): Json<MemberRequest>,
) -> Result<StatusCode, Failure> {
    few("items", request.items.len())?;
    state
        .read(move |state| {
            let list = find(state, id)?;
            let (now, actor) = (state.now(), caller.user_id().to_string());
            let mut members = Vec::with_capacity(request.items.len());
            for item in request.items {
                let name =
                    if item.name.trim().is_empty() { String::new() } else { text("name", &item.name, 200)? };
                let address = email("address", &item.address)?;
                let active = item.active.unwrap_or(true);
                members.push(store::ListMember { address, name, active, since: now, actor: actor.clone() });
            }
            let count = members.len();
            state.store().put_list_members(list.key, members)?;
            log_members(state, &caller, list.name, count)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /lists/{list_id}/members/{address}`
pub(crate) async fn remove_member(
    FromState(state): FromState<State>,
    Path((id, address)): Path<(String, String)>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let id: Uuid = id.parse().map_err(|_| Failure::not_found())?;
    state
        .read(move |state| {
            let list = find(state, id)?;
            state.store().drop_list_member(list.key, &address)?;
            log_members(state, &caller, list.name, 1)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /lists/{list_id}/members/import`
pub(crate) async fn import(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
    caller: Caller,
    file: Bytes,
) -> Result<axum::Json<MemberImport>, Failure> {
    let done = state
        .heavy(move |state| {
            let list = find(state, id)?;
            let done = take_file(state, &caller, list.key, &file)?;
            log_members(state, &caller, list.name, done.taken as usize)?;
            Ok(done)
        })
        .await?;
    Ok(axum::Json(done))
}

fn take_file(state: &State, caller: &Caller, key: i64, file: &[u8]) -> Result<MemberImport, Failure> {
    let unreadable =
        |error: erp::Error| Failure::new(StatusCode::BAD_REQUEST, "file-unreadable").with("reason", &error);
    let mut table = erp::Table::open(file).map_err(unreadable)?;
    let columns = erp::Columns::find(&COLUMNS, table.header(), "").map_err(unreadable)?;
    let (now, actor) = (state.now(), caller.user_id().to_string());
    let mut done = MemberImport { taken: 0, unusable: Vec::new() };
    let mut chunk = Vec::with_capacity(PIECE_ROWS);
    while let Some(row) = table.next_row().map_err(unreadable)? {
        let address = email("address", columns.cell(&row.cells, "email"));
        let active = erp::boolean(columns.cell(&row.cells, "active"));
        let (Ok(address), Ok(active)) = (address, active) else {
            if done.unusable.len() < UNUSABLE_MAX {
                done.unusable.push(row.number);
            }
            continue;
        };
        let name = columns.cell(&row.cells, "name").chars().filter(|c| !c.is_control()).take(200).collect();
        let active = active.unwrap_or(true);
        chunk.push(store::ListMember { address, name, active, since: now, actor: actor.clone() });
        done.taken += 1;
        if chunk.len() == PIECE_ROWS {
            state.store().put_list_members(key, std::mem::take(&mut chunk))?;
        }
    }
    state.store().put_list_members(key, chunk)?;
    Ok(done)
}

/// `GET /lists/{list_id}/members/export`
pub(crate) async fn export(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
) -> Result<Response, Failure> {
    let list = state.read(move |state| find(state, id)).await?;
    let header = ["email", "name", "active", "since", "by"];
    let name = format!("{}.csv", list.name.replace(['/', '\\'], "_"));
    Ok(csv::download(state, &name, &header, move |state, after: Option<String>| {
        let rows = state.store().list_members(list.key, &after.unwrap_or_default(), PIECE_ROWS)?;
        let next = rows.last().filter(|_| rows.len() == PIECE_ROWS).map(|row| row.address.clone());
        let mut text = String::new();
        for row in rows {
            let active = if row.active { "yes" } else { "no" };
            let by = if row.actor == "rule" { "rule" } else { "person" };
            let since = api::Timestamp(row.since).to_string();
            text.push_str(&csv::line(&[&row.address, &row.name, active, &since, by]));
        }
        Ok((text, next))
    }))
}
