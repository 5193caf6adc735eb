//! Consents: their tokens, who refreshes them, and the accounts that use them.

use model::{AccountId, OauthClientId, OauthGrantId, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// Whose consent it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrantKind {
    /// A person's.
    #[default]
    Person,
    /// None: the application logs in itself.
    Application,
}

/// What was granted; tokens are sealed, opaque here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewOauthGrant {
    /// Whose.
    pub kind: GrantKind,
    /// Who consented; empty if the service does not say.
    pub person: String,
    /// Words, separated by blanks.
    pub scopes: String,
    /// Refresh token.
    pub refresh: Option<Vec<u8>>,
    /// Access token.
    pub access: Option<Vec<u8>>,
    /// Until when the access token is good.
    pub access_expires: Option<UnixMillis>,
    /// Until when the consent is good, if that is known.
    pub refresh_expires: Option<UnixMillis>,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTrouble {
    /// Who can help: `consent`, `admin_consent`, `settings` or `retry`.
    pub needs: String,
    /// The service's words.
    pub text: String,
    /// Since when.
    pub since: UnixMillis,
}

/// A consent as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthGrant {
    /// Its id.
    pub id: OauthGrantId,
    /// The application it was given to.
    pub client: OauthClientId,
    /// What was granted, with the tokens of now.
    pub granted: NewOauthGrant,
    /// When.
    pub linked: UnixMillis,
    /// When a token last came.
    pub refreshed: Option<UnixMillis>,
    /// What is wrong.
    pub trouble: Option<GrantTrouble>,
    /// How often it was leased: who holds an older number may not write.
    pub epoch: i64,
}

/// What a refresh brought; tokens are sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// The next refresh token, if the service rotates them.
    pub refresh: Option<Vec<u8>>,
    /// Access token.
    pub access: Vec<u8>,
    /// Until when it is good.
    pub access_expires: Option<UnixMillis>,
    /// Until when the consent is good, if the service says so.
    pub refresh_expires: Option<UnixMillis>,
}

/// How an account is linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountGrant {
    /// The account.
    pub account: AccountId,
    /// The application it logs in with.
    pub client: OauthClientId,
    /// The consent it uses.
    pub granted: Option<OauthGrantId>,
    /// One that waits to be confirmed.
    pub pending: Option<OauthGrantId>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT g.grant_id, c.client_id, g.kind, g.person, g.scopes, g.refresh, g.access, g.access_expires, ",
            "g.refresh_expires, g.linked, g.refreshed, g.trouble, g.trouble_text, g.trouble_since, g.epoch ",
            "FROM oauth_grants g JOIN oauth_clients c ON c.key = g.client ",
            $rest
        )
    };
}

macro_rules! links {
    ($rest:literal) => {
        concat!(
            "SELECT a.account_id, c.client_id, g.grant_id, p.grant_id FROM account_oauth o ",
            "JOIN accounts a ON a.key = o.account JOIN oauth_clients c ON c.key = o.client ",
            "LEFT JOIN oauth_grants g ON g.key = o.granted LEFT JOIN oauth_grants p ON p.key = o.pending ",
            $rest
        )
    };
}

