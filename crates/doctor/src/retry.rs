//! How an account goes on after an error: the class of the error decides, nothing else.

use model::{Activity, UnixMillis};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Kinds of trouble with an account, by what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The name of the server cannot be found.
    Name,
    /// No connection, or it does not last.
    Connect,
    /// No encryption that is to be trusted.
    Tls,
    /// What answers there is no mail server.
    Greeting,
    /// Name or password, or the way of logging in.
    Login,
    /// A person has to allow access again (OAuth2).
    Consent,
    /// A mailbox is refused.
    Folders,
    /// The server cannot be understood.
    Protocol,
    /// The server wants to be left alone for a while.
    Throttled,
    /// The settings cannot be used.
    Settings,
    /// Archive, database or disk here.
    Storage,
    /// A fault of this program.
    Internal,
}

impl ErrorClass {
    /// Word for the API and for texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::Folders => "folders",
            Self::Protocol => "protocol",
            Self::Throttled => "throttled",
            Self::Settings => "settings",
            Self::Storage => "storage",
            Self::Internal => "internal",
        }
    }
}

/// What comes after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// How the account is meanwhile.
    pub activity: Activity,
    /// When it is tried again; `None`: not before a person has done something.
    pub at: Option<UnixMillis>,
}

/// How an account goes on.
///
/// `failures`: in a row, this one among them. `asked_ms`: how long the server wants to be left alone, if it said so
/// ([`wait_ms`]). `jitter`: any number; the low eight bits make a pause up to a quarter longer, so that accounts of one
/// server do not come back at once.
///
/// | class | then | pause |
/// | --- | --- | --- |
/// | name, connect, folders, protocol, storage, internal | backs off | 10 s, doubled each time, 15 min at most |
/// | throttled | throttled | what the server says, 10 s to 24 h; otherwise 1 min, doubled each time, 1 h at most |
/// | tls, greeting, settings | needs settings | 1 h: a certificate may have been renewed there |
/// | login | needs settings | 6 h: more often would lock the account |
/// | consent | needs re-consent | none |
pub fn next(class: ErrorClass, failures: u32, asked_ms: Option<i64>, jitter: u32, now: UnixMillis) -> Next {
    let doubled = |first: i64, most: i64| {
        let times = failures.saturating_sub(1).min(20);
        longer(first.saturating_mul(1 << times).min(most), jitter)
    };
    let (activity, pause) = match class {
        ErrorClass::Name
        | ErrorClass::Connect
        | ErrorClass::Folders
        | ErrorClass::Protocol
        | ErrorClass::Storage
        | ErrorClass::Internal => (Activity::BackingOff, Some(doubled(10 * SECOND, 15 * MINUTE))),
        ErrorClass::Throttled => {
            let pause = match asked_ms {
                Some(asked) => longer(asked.clamp(10 * SECOND, 24 * HOUR), jitter),
                None => doubled(MINUTE, HOUR),
            };
            (Activity::Throttled { until: now.plus_ms(pause) }, Some(pause))
        }
        ErrorClass::Tls | ErrorClass::Greeting | ErrorClass::Settings => {
            (Activity::NeedsSettings, Some(longer(HOUR, jitter)))
        }
        ErrorClass::Login => (Activity::NeedsSettings, Some(longer(6 * HOUR, jitter))),
        ErrorClass::Consent => (Activity::NeedsConsent, None),
    };
    Next { activity, at: pause.map(|pause| now.plus_ms(pause)) }
}

/// Up to a quarter more.
fn longer(pause_ms: i64, jitter: u32) -> i64 {
    pause_ms + pause_ms / 1024 * i64::from(jitter & 0xff)
}

/// Codes by which servers say that later may be better: RFC 5530, RFC 2449 §8, RFC 3206, and those of large providers.
const CODES: [&str; 8] =
    ["UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED", "SERVERBUG", "IN-USE", "LOGIN-DELAY", "SYS/TEMP"];

/// Words of servers that give no code.
const WORDS: [&str; 8] = [
    "throttl",
    "too many",
    "rate limit",
    "retry-after",
    "retry after",
    "try again later",
    "temporarily unavailable",
    "backoff",
];

/// Whether a refusal means "later". `code`: the response code without brackets, in any case.
pub fn is_throttling(code: Option<&str>, words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    code.is_some_and(|code| CODES.iter().any(|known| code.eq_ignore_ascii_case(known)))
        || CODES.iter().any(|known| words.contains(&format!("[{}]", known.to_ascii_lowercase())))
        || WORDS.iter().any(|known| words.contains(known))
}

