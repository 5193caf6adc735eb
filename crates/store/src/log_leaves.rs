//! Leaves of the provable log, written in the transaction of what they record. Everything else of the log is derived from these
//! rows. Whoever writes leaves does it last in its transaction: their counter is the last lock taken.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use ledger::payload::{Content, Row as LogRow};
use ledger::{Kind, SALT_LEN, commitment};
use model::{How, Location, MailId, MailboxId, ObjectId, Position, SegmentId, Sha256, UnixMillis};
use serde::Serialize;
use serde_json::json;

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::events::Event;
use crate::intake::{Intake, IntakeItem, IntakeOutcome};
use crate::keys::Keys;
use crate::link_acts::record_names;
use crate::message_links;
use crate::placements::bounded;
use crate::replay;
use crate::rows;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

/// An event on its way into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLeaf {
    /// What happened.
    pub kind: Kind,
    /// When.
    pub at: UnixMillis,
    /// The mail it is about.
    pub subject: Option<MailId>,
    /// JSON.
    pub payload: String,
}

/// A segment of which the log does not speak up to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentToLog {
    /// The file.
    pub segment: SegmentId,
    /// Octets that are durable and known here, without a footer.
    pub committed: u64,
    /// Octets the log speaks of.
    pub logged: u64,
}

/// Octets of a segment as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The file.
    pub segment: SegmentId,
    /// First octet.
    pub from: u64,
    /// The one behind the last.
    pub to: u64,
    /// Of these octets.
    pub sha256: Sha256,
    /// Whether the file ends here for good.
    pub closed: bool,
}

statements! {
    ADD [Int, Int, Int, Blob, Blob, Blob, Text] = "WITH v(leaf, at, kind, subject, commitment, salt, payload) AS ({rows}) \
        INSERT INTO log_leaves (leaf, at, kind, subject, commitment, salt, payload) \
        SELECT leaf, at, kind, subject, commitment, salt, payload FROM v WHERE TRUE";
    FROM = "SELECT leaf, at, kind, subject, commitment, salt, payload FROM log_leaves WHERE leaf >= $1 \
        ORDER BY leaf LIMIT $2";
    OF_SUBJECT = "SELECT leaf, at, kind, subject, commitment, salt, payload FROM log_leaves WHERE subject = $1 \
        ORDER BY leaf LIMIT $2";
    LAST = "SELECT value FROM counters WHERE name = 'leaf'";
    SET_LAST = "UPDATE counters SET value = $1 WHERE name = 'leaf'";
    BACKFILLED = "SELECT b.value, t.value FROM counters b JOIN counters t ON t.name = 'backfill_to' \
        WHERE b.name = 'backfill'";
    SET_BACKFILLED = "UPDATE counters SET value = $1 WHERE name = 'backfill'";
    OLD_MAILS = "SELECT m.seq, m.mail_id, o.sha256, o.octets, o.object_id, s.segment_id, o.at FROM mails m \
        JOIN objects o ON o.seq = m.seq JOIN segments s ON s.key = o.segment WHERE m.seq > $1 AND m.seq <= $2 \
        ORDER BY m.seq LIMIT $3";
    LINKS = "SELECT message, record, how FROM links WHERE message = ANY($1) AND removed IS NULL";
    DIGESTS_OF = "SELECT m.mail_id, o.sha256 FROM mails m JOIN objects o ON o.seq = m.seq \
        WHERE m.mail_id = ANY($1)";
    LOCATION_OF = "SELECT s.segment_id, o.at, o.len FROM mails m JOIN objects o ON o.seq = m.seq \
        JOIN segments s ON s.key = o.segment WHERE m.mail_id = $1";
    PLACE_NAMES = "SELECT a.name, m.name FROM mailboxes m JOIN accounts a ON a.key = m.account WHERE m.mailbox_id = $1";
    TO_LOG = "SELECT segment_id, committed, logged FROM segments WHERE closed = 0 ORDER BY segment_id";
    LOGGED = "UPDATE segments SET logged = $3, closed = $4 WHERE segment_id = $1 AND logged = $2";
}

