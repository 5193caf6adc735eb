//! The originals, byte for byte, in append-only segment files, encrypted, what stands in several of them stored once.
//!
//! In: the octets of a mail and its provenance, whole or as a stream. Out: where they lie, and on request the octets
//! again, each checksum and at the end the SHA-256 compared. A mail is stored as what is raw in it and a list of objects
//! (attachments, decoded), which lie as records of their own. Each record has a key, which lies in the [`Keyring`]. The
//! archive does not parse mail, does not know which mails and objects the database knows, and changes nothing that was
//! confirmed: it appends, seals full segments, and after a crash cuts off at most an unfinished last record. Records of
//! version 1, not encrypted and whole, stay and are read.
//!
//! All calls block; [`Archive`] is a handle to be cloned into threads. The format is `proof`'s.
//!
//! # Order of a write
//!
//! 1. [`sha256`] and [`Split::of`], and ask the database whether it knows the mail, and which of its objects.
//! 2. [`Encoder::encode_split`] in any thread and [`Archive::append_mail`], or [`Archive::put`] for a stream.
//! 3. [`Archive::sync`] with the records of the batch, objects too: their keys, then they themselves are on the disk when it
//!    returns. If it fails, what was `Encoded` is appended anew (to another segment), what was streamed is fetched again.
//! 4. One database transaction: the records, and the lengths [`Archive::sync`] gave.
//! 5. [`Archive::confirm`] with the same records; [`Archive::withdraw`] if the transaction was rolled back.
//!
//! The length noted for a segment never passes a record that is not confirmed, so that after a crash between 2 and 4
//! [`Archive::recover`] finds every such record, whoever was writing beside it.

mod codec;
mod erase;
mod error;
mod extent;
mod folder;
mod found;
mod inner;
mod keyring;
mod protect;
mod put;
mod read;
mod secret;
mod segment;
mod survey;
mod walk;
mod window;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use codec::{Encoded, Encoder, Hash, Split, sha256};
pub use error::Error;
pub use extent::Sealed;
pub use found::{Damage, DamageKind, Found};
pub use keyring::{Keyring, KeyringCheck};
pub use model::Location;
use model::{ObjectId, Provenance, SegmentId, Sha256};
pub use proof::Defect;
pub use proof::pieces::Part;
pub use protect::{Protection, can_be_immutable};
pub use put::Put;
pub use read::Reader;
pub use survey::Survey;

use inner::Inner;
use segment::SystemSync;

/// How an archive is written; reading does not depend on it.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment is sealed once it is about this long, octets. A single large mail may make it longer.
    pub segment_octets_max: u64,
    /// Level of zstd, 1 to 19.
    pub level: u8,
    /// Sealed segments get the attribute `i` (`chattr +i`) besides losing the right to write; where that is not possible
    /// they stay without it, see [`Archive::protection`].
    pub immutable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_octets_max: 128 << 20, level: 3, immutable: false }
    }
}

/// A record in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    /// Random name.
    pub object_id: ObjectId,
    /// Where it lies.
    pub location: Location,
    /// Octets of the mail, or of the object.
    pub octets: u64,
    /// Of these octets.
    pub sha256: Sha256,
}

impl Stored {
    /// An object as mails name it.
    pub const fn part(&self) -> Part {
        Part { object_id: self.object_id, location: self.location, octets: self.octets }
    }
}

/// Objects by the digest of their octets, and where they lie.
pub type Known = HashMap<Sha256, Part>;

/// Asks which objects are known.
pub type Lookup = Arc<dyn Fn(&[Sha256]) -> Known + Send + Sync>;

/// A mail that was appended, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its record.
    pub mail: Stored,
    /// Records of objects that were not there before.
    pub objects: Vec<Stored>,
    /// Names of all objects it consists of.
    pub uses: Vec<ObjectId>,
}

impl Appended {
    /// Every record: what is to be synced and confirmed.
    pub fn records(&self) -> impl Iterator<Item = Stored> + '_ {
        self.objects.iter().copied().chain([self.mail])
    }
}

