//! Streaming a mail of unknown length into the archive.

use std::io::{self, Write};
use std::sync::Arc;

use model::{Location, ObjectId, Provenance, Sha256};
use proof::pieces::{Code, Part, Piece, Sink, Splitter};
use proof::record::{Chain, FRAME_RAW_MAX};
use proof::sealed::{Header, Kind, TRAILER_LEN};

use crate::codec::{
    Encoder, Hash, Sums, compression, new_object_id, new_salt, provenance_octets, push_header, push_list,
    sealed_trailer,
};
use crate::inner::Inner;
use crate::keyring::random_key;
use crate::secret::RecordKey;
use crate::segment::Segment;
use crate::{Appended, Archive, Error, Known, Lookup, Stored};

/// A mail on its way in, written with [`io::Write`]; dropped before [`Put::finish`] it leaves nothing behind.
///
/// Holds at most a frame (1 MiB) of what is raw in the mail and one of an object in it, and, where there is more, a segment
/// of its own for each, so that a slow source keeps nobody waiting.
pub struct Put {
    splitter: Splitter,
    body: Body,
    octets: u64,
    hash: Hash,
    failed: bool,
}

/// Where the parts of the mail go.
struct Body {
    archive: Archive,
    lookup: Lookup,
    mail: Writing,
    /// The object that passes.
    object: Option<(Writing, Hash)>,
    /// For objects of this mail alone: what lies behind this offset can be taken back.
    own: Option<(Arc<Segment>, u64)>,
    known: Known,
    objects: Vec<Stored>,
    parts: Vec<(Sha256, Part)>,
    pieces: Vec<Piece>,
    before: u64,
}

/// A record that is written frame by frame.
struct Writing {
    object_id: ObjectId,
    kind: Kind,
    key: RecordKey,
    provenance: Vec<u8>,
    raw: Vec<u8>,
    octets: u64,
    open: Option<Open>,
}

/// The record as far as it is written.
struct Open {
    segment: Arc<Segment>,
    header: Header,
    start: u64,
    end: u64,
    chain: Chain,
    frames: u32,
}

impl Writing {
    fn new(kind: Kind, provenance: Vec<u8>) -> Result<Self, Error> {
        let key = RecordKey::new(random_key()?);
        Ok(Self { object_id: new_object_id(), kind, key, provenance, raw: Vec::new(), octets: 0, open: None })
    }

    /// Takes octets; `segment` gives one for the first frame.
    fn push(
        &mut self,
        archive: &Inner,
        mut octets: &[u8],
        mut segment: impl FnMut() -> Result<Arc<Segment>, Error>,
    ) -> Result<(), Error> {
        self.octets += octets.len() as u64;
        while !octets.is_empty() {
            if self.raw.len() == FRAME_RAW_MAX {
                self.flush(archive, &mut segment)?;
            }
            let (now, later) = octets.split_at(octets.len().min(FRAME_RAW_MAX - self.raw.len()));
            self.raw.extend_from_slice(now);
            octets = later;
        }
        Ok(())
    }

    fn flush(
        &mut self,
        archive: &Inner,
        segment: &mut impl FnMut() -> Result<Arc<Segment>, Error>,
    ) -> Result<(), Error> {
        let mut out = Vec::new();
        let open = if let Some(open) = &mut self.open {
            open
        } else {
            let slot = archive.keyring.put(self.object_id, self.key.octets())?;
            let header = Header {
                object_id: self.object_id,
                kind: self.kind,
                compression: compression(),
                slot,
                salt: new_salt()?,
            };
            let segment = segment()?;
            let start = segment.state().written;
            // From here on the segment is given back with the record.
            let open = Open { segment, header, start, end: start, chain: Chain::new(0), frames: 0 };
            let open = self.open.insert(open);
            let crc = push_header(&header, &self.key, &self.provenance, open.segment.mark(), &mut out)?;
            open.chain = Chain::new(crc);
            open
        };
        let mut encoder = archive.encoder();
        let frame = encoder.frame(self.object_id, &self.key, open.frames, &self.raw, &mut out);
        archive.keep_encoder(encoder);
        open.segment.write_at(&out, open.end)?;
        open.chain.frame(&frame);
        open.frames += 1;
        open.end += out.len() as u64;
        self.raw.clear();
        Ok(())
    }

