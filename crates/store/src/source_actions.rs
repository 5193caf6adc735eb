//! What is to be done at the sources: a durable queue, filled in the transaction of what decides it, drained by the account's
//! own task. An action done twice is done once.

use std::collections::{BTreeMap, BTreeSet};

use model::{AccountId, EventId, MailId, MailboxId, Position, UnixMillis};

use crate::db::Tx;
use crate::entries::{self, Changes};
use crate::error::{Result, StoreError};
use crate::events;
use crate::placements::place;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

/// Tried so often before it is given up.
const ATTEMPTS_MAX: u32 = 8;
/// Pause after the first attempt; four times as long after each further one.
const PAUSE_MS: i64 = 60_000;
/// The longest pause.
const PAUSE_MAX_MS: i64 = 6 * 60 * 60 * 1000;
/// Reason of what follows a deletion here.
const DELETED_HERE: &str = "deleted_here";
/// Longest texts kept, octets.
const TEXT_MAX: usize = 500;

/// What is to be done with a mail at its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceAction {
    /// Marked as read.
    MarkRead,
    /// Moved into the mailbox of this name.
    Move(String),
    /// Deleted.
    Delete,
    /// Put into the mailbox of this name, where it is not, or not any more.
    PutBack(String),
}

impl SourceAction {
    /// The word in JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::MarkRead => "mark_read",
            Self::Move(_) => "move",
            Self::Delete => "delete",
            Self::PutBack(_) => "put_back",
        }
    }

    pub(crate) fn columns(&self) -> (i64, &str) {
        match self {
            Self::MarkRead => (0, ""),
            Self::Move(target) => (1, &target[..target.floor_char_boundary(TEXT_MAX)]),
            Self::Delete => (2, ""),
            Self::PutBack(target) => (3, &target[..target.floor_char_boundary(TEXT_MAX)]),
        }
    }

    fn read(code: i64, target: String) -> Result<Self> {
        Ok(match code {
            0 => Self::MarkRead,
            1 => Self::Move(target),
            2 => Self::Delete,
            3 => Self::PutBack(target),
            _ => return Err(StoreError::Unreadable { what: "source action" }),
        })
    }
}

/// How an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// To be done.
    Waiting,
    /// Done.
    Done,
    /// Failed too often: for a person.
    GivenUp,
}

/// An action that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueAction {
    /// Its number.
    pub key: i64,
    /// Number of the mail.
    pub seq: i64,
    /// Mailbox the mail lies in; any of the account where it is to be put back.
    pub mailbox: MailboxId,
    /// Its raw name.
    pub name: Vec<u8>,
    /// Numbering.
    pub uid_validity: u32,
    /// Which mail; 0 where mails have names.
    pub uid: u32,
    /// Its name where mails have no UIDs; otherwise empty.
    pub unique_id: String,
    /// What.
    pub action: SourceAction,
    /// Tried before, and nobody knows how far that came.
    pub is_repeated: bool,
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceOutcome {
    /// Done; for a move where the mail is now, if that is known.
    Done {
        /// Mailbox and position.
        to: Option<(MailboxId, Position)>,
    },
    /// Done as far as the server can: the mail is marked as deleted at its old place, and somebody's expunging removes it.
    Marked {
        /// Mailbox and position.
        to: Option<(MailboxId, Position)>,
    },
    /// The mail is no longer there.
    Gone,
    /// The mailbox is numbered anew: the mail is looked for under its new number.
    Renumbered,
    /// Not done; a stable key, or the server's words.
    Failed(String),
}

/// An action as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceActionRow {
    /// Its number.
    pub key: i64,
    /// The mail.
    pub mail: MailId,
    /// Its subject.
    pub subject: String,
    /// Name of its mailbox, for people.
    pub mailbox: String,
    /// What.
    pub action: SourceAction,
    /// What wants it: `handled`, `manual`, `keeping`, `deleted_here`, `put_back`, or the name of a rule.
    pub why: String,
    /// How it stands.
    pub state: SourceState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub due: UnixMillis,
    /// What went wrong last; empty if nothing did.
    pub error: String,
    /// When it was wanted.
    pub created: UnixMillis,
}

