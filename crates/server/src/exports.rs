//! Mails of a query as a file.

use std::io;

use api::{ExportCheck, ExportFormat, ExportQuery, ExportRequest, Language, TableFormat};
use axum::extract::{Query, State as FromState};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use export::{Format, Supplier};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{ApprovalId, Period, Role, UnixMillis};
use pipeline::{ExportOf, ExportWish, Exported};
use serde::de::DeserializeOwned;

use crate::events::{self, Subject};
use crate::extract::{Json, Params, text};
use crate::piped;
use crate::problem::Failure;
use crate::rights::Caller;
use crate::session::ORGANISATION;
use crate::{State, approvals, attachment_list, disposition, lang, search, senders};

/// Word of a format; the handover to auditors is none of `export`'s.
const Z3: &str = "z3";

const fn format_of(format: ExportFormat) -> Option<Format> {
    Some(match format {
        ExportFormat::Mbox => Format::Mbox,
        ExportFormat::Zip => Format::Zip,
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Xlsx => Format::Xlsx,
        ExportFormat::Xml => Format::Xml,
        ExportFormat::Sql => Format::Sql,
        ExportFormat::Z3
        | ExportFormat::SendersCsv
        | ExportFormat::SendersXlsx
        | ExportFormat::Attachments => {
            return None;
        }
    })
}

/// An export as it is asked for.
struct Wish {
    of: ExportOf,
    asked: ExportWish,
    format: Option<Format>,
}

fn day(field: &str, text: Option<&str>) -> Result<Option<Date>, Failure> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| Failure::field(field, "day").with("day", text))).transpose()
}

/// The moment a day begins in the caller's zone.
fn begin(day: Date, zone: &TimeZone) -> Option<UnixMillis> {
    let at = day.to_zoned(zone.clone()).ok()?;
    Some(UnixMillis(at.timestamp().as_millisecond()))
}

impl Wish {
    fn new(state: &State, caller: &Caller, query: &ExportQuery) -> Result<Self, Failure> {
        let (from, until) = (day("from", query.from.as_deref())?, day("until", query.until.as_deref())?);
        let zone = caller.zone(state);
        let period = Period {
            from: from.and_then(|day| begin(day, &zone)),
            until: until.and_then(|day| begin(day.tomorrow().ok()?, &zone)),
        };
        let shown = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let days =
            if period.is_bounded() { format!("{}/{}", shown(from), shown(until)) } else { String::new() };
        let format = format_of(query.format);
        if format.is_none() && query.format != ExportFormat::Z3 {
            return Err(Failure::field("format", "request-unreadable").with("reason", "format"));
        }
        let word = format.map_or(Z3, Format::as_str);
        if format.is_none() && caller.role() != Role::Administrator {
            return Err(Failure::new(StatusCode::FORBIDDEN, "role"));
        }
        Ok(Self {
            of: ExportOf {
                asked: search::asked(state, caller, &query.q),
                held_too: caller.role() == Role::Administrator,
                period,
            },
            asked: ExportWish { query: query.q.clone(), format: word.to_owned(), days },
            format,
        })
    }

    fn size(&self, state: &State, caller: &Caller) -> Result<ExportCheck, Failure> {
        let size = state.engine().export_size(caller.scope(), &self.of).map_err(search::unanswered)?;
        Ok(ExportCheck { mails: size.0, needs_approval: size.1 })
    }
}

/// Lets an export through that needs no approval, or has one.
pub(crate) fn admit(
    state: &State,
    caller: &Caller,
    wish: &ExportWish,
    size: ExportCheck,
    approval: Option<uuid::Uuid>,
) -> Result<(), Failure> {
    match approval {
        Some(id) => {
            let (id, person) = (ApprovalId::new(id), approvals::person(caller));
            Ok(state.engine().approved_export(id, &person, wish)?)
        }
        None if size.needs_approval => {
            Err(Failure::new(StatusCode::FORBIDDEN, "export-needs-approval").with("count", size.mails))
        }
        None => Ok(()),
    }
}

/// An export that is none of mails: its query as words.
pub(crate) fn of_words(query: String, format: &str) -> ExportWish {
    ExportWish { query, format: format.to_owned(), days: String::new() }
}

/// The query that such words are of.
pub(crate) fn from_words<Q: DeserializeOwned>(words: &str) -> Result<Q, Failure> {
    let wrong = || Failure::field("q", "request-unreadable").with("reason", "q");
    let uri: axum::http::Uri = format!("/?{words}").parse().map_err(|_| wrong())?;
    Query::try_from_uri(&uri).map(|Query(query)| query).map_err(|_| wrong())
}

