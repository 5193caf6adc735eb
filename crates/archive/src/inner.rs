//! The opened archive: which segments there are, who writes to which, appending, sealing, syncing.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use model::{Location, SegmentId, UnixMillis};
use proof::segment::{FooterTail, IndexEntry, SEGMENT_HEADER_LEN, SegmentHeader, footer_head};
use uuid::Uuid;

use crate::codec::{Decoder, Encoded, Encoder};
use crate::keyring::Keyring;
use crate::protect::protect;
use crate::segment::{Phase, Segment, SyncFile, lock};
use crate::walk::{AHEAD, Level, Step, Walk};
use crate::window::Window;
use crate::{Committed, Error, Options, Stored, folder};

const HEADER_LEN: u64 = SEGMENT_HEADER_LEN as u64;
/// File handles kept for reading.
const FILES_MAX: usize = 128;
/// Contexts kept for reuse.
const CODECS_MAX: usize = 8;

pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) sync: Box<dyn SyncFile>,
    pub(crate) keyring: Keyring,
    segments: Mutex<BTreeMap<SegmentId, Arc<Segment>>>,
    /// Small mails go through here one after the other, into one segment.
    lane: Mutex<Lane>,
    /// Open segments nobody writes to.
    idle: Mutex<Vec<Arc<Segment>>>,
    files: Mutex<HashMap<SegmentId, Arc<File>>>,
    encoders: Mutex<Vec<Encoder>>,
    decoders: Mutex<Vec<Decoder>>,
    /// Held as long as the archive is open.
    _lock: File,
}

#[derive(Default)]
struct Lane {
    segment: Option<Arc<Segment>>,
    buffer: Vec<u8>,
}

