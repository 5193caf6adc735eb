//! The paper recovery key, and the master key sealed to it.
//!
//! The recovery key is an X25519 private key that is written down and kept nowhere else. Its public half lies in the file
//! `keyring/recovery`, so that a new master key can be sealed to it without the paper.
//!
//! # On paper
//!
//! Eight groups of eight characters, Crockford's base32 (no I, L, O, U; case does not matter, O is read as 0, I and L as 1).
//! A group is four octets of the key and a check octet: CRC-8 (polynomial 07, initial value: number of the group from 1) of
//! them. One wrong character and two swapped neighbours within a character's reach are always found, groups in the wrong
//! order too; which group is wrong can be said.
//!
//! # File
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 8 | `89 50 53 52 4b 0d 0a 1a` (`PSRK`) |
//! | 8 | 2 | version, 1 |
//! | 10 | 2 | number n of entries, 1 or 2: the second while the master key is being changed |
//! | 12 | 8 | made, milliseconds since 1970 UTC |
//! | 20 | 32 | public key |
//! | 52 | 84·n | entries: name of the master key (4), ephemeral public key (32), sealed master key (48) |
//! | end − 32 | 32 | SHA-256 of all before: against accidents |
//!
//! An entry: a fresh X25519 key agrees with the public key; HKDF-SHA256 of that (salt: ephemeral and public key, info:
//! `poststelle/1/recovery`) gives the key for AES-256-GCM with a nonce of zeros; the name is associated.
//!
//! Source: RFC 7748, RFC 5869, NIST SP 800-38D; the construction is that of RFC 9180 in base mode with other labels.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::{digest, hkdf, rand};

use crate::{MasterKey, Secret};

/// Groups of a recovery key on paper.
pub const GROUPS: usize = 8;
/// Characters of a group.
pub const GROUP_CHARS: usize = 8;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MAGIC: [u8; 8] = [0x89, b'P', b'S', b'R', b'K', b'\r', b'\n', 0x1a];
const HEAD_LEN: usize = 52;
const ENTRY_LEN: usize = 84;

/// Why a recovery key or its file is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// Not eight groups of eight characters.
    #[error("a recovery key has eight groups of eight characters")]
    Length,
    /// This group, from 1, is not as it was printed.
    #[error("group {0} is wrong")]
    Group(usize),
    /// Every group is right, but the key is another one.
    #[error("this is the recovery key of another archive, or an older one")]
    OtherKey,
    /// The file is damaged or of a later version.
    #[error("the file of the recovery key is damaged")]
    File,
    /// The system gives no random octets.
    #[error("no random octets")]
    Random,
}

/// The key on paper.
#[derive(Clone, Debug)]
pub struct RecoveryKey(Secret<[u8; 32]>);

impl RecoveryKey {
    /// A new one.
    ///
    /// # Errors
    /// `Random`.
    pub fn generate() -> Result<Self, RecoveryError> {
        let mut octets = [0; 32];
        rand::fill(&mut octets).map_err(|_| RecoveryError::Random)?;
        Ok(Self(Secret::new(octets)))
    }

    /// What is printed: its groups in order.
    pub fn groups(&self) -> Vec<Secret<String>> {
        let groups = self.0.expose().chunks(4).enumerate();
        groups.map(|(number, octets)| Secret::new(group(number, octets))).collect()
    }

    /// Reads what somebody typed; blanks and hyphens do not count.
    ///
    /// # Errors
    /// `Length`; `Group` names the first wrong one.
    pub fn parse(text: &str) -> Result<Self, RecoveryError> {
        let chars: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if chars.len() != GROUPS * GROUP_CHARS {
            return Err(RecoveryError::Length);
        }
        let mut octets = [0; 32];
        for (number, (group, place)) in chars.chunks(GROUP_CHARS).zip(octets.chunks_mut(4)).enumerate() {
            let read = read_group(number, group).ok_or(RecoveryError::Group(number + 1))?;
            place.copy_from_slice(&read);
        }
        Ok(Self(Secret::new(octets)))
    }

    fn private(&self) -> PrivateKey {
        PrivateKey::from_private_key(&X25519, self.0.expose()).expect("any 32 octets are an X25519 key")
    }
}

fn check(number: usize, octets: &[u8]) -> u8 {
    octets.iter().fold(number as u8 + 1, |crc, octet| {
        (0..8).fold(crc ^ octet, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 0x07 })
    })
}

fn group(number: usize, octets: &[u8]) -> String {
    let bits = octets.iter().chain([&check(number, octets)]).fold(0_u64, |bits, o| bits << 8 | u64::from(*o));
    (0..GROUP_CHARS).rev().map(|at| char::from(ALPHABET[(bits >> (5 * at)) as usize & 31])).collect()
}

