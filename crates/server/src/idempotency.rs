//! `Idempotency-Key`: the same request sent twice is done once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use model::{UnixMillis, UserId};

use crate::State;
use crate::problem::Failure;
use crate::rights::Caller;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Answers are kept this long.
const KEEP_MS: i64 = 24 * 60 * 60_000;
/// Answers kept; beyond, the oldest go.
const ANSWERS_MAX: usize = 2000;
/// Longest key.
const KEY_OCTETS_MAX: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    user: UserId,
    path: String,
    word: String,
}

#[derive(Clone, Debug)]
enum Answer {
    UnderWay,
    Given { status: StatusCode, headers: HeaderMap, body: Bytes },
}

/// Answers by key, in memory: a restart forgets them.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<HashMap<Key, (UnixMillis, Answer)>>);

impl Answers {
    /// The answer of before, or `None` if the caller is the first.
    fn begin(&self, key: &Key, now: UnixMillis) -> Option<Answer> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answers.get(key) {
            Some((at, answer)) if now.0.saturating_sub(at.0) < KEEP_MS => return Some(answer.clone()),
            _ => {}
        }
        if answers.len() >= ANSWERS_MAX {
            let mut times: Vec<UnixMillis> = answers.values().map(|(at, _)| *at).collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            answers.retain(|_, (at, answer)| *at > middle || matches!(answer, Answer::UnderWay));
        }
        answers.insert(key.clone(), (now, Answer::UnderWay));
        None
    }

    fn put(&self, key: Key, now: UnixMillis, answer: Answer) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (now, answer));
    }

    fn forget(&self, key: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Removes the mark of a request that was dropped before its answer.
struct UnderWay<'a> {
    answers: &'a Answers,
    key: Option<Key>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.answers.forget(key);
        }
    }
}

/// Gives the answer of before where the same caller sent the same key to the same path within a day. Server errors are
/// not kept: then trying again is what the key is for.
pub(crate) async fn once(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().map(Caller::user_id);
    let given = request.headers().get(HEADER).map(|value| value.to_str().unwrap_or_default().to_owned());
    let (Some(user), Some(word), true) = (caller, given, request.method() == Method::POST) else {
        return next.run(request).await;
    };
    if word.is_empty() || word.len() > KEY_OCTETS_MAX {
        return Failure::field("Idempotency-Key", "idempotency-key").into_response();
    }
    let key = Key { user, path: request.uri().path().to_owned(), word };
    let now = state.now();
    match state.answers().begin(&key, now) {
        Some(Answer::Given { status, headers, body }) => {
            let mut response = (status, headers, body).into_response();
            response.headers_mut().insert(REPLAYED, axum::http::HeaderValue::from_static("true"));
            return response;
        }
        Some(Answer::UnderWay) => {
            return Failure::new(StatusCode::CONFLICT, "idempotency-under-way").into_response();
        }
        None => {}
    }
    let mut mark = UnderWay { answers: state.answers(), key: Some(key) };
    let response = next.run(request).await;
    if !response.status().is_success() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Failure::internal(error).into_response(),
    };
    if let Some(key) = mark.key.take() {
        let answer =
            Answer::Given { status: parts.status, headers: parts.headers.clone(), body: body.clone() };
        state.answers().put(key, now, answer);
    }
    Response::from_parts(parts, Body::from(body))
}
