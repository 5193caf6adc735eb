//! Waiting for news of the mailbox that is open. What is heard only wakes: the next run looks for itself.
//!
//! Source: RFC 2177, RFC 9051 §6.3.13.

use super::command::Command;
use super::error::{During, ImapError};
use super::event::Event;
use super::response::{Response, Status};
use super::talk::{Reply, Tag, Talk};
use crate::line::{Machine, Step};

/// How waiting has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idled {
    /// There are more mails than before.
    News,
    /// It was to end, and has.
    Over,
    /// The server does not do it.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The server has not said yet that it goes along.
    Asked,
    /// It says something when something happens.
    Quiet,
    /// DONE is on its way.
    Ending,
}

/// A way to wait for news. News ends it, and so does [`Waiting::end`].
pub(crate) trait Waiting: Machine<Talk = Talk, Output = Idled> {
    /// Whether silence is what is to be expected.
    fn is_quiet(&self) -> bool;

    /// Ends the waiting, once it has begun.
    fn end(&mut self, talk: &mut Talk);

    /// Mails in the mailbox that is open, as far as heard.
    fn messages(&self) -> u32;
}

/// Counts the mails of the mailbox that is open; whether there are more than before.
pub(crate) fn counts(messages: &mut u32, response: &Response) -> bool {
    match response {
        Response::Exists(now) => {
            let has_more = now > messages;
            *messages = *now;
            return has_more;
        }
        Response::Expunge(_) => *messages = messages.saturating_sub(1),
        Response::Vanished { uids, is_earlier: false } => {
            let count = uids
                .iter()
                .fold(0_u32, |sum, (first, last)| sum.saturating_add((last - first).saturating_add(1)));
            *messages = messages.saturating_sub(count);
        }
        _ => {}
    }
    false
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Idling {
    tag: Option<Tag>,
    state: State,
    messages: u32,
    has_news: bool,
}

impl Idling {
    /// `messages`: mails known to be in the mailbox.
    pub(crate) const fn new(messages: u32) -> Self {
        Self { tag: None, state: State::Asked, messages, has_news: false }
    }
}

impl Waiting for Idling {
    fn is_quiet(&self) -> bool {
        self.state == State::Quiet
    }

    fn end(&mut self, talk: &mut Talk) {
        if self.state == State::Quiet {
            talk.send_done();
            self.state = State::Ending;
        }
    }

    fn messages(&self) -> u32 {
        self.messages
    }
}

impl Machine for Idling {
    type Talk = Talk;
    type Output = Idled;

    fn during(&self) -> During {
        During::Idle
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Idled>, ImapError> {
        self.tag = Some(talk.send(&Command::Idle));
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Idled>, ImapError> {
        match reply {
            Reply::Response(Response::Continue(_)) if self.state == State::Asked => {
                self.state = State::Quiet;
            }
            Reply::Response(Response::Untagged { status: Status::Bye, text }) => {
                return Err(ImapError::Bye { words: text.words });
            }
            Reply::Done(tag, status, _) if Some(tag) == self.tag => {
                // Some servers end it by themselves after a while, without being told.
                let idled = match (self.has_news, status, self.state) {
                    (true, ..) => Idled::News,
                    (_, Status::Ok, State::Quiet | State::Ending) | (_, _, State::Ending) => Idled::Over,
                    _ => Idled::Refused,
                };
                return Ok(Step::Done(idled));
            }
            Reply::Response(response) => self.has_news |= counts(&mut self.messages, &response),
            _ => {}
        }
        if self.has_news {
            self.end(talk);
        }
        Ok(Step::More)
    }
}
