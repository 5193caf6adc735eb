//! What stays at the source of an account once it is here, and for how long.

use model::{AccountId, MailboxId, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::source_actions::{self, SourceAction, Spot, Wish, spot};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Row, args};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Mails counted at most.
const COUNTED_MAX: i64 = 1_000_000;

/// What happens at the source to a mail that was fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterFetch {
    /// Nothing.
    #[default]
    Leave,
    /// It is marked as read.
    MarkRead,
    /// It is moved out of the inbox.
    Move,
}

/// What stays at the source; the default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// What happens to mails fetched from now on.
    pub fetched: AfterFetch,
    /// Mailbox [`AfterFetch::Move`] moves to.
    pub fetched_folder: String,
    /// Mailbox for mails that could not be read; `None`: they stay.
    pub failed_folder: Option<String>,
    /// Deleted so many days after they were fetched, 0: at once; `None`: never.
    pub delete_after_days: Option<u32>,
    /// What people delete here is deleted there, whatever the rest says.
    pub mirrored: bool,
}

impl Keeping {
    /// Whether it needs marks and folders, which POP3 does not have.
    pub const fn needs_folders(&self) -> bool {
        !matches!(self.fetched, AfterFetch::Leave) || self.failed_folder.is_some()
    }
}

/// Mailboxes mail comes in at: drafts, what was sent and what people put away are never touched.
macro_rules! incoming {
    () => {
        "b.account = $1 AND (b.special_use IS NULL OR b.special_use = 'inbox' OR b.special_use = 'junk')"
    };
}

/// Live mails of an account at its source, older than `$2`, read here, and not yet to be deleted.
macro_rules! deletable {
    ($what:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM mailboxes b JOIN placements p ON p.mailbox = b.key JOIN mails m ON m.seq = p.seq WHERE ",
            incoming!(),
            " AND p.gone IS NULL AND p.position <> 2 AND p.fetched <= $2 AND m.stage = 1 AND NOT EXISTS (SELECT 1 ",
            "FROM source_actions s WHERE s.mailbox = p.mailbox AND s.uid_validity = p.uid_validity ",
            "AND s.uid = p.uid AND s.locator = p.locator AND s.action = 2) ",
            $rest
        )
    };
}

statements! {
    GET = "SELECT k.fetched, k.fetched_folder, k.failed_folder, k.delete_days, k.since, k.mirrored FROM account_keeping k \
        WHERE k.account = $1";
    SET = "INSERT INTO account_keeping (account, fetched, fetched_folder, failed_folder, since, delete_days, mirrored) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account) DO UPDATE SET fetched = excluded.fetched, \
        fetched_folder = excluded.fetched_folder, failed_folder = excluded.failed_folder, since = excluded.since, \
        delete_days = excluded.delete_days, mirrored = excluded.mirrored";
    DELETABLE = deletable!(
        "p.seq, p.mailbox, p.uid_validity, p.uid, p.locator",
        "ORDER BY p.fetched, p.mailbox, p.uid, p.locator LIMIT $3"
    );
    DELETABLE_NAMES = deletable!(
        "b.mailbox_id, p.locator",
        "AND p.position = 1 ORDER BY p.fetched, p.mailbox, p.locator LIMIT $3"
    );
    COUNT_DELETABLE = concat!(
        "SELECT COUNT(*) FROM (",
        deletable!("DISTINCT p.mailbox, p.uid_validity, p.uid, p.locator", "LIMIT $3"),
        ") c"
    );
    FRESH = concat!(
        "SELECT p.seq, p.mailbox, p.uid_validity, p.uid, p.locator, m.stage FROM mailboxes b \
        JOIN placements p ON p.mailbox = b.key JOIN mails m ON m.seq = p.seq WHERE ",
        incoming!(),
        " AND p.gone IS NULL AND p.position <> 2 AND p.fetched >= $2 AND ((m.stage = 1 AND CAST($4 AS BIGINT) = 1 \
        AND p.flags & 1 = 0) OR (m.stage = 1 AND CAST($4 AS BIGINT) = 2 AND b.special_use = 'inbox') \
        OR (m.stage = 2 AND CAST($5 AS BIGINT) = 1 AND b.special_use = 'inbox')) AND NOT EXISTS (SELECT 1 \
        FROM source_actions s WHERE s.mailbox = p.mailbox AND s.uid_validity = p.uid_validity AND s.uid = p.uid \
        AND s.locator = p.locator) ORDER BY p.fetched, p.mailbox, p.uid, p.locator LIMIT $3"
    );
    SEEN = "SELECT MAX(p.fetched), MIN(CASE WHEN m.stage = 0 THEN p.fetched END) FROM mailboxes b \
        JOIN placements p ON p.mailbox = b.key JOIN mails m ON m.seq = p.seq \
        WHERE b.account = $1 AND p.gone IS NULL AND p.fetched >= $2";
    SINCE = "UPDATE account_keeping SET since = $2 WHERE account = $1";
}

fn keeping(row: &Row<'_>) -> Result<(Keeping, UnixMillis)> {
    let keeping = Keeping {
        fetched: match row.int(0)? {
            1 => AfterFetch::MarkRead,
            2 => AfterFetch::Move,
            _ => AfterFetch::Leave,
        },
        fetched_folder: row.text(1)?,
        failed_folder: Some(row.text(2)?).filter(|name| !name.is_empty()),
        delete_after_days: row.opt_int(3)?.map(|days| u32::try_from(days).unwrap_or(u32::MAX)),
        mirrored: row.bool(5)?,
    };
    Ok((keeping, row.time(4)?))
}

fn before(days: u32, now: UnixMillis) -> UnixMillis {
    now.plus_ms(-i64::from(days) * DAY_MS)
}

