//! From the event log to deliveries and notices.

use std::collections::BTreeMap;

use dispatch::{Author, Example, Gathered, Language, NoticeSettings, Occasion, Occurrence, Way};
use jiff::civil::time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::{EventId, OutgoingId, Role, UnixMillis};
use store::{Channel, Event, Gathering, NewOutgoing, NoticeChannel};
use uuid::Uuid;

use crate::error::Result;
use crate::outgoing::Inner;

/// Entries followed in one transaction.
const BATCH: usize = 500;
/// Examples of one kind from one batch.
const EXAMPLES_MAX: usize = 10;

/// An entry of the event log by this part of the server.
pub(crate) fn log_entry(inner: &Inner, kind: &str, subject: &str, details: &[(&str, &str)]) -> Event {
    entry("dispatch", inner.now(), kind, subject, details)
}

/// An entry of the event log. `actor`: a user's id, or a part of the server.
pub(crate) fn entry(
    actor: &str,
    at: UnixMillis,
    kind: &str,
    subject: &str,
    details: &[(&str, &str)],
) -> Event {
    let payload: BTreeMap<&str, &str> = details.iter().copied().collect();
    Event {
        id: EventId::new(Uuid::now_v7()),
        at,
        actor: actor.to_owned(),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        payload: serde_json::to_string(&payload).unwrap_or_default(),
    }
}

pub(crate) fn settings(inner: &Inner) -> Result<NoticeSettings> {
    Ok(NoticeSettings::read(inner.engine.store().setting(NoticeSettings::NAME)?.as_deref()))
}

/// Follows the event log to its end.
pub(crate) fn follow(inner: &Inner) -> Result<()> {
    let store = inner.engine.store();
    let mut settings = None;
    loop {
        let events = store.unfollowed_events(BATCH)?;
        let Some((last, _)) = events.last() else { return Ok(()) };
        let cursor = *last;
        let found: Vec<Occurrence> = events
            .iter()
            .filter_map(|(_, event)| {
                let id = event.id.to_string();
                dispatch::occurrence(&id, event.at, &event.kind, &event.subject, &event.payload)
            })
            .collect();
        let (mut calls, mut gathered, mut lost) = (Vec::new(), BTreeMap::new(), Vec::new());
        if !found.is_empty() {
            let kept = match &settings {
                Some(kept) => kept,
                None => settings.insert(self::settings(inner)?),
            };
            let targets = store.webhook_targets()?;
            for of in &found {
                let mut wanted: Vec<(i64, &str)> = targets
                    .iter()
                    .filter(|(_, url, kinds)| match &of.only {
                        Some(only) => only == url,
                        None => kinds.iter().any(|kind| kind == of.kind),
                    })
                    .map(|(key, url, _)| (*key, url.as_str()))
                    .collect();
                wanted.dedup();
                if let (Some(url), []) = (&of.only, wanted.as_slice()) {
                    let details =
                        [("recipient", url.as_str()), ("answer", "no active webhook has this address")];
                    lost.push(log_entry(inner, "delivery.failed", "", &details));
                }
                calls.extend(wanted.into_iter().map(|(key, url)| (key, url.to_owned(), of)));
                if of.only.is_none() {
                    gather(&mut gathered, of, kept.way(of.kind));
                }
            }
        }
        let mut deliveries = Vec::with_capacity(calls.len());
        if !calls.is_empty() {
            let first = store.reserve_outgoing(calls.len())?;
            for ((target, url, of), key) in calls.into_iter().zip(first..) {
                deliveries.push(NewOutgoing {
                    key,
                    id: OutgoingId::new(Uuid::now_v7()),
                    channel: Channel::Webhook(target),
                    recipient: url,
                    kind: of.kind.to_owned(),
                    content: of.body(inner.options.base.as_deref()),
                });
            }
        }
        for of in found.iter().filter(|of| of.kind == "approval.asked") {
            deliveries.extend(personal(inner, of)?);
        }
        store.followed(cursor, deliveries, gathered.into_values().collect(), inner.now())?;
        if !lost.is_empty() {
            store.append_events(lost)?;
        }
    }
}

