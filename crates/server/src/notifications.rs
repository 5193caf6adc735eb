//! Who hears of what; what happened lately; what became of mails of ours.

use std::collections::BTreeMap;

use api::{
    Language, Notice, NoticeList, NoticeRecipient, NoticeWay, Notifications, NotificationsRequest, Outgoing,
    OutgoingPage, OutgoingQuery, OutgoingState,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use dispatch::{NoticeSettings, Recipient, Way};
use jiff::tz::TimeZone;
use model::OutgoingId;
use store::{Channel, EventFilter};

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, email, limit, text};
use crate::problem::Failure;
use crate::rights::Caller;

/// Who gets mails, at most.
const RECIPIENTS_MAX: usize = 50;
/// What happened lately, so many.
const NOTICES_MAX: usize = 50;
pub(crate) fn shown(row: store::Outgoing) -> Outgoing {
    Outgoing {
        id: row.what.id.uuid(),
        recipient: row.what.recipient,
        kind: row.what.kind,
        state: match row.state {
            store::OutgoingState::Waiting => OutgoingState::Waiting,
            store::OutgoingState::Sending => OutgoingState::Sending,
            store::OutgoingState::Sent => OutgoingState::Sent,
            store::OutgoingState::Refused => OutgoingState::Refused,
            store::OutgoingState::GivenUp => OutgoingState::GivenUp,
            store::OutgoingState::Cancelled => OutgoingState::Cancelled,
        },
        attempts: row.attempts,
        created: row.created.into(),
        due: row.due.filter(|_| row.state == store::OutgoingState::Waiting).map(Into::into),
        last: row.last.map(Into::into),
        code: row.code,
        answer: row.answer,
    }
}

pub(crate) fn page(state: &State, channel: Channel, query: &OutgoingQuery) -> Result<OutgoingPage, Failure> {
    let limit = limit(query.limit)? as usize;
    let cursor = query.cursor.as_deref();
    let before = cursor
        .map(|cursor| cursor.parse::<i64>().map_err(|_| Failure::field("cursor", "cursor")))
        .transpose()?;
    let mut rows = state.store().outgoing(channel, before, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.what.key.to_string());
    Ok(OutgoingPage { items: rows.into_iter().map(shown).collect(), next })
}

/// `GET /outgoing`
pub(crate) async fn mails(
    FromState(state): FromState<State>,
    Params(query): Params<OutgoingQuery>,
) -> Result<axum::Json<OutgoingPage>, Failure> {
    state.read(move |state| page(state, Channel::Mail, &query)).await.map(axum::Json)
}

/// `POST /outgoing/{outgoing_id}/again`
pub(crate) async fn again(
    FromState(state): FromState<State>,
    Id(id): Id<OutgoingId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let row = state.store().outgoing_by_id(id)?.ok_or_else(Failure::not_found)?;
            state.store().send_again(id, state.now())?;
            let details = [("recipient", row.what.recipient)];
            events::record(state, &caller, "outgoing.again", Subject::Nothing, &details)?;
            state.background().outgoing_changed();
            Ok(())
        })
        .await?;
    Ok(StatusCode::ACCEPTED)
}

const fn way(way: Way) -> NoticeWay {
    match way {
        Way::Page => NoticeWay::Page,
        Way::AtOnce => NoticeWay::AtOnce,
        Way::Digest => NoticeWay::Digest,
    }
}

fn kept(state: &State) -> Result<NoticeSettings, Failure> {
    Ok(NoticeSettings::read(state.store().setting(NoticeSettings::NAME)?.as_deref()))
}

fn all(state: &State) -> Result<Notifications, Failure> {
    let kept = kept(state)?;
    let ways = dispatch::KINDS.iter().map(|kind| ((*kind).to_owned(), way(kept.way(kind)))).collect();
    let recipients = kept.recipients.into_iter().map(|recipient| NoticeRecipient {
        language: Language::from_word(&recipient.language).unwrap_or_default(),
        address: recipient.address,
    });
    Ok(Notifications {
        recipients: recipients.collect(),
        ways,
        digest_hour: u8::try_from(kept.digest_hour).unwrap_or_default(),
        zone: kept.zone,
        sender: state.store().smtp_account_for_notices()?.map(|account| account.settings.name),
    })
}

/// `GET /notifications`
pub(crate) async fn get(FromState(state): FromState<State>) -> Result<axum::Json<Notifications>, Failure> {
    state.read(all).await.map(axum::Json)
}

/// `PUT /notifications`
pub(crate) async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<NotificationsRequest>,
) -> Result<axum::Json<Notifications>, Failure> {
    let kept = state
        .read(move |state| {
            if asked.recipients.len() > RECIPIENTS_MAX {
                return Err(Failure::field("recipients", "too-many-items").with("items", RECIPIENTS_MAX));
            }
            let zone = text("zone", &asked.zone, 100)?;
            TimeZone::get(&zone).map_err(|_| Failure::field("zone", "zone").with("zone", &zone))?;
            if asked.digest_hour > 23 {
                return Err(Failure::field("digest_hour", "number-between")
                    .with("field", "digest_hour")
                    .with("least", 0)
                    .with("most", 23));
            }
            let mut recipients: Vec<Recipient> = Vec::new();
            for recipient in &asked.recipients {
                let address = email("recipients", &recipient.address)?;
                if !recipients.iter().any(|known| known.address == address) {
                    recipients.push(Recipient { address, language: recipient.language.as_str().to_owned() });
                }
            }
            let mut ways = BTreeMap::new();
            for (kind, asked) in asked.ways {
                if !dispatch::KINDS.contains(&kind.as_str()) {
                    return Err(Failure::field("ways", "word-unknown")
                        .with("field", "ways")
                        .with("word", kind));
                }
                let way = match asked {
                    NoticeWay::Page => Way::Page,
                    NoticeWay::AtOnce => Way::AtOnce,
                    NoticeWay::Digest => Way::Digest,
                };
                ways.insert(kind, way);
            }
            let digest_hour = i8::try_from(asked.digest_hour).unwrap_or_default();
            let new = NoticeSettings { recipients, ways, digest_hour, zone };
            let text = serde_json::to_string(&new).map_err(Failure::internal)?;
            state.store().set_setting(NoticeSettings::NAME.to_owned(), Some(text))?;
            let count = new.recipients.len().to_string();
            events::record(state, &caller, "notifications.changed", Subject::Nothing, &[("count", count)])?;
            state.background().outgoing_changed();
            all(state)
        })
        .await?;
    Ok(axum::Json(kept))
}

/// `GET /notices`
pub(crate) async fn latest(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<NoticeList>, Failure> {
    let language = caller.language();
    let items = state
        .read(move |state| {
            let mut rows = Vec::new();
            for kind in dispatch::logged() {
                let filter = EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
                rows.extend(state.store().events(&filter, None, NOTICES_MAX)?);
            }
            rows.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
            let items = rows.into_iter().filter_map(|(_, event)| {
                let id = event.id.to_string();
                let of = dispatch::occurrence(&id, event.at, &event.kind, &event.subject, &event.payload)?;
                Some(Notice {
                    id: event.id.uuid(),
                    kind: of.kind.to_owned(),
                    at: event.at.into(),
                    path: of.path,
                    text: events::sentence(&event, language),
                })
            });
            Ok(items.take(NOTICES_MAX).collect())
        })
        .await?;
    Ok(axum::Json(NoticeList { items }))
}
