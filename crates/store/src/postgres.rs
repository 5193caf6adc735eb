//! PostgreSQL: a small pool of connections, driven by a runtime inside; callers block.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::runtime::{Handle, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::{Reading, TakeRow, Tx, Writing, Written};
use crate::error::{Result, StoreError};
use crate::sql::{Sql, Ty};
use crate::value::{Arg, Row, Rows};

/// Connections at most; the server's limit is shared with other processes.
const CONNECTIONS: usize = 8;
/// How often a transaction that met another one is tried.
const ATTEMPTS: usize = 6;

pub(crate) struct PostgresDb {
    config: Config,
    tls: Option<Arc<rustls::ClientConfig>>,
    runtime: Option<Runtime>,
    pool: Mutex<Pool>,
    returned: Condvar,
}

struct Pool {
    idle: Vec<Session>,
    lent: usize,
    closed: bool,
}

/// A connection and its prepared statements.
pub(crate) struct Session {
    handle: Handle,
    pub(crate) client: Client,
    statements: RefCell<HashMap<usize, Statement>>,
}

impl PostgresDb {
    /// Connects once and runs `migrate` on that connection.
    pub(crate) fn open(
        config: Config,
        tls: Option<Arc<rustls::ClientConfig>>,
        migrate: impl FnOnce(&Handle, &mut Client) -> Result<()>,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store-postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Busy(Box::new(error)))?;
        let db = Self {
            config,
            tls,
            runtime: Some(runtime),
            pool: Mutex::new(Pool { idle: Vec::new(), lent: 0, closed: false }),
            returned: Condvar::new(),
        };
        let mut session = db.connect()?;
        migrate(&db.handle(), &mut session.client)?;
        db.lock().idle.push(session);
        Ok(db)
    }

    fn handle(&self) -> Handle {
        self.runtime.as_ref().expect("present until dropped").handle().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> Result<Session> {
        let handle = self.handle();
        let failed = |error| StoreError::Unreachable { database: String::new(), source: Box::new(error) };
        let client = if let Some(tls) = &self.tls {
            let connector = MakeRustlsConnect::new(tls.as_ref().clone());
            let (client, connection) = handle.block_on(self.config.connect(connector)).map_err(failed)?;
            handle.spawn(drive(connection));
            client
        } else {
            let (client, connection) = handle.block_on(self.config.connect(NoTls)).map_err(failed)?;
            handle.spawn(drive(connection));
            client
        };
        Ok(Session { handle, client, statements: RefCell::default() })
    }

    fn lend(&self) -> Result<Lent<'_>> {
        let mut pool = self.lock();
        loop {
            if pool.closed {
                return Err(StoreError::Closed);
            }
            if let Some(session) = pool.idle.pop() {
                if session.client.is_closed() {
                    continue;
                }
                pool.lent += 1;
                return Ok(Lent { db: self, session: Some(session) });
            }
            if pool.lent < CONNECTIONS {
                pool.lent += 1;
                drop(pool);
                let mut lent = Lent { db: self, session: None };
                lent.session = Some(self.connect()?);
                return Ok(lent);
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn read(&self, work: Reading<'_>) -> Result<()> {
        self.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work)
    }

    /// Runs a statement that cannot be in a transaction.
    pub(crate) fn alone(&self, text: &'static str) -> Result<()> {
        let lent = self.lend()?;
        lent.session.as_ref().expect("present until dropped").batch(text)
    }

    pub(crate) fn write(&self, work: &Writing) -> Result<Written> {
        let mut written = None;
        self.transaction("BEGIN", &mut |tx| {
            written = Some(work(tx)?);
            Ok(())
        })?;
        Ok(written.expect("work that succeeds has given something"))
    }

    fn transaction(&self, begin: &'static str, work: Reading<'_>) -> Result<()> {
        let mut attempt = 1;
        loop {
            let lent = self.lend()?;
            let session = lent.session.as_ref().expect("present until dropped");
            let result = session.batch(begin).and_then(|()| {
                // Dropped without being disarmed, by a panic in `work`, the connection is not used again.
                let mut open = Open { session, done: false };
                let result = work(&Tx::Postgres(session));
                open.done = true;
                result
            });
            match result {
                // Whether a commit without an answer happened is not known here: it is not tried again.
                Ok(()) => return session.batch("COMMIT"),
                Err(StoreError::Busy(_)) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => {
                    session.abandon();
                    return Err(error);
                }
            }
            session.abandon();
        }
    }

    pub(crate) fn close(&self) {
        let mut pool = self.lock();
        pool.closed = true;
        pool.idle.clear();
        self.returned.notify_all();
    }
}

impl Drop for PostgresDb {
    fn drop(&mut self) {
        self.close();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn drive<T>(connection: impl Future<Output = Result<T, tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::warn!(error = %error, "a connection to the database ended");
    }
}

struct Open<'a> {
    session: &'a Session,
    done: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.session.abandon();
        }
    }
}

