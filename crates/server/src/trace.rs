//! A number and a line in the log for every request; counts for the metrics.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State as FromState};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, debug, info_span};

use crate::State;

/// Number of a request since the start of the server, to find an answer's lines in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestNumber(u64);

impl fmt::Display for RequestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request-{:08}", self.0)
    }
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Paths in the log are those of the table, with `{parameters}`: no ids, no queries, nothing of a mail.
pub(crate) async fn follow(FromState(state): FromState<State>, mut request: Request, next: Next) -> Response {
    let number = RequestNumber(NEXT.fetch_add(1, Ordering::Relaxed));
    request.extensions_mut().insert(number);
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let path = path.as_deref().unwrap_or("page");
    let method = request.method().clone();
    let span = info_span!("request", http.number = number.0, http.method = %method, http.path = path);
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = begun.elapsed();
    let status = response.status();
    state.counters().request(status, took);
    span.in_scope(|| {
        debug!(http.status = status.as_u16(), http.took_us = took.as_micros() as u64, "answered");
    });
    if let Ok(value) = HeaderValue::from_str(&number.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
