//! What became of each entry of an import: its reconciliation report.

use std::collections::HashMap;

use model::{AccountId, ImportRunId, MailId};

use crate::db::Tx;
use crate::error::Result;
use crate::intake::{Intake, IntakeOutcome};
use crate::runs::{self, RunCounts};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Row, Rows, args};

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryOutcome {
    /// New in the archive.
    Archived,
    /// Its octets were in the archive already.
    Duplicate,
    /// Left out by a named rule.
    Excluded,
    /// Could not be read, or is no mail.
    Failed,
}

impl EntryOutcome {
    /// All, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Archived, Self::Duplicate, Self::Excluded, Self::Failed];

    /// Stable word for files and queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Duplicate => "duplicate",
            Self::Excluded => "excluded",
            Self::Failed => "failed",
        }
    }

    /// The outcome of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    fn of_code(code: i64) -> Self {
        usize::try_from(code).ok().and_then(|code| Self::ALL.get(code)).copied().unwrap_or(Self::Failed)
    }
}

/// An entry of a source, with a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Of this run.
    pub run: ImportRunId,
    /// Place in the source, from 1. One that is not beyond the last one kept is not counted again.
    pub n: u64,
    /// Path, with `#n` for a mail inside a container.
    pub locator: String,
    /// What becomes of it.
    pub fate: EntryFate,
}

/// What becomes of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryFate {
    /// It is an item of the batch; whether it is a duplicate shows there.
    Item {
        /// Index in [`Intake::items`].
        at: usize,
        /// What is to be known of it: a stable key, or nothing.
        note: String,
    },
    /// Left out.
    Excluded {
        /// The rule: a stable key.
        rule: String,
        /// Its value, where it has one.
        detail: String,
    },
    /// Failed.
    Failed {
        /// Why: a stable key.
        reason: String,
        /// Its value, where it has one.
        detail: String,
    },
}

/// An entry as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportEntry {
    /// Place in the source, from 1.
    pub n: u64,
    /// What became of it.
    pub outcome: EntryOutcome,
    /// Path, with `#n` for a mail inside a container.
    pub locator: String,
    /// Of an excluded one its rule, of a failed one the stable key of why, otherwise a note or nothing.
    pub reason: String,
    /// Value of the reason, where it has one.
    pub detail: String,
    /// Octets of the mail; 0 for what is none.
    pub octets: u64,
    /// The mail; of a duplicate the one that was there.
    pub mail: Option<MailId>,
    /// Of a duplicate: where its mail was found first.
    pub duplicate_of: Option<DuplicateOf>,
}

/// The first place of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateOf {
    /// In this account,
    pub account: AccountId,
    /// of this name,
    pub account_name: String,
    /// and this mailbox, as people read it.
    pub mailbox: String,
    /// Path of a file; empty for a server's mailbox.
    pub locator: String,
    /// UID in a server's mailbox; 0 for a file.
    pub uid: u64,
}

/// How many entries have a rule or reason in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonCount {
    /// Excluded or failed.
    pub outcome: EntryOutcome,
    /// Rule or stable key.
    pub reason: String,
    /// How many.
    pub entries: u64,
}

