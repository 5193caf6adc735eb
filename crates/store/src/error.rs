//! What can go wrong, as the operator sees it.

/// Result of this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Error of an engine, kept as the cause.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the database could not do what was asked. The variant says what the operator can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Written by a newer Poststelle: install that, or restore a backup.
    #[error("the database {database} has format {found}, this program knows formats up to {known}")]
    Newer {
        /// Path or address, without password.
        database: String,
        /// Format found.
        found: i64,
        /// Newest format known.
        known: i64,
    },
    /// A file that is no database of Poststelle, or a damaged one: restore a backup.
    #[error("the database {database} is damaged or is not one of Poststelle")]
    Damaged {
        /// Path or address, without password.
        database: String,
        /// Cause.
        #[source]
        source: Cause,
    },
    /// No rights on the file or the database.
    #[error("no permission to use the database {database}")]
    Permission {
        /// Path or address, without password.
        database: String,
        /// Cause.
        #[source]
        source: Cause,
    },
    /// Cannot be opened or reached: server down, wrong address, wrong password.
    #[error("the database {database} cannot be opened")]
    Unreachable {
        /// Path or address, without password.
        database: String,
        /// Cause.
        #[source]
        source: Cause,
    },
    /// The disk is full: make room, it goes on by itself.
    #[error("the disk of the database is full")]
    DiskFull(#[source] Cause),
    /// Busy, connection lost, or another transaction was in the way: try again.
    #[error("the database is busy or the connection was lost")]
    Busy(#[source] Cause),
    /// A program that comes with the database is missing or failed.
    #[error("{text}")]
    Program {
        /// Its name and its words.
        text: String,
    },
    /// A name, an address or a position that may exist once exists already.
    #[error("{what} exists already")]
    Exists {
        /// What, such as `account name`.
        what: &'static str,
    },
    /// What is to be changed does not exist.
    #[error("{what} {key} does not exist")]
    Missing {
        /// What, such as `account`.
        what: &'static str,
        /// Its key as text.
        key: String,
    },
    /// A row that this program cannot have written.
    #[error("unreadable value in {what}")]
    Unreadable {
        /// Table or field.
        what: &'static str,
    },
    /// The writer has ended: the store was closed, or a closure panicked.
    #[error("the database is closed")]
    Closed,
    /// Any other answer of the engine: a defect of this program, please report.
    #[error("statement {statement} failed")]
    Engine {
        /// Name of the statement.
        statement: &'static str,
        /// Cause.
        #[source]
        source: Cause,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody changing anything but the circumstances.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::DiskFull(_) | Self::Busy(_) | Self::Unreachable { .. })
    }

    /// From SQLite, with the name of the statement.
    pub(crate) fn sqlite(statement: &'static str, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let code = error.sqlite_error_code();
        let full = is_full(&error);
        let source: Cause = Box::new(error);
        match code {
            _ if full => Self::DiskFull(source),
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy(source),
            Some(Code::NotADatabase | Code::DatabaseCorrupt) => {
                Self::Damaged { database: String::new(), source }
            }
            Some(Code::ReadOnly | Code::PermissionDenied) => {
                Self::Permission { database: String::new(), source }
            }
            Some(Code::CannotOpen) => Self::Unreachable { database: String::new(), source },
            _ => Self::Engine { statement, source },
        }
    }

    /// From PostgreSQL, with the name of the statement.
    pub(crate) fn postgres(statement: &'static str, error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState as State;
        let closed = error.is_closed();
        let code = error.code().cloned();
        let source: Cause = Box::new(error);
        match code {
            Some(State::DISK_FULL) => Self::DiskFull(source),
            Some(
                State::T_R_SERIALIZATION_FAILURE
                | State::T_R_DEADLOCK_DETECTED
                | State::ADMIN_SHUTDOWN
                | State::CRASH_SHUTDOWN
                | State::CANNOT_CONNECT_NOW
                | State::TOO_MANY_CONNECTIONS,
            ) => Self::Busy(source),
            Some(State::INSUFFICIENT_PRIVILEGE) => Self::Permission { database: String::new(), source },
            _ if closed => Self::Busy(source),
            _ => Self::Engine { statement, source },
        }
    }

    /// Names the database where the engine did not.
    pub(crate) fn of_database(self, name: &str) -> Self {
        let database = name.to_owned();
        match self {
            Self::Damaged { source, .. } => Self::Damaged { database, source },
            Self::Permission { source, .. } => Self::Permission { database, source },
            Self::Unreachable { source, .. } | Self::Engine { source, .. } | Self::Busy(source) => {
                Self::Unreachable { database, source }
            }
            other => other,
        }
    }

    /// Whether the engine refused a row because one with this key exists.
    pub(crate) fn is_duplicate(&self) -> bool {
        let Self::Engine { source, .. } = self else { return false };
        if let Some(error) = source.downcast_ref::<rusqlite::Error>() {
            return error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
                && error.sqlite_error().is_some_and(|e| matches!(e.extended_code, 1555 | 2067));
        }
        source
            .downcast_ref::<tokio_postgres::Error>()
            .and_then(tokio_postgres::Error::code)
            .is_some_and(|code| *code == tokio_postgres::error::SqlState::UNIQUE_VIOLATION)
    }

    /// The same, with a refused duplicate named.
    pub(crate) fn naming(self, what: &'static str) -> Self {
        if self.is_duplicate() { Self::Exists { what } } else { self }
    }
}

/// Whether room would help. A limit on file sizes is no ENOSPC to SQLite, but "cannot write" and "cannot grow":
/// `IOERR_WRITE`, `IOERR_SHMSIZE`.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        || error.sqlite_error().is_some_and(|e| matches!(e.extended_code, 778 | 4874))
}
