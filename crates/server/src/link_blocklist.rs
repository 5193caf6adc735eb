//! Addresses and domains that linking ignores, and how well linking does.

use api::{BlockedEntryRequest, LinkBlocklist, LinkHowCount, LinkStatistics, LinkStatisticsQuery};
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use model::Role;

use crate::events::{self, Subject};
use crate::extract::{Json, Params, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, links};

const DAY_MS: i64 = 86_400_000;
const DAYS_MAX: u32 = 3660;

/// In the form in which addresses are compared: of a domain, the domain alone.
pub(crate) fn normal(written: &str) -> Option<String> {
    let written = written.trim().trim_start_matches("*.").trim_start_matches('@');
    let entry = match written.rsplit_once('@') {
        Some(("", _)) => return None,
        Some(_) => link::normal_address(written),
        None => link::normal_address(&format!("@{written}")).split_off(1),
    };
    let domain = entry.rsplit_once('@').map_or(entry.as_str(), |(_, domain)| domain);
    let fits = domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
        })
        && !entry.chars().any(|c| c.is_whitespace() || "<>\",;".contains(c));
    fits.then_some(entry)
}

/// Ignored without being on the list, as far as the caller may know of it.
fn automatic(state: &State, caller: &Caller) -> Result<Vec<String>, Failure> {
    let all = caller.role() == Role::Administrator;
    let accounts = state.store().accounts(true)?.into_iter();
    let accounts = accounts.filter(|account| all || caller.scope().allows(account.id));
    let mut found: Vec<String> = accounts.filter_map(|account| account.settings.address).collect();
    let users = state.store().users()?.into_iter();
    found.extend(users.filter(|user| all || user.id == caller.user_id()).map(|user| user.profile.email));
    if all {
        found.extend(state.store().smtp_accounts()?.into_iter().map(|account| account.settings.from_address));
    }
    let mut found: Vec<String> = found.iter().map(|address| link::normal_address(address)).collect();
    found.retain(|address| address.contains('@'));
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// `GET /links/blocklist`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<LinkBlocklist>, Failure> {
    let list = state.read(move |state| {
        let names = links::user_names(state)?;
        let items = state.store().link_blocklist()?.into_iter().map(|entry| api::BlockedEntry {
            user: names.get(&entry.actor).cloned(),
            entry: entry.entry,
            note: entry.note,
            at: entry.at.into(),
        });
        Ok(LinkBlocklist { items: items.collect(), automatic: automatic(state, &caller)? })
    });
    list.await.map(axum::Json)
}

/// `POST /links/blocklist`
pub(crate) async fn add(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<BlockedEntryRequest>,
) -> Result<StatusCode, Failure> {
    let written = text("entry", &asked.entry, 320)?;
    let entry =
        normal(&written).ok_or_else(|| Failure::field("entry", "blocklist-entry").with("entry", &written))?;
    let note = if asked.note.trim().is_empty() { String::new() } else { text("note", &asked.note, 500)? };
    let added = state.read(move |state| {
        let (actor, at) = (caller.user_id().to_string(), state.now());
        let new = store::BlockedEntry { entry: entry.clone(), note, actor, at };
        state.store().block_linking(new)?;
        events::record(state, &caller, "link.blocked", Subject::Nothing, &[("entry", entry)])
    });
    added.await.map(|()| StatusCode::NO_CONTENT)
}

/// `DELETE /links/blocklist/{entry}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Path(entry): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let removed = state.read(move |state| {
        state.store().unblock_linking(entry.clone())?;
        events::record(state, &caller, "link.unblocked", Subject::Nothing, &[("entry", entry)])
    });
    removed.await.map(|()| StatusCode::NO_CONTENT)
}

/// `GET /links/statistics`
pub(crate) async fn statistics(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<LinkStatisticsQuery>,
) -> Result<axum::Json<LinkStatistics>, Failure> {
    let days = query.days.unwrap_or(30);
    if !(1..=DAYS_MAX).contains(&days) {
        let failure = Failure::field("days", "number-between").with("field", "days");
        return Err(failure.with("least", 1).with("most", DAYS_MAX));
    }
    let counted = state.read(move |state| {
        let until = state.now().plus_ms(1);
        let from = until.plus_ms(-i64::from(days) * DAY_MS);
        let found = state.store().link_statistics(caller.scope(), from, until)?;
        let hows = found.hows.into_iter().map(|count| LinkHowCount {
            how: count.how.as_str().to_owned(),
            links: count.links,
            removed: count.removed,
        });
        Ok(LinkStatistics {
            days,
            linked: found.linked,
            inherited: found.inherited,
            ambiguous: found.ambiguous,
            none: found.none,
            by_hand: found.by_hand,
            corrected: found.corrected,
            needless: found.needless,
            hows: hows.collect(),
        })
    });
    counted.await.map(axum::Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_addresses_or_domains() {
        let check = |written: &str, expected: Option<&str>| {
            assert_eq!(normal(written).as_deref(), expected, "{written}");
        };
        check(" Info@Bücher.example ", Some("info@xn--bcher-kva.example"));
        check("Bücher.example.", Some("xn--bcher-kva.example"));
        check("*.shop.example", Some("shop.example"));
        check("@shop.example", Some("shop.example"));
        check("shop", None);
        check("a b@shop.example", None);
        check("x@", None);
        check("a;b@shop.example", None);
        check("http://shop.example/", None);
        check("", None);
    }
}
