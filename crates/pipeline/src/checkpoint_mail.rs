//! The newest checkpoint of the log by mail, to people who keep it where nobody who runs this server can change it.
//!
//! Each period has one mail. What was missed, because nothing ran or no server took it, is sent once, with the checkpoint of then.

use std::sync::Arc;
use std::time::Duration;

use dispatch::{Attached, Author, CheckpointLetter, Language};
use jiff::civil::time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use model::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::blocking::blocking;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;
use crate::notify;
use crate::outgoing::{Inner, hand_over};

/// Addresses at most.
pub const CHECKPOINT_ADDRESSES_MAX: usize = 10;
/// Looks at least this often.
const PATIENCE: Duration = Duration::from_secs(20);
/// After a failure it is tried again after so long, milliseconds.
const PAUSE_MS: i64 = 10 * 60_000;
const SETTING: &str = "checkpoint_mail";
const STATE: &str = "checkpoint_mail_state";
/// Set while somebody wants a mail now.
const WANTED: &str = "checkpoint_mail_wanted";

/// How often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Not by itself.
    #[default]
    Off,
    /// Each day.
    Daily,
    /// Each Monday.
    Weekly,
    /// On the first of each month.
    Monthly,
}

impl Every {
    /// How long a period is about, milliseconds.
    const fn period_ms(self) -> i64 {
        86_400_000
            * match self {
                Self::Off | Self::Daily => 1,
                Self::Weekly => 7,
                Self::Monthly => 31,
            }
    }
}

/// What is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckpointMail {
    /// To whom.
    pub addresses: Vec<String>,
    /// How often.
    pub every: Every,
    /// At which hour, 0 to 23.
    pub hour: i8,
    /// Of this zone (IANA).
    pub zone: String,
    /// `de` or `en`.
    pub language: String,
    /// Since when it is set so, milliseconds: the first mail is that of the next period. Who sets it does not say so.
    pub since: i64,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckpointMailState {
    /// When the newest one was taken by a server, milliseconds.
    pub sent: Option<i64>,
    /// Entries it spoke of.
    pub entries: u64,
    /// What went wrong the last time; `None` if it went well.
    pub error: Option<String>,
    /// Since when, milliseconds.
    pub error_since: Option<i64>,
    /// The period that was served last, by its beginning.
    slot: i64,
    /// Whoever has got the mail of the next one already.
    delivered: Vec<String>,
    /// When it was tried last.
    tried: i64,
}

/// Why it is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointMailError {
    /// None where mails are wanted, or more than [`CHECKPOINT_ADDRESSES_MAX`].
    Addresses,
    /// No hour of a day.
    Hour,
    /// No zone that is known.
    Zone,
}

impl Engine {
    /// What is set, and what became of it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn checkpoint_mail(&self) -> Result<(CheckpointMail, CheckpointMailState)> {
        Ok((self.core().setting(SETTING)?, self.core().setting(STATE)?))
    }

    /// Sets it; addresses are checked by the caller.
    ///
    /// # Errors
    /// Inside: what cannot work. Those of the database.
    pub fn set_checkpoint_mail(
        &self,
        wanted: CheckpointMail,
    ) -> Result<std::result::Result<(), CheckpointMailError>> {
        let is_wanted = wanted.every != Every::Off;
        if wanted.addresses.len() > CHECKPOINT_ADDRESSES_MAX || (is_wanted && wanted.addresses.is_empty()) {
            return Ok(Err(CheckpointMailError::Addresses));
        }
        if !(0..24).contains(&wanted.hour) {
            return Ok(Err(CheckpointMailError::Hour));
        }
        if TimeZone::get(&wanted.zone).is_err() {
            return Ok(Err(CheckpointMailError::Zone));
        }
        let kept: CheckpointMail = self.core().setting(SETTING)?;
        let same = (kept.every, kept.hour, &kept.zone) == (wanted.every, wanted.hour, &wanted.zone);
        let since = if same { kept.since } else { self.core().now().0 };
        let text = serde_json::to_string(&CheckpointMail { since, ..wanted }).unwrap_or_default();
        self.store().set_setting(SETTING.to_owned(), Some(text))?;
        Ok(Ok(()))
    }

    /// Wants a mail now, whatever is due.
    ///
    /// # Errors
    /// Those of the database.
    pub fn want_checkpoint_mail(&self) -> Result<()> {
        Ok(self.store().set_setting(WANTED.to_owned(), Some("1".to_owned()))?)
    }
}

