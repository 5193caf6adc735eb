//! The sockets: carries octets between a server and the procedures, watches the time, hands events on.

use std::io;
use std::pin::pin;
use std::time::Duration;

use connect::{ClientTls, Stream, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroize;

use super::answer::{Answer, Answering};
use super::capability::Capabilities;
use super::channel::Outlet;
use super::command::Command;
use super::error::{During, ImapError};
use super::event::{Cursor, Event};
use super::fetch::{Blamed, Bounds, Fetching, Outcome, Wanted};
use super::idle::{Idled, Idling};
use super::list::{Asking, Listing};
use super::machine::{Machine, Step};
use super::mailbox::{Mailbox, MailboxStatus};
use super::once::Once;
use super::open::{Opened, Opening};
use super::talk::Talk;
use crate::sasl::{Identity, Login};

/// Octets read at once; a TLS record has at most 16 KiB.
const READ_OCTETS: usize = 64 << 10;
/// Events of so many octets are handed over at once …
const HAND_OVER_OCTETS: usize = 256 << 10;
/// … fewer after so long, if nothing more comes.
const HAND_OVER_PATIENCE: Duration = Duration::from_millis(5);
/// How long a server may take to end IDLE when told to, with the connection in doubt after that.
const DONE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a goodbye may take.
const LOGOUT_TIMEOUT: Duration = Duration::from_secs(5);

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encryption {
    /// At once (usually port 993).
    Tls,
    /// By STARTTLS, before the login (usually port 143). Without it there is no login.
    StartTls,
    /// Never; the password goes to a server on this machine only.
    None,
}

/// Where a mailbox server is, and how to log in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// When TLS begins.
    pub encryption: Encryption,
    /// Whom to trust.
    pub tls: ClientTls,
    /// Name to log in with.
    pub login: String,
    /// Password, or token.
    pub credential: Login,
    /// Times and bounds.
    pub options: Options,
}

impl Settings {
    /// Who logs in, for one connection.
    pub(crate) async fn identity(&self) -> Result<Identity, ImapError> {
        // Without random numbers there is no login that nobody could repeat.
        let nonce = keys::random_token().map_err(|_| ImapError::Abandoned)?;
        let (login, credential) = (self.login.clone(), self.credential.credential().await?);
        Ok(Identity { login, credential, host: self.host.clone(), port: self.port, nonce })
    }
}

/// Times and bounds of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Until a connection stands.
    pub timeouts: Timeouts,
    /// How long the server may be silent while it owes an answer.
    pub answer_timeout: Duration,
    /// IDLE is begun anew after so long: servers and routers end connections they hear nothing of.
    pub idle_renewal: Duration,
    /// Time between two comparisons of a mailbox with what was fetched of it; large ones may take longer.
    pub compare_interval: Duration,
    /// Mails asked for with one command, and handed over before a `BatchEnd`.
    pub batch_mails: usize,
    /// Octets handed over before a `BatchEnd`.
    pub batch_octets: u64,
    /// A mail up to this size is handed over whole.
    pub small_octets_max: u64,
    /// Pieces in which larger ones are handed over.
    pub chunk_octets: usize,
}

impl Default for Options {
    /// 60 s, 9 minutes, 5 minutes, 500 mails, 8 MiB, 1 MiB, 64 KiB.
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            answer_timeout: Duration::from_mins(1),
            idle_renewal: Duration::from_mins(9),
            compare_interval: Duration::from_mins(5),
            batch_mails: 500,
            batch_octets: 8 << 20,
            small_octets_max: 1 << 20,
            chunk_octets: 64 << 10,
        }
    }
}

/// A connection, logged in.
#[derive(Debug)]
pub struct Session {
    line: Line,
    opened: Opened,
    bounds: Bounds,
    /// Whether QRESYNC is enabled, once that was asked for.
    qresync: Option<bool>,
}

impl Session {
    /// Connects and logs in; once more if the server refuses a token in whose place there may be a better one.
    ///
    /// # Errors
    /// [`ImapError`]; its class says how far it came.
    pub async fn open(settings: &Settings) -> Result<Self, ImapError> {
        match Self::try_open(settings).await {
            Err(ImapError::LoginRefused { .. }) if settings.credential.has_another() => {
                Self::try_open(settings).await
            }
            other => other,
        }
    }

