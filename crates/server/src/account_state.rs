//! State of accounts, from rows.

use std::collections::HashMap;

use api::{AccountError, AccountState, AccountStateWord, Progress};

use model::{AccountId, Activity};
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
    let counts = counts.of(account.id);
    let activity = activity(state, account, counts);
    AccountState {
        state: word(activity),
        until: match activity {
            Activity::Throttled { until } => Some(until.into()),
            _ => None,
        },
        since: kept.map(|kept| kept.since.into()),
        last_success: kept.and_then(|kept| kept.last_success).map(Into::into),
        last_error: kept.and_then(|kept| kept.last_error.as_ref()).map(error),
        next_action: kept
            .and_then(|kept| kept.next_action)
            .filter(|_| account.settings.active)
            .map(Into::into),
        progress: match activity {
            Activity::Syncing { done, total } => Some(Progress { done, total }),
            _ => None,
        },
        quarantined: counts.quarantined,
        excluded: counts.excluded,
        failed: counts.failed,
    }
}

/// What went wrong, as pages show it.
pub(crate) fn error(error: &store::AccountError) -> AccountError {
    AccountError { class: error.class.clone(), text: error.text.clone(), since: error.since.into() }
}

/// What an account is doing, with what could not be read or fetched.
pub(crate) fn activity(state: &State, account: &store::Account, counts: AccountCounters) -> Activity {
    let quarantined = counts.quarantined + counts.failed;
    match state.engine().activity(account) {
        Activity::Watching if quarantined > 0 => Activity::Degraded { quarantined },
        other => other,
    }
}

/// The word of the API.
pub(crate) const fn word(activity: Activity) -> AccountStateWord {
    match activity {
        Activity::Disabled => AccountStateWord::Disabled,
        Activity::Files => AccountStateWord::Files,
        Activity::Connecting => AccountStateWord::Connecting,
        Activity::Authenticating => AccountStateWord::Authenticating,
        Activity::Syncing { .. } => AccountStateWord::Syncing,
        Activity::Watching => AccountStateWord::Watching,
        Activity::Throttled { .. } => AccountStateWord::Throttled,
        Activity::BackingOff => AccountStateWord::BackingOff,
        Activity::NeedsConsent => AccountStateWord::NeedsConsent,
        Activity::NeedsSettings => AccountStateWord::NeedsSettings,
        Activity::Degraded { .. } => AccountStateWord::Degraded,
    }
}