fn read_group(number: usize, chars: &[char]) -> Option<[u8; 4]> {
    let mut bits = 0_u64;
    for char in chars {
        let char = match char.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let value = ALPHABET.iter().position(|known| char::from(*known) == char)?;
        bits = bits << 5 | value as u64;
    }
    let [_, _, _, octets @ .., found] = bits.to_be_bytes();
    (check(number, &octets) == found).then_some(octets)
}

/// The file: public key, and the master keys sealed to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    made: i64,
    public: [u8; 32],
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: [u8; 4],
    ephemeral: [u8; 32],
    sealed: [u8; 48],
}

impl Recovery {
    /// Seals a master key to a recovery key. `made`: milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// `Random`.
    pub fn new(key: &RecoveryKey, master: &MasterKey, made: i64) -> Result<Self, RecoveryError> {
        let public = public(&key.private());
        Self { made, public, entries: Vec::new() }.with(&[master])
    }

    /// The same recovery key with these master keys, at most two, and no others.
    ///
    /// # Errors
    /// `Random`.
    pub fn with(&self, masters: &[&MasterKey]) -> Result<Self, RecoveryError> {
        let entries = masters.iter().map(|master| self.entry(master)).collect::<Result<_, _>>()?;
        Ok(Self { made: self.made, public: self.public, entries })
    }

    fn entry(&self, master: &MasterKey) -> Result<Entry, RecoveryError> {
        let fresh = PrivateKey::generate(&X25519).map_err(|_| RecoveryError::Random)?;
        let (name, ephemeral) = (master.name(), public(&fresh));
        let key = shared(&fresh, &self.public, &ephemeral, &self.public).ok_or(RecoveryError::File)?;
        let mut sealed = [0; 48];
        sealed[..32].copy_from_slice(master.octets());
        let (plain, place) = sealed.split_at_mut(32);
        let tag = key
            .seal_in_place_separate_tag(nonce(), Aad::from(name), plain)
            .expect("a key is shorter than AES-GCM's limit");
        place.copy_from_slice(tag.as_ref());
        Ok(Entry { name, ephemeral, sealed })
    }

    /// When the recovery key was made, milliseconds since 1970 UTC.
    pub const fn made(&self) -> i64 {
        self.made
    }

    /// Whether exactly this master key is sealed.
    pub fn holds_only(&self, master: &MasterKey) -> bool {
        self.entries.len() == 1 && self.entries[0].name == master.name()
    }

    /// The master keys, opened with the paper.
    ///
    /// # Errors
    /// `OtherKey`; `File` if an entry was changed.
    pub fn open(&self, key: &RecoveryKey) -> Result<Vec<MasterKey>, RecoveryError> {
        let private = key.private();
        if public(&private) != self.public {
            return Err(RecoveryError::OtherKey);
        }
        self.entries
            .iter()
            .map(|entry| {
                let key = shared(&private, &entry.ephemeral, &entry.ephemeral, &self.public)
                    .ok_or(RecoveryError::File)?;
                let mut sealed = entry.sealed;
                let plain = key
                    .open_in_place(nonce(), Aad::from(entry.name), &mut sealed)
                    .map_err(|_| RecoveryError::File)?;
                let mut octets = [0; 32];
                octets.copy_from_slice(plain);
                Ok(MasterKey::from_octets(octets))
            })
            .collect()
    }

    /// Its octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = MAGIC.to_vec();
        octets.extend_from_slice(&1_u16.to_le_bytes());
        octets.extend_from_slice(&(self.entries.len() as u16).to_le_bytes());
        octets.extend_from_slice(&self.made.to_le_bytes());
        octets.extend_from_slice(&self.public);
        for entry in &self.entries {
            octets.extend_from_slice(&entry.name);
            octets.extend_from_slice(&entry.ephemeral);
            octets.extend_from_slice(&entry.sealed);
        }
        let sum = digest::digest(&digest::SHA256, &octets);
        octets.extend_from_slice(sum.as_ref());
        octets
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `File`.
    pub fn decode(octets: &[u8]) -> Result<Self, RecoveryError> {
        let (body, sum) = octets.split_last_chunk::<32>().ok_or(RecoveryError::File)?;
        let entries = body.len().checked_sub(HEAD_LEN).ok_or(RecoveryError::File)? / ENTRY_LEN;
        let whole = digest::digest(&digest::SHA256, body).as_ref() == sum
            && body[..10] == [&MAGIC[..], &[1, 0]].concat()
            && (1..=2).contains(&entries)
            && body[10..12] == (entries as u16).to_le_bytes()
            && body.len() == HEAD_LEN + entries * ENTRY_LEN;
        if !whole {
            return Err(RecoveryError::File);
        }
        let entries = body[HEAD_LEN..].chunks(ENTRY_LEN).map(|entry| Entry {
            name: array(&entry[..4]),
            ephemeral: array(&entry[4..36]),
            sealed: array(&entry[36..]),
        });
        Ok(Self {
            made: i64::from_le_bytes(array(&body[12..20])),
            public: array(&body[20..52]),
            entries: entries.collect(),
        })
    }
}

