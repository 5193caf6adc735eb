//! Messages: lists, threads, one message, its octets and parts.

use std::collections::HashMap;
use std::io;

use api::{
    ListQuery, MessageDetail, MessagePage, MessageQuery, MessageRow, Order, PartQuery, SeenChange, Thread,
};
use axum::body::Body;
use axum::extract::{Path, State as FromState};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{AccountId, MailId, MailboxId, PartRole, Role, ThreadId, UnixMillis};
use store::{ListFilter, ListOrder, ListStart, MailOctets, MessageCursor};

use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, limit};
use crate::problem::Failure;
use crate::reading::{self, Opened, SHOWN_OCTETS_MAX};
use crate::rights::Caller;
use crate::{State, attachments, disposition, message_detail, piped, spam};

/// Messages of a thread shown.
const THREAD_MAX: usize = 1000;

/// `GET /messages`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ListQuery>,
) -> Result<axum::Json<MessagePage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let start = match (&query.cursor, query.offset) {
        (Some(_), Some(_)) => return Err(Failure::field("offset", "offset-and-cursor")),
        (Some(cursor), None) => ListStart::After(read_cursor(cursor)?),
        (None, Some(offset)) => ListStart::Offset(offset),
        (None, None) => ListStart::Top,
    };
    let order = match query.order {
        Order::Desc => ListOrder::Descending,
        Order::Asc => ListOrder::Ascending,
    };
    let filter = ListFilter {
        account: query.account.map(AccountId::new),
        mailbox: query.mailbox.map(MailboxId::new),
        kind: query.kind.map(Into::into),
        unread: query.unread,
        has_attachment: query.has_attachment,
        tag: query.tag,
        spam: query.spam,
        deleted: query.deleted,
    };
    let page = state
        .read(move |state| Ok(state.store().list(caller.scope(), &filter, order, start, limit)?))
        .await?;
    Ok(axum::Json(MessagePage {
        items: page.rows.iter().map(row).collect(),
        next: page.next.map(|cursor| format!("{}_{}", cursor.date.0, cursor.seq)),
        total: page.total,
    }))
}

fn read_cursor(text: &str) -> Result<MessageCursor, Failure> {
    let parsed = text.split_once('_').and_then(|(date, seq)| Some((date.parse().ok()?, seq.parse().ok()?)));
    let (date, seq) = parsed.ok_or_else(|| Failure::field("cursor", "cursor"))?;
    Ok(MessageCursor { date: UnixMillis(date), seq })
}

/// A row as lists show it.
pub(crate) fn row(row: &store::MessageRow) -> MessageRow {
    MessageRow {
        mail_id: row.mail_id.uuid(),
        thread_id: row.thread_id.uuid(),
        thread_count: row.thread_count,
        subject: Some(row.subject.clone()).filter(|subject| !subject.is_empty()),
        from: row.from.as_ref().map(Into::into),
        to: row.to.iter().map(Into::into).collect(),
        date: row.date.into(),
        preview: row.preview.clone(),
        kind: row.kind.into(),
        unread: row.unread,
        attachments: row.attachments,
        accounts: row.accounts.iter().map(AccountId::uuid).collect(),
        defects: row.defects,
        quarantined: row.quarantined,
        tags: row.tags.iter().map(crate::tags::shown).collect(),
        deleted: row.deleted.map(Into::into),
        groups: row.groups.iter().map(crate::groups::named).collect(),
        spam: row.suspicion.as_ref().map(spam::shown),
    }
}

/// `GET /threads/{thread_id}`
pub(crate) async fn thread(
    FromState(state): FromState<State>,
    Id(id): Id<ThreadId>,
    caller: Caller,
) -> Result<axum::Json<Thread>, Failure> {
    let rows = state.read(move |state| Ok(state.store().thread(caller.scope(), id, THREAD_MAX)?)).await?;
    // A thread that was merged goes by the name of the one it became.
    let thread_id = rows.first().ok_or_else(Failure::not_found)?.thread_id.uuid();
    Ok(axum::Json(Thread { thread_id, items: rows.iter().map(row).collect() }))
}

/// `GET /messages/{mail_id}`
pub(crate) async fn detail(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
    Params(query): Params<MessageQuery>,
) -> Result<axum::Json<MessageDetail>, Failure> {
    let detail = state.heavy(move |state| {
        let kept = state.store().message(caller.scope(), id)?.ok_or_else(Failure::not_found)?;
        events::record_reading(state, &caller, "mail.read", Subject::Mail(kept.row.mail_id), &[])?;
        let names: HashMap<AccountId, String> = state
            .store()
            .accounts(true)?
            .into_iter()
            .map(|account| (account.id, account.settings.name))
            .collect();
        let opened = Opened::beginning(state, &kept.octets, SHOWN_OCTETS_MAX)?;
        let known = message_detail::Known {
            policy: state.engine().examination().policy(),
            examined: &attachments::listed(state, &kept)?,
            authentication: attachments::authentication(state, kept.octets.seq)?,
        };
        Ok(message_detail::shown(&kept, &opened, &names, &known, query.full == 1))
    });
    detail.await.map(axum::Json)
}

