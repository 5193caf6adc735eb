//! Reading a record back, checked on the way, and a mail put together from its pieces.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use model::{Location, ObjectId, Provenance, Sha256};
use proof::pieces::{Code, Part, Piece, decode_list};
use proof::record::{
    Block, Chain, FRAME_HEADER_LEN, FrameHeader, Mark, RECORD_MIN, RECORD_PREFIX_LEN, RecordHeader,
    TRAILER_LEN, Trailer,
};
use proof::sealed::{self, AnyHeader, Header, Kind, frame_data};
use proof::{Defect, provenance};

use crate::Error;
use crate::codec::{Decoder, Hash, Opening};
use crate::inner::Inner;
use crate::keyring::NoKey;
use crate::secret::RecordKey;
use crate::window::{Fault, Window};

/// Octets read at once: a small mail comes with one call, of a large one a frame.
const AHEAD: usize = 1 << 20;

/// The octets of one mail, read with [`io::Read`]. Each frame's checksum is compared before any of its octets are
/// given out; the SHA-256 of all is compared before the end is reported.
pub struct Reader {
    body: Body,
    out: Vec<u8>,
    given: usize,
}

impl Reader {
    pub(crate) fn open(archive: &Arc<Inner>, location: Location) -> Result<Self, Error> {
        Ok(Self { body: Body::open(archive, location)?, out: Vec::new(), given: 0 })
    }

    /// Name of the record.
    pub fn object_id(&self) -> ObjectId {
        self.body.main.object_id
    }

    /// Where the mail came from.
    ///
    /// # Errors
    /// `Damaged` if only a later version can read it.
    pub fn provenance(&self) -> Result<Provenance, Error> {
        provenance::decode(&self.body.main.provenance).map_err(|defect| self.body.main.damaged(defect))
    }

    /// Octets of the mail as the trailer says.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub fn octets(&mut self) -> Result<u64, Error> {
        self.body.main.claimed().map(|claimed| claimed.octets)
    }

    /// SHA-256, once everything has been read and found right.
    pub fn sha256(&self) -> Option<Sha256> {
        self.body.end.map(|end| end.sha256)
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if self.given == self.out.len() {
            self.out.clear();
            self.given = 0;
            self.body.pump(&mut self.out)?;
        }
        let rest = &self.out[self.given..];
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        self.given += len;
        Ok(len)
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("location", &self.body.main.location).finish_non_exhaustive()
    }
}

/// All octets at once.
pub(crate) fn read_all(archive: &Arc<Inner>, location: Location, octets_max: u64) -> Result<Vec<u8>, Error> {
    let mut body = Body::open(archive, location)?;
    let claimed = body.main.claimed()?;
    if claimed.octets > octets_max {
        return Err(Error::TooLarge { octets: claimed.octets, octets_max });
    }
    let mut octets = Vec::new();
    while body.pump(&mut octets)? {
        if octets.len() as u64 > octets_max {
            return Err(body.main.damaged(Defect::Digest));
        }
    }
    Ok(octets)
}

/// Octets `at..at + len` of a mail, fewer if it ends before.
pub(crate) fn read_range(
    archive: &Arc<Inner>,
    location: Location,
    at: u64,
    len: usize,
) -> Result<Vec<u8>, Error> {
    let mut decoder = archive.decoder();
    let mut record = Record::open(archive, location)?;
    let end = at.saturating_add(len as u64);
    let mut out = Vec::new();
    let Some((parts, pieces)) = record.list()? else {
        record.range(&mut decoder, at, end, &mut out)?;
        archive.keep_decoder(decoder);
        return Ok(out);
    };
    let (mut start, mut raw) = (0_u64, 0_u64);
    for piece in pieces {
        let part = parts[piece.part as usize];
        let object = start.saturating_add(piece.raw);
        if at < object && start < end {
            let (from, to) = (raw + at.saturating_sub(start), raw + end.min(object) - start);
            Record::open(archive, location)?.range(&mut decoder, from, to, &mut out)?;
        }
        raw += piece.raw;
        start = object.saturating_add(piece.code.encoded_len(part.octets));
        if at < start && object < end {
            let (from, to) = (at.saturating_sub(object), end.min(start) - object);
            object_range(archive, &mut decoder, part, piece.code, from, to, &mut out)?;
        }
        if start >= end {
            break;
        }
    }
    if start < end {
        let from = raw + at.saturating_sub(start);
        Record::open(archive, location)?.range(
            &mut decoder,
            from,
            raw.saturating_add(end - start),
            &mut out,
        )?;
    }
    archive.keep_decoder(decoder);
    Ok(out)
}

