//! Several accounts changed at once.

use std::collections::{HashMap, HashSet};

use api::{AccountChanged, AccountsChange, AccountsChanged, DeleteAfter};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use model::AccountId;
use store::{SharedSettings, Unfit};
use uuid::Uuid;

use crate::events::{self, Subject};
use crate::extract::Json;
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, account_settings as settings, accounts, keeping};

/// Accounts in one request.
const ACCOUNTS_MAX: usize = 1000;

/// `PATCH /accounts`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<AccountsChange>,
) -> Result<axum::Json<AccountsChanged>, Failure> {
    let shared = shared(&asked)?;
    state.read(move |state| apply(state, &caller, asked, &shared)).await.map(axum::Json)
}

/// What is asked for all of them; what can never work is refused as a whole.
fn shared(asked: &AccountsChange) -> Result<SharedSettings, Failure> {
    if asked.accounts.is_empty() || asked.accounts.len() > ACCOUNTS_MAX {
        return Err(Failure::field("accounts", "accounts-count").with("max", ACCOUNTS_MAX));
    }
    settings::check_poll(asked.poll_seconds)?;
    let delete_after_days = asked.delete_after.map(|after| match after {
        DeleteAfter::Never => None,
        DeleteAfter::Days(days) => Some(days),
    });
    let kept = keeping::kept(&api::Keeping {
        fetched: asked.fetched.unwrap_or_default(),
        fetched_folder: asked.fetched_folder.clone(),
        failed_folder: None,
        delete_after_days: delete_after_days.flatten(),
    })?;
    let shared = SharedSettings {
        active: asked.active,
        poll_seconds: asked.poll_seconds,
        role: asked.role.map(settings::kept_role),
        fetched: asked.fetched.map(|_| (kept.fetched, kept.fetched_folder)),
        delete_after_days,
    };
    if shared == SharedSettings::default() {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "accounts-nothing"));
    }
    Ok(shared)
}

fn apply(
    state: &State,
    caller: &Caller,
    asked: AccountsChange,
    shared: &SharedSettings,
) -> Result<AccountsChanged, Failure> {
    let names: HashMap<AccountId, (String, store::AccountKind)> = state
        .store()
        .accounts(false)?
        .into_iter()
        .filter(|account| accounts::may_see(caller, account.id))
        .map(|account| (account.id, (account.settings.name, account.settings.kind)))
        .collect();
    let mut seen = HashSet::new();
    let chosen: Vec<Uuid> = asked.accounts.into_iter().filter(|id| seen.insert(*id)).collect();
    let mut refused: HashMap<AccountId, Failure> = HashMap::new();
    let mut fitting = Vec::new();
    for id in chosen.iter().copied().map(AccountId::new) {
        match names.get(&id).map(|(_, kind)| shared.fits(*kind)) {
            Some(Ok(())) => fitting.push(id),
            Some(Err(why)) => drop(refused.insert(id, unfit(why))),
            None => drop(refused.insert(id, Failure::not_found())),
        }
    }
    if !asked.dry_run {
        let changed: HashSet<AccountId> = state
            .store()
            .change_accounts(fitting.clone(), shared.clone(), state.now())?
            .into_iter()
            .collect();
        let fields = shared.fields().join(", ");
        let mut entries = Vec::with_capacity(changed.len());
        for id in fitting {
            let Some((name, _)) = names.get(&id).filter(|_| changed.contains(&id)) else {
                refused.insert(id, Failure::not_found());
                continue;
            };
            entries.push((Subject::Account(id), vec![("name", name.clone()), ("fields", fields.clone())]));
            state.background().account_changed(id);
        }
        events::record_all(state, caller, "account.changed", &entries)?;
    }
    let mut items = Vec::with_capacity(chosen.len());
    for account in chosen {
        let id = AccountId::new(account);
        let failure = refused.remove(&id);
        let deletable = match shared.delete_after_days.flatten().filter(|_| failure.is_none()) {
            Some(days) => Some(state.store().count_deletable(id, days, state.now())?),
            None => None,
        };
        let problem = failure.map(|failure| failure.into_problem(caller.language(), None));
        let name = names.get(&id).map(|(name, _)| name.clone());
        items.push(AccountChanged { account, name, deletable, problem });
    }
    Ok(AccountsChanged { items })
}

fn unfit(why: Unfit) -> Failure {
    match why {
        Unfit::NotFetched => Failure::new(StatusCode::CONFLICT, "account-only-files"),
        Unfit::NoFolders => Failure::field("fetched", "account-pop3-fetched"),
    }
}