statements! {
    SET_CLIENT = "INSERT INTO account_oauth (account, client) SELECT a.key, c.key FROM accounts a, oauth_clients c \
        WHERE a.account_id = $1 AND c.client_id = $2 ON CONFLICT (account) DO UPDATE SET client = excluded.client, \
        granted = CASE WHEN account_oauth.client = excluded.client THEN account_oauth.granted END, \
        pending = CASE WHEN account_oauth.client = excluded.client THEN account_oauth.pending END";
    NO_CLIENT = "DELETE FROM account_oauth WHERE account = (SELECT key FROM accounts WHERE account_id = $1)";
    ORPHANS = "DELETE FROM oauth_grants WHERE NOT EXISTS (SELECT 1 FROM account_oauth o WHERE o.granted = oauth_grants.key) \
        AND NOT EXISTS (SELECT 1 FROM account_oauth o WHERE o.pending = oauth_grants.key)";
    INSERT = "INSERT INTO oauth_grants (key, grant_id, client, kind, person, scopes, refresh, access, access_expires, \
        refresh_expires, linked, refreshed, trouble, trouble_text, epoch) \
        SELECT $1, $2, key, $4, $5, $6, $7, $8, $9, $10, $11, $11, '', '', 0 FROM oauth_clients WHERE client_id = $3";
    USE = "UPDATE account_oauth SET granted = $2, pending = NULL \
        WHERE account = (SELECT key FROM accounts WHERE account_id = $1)";
    WAIT = "UPDATE account_oauth SET pending = $2 WHERE account = (SELECT key FROM accounts WHERE account_id = $1)";
    CONFIRM = "UPDATE account_oauth SET granted = pending, pending = NULL \
        WHERE account = (SELECT key FROM accounts WHERE account_id = $1) AND pending IS NOT NULL";
    UNLINK = "UPDATE account_oauth SET granted = NULL, pending = NULL \
        WHERE account = (SELECT key FROM accounts WHERE account_id = $1)";
    USED_BY_OTHERS = "SELECT COUNT(*) FROM account_oauth o WHERE (o.granted = (SELECT key FROM oauth_grants WHERE \
        grant_id = $1) OR o.pending = (SELECT key FROM oauth_grants WHERE grant_id = $1)) \
        AND o.account <> (SELECT key FROM accounts WHERE account_id = $2)";
    KEY = "SELECT g.key FROM oauth_grants g WHERE g.grant_id = $1";
    BY_ID = select!("WHERE g.grant_id = $1");
    ALL_GRANTS = select!("ORDER BY g.key");
    LINKS = links!("WHERE a.removed IS NULL ORDER BY a.key");
    LINK = links!("WHERE a.account_id = $1");
    LEASE = "UPDATE oauth_grants SET epoch = epoch + 1, leased_until = $3 \
        WHERE grant_id = $1 AND (leased_until IS NULL OR leased_until <= $2) \
        AND COALESCE(access_expires, 0) = $4";
    EPOCH = "SELECT epoch FROM oauth_grants WHERE grant_id = $1";
    RENEWED = "UPDATE oauth_grants SET refresh = COALESCE($3, refresh), access = $4, access_expires = $5, \
        refresh_expires = COALESCE($6, refresh_expires), refreshed = $7, trouble = '', trouble_text = '', \
        trouble_since = NULL, leased_until = NULL WHERE grant_id = $1 AND epoch = $2";
    FAILED = "UPDATE oauth_grants SET access = NULL, access_expires = NULL, trouble = $3, trouble_text = $4, \
        trouble_since = COALESCE(trouble_since, $5), leased_until = NULL WHERE grant_id = $1 AND epoch = $2";
    FORGET_ACCESS = "UPDATE oauth_grants SET access = NULL, access_expires = NULL WHERE grant_id = $1 AND epoch = $2";
}

fn grant(row: &Row<'_>) -> Result<OauthGrant> {
    let (needs, text, since) = (row.text(11)?, row.text(12)?, row.opt_time(13)?);
    Ok(OauthGrant {
        id: OauthGrantId::from_octets(row.octets(0)?),
        client: OauthClientId::from_octets(row.octets(1)?),
        granted: NewOauthGrant {
            kind: if row.int(2)? == 0 { GrantKind::Person } else { GrantKind::Application },
            person: row.text(3)?,
            scopes: row.text(4)?,
            refresh: row.opt_blob(5)?,
            access: row.opt_blob(6)?,
            access_expires: row.opt_time(7)?,
            refresh_expires: row.opt_time(8)?,
        },
        linked: row.time(9)?,
        refreshed: row.opt_time(10)?,
        trouble: since.filter(|_| !needs.is_empty()).map(|since| GrantTrouble { needs, text, since }),
        epoch: row.int(14)?,
    })
}

