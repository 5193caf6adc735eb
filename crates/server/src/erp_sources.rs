//! Sources of records: settings, trials, runs, and files that people import themselves.

use std::io::Cursor;
use std::time::Duration;

use api::{
    ErpBook, ErpDav, ErpDifference, ErpField, ErpFile, ErpFileQuery, ErpFinishQuery, ErpNote, ErpPreview,
    ErpRun, ErpRunPage, ErpRunQuery, ErpSource, ErpSourceList, ErpSourceRequest, ErpSourceTest,
    ErpSourceTried, ErpSourceType, ErpSql, ErpStatement, ErpStatementTried, Trust,
};
use axum::body::Bytes;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use model::{ErpSourceId, RecordKind};
use pipeline::{
    DavBook, DavOptions, ErpOptions, ErpQuery, ErpTake, FileOptions, SqlOptions, SqlTls, Vanishing,
    erp_field, erp_folder,
};
use store::{ErpSourceKind, NewErpSource, StoreError};
use uuid::Uuid;

use crate::State;
use crate::account_settings as settings;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, limit, text};
use crate::problem::Failure;
use crate::records::kinds;
use crate::rights::Caller;

/// A trial waits so long at most, seconds.
const TRIAL_SECONDS: u32 = 20;
/// Address books of one source.
const BOOKS_MAX: usize = 200;
/// Longest path of an address book, characters.
const PATH_MAX: usize = 1000;
/// Longest statement, characters.
const SQL_MAX: usize = 100_000;

pub(crate) fn run_shown(run: store::ErpRun) -> ErpRun {
    let sums = run.sums;
    ErpRun {
        id: run.begun.id.uuid(),
        what: run.begun.what,
        kinds: kinds(&run.begun.kinds),
        started: run.begun.started.into(),
        ended: run.ended.map(Into::into),
        new: sums.changes.new,
        changed: sums.changes.changed,
        same: sums.changes.same,
        vanished: sums.vanished,
        failed: sums.failed,
        unusable: sums.unusable,
        duplicates: sums.duplicates,
        held: sums.held.0,
        held_of: sums.held.1,
        error: Some(run.error).filter(|error| !error.is_empty()),
        notes: serde_json::from_str(&run.notes).unwrap_or_default(),
    }
}

fn notes(notes: Vec<pipeline::ErpNote>) -> Vec<ErpNote> {
    notes.into_iter().map(|note| ErpNote { row: note.row, what: note.what, value: note.value }).collect()
}

fn shown(source: store::ErpSource, last: Option<store::ErpRun>) -> ErpSource {
    let (mut file, mut sql, mut dav) = (None, None, None);
    match ErpOptions::of(&source) {
        Ok(ErpOptions::File(kept)) => {
            file = RecordKind::from_word(&kept.kind).map(|kind| ErpFile {
                path: kept.path,
                kind: kind.into(),
                map: kept.map,
                partial: kept.partial,
            });
        }
        Ok(ErpOptions::Sql(kept)) => {
            let statement = |query: ErpQuery| {
                let kind = query.kind()?.into();
                Some(ErpStatement { kind, sql: query.sql, watermark_start: query.watermark_start })
            };
            sql = Some(ErpSql {
                tls: kept.tls != SqlTls::None,
                trust: match kept.tls {
                    SqlTls::CaPem(pem) => Trust::CaPem(pem),
                    SqlTls::None | SqlTls::System => Trust::System,
                },
                host: kept.host,
                port: kept.port,
                database: kept.database,
                login: kept.login,
                statements: kept.queries.into_iter().filter_map(statement).collect(),
                timeout_seconds: kept.timeout_seconds,
                rows_max: kept.rows_max,
            });
        }
        Ok(ErpOptions::Dav(kept)) => {
            dav = Some(ErpDav {
                url: kept.url,
                login: kept.login,
                trust: kept.ca_pem.map_or(Trust::System, Trust::CaPem),
                books: kept
                    .books
                    .into_iter()
                    .map(|book| ErpBook { path: book.path, name: book.name })
                    .collect(),
                timeout_seconds: kept.timeout_seconds,
            });
        }
        Ok(ErpOptions::Rest) | Err(_) => {}
    }
    ErpSource {
        id: source.id.uuid(),
        name: source.settings.name,
        r#type: match source.settings.kind {
            ErpSourceKind::Rest => ErpSourceType::Rest,
            ErpSourceKind::File => ErpSourceType::File,
            ErpSourceKind::Postgres => ErpSourceType::Postgres,
            ErpSourceKind::Mysql => ErpSourceType::Mysql,
            ErpSourceKind::Carddav => ErpSourceType::Carddav,
        },
        every_minutes: source.settings.every_minutes,
        active: source.settings.active,
        file,
        sql,
        dav,
        password_set: source.settings.credential.is_some(),
        next_run: source.next_run.map(Into::into),
        last_run: last.map(run_shown),
    }
}

