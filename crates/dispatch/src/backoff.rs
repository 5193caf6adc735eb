//! When what did not go out is tried again.

/// How often, and after which pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Pauses after the first, second, … failure, milliseconds; after the last one it is given up.
    pauses_ms: &'static [i64],
}

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Mails: ten attempts in two days (RFC 5321 §4.5.4.1 asks for four to five days of a relay; a notice is of no use then).
pub const MAIL: Backoff = Backoff {
    pauses_ms: &[
        MINUTE_MS,
        5 * MINUTE_MS,
        15 * MINUTE_MS,
        30 * MINUTE_MS,
        HOUR_MS,
        2 * HOUR_MS,
        4 * HOUR_MS,
        16 * HOUR_MS,
        24 * HOUR_MS,
    ],
};

/// Webhooks: ten attempts in three days, as the Standard Webhooks specification proposes.
pub const WEBHOOK: Backoff = Backoff {
    pauses_ms: &[
        5_000,
        5 * MINUTE_MS,
        30 * MINUTE_MS,
        2 * HOUR_MS,
        5 * HOUR_MS,
        10 * HOUR_MS,
        14 * HOUR_MS,
        20 * HOUR_MS,
        24 * HOUR_MS,
    ],
};

impl Backoff {
    /// The pause after `attempts` failed ones, milliseconds; `None`: given up. Up to a quarter longer by `jitter`, any
    /// number, so that what failed together does not come back together.
    pub fn pause_ms(self, attempts: u32, jitter: u64) -> Option<i64> {
        let at = attempts.checked_sub(1)?;
        let pause = *self.pauses_ms.get(at as usize)?;
        Some(pause + pause / 4 * i64::from(u8::try_from(jitter % 256).unwrap_or(0)) / 256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        for backoff in [MAIL, WEBHOOK] {
            let mut last = 0;
            for attempts in 1..=9 {
                let (least, most) = (backoff.pause_ms(attempts, 0), backoff.pause_ms(attempts, 255));
                assert!(least.unwrap() > last && least < most);
                assert!(most.unwrap() < least.unwrap() * 5 / 4);
                last = least.unwrap();
            }
            assert_eq!((backoff.pause_ms(10, 7), backoff.pause_ms(0, 7)), (None, None));
        }
    }
}
