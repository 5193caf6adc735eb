//! The keys of records on the disk: two copies, repaired from each other, written anew to erase.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use aws_lc_rs::rand;
use keys::{MasterKey, Purpose, SealError, Sealer};
use model::ObjectId;
use proof::Defect;
use proof::keyring::{HEADER_LEN, Header, SLOT_LEN, Slot, WRAP_LEN, slot_data};
use proof::sealed::KEY_LEN;

use crate::Error;
use crate::inner::now;
use crate::secret::RecordKey;
use crate::segment::{SyncFile, SystemSync, lock};

const COPIES: [&str; 2] = ["a", "b"];
/// Slots wrapped anew at once.
const CHUNK: usize = 1024;
/// Slots read together.
const SLOTS_TOGETHER: usize = 1024;

/// The keys of an archive's records. Clones share it.
#[derive(Clone)]
pub struct Keyring(Arc<Ring>);

struct Ring {
    dir: PathBuf,
    sync: Box<dyn SyncFile>,
    epoch: RwLock<Epoch>,
    /// Written and not durable yet.
    pending: Mutex<Vec<(u64, [u8; SLOT_LEN])>>,
    /// Held while syncing; true if the last one failed.
    syncing: Mutex<bool>,
    repaired: AtomicU64,
    /// An erasing broke off in a way that the next start may take for done: no key is given out that only the old epoch has.
    stopped: AtomicBool,
}

struct Epoch {
    header: Header,
    key: RecordKey,
    files: [File; 2],
    paths: [PathBuf; 2],
    next: AtomicU64,
}

/// What a check of the keyring found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyringCheck {
    /// Slots with a key.
    pub kept: u64,
    /// Slots whose key was destroyed.
    pub erased: u64,
    /// Slots damaged in one copy and repaired from the other, in all since the start.
    pub repaired: u64,
    /// Slots damaged in both copies, or that the epoch's key does not open.
    pub lost: Vec<u64>,
}

/// Why there is no key.
pub(crate) enum NoKey {
    Defect(Defect),
    Failed(Error),
}

impl Keyring {
    /// Opens the keyring in `dir` with the master key, removes what an interrupted change left, and repairs a copy from the
    /// other one. With `create` a missing one is made.
    ///
    /// # Errors
    /// `NoKeyring` if there is none, `OtherMasterKey`, `KeyringDamaged`; `Denied`, `Full`, `Io`.
    pub fn open(dir: &Path, master: &MasterKey, create: bool) -> Result<Self, Error> {
        Self::open_with(dir, master, create, Box::new(SystemSync))
    }

    pub(crate) fn open_with(
        dir: &Path,
        master: &MasterKey,
        create: bool,
        sync: Box<dyn SyncFile>,
    ) -> Result<Self, Error> {
        let newest = newest(dir)?;
        let Some((number, there)) = newest else {
            if !create {
                return Err(Error::NoKeyring { dir: dir.to_owned() });
            }
            make(dir, master, sync.as_ref())?;
            return Self::open_with(dir, master, false, sync);
        };
        let epoch = Epoch::open(dir, number, &there, master, sync.as_ref())?;
        destroy_older(dir, number, sync.as_ref())?;
        Ok(Self(Arc::new(Ring {
            dir: dir.to_owned(),
            sync,
            epoch: RwLock::new(epoch),
            pending: Mutex::default(),
            syncing: Mutex::default(),
            repaired: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        })))
    }

    fn epoch(&self) -> RwLockReadGuard<'_, Epoch> {
        self.0.epoch.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn epoch_alone(&self) -> RwLockWriteGuard<'_, Epoch> {
        self.0.epoch.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a key into the next slot; durable after [`Self::sync`].
    pub(crate) fn put(&self, object_id: ObjectId, key: &[u8; KEY_LEN]) -> Result<u64, Error> {
        let epoch = self.epoch();
        if self.0.stopped.load(Ordering::Relaxed) {
            return Err(self.damaged(Defect::Unsupported));
        }
        let number = epoch.next.fetch_add(1, Ordering::Relaxed);
        let octets = epoch.wrap(object_id, number, key)?.encode();
        epoch.write(number, &octets)?;
        lock(&self.0.pending).push((number, octets));
        Ok(number)
    }

