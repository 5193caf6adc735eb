//! Erasing mails: what is asked for, how far it is, and what stays of it. What goes is in `erasing.rs`.

use std::collections::{HashMap, HashSet};

use model::{Location, MailId, ObjectId, SegmentId, Sha256, UnixMillis};

use crate::db::Tx;
use crate::erasing;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::rows;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

/// Octets of the salted digest by which an erased mail is known again.
pub type ErasedMark = [u8; 32];

/// Reason under which positions of erased mails stand among what is left out.
pub const ERASED: &str = "erased";

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErasureStep {
    /// Rows about the mails go.
    Rows,
    /// Keys are destroyed.
    Keys,
    /// Payloads of the log are destroyed.
    Log,
    /// The index forgets the mails.
    Index,
    /// Pages of the database are overwritten.
    Database,
    /// Everything is gone.
    Done,
}

impl ErasureStep {
    const ALL: [Self; 6] = [Self::Rows, Self::Keys, Self::Log, Self::Index, Self::Database, Self::Done];
}

/// A request to erase mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewErasure {
    /// Its id.
    pub id: [u8; 16],
    /// Who.
    pub actor: String,
    /// Word of the legal basis.
    pub basis: String,
    /// What was said about it.
    pub note: String,
    /// Whatever is kept now: it was erased before, and a backup brought it back.
    pub forced: bool,
    /// When.
    pub begun: UnixMillis,
}

/// A request and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its number.
    pub key: i64,
    /// What was asked for.
    pub what: NewErasure,
    /// When it was done.
    pub ended: Option<UnixMillis>,
    /// What is to be done next.
    pub step: ErasureStep,
    /// Mails that were erased.
    pub erased: u64,
    /// Mails that were refused.
    pub refused: u64,
    /// Mails that wait.
    pub waiting: u64,
    /// Objects that stay because other mails need them.
    pub shared: u64,
}

/// What the list of erased objects says beside the database: it outlives a database that is set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErasedObject {
    /// Name of the record.
    pub object: ObjectId,
    /// Salted digest of the mail; `None` for an object that mails share.
    pub mark: Option<ErasedMark>,
}

