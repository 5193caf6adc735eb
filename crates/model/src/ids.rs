//! Identifiers: our keys are UUIDs, content is named by its digest, mails name themselves by `Message-ID`.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID made elsewhere.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// From its 16 octets, network order.
            pub const fn from_octets(octets: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(octets))
            }

            /// Its 16 octets, network order.
            pub const fn octets(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The UUID inside.
            pub const fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )*};
}

id! {
    /// One mail: one sequence of octets, however many placements it has. UUIDv7.
    MailId
    /// One login at a server, or one named import. UUIDv7.
    AccountId
    /// One mailbox (IMAP folder, maildrop, import folder) of an account. UUIDv7.
    MailboxId
    /// Mails connected by Message-ID, In-Reply-To and References. UUIDv7.
    ThreadId
    /// A person who logs in. UUIDv7.
    UserId
    /// A record in the archive: random (UUIDv4), so that it says nothing about its content.
    ObjectId
    /// A segment file of the archive. UUIDv7.
    SegmentId
    /// An entry of the event log. UUIDv7.
    EventId
    /// One import of files, running or over. UUIDv7.
    ImportRunId
    /// A server that sends mails of ours. UUIDv7.
    SmtpAccountId
    /// A source of records of the ERP. UUIDv7.
    ErpSourceId
    /// A store that keeps segments besides this machine. UUIDv7.
    RemoteId
    /// A run of such a source, or an import of such records. UUIDv7.
    ErpRunId
    /// A receiver of webhooks. UUIDv7.
    WebhookId
    /// An entry of the queue of what goes out. UUIDv7.
    OutgoingId
    /// An application registered at a sign-in service. UUIDv7.
    OauthClientId
    /// A consent given there. UUIDv7.
    OauthGrantId
    /// What a program logs in with. UUIDv7.
    ApiTokenId
    /// Something asked for that needs a second person. UUIDv7.
    ApprovalId
}

/// SHA-256 of octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl fmt::Display for Sha256 {
    /// 64 lower case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0_u8; 64];
        for (pair, octet) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(octet >> 4)];
            pair[1] = DIGITS[usize::from(octet & 15)];
        }
        f.write_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

impl FromStr for Sha256 {
    type Err = NotADigest;

    /// 64 hexadecimal digits, upper or lower case.
    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let digit = |c: u8| char::from(c).to_digit(16).ok_or(NotADigest);
        let mut value = [0; 32];
        if text.len() != 2 * value.len() {
            return Err(NotADigest);
        }
        for (octet, pair) in value.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *octet = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Ok(Self(value))
    }
}

/// A text that is no SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADigest;

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A `Message-ID`, without angle brackets and white space, as written otherwise. Not our key: that is [`MailId`].
///
/// Source: RFC 5322 §3.6.4.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub String);

impl MessageId {
    /// The text between the angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