    async fn try_open(settings: &Settings) -> Result<Self, ImapError> {
        let tls = (settings.encryption == Encryption::Tls).then_some(&settings.tls);
        let stream = connect::dial(&settings.host, settings.port, tls, &settings.options.timeouts).await?;
        Self::open_on(stream, settings).await
    }

    /// Logs in on a connection that stands; inside TLS already if the settings say [`Encryption::Tls`].
    ///
    /// # Errors
    /// [`ImapError`].
    pub(crate) async fn open_on(stream: Stream, settings: &Settings) -> Result<Self, ImapError> {
        let begins_tls = settings.encryption == Encryption::StartTls;
        let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        if !begins_tls && !stream.is_encrypted() && !is_local {
            return Err(ImapError::Insecure { host: settings.host.clone() });
        }
        let mut line = Line::new(stream, settings);
        let identity = settings.identity().await?;
        let mut opening = Opening::new(&identity, begins_tls);
        let opened = line.run(&mut opening, None).await?;
        let options = &settings.options;
        let bounds =
            Bounds { batch_mails: options.batch_mails.max(1), batch_octets: options.batch_octets.max(1) };
        Ok(Self { line, opened, bounds, qresync: None })
    }

    /// The server's words of greeting.
    pub fn greeting(&self) -> &str {
        &self.opened.greeting
    }

    /// The server's answer to the login.
    pub fn login_words(&self) -> &str {
        &self.opened.login
    }

    /// What the server says it can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.line.talk.capabilities
    }

    /// Whether the server has this extension, or all that came together in `IMAP4rev2`.
    pub(crate) fn can(&self, word: &str) -> bool {
        self.capabilities().has(word) || self.capabilities().has("IMAP4REV2")
    }

    /// The stream below, for what is known of it.
    pub fn stream(&self) -> Option<&Stream> {
        self.line.stream.as_ref()
    }

    /// All mailboxes, the inbox first.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn mailboxes(&mut self) -> Result<Vec<Mailbox>, ImapError> {
        self.line.run(&mut Listing::default(), None).await
    }

    /// Numbers of these mailboxes (raw names); one the server says nothing of is missing.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn status(&mut self, mailboxes: Vec<Vec<u8>>) -> Result<Vec<MailboxStatus>, ImapError> {
        self.line.run(&mut Asking::new(mailboxes), None).await
    }

    /// Fetches what is new in a mailbox. The error comes with the UID to blame, if the connection ended at one.
    pub(crate) async fn fetch(
        &mut self,
        wanted: Wanted,
        blamed: &Blamed,
        sink: &mut Sink<'_>,
    ) -> Result<Outcome, (ImapError, Option<u32>)> {
        let mut fetching = Fetching::new(wanted, self.bounds, blamed);
        let result = self.line.run(&mut fetching, Some(sink)).await;
        result.map_err(|error| (error, fetching.suspect()))
    }

    /// Sends one command; all that is answered to it.
    pub(crate) async fn ask(&mut self, command: Command<'_>) -> Result<Answer, ImapError> {
        self.line.run(&mut Answering::new(command), None).await
    }

    /// Asks the server to tell what has gone; whether it does.
    pub(crate) async fn enable_qresync(&mut self) -> Result<bool, ImapError> {
        if let Some(is_enabled) = self.qresync {
            return Ok(is_enabled);
        }
        let is_offered = self.capabilities().has("QRESYNC") && self.can("ENABLE");
        let is_enabled = is_offered
            && match self.ask(Command::EnableQresync).await {
                Ok(_) => true,
                Err(ImapError::Refused { .. }) => false,
                Err(error) => return Err(error),
            };
        self.qresync = Some(is_enabled);
        Ok(is_enabled)
    }

    /// Waits for news of the open mailbox, until `end`.
    pub(crate) async fn idle(
        &mut self,
        idling: &mut Idling,
        end: impl Future<Output = ()>,
    ) -> Result<Idled, ImapError> {
        self.line.idle(idling, end).await
    }

    /// Whether the connection still stands.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.line.run(&mut Once::new(Command::Noop), None).await.is_ok()
    }

    /// Says goodbye. Whether the server answers does not matter.
    pub async fn close(mut self) {
        let mut goodbye = Once::new(Command::Logout);
        let _ = timeout(LOGOUT_TIMEOUT, self.line.run(&mut goodbye, None)).await;
        if let Some(stream) = &mut self.line.stream {
            let _ = timeout(LOGOUT_TIMEOUT, stream.shutdown()).await;
        }
    }
}

