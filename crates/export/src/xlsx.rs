//! A workbook, a line a mail.

use std::io::{self, BufWriter, Seek as _, Write};

use model::UnixMillis;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::row::{COLUMNS, Row};
use crate::target::{Octets, Writer};

/// Lines of a sheet, its head included; more is not allowed.
pub(crate) const LINES_MAX: u32 = 1_048_576;
/// Characters of a cell; more is not allowed.
const CELL_MAX: usize = 32_767;

/// Writes a workbook. Lines wait in a temporary file, so that memory does not grow with them.
pub struct Xlsx<W> {
    out: W,
    book: Workbook,
    /// Lines of the sheet that is being written; none yet: the first one.
    lines: u32,
    sheet: Option<usize>,
    lines_max: u32,
    date: Format,
    head: Format,
}

impl<W: Write> Xlsx<W> {
    /// Begins a workbook, which is written to `out` at the end.
    pub fn new(out: W) -> Self {
        Self::with(out, LINES_MAX)
    }

    pub(crate) fn with(out: W, lines_max: u32) -> Self {
        let date = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let head = Format::new().set_bold();
        Self { out, book: Workbook::new(), lines: 0, sheet: None, lines_max, date, head }
    }

    fn sheet(&mut self) -> Result<&mut Worksheet, XlsxError> {
        let sheet = match self.sheet {
            Some(sheet) if self.lines < self.lines_max => sheet,
            _ => self.begin_sheet()?,
        };
        self.book.worksheet_from_index(sheet)
    }

    fn begin_sheet(&mut self) -> Result<usize, XlsxError> {
        let next = self.sheet.map_or(0, |sheet| sheet + 1);
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(if next == 0 { "mails".to_owned() } else { format!("mails {}", next + 1) })?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, name) in (0_u16..).zip(COLUMNS) {
            sheet.write_string_with_format(0, column, name, &self.head)?;
        }
        (self.sheet, self.lines) = (Some(next), 1);
        Ok(next)
    }

    fn write(&mut self, row: &Row) -> Result<(), XlsxError> {
        let (date, cells) = (self.date.clone(), row.cells());
        self.sheet()?;
        let line = self.lines;
        let sheet = self.sheet()?;
        for (column, (name, cell)) in (0_u16..).zip(COLUMNS.iter().zip(&cells)) {
            match (*name, row.date.and_then(moment)) {
                ("date", Some(at)) => sheet.write_datetime_with_format(line, column, at, &date)?,
                ("octets", _) => sheet.write_number(line, column, row.octets as f64)?,
                _ if cell.is_empty() => continue,
                _ => sheet.write_string(line, column, shortened(cell))?,
            };
        }
        self.lines += 1;
        Ok(())
    }
}

/// As workbooks count time; `None` before 1900, which they do not know.
pub(crate) fn moment(at: UnixMillis) -> Option<ExcelDateTime> {
    ExcelDateTime::from_timestamp(at.0.div_euclid(1000)).ok()
}

/// Texts are counted in units of UTF-16.
pub(crate) fn shortened(cell: &str) -> String {
    let mut room = CELL_MAX;
    let end = cell.char_indices().find(|(_, c)| match room.checked_sub(c.len_utf16()) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    });
    match end {
        Some((at, _)) => {
            let kept = cell[..at].char_indices().next_back().map_or(0, |(at, _)| at);
            format!("{}…", &cell[..kept])
        }
        None => cell.to_owned(),
    }
}

impl<W: Write> Writer for Xlsx<W> {
    fn mail(&mut self, row: &Row, _: &mut Octets<'_>) -> io::Result<()> {
        self.write(row).map_err(io::Error::other)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.sheet.is_none() {
            self.begin_sheet().map_err(io::Error::other)?;
        }
        // The workbook is written at its end and goes back to its beginning, which `out` may not be able to do.
        let mut whole = tempfile::tempfile()?;
        self.book.save_to_writer(BufWriter::new(&mut whole)).map_err(io::Error::other)?;
        whole.rewind()?;
        io::copy(&mut whole, &mut self.out)?;
        self.out.flush()
    }
}
