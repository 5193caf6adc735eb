//! One task for each account that is fetched: none can stop another, and each says how it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use intake::imap::{Selection, Settings};
use model::{AccountId, UnixMillis};
use store::{Account, AccountError, AccountState};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::core::Core;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::feed::Counts;
use crate::fetch::{Mailboxes, Progress, fetch};
use crate::news::News;

/// Pause after the first failure; doubled with each further one.
const PAUSE_MIN: Duration = Duration::from_secs(10);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_mins(15);

/// How to reach the server of an account, and which of its mailboxes are wanted.
pub type Resolve = dyn Fn(&Engine, &Account) -> Result<(Settings, Selection)> + Send + Sync;

/// The tasks. They end with [`Supervisor::stop`].
#[derive(Clone)]
pub struct Supervisor(Arc<Inner>);

struct Inner {
    engine: Engine,
    runtime: tokio::runtime::Handle,
    resolve: Box<Resolve>,
    tasks: Mutex<HashMap<AccountId, Task>>,
}

struct Task {
    bell: Arc<Notify>,
    progress: Arc<Mutex<Option<Arc<Progress>>>>,
    handle: JoinHandle<()>,
}

impl Supervisor {
    /// Starts a task for each account that is fetched. Blocks.
    ///
    /// # Errors
    /// Those of the database.
    pub fn start(engine: Engine, runtime: tokio::runtime::Handle, resolve: Box<Resolve>) -> Result<Self> {
        let supervisor = Self(Arc::new(Inner { engine, runtime, resolve, tasks: Mutex::default() }));
        for account in supervisor.0.engine.store().accounts(false)? {
            supervisor.changed(account.id);
        }
        Ok(supervisor)
    }

    /// Settings of this account were made, changed or removed: its task begins anew, or ends.
    pub fn changed(&self, account: AccountId) {
        let mut tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = tasks.remove(&account) {
            task.handle.abort();
        }
        let found = self.0.engine.store().account(account).ok().flatten();
        let wanted = found.is_some_and(|account| {
            account.removed.is_none() && account.settings.active && account.settings.kind.is_fetched()
        });
        if wanted {
            let (bell, progress) = (Arc::new(Notify::new()), Arc::new(Mutex::new(None)));
            let run = Run {
                inner: Arc::clone(&self.0),
                id: account,
                bell: Arc::clone(&bell),
                progress: Arc::clone(&progress),
            };
            let handle = self.0.runtime.spawn(run.forever());
            tasks.insert(account, Task { bell, progress, handle });
        }
        drop(tasks);
        self.0.engine.tell(News::Account(account));
    }

    /// Fetches now instead of at the next time; false if the account is not fetched.
    pub fn fetch(&self, account: AccountId) -> bool {
        let tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.get(&account).map(|task| task.bell.notify_one()).is_some()
    }

    /// How far the fetch of an account is, if one is running.
    pub fn progress(&self, account: AccountId) -> Option<(u64, u64)> {
        let tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = tasks.get(&account)?.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.as_ref().map(|progress| progress.read())
    }

    /// Ends all tasks. What they had fetched and not committed is fetched again next time.
    pub fn stop(&self) {
        for (_, task) in self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            task.handle.abort();
        }
    }
}

struct Run {
    inner: Arc<Inner>,
    id: AccountId,
    bell: Arc<Notify>,
    progress: Arc<Mutex<Option<Arc<Progress>>>>,
}

impl Run {
    async fn forever(self) {
        let mut kept: Option<Mailboxes> = None;
        let mut failures = 0_u32;
        loop {
            let outcome = self.once(&mut kept).await;
            let Some((account, outcome)) = outcome else { return };
            let pause = match &outcome {
                Ok(_) => {
                    failures = 0;
                    Some(Duration::from_secs(u64::from(account.settings.poll_seconds.max(1))))
                }
                Err(error) => {
                    kept = None;
                    failures = failures.saturating_add(1);
                    error.is_transient().then(|| pause(failures, self.id))
                }
            };
            self.report(&account, outcome, pause).await;
            match pause {
                Some(pause) => match &mut kept {
                    // The server says when there is more; the time is what counts if it does not.
                    Some(Mailboxes::Imap(fetcher, _)) => {
                        fetcher.wait(pause, self.bell.notified()).await;
                    }
                    _ => {
                        tokio::select! {
                            () = tokio::time::sleep(pause) => {}
                            () = self.bell.notified() => {}
                        }
                    }
                },
                // A person has to do something; then the task begins anew, or is rung.
                None => self.bell.notified().await,
            }
        }
    }

