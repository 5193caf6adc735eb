//! Where sealed segments are kept besides this machine, and which of them are there.

use model::{RemoteId, SegmentId, Sha256, UnixMillis};

use crate::error::Result;
use crate::events::{self, Event};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Row, args};

/// Where: a bucket of an S3-compatible store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemotePlace {
    /// Address of the store.
    pub endpoint: String,
    /// Its region; may be empty.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// Folder in it; may be empty.
    pub prefix: String,
    /// The bucket stands in the path, not in the host's name.
    pub path_style: bool,
    /// Name of the key.
    pub access_key: String,
    /// Sealed key, opaque here.
    pub secret: Vec<u8>,
    /// Certificates believed: JSON, opaque here.
    pub trust: String,
    /// Whether anything is sent there.
    pub active: bool,
}

impl RemotePlace {
    /// Whether the same objects lie there.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.endpoint, &self.bucket, &self.prefix) == (&other.endpoint, &other.bucket, &other.prefix)
    }
}

/// The place as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteStorage {
    /// Its id.
    pub id: RemoteId,
    /// Where.
    pub place: RemotePlace,
    /// Since when it is this one.
    pub begun: UnixMillis,
    /// When something was last written there.
    pub last_success: Option<UnixMillis>,
    /// What it said when it last did not take anything, and since when; `None` if the last time went well.
    pub last_error: Option<(String, UnixMillis)>,
}

/// A segment that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSegment {
    /// Which.
    pub segment: SegmentId,
    /// Octets of its file.
    pub octets: u64,
    /// Of these.
    pub sha256: Sha256,
    /// The store's name for what was written.
    pub version: Option<String>,
    /// The store's mark of its content.
    pub e_tag: Option<String>,
    /// When it was written, or found there.
    pub at: UnixMillis,
}

statements! {
    GET = "SELECT remote_id, endpoint, region, bucket, prefix, path_style, access_key, secret, trust, active, begun, \
        last_success, error_text, error_since FROM remote_storage";
    FORGET = "DELETE FROM remote_storage";
    SET = "INSERT INTO remote_storage (remote_id, endpoint, region, bucket, prefix, path_style, access_key, secret, \
        trust, active, begun) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    WENT_WELL = "UPDATE remote_storage SET last_success = $2, error_text = NULL, error_since = NULL \
        WHERE remote_id = $1";
    FAILED = "UPDATE remote_storage SET error_text = $2, error_since = COALESCE(error_since, $3) WHERE remote_id = $1";
    NOTE = "INSERT INTO remote_segments (segment, octets, sha256, version, e_tag, at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (segment) DO UPDATE SET octets = excluded.octets, sha256 = excluded.sha256, \
        version = excluded.version, e_tag = excluded.e_tag, at = excluded.at";
    SEGMENTS = "SELECT segment, octets, sha256, version, e_tag, at FROM remote_segments ORDER BY segment";
    FORGET_SEGMENTS = "DELETE FROM remote_segments";
}

fn storage(row: &Row<'_>) -> Result<RemoteStorage> {
    let text = row.opt_text(12)?;
    let since = row.opt_time(13)?;
    Ok(RemoteStorage {
        id: RemoteId::from_octets(row.octets(0)?),
        place: RemotePlace {
            endpoint: row.text(1)?,
            region: row.text(2)?,
            bucket: row.text(3)?,
            prefix: row.text(4)?,
            path_style: row.bool(5)?,
            access_key: row.text(6)?,
            secret: row.blob(7)?,
            trust: row.text(8)?,
            active: row.bool(9)?,
        },
        begun: row.time(10)?,
        last_success: row.opt_time(11)?,
        last_error: text.zip(since),
    })
}

fn segment(row: &Row<'_>) -> Result<RemoteSegment> {
    Ok(RemoteSegment {
        segment: SegmentId::from_octets(row.octets(0)?),
        octets: row.uint(1)?,
        sha256: Sha256(row.octets(2)?),
        version: row.opt_text(3)?,
        e_tag: row.opt_text(4)?,
        at: row.time(5)?,
    })
}

impl Store {
    /// Where sealed segments are kept besides this machine, if that is set.
    ///
    /// # Errors
    /// Those of the database.
    pub fn remote_storage(&self) -> Result<Option<RemoteStorage>> {
        self.read(|tx| tx.first(&GET, &[], storage))
    }

    /// Sets the place, or with `None` forgets it, with its entry in the event log. Of another place than before it is not
    /// known what lies there; the last error is forgotten.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_remote_storage(&self, new: Option<(RemoteId, RemotePlace)>, event: Event) -> Result<()> {
        self.write(move |tx| {
            let before = tx.first(&GET, &[], storage)?;
            tx.exec(&FORGET, &[])?;
            let mut begun = event.at;
            match (&before, &new) {
                (Some(before), Some((_, place))) if before.place.is_same(place) => begun = before.begun,
                _ => drop(tx.exec(&FORGET_SEGMENTS, &[])?),
            }
            if let Some((id, new)) = &new {
                let args = args![
                    id.octets(),
                    &new.endpoint,
                    &new.region,
                    &new.bucket,
                    &new.prefix,
                    new.path_style,
                    &new.access_key,
                    &new.secret,
                    &new.trust,
                    new.active,
                    begun,
                ];
                tx.exec(&SET, &args)?;
            }
            events::append(tx, &event)
        })
    }

    /// Notes that the place took a segment. Without effect if another one was set meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub fn note_remote_segment(&self, id: RemoteId, new: RemoteSegment) -> Result<()> {
        self.write(move |tx| {
            if tx.exec(&WENT_WELL, &args![id.octets(), new.at])? == 0 {
                return Ok(());
            }
            let (version, e_tag) = (new.version.as_deref(), new.e_tag.as_deref());
            let args =
                args![new.segment.octets(), new.octets, new.sha256.0.as_slice(), version, e_tag, new.at];
            tx.exec(&NOTE, &args).map(drop)
        })
    }

    /// Notes, in the place's own words, why it does not take anything.
    ///
    /// # Errors
    /// Those of the database.
    pub fn note_remote_error(&self, id: RemoteId, text: String, now: UnixMillis) -> Result<()> {
        self.write(move |tx| tx.exec(&FAILED, &args![id.octets(), &text, now]).map(drop))
    }

    /// All segments that are there, by id: one row for each 128 MiB of the archive.
    ///
    /// # Errors
    /// Those of the database.
    pub fn remote_segments(&self) -> Result<Vec<RemoteSegment>> {
        self.read(|tx| tx.query(&SEGMENTS, &[], segment))
    }
}
