//! Records of the ERP: from wherever they are read into the database, with what became of them.

mod dav;
mod preview;
mod run;
mod runner;
mod source;

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use model::{ErpRunId, EventId, RecordKind, UnixMillis};
use serde::{Deserialize, Serialize};
use store::{ErpSums, Event, NewErpRun, Store};
use uuid::Uuid;

use crate::error::Result;

pub use dav::DavBook;
pub use preview::{ChangedField, ChangedRecord, ErpPreview, preview};
pub use run::{ErpTrial, QueryTrial, run_source, try_source};
pub use runner::ErpRunner;
pub(crate) use runner::ErpRunning;
pub use source::{DavOptions, ErpOptions, ErpQuery, FileOptions, SqlOptions, SqlTls, erp_folder};

/// Records in one transaction: short enough that nobody waits for it.
const CHUNK: usize = 500;
/// Troubles of single rows that are named; all are counted.
const NOTES_MAX: usize = 100;
/// A run asks if more than so many percent of the records would vanish.
pub const ASK_PERCENT: u64 = 20;

/// What happens to records that a run did not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vanishing {
    /// They vanish, unless they are many: then somebody has to allow it.
    Ask,
    /// They vanish.
    Allow,
    /// They stay: the run knows a part of the records only.
    Keep,
}

/// What was wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpNote {
    /// Row, from 1.
    pub row: u64,
    /// A word: `number`, `boolean`, `too-long`, `cut-off`, `unusable`, `duplicate`.
    pub what: String,
    /// The number, the value or our name of the column.
    pub value: String,
}

impl ErpNote {
    fn of(row: u64, error: &erp::RowError) -> Self {
        let (what, value) = match error {
            erp::RowError::Boolean { value } => ("boolean", value.clone()),
            erp::RowError::TooLong { column } => ("too-long", (*column).to_owned()),
            erp::RowError::CutOff => ("cut-off", String::new()),
            _ => ("number", String::new()),
        };
        Self { row, what: what.to_owned(), value }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErpOutcome {
    /// Sums; `held` is set if nothing vanished because too much would have.
    pub sums: ErpSums,
    /// What was wrong with single rows, the first of them.
    pub notes: Vec<ErpNote>,
}

/// Whether so many of so many records may not vanish without being allowed. One alone may.
pub fn asks(gone: u64, of: u64) -> bool {
    gone > 1 && gone.saturating_mul(100) > of.saturating_mul(ASK_PERCENT)
}

/// The record as the database keeps it.
pub fn stored(record: erp::Record) -> store::Record {
    let extra: serde_json::Map<String, serde_json::Value> =
        record.extra.into_iter().map(|(name, value)| (name, value.into())).collect();
    store::Record {
        kind: record.kind,
        number: record.number,
        name: record.name,
        active: record.active,
        addresses: record.addresses,
        contact: record.contact,
        quote: record.quote,
        items: record.items,
        references: record.references,
        date: record.date,
        state: record.state,
        url: record.url,
        extra: serde_json::Value::Object(extra).to_string(),
    }
}

/// A run that takes records one after the other.
pub struct ErpTake<'s> {
    store: &'s Store,
    run: NewErpRun,
    chunk: Vec<store::Record>,
    seen: HashSet<u64>,
    hasher: RandomState,
    outcome: ErpOutcome,
}

impl<'s> ErpTake<'s> {
    /// Begins a run. `source`: key, 0 for an import by hand; `what`: the file or source, for people.
    ///
    /// # Errors
    /// Those of the database.
    pub fn begin(
        store: &'s Store,
        source: i64,
        what: &str,
        actor: &str,
        kinds: &[RecordKind],
        now: UnixMillis,
    ) -> Result<Self> {
        let run = NewErpRun {
            id: ErpRunId::new(Uuid::now_v7()),
            source,
            what: what.chars().take(500).collect(),
            actor: actor.to_owned(),
            kinds: kinds.to_vec(),
            at: store.erp_mark(source, kinds, now)?,
            started: now,
        };
        store.begin_erp_run(run.clone())?;
        Ok(Self {
            store,
            run,
            chunk: Vec::with_capacity(CHUNK),
            seen: HashSet::new(),
            hasher: RandomState::new(),
            outcome: ErpOutcome::default(),
        })
    }

    /// Id of the run.
    pub fn id(&self) -> ErpRunId {
        self.run.id
    }

