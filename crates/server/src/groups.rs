//! Groups, and which mails of an account are sorted to them.

use std::collections::{HashMap, HashSet};

use api::{GroupList, GroupMember, GroupName, GroupRequest, SortingRules};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use model::{AccountId, UserId};
use store::{Group, NewGroup, SortingRule, StoreError};
use uuid::Uuid;

use crate::events::{self, Subject};
use crate::extract::{Id, Json, email, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, accounts};

const ADDRESSES_MAX: usize = 100;
const MEMBERS_MAX: usize = 500;
const RULES_MAX: usize = 500;
/// Earlier mails sorted with one transaction.
const BATCH: usize = 500;

/// What is asked, as it is kept.
pub(crate) fn row(asked: &GroupRequest) -> Result<NewGroup, Failure> {
    for (field, count, max) in
        [("addresses", asked.addresses.len(), ADDRESSES_MAX), ("members", asked.members.len(), MEMBERS_MAX)]
    {
        if count > max {
            return Err(Failure::field(field, "too-many-items").with("items", max));
        }
    }
    let description = asked.description.trim();
    Ok(NewGroup {
        name: text("name", &asked.name, 200)?,
        description: if description.is_empty() {
            String::new()
        } else {
            text("description", description, 1000)?
        },
        addresses: asked.addresses.iter().map(|one| email("addresses", one)).collect::<Result<_, _>>()?,
        members: asked.members.iter().map(|id| UserId::new(*id)).collect(),
    })
}

/// The name is another group's.
pub(crate) fn name_is_taken(name: &str) -> Failure {
    Failure::new(StatusCode::CONFLICT, "group-name-taken").at_field("name").with("name", name)
}

fn taken(error: StoreError, name: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => name_is_taken(name),
        other => other.into(),
    }
}

fn all(state: &State) -> Result<Vec<api::Group>, Failure> {
    let users = state.store().users()?;
    let names: HashMap<UserId, &str> =
        users.iter().map(|user| (user.id, user.profile.name.as_str())).collect();
    let shown = |group: Group| api::Group {
        id: Uuid::from_bytes(group.id),
        name: group.what.name,
        description: group.what.description,
        addresses: group.what.addresses,
        members: group
            .what
            .members
            .iter()
            .filter_map(|id| Some(GroupMember { id: id.uuid(), name: (*names.get(id)?).to_owned() }))
            .collect(),
        created: group.created.into(),
    };
    Ok(state.store().groups()?.into_iter().map(shown).collect())
}

fn find(state: &State, id: Uuid) -> Result<api::Group, Failure> {
    all(state)?.into_iter().find(|group| group.id == id).ok_or_else(Failure::not_found)
}

/// `GET /groups`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<GroupList>, Failure> {
    state.read(|state| Ok(GroupList { items: all(state)? })).await.map(axum::Json)
}

/// `POST /groups`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<GroupRequest>,
) -> Result<impl IntoResponse, Failure> {
    let new = row(&asked)?;
    let made = state.read(move |state| {
        let (id, name) = (Uuid::now_v7(), new.name.clone());
        state.store().create_group(*id.as_bytes(), new, state.now()).map_err(|error| taken(error, &name))?;
        events::record(state, &caller, "group.created", Subject::Nothing, &[("name", name)])?;
        find(state, id)
    });
    Ok((StatusCode::CREATED, axum::Json(made.await?)))
}

/// `PUT /groups/{group_id}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
    caller: Caller,
    Json(asked): Json<GroupRequest>,
) -> Result<axum::Json<api::Group>, Failure> {
    let what = row(&asked)?;
    let changed = state.read(move |state| {
        find(state, id)?;
        let name = what.name.clone();
        state.store().change_group(*id.as_bytes(), what).map_err(|error| taken(error, &name))?;
        events::record(state, &caller, "group.changed", Subject::Nothing, &[("name", name)])?;
        find(state, id)
    });
    changed.await.map(axum::Json)
}

/// `DELETE /groups/{group_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let removed = state.read(move |state| {
        let group = find(state, id)?;
        state.store().remove_group(*id.as_bytes())?;
        events::record(state, &caller, "group.removed", Subject::Nothing, &[("name", group.name)])
    });
    removed.await.map(|()| StatusCode::NO_CONTENT)
}

