//! The folder on the disk: files are written beside and moved to their place whole, never over another one, and no link is followed
//! below it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use model::Sha256;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, Timespec, Timestamps};
use rustix::io::Errno;

/// Where files are written before they stand at their place; that it is there says that the folder is the right one.
const BESIDE: &str = ".poststelle";
const FILE_MODE: Mode = Mode::from_raw_mode(0o660);
const DIR_MODE: Mode = Mode::from_raw_mode(0o770);
const PIECE: usize = 1 << 16;

/// An open folder.
pub(super) struct Root {
    top: OwnedFd,
    beside: OwnedFd,
    path: PathBuf,
}

/// A file that is written and has no place yet; removed unless it is given one.
pub(super) struct Draft<'r> {
    root: &'r Root,
    name: String,
    /// Its octets.
    pub(super) octets: u64,
    /// Of them.
    pub(super) sha256: Sha256,
    placed: bool,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file with these octets.
    File(Sha256),
    /// Something else: a folder, a link, a device.
    Other,
}

/// What became of a file that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// It is gone.
    Gone,
    /// It was not there any more.
    Missing,
    /// Its octets are not those that were written: it is left.
    Changed,
}

const fn dir_flags() -> OFlags {
    OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::RDONLY)
}

impl Root {
    /// Makes the folder if it is missing, and what shows that it is the right one.
    pub(super) fn prepare(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)?;
        let root = rustix::fs::openat(CWD, path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        make_dir(&root, BESIDE, Mode::from_raw_mode(0o700))?;
        Self::open(path)?.try_out()
    }

    /// Opens it. `NotFound` if it, or what shows that it is the right one, is not there: perhaps nothing is mounted.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let root = rustix::fs::openat(CWD, path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let beside = rustix::fs::openat(&root, BESIDE, dir_flags(), Mode::empty())?;
        Ok(Self { top: root, beside, path: path.to_owned() })
    }

    /// Whether it takes anything at all.
    pub(super) fn try_out(&self) -> io::Result<()> {
        drop(self.draft(&mut &b"?"[..], None)?);
        Ok(())
    }

    /// Removes what a crash left beside.
    pub(super) fn clean(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(self.path.join(BESIDE))? {
            rustix::fs::unlinkat(&self.beside, entry?.file_name(), AtFlags::empty()).or_else(gone)?;
        }
        Ok(())
    }

    /// Octets that are free, and the device.
    pub(super) fn room(&self) -> io::Result<(u64, u64)> {
        let about = rustix::fs::fstatvfs(&self.top)?;
        Ok((about.f_bavail.saturating_mul(about.f_frsize), rustix::fs::fstat(&self.top)?.st_dev))
    }

    /// Writes a file beside. `modified`: seconds since 1970.
    pub(super) fn draft(&self, from: &mut dyn Read, modified: Option<i64>) -> io::Result<Draft<'_>> {
        let name = uuid::Uuid::now_v7().to_string();
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::openat(&self.beside, &name, flags, FILE_MODE)?);
        let mut draft = Draft { root: self, name, octets: 0, sha256: Sha256([0; 32]), placed: false };
        let mut hash = archive::Hash::new();
        let mut piece = vec![0; PIECE];
        loop {
            let read = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(io::Error::other(Unreadable(error))),
            };
            file.write_all(&piece[..read])?;
            hash.update(&piece[..read]);
            draft.octets += read as u64;
        }
        draft.sha256 = hash.finish();
        if let Some(seconds) = modified {
            let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
            // Not every file system keeps it.
            let _ = rustix::fs::futimens(&file, &Timestamps { last_access: time, last_modification: time });
        }
        file.sync_all()?;
        Ok(draft)
    }

    /// What stands there.
    pub(super) fn found(&self, path: &[String]) -> io::Result<Found> {
        let Some((name, dirs)) = path.split_last() else { return Ok(Found::Other) };
        match self.dir(dirs, false)? {
            Some(dir) => found(&dir, name),
            None => Ok(Found::Nothing),
        }
    }

    /// Removes a file if it is still what was written, and folders that are empty then.
    pub(super) fn remove(&self, path: &[String], sha256: Sha256) -> io::Result<Removed> {
        let Some((name, dirs)) = path.split_last() else { return Ok(Removed::Missing) };
        let Some(dir) = self.dir(dirs, false)? else { return Ok(Removed::Missing) };
        match found(&dir, name)? {
            Found::Nothing => return Ok(Removed::Missing),
            Found::File(octets) if octets == sha256 => {
                rustix::fs::unlinkat(&dir, name.as_str(), AtFlags::empty()).or_else(gone)?;
                let _ = rustix::fs::fsync(&dir);
            }
            Found::File(_) | Found::Other => return Ok(Removed::Changed),
        }
        drop(dir);
        for depth in (1..=dirs.len()).rev() {
            let (Some(above), Some(name)) = (dirs.get(..depth - 1), dirs.get(depth - 1)) else { break };
            let Some(dir) = self.dir(above, false)? else { break };
            if rustix::fs::unlinkat(&dir, name.as_str(), AtFlags::REMOVEDIR).is_err() {
                break;
            }
        }
        Ok(Removed::Gone)
    }

    /// The folder below, made if wanted; `None` if it is not there.
    fn dir(&self, dirs: &[String], make: bool) -> io::Result<Option<OwnedFd>> {
        let mut dir = self.top.try_clone()?;
        for name in dirs {
            if make {
                make_dir(&dir, name, DIR_MODE)?;
            }
            dir = match rustix::fs::openat(&dir, name.as_str(), dir_flags(), Mode::empty()) {
                Ok(dir) => dir,
                Err(Errno::NOENT) if !make => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Some(dir))
    }
}

