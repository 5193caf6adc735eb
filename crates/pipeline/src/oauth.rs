//! Tokens of accounts that log in with OAuth 2: who refreshes them, and where they are kept before they are used.
//!
//! One refresher per grant: within the process one task at a time, among processes by a lease whose number guards the
//! write. The rotated refresh token is durable before the access token goes anywhere.

mod link;
mod tokens;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connect::Trust;
use connect::oauth::{Client, Endpoints, Grant, Http, Needs, OauthError, Provider};
use keys::Secret;
use model::{AccountId, OauthClientId, OauthGrantId, UnixMillis};
use serde::{Deserialize, Serialize};
use store::{
    Account, GrantKind, GrantTrouble, NewOauthGrant, OauthClient, OauthGrant, OauthService, Renewed,
};

use crate::blocking::blocking;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::notify::entry;

pub use link::{DeviceCode, Linked};
pub use tokens::Tokens;

/// An access token is used until so long before its end.
const MARGIN_MS: i64 = 60_000;
/// A refresh may take so long; longer than any single question to the service.
const LEASE_MS: i64 = 90_000;
/// Pause between two looks at a grant that another process refreshes.
const ELSEWHERE_PAUSE: Duration = Duration::from_millis(250);
/// The end of the engine waits so long for refreshes under way.
const END_MAX: Duration = Duration::from_secs(35);

/// What `store` keeps as options of an application: JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OauthOptions {
    /// Microsoft: directory id or domain; empty for any.
    pub tenant: String,
    /// Another service: its page for people.
    pub authorize: String,
    /// Where its tokens come from.
    pub token: String,
    /// Where its device codes come from; empty: it has none.
    pub device: String,
    /// Where tokens are given back; empty: nowhere.
    pub revoke: String,
    /// Who says whom a token is of; empty: nobody.
    pub userinfo: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The secret goes into the field `Authorization`.
    pub basic: bool,
    /// Certificates believed; empty: those of the system.
    pub ca_pem: String,
}

impl OauthOptions {
    /// What is asked of a service.
    pub fn provider(&self, service: OauthService) -> Provider {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        match service {
            OauthService::Microsoft => Provider::microsoft(&self.tenant),
            OauthService::MicrosoftGraph => Provider::microsoft_graph(&self.tenant),
            OauthService::Google => Provider::google(),
            OauthService::Other => {
                let endpoints = Endpoints {
                    authorize: self.authorize.clone(),
                    token: self.token.clone(),
                    device: some(&self.device),
                    revoke: some(&self.revoke),
                    userinfo: some(&self.userinfo),
                };
                Provider::other(endpoints, self.scopes.clone(), self.basic)
            }
        }
    }

    /// Whom to believe.
    ///
    /// # Errors
    /// [`OauthError::Trust`].
    pub fn http(&self) -> Result<Http, OauthError> {
        match self.ca_pem.as_str() {
            "" => Http::new(&Trust::System),
            pem => Http::new(&Trust::Pem(pem.to_owned())),
        }
    }
}

/// Place of the sealed secret of an application.
pub fn oauth_secret_field(id: OauthClientId) -> String {
    format!("oauth-client:{id}:secret")
}

/// Place of a sealed token: `refresh` or `access`.
pub(crate) fn token_field(id: OauthGrantId, which: &str) -> String {
    format!("oauth-grant:{id}:{which}")
}

/// Place of the sealed verifier of somebody who is on the service's page.
pub(crate) fn verifier_field(digest: &[u8; 32]) -> String {
    format!("oauth-attempt:{}:verifier", model::Sha256(*digest))
}

/// What is under way in this process.
#[derive(Default)]
pub(crate) struct Oauth {
    flights: Mutex<HashMap<OauthGrantId, Arc<tokio::sync::Mutex<()>>>>,
    refreshing: AtomicUsize,
    devices: Mutex<HashMap<AccountId, link::Waiting>>,
}

