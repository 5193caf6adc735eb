//! Whether a bucket locks what is written into it (S3 Object Lock).

use crate::error::element;

/// What a bucket says of locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Each new object is locked for a time.
    Held {
        /// `COMPLIANCE`: nobody can end it; `GOVERNANCE`: who has a special right can.
        mode: String,
        /// For how long.
        days: u64,
    },
    /// Locks are possible, but none is put on new objects by itself.
    NoDefault,
    /// The bucket has none.
    Off,
    /// It does not tell, or not this key.
    Unknown {
        /// Its words.
        why: String,
    },
}

/// From the answer to `GET ?object-lock`.
pub(crate) fn of(status: u16, body: &str) -> Lock {
    if status != 200 {
        let code = element(body, "Code").unwrap_or_default();
        if code == "ObjectLockConfigurationNotFoundError" {
            return Lock::Off;
        }
        let why = if code.is_empty() { format!("HTTP {status}") } else { code.to_owned() };
        return Lock::Unknown { why };
    }
    if element(body, "ObjectLockEnabled") != Some("Enabled") {
        return Lock::Off;
    }
    let number = |name| element(body, name).and_then(|text| text.parse::<u64>().ok());
    let years = number("Years").map(|years| years.saturating_mul(365));
    let days = number("Days").filter(|days| *days > 0).or(years).filter(|days| *days > 0);
    match (element(body, "Mode"), days) {
        (Some(mode), Some(days)) => Lock::Held { mode: mode.to_owned(), days },
        _ => Lock::NoDefault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_buckets_say() {
        let held = "<ObjectLockConfiguration xmlns=\"x\"><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>\
            <DefaultRetention><Mode>COMPLIANCE</Mode><Years>10</Years></DefaultRetention></Rule></ObjectLockConfiguration>";
        assert_eq!(of(200, held), Lock::Held { mode: "COMPLIANCE".into(), days: 3650 });
        let bare = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
        assert_eq!(of(200, bare), Lock::NoDefault);
        let none = "<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>";
        assert_eq!(of(404, none), Lock::Off);
        assert_eq!(
            of(403, "<Error><Code>AccessDenied</Code></Error>"),
            Lock::Unknown { why: "AccessDenied".into() }
        );
        assert_eq!(of(501, "?"), Lock::Unknown { why: "HTTP 501".into() });
    }
}
