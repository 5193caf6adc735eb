//! Why the log cannot go on.

use std::io;
use std::path::{Path, PathBuf};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder.
    #[error("cannot use {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The keys of the log cannot be opened with this master key.
    #[error("the keys of the log in {} cannot be opened", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: keys::SealError,
    },
    /// The newest checkpoint was not signed by this log's key, or was changed.
    #[error("the checkpoint in {} cannot be believed", path.display())]
    Signature {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ledger::NoteError,
    },
    /// The rows of the database are not those that were signed.
    #[error("the first {size} entries of the log are not those that were signed")]
    Contradiction {
        /// Leaves that were signed.
        size: u64,
    },
    /// A leaf that does not follow.
    #[error("entry {expected} of the log is missing")]
    Order {
        /// The one that should come.
        expected: u64,
    },
    /// A file of the log is missing or not what it should be.
    #[error("{what} {at} of the log is missing or damaged")]
    Damaged {
        /// What.
        what: &'static str,
        /// Its number.
        at: u64,
    },
    /// A payload cannot be opened.
    #[error("a payload of the log cannot be opened")]
    Sealed(#[from] keys::SealError),
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
