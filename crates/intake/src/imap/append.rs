//! Puts mails into a mailbox. Given again, a mail that is there already stays the only one.
//!
//! A literal is offered and sent when the server has said `+`, so that one that is too large is refused before it is sent.
//!
//! Source: RFC 9051 §6.3.12; RFC 4315 §3 (APPENDUID).

use model::{Flags, Position, UnixMillis};
use tokio::sync::mpsc;

use super::answer::Answering;
use super::command::Command;
use super::drive::Session;
use super::error::{During, ImapError};
use super::event::Event;
use super::mailbox::Mailbox;
use super::response::{Response, Status};
use super::talk::{Reply, Tag, Talk};
use crate::line::{Machine, Step};

/// A mail to be put into a mailbox.
#[derive(Debug)]
pub struct Append {
    /// Its flags there.
    pub flags: Flags,
    /// When it was received (`INTERNALDATE`); `None`: now.
    pub received: Option<UnixMillis>,
    /// How many octets it has.
    pub octets: u64,
    /// Its `Message-ID`, without brackets: by this and its size it is known if it is there already.
    pub message_id: Option<String>,
    /// Its octets, in pieces. Ends it before all have come, the connection is given up and the mail is not put there.
    pub body: mpsc::Receiver<Vec<u8>>,
}

/// What became of a mail.
#[derive(Debug)]
pub enum Appended {
    /// It is there now; where, if the server said so.
    Done {
        /// `Position::Imap`.
        to: Option<Position>,
    },
    /// It was there.
    Present,
    /// The server does not take it.
    Refused(ImapError),
}

/// What became of mails, in their order, and where they were put.
#[derive(Debug)]
pub struct AppendReport {
    /// The mailbox; made if it was missing.
    pub target: Mailbox,
    /// Each of them. Fewer than were given where the connection was lost: the first that is missing may be there.
    pub mails: Vec<Appended>,
    /// Why mails are missing.
    pub lost: Option<ImapError>,
}

impl Session {
    /// Puts mails into the mailbox of this name, which is made if it is missing; `/` between levels.
    ///
    /// # Errors
    /// [`ImapError`], if the mailbox cannot be made or opened; nothing was put there then.
    pub(crate) async fn append(&mut self, to: &str, mails: Vec<Append>) -> Result<AppendReport, ImapError> {
        let target = self.target(to).await?;
        let answer = self.ask(Command::Examine { mailbox: &target.raw }).await?;
        let uid_validity = answer.number("UIDVALIDITY").unwrap_or(0);
        let mut report = AppendReport { target, mails: Vec::with_capacity(mails.len()), lost: None };
        for mut mail in mails {
            let appended = match self.append_one(&report.target.raw, uid_validity, &mut mail).await {
                Ok(appended) => appended,
                Err(error @ ImapError::Refused { .. }) => Appended::Refused(error),
                Err(error) => {
                    report.lost = Some(error);
                    break;
                }
            };
            report.mails.push(appended);
        }
        Ok(report)
    }

    async fn append_one(
        &mut self,
        mailbox: &[u8],
        uid_validity: u32,
        mail: &mut Append,
    ) -> Result<Appended, ImapError> {
        // Without an id only the time and the size say that it is the same.
        let message_id = mail.message_id.as_deref().filter(|id| id.is_ascii() && !id.is_empty());
        let found =
            self.ask(Command::UidSearchAlike { message_id, size_octets: Some(mail.octets) }).await?.found;
        let is_there = match (message_id, mail.received) {
            (Some(_), _) => !found.is_empty(),
            (None, Some(received)) => self.is_dated(&found, received).await?,
            (None, None) => false,
        };
        if is_there {
            return Ok(Appended::Present);
        }
        let (flags, received, octets) = (mail.flags, mail.received, mail.octets);
        let command = || Command::Append { mailbox, flags, received, octets };
        let tag = self.run(&mut Offering::new(command())).await?;
        let mut left = octets;
        while left > 0 {
            let piece = mail.body.recv().await.filter(|piece| piece.len() as u64 <= left);
            let Some(piece) = piece else { return Err(ImapError::Abandoned) };
            left -= piece.len() as u64;
            self.push(piece).await?;
        }
        self.push(b"\r\n".to_vec()).await?;
        let answer = self.run(&mut Answering::to(command(), tag)).await?;
        let to = answer.texts.iter().find_map(super::response::Text::appended);
        let place = |(uid_validity, uid)| Position::Imap { uid_validity, uid };
        Ok(Appended::Done { to: to.filter(|(numbering, _)| *numbering == uid_validity).map(place) })
    }
}

/// Sends the command up to its literal, and waits until that may come.
#[derive(Debug)]
struct Offering<'c> {
    command: Command<'c>,
    tag: Option<Tag>,
}

impl<'c> Offering<'c> {
    const fn new(command: Command<'c>) -> Self {
        Self { command, tag: None }
    }
}

impl Machine for Offering<'_> {
    type Talk = Talk;
    type Output = Tag;

    fn during(&self) -> During {
        During::Change
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Tag>, ImapError> {
        self.tag = Some(talk.send(&self.command));
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        _talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Tag>, ImapError> {
        match (reply, self.tag) {
            (Reply::Response(Response::Continue(_)), Some(tag)) => Ok(Step::Done(tag)),
            (Reply::Response(Response::Untagged { status: Status::Bye, text }), _) => {
                Err(ImapError::Bye { words: text.words })
            }
            (Reply::Done(tag, status, text), Some(own)) if tag == own => match status {
                Status::Ok => {
                    let what = "APPEND ended before its mail was sent".to_owned();
                    Err(ImapError::Protocol { what })
                }
                status => Err(text.refusal(self.command.word(), status)),
            },
            _ => Ok(Step::More),
        }
    }
}