/// `GET /accounts/{account_id}/sorting`
pub(crate) async fn sorting(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<SortingRules>, Failure> {
    let read = state.read(move |state| {
        accounts::present(state, &caller, id)?;
        shown_rules(state, id)
    });
    read.await.map(axum::Json)
}

/// `PUT /accounts/{account_id}/sorting`
pub(crate) async fn set_sorting(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
    Json(asked): Json<SortingRules>,
) -> Result<axum::Json<SortingRules>, Failure> {
    let written = state.read(move |state| {
        let account = accounts::present(state, &caller, id)?;
        let rules = kept_rules(state, &asked)?;
        state.store().set_sorting(id, rules)?;
        let details = [("name", account.settings.name), ("fields", "sorting".to_owned())];
        events::record(state, &caller, "account.changed", Subject::Account(id), &details)?;
        shown_rules(state, id)
    });
    written.await.map(axum::Json)
}

/// `POST /accounts/{account_id}/sorting/earlier`
pub(crate) async fn sort_earlier(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let told = state.clone();
    told.read(move |state| {
        let name = accounts::present(state, &caller, id)?.settings.name;
        events::record(state, &caller, "account.sorted", Subject::Account(id), &[("name", name)])
    })
    .await?;
    // Long in a large account; what a restart breaks off can be asked for again.
    tokio::task::spawn_blocking(move || {
        let mut after = 0;
        loop {
            match state.store().sort_earlier(id, after, BATCH) {
                Ok(Some(last)) => after = last,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(account.id = %id, error = %error, "earlier mails were not sorted");
                    break;
                }
            }
        }
        state.engine().messages_changed();
    });
    Ok(StatusCode::ACCEPTED)
}

fn kept_rules(state: &State, asked: &SortingRules) -> Result<Vec<SortingRule>, Failure> {
    if asked.items.len() > RULES_MAX {
        return Err(Failure::field("items", "too-many-items").with("items", RULES_MAX));
    }
    let known: HashSet<[u8; 16]> = state.store().groups()?.into_iter().map(|group| group.id).collect();
    let mut seen = HashSet::new();
    let mut rules = Vec::with_capacity(asked.items.len());
    for rule in &asked.items {
        let pattern = pattern(&rule.pattern)?;
        if !seen.insert(pattern.clone()) {
            return Err(Failure::field("items", "sorting-twice").with("pattern", &pattern));
        }
        let group = *rule.group.as_bytes();
        if !known.contains(&group) {
            return Err(Failure::field("items", "sorting-group"));
        }
        rules.push(SortingRule { pattern, group });
    }
    Ok(rules)
}

/// An address or `@domain` in lower case; empty stays empty.
fn pattern(asked: &str) -> Result<String, Failure> {
    let asked = asked.trim().to_lowercase();
    if asked.is_empty() {
        return Ok(asked);
    }
    let whole = if asked.starts_with('@') { format!("x{asked}") } else { asked.clone() };
    email("items", &whole)?;
    Ok(asked)
}

fn shown_rules(state: &State, id: AccountId) -> Result<SortingRules, Failure> {
    let rules = state.store().sorting(id)?.into_iter();
    let shown =
        |rule: SortingRule| api::SortingRule { pattern: rule.pattern, group: Uuid::from_bytes(rule.group) };
    Ok(SortingRules { items: rules.map(shown).collect() })
}

/// Beside a message in a list.
pub(crate) fn named(group: &store::MessageGroup) -> GroupName {
    GroupName { id: Uuid::from_bytes(group.id), name: group.name.clone() }
}

/// Beside a message that is open, with the reason.
pub(crate) fn explained(
    group: &store::MessageGroup,
    names: &HashMap<AccountId, String>,
) -> api::MessageGroup {
    api::MessageGroup {
        id: Uuid::from_bytes(group.id),
        name: group.name.clone(),
        account: group.account.uuid(),
        account_name: names.get(&group.account).cloned().unwrap_or_default(),
        by: group.by.as_str().to_owned(),
        value: group.value.clone(),
        pattern: group.pattern.clone(),
    }
}