statements! {
    RUN = "SELECT r.key, COALESCE((SELECT MAX(n) FROM import_entries e WHERE e.run = r.key), 0) \
        FROM import_runs r WHERE r.run_id = $1";
    ADD [Int, Int, Int, Text, Text, Text, Int, Int] = "WITH v(run, n, outcome, locator, reason, detail, octets, seq) AS ({rows}) \
        INSERT INTO import_entries (run, n, outcome, locator, reason, detail, octets, seq) \
        SELECT run, n, outcome, locator, reason, detail, octets, NULLIF(seq, 0) FROM v WHERE TRUE";
    PAGE = "SELECT e.n, e.outcome, e.locator, e.reason, e.detail, e.octets, m.mail_id, e.seq FROM import_runs r \
        JOIN import_entries e ON e.run = r.key LEFT JOIN mails m ON m.seq = e.seq \
        WHERE r.run_id = $1 AND e.n > $2 ORDER BY e.n LIMIT $3";
    PAGE_OF = "SELECT e.n, e.outcome, e.locator, e.reason, e.detail, e.octets, m.mail_id, e.seq FROM import_runs r \
        JOIN import_entries e ON e.run = r.key LEFT JOIN mails m ON m.seq = e.seq \
        WHERE r.run_id = $1 AND e.n > $2 AND e.outcome = $4 ORDER BY e.n LIMIT $3";
    FIRST_PLACES = "SELECT p.seq, a.account_id, a.name, b.display_name, p.locator, p.uid FROM placements p \
        JOIN mailboxes b ON b.key = p.mailbox JOIN accounts a ON a.key = b.account \
        WHERE p.seq = ANY($1) ORDER BY p.seq, p.fetched, b.key, p.uid, p.locator";
    SUMS = "SELECT e.outcome, COUNT(*) FROM import_runs r JOIN import_entries e ON e.run = r.key \
        WHERE r.run_id = $1 GROUP BY e.outcome ORDER BY e.outcome";
    REASONS = "SELECT e.outcome, e.reason, COUNT(*) FROM import_runs r JOIN import_entries e ON e.run = r.key \
        WHERE r.run_id = $1 AND e.outcome >= 2 GROUP BY e.outcome, e.reason \
        ORDER BY e.outcome, COUNT(*) DESC, e.reason LIMIT $2";
}

/// Adds the entries of a batch and counts them, in its transaction.
pub(crate) fn add(tx: &Tx<'_>, batch: &Intake, outcomes: &[IntakeOutcome]) -> Result<()> {
    let mut runs: HashMap<ImportRunId, (i64, u64, RunCounts)> = HashMap::new();
    let mut rows = Rows::new(8, batch.entries.len());
    for entry in &batch.entries {
        let (key, last, counts) = match runs.entry(entry.run) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                let found =
                    tx.first(&RUN, &args![entry.run.octets()], |row| Ok((row.int(0)?, row.uint(1)?)))?;
                let (key, last) = found.ok_or_else(|| runs::missing(entry.run))?;
                new.insert((key, last, RunCounts::default()))
            }
        };
        if entry.n <= *last {
            continue;
        }
        *last = entry.n;
        let (outcome, reason, detail, octets, seq) = match &entry.fate {
            EntryFate::Item { at, note } => {
                let octets = batch.items.get(*at).map_or(0, |item| item.octets);
                match outcomes.get(*at) {
                    Some(IntakeOutcome::New { seq, .. }) => (EntryOutcome::Archived, note, "", octets, *seq),
                    Some(IntakeOutcome::Duplicate { seq, .. }) => {
                        (EntryOutcome::Duplicate, note, "", octets, *seq)
                    }
                    None => continue,
                }
            }
            EntryFate::Excluded { rule, detail } => (EntryOutcome::Excluded, rule, detail.as_str(), 0, 0),
            EntryFate::Failed { reason, detail } => (EntryOutcome::Failed, reason, detail.as_str(), 0, 0),
        };
        counts.seen += 1;
        counts.octets += octets;
        *match outcome {
            EntryOutcome::Archived => &mut counts.archived,
            EntryOutcome::Duplicate => &mut counts.duplicates,
            EntryOutcome::Excluded => &mut counts.excluded,
            EntryOutcome::Failed => &mut counts.failed,
        } += 1;
        rows.push(args![*key, entry.n, outcome as i64, &entry.locator, reason, detail, octets, seq]);
    }
    if !rows.is_empty() {
        tx.bulk(&ADD, &rows)?;
    }
    for (key, _, counts) in runs.values() {
        runs::count(tx, *key, counts)?;
    }
    Ok(())
}

