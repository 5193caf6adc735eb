//! Times at which so much is brought that it is only made durable, and read when the rush is over: who waits for an answer
//! comes first.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many mails at a time make a rush.
const MAILS: usize = 8;
/// A rush is over when for so long there were fewer.
const PAUSE: Duration = Duration::from_millis(200);
/// After so long reading goes along, however much there is: mail is not to stay unseen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether there is a rush.
#[derive(Default)]
pub(crate) struct Rush(Mutex<Option<Times>>);

#[derive(Clone, Copy)]
struct Times {
    began: Instant,
    last: Instant,
}

impl Rush {
    /// Takes note of `mails` brought at one time; true if they are only to be made durable.
    pub(crate) fn puts_off(&self, mails: usize, now: Instant) -> bool {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rush = times.take().filter(|times| now < times.last + PAUSE);
        if mails >= MAILS {
            *times = Some(Times { began: rush.map_or(now, |rush| rush.began), last: now });
        } else {
            *times = rush;
        }
        times.is_some_and(|times| now < times.began + PATIENCE)
    }

    /// How long to wait at least before what was put off is read; `None` if there is no rush.
    pub(crate) fn rest(&self, now: Instant) -> Option<Duration> {
        let times = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let until = (times.last + PAUSE).min(times.began + PATIENCE);
        until.checked_duration_since(now).filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rush_begins_with_many_and_ends_with_a_pause() {
        let (rush, began) = (Rush::default(), Instant::now());
        assert!(!rush.puts_off(MAILS - 1, began));
        assert_eq!(rush.rest(began), None);
        assert!(rush.puts_off(MAILS, began));
        let soon = began + PAUSE / 2;
        assert!(rush.puts_off(1, soon), "the few that come in between belong to it");
        assert_eq!(rush.rest(soon), Some(PAUSE / 2));
        assert_eq!(rush.rest(began + PAUSE), None);
        assert!(!rush.puts_off(1, began + PAUSE));
    }

    #[test]
    fn a_rush_without_end_is_read_along() {
        let (rush, began) = (Rush::default(), Instant::now());
        let mut now = began;
        while now < began + PATIENCE {
            assert!(rush.puts_off(MAILS, now));
            assert!(rush.rest(now).is_some());
            now += PAUSE / 2;
        }
        assert!(!rush.puts_off(MAILS, now));
        assert_eq!(rush.rest(now), None);
        let after = now + PAUSE;
        assert!(rush.puts_off(MAILS, after), "the next one begins after a pause");
    }
}
