//! Walking over all segments: recovery at start, the scan for a rebuild, the full check.

mod index;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use model::{Location, SegmentId};
use proof::segment::{IndexEntry, SEGMENT_HEADER_LEN, SegmentHeader};
use proof::{Defect, provenance};

use self::index::Index;
use crate::found::{Damage, DamageKind, Found};
use crate::inner::Inner;
use crate::segment::{Phase, Segment};
use crate::walk::{AHEAD, Level, Step, Walk};
use crate::window::Window;
use crate::{Error, Stored};

const HEADER_LEN: u64 = SEGMENT_HEADER_LEN as u64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Recover,
    Scan,
    Check,
}

/// An iterator over what lies in the archive; memory does not grow with the archive.
pub struct Survey {
    archive: Arc<Inner>,
    purpose: Purpose,
    /// What the database knows of each segment.
    committed: BTreeMap<SegmentId, u64>,
    left: VecDeque<Arc<Segment>>,
    ready: VecDeque<Found>,
    current: Option<Current>,
    octets_done: u64,
    octets_total: u64,
}

/// The segment being walked.
struct Current {
    segment: Arc<Segment>,
    walk: Walk,
    /// End of what is walked.
    end: u64,
    sealed: bool,
    /// Where the walk began: the committed length.
    from: u64,
    /// End of the last intact record, or of the last damage that something intact follows.
    sound: u64,
    damaged: bool,
    torn: Option<(u64, Defect)>,
    index: Option<Index>,
    /// The file to be cut or grown.
    file: Option<Arc<File>>,
}

impl Current {
    /// Notes an intact record.
    fn found(&mut self, stored: &Stored, purpose: Purpose) {
        let Location { at, len, .. } = stored.location;
        self.sound = at + len;
        if let Some(index) = &mut self.index {
            index.expect(IndexEntry { object_id: stored.object_id, at, len }, stored.octets);
        }
        if purpose == Purpose::Recover {
            self.segment.state().pending.insert(at, at + len);
        }
    }
}

impl Survey {
    pub(crate) fn recover(archive: &Arc<Inner>, committed: BTreeMap<SegmentId, u64>) -> Self {
        Self::new(archive, committed, Purpose::Recover)
    }

    pub(crate) fn scan(archive: &Arc<Inner>) -> Self {
        Self::new(archive, BTreeMap::new(), Purpose::Scan)
    }

    pub(crate) fn check(archive: &Arc<Inner>, committed: BTreeMap<SegmentId, u64>) -> Self {
        Self::new(archive, committed, Purpose::Check)
    }

    fn new(archive: &Arc<Inner>, committed: BTreeMap<SegmentId, u64>, purpose: Purpose) -> Self {
        let segments = archive.segments();
        let mut ready = VecDeque::new();
        for (id, len) in &committed {
            if *len > 0 && archive.segment(*id).is_none() {
                ready.push_back(damage(*id, 0, *len, DamageKind::Missing));
            }
        }
        let octets_total = segments.iter().map(|segment| segment.state().written).sum();
        Self {
            archive: Arc::clone(archive),
            purpose,
            committed,
            left: segments.into(),
            ready,
            current: None,
            octets_done: 0,
            octets_total,
        }
    }

    /// Octets of segments walked so far and in all, for a progress bar.
    pub fn progress(&self) -> (u64, u64) {
        let within = self.current.as_ref().map_or(0, |current| current.walk.at());
        ((self.octets_done + within).min(self.octets_total), self.octets_total)
    }

    fn advance(&mut self) -> Result<Option<Found>, Error> {
        loop {
            if let Some(found) = self.ready.pop_front() {
                return Ok(Some(found));
            }
            if let Some(current) = &mut self.current {
                let step = current.walk.next();
                match step {
                    Ok(Some(step)) => self.take(step),
                    Ok(None) => self.end_segment()?,
                    Err(Error::Io { .. }) if self.purpose == Purpose::Check => self.unreadable(),
                    Err(error) => {
                        self.current = None;
                        return Err(error);
                    }
                }
            } else if let Some(segment) = self.left.pop_front() {
                self.begin(&segment)?;
            } else {
                return Ok(None);
            }
        }
    }

