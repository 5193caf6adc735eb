//! Walking over the records of one segment, past whatever is damaged.

use std::sync::Arc;

use model::{Location, ObjectId, SegmentId, Sha256};
use proof::Defect;
use proof::record::{
    Block, Chain, Compression, FRAME_HEADER_LEN, Mark, RECORD_PREFIX_LEN, RecordHeader, TRAILER_LEN, Trailer,
    next_record,
};
use proof::sealed::{self, AnyHeader, Header, Kind};

use crate::codec::{Decoder, Hash, Opening};
use crate::inner::Inner;
use crate::read::{Body, Recent, Record, open_header, opened_end, opened_list};
use crate::window::{Fault, Missing, Window};
use crate::{Error, Stored};

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
    /// An intact record of a mail, its provenance as octets, the names of the objects it consists of.
    Record { stored: Stored, provenance: Vec<u8>, uses: Vec<ObjectId> },
    /// An intact record of an object.
    Object { stored: Stored },
    /// A record whose key was destroyed.
    Erased { at: u64, len: u64, octets: u64, object_id: ObjectId },
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
    memory: Memory,
    /// Whose keyring opens records; without it their digests and provenances are not known.
    archive: Option<Arc<Inner>>,
}

/// What is used again from record to record.
#[derive(Default)]
struct Memory {
    scratch: Vec<u8>,
    recent: Recent,
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
    Failed(Error),
}

