//! Sources of records, and the log of their runs.

use model::{ErpRunId, ErpSourceId, RecordKind, UnixMillis};

use crate::error::{Result, StoreError};
use crate::records::{RecordChanges, kind_value};
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErpSourceKind {
    /// What others send over the API.
    Rest,
    /// A file.
    File,
    /// A PostgreSQL database.
    Postgres,
    /// A MySQL or MariaDB database.
    Mysql,
    /// Address books of a `CardDAV` server.
    Carddav,
}

impl ErpSourceKind {
    /// Every kind, in the order of the definition.
    pub const ALL: [Self; 5] = [Self::Rest, Self::File, Self::Postgres, Self::Mysql, Self::Carddav];

    /// The word in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::File => "file",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Carddav => "carddav",
        }
    }

    /// The kind of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a person sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewErpSource {
    /// Unique.
    pub name: String,
    /// What it is.
    pub kind: ErpSourceKind,
    /// JSON, opaque here.
    pub options: String,
    /// Sealed password, opaque here.
    pub credential: Option<Vec<u8>>,
    /// Minutes between runs; 0: only when asked.
    pub every_minutes: u32,
    /// Whether it runs by itself.
    pub active: bool,
}

/// A source as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErpSource {
    /// Key, which its records and runs name.
    pub key: i64,
    /// Its id.
    pub id: ErpSourceId,
    /// Its settings.
    pub settings: NewErpSource,
    /// What its last run left for the next one; JSON, opaque here.
    pub state: String,
    /// When it is due; `None`: when somebody asks.
    pub next_run: Option<UnixMillis>,
    /// When it was made.
    pub created: UnixMillis,
}

/// Sums of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErpSums {
    /// What became of the records.
    pub changes: RecordChanges,
    /// Records that it did not name any more.
    pub vanished: u64,
    /// Rows that make no sense.
    pub failed: u64,
    /// Addresses and dates that are none.
    pub unusable: u64,
    /// Rows whose number came before.
    pub duplicates: u64,
    /// Records that would have vanished, of how many; 0 unless that was held back.
    pub held: (u64, u64),
}

/// A run that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewErpRun {
    /// Its id.
    pub id: ErpRunId,
    /// Key of its source; 0: by hand.
    pub source: i64,
    /// Name of the file, or of the source, for people.
    pub what: String,
    /// Who began it: a user's id, or a part of the server.
    pub actor: String,
    /// Of what kinds its records are.
    pub kinds: Vec<RecordKind>,
    /// Marks its records ([`Store::put_records`]).
    pub at: UnixMillis,
    /// When it began.
    pub started: UnixMillis,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErpRun {
    /// Key, ascending.
    pub key: i64,
    /// What it began with.
    pub begun: NewErpRun,
    /// When it ended.
    pub ended: Option<UnixMillis>,
    /// Sums so far.
    pub sums: ErpSums,
    /// Why it failed; empty if it did not.
    pub error: String,
    /// What was wrong with single rows; JSON, opaque here.
    pub notes: String,
}

macro_rules! source {
    ($rest:literal) => {
        concat!(
            "SELECT key, source_id, name, kind, options, credential, every_minutes, active, state, next_run, created ",
            "FROM erp_sources ",
            $rest
        )
    };
}

