//! Receivers of webhooks.

use model::{UnixMillis, WebhookId};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::outgoing;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// What a person sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewWebhook {
    /// For display.
    pub name: String,
    /// Unique.
    pub url: String,
    /// Words of what it hears of.
    pub kinds: Vec<String>,
    /// Sealed secret, opaque here.
    pub secret: Vec<u8>,
    /// The one before, sealed, and until when it still signs.
    pub old_secret: Option<(Vec<u8>, UnixMillis)>,
    /// It may lie in the own network.
    pub private: bool,
    /// Whether it is called.
    pub active: bool,
}

/// A receiver as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its number.
    pub key: i64,
    /// Its id.
    pub id: WebhookId,
    /// Its settings.
    pub settings: NewWebhook,
    /// Why the server switched it off: `gone` or `failing`; empty if it did not.
    pub off_reason: String,
    /// When it was made.
    pub created: UnixMillis,
    /// When it last took something.
    pub last_success: Option<UnixMillis>,
    /// What it said when it last did not, and since when.
    pub last_error: Option<(String, UnixMillis)>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key, webhook_id, name, url, kinds, secret, old_secret, old_until, private, active, ",
            "off_reason, created, last_success, error_text, error_since FROM webhooks ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO webhooks (key, webhook_id, name, url, kinds, secret, old_secret, old_until, private, \
        active, off_reason, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11)";
    UPDATE = "UPDATE webhooks SET name = $2, url = $3, kinds = $4, secret = $5, old_secret = $6, old_until = $7, \
        private = $8, active = $9, off_reason = '', \
        error_text = CASE WHEN active = 0 THEN NULL ELSE error_text END, \
        error_since = CASE WHEN active = 0 THEN NULL ELSE error_since END WHERE webhook_id = $1";
    REMOVE = "DELETE FROM webhooks WHERE webhook_id = $1 RETURNING key";
    LIST = select!("ORDER BY name, key");
    BY_ID = select!("WHERE webhook_id = $1");
    BY_KEY = select!("WHERE key = $1");
    TARGETS = "SELECT key, url, kinds FROM webhooks WHERE active = 1";
    WENT_WELL = "UPDATE webhooks SET last_success = $2, error_text = NULL, error_since = NULL WHERE key = $1";
    FAILED = "UPDATE webhooks SET error_text = $2, error_since = COALESCE(error_since, $3) WHERE key = $1";
    SWITCH_OFF = "UPDATE webhooks SET active = 0, off_reason = $2 WHERE key = $1 AND active = 1";
}

fn webhook(row: &Row<'_>) -> Result<Webhook> {
    let (old, until) = (row.opt_blob(6)?, row.opt_time(7)?);
    let (text, since) = (row.opt_text(13)?, row.opt_time(14)?);
    Ok(Webhook {
        key: row.int(0)?,
        id: WebhookId::from_octets(row.octets(1)?),
        settings: NewWebhook {
            name: row.text(2)?,
            url: row.text(3)?,
            kinds: row.text(4)?.split_whitespace().map(str::to_owned).collect(),
            secret: row.blob(5)?,
            old_secret: old.zip(until),
            private: row.bool(8)?,
            active: row.bool(9)?,
        },
        off_reason: row.text(10)?,
        created: row.time(11)?,
        last_success: row.opt_time(12)?,
        last_error: text.zip(since),
    })
}

fn missing(id: WebhookId) -> StoreError {
    StoreError::Missing { what: "webhook", key: id.to_string() }
}

/// Numbers, addresses and words of those that are called.
pub(crate) fn targets(tx: &Tx<'_>) -> Result<Vec<(i64, String, Vec<String>)>> {
    tx.query(&TARGETS, &[], |row| {
        let kinds = row.text(2)?.split_whitespace().map(str::to_owned).collect();
        Ok((row.int(0)?, row.text(1)?, kinds))
    })
}

/// Notes how the last delivery went.
pub(crate) fn note(tx: &Tx<'_>, key: i64, error: Option<&str>, now: UnixMillis) -> Result<()> {
    match error {
        None => tx.exec(&WENT_WELL, &args![key, now]),
        Some(text) => tx.exec(&FAILED, &args![key, text, now]),
    }
    .map(drop)
}

/// Switches one off; whether it was on.
pub(crate) fn switch_off(tx: &Tx<'_>, key: i64, reason: &str) -> Result<bool> {
    Ok(tx.exec(&SWITCH_OFF, &args![key, reason])? > 0)
}

impl Store {
    /// Makes a receiver known.
    ///
    /// # Errors
    /// `Exists` if there is one with this address.
    pub fn create_webhook(&self, id: WebhookId, new: NewWebhook, now: UnixMillis) -> Result<()> {
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            let old = new.old_secret.as_ref();
            let args = args![
                key,
                id.octets(),
                &new.name,
                &new.url,
                new.kinds.join(" "),
                new.secret.as_slice(),
                old.map(|(secret, _)| secret.as_slice()),
                old.map(|(_, until)| *until),
                new.private,
                new.active,
                now,
            ];
            tx.exec(&INSERT, &args).map_err(|error| error.naming("webhook address")).map(drop)
        })
    }

    /// Replaces the settings. What one that was switched off said last is forgotten.
    ///
    /// # Errors
    /// `Missing`; `Exists` if another one has this address.
    pub fn update_webhook(&self, id: WebhookId, new: NewWebhook) -> Result<()> {
        self.write(move |tx| {
            let old = new.old_secret.as_ref();
            let args = args![
                id.octets(),
                &new.name,
                &new.url,
                new.kinds.join(" "),
                new.secret.as_slice(),
                old.map(|(secret, _)| secret.as_slice()),
                old.map(|(_, until)| *until),
                new.private,
                new.active,
            ];
            match tx.exec(&UPDATE, &args).map_err(|error| error.naming("webhook address"))? {
                0 => Err(missing(id)),
                _ => Ok(()),
            }
        })
    }

    /// Forgets a receiver and what waits for it.
    ///
    /// # Errors
    /// `Missing`.
    pub fn remove_webhook(&self, id: WebhookId) -> Result<()> {
        self.write(move |tx| {
            let key =
                tx.first(&REMOVE, &[id.octets().into()], |row| row.int(0))?.ok_or_else(|| missing(id))?;
            outgoing::forget_target(tx, key)
        })
    }

    /// All, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn webhooks(&self) -> Result<Vec<Webhook>> {
        self.read(|tx| tx.query(&LIST, &[], webhook))
    }

    /// One of them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>> {
        self.read(|tx| tx.first(&BY_ID, &[id.octets().into()], webhook))
    }

    /// The same by its number.
    ///
    /// # Errors
    /// Those of the database.
    pub fn webhook_by_key(&self, key: i64) -> Result<Option<Webhook>> {
        self.read(|tx| tx.first(&BY_KEY, &[key.into()], webhook))
    }
}
