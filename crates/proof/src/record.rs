//! One record: header, frames, trailer.

use model::{ObjectId, SegmentId, Sha256};

use crate::octets::Octets;
use crate::{Crc, Defect};

/// Raw octets of a frame at most; every frame but the last of a record has exactly as many.
pub const FRAME_RAW_MAX: usize = 1 << 20;
/// Stored octets of a frame at most: compression or a tag may make it longer.
pub const FRAME_STORED_MAX: usize = FRAME_RAW_MAX + (1 << 16);
/// Octets of a frame's header.
pub const FRAME_HEADER_LEN: usize = 16;
/// Octets of a trailer.
pub const TRAILER_LEN: usize = 64;
/// Octets of a record header without fields.
pub const RECORD_HEADER_MIN: usize = 48;
/// Octets of a record header with all its fields at most.
pub const RECORD_HEADER_MAX: usize = 1 << 20;
/// Octets that tell a record header's length.
pub const RECORD_PREFIX_LEN: usize = 16;
/// Octets of the shortest record: no field, no frame.
pub const RECORD_MIN: usize = RECORD_HEADER_MIN + TRAILER_LEN;

pub(crate) const MAGIC: [u8; 4] = [0x93, b'P', b'S', b'R'];
const VERSION: u8 = 1;
const KIND_OCTETS: u8 = 1;
pub(crate) const FIELD_PROVENANCE: u16 = 1;
const FIXED_LEN: usize = 44;
const BLOCK_FRAME: u8 = 1;
const BLOCK_TRAILER: u8 = 2;
const BLOCK_LIST: u8 = 3;
pub(crate) const BLOCK_SEALED_TRAILER: u8 = 4;

/// What record headers and the footer of one segment begin with, behind their magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark([u8; 8]);

impl Mark {
    /// The mark of a segment: octets 8 to 15 of its id.
    pub fn of(segment: SegmentId) -> Self {
        let mut mark = [0; 8];
        mark.copy_from_slice(&segment.octets()[8..]);
        Self(mark)
    }

    pub(crate) fn behind(self, magic: [u8; 4]) -> [u8; 12] {
        let mut octets = [0; 12];
        octets[..4].copy_from_slice(&magic);
        octets[4..].copy_from_slice(&self.0);
        octets
    }
}

/// Offset in `haystack` of the next place that may be a record header; only its first 12 octets are compared.
pub fn next_record(haystack: &[u8], mark: Mark) -> Option<usize> {
    memchr::memmem::find(haystack, &mark.behind(MAGIC))
}

/// How the frames of a record are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Stored as they are.
    None,
    /// Each frame is one zstd frame.
    Zstd {
        /// Version of the shipped dictionary, 0 for none.
        dictionary: u16,
    },
}

/// Beginning of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader<'a> {
    /// Random name of the record.
    pub object_id: ObjectId,
    /// Of its frames.
    pub compression: Compression,
    /// What [`crate::provenance::encode`] made, or empty.
    pub provenance: &'a [u8],
}

