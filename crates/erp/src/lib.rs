//! Records of an ERP or of a members' register, read from where they are.
//!
//! In: the octets of a CSV file, a workbook or vCards, and which column means what; or a database and a `SELECT`; or an address book of a `CardDAV` server. Out: records, one a row, and for rows
//! that make no sense what is wrong with them. Delimiter and encoding are found out. It keeps nothing and knows no mail.

mod cards;
mod columns;
mod csv;
mod date;
mod dav;
mod error;
mod record;
mod records;
mod sql;
mod table;

pub use cards::read as cards_of;
pub use columns::Columns;
pub use date::date;
pub use dav::{Book, BookChanges, Card, Dav, DavError, DavServer, KnownBook};
pub use error::{Error, RowError};
pub use record::{Record, boolean, columns_of, record};
pub use records::{Numbered, Records};
pub use sql::{SqlEngine, SqlError, SqlItem, SqlServer, SqlTls, may_write, read_rows, with_watermark};
pub use table::{Row, Table};

#[cfg(test)]
mod tests;
