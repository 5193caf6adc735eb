//! Where files are read: a folder, or a ZIP.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Octets of a file of the proof at most; segments and mails are read in pieces.
const FILE_MAX: u64 = 64 << 20;

pub(crate) enum Source {
    Folder(Folder),
    Zip(Zip),
}

/// A data directory.
pub(crate) struct Folder {
    /// It.
    pub(crate) dir: PathBuf,
}

pub(crate) type Zip = zip::ZipArchive<io::BufReader<File>>;

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        if path.is_dir() {
            return Ok(Self::Folder(Folder { dir: path.to_owned() }));
        }
        let file = File::open(path).map_err(|error| failed(&error))?;
        zip::ZipArchive::new(io::BufReader::new(file)).map(Self::Zip).map_err(|error| failed(&error))
    }

    /// Where the public key lies.
    pub(crate) const fn key_name(&self) -> &'static str {
        match self {
            Self::Folder(_) => "log/key.pub",
            Self::Zip(_) => "key.pub",
        }
    }

    /// A file; `None` if it is not there.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::Folder(folder) => folder.read(name),
            Self::Zip(zip) => read_zip(zip, name),
        }
    }
}

/// A file of a ZIP; `None` if it is not there.
pub(crate) fn read_zip(zip: &mut Zip, name: &str) -> Result<Option<Vec<u8>>, String> {
    let entry = match zip.by_name(name) {
        Ok(entry) => entry,
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(format!("{name}: {error}")),
    };
    let mut octets = Vec::new();
    entry.take(FILE_MAX).read_to_end(&mut octets).map_err(|error| format!("{name}: {error}"))?;
    Ok(Some(octets))
}

impl Folder {
    /// A file; `None` if it is not there.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.dir.join(name);
        match File::open(&path) {
            Ok(file) => {
                let mut octets = Vec::new();
                let read = file.take(FILE_MAX).read_to_end(&mut octets);
                read.map(|_| Some(octets)).map_err(|error| format!("{}: {error}", path.display()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Names in a folder, sorted; none if it is not there.
    pub(crate) fn names(&self, folder: &str) -> Result<Vec<String>, String> {
        let path = self.dir.join(folder);
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }
}
