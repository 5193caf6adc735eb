//! What goes on behind the server: imports and fetching.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use intake::files::Source;
use model::{AccountId, ImportRunId};
use pipeline::{
    Engine, ErpRunner, Import, News, Outgoing, OutgoingOptions, RemoteStorage, Stamping, Step, Supervisor,
    Witnesses,
};
use serde::{Deserialize, Serialize};
use server::{Background, BackgroundError, ImportJob, Pending, TestSettings, Tested};

use crate::mailbox_server;

/// Time between two pieces of news of an import.
const NEWS_INTERVAL: Duration = Duration::from_millis(500);
/// While the disk is full an import tries again after so long.
const DISK_FULL_PAUSE: Duration = Duration::from_secs(15);

/// The tasks.
pub struct Tasks {
    engine: Engine,
    supervisor: Supervisor,
    imports: Arc<Mutex<HashMap<ImportRunId, Arc<Stop>>>>,
    outgoing: Outgoing,
    erp: ErpRunner,
    stamping: Stamping,
    witnesses: Witnesses,
    remote: RemoteStorage,
}

/// How an import is stopped.
#[derive(Default)]
struct Stop {
    /// It is to stop after the mail it is at.
    flag: AtomicBool,
    /// Because the server ends: the next one goes on.
    ending: AtomicBool,
}

/// Beside the folder of an import: what to do if the server ends before the import does.
#[derive(Serialize, Deserialize)]
struct Job {
    run: String,
    account: String,
    source: String,
    actor: String,
    octets: u64,
}

impl Tasks {
    /// Starts what goes on by itself: fetching, what goes out, and imports that an earlier process left behind.
    ///
    /// # Errors
    /// Those of the database.
    pub fn start(
        engine: Engine,
        runtime: tokio::runtime::Handle,
        outgoing: OutgoingOptions,
    ) -> Result<Self, pipeline::Error> {
        let stamping = Stamping::start(engine.clone(), &runtime, outgoing.tls.clone());
        let witnesses = Witnesses::start(engine.clone(), &runtime, outgoing.tls.clone());
        let remote = RemoteStorage::start(engine.clone(), &runtime);
        let outgoing = Outgoing::start(engine.clone(), &runtime, outgoing);
        let supervisor = Supervisor::start(engine.clone(), runtime, Box::new(mailbox_server::resolve))?;
        let erp = ErpRunner::start(engine.clone());
        let tasks =
            Self { engine, supervisor, imports: Arc::default(), outgoing, erp, stamping, witnesses, remote };
        tasks.resume();
        Ok(tasks)
    }

    /// Fetches and compares an account now; what comes back ends with how it went. `None` if it is not fetched.
    pub fn compare_waiting(
        &self,
        account: AccountId,
    ) -> Option<std::sync::mpsc::Receiver<Result<(), String>>> {
        self.supervisor.compare(account)
    }

    /// Asks everything to stop after the mail it is at.
    pub fn stop(&self) {
        self.supervisor.stop();
        self.outgoing.stop();
        self.erp.stop();
        self.stamping.stop();
        self.witnesses.stop();
        self.remote.stop();
        let imports = self.imports.lock().unwrap_or_else(PoisonError::into_inner);
        for stop in imports.values() {
            stop.ending.store(true, Ordering::Relaxed);
            stop.flag.store(true, Ordering::Relaxed);
        }
    }

    /// Imports whose files are still there run again: what came in before is recognised.
    fn resume(&self) {
        let Ok(entries) = std::fs::read_dir(self.engine.dir().join("tmp")) else { return };
        for file in entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        {
            let job =
                std::fs::read(&file).ok().and_then(|octets| serde_json::from_slice::<Job>(&octets).ok());
            let folder = file.with_extension("");
            let started = job.and_then(|job| {
                let run: ImportRunId = job.run.parse().ok()?;
                let job = ImportJob {
                    account: job.account.parse().ok()?,
                    folder: folder.clone(),
                    source: job.source,
                    actor: job.actor,
                    octets: job.octets,
                };
                if !folder.exists() {
                    return None;
                }
                // The same run goes on behind the last entry it has kept.
                self.engine.store().set_import_state(run, "running".into(), None, None).ok()?;
                self.go(run, job);
                Some(())
            });
            if started.is_none() {
                tracing::warn!("an import that was interrupted cannot be taken up again");
                remove(&folder);
            }
        }
    }

    fn go(&self, run: ImportRunId, job: ImportJob) {
        let stop = Arc::new(Stop::default());
        self.imports.lock().unwrap_or_else(PoisonError::into_inner).insert(run, Arc::clone(&stop));
        self.run_import(run, job, stop);
    }

