//! How much of one account is fetched within a day: some providers lock who takes more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::{AccountId, UnixMillis};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What providers allow for one mailbox in a day, octets. Gmail: 2,500 MB by IMAP, for all programs together
/// (support.google.com/a/answer/1071518).
const PROVIDERS: [(&str, u64); 2] =
    [("imap.gmail.com", 2_500_000_000), ("imap.googlemail.com", 2_500_000_000)];
/// Parts in ten of that which are taken; the rest is for the other programs of its owner.
const TENTHS: u64 = 9;

/// What was fetched lately, by account. Kept in memory: a program that begins anew begins to count.
#[derive(Default)]
pub(crate) struct Allowances {
    /// Octets of a setting, for every account.
    most: Option<u64>,
    taken: Mutex<HashMap<AccountId, Taken>>,
}

/// A day begins with the first octet.
#[derive(Clone, Copy)]
struct Taken {
    since: UnixMillis,
    octets: u64,
}

impl Allowances {
    /// `most`: octets of each account in a day; 0: what its provider allows.
    pub(crate) fn new(most: u64) -> Self {
        Self { most: Some(most).filter(|most| *most > 0), ..Self::default() }
    }

    fn octets_max(&self, host: &str) -> Option<u64> {
        let of_provider = PROVIDERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
        of_provider.map(|(_, octets)| octets / 10 * TENTHS).into_iter().chain(self.most).min()
    }

    /// So many octets have come.
    pub(crate) fn add(&self, account: AccountId, host: &str, octets: u64, now: UnixMillis) {
        if self.octets_max(host).is_none() {
            return;
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = taken.entry(account).or_insert(Taken { since: now, octets: 0 });
        if !taken.is_of_today(now) {
            *taken = Taken { since: now, octets: 0 };
        }
        taken.octets = taken.octets.saturating_add(octets);
    }

    /// How long an account has to wait, milliseconds; `None`: it may go on.
    pub(crate) fn wait_ms(&self, account: AccountId, host: &str, now: UnixMillis) -> Option<i64> {
        let most = self.octets_max(host)?;
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = taken.get(&account).filter(|taken| taken.is_of_today(now) && taken.octets >= most)?;
        Some(taken.since.0.saturating_add(DAY_MS).saturating_sub(now.0))
    }
}

impl Taken {
    /// A clock that was set back ends the day, too.
    const fn is_of_today(&self, now: UnixMillis) -> bool {
        let passed = now.0.saturating_sub(self.since.0);
        passed >= 0 && passed < DAY_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_an_end() {
        let (eva, tom) = (AccountId::from_octets([1; 16]), AccountId::from_octets([2; 16]));
        let host = "IMAP.gmail.com";
        let allowances = Allowances::new(0);
        let at = |ms: i64| UnixMillis(1_000 + ms);
        allowances.add(eva, host, 2_249_999_999, at(0));
        assert_eq!(allowances.wait_ms(eva, host, at(1)), None);
        allowances.add(eva, host, 1, at(60_000));
        assert_eq!(allowances.wait_ms(eva, host, at(60_000)), Some(DAY_MS - 60_000));
        assert_eq!(allowances.wait_ms(tom, host, at(60_000)), None);
        assert_eq!(allowances.wait_ms(eva, host, at(DAY_MS)), None);
        assert_eq!(allowances.wait_ms(eva, host, at(-1)), None);
        allowances.add(eva, host, 1, at(DAY_MS));
        assert_eq!(allowances.wait_ms(eva, host, at(DAY_MS)), None);
        // Of others nothing is known.
        allowances.add(tom, "imap.example.org", u64::MAX, at(0));
        assert_eq!(allowances.wait_ms(tom, "imap.example.org", at(0)), None);
    }

    #[test]
    fn a_setting_is_for_all_and_never_more() {
        let eva = AccountId::from_octets([1; 16]);
        assert_eq!(Allowances::new(100).octets_max("imap.example.org"), Some(100));
        assert_eq!(Allowances::new(u64::MAX).octets_max("imap.gmail.com"), Some(2_250_000_000));
        let allowances = Allowances::new(100);
        allowances.add(eva, "imap.example.org", 100, UnixMillis(0));
        assert_eq!(allowances.wait_ms(eva, "imap.example.org", UnixMillis(0)), Some(DAY_MS));
    }
}
