//! A session: the procedures, one after the other, on a connection.

use std::pin::pin;
use std::time::Duration;

use connect::{ClientTls, Stream, Timeouts};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::answer::{Answer, Answering};
use super::capability::Capabilities;
use super::command::Command;
use super::error::{During, ImapError};
use super::fetch::{Blamed, Bounds, Fetching, Outcome, Wanted};
use super::idle::{Idled, Waiting};
use super::list::{Asking, Listing};
use super::mailbox::{Mailbox, MailboxStatus};
use super::once::Once;
use super::open::{Opened, Opening};
use super::talk::Talk;
use crate::connection::LoggedIn;
use crate::line::Conversation as _;
use crate::line::{self, Line, Machine, READ_OCTETS, Sink, Step, checked, receive};
use crate::sasl::{Identity, Login};

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
    /// Where an answer takes so long at least, both sides pack what they send (COMPRESS, RFC 4978): nearer by, packing
    /// takes longer than sending. Zero: always; `Duration::MAX`: never.
    pub pack_from: Duration,
    /// A connection that ends while it waits for news is made anew at once if it has stood so long, or when it would have.
    pub stood_min: Duration,
}

/// Where an answer takes this long there is a network between that is slower than packing.
const PACK_FROM: Duration = Duration::from_millis(5);

impl Default for Options {
    /// 60 s, 9 minutes, 5 minutes, 500 mails, 8 MiB, 1 MiB, 64 KiB, 5 ms, 1 minute.
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
            pack_from: PACK_FROM,
            stood_min: Duration::from_mins(1),
        }
    }
}

/// How a server greets that writes down the UIDs of new mails only for who opens a mailbox with SELECT: after EXAMINE the
/// same UID may stand for another mail the next time, and before the first SELECT UIDVALIDITY is another each time
/// (Courier-IMAP 5.0). What SELECT changes is that mails are no longer `\Recent`.
const FORGETS: &str = "Courier-IMAP";

/// A connection, logged in.
#[derive(Debug)]
pub struct Session {
    line: Line<Talk>,
    opened: Opened,
    bounds: Bounds,
    /// Whether QRESYNC is enabled, once that was asked for.
    qresync: Option<bool>,
}

impl LoggedIn for Session {
    async fn open_on(stream: Stream, settings: &Settings) -> Result<Self, ImapError> {
        let options = &settings.options;
        let talk = Talk::new(options.small_octets_max, options.chunk_octets);
        let mut line = Line::new(stream, talk, settings)?;
        let identity = settings.identity().await?;
        let mut opening = Opening::new(&identity, settings.encryption == Encryption::StartTls);
        let opened = line.run(&mut opening, None).await?;
        line.talk.forgets = opened.greeting.contains(FORGETS);
        let bounds =
            Bounds { batch_mails: options.batch_mails.max(1), batch_octets: options.batch_octets.max(1) };
        let mut session = Self { line, opened, bounds, qresync: None };
        let round_trip = session.line.round_trip().unwrap_or_default();
        if round_trip >= options.pack_from && session.capabilities().has("COMPRESS=DEFLATE") {
            session.pack().await?;
        }
        Ok(session)
    }

    fn stream(&self) -> Option<&Stream> {
        self.line.stream.as_ref()
    }
}

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`ImapError`]; its class says how far it came.
    pub async fn open(settings: &Settings) -> Result<Self, ImapError> {
        Self::open_on(line::dial(settings).await?, settings).await
    }

    /// Agrees on packing; a server that refuses is taken as it is.
    async fn pack(&mut self) -> Result<(), ImapError> {
        match self.line.run(&mut Once::new(Command::Compress), None).await {
            Ok(()) => self.line.begin_packing(),
            Err(ImapError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Whether both sides pack what they send.
    pub fn is_packed(&self) -> bool {
        self.line.packed.is_some()
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

    /// Carries out a procedure that hands nothing over.
    pub(crate) async fn run<M: Machine<Talk = Talk>>(
        &mut self,
        machine: &mut M,
    ) -> Result<M::Output, ImapError> {
        self.line.run(machine, None).await
    }

    /// Sends octets of a literal that the server waits for.
    pub(crate) async fn push(&mut self, octets: Vec<u8>) -> Result<(), ImapError> {
        self.line.talk.send_octets(octets);
        self.line.write(During::Change).await
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
        waiting: &mut (dyn Waiting + Send),
        end: impl Future<Output = ()>,
    ) -> Result<Idled, ImapError> {
        self.line.idle(waiting, end).await
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

impl Line<Talk> {
    /// Silence is no fault while the server waits for something to happen; before and after that it is.
    async fn idle(
        &mut self,
        waiting: &mut (dyn Waiting + Send),
        end: impl Future<Output = ()>,
    ) -> Result<Idled, ImapError> {
        let mut end = pin!(end);
        let mut events = Vec::new();
        let mut step = waiting.begin(&mut self.talk, &mut events)?;
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
                let reading = receive(stream, &mut self.packed, self.talk.input(READ_OCTETS));
                let patience = self.answer_timeout.min(DONE_TIMEOUT);
                let read = if waiting.is_quiet() {
                    tokio::select! {
                        biased;
                        read = reading => Ok(read),
                        () = &mut end => {
                            waiting.end(&mut self.talk);
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
            step = waiting.hear(&mut self.talk, reply, &mut events)?;
        }
    }
}
