//! DELE of mails, and the QUIT that makes it true: before the server has said yes to QUIT nothing is removed.
//!
//! Source: RFC 1939 §5, §6.

use std::collections::VecDeque;

use super::talk::{Expected, Reply, Talk};
use crate::imap::{During, Event, ImapError};
use crate::line::{Machine, Step};

/// What became of mails, by their numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) removed: Vec<u32>,
    /// With the server's words.
    pub(crate) refused: Vec<(u32, String)>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Removing {
    todo: VecDeque<u32>,
    asked: VecDeque<u32>,
    pipeline: usize,
    outcome: Outcome,
    is_quitting: bool,
}

impl Removing {
    pub(crate) fn new(numbers: Vec<u32>, pipeline: usize) -> Self {
        Self {
            todo: numbers.into(),
            asked: VecDeque::new(),
            pipeline,
            outcome: Outcome::default(),
            is_quitting: false,
        }
    }

    fn go_on(&mut self, talk: &mut Talk) {
        while self.asked.len() < self.pipeline
            && let Some(number) = self.todo.pop_front()
        {
            talk.send(&[b"DELE", number.to_string().as_bytes()], Expected::Status);
            self.asked.push_back(number);
        }
        // On its own: a server may end the session with whatever it says to a command before.
        if self.asked.is_empty() && !self.is_quitting {
            talk.send(&[b"QUIT"], Expected::Status);
            self.is_quitting = true;
        }
    }
}

impl Machine for Removing {
    type Talk = Talk;
    type Output = Outcome;

    fn during(&self) -> During {
        During::Change
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Self::Output>, ImapError> {
        self.go_on(talk);
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Self::Output>, ImapError> {
        let Reply::Status { is_ok, text } = reply else { return Ok(Step::More) };
        if self.is_quitting {
            // RFC 1939 §6: with an error, some of the marked mails, or none, were removed.
            if !is_ok && !self.outcome.removed.is_empty() {
                return Err(ImapError::Refused { command: "QUIT", code: None, words: text, is_bad: false });
            }
            return Ok(Step::Done(std::mem::take(&mut self.outcome)));
        }
        if let Some(number) = self.asked.pop_front() {
            if is_ok {
                self.outcome.removed.push(number);
            } else {
                self.outcome.refused.push((number, text));
            }
        }
        self.go_on(talk);
        Ok(Step::More)
    }
}