impl Oauth {
    fn flight(&self, id: OauthGrantId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.flights.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default())
    }

    /// Waits until nothing is under way whose answer would be lost. Blocks.
    pub(crate) fn settle(&self) {
        let begun = Instant::now();
        while self.refreshing.load(Ordering::Acquire) > 0 && begun.elapsed() < END_MAX {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// An access token, and where it came from.
pub(crate) struct Access {
    pub(crate) token: Secret<String>,
    pub(crate) epoch: i64,
    /// It has just been given: another would be no better.
    pub(crate) is_new: bool,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) struct NoAccess {
    pub(crate) needs: Needs,
    pub(crate) words: String,
}

impl NoAccess {
    fn new(needs: Needs, words: impl Into<String>) -> Self {
        Self { needs, words: words.into() }
    }

    fn of(error: &OauthError) -> Self {
        Self::new(error.needs(), error.words().map_or_else(|| crate::chain(error), str::to_owned))
    }

    /// Trouble of our own, such as a full disk, is nobody's consent.
    fn ours(error: &Error) -> Self {
        let needs = if error.is_transient() { Needs::Retry } else { Needs::Settings };
        Self::new(needs, crate::chain(error))
    }
}

/// A token that is good now. `avoid`: the mail server refuses the one of this number.
///
/// The work goes on if the caller is gone: an answer with a rotated token must not be lost.
pub(crate) async fn access(
    core: &Arc<Core>,
    id: OauthGrantId,
    avoid: Option<i64>,
) -> Result<Access, NoAccess> {
    let for_task = Arc::clone(core);
    let task = tokio::spawn(async move {
        for_task.oauth.refreshing.fetch_add(1, Ordering::AcqRel);
        let outcome = access_inner(&for_task, id, avoid).await;
        for_task.oauth.refreshing.fetch_sub(1, Ordering::AcqRel);
        outcome
    });
    task.await.unwrap_or_else(|_| Err(NoAccess::new(Needs::Retry, "")))
}

async fn access_inner(core: &Arc<Core>, id: OauthGrantId, avoid: Option<i64>) -> Result<Access, NoAccess> {
    let flight = core.oauth.flight(id);
    let _alone = flight.lock().await;
    let begun = Instant::now();
    loop {
        let for_look = Arc::clone(core);
        let looked =
            blocking(move || look(&for_look, id, avoid)).await.map_err(|error| NoAccess::ours(&error))?;
        match looked {
            Look::Gone => return Err(NoAccess::new(Needs::Consent, "")),
            Look::Lost(why) => return Err(why),
            Look::Good(access) => return Ok(access),
            Look::Elsewhere if begun.elapsed() > Duration::from_millis(2 * LEASE_MS as u64) => {
                return Err(NoAccess::new(Needs::Retry, ""));
            }
            Look::Elsewhere => tokio::time::sleep(ELSEWHERE_PAUSE).await,
            Look::Leased(leased) => {
                if let Some(access) = refresh(core, *leased).await? {
                    return Ok(access);
                }
            }
        }
    }
}

/// How a grant stands.
enum Look {
    /// There is none.
    Gone,
    /// Only people can help.
    Lost(NoAccess),
    Good(Access),
    /// Another process refreshes it.
    Elsewhere,
    /// We do.
    Leased(Box<Leased>),
}

struct Leased {
    grant: OauthGrant,
    epoch: i64,
    client: Result<Client, OauthError>,
    refresh: Option<Secret<String>>,
}

fn look(core: &Core, id: OauthGrantId, avoid: Option<i64>) -> Result<Look> {
    if let Some(epoch) = avoid {
        core.store.forget_access(id, epoch)?;
    }
    let Some(grant) = core.store.oauth_grant(id)? else { return Ok(Look::Gone) };
    if let Some(trouble) = grant.trouble.as_ref().filter(|trouble| trouble.needs == Needs::Consent.as_str()) {
        return Ok(Look::Lost(NoAccess::new(Needs::Consent, trouble.text.as_str())));
    }
    let now = core.now();
    let open = |which: &str, sealed: &[u8]| core.sealer.open_text(&token_field(id, which), sealed);
    let is_good = grant.granted.access_expires.is_none_or(|end| end.0 - MARGIN_MS > now.0);
    if let Some(sealed) = grant.granted.access.as_deref().filter(|_| is_good) {
        let token = open("access", sealed)?;
        return Ok(Look::Good(Access { token, epoch: grant.epoch, is_new: false }));
    }
    // What another process wrote between the look and the lease counts.
    let seen = grant.granted.access_expires;
    let Some(epoch) = core.store.lease_grant(id, seen, now, now.plus_ms(LEASE_MS))? else {
        return Ok(Look::Elsewhere);
    };
    let Some(grant) = core.store.oauth_grant(id)? else { return Ok(Look::Gone) };
    let refresh = grant.granted.refresh.as_deref().map(|sealed| open("refresh", sealed)).transpose()?;
    let client = match core.store.oauth_client(grant.client)? {
        Some(client) => open_client(core, &client)?,
        None => return Ok(Look::Gone),
    };
    Ok(Look::Leased(Box::new(Leased { grant, epoch, client, refresh })))
}

/// An application, ready to ask.
pub(crate) fn open_client(core: &Core, kept: &OauthClient) -> Result<Result<Client, OauthError>> {
    let options: OauthOptions = serde_json::from_str(&kept.settings.options).unwrap_or_default();
    let secret = kept.settings.secret.as_deref();
    let secret =
        secret.map(|sealed| core.sealer.open_text(&oauth_secret_field(kept.id), sealed)).transpose()?;
    let provider = options.provider(kept.settings.service);
    Ok(options.http().and_then(|http| Client::new(provider, kept.settings.registered.clone(), secret, http)))
}

/// Asks the service, and keeps what it says before anybody uses it. `None`: somebody else was faster.
async fn refresh(core: &Arc<Core>, leased: Leased) -> Result<Option<Access>, NoAccess> {
    let Leased { grant, epoch, client, refresh } = leased;
    let outcome = match (client, grant.granted.kind, &refresh) {
        (Err(error), ..) => Err(error),
        (Ok(client), GrantKind::Application, _) => client.app_only().await,
        (Ok(client), GrantKind::Person, Some(token)) => client.refresh(token.expose()).await,
        (Ok(_), GrantKind::Person, None) => Err(OauthError::Consent { words: String::new() }),
    };
    let for_keeping = Arc::clone(core);
    let kept = blocking(move || match outcome {
        Ok(granted) => keep(&for_keeping, &grant, epoch, granted).map(Ok),
        Err(error) => note_failure(&for_keeping, &grant, epoch, &error).map(Err),
    });
    kept.await.map_err(|error| NoAccess::ours(&error))?
}

fn after(now: UnixMillis, time: Option<Duration>) -> Option<UnixMillis> {
    time.map(|time| now.plus_ms(i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)))
}

fn keep(core: &Core, grant: &OauthGrant, epoch: i64, granted: Grant) -> Result<Option<Access>> {
    let now = core.now();
    let seal = |which: &str, token: &Secret<String>| {
        core.sealer.seal(&token_field(grant.id, which), token.expose().as_bytes())
    };
    let renewed = Renewed {
        refresh: granted.refresh_token.as_ref().map(|token| seal("refresh", token)).transpose()?,
        access: seal("access", &granted.access_token)?,
        access_expires: after(now, granted.expires_in),
        refresh_expires: after(now, granted.refresh_expires_in),
    };
    let is_kept = core.store.grant_renewed(grant.id, epoch, renewed, now)?;
    Ok(is_kept.then_some(Access { token: granted.access_token, epoch, is_new: true }))
}

fn note_failure(core: &Core, grant: &OauthGrant, epoch: i64, error: &OauthError) -> Result<NoAccess> {
    let why = NoAccess::of(error);
    tracing::warn!(grant.id = %grant.id, needs = why.needs.as_str(), "there is no token for a mailbox");
    let is_news = grant.trouble.as_ref().is_none_or(|trouble| trouble.needs != why.needs.as_str());
    let now = core.now();
    let mut told = Vec::new();
    if is_news && why.needs != Needs::Retry {
        for (account, name) in users_of(core, grant.id)? {
            let details = [("name", name.as_str()), ("needs", why.needs.as_str()), ("answer", &why.words)];
            told.push(entry("oauth", now, "account.consent_needed", &account.to_string(), &details));
        }
    }
    let trouble = GrantTrouble { needs: why.needs.as_str().to_owned(), text: why.words.clone(), since: now };
    core.store.grant_failed(grant.id, epoch, trouble, told)?;
    Ok(why)
}

/// Accounts that use a grant, with their names.
pub(crate) fn users_of(core: &Core, grant: OauthGrantId) -> Result<Vec<(AccountId, String)>> {
    let accounts = core.store.accounts(false)?;
    let users = accounts.into_iter().filter(|account| account.grant == Some(grant));
    Ok(users.map(|account| (account.id, account.settings.name)).collect())
}

/// What is kept of a new grant.
pub(crate) fn sealed(
    core: &Core,
    id: OauthGrantId,
    kind: GrantKind,
    granted: &Grant,
) -> Result<NewOauthGrant> {
    let now = core.now();
    let seal = |which: &str, token: &Secret<String>| {
        core.sealer.seal(&token_field(id, which), token.expose().as_bytes())
    };
    Ok(NewOauthGrant {
        kind,
        person: granted.identity.as_ref().map(|identity| identity.name().to_owned()).unwrap_or_default(),
        scopes: granted.scopes.join(" "),
        refresh: granted.refresh_token.as_ref().map(|token| seal("refresh", token)).transpose()?,
        access: Some(seal("access", &granted.access_token)?),
        access_expires: after(now, granted.expires_in),
        refresh_expires: after(now, granted.refresh_expires_in),
    })
}

impl Engine {
    /// Where an account's tokens come from.
    pub fn tokens(&self, account: &Account) -> Tokens {
        Tokens::new(Arc::clone(self.core()), account.grant)
    }
}
