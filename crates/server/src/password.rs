//! Passwords of people: argon2id, few at a time.

use std::num::NonZeroUsize;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use axum::http::StatusCode;
use keys::Secret;
use tokio::sync::Semaphore;

use crate::problem::Failure;

/// Shortest password taken, in characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 10;
/// Longest password taken, in octets: hashing is linear in it.
const PASSWORD_OCTETS_MAX: usize = 1000;
/// Waiting for their turn at most.
const WAITING_MAX: usize = 64;

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Fewer than [`PASSWORD_CHARACTERS_MIN`] characters.
    #[error("password is too short")]
    TooShort,
    /// More than is hashed.
    #[error("password is too long")]
    TooLong,
    /// No randomness, or no memory.
    #[error("password cannot be hashed: {0}")]
    Hash(String),
}

/// Hash of a password as a PHC string: argon2id, 19 MiB, two passes, random salt. Takes some 30 ms of a processor.
///
/// # Errors
/// [`PasswordError::TooShort`] and [`PasswordError::TooLong`] by the rules for people's passwords; `Hash` otherwise.
///
/// Source: RFC 9106, OWASP's parameters.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < PASSWORD_CHARACTERS_MIN {
        return Err(PasswordError::TooShort);
    }
    if password.len() > PASSWORD_OCTETS_MAX {
        return Err(PasswordError::TooLong);
    }
    let random = keys::random_token().map_err(|error| PasswordError::Hash(error.to_string()))?;
    let salt = keys::token_digest(random.expose());
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt[..16])
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordError::Hash(error.to_string()))
}

/// A hash nobody has the password of, so that a login that does not exist takes as long as one that does.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    keys::random_token().ok().and_then(|random| hash_password(random.expose()).ok()).unwrap_or_default()
});

fn is_right(password: &str, hash: Option<&str>) -> bool {
    let known = hash.is_some();
    let Ok(hash) = PasswordHash::new(hash.unwrap_or(&NOBODY)) else { return false };
    let right = password.len() <= PASSWORD_OCTETS_MAX
        && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
    right && known
}

/// Hashes and compares on threads of its own, few at a time: each needs 19 MiB and a processor.
#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Semaphore,
    waiting: AtomicUsize,
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { turns: Semaphore::new(processors.min(4)), waiting: AtomicUsize::new(0) }
    }
}

impl Passwords {
    /// Whether `password` belongs to `hash`; without a hash it takes as long and is wrong.
    pub(crate) async fn is_right(
        &self,
        password: Secret<String>,
        hash: Option<String>,
    ) -> Result<bool, Failure> {
        self.in_turn(move || is_right(password.expose(), hash.as_deref())).await
    }

    /// [`hash_password`], with the field `password` named where it is wrong.
    pub(crate) async fn hash(&self, password: Secret<String>) -> Result<String, Failure> {
        self.in_turn(move || hash_password(password.expose())).await?.map_err(|error| match error {
            PasswordError::TooShort => {
                Failure::field("password", "password-too-short").with("characters", PASSWORD_CHARACTERS_MIN)
            }
            PasswordError::TooLong => {
                Failure::field("password", "password-too-long").with("octets", PASSWORD_OCTETS_MAX)
            }
            PasswordError::Hash(_) => Failure::internal(error),
        })
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let _waiting = Waiting::new(&self.waiting)?;
        let _turn = self.turns.acquire().await.map_err(Failure::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Failure::internal)
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Result<Self, Failure> {
        let guard = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "busy")
                .retry_after(std::time::Duration::from_secs(5)));
        }
        Ok(guard)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_and_no_other() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is_right("correct horse", Some(&hash)));
        assert!(!is_right("correct horsf", Some(&hash)));
        assert!(!is_right("correct horse", None));
        assert!(!is_right("correct horse", Some("nonsense")));
        assert_ne!(hash, hash_password("correct horse").unwrap());
    }

    #[test]
    fn short_and_endless_ones_are_refused() {
        assert!(matches!(hash_password("äääääääää"), Err(PasswordError::TooShort)));
        assert!(hash_password("ääääääääää").is_ok());
        assert!(matches!(hash_password(&"x".repeat(1001)), Err(PasswordError::TooLong)));
    }
}
