//! Secrets and their encryption at rest.
//!
//! In: the master key file of an installation, its recovery key, and octets to keep secret or to sign. Out: sealed octets that only the
//! same master key opens again, signed tokens that expire, random tokens for sessions. It does not know where sealed
//! octets are stored, reads no clock, and has no passwords of people (those are hashed in `server`).
//!
//! From the master key, one key per [`Purpose`] is derived with HKDF-SHA256 (RFC 5869), so that no key serves two ends.

mod error;
mod master;
mod recovery;
mod seal;
mod secret;
mod token;

pub use error::{KeyFileError, SealError, TokenError};
pub use master::{KEY_FILE_NAME, MasterKey, Purpose};
pub use recovery::{GROUP_CHARS, GROUPS, Recovery, RecoveryError, RecoveryKey};
pub use seal::{Sealer, account_field};
pub use secret::Secret;
pub use token::{
    Signer, equal_in_constant_time, hmac_sha256, random_code, random_octets, random_token, token_digest,
};
