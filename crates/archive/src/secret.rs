//! A key of one record, or of an epoch of the keyring.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use keys::Secret;
use proof::Defect;
use proof::sealed::{KEY_LEN, NONCE_LEN, TAG_LEN};

pub(crate) struct RecordKey {
    octets: Secret<[u8; KEY_LEN]>,
    key: LessSafeKey,
}

impl RecordKey {
    pub(crate) fn new(octets: [u8; KEY_LEN]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &octets).expect("the key has 32 octets");
        Self { octets: Secret::new(octets), key: LessSafeKey::new(key) }
    }

    pub(crate) const fn octets(&self) -> &[u8; KEY_LEN] {
        self.octets.expose()
    }

    /// Encrypts all but the last 16 octets, which get the tag. No nonce is used twice.
    pub(crate) fn seal_with_room(&self, nonce: [u8; NONCE_LEN], data: &[u8], octets: &mut [u8]) {
        let (plain, room) = octets.split_at_mut(octets.len() - TAG_LEN);
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(data), plain)
            .expect("what is sealed is shorter than AES-GCM's limit");
        room.copy_from_slice(tag.as_ref());
    }

    /// Ciphertext and tag of `plain`.
    pub(crate) fn seal(&self, nonce: [u8; NONCE_LEN], data: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut octets = Vec::with_capacity(plain.len() + TAG_LEN);
        octets.extend_from_slice(plain);
        octets.resize(plain.len() + TAG_LEN, 0);
        self.seal_with_room(nonce, data, &mut octets);
        octets
    }

    /// Decrypts into `plain`, which is 16 octets shorter than `sealed`.
    ///
    /// # Errors
    /// `Sealed`, `Short`.
    pub(crate) fn open(
        &self,
        nonce: [u8; NONCE_LEN],
        data: &[u8],
        sealed: &[u8],
        plain: &mut [u8],
    ) -> Result<(), Defect> {
        let at = sealed.len().checked_sub(TAG_LEN).ok_or(Defect::Short)?;
        let (text, tag) = sealed.split_at(at);
        self.key
            .open_separate_gather(Nonce::assume_unique_for_key(nonce), Aad::from(data), text, tag, plain)
            .map_err(|_| Defect::Sealed)
    }

    /// The same into a vector of its own.
    ///
    /// # Errors
    /// `Sealed`, `Short`.
    pub(crate) fn opened(
        &self,
        nonce: [u8; NONCE_LEN],
        data: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, Defect> {
        let mut plain = vec![0; sealed.len().checked_sub(TAG_LEN).ok_or(Defect::Short)?];
        self.open(nonce, data, sealed, &mut plain)?;
        Ok(plain)
    }
}
