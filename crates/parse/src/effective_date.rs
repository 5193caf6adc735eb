//! The date a mail is filed under.

use model::UnixMillis;

const DAY_MS: i64 = 24 * 3_600_000;

/// What is known of the time of a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// The `Date` field.
    pub date: Option<UnixMillis>,
    /// The newest `Received` field.
    pub received: Option<UnixMillis>,
    /// When the source says it received the mail (IMAP `INTERNALDATE`); `None` for imported files.
    pub internal: Option<UnixMillis>,
}

/// The effective date: `Date` if it lies between 7 days before and 1 day after the mail was received;
/// otherwise the time it was received (the source's word before the mail's own); where nothing says when that
/// was (imported files), `Date` if it is plausible: not before 1980 and not later than a day from `now`.
///
/// Gives `now` if there is nothing to go by.
pub fn effective_date(times: Times, now: UnixMillis) -> UnixMillis {
    let received = times.internal.or(times.received).filter(|&at| is_plausible(at, now));
    match (times.date, received) {
        (Some(date), Some(received))
            if received.plus_ms(-7 * DAY_MS) <= date && date <= received.plus_ms(DAY_MS) =>
        {
            date
        }
        (_, Some(received)) => received,
        (Some(date), None) if is_plausible(date, now) => date,
        _ => now,
    }
}

/// From 1980-01-01 to tomorrow.
fn is_plausible(at: UnixMillis, now: UnixMillis) -> bool {
    at >= UnixMillis::from_seconds(315_532_800) && at <= now.plus_ms(DAY_MS)
}
