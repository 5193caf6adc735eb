//! Rows of a file, whatever its format.

use std::io::{BufRead, BufReader, Cursor, Read};

use calamine::{Reader as _, Xlsx};

use crate::Error;
use crate::csv::{self, Reader};

/// Largest workbook and largest UTF-16 file, octets: they are read as a whole.
const WHOLE_MAX: u64 = 256 << 20;

/// A row and its number in the file, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub number: u64,
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
        if start.starts_with(b"PK\x03\x04") {
            return Self::workbook(whole(input)?);
        }
        let mut input: Box<dyn BufRead + 'a> =
            if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
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

    fn workbook(octets: Vec<u8>) -> Result<Self, Error> {
        let failed = |error: calamine::XlsxError| Error::Workbook { reason: error.to_string() };
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(octets)).map_err(failed)?;
        let range = book.worksheet_range_at(0).ok_or(Error::Empty)?.map_err(failed)?;
        let mut rows: Vec<Vec<String>> = range
            .rows()
            .map(|row| row.iter().map(|cell| cell.to_string().trim().to_owned()).collect())
            .collect();
        if rows.is_empty() {
            return Err(Error::Empty);
        }
        let header = rows.remove(0);
        Ok(Self { header, rows: Rows::Sheet { rows: rows.into_iter(), number: 1 } })
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
                Ok(cells.map(|cells| Row { number: reader.number(), cells }))
            }
            Rows::Sheet { rows, number } => Ok(rows.find_map(|cells| {
                *number += 1;
                cells.iter().any(|cell| !cell.is_empty()).then_some(Row { number: *number, cells })
            })),
        }
    }
}

fn whole(input: impl Read) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::new();
    input.take(WHOLE_MAX + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > WHOLE_MAX {
        return Err(Error::Workbook { reason: format!("more than {} MiB", WHOLE_MAX >> 20) });
    }
    Ok(octets)
}
