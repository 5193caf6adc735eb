//! A mail after parsing: what it says, how it is built, and what is wrong with it.

use crate::{Address, MessageId, ReversePath, Sha256, UnixMillis};

/// A header line (RFC 5322 §2.2), in the order of the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderField {
    /// As written.
    pub name: String,
    /// Unfolded, RFC 2047 words decoded where the field is text; lossy UTF-8.
    pub body: String,
    /// Octet offset of the name in the mail.
    pub at: u64,
}

/// RFC 2183.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Field absent.
    #[default]
    Absent,
    /// `inline`.
    Inline,
    /// `attachment`, and every word that is not `inline` (RFC 2183 §2.8).
    Attachment,
}

/// What a part is to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartRole {
    /// A multipart: only holds others.
    Container,
    /// Body text.
    Body,
    /// Leaf that is no text, or has a file name, or says `attachment`.
    Attachment,
    /// message/rfc822 or another message/* that holds a mail; the parts of that mail follow.
    Message,
    /// message/delivery-status, message/disposition-notification, message/feedback-report, text/rfc822-headers.
    Report,
}

/// `Content-Transfer-Encoding` (RFC 2045 §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TransferEncoding {
    /// `7bit`, `8bit`, `binary`, absent, and every word that is not known.
    #[default]
    Identity,
    /// `quoted-printable`.
    QuotedPrintable,
    /// `base64`.
    Base64,
    /// `x-uuencode` and its other names; not in the RFC.
    Uuencode,
}

/// One node of the MIME tree, in pre-order; nested messages are entered, their parts follow theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Number as IMAP counts (RFC 9051 §6.4.5.1): `1`, `2.1`; empty for the root of a multipart mail.
    pub number: String,
    /// Index of the parent in [`Message::parts`].
    pub parent: Option<u32>,
    /// How many message/* parts are around it; 0 = part of the mail itself.
    pub message_depth: u16,
    /// Role.
    pub role: PartRole,
    /// `type/subtype`, lower case; `text/plain` where absent or broken (RFC 2045 §5.2).
    pub content_type: String,
    /// `charset` parameter, lower case.
    pub charset: Option<String>,
    /// Decoded file name (RFC 2231, 2047), no path components removed: it is what the mail says.
    pub name: Option<String>,
    /// `Content-ID` without brackets.
    pub content_id: Option<String>,
    /// `Content-Disposition`.
    pub disposition: Disposition,
    /// `Content-Transfer-Encoding`.
    pub encoding: TransferEncoding,
    /// Size after transfer decoding, octets; 0 for containers.
    pub octets: u64,
    /// Digest after transfer decoding; `None` for containers and messages.
    pub sha256: Option<Sha256>,
    /// Where the encoded body lies: offset and length, octets. In the mail, or, inside a [`PartRole::Message`]
    /// whose encoding is not [`TransferEncoding::Identity`], in the decoded content of that part. Of a file inside a
    /// `winmail.dat`, which is its parent and an attachment: its place among the files there, and its size.
    pub body_at: Span,
    /// For [`PartRole::Message`]: the fields of the mail inside, bounded. Empty otherwise.
    pub header_section: Vec<HeaderField>,
    /// Decoded text of text/*, report and header parts, bounded by the limits of parsing; charset converted.
    pub text: Option<String>,
}

/// A range of octets (of a mail) or of bytes (of a text).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First octet.
    pub at: u64,
    /// How many.
    pub len: u64,
}

/// What a stretch of body text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// Written for this mail.
    New,
    /// Text of an earlier mail, and the line that introduces it.
    Quoted,
    /// Signature and disclaimers.
    Signature,
}

/// The text a person reads: from text/plain, or from HTML where there is no plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyText {
    /// UTF-8, line ends `\n`, format=flowed joined.
    pub text: String,
    /// Covers `text` without gaps, in order; bytes.
    pub stretches: Vec<(TextKind, Span)>,
    /// Made from HTML.
    pub from_html: bool,
}

impl BodyText {
    /// The stretches of one kind, in order.
    pub fn of_kind(&self, kind: TextKind) -> impl Iterator<Item = &str> {
        self.stretches.iter().filter(move |(k, _)| *k == kind).filter_map(|(_, span)| {
            let at = usize::try_from(span.at).ok()?;
            let end = at.checked_add(usize::try_from(span.len).ok()?)?;
            self.text.get(at..end)
        })
    }
}

/// Kind of a defect. A defect never hides the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DefectKind {
    /// No header field at all.
    NoHeader,
    /// A line of the header section that is no field.
    BrokenField,
    /// `Date` missing.
    DateMissing,
    /// `Date` unreadable.
    DateUnreadable,
    /// `From` missing or without address.
    FromMissing,
    /// A field that may stand once stands again.
    FieldRepeated,
    /// `Message-ID` missing.
    MessageIdMissing,
    /// multipart without (usable) boundary.
    BoundaryMissing,
    /// Closing boundary missing: cut off, or never written.
    BoundaryUnclosed,
    /// Transfer encoding unknown or broken.
    TransferEncoding,
    /// Charset unknown, or octets that it does not have.
    Charset,
    /// An encoded word or parameter that cannot be decoded.
    EncodedWord,
    /// NUL octets.
    Nul,
    /// Header field too long; the rest is not read.
    FieldTooLong,
    /// Too many header fields.
    TooManyFields,
    /// Too many parts; the rest is not read.
    TooManyParts,
    /// Nested too deep; what is inside is not read.
    TooDeep,
    /// Text longer than is read.
    TextTooLong,
    /// Too many addresses.
    TooManyAddresses,
    /// Too many message ids in one field.
    TooManyIds,
    /// Mail longer than is read.
    TooLong,
    /// Empty.
    Empty,
    /// A parser gave up; the mail is listed by its octets alone.
    ParserFailed,
}

