//! The event log: who did what to what, for people to read; only ever added to. Each entry has a leaf in the provable log.

use model::{EventId, UnixMillis};

use crate::db::Tx;
use crate::error::Result;
use crate::log_leaves;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Rows, args};

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When.
    pub at: UnixMillis,
    /// Who: a user's id, or the name of a part of the server.
    pub actor: String,
    /// What: a stable word, such as `mail.fetched`.
    pub kind: String,
    /// Id of what it was done to; empty if there is no one thing.
    pub subject: String,
    /// The rest, JSON; opaque here.
    pub payload: String,
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// About this subject; wins over `kind`.
    pub subject: Option<String>,
}

macro_rules! select {
    ($filter:literal) => {
        concat!(
            "SELECT seq, event_id, at, actor, kind, subject, payload FROM events WHERE ",
            $filter,
            "seq < $1 ORDER BY seq DESC LIMIT $2"
        )
    };
}

statements! {
    APPEND = "INSERT INTO events (seq, event_id, at, actor, kind, subject, payload) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    APPEND_MANY [Int, Blob, Int, Text, Text, Text, Text] = "WITH v(seq, event_id, at, actor, kind, subject, payload) \
        AS ({rows}) INSERT INTO events (seq, event_id, at, actor, kind, subject, payload) \
        SELECT seq, event_id, at, actor, kind, subject, payload FROM v WHERE TRUE";
    NEWEST = select!("");
    NEWEST_KIND = select!("kind = $3 AND ");
    NEWEST_SUBJECT = select!("subject = $3 AND ");
    COUNT = "SELECT COUNT(*) FROM events";
}

/// An entry about something that a part of the server did.
pub(crate) fn entry(actor: &str, kind: &str, subject: String, payload: String, at: UnixMillis) -> Event {
    let id = EventId::new(uuid::Uuid::now_v7());
    Event { id, at, actor: actor.to_owned(), kind: kind.to_owned(), subject, payload }
}

/// Text that can stand between quotation marks in JSON.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '"' || c == '\\' { '?' } else { c }).collect()
}

/// Adds an entry in the transaction of what it tells of.
pub(crate) fn append(tx: &Tx<'_>, event: &Event) -> Result<()> {
    let seq = take(tx, "event", 1)?;
    let args =
        args![seq, event.id.octets(), event.at, &event.actor, &event.kind, &event.subject, &event.payload];
    tx.exec(&APPEND, &args)?;
    log_leaves::append(tx, &[log_leaves::of_event(event)])
}

/// The same for many.
pub(crate) fn append_all(tx: &Tx<'_>, events: &[Event]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let first = take(tx, "event", events.len())?;
    let mut rows = Rows::new(7, events.len());
    for (event, seq) in events.iter().zip(first..) {
        let (id, actor) = (event.id.octets(), &event.actor);
        rows.push(args![seq, id, event.at, actor, &event.kind, &event.subject, &event.payload]);
    }
    tx.bulk(&APPEND_MANY, &rows)?;
    let leaves: Vec<_> = events.iter().map(log_leaves::of_event).collect();
    log_leaves::append(tx, &leaves)
}

impl Store {
    /// Adds entries in one transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub fn append_events(&self, events: Vec<Event>) -> Result<()> {
        self.write(move |tx| events.iter().try_for_each(|event| append(tx, event)))
    }

    /// Entries before number `before` (`None`: from the newest), newest first, with their numbers.
    ///
    /// # Errors
    /// Those of the database.
    pub fn events(
        &self,
        filter: &EventFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<(i64, Event)>> {
        let read = |row: &crate::value::Row<'_>| {
            let event = Event {
                id: EventId::from_octets(row.octets(1)?),
                at: row.time(2)?,
                actor: row.text(3)?,
                kind: row.text(4)?,
                subject: row.text(5)?,
                payload: row.text(6)?,
            };
            Ok((row.int(0)?, event))
        };
        let before = before.unwrap_or(i64::MAX);
        let limit = limit as i64;
        self.read(|tx| match (&filter.subject, &filter.kind) {
            (Some(subject), _) => tx.query(&NEWEST_SUBJECT, &args![before, limit, subject], read),
            (None, Some(kind)) => tx.query(&NEWEST_KIND, &args![before, limit, kind], read),
            (None, None) => tx.query(&NEWEST, &args![before, limit], read),
        })
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn event_count(&self) -> Result<u64> {
        self.read(|tx| tx.int(&COUNT, &[]).map(|count| count as u64))
    }
}
