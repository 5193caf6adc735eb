//! Where octets came from and where they lie. The provenance is kept in each archive record, so that the archive
//! can be read without the database.

use crate::{AccountId, ReversePath, SegmentId, UnixMillis};

/// Where a record lies in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub segment: SegmentId,
    /// Offset of the record in it, octets.
    pub at: u64,
    /// Octets of the record as stored, header and trailer included.
    pub len: u64,
}

/// Position of a mail at its source; identity together with account and mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// RFC 9051 §2.3.1.1.
    Imap {
        /// Changes when the server renumbers the mailbox.
        uid_validity: u32,
        /// Grows within the mailbox.
        uid: u32,
    },
    /// POP3 `UIDL` (RFC 1939 §7), or the digest that replaces it.
    Unique {
        /// At most 70 octets by the RFC; kept whatever its length.
        unique_id: String,
    },
    /// A file, or a mail inside one.
    File {
        /// Path relative to what was imported, `#n` behind it for the n-th mail (from 1) of a container.
        locator: String,
    },
}

/// SMTP envelope, where the source knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `MAIL FROM`.
    pub reverse_path: Option<ReversePath>,
    /// `RCPT TO`, as written.
    pub forward_paths: Vec<String>,
    /// Who handed it to us, where that was over SMTP.
    pub client: Option<Client>,
}

/// Who hands over a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub ip: std::net::IpAddr,
    /// What it calls itself (`EHLO`); empty if it did not say.
    pub helo: String,
}

/// Flags of the source that mean something here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `\Seen`, Maildir `S`.
    pub seen: bool,
    /// `\Answered`, Maildir `R`.
    pub answered: bool,
    /// `\Flagged`, Maildir `F`.
    pub flagged: bool,
    /// `\Draft`, Maildir `D`.
    pub draft: bool,
    /// `\Deleted`, Maildir `T`.
    pub deleted: bool,
}

/// What is known of a mail without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Our key of the account.
    pub account: AccountId,
    /// Its name when the mail came; for reading an archive without the database.
    pub account_name: String,
    /// Name of the mailbox as the server spells it, octets (modified UTF-7 is not decoded here).
    pub mailbox: Vec<u8>,
    /// Position in the mailbox.
    pub position: Position,
    /// When the source says it received the mail (`INTERNALDATE`, file time of a Maildir), if it says so.
    pub received: Option<UnixMillis>,
    /// When it was fetched.
    pub fetched: UnixMillis,
    /// Flags at that time.
    pub flags: Flags,
    /// Envelope, if the source knows it.
    pub envelope: Option<Envelope>,
}
