//! For those who watch the server: alive, ready, counts.

use api::TokenScope;
use axum::Extension;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::Role;

use crate::client::Client;
use crate::problem::Failure;
use crate::{State, rights, status};

/// `GET /health/live`
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /health/ready`
pub(crate) async fn ready(FromState(state): FromState<State>) -> Result<&'static str, Failure> {
    let answers = state.read(|state| Ok(state.store().health()?)).await;
    answers.map_err(|_| Failure::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready"))?;
    Ok("ready\n")
}

/// `GET /metrics`: open to this machine itself, where the collector usually runs; to others with an administrator's
/// session only, since counts tell how busy an organisation is.
pub(crate) async fn metrics(
    FromState(state): FromState<State>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if !client.local {
        let caller = rights::identified(&state, &headers, Some(client)).await?;
        let caller = caller.ok_or_else(|| Failure::new(StatusCode::UNAUTHORIZED, "session-needed"))?;
        if caller.role() != Role::Administrator {
            return Err(Failure::new(StatusCode::FORBIDDEN, "role"));
        }
        if caller.lacks(TokenScope::Read) {
            return Err(Failure::new(StatusCode::FORBIDDEN, "token-scope").with("scope", "read"));
        }
    }
    let levels = state.read(status::levels).await?;
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], state.counters().text(levels)).into_response())
}