    /// Makes every key durable that was put before.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        let mut failed = lock(&self.0.syncing);
        let epoch = self.epoch();
        let taken = std::mem::take(&mut *lock(&self.0.pending));
        if taken.is_empty() {
            return Ok(());
        }
        let synced = (|| {
            if *failed {
                // The kernel may believe the pages to be on the disk; only a new write makes it try again.
                for (number, octets) in &taken {
                    epoch.write(*number, octets)?;
                }
            }
            epoch.sync(self.0.sync.as_ref())
        })();
        *failed = synced.is_err();
        if synced.is_err() {
            lock(&self.0.pending).extend(taken);
        }
        synced
    }

    /// The key of a record.
    pub(crate) fn get(&self, object_id: ObjectId, number: u64) -> Result<RecordKey, NoKey> {
        let epoch = self.epoch();
        let slot = self.slot(&epoch, number).map_err(NoKey::Failed)?;
        match slot {
            Some(Slot::Kept { object_id: found, nonce, wrapped }) if found == object_id => {
                epoch.unwrap(object_id, number, nonce, wrapped).map_err(NoKey::Defect)
            }
            Some(Slot::Erased) => Err(NoKey::Defect(Defect::Erased)),
            _ => Err(NoKey::Defect(Defect::NoKey)),
        }
    }

    /// Slots in which keys of these records lie.
    pub(crate) fn slots_of(&self, records: &HashSet<ObjectId>) -> Result<BTreeSet<u64>, Error> {
        let mut slots = BTreeSet::new();
        self.walk(|epoch, number, same| {
            let slot = if same.is_some() { same } else { self.slot(epoch, number)? };
            if let Some(Slot::Kept { object_id, .. }) = slot
                && records.contains(&object_id)
            {
                slots.insert(number);
            }
            Ok(())
        })?;
        Ok(slots)
    }

    /// Calls for each slot, many read together; with what it is in both copies, unless they differ or are damaged.
    fn walk(
        &self,
        mut each: impl FnMut(&Epoch, u64, Option<Slot>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let epoch = self.epoch();
        let end = epoch.next.load(Ordering::Relaxed);
        let mut copies = [Vec::new(), Vec::new()];
        for from in (0..end).step_by(SLOTS_TOGETHER) {
            let count = SLOTS_TOGETHER.min((end - from) as usize);
            for (copy, octets) in copies.iter_mut().enumerate() {
                epoch.read_many(copy, from, count, octets)?;
            }
            let both = copies[0].chunks_exact(SLOT_LEN).zip(copies[1].chunks_exact(SLOT_LEN));
            for (number, (one, other)) in (from..).zip(both) {
                let same = if one == other { Slot::decode(one).ok() } else { None };
                each(&epoch, number, same)?;
            }
        }
        Ok(())
    }

    /// Overwrites and removes what is left of earlier epochs.
    pub(crate) fn destroy_older(&self) -> Result<(), Error> {
        let epoch = self.epoch_alone();
        destroy_older(&self.0.dir, epoch.header.epoch, self.0.sync.as_ref())
    }

    /// What lies in a slot, from the copy that is intact; the other one is repaired. `None` if neither is.
    fn slot(&self, epoch: &Epoch, number: u64) -> Result<Option<Slot>, Error> {
        let first = epoch.read(0, number)?;
        if let Ok(slot @ (Slot::Kept { .. } | Slot::Erased)) = first {
            return Ok(Some(slot));
        }
        let second = epoch.read(1, number)?;
        match (first, second) {
            (_, Ok(slot @ (Slot::Kept { .. } | Slot::Erased))) => {
                self.repair(epoch, 0, number, slot)?;
                Ok(Some(slot))
            }
            (Ok(Slot::Empty), Ok(Slot::Empty)) => Ok(Some(Slot::Empty)),
            _ => Ok(None),
        }
    }

    fn repair(&self, epoch: &Epoch, copy: usize, number: u64, slot: Slot) -> Result<(), Error> {
        self.0.repaired.fetch_add(1, Ordering::Relaxed);
        let failed = |source| Error::io(&epoch.paths[copy], source);
        epoch.files[copy].write_all_at(&slot.encode(), Slot::at(number)).map_err(failed)?;
        self.0.sync.sync_data(&epoch.files[copy]).map_err(failed)
    }

    /// Slots that were repaired since the start.
    pub fn repaired(&self) -> u64 {
        self.0.repaired.load(Ordering::Relaxed)
    }

    /// Epoch of the keys, from 1; one more with each erasing.
    pub fn epoch_number(&self) -> u64 {
        self.epoch().header.epoch
    }

    /// Copies whose file is not what it should be, as far as its length and its head tell: what this process holds open may have
    /// been removed or cut behind its back.
    pub fn wrong_copies(&self) -> Vec<(PathBuf, String)> {
        // Nobody writes meanwhile: both are of the same length then.
        let epoch = self.epoch_alone();
        let found = [&epoch.paths[0], &epoch.paths[1]].map(|path| {
            let file = File::open(path).map_err(|error| error.to_string())?;
            let octets = file.metadata().map_err(|error| error.to_string())?.len();
            let header = read_header(&file).map_err(|defect| defect.to_string())?;
            if header == epoch.header { Ok(octets) } else { Err(Defect::Value.to_string()) }
        });
        let longest = found.iter().filter_map(|found| found.as_ref().ok()).max().copied();
        let wrong = found.into_iter().zip(&epoch.paths).filter_map(|(found, path)| match found {
            Ok(octets) if Some(octets) == longest => None,
            Ok(_) => Some((path.clone(), Defect::Short.to_string())),
            Err(text) => Some((path.clone(), text)),
        });
        wrong.collect()
    }

    /// Reads every slot of both copies; repairs one from the other.
    ///
    /// # Errors
    /// `Io`.
    pub fn check(&self) -> Result<KeyringCheck, Error> {
        let mut check = KeyringCheck::default();
        self.walk(|epoch, number, same| self.check_slot(epoch, number, same, &mut check))?;
        check.repaired = self.repaired();
        Ok(check)
    }

    /// Checks a slot, which is `same` in both copies unless that is `None`.
    fn check_slot(
        &self,
        epoch: &Epoch,
        number: u64,
        same: Option<Slot>,
        check: &mut KeyringCheck,
    ) -> Result<(), Error> {
        let slot = if same.is_some() { same } else { self.slot(epoch, number)? };
        match slot {
            Some(slot @ Slot::Kept { object_id, nonce, wrapped }) => {
                if epoch.unwrap(object_id, number, nonce, wrapped).is_err() {
                    check.lost.push(number);
                    return Ok(());
                }
                if same.is_none() && epoch.read(1, number)? != Ok(slot) {
                    self.repair(epoch, 1, number, slot)?;
                }
                check.kept += 1;
            }
            Some(Slot::Erased) => check.erased += 1,
            Some(Slot::Empty) => {}
            None => check.lost.push(number),
        }
        Ok(())
    }

    /// Seals the epoch's key to these master keys, one or two, and to no others. Durable when this returns.
    ///
    /// # Errors
    /// `Io`, `Random`.
    pub fn rewrap(&self, masters: &[&MasterKey]) -> Result<(), Error> {
        let mut epoch = self.epoch_alone();
        let mut wraps = [None; 2];
        for (wrap, master) in wraps.iter_mut().zip(masters) {
            *wrap = Some(wrapped_for(master, epoch.header.epoch, epoch.key.octets())?);
        }
        let header = Header { wraps, ..epoch.header };
        // One after the other: whatever happens, one of them is whole.
        for (file, path) in epoch.files.iter().zip(&epoch.paths) {
            let failed = |source| Error::io(path, source);
            file.write_all_at(&header.encode(), 0).map_err(failed)?;
            self.0.sync.sync_data(file).map_err(failed)?;
        }
        epoch.header = header;
        Ok(())
    }

    /// Ends a change of the master key that was interrupted: only this one opens the keyring afterwards.
    ///
    /// # Errors
    /// As [`Self::rewrap`].
    pub fn settle(&self, master: &MasterKey) -> Result<(), Error> {
        let wraps = self.epoch().header.wraps;
        if wraps.iter().flatten().count() > 1 { self.rewrap(&[master]) } else { Ok(()) }
    }

    /// Destroys the keys in these slots: all others are wrapped with the key of a new epoch, the files of the old one are
    /// overwritten and removed. What is stored of the records stays and says nothing any more. Killed anywhere, the old
    /// epoch or the new one is there as a whole. Nobody can store meanwhile.
    ///
    /// # Errors
    /// `Full`, `Io`, `Random`: nothing is erased then. `KeyringDamaged` if a slot cannot be read.
    pub fn erase(&self, master: &MasterKey, slots: &BTreeSet<u64>) -> Result<(), Error> {
        self.sync()?;
        let mut epoch = self.epoch_alone();
        let number = epoch.header.epoch + 1;
        let key = random_key()?;
        let wraps = [Some(wrapped_for(master, number, &key)?), None];
        let header = Header { epoch: number, created: now(), wraps };
        let next = Writing { header, key: RecordKey::new(key), dir: &self.0.dir, sync: self.0.sync.as_ref() };
        let written = next.write(epoch.next.load(Ordering::Relaxed), |at| match self.slot(&epoch, at)? {
            Some(Slot::Kept { .. } | Slot::Erased) if slots.contains(&at) => Ok(Kept::Erased),
            Some(Slot::Kept { object_id, nonce, wrapped }) => epoch
                .unwrap(object_id, at, nonce, wrapped)
                .map(|key| Kept::Key(object_id, key))
                .map_err(|defect| self.damaged(defect)),
            Some(Slot::Erased) => Ok(Kept::Erased),
            Some(Slot::Empty) => Ok(Kept::Empty),
            None => Err(self.damaged(Defect::Checksum)),
        });
        if let Err(error) = written {
            self.withdraw(number);
            return Err(error);
        }
        let opened = Epoch::open(&self.0.dir, number, &[0, 1].into(), master, self.0.sync.as_ref());
        *epoch = opened.inspect_err(|_| self.withdraw(number))?;
        // What was still to be synced is in the new files, and wrapped otherwise there.
        lock(&self.0.pending).clear();
        destroy_older(&self.0.dir, number, self.0.sync.as_ref())
    }

    /// Takes an unfinished epoch away: the next start would take it for the newest one, without the keys that come meanwhile.
    fn withdraw(&self, number: u64) {
        let parts = COPIES.map(|copy| self.0.dir.join(format!("{number:016x}.{copy}.part")));
        let gone = [path(&self.0.dir, number, 0), path(&self.0.dir, number, 1)].into_iter().chain(parts).all(
            |file| match fs::remove_file(&file) {
                Ok(()) => true,
                Err(error) => error.kind() == io::ErrorKind::NotFound,
            },
        );
        if !gone || self.0.sync.sync_folder(&self.0.dir).is_err() {
            self.0.stopped.store(true, Ordering::Relaxed);
        }
    }

    fn damaged(&self, defect: Defect) -> Error {
        Error::KeyringDamaged { path: self.0.dir.clone(), defect }
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("dir", &self.0.dir).finish_non_exhaustive()
    }
}

