//! Records of a file, whatever its format.

use std::io::{BufRead as _, BufReader, Read};

use model::RecordKind;

use crate::{Columns, Error, Record, RowError, Table, cards, columns_of, csv, record, table};

/// Records of a file, one after the other.
pub struct Records<'a> {
    kind: RecordKind,
    inner: Inner<'a>,
}

enum Inner<'a> {
    Table(Box<Table<'a>>, Columns),
    Cards(std::iter::Enumerate<std::vec::IntoIter<Result<Record, RowError>>>),
}

/// A record, or what is wrong with it, with the number of its row (or card) from 1.
pub type Numbered = (u64, Result<Record, RowError>);

impl<'a> Records<'a> {
    /// Opens a CSV file, a workbook or a file of vCards, by its content. `map`: see [`Columns::find`].
    ///
    /// # Errors
    /// `Io`, `Empty`, `Workbook`, `RowTooLong`, `Map`, `ColumnMissing`, `OnlyContacts`.
    pub fn open(kind: RecordKind, input: impl Read + 'a, map: &str) -> Result<Self, Error> {
        let mut input = BufReader::with_capacity(64 << 10, input);
        if cards::begins(input.fill_buf()?) {
            if kind != RecordKind::Contact {
                return Err(Error::OnlyContacts);
            }
            let octets = table::whole(input)?;
            let cards = cards::read(&csv::text(octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&octets)));
            return Ok(Self { kind, inner: Inner::Cards(cards.into_iter().enumerate()) });
        }
        let table = Table::open(input)?;
        let columns = Columns::find(columns_of(kind), table.header(), map)?;
        Ok(Self { kind, inner: Inner::Table(Box::new(table), columns) })
    }

    /// Names of the columns; none for vCards.
    pub fn header(&self) -> &[String] {
        match &self.inner {
            Inner::Table(table, _) => table.header(),
            Inner::Cards(_) => &[],
        }
    }

    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// `Io`, `RowTooLong`.
    pub fn next_record(&mut self) -> Result<Option<Numbered>, Error> {
        match &mut self.inner {
            Inner::Table(table, columns) => Ok(table.next_row()?.map(|row| {
                let read =
                    if row.cut { Err(RowError::CutOff) } else { record(self.kind, columns, &row.cells) };
                (row.number, read)
            })),
            Inner::Cards(cards) => Ok(cards.next().map(|(at, card)| (at as u64 + 1, card))),
        }
    }
}