/// `PUT /messages/{mail_id}/seen`
pub(crate) async fn seen(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
    Json(change): Json<SeenChange>,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            if !state.store().set_seen(caller.scope(), id, change.seen)? {
                return Err(Failure::not_found());
            }
            state.engine().messages_changed();
            let kind = if change.seen { "mail.seen" } else { "mail.unseen" };
            events::record_reading(state, &caller, kind, Subject::Mail(id), &[])
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /messages/{mail_id}/raw`
pub(crate) async fn raw(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
) -> Result<Response, Failure> {
    let scope = caller.scope().clone();
    let (mail, parts) = state
        .read(move |state| {
            let mail = state.store().mail_octets(&scope, id)?.ok_or_else(Failure::not_found)?;
            Ok((mail, state.store().parts(mail.seq)?))
        })
        .await?;
    if parts.iter().any(|part| part.role == PartRole::Attachment)
        && caller.role() != Role::Administrator
        && store::any_held(&parts, &attachments::opened(&state, mail).await?)
    {
        return Err(Failure::new(StatusCode::FORBIDDEN, "raw-held"));
    }
    let (mail, name) = state
        .read(move |state| {
            let subject =
                state.store().message_row(caller.scope(), id)?.map(|row| row.subject).unwrap_or_default();
            events::record_reading(state, &caller, "mail.downloaded", Subject::Mail(mail.mail_id), &[])?;
            Ok((mail, subject.replace(['/', '\\'], "_")))
        })
        .await?;
    let otherwise = format!("{}.eml", mail.mail_id);
    let name = Some(name.trim()).filter(|name| !name.is_empty()).map(|name| format!("{name}.eml"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("message/rfc822")),
        (header::CONTENT_DISPOSITION, disposition::attachment(name.as_deref(), &otherwise)),
        (header::CONTENT_LENGTH, HeaderValue::from(mail.octets)),
    ];
    Ok((headers, stream(state, mail).await?).into_response())
}

/// The octets piece by piece, read by a thread that may block. A defect found on the way breaks the connection, so that
/// nobody takes half a mail for a whole one.
async fn stream(state: State, mail: MailOctets) -> Result<Body, Failure> {
    let turn = state.download_turn().await?;
    let mut reader =
        state.read(move |state| state.archive().get(mail.location).map_err(reading::unreadable)).await?;
    Ok(piped::body(move |out| {
        let _turn = turn;
        io::copy(&mut reader, out).map(|_| ())
    }))
}

/// `GET /messages/{mail_id}/parts/{number}`
pub(crate) async fn part(
    FromState(state): FromState<State>,
    Path((id, number)): Path<(String, String)>,
    caller: Caller,
    Params(query): Params<PartQuery>,
) -> Result<Response, Failure> {
    let id: MailId = id.parse().map_err(|_| Failure::not_found())?;
    let scope = caller.scope().clone();
    let mail = state
        .read(move |state| state.store().mail_octets(&scope, id)?.ok_or_else(Failure::not_found))
        .await?;
    let examined = attachments::opened(&state, mail).await?;
    let turn = state.large_turn(mail.octets).await?;
    state
        .heavy(move |state| {
            let _turn = turn;
            let opened = Opened::all(state, &mail)?;
            let stored = state.store().parts(mail.seq)?;
            let found =
                opened.message.parts.iter().position(|part| part.number == number && !number.is_empty());
            let index = found.ok_or_else(Failure::not_found)?;
            let part = &opened.message.parts[index];
            let name = part.name.clone().unwrap_or_default();
            let content = opened
                .content(index, usize::MAX)
                .ok_or_else(|| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "part-cut-off"))?;
            let media_type = opened.content_type(index, part);
            let policy = state.engine().examination().policy();
            let blocked = match part.role {
                PartRole::Attachment | PartRole::Message => {
                    let hold = attachments::hold(&policy, part.role, &number, &stored, &examined);
                    hold.is_some_and(|hold| hold.released.is_none())
                }
                PartRole::Container | PartRole::Body | PartRole::Report => {
                    let limits = inspect::Limits::default();
                    let findings = inspect::findings(&content, Some(&name), &part.content_type, &limits);
                    policy.first_held(&findings).is_some()
                }
            };
            let unblocked = blocked && attachments::may_open(&caller, query.blocked == 1);
            if blocked && !unblocked {
                return Err(Failure::new(StatusCode::FORBIDDEN, "part-blocked"));
            }
            let kind = if unblocked { "mail.part_unblocked" } else { "mail.part_downloaded" };
            let details = [("name", name.clone()), ("part", number.clone())];
            events::record_reading(state, &caller, kind, Subject::Mail(mail.mail_id), &details)?;
            let otherwise = format!("part-{number}{}", ending(&media_type));
            let headers = [
                (header::CONTENT_TYPE, content_type(&media_type, unblocked)),
                (header::CONTENT_DISPOSITION, disposition::attachment(Some(&name), &otherwise)),
            ];
            Ok((headers, content).into_response())
        })
        .await
}

/// What is dangerous is never named by its type.
fn content_type(media_type: &str, unblocked: bool) -> HeaderValue {
    let octets = HeaderValue::from_static("application/octet-stream");
    if unblocked { octets } else { HeaderValue::from_str(media_type).unwrap_or(octets) }
}

pub(crate) fn ending(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => ".pdf",
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        "image/gif" => ".gif",
        "message/rfc822" => ".eml",
        "text/calendar" => ".ics",
        "text/plain" => ".txt",
        _ => "",
    }
}
