//! One task for each account that is fetched: none can stop another, and each says how it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use doctor::{ExpiryKind, Next, Quota};
use intake::imap::{Selection, Settings};
use model::{AccountId, Activity, UnixMillis};
use store::{Account, AccountState};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::blocking::blocking;
use crate::budget::Permit;
use crate::clock::has_passed;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::feed::Counts;
use crate::fetch::{Mailboxes, Progress, fetch};
use crate::ledger;
use crate::live::Live;
use crate::news::News;
use crate::trouble;

/// Mailboxes are compared with their server so often.
const COMPARED_INTERVAL: Duration = Duration::from_hours(24);
/// The server is asked for its room so often.
const QUOTA_INTERVAL: Duration = Duration::from_hours(6);

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
    asked: Arc<Asked>,
    handle: JoinHandle<()>,
}

/// Who waits for a comparison.
#[derive(Default)]
struct Asked(Mutex<Vec<Asker>>);

type Asker = mpsc::Sender<Result<(), String>>;

impl Asked {
    fn add(&self, asker: Asker) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(asker);
    }

    /// All who wait now.
    fn take(&self) -> Vec<Asker> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells all who waited how it went.
fn answer(askers: Vec<Asker>, outcome: &Result<(), String>) {
    for asker in askers {
        // Who asked may have gone.
        let _ = asker.send(outcome.clone());
    }
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
            self.0.engine.core().tasks.remove(account);
        }
        let found = self.0.engine.store().account(account).ok().flatten();
        let wanted = found.is_some_and(|account| {
            account.removed.is_none() && account.settings.active && account.settings.kind.is_fetched()
        });
        if wanted {
            let core = self.0.engine.core();
            let (bell, asked) = (Arc::new(Notify::new()), Arc::default());
            let live = Arc::new(Live::new(core.now()));
            core.tasks.add(account, Arc::clone(&live));
            let run = Run {
                inner: Arc::clone(&self.0),
                id: account,
                bell: Arc::clone(&bell),
                live,
                asked: Arc::clone(&asked),
                compared: Mutex::default(),
            };
            let handle = self.0.runtime.spawn(run.forever());
            tasks.insert(account, Task { bell, asked, handle });
        }
        drop(tasks);
        self.0.engine.tell(News::Account(account));
    }

    /// Fetches now instead of at the next time; false if the account is not fetched.
    pub fn fetch(&self, account: AccountId) -> bool {
        let tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.get(&account).map(|task| task.bell.notify_one()).is_some()
    }

    /// Fetches and compares the mailboxes of an account with its server now; what comes back ends with how it went.
    /// `None` if the account is not fetched.
    pub fn compare(&self, account: AccountId) -> Option<mpsc::Receiver<Result<(), String>>> {
        let tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tasks.get(&account)?;
        let (sender, receiver) = mpsc::channel();
        task.asked.add(sender);
        task.bell.notify_one();
        Some(receiver)
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
    live: Arc<Live>,
    asked: Arc<Asked>,
    /// The last comparison, however it went.
    compared: Mutex<Option<Instant>>,
}

/// A connection that is kept between runs, and its place in the budget of its server.
struct Kept {
    mailboxes: Mailboxes,
    /// `None`: there is no connection.
    permit: Option<Permit>,
    /// When the server was last asked for its room.
    quota_asked: Option<Instant>,
    /// What was noted of its certificate.
    certificate: Option<UnixMillis>,
}

impl Run {
    async fn forever(self) {
        let mut kept: Option<Kept> = None;
        let mut failures = 0_u32;
        loop {
            let outcome = self.once(&mut kept).await;
            let Some((account, outcome)) = outcome else { return };
            let now = self.inner.engine.core().now();
            let next = match &outcome {
                Ok(_) => {
                    failures = 0;
                    let pause = i64::from(account.settings.poll_seconds.max(1)) * 1000;
                    Next { activity: Activity::Watching, at: Some(now.plus_ms(pause)) }
                }
                Err(error) => {
                    kept = None;
                    failures = failures.saturating_add(1);
                    let jitter = u32::from(self.id.octets()[15]).wrapping_add(failures);
                    doctor::next(trouble::class(error), failures, trouble::asked_ms(error), jitter, now)
                }
            };
            self.report(&account, outcome, next, now).await;
            self.wait(&mut kept, next.at, now).await;
        }
    }

