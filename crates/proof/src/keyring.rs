//! The keyring: the keys of sealed records, in fixed slots.
//!
//! The folder `keyring` holds two copies of each epoch, `<epoch>.a` and `<epoch>.b` (the epoch as 16 hexadecimal digits),
//! with the same octets. An epoch has a random 256-bit key of its own, sealed to the master key; keys of records are wrapped
//! with it. To erase, all slots but the erased ones are wrapped anew for the next epoch under the same numbers, and the
//! files of the old one are overwritten. The highest epoch of which a copy is there counts: a file gets its name when it is
//! complete.
//!
//! ## Header, 256 octets
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 8 | `89 50 53 4b 52 0d 0a 1a` (`PSKR`) |
//! | 8 | 2 | version, 1 |
//! | 10 | 2 | flags a reader must know, 0 |
//! | 12 | 4 | octets of a slot, 80 |
//! | 16 | 8 | epoch, from 1 |
//! | 24 | 8 | created, milliseconds since 1970 UTC |
//! | 32 | 65 | the epoch key, sealed to the master key; zeros for none |
//! | 97 | 65 | the same, sealed to the next master key while that is being changed; zeros for none |
//! | 162 | 90 | reserved, 0 |
//! | 252 | 4 | CRC of octets 0 to 251 |
//!
//! ## Slot, 80 octets, at 256 + 80 · number
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 16 | object id of the record |
//! | 16 | 12 | nonce, random |
//! | 28 | 48 | key of the record, wrapped with the epoch key: AES-256-GCM, 32 and the tag |
//! | 76 | 4 | CRC of octets 0 to 75 |
//!
//! Associated with a wrapped key are the object id and the number of the slot (8). A slot of zeros was never written. One
//! whose first 76 octets are zeros and whose CRC is right was erased.

use model::{ObjectId, UnixMillis};

use crate::octets::Octets;
use crate::{Crc, Defect};

/// Octets of a header.
pub const HEADER_LEN: usize = 256;
/// Octets of a slot.
pub const SLOT_LEN: usize = 80;
/// Octets of a sealed epoch key.
pub const WRAP_LEN: usize = 65;
const MAGIC: [u8; 8] = [0x89, b'P', b'S', b'K', b'R', b'\r', b'\n', 0x1a];
const VERSION: u16 = 1;

/// Beginning of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// From 1.
    pub epoch: u64,
    /// When it began.
    pub created: UnixMillis,
    /// The sealed epoch key: to the master key, and to the next one.
    pub wraps: [Option<[u8; WRAP_LEN]>; 2],
}

impl Header {
    /// Its octets.
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut octets = [0; HEADER_LEN];
        octets[..8].copy_from_slice(&MAGIC);
        octets[8..10].copy_from_slice(&VERSION.to_le_bytes());
        octets[12..16].copy_from_slice(&(SLOT_LEN as u32).to_le_bytes());
        octets[16..24].copy_from_slice(&self.epoch.to_le_bytes());
        octets[24..32].copy_from_slice(&self.created.0.to_le_bytes());
        for (wrap, place) in self.wraps.iter().zip(octets[32..].chunks_mut(WRAP_LEN)) {
            if let Some(wrap) = wrap {
                place.copy_from_slice(wrap);
            }
        }
        let crc = Crc::of(&octets[..252]);
        octets[252..].copy_from_slice(&crc.to_le_bytes());
        octets
    }

    /// Reads the header at the front of `octets`.
    ///
    /// # Errors
    /// `Short`, `Magic`, `Checksum`; `Unsupported` for another version, flag or length of slots.
    pub fn decode(octets: &[u8]) -> Result<Self, Defect> {
        let octets = octets.get(..HEADER_LEN).ok_or(Defect::Short)?;
        let mut from = Octets::new(octets);
        if from.array::<8>()? != MAGIC {
            return Err(Defect::Magic);
        }
        if octets[252..] != Crc::of(&octets[..252]).to_le_bytes() {
            return Err(Defect::Checksum);
        }
        if (from.u16()?, from.u16()?, from.u32()?) != (VERSION, 0, SLOT_LEN as u32) {
            return Err(Defect::Unsupported);
        }
        let (epoch, created) = (from.u64()?, UnixMillis(from.u64()? as i64));
        let mut wraps = [None; 2];
        for wrap in &mut wraps {
            *wrap = Some(from.array()?).filter(|wrap| *wrap != [0; WRAP_LEN]);
        }
        Ok(Self { epoch, created, wraps })
    }
}

