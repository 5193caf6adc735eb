//! What programs log in with.

use model::{ApiTokenId, UnixMillis, UserId};

use crate::error::{Result, StoreError};
use crate::people::{self, User};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// What is known of a token when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiToken {
    /// Whose rights it has at most.
    pub user: UserId,
    /// What it is for, as its owner says.
    pub name: String,
    /// What it may do: words, separated by blanks, opaque here.
    pub scopes: String,
    /// From when on it no longer holds; `None`: never.
    pub expires: Option<UnixMillis>,
}

/// A token as kept: everything but the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// The rest.
    pub settings: NewApiToken,
    /// Name of its owner.
    pub owner: String,
    /// When it was made.
    pub created: UnixMillis,
    /// When it was last used, as far as that was noted.
    pub used: Option<UnixMillis>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT u.key, u.user_id, u.email, u.name, u.password_hash, u.role, u.language, u.theme, u.zone, ",
            "u.active, u.created, u.mails_from, u.mails_until, u.expires, t.token_id, t.name, t.scopes, t.created, t.expires, t.used ",
            "FROM api_tokens t JOIN users u ON u.key = t.user_key ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO api_tokens (key, token_id, token_hash, user_key, name, scopes, created, expires) \
        SELECT $1, $2, $3, key, $5, $6, $7, $8 FROM users WHERE user_id = $4 AND active = 1";
    GET = select!("WHERE t.token_hash = $1 AND (t.expires IS NULL OR t.expires > $2) AND u.active = 1 AND (u.expires IS NULL OR u.expires > $2)");
    BY_ID = select!("WHERE t.token_id = $1");
    ALL_TOKENS = select!("ORDER BY t.key DESC");
    OF_USER = select!("WHERE u.user_id = $1 ORDER BY t.key DESC");
    USED = "UPDATE api_tokens SET used = $2 WHERE token_id = $1";
    REMOVE = "DELETE FROM api_tokens WHERE token_id = $1";
}

/// With the key of the owner, and the owner without accounts.
fn token(row: &Row<'_>) -> Result<((i64, User), ApiToken)> {
    let (key, user) = people::user(row)?;
    let token = ApiToken {
        id: ApiTokenId::from_octets(row.octets(14)?),
        settings: NewApiToken {
            user: user.id,
            name: row.text(15)?,
            scopes: row.text(16)?,
            expires: row.opt_time(18)?,
        },
        owner: user.profile.name.clone(),
        created: row.time(17)?,
        used: row.opt_time(19)?,
    };
    Ok(((key, user), token))
}

impl Store {
    /// Keeps a token; `token_hash` is a digest of what the program has.
    ///
    /// # Errors
    /// `Missing` if the user does not exist or may not log in.
    pub fn create_api_token(
        &self,
        id: ApiTokenId,
        token_hash: [u8; 32],
        new: NewApiToken,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            let args = args![
                key,
                id.octets(),
                &token_hash,
                new.user.octets(),
                &new.name,
                &new.scopes,
                now,
                new.expires,
            ];
            match tx.exec(&INSERT, &args)? {
                0 => Err(StoreError::Missing { what: "user", key: new.user.to_string() }),
                _ => Ok(()),
            }
        })
    }

    /// The token with this digest and its owner, if it holds at `now` and the owner may log in.
    ///
    /// # Errors
    /// Those of the database.
    pub fn api_token_by_hash(
        &self,
        token_hash: &[u8; 32],
        now: UnixMillis,
    ) -> Result<Option<(User, ApiToken)>> {
        self.read(|tx| {
            let Some((found, token)) = tx.first(&GET, &args![token_hash, now], token)? else {
                return Ok(None);
            };
            Ok(people::with_accounts(tx, Some(found))?.map(|user| (user, token)))
        })
    }

    /// Tokens, newest first: all, or those of one user.
    ///
    /// # Errors
    /// Those of the database.
    pub fn api_tokens(&self, of: Option<UserId>) -> Result<Vec<ApiToken>> {
        let shown = |row: &Row<'_>| token(row).map(|(_, token)| token);
        self.read(|tx| match of {
            Some(user) => tx.query(&OF_USER, &[user.octets().into()], shown),
            None => tx.query(&ALL_TOKENS, &[], shown),
        })
    }

    /// One token, whether it holds or not.
    ///
    /// # Errors
    /// Those of the database.
    pub fn api_token(&self, id: ApiTokenId) -> Result<Option<ApiToken>> {
        self.read(|tx| tx.first(&BY_ID, &[id.octets().into()], |row| token(row).map(|(_, token)| token)))
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_api_token_used(&self, id: ApiTokenId, at: UnixMillis) -> Result<()> {
        self.write(move |tx| tx.exec(&USED, &args![id.octets(), at]).map(drop))
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// `Missing`.
    pub fn remove_api_token(&self, id: ApiTokenId) -> Result<()> {
        self.write(move |tx| match tx.exec(&REMOVE, &[id.octets().into()])? {
            0 => Err(StoreError::Missing { what: "token", key: id.to_string() }),
            _ => Ok(()),
        })
    }
}
