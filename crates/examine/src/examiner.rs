//! The parent's side: a small pool of children, a cache, and what is asked of them.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use model::{Message, Sha256};
use parse::Parsed;

use crate::attachments::{Parts, Piece};
use crate::cache::Cache;
use crate::extract::extract;
use crate::job::{Documents, Mail};
use crate::outcome::{Document, Limits, Outcome, Reason};
use crate::process::{End, Process};
use crate::sniff::{self, Kind};

/// How to read documents.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program that leads to [`crate::child::run`].
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
    /// Bounds.
    pub limits: Limits,
    /// Children at the same time; they are started when needed, one more only if all others are busy.
    pub children: usize,
    /// Jobs (mails with documents) after which a child is replaced.
    pub jobs_max: u32,
    /// Text and keys that are remembered by content, octets.
    pub cache_octets: usize,
}

impl Options {
    /// This program (even if its file has been replaced since), with these arguments.
    pub fn this_program(arguments: Vec<String>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            program: PathBuf::from("/proc/self/exe"),
            arguments,
            environment: Vec::new(),
            limits: Limits::default(),
            children: (processors / 2).clamp(1, 4),
            jobs_max: 5_000,
            cache_octets: 8 << 20,
        }
    }
}

/// A document larger than this leaves the child with more memory than it should keep.
const KEEP_OCTETS_MAX: usize = 8 << 20;

/// Reads documents in children. To be shared by threads; calls block.
#[derive(Debug)]
pub struct Examiner {
    options: Options,
    slots: Vec<Mutex<Option<Process>>>,
    cache: Mutex<Cache>,
}

/// Text of a part of a mail, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartText {
    /// Number of the part, [`model::Part::number`].
    pub number: String,
    /// Never [`Outcome::NoText`]: such parts are left out.
    pub outcome: Outcome,
}

/// A large mail, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargeMail {
    /// What parsing found.
    pub parsed: Parsed,
    /// Texts of its parts, in order.
    pub parts: Vec<PartText>,
    /// Why the parts that follow are missing: the child died at one of them.
    pub cut_short: Option<Reason>,
}

/// A large mail could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The child did not get through it.
    #[error("the mail could not be parsed: {0}")]
    Failed(Reason),
    /// Its octets could not be read, or are fewer than were announced.
    #[error("the octets of the mail could not be read")]
    Source(#[source] io::Error),
}

impl MailError {
    /// Whether trying again later can help.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Failed(reason) => reason.is_transient(),
            Self::Source(_) => true,
        }
    }
}

impl Examiner {
    /// Starts nothing yet.
    pub fn new(options: Options) -> Self {
        let slots = (0..options.children.max(1)).map(|_| Mutex::default()).collect();
        let cache = Mutex::new(Cache::new(options.cache_octets));
        Self { options, slots, cache }
    }

    pub(crate) const fn options(&self) -> &Options {
        &self.options
    }

