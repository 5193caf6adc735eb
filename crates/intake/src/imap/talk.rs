//! The conversation with a server: commands go out with tags, responses come in, literals are passed on in pieces.

use std::collections::VecDeque;

use zeroize::Zeroize;

use super::capability::Capabilities;
use super::command::{Command, DONE};
use super::error::ImapError;
use super::framer::{Frame, Framer};
use super::lexer::Part;
use super::response::{Fetched, Response, Status, words};
use crate::line::Conversation;

/// A literal that is not a mail is kept up to this size.
const LITERAL_OCTETS_MAX: u64 = 64 << 10;
/// All parts of a response together; what is beyond is thrown away.
const RESPONSE_OCTETS_MAX: usize = 4 << 20;

/// The tag of a command sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tag(u32);

impl Tag {
    fn text(self) -> String {
        format!("p{}", self.0)
    }
}

/// What comes in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A whole response, other than `Done`.
    Response(Response),
    /// A command is finished.
    Done(Tag, Status, super::response::Text),
    /// The octets of a mail begin; what is known of it so far, and how many they are. Its `Response::Fetch` comes behind
    /// them.
    BodyBegin(Fetched, u64),
    /// The next octets of it.
    BodyChunk(Vec<u8>),
}

#[derive(Debug)]
enum Outgoing {
    Octets(Vec<u8>),
    /// The server must say `+` first.
    Wait(Tag),
}

#[derive(Debug)]
enum Literal {
    None,
    /// Goes into the last part.
    Kept,
    /// Goes out in chunks of this much.
    PassedOn {
        waiting: Vec<u8>,
    },
    Dropped,
}

/// State of the conversation; no socket.
#[derive(Debug)]
pub(crate) struct Talk {
    framer: Framer,
    pub(crate) capabilities: Capabilities,
    parts: Vec<Part>,
    parts_octets: usize,
    literal: Literal,
    /// Octets of the literal passed on or dropped.
    literal_octets: u64,
    outgoing: VecDeque<Outgoing>,
    open: Vec<Tag>,
    last_tag: u32,
    small_octets_max: u64,
    chunk_octets: usize,
    ready: VecDeque<Reply>,
    /// The last line that was no response, for messages.
    pub(crate) odd_line: String,
    /// The server forgets what it tells of a mailbox that is opened for reading only: it is opened for changes instead.
    pub(crate) forgets: bool,
}

impl Talk {
    /// A mail larger than `small_octets_max` is passed on in pieces of about `chunk_octets`.
    pub(crate) fn new(small_octets_max: u64, chunk_octets: usize) -> Self {
        Self {
            framer: Framer::new(),
            capabilities: Capabilities::default(),
            parts: Vec::new(),
            parts_octets: 0,
            literal: Literal::None,
            literal_octets: 0,
            outgoing: VecDeque::new(),
            open: Vec::new(),
            last_tag: 0,
            small_octets_max,
            chunk_octets,
            ready: VecDeque::new(),
            odd_line: String::new(),
            forgets: false,
        }
    }

    /// Queues a command.
    pub(crate) fn send(&mut self, command: &Command<'_>) -> Tag {
        self.last_tag += 1;
        let tag = Tag(self.last_tag);
        let selecting;
        let command = match command {
            Command::Examine { mailbox } if self.forgets => {
                selecting = Command::Select { mailbox };
                &selecting
            }
            other => other,
        };
        for (at, piece) in command.pieces(&tag.text(), &self.capabilities).into_iter().enumerate() {
            if at > 0 {
                self.outgoing.push_back(Outgoing::Wait(tag));
            }
            self.outgoing.push_back(Outgoing::Octets(piece));
        }
        self.open.push(tag);
        tag
    }

    /// Queues the end of IDLE.
    pub(crate) fn send_done(&mut self) {
        self.outgoing.push_back(Outgoing::Octets(DONE.to_vec()));
    }

    /// Queues octets of a literal that was offered.
    pub(crate) fn send_octets(&mut self, octets: Vec<u8>) {
        self.outgoing.push_back(Outgoing::Octets(octets));
    }

    /// Queues the next line of a login.
    pub(crate) fn send_line(&mut self, line: &str) {
        self.outgoing.push_back(Outgoing::Octets([line.as_bytes(), b"\r\n"].concat()));
    }