    /// Until it is time, there is news, or somebody rings.
    async fn wait(&self, kept: &mut Option<Kept>, at: Option<UnixMillis>, now: UnixMillis) {
        let Some(at) = at else { return self.bell.notified().await };
        let until = tokio::time::Instant::now()
            + Duration::from_millis(u64::try_from(at.0.saturating_sub(now.0)).unwrap_or_default());
        if let Some(Kept { mailboxes, permit, .. }) = kept {
            // The server says when there is more; the time is what counts if it does not.
            if let (Mailboxes::Imap(fetcher, _), Some(permit)) = (&mut *mailboxes, &*permit) {
                let patience = until.saturating_duration_since(tokio::time::Instant::now());
                tokio::select! {
                    _ = fetcher.wait(patience, self.bell.notified()) => return,
                    () = permit.wanted() => fetcher.disconnect(),
                }
            }
            // The session of POP3 has ended.
            *permit = None;
        }
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = self.bell.notified() => {}
        }
    }

    /// One fetch; `None` if the account is gone or the engine has ended.
    async fn once(&self, kept: &mut Option<Kept>) -> Option<(Account, Result<Counts>)> {
        let (inner, id) = (Arc::clone(&self.inner), self.id);
        let prepared = tokio::task::spawn_blocking(move || {
            let account = inner.engine.store().account(id).ok().flatten()?;
            let resolved = (inner.resolve)(&inner.engine, &account);
            Some((account, resolved, inner.engine.entrance().ok()?))
        });
        let (account, resolved, entrance) = prepared.await.ok().flatten()?;
        let core = self.inner.engine.core();
        if kept.is_none() {
            match resolved {
                Ok((settings, selection)) => {
                    let mailboxes = Mailboxes::new(account.settings.kind, settings, selection);
                    *kept = Some(Kept { mailboxes, permit: None, quota_asked: None, certificate: None });
                }
                Err(error) => {
                    answer(self.asked.take(), &Err(crate::chain(&error)));
                    return Some((account, Err(error)));
                }
            }
        }
        let kept = kept.as_mut()?;
        if kept.permit.is_none() {
            kept.permit = Some(core.budgets.enter(&account.settings.host).await?);
        }
        let progress = Arc::new(Progress::default());
        self.live.begin(Arc::clone(&progress), kept.mailboxes.connection());
        self.inner.engine.tell(News::Account(self.id));
        let mut outcome = fetch(core, &entrance, &account, &mut kept.mailboxes, &progress).await;
        let askers = self.asked.take();
        let compares = is_settled(&outcome) && (!askers.is_empty() || self.is_comparison_due().await);
        let mut compared = Ok(());
        // Of POP3 the session ends with what is done at the source.
        if compares && matches!(kept.mailboxes, Mailboxes::Pop3(_)) {
            compared = self.compare(&mut kept.mailboxes).await;
        }
        if is_settled(&outcome) {
            outcome = settle(core, self.id, &mut kept.mailboxes).await.and(outcome);
        }
        if is_settled(&outcome) {
            if compares && !matches!(kept.mailboxes, Mailboxes::Pop3(_)) {
                compared = self.compare(&mut kept.mailboxes).await;
            }
            self.look_around(&account, kept).await;
        }
        if compares && !askers.is_empty() && compared.is_ok() {
            // What was found is said at once.
            let engine = self.inner.engine.clone();
            if let Err(error) = blocking(move || engine.check_up()).await {
                tracing::warn!(error = %crate::chain(&error), "conditions could not be looked for");
            }
        }
        if !askers.is_empty() {
            let failed = |error: &Error| trouble::noted(error, None, core.now()).text;
            answer(askers, &outcome.as_ref().map(drop).map_err(failed).and(compared));
        }
        self.live.end();
        Some((account, outcome))
    }

    /// A day has passed since the last comparison, and since the last attempt at one.
    async fn is_comparison_due(&self) -> bool {
        let tried = *self.compared.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.is_some_and(|at| at.elapsed() < COMPARED_INTERVAL) {
            return false;
        }
        let (inner, id) = (Arc::clone(&self.inner), self.id);
        let due = blocking(move || {
            let last = inner.engine.store().last_compared(id)?;
            let now = inner.engine.core().now();
            Ok(last.is_none_or(|last| has_passed(last, now, COMPARED_INTERVAL)))
        });
        matches!(due.await, Ok(true))
    }

    async fn compare(&self, mailboxes: &mut Mailboxes) -> Result<(), String> {
        let compared = ledger::compare(self.inner.engine.core(), self.id, mailboxes).await;
        *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        compared.map_err(|error| {
            tracing::info!(account.id = %self.id, error = %crate::chain(&error), "mailboxes could not be compared with their server");
            crate::chain(&error)
        })
    }

    /// Notes until when the certificate is good, and how much room there is.
    async fn look_around(&self, account: &Account, kept: &mut Kept) {
        let core = self.inner.engine.core();
        let ends = kept.mailboxes.connection().certificate_ends();
        let mut quota = None;
        if let Mailboxes::Imap(fetcher, _) = &mut kept.mailboxes
            && kept.quota_asked.is_none_or(|at| at.elapsed() >= QUOTA_INTERVAL)
        {
            kept.quota_asked = Some(Instant::now());
            // A server that hangs up on this is asked again with the next connection.
            quota = fetcher.quota().await.ok();
        }
        if quota.is_none() && ends == kept.certificate {
            return;
        }
        kept.certificate = ends;
        let (core, id, host) = (Arc::clone(core), account.id, account.settings.host.clone());
        let noted = blocking(move || {
            let now = core.now();
            core.store.set_expiry(ExpiryKind::Certificate, Some(id), host, ends, now)?;
            if let Some(quota) = quota {
                let quota = quota.map(|(used_octets, limit_octets)| Quota { used_octets, limit_octets });
                core.store.set_quota(id, quota, now)?;
            }
            Ok(())
        });
        if noted.await.is_err() {
            tracing::warn!(account.id = %account.id, "what is known of a server could not be noted");
        }
    }

    /// Notes how the account is.
    async fn report(&self, account: &Account, outcome: Result<Counts>, next: Next, now: UnixMillis) {
        let state = state(account, &outcome, next, now);
        if let Err(error) = &outcome {
            tracing::warn!(account.id = %account.id, class = trouble::class(error).as_str(), error = %crate::chain(error), "an account could not be fetched");
        }
        let (inner, id) = (Arc::clone(&self.inner), self.id);
        let noted = blocking(move || Ok(inner.engine.store().set_account_state(id, state)?)).await;
        if noted.is_err() {
            tracing::warn!(account.id = %account.id, "the state of an account could not be noted");
        }
        self.inner.engine.tell(News::Account(self.id));
    }
}

