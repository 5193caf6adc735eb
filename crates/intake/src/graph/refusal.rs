//! What an answer means that is no success.

use connect::FetchError;
use connect::oauth::Needs;

use super::json;
use crate::imap::{During, ImapError};
use crate::sasl::NoToken;

/// The server said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The service's own word, such as `ErrorItemNotFound`.
    pub(crate) code: String,
    pub(crate) words: String,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

/// A request that did not succeed.
#[derive(Debug)]
pub(crate) enum Trouble {
    Refused(Refusal),
    Error(ImapError),
}

impl From<ImapError> for Trouble {
    fn from(error: ImapError) -> Self {
        Self::Error(error)
    }
}

impl From<Trouble> for ImapError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(refusal) => refusal.into_error(),
            Trouble::Error(error) => error,
        }
    }
}

/// Codes with which the service says that a link it gave is good no more, whatever the status.
const EXPIRED_CODES: [&str; 4] =
    ["syncStateNotFound", "syncStateInvalid", "resyncRequired", "ErrorInvalidSyncStateData"];

impl Refusal {
    pub(crate) fn read(status: u16, retry_after: Option<&str>, body: &[u8]) -> Self {
        let (code, words) = json::refusal(body);
        // RFC 9110 §10.2.3 allows a date as well; the service sends seconds.
        let retry_after = retry_after.and_then(|value| value.trim().parse().ok());
        Self { status, code, words, retry_after }
    }

    /// There is no such thing (any more).
    pub(crate) fn is_missing(&self) -> bool {
        self.status == 404
    }

    /// The link is good no more: everything is to be asked for again.
    pub(crate) fn is_expired(&self) -> bool {
        self.status == 410 || EXPIRED_CODES.iter().any(|code| self.code.eq_ignore_ascii_case(code))
    }

    pub(crate) fn is_throttling(&self) -> bool {
        matches!(self.status, 429 | 509) || (self.status == 503 && self.retry_after.is_some())
    }

    /// It is about more than what was asked for.
    pub(crate) fn is_of_account(&self) -> bool {
        self.is_throttling() || self.status == 401
    }

    /// The server has trouble of its own.
    pub(crate) fn is_of_server(&self) -> bool {
        self.status >= 500
    }

    pub(crate) fn said(&self) -> String {
        match (self.code.as_str(), self.words.as_str()) {
            ("", "") => String::new(),
            (code, "") => code.to_owned(),
            ("", words) => words.to_owned(),
            (code, words) => format!("{code}: {words}"),
        }
    }

    pub(crate) fn into_error(self) -> ImapError {
        let words = self.said();
        match self.status {
            _ if self.is_throttling() => ImapError::Throttled { seconds: self.retry_after, words },
            401 => ImapError::NoToken(NoToken { needs: Needs::Consent, words }),
            403 => ImapError::Forbidden { words },
            status => ImapError::Status { status, words },
        }
    }
}

/// What broke on the way.
pub(crate) fn broken(error: FetchError, during: During) -> ImapError {
    match error {
        FetchError::Connect(error) => ImapError::Connect(error),
        FetchError::Timeout { seconds } => ImapError::Timeout { during, seconds },
        FetchError::Foreign { host } => ImapError::Foreign { host },
        FetchError::Http(_) => ImapError::Broken { during, source: error.into_io() },
        other => ImapError::Protocol { what: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_says_who_can_help() {
        let check = |status: u16, retry_after: Option<&str>, body: &str, expected: &str| {
            let error = Refusal::read(status, retry_after, body.as_bytes()).into_error();
            let found = format!("{} {}", error.key(), error.is_transient());
            assert_eq!(found, expected, "{status} {body}");
        };
        let body = r#"{"error":{"code":"ErrorAccessDenied","message":"Access is denied."}}"#;
        check(429, Some("30"), "", "graph-throttled true");
        check(429, None, "", "graph-throttled true");
        check(503, Some("5"), "", "graph-throttled true");
        check(503, None, "", "graph-status true");
        check(500, None, "<html>", "graph-status true");
        check(401, None, body, "imap-no-token false");
        check(403, None, body, "graph-forbidden false");
        check(400, None, body, "graph-status false");
        check(302, None, "", "graph-status false");
    }

    #[test]
    fn waits_and_words() {
        let throttled = Refusal::read(429, Some(" 17 "), br#"{"error":{"code":"TooManyRequests"}}"#);
        assert_eq!((throttled.retry_after, throttled.said().as_str()), (Some(17), "TooManyRequests"));
        assert_eq!(Refusal::read(429, Some("Sun, 06 Nov 2026 08:49:37 GMT"), b"").retry_after, None);
        let check = |status: u16, code: &str, expected: bool| {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
            assert_eq!(
                Refusal::read(status, None, body.as_bytes()).is_expired(),
                expected,
                "{status} {code}"
            );
        };
        check(410, "", true);
        check(400, "SyncStateNotFound", true);
        check(404, "ErrorItemNotFound", false);
    }
}
