//! A folder with a file a mail.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::csv::Csv;
use crate::row::{Row, file_name};
use crate::target::{Octets, Writer};

/// Name of the list beside the mails.
pub(crate) const INDEX: &str = "index.csv";

/// Writes files below a folder.
pub struct Folder {
    at: PathBuf,
    index: Csv<BufWriter<File>>,
}

impl Folder {
    /// Begins the list in `at`, a folder that exists.
    ///
    /// # Errors
    /// Those of the folder.
    pub fn new(at: &Path) -> io::Result<Self> {
        let index = Csv::new(BufWriter::new(File::create_new(at.join(INDEX))?))?;
        Ok(Self { at: at.to_owned(), index })
    }
}

impl Writer for Folder {
    fn mail(&mut self, row: &Row, octets: &mut Octets<'_>) -> io::Result<()> {
        let at = self.at.join(file_name(row));
        if let Some(folder) = at.parent() {
            fs::create_dir_all(folder)?;
        }
        octets(&mut File::create_new(at)?)?;
        self.index.mail(row, octets)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Box::new(self.index).finish()
    }
}