    /// The next thing the server said, if it is here.
    pub(crate) fn reply(&mut self) -> Option<Reply> {
        loop {
            if let Some(reply) = self.ready.pop_front() {
                return Some(reply);
            }
            let frame = self.framer.next()?;
            match frame {
                Frame::Literal { octets, left } => {
                    let is_end = left == 0;
                    match &mut self.literal {
                        Literal::Kept => {
                            if let Some(Part::Literal(kept)) = self.parts.last_mut() {
                                kept.extend_from_slice(octets);
                            }
                        }
                        Literal::PassedOn { waiting } => {
                            waiting.extend_from_slice(octets);
                            if (is_end && !waiting.is_empty()) || waiting.len() >= self.chunk_octets {
                                let next = Vec::with_capacity(if is_end { 0 } else { self.chunk_octets });
                                self.ready.push_back(Reply::BodyChunk(std::mem::replace(waiting, next)));
                            }
                        }
                        Literal::Dropped | Literal::None => {}
                    }
                    if is_end && !matches!(self.literal, Literal::Kept) {
                        self.parts.push(Part::Streamed(self.literal_octets));
                    }
                }
                Frame::Text { octets, literal, .. } => {
                    let text =
                        if self.parts_octets + octets.len() > RESPONSE_OCTETS_MAX { &[] } else { octets };
                    self.parts_octets += text.len();
                    self.parts.push(Part::Text(text.to_vec()));
                    match literal {
                        Some(octets) => self.begin_literal(octets),
                        None => self.end_response(),
                    }
                }
            }
        }
    }

    fn begin_literal(&mut self, octets: u64) {
        self.literal_octets = octets;
        let mail = if octets > LITERAL_OCTETS_MAX { Fetched::before_body(&self.parts) } else { None };
        let room = RESPONSE_OCTETS_MAX.saturating_sub(self.parts_octets) as u64;
        self.literal = match mail {
            Some(_) if octets <= self.small_octets_max => self.keep(octets),
            Some(fetched) => {
                self.ready.push_back(Reply::BodyBegin(fetched, octets));
                Literal::PassedOn { waiting: Vec::with_capacity(self.chunk_octets) }
            }
            None if octets <= LITERAL_OCTETS_MAX.min(room) => self.keep(octets),
            None => Literal::Dropped,
        };
    }

    fn keep(&mut self, octets: u64) -> Literal {
        self.parts_octets += octets as usize;
        self.parts.push(Part::Literal(Vec::with_capacity(octets as usize)));
        Literal::Kept
    }

    fn end_response(&mut self) {
        let mut parts = std::mem::take(&mut self.parts);
        self.parts_octets = 0;
        self.literal = Literal::None;
        let response = Response::read(&mut parts);
        if let (Response::Other, Some(Part::Text(line))) = (&response, parts.first()) {
            self.odd_line = words(line);
        }
        parts.clear();
        self.parts = parts;
        let reply = match response {
            Response::Tagged { tag, status, text } => {
                // Tags are compared without regard to case: some gateways fold them.
                let found =
                    self.open.iter().position(|open| tag.eq_ignore_ascii_case(open.text().as_bytes()));
                let Some(found) = found else { return };
                let tag = self.open.remove(found);
                self.drop_pieces(tag);
                if let Some(words) = text.capabilities() {
                    self.capabilities = Capabilities::new(words);
                }
                Reply::Done(tag, status, text)
            }
            Response::Continue(words) => {
                if matches!(self.outgoing.front(), Some(Outgoing::Wait(_))) {
                    self.outgoing.pop_front();
                    return;
                }
                Reply::Response(Response::Continue(words))
            }
            Response::Capability(words) => {
                self.capabilities = Capabilities::new(words);
                return;
            }
            Response::Untagged { status, text } => {
                if let Some(words) = text.capabilities() {
                    self.capabilities = Capabilities::new(words);
                }
                Reply::Response(Response::Untagged { status, text })
            }
            response => Reply::Response(response),
        };
        self.ready.push_back(reply);
    }

    /// What is left of a command that the server has refused before it had all of it.
    fn drop_pieces(&mut self, tag: Tag) {
        while matches!(self.outgoing.front(), Some(Outgoing::Wait(waiting)) if *waiting == tag) {
            self.outgoing.pop_front();
            if let Some(Outgoing::Octets(mut octets)) = self.outgoing.pop_front() {
                octets.zeroize();
            }
        }
    }
}

impl Conversation for Talk {
    type Reply = Reply;

    fn reply(&mut self) -> Result<Option<Reply>, ImapError> {
        Ok(Talk::reply(self))
    }

    fn output(&mut self) -> Option<Vec<u8>> {
        match self.outgoing.front()? {
            Outgoing::Wait(_) => None,
            Outgoing::Octets(_) => match self.outgoing.pop_front() {
                Some(Outgoing::Octets(octets)) => Some(octets),
                _ => None,
            },
        }
    }

    fn input(&mut self, room: usize) -> &mut Vec<u8> {
        self.framer.input(room)
    }

    fn begin_tls(&mut self) -> bool {
        self.capabilities = Capabilities::default();
        self.parts.clear();
        self.parts_octets = 0;
        self.literal = Literal::None;
        let had = self.framer.discard() || !self.ready.is_empty();
        self.ready.clear();
        had
    }

    fn take_rest(&mut self) -> Vec<u8> {
        self.framer.take_rest()
    }
}
