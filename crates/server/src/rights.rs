//! Who may do what: every route passes here, and every answer about mail is asked with the caller's [`Scope`].

use api::{Access, Language};
use axum::extract::{FromRequestParts, Request, State as FromState};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use model::{AccountId, Role, Scope, UnixMillis, UserId};

use crate::problem::{Failure, Speaks};
use crate::{State, cookie, lang};

/// A session ends when it was not used for so long.
pub(crate) const SESSION_IDLE_MS: i64 = 14 * 24 * 60 * 60_000;
/// A session ends after so long in any case.
pub(crate) const SESSION_LONGEST_MS: i64 = 90 * 24 * 60 * 60_000;
/// A session in use is made to last longer at most this often.
const RENEW_MS: i64 = 60 * 60_000;

/// Who asks, and what of the mail they may see.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    user: store::User,
    scope: Scope,
    language: Language,
    session: [u8; 32],
}

impl Caller {
    pub(crate) fn new(user: store::User, language: Language, session: [u8; 32]) -> Self {
        Self { scope: user.scope(), user, language, session }
    }

    pub(crate) fn user(&self) -> &store::User {
        &self.user
    }

    pub(crate) fn user_id(&self) -> UserId {
        self.user.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.user.profile.name
    }

    pub(crate) fn role(&self) -> Role {
        self.user.profile.role
    }

    /// The accounts whose mail may appear in an answer. Never [`Scope::All`].
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Of answers: as chosen, otherwise as the browser asks.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// As chosen, otherwise the server's.
    pub(crate) fn zone(&self, state: &State) -> TimeZone {
        let chosen = TimeZone::get(&self.user.profile.zone);
        chosen.or_else(|_| TimeZone::get(&state.options().zone)).unwrap_or(TimeZone::UTC)
    }

    /// Digest of the session's token.
    pub(crate) fn session(&self) -> [u8; 32] {
        self.session
    }

    /// An account was granted while the request was answered.
    pub(crate) fn may_read(&mut self, account: AccountId) {
        self.user.accounts.push(account);
        self.scope = self.user.scope();
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    /// On routes that anybody may call there is no caller.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(needed)
    }
}

fn needed() -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, "session-needed")
}

/// Lets a request through to its operation if its session allows that.
pub(crate) async fn admit(
    FromState((state, access)): FromState<(State, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    if access == Access::Public {
        return next.run(request).await;
    }
    let caller = match identified(&state, request.headers()).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return needed().into_response(),
        Err(failure) => return failure.into_response(),
    };
    let language = caller.language();
    let mut response = if access.allows(caller.role()) {
        request.extensions_mut().insert(caller);
        next.run(request).await
    } else {
        Failure::new(StatusCode::FORBIDDEN, "role").into_response()
    };
    // Handlers that change the language have said so already.
    if response.extensions().get::<Speaks>().is_none() {
        response.extensions_mut().insert(Speaks(language));
    }
    response
}

/// Who asks, if the request brings a session that holds.
pub(crate) async fn identified(state: &State, headers: &HeaderMap) -> Result<Option<Caller>, Failure> {
    let Some(token) = cookie::token(headers) else { return Ok(None) };
    let digest = keys::token_digest(token);
    let accepted = lang::accepted(headers);
    state
        .read(move |state| {
            let now = state.now();
            let Some(session) = state.store().session(&digest, now)? else { return Ok(None) };
            prolong(state, &session, digest, now)?;
            let language = Language::from_word(&session.user.profile.language).unwrap_or(accepted);
            Ok(Some(Caller::new(session.user, language, digest)))
        })
        .await
}

/// A session in use lasts longer; not written with every request.
fn prolong(
    state: &State,
    session: &store::Session,
    digest: [u8; 32],
    now: UnixMillis,
) -> Result<(), Failure> {
    let wanted = expiry(session.created, now);
    if wanted.0.saturating_sub(session.expires.0) >= RENEW_MS {
        state.store().extend_session(digest, wanted)?;
    }
    Ok(())
}

/// Until when a session holds that is used now.
pub(crate) fn expiry(created: UnixMillis, now: UnixMillis) -> UnixMillis {
    now.plus_ms(SESSION_IDLE_MS).min(created.plus_ms(SESSION_LONGEST_MS))
}

/// The caller as of now, for answers that go on for long; `None` if the session has ended.
pub(crate) async fn renew(state: &State, caller: &Caller) -> Option<Caller> {
    let (digest, language) = (caller.session, caller.language);
    let session = state.read(move |state| Ok(state.store().session(&digest, state.now())?)).await.ok()??;
    Some(Caller::new(session.user, language, digest))
}
