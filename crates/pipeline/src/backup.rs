//! Backups: the archive's segments once and then what was appended, the database as of one moment, and everything else
//! small; each file with its digest, read again after it was written.
//!
//! ```text
//! BACKUP/poststelle-backup        format and installation, so that two installations do not mix
//!        archive/…                segments, shared by all snapshots: they only ever grow
//!        erased                   what was erased, shared by all snapshots: it is erased again after a restore
//!        snapshots/TIME/manifest.json, poststelle.sqlite or poststelle.dump, files/…
//! ```
//!
//! The database is taken first and the segments after it, so a snapshot has every mail its database names; what the segments have beyond
//! is adopted at the first start, like after a crash.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use model::{Sha256, UnixMillis};
use rustix::fs::Advice;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::engine::{DATABASE_FILE, Engine};
use crate::erasure::{self, List};
use crate::error::{Error, Result};

/// Version of the folder's layout.
const FORMAT: &str = "poststelle backup 1";
pub(crate) const HEAD: &str = "poststelle-backup";
/// What was erased, for all snapshots: a restore erases it again.
pub(crate) const ERASED: &str = "erased";
const SNAPSHOTS: &str = "snapshots";
const MANIFEST: &str = "manifest.json";
const FILES: &str = "files";
const ARCHIVE: &str = "archive";
/// The archive's version, beside its segments.
const ARCHIVE_FORMAT: &str = "archive/format";
const DUMP_FILE: &str = "poststelle.dump";
const KEY_FILE: &str = "master.key";
/// What the recovery key opens; with it the master key can be brought back later.
const RECOVERY: &str = "files/keyring/recovery";
/// What of the data directory is not in a backup: it can be made again, belongs to the running process, or has its own way.
const LEFT: [&str; 5] = [ARCHIVE, "index", "tmp", "control.sock", "lock"];
/// Octets copied at a time.
const PIECE: usize = 1 << 20;

/// How a backup is made.
#[derive(Clone, Copy, Debug)]
pub struct BackupOptions {
    /// Snapshots that stay; older ones are removed afterwards. The segments stay.
    pub keep: usize,
    /// The master key goes along: who has the backup can then read everything.
    pub with_key: bool,
    /// Segments that were there are read again as well.
    pub check_all: bool,
}

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    /// Version of these lines.
    version: u32,
    /// When the database was taken, milliseconds UTC.
    taken: i64,
    /// Name of the database's file.
    database: String,
    /// Whether the master key is in it.
    has_key: bool,
    /// All files, those of the archive relative to the backup, the others to the snapshot.
    files: Vec<Filed>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Filed {
    /// Where it lies.
    path: String,
    /// So many octets of it; a segment may have got longer since.
    octets: u64,
    /// Of these octets, hexadecimal.
    sha256: String,
    /// Nothing follows, ever.
    #[serde(default)]
    sealed: bool,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Name of the snapshot.
    pub snapshot: String,
    /// Files in it, segments included.
    pub files: u64,
    /// Octets of them.
    pub octets: u64,
    /// Octets that had to be written.
    pub written: u64,
}

/// The last backup that was checked after writing, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// When, milliseconds UTC.
    pub at: i64,
    /// The folder.
    pub to: String,
    /// Octets of it.
    pub octets: u64,
}

impl LastBackup {
    /// Name of the setting that holds it.
    pub const NAME: &str = "last_backup";

    /// As it was kept.
    pub fn read(kept: Option<&str>) -> Option<Self> {
        serde_json::from_str(kept?).ok()
    }
}

/// Name of the setting that tells one installation from another.
const INSTALLATION: &str = "installation";

