//! How accounts are linked to sign-in services.

use std::collections::HashMap;
use std::sync::Arc;

use api::{
    OauthDevice, OauthLink, OauthLinkState, OauthReturn, OauthReturned, OauthStart, OauthStarted,
    OauthUnlinked, OauthWay,
};
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use connect::oauth::{Needs, OauthError};
use model::{AccountId, OauthClientId, OauthGrantId};
use pipeline::Linked;
use store::{Account, AccountGrant, GrantKind, OauthClient, OauthGrant};

use crate::State;
use crate::accounts::{present, read};
use crate::extract::{Id, Json};
use crate::oauth_clients::{redirect_url, service};
use crate::problem::Failure;
use crate::rights::Caller;

/// Links of all accounts, looked up once for a list.
#[derive(Default)]
pub(crate) struct Links {
    clients: HashMap<OauthClientId, OauthClient>,
    grants: HashMap<OauthGrantId, OauthGrant>,
    accounts: HashMap<AccountId, AccountGrant>,
}

impl Links {
    /// Blocks.
    pub(crate) fn read(state: &State) -> Result<Self, Failure> {
        let store = state.store();
        let links: HashMap<_, _> =
            store.account_grants()?.into_iter().map(|link| (link.account, link)).collect();
        if links.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self {
            clients: store.oauth_clients()?.into_iter().map(|client| (client.id, client)).collect(),
            grants: store.oauth_grants()?.into_iter().map(|grant| (grant.id, grant)).collect(),
            accounts: links,
        })
    }

    /// Of one account; `None` if it logs in with a password.
    pub(crate) fn of(&self, state: &State, account: AccountId) -> Option<OauthLink> {
        let link = self.accounts.get(&account)?;
        let client = self.clients.get(&link.client)?;
        let grant = link.granted.and_then(|id| self.grants.get(&id));
        let waiting = link.pending.and_then(|id| self.grants.get(&id));
        let trouble = grant.and_then(|grant| grant.trouble.as_ref());
        let needs = trouble.map(|trouble| Needs::from_word(&trouble.needs));
        let person = grant.map(|grant| grant.granted.person.clone()).filter(|person| !person.is_empty());
        Some(OauthLink {
            client: client.id.uuid(),
            client_name: client.settings.name.clone(),
            service: service(client.settings.service),
            state: match (grant, needs) {
                (None, _) => OauthLinkState::Unlinked,
                (Some(_), None | Some(Needs::Retry)) => OauthLinkState::Linked,
                (Some(_), Some(Needs::Consent)) => OauthLinkState::Consent,
                (Some(_), Some(Needs::AdminConsent)) => OauthLinkState::AdminConsent,
                (Some(_), Some(Needs::Settings)) => OauthLinkState::Settings,
            },
            person,
            application: grant.is_some_and(|grant| grant.granted.kind == GrantKind::Application),
            since: grant.map(|grant| grant.linked.into()),
            refreshed: grant.and_then(|grant| grant.refreshed).map(Into::into),
            consent_until: grant.and_then(|grant| grant.granted.refresh_expires).map(Into::into),
            secret_expires: client.settings.secret_expires.map(Into::into),
            waiting: waiting.map(|grant| grant.granted.person.clone()),
            trouble: trouble.map(|trouble| trouble.text.clone()).filter(|text| !text.is_empty()),
            device: state.engine().device_link(account).map(|code| OauthDevice {
                user_code: code.user_code,
                verification_uri: code.verification_uri,
                verification_uri_complete: code.verification_uri_complete,
                expires: code.expires.into(),
                failed: code.failed,
            }),
        })
    }
}

/// What a person is told of a failure at the sign-in service.
pub(crate) fn failed(error: &OauthError) -> Failure {
    let words = error.words().map_or_else(|| pipeline::chain(error), str::to_owned);
    let (status, key) = match (error, error.needs()) {
        (OauthError::NotOffered, _) => (StatusCode::CONFLICT, "oauth-not-offered"),
        (OauthError::Declined, _) => (StatusCode::CONFLICT, "oauth-declined"),
        (_, Needs::Retry) => (StatusCode::BAD_GATEWAY, "oauth-unreachable"),
        (_, Needs::Consent) => (StatusCode::CONFLICT, "oauth-consent"),
        (_, Needs::AdminConsent) => (StatusCode::CONFLICT, "oauth-admin-consent"),
        (_, Needs::Settings) => (StatusCode::CONFLICT, "oauth-settings"),
    };
    Failure::new(status, key).with("answer", words)
}

