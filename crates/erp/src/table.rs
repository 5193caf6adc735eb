//! Rows of a file, whatever its format.

use std::io::{BufRead, BufReader, Cursor, Read};

use calamine::{Data, Ods, Range, Reader as _, Xls, Xlsx};

use crate::Error;
use crate::csv::{self, Reader};

/// Largest workbook and largest UTF-16 file, octets: they are read as a whole.
const WHOLE_MAX: u64 = 256 << 20;

/// A row and its number in the file, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub number: u64,
    /// The file ends within it.
    pub cut: bool,
    /// Its cells, as text.
    pub cells: Vec<String>,
}

/// A table with a header row.
pub struct Table<'a> {
    header: Vec<String>,
    rows: Rows<'a>,
}

enum Rows<'a> {
    Csv(Reader<Box<dyn BufRead + 'a>>),
    Sheet { rows: std::vec::IntoIter<Vec<String>>, number: u64 },
}

impl<'a> Table<'a> {
    /// Opens a CSV file or a workbook (its first sheet), by its content.
    ///
    /// # Errors
    /// `Io`, `Empty`, `Workbook`, `RowTooLong`.
    pub fn open(input: impl Read + 'a) -> Result<Self, Error> {
        let mut input = BufReader::with_capacity(64 << 10, input);
        let start = input.fill_buf()?.to_vec();
        if start.starts_with(b"PK\x03\x04") || start.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            return Self::workbook(&whole(input)?);
        }
        let mut input: Box<dyn BufRead + 'a> = if csv::is_utf16(&start) {
            let octets = whole(input)?;
            Box::new(Cursor::new(csv::from_utf16(&octets).unwrap_or(octets)))
        } else {
            Box::new(input)
        };
        if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let delimiter = csv::delimiter(input.fill_buf()?);
        let mut reader = Reader::new(input, delimiter);
        let header = reader.next()?.ok_or(Error::Empty)?;
        Ok(Self { header, rows: Rows::Csv(reader) })
    }

    fn workbook(octets: &[u8]) -> Result<Self, Error> {
        let input = Cursor::new(octets);
        // OpenDocument says what it is in its first entry.
        let range = if octets.get(30..).is_some_and(|rest| rest.starts_with(b"mimetypeapplication/vnd.oasis"))
        {
            sheet(Ods::new(input))
        } else if octets.starts_with(b"PK") {
            sheet(Xlsx::new(input))
        } else {
            sheet(Xls::new(input))
        }?;
        let first = range.start().map_or(0, |(row, _)| u64::from(row));
        let mut rows: Vec<Vec<String>> =
            range.rows().map(|row| row.iter().map(|cell| text(cell).trim().to_owned()).collect()).collect();
        if rows.is_empty() {
            return Err(Error::Empty);
        }
        let header = rows.remove(0);
        Ok(Self { header, rows: Rows::Sheet { rows: rows.into_iter(), number: first + 1 } })
    }

    /// Names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The next row with something in it; `None` at the end.
    ///
    /// # Errors
    /// `Io`, `RowTooLong`.
    pub fn next_row(&mut self) -> Result<Option<Row>, Error> {
        match &mut self.rows {
            Rows::Csv(reader) => {
                let cells = reader.next()?;
                let columns = self.header.len();
                Ok(cells.map(|cells| Row {
                    number: reader.number(),
                    cut: reader.is_cut(cells.len(), columns),
                    cells,
                }))
            }
            Rows::Sheet { rows, number } => Ok(rows.find_map(|cells| {
                *number += 1;
                cells.iter().any(|cell| !cell.is_empty()).then_some(Row {
                    number: *number,
                    cells,
                    cut: false,
                })
            })),
        }
    }
}

/// The first sheet.
fn sheet<'o, B>(book: Result<B, B::Error>) -> Result<Range<Data>, Error>
where
    B: calamine::Reader<Cursor<&'o [u8]>>,
    B::Error: std::fmt::Display,
{
    let failed = |error: B::Error| Error::Workbook { reason: error.to_string() };
    book.map_err(failed)?.worksheet_range_at(0).ok_or(Error::Empty)?.map_err(failed)
}

/// A cell as a person reads it; a date as ISO 8601 has it.
fn text(cell: &Data) -> String {
    match cell {
        Data::DateTime(at) if at.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            if (hour, minute, second) == (0, 0, 0) {
                date
            } else {
                format!("{date} {hour:02}:{minute:02}:{second:02}")
            }
        }
        other => other.to_string(),
    }
}

pub(crate) fn whole(input: impl Read) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::new();
    input.take(WHOLE_MAX + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > WHOLE_MAX {
        return Err(Error::Workbook { reason: format!("more than {} MiB", WHOLE_MAX >> 20) });
    }
    Ok(octets)
}
