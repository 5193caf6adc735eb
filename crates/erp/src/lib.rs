//! Records of an ERP or of a members' register, read from files.
//!
//! In: the octets of a CSV file or a workbook, and which column means what. Out: records, one a row, and for rows that
//! make no sense what is wrong with them. Delimiter and encoding are found out. It keeps nothing and knows no mail.

mod columns;
mod contact;
mod csv;
mod error;
mod table;

pub use columns::Columns;
pub use contact::{CONTACT_COLUMNS, Contact, boolean, contact};
pub use error::{Error, RowError};
pub use table::{Row, Table};

#[cfg(test)]
mod tests;
