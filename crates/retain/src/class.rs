//! Retention classes and their periods.

use std::ops::RangeInclusive;

use model::Day;

/// From when on a period counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Start {
    /// The day the mail was received.
    Received,
    /// The end of the calendar year in which it was received.
    YearReceived,
    /// The day the document in it bears.
    Document,
    /// The end of the calendar year of that day.
    YearOfDocument,
}

impl Start {
    /// Every start, in the order of their numbers in the database.
    pub const ALL: [Self; 4] = [Self::Received, Self::YearReceived, Self::Document, Self::YearOfDocument];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::YearReceived => "year_received",
            Self::Document => "document",
            Self::YearOfDocument => "year_of_document",
        }
    }

    /// The start of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|start| start.as_str() == word)
    }

    /// Whether the date of the document counts, where there is one.
    pub const fn is_of_document(self) -> bool {
        matches!(self, Self::Document | Self::YearOfDocument)
    }

    const fn is_year_end(self) -> bool {
        matches!(self, Self::YearReceived | Self::YearOfDocument)
    }
}

/// A retention class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its number.
    pub key: i64,
    /// Months it lasts; `None`: without end.
    pub months: Option<u32>,
    /// Months it lasts for banks, insurers and investment firms, where that is longer; `None`: as for everybody.
    pub bank_months: Option<u32>,
    /// From when on it counts.
    pub start: Start,
}

/// Years of assessment that are still open: what is of them does not fall due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Of this class; `None`: of every one.
    pub class: Option<i64>,
    /// Years in which the period would begin to count.
    pub years: RangeInclusive<i32>,
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Up to this day, and with it.
    Day(Day),
    /// The period does not end while an assessment is open.
    Suspended,
    /// Without end.
    Unlimited,
}

/// Classes every installation begins with: word, months, months for banks, start. Source: § 147 AO, § 257 HGB, § 14b `UStG` as of
/// 2025; for applications, the months within which claims by § 15 AGG and § 61b `ArbGG` can be raised, and some for the post.
pub const PRESETS: [(&str, Option<u32>, Option<u32>, Start); 5] = [
    ("letters", Some(72), None, Start::YearReceived),
    ("vouchers", Some(96), Some(120), Start::YearOfDocument),
    ("books", Some(120), None, Start::YearOfDocument),
    ("applications", Some(6), None, Start::Received),
    ("unlimited", None, None, Start::Received),
];

impl Class {
    /// Months it lasts here; `is_bank`: for banks, insurers and investment firms.
    pub fn months(&self, is_bank: bool) -> Option<u32> {
        match (self.months, self.bank_months) {
            (Some(months), Some(longer)) if is_bank => Some(months.max(longer)),
            (months, _) => months,
        }
    }

    /// The last day on which something is kept whose start falls on `day`; `None`: there is none. Suspensions do not count.
    pub fn last_day(&self, is_bank: bool, day: Day) -> Option<Day> {
        let months = self.months(is_bank)?;
        let begin = if self.start.is_year_end() { year_end(day) } else { day };
        Some(begin.plus_months(months))
    }

    /// How long something is kept whose start falls on `day`.
    pub fn until(&self, is_bank: bool, day: Day, suspensions: &[Suspension]) -> Until {
        let Some(last) = self.last_day(is_bank, day) else { return Until::Unlimited };
        if suspensions.iter().any(|suspension| suspension.holds(self.key, day)) {
            return Until::Suspended;
        }
        Until::Day(last)
    }

    /// Whether it may go on `today`, as far as this class is concerned.
    pub fn is_due(&self, is_bank: bool, day: Day, suspensions: &[Suspension], today: Day) -> bool {
        matches!(self.until(is_bank, day, suspensions), Until::Day(last) if last < today)
    }

    /// The last day on which something due `today` can have its start; `None` if nothing can. Suspensions do not count.
    pub fn due_up_to(&self, is_bank: bool, today: Day) -> Option<Day> {
        let months = self.months(is_bank)?;
        // No period is shorter than its months: the answer lies between.
        let (mut low, mut high) = (today.0.saturating_sub((months as i32 + 13).saturating_mul(31)), today.0);
        if !self.ended(is_bank, Day(low), today) {
            return None;
        }
        while low < high {
            let middle = low + (high - low + 1) / 2;
            if self.ended(is_bank, Day(middle), today) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Some(Day(low))
    }

    fn ended(&self, is_bank: bool, day: Day, today: Day) -> bool {
        self.last_day(is_bank, day).is_some_and(|last| last < today)
    }
}

impl Suspension {
    /// Whether it holds something of a class whose start falls on `day`.
    pub fn holds(&self, class: i64, day: Day) -> bool {
        self.class.is_none_or(|only| only == class) && self.years.contains(&day.year())
    }
}

fn year_end(day: Day) -> Day {
    Day::of_date(day.year(), 12, 31).unwrap_or(day)
}

/// Which of several classes keeps longest, each with the day its start falls on; of equals the first.
pub fn longest<'a>(
    is_bank: bool,
    classes: impl IntoIterator<Item = (&'a Class, Day)>,
) -> Option<(&'a Class, Day)> {
    let mut best: Option<(&Class, Day)> = None;
    for (class, day) in classes {
        let longer = best.is_none_or(|(known, of)| {
            match (class.last_day(is_bank, day), known.last_day(is_bank, of)) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(last), Some(so_far)) => last > so_far,
            }
        });
        if longer {
            best = Some((class, day));
        }
    }
    best
}