impl Epoch {
    fn open(
        dir: &Path,
        number: u64,
        there: &BTreeSet<usize>,
        master: &MasterKey,
        sync: &dyn SyncFile,
    ) -> Result<Self, Error> {
        let paths = [path(dir, number, 0), path(dir, number, 1)];
        for copy in 0..2 {
            if !there.contains(&copy) {
                copy_file(&paths[1 - copy], &paths[copy], sync)?;
            }
        }
        let open = |path: &PathBuf| {
            let opened = OpenOptions::new().read(true).write(true).open(path);
            opened.map_err(|source| Error::io(path, source))
        };
        let files = [open(&paths[0])?, open(&paths[1])?];
        let headers = [read_header(&files[0]), read_header(&files[1])];
        let header = match headers {
            [Ok(header), Ok(other)] if header == other => header,
            [Ok(header), _] => {
                mend(&files[1], &paths[1], &header, sync)?;
                header
            }
            [_, Ok(header)] => {
                mend(&files[0], &paths[0], &header, sync)?;
                header
            }
            [Err(defect), Err(_)] => {
                return Err(Error::KeyringDamaged { path: paths[0].clone(), defect });
            }
        };
        let damaged = |defect| Error::KeyringDamaged { path: paths[0].clone(), defect };
        if header.epoch != number {
            return Err(damaged(Defect::Value));
        }
        let key = unwrapped(&header, master).map_err(|error| match error {
            SealError::OtherKey => Error::OtherMasterKey { dir: dir.to_owned() },
            _ => damaged(Defect::Sealed),
        })?;
        let mut octets = 0;
        for (file, path) in files.iter().zip(&paths) {
            let about = file.metadata().map_err(|source| Error::io(path, source))?;
            octets = octets.max(about.len());
        }
        let next = octets.saturating_sub(HEADER_LEN as u64).div_ceil(SLOT_LEN as u64);
        Ok(Self { header, key: RecordKey::new(key), files, paths, next: AtomicU64::new(next) })
    }

