//! Calendar arithmetic for the three date forms sources use (`From ` lines, `INTERNALDATE`, file times).

use model::UnixMillis;

/// Names of months as English sources write them.
const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// Number (1 to 12) of a month by its three-letter English name, any case.
pub(crate) fn month(name: &[u8]) -> Option<u32> {
    MONTHS.iter().position(|month| name.eq_ignore_ascii_case(*month)).map(|at| at as u32 + 1)
}

/// The three-letter English name of a month, 1 to 12.
pub(crate) const fn month_name(month: u32) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES[(month.saturating_sub(1) % 12) as usize]
}

/// A decimal number of at most nine digits and nothing else.
pub(crate) fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter()
        .try_fold(0_u32, |sum, octet| octet.is_ascii_digit().then(|| sum * 10 + u32::from(octet - b'0')))
}

/// `hh:mm` or `hh:mm:ss` as seconds of the day; a leap second counts as the next second.
pub(crate) fn time_of_day(text: &[u8]) -> Option<i64> {
    let mut parts = text.split(|octet| *octet == b':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    let fits = hour < 24 && minute < 60 && second <= 60 && parts.next().is_none();
    fits.then(|| i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second))
}

/// `+hhmm` or `-hhmm` as seconds east of Greenwich.
pub(crate) fn zone(text: &[u8]) -> Option<i64> {
    let (sign, digits) = text.split_first()?;
    let value = (digits.len() == 4).then(|| number(digits)).flatten()?;
    let seconds = i64::from(value / 100) * 3600 + i64::from(value % 100) * 60;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// The moment of a day (proleptic Gregorian) and seconds of it; `None` for a day that does not exist.
pub(crate) fn moment(year: u32, month: u32, day: u32, seconds: i64) -> Option<UnixMillis> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > longest || year > 9999 {
        return None;
    }
    // Years begin in March, so that the leap day is the last one; eras have 400 years.
    let from_march = (i64::from(month) + 9) % 12;
    let year = i64::from(year) - i64::from(month <= 2);
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * from_march + 2) / 5 + i64::from(day) - 1;
    let days = era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468;
    Some(UnixMillis::from_seconds(days * 86_400 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        assert_eq!(moment(1970, 1, 1, 0), Some(UnixMillis(0)));
        assert_eq!(moment(2000, 2, 29, 1), Some(UnixMillis::from_seconds(951_782_401)));
        assert_eq!(moment(2026, 3, 2, 36_000), Some(UnixMillis::from_seconds(1_772_445_600)));
        assert_eq!(moment(1969, 12, 31, 86_399), Some(UnixMillis::from_seconds(-1)));
        assert_eq!(moment(2023, 2, 29, 0), None);
        assert_eq!(moment(2023, 13, 1, 0), None);
    }

    #[test]
    fn parts_of_dates() {
        assert_eq!(month(b"MAR"), Some(3));
        assert_eq!(month(b"Mrz"), None);
        assert_eq!(time_of_day(b"09:30"), Some(34_200));
        assert_eq!(time_of_day(b"24:00:00"), None);
        assert_eq!(zone(b"-0130"), Some(-5400));
        assert_eq!(zone(b"CEST"), None);
    }
}
