//! What handlers take from a request: JSON, queries, ids; each failure names the field.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::problem::Failure;

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    /// The media type must be JSON: a form on another site cannot send that without being asked for first.
    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type"));
        }
        let body =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
                _ => Failure::new(StatusCode::BAD_REQUEST, "request-cut-off").because(rejection),
            })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| unreadable(&error.to_string()))
    }
}

/// Parameters of the query.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Query::try_from_uri(&parts.uri).map(|Query(query)| Self(query)).map_err(|rejection| {
            let mut text = rejection.to_string();
            let mut cause = std::error::Error::source(&rejection);
            while let Some(inner) = cause {
                text = inner.to_string();
                cause = inner.source();
            }
            unreadable(&text)
        })
    }
}

/// The id in the path; what is no id does not exist.
pub(crate) struct Id<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(id) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Failure::not_found())?;
        id.parse().map(Self).map_err(|_| Failure::not_found())
    }
}

/// serde names the field in backticks: "missing field `email` at line 1 column 2", "key: invalid digit".
fn unreadable(reason: &str) -> Failure {
    let field = reason.split('`').nth(1).filter(|_| reason.contains(" field "));
    let field =
        field.or_else(|| reason.split_once(": ").map(|(name, _)| name).filter(|name| !name.contains(' ')));
    let failure = Failure::new(StatusCode::BAD_REQUEST, "request-unreadable").with("reason", reason);
    match field {
        Some(field) => failure.at_field(field),
        None => failure,
    }
}

/// A text with something in it and not endless; blanks at both ends are taken off.
pub(crate) fn text(field: &str, value: &str, characters_max: usize) -> Result<String, Failure> {
    let value = value.trim();
    if value.is_empty() {
        return Err(Failure::field(field, "field-empty").with("field", field));
    }
    if value.chars().count() > characters_max {
        return Err(Failure::field(field, "field-too-long")
            .with("field", field)
            .with("characters", characters_max));
    }
    if value.chars().any(char::is_control) {
        return Err(Failure::field(field, "field-control").with("field", field));
    }
    Ok(value.to_owned())
}

/// An address to log in with: something before and behind one `@`, no blanks; lower case.
pub(crate) fn email(field: &str, value: &str) -> Result<String, Failure> {
    let value = text(field, value, 320)?;
    let wrong = || Failure::field(field, "email").with("email", &value);
    let (local, domain) = value.rsplit_once('@').ok_or_else(wrong)?;
    if local.is_empty()
        || domain.is_empty()
        || value.chars().any(|c| c.is_whitespace() || "<>\",;".contains(c))
    {
        return Err(wrong());
    }
    Ok(value.to_lowercase())
}

/// How many rows: 50 unless asked otherwise, 1 to 200.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Failure> {
    match asked {
        None => Ok(50),
        Some(limit @ 1..=200) => Ok(limit),
        Some(limit) => Err(Failure::field("limit", "limit").with("limit", limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check =
            |value: &str, expected: Option<&str>| assert_eq!(email("email", value).ok().as_deref(), expected);
        check(" Eva@Example.ORG ", Some("eva@example.org"));
        check("eva", None);
        check("@example.org", None);
        check("eva@", None);
        check("e va@example.org", None);
        check("<eva@example.org>", None);
        check("", None);
        check(&format!("{}@example.org", "x".repeat(320)), None);
    }

    #[test]
    fn limits() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some(200)).unwrap(), 200);
        assert_eq!(limit(Some(0)).unwrap_err().key(), "limit");
        assert_eq!(limit(Some(201)).unwrap_err().key(), "limit");
    }
}