/// Rows of one read at most.
const BACKFILL: i64 = 1000;

fn salt() -> [u8; SALT_LEN] {
    *uuid::Uuid::new_v4().as_bytes()
}

/// Adds leaves in the transaction of what they tell of.
pub(crate) fn append(tx: &Tx<'_>, leaves: &[NewLeaf]) -> Result<()> {
    if leaves.is_empty() {
        return Ok(());
    }
    let first = take(tx, "leaf", leaves.len())?;
    let mut rows = Rows::new(7, leaves.len());
    for (leaf, index) in leaves.iter().zip(first..) {
        // PostgreSQL keeps no U+0000, and neither does JSON unescaped: what is committed to is what is kept.
        let salt = salt();
        let commitment = commitment(&salt, leaf.payload.as_bytes());
        let subject = leaf.subject.map(|mail| mail.octets().to_vec());
        rows.push(args![
            index,
            leaf.at,
            i64::from(leaf.kind.code()),
            subject,
            commitment.to_vec(),
            salt.to_vec(),
            &leaf.payload,
        ]);
    }
    tx.bulk(&ADD, &rows).map(drop)
}

#[derive(Serialize)]
struct Archived<'a> {
    mail: String,
    sha256: String,
    octets: u64,
    object: String,
    segment: String,
    offset: u64,
    #[serde(flatten)]
    place: Option<Placed<'a>>,
}

#[derive(Serialize)]
struct Again<'a> {
    mail: String,
    sha256: String,
    /// Account and mailbox may hold nothing but copies, and no record tell their names.
    account_name: &'a str,
    mailbox_name: &'a str,
    #[serde(flatten)]
    place: Placed<'a>,
}

#[derive(Serialize)]
struct Placed<'a> {
    account: String,
    mailbox: String,
    position: Place<'a>,
    received: Option<i64>,
    fetched: i64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Place<'a> {
    Imap { uid_validity: u32, uid: u32 },
    Unique { unique_id: std::borrow::Cow<'a, str> },
    File { file: std::borrow::Cow<'a, str> },
}

fn placed<'a>(tx: &Tx<'_>, keys: &Keys, item: &'a IntakeItem) -> Result<Placed<'a>> {
    let account = keys.known_mailbox(tx, item.mailbox)?.account;
    Ok(Placed {
        account: keys.account_id(tx, account)?.to_string(),
        mailbox: MailboxId::to_string(&item.mailbox),
        position: match &item.position {
            Position::Imap { uid_validity, uid } => Place::Imap { uid_validity: *uid_validity, uid: *uid },
            Position::Unique { unique_id } => Place::Unique { unique_id: bounded(unique_id) },
            Position::File { locator } => Place::File { file: bounded(locator) },
        },
        received: item.received.map(|at| at.0),
        fetched: item.fetched.0,
    })
}

/// Names of the account and of the mailbox.
fn place_names(tx: &Tx<'_>, mailbox: MailboxId) -> Result<(String, String)> {
    let names = tx.first(&PLACE_NAMES, &args![mailbox.octets()], |row| {
        Ok((row.text(0)?, String::from_utf8_lossy(&row.blob(1)?).into_owned()))
    })?;
    Ok(names.unwrap_or_default())
}

/// What becomes of the items of a batch: mails archived, placements added.
pub(crate) fn of_intake(
    tx: &Tx<'_>,
    keys: &Keys,
    batch: &Intake,
    outcomes: &[IntakeOutcome],
) -> Result<Vec<NewLeaf>> {
    let mut leaves = Vec::with_capacity(batch.items.len());
    let mut names = HashMap::new();
    for (item, outcome) in batch.items.iter().zip(outcomes) {
        let (kind, mail) = match outcome {
            IntakeOutcome::New { mail_id, .. } => (Kind::Archived, *mail_id),
            IntakeOutcome::Duplicate { of, new_placement: true, .. } => (Kind::Placed, *of),
            IntakeOutcome::Duplicate { .. } => continue,
        };
        if batch.told.contains(&mail) {
            continue;
        }
        let place = placed(tx, keys, item)?;
        let payload = if let (Some((object, location)), Kind::Archived) = (&item.record, kind) {
            text(&Archived {
                mail: mail.to_string(),
                sha256: item.sha256.to_string(),
                octets: item.octets,
                object: object.to_string(),
                segment: location.segment.to_string(),
                offset: location.at,
                place: Some(place),
            })
        } else {
            let (account_name, mailbox_name) = match names.entry(item.mailbox) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(place_names(tx, item.mailbox)?),
            };
            text(&Again {
                mail: mail.to_string(),
                sha256: item.sha256.to_string(),
                account_name,
                mailbox_name,
                place,
            })
        };
        leaves.push(NewLeaf { kind, at: batch.now, subject: Some(mail), payload });
    }
    Ok(leaves)
}

