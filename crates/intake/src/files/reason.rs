//! Why something did not become a mail.

use std::io;

/// Why something did not become a mail. The texts are for the log; people get theirs by [`Reason::key`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// No file or folder has this path.
    #[error("does not exist")]
    NotFound,
    /// The process may not read it.
    #[error("may not be read")]
    Denied,
    /// Symbolic links in a circle.
    #[error("is a circle of symbolic links")]
    Loop,
    /// A device, socket or pipe.
    #[error("is neither file nor folder")]
    NotAFile,
    /// Reading failed.
    #[error("cannot be read: {error}")]
    Unreadable {
        /// The system's words.
        error: String,
    },
    /// No octets.
    #[error("is empty")]
    Empty,
    /// Neither a mail nor a container of mails.
    #[error("is no mail")]
    NotMail,
    /// A format that may hold mail, but is not read.
    #[error("is in a format not supported: {format}")]
    Unsupported {
        /// Its usual name.
        format: &'static str,
    },
    /// A protected member of an archive.
    #[error("is encrypted")]
    Encrypted,
    /// Ends before its end.
    #[error("is truncated")]
    Truncated,
    /// Contradicts its format or its checksum.
    #[error("is damaged: {what}")]
    Damaged {
        /// What is wrong, a few words.
        what: String,
    },
    /// More comes out of it than [`Limits`](super::Limits) allow.
    #[error("expands beyond the limit of {limit_octets} octets")]
    TooLarge {
        /// What would have been allowed for a file of its size.
        limit_octets: u64,
    },
    /// More members than [`Limits`](super::Limits) allow.
    #[error("has more than {limit} entries")]
    TooMany {
        /// What is allowed.
        limit: u64,
    },
    /// Archives in archives beyond [`Limits`](super::Limits).
    #[error("is nested too deep")]
    TooDeep,
}

impl Reason {
    /// Stable key of the text people see; parameters are the variant's fields.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NotFound => "import-not-found",
            Self::Denied => "import-denied",
            Self::Loop => "import-loop",
            Self::NotAFile => "import-not-a-file",
            Self::Unreadable { .. } => "import-unreadable",
            Self::Empty => "import-empty",
            Self::NotMail => "import-not-mail",
            Self::Unsupported { .. } => "import-unsupported",
            Self::Encrypted => "import-encrypted",
            Self::Truncated => "import-truncated",
            Self::Damaged { .. } => "import-damaged",
            Self::TooLarge { .. } => "import-too-large",
            Self::TooMany { .. } => "import-too-many",
            Self::TooDeep => "import-too-deep",
        }
    }

    /// Name and value of the parameter of the text, if it has one.
    pub fn parameter(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Unreadable { error } => Some(("error", error.clone())),
            Self::Unsupported { format } => Some(("format", (*format).to_owned())),
            Self::Damaged { what } => Some(("what", what.clone())),
            Self::TooLarge { limit_octets } => Some(("limit_octets", limit_octets.to_string())),
            Self::TooMany { limit } => Some(("limit", limit.to_string())),
            _ => None,
        }
    }

    /// Whether a later try may succeed without anybody changing the file.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }

    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        // Errors our own readers raise carry their reason.
        if let Some(reason) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return reason.clone();
        }
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotFound,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            // ELOOP has no stable kind of its own.
            _ if error.raw_os_error() == Some(40) => Self::Loop,
            // Decoders raise errors that are not the system's.
            _ if error.raw_os_error().is_none() => Self::damaged(error.to_string()),
            _ => Self::Unreadable { error: error.to_string() },
        }
    }
}

impl From<Reason> for io::Error {
    fn from(reason: Reason) -> Self {
        Self::other(reason)
    }
}
