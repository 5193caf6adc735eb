//! Linking of accounts: from a person's consent to a grant that is used.

use std::sync::{Arc, PoisonError};

use connect::oauth::{Client, Device, Grant, OauthError};
use keys::Secret;
use model::{AccountId, OauthClientId, OauthGrantId, UnixMillis};
use store::{Account, GrantKind, OauthAttempt};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{open_client, sealed, token_field, verifier_field};
use crate::blocking::blocking;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::news::News;
use crate::notify::entry;

/// A person may stay so long on the service's page.
const ATTEMPT_MS: i64 = 60 * 60_000;

/// What came of a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The account.
    pub account: AccountId,
    /// Who consented; empty if the service does not say.
    pub person: String,
    /// It is used; otherwise it waits until somebody confirms that this person may open that mailbox.
    pub is_used: bool,
}

/// A code that a person types in elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// The code.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
    /// Until when.
    pub expires: UnixMillis,
    /// What went wrong; `None` while it is waited for.
    pub failed: Option<String>,
}

/// One that is waited for.
pub(super) struct Waiting {
    code: DeviceCode,
    task: Option<JoinHandle<()>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Core {
    fn client_of(&self, account: &Account) -> Result<(OauthClientId, Client)> {
        let name = || account.settings.name.clone();
        let id = account.settings.oauth.ok_or_else(|| Error::NoOauth { name: name() })?;
        let kept = self.store.oauth_client(id)?.ok_or_else(|| Error::NoOauth { name: name() })?;
        let asking = open_client(self, &kept)??;
        let sends = self.store.smtp_accounts()?.iter().any(|smtp| smtp.settings.account == Some(account.id));
        Ok((id, if sends { asking.with_sending() } else { asking }))
    }

    /// Keeps a consent. Used at once if the person is the mailbox, or was confirmed for it before.
    fn link(
        &self,
        account: &Account,
        client: OauthClientId,
        kind: GrantKind,
        granted: &Grant,
        person: &str,
    ) -> Result<Linked> {
        let id = OauthGrantId::new(Uuid::now_v7());
        let new = sealed(self, id, kind, granted)?;
        let before = account.grant.map(|grant| self.store.oauth_grant(grant)).transpose()?.flatten();
        let was_confirmed =
            before.is_some_and(|before| !new.person.is_empty() && before.granted.person == new.person);
        let is_owner = granted.identity.as_ref().is_some_and(|who| who.is(&account.settings.login));
        let is_used = kind == GrantKind::Application || is_owner || was_confirmed;
        let linked = Linked { account: account.id, person: new.person.clone(), is_used };
        let word = if is_used { "account.linked" } else { "account.link_waits" };
        let details = [("name", account.settings.name.as_str())];
        let now = self.now();
        let told = entry(person, now, word, &account.id.to_string(), &details);
        self.store.link_account(account.id, client, (id, new), is_used, (now, told))?;
        self.tell(News::Account(account.id));
        Ok(linked)
    }
}

impl Engine {
    /// A person is to be sent to the service's page: gives its address. `redirect`: where they come back. `person`: who
    /// began. Blocks.
    ///
    /// # Errors
    /// `NoOauth` if the account does not log in with tokens; `Oauth` if its application cannot be asked.
    pub fn begin_link(&self, account: &Account, redirect: &str, person: &str) -> Result<String> {
        let core = self.core();
        let (client, asking) = core.client_of(account)?;
        let asked = asking.authorize(redirect, Some(&account.settings.login))?;
        let digest = keys::token_digest(asked.state.expose());
        let verifier = core.sealer.seal(&verifier_field(&digest), asked.verifier.expose().as_bytes())?;
        core.store.begin_oauth(OauthAttempt {
            digest,
            account: account.id,
            client,
            verifier,
            redirect: redirect.to_owned(),
            person: person.to_owned(),
            expires: core.now().plus_ms(ATTEMPT_MS),
        })?;
        Ok(asked.url)
    }

