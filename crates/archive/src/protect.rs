//! Sealed segments are kept from being changed by the file system: without the right to write, and where it is wanted and
//! the process may, with the attribute `i` of `chattr`. Nothing here needs them to be writable ever again: erasing
//! destroys keys, and repair concerns unsealed segments alone.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

use crate::segment::Phase;
use crate::{Archive, Error};

/// Rights to write of owner, group and others.
const WRITE: u32 = 0o222;

/// How many sealed segments are protected, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// Sealed segments whose files are there.
    pub sealed: u64,
    /// Of these, nobody has the right to write (the superuser needs none).
    pub read_only: u64,
    /// Of these, with the attribute `i`: nobody can change, rename or remove the file until it is taken away.
    pub immutable: u64,
}

/// Takes the right to write away, and sets the attribute `i` if `immutable`.
pub(crate) fn protect(path: &Path, immutable: bool) -> io::Result<()> {
    let file = File::open(path)?;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & WRITE != 0 {
        permissions.set_mode(permissions.mode() & !WRITE);
        file.set_permissions(permissions)?;
    }
    if immutable && !is_immutable(&file) {
        let flags = ioctl_getflags(&file)?;
        ioctl_setflags(&file, flags | IFlags::IMMUTABLE)?;
    }
    Ok(())
}

fn is_immutable(file: &File) -> bool {
    // A file system without such attributes has none set.
    ioctl_getflags(file).is_ok_and(|flags| flags.contains(IFlags::IMMUTABLE))
}

impl Archive {
    /// How the sealed segments are protected at this moment, as the file system says.
    ///
    /// # Errors
    /// `Io`, `Denied` if a file cannot be looked at; one that is missing is not counted.
    pub fn protection(&self) -> Result<Protection, Error> {
        let mut protection = Protection::default();
        for segment in self.0.segments() {
            if segment.state().phase != Phase::Sealed {
                continue;
            }
            let failed = |source| Error::io(&segment.path, source);
            let file = match File::open(&segment.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(failed)?,
            };
            let mode = file.metadata().map_err(failed)?.permissions().mode();
            protection.sealed += 1;
            protection.read_only += u64::from(mode & WRITE == 0);
            protection.immutable += u64::from(is_immutable(&file));
        }
        Ok(protection)
    }
}

/// Whether `dir` lies on a file system that has the attribute `i`, and this process may set it: tried with a file of its own.
pub fn can_be_immutable(dir: &Path) -> bool {
    let path = dir.join("immutable.part");
    let tried = File::create(&path).and_then(|file| {
        let flags = ioctl_getflags(&file)?;
        ioctl_setflags(&file, flags | IFlags::IMMUTABLE)?;
        ioctl_setflags(&file, flags)?;
        Ok(())
    });
    let _ = fs::remove_file(&path);
    tried.is_ok()
}
