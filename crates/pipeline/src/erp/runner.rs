//! Runs sources when they are due.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use model::ErpSourceId;

use super::run::run_source;
use super::{Vanishing, erp_folder};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Looks at least this often; a file is looked at twice before it is read.
const PATIENCE: Duration = Duration::from_secs(10);
/// Sources that run at the same time.
const AT_ONCE: usize = 3;
/// Runs are forgotten after so long.
const KEPT_MS: i64 = 400 * 24 * 60 * 60_000;

/// Sources that run, so that none runs twice at a time.
#[derive(Default)]
pub(crate) struct ErpRunning(Arc<Mutex<HashSet<ErpSourceId>>>);

/// A source runs as long as this is there.
pub(crate) struct Running(Arc<Mutex<HashSet<ErpSourceId>>>, ErpSourceId);

impl ErpRunning {
    /// `None` if it runs.
    pub(crate) fn begin(&self, id: ErpSourceId) -> Option<Running> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        begun.then(|| Running(Arc::clone(&self.0), id))
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn has(&self, id: ErpSourceId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// The thread that looks for due sources; it ends with [`ErpRunner::stop`].
pub struct ErpRunner(Arc<(Mutex<Wanted>, Condvar)>);

#[derive(Default)]
struct Wanted {
    look: bool,
    stop: bool,
}

impl ErpRunner {
    /// Starts it. A run that fails, even by a panic, is noted, and the others go on.
    pub fn start(engine: Engine) -> Self {
        let shared: Arc<(Mutex<Wanted>, Condvar)> = Arc::default();
        let for_thread = Arc::clone(&shared);
        let folder = erp_folder(engine.dir());
        if let Err(error) = std::fs::create_dir_all(&folder) {
            tracing::warn!(%error, "the folder for files of the ERP cannot be made");
        }
        let work = move || {
            if let Err(error) = tidy(&engine) {
                tracing::warn!(error = %crate::chain(&error), "the log of runs could not be tidied");
            }
            while wait(&for_thread) {
                if let Err(error) = look(&engine) {
                    tracing::warn!(error = %crate::chain(&error), "sources of records wait");
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("erp".into()).spawn(work) {
            tracing::error!(%error, "sources of records cannot be run");
        }
        Self(shared)
    }

    /// Settings are others now: looks at once.
    pub fn wake(&self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).look = true;
        self.0.1.notify_all();
    }

    /// Starts nothing any more.
    pub fn stop(&self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.0.1.notify_all();
    }
}

fn tidy(engine: &Engine) -> Result<()> {
    let now = engine.core().now();
    Ok(engine.store().tidy_erp_runs(now, now.plus_ms(-KEPT_MS))?)
}

/// Whether to go on.
fn wait(shared: &(Mutex<Wanted>, Condvar)) -> bool {
    let wanted = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = shared.1.wait_timeout_while(wanted, PATIENCE, |wanted| !wanted.look && !wanted.stop);
    let (mut wanted, _) = waited.unwrap_or_else(PoisonError::into_inner);
    wanted.look = false;
    !wanted.stop
}

fn look(engine: &Engine) -> Result<()> {
    let running = &engine.core().erp;
    for source in engine.store().due_erp_sources(engine.core().now())? {
        if running.count() >= AT_ONCE || running.has(source.id) {
            continue;
        }
        let engine = engine.clone();
        let work = move || match run_source(&engine, source.id, "server", Vanishing::Ask, false) {
            Ok(_) | Err(Error::Busy | Error::Missing { .. }) => {}
            Err(error) => {
                tracing::warn!(error = %crate::chain(&error), source = %source.id, "a source of records failed");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("erp-source".into()).spawn(work) {
            tracing::error!(%error, "a source of records cannot be run");
        }
    }
    Ok(())
}