fn link(row: &Row<'_>) -> Result<AccountGrant> {
    Ok(AccountGrant {
        account: AccountId::from_octets(row.octets(0)?),
        client: OauthClientId::from_octets(row.octets(1)?),
        granted: row.opt_octets(2)?.map(OauthGrantId::from_octets),
        pending: row.opt_octets(3)?.map(OauthGrantId::from_octets),
    })
}

/// Which application an account logs in with; consents that nobody uses any more are forgotten.
pub(crate) fn set_client(tx: &Tx<'_>, account: AccountId, client: Option<OauthClientId>) -> Result<()> {
    match client {
        Some(client) if tx.exec(&SET_CLIENT, &args![account.octets(), client.octets()])? == 0 => {
            return Err(StoreError::Missing { what: "sign-in service", key: client.to_string() });
        }
        None if tx.exec(&NO_CLIENT, &[account.octets().into()])? == 0 => return Ok(()),
        _ => {}
    }
    tx.exec(&ORPHANS, &[]).map(drop)
}

fn missing(account: AccountId) -> StoreError {
    StoreError::Missing { what: "account with OAuth2", key: account.to_string() }
}

fn use_grant(tx: &Tx<'_>, account: AccountId, key: i64, confirmed: bool) -> Result<()> {
    match tx.exec(if confirmed { &USE } else { &WAIT }, &args![account.octets(), key])? {
        0 => Err(missing(account)),
        _ => tx.exec(&ORPHANS, &[]).map(drop),
    }
}

