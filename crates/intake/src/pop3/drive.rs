//! The sockets: carries octets between a server and the procedures, watches the time, hands events on.

use std::time::Duration;

use connect::{ClientTls, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use zeroize::Zeroize;

use super::list::{Entry, Listing};
use super::machine::{Machine, Step};
use super::open::{Opened, Opening};
use super::remove::{Outcome, Removing};
use super::talk::Talk;
use crate::imap::{During, Encryption, Event, ImapError, Outlet, Settings, checked};

/// Octets read at once.
const READ_OCTETS: usize = 64 << 10;
/// Events of so many octets are handed over together, and what is there when the server pauses.
const HAND_OVER_OCTETS: usize = 256 << 10;
/// Commands on the way at once, where the server takes several.
const PIPELINE_COMMANDS: usize = 16;

/// A connection, logged in: the mailbox is locked until it ends.
#[derive(Debug)]
pub(crate) struct Session {
    line: Line,
    pub(crate) opened: Opened,
}

impl Session {
    /// Logs in on a connection that stands; inside TLS already if the settings say [`Encryption::Tls`].
    pub(crate) async fn open_on(stream: Stream, settings: &Settings) -> Result<Self, ImapError> {
        let begins_tls = settings.encryption == Encryption::StartTls;
        let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        if !begins_tls && !stream.is_encrypted() && !is_local {
            return Err(ImapError::Insecure { host: settings.host.clone() });
        }
        let identity = settings.identity()?;
        let mut opening = Opening::new(&identity, stream.is_encrypted(), begins_tls);
        let mut line = Line {
            stream: Some(stream),
            talk: Talk::new(),
            host: settings.host.clone(),
            tls: settings.tls.clone(),
            tls_timeout: settings.options.timeouts.tls,
            answer_timeout: settings.options.answer_timeout,
        };
        let opened = line.run(&mut opening, None).await?;
        Ok(Self { line, opened })
    }

    /// The stream below, for what is known of it.
    pub(crate) fn stream(&self) -> Option<&Stream> {
        self.line.stream.as_ref()
    }

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
    pub(crate) async fn run<M: Machine>(
        &mut self,
        machine: &mut M,
        outlet: &Outlet,
    ) -> Result<M::Output, ImapError> {
        self.line.run(machine, Some(outlet)).await
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

/// A stream and the conversation on it.
#[derive(Debug)]
struct Line {
    /// `None` only while TLS begins, and after that has failed.
    stream: Option<Stream>,
    talk: Talk,
    host: String,
    tls: ClientTls,
    tls_timeout: Duration,
    answer_timeout: Duration,
}

impl Line {
    async fn run<M: Machine>(
        &mut self,
        machine: &mut M,
        outlet: Option<&Outlet>,
    ) -> Result<M::Output, ImapError> {
        let mut events = Vec::new();
        let result = self.run_inner(machine, &mut events, outlet).await;
        if result.is_err() {
            machine.lost(&mut events);
        }
        let delivered = deliver(&mut events, outlet).await;
        result.and_then(|output| delivered.map(|()| output))
    }

    async fn run_inner<M: Machine>(
        &mut self,
        machine: &mut M,
        events: &mut Vec<Event>,
        outlet: Option<&Outlet>,
    ) -> Result<M::Output, ImapError> {
        let mut step = machine.begin(&mut self.talk);
        loop {
            match step {
                Step::Done(output) => return Ok(output),
                Step::BeginTls => {
                    self.begin_tls().await?;
                    machine.tls_begun(&mut self.talk);
                }
                Step::More => {}
            }
            let reply = loop {
                if let Some(reply) = self.talk.reply()? {
                    break reply;
                }
                self.write(machine.during()).await?;
                if events.iter().map(Event::octets).sum::<usize>() >= HAND_OVER_OCTETS {
                    deliver(events, outlet).await?;
                }
                self.read(machine.during(), events, outlet).await?;
            };
            step = machine.hear(&mut self.talk, reply, events)?;
        }
    }

    async fn begin_tls(&mut self) -> Result<(), ImapError> {
        if self.talk.begin_tls() {
            return Err(ImapError::Injected);
        }
        let Some(stream) = self.stream.take() else {
            return Err(ImapError::Closed { during: During::Login });
        };
        self.stream = Some(stream.start_tls(&self.tls, &self.host, self.tls_timeout).await?);
        Ok(())
    }

    async fn write(&mut self, during: During) -> Result<(), ImapError> {
        let Some(mut octets) = self.talk.output() else { return Ok(()) };
        let Some(stream) = &mut self.stream else { return Err(ImapError::Closed { during }) };
        let writing = async {
            stream.write_all(&octets).await?;
            stream.flush().await
        };
        let written = timeout(self.answer_timeout, writing).await;
        octets.zeroize();
        checked(written, during, self.answer_timeout)
    }

    async fn read(
        &mut self,
        during: During,
        events: &mut Vec<Event>,
        outlet: Option<&Outlet>,
    ) -> Result<(), ImapError> {
        let Some(stream) = &mut self.stream else { return Err(ImapError::Closed { during }) };
        let mut reading = std::pin::pin!(stream.read_buf(self.talk.input(READ_OCTETS)));
        let at_once = std::future::poll_fn(|context| {
            std::task::Poll::Ready(match reading.as_mut().poll(context) {
                std::task::Poll::Ready(read) => Some(read),
                std::task::Poll::Pending => None,
            })
        });
        let read = if let Some(read) = at_once.await {
            Ok(read)
        } else {
            deliver(events, outlet).await?;
            timeout(self.answer_timeout, reading).await
        };
        match checked(read, during, self.answer_timeout)? {
            0 => Err(ImapError::Closed { during }),
            _ => Ok(()),
        }
    }
}

async fn deliver(events: &mut Vec<Event>, outlet: Option<&Outlet>) -> Result<(), ImapError> {
    let events = std::mem::take(events);
    match outlet {
        Some(outlet) => outlet.send(events).await,
        None => Ok(()),
    }
}
