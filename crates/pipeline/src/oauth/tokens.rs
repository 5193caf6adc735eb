//! What the intake asks for a token before each connection.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use connect::oauth::Needs;
use intake::{NoToken, TokenSource};
use keys::Secret;
use model::OauthGrantId;

use super::access;
use crate::core::Core;

/// Tokens of one account.
pub struct Tokens {
    core: Arc<Core>,
    grant: Option<OauthGrantId>,
    handed: Mutex<Handed>,
}

/// The token that was handed out last.
#[derive(Clone, Copy, Default)]
struct Handed {
    epoch: Option<i64>,
    is_new: bool,
    was_refused: bool,
}

impl Tokens {
    pub(super) fn new(core: Arc<Core>, grant: Option<OauthGrantId>) -> Self {
        Self { core, grant, handed: Mutex::default() }
    }

    fn handed(&self) -> std::sync::MutexGuard<'_, Handed> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("grant", &self.grant).finish_non_exhaustive()
    }
}

impl TokenSource for Tokens {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<Secret<String>, NoToken>> + Send + '_>> {
        Box::pin(async move {
            let Some(grant) = self.grant else {
                return Err(NoToken { needs: Needs::Consent, words: String::new() });
            };
            let before = *self.handed();
            let avoid = before.epoch.filter(|_| before.was_refused);
            let got = access(&self.core, grant, avoid).await;
            let got = got.map_err(|why| NoToken { needs: why.needs, words: why.words })?;
            *self.handed() = Handed { epoch: Some(got.epoch), is_new: got.is_new, was_refused: false };
            Ok(got.token)
        })
    }

    fn refused(&self) -> bool {
        let mut handed = self.handed();
        handed.was_refused = handed.epoch.is_some();
        handed.was_refused && !handed.is_new
    }
}