    fn begin(&mut self, segment: &Arc<Segment>) -> Result<(), Error> {
        let (phase, written) = {
            let state = segment.state();
            (state.phase, state.written)
        };
        let committed = self.committed.get(&segment.id).copied().unwrap_or(0);
        if committed > written {
            let kind = DamageKind::Truncated;
            self.ready.push_back(damage(segment.id, written, committed - written, kind));
        }
        let recover = self.purpose == Purpose::Recover;
        let settled = match phase {
            Phase::Unchecked => false,
            Phase::Sealed => committed >= written,
            Phase::Open | Phase::Retired => true,
        };
        if recover && settled {
            self.octets_done += written;
            return Ok(());
        }
        if recover && phase == Phase::Unchecked && committed > written {
            // The database knows places that are gone: nothing may be written where they were.
            segment.retire();
            self.octets_done += written;
            return Ok(());
        }
        let current = match self.open(segment, phase, written, committed) {
            Ok(current) => current,
            Err(Error::Io { .. }) if self.purpose == Purpose::Check => {
                self.ready.push_back(damage(segment.id, 0, written, DamageKind::Unreadable));
                self.octets_done += written;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.current = current;
        Ok(())
    }

    fn open(
        &mut self,
        segment: &Arc<Segment>,
        phase: Phase,
        written: u64,
        committed: u64,
    ) -> Result<Option<Current>, Error> {
        let recover = self.purpose == Purpose::Recover;
        let unsealed = recover && phase == Phase::Unchecked;
        let file = if unsealed {
            let opened = OpenOptions::new().read(true).write(true).open(&segment.path);
            Arc::new(opened.map_err(|source| Error::io(&segment.path, source))?)
        } else {
            self.archive.file(segment.id)?.0
        };
        let header = header_of(&file, written);
        if unsealed && header.is_err() && self.remove_empty(segment, &file, written)? {
            return Ok(None);
        }
        if let Err(defect) =
            header.and_then(|header| if header.id == segment.id { Ok(()) } else { Err(Defect::Value) })
        {
            self.ready.push_back(damage(segment.id, 0, HEADER_LEN, DamageKind::Header(defect)));
        }
        let from = if recover { committed.max(HEADER_LEN) } else { HEADER_LEN };
        if unsealed {
            self.settle(segment, &file, from, written)?;
        }
        let level = if self.purpose == Purpose::Scan { Level::Checksums } else { Level::Octets };
        let walked = || Window::new(Arc::clone(&file), segment.path.clone(), written, AHEAD);
        let archive = Some(Arc::clone(&self.archive));
        let walk = Walk::new(walked(), segment.id, from, level, archive);
        let index = (self.purpose == Purpose::Check && phase == Phase::Sealed)
            .then(|| Index::open(&file, segment))
            .transpose()
            .unwrap_or_else(|defect| {
                self.ready.push_back(damage(segment.id, written, 0, DamageKind::Footer(defect)));
                None
            });
        Ok(Some(Current {
            segment: Arc::clone(segment),
            walk,
            end: written,
            sealed: phase == Phase::Sealed,
            from,
            sound: from,
            damaged: header.is_err(),
            torn: None,
            index,
            file: unsealed.then_some(file),
        }))
    }

    /// Removes a file that holds nothing: begun, never durable. Gives whether it did.
    fn remove_empty(&mut self, segment: &Arc<Segment>, file: &File, len: u64) -> Result<bool, Error> {
        let failed = |source| Error::io(&segment.path, source);
        if self.committed.contains_key(&segment.id)
            || len > HEADER_LEN && !all_zero(file, len).map_err(failed)?
        {
            return Ok(false);
        }
        fs::remove_file(&segment.path).map_err(failed)?;
        self.archive.forget(segment.id);
        self.ready.push_back(Found::Cut { segment: segment.id, at: 0, octets: len });
        Ok(true)
    }

    /// Makes what lies beyond the committed length durable before anything of it is adopted.
    ///
    /// Written again octet by octet: after a failed fsync the kernel may hold pages that it believes to be on the
    /// disk and that are not; only a new write makes it try again.
    fn settle(&self, segment: &Segment, file: &File, from: u64, end: u64) -> Result<(), Error> {
        let failed = |source| Error::io(&segment.path, source);
        let mut buffer = vec![0; AHEAD];
        let mut at = from.min(end);
        while at < end {
            let len = usize::try_from(end - at).unwrap_or(AHEAD).min(AHEAD);
            file.read_exact_at(&mut buffer[..len], at).map_err(failed)?;
            file.write_all_at(&buffer[..len], at).map_err(failed)?;
            at += len as u64;
        }
        self.archive.sync.sync_data(file).map_err(failed)
    }

    fn take(&mut self, step: Step) {
        let Some(current) = &mut self.current else { return };
        match step {
            Step::Object { stored } => {
                current.found(&stored, self.purpose);
                self.ready.push_back(Found::Object { stored });
            }
            Step::Erased { at, len, octets, object_id } => {
                current.sound = at + len;
                let segment = current.segment.id;
                if let Some(index) = &mut current.index {
                    index.expect(IndexEntry { object_id, at, len }, octets);
                }
                self.ready.push_back(Found::Erased { segment, at, len, object_id });
            }
            Step::Record { stored, provenance: octets, uses } => match provenance::decode(&octets) {
                Ok(provenance) => {
                    current.found(&stored, self.purpose);
                    self.ready.push_back(Found::Record { stored, provenance, uses });
                }
                Err(defect) => {
                    current.found(&stored, Purpose::Check);
                    self.ready.push_back(Found::Damage(Damage {
                        segment: current.segment.id,
                        at: stored.location.at,
                        len: stored.location.len,
                        object_id: Some(stored.object_id),
                        kind: DamageKind::Record(defect),
                    }));
                }
            },
            Step::Damage { at, len, object_id, defect } => {
                current.damaged = true;
                current.sound = at + len;
                let (segment, kind) = (current.segment.id, DamageKind::Record(defect));
                self.ready.push_back(Found::Damage(Damage { segment, at, len, object_id, kind }));
            }
            Step::Torn { at, len, object_id, defect } => {
                current.torn = Some((at, defect));
                let sealed_or_open = current.sealed || self.purpose != Purpose::Recover;
                if sealed_or_open {
                    let segment = current.segment.id;
                    let kind =
                        if current.sealed { DamageKind::Record(defect) } else { DamageKind::Torn(defect) };
                    self.ready.push_back(Found::Damage(Damage { segment, at, len, object_id, kind }));
                }
            }
        }
    }

    fn end_segment(&mut self) -> Result<(), Error> {
        let Some(current) = self.current.take() else { return Ok(()) };
        self.octets_done += current.end;
        if let Some(index) = current.index
            && let Some(defect) = index.verdict()
        {
            let kind = DamageKind::Footer(defect);
            self.ready.push_back(damage(current.segment.id, current.end, 0, kind));
        }
        let Some(file) = current.file else { return Ok(()) };
        let segment = &current.segment;
        let mut written = current.end;
        let mut usable = !current.damaged;
        if let Some((at, defect)) = current.torn {
            // What a later version wrote is not torn, and a cut where no record ends would be the wrong one.
            if defect == Defect::Unsupported || !Self::boundary(segment, &file, current.from, at)? {
                usable = false;
                let kind = DamageKind::Torn(defect);
                self.ready.push_back(damage(segment.id, at, current.end - at, kind));
            } else {
                let failed = |source| Error::io(&segment.path, source);
                file.set_len(at).map_err(failed)?;
                self.archive.sync.sync_data(&file).map_err(failed)?;
                written = at;
                self.ready.push_back(Found::Cut { segment: segment.id, at, octets: current.end - at });
            }
        }
        let mut state = segment.state();
        state.written = written;
        state.durable = written;
        state.phase = if usable { Phase::Open } else { Phase::Retired };
        state.file = usable.then_some(file);
        drop(state);
        if usable { self.archive.release(Arc::clone(segment)) } else { Ok(()) }
    }

    /// Whether a record, or the header, ends at `at`: certain unless it is where the database says.
    fn boundary(segment: &Segment, file: &Arc<File>, from: u64, at: u64) -> Result<bool, Error> {
        if at != from || at == HEADER_LEN {
            return Ok(true);
        }
        let window = Window::new(Arc::clone(file), segment.path.clone(), at, AHEAD);
        let mut walk = Walk::new(window, segment.id, HEADER_LEN, Level::Structure, None);
        while let Some(step) = walk.next()? {
            if matches!(step, Step::Torn { .. }) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn unreadable(&mut self) {
        if let Some(current) = self.current.take() {
            let at = current.walk.at();
            self.octets_done += current.end;
            let len = current.end - at;
            self.ready.push_back(damage(current.segment.id, at, len, DamageKind::Unreadable));
        }
    }
}

impl Iterator for Survey {
    type Item = Result<Found, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

impl std::fmt::Debug for Survey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Survey").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

fn damage(segment: SegmentId, at: u64, len: u64, kind: DamageKind) -> Found {
    Found::Damage(Damage { segment, at, len, object_id: None, kind })
}

fn header_of(file: &File, len: u64) -> Result<SegmentHeader, Defect> {
    let mut header = [0; SEGMENT_HEADER_LEN];
    if len < HEADER_LEN {
        return Err(Defect::Short);
    }
    file.read_exact_at(&mut header, 0).map_err(|_| Defect::Short)?;
    SegmentHeader::decode(&header)
}

fn all_zero(file: &File, len: u64) -> std::io::Result<bool> {
    let mut buffer = vec![0; AHEAD];
    let mut at = 0;
    while at < len {
        let part = usize::try_from(len - at).unwrap_or(AHEAD).min(AHEAD);
        file.read_exact_at(&mut buffer[..part], at)?;
        if buffer[..part].iter().any(|octet| *octet != 0) {
            return Ok(false);
        }
        at += part as u64;
    }
    Ok(true)
}
