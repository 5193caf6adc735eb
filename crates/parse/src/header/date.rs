//! `Date` (RFC 5322 §3.3 and §4.3) and what stands in its place.

use model::UnixMillis;

/// A point in time, and the offset it was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The time.
    pub at: UnixMillis,
    /// Offset from UTC, minutes, -1439 to 1439.
    pub offset_minutes: i16,
}

/// Octets of the field that are looked at.
const OCTETS_MAX: usize = 256;

/// Reads a date leniently: RFC 5322 with obsolete zones and years, ISO 8601, the C library's form, German and
/// English month names; missing seconds are 0, a missing or unknown zone is UTC.
///
/// `None` if there is no year, month, day, or a number is out of range. Years 1 to 9999.
///
/// Source: RFC 5322 §3.3, §4.3 (years of two and three digits, zone names), RFC 2822's military zones as
/// -0000.
pub fn date(body: &[u8]) -> Option<Date> {
    let text = without_comments(&body[..body.len().min(OCTETS_MAX)]);
    let mut fields = Fields::default();
    for word in text.split(|c: char| c.is_ascii_whitespace() || c == ',').filter(|w| !w.is_empty()) {
        fields.take(word);
    }
    fields.date()
}

fn without_comments(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut depth = 0_usize;
    for &c in octets {
        match c {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            // No-break spaces and other 8-bit octets separate words, except in month names.
            c if c.is_ascii() => text.push(char::from(c.to_ascii_lowercase())),
            0xa4 | 0xe4 => text.push('a'),
            0xc3 => {}
            _ => text.push(' '),
        }
        if depth == 1 && c == b'(' {
            text.push(' ');
        }
    }
    text
}

#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    time: Option<(u32, u32, u32)>,
    offset: Option<i32>,
    afternoon: Option<bool>,
    broken: bool,
}

impl Fields {
    fn take(&mut self, word: &str) {
        let first = word.as_bytes()[0];
        if word.contains(':') {
            self.time_word(word);
        } else if matches!(first, b'+' | b'-') && word.len() > 1 && word.as_bytes()[1].is_ascii_digit() {
            if self.offset.is_none_or(|o| o == 0) {
                self.offset = numeric_offset(word);
            }
        } else if first.is_ascii_digit() {
            self.number_word(word);
        } else if let Some(month) = month(word) {
            self.month.get_or_insert(month);
            self.year_behind_month(word);
        } else if word == "am" || word == "pm" {
            self.afternoon = Some(word == "pm");
        } else if self.offset.is_none() && self.time.is_some() {
            self.offset = named_offset(word);
        }
    }

    /// `Jan-97`: the rest of a date written with hyphens behind a blank.
    fn year_behind_month(&mut self, word: &str) {
        if let Some((_, year)) = word.split_once(['-', '/'])
            && self.year.is_none()
            && let Ok(number) = year.parse::<i64>()
        {
            self.year = Some(full_year(number, year.len()));
        }
    }

    fn number_word(&mut self, word: &str) {
        // ISO 8601: 2026-03-02T09:00:00Z was caught by its colons; here is the date alone, or 2-Mar-2026.
        let separators: &[char] = &['-', '/', '.'];
        let parts: Vec<&str> = word.split(separators).filter(|p| !p.is_empty()).collect();
        match parts.as_slice() {
            [number] => self.number(number),
            [year, month_number, day]
                if year.len() == 4 && self.year.is_none() && month(month_number).is_none() =>
            {
                self.set_date(day.parse().ok(), month_number.parse().ok(), year);
            }
            [day, month_word, year] if self.year.is_none() => {
                let number = month(month_word).or_else(|| month_word.parse().ok());
                self.set_date(day.parse().ok(), number, year);
            }
            [day, month_word] if self.day.is_none() => {
                self.day = day.parse().ok();
                self.month = month(month_word);
            }
            [hours, minutes, seconds] if self.time.is_none() => {
                self.time_of(&[hours, minutes, seconds]);
            }
            _ => {}
        }
    }

