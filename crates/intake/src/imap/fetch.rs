//! Fetches what is new in a mailbox: EXAMINE, UID SEARCH, UID FETCH in batches, the newest first, the next one asked for while
//! the last is coming in. The cursor stands below the oldest mail that is still to come; what lies above it and is here already
//! is told at the beginning. A mail that makes trouble in its batch is fetched alone; if that fails too, it is reported and passed by.
//!
//! Source: RFC 9051 §6.3.2, §6.4.4, §6.4.5, §6.4.9.

mod alone;
mod flight;
mod receive;
mod renumber;
mod send;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use model::Position;

use super::command::Command;
use super::error::{During, ImapError, MailFault, is_transient_code};
use super::event::{Cursor, Event, Facts, KnownMail, Mail};
use super::response::{Fetched, Status, Text};
use super::talk::{Reply, Tag, Talk};
use crate::line::{Machine, Step};
use flight::Flight;
use renumber::Renumbering;

/// Sequence numbers one SEARCH asks about, so that its answer stays short.
const WINDOW_MAILS: u32 = 20_000;
/// What to fetch from a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Raw name.
    pub mailbox: Vec<u8>,
    /// Where the last run ended; `None` for a mailbox never fetched.
    pub cursor: Option<Cursor>,
    /// [`Event::Closed`]'s `uid_next` of the last run: while the server still says so, the mailbox is not opened.
    pub uid_next: Option<u32>,
    /// UIDs to be tried again: those reported as failed.
    pub again: Vec<u32>,
    /// UIDs above the cursor that a run before this one has dealt with, ascending: the newest come first, so that a run
    /// that was interrupted leaves older ones open.
    pub here: Vec<u32>,
}

/// Bounds of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) batch_mails: usize,
    pub(crate) batch_octets: u64,
}

/// A mail that ended so many connections of a run is passed by.
pub(crate) const BLAMED_MAX: u32 = 2;

/// UIDs that broke the connection before: how often, and how it ended.
pub(crate) type Blamed = HashMap<u32, (u32, String)>;

/// Where a mailbox stands when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) uid_next: Option<u32>,
}

#[derive(Debug)]
enum State {
    Examine(Tag),
    /// Waiting to be told what is known under the old numbers.
    Asking,
    Fetching,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Fetching<'b> {
    wanted: Wanted,
    mailbox: Arc<[u8]>,
    bounds: Bounds,
    blamed: &'b Blamed,
    state: State,
    uid_validity: u32,
    uid_next: Option<u32>,
    /// Mails in the mailbox, and how many there were when SEARCH was last asked for all.
    messages: u32,
    searched_messages: u32,
    /// Next sequence number to be searched; `None` when all are.
    next_number: Option<u32>,
    /// What is new is little enough for one SEARCH.
    is_few: bool,
    renumbering: Option<Renumbering>,
    flights: VecDeque<Flight>,
    todo: VecDeque<u32>,
    alone: VecDeque<u32>,
    /// UID the run began behind, and the highest one listed.
    begin_uid: u32,
    listed_uid: u32,
    /// UID behind which the next search begins.
    searched_uid: u32,
    /// All mails that were there when the run began are listed.
    is_listed: bool,
    /// Those of [`Wanted::again`] that are not handled yet.
    again: HashSet<u32>,
    streaming: Option<Streaming>,
    /// The mail whose answer could not be understood.
    blame: Option<u32>,
    since: Since,
    last_cursor: Option<Cursor>,
    done: u64,
    total: u64,
}

/// A mail that is coming in piece by piece.
#[derive(Clone, Copy, Debug)]
struct Streaming {
    /// It was announced with `Begin`; otherwise its octets are thrown away.
    is_announced: bool,
}

/// Handed over since the last `BatchEnd`.
#[derive(Clone, Copy, Debug, Default)]
struct Since {
    mails: usize,
    octets: u64,
}

impl<'b> Fetching<'b> {
    pub(crate) fn new(wanted: Wanted, bounds: Bounds, blamed: &'b Blamed) -> Self {
        Self {
            mailbox: wanted.mailbox.clone().into(),
            last_cursor: wanted.cursor,
            again: wanted.again.iter().copied().collect(),
            wanted,
            bounds,
            blamed,
            state: State::Fetching,
            uid_validity: 0,
            uid_next: None,
            messages: 0,
            searched_messages: 0,
            next_number: None,
            is_few: false,
            renumbering: None,
            flights: VecDeque::new(),
            todo: VecDeque::new(),
            alone: VecDeque::new(),
            begin_uid: 0,
            listed_uid: 0,
            searched_uid: 0,
            is_listed: false,
            streaming: None,
            blame: None,
            since: Since::default(),
            done: 0,
            total: 0,
        }
    }

