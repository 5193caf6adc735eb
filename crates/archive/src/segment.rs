//! One segment file and what is known of it: how far it is written, durable and confirmed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::SegmentId;
use proof::record::Mark;

use crate::Error;

pub(crate) const EXTENSION: &str = "seg";

/// Takes a lock whatever happened to its last holder: states are changed by single assignments only.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What may be done with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Found unsealed at start: not written before it is recovered.
    Unchecked,
    /// May grow.
    Open,
    /// Has its footer.
    Sealed,
    /// Neither grows nor is sealed: damaged, or a failed fsync.
    Retired,
}

pub(crate) struct State {
    pub(crate) phase: Phase,
    /// While it may grow.
    pub(crate) file: Option<Arc<File>>,
    /// End of the last whole record.
    pub(crate) written: u64,
    /// So much is on the disk for certain.
    pub(crate) durable: u64,
    /// Records appended or adopted that the database has not confirmed: offset and end.
    pub(crate) pending: BTreeMap<u64, u64>,
}

pub(crate) struct Segment {
    pub(crate) id: SegmentId,
    pub(crate) path: PathBuf,
    state: Mutex<State>,
    /// Held while syncing; true once the folder's entry is durable.
    entry_durable: Mutex<bool>,
}

impl Segment {
    pub(crate) fn new(
        id: SegmentId,
        path: PathBuf,
        phase: Phase,
        written: u64,
        file: Option<Arc<File>>,
    ) -> Self {
        // A segment found at start lies in a folder that was synced then; one made now does not.
        let entry_durable = Mutex::new(phase != Phase::Open);
        // Records are synced before a footer is written.
        let durable = if phase == Phase::Sealed { written } else { 0 };
        let state = State { phase, file, written, durable, pending: BTreeMap::new() };
        Self { id, path, state: Mutex::new(state), entry_durable }
    }

    pub(crate) fn path_in(dir: &Path, id: SegmentId) -> PathBuf {
        dir.join(format!("{id}.{EXTENSION}"))
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark::of(self.id)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The file, if the segment may grow.
    pub(crate) fn writable(&self) -> Result<Arc<File>, Error> {
        let state = self.state();
        match (&state.file, state.phase) {
            (Some(file), Phase::Open) => Ok(Arc::clone(file)),
            _ => Err(Error::SyncFailed { segment: self.id, source: None }),
        }
    }

    /// Writes at an offset beyond the last whole record. What the caller does not finish it takes back.
    pub(crate) fn write_at(&self, octets: &[u8], at: u64) -> Result<(), Error> {
        let file = self.writable()?;
        file.write_all_at(octets, at).map_err(|source| Error::io(&self.path, source))
    }

    /// Cuts off what was written behind the last whole record; a segment that will not be cut is retired.
    pub(crate) fn take_back(&self) {
        let mut state = self.state();
        let cut = state.file.as_ref().map(|file| file.set_len(state.written));
        if !matches!(cut, Some(Ok(()))) {
            state.phase = Phase::Retired;
            state.file = None;
        }
    }

    /// A whole record ends at `end` now.
    pub(crate) fn advance(&self, at: u64, end: u64) {
        let mut state = self.state();
        state.written = end;
        state.pending.insert(at, end);
    }

    /// Takes back those of the unconfirmed records at `places` (ascending) that nothing follows.
    pub(crate) fn withdraw(&self, places: &[u64]) {
        // Nothing may be synced meanwhile: a sync that began before would call durable what is written here later.
        let _syncing = lock(&self.entry_durable);
        let mut state = self.state();
        if state.phase != Phase::Open {
            return;
        }
        let before = state.written;
        for at in places.iter().rev() {
            if state.pending.get(at) != Some(&state.written) {
                break;
            }
            state.pending.remove(at);
            state.written = *at;
        }
        if state.written < before {
            state.durable = state.durable.min(state.written);
            drop(state);
            self.take_back();
        }
    }

    /// Takes back everything behind `to`; whoever calls has the segment alone and wrote all of that.
    pub(crate) fn rewind(&self, to: u64) {
        // As in `withdraw`.
        let _syncing = lock(&self.entry_durable);
        let mut state = self.state();
        if state.phase != Phase::Open {
            return;
        }
        state.pending.split_off(&to);
        state.written = to;
        state.durable = state.durable.min(to);
        drop(state);
        self.take_back();
    }

    /// Retires the segment; the records that are not durable must be appended anew.
    pub(crate) fn retire(&self) {
        let mut state = self.state();
        state.phase = Phase::Retired;
        state.file = None;
    }

    /// Returns once everything up to `end` is on the disk. Callers that come meanwhile share one fdatasync.
    pub(crate) fn sync_to(&self, end: u64, sync: &dyn SyncFile) -> Result<(), Error> {
        if self.state().durable >= end {
            return Ok(());
        }
        let mut entry_durable = lock(&self.entry_durable);
        let (file, target) = {
            let state = self.state();
            if state.durable >= end {
                return Ok(());
            }
            match &state.file {
                Some(file) if state.written >= end => (Arc::clone(file), state.written),
                _ => return Err(Error::SyncFailed { segment: self.id, source: None }),
            }
        };
        let mut result = sync.sync_data(&file);
        if result.is_ok() && !*entry_durable {
            result = sync.sync_folder(self.path.parent().unwrap_or(Path::new("/")));
        }
        match result {
            Ok(()) => {
                *entry_durable = true;
                let mut state = self.state();
                state.durable = state.durable.max(target);
                Ok(())
            }
            Err(source) => {
                self.retire();
                Err(Error::SyncFailed { segment: self.id, source: Some(source) })
            }
        }
    }

    /// The largest offset below which the database knows every record once it knows those that begin at `batch` (ascending).
    pub(crate) fn committed_with(&self, batch: &[u64]) -> u64 {
        let state = self.state();
        let open = state.pending.keys().find(|at| batch.binary_search(at).is_err());
        open.copied().unwrap_or(state.written)
    }
}

/// The two calls that make octets durable, so that a test can make them fail.
pub(crate) trait SyncFile: Send + Sync {
    fn sync_data(&self, file: &File) -> io::Result<()>;
    fn sync_folder(&self, dir: &Path) -> io::Result<()>;
}

/// The system's.
pub(crate) struct SystemSync;

impl SyncFile for SystemSync {
    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_folder(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}
