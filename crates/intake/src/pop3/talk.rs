//! The conversation with a server: commands go out, answers come in their order, mails in pieces.
//!
//! Source: RFC 1939 §3, RFC 2449 §4.

use std::collections::VecDeque;

use memchr::memchr;
use zeroize::Zeroize;

use crate::imap::ImapError;
use crate::line::Conversation;

/// Longest line that is an answer; RFC 2449 §4 allows 512.
const LINE_OCTETS_MAX: usize = 64 << 10;
/// Lines that are no answer and are passed over, in a row.
const ODD_LINES_MAX: u32 = 10;

/// What an answer consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// One line.
    Status,
    /// If it is good, lines behind it.
    Lines,
    /// If it is good, a mail behind it.
    Mail,
}

/// What comes in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The first line of an answer, without its word.
    Status { is_ok: bool, text: String },
    /// The server waits for the next piece of a login; what it says, without its `+`.
    Continue(String),
    /// A line of an answer, without line end and added dot.
    Line(String),
    /// A piece of a mail, without added dots.
    Octets(Vec<u8>),
    /// The lines, or the mail, are complete.
    End,
}

#[derive(Debug)]
enum State {
    Status,
    Lines,
    Mail { at_line_start: bool, after_return: bool },
}

/// State of the conversation; no socket.
#[derive(Debug)]
pub(crate) struct Talk {
    buffer: Vec<u8>,
    at: usize,
    state: State,
    expected: VecDeque<Expected>,
    outgoing: Vec<u8>,
    /// The greeting ended in a bare LF: so does everything else.
    is_bare: bool,
    has_greeted: bool,
    odd_lines: u32,
}

