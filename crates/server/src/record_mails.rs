//! Mails and attachments of a record: its documents.

use api::{
    LinkableList, LinkableQuery, MessagePage, RecordAttachment, RecordAttachmentPage, RecordMailQuery,
    RecordSheet, Timestamp,
};
use axum::extract::{Path, State as FromState};
use axum::response::Response;
use model::{RecordKind, UnixMillis};
use store::{AttachmentCursor, MessageCursor, RecordFilter};

use crate::extract::{Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, csv, extra_addresses, links, messages};

/// Rows written between two looks at the database.
const PIECE_ROWS: usize = 200;

pub(crate) fn time(field: &str, asked: Option<String>) -> Result<Option<UnixMillis>, Failure> {
    let parsed = asked.map(|text| text.parse::<Timestamp>().map_err(|_| Failure::field(field, "time")));
    Ok(parsed.transpose()?.map(|at| at.0))
}

pub(crate) fn filter(query: &RecordMailQuery) -> Result<RecordFilter, Failure> {
    Ok(RecordFilter {
        text: query.text.clone(),
        from: time("from", query.from.clone())?,
        until: time("until", query.until.clone())?,
        has_attachment: query.has_attachment,
        kind: query.kind.map(Into::into),
        folder: query.folder,
    })
}

fn cursor(asked: Option<&str>) -> Result<Option<MessageCursor>, Failure> {
    asked.map(|text| text.parse().map_err(|_| Failure::field("cursor", "cursor"))).transpose()
}

fn shown(known: store::KnownRecord) -> RecordSheet {
    let shown = links::shown_record(store::LinkedRecord::from(&known));
    let record = known.record;
    RecordSheet {
        record: shown,
        addresses: record.addresses,
        added: Vec::new(),
        references: record.references,
        contact: record.contact,
        quote: record.quote,
        items: record.items,
    }
}

/// `GET /links/records`
pub(crate) async fn find(
    FromState(state): FromState<State>,
    Params(query): Params<LinkableQuery>,
) -> Result<axum::Json<LinkableList>, Failure> {
    let limit = limit(query.limit)? as usize;
    let kind = match query.kind {
        Some(word) => {
            let kind = RecordKind::from_word(&word);
            let unknown = || Failure::field("kind", "word-unknown").with("word", &word).with("field", "kind");
            Some(kind.ok_or_else(unknown)?)
        }
        None => None,
    };
    let text = query.text.trim().to_owned();
    if text.is_empty() {
        return Ok(axum::Json(LinkableList { items: Vec::new() }));
    }
    let found = state.read(move |state| Ok(state.store().find_records(&text, kind, limit)?)).await?;
    Ok(axum::Json(LinkableList { items: found.into_iter().map(shown).collect() }))
}

/// `GET /links/records/{kind}/{number}`
pub(crate) async fn sheet(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
    caller: Caller,
) -> Result<axum::Json<RecordSheet>, Failure> {
    let (kind, number) = links::named(&kind, &number)?;
    let found = state.read(move |state| {
        let known = state.store().record(kind, &number)?.ok_or_else(Failure::not_found)?;
        let added = state.store().extra_addresses_of(caller.scope(), known.key)?;
        let names = links::user_names(state)?;
        // What the source names by now needs no word of ours.
        let added = added
            .into_iter()
            .filter(|extra| {
                extra.used == link::AddressUse::Deputy || !known.record.addresses.contains(&extra.address)
            })
            .map(|extra| extra_addresses::shown(extra, &names))
            .collect();
        Ok(RecordSheet { added, ..shown(known) })
    });
    found.await.map(axum::Json)
}