statements! {
    ADD = "INSERT INTO erasures (key, erasure_id, actor, basis, note, forced, begun, step) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
    FIND = "SELECT key FROM erasures WHERE erasure_id = $1";
    ADD_MAIL [Int, Int, Blob, Int, Text] = "WITH v(erasure, n, mail_id, state, reason) AS ({rows}) \
        INSERT INTO erasure_mails (erasure, n, mail_id, state, reason) SELECT erasure, n, mail_id, state, reason FROM v \
        WHERE TRUE";
    LIST = "SELECT key, erasure_id, actor, basis, note, forced, begun, ended, step FROM erasures WHERE key < $1 \
        ORDER BY key DESC LIMIT $2";
    ONE = "SELECT key, erasure_id, actor, basis, note, forced, begun, ended, step FROM erasures WHERE key = $1";
    OPEN = "SELECT key, erasure_id, actor, basis, note, forced, begun, ended, step FROM erasures WHERE step < 5 \
        ORDER BY key LIMIT 1";
    SUMS = "SELECT erasure, state, COUNT(*) FROM erasure_mails WHERE erasure = ANY($1) GROUP BY erasure, state";
    SHARED_SUMS = "SELECT erasure, COUNT(*) FROM erasure_shared WHERE erasure = ANY($1) GROUP BY erasure";
    SHARED = "SELECT object_id FROM erasure_shared WHERE erasure = $1 ORDER BY object_id LIMIT $2";
    REFUSED = "SELECT mail_id, reason FROM erasure_mails WHERE erasure = $1 AND state = 2 AND n > $2 ORDER BY n LIMIT $3";
    STEP = "UPDATE erasures SET step = $2, ended = $3 WHERE key = $1 AND step < $2";
    SEQS = "SELECT seq FROM erasure_mails WHERE erasure = $1 AND state = 1 AND seq IS NOT NULL ORDER BY seq";
    DOOMED = "SELECT object_id FROM erased_objects WHERE erasure = $1 AND state = 0 ORDER BY object_id";
    DESTROYED = "UPDATE erased_objects SET state = 1 WHERE erasure = $1 AND state = 0";
    LEAVES = "SELECT leaf FROM erased_leaves WHERE erasure = $1 ORDER BY leaf";
    FORGET_LEAVES = "DELETE FROM erased_leaves WHERE erasure = $1";
    MARKED = "SELECT mark FROM erased_objects WHERE mark = ANY($1)";
    ANY = "SELECT COUNT(*) FROM (SELECT object_id FROM erased_objects LIMIT 1) c";
    PAGE = "SELECT object_id, mark FROM erased_objects WHERE object_id > $1 ORDER BY object_id LIMIT $2";
    KNOWN = "SELECT object_id FROM erased_objects WHERE object_id = ANY($1)";
    MAILS_OF = "SELECT o.object_id, m.mail_id FROM objects o JOIN mails m ON m.seq = o.seq WHERE o.object_id = ANY($1)";
    TAKE_OVER [Blob, Blob, Int] = "WITH v(object_id, mark, erasure) AS ({rows}) INSERT INTO erased_objects \
        (object_id, mark, erasure, state) SELECT object_id, mark, erasure, 0 FROM v WHERE TRUE \
        ON CONFLICT (object_id) DO NOTHING";
    WITH_ADDRESS = "SELECT DISTINCT m.mail_id, m.seq FROM addresses a JOIN mail_addresses l ON l.address = a.key \
        JOIN mails m ON m.seq = l.seq WHERE a.folded = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3";
    MAILS_OF_MESSAGES = "SELECT mail_id FROM mails WHERE message_seq = ANY($1) ORDER BY seq";
    RECORDS = "SELECT m.mail_id, o.object_id, s.segment_id, o.at, o.len FROM mails m JOIN objects o ON o.seq = m.seq \
        JOIN segments s ON s.key = o.segment WHERE m.mail_id = ANY($1)";
    EVENTS [Text] = "WITH v(subject) AS ({rows}) SELECT e.seq, e.event_id, e.at, e.actor, e.kind, e.subject, e.payload \
        FROM v JOIN events e ON e.subject = v.subject";
    SENT = "SELECT created, kind, answer FROM outgoing WHERE channel = 0 AND recipient = $1 ORDER BY key";
}

/// Rows read together.
const PAGE_ROWS: i64 = 5000;

fn erasure(row: &Row<'_>) -> Result<Erasure> {
    let step = usize::try_from(row.int(8)?).ok().and_then(|at| ErasureStep::ALL.get(at).copied());
    Ok(Erasure {
        key: row.int(0)?,
        what: NewErasure {
            id: row.octets(1)?,
            actor: row.text(2)?,
            basis: row.text(3)?,
            note: row.text(4)?,
            forced: row.bool(5)?,
            begun: row.time(6)?,
        },
        ended: row.opt_time(7)?,
        step: step.ok_or(StoreError::Unreadable { what: "step of an erasure" })?,
        erased: 0,
        refused: 0,
        waiting: 0,
        shared: 0,
    })
}

fn with_sums(tx: &Tx<'_>, mut list: Vec<Erasure>) -> Result<Vec<Erasure>> {
    let keys: Vec<i64> = list.iter().map(|erasure| erasure.key).collect();
    let sums = tx.query(&SUMS, &[Arg::Ints(&keys)], |row| Ok(((row.int(0)?, row.int(1)?), row.uint(2)?)))?;
    let sums: HashMap<(i64, i64), u64> = sums.into_iter().collect();
    let shared = tx.query(&SHARED_SUMS, &[Arg::Ints(&keys)], |row| Ok((row.int(0)?, row.uint(1)?)))?;
    let shared: HashMap<i64, u64> = shared.into_iter().collect();
    for erasure in &mut list {
        let sum = |state| sums.get(&(erasure.key, state)).copied().unwrap_or_default();
        (erasure.waiting, erasure.erased, erasure.refused) = (sum(0), sum(1), sum(2));
        erasure.shared = shared.get(&erasure.key).copied().unwrap_or_default();
    }
    Ok(list)
}

