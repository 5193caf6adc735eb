//! Signed tokens that expire, and random ones.

use aws_lc_rs::{constant_time, digest, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::UnixMillis;

use crate::{MasterKey, Purpose, SealError, Secret, TokenError};

const VERSION: u8 = 1;
const MAC_OCTETS: usize = 32;
/// Version and time of expiry.
const HEAD_OCTETS: usize = 1 + 8;

/// Signs payloads for one purpose with HMAC-SHA256, so that nobody else can make such a token.
///
/// The token is base64url (RFC 4648 §5, no padding) of: version (1 octet), expiry (8 octets, milliseconds, big-endian),
/// payload, MAC (32). The payload is readable by whoever has the token.
#[derive(Debug)]
pub struct Signer(hmac::Key);

impl Signer {
    /// With the key of `purpose`.
    pub fn new(master: &MasterKey, purpose: Purpose) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, master.derive(purpose).expose()))
    }

    /// A token that is good before `expires`. The same payload and expiry give the same token: round the expiry where
    /// caches should profit.
    pub fn sign(&self, payload: &[u8], expires: UnixMillis) -> String {
        let mut token = Vec::with_capacity(HEAD_OCTETS + payload.len() + MAC_OCTETS);
        token.push(VERSION);
        token.extend_from_slice(&expires.0.to_be_bytes());
        token.extend_from_slice(payload);
        let mac = hmac::sign(&self.0, &token);
        token.extend_from_slice(mac.as_ref());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The payload of a token of ours that has not expired at `now`.
    ///
    /// # Errors
    /// [`TokenError::Malformed`], [`TokenError::Signature`] or [`TokenError::Expired`], in this order.
    pub fn verify(&self, token: &str, now: UnixMillis) -> Result<Vec<u8>, TokenError> {
        let mut token = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenError::Malformed)?;
        if token.len() < HEAD_OCTETS + MAC_OCTETS || token[0] != VERSION {
            return Err(TokenError::Malformed);
        }
        let mac = token.split_off(token.len() - MAC_OCTETS);
        hmac::verify(&self.0, &token, &mac).map_err(|_| TokenError::Signature)?;
        let payload = token.split_off(HEAD_OCTETS);
        let expires = token[1..].try_into().map_err(|_| TokenError::Malformed)?;
        if i64::from_be_bytes(expires) <= now.0 {
            return Err(TokenError::Expired);
        }
        Ok(payload)
    }
}

/// A token that nobody can guess: 32 random octets as base64url, 43 characters. For sessions; keep only
/// [`token_digest`] of it.
///
/// # Errors
/// [`SealError::Random`].
pub fn random_token() -> Result<Secret<String>, SealError> {
    let mut octets = [0; 32];
    rand::fill(&mut octets).map_err(|_| SealError::Random)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(octets)))
}

/// A code that people read off a console: two groups of four from 32 letters and digits that are not mistaken for
/// each other, as `K7WM-3RTX`; 40 random bits, so guessing must be throttled.
///
/// # Errors
/// [`SealError::Random`].
pub fn random_code() -> Result<Secret<String>, SealError> {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut octets = [0; 8];
    rand::fill(&mut octets).map_err(|_| SealError::Random)?;
    let mut code = String::with_capacity(9);
    for (at, octet) in octets.into_iter().enumerate() {
        if at == 4 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(octet & 31)]));
    }
    Ok(Secret::new(code))
}

/// What is stored of a token: its SHA-256, so that a copy of the database opens no session.
pub fn token_digest(token: &str) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    octets
}

/// Compares without telling by the time taken where two values of equal length differ.
pub fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signer(octet: u8) -> Signer {
        Signer::new(&MasterKey::from_octets([octet; 32]), Purpose::IMAGE_URLS)
    }

    #[test]
    fn token_is_good_until_it_expires_and_only_for_us() {
        let token = signer(1).sign(b"mail 7, image 2", UnixMillis(1000));
        assert_eq!(signer(1).verify(&token, UnixMillis(999)), Ok(b"mail 7, image 2".to_vec()));
        assert_eq!(signer(1).verify(&token, UnixMillis(1000)), Err(TokenError::Expired));
        assert_eq!(signer(2).verify(&token, UnixMillis(1000)), Err(TokenError::Signature));
        assert_eq!(signer(1).verify("", UnixMillis(0)), Err(TokenError::Malformed));
        assert_eq!(signer(1).verify(&format!("{token}="), UnixMillis(0)), Err(TokenError::Malformed));
    }

    #[test]
    fn random_ones_are_long_and_differ() {
        let (a, b) = (random_token().unwrap(), random_token().unwrap());
        assert_eq!(a.expose().len(), 43);
        assert_ne!(a.expose(), b.expose());
        assert!(equal_in_constant_time(&token_digest(a.expose()), &token_digest(a.expose())));
        assert!(!equal_in_constant_time(&token_digest(a.expose()), &token_digest(b.expose())));
        assert_eq!(random_code().unwrap().expose().len(), 9);
    }

    proptest! {
        #[test]
        fn any_payload_comes_back_and_any_text_is_refused(payload: Vec<u8>, text: String, at: usize) {
            let token = signer(1).sign(&payload, UnixMillis(5));
            prop_assert_eq!(signer(1).verify(&token, UnixMillis(4)), Ok(payload));
            prop_assert!(signer(1).verify(&text, UnixMillis(4)).is_err());
            let mut changed = token.into_bytes();
            let at = at % changed.len();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            prop_assert!(signer(1).verify(&String::from_utf8(changed).unwrap(), UnixMillis(4)).is_err());
        }
    }
}
