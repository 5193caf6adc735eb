//! Dates as programs write them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use model::UnixMillis;

/// ISO 8601 or German (`2.3.26`, `02.03.2026 09:15`); without an offset it is UTC. Empty, and the zeros of MySQL: none.
///
/// # Errors
/// If it is none of these.
#[expect(clippy::result_unit_err, reason = "there is nothing to say but that it is none")]
pub fn date(cell: &str) -> Result<Option<UnixMillis>, ()> {
    let cell = cell.trim();
    if cell.is_empty() || cell.starts_with("0000-00-00") {
        return Ok(None);
    }
    if let Ok(at) = cell.parse::<jiff::Timestamp>() {
        return Ok(Some(UnixMillis(at.as_millisecond())));
    }
    let (day, time) = cell.split_once([' ', 'T', ',']).map_or((cell, ""), |(day, time)| (day, time.trim()));
    let day = iso(day).or_else(|| german(day)).ok_or(())?;
    let time = if time.is_empty() { Time::midnight() } else { clock(time).ok_or(())? };
    let at = DateTime::from_parts(day, time).to_zoned(TimeZone::UTC).map_err(drop)?;
    Ok(Some(UnixMillis(at.timestamp().as_millisecond())))
}

fn iso(day: &str) -> Option<Date> {
    let mut parts = day.split(['-', '/']);
    let (year, month, of_month) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, of_month.parse().ok()?).ok()
}

fn german(day: &str) -> Option<Date> {
    let mut parts = day.split('.').map(str::trim);
    let (of_month, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let number: i16 = year.parse().ok()?;
    let year = match (year.len(), number) {
        (4, year) => year,
        (2, year @ 0..70) => 2000 + year,
        (2, year) => 1900 + year,
        _ => return None,
    };
    Date::new(year, month.parse().ok()?, of_month.parse().ok()?).ok()
}

fn clock(time: &str) -> Option<Time> {
    let time = time.trim_end_matches("Uhr").trim();
    let mut parts = time.split([':', '.']);
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    Time::new(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let day = 1_772_409_600_000; // 2026-03-02
        let hour = 3_600_000;
        let check = |cell: &str, expected: Result<Option<i64>, ()>| {
            assert_eq!(date(cell), expected.map(|at| at.map(UnixMillis)), "{cell}");
        };
        for cell in ["2026-03-02", " 2.3.2026 ", "02.03.26", "2026/03/02", "2026-03-02 00:00:00.000"] {
            check(cell, Ok(Some(day)));
        }
        check("2026-03-02T09:00:00Z", Ok(Some(day + 9 * hour)));
        check("2026-03-02T09:00:00+01:00", Ok(Some(day + 8 * hour)));
        check("2026-03-02 09:00:00", Ok(Some(day + 9 * hour)));
        check("02.03.2026, 09:30 Uhr", Ok(Some(day + 9 * hour + hour / 2)));
        check("1.1.70", Ok(Some(0)));
        check("", Ok(None));
        check("0000-00-00 00:00:00", Ok(None));
        for cell in
            ["morgen", "31.02.2026", "2026-13-01", "1.2", "1.2.3.4", "9999999-01-01", "-", "2.3.2026 25:00"]
        {
            check(cell, Err(()));
        }
    }
}
