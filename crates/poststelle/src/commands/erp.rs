//! `poststelle erp import`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use erp::{CONTACT_COLUMNS, Columns, Table};
use jiff::Timestamp;
use model::{EventId, RecordKind, UnixMillis};
use pipeline::Engine;
use serde_json::json;
use store::{Event, Record, RecordChanges};

use crate::cli;
use crate::cli::ErpAction;
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

/// Contacts in one transaction: short enough that nobody waits for it.
const CHUNK: usize = 500;
/// Rows named that cannot be used.
const NAMED_MAX: u64 = 20;

/// What an import did.
#[derive(Default)]
struct Sums {
    changes: RecordChanges,
    vanished: u64,
    failed: u64,
    unusable: u64,
}

/// Runs it; exit status 1 if a row failed.
pub fn run(engine: &Engine, args: &cli::Erp, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let ErpAction::Import { file, map, json, .. } = &args.action;
    let path = streams.directory.join(file);
    let map = match map {
        Some(map) => {
            let path = streams.directory.join(map);
            std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?
        }
        None => String::new(),
    };
    let opened = File::open(&path).map_err(|error| unreadable(&path, &error))?;
    let mut table = Table::open(opened).map_err(|error| wrong(&path, &error))?;
    let columns =
        Columns::find(&CONTACT_COLUMNS, table.header(), &map).map_err(|error| wrong(&path, &error))?;
    let at = UnixMillis(Timestamp::now().as_millisecond());
    let mut sums = Sums::default();
    take(engine, &mut table, &columns, at, &path, &mut sums, lang, streams)?;
    // A number in a row that failed has not vanished.
    if sums.failed == 0 {
        sums.vanished = engine.store().vanish_records(RecordKind::Contact, 0, at)?;
    }
    log(engine, &sums, at)?;
    report(&sums, *json, lang, streams)?;
    Ok(if sums.failed > 0 { FAILED } else { 0 })
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new("erp-file").with("path", path.display()).with("reason", error)
}

fn wrong(path: &Path, error: &erp::Error) -> Failure {
    let text = match error {
        erp::Error::Empty => ("erp-empty", Vec::new()),
        erp::Error::ColumnMissing { column } => ("erp-column", vec![("column", (*column).to_owned())]),
        erp::Error::Map { line } => ("erp-map", vec![("line", line.to_string())]),
        erp::Error::RowTooLong { row } => ("erp-row-long", vec![("row", row.to_string())]),
        other => ("erp-other", vec![("reason", crate::failure::chain(other))]),
    };
    Failure::new("erp-file").with("path", path.display()).with_text("reason", text.0, text.1)
}

#[expect(clippy::too_many_arguments, reason = "one pass over the file with everything it needs")]
fn take(
    engine: &Engine,
    table: &mut Table<'_>,
    columns: &Columns,
    at: UnixMillis,
    path: &Path,
    sums: &mut Sums,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    let mut chunk = Vec::with_capacity(CHUNK);
    while let Some(row) = table.next_row().map_err(|error| wrong(path, &error))? {
        match erp::contact(columns, &row.cells) {
            Ok(contact) => {
                for item in &contact.unusable {
                    sums.unusable += 1;
                    if sums.unusable <= NAMED_MAX {
                        let values: [(&str, &dyn std::fmt::Display); 2] =
                            [("row", &row.number), ("value", item)];
                        writeln!(streams.err, "{}", lang.text("erp-address", &values))?;
                    }
                }
                chunk.push(stored(contact));
            }
            Err(error) => {
                sums.failed += 1;
                if sums.failed <= NAMED_MAX {
                    let reason = match &error {
                        erp::RowError::Boolean { value } => lang.text("erp-boolean", &[("value", value)]),
                        _ => lang.text("erp-number", &[]),
                    };
                    let values: [(&str, &dyn std::fmt::Display); 2] =
                        [("row", &row.number), ("reason", &reason)];
                    writeln!(streams.err, "{}", lang.text("erp-row", &values))?;
                }
            }
        }
        if chunk.len() == CHUNK {
            sums.add(engine.store().put_records(std::mem::take(&mut chunk), 0, at)?);
        }
    }
    sums.add(engine.store().put_records(chunk, 0, at)?);
    Ok(())
}

fn stored(contact: erp::Contact) -> Record {
    let extra: serde_json::Map<String, serde_json::Value> =
        contact.extra.into_iter().map(|(name, value)| (name, value.into())).collect();
    Record {
        name: contact.name,
        active: contact.active,
        addresses: contact.addresses,
        extra: serde_json::Value::Object(extra).to_string(),
        ..Record::new(RecordKind::Contact, &contact.number)
    }
}

impl Sums {
    fn add(&mut self, changes: RecordChanges) {
        self.changes.new += changes.new;
        self.changes.changed += changes.changed;
        self.changes.same += changes.same;
    }
}

fn log(engine: &Engine, sums: &Sums, at: UnixMillis) -> Result<(), Failure> {
    let payload = json!({
        "new": sums.changes.new.to_string(),
        "changed": sums.changes.changed.to_string(),
        "vanished": sums.vanished.to_string(),
    });
    let event = Event {
        id: EventId::new(uuid::Uuid::now_v7()),
        at,
        actor: "cli".to_owned(),
        kind: "erp.imported".to_owned(),
        subject: String::new(),
        payload: payload.to_string(),
    };
    Ok(engine.store().append_events(vec![event])?)
}

fn report(sums: &Sums, json: bool, lang: Lang, streams: &mut Streams<'_>) -> Result<(), Failure> {
    if json {
        let row = json!({
            "new": sums.changes.new, "changed": sums.changes.changed, "same": sums.changes.same,
            "vanished": sums.vanished, "failed": sums.failed, "unusable": sums.unusable,
        });
        writeln!(streams.out, "{row}")?;
        return Ok(());
    }
    let values: [(&str, &dyn std::fmt::Display); 6] = [
        ("new", &sums.changes.new),
        ("changed", &sums.changes.changed),
        ("same", &sums.changes.same),
        ("vanished", &sums.vanished),
        ("failed", &sums.failed),
        ("unusable", &sums.unusable),
    ];
    writeln!(streams.out, "{}", lang.text("erp-done", &values))?;
    Ok(())
}
