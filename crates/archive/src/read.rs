//! Reading a record back, checked on the way.

use std::io::{self, Read};
use std::sync::Arc;

use model::{Location, ObjectId, Provenance, Sha256};
use proof::record::{
    Block, Chain, Compression, FRAME_HEADER_LEN, FrameHeader, Mark, RECORD_MIN, RECORD_PREFIX_LEN,
    RecordHeader, TRAILER_LEN, Trailer,
};
use proof::{Defect, provenance};

use crate::Error;
use crate::codec::{Decoder, Hash};
use crate::inner::Inner;
use crate::window::{Fault, Window};

/// Octets read at once: a small mail comes with one call, of a large one a frame.
const AHEAD: usize = 1 << 20;

/// The octets of one mail, read with [`io::Read`]. Each frame's checksum is compared before any of its octets are
/// given out; the SHA-256 of all is compared before the end is reported.
pub struct Reader {
    record: Record,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    given: usize,
    hash: Option<Hash>,
    frames: u32,
    octets: u64,
    trailer: Option<Trailer>,
}

impl Reader {
    pub(crate) fn open(archive: &Arc<Inner>, location: Location) -> Result<Self, Error> {
        let record = Record::open(archive, location)?;
        Ok(Self {
            decoder: Some(archive.decoder()),
            record,
            raw: Vec::new(),
            given: 0,
            hash: Some(Hash::new()),
            frames: 0,
            octets: 0,
            trailer: None,
        })
    }

    /// Name of the record.
    pub fn object_id(&self) -> ObjectId {
        self.record.object_id
    }

    /// Where the mail came from.
    ///
    /// # Errors
    /// `Damaged` if only a later version can read it.
    pub fn provenance(&self) -> Result<Provenance, Error> {
        provenance::decode(&self.record.provenance).map_err(|defect| self.record.damaged(defect))
    }

    /// Octets of the mail as the trailer says.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub fn octets(&mut self) -> Result<u64, Error> {
        self.record.claimed().map(|trailer| trailer.octets)
    }

    /// SHA-256, once everything has been read and found right.
    pub fn sha256(&self) -> Option<Sha256> {
        self.trailer.map(|trailer| trailer.sha256)
    }

    /// The next frame's octets; empty at the end.
    fn fill(&mut self) -> Result<(), Error> {
        self.raw.clear();
        self.given = 0;
        if self.trailer.is_some() {
            return Ok(());
        }
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        match self.record.next(decoder, &mut self.raw)? {
            Next::Frame => {
                self.frames += 1;
                self.octets += self.raw.len() as u64;
                if let Some(hash) = &mut self.hash {
                    hash.update(&self.raw);
                }
            }
            Next::End(trailer) => {
                let found = (self.frames, self.octets, self.hash.take().map(Hash::finish));
                if found != (trailer.frames, trailer.octets, Some(trailer.sha256)) {
                    return Err(self.record.damaged(Defect::Digest));
                }
                self.trailer = Some(trailer);
            }
        }
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if self.given == self.raw.len() {
            self.fill()?;
        }
        let rest = &self.raw[self.given..];
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        self.given += len;
        Ok(len)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(decoder) = self.decoder.take() {
            self.record.archive.keep_decoder(decoder);
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("location", &self.record.location).finish_non_exhaustive()
    }
}

/// All octets at once.
pub(crate) fn read_all(archive: &Arc<Inner>, location: Location, octets_max: u64) -> Result<Vec<u8>, Error> {
    let mut record = Record::open(archive, location)?;
    let claimed = record.claimed()?;
    if claimed.octets > octets_max {
        return Err(Error::TooLarge { octets: claimed.octets, octets_max });
    }
    let mut decoder = archive.decoder();
    let (mut octets, mut frames) = (Vec::new(), 0);
    let trailer = loop {
        match record.next(&mut decoder, &mut octets)? {
            Next::Frame => frames += 1,
            Next::End(trailer) => break trailer,
        }
        if octets.len() as u64 > octets_max {
            return Err(record.damaged(Defect::Digest));
        }
    };
    archive.keep_decoder(decoder);
    let found = (frames, octets.len() as u64, crate::sha256(&octets));
    if found == (trailer.frames, trailer.octets, trailer.sha256) {
        Ok(octets)
    } else {
        Err(record.damaged(Defect::Digest))
    }
}

/// Octets `at..at + len` of a mail, fewer if it ends before.
pub(crate) fn read_range(
    archive: &Arc<Inner>,
    location: Location,
    at: u64,
    len: usize,
) -> Result<Vec<u8>, Error> {
    let mut record = Record::open(archive, location)?;
    let mut decoder = archive.decoder();
    let end = at.saturating_add(len as u64);
    let (mut out, mut raw, mut start) = (Vec::new(), Vec::new(), 0);
    while start < end {
        let Some(frame) = record.peek()? else { break };
        let next = start + u64::from(frame.raw_len);
        if next <= at {
            record.skip(&frame);
        } else {
            raw.clear();
            record.next(&mut decoder, &mut raw)?;
            let from = at.saturating_sub(start) as usize;
            let to = raw.len().min((end - start) as usize);
            out.extend_from_slice(raw.get(from..to).unwrap_or_default());
        }
        start = next;
    }
    archive.keep_decoder(decoder);
    Ok(out)
}