    /// The mail that was coming in, or was to come next: the one to blame if the connection ended.
    pub(crate) fn suspect(&self) -> Option<u32> {
        self.blame.or_else(|| self.flights.front().and_then(Flight::first))
    }

    fn position(&self, uid: u32) -> Position {
        Position::Imap { uid_validity: self.uid_validity, uid }
    }

    fn opened(&mut self, talk: &mut Talk, events: &mut Vec<Event>) -> Step<Outcome> {
        let (mailbox, uid_validity, messages) = (Arc::clone(&self.mailbox), self.uid_validity, self.messages);
        events.push(Event::Opened { mailbox, uid_validity, messages });
        self.state = State::Fetching;
        let cursor = self.wanted.cursor.unwrap_or(Cursor { uid_validity, uid: 0 });
        if self.wanted.cursor.is_none_or(|cursor| cursor.uid_validity != uid_validity) {
            self.wanted.here.clear();
        }
        if cursor.uid_validity == uid_validity {
            self.begin_uid = cursor.uid;
        } else {
            // Numbers of old mean nothing any more.
            self.again.clear();
            if cursor.uid > 0 && self.messages > 0 {
                let (known, answer) = tokio::sync::oneshot::channel();
                let (mailbox, old) = (Arc::clone(&self.mailbox), cursor.uid_validity);
                events.push(Event::Renumbered { mailbox, old, new: uid_validity, known });
                self.state = State::Asking;
                self.listed_uid = 0;
                return Step::Ask(answer);
            }
        }
        self.start(talk, events)
    }

    fn start(&mut self, talk: &mut Talk, events: &mut Vec<Event>) -> Step<Outcome> {
        self.listed_uid = self.begin_uid;
        self.searched_uid = self.begin_uid;
        let nothing_new = self.messages == 0 || self.uid_next.is_some_and(|next| next <= self.begin_uid + 1);
        if !nothing_new {
            self.next_number = Some(1);
        }
        self.is_few = self.uid_next.is_some_and(|next| next.saturating_sub(self.begin_uid) <= WINDOW_MAILS);
        self.searched_messages = self.messages;
        self.again.retain(|uid| *uid > 0);
        let mut again: Vec<u32> = self.again.iter().copied().collect();
        again.sort_unstable();
        self.total += again.len() as u64;
        self.alone.extend(again);
        self.go_on(talk, events)
    }

    /// UIDs found by a search, in any order.
    fn found(&mut self, mut found: Vec<u32>, events: &mut Vec<Event>) {
        found.sort_unstable();
        found.dedup();
        for uid in found {
            // `n:*` names the last mail even if it lies below `n`.
            if uid <= self.listed_uid {
                continue;
            }
            self.listed_uid = uid;
            if self.wanted.here.binary_search(&uid).is_ok() || self.again.contains(&uid) {
                continue;
            }
            self.total += 1;
            match self.blamed.get(&uid) {
                Some((times, words)) if *times >= BLAMED_MAX => {
                    let words = words.clone();
                    self.failed(uid, MailFault::Breaks { words }, events);
                }
                Some(_) if self.renumbering.is_none() => self.alone.push_back(uid),
                _ => self.todo.push_back(uid),
            }
        }
        self.is_listed |= self.next_number.is_none();
        self.progress(events);
    }

    fn progress(&self, events: &mut Vec<Event>) {
        let (mailbox, done, total) = (Arc::clone(&self.mailbox), self.done, self.total);
        events.push(Event::Progress { mailbox, done, total });
    }

    fn facts(&self, uid: u32, fetched: &Fetched) -> Facts {
        Facts {
            mailbox: Arc::clone(&self.mailbox),
            position: self.position(uid),
            internal_date: fetched.internal_date,
            flags: fetched.flags.unwrap_or_default(),
            is_junk: fetched.is_junk,
            size_octets: fetched.size_octets,
        }
    }

    fn hand_over(&mut self, facts: Facts, octets: Vec<u8>, events: &mut Vec<Event>) {
        self.since.octets += octets.len() as u64;
        events.push(Event::Mail(Mail { facts, octets }));
        self.settled(events);
    }

    fn failed(&mut self, uid: u32, fault: MailFault, events: &mut Vec<Event>) {
        let (mailbox, position) = (Arc::clone(&self.mailbox), self.position(uid));
        events.push(Event::Failed { mailbox, position, fault });
        self.settled(events);
    }

