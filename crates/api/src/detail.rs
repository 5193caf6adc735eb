//! One message, read.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    Address, AttachmentHold, Authentication, Kind, MessageGroup, SpamState, Tag, Timestamp, Verdict,
};

/// How much of a message.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MessageQuery {
    /// `1`: with all header fields.
    #[param(minimum = 0, maximum = 1)]
    pub full: u8,
}

/// How a mail's HTML is shown.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct FrameQuery {
    /// `1`: with images from outside, fetched by the server.
    #[param(minimum = 0, maximum = 1)]
    pub images: u8,
}

/// How a part is handed out.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PartQuery {
    /// `1`: although it is blocked; administrators only.
    #[param(minimum = 0, maximum = 1)]
    pub blocked: u8,
}

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StretchKind {
    /// Written for this mail.
    New,
    /// Text of an earlier mail, and the line that introduces it.
    Quoted,
    /// Signature and disclaimers.
    Signature,
}

impl From<model::TextKind> for StretchKind {
    fn from(kind: model::TextKind) -> Self {
        match kind {
            model::TextKind::New => Self::New,
            model::TextKind::Quoted => Self::Quoted,
            model::TextKind::Signature => Self::Signature,
        }
    }
}

/// A stretch of the body's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stretch {
    /// What it is.
    pub kind: StretchKind,
    /// Line ends `\n`.
    pub text: String,
}

/// An attachment, or an attached mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// Number as IMAP counts, such as `2.1`; names the part in addresses.
    pub number: String,
    /// File name as the mail gives it.
    pub name: Option<String>,
    /// By content, where that shows it; otherwise as the mail says.
    pub content_type: String,
    /// After transfer decoding.
    pub octets: u64,
    /// 64 hexadecimal digits, after transfer decoding; null for attached mails.
    pub sha256: Option<String>,
    /// Held: listed, handed out to administrators only. Of an attached mail: something in it is.
    pub blocked: bool,
    /// Why it is or was held; null for what never was.
    pub hold: Option<AttachmentHold>,
    /// Shown inside the text (by Content-ID).
    pub inline: bool,
}

/// Where a copy lies at its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Placement {
    /// Key of the account.
    pub account: Uuid,
    /// Its name.
    pub account_name: String,
    /// Name of the mailbox, for display.
    pub mailbox: String,
    /// RFC 9051 §2.3.1.1; null for files.
    pub uid_validity: Option<u32>,
    /// RFC 9051 §2.3.1.1; null for files.
    pub uid: Option<u32>,
    /// Path of a file, or the key of a maildrop.
    pub locator: Option<String>,
    /// When it was fetched.
    pub fetched: Timestamp,
    /// When it was seen to have left its place at the source.
    pub gone: Option<Timestamp>,
}

/// One thing wrong with the form of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Defect {
    /// Word of a fixed list, such as `boundary_missing`.
    pub kind: String,
    /// Octet offset.
    pub at: u64,
}

/// A line of the header section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeaderField {
    /// As written.
    pub name: String,
    /// Unfolded and decoded.
    pub body: String,
}

/// Another copy of the message with other octets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Twin {
    /// Key.
    pub mail_id: Uuid,
    /// Size.
    pub octets: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// A message with what the reader shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessageDetail {
    /// Key.
    pub mail_id: Uuid,
    /// Key of the thread.
    pub thread_id: Uuid,
    /// `Message-ID` without brackets.
    pub message_id: Option<String>,
    /// Decoded.
    pub subject: Option<String>,
    /// Authors.
    pub from: Vec<Address>,
    /// `Sender`, where it is not the author.
    pub sender: Option<Address>,
    /// `Reply-To`.
    pub reply_to: Vec<Address>,
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// `Bcc`.
    pub bcc: Vec<Address>,
    /// Effective date.
    pub date: Timestamp,
    /// Date as the mail says; null if unreadable.
    pub written: Option<Timestamp>,
    /// Size.
    pub octets: u64,
    /// 64 hexadecimal digits, of the whole mail.
    pub sha256: String,
    /// By name.
    pub tags: Vec<Tag>,
    /// What it is.
    pub kind: Kind,
    /// Why, and what it reports.
    pub verdict: Verdict,
    /// Nobody has opened it yet.
    pub unread: bool,
    /// Whether it is spam; null: neither a filter nor a person said something.
    pub spam: Option<SpamState>,
    /// When somebody deleted it here, which hides it; null: nobody did.
    pub deleted: Option<Timestamp>,
    /// Groups it is sorted to, by name, and why.
    pub groups: Vec<MessageGroup>,
    /// The text, in order, without gaps.
    pub text: Vec<Stretch>,
    /// The text was longer and is shown cut off; `/raw` has all of it.
    pub text_cut: bool,
    /// There is HTML: `/frame` shows it.
    pub has_html: bool,
    /// The HTML refers to images outside.
    pub remote_images: bool,
    /// Attachments and attached mails.
    pub attachments: Vec<Part>,
    /// Where it and its copies lie, in the accounts the caller may read.
    pub placements: Vec<Placement>,
    /// Other copies the caller may read.
    pub twins: Vec<Twin>,
    /// What is wrong with its form.
    pub defects: Vec<Defect>,
    /// Who it is really from; null if that was not checked: from files, or older than 14 days when it came.
    pub authentication: Option<Authentication>,
    /// Why it could not be taken apart; null if it could.
    pub quarantine_reason: Option<String>,
    /// All header fields with `full=1`; otherwise empty.
    pub headers: Vec<HeaderField>,
}

/// Read or unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenChange {
    /// Read.
    pub seen: bool,
}
