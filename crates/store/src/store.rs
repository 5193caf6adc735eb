//! The handle every function hangs on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use crate::db::{Db, Tx, Weight};
use crate::error::{Result, StoreError};
use crate::keys::Keys;
use crate::migrate;
use crate::postgres::PostgresDb;
use crate::sql::statements;
use crate::sqlite::SqliteDb;

/// Where the database is.
#[derive(Clone)]
pub enum Database {
    /// A file, created if it is not there; its folder must be. One process at a time uses it.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A database of a PostgreSQL server, 15 or newer; the database itself must be there.
    Postgres {
        /// `postgres://user:password@host:port/name`, or key–value form.
        url: String,
        /// Trust for TLS; without it the connection is plain.
        tls: Option<Arc<rustls::ClientConfig>>,
    },
}

/// The open database. Clones share it. Every function blocks the calling thread, and on PostgreSQL
/// panics when called from within an async task: use `spawn_blocking`.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    database: Database,
    keys: Arc<Keys>,
    /// Last change without reports; what a crash forgets is looked at again.
    feedback_seen: AtomicI64,
}

statements! {
    PING = "SELECT version FROM format";
    NEXT = "UPDATE counters SET value = value + $1 WHERE name = $2 RETURNING value";
}

/// Takes `count` numbers; gives the first of them. Until the transaction ends, no other one takes any.
pub(crate) fn take(tx: &Tx<'_>, counter: &'static str, count: usize) -> Result<i64> {
    let count = count as i64;
    let last = tx.first(&NEXT, &[count.into(), counter.into()], |row| row.int(0))?;
    Ok(last.ok_or(StoreError::Unreadable { what: "counters" })? - count + 1)
}

impl Store {
    /// Opens or creates the database and brings it to the present format.
    ///
    /// # Errors
    /// `Newer` if a newer program wrote it, `Damaged`, `Permission`, `Unreachable`, `DiskFull`, each naming it.
    pub fn open(database: &Database) -> Result<Self> {
        let db = match database {
            Database::Sqlite { path } => {
                let name = path.display().to_string();
                let db = SqliteDb::open(path, |connection| migrate::sqlite(connection, &name));
                Db::Sqlite(db.map_err(|error| error.of_database(&name))?)
            }
            Database::Postgres { url, tls } => Db::Postgres(Box::new(open_postgres(url, tls.clone())?)),
        };
        let database = database.clone();
        let (keys, feedback_seen) = (Arc::default(), AtomicI64::new(0));
        let store = Self { inner: Arc::new(Inner { db, database, keys, feedback_seen }) };
        store.look_at_senders()?;
        Ok(store)
    }

    pub(crate) fn database(&self) -> &Database {
        &self.inner.database
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub fn health(&self) -> Result<()> {
        self.read(|tx| tx.int(&PING, &[]).map(drop))
    }

    /// Ends writing after what waits; later calls fail with `Closed`. Dropping the last clone does the same.
    pub fn close(&self) {
        match &self.inner.db {
            Db::Sqlite(db) => db.close(),
            Db::Postgres(db) => db.close(),
        }
    }

    pub(crate) fn read<T>(&self, work: impl Fn(&Tx<'_>) -> Result<T>) -> Result<T> {
        self.inner.db.read(work)
    }

    /// A few rows.
    pub(crate) fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.inner.db.write(Weight::Small, work)
    }

    /// A batch of mails.
    pub(crate) fn write_batch<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.inner.db.write(Weight::Batch, work)
    }

    pub(crate) fn engine(&self) -> &Db {
        &self.inner.db
    }

    #[cfg(test)]
    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn feedback_seen(&self) -> &AtomicI64 {
        &self.inner.feedback_seen
    }

    pub(crate) fn keys(&self) -> &Arc<Keys> {
        &self.inner.keys
    }
}

fn open_postgres(url: &str, tls: Option<Arc<rustls::ClientConfig>>) -> Result<PostgresDb> {
    let mut config: tokio_postgres::Config = url.parse().map_err(|error: tokio_postgres::Error| {
        StoreError::Unreachable { database: "PostgreSQL".to_owned(), source: Box::new(error) }
    })?;
    if config.get_application_name().is_none() {
        config.application_name("poststelle");
    }
    let hosts = config.get_hosts().iter().map(|host| match host {
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    });
    let name = format!(
        "postgres://{}/{}",
        hosts.collect::<Vec<_>>().join(","),
        config.get_dbname().unwrap_or_default()
    );
    PostgresDb::open(config, tls, |handle, client| migrate::postgres(handle, client, &name))
        .map_err(|error| error.of_database(&name))
}
