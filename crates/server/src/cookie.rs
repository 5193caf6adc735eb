//! The session cookie.

use axum::http::{HeaderMap, HeaderValue, header};
use keys::Secret;

const NAME: &str = "poststelle_session";

/// Token of the session, from the cookie or from `Authorization: Bearer`; the latter counts where both are there.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| session(headers))
}

/// Token of `Authorization: Bearer` (RFC 6750 §2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Value of the cookie.
pub(crate) fn session(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == NAME && !value.is_empty())
        .map(|(_, value)| value)
}

/// `Set-Cookie` that makes the browser remember the session. `secure`: send it over TLS only.
pub(crate) fn remember(token: &Secret<String>, seconds: i64, secure: bool) -> HeaderValue {
    set(token.expose(), seconds, secure)
}

/// `Set-Cookie` that makes the browser forget it.
pub(crate) fn forget(secure: bool) -> HeaderValue {
    set("", 0, secure)
}

fn set(value: &str, seconds: i64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut header = HeaderValue::from_str(&text).expect("tokens are base64url");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_is_found_among_others() {
        let check = |cookie: &'static str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            assert_eq!(token(&headers), expected);
        };
        check("poststelle_session=abc", Some("abc"));
        check("a=b; poststelle_session=abc; c=d", Some("abc"));
        check("poststelle_session=", None);
        check("xpoststelle_session=abc", None);
        check("nonsense", None);
    }

    #[test]
    fn bearer_comes_first() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer xyz"));
        headers.insert(header::COOKIE, HeaderValue::from_static("poststelle_session=abc"));
        assert_eq!(token(&headers), Some("xyz"));
    }

    #[test]
    fn secure_only_over_tls() {
        let token = Secret::new("abc".to_owned());
        let over = |secure| remember(&token, 60, secure).to_str().unwrap().to_owned();
        assert_eq!(over(false), "poststelle_session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
        assert!(over(true).ends_with("; Secure"));
    }
}
