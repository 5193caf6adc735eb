//! What intake commits: objects, placements, mails `received`, cursor, counters, log; one transaction a batch.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::{
    Envelope, Flags, Location, MailId, MailboxId, ObjectId, Position, SegmentId, Sha256, UnixMillis,
};

use crate::db::Tx;
use crate::entries::{self, Changes};
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::import_entries::{self, NewEntry};
use crate::keys::{Keys, MailboxKey};
use crate::log_leaves;
use crate::mailboxes::{self, Cursor};
use crate::placements::{self, LeftOut, Place, envelope_text, flags_code, leave_out, place, take_in};
use crate::shared_objects::{self, SharedObject};
use crate::sorting;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::suspicions;
use crate::value::{Arg, Rows, args};

/// A batch whose octets are durable in the archive. At most some 500 items.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    /// Mails, in the order they came.
    pub items: Vec<IntakeItem>,
    /// How far segments are durable now.
    pub segments: Vec<SegmentCommit>,
    /// Objects just appended that mails consist of.
    pub objects: Vec<SharedObject>,
    /// Names of the objects that the mail in the record of this name consists of.
    pub uses: HashMap<ObjectId, Vec<ObjectId>>,
    /// Which of the items bear their server's keyword for spam, by position.
    pub junk: Vec<usize>,
    /// Cursors to move with the batch.
    pub cursors: Vec<(MailboxId, Cursor)>,
    /// Mails of the source that are not among the items, and why.
    pub left_out: Vec<LeftOut>,
    /// What becomes of entries of imports with this batch, in the order of their sources.
    pub entries: Vec<NewEntry>,
    /// Mails of which the log has told already: they come back.
    pub told: HashSet<MailId>,
    /// Records found in the archive: objects that mails consist of may come with a later batch.
    pub adopted: bool,
    /// Log entry of the batch.
    pub event: Option<Event>,
    /// Time of the batch.
    pub now: UnixMillis,
}

/// One mail of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntakeItem {
    /// Its id, if it is new.
    pub mail_id: MailId,
    /// Digest of its octets: its identity.
    pub sha256: Sha256,
    /// How many octets.
    pub octets: u64,
    /// The record just appended; `None` if the digest was known and nothing was.
    pub record: Option<(ObjectId, Location)>,
    /// Mailbox it lies in.
    pub mailbox: MailboxId,
    /// Where in it.
    pub position: Position,
    /// When the source received it, if it says so.
    pub received: Option<UnixMillis>,
    /// When it was fetched.
    pub fetched: UnixMillis,
    /// Flags at the source.
    pub flags: Flags,
    /// Envelope, if the source knows it.
    pub envelope: Option<Envelope>,
}

/// How far a segment is durable, and known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentCommit {
    /// The file.
    pub segment: SegmentId,
    /// Octets of it that are durable; never goes back.
    pub committed: u64,
    /// Whether it is closed for good.
    pub sealed: bool,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntakeOutcome {
    /// A mail now `received`.
    New {
        /// Its id, as proposed.
        mail_id: MailId,
        /// Its number.
        seq: i64,
    },
    /// The same octets are here already.
    Duplicate {
        /// The mail that has them.
        of: MailId,
        /// Its number.
        seq: i64,
        /// Whether this placement was unknown.
        new_placement: bool,
    },
}

/// The keyword of servers for spam.
const JUNK: &str = "$Junk";

