//! RETR of mail after mail, several on the way at once where the server takes that (RFC 2449 §6.6).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use model::{Flags, Position};

use super::fetcher::MAILBOX;
use super::list::{Entry, made_name};
use super::talk::{Expected, Reply, Talk};
use crate::imap::{During, Event, Facts, ImapError, Mail, MailFault};
use crate::line::{Machine, Step};

/// Mails between two reports of progress.
const PROGRESS_MAILS: u64 = 50;

/// A mail that is coming in.
#[derive(Debug)]
struct Coming {
    octets: Vec<u8>,
    way: Way,
}

#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// Held until it is complete.
    Held,
    /// Announced with `Begin`, handed over in pieces.
    Announced,
    /// Here already: not handed over.
    Known,
}

/// See the module. Gives the names of mails that had none before, by number.
#[derive(Debug)]
pub(crate) struct Retrieving<'k> {
    todo: VecDeque<Entry>,
    asked: VecDeque<Entry>,
    coming: Option<Coming>,
    pipeline: usize,
    small_octets_max: u64,
    /// Names of mails that are here already.
    known: &'k HashSet<String>,
    named: HashMap<u32, String>,
    mailbox: Arc<[u8]>,
    done: u64,
    total: u64,
}

impl<'k> Retrieving<'k> {
    pub(crate) fn new(
        todo: Vec<Entry>,
        pipeline: usize,
        small_octets_max: u64,
        known: &'k HashSet<String>,
    ) -> Self {
        Self {
            total: todo.len() as u64,
            todo: todo.into(),
            asked: VecDeque::new(),
            coming: None,
            pipeline,
            small_octets_max,
            known,
            named: HashMap::new(),
            mailbox: MAILBOX.into(),
            done: 0,
        }
    }

    /// The mail that was coming in, or was to come next: the one to blame if the connection ended.
    pub(crate) fn suspect(&self) -> Option<&Entry> {
        self.asked.front()
    }

    /// Mails that are settled.
    pub(crate) fn done(&self) -> u64 {
        self.done
    }

    fn go_on(&mut self, talk: &mut Talk) -> Step<HashMap<u32, String>> {
        while self.asked.len() < self.pipeline
            && let Some(entry) = self.todo.pop_front()
        {
            talk.send(&[b"RETR", entry.number.to_string().as_bytes()], Expected::Mail);
            self.asked.push_back(entry);
        }
        if self.asked.is_empty() { Step::Done(std::mem::take(&mut self.named)) } else { Step::More }
    }

    fn settled(&mut self, talk: &mut Talk, events: &mut Vec<Event>) -> Step<HashMap<u32, String>> {
        self.asked.pop_front();
        self.done += 1;
        if self.done.is_multiple_of(PROGRESS_MAILS) || self.done == self.total {
            self.progress(events);
        }
        self.go_on(talk)
    }

    fn progress(&self, events: &mut Vec<Event>) {
        let (mailbox, done, total) = (Arc::clone(&self.mailbox), self.done, self.total);
        events.push(Event::Progress { mailbox, done, total });
    }

    /// What the mail at hand is called; one without a name gets it from its first octets.
    fn name(&mut self, octets: &[u8]) -> String {
        let Some(entry) = self.asked.front() else { return String::new() };
        if let Some(name) = &entry.unique_id {
            return name.clone();
        }
        let mut digest = Context::new(&SHA256);
        let first = octets.len().min(usize::try_from(self.small_octets_max).unwrap_or(usize::MAX));
        digest.update(&octets[..first]);
        let name = made_name(digest, entry.size_octets.unwrap_or_default());
        self.named.insert(entry.number, name.clone());
        name
    }

    fn facts(&self, unique_id: String) -> Facts {
        Facts {
            mailbox: Arc::clone(&self.mailbox),
            position: Position::Unique { unique_id },
            internal_date: None,
            flags: Flags::default(),
            is_junk: false,
            size_octets: self.asked.front().and_then(|entry| entry.size_octets),
        }
    }

    fn octets(&mut self, piece: Vec<u8>, events: &mut Vec<Event>) {
        let Some(mut coming) = self.coming.take() else { return };
        match coming.way {
            Way::Known => {}
            Way::Announced => events.push(Event::Chunk(piece)),
            Way::Held => {
                coming.octets.extend_from_slice(&piece);
                if coming.octets.len() as u64 > self.small_octets_max {
                    let octets = std::mem::take(&mut coming.octets);
                    let name = self.name(&octets);
                    if self.known.contains(&name) {
                        coming.way = Way::Known;
                    } else {
                        coming.way = Way::Announced;
                        events.push(Event::Begin(self.facts(name)));
                        events.push(Event::Chunk(octets));
                    }
                }
            }
        }
        self.coming = Some(coming);
    }

    fn complete(&mut self, events: &mut Vec<Event>) {
        let Some(coming) = self.coming.take() else { return };
        match coming.way {
            Way::Known => {}
            Way::Announced => events.push(Event::End),
            Way::Held => {
                let name = self.name(&coming.octets);
                if !self.known.contains(&name) {
                    events.push(Event::Mail(Mail { facts: self.facts(name), octets: coming.octets }));
                }
            }
        }
    }

    fn refused(&mut self, text: String, events: &mut Vec<Event>) -> Result<(), ImapError> {
        let code = super::open::code(&text);
        if code.as_deref().is_some_and(|code| matches!(code, "SYS/TEMP" | "IN-USE")) {
            return Err(ImapError::Refused { command: "RETR", code, words: text, is_bad: false });
        }
        let Some(entry) = self.asked.front() else { return Ok(()) };
        events.push(failed(&self.mailbox, entry, MailFault::Refused { words: text }));
        Ok(())
    }
}

/// A mail that cannot be fetched, by its name, or by its number if it has none.
pub(crate) fn failed(mailbox: &Arc<[u8]>, entry: &Entry, fault: MailFault) -> Event {
    let unique_id = entry.unique_id.clone().unwrap_or_else(|| format!("#{}", entry.number));
    Event::Failed { mailbox: Arc::clone(mailbox), position: Position::Unique { unique_id }, fault }
}

impl Machine for Retrieving<'_> {
    type Talk = Talk;
    type Output = HashMap<u32, String>;

    fn during(&self) -> During {
        During::Fetch
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Self::Output>, ImapError> {
        Ok(self.go_on(talk))
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        events: &mut Vec<Event>,
    ) -> Result<Step<Self::Output>, ImapError> {
        match reply {
            Reply::Status { is_ok: true, .. } => {
                let size = self.asked.front().and_then(|entry| entry.size_octets).unwrap_or_default();
                let octets = Vec::with_capacity(size.min(self.small_octets_max) as usize);
                self.coming = Some(Coming { octets, way: Way::Held });
            }
            Reply::Status { is_ok: false, text } => {
                self.refused(text, events)?;
                return Ok(self.settled(talk, events));
            }
            Reply::Octets(piece) => self.octets(piece, events),
            Reply::End => {
                self.complete(events);
                return Ok(self.settled(talk, events));
            }
            Reply::Line(_) | Reply::Continue(_) => {}
        }
        Ok(Step::More)
    }

    fn lost(&mut self, events: &mut Vec<Event>) {
        if self.coming.take().is_some_and(|coming| coming.way == Way::Announced) {
            events.push(Event::Cut);
        }
    }
}