    /// One mail more is done with; whoever calls has taken it off its lists.
    fn settled(&mut self, events: &mut Vec<Event>) {
        self.done += 1;
        self.since.mails += 1;
        if self.since.mails >= self.bounds.batch_mails || self.since.octets >= self.bounds.batch_octets {
            self.batch_end(events, false);
        }
    }

    /// Says how far one can begin anew: below the first mail that is still to come.
    fn batch_end(&mut self, events: &mut Vec<Event>, is_last: bool) {
        let open = self.flights.iter().filter_map(Flight::lowest).chain(self.todo.front().copied());
        let open = open.chain(self.alone.iter().copied());
        let first = open.filter(|uid| *uid > self.begin_uid).min();
        let uid = first.map_or(self.listed_uid, |uid| uid - 1);
        let cursor = Cursor { uid_validity: self.uid_validity, uid };
        let mailbox = Arc::clone(&self.mailbox);
        if self.since.mails > 0 {
            self.progress(events);
        }
        // While mails of old are looked for under new numbers, nothing is settled in order.
        let is_certain = self.renumbering.is_none() || is_last;
        if is_certain && (self.since.mails > 0 || self.last_cursor != Some(cursor)) {
            self.last_cursor = Some(cursor);
            self.since = Since::default();
            events.push(Event::BatchEnd { mailbox, cursor });
        }
    }

    fn finished(
        &mut self,
        talk: &mut Talk,
        tag: Tag,
        status: Status,
        text: Text,
        events: &mut Vec<Event>,
    ) -> Result<Step<Outcome>, ImapError> {
        let Some(at) = self.flights.iter().position(|flight| flight.tag() == tag) else {
            return Ok(Step::More);
        };
        let Some(flight) = self.flights.remove(at) else { return Ok(Step::More) };
        let is_ok = status == Status::Ok;
        if !is_ok && is_transient_code(text.code.as_deref()) {
            return Err(text.refusal("UID FETCH", status));
        }
        match flight {
            Flight::Search { found, .. } => {
                if !is_ok {
                    return Err(text.refusal("UID SEARCH", status));
                }
                self.found(found, events);
            }
            Flight::Batch(batch) if self.renumbering.is_some() => {
                // What cannot be identified is fetched.
                let left = batch.left();
                self.unidentified(left);
            }
            Flight::Batch(batch) => {
                self.alone.extend(batch.left());
                self.batch_end(events, false);
            }
            Flight::Facts { uid, facts, .. } => self.facts_done(talk, uid, facts, (is_ok, text), events),
            Flight::Body { uid, facts, outcome, .. } => {
                self.body_done(uid, &facts, outcome, (is_ok, text), events);
                self.batch_end(events, false);
            }
        }
        Ok(self.go_on(talk, events))
    }
}

fn cut(is_announced: bool, events: &mut Vec<Event>) {
    if is_announced {
        events.push(Event::Cut);
    }
}

impl Machine for Fetching<'_> {
    type Talk = Talk;
    type Output = Outcome;

    fn during(&self) -> During {
        if matches!(self.state, State::Examine(_)) { During::Mailbox } else { During::Fetch }
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Outcome>, ImapError> {
        let tag = talk.send(&Command::Examine { mailbox: &self.wanted.mailbox });
        self.state = State::Examine(tag);
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        events: &mut Vec<Event>,
    ) -> Result<Step<Outcome>, ImapError> {
        match reply {
            Reply::Response(response) => self.response(response, events)?,
            Reply::BodyBegin(fetched, octets) => self.body_begins(&fetched, octets, events),
            Reply::BodyChunk(octets) => {
                if self.streaming.is_some_and(|streaming| streaming.is_announced) {
                    events.push(Event::Chunk(octets));
                }
            }
            Reply::Done(tag, status, text) => {
                if let State::Examine(expected) = self.state {
                    if tag != expected {
                        return Ok(Step::More);
                    }
                    if status != Status::Ok {
                        return Err(text.refusal("EXAMINE", status));
                    }
                    return Ok(self.opened(talk, events));
                }
                return self.finished(talk, tag, status, text, events);
            }
        }
        Ok(Step::More)
    }

    fn answered(&mut self, talk: &mut Talk, known: Vec<KnownMail>, events: &mut Vec<Event>) -> Step<Outcome> {
        self.state = State::Fetching;
        self.renumbering = Renumbering::new(known);
        self.start(talk, events)
    }

    fn lost(&mut self, events: &mut Vec<Event>) {
        if self.streaming.take().is_some_and(|streaming| streaming.is_announced) {
            events.push(Event::Cut);
        }
    }
}
