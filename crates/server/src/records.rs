//! Records of the ERP: asked for, and sent by others one by one or in batches.

use std::time::Duration;

use api::{
    ErpBatchAnswer, ErpBatchQuery, ErpFinishQuery, ErpKind, ErpLineError, ErpLineRequest, ErpRecord,
    ErpRecordPage, ErpRecordQuery, ErpRecordRequest, ErpRun, ErpSessionRequest,
};
use axum::body::Body;
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures_util::StreamExt as _;
use model::{ErpRunId, ErpSourceId, RecordKind, UnixMillis};
use pipeline::{ErpOptions, Vanishing};
use store::{ErpSourceKind, ErpSums, KnownRecord, NewErpRun, NewErpSource, RecordChanges, StoreError};
use uuid::Uuid;

use crate::State;
use crate::erp_sources::run_shown;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, limit, text};
use crate::problem::Failure;
use crate::rights::Caller;

/// Records written in one transaction.
const CHUNK: usize = 500;
/// Longest line of a batch, octets.
const LINE_MAX: usize = 1 << 20;
/// Lines of a batch that are named.
const ERRORS_MAX: usize = 100;
/// Pause in a batch after which it is given up.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// Name of the source of what is sent without a session.
const REST: &str = "REST";

pub(crate) fn shown(known: KnownRecord) -> ErpRecord {
    let record = known.record;
    ErpRecord {
        kind: record.kind.into(),
        number: record.number,
        name: record.name,
        active: record.active,
        email: record.addresses,
        contact: record.contact,
        quote: record.quote,
        items: record.items,
        references: record.references,
        date: record.date.map(Into::into),
        state: record.state,
        url: record.url,
        extra: serde_json::from_str(&record.extra).unwrap_or_default(),
        known: known.known.into(),
        vanished: known.vanished,
    }
}

fn asked(kind: RecordKind, number: &str, asked: ErpRecordRequest) -> Result<store::Record, erp::RowError> {
    let day = asked.date.unwrap_or_default();
    let date = erp::date(&day).map_err(|()| erp::RowError::Boolean { value: day })?;
    let record = erp::Record {
        name: asked.name,
        active: asked.active,
        addresses: asked.email,
        contact: asked.contact,
        quote: asked.quote,
        items: asked.items,
        references: asked.references,
        date,
        state: asked.state,
        url: asked.url,
        extra: asked.extra.into_iter().collect(),
        ..erp::Record::new(kind, number)
    };
    let record = record.checked()?;
    match record.unusable.first() {
        // Whoever sends can mend it; a file could not.
        Some(value) => Err(erp::RowError::Boolean { value: value.clone() }),
        None => Ok(pipeline::stored(record)),
    }
}

/// What is wrong with a record that was sent, in English like all that programs read.
fn wrong(error: &erp::RowError) -> String {
    match error {
        erp::RowError::Boolean { value } => format!("no address, date or web address: {value}"),
        other => other.to_string(),
    }
}

fn place(kind: &str, number: String) -> Result<(RecordKind, String), Failure> {
    Ok((RecordKind::from_word(kind).ok_or_else(Failure::not_found)?, number))
}

/// The source of this name; made if there is none.
fn rest_source(state: &State, name: &str) -> Result<i64, Failure> {
    let find = || state.store().erp_source_named(name);
    let taken = || Failure::new(StatusCode::CONFLICT, "erp-name-taken").at_field("source").with("name", name);
    if let Some(found) = find()? {
        return if found.settings.kind == ErpSourceKind::Rest { Ok(found.key) } else { Err(taken()) };
    }
    let new = NewErpSource {
        name: name.to_owned(),
        kind: ErpSourceKind::Rest,
        options: ErpOptions::Rest.text(),
        credential: None,
        every_minutes: 0,
        active: true,
    };
    match state.store().create_erp_source(ErpSourceId::new(Uuid::now_v7()), new, state.now()) {
        Ok(key) => Ok(key),
        // Somebody else has just made it.
        Err(StoreError::Exists { .. }) => find()?.map(|found| found.key).ok_or_else(taken),
        Err(error) => Err(error.into()),
    }
}

/// `GET /records`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ErpRecordQuery>,
) -> Result<axum::Json<ErpRecordPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    if crate::addresses::sees_nobody(&caller) {
        return Ok(axum::Json(ErpRecordPage { items: Vec::new(), next: None }));
    }
    let kind: Option<RecordKind> = query.kind.map(Into::into);
    let wanted = query.q.filter(|text| !text.trim().is_empty());
    let page = state.read(move |state| {
        if let Some(wanted) = wanted {
            let wanted = text("q", &wanted, 200)?;
            let rows = state.store().find_records(&wanted, kind, limit)?;
            return Ok(ErpRecordPage { items: rows.into_iter().map(shown).collect(), next: None });
        }
        let kind = kind.ok_or_else(|| Failure::field("kind", "field-empty").with("field", "kind"))?;
        let after = query.cursor.unwrap_or_default();
        let mut rows = state.store().records_page(kind, &after, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.record.number.clone());
        Ok(ErpRecordPage { items: rows.into_iter().map(shown).collect(), next })
    });
    page.await.map(axum::Json)
}