impl Engine {
    /// Makes a snapshot in `to`, which is made if it is missing. People and intake go on meanwhile.
    ///
    /// # Errors
    /// `Backup` with what is wrong with the folder or a file; those of database and archive. What was there before stays.
    pub fn backup(
        &self,
        to: &Path,
        options: BackupOptions,
        on_octets: &mut dyn FnMut(u64),
    ) -> Result<BackedUp> {
        let _lock = prepare(self, to)?;
        let taken = self.core().now();
        let name = name_of(taken);
        let folder = to.join(SNAPSHOTS).join(&name);
        let part = folder.with_extension("part");
        let failed = |source| Error::io(&part, source);
        remove(&part).map_err(failed)?;
        fs::create_dir_all(part.join(FILES)).map_err(failed)?;
        let mut run = Run {
            to,
            part: &part,
            known: known(to),
            files: Vec::new(),
            done: BackedUp::default(),
            on_octets,
        };
        run.done.snapshot = name;
        let database = self.database_into(&part)?;
        let noted = run.note(&part, &database)?;
        run.done.written += noted;
        run.archive(self, options.check_all)?;
        run.others(self.dir())?;
        if options.with_key {
            run.copy_new(self.key_path(), &part.join(KEY_FILE), KEY_FILE)?;
        }
        if let Some(list) = List::read(&self.dir().join(erasure::FILE))? {
            list.write(&to.join(ERASED))?;
        }
        let Run { files, mut done, .. } = run;
        done.files = files.len() as u64;
        done.octets = files.iter().map(|file| file.octets).sum();
        let manifest = Manifest { version: 1, taken: taken.0, database, has_key: options.with_key, files };
        let text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
        write_new(&part.join(MANIFEST), &text).map_err(failed)?;
        fs::rename(&part, &folder).map_err(|source| Error::io(&folder, source))?;
        sync_folder(&to.join(SNAPSHOTS))?;
        forget(to, options.keep.max(1))?;
        let last = LastBackup { at: taken.0, to: to.display().to_string(), octets: done.octets };
        let last = serde_json::to_string(&last).unwrap_or_default();
        self.store().set_setting(LastBackup::NAME.to_owned(), Some(last))?;
        Ok(done)
    }

    /// The database as of one moment. Gives the name of its file.
    fn database_into(&self, part: &Path) -> Result<String> {
        let name = if self.store().is_sqlite() { DATABASE_FILE } else { DUMP_FILE };
        self.store().snapshot(&part.join(name))?;
        File::open(part.join(name))
            .and_then(|file| file.sync_all())
            .map_err(|source| Error::io(part, source))?;
        Ok(name.to_owned())
    }
}

/// What tells this installation from others.
pub(crate) fn installation(store: &Store) -> Result<String> {
    if let Some(ours) = store.setting(INSTALLATION)? {
        return Ok(ours);
    }
    let new = uuid::Uuid::new_v4().to_string();
    store.set_setting(INSTALLATION.to_owned(), Some(new.clone()))?;
    Ok(new)
}

/// Makes the folder, or compares it with this installation; locked until the file is closed.
fn prepare(engine: &Engine, to: &Path) -> Result<File> {
    let failed = |source| Error::io(to, source);
    let own = engine.dir().canonicalize().map_err(failed)?;
    let there = to.ancestors().find_map(|folder| folder.canonicalize().ok()).unwrap_or_default();
    if there.starts_with(own) {
        return Err(Error::Backup { what: BackupFault::Inside });
    }
    fs::create_dir_all(to.join(ARCHIVE)).map_err(failed)?;
    fs::create_dir_all(to.join(SNAPSHOTS)).map_err(failed)?;
    let ours = installation(engine.store())?;
    let head = to.join(HEAD);
    match fs::read_to_string(&head) {
        Ok(text) => check_head(&text, Some(&ours))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_new(&head, format!("{FORMAT}\n{ours}\n").as_bytes()).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    let lock = File::open(&head).map_err(failed)?;
    lock.try_lock().map_err(|_| Error::Busy)?;
    Ok(lock)
}

fn check_head(text: &str, ours: Option<&str>) -> Result<()> {
    let mut lines = text.lines();
    if lines.next() != Some(FORMAT) {
        return Err(Error::Backup { what: BackupFault::Unknown });
    }
    match (lines.next(), ours) {
        (Some(found), Some(ours)) if found != ours => Err(Error::Backup { what: BackupFault::Foreign }),
        _ => Ok(()),
    }
}

/// What is wrong with a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupFault {
    /// The folder lies in the data directory.
    Inside,
    /// It is no backup, or one of a newer version.
    Unknown,
    /// It is the backup of another installation.
    Foreign,
    /// There is no such snapshot, or none at all.
    NoSnapshot,
    /// A file is missing, or its octets are not those that were written.
    Damaged {
        /// Which.
        path: String,
    },
    /// The data directory to be made is there and not empty.
    NotEmpty,
    /// The snapshot has no master key, none was given, and no recovery key was ever made.
    NoKey,
    /// The database is a PostgreSQL one, and it was not said which it is to be brought back into.
    NoDatabase,
    /// A program of PostgreSQL failed.
    Program {
        /// Its words.
        text: String,
    },
}

