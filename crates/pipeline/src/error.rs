//! Why the pipeline stops, by what the operator can do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. What was confirmed before is untouched by any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no data directory, and the command does not make one.
    #[error("data directory {} does not exist", dir.display())]
    NoData {
        /// The directory.
        dir: PathBuf,
    },
    /// Written by a newer version.
    #[error("{} has format {found}, this program knows up to {known}", path.display())]
    Version {
        /// The file that says so.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What this program writes.
        known: u32,
    },
    /// A file or folder of the data directory.
    #[error("cannot use {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A backup cannot be made, checked or brought back.
    #[error("the backup cannot be used: {what:?}")]
    Backup {
        /// What is wrong.
        what: crate::backup::BackupFault,
    },
    /// What is handed out cannot be written where it goes.
    #[error("the export cannot be written")]
    Write(#[source] io::Error),
    /// The recovery key.
    #[error(transparent)]
    Recovery(#[from] keys::RecoveryError),
    /// The archive is encrypted, and the master key that opens it is not there.
    #[error("the master key {} is missing", at.display())]
    MasterKeyLost {
        /// Where it should be.
        at: std::path::PathBuf,
    },
    /// The archive.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The search index.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The provable log.
    #[error(transparent)]
    Log(#[from] logbook::Error),
    /// The store besides this machine.
    #[error(transparent)]
    Remote(#[from] remote::Error),
    /// The master key.
    #[error("the master key cannot be used")]
    Key(#[from] keys::KeyFileError),
    /// A stored password cannot be opened with the master key.
    #[error("a stored secret cannot be opened with this master key")]
    Sealed(#[from] keys::SealError),
    /// A query that is not understood.
    #[error("the query is not understood")]
    Query(#[from] index::QueryError),
    /// More at once than is done at once.
    #[error("more than {max} at once")]
    TooMany {
        /// How many may be.
        max: usize,
    },
    /// There is no such thing.
    #[error("{what} {name} does not exist")]
    Missing {
        /// What kind of thing.
        what: &'static str,
        /// Its name or id.
        name: String,
    },
    /// An account that is not fetched from a server.
    #[error("account {name} is not fetched")]
    NotFetched {
        /// Its name.
        name: String,
    },
    /// The server refused, or could not be reached.
    #[error(transparent)]
    Fetch(#[from] intake::imap::ImapError),
    /// So much was fetched of the account within a day that its provider might lock it.
    #[error("what may be fetched of this account in a day is used up")]
    Allowance {
        /// Until it may go on, milliseconds.
        wait_ms: i64,
    },
    /// An account that does not log in with tokens.
    #[error("account {name} does not log in with OAuth2")]
    NoOauth {
        /// Its name.
        name: String,
    },
    /// Nobody was sent to the sign-in service with this, or it was somebody else, or too long ago.
    #[error("the linking was not begun here, or is over")]
    LinkOver,
    /// The sign-in service.
    #[error(transparent)]
    Oauth(#[from] connect::oauth::OauthError),
    /// Settings of an account that cannot be used.
    #[error("settings of account {name} cannot be used: {reason}")]
    Settings {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// A source of records could not be read, in words.
    #[error("{0}")]
    Erp(String),
    /// What needs a second person.
    #[error("this cannot be decided: {0:?}")]
    Approval(crate::approvals::ApprovalFault),
    /// Mails are not put back: the key of the reason.
    #[error("not put back: {0}")]
    PutBack(&'static str),
    /// It is running already.
    #[error("it is running already")]
    Busy,
    /// The engine is closing, or one of its threads has ended: see the log.
    #[error("the engine has stopped")]
    Stopped,
    /// A mail could not be taken in by a failure reported earlier, or elsewhere in the same batch.
    #[error("{0}")]
    Shared(std::sync::Arc<Error>),
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// The error itself, where several waited for the same thing.
    pub fn root(&self) -> &Self {
        match self {
            Self::Shared(inner) => inner.root(),
            other => other,
        }
    }

    /// Whether room on the disk would help.
    pub fn is_disk_full(&self) -> bool {
        match self.root() {
            Self::Archive(archive::Error::Full { .. }) | Self::Store(store::StoreError::DiskFull(_)) => true,
            Self::Index(index::Error::Io { source, .. }) => {
                source.downcast_ref::<io::Error>().is_some_and(|error| is_full(error.kind()))
            }
            Self::Io { source, .. } | Self::Log(logbook::Error::Io { source, .. }) => is_full(source.kind()),
            _ => false,
        }
    }

    /// Whether the same may succeed later.
    pub fn is_transient(&self) -> bool {
        match self.root() {
            Self::Archive(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            Self::Fetch(error) => error.is_transient(),
            Self::Oauth(error) => error.is_transient(),
            Self::Allowance { .. } => true,
            _ => self.is_disk_full(),
        }
    }
}

const fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
