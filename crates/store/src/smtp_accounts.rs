//! Servers that send mails of our own.

use model::{AccountId, SmtpAccountId, UnixMillis};

use crate::accounts::{Tls, tls, tls_code};
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::keys::Keys;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, args};

/// What a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SendingKind {
    /// SMTP.
    #[default]
    Smtp,
    /// Microsoft Graph.
    Graph,
}

/// What a person sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSmtpAccount {
    /// Unique.
    pub name: String,
    /// What it speaks.
    pub kind: SendingKind,
    /// The account with whose consent it logs in; `None`: with the password.
    pub account: Option<AccountId>,
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
            "SELECT s.smtp_id, s.name, s.host, s.port, s.tls, s.login, s.credential, s.trust, s.from_address, ",
            "s.from_name, s.bounce_address, s.notices, s.active, s.created, s.last_success, s.error_text, ",
            "s.error_since, s.kind, a.account_id ",
            "FROM smtp_accounts s LEFT JOIN accounts a ON a.key = s.account ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO smtp_accounts (smtp_id, name, host, port, tls, login, credential, trust, from_address, \
        from_name, bounce_address, notices, active, kind, account, key, created) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    UPDATE = "UPDATE smtp_accounts SET name = $2, host = $3, port = $4, tls = $5, login = $6, credential = $7, \
        trust = $8, from_address = $9, from_name = $10, bounce_address = $11, notices = $12, active = $13, \
        kind = $14, account = $15, error_text = NULL, error_since = NULL WHERE smtp_id = $1";
    ONLY_ONE = "UPDATE smtp_accounts SET notices = 0 WHERE smtp_id <> $1 AND notices = 1";
    REMOVE = "DELETE FROM smtp_accounts WHERE smtp_id = $1";
    LIST = select!("ORDER BY s.name");
    BY_ID = select!("WHERE s.smtp_id = $1");
    FOR_NOTICES = select!("WHERE s.notices = 1 AND s.active = 1");
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
            kind: if row.int(17)? == 1 { SendingKind::Graph } else { SendingKind::Smtp },
            account: row.opt_octets(18)?.map(AccountId::from_octets),
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
fn set<'a>(id: &'a SmtpAccountId, new: &'a NewSmtpAccount, account: Option<i64>) -> [Arg<'a>; 15] {
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
        i64::from(new.kind == SendingKind::Graph),
        account,
    ]
}

fn missing(id: SmtpAccountId) -> StoreError {
    StoreError::Missing { what: "SMTP account", key: id.to_string() }
}

fn only_one(tx: &Tx<'_>, id: SmtpAccountId, notices: bool) -> Result<()> {
    if notices { tx.exec(&ONLY_ONE, &[id.octets().into()]).map(drop) } else { Ok(()) }
}

pub(crate) fn insert(
    tx: &Tx<'_>,
    keys: &Keys,
    id: SmtpAccountId,
    new: &NewSmtpAccount,
    now: UnixMillis,
) -> Result<()> {
    let account = new.account.map(|account| keys.known_account(tx, account)).transpose()?;
    let key = take(tx, "row", 1)?;
    let args = [&set(&id, new, account)[..], &args![key, now]].concat();
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
        let keys = self.keys().clone();
        self.write(move |tx| insert(tx, &keys, id, &new, now))
    }

    /// Replaces the settings; the last error is forgotten.
    ///
    /// # Errors
    /// `Missing`; `Exists` if the name is taken.
    pub fn update_smtp_account(&self, id: SmtpAccountId, new: NewSmtpAccount) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let account = new.account.map(|account| keys.known_account(tx, account)).transpose()?;
            match tx
                .exec(&UPDATE, &set(&id, &new, account))
                .map_err(|error| error.naming("SMTP account name"))?
            {
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
