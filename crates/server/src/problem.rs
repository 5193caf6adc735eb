//! What a request fails with, and its answer as problem details (RFC 9457) in the language of the request.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use api::{Language, Problem};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use store::StoreError;
use tracing::{error, warn};

use crate::background::BackgroundError;
use crate::lang::{self, Values};
use crate::trace::RequestNumber;

/// Why a request is not answered as asked.
#[derive(Clone, Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    status: StatusCode,
    key: &'static str,
    values: Values,
    field: Option<String>,
    position: Option<u32>,
    retry_after: Option<Duration>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Failure {
    /// With a key of the language files.
    pub(crate) fn new(status: StatusCode, key: &'static str) -> Self {
        Self(Box::new(Inner {
            status,
            key,
            values: Vec::new(),
            field: None,
            position: None,
            retry_after: None,
            cause: None,
        }))
    }

    /// Does not exist, or may not be seen: the caller cannot tell which.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found")
    }

    /// A value of the request is wrong.
    pub(crate) fn field(field: &str, key: &'static str) -> Self {
        let mut failure = Self::new(StatusCode::BAD_REQUEST, key);
        failure.0.field = Some(field.to_owned());
        failure
    }

    /// A defect or trouble of the server; the cause is logged, not told.
    pub(crate) fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        let mut failure = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal");
        failure.0.cause = Some(Arc::new(cause));
        failure
    }

    /// Adds the value of a placeholder.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.values.push((name, value.to_string()));
        self
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// Names the field of the request.
    #[must_use]
    pub(crate) fn at_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Says of the field that it is one of a part of the request.
    #[must_use]
    pub(crate) fn inside(mut self, part: &str) -> Self {
        self.0.field = self.0.field.map(|field| format!("{part}.{field}"));
        self
    }

    /// Names a place in a query: characters from 0.
    #[must_use]
    pub(crate) fn at_position(mut self, position: u32) -> Self {
        self.0.position = Some(position);
        self
    }

    /// Says when to try again.
    #[must_use]
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Key of the language files.
    pub(crate) fn key(&self) -> &'static str {
        self.0.key
    }

    /// As it is told.
    pub(crate) fn into_problem(self, language: Language, instance: Option<String>) -> Problem {
        let Inner { status, key, values, field, position, retry_after, .. } = *self.0;
        let (title, detail) = lang::problem(language, key, &values);
        Problem {
            kind: key.to_owned(),
            title,
            status: status.as_u16(),
            detail,
            instance,
            field,
            position,
            retry_after_seconds: retry_after.map(whole_seconds),
        }
    }
}

impl IntoResponse for Failure {
    /// An empty answer that carries the failure; [`speak`] writes the text.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Language the caller has chosen; put into an answer by whoever knows the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speaks(pub(crate) Language);

/// Turns every failed answer into problem details. Failures of the framework (no route, wrong method, panic, time out)
/// come without a [`Failure`] and get one by their status.
pub(crate) async fn speak(request: Request, next: Next) -> Response {
    let accepted = lang::accepted(request.headers());
    let number = request.extensions().get::<RequestNumber>().copied();
    let problem_wanted = is_for_programs(request.uri().path());
    let mut response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || !problem_wanted {
        return response;
    }
    // The size a witness answers with (C2SP tlog-witness) is for the log that asked.
    if response.headers().get(axum::http::header::CONTENT_TYPE).is_some_and(|kind| kind == "text/x.tlog.size")
    {
        return response;
    }
    let language = response.extensions().get::<Speaks>().map_or(accepted, |speaks| speaks.0);
    let failure = response.extensions_mut().remove::<Failure>().unwrap_or_else(|| by_status(status));
    log(&failure, status);
    answer(failure, status, language, number.map(|number| number.to_string()), response)
}

/// Paths whose failures are problem details; the others are files of the page.
fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/health/") || path == "/metrics"
}

impl From<BackgroundError> for Failure {
    fn from(error: BackgroundError) -> Self {
        match error {
            BackgroundError::Missing => Self::not_found(),
            BackgroundError::NotFetched => Self::new(StatusCode::CONFLICT, "account-not-fetched"),
            BackgroundError::Failed(_) => Self::internal(error),
        }
    }
}

impl From<pipeline::Error> for Failure {
    fn from(error: pipeline::Error) -> Self {
        match error {
            pipeline::Error::Store(error) => error.into(),
            pipeline::Error::Approval(fault) => fault.into(),
            pipeline::Error::Missing { .. } => Self::not_found(),
            other => Self::internal(other),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { .. } => Self::not_found(),
            StoreError::DiskFull(_) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full").because(error)
            }
            transient if transient.is_transient() => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
                    .retry_after(Duration::from_secs(5))
                    .because(transient)
            }
            other => Self::internal(other),
        }
    }
}

fn answer(
    failure: Failure,
    status: StatusCode,
    language: Language,
    instance: Option<String>,
    response: Response,
) -> Response {
    let problem = failure.into_problem(language, instance);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.status = status;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.as_str()));
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after_seconds {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Response::from_parts(parts, Body::from(body))
}

fn log(failure: &Failure, status: StatusCode) {
    let key = failure.key();
    match &failure.0.cause {
        Some(cause) if status.is_server_error() => {
            error!(problem.key = key, cause = chain(&**cause), "request failed");
        }
        Some(cause) => warn!(problem.key = key, cause = chain(&**cause), "request refused"),
        None if status.is_server_error() => error!(problem.key = key, "request failed"),
        None => {}
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

fn by_status(status: StatusCode) -> Failure {
    let key = match status {
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => "timeout",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "media-type",
        _ if status.is_client_error() => "request-unreadable",
        _ => "internal",
    };
    Failure::new(status, key)
}

/// Whole seconds, rounded up, at least one.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}
