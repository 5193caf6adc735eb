//! Records of the ERP, where they come from, and the runs that brought them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{Timestamp, Trust};

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErpKind {
    /// Customer, member, supplier.
    Contact,
    /// Order.
    Order,
    /// Quote.
    Quote,
    /// Item.
    Item,
}

impl From<ErpKind> for model::RecordKind {
    fn from(kind: ErpKind) -> Self {
        match kind {
            ErpKind::Contact => Self::Contact,
            ErpKind::Order => Self::Order,
            ErpKind::Quote => Self::Quote,
            ErpKind::Item => Self::Item,
        }
    }
}

impl From<model::RecordKind> for ErpKind {
    fn from(kind: model::RecordKind) -> Self {
        match kind {
            model::RecordKind::Contact => Self::Contact,
            model::RecordKind::Order => Self::Order,
            model::RecordKind::Quote => Self::Quote,
            model::RecordKind::Item => Self::Item,
        }
    }
}

/// A record of the ERP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpRecord {
    /// What it is.
    pub kind: ErpKind,
    /// Number in the ERP, unique within its kind.
    pub number: String,
    /// Name; may be empty.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Addresses, lower case; the first one is the one to write to.
    pub email: Vec<String>,
    /// Number of its contact.
    pub contact: Option<String>,
    /// Number of its quote.
    pub quote: Option<String>,
    /// Numbers of its items.
    pub items: Vec<String>,
    /// Further numbers it is known by.
    pub references: Vec<String>,
    /// Of an order or a quote.
    pub date: Option<Timestamp>,
    /// In the words of the ERP.
    pub state: String,
    /// Where the ERP shows it; may be empty.
    pub url: String,
    /// Further fields.
    pub extra: BTreeMap<String, String>,
    /// When it was first seen.
    pub known: Timestamp,
    /// Its source does not name it any more.
    pub vanished: bool,
}

const fn yes() -> bool {
    true
}

/// What a record is to be; what is absent is empty.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpRecordRequest {
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Whether it is active.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub active: bool,
    /// Addresses; the first one is the one to write to.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub email: Vec<String>,
    /// Number of its contact.
    #[serde(default)]
    pub contact: Option<String>,
    /// Number of its quote.
    #[serde(default)]
    pub quote: Option<String>,
    /// Numbers of its items.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub items: Vec<String>,
    /// Further numbers it is known by.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub references: Vec<String>,
    /// Of an order or a quote: a day (`2026-03-02`) or a time, ISO 8601; without an offset it is UTC.
    #[serde(default)]
    pub date: Option<String>,
    /// In the words of the ERP.
    #[serde(default)]
    pub state: String,
    /// Where the ERP shows it: http or https.
    #[serde(default)]
    pub url: String,
    /// Further fields.
    #[serde(default)]
    pub extra: BTreeMap<String, String>,
}

/// A line of a batch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErpLineRequest {
    /// What it is.
    pub kind: ErpKind,
    /// Its number.
    pub number: String,
    /// The rest.
    #[serde(flatten)]
    pub record: ErpRecordRequest,
}

/// Which records.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ErpRecordQuery {
    /// Only of this kind.
    pub kind: Option<ErpKind>,
    /// What a number, a reference, an address or a word of the name begins with; such an answer has one page. Without it
    /// `kind` is needed, and all are listed by number.
    pub q: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A page of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpRecordPage {
    /// By number, or what fits best first.
    pub items: Vec<ErpRecord>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// How a batch is taken.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ErpBatchQuery {
    /// The session it belongs to.
    pub session: Option<Uuid>,
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpLineError {
    /// Line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub text: String,
}

/// What a batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpBatchAnswer {
    /// Lines with something in them.
    pub seen: u64,
    /// Records not here before.
    pub new: u64,
    /// Records that were different.
    pub changed: u64,
    /// Records that were the same.
    pub same: u64,
    /// Lines that were not taken; the others were.
    pub failed: u64,
    /// The first 100 of them.
    pub errors: Vec<ErpLineError>,
}

fn rest() -> String {
    "REST".to_owned()
}

/// A session: everything there is of some kinds, in any number of batches.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpSessionRequest {
    /// Kinds of which everything is sent.
    #[schema(min_items = 1)]
    pub kinds: Vec<ErpKind>,
    /// Name of the source, made if there is none; sources do not make each other's records vanish.
    #[serde(default = "rest")]
    #[schema(default = "REST")]
    pub source: String,
}

