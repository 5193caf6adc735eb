//! Where mails lie at their sources, and what of a source is not here.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

use model::{AccountId, Client, Envelope, Flags, MailboxId, Position, ReversePath, UnixMillis};

use crate::db::Tx;
use crate::entries::{self, Changes};
use crate::error::{Result, StoreError};
use crate::sql::{Sql, statements};
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};

/// Longest locator kept as it is, octets; PostgreSQL's index entries end at 2,704.
const LOCATOR_MAX: usize = 1000;

/// Columns of a position.
pub(crate) struct Place<'a> {
    pub(crate) code: i64,
    pub(crate) uid_validity: i64,
    pub(crate) uid: i64,
    pub(crate) locator: Cow<'a, str>,
}

pub(crate) fn place(position: &Position) -> Place<'_> {
    match position {
        Position::Imap { uid_validity, uid } => Place {
            code: 0,
            uid_validity: i64::from(*uid_validity),
            uid: i64::from(*uid),
            locator: Cow::Borrowed(""),
        },
        Position::Unique { unique_id } => {
            Place { code: 1, uid_validity: 0, uid: 0, locator: bounded(unique_id) }
        }
        Position::File { locator } => Place { code: 2, uid_validity: 0, uid: 0, locator: bounded(locator) },
    }
}

/// The whole one stands in the archive's record.
pub(crate) fn bounded(locator: &str) -> Cow<'_, str> {
    if locator.len() <= LOCATOR_MAX {
        return Cow::Borrowed(locator);
    }
    let start = &locator[..locator.floor_char_boundary(LOCATOR_MAX - 20)];
    Cow::Owned(format!("{start}…{:016x}", hash64(locator.as_bytes())))
}

/// The name of a mail without UIDs as rows keep it.
pub fn kept_name(unique_id: &str) -> String {
    bounded(unique_id).into_owned()
}

/// FNV-1a; only to find, never to decide: what it finds is compared.
pub(crate) fn hash64(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The position in columns `at`, `at + 1` … : code, `uid_validity`, uid, locator.
pub(crate) fn position(row: &Row<'_>, at: usize) -> Result<Position> {
    Ok(match row.int(at)? {
        0 => Position::Imap { uid_validity: row.small(at + 1)?, uid: row.small(at + 2)? },
        1 => Position::Unique { unique_id: row.text(at + 3)? },
        _ => Position::File { locator: row.text(at + 3)? },
    })
}

pub(crate) fn flags_code(flags: Flags) -> i64 {
    i64::from(flags.seen)
        | i64::from(flags.answered) << 1
        | i64::from(flags.flagged) << 2
        | i64::from(flags.draft) << 3
        | i64::from(flags.deleted) << 4
}

pub(crate) const fn flags(code: i64) -> Flags {
    Flags {
        seen: code & 1 != 0,
        answered: code & 2 != 0,
        flagged: code & 4 != 0,
        draft: code & 8 != 0,
        deleted: code & 16 != 0,
    }
}

/// Mark of the line that says who handed the mail over; no path begins so.
const CLIENT: &str = "\tclient ";

/// First line the reverse path (empty: unknown), the others the forward paths, and last who handed it over; line ends cannot
/// be in paths.
pub(crate) fn envelope_text(envelope: &Envelope) -> String {
    let line = |text: &str| text.trim_start_matches('\t').replace(['\r', '\n'], " ");
    let mut text = match &envelope.reverse_path {
        None => String::new(),
        Some(ReversePath::Null) => "<>".to_owned(),
        Some(ReversePath::Path(path)) => line(path),
    };
    for path in &envelope.forward_paths {
        text.push('\n');
        text.push_str(&line(path));
    }
    if let Some(client) = &envelope.client {
        let _ = write!(text, "\n{CLIENT}{} {}", client.ip, line(&client.helo));
    }
    text
}

pub(crate) fn envelope(text: &str) -> Envelope {
    let mut lines = text.split('\n');
    let reverse_path = match lines.next().unwrap_or_default() {
        "" => None,
        "<>" => Some(ReversePath::Null),
        path => Some(ReversePath::Path(path.to_owned())),
    };
    let mut envelope = Envelope { reverse_path, ..Envelope::default() };
    for line in lines {
        match line.strip_prefix(CLIENT) {
            Some(client) => envelope.client = read_client(client),
            None => envelope.forward_paths.push(line.to_owned()),
        }
    }
    envelope
}

fn read_client(line: &str) -> Option<Client> {
    let (ip, helo) = line.split_once(' ').unwrap_or((line, ""));
    Some(Client { ip: ip.parse().ok()?, helo: helo.to_owned() })
}

/// A mail of a source that was not archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Mailbox it lies in.
    pub mailbox: MailboxId,
    /// Where in it.
    pub position: Position,
    /// By a named rule; otherwise it failed and is tried again.
    pub excluded: bool,
    /// The rule's name, or what went wrong.
    pub reason: String,
}