/// What lies in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Never written.
    Empty,
    /// Its key was destroyed.
    Erased,
    /// The key of a record.
    Kept {
        /// The record.
        object_id: ObjectId,
        /// Nonce of the wrapping.
        nonce: [u8; 12],
        /// The wrapped key and its tag.
        wrapped: [u8; 48],
    },
}

impl Slot {
    /// Where a slot lies in its file.
    pub const fn at(number: u64) -> u64 {
        HEADER_LEN as u64 + number.saturating_mul(SLOT_LEN as u64)
    }

    /// Its octets.
    pub fn encode(&self) -> [u8; SLOT_LEN] {
        let mut octets = [0; SLOT_LEN];
        match self {
            Self::Empty => return octets,
            Self::Erased => {}
            Self::Kept { object_id, nonce, wrapped } => {
                octets[..16].copy_from_slice(object_id.octets());
                octets[16..28].copy_from_slice(nonce);
                octets[28..76].copy_from_slice(wrapped);
            }
        }
        let crc = Crc::of(&octets[..76]);
        octets[76..].copy_from_slice(&crc.to_le_bytes());
        octets
    }

    /// Reads the slot at the front of `octets`.
    ///
    /// # Errors
    /// `Short`, `Checksum`.
    pub fn decode(octets: &[u8]) -> Result<Self, Defect> {
        let octets = octets.get(..SLOT_LEN).ok_or(Defect::Short)?;
        if *octets == [0; SLOT_LEN] {
            return Ok(Self::Empty);
        }
        if octets[76..] != Crc::of(&octets[..76]).to_le_bytes() {
            return Err(Defect::Checksum);
        }
        if octets[..76] == [0; 76] {
            return Ok(Self::Erased);
        }
        let mut from = Octets::new(octets);
        let object_id = ObjectId::from_octets(from.array()?);
        Ok(Self::Kept { object_id, nonce: from.array()?, wrapped: from.array()? })
    }
}

/// Data associated with a wrapped key.
pub fn slot_data(object_id: ObjectId, number: u64) -> [u8; 24] {
    let mut data = [0; 24];
    data[..16].copy_from_slice(object_id.octets());
    data[16..].copy_from_slice(&number.to_le_bytes());
    data
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slots_that_are_empty_and_erased_are_told_apart() {
        assert_eq!(Slot::decode(&[0; SLOT_LEN]), Ok(Slot::Empty));
        assert_eq!(Slot::decode(&Slot::Erased.encode()), Ok(Slot::Erased));
        assert_ne!(Slot::Erased.encode(), Slot::Empty.encode());
        assert_eq!(Slot::decode(&[0; 79]), Err(Defect::Short));
        assert_eq!(Slot::at(3), 256 + 240);
    }

    proptest! {
        #[test]
        fn slots_come_back(id in any::<[u8; 16]>(), nonce in any::<[u8; 12]>(), octet: u8, at in 0_usize..SLOT_LEN) {
            let slot = Slot::Kept { object_id: ObjectId::from_octets(id), nonce, wrapped: [octet | 1; 48] };
            let mut octets = slot.encode();
            prop_assert_eq!(Slot::decode(&octets), Ok(slot));
            octets[at] ^= 1;
            prop_assert_eq!(Slot::decode(&octets), Err(Defect::Checksum));
        }

        #[test]
        fn headers_come_back(epoch: u64, created: i64, one: Option<u8>, two: Option<u8>, at in 8_usize..HEADER_LEN) {
            let wrap = |octet: Option<u8>| octet.map(|octet| [octet | 1; WRAP_LEN]);
            let header = Header { epoch, created: UnixMillis(created), wraps: [wrap(one), wrap(two)] };
            let mut octets = header.encode();
            prop_assert_eq!(Header::decode(&octets), Ok(header));
            octets[at] ^= 1;
            prop_assert_eq!(Header::decode(&octets), Err(Defect::Checksum));
        }
    }
}
