//! What a walk over the archive comes upon.

use model::{ObjectId, Provenance, SegmentId};
use proof::Defect;

use crate::Stored;

/// What a walk over the archive comes upon, in order of segments and offsets.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are records")]
pub enum Found {
    /// An intact record of a mail.
    Record {
        /// Name, place, digest.
        stored: Stored,
        /// Where the mail came from.
        provenance: Provenance,
        /// Names of the objects it consists of.
        uses: Vec<ObjectId>,
    },
    /// An intact record of an object.
    Object {
        /// Name, place, digest.
        stored: Stored,
    },
    /// A record whose key was destroyed.
    Erased {
        /// The segment.
        segment: SegmentId,
        /// Offset in it.
        at: u64,
        /// Octets it takes.
        len: u64,
        /// Its name.
        object_id: ObjectId,
    },
    /// Something wrong. Nothing was changed because of it.
    Damage(Damage),
    /// The unfinished end of a segment that was cut off; only recovery does that.
    Cut {
        /// The segment.
        segment: SegmentId,
        /// Its length now; 0 if the file held nothing else and is gone.
        at: u64,
        /// Octets cut off.
        octets: u64,
    },
}

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment.
    pub segment: SegmentId,
    /// Offset in it.
    pub at: u64,
    /// Octets concerned.
    pub len: u64,
    /// Name of the record, if that much is readable.
    pub object_id: Option<ObjectId>,
    /// What kind of damage.
    pub kind: DamageKind,
}

/// Kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DamageKind {
    /// A record, or a stretch in which records may have been.
    Record(Defect),
    /// The unfinished end of a segment.
    Torn(Defect),
    /// The segment's header; its records may be well.
    Header(Defect),
    /// The index of a sealed segment; its records may be well.
    Footer(Defect),
    /// The file of a segment the database knows is not there.
    Missing,
    /// The file is shorter than what the database knows of it.
    Truncated,
    /// The system cannot read the file.
    Unreadable,
}

impl DamageKind {
    /// The word in JSON and in language files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Record(_) => "record",
            Self::Torn(_) => "torn",
            Self::Header(_) => "header",
            Self::Footer(_) => "footer",
            Self::Missing => "missing",
            Self::Truncated => "truncated",
            Self::Unreadable => "unreadable",
        }
    }

    /// What exactly, where there is more to say.
    pub const fn defect(self) -> Option<Defect> {
        match self {
            Self::Record(defect) | Self::Torn(defect) | Self::Header(defect) | Self::Footer(defect) => {
                Some(defect)
            }
            Self::Missing | Self::Truncated | Self::Unreadable => None,
        }
    }
}