/// A mail of a source that is not here, as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOutRow {
    /// What and why.
    pub what: LeftOut,
    /// How often it was tried.
    pub attempts: u32,
    /// First time.
    pub since: UnixMillis,
    /// Last time.
    pub last: UnixMillis,
}

statements! {
    KNOWN [Int, Int, Int, Text] = "WITH v(mailbox, uid_validity, uid, locator) AS ({rows}) \
        SELECT p.position, p.uid_validity, p.uid, p.locator FROM v JOIN placements p \
        ON p.mailbox = v.mailbox AND p.uid_validity = v.uid_validity AND p.uid = v.uid AND p.locator = v.locator";
    LEAVE_OUT [Int, Int, Int, Text, Int, Int, Text, Int] = "WITH v(mailbox, uid_validity, uid, locator, \
        position, excluded, reason, at) AS ({rows}) INSERT INTO left_out (mailbox, uid_validity, uid, locator, \
        position, excluded, reason, attempts, since, last) SELECT mailbox, uid_validity, uid, locator, \
        position, excluded, reason, 1, at, at FROM v WHERE TRUE \
        ON CONFLICT (mailbox, uid_validity, uid, locator) DO UPDATE SET excluded = excluded.excluded, \
        reason = excluded.reason, attempts = left_out.attempts + 1, last = excluded.last";
    TAKE_IN [Int, Int, Int, Text] = "WITH v(mailbox, uid_validity, uid, locator) AS ({rows}) \
        DELETE FROM left_out WHERE (mailbox, uid_validity, uid, locator) \
        IN (SELECT mailbox, uid_validity, uid, locator FROM v)";
    LEFT_OUT_ANY = "SELECT 1 FROM left_out LIMIT 1";
    LEFT_OUT = "SELECT m.mailbox_id, l.position, l.uid_validity, l.uid, l.locator, l.excluded, l.reason, \
        l.attempts, l.since, l.last FROM mailboxes m JOIN left_out l ON l.mailbox = m.key \
        WHERE m.account = $1 ORDER BY l.mailbox, l.uid_validity, l.uid, l.locator LIMIT $2 OFFSET $3";
    AGAIN = "SELECT m.mailbox_id, l.position, l.uid_validity, l.uid, l.locator FROM mailboxes m \
        JOIN left_out l ON l.mailbox = m.key WHERE m.account = $1 AND m.selected = 1 AND l.excluded <> 1 \
        AND (l.excluded = 2 OR l.attempts < $2 OR l.last <= $4) \
        ORDER BY l.attempts, l.mailbox, l.uid_validity, l.uid, l.locator LIMIT $3";
    KNOWN_SEQS [Int, Int, Int, Text] = "WITH v(mailbox, uid_validity, uid, locator) AS ({rows}) \
        SELECT DISTINCT p.seq FROM v JOIN placements p \
        ON p.mailbox = v.mailbox AND p.uid_validity = v.uid_validity AND p.uid = v.uid AND p.locator = v.locator";
    GONE [Int, Int, Int, Text, Int] = "WITH v(mailbox, uid_validity, uid, locator, gone) AS ({rows}) \
        UPDATE placements SET gone = v.gone FROM v WHERE placements.mailbox = v.mailbox \
        AND placements.uid_validity = v.uid_validity AND placements.uid = v.uid \
        AND placements.locator = v.locator AND placements.gone IS NULL RETURNING placements.seq";
    SET_FLAGS [Int, Int, Int, Int] = "WITH v(mailbox, uid_validity, uid, flags) AS ({rows}) \
        UPDATE placements SET flags = v.flags FROM v WHERE placements.mailbox = v.mailbox \
        AND placements.uid_validity = v.uid_validity AND placements.uid = v.uid \
        AND placements.gone IS NULL AND placements.flags <> v.flags";
    SET_MARKS [Int, Text, Int, Int] = "WITH v(mailbox, locator, told, flags) AS ({rows}) \
        UPDATE placements SET flags = (placements.flags & ~v.told) | v.flags FROM v WHERE placements.mailbox = v.mailbox \
        AND placements.uid_validity = 0 AND placements.uid = 0 AND placements.locator = v.locator \
        AND placements.gone IS NULL AND (placements.flags & v.told) <> v.flags";
    LIVE_UIDS = "SELECT uid FROM placements WHERE mailbox = $1 AND uid_validity = $2 AND uid > $3 \
        AND gone IS NULL ORDER BY uid LIMIT $4";
    SETTLED_UIDS = "SELECT uid FROM placements WHERE mailbox = $1 AND uid_validity = $2 AND uid > $3 \
        UNION SELECT uid FROM left_out WHERE mailbox = $1 AND uid_validity = $2 AND uid > $3 ORDER BY uid LIMIT $4";
    UNIQUE_IDS = "SELECT locator FROM placements WHERE mailbox = $1 AND uid_validity = 0 AND uid = 0";
}

