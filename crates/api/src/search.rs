//! Search.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::MessageRow;

/// Order of hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchSort {
    /// Newest first.
    #[default]
    Date,
    /// Best first.
    Relevance,
}

/// What is searched.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, `from:` and the other search words, quotes for phrases, `-` excludes, `OR`.
    #[param(max_length = 2000)]
    pub q: String,
    /// Order.
    #[param(inline)]
    pub sort: SearchSort,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Which mails, and how.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// As in the search; all mails without it.
    #[serde(default)]
    #[param(max_length = 2000)]
    pub q: String,
    /// How they are written.
    #[param(inline)]
    pub format: ExportFormat,
    /// Only mails with an effective date on or after this day, `2025-01-01`.
    #[serde(default)]
    #[param(max_length = 10)]
    pub from: Option<String>,
    /// Only mails with an effective date on or before this day.
    #[serde(default)]
    #[param(max_length = 10)]
    pub until: Option<String>,
    /// The approval that lets so many mails out, see `export/check`.
    #[serde(default)]
    pub approval: Option<uuid::Uuid>,
}

/// What an export would hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportCheck {
    /// Mails that can be found by the query, as far as the caller may read them.
    pub mails: u64,
    /// A second person has to approve so many.
    pub needs_approval: bool,
}

/// Asks a second person for an export.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportRequest {
    /// As in the search; all mails without it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub q: String,
    /// How they are written.
    pub format: ExportFormat,
    /// Only mails with an effective date on or after this day.
    #[serde(default)]
    #[schema(max_length = 10)]
    pub from: Option<String>,
    /// Only mails with an effective date on or before this day.
    #[serde(default)]
    #[schema(max_length = 10)]
    pub until: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// Formats of files: the first two and the last hold the mails, the others say what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// Files of mails in one, with a list.
    Zip,
    /// One file in which `From ` lines part the mails.
    Mbox,
    /// A line a mail.
    Csv,
    /// The same as a workbook.
    Xlsx,
    /// An element a mail.
    Xml,
    /// Tables and rows.
    Sql,
    /// Handover of data to auditors: a ZIP with `index.xml`, tables, mails and what proves them. For administrators.
    Z3,
    /// Senders as lines; asked for by the query of `senders/export`, fetched there.
    #[serde(rename = "senders_csv")]
    SendersCsv,
    /// The same as a workbook.
    #[serde(rename = "senders_xlsx")]
    SendersXlsx,
    /// Attachments; asked for by the query of `media/export`, fetched there.
    Attachments,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Piece {
    /// Plain text.
    pub text: String,
    /// Matches the query.
    pub hit: bool,
}

/// A message found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// The message, as in lists.
    #[serde(flatten)]
    pub row: MessageRow,
    /// Where the words stand.
    pub snippet: Vec<Piece>,
}

/// One value and how many hits have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facet {
    /// A kind, an account's key, a year, `true` or `false`.
    pub value: String,
    /// Hits.
    pub count: u64,
}

/// Hits by what one may narrow them down to; most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facets {
    /// By kind.
    pub kind: Vec<Facet>,
    /// By account, of those the caller may read.
    pub account: Vec<Facet>,
    /// By year, newest first.
    pub year: Vec<Facet>,
    /// With and without attachments.
    pub has_attachment: Vec<Facet>,
}

/// Answer to a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchAnswer {
    /// Hits in all.
    pub total: u64,
    /// How long it took.
    pub seconds: f64,
    /// In the order asked for.
    pub items: Vec<SearchHit>,
    /// Counts over all hits; only with the first page.
    pub facets: Option<Facets>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
    /// Search words of the query that do not exist yet, such as `tag:`; they match nothing.
    pub unsupported: Vec<String>,
}
