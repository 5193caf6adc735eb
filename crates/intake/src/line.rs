//! A connection to a mailbox server and the conversation on it: carries octets between the server and the procedures,
//! watches the time, hands events on. What is said on it is the business of [`Machine`]s.

mod machine;
mod packed;
mod rehearse;

use std::io;
use std::pin::pin;
use std::time::Duration;

use connect::{ClientTls, Stream};
use model::Position;
use tokio::io::AsyncWriteExt;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroize;

pub(crate) use self::machine::{Conversation, Machine, Step};
use self::packed::is_unpackable;
pub(crate) use self::packed::{Packed, receive, stored};
#[cfg(test)]
pub(crate) use self::rehearse::Heard;
pub(crate) use self::rehearse::hear;
use crate::imap::{Cursor, During, Encryption, Event, ImapError, Outlet, Settings};

/// Octets read at once; a TLS record has at most 16 KiB.
pub(crate) const READ_OCTETS: usize = 64 << 10;
/// Events of so many octets are handed over at once …
const HAND_OVER_OCTETS: usize = 256 << 10;
/// … fewer after so long, if nothing more comes.
const HAND_OVER_PATIENCE: Duration = Duration::from_millis(5);

/// Where events go, and what is remembered of them.
#[derive(Debug)]
pub(crate) struct Sink<'o> {
    outlet: &'o Outlet,
    /// Cursor of the last `BatchEnd`.
    pub(crate) cursor: Option<Cursor>,
    /// Mails that came or failed.
    pub(crate) settled: u64,
    /// Their positions at an IMAP server: numbering and UID.
    pub(crate) uids: Vec<(u32, u32)>,
    /// The mail whose octets are coming.
    coming: Option<Position>,
}

impl<'o> Sink<'o> {
    pub(crate) fn new(outlet: &'o Outlet) -> Self {
        Self { outlet, cursor: None, settled: 0, uids: Vec::new(), coming: None }
    }

    fn settle(&mut self, position: Option<&Position>) {
        self.settled += 1;
        if let Some(Position::Imap { uid_validity, uid }) = position {
            self.uids.push((*uid_validity, *uid));
        }
    }

    async fn take(&mut self, events: Vec<Event>) -> Result<(), ImapError> {
        for event in &events {
            match event {
                Event::BatchEnd { cursor, .. } => self.cursor = Some(*cursor),
                Event::Begin(facts) => self.coming = Some(facts.position.clone()),
                Event::Mail(mail) => self.settle(Some(&mail.facts.position)),
                Event::End => {
                    let position = self.coming.take();
                    self.settle(position.as_ref());
                }
                Event::Failed { position, .. } => self.settle(Some(position)),
                _ => {}
            }
        }
        self.outlet.send(events).await
    }
}

/// A stream and the conversation on it.
#[derive(Debug)]
pub(crate) struct Line<T> {
    /// `None` only while TLS begins, and after that has failed.
    pub(crate) stream: Option<Stream>,
    pub(crate) talk: T,
    /// What the server sends comes packed.
    pub(crate) packed: Option<Packed>,
    /// When something was sent that waits for an answer.
    asked: Option<Instant>,
    round_trip: Option<Duration>,
    host: String,
    tls: ClientTls,
    tls_timeout: Duration,
    pub(crate) answer_timeout: Duration,
}

/// Connects; inside TLS if the settings say [`Encryption::Tls`].
pub(crate) async fn dial(settings: &Settings) -> Result<Stream, ImapError> {
    let tls = (settings.encryption == Encryption::Tls).then_some(&settings.tls);
    Ok(connect::dial(&settings.host, settings.port, tls, &settings.options.timeouts).await?)
}

impl<T: Conversation> Line<T> {
    /// On a stream that stands.
    ///
    /// # Errors
    /// `Insecure`, if a password would go over it in the clear to another machine.
    pub(crate) fn new(stream: Stream, talk: T, settings: &Settings) -> Result<Self, ImapError> {
        let begins_tls = settings.encryption == Encryption::StartTls;
        let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        if !begins_tls && !stream.is_encrypted() && !is_local {
            return Err(ImapError::Insecure { host: settings.host.clone() });
        }
        Ok(Self {
            stream: Some(stream),
            talk,
            packed: None,
            asked: None,
            round_trip: None,
            host: settings.host.clone(),
            tls: settings.tls.clone(),
            tls_timeout: settings.options.timeouts.tls,
            answer_timeout: settings.options.answer_timeout,
        })
    }

    /// From here on both sides pack what they send (RFC 4978). What was received and not read yet is packed already.
    pub(crate) fn begin_packing(&mut self) {
        self.packed = Some(Packed::new(self.talk.take_rest()));
    }

