//! A table that is not about mails, as a workbook.

use std::io::{self, BufWriter, Seek as _, Write};

use model::UnixMillis;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::xlsx::{LINES_MAX, moment, shortened};

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text, whatever it looks like.
    Text(String),
    /// A number.
    Number(u64),
    /// A moment, UTC.
    At(UnixMillis),
}

/// Writes a workbook with one sheet; what is beyond its last line is left out. Lines wait in a temporary file.
///
/// # Errors
/// Those of `rows` and of `out`.
pub fn workbook<W: Write>(
    mut out: W,
    name: &str,
    header: &[&str],
    mut rows: impl FnMut() -> io::Result<Option<Vec<Cell>>>,
) -> io::Result<()> {
    let mut book = Workbook::new();
    let mut write = || -> Result<(), XlsxError> {
        let (date, head) = (Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"), Format::new().set_bold());
        let sheet = book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, name) in (0_u16..).zip(header) {
            sheet.write_string_with_format(0, column, *name, &head)?;
        }
        for line in 1..LINES_MAX {
            let Some(cells) = rows().map_err(XlsxError::IoError)? else { break };
            for (column, cell) in (0_u16..).zip(cells) {
                match cell {
                    Cell::Text(text) if text.is_empty() => continue,
                    Cell::Text(text) => sheet.write_string(line, column, shortened(&text))?,
                    Cell::Number(number) => sheet.write_number(line, column, number as f64)?,
                    Cell::At(at) => match moment(at) {
                        Some(at) => sheet.write_datetime_with_format(line, column, at, &date)?,
                        None => continue,
                    },
                };
            }
        }
        Ok(())
    };
    write().map_err(io::Error::other)?;
    let mut whole = tempfile::tempfile()?;
    book.save_to_writer(BufWriter::new(&mut whole)).map_err(io::Error::other)?;
    whole.rewind()?;
    io::copy(&mut whole, &mut out)?;
    out.flush()
}