/// Octets `from..to` of an object as it stands in a mail.
fn object_range(
    archive: &Arc<Inner>,
    decoder: &mut Decoder,
    part: Part,
    code: Code,
    from: u64,
    to: u64,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let Some((unit, line)) = code.unit() else {
        return encoded_range(archive, decoder, part, code, (from, to), out);
    };
    let (first, last) = (from / line, to.div_ceil(line));
    let (begin, end) = (first * unit, last.saturating_mul(unit).min(part.octets));
    let mut octets = Vec::new();
    Record::open(archive, part.location)?.range(decoder, begin, end, &mut octets)?;
    let mut encoded = Vec::new();
    code.encode(&octets, end == part.octets, &mut encoded);
    let skip = (from - first * line) as usize;
    let len = (to - from) as usize;
    out.extend_from_slice(encoded.get(skip..encoded.len().min(skip + len)).unwrap_or_default());
    Ok(())
}

/// The same where only reading from the front tells where something stands.
fn encoded_range(
    archive: &Arc<Inner>,
    decoder: &mut Decoder,
    part: Part,
    code: Code,
    (from, to): (u64, u64),
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut object = Object::new(Record::open(archive, part.location)?, code, part.octets);
    let (mut encoded, mut at) = (Vec::new(), 0);
    while at < to && object.next(decoder, &mut encoded)? {
        let skip = usize::try_from(from.saturating_sub(at)).unwrap_or(usize::MAX).min(encoded.len());
        let end = usize::try_from(to - at).unwrap_or(usize::MAX).min(encoded.len());
        out.extend_from_slice(encoded.get(skip..end).unwrap_or_default());
        at += encoded.len() as u64;
        encoded.clear();
    }
    Ok(())
}

/// What a mail consists of.
pub(crate) type List = (Vec<Part>, Vec<Piece>);

/// What a trailer of either version says.
#[derive(Clone, Copy)]
pub(crate) struct End {
    pub(crate) frames: u32,
    /// Of the mail or object.
    pub(crate) octets: u64,
    /// In the frames.
    pub(crate) raw: u64,
    pub(crate) record_len: u64,
    pub(crate) sha256: Sha256,
    list_len: u32,
}

/// A mail or object being put together from front to end.
pub(crate) struct Body {
    pub(crate) main: Record,
    decoder: Option<Decoder>,
    list: Option<List>,
    /// Raw octets read and not given yet.
    raw: Vec<u8>,
    given: usize,
    /// The next piece, and raw octets given since the last one.
    at: usize,
    since: u64,
    object: Option<Object>,
    /// `None` where the digest is not asked for.
    hash: Option<Hash>,
    octets: u64,
    pub(crate) end: Option<End>,
    recent: Recent,
}

/// Small objects that were just read and found right: the mails that consist of them mostly follow.
#[derive(Default)]
pub(crate) struct Recent {
    objects: VecDeque<((ObjectId, Location), Vec<u8>)>,
    octets: usize,
}

impl Recent {
    /// Octets of an object at most.
    pub(crate) const OBJECT_MAX: u64 = 1 << 22;
    const OCTETS_MAX: usize = 1 << 24;

    pub(crate) fn keep(&mut self, object_id: ObjectId, location: Location, octets: Vec<u8>) {
        self.octets += octets.len();
        self.objects.push_front(((object_id, location), octets));
        while self.octets > Self::OCTETS_MAX
            && let Some((_, oldest)) = self.objects.pop_back()
        {
            self.octets -= oldest.len();
        }
    }

    fn get(&self, part: &Part) -> Option<&[u8]> {
        let named = (part.object_id, part.location);
        let (_, octets) = self.objects.iter().find(|(name, _)| *name == named)?;
        (octets.len() as u64 == part.octets).then_some(octets)
    }
}

