//! A segment's header and the footer that seals it.

use model::{ObjectId, SegmentId, UnixMillis};

use crate::octets::Octets;
use crate::record::Mark;
use crate::{Crc, Defect};

/// Version of the format written here.
pub const FORMAT_VERSION: u16 = 1;
/// Octets of a segment's header.
pub const SEGMENT_HEADER_LEN: usize = 128;
/// Octets of a footer before its entries.
pub const FOOTER_HEAD_LEN: usize = 16;
/// Octets of an index entry.
pub const INDEX_ENTRY_LEN: usize = 32;
/// Octets of the tail of a footer, at the very end of a sealed segment.
pub const FOOTER_TAIL_LEN: usize = 120;

const HEADER_MAGIC: [u8; 8] = [0x89, b'P', b'S', b'E', b'G', b'\r', b'\n', 0x1a];
const FOOTER_MAGIC: [u8; 4] = [0x93, b'P', b'S', b'F'];
const TAIL_MAGIC: [u8; 8] = *b"PSEALED\n";

/// Beginning of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Its name.
    pub id: SegmentId,
    /// When it was begun.
    pub created: UnixMillis,
}

impl SegmentHeader {
    /// Its octets.
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_LEN] {
        let mut octets = [0; SEGMENT_HEADER_LEN];
        octets[..8].copy_from_slice(&HEADER_MAGIC);
        octets[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        octets[12..16].copy_from_slice(&(SEGMENT_HEADER_LEN as u32).to_le_bytes());
        octets[16..32].copy_from_slice(self.id.octets());
        octets[32..40].copy_from_slice(&self.created.0.to_le_bytes());
        let crc = Crc::of(&octets[..124]);
        octets[124..].copy_from_slice(&crc.to_le_bytes());
        octets
    }

    /// Reads the header at the front of `octets`.
    ///
    /// # Errors
    /// `Short`, `Magic`, `Checksum`; `Unsupported` for another format version or an unknown flag.
    pub fn decode(octets: &[u8]) -> Result<Self, Defect> {
        let octets = octets.get(..SEGMENT_HEADER_LEN).ok_or(Defect::Short)?;
        let mut from = Octets::new(octets);
        if from.array::<8>()? != HEADER_MAGIC {
            return Err(Defect::Magic);
        }
        let (version, _revision, len) = (from.u16()?, from.u16()?, from.u32()?);
        let id = SegmentId::from_octets(from.array()?);
        let created = UnixMillis(from.u64()? as i64);
        let flags = from.u32()?;
        from.take(80)?;
        if from.u32()? != Crc::of(&octets[..124]) {
            return Err(Defect::Checksum);
        }
        if version != FORMAT_VERSION || len as usize != SEGMENT_HEADER_LEN || flags != 0 {
            return Err(Defect::Unsupported);
        }
        Ok(Self { id, created })
    }
}

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its name.
    pub object_id: ObjectId,
    /// Offset of its header.
    pub at: u64,
    /// Its length, header and trailer included.
    pub len: u64,
}

impl IndexEntry {
    /// Its octets.
    pub fn encode(&self) -> [u8; INDEX_ENTRY_LEN] {
        let mut octets = [0; INDEX_ENTRY_LEN];
        octets[..16].copy_from_slice(self.object_id.octets());
        octets[16..24].copy_from_slice(&self.at.to_le_bytes());
        octets[24..].copy_from_slice(&self.len.to_le_bytes());
        octets
    }

    /// Reads the entry at the front of `octets`.
    ///
    /// # Errors
    /// `Short`.
    pub fn decode(octets: &[u8]) -> Result<Self, Defect> {
        let mut from = Octets::new(octets);
        Ok(Self { object_id: ObjectId::from_octets(from.array()?), at: from.u64()?, len: from.u64()? })
    }
}

/// The first octets of a footer.
pub fn footer_head(mark: Mark, entries: u32) -> [u8; FOOTER_HEAD_LEN] {
    let mut octets = [0; FOOTER_HEAD_LEN];
    octets[..12].copy_from_slice(&mark.behind(FOOTER_MAGIC));
    octets[12..].copy_from_slice(&entries.to_le_bytes());
    octets
}

/// Whether a footer of this segment begins here; gives its number of entries.
///
/// # Errors
/// `Short`, `Magic`.
pub fn footer_entries(octets: &[u8], mark: Mark) -> Result<u32, Defect> {
    let mut from = Octets::new(octets);
    if from.array::<12>()? != mark.behind(FOOTER_MAGIC) {
        return Err(Defect::Magic);
    }
    from.u32()
}

/// End of a footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FooterTail {
    /// Offset of the footer: end of the last record.
    pub footer_at: u64,
    /// Raw octets of all records.
    pub octets: u64,
    /// When the segment was sealed.
    pub sealed: UnixMillis,
    /// Number of entries.
    pub entries: u32,
    /// Checksum of the footer's head and entries.
    pub entries_crc: u32,
}

impl FooterTail {
    /// Its octets.
    pub fn encode(&self) -> [u8; FOOTER_TAIL_LEN] {
        let mut octets = [0; FOOTER_TAIL_LEN];
        octets[..8].copy_from_slice(&self.footer_at.to_le_bytes());
        octets[8..16].copy_from_slice(&self.octets.to_le_bytes());
        octets[16..24].copy_from_slice(&self.sealed.0.to_le_bytes());
        octets[24..28].copy_from_slice(&self.entries.to_le_bytes());
        octets[28..32].copy_from_slice(&self.entries_crc.to_le_bytes());
        let crc = Crc::of(&octets[..108]);
        octets[108..112].copy_from_slice(&crc.to_le_bytes());
        octets[112..].copy_from_slice(&TAIL_MAGIC);
        octets
    }

    /// Reads the last [`FOOTER_TAIL_LEN`] octets of a sealed segment of `file_len` octets.
    ///
    /// # Errors
    /// `Short`, `Magic` if the segment is not sealed, `Checksum`, `Value` if the lengths do not fit the file's.
    pub fn decode(octets: &[u8], file_len: u64) -> Result<Self, Defect> {
        let octets = octets.get(..FOOTER_TAIL_LEN).ok_or(Defect::Short)?;
        if octets[112..] != TAIL_MAGIC {
            return Err(Defect::Magic);
        }
        let mut from = Octets::new(octets);
        let tail = Self {
            footer_at: from.u64()?,
            octets: from.u64()?,
            sealed: UnixMillis(from.u64()? as i64),
            entries: from.u32()?,
            entries_crc: from.u32()?,
        };
        from.take(76)?;
        if from.u32()? != Crc::of(&octets[..108]) {
            return Err(Defect::Checksum);
        }
        let fits = tail.footer_at >= SEGMENT_HEADER_LEN as u64
            && tail.footer_at.checked_add(tail.footer_len()) == Some(file_len);
        if fits { Ok(tail) } else { Err(Defect::Value) }
    }

    /// Octets of the footer as a whole.
    pub fn footer_len(&self) -> u64 {
        (FOOTER_HEAD_LEN + FOOTER_TAIL_LEN) as u64 + u64::from(self.entries) * INDEX_ENTRY_LEN as u64
    }
}

#[cfg(test)]
mod tests;
