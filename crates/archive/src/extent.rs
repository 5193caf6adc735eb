//! Stored octets as they lie in the files, for a log that proves them to whoever has no key.

use std::os::unix::fs::FileExt as _;

use model::{SegmentId, Sha256};

use crate::codec::Hash;
use crate::segment::Phase;
use crate::{Archive, Error};

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
