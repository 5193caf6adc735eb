//! What the tasks of accounts are doing right now; what they noted last is in the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use intake::{Connection, Stage};
use model::{AccountId, Activity, UnixMillis};
use store::{Account, AccountKind};

use crate::fetch::Progress;

/// One task.
pub(crate) struct Live {
    since: UnixMillis,
    running: Mutex<Option<(Arc<Progress>, Arc<Connection>)>>,
}

impl Live {
    /// `now`: the task begins.
    pub(crate) fn new(now: UnixMillis) -> Self {
        Self { since: now, running: Mutex::default() }
    }

    /// A fetch begins.
    pub(crate) fn begin(&self, progress: Arc<Progress>, connection: Arc<Connection>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some((progress, connection));
    }

    /// It has ended.
    pub(crate) fn end(&self) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// `None` between fetches.
    pub(crate) fn activity(&self) -> Option<Activity> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (progress, connection) = running.as_ref()?;
        Some(match connection.stage() {
            Stage::None | Stage::Connecting => Activity::Connecting,
            Stage::Authenticating => Activity::Authenticating,
            Stage::Open => {
                let (done, total) = progress.read();
                Activity::Syncing { done, total }
            }
        })
    }
}

/// All tasks.
#[derive(Default)]
pub(crate) struct Tasks(Mutex<HashMap<AccountId, Arc<Live>>>);

impl Tasks {
    pub(crate) fn add(&self, account: AccountId, live: Arc<Live>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account, live);
    }

    pub(crate) fn remove(&self, account: AccountId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&account);
    }

    /// Since when an account's task runs.
    pub(crate) fn running_since(&self, account: AccountId) -> Option<UnixMillis> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.get(&account).map(|live| live.since)
    }

    /// What an account is doing: what is set, what its task does, what it noted.
    pub(crate) fn activity(&self, account: &Account) -> Activity {
        if account.settings.kind == AccountKind::Import {
            return Activity::Files;
        }
        if !account.settings.active || account.removed.is_some() {
            return Activity::Disabled;
        }
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let live = tasks.get(&account.id).and_then(|live| live.activity());
        live.or_else(|| account.state.as_ref().map(|state| state.activity)).unwrap_or_default()
    }
}
