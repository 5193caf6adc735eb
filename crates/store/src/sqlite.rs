//! SQLite: one writer thread fed by a bounded queue, a few readers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::checkpoint::Checkpoints;
use crate::db::{Reading, TakeRow, Tx, Weight, Writing, Written};
use crate::error::{Result, StoreError};
use crate::sql::{CHUNK, Sql};
use crate::value::{Arg, Row, Rows};

/// Readers; more than the cores that serve lists bring nothing.
const READERS: usize = 4;
/// Jobs that may wait for the writer before a caller has to.
const QUEUE: usize = 64;
/// Small jobs committed together at most.
const GROUP: usize = 64;
/// The longest a caller waits until the log is cut to nothing.
const TRUNCATE_PATIENCE: Duration = Duration::from_mins(1);
/// Kept prepared statements of a connection.
const STATEMENTS: usize = 256;

pub(crate) struct SqliteDb {
    queue: Mutex<Option<SyncSender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Vec<Connection>>,
    returned: Condvar,
}

/// A transaction that could not be begun or committed, for every job in it.
struct Failure {
    full: bool,
    text: String,
}

impl Failure {
    fn new(error: &rusqlite::Error) -> Self {
        Self { full: crate::error::is_full(error), text: error.to_string() }
    }

    fn error(&self) -> StoreError {
        if self.full {
            StoreError::DiskFull(self.text.clone().into())
        } else {
            StoreError::Busy(self.text.clone().into())
        }
    }
}

/// A write that waits.
struct Job {
    weight: Weight,
    work: Writing,
    result: Option<Result<Written>>,
    reply: SyncSender<Result<Written>>,
}

impl Job {
    /// Whether it succeeded.
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let result = (self.work)(tx);
        let ok = result.is_ok();
        self.result = Some(result);
        ok
    }

    /// Answers the caller.
    fn finish(self, failure: Option<&Failure>) {
        let result = match (self.result, failure) {
            (Some(Err(error)), _) => Err(error),
            (_, Some(failure)) => Err(failure.error()),
            (Some(ok), None) => ok,
            (None, None) => Err(StoreError::Closed),
        };
        // A caller that has gone away wants no answer.
        let _ = self.reply.send(result);
    }
}

impl SqliteDb {
    /// Opens or creates the file and starts the writer. `migrate` runs on the writing connection before.
    pub(crate) fn open(path: &Path, migrate: impl FnOnce(&mut Connection) -> Result<()>) -> Result<Self> {
        let failed = |error| StoreError::sqlite("open", error);
        let mut writer = Connection::open(path).map_err(failed)?;
        configure_writer(&writer).map_err(failed)?;
        migrate(&mut writer)?;
        let checkpoints = Checkpoints::start(path, &mut writer).map_err(failed)?;
        let readers = (0..READERS).map(|_| reader(path)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_loop(&writer, checkpoints, &jobs))
            .map_err(|error| StoreError::Busy(Box::new(error)))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            readers: Mutex::new(readers),
            returned: Condvar::new(),
        })
    }

    pub(crate) fn write(&self, weight: Weight, work: Writing) -> Result<Written> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or(StoreError::Closed)?;
        let (reply, answer) = sync_channel(1);
        queue.send(Job { weight, work, result: None, reply }).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }

    pub(crate) fn read(&self, work: Reading<'_>) -> Result<()> {
        let lent = self.lend();
        let connection = lent.connection.as_ref().expect("present until dropped");
        plain(connection, "BEGIN").map_err(|error| StoreError::sqlite("begin", error))?;
        let result = catch_unwind(AssertUnwindSafe(|| work(&Tx::Sqlite(connection))));
        let ended = plain(connection, "COMMIT");
        match result {
            Ok(result) => {
                ended.map_err(|error| StoreError::sqlite("commit", error))?;
                result
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn lend(&self) -> Lent<'_> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = readers.pop() {
                return Lent { db: self, connection: Some(connection) };
            }
            readers = self.returned.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Moves the log into the file and cuts it to nothing, so that what was deleted is in neither.
    pub(crate) fn truncate_log(path: &Path) -> Result<()> {
        let failed = |error| StoreError::sqlite("checkpoint", error);
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
        let deadline = Instant::now() + TRUNCATE_PATIENCE;
        loop {
            let busy = connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
                .map_err(failed)?;
            if busy == 0 {
                return Ok(());
            }
            // For a checkpoint beside this one SQLite does not wait.
            if Instant::now() >= deadline {
                return Err(StoreError::Busy("the log of the database is being read".into()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the writer after what waits, and moves the log into the file.
    pub(crate) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of the database panicked");
        }
    }
}

impl Drop for SqliteDb {
    fn drop(&mut self) {
        self.close();
    }
}

/// A reader on loan.
struct Lent<'a> {
    db: &'a SqliteDb,
    connection: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut readers = self.db.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.extend(self.connection.take());
        self.db.returned.notify_one();
    }
}

fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA secure_delete = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -12000; PRAGMA journal_size_limit = 67108864;",
    )?;
    prepare_connection(connection)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
    )?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000;")?;
    prepare_connection(&connection)?;
    Ok(connection)
}

fn prepare_connection(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    rusqlite::vtab::array::load_module(connection)
}

