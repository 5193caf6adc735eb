//! Days, months and years as people write them in German and English.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::UnixMillis;

/// Start (inclusive) and end (exclusive) of the day, month or year named, in milliseconds.
pub(super) fn parse(text: &str, zone: &TimeZone, now: UnixMillis) -> Option<(i64, i64)> {
    let today = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).date();
    let (first, after) = days(&text.to_lowercase(), today)?;
    Some((start(first, zone)?, start(after, zone)?))
}

fn start(day: Date, zone: &TimeZone) -> Option<i64> {
    Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

fn days(text: &str, today: Date) -> Option<(Date, Date)> {
    let ago = match text {
        "heute" | "today" => Some(0),
        "gestern" | "yesterday" => Some(1),
        "vorgestern" => Some(2),
        _ => None,
    };
    if let Some(ago) = ago {
        return day(today.checked_sub(ago.days()).ok()?);
    }
    let numbers = |separator: char| -> Option<Vec<i16>> {
        text.trim_end_matches('.')
            .split(separator)
            .map(|part| {
                (part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
            })
            .collect()
    };
    if text.contains('.') {
        return match numbers('.')?[..] {
            [d, m, y] => day(date(full_year(y), m, d)?),
            [m, y] if y > 31 => month(y, m),
            [d, m] => day(date(today.year(), m, d)?),
            _ => None,
        };
    }
    match numbers(if text.contains('/') { '/' } else { '-' })?[..] {
        [y, m, d] if y > 31 => day(date(y, m, d)?),
        [y, m] if y > 31 => month(y, m),
        [y] if y >= 1000 => Some((date(y, 1, 1)?, date(y.checked_add(1)?, 1, 1)?)),
        _ => None,
    }
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn day(day: Date) -> Option<(Date, Date)> {
    Some((day, day.tomorrow().ok()?))
}

fn month(year: i16, month: i16) -> Option<(Date, Date)> {
    let first = date(year, month, 1)?;
    Some((first, first.checked_add(1.month()).ok()?))
}

/// `26` means 2026, `97` 1997.
fn full_year(year: i16) -> i16 {
    match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        _ => year,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_months_and_years() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = UnixMillis("2026-03-02T23:30:00Z".parse::<Timestamp>().unwrap().as_millisecond());
        for (text, expected) in [
            ("2026-03-02", Some(("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"))),
            ("02.03.2026", Some(("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"))),
            ("2.3.26", Some(("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"))),
            ("2.3.", Some(("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"))),
            ("2026/3/2", Some(("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"))),
            // The clocks change on 29 March.
            ("2026-03", Some(("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"))),
            ("03.2026", Some(("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"))),
            ("2026", Some(("2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z"))),
            ("Heute", Some(("2026-03-02T23:00:00Z", "2026-03-03T23:00:00Z"))),
            ("yesterday", Some(("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"))),
            ("2026-13", None),
            ("31.02.2026", None),
            ("9999-12-31", None),
            ("12", None),
            ("", None),
            (".", None),
            ("bald", None),
        ] {
            let expected = expected.map(|(from, until)| {
                let of = |time: &str| time.parse::<Timestamp>().unwrap().as_millisecond();
                (of(from), of(until))
            });
            assert_eq!(parse(text, &zone, now), expected, "{text}");
        }
    }
}
