//! States that people must hear of: a mailbox that is not fetched any more, a disk that fills up. Each change is an entry
//! of the event log, once.

use std::collections::BTreeMap;

use model::UnixMillis;
use store::Event;

use crate::error::Result;
use crate::notify::log_entry;
use crate::oauth::users_of;
use crate::outgoing::Inner;

/// Setting that holds what was told: JSON, name of the trouble and its words.
const TOLD: &str = "troubles_told";
/// A mailbox has failed for so long before it is told: servers are restarted.
const GRACE_MS: i64 = 10 * 60_000;
/// Less room than this is told; more than twice as much ends it.
const ROOM_MIN: u64 = 1 << 30;
const DISK: &str = "disk";
/// What will be good no more is told so many days before.
const FORECAST_DAYS: i64 = 14;
const DAY_MS: i64 = 24 * 60 * 60_000;

/// Looks, and logs what is other than before.
pub(crate) fn look(inner: &Inner) -> Result<()> {
    let store = inner.engine.store();
    let told: BTreeMap<String, String> =
        store.setting(TOLD)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut now = BTreeMap::new();
    let mut log = Vec::new();
    accounts(inner, &told, &mut now, &mut log)?;
    disk(inner, &told, &mut now, &mut log);
    expiring(inner)?;
    if now != told {
        let kept = if now.is_empty() { None } else { serde_json::to_string(&now).ok() };
        store.append_events(log)?;
        store.set_setting(TOLD.to_owned(), kept)?;
    }
    Ok(())
}

fn accounts(
    inner: &Inner,
    told: &BTreeMap<String, String>,
    now: &mut BTreeMap<String, String>,
    log: &mut Vec<Event>,
) -> Result<()> {
    let before = UnixMillis(inner.now().0 - GRACE_MS);
    for account in inner.engine.store().accounts(false)? {
        let (id, name) = (account.id.to_string(), account.settings.name.as_str());
        let fetched = account.settings.active && account.settings.kind.is_fetched();
        let state = account.state.filter(|_| fetched);
        let was = told.contains_key(&id);
        let error = state.as_ref().and_then(|state| state.last_error.as_ref());
        match error {
            // Told already, at once and by name: `account.consent_needed`.
            Some(error) if !was && ["consent", "admin_consent"].contains(&error.class.as_str()) => {}
            Some(error) if was || error.since <= before => {
                if !was {
                    let details = [("name", name), ("class", &error.class), ("answer", &error.text)];
                    log.push(log_entry(inner, "account.failing", &id, &details));
                }
                now.insert(id, error.class.clone());
            }
            None if was && fetched => log.push(log_entry(inner, "account.recovered", &id, &[("name", name)])),
            _ => {}
        }
    }
    Ok(())
}

/// Consents and secrets that will be good no more: told once for each time.
fn expiring(inner: &Inner) -> Result<()> {
    let (store, now) = (inner.engine.store(), inner.now());
    let before = now.plus_ms(FORECAST_DAYS * DAY_MS);
    let days = |end: Option<UnixMillis>| (end.map_or(0, |end| (end.0 - now.0).max(0)) / DAY_MS).to_string();
    for client in store.oauth_secrets_expiring(before)? {
        let days = days(client.settings.secret_expires);
        let details = [("name", client.settings.name.as_str()), ("days", &days)];
        store.oauth_secret_told(client.id, log_entry(inner, "sign_in.secret_expiring", "", &details))?;
    }
    for grant in store.oauth_grants_expiring(before)? {
        let days = days(grant.granted.refresh_expires);
        let users = users_of(inner.engine.core(), grant.id)?;
        let told = users.iter().map(|(account, name)| {
            let details = [("name", name.as_str()), ("days", &days)];
            log_entry(inner, "account.consent_expiring", &account.to_string(), &details)
        });
        store.oauth_grant_told(grant.id, told.collect())?;
    }
    Ok(())
}

fn disk(
    inner: &Inner,
    told: &BTreeMap<String, String>,
    now: &mut BTreeMap<String, String>,
    log: &mut Vec<Event>,
) {
    let Ok(about) = rustix::fs::statvfs(inner.engine.dir()) else { return };
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let was = told.contains_key(DISK);
    let low = free < if was { 2 * ROOM_MIN } else { ROOM_MIN };
    if low {
        now.insert(DISK.to_owned(), String::new());
        if !was {
            let megabytes = (free >> 20).to_string();
            log.push(log_entry(inner, "disk.low", "", &[("megabytes", &megabytes)]));
        }
    }
}
