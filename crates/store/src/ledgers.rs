//! Completeness of mailboxes: what is known of each position, and how the last comparison with the server came out.

use std::collections::HashMap;

use doctor::{LedgerRow, MailboxFacts, Ours, Reason, Tally};
use model::{AccountId, MailboxId, Position, UnixMillis};

use crate::error::Result;
use crate::placements::{bounded, place};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Row, Rows, args};

/// How the last comparison of a mailbox with its server came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Its name.
    pub name: String,
    /// When it was compared.
    pub at: UnixMillis,
    /// The numbering its UIDs belong to; 0 without.
    pub uid_validity: u32,
    /// Counts; the rows are asked for with [`Store::ledger_rows`].
    pub tally: Tally,
}

statements! {
    OURS = "SELECT p.uid, m.stage, p.gone FROM placements p JOIN mails m ON m.seq = p.seq \
        WHERE p.mailbox = $1 AND p.uid_validity = $2 AND p.uid > $3 AND p.uid <= $4 ORDER BY p.uid LIMIT $5";
    LEFT = "SELECT uid, excluded FROM left_out WHERE mailbox = $1 AND uid_validity = $2 AND uid > $3 AND uid <= $4 \
        ORDER BY uid LIMIT $5";
    OURS_NAMED [Int, Text] = "WITH v(mailbox, locator) AS ({rows}) SELECT v.locator, m.stage, p.gone FROM v \
        JOIN placements p ON p.mailbox = v.mailbox AND p.uid_validity = 0 AND p.uid = 0 AND p.locator = v.locator \
        JOIN mails m ON m.seq = p.seq";
    LEFT_NAMED [Int, Text] = "WITH v(mailbox, locator) AS ({rows}) SELECT v.locator, l.excluded FROM v \
        JOIN left_out l ON l.mailbox = v.mailbox AND l.uid_validity = 0 AND l.uid = 0 AND l.locator = v.locator";
    LIVE_NAMES = "SELECT locator FROM placements WHERE mailbox = $1 AND uid_validity = 0 AND uid = 0 \
        AND locator > $2 AND gone IS NULL ORDER BY locator LIMIT $3";
    PUT = "INSERT INTO ledgers (mailbox, at, uid_validity, source, archived, missing, failed, quarantined, excluded, \
        pending, gone, cut) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (mailbox) \
        DO UPDATE SET at = excluded.at, uid_validity = excluded.uid_validity, source = excluded.source, \
        archived = excluded.archived, missing = excluded.missing, failed = excluded.failed, \
        quarantined = excluded.quarantined, excluded = excluded.excluded, pending = excluded.pending, \
        gone = excluded.gone, cut = excluded.cut";
    DROP_ROWS = "DELETE FROM ledger_rows WHERE mailbox = $1";
    PUT_ROWS [Int, Int, Int, Int, Int, Text] = "WITH v(mailbox, n, reason, first, last, name) AS ({rows}) \
        INSERT INTO ledger_rows (mailbox, n, reason, first, last, name) \
        SELECT mailbox, n, reason, first, last, name FROM v WHERE TRUE";
    LIST = "SELECT b.mailbox_id, b.display_name, l.at, l.uid_validity, l.source, l.archived, l.missing, l.failed, \
        l.quarantined, l.excluded, l.pending, l.gone, l.cut FROM mailboxes b JOIN ledgers l ON l.mailbox = b.key \
        WHERE b.account = $1 AND (b.selected = 1 OR b.excluded IS NOT NULL) ORDER BY b.display_name, b.key";
    GAPS = "SELECT a.account_id, a.name, b.mailbox_id, b.display_name, l.at, l.missing, l.failed FROM ledgers l \
        JOIN mailboxes b ON b.key = l.mailbox JOIN accounts a ON a.key = b.account \
        WHERE (l.missing > 0 OR l.failed > 0) AND b.selected = 1 AND a.active = 1 AND a.removed IS NULL ORDER BY l.mailbox";
    ROWS = "SELECT n, reason, first, last, name FROM ledger_rows WHERE mailbox = $1 AND n > $2 ORDER BY n LIMIT $3";
    COMPARED = "SELECT MAX(l.at) FROM mailboxes b JOIN ledgers l ON l.mailbox = b.key WHERE b.account = $1";
    OF_ACCOUNT = "SELECT b.mailbox_id, b.key FROM mailboxes b JOIN ledgers l ON l.mailbox = b.key WHERE b.account = $1";
    DROP_LEDGER = "DELETE FROM ledgers WHERE mailbox = $1";
    ANEW [Int, Int, Int, Text, Int, Text, Int] = "WITH v(mailbox, uid_validity, uid, locator, position, reason, at) \
        AS ({rows}) INSERT INTO left_out (mailbox, uid_validity, uid, locator, position, excluded, reason, attempts, \
        since, last) SELECT mailbox, uid_validity, uid, locator, position, 0, reason, 0, at, at FROM v WHERE TRUE \
        ON CONFLICT (mailbox, uid_validity, uid, locator) DO UPDATE SET attempts = 0, excluded = 0, \
        last = excluded.last";
}

