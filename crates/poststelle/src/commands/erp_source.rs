//! `poststelle erp source`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use model::{ErpSourceId, RecordKind};
use pipeline::{
    DavBook, DavOptions, Engine, ErpOptions, ErpQuery, ErpTrial, FileOptions, SqlOptions, SqlTls, erp_field,
    erp_folder,
};
use serde_json::json;
use store::{ErpRun, ErpSource, ErpSourceKind, NewErpSource, StoreError};
use uuid::Uuid;

use super::erp::{now, report, vanishing};
use crate::cli::{ErpSourceAction, ErpSourceAdd};
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

pub(super) fn run(
    engine: &Engine,
    action: &ErpSourceAction,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    match action {
        ErpSourceAction::Add(args) => add(engine, args, lang, streams),
        ErpSourceAction::List { json } => list(engine, *json, lang, streams),
        ErpSourceAction::Run { name, allow_vanish, json } => {
            let source = named(engine, name)?;
            let ran = pipeline::run_source(engine, source.id, "cli", vanishing(*allow_vanish, false), true)?;
            match ran {
                Some(outcome) => report(&outcome, *json, lang, streams),
                None => Err(Failure::new("erp-source-rest").with("name", name)),
            }
        }
        ErpSourceAction::Test { name, json } => {
            let trial = pipeline::try_source(engine, &named(engine, name)?)?;
            tried(&trial, *json, lang, streams)
        }
        ErpSourceAction::Remove { name } => {
            engine.store().remove_erp_source(named(engine, name)?.id)?;
            Ok(0)
        }
    }
}

fn named(engine: &Engine, name: &str) -> Result<ErpSource, Failure> {
    let found = engine.store().erp_source_named(name)?;
    found.ok_or_else(|| Failure::new("erp-source-missing").with("name", name))
}

fn read(streams: &Streams<'_>, path: &Path) -> Result<String, Failure> {
    let path = streams.directory.join(path);
    std::fs::read_to_string(&path)
        .map_err(|error| Failure::new("erp-file").with("path", path.display()).with("reason", error))
}

fn usage(reason: &str) -> Failure {
    Failure::usage("usage-other").with("reason", reason)
}

fn options(args: &ErpSourceAdd, kind: ErpSourceKind, streams: &Streams<'_>) -> Result<ErpOptions, Failure> {
    match kind {
        ErpSourceKind::Rest => Ok(ErpOptions::Rest),
        ErpSourceKind::File => {
            let path = args.path.as_ref().ok_or_else(|| usage("--path"))?;
            let map = args.map.as_ref().map(|map| read(streams, map)).transpose()?;
            Ok(ErpOptions::File(FileOptions {
                path: path.to_string_lossy().into_owned(),
                kind: args.kind.clone().ok_or_else(|| usage("--kind"))?,
                map: map.unwrap_or_default(),
                partial: args.partial,
            }))
        }
        ErpSourceKind::Carddav => address_books(args, streams),
        ErpSourceKind::Postgres | ErpSourceKind::Mysql => {
            let port = if kind == ErpSourceKind::Mysql { 3306 } else { 5432 };
            let mut queries = Vec::new();
            for given in &args.query {
                let (kind, path) = given.split_once('=').ok_or_else(|| usage("--query KIND=FILE"))?;
                RecordKind::from_word(kind).ok_or_else(|| usage("--query KIND=FILE"))?;
                let watermark_start = args.watermark_start.clone().unwrap_or_default();
                let sql = read(streams, &PathBuf::from(path))?;
                queries.push(ErpQuery { kind: kind.to_owned(), sql, watermark_start });
            }
            if queries.is_empty() {
                return Err(usage("--query"));
            }
            Ok(ErpOptions::Sql(SqlOptions {
                host: args.host.clone().ok_or_else(|| usage("--host"))?,
                port: args.port.unwrap_or(port),
                database: args.database.clone().ok_or_else(|| usage("--database"))?,
                login: args.login.clone().ok_or_else(|| usage("--login"))?,
                tls: match args.tls.as_str() {
                    "none" => SqlTls::None,
                    "system" => SqlTls::System,
                    path => SqlTls::CaPem(read(streams, Path::new(path))?),
                },
                queries,
                timeout_seconds: args.timeout,
                rows_max: args.rows_max,
            }))
        }
    }
}