/// Mails to whoever has to know of an approval that is asked for: administrators, and where the asker is the only one, all users.
/// None where no server is set for notices.
fn personal(inner: &Inner, of: &Occurrence) -> Result<Vec<NewOutgoing>> {
    let store = inner.engine.store();
    let Some(account) = store.smtp_account_for_notices()? else { return Ok(Vec::new()) };
    let author = Author { address: account.settings.from_address, name: account.settings.from_name };
    let to_all = of.details.contains_key("days");
    let approval = of.details.get("approval_id").and_then(|id| id.parse().ok());
    let approval = approval.map(|id| store.approval(id)).transpose()?.flatten();
    let asker = approval.map(|approval| approval.what.asked_by).unwrap_or_default();
    let users = store.users()?.into_iter().filter(|user| {
        let concerned = to_all || user.profile.role == Role::Administrator;
        user.active && concerned && user.id.to_string() != asker
    });
    let users: Vec<store::User> = users.collect();
    let first = store.reserve_outgoing(users.len())?;
    let mut mails = Vec::with_capacity(users.len());
    for (user, key) in users.into_iter().zip(first..) {
        let zone = TimeZone::get(&user.profile.zone).unwrap_or(TimeZone::UTC);
        let told = Gathered {
            kind: of.kind.to_owned(),
            count: 1,
            first: of.at,
            last: of.at,
            examples: vec![of.example()],
        };
        let content = dispatch::compose_notice(
            Occasion::Personal,
            &[told],
            &author,
            &user.profile.email,
            Language::from_word(&user.profile.language),
            inner.options.base.as_deref(),
            &zone,
            &inner.engine.reference().sign(key),
            inner.now(),
        );
        mails.extend(content.map(|content| NewOutgoing {
            key,
            id: OutgoingId::new(Uuid::now_v7()),
            channel: Channel::Mail,
            recipient: user.profile.email,
            kind: of.kind.to_owned(),
            content,
        }));
    }
    Ok(mails)
}

fn gather(gathered: &mut BTreeMap<(bool, &'static str), Gathering>, of: &Occurrence, way: Way) {
    let channel = match way {
        Way::Page => return,
        Way::AtOnce => NoticeChannel::AtOnce,
        Way::Digest => NoticeChannel::Digest,
    };
    let known = gathered.entry((way == Way::Digest, of.kind)).or_insert_with(|| Gathering {
        channel,
        kind: of.kind.to_owned(),
        count: 0,
        first: of.at,
        last: of.at,
        examples: Vec::new(),
        sent: None,
    });
    known.count += 1;
    known.first = known.first.min(of.at);
    known.last = known.last.max(of.at);
    if known.examples.len() < EXAMPLES_MAX {
        let Example { what, path } = of.example();
        known.examples.push((what, path));
    }
}

/// Writes the notices that are due. Gives when the next one is. Without a server or anybody to write to, it goes on being
/// gathered.
pub(crate) fn write(inner: &Inner) -> Result<Option<UnixMillis>> {
    let store = inner.engine.store();
    let gathered: Vec<Gathering> = store.gathered()?.into_iter().filter(|of| of.count > 0).collect();
    if gathered.is_empty() {
        return Ok(None);
    }
    let settings = settings(inner)?;
    let Some(account) = store.smtp_account_for_notices()?.filter(|_| !settings.recipients.is_empty()) else {
        return Ok(None);
    };
    let author = Author { address: account.settings.from_address, name: account.settings.from_name };
    let zone = TimeZone::get(&settings.zone).unwrap_or(TimeZone::UTC);
    let writer = Writer { inner, settings: &settings, author: &author, zone: &zone };
    let now = inner.now();
    let mut next = None;
    let (digest, at_once): (Vec<_>, Vec<_>) =
        gathered.into_iter().partition(|of| of.channel == NoticeChannel::Digest);
    for of in at_once {
        let soon = of.first.plus_ms(inner.options.gather_ms);
        let due = of.sent.map_or(soon, |sent| soon.max(sent.plus_ms(inner.options.quiet_ms)));
        if due <= now {
            writer.write(Occasion::AtOnce, NoticeChannel::AtOnce, vec![of])?;
        } else {
            next = next.min(Some(due)).or(Some(due));
        }
    }
    if let Some(first) = digest.iter().map(|of| of.first).min() {
        let due = digest_due(first, settings.digest_hour, &zone);
        if due <= now {
            writer.write(Occasion::Digest, NoticeChannel::Digest, digest)?;
        } else {
            next = next.min(Some(due)).or(Some(due));
        }
    }
    Ok(next)
}

/// The first time after `first` that a clock in this zone shows this hour.
fn digest_due(first: UnixMillis, hour: i8, zone: &TimeZone) -> UnixMillis {
    let from = Timestamp::from_millisecond(first.0).unwrap_or_default().to_zoned(zone.clone());
    let at = time(hour.clamp(0, 23), 0, 0, 0);
    let today = from.date().to_datetime(at).to_zoned(zone.clone());
    let due = match today {
        Ok(today) if today > from => Ok(today),
        _ => from
            .date()
            .checked_add(1.day())
            .and_then(|tomorrow| tomorrow.to_datetime(at).to_zoned(zone.clone())),
    };
    due.map_or_else(|_| first.plus_ms(24 * 60 * 60_000), |due| UnixMillis(due.timestamp().as_millisecond()))
}

struct Writer<'a> {
    inner: &'a Inner,
    settings: &'a NoticeSettings,
    author: &'a Author,
    zone: &'a TimeZone,
}