/// A connection on loan.
struct Lent<'a> {
    db: &'a PostgresDb,
    session: Option<Session>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.db.lock();
        pool.lent -= 1;
        if let Some(session) = self.session.take()
            && !pool.closed
            && !session.client.is_closed()
        {
            pool.idle.push(session);
        }
        self.db.returned.notify_one();
    }
}

impl Session {
    fn wait<T>(
        &self,
        statement: &'static str,
        future: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        self.handle.block_on(future).map_err(|error| StoreError::postgres(statement, error))
    }

    fn batch(&self, text: &'static str) -> Result<()> {
        self.wait(text, self.client.batch_execute(text))
    }

    fn abandon(&self) {
        if let Err(error) = self.batch("ROLLBACK") {
            tracing::debug!(error = %error, "ROLLBACK failed");
        }
    }

    fn prepared(&self, sql: &'static Sql) -> Result<Statement> {
        let key = std::ptr::from_ref(sql) as usize;
        if let Some(statement) = self.statements.borrow().get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.wait(sql.name, self.client.prepare(sql.postgres()))?;
        self.statements.borrow_mut().insert(key, statement.clone());
        Ok(statement)
    }

    #[cfg(test)]
    pub(crate) fn prepare(&self, sql: &'static Sql) -> Result<()> {
        self.prepared(sql).map(drop)
    }

    #[cfg(test)]
    pub(crate) fn run(&self, text: &'static str) -> Result<()> {
        self.batch(text)
    }

    fn params<'a>(args: &'a [Arg<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
        args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
    }

    pub(crate) fn exec(&self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<u64> {
        let statement = self.prepared(sql)?;
        self.wait(sql.name, self.client.execute(&statement, &Self::params(args)))
    }

    pub(crate) fn query(&self, sql: &'static Sql, args: &[Arg<'_>], take: TakeRow<'_>) -> Result<()> {
        let statement = self.prepared(sql)?;
        let rows = self.wait(sql.name, self.client.query(&statement, &Self::params(args)))?;
        rows.iter().try_for_each(|row| take(&Row::Postgres(row)))
    }

    pub(crate) fn bulk(&self, sql: &'static Sql, rows: &Rows<'_>) -> Result<u64> {
        let statement = self.prepared(sql)?;
        let columns = columns(sql, rows);
        let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(Column::param).collect();
        self.wait(sql.name, self.client.execute(&statement, &params))
    }

    pub(crate) fn bulk_query(&self, sql: &'static Sql, rows: &Rows<'_>, take: TakeRow<'_>) -> Result<()> {
        let statement = self.prepared(sql)?;
        let columns = columns(sql, rows);
        let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(Column::param).collect();
        let rows = self.wait(sql.name, self.client.query(&statement, &params))?;
        rows.iter().try_for_each(|row| take(&Row::Postgres(row)))
    }
}

/// One array per column.
enum Column<'a> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<&'a str>>),
    Blob(Vec<Option<&'a [u8]>>),
}

impl Column<'_> {
    fn param(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Int(values) => values,
            Self::Text(values) => values,
            Self::Blob(values) => values,
        }
    }
}

fn columns<'a>(sql: &Sql, rows: &'a Rows<'_>) -> Vec<Column<'a>> {
    let width = rows.width;
    let column = |at: usize| rows.args.iter().skip(at).step_by(width);
    sql.rows
        .iter()
        .enumerate()
        .map(|(at, ty)| match ty {
            Ty::Int => Column::Int(column(at).map(Arg::int).collect()),
            Ty::Text => Column::Text(column(at).map(Arg::text).collect()),
            Ty::Blob => Column::Blob(column(at).map(Arg::blob).collect()),
        })
        .collect()
}
