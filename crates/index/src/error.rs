//! What can go wrong, by what the operator can do about it.

use std::path::PathBuf;

/// Failure of the index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The index cannot be used and has to be made anew from archive and database; nothing is lost by that.
    #[error("search index {} must be rebuilt: {reason}", dir.display())]
    Rebuild {
        /// Where it lies.
        dir: PathBuf,
        /// Why.
        reason: Rebuild,
    },
    /// Another process writes it.
    #[error("search index {} is in use by another process", dir.display())]
    InUse {
        /// Where it lies.
        dir: PathBuf,
    },
    /// The disk refuses.
    #[error("search index {} cannot be read or written", dir.display())]
    Io {
        /// Where it lies.
        dir: PathBuf,
        /// What the system says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A cursor that no answer gave.
    #[error("search cursor is not one of ours")]
    Cursor,
}

/// Why an index must be rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rebuild {
    /// Made by another version.
    Version {
        /// What its version file says.
        found: String,
    },
    /// Files are missing or do not hold what they should.
    Damaged {
        /// What was found.
        what: String,
    },
}

impl std::fmt::Display for Rebuild {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version { found } => write!(f, "it has format {found:?}, not {:?}", crate::FORMAT),
            Self::Damaged { what } => write!(f, "it is damaged: {what}"),
        }
    }
}

impl Error {
    /// Whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::InUse { .. } | Self::Io { .. })
    }

    /// Whether the index must be made anew.
    pub fn must_rebuild(&self) -> bool {
        matches!(self, Self::Rebuild { .. })
    }
}
