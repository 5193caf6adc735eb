//! From the paths given to the files meant: lists, folders, and each inode once.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{Failed, Options, Reason, Source};

/// Longest line of a list, in octets; paths are shorter.
const LIST_LINE_OCTETS_MAX: u64 = 1 << 16;

/// A file meant by the sources.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where to open it; of no meaning for standard input.
    pub file: PathBuf,
    /// As [`Mail::path`](super::Mail::path).
    pub path: String,
    /// As [`Mail::locator`](super::Mail::locator).
    pub locator: String,
    /// Given by the source `-`.
    pub is_stdin: bool,
    /// Found in a folder, and so subject to "each inode once"; a file given by its path is read as often as given.
    pub in_folder: bool,
}

/// Inodes met so far, by device: one device is usual, and an inode then takes eight octets.
#[derive(Default)]
pub(super) struct Inodes(HashMap<u64, HashSet<u64>>);

impl Inodes {
    /// Remembers it; whether it is new.
    pub(super) fn insert(&mut self, metadata: &Metadata) -> bool {
        self.0.entry(metadata.dev()).or_default().insert(metadata.ino())
    }
}

/// Who is told of files and of what is none.
pub(super) trait Visit {
    fn file(&mut self, found: Found) -> ControlFlow<()>;
    fn failed(&mut self, failed: Failed) -> ControlFlow<()>;
}

/// Lists the files meant by the sources, in order, without opening them: for commands that take each file as it is.
///
/// A file reached twice within folders comes once.
pub fn each_file(
    sources: &[Source],
    options: &Options,
    on_file: &mut dyn FnMut(Result<Found, Failed>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut visit = Each { inodes: Inodes::default(), on_file };
    let mut lister = Lister::new(options);
    sources.iter().try_for_each(|source| lister.source(source, &mut visit))
}

/// Counts files and their octets on disk, for showing how far a [`walk`](super::walk) is. One `stat` a file.
pub fn measure(sources: &[Source], options: &Options) -> super::Progress {
    let mut sum = super::Progress::default();
    let _ = each_file(sources, options, &mut |found| {
        if let Ok(found) = found.as_ref() {
            sum.files += 1;
            sum.octets += fs::metadata(&found.file).map_or(0, |metadata| metadata.len());
        }
        ControlFlow::Continue(())
    });
    sum
}

struct Each<'f> {
    inodes: Inodes,
    on_file: &'f mut dyn FnMut(Result<Found, Failed>) -> ControlFlow<()>,
}

impl Visit for Each<'_> {
    fn file(&mut self, found: Found) -> ControlFlow<()> {
        // A file that cannot be asked is reported by whoever opens it.
        let is_new =
            found.is_stdin || fs::metadata(&found.file).map_or(true, |meta| self.inodes.insert(&meta));
        if is_new || !found.in_folder { (self.on_file)(Ok(found)) } else { ControlFlow::Continue(()) }
    }

    fn failed(&mut self, failed: Failed) -> ControlFlow<()> {
        (self.on_file)(Err(failed))
    }
}

/// Goes through sources and folders.
pub(super) struct Lister<'o> {
    options: &'o Options,
    folders: Inodes,
}

/// A folder on the way down: where it is, how it is called, and where the part relative to the import begins.
struct Folder {
    file: PathBuf,
    path: Vec<u8>,
    relative_from: usize,
}

/// What is in a folder, the names in one piece: a Maildir may hold a million.
#[derive(Default)]
struct Entries {
    names: Vec<u8>,
    sorted: Vec<Entry>,
    /// Of what is neither file nor folder, and of links that lead nowhere.
    faults: Vec<Reason>,
}

struct Entry {
    from: usize,
    len: u32,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    File,
    Folder,
    /// With its place in the list of faults.
    Fault(u32),
}

impl Entries {
    fn push(&mut self, name: &[u8], what: What) {
        self.sorted.push(Entry { from: self.names.len(), len: name.len() as u32, what });
        self.names.extend_from_slice(name);
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        &self.names[entry.from..entry.from + entry.len as usize]
    }

    /// In the order of the whole paths: a folder sorts as if its name ended in `/`.
    fn sort(&mut self) {
        let mut sorted = std::mem::take(&mut self.sorted);
        let slash = |entry: &Entry| (entry.what == What::Folder).then_some(b'/');
        sorted.sort_unstable_by(|a, b| {
            let (left, right) = (self.name(a).iter().copied(), self.name(b).iter().copied());
            left.chain(slash(a)).cmp(right.chain(slash(b)))
        });
        self.sorted = sorted;
    }
}

