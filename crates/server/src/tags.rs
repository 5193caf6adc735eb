//! Tags: words with a colour, on messages.

use api::{Tag, TagChange, TagColour, TagList, TagRequest};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use model::MailId;
use store::StoreError;

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, text};
use crate::problem::Failure;
use crate::rights::Caller;

const NAME_MAX: usize = 60;
const MAILS_MAX: usize = 500;
const TAGS_MAX: usize = 50;

/// A tag as it is shown.
pub(crate) fn shown(tag: &store::Tag) -> Tag {
    Tag { key: tag.key, name: tag.name.clone(), colour: TagColour::from_word(&tag.colour) }
}

fn taken(error: StoreError, name: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => {
            Failure::new(StatusCode::CONFLICT, "tag-name-taken").at_field("name").with("name", name)
        }
        other => other.into(),
    }
}

/// `GET /tags`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<TagList>, Failure> {
    let tags = state.read(|state| Ok(state.store().tags()?)).await?;
    Ok(axum::Json(TagList { items: tags.iter().map(shown).collect() }))
}

/// `POST /tags`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(new): Json<TagRequest>,
) -> Result<impl IntoResponse, Failure> {
    let name = text("name", &new.name, NAME_MAX)?;
    let tag = state
        .read(move |state| {
            let made = state.store().create_tag(&name, new.colour.as_str().to_owned(), state.now());
            let tag = made.map_err(|error| taken(error, &name))?;
            events::record(state, &caller, "tag.created", Subject::Nothing, &[("name", name)])?;
            Ok(shown(&tag))
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(tag)))
}

/// `PUT /tags/{key}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
    Json(new): Json<TagRequest>,
) -> Result<axum::Json<Tag>, Failure> {
    let name = text("name", &new.name, NAME_MAX)?;
    let tag = state
        .read(move |state| {
            let changed = state.store().change_tag(key, &name, new.colour.as_str().to_owned());
            let tag = changed.map_err(|error| taken(error, &name))?;
            state.engine().messages_changed();
            events::record(state, &caller, "tag.changed", Subject::Nothing, &[("name", name)])?;
            Ok(shown(&tag))
        })
        .await?;
    Ok(axum::Json(tag))
}

/// `DELETE /tags/{key}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let name = state.store().tags()?.into_iter().find(|tag| tag.key == key).map(|tag| tag.name);
            state.store().remove_tag(key)?;
            state.engine().messages_changed();
            let name = name.unwrap_or_default();
            events::record(state, &caller, "tag.removed", Subject::Nothing, &[("name", name)])
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /tags/messages`
pub(crate) async fn messages(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(change): Json<TagChange>,
) -> Result<StatusCode, Failure> {
    let add = change.add.iter().map(|name| text("add", name, NAME_MAX)).collect::<Result<Vec<_>, _>>()?;
    for (field, count, max) in [
        ("mails", change.mails.len(), MAILS_MAX),
        ("add", add.len(), TAGS_MAX),
        ("remove", change.remove.len(), TAGS_MAX),
    ] {
        if count > max {
            return Err(Failure::field(field, "too-many-items").with("items", max));
        }
    }
    state
        .read(move |state| {
            let mails: Vec<MailId> = change.mails.iter().map(|id| MailId::new(*id)).collect();
            let (scope, actor) = (caller.scope(), caller.actor());
            let done = state.store().tag_messages(scope, &mails, add, change.remove, actor, state.now())?;
            if done == 0 {
                return Err(Failure::not_found());
            }
            state.engine().messages_changed();
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