/// Refuses what can never work, and makes the row. `before`: the same source as it is kept.
fn row(
    state: &State,
    id: ErpSourceId,
    asked: &ErpSourceRequest,
    before: Option<&store::ErpSource>,
) -> Result<NewErpSource, Failure> {
    let empty = |field| Failure::field(field, "field-empty").with("field", field);
    let (kind, options) = match asked.r#type {
        ErpSourceType::Rest => (ErpSourceKind::Rest, ErpOptions::Rest),
        ErpSourceType::File => {
            let file = asked.file.as_ref().ok_or_else(|| empty("file"))?;
            let path = text("path", &file.path, 500)?;
            if path.starts_with('/') || path.split('/').any(|part| part == ".." || part == ".") {
                return Err(Failure::field("path", "erp-path"));
            }
            let kind: RecordKind = file.kind.into();
            erp::Columns::check_map(erp::columns_of(kind), &file.map)
                .map_err(|error| Failure::field("map", "erp-map").with("reason", error))?;
            let options = FileOptions {
                path,
                kind: kind.as_str().to_owned(),
                map: file.map.clone(),
                partial: file.partial,
            };
            (ErpSourceKind::File, ErpOptions::File(options))
        }
        ErpSourceType::Postgres | ErpSourceType::Mysql => {
            let sql = asked.sql.as_ref().ok_or_else(|| empty("sql"))?;
            let kind = match asked.r#type {
                ErpSourceType::Mysql => ErpSourceKind::Mysql,
                _ => ErpSourceKind::Postgres,
            };
            (kind, ErpOptions::Sql(database(sql)?))
        }
        ErpSourceType::Carddav => {
            let dav = asked.dav.as_ref().ok_or_else(|| empty("dav"))?;
            (ErpSourceKind::Carddav, ErpOptions::Dav(address_books(dav)?))
        }
    };
    let credential = match (&options, &asked.password) {
        (ErpOptions::Sql(_) | ErpOptions::Dav(_), Some(password))
            if password.len() > 1000 || password.contains('\0') =>
        {
            return Err(Failure::field("password", "account-password"));
        }
        (ErpOptions::Sql(_) | ErpOptions::Dav(_), Some(password)) => {
            Some(state.sealer().seal(&erp_field(id), password.as_bytes()).map_err(Failure::internal)?)
        }
        (ErpOptions::Sql(new), None) => {
            // A stored password goes to the server it was stored for and to no other.
            let kept = before.and_then(|before| match ErpOptions::of(before) {
                Ok(ErpOptions::Sql(kept)) => Some((before, kept)),
                _ => None,
            });
            match kept {
                Some((before, kept)) => {
                    let weaker = new.tls == SqlTls::None && kept.tls != SqlTls::None;
                    if (&new.host, new.port, &new.login) != (&kept.host, kept.port, &kept.login) || weaker {
                        return Err(Failure::field("password", "account-password-again"));
                    }
                    before.settings.credential.clone()
                }
                None => return Err(Failure::field("password", "account-password")),
            }
        }
        (ErpOptions::Dav(new), None) => {
            let kept = before.and_then(|before| match ErpOptions::of(before) {
                Ok(ErpOptions::Dav(kept)) => Some((before, kept)),
                _ => None,
            });
            let (before, kept) = kept.ok_or_else(|| Failure::field("password", "account-password"))?;
            let origin = |url: &str| url::Url::parse(url).map(|url| url.origin().ascii_serialization()).ok();
            if origin(&new.url) != origin(&kept.url) || new.login != kept.login {
                return Err(Failure::field("password", "account-password-again"));
            }
            before.settings.credential.clone()
        }
        _ => None,
    };
    Ok(NewErpSource {
        name: text("name", &asked.name, 200)?,
        kind,
        options: options.text(),
        credential,
        every_minutes: asked.every_minutes.min(366 * 24 * 60),
        active: asked.active,
    })
}

