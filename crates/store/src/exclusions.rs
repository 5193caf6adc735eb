//! Named exclusions of an account: mails that are not archived, how many there are, and what becomes of them when the rules
//! are changed.

use std::collections::HashMap;

use model::{AccountId, MailboxId, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Row, args};

/// What an exclusion looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExclusionKind {
    /// Folders, by name.
    Folder,
    /// Addresses and domains of senders.
    Sender,
    /// Marks of spam filters.
    Spam,
    /// Marks of private mail; patterns are words in the subject.
    Private,
    /// Addresses and domains of senders and recipients.
    WorksCouncil,
}

impl ExclusionKind {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 5] = [Self::Folder, Self::Sender, Self::Spam, Self::Private, Self::WorksCouncil];
}

/// A rule by which mails of an account are not archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Unique within the account; one line.
    pub name: String,
    /// What it looks at.
    pub kind: ExclusionKind,
    /// What is excluded, each one line; the more of them, the more is excluded.
    pub patterns: Vec<String>,
}

impl Exclusion {
    /// Whether everything that `older` excluded is excluded by this one, too, and by the same name.
    fn covers(&self, older: &Self) -> bool {
        self.name == older.name
            && self.kind == older.kind
            && older.patterns.iter().all(|pattern| self.patterns.contains(pattern))
    }
}

statements! {
    LIST = "SELECT name, kind, patterns FROM exclusions WHERE account = $1 ORDER BY n";
    CLEAR = "DELETE FROM exclusions WHERE account = $1";
    ADD = "INSERT INTO exclusions (account, n, name, kind, patterns) VALUES ($1, $2, $3, $4, $5)";
    MAILS = "SELECT l.reason, COUNT(*) FROM mailboxes b JOIN left_out l ON l.mailbox = b.key \
        WHERE b.account = $1 AND b.excluded IS NULL AND l.excluded = 1 GROUP BY l.reason";
    FOLDERS = "SELECT excluded, CAST(COALESCE(SUM(messages), 0) AS BIGINT) FROM mailboxes \
        WHERE account = $1 AND excluded IS NOT NULL GROUP BY excluded";
    REOPEN = "UPDATE left_out SET excluded = 2, attempts = 0 WHERE excluded = 1 AND reason = $2 \
        AND mailbox IN (SELECT key FROM mailboxes WHERE account = $1)";
    REOPEN_FOLDERS = "UPDATE mailboxes SET excluded = NULL WHERE account = $1 AND excluded = $2";
    OPEN_FOLDERS = "UPDATE mailboxes SET excluded = NULL WHERE account = $1 AND excluded IS NOT NULL";
    // `excluded <> 1` follows from `excluded = 2`; it is said for the sake of the index `left_out_again`.
    REOPENED = "SELECT COUNT(*) FROM mailboxes b JOIN left_out l ON l.mailbox = b.key \
        WHERE b.account = $1 AND b.selected = 1 AND l.excluded <> 1 AND l.excluded = 2";
    PASS_BY = "UPDATE mailboxes SET excluded = $2, uid_validity = $3, uid_next = NULL, messages = $4 WHERE mailbox_id = $1";
    LEFT_NAMES = "SELECT locator FROM left_out WHERE mailbox = $1 AND uid_validity = 0 AND uid = 0 AND locator > $2 \
        AND (excluded = 1 OR (excluded = 0 AND attempts >= $3 AND last > $4)) ORDER BY locator LIMIT $5";
    ALL_LEFT_NAMES = "SELECT locator FROM left_out WHERE mailbox = $1 AND uid_validity = 0 AND uid = 0 AND locator > $2 \
        ORDER BY locator LIMIT $3";
    FORGET = "DELETE FROM left_out WHERE mailbox = $1 AND uid_validity = $2";
}

fn exclusion(row: &Row<'_>) -> Result<Exclusion> {
    let kind = usize::try_from(row.int(1)?).ok().and_then(|code| ExclusionKind::ALL.get(code)).copied();
    Ok(Exclusion {
        name: row.text(0)?,
        kind: kind.ok_or(StoreError::Unreadable { what: "exclusions" })?,
        patterns: row.text(2)?.lines().map(str::to_owned).collect(),
    })
}

fn of_account(tx: &Tx<'_>, account: i64) -> Result<Vec<Exclusion>> {
    tx.query(&LIST, &[account.into()], exclusion)
}

/// Lets go of what the rules of old excluded and the new ones may not.
fn reopen(tx: &Tx<'_>, account: i64, old: &[Exclusion], new: &[Exclusion]) -> Result<()> {
    for old in old.iter().filter(|old| !new.iter().any(|new| new.covers(old))) {
        tx.exec(&REOPEN, &args![account, &old.name])?;
        tx.exec(&REOPEN_FOLDERS, &args![account, &old.name])?;
    }
    Ok(())
}

