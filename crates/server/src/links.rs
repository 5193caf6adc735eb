//! What mails are linked to, why, and what people change about it.

use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;

use api::{
    ContactProposalRequest, LinkSuggestion, LinkTrace, LinkedRecord, LinksChange, LinksChanged, MessageLinks,
    RecordLink, RecordName, RemoveLinkQuery,
};
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use model::{MailId, RecordKind};
use store::LinkWish;
use uuid::Uuid;

use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, email, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, jumps, what_if};

const MAILS_MAX: usize = 500;
const RECORDS_MAX: usize = 50;

/// Kind of a new contact in the event log, and what webhooks hear.
const PROPOSED: &str = "contact.proposed";

/// Kind and number of the path; what is no kind does not exist.
pub(crate) fn named(kind: &str, number: &str) -> Result<(RecordKind, String), Failure> {
    Ok((RecordKind::from_word(kind).ok_or_else(Failure::not_found)?, number.to_owned()))
}

/// A record beside a mail. Only addresses a browser may safely open are handed out.
pub(crate) fn shown_record(record: store::LinkedRecord) -> LinkedRecord {
    let extra: BTreeMap<String, serde_json::Value> = serde_json::from_str(&record.extra).unwrap_or_default();
    let words = extra.into_iter().map(|(name, value)| match value {
        serde_json::Value::String(text) => (name, text),
        other => (name, other.to_string()),
    });
    let is_web = record.url.starts_with("https://") || record.url.starts_with("http://");
    LinkedRecord {
        kind: record.kind.as_str().to_owned(),
        number: record.number,
        name: record.name,
        active: record.active,
        date: record.date.map(Into::into),
        state: record.state,
        url: is_web.then_some(record.url),
        extra: words.filter(|(_, value)| !value.is_empty()).collect(),
        vanished: record.vanished,
    }
}

/// Suggestions as they are shown.
pub(crate) fn shown_suggestions(suggestions: Vec<(store::LinkedRecord, link::Why)>) -> Vec<LinkSuggestion> {
    let shown = |(record, why): (store::LinkedRecord, link::Why)| LinkSuggestion {
        record: shown_record(record),
        why: why.as_str().to_owned(),
    };
    suggestions.into_iter().map(shown).collect()
}

/// Names of all users, by id.
pub(crate) fn user_names(state: &State) -> Result<HashMap<String, String>, Failure> {
    let users = state.store().users()?;
    Ok(users.into_iter().map(|user| (user.id.to_string(), user.profile.name)).collect())
}

fn shown_link(link: store::MessageLink, names: &HashMap<String, String>) -> RecordLink {
    RecordLink {
        record: shown_record(link.record),
        how: link.how.as_str().to_owned(),
        by: if link.rule { "rule" } else { "person" }.to_owned(),
        user: names.get(&link.actor).cloned(),
        at: link.at.into(),
        removed: link.removed.as_ref().map(|(at, _)| (*at).into()),
        remover: link.removed.and_then(|(_, actor)| names.get(&actor).cloned()),
    }
}

/// `GET /messages/{mail_id}/links`
pub(crate) async fn of_message(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
) -> Result<axum::Json<MessageLinks>, Failure> {
    let links = state.read(move |state| {
        let row = state.store().message_row(caller.scope(), id)?.ok_or_else(Failure::not_found)?;
        // What could not be filed when it came may have its record now.
        state.engine().relink_one(id)?;
        let links = state.store().message_links(caller.scope(), &[id])?.remove(&id).unwrap_or_default();
        let names = user_names(state)?;
        let shown =
            |list: Vec<store::MessageLink>| list.into_iter().map(|link| shown_link(link, &names)).collect();
        Ok(MessageLinks {
            jumps: jumps::of_message(state, &row, &links)?,
            outcome: links.outcome.map(|outcome| outcome.as_str().to_owned()),
            person: links.person,
            stranger: links.stranger,
            links: shown(links.links),
            removed: shown(links.removed),
            suggestions: shown_suggestions(links.suggestions),
            unknown: unknown(state, id)?,
        })
    });
    links.await.map(axum::Json)
}

/// Numbers in a mail that look like those of a kind and are none that is known.
fn unknown(state: &State, id: MailId) -> Result<Vec<RecordName>, Failure> {
    if state.engine().link_settings()?.masks.is_empty() {
        return Ok(Vec::new());
    }
    let Some(facts) = state.store().mail_facts(id)? else { return Ok(Vec::new()) };
    let rules = state.engine().link_rules()?;
    let directory = rules.directory.read().unwrap_or_else(PoisonError::into_inner);
    let found = link::unknown_numbers(&facts, &directory, &rules.settings);
    Ok(found
        .into_iter()
        .map(|(kind, number)| RecordName { kind: kind.as_str().to_owned(), number })
        .collect())
}