/// Whether so many need an approval.
pub(crate) fn checked(state: &State, count: u64) -> Result<ExportCheck, Failure> {
    let holds = state.engine().export_limit()?.holds;
    Ok(ExportCheck { mails: count, needs_approval: holds.is_some_and(|from| count >= from) })
}

/// `GET /export/check`
pub(crate) async fn check(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ExportQuery>,
) -> Result<axum::Json<ExportCheck>, Failure> {
    let checked = state.read(move |state| Wish::new(state, &caller, &query)?.size(state, &caller));
    checked.await.map(axum::Json)
}

/// `POST /approvals/exports`
pub(crate) async fn ask(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<ExportRequest>,
) -> Result<impl IntoResponse, Failure> {
    let made = state.read(move |state| {
        let note = text("note", &asked.note, 2000)?;
        let ExportRequest { q, format, from, until, .. } = asked;
        let other = match format {
            ExportFormat::SendersCsv => {
                Some(senders::wish(state, &caller, &senders::asked(&q, TableFormat::Csv)?)?)
            }
            ExportFormat::SendersXlsx => {
                Some(senders::wish(state, &caller, &senders::asked(&q, TableFormat::Xlsx)?)?)
            }
            ExportFormat::Attachments => {
                Some(attachment_list::wish(state, &caller, &attachment_list::asked(&q)?)?)
            }
            _ => None,
        };
        if let Some((wish, size)) = other {
            let id = state.engine().ask_export(&wish, size.mails, &note, approvals::person(&caller))?;
            return approvals::found(state, &caller, id);
        }
        let wish = Wish::new(state, &caller, &ExportQuery { q, format, from, until, approval: None })?;
        let mails = wish.size(state, &caller)?.mails;
        let id = state.engine().ask_export(&wish.asked, mails, &note, approvals::person(&caller))?;
        approvals::found(state, &caller, id)
    });
    Ok((StatusCode::CREATED, axum::Json(made.await?)))
}

/// `GET /export`
pub(crate) async fn export(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ExportQuery>,
) -> Result<Response, Failure> {
    let turn = state.download_turn().await?;
    let (wish, scope, supplier) = state
        .read(move |state| {
            let wish = Wish::new(state, &caller, &query)?;
            // A query that is not understood is said before anything is sent.
            let size = wish.size(state, &caller)?;
            admit(state, &caller, &wish.asked, size, query.approval)?;
            let ExportWish { query, format, days } = wish.asked.clone();
            let details = [("query", query), ("format", format), ("days", days)];
            events::record(state, &caller, "mails.exported", Subject::Nothing, &details)?;
            let organisation = state.store().setting(ORGANISATION)?.unwrap_or_default();
            let supplier = supplier(organisation, &wish.asked);
            Ok((wish, caller.scope().clone(), supplier))
        })
        .await?;
    let now = Timestamp::from_millisecond(state.now().0).unwrap_or_default();
    let (word, ending, media_type) = match wish.format {
        Some(format) => ("mails", format.as_str(), format.media_type()),
        None => (Z3, "zip", Format::Zip.media_type()),
    };
    let name = format!("{word}-{}.{ending}", now.strftime("%Y%m%d-%H%M%S"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, disposition::attachment(Some(&name), "mails")),
    ];
    let engine = state.engine().clone();
    let body = piped::body(move |pipe| {
        let _turn = turn;
        let exported = match wish.format {
            Some(format) => {
                let writer = export::writer(format, pipe)?;
                engine.export(&scope, &wish.of, format.has_octets(), writer)
            }
            None => engine.hand_over(&scope, &wish.of, supplier, pipe),
        };
        ended(exported)
    });
    Ok((headers, body).into_response())
}

/// What stands above the tables of a handover, in German: the authorities that ask for one read German.
pub fn supplier(organisation: String, wish: &ExportWish) -> Supplier {
    let (from, until) = wish.days.split_once('/').unwrap_or_default();
    let query = match wish.query.trim() {
        "" => lang::word(Language::De, "handover-all"),
        query => query,
    };
    let comment = lang::word_if_known(Language::De, "handover-comment", &[("query", query.to_owned())]);
    Supplier {
        name: organisation,
        location: String::new(),
        comment: comment.unwrap_or_default(),
        days: (from.to_owned(), until.to_owned()),
    }
}

fn ended(exported: pipeline::Result<Exported>) -> io::Result<()> {
    match exported {
        Ok(_) => Ok(()),
        Err(pipeline::Error::Write(error)) => Err(error),
        Err(error) => {
            tracing::warn!(error = %pipeline::chain(&error), "an export broke off");
            Err(io::Error::other(error))
        }
    }
}
