//! State of accounts, from rows.

use std::collections::HashMap;

use api::{AccountError, AccountState, AccountStateWord, Progress};

use model::AccountId;
use store::AccountCounters;

use crate::State;
use crate::problem::Failure;

/// Numbers of all accounts, looked up once for a list.
pub(crate) struct Counts(HashMap<AccountId, AccountCounters>);

impl Counts {
    /// Blocks.
    pub(crate) fn read(state: &State) -> Result<Self, Failure> {
        Ok(Self(state.store().counters()?.accounts.into_iter().collect()))
    }

    /// Of one account.
    pub(crate) fn of(&self, account: AccountId) -> AccountCounters {
        self.0.get(&account).copied().unwrap_or_default()
    }
}

/// What an account is doing, as pages show it.
pub(crate) fn shown(state: &State, account: &store::Account, counts: &Counts) -> AccountState {
    let kept = account.state.as_ref();
    let progress = state.background().progress(account.id).map(|(done, total)| Progress { done, total });
    AccountState {
        state: word(account, progress.is_some()),
        since: kept.map(|kept| kept.since.into()),
        last_success: kept.and_then(|kept| kept.last_success).map(Into::into),
        last_error: kept.and_then(|kept| kept.last_error.as_ref()).map(error),
        next_action: kept
            .and_then(|kept| kept.next_action)
            .filter(|_| account.settings.active)
            .map(Into::into),
        progress,
        quarantined: counts.of(account.id).quarantined,
        excluded: counts.of(account.id).excluded,
        failed: counts.of(account.id).failed,
    }
}

/// What went wrong, as pages show it.
pub(crate) fn error(error: &store::AccountError) -> AccountError {
    AccountError { class: error.class.clone(), text: error.text.clone(), since: error.since.into() }
}

/// The words of the pipeline are `idle`, `fetching`, `retrying`, `stopped`, `needs_consent`, `needs_settings`; whether an account is fetched at all is a
/// setting and counts before what its task said last.
pub(crate) fn word(account: &store::Account, fetching: bool) -> AccountStateWord {
    if account.settings.kind == store::AccountKind::Import {
        return AccountStateWord::Still;
    }
    if !account.settings.active {
        return AccountStateWord::Inactive;
    }
    if fetching {
        return AccountStateWord::Fetching;
    }
    match account.state.as_ref().map(|kept| kept.state.as_str()) {
        Some("fetching" | "connecting") => AccountStateWord::Fetching,
        Some("retrying") => AccountStateWord::Retrying,
        Some("needs_consent") => AccountStateWord::NeedsConsent,
        Some("needs_settings") => AccountStateWord::NeedsSettings,
        Some("stopped" | "failed") => AccountStateWord::Stopped,
        _ => AccountStateWord::Waiting,
    }
}