/// `GET /records/{kind}/{number}`
pub(crate) async fn one(
    FromState(state): FromState<State>,
    caller: Caller,
    Path((kind, number)): Path<(String, String)>,
) -> Result<axum::Json<ErpRecord>, Failure> {
    let (kind, number) = place(&kind, number)?;
    if crate::addresses::sees_nobody(&caller) {
        return Err(Failure::not_found());
    }
    let found = state.read(move |state| Ok(state.store().record(kind, &number)?)).await?;
    found.map(|known| axum::Json(shown(known))).ok_or_else(Failure::not_found)
}

/// `PUT /records/{kind}/{number}`
pub(crate) async fn put(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
    Json(request): Json<ErpRecordRequest>,
) -> Result<axum::Json<ErpRecord>, Failure> {
    let (kind, number) = place(&kind, number)?;
    let record = asked(kind, &number, request)
        .map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "erp-record").with("reason", wrong(&error)))?;
    let made = state
        .read(move |state| {
            let source = rest_source(state, REST)?;
            let at = state.store().erp_mark(source, &[], state.now())?;
            let number = record.kept().number;
            state.store().put_records(vec![record], source, at)?;
            state.store().record(kind, &number)?.ok_or_else(Failure::not_found)
        })
        .await?;
    Ok(axum::Json(shown(made)))
}