    /// The person came back with `state` and a code, or with an error of the service.
    ///
    /// # Errors
    /// `LinkOver` if nobody was sent there with this state, or it was somebody else, or too long ago; `Oauth`.
    pub async fn finish_link(
        &self,
        state: &str,
        code: Result<&str, OauthError>,
        person: &str,
    ) -> Result<Linked> {
        let core = Arc::clone(self.core());
        let (digest, by) = (keys::token_digest(state), person.to_owned());
        let prepared = blocking(move || {
            let attempt = core.store.take_oauth(digest, core.now())?.ok_or(Error::LinkOver)?;
            let account = core.store.account(attempt.account)?.filter(|account| account.removed.is_none());
            let account = account.filter(|account| account.settings.oauth == Some(attempt.client));
            let account = account.filter(|_| attempt.person == by).ok_or(Error::LinkOver)?;
            let verifier = core.sealer.open_text(&verifier_field(&digest), &attempt.verifier)?;
            let (client, asking) = core.client_of(&account)?;
            Ok((account, client, asking, verifier, attempt.redirect))
        });
        let (account, client, asking, verifier, redirect) = prepared.await?;
        let granted = asking.redeem(code?, verifier.expose(), &redirect).await?;
        let (core, by) = (Arc::clone(self.core()), person.to_owned());
        blocking(move || core.link(&account, client, GrantKind::Person, &granted, &by)).await
    }

    /// Asks the service for a code, and waits in the background until the person has typed it in; then `linked` is called.
    /// Another one for the same account ends the one before.
    ///
    /// # Errors
    /// `NoOauth`; `Oauth` if the service gives none.
    pub async fn begin_device_link(
        &self,
        account: &Account,
        person: &str,
        linked: Arc<dyn Fn(&Linked) + Send + Sync>,
    ) -> Result<DeviceCode> {
        let (asking, device, code) = self.device_code(account).await?;
        let id = account.id;
        let (engine, account, person) = (self.clone(), account.clone(), person.to_owned());
        let mut devices = self.core().oauth.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.insert(id, Waiting { code: code.clone(), task: None });
        let task = tokio::spawn(async move {
            let outcome = engine.wait_for_device(&account, &asking, &device, &person).await;
            let mut devices = engine.core().oauth.devices.lock().unwrap_or_else(PoisonError::into_inner);
            match &outcome {
                Ok(_) => {
                    // It must not end itself before its last words.
                    if let Some(mut waiting) = devices.remove(&id) {
                        waiting.task = None;
                    }
                }
                Err(error) => {
                    if let Some(waiting) = devices.get_mut(&id) {
                        waiting.code.failed = Some(crate::chain(error));
                    }
                }
            }
            drop(devices);
            engine.tell(News::Account(id));
            if let Ok(outcome) = outcome {
                linked(&outcome);
            }
        });
        if let Some(waiting) = devices.get_mut(&id) {
            waiting.task = Some(task);
        }
        Ok(code)
    }

    /// The code that is waited for, or that failed.
    pub fn device_link(&self, account: AccountId) -> Option<DeviceCode> {
        let devices = self.core().oauth.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.get(&account).map(|waiting| waiting.code.clone())
    }

    /// Waits for it no longer.
    pub fn end_device_link(&self, account: AccountId) {
        drop(self.core().oauth.devices.lock().unwrap_or_else(PoisonError::into_inner).remove(&account));
    }

    /// A code to type in elsewhere.
    ///
    /// # Errors
    /// `NoOauth`; `Oauth`.
    pub async fn device_code(&self, account: &Account) -> Result<(Client, Device, DeviceCode)> {
        let (core, for_client) = (Arc::clone(self.core()), account.clone());
        let (_, asking) = blocking(move || core.client_of(&for_client)).await?;
        let device = asking.device().await?;
        let code = DeviceCode {
            user_code: device.user_code().to_owned(),
            verification_uri: device.verification_uri().to_owned(),
            verification_uri_complete: device.verification_uri_complete().map(str::to_owned),
            expires: super::after(self.core().now(), Some(device.expires_in())).unwrap_or_default(),
            failed: None,
        };
        Ok((asking, device, code))
    }