/// When the period began in which `now` lies.
fn slot(settings: &CheckpointMail, now: UnixMillis) -> Option<UnixMillis> {
    let zone = TimeZone::get(&settings.zone).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone());
    let at = time(settings.hour.clamp(0, 23), 0, 0, 0);
    let first = |back: i64| -> Option<Zoned> {
        let day = now.date();
        let day = match settings.every {
            Every::Off => return None,
            Every::Daily => day.checked_sub(back.days()).ok()?,
            Every::Weekly => {
                let since = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub((since + 7 * back).days()).ok()?
            }
            Every::Monthly => day.first_of_month().checked_sub(back.months()).ok()?,
        };
        day.to_datetime(at).to_zoned(zone.clone()).ok()
    };
    let begun = first(0).filter(|begun| *begun <= now).or_else(|| first(1))?;
    Some(UnixMillis(begun.timestamp().as_millisecond()))
}

/// What goes out now.
struct Due {
    settings: CheckpointMail,
    state: CheckpointMailState,
    /// The period it is the mail of.
    slot: i64,
    is_wanted: bool,
    note: String,
    entries: u64,
    key: String,
    stamped: Option<(u64, String)>,
    files: Vec<Attached>,
}

fn due(core: &Core) -> Result<Option<Due>> {
    let settings: CheckpointMail = core.setting(SETTING)?;
    let is_wanted = core.store.setting(WANTED)?.is_some();
    let state: CheckpointMailState = core.setting(STATE)?;
    let now = core.now();
    let slot = slot(&settings, now).map_or(0, |slot| slot.0);
    let is_due = slot > state.slot.max(settings.since);
    let waits = state.error.is_some() && (0..PAUSE_MS).contains(&(now.0 - state.tried));
    if settings.addresses.is_empty() || !(is_wanted || (is_due && !waits)) {
        return Ok(None);
    }
    crate::proving::derive(core, false)?;
    let Some(evidence) = crate::proving::health::newest(core)? else { return Ok(None) };
    let (entries, note, key) = evidence.head;
    let stamped = evidence.stamp.as_ref().map(|stamp| (stamp.size, date(stamp.at)));
    let files = evidence.stamp.into_iter().flat_map(|stamp| stamp.files).map(|(name, octets)| Attached {
        name,
        media_type: "application/octet-stream",
        octets,
    });
    let files = files.collect();
    Ok(Some(Due { settings, state, slot, is_wanted, note, entries, key, stamped, files }))
}

/// As ISO 8601 has it.
fn date(at: UnixMillis) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Runs until it is dropped.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        if let Err(error) = round(&inner).await {
            tracing::warn!(error = %crate::chain(&error), "the checkpoint by mail waits");
        }
        tokio::select! {
            () = inner.checkpoint_bell.notified() => {}
            () = tokio::time::sleep(PATIENCE) => {}
        }
    }
}

async fn round(inner: &Arc<Inner>) -> Result<()> {
    let asking = inner.engine.clone();
    let Some(due) = blocking(move || due(asking.core())).await? else { return Ok(()) };
    let mut state = due.state.clone();
    if due.is_wanted {
        state.delivered.clear();
    }
    let mut went = Vec::new();
    let mut trouble: Option<String> = None;
    let mut is_open = false;
    for address in due.settings.addresses.iter().filter(|address| !state.delivered.contains(address)) {
        match send(inner, &due, address).await {
            Ok(()) => went.push(address.clone()),
            Err((is_final, why)) => {
                is_open |= !is_final;
                trouble = Some(format!("{address}: {why}"));
            }
        }
    }
    let (noting, settings) = (Arc::clone(inner), due.settings);
    let (slot, is_wanted, entries) = (due.slot, due.is_wanted, due.entries);
    blocking(move || {
        let (store, now) = (noting.engine.store(), noting.engine.core().now());
        state.tried = now.0;
        state.delivered.extend(went.iter().cloned());
        if !went.is_empty() {
            (state.sent, state.entries) = (Some(now.0), entries);
        }
        // Somebody who wants one now sees what became of it; the period's mail comes in its time, unless this was it.
        if !is_open && slot > state.slot.max(settings.since) {
            state.slot = slot;
            state.delivered.clear();
        }
        state.error_since = trouble.as_ref().map(|_| state.error_since.unwrap_or(now.0));
        state.error = trouble;
        if is_wanted {
            store.set_setting(WANTED.to_owned(), None)?;
        }
        let text = serde_json::to_string(&state).unwrap_or_default();
        store.set_setting(STATE.to_owned(), Some(text))?;
        if !went.is_empty() {
            let (recipients, entries) = (went.join(", "), entries.to_string());
            let details = [("recipients", recipients.as_str()), ("entries", &entries)];
            store.append_events(vec![notify::log_entry(&noting, "checkpoint.sent", "", &details)])?;
        }
        Ok(())
    })
    .await
}