fn database(sql: &ErpSql) -> Result<SqlOptions, Failure> {
    if sql.port == 0 {
        return Err(Failure::field("port", "smtp-port"));
    }
    settings::trust(&sql.trust)?;
    let tls = match &sql.trust {
        _ if !sql.tls => SqlTls::None,
        Trust::System => SqlTls::System,
        Trust::CaPem(pem) => SqlTls::CaPem(pem.clone()),
        Trust::PinSha256(_) => return Err(Failure::field("trust", "erp-pin")),
    };
    let mut queries: Vec<ErpQuery> = Vec::new();
    for statement in &sql.statements {
        let kind = RecordKind::from(statement.kind).as_str();
        if queries.iter().any(|query| query.kind == kind) {
            return Err(Failure::field("statements", "erp-statements"));
        }
        let sql = statement.sql.trim();
        if sql.is_empty() || sql.chars().count() > SQL_MAX {
            return Err(Failure::field("statements", "erp-statements"));
        }
        queries.push(ErpQuery {
            kind: kind.to_owned(),
            sql: sql.to_owned(),
            watermark_start: statement.watermark_start.chars().take(200).collect(),
        });
    }
    if queries.is_empty() {
        return Err(Failure::field("statements", "erp-statements"));
    }
    Ok(SqlOptions {
        host: text("host", &sql.host, 253)?,
        port: sql.port,
        database: text("database", &sql.database, 200)?,
        login: text("login", &sql.login, 200)?,
        tls,
        queries,
        timeout_seconds: sql.timeout_seconds.clamp(1, 24 * 3600),
        rows_max: sql.rows_max.max(1),
    })
}

fn address_books(dav: &ErpDav) -> Result<DavOptions, Failure> {
    let address = text("url", &dav.url, 1000)?;
    let trust = settings::trust(&dav.trust)?;
    let server = erp::DavServer {
        url: address.clone(),
        login: String::new(),
        password: keys::Secret::new(String::new()),
        trust,
        timeout: Duration::ZERO,
        cards_max: 0,
    };
    if erp::Dav::new(&server).is_err() {
        return Err(Failure::field("url", "erp-dav-url").with("url", address));
    }
    let ca_pem = match &dav.trust {
        Trust::System => None,
        Trust::CaPem(pem) => Some(pem.clone()),
        Trust::PinSha256(_) => return Err(Failure::field("trust", "erp-pin")),
    };
    if dav.books.len() > BOOKS_MAX {
        return Err(Failure::field("books", "too-many-items").with("items", BOOKS_MAX));
    }
    let book = |book: &ErpBook| {
        Ok(DavBook {
            path: text("books", &book.path, PATH_MAX)?,
            name: book.name.chars().take(200).collect(),
        })
    };
    Ok(DavOptions {
        url: address,
        login: text("login", &dav.login, 200)?,
        ca_pem,
        books: dav.books.iter().map(book).collect::<Result<Vec<_>, Failure>>()?,
        timeout_seconds: dav.timeout_seconds.clamp(1, 24 * 3600),
        ..DavOptions::default()
    })
}

fn present(state: &State, id: ErpSourceId) -> Result<store::ErpSource, Failure> {
    state.store().erp_source(id)?.ok_or_else(Failure::not_found)
}

fn taken(error: StoreError, name: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => {
            Failure::new(StatusCode::CONFLICT, "erp-name-taken").at_field("name").with("name", name)
        }
        other => other.into(),
    }
}

fn with_run(state: &State, id: ErpSourceId) -> Result<ErpSource, Failure> {
    let source = present(state, id)?;
    let last = state.store().erp_runs(Some(source.key), None, 1)?.pop();
    Ok(shown(source, last))
}

/// `GET /erp/sources`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<ErpSourceList>, Failure> {
    let list = state.read(|state| {
        let mut runs = state.store().last_erp_runs()?;
        let items = state.store().erp_sources()?.into_iter().map(|source| {
            let at = runs.iter().position(|run| run.begun.source == source.key);
            let last = at.map(|at| runs.swap_remove(at));
            shown(source, last)
        });
        let items = items.collect();
        let counts = state.store().record_counts()?;
        Ok(ErpSourceList {
            items,
            folder: erp_folder(state.engine().dir()).display().to_string(),
            counts: counts.into_iter().map(|(kind, count)| (kind.as_str().to_owned(), count)).collect(),
        })
    });
    list.await.map(axum::Json)
}