/// How far the database may say it knows a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Committed {
    /// The segment.
    pub segment: SegmentId,
    /// Every record below this offset is confirmed or part of the batch. If the database has a larger one noted
    /// already (a batch stored meanwhile and not confirmed yet), that stays.
    pub len: u64,
}

/// A segment's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentFile {
    /// The segment.
    pub segment: SegmentId,
    /// Where it lies.
    pub path: PathBuf,
    /// Octets of it that will never change: all of a sealed one, of others those that are durable.
    pub octets: u64,
    /// Nothing follows.
    pub sealed: bool,
}

/// What the archive takes on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Segment files.
    pub segments: u64,
    /// Octets in them, without footers.
    pub octets: u64,
}

/// The lock of an archive: who holds it may open archive and keyring, and whatever else belongs to them.
#[derive(Debug)]
pub struct Lock {
    pub(crate) dir: PathBuf,
    pub(crate) file: File,
}

impl Lock {
    /// Takes the lock of the archive in `dir`, which is made if it is missing.
    ///
    /// # Errors
    /// `InUse`, `Denied`, `Full`, `Io`.
    pub fn take(dir: &Path) -> Result<Self, Error> {
        let file = folder::take(dir, &SystemSync)?;
        Ok(Self { dir: dir.to_owned(), file })
    }

    /// Whether the archive may have records whose keys lie in a keyring: then one must not be made anew.
    pub fn needs_keyring(&self) -> bool {
        folder::is_sealed(&self.dir)
    }
}

/// An opened archive. Clones share it; its lock is given up with the last one.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

impl Archive {
    /// Opens the archive whose lock was taken.
    ///
    /// Segments left unsealed by the last process are readable at once and written again after [`Self::recover`].
    ///
    /// An archive of version 1 becomes one of version 2: what is in it stays as it is, what comes is encrypted.
    ///
    /// # Errors
    /// `Version`, `Denied`, `Full`, `Io`.
    pub fn open(lock: Lock, keyring: Keyring, options: Options) -> Result<Self, Error> {
        Inner::open(lock, keyring, options, Box::new(SystemSync)).map(|inner| Self(Arc::new(inner)))
    }

    /// The keys of its records.
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// A new encoder, for one thread to keep.
    pub fn encoder(&self) -> Encoder {
        self.0.encoder()
    }

    /// Writes a finished record behind the others. It is durable after [`Self::sync`].
    ///
    /// # Errors
    /// `Full`, `Denied`, `Io`: nothing of it is kept. `ProvenanceTooLong`; `NoObject` if its objects are not placed:
    /// [`Self::append_mail`] does that.
    pub fn append(&self, encoded: &Encoded) -> Result<Stored, Error> {
        self.0.append(encoded)
    }

    /// Writes those objects of a mail that are not `known`, and then the mail. New objects are known afterwards.
    ///
    /// # Errors
    /// As [`Self::append`]; `NoObject` if an object that was known when the mail was encoded is not named by it. Nothing is
    /// kept then as far as [`Self::withdraw`] can.
    pub fn append_mail(&self, mail: &mut Encoded, known: &mut Known) -> Result<Appended, Error> {
        let mut objects = Vec::new();
        match self.try_append_mail(mail, known, &mut objects) {
            Ok(stored) => Ok(Appended { mail: stored, objects, uses: mail.uses() }),
            Err(error) => {
                for object in &objects {
                    known.remove(&object.sha256);
                }
                self.withdraw(&objects);
                Err(error)
            }
        }
    }

    fn try_append_mail(
        &self,
        mail: &mut Encoded,
        known: &mut Known,
        objects: &mut Vec<Stored>,
    ) -> Result<Stored, Error> {
        for object in &mail.objects {
            if !known.contains_key(&object.sha256) {
                let stored = self.append(object)?;
                objects.push(stored);
                known.insert(stored.sha256, stored.part());
            }
        }
        for (sha256, part) in &mut mail.parts {
            *part = known.get(sha256).copied().or(*part);
        }
        self.append(mail)
    }

    /// Takes back records that were appended for a transaction that certainly did not happen, so that a database
    /// that fails again and again does not fill the archive. Only for records of which that is certain: not after a
    /// connection was lost while committing. Records that others already follow stay; the next recovery offers them.
    pub fn withdraw(&self, batch: &[Stored]) {
        self.0.withdraw(batch);
    }

