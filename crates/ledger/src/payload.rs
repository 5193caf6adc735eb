//! Salts and payloads in files of their own, so that the log outlives the database.
//!
//! Integers are little endian, `CRC` is CRC-32 (IEEE 802.3).
//!
//! ```text
//! file  = header, frame*
//! ```
//!
//! Header of version 2, 128 octets: `89 50 53 4c 0d 0a 1a 0a` (`PSL`), version 2 (2), flags a reader must know, 0 (2), length of
//! the header (4), index of the first leaf (8), reserved, 0 (4), the file's own key, sealed (65), reserved, 0 (31), CRC of octets
//! 0 to 123 (4). A file is written anew under another key to erase rows of it.
//!
//! Header of version 1, 32 octets: the same with version 1 up to octet 27, CRC of octets 0 to 27 (4). Its frames are sealed with the
//! key of the log.
//!
//! Frame, 24 octets and what is stored: `PLF1` (4), index of its first leaf (8), number of leaves (4), length of what is stored
//! (4), CRC of octets 0 to 19 and of what is stored (4). Stored are its rows, compressed with zstd and then sealed with
//! AES-256-GCM; both is done by whoever has the key. In files of version 2 there stand before: the number of erased rows (4) and
//! the place of each in the frame (4), ascending, so that whoever has no key sees which they are. Frames follow each other
//! without a gap.
//!
//! Row: time in milliseconds (8), kind (2), flags (1): 1 a subject follows, 2 erased; subject, the id of a mail (16); then the
//! commitment (32) of an erased one, otherwise salt (16), length of the payload (4), payload.

use crc32fast::Hasher;
use model::UnixMillis;

use crate::leaf::{Leaf, SALT_LEN, commitment};

/// Octets of the header of a file of version 1.
pub const HEADER_LEN_1: usize = 32;
/// Octets of a file's header.
pub const HEADER_LEN: usize = 128;
/// Octets of a file's sealed key.
pub const SEALED_KEY_LEN: usize = 65;
/// Octets before what a frame stores.
pub const FRAME_HEADER_LEN: usize = 24;
/// Octets of a frame's rows at most.
pub const ROWS_MAX: usize = 8 << 20;
/// Octets stored in a frame at most.
pub const STORED_MAX: usize = ROWS_MAX + (1 << 20);
const MAGIC: [u8; 8] = [0x89, b'P', b'S', b'L', b'\r', b'\n', 0x1a, b'\n'];
const FRAME_MAGIC: [u8; 4] = *b"PLF1";
const VERSION: u16 = 2;
const KEY_AT: usize = 28;
const HAS_SUBJECT: u8 = 1;
const ERASED: u8 = 2;

/// Salt and payload, or what is left of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// As it was written.
    Kept {
        /// Random.
        salt: [u8; SALT_LEN],
        /// JSON.
        payload: Vec<u8>,
    },
    /// Only the commitment.
    Erased([u8; 32]),
}

/// A leaf with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place.
    pub index: u64,
    /// When.
    pub at: UnixMillis,
    /// Number of its kind.
    pub kind: u16,
    /// The mail it is about.
    pub subject: Option<[u8; 16]>,
    /// Salt and payload.
    pub content: Content,
}

impl Row {
    /// Its leaf.
    pub fn leaf(&self) -> Leaf {
        let commitment = match &self.content {
            Content::Kept { salt, payload } => commitment(salt, payload),
            Content::Erased(commitment) => *commitment,
        };
        Leaf { index: self.index, at: self.at, kind: self.kind, commitment }
    }

    /// Appends it to the rows of a frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.at.0.to_le_bytes());
        out.extend_from_slice(&self.kind.to_le_bytes());
        let erased = matches!(self.content, Content::Erased(_));
        out.push(if self.subject.is_some() { HAS_SUBJECT } else { 0 } | if erased { ERASED } else { 0 });
        out.extend_from_slice(self.subject.as_ref().map_or(&[], |subject| subject.as_slice()));
        match &self.content {
            Content::Erased(commitment) => out.extend_from_slice(commitment),
            Content::Kept { salt, payload } => {
                out.extend_from_slice(salt);
                out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
                out.extend_from_slice(payload);
            }
        }
    }
}

fn chunk<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*chunk)
}

/// The rows of a frame; `None` if they are not exactly `count`.
pub fn rows(first: u64, count: u32, mut octets: &[u8]) -> Option<Vec<Row>> {
    let from = &mut octets;
    let mut rows = Vec::new();
    for n in 0..u64::from(count) {
        let at = UnixMillis(i64::from_le_bytes(chunk(from)?));
        let kind = u16::from_le_bytes(chunk(from)?);
        let [flags] = chunk(from)?;
        if flags & !(HAS_SUBJECT | ERASED) != 0 {
            return None;
        }
        let subject = if flags & HAS_SUBJECT == 0 { None } else { Some(chunk(from)?) };
        let content = if flags & ERASED == 0 {
            let salt = chunk(from)?;
            let len = u32::from_le_bytes(chunk(from)?) as usize;
            let (payload, rest) = from.split_at_checked(len)?;
            *from = rest;
            Content::Kept { salt, payload: payload.to_vec() }
        } else {
            Content::Erased(chunk(from)?)
        };
        rows.push(Row { index: first.checked_add(n)?, at, kind, subject, content });
    }
    from.is_empty().then_some(rows)
}

