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
        delete_there: false,
    })?;
    let shared = SharedSettings {
        active: asked.active,
        poll_seconds: asked.poll_seconds,
        role: asked.role.map(settings::kept_role),
        fetched: asked.fetched.map(|_| (kept.fetched, kept.fetched_folder)),
        delete_after_days,
        mirrored: asked.delete_there,
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
    let known = chosen.iter().copied().map(AccountId::new);
    let known: Vec<_> = known.filter_map(|id| Some((id, names.get(&id)?.1))).collect();
    let outcomes = state.store().change_fitting(&known, shared, asked.dry_run, state.now())?;
    let outcomes: HashMap<AccountId, Result<(), Unfit>> = outcomes.into_iter().collect();
    if !asked.dry_run {
        let fields = shared.fields().join(", ");
        let mut entries = Vec::with_capacity(known.len());
        for (id, _) in known.iter().filter(|(id, _)| outcomes.get(id) == Some(&Ok(()))) {
            let Some((name, _)) = names.get(id) else { continue };
            entries.push((Subject::Account(*id), vec![("name", name.clone()), ("fields", fields.clone())]));
            state.background().account_changed(*id);
        }
        events::record_all(state, caller, "account.changed", &entries)?;
    }
    let mut items = Vec::with_capacity(chosen.len());
    for account in chosen {
        let id = AccountId::new(account);
        let failure = match outcomes.get(&id) {
            Some(Ok(())) => None,
            Some(Err(why)) => Some(unfit(*why)),
            None => Some(Failure::not_found()),
        };
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
        Unfit::Gone => Failure::not_found(),
    }
}
