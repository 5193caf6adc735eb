//! Whether an account is unusually quiet: what came in the last hours, against the same hours of the weeks before.
//!
//! Robust: the middle of the weeks and the spread around it (median, median absolute deviation) do not move for a week of
//! holidays or a flood. An account with little mail never alarms: silence is its habit.

use model::UnixMillis;

const HOUR_MS: i64 = 3_600_000;
const WEEK_HOURS: i64 = 168;
/// Weeks looked back.
pub const WEEKS: usize = 8;
/// Fewer complete weeks than this say nothing.
const WEEKS_MIN: usize = 4;
/// Lengths looked at, hours.
const WINDOWS: [i64; 6] = [3, 6, 12, 24, 72, WEEK_HOURS];
/// So many spreads below the middle are unusual.
const SPREADS: f64 = 4.0;
/// Median absolute deviation to standard deviation.
const MAD_SCALE: f64 = 1.4826;

/// Why an account counts as quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Length looked at, hours.
    pub hours: u32,
    /// Mails in it.
    pub found: u64,
    /// Mails in the same hours of the weeks before, the middle one.
    pub usual: u64,
    /// The week with the fewest.
    pub least: u64,
    /// Weeks compared.
    pub weeks: u32,
    /// Begin of the hours.
    pub since: UnixMillis,
}

/// Judges an account. `None`: as usual, too little mail, or too little history.
///
/// `arrivals`: begin of an hour in any order, and mails in it; hours without mail may be missing. `known_since`: before this
/// nothing is known. Only whole hours before `now` count.
pub fn quiet(arrivals: &[(UnixMillis, u64)], known_since: UnixMillis, now: UnixMillis) -> Option<Quiet> {
    let end = now.0.div_euclid(HOUR_MS);
    let first = known_since.0.div_euclid(HOUR_MS) + 1;
    let mut hours: Vec<(i64, u64)> = arrivals.iter().map(|(at, n)| (at.0.div_euclid(HOUR_MS), *n)).collect();
    hours.sort_unstable();
    let sum = |from: i64, to: i64| -> u64 {
        let (from, to) =
            (hours.partition_point(|(hour, _)| *hour < from), hours.partition_point(|(hour, _)| *hour < to));
        hours[from..to.max(from)].iter().map(|(_, n)| *n).fold(0, u64::saturating_add)
    };
    WINDOWS.iter().find_map(|length| {
        let begin = end - length;
        let before: Vec<u64> = (1..=WEEKS as i64)
            .take_while(|week| begin - week * WEEK_HOURS >= first)
            .map(|week| sum(begin - week * WEEK_HOURS, end - week * WEEK_HOURS))
            .collect();
        let found = sum(begin, end);
        let (usual, least) = unusual(found, &before)?;
        Some(Quiet {
            hours: u32::try_from(*length).unwrap_or(u32::MAX),
            found,
            usual,
            least,
            weeks: before.len() as u32,
            since: UnixMillis(begin.saturating_mul(HOUR_MS)),
        })
    })
}

/// Middle and smallest of the weeks before, if this one is far below.
fn unusual(found: u64, before: &[u64]) -> Option<(u64, u64)> {
    if before.len() < WEEKS_MIN {
        return None;
    }
    let mut sorted = before.to_vec();
    let usual = median(&mut sorted);
    let least = *sorted.first()?;
    // One week may have been a holiday.
    let second = *sorted.get(1)?;
    let mut away: Vec<u64> = sorted.iter().map(|n| n.abs_diff(usual)).collect();
    let spread = (median(&mut away) as f64 * MAD_SCALE).max((usual as f64).sqrt());
    let is_far = (found as f64) < usual as f64 - SPREADS * spread;
    (is_far && found < second / 2).then_some((usual, least))
}

/// The lower middle; sorts.
fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_790_000_000_000);
    const LONG_AGO: UnixMillis = UnixMillis(0);

    fn hour(back: i64) -> UnixMillis {
        UnixMillis((NOW.0.div_euclid(HOUR_MS) - back) * HOUR_MS)
    }

    #[test]
    fn a_busy_account_falls_silent() {
        let history: Vec<(UnixMillis, u64)> = (4..=9 * WEEK_HOURS).map(|back| (hour(back), 10)).collect();
        let quiet = quiet(&history, LONG_AGO, NOW).unwrap();
        assert_eq!((quiet.hours, quiet.found, quiet.usual, quiet.least, quiet.weeks), (3, 0, 30, 30, 8));
    }

    #[test]
    fn nights_and_weekends_are_quiet_as_always() {
        // Mail comes in one hour of the week only, half a week ago.
        let history: Vec<(UnixMillis, u64)> =
            (0..9).map(|week| (hour(84 + week * WEEK_HOURS), 500)).collect();
        assert_eq!(quiet(&history, LONG_AGO, NOW), None);
    }

    #[test]
    fn one_week_of_holidays_does_not_hide_it() {
        let history: Vec<(UnixMillis, u64)> = (25..=9 * WEEK_HOURS)
            .filter(|back| !(2 * WEEK_HOURS..3 * WEEK_HOURS).contains(back))
            .map(|back| (hour(back), 3))
            .collect();
        assert!(quiet(&history, LONG_AGO, NOW).is_some());
    }

    proptest! {
        #[test]
        fn little_mail_never_alarms(history in prop::collection::vec((1_i64..1600, 1_u64..2), 0..100)) {
            // At most 100 mails in nine weeks, one at a time: no window of a week holds enough in the middle week.
            let sparse: Vec<(UnixMillis, u64)> = history.iter().map(|(back, n)| (hour(*back), *n)).collect();
            let weekly = |week: i64| history.iter().filter(|(back, _)| (back - 1) / WEEK_HOURS == week).count();
            prop_assume!((1..9).all(|week| weekly(week) <= 16));
            prop_assert_eq!(quiet(&sparse, LONG_AGO, NOW), None);
        }

        #[test]
        fn half_of_what_all_weeks_but_one_had_is_not_quiet(
            weeks in prop::collection::vec(0_u64..1000, 4..=8), more in 0_u64..50,
        ) {
            let mut sorted = weeks.clone();
            sorted.sort_unstable();
            prop_assert_eq!(unusual(sorted[1] / 2 + more, &weeks), None);
        }

        #[test]
        fn less_mail_is_never_less_quiet(weeks in prop::collection::vec(0_u64..1000, 4..=8), found in 1_u64..500) {
            if unusual(found, &weeks).is_some() {
                prop_assert!(unusual(found - 1, &weeks).is_some());
            }
        }

        #[test]
        fn the_order_of_weeks_does_not_matter(weeks in prop::collection::vec(0_u64..1000, 4..=8), found in 0_u64..500) {
            let mut turned = weeks.clone();
            turned.reverse();
            prop_assert_eq!(unusual(found, &weeks), unusual(found, &turned));
        }

        #[test]
        fn steady_mail_that_stops_alarms(each in 20_u64..10_000, weeks in 4_usize..=8) {
            prop_assert!(unusual(0, &vec![each; weeks]).is_some());
        }

        #[test]
        fn a_short_history_says_nothing(weeks in prop::collection::vec(0_u64..1000, 0..4)) {
            prop_assert_eq!(unusual(0, &weeks), None);
        }
    }
}