fn address_books(args: &ErpSourceAdd, streams: &Streams<'_>) -> Result<ErpOptions, Failure> {
    Ok(ErpOptions::Dav(DavOptions {
        url: args.url.clone().ok_or_else(|| usage("--url"))?,
        login: args.login.clone().ok_or_else(|| usage("--login"))?,
        ca_pem: match args.tls.as_str() {
            "system" => None,
            "none" => return Err(usage("--tls")),
            path => Some(read(streams, Path::new(path))?),
        },
        books: args.book.iter().map(|path| DavBook { path: path.clone(), name: path.clone() }).collect(),
        timeout_seconds: args.timeout,
        ..DavOptions::default()
    }))
}

fn add(engine: &Engine, args: &ErpSourceAdd, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let kind = ErpSourceKind::from_word(&args.source).expect("the command line allows no other word");
    let options = options(args, kind, streams)?;
    let id = ErpSourceId::new(Uuid::now_v7());
    let credential = match &options {
        ErpOptions::Sql(_) | ErpOptions::Dav(_) => {
            let password = super::password(streams)?;
            let sealed = engine.sealer().seal(&erp_field(id), password.expose().as_bytes());
            Some(sealed.map_err(pipeline::Error::from)?)
        }
        _ => None,
    };
    let new = NewErpSource {
        name: args.name.trim().to_owned(),
        kind,
        options: options.text(),
        credential,
        every_minutes: args.every,
        active: true,
    };
    engine.store().create_erp_source(id, new, now()).map_err(|error| match error {
        StoreError::Exists { .. } => Failure::new("erp-source-taken").with("name", &args.name),
        other => other.into(),
    })?;
    if kind == ErpSourceKind::File {
        let folder = erp_folder(engine.dir());
        std::fs::create_dir_all(&folder)?;
        writeln!(streams.err, "{}", lang.text("erp-source-folder", &[("folder", &folder.display())]))?;
    }
    Ok(0)
}

fn list(engine: &Engine, json: bool, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let runs = engine.store().last_erp_runs()?;
    for source in engine.store().erp_sources()? {
        let last = runs.iter().find(|run| run.begun.source == source.key);
        if json {
            writeln!(streams.out, "{}", source_json(&source, last))?;
        } else {
            let when = last.map_or_else(|| "–".to_owned(), |run| super::when(run.begun.started));
            let error = last.map(|run| run.error.as_str()).unwrap_or_default();
            let values: [(&str, &dyn std::fmt::Display); 4] = [
                ("name", &source.settings.name),
                ("kind", &source.settings.kind.as_str()),
                ("when", &when),
                ("error", &error),
            ];
            writeln!(streams.out, "{}", lang.text("erp-source-line", &values).trim_end())?;
        }
    }
    Ok(0)
}

fn source_json(source: &ErpSource, last: Option<&ErpRun>) -> serde_json::Value {
    let last = last.map(|run| {
        let sums = run.sums;
        json!({
            "started": super::when(run.begun.started), "ended": run.ended.map(super::when),
            "new": sums.changes.new, "changed": sums.changes.changed, "same": sums.changes.same,
            "vanished": sums.vanished, "failed": sums.failed, "held": sums.held.0, "error": run.error,
        })
    });
    let settings = &source.settings;
    json!({
        "name": settings.name, "type": settings.kind.as_str(), "every_minutes": settings.every_minutes,
        "active": settings.active, "last": last,
    })
}

fn tried(trial: &ErpTrial, json: bool, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let failed = trial.error.is_some() || trial.queries.iter().any(|query| query.error.is_some());
    if json {
        let queries = trial.queries.iter().map(|query| {
            json!({"kind": query.kind, "columns": query.columns, "rows": query.rows, "error": query.error})
        });
        let row = json!({
            "ok": !failed, "error": trial.error, "may_write": trial.may_write, "unprotected": trial.unprotected,
            "books": trial.books.iter().map(|book| json!({"path": book.path, "name": book.name})).collect::<Vec<_>>(),
            "queries": queries.collect::<Vec<_>>(),
        });
        writeln!(streams.out, "{row}")?;
        return Ok(if failed { FAILED } else { 0 });
    }
    if let Some(error) = &trial.error {
        writeln!(streams.err, "{error}")?;
    }
    if trial.may_write {
        writeln!(streams.err, "{}", lang.text("erp-source-writes", &[]))?;
    }
    for book in &trial.books {
        writeln!(streams.out, "{} ({})", book.path, book.name)?;
    }
    for query in &trial.queries {
        writeln!(streams.out, "{}: {}", query.kind, query.columns.join(", "))?;
        for row in &query.rows {
            writeln!(streams.out, "  {}", row.join(" | "))?;
        }
        if let Some(error) = &query.error {
            writeln!(streams.err, "{}: {error}", query.kind)?;
        }
    }
    Ok(if failed { FAILED } else { 0 })
}