fn array<const N: usize>(octets: &[u8]) -> [u8; N] {
    octets.try_into().expect("the slice has this length")
}

fn public(key: &PrivateKey) -> [u8; 32] {
    let public = key.compute_public_key().expect("an X25519 key has a public half");
    array(public.as_ref())
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// `None` if the other half is none (a point of small order).
fn shared(
    own: &PrivateKey,
    other: &[u8; 32],
    ephemeral: &[u8; 32],
    public: &[u8; 32],
) -> Option<LessSafeKey> {
    agree(own, UnparsedPublicKey::new(&X25519, other), (), |secret| {
        let mut key = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, &[*ephemeral, *public].concat())
            .extract(secret)
            .expand(&[b"poststelle/1/recovery"], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .map_err(|_| ())?;
        UnboundKey::new(&AES_256_GCM, &key).map(LessSafeKey::new).map_err(|_| ())
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &RecoveryKey) -> String {
        key.groups().iter().map(|group| group.expose().clone()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comes_back_from_paper_however_it_is_typed() {
        for _ in 0..50 {
            let key = RecoveryKey::generate().unwrap();
            let paper = text(&key);
            assert_eq!(paper.len(), 8 * 8 + 7);
            let sloppy = paper.to_lowercase().replace(' ', "-\n").replace('0', "o").replace('1', "l");
            for typed in [&paper, &sloppy] {
                assert_eq!(RecoveryKey::parse(typed).unwrap().0.expose(), key.0.expose());
            }
        }
    }

    #[test]
    fn the_wrong_group_is_named() {
        let paper = text(&RecoveryKey::from_fixed());
        for at in 0..paper.len() {
            let here = paper.as_bytes()[at];
            if here == b' ' {
                continue;
            }
            for other in ALPHABET.iter().filter(|other| **other != here) {
                let mut typed = paper.clone().into_bytes();
                typed[at] = *other;
                let error = RecoveryKey::parse(std::str::from_utf8(&typed).unwrap()).unwrap_err();
                assert_eq!(error, RecoveryError::Group(at / 9 + 1));
            }
        }
        let swapped = format!("{} {} {}", &paper[9..17], &paper[..8], &paper[18..]);
        assert_eq!(RecoveryKey::parse(&swapped).unwrap_err(), RecoveryError::Group(1));
        for typed in ["", "ABC", &paper[1..], &format!("{paper}0")] {
            assert_eq!(RecoveryKey::parse(typed).unwrap_err(), RecoveryError::Length);
        }
        let strange = format!("{}U{}", &paper[..18], &paper[19..]);
        assert_eq!(RecoveryKey::parse(&strange).unwrap_err(), RecoveryError::Group(3));
    }

    impl RecoveryKey {
        fn from_fixed() -> Self {
            Self(Secret::new(std::array::from_fn(|at| at as u8)))
        }
    }

    /// What is on paper must be readable for ever.
    #[test]
    fn a_key_printed_by_the_first_version_is_read() {
        let key = RecoveryKey::from_fixed();
        let printed = "000G40TY 0G2GC1YZ 104GM2R3 1G6GW3YT 208H44Z4 2GAHC5V5 30CHM6XS 3GEHW7YG";
        assert_eq!(text(&key), printed);
        assert_eq!(RecoveryKey::parse(printed).unwrap().0.expose(), key.0.expose());
    }

    #[test]
    fn opens_with_the_paper_alone_after_a_change_of_the_master_key_too() {
        let (paper, other) = (RecoveryKey::generate().unwrap(), RecoveryKey::generate().unwrap());
        let (old, new) = (MasterKey::from_octets([1; 32]), MasterKey::from_octets([2; 32]));
        let first = Recovery::new(&paper, &old, 5).unwrap();
        assert!(first.holds_only(&old) && !first.holds_only(&new));
        let both = Recovery::decode(&first.encode()).unwrap().with(&[&old, &new]).unwrap();
        let opened: Vec<_> = both.open(&paper).unwrap().iter().map(|key| *key.octets()).collect();
        assert_eq!(opened, [[1; 32], [2; 32]]);
        assert_eq!(both.open(&other).unwrap_err(), RecoveryError::OtherKey);
        let octets = both.encode();
        assert_eq!(Recovery::decode(&octets), Ok(both));
        for at in 0..octets.len() {
            let mut changed = octets.clone();
            changed[at] ^= 1;
            assert_eq!(Recovery::decode(&changed), Err(RecoveryError::File));
            assert_eq!(Recovery::decode(&octets[..at]), Err(RecoveryError::File));
        }
    }
}