fn add(tx: &Tx<'_>, new: &NewErasure, mails: &[(MailId, Option<&'static str>)]) -> Result<i64> {
    // The same request again is the same erasure.
    if let Some(key) = tx.first(&FIND, &[(&new.id).into()], |row| row.int(0))? {
        return Ok(key);
    }
    let key = take(tx, "row", 1)?;
    tx.exec(&ADD, &args![key, &new.id, &new.actor, &new.basis, &new.note, new.forced, new.begun])?;
    let mut rows = Rows::new(5, mails.len());
    for (n, (mail, refused)) in mails.iter().enumerate() {
        let state: i64 = if refused.is_some() { 2 } else { 0 };
        rows.push(args![key, n as i64, mail.octets(), state, refused.unwrap_or_default()]);
    }
    tx.bulk(&ADD_MAIL, &rows)?;
    Ok(key)
}

impl Store {
    /// Notes that these mails are to be erased, those with a word refused for that reason; the same id again changes nothing. Gives the
    /// number of the erasure.
    ///
    /// # Errors
    /// Those of the database.
    pub fn begin_erasure(&self, new: NewErasure, mails: Vec<(MailId, Option<&'static str>)>) -> Result<i64> {
        self.write_batch(move |tx| add(tx, &new, &mails))
    }

    /// Erases the rows of some mails of a request, at most `limit`, with the salt of marks; gives whether more wait. What may not be erased is noted as refused.
    ///
    /// # Errors
    /// Those of the database; nothing of this call is erased then.
    pub fn erase_rows(&self, erasure: i64, salt: [u8; 32], limit: usize, now: UnixMillis) -> Result<bool> {
        self.write_batch(move |tx| erasing::erase(tx, erasure, &salt, limit as i64, now))
    }

    /// The erasure that is to go on; `None` if all are done.
    ///
    /// # Errors
    /// Those of the database.
    pub fn open_erasure(&self) -> Result<Option<Erasure>> {
        self.read(|tx| tx.first(&OPEN, &[], erasure))
    }

    /// An erasure with its sums.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erasure(&self, key: i64) -> Result<Option<Erasure>> {
        self.read(|tx| Ok(with_sums(tx, tx.query(&ONE, &[key.into()], erasure)?)?.pop()))
    }

