//! Walking over the records of one segment, past whatever is damaged.

use model::{Location, ObjectId, SegmentId, Sha256};
use proof::Defect;
use proof::record::{
    Block, Chain, Compression, FRAME_HEADER_LEN, Mark, RECORD_PREFIX_LEN, RecordHeader, TRAILER_LEN, Trailer,
    next_record,
};

use crate::Stored;
use crate::codec::{Decoder, Hash};
use crate::window::{Fault, Missing, Window};

/// Octets read at once.
pub(crate) const AHEAD: usize = 1 << 18;

/// How much of each record is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Header, lengths and trailer.
    Structure,
    /// And the checksum of every frame.
    Checksums,
    /// And the mail itself: decompressed, its SHA-256 compared.
    Octets,
}

/// What lies at a place.
#[derive(Debug)]
pub(crate) enum Step {
    /// An intact record and its provenance as octets.
    Record { stored: Stored, provenance: Vec<u8> },
    /// Something wrong, and where the next thing begins.
    Damage { at: u64, len: u64, object_id: Option<ObjectId>, defect: Defect },
    /// From here to the end nothing intact follows.
    Torn { at: u64, len: u64, object_id: Option<ObjectId>, defect: Defect },
}

/// Position in a segment.
pub(crate) struct Walk {
    window: Window,
    segment: SegmentId,
    mark: Mark,
    at: u64,
    level: Level,
    decoder: Option<Decoder>,
}

/// A record that is not intact.
struct Broken {
    defect: Defect,
    object_id: Option<ObjectId>,
    /// Its length, if header and trailer agree on it.
    extent: Option<u64>,
}

enum Stop {
    Broken(Broken),
    Failed(crate::Error),
}

