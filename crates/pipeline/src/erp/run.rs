//! One run of a source, and a trial of it.

use std::fs::File;
use std::path::Path;
use std::time::UNIX_EPOCH;

use erp::{Columns, SqlItem, SqlServer, columns_of};
use model::{ErpSourceId, RecordKind};
use store::{ErpSource, ErpSums};

use super::dav::{run_dav, try_dav};
use super::source::{ErpOptions, ErpQuery, FileOptions, SourceState, SqlOptions, file, server};
use super::{ErpNote, ErpOutcome, ErpTake, Vanishing};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Rows on their way from a database to ours.
const ON_THE_WAY: usize = 1000;
/// Rows shown of a trial.
pub(super) const SHOWN: usize = 5;

/// What a trial of one statement, or of a file, found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryTrial {
    /// What its rows are.
    pub kind: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The first rows.
    pub rows: Vec<Vec<String>>,
    /// What is wrong; `None`: nothing.
    pub error: Option<String>,
}

/// What a trial found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErpTrial {
    /// Why it could not be reached; `None`: it could.
    pub error: Option<String>,
    /// The login may write: it should not.
    pub may_write: bool,
    /// Nothing protects the connection.
    pub unprotected: bool,
    /// Address books that are there.
    pub books: Vec<erp::Book>,
    /// Each statement.
    pub queries: Vec<QueryTrial>,
}

pub(super) fn erp(error: impl std::error::Error + 'static) -> Error {
    Error::Erp(crate::chain(&error))
}

/// Runs a source now. Blocks until it is over, however long that takes; not within an async task. `force`: a file is read even
/// if it has not changed.
///
/// # Errors
/// `Missing`, `Busy`; `Erp` if it could not be read, which its log says too; those of the database.
pub fn run_source(
    engine: &Engine,
    id: ErpSourceId,
    actor: &str,
    vanishing: Vanishing,
    force: bool,
) -> Result<Option<ErpOutcome>> {
    let _running = engine.core().erp.begin(id).ok_or(Error::Busy)?;
    let missing = || Error::Missing { what: "source", name: id.to_string() };
    let source = engine.store().erp_source(id)?.ok_or_else(missing)?;
    let mut state = SourceState::of(&source);
    let ran = match ErpOptions::of(&source)? {
        ErpOptions::Rest => return Ok(None),
        ErpOptions::File(options) => run_file(engine, &source, &options, &mut state, actor, vanishing, force),
        ErpOptions::Sql(options) => {
            run_sql(engine, &source, &options, &mut state, actor, vanishing).map(Some)
        }
        ErpOptions::Dav(options) => {
            run_dav(engine, &source, &options, &mut state, actor, vanishing).map(Some)
        }
    };
    let settings = &source.settings;
    let minutes = match settings.kind {
        // Files are looked at whenever the others are looked for.
        store::ErpSourceKind::File => Some(0),
        _ => (settings.every_minutes > 0).then_some(i64::from(settings.every_minutes)),
    };
    let next =
        minutes.filter(|_| settings.active).map(|minutes| engine.core().now().plus_ms(minutes * 60_000));
    engine.store().set_erp_state(id, state.text(), next)?;
    ran
}

/// Size and time of change, milliseconds.
fn look(path: &Path) -> std::io::Result<(u64, i64)> {
    let facts = std::fs::metadata(path)?;
    let at = facts.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((facts.len(), i64::try_from(at.as_millis()).unwrap_or(i64::MAX)))
}

fn run_file(
    engine: &Engine,
    source: &ErpSource,
    options: &FileOptions,
    state: &mut SourceState,
    actor: &str,
    vanishing: Vanishing,
    force: bool,
) -> Result<Option<ErpOutcome>> {
    let path = file(engine, options)?;
    let looked = match look(&path) {
        Ok(looked) => looked,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !force => {
            state.looked = None;
            return Ok(None);
        }
        Err(error) => return Err(Error::io(&path, error)),
    };
    // Whoever writes it may not be done: it is read when two looks have found the same.
    let quiet = state.looked.replace(looked) == Some(looked);
    if !force && (!quiet || state.read == Some(looked)) {
        return Ok(None);
    }
    let kind = RecordKind::from_word(&options.kind).ok_or_else(|| Error::Erp("kind".to_owned()))?;
    let store = engine.store();
    let mut take =
        ErpTake::begin(store, source.key, &source.settings.name, actor, &[kind], engine.core().now())?;
    state.read = Some(looked);
    let read = (|| {
        let opened = File::open(&path).map_err(|error| Error::io(&path, error))?;
        let mut records = erp::Records::open(kind, opened, &options.map).map_err(erp)?;
        while let Some((row, record)) = records.next_record().map_err(erp)? {
            take.take(row, record)?;
        }
        Ok(())
    })();
    if let Err(error) = read {
        take.fail(&crate::chain(&error), engine.core().now())?;
        return Err(error);
    }
    let vanishing = if options.partial { Vanishing::Keep } else { vanishing };
    take.finish(vanishing, engine.core().now()).map(Some)
}