struct Run<'a> {
    to: &'a Path,
    part: &'a Path,
    /// Sealed segments of earlier snapshots.
    known: BTreeMap<String, Filed>,
    files: Vec<Filed>,
    done: BackedUp,
    on_octets: &'a mut dyn FnMut(u64),
}

impl Run<'_> {
    fn archive(&mut self, engine: &Engine, check_all: bool) -> Result<()> {
        for segment in engine.archive().segment_files() {
            let name = segment.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let path = format!("{ARCHIVE}/{name}");
            let at = self.to.join(&path);
            let had = fs::metadata(&at).map_or(0, |about| about.len());
            if let Some(known) =
                self.known.get(&path).filter(|known| known.octets == segment.octets && known.octets == had)
                && !check_all
            {
                self.files.push(known.clone());
                continue;
            }
            let failed = |source| Error::io(&at, source);
            let mut digest = append(&segment.path, &at, segment.octets, had).map_err(failed)?;
            self.done.written += segment.octets.saturating_sub(had);
            if digest_of(&at, segment.octets).map_err(failed)? != digest {
                // What lay there was not what had been written: once more, from the beginning.
                fs::remove_file(&at).map_err(failed)?;
                digest = append(&segment.path, &at, segment.octets, 0).map_err(failed)?;
                self.done.written += segment.octets;
                if digest_of(&at, segment.octets).map_err(failed)? != digest {
                    return Err(Error::Backup { what: BackupFault::Damaged { path } });
                }
            }
            let (octets, sealed) = (segment.octets, segment.sealed);
            self.files.push(Filed { path, octets, sha256: digest.to_string(), sealed });
            (self.on_octets)(octets);
        }
        self.copy_new(&engine.dir().join(ARCHIVE_FORMAT), &self.to.join(ARCHIVE_FORMAT), ARCHIVE_FORMAT)?;
        sync_folder(&self.to.join(ARCHIVE))
    }

    /// Everything else of the data directory.
    fn others(&mut self, data: &Path) -> Result<()> {
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let failed = |source| Error::io(&data.join(&folder), source);
            for entry in fs::read_dir(data.join(&folder)).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let inner = folder.join(entry.file_name());
                let name = inner.to_string_lossy().into_owned();
                let is_left = LEFT.contains(&name.as_str())
                    || name.starts_with(DATABASE_FILE)
                    || name.starts_with(KEY_FILE)
                    || inner.extension().is_some_and(|extension| extension == "part");
                let kind = entry.file_type().map_err(failed)?;
                if is_left || kind.is_symlink() {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(inner);
                } else if kind.is_file() {
                    let path = format!("{FILES}/{name}");
                    self.copy_new(&entry.path(), &self.part.join(&path), &path)?;
                }
            }
        }
        Ok(())
    }

    fn copy_new(&mut self, from: &Path, at: &Path, path: &str) -> Result<()> {
        let failed = |source| Error::io(at, source);
        if let Some(folder) = at.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let octets = fs::metadata(from).map_err(|source| Error::io(from, source))?.len();
        let digest = append(from, at, octets, 0).map_err(failed)?;
        self.done.written += octets;
        let folder = if path == ARCHIVE_FORMAT { self.to } else { self.part };
        self.note(folder, path)?;
        match self.files.last() {
            Some(file) if file.sha256 == digest.to_string() => Ok(()),
            _ => Err(damaged(path)),
        }
    }

    /// Notes a file of the snapshot, as it reads. Gives its octets.
    fn note(&mut self, folder: &Path, path: &str) -> Result<u64> {
        let at = folder.join(path);
        let failed = |source| Error::io(&at, source);
        let octets = fs::metadata(&at).map_err(failed)?.len();
        let sha256 = digest_of(&at, octets).map_err(failed)?.to_string();
        self.files.push(Filed { path: path.to_owned(), octets, sha256, sealed: false });
        (self.on_octets)(octets);
        Ok(octets)
    }
}