impl Walk {
    /// From `at`, the beginning of a record, to the end of the window.
    pub(crate) fn new(window: Window, segment: SegmentId, at: u64, level: Level) -> Self {
        let decoder = (level == Level::Octets).then(Decoder::new);
        Self { window, segment, mark: Mark::of(segment), at, level, decoder }
    }

    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    /// The next record or damaged stretch; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Step>, crate::Error> {
        let at = self.at;
        if at >= self.window.end() {
            return Ok(None);
        }
        let broken = match self.record(at, self.level) {
            Ok((stored, provenance)) => {
                self.at = at + stored.location.len;
                return Ok(Some(Step::Record { stored, provenance }));
            }
            Err(Stop::Broken(broken)) => broken,
            Err(Stop::Failed(error)) => return Err(error),
        };
        let Broken { defect, object_id, extent } = broken;
        let next = match extent {
            Some(len) => Some(at + len),
            None => self.resume_after(at)?,
        };
        let end = self.window.end();
        self.at = next.unwrap_or(end);
        let len = self.at - at;
        Ok(Some(match next {
            Some(_) => Step::Damage { at, len, object_id, defect },
            None => Step::Torn { at, len, object_id, defect },
        }))
    }

    /// Offset of the next record behind `at` whose header and trailer agree.
    fn resume_after(&mut self, at: u64) -> Result<Option<u64>, crate::Error> {
        let mut from = at + 1;
        loop {
            let found = match self.window.some(from, AHEAD) {
                Ok(octets) => (next_record(octets, self.mark), octets.len() as u64),
                Err(Missing::End) => return Ok(None),
                Err(Missing::Failed(error)) => return Err(error),
            };
            match found {
                (Some(offset), _) => {
                    let candidate = from + offset as u64;
                    match self.record(candidate, Level::Structure) {
                        Ok(_) | Err(Stop::Broken(Broken { extent: Some(_), .. })) => {
                            return Ok(Some(candidate));
                        }
                        Err(Stop::Broken(_)) => from = candidate + 1,
                        Err(Stop::Failed(error)) => return Err(error),
                    }
                }
                // A header may begin in the last octets of this stretch.
                (None, len) if len > 11 && from + len < self.window.end() => from += len - 11,
                (None, _) => return Ok(None),
            }
        }
    }

    fn record(&mut self, at: u64, level: Level) -> Result<(Stored, Vec<u8>), Stop> {
        let mut reading =
            Reading { at, pos: at, object_id: None, known: true, compression: Compression::None, flaw: None };
        match self.parts(&mut reading, level) {
            Ok((trailer, provenance, sha256)) => {
                let len = reading.pos - at;
                let broken =
                    |defect| Stop::Broken(Broken { defect, object_id: reading.object_id, extent: Some(len) });
                if let Some(flaw) = reading.flaw {
                    return Err(broken(flaw));
                }
                let Some(object_id) = reading.object_id else { return Err(broken(Defect::Unsupported)) };
                if sha256.is_some_and(|found| found != trailer.sha256) {
                    return Err(broken(Defect::Digest));
                }
                let location = Location { segment: self.segment, at, len };
                Ok((
                    Stored { object_id, location, octets: trailer.octets, sha256: trailer.sha256 },
                    provenance,
                ))
            }
            Err(Fault::Defect(defect)) => {
                let defect = reading.flaw.unwrap_or(defect);
                Err(Stop::Broken(Broken { defect, object_id: reading.object_id, extent: None }))
            }
            Err(Fault::Failed(error)) => Err(Stop::Failed(error)),
        }
    }

    /// Reads header, frames and trailer; `reading` holds how far it came and the first flaw that did not stop it.
    fn parts(
        &mut self,
        reading: &mut Reading,
        level: Level,
    ) -> Result<(Trailer, Vec<u8>, Option<Sha256>), Fault> {
        let (mut chain, provenance) = self.header(reading)?;
        let (mut frames, mut octets) = (0_u32, 0_u64);
        let mut hash = (level == Level::Octets && reading.known).then(Hash::new);
        loop {
            match Block::decode(self.window.slice(reading.pos, FRAME_HEADER_LEN)?)? {
                Block::Frame(frame) => {
                    let len = FRAME_HEADER_LEN + frame.stored_len as usize;
                    if level >= Level::Checksums && reading.flaw.is_none() {
                        let stored = &self.window.slice(reading.pos, len)?[FRAME_HEADER_LEN..];
                        let checked =
                            frame.verify(stored).and_then(|()| match (&mut hash, &mut self.decoder) {
                                (Some(hash), Some(decoder)) => decoder
                                    .frame(reading.compression, &frame, stored)
                                    .map(|raw| hash.update(raw)),
                                _ => Ok(()),
                            });
                        reading.flaw = checked.err();
                    }
                    chain.frame(&frame);
                    frames = frames.checked_add(1).ok_or(Defect::Value)?;
                    octets += u64::from(frame.raw_len);
                    reading.pos += len as u64;
                }
                Block::Trailer => {
                    let trailer = Trailer::decode(self.window.slice(reading.pos, TRAILER_LEN)?, &chain)?;
                    reading.pos += TRAILER_LEN as u64;
                    let sums = (trailer.frames, trailer.octets, trailer.record_len);
                    if sums != (frames, octets, reading.pos - reading.at) {
                        return Err(Defect::Digest.into());
                    }
                    let sha256 = hash.filter(|_| reading.flaw.is_none()).map(Hash::finish);
                    return Ok((trailer, provenance, sha256));
                }
            }
        }
    }

    fn header(&mut self, reading: &mut Reading) -> Result<(Chain, Vec<u8>), Fault> {
        let len = RecordHeader::len_of(self.window.slice(reading.at, RECORD_PREFIX_LEN)?, self.mark)?;
        let octets = self.window.slice(reading.at, len)?;
        let (crc, provenance) = match RecordHeader::decode(octets, self.mark) {
            Ok((header, _, crc)) => {
                reading.object_id = Some(header.object_id);
                reading.compression = header.compression;
                (crc, header.provenance.to_vec())
            }
            // What a later version wrote is walked over, not into.
            Err(Defect::Unsupported) => {
                reading.known = false;
                reading.flaw = Some(Defect::Unsupported);
                (RecordHeader::crc_of(octets)?, Vec::new())
            }
            Err(defect) => return Err(defect.into()),
        };
        reading.pos = reading.at + len as u64;
        Ok((Chain::new(crc), provenance))
    }
}

struct Reading {
    at: u64,
    pos: u64,
    object_id: Option<ObjectId>,
    known: bool,
    compression: Compression,
    flaw: Option<Defect>,
}