impl Talk {
    /// The greeting is expected.
    pub(crate) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            state: State::Status,
            expected: VecDeque::from([Expected::Status]),
            outgoing: Vec::new(),
            is_bare: false,
            has_greeted: false,
            odd_lines: 0,
        }
    }

    /// The greeting is over.
    pub(crate) fn open() -> Self {
        Self { expected: VecDeque::new(), has_greeted: true, ..Self::new() }
    }

    /// Sends a line. Words from outside must not hold line ends: see [`is_one_line`].
    pub(crate) fn send(&mut self, words: &[&[u8]], expected: Expected) {
        debug_assert!(words.iter().all(|word| is_one_line(word)));
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                self.outgoing.push(b' ');
            }
            self.outgoing.extend_from_slice(word);
        }
        self.outgoing.extend_from_slice(b"\r\n");
        self.expected.push_back(expected);
    }

    /// Sends a further piece of what the last command has begun.
    pub(crate) fn send_more(&mut self, line: &[u8]) {
        debug_assert!(is_one_line(line));
        self.outgoing.extend_from_slice(line);
        self.outgoing.extend_from_slice(b"\r\n");
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Option<&[u8]>, ImapError> {
        let rest = &self.buffer[self.at..];
        let Some(end) = memchr(b'\n', rest) else {
            return if rest.len() > LINE_OCTETS_MAX { Err(protocol("a line without end")) } else { Ok(None) };
        };
        let from = self.at;
        self.at += end + 1;
        let line = &self.buffer[from..from + end];
        if !self.has_greeted {
            self.has_greeted = true;
            self.is_bare = !line.ends_with(b"\r");
        }
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    fn status(&mut self) -> Result<Option<Reply>, ImapError> {
        loop {
            let Some(line) = self.line()? else { return Ok(None) };
            let (is_ok, text) = match line {
                [b'+', o, k, rest @ ..] if [*o, *k].eq_ignore_ascii_case(b"OK") => (true, rest),
                [b'-', e, r, s, rest @ ..] if [*e, *r, *s].eq_ignore_ascii_case(b"ERR") => (false, rest),
                [b'+'] => return Ok(Some(Reply::Continue(String::new()))),
                [b'+', b' ', text @ ..] => {
                    let text = String::from_utf8_lossy(text).trim().to_owned();
                    return Ok(Some(Reply::Continue(text)));
                }
                odd => {
                    let odd = String::from_utf8_lossy(&odd[..odd.len().min(200)]).into_owned();
                    self.odd_lines += 1;
                    if self.odd_lines > ODD_LINES_MAX {
                        return Err(protocol(&odd));
                    }
                    continue;
                }
            };
            let text = String::from_utf8_lossy(text).trim().to_owned();
            self.odd_lines = 0;
            let Some(expected) = self.expected.pop_front() else {
                return Err(protocol("an answer nobody asked for"));
            };
            if is_ok {
                self.state = match expected {
                    Expected::Status => State::Status,
                    Expected::Lines => State::Lines,
                    Expected::Mail => State::Mail { at_line_start: true, after_return: false },
                };
            }
            return Ok(Some(Reply::Status { is_ok, text }));
        }
    }

    fn line_of_many(&mut self) -> Result<Option<Reply>, ImapError> {
        let Some(line) = self.line()? else { return Ok(None) };
        if line == b"." {
            self.state = State::Status;
            return Ok(Some(Reply::End));
        }
        let line = line.strip_prefix(b".").unwrap_or(line);
        Ok(Some(Reply::Line(String::from_utf8_lossy(line).into_owned())))
    }

    /// Octets of the mail as far as they are here. A line is one that ends in CRLF: a dot behind a bare LF belongs to the
    /// mail, unless the server knows nothing but bare LF.
    fn piece(&mut self) -> Option<Reply> {
        let State::Mail { mut at_line_start, mut after_return } = self.state else { return None };
        let mut piece = Vec::new();
        let mut is_end = false;
        while self.at < self.buffer.len() {
            let rest = &self.buffer[self.at..];
            if at_line_start && rest[0] == b'.' {
                match rest {
                    [b'.', b'\r', b'\n', ..] => {
                        self.at += 3;
                        is_end = true;
                        break;
                    }
                    [b'.', b'\n', ..] if self.is_bare => {
                        self.at += 2;
                        is_end = true;
                        break;
                    }
                    [b'.'] | [b'.', b'\r'] => break,
                    _ => {
                        self.at += 1;
                        at_line_start = false;
                        continue;
                    }
                }
            }
            let taken = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line = &rest[..taken];
            let (has_end, before) = match line {
                [before @ .., b'\n'] => (true, before),
                all => (false, all),
            };
            let has_return = before.last().map_or(after_return, |last| *last == b'\r');
            at_line_start = has_end && (has_return || self.is_bare);
            after_return = !has_end && has_return;
            piece.extend_from_slice(line);
            self.at += taken;
        }
        if is_end && piece.is_empty() {
            self.state = State::Status;
            return Some(Reply::End);
        }
        if is_end {
            // The end is said with the next question.
            self.at -= if self.buffer[self.at - 2] == b'\r' { 3 } else { 2 };
            at_line_start = true;
        }
        self.state = State::Mail { at_line_start, after_return };
        (!piece.is_empty()).then_some(Reply::Octets(piece))
    }
}

impl Conversation for Talk {
    type Reply = Reply;

    fn reply(&mut self) -> Result<Option<Reply>, ImapError> {
        match self.state {
            State::Status => self.status(),
            State::Lines => self.line_of_many(),
            State::Mail { .. } => Ok(self.piece()),
        }
    }

    fn output(&mut self) -> Option<Vec<u8>> {
        (!self.outgoing.is_empty()).then(|| std::mem::take(&mut self.outgoing))
    }

    fn input(&mut self, room: usize) -> &mut Vec<u8> {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.reserve(room);
        &mut self.buffer
    }

    fn begin_tls(&mut self) -> bool {
        let had = self.at < self.buffer.len() || !self.expected.is_empty();
        self.buffer.zeroize();
        self.at = 0;
        had
    }
}

/// Whether a word of a command may be sent: it brings no further command along.
pub(crate) fn is_one_line(word: &[u8]) -> bool {
    !word.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0))
}

pub(crate) fn protocol(what: &str) -> ImapError {
    ImapError::Protocol { what: what.to_owned() }
}