impl Store {
    /// Keeps a consent for an account. `confirmed`: it is used from now on, instead of the one before; otherwise it waits.
    ///
    /// # Errors
    /// `Missing` if the account does not log in with tokens.
    pub fn link_account(
        &self,
        account: AccountId,
        client: OauthClientId,
        (id, new): (OauthGrantId, NewOauthGrant),
        confirmed: bool,
        (now, told): (UnixMillis, Event),
    ) -> Result<()> {
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            let args = args![
                key,
                id.octets(),
                client.octets(),
                new.kind as i64,
                &new.person,
                &new.scopes,
                new.refresh.as_deref(),
                new.access.as_deref(),
                new.access_expires,
                new.refresh_expires,
                now,
            ];
            if tx.exec(&INSERT, &args)? == 0 {
                return Err(StoreError::Missing { what: "sign-in service", key: client.to_string() });
            }
            use_grant(tx, account, key, confirmed)?;
            events::append(tx, &told)
        })
    }

    /// An account uses a consent that is there already, once that is confirmed.
    ///
    /// # Errors
    /// `Missing`.
    pub fn share_grant(&self, account: AccountId, id: OauthGrantId) -> Result<()> {
        self.write(move |tx| {
            let key = tx.first(&KEY, &[id.octets().into()], |row| row.int(0))?;
            let key = key.ok_or_else(|| StoreError::Missing { what: "consent", key: id.to_string() })?;
            use_grant(tx, account, key, false)
        })
    }

    /// The consent that waits is used from now on.
    ///
    /// # Errors
    /// `Missing` if none waits.
    pub fn confirm_grant(&self, account: AccountId, told: Event) -> Result<()> {
        self.write(move |tx| {
            if tx.exec(&CONFIRM, &[account.octets().into()])? == 0 {
                return Err(missing(account));
            }
            tx.exec(&ORPHANS, &[])?;
            events::append(tx, &told)
        })
    }

    /// An account uses no consent any more. Gives those that no other account uses, as they were: they are forgotten here.
    ///
    /// # Errors
    /// `Missing` if the account does not log in with tokens.
    pub fn unlink_account(&self, account: AccountId) -> Result<Vec<OauthGrant>> {
        self.write(move |tx| {
            let found = tx.first(&LINK, &[account.octets().into()], link)?.ok_or_else(|| missing(account))?;
            let mut orphans = Vec::new();
            for id in found.granted.into_iter().chain(found.pending) {
                if tx.int(&USED_BY_OTHERS, &args![id.octets(), account.octets()])? == 0 {
                    orphans.extend(tx.first(&BY_ID, &[id.octets().into()], grant)?);
                }
            }
            tx.exec(&UNLINK, &[account.octets().into()])?;
            tx.exec(&ORPHANS, &[])?;
            Ok(orphans)
        })
    }

    /// A consent.
    ///
    /// # Errors
    /// Those of the database.
    pub fn oauth_grant(&self, id: OauthGrantId) -> Result<Option<OauthGrant>> {
        self.read(|tx| tx.first(&BY_ID, &[id.octets().into()], grant))
    }

    /// All of them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn oauth_grants(&self) -> Result<Vec<OauthGrant>> {
        self.read(|tx| tx.query(&ALL_GRANTS, &[], grant))
    }

    /// How all accounts that log in with tokens are linked; removed ones are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub fn account_grants(&self) -> Result<Vec<AccountGrant>> {
        self.read(|tx| tx.query(&LINKS, &[], link))
    }

    /// How one is linked; `None` if it does not log in with tokens.
    ///
    /// # Errors
    /// Those of the database.
    pub fn account_grant(&self, account: AccountId) -> Result<Option<AccountGrant>> {
        self.read(|tx| tx.first(&LINK, &[account.octets().into()], link))
    }

    /// Takes a consent to refresh it, alone among all processes until `until`. Gives the number with which the result is
    /// written; `None` while somebody else has it, or has had it: its token no longer ends at `seen`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn lease_grant(
        &self,
        id: OauthGrantId,
        seen: Option<UnixMillis>,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Result<Option<i64>> {
        let seen = seen.unwrap_or(UnixMillis(0));
        self.write(move |tx| match tx.exec(&LEASE, &args![id.octets(), now, until, seen])? {
            0 => Ok(None),
            _ => tx.int(&EPOCH, &[id.octets().into()]).map(Some),
        })
    }

    /// Keeps what a refresh brought. False if somebody else has taken the consent since, or it is gone: then nothing is
    /// kept.
    ///
    /// # Errors
    /// Those of the database.
    pub fn grant_renewed(&self, id: OauthGrantId, epoch: i64, new: Renewed, now: UnixMillis) -> Result<bool> {
        self.write(move |tx| {
            let args = args![
                id.octets(),
                epoch,
                new.refresh.as_deref(),
                new.access.as_slice(),
                new.access_expires,
                new.refresh_expires,
                now,
            ];
            tx.exec(&RENEWED, &args).map(|rows| rows > 0)
        })
    }

    /// Notes that there is no token, and gives the consent free. `told`: entries of the log about it. False if somebody
    /// else has taken the consent since.
    ///
    /// # Errors
    /// Those of the database.
    pub fn grant_failed(
        &self,
        id: OauthGrantId,
        epoch: i64,
        trouble: GrantTrouble,
        told: Vec<Event>,
    ) -> Result<bool> {
        self.write(move |tx| {
            let args = args![id.octets(), epoch, &trouble.needs, &trouble.text, trouble.since];
            if tx.exec(&FAILED, &args)? == 0 {
                return Ok(false);
            }
            told.iter().try_for_each(|event| events::append(tx, event))?;
            Ok(true)
        })
    }

    /// The access token of this number is refused by the mail server: the next one is to be another.
    ///
    /// # Errors
    /// Those of the database.
    pub fn forget_access(&self, id: OauthGrantId, epoch: i64) -> Result<()> {
        self.write(move |tx| tx.exec(&FORGET_ACCESS, &args![id.octets(), epoch]).map(drop))
    }
}
