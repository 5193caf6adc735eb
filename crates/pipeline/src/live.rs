//! What the tasks of accounts are doing right now; what they noted last is in the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use intake::{Connection, Stage};
use model::{AccountId, Activity};
use store::{Account, AccountKind};

use crate::fetch::Progress;

/// One task.
#[derive(Default)]
pub(crate) struct Live(Mutex<Option<(Arc<Progress>, Arc<Connection>)>>);

impl Live {
    /// A fetch begins.
    pub(crate) fn begin(&self, progress: Arc<Progress>, connection: Arc<Connection>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((progress, connection));
    }

    /// It has ended.
    pub(crate) fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// `None` between fetches.
    pub(crate) fn activity(&self) -> Option<Activity> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
