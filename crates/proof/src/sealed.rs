//! Records of version 2: encrypted with a key of their own.
//!
//! ```text
//! record = record header, frame*, [list], trailer
//! ```
//!
//! Each record has a random 256-bit key, which lies in the keyring (see [`crate::keyring`]) in the slot the header names.
//! It is used for nothing else. Everything that says something is encrypted with it, AES-256-GCM: the frames, the list of
//! pieces, the provenance, the SHA-256. Open are lengths, times of segments, and random names. CRCs are over what is stored,
//! so that damage is found without keys.
//!
//! ## Record header, 56 octets and fields
//!
//! Octets 0 to 39 are as in version 1, with
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 16 | 1 | record version, 2 |
//! | 17 | 1 | kind: 1 a mail as a whole; 2 a mail as a list of pieces, its frames hold what is raw; 3 an object |
//! | 19 | 1 | encryption: 1 AES-256-GCM; another one is refused |
//! | 40 | 8 | slot of its key in the keyring |
//! | 48 | 8 | salt: random, new each time the record is written |
//! | 56 | … | fields as in version 1, their values sealed: ciphertext and tag (16) |
//! | end − 4 | 4 | CRC |
//!
//! Field 1 is the provenance; an object has none.
//!
//! ## List
//!
//! A block like a frame whose first octet is 3, never compressed; it is [`crate::pieces::encode_list`]'s. Records of kind 2
//! have one, behind their frames; the others none.
//!
//! ## Trailer, 88 octets
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 1 | 4 |
//! | 1 | 3 | reserved, 0 |
//! | 4 | 4 | number of frames |
//! | 8 | 8 | octets of the mail or of the object |
//! | 16 | 8 | octets in the frames |
//! | 24 | 8 | length of the record, header and trailer included |
//! | 32 | 48 | SHA-256 of the octets of the mail or of the object, sealed: 32 and the tag |
//! | 80 | 4 | length of the list with its header, 0 for none |
//! | 84 | 4 | CRC of the CRCs of the header, of each frame and of the list in order, then of octets 0 to 83 |
//!
//! ## Nonces and associated data
//!
//! A nonce is a domain (4 octets) and a number (8), little endian: frames 0 and the number of the frame from 0; a field
//! `fffe0000` and its type, the salt; the list `fffffffe`, the salt; the trailer `ffffffff`, the salt. The salt makes it
//! safe to write a record whose frames are encrypted already a second time, elsewhere and with another list.
//! Associated with a frame or the list are the object id and the first 12 octets of its header; with a field the object id
//! and its type (2); with the trailer octets 16 to 55 of the record header, 0 to 31 and 80 to 83 of the trailer.

use model::ObjectId;

use crate::Defect;
use crate::octets::Octets;
use crate::record::{
    BLOCK_SEALED_TRAILER, Chain, Compression, FIELD_PROVENANCE, FRAME_HEADER_LEN, FrameHeader, MAGIC, Mark,
    RECORD_HEADER_MAX, RECORD_PREFIX_LEN, RecordHeader, checked,
};

/// Octets of a key.
pub const KEY_LEN: usize = 32;
/// Octets of a nonce.
pub const NONCE_LEN: usize = 12;
/// Octets a sealed value is longer.
pub const TAG_LEN: usize = 16;
/// Octets of a trailer.
pub const TRAILER_LEN: usize = 88;
/// Octets of a header without fields.
pub const HEADER_MIN: usize = FIXED_LEN + 4;
/// Octets of the shortest record.
pub const RECORD_MIN: usize = HEADER_MIN + TRAILER_LEN;

const FIXED_LEN: usize = 56;
const VERSION: u8 = 2;
const AES_256_GCM: u8 = 1;
/// Octets of the header that the trailer is bound to.
const BOUND: std::ops::Range<usize> = 16..FIXED_LEN;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A mail as a whole.
    Whole,
    /// A mail as a list of pieces.
    Pieces,
    /// What mails consist of.
    Object,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Whole => 1,
            Self::Pieces => 2,
            Self::Object => 3,
        }
    }
}

/// Beginning of a sealed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Random name of the record.
    pub object_id: ObjectId,
    /// What it holds.
    pub kind: Kind,
    /// Of its frames, before they were encrypted.
    pub compression: Compression,
    /// Where its key lies in the keyring.
    pub slot: u64,
    /// Part of the nonces of all but the frames.
    pub salt: [u8; 8],
}