    /// Erasures with numbers below `before` (`None`: from the newest), newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erasures(&self, before: Option<i64>, limit: usize) -> Result<Vec<Erasure>> {
        let args = args![before.unwrap_or(i64::MAX), limit as i64];
        self.read(|tx| with_sums(tx, tx.query(&LIST, &args, erasure)?))
    }

    /// Mails of an erasure that were refused, and the words of the reason, behind place `after` (-1: from the first).
    ///
    /// # Errors
    /// Those of the database.
    pub fn refused_of(&self, erasure: i64, after: i64, limit: usize) -> Result<Vec<(MailId, String)>> {
        self.read(|tx| {
            tx.query(&REFUSED, &args![erasure, after, limit as i64], |row| {
                Ok((MailId::from_octets(row.octets(0)?), row.text(1)?))
            })
        })
    }

    /// Objects that an erasure left because other mails consist of them, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn shared_of(&self, erasure: i64, limit: usize) -> Result<Vec<ObjectId>> {
        self.read(|tx| {
            tx.query(&SHARED, &args![erasure, limit as i64], |row| Ok(ObjectId::from_octets(row.octets(0)?)))
        })
    }

    /// Notes that an erasure has come to this step; never back.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erasure_at(&self, erasure: i64, step: ErasureStep, now: UnixMillis) -> Result<()> {
        let ended = (step == ErasureStep::Done).then_some(now);
        self.write(move |tx| tx.exec(&STEP, &args![erasure, step as i64, ended]).map(drop))
    }

    /// Records of an erasure whose keys are to be destroyed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn doomed_objects(&self, erasure: i64) -> Result<HashSet<ObjectId>> {
        self.read(|tx| {
            let found =
                tx.query(&DOOMED, &[erasure.into()], |row| Ok(ObjectId::from_octets(row.octets(0)?)))?;
            Ok(found.into_iter().collect())
        })
    }

    /// Numbers of the mails that an erasure has erased, which the index is to forget.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erased_numbers(&self, erasure: i64) -> Result<Vec<i64>> {
        self.read(|tx| tx.query(&SEQS, &[erasure.into()], |row| row.int(0)))
    }

    /// Notes that their keys are destroyed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn objects_destroyed(&self, erasure: i64) -> Result<()> {
        self.write(move |tx| tx.exec(&DESTROYED, &[erasure.into()]).map(drop))
    }

    /// Leaves of an erasure whose payloads the folder of the log may still have, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub fn leaves_to_erase(&self, erasure: i64) -> Result<Vec<u64>> {
        self.read(|tx| tx.query(&LEAVES, &[erasure.into()], |row| row.uint(0)))
    }

    /// Notes that the folder has them no more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn leaves_erased(&self, erasure: i64) -> Result<()> {
        self.write(move |tx| tx.exec(&FORGET_LEAVES, &[erasure.into()]).map(drop))
    }

    /// Whether anything was ever erased.
    ///
    /// # Errors
    /// Those of the database.
    pub fn has_erased(&self) -> Result<bool> {
        self.read(|tx| Ok(tx.int(&ANY, &[])? > 0))
    }

    /// Which of these marks are those of erased mails.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erased_marks(&self, marks: &[ErasedMark]) -> Result<Vec<ErasedMark>> {
        let octets: Vec<&[u8]> = marks.iter().map(<[u8; 32]>::as_slice).collect();
        self.read(|tx| tx.query(&MARKED, &[Arg::Blobs(&octets)], |row| row.octets(0)))
    }

    /// Everything that was ever erased, by name, page by page.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erased_objects(&self, each: &mut dyn FnMut(ErasedObject)) -> Result<()> {
        let mut after = Vec::new();
        loop {
            let page = self.read(|tx| {
                tx.query(&PAGE, &args![&after, PAGE_ROWS], |row| {
                    Ok(ErasedObject {
                        object: ObjectId::from_octets(row.octets(0)?),
                        mark: row.opt_octets(1)?,
                    })
                })
            })?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.object.octets().to_vec();
            for one in page {
                each(one);
            }
        }
    }

    /// Of erased objects those this database does not know as erased, with the mail whose record each is, where that is here.
    ///
    /// # Errors
    /// Those of the database.
    pub fn not_erased(&self, objects: &[ErasedObject]) -> Result<Vec<(ErasedObject, Option<MailId>)>> {
        let mut out = Vec::new();
        for chunk in objects.chunks(2000) {
            let octets: Vec<&[u8]> = chunk.iter().map(|one| one.object.octets().as_slice()).collect();
            let known =
                self.read(|tx| tx.query(&KNOWN, &[Arg::Blobs(&octets)], |row| row.octets::<16>(0)))?;
            let new: Vec<&ErasedObject> =
                chunk.iter().filter(|one| !known.contains(one.object.octets())).collect();
            if new.is_empty() {
                continue;
            }
            let octets: Vec<&[u8]> = new.iter().map(|one| one.object.octets().as_slice()).collect();
            let mails = self.read(|tx| {
                tx.query(&MAILS_OF, &[Arg::Blobs(&octets)], |row| {
                    Ok((row.octets::<16>(0)?, MailId::from_octets(row.octets(1)?)))
                })
            })?;
            let mails: HashMap<[u8; 16], MailId> = mails.into_iter().collect();
            out.extend(new.into_iter().map(|one| (*one, mails.get(one.object.octets()).copied())));
        }
        Ok(out)
    }

    /// Takes over what another database knew as erased, its keys to be destroyed; what is known stays as it is.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take_over_erased(&self, erasure: i64, objects: Vec<ErasedObject>) -> Result<()> {
        self.write_batch(move |tx| {
            let mut rows = Rows::new(3, objects.len());
            for one in &objects {
                let mark = one.mark.map(|mark| mark.to_vec());
                rows.push(args![one.object.octets(), mark, erasure]);
            }
            tx.bulk(&TAKE_OVER, &rows).map(drop)
        })
    }

    /// Mails that have this address in their header, in whatever field, with a number above `after`, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mails_with_address(&self, folded: &str, after: i64, limit: usize) -> Result<Vec<(MailId, i64)>> {
        self.read(|tx| {
            tx.query(&WITH_ADDRESS, &args![folded, after, limit as i64], |row| {
                Ok((MailId::from_octets(row.octets(0)?), row.int(1)?))
            })
        })
    }

    /// All mails of these messages, twins too.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mails_of_messages(&self, messages: &[i64]) -> Result<Vec<MailId>> {
        self.read(|tx| {
            tx.query(&MAILS_OF_MESSAGES, &[Arg::Ints(messages)], |row| {
                Ok(MailId::from_octets(row.octets(0)?))
            })
        })
    }

    /// Records of mails; those that are not here are missing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn records_of(&self, mails: &[MailId]) -> Result<Vec<(MailId, ObjectId, Location)>> {
        let octets: Vec<&[u8]> = mails.iter().map(|mail| mail.octets().as_slice()).collect();
        self.read(|tx| {
            tx.query(&RECORDS, &[Arg::Blobs(&octets)], |row| {
                let segment = SegmentId::from_octets(row.octets(2)?);
                let location = Location { segment, at: row.uint(3)?, len: row.uint(4)? };
                Ok((MailId::from_octets(row.octets(0)?), ObjectId::from_octets(row.octets(1)?), location))
            })
        })
    }

    /// Numbers of mails; those that are not here are missing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mail_numbers(&self, mails: &[MailId]) -> Result<HashMap<MailId, i64>> {
        self.read(|tx| rows::mail_numbers(tx, mails))
    }

    /// Which of these mails may not be erased now, and the words of the reason.
    ///
    /// # Errors
    /// Those of the database.
    pub fn kept_mails(&self, mails: &[MailId], now: UnixMillis) -> Result<Vec<(MailId, String)>> {
        let keeps = self.keeps(mails, now)?;
        Ok(mails.iter().filter_map(|mail| Some((*mail, erasing::word(keeps.get(mail)?)?))).collect())
    }

    /// Entries of the event log about these subjects, page by page of them, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn events_about(&self, subjects: &[String]) -> Result<Vec<Event>> {
        let mut rows = Rows::new(1, subjects.len());
        for subject in subjects {
            rows.push(args![subject]);
        }
        let mut found = self.read(|tx| tx.bulk_query(&EVENTS, &rows, events::entry_of))?;
        found.sort_by_key(|(seq, _)| *seq);
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    /// What was sent to this address, and what became of it, oldest first: time, kind, answer of the other side.
    ///
    /// # Errors
    /// Those of the database.
    pub fn sent_to(&self, address: &str) -> Result<Vec<(UnixMillis, String, String)>> {
        self.read(|tx| {
            tx.query(&SENT, &[address.into()], |row| Ok((row.time(0)?, row.text(1)?, row.text(2)?)))
        })
    }

    /// Overwrites what is left of deleted rows in the files of the database: on SQLite its log is moved into the file and cut to
    /// nothing; on PostgreSQL the tables are vacuumed (what its own log and backups have stays until it is gone there).
    ///
    /// # Errors
    /// `Busy` if somebody reads for too long; those of the database.
    pub fn scrub(&self) -> Result<()> {
        erasing::scrub(self)
    }
}

/// Salted digest by which an erased mail is known again, and by nobody else.
pub fn erased_mark(salt: &[u8; 32], sha256: &Sha256) -> ErasedMark {
    ledger::sha256(&[salt.as_slice(), sha256.0.as_slice()].concat()).0
}
