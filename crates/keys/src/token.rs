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

const SHORT_MAC_OCTETS: usize = 16;
/// RFC 4648 §6 in lower case: local parts of addresses are folded on their way.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl Signer {
    /// A short token without expiry for a number, for places that are short and fold case, such as a local part
    /// (RFC 5321 §4.5.3.1.1: 64 octets): 34 letters and digits. Base32 of the number (5 octets, big-endian) and of a MAC
    /// of 128 bits (RFC 2104 §5).
    ///
    /// `number`: below 2⁴⁰; of larger ones the lower 40 bits are signed.
    pub fn sign_number(&self, number: u64) -> String {
        let mut token = number.to_be_bytes()[3..].to_vec();
        let mac = hmac::sign(&self.0, &token);
        token.extend_from_slice(&mac.as_ref()[..SHORT_MAC_OCTETS]);
        let (mut out, mut held, mut bits) = (String::new(), 0_u32, 0);
        for octet in token {
            held = held << 8 | u32::from(octet);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                out.push(char::from(BASE32[(held >> bits & 31) as usize]));
            }
            held &= (1 << bits) - 1;
        }
        out.push(char::from(BASE32[(held << (5 - bits) & 31) as usize]));
        out
    }

    /// The number in a token of [`Signer::sign_number`], whatever its case.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] if it does not have the form, [`TokenError::Signature`] if others made it.
    pub fn verify_number(&self, token: &str) -> Result<u64, TokenError> {
        let lower = token.to_ascii_lowercase();
        let octets: [u8; 34] = lower.as_bytes().try_into().map_err(|_| TokenError::Malformed)?;
        let mut number = 0_u64;
        for octet in &octets[..8] {
            let digit = BASE32.iter().position(|letter| letter == octet).ok_or(TokenError::Malformed)?;
            number = number << 5 | digit as u64;
        }
        if octets[8..].iter().any(|octet| !BASE32.contains(octet)) {
            return Err(TokenError::Malformed);
        }
        if equal_in_constant_time(self.sign_number(number).as_bytes(), lower.as_bytes()) {
            Ok(number)
        } else {
            Err(TokenError::Signature)
        }
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

/// Random octets for keys that others keep too, such as the secret of a webhook.
///
/// # Errors
/// [`SealError::Random`].
pub fn random_octets<const N: usize>() -> Result<Secret<[u8; N]>, SealError> {
    let mut octets = [0; N];
    rand::fill(&mut octets).map_err(|_| SealError::Random)?;
    Ok(Secret::new(octets))
}

/// HMAC-SHA256 (RFC 2104) with a key that others have too.
pub fn hmac_sha256(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref());
    octets
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
    fn numbers_are_signed_in_letters_that_may_be_folded() {
        for number in [0, 1, 77, 1 << 39, (1 << 40) - 1] {
            let token = signer(1).sign_number(number);
            assert_eq!(token.len(), 34);
            assert_eq!(signer(1).verify_number(&token.to_uppercase()), Ok(number));
            assert_eq!(signer(2).verify_number(&token), Err(TokenError::Signature));
            for at in 0..token.len() {
                let mut changed = token.clone().into_bytes();
                changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
                assert!(signer(1).verify_number(std::str::from_utf8(&changed).unwrap()).is_err());
            }
        }
        for wrong in ["", "a", "1".repeat(34).as_str(), "ä".repeat(17).as_str()] {
            assert_eq!(signer(1).verify_number(wrong), Err(TokenError::Malformed));
        }
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