    fn wrap(&self, object_id: ObjectId, number: u64, key: &[u8; KEY_LEN]) -> Result<Slot, Error> {
        wrap(&self.key, object_id, number, key)
    }

    fn unwrap(
        &self,
        object_id: ObjectId,
        number: u64,
        nonce: [u8; 12],
        wrapped: [u8; 48],
    ) -> Result<RecordKey, Defect> {
        let mut key = [0; KEY_LEN];
        self.key.open(nonce, &slot_data(object_id, number), &wrapped, &mut key)?;
        Ok(RecordKey::new(key))
    }

    fn write(&self, number: u64, octets: &[u8; SLOT_LEN]) -> Result<(), Error> {
        for (file, path) in self.files.iter().zip(&self.paths) {
            file.write_all_at(octets, Slot::at(number)).map_err(|source| Error::io(path, source))?;
        }
        Ok(())
    }

    fn sync(&self, sync: &dyn SyncFile) -> Result<(), Error> {
        for (file, path) in self.files.iter().zip(&self.paths) {
            sync.sync_data(file).map_err(|source| Error::io(path, source))?;
        }
        Ok(())
    }

    /// The octets of `count` slots; zeros beyond the end.
    fn read_many(&self, copy: usize, from: u64, count: usize, octets: &mut Vec<u8>) -> Result<(), Error> {
        octets.clear();
        octets.resize(count * SLOT_LEN, 0);
        let mut have = 0;
        while have < octets.len() {
            match self.files[copy].read_at(&mut octets[have..], Slot::at(from) + have as u64) {
                Ok(0) => break,
                Ok(read) => have += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(Error::io(&self.paths[copy], source)),
            }
        }
        Ok(())
    }