/// Copies octets `had` to `octets` behind what is there, durably; gives the digest of all up to `octets`.
fn append(from: &Path, to: &Path, octets: u64, had: u64) -> io::Result<Sha256> {
    let had = if had > octets { 0 } else { had };
    let mut source = File::open(from)?.take(octets);
    let mut target = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(to)?;
    target.set_len(had)?;
    target.seek(SeekFrom::Start(had))?;
    let mut hash = archive::Hash::new();
    let (mut piece, mut at) = (vec![0; PIECE], 0);
    loop {
        let read = source.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
        let new = usize::try_from(had.saturating_sub(at)).map_or(read, |known| known.min(read));
        target.write_all(&piece[new..read])?;
        at += read as u64;
    }
    if at < octets {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    target.sync_all()?;
    Ok(hash.finish())
}

/// Digest of the first octets of a file, as the disk has them where the system lets go of what it remembers.
fn digest_of(path: &Path, octets: u64) -> io::Result<Sha256> {
    let file = File::open(path)?;
    let _ = rustix::fs::fadvise(&file, 0, None, Advice::DontNeed);
    let mut file = file.take(octets);
    let mut hash = archive::Hash::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => hash.update(&piece[..read]),
        }
    }
    if file.limit() > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(hash.finish())
}

fn name_of(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H%M%S.%3fZ").to_string().replace('.', "")
}