/// With the number of the mail.
fn entry(row: &Row<'_>) -> Result<(ImportEntry, i64)> {
    let entry = ImportEntry {
        n: row.uint(0)?,
        outcome: EntryOutcome::of_code(row.int(1)?),
        locator: row.text(2)?,
        reason: row.text(3)?,
        detail: row.text(4)?,
        octets: row.uint(5)?,
        mail: row.opt_octets(6)?.map(MailId::from_octets),
        duplicate_of: None,
    };
    Ok((entry, row.opt_int(7)?.unwrap_or_default()))
}

fn first_places(tx: &Tx<'_>, seqs: &[i64]) -> Result<HashMap<i64, DuplicateOf>> {
    let mut places = HashMap::with_capacity(seqs.len());
    let found = tx.query(&FIRST_PLACES, &[crate::value::Arg::Ints(seqs)], |row| {
        let place = DuplicateOf {
            account: AccountId::from_octets(row.octets(1)?),
            account_name: row.text(2)?,
            mailbox: row.text(3)?,
            locator: row.text(4)?,
            uid: row.uint(5)?,
        };
        Ok((row.int(0)?, place))
    })?;
    for (seq, place) in found {
        places.entry(seq).or_insert(place);
    }
    Ok(places)
}

impl Store {
    /// Entries of a run behind place `after`, in the order of the source; `outcome`: only such ones.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_entries(
        &self,
        run: ImportRunId,
        outcome: Option<EntryOutcome>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<ImportEntry>> {
        self.read(|tx| {
            let limit = limit as i64;
            let rows = match outcome {
                None => tx.query(&PAGE, &args![run.octets(), after, limit], entry),
                Some(outcome) => {
                    tx.query(&PAGE_OF, &args![run.octets(), after, limit, outcome as i64], entry)
                }
            }?;
            let mut seqs: Vec<i64> = rows
                .iter()
                .filter(|(entry, _)| entry.outcome == EntryOutcome::Duplicate)
                .map(|(_, seq)| *seq)
                .collect();
            seqs.sort_unstable();
            seqs.dedup();
            let places = if seqs.is_empty() { HashMap::new() } else { first_places(tx, &seqs)? };
            let with_place = |(mut entry, seq): (ImportEntry, i64)| {
                if entry.outcome == EntryOutcome::Duplicate {
                    entry.duplicate_of = places.get(&seq).cloned();
                }
                entry
            };
            Ok(rows.into_iter().map(with_place).collect())
        })
    }

    /// Place of the last entry kept of a run: everything up to it has been dealt with.
    ///
    /// # Errors
    /// `Missing`.
    pub fn import_entries_done(&self, run: ImportRunId) -> Result<u64> {
        let found = self.read(|tx| tx.first(&RUN, &args![run.octets()], |row| row.uint(1)))?;
        found.ok_or_else(|| runs::missing(run))
    }

    /// Entries of a run counted anew from its rows.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_sums(&self, run: ImportRunId) -> Result<RunCounts> {
        let rows = self.read(|tx| {
            tx.query(&SUMS, &args![run.octets()], |row| {
                Ok((EntryOutcome::of_code(row.int(0)?), row.uint(1)?))
            })
        })?;
        let mut sums = RunCounts::default();
        for (outcome, entries) in rows {
            sums.seen += entries;
            *match outcome {
                EntryOutcome::Archived => &mut sums.archived,
                EntryOutcome::Duplicate => &mut sums.duplicates,
                EntryOutcome::Excluded => &mut sums.excluded,
                EntryOutcome::Failed => &mut sums.failed,
            } = entries;
        }
        Ok(sums)
    }

    /// The commonest rules and reasons of a run, of what was excluded first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_reasons(&self, run: ImportRunId, limit: usize) -> Result<Vec<ReasonCount>> {
        self.read(|tx| {
            tx.query(&REASONS, &args![run.octets(), limit as i64], |row| {
                Ok(ReasonCount {
                    outcome: EntryOutcome::of_code(row.int(0)?),
                    reason: row.text(1)?,
                    entries: row.uint(2)?,
                })
            })
        })
    }
}
