//! What stands in several mails and is stored once, and which mails consist of it.

use std::collections::{BTreeMap, HashMap};

use model::{Location, ObjectId, SegmentId, Sha256};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};

/// A record of octets that stand in mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedObject {
    /// Name of the record.
    pub object: ObjectId,
    /// Where it lies.
    pub location: Location,
    /// Its octets, decoded.
    pub octets: u64,
    /// Of these octets.
    pub sha256: Sha256,
}

macro_rules! objects {
    ($rest:literal) => {
        concat!(
            "SELECT o.object_id, s.segment_id, o.at, o.len, o.octets, o.sha256 ",
            "FROM shared_objects o JOIN segments s ON s.key = o.segment ",
            $rest
        )
    };
}

statements! {
    KNOWN = objects!("WHERE o.sha256 = ANY($1) ORDER BY o.object_id");
    NAMED = objects!("WHERE o.object_id = ANY($1)");
    THERE = "SELECT object_id FROM shared_objects WHERE object_id = ANY($1)";
    OF_SEGMENT = objects!("WHERE o.segment = (SELECT key FROM segments WHERE segment_id = $1) AND o.at >= $2 \
        ORDER BY o.at LIMIT $3");
    ADD [Blob, Int, Int, Int, Int, Blob] = "WITH v(object_id, segment, at, len, octets, sha256) AS ({rows}) \
        INSERT INTO shared_objects (object_id, segment, at, len, octets, sha256) \
        SELECT object_id, segment, at, len, octets, sha256 FROM v WHERE TRUE ON CONFLICT DO NOTHING";
    USE [Blob, Int] = "WITH v(object_id, seq) AS ({rows}) INSERT INTO object_uses (object_id, seq) \
        SELECT object_id, seq FROM v WHERE TRUE ON CONFLICT DO NOTHING";
    USED_BY = "SELECT object_id FROM object_uses WHERE seq = $1 ORDER BY object_id";
    COUNT = "SELECT COUNT(*), CAST(COALESCE(SUM(octets), 0) AS BIGINT) FROM shared_objects";
    USES = "SELECT COUNT(*) FROM object_uses";
    DANGLING = "SELECT u.object_id, u.seq FROM object_uses u LEFT JOIN shared_objects o ON o.object_id = u.object_id \
        WHERE o.object_id IS NULL ORDER BY u.seq LIMIT $1";
}

fn object(row: &Row<'_>) -> Result<SharedObject> {
    Ok(SharedObject {
        object: ObjectId::from_octets(row.octets(0)?),
        location: Location {
            segment: SegmentId::from_octets(row.octets(1)?),
            at: row.uint(2)?,
            len: row.uint(3)?,
        },
        octets: row.uint(4)?,
        sha256: Sha256(row.octets(5)?),
    })
}

pub(crate) fn add(tx: &Tx<'_>, new: &[SharedObject], segments: &BTreeMap<SegmentId, i64>) -> Result<()> {
    let mut rows = Rows::new(6, new.len());
    for one in new {
        let segment = segments.get(&one.location.segment).copied().unwrap_or_default();
        let Location { at, len, .. } = one.location;
        rows.push(args![one.object.octets(), segment, at, len, one.octets, &one.sha256.0]);
    }
    tx.bulk(&ADD, &rows).map(drop)
}

/// Makes sure that each object a mail consists of is here: one may have been erased while the mail was being written.
///
/// # Errors
/// `Missing` object: the mail is to be written anew.
pub(crate) fn check_uses(tx: &Tx<'_>, uses: &[(i64, &ObjectId)]) -> Result<()> {
    let mut wanted: Vec<&[u8]> = uses.iter().map(|(_, object)| object.octets().as_slice()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    for chunk in wanted.chunks(2000) {
        let there = tx.query(&THERE, &[Arg::Blobs(chunk)], |row| row.octets::<16>(0))?;
        if there.len() < chunk.len() {
            let missing = chunk.iter().find(|object| !there.iter().any(|found| found == *object));
            let key = missing.and_then(|object| Some(ObjectId::from_octets((*object).try_into().ok()?)));
            let key = key.map_or_else(String::new, |object| object.to_string());
            return Err(StoreError::Missing { what: "object", key });
        }
    }
    Ok(())
}

/// Notes which objects mails consist of.
pub(crate) fn note_uses(tx: &Tx<'_>, uses: &[(i64, &ObjectId)]) -> Result<()> {
    let mut rows = Rows::new(2, uses.len());
    for (seq, object) in uses {
        rows.push(args![object.octets(), *seq]);
    }
    tx.bulk(&USE, &rows).map(drop)
}

impl Store {
    /// Which of these digests are those of shared objects; one record for each.
    ///
    /// # Errors
    /// Those of the database.
    pub fn known_objects(&self, wanted: &[Sha256]) -> Result<HashMap<Sha256, SharedObject>> {
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let octets: Vec<&[u8]> = wanted.iter().map(|sha256| sha256.0.as_slice()).collect();
        self.read(|tx| {
            let mut known = HashMap::with_capacity(octets.len());
            for chunk in octets.chunks(2000) {
                for object in tx.query(&KNOWN, &[Arg::Blobs(chunk)], object)? {
                    known.entry(object.sha256).or_insert(object);
                }
            }
            Ok(known)
        })
    }

    /// Shared objects by their names.
    ///
    /// # Errors
    /// Those of the database.
    pub fn shared_objects(&self, names: &[ObjectId]) -> Result<HashMap<ObjectId, SharedObject>> {
        let octets: Vec<&[u8]> = names.iter().map(|name| name.octets().as_slice()).collect();
        self.read(|tx| {
            let rows = tx.query(&NAMED, &[Arg::Blobs(&octets)], object)?;
            Ok(rows.into_iter().map(|object| (object.object, object)).collect())
        })
    }

    /// Shared objects of a segment from offset `from` on, by offset.
    ///
    /// # Errors
    /// Those of the database.
    pub fn shared_objects_of_segment(
        &self,
        segment: SegmentId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<SharedObject>> {
        self.read(|tx| tx.query(&OF_SEGMENT, &args![segment.octets(), from, limit as i64], object))
    }

    /// Names of the objects a mail consists of.
    ///
    /// # Errors
    /// Those of the database.
    pub fn objects_used_by(&self, seq: i64) -> Result<Vec<ObjectId>> {
        self.read(|tx| tx.query(&USED_BY, &args![seq], |row| Ok(ObjectId::from_octets(row.octets(0)?))))
    }

    /// Uses of objects that are not there, and the numbers of the mails; at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn dangling_uses(&self, limit: usize) -> Result<Vec<(ObjectId, i64)>> {
        self.read(|tx| {
            tx.query(&DANGLING, &args![limit as i64], |row| {
                Ok((ObjectId::from_octets(row.octets(0)?), row.int(1)?))
            })
        })
    }

    /// How many shared objects there are, their octets, and how often mails use them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn shared_object_counts(&self) -> Result<(u64, u64, u64)> {
        self.read(|tx| {
            let (count, octets) =
                tx.first(&COUNT, &[], |row| Ok((row.uint(0)?, row.uint(1)?)))?.unwrap_or_default();
            let uses = tx.first(&USES, &[], |row| row.uint(0))?.unwrap_or_default();
            Ok((count, octets, uses))
        })
    }
}