/// A header of either version and what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyHeader<'a> {
    /// Version 1: not encrypted.
    Open(RecordHeader<'a>),
    /// Version 2 and its sealed provenance, empty for none.
    Sealed(Header, &'a [u8]),
}

impl<'a> AnyHeader<'a> {
    /// Reads the header at the front of `octets`; gives it, its length and its CRC.
    ///
    /// # Errors
    /// As [`RecordHeader::decode`].
    pub fn decode(octets: &'a [u8], mark: Mark) -> Result<(Self, usize, u32), Defect> {
        let len = RecordHeader::len_of(octets, mark)?;
        if octets.get(RECORD_PREFIX_LEN) != Some(&VERSION) {
            return RecordHeader::decode(octets, mark)
                .map(|(header, len, crc)| (Self::Open(header), len, crc));
        }
        let (body, crc) = checked(octets.get(..len).ok_or(Defect::Short)?)?;
        let mut from = Octets::new(&body[RECORD_PREFIX_LEN..]);
        let [_, kind, compression, encryption] = from.array()?;
        let (dictionary, flags) = (from.u16()?, from.u16()?);
        let kind = match kind {
            1 => Kind::Whole,
            2 => Kind::Pieces,
            3 => Kind::Object,
            _ => return Err(Defect::Unsupported),
        };
        let compression = match compression {
            0 => Compression::None,
            1 => Compression::Zstd { dictionary },
            _ => return Err(Defect::Unsupported),
        };
        if (encryption, flags) != (AES_256_GCM, 0) {
            return Err(Defect::Unsupported);
        }
        let object_id = ObjectId::from_octets(from.array()?);
        let (slot, salt) = (from.u64()?, from.array()?);
        let mut provenance: &[u8] = &[];
        while !from.is_empty() {
            let field = from.u16()?;
            let len = usize::try_from(from.u32()?).map_err(|_| Defect::Value)?;
            let value = from.take(len).map_err(|_| Defect::Value)?;
            if field == FIELD_PROVENANCE {
                provenance = value;
            }
        }
        Ok((Self::Sealed(Header { object_id, kind, compression, slot, salt }, provenance), len, crc))
    }

    /// Random name of the record.
    pub const fn object_id(&self) -> ObjectId {
        match self {
            Self::Open(header) => header.object_id,
            Self::Sealed(header, _) => header.object_id,
        }
    }

    /// Of its frames.
    pub const fn compression(&self) -> Compression {
        match self {
            Self::Open(header) => header.compression,
            Self::Sealed(header, _) => header.compression,
        }
    }
}

impl Header {
    /// Appends the header to `out`, with the sealed provenance unless it is empty. Gives its CRC.
    ///
    /// # Errors
    /// `Value` if the header gets longer than [`RECORD_HEADER_MAX`]; `out` is as before.
    pub fn encode(&self, mark: Mark, provenance: &[u8], out: &mut Vec<u8>) -> Result<u32, Defect> {
        let field = if provenance.is_empty() { 0 } else { 6 + provenance.len() };
        let len = HEADER_MIN + field;
        if len > RECORD_HEADER_MAX {
            return Err(Defect::Value);
        }
        let start = out.len();
        out.extend_from_slice(&mark.behind(MAGIC));
        out.extend_from_slice(&(len as u32).to_le_bytes());
        out.extend_from_slice(&self.bound());
        if field > 0 {
            out.extend_from_slice(&FIELD_PROVENANCE.to_le_bytes());
            out.extend_from_slice(&(provenance.len() as u32).to_le_bytes());
            out.extend_from_slice(provenance);
        }
        let crc = crate::Crc::of(&out[start..]);
        out.extend_from_slice(&crc.to_le_bytes());
        Ok(crc)
    }

    /// Octets 16 to 55.
    fn bound(&self) -> [u8; BOUND.end - BOUND.start] {
        let (compression, dictionary) = match self.compression {
            Compression::None => (0, 0),
            Compression::Zstd { dictionary } => (1, dictionary),
        };
        let mut octets = [0; BOUND.end - BOUND.start];
        octets[..4].copy_from_slice(&[VERSION, self.kind.code(), compression, AES_256_GCM]);
        octets[4..6].copy_from_slice(&dictionary.to_le_bytes());
        octets[8..24].copy_from_slice(self.object_id.octets());
        octets[24..32].copy_from_slice(&self.slot.to_le_bytes());
        octets[32..].copy_from_slice(&self.salt);
        octets
    }

    /// Nonce of the provenance.
    pub fn provenance_nonce(&self) -> [u8; NONCE_LEN] {
        nonce(0xfffe_0000 | u32::from(FIELD_PROVENANCE), self.salt)
    }

    /// Data associated with the provenance.
    pub fn provenance_data(&self) -> [u8; 18] {
        let mut data = [0; 18];
        data[..16].copy_from_slice(self.object_id.octets());
        data[16..].copy_from_slice(&FIELD_PROVENANCE.to_le_bytes());
        data
    }

    /// Nonce of the list.
    pub fn list_nonce(&self) -> [u8; NONCE_LEN] {
        nonce(0xffff_fffe, self.salt)
    }

    /// Nonce of the SHA-256.
    pub fn trailer_nonce(&self) -> [u8; NONCE_LEN] {
        nonce(0xffff_ffff, self.salt)
    }

    /// Data associated with the SHA-256.
    pub fn trailer_data(&self, trailer: &Trailer) -> [u8; 76] {
        let octets = trailer.body();
        let mut data = [0; 76];
        data[..40].copy_from_slice(&self.bound());
        data[40..72].copy_from_slice(&octets[..32]);
        data[72..].copy_from_slice(&octets[80..84]);
        data
    }
}

/// Nonce of a frame, counted from 0.
pub fn frame_nonce(number: u32) -> [u8; NONCE_LEN] {
    nonce(0, u64::from(number).to_le_bytes())
}

/// Data associated with a frame or the list.
pub fn frame_data(object_id: ObjectId, header: &FrameHeader) -> [u8; 28] {
    let mut data = [0; 28];
    data[..16].copy_from_slice(object_id.octets());
    data[16..].copy_from_slice(&header.encode()[..FRAME_HEADER_LEN - 4]);
    data
}

fn nonce(domain: u32, number: [u8; 8]) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[..4].copy_from_slice(&domain.to_le_bytes());
    nonce[4..].copy_from_slice(&number);
    nonce
}

