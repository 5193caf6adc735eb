//! Looks what is blind or about to be: facts in, [`doctor::judge`] decides, conditions are kept. What is new, worse or over is
//! an entry of the event log, once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;

use doctor::{AccountFacts, BackupFacts, Condition, Facts, Kind, Quiet, Trouble};
use model::{AccountId, EventId, UnixMillis};
use store::{Account, Event, KeptCondition, NewCondition};

use crate::backup::LastBackup;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;
use crate::news::News;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// What is over is forgotten after so long.
const KEPT_MS: i64 = 90 * DAY_MS;
/// What a condition's end is called in the event log; that of a failing account has its own word.
const OVER: &str = "trouble.over";

/// What the last looks have seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// How far the index was, and since when it stands there though there is something to do.
    index: Option<(u64, UnixMillis)>,
    /// By account: in which hour it was judged, and how. Only whole hours count.
    quiet: HashMap<AccountId, (i64, Option<Quiet>)>,
    /// How far the log was signed, and since when it stands there though there is something to do.
    pub(crate) log: Option<(u64, UnixMillis)>,
}

impl Engine {
    /// Looks now, and keeps what is found. Gives the conditions that last, worst first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn check_up(&self) -> Result<Vec<KeptCondition>> {
        let core = self.core();
        // Two at once would tell everything twice.
        let mut seen = core.watching.lock().unwrap_or_else(PoisonError::into_inner);
        crate::clock::look(core)?;
        let now = core.now();
        let before = core.store.conditions()?;
        let open: BTreeSet<String> = before.iter().map(|kept| kept.what.id.clone()).collect();
        let free_octets = rustix::fs::statvfs(self.dir()).ok();
        let free_octets = free_octets.map(|about| about.f_bavail.saturating_mul(about.f_frsize));
        let facts = facts(core, free_octets, &mut seen, now)?;
        let mut found = doctor::judge(&facts, &core.doctor, &open, now);
        found.iter_mut().for_each(dated);
        let log = log(&before, &found, &facts, now);
        let ids: BTreeSet<&str> = found.iter().map(|condition| condition.id.as_str()).collect();
        let over = before.iter().map(|kept| &kept.what.id).filter(|id| !ids.contains(id.as_str()));
        let over: Vec<String> = over.cloned().collect();
        if !(found.is_empty() && over.is_empty()) {
            let found = found.into_iter().map(kept).collect();
            let is_news = !log.is_empty() || !over.is_empty();
            core.store.set_conditions(found, over, log, now, now.plus_ms(-KEPT_MS))?;
            if is_news {
                core.tell(News::Counters);
            }
        }
        Ok(core.store.conditions()?)
    }
}

/// The day something ends, as a day (ISO 8601, UTC).
fn dated(condition: &mut Condition) {
    if let Some(ends) = condition.details.get_mut("ends")
        && let Some(at) = ends.parse().ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
    {
        *ends = at.strftime("%Y-%m-%d").to_string();
    }
}

fn kept(condition: Condition) -> NewCondition {
    let Condition { id, kind, severity, account, since, details } = condition;
    let details = serde_json::to_string(&details).unwrap_or_default();
    NewCondition { id, kind, severity, account, since, details }
}

fn facts(core: &Core, free_octets: Option<u64>, seen: &mut Seen, now: UnixMillis) -> Result<Facts> {
    let store = &core.store;
    let quotas: BTreeMap<_, _> = store.quotas()?.into_iter().collect();
    let mut accounts = Vec::new();
    for account in store.accounts(false)? {
        if account.settings.active && account.settings.kind.is_fetched() {
            accounts.push(account_facts(core, &account, quotas.get(&account.id).copied(), seen, now)?);
        }
    }
    let known = core.index.last_change_seq();
    let index_behind = u64::try_from(store.last_change()?).unwrap_or_default().saturating_sub(known);
    let stands = seen.index.filter(|(at, _)| *at == known).unwrap_or((known, now));
    seen.index = (index_behind > 0).then_some(stands);
    let (quarantined_lately, quarantined_since) = store.quarantined_since(now.plus_ms(-DAY_MS))?;
    let proof = crate::proving::health::facts(core, &mut seen.log, now)?;
    Ok(Facts {
        accounts,
        mailboxes: store.ledger_gaps()?,
        expiring: store.expiries()?,
        queues: store.waiting_outgoing()?,
        free_octets,
        index_behind,
        index_stands_since: seen.index.map(|(_, since)| since),
        quarantined_lately,
        quarantined_since,
        scanner: crate::examination::trouble(core)?,
        backup: backup(core)?,
        remote: crate::remote::facts(core)?,
        proof,
        files: crate::files::facts(core)?,
    })
}

