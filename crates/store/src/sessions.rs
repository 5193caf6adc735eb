//! Sessions and the throttle of logins.

use model::{UnixMillis, UserId};

use crate::error::{Result, StoreError};
use crate::people::{self, User};
use crate::sql::statements;
use crate::store::Store;
use crate::value::args;

/// A login that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: User,
    /// Since when.
    pub created: UnixMillis,
    /// Until when.
    pub expires: UnixMillis,
}

/// Failed logins of an address, or of a network address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// In a row.
    pub failures: u32,
    /// The last one.
    pub last: UnixMillis,
    /// No attempt before.
    pub until: UnixMillis,
}

statements! {
    START = "INSERT INTO sessions (token_hash, user_key, created, expires) \
        SELECT $1, key, $3, $4 FROM users WHERE user_id = $2 AND active = 1";
    GET = "SELECT u.key, u.user_id, u.email, u.name, u.password_hash, u.role, u.language, u.theme, u.zone, \
        u.active, u.created, u.mails_from, u.mails_until, u.expires, s.created, s.expires FROM sessions s JOIN users u ON u.key = s.user_key \
        WHERE s.token_hash = $1 AND s.expires > $2 AND u.active = 1 \
        AND (u.expires IS NULL OR u.expires > $2)";
    EXTEND = "UPDATE sessions SET expires = $2 WHERE token_hash = $1";
    END = "DELETE FROM sessions WHERE token_hash = $1";
    END_OTHERS = "DELETE FROM sessions WHERE user_key = (SELECT key FROM users WHERE user_id = $1) \
        AND token_hash <> $2";
    EXPIRE = "DELETE FROM sessions WHERE expires <= $1";
    GET_THROTTLE = "SELECT failures, last, until FROM throttles WHERE key = $1";
    SET_THROTTLE = "INSERT INTO throttles (key, failures, last, until) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last = excluded.last, \
        until = excluded.until";
    CLEAR_THROTTLE = "DELETE FROM throttles WHERE key = $1";
    FORGET_THROTTLES = "DELETE FROM throttles WHERE last < $1";
}

impl Store {
    /// Begins a session; `token_hash` is a digest of what the browser keeps.
    ///
    /// # Errors
    /// `Missing` if the user does not exist or may not log in.
    pub fn start_session(
        &self,
        token_hash: [u8; 32],
        user: UserId,
        created: UnixMillis,
        expires: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| match tx.exec(&START, &args![&token_hash, user.octets(), created, expires])? {
            0 => Err(StoreError::Missing { what: "user", key: user.to_string() }),
            _ => Ok(()),
        })
    }

    /// The session of this token, if it holds and its user may log in.
    ///
    /// # Errors
    /// Those of the database.
    pub fn session(&self, token_hash: &[u8; 32], now: UnixMillis) -> Result<Option<Session>> {
        self.read(|tx| {
            let found = tx.first(&GET, &args![token_hash, now], |row| {
                Ok((people::user(row)?, row.time(14)?, row.time(15)?))
            })?;
            let Some((user, created, expires)) = found else { return Ok(None) };
            Ok(people::with_accounts(tx, Some(user))?.map(|user| Session { user, created, expires }))
        })
    }

    /// Lets a session hold longer.
    ///
    /// # Errors
    /// Those of the database.
    pub fn extend_session(&self, token_hash: [u8; 32], expires: UnixMillis) -> Result<()> {
        self.write(move |tx| tx.exec(&EXTEND, &args![&token_hash, expires]).map(drop))
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_session(&self, token_hash: [u8; 32]) -> Result<()> {
        self.write(move |tx| tx.exec(&END, &args![&token_hash]).map(drop))
    }

    /// Ends all sessions of a user but `keep`, as after a new password.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_sessions(&self, user: UserId, keep: Option<[u8; 32]>) -> Result<u64> {
        self.write(move |tx| tx.exec(&END_OTHERS, &args![user.octets(), keep.unwrap_or_default().as_slice()]))
    }

    /// Removes sessions that no longer hold, and throttles without a failure since `forget`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn expire_sessions(&self, now: UnixMillis, forget: UnixMillis) -> Result<u64> {
        self.write(move |tx| {
            tx.exec(&FORGET_THROTTLES, &args![forget])?;
            tx.exec(&EXPIRE, &args![now])
        })
    }

    /// Failed logins under a key.
    ///
    /// # Errors
    /// Those of the database.
    pub fn throttle(&self, key: &str) -> Result<Option<Throttle>> {
        self.read(|tx| {
            tx.first(&GET_THROTTLE, &[key.into()], |row| {
                Ok(Throttle { failures: row.small(0)?, last: row.time(1)?, until: row.time(2)? })
            })
        })
    }

    /// Keeps failed logins under a key; `None` after a login that succeeded.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_throttle(&self, key: String, throttle: Option<Throttle>) -> Result<()> {
        self.write(move |tx| {
            match throttle {
                Some(t) => tx.exec(&SET_THROTTLE, &args![&key, t.failures, t.last, t.until]),
                None => tx.exec(&CLEAR_THROTTLE, &args![&key]),
            }
            .map(drop)
        })
    }
}