/// What is wished for a mail that was fetched, read or not.
fn after_fetch(keeping: &Keeping, is_failed: bool) -> SourceAction {
    match (&keeping.failed_folder, keeping.fetched) {
        (Some(folder), _) if is_failed => SourceAction::Move(folder.clone()),
        (_, AfterFetch::Move) => SourceAction::Move(keeping.fetched_folder.clone()),
        _ => SourceAction::MarkRead,
    }
}

fn set(tx: &Tx<'_>, account: i64, keeping: &Keeping, now: UnixMillis) -> Result<()> {
    let args = args![
        account,
        keeping.fetched as i64,
        &keeping.fetched_folder,
        keeping.failed_folder.as_deref().unwrap_or_default(),
        now,
        keeping.delete_after_days.map(i64::from),
        keeping.mirrored,
    ];
    tx.exec(&SET, &args).map(drop)
}

/// Changes what stays at the source of an account, in the transaction of whoever changes something else as well.
pub(crate) fn change(
    tx: &Tx<'_>,
    account: i64,
    now: UnixMillis,
    change: impl FnOnce(&mut Keeping),
) -> Result<()> {
    let kept = tx.first(&GET, &[account.into()], keeping)?;
    let mut keeping = kept.map(|(keeping, _)| keeping).unwrap_or_default();
    change(&mut keeping);
    set(tx, account, &keeping, now)
}

/// What is to be done at the source of an account.
#[derive(Default)]
struct Due {
    wanted: Vec<(Wish, Spot)>,
    /// As [`Store::keep_at_source`] gives it.
    found: usize,
    /// Mails fetched before need not be looked at again, if that is news.
    since: Option<UnixMillis>,
}

fn due(tx: &Tx<'_>, account: i64, limit: usize, now: UnixMillis) -> Result<Due> {
    let Some((keeping, since)) = tx.first(&GET, &[account.into()], keeping)? else {
        return Ok(Due::default());
    };
    let mut due = Due::default();
    let wish = |seq, action| Wish { seq, account, action, why: "keeping".to_owned() };
    if let Some(days) = keeping.delete_after_days {
        let args = args![account, before(days, now), limit as i64];
        due.wanted = tx.query(&DELETABLE, &args, |row| {
            Ok((wish(row.int(0)?, SourceAction::Delete), spot(account, row, 1)?))
        })?;
    }
    due.found = due.wanted.len();
    // What goes at once need not be moved before.
    if keeping.needs_folders() && keeping.delete_after_days != Some(0) {
        let has_folder = keeping.failed_folder.is_some();
        let args = args![account, since, limit as i64, keeping.fetched as i64, has_folder];
        let fresh = tx.query(&FRESH, &args, |row| {
            Ok((wish(row.int(0)?, after_fetch(&keeping, row.int(5)? == 2)), spot(account, row, 1)?))
        })?;
        if fresh.len() < limit {
            let times = |row: &Row<'_>| Ok((row.opt_time(0)?, row.opt_time(1)?));
            let (newest, unread_yet) = tx.first(&SEEN, &args![account, since], times)?.unwrap_or_default();
            let next = newest.map(|_| unread_yet.unwrap_or(now).min(now));
            due.since = next.filter(|next| *next > since);
        } else {
            due.found = limit;
        }
        due.wanted.extend(fresh);
    }
    Ok(due)
}

impl Store {
    /// What stays at the source of an account.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn keeping(&self, account: AccountId) -> Result<Keeping> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            Ok(tx.first(&GET, &[key.into()], keeping)?.map(|(keeping, _)| keeping).unwrap_or_default())
        })
    }

    /// Replaces it. Marks and moves are for mails fetched from now on; deletion is for all that are old enough.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn set_keeping(&self, account: AccountId, keeping: Keeping, now: UnixMillis) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| set(tx, keys.known_account(tx, account)?, &keeping, now))
    }

    /// How many mails at the source of an account are older than so many days, and would go.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn count_deletable(&self, account: AccountId, days: u32, now: UnixMillis) -> Result<u64> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            let count = tx.int(&COUNT_DELETABLE, &args![key, before(days, now), COUNTED_MAX])?;
            u64::try_from(count).map_err(|_| StoreError::Unreadable { what: "count" })
        })
    }

    /// Queues what is to happen with mails of an account that is no POP3 account, that are here, at most `limit` of them; how many were found.
    /// To be called when all that was fetched is committed and its reports are handled.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn keep_at_source(&self, account: AccountId, limit: usize, now: UnixMillis) -> Result<usize> {
        let keys = self.keys();
        let found = self.read(|tx| due(tx, keys.known_account(tx, account)?, limit, now))?;
        if found.wanted.is_empty() && found.since.is_none() {
            return Ok(0);
        }
        let keys = keys.clone();
        // What is wanted may have changed since: it is looked for again.
        self.write(move |tx| {
            let account = keys.known_account(tx, account)?;
            let Due { wanted, found, since } = due(tx, account, limit, now)?;
            if let Some(since) = since {
                tx.exec(&SINCE, &args![account, since])?;
            }
            source_actions::add(tx, wanted, now)?;
            Ok(found)
        })
    }

    /// Mails of a POP3 account that are to be deleted there, at most `limit`: mailbox and name.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn names_to_delete(
        &self,
        account: AccountId,
        limit: usize,
        now: UnixMillis,
    ) -> Result<Vec<(MailboxId, String)>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            let kept = tx.first(&GET, &[key.into()], keeping)?;
            let Some(days) = kept.and_then(|(keeping, _)| keeping.delete_after_days) else {
                return Ok(Vec::new());
            };
            tx.query(&DELETABLE_NAMES, &args![key, before(days, now), limit as i64], |row| {
                Ok((MailboxId::from_octets(row.octets(0)?), row.text(1)?))
            })
        })
    }
}