/// A wish for every place a mail lies in at the source.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) seq: i64,
    /// Only in this account; 0: in all that are fetched.
    pub(crate) account: i64,
    pub(crate) action: SourceAction,
    pub(crate) why: String,
}

/// Where a mail lies at its source; compared by where in the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    mailbox: i64,
    uid_validity: i64,
    uid: i64,
    locator: String,
    account: i64,
}

/// In columns `at` … : mailbox, numbering, UID, name.
pub(crate) fn spot(account: i64, row: &Row<'_>, at: usize) -> Result<Spot> {
    Ok(Spot {
        mailbox: row.int(at)?,
        uid_validity: row.int(at + 1)?,
        uid: row.int(at + 2)?,
        locator: row.text(at + 3)?,
        account,
    })
}

statements! {
    PLACES = "SELECT p.seq, b.account, p.mailbox, p.uid_validity, p.uid, p.locator FROM placements p \
        JOIN mailboxes b ON b.key = p.mailbox JOIN accounts a ON a.key = b.account \
        WHERE p.seq = ANY($1) AND ((p.position = 0 AND a.kind = 0) OR (p.position = 1 AND a.kind = 3)) \
        AND p.gone IS NULL AND a.removed IS NULL \
        AND (b.special_use IS NULL OR b.special_use = 'inbox' OR b.special_use = 'junk') \
        ORDER BY p.seq, p.mailbox, p.uid, p.locator";
    ADD [Int, Int, Int, Int, Int, Text, Int, Int, Text, Text, Int, Int] = "WITH v(key, account, mailbox, uid_validity, uid, \
        locator, seq, action, target, why, due, created) AS ({rows}) INSERT INTO source_actions (key, account, mailbox, \
        uid_validity, uid, locator, seq, action, target, why, state, attempts, due, error, created, changed) SELECT key, \
        account, mailbox, uid_validity, uid, locator, seq, action, target, why, 0, 0, due, '', created, created \
        FROM v WHERE TRUE ON CONFLICT (mailbox, uid_validity, uid, locator, action, target) DO NOTHING";
    MIRRORED = "SELECT p.seq, b.account, p.mailbox, p.uid_validity, p.uid, p.locator, CASE WHEN a.kind = 0 THEN \
        (SELECT MIN(t.display_name) FROM mailboxes t WHERE t.account = b.account AND t.special_use = 'trash') END \
        FROM placements p JOIN mailboxes b ON b.key = p.mailbox JOIN accounts a ON a.key = b.account \
        JOIN account_keeping k ON k.account = a.key WHERE p.seq = ANY($1) AND k.mirrored = 1 AND a.removed IS NULL \
        AND ((p.position = 0 AND a.kind = 0) OR (p.position = 1 AND a.kind IN (2, 3))) AND p.gone IS NULL \
        AND (b.special_use IS NULL OR b.special_use <> 'trash') ORDER BY p.seq, p.mailbox, p.uid, p.locator";
    TAKE_BACK [Int, Int] = "WITH v(seq, account) AS ({rows}) DELETE FROM source_actions WHERE state <> 1 \
        AND why = 'deleted_here' AND (seq, account) IN (SELECT seq, account FROM v)";
    ANY_DUE = "SELECT COUNT(*) FROM (SELECT key FROM source_actions WHERE account = $1 AND state = 0 AND due <= $2 \
        LIMIT 1) c";
    DUE = "SELECT s.key, b.mailbox_id, b.name, s.uid_validity, s.uid, s.action, s.target, s.attempts, s.locator, s.seq \
        FROM source_actions s JOIN mailboxes b ON b.key = s.mailbox WHERE s.account = $1 AND s.state = 0 \
        AND s.due <= $2 ORDER BY s.action, s.mailbox, s.target, s.key LIMIT $3";
    BEGIN [Int, Int, Int] = "WITH v(key, due, at) AS ({rows}) UPDATE source_actions \
        SET attempts = source_actions.attempts + 1, due = v.due, changed = v.at FROM v WHERE source_actions.key = v.key";
    OF_KEYS = "SELECT key, account, mailbox, uid_validity, uid, seq, attempts, locator FROM source_actions WHERE key = ANY($1) \
        AND state = 0 ORDER BY key";
    END [Int, Int, Text, Int] = "WITH v(key, state, error, at) AS ({rows}) UPDATE source_actions \
        SET state = v.state, error = v.error, changed = v.at FROM v WHERE source_actions.key = v.key";
    NEW_PLACE = "SELECT uid_validity, uid FROM placements WHERE seq = $1 AND mailbox = $2 AND uid_validity <> $3 \
        AND position = 0 AND gone IS NULL ORDER BY fetched DESC, uid DESC LIMIT 1";
    TAKEN = "SELECT COUNT(*) FROM source_actions WHERE mailbox = $1 AND uid_validity = $2 AND uid = $3 \
        AND action = (SELECT action FROM source_actions WHERE key = $4) \
        AND target = (SELECT target FROM source_actions WHERE key = $4)";
    REPOINT = "UPDATE source_actions SET uid_validity = $2, uid = $3, due = $4 WHERE key = $1";
    GONE = "UPDATE placements SET gone = $6 WHERE mailbox = $1 AND uid_validity = $2 AND uid = $3 AND seq = $4 \
        AND locator = $5 AND gone IS NULL";
    FLAG = "UPDATE placements SET flags = flags | $6 WHERE mailbox = $1 AND uid_validity = $2 AND uid = $3 AND seq = $4 \
        AND locator = $5";
    READ = "UPDATE mails SET unread = 0 WHERE seq = ANY($1)";
    FOLLOW = "INSERT INTO placements (mailbox, uid_validity, uid, locator, seq, position, received, fetched, flags, \
        envelope) SELECT b.key, $6, $7, $8, p.seq, p.position, p.received, p.fetched, p.flags, p.envelope \
        FROM placements p, mailboxes b WHERE p.mailbox = $1 AND p.uid_validity = $2 AND p.uid = $3 AND p.seq = $4 \
        AND p.locator = $5 AND b.mailbox_id = $9 ON CONFLICT (mailbox, uid_validity, uid, locator, seq) DO UPDATE SET gone = NULL";
    LIST = "SELECT s.key, m.mail_id, h.subject, b.display_name, s.action, s.target, s.why, s.state, s.attempts, s.due, \
        s.error, s.created FROM source_actions s JOIN mails m ON m.seq = s.seq LEFT JOIN heads h ON h.seq = s.seq \
        JOIN mailboxes b ON b.key = s.mailbox WHERE s.account = $1 AND s.state = $2 AND s.key < $3 \
        ORDER BY s.key DESC LIMIT $4";
    COUNTS = "SELECT state, COUNT(*) FROM source_actions WHERE account = $1 AND state <> 1 GROUP BY state";
    AGAIN = "UPDATE source_actions SET state = 0, attempts = 1, due = $2, error = '' WHERE account = $1 AND state = 2";
    DROP = "DELETE FROM source_actions WHERE account = $1 AND state <> 1";
}

