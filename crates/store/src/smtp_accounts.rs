//! Servers that send mails of our own.

use model::{SmtpAccountId, UnixMillis};

use crate::accounts::{Tls, tls, tls_code};
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, args};

/// What a person sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSmtpAccount {
    /// Unique.
    pub name: String,
    /// Server.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// Login name; empty: without login.
    pub login: String,
    /// Sealed password, opaque here.
    pub credential: Option<Vec<u8>>,
    /// Certificates believed: JSON, opaque here.
    pub trust: String,
    /// Author of what it sends.
    pub from_address: String,
    /// Name of the author; may be empty.
    pub from_name: String,
    /// Where bounces go; `None`: nowhere.
    pub bounce_address: Option<String>,
    /// It sends the notices; at most one does.
    pub notices: bool,
    /// Whether it sends at all.
    pub active: bool,
}

/// A server as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpAccount {
    /// Its id.
    pub id: SmtpAccountId,
    /// Its settings.
    pub settings: NewSmtpAccount,
    /// When it was made.
    pub created: UnixMillis,
    /// When it last took a mail.
    pub last_success: Option<UnixMillis>,
    /// What it said when it last did not, and since when; `None` if the last time went well.
    pub last_error: Option<(String, UnixMillis)>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT smtp_id, name, host, port, tls, login, credential, trust, from_address, from_name, ",
            "bounce_address, notices, active, created, last_success, error_text, error_since ",
            "FROM smtp_accounts ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO smtp_accounts (smtp_id, name, host, port, tls, login, credential, trust, from_address, \
        from_name, bounce_address, notices, active, key, created) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    UPDATE = "UPDATE smtp_accounts SET name = $2, host = $3, port = $4, tls = $5, login = $6, credential = $7, \
        trust = $8, from_address = $9, from_name = $10, bounce_address = $11, notices = $12, active = $13, \
        error_text = NULL, error_since = NULL WHERE smtp_id = $1";
    ONLY_ONE = "UPDATE smtp_accounts SET notices = 0 WHERE smtp_id <> $1 AND notices = 1";
    REMOVE = "DELETE FROM smtp_accounts WHERE smtp_id = $1";
    LIST = select!("ORDER BY name");
    BY_ID = select!("WHERE smtp_id = $1");
    FOR_NOTICES = select!("WHERE notices = 1 AND active = 1");
    WENT_WELL = "UPDATE smtp_accounts SET last_success = $2, error_text = NULL, error_since = NULL \
        WHERE smtp_id = $1";
    FAILED = "UPDATE smtp_accounts SET error_text = $2, error_since = COALESCE(error_since, $3) WHERE smtp_id = $1";
}

fn account(row: &Row<'_>) -> Result<SmtpAccount> {
    let text = row.opt_text(15)?;
    let since = row.opt_time(16)?;
    Ok(SmtpAccount {
        id: SmtpAccountId::from_octets(row.octets(0)?),
        settings: NewSmtpAccount {
            name: row.text(1)?,
            host: row.text(2)?,
            port: u16::try_from(row.int(3)?).map_err(|_| StoreError::Unreadable { what: "port" })?,
            tls: tls(row.int(4)?),
            login: row.text(5)?,
            credential: row.opt_blob(6)?,
            trust: row.text(7)?,
            from_address: row.text(8)?,
            from_name: row.text(9)?,
            bounce_address: row.opt_text(10)?,
            notices: row.bool(11)?,
            active: row.bool(12)?,
        },
        created: row.time(13)?,
        last_success: row.opt_time(14)?,
        last_error: text.zip(since),
    })
}

/// What INSERT and UPDATE begin with.
fn set<'a>(id: &'a SmtpAccountId, new: &'a NewSmtpAccount) -> [Arg<'a>; 13] {
    args![
        id.octets(),
        &new.name,
        &new.host,
        i64::from(new.port),
        tls_code(new.tls),
        &new.login,
        new.credential.as_deref(),
        &new.trust,
        &new.from_address,
        &new.from_name,
        new.bounce_address.as_deref(),
        new.notices,
        new.active,
    ]
}

fn missing(id: SmtpAccountId) -> StoreError {
    StoreError::Missing { what: "SMTP account", key: id.to_string() }
}

fn only_one(tx: &Tx<'_>, id: SmtpAccountId, notices: bool) -> Result<()> {
    if notices { tx.exec(&ONLY_ONE, &[id.octets().into()]).map(drop) } else { Ok(()) }
}

pub(crate) fn insert(tx: &Tx<'_>, id: SmtpAccountId, new: &NewSmtpAccount, now: UnixMillis) -> Result<()> {
    let key = take(tx, "row", 1)?;
    let args = [&set(&id, new)[..], &args![key, now]].concat();
    tx.exec(&INSERT, &args).map_err(|error| error.naming("SMTP account name"))?;
    only_one(tx, id, new.notices)
}

pub(crate) fn remove(tx: &Tx<'_>, id: SmtpAccountId) -> Result<()> {
    match tx.exec(&REMOVE, &[id.octets().into()])? {
        0 => Err(missing(id)),
        _ => Ok(()),
    }
}

impl Store {
    /// Makes a server known. If it sends the notices, no other does any more.
    ///
    /// # Errors
    /// `Exists` if the name is taken.
    pub fn create_smtp_account(&self, id: SmtpAccountId, new: NewSmtpAccount, now: UnixMillis) -> Result<()> {
        self.write(move |tx| insert(tx, id, &new, now))
    }

    /// Replaces the settings; the last error is forgotten.
    ///
    /// # Errors
    /// `Missing`; `Exists` if the name is taken.
    pub fn update_smtp_account(&self, id: SmtpAccountId, new: NewSmtpAccount) -> Result<()> {
        self.write(move |tx| {
            match tx.exec(&UPDATE, &set(&id, &new)).map_err(|error| error.naming("SMTP account name"))? {
                0 => Err(missing(id)),
                _ => only_one(tx, id, new.notices),
            }
        })
    }

    /// Forgets a server.
    ///
    /// # Errors
    /// `Missing`.
    pub fn remove_smtp_account(&self, id: SmtpAccountId) -> Result<()> {
        self.write(move |tx| remove(tx, id))
    }

    /// All, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn smtp_accounts(&self) -> Result<Vec<SmtpAccount>> {
        self.read(|tx| tx.query(&LIST, &[], account))
    }

    /// One of them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn smtp_account(&self, id: SmtpAccountId) -> Result<Option<SmtpAccount>> {
        self.read(|tx| tx.first(&BY_ID, &[id.octets().into()], account))
    }

    /// The one that sends the notices, if it is active.
    ///
    /// # Errors
    /// Those of the database.
    pub fn smtp_account_for_notices(&self) -> Result<Option<SmtpAccount>> {
        self.read(|tx| tx.first(&FOR_NOTICES, &[], account))
    }

    /// Notes how the last sending went: what went wrong, in the server's own words, or `None`. Without effect if the
    /// server is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_smtp_state(&self, id: SmtpAccountId, error: Option<String>, now: UnixMillis) -> Result<()> {
        self.write(move |tx| {
            match &error {
                None => tx.exec(&WENT_WELL, &args![id.octets(), now]),
                Some(text) => tx.exec(&FAILED, &args![id.octets(), text, now]),
            }
            .map(drop)
        })
    }
}
