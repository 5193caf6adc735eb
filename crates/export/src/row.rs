//! What is said about a mail.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{MailId, Sha256, UnixMillis};

/// A mail.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub mail_id: MailId,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<String>,
    /// Effective date; `None` before the mail is filed.
    pub date: Option<UnixMillis>,
    /// Decoded.
    pub subject: String,
    /// Whom it is from and to, in the order of the mail.
    pub parties: Vec<Party>,
    /// What it is; `None` before it is filed.
    pub kind: Option<&'static str>,
    /// Its thread; `None` before it is filed.
    pub thread_id: Option<String>,
    /// How many octets.
    pub octets: u64,
    /// Of these octets.
    pub sha256: Sha256,
    /// Where it lies.
    pub places: Vec<Place>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Records it is filed under.
    pub links: Vec<Link>,
}

/// An address in a mail.
#[derive(Clone, Debug)]
pub struct Party {
    /// In which field.
    pub role: Role,
    /// The address.
    pub address: String,
    /// The name beside it; empty if there is none.
    pub name: String,
}

/// The field of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `From`.
    From,
    /// `To`.
    To,
    /// `Cc`.
    Cc,
    /// `Bcc`.
    Bcc,
}

impl Role {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
            Self::Cc => "cc",
            Self::Bcc => "bcc",
        }
    }
}

/// Where a mail lies.
#[derive(Clone, Debug)]
pub struct Place {
    /// Name of the account.
    pub account: String,
    /// Name of the mailbox.
    pub mailbox: String,
}

/// An attachment.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its file name; empty if there is none.
    pub name: String,
    /// As the mail says.
    pub content_type: String,
    /// After decoding.
    pub octets: u64,
    /// Of these.
    pub sha256: Option<Sha256>,
}

/// A record.
#[derive(Clone, Debug)]
pub struct Link {
    /// `order`, `quote`, `contact`, `item`.
    pub kind: &'static str,
    /// Its number.
    pub number: String,
    /// Whether a rule set it; otherwise a person did.
    pub by_rule: bool,
}

impl Row {
    /// Addresses of one field.
    pub(crate) fn addresses(&self, role: Role) -> impl Iterator<Item = &str> {
        self.parties.iter().filter(move |party| party.role == role).map(|party| party.address.as_str())
    }

    /// Times as the contract writes them, `2026-03-02T09:00:00Z`.
    pub(crate) fn date_text(&self) -> String {
        self.date.map(|date| text(date, "%Y-%m-%dT%H:%M:%SZ")).unwrap_or_default()
    }

    /// One text a column, in the order of [`COLUMNS`].
    pub(crate) fn cells(&self) -> [String; COLUMNS.len()] {
        let join = |texts: Vec<String>| texts.join("; ");
        let list = |role: Role| join(self.addresses(role).map(str::to_owned).collect());
        [
            self.mail_id.to_string(),
            self.message_id.clone().unwrap_or_default(),
            self.date_text(),
            list(Role::From),
            list(Role::To),
            list(Role::Cc),
            self.subject.clone(),
            self.kind.unwrap_or_default().to_owned(),
            self.thread_id.clone().unwrap_or_default(),
            self.octets.to_string(),
            self.sha256.to_string(),
            join(self.places.iter().map(|place| format!("{}/{}", place.account, place.mailbox)).collect()),
            join(self.attachments.iter().map(|attachment| attachment.name.clone()).collect()),
            join(self.links.iter().map(|link| format!("{} {}", link.kind, link.number)).collect()),
        ]
    }
}

/// Names of the columns of tables.
pub(crate) const COLUMNS: [&str; 14] = [
    "mail_id",
    "message_id",
    "date",
    "from",
    "to",
    "cc",
    "subject",
    "kind",
    "thread_id",
    "octets",
    "sha256",
    "mailboxes",
    "attachments",
    "links",
];

/// A moment as `strftime` writes it, in UTC; empty beyond the years that are written.
pub(crate) fn text(at: UnixMillis, format: &str) -> String {
    let at = Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(TimeZone::UTC));
    at.map(|at| at.strftime(format).to_string()).unwrap_or_default()
}

/// Where the octets of a mail lie below an export: `2026/03/20260302-090000_<mail_id>.eml`.
pub fn file_name(row: &Row) -> String {
    let folder = row.date.map(|date| text(date, "%Y/%m/%Y%m%d-%H%M%S")).filter(|folder| !folder.is_empty());
    format!("{}_{}.eml", folder.as_deref().unwrap_or("undated/undated"), row.mail_id)
}