    /// One fetch; `None` if the account is gone or the engine has ended.
    async fn once(&self, kept: &mut Option<Mailboxes>) -> Option<(Account, Result<Counts>)> {
        let (inner, id) = (Arc::clone(&self.inner), self.id);
        let prepared = tokio::task::spawn_blocking(move || {
            let account = inner.engine.store().account(id).ok().flatten()?;
            let resolved = (inner.resolve)(&inner.engine, &account);
            Some((account, resolved, inner.engine.entrance().ok()?))
        });
        let (account, resolved, entrance) = prepared.await.ok().flatten()?;
        if kept.is_none() {
            match resolved {
                Ok((settings, selection)) => {
                    *kept = Some(Mailboxes::new(account.settings.kind, settings, selection));
                }
                Err(error) => return Some((account, Err(error))),
            }
        }
        let mailboxes = kept.as_mut()?;
        let progress = Arc::new(Progress::default());
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&progress));
        self.inner.engine.tell(News::Account(self.id));
        let core = self.inner.engine.core();
        let mut outcome = fetch(core, &entrance, &account, mailboxes, &progress).await;
        if is_settled(&outcome) {
            outcome = settle(core, self.id, mailboxes).await.and(outcome);
        }
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Some((account, outcome))
    }

    /// Notes how the account is.
    async fn report(&self, account: &Account, outcome: Result<Counts>, pause: Option<Duration>) {
        let core = self.inner.engine.core();
        let state = state(core, account, &outcome, pause);
        if let Err(error) = &outcome {
            tracing::warn!(account.id = %account.id, class = class(error), error = %crate::chain(error), "an account could not be fetched");
        }
        let (inner, id) = (Arc::clone(&self.inner), self.id);
        let noted =
            tokio::task::spawn_blocking(move || inner.engine.store().set_account_state(id, state)).await;
        if !matches!(noted, Ok(Ok(()))) {
            tracing::warn!(account.id = %account.id, "the state of an account could not be noted");
        }
        self.inner.engine.tell(News::Account(self.id));
    }
}

/// With jitter, so that accounts of one server do not all come back at once.
fn pause(failures: u32, account: AccountId) -> Duration {
    let pause = PAUSE_MIN.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(PAUSE_MAX);
    let jitter = u32::from(account.octets()[15].wrapping_add(failures as u8)) % 64;
    pause + pause / 256 * jitter
}

fn state(core: &Core, account: &Account, outcome: &Result<Counts>, pause: Option<Duration>) -> AccountState {
    let now = core.now();
    let before = account.state.clone().unwrap_or_default();
    let word = match (outcome, pause) {
        (Ok(_), _) => "idle",
        (Err(_), Some(_)) => "retrying",
        (Err(_), None) => "stopped",
    };
    let since = if before.state == word { before.since } else { now };
    let next_action = pause.map(|pause| now.plus_ms(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)));
    match outcome {
        Ok(_) => AccountState {
            state: word.to_owned(),
            since,
            last_success: Some(now),
            last_error: None,
            next_action,
        },
        Err(error) => {
            let last_error = Some(account_error(error, before.last_error.as_ref(), now));
            AccountState {
                state: word.to_owned(),
                since,
                last_success: before.last_success,
                last_error,
                next_action,
            }
        }
    }
}

fn account_error(error: &Error, before: Option<&AccountError>, now: UnixMillis) -> AccountError {
    let text = match error.root() {
        Error::Fetch(error) => error.words().map_or_else(|| crate::chain(error), str::to_owned),
        other => crate::chain(other),
    };
    AccountError { class: class(error).to_owned(), text, since: before.map_or(now, |before| before.since) }
}

/// Word of the API's list.
fn class(error: &Error) -> &'static str {
    use intake::imap::Class;
    match error.root() {
        Error::Fetch(error) => match error.class() {
            Class::Name => "name",
            Class::Connect | Class::Closed | Class::Timeout => "connect",
            Class::Tls => "tls",
            Class::Login => "login",
            Class::Refused => "folders",
            _ => "protocol",
        },
        Error::Archive(_) | Error::Store(_) | Error::Io { .. } | Error::Index(_) => "storage",
        _ => "internal",
    }
}

/// Whether the connection stands after a fetch: a mailbox that is refused does not hold up the others.
fn is_settled(outcome: &Result<Counts>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) => {
            matches!(error.root(), Error::Fetch(intake::imap::ImapError::Refused { .. }))
        }
    }
}

/// Handles what was fetched, so that what follows from it at the source is done at once.
async fn settle(core: &Arc<Core>, account: AccountId, mailboxes: &mut Mailboxes) -> Result<()> {
    let for_feedback = Arc::clone(core);
    tokio::task::spawn_blocking(move || crate::feedback::drain(&for_feedback))
        .await
        .map_err(|_| Error::Stopped)??;
    match mailboxes {
        Mailboxes::Imap(fetcher, _) => crate::source::settle(core, account, fetcher).await,
        Mailboxes::Pop3(fetcher) => crate::source::finish(core, account, fetcher).await,
    }
}

impl Engine {
    /// Fetches an account once, now, and waits for it. Gives what came, and when all of it was durable.
    ///
    /// # Errors
    /// `Fetch` if the server does not deliver; those of archive and database.
    pub fn fetch_once(
        &self,
        runtime: &tokio::runtime::Handle,
        account: &Account,
        settings: Settings,
        selection: &Selection,
    ) -> Result<(Counts, Instant)> {
        let entrance = self.entrance()?;
        let (core, account, selection) = (Arc::clone(self.core()), account.clone(), selection.clone());
        // A task of the runtime's own threads: they hear of octets first, and need not wake this one for each piece.
        let fetching = runtime.spawn(async move {
            let progress = Arc::new(Progress::default());
            let mut mailboxes = Mailboxes::new(account.settings.kind, settings, selection);
            let mut outcome = fetch(&core, &entrance, &account, &mut mailboxes, &progress).await;
            let durable = Instant::now();
            if is_settled(&outcome) {
                outcome = settle(&core, account.id, &mut mailboxes).await.and(outcome);
            }
            mailboxes.close().await;
            outcome.map(|counts| (counts, durable))
        });
        runtime.block_on(fetching).map_err(|_| Error::Stopped)?
    }
}
