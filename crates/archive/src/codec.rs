//! Hashing, taking apart, compression and encryption of mails, each frame on its own.

use std::convert::Infallible;
use std::sync::OnceLock;

use aws_lc_rs::digest::{Context, SHA256, digest};
use aws_lc_rs::rand;
use model::{ObjectId, Provenance, Sha256};
use proof::pieces::{Code, Part, Piece, Sink, Splitter, encode_list};
use proof::record::{Chain, Compression, FRAME_HEADER_LEN, FRAME_RAW_MAX, FrameHeader, Mark};
use proof::sealed::{self, Header, Kind, TAG_LEN, Trailer, frame_data, frame_nonce};
use proof::{Defect, provenance};
use uuid::Uuid;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

use crate::keyring::random_key;
use crate::secret::RecordKey;
use crate::{Error, Known};

/// Shipped dictionary; made as `dictionary/README.md` says, never changed, only followed by another version.
static DICTIONARY_V1: &[u8] = include_bytes!("../dictionary/v1.dict");
const DICTIONARY_VERSION: u16 = 1;
const COMPRESSION: Compression = Compression::Zstd { dictionary: DICTIONARY_VERSION };
/// Levels of zstd, which may be chosen in [`crate::Options`].
const LEVELS: usize = 20;

/// SHA-256 of octets; what the database is asked before anything is encoded.
pub fn sha256(octets: &[u8]) -> Sha256 {
    sha256_of(digest(&SHA256, octets))
}

fn sha256_of(digest: aws_lc_rs::digest::Digest) -> Sha256 {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest.as_ref());
    Sha256(octets)
}

/// A running SHA-256.
#[derive(Clone)]
pub struct Hash(Context);

impl Hash {
    /// Of nothing.
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// And of these octets.
    pub fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// The digest.
    pub fn finish(self) -> Sha256 {
        sha256_of(self.0.finish())
    }
}

fn encoder_dictionary(level: u8) -> &'static EncoderDictionary<'static> {
    static PREPARED: [OnceLock<EncoderDictionary<'static>>; LEVELS] = [const { OnceLock::new() }; LEVELS];
    let level = usize::from(level).clamp(1, LEVELS - 1);
    PREPARED[level].get_or_init(|| EncoderDictionary::copy(DICTIONARY_V1, level as i32))
}

fn decoder_dictionary() -> &'static DecoderDictionary<'static> {
    static PREPARED: OnceLock<DecoderDictionary<'static>> = OnceLock::new();
    PREPARED.get_or_init(|| DecoderDictionary::copy(DICTIONARY_V1))
}

/// A finished record without its place: appending it is one write. Its frames are encrypted already.
pub struct Encoded {
    pub(crate) object_id: ObjectId,
    pub(crate) sha256: Sha256,
    pub(crate) octets: u64,
    pub(crate) key: RecordKey,
    kind: Kind,
    /// Octets in the frames.
    raw: u64,
    provenance: Vec<u8>,
    frames: Vec<FrameHeader>,
    /// Frames with their headers.
    body: Vec<u8>,
    /// Where objects stand in it.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) parts: Vec<(Sha256, Option<Part>)>,
    /// Records of those parts that were not known.
    pub(crate) objects: Vec<Encoded>,
}

impl Encoded {
    /// Random name of the record.
    pub fn object_id(&self) -> ObjectId {
        self.object_id
    }

    /// Of the mail's octets.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Octets of the mail.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Octets it takes in the archive, about, and those of the objects that come with it.
    pub fn stored_octets(&self) -> u64 {
        let own = sealed::RECORD_MIN + 22 + self.provenance.len() + self.body.len() + 60 * self.parts.len();
        own as u64 + self.objects.iter().map(Self::stored_octets).sum::<u64>()
    }

    /// Digests of the objects it consists of and that were not known when it was made.
    pub fn unplaced(&self) -> impl Iterator<Item = Sha256> + '_ {
        self.parts.iter().filter(|(_, part)| part.is_none()).map(|(sha256, _)| *sha256)
    }

    /// Names of the objects it consists of, once they are placed.
    pub fn uses(&self) -> Vec<ObjectId> {
        self.parts.iter().filter_map(|(_, part)| part.map(|part| part.object_id)).collect()
    }

    /// Appends the record to `out` as it stands in the segment of this mark, with its key in this slot.
    pub(crate) fn write(&self, mark: Mark, slot: u64, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let header = Header {
            object_id: self.object_id,
            kind: self.kind,
            compression: COMPRESSION,
            slot,
            salt: new_salt()?,
        };
        let crc = push_header(&header, &self.key, &self.provenance, mark, out)?;
        let mut chain = Chain::new(crc);
        for frame in &self.frames {
            chain.frame(frame);
        }
        out.extend_from_slice(&self.body);
        let list_len = if self.kind == Kind::Pieces {
            let parts: Option<Vec<Part>> = self.parts.iter().map(|(_, part)| *part).collect();
            push_list(&header, &self.key, &parts.ok_or(Error::NoObject)?, &self.pieces, &mut chain, out)
        } else {
            0
        };
        let record_len = (out.len() - start + sealed::TRAILER_LEN) as u64;
        let sums = Sums {
            frames: self.frames.len() as u32,
            octets: self.octets,
            raw: self.raw,
            record_len,
            list_len,
        };
        out.extend_from_slice(&sealed_trailer(&header, &self.key, &sums, self.sha256, &chain));
        Ok(())
    }
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoded").field("object_id", &self.object_id).finish_non_exhaustive()
    }
}