/// What comes before a number that says how long to wait.
const LEADS: [&str; 8] = [
    "retry-after",
    "retry after",
    "again in",
    "again after",
    "wait",
    "backoff time",
    "back off",
    "login-delay",
];
/// Octets between the lead and the number.
const GAP_MAX: usize = 24;

/// How long the server wants to be left alone, in milliseconds, if its words say so: `Retry-After: 120`, `try again in 5
/// minutes`, `Suggested Backoff Time: 299768 milliseconds`. A number without a unit counts seconds.
pub fn wait_ms(words: &str) -> Option<i64> {
    let words = words.to_ascii_lowercase();
    LEADS.iter().find_map(|lead| {
        let (_, rest) = words.split_once(lead)?;
        let at = rest.find(|c: char| c.is_ascii_digit()).filter(|at| *at <= GAP_MAX)?;
        let digits = &rest[at..];
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let number: i64 = digits[..end].parse().ok()?;
        let unit = digits[end..].trim_start_matches([' ', '-']);
        let factor = match unit {
            unit if unit.starts_with("ms") || unit.starts_with("milli") => 1,
            unit if unit.starts_with("min") => MINUTE,
            unit if unit.starts_with('h') || unit.starts_with("stunde") => HOUR,
            _ => SECOND,
        };
        Some(number.saturating_mul(factor))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [ErrorClass; 12] = [
        ErrorClass::Name,
        ErrorClass::Connect,
        ErrorClass::Tls,
        ErrorClass::Greeting,
        ErrorClass::Login,
        ErrorClass::Consent,
        ErrorClass::Folders,
        ErrorClass::Protocol,
        ErrorClass::Throttled,
        ErrorClass::Settings,
        ErrorClass::Storage,
        ErrorClass::Internal,
    ];

    #[test]
    fn how_long_servers_want_to_be_left_alone() {
        let check = |words: &str, expected: Option<i64>| assert_eq!(wait_ms(words), expected, "{words}");
        check("Retry-After: 120", Some(120_000));
        check("too many connections, try again in 5 minutes", Some(300_000));
        check("Request is throttled. Suggested Backoff Time: 299768 milliseconds", Some(299_768));
        check("please wait 90 seconds", Some(90_000));
        check("try again after 2h", Some(7_200_000));
        check("[LOGIN-DELAY] minimum time between mail checks", None);
        check("wait for the administrator of the house in room 12", None);
        check("wrong password", None);
        check("Retry-After: 99999999999999999999999", None);
    }

    #[test]
    fn what_means_later() {
        let check = |code: Option<&str>, words: &str, expected: bool| {
            assert_eq!(is_throttling(code, words), expected, "{code:?} {words}");
        };
        check(Some("THROTTLED"), "", true);
        check(Some("sys/temp"), "", true);
        check(Some("IN-USE"), "maildrop locked", true);
        check(None, "[LOGIN-DELAY] come back later", true);
        check(None, "Too many simultaneous connections", true);
        check(Some("AUTHENTICATIONFAILED"), "wrong password", false);
        check(None, "no", false);
    }

    #[test]
    fn consent_waits_for_a_person() {
        let next = next(ErrorClass::Consent, 1, None, 0, UnixMillis(5));
        assert_eq!(next, Next { activity: Activity::NeedsConsent, at: None });
    }

    proptest! {
        #[test]
        fn a_pause_is_bounded_and_never_shorter_with_more_failures(
            failures in 1_u32..100, jitter: u32, asked in proptest::option::of(any::<i64>()),
        ) {
            for class in ALL {
                let now = UnixMillis(1_700_000_000_000);
                let (one, more) = (next(class, failures, asked, jitter, now), next(class, failures + 1, asked, jitter, now));
                prop_assert_eq!(one.at.is_none(), class == ErrorClass::Consent);
                if let (Some(one), Some(more)) = (one.at, more.at) {
                    prop_assert!(one.0 - now.0 >= 10 * SECOND && one.0 - now.0 <= 30 * HOUR);
                    prop_assert!(more >= one);
                }
                if let Activity::Throttled { until } = one.activity {
                    prop_assert_eq!(Some(until), one.at);
                }
            }
        }

        #[test]
        fn any_words_are_read(words in ".{0,80}") {
            prop_assert!(wait_ms(&words).is_none_or(|ms| ms >= 0));
        }
    }
}
