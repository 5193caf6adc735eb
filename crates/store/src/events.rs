//! The event log: who did what to what, for people to read; only ever added to. Each entry has a leaf in the provable log.

use model::{EventId, UnixMillis};

use crate::db::Tx;
use crate::error::Result;
use crate::log_leaves;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

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

/// Which entries: those that fit everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// About this subject.
    pub subject: Option<String>,
    /// By this user, or part of the server.
    pub actor: Option<String>,
    /// From this time on.
    pub from: Option<UnixMillis>,
    /// Before this time.
    pub until: Option<UnixMillis>,
}

/// Place of an entry in the list, which is by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCursor {
    /// When.
    pub at: UnixMillis,
    /// Its number.
    pub seq: i64,
}

macro_rules! select {
    ($filter:literal) => {
        concat!(
            "SELECT seq, event_id, at, actor, kind, subject, payload FROM events WHERE ",
            $filter,
            "at >= $1 AND (at, seq) < ($2, $3) ORDER BY at DESC, seq DESC LIMIT $4"
        )
    };
}

statements! {
    APPEND [Int, Blob, Int, Text, Text, Text, Text] = "WITH v(seq, event_id, at, actor, kind, subject, payload) \
        AS ({rows}) INSERT INTO events (seq, event_id, at, actor, kind, subject, payload) \
        SELECT seq, event_id, at, actor, kind, subject, payload FROM v WHERE TRUE";
    NEWEST = select!("");
    OF_KIND = select!("kind = $5 AND ");
    OF_ACTOR = select!("actor = $5 AND ");
    OF_SUBJECT = select!("subject = $5 AND ");
    OF_KIND_ACTOR = select!("kind = $5 AND actor = $6 AND ");
    OF_KIND_SUBJECT = select!("kind = $5 AND subject = $6 AND ");
    OF_ACTOR_SUBJECT = select!("actor = $5 AND subject = $6 AND ");
    OF_ALL_THREE = select!("kind = $5 AND actor = $6 AND subject = $7 AND ");
    KINDS = "WITH RECURSIVE known(word) AS (SELECT MIN(kind) FROM events UNION ALL \
        SELECT (SELECT MIN(kind) FROM events WHERE kind > known.word) FROM known WHERE known.word IS NOT NULL) \
        SELECT word FROM known WHERE word IS NOT NULL";
    ACTORS = "WITH RECURSIVE known(word) AS (SELECT MIN(actor) FROM events UNION ALL \
        SELECT (SELECT MIN(actor) FROM events WHERE actor > known.word) FROM known WHERE known.word IS NOT NULL) \
        SELECT word FROM known WHERE word IS NOT NULL";
    COUNT = "SELECT COUNT(*) FROM events";
}

/// An entry and its number: number, id, time, actor, kind, subject, payload.
pub(crate) fn entry_of(row: &Row<'_>) -> Result<(i64, Event)> {
    let event = Event {
        id: EventId::from_octets(row.octets(1)?),
        at: row.time(2)?,
        actor: row.text(3)?,
        kind: row.text(4)?,
        subject: row.text(5)?,
        payload: row.text(6)?,
    };
    Ok((row.int(0)?, event))
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
    append_all(tx, std::slice::from_ref(event))
}

fn write(tx: &Tx<'_>, events: &[Event]) -> Result<()> {
    let first = take(tx, "event", events.len())?;
    let mut rows = Rows::new(7, events.len());
    for (event, seq) in events.iter().zip(first..) {
        let (id, actor) = (event.id.octets(), &event.actor);
        rows.push(args![seq, id, event.at, actor, &event.kind, &event.subject, &event.payload]);
    }
    tx.bulk(&APPEND, &rows).map(drop)
}

/// The same for many.
pub(crate) fn append_all(tx: &Tx<'_>, events: &[Event]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    write(tx, events)?;
    let leaves: Vec<_> = events.iter().map(log_leaves::of_event).collect();
    log_leaves::append(tx, &leaves)
}

/// Entries whose leaves are in the log already.
pub(crate) fn bring_back(tx: &Tx<'_>, events: &[Event]) -> Result<()> {
    if events.is_empty() { Ok(()) } else { write(tx, events) }
}

impl Store {
    /// Adds entries in one transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub fn append_events(&self, events: Vec<Event>) -> Result<()> {
        self.write(move |tx| events.iter().try_for_each(|event| append(tx, event)))
    }

    /// Entries before `before` (`None`: from the newest), the newest first, with their numbers.
    ///
    /// # Errors
    /// Those of the database.
    pub fn events(
        &self,
        filter: &EventFilter,
        before: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(i64, Event)>> {
        let end = EventCursor { at: filter.until.unwrap_or(UnixMillis(i64::MAX)), seq: i64::MIN };
        let before = before.map_or(end, |before| before.min(end));
        let from = filter.from.unwrap_or(UnixMillis(i64::MIN));
        let EventFilter { kind, actor, subject, .. } = filter;
        let statement = match (kind, actor, subject) {
            (None, None, None) => &NEWEST,
            (Some(_), None, None) => &OF_KIND,
            (None, Some(_), None) => &OF_ACTOR,
            (None, None, Some(_)) => &OF_SUBJECT,
            (Some(_), Some(_), None) => &OF_KIND_ACTOR,
            (Some(_), None, Some(_)) => &OF_KIND_SUBJECT,
            (None, Some(_), Some(_)) => &OF_ACTOR_SUBJECT,
            (Some(_), Some(_), Some(_)) => &OF_ALL_THREE,
        };
        let mut args = args![from, before.at, before.seq, limit as i64].to_vec();
        args.extend([kind, actor, subject].into_iter().flatten().map(Arg::from));
        self.read(|tx| tx.query(statement, &args, entry_of))
    }

    /// Kinds of entries there are, sorted.
    ///
    /// # Errors
    /// Those of the database.
    pub fn event_kinds(&self) -> Result<Vec<String>> {
        self.read(|tx| tx.query(&KINDS, &[], |row| row.text(0)))
    }

    /// Who did something, sorted: ids of users, and parts of the server.
    ///
    /// # Errors
    /// Those of the database.
    pub fn event_actors(&self) -> Result<Vec<String>> {
        self.read(|tx| tx.query(&ACTORS, &[], |row| row.text(0)))
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn event_count(&self) -> Result<u64> {
        self.read(|tx| tx.int(&COUNT, &[]).map(|count| count as u64))
    }
}
