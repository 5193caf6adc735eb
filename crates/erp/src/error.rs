//! What can be wrong with a file and with a row.

/// A file that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Io(#[from] std::io::Error),
    /// Nothing in it.
    #[error("the file has no header row")]
    Empty,
    /// A column that must be there is missing: name it in the map.
    #[error("column {column} is missing")]
    ColumnMissing {
        /// Our name of it.
        column: &'static str,
    },
    /// The map names a column of ours that there is none of.
    #[error("line {line} of the map is not understood")]
    Map {
        /// Line, from 1.
        line: usize,
    },
    /// A row longer than is read: most likely a quote that is never closed.
    #[error("row {row} is too long")]
    RowTooLong {
        /// Row, from 1, the header included.
        row: u64,
    },
    /// vCards are contacts and nothing else.
    #[error("vCards are contacts")]
    OnlyContacts,
    /// The workbook is damaged, protected or too large.
    #[error("the workbook cannot be read: {reason}")]
    Workbook {
        /// The reader's words.
        reason: String,
    },
}

impl Error {
    /// Whether the same file may be readable later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Io(_))
    }
}

/// A row that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// No number.
    #[error("the number is missing")]
    NumberMissing,
    /// Longer, or more, than is kept.
    #[error("{column} is too long")]
    TooLong {
        /// Our name of the column.
        column: &'static str,
    },
    /// The file ends within it: it was not written to its end, or a quote is never closed.
    #[error("the file ends within this row")]
    CutOff,
    /// A cell that should say yes or no.
    #[error("neither yes nor no: {value}")]
    Boolean {
        /// The cell, shortened.
        value: String,
    },
}
