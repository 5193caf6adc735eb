//! The event log: what is written into it, and the list of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};

use api::{Actor, EventExportQuery, EventFormat, EventPage, EventQuery, EventWord, EventWords, Language};
use axum::extract::State as FromState;
use axum::response::Response;
use model::{AccountId, EventId, ImportRunId, MailId, UnixMillis, UserId};
use store::{Event, EventCursor, EventFilter, Store};
use tracing::error;
use uuid::Uuid;

use crate::extract::{Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, csv, lang};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Account(AccountId),
    Mail(MailId),
    User(UserId),
    Import(ImportRunId),
    Nothing,
}

impl Subject {
    fn text(self) -> String {
        match self {
            Self::Account(id) => id.to_string(),
            Self::Mail(id) => id.to_string(),
            Self::User(id) => id.to_string(),
            Self::Import(id) => id.to_string(),
            Self::Nothing => String::new(),
        }
    }
}

/// Name of the person in the payload: the log keeps it when the user is gone.
const NAME: &str = "user";

fn entry(
    at: UnixMillis,
    actor: &str,
    name: &str,
    kind: &'static str,
    subject: Subject,
    details: &[(&'static str, String)],
) -> Event {
    let mut payload: BTreeMap<&str, &str> =
        details.iter().map(|(name, value)| (*name, value.as_str())).collect();
    payload.insert(NAME, name);
    Event {
        id: EventId::new(Uuid::now_v7()),
        at,
        actor: actor.to_owned(),
        kind: kind.to_owned(),
        subject: subject.text(),
        payload: serde_json::to_string(&payload).unwrap_or_default(),
    }
}

/// An entry about what a person changes, for whoever writes it together with that.
pub(crate) fn of(
    state: &State,
    caller: &Caller,
    kind: &'static str,
    subject: Subject,
    details: &[(&'static str, String)],
) -> Event {
    entry(state.now(), &caller.user_id().to_string(), caller.name(), kind, subject, details)
}

/// Writes what a person changed, before the answer says so.
pub(crate) fn record(
    state: &State,
    caller: &Caller,
    kind: &'static str,
    subject: Subject,
    details: &[(&'static str, String)],
) -> Result<(), Failure> {
    let actor = caller.user_id().to_string();
    let event = entry(state.now(), &actor, caller.name(), kind, subject, details);
    Ok(state.store().append_events(vec![event])?)
}

/// The same for several at once, in one transaction.
pub(crate) fn record_all(
    state: &State,
    caller: &Caller,
    kind: &'static str,
    entries: &[(Subject, Vec<(&'static str, String)>)],
) -> Result<(), Failure> {
    let actor = caller.user_id().to_string();
    let events = entries
        .iter()
        .map(|(subject, details)| entry(state.now(), &actor, caller.name(), kind, *subject, details))
        .collect();
    Ok(state.store().append_events(events)?)
}

/// The same where nobody is logged in, such as a wrong password.
pub(crate) fn record_stranger(
    state: &State,
    kind: &'static str,
    details: &[(&'static str, String)],
) -> Result<(), Failure> {
    let event = entry(state.now(), "web", "", kind, Subject::Nothing, details);
    Ok(state.store().append_events(vec![event])?)
}

/// The same reading again within this time is one entry.
const SAME_READING_MS: i64 = 10 * 60_000;
/// Readings remembered for that.
const READINGS_MAX: usize = 20_000;
/// Entries that wait to be written; beyond, reading waits for the log.
const WAITING_MAX: usize = 2_000;
/// Entries in one transaction.
const BATCH_MAX: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Reading {
    user: UserId,
    kind: &'static str,
    subject: Subject,
    what: String,
}

enum Line {
    Entry(Box<Event>),
    /// Answer when everything before is written.
    Flush(SyncSender<()>),
}

/// Writes who read which mail, in batches and beside the answers.
#[derive(Debug)]
pub(crate) struct AccessLog {
    lines: SyncSender<Line>,
    recent: Mutex<HashMap<Reading, UnixMillis>>,
}

impl AccessLog {
    /// Starts the thread that writes.
    pub(crate) fn start(store: Store) -> std::io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING_MAX);
        std::thread::Builder::new().name("access log".to_owned()).spawn(move || write(&store, &waiting))?;
        Ok(Self { lines, recent: Mutex::default() })
    }

    fn is_new(&self, reading: Reading, now: UnixMillis) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.get(&reading).is_some_and(|at| now.0.saturating_sub(at.0) < SAME_READING_MS) {
            return false;
        }
        if recent.len() >= READINGS_MAX {
            recent.retain(|_, at| now.0.saturating_sub(at.0) < SAME_READING_MS);
        }
        if recent.len() >= READINGS_MAX {
            recent.clear();
        }
        recent.insert(reading, now);
        true
    }

    /// Waits until everything handed in before is written. Blocks.
    pub(crate) fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.lines.send(Line::Flush(done)).is_ok() {
            // An error means the thread has ended: then nothing is left to wait for.
            let _ = wait.recv();
        }
    }
}

fn write(store: &Store, waiting: &Receiver<Line>) {
    while let Ok(first) = waiting.recv() {
        let (mut events, mut flushes) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(line) = next {
            match line {
                Line::Entry(event) => events.push(*event),
                Line::Flush(done) => flushes.push(done),
            }
            next = if events.len() < BATCH_MAX { waiting.try_recv().ok() } else { None };
        }
        if !events.is_empty()
            && let Err(error) = store.append_events(events)
        {
            error!(
                error = &error as &dyn std::error::Error,
                "who read which mail could not be written to the event log"
            );
        }
        for done in flushes {
            let _ = done.send(());
        }
    }
}

/// Notes that the caller read something. The same again within ten minutes is one entry. Blocks only when the log cannot
/// keep up.
///
/// # Errors
/// If the log cannot keep up and the entry cannot be written at once either.
pub(crate) fn record_reading(
    state: &State,
    caller: &Caller,
    kind: &'static str,
    subject: Subject,
    details: &[(&'static str, String)],
) -> Result<(), Failure> {
    let now = state.now();
    let what = details.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n");
    if !state.access_log().is_new(Reading { user: caller.user_id(), kind, subject, what }, now) {
        return Ok(());
    }
    let event = entry(now, &caller.user_id().to_string(), caller.name(), kind, subject, details);
    match state.access_log().lines.try_send(Line::Entry(Box::new(event))) {
        Err(TrySendError::Full(Line::Entry(event)) | TrySendError::Disconnected(Line::Entry(event))) => {
            Ok(state.store().append_events(vec![*event])?)
        }
        _ => Ok(()),
    }
}

fn filter(query: EventQuery) -> EventFilter {
    let some = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    EventFilter {
        actor: some(query.actor),
        kind: some(query.action),
        subject: some(query.target),
        from: query.from.map(|at| at.0),
        until: query.until.map(|at| at.0),
    }
}

/// Where a page begins, as its cursor says: time and number.
fn place(cursor: &str) -> Result<EventCursor, Failure> {
    let place = cursor
        .split_once('.')
        .and_then(|(at, seq)| Some(EventCursor { at: UnixMillis(at.parse().ok()?), seq: seq.parse().ok()? }));
    place.ok_or_else(|| Failure::field("cursor", "cursor"))
}

/// `GET /events`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<EventQuery>,
) -> Result<axum::Json<EventPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let before = query.cursor.as_deref().map(place).transpose()?;
    let filter = filter(query);
    let language = caller.language();
    let page = state
        .read(move |state| {
            let mut rows = state.store().events(&filter, before, limit + 1)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|(number, event)| format!("{}.{number}", event.at.0));
            Ok(EventPage { items: rows.into_iter().map(|(_, event)| shown(event, language)).collect(), next })
        })
        .await?;
    Ok(axum::Json(page))
}

/// `GET /events/words`
pub(crate) async fn words(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<EventWords>, Failure> {
    let language = caller.language();
    let words = state.read(move |state| {
        let users: HashMap<String, String> =
            state.store().users()?.into_iter().map(|user| (user.id.to_string(), user.profile.name)).collect();
        let mut actors = Vec::new();
        for key in state.store().event_actors()? {
            let name = match users.get(&key) {
                Some(name) => name.clone(),
                None if key.parse::<UserId>().is_err() => actor(language, &key),
                // Of a user who is gone the log keeps the name.
                None => {
                    let filter = EventFilter { actor: Some(key.clone()), ..EventFilter::default() };
                    let newest = state.store().events(&filter, None, 1)?.pop();
                    newest.and_then(|(_, event)| details(&event).remove(NAME)).unwrap_or_else(|| key.clone())
                }
            };
            actors.push(EventWord { key, name });
        }
        actors.sort_by_key(|word| word.name.to_lowercase());
        let mut actions: Vec<EventWord> = state
            .store()
            .event_kinds()?
            .into_iter()
            .map(|key| EventWord { name: lang::event_named(language, &key.replace(['.', '_'], "-")), key })
            .collect();
        actions.sort_by_key(|word| word.name.to_lowercase());
        Ok(EventWords { actors, actions })
    });
    words.await.map(axum::Json)
}

/// Entries of a piece of a file.
const PIECE: usize = 1000;
/// Columns of the log as CSV.
const COLUMNS: [&str; 7] = ["id", "at", "actor", "action", "target", "text", "details"];

fn line(event: Event, language: Language, format: EventFormat) -> String {
    let event = shown(event, language);
    if format == EventFormat::Json {
        return serde_json::to_string(&event).unwrap_or_default() + "\n";
    }
    let details = serde_json::to_string(&event.details).unwrap_or_default();
    let at = serde_json::to_value(event.at).unwrap_or_default();
    csv::line(&[
        &event.id.to_string(),
        at.as_str().unwrap_or_default(),
        &event.actor.name,
        &event.action,
        event.target.as_deref().unwrap_or_default(),
        &event.text,
        &details,
    ])
}

/// `GET /events/export`
pub(crate) async fn export(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<EventExportQuery>,
) -> Result<Response, Failure> {
    let (language, format) = (caller.language(), query.format);
    let EventExportQuery { actor, action, target, from, until, .. } = query;
    let filter = filter(EventQuery { actor, action, target, from, until, ..EventQuery::default() });
    let word = if format == EventFormat::Csv { "csv" } else { "json" };
    let details = [("format", word.to_owned())];
    state.read(move |state| record(state, &caller, "log.exported", Subject::Nothing, &details)).await?;
    let piece = move |state: &State, from: Option<EventCursor>| {
        let rows = state.store().events(&filter, from, PIECE)?;
        let last = rows.last().map(|(seq, event)| EventCursor { at: event.at, seq: *seq });
        let next = last.filter(|_| rows.len() == PIECE);
        Ok((rows.into_iter().map(|(_, event)| line(event, language, format)).collect(), next))
    };
    Ok(match format {
        EventFormat::Csv => csv::download(state, "log.csv", &COLUMNS, piece),
        EventFormat::Json => csv::stream(state, ("log.jsonl", "application/x-ndjson"), String::new(), piece),
    })
}

/// Words and values of an entry.
fn details(event: &Event) -> BTreeMap<String, String> {
    let payload: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&event.payload).unwrap_or_default();
    let text = |(name, value)| match value {
        serde_json::Value::String(text) => (name, text),
        other => (name, other.to_string()),
    };
    payload.into_iter().map(text).collect()
}

fn said(event: &Event, language: Language, details: &BTreeMap<String, String>) -> String {
    let said = |kind: &str, details| lang::event(language, &kind.replace(['.', '_'], "-"), details);
    if let Some(what) = details.get("what").filter(|_| event.kind.starts_with("approval.")) {
        let mut named = details.clone();
        named.insert("what".to_owned(), lang::word(language, &format!("approval-{what}")).to_owned());
        return said(&event.kind, &named);
    }
    // What is over is said as it was.
    match details.get("trouble").filter(|_| event.kind == "trouble.over") {
        Some(trouble) => {
            let mut over = details.clone();
            over.insert("trouble".to_owned(), said(trouble, details));
            said(&event.kind, &over)
        }
        None => said(&event.kind, details),
    }
}

/// What an entry says.
pub(crate) fn sentence(event: &Event, language: Language) -> String {
    said(event, language, &details(event))
}

/// Name of who did it: as the log has it, otherwise as it is now.
pub(crate) fn actor_name(language: Language, event: &Event, users: &HashMap<UserId, String>) -> String {
    let kept = details(event).remove(NAME).filter(|name| !name.is_empty());
    let known = || event.actor.parse().ok().and_then(|id: UserId| users.get(&id).cloned());
    kept.or_else(known).unwrap_or_else(|| actor(language, &event.actor))
}

/// Name of a part of the server.
fn actor(language: Language, word: &str) -> String {
    lang::word_if_known(language, &format!("actor-{word}"), &[]).unwrap_or_else(|| word.to_owned())
}

fn shown(event: Event, language: Language) -> api::Event {
    let mut details = details(&event);
    let text = said(&event, language, &details);
    let name = details.remove(NAME).filter(|name| !name.is_empty());
    let user = event.actor.parse::<UserId>().ok();
    api::Event {
        id: event.id.uuid(),
        at: event.at.into(),
        actor: Actor {
            user: user.map(|user| user.uuid()),
            name: name.unwrap_or_else(|| actor(language, &event.actor)),
        },
        action: event.kind,
        target: Some(event.subject).filter(|subject| !subject.is_empty()),
        details,
        text,
    }
}