impl Draft<'_> {
    /// Gives it its place; `false` if something stands there.
    pub(super) fn place(&mut self, path: &[String]) -> io::Result<bool> {
        let Some((name, dirs)) = path.split_last() else { return Ok(false) };
        let Some(dir) = self.root.dir(dirs, true)? else { return Ok(false) };
        let beside = &self.root.beside;
        match rustix::fs::renameat_with(beside, &self.name, &dir, name.as_str(), RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Ok(false),
            // Network file systems do not know it: the name is taken first, then what it stands for is put there.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                let flags =
                    OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                match rustix::fs::openat(&dir, name.as_str(), flags, FILE_MODE) {
                    Ok(_) => rustix::fs::renameat(beside, &self.name, &dir, name.as_str())?,
                    Err(Errno::EXIST) => return Ok(false),
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
        self.placed = true;
        // Not every file system can.
        let _ = rustix::fs::fsync(&dir);
        Ok(true)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.placed {
            let _ = rustix::fs::unlinkat(&self.root.beside, &self.name, AtFlags::empty());
        }
    }
}

/// What was to be written could not be read: that is no fault of the folder.
#[derive(Debug, thiserror::Error)]
#[error("what is to be written cannot be read")]
pub(super) struct Unreadable(#[source] io::Error);

fn make_dir(dir: &OwnedFd, name: &str, mode: Mode) -> io::Result<()> {
    match rustix::fs::mkdirat(dir, name, mode) {
        Ok(()) => {
            let _ = rustix::fs::fsync(dir);
            Ok(())
        }
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn found(dir: &OwnedFd, name: &str) -> io::Result<Found> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = match rustix::fs::openat(dir, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        Err(Errno::LOOP | Errno::NXIO) => return Ok(Found::Other),
        Err(error) => return Err(error.into()),
    };
    if !file.metadata()?.is_file() {
        return Ok(Found::Other);
    }
    let mut hash = archive::Hash::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Found::File(hash.finish())),
            Ok(read) => hash.update(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn gone(error: Errno) -> io::Result<()> {
    if error == Errno::NOENT { Ok(()) } else { Err(error.into()) }
}