/// Names of the finished snapshots, oldest first.
///
/// # Errors
/// `Backup` if it is no backup; those of the folder.
pub fn snapshots(of: &Path) -> Result<Vec<String>> {
    let head = fs::read_to_string(of.join(HEAD)).map_err(|_| Error::Backup { what: BackupFault::Unknown })?;
    check_head(&head, None)?;
    let folder = of.join(SNAPSHOTS);
    let failed = |source| Error::io(&folder, source);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.join(MANIFEST).is_file() && path.extension().is_none() {
            names.extend(path.file_name().and_then(|name| name.to_str()).map(str::to_owned));
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn manifest(of: &Path, snapshot: &str) -> Result<Manifest> {
    let octets = fs::read(of.join(SNAPSHOTS).join(snapshot).join(MANIFEST));
    let octets = octets.map_err(|_| Error::Backup { what: BackupFault::NoSnapshot })?;
    let manifest: Option<Manifest> = serde_json::from_slice(&octets).ok();
    match manifest {
        Some(manifest) if manifest.version == 1 => Ok(manifest),
        Some(_) => Err(Error::Backup { what: BackupFault::Unknown }),
        None => Err(damaged(&format!("{SNAPSHOTS}/{snapshot}/{MANIFEST}"))),
    }
}

fn damaged(path: &str) -> Error {
    Error::Backup { what: BackupFault::Damaged { path: path.to_owned() } }
}

/// Sealed segments that the newest snapshot names.
fn known(to: &Path) -> BTreeMap<String, Filed> {
    let newest = snapshots(to).ok().and_then(|names| names.last().cloned());
    let files = newest.and_then(|name| manifest(to, &name).ok()).map(|manifest| manifest.files);
    let sealed = files.unwrap_or_default().into_iter().filter(|file| file.sealed);
    sealed.map(|file| (file.path.clone(), file)).collect()
}

/// Removes the oldest snapshots, and those that were never finished.
fn forget(to: &Path, keep: usize) -> Result<()> {
    let names = snapshots(to)?;
    for name in &names[..names.len().saturating_sub(keep)] {
        let folder = to.join(SNAPSHOTS).join(name);
        remove(&folder).map_err(|source| Error::io(&folder, source))?;
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_new(at: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = File::create(at)?;
    file.write_all(octets)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(|source| Error::io(folder, source))
}

/// The paths a snapshot's file has in the backup and in a data directory.
fn places(of: &Path, snapshot: &str, file: &Filed, data: &Path) -> Option<(PathBuf, PathBuf)> {
    // Only names that a backup has: a changed manifest leads nowhere else.
    let is_plain =
        Path::new(&file.path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_plain {
        return None;
    }
    let inner = of.join(SNAPSHOTS).join(snapshot).join(&file.path);
    Some(match file.path.split_once('/') {
        Some((ARCHIVE, _)) => (of.join(&file.path), data.join(&file.path)),
        Some((FILES, rest)) => (inner, data.join(rest)),
        _ => (inner, data.join(&file.path)),
    })
}

/// Reads all files of a snapshot and compares them; without a name of the newest one. Gives its name and its octets.
///
/// # Errors
/// `Backup` with what is missing or changed.
pub fn check_backup(
    of: &Path,
    snapshot: Option<&str>,
    on_octets: &mut dyn FnMut(u64),
) -> Result<(String, u64)> {
    let snapshot = chosen(of, snapshot)?;
    let manifest = manifest(of, &snapshot)?;
    let mut octets = 0;
    for file in &manifest.files {
        let (at, _) = places(of, &snapshot, file, Path::new("")).ok_or_else(|| damaged(&file.path))?;
        let digest = digest_of(&at, file.octets).map_err(|_| damaged(&file.path))?;
        if digest.to_string() != file.sha256 {
            return Err(damaged(&file.path));
        }
        octets += file.octets;
        on_octets(file.octets);
    }
    Ok((snapshot, octets))
}

fn chosen(of: &Path, snapshot: Option<&str>) -> Result<String> {
    let names = snapshots(of)?;
    let found = match snapshot {
        Some(wanted) => names.into_iter().find(|name| name == wanted),
        None => names.into_iter().next_back(),
    };
    found.ok_or(Error::Backup { what: BackupFault::NoSnapshot })
}

/// Makes a data directory from a snapshot, the newest without a name; `data` appears only when every octet was compared.
/// What was erased since is erased again at the first start, as far as the backup knows of it, or `erased`, the list of a data directory
/// (`log/erased`). `key`: the master key, where the snapshot has none. `database`: address of an empty PostgreSQL database, where the snapshot has a dump.
///
/// # Errors
/// `Backup`, `Io`: nothing is there then.
pub fn restore(
    of: &Path,
    snapshot: Option<&str>,
    data: &Path,
    key: Option<&Path>,
    database: Option<&str>,
    erased: Option<&Path>,
    on_octets: &mut dyn FnMut(u64),
) -> Result<String> {
    let snapshot = chosen(of, snapshot)?;
    let erased =
        erased.map(|at| List::read(at)?.ok_or_else(|| damaged(&at.display().to_string()))).transpose()?;
    let manifest = manifest(of, &snapshot)?;
    let is_free = match fs::read_dir(data) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    let fault = |what| Err(Error::Backup { what });
    if !is_free {
        return fault(BackupFault::NotEmpty);
    }
    if !manifest.has_key && key.is_none() && !manifest.files.iter().any(|file| file.path == RECOVERY) {
        return fault(BackupFault::NoKey);
    }
    if manifest.database == DUMP_FILE && database.is_none() {
        return fault(BackupFault::NoDatabase);
    }
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(".restoring");
    let part = data.with_file_name(name);
    remove(&part).map_err(|source| Error::io(&part, source))?;
    fs::create_dir_all(&part).map_err(|source| Error::io(&part, source))?;
    let made = fill(of, &snapshot, &manifest, &part, on_octets).and_then(|()| {
        if let Some(list) = erased.or(List::read(&of.join(ERASED))?) {
            let known = List::read(&of.join(ERASED))?;
            let at = part.join(erasure::FILE);
            list.and(known).and(List::read(&at)?).write(&at)?;
        }
        if let Some(key) = key {
            append(key, &part.join(KEY_FILE), fs::metadata(key).map_or(0, |about| about.len()), 0)
                .map_err(|source| Error::io(key, source))?;
        }
        if let Some(database) = database.filter(|_| manifest.database == DUMP_FILE) {
            let dump = part.join(DUMP_FILE);
            store::restore_dump(&dump, database)
                .map_err(|text| Error::Backup { what: BackupFault::Program { text } })?;
            fs::remove_file(&dump).map_err(|source| Error::io(&dump, source))?;
        }
        if data.exists() {
            fs::remove_dir(data).map_err(|source| Error::io(data, source))?;
        }
        fs::rename(&part, data).map_err(|source| Error::io(data, source))
    });
    if let Err(error) = made {
        let _ = remove(&part);
        return Err(error);
    }
    Ok(snapshot)
}

fn fill(
    of: &Path,
    snapshot: &str,
    manifest: &Manifest,
    part: &Path,
    on_octets: &mut dyn FnMut(u64),
) -> Result<()> {
    for file in &manifest.files {
        let (from, to) = places(of, snapshot, file, part).ok_or_else(|| damaged(&file.path))?;
        let failed = |source| Error::io(&to, source);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let digest = append(&from, &to, file.octets, 0).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => damaged(&file.path),
            _ => failed(error),
        })?;
        if digest.to_string() != file.sha256 {
            return Err(damaged(&file.path));
        }
        on_octets(file.octets);
    }
    Ok(())
}
