//! One command and all that is answered to it.

use super::command::Command;
use super::error::{During, ImapError};
use super::event::Event;
use super::response::{Fetched, Response, Status, Text, flatten};
use super::talk::{Reply, Tag, Talk};
use crate::line::{Machine, Step};

/// Answers to one command that are kept; a server may say what it likes.
pub(crate) const ANSWERS_MAX: usize = 10_000;

/// What came between a command and its end.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Of untagged responses, and of the tagged one last.
    pub(crate) texts: Vec<Text>,
    pub(crate) fetched: Vec<Fetched>,
    /// Mails in the mailbox, if it said so.
    pub(crate) messages: Option<u32>,
    /// UIDs that have gone since the modification asked about.
    pub(crate) vanished: Vec<(u32, u32)>,
    /// A mail went meanwhile.
    pub(crate) has_expunged: bool,
    /// Numbers of a search.
    pub(crate) found: Vec<u32>,
    /// Octets taken, and octets in all.
    pub(crate) quota: Option<(u64, u64)>,
    /// Prefix and delimiter of own mailboxes.
    pub(crate) namespace: Option<(Vec<u8>, Option<char>)>,
}

impl Answer {
    /// The number in the last code of this name.
    pub(crate) fn number(&self, code: &str) -> Option<u32> {
        self.texts.iter().rev().find_map(|text| text.number(code))
    }

    /// The same for numbers that may be larger.
    pub(crate) fn long_number(&self, code: &str) -> Option<u64> {
        self.texts.iter().rev().find_map(|text| {
            (text.code.as_deref() == Some(code)).then(|| text.arguments.parse().ok()).flatten()
        })
    }

    /// Whether a code of this name was given.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.texts.iter().any(|text| text.code.as_deref() == Some(code))
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Answering<'c> {
    command: Command<'c>,
    tag: Option<Tag>,
    answer: Answer,
}

impl<'c> Answering<'c> {
    pub(crate) fn new(command: Command<'c>) -> Self {
        Self { command, tag: None, answer: Answer::default() }
    }

    /// Of a command that was sent already.
    pub(crate) fn to(command: Command<'c>, tag: Tag) -> Self {
        Self { command, tag: Some(tag), answer: Answer::default() }
    }

    fn response(&mut self, response: Response) -> Result<(), ImapError> {
        let answer = &mut self.answer;
        match response {
            Response::Untagged { status: Status::Bye, text } => {
                return Err(ImapError::Bye { words: text.words });
            }
            Response::Untagged { text, .. } if answer.texts.len() < ANSWERS_MAX => answer.texts.push(text),
            Response::Fetch(fetched) if fetched.is_broken => {
                return Err(ImapError::Protocol { what: "an answer to UID FETCH has no end".to_owned() });
            }
            Response::Fetch(fetched) if answer.fetched.len() < ANSWERS_MAX => answer.fetched.push(fetched),
            Response::Search(ranges) => answer.found.extend(flatten(&ranges, ANSWERS_MAX)),
            Response::Vanished { uids, is_earlier: true } if answer.vanished.len() < ANSWERS_MAX => {
                answer.vanished.extend(uids);
            }
            Response::Expunge(_) | Response::Vanished { is_earlier: false, .. } => answer.has_expunged = true,
            Response::Exists(messages) => answer.messages = Some(messages),
            Response::Quota(used, most) => answer.quota = Some((used, most)),
            Response::Namespace(prefix, delimiter) => answer.namespace = Some((prefix, delimiter)),
            _ => {}
        }
        Ok(())
    }
}

impl Machine for Answering<'_> {
    type Talk = Talk;
    type Output = Answer;

    fn during(&self) -> During {
        During::Change
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Answer>, ImapError> {
        if self.tag.is_none() {
            self.tag = Some(talk.send(&self.command));
        }
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        _talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Answer>, ImapError> {
        match reply {
            Reply::Done(tag, Status::Ok, text) if Some(tag) == self.tag => {
                self.answer.texts.push(text);
                return Ok(Step::Done(std::mem::take(&mut self.answer)));
            }
            Reply::Done(tag, status, text) if Some(tag) == self.tag => {
                return Err(text.refusal(self.command.word(), status));
            }
            Reply::Response(response) => self.response(response)?,
            _ => {}
        }
        Ok(Step::More)
    }
}
