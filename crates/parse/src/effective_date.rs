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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis::from_seconds(1_772_439_245);

    fn days(days: i64) -> UnixMillis {
        NOW.plus_ms(days * DAY_MS)
    }

    fn check(date: Option<i64>, received: Option<i64>, internal: Option<i64>, expected: i64) {
        let times =
            Times { date: date.map(days), received: received.map(days), internal: internal.map(days) };
        assert_eq!(effective_date(times, NOW), days(expected), "{times:?}");
    }

    #[test]
    fn between_a_week_before_and_a_day_after() {
        check(Some(-10), Some(-10), Some(-10), -10);
        check(Some(-17), None, Some(-10), -17);
        check(Some(-18), None, Some(-10), -10);
        check(Some(-9), None, Some(-10), -9);
        check(Some(-8), None, Some(-10), -10);
    }

    #[test]
    fn the_word_of_the_source_counts_more_than_the_mail() {
        check(Some(-500), Some(-20), Some(-10), -10);
        check(None, Some(-20), None, -20);
        check(Some(-500), Some(-20), None, -20);
        check(Some(-500), Some(400), None, -500);
    }

    #[test]
    fn imported_files_have_only_their_date() {
        check(Some(-5_000), None, None, -5_000);
        check(Some(-50_000), None, None, 0);
        check(Some(2), None, None, 0);
        check(None, None, None, 0);
    }
}