impl<'o> Lister<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self { options, folders: Inodes::default() }
    }

    pub(super) fn source(&mut self, source: &Source, visit: &mut dyn Visit) -> ControlFlow<()> {
        if let Some(name) = &source.name {
            return self.given(self.resolved(&source.path), name.clone().into_bytes(), visit);
        }
        match source.path.as_os_str().as_bytes() {
            b"-" => visit.file(Found {
                file: PathBuf::new(),
                path: "-".to_owned(),
                locator: "-".to_owned(),
                is_stdin: true,
                in_folder: false,
            }),
            [b'@', list @ ..] if !list.is_empty() => self.list(Path::new(OsStr::from_bytes(list)), visit),
            path => self.given(self.resolved(&source.path), path.to_vec(), visit),
        }
    }

    fn resolved(&self, path: &Path) -> PathBuf {
        self.options.directory.as_ref().map_or_else(|| path.to_owned(), |directory| directory.join(path))
    }

    fn list(&mut self, list: &Path, visit: &mut dyn Visit) -> ControlFlow<()> {
        let shown = text(list.as_os_str().as_bytes());
        let mut lines = match File::open(self.resolved(list)) {
            Ok(file) => BufReader::new(file),
            Err(error) => return visit.failed(Failed::of(shown, error.into())),
        };
        let mut line = Vec::new();
        loop {
            line.clear();
            match lines.by_ref().take(LIST_LINE_OCTETS_MAX).read_until(b'\n', &mut line) {
                Ok(0) => return ControlFlow::Continue(()),
                Ok(_) => {}
                Err(error) => return visit.failed(Failed::of(shown, error.into())),
            }
            let end = line.iter().rposition(|octet| !matches!(octet, b'\n' | b'\r')).map_or(0, |at| at + 1);
            line.truncate(end);
            if !line.is_empty() {
                let path = PathBuf::from(OsString::from_vec(line.clone()));
                self.given(self.resolved(&path), line.clone(), visit)?;
            }
        }
    }

    /// A path named by the caller, file or folder.
    fn given(&mut self, file: PathBuf, path: Vec<u8>, visit: &mut dyn Visit) -> ControlFlow<()> {
        let metadata = match fs::metadata(&file) {
            Ok(metadata) => metadata,
            Err(error) => return visit.failed(Failed::of(text(&path), error.into())),
        };
        if metadata.is_dir() {
            // A folder given twice is walked twice only if nothing in it was seen: the inodes decide.
            self.folders.insert(&metadata);
            let mut path = path;
            while path.len() > 1 && path.ends_with(b"/") {
                path.pop();
            }
            let relative_from = if path == b"/" { 1 } else { path.len() + 1 };
            return self.folder(&Folder { file, path, relative_from }, visit);
        }
        let is_pipe = self.options.pipes && metadata.file_type().is_fifo();
        if !metadata.is_file() && !is_pipe {
            return visit.failed(Failed::of(text(&path), Reason::NotAFile));
        }
        let name = path.iter().rposition(|octet| *octet == b'/').map_or(0, |at| at + 1);
        let locator = text(&path[name..]);
        visit.file(Found { file, path: text(&path), locator, is_stdin: false, in_folder: false })
    }

    fn folder(&mut self, folder: &Folder, visit: &mut dyn Visit) -> ControlFlow<()> {
        let entries = match Self::entries(folder) {
            Ok(entries) => entries,
            Err(error) => return visit.failed(Failed::in_folder(folder, &folder.path, error.into())),
        };
        let is_folder = |entry: &&Entry| entry.what == What::Folder;
        let is_maildir = entries
            .sorted
            .iter()
            .filter(is_folder)
            .any(|entry| matches!(entries.name(entry), b"cur" | b"new"));
        for entry in &entries.sorted {
            let name = entries.name(entry);
            if is_maildir && entry.what == What::Folder && name == b"tmp" {
                continue;
            }
            let file = folder.file.join(OsStr::from_bytes(name));
            let mut path = Vec::with_capacity(folder.path.len() + 1 + name.len());
            path.extend_from_slice(&folder.path);
            if !path.ends_with(b"/") {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            match entry.what {
                What::Fault(at) => {
                    let fault = entries.faults[at as usize].clone();
                    visit.failed(Failed::in_folder(folder, &path, fault))?;
                }
                What::Folder => {
                    let inner = Folder { file, path, relative_from: folder.relative_from };
                    match fs::metadata(&inner.file) {
                        Ok(metadata) if self.folders.insert(&metadata) => self.folder(&inner, visit)?,
                        Ok(_) => {}
                        Err(error) => visit.failed(Failed::in_folder(folder, &inner.path, error.into()))?,
                    }
                }
                What::File => {
                    let locator = text(&path[folder.relative_from..]);
                    let found = Found { file, path: text(&path), locator, is_stdin: false, in_folder: true };
                    visit.file(found)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn entries(folder: &Folder) -> std::io::Result<Entries> {
        let mut entries = Entries::default();
        for entry in fs::read_dir(&folder.file)? {
            let entry = entry?;
            let mut kind = entry.file_type()?;
            let mut fault = None;
            if kind.is_symlink() {
                match fs::metadata(entry.path()) {
                    Ok(metadata) => kind = metadata.file_type(),
                    Err(error) => fault = Some(error.into()),
                }
            }
            if fault.is_none() && !kind.is_dir() && !kind.is_file() {
                fault = Some(Reason::NotAFile);
            }
            let what = match fault {
                Some(fault) => {
                    entries.faults.push(fault);
                    What::Fault(entries.faults.len() as u32 - 1)
                }
                None if kind.is_dir() => What::Folder,
                None => What::File,
            };
            entries.push(entry.file_name().as_bytes(), what);
        }
        entries.sort();
        Ok(entries)
    }
}

impl Failed {
    /// Of something named by the caller.
    pub(super) fn of(path: String, reason: Reason) -> Self {
        Self { locator: path.clone(), path, reason }
    }

    fn in_folder(folder: &Folder, path: &[u8], reason: Reason) -> Self {
        let locator = text(path.get(folder.relative_from..).unwrap_or_default());
        Self { path: text(path), locator, reason }
    }
}

/// Octets of a path as text: what is no UTF-8 is written `\xHH`, so that different paths stay different.
pub(super) fn text(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        for octet in chunk.invalid() {
            text.push_str("\\x");
            text.push(char::from(b"0123456789abcdef"[usize::from(octet >> 4)]));
            text.push(char::from(b"0123456789abcdef"[usize::from(octet & 15)]));
        }
    }
    text
}