fn state(account: &Account, outcome: &Result<Counts>, next: Next, now: UnixMillis) -> AccountState {
    let before = account.state.clone().unwrap_or_default();
    let is_same = before.activity.as_str() == next.activity.as_str();
    AccountState {
        activity: next.activity,
        since: if is_same { before.since } else { now },
        last_success: if outcome.is_ok() { Some(now) } else { before.last_success },
        last_error: outcome
            .as_ref()
            .err()
            .map(|error| trouble::noted(error, before.last_error.as_ref(), now)),
        next_action: next.at,
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
        Mailboxes::Pop3(fetcher) => crate::source::finish(core, account, fetcher).await,
        others => crate::source::settle(core, account, others).await,
    }
}

impl Engine {
    /// Fetches an account once, now, and compares its mailboxes with their server.
    ///
    /// # Errors
    /// As [`Engine::fetch_once`].
    pub fn compare_once(
        &self,
        runtime: &tokio::runtime::Handle,
        account: &Account,
        settings: Settings,
        selection: &Selection,
    ) -> Result<()> {
        let entrance = self.entrance()?;
        let (core, account, selection) = (Arc::clone(self.core()), account.clone(), selection.clone());
        let comparing = runtime.spawn(async move {
            let mut mailboxes = Mailboxes::new(account.settings.kind, settings, selection);
            fetch(&core, &entrance, &account, &mut mailboxes, &Arc::default()).await?;
            let compared = ledger::compare(&core, account.id, &mut mailboxes).await;
            settle(&core, account.id, &mut mailboxes).await?;
            mailboxes.close().await;
            compared
        });
        runtime.block_on(comparing).map_err(|_| Error::Stopped)?
    }

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