/// Word of a mail that is fetched anew because nobody knew of it.
const ANEW_REASON: &str = "fetch-anew";

fn ours(stage: i64, is_live: bool) -> Ours {
    if stage == 2 { Ours::Quarantined { is_live } } else { Ours::Archived { is_live } }
}

fn left(excluded: i64) -> Ours {
    match excluded {
        0 => Ours::Failed,
        1 => Ours::Excluded,
        _ => Ours::Awaited,
    }
}

fn reason(code: i64) -> Reason {
    usize::try_from(code).ok().and_then(|at| Reason::ALL.get(at)).copied().unwrap_or(Reason::Missing)
}

fn ledger(row: &Row<'_>) -> Result<Ledger> {
    Ok(Ledger {
        mailbox: MailboxId::from_octets(row.octets(0)?),
        name: row.text(1)?,
        at: row.time(2)?,
        uid_validity: row.small(3)?,
        tally: Tally {
            source: row.uint(4)?,
            archived: row.uint(5)?,
            not: [row.uint(6)?, row.uint(7)?, row.uint(8)?, row.uint(9)?, row.uint(10)?],
            gone: row.uint(11)?,
            rows: Vec::new(),
            is_cut: row.bool(12)?,
        },
    })
}

impl Store {
    /// What is known of the UIDs above `after` up to `to`, ascending, at most `limit`; and the UID up to which that is all.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn ours(
        &self,
        mailbox: MailboxId,
        uid_validity: u32,
        after: u32,
        to: u32,
        limit: usize,
    ) -> Result<(Vec<(u32, Ours)>, u32)> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            let args = args![key, uid_validity, after, to, limit as i64];
            let here = tx.query(&OURS, &args, |row| {
                Ok((row.small(0)?, ours(row.int(1)?, row.opt_int(2)?.is_none())))
            })?;
            let left = tx.query(&LEFT, &args, |row| Ok((row.small(0)?, left(row.int(1)?))))?;
            let ends = [&here, &left].map(|rows| match rows.last() {
                Some((uid, _)) if rows.len() == limit => *uid,
                _ => to,
            });
            let end = ends[0].min(ends[1]);
            let mut all: Vec<(u32, Ours)> =
                here.into_iter().chain(left).filter(|(uid, _)| *uid <= end).collect();
            // What is here counts before what was left out earlier; other octets at a position are one position.
            all.sort_by_key(|(uid, _)| *uid);
            all.dedup_by_key(|(uid, _)| *uid);
            Ok((all, end))
        })
    }

    /// The same for mails without UIDs, by the names the server gives them; those not known are missing.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn ours_named(&self, mailbox: MailboxId, names: &[String]) -> Result<HashMap<String, Ours>> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            let mut rows = Rows::new(2, names.len());
            for name in names {
                rows.push(args![key, bounded(name)]);
            }
            let left = tx.bulk_query(&LEFT_NAMED, &rows, |row| Ok((row.text(0)?, left(row.int(1)?))))?;
            let here = tx.bulk_query(&OURS_NAMED, &rows, |row| {
                Ok((row.text(0)?, ours(row.int(1)?, row.opt_int(2)?.is_none())))
            })?;
            let kept: HashMap<String, Ours> = left.into_iter().chain(here).collect();
            let known = names.iter().filter_map(|name| Some((name.clone(), *kept.get(&*bounded(name))?)));
            Ok(known.collect())
        })
    }

    /// Names above `after` of mails that lie in a mailbox without UIDs as far as is known, ascending.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn live_names(&self, mailbox: MailboxId, after: &str, limit: usize) -> Result<Vec<String>> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            tx.query(&LIVE_NAMES, &args![key, after, limit as i64], |row| row.text(0))
        })
    }

    /// Keeps how a comparison came out, in the place of the one before.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn set_ledger(
        &self,
        mailbox: MailboxId,
        uid_validity: u32,
        tally: Tally,
        now: UnixMillis,
    ) -> Result<()> {
        let keys = self.keys().clone();
        self.write_batch(move |tx| {
            let key = keys.known_mailbox(tx, mailbox)?.mailbox;
            let [missing, failed, quarantined, excluded, pending] = tally.not;
            let args = args![
                key,
                now,
                uid_validity,
                tally.source,
                tally.archived,
                missing,
                failed,
                quarantined,
                excluded,
                pending,
                tally.gone,
                tally.is_cut,
            ];
            tx.exec(&PUT, &args)?;
            tx.exec(&DROP_ROWS, &args![key])?;
            let mut rows = Rows::new(6, tally.rows.len());
            for (row, n) in tally.rows.iter().zip(1_i64..) {
                rows.push(args![key, n, row.reason as i64, row.first, row.last, &row.name]);
            }
            tx.bulk(&PUT_ROWS, &rows).map(drop)
        })
    }

    /// Ledgers of the mailboxes of an account that are fetched and were compared, by name.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn ledgers(&self, account: AccountId) -> Result<Vec<Ledger>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            tx.query(&LIST, &args![key], ledger)
        })
    }

    /// Mailboxes with mails that are missing or failed, of accounts that are fetched.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ledger_gaps(&self) -> Result<Vec<MailboxFacts>> {
        self.read(|tx| {
            tx.query(&GAPS, &[], |row| {
                Ok(MailboxFacts {
                    account: AccountId::from_octets(row.octets(0)?),
                    account_name: row.text(1)?,
                    mailbox: MailboxId::from_octets(row.octets(2)?),
                    name: row.text(3)?,
                    compared: row.time(4)?,
                    missing: row.uint(5)?,
                    failed: row.uint(6)?,
                })
            })
        })
    }

    /// Rows of a mailbox's ledger with a number above `after`, and their numbers.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn ledger_rows(&self, mailbox: MailboxId, after: i64, limit: usize) -> Result<Vec<(i64, LedgerRow)>> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            tx.query(&ROWS, &args![key, after, limit as i64], |row| {
                let (reason, first, last) = (reason(row.int(1)?), row.small(2)?, row.small(3)?);
                Ok((row.int(0)?, LedgerRow { reason, first, last, name: row.text(4)? }))
            })
        })
    }

    /// Forgets the ledgers of an account's other mailboxes: they are no longer there.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn keep_ledgers(&self, account: AccountId, mailboxes: Vec<MailboxId>) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let account = keys.known_account(tx, account)?;
            let kept = tx.query(&OF_ACCOUNT, &args![account], |row| {
                Ok((MailboxId::from_octets(row.octets(0)?), row.int(1)?))
            })?;
            for (_, key) in kept.iter().filter(|(id, _)| !mailboxes.contains(id)) {
                tx.exec(&DROP_ROWS, &args![*key])?;
                tx.exec(&DROP_LEDGER, &args![*key])?;
            }
            Ok(())
        })
    }

    /// When a mailbox of an account was last compared; `None`: never.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn last_compared(&self, account: AccountId) -> Result<Option<UnixMillis>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            let at = tx.first(&COMPARED, &args![key], |row| row.opt_time(0))?;
            Ok(at.flatten())
        })
    }

    /// Lets mails be fetched again with the next run, however often they failed.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn fetch_anew(&self, mailbox: MailboxId, positions: Vec<Position>, now: UnixMillis) -> Result<()> {
        let keys = self.keys().clone();
        self.write_batch(move |tx| {
            let key = keys.known_mailbox(tx, mailbox)?.mailbox;
            let mut rows = Rows::new(7, positions.len());
            for position in &positions {
                let place = place(position);
                let (validity, uid) = (place.uid_validity, place.uid);
                rows.push(args![key, validity, uid, place.locator, place.code, ANEW_REASON, now]);
            }
            tx.bulk(&ANEW, &rows).map(drop)
        })
    }
}
