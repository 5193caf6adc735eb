//! Accounts, their settings and their state.

use model::{AccountId, Activity, OauthClientId, OauthGrantId, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::oauth_grants;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// Where an account's mail comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A login at an IMAP server.
    Imap,
    /// A login at a POP3 server.
    Pop3,
    /// A mailbox of Microsoft 365, by Microsoft Graph.
    Graph,
    /// Files only.
    Import,
}

impl AccountKind {
    /// Whether there is a server to be asked.
    pub const fn is_fetched(self) -> bool {
        matches!(self, Self::Imap | Self::Pop3 | Self::Graph)
    }
}

/// How the connection to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// From the first octet (RFC 8314 §3).
    #[default]
    Implicit,
    /// After `STARTTLS`.
    StartTls,
    /// Not at all; loopback only, which the caller checks.
    None,
}

/// What the mailbox is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailboxRole {
    /// Mail of people.
    #[default]
    Normal,
    /// Reports only: what is none is for a person.
    Bounce,
    /// Copies of mail that is elsewhere.
    Archive,
}

/// What happens at the source to a report that was handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handled {
    /// Nothing.
    #[default]
    Leave,
    /// It is marked as read.
    MarkRead,
    /// It is moved to a mailbox.
    Move,
    /// It is deleted, if each of its reports names a mail of ours; otherwise it stays.
    Delete,
}

/// What the mailbox is for, and what happens at the source to reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handling {
    /// What it is for.
    pub role: MailboxRole,
    /// What happens to a report that was handled.
    pub handled: Handled,
    /// Name of the mailbox [`Handled::Move`] moves to.
    pub handled_folder: String,
    /// Name of the mailbox reports are moved to that wait for a person; `None`: they stay.
    pub manual_folder: Option<String>,
}

impl Handling {
    /// Whether anything is done at the source: marks and folders, which POP3 does not have.
    pub const fn acts(&self) -> bool {
        !matches!(self.handled, Handled::Leave) || self.manual_folder.is_some()
    }
}

/// What a person sets; `Default` is an import account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// Unique among accounts that are not removed.
    pub name: String,
    /// Its mail address, if it has one.
    pub address: Option<String>,
    /// Kind.
    pub kind: AccountKind,
    /// Server; empty for imports.
    pub host: String,
    /// Port; 0 for imports.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// Login name.
    pub login: String,
    /// What only the intake reads (trust, choice of mailboxes): JSON, opaque here.
    pub options: String,
    /// Sealed credential, opaque here.
    pub credential: Option<Vec<u8>>,
    /// How often to look for new mail, seconds.
    pub poll_seconds: u32,
    /// Whether it is fetched.
    pub active: bool,
    /// What happens at the source.
    pub handling: Handling,
    /// It logs in with tokens that this application is given; `None`: with `credential`.
    pub oauth: Option<OauthClientId>,
}

impl Default for NewAccount {
    fn default() -> Self {
        Self {
            name: String::new(),
            address: None,
            kind: AccountKind::Import,
            host: String::new(),
            port: 0,
            tls: Tls::Implicit,
            login: String::new(),
            options: "{}".to_owned(),
            credential: None,
            poll_seconds: 60,
            active: true,
            handling: Handling::default(),
            oauth: None,
        }
    }
}

/// An account as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its settings.
    pub settings: NewAccount,
    /// When it was made.
    pub created: UnixMillis,
    /// When it was removed; its mail stays.
    pub removed: Option<UnixMillis>,
    /// What it is doing; `None` before the first report.
    pub state: Option<AccountState>,
    /// The consent its tokens come from, if there is one.
    pub grant: Option<OauthGrantId>,
}

/// What an account is doing, as its task reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// What it was doing when it was noted; how far it is, and what is degraded, is known elsewhere.
    pub activity: Activity,
    /// Since when.
    pub since: UnixMillis,
    /// Last complete fetch.
    pub last_success: Option<UnixMillis>,
    /// Last error, if it is not over.
    pub last_error: Option<AccountError>,
    /// When something happens next.
    pub next_action: Option<UnixMillis>,
}

