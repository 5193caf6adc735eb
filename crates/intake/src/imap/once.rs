//! A command whose answer matters only in being there.

use super::command::Command;
use super::error::{During, ImapError};
use super::event::Event;
use super::response::Status;
use super::talk::{Reply, Tag, Talk};
use crate::line::{Machine, Step};

/// Sends one command and waits for its end.
#[derive(Debug)]
pub(crate) struct Once<'c> {
    command: Command<'c>,
    tag: Option<Tag>,
}

impl<'c> Once<'c> {
    pub(crate) fn new(command: Command<'c>) -> Self {
        Self { command, tag: None }
    }
}

impl Machine for Once<'_> {
    type Talk = Talk;
    type Output = ();

    fn during(&self) -> During {
        During::Mailbox
    }

    fn begin(&mut self, talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<()>, ImapError> {
        self.tag = Some(talk.send(&self.command));
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        _talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<()>, ImapError> {
        match reply {
            Reply::Done(tag, Status::Ok, _) if Some(tag) == self.tag => Ok(Step::Done(())),
            Reply::Done(tag, status, text) if Some(tag) == self.tag => {
                Err(text.refusal(self.command.word(), status))
            }
            _ => Ok(Step::More),
        }
    }
}
