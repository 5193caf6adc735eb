//! A line a mail, with commas (RFC 4180).

use std::io::{self, Write};

use crate::row::{COLUMNS, Row};
use crate::target::{Octets, Writer};

/// One line: cells in quotes, none of which a spreadsheet takes for a formula.
pub fn line(cells: &[&str]) -> String {
    let mut line = cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// A cell that begins like a formula begins with an apostrophe instead.
pub(crate) fn quoted(cell: &str) -> String {
    let harmless = !cell
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let mark = if harmless { "" } else { "'" };
    format!("\"{mark}{}\"", cell.replace('"', "\"\""))
}

/// Writes lines.
pub struct Csv<W> {
    out: W,
}

impl<W: Write> Csv<W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all("\u{feff}".as_bytes())?;
        out.write_all(line(&COLUMNS).as_bytes())?;
        Ok(Self { out })
    }
}

/// The line of a mail.
pub(crate) fn row_line(row: &Row) -> String {
    let cells = row.cells();
    line(&cells.each_ref().map(String::as_str))
}

impl<W: Write> Writer for Csv<W> {
    fn mail(&mut self, row: &Row, _: &mut Octets<'_>) -> io::Result<()> {
        self.out.write_all(row_line(row).as_bytes())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let check = |cell: &str, expected: &str| assert_eq!(line(&[cell]), format!("{expected}\r\n"));
        check("a@b.example", "\"a@b.example\"");
        check("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
        for begin in ["+", "-", "@", "\t", "\r"] {
            check(&format!("{begin}1"), &format!("\"'{begin}1\""));
        }
        check("a \"b\"", "\"a \"\"b\"\"\"");
        assert_eq!(line(&["", "b"]), "\"\",\"b\"\r\n");
    }
}
