//! Who may do what: every route passes here, and every answer about mail is asked with the caller's [`Scope`].

use api::{Access, Language, Operation, TokenScope};
use axum::extract::{FromRequestParts, Request, State as FromState};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use model::{AccountId, Role, Scope, UnixMillis, UserId};
use store::LinkActor;

use crate::client::Client;
use crate::problem::{Failure, Speaks};
use crate::{State, cookie, lang, tokens};

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
    program: Option<Program>,
    log_name: String,
}

/// A program that asks for its owner, with a token.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// What the token is for.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) scopes: Vec<TokenScope>,
}

impl Caller {
    pub(crate) fn new(user: store::User, language: Language, session: [u8; 32]) -> Self {
        let log_name = user.profile.name.clone();
        Self { scope: user.scope(), user, language, session, program: None, log_name }
    }

    /// The same when a program asks.
    pub(crate) fn with(self, program: Program) -> Self {
        let log_name = format!("{} ({})", self.user.profile.name, program.name);
        Self { program: Some(program), log_name, ..self }
    }

    pub(crate) fn user(&self) -> &store::User {
        &self.user
    }

    pub(crate) fn user_id(&self) -> UserId {
        self.user.id
    }

    /// Who acts, for the log.
    pub(crate) fn actor(&self) -> LinkActor {
        LinkActor { id: self.user.id.to_string(), name: self.name().to_owned() }
    }

    /// Name for the event log: a program's stands behind its owner's.
    pub(crate) fn name(&self) -> &str {
        &self.log_name
    }

    /// Whether a program asks whose token does not go so far.
    pub(crate) fn lacks(&self, needed: TokenScope) -> bool {
        self.program.as_ref().is_some_and(|program| !program.scopes.contains(&needed))
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

    /// Digest of the token of the session, or of the program.
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

/// Lets a request through to its operation if its session or token allows that.
pub(crate) async fn admit(
    FromState((state, operation)): FromState<(State, &'static Operation)>,
    mut request: Request,
    next: Next,
) -> Response {
    if operation.access == Access::Public {
        return next.run(request).await;
    }
    let client = request.extensions().get::<Client>().copied();
    let caller = match identified(&state, request.headers(), client).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return needed().into_response(),
        Err(failure) => return failure.into_response(),
    };
    let language = caller.language();
    let mut response = match refusal(operation, &caller) {
        None => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Some(failure) => failure.into_response(),
    };
    // Handlers that change the language have said so already.
    if response.extensions().get::<Speaks>().is_none() {
        response.extensions_mut().insert(Speaks(language));
    }
    response
}

/// Why the caller may not.
fn refusal(operation: &Operation, caller: &Caller) -> Option<Failure> {
    let forbidden = |key| Failure::new(StatusCode::FORBIDDEN, key);
    if let Some(program) = &caller.program
        && !operation.is_open_to(&program.scopes)
    {
        return Some(match operation.token_scope() {
            None => forbidden("token-personal"),
            Some(needed) => forbidden("token-scope").with("scope", needed.as_str()),
        });
    }
    if !operation.access.allows(caller.role()) {
        return Some(forbidden("role"));
    }
    if caller.role() == Role::Auditor && !operation.changes_nothing() {
        return Some(forbidden("role"));
    }
    (caller.scope().period().is_bounded() && !operation.keeps_to_period())
        .then(|| forbidden("auditor-period"))
}

/// Who asks, if the request brings a session or a token that holds.
///
/// # Errors
/// If it brings a token that does not.
pub(crate) async fn identified(
    state: &State,
    headers: &HeaderMap,
    client: Option<Client>,
) -> Result<Option<Caller>, Failure> {
    let Some(token) = cookie::token(headers) else { return Ok(None) };
    let accepted = lang::accepted(headers);
    if tokens::is_token(token) {
        return tokens::identified(state, token, client, accepted).await.map(Some);
    }
    let digest = keys::token_digest(token);
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
    if caller.program.is_some() {
        return state.read(move |state| tokens::by_digest(state, digest, language)).await.ok()?;
    }
    let session = state.read(move |state| Ok(state.store().session(&digest, state.now())?)).await.ok()??;
    Some(Caller::new(session.user, language, digest))
}