    /// Waits until the person has typed it in, and links the account.
    ///
    /// # Errors
    /// `Oauth`, `NoOauth`.
    pub async fn wait_for_device(
        &self,
        account: &Account,
        asking: &Client,
        device: &Device,
        person: &str,
    ) -> Result<Linked> {
        let granted = asking.device_grant(device).await?;
        self.keep_link(account.id, GrantKind::Person, granted, person).await
    }

    /// Links an account to the application itself, without a person (client credentials).
    ///
    /// # Errors
    /// `Oauth`, `NoOauth`.
    pub async fn link_application(&self, account: &Account, person: &str) -> Result<Linked> {
        let (core, for_client) = (Arc::clone(self.core()), account.clone());
        let (_, asking) = blocking(move || core.client_of(&for_client)).await?;
        let granted = asking.app_only().await?;
        self.keep_link(account.id, GrantKind::Application, granted, person).await
    }

    /// With the settings of now: they may have been changed while the person was away.
    async fn keep_link(
        &self,
        id: AccountId,
        kind: GrantKind,
        granted: Grant,
        person: &str,
    ) -> Result<Linked> {
        let (core, by) = (Arc::clone(self.core()), person.to_owned());
        blocking(move || {
            let account = core.store.account(id)?.filter(|account| account.removed.is_none());
            let account = account.ok_or(Error::LinkOver)?;
            let client = account.settings.oauth.ok_or(Error::LinkOver)?;
            core.link(&account, client, kind, &granted, &by)
        })
        .await
    }

    /// The person who consented may open this mailbox: used from now on. Blocks.
    ///
    /// # Errors
    /// Those of the database; `Missing` if nothing waits.
    pub fn confirm_link(&self, account: &Account, person: &str) -> Result<()> {
        let core = self.core();
        let details = [("name", account.settings.name.as_str())];
        let told = entry(person, core.now(), "account.linked", &account.id.to_string(), &details);
        core.store.confirm_grant(account.id, told)?;
        core.tell(News::Account(account.id));
        Ok(())
    }

    /// An account uses no consent any more. One that no other account uses is given back to the service. Gives whether each
    /// of them was taken back there; where not, the person does that on the service's own pages.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn unlink(&self, account: &Account, person: &str) -> Result<bool> {
        self.end_device_link(account.id);
        let (core, unlinked, by) = (Arc::clone(self.core()), account.clone(), person.to_owned());
        let tokens = blocking(move || {
            let (_, asking) = core.client_of(&unlinked)?;
            let orphans = core.store.unlink_account(unlinked.id)?;
            let details = [("name", unlinked.settings.name.as_str())];
            let told = entry(&by, core.now(), "account.unlinked", &unlinked.id.to_string(), &details);
            core.store.append_events(vec![told])?;
            core.tell(News::Account(unlinked.id));
            let mut tokens: Vec<(Client, Secret<String>)> = Vec::new();
            for orphan in orphans {
                if let Some(sealed) = orphan.granted.refresh {
                    let token = core.sealer.open_text(&token_field(orphan.id, "refresh"), &sealed)?;
                    tokens.push((asking.clone(), token));
                }
            }
            Ok(tokens)
        });
        let mut is_revoked = true;
        for (asking, token) in tokens.await? {
            match asking.revoke(token.expose()).await {
                Ok(done) => is_revoked &= done,
                Err(error) => {
                    tracing::warn!(account.id = %account.id, error = %crate::chain(&error), "a consent could not be taken back at the service");
                    is_revoked = false;
                }
            }
        }
        Ok(is_revoked)
    }
}
