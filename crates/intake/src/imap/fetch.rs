//! Fetches what is new in a mailbox: EXAMINE, UID SEARCH, UID FETCH in batches, the next one asked for while the last is
//! coming in. A mail that makes trouble in its batch is fetched alone; if that fails too, it is reported and passed by.
//!
//! Source: RFC 9051 §6.3.2, §6.4.4, §6.4.5, §6.4.9.

mod alone;
mod flight;
mod renumber;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use model::Position;

use super::command::{Command, What, set};
use super::error::{During, ImapError, MailFault, is_transient_code};
use super::event::{Cursor, Event, Facts, KnownMail, Mail};
use super::machine::{Machine, Step};
use super::response::{Body, Fetched, Response, Status, Text};
use super::talk::{Reply, Tag, Talk};
use flight::{Batch, Flight};
use renumber::Renumbering;

/// Sequence numbers one SEARCH asks about, so that its answer stays short.
const WINDOW_MAILS: u32 = 20_000;
/// Longest set in one command.
const SET_OCTETS_MAX: usize = 6000;
/// Commands on the way at the same time.
const FLIGHTS_MAX: usize = 2;

/// What to fetch from a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Raw name.
    pub mailbox: Vec<u8>,
    /// Where the last run ended; `None` for a mailbox never fetched.
    pub cursor: Option<Cursor>,
    /// [`Event::Closed`]'s `uid_next` of the last run: while the server still says so, the mailbox is not opened.
    pub uid_next: Option<u32>,
    /// UIDs at or below the cursor to be tried again: those reported as failed.
    pub again: Vec<u32>,
}