/// Why an account does not deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountError {
    /// A stable word: which step failed, or what kind of trouble it is.
    pub class: String,
    /// The server's or the system's own words.
    pub text: String,
    /// First time in a row.
    pub since: UnixMillis,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.account_id, a.name, a.address, a.kind, a.host, a.port, a.tls, a.login, a.options, ",
            "a.credential, a.poll_seconds, a.active, a.created, a.removed, s.state, s.since, ",
            "s.last_success, s.error_class, s.error_text, s.error_since, s.next_action, ",
            "h.role, h.handled, h.handled_folder, h.manual_folder, s.until, c.client_id, g.grant_id ",
            "FROM accounts a LEFT JOIN account_states s ON s.account = a.key ",
            "LEFT JOIN account_handling h ON h.account = a.key ",
            "LEFT JOIN account_oauth o ON o.account = a.key ",
            "LEFT JOIN oauth_clients c ON c.key = o.client ",
            "LEFT JOIN oauth_grants g ON g.key = o.granted ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO accounts (key, account_id, name, address, kind, host, port, tls, login, options, \
        credential, poll_seconds, active, created) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    UPDATE = "UPDATE accounts SET name = $2, address = $3, kind = $4, host = $5, port = $6, tls = $7, \
        login = $8, options = $9, credential = $10, poll_seconds = $11, active = $12 WHERE account_id = $1";
    REMOVE = "UPDATE accounts SET removed = $2, active = 0, credential = NULL \
        WHERE account_id = $1 AND removed IS NULL";
    SET_HANDLING = "INSERT INTO account_handling (account, role, handled, handled_folder, manual_folder) \
        SELECT key, $2, $3, $4, $5 FROM accounts WHERE account_id = $1 ON CONFLICT (account) DO UPDATE SET \
        role = excluded.role, handled = excluded.handled, handled_folder = excluded.handled_folder, \
        manual_folder = excluded.manual_folder";
    LIST = select!("WHERE a.removed IS NULL ORDER BY a.name, a.key");
    LIST_ALL = select!("ORDER BY a.name, a.key");
    BY_ID = select!("WHERE a.account_id = $1");
    BY_NAME = select!("WHERE a.name = $1 AND a.removed IS NULL");
    SET_STATE = "INSERT INTO account_states (account, state, since, last_success, error_class, error_text, \
        error_since, next_action, until) SELECT key, $2, $3, $4, $5, $6, $7, $8, $9 FROM accounts \
        WHERE account_id = $1 \
        ON CONFLICT (account) DO UPDATE SET state = excluded.state, since = excluded.since, \
        last_success = excluded.last_success, error_class = excluded.error_class, \
        error_text = excluded.error_text, error_since = excluded.error_since, \
        next_action = excluded.next_action, until = excluded.until";
}

fn account(row: &Row<'_>) -> Result<Account> {
    let class = row.opt_text(17)?;
    let last_error = match class {
        Some(class) => Some(AccountError {
            class,
            text: row.opt_text(18)?.unwrap_or_default(),
            since: row.opt_time(19)?.unwrap_or_default(),
        }),
        None => None,
    };
    let state = match row.opt_text(14)? {
        Some(word) => Some(AccountState {
            activity: match Activity::from_word(&word).unwrap_or_default() {
                Activity::Throttled { .. } => {
                    Activity::Throttled { until: row.opt_time(25)?.unwrap_or_default() }
                }
                other => other,
            },
            since: row.time(15)?,
            last_success: row.opt_time(16)?,
            last_error,
            next_action: row.opt_time(20)?,
        }),
        None => None,
    };
    Ok(Account {
        id: AccountId::from_octets(row.octets(0)?),
        settings: NewAccount {
            name: row.text(1)?,
            address: row.opt_text(2)?,
            kind: kind(row.int(3)?),
            host: row.text(4)?,
            port: u16::try_from(row.int(5)?).map_err(|_| StoreError::Unreadable { what: "port" })?,
            tls: tls(row.int(6)?),
            login: row.text(7)?,
            options: row.text(8)?,
            credential: row.opt_blob(9)?,
            poll_seconds: row.small(10)?,
            active: row.bool(11)?,
            handling: handling(row)?,
            oauth: row.opt_octets(26)?.map(OauthClientId::from_octets),
        },
        created: row.time(12)?,
        removed: row.opt_time(13)?,
        state,
        grant: row.opt_octets(27)?.map(OauthGrantId::from_octets),
    })
}

fn handling(row: &Row<'_>) -> Result<Handling> {
    Ok(Handling {
        role: match row.opt_int(21)?.unwrap_or_default() {
            1 => MailboxRole::Bounce,
            2 => MailboxRole::Archive,
            _ => MailboxRole::Normal,
        },
        handled: handled(row.opt_int(22)?.unwrap_or_default()),
        handled_folder: row.opt_text(23)?.unwrap_or_default(),
        manual_folder: row.opt_text(24)?.filter(|name| !name.is_empty()),
    })
}

/// What the column says.
pub(crate) const fn handled(code: i64) -> Handled {
    match code {
        1 => Handled::MarkRead,
        2 => Handled::Move,
        3 => Handled::Delete,
        _ => Handled::Leave,
    }
}

fn set_handling(tx: &Tx<'_>, id: AccountId, handling: &Handling) -> Result<()> {
    let args = args![
        id.octets(),
        handling.role as i64,
        handling.handled as i64,
        &handling.handled_folder,
        handling.manual_folder.as_deref().unwrap_or_default(),
    ];
    tx.exec(&SET_HANDLING, &args).map(drop)
}

const fn kind_code(kind: AccountKind) -> i64 {
    match kind {
        AccountKind::Imap => 0,
        AccountKind::Import => 1,
        AccountKind::Pop3 => 2,
        AccountKind::Graph => 3,
    }
}

const fn kind(code: i64) -> AccountKind {
    match code {
        0 => AccountKind::Imap,
        2 => AccountKind::Pop3,
        3 => AccountKind::Graph,
        _ => AccountKind::Import,
    }
}

