//! What can go wrong, by what the operator can do about it.

use std::io;
use std::path::PathBuf;

/// The master key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// No file there. Bring the file back from where it is kept; only a new installation makes a new one.
    #[error("master key file {} is missing", at.display())]
    Missing {
        /// Path of the file.
        at: PathBuf,
    },
    /// Not 32 octets: another file, or a damaged one.
    #[error("master key file {} has {octets} octets instead of 32", at.display())]
    WrongSize {
        /// Path of the file.
        at: PathBuf,
        /// Its size.
        octets: u64,
    },
    /// Others than the owner may read or write it: `chmod 600` mends that.
    #[error("master key file {} is open to others (mode {mode:04o}, must be 0600 or less)", at.display())]
    TooOpen {
        /// Path of the file.
        at: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A directory, a socket, or the like.
    #[error("master key path {} is not a regular file", at.display())]
    NotAFile {
        /// The path.
        at: PathBuf,
    },
    /// A new key was to be written where there is a file already.
    #[error("master key file {} exists already", at.display())]
    Exists {
        /// Path of the file.
        at: PathBuf,
    },
    /// The system refused to read or write it.
    #[error("cannot {verb} master key file {}", at.display())]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// Path of the file.
        at: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system has no random octets.
    #[error("the system gives no random octets")]
    Random,
}

impl KeyFileError {
    /// Whether trying again without a change by a person can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::Interrupted)
    }
}

/// Sealed octets cannot be opened, or nothing can be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Shorter than any sealed value.
    #[error("sealed value is cut off")]
    CutOff,
    /// Written by a newer version of this software.
    #[error("sealed value has the unknown format version {0}")]
    Version(u8),
    /// Sealed with another master key: the key file is not the one of this database.
    #[error("sealed value was made with another master key")]
    OtherKey,
    /// Changed, or moved here from another field.
    #[error("sealed value was changed or belongs elsewhere")]
    Changed,
    /// The system has no random octets.
    #[error("the system gives no random octets")]
    Random,
}

/// A token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not a token, or of another version.
    #[error("not a token")]
    Malformed,
    /// Not signed by us for this purpose.
    #[error("token is not signed by this installation")]
    Signature,
    /// Was good once.
    #[error("token has expired")]
    Expired,
}
