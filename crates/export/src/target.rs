//! The formats, and what writes them.

use std::io;

use crate::csv::Csv;
use crate::mbox::Mbox;
use crate::row::Row;
use crate::sql::Sql;
use crate::xlsx::Xlsx;
use crate::xml::Xml;
use crate::zip::Zip;

/// How mails are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A folder with a file a mail.
    Eml,
    /// One file with `From ` lines.
    Mbox,
    /// Files of mails in one.
    Zip,
    /// Text with commas.
    Csv,
    /// A workbook.
    Xlsx,
    /// Elements.
    Xml,
    /// Statements.
    Sql,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Eml, Self::Mbox, Self::Zip, Self::Csv, Self::Xlsx, Self::Xml, Self::Sql];

    /// Its word, which is also the ending of its files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eml => "eml",
            Self::Mbox => "mbox",
            Self::Zip => "zip",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Xml => "xml",
            Self::Sql => "sql",
        }
    }

    /// The one of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// Its media type; a folder has none.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Eml => "application/octet-stream",
            Self::Mbox => "application/mbox",
            Self::Zip => "application/zip",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Xml => "application/xml",
            Self::Sql => "application/sql",
        }
    }

    /// Whether the octets of the mails go in, not only what is said about them.
    pub const fn has_octets(self) -> bool {
        matches!(self, Self::Eml | Self::Mbox | Self::Zip)
    }
}

/// What writes a format into one file; a folder is written by [`Folder`](crate::Folder), so of [`Format::Eml`] this is what is
/// said about the mails.
///
/// # Errors
/// Those of the file.
pub fn writer<'a, W: io::Write + 'a>(format: Format, out: W) -> io::Result<Box<dyn Writer + 'a>> {
    Ok(match format {
        Format::Zip => Box::new(Zip::new(out)?),
        Format::Mbox => Box::new(Mbox::new(out)),
        Format::Xlsx => Box::new(Xlsx::new(out)),
        Format::Xml => Box::new(Xml::new(out)?),
        Format::Sql => Box::new(Sql::new(out)?),
        Format::Csv | Format::Eml => Box::new(Csv::new(out)?),
    })
}

/// The octets of a mail, copied to where they belong when it is their turn.
pub type Octets<'a> = dyn FnMut(&mut dyn io::Write) -> io::Result<()> + 'a;

/// Takes mails one after the other.
pub trait Writer {
    /// Writes a mail; `octets` is called at most once, and only by formats that [`Format::has_octets`].
    ///
    /// # Errors
    /// Those of the file, and of `octets`: what was written so far is of no use then.
    fn mail(&mut self, row: &Row, octets: &mut Octets<'_>) -> io::Result<()>;

    /// Writes what stands behind the last mail. Without it the export is not complete.
    ///
    /// # Errors
    /// Those of the file.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