    /// Ends a record that was begun in a segment. Gives it and the segment, which is still held.
    fn end(
        &mut self,
        archive: &Inner,
        list: Option<(&[Part], &[Piece])>,
        octets: u64,
        sha256: Sha256,
    ) -> Result<(Stored, Arc<Segment>), Error> {
        if !self.raw.is_empty() {
            self.flush(archive, &mut || Err(Error::Abandoned))?;
        }
        let open = self.open.as_mut().ok_or(Error::Abandoned)?;
        let mut out = Vec::new();
        let list_len = list.map_or(0, |(parts, pieces)| {
            push_list(&open.header, &self.key, parts, pieces, &mut open.chain, &mut out)
        });
        let end = open.end + (out.len() + TRAILER_LEN) as u64;
        let (frames, raw, record_len) = (open.frames, self.octets, end - open.start);
        let sums = Sums { frames, octets, raw, record_len, list_len };
        out.extend_from_slice(&sealed_trailer(&open.header, &self.key, &sums, sha256, &open.chain));
        open.segment.write_at(&out, open.end)?;
        open.segment.advance(open.start, end);
        let location = Location { segment: open.segment.id, at: open.start, len: record_len };
        let segment = Arc::clone(&open.segment);
        self.open = None;
        Ok((Stored { object_id: self.object_id, location, octets, sha256 }, segment))
    }

    /// The same record, all of which is in memory.
    fn whole(&mut self, encoder: &mut Encoder, kind: Kind, sha256: Sha256) -> Result<crate::Encoded, Error> {
        encoder.record(kind, std::mem::take(&mut self.provenance), &self.raw, sha256)
    }
}

impl Put {
    pub(crate) fn new(archive: Archive, provenance: &Provenance, lookup: Lookup) -> Result<Self, Error> {
        let mail = Writing::new(Kind::Pieces, provenance_octets(provenance)?)?;
        let body = Body {
            archive,
            lookup,
            mail,
            object: None,
            own: None,
            known: Known::new(),
            objects: Vec::new(),
            parts: Vec::new(),
            pieces: Vec::new(),
            before: 0,
        };
        Ok(Self { splitter: Splitter::default(), body, octets: 0, hash: Hash::new(), failed: false })
    }

    /// Takes more octets of the mail.
    ///
    /// # Errors
    /// `Full`, `Io`, `Denied`, `SyncFailed` of the segment; the mail is abandoned then and what was written of it is
    /// taken back. `Abandoned` on every later call.
    pub fn push(&mut self, octets: &[u8]) -> Result<(), Error> {
        if self.failed {
            return Err(Error::Abandoned);
        }
        self.hash.update(octets);
        self.octets += octets.len() as u64;
        let pushed = self.splitter.push(octets, &mut self.body);
        if pushed.is_err() {
            self.abandon();
        }
        pushed
    }

    /// Octets taken so far.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// SHA-256 of the octets taken so far, to look whether they are known before deciding to keep them.
    pub fn sha256(&self) -> Sha256 {
        self.hash.clone().finish()
    }

    /// Ends the record. It and its objects are durable after `sync`.
    ///
    /// # Errors
    /// As [`Put::push`]; nothing is kept then.
    pub fn finish(mut self) -> Result<Appended, Error> {
        if self.failed {
            return Err(Error::Abandoned);
        }
        let splitter = std::mem::take(&mut self.splitter);
        let sha256 = self.sha256();
        let stored = splitter
            .finish(&mut self.body)
            .and_then(|()| self.body.finish(self.octets, sha256))
            .inspect_err(|_| self.abandon())?;
        // Nothing is to be taken back any more.
        self.failed = true;
        let uses = self.body.parts.iter().map(|(_, part)| part.object_id).collect();
        Ok(Appended { mail: stored, objects: std::mem::take(&mut self.body.objects), uses })
    }

    fn abandon(&mut self) {
        if !self.failed {
            self.failed = true;
            self.body.abandon();
        }
    }
}

impl Body {
    fn inner(&self) -> &Inner {
        &self.archive.0
    }

    /// A segment for objects of this mail alone.
    fn own_segment(&mut self) -> Result<Arc<Segment>, Error> {
        if self.own.is_none() {
            let segment = self.inner().take_segment()?;
            let start = segment.state().written;
            self.own = Some((segment, start));
        }
        Ok(self.own.as_ref().map(|(segment, _)| Arc::clone(segment)).expect("it was just put there"))
    }

    /// Where an object lies that is known by its digest.
    fn place_of(&mut self, sha256: Sha256) -> Option<Part> {
        if let Some(part) = self.known.get(&sha256) {
            return Some(*part);
        }
        self.known.extend((self.lookup)(&[sha256]));
        self.known.get(&sha256).copied()
    }

