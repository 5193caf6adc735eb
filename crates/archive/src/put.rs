//! Streaming a mail of unknown length into the archive.

use std::io::{self, Write};
use std::sync::Arc;

use model::{Location, ObjectId, Provenance, Sha256};
use proof::record::{Chain, FRAME_RAW_MAX, RecordHeader, TRAILER_LEN, Trailer};

use crate::codec::{Hash, compression, new_object_id, provenance_octets};
use crate::inner::Inner;
use crate::segment::Segment;
use crate::{Error, Stored};

/// A mail on its way in, written with [`io::Write`]; dropped before [`Put::finish`] it leaves nothing behind.
///
/// Holds at most one frame (1 MiB) of the mail and, from the second frame on, one segment of its own, so that a
/// slow source keeps nobody waiting.
pub struct Put {
    archive: Arc<Inner>,
    object_id: ObjectId,
    provenance: Vec<u8>,
    raw: Vec<u8>,
    octets: u64,
    hash: Hash,
    open: Option<Record>,
    failed: bool,
}

/// The record as far as it is written.
struct Record {
    segment: Arc<Segment>,
    start: u64,
    end: u64,
    chain: Chain,
    frames: u32,
}

impl Put {
    pub(crate) fn new(archive: Arc<Inner>, provenance: &Provenance) -> Result<Self, Error> {
        Ok(Self {
            archive,
            object_id: new_object_id(),
            provenance: provenance_octets(provenance)?,
            raw: Vec::new(),
            octets: 0,
            hash: Hash::new(),
            open: None,
            failed: false,
        })
    }

    /// Takes more octets of the mail.
    ///
    /// # Errors
    /// `Full`, `Io`, `Denied`, `SyncFailed` of the segment; the mail is abandoned then and what was written of it is
    /// taken back. `Abandoned` on every later call.
    pub fn push(&mut self, mut octets: &[u8]) -> Result<(), Error> {
        if self.failed {
            return Err(Error::Abandoned);
        }
        self.hash.update(octets);
        self.octets += octets.len() as u64;
        while !octets.is_empty() {
            if self.raw.len() == FRAME_RAW_MAX {
                self.flush_frame()?;
            }
            let (now, later) = octets.split_at(octets.len().min(FRAME_RAW_MAX - self.raw.len()));
            self.raw.extend_from_slice(now);
            octets = later;
        }
        Ok(())
    }

    /// Octets taken so far.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// SHA-256 of the octets taken so far, to look whether they are known before deciding to keep them.
    pub fn sha256(&self) -> Sha256 {
        self.hash.clone().finish()
    }

    /// Ends the record. It is durable after `sync`.
    ///
    /// # Errors
    /// As [`Put::push`]; nothing is kept then.
    pub fn finish(mut self) -> Result<Stored, Error> {
        if self.failed {
            return Err(Error::Abandoned);
        }
        if self.open.is_none() {
            return self.finish_small();
        }
        if !self.raw.is_empty() {
            self.flush_frame()?;
        }
        let stored = self.finish_record();
        if stored.is_err() {
            self.abandon();
        }
        stored
    }

    /// Everything is still in memory: like any other small mail.
    fn finish_small(&mut self) -> Result<Stored, Error> {
        let mut encoder = self.archive.encoder();
        let encoded = encoder.record(
            self.object_id,
            std::mem::take(&mut self.provenance),
            &self.raw,
            self.hash.clone().finish(),
        );
        self.archive.keep_encoder(encoder);
        self.archive.append(&encoded)
    }

    fn finish_record(&mut self) -> Result<Stored, Error> {
        let record = self.open.as_mut().ok_or(Error::Abandoned)?;
        let end = record.end + TRAILER_LEN as u64;
        let sha256 = self.hash.clone().finish();
        let trailer =
            Trailer { frames: record.frames, octets: self.octets, record_len: end - record.start, sha256 };
        record.segment.write_at(&trailer.encode(&record.chain), record.end)?;
        record.segment.advance(record.start, end);
        let location = Location { segment: record.segment.id, at: record.start, len: end - record.start };
        let segment = Arc::clone(&record.segment);
        self.open = None;
        // So much at once is made durable here, where nobody else waits for it.
        let durable = segment.sync_to(end, self.archive.sync.as_ref());
        // Sealing that fails for want of room is tried again by whoever takes the segment next.
        let _ = self.archive.release(segment);
        durable?;
        Ok(Stored { object_id: self.object_id, location, octets: self.octets, sha256 })
    }

    fn flush_frame(&mut self) -> Result<(), Error> {
        let written = self.write_frame();
        if written.is_err() {
            self.abandon();
        }
        self.raw.clear();
        written
    }

    fn write_frame(&mut self) -> Result<(), Error> {
        let mut out = Vec::new();
        if self.open.is_none() {
            let segment = self.archive.take_segment()?;
            let start = segment.state().written;
            let header = RecordHeader {
                object_id: self.object_id,
                compression: compression(),
                provenance: &self.provenance,
            };
            let crc = header.encode(segment.mark(), &mut out).map_err(|_| Error::ProvenanceTooLong)?;
            self.open = Some(Record { segment, start, end: start, chain: Chain::new(crc), frames: 0 });
        }
        let record = self.open.as_mut().ok_or(Error::Abandoned)?;
        let mut encoder = self.archive.encoder();
        let frame = encoder.frame(&self.raw, &mut out);
        self.archive.keep_encoder(encoder);
        record.segment.write_at(&out, record.end)?;
        record.chain.frame(&frame);
        record.frames += 1;
        record.end += out.len() as u64;
        Ok(())
    }

    fn abandon(&mut self) {
        self.failed = true;
        self.raw = Vec::new();
        if let Some(record) = self.open.take() {
            record.segment.take_back();
            let _ = self.archive.release(record.segment);
        }
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Write for Put {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.push(octets)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for Put {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Put")
            .field("object_id", &self.object_id)
            .field("octets", &self.octets)
            .finish_non_exhaustive()
    }
}
