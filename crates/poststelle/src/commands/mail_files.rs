//! Mail files named on the command line, for the commands that need no data directory: one file, one row.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Octets of a file that are read; more than any server accepts as one mail.
const OCTETS_MAX: u64 = 512 << 20;

/// Files whose rows are made at once, before they are written in order.
const FILES_AT_ONCE: usize = 64;

/// Files up to this size are read and turned into rows side by side; larger ones alone, to bound memory.
const SMALL_OCTETS: u64 = 8 << 20;

/// What could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// As given or found.
    pub path: PathBuf,
    /// Why.
    pub reason: io::Error,
}

/// Writes one line a file, in the order of `paths`: `row` makes it from the name, as given or found, and the
/// octets. A file that cannot be read is given back, and its row is made of no octets.
///
/// A folder means all files below it, dot folders too, those of a Maildir's `tmp` not, each inode once, sorted
/// by path bytewise; `@LIST` holds one path a line.
///
/// # Errors
/// Only those of `out`.
pub fn write_rows(
    paths: &[PathBuf],
    out: &mut dyn Write,
    row: impl Fn(&str, &[u8]) -> String + Sync,
) -> io::Result<Vec<Unreadable>> {
    let mut walk = Walk::default();
    for path in paths {
        walk.argument(path);
    }
    for files in walk.files.chunks(FILES_AT_ONCE) {
        let rows: Vec<OnceLock<String>> = files.iter().map(|_| OnceLock::new()).collect();
        let unreadable: Vec<OnceLock<io::Error>> = files.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let make = |index: usize| {
            let file = &files[index];
            let octets = read(file).unwrap_or_else(|reason| {
                unreadable[index].set(reason).ok();
                Vec::new()
            });
            rows[index].set(row(&file.to_string_lossy(), &octets)).ok();
        };
        let is_small =
            |index: usize| fs::metadata(&files[index]).is_ok_and(|meta| meta.len() <= SMALL_OCTETS);
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from).min(files.len()) {
                scope.spawn(|| {
                    while let Some(index) =
                        Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < files.len())
                    {
                        if is_small(index) {
                            make(index);
                        }
                    }
                });
            }
        });
        for (index, row) in rows.iter().enumerate() {
            if row.get().is_none() {
                make(index);
            }
            out.write_all(row.get().map_or(&[][..], |row| row.as_bytes()))?;
            out.write_all(b"\n")?;
        }
        for (path, reason) in files.iter().zip(unreadable) {
            walk.unreadable
                .extend(reason.into_inner().map(|reason| Unreadable { path: path.clone(), reason }));
        }
    }
    Ok(walk.unreadable)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let size = file.metadata()?.len();
    let mut octets = Vec::with_capacity(usize::try_from(size.min(OCTETS_MAX)).unwrap_or_default());
    file.take(OCTETS_MAX).read_to_end(&mut octets)?;
    Ok(octets)
}

#[derive(Default)]
struct Walk {
    files: Vec<PathBuf>,
    seen: HashSet<(u64, u64)>,
    unreadable: Vec<Unreadable>,
}

impl Walk {
    fn argument(&mut self, path: &Path) {
        let list = path.to_str().and_then(|text| text.strip_prefix('@')).filter(|_| !path.exists());
        let Some(list) = list else { return self.path(path) };
        match fs::read(list) {
            Ok(lines) => {
                for line in lines.split(|&c| c == b'\n').map(<[u8]>::trim_ascii_end).filter(|l| !l.is_empty())
                {
                    self.path(&path_of(line));
                }
            }
            Err(reason) => self.unreadable.push(Unreadable { path: list.into(), reason }),
        }
    }

    fn path(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                let mut found = Vec::new();
                self.folder(path, &mut found);
                found.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
                self.files.append(&mut found);
            }
            // A path that does not exist has its row too, and its reason.
            _ => self.files.push(path.to_owned()),
        }
    }

    /// Loops of links end because each folder and file counts once.
    fn folder(&mut self, folder: &Path, found: &mut Vec<PathBuf>) {
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let entries = match fs::metadata(&folder)
                .and_then(|meta| if self.is_new(&meta) { fs::read_dir(&folder).map(Some) } else { Ok(None) })
            {
                Ok(Some(entries)) => entries,
                Ok(None) => continue,
                Err(reason) => {
                    self.unreadable.push(Unreadable { path: folder, reason });
                    continue;
                }
            };
            let is_maildir = folder.join("cur").is_dir() && folder.join("new").is_dir();
            for entry in entries.flatten() {
                let path = entry.path();
                match fs::metadata(&path) {
                    Ok(meta) if meta.is_dir() => {
                        if !(is_maildir && entry.file_name() == "tmp") {
                            open.push(path);
                        }
                    }
                    Ok(meta) if meta.is_file() && self.is_new(&meta) => found.push(path),
                    Ok(_) => {}
                    Err(reason) => self.unreadable.push(Unreadable { path, reason }),
                }
            }
        }
    }

    #[cfg(unix)]
    fn is_new(&mut self, meta: &fs::Metadata) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        self.seen.insert((meta.dev(), meta.ino()))
    }

    #[cfg(not(unix))]
    fn is_new(&mut self, _meta: &fs::Metadata) -> bool {
        true
    }
}

#[cfg(unix)]
fn path_of(octets: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    std::ffi::OsStr::from_bytes(octets).into()
}

#[cfg(not(unix))]
fn path_of(octets: &[u8]) -> PathBuf {
    String::from_utf8_lossy(octets).into_owned().into()
}