statements! {
    DIGESTS = "SELECT o.sha256, m.seq, m.mail_id FROM objects o JOIN mails m ON m.seq = o.seq \
        WHERE o.sha256 = ANY($1)";
    FIND_SEGMENT = "SELECT key FROM segments WHERE segment_id = $1";
    ADD_SEGMENT = "INSERT INTO segments (key, segment_id, committed, sealed) VALUES ($1, $2, 0, 0)";
    COMMIT_SEGMENT = "UPDATE segments SET committed = CASE WHEN committed < $2 THEN $2 ELSE committed END, \
        sealed = CASE WHEN $3 = 1 THEN 1 ELSE sealed END WHERE key = $1";
    SEGMENTS = "SELECT segment_id, committed, sealed FROM segments ORDER BY segment_id";
    ADD_OBJECT [Int, Blob, Int, Int, Int, Int, Blob] = "WITH v(seq, object_id, segment, at, len, octets, sha256) \
        AS ({rows}) INSERT INTO objects (seq, object_id, segment, at, len, octets, sha256) \
        SELECT seq, object_id, segment, at, len, octets, sha256 FROM v WHERE TRUE";
    ADD_MAIL [Int, Blob, Int] = "WITH v(seq, mail_id, unread) AS ({rows}) INSERT INTO mails (seq, mail_id, \
        stage, change_seq, unread, attachments, defects) SELECT seq, mail_id, 0, 0, unread, 0, 0 FROM v \
        WHERE TRUE";
    /// The record of the mail itself may come again, from recovery.
    ADD_DOUBLED [Blob, Int] = "WITH v(object_id, seq) AS ({rows}) \
        INSERT INTO doubled_objects (object_id, seq) SELECT object_id, seq FROM v \
        WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.seq = v.seq AND o.object_id = v.object_id) \
        ON CONFLICT (object_id) DO NOTHING";
    PLACE [Int, Int, Int, Text, Int, Int, Int, Int, Int, Text] = "WITH v(mailbox, uid_validity, uid, locator, \
        seq, position, received, fetched, flags, envelope) AS ({rows}) INSERT INTO placements (mailbox, \
        uid_validity, uid, locator, seq, position, received, fetched, flags, envelope) SELECT mailbox, \
        uid_validity, uid, locator, seq, position, received, fetched, flags, envelope FROM v WHERE TRUE \
        ON CONFLICT (mailbox, uid_validity, uid, locator, seq) DO UPDATE SET gone = NULL";
    PLACED [Int, Int, Int, Text, Int] = "WITH v(mailbox, uid_validity, uid, locator, seq) AS ({rows}) \
        SELECT p.mailbox, p.uid_validity, p.uid, p.locator, p.seq FROM v JOIN placements p \
        ON p.mailbox = v.mailbox AND p.uid_validity = v.uid_validity AND p.uid = v.uid \
        AND p.locator = v.locator AND p.seq = v.seq";
}

/// Number and id of a mail.
type Known = HashMap<Sha256, (i64, MailId)>;

fn digests(tx: &Tx<'_>, wanted: impl Iterator<Item = Sha256>) -> Result<Known> {
    let wanted: Vec<Sha256> = wanted.collect();
    let octets: Vec<&[u8]> = wanted.iter().map(|sha256| sha256.0.as_slice()).collect();
    let mut known = Known::with_capacity(wanted.len());
    for chunk in octets.chunks(2000) {
        let rows = tx.query(&DIGESTS, &[Arg::Blobs(chunk)], |row| {
            Ok((Sha256(row.octets(0)?), (row.int(1)?, MailId::from_octets(row.octets(2)?))))
        })?;
        known.extend(rows);
    }
    Ok(known)
}

fn segment_key(tx: &Tx<'_>, id: SegmentId) -> Result<i64> {
    if let Some(key) = tx.first(&FIND_SEGMENT, &[id.octets().into()], |row| row.int(0))? {
        return Ok(key);
    }
    let key = take(tx, "row", 1)?;
    tx.exec(&ADD_SEGMENT, &args![key, id.octets()])?;
    Ok(key)
}

/// A mail that is written now.
struct NewMail<'a> {
    seq: i64,
    item: &'a IntakeItem,
    object: ObjectId,
    location: Location,
}

fn add_mails(tx: &Tx<'_>, new: &[NewMail<'_>], segments: &BTreeMap<SegmentId, i64>) -> Result<()> {
    let mut objects = Rows::new(7, new.len());
    let mut mails = Rows::new(3, new.len());
    for mail in new {
        let segment = segments.get(&mail.location.segment).copied().unwrap_or_default();
        objects.push(args![
            mail.seq,
            mail.object.octets(),
            segment,
            mail.location.at,
            mail.location.len,
            mail.item.octets,
            &mail.item.sha256.0,
        ]);
        mails.push(args![mail.seq, mail.item.mail_id.octets(), !mail.item.flags.seen]);
    }
    tx.bulk(&ADD_OBJECT, &objects)?;
    tx.bulk(&ADD_MAIL, &mails)?;
    if !new.is_empty() {
        take(tx, "mails", new.len())?;
        take(tx, "octets", new.iter().map(|mail| mail.item.octets as usize).sum())?;
    }
    Ok(())
}

/// Records of mails that were here already: to erase a mail, their keys are destroyed too.
fn add_doubled(tx: &Tx<'_>, doubled: &[(i64, ObjectId)]) -> Result<()> {
    let mut rows = Rows::new(2, doubled.len());
    for (seq, object) in doubled {
        rows.push(args![object.octets(), *seq]);
    }
    tx.bulk(&ADD_DOUBLED, &rows).map(drop)
}