/// Where there are accounts there is something to lose.
fn backup(core: &Core) -> Result<Option<BackupFacts>> {
    let begun = core.store.accounts(true)?.iter().map(|account| account.created).min();
    let kept = core.store.setting(LastBackup::NAME)?;
    let last = LastBackup::read(kept.as_deref()).map(|last| UnixMillis(last.at));
    Ok(begun.map(|begun| BackupFacts { last, begun }))
}

fn account_facts(
    core: &Core,
    account: &Account,
    quota: Option<doctor::Quota>,
    seen: &mut Seen,
    now: UnixMillis,
) -> Result<AccountFacts> {
    let state = account.state.as_ref();
    let hour = now.0.div_euclid(HOUR_MS);
    let quiet = match seen.quiet.get(&account.id) {
        Some((judged, quiet)) if *judged == hour => *quiet,
        _ => {
            let from = now.plus_ms(-(doctor::WEEKS as i64 + 1) * 7 * DAY_MS);
            let came = core.store.arrivals(account.id, from, now)?;
            let quiet = came.oldest.and_then(|oldest| doctor::quiet(&came.hours, oldest, now));
            seen.quiet.insert(account.id, (hour, quiet));
            quiet
        }
    };
    let trouble = state.and_then(|state| state.last_error.as_ref()).map(|error| Trouble {
        class: error.class.clone(),
        text: error.text.clone(),
        since: error.since,
    });
    Ok(AccountFacts {
        id: account.id,
        name: account.settings.name.clone(),
        activity: core.tasks.activity(account),
        created: account.created,
        running_since: core.tasks.running_since(account.id),
        last_success: state.and_then(|state| state.last_success),
        trouble,
        poll_ms: i64::from(account.settings.poll_seconds) * 1000,
        quiet,
        quota,
    })
}

/// What is new or worse, and what is over.
fn log(before: &[KeptCondition], found: &[Condition], facts: &Facts, now: UnixMillis) -> Vec<Event> {
    let mut log = Vec::new();
    for condition in found {
        let known = before.iter().find(|kept| kept.what.id == condition.id);
        let is_told = known.is_some_and(|kept| kept.what.severity <= condition.severity);
        if !is_told {
            log.push(entry(
                condition.kind.as_str(),
                condition.kind,
                subject(&condition.id),
                &condition.details,
                now,
            ));
        }
    }
    let found: BTreeSet<&str> = found.iter().map(|condition| condition.id.as_str()).collect();
    for KeptCondition { what, .. } in before.iter().filter(|kept| !found.contains(kept.what.id.as_str())) {
        let details = serde_json::from_str(&what.details).unwrap_or_default();
        let is_fetched = facts.accounts.iter().any(|account| Some(account.id) == what.account);
        match what.kind {
            Kind::AccountFailing if is_fetched => {
                log.push(entry("account.recovered", what.kind, subject(&what.id), &details, now));
            }
            // Switched off or removed: nobody needs to be told.
            _ if what.account.is_some() && !is_fetched => {}
            kind => log.push(entry(OVER, kind, subject(&what.id), &details, now)),
        }
    }
    log
}

/// What a condition is about.
fn subject(id: &str) -> &str {
    id.split_once(':').map_or("", |(_, about)| about)
}

fn entry(
    word: &str,
    kind: Kind,
    subject: &str,
    details: &BTreeMap<String, String>,
    now: UnixMillis,
) -> Event {
    let mut payload: BTreeMap<&str, &str> =
        details.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if word == OVER {
        payload.insert("trouble", kind.as_str());
    }
    Event {
        id: EventId::new(uuid::Uuid::now_v7()),
        at: now,
        actor: "doctor".to_owned(),
        kind: word.to_owned(),
        subject: subject.to_owned(),
        payload: serde_json::to_string(&payload).unwrap_or_default(),
    }
}