fn text(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).unwrap_or_default()
}

/// The leaf of an entry of the event log: that one is for people to read, this one proves it.
pub(crate) fn of_event(event: &Event) -> NewLeaf {
    let (what, done) = event.kind.split_once('.').unwrap_or((&event.kind, ""));
    let kind = match (what, done) {
        ("link", "set") => Kind::LinkSet,
        ("link", "removed" | "refused") => Kind::LinkRemoved,
        ("mail", "tagged") => Kind::Category,
        ("mails", "put_back") => Kind::Restored,
        ("mail", "downloaded" | "part_downloaded" | "part_unblocked") | ("mails" | "record", "exported") => {
            Kind::Exported
        }
        ("mail" | "attachment", "read" | "searched" | "opened" | "shown" | "images_shown") => Kind::Viewed,
        (_, "changed" | "created" | "added" | "removed" | "secret" | "members") => Kind::Setting,
        _ => Kind::Noted,
    };
    let subject =
        if matches!(what, "account" | "user" | "approval") { None } else { event.subject.parse().ok() };
    let detail: serde_json::Value = serde_json::from_str(&event.payload).unwrap_or_default();
    let payload = json!({
        "event": event.id.to_string(),
        "actor": event.actor,
        "kind": event.kind,
        "subject": event.subject,
        "detail": detail,
    });
    NewLeaf { kind, at: event.at, subject, payload: payload.to_string() }
}

/// Another master key, by its name that says nothing about it.
pub(crate) fn of_key(name: &str, at: UnixMillis) -> NewLeaf {
    NewLeaf { kind: Kind::KeyRotated, at, subject: None, payload: json!({ "master_key": name }).to_string() }
}

/// Message and record of links, and how they came.
pub(crate) type Links = BTreeMap<(i64, i64), How>;

/// The links that hold.
pub(crate) fn links(tx: &Tx<'_>, messages: &[i64]) -> Result<Links> {
    let found = tx.query(&LINKS, &[Arg::Ints(messages)], |row| {
        Ok(((row.int(0)?, row.int(1)?), message_links::how(row.int(2)?)?))
    })?;
    Ok(found.into_iter().collect())
}

/// What rules changed of the links of messages since `before`, see [`links`].
pub(crate) fn of_rules(tx: &Tx<'_>, messages: &[i64], before: &Links, now: UnixMillis) -> Result<()> {
    let after = links(tx, messages)?;
    let new = after.keys().filter(|pair| !before.contains_key(pair));
    let gone = before.keys().filter(|pair| !after.contains_key(pair));
    let changed: Vec<(i64, i64)> = new.chain(gone).copied().collect();
    if changed.is_empty() {
        return Ok(());
    }
    let (messages, records): (Vec<i64>, Vec<i64>) = changed.iter().copied().unzip();
    let (mails, names) = (rows::mail_ids(tx, &messages)?, record_names(tx, &records)?);
    let leaves = changed.iter().filter_map(|pair| {
        let (mail, (of_kind, number)) = (mails.get(&pair.0)?, names.get(&pair.1)?);
        let (kind, how) = match after.get(pair) {
            Some(how) => (Kind::LinkSet, Some(how.as_str())),
            None => (Kind::LinkRemoved, None),
        };
        let (mail_id, record) = (mail.to_string(), of_kind.as_str());
        let payload =
            json!({ "mail": mail_id, "by": "rule", "record": record, "number": number, "how": how });
        Some(NewLeaf { kind, at: now, subject: Some(*mail), payload: payload.to_string() })
    });
    append(tx, &leaves.collect::<Vec<_>>())
}

