//! What programs log in with: made, listed and revoked by people; and who asks when one is sent.

use api::{ApiToken, ApiTokenList, ApiTokenRequest, ApiTokenSecret, Language, TokenScope};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use model::{ApiTokenId, Role};
use store::NewApiToken;
use uuid::Uuid;

use crate::State;
use crate::client::Client;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, text};
use crate::problem::Failure;
use crate::rights::{Caller, Program};
use crate::session;
use crate::throttle::Key;

/// What tokens begin with, so that people and programs that look for lost secrets know one.
const PREFIX: &str = "pst_";
/// Tokens of one user.
const TOKENS_MAX: usize = 100;
/// The use of a token is noted at most this often.
const NOTED_MS: i64 = 5 * 60_000;

/// Whether this is meant to be a token and no session.
pub(crate) fn is_token(secret: &str) -> bool {
    secret.starts_with(PREFIX)
}

fn scopes(words: &str) -> Vec<TokenScope> {
    words.split(' ').filter_map(TokenScope::from_word).collect()
}

fn shown(token: store::ApiToken) -> ApiToken {
    ApiToken {
        id: token.id.uuid(),
        name: token.settings.name,
        user: token.settings.user.uuid(),
        owner: token.owner,
        scopes: scopes(&token.settings.scopes),
        created: token.created.into(),
        expires: token.settings.expires.map(Into::into),
        used: token.used.map(Into::into),
    }
}

/// Who asks with this token. Wrong ones count against the address they come from, and are written to the event log as
/// long as they are few.
///
/// # Errors
/// `token-wrong`, or `throttled` after many wrong ones or many requests with this one.
pub(crate) async fn identified(
    state: &State,
    secret: &str,
    client: Option<Client>,
    accepted: Language,
) -> Result<Caller, Failure> {
    let digest = keys::token_digest(secret);
    if let Some(caller) = state.read(move |state| by_digest(state, digest, accepted)).await? {
        state.rates().count(digest, state.now()).map_err(|wait| {
            Failure::new(StatusCode::TOO_MANY_REQUESTS, "token-too-often")
                .with("seconds", wait.as_secs() + 1)
                .retry_after(wait)
        })?;
        return Ok(caller);
    }
    if let Some(client) = client {
        session::throttle(state, &[Key::Token(client.throttled())])?;
        let details = [("address", client.address.to_string())];
        state.read(move |state| events::record_stranger(state, "token.refused", &details)).await?;
    }
    Err(Failure::new(StatusCode::UNAUTHORIZED, "token-wrong"))
}

/// Who asks with the token of this digest, if it holds. Blocks.
pub(crate) fn by_digest(
    state: &State,
    digest: [u8; 32],
    accepted: Language,
) -> Result<Option<Caller>, Failure> {
    let now = state.now();
    let Some((user, token)) = state.store().api_token_by_hash(&digest, now)? else { return Ok(None) };
    if token.used.is_none_or(|used| now.0.saturating_sub(used.0) >= NOTED_MS) {
        state.store().set_api_token_used(token.id, now)?;
    }
    let language = Language::from_word(&user.profile.language).unwrap_or(accepted);
    let program = Program { name: token.settings.name, scopes: scopes(&token.settings.scopes) };
    Ok(Some(Caller::new(user, language, digest).with(program)))
}

/// `GET /tokens`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<ApiTokenList>, Failure> {
    let of = Some(caller.user_id()).filter(|_| caller.role() != Role::Administrator);
    let tokens = state.read(move |state| Ok(state.store().api_tokens(of)?)).await?;
    Ok(axum::Json(ApiTokenList { items: tokens.into_iter().map(shown).collect() }))
}

/// `POST /tokens`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<ApiTokenRequest>,
) -> Result<impl IntoResponse, Failure> {
    let made = state
        .read(move |state| {
            let name = text("name", &asked.name, 200)?;
            let mut words: Vec<&str> = asked.scopes.iter().map(|scope| scope.as_str()).collect();
            words.sort_unstable();
            words.dedup();
            if words.is_empty() {
                return Err(Failure::field("scopes", "field-empty").with("field", "scopes"));
            }
            let expires = asked.expires.map(|expires| expires.0);
            if expires.is_some_and(|expires| expires <= state.now()) {
                return Err(Failure::field("expires", "expires-past"));
            }
            let _people = state.people();
            if state.store().api_tokens(Some(caller.user_id()))?.len() >= TOKENS_MAX {
                return Err(Failure::new(StatusCode::CONFLICT, "tokens-too-many").with("items", TOKENS_MAX));
            }
            let secret = keys::random_token().map_err(Failure::internal)?;
            let secret = format!("{PREFIX}{}", secret.expose());
            let id = ApiTokenId::new(Uuid::now_v7());
            let scopes = words.join(" ");
            let new =
                NewApiToken { user: caller.user_id(), name: name.clone(), scopes: scopes.clone(), expires };
            state.store().create_api_token(id, keys::token_digest(&secret), new, state.now())?;
            let details = [("name", name), ("scopes", scopes)];
            events::record(state, &caller, "token.created", Subject::User(caller.user_id()), &details)?;
            let token = state.store().api_token(id)?.map(shown).ok_or_else(Failure::not_found)?;
            Ok(ApiTokenSecret { token, secret })
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// `DELETE /tokens/{token_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<ApiTokenId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let token = state.store().api_token(id)?.ok_or_else(Failure::not_found)?;
            let own = token.settings.user == caller.user_id();
            if !own && caller.role() != Role::Administrator {
                return Err(Failure::not_found());
            }
            state.store().remove_api_token(id)?;
            let details = [("name", token.settings.name), ("owner", token.owner)];
            events::record(state, &caller, "token.revoked", Subject::User(token.settings.user), &details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