impl Store {
    /// The exclusions of an account, in their order.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn exclusions(&self, account: AccountId) -> Result<Vec<Exclusion>> {
        self.read(|tx| of_account(tx, self.keys().known_account(tx, account)?))
    }

    /// How many mails lie at the source, as far as is known, that are excluded, by the name of the rule; rules without any are
    /// missing.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn exclusion_counts(&self, account: AccountId) -> Result<HashMap<String, u64>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            let mut counts: HashMap<String, u64> = HashMap::new();
            for statement in [&MAILS, &FOLDERS] {
                let rows = tx.query(statement, &[key.into()], |row| Ok((row.text(0)?, row.uint(1)?)))?;
                for (name, count) in rows {
                    *counts.entry(name).or_default() += count;
                }
            }
            Ok(counts)
        })
    }

    /// Replaces the exclusions of an account. What was excluded by a rule that is gone, or is another one now, is fetched again
    /// and judged anew.
    ///
    /// # Errors
    /// `Missing` account; `Exists` if two have the same name.
    pub fn set_exclusions(&self, account: AccountId, exclusions: Vec<Exclusion>) -> Result<()> {
        let keys = self.keys().clone();
        self.write_batch(move |tx| {
            let account = keys.known_account(tx, account)?;
            reopen(tx, account, &of_account(tx, account)?, &exclusions)?;
            tx.exec(&CLEAR, &[account.into()])?;
            for (n, new) in exclusions.iter().enumerate() {
                let args = args![account, n as i64, &new.name, new.kind as i64, new.patterns.join("\n")];
                tx.exec(&ADD, &args).map_err(|error| error.naming("exclusion name"))?;
            }
            Ok(())
        })
    }

    /// To be called when a fetch is over, with the exclusions it began with: if they were replaced meanwhile, what it excluded
    /// by those is fetched again, too.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn check_exclusions(&self, account: AccountId, began_with: Vec<Exclusion>) -> Result<()> {
        if began_with.is_empty() || self.exclusions(account)? == began_with {
            return Ok(());
        }
        let keys = self.keys().clone();
        self.write_batch(move |tx| {
            let account = keys.known_account(tx, account)?;
            reopen(tx, account, &began_with, &of_account(tx, account)?)
        })
    }

    /// Mails of an account that were excluded and are to be fetched again, in mailboxes that are fetched.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn reopened(&self, account: AccountId) -> Result<u64> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            let count = tx.int(&REOPENED, &[key.into()])?;
            u64::try_from(count).map_err(|_| StoreError::Unreadable { what: "count" })
        })
    }

    /// Forgets which mailboxes are not opened, before those are noted that the server lists.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn forget_passed_by(&self, account: AccountId) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let key = keys.known_account(tx, account)?;
            tx.exec(&OPEN_FOLDERS, &[key.into()]).map(drop)
        })
    }

    /// Notes that a mailbox is not opened, because of the exclusion of this name, and how many mails the server says are in it.
    ///
    /// # Errors
    /// `Missing`.
    pub fn pass_by_mailbox(
        &self,
        mailbox: MailboxId,
        exclusion: String,
        uid_validity: Option<u32>,
        messages: Option<u32>,
    ) -> Result<()> {
        self.write(move |tx| {
            match tx.exec(&PASS_BY, &args![mailbox.octets(), &exclusion, uid_validity, messages])? {
                0 => Err(StoreError::Missing { what: "mailbox", key: mailbox.to_string() }),
                _ => Ok(()),
            }
        })
    }

    /// Names above `after` of mails in a mailbox without UIDs that are not to be fetched, ascending: excluded, or failed
    /// `attempts_max` times and last after `rested`.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn names_left_alone(
        &self,
        mailbox: MailboxId,
        after: &str,
        (attempts_max, rested): (u32, UnixMillis),
        limit: usize,
    ) -> Result<Vec<String>> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            tx.query(&LEFT_NAMES, &args![key, after, attempts_max, rested, limit as i64], |row| row.text(0))
        })
    }

    /// Names above `after` of all mails in a mailbox without UIDs that are not here, ascending.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn names_left_out(&self, mailbox: MailboxId, after: &str, limit: usize) -> Result<Vec<String>> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            tx.query(&ALL_LEFT_NAMES, &args![key, after, limit as i64], |row| row.text(0))
        })
    }

    /// A mailbox was numbered anew and fetched from its beginning: what was left out under the old numbers means nothing now.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn forget_numbering(&self, mailbox: MailboxId, uid_validity: u32) -> Result<()> {
        let map = self.keys().clone();
        self.write_batch(move |tx| {
            let key = map.known_mailbox(tx, mailbox)?.mailbox;
            tx.exec(&FORGET, &args![key, uid_validity]).map(drop)
        })
    }
}