impl<'a> RecordHeader<'a> {
    /// Appends the header to `out` and gives its CRC, with which the trailer's begins.
    ///
    /// # Errors
    /// `Value` if the provenance makes the header longer than [`RECORD_HEADER_MAX`]; `out` is as before.
    pub fn encode(&self, mark: Mark, out: &mut Vec<u8>) -> Result<u32, Defect> {
        let field = if self.provenance.is_empty() { 0 } else { 6 + self.provenance.len() };
        let len = RECORD_HEADER_MIN + field;
        if len > RECORD_HEADER_MAX {
            return Err(Defect::Value);
        }
        let (compression, dictionary) = match self.compression {
            Compression::None => (0, 0),
            Compression::Zstd { dictionary } => (1, dictionary),
        };
        let start = out.len();
        out.extend_from_slice(&mark.behind(MAGIC));
        out.extend_from_slice(&(len as u32).to_le_bytes());
        out.extend_from_slice(&[VERSION, KIND_OCTETS, compression, 0]);
        out.extend_from_slice(&dictionary.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(self.object_id.octets());
        out.extend_from_slice(&[0; 4]);
        if field > 0 {
            out.extend_from_slice(&FIELD_PROVENANCE.to_le_bytes());
            out.extend_from_slice(&(self.provenance.len() as u32).to_le_bytes());
            out.extend_from_slice(self.provenance);
        }
        let crc = Crc::of(&out[start..]);
        out.extend_from_slice(&crc.to_le_bytes());
        Ok(crc)
    }

    /// Length of the header whose first [`RECORD_PREFIX_LEN`] octets (or more) these are.
    ///
    /// # Errors
    /// `Short`, `Magic` if this is no record of this segment, `Value` if the length is impossible.
    pub fn len_of(prefix: &[u8], mark: Mark) -> Result<usize, Defect> {
        let mut from = Octets::new(prefix);
        if from.array::<12>()? != mark.behind(MAGIC) {
            return Err(Defect::Magic);
        }
        let len = usize::try_from(from.u32()?).map_err(|_| Defect::Value)?;
        if (RECORD_HEADER_MIN..=RECORD_HEADER_MAX).contains(&len) { Ok(len) } else { Err(Defect::Value) }
    }

    /// CRC of a whole header (exactly `octets`) that [`Self::decode`] found `Unsupported`.
    ///
    /// # Errors
    /// `Short`, `Checksum`.
    pub fn crc_of(octets: &[u8]) -> Result<u32, Defect> {
        checked(octets).map(|(_, crc)| crc)
    }

    /// Reads the header at the front of `octets`; gives it, its length and its CRC.
    ///
    /// # Errors
    /// Those of [`Self::len_of`], `Checksum`, `Value` in a field, `Unsupported` for what only later versions write.
    pub fn decode(octets: &'a [u8], mark: Mark) -> Result<(Self, usize, u32), Defect> {
        let len = Self::len_of(octets, mark)?;
        let (body, crc) = checked(octets.get(..len).ok_or(Defect::Short)?)?;
        let mut from = Octets::new(&body[RECORD_PREFIX_LEN..]);
        let [version, kind, compression, encryption] = from.array()?;
        let (dictionary, flags) = (from.u16()?, from.u16()?);
        if (version, kind, encryption, flags) != (VERSION, KIND_OCTETS, 0, 0) {
            return Err(Defect::Unsupported);
        }
        let compression = match compression {
            0 => Compression::None,
            1 => Compression::Zstd { dictionary },
            _ => return Err(Defect::Unsupported),
        };
        let object_id = ObjectId::from_octets(from.array()?);
        from.take(FIXED_LEN - 40)?;
        let mut provenance: &[u8] = &[];
        while !from.is_empty() {
            let kind = from.u16()?;
            let len = usize::try_from(from.u32()?).map_err(|_| Defect::Value)?;
            let value = from.take(len).map_err(|_| Defect::Value)?;
            if kind == FIELD_PROVENANCE {
                provenance = value;
            }
        }
        Ok((Self { object_id, compression, provenance }, len, crc))
    }
}

/// Splits off the CRC at the end and compares it.
pub(crate) fn checked(octets: &[u8]) -> Result<(&[u8], u32), Defect> {
    let (body, crc) = octets.split_last_chunk::<4>().ok_or(Defect::Short)?;
    let crc = u32::from_le_bytes(*crc);
    if Crc::of(body) == crc { Ok((body, crc)) } else { Err(Defect::Checksum) }
}

/// What follows in a record: another frame, or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// [`FRAME_HEADER_LEN`] octets of header, then what is stored.
    Frame(FrameHeader),
    /// The list of pieces of a sealed record: like a frame, before its trailer.
    List(FrameHeader),
    /// [`TRAILER_LEN`] octets.
    Trailer,
    /// [`crate::sealed::TRAILER_LEN`] octets.
    SealedTrailer,
}

impl Block {
    /// Reads the first [`FRAME_HEADER_LEN`] octets of a block. Nothing is certain before the checksum is compared.
    ///
    /// # Errors
    /// `Short`, `Value` for impossible lengths, `Magic` if this is neither frame nor trailer.
    pub fn decode(octets: &[u8]) -> Result<Self, Defect> {
        let mut from = Octets::new(octets);
        let fixed = from.array::<4>()?;
        let (raw_len, stored_len, crc) = (from.u32()?, from.u32()?, from.u32()?);
        match fixed {
            [BLOCK_TRAILER, 0, 0, 0] => Ok(Self::Trailer),
            [BLOCK_SEALED_TRAILER, 0, 0, 0] => Ok(Self::SealedTrailer),
            [kind @ (BLOCK_FRAME | BLOCK_LIST), method @ (0 | 1), 0, 0] => {
                let possible = (1..=FRAME_RAW_MAX).contains(&(raw_len as usize))
                    && (1..=FRAME_STORED_MAX).contains(&(stored_len as usize));
                let list = kind == BLOCK_LIST;
                let header = FrameHeader { list, compressed: method == 1, raw_len, stored_len, crc };
                match possible {
                    true if list => Ok(Self::List(header)),
                    true => Ok(Self::Frame(header)),
                    false => Err(Defect::Value),
                }
            }
            _ => Err(Defect::Magic),
        }
    }
}

/// Beginning of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether it is the list of pieces of a sealed record and no frame.
    pub list: bool,
    /// Whether the record's compression applies to this frame.
    pub compressed: bool,
    /// Octets of the mail.
    pub raw_len: u32,
    /// Octets behind this header.
    pub stored_len: u32,
    /// Checksum of header and stored octets.
    pub crc: u32,
}

