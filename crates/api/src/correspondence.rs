//! Who wrote to us, and what was attached.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{Address, Timestamp};

/// Order of senders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SenderOrder {
    /// Most mails first.
    #[default]
    Count,
    /// Newest mail first.
    Last,
}

/// Which senders.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SenderQuery {
    /// Stands in address or name, whatever its case; `@example.org` finds a domain.
    #[param(max_length = 320)]
    pub search: String,
    /// `1`: those too that only ever wrote by machine, and addresses of roles such as `info`.
    #[param(minimum = 0, maximum = 1)]
    pub machines: u8,
    /// Order.
    #[param(inline)]
    pub order: SenderOrder,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// An address that wrote to us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sender {
    /// In lower case.
    pub address: String,
    /// As in its newest mail; may be empty.
    pub name: String,
    /// Mails from it, as far as the caller may read them.
    pub count: u64,
    /// Those of them that a person wrote.
    pub personal: u64,
    /// The address of a role or of a machine.
    pub role: bool,
    /// Effective date of the oldest mail.
    pub first: Timestamp,
    /// Effective date of the newest mail.
    pub last: Timestamp,
    /// It must not get circulars.
    pub suppressed: bool,
}

/// Senders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SenderPage {
    /// In the order asked for.
    pub items: Vec<Sender>,
    /// Cursor of the next page.
    pub next: Option<String>,
}

/// Formats of tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    /// A line each.
    #[default]
    Csv,
    /// A workbook.
    Xlsx,
}

/// Which senders, as a table.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SenderExportQuery {
    /// As in the list.
    #[param(max_length = 320)]
    pub search: String,
    /// As in the list.
    #[param(minimum = 0, maximum = 1)]
    pub machines: u8,
    /// As in the list.
    #[param(inline)]
    pub order: SenderOrder,
    /// How it is written.
    #[param(inline)]
    pub format: TableFormat,
    /// The approval that lets so many out, see `senders/export/check`.
    pub approval: Option<Uuid>,
}

/// What an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A PDF.
    Pdf,
    /// A text, a table, a presentation.
    Document,
    /// Files packed into one.
    Archive,
    /// Anything else.
    Other,
}

/// Which attachments.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MediaQuery {
    /// Only of this kind.
    #[param(inline)]
    pub kind: Option<MediaKind>,
    /// Stands in the file name, whatever its case.
    #[param(max_length = 320)]
    pub name: String,
    /// Stands in address or name of an author, whatever its case.
    #[param(max_length = 320)]
    pub sender: String,
    /// At least so large.
    pub octets_min: u64,
    /// Of mails not before this time.
    pub from: Option<String>,
    /// Of mails before this time.
    pub until: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Media {
    /// Its mail.
    pub mail_id: Uuid,
    /// Number of the part.
    pub part: String,
    /// What it is.
    pub kind: MediaKind,
    /// File name.
    pub name: Option<String>,
    /// Media type, as declared.
    pub content_type: String,
    /// Size.
    pub octets: u64,
    /// It is held, or nobody has looked at it yet.
    pub held: bool,
    /// Subject of the mail; may be empty.
    pub subject: String,
    /// Author of the mail.
    pub from: Option<Address>,
    /// Effective date of the mail.
    pub date: Timestamp,
}

/// Attachments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MediaPage {
    /// Those of the newest mail first.
    pub items: Vec<Media>,
    /// Cursor of the next page; a page that is not full may have one, where much was looked at and little fits.
    pub next: Option<String>,
}

/// Which attachments, as a ZIP.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MediaExportQuery {
    /// As in the list.
    #[param(inline)]
    pub kind: Option<MediaKind>,
    /// As in the list.
    #[param(max_length = 320)]
    pub name: String,
    /// As in the list.
    #[param(max_length = 320)]
    pub sender: String,
    /// As in the list.
    pub octets_min: u64,
    /// As in the list.
    pub from: Option<String>,
    /// As in the list.
    pub until: Option<String>,
    /// Only these: `<mail_id>:<part>`, separated by commas, at most 100; nothing else counts then.
    #[param(max_length = 8000)]
    pub chosen: String,
    /// The approval that lets so many out, see `media/export/check`.
    pub approval: Option<Uuid>,
}
