//! What all routes share.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use archive::Archive;
use connect::Fetcher;
use keys::{MasterKey, Purpose, SealError, Sealer, Secret, Signer};
use model::UnixMillis;
use pipeline::Engine;
use store::{Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::background::Background;
use crate::counters::Counters;
use crate::events::AccessLog;
use crate::idempotency::Answers;
use crate::link_undo::LinkUndos;
use crate::options::Options;
use crate::password::Passwords;
use crate::problem::Failure;
use crate::reading::SHOWN_OCTETS_MAX;
use crate::throttle::{Rates, Throttle};

/// Reads of the database, the index and the archive at the same time.
const READS_MAX: usize = 32;
/// Mails parsed or rendered at the same time: each may take a processor for a while, and memory.
const HEAVY_MAX: usize = 3;
/// Uploads at the same time.
const UPLOADS_MAX: usize = 8;
/// Downloads at the same time: each holds a thread.
const DOWNLOADS_MAX: usize = 24;
/// Images from outside at the same time.
const IMAGES_MAX: usize = 16;

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] SealError),
    /// No thread can be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// What the server is made of.
pub struct Parts {
    /// The open data directory.
    pub engine: Engine,
    /// Fetching, tests of settings, imports.
    pub background: Arc<dyn Background>,
    /// Gets images from outside.
    pub fetcher: Fetcher,
    /// What the operator sets.
    pub options: Options,
}

/// What all routes share. Clones are the same.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    engine: Engine,
    background: Arc<dyn Background>,
    fetcher: Fetcher,
    options: Options,
    signer: Signer,
    access_log: AccessLog,
    people: Mutex<()>,
    setup_code: Option<Secret<String>>,
    passwords: Passwords,
    throttle: Throttle,
    rates: Rates,
    answers: Answers,
    link_undos: LinkUndos,
    counters: Counters,
    reads: Semaphore,
    heavy: Semaphore,
    uploads: Semaphore,
    downloads: Arc<Semaphore>,
    images: Semaphore,
    large: Arc<Semaphore>,
    started: Instant,
    end: CancellationToken,
}

impl State {
    /// Joins the parts. Where others than this machine can reach the server and there is no user yet, a code is made
    /// that the wizard asks for: see [`State::setup_code`]. Blocks.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(parts: Parts) -> Result<Self, StartError> {
        let options = parts.options.settle();
        let code_needed = options.public && parts.engine.store().user_count()? == 0;
        // Signed addresses live for minutes: a key of this run is enough, and none of them outlives it.
        let key = MasterKey::from_octets(keys::token_digest(keys::random_token()?.expose()));
        let access_log = AccessLog::start(parts.engine.store().clone()).map_err(StartError::Thread)?;
        Ok(Self(Arc::new(Inner {
            engine: parts.engine,
            background: parts.background,
            fetcher: parts.fetcher,
            options,
            signer: Signer::new(&key, Purpose::IMAGE_URLS),
            access_log,
            people: Mutex::default(),
            setup_code: if code_needed { Some(keys::random_code()?) } else { None },
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            rates: Rates::default(),
            answers: Answers::default(),
            link_undos: LinkUndos::default(),
            counters: Counters::default(),
            reads: Semaphore::new(READS_MAX),
            heavy: Semaphore::new(HEAVY_MAX),
            uploads: Semaphore::new(UPLOADS_MAX),
            downloads: Arc::new(Semaphore::new(DOWNLOADS_MAX)),
            images: Semaphore::new(IMAGES_MAX),
            large: Arc::new(Semaphore::new(1)),
            started: Instant::now(),
            end: CancellationToken::new(),
        })))
    }

    /// The code the wizard asks for, to be printed on the console; `None` where it asks for none.
    pub fn setup_code(&self) -> Option<&Secret<String>> {
        self.0.setup_code.as_ref()
    }

    /// Ends what would go on for ever: live updates.
    pub(crate) fn end(&self) {
        self.0.end.cancel();
    }

    pub(crate) fn ended(&self) -> CancellationToken {
        self.0.end.clone()
    }

    /// Waits until everything that was read is in the event log. Blocks.
    pub(crate) fn flush(&self) {
        self.0.access_log.flush();
    }

    pub(crate) fn access_log(&self) -> &AccessLog {
        &self.0.access_log
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn store(&self) -> &Store {
        self.0.engine.store()
    }

    pub(crate) fn archive(&self) -> &Archive {
        self.0.engine.archive()
    }

    pub(crate) fn background(&self) -> &dyn Background {
        &*self.0.background
    }

    /// Held while what one user's rights depend on is looked up and changed.
    pub(crate) fn people(&self) -> MutexGuard<'_, ()> {
        self.0.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fetcher(&self) -> &Fetcher {
        &self.0.fetcher
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        self.0.engine.sealer()
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.0.signer
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.0.answers
    }

    pub(crate) fn link_undos(&self) -> &LinkUndos {
        &self.0.link_undos
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.0.counters
    }

    pub(crate) fn uploads(&self) -> &Semaphore {
        &self.0.uploads
    }

    /// A place among the downloads, held until the last octet is out.
    pub(crate) async fn download_turn(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.0.downloads).acquire_owned().await.map_err(Failure::internal)
    }

    /// Mails that are read as a whole although they are large come one after the other: each takes as much memory as it
    /// is long. `None` where that is no matter.
    pub(crate) async fn large_turn(&self, mail_octets: u64) -> Result<Option<OwnedSemaphorePermit>, Failure> {
        if mail_octets <= SHOWN_OCTETS_MAX {
            return Ok(None);
        }
        Arc::clone(&self.0.large).acquire_owned().await.map(Some).map_err(Failure::internal)
    }

    /// A place among the fetches of images.
    pub(crate) async fn image_turn(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.0.images.acquire().await.map_err(Failure::internal)
    }

    pub(crate) fn uptime_seconds(&self) -> u64 {
        self.0.started.elapsed().as_secs()
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.0.options.clock.now()
    }

    /// Does short blocking work, such as asking the database, on a thread that may block.
    pub(crate) fn read<T, F>(&self, work: F) -> impl Future<Output = Result<T, Failure>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    {
        self.turn(&self.0.reads, erased(work))
    }

    /// Does long blocking work, such as parsing a mail, few at a time.
    pub(crate) fn heavy<T, F>(&self, work: F) -> impl Future<Output = Result<T, Failure>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    {
        self.turn(&self.0.heavy, erased(work))
    }

    async fn turn<T: 'static>(&self, turns: &Semaphore, work: Work) -> Result<T, Failure> {
        let done = self.done(turns, work).await?;
        Ok(*done.downcast().expect("work gives what it was erased from"))
    }

    async fn done(&self, turns: &Semaphore, work: Work) -> Result<Done, Failure> {
        let _turn = turns.acquire().await.map_err(Failure::internal)?;
        let state = self.clone();
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || span.in_scope(|| work(&state)))
            .await
            .map_err(Failure::internal)?
    }
}

/// What blocking work gives.
type Done = Box<dyn Any + Send>;
type Work = Box<dyn FnOnce(&State) -> Result<Done, Failure> + Send>;

/// Without its type: hundreds of handlers work this way, and each type would be compiled with all of the runtime.
fn erased<T, F>(work: F) -> Work
where
    T: Send + 'static,
    F: FnOnce(&State) -> Result<T, Failure> + Send + 'static,
{
    Box::new(move |state| Ok(Box::new(work(state)?)))
}