impl Inner {
    pub(crate) fn open(
        lock: crate::Lock,
        keyring: Keyring,
        options: Options,
        sync: Box<dyn SyncFile>,
    ) -> Result<Self, Error> {
        let crate::Lock { dir, file: lock } = lock;
        let dir = dir.as_path();
        folder::check_format(dir, sync.as_ref())?;
        let segments = folder::segments(dir)?;
        sync.sync_folder(dir).map_err(|source| Error::io(dir, source))?;
        for segment in segments.values().filter(|segment| segment.state().phase == Phase::Sealed) {
            // Restored, or sealed by a version that left the right to write. What cannot be had is told by `protection`.
            let _ = protect(&segment.path, options.immutable);
        }
        Ok(Self {
            dir: dir.to_owned(),
            options,
            sync,
            keyring,
            segments: Mutex::new(segments),
            lane: Mutex::default(),
            idle: Mutex::default(),
            files: Mutex::default(),
            encoders: Mutex::default(),
            decoders: Mutex::default(),
            _lock: lock,
        })
    }

    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        lock(&self.segments).values().cloned().collect()
    }

    pub(crate) fn segment(&self, id: SegmentId) -> Option<Arc<Segment>> {
        lock(&self.segments).get(&id).cloned()
    }

    pub(crate) fn forget(&self, id: SegmentId) {
        lock(&self.segments).remove(&id);
    }

    /// Takes a segment whose file came back.
    pub(crate) fn adopt(&self, segment: Segment) {
        // A handle of the file that was there before would read what is gone.
        lock(&self.files).remove(&segment.id);
        lock(&self.segments).insert(segment.id, Arc::new(segment));
    }

    /// A handle for reading.
    pub(crate) fn file(&self, id: SegmentId) -> Result<(Arc<File>, PathBuf), Error> {
        let path = Segment::path_in(&self.dir, id);
        if let Some(file) = lock(&self.files).get(&id) {
            return Ok((Arc::clone(file), path));
        }
        if self.segment(id).is_none() {
            return Err(Error::NoSegment { segment: id });
        }
        let file = match File::open(&path) {
            Ok(file) => Arc::new(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoSegment { segment: id });
            }
            Err(source) => return Err(Error::io(&path, source)),
        };
        let mut files = lock(&self.files);
        if files.len() >= FILES_MAX {
            files.clear();
        }
        files.insert(id, Arc::clone(&file));
        Ok((file, path))
    }

    pub(crate) fn encoder(&self) -> Encoder {
        lock(&self.encoders).pop().unwrap_or_else(|| Encoder::new(self.options.level))
    }

    pub(crate) fn keep_encoder(&self, encoder: Encoder) {
        let mut encoders = lock(&self.encoders);
        if encoders.len() < CODECS_MAX {
            encoders.push(encoder);
        }
    }

    pub(crate) fn decoder(&self) -> Decoder {
        lock(&self.decoders).pop().unwrap_or_else(Decoder::new)
    }

    pub(crate) fn keep_decoder(&self, decoder: Decoder) {
        let mut decoders = lock(&self.decoders);
        if decoders.len() < CODECS_MAX {
            decoders.push(decoder);
        }
    }

    /// An open segment nobody else writes to: the fullest of those that have room, or a new one.
    pub(crate) fn take_segment(&self) -> Result<Arc<Segment>, Error> {
        let mut idle = lock(&self.idle);
        idle.retain(|segment| segment.state().phase == Phase::Open);
        let room = |segment: &Arc<Segment>| segment.state().written < self.options.segment_octets_max;
        let fullest = (0..idle.len())
            .filter(|index| room(&idle[*index]))
            .max_by_key(|index| idle[*index].state().written);
        if let Some(index) = fullest {
            return Ok(idle.swap_remove(index));
        }
        drop(idle);
        self.new_segment()
    }

    /// Gives a segment back for others to write to; a full one is sealed first.
    pub(crate) fn release(&self, segment: Arc<Segment>) -> Result<(), Error> {
        let (phase, written) = {
            let state = segment.state();
            (state.phase, state.written)
        };
        if phase != Phase::Open {
            return Ok(());
        }
        let sealed = if written >= self.options.segment_octets_max { self.seal(&segment) } else { Ok(()) };
        if segment.state().phase == Phase::Open {
            lock(&self.idle).push(segment);
        }
        sealed
    }

    fn new_segment(&self) -> Result<Arc<Segment>, Error> {
        let id = SegmentId::new(Uuid::now_v7());
        let path = Segment::path_in(&self.dir, id);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|source| Error::io(&path, source))?;
        let segment = Segment::new(id, path, Phase::Open, HEADER_LEN, Some(Arc::new(file)));
        let header = SegmentHeader { id, created: now() };
        if let Err(error) = segment.write_at(&header.encode(), 0) {
            // An empty file is worth nothing; if it stays, recovery removes it.
            let _ = fs::remove_file(&segment.path);
            return Err(error);
        }
        let segment = Arc::new(segment);
        lock(&self.segments).insert(id, Arc::clone(&segment));
        Ok(segment)
    }

    /// Appends a finished record.
    pub(crate) fn append(&self, encoded: &Encoded) -> Result<Stored, Error> {
        let slot = self.keyring.put(encoded.object_id, encoded.key.octets())?;
        let mut lane = lock(&self.lane);
        loop {
            let segment = match lane.segment.take() {
                Some(segment) if segment.state().phase == Phase::Open => segment,
                _ => self.take_segment()?,
            };
            lane.buffer.clear();
            let encoding = encoded.write(segment.mark(), slot, &mut lane.buffer);
            if let Err(error) = encoding {
                lane.segment = Some(segment);
                return Err(error);
            }
            let at = segment.state().written;
            let end = at + lane.buffer.len() as u64;
            if at > HEADER_LEN && end > self.options.segment_octets_max {
                let sealed = self.seal(&segment);
                if segment.state().phase == Phase::Open {
                    // No room even for the footer: the segment stays as it is until there is.
                    lane.segment = Some(segment);
                    sealed?;
                }
                continue;
            }
            let written = segment.write_at(&lane.buffer, at);
            match written {
                Ok(()) => segment.advance(at, end),
                Err(_) => segment.take_back(),
            }
            let location = Location { segment: segment.id, at, len: end - at };
            lane.segment = Some(segment);
            written?;
            return Ok(Stored {
                object_id: encoded.object_id,
                location,
                octets: encoded.octets,
                sha256: encoded.sha256,
            });
        }
    }

    /// Writes the footer. Afterwards the segment is sealed, or open as before, or retired by a failed fsync.
    fn seal(&self, segment: &Arc<Segment>) -> Result<(), Error> {
        let written = segment.state().written;
        self.sync_segment(segment, written)?;
        let file = segment.writable()?;
        let window = Window::new(Arc::clone(&file), segment.path.clone(), written, AHEAD);
        let mut walk = Walk::new(window, segment.id, HEADER_LEN, Level::Checksums, None);
        let (mut entries, mut octets) = (Vec::new(), 0);
        while let Some(step) = walk.next()? {
            if let Step::Record { stored, .. } | Step::Object { stored } = step {
                let Location { at, len, .. } = stored.location;
                entries.extend_from_slice(&IndexEntry { object_id: stored.object_id, at, len }.encode());
                octets += stored.octets;
            }
        }
        let count = (entries.len() / proof::segment::INDEX_ENTRY_LEN) as u32;
        let mut footer = footer_head(segment.mark(), count).to_vec();
        footer.append(&mut entries);
        let entries_crc = proof::Crc::of(&footer);
        let tail = FooterTail { footer_at: written, octets, sealed: now(), entries: count, entries_crc };
        footer.extend_from_slice(&tail.encode());
        if let Err(error) = segment.write_at(&footer, written) {
            segment.take_back();
            return Err(error);
        }
        if let Err(source) = self.sync.sync_data(&file) {
            segment.retire();
            return Err(Error::SyncFailed { segment: segment.id, source: Some(source) });
        }
        let mut state = segment.state();
        state.phase = Phase::Sealed;
        state.file = None;
        drop(state);
        // The segment is sealed either way; the next start tries again.
        let _ = protect(&segment.path, self.options.immutable);
        Ok(())
    }

    /// Makes everything up to `end` durable: first the keys, then what they open. Keys even if the segment is durable
    /// already: somebody else's sync may have begun between the two.
    pub(crate) fn sync_segment(&self, segment: &Segment, end: u64) -> Result<(), Error> {
        self.keyring.sync()?;
        segment.sync_to(end, self.sync.as_ref())
    }

    /// Makes the records of a batch durable; gives the lengths the database may note with them.
    pub(crate) fn sync(&self, batch: &[Stored]) -> Result<Vec<Committed>, Error> {
        let mut touched: BTreeMap<SegmentId, Vec<u64>> = BTreeMap::new();
        let mut ends: BTreeMap<SegmentId, u64> = BTreeMap::new();
        for Stored { location: Location { segment, at, len }, .. } in batch {
            touched.entry(*segment).or_default().push(*at);
            let end = ends.entry(*segment).or_default();
            *end = (*end).max(at + len);
        }
        let mut committed = Vec::with_capacity(touched.len());
        for (id, mut places) in touched {
            let segment = self.segment(id).ok_or(Error::NoSegment { segment: id })?;
            self.sync_segment(&segment, ends[&id])?;
            places.sort_unstable();
            committed.push(Committed { segment: id, len: segment.committed_with(&places) });
        }
        Ok(committed)
    }

    /// Takes back records that lie at the ends of segments nobody writes to at the moment.
    pub(crate) fn withdraw(&self, batch: &[Stored]) {
        let mut places: BTreeMap<SegmentId, Vec<u64>> = BTreeMap::new();
        for Stored { location, .. } in batch {
            places.entry(location.segment).or_default().push(location.at);
        }
        // While both are held nobody can begin to write.
        let lane = lock(&self.lane);
        let idle = lock(&self.idle);
        for segment in idle.iter().chain(&lane.segment) {
            if let Some(places) = places.get_mut(&segment.id) {
                places.sort_unstable();
                segment.withdraw(places);
            }
        }
    }

    /// The database knows these records now.
    pub(crate) fn confirm(&self, batch: &[Stored]) {
        for Stored { location, .. } in batch {
            if let Some(segment) = self.segment(location.segment) {
                segment.state().pending.remove(&location.at);
            }
        }
    }
}

pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
