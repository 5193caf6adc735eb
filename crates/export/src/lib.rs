//! Mails written as files that other programs read.
//!
//! In: rows about mails, one after the other, and for some formats the octets of each. Out: one file, or a folder of files, written as
//! the rows come; memory does not grow with their number. It knows neither archive nor database, and asks nobody.
//!
//! | format | what is written |
//! | --- | --- |
//! | [`Format::Eml`] | a folder with a file a mail, exactly its octets, by year and month, and `index.csv` |
//! | [`Format::Zip`] | the same in one file |
//! | [`Format::Mbox`] | one file in which `From ` lines part the mails; lines that begin like one are quoted (`mboxrd`), line ends are LF: to be read by mail programs, not to be compared |
//! | [`Format::Csv`] | a line a mail, UTF-8 with its mark, comma, cells in quotes |
//! | [`Format::Xlsx`] | a line a mail; another sheet when one is full |
//! | [`Format::Xml`] | an element a mail |
//! | [`Format::Sql`] | tables and rows of standard SQL |
//!
//! [`pdf()`] writes documents for people. No cell begins like a formula: such text is marked as text. Times are UTC.

mod csv;
mod eml;
mod handover;
mod mbox;
mod pdf;
mod row;
mod sql;
mod table;
mod target;
pub mod tree;
mod xlsx;
mod xml;
mod zip;

pub use csv::{Csv, line as csv_line};
pub use eml::Folder;
pub use handover::{Handover, Supplier};
pub use mbox::Mbox;
pub use pdf::{Block, Paper, PdfError, Section, pdf};
pub use row::{Attachment, Link, Party, Place, Role, Row, file_name};
pub use sql::Sql;
pub use table::{Cell, workbook};
pub use target::{Format, Octets, Writer, writer};
pub use xlsx::Xlsx;
pub use xml::Xml;
pub use zip::Zip;

#[cfg(test)]
mod tests;