    /// Takes a record, or notes what is wrong with its row.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take(&mut self, row: u64, read: Result<erp::Record, erp::RowError>) -> Result<()> {
        let record = match read {
            Ok(record) => record,
            Err(error) => {
                self.outcome.sums.failed += 1;
                self.note(ErpNote::of(row, &error));
                return Ok(());
            }
        };
        for value in &record.unusable {
            self.outcome.sums.unusable += 1;
            self.note(ErpNote { row, what: "unusable".to_owned(), value: value.clone() });
        }
        if !self.seen.insert(self.hasher.hash_one((record.kind, &record.number))) {
            self.outcome.sums.duplicates += 1;
            self.note(ErpNote { row, what: "duplicate".to_owned(), value: record.number.clone() });
        }
        self.chunk.push(stored(record));
        if self.chunk.len() == CHUNK { self.put() } else { Ok(()) }
    }

    fn note(&mut self, note: ErpNote) {
        if self.outcome.notes.len() < NOTES_MAX {
            self.outcome.notes.push(note);
        }
    }

    fn put(&mut self) -> Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.outcome.sums.changes += self.store.put_records(chunk, self.run.source, self.run.at)?;
        Ok(())
    }

    /// Ends the run: writes what waits, and lets vanish what it did not name. Nothing vanishes if a row failed: its number
    /// may be among them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn finish(mut self, vanishing: Vanishing, now: UnixMillis) -> Result<ErpOutcome> {
        self.put()?;
        if self.outcome.sums.failed == 0 {
            let (vanished, held) =
                vanish(self.store, &self.run.kinds, self.run.source, self.run.at, vanishing)?;
            self.outcome.sums.vanished = vanished;
            self.outcome.sums.held = held;
        }
        self.end("", now)?;
        Ok(self.outcome)
    }

    /// Ends a run of what changed: `gone` names, of so many records, those that are to vanish.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn finish_with(
        mut self,
        gone: &BTreeSet<String>,
        of: u64,
        vanishing: Vanishing,
        now: UnixMillis,
    ) -> Result<ErpOutcome> {
        self.put()?;
        let many = gone.len() as u64;
        if vanishing == Vanishing::Ask && asks(many, of) {
            self.outcome.sums.held = (many, of);
        } else if vanishing != Vanishing::Keep {
            for number in gone {
                let kind = self.run.kinds[0];
                self.outcome.sums.vanished +=
                    u64::from(self.store.vanish_record(kind, number.clone(), self.run.at)?);
            }
        }
        self.end("", now)?;
        Ok(self.outcome)
    }

    /// Ends the run with an error: what it has read stays, nothing vanishes.
    ///
    /// # Errors
    /// Those of the database.
    pub fn fail(mut self, error: &str, now: UnixMillis) -> Result<ErpOutcome> {
        self.put()?;
        self.end(error, now)?;
        Ok(self.outcome)
    }

    fn end(&self, error: &str, now: UnixMillis) -> Result<()> {
        let notes = serde_json::to_string(&self.outcome.notes).unwrap_or_default();
        let sums = self.outcome.sums;
        self.store.end_erp_run(self.run.id, sums, error.to_owned(), notes, now)?;
        note_import(self.store, &self.run.actor, &self.run.what, sums, error, now)
    }
}

/// Lets vanish what the run of this mark did not name, all kinds together or none. Gives how many did, and how many of how
/// many would have if somebody had allowed it.
///
/// # Errors
/// Those of the database.
pub fn vanish(
    store: &Store,
    kinds: &[RecordKind],
    source: i64,
    at: UnixMillis,
    vanishing: Vanishing,
) -> Result<(u64, (u64, u64))> {
    if vanishing == Vanishing::Keep {
        return Ok((0, (0, 0)));
    }
    if vanishing == Vanishing::Ask {
        for kind in kinds {
            let (gone, of) = store.would_vanish(*kind, source, at)?;
            if asks(gone, of) {
                return Ok((0, (gone, of)));
            }
        }
    }
    let mut vanished = 0;
    for kind in kinds {
        vanished += store.vanish_records(*kind, source, at)?;
    }
    Ok((vanished, (0, 0)))
}

/// Writes an import into the event log; one that changed nothing is left to the log of runs.
///
/// # Errors
/// Those of the database.
pub fn note_import(
    store: &Store,
    actor: &str,
    what: &str,
    sums: ErpSums,
    error: &str,
    now: UnixMillis,
) -> Result<()> {
    if error.is_empty() && sums.changes.new + sums.changes.changed + sums.vanished == 0 && sums.held.0 == 0 {
        return Ok(());
    }
    let payload = serde_json::json!({
        "new": sums.changes.new.to_string(),
        "changed": sums.changes.changed.to_string(),
        "vanished": sums.vanished.to_string(),
        "source": what,
        "error": error,
    });
    let event = Event {
        id: EventId::new(Uuid::now_v7()),
        at: now,
        actor: actor.to_owned(),
        kind: if error.is_empty() { "erp.imported" } else { "erp.failed" }.to_owned(),
        subject: String::new(),
        payload: payload.to_string(),
    };
    Ok(store.append_events(vec![event])?)
}