/// Rows (mailbox, `uid_validity`, uid, locator).
fn keys(mailbox: i64, positions: &[Position]) -> Rows<'_> {
    let mut rows = Rows::new(4, positions.len());
    for position in positions {
        let place = place(position);
        rows.push(args![mailbox, place.uid_validity, place.uid, place.locator]);
    }
    rows
}

impl<'a> From<Cow<'a, str>> for Arg<'a> {
    fn from(value: Cow<'a, str>) -> Self {
        match value {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

/// Keeps failed and excluded mails of a source; the same again counts as another attempt.
pub(crate) fn leave_out(tx: &Tx<'_>, list: &[(i64, &LeftOut)], now: UnixMillis) -> Result<()> {
    let mut rows = Rows::new(8, list.len());
    // A row is met only once in a statement; the last word counts.
    let mut met = HashSet::with_capacity(list.len());
    for (mailbox, left) in list.iter().rev().filter(|(mailbox, left)| met.insert((*mailbox, &left.position)))
    {
        let place = place(&left.position);
        let args = args![*mailbox, place.uid_validity, place.uid, place.locator];
        let [a, b, c, d] = args;
        rows.push([a, b, c, d, place.code.into(), left.excluded.into(), (&left.reason).into(), now.into()]);
    }
    tx.bulk(&LEAVE_OUT, &rows).map(drop)
}

/// What was left out before and is here now.
pub(crate) fn take_in(tx: &Tx<'_>, places: &[(i64, Place<'_>)]) -> Result<()> {
    if tx.first(&LEFT_OUT_ANY, &[], |row| row.int(0))?.is_none() {
        return Ok(());
    }
    let mut rows = Rows::new(4, places.len());
    for (mailbox, place) in places {
        rows.push(args![*mailbox, place.uid_validity, place.uid, place.locator.as_ref()]);
    }
    tx.bulk(&TAKE_IN, &rows).map(drop)
}