macro_rules! run {
    ($rest:literal) => {
        concat!(
            "SELECT r.key, r.run_id, r.source, r.what, r.actor, r.kinds, r.at, r.started, r.ended, r.fresh, r.changed, ",
            "r.same, r.vanished, r.failed, r.unusable, r.duplicates, r.held, r.held_of, r.error, r.notes FROM erp_runs r ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO erp_sources (key, source_id, name, kind, options, credential, every_minutes, active, state, \
        next_run, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '{}', $9, $10)";
    UPDATE = "UPDATE erp_sources SET name = $2, kind = $3, options = $4, credential = $5, every_minutes = $6, active = $7, \
        next_run = $8 WHERE source_id = $1";
    REMOVE = "DELETE FROM erp_sources WHERE source_id = $1";
    REMOVE_RUNS = "DELETE FROM erp_runs WHERE source IN (SELECT key FROM erp_sources WHERE source_id = $1)";
    LIST = source!("ORDER BY name");
    BY_ID = source!("WHERE source_id = $1");
    BY_NAME = source!("WHERE name = $1");
    DUE = source!("WHERE next_run <= $1 ORDER BY next_run");
    SET_STATE = "UPDATE erp_sources SET state = $2, next_run = $3 WHERE source_id = $1";
    PUT_OFF = "UPDATE erp_sources SET next_run = $1 WHERE next_run > $1 + every_minutes * 60000 + 60000";
    BEGIN = "INSERT INTO erp_runs (key, run_id, source, what, actor, kinds, at, started, fresh, changed, same, vanished, \
        failed, unusable, duplicates, held, held_of, error, notes) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '[]')";
    ADD = "UPDATE erp_runs SET fresh = fresh + $2, changed = changed + $3, same = same + $4, failed = failed + $5, \
        unusable = unusable + $6, duplicates = duplicates + $7 WHERE run_id = $1";
    END = "UPDATE erp_runs SET ended = $2, fresh = $3, changed = $4, same = $5, vanished = $6, failed = $7, unusable = $8, \
        duplicates = $9, held = $10, held_of = $11, error = $12, notes = $13 WHERE run_id = $1";
    RUN = run!("WHERE r.run_id = $1");
    RUNS = run!("WHERE (r.source = $1 OR $1 < 0) AND r.key < $2 ORDER BY r.key DESC LIMIT $3");
    LAST_RUNS = run!("JOIN (SELECT source, MAX(key) AS newest FROM erp_runs GROUP BY source) l ON l.newest = r.key");
    INTERRUPTED = "UPDATE erp_runs SET ended = $1, error = 'interrupted' WHERE ended IS NULL AND source NOT IN \
        (SELECT key FROM erp_sources WHERE kind = 0)";
    PRUNE = "DELETE FROM erp_runs WHERE started < $1 AND ended IS NOT NULL";
    NEWEST_MARK = "SELECT MAX(updated) FROM records WHERE source = $1 AND kind = $2 AND vanished IS NULL";
    NUMBERS = "SELECT key, number FROM records WHERE kind = $1 AND source = $2 AND number > $3 AND vanished IS NULL \
        ORDER BY number LIMIT $4";
}

fn source(row: &Row<'_>) -> Result<ErpSource> {
    Ok(ErpSource {
        key: row.int(0)?,
        id: ErpSourceId::from_octets(row.octets(1)?),
        settings: NewErpSource {
            name: row.text(2)?,
            kind: from_list(&ErpSourceKind::ALL, row.int(3)?, "kind of source")?,
            options: row.text(4)?,
            credential: row.opt_blob(5)?,
            every_minutes: row.small(6)?,
            active: row.bool(7)?,
        },
        state: row.text(8)?,
        next_run: row.opt_time(9)?,
        created: row.time(10)?,
    })
}

fn run(row: &Row<'_>) -> Result<ErpRun> {
    Ok(ErpRun {
        key: row.int(0)?,
        begun: NewErpRun {
            id: ErpRunId::from_octets(row.octets(1)?),
            source: row.int(2)?,
            what: row.text(3)?,
            actor: row.text(4)?,
            kinds: row.text(5)?.split(' ').filter_map(RecordKind::from_word).collect(),
            at: row.time(6)?,
            started: row.time(7)?,
        },
        ended: row.opt_time(8)?,
        sums: ErpSums {
            changes: RecordChanges { new: row.uint(9)?, changed: row.uint(10)?, same: row.uint(11)? },
            vanished: row.uint(12)?,
            failed: row.uint(13)?,
            unusable: row.uint(14)?,
            duplicates: row.uint(15)?,
            held: (row.uint(16)?, row.uint(17)?),
        },
        error: row.text(18)?,
        notes: row.text(19)?,
    })
}

fn missing(id: ErpSourceId) -> StoreError {
    StoreError::Missing { what: "source", key: id.to_string() }
}

fn due(new: &NewErpSource, now: UnixMillis) -> Option<UnixMillis> {
    // A file is looked at all the time, whatever its schedule.
    let looked = new.kind == ErpSourceKind::File || new.every_minutes > 0;
    (new.active && new.kind != ErpSourceKind::Rest && looked).then_some(now)
}

impl Store {
    /// Makes a source known; it is due at once if it runs by itself.
    ///
    /// # Errors
    /// `Exists` if the name is taken.
    pub fn create_erp_source(&self, id: ErpSourceId, new: NewErpSource, now: UnixMillis) -> Result<i64> {
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            let args = args![
                key,
                id.octets(),
                &new.name,
                new.kind as i64,
                &new.options,
                new.credential.as_deref(),
                new.every_minutes,
                new.active,
                due(&new, now),
                now
            ];
            tx.exec(&INSERT, &args).map_err(|error| error.naming("source name"))?;
            Ok(key)
        })
    }

    /// Replaces the settings; it is due at once if it runs by itself.
    ///
    /// # Errors
    /// `Missing`; `Exists` if the name is taken.
    pub fn update_erp_source(&self, id: ErpSourceId, new: NewErpSource, now: UnixMillis) -> Result<()> {
        self.write(move |tx| {
            let args = args![
                id.octets(),
                &new.name,
                new.kind as i64,
                &new.options,
                new.credential.as_deref(),
                new.every_minutes,
                new.active,
                due(&new, now)
            ];
            match tx.exec(&UPDATE, &args).map_err(|error| error.naming("source name"))? {
                0 => Err(missing(id)),
                _ => Ok(()),
            }
        })
    }

    /// Forgets a source and its runs; its records stay.
    ///
    /// # Errors
    /// `Missing`.
    pub fn remove_erp_source(&self, id: ErpSourceId) -> Result<()> {
        self.write(move |tx| {
            tx.exec(&REMOVE_RUNS, &[id.octets().into()])?;
            match tx.exec(&REMOVE, &[id.octets().into()])? {
                0 => Err(missing(id)),
                _ => Ok(()),
            }
        })
    }

    /// All, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erp_sources(&self) -> Result<Vec<ErpSource>> {
        self.read(|tx| tx.query(&LIST, &[], source))
    }

    /// One of them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erp_source(&self, id: ErpSourceId) -> Result<Option<ErpSource>> {
        self.read(|tx| tx.first(&BY_ID, &[id.octets().into()], source))
    }

    /// One of them, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erp_source_named(&self, name: &str) -> Result<Option<ErpSource>> {
        self.read(|tx| tx.first(&BY_NAME, &[name.into()], source))
    }

    /// Those that are due, the longest waiting first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn due_erp_sources(&self, now: UnixMillis) -> Result<Vec<ErpSource>> {
        self.read(|tx| tx.query(&DUE, &[now.into()], source))
    }

    /// Notes what a run leaves for the next one, and when that is. Without effect if the source is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_erp_state(&self, id: ErpSourceId, state: String, next: Option<UnixMillis>) -> Result<()> {
        self.write(move |tx| tx.exec(&SET_STATE, &args![id.octets(), &state, next]).map(drop))
    }

    /// Ends runs that an earlier process left, brings back what a clock ahead put off, and forgets runs from before `since`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn tidy_erp_runs(&self, now: UnixMillis, since: UnixMillis) -> Result<()> {
        self.write(move |tx| {
            tx.exec(&INTERRUPTED, &[now.into()])?;
            tx.exec(&PUT_OFF, &[now.into()])?;
            tx.exec(&PRUNE, &[since.into()]).map(drop)
        })
    }

    /// Begins a run.
    ///
    /// # Errors
    /// Those of the database.
    pub fn begin_erp_run(&self, new: NewErpRun) -> Result<()> {
        self.write(move |tx| {
            let kinds: Vec<&str> = new.kinds.iter().map(|kind| kind.as_str()).collect();
            let key = take(tx, "row", 1)?;
            let args = args![
                key,
                new.id.octets(),
                new.source,
                &new.what,
                &new.actor,
                kinds.join(" "),
                new.at,
                new.started
            ];
            tx.exec(&BEGIN, &args).map(drop)
        })
    }

    /// Adds to the sums of a run that goes on; what vanishes is known at its end only.
    ///
    /// # Errors
    /// Those of the database.
    pub fn add_to_erp_run(&self, id: ErpRunId, more: ErpSums) -> Result<()> {
        self.write(move |tx| {
            let changes = more.changes;
            let args = args![
                id.octets(),
                changes.new,
                changes.changed,
                changes.same,
                more.failed,
                more.unusable,
                more.duplicates
            ];
            tx.exec(&ADD, &args).map(drop)
        })
    }

    /// Ends a run with these sums.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_erp_run(
        &self,
        id: ErpRunId,
        sums: ErpSums,
        error: String,
        notes: String,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| {
            let changes = sums.changes;
            let args = args![
                id.octets(),
                now,
                changes.new,
                changes.changed,
                changes.same,
                sums.vanished,
                sums.failed,
                sums.unusable,
                sums.duplicates,
                sums.held.0,
                sums.held.1,
                &error,
                &notes
            ];
            tx.exec(&END, &args).map(drop)
        })
    }

    /// One run.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erp_run(&self, id: ErpRunId) -> Result<Option<ErpRun>> {
        self.read(|tx| tx.first(&RUN, &[id.octets().into()], run))
    }

    /// Runs before the one of this key, newest first. `source`: only of this one; 0: those by hand.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erp_runs(&self, source: Option<i64>, before: Option<i64>, limit: usize) -> Result<Vec<ErpRun>> {
        let args = args![source.unwrap_or(-1), before.unwrap_or(i64::MAX), limit as i64];
        self.read(|tx| tx.query(&RUNS, &args, run))
    }

    /// The newest run of each source.
    ///
    /// # Errors
    /// Those of the database.
    pub fn last_erp_runs(&self) -> Result<Vec<ErpRun>> {
        self.read(|tx| tx.query(&LAST_RUNS, &[], run))
    }

    /// The mark of a run that begins now: behind those of all records of the source and kinds, whatever the clock says.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erp_mark(&self, source: i64, kinds: &[RecordKind], now: UnixMillis) -> Result<UnixMillis> {
        self.read(|tx| {
            let mut mark = now;
            for kind in kinds {
                let newest = tx
                    .first(&NEWEST_MARK, &args![source, kind_value(*kind)], |row| row.opt_int(0))?
                    .flatten();
                mark = mark.max(UnixMillis(newest.unwrap_or_default().saturating_add(1)));
            }
            Ok(mark)
        })
    }

    /// Keys and numbers of the records of a kind and source that have not vanished, behind a number, by number.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erp_numbers(
        &self,
        kind: RecordKind,
        source: i64,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(i64, String)>> {
        let args = args![kind_value(kind), source, after, limit as i64];
        self.read(|tx| tx.query(&NUMBERS, &args, |row| Ok((row.int(0)?, row.text(1)?))))
    }
}
