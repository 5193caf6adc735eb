//! `poststelle erp import`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;
use model::{RecordKind, UnixMillis};
use pipeline::{Engine, ErpNote, ErpOutcome, ErpTake, Vanishing};
use serde_json::{Value, json};

use super::erp_source;
use crate::cli::{self, ErpAction, ErpImport};
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

/// Runs it; exit status 1 if a row failed, or if somebody has to allow that records vanish.
pub fn run(engine: &Engine, args: &cli::Erp, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    match &args.action {
        ErpAction::Import(args) => import(engine, args, lang, streams),
        ErpAction::Source { action } => erp_source::run(engine, action, lang, streams),
    }
}

pub(super) fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

fn import(engine: &Engine, args: &ErpImport, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let path = streams.directory.join(&args.file);
    let map = match &args.map {
        Some(map) => {
            let path = streams.directory.join(map);
            std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?
        }
        None => String::new(),
    };
    let kind = RecordKind::from_word(&args.kind).expect("the command line allows no other word");
    let opened = File::open(&path).map_err(|error| unreadable(&path, &error))?;
    let mut records = erp::Records::open(kind, opened, &map).map_err(|error| wrong(&path, &error))?;
    let what = args.file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let mut take = ErpTake::begin(engine.store(), 0, &what, "cli", &[kind], now())?;
    loop {
        match records.next_record() {
            Ok(Some((row, record))) => take.take(row, record)?,
            Ok(None) => break,
            Err(error) => {
                take.fail(&crate::failure::chain(&error), now())?;
                return Err(wrong(&path, &error));
            }
        }
    }
    let outcome = take.finish(vanishing(args.allow_vanish, args.partial), now())?;
    report(&outcome, args.json, lang, streams)
}

pub(super) const fn vanishing(allow: bool, partial: bool) -> Vanishing {
    match (partial, allow) {
        (true, _) => Vanishing::Keep,
        (false, true) => Vanishing::Allow,
        (false, false) => Vanishing::Ask,
    }
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
        erp::Error::OnlyContacts => ("erp-only-contacts", Vec::new()),
        other => ("erp-other", vec![("reason", crate::failure::chain(other))]),
    };
    Failure::new("erp-file").with("path", path.display()).with_text("reason", text.0, text.1)
}

fn note_text(note: &ErpNote, lang: Lang) -> String {
    let values: [(&str, &dyn std::fmt::Display); 2] = [("row", &note.row), ("value", &note.value)];
    let reason = match note.what.as_str() {
        "unusable" => return lang.text("erp-unusable", &values),
        "duplicate" => return lang.text("erp-duplicate", &values),
        "boolean" => lang.text("erp-boolean", &values),
        "too-long" => lang.text("erp-too-long", &values),
        "cut-off" => lang.text("erp-cut-off", &values),
        _ => lang.text("erp-number", &values),
    };
    lang.text("erp-row", &[("row", &note.row), ("reason", &reason)])
}

/// Says what a run did; gives the exit status.
pub(super) fn report(
    outcome: &ErpOutcome,
    json: bool,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    for note in outcome.notes.iter().take(20) {
        writeln!(streams.err, "{}", note_text(note, lang))?;
    }
    let sums = &outcome.sums;
    let (held, of) = sums.held;
    if held > 0 {
        writeln!(streams.err, "{}", lang.text("erp-held", &[("held", &held), ("of", &of)]))?;
    }
    if json {
        writeln!(streams.out, "{}", as_json(outcome))?;
    } else {
        let values: [(&str, &dyn std::fmt::Display); 7] = [
            ("new", &sums.changes.new),
            ("changed", &sums.changes.changed),
            ("same", &sums.changes.same),
            ("vanished", &sums.vanished),
            ("failed", &sums.failed),
            ("unusable", &sums.unusable),
            ("duplicates", &sums.duplicates),
        ];
        writeln!(streams.out, "{}", lang.text("erp-done", &values))?;
    }
    Ok(if sums.failed > 0 || held > 0 { FAILED } else { 0 })
}

fn as_json(outcome: &ErpOutcome) -> Value {
    let sums = &outcome.sums;
    json!({
        "new": sums.changes.new, "changed": sums.changes.changed, "same": sums.changes.same,
        "vanished": sums.vanished, "failed": sums.failed, "unusable": sums.unusable,
        "duplicates": sums.duplicates, "held": sums.held.0, "held_of": sums.held.1,
    })
}
