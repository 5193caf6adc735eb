//! How the server is doing.

use api::{AccountInTrouble, Stages, Status};
use axum::extract::State as FromState;
use model::{Activity, Role};
use store::ListFilter;

use crate::account_state;
use crate::counters::Levels;
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, disk};

/// Mails in quarantine are counted up to here under a scope.
const QUARANTINED_MAX: usize = 1000;

/// `GET /status`
pub(crate) async fn status(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<Status>, Failure> {
    state.read(move |state| shown(state, &caller)).await.map(axum::Json)
}

fn shown(state: &State, caller: &Caller) -> Result<Status, Failure> {
    let store = state.store();
    let administrator = caller.role() == Role::Administrator;
    let counters = if administrator { Some(store.counters()?) } else { None };
    let quarantined = match &counters {
        Some(counters) => counters.quarantined,
        None => store.quarantined(caller.scope(), None, QUARANTINED_MAX)?.len() as u64,
    };
    Ok(Status {
        version: crate::VERSION.to_owned(),
        uptime_seconds: state.uptime_seconds(),
        stages: counters.map(|counters| Stages {
            received: counters.received,
            filed: counters.filed,
            quarantined: counters.quarantined,
        }),
        messages: store.count(caller.scope(), &ListFilter::default())?,
        unread: store.count(caller.scope(), &ListFilter { unread: Some(true), ..ListFilter::default() })?,
        quarantined,
        index_behind: index_behind(state)?,
        accounts_in_trouble: in_trouble(state, caller)?,
        disk: if administrator { disk::room(&state.options().data).ok() } else { None },
    })
}

fn in_trouble(state: &State, caller: &Caller) -> Result<Vec<AccountInTrouble>, Failure> {
    let accounts = state.store().accounts(false)?.into_iter();
    let visible =
        accounts.filter(|account| caller.role() == Role::Administrator || caller.scope().allows(account.id));
    Ok(visible
        .filter_map(|account| {
            let activity = state.engine().activity(&account);
            let error = account.state.as_ref().and_then(|state| state.last_error.as_ref());
            let is_fetched = !matches!(activity, Activity::Disabled | Activity::Files);
            (is_fetched && error.is_some()).then(|| AccountInTrouble {
                id: account.id.uuid(),
                name: account.settings.name.clone(),
                state: account_state::word(activity),
                error: error.map(account_state::error),
            })
        })
        .collect())
}

fn index_behind(state: &State) -> Result<u64, Failure> {
    let last = u64::try_from(state.store().last_change()?).unwrap_or_default();
    Ok(last.saturating_sub(state.engine().index().last_change_seq()))
}

/// Values for the metrics. Blocks.
pub(crate) fn levels(state: &State) -> Result<Levels, Failure> {
    let counters = state.store().counters()?;
    Ok(Levels {
        received: counters.received,
        filed: counters.filed,
        quarantined: counters.quarantined,
        index_behind: index_behind(state)?,
        free_octets: disk::room(&state.options().data).map(|room| room.free_octets).unwrap_or_default(),
    })
}