/// Placement as a key.
type Placed = (i64, i64, i64, String, i64);

fn placed_already(tx: &Tx<'_>, list: &[(i64, i64, Place<'_>)]) -> Result<HashSet<Placed>> {
    let mut rows = Rows::new(5, list.len());
    for (seq, mailbox, place) in list {
        rows.push(args![*mailbox, place.uid_validity, place.uid, place.locator.as_ref(), *seq]);
    }
    let found = tx.bulk_query(&PLACED, &rows, |row| {
        Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.text(3)?, row.int(4)?))
    })?;
    Ok(found.into_iter().collect())
}

fn add_placements(tx: &Tx<'_>, list: &[(i64, MailboxKey, &IntakeItem)]) -> Result<()> {
    // PostgreSQL refuses to meet the same key twice in a statement.
    let mut seen = HashSet::with_capacity(list.len());
    let mut rows = Rows::new(10, list.len());
    for (seq, mailbox, item) in list {
        let place = place(&item.position);
        if !seen.insert((mailbox.mailbox, place.uid_validity, place.uid, place.locator.clone(), *seq)) {
            continue;
        }
        rows.push(args![
            mailbox.mailbox,
            place.uid_validity,
            place.uid,
            place.locator,
            *seq,
            place.code,
            item.received,
            item.fetched,
            flags_code(item.flags),
            item.envelope.as_ref().map(envelope_text),
        ]);
    }
    tx.bulk(&PLACE, &rows).map(drop)
}

fn commit(tx: &Tx<'_>, keys: &Keys, batch: &Intake) -> Result<Vec<IntakeOutcome>> {
    let records = batch.items.iter().filter(|item| item.record.is_some()).count();
    // Also the lock that lets one batch after the other look for known digests.
    let mut next = if records > 0 { take(tx, "seq", records)? } else { 0 };
    let mut known = digests(tx, batch.items.iter().map(|item| item.sha256))?;
    let mut segments = BTreeMap::new();
    let used = batch.items.iter().filter_map(|item| item.record.map(|(_, location)| location.segment));
    let used = used.chain(batch.objects.iter().map(|object| object.location.segment));
    for id in used.chain(batch.segments.iter().map(|commit| commit.segment)) {
        if let std::collections::btree_map::Entry::Vacant(entry) = segments.entry(id) {
            entry.insert(segment_key(tx, id)?);
        }
    }
    let mut outcomes = Vec::with_capacity(batch.items.len());
    let mut new = Vec::new();
    let mut placements = Vec::with_capacity(batch.items.len());
    let (mut old, mut doubled) = (Vec::new(), Vec::new());
    for item in &batch.items {
        let mailbox = keys.known_mailbox(tx, item.mailbox)?;
        let seq = if let Some((seq, of)) = known.get(&item.sha256) {
            old.push((outcomes.len(), *seq, mailbox));
            doubled.extend(item.record.map(|(object, _)| (*seq, object)));
            outcomes.push(IntakeOutcome::Duplicate { of: *of, seq: *seq, new_placement: false });
            *seq
        } else {
            let (object, location) = item.record.ok_or_else(|| StoreError::Missing {
                what: "mail with digest",
                key: item.sha256.to_string(),
            })?;
            let seq = next;
            next += 1;
            new.push(NewMail { seq, item, object, location });
            known.insert(item.sha256, (seq, item.mail_id));
            outcomes.push(IntakeOutcome::New { mail_id: item.mail_id, seq });
            seq
        };
        placements.push((seq, mailbox, item));
    }
    add_mails(tx, &new, &segments)?;
    shared_objects::add(tx, &batch.objects, &segments)?;
    let uses = new
        .iter()
        .flat_map(|mail| batch.uses.get(&mail.object).into_iter().flatten().map(|object| (mail.seq, object)));
    let uses: Vec<_> = uses.collect();
    if !batch.adopted {
        shared_objects::check_uses(tx, &uses)?;
    }
    shared_objects::note_uses(tx, &uses)?;
    add_doubled(tx, &doubled)?;
    let moved = note_duplicates(tx, batch, &old, &mut outcomes)?;
    let mut changes = Changes::of_mails(tx, &moved)?;
    add_placements(tx, &placements)?;
    if !moved.is_empty() {
        changes.settle(tx)?;
        sorting::sort_placed(tx, &moved)?;
        entries::touch(tx, &moved)?;
    }
    let junk = batch.junk.iter().filter_map(|at| Some((placements.get(*at)?.0, JUNK)));
    suspicions::mark_mails(tx, &junk.collect::<Vec<_>>())?;
    for commit in &batch.segments {
        let key = segments.get(&commit.segment).copied().unwrap_or_default();
        tx.exec(&COMMIT_SEGMENT, &args![key, commit.committed, commit.sealed])?;
    }
    let places: Vec<_> =
        placements.iter().map(|(_, mailbox, item)| (mailbox.mailbox, place(&item.position))).collect();
    take_in(tx, &places)?;
    import_entries::add(tx, batch, &outcomes)?;
    finish(tx, keys, batch)?;
    let leaves = log_leaves::of_intake(tx, keys, batch, &outcomes)?;
    log_leaves::append(tx, &leaves)?;
    Ok(outcomes)
}