fn row(row: &Row<'_>) -> Result<LogRow> {
    let kept = row.opt_octets::<SALT_LEN>(5)?.zip(row.opt_text(6)?);
    let content = match kept {
        Some((salt, payload)) => Content::Kept { salt, payload: payload.into_bytes() },
        None => Content::Erased(row.octets(4)?),
    };
    Ok(LogRow {
        index: row.uint(0)?,
        at: row.time(1)?,
        kind: u16::try_from(row.int(2)?).map_err(|_| StoreError::Unreadable { what: "kind of leaf" })?,
        subject: row.opt_octets(3)?,
        content,
    })
}

fn restore(tx: &Tx<'_>, leaves: &[LogRow]) -> Result<()> {
    let mut rows = Rows::new(7, leaves.len());
    for leaf in leaves {
        let (salt, payload) = match &leaf.content {
            Content::Kept { salt, payload } => (Some(salt.to_vec()), String::from_utf8(payload.clone()).ok()),
            Content::Erased(_) => (None, None),
        };
        let subject = leaf.subject.map(|subject| subject.to_vec());
        let commitment = leaf.leaf().commitment.to_vec();
        rows.push(args![leaf.index, leaf.at, i64::from(leaf.kind), subject, commitment, salt, payload]);
    }
    tx.bulk(&ADD, &rows)?;
    match (leaves.first(), leaves.last()) {
        (Some(first), Some(last)) => {
            tx.exec(&SET_LAST, &args![last.index])?;
            replay::plan(tx, first.index, last.index + 1)
        }
        _ => Ok(()),
    }
}