/// Reads rows of a database beside this thread.
fn rows_of(
    server: SqlServer,
    sql: String,
    rows_max: u64,
) -> (tokio::sync::mpsc::Receiver<SqlItem>, std::thread::JoinHandle<Result<(), erp::SqlError>>) {
    let (send, receive) = tokio::sync::mpsc::channel(ON_THE_WAY);
    let reader = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| erp::SqlError::Unreachable { reason: error.to_string() })?;
        let read = runtime.block_on(erp::read_rows(&server, &sql, rows_max, send));
        runtime.shutdown_background();
        read
    });
    (receive, reader)
}

fn joined(reader: std::thread::JoinHandle<Result<(), erp::SqlError>>) -> Result<()> {
    reader.join().map_err(|_| Error::Stopped)?.map_err(erp)
}

/// The value that is larger: as numbers if both are, otherwise as text.
fn larger(a: String, b: &str) -> String {
    let numbers = (a.parse::<i128>().ok()).zip(b.parse::<i128>().ok());
    let more = numbers.map_or_else(|| b > a.as_str(), |(a, b)| b > a);
    if more { b.to_owned() } else { a }
}

fn run_sql(
    engine: &Engine,
    source: &ErpSource,
    options: &SqlOptions,
    state: &mut SourceState,
    actor: &str,
    vanishing: Vanishing,
) -> Result<ErpOutcome> {
    let mut all = ErpOutcome::default();
    for query in &options.queries {
        let outcome = run_query(engine, source, options, query, state, actor, vanishing)?;
        let (sum, more): (&mut ErpSums, ErpSums) = (&mut all.sums, outcome.sums);
        sum.changes += more.changes;
        sum.vanished += more.vanished;
        sum.failed += more.failed;
        sum.unusable += more.unusable;
        sum.duplicates += more.duplicates;
        if more.held.0 > 0 {
            sum.held = more.held;
        }
        all.notes.extend(outcome.notes);
    }
    Ok(all)
}

fn run_query(
    engine: &Engine,
    source: &ErpSource,
    options: &SqlOptions,
    query: &ErpQuery,
    state: &mut SourceState,
    actor: &str,
    vanishing: Vanishing,
) -> Result<ErpOutcome> {
    let kind = query.kind().ok_or_else(|| Error::Erp("kind".to_owned()))?;
    let what = format!("{}: {}", source.settings.name, query.kind);
    let now = || engine.core().now();
    let mut take = ErpTake::begin(engine.store(), source.key, &what, actor, &[kind], now())?;
    let before = state.watermarks.get(&query.kind).cloned();
    let mut newest = before.clone();
    let read = (|| {
        let server = server(engine, source, options)?;
        let mark = before.as_deref().unwrap_or(&query.watermark_start);
        let sql = erp::with_watermark(server.engine, &query.sql, mark);
        let (mut rows, reader) = rows_of(server, sql, options.rows_max);
        let mut columns: Option<(Columns, Option<usize>)> = None;
        let mut number = 0;
        while let Some(item) = rows.blocking_recv() {
            match (item, &columns) {
                (SqlItem::Columns(header), _) => {
                    let found = Columns::find(columns_of(kind), &header, "").map_err(erp)?;
                    let at = header.iter().position(|name| name.eq_ignore_ascii_case("watermark"));
                    columns = Some((found.without("watermark"), at));
                }
                (SqlItem::Row(cells), Some((columns, at))) => {
                    number += 1;
                    if let Some(mark) = at.and_then(|at| cells.get(at)).filter(|mark| !mark.is_empty()) {
                        newest = Some(newest.take().map_or_else(|| mark.clone(), |old| larger(old, mark)));
                    }
                    take.take(number, erp::record(kind, columns, &cells))?;
                }
                (SqlItem::Row(_), None) => {}
            }
        }
        joined(reader)
    })();
    if let Err(error) = read {
        take.fail(&crate::chain(&error), now())?;
        return Err(error);
    }
    let vanishing = if query.is_partial() { Vanishing::Keep } else { vanishing };
    let outcome = take.finish(vanishing, now())?;
    if query.is_partial()
        && outcome.sums.failed == 0
        && let Some(newest) = newest
    {
        state.watermarks.insert(query.kind.clone(), newest);
    }
    Ok(outcome)
}

