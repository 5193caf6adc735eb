//! What can be wrong with stored octets.

/// Why octets are not what they should be; the word of [`Defect::as_str`] is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// The octets end before the structure does.
    #[error("ends too early")]
    Short,
    /// The magic or the mark of the segment is not there.
    #[error("magic or mark missing")]
    Magic,
    /// A checksum does not match.
    #[error("checksum wrong")]
    Checksum,
    /// A length, count or code that the format does not allow.
    #[error("impossible value")]
    Value,
    /// Written by a later version: format, kind, compression, encryption or a flag is not known here. Not damage.
    #[error("written by a later version")]
    Unsupported,
    /// Frames cannot be decompressed, or to another length than they say.
    #[error("compressed octets unreadable")]
    Compression,
    /// The octets are readable but their SHA-256, number or frame count is not the one noted.
    #[error("digest wrong")]
    Digest,
    /// The provenance cannot be read.
    #[error("provenance unreadable")]
    Provenance,
    /// The footer contradicts the records.
    #[error("index contradicts the records")]
    Index,
    /// The keyring has no key for the record.
    #[error("no key in the keyring")]
    NoKey,
    /// The key for the record was destroyed, on purpose.
    #[error("erased: its key was destroyed")]
    Erased,
    /// What is stored is as it was written, but the key does not open it: another key, or changed by somebody.
    #[error("the key does not open it")]
    Sealed,
    /// An object the mail consists of cannot be read.
    #[error("a piece cannot be read")]
    Piece,
}

impl Defect {
    /// The word in JSON and in language files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Magic => "magic",
            Self::Checksum => "checksum",
            Self::Value => "value",
            Self::Unsupported => "unsupported",
            Self::Compression => "compression",
            Self::Digest => "digest",
            Self::Provenance => "provenance",
            Self::Index => "index",
            Self::NoKey => "no_key",
            Self::Erased => "erased",
            Self::Sealed => "sealed",
            Self::Piece => "piece",
        }
    }
}