fn backfill(tx: &Tx<'_>, now: UnixMillis) -> Result<u64> {
    let counters = tx.first(&BACKFILLED, &[], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let Some((done, to)) = counters.filter(|(done, to)| done < to) else { return Ok(0) };
    let mut last = to;
    let found = tx.query(&OLD_MAILS, &args![done, to, BACKFILL], |row| {
        let archived = Archived {
            mail: MailId::from_octets(row.octets(1)?).to_string(),
            sha256: Sha256(row.octets(2)?).to_string(),
            octets: row.uint(3)?,
            object: ObjectId::from_octets(row.octets(4)?).to_string(),
            segment: SegmentId::from_octets(row.octets(5)?).to_string(),
            offset: row.uint(6)?,
            place: None,
        };
        let subject = Some(MailId::from_octets(row.octets(1)?));
        let leaf = NewLeaf { kind: Kind::Archived, at: now, subject, payload: text(&archived) };
        Ok((row.int(0)?, leaf))
    })?;
    if found.len() as i64 == BACKFILL {
        last = found.last().map_or(to, |(seq, _)| *seq);
    }
    let leaves: Vec<NewLeaf> = found.into_iter().map(|(_, leaf)| leaf).collect();
    tx.exec(&SET_BACKFILLED, &args![last])?;
    append(tx, &leaves)?;
    Ok(leaves.len() as u64)
}

impl Store {
    /// Leaves from `index` on, ascending, without a gap.
    ///
    /// # Errors
    /// Those of the database.
    pub fn leaves(&self, index: u64, limit: usize) -> Result<Vec<LogRow>> {
        self.read(|tx| tx.query(&FROM, &args![index, limit as i64], row))
    }

    /// Leaves about a mail, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn leaves_of(&self, mail: MailId, limit: usize) -> Result<Vec<LogRow>> {
        self.read(|tx| tx.query(&OF_SUBJECT, &args![mail.octets(), limit as i64], row))
    }

    /// Digests of mails as the database has them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn digests_of(&self, mails: &[MailId]) -> Result<HashMap<MailId, Sha256>> {
        let ids: Vec<&[u8]> = mails.iter().map(|mail| mail.octets().as_slice()).collect();
        let mut found = HashMap::with_capacity(mails.len());
        for chunk in ids.chunks(2000) {
            let rows = self.read(|tx| {
                tx.query(&DIGESTS_OF, &[Arg::Blobs(chunk)], |row| {
                    Ok((MailId::from_octets(row.octets(0)?), Sha256(row.octets(1)?)))
                })
            })?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Where the octets of a mail lie.
    ///
    /// # Errors
    /// Those of the database.
    pub fn location_of(&self, mail: MailId) -> Result<Option<Location>> {
        self.read(|tx| {
            tx.first(&LOCATION_OF, &args![mail.octets()], |row| {
                Ok(Location {
                    segment: SegmentId::from_octets(row.octets(0)?),
                    at: row.uint(1)?,
                    len: row.uint(2)?,
                })
            })
        })
    }

    /// How many leaves there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn leaf_count(&self) -> Result<u64> {
        self.read(|tx| tx.int(&LAST, &[]).map(|last| (last + 1).unsigned_abs()))
    }

    /// Adds leaves about what is not in the database.
    ///
    /// # Errors
    /// Those of the database.
    pub fn append_leaves(&self, leaves: Vec<NewLeaf>) -> Result<()> {
        self.write(move |tx| append(tx, &leaves))
    }

    /// Brings back leaves that follow those that are here: the database is older than the log.
    ///
    /// # Errors
    /// `Unreadable` if they do not follow; those of the database.
    pub fn restore_leaves(&self, leaves: Vec<LogRow>) -> Result<()> {
        self.write_batch(move |tx| {
            let next = tx.int(&LAST, &[])? + 1;
            if leaves.iter().zip(next.unsigned_abs()..).any(|(leaf, index)| leaf.index != index) {
                return Err(StoreError::Unreadable { what: "leaf of the log" });
            }
            restore(tx, &leaves)
        })
    }

    /// Writes the leaves of mails that were here before the log, some at a time; gives how many, 0 at the end.
    ///
    /// # Errors
    /// Those of the database.
    pub fn backfill_leaves(&self, now: UnixMillis) -> Result<u64> {
        self.write_batch(move |tx| backfill(tx, now))
    }

    /// Segments of which the log does not speak up to their end.
    ///
    /// # Errors
    /// Those of the database.
    pub fn segments_to_log(&self) -> Result<Vec<SegmentToLog>> {
        self.read(|tx| {
            tx.query(&TO_LOG, &[], |row| {
                Ok(SegmentToLog {
                    segment: SegmentId::from_octets(row.octets(0)?),
                    committed: row.uint(1)?,
                    logged: row.uint(2)?,
                })
            })
        })
    }

    /// Writes into the log what octets of a segment are; they follow those it speaks of already.
    ///
    /// # Errors
    /// Those of the database.
    pub fn log_extent(&self, extent: Extent, now: UnixMillis) -> Result<()> {
        self.write(move |tx| {
            let segment = extent.segment.octets();
            let changed = tx.exec(&LOGGED, &args![segment, extent.from, extent.to, extent.closed])?;
            if changed == 0 {
                return Ok(());
            }
            let payload = json!({
                "segment": extent.segment.to_string(),
                "from": extent.from,
                "to": extent.to,
                "sha256": extent.sha256.to_string(),
                "closed": extent.closed,
            });
            let leaf = NewLeaf { kind: Kind::Stored, at: now, subject: None, payload: payload.to_string() };
            append(tx, &[leaf])
        })
    }
}
