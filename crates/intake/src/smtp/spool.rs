//! The content of a mail until it is durable elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{Context, SHA256};
use model::Sha256;

/// Kept in memory up to here, octets; beyond in a file without a name.
const MEMORY_MAX: usize = 256 * 1024;

/// Octets of one mail and their digest.
pub struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    octets: u64,
    digest: Context,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("octets", &self.octets).finish_non_exhaustive()
    }
}

impl Default for Spool {
    fn default() -> Self {
        Self { memory: Vec::new(), file: None, octets: 0, digest: Context::new(&SHA256) }
    }
}

impl Spool {
    /// Appends octets; `scratch` is the folder for what does not fit into memory.
    ///
    /// # Errors
    /// Of the file.
    pub fn push(&mut self, octets: &[u8], scratch: &Path) -> io::Result<()> {
        self.digest.update(octets);
        self.octets += octets.len() as u64;
        if self.file.is_none() && self.memory.len() + octets.len() > MEMORY_MAX {
            let mut file = nameless(scratch)?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            return file.write_all(octets);
        }
        self.memory.extend_from_slice(octets);
        Ok(())
    }

    /// How many octets.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Their digest.
    pub fn sha256(&self) -> Sha256 {
        let mut value = [0; 32];
        value.copy_from_slice(self.digest.clone().finish().as_ref());
        Sha256(value)
    }

    /// The octets, if they are in memory.
    pub fn in_memory(&self) -> Option<&[u8]> {
        self.file.is_none().then_some(self.memory.as_slice())
    }

    /// The octets from the beginning.
    ///
    /// # Errors
    /// Of the file.
    pub fn reader(&mut self) -> io::Result<Box<dyn Read + '_>> {
        match &mut self.file {
            Some(file) => {
                file.rewind()?;
                Ok(Box::new(file))
            }
            None => Ok(Box::new(self.memory.as_slice())),
        }
    }
}

/// A file that is gone when it is closed, whatever happens.
fn nameless(scratch: &Path) -> io::Result<File> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = scratch.join(format!("smtp-{}-{number}", std::process::id()));
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}