impl Store {
    /// Which of these positions of a mailbox hold a mail that is here.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn known_placements(&self, mailbox: MailboxId, positions: &[Position]) -> Result<HashSet<Position>> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            let mut found = HashSet::new();
            for chunk in positions.chunks(1000) {
                let rows = tx.bulk_query(&KNOWN, &keys(key, chunk), |row| position(row, 0))?;
                found.extend(rows);
            }
            // A long locator is kept shortened; the caller asks for the whole one.
            let shortened = |p: &&Position| found.contains(&kept(p));
            Ok(positions.iter().filter(shortened).cloned().collect())
        })
    }

    /// UIDs above `after` whose mails still lie in the mailbox as far as is known, ascending.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn live_uids(
        &self,
        mailbox: MailboxId,
        uid_validity: u32,
        after: u32,
        limit: usize,
    ) -> Result<Vec<u32>> {
        self.uids(&LIVE_UIDS, mailbox, uid_validity, after, limit)
    }

    /// UIDs above `after` that were dealt with: archived, excluded or failed; ascending.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn settled_uids(
        &self,
        mailbox: MailboxId,
        uid_validity: u32,
        after: u32,
        limit: usize,
    ) -> Result<Vec<u32>> {
        self.uids(&SETTLED_UIDS, mailbox, uid_validity, after, limit)
    }

    fn uids(
        &self,
        statement: &'static Sql,
        mailbox: MailboxId,
        uid_validity: u32,
        after: u32,
        limit: usize,
    ) -> Result<Vec<u32>> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            tx.query(statement, &args![key, uid_validity, after, limit as i64], |row| row.small(0))
        })
    }

    /// Notes the flags mails have at their source now, by UID; those not here, or gone, are passed by. Gives how many
    /// had others before.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn set_flags(&self, mailbox: MailboxId, uid_validity: u32, flags: Vec<(u32, Flags)>) -> Result<u64> {
        let map = self.keys().clone();
        self.write_batch(move |tx| {
            let key = map.known_mailbox(tx, mailbox)?.mailbox;
            let mut rows = Rows::new(4, flags.len());
            for (uid, flags) in &flags {
                rows.push(args![key, uid_validity, *uid, flags_code(*flags)]);
            }
            tx.bulk(&SET_FLAGS, &rows)
        })
    }

    /// Notes flags of mails without UIDs: by name, which flags are told, and how they are; others stay. Gives how many had
    /// others before.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn set_marks(&self, mailbox: MailboxId, marks: Vec<(String, Flags, Flags)>) -> Result<u64> {
        let map = self.keys().clone();
        self.write_batch(move |tx| {
            let key = map.known_mailbox(tx, mailbox)?.mailbox;
            let mut rows = Rows::new(4, marks.len());
            for (name, told, flags) in &marks {
                let told = flags_code(*told);
                rows.push(args![key, bounded(name), told, flags_code(*flags) & told]);
            }
            tx.bulk(&SET_MARKS, &rows)
        })
    }

    /// What the mails of a mailbox without UIDs are called at their source, those that have left it too.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn unique_ids(&self, mailbox: MailboxId) -> Result<Vec<String>> {
        self.read(|tx| {
            let key = self.keys().known_mailbox(tx, mailbox)?.mailbox;
            tx.query(&UNIQUE_IDS, &args![key], |row| row.text(0))
        })
    }

    /// Notes that mails have left a mailbox; they stay in the archive and in the account's lists.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn mark_gone(&self, mailbox: MailboxId, positions: Vec<Position>, now: UnixMillis) -> Result<u64> {
        let map = self.keys().clone();
        self.write_batch(move |tx| {
            let key = map.known_mailbox(tx, mailbox)?.mailbox;
            let mut rows = Rows::new(5, positions.len());
            for position in &positions {
                let place = place(position);
                rows.push(args![key, place.uid_validity, place.uid, place.locator, now]);
            }
            // Lists are read before, so that the difference is known after.
            let affected = tx.bulk_query(&KNOWN_SEQS, &keys(key, &positions), |row| row.int(0))?;
            let mut changes = Changes::of_mails(tx, &affected)?;
            let gone = tx.bulk_query(&GONE, &rows, |row| row.int(0))?.len() as u64;
            changes.settle(tx)?;
            entries::touch(tx, &affected)?;
            Ok(gone)
        })
    }

    /// Mails of an account's source that are not here: excluded and failed, a page of them.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn left_out(&self, account: AccountId, limit: usize, offset: usize) -> Result<Vec<LeftOutRow>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            tx.query(&LEFT_OUT, &args![key, limit as i64, offset as i64], |row| {
                Ok(LeftOutRow {
                    what: LeftOut {
                        mailbox: MailboxId::from_octets(row.octets(0)?),
                        position: position(row, 1)?,
                        excluded: row.bool(5)?,
                        reason: row.text(6)?,
                    },
                    attempts: row.small(7)?,
                    since: row.time(8)?,
                    last: row.time(9)?,
                })
            })
        })
    }

    /// Mails of an account's source that failed fewer than `attempts_max` times, or last at `rested` or before, or whose
    /// exclusion is another one now; those tried least first.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn failed_to_try(
        &self,
        account: AccountId,
        attempts_max: u32,
        rested: UnixMillis,
        limit: usize,
    ) -> Result<Vec<(MailboxId, Position)>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            tx.query(&AGAIN, &args![key, attempts_max, limit as i64, rested], |row| {
                Ok((MailboxId::from_octets(row.octets(0)?), position(row, 1)?))
            })
        })
    }

    /// Mails that were left out are no longer at their source.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn forget_left_out(&self, mailbox: MailboxId, positions: Vec<Position>) -> Result<()> {
        let map = self.keys().clone();
        self.write_batch(move |tx| {
            let key = map.known_mailbox(tx, mailbox)?.mailbox;
            take_in(tx, &positions.iter().map(|position| (key, place(position))).collect::<Vec<_>>())
        })
    }

    /// Keeps mails that failed or were excluded, outside a batch of intake.
    ///
    /// # Errors
    /// `Missing` mailbox.
    pub fn leave_out(&self, list: Vec<LeftOut>, now: UnixMillis) -> Result<()> {
        let map = self.keys().clone();
        self.write(move |tx| {
            let keys: Result<Vec<_>, StoreError> =
                list.iter().map(|left| Ok((map.known_mailbox(tx, left.mailbox)?.mailbox, left))).collect();
            leave_out(tx, &keys?, now)
        })
    }
}

/// The position as the table keeps it.
fn kept(position: &Position) -> Position {
    match position {
        Position::Imap { .. } => position.clone(),
        Position::Unique { unique_id } => Position::Unique { unique_id: bounded(unique_id).into_owned() },
        Position::File { locator } => Position::File { locator: bounded(locator).into_owned() },
    }
}