    /// Its bounds.
    pub const fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// Reads documents, in order. One child reads them all: a batch costs less than many calls.
    pub fn texts(&self, documents: &[Document<'_>]) -> Vec<Outcome> {
        let text_octets = self.options.limits.text_octets;
        let mut outcomes = vec![Outcome::NoText; documents.len()];
        let mut for_child = Vec::new();
        for (index, document) in documents.iter().enumerate() {
            let head = &document.octets[..document.octets.len().min(sniff::HEAD_OCTETS)];
            match sniff::kind(document.name, document.content_type, head) {
                Kind::Other => {}
                _ if document.octets.len() as u64 > self.options.limits.document_octets => {
                    outcomes[index] = Outcome::Failed(Reason::TooLarge);
                }
                kind @ (Kind::Plain | Kind::Html) => {
                    outcomes[index] = extract(kind, document.octets, text_octets);
                }
                kind => for_child.push((index, kind)),
            }
        }
        let kinds = for_child.iter().map(|(_, kind)| *kind).collect();
        let found = self.ask(kinds, &|at| documents[for_child[at].0].octets.to_vec());
        for ((index, _), outcome) in for_child.iter().zip(found) {
            outcomes[*index] = outcome;
        }
        outcomes
    }

    /// Texts of the attachments of a mail, and of the bodies of mails attached to it, in the order of its parts.
    ///
    /// `octets`: those that `message` was made from.
    pub fn attachments(&self, octets: &[u8], message: &Message) -> Vec<PartText> {
        let start = Instant::now();
        let limits = self.options.limits;
        let mut parts = Parts::new(octets, message, limits);
        let mut found: Vec<(usize, Outcome)> = Vec::new();
        let mut for_child: Vec<(usize, Kind)> = Vec::new();
        for index in parts.indices() {
            let sha256 = message.parts[index].sha256;
            match parts.piece(index) {
                Piece::Known(Outcome::NoText) => {}
                Piece::Known(outcome) => found.push((index, outcome)),
                Piece::Document(kind) => match sha256.and_then(|sha256| self.cached(sha256, kind)) {
                    Some(outcome) => found.push((index, outcome)),
                    None => for_child.push((index, kind)),
                },
            }
        }
        // In pieces, so that a mail full of slow documents ends.
        for piece in for_child.chunks(16) {
            let kinds = piece.iter().map(|(_, kind)| *kind).collect();
            let outcomes = if start.elapsed() > limits.mail {
                vec![Outcome::Failed(Reason::Timeout); piece.len()]
            } else {
                self.ask(kinds, &|at| parts.document(piece[at].0))
            };
            for ((index, kind), outcome) in piece.iter().zip(outcomes) {
                if let Some(sha256) = message.parts[*index].sha256
                    && !matches!(outcome, Outcome::Failed(Reason::NoChild))
                {
                    self.lock_cache().put((sha256, *kind), outcome.clone());
                }
                found.push((*index, outcome));
            }
        }
        found.sort_by_key(|(index, _)| *index);
        let mut text_left = limits.mail_text_octets;
        found
            .into_iter()
            .map(|(index, outcome)| PartText {
                number: message.parts[index].number.clone(),
                outcome: outcome.within(&mut text_left),
            })
            .filter(|part| part.outcome != Outcome::NoText)
            .collect()
    }

    /// Parses a mail that is too large to be read here, and its attachments, in a child of its own.
    ///
    /// `source` gives exactly `octets` octets; they are passed on as they come.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn mail(
        &self,
        source: &mut dyn Read,
        octets: u64,
        limits: &parse::Limits,
    ) -> Result<LargeMail, MailError> {
        let mut job = Mail::new(source, octets, limits);
        let ended = match Process::start(&self.options) {
            Ok(mut process) => process.run(&mut job),
            Err(_) => Err(End::Died(Reason::NoChild)),
        };
        let cut_short = match ended {
            Ok(()) => None,
            Err(End::Source(error)) => return Err(MailError::Source(error)),
            Err(End::Died(reason)) => Some(reason),
            Err(End::Retired) => Some(Reason::Crash),
        };
        let parts = job.parts.into_iter().map(|(number, outcome)| PartText { number, outcome }).collect();
        match (job.parsed, cut_short) {
            (Some(parsed), cut_short) => Ok(LargeMail { parsed, parts, cut_short }),
            (None, reason) => Err(MailError::Failed(reason.unwrap_or(Reason::Crash))),
        }
    }

    /// Process numbers of the children that live now.
    pub fn children(&self) -> Vec<u32> {
        let mut found = Vec::new();
        for slot in &self.slots {
            if let Some(process) = &mut *slot.lock().unwrap_or_else(PoisonError::into_inner)
                && process.is_alive()
            {
                found.push(process.id());
            }
        }
        found
    }

    fn cached(&self, sha256: Sha256, kind: Kind) -> Option<Outcome> {
        self.lock_cache().get(&(sha256, kind))
    }

    fn lock_cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has documents read by a child, and by others after it if it dies.
    fn ask(&self, kinds: Vec<Kind>, octets: &dyn Fn(usize) -> Vec<u8>) -> Vec<Outcome> {
        if kinds.is_empty() {
            return Vec::new();
        }
        let mut job = Documents::new(kinds, octets);
        let mut slot = self.slot();
        let mut barren = 0;
        loop {
            let fresh = slot.is_none();
            let process = match &mut *slot {
                Some(process) => process,
                empty => {
                    let Ok(process) = Process::start(&self.options) else {
                        job.fail_all(Reason::NoChild);
                        return job.outcomes;
                    };
                    empty.insert(process)
                }
            };
            let before = job.outcomes.len();
            match process.run(&mut job) {
                Ok(()) => {
                    if process.jobs >= self.options.jobs_max || job.octets_max > KEEP_OCTETS_MAX {
                        *slot = None;
                    }
                    return job.outcomes;
                }
                Err(End::Died(Reason::NoChild)) => {
                    *slot = None;
                    job.fail_all(Reason::NoChild);
                    return job.outcomes;
                }
                // What a child had read before may be why it died: a document is blamed only by a fresh one.
                Err(End::Died(Reason::Memory | Reason::Crash))
                    if !(fresh && job.outcomes.len() == before) =>
                {
                    job.rewind();
                }
                Err(End::Died(reason)) => job.fail(reason),
                Err(End::Retired | End::Source(_)) if barren < 3 => {
                    barren += 1;
                    job.rewind();
                }
                Err(End::Retired | End::Source(_)) => job.fail(Reason::Crash),
            }
            *slot = None;
            if job.outcomes.len() > before {
                barren = 0;
            }
            if crate::job::Job::is_done(&job) {
                return job.outcomes;
            }
        }
    }

    /// A slot nobody uses, one with a child first.
    fn slot(&self) -> MutexGuard<'_, Option<Process>> {
        let mut empty = None;
        for slot in &self.slots {
            match slot.try_lock() {
                Ok(slot) if slot.is_some() => return slot,
                Ok(slot) if empty.is_none() => empty = Some(slot),
                _ => {}
            }
        }
        empty.unwrap_or_else(|| self.slots[0].lock().unwrap_or_else(PoisonError::into_inner))
    }
}
