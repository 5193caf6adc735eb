//! What an import would change, before it counts.

use std::collections::{HashMap, HashSet};

use model::RecordKind;
use store::{KnownRecord, Record, Store};

use super::{ErpNote, NOTES_MAX, asks, stored};
use crate::error::Result;

/// Records shown of each sort.
const SHOWN: usize = 50;
/// Records compared at a time.
const CHUNK: usize = 500;
/// Numbers read at a time.
const PAGE: usize = 5000;

/// A field that is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedField {
    /// Our name of the column.
    pub field: &'static str,
    /// As it is.
    pub before: String,
    /// As it would be.
    pub after: String,
}

/// A record that would be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRecord {
    /// Its number.
    pub number: String,
    /// What would be different; empty if it had vanished and comes again.
    pub fields: Vec<ChangedField>,
}

/// What an import would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErpPreview {
    /// Records not here yet.
    pub new: u64,
    /// Records that are different.
    pub changed: u64,
    /// Records that are the same.
    pub same: u64,
    /// Records that are here and not in the file.
    pub vanished: u64,
    /// Whether so many may not vanish without being allowed.
    pub asks: bool,
    /// Rows that make no sense.
    pub failed: u64,
    /// Rows whose number came before.
    pub duplicates: u64,
    /// The first new ones.
    pub first_new: Vec<Record>,
    /// The first changed ones.
    pub first_changed: Vec<ChangedRecord>,
    /// Numbers of the first that would vanish.
    pub first_vanished: Vec<String>,
    /// What is wrong with single rows.
    pub notes: Vec<ErpNote>,
}

/// Compares records with those of a source that are here. Writes nothing.
///
/// # Errors
/// Those of the database; what `next` gives.
pub fn preview<E: From<crate::Error>>(
    store: &Store,
    kind: RecordKind,
    source: i64,
    mut next: impl FnMut() -> Result<Option<erp::Numbered>, E>,
) -> Result<ErpPreview, E> {
    let mut out = ErpPreview::default();
    let mut numbers: HashSet<String> = HashSet::new();
    let mut chunk: HashMap<String, Record> = HashMap::new();
    while let Some((row, read)) = next()? {
        let mut note = |what: &str, value: String| {
            if out.notes.len() < NOTES_MAX {
                out.notes.push(ErpNote { row, what: what.to_owned(), value });
            }
        };
        match read {
            Ok(record) => {
                for value in &record.unusable {
                    note("unusable", value.clone());
                }
                let record = stored(record).kept();
                if !numbers.insert(record.number.clone()) {
                    note("duplicate", record.number.clone());
                    out.duplicates += 1;
                    if !chunk.contains_key(&record.number) {
                        // Compared already: only the count of what comes last would be better.
                        continue;
                    }
                }
                chunk.insert(record.number.clone(), record);
            }
            Err(error) => {
                let made = ErpNote::of(row, &error);
                note(&made.what, made.value);
                out.failed += 1;
            }
        }
        if chunk.len() >= CHUNK {
            compare(store, std::mem::take(&mut chunk), &mut out).map_err(E::from)?;
        }
    }
    compare(store, chunk, &mut out).map_err(E::from)?;
    vanishing(store, kind, source, &numbers, &mut out).map_err(E::from)?;
    Ok(out)
}

fn compare(store: &Store, chunk: HashMap<String, Record>, out: &mut ErpPreview) -> Result<()> {
    let mut records: Vec<Record> = chunk.into_values().collect();
    records.sort_by(|a, b| a.number.cmp(&b.number));
    let known = store.known_records(&records)?;
    let known: HashMap<&str, &KnownRecord> =
        known.iter().map(|known| (known.record.number.as_str(), known)).collect();
    for record in records {
        match known.get(record.number.as_str()) {
            None => {
                out.new += 1;
                if out.first_new.len() < SHOWN {
                    out.first_new.push(record);
                }
            }
            Some(known) if known.record == record && !known.vanished => out.same += 1,
            Some(known) => {
                out.changed += 1;
                if out.first_changed.len() < SHOWN {
                    let fields = differences(&known.record, &record);
                    out.first_changed.push(ChangedRecord { number: record.number, fields });
                }
            }
        }
    }
    Ok(())
}

fn differences(before: &Record, after: &Record) -> Vec<ChangedField> {
    let text = |number: &Option<String>| number.clone().unwrap_or_default();
    let date = |record: &Record| record.date.map(|at| at.0.to_string()).unwrap_or_default();
    let all = |of: &Record| {
        [
            ("name", of.name.clone()),
            ("active", of.active.to_string()),
            ("email", of.addresses.join("; ")),
            ("contact", text(&of.contact)),
            ("quote", text(&of.quote)),
            ("items", of.items.join("; ")),
            ("references", of.references.join("; ")),
            ("date", date(of)),
            ("state", of.state.clone()),
            ("url", of.url.clone()),
            ("extra", of.extra.clone()),
        ]
    };
    let pairs = all(before).into_iter().zip(all(after));
    let different = pairs.filter(|((_, before), (_, after))| before != after);
    different.map(|((field, before), (_, after))| ChangedField { field, before, after }).collect()
}

fn vanishing(
    store: &Store,
    kind: RecordKind,
    source: i64,
    numbers: &HashSet<String>,
    out: &mut ErpPreview,
) -> Result<()> {
    let mut after = String::new();
    let mut of = 0;
    loop {
        let page = store.erp_numbers(kind, source, &after, PAGE)?;
        of += page.len() as u64;
        for (_, number) in page.iter().filter(|(_, number)| !numbers.contains(number)) {
            out.vanished += 1;
            if out.first_vanished.len() < SHOWN {
                out.first_vanished.push(number.clone());
            }
        }
        match page.into_iter().next_back() {
            Some((_, last)) => after = last,
            None => break,
        }
    }
    out.asks = asks(out.vanished, of);
    Ok(())
}
