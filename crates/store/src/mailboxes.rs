//! Mailboxes of accounts, and how far each was fetched.

use model::{AccountId, MailboxId, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// What a listing of the server, or an import, says of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxListing {
    /// Id, used if the mailbox is new.
    pub id: MailboxId,
    /// Name as the server spells it, octets; identity within the account.
    pub name: Vec<u8>,
    /// Name to show.
    pub display_name: String,
    /// Special use without the backslash, such as `sent` (RFC 6154 §2).
    pub special_use: Option<String>,
    /// Whether it is fetched.
    pub selected: bool,
}

/// A mailbox as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its id.
    pub id: MailboxId,
    /// Its account.
    pub account: AccountId,
    /// Name as the server spells it, octets.
    pub name: Vec<u8>,
    /// Name to show.
    pub display_name: String,
    /// Special use without the backslash.
    pub special_use: Option<String>,
    /// Whether it is fetched.
    pub selected: bool,
    /// As last seen at the server.
    pub uid_validity: Option<u32>,
    /// As last seen at the server.
    pub uid_next: Option<u32>,
    /// Messages at the server, as last seen.
    pub messages: Option<u64>,
    /// How far it was fetched.
    pub cursor: Option<Cursor>,
    /// Name of the exclusion because of which it is not fetched.
    pub excluded: Option<String>,
    /// Messages listed here.
    pub listed: u64,
}

/// How far a mailbox was fetched. Moved only together with what was fetched, or by [`Store::set_cursor`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Numbering the next field belongs to; 0 for sources without.
    pub uid_validity: u32,
    /// Last UID fetched completely.
    pub uid: u32,
    /// What else the intake wants to find again; opaque here.
    pub opaque: String,
    /// When it moved.
    pub updated: UnixMillis,
}

statements! {
    BY_NAME = "SELECT mailbox_id FROM mailboxes WHERE account = $1 AND name = $2";
    INSERT = "INSERT INTO mailboxes (key, mailbox_id, account, name, display_name, special_use, selected) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, name) DO NOTHING";
    UPDATE = "UPDATE mailboxes SET display_name = $3, special_use = $4, selected = $5, \
        excluded = CASE WHEN $5 = CAST(1 AS SMALLINT) THEN NULL ELSE excluded END \
        WHERE account = $1 AND name = $2";
    SET_STATUS = "UPDATE mailboxes SET uid_validity = $2, uid_next = $3, messages = $4 WHERE mailbox_id = $1";
    LIST = "SELECT m.mailbox_id, m.name, m.display_name, m.special_use, m.selected, m.uid_validity, \
        m.uid_next, m.messages, c.uid_validity, c.uid, c.opaque, c.updated, m.excluded, \
        (SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM list_counts l WHERE l.list = m.key) \
        FROM mailboxes m LEFT JOIN cursors c ON c.mailbox = m.key WHERE m.account = $1 ORDER BY m.name";
    SET_CURSOR = "INSERT INTO cursors (mailbox, uid_validity, uid, opaque, updated) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mailbox) DO UPDATE SET uid_validity = excluded.uid_validity, \
        uid = excluded.uid, opaque = excluded.opaque, updated = excluded.updated";
    DROP_CURSOR = "DELETE FROM cursors WHERE mailbox = $1";
}

fn mailbox(row: &Row<'_>, account: AccountId) -> Result<Mailbox> {
    let small = |at| row.opt_int(at).map(|value| value.and_then(|value| u32::try_from(value).ok()));
    let cursor = match small(8)? {
        Some(uid_validity) => {
            Some(Cursor { uid_validity, uid: row.small(9)?, opaque: row.text(10)?, updated: row.time(11)? })
        }
        None => None,
    };
    Ok(Mailbox {
        id: MailboxId::from_octets(row.octets(0)?),
        account,
        name: row.blob(1)?,
        display_name: row.text(2)?,
        special_use: row.opt_text(3)?,
        selected: row.bool(4)?,
        uid_validity: small(5)?,
        uid_next: small(6)?,
        messages: row.opt_int(7)?.and_then(|value| u64::try_from(value).ok()),
        cursor,
        excluded: row.opt_text(12)?,
        listed: row.uint(13)?,
    })
}

pub(crate) fn set_cursor(tx: &Tx<'_>, mailbox: i64, cursor: &Cursor) -> Result<()> {
    let args = args![mailbox, cursor.uid_validity, cursor.uid, &cursor.opaque, cursor.updated];
    tx.exec(&SET_CURSOR, &args).map(drop)
}

impl Store {
    /// Makes the mailboxes that are new and updates the others; by account and raw name. Gives their ids in order.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn upsert_mailboxes(&self, account: AccountId, list: Vec<MailboxListing>) -> Result<Vec<MailboxId>> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let account = keys.known_account(tx, account)?;
            let mut ids = Vec::with_capacity(list.len());
            for new in &list {
                let name = new.name.as_slice();
                let special_use = new.special_use.as_deref();
                let known = tx.first(&BY_NAME, &args![account, name], |row| row.octets(0))?;
                if let Some(known) = known {
                    let args = args![account, name, &new.display_name, special_use, new.selected];
                    tx.exec(&UPDATE, &args)?;
                    ids.push(MailboxId::from_octets(known));
                } else {
                    let key = take(tx, "list", 1)?;
                    let id = new.id.octets();
                    let args = args![key, id, account, name, &new.display_name, special_use, new.selected];
                    if tx.exec(&INSERT, &args)? == 0 {
                        // Another process was faster.
                        let id = tx.first(&BY_NAME, &args![account, name], |row| row.octets(0))?;
                        let id = id.ok_or(StoreError::Unreadable { what: "mailboxes" })?;
                        ids.push(MailboxId::from_octets(id));
                    } else {
                        ids.push(new.id);
                    }
                }
            }
            Ok(ids)
        })
    }

    /// Keeps what the server said when the mailbox was selected.
    ///
    /// # Errors
    /// `Missing`.
    pub fn set_mailbox_status(
        &self,
        mailbox: MailboxId,
        uid_validity: Option<u32>,
        uid_next: Option<u32>,
        messages: Option<u64>,
    ) -> Result<()> {
        self.write(move |tx| {
            match tx.exec(&SET_STATUS, &args![mailbox.octets(), uid_validity, uid_next, messages])? {
                0 => Err(StoreError::Missing { what: "mailbox", key: mailbox.to_string() }),
                _ => Ok(()),
            }
        })
    }

    /// Mailboxes of an account with their cursors, by raw name.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            tx.query(&LIST, &[key.into()], |row| mailbox(row, account))
        })
    }

    /// Moves a cursor without mail: nothing was new, or (with `None`) the mailbox is to be fetched from the start.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn set_cursor(&self, mailbox: MailboxId, cursor: Option<Cursor>) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let key = keys.known_mailbox(tx, mailbox)?.mailbox;
            match &cursor {
                Some(cursor) => set_cursor(tx, key, cursor),
                None => tx.exec(&DROP_CURSOR, &[key.into()]).map(drop),
            }
        })
    }
}
