//! `poststelle imports`: imports and what became of each entry.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use model::ImportRunId;
use pipeline::Engine;
use serde::Serialize;
use store::{EntryOutcome, ImportEntry, ImportRun};

use super::when;
use crate::cli;
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Rows read together.
const PAGE: usize = 1000;
/// Imports listed.
const RUNS_MAX: usize = 200;

#[derive(Serialize)]
struct Run<'a> {
    import: String,
    state: &'a str,
    source: &'a str,
    started: String,
    ended: Option<String>,
    complete: bool,
    seen: u64,
    archived: u64,
    duplicates: u64,
    excluded: u64,
    failed: u64,
    octets: u64,
}

#[derive(Serialize)]
struct Row<'a> {
    n: u64,
    outcome: &'static str,
    file: &'a str,
    reason: Option<&'a str>,
    detail: Option<&'a str>,
    octets: u64,
    mail_id: Option<String>,
    duplicate_of: Option<Of<'a>>,
}

#[derive(Serialize)]
struct Of<'a> {
    account: &'a str,
    mailbox: &'a str,
    locator: Option<&'a str>,
    uid: Option<u64>,
}

/// Lists imports, or the entries of one.
pub fn run(
    engine: &Engine,
    args: &cli::Imports,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let Some(import) = &args.import else {
        for run in engine.store().import_runs(RUNS_MAX)? {
            writeln!(streams.out, "{}", shown_run(&run, args.jsonl, lang)?)?;
        }
        return Ok(0);
    };
    let run = find(engine, import)?;
    let outcome = args.outcome.as_deref().and_then(EntryOutcome::from_word);
    let form = match (args.csv, args.jsonl) {
        (true, _) => Form::Csv,
        (_, true) => Form::Lines,
        _ => Form::Words,
    };
    if form == Form::Words {
        writeln!(streams.out, "{}", shown_run(&run, false, lang)?)?;
    }
    write(engine, run.id, outcome, form, lang, &mut streams.out)?;
    Ok(0)
}

/// Writes the report of a run to a file, as CSV or, if that is its ending, as lines of JSON.
pub fn to_file(engine: &Engine, run: ImportRunId, path: &Path, lang: Lang) -> Result<(), Failure> {
    let is_json = path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl");
    let form = if is_json { Form::Lines } else { Form::Csv };
    let mut file = BufWriter::new(File::create(path)?);
    write(engine, run, None, form, lang, &mut file)?;
    Ok(file.flush()?)
}

fn find(engine: &Engine, name: &str) -> Result<ImportRun, Failure> {
    let found = if name == "last" {
        engine.store().import_runs(1)?.pop()
    } else {
        name.parse().ok().map(|id| engine.store().import_run(id)).transpose()?.flatten()
    };
    found.ok_or_else(|| Failure::new("import-missing").with("import", name))
}

fn shown_run(run: &ImportRun, json: bool, lang: Lang) -> Result<String, Failure> {
    let counts = run.counts;
    let complete = run.entries == Some(counts.seen);
    if json {
        let run = Run {
            import: run.id.to_string(),
            state: &run.state,
            source: &run.source,
            started: when(run.started),
            ended: run.finished.map(when),
            complete,
            seen: counts.seen,
            archived: counts.archived,
            duplicates: counts.duplicates,
            excluded: counts.excluded,
            failed: counts.failed,
            octets: counts.octets,
        };
        return Ok(serde_json::to_string(&run).map_err(std::io::Error::from)?);
    }
    let key = if complete { "imports-run" } else { "imports-run-incomplete" };
    Ok(lang.text(
        key,
        &[
            ("import", &run.id),
            ("started", &when(run.started)),
            ("source", &run.source),
            ("seen", &counts.seen),
            ("archived", &counts.archived),
            ("duplicates", &counts.duplicates),
            ("excluded", &counts.excluded),
            ("failed", &counts.failed),
        ],
    ))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Lines,
    Words,
}

fn write(
    engine: &Engine,
    run: ImportRunId,
    outcome: Option<EntryOutcome>,
    form: Form,
    lang: Lang,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if form == Form::Csv {
        write!(out, "{}", server::csv_line(&server::REPORT_COLUMNS))?;
    }
    let mut after = 0;
    loop {
        let entries = engine.store().import_entries(run, outcome, after, PAGE)?;
        let Some(last) = entries.last() else { return Ok(()) };
        after = last.n;
        for entry in &entries {
            match form {
                Form::Csv => write!(out, "{}", server::report_line(entry, &reason(entry, lang)))?,
                Form::Lines => {
                    let line = serde_json::to_string(&row(entry)).map_err(std::io::Error::from)?;
                    writeln!(out, "{line}")?;
                }
                Form::Words => {
                    let of = entry.duplicate_of.as_ref().map(server::place_of).unwrap_or_default();
                    let words = [reason(entry, lang), of].join(" ");
                    let outcome = lang.text(&format!("imports-{}", entry.outcome.as_str()), &[]);
                    writeln!(out, "{outcome}\t{}\t{}", entry.locator, words.trim())?;
                }
            }
        }
    }
}

/// Rule, reason or note in words.
fn reason(entry: &ImportEntry, lang: Lang) -> String {
    if entry.reason.is_empty() {
        return String::new();
    }
    let detail = &entry.detail;
    let names = ["error", "format", "what", "limit_octets", "limit", "class", "rule"];
    let values: Vec<(&str, &dyn std::fmt::Display)> =
        names.iter().map(|name| (*name, detail as &dyn std::fmt::Display)).collect();
    lang.text(&entry.reason, &values)
}

fn row(entry: &ImportEntry) -> Row<'_> {
    Row {
        n: entry.n,
        outcome: entry.outcome.as_str(),
        file: &entry.locator,
        reason: some(&entry.reason),
        detail: some(&entry.detail),
        octets: entry.octets,
        mail_id: entry.mail.map(|mail| mail.to_string()),
        duplicate_of: entry.duplicate_of.as_ref().map(|of| Of {
            account: &of.account_name,
            mailbox: &of.mailbox,
            locator: some(&of.locator),
            uid: (of.uid > 0).then_some(of.uid),
        }),
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