    /// Shortest time from a question to its answer so far.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Runs a procedure to its end.
    pub(crate) async fn run<M: Machine<Talk = T>>(
        &mut self,
        machine: &mut M,
        mut sink: Option<&mut Sink<'_>>,
    ) -> Result<M::Output, ImapError> {
        let mut events = Vec::new();
        let result = self.run_inner(machine, &mut events, &mut sink).await;
        if result.is_err() {
            machine.lost(&mut events);
        }
        // After an error of the one who takes them this fails as well, and the first error counts.
        let delivered = deliver(&mut events, &mut sink).await;
        result.and_then(|output| delivered.map(|()| output))
    }

    async fn run_inner<M: Machine<Talk = T>>(
        &mut self,
        machine: &mut M,
        events: &mut Vec<Event>,
        sink: &mut Option<&mut Sink<'_>>,
    ) -> Result<M::Output, ImapError> {
        let mut step = machine.begin(&mut self.talk, events)?;
        let mut due = None;
        loop {
            match step {
                Step::Done(output) => return Ok(output),
                Step::Ask(answer) => {
                    deliver(events, sink).await?;
                    let known = answer.await.unwrap_or_default();
                    step = machine.answered(&mut self.talk, known, events);
                    continue;
                }
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
                // What was said may have freed what waited for a `+`.
                self.write(machine.during()).await?;
                self.read(machine.during(), events, &mut due, sink).await?;
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

    pub(crate) async fn write(&mut self, during: During) -> Result<(), ImapError> {
        let mut is_dirty = false;
        while let Some(mut octets) = self.talk.output() {
            let Some(stream) = &mut self.stream else { return Err(ImapError::Closed { during }) };
            if self.packed.is_some() {
                octets = stored(&octets);
            }
            let written = timeout(self.answer_timeout, stream.write_all(&octets)).await;
            octets.zeroize();
            checked(written, during, self.answer_timeout)?;
            is_dirty = true;
        }
        if is_dirty && let Some(stream) = &mut self.stream {
            let flushed = timeout(self.answer_timeout, stream.flush()).await;
            checked(flushed, during, self.answer_timeout)?;
            self.asked = Some(Instant::now());
        }
        Ok(())
    }

    /// Reads what comes next; `events` are handed over before if they are many, or if nothing comes by the time they are
    /// `due`.
    async fn read(
        &mut self,
        during: During,
        events: &mut Vec<Event>,
        due: &mut Option<Instant>,
        sink: &mut Option<&mut Sink<'_>>,
    ) -> Result<(), ImapError> {
        let Some(stream) = &mut self.stream else { return Err(ImapError::Closed { during }) };
        let mut reading = pin!(receive(stream, &mut self.packed, self.talk.input(READ_OCTETS)));
        let mut read = None;
        if !events.is_empty() {
            let due_at = *due.get_or_insert_with(|| Instant::now() + HAND_OVER_PATIENCE);
            if events.iter().map(Event::octets).sum::<usize>() < HAND_OVER_OCTETS {
                read = timeout_at(due_at, reading.as_mut()).await.ok();
            }
            if read.is_none() {
                *due = None;
                deliver(events, sink).await?;
            }
        }
        let read = match read {
            Some(read) => Ok(read),
            None => timeout(self.answer_timeout, reading).await,
        };
        if checked(read, during, self.answer_timeout)? == 0 {
            return Err(ImapError::Closed { during });
        }
        if let Some(asked) = self.asked.take() {
            let passed = asked.elapsed();
            self.round_trip = Some(self.round_trip.map_or(passed, |shortest| shortest.min(passed)));
        }
        Ok(())
    }
}

/// What reading or writing came to, within `patience`.
pub(crate) fn checked<T>(
    result: Result<io::Result<T>, Elapsed>,
    during: During,
    patience: Duration,
) -> Result<T, ImapError> {
    match result {
        Ok(Ok(value)) => Ok(value),
        // Servers that go without a goodbye of TLS, or while we still write.
        Ok(Err(error)) if is_closed(&error) => Err(ImapError::Closed { during }),
        Ok(Err(error)) if is_unpackable(&error) => Err(ImapError::Unpackable { during }),
        Ok(Err(source)) => Err(ImapError::Broken { during, source }),
        Err(_) => Err(ImapError::Timeout { during, seconds: patience.as_secs() }),
    }
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe | ConnectionAborted)
}

async fn deliver(events: &mut Vec<Event>, sink: &mut Option<&mut Sink<'_>>) -> Result<(), ImapError> {
    let events = std::mem::take(events);
    match sink {
        Some(sink) => sink.take(events).await,
        None => Ok(()),
    }
}