/// What a trailer counts.
pub(crate) struct Sums {
    pub(crate) frames: u32,
    pub(crate) octets: u64,
    pub(crate) raw: u64,
    pub(crate) record_len: u64,
    pub(crate) list_len: u32,
}

/// Appends a header with its sealed provenance; gives its CRC.
pub(crate) fn push_header(
    header: &Header,
    key: &RecordKey,
    provenance: &[u8],
    mark: Mark,
    out: &mut Vec<u8>,
) -> Result<u32, Error> {
    let provenance = if provenance.is_empty() {
        Vec::new()
    } else {
        key.seal(header.provenance_nonce(), &header.provenance_data(), provenance)
    };
    header.encode(mark, &provenance, out).map_err(|_| Error::ProvenanceTooLong)
}

/// Appends the list of pieces; gives its length with header.
pub(crate) fn push_list(
    header: &Header,
    key: &RecordKey,
    parts: &[Part],
    pieces: &[Piece],
    chain: &mut Chain,
    out: &mut Vec<u8>,
) -> u32 {
    let plain = encode_list(parts, pieces);
    let block = FrameHeader::before(plain.len(), plain.len() + TAG_LEN, false, true);
    let stored = key.seal(header.list_nonce(), &frame_data(header.object_id, &block), &plain);
    let block = block.with_checksum(&stored);
    chain.frame(&block);
    out.extend_from_slice(&block.encode());
    out.extend_from_slice(&stored);
    (FRAME_HEADER_LEN + stored.len()) as u32
}

pub(crate) fn sealed_trailer(
    header: &Header,
    key: &RecordKey,
    sums: &Sums,
    sha256: Sha256,
    chain: &Chain,
) -> [u8; sealed::TRAILER_LEN] {
    let Sums { frames, octets, raw, record_len, list_len } = *sums;
    let mut trailer = Trailer { frames, octets, raw, record_len, sha256: [0; 48], list_len };
    trailer.sha256[..32].copy_from_slice(&sha256.0);
    // The data leaves the digest out.
    let data = header.trailer_data(&trailer);
    key.seal_with_room(header.trailer_nonce(), &data, &mut trailer.sha256);
    trailer.encode(chain)
}

pub(crate) fn new_salt() -> Result<[u8; 8], Error> {
    let mut salt = [0; 8];
    rand::fill(&mut salt).map_err(|_| Error::Random)?;
    Ok(salt)
}

/// A mail taken apart: what is raw, and the objects in it.
#[derive(Debug, Default)]
pub struct Split {
    raw: Vec<u8>,
    pieces: Vec<Piece>,
    /// Digest and octets, each object once.
    objects: Vec<(Sha256, Vec<u8>)>,
    before: u64,
    object: Vec<u8>,
}

impl Split {
    /// Takes a mail apart. What it consists of gives its octets again, exactly.
    pub fn of(octets: &[u8]) -> Self {
        let (mut split, mut splitter) = (Self::default(), Splitter::default());
        let Ok(()) = splitter.push(octets, &mut split);
        let Ok(()) = splitter.finish(&mut split);
        split
    }