    fn end_object(&mut self, code: Code) -> Result<(), Error> {
        let Some((mut writing, hash)) = self.object.take() else { return Ok(()) };
        let sha256 = hash.finish();
        let part = if let Some(part) = self.place_of(sha256) {
            if let Some(open) = writing.open.take() {
                open.segment.take_back();
            }
            part
        } else {
            // In a segment of its own mail even if it is small: nobody's record follows it before the mail is whole.
            if writing.open.is_none() {
                let segment = self.own_segment()?;
                writing.flush(self.inner(), &mut || Ok(Arc::clone(&segment)))?;
            }
            let octets = writing.octets;
            let (stored, _) = writing.end(self.inner(), None, octets, sha256)?;
            self.objects.push(stored);
            self.known.insert(sha256, stored.part());
            stored.part()
        };
        let at = self.parts.iter().position(|(known, _)| *known == sha256);
        let at = at.unwrap_or_else(|| {
            self.parts.push((sha256, part));
            self.parts.len() - 1
        });
        self.pieces.push(Piece { raw: std::mem::take(&mut self.before), part: at as u32, code });
        Ok(())
    }

    fn finish(&mut self, octets: u64, sha256: Sha256) -> Result<Stored, Error> {
        // So much at once is made durable here, where nobody else waits for it; what the list names comes first.
        if let Some((segment, _)) = &self.own {
            let end = segment.state().written;
            self.inner().sync_segment(segment, end)?;
        }
        let stored = if self.mail.open.is_some() {
            let archive = self.archive.clone();
            let parts: Vec<Part> = self.parts.iter().map(|(_, part)| *part).collect();
            let (stored, segment) =
                self.mail.end(&archive.0, Some((&parts, &self.pieces)), octets, sha256)?;
            let durable = archive.0.sync_segment(&segment, stored.location.at + stored.location.len);
            // Sealing that fails for want of room is tried again by whoever takes the segment next.
            let _ = archive.0.release(segment);
            if durable.is_err()
                && let Some((segment, _)) = self.own.take()
            {
                // The mail may have reached the disk: what it names stays.
                let _ = archive.0.release(segment);
            }
            durable?;
            stored
        } else {
            self.finish_small(octets, sha256)?
        };
        if let Some((segment, _)) = self.own.take() {
            let _ = self.inner().release(segment);
        }
        Ok(stored)
    }

    /// Everything raw is still in memory: like any other small mail.
    fn finish_small(&mut self, octets: u64, sha256: Sha256) -> Result<Stored, Error> {
        let mut encoder = self.inner().encoder();
        let kind = if self.pieces.is_empty() { Kind::Whole } else { Kind::Pieces };
        let whole = self.mail.whole(&mut encoder, kind, sha256);
        self.inner().keep_encoder(encoder);
        let mut whole = whole?;
        whole.octets = octets;
        whole.pieces = std::mem::take(&mut self.pieces);
        whole.parts = self.parts.iter().map(|(sha256, part)| (*sha256, Some(*part))).collect();
        self.archive.append(&whole)
    }

    fn abandon(&mut self) {
        self.mail.raw = Vec::new();
        if let Some((mut writing, _)) = self.object.take()
            && let Some(open) = writing.open.take()
        {
            open.segment.take_back();
        }
        if let Some((segment, start)) = self.own.take() {
            segment.rewind(start);
            let _ = self.inner().release(segment);
        }
        if let Some(open) = self.mail.open.take() {
            open.segment.take_back();
            let _ = self.inner().release(open.segment);
        }
    }
}

impl Sink for Body {
    type Error = Error;

    fn raw(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.before += octets.len() as u64;
        let archive = Arc::clone(&self.archive.0);
        self.mail.push(&archive, octets, || archive.take_segment())
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.object = Some((Writing::new(Kind::Object, Vec::new())?, Hash::new()));
        Ok(())
    }

    fn object(&mut self, octets: &[u8]) -> Result<(), Error> {
        let Some((mut writing, mut hash)) = self.object.take() else { return Ok(()) };
        hash.update(octets);
        let archive = Arc::clone(&self.archive.0);
        let pushed = writing.push(&archive, octets, || self.own_segment());
        self.object = Some((writing, hash));
        pushed
    }

    fn end(&mut self, code: Code) -> Result<(), Error> {
        self.end_object(code)
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
        f.debug_struct("Put").field("octets", &self.octets).finish_non_exhaustive()
    }
}