/// How a run ends, or an import is taken.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ErpFinishQuery {
    /// More than 20 % of the records may vanish.
    pub allow: bool,
}

/// A file sent as it is.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ErpFileQuery {
    /// What its rows are.
    pub kind: ErpKind,
    /// Its name, for the log.
    #[serde(default)]
    pub name: String,
    /// Which column means what: lines `our name = name in the file`.
    #[serde(default)]
    pub map: String,
    /// More than 20 % of the records may vanish.
    #[serde(default)]
    pub allow: bool,
    /// It holds a part of the records: none vanish.
    #[serde(default)]
    pub partial: bool,
}

/// What was wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpNote {
    /// Row, from 1.
    pub row: u64,
    /// `number` (missing), `boolean`, `too-long`, `cut-off`; the row was taken: `unusable`, `duplicate`.
    pub what: String,
    /// The number, the value or our name of the column.
    pub value: String,
}

/// A run of a source, an import by hand, or a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpRun {
    /// Its id; of a session what batches name.
    pub id: Uuid,
    /// The file or the source.
    pub what: String,
    /// Kinds of its records.
    pub kinds: Vec<ErpKind>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; null: it has not.
    pub ended: Option<Timestamp>,
    /// Records not here before.
    pub new: u64,
    /// Records that were different.
    pub changed: u64,
    /// Records that were the same.
    pub same: u64,
    /// Records it did not name any more.
    pub vanished: u64,
    /// Rows that make no sense. While there are any nothing vanishes.
    pub failed: u64,
    /// Addresses, dates and web addresses that are none.
    pub unusable: u64,
    /// Rows whose number came before; the last one counts.
    pub duplicates: u64,
    /// So many records would have vanished, and nobody has allowed it.
    pub held: u64,
    /// Of so many.
    pub held_of: u64,
    /// Why it failed; null if it did not.
    pub error: Option<String>,
    /// What was wrong with single rows, the first 100.
    pub notes: Vec<ErpNote>,
}

/// Which runs.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ErpRunQuery {
    /// Only of this source.
    pub source: Option<Uuid>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A page of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpRunPage {
    /// Newest first.
    pub items: Vec<ErpRun>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErpSourceType {
    /// What others send over this API.
    Rest,
    /// A file below the folder `erp` of the data directory.
    File,
    /// A PostgreSQL database.
    Postgres,
    /// A MySQL or MariaDB database.
    Mysql,
    /// Address books of a `CardDAV` server.
    Carddav,
}

/// A file that is read when it has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpFile {
    /// Below the folder `erp` of the data directory.
    pub path: String,
    /// What its rows are.
    pub kind: ErpKind,
    /// Which column means what: lines `our name = name in the file`.
    #[serde(default)]
    pub map: String,
    /// It holds a part of the records: none vanish.
    #[serde(default)]
    pub partial: bool,
}

/// A statement that gives records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpStatement {
    /// What its rows are.
    pub kind: ErpKind,
    /// One `SELECT` with our names of the columns. `{watermark}` stands for the largest value that the column `watermark` had.
    pub sql: String,
    /// What `{watermark}` is at first.
    #[serde(default)]
    pub watermark_start: String,
}

const fn seconds() -> u32 {
    600
}

const fn rows() -> u64 {
    5_000_000
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpSql {
    /// Server.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// Login name; it should have the right to read only.
    pub login: String,
    /// TLS. Without it nothing protects what is read.
    #[serde(default = "yes")]
    pub tls: bool,
    /// Certificates believed; a pin is none here.
    #[serde(default)]
    pub trust: Trust,
    /// At most one for each kind.
    pub statements: Vec<ErpStatement>,
    /// A statement may take so long, seconds.
    #[serde(default = "seconds")]
    pub timeout_seconds: u32,
    /// A statement may give so many rows.
    #[serde(default = "rows")]
    pub rows_max: u64,
}

/// An address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpBook {
    /// Its path on the server.
    pub path: String,
    /// Its name there.
    pub name: String,
}