impl Walk {
    /// From `at`, the beginning of a record, to the end of the window.
    pub(crate) fn new(
        window: Window,
        segment: SegmentId,
        at: u64,
        level: Level,
        archive: Option<Arc<Inner>>,
    ) -> Self {
        let decoder = (level == Level::Octets).then(Decoder::new);
        Self {
            window,
            segment,
            mark: Mark::of(segment),
            at,
            level,
            decoder,
            memory: Memory::default(),
            archive,
        }
    }

    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    /// The next record or damaged stretch; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Step>, Error> {
        let at = self.at;
        if at >= self.window.end() {
            return Ok(None);
        }
        let broken = match self.record(at, self.level) {
            Ok(step) => {
                self.at = at + step.len();
                return Ok(Some(step));
            }
            Err(Stop::Broken(broken)) => broken,
            Err(Stop::Failed(error)) => return Err(error),
        };
        let Broken { defect, object_id, extent } = broken;
        let next = match extent {
            // Written to the segment and not to the keyring: never durable, as what follows it.
            Some(len) if defect == Defect::NoKey => self.behind_keyless(at + len)?,
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

    /// Offset of the first record from `at` on that has a key; `None` if all up to the end have none.
    fn behind_keyless(&mut self, mut at: u64) -> Result<Option<u64>, Error> {
        while at < self.window.end() {
            match self.record(at, Level::Checksums) {
                Err(Stop::Broken(Broken { defect: Defect::NoKey, extent: Some(len), .. })) => at += len,
                Err(Stop::Broken(Broken { extent: None, .. })) => return self.resume_after(at - 1),
                Err(Stop::Failed(error)) => return Err(error),
                Ok(_) | Err(Stop::Broken(_)) => return Ok(Some(at)),
            }
        }
        Ok(None)
    }

    /// Offset of the next record behind `at` whose header and trailer agree.
    fn resume_after(&mut self, at: u64) -> Result<Option<u64>, Error> {
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

    fn record(&mut self, at: u64, level: Level) -> Result<Step, Stop> {
        let mut reading = Reading {
            at,
            pos: at,
            object_id: None,
            known: true,
            compression: Compression::None,
            body: at,
            crc: 0,
            sealed: None,
            provenance: Vec::new(),
            list: None,
            flaw: None,
        };
        self.window.hold(at);
        let found = match self.parts(&mut reading, level) {
            Ok(found) => found,
            Err(Fault::Defect(defect)) => {
                let defect = reading.flaw.unwrap_or(defect);
                return Err(Stop::Broken(Broken { defect, object_id: reading.object_id, extent: None }));
            }
            Err(Fault::Failed(error)) => return Err(Stop::Failed(error)),
        };
        let len = reading.pos - at;
        let broken =
            |defect| Stop::Broken(Broken { defect, object_id: reading.object_id, extent: Some(len) });
        if let Some(flaw) = reading.flaw {
            return Err(broken(flaw));
        }
        let Some(object_id) = reading.object_id else { return Err(broken(Defect::Unsupported)) };
        let location = Location { segment: self.segment, at, len };
        match found {
            Ended::Unknown => Err(broken(Defect::Unsupported)),
            Ended::Open(trailer, sha256) => {
                if sha256.is_some_and(|found| found != trailer.sha256) {
                    return Err(broken(Defect::Digest));
                }
                let stored = Stored { object_id, location, octets: trailer.octets, sha256: trailer.sha256 };
                Ok(Step::Record { stored, provenance: reading.provenance, uses: Vec::new() })
            }
            Ended::Sealed(header, trailer) => {
                let octets = trailer.octets;
                let (Some(archive), true) = (&self.archive, level >= Level::Checksums) else {
                    let stored = Stored { object_id, location, octets, sha256: Sha256([0; 32]) };
                    return Ok(Step::Object { stored });
                };
                let place = (location, level);
                match opened(
                    archive,
                    (&mut self.window, &mut self.memory),
                    &reading,
                    &header,
                    &trailer,
                    place,
                ) {
                    Ok(step) => Ok(step),
                    Err(Fault::Defect(Defect::Erased)) => Ok(Step::Erased { at, len, octets, object_id }),
                    Err(Fault::Defect(defect)) => Err(broken(defect)),
                    Err(Fault::Failed(error)) => Err(Stop::Failed(error)),
                }
            }
        }
    }

    /// Reads header, frames and trailer; `reading` holds how far it came and the first flaw that did not stop it.
    fn parts(&mut self, reading: &mut Reading, level: Level) -> Result<Ended, Fault> {
        let mut chain = self.header(reading)?;
        let (mut frames, mut octets) = (0_u32, 0_u64);
        // Sealed records are read as a whole later.
        let within = level == Level::Octets && reading.sealed.is_none();
        let checked = within || level == Level::Checksums;
        let mut hash = (within && reading.known).then(Hash::new);
        loop {
            match Block::decode(self.window.slice(reading.pos, FRAME_HEADER_LEN)?)? {
                Block::Frame(frame) => {
                    let len = FRAME_HEADER_LEN + frame.stored_len as usize;
                    if checked && reading.flaw.is_none() {
                        let stored = &self.window.slice(reading.pos, len)?[FRAME_HEADER_LEN..];
                        let of = Opening {
                            object_id: ObjectId::from_octets([0; 16]),
                            compression: reading.compression,
                            key: None,
                        };
                        let checked =
                            frame.verify(stored).and_then(|()| match (&mut hash, &mut self.decoder) {
                                (Some(hash), Some(decoder)) => {
                                    decoder.frame(&of, frames, &frame, stored).map(|raw| hash.update(raw))
                                }
                                _ => Ok(()),
                            });
                        reading.flaw = checked.err();
                    }
                    chain.frame(&frame);
                    frames = frames.checked_add(1).ok_or(Defect::Value)?;
                    octets += u64::from(frame.raw_len);
                    reading.pos += len as u64;
                }
                Block::List(block) if reading.list.is_none() => {
                    let len = FRAME_HEADER_LEN + block.stored_len as usize;
                    let octets = self.window.slice(reading.pos, len)?;
                    if level >= Level::Checksums && reading.flaw.is_none() {
                        reading.flaw = block.verify(&octets[FRAME_HEADER_LEN..]).err();
                    }
                    reading.list = Some(octets.to_vec());
                    chain.frame(&block);
                    reading.pos += len as u64;
                }
                Block::List(_) => return Err(Defect::Value.into()),
                Block::Trailer => {
                    let trailer = Trailer::decode(self.window.slice(reading.pos, TRAILER_LEN)?, &chain)?;
                    reading.pos += TRAILER_LEN as u64;
                    let sums = (trailer.frames, trailer.octets, trailer.record_len);
                    if sums != (frames, octets, reading.pos - reading.at) {
                        return Err(Defect::Digest.into());
                    }
                    let sha256 = hash.filter(|_| reading.flaw.is_none()).map(Hash::finish);
                    return Ok(Ended::Open(trailer, sha256));
                }
                Block::SealedTrailer => {
                    let octets_of = self.window.slice(reading.pos, sealed::TRAILER_LEN)?;
                    let trailer = sealed::Trailer::decode(octets_of, &chain)?;
                    reading.pos += sealed::TRAILER_LEN as u64;
                    let list_len = reading.list.as_ref().map_or(0, Vec::len);
                    let sums = (trailer.frames, trailer.raw, trailer.record_len, trailer.list_len as usize);
                    if sums != (frames, octets, reading.pos - reading.at, list_len) {
                        return Err(Defect::Digest.into());
                    }
                    return match reading.sealed {
                        Some(header) => Ok(Ended::Sealed(header, trailer)),
                        None if !reading.known => Ok(Ended::Unknown),
                        None => Err(Defect::Magic.into()),
                    };
                }
            }
        }
    }

    fn header(&mut self, reading: &mut Reading) -> Result<Chain, Fault> {
        let len = RecordHeader::len_of(self.window.slice(reading.at, RECORD_PREFIX_LEN)?, self.mark)?;
        let octets = self.window.slice(reading.at, len)?;
        let crc = match AnyHeader::decode(octets, self.mark) {
            Ok((header, _, crc)) => {
                reading.object_id = Some(header.object_id());
                reading.compression = header.compression();
                match header {
                    AnyHeader::Open(header) => reading.provenance = header.provenance.to_vec(),
                    AnyHeader::Sealed(header, provenance) => {
                        reading.sealed = Some(header);
                        reading.provenance = provenance.to_vec();
                    }
                }
                crc
            }
            // What a later version wrote is walked over, not into.
            Err(Defect::Unsupported) => {
                reading.known = false;
                reading.flaw = Some(Defect::Unsupported);
                RecordHeader::crc_of(octets)?
            }
            Err(defect) => return Err(defect.into()),
        };
        reading.pos = reading.at + len as u64;
        (reading.body, reading.crc) = (reading.pos, crc);
        Ok(Chain::new(crc))
    }
}

/// What is in a sealed record whose structure is intact.
fn opened(
    archive: &Arc<Inner>,
    (window, Memory { scratch, recent }): (&mut Window, &mut Memory),
    reading: &Reading,
    header: &Header,
    trailer: &sealed::Trailer,
    (location, level): (Location, Level),
) -> Result<Step, Fault> {
    let (key, provenance) = open_header(archive, header, &reading.provenance)?;
    let end = opened_end(Some(&key), header, trailer)?;
    let list = match (&reading.list, header.kind) {
        (Some(list), Kind::Pieces) => Some(opened_list(Some(&key), header, list)?),
        (None, Kind::Whole | Kind::Object) => None,
        _ => return Err(Defect::Value.into()),
    };
    let uses = list.iter().flat_map(|(parts, _)| parts.iter().map(|part| part.object_id)).collect();
    if level == Level::Octets {
        let record =
            Record::entered(archive, location, window.lend(), *header, key, (reading.body, reading.crc));
        let mut body = Body::of(record, list).with(recent);
        if header.kind == Kind::Object {
            // The mails that consist of it are compared with their own digests: this one would show nothing more.
            body = body.undigested();
        }
        let kept = header.kind == Kind::Object && end.octets <= Recent::OBJECT_MAX;
        let read = read_through(&mut body, kept, scratch);
        body.give_back(window, recent);
        match read {
            Ok(()) if kept => recent.keep(header.object_id, location, std::mem::take(scratch)),
            Ok(()) => {}
            Err(Error::Damaged { segment, at, defect, .. }) => {
                let own = (segment, at) == (location.segment, location.at);
                return Err(if own { defect } else { Defect::Piece }.into());
            }
            Err(Error::NoSegment { .. }) => return Err(Defect::Piece.into()),
            Err(error) => return Err(Fault::Failed(error)),
        }
    }
    let stored = Stored { object_id: header.object_id, location, octets: end.octets, sha256: end.sha256 };
    Ok(match header.kind {
        Kind::Object => Step::Object { stored },
        Kind::Whole | Kind::Pieces => Step::Record { stored, provenance, uses },
    })
}

/// Reads all of it, so that everything is compared; into `scratch` if it is to be `kept`.
fn read_through(body: &mut Body, kept: bool, scratch: &mut Vec<u8>) -> Result<(), Error> {
    scratch.clear();
    while body.pump(scratch)? {
        if !kept {
            scratch.clear();
        }
    }
    Ok(())
}

impl Step {
    const fn len(&self) -> u64 {
        match self {
            Self::Record { stored, .. } | Self::Object { stored } => stored.location.len,
            Self::Erased { len, .. } | Self::Damage { len, .. } | Self::Torn { len, .. } => *len,
        }
    }
}

/// How a record ends.
enum Ended {
    /// With its digest in the open, and the one that was found.
    Open(Trailer, Option<Sha256>),
    Sealed(Header, sealed::Trailer),
    /// As a later version ends them.
    Unknown,
}

struct Reading {
    at: u64,
    pos: u64,
    object_id: Option<ObjectId>,
    known: bool,
    compression: Compression,
    /// Where the frames begin, and the header's CRC.
    body: u64,
    crc: u32,
    sealed: Option<Header>,
    /// As it stands in the header.
    provenance: Vec<u8>,
    /// The block.
    list: Option<Vec<u8>>,
    flaw: Option<Defect>,
}