pub(crate) const fn tls(code: i64) -> Tls {
    match code {
        0 => Tls::Implicit,
        1 => Tls::StartTls,
        _ => Tls::None,
    }
}

pub(crate) const fn tls_code(tls: Tls) -> i64 {
    match tls {
        Tls::Implicit => 0,
        Tls::StartTls => 1,
        Tls::None => 2,
    }
}

fn missing(id: AccountId) -> StoreError {
    StoreError::Missing { what: "account", key: id.to_string() }
}

pub(crate) fn insert(tx: &Tx<'_>, id: AccountId, new: &NewAccount, now: UnixMillis) -> Result<()> {
    let key = take(tx, "list", 1)?;
    let args = args![
        key,
        id.octets(),
        &new.name,
        new.address.as_deref(),
        kind_code(new.kind),
        &new.host,
        i64::from(new.port),
        tls_code(new.tls),
        &new.login,
        &new.options,
        new.credential.as_deref(),
        new.poll_seconds,
        new.active,
        now,
    ];
    tx.exec(&INSERT, &args).map_err(|error| error.naming("account name"))?;
    set_handling(tx, id, &new.handling)?;
    oauth_grants::set_client(tx, id, new.oauth)
}

pub(crate) fn remove(tx: &Tx<'_>, id: AccountId, now: UnixMillis) -> Result<()> {
    match tx.exec(&REMOVE, &args![id.octets(), now])? {
        0 => Err(missing(id)),
        _ => oauth_grants::set_client(tx, id, None),
    }
}

impl Store {
    /// Makes an account.
    ///
    /// # Errors
    /// `Exists` if the name is taken.
    pub fn create_account(&self, id: AccountId, new: NewAccount, now: UnixMillis) -> Result<()> {
        self.write(move |tx| insert(tx, id, &new, now))
    }

    /// The account of this name, made with `id` if there is none. Gives its id.
    ///
    /// # Errors
    /// Those of the database.
    pub fn account_or_create(&self, id: AccountId, new: NewAccount, now: UnixMillis) -> Result<AccountId> {
        self.write(move |tx| {
            if let Some(found) = tx.first(&BY_NAME, &[(&new.name).into()], account)? {
                return Ok(found.id);
            }
            insert(tx, id, &new, now)?;
            Ok(id)
        })
    }

    /// Replaces the settings.
    ///
    /// # Errors
    /// `Missing`; `Exists` if the name is taken.
    pub fn update_account(&self, id: AccountId, settings: NewAccount) -> Result<()> {
        self.write(move |tx| {
            let args = args![
                id.octets(),
                &settings.name,
                settings.address.as_deref(),
                kind_code(settings.kind),
                &settings.host,
                i64::from(settings.port),
                tls_code(settings.tls),
                &settings.login,
                &settings.options,
                settings.credential.as_deref(),
                settings.poll_seconds,
                settings.active,
            ];
            if tx.exec(&UPDATE, &args).map_err(|error| error.naming("account name"))? == 0 {
                return Err(missing(id));
            }
            set_handling(tx, id, &settings.handling)?;
            oauth_grants::set_client(tx, id, settings.oauth)
        })
    }

    /// Takes an account out of service and forgets its credential; mail and placements stay.
    ///
    /// # Errors
    /// `Missing` if there is none, or it is removed already.
    pub fn remove_account(&self, id: AccountId, now: UnixMillis) -> Result<()> {
        self.write(move |tx| remove(tx, id, now))
    }

    /// Accounts by name; removed ones only if `removed`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn accounts(&self, removed: bool) -> Result<Vec<Account>> {
        self.read(|tx| tx.query(if removed { &LIST_ALL } else { &LIST }, &[], account))
    }

    /// One account, removed or not.
    ///
    /// # Errors
    /// Those of the database.
    pub fn account(&self, id: AccountId) -> Result<Option<Account>> {
        self.read(|tx| tx.first(&BY_ID, &[id.octets().into()], account))
    }

    /// The account of this name that is not removed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn account_by_name(&self, name: &str) -> Result<Option<Account>> {
        self.read(|tx| tx.first(&BY_NAME, &[name.into()], account))
    }

    /// Keeps what an account's task reports; replaces the report before.
    ///
    /// # Errors
    /// `Missing`.
    pub fn set_account_state(&self, id: AccountId, state: AccountState) -> Result<()> {
        self.write(move |tx| {
            let error = state.last_error.as_ref();
            let until = match state.activity {
                Activity::Throttled { until } => Some(until),
                _ => None,
            };
            let args = args![
                id.octets(),
                state.activity.as_str(),
                state.since,
                state.last_success,
                error.map(|error| &error.class),
                error.map(|error| &error.text),
                error.map(|error| error.since),
                state.next_action,
                until,
            ];
            match tx.exec(&SET_STATE, &args)? {
                0 => Err(missing(id)),
                _ => Ok(()),
            }
        })
    }
}
