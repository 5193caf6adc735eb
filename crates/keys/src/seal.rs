//! Encryption of single values at rest.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};
use model::AccountId;

use crate::{MasterKey, Purpose, SealError, Secret};

/// First octet of every sealed value: the format.
const VERSION: u8 = 1;
/// Octets that name the key, so that a wrong key file is not taken for damage.
const KEY_NAME_OCTETS: usize = 4;
const TAG_OCTETS: usize = 16;
const HEAD_OCTETS: usize = 1 + KEY_NAME_OCTETS;

/// Seals and opens values for one purpose, with AES-256-GCM.
///
/// Sealed value, version 1: version (1 octet), name of the key (4), nonce (12, random), ciphertext, tag (16). Version,
/// name and the caller's associated data are authenticated. Random nonces are good for 2³² values per purpose.
///
/// Source: NIST SP 800-38D §8.2.2, §8.3.
#[derive(Debug)]
pub struct Sealer {
    key: LessSafeKey,
    key_name: [u8; KEY_NAME_OCTETS],
}

impl Sealer {
    /// With the key of `purpose`.
    pub fn new(master: &MasterKey, purpose: Purpose) -> Self {
        let derived = master.derive(purpose);
        let key = UnboundKey::new(&AES_256_GCM, derived.expose()).expect("the key has 32 octets");
        let name = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, derived.expose()), b"name of this key");
        let mut key_name = [0; KEY_NAME_OCTETS];
        key_name.copy_from_slice(&name.as_ref()[..KEY_NAME_OCTETS]);
        Self { key: LessSafeKey::new(key), key_name }
    }

    /// Name of the key: eight hexadecimal digits that say nothing about it.
    pub fn key_name(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.key_name))
    }

    /// Encrypts `plain` for the place named by `place` (see [`account_field`]): 33 octets longer.
    ///
    /// # Errors
    /// [`SealError::Random`].
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| SealError::Random)?;
        let mut sealed = Vec::with_capacity(HEAD_OCTETS + NONCE_LEN + plain.len() + TAG_OCTETS);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.key_name);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let aad = associated(&sealed[..HEAD_OCTETS], place);
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(&aad),
                &mut sealed[HEAD_OCTETS + NONCE_LEN..],
            )
            .expect("a value in memory is shorter than AES-GCM's limit");
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Decrypts what [`Sealer::seal`] made for the same place.
    ///
    /// # Errors
    /// [`SealError::CutOff`], [`SealError::Version`], [`SealError::OtherKey`] or [`SealError::Changed`].
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        match sealed.first() {
            None => return Err(SealError::CutOff),
            Some(&VERSION) => {}
            Some(&other) => return Err(SealError::Version(other)),
        }
        if sealed.len() < HEAD_OCTETS + NONCE_LEN + TAG_OCTETS {
            return Err(SealError::CutOff);
        }
        let (head, rest) = sealed.split_at(HEAD_OCTETS);
        if head[1..] != self.key_name {
            return Err(SealError::OtherKey);
        }
        let (nonce, cipher) = rest.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::CutOff)?;
        let mut plain = cipher.to_vec();
        let octets = self
            .key
            .open_in_place(nonce, Aad::from(associated(head, place)), &mut plain)
            .map_err(|_| SealError::Changed)?
            .len();
        plain.truncate(octets);
        Ok(Secret::new(plain))
    }

    /// [`Sealer::open`] for text.
    ///
    /// # Errors
    /// As there; [`SealError::Changed`] too if what was sealed is no UTF-8.
    pub fn open_text(&self, place: &str, sealed: &[u8]) -> Result<Secret<String>, SealError> {
        let plain = self.open(place, sealed)?.into_inner();
        String::from_utf8(plain).map(Secret::new).map_err(|_| SealError::Changed)
    }
}

/// Name of the place of an account's secret field: `account:<id>:<field>`.
pub fn account_field(account: AccountId, field: &str) -> String {
    format!("account:{account}:{field}")
}

fn associated(head: &[u8], place: &str) -> Vec<u8> {
    [head, place.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn sealer(octet: u8) -> Sealer {
        Sealer::new(&MasterKey::from_octets([octet; 32]), Purpose::ACCOUNT_FIELDS)
    }

    #[test]
    fn opens_only_unchanged_and_in_its_place() {
        let place = account_field(AccountId::new(Uuid::from_u128(1)), "password");
        assert_eq!(place, "account:00000000-0000-0000-0000-000000000001:password");
        for plain in ["", "p", "Pässwort 🔑"] {
            let sealed = sealer(1).seal(&place, plain.as_bytes()).unwrap();
            assert_eq!(sealed.len(), plain.len() + 33);
            assert_ne!(sealed, sealer(1).seal(&place, plain.as_bytes()).unwrap());
            assert_eq!(sealer(1).open_text(&place, &sealed).unwrap().expose(), plain);
            assert_eq!(sealer(1).open("account:2:password", &sealed).unwrap_err(), SealError::Changed);
            assert_eq!(sealer(2).open(&place, &sealed).unwrap_err(), SealError::OtherKey);
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert!(sealer(1).open(&place, &changed).is_err());
                assert!(sealer(1).open(&place, &sealed[..at]).is_err());
            }
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        assert_eq!(sealer(1).open("p", &[2]).unwrap_err(), SealError::Version(2));
        assert_eq!(sealer(1).open("p", &[]).unwrap_err(), SealError::CutOff);
    }

    /// A value sealed by version 1 must open for ever.
    #[test]
    fn a_value_of_the_first_version_opens() {
        let sealed = include_bytes!("../tests/sealed-1.bin");
        assert_eq!(sealer(9).open_text("account:fixed:password", sealed).unwrap().expose(), "Geheim");
    }
}