impl Writer<'_> {
    /// One mail for each recipient, in their language.
    fn write(&self, occasion: Occasion, channel: NoticeChannel, of: Vec<Gathering>) -> Result<()> {
        let store = self.inner.engine.store();
        let now = self.inner.now();
        let kinds: Vec<String> = of.iter().map(|of| of.kind.clone()).collect();
        let kind = match occasion {
            Occasion::Digest => "digest".to_owned(),
            Occasion::AtOnce | Occasion::Personal => kinds.first().cloned().unwrap_or_default(),
        };
        let gathered: Vec<Gathered> = of.into_iter().map(told).collect();
        let first = store.reserve_outgoing(self.settings.recipients.len())?;
        let mut mails = Vec::new();
        for (recipient, key) in self.settings.recipients.iter().zip(first..) {
            let content = dispatch::compose_notice(
                occasion,
                &gathered,
                self.author,
                &recipient.address,
                Language::from_word(&recipient.language),
                self.inner.options.base.as_deref(),
                self.zone,
                &self.inner.engine.reference().sign(key),
                now,
            );
            mails.extend(content.map(|content| NewOutgoing {
                key,
                id: OutgoingId::new(Uuid::now_v7()),
                channel: Channel::Mail,
                recipient: recipient.address.clone(),
                kind: kind.clone(),
                content,
            }));
        }
        Ok(store.notices_written(channel, kinds, mails, now)?)
    }
}

fn told(of: Gathering) -> Gathered {
    let examples = of.examples.into_iter().map(|(what, path)| Example { what, path }).collect();
    Gathered { kind: of.kind, count: of.count, first: of.first, last: of.last, examples }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_due_at_its_hour() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let check = |first: &str, hour, expected: &str| {
            let first: Timestamp = first.parse().unwrap();
            let due = digest_due(UnixMillis(first.as_millisecond()), hour, &zone);
            assert_eq!(Timestamp::from_millisecond(due.0).unwrap().to_string(), expected);
        };
        check("2026-11-22T05:00:00Z", 7, "2026-11-22T06:00:00Z");
        check("2026-11-22T06:00:00Z", 7, "2026-11-23T06:00:00Z");
        check("2026-11-22T23:30:00Z", 0, "2026-11-23T23:00:00Z");
        // The clock goes forward: that hour is not there.
        check("2026-03-28T20:00:00Z", 2, "2026-03-29T01:00:00Z");
    }
}
