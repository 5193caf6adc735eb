//! Why there is no token, by who can help.

use std::time::Duration;

use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{DeviceCodeErrorResponse, ErrorResponse, RequestTokenError};

use crate::{FetchError, TrustError};

/// Who or what can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Time: the same again later.
    Retry,
    /// A person who consents anew.
    Consent,
    /// An administrator of the mail organisation who consents for everybody.
    AdminConsent,
    /// Other settings: client id, secret, scopes, addresses.
    Settings,
}

impl Needs {
    /// `retry`, `consent`, `admin_consent` or `settings`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Consent => "consent",
            Self::AdminConsent => "admin_consent",
            Self::Settings => "settings",
        }
    }

    /// The reverse of [`Needs::as_str`]; an unknown word is [`Needs::Settings`].
    pub fn from_word(word: &str) -> Self {
        match word {
            "retry" => Self::Retry,
            "consent" => Self::Consent,
            "admin_consent" => Self::AdminConsent,
            _ => Self::Settings,
        }
    }
}

/// No token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OauthError {
    /// No answer.
    #[error("no answer of the sign-in service")]
    Fetch(#[from] FetchError),
    /// The service has trouble of its own, or too much to do.
    #[error("the sign-in service answered {status}")]
    Unavailable {
        /// HTTP status: 429 or above 499.
        status: u16,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The grant is good no more, or the person has to prove who they are again (RFC 6749 §5.2 `invalid_grant`).
    #[error("the consent is good no more: {words}")]
    Consent {
        /// The service's words.
        words: String,
    },
    /// Only an administrator may consent (Microsoft AADSTS65001, AADSTS90094).
    #[error("an administrator has to consent: {words}")]
    AdminConsent {
        /// The service's words.
        words: String,
    },
    /// The person said no.
    #[error("consent was declined")]
    Declined,
    /// The person took too long.
    #[error("the code has expired")]
    Expired,
    /// Client id, secret, scopes or redirect address are refused (`invalid_client` and the like).
    #[error("the sign-in service refuses the settings ({code}): {words}")]
    Settings {
        /// Word of RFC 6749 §5.2.
        code: String,
        /// The service's words.
        words: String,
    },
    /// The provider does not offer this way.
    #[error("the sign-in service does not offer this way")]
    NotOffered,
    /// An endpoint that cannot be asked.
    #[error("the {what} address is no https address")]
    Address {
        /// Which.
        what: &'static str,
    },
    /// Not what RFC 6749 says.
    #[error("the answer of the sign-in service cannot be understood: {what}")]
    Answer {
        /// What is wrong with it.
        what: String,
    },
    /// The system trusts nobody.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// No randomness.
    #[error("the system gives no random octets")]
    Random,
}

impl OauthError {
    /// Who can help.
    pub const fn needs(&self) -> Needs {
        match self {
            Self::Fetch(error) if error.is_transient() => Needs::Retry,
            Self::Unavailable { .. } | Self::Random => Needs::Retry,
            Self::Consent { .. } | Self::Declined | Self::Expired => Needs::Consent,
            Self::AdminConsent { .. } => Needs::AdminConsent,
            _ => Needs::Settings,
        }
    }

    /// Whether the same may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self.needs(), Needs::Retry)
    }

    /// The service's own words, if it said any.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Consent { words } | Self::AdminConsent { words } | Self::Settings { words, .. } => {
                Some(words.as_str()).filter(|words| !words.is_empty())
            }
            _ => None,
        }
    }

    /// What an answer of the service means: `code` is a word of RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5 or `OpenID`
    /// Connect Core §3.1.2.6, `words` its description.
    pub fn answered(code: &str, words: &str) -> Self {
        let words: String = words.chars().filter(|c| !c.is_control()).take(600).collect();
        let is_for_administrators =
            ["AADSTS65001", "AADSTS90094", "AADSTS90093"].iter().any(|code| words.contains(code));
        match code {
            _ if is_for_administrators => Self::AdminConsent { words },
            "invalid_grant"
            | "interaction_required"
            | "login_required"
            | "consent_required"
            | "account_selection_required" => Self::Consent { words },
            "access_denied" | "authorization_declined" => Self::Declined,
            "expired_token" | "code_expired" => Self::Expired,
            "temporarily_unavailable" | "server_error" | "slow_down" => {
                Self::Unavailable { status: 503, retry_after: None }
            }
            _ => Self::Settings { code: code.chars().take(100).collect(), words },
        }
    }
}

fn of<T: ErrorResponse>(
    error: RequestTokenError<OauthError, T>,
    read: impl FnOnce(&T) -> (String, Option<String>),
) -> OauthError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(answer) => {
            let (code, words) = read(&answer);
            OauthError::answered(&code, &words.unwrap_or_default())
        }
        RequestTokenError::Parse(error, _) => OauthError::Answer { what: error.to_string() },
        RequestTokenError::Other(what) => OauthError::Answer { what },
    }
}

impl From<RequestTokenError<Self, BasicErrorResponse>> for OauthError {
    fn from(error: RequestTokenError<Self, BasicErrorResponse>) -> Self {
        of(error, |answer| {
            let kind: &BasicErrorResponseType = answer.error();
            (kind.as_ref().to_owned(), answer.error_description().cloned())
        })
    }
}

impl From<RequestTokenError<Self, DeviceCodeErrorResponse>> for OauthError {
    fn from(error: RequestTokenError<Self, DeviceCodeErrorResponse>) -> Self {
        of(error, |answer| (answer.error().as_ref().to_owned(), answer.error_description().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_says_who_can_help() {
        let check = |code: &str, words: &str, needs: Needs| {
            assert_eq!(OauthError::answered(code, words).needs(), needs, "{code} {words}");
        };
        check("invalid_grant", "", Needs::Consent);
        check(
            "invalid_grant",
            "AADSTS700082: The refresh token has expired due to inactivity.",
            Needs::Consent,
        );
        check("interaction_required", "AADSTS50076: … must use multi-factor authentication", Needs::Consent);
        check(
            "invalid_grant",
            "AADSTS65001: The user or administrator has not consented",
            Needs::AdminConsent,
        );
        check("consent_required", "AADSTS90094: The grant requires admin permission.", Needs::AdminConsent);
        check(
            "invalid_client",
            "AADSTS7000222: The provided client secret keys are expired.",
            Needs::Settings,
        );
        check("unauthorized_client", "AADSTS700016: Application was not found", Needs::Settings);
        check("invalid_scope", "", Needs::Settings);
        check("access_denied", "", Needs::Consent);
        check("expired_token", "", Needs::Consent);
        check("temporarily_unavailable", "", Needs::Retry);
        assert!(OauthError::Unavailable { status: 502, retry_after: None }.is_transient());
        assert!(OauthError::from(FetchError::Timeout { seconds: 1 }).is_transient());
        assert_eq!(OauthError::from(FetchError::Url).needs(), Needs::Settings);
        for needs in [Needs::Retry, Needs::Consent, Needs::AdminConsent, Needs::Settings] {
            assert_eq!(Needs::from_word(needs.as_str()), needs);
        }
    }
}
