//! Files of the index as merging reads them: once, from front to back.
//!
//! Mapped into memory, as searching has them, every octet that a merge has read would count as the program's until the
//! merge ends. Here files are read a window at a time, and what is asked for is a part of the window.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, OwnedBytes, WatchCallback, WatchHandle,
    WritePtr,
};

/// Octets read at a time.
const WINDOW_OCTETS: usize = 128 << 10;

/// A directory of index files that is written as tantivy does it and read in windows.
#[derive(Clone, Debug)]
pub(crate) struct Windowed {
    dir: PathBuf,
    files: MmapDirectory,
}

impl Windowed {
    pub(crate) fn new(dir: &Path, files: MmapDirectory) -> Self {
        Self { dir: dir.to_owned(), files }
    }
}

impl Directory for Windowed {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let failed = |e: io::Error| match e.kind() {
            io::ErrorKind::NotFound => OpenReadError::FileDoesNotExist(path.to_owned()),
            _ => OpenReadError::wrap_io_error(e, path.to_owned()),
        };
        let file = File::open(self.dir.join(path)).map_err(failed)?;
        let len = usize::try_from(file.metadata().map_err(failed)?.len()).unwrap_or(usize::MAX);
        Ok(Arc::new(Handle { file, len, window: Mutex::new((0, OwnedBytes::empty())) }))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.files.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.files.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.files.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.files.atomic_write(path, data)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.files.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.files.acquire_lock(lock)
    }

    fn watch(&self, watch_callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.files.watch(watch_callback)
    }
}

/// A file, and the part of it read last: where it begins, and its octets.
#[derive(Debug)]
struct Handle {
    file: File,
    len: usize,
    window: Mutex<(usize, OwnedBytes)>,
}

impl Handle {
    fn read(&self, from: usize, len: usize) -> io::Result<OwnedBytes> {
        let mut octets = vec![0; len];
        self.file.read_exact_at(&mut octets, from as u64)?;
        Ok(OwnedBytes::new(octets))
    }
}

impl HasLen for Handle {
    fn len(&self) -> usize {
        self.len
    }
}

impl FileHandle for Handle {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if range.end > self.len || range.start > range.end {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if range.len() >= WINDOW_OCTETS {
            return self.read(range.start, range.len());
        }
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (begin, octets) = &*window;
        if range.start < *begin || range.end > begin + octets.len() {
            let len = WINDOW_OCTETS.min(self.len - range.start);
            *window = (range.start, self.read(range.start, len)?);
        }
        let (begin, octets) = &*window;
        Ok(octets.slice(range.start - begin..range.end - begin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_is_what_the_file_holds() {
        let dir = crate::tests::Dir::new();
        std::fs::create_dir_all(&dir.0).unwrap();
        let content: Vec<u8> = (0..3 * WINDOW_OCTETS + 7).map(|at| (at % 251) as u8).collect();
        std::fs::write(dir.0.join("a"), &content).unwrap();
        let files = Windowed::new(&dir.0, MmapDirectory::open(&dir.0).unwrap());
        let file = files.get_file_handle(Path::new("a")).unwrap();
        assert_eq!(file.len(), content.len());
        let end = content.len();
        let ranges = [
            0..0,
            0..5,
            3..WINDOW_OCTETS,
            1..end,
            end - 9..end,
            2..9,
            end..end,
            WINDOW_OCTETS - 1..WINDOW_OCTETS + 9,
        ];
        for range in ranges {
            assert_eq!(file.read_bytes(range.clone()).unwrap().as_slice(), &content[range]);
        }
        assert!(file.read_bytes(end..end + 1).is_err());
        assert!(matches!(
            files.get_file_handle(Path::new("b")),
            Err(OpenReadError::FileDoesNotExist(path)) if path == Path::new("b")
        ));
    }
}