/// `GET /records/{kind}/{number}/messages`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
    caller: Caller,
    Params(query): Params<RecordMailQuery>,
) -> Result<axum::Json<MessagePage>, Failure> {
    let (kind, number) = links::named(&kind, &number)?;
    let (limit, filter) = (limit(query.limit)? as usize, filter(&query)?);
    let after = cursor(query.cursor.as_deref())?;
    let found = state.read(move |state| {
        let found = state.store().record_mails(caller.scope(), (kind, &number), &filter, after, limit)?;
        let found = found.ok_or_else(Failure::not_found)?;
        Ok(MessagePage {
            items: found.rows.iter().map(messages::row).collect(),
            next: found.next.map(|cursor| cursor.to_string()),
            total: found.total,
        })
    });
    found.await.map(axum::Json)
}

/// `GET /records/{kind}/{number}/messages.csv`
pub(crate) async fn export(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
    caller: Caller,
    Params(query): Params<RecordMailQuery>,
) -> Result<Response, Failure> {
    let (kind, number): (RecordKind, String) = links::named(&kind, &number)?;
    let filter = filter(&query)?;
    let known = number.clone();
    let exists = state.read(move |state| Ok(state.store().record(kind, &known)?.is_some())).await?;
    if !exists {
        return Err(Failure::not_found());
    }
    let name = format!("{}-{number}.csv", kind.as_str());
    let header = ["date", "from", "to", "subject", "kind", "attachments", "message_id", "mail_id"];
    Ok(csv::download(state, &name, &header, move |state, after: Option<MessageCursor>| {
        let found =
            state.store().record_mails(caller.scope(), (kind, &number), &filter, after, PIECE_ROWS)?;
        let found = found.unwrap_or_default();
        let mut text = String::new();
        for row in found.rows {
            let from = row.from.as_ref().map(|from| from.addr_spec.clone()).unwrap_or_default();
            let to: Vec<&str> = row.to.iter().map(|to| to.addr_spec.as_str()).collect();
            let message_id = row.message_id.map(|id| id.0).unwrap_or_default();
            let (date, mail) = (Timestamp::from(row.date).to_string(), row.mail_id.to_string());
            let (attachments, to) = (row.attachments.to_string(), to.join("; "));
            let kind = row.kind.as_str();
            text.push_str(&csv::line(&[
                &date,
                &from,
                &to,
                &row.subject,
                kind,
                &attachments,
                &message_id,
                &mail,
            ]));
        }
        Ok((text, found.next))
    }))
}

/// Date, number and place, as cursors are written.
fn attachment_cursor(text: &str) -> Option<AttachmentCursor> {
    let mut numbers = text.splitn(3, '.').map(str::parse::<i64>);
    let mut next = || numbers.next()?.ok();
    Some(AttachmentCursor { date: UnixMillis(next()?), seq: next()?, n: next()? })
}

/// `GET /records/{kind}/{number}/attachments`
pub(crate) async fn attachments(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
    caller: Caller,
    Params(query): Params<RecordMailQuery>,
) -> Result<axum::Json<RecordAttachmentPage>, Failure> {
    let (kind, number) = links::named(&kind, &number)?;
    let (limit, filter) = (limit(query.limit)? as usize, filter(&query)?);
    let after = query
        .cursor
        .map(|text| attachment_cursor(&text).ok_or_else(|| Failure::field("cursor", "cursor")))
        .transpose()?;
    let page = state.read(move |state| {
        let found =
            state.store().record_attachments(caller.scope(), (kind, &number), &filter, after, limit + 1)?;
        let (mut rows, total) = found.ok_or_else(Failure::not_found)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| {
            let AttachmentCursor { date, seq, n } = row.cursor;
            format!("{}.{seq}.{n}", date.0)
        });
        let items = rows.into_iter().map(|row| RecordAttachment {
            mail_id: row.mail_id.uuid(),
            part: row.part,
            name: row.name,
            content_type: row.content_type,
            octets: row.octets,
            subject: row.subject,
            date: row.cursor.date.into(),
        });
        Ok(RecordAttachmentPage { items: items.collect(), next, total })
    });
    page.await.map(axum::Json)
}