    fn run_import(&self, run: ImportRunId, job: ImportJob, stop: Arc<Stop>) {
        let engine = self.engine.clone();
        let imports = Arc::clone(&self.imports);
        let work = move || {
            let state = import_files(&engine, run, &job, &stop);
            imports.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
            // A server that stops leaves the files: the next one goes on.
            if state == Some("stopped") {
                return;
            }
            remove(&job.folder);
            if let Err(error) = engine.end_import(run, state.unwrap_or("finished")) {
                tracing::warn!(%error, "the end of an import could not be noted");
            }
            engine.tell(News::Import { run, account: job.account });
        };
        if let Err(error) = std::thread::Builder::new().name("import".into()).spawn(work) {
            tracing::error!(%error, "cannot start an import");
        }
    }
}

/// Runs an import to its end; gives its state if that is not `finished`.
fn import_files(engine: &Engine, run: ImportRunId, job: &ImportJob, stop: &Stop) -> Option<&'static str> {
    let sources = match sources(&job.folder) {
        Ok(sources) => sources,
        Err(error) => {
            tracing::warn!(%error, "the files of an import are gone");
            return Some("failed");
        }
    };
    let import = Import { account: job.account, sources, directory: None, run: Some(run) };
    let mut told = Instant::now();
    loop {
        let outcome = engine.import(&import, &mut std::io::empty(), &stop.flag, &mut |step| {
            if matches!(step, Step::Progress { .. }) && told.elapsed() >= NEWS_INTERVAL {
                told = Instant::now();
                engine.tell(News::Import { run, account: job.account });
            }
        });
        match outcome {
            Ok(_) if stop.ending.load(Ordering::Relaxed) => return Some("stopped"),
            Ok(_) if stop.flag.load(Ordering::Relaxed) => return Some("cancelled"),
            Ok(_) => return None,
            Err(error) if error.is_disk_full() && !stop.flag.load(Ordering::Relaxed) => {
                tracing::error!("no room on the disk: an import waits");
                std::thread::park_timeout(DISK_FULL_PAUSE);
            }
            Err(error) => {
                tracing::warn!(error = %pipeline::chain(&error), "an import failed");
                return Some(if stop.ending.load(Ordering::Relaxed) { "stopped" } else { "failed" });
            }
        }
    }
}

/// The files of a folder under the names they were given.
fn sources(folder: &Path) -> std::io::Result<Vec<Source>> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths
        .into_iter()
        .map(|path| Source { name: path.file_name().map(|name| name.to_string_lossy().into_owned()), path })
        .collect())
}

/// Takes the files of an import and its note away.
fn remove(folder: &Path) {
    for gone in [std::fs::remove_dir_all(folder), std::fs::remove_file(job_file(folder))] {
        if let Err(error) = gone
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "files of an import could not be removed");
        }
    }
}

fn job_file(folder: &Path) -> PathBuf {
    folder.with_extension("json")
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> BackgroundError {
    BackgroundError::Failed(Box::new(error))
}

impl Background for Tasks {
    fn account_changed(&self, account: AccountId) {
        self.supervisor.changed(account);
    }

    fn fetch(&self, account: AccountId) -> Result<(), BackgroundError> {
        let Ok(Some(found)) = self.engine.store().account(account) else {
            return Err(BackgroundError::Missing);
        };
        if !found.settings.kind.is_fetched() || !found.settings.active {
            return Err(BackgroundError::NotFetched);
        }
        if self.supervisor.fetch(account) { Ok(()) } else { Err(BackgroundError::NotFetched) }
    }

    fn compare(&self, account: AccountId) -> Result<(), BackgroundError> {
        match self.engine.store().account(account) {
            Ok(Some(_)) => self.supervisor.compare(account).map(drop).ok_or(BackgroundError::NotFetched),
            _ => Err(BackgroundError::Missing),
        }
    }

    fn erp_changed(&self) {
        self.erp.wake();
    }

    fn outgoing_changed(&self) {
        self.outgoing.wake();
    }

    fn test(&self, settings: TestSettings) -> Pending<'_, Tested> {
        Box::pin(mailbox_server::test(&self.engine, settings))
    }

    fn import(&self, job: ImportJob) -> Result<ImportRunId, BackgroundError> {
        let begun = self.engine.begin_import(job.account, &job.actor, &job.source, Some(job.octets));
        let run = begun.map_err(|error| match error {
            store::StoreError::Missing { .. } => BackgroundError::Missing,
            other => failed(other),
        })?;
        let note = Job {
            run: run.to_string(),
            account: job.account.to_string(),
            source: job.source.clone(),
            actor: job.actor.clone(),
            octets: job.octets,
        };
        std::fs::write(job_file(&job.folder), serde_json::to_vec(&note).map_err(failed)?).map_err(failed)?;
        self.go(run, job);
        Ok(run)
    }

    fn cancel_import(&self, run: ImportRunId) -> Result<(), BackgroundError> {
        if let Some(stop) = self.imports.lock().unwrap_or_else(PoisonError::into_inner).get(&run) {
            stop.flag.store(true, Ordering::Relaxed);
            return Ok(());
        }
        match self.engine.store().import_run(run) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(BackgroundError::Missing),
            Err(error) => Err(failed(error)),
        }
    }
}
