//! Notices when the clock was set. All waiting is by the time that passes; only what is written down is by the clock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::UnixMillis;
use store::NewLeaf;

use crate::core::Core;
use crate::error::Result;

/// The clock may be so far off what has passed: it is adjusted all the time, and whoever looks may be late.
const OFF_MAX: Duration = Duration::from_secs(10);

/// When it was looked at last, by both.
#[derive(Default)]
pub(crate) struct ClockSeen(Mutex<Option<(Instant, UnixMillis)>>);

impl ClockSeen {
    /// How far the clock was set since it was looked at last, milliseconds; `None` if it was not, or at the first look.
    fn set_by_ms(&self, passed: Instant, now: UnixMillis) -> Option<i64> {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace((passed, now));
        let (passed_before, then) = before?;
        let expected = i64::try_from(passed.saturating_duration_since(passed_before).as_millis()).ok()?;
        let off = now.0.saturating_sub(then.0).saturating_sub(expected);
        (off.unsigned_abs() > OFF_MAX.as_millis() as u64).then_some(off)
    }
}

/// Looks whether the clock was set, and if so brings back what a clock ahead has put off.
///
/// # Errors
/// Those of the database.
pub(crate) fn look(core: &Core) -> Result<()> {
    let now = core.now();
    let Some(off) = core.clock_seen.set_by_ms(Instant::now(), now) else { return Ok(()) };
    let brought_back = core.store.bring_back(now)?;
    tracing::warn!(clock.set_by_ms = off, due.brought_back = brought_back, "the clock was set");
    let payload = format!("{{\"clock_set_by_ms\":{off}}}");
    let leaf = NewLeaf { kind: ledger::Kind::ClockSet, at: now, subject: None, payload };
    core.store.append_leaves(vec![leaf])?;
    core.examiner_bell.ring();
    core.authenticator_bell.ring();
    Ok(())
}

/// Whether this long has passed since a time that was written down. A time ahead was written by a clock that was wrong:
/// then nobody knows, and it has.
pub(crate) fn has_passed(since: UnixMillis, now: UnixMillis, time: Duration) -> bool {
    u64::try_from(now.0.saturating_sub(since.0)).map_or(true, |ms| Duration::from_millis(ms) >= time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed() {
        let (seen, begun) = (ClockSeen::default(), Instant::now());
        let check = |passed_ms: u64, clock_ms: i64, expected: Option<i64>| {
            let at = begun + Duration::from_millis(passed_ms);
            assert_eq!(seen.set_by_ms(at, UnixMillis(clock_ms)), expected, "{passed_ms} {clock_ms}");
        };
        check(0, 1_000_000, None);
        check(20_000, 1_020_000, None);
        check(40_000, 1_049_000, None);
        check(60_000, 1_000, Some(-1_068_000));
        check(80_000, 21_000, None);
        check(100_000, 86_441_000, Some(86_400_000));
        check(120_000, i64::MIN, Some(i64::MIN));
    }

    #[test]
    fn a_time_ahead_has_passed() {
        let day = Duration::from_hours(24);
        let check = |since, expected| assert_eq!(has_passed(UnixMillis(since), UnixMillis(0), day), expected);
        check(-86_400_000, true);
        check(-86_399_999, false);
        check(0, false);
        check(1, true);
        check(i64::MAX, true);
    }
}
