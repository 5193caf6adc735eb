//! Everything that is sealed, for a new master key.

use std::sync::{Arc, Mutex, PoisonError};

use model::{
    AccountId, ErpSourceId, OauthClientId, OauthGrantId, RemoteId, SmtpAccountId, UnixMillis, WebhookId,
};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::log_leaves;
use crate::sql::{Sql, statements};
use crate::store::Store;
use crate::value::args;

/// A sealed value, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedField {
    /// Password of an account.
    Account(AccountId),
    /// Password of a server that sends.
    Smtp(SmtpAccountId),
    /// Secret of a webhook.
    Webhook(WebhookId),
    /// The one before.
    WebhookOld(WebhookId),
    /// Password of a source of records.
    Erp(ErpSourceId),
    /// Key of a store of segments.
    Remote(RemoteId),
    /// Secret of what anchors the log outside.
    Anchor([u8; 16]),
    /// Secret of an application at a sign-in service.
    OauthSecret(OauthClientId),
    /// Refresh token.
    OauthRefresh(OauthGrantId),
    /// Access token.
    OauthAccess(OauthGrantId),
    /// What a person on the service's page comes back for; by the digest of the state.
    OauthVerifier([u8; 32]),
}

statements! {
    ACCOUNTS = "SELECT account_id, credential FROM accounts WHERE credential IS NOT NULL";
    SMTP = "SELECT smtp_id, credential FROM smtp_accounts WHERE credential IS NOT NULL";
    WEBHOOKS = "SELECT webhook_id, secret FROM webhooks";
    WEBHOOKS_OLD = "SELECT webhook_id, old_secret FROM webhooks WHERE old_secret IS NOT NULL";
    ERP = "SELECT source_id, credential FROM erp_sources WHERE credential IS NOT NULL";
    REMOTE = "SELECT remote_id, secret FROM remote_storage";
    ANCHORS = "SELECT secret_id, sealed FROM anchor_secrets";
    SECRETS = "SELECT client_id, secret FROM oauth_clients WHERE secret IS NOT NULL";
    REFRESH = "SELECT grant_id, refresh FROM oauth_grants WHERE refresh IS NOT NULL";
    ACCESS = "SELECT grant_id, access FROM oauth_grants WHERE access IS NOT NULL";
    VERIFIERS = "SELECT digest, verifier FROM oauth_attempts";
    SET_ACCOUNT = "UPDATE accounts SET credential = $2 WHERE account_id = $1";
    SET_SMTP = "UPDATE smtp_accounts SET credential = $2 WHERE smtp_id = $1";
    SET_WEBHOOK = "UPDATE webhooks SET secret = $2 WHERE webhook_id = $1";
    SET_WEBHOOK_OLD = "UPDATE webhooks SET old_secret = $2 WHERE webhook_id = $1";
    SET_ERP = "UPDATE erp_sources SET credential = $2 WHERE source_id = $1";
    SET_REMOTE = "UPDATE remote_storage SET secret = $2 WHERE remote_id = $1";
    SET_ANCHOR = "UPDATE anchor_secrets SET sealed = $2 WHERE secret_id = $1";
    SET_SECRET = "UPDATE oauth_clients SET secret = $2 WHERE client_id = $1";
    SET_REFRESH = "UPDATE oauth_grants SET refresh = $2 WHERE grant_id = $1";
    SET_ACCESS = "UPDATE oauth_grants SET access = $2 WHERE grant_id = $1";
    SET_VERIFIER = "UPDATE oauth_attempts SET verifier = $2 WHERE digest = $1";
}

/// What becomes of a value, or why nothing does.
type Turn<'t, E> = &'t dyn Fn(SealedField, &[u8]) -> Result<Vec<u8>, E>;

/// Where the values of one kind are read and written.
struct Place<const N: usize> {
    read: &'static Sql,
    write: &'static Sql,
    name: fn([u8; N]) -> SealedField,
}

impl<const N: usize> Place<N> {
    /// Replaces every value by what `turn` makes of it. Gives how many there were, or the first refusal.
    fn each<E>(&self, tx: &Tx<'_>, turn: Turn<'_, E>) -> Result<Result<u64, E>> {
        let rows = tx.query(self.read, &[], |row| Ok((row.octets::<N>(0)?, row.blob(1)?)))?;
        for (id, old) in &rows {
            match turn((self.name)(*id), old) {
                Ok(new) => drop(tx.exec(self.write, &args![id, new])?),
                Err(refused) => return Ok(Err(refused)),
            }
        }
        Ok(Ok(rows.len() as u64))
    }
}

const IDS: [Place<16>; 10] = [
    Place {
        read: &ACCOUNTS,
        write: &SET_ACCOUNT,
        name: |id| SealedField::Account(AccountId::from_octets(id)),
    },
    Place { read: &SMTP, write: &SET_SMTP, name: |id| SealedField::Smtp(SmtpAccountId::from_octets(id)) },
    Place {
        read: &WEBHOOKS,
        write: &SET_WEBHOOK,
        name: |id| SealedField::Webhook(WebhookId::from_octets(id)),
    },
    Place {
        read: &WEBHOOKS_OLD,
        write: &SET_WEBHOOK_OLD,
        name: |id| SealedField::WebhookOld(WebhookId::from_octets(id)),
    },
    Place { read: &REMOTE, write: &SET_REMOTE, name: |id| SealedField::Remote(RemoteId::from_octets(id)) },
    Place { read: &ANCHORS, write: &SET_ANCHOR, name: SealedField::Anchor },
    Place { read: &ERP, write: &SET_ERP, name: |id| SealedField::Erp(ErpSourceId::from_octets(id)) },
    Place {
        read: &SECRETS,
        write: &SET_SECRET,
        name: |id| SealedField::OauthSecret(OauthClientId::from_octets(id)),
    },
    Place {
        read: &REFRESH,
        write: &SET_REFRESH,
        name: |id| SealedField::OauthRefresh(OauthGrantId::from_octets(id)),
    },
    Place {
        read: &ACCESS,
        write: &SET_ACCESS,
        name: |id| SealedField::OauthAccess(OauthGrantId::from_octets(id)),
    },
];
const VERIFIER: Place<32> =
    Place { read: &VERIFIERS, write: &SET_VERIFIER, name: SealedField::OauthVerifier };

impl Store {
    /// Replaces every sealed value by what `turn` makes of it, and a setting, in one transaction: all or nothing. Gives how
    /// many there were, or what `turn` refused; then nothing is changed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn reseal<E: Send + 'static>(
        &self,
        setting: (String, String),
        now: UnixMillis,
        turn: impl Fn(SealedField, &[u8]) -> Result<Vec<u8>, E> + Send + 'static,
    ) -> Result<Result<u64, E>> {
        let refused = Arc::new(Mutex::new(None));
        let for_refused = Arc::clone(&refused);
        let done = self.write(move |tx| {
            let mut count = 0;
            let mut counted = |outcome: Result<u64, E>| match outcome {
                Ok(more) => {
                    count += more;
                    Ok(())
                }
                Err(why) => {
                    *for_refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                    // The transaction is given up.
                    Err(StoreError::Unreadable { what: "sealed value" })
                }
            };
            for place in &IDS {
                counted(place.each(tx, &turn)?)?;
            }
            counted(VERIFIER.each(tx, &turn)?)?;
            crate::settings::set(tx, &setting.0, &setting.1)?;
            log_leaves::append(tx, &[log_leaves::of_key(&setting.1, now)])?;
            Ok(count)
        });
        match refused.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(why) => Ok(Err(why)),
            None => done.map(Ok),
        }
    }
}
