//! What can go wrong, by what the operator can do about it.

use std::io;
use std::path::{Path, PathBuf};

use model::{ObjectId, SegmentId};
use proof::Defect;

/// Why the archive did not do what was asked. Nothing that was confirmed before is touched by any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has this archive open.
    #[error("archive {} is in use by another process", dir.display())]
    InUse {
        /// The archive's folder.
        dir: PathBuf,
    },
    /// Written by another version of this program.
    #[error("{} has a format of another version ({found})", path.display())]
    Version {
        /// The file that says so.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// Rights are missing, or the file system is read-only.
    #[error("no right to write to {}", path.display())]
    Denied {
        /// File or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No room: disk, quota or file size limit. What was half written is taken back.
    #[error("no room to write {}", path.display())]
    Full {
        /// The file that could not grow.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Any other trouble with the file system.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// What was appended to this segment may not have reached the disk. The segment is closed; append anew.
    #[error("segment {segment} could not be made durable")]
    SyncFailed {
        /// The segment.
        segment: SegmentId,
        /// What the system said, where it was asked.
        #[source]
        source: Option<io::Error>,
    },
    /// The file of this segment is not in the folder.
    #[error("segment {segment} is missing")]
    NoSegment {
        /// The segment.
        segment: SegmentId,
    },
    /// A record cannot be read as it was written.
    #[error("record at {at} of segment {segment} is damaged")]
    Damaged {
        /// The segment.
        segment: SegmentId,
        /// Offset of the record.
        at: u64,
        /// Its name, if that much is readable.
        object_id: Option<ObjectId>,
        /// What is wrong.
        #[source]
        defect: Defect,
    },
    /// The provenance takes more than a record header holds (1 MiB).
    #[error("provenance too long")]
    ProvenanceTooLong,
    /// More octets than the caller allowed.
    #[error("record holds {octets} octets, allowed are {octets_max}")]
    TooLarge {
        /// What it holds.
        octets: u64,
        /// What was allowed.
        octets_max: u64,
    },
    /// The archive has sealed records, but the folder with their keys is not there.
    #[error("the keyring {} is missing", dir.display())]
    NoKeyring {
        /// Where it should be.
        dir: PathBuf,
    },
    /// The keyring is sealed to another master key.
    #[error("the keyring {} belongs to another master key", dir.display())]
    OtherMasterKey {
        /// Where it is.
        dir: PathBuf,
    },
    /// Neither copy of the keyring can be read.
    #[error("the keyring {} is damaged", path.display())]
    KeyringDamaged {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong.
        #[source]
        defect: Defect,
    },
    /// The system gives no random octets.
    #[error("no random octets")]
    Random,
    /// A mail names an object that nobody placed.
    #[error("an object of the mail is nowhere")]
    NoObject,
    /// A streamed mail after an earlier error: it is abandoned already.
    #[error("the mail was abandoned after an earlier error")]
    Abandoned,
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { path, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path, source }
            }
            _ => Self::Io { path, source },
        }
    }

    /// The archive's error inside what [`crate::Put`] gave as `io::Write` or [`crate::Reader`] as `io::Read`.
    pub fn of_stream(error: io::Error, path: &Path) -> Self {
        match error.downcast::<Self>() {
            Ok(inner) => inner,
            Err(error) => Self::io(path, error),
        }
    }

    /// Whether the same call may succeed later without anything being changed here.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Io { .. } | Self::SyncFailed { .. } | Self::InUse { .. })
    }

    /// Whether room is what is missing.
    pub const fn is_disk_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Stable key of the text for users.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "archive.in_use",
            Self::Version { .. } => "archive.version",
            Self::Denied { .. } => "archive.denied",
            Self::Full { .. } => "archive.full",
            Self::Io { .. } => "archive.io",
            Self::SyncFailed { .. } => "archive.sync_failed",
            Self::NoSegment { .. } => "archive.no_segment",
            Self::Damaged { .. } => "archive.damaged",
            Self::ProvenanceTooLong => "archive.provenance_too_long",
            Self::TooLarge { .. } => "archive.too_large",
            Self::NoKeyring { .. } => "archive.no_keyring",
            Self::OtherMasterKey { .. } => "archive.other_master_key",
            Self::KeyringDamaged { .. } => "archive.keyring_damaged",
            Self::Random => "archive.random",
            Self::NoObject => "archive.no_object",
            Self::Abandoned => "archive.abandoned",
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Full { source, .. } | Error::Denied { source, .. } | Error::Io { source, .. } => {
                source.kind()
            }
            Error::Damaged { .. } | Error::KeyringDamaged { .. } => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