/// Where events go, and what is remembered of them.
#[derive(Debug)]
pub(crate) struct Sink<'o> {
    outlet: &'o Outlet,
    /// Cursor of the last `BatchEnd`.
    pub(crate) cursor: Option<Cursor>,
    /// Mails that came or failed.
    pub(crate) settled: u64,
}

impl<'o> Sink<'o> {
    pub(crate) fn new(outlet: &'o Outlet) -> Self {
        Self { outlet, cursor: None, settled: 0 }
    }

    async fn take(&mut self, events: Vec<Event>) -> Result<(), ImapError> {
        for event in &events {
            match event {
                Event::BatchEnd { cursor, .. } => self.cursor = Some(*cursor),
                Event::Mail(_) | Event::End | Event::Failed { .. } => self.settled += 1,
                _ => {}
            }
        }
        self.outlet.send(events).await
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
    fn new(stream: Stream, settings: &Settings) -> Self {
        let options = &settings.options;
        Self {
            stream: Some(stream),
            talk: Talk::new(options.small_octets_max, options.chunk_octets),
            host: settings.host.clone(),
            tls: settings.tls.clone(),
            tls_timeout: options.timeouts.tls,
            answer_timeout: options.answer_timeout,
        }
    }

    /// Runs a procedure to its end.
    async fn run<M: Machine>(
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

    async fn run_inner<M: Machine>(
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
                if let Some(reply) = self.talk.reply() {
                    break reply;
                }
                // What was said may have freed what waited for a `+`.
                self.write(machine.during()).await?;
                self.read(machine.during(), events, &mut due, sink).await?;
            };
            step = machine.hear(&mut self.talk, reply, events)?;
        }
    }

    /// Silence is no fault while the server waits for something to happen; before and after that it is.
    async fn idle(&mut self, idling: &mut Idling, end: impl Future<Output = ()>) -> Result<Idled, ImapError> {
        let mut end = pin!(end);
        let mut events = Vec::new();
        let mut step = idling.begin(&mut self.talk, &mut events)?;
        loop {
            if let Step::Done(idled) = step {
                return Ok(idled);
            }
            let reply = loop {
                if let Some(reply) = self.talk.reply() {
                    break reply;
                }
                self.write(During::Idle).await?;
                let Some(stream) = &mut self.stream else {
                    return Err(ImapError::Closed { during: During::Idle });
                };
                let reading = stream.read_buf(self.talk.input(READ_OCTETS));
                let patience = self.answer_timeout.min(DONE_TIMEOUT);
                let read = if idling.is_quiet() {
                    tokio::select! {
                        biased;
                        read = reading => Ok(read),
                        () = &mut end => {
                            idling.end(&mut self.talk);
                            continue;
                        }
                    }
                } else {
                    timeout(patience, reading).await
                };
                if checked(read, During::Idle, patience)? == 0 {
                    return Err(ImapError::Closed { during: During::Idle });
                }
            };
            step = idling.hear(&mut self.talk, reply, &mut events)?;
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
        let mut is_dirty = false;
        while let Some(mut octets) = self.talk.output() {
            let Some(stream) = &mut self.stream else { return Err(ImapError::Closed { during }) };
            let written = timeout(self.answer_timeout, stream.write_all(&octets)).await;
            octets.zeroize();
            checked(written, during, self.answer_timeout)?;
            is_dirty = true;
        }
        if is_dirty && let Some(stream) = &mut self.stream {
            let flushed = timeout(self.answer_timeout, stream.flush()).await;
            checked(flushed, during, self.answer_timeout)?;
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
        let mut reading = pin!(stream.read_buf(self.talk.input(READ_OCTETS)));
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
        match checked(read, during, self.answer_timeout)? {
            0 => Err(ImapError::Closed { during }),
            _ => Ok(()),
        }
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
