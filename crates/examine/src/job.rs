//! What is asked of a child in one go.

use std::collections::VecDeque;
use std::io::{self, Read};

use parse::Parsed;

use crate::frame::{self, Answer, Ask};
use crate::outcome::{Outcome, Reason};
use crate::sniff::Kind;
use crate::wire::Unreadable;

/// Octets of a mail that are sent at once.
const CHUNK_OCTETS: usize = 256 << 10;

/// Requests and their answers.
pub(crate) trait Job {
    /// Puts what is to be sent next into `out`, which is empty; nothing if all is sent.
    ///
    /// # Errors
    /// If the source fails.
    fn next(&mut self, out: &mut Vec<u8>) -> io::Result<()>;

    /// Takes an answer.
    ///
    /// # Errors
    /// [`Unreadable`] if it is none that was to be expected.
    fn answer(&mut self, kind: Answer, content: &[u8]) -> Result<(), Unreadable>;

    /// Whether everything is answered.
    fn is_done(&self) -> bool;
}

/// Documents, one after the other.
pub(crate) struct Documents<'a> {
    /// Of each: its kind.
    kinds: Vec<Kind>,
    /// Makes the octets of a document when its turn comes.
    octets: &'a dyn Fn(usize) -> Vec<u8>,
    sent: usize,
    pub(crate) outcomes: Vec<Outcome>,
    /// Largest document sent.
    pub(crate) octets_max: usize,
}

impl<'a> Documents<'a> {
    pub(crate) fn new(kinds: Vec<Kind>, octets: &'a dyn Fn(usize) -> Vec<u8>) -> Self {
        Self { kinds, octets, sent: 0, outcomes: Vec::new(), octets_max: 0 }
    }

    /// Begins again, with another child, behind what is answered.
    pub(crate) fn rewind(&mut self) {
        self.sent = self.outcomes.len();
    }

    /// The child died of the first document that is not answered.
    pub(crate) fn fail(&mut self, reason: Reason) {
        self.outcomes.push(Outcome::Failed(reason));
        self.rewind();
    }

    /// What is not answered will not be.
    pub(crate) fn fail_all(&mut self, reason: Reason) {
        self.outcomes.resize(self.kinds.len(), Outcome::Failed(reason));
    }
}

impl Job for Documents<'_> {
    fn next(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        if let Some(kind) = self.kinds.get(self.sent) {
            let octets = (self.octets)(self.sent);
            self.octets_max = self.octets_max.max(octets.len());
            self.sent += 1;
            *out = frame::request(Ask::Document, kind, octets.len() as u64);
            out.extend_from_slice(&octets);
        }
        Ok(())
    }

    fn answer(&mut self, kind: Answer, content: &[u8]) -> Result<(), Unreadable> {
        if kind != Answer::Outcome || self.outcomes.len() >= self.sent {
            return Err(Unreadable);
        }
        self.outcomes.push(frame::content(content)?);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.outcomes.len() >= self.kinds.len()
    }
}

/// One large mail.
pub(crate) struct Mail<'a> {
    head: VecDeque<u8>,
    source: &'a mut dyn Read,
    left: u64,
    pub(crate) parsed: Option<Parsed>,
    pub(crate) parts: Vec<(String, Outcome)>,
    done: bool,
}

impl<'a> Mail<'a> {
    /// `source` gives exactly `octets` octets.
    pub(crate) fn new(source: &'a mut dyn Read, octets: u64, limits: &parse::Limits) -> Self {
        let head = frame::request(Ask::Mail, limits, octets).into();
        Self { head, source, left: octets, parsed: None, parts: Vec::new(), done: false }
    }
}

impl Job for Mail<'_> {
    fn next(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend(self.head.drain(..));
        if !out.is_empty() || self.left == 0 {
            return Ok(());
        }
        let want = CHUNK_OCTETS.min(usize::try_from(self.left).unwrap_or(CHUNK_OCTETS));
        out.resize(want, 0);
        let read = loop {
            match self.source.read(out) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.truncate(read);
        self.left -= read as u64;
        Ok(())
    }

    fn answer(&mut self, kind: Answer, content: &[u8]) -> Result<(), Unreadable> {
        match kind {
            Answer::Parsed if self.parsed.is_none() => self.parsed = Some(frame::content(content)?),
            Answer::Part if self.parsed.is_some() => self.parts.push(frame::content(content)?),
            Answer::End if self.parsed.is_some() => self.done = true,
            _ => return Err(Unreadable),
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.done
    }
}
