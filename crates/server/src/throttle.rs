//! Slows down whoever guesses passwords or the set-up code.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::UnixMillis;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Tries for one login from one address.
    Login(String, IpAddr),
    /// Tries from one address for whatever login.
    Address(IpAddr),
    /// Wrong tokens of programs from one address.
    Token(IpAddr),
    /// Heads that were not confirmed, from one address.
    Witness(IpAddr),
    /// Tries for the set-up code from anywhere: 40 random bits do not stand more.
    SetupCode,
}

impl Key {
    /// Tries without waiting.
    const fn free(&self) -> u32 {
        match self {
            Self::Login(..) => 5,
            Self::Address(_) | Self::Token(_) | Self::Witness(_) => 30,
            Self::SetupCode => 10,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Count {
    tries: u32,
    last: UnixMillis,
    closed_until: UnixMillis,
}

/// Counts tries in memory; a restart forgets them.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Key, Count>>);

/// First wait; each further try doubles it.
const FIRST_WAIT_MS: i64 = 15_000;
/// Longest wait.
const LONGEST_WAIT_MS: i64 = 15 * 60_000;
/// Tries this long ago do not count.
const FORGET_MS: i64 = 60 * 60_000;
/// Most keys remembered; beyond, the oldest go.
const KEYS_MAX: usize = 10_000;

impl Throttle {
    /// Counts a try, before it is known how it ends, so that many at the same time do not slip through.
    ///
    /// # Errors
    /// How long to wait, if one of the keys is closed. Then nothing is counted.
    pub(crate) fn begin(&self, keys: &[Key], now: UnixMillis) -> Result<(), Duration> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let closed_until =
            keys.iter().filter_map(|key| counts.get(key)).map(|count| count.closed_until).max();
        if let Some(until) = closed_until.filter(|until| *until > now) {
            return Err(Duration::from_millis(until.0.saturating_sub(now.0).unsigned_abs()));
        }
        for key in keys {
            let count = counts.entry(key.clone()).or_insert(Count { tries: 0, last: now, closed_until: now });
            if now.0.saturating_sub(count.last.0) > FORGET_MS {
                count.tries = 0;
            }
            count.tries += 1;
            count.last = now;
            if let Some(over) = count.tries.checked_sub(key.free()) {
                let wait = FIRST_WAIT_MS
                    .checked_shl(over)
                    .map_or(LONGEST_WAIT_MS, |ms| ms.clamp(FIRST_WAIT_MS, LONGEST_WAIT_MS));
                count.closed_until = now.plus_ms(wait);
            }
        }
        if counts.len() > KEYS_MAX {
            forget_oldest(&mut counts);
        }
        Ok(())
    }

    /// The try was right: what it had counted for these keys is forgotten.
    pub(crate) fn succeeded(&self, keys: &[Key]) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            counts.remove(key);
        }
    }
}

/// A minute of requests, counted from the first.
const MINUTE_MS: i64 = 60_000;
/// Requests with one token in a minute; batches bring many records in one.
const REQUESTS_MAX: u32 = 3000;

/// Counts requests of programs, by the digest of their token, in memory.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<[u8; 32], (UnixMillis, u32)>>);

impl Rates {
    /// Counts a request.
    ///
    /// # Errors
    /// How long to wait, if there were too many within the minute.
    pub(crate) fn count(&self, token: [u8; 32], now: UnixMillis) -> Result<(), Duration> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = |since: UnixMillis| now.0.saturating_sub(since.0);
        if counts.len() > KEYS_MAX {
            counts.retain(|_, (since, _)| (0..MINUTE_MS).contains(&passed(*since)));
        }
        let (since, requests) = counts.entry(token).or_insert((now, 0));
        if !(0..MINUTE_MS).contains(&passed(*since)) {
            (*since, *requests) = (now, 0);
        }
        if *requests >= REQUESTS_MAX {
            return Err(Duration::from_millis((MINUTE_MS - passed(*since)).unsigned_abs()));
        }
        *requests += 1;
        Ok(())
    }
}

fn forget_oldest(counts: &mut HashMap<Key, Count>) {
    let mut times: Vec<UnixMillis> = counts.values().map(|count| count.last).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    counts.retain(|_, count| count.last > middle);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn login(name: &str) -> [Key; 2] {
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        [Key::Login(name.to_owned(), address), Key::Address(address)]
    }

    #[test]
    fn waits_grow_after_five_tries_and_end() {
        let throttle = Throttle::default();
        for at in 0..5 {
            assert_eq!(throttle.begin(&login("a"), UnixMillis(at)), Ok(()));
        }
        assert_eq!(throttle.begin(&login("a"), UnixMillis(4)), Err(Duration::from_secs(15)));
        assert_eq!(throttle.begin(&login("b"), UnixMillis(4)), Ok(()));
        assert_eq!(throttle.begin(&login("a"), UnixMillis(15_004)), Ok(()));
        assert_eq!(throttle.begin(&login("a"), UnixMillis(15_004)), Err(Duration::from_secs(30)));
        for day in 1..100 {
            let now = UnixMillis(day * 1_000_000);
            let _ = throttle.begin(&login("a"), now);
            assert!(throttle.begin(&login("a"), now).unwrap_err() <= Duration::from_mins(15));
        }
    }

    #[test]
    fn success_forgets_the_login_but_not_the_address() {
        let throttle = Throttle::default();
        for at in 0..100 {
            let name = format!("user {at}");
            if throttle.begin(&login(&name), UnixMillis(at)).is_err() {
                assert_eq!(at, 30);
                return;
            }
            throttle.succeeded(&login(&name)[..1]);
        }
        panic!("one address tried a hundred logins");
    }

    #[test]
    fn a_program_may_ask_so_often_in_a_minute() {
        let rates = Rates::default();
        for _ in 0..REQUESTS_MAX {
            assert_eq!(rates.count([1; 32], UnixMillis(500)), Ok(()));
        }
        assert_eq!(rates.count([1; 32], UnixMillis(10_500)), Err(Duration::from_secs(50)));
        assert_eq!(rates.count([2; 32], UnixMillis(10_500)), Ok(()));
        assert_eq!(rates.count([1; 32], UnixMillis(60_500)), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for at in 0..30_000 {
            let _ = throttle
                .begin(&[Key::Login(at.to_string(), IpAddr::V4(Ipv4Addr::LOCALHOST))], UnixMillis(at));
        }
        assert!(throttle.0.lock().unwrap().len() <= KEYS_MAX + 1);
    }
}