/// `DELETE /records/{kind}/{number}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let (kind, number) = place(&kind, number)?;
    state
        .read(move |state| {
            state.store().record(kind, &number)?.ok_or_else(Failure::not_found)?;
            Ok(state.store().vanish_record(kind, number, state.now())?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /records/sessions`
pub(crate) async fn open(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(request): Json<ErpSessionRequest>,
) -> Result<impl IntoResponse, Failure> {
    let made = state
        .read(move |state| {
            let name = text("source", &request.source, 200)?;
            let mut kinds: Vec<RecordKind> = request.kinds.into_iter().map(Into::into).collect();
            kinds.sort_unstable();
            kinds.dedup();
            if kinds.is_empty() {
                return Err(Failure::field("kinds", "field-empty").with("field", "kinds"));
            }
            let source = rest_source(state, &name)?;
            let run = NewErpRun {
                id: ErpRunId::new(Uuid::now_v7()),
                source,
                what: name,
                actor: caller.user_id().to_string(),
                at: state.store().erp_mark(source, &kinds, state.now())?,
                kinds,
                started: state.now(),
            };
            let id = run.id;
            state.store().begin_erp_run(run)?;
            state.store().erp_run(id)?.map(run_shown).ok_or_else(Failure::not_found)
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Where records of a batch go.
#[derive(Clone)]
struct Target {
    source: i64,
    at: UnixMillis,
    run: Option<ErpRunId>,
    kinds: Vec<RecordKind>,
}

fn target(state: &State, session: Option<Uuid>) -> Result<Target, Failure> {
    let Some(session) = session else {
        let source = rest_source(state, REST)?;
        let at = state.store().erp_mark(source, &[], state.now())?;
        return Ok(Target { source, at, run: None, kinds: RecordKind::ALL.to_vec() });
    };
    let run = state.store().erp_run(ErpRunId::new(session))?;
    let run = run.ok_or_else(|| Failure::field("session", "erp-session"))?;
    if run.ended.is_some() {
        return Err(Failure::new(StatusCode::CONFLICT, "erp-session-over"));
    }
    let begun = run.begun;
    Ok(Target { source: begun.source, at: begun.at, run: Some(begun.id), kinds: begun.kinds })
}

/// A batch as it comes.
struct Batch {
    target: Target,
    chunk: Vec<store::Record>,
    line: u64,
    answer: ErpBatchAnswer,
}

impl Batch {
    fn take(&mut self, line: &[u8]) {
        self.line += 1;
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        self.answer.seen += 1;
        let read = serde_json::from_slice::<ErpLineRequest>(line).map_err(|error| error.to_string());
        let read = read.and_then(|line| {
            let kind = RecordKind::from(line.kind);
            if !self.target.kinds.contains(&kind) {
                return Err(format!("the session does not name the kind {}", kind.as_str()));
            }
            asked(kind, &line.number, line.record).map_err(|error| wrong(&error))
        });
        match read {
            Ok(record) => self.chunk.push(record),
            Err(text) => self.refuse(text),
        }
    }

    fn refuse(&mut self, text: String) {
        self.answer.failed += 1;
        if self.answer.errors.len() < ERRORS_MAX {
            self.answer.errors.push(ErpLineError { line: self.line, text });
        }
    }

    async fn put(&mut self, state: &State) -> Result<(), Failure> {
        let chunk = std::mem::take(&mut self.chunk);
        if chunk.is_empty() {
            return Ok(());
        }
        let target = self.target.clone();
        let changes: RecordChanges =
            state.read(move |state| Ok(state.store().put_records(chunk, target.source, target.at)?)).await?;
        self.answer.new += changes.new;
        self.answer.changed += changes.changed;
        self.answer.same += changes.same;
        Ok(())
    }
}

/// `POST /records/batch`: NDJSON, taken as it comes.
pub(crate) async fn batch(
    FromState(state): FromState<State>,
    Params(query): Params<ErpBatchQuery>,
    body: Body,
) -> Result<axum::Json<ErpBatchAnswer>, Failure> {
    let target = state.read(move |state| target(state, query.session)).await?;
    let run = target.run;
    let mut batch = Batch { target, chunk: Vec::new(), line: 0, answer: ErpBatchAnswer::default() };
    let read = lines(&state, &mut batch, body).await;
    // What came before the connection broke was taken, and is counted.
    batch.put(&state).await?;
    if let Some(run) = run {
        let answer = &batch.answer;
        let changes = RecordChanges { new: answer.new, changed: answer.changed, same: answer.same };
        let sums = ErpSums { changes, failed: answer.failed, ..ErpSums::default() };
        state.read(move |state| Ok(state.store().add_to_erp_run(run, sums)?)).await?;
    }
    read?;
    Ok(axum::Json(batch.answer))
}

async fn lines(state: &State, batch: &mut Batch, body: Body) -> Result<(), Failure> {
    let mut stream = body.into_data_stream();
    let mut rest: Vec<u8> = Vec::new();
    let mut skipping = false;
    loop {
        let late = |_| Failure::new(StatusCode::REQUEST_TIMEOUT, "request-cut-off");
        let Some(piece) = tokio::time::timeout(PAUSE_MAX, stream.next()).await.map_err(late)? else { break };
        let piece =
            piece.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "request-cut-off").because(error))?;
        let mut piece = &piece[..];
        while let Some(end) = piece.iter().position(|octet| *octet == b'\n') {
            let (line, behind) = (&piece[..end], &piece[end + 1..]);
            piece = behind;
            if skipping {
                skipping = false;
                continue;
            }
            rest.extend_from_slice(line);
            batch.take(&rest);
            rest.clear();
            if batch.chunk.len() >= CHUNK {
                batch.put(state).await?;
            }
        }
        if !skipping {
            rest.extend_from_slice(piece);
        }
        if rest.len() > LINE_MAX {
            batch.line += 1;
            batch.answer.seen += 1;
            batch.refuse(format!("longer than {LINE_MAX} octets"));
            rest.clear();
            skipping = true;
        }
    }
    if !rest.is_empty() {
        batch.take(&rest);
    }
    Ok(())
}

/// `POST /records/sessions/{run_id}/finish`; repeated, it gives the same answer.
pub(crate) async fn finish(
    FromState(state): FromState<State>,
    Id(id): Id<ErpRunId>,
    caller: Caller,
    Params(query): Params<ErpFinishQuery>,
) -> Result<axum::Json<ErpRun>, Failure> {
    let ended = state
        .read(move |state| {
            let run = state.store().erp_run(id)?.ok_or_else(Failure::not_found)?;
            let sources = state.store().erp_sources()?;
            let rest = |source: &store::ErpSource| {
                source.key == run.begun.source && source.settings.kind == ErpSourceKind::Rest
            };
            if !sources.iter().any(rest) {
                return Err(Failure::not_found());
            }
            if run.ended.is_some() {
                return Ok(run_shown(run));
            }
            if run.sums.failed > 0 && !query.allow {
                return Err(
                    Failure::new(StatusCode::CONFLICT, "erp-session-failed").with("failed", run.sums.failed)
                );
            }
            let how = if query.allow { Vanishing::Allow } else { Vanishing::Ask };
            let begun = &run.begun;
            let (vanished, (held, of)) =
                pipeline::vanish(state.store(), &begun.kinds, begun.source, begun.at, how)?;
            if held > 0 {
                return Err(Failure::new(StatusCode::CONFLICT, "erp-held").with("held", held).with("of", of));
            }
            let sums = ErpSums { vanished, ..run.sums };
            state.store().end_erp_run(id, sums, String::new(), "[]".to_owned(), state.now())?;
            let count = |n: u64| n.to_string();
            let details = [
                ("new", count(sums.changes.new)),
                ("changed", count(sums.changes.changed)),
                ("vanished", count(vanished)),
            ];
            events::record(state, &caller, "erp.imported", Subject::Nothing, &details)?;
            state.store().erp_run(id)?.map(run_shown).ok_or_else(Failure::not_found)
        })
        .await?;
    Ok(axum::Json(ended))
}

/// Kinds as the API names them.
pub(crate) fn kinds(kinds: &[RecordKind]) -> Vec<ErpKind> {
    kinds.iter().map(|kind| (*kind).into()).collect()
}