    fn read(&self, copy: usize, number: u64) -> Result<Result<Slot, Defect>, Error> {
        let mut octets = [0; SLOT_LEN];
        match self.files[copy].read_exact_at(&mut octets, Slot::at(number)) {
            Ok(()) => Ok(Slot::decode(&octets)),
            // Beyond the end nothing was written.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Ok(Slot::Empty)),
            Err(source) => Err(Error::io(&self.paths[copy], source)),
        }
    }
}

/// A slot of a new epoch.
enum Kept {
    Key(ObjectId, RecordKey),
    Erased,
    Empty,
}

/// A new epoch that is being written.
struct Writing<'a> {
    header: Header,
    key: RecordKey,
    dir: &'a Path,
    sync: &'a dyn SyncFile,
}

impl Writing<'_> {
    /// Writes both copies of `count` slots; they have their names when they are complete.
    fn write(&self, count: u64, mut slot: impl FnMut(u64) -> Result<Kept, Error>) -> Result<(), Error> {
        let parts = COPIES.map(|copy| self.dir.join(format!("{:016x}.{copy}.part", self.header.epoch)));
        let mut files = Vec::with_capacity(2);
        for part in &parts {
            let file = File::create(part).map_err(|source| Error::io(part, source))?;
            files.push(BufWriter::with_capacity(CHUNK * SLOT_LEN, file));
        }
        let mut both = |octets: &[u8]| {
            for (file, part) in files.iter_mut().zip(&parts) {
                file.write_all(octets).map_err(|source| Error::io(part, source))?;
            }
            Ok::<(), Error>(())
        };
        both(&self.header.encode())?;
        for number in 0..count {
            let slot = match slot(number)? {
                Kept::Key(object_id, key) => wrap(&self.key, object_id, number, key.octets())?,
                Kept::Erased => Slot::Erased,
                Kept::Empty => Slot::Empty,
            };
            both(&slot.encode())?;
        }
        for (file, part) in files.into_iter().zip(&parts) {
            let file = file.into_inner().map_err(|error| Error::io(part, error.into_error()))?;
            self.sync.sync_data(&file).map_err(|source| Error::io(part, source))?;
        }
        for (copy, part) in parts.iter().enumerate() {
            let named = path(self.dir, self.header.epoch, copy);
            fs::rename(part, &named).map_err(|source| Error::io(&named, source))?;
        }
        self.sync.sync_folder(self.dir).map_err(|source| Error::io(self.dir, source))
    }
}

