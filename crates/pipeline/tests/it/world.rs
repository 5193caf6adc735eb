//! An engine with its task that sends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use connect::{ClientTls, Trust};
use dispatch::{Encryption, SmtpServer};
use intake::files::Source;
use intake::imap;
use model::{EventId, Scope, UnixMillis};
use pipeline::{Engine, Import, Options, Outgoing, OutgoingOptions, ResolveSmtp, SendingServer};
use store::{Channel, Event, ListFilter, Store};
use tempfile::TempDir;
use test_support::Dovecot;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) outgoing: Option<Outgoing>,
    pub(crate) runtime: tokio::runtime::Runtime,
    dir: Arc<TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(doctor::Limits::default())
    }

    pub(crate) fn with(doctor: doctor::Limits) -> Self {
        Self::opened(Options { doctor, ..Options::default() })
    }

    /// Fetches so many octets of an account in a day.
    pub(crate) fn sparing(octets_per_day: u64) -> Self {
        Self::opened(Options { octets_per_day, ..Options::default() })
    }

    /// The same data with a process begun anew.
    pub(crate) fn sparing_again(self, octets_per_day: u64) -> Self {
        let dir = Arc::clone(&self.dir);
        drop(self);
        Self::opened_in(dir, Options { octets_per_day, ..Options::default() })
    }

    /// Its segments are small.
    pub(crate) fn sealing() -> Self {
        Self::opened(Options { segment_octets_max: 30_000, ..Options::default() })
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The same data after something was done to it that needs it closed.
    pub(crate) fn close_and_open(self, between: impl FnOnce()) -> Self {
        let dir = Arc::clone(&self.dir);
        drop(self);
        between();
        Self::opened_in(dir, Options::default())
    }

    fn opened(options: Options) -> Self {
        Self::opened_in(Arc::new(TempDir::new().unwrap()), options)
    }

    fn opened_in(dir: Arc<TempDir>, options: Options) -> Self {
        let options = Options { create: true, workers: 1, ..options };
        let engine = Engine::open(&dir.path().join("data"), &options).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { engine, outgoing: None, runtime: runtime.unwrap(), dir }
    }

    pub(crate) fn runtime(&self) -> &tokio::runtime::Handle {
        self.runtime.handle()
    }

    pub(crate) fn store(&self) -> &Store {
        self.engine.store()
    }

    /// How many mails are here.
    pub(crate) fn mails(&self) -> u64 {
        self.store().count(&Scope::All, &ListFilter::default()).unwrap()
    }

    /// Starts the task. Servers that send are reached by STARTTLS with this certificate.
    pub(crate) fn start(&mut self, certificate: &str, gather_ms: i64) {
        let pem = certificate.to_owned();
        self.start_through(
            Box::new(move |_, account| {
                Ok(SendingServer::Smtp(Box::new(SmtpServer {
                    host: account.settings.host.clone(),
                    port: account.settings.port,
                    encryption: Encryption::StartTls,
                    tls: ClientTls::new(&Trust::Pem(pem.clone())).unwrap(),
                    login: None,
                    our_name: "here.test".to_owned(),
                })))
            }),
            gather_ms,
        );
    }

    /// Likewise; servers that send are reached as `resolve` says.
    pub(crate) fn start_through(&mut self, resolve: Box<ResolveSmtp>, gather_ms: i64) {
        let options = OutgoingOptions {
            resolve,
            tls: ClientTls::new(&Trust::System).unwrap(),
            base: Some("https://post.example.org".to_owned()),
            gather_ms,
            quiet_ms: 60 * 60_000,
        };
        self.outgoing = Some(Outgoing::start(self.engine.clone(), self.runtime.handle(), options));
    }

    /// Puts entries into the event log.
    pub(crate) fn log(&self, entries: &[(&str, &str)]) {
        let event = |(kind, payload): &(&str, &str)| Event {
            id: EventId::new(Uuid::now_v7()),
            at: now(),
            actor: "feedback".to_owned(),
            kind: (*kind).to_owned(),
            subject: String::new(),
            payload: (*payload).to_owned(),
        };
        self.store().append_events(entries.iter().map(event).collect()).unwrap();
        if let Some(outgoing) = &self.outgoing {
            outgoing.wake();
        }
    }

    /// The newest entry of the queue for this channel.
    pub(crate) fn newest(&self, channel: Channel) -> Option<store::Outgoing> {
        self.store().outgoing(channel, None, 1).unwrap().pop()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(outgoing) = &self.outgoing {
            outgoing.stop();
        }
        self.engine.close();
    }
}

/// Alice's mailbox, in the clear.
pub(crate) fn alice(port: u16, options: imap::Options) -> imap::Settings {
    imap::Settings {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: imap::Encryption::None,
        tls: ClientTls::new(&Trust::System).unwrap(),
        login: "alice".to_owned(),
        credential: "secret".into(),
        options,
    }
}

/// The same over TLS.
pub(crate) fn alice_over_tls(dovecot: &Dovecot, port: u16) -> imap::Settings {
    imap::Settings {
        host: "localhost".to_owned(),
        encryption: imap::Encryption::Tls,
        tls: ClientTls::new(&Trust::Pem(dovecot.certificate().to_owned())).unwrap(),
        ..alice(port, imap::Options::default())
    }
}

pub(crate) fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

/// Waits until there is something.
#[track_caller]
pub(crate) fn wait<T>(mut there: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Takes in the files of a folder.
pub(crate) fn import(world: &World, account: &str, folder: &Path) {
    let account = world.engine.account_or_import(account).unwrap();
    let sources = vec![Source { path: folder.to_owned(), name: None }];
    let import = Import { account, sources, directory: None, run: None };
    world.engine.import(&import, &mut std::io::empty(), &AtomicBool::new(false), &mut |_| ()).unwrap();
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