    fn set_date(&mut self, day: Option<u32>, month: Option<u32>, year: &str) {
        match year.parse::<i64>() {
            Ok(number) => {
                self.day = day;
                self.month = month;
                self.year = Some(full_year(number, year.len()));
            }
            Err(_) => self.broken = true,
        }
    }

    fn number(&mut self, word: &str) {
        let digits = word.len();
        let Ok(number) = word.trim_end_matches(|c: char| !c.is_ascii_digit()).parse::<i64>() else {
            self.broken |= self.day.is_none();
            return;
        };
        if self.day.is_none() && digits <= 2 {
            self.day = Some(number as u32);
        } else if self.year.is_none() && self.month.is_some() && digits >= 2 {
            self.year = Some(full_year(number, digits));
        } else if self.time.is_some() && self.offset.is_none() && digits == 4 && self.year.is_some() {
            self.offset = numeric_offset(&format!("+{word}"));
        } else if digits >= 5 && self.year.is_none() {
            self.broken = true;
        }
    }

    fn time_word(&mut self, word: &str) {
        // ISO 8601 date and time in one word.
        let (date, word) = match word.split_once('t') {
            Some((date, time)) if date.contains('-') => (Some(date), time),
            _ => (None, word),
        };
        if let Some(date) = date {
            self.number_word(date);
        }
        let end = word.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(word.len());
        let (time, rest) = word.split_at(end);
        let parts: Vec<&str> = time.split(':').collect();
        if self.time.is_none() {
            self.time_of(&parts);
        }
        match rest {
            "" => {}
            "z" => self.offset = Some(0),
            "am" | "pm" => self.afternoon = Some(rest == "pm"),
            _ if rest.starts_with(['+', '-']) => self.offset = numeric_offset(rest),
            _ => self.offset = named_offset(rest),
        }
    }

    fn time_of(&mut self, parts: &[&str]) {
        let number = |at: usize| -> Option<u32> {
            match parts.get(at) {
                None => Some(0),
                Some(part) => part.split('.').next().unwrap_or_default().parse().ok(),
            }
        };
        match (number(0), number(1), number(2)) {
            (Some(hours), Some(minutes), Some(seconds)) => self.time = Some((hours, minutes, seconds)),
            _ => self.broken = true,
        }
    }

    fn date(&self) -> Option<Date> {
        let (year, month, day) = (self.year?, self.month?, self.day?);
        let (mut hours, minutes, seconds) = self.time.unwrap_or_default();
        match self.afternoon {
            Some(true) if hours < 12 => hours += 12,
            Some(false) if hours == 12 => hours = 0,
            _ => {}
        }
        let in_range = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hours < 24
            && minutes < 60
            && seconds <= 60;
        if self.broken || !in_range {
            return None;
        }
        let offset = self.offset.unwrap_or(0);
        let clock = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
        let seconds = days_from_civil(year, month, day) * 86_400 + clock - i64::from(offset) * 60;
        Some(Date { at: UnixMillis::from_seconds(seconds), offset_minutes: offset as i16 })
    }
}

/// RFC 5322 §4.3: two digits below 50 are 20xx, other years of two or three digits are 19xx.
fn full_year(number: i64, digits: usize) -> i64 {
    match digits {
        2 if number < 50 => number + 2000,
        2 | 3 => number + 1900,
        _ => number,
    }
}

fn month(word: &str) -> Option<u32> {
    let letters = word.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let prefix = letters.get(..3)?;
    Some(match prefix {
        "jan" => 1,
        "feb" => 2,
        "mar" | "mrz" => 3,
        "apr" => 4,
        "may" | "mai" => 5,
        "jun" => 6,
        "jul" => 7,
        "aug" => 8,
        "sep" => 9,
        "oct" | "okt" => 10,
        "nov" => 11,
        "dec" | "dez" => 12,
        _ => return None,
    })
}

