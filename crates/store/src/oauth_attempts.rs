//! People who are on a sign-in service's page now.

use model::{AccountId, OauthClientId, UnixMillis};

use crate::error::Result;
use crate::sql::statements;
use crate::store::Store;
use crate::value::args;

/// What is remembered until the person comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthAttempt {
    /// SHA-256 of the state.
    pub digest: [u8; 32],
    /// For which account.
    pub account: AccountId,
    /// Of which application.
    pub client: OauthClientId,
    /// Sealed PKCE verifier, opaque here.
    pub verifier: Vec<u8>,
    /// Where the person comes back to.
    pub redirect: String,
    /// Who began.
    pub person: String,
    /// Until when they may.
    pub expires: UnixMillis,
}

statements! {
    INSERT = "INSERT INTO oauth_attempts (digest, account, client, verifier, redirect, person, expires) \
        SELECT $1, a.key, c.key, $4, $5, $6, $7 FROM accounts a, oauth_clients c \
        WHERE a.account_id = $2 AND c.client_id = $3";
    TAKE = "SELECT t.digest, a.account_id, c.client_id, t.verifier, t.redirect, t.person, t.expires \
        FROM oauth_attempts t JOIN accounts a ON a.key = t.account JOIN oauth_clients c ON c.key = t.client \
        WHERE t.digest = $1";
    REMOVE = "DELETE FROM oauth_attempts WHERE digest = $1 OR expires <= $2";
}

impl Store {
    /// A person is sent to the service.
    ///
    /// # Errors
    /// Those of the database.
    pub fn begin_oauth(&self, attempt: OauthAttempt) -> Result<()> {
        self.write(move |tx| {
            let args = args![
                &attempt.digest,
                attempt.account.octets(),
                attempt.client.octets(),
                attempt.verifier.as_slice(),
                &attempt.redirect,
                &attempt.person,
                attempt.expires,
            ];
            tx.exec(&INSERT, &args).map(drop)
        })
    }

    /// The person has come back: what was remembered, once only; `None` if it was too late, or never begun. Forgets all
    /// that is too late.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take_oauth(&self, digest: [u8; 32], now: UnixMillis) -> Result<Option<OauthAttempt>> {
        self.write(move |tx| {
            let found = tx.first(&TAKE, &[(&digest).into()], |row| {
                Ok(OauthAttempt {
                    digest: row.octets(0)?,
                    account: AccountId::from_octets(row.octets(1)?),
                    client: OauthClientId::from_octets(row.octets(2)?),
                    verifier: row.blob(3)?,
                    redirect: row.text(4)?,
                    person: row.text(5)?,
                    expires: row.time(6)?,
                })
            })?;
            tx.exec(&REMOVE, &args![&digest, now])?;
            Ok(found.filter(|found| found.expires > now))
        })
    }
}