    /// Begins to store a mail whose octets come piece by piece; `lookup` is asked about each object in it.
    ///
    /// # Errors
    /// `ProvenanceTooLong`, `Random`.
    pub fn put(&self, provenance: &Provenance, lookup: Lookup) -> Result<Put, Error> {
        Put::new(self.clone(), provenance, lookup)
    }

    /// Makes the records of a batch durable; callers at the same time share one fdatasync for each segment.
    ///
    /// Gives, for each segment the batch touches, the length to note in the transaction that stores the batch.
    ///
    /// # Errors
    /// `SyncFailed`: what [`Self::is_durable`] denies must be appended anew.
    pub fn sync(&self, batch: &[Stored]) -> Result<Vec<Committed>, Error> {
        self.0.sync(batch)
    }

    /// Whether a record is on the disk for certain.
    pub fn is_durable(&self, stored: &Stored) -> bool {
        let end = stored.location.at.saturating_add(stored.location.len);
        self.0.segment(stored.location.segment).is_some_and(|segment| segment.state().durable >= end)
    }

    /// Notes that the database has these records now, adopted ones too.
    pub fn confirm(&self, batch: &[Stored]) {
        self.0.confirm(batch);
    }

    /// Opens a record for reading.
    ///
    /// # Errors
    /// `NoSegment`, `Damaged`, `Io`; further ones while reading, see [`Error::of_stream`].
    pub fn get(&self, location: Location) -> Result<Reader, Error> {
        Reader::open(&self.0, location)
    }

    /// A mail of at most `octets_max` octets as a whole.
    ///
    /// # Errors
    /// `TooLarge`, `NoSegment`, `Damaged`, `Io`.
    pub fn read_all(&self, location: Location, octets_max: u64) -> Result<Vec<u8>, Error> {
        read::read_all(&self.0, location, octets_max)
    }

    /// Octets `at` to `at + len` of a mail, fewer if it ends before. Only the frames concerned are read and checked.
    ///
    /// # Errors
    /// `NoSegment`, `Damaged`, `Io`.
    pub fn read_range(&self, location: Location, at: u64, len: usize) -> Result<Vec<u8>, Error> {
        read::read_range(&self.0, location, at, len)
    }

    /// Compares the folder with what the database knows: `committed`, the length noted for each segment.
    ///
    /// Gives each intact record beyond it as [`Found::Record`], durable already, to be stored like a new one with
    /// [`Self::sync`] and [`Self::confirm`] (the database may know its digest); damage; and what was cut off.
    /// To be run to its end once after [`Self::open`]; only what it went through is written to again.
    pub fn recover(&self, committed: BTreeMap<SegmentId, u64>) -> Survey {
        Survey::recover(&self.0, committed)
    }

    /// All records of the archive, their stored octets checked, for a rebuild of the database.
    pub fn scan(&self) -> Survey {
        Survey::scan(&self.0)
    }

    /// All records of the archive, every octet checked up to the SHA-256 of each mail, the segments' headers and
    /// footers, and that nothing the database knows by `committed` is missing.
    pub fn check(&self, committed: BTreeMap<SegmentId, u64>) -> Survey {
        Survey::check(&self.0, committed)
    }

    /// The files of the segments, to be copied.
    pub fn segment_files(&self) -> Vec<SegmentFile> {
        let file = |segment: &Arc<segment::Segment>| {
            let state = segment.state();
            let sealed = state.phase == segment::Phase::Sealed;
            let whole = std::fs::metadata(&segment.path).map_or(0, |about| about.len());
            let octets = if sealed { whole } else { state.durable.min(whole) };
            SegmentFile { segment: segment.id, path: segment.path.clone(), octets, sealed }
        };
        self.0.segments().iter().map(file).filter(|file| file.octets > 0).collect()
    }

    /// What the archive takes on disk.
    pub fn usage(&self) -> Usage {
        let segments = self.0.segments();
        let octets = segments.iter().map(|segment| segment.state().written).sum();
        Usage { segments: segments.len() as u64, octets }
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("dir", &self.0.dir).finish_non_exhaustive()
    }
}