/// Says which duplicates bring a new placement; gives the numbers of their mails.
fn note_duplicates(
    tx: &Tx<'_>,
    batch: &Intake,
    old: &[(usize, i64, MailboxKey)],
    outcomes: &mut [IntakeOutcome],
) -> Result<Vec<i64>> {
    if old.is_empty() {
        return Ok(Vec::new());
    }
    let list: Vec<_> = old
        .iter()
        .map(|(at, seq, mailbox)| (*seq, mailbox.mailbox, placements::place(&batch.items[*at].position)))
        .collect();
    let mut placed = placed_already(tx, &list)?;
    let mut moved = Vec::new();
    for ((at, ..), (seq, mailbox, place)) in old.iter().zip(list) {
        let key = (mailbox, place.uid_validity, place.uid, place.locator.replace('\0', "\u{fffd}"), seq);
        if placed.insert(key) {
            if let IntakeOutcome::Duplicate { new_placement, .. } = &mut outcomes[*at] {
                *new_placement = true;
            }
            moved.push(seq);
        }
    }
    moved.sort_unstable();
    moved.dedup();
    Ok(moved)
}

fn finish(tx: &Tx<'_>, keys: &Keys, batch: &Intake) -> Result<()> {
    if !batch.left_out.is_empty() {
        let list: Result<Vec<_>> = batch
            .left_out
            .iter()
            .map(|left| Ok((keys.known_mailbox(tx, left.mailbox)?.mailbox, left)))
            .collect();
        leave_out(tx, &list?, batch.now)?;
    }
    for (mailbox, cursor) in &batch.cursors {
        mailboxes::set_cursor(tx, keys.known_mailbox(tx, *mailbox)?.mailbox, cursor)?;
    }
    if let Some(event) = &batch.event {
        events::append(tx, event)?;
    }
    Ok(())
}

impl Store {
    /// Which of these digests are here, and the mails that have them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn known_digests(&self, wanted: &[Sha256]) -> Result<HashMap<Sha256, MailId>> {
        self.read(|tx| {
            Ok(digests(tx, wanted.iter().copied())?
                .into_iter()
                .map(|(sha256, (_, id))| (sha256, id))
                .collect())
        })
    }

    /// Commits a batch: after `Ok` it is durable; the same batch again changes nothing. Answers in the order
    /// of the items. The octets must be durable in the archive before.
    ///
    /// Also how records found in the archive are adopted when the database was set back.
    ///
    /// # Errors
    /// `Missing` mailbox or run; `Missing` digest for an item without record whose digest is not here.
    pub fn commit_intake(&self, batch: Intake) -> Result<Vec<IntakeOutcome>> {
        let keys = self.keys().clone();
        self.write_batch(move |tx| commit(tx, &keys, &batch))
    }

    /// Segments and how far each is durable, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn segments(&self) -> Result<Vec<SegmentCommit>> {
        self.read(|tx| {
            tx.query(&SEGMENTS, &[], |row| {
                Ok(SegmentCommit {
                    segment: SegmentId::from_octets(row.octets(0)?),
                    committed: row.uint(1)?,
                    sealed: row.bool(2)?,
                })
            })
        })
    }

    /// Notes how far segments are durable, without mails: after sealing, after recovery.
    ///
    /// # Errors
    /// Those of the database.
    pub fn commit_segments(&self, segments: Vec<SegmentCommit>) -> Result<()> {
        self.commit_intake(Intake { segments, ..Intake::default() }).map(drop)
    }
}