enum Next {
    Frame,
    End(Trailer),
}

/// A record being read from front to end.
struct Record {
    archive: Arc<Inner>,
    location: Location,
    object_id: ObjectId,
    compression: Compression,
    provenance: Vec<u8>,
    window: Window,
    chain: Chain,
    pos: u64,
}

impl Record {
    fn open(archive: &Arc<Inner>, location: Location) -> Result<Self, Error> {
        let Location { segment, at, len } = location;
        let damaged = |defect| Error::Damaged { segment, at, object_id: None, defect };
        let possible = |end: &u64| len >= RECORD_MIN as u64 && i64::try_from(*end).is_ok();
        let end = at.checked_add(len).filter(possible).ok_or(damaged(Defect::Value))?;
        let (file, path) = archive.file(segment)?;
        let mut window = Window::new(file, path, end, AHEAD);
        let mark = Mark::of(segment);
        let header = header(&mut window, at, mark).map_err(|fault| match fault {
            Fault::Defect(defect) => damaged(defect),
            Fault::Failed(error) => error,
        })?;
        let (object_id, compression, provenance, len, crc) = header;
        let pos = at + len as u64;
        let chain = Chain::new(crc);
        Ok(Self {
            archive: Arc::clone(archive),
            location,
            object_id,
            compression,
            provenance,
            window,
            chain,
            pos,
        })
    }

    fn damaged(&self, defect: Defect) -> Error {
        let Location { segment, at, .. } = self.location;
        Error::Damaged { segment, at, object_id: Some(self.object_id), defect }
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Defect(defect) => self.damaged(defect),
            Fault::Failed(error) => error,
        }
    }

    /// The trailer, not yet compared with anything.
    fn claimed(&mut self) -> Result<Trailer, Error> {
        let at = self.location.at + self.location.len - TRAILER_LEN as u64;
        let trailer = self.window.apart(at, TRAILER_LEN).map_err(Fault::from).and_then(|octets| {
            Trailer::decode_unchecked(&octets).map(|(trailer, _)| trailer).map_err(Fault::from)
        });
        trailer.map_err(|fault| self.fault(fault))
    }

    /// The header of the next frame, `None` before the trailer. Reads no more than that.
    fn peek(&mut self) -> Result<Option<FrameHeader>, Error> {
        let octets = self.window.apart(self.pos, FRAME_HEADER_LEN).map_err(Fault::from);
        match octets.and_then(|octets| Block::decode(&octets).map_err(Fault::from)) {
            Ok(Block::Frame(frame)) => Ok(Some(frame)),
            Ok(Block::Trailer) => Ok(None),
            Err(fault) => Err(self.fault(fault)),
        }
    }

    fn skip(&mut self, frame: &FrameHeader) {
        self.chain.frame(frame);
        self.pos += FRAME_HEADER_LEN as u64 + u64::from(frame.stored_len);
    }

    /// Appends the next frame's octets to `out`, or compares the trailer.
    fn next(&mut self, decoder: &mut Decoder, out: &mut Vec<u8>) -> Result<Next, Error> {
        let next = self.try_next(decoder, out);
        next.map_err(|fault| self.fault(fault))
    }

    fn try_next(&mut self, decoder: &mut Decoder, out: &mut Vec<u8>) -> Result<Next, Fault> {
        match block(&mut self.window, self.pos)? {
            Block::Frame(frame) => {
                let len = FRAME_HEADER_LEN + frame.stored_len as usize;
                let stored = &self.window.slice(self.pos, len)?[FRAME_HEADER_LEN..];
                frame.verify(stored)?;
                out.extend_from_slice(decoder.frame(self.compression, &frame, stored)?);
                self.skip(&frame);
                Ok(Next::Frame)
            }
            Block::Trailer => {
                let trailer = Trailer::decode(self.window.slice(self.pos, TRAILER_LEN)?, &self.chain)?;
                let len = self.pos + TRAILER_LEN as u64 - self.location.at;
                if trailer.record_len != len || self.location.len != len {
                    return Err(Defect::Digest.into());
                }
                Ok(Next::End(trailer))
            }
        }
    }
}

fn block(window: &mut Window, at: u64) -> Result<Block, Fault> {
    Ok(Block::decode(window.slice(at, FRAME_HEADER_LEN)?)?)
}

type Header = (ObjectId, Compression, Vec<u8>, usize, u32);

fn header(window: &mut Window, at: u64, mark: Mark) -> Result<Header, Fault> {
    let len = RecordHeader::len_of(window.slice(at, RECORD_PREFIX_LEN)?, mark)?;
    let (header, len, crc) = RecordHeader::decode(window.slice(at, len)?, mark)?;
    Ok((header.object_id, header.compression, header.provenance.to_vec(), len, crc))
}