    /// Digests of the objects in it, each once.
    pub fn digests(&self) -> impl Iterator<Item = Sha256> + '_ {
        self.objects.iter().map(|(sha256, _)| *sha256)
    }
}

impl Sink for Split {
    type Error = Infallible;

    fn raw(&mut self, octets: &[u8]) -> Result<(), Infallible> {
        self.raw.extend_from_slice(octets);
        self.before += octets.len() as u64;
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn object(&mut self, octets: &[u8]) -> Result<(), Infallible> {
        self.object.extend_from_slice(octets);
        Ok(())
    }

    fn end(&mut self, code: Code) -> Result<(), Infallible> {
        let octets = std::mem::take(&mut self.object);
        let digest = sha256(&octets);
        let known = self.objects.iter().position(|(known, _)| *known == digest);
        let part = known.unwrap_or_else(|| {
            self.objects.push((digest, octets));
            self.objects.len() - 1
        });
        self.pieces.push(Piece { raw: std::mem::take(&mut self.before), part: part as u32, code });
        Ok(())
    }
}

/// Makes records of mails: hashes, compresses and encrypts, does no I/O. One per thread, used again and again.
pub struct Encoder {
    compressor: Compressor<'static>,
    scratch: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new(level: u8) -> Self {
        let mut compressor = Compressor::with_prepared_dictionary(encoder_dictionary(level))
            .expect("a prepared dictionary is accepted by a new context");
        for parameter in [CParameter::ContentSizeFlag(false), CParameter::DictIdFlag(false)] {
            compressor.set_parameter(parameter).expect("zstd knows its own parameters");
        }
        Self { compressor, scratch: Vec::new() }
    }

    /// Hashes, takes apart and compresses a mail, none of whose objects is known. Meant for mails up to 1 MiB; larger ones
    /// are better streamed by `put`.
    ///
    /// # Errors
    /// `ProvenanceTooLong`, `Random`.
    pub fn encode(&mut self, provenance: &Provenance, octets: &[u8]) -> Result<Encoded, Error> {
        self.encode_split(provenance, &Split::of(octets), octets.len() as u64, sha256(octets), &Known::new())
    }

    /// Compresses a mail of `octets` octets whose digest, by [`sha256`], and parts are known already. Objects that are
    /// `known` are not encoded.
    ///
    /// # Errors
    /// `ProvenanceTooLong`, `Random`.
    pub fn encode_split(
        &mut self,
        provenance: &Provenance,
        split: &Split,
        octets: u64,
        sha256: Sha256,
        known: &Known,
    ) -> Result<Encoded, Error> {
        let mut objects = Vec::new();
        let mut parts = Vec::with_capacity(split.objects.len());
        for (digest, octets) in &split.objects {
            let part = known.get(digest).copied();
            if part.is_none() {
                objects.push(self.record(Kind::Object, Vec::new(), octets, *digest)?);
            }
            parts.push((*digest, part));
        }
        let kind = if split.pieces.is_empty() { Kind::Whole } else { Kind::Pieces };
        let mail = self.record(kind, provenance_octets(provenance)?, &split.raw, sha256)?;
        Ok(Encoded { octets, pieces: split.pieces.clone(), parts, objects, ..mail })
    }

    pub(crate) fn record(
        &mut self,
        kind: Kind,
        provenance: Vec<u8>,
        octets: &[u8],
        sha256: Sha256,
    ) -> Result<Encoded, Error> {
        let (object_id, key) = (new_object_id(), RecordKey::new(random_key()?));
        let (mut frames, mut body) = (Vec::with_capacity(1), Vec::new());
        for (number, raw) in octets.chunks(FRAME_RAW_MAX).enumerate() {
            frames.push(self.frame(object_id, &key, number as u32, raw, &mut body));
        }
        let raw = octets.len() as u64;
        Ok(Encoded {
            object_id,
            sha256,
            octets: raw,
            key,
            kind,
            raw,
            provenance,
            frames,
            body,
            pieces: Vec::new(),
            parts: Vec::new(),
            objects: Vec::new(),
        })
    }