fn plain(connection: &Connection, text: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached(text)?.execute([])
}

fn write_loop(connection: &Connection, checkpoints: Checkpoints, jobs: &Receiver<Job>) {
    let mut next = None;
    while let Some(job) = next.take().or_else(|| jobs.recv().ok()) {
        let small = job.weight == Weight::Small;
        let mut done = Vec::with_capacity(1);
        let failure = transaction(connection, || {
            let mut ok = run(connection, job, small, &mut done);
            while small && done.len() < GROUP && !connection.is_autocommit() {
                match jobs.try_recv() {
                    Ok(job) if job.weight == Weight::Small => ok |= run(connection, job, true, &mut done),
                    other => {
                        next = other.ok();
                        break;
                    }
                }
            }
            ok
        });
        for job in done {
            job.finish(failure.as_ref());
        }
        checkpoints.after_commit();
    }
    checkpoints.finish();
    if let Err(error) = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);") {
        tracing::warn!(error = %error, "the log of the database could not be moved into it");
    }
}

/// Begins, runs, and commits if `work` says so.
fn transaction(connection: &Connection, work: impl FnOnce() -> bool) -> Option<Failure> {
    if let Err(error) = plain(connection, "BEGIN IMMEDIATE") {
        return Some(Failure::new(&error));
    }
    let commit = work();
    if connection.is_autocommit() {
        // SQLite rolled back by itself, as it does when the disk is full.
        return Some(Failure { full: false, text: "the transaction was rolled back".to_owned() });
    }
    if commit {
        match plain(connection, "COMMIT") {
            Ok(_) => return None,
            Err(error) => {
                let failure = Failure::new(&error);
                roll_back(connection, "ROLLBACK");
                return Some(failure);
            }
        }
    }
    roll_back(connection, "ROLLBACK");
    None
}

fn run(connection: &Connection, mut job: Job, nested: bool, done: &mut Vec<Job>) -> bool {
    if nested && plain(connection, "SAVEPOINT job").is_err() {
        done.push(job);
        return false;
    }
    let Ok(ok) = catch_unwind(AssertUnwindSafe(|| job.run(&Tx::Sqlite(connection)))) else {
        tracing::error!("a write to the database panicked");
        if nested {
            roll_back(connection, "ROLLBACK TO job");
            roll_back(connection, "RELEASE job");
        }
        return false;
    };
    if nested && !connection.is_autocommit() {
        if !ok {
            roll_back(connection, "ROLLBACK TO job");
        }
        roll_back(connection, "RELEASE job");
    }
    done.push(job);
    ok
}

fn roll_back(connection: &Connection, text: &str) {
    if let Err(error) = plain(connection, text) {
        tracing::warn!(error = %error, "{text} failed");
    }
}

fn bind(statement: &mut rusqlite::Statement<'_>, args: &[Arg<'_>]) -> rusqlite::Result<()> {
    for (at, arg) in args.iter().enumerate() {
        statement.raw_bind_parameter(at + 1, arg)?;
    }
    Ok(())
}

fn run_text(connection: &Connection, text: &str, args: &[Arg<'_>]) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, args)?;
    statement.raw_execute().map(|count| count as u64)
}

pub(crate) fn exec(connection: &Connection, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
    run_text(connection, sql.sqlite(), args).map_err(|error| StoreError::sqlite(sql.name, error))
}

fn collect(
    connection: &Connection,
    name: &'static str,
    text: &str,
    args: &[Arg<'_>],
    take: TakeRow<'_>,
) -> Result<()> {
    let failed = |error| StoreError::sqlite(name, error);
    let mut statement = connection.prepare_cached(text).map_err(failed)?;
    bind(&mut statement, args).map_err(failed)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        take(&Row::Sqlite(row))?;
    }
    Ok(())
}

pub(crate) fn query(
    connection: &Connection,
    sql: &'static Sql,
    args: &[Arg<'_>],
    take: TakeRow<'_>,
) -> Result<()> {
    collect(connection, sql.name, sql.sqlite(), args, take)
}

pub(crate) fn bulk(connection: &Connection, sql: &Sql, rows: &Rows<'_>) -> Result<u64> {
    let failed = |error| StoreError::sqlite(sql.name, error);
    let mut changed = 0;
    let (many, rest) = rows.args.split_at(rows.args.len() / (rows.width * CHUNK) * (rows.width * CHUNK));
    for chunk in many.chunks(rows.width * CHUNK) {
        changed += run_text(connection, sql.sqlite_many(), chunk).map_err(failed)?;
    }
    for row in rest.chunks(rows.width) {
        changed += run_text(connection, sql.sqlite(), row).map_err(failed)?;
    }
    Ok(changed)
}

pub(crate) fn bulk_query(
    connection: &Connection,
    sql: &'static Sql,
    rows: &Rows<'_>,
    take: TakeRow<'_>,
) -> Result<()> {
    let (many, rest) = rows.args.split_at(rows.args.len() / (rows.width * CHUNK) * (rows.width * CHUNK));
    for chunk in many.chunks(rows.width * CHUNK) {
        collect(connection, sql.name, sql.sqlite_many(), chunk, take)?;
    }
    for row in rest.chunks(rows.width) {
        collect(connection, sql.name, sql.sqlite(), row, take)?;
    }
    Ok(())
}
