//! Import runs: what was seen, and what became of it.

use model::{AccountId, ImportRunId, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, Rows, args};

/// An import, running or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRun {
    /// Its id.
    pub id: ImportRunId,
    /// Into which account.
    pub account: AccountId,
    /// Who started it: a user's id, or a part of the server.
    pub actor: String,
    /// What is imported, for people.
    pub source: String,
    /// A word of the pipeline, such as `running`, `done`, `failed`, `cancelled`.
    pub state: String,
    /// When it began.
    pub started: UnixMillis,
    /// When it ended.
    pub finished: Option<UnixMillis>,
    /// Octets of the whole source, if known.
    pub total_octets: Option<u64>,
    /// Sums so far.
    pub counts: RunDelta,
}

/// What a batch adds to the sums of a run; also the sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunDelta {
    /// Mails seen; the sum of the next four.
    pub seen: u64,
    /// New in the archive.
    pub archived: u64,
    /// Octets that were here already.
    pub duplicates: u64,
    /// Left out by a named rule.
    pub excluded: u64,
    /// Failed.
    pub failed: u64,
    /// Octets seen.
    pub octets: u64,
    /// Failures of the batch; kept beside the sums, not part of them when read.
    pub failures: Vec<ImportFailure>,
}

/// What of a source could not be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFailure {
    /// Path, with `#n` for a mail inside a container.
    pub locator: String,
    /// Why: a stable key or the system's words.
    pub reason: String,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.run_id, a.account_id, r.actor, r.source, r.state, r.started, r.finished, ",
            "r.total_octets, r.seen, r.archived, r.duplicates, r.excluded, r.failed, r.octets ",
            "FROM import_runs r JOIN accounts a ON a.key = r.account ",
            $rest
        )
    };
}

statements! {
    START = "INSERT INTO import_runs (key, run_id, account, actor, source, state, started, total_octets, \
        seen, archived, duplicates, excluded, failed, octets) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, 0)";
    COUNT = "UPDATE import_runs SET seen = seen + $2, archived = archived + $3, duplicates = duplicates + $4, \
        excluded = excluded + $5, failed = failed + $6, octets = octets + $7 WHERE run_id = $1 \
        RETURNING key, failed";
    FAIL [Int, Int, Text, Text] = "WITH v(run, n, locator, reason) AS ({rows}) \
        INSERT INTO import_failures (run, n, locator, reason) SELECT run, n, locator, reason FROM v WHERE TRUE";
    LAST_FAILURE = "SELECT COALESCE(MAX(n), 0) FROM import_failures WHERE run = $1";
    SET_STATE = "UPDATE import_runs SET state = $2, finished = $3, total_octets = COALESCE($4, total_octets) \
        WHERE run_id = $1";
    ONE = select!("WHERE r.run_id = $1");
    NEWEST = select!("ORDER BY r.key DESC LIMIT $1");
    FAILURES = "SELECT f.locator, f.reason FROM import_runs r JOIN import_failures f ON f.run = r.key \
        WHERE r.run_id = $1 ORDER BY f.n LIMIT $2";
}

fn run(row: &Row<'_>) -> Result<ImportRun> {
    Ok(ImportRun {
        id: ImportRunId::from_octets(row.octets(0)?),
        account: AccountId::from_octets(row.octets(1)?),
        actor: row.text(2)?,
        source: row.text(3)?,
        state: row.text(4)?,
        started: row.time(5)?,
        finished: row.opt_time(6)?,
        total_octets: row.opt_int(7)?.and_then(|octets| u64::try_from(octets).ok()),
        counts: RunDelta {
            seen: row.uint(8)?,
            archived: row.uint(9)?,
            duplicates: row.uint(10)?,
            excluded: row.uint(11)?,
            failed: row.uint(12)?,
            octets: row.uint(13)?,
            failures: Vec::new(),
        },
    })
}

fn missing(id: ImportRunId) -> StoreError {
    StoreError::Missing { what: "import", key: id.to_string() }
}

/// Adds a batch to a run, in the transaction of the batch.
pub(crate) fn count(tx: &Tx<'_>, id: ImportRunId, delta: &RunDelta) -> Result<()> {
    let args = args![
        id.octets(),
        delta.seen,
        delta.archived,
        delta.duplicates,
        delta.excluded,
        delta.failed,
        delta.octets
    ];
    let key = tx.first(&COUNT, &args, |row| row.int(0))?.ok_or_else(|| missing(id))?;
    if !delta.failures.is_empty() {
        let last = tx.int(&LAST_FAILURE, &[key.into()])?;
        let mut rows = Rows::new(4, delta.failures.len());
        for (failure, n) in delta.failures.iter().zip(last + 1..) {
            rows.push(args![key, n, &failure.locator, &failure.reason]);
        }
        tx.bulk(&FAIL, &rows)?;
    }
    Ok(())
}

impl Store {
    /// Begins a run; its sums start at nothing whatever `run.counts` says.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn start_import(&self, run: ImportRun) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let account = keys.known_account(tx, run.account)?;
            let key = take(tx, "row", 1)?;
            let args = args![
                key,
                run.id.octets(),
                account,
                &run.actor,
                &run.source,
                &run.state,
                run.started,
                run.total_octets,
            ];
            tx.exec(&START, &args).map_err(|error| error.naming("import")).map(drop)
        })
    }

    /// Adds to the sums of a run outside a batch of intake.
    ///
    /// # Errors
    /// `Missing`.
    pub fn count_import(&self, id: ImportRunId, delta: RunDelta) -> Result<()> {
        self.write(move |tx| count(tx, id, &delta))
    }

    /// Changes the state of a run; `finished` ends it, `total_octets` is kept if given.
    ///
    /// # Errors
    /// `Missing`.
    pub fn set_import_state(
        &self,
        id: ImportRunId,
        state: String,
        finished: Option<UnixMillis>,
        total_octets: Option<u64>,
    ) -> Result<()> {
        self.write(move |tx| {
            match tx.exec(&SET_STATE, &args![id.octets(), &state, finished, total_octets])? {
                0 => Err(missing(id)),
                _ => Ok(()),
            }
        })
    }

    /// One run.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_run(&self, id: ImportRunId) -> Result<Option<ImportRun>> {
        self.read(|tx| tx.first(&ONE, &[id.octets().into()], run))
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_runs(&self, limit: usize) -> Result<Vec<ImportRun>> {
        self.read(|tx| tx.query(&NEWEST, &[(limit as i64).into()], run))
    }

    /// The first failures of a run, in order.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_failures(&self, id: ImportRunId, limit: usize) -> Result<Vec<ImportFailure>> {
        self.read(|tx| {
            tx.query(&FAILURES, &args![id.octets(), limit as i64], |row| {
                Ok(ImportFailure { locator: row.text(0)?, reason: row.text(1)? })
            })
        })
    }
}