/// Beginning of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its first leaf.
    pub first: u64,
    /// Its own key, sealed; `None` in files of version 1.
    pub key: Option<[u8; SEALED_KEY_LEN]>,
}

impl Header {
    /// Octets it takes.
    pub const fn size(&self) -> usize {
        if self.key.is_some() { HEADER_LEN } else { HEADER_LEN_1 }
    }

    /// Its octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = vec![0; self.size()];
        let version = if self.key.is_some() { VERSION } else { 1 };
        octets[..8].copy_from_slice(&MAGIC);
        octets[8..10].copy_from_slice(&version.to_le_bytes());
        octets[12..16].copy_from_slice(&(self.size() as u32).to_le_bytes());
        octets[16..24].copy_from_slice(&self.first.to_le_bytes());
        if let Some(key) = &self.key {
            octets[KEY_AT..KEY_AT + SEALED_KEY_LEN].copy_from_slice(key);
        }
        let at = octets.len() - 4;
        let crc = crc(&[&octets[..at]]);
        octets[at..].copy_from_slice(&crc.to_le_bytes());
        octets
    }

    /// Reads the header at the front of `octets`, the first [`HEADER_LEN`] of a file or all of a shorter one; `None` if it is
    /// damaged or of a later version.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let version = u16::from_le_bytes(*octets.get(8..)?.first_chunk()?);
        let first = u64::from_le_bytes(*octets.get(16..)?.first_chunk()?);
        let key = match version {
            1 => None,
            VERSION => Some(*octets.get(KEY_AT..)?.first_chunk()?),
            _ => return None,
        };
        let header = Self { first, key };
        (octets.get(..header.size())? == header.encode()).then_some(header)
    }
}

/// What a frame of version 2 stores: places of erased rows, and the sealed rows.
pub fn stored(erased: &[u32], sealed: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(4 + 4 * erased.len() + sealed.len());
    octets.extend_from_slice(&(erased.len() as u32).to_le_bytes());
    octets.extend(erased.iter().flat_map(|place| place.to_le_bytes()));
    octets.extend_from_slice(sealed);
    octets
}

/// Takes apart what [`stored`] made; `None` if the places are not ascending or too many.
pub fn erased_places(mut octets: &[u8]) -> Option<(Vec<u32>, &[u8])> {
    let count = u32::from_le_bytes(chunk(&mut octets)?) as usize;
    let (places, sealed) = octets.split_at_checked(count.checked_mul(4)?)?;
    let places: Vec<u32> =
        places.chunks_exact(4).filter_map(|place| Some(u32::from_le_bytes(place.try_into().ok()?))).collect();
    places.is_sorted_by(|one, next| one < next).then_some((places, sealed))
}

/// Beginning of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its first leaf.
    pub first: u64,
    /// Leaves.
    pub count: u32,
    /// Octets behind this header.
    pub stored_len: u32,
    crc: u32,
}

impl Frame {
    /// Of what is stored.
    pub fn of(first: u64, count: u32, stored: &[u8]) -> Self {
        let mut frame = Self { first, count, stored_len: stored.len() as u32, crc: 0 };
        frame.crc = crc(&[&frame.encode()[..20], stored]);
        frame
    }

    /// Its octets.
    pub fn encode(&self) -> [u8; FRAME_HEADER_LEN] {
        let mut octets = [0; FRAME_HEADER_LEN];
        octets[..4].copy_from_slice(&FRAME_MAGIC);
        octets[4..12].copy_from_slice(&self.first.to_le_bytes());
        octets[12..16].copy_from_slice(&self.count.to_le_bytes());
        octets[16..20].copy_from_slice(&self.stored_len.to_le_bytes());
        octets[20..].copy_from_slice(&self.crc.to_le_bytes());
        octets
    }

    /// Reads the header at the front of `octets`; `None` if there is none.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let mut octets = octets;
        let from = &mut octets;
        if chunk::<4>(from)? != FRAME_MAGIC {
            return None;
        }
        let frame = Self {
            first: u64::from_le_bytes(chunk(from)?),
            count: u32::from_le_bytes(chunk(from)?),
            stored_len: u32::from_le_bytes(chunk(from)?),
            crc: u32::from_le_bytes(chunk(from)?),
        };
        (frame.stored_len as usize <= STORED_MAX).then_some(frame)
    }

    /// Whether this is what was stored.
    pub fn fits(&self, stored: &[u8]) -> bool {
        stored.len() == self.stored_len as usize && crc(&[&self.encode()[..20], stored]) == self.crc
    }
}

fn crc(parts: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}