/// End of a sealed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Number of frames.
    pub frames: u32,
    /// Octets of the mail or of the object.
    pub octets: u64,
    /// Octets in the frames.
    pub raw: u64,
    /// Octets of the record, this trailer included.
    pub record_len: u64,
    /// The sealed SHA-256.
    pub sha256: [u8; 48],
    /// Octets of the list with its header.
    pub list_len: u32,
}

impl Trailer {
    fn body(&self) -> [u8; TRAILER_LEN] {
        let mut octets = [0; TRAILER_LEN];
        octets[0] = BLOCK_SEALED_TRAILER;
        octets[4..8].copy_from_slice(&self.frames.to_le_bytes());
        octets[8..16].copy_from_slice(&self.octets.to_le_bytes());
        octets[16..24].copy_from_slice(&self.raw.to_le_bytes());
        octets[24..32].copy_from_slice(&self.record_len.to_le_bytes());
        octets[32..80].copy_from_slice(&self.sha256);
        octets[80..84].copy_from_slice(&self.list_len.to_le_bytes());
        octets
    }

    /// Its octets.
    pub fn encode(&self, chain: &Chain) -> [u8; TRAILER_LEN] {
        let mut octets = self.body();
        let crc = chain.closed(&octets[..84]);
        octets[84..].copy_from_slice(&crc.to_le_bytes());
        octets
    }

    /// Reads a trailer that belongs behind the parts in `chain`.
    ///
    /// # Errors
    /// `Short`, `Magic`, `Checksum`.
    pub fn decode(octets: &[u8], chain: &Chain) -> Result<Self, Defect> {
        let (trailer, crc) = Self::decode_unchecked(octets)?;
        let body = octets.get(..84).ok_or(Defect::Short)?;
        if chain.closed(body) == crc { Ok(trailer) } else { Err(Defect::Checksum) }
    }

    /// Reads a trailer without the record before it; gives the CRC it claims. For range reads only.
    ///
    /// # Errors
    /// `Short`, `Magic`.
    pub fn decode_unchecked(octets: &[u8]) -> Result<(Self, u32), Defect> {
        let mut from = Octets::new(octets.get(..TRAILER_LEN).ok_or(Defect::Short)?);
        if from.array::<4>()? != [BLOCK_SEALED_TRAILER, 0, 0, 0] {
            return Err(Defect::Magic);
        }
        let trailer = Self {
            frames: from.u32()?,
            octets: from.u64()?,
            raw: from.u64()?,
            record_len: from.u64()?,
            sha256: from.array()?,
            list_len: from.u32()?,
        };
        Ok((trailer, from.u32()?))
    }
}

#[cfg(test)]
mod tests;