fn make(dir: &Path, master: &MasterKey, sync: &dyn SyncFile) -> Result<(), Error> {
    fs::create_dir_all(dir).map_err(|source| Error::io(dir, source))?;
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync.sync_folder(parent).map_err(|source| Error::io(parent, source))?;
    }
    let key = random_key()?;
    let header = Header { epoch: 1, created: now(), wraps: [Some(wrapped_for(master, 1, &key)?), None] };
    Writing { header, key: RecordKey::new(key), dir, sync }.write(0, |_| Ok(Kept::Empty))
}

fn path(dir: &Path, epoch: u64, copy: usize) -> PathBuf {
    dir.join(format!("{epoch:016x}.{}", COPIES[copy]))
}

/// The epochs in the folder and which copies of them there are.
fn epochs(dir: &Path) -> Result<BTreeMap<u64, BTreeSet<usize>>, Error> {
    let failed = |source| Error::io(dir, source);
    let mut found: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(source) => return Err(failed(source)),
    };
    for entry in entries {
        let at = entry.map_err(failed)?.path();
        let name = at.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some((epoch, copy)) = name.split_once('.') else { continue };
        let (Ok(epoch), Some(copy)) =
            (u64::from_str_radix(epoch, 16), COPIES.iter().position(|known| *known == copy))
        else {
            continue;
        };
        if path(dir, epoch, copy) == at {
            found.entry(epoch).or_default().insert(copy);
        }
    }
    Ok(found)
}

/// The newest epoch; what was not finished is removed.
fn newest(dir: &Path) -> Result<Option<(u64, BTreeSet<usize>)>, Error> {
    let newest = epochs(dir)?.pop_last();
    if let Ok(entries) = fs::read_dir(dir) {
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().ends_with(".part") {
                fs::remove_file(entry.path()).map_err(|source| Error::io(&entry.path(), source))?;
            }
        }
    }
    Ok(newest)
}