/// Bounds of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) batch_mails: usize,
    pub(crate) batch_octets: u64,
}

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
        let nothing_new = self.messages == 0 || self.uid_next.is_some_and(|next| next <= self.begin_uid + 1);
        if !nothing_new {
            self.next_number = Some(1);
        }
        self.is_few = self.uid_next.is_some_and(|next| next.saturating_sub(self.begin_uid) <= WINDOW_MAILS);
        self.searched_messages = self.messages;
        self.again.retain(|uid| *uid > 0 && *uid <= self.begin_uid);
        let mut again: Vec<u32> = self.again.iter().copied().collect();
        again.sort_unstable();
        self.total += again.len() as u64;
        self.alone.extend(again);
        self.go_on(talk, events)
    }

    /// Sends what may be sent, and sees whether all is done.
    fn go_on(&mut self, talk: &mut Talk, events: &mut Vec<Event>) -> Step<Outcome> {
        loop {
            let is_searching = self.flights.iter().any(Flight::is_search);
            if !is_searching && self.todo.len() < 2 * self.bounds.batch_mails && self.next_number.is_some() {
                self.search(talk);
            }
            self.send_fetches(talk);
            if !self.flights.is_empty() {
                return Step::More;
            }
            if self.next_number.is_none() && !self.settle_renumbering(events) && !self.has_grown() {
                self.batch_end(events, true);
                return Step::Done(Outcome { uid_next: self.uid_next });
            }
        }
    }

    /// Batches overlap; a mail fetched alone has the line for itself, so that no answer can be taken for another's.
    fn send_fetches(&mut self, talk: &mut Talk) {
        loop {
            let fetches = self.flights.iter().filter(|flight| !flight.is_search()).count();
            if !self.alone.is_empty() {
                if fetches == 0
                    && let Some(uid) = self.alone.pop_front()
                {
                    self.send_facts(talk, uid);
                }
                return;
            }
            let is_alone = self.flights.iter().any(Flight::is_alone);
            if self.todo.is_empty() || fetches >= FLIGHTS_MAX || is_alone {
                return;
            }
            self.send_batch(talk);
        }
    }

    /// Whether mail has come in meanwhile; then it is searched for.
    fn has_grown(&mut self) -> bool {
        if self.messages <= self.searched_messages {
            return false;
        }
        self.is_few = self.messages - self.searched_messages <= WINDOW_MAILS;
        self.searched_messages = self.messages;
        self.begin_uid = self.begin_uid.max(self.listed_uid);
        self.next_number = Some(1);
        // What the server announced is out of date.
        self.uid_next = None;
        true
    }

    fn search(&mut self, talk: &mut Talk) {
        let Some(first) = self.next_number.take() else { return };
        let uid_first = self.begin_uid.saturating_add(1);
        let numbers = if self.messages <= WINDOW_MAILS || self.is_few {
            None
        } else {
            let last = first.saturating_add(WINDOW_MAILS - 1);
            if last < self.messages {
                self.next_number = Some(last + 1);
            }
            Some((first, last.min(self.messages)))
        };
        let tag = talk.send(&Command::UidSearch { numbers, uid_first });
        self.flights.push_back(Flight::Search { tag, found: Vec::new() });
    }

    fn send_batch(&mut self, talk: &mut Talk) {
        let mut count = self.bounds.batch_mails.min(self.todo.len()).max(1);
        let uids = self.todo.make_contiguous();
        while count > 1 && set(&uids[..count]).len() > SET_OCTETS_MAX {
            count /= 2;
        }
        let uids: VecDeque<u32> = self.todo.drain(..count).collect();
        let (uids, what) = (Vec::from(uids), self.what());
        let tag = talk.send(&Command::UidFetch { uids: &uids, what });
        self.flights.push_back(Flight::Batch(Batch::new(tag, uids)));
    }

    fn what(&self) -> What {
        if self.renumbering.is_some() { What::Identity } else { What::Mail }
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
            self.total += 1;
            match self.blamed.get(&uid) {
                Some((times, words)) if *times > 1 => {
                    let words = words.clone();
                    self.failed(uid, MailFault::Breaks { words }, events);
                }
                Some(_) if self.renumbering.is_none() => self.alone.push_back(uid),
                _ => self.todo.push_back(uid),
            }
        }
    }

    fn facts(&self, uid: u32, fetched: &Fetched) -> Facts {
        Facts {
            mailbox: Arc::clone(&self.mailbox),
            position: self.position(uid),
            internal_date: fetched.internal_date,
            flags: fetched.flags.unwrap_or_default(),
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
            let (done, total) = (self.done, self.total);
            events.push(Event::Progress { mailbox: Arc::clone(&mailbox), done, total });
        }
        // While mails of old are looked for under new numbers, nothing is settled in order.
        let is_certain = self.renumbering.is_none() || is_last;
        if is_certain && (self.since.mails > 0 || self.last_cursor != Some(cursor)) {
            self.last_cursor = Some(cursor);
            self.since = Since::default();
            events.push(Event::BatchEnd { mailbox, cursor });
        }
    }

    /// The octets of a mail begin.
    fn body_begins(&mut self, fetched: &Fetched, octets: u64, events: &mut Vec<Event>) {
        let announced = self.flights.iter().find_map(|flight| flight.announced(fetched));
        self.streaming = Some(Streaming { is_announced: announced.is_some() });
        if let Some((uid, known)) = announced {
            let mut facts = self.facts(uid, &known);
            facts.size_octets = facts.size_octets.or(Some(octets));
            events.push(Event::Begin(facts));
        }
    }

    fn response(&mut self, response: Response, events: &mut Vec<Event>) -> Result<(), ImapError> {
        // The octets handed over belong to the response that ends now.
        let is_announced = self.streaming.take().is_some_and(|streaming| streaming.is_announced);
        match response {
            Response::Fetch(fetched) if fetched.is_broken && (is_announced || fetched.body.is_some()) => {
                cut(is_announced, events);
                self.blame = self
                    .flights
                    .iter()
                    .find(|flight| flight.concerns(&fetched))
                    .and_then(|flight| fetched.uid.or_else(|| flight.first()));
                // From here on anything could be the text of a mail: another connection must begin.
                return Err(ImapError::Protocol { what: "what follows a mail is no response".to_owned() });
            }
            Response::Fetch(fetched) => self.fetched(fetched, is_announced, events),
            _ if is_announced => events.push(Event::Cut),
            Response::Search(ranges) => {
                let search = self.flights.iter_mut().find_map(|flight| match flight {
                    Flight::Search { found, .. } => Some(found),
                    _ => None,
                });
                if let Some(found) = search {
                    // No more mails can be named than there are, whatever the ranges say.
                    let found_max = 2 * self.messages.max(WINDOW_MAILS) as usize;
                    for (first, last) in ranges {
                        found.extend((first.max(1)..=last).take(found_max.saturating_sub(found.len())));
                    }
                }
            }
            Response::Exists(messages) => self.messages = messages,
            Response::Expunge(number) => {
                self.messages = self.messages.saturating_sub(1);
                self.searched_messages = self.searched_messages.saturating_sub(1);
                // Those behind it have moved up.
                self.next_number = self.next_number.map(|next| if number < next { next - 1 } else { next });
            }
            Response::Untagged { status: Status::Bye, text } => {
                return Err(ImapError::Bye { words: text.words });
            }
            Response::Untagged { text, .. } => {
                self.uid_validity = text.number("UIDVALIDITY").unwrap_or(self.uid_validity);
                self.uid_next = text.number("UIDNEXT").or(self.uid_next);
            }
            _ => {}
        }
        Ok(())
    }

    fn fetched(&mut self, fetched: Fetched, is_announced: bool, events: &mut Vec<Event>) {
        let at = self.flights.iter().position(|flight| flight.concerns(&fetched));
        match at.and_then(|at| self.flights.get_mut(at)) {
            None => cut(is_announced, events),
            Some(Flight::Batch(batch)) if self.renumbering.is_some() => {
                if let Some(uid) = fetched.uid.filter(|uid| batch.take(*uid)) {
                    self.identified(uid, fetched);
                }
            }
            Some(Flight::Batch(_)) => self.fetched_in_batch(at.unwrap_or(0), fetched, is_announced, events),
            Some(_) => self.fetched_alone(at.unwrap_or(0), fetched, is_announced, events),
        }
    }

    fn fetched_in_batch(&mut self, at: usize, fetched: Fetched, is_announced: bool, events: &mut Vec<Event>) {
        let Flight::Batch(batch) = &mut self.flights[at] else { return };
        let Some(uid) = batch.uid_of(&fetched).filter(|_| fetched.body.is_some()) else {
            // News about flags, or too broken to tell.
            return cut(is_announced, events);
        };
        batch.take(uid);
        let mut fetched = fetched;
        match fetched.body.take() {
            Some(Body::Octets(octets)) => {
                self.hand_over(self.facts(uid, &fetched), octets, events);
            }
            Some(Body::Streamed(octets)) if is_announced => {
                events.push(Event::End);
                self.since.octets += octets;
                self.settled(events);
            }
            _ => {
                batch.suspects.push(uid);
                cut(is_announced, events);
            }
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