struct Object {
    record: Record,
    code: Code,
    octets: u64,
    expected: u64,
    /// Octets behind the last whole line.
    carry: Vec<u8>,
    done: bool,
}

impl Body {
    pub(crate) fn open(archive: &Arc<Inner>, location: Location) -> Result<Self, Error> {
        let mut main = Record::open(archive, location)?;
        let list = main.list()?;
        Ok(Self::of(main, list))
    }

    /// What stands behind the header of a record, and what it consists of.
    pub(crate) fn of(main: Record, list: Option<List>) -> Self {
        Self {
            decoder: Some(main.archive.decoder()),
            main,
            list,
            raw: Vec::new(),
            given: 0,
            at: 0,
            since: 0,
            object: None,
            hash: Some(Hash::new()),
            octets: 0,
            end: None,
            recent: Recent::default(),
        }
    }

    /// Objects that were read before this.
    pub(crate) fn with(mut self, recent: &mut Recent) -> Self {
        self.recent = std::mem::take(recent);
        self
    }

    /// Without comparing the digest: the cipher alone says that these are the octets that were sealed.
    pub(crate) fn undigested(mut self) -> Self {
        self.hash = None;
        self
    }

    /// What is in memory goes back to where it was lent.
    pub(crate) fn give_back(&mut self, window: &mut Window, recent: &mut Recent) {
        window.take_back(&mut self.main.window);
        *recent = std::mem::take(&mut self.recent);
    }

    /// Appends the next octets to `out`; `false`, and nothing, at the end, once everything is found right.
    pub(crate) fn pump(&mut self, out: &mut Vec<u8>) -> Result<bool, Error> {
        let start = out.len();
        while out.len() == start {
            if !self.next(out)? {
                return Ok(false);
            }
        }
        if let Some(hash) = &mut self.hash {
            hash.update(&out[start..]);
        }
        self.octets += (out.len() - start) as u64;
        Ok(true)
    }

    fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Error> {
        if self.end.is_some() {
            return Ok(false);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(false) };
        let Some((parts, pieces)) = &self.list else {
            return match self.main.next(decoder, out)? {
                Next::Frame => Ok(true),
                Next::End(end) => self.finish(end),
            };
        };
        loop {
            if let Some(object) = &mut self.object {
                if object.next(decoder, out)? {
                    return Ok(true);
                }
                self.object = None;
                self.at += 1;
                self.since = 0;
            }
            let limit = match pieces.get(self.at) {
                Some(piece) if piece.raw == self.since => {
                    let part = parts[piece.part as usize];
                    if let Some(octets) = self.recent.get(&part) {
                        piece.code.encode(octets, true, out);
                        self.at += 1;
                        self.since = 0;
                        return Ok(true);
                    }
                    let record = Record::open(&self.main.archive, part.location)?;
                    if record.object_id != part.object_id {
                        return Err(self.main.damaged(Defect::Piece));
                    }
                    let (code, expected) = (piece.code, part.octets);
                    self.object = Some(Object::new(record, code, expected));
                    continue;
                }
                Some(piece) => piece.raw - self.since,
                None => u64::MAX,
            };
            if self.given == self.raw.len() {
                self.raw.clear();
                self.given = 0;
                match self.main.next(decoder, &mut self.raw)? {
                    Next::Frame => {}
                    Next::End(_) if limit != u64::MAX => return Err(self.main.damaged(Defect::Digest)),
                    Next::End(end) => return self.finish(end),
                }
            }
            let rest = &self.raw[self.given..];
            let len = rest.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
            out.extend_from_slice(&rest[..len]);
            self.given += len;
            self.since += len as u64;
            return Ok(true);
        }
    }

    fn finish(&mut self, end: End) -> Result<bool, Error> {
        let sha256 = self.hash.take().map(Hash::finish);
        if self.octets != end.octets || sha256.is_some_and(|sha256| sha256 != end.sha256) {
            return Err(self.main.damaged(Defect::Digest));
        }
        self.end = Some(end);
        Ok(false)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(decoder) = self.decoder.take() {
            self.main.archive.keep_decoder(decoder);
        }
    }
}