impl DefectKind {
    /// Every kind, in the order of the definition.
    pub const ALL: [Self; 23] = [
        Self::NoHeader,
        Self::BrokenField,
        Self::DateMissing,
        Self::DateUnreadable,
        Self::FromMissing,
        Self::FieldRepeated,
        Self::MessageIdMissing,
        Self::BoundaryMissing,
        Self::BoundaryUnclosed,
        Self::TransferEncoding,
        Self::Charset,
        Self::EncodedWord,
        Self::Nul,
        Self::FieldTooLong,
        Self::TooManyFields,
        Self::TooManyParts,
        Self::TooDeep,
        Self::TextTooLong,
        Self::TooManyAddresses,
        Self::TooManyIds,
        Self::TooLong,
        Self::Empty,
        Self::ParserFailed,
    ];

    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoHeader => "no_header",
            Self::BrokenField => "broken_field",
            Self::DateMissing => "date_missing",
            Self::DateUnreadable => "date_unreadable",
            Self::FromMissing => "from_missing",
            Self::FieldRepeated => "field_repeated",
            Self::MessageIdMissing => "message_id_missing",
            Self::BoundaryMissing => "boundary_missing",
            Self::BoundaryUnclosed => "boundary_unclosed",
            Self::TransferEncoding => "transfer_encoding",
            Self::Charset => "charset",
            Self::EncodedWord => "encoded_word",
            Self::Nul => "nul",
            Self::FieldTooLong => "field_too_long",
            Self::TooManyFields => "too_many_fields",
            Self::TooManyParts => "too_many_parts",
            Self::TooDeep => "too_deep",
            Self::TextTooLong => "text_too_long",
            Self::TooManyAddresses => "too_many_addresses",
            Self::TooManyIds => "too_many_ids",
            Self::TooLong => "too_long",
            Self::Empty => "empty",
            Self::ParserFailed => "parser_failed",
        }
    }

    /// The kind of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One thing wrong with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What.
    pub kind: DefectKind,
    /// Octet offset where it shows, as near as is known.
    pub at: u64,
}

/// A parsed mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// All fields of the mail's own header section.
    pub header_section: Vec<HeaderField>,
    /// Decoded; `None` if absent.
    pub subject: Option<String>,
    /// Author.
    pub from: Vec<Address>,
    /// `Sender`.
    pub sender: Option<Address>,
    /// `Reply-To`.
    pub reply_to: Vec<Address>,
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// `Bcc`.
    pub bcc: Vec<Address>,
    /// `Date`, if readable.
    pub date: Option<UnixMillis>,
    /// Offset of `Date` from UTC, minutes.
    pub date_offset_minutes: i16,
    /// Newest plausible `Received` (the topmost that has a date).
    pub received: Option<UnixMillis>,
    /// `Message-ID`.
    pub message_id: Option<MessageId>,
    /// `In-Reply-To`.
    pub in_reply_to: Vec<MessageId>,
    /// `References`, oldest first.
    pub references: Vec<MessageId>,
    /// `Thread-Index`, decoded: 22 octets of the conversation, 5 more for each reply.
    pub thread_index: Option<Vec<u8>>,
    /// `Return-Path`.
    pub reverse_path: Option<ReversePath>,
    /// MIME tree in pre-order; never empty after parsing.
    pub parts: Vec<Part>,
    /// What a person reads.
    pub body: BodyText,
}

impl Message {
    /// Body of the first field of this name (any case).
    pub fn field(&self, name: &str) -> Option<&str> {
        self.header_section.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.body.as_str())
    }

    /// Bodies of all fields of this name (any case), top to bottom.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.header_section.iter().filter(move |f| f.name.eq_ignore_ascii_case(name)).map(|f| f.body.as_str())
    }

    /// Attachments of the mail itself, as lists show them: not those inside attached messages.
    pub fn attachments(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.role == PartRole::Attachment && part.message_depth == 0)
    }
}

/// Where a token or an address was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In the subject.
    Subject,
    /// In text written for this mail.
    New,
    /// In quoted text.
    Quoted,
    /// In the signature.
    Signature,
}

/// Something found in subject or body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// What.
    pub value: T,
    /// In which text.
    pub place: Place,
    /// Where in that text (the subject, or the whole body text), bytes.
    pub span: Span,
}

/// A token with at least one digit that may be an order number and the like, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NumberToken(pub String);

/// What linking needs to know of a mail, so that it never parses again. Stored with a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailFacts {
    /// Number tokens in subject and body, in order, bounded.
    pub numbers: Vec<Found<NumberToken>>,
    /// Addresses in subject and body, lower case, in order, bounded.
    pub addresses: Vec<Found<String>>,
}
