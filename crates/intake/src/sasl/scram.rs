//! SCRAM-SHA-256 without channel binding: neither side gives the password away, and both show that they know it.
//!
//! Source: RFC 5802 §3, §5, §7; RFC 7677.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use keys::{Secret, equal_in_constant_time, hmac_sha256};

use super::{base64, decoded_octets};

/// Rounds RFC 7677 §4 asks for at least, and what one login may cost here.
const ROUNDS: std::ops::RangeInclusive<u32> = 4096..=600_000;

/// What the client says of channel binding: it has none.
const HEADER: &str = "n,,";

/// One login.
#[derive(Debug)]
pub(super) struct Scram {
    first_bare: String,
    nonce: String,
    /// What the server must show.
    expected: Option<Secret<Vec<u8>>>,
    /// The proof was sent.
    pub(super) has_answered: bool,
    /// The server has shown that it knows the password.
    pub(super) is_proved: bool,
}

/// A login name as SCRAM and OAUTHBEARER write it.
pub(super) fn name(login: &str) -> String {
    login.replace('=', "=3D").replace(',', "=2C")
}

impl Scram {
    pub(super) fn new(login: &str, nonce: &str) -> Self {
        let first_bare = format!("n={},r={nonce}", name(login));
        Self { first_bare, nonce: nonce.to_owned(), expected: None, has_answered: false, is_proved: false }
    }

    pub(super) fn first(&self) -> String {
        format!("{HEADER}{}", self.first_bare)
    }

    /// `None` to give up.
    pub(super) fn answer(&mut self, challenge: &str, password: &str) -> Option<String> {
        if self.is_proved {
            return None;
        }
        let Some(expected) = self.expected.take() else {
            if self.has_answered {
                return None;
            }
            return self.proof(challenge, password);
        };
        let shown = decoded_octets(challenge.strip_prefix("v=")?.split(',').next()?);
        self.is_proved = equal_in_constant_time(&shown, expected.expose());
        self.is_proved.then(String::new)
    }

    fn proof(&mut self, challenge: &str, password: &str) -> Option<String> {
        let mut fields = challenge.split(',');
        let nonce = fields.next()?.strip_prefix("r=")?;
        let salt = decoded_octets(fields.next()?.strip_prefix("s=")?);
        let rounds: u32 = fields.next()?.strip_prefix("i=")?.parse().ok()?;
        let is_sound = nonce.len() > self.nonce.len()
            && nonce.starts_with(&self.nonce)
            && !salt.is_empty()
            && ROUNDS.contains(&rounds);
        if !is_sound {
            return None;
        }
        let mut derived = [0_u8; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            NonZeroU32::new(rounds)?,
            &salt,
            password.as_bytes(),
            &mut derived,
        );
        let salted = Secret::new(derived);
        let last_bare = format!("c={},r={nonce}", base64(HEADER.as_bytes()));
        let spoken = format!("{},{challenge},{last_bare}", self.first_bare);
        let client_key = Secret::new(hmac_sha256(salted.expose(), b"Client Key"));
        let stored = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, client_key.expose());
        let signature = hmac_sha256(stored.as_ref(), spoken.as_bytes());
        let proof: Vec<u8> =
            client_key.expose().iter().zip(signature).map(|(key, other)| key ^ other).collect();
        let server_key = Secret::new(hmac_sha256(salted.expose(), b"Server Key"));
        self.expected = Some(Secret::new(hmac_sha256(server_key.expose(), spoken.as_bytes()).to_vec()));
        self.has_answered = true;
        Some(format!("{last_bare},p={}", base64(&proof)))
    }
}
