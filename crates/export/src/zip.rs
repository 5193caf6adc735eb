//! Files of mails in one ZIP file, written without going back.

use std::fs::File;
use std::io::{self, Seek as _, Write};

use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::csv;
use crate::eml::INDEX;
use crate::row::{COLUMNS, Row, file_name};
use crate::target::{Octets, Writer};

/// A mail of so many octets needs the wide fields (ZIP64) already where it begins.
const WIDE: u64 = u32::MAX as u64 - (1 << 20);

/// Writes a ZIP file.
pub struct Zip<W: Write> {
    out: ZipWriter<StreamWriter<W>>,
    /// The lines of the list, which stands behind the mails.
    index: File,
}

impl<W: Write> Zip<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of the temporary file in which the list of mails waits.
    pub fn new(out: W) -> io::Result<Self> {
        let mut index = tempfile::tempfile()?;
        index.write_all("\u{feff}".as_bytes())?;
        index.write_all(csv::line(&COLUMNS).as_bytes())?;
        Ok(Self { out: ZipWriter::new_stream(out), index })
    }

    /// Adds a file that is no mail.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn add(&mut self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.begin(name, octets.len() as u64)?;
        self.out.write_all(octets)
    }

    fn begin(&mut self, name: &str, octets: u64) -> io::Result<()> {
        let options = SimpleFileOptions::default().large_file(octets >= WIDE).unix_permissions(0o644);
        self.out.start_file(name, options).map_err(io::Error::other)
    }
}

impl<W: Write> Writer for Zip<W> {
    fn mail(&mut self, row: &Row, octets: &mut Octets<'_>) -> io::Result<()> {
        self.begin(&file_name(row), row.octets)?;
        octets(&mut self.out)?;
        self.index.write_all(csv::row_line(row).as_bytes())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let octets = self.index.stream_position()?;
        self.index.rewind()?;
        self.begin(INDEX, octets)?;
        io::copy(&mut self.index, &mut self.out)?;
        self.out.finish().map_err(io::Error::other)?.into_inner().flush()
    }
}