impl Object {
    const fn new(record: Record, code: Code, expected: u64) -> Self {
        Self { record, code, octets: 0, expected, carry: Vec::new(), done: false }
    }

    /// Appends the next lines; `false` at the end.
    fn next(&mut self, decoder: &mut Decoder, out: &mut Vec<u8>) -> Result<bool, Error> {
        if self.done {
            return Ok(false);
        }
        let before = self.carry.len();
        match self.record.next(decoder, &mut self.carry)? {
            Next::Frame => {
                self.octets += (self.carry.len() - before) as u64;
                let lines = self.code.whole(&self.carry);
                self.code.encode(&self.carry[..lines], false, out);
                self.carry.drain(..lines);
            }
            Next::End(end) => {
                if (self.octets, end.octets) != (self.expected, self.expected) {
                    return Err(self.record.damaged(Defect::Digest));
                }
                self.done = true;
                self.code.encode(&self.carry, true, out);
            }
        }
        Ok(true)
    }
}

pub(crate) enum Next {
    Frame,
    End(End),
}

/// A record being read from front to end.
pub(crate) struct Record {
    archive: Arc<Inner>,
    location: Location,
    object_id: ObjectId,
    opening: (proof::record::Compression, Option<RecordKey>),
    sealed: Option<Header>,
    provenance: Vec<u8>,
    window: Window,
    chain: Chain,
    pos: u64,
    frames: u32,
    raw: u64,
}

impl Record {
    fn open(archive: &Arc<Inner>, location: Location) -> Result<Self, Error> {
        let Location { segment, at, len } = location;
        let damaged = |object_id, defect| Error::Damaged { segment, at, object_id, defect };
        let possible = |end: &u64| len >= RECORD_MIN as u64 && i64::try_from(*end).is_ok();
        let end = at.checked_add(len).filter(possible).ok_or(damaged(None, Defect::Value))?;
        let (file, path) = archive.file(segment)?;
        let mut window = Window::new(file, path, end, AHEAD);
        let read = header(archive, &mut window, at, Mark::of(segment));
        let read = read.map_err(|(object_id, fault)| match fault {
            Fault::Defect(defect) => damaged(object_id, defect),
            Fault::Failed(error) => error,
        })?;
        let Opened { object_id, compression, key, sealed, provenance, len, crc } = read;
        Ok(Self {
            archive: Arc::clone(archive),
            location,
            object_id,
            opening: (compression, key),
            sealed,
            provenance,
            window,
            chain: Chain::new(crc),
            pos: at + len as u64,
            frames: 0,
            raw: 0,
        })
    }

    /// A sealed record whose header was read already: where it ends, and its CRC.
    pub(crate) fn entered(
        archive: &Arc<Inner>,
        location: Location,
        window: Window,
        header: Header,
        key: RecordKey,
        (pos, crc): (u64, u32),
    ) -> Self {
        Self {
            archive: Arc::clone(archive),
            location,
            object_id: header.object_id,
            opening: (header.compression, Some(key)),
            sealed: Some(header),
            provenance: Vec::new(),
            window,
            chain: Chain::new(crc),
            pos,
            frames: 0,
            raw: 0,
        }
    }