/// `POST /erp/sources`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<ErpSourceRequest>,
) -> Result<impl IntoResponse, Failure> {
    let made = state
        .read(move |state| {
            let id = ErpSourceId::new(Uuid::now_v7());
            let new = row(state, id, &asked, None)?;
            let name = new.name.clone();
            state.store().create_erp_source(id, new, state.now()).map_err(|error| taken(error, &name))?;
            events::record(state, &caller, "erp.source_created", Subject::Nothing, &[("name", name)])?;
            state.background().erp_changed();
            with_run(state, id)
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// `PUT /erp/sources/{source_id}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(id): Id<ErpSourceId>,
    caller: Caller,
    Json(asked): Json<ErpSourceRequest>,
) -> Result<axum::Json<ErpSource>, Failure> {
    let changed = state
        .read(move |state| {
            let new = row(state, id, &asked, Some(&present(state, id)?))?;
            let name = new.name.clone();
            state.store().update_erp_source(id, new, state.now()).map_err(|error| taken(error, &name))?;
            events::record(state, &caller, "erp.source_changed", Subject::Nothing, &[("name", name)])?;
            state.background().erp_changed();
            with_run(state, id)
        })
        .await?;
    Ok(axum::Json(changed))
}

/// `DELETE /erp/sources/{source_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<ErpSourceId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let name = present(state, id)?.settings.name;
            state.store().remove_erp_source(id)?;
            events::record(state, &caller, "erp.source_removed", Subject::Nothing, &[("name", name)])
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /erp/sources/{source_id}/run`: begins; how it went is in the log of runs.
pub(crate) async fn run(
    FromState(state): FromState<State>,
    Id(id): Id<ErpSourceId>,
    caller: Caller,
    Params(query): Params<ErpFinishQuery>,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let source = present(state, id)?;
            if source.settings.kind == ErpSourceKind::Rest {
                return Err(Failure::new(StatusCode::CONFLICT, "erp-rest"));
            }
            let engine = state.engine().clone();
            let actor = caller.user_id().to_string();
            let how = if query.allow { Vanishing::Allow } else { Vanishing::Ask };
            let work = move || {
                if let Err(error) = pipeline::run_source(&engine, id, &actor, how, true) {
                    tracing::warn!(error = %pipeline::chain(&error), source = %id, "a source of records failed");
                }
            };
            std::thread::Builder::new().name("erp-source".into()).spawn(work).map_err(Failure::internal)?;
            Ok(())
        })
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// `POST /erp/sources/test`
pub(crate) async fn test(
    FromState(state): FromState<State>,
    Json(asked): Json<ErpSourceTest>,
) -> Result<axum::Json<ErpSourceTried>, Failure> {
    let tried = state
        .read(move |state| {
            let known = asked.source.map(|id| present(state, ErpSourceId::new(id))).transpose()?;
            let id = known.as_ref().map_or_else(|| ErpSourceId::new(Uuid::now_v7()), |known| known.id);
            let mut wanted = asked.settings;
            if let Some(sql) = &mut wanted.sql {
                sql.timeout_seconds = sql.timeout_seconds.min(TRIAL_SECONDS);
            }
            if let Some(dav) = &mut wanted.dav {
                dav.timeout_seconds = dav.timeout_seconds.min(TRIAL_SECONDS);
            }
            let settings = row(state, id, &wanted, known.as_ref())?;
            let source = store::ErpSource {
                key: 0,
                id,
                settings,
                state: "{}".to_owned(),
                next_run: None,
                created: state.now(),
            };
            Ok(pipeline::try_source(state.engine(), &source)?)
        })
        .await?;
    let statements = tried.queries.into_iter().map(|query| ErpStatementTried {
        kind: query.kind,
        columns: query.columns,
        rows: query.rows,
        error: query.error,
    });
    let statements: Vec<ErpStatementTried> = statements.collect();
    let ok = tried.error.is_none() && statements.iter().all(|statement| statement.error.is_none());
    Ok(axum::Json(ErpSourceTried {
        ok,
        error: tried.error,
        may_write: tried.may_write,
        unprotected: tried.unprotected,
        books: tried.books.into_iter().map(|book| ErpBook { path: book.path, name: book.name }).collect(),
        statements,
    }))
}

/// `GET /erp/runs`
pub(crate) async fn runs(
    FromState(state): FromState<State>,
    Params(query): Params<ErpRunQuery>,
) -> Result<axum::Json<ErpRunPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let before = query.cursor.map(|cursor| cursor.parse::<i64>()).transpose();
    let before = before.map_err(|_| Failure::field("cursor", "cursor"))?;
    let page = state.read(move |state| {
        let source = query.source.map(|id| present(state, ErpSourceId::new(id))).transpose()?;
        let source = source.map(|source| source.key);
        let mut rows = state.store().erp_runs(source, before, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.key.to_string());
        Ok(ErpRunPage { items: rows.into_iter().map(run_shown).collect(), next })
    });
    page.await.map(axum::Json)
}

fn opened(kind: RecordKind, file: Bytes, map: &str) -> Result<erp::Records<'static>, Failure> {
    erp::Records::open(kind, Cursor::new(file), map).map_err(unreadable)
}

fn unreadable(error: erp::Error) -> Failure {
    match error {
        erp::Error::ColumnMissing { column } => {
            Failure::new(StatusCode::BAD_REQUEST, "erp-column").with("column", column)
        }
        other => Failure::new(StatusCode::BAD_REQUEST, "erp-file").with("reason", other),
    }
}

/// Why a preview stops.
struct Stop(Failure);

impl From<pipeline::Error> for Stop {
    fn from(error: pipeline::Error) -> Self {
        Self(error.into())
    }
}

/// `POST /erp/preview`
pub(crate) async fn preview(
    FromState(state): FromState<State>,
    Params(query): Params<ErpFileQuery>,
    file: Bytes,
) -> Result<axum::Json<ErpPreview>, Failure> {
    let made = state.read(move |state| {
        let kind: RecordKind = query.kind.into();
        let mut records = opened(kind, file, &query.map)?;
        let columns = records.header().to_vec();
        let next = || records.next_record().map_err(|error| Stop(unreadable(error)));
        let made = pipeline::preview(state.store(), kind, 0, next).map_err(|stop| stop.0)?;
        let difference = |changed: pipeline::ChangedRecord| ErpDifference {
            number: changed.number,
            fields: changed
                .fields
                .into_iter()
                .map(|one| ErpField { field: one.field.to_owned(), before: one.before, after: one.after })
                .collect(),
        };
        Ok(ErpPreview {
            columns,
            new: made.new,
            changed: made.changed,
            same: made.same,
            vanished: if query.partial { 0 } else { made.vanished },
            asks: made.asks && !query.partial,
            failed: made.failed,
            duplicates: made.duplicates,
            first_new: made.first_new.into_iter().map(|record| record.number).collect(),
            first_changed: made.first_changed.into_iter().map(difference).collect(),
            first_vanished: if query.partial { Vec::new() } else { made.first_vanished },
            notes: notes(made.notes),
        })
    });
    made.await.map(axum::Json)
}

/// `POST /erp/import`
pub(crate) async fn import(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ErpFileQuery>,
    file: Bytes,
) -> Result<axum::Json<ErpRun>, Failure> {
    let ran = state.read(move |state| {
        let kind: RecordKind = query.kind.into();
        let mut records = opened(kind, file, &query.map)?;
        let actor = caller.user_id().to_string();
        let mut take = ErpTake::begin(state.store(), 0, &query.name, &actor, &[kind], state.now())?;
        let id = take.id();
        loop {
            match records.next_record() {
                Ok(Some((row, record))) => take.take(row, record)?,
                Ok(None) => break,
                Err(error) => {
                    take.fail(&error.to_string(), state.now())?;
                    return Err(unreadable(error));
                }
            }
        }
        let how = match (query.partial, query.allow) {
            (true, _) => Vanishing::Keep,
            (false, true) => Vanishing::Allow,
            (false, false) => Vanishing::Ask,
        };
        take.finish(how, state.now())?;
        state.store().erp_run(id)?.map(run_shown).ok_or_else(Failure::not_found)
    });
    ran.await.map(axum::Json)
}
