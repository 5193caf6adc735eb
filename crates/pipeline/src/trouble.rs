//! What kind of trouble an error is for an account.

use connect::oauth::Needs;
use doctor::{ErrorClass, is_throttling, wait_ms};
use intake::imap::{Class, ImapError};
use model::UnixMillis;
use store::AccountError;

use crate::error::Error;

/// The class of an error; it alone decides what comes next ([`doctor::next`]).
pub(crate) fn class(error: &Error) -> ErrorClass {
    match error.root() {
        Error::Fetch(error) => of_server(error),
        Error::Allowance { .. } => ErrorClass::Throttled,
        Error::Settings { .. } | Error::NotFetched { .. } | Error::Sealed(_) | Error::Key(_) => {
            ErrorClass::Settings
        }
        Error::Archive(_) | Error::Store(_) | Error::Io { .. } | Error::Index(_) => ErrorClass::Storage,
        _ => ErrorClass::Internal,
    }
}

fn of_server(error: &ImapError) -> ErrorClass {
    if is_later(error) {
        return ErrorClass::Throttled;
    }
    let is_transient = error.is_transient();
    if let ImapError::NoToken(no_token) = error {
        return match no_token.needs {
            Needs::Retry => ErrorClass::Connect,
            Needs::Consent | Needs::AdminConsent => ErrorClass::Consent,
            Needs::Settings => ErrorClass::Settings,
        };
    }
    match error {
        ImapError::Forbidden { .. } => return ErrorClass::Settings,
        ImapError::Status { status: 500.., .. } => return ErrorClass::Connect,
        _ => {}
    }
    match error.class() {
        Class::Name if is_transient => ErrorClass::Name,
        Class::Connect | Class::Tls | Class::Greeting if is_transient => ErrorClass::Connect,
        Class::Closed | Class::Timeout => ErrorClass::Connect,
        Class::Name | Class::Connect => ErrorClass::Settings,
        Class::Tls => ErrorClass::Tls,
        Class::Greeting => ErrorClass::Greeting,
        Class::Login => ErrorClass::Login,
        Class::Refused => ErrorClass::Folders,
        Class::Protocol => ErrorClass::Protocol,
        _ => ErrorClass::Internal,
    }
}

/// Whether the server says that later may be better.
fn is_later(error: &ImapError) -> bool {
    match error {
        ImapError::Throttled { .. } => true,
        ImapError::LoginRefused { code, words } | ImapError::Refused { code, words, is_bad: false, .. } => {
            is_throttling(code.as_deref(), words)
        }
        ImapError::Greeting { words, is_bye: true, .. } | ImapError::Bye { words } => {
            is_throttling(None, words)
        }
        _ => false,
    }
}

/// How long the server wants to be left alone, milliseconds, if it says so.
pub(crate) fn asked_ms(error: &Error) -> Option<i64> {
    match error.root() {
        Error::Fetch(ImapError::Throttled { seconds: Some(seconds), .. }) => {
            Some(i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1000))
        }
        Error::Allowance { wait_ms } => Some(*wait_ms),
        Error::Fetch(error) => wait_ms(error.words()?),
        _ => None,
    }
}

/// What is noted with the account: the server's own words where there are any.
pub(crate) fn noted(error: &Error, before: Option<&AccountError>, now: UnixMillis) -> AccountError {
    let text = match error.root() {
        Error::Fetch(error) => error.words().map_or_else(|| crate::chain(error), str::to_owned),
        other => crate::chain(other),
    };
    AccountError {
        class: class(error).as_str().to_owned(),
        text,
        since: before.map_or(now, |before| before.since),
    }
}

#[cfg(test)]
mod tests {
    use intake::NoToken;

    use super::*;

    fn refused(code: &str, words: &str) -> Error {
        let code = (!code.is_empty()).then(|| code.to_owned());
        Error::Fetch(ImapError::LoginRefused { code, words: words.to_owned() })
    }

    #[test]
    fn answers_of_servers() {
        let check = |code: &str, words: &str, expected: ErrorClass, ms: Option<i64>| {
            let error = refused(code, words);
            assert_eq!((class(&error), asked_ms(&error)), (expected, ms), "{code} {words}");
        };
        check("AUTHENTICATIONFAILED", "wrong password", ErrorClass::Login, None);
        check("THROTTLED", "try again in 5 minutes", ErrorClass::Throttled, Some(300_000));
        check("UNAVAILABLE", "backend down", ErrorClass::Throttled, None);
        check("LIMIT", "Too many connections", ErrorClass::Throttled, None);
        check("SYS/TEMP", "later", ErrorClass::Throttled, None);
        check("IN-USE", "locked", ErrorClass::Throttled, None);
        check("LOGIN-DELAY", "wait 60 seconds", ErrorClass::Throttled, Some(60_000));
        check("", "Retry-After: 30", ErrorClass::Throttled, Some(30_000));
    }

    #[test]
    fn answers_of_http() {
        let check = |error: ImapError, expected: ErrorClass, ms: Option<i64>| {
            let error = Error::Fetch(error);
            assert_eq!((class(&error), asked_ms(&error)), (expected, ms), "{error}");
        };
        let words = String::new;
        check(
            ImapError::Throttled { seconds: Some(17), words: words() },
            ErrorClass::Throttled,
            Some(17_000),
        );
        check(ImapError::Throttled { seconds: None, words: words() }, ErrorClass::Throttled, None);
        check(ImapError::Forbidden { words: "ErrorAccessDenied".into() }, ErrorClass::Settings, None);
        check(ImapError::Status { status: 502, words: words() }, ErrorClass::Connect, None);
        check(ImapError::Status { status: 400, words: words() }, ErrorClass::Protocol, None);
        check(ImapError::Foreign { host: "evil.example".into() }, ErrorClass::Protocol, None);
    }

    #[test]
    fn what_needs_a_person() {
        let none = |needs| Error::Fetch(ImapError::NoToken(NoToken { needs, words: "no".into() }));
        assert_eq!(class(&none(Needs::Consent)), ErrorClass::Consent);
        assert_eq!(class(&none(Needs::AdminConsent)), ErrorClass::Consent);
        assert_eq!(class(&none(Needs::Settings)), ErrorClass::Settings);
        assert_eq!(class(&none(Needs::Retry)), ErrorClass::Connect);
        let settings = Error::Settings { name: "a".into(), reason: "no password".into() };
        assert_eq!(class(&settings), ErrorClass::Settings);
        let bye = Error::Fetch(ImapError::Bye { words: "Too many connections from this address".into() });
        assert_eq!(class(&bye), ErrorClass::Throttled);
    }
}
