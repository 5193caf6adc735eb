//! How many connections to one server there are at once, over all accounts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Connections to one server at once, unless a setting says otherwise: each account needs one, and a provider counts by
/// mailbox.
pub const CONNECTIONS_PER_SERVER: usize = 500;

/// All servers.
pub(crate) struct Budgets {
    most: usize,
    servers: Mutex<HashMap<String, Arc<Server>>>,
}

struct Server {
    free: Arc<Semaphore>,
    /// Somebody waits for a connection that only waits for news.
    wanted: Notify,
}

/// Stands for one connection.
pub(crate) struct Permit {
    server: Arc<Server>,
    _free: OwnedSemaphorePermit,
}

impl Budgets {
    /// `most`: connections to one server; 0 counts as [`CONNECTIONS_PER_SERVER`].
    pub(crate) fn new(most: usize) -> Self {
        let most = if most == 0 { CONNECTIONS_PER_SERVER } else { most };
        Self { most, servers: Mutex::default() }
    }

    /// Waits until there may be one more connection to this server. `None`: never again.
    pub(crate) async fn enter(&self, host: &str) -> Option<Permit> {
        let server = {
            let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            let made = || {
                let free = Arc::new(Semaphore::new(self.most.min(Semaphore::MAX_PERMITS)));
                Arc::new(Server { free, wanted: Notify::new() })
            };
            Arc::clone(servers.entry(host.to_ascii_lowercase()).or_insert_with(made))
        };
        let free = if let Ok(free) = Arc::clone(&server.free).try_acquire_owned() {
            free
        } else {
            server.wanted.notify_one();
            Arc::clone(&server.free).acquire_owned().await.ok()?
        };
        Some(Permit { server, _free: free })
    }
}

impl Permit {
    /// Comes back when somebody else wants a connection to this server: one that only waits is to be given up.
    pub(crate) async fn wanted(&self) {
        self.server.wanted.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_waiting_connection_is_given_up_for_another() {
        let budgets = Arc::new(Budgets::new(2));
        let (one, _two) = (budgets.enter("mail.example").await, budgets.enter("MAIL.example").await);
        assert!(budgets.enter("other.example").await.is_some());
        let third = tokio::spawn({
            let budgets = Arc::clone(&budgets);
            async move { budgets.enter("mail.example").await.is_some() }
        });
        let one = one.unwrap();
        tokio::time::timeout(Duration::from_mins(1), one.wanted()).await.unwrap();
        assert!(!third.is_finished());
        drop(one);
        assert!(tokio::time::timeout(Duration::from_mins(1), third).await.unwrap().unwrap());
    }
}