    pub(crate) fn damaged(&self, defect: Defect) -> Error {
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
    pub(crate) fn claimed(&mut self) -> Result<End, Error> {
        let claimed = self.try_claimed();
        claimed.map_err(|fault| self.fault(fault))
    }

    fn try_claimed(&mut self) -> Result<End, Fault> {
        let len = if self.sealed.is_some() { sealed::TRAILER_LEN } else { TRAILER_LEN };
        let at = (self.location.at + self.location.len).checked_sub(len as u64).ok_or(Defect::Short)?;
        let octets = self.window.apart(at, len)?;
        match self.sealed {
            None => Ok(end_of(Trailer::decode_unchecked(&octets)?.0)),
            Some(header) => {
                let (trailer, _) = sealed::Trailer::decode_unchecked(&octets)?;
                Ok(self.opened_end(&header, &trailer)?)
            }
        }
    }

    fn opened_end(&self, header: &Header, trailer: &sealed::Trailer) -> Result<End, Defect> {
        opened_end(self.opening.1.as_ref(), header, trailer)
    }

    /// The list of pieces, if the record has one.
    fn list(&mut self) -> Result<Option<List>, Error> {
        let list = self.try_list();
        list.map_err(|fault| self.fault(fault))
    }

    fn try_list(&mut self) -> Result<Option<List>, Fault> {
        let Some(header) = self.sealed.filter(|header| header.kind == Kind::Pieces) else { return Ok(None) };
        let len = self.try_claimed()?.list_len as usize;
        let end = self.location.at + self.location.len - sealed::TRAILER_LEN as u64;
        let at = end.checked_sub(len as u64).ok_or(Defect::Short)?;
        let octets = self.window.apart(at, len)?;
        Ok(Some(opened_list(self.opening.1.as_ref(), &header, &octets)?))
    }

    /// Octets `at..end` of the frames, fewer if they end before.
    fn range(&mut self, decoder: &mut Decoder, at: u64, end: u64, out: &mut Vec<u8>) -> Result<(), Error> {
        let (mut raw, mut start) = (Vec::new(), 0);
        while start < end {
            let Some(frame) = self.peek()? else { break };
            let next = start + u64::from(frame.raw_len);
            if next <= at {
                self.skip(&frame);
            } else {
                raw.clear();
                self.next(decoder, &mut raw)?;
                let from = at.saturating_sub(start) as usize;
                let to = raw.len().min((end - start) as usize);
                out.extend_from_slice(raw.get(from..to).unwrap_or_default());
            }
            start = next;
        }
        Ok(())
    }

    /// The header of the next frame, `None` behind the last. Reads no more than that.
    fn peek(&mut self) -> Result<Option<FrameHeader>, Error> {
        let octets = self.window.apart(self.pos, FRAME_HEADER_LEN).map_err(Fault::from);
        match octets.and_then(|octets| Block::decode(&octets).map_err(Fault::from)) {
            Ok(Block::Frame(frame)) => Ok(Some(frame)),
            Ok(_) => Ok(None),
            Err(fault) => Err(self.fault(fault)),
        }
    }

    fn skip(&mut self, frame: &FrameHeader) {
        self.chain.frame(frame);
        self.pos += FRAME_HEADER_LEN as u64 + u64::from(frame.stored_len);
        if !frame.list {
            self.frames = self.frames.saturating_add(1);
            self.raw += u64::from(frame.raw_len);
        }
    }

    /// Appends the next frame's octets to `out`, or compares the trailer.
    fn next(&mut self, decoder: &mut Decoder, out: &mut Vec<u8>) -> Result<Next, Error> {
        let next = self.try_next(decoder, out);
        next.map_err(|fault| self.fault(fault))
    }

    fn try_next(&mut self, decoder: &mut Decoder, out: &mut Vec<u8>) -> Result<Next, Fault> {
        loop {
            match block(&mut self.window, self.pos)? {
                Block::Frame(frame) => {
                    let len = FRAME_HEADER_LEN + frame.stored_len as usize;
                    let stored = &self.window.slice(self.pos, len)?[FRAME_HEADER_LEN..];
                    frame.verify(stored)?;
                    let (compression, key) = &self.opening;
                    let of =
                        Opening { object_id: self.object_id, compression: *compression, key: key.as_ref() };
                    out.extend_from_slice(decoder.frame(&of, self.frames, &frame, stored)?);
                    self.skip(&frame);
                    return Ok(Next::Frame);
                }
                Block::List(frame) => {
                    let len = FRAME_HEADER_LEN + frame.stored_len as usize;
                    frame.verify(&self.window.slice(self.pos, len)?[FRAME_HEADER_LEN..])?;
                    self.skip(&frame);
                }
                Block::Trailer | Block::SealedTrailer => return self.trailer().map(Next::End),
            }
        }
    }

    fn trailer(&mut self) -> Result<End, Fault> {
        let (end, len) = match self.sealed {
            None => {
                let trailer = Trailer::decode(self.window.slice(self.pos, TRAILER_LEN)?, &self.chain)?;
                (end_of(trailer), TRAILER_LEN)
            }
            Some(header) => {
                let octets = self.window.slice(self.pos, sealed::TRAILER_LEN)?;
                let trailer = sealed::Trailer::decode(octets, &self.chain)?;
                (self.opened_end(&header, &trailer)?, sealed::TRAILER_LEN)
            }
        };
        let record_len = self.pos + len as u64 - self.location.at;
        if (end.record_len, self.location.len) != (record_len, record_len)
            || (end.frames, end.raw) != (self.frames, self.raw)
        {
            return Err(Defect::Digest.into());
        }
        Ok(end)
    }
}

fn end_of(trailer: Trailer) -> End {
    let Trailer { frames, octets, record_len, sha256 } = trailer;
    End { frames, octets, raw: octets, record_len, sha256, list_len: 0 }
}

/// A sealed trailer with its digest.
pub(crate) fn opened_end(
    key: Option<&RecordKey>,
    header: &Header,
    trailer: &sealed::Trailer,
) -> Result<End, Defect> {
    let mut sha256 = [0; 32];
    let data = header.trailer_data(trailer);
    key.ok_or(Defect::NoKey)?.open(header.trailer_nonce(), &data, &trailer.sha256, &mut sha256)?;
    let sealed::Trailer { frames, octets, raw, record_len, list_len, .. } = *trailer;
    Ok(End { frames, octets, raw, record_len, sha256: Sha256(sha256), list_len })
}

/// A list from its block.
pub(crate) fn opened_list(key: Option<&RecordKey>, header: &Header, octets: &[u8]) -> Result<List, Defect> {
    let Block::List(block) = Block::decode(octets)? else { return Err(Defect::Magic) };
    let stored = octets.get(FRAME_HEADER_LEN..).ok_or(Defect::Short)?;
    block.verify(stored)?;
    let data = frame_data(header.object_id, &block);
    decode_list(&key.ok_or(Defect::NoKey)?.opened(header.list_nonce(), &data, stored)?)
}

fn block(window: &mut Window, at: u64) -> Result<Block, Fault> {
    Ok(Block::decode(window.slice(at, FRAME_HEADER_LEN)?)?)
}

/// A header, and what it takes to read the record.
struct Opened {
    object_id: ObjectId,
    compression: proof::record::Compression,
    key: Option<RecordKey>,
    sealed: Option<Header>,
    provenance: Vec<u8>,
    len: usize,
    crc: u32,
}

fn header(
    archive: &Inner,
    window: &mut Window,
    at: u64,
    mark: Mark,
) -> Result<Opened, (Option<ObjectId>, Fault)> {
    let unnamed = |fault: Fault| (None, fault);
    let prefix = window.slice(at, RECORD_PREFIX_LEN).map_err(|missing| unnamed(missing.into()))?;
    let len = RecordHeader::len_of(prefix, mark).map_err(|defect| unnamed(defect.into()))?;
    let octets = window.slice(at, len).map_err(|missing| unnamed(missing.into()))?;
    let (header, len, crc) = AnyHeader::decode(octets, mark).map_err(|defect| unnamed(defect.into()))?;
    let (object_id, compression) = (header.object_id(), header.compression());
    let opened =
        |key, sealed, provenance| Opened { object_id, compression, key, sealed, provenance, len, crc };
    match header {
        AnyHeader::Open(header) => Ok(opened(None, None, header.provenance.to_vec())),
        AnyHeader::Sealed(header, provenance) => {
            let (key, provenance) =
                open_header(archive, &header, provenance).map_err(|fault| (Some(object_id), fault))?;
            Ok(opened(Some(key), Some(header), provenance))
        }
    }
}

/// The key of a sealed record, and its provenance.
pub(crate) fn open_header(
    archive: &Inner,
    header: &Header,
    provenance: &[u8],
) -> Result<(RecordKey, Vec<u8>), Fault> {
    let key = archive.keyring.get(header.object_id, header.slot).map_err(|error| match error {
        NoKey::Defect(defect) => Fault::Defect(defect),
        NoKey::Failed(error) => Fault::Failed(error),
    })?;
    let provenance = if provenance.is_empty() {
        Vec::new()
    } else {
        key.opened(header.provenance_nonce(), &header.provenance_data(), provenance)?
    };
    Ok((key, provenance))
}
