//! A session: the procedures, one after the other, on a connection.

use connect::Stream;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::list::{Entry, Listing};
use super::open::{Opened, Opening};
use super::remove::{Outcome, Removing};
use super::talk::Talk;
use crate::connection::LoggedIn;
use crate::imap::{Encryption, ImapError, Outlet, Settings};
use crate::line::{Line, Machine, Sink};

/// Commands on the way at once, where the server takes several.
const PIPELINE_COMMANDS: usize = 16;

/// A connection, logged in: the mailbox is locked until it ends.
#[derive(Debug)]
pub(crate) struct Session {
    line: Line<Talk>,
    pub(crate) opened: Opened,
}

impl LoggedIn for Session {
    async fn open_on(stream: Stream, settings: &Settings) -> Result<Self, ImapError> {
        let begins_tls = settings.encryption == Encryption::StartTls;
        let is_encrypted = stream.is_encrypted();
        let mut line = Line::new(stream, Talk::new(), settings)?;
        let identity = settings.identity().await?;
        let mut opening = Opening::new(&identity, is_encrypted, begins_tls);
        let opened = line.run(&mut opening, None).await?;
        Ok(Self { line, opened })
    }

    fn stream(&self) -> Option<&Stream> {
        self.line.stream.as_ref()
    }
}

impl Session {
    /// How many commands may be on the way at once.
    pub(crate) fn pipeline(&self) -> usize {
        if self.opened.has("PIPELINING") { PIPELINE_COMMANDS } else { 1 }
    }

    /// The mails of the mailbox.
    pub(crate) async fn entries(&mut self) -> Result<Vec<Entry>, ImapError> {
        let mut listing = Listing::new(self.pipeline());
        self.line.run(&mut listing, None).await
    }

    /// Runs a procedure that reports to `outlet`.
    pub(crate) async fn run<M: Machine<Talk = Talk>>(
        &mut self,
        machine: &mut M,
        outlet: &Outlet,
    ) -> Result<M::Output, ImapError> {
        self.line.run(machine, Some(&mut Sink::new(outlet))).await
    }

    /// Removes mails by their numbers and ends the session. See [`Removing`].
    pub(crate) async fn remove(mut self, numbers: Vec<u32>) -> Result<Outcome, ImapError> {
        let mut removing = Removing::new(numbers, self.pipeline());
        let removed = self.line.run(&mut removing, None).await?;
        if let Some(stream) = &mut self.line.stream {
            // The server has the mails removed already; how the connection ends does not matter.
            let _ = timeout(self.line.answer_timeout, stream.shutdown()).await;
        }
        Ok(removed)
    }
}
