//! Which mails there are: UIDL for their names, LIST for their sizes, and TOP for those a server gives no name of their
//! own.
//!
//! Source: RFC 1939 §5, §7.

use std::collections::{HashMap, VecDeque};

use aws_lc_rs::digest::{Context, SHA256};
use model::Sha256;

use super::talk::{Expected, Reply, Talk};
use crate::imap::{During, Event, ImapError};
use crate::line::{Machine, Step};

/// Octets of a header section that count for its digest.
const HEADER_OCTETS_MAX: u64 = 1 << 20;

/// Longest name kept as it is.
const NAME_OCTETS_MAX: usize = 200;

/// A mail of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number in this session.
    pub(crate) number: u32,
    /// What it is called in every session; `None` if the server has neither UIDL nor TOP.
    pub(crate) unique_id: Option<String>,
    /// As the server counts.
    pub(crate) size_octets: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Names,
    Sizes,
    /// The header section of this mail.
    Top(u32),
}

/// See the module. Gives the mails by ascending number.
pub(crate) struct Listing {
    pipeline: usize,
    asked: VecDeque<Question>,
    to_ask: VecDeque<Question>,
    names: HashMap<u32, String>,
    sizes: HashMap<u32, u64>,
    /// Of the header section that is coming in: its digest so far, and its octets.
    header: Option<(Context, u64)>,
}

impl Listing {
    /// `pipeline`: commands that may be on the way at once.
    pub(crate) fn new(pipeline: usize) -> Self {
        Self {
            pipeline,
            asked: VecDeque::new(),
            to_ask: VecDeque::from([Question::Names, Question::Sizes]),
            names: HashMap::new(),
            sizes: HashMap::new(),
            header: None,
        }
    }

    fn go_on(&mut self, talk: &mut Talk) -> Step<Vec<Entry>> {
        while self.asked.len() < self.pipeline
            && let Some(question) = self.to_ask.pop_front()
        {
            match question {
                Question::Names => talk.send(&[b"UIDL"], Expected::Lines),
                Question::Sizes => talk.send(&[b"LIST"], Expected::Lines),
                Question::Top(number) => {
                    talk.send(&[b"TOP", number.to_string().as_bytes(), b"0"], Expected::Mail);
                }
            }
            self.asked.push_back(question);
        }
        if self.asked.is_empty() { Step::Done(self.entries()) } else { Step::More }
    }

    fn entries(&mut self) -> Vec<Entry> {
        let mut numbers: Vec<u32> = self.sizes.keys().chain(self.names.keys()).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let entries = numbers.into_iter().map(|number| Entry {
            number,
            unique_id: self.names.remove(&number),
            size_octets: self.sizes.get(&number).copied(),
        });
        entries.collect()
    }

    /// Names and sizes are here: those without a name of their own get one from their header section.
    fn name_the_others(&mut self) {
        let mut times: HashMap<&str, u32> = HashMap::new();
        for name in self.names.values() {
            *times.entry(name).or_default() += 1;
        }
        let shared: Vec<u32> = self
            .names
            .iter()
            .filter(|(_, name)| times.get(name.as_str()).is_some_and(|times| *times > 1))
            .map(|(number, _)| *number)
            .collect();
        for number in shared {
            self.names.remove(&number);
        }
        let mut others: Vec<u32> =
            self.sizes.keys().filter(|number| !self.names.contains_key(number)).copied().collect();
        others.sort_unstable();
        self.to_ask.extend(others.into_iter().map(Question::Top));
    }

    /// An answer is complete.
    fn answered(&mut self, talk: &mut Talk) -> Step<Vec<Entry>> {
        match self.asked.pop_front() {
            Some(Question::Top(number)) => {
                if let Some((digest, octets)) = self.header.take()
                    && octets > 0
                {
                    let size = self.sizes.get(&number).copied().unwrap_or_default();
                    self.names.insert(number, made_name(digest, size));
                }
            }
            Some(Question::Sizes) => self.name_the_others(),
            Some(Question::Names) | None => {}
        }
        self.go_on(talk)
    }

    fn refused(&mut self, talk: &mut Talk, text: String) -> Result<Step<Vec<Entry>>, ImapError> {
        match self.asked.pop_front() {
            Some(Question::Sizes) => {
                let code = super::open::code(&text);
                return Err(ImapError::Refused { command: "LIST", code, words: text, is_bad: false });
            }
            Some(Question::Top(_)) => self.to_ask.clear(),
            Some(Question::Names) | None => {}
        }
        Ok(self.go_on(talk))
    }
}

/// What a mail without a name of the server's is called.
pub(crate) fn made_name(digest: Context, size_octets: u64) -> String {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest.finish().as_ref());
    format!("{}-{size_octets}", Sha256(octets))
}

/// A name of RFC 1939 has at most 70 octets; a longer one is kept as its digest.
fn bounded(name: &str) -> String {
    if name.len() <= NAME_OCTETS_MAX {
        return name.to_owned();
    }
    let mut digest = Context::new(&SHA256);
    digest.update(name.as_bytes());
    made_name(digest, name.len() as u64)
}

/// `n rest`
fn numbered(line: &str) -> Option<(u32, &str)> {
    let (number, rest) = line.trim().split_once([' ', '\t'])?;
    Some((number.parse().ok()?, rest.trim()))
}

impl Machine for Listing {
    type Talk = Talk;
    type Output = Vec<Entry>;

    fn during(&self) -> During {
        During::List
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Vec<Entry>>, ImapError> {
        Ok(self.go_on(talk))
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Vec<Entry>>, ImapError> {
        match (reply, self.asked.front()) {
            (Reply::Status { is_ok: false, text }, _) => return self.refused(talk, text),
            (Reply::Status { .. }, Some(Question::Top(_))) => self.header = Some((Context::new(&SHA256), 0)),
            (Reply::Line(line), Some(Question::Names)) => {
                if let Some((number, name)) = numbered(&line).filter(|(_, name)| !name.is_empty()) {
                    self.names.insert(number, bounded(name));
                }
            }
            (Reply::Line(line), Some(Question::Sizes)) => {
                if let Some((number, size)) = numbered(&line) {
                    let size = size.split_ascii_whitespace().next().and_then(|size| size.parse().ok());
                    self.sizes.insert(number, size.unwrap_or_default());
                }
            }
            (Reply::Octets(octets), Some(Question::Top(_))) => {
                if let Some((digest, taken)) = &mut self.header {
                    let left = HEADER_OCTETS_MAX.saturating_sub(*taken);
                    let part = &octets[..octets.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
                    digest.update(part);
                    *taken += part.len() as u64;
                }
            }
            (Reply::End, _) => return Ok(self.answered(talk)),
            _ => {}
        }
        Ok(Step::More)
    }
}