/// Queues that mails deleted here are deleted at the sources that say so, each at every place it has there, not before
/// `due`: `mails` with the accounts meant. Where a mailbox for deleted mails is known, they are moved there. Gives the accounts.
pub(crate) fn mirror(
    tx: &Tx<'_>,
    mails: &[(i64, Vec<i64>)],
    due: UnixMillis,
    now: UnixMillis,
) -> Result<Vec<i64>> {
    let seqs: Vec<i64> = mails.iter().map(|(seq, _)| *seq).collect();
    let meant: BTreeSet<(i64, i64)> =
        mails.iter().flat_map(|(seq, keys)| keys.iter().map(|key| (*seq, *key))).collect();
    let rows = tx.query(&MIRRORED, &[Arg::Ints(&seqs)], |row| {
        Ok((row.int(0)?, row.opt_text(6)?, spot(row.int(1)?, row, 2)?))
    })?;
    let mut wanted = Vec::with_capacity(rows.len());
    for (seq, bin, place) in rows {
        if meant.contains(&(seq, place.account)) {
            let action = bin.map_or(SourceAction::Delete, SourceAction::Move);
            wanted.push((Wish { seq, account: place.account, action, why: DELETED_HERE.to_owned() }, place));
        }
    }
    let accounts: BTreeSet<i64> = wanted.iter().map(|(_, place)| place.account).collect();
    add_at(tx, wanted, due, now)?;
    Ok(accounts.into_iter().collect())
}

