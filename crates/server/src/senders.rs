//! Who wrote to us: the list, and the table of it.

use std::io;

use api::{ExportCheck, Sender, SenderExportQuery, SenderPage, SenderQuery, TableFormat, Timestamp};
use axum::extract::State as FromState;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use export::Cell;
use standing::MailClass;
use store::{SenderCursor, SenderFilter, SenderOrder, SenderRow};

use crate::events::{self, Subject};
use crate::extract::{Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, csv, disposition, exports, piped};

/// Longest text searched for, characters.
const SEARCH_MAX: usize = 320;
/// Rows between two looks at the database.
const PIECE_ROWS: usize = 1000;

const HEADER: [&str; 7] = ["address", "name", "count", "personal", "first", "last", "suppressed"];

fn filter(search: &str, machines: u8, order: api::SenderOrder) -> Result<SenderFilter, Failure> {
    if search.chars().count() > SEARCH_MAX {
        return Err(Failure::field("search", "field-too-long")
            .with("field", "search")
            .with("characters", SEARCH_MAX));
    }
    let text = Some(search.trim().to_owned()).filter(|text| !text.is_empty());
    let order = match order {
        api::SenderOrder::Count => SenderOrder::Count,
        api::SenderOrder::Last => SenderOrder::Last,
    };
    Ok(SenderFilter { text, machines: machines == 1, order })
}

fn shown(state: &State, rows: Vec<SenderRow>) -> Result<Vec<Sender>, Failure> {
    let addresses: Vec<String> = rows.iter().map(|row| row.address.clone()).collect();
    let checked = state.store().check_addresses(&addresses, MailClass::Bulk, 0, state.now())?;
    let rows = rows.into_iter().zip(checked);
    Ok(rows
        .map(|(row, checked)| Sender {
            address: row.address,
            name: row.name,
            count: row.count,
            personal: row.personal,
            role: row.role,
            first: row.first.into(),
            last: row.last.into(),
            suppressed: !checked.allowed,
        })
        .collect())
}

/// `GET /senders`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<SenderQuery>,
) -> Result<axum::Json<SenderPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let filter = filter(&query.search, query.machines, query.order)?;
    let after: Option<SenderCursor> =
        query.cursor.map(|text| text.parse().map_err(|_| Failure::field("cursor", "cursor"))).transpose()?;
    let page = state.read(move |state| {
        let mut rows = state.store().senders(caller.scope(), &filter, after.as_ref(), limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.cursor(filter.order).to_string());
        Ok(SenderPage { items: shown(state, rows)?, next })
    });
    page.await.map(axum::Json)
}

/// What is asked for, as it stands in the log and in approvals.
fn words(query: &SenderExportQuery) -> String {
    let order = match query.order {
        api::SenderOrder::Count => "count",
        api::SenderOrder::Last => "last",
    };
    let mut words = url::form_urlencoded::Serializer::new(String::new());
    if !query.search.trim().is_empty() {
        words.append_pair("search", query.search.trim());
    }
    if query.machines == 1 {
        words.append_pair("machines", "1");
    }
    words.append_pair("order", order);
    words.finish()
}

const fn word(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Csv => "senders_csv",
        TableFormat::Xlsx => "senders_xlsx",
    }
}

/// An export as it is asked for, and how many addresses it hands out.
pub(crate) fn wish(
    state: &State,
    caller: &Caller,
    query: &SenderExportQuery,
) -> Result<(pipeline::ExportWish, ExportCheck), Failure> {
    let filter = filter(&query.search, query.machines, query.order)?;
    let count = state.store().sender_count(caller.scope(), &filter)?;
    let asked = exports::of_words(words(query), word(query.format));
    Ok((asked, exports::checked(state, count)?))
}

/// `GET /senders/export/check`
pub(crate) async fn check(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<SenderExportQuery>,
) -> Result<axum::Json<ExportCheck>, Failure> {
    state.read(move |state| Ok(axum::Json(wish(state, &caller, &query)?.1))).await
}

/// `GET /senders/export`
pub(crate) async fn export(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<SenderExportQuery>,
) -> Result<Response, Failure> {
    let filter = filter(&query.search, query.machines, query.order)?;
    let (asking, format) = (caller.clone(), query.format);
    state
        .read(move |state| {
            let (wish, size) = wish(state, &asking, &query)?;
            exports::admit(state, &asking, &wish, size, query.approval)?;
            let details = [("query", wish.query), ("format", wish.format), ("count", size.mails.to_string())];
            events::record(state, &asking, "senders.exported", Subject::Nothing, &details)
        })
        .await?;
    let pieces = move |state: &State, after: Option<SenderCursor>| {
        let rows = state.store().senders(caller.scope(), &filter, after.as_ref(), PIECE_ROWS)?;
        let next = rows.last().filter(|_| rows.len() == PIECE_ROWS).map(|row| row.cursor(filter.order));
        Ok::<_, Failure>((shown(state, rows)?, next))
    };
    if format == TableFormat::Csv {
        return Ok(csv::download(state, "senders.csv", &HEADER, move |state, after| {
            let (rows, next) = pieces(state, after)?;
            let text = rows.iter().map(|row| {
                let (first, last) = (row.first.to_string(), row.last.to_string());
                let (count, personal) = (row.count.to_string(), row.personal.to_string());
                let suppressed = if row.suppressed { "1" } else { "0" };
                csv::line(&[&row.address, &row.name, &count, &personal, &first, &last, suppressed])
            });
            Ok((text.collect(), next))
        }));
    }
    let turn = state.download_turn().await?;
    let body = piped::body(move |pipe| {
        let _turn = turn;
        let (mut waiting, mut after, mut ended) = (Vec::new().into_iter(), None, false);
        export::workbook(pipe, "senders", &HEADER, || {
            loop {
                if let Some(row) = waiting.next() {
                    return Ok(Some(cells(row)));
                }
                if ended {
                    return Ok(None);
                }
                let (rows, next) =
                    pieces(&state, after.take()).map_err(|failure| io::Error::other(failure.key()))?;
                (waiting, ended, after) = (rows.into_iter(), next.is_none(), next);
            }
        })
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(export::Format::Xlsx.media_type())),
        (header::CONTENT_DISPOSITION, disposition::attachment(Some("senders.xlsx"), "senders.xlsx")),
    ];
    Ok((headers, body).into_response())
}

fn cells(row: Sender) -> Vec<Cell> {
    let at = |at: Timestamp| Cell::At(at.0);
    vec![
        Cell::Text(row.address),
        Cell::Text(row.name),
        Cell::Number(row.count),
        Cell::Number(row.personal),
        at(row.first),
        at(row.last),
        Cell::Number(u64::from(row.suppressed)),
    ]
}

/// `POST /approvals/exports` for senders: the words are those of the query.
pub(crate) fn asked(words: &str, format: TableFormat) -> Result<SenderExportQuery, Failure> {
    let query: SenderExportQuery = exports::from_words(words)?;
    Ok(SenderExportQuery { format, ..query })
}
