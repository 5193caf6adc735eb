//! Counts of what was found, by kind, account, year and attachment.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{AccountId, Kind, Scope};
use tantivy::SegmentReader;
use tantivy::columnar::Column;

use crate::schema::{FLAG_ATTACHMENT, column};

/// How many of the messages found are of each sort; sorts without any are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// By kind, most first.
    pub kinds: Vec<(Kind, u64)>,
    /// By account, of those in the scope only, most first. A message may lie in several.
    pub accounts: Vec<(AccountId, u64)>,
    /// By year in the user's zone, newest first.
    pub years: Vec<(i16, u64)>,
    /// With at least one attachment.
    pub has_attachment: u64,
}

const KINDS: usize = 32;
const FIRST_YEAR: i16 = 1970;
const YEARS: usize = 131;

/// Where years begin in a zone, milliseconds.
#[derive(Clone)]
pub(crate) struct Years(Vec<i64>);

impl Years {
    pub(crate) fn of(zone: &TimeZone) -> Self {
        let start = |year| {
            let day = Date::new(year, 1, 1).ok()?;
            Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
        };
        Self((0..YEARS as i16).map(|n| start(FIRST_YEAR + n).unwrap_or(i64::MAX)).collect())
    }

    /// Number of the year from the first; what lies outside counts as the first or last.
    fn number(&self, date: i64) -> usize {
        // Mean length of a year; the clocks of the zone may put it one off.
        let guess = (date / 31_556_952_000).clamp(0, YEARS as i64 - 1) as usize;
        if self.0[guess] > date {
            guess.saturating_sub(1)
        } else if self.0.get(guess + 1).is_some_and(|next| *next <= date) {
            guess + 1
        } else {
            guess
        }
    }
}

/// Accounts of the messages of a segment, as the scope sees them.
pub(crate) struct Accounts {
    ords: Column<u64>,
    /// By ordinal: the account, if it may be seen.
    visible: Vec<Option<AccountId>>,
    all_visible: bool,
}

impl Accounts {
    pub(crate) fn of(reader: &SegmentReader, scope: &Scope) -> tantivy::Result<Option<Self>> {
        let Some(bytes) = reader.fast_fields().bytes(column::ACCOUNT)? else { return Ok(None) };
        let mut visible = Vec::with_capacity(bytes.num_terms());
        let mut octets = Vec::new();
        for ord in 0..bytes.num_terms() as u64 {
            octets.clear();
            bytes.ord_to_bytes(ord, &mut octets)?;
            let account = <[u8; 16]>::try_from(octets.as_slice()).ok().map(AccountId::from_octets);
            visible.push(account.filter(|account| scope.allows(*account)));
        }
        let all_visible = visible.iter().all(Option::is_some);
        Ok(Some(Self { ords: bytes.ords().clone(), visible, all_visible }))
    }

    /// A message of which no copy may be seen is not there.
    pub(crate) fn allow(&self, doc: u32) -> bool {
        let seen = |ord: u64| self.visible.get(ord as usize).is_some_and(Option::is_some);
        let mut ords = self.ords.values_for_doc(doc);
        if self.all_visible { ords.next().is_some() } else { ords.any(seen) }
    }
}

/// Counts of one segment.
pub(crate) struct Counts {
    kinds: [u64; KINDS],
    years: Vec<u64>,
    accounts: Vec<u64>,
    has_attachment: u64,
    starts: Years,
}

impl Counts {
    pub(crate) fn new(starts: &Years, accounts: Option<&Accounts>) -> Self {
        Self {
            kinds: [0; KINDS],
            years: vec![0; YEARS],
            accounts: vec![0; accounts.map_or(0, |accounts| accounts.visible.len())],
            has_attachment: 0,
            starts: starts.clone(),
        }
    }

    pub(crate) fn count(&mut self, doc: u32, flags: u64, date: i64, accounts: Option<&Accounts>) {
        self.kinds[flags as usize % KINDS] += 1;
        self.has_attachment += u64::from(flags & FLAG_ATTACHMENT != 0);
        self.years[self.starts.number(date)] += 1;
        if let Some(accounts) = accounts {
            for ord in accounts.ords.values_for_doc(doc) {
                self.accounts[ord as usize] += 1;
            }
        }
    }

    /// The same by account instead of its number in the segment; only those that may be seen.
    pub(crate) fn sum(self, accounts: Option<&Accounts>) -> Sum {
        let mut sum = Sum {
            kinds: self.kinds,
            years: self.years,
            accounts: BTreeMap::new(),
            has_attachment: self.has_attachment,
        };
        for (account, count) in accounts.iter().flat_map(|accounts| &accounts.visible).zip(self.accounts) {
            if let Some(account) = account.filter(|_| count > 0) {
                sum.accounts.insert(*account.octets(), count);
            }
        }
        sum
    }
}

/// Counts of all segments.
#[derive(Default)]
pub(crate) struct Sum {
    kinds: [u64; KINDS],
    years: Vec<u64>,
    accounts: BTreeMap<[u8; 16], u64>,
    has_attachment: u64,
}

impl Sum {
    /// Adds the counts of another segment.
    pub(crate) fn merge(&mut self, other: Self) {
        for (of_all, of_one) in self.kinds.iter_mut().zip(other.kinds) {
            *of_all += of_one;
        }
        self.years.resize(YEARS, 0);
        for (of_all, of_one) in self.years.iter_mut().zip(other.years) {
            *of_all += of_one;
        }
        self.has_attachment += other.has_attachment;
        for (account, count) in other.accounts {
            *self.accounts.entry(account).or_default() += count;
        }
    }

    pub(crate) fn facets(self) -> Facets {
        let mut kinds: Vec<(Kind, u64)> =
            Kind::ALL.into_iter().zip(self.kinds).filter(|(_, count)| *count > 0).collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut accounts: Vec<(AccountId, u64)> = self
            .accounts
            .into_iter()
            .map(|(octets, count)| (AccountId::from_octets(octets), count))
            .collect();
        accounts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let years = (FIRST_YEAR..).zip(self.years).filter(|(_, count)| *count > 0).collect::<Vec<_>>();
        Facets {
            kinds,
            accounts,
            years: years.into_iter().rev().collect(),
            has_attachment: self.has_attachment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_begin_where_the_user_is() {
        let years = Years::of(&TimeZone::get("Europe/Berlin").unwrap());
        for (time, year) in [
            ("2025-12-31T22:59:59.999Z", 2025),
            ("2025-12-31T23:00:00Z", 2026),
            ("1970-06-01T00:00:00Z", 1970),
            ("1969-06-01T00:00:00Z", 1970),
            ("2100-06-01T00:00:00Z", 2100),
            ("2300-06-01T00:00:00Z", 2100),
        ] {
            let date = time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            assert_eq!(FIRST_YEAR + years.number(date) as i16, year, "{time}");
        }
    }
}
