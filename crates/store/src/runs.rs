//! Import runs: what was seen, and what became of it.

use model::{AccountId, ImportRunId, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, args};

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
    pub counts: RunCounts,
    /// Entries of the source, known when it was read to its end; then [`RunCounts::seen`] is the same.
    pub entries: Option<u64>,
}

/// Sums of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Entries seen; the sum of the next four.
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
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.run_id, a.account_id, r.actor, r.source, r.state, r.started, r.finished, ",
            "r.total_octets, r.seen, r.archived, r.duplicates, r.excluded, r.failed, r.octets, r.entries ",
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
        excluded = excluded + $5, failed = failed + $6, octets = octets + $7 WHERE key = $1";
    SET_STATE = "UPDATE import_runs SET state = $2, finished = $3, total_octets = COALESCE($4, total_octets) \
        WHERE run_id = $1";
    ONE = select!("WHERE r.run_id = $1");
    NEWEST = select!("ORDER BY r.key DESC LIMIT $1");
    COMPLETE = "UPDATE import_runs SET entries = $2 WHERE run_id = $1";
    INTERRUPTED = "UPDATE import_runs SET state = 'failed', finished = $1 WHERE finished IS NULL";
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
        counts: RunCounts {
            seen: row.uint(8)?,
            archived: row.uint(9)?,
            duplicates: row.uint(10)?,
            excluded: row.uint(11)?,
            failed: row.uint(12)?,
            octets: row.uint(13)?,
        },
        entries: row.opt_int(14)?.and_then(|entries| u64::try_from(entries).ok()),
    })
}

pub(crate) fn missing(id: ImportRunId) -> StoreError {
    StoreError::Missing { what: "import", key: id.to_string() }
}

/// Adds to the sums of a run, in the transaction of a batch.
pub(crate) fn count(tx: &Tx<'_>, key: i64, add: &RunCounts) -> Result<()> {
    let args = args![key, add.seen, add.archived, add.duplicates, add.excluded, add.failed, add.octets];
    tx.exec(&COUNT, &args).map(drop)
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

    /// Notes that the source of a run was read to its end, and how many entries it has.
    ///
    /// # Errors
    /// `Missing`.
    pub fn complete_import(&self, id: ImportRunId, entries: u64) -> Result<()> {
        self.write(move |tx| match tx.exec(&COMPLETE, &args![id.octets(), entries])? {
            0 => Err(missing(id)),
            _ => Ok(()),
        })
    }

    /// Ends the runs that nobody ended: their process is gone. Gives how many.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_interrupted_imports(&self, now: UnixMillis) -> Result<u64> {
        self.write(move |tx| tx.exec(&INTERRUPTED, &args![now]))
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
}
