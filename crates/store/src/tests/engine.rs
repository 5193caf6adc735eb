//! Databases of the test's own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Database;

/// A temporary folder, removed at the end.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a temporary folder can be made");
        Self { path }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A PostgreSQL server of the test's own.
pub(crate) struct Postgres(pub(crate) test_support::Postgres);

impl Postgres {
    /// `None`, and a line that says so, if PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        test_support::Postgres::start().map(Self)
    }

    /// An empty database.
    pub(crate) fn database(&self, name: &str) -> Database {
        Database::Postgres { url: self.0.database(name), tls: None }
    }
}