/// Sends one mail; what went wrong, and whether trying again is of no use.
async fn send(inner: &Arc<Inner>, due: &Due, address: &str) -> std::result::Result<(), (bool, String)> {
    let later = |why: String| (false, why);
    let resolving = Arc::clone(inner);
    let resolved = blocking(move || {
        let Some(account) = resolving.engine.store().smtp_account_for_notices()? else { return Ok(None) };
        let server = (resolving.options.resolve)(&resolving.engine, &account)?;
        let key = resolving.engine.store().reserve_outgoing(1)?;
        Ok(Some((account, server, key)))
    });
    let resolved = resolved.await.map_err(|error| later(crate::chain(&error)))?;
    let Some((account, server, key)) = resolved else {
        return Err(later("no server is set for notices".to_owned()));
    };
    let author =
        Author { address: account.settings.from_address.clone(), name: account.settings.from_name.clone() };
    let letter = CheckpointLetter {
        note: &due.note,
        entries: due.entries,
        key: &due.key,
        fingerprint: &ledger::sha256(due.key.as_bytes()).to_string(),
        stamped: due.stamped.clone(),
        files: due.files.clone(),
    };
    let reference = inner.engine.reference().sign(key);
    let language = Language::from_word(&due.settings.language);
    let octets = dispatch::compose_checkpoint(&letter, &author, address, language, &reference, inner.now());
    match hand_over(inner, &server, &account, key, address, &octets).await {
        Err(words) => Err(later(words)),
        Ok(Err(error)) => Err((matches!(error, dispatch::SendError::Address), error.to_string())),
        Ok(Ok(answer)) if answer.is_taken() => Ok(()),
        Ok(Ok(answer)) => Err((!answer.is_transient(), format!("{} {}", answer.code, answer.text))),
    }
}

/// For the doctor: since when mails do not go out, and how long that may last, milliseconds.
pub(crate) fn facts(core: &Core) -> Result<Option<doctor::CheckpointMailFacts>> {
    let settings: CheckpointMail = core.setting(SETTING)?;
    let state: CheckpointMailState = core.setting(STATE)?;
    let failing = state.error_since.filter(|_| settings.every != Every::Off).zip(state.error);
    Ok(failing.map(|(since, text)| doctor::CheckpointMailFacts {
        since: UnixMillis(since),
        period_ms: settings.every.period_ms(),
        text,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of the period of a moment, both in Berlin.
    #[track_caller]
    fn check(every: Every, now: &str, begun: &str) {
        let at = |text: &str| {
            let zoned: Zoned = format!("{text}[Europe/Berlin]").parse().unwrap();
            UnixMillis(zoned.timestamp().as_millisecond())
        };
        let settings =
            CheckpointMail { every, hour: 7, zone: "Europe/Berlin".to_owned(), ..CheckpointMail::default() };
        assert_eq!(slot(&settings, at(now)), Some(at(begun)), "{every:?} {now}");
    }

    #[test]
    fn periods_begin_at_their_hour_in_their_zone() {
        check(Every::Daily, "2026-03-02T07:00:00", "2026-03-02T07:00:00");
        check(Every::Daily, "2026-03-02T06:59:59", "2026-03-01T07:00:00");
        check(Every::Daily, "2026-03-29T12:00:00", "2026-03-29T07:00:00");
        check(Every::Weekly, "2026-03-05T09:00:00", "2026-03-02T07:00:00");
        check(Every::Weekly, "2026-03-02T06:00:00", "2026-02-23T07:00:00");
        check(Every::Monthly, "2026-03-31T23:00:00", "2026-03-01T07:00:00");
        check(Every::Monthly, "2026-01-01T05:00:00", "2025-12-01T07:00:00");
        assert_eq!(slot(&CheckpointMail::default(), UnixMillis(0)), None);
    }
}