/// Overwrites and removes the files of epochs before this one.
fn destroy_older(dir: &Path, epoch: u64, sync: &dyn SyncFile) -> Result<(), Error> {
    let mut some = false;
    for (number, copies) in epochs(dir)?.range(..epoch) {
        for copy in copies {
            let path = path(dir, *number, *copy);
            let failed = |source| Error::io(&path, source);
            let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
            let len = file.metadata().map_err(failed)?.len();
            let zeros = vec![0; CHUNK * SLOT_LEN];
            for at in (0..len).step_by(zeros.len()) {
                let here = zeros.len().min((len - at) as usize);
                file.write_all_at(&zeros[..here], at).map_err(failed)?;
            }
            sync.sync_data(&file).map_err(failed)?;
            fs::remove_file(&path).map_err(failed)?;
            some = true;
        }
    }
    if some { sync.sync_folder(dir).map_err(|source| Error::io(dir, source)) } else { Ok(()) }
}

fn copy_file(from: &Path, to: &Path, sync: &dyn SyncFile) -> Result<(), Error> {
    let part = to.with_extension("copy.part");
    let failed = |source| Error::io(&part, source);
    fs::copy(from, &part).map_err(failed)?;
    let file = OpenOptions::new().write(true).open(&part).map_err(failed)?;
    sync.sync_data(&file).map_err(failed)?;
    fs::rename(&part, to).map_err(|source| Error::io(to, source))?;
    let dir = to.parent().unwrap_or(Path::new("."));
    sync.sync_folder(dir).map_err(|source| Error::io(dir, source))
}

fn read_header(file: &File) -> Result<Header, Defect> {
    let mut octets = [0; HEADER_LEN];
    file.read_exact_at(&mut octets, 0).map_err(|_| Defect::Short)?;
    Header::decode(&octets)
}

fn mend(file: &File, path: &Path, header: &Header, sync: &dyn SyncFile) -> Result<(), Error> {
    let written = file.write_all_at(&header.encode(), 0).and_then(|()| sync.sync_data(file));
    written.map_err(|source| Error::io(path, source))
}

fn place(epoch: u64) -> String {
    format!("keyring:{epoch}")
}

fn wrapped_for(master: &MasterKey, epoch: u64, key: &[u8; KEY_LEN]) -> Result<[u8; WRAP_LEN], Error> {
    let sealer = Sealer::new(master, Purpose::KEYRING);
    let sealed = sealer.seal(&place(epoch), key).map_err(|_| Error::Random)?;
    Ok(sealed.try_into().expect("32 octets are sealed as 65"))
}

fn unwrapped(header: &Header, master: &MasterKey) -> Result<[u8; KEY_LEN], SealError> {
    let sealer = Sealer::new(master, Purpose::KEYRING);
    let mut error = SealError::OtherKey;
    for wrap in header.wraps.iter().flatten() {
        match sealer.open(&place(header.epoch), wrap) {
            Ok(key) => return key.expose().as_slice().try_into().map_err(|_| SealError::Changed),
            Err(SealError::OtherKey) => {}
            Err(other) => error = other,
        }
    }
    Err(error)
}

fn wrap(key: &RecordKey, object_id: ObjectId, number: u64, of: &[u8; KEY_LEN]) -> Result<Slot, Error> {
    let mut nonce = [0; 12];
    rand::fill(&mut nonce).map_err(|_| Error::Random)?;
    let mut wrapped = [0; 48];
    wrapped[..KEY_LEN].copy_from_slice(of);
    key.seal_with_room(nonce, &slot_data(object_id, number), &mut wrapped);
    Ok(Slot::Kept { object_id, nonce, wrapped })
}

pub(crate) fn random_key() -> Result<[u8; KEY_LEN], Error> {
    let mut key = [0; KEY_LEN];
    rand::fill(&mut key).map_err(|_| Error::Random)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