fn not_linked(error: pipeline::Error) -> Failure {
    match error {
        pipeline::Error::Oauth(error) => failed(&error),
        pipeline::Error::LinkOver => Failure::new(StatusCode::CONFLICT, "oauth-over"),
        pipeline::Error::NoOauth { .. } => Failure::new(StatusCode::CONFLICT, "oauth-none"),
        pipeline::Error::Store(error) => error.into(),
        other => Failure::internal(other),
    }
}

async fn account(state: &State, caller: &Caller, id: AccountId) -> Result<Account, Failure> {
    let caller = caller.clone();
    state.read(move |state| present(state, &caller, id)).await
}

async fn link_of(state: &State, id: AccountId) -> Result<OauthLink, Failure> {
    let link = state.read(move |state| Ok(Links::read(state)?.of(state, id))).await?;
    link.ok_or_else(|| Failure::new(StatusCode::CONFLICT, "oauth-none"))
}

/// `POST /accounts/{account_id}/oauth`
pub(crate) async fn start(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    headers: HeaderMap,
    caller: Caller,
    Json(asked): Json<OauthStart>,
) -> Result<axum::Json<OauthStarted>, Failure> {
    let of = account(&state, &caller, id).await?;
    let person = caller.user_id().to_string();
    let engine = state.engine().clone();
    let url = match asked.way {
        OauthWay::Browser => {
            let redirect = redirect_url(&state, &headers);
            state
                .read(move |_| engine.begin_link(&of, &redirect, &person).map_err(not_linked).map(Some))
                .await?
        }
        OauthWay::Device => {
            let for_linked = state.clone();
            let linked =
                Arc::new(move |linked: &Linked| for_linked.background().account_changed(linked.account));
            engine.begin_device_link(&of, &person, linked).await.map_err(not_linked)?;
            None
        }
        OauthWay::Application => {
            engine.link_application(&of, &person).await.map_err(not_linked)?;
            changed(&state, id).await?;
            None
        }
        OauthWay::Account => {
            let other = asked.account.ok_or_else(|| Failure::field("account", "field-empty"))?;
            let other = account(&state, &caller, AccountId::new(other)).await?;
            let same = other.settings.oauth.is_some() && other.settings.oauth == of.settings.oauth;
            let grant = other.grant.filter(|_| same);
            let grant = grant.ok_or_else(|| Failure::new(StatusCode::CONFLICT, "oauth-none"))?;
            state.read(move |state| Ok(state.store().share_grant(id, grant)?)).await?;
            None
        }
    };
    Ok(axum::Json(OauthStarted { url, link: link_of(&state, id).await? }))
}

/// The account's task begins anew.
async fn changed(state: &State, id: AccountId) -> Result<(), Failure> {
    let told = state.read(move |state| {
        state.background().account_changed(id);
        Ok(())
    });
    told.await
}

/// `POST /oauth/return`
pub(crate) async fn came_back(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(came): Json<OauthReturn>,
) -> Result<axum::Json<OauthReturned>, Failure> {
    let code = match (&came.code, &came.error) {
        (_, Some(error)) => {
            Err(OauthError::answered(error, came.error_description.as_deref().unwrap_or_default()))
        }
        (Some(code), None) => Ok(code.as_str()),
        (None, None) => return Err(Failure::new(StatusCode::CONFLICT, "oauth-over")),
    };
    let person = caller.user_id().to_string();
    let linked = state.engine().finish_link(&came.state, code, &person).await.map_err(not_linked)?;
    if linked.is_used {
        changed(&state, linked.account).await?;
    }
    let name = account(&state, &caller, linked.account).await?.settings.name;
    let Linked { account, person, is_used } = linked;
    Ok(axum::Json(OauthReturned { account: account.uuid(), name, person, used: is_used }))
}

/// `POST /accounts/{account_id}/oauth/confirmation`
pub(crate) async fn confirm(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<api::Account>, Failure> {
    let confirmed = state.read(move |state| {
        let of = present(state, &caller, id)?;
        let person = caller.user_id().to_string();
        state.engine().confirm_link(&of, &person).map_err(not_linked)?;
        state.background().account_changed(id);
        read(state, &caller, id)
    });
    confirmed.await.map(axum::Json)
}

/// `DELETE /accounts/{account_id}/oauth`
pub(crate) async fn unlink(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<OauthUnlinked>, Failure> {
    let of = account(&state, &caller, id).await?;
    let person = caller.user_id().to_string();
    let revoked = state.engine().unlink(&of, &person).await.map_err(not_linked)?;
    changed(&state, id).await?;
    Ok(axum::Json(OauthUnlinked { revoked }))
}