/// Forgets what [`mirror`] queued for these mails in these accounts and is not yet done.
pub(crate) fn take_back(tx: &Tx<'_>, mails: &[(i64, Vec<i64>)]) -> Result<()> {
    let mut rows = Rows::new(2, mails.len());
    for (seq, accounts) in mails {
        for account in accounts {
            rows.push(args![*seq, *account]);
        }
    }
    tx.bulk(&TAKE_BACK, &rows).map(drop)
}

/// Queues wishes, in the transaction of what decides them. Mails that lie at no source are left out.
pub(crate) fn enqueue(tx: &Tx<'_>, wishes: &[Wish], now: UnixMillis) -> Result<()> {
    let mut seqs: Vec<i64> = wishes.iter().map(|wish| wish.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    if seqs.is_empty() {
        return Ok(());
    }
    let mut places: BTreeMap<i64, Vec<Spot>> = BTreeMap::new();
    for (seq, place) in
        tx.query(&PLACES, &[Arg::Ints(&seqs)], |row| Ok((row.int(0)?, spot(row.int(1)?, row, 2)?)))?
    {
        places.entry(seq).or_default().push(place);
    }
    let mut wanted = Vec::new();
    for wish in wishes {
        let of_mail = places.get(&wish.seq).into_iter().flatten();
        wanted.extend(
            of_mail
                .filter(|place| wish.account == 0 || wish.account == place.account)
                .map(|place| (wish.clone(), place.clone())),
        );
    }
    add(tx, wanted, now)
}

/// Queues wishes for places at a source.
pub(crate) fn add(tx: &Tx<'_>, wanted: Vec<(Wish, Spot)>, now: UnixMillis) -> Result<()> {
    add_at(tx, wanted, now, now)
}

fn add_at(tx: &Tx<'_>, mut wanted: Vec<(Wish, Spot)>, due: UnixMillis, now: UnixMillis) -> Result<()> {
    // One row is met only once in a statement.
    wanted.sort_by(|a, b| (&a.1, &a.0.action).cmp(&(&b.1, &b.0.action)));
    wanted.dedup_by(|a, b| (&a.1, &a.0.action) == (&b.1, &b.0.action));
    if wanted.is_empty() {
        return Ok(());
    }
    let first = take(tx, "row", wanted.len())?;
    let mut rows = Rows::new(12, wanted.len());
    for ((wish, at), key) in wanted.iter().zip(first..) {
        let (action, target) = wish.action.columns();
        let why = &wish.why[..wish.why.floor_char_boundary(TEXT_MAX)];
        let place = [at.account, at.mailbox, at.uid_validity, at.uid];
        let [account, mailbox, uid_validity, uid] = place.map(Arg::from);
        let (key, locator) = (Arg::from(key), Arg::from(at.locator.as_str()));
        let [seq, action, target, why] = args![wish.seq, action, target, why];
        let [due, now] = args![due, now];
        rows.push([key, account, mailbox, uid_validity, uid, locator, seq, action, target, why, due, now]);
    }
    tx.bulk(&ADD, &rows).map(drop)
}

fn pause(attempts: u32) -> i64 {
    (PAUSE_MS << (2 * attempts.min(8))).min(PAUSE_MAX_MS)
}

fn begin(tx: &Tx<'_>, account: i64, limit: i64, now: UnixMillis) -> Result<Vec<DueAction>> {
    let due = tx.query(&DUE, &args![account, now, limit], |row| {
        let attempts = row.small(7)?;
        let action = DueAction {
            key: row.int(0)?,
            seq: row.int(9)?,
            mailbox: MailboxId::from_octets(row.octets(1)?),
            name: row.blob(2)?,
            uid_validity: row.small(3)?,
            uid: row.small(4)?,
            unique_id: row.text(8)?,
            action: SourceAction::read(row.int(5)?, row.text(6)?)?,
            is_repeated: attempts > 0,
        };
        Ok((action, attempts))
    })?;
    let mut rows = Rows::new(3, due.len());
    for (action, attempts) in &due {
        rows.push(args![action.key, now.plus_ms(pause(*attempts)), now]);
    }
    tx.bulk(&BEGIN, &rows)?;
    Ok(due.into_iter().map(|(action, _)| action).collect())
}

/// Where an action stands, as it is kept.
struct Kept {
    key: i64,
    mailbox: i64,
    uid_validity: i64,
    uid: i64,
    locator: String,
    seq: i64,
    attempts: u32,
}

impl Kept {
    fn place(&self) -> [Arg<'_>; 5] {
        args![self.mailbox, self.uid_validity, self.uid, self.seq, self.locator.as_str()]
    }
}

fn kept(row: &Row<'_>) -> Result<Kept> {
    Ok(Kept {
        key: row.int(0)?,
        mailbox: row.int(2)?,
        uid_validity: row.int(3)?,
        uid: row.int(4)?,
        locator: row.text(7)?,
        seq: row.int(5)?,
        attempts: row.small(6)?,
    })
}

fn end(
    tx: &Tx<'_>,
    account: AccountId,
    outcomes: &[(i64, bool, SourceOutcome)],
    now: UnixMillis,
) -> Result<()> {
    let keys: Vec<i64> = outcomes.iter().map(|(key, ..)| *key).collect();
    let of_key: BTreeMap<i64, (bool, &SourceOutcome)> =
        outcomes.iter().map(|(key, is_read, outcome)| (*key, (*is_read, outcome))).collect();
    let kept = tx.query(&OF_KEYS, &[Arg::Ints(&keys)], kept)?;
    let seqs: Vec<i64> = kept.iter().map(|kept| kept.seq).collect();
    let mut changes = Changes::of_mails(tx, &seqs)?;
    let (mut rows, mut read, mut log) = (Rows::new(4, kept.len()), Vec::new(), Vec::new());
    for kept in &kept {
        let Some((is_read, outcome)) = of_key.get(&kept.key).copied() else { continue };
        let [mailbox, uid_validity, uid, seq, locator] = kept.place();
        match outcome {
            SourceOutcome::Done { to } | SourceOutcome::Marked { to } => {
                if let Some((target, position)) = to {
                    let at = place(position);
                    let [a, b, c, d] = args![at.uid_validity, at.uid, at.locator, target.octets()];
                    tx.exec(&FOLLOW, &[mailbox, uid_validity, uid, seq, locator, a, b, c, d])?;
                }
                let [mailbox, uid_validity, uid, seq, locator] = kept.place();
                let is_marked = matches!(outcome, SourceOutcome::Marked { .. });
                if is_read || is_marked {
                    let flag = if is_marked { 16_i64 } else { 1 };
                    tx.exec(&FLAG, &[mailbox, uid_validity, uid, seq, locator, flag.into()])?;
                    read.extend(is_read.then_some(kept.seq));
                } else {
                    tx.exec(&GONE, &[mailbox, uid_validity, uid, seq, locator, now.into()])?;
                }
                rows.push(args![kept.key, 1_i64, if is_marked { "source-marked" } else { "" }, now]);
            }
            SourceOutcome::Gone => {
                tx.exec(&GONE, &[mailbox, uid_validity, uid, seq, locator, now.into()])?;
                rows.push(args![kept.key, 1_i64, "", now]);
            }
            SourceOutcome::Renumbered => renumbered(tx, kept, &mut rows, now)?,
            SourceOutcome::Failed(error) => {
                let is_over = kept.attempts >= ATTEMPTS_MAX;
                let error = &error[..error.floor_char_boundary(TEXT_MAX)];
                rows.push(args![kept.key, if is_over { 2_i64 } else { 0 }, error.to_owned(), now]);
                log.extend(is_over.then(|| given_up(account, now)));
            }
        }
    }
    tx.bulk(&END, &rows)?;
    if !read.is_empty() {
        tx.exec(&READ, &[Arg::Ints(&read)])?;
    }
    log.truncate(1);
    events::append_all(tx, &log)?;
    changes.settle(tx)?;
    entries::touch(tx, &seqs)
}

/// The same mail under its new number; the fetch before has found it, or it is not there any more.
fn renumbered(tx: &Tx<'_>, kept: &Kept, rows: &mut Rows<'_>, now: UnixMillis) -> Result<()> {
    let place = tx.first(&NEW_PLACE, &args![kept.seq, kept.mailbox, kept.uid_validity], |row| {
        Ok((row.int(0)?, row.int(1)?))
    })?;
    match place {
        Some((uid_validity, uid))
            if tx.int(&TAKEN, &args![kept.mailbox, uid_validity, uid, kept.key])? == 0 =>
        {
            tx.exec(&REPOINT, &args![kept.key, uid_validity, uid, now]).map(drop)
        }
        Some(_) => {
            rows.push(args![kept.key, 1_i64, "", now]);
            Ok(())
        }
        None => {
            let is_over = kept.attempts >= ATTEMPTS_MAX;
            rows.push(args![kept.key, if is_over { 2_i64 } else { 0 }, "source-renumbered", now]);
            Ok(())
        }
    }
}

fn given_up(account: AccountId, at: UnixMillis) -> events::Event {
    events::Event {
        id: EventId::new(uuid::Uuid::now_v7()),
        at,
        actor: "source".to_owned(),
        kind: "source.given_up".to_owned(),
        subject: account.to_string(),
        payload: "{}".to_owned(),
    }
}

fn listed(row: &Row<'_>) -> Result<SourceActionRow> {
    Ok(SourceActionRow {
        key: row.int(0)?,
        mail: MailId::from_octets(row.octets(1)?),
        subject: row.opt_text(2)?.unwrap_or_default(),
        mailbox: row.text(3)?,
        action: SourceAction::read(row.int(4)?, row.text(5)?)?,
        why: row.text(6)?,
        state: match row.int(7)? {
            0 => SourceState::Waiting,
            1 => SourceState::Done,
            _ => SourceState::GivenUp,
        },
        attempts: row.small(8)?,
        due: row.time(9)?,
        error: row.text(10)?,
        created: row.time(11)?,
    })
}

impl Store {
    /// Actions of an account that are due, at most `limit`, in the order to do them: by kind, mailbox and target. Each
    /// counts as tried from now on, so that one broken off is known as such.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn begin_source_actions(
        &self,
        account: AccountId,
        limit: usize,
        now: UnixMillis,
    ) -> Result<Vec<DueAction>> {
        let any = self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            tx.int(&ANY_DUE, &args![key, now])
        })?;
        if any == 0 {
            return Ok(Vec::new());
        }
        let keys = self.keys().clone();
        self.write(move |tx| begin(tx, keys.known_account(tx, account)?, limit as i64, now))
    }

    /// Notes what became of actions begun; old places are gone, new ones known. The flag says that it was a marking as
    /// read.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_source_actions(
        &self,
        account: AccountId,
        outcomes: Vec<(i64, bool, SourceOutcome)>,
        now: UnixMillis,
    ) -> Result<()> {
        self.write_batch(move |tx| end(tx, account, &outcomes, now))
    }

    /// Actions of an account with a number below `before` (`None`: from the newest) that stand so, newest first.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn source_actions(
        &self,
        account: AccountId,
        state: SourceState,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<SourceActionRow>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            let before = before.unwrap_or(i64::MAX);
            tx.query(&LIST, &args![key, state as i64, before, limit as i64], listed)
        })
    }

    /// How many actions of an account wait, and how many were given up.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn source_action_counts(&self, account: AccountId) -> Result<(u64, u64)> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            let rows = tx.query(&COUNTS, &[key.into()], |row| Ok((row.int(0)?, row.uint(1)?)))?;
            let of = |state| rows.iter().find(|(found, _)| *found == state).map_or(0, |(_, n)| *n);
            Ok((of(0), of(2)))
        })
    }

    /// Tries again what was given up; gives how many.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn retry_source_actions(&self, account: AccountId, now: UnixMillis) -> Result<u64> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let key = keys.known_account(tx, account)?;
            tx.exec(&AGAIN, &args![key, now])
        })
    }

    /// Forgets what waits or was given up; gives how many.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn drop_source_actions(&self, account: AccountId) -> Result<u64> {
        let keys = self.keys().clone();
        self.write(move |tx| tx.exec(&DROP, &[keys.known_account(tx, account)?.into()]))
    }
}