/// `GET /messages/{mail_id}/links/why`
pub(crate) async fn why(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
) -> Result<axum::Json<LinkTrace>, Failure> {
    let trace = state.read(move |state| {
        state.store().message_row(caller.scope(), id)?.ok_or_else(Failure::not_found)?;
        let decided = state.store().link_decision(id)?;
        Ok(LinkTrace {
            outcome: decided.as_ref().map(|decided| decided.outcome.as_str().to_owned()),
            person: decided.as_ref().is_some_and(|decided| decided.by_person),
            steps: decided.into_iter().flat_map(|decided| decided.trace).map(what_if::shown_step).collect(),
        })
    });
    trace.await.map(axum::Json)
}

fn names(names: Vec<RecordName>, field: &str) -> Result<Vec<(RecordKind, String)>, Failure> {
    let found = names.into_iter().map(|name| {
        let kind = RecordKind::from_word(&name.kind).ok_or_else(|| {
            Failure::field(field, "word-unknown").with("word", &name.kind).with("field", field)
        })?;
        Ok((kind, name.number))
    });
    found.collect()
}

fn change(
    state: &State,
    caller: &Caller,
    mails: Vec<MailId>,
    wish: LinkWish,
) -> Result<axum::Json<LinksChanged>, Failure> {
    let actor = caller.actor();
    let done = state.store().change_links(caller.scope(), mails, wish, actor, state.now())?;
    if done.messages == 0 {
        return Err(Failure::not_found());
    }
    state.engine().messages_changed();
    let undo = state.link_undos().keep(caller.user_id(), done.undo, state.now());
    Ok(axum::Json(LinksChanged { messages: done.messages, undo }))
}

/// `PUT /messages/{mail_id}/links/{kind}/{number}`
pub(crate) async fn set(
    FromState(state): FromState<State>,
    Path((id, kind, number)): Path<(String, String, String)>,
    caller: Caller,
) -> Result<axum::Json<LinksChanged>, Failure> {
    let id: MailId = id.parse().map_err(|_| Failure::not_found())?;
    let wish = LinkWish { set: vec![named(&kind, &number)?], ..LinkWish::default() };
    state.read(move |state| change(state, &caller, vec![id], wish)).await
}

/// `DELETE /messages/{mail_id}/links/{kind}/{number}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Path((id, kind, number)): Path<(String, String, String)>,
    caller: Caller,
    Params(query): Params<RemoveLinkQuery>,
) -> Result<axum::Json<LinksChanged>, Failure> {
    let id: MailId = id.parse().map_err(|_| Failure::not_found())?;
    let remember = remembered(query.remember);
    let wish = LinkWish { remove: vec![named(&kind, &number)?], remember, ..LinkWish::default() };
    state.read(move |state| change(state, &caller, vec![id], wish)).await
}

const fn remembered(remember: api::Remember) -> store::Remember {
    match remember {
        api::Remember::Mail => store::Remember::Mail,
        api::Remember::Thread => store::Remember::Thread,
        api::Remember::Address => store::Remember::Address,
    }
}

/// `POST /links/bulk`
pub(crate) async fn bulk(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<LinksChange>,
) -> Result<axum::Json<LinksChanged>, Failure> {
    for (field, count, max) in [
        ("mails", asked.mails.len(), MAILS_MAX),
        ("set", asked.set.len(), RECORDS_MAX),
        ("remove", asked.remove.len(), RECORDS_MAX),
    ] {
        if count > max {
            return Err(Failure::field(field, "too-many-items").with("items", max));
        }
    }
    let mails = asked.mails.into_iter().map(MailId::new).collect();
    let wish = LinkWish {
        set: names(asked.set, "set")?,
        remove: names(asked.remove, "remove")?,
        remember: remembered(asked.remember),
        none: asked.none,
    };
    state.read(move |state| change(state, &caller, mails, wish)).await
}

/// `POST /links/undo/{undo_id}`
pub(crate) async fn undo(
    FromState(state): FromState<State>,
    Id(id): Id<Uuid>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let undone = state.read(move |state| {
        let undo = state.link_undos().take(caller.user_id(), id, state.now());
        let undo = undo.ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "undo-gone"))?;
        let actor = caller.actor();
        state.store().undo_links(undo, actor, state.now())?;
        state.engine().messages_changed();
        Ok(())
    });
    undone.await.map(|()| StatusCode::NO_CONTENT)
}

/// `POST /messages/{mail_id}/contact_proposal`
pub(crate) async fn propose_contact(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
    Json(asked): Json<ContactProposalRequest>,
) -> Result<StatusCode, Failure> {
    let (name, address) = (text("name", &asked.name, 200)?, email("address", &asked.address)?);
    let told = state.read(move |state| {
        let row = state.store().message_row(caller.scope(), id)?.ok_or_else(Failure::not_found)?;
        let details = [("name", name), ("address", address)];
        events::record(state, &caller, PROPOSED, Subject::Mail(row.mail_id), &details)
    });
    told.await.map(|()| StatusCode::NO_CONTENT)
}