    /// Appends frame `number` with its header to `out`. `raw` is not empty and at most [`FRAME_RAW_MAX`] long.
    pub(crate) fn frame(
        &mut self,
        object_id: ObjectId,
        key: &RecordKey,
        number: u32,
        raw: &[u8],
        out: &mut Vec<u8>,
    ) -> FrameHeader {
        self.scratch.clear();
        self.scratch.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        // Compression that fails, which it has no reason to, costs room but no mail.
        let compressed =
            self.compressor.compress_to_buffer(raw, &mut self.scratch).is_ok_and(|len| len < raw.len());
        let plain = if compressed { self.scratch.as_slice() } else { raw };
        let frame = FrameHeader::before(raw.len(), plain.len() + TAG_LEN, compressed, false);
        let start = out.len() + FRAME_HEADER_LEN;
        out.reserve_exact(FRAME_HEADER_LEN + plain.len() + TAG_LEN);
        out.resize(start, 0);
        out.extend_from_slice(plain);
        out.resize(start + plain.len() + TAG_LEN, 0);
        key.seal_with_room(frame_nonce(number), &frame_data(object_id, &frame), &mut out[start..]);
        let frame = frame.with_checksum(&out[start..]);
        out[start - FRAME_HEADER_LEN..start].copy_from_slice(&frame.encode());
        frame
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

pub(crate) const fn compression() -> Compression {
    COMPRESSION
}

pub(crate) fn provenance_octets(value: &Provenance) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::with_capacity(128);
    provenance::encode(value, &mut octets);
    if octets.len() > proof::record::RECORD_HEADER_MAX - sealed::HEADER_MIN - 6 - TAG_LEN {
        return Err(Error::ProvenanceTooLong);
    }
    Ok(octets)
}

pub(crate) fn new_object_id() -> ObjectId {
    ObjectId::new(Uuid::new_v4())
}

/// How the octets of frames of a record are had again.
pub(crate) struct Opening<'a> {
    pub(crate) object_id: ObjectId,
    pub(crate) compression: Compression,
    /// `None`: they are not encrypted.
    pub(crate) key: Option<&'a RecordKey>,
}

/// Undoes what [`Encoder::frame`] did.
pub(crate) struct Decoder {
    plain: Option<Decompressor<'static>>,
    v1: Decompressor<'static>,
    raw: Vec<u8>,
    opened: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        let v1 = Decompressor::with_prepared_dictionary(decoder_dictionary())
            .expect("a prepared dictionary is accepted by a new context");
        Self { plain: None, v1, raw: Vec::new(), opened: Vec::new() }
    }

    /// The octets in frame `number`, whose checksum is right.
    ///
    /// # Errors
    /// `Unsupported` for a dictionary that is not known here, `Compression`, `Sealed`.
    pub(crate) fn frame<'a>(
        &'a mut self,
        of: &Opening<'_>,
        number: u32,
        frame: &FrameHeader,
        stored: &'a [u8],
    ) -> Result<&'a [u8], Defect> {
        let raw_len = frame.raw_len as usize;
        let stored = match of.key {
            None => stored,
            Some(key) => {
                self.opened.resize(stored.len().checked_sub(TAG_LEN).ok_or(Defect::Sealed)?, 0);
                key.open(frame_nonce(number), &frame_data(of.object_id, frame), stored, &mut self.opened)?;
                &self.opened
            }
        };
        if !frame.compressed {
            return if stored.len() == raw_len { Ok(stored) } else { Err(Defect::Compression) };
        }
        let compression = of.compression;
        let decompressor = match compression {
            Compression::Zstd { dictionary: 0 } => match &mut self.plain {
                Some(plain) => plain,
                none => none.insert(Decompressor::new().map_err(|_| Defect::Compression)?),
            },
            Compression::Zstd { dictionary: DICTIONARY_VERSION } => &mut self.v1,
            Compression::Zstd { .. } => return Err(Defect::Unsupported),
            Compression::None => return Err(Defect::Compression),
        };
        self.raw.clear();
        self.raw.reserve(raw_len);
        let len =
            decompressor.decompress_to_buffer(stored, &mut self.raw).map_err(|_| Defect::Compression)?;
        if len == raw_len { Ok(&self.raw) } else { Err(Defect::Compression) }
    }
}

#[cfg(test)]
mod tests;