/// Tries a source that need not be kept: reaches it, looks at the first rows, writes nothing. Blocks; not within an async task.
///
/// # Errors
/// `Sealed`; what is wrong with the source itself is part of the answer.
pub fn try_source(engine: &Engine, source: &ErpSource) -> Result<ErpTrial> {
    match ErpOptions::of(source)? {
        ErpOptions::Rest => Ok(ErpTrial::default()),
        ErpOptions::File(options) => Ok(try_file(engine, &options)),
        ErpOptions::Sql(options) => try_sql(engine, source, &options),
        // Waits in a thread of its own: this one may be one of a runtime.
        ErpOptions::Dav(options) => std::thread::scope(|threads| {
            threads.spawn(|| try_dav(engine, source, &options)).join().map_err(|_| Error::Stopped)
        }),
    }
}

fn try_file(engine: &Engine, options: &FileOptions) -> ErpTrial {
    let mut trial = QueryTrial { kind: options.kind.clone(), ..QueryTrial::default() };
    let read = (|| {
        let path = file(engine, options)?;
        let opened = File::open(&path).map_err(|error| Error::io(&path, error))?;
        let kind = RecordKind::from_word(&options.kind).ok_or_else(|| Error::Erp("kind".to_owned()))?;
        let mut records = erp::Records::open(kind, opened, &options.map).map_err(erp)?;
        trial.columns = records.header().to_vec();
        while trial.rows.len() < SHOWN
            && let Some((row, record)) = records.next_record().map_err(erp)?
        {
            trial.rows.push(match record {
                Ok(record) => vec![record.number, record.name, record.addresses.join("; ")],
                Err(error) => {
                    let note = ErpNote::of(row, &error);
                    vec![note.what, note.value]
                }
            });
        }
        Ok::<_, Error>(())
    })();
    trial.error = read.err().map(|error| crate::chain(&error));
    ErpTrial { queries: vec![trial], ..ErpTrial::default() }
}

fn try_sql(engine: &Engine, source: &ErpSource, options: &SqlOptions) -> Result<ErpTrial> {
    let mut trial = ErpTrial { unprotected: options.tls == super::SqlTls::None, ..ErpTrial::default() };
    let target = server(engine, source, options)?;
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| erp::SqlError::Unreachable { reason: error.to_string() })?;
        let asked = runtime.block_on(erp::may_write(&target));
        runtime.shutdown_background();
        asked
    });
    match asked.join().map_err(|_| Error::Stopped)? {
        Ok(may_write) => trial.may_write = may_write,
        Err(error) => {
            trial.error = Some(crate::chain(&error));
            return Ok(trial);
        }
    }
    for query in &options.queries {
        let target = server(engine, source, options)?;
        trial.queries.push(try_query(target, query));
    }
    Ok(trial)
}

fn try_query(target: SqlServer, query: &ErpQuery) -> QueryTrial {
    let mut trial = QueryTrial { kind: query.kind.clone(), ..QueryTrial::default() };
    let sql = erp::with_watermark(target.engine, &query.sql, &query.watermark_start);
    let (mut rows, reader) = rows_of(target, sql, SHOWN as u64);
    while let Some(item) = rows.blocking_recv() {
        match item {
            SqlItem::Columns(columns) => trial.columns = columns,
            SqlItem::Row(cells) => trial.rows.push(cells),
        }
    }
    trial.error = match joined(reader) {
        // More rows than are shown are no error here.
        Err(Error::Erp(_)) if trial.rows.len() >= SHOWN => None,
        Err(error) => Some(crate::chain(&error)),
        Ok(()) => None,
    };
    let kind = query.kind();
    if trial.error.is_none()
        && let Some(kind) = kind
        && let Err(error) = Columns::find(columns_of(kind), &trial.columns, "")
    {
        trial.error = Some(crate::chain(&error));
    }
    trial
}
