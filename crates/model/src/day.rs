//! Days of the calendar.

use std::fmt;

/// A day of the Gregorian calendar, counted from 1970-01-01, without a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// Years a [`Day`] can be made of.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

impl Day {
    /// Of year (1 to 9999), month and day of the month; `None` if there is no such day.
    pub fn of_date(year: i32, month: u32, day: u32) -> Option<Self> {
        if !YEARS.contains(&year) || !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day)
        {
            return None;
        }
        // Years begin in March, so that the leap day is the last one.
        let year = i64::from(year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        i32::try_from(days).ok().map(Self)
    }

    /// From `YYYY-MM-DD`.
    pub fn of_text(text: &str) -> Option<Self> {
        let (year, rest) = text.split_at_checked(4)?;
        let (month, day) = rest.strip_prefix('-')?.split_once('-')?;
        let number = |text: &str, len: usize| {
            let digits = text.len() == len && text.bytes().all(|octet| octet.is_ascii_digit());
            if digits { text.parse::<u32>().ok() } else { None }
        };
        Self::of_date(i32::try_from(number(year, 4)?).ok()?, number(month, 2)?, number(day, 2)?)
    }

    /// Year, month and day of the month.
    pub fn date(self) -> (i32, u32, u32) {
        let days = i64::from(self.0) + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * years + years / 4 - years / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = years + era * 400 + i64::from(month <= 2);
        (year as i32, month as u32, day as u32)
    }

    /// Its year.
    pub fn year(self) -> i32 {
        self.date().0
    }

    /// So many months later, on the day of the same number; the month's last one if it has none.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        let (year, month, day) = self.date();
        let sum = i64::from(year) * 12 + i64::from(month) - 1 + i64::from(months);
        let (year, month) = (sum.div_euclid(12) as i32, sum.rem_euclid(12) as u32 + 1);
        let last = Self::of_date(9999, 12, 31).unwrap_or(self);
        Self::of_date(year, month, day.min(days_of(year, month))).unwrap_or(last)
    }
}

impl fmt::Display for Day {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

const fn days_of(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates_and_dates_days() {
        assert_eq!(Day(0).to_string(), "1970-01-01");
        assert_eq!(Day::of_text("2000-03-01"), Some(Day(11_017)));
        let first = Day::of_date(1, 1, 1).unwrap();
        let last = Day::of_date(9999, 12, 31).unwrap();
        for days in first.0..=last.0 {
            let (year, month, day) = Day(days).date();
            assert_eq!(Day::of_date(year, month, day), Some(Day(days)));
        }
        for wrong in
            ["2023-02-29", "2024-13-01", "2024-00-01", "2024-04-31", "0000-01-01", "24-01-01", "2024-1-1"]
        {
            assert_eq!(Day::of_text(wrong), None, "{wrong}");
        }
    }
}
