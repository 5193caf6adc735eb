//! Waiting for news of several mailboxes at once: of the one that is open, and of others. What is heard only wakes.
//!
//! Source: RFC 5465. It needs no IDLE, but Dovecot 2.3 tells of the open mailbox only with it, so both are used where both
//! are offered.

use super::command::Command;
use super::error::{During, ImapError};
use super::event::Event;
use super::idle::{Idled, Waiting, counts};
use super::mailbox::MailboxStatus;
use super::response::{Response, Status};
use super::talk::{Reply, Tag, Talk};
use crate::line::{Machine, Step};

/// With more octets of names than this, all own mailboxes are asked about: lines that long are not understood everywhere.
const NAMES_OCTETS_MAX: usize = 4000;

/// A mailbox as the last run left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) raw: Vec<u8>,
    pub(crate) uid_validity: Option<u32>,
    pub(crate) uid_next: Option<u32>,
}

impl Watched {
    /// Whether the server says something else now than in the last run.
    pub(crate) fn differs(&self, uid_validity: Option<u32>, uid_next: Option<u32>) -> bool {
        let is_other = |known: Option<u32>, found: Option<u32>| {
            known.zip(found).is_some_and(|(known, found)| known != found)
        };
        is_other(self.uid_validity, uid_validity) || is_other(self.uid_next, uid_next)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The server has not said yet that it goes along.
    Asked,
    /// Nor with IDLE.
    Beginning,
    /// It says something when something happens.
    Quiet,
    /// DONE is on its way.
    Ending,
    /// It is told to tell nothing more.
    Closing,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Noticing<'w> {
    others: &'w [Watched],
    idles: bool,
    tag: Option<Tag>,
    state: State,
    messages: u32,
    has_news: bool,
    /// It was too much for the server, and it tells nothing any more.
    is_overflown: bool,
}

impl<'w> Noticing<'w> {
    /// `messages`: mails known to be in the mailbox that is open; `others`: those that are not; `idles`: the server does
    /// IDLE as well.
    pub(crate) const fn new(messages: u32, others: &'w [Watched], idles: bool) -> Self {
        let state = State::Asked;
        Self { others, idles, tag: None, state, messages, has_news: false, is_overflown: false }
    }

    fn close(&mut self, talk: &mut Talk) {
        self.tag = Some(talk.send(&Command::NotifyNone));
        self.state = State::Closing;
    }

    /// A command is finished; how the waiting has ended, if it has.
    fn done(&mut self, talk: &mut Talk, status: Status) -> Option<Idled> {
        match self.state {
            State::Asked if status == Status::Ok => {
                self.idles &= !self.has_news;
                if self.idles {
                    self.tag = Some(talk.send(&Command::Idle));
                }
                self.state = if self.idles { State::Beginning } else { State::Quiet };
            }
            State::Asked => return Some(if self.has_news { Idled::News } else { Idled::Refused }),
            // Without IDLE, then.
            State::Beginning => (self.idles, self.state) = (false, State::Quiet),
            // Some servers end IDLE by themselves after a while, without being told.
            State::Quiet | State::Ending => self.close(talk),
            State::Closing if self.has_news => return Some(Idled::News),
            State::Closing if self.is_overflown => return Some(Idled::Refused),
            State::Closing => return Some(Idled::Over),
        }
        None
    }

    fn is_news(&self, status: &MailboxStatus) -> bool {
        self.others
            .iter()
            .any(|known| known.raw == status.raw && known.differs(status.uid_validity, status.uid_next))
    }
}

impl Waiting for Noticing<'_> {
    fn is_quiet(&self) -> bool {
        self.state == State::Quiet
    }

    fn end(&mut self, talk: &mut Talk) {
        match self.state {
            State::Quiet if self.idles => {
                talk.send_done();
                self.state = State::Ending;
            }
            State::Quiet => self.close(talk),
            _ => {}
        }
    }

    fn messages(&self) -> u32 {
        self.messages
    }
}

impl Machine for Noticing<'_> {
    type Talk = Talk;
    type Output = Idled;

    fn during(&self) -> During {
        During::Idle
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Idled>, ImapError> {
        let mut names: Vec<&[u8]> = self.others.iter().map(|other| other.raw.as_slice()).collect();
        if names.iter().map(|name| name.len()).sum::<usize>() > NAMES_OCTETS_MAX {
            names.clear();
        }
        self.tag = Some(talk.send(&Command::NotifySet { mailboxes: &names }));
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Idled>, ImapError> {
        match reply {
            Reply::Done(tag, status, _) if Some(tag) == self.tag => {
                if let Some(idled) = self.done(talk, status) {
                    return Ok(Step::Done(idled));
                }
            }
            Reply::Response(Response::Continue(_)) if self.state == State::Beginning => {
                self.state = State::Quiet;
            }
            Reply::Response(Response::Untagged { status: Status::Bye, text }) => {
                return Err(ImapError::Bye { words: text.words });
            }
            Reply::Response(Response::Untagged { text, .. })
                if text.code.as_deref() == Some("NOTIFICATIONOVERFLOW") =>
            {
                self.is_overflown = true;
            }
            Reply::Response(Response::Status(status)) => self.has_news |= self.is_news(&status),
            Reply::Response(response) => self.has_news |= counts(&mut self.messages, &response),
            _ => {}
        }
        if self.has_news || self.is_overflown {
            self.end(talk);
        }
        Ok(Step::More)
    }
}