/// `+0130`, `-01:30`, `+1`; minutes. `None` if it is beyond a day.
fn numeric_offset(word: &str) -> Option<i32> {
    let sign = if word.starts_with('-') { -1 } else { 1 };
    let digits: String = word[1..].chars().filter(|c| *c != ':').take_while(char::is_ascii_digit).collect();
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Zone names of RFC 5322 §4.3 and those of Europe; minutes. Others are unknown, which means UTC.
fn named_offset(word: &str) -> Option<i32> {
    let (name, rest) = word.split_at(word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len()));
    let base = match name {
        "ut" | "utc" | "gmt" | "z" | "wet" => 0,
        "adt" => -180,
        "ast" | "edt" => -240,
        "est" | "cdt" => -300,
        "cst" | "mdt" => -360,
        "mst" | "pdt" => -420,
        "pst" | "akdt" => -480,
        "hst" => -600,
        "akst" => -540,
        "cet" | "met" | "mez" | "bst" | "west" => 60,
        "cest" | "mest" | "mesz" | "eet" => 120,
        "eest" | "msk" => 180,
        "jst" | "kst" => 540,
        _ => return None,
    };
    if rest.starts_with(['+', '-']) && rest.len() > 1 {
        return numeric_offset(rest).map(|offset| base + offset);
    }
    Some(base)
}

fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    // Years begin in March, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(i64, i16)>) {
        let read = date(text.as_bytes()).map(|date| (date.at.seconds(), date.offset_minutes));
        assert_eq!(read, expected, "{text:?}");
    }

    /// 2026-03-02T09:14:05+01:00.
    const SECONDS: i64 = 1_772_439_245;

    #[test]
    fn of_the_grammar() {
        check("Mon, 02 Mar 2026 09:14:05 +0100", Some((SECONDS, 60)));
        check(" Mon,  2 Mar 2026 08:14:05 -0000 (GMT)", Some((SECONDS, 0)));
        check("2 Mar 2026 09:14 +0100", Some((SECONDS - 5, 60)));
        check("Mon, 02 Mar 2026 03:14:05 EST", Some((SECONDS, -300)));
        check("Mon, 02 Mar 26 08:14:05 GMT", Some((SECONDS, 0)));
        check("Tue, 1 Jan 80 00:00:00 Z", Some((315_532_800, 0)));
        check("Thu, 29 Feb 2024 23:59:60 +0000", Some((1_709_251_200, 0)));
        check("Mon(day), 2 (zwei) Mar 2026 09:14:05 (jetzt) +0100", Some((SECONDS, 60)));
    }

    #[test]
    fn of_programs() {
        check("Mon Mar  2 09:14:05 2026", Some((SECONDS + 3_600, 0)));
        check("Mon Mar  2 09:14:05 CET 2026", Some((SECONDS, 60)));
        check("2026-03-02T09:14:05+01:00", Some((SECONDS, 60)));
        check("2026-03-02 08:14:05Z", Some((SECONDS, 0)));
        check("02.03.2026 09:14:05 +0100", Some((SECONDS, 60)));
        check("02-Mar-2026 09:14:05 +0100", Some((SECONDS, 60)));
        check("Mo, 2 M\u{e4}r 2026 09:14:05 MEZ", Some((SECONDS, 60)));
        check("Mon, 02 Mar 2026 09:14:05 GMT+1", Some((SECONDS, 60)));
        check("Mon, 02 Mar 2026 09.14.05 +0100", Some((SECONDS, 60)));
        check("Mon, 02 Mar 2026 9:14:05 PM +0100", Some((SECONDS + 12 * 3_600, 60)));
        check("March 2, 2026 09:14:05 +0100", Some((SECONDS, 60)));
        check("Mon, 02 Mar 2026 09:14:05 +0100 +0200", Some((SECONDS, 60)));
    }

    #[test]
    fn of_nobody() {
        check("", None);
        check("gestern", None);
        check("Mon, 32 Mar 2026 09:14:05 +0100", None);
        check("Mon, 29 Feb 2026 09:14:05 +0100", None);
        check("Mon, 02 Mar 2026 25:14:05 +0100", None);
        check("Mon, 02 Mar 10000 09:14:05 +0100", None);
        check("Mon, 02 Mar 2026 09:14:05 +9999", Some((SECONDS + 3_600, 0)));
        check("99999999999999999999 Mar 2026", None);
    }
}
