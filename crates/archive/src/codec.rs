//! Hashing and compression of mails, each frame on its own.

use std::sync::OnceLock;

use aws_lc_rs::digest::{Context, SHA256, digest};
use model::{ObjectId, Provenance, Sha256};
use proof::record::{
    Chain, Compression, FRAME_RAW_MAX, FrameHeader, Mark, RecordHeader, TRAILER_LEN, Trailer,
};
use proof::{Defect, provenance};
use uuid::Uuid;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

use crate::Error;

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

/// A finished record without its place: appending it is one write.
#[derive(Clone, Debug)]
pub struct Encoded {
    pub(crate) object_id: ObjectId,
    pub(crate) sha256: Sha256,
    pub(crate) octets: u64,
    provenance: Vec<u8>,
    frames: Vec<FrameHeader>,
    /// Frames with their headers.
    body: Vec<u8>,
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

    /// Octets it takes in the archive, about: header fields may add some.
    pub fn stored_octets(&self) -> u64 {
        (proof::record::RECORD_MIN + 6 + self.provenance.len() + self.body.len()) as u64
    }

    /// Appends the record to `out` as it stands in the segment of this mark.
    pub(crate) fn write(&self, mark: Mark, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let header = RecordHeader {
            object_id: self.object_id,
            compression: COMPRESSION,
            provenance: &self.provenance,
        };
        let mut chain = Chain::new(header.encode(mark, out).map_err(|_| Error::ProvenanceTooLong)?);
        for frame in &self.frames {
            chain.frame(frame);
        }
        out.extend_from_slice(&self.body);
        let trailer = Trailer {
            frames: self.frames.len() as u32,
            octets: self.octets,
            record_len: (out.len() - start + TRAILER_LEN) as u64,
            sha256: self.sha256,
        };
        out.extend_from_slice(&trailer.encode(&chain));
        Ok(())
    }
}

/// Makes records of mails: hashes and compresses, does no I/O. One per thread, used again and again.
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

    /// Hashes and compresses a mail. Meant for mails up to 1 MiB; larger ones are better streamed by `put`.
    ///
    /// # Errors
    /// `ProvenanceTooLong`.
    pub fn encode(&mut self, provenance: &Provenance, octets: &[u8]) -> Result<Encoded, Error> {
        self.encode_hashed(provenance, octets, sha256(octets))
    }

    /// Compresses a mail whose digest, by [`sha256`], is known already.
    ///
    /// # Errors
    /// `ProvenanceTooLong`.
    pub fn encode_hashed(
        &mut self,
        provenance: &Provenance,
        octets: &[u8],
        sha256: Sha256,
    ) -> Result<Encoded, Error> {
        Ok(self.record(new_object_id(), provenance_octets(provenance)?, octets, sha256))
    }

    pub(crate) fn record(
        &mut self,
        object_id: ObjectId,
        provenance: Vec<u8>,
        octets: &[u8],
        sha256: Sha256,
    ) -> Encoded {
        let (mut frames, mut body) = (Vec::with_capacity(1), Vec::new());
        for raw in octets.chunks(FRAME_RAW_MAX) {
            frames.push(self.frame(raw, &mut body));
        }
        Encoded { object_id, sha256, octets: octets.len() as u64, provenance, frames, body }
    }

    /// Appends a frame with its header to `out`. `raw` is not empty and at most [`FRAME_RAW_MAX`] long.
    pub(crate) fn frame(&mut self, raw: &[u8], out: &mut Vec<u8>) -> FrameHeader {
        self.scratch.clear();
        self.scratch.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        // Compression that fails, which it has no reason to, costs room but no mail.
        let compressed =
            self.compressor.compress_to_buffer(raw, &mut self.scratch).is_ok_and(|len| len < raw.len());
        let stored = if compressed { self.scratch.as_slice() } else { raw };
        let frame =
            FrameHeader::of(stored, raw.len(), compressed).expect("frames are made within the bounds");
        out.reserve_exact(stored.len() + proof::record::FRAME_HEADER_LEN);
        out.extend_from_slice(&frame.encode());
        out.extend_from_slice(stored);
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
    if octets.len() > proof::record::RECORD_HEADER_MAX - proof::record::RECORD_HEADER_MIN - 6 {
        return Err(Error::ProvenanceTooLong);
    }
    Ok(octets)
}

pub(crate) fn new_object_id() -> ObjectId {
    ObjectId::new(Uuid::new_v4())
}

/// Undoes what [`Encoder::frame`] did.
pub(crate) struct Decoder {
    plain: Option<Decompressor<'static>>,
    v1: Decompressor<'static>,
    raw: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        let v1 = Decompressor::with_prepared_dictionary(decoder_dictionary())
            .expect("a prepared dictionary is accepted by a new context");
        Self { plain: None, v1, raw: Vec::new() }
    }

    /// The mail's octets in a frame whose checksum is right.
    ///
    /// # Errors
    /// `Unsupported` for a dictionary that is not known here, `Compression`.
    pub(crate) fn frame<'a>(
        &'a mut self,
        compression: Compression,
        frame: &FrameHeader,
        stored: &'a [u8],
    ) -> Result<&'a [u8], Defect> {
        let raw_len = frame.raw_len as usize;
        if !frame.compressed {
            return if stored.len() == raw_len { Ok(stored) } else { Err(Defect::Compression) };
        }
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