impl FrameHeader {
    /// Header of the frame that holds `stored`, made of `raw_len` octets of the mail.
    ///
    /// # Errors
    /// `Value` if one of the lengths is 0 or too large.
    pub fn of(stored: &[u8], raw_len: usize, compressed: bool) -> Result<Self, Defect> {
        if !(1..=FRAME_RAW_MAX).contains(&raw_len) || !(1..=FRAME_STORED_MAX).contains(&stored.len()) {
            return Err(Defect::Value);
        }
        let mut header = Self::before(raw_len, stored.len(), compressed, false);
        header.crc = header.checksum(stored);
        Ok(header)
    }

    /// Header of what is still to be sealed: its first twelve octets are what [`crate::sealed::frame_data`] needs. Lengths
    /// are the caller's to keep within the bounds.
    pub const fn before(raw_len: usize, stored_len: usize, compressed: bool, list: bool) -> Self {
        Self { list, compressed, raw_len: raw_len as u32, stored_len: stored_len as u32, crc: 0 }
    }

    /// This header with the checksum of what is stored.
    #[must_use]
    pub fn with_checksum(self, stored: &[u8]) -> Self {
        Self { crc: self.checksum(stored), ..self }
    }

    /// Its octets.
    pub fn encode(&self) -> [u8; FRAME_HEADER_LEN] {
        let mut octets = [0; FRAME_HEADER_LEN];
        octets[0] = if self.list { BLOCK_LIST } else { BLOCK_FRAME };
        octets[1] = u8::from(self.compressed);
        octets[4..8].copy_from_slice(&self.raw_len.to_le_bytes());
        octets[8..12].copy_from_slice(&self.stored_len.to_le_bytes());
        octets[12..].copy_from_slice(&self.crc.to_le_bytes());
        octets
    }

    /// Compares the checksum with what was read.
    ///
    /// # Errors
    /// `Checksum`, `Short` if `stored` is not as long as it should be.
    pub fn verify(&self, stored: &[u8]) -> Result<(), Defect> {
        if stored.len() != self.stored_len as usize {
            return Err(Defect::Short);
        }
        if self.checksum(stored) == self.crc { Ok(()) } else { Err(Defect::Checksum) }
    }

    fn checksum(&self, stored: &[u8]) -> u32 {
        Crc::new().with(&self.encode()[..12]).with(stored).value()
    }
}

/// The checksums of a record's parts in order, for its trailer.
#[derive(Clone, Debug)]
pub struct Chain(Crc);

impl Chain {
    /// Begins with the CRC of the record header.
    pub fn new(header_crc: u32) -> Self {
        Self(Crc::new().with(&header_crc.to_le_bytes()))
    }

    /// Adds a frame.
    pub fn frame(&mut self, frame: &FrameHeader) {
        self.0.update(&frame.crc.to_le_bytes());
    }

    pub(crate) fn closed(&self, octets: &[u8]) -> u32 {
        self.0.clone().with(octets).value()
    }
}

/// End of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Number of frames.
    pub frames: u32,
    /// Octets of the mail.
    pub octets: u64,
    /// Octets of the record, this trailer included.
    pub record_len: u64,
    /// Of the mail's octets.
    pub sha256: Sha256,
}

impl Trailer {
    /// Its octets.
    pub fn encode(&self, chain: &Chain) -> [u8; TRAILER_LEN] {
        let mut octets = [0; TRAILER_LEN];
        octets[0] = BLOCK_TRAILER;
        octets[4..8].copy_from_slice(&self.frames.to_le_bytes());
        octets[8..16].copy_from_slice(&self.octets.to_le_bytes());
        octets[16..24].copy_from_slice(&self.record_len.to_le_bytes());
        octets[24..56].copy_from_slice(&self.sha256.0);
        let crc = chain.0.clone().with(&octets[..60]).value();
        octets[60..].copy_from_slice(&crc.to_le_bytes());
        octets
    }

    /// Reads a trailer that belongs behind the parts in `chain`.
    ///
    /// # Errors
    /// `Short`, `Magic`, `Checksum`.
    pub fn decode(octets: &[u8], chain: &Chain) -> Result<Self, Defect> {
        let (trailer, crc) = Self::decode_unchecked(octets)?;
        let body = octets.get(..60).ok_or(Defect::Short)?;
        if chain.0.clone().with(body).value() == crc { Ok(trailer) } else { Err(Defect::Checksum) }
    }

    /// Reads a trailer without the record before it; gives the CRC it claims. For range reads only.
    ///
    /// # Errors
    /// `Short`, `Magic`.
    pub fn decode_unchecked(octets: &[u8]) -> Result<(Self, u32), Defect> {
        let mut from = Octets::new(octets.get(..TRAILER_LEN).ok_or(Defect::Short)?);
        if from.array::<4>()? != [BLOCK_TRAILER, 0, 0, 0] {
            return Err(Defect::Magic);
        }
        let (frames, octets, record_len) = (from.u32()?, from.u64()?, from.u64()?);
        let sha256 = Sha256(from.array()?);
        from.take(4)?;
        Ok((Self { frames, octets, record_len, sha256 }, from.u32()?))
    }
}

#[cfg(test)]
mod tests;
