//! Stored octets as they lie in the files, for a log that proves them to whoever has no key.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use model::{SegmentId, Sha256, UnixMillis};
use proof::Defect;
use proof::segment::{SEGMENT_HEADER_LEN, SegmentHeader};

use crate::codec::Hash;
use crate::protect::protect;
use crate::segment::{Phase, Segment};
use crate::{Archive, Error, folder};

/// Octets read at once.
const AHEAD: usize = 1 << 18;

/// Ends of a segment that will not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// End of the last record.
    pub records_end: u64,
    /// Length of the file, its footer included.
    pub len: u64,
}

impl Archive {
    /// SHA-256 of octets `from` to `to` of a segment's file.
    ///
    /// # Errors
    /// `NoSegment`, `Io`, also if the file ends before.
    pub fn stored_digest(&self, segment: SegmentId, from: u64, to: u64) -> Result<Sha256, Error> {
        let (file, path) = self.0.file(segment)?;
        let mut hash = Hash::new();
        let mut octets = vec![0; AHEAD];
        let mut at = from;
        while at < to {
            let len = usize::try_from(to - at).map_or(AHEAD, |left| left.min(AHEAD));
            file.read_exact_at(&mut octets[..len], at).map_err(|source| Error::io(&path, source))?;
            hash.update(&octets[..len]);
            at += len as u64;
        }
        Ok(hash.finish())
    }

    /// When a segment was sealed; `None` while it may grow.
    ///
    /// # Errors
    /// `NoSegment`, `Io`, `Damaged`.
    pub fn sealed_at(&self, segment: SegmentId) -> Result<Option<UnixMillis>, Error> {
        let Some(Sealed { len, .. }) = self.sealed(segment)? else { return Ok(None) };
        let (file, _) = self.0.file(segment)?;
        let tail = folder::footer_tail(&file, len);
        let damaged = |defect| Error::Damaged { segment, at: len, object_id: None, defect };
        tail.map(|tail| Some(tail.sealed)).map_err(damaged)
    }

    /// Whether there is no file of this segment.
    pub fn is_missing(&self, segment: SegmentId) -> bool {
        self.0.segment(segment).is_none() || !Segment::path_in(&self.0.dir, segment).exists()
    }

    /// Where to write a segment that is fetched from elsewhere, for [`Self::bring_back`].
    pub fn fetching_path(&self, segment: SegmentId) -> PathBuf {
        Segment::path_in(&self.0.dir, segment).with_extension("part")
    }

    /// Puts a sealed segment that was missing in its place: what was written to [`Self::fetching_path`], durable already. It
    /// can be read at once.
    ///
    /// # Errors
    /// `Damaged` if it is no sealed segment of this id, `Io`, `Denied`: nothing changed then.
    pub fn bring_back(&self, segment: SegmentId) -> Result<(), Error> {
        let (part, path) = (self.fetching_path(segment), Segment::path_in(&self.0.dir, segment));
        let failed = |source| Error::io(&part, source);
        let damaged = |defect| Error::Damaged { segment, at: 0, object_id: None, defect };
        let file = File::open(&part).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        let tail = folder::footer_tail(&file, len).map_err(damaged)?;
        let mut header = [0; SEGMENT_HEADER_LEN];
        file.read_exact_at(&mut header, 0).map_err(failed)?;
        if SegmentHeader::decode(&header).map_err(damaged)?.id != segment {
            return Err(damaged(Defect::Value));
        }
        fs::rename(&part, &path).map_err(failed)?;
        self.0.sync.sync_folder(&self.0.dir).map_err(|source| Error::io(&self.0.dir, source))?;
        let _ = protect(&path, self.0.options.immutable);
        self.0.adopt(Segment::new(segment, path, Phase::Sealed, tail.footer_at, None));
        Ok(())
    }

    /// Where a segment ends for good; `None` while it may grow.
    ///
    /// # Errors
    /// `NoSegment`, `Io`.
    pub fn sealed(&self, segment: SegmentId) -> Result<Option<Sealed>, Error> {
        let found = self.0.segment(segment).ok_or(Error::NoSegment { segment })?;
        let records_end = {
            let state = found.state();
            if state.phase != Phase::Sealed {
                return Ok(None);
            }
            state.written
        };
        let (file, path) = self.0.file(segment)?;
        let len = file.metadata().map_err(|source| Error::io(&path, source))?.len();
        Ok(Some(Sealed { records_end, len }))
    }
}