/// Address books of a `CardDAV` server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpDav {
    /// Any address on the server, with `https://`: of an address book, of a user, or of the server alone.
    pub url: String,
    /// Login name.
    pub login: String,
    /// Certificates believed; a pin is none here.
    #[serde(default)]
    pub trust: Trust,
    /// Those to be read; empty: all of the login.
    #[serde(default)]
    pub books: Vec<ErpBook>,
    /// A run may take so long, seconds.
    #[serde(default = "seconds")]
    pub timeout_seconds: u32,
}

/// A source of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpSource {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is.
    pub r#type: ErpSourceType,
    /// Minutes between two runs; 0: only when asked. A file is read whenever it has changed.
    pub every_minutes: u32,
    /// Whether it runs by itself.
    pub active: bool,
    /// Of a file.
    pub file: Option<ErpFile>,
    /// Of a database.
    pub sql: Option<ErpSql>,
    /// Of a `CardDAV` server.
    pub dav: Option<ErpDav>,
    /// Whether a password is kept.
    pub password_set: bool,
    /// When it runs next; null: when asked.
    pub next_run: Option<Timestamp>,
    /// Its last run.
    pub last_run: Option<ErpRun>,
}

/// All sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpSourceList {
    /// By name.
    pub items: Vec<ErpSource>,
    /// The folder that files lie in.
    pub folder: String,
    /// Records of each kind that have not vanished.
    pub counts: BTreeMap<String, u64>,
}

/// What a source is to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpSourceRequest {
    /// Its name.
    #[schema(max_length = 200)]
    pub name: String,
    /// What it is.
    pub r#type: ErpSourceType,
    /// Minutes between two runs; 0: only when asked.
    #[serde(default)]
    pub every_minutes: u32,
    /// Whether it runs by itself.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub active: bool,
    /// Of a file.
    #[serde(default)]
    pub file: Option<ErpFile>,
    /// Of a database.
    #[serde(default)]
    pub sql: Option<ErpSql>,
    /// Of a `CardDAV` server.
    #[serde(default)]
    pub dav: Option<ErpDav>,
    /// Of a database or a `CardDAV` server; absent: as before.
    #[serde(default)]
    pub password: Option<String>,
}

/// A source to try.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpSourceTest {
    /// Its settings.
    pub settings: ErpSourceRequest,
    /// The one whose password is used if none is given.
    #[serde(default)]
    pub source: Option<Uuid>,
}

/// What a trial of a statement or a file found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpStatementTried {
    /// What its rows are.
    pub kind: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The first rows.
    pub rows: Vec<Vec<String>>,
    /// What is wrong; null: nothing.
    pub error: Option<String>,
}

/// What a trial of a source found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpSourceTried {
    /// Nothing is wrong.
    pub ok: bool,
    /// Why it could not be reached; null: it could.
    pub error: Option<String>,
    /// The login may write: it should not.
    pub may_write: bool,
    /// Nothing protects the connection.
    pub unprotected: bool,
    /// Address books that are there, by path.
    pub books: Vec<ErpBook>,
    /// Each statement; of address books, each that is read.
    pub statements: Vec<ErpStatementTried>,
}

/// A field that would be different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpField {
    /// Our name of the column.
    pub field: String,
    /// As it is.
    pub before: String,
    /// As it would be.
    pub after: String,
}

/// A record that would be different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpDifference {
    /// Its number.
    pub number: String,
    /// What would be different; empty if it had vanished and comes again.
    pub fields: Vec<ErpField>,
}

/// What an import of a file would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErpPreview {
    /// Columns of the file.
    pub columns: Vec<String>,
    /// Records not here yet.
    pub new: u64,
    /// Records that are different.
    pub changed: u64,
    /// Records that are the same.
    pub same: u64,
    /// Records imported by hand before that are not in the file.
    pub vanished: u64,
    /// So many may not vanish without being allowed.
    pub asks: bool,
    /// Rows that make no sense.
    pub failed: u64,
    /// Rows whose number came before.
    pub duplicates: u64,
    /// Numbers of the first 50 new ones.
    pub first_new: Vec<String>,
    /// The first 50 changed ones.
    pub first_changed: Vec<ErpDifference>,
    /// Numbers of the first 50 that would vanish.
    pub first_vanished: Vec<String>,
    /// What is wrong with single rows, the first 100.
    pub notes: Vec<ErpNote>,
}
