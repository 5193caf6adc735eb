//! The mailboxes of an account and their numbers.
//!
//! Source: RFC 9051 §6.3.9, §6.3.11; RFC 5258, 5819, 6154.

use super::command::Command;
use super::error::{During, ImapError};
use super::event::Event;
use super::mailbox::{Mailbox, MailboxStatus, SpecialUse};
use super::response::{Response, Status};
use super::talk::{Reply, Tag, Talk};
use crate::line::{Machine, Step};

/// Lists the mailboxes: the inbox first, the others by raw name.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    tag: Option<Tag>,
    is_plain: bool,
    mailboxes: Vec<Mailbox>,
    status: Vec<MailboxStatus>,
}

impl Machine for Listing {
    type Talk = Talk;
    type Output = Vec<Mailbox>;

    fn during(&self) -> During {
        During::List
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Vec<Mailbox>>, ImapError> {
        self.tag = Some(talk.send(&Command::List { is_plain: false }));
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Vec<Mailbox>>, ImapError> {
        match reply {
            Reply::Response(Response::List(mailbox)) => self.mailboxes.push(mailbox),
            Reply::Response(Response::Status(status)) => self.status.push(status),
            Reply::Done(tag, Status::Bad, _) if Some(tag) == self.tag && !self.is_plain => {
                // Extensions named by the server, but not understood.
                self.is_plain = true;
                self.tag = Some(talk.send(&Command::List { is_plain: true }));
            }
            Reply::Done(tag, status, text) if Some(tag) == self.tag => {
                if status != Status::Ok {
                    let is_bad = status == Status::Bad;
                    return Err(ImapError::Refused {
                        command: "LIST",
                        code: text.code,
                        words: text.words,
                        is_bad,
                    });
                }
                return Ok(Step::Done(self.sorted()));
            }
            _ => {}
        }
        Ok(Step::More)
    }
}

impl Listing {
    fn sorted(&mut self) -> Vec<Mailbox> {
        let mut mailboxes = std::mem::take(&mut self.mailboxes);
        let is_inbox = |mailbox: &Mailbox| mailbox.special_use == Some(SpecialUse::Inbox);
        mailboxes.sort_by(|a, b| is_inbox(b).cmp(&is_inbox(a)).then_with(|| a.raw.cmp(&b.raw)));
        mailboxes.dedup_by(|next, first| {
            let same = next.raw == first.raw;
            if same && first.special_use.is_none() {
                first.special_use = next.special_use;
            }
            same
        });
        for mailbox in &mut mailboxes {
            let is_of = |status: &&MailboxStatus| {
                let both_inbox = is_inbox(mailbox) && status.raw.eq_ignore_ascii_case(b"INBOX");
                status.raw == mailbox.raw || both_inbox
            };
            mailbox.status = self.status.iter().find(is_of).cloned();
        }
        mailboxes
    }
}

/// Asks for the numbers of mailboxes, all questions at once.
#[derive(Debug)]
pub(crate) struct Asking {
    mailboxes: Vec<Vec<u8>>,
    asked: Vec<Tag>,
    answers: Vec<MailboxStatus>,
    next: usize,
}

/// Questions on the way at the same time.
const QUESTIONS_MAX: usize = 50;

impl Asking {
    pub(crate) fn new(mailboxes: Vec<Vec<u8>>) -> Self {
        Self { mailboxes, asked: Vec::new(), answers: Vec::new(), next: 0 }
    }

    fn ask(&mut self, talk: &mut Talk) -> Step<Vec<MailboxStatus>> {
        while self.asked.len() < QUESTIONS_MAX
            && let Some(mailbox) = self.mailboxes.get(self.next)
        {
            self.next += 1;
            self.asked.push(talk.send(&Command::Status { mailbox }));
        }
        if self.asked.is_empty() { Step::Done(std::mem::take(&mut self.answers)) } else { Step::More }
    }
}

impl Machine for Asking {
    type Talk = Talk;
    /// Of those mailboxes the server tells about; one it refuses is missing.
    type Output = Vec<MailboxStatus>;

    fn during(&self) -> During {
        During::Mailbox
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Self::Output>, ImapError> {
        Ok(self.ask(talk))
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Self::Output>, ImapError> {
        match reply {
            Reply::Response(Response::Status(status)) => self.answers.push(status),
            Reply::Done(tag, ..) => {
                self.asked.retain(|asked| *asked != tag);
                return Ok(self.ask(talk));
            }
            _ => {}
        }
        Ok(Step::More)
    }
}
