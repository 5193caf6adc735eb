//! Addresses and their states: lists, histories, decisions, trial runs of rules.

use std::collections::{BTreeSet, HashMap};

use model::{MailId, Scope, UnixMillis};
use standing::{Action, Event, EventKind, MailClass, Reason, Standing, State, Strength};

use crate::bounce_rules::{self, BounceRules};
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::keys::ScopeKeys;
use crate::sql::statements;
use crate::standing_events::{self, AddressEvent, Measure, from_list};
use crate::store::Store;
use crate::value::{Arg, Row, args};

/// An address and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRow {
    /// Its number.
    pub key: i64,
    /// The address, lower case.
    pub address: String,
    /// Number of the list for which this holds; 0 everywhere.
    pub list: i64,
    /// The state.
    pub standing: Standing,
    /// Reports ever, also forgotten ones.
    pub total: u64,
    /// The last event.
    pub last: UnixMillis,
}

/// Where a page goes on: time of the last event and number of the last row.
pub type AddressCursor = (UnixMillis, i64);

/// An event of a history, with what the scope allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// What happened.
    pub event: AddressEvent,
    /// The mail it was read from, if the scope allows to see that mail.
    pub mail: Option<MailId>,
}

/// What rules would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Addresses with events in that time.
    pub judged: u64,
    /// Addresses that are known at all: of records, lists, and with events.
    pub known: u64,
    /// Addresses that would get no bulk mail.
    pub bulk: u64,
    /// Addresses that would get no transactional mail.
    pub transactional: u64,
    /// Addresses that would leave lists.
    pub leave: u64,
    /// Addresses that get mail now and would not, and the rule; the first of them.
    pub stopped: Vec<TriedAddress>,
    /// How many those are.
    pub newly: u64,
    /// Addresses that get no mail now and would, and the rule that stops it now; the first of them.
    pub freed: Vec<TriedAddress>,
    /// How many those are.
    pub released: u64,
}

/// An address that other rules would treat differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedAddress {
    /// Number of its state.
    pub standing: i64,
    /// The address, lower case.
    pub address: String,
    /// Name of the rule.
    pub rule: String,
}

/// Addresses named in a trial run.
const SAMPLE: usize = 100;

/// What [`address_row`] reads.
macro_rules! columns {
    () => {
        "s.key, s.folded, s.list, s.state, s.reason, s.since, s.expires, s.failures, s.soft_recent, s.hard, \
         s.weight, s.total, s.last"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM standings s ", $rest)
    };
}

/// Rows with an event of a mail in these accounts, or with a person's decision.
macro_rules! visible {
    ($n:literal) => {
        concat!(
            " AND EXISTS (SELECT 1 FROM standing_events e LEFT JOIN placements p ON p.seq = e.mail ",
            "LEFT JOIN mailboxes b ON b.key = p.mailbox WHERE e.standing = s.key ",
            "AND (e.mail IS NULL OR b.account = ANY(",
            $n,
            "))) "
        )
    };
}

pub(crate) use {columns, visible};

statements! {
    NEWEST = concat!(select!("WHERE (s.last < $1 OR (s.last = $1 AND s.key < $2)) "),
        "ORDER BY s.last DESC, s.key DESC LIMIT $3");
    NEWEST_SCOPED = concat!(select!("WHERE (s.last < $1 OR (s.last = $1 AND s.key < $2)) "), visible!("$4"),
        "ORDER BY s.last DESC, s.key DESC LIMIT $3");
    OF_STATE = concat!(select!("WHERE s.state = $4 AND (s.last < $1 OR (s.last = $1 AND s.key < $2)) "),
        "ORDER BY s.last DESC, s.key DESC LIMIT $3");
    OF_STATE_SCOPED = concat!(select!("WHERE s.state = $4 AND (s.last < $1 OR (s.last = $1 AND s.key < $2)) "),
        visible!("$5"), "ORDER BY s.last DESC, s.key DESC LIMIT $3");
    OF_ADDRESS = select!("WHERE s.folded = $1 ORDER BY s.list");
    OF_ADDRESS_SCOPED = concat!(select!("WHERE s.folded = $1 "), visible!("$2"), "ORDER BY s.list");
    STATES = "SELECT state, COUNT(*) FROM standings GROUP BY state ORDER BY state";
    HISTORY = "SELECT key, at, kind, permanence, reason, status, smtp_code, diagnostic, strength, mail, n, original, \
        class, list, counts, state, expires, actor, note, trace, standing FROM standing_events \
        WHERE standing = ANY($1) AND (at < $2 OR (at = $2 AND key < $3)) ORDER BY at DESC, key DESC LIMIT $4";
    EVENTS = "SELECT key, at, kind, permanence, reason, status, smtp_code, diagnostic, strength, mail, n, original, \
        class, list, counts, state, expires, actor, note, trace, standing FROM standing_events \
        WHERE standing = ANY($1) ORDER BY standing, at, key";
    MAILS = "SELECT m.seq, m.mail_id, b.account FROM mails m JOIN placements p ON p.seq = m.seq \
        JOIN mailboxes b ON b.key = p.mailbox WHERE m.seq = ANY($1)";
    EXPIRED = "SELECT key FROM standings WHERE expires IS NOT NULL AND expires <= $1 ORDER BY expires LIMIT $2";
    AFTER = "SELECT key, folded, list FROM standings WHERE key > $1 ORDER BY key LIMIT $2";
    BY_KEYS = select!("WHERE s.key = ANY($1)");
    VISIBLE = concat!("SELECT s.key FROM standings s WHERE s.key = ANY($1)", visible!("$2"));
    KNOWN = "SELECT COUNT(*) FROM (SELECT folded FROM record_addresses UNION SELECT folded FROM list_members \
        UNION SELECT folded FROM standings) k";
}

pub(crate) fn address_row(row: &Row<'_>) -> Result<AddressRow> {
    let counters = standing::Counters {
        failures: row.small(7)?,
        soft_recent: row.small(8)?,
        hard: row.small(9)?,
        weight: row.small(10)?,
    };
    Ok(AddressRow {
        key: row.int(0)?,
        address: row.text(1)?,
        list: row.int(2)?,
        standing: Standing {
            state: from_list(&State::ALL, row.int(3)?, "state")?,
            reason: from_list(&Reason::ALL, row.int(4)?, "reason")?,
            since: row.opt_time(5)?,
            expires: row.opt_time(6)?,
            counters,
        },
        total: row.uint(11)?,
        last: row.time(12)?,
    })
}

fn history(
    tx: &Tx<'_>,
    keys: &ScopeKeys,
    standings: &[i64],
    before: AddressCursor,
    limit: usize,
) -> Result<Vec<HistoryRow>> {
    let args = [Arg::Ints(standings), before.0.into(), before.1.into(), (limit as i64).into()];
    let events = tx.query(&HISTORY, &args, standing_events::address_event)?;
    let mails: Vec<i64> = events.iter().filter_map(|(_, event)| event.mail).map(|(seq, _)| seq).collect();
    let mut seen: HashMap<i64, MailId> = HashMap::new();
    for (seq, mail, account) in tx.query(&MAILS, &[Arg::Ints(&mails)], |row| {
        Ok((row.int(0)?, MailId::from_octets(row.octets(1)?), row.int(2)?))
    })? {
        if keys.allows(account) {
            seen.insert(seq, mail);
        }
    }
    let rows = events.into_iter().map(|(_, mut event)| {
        let mail = event.mail.and_then(|(seq, _)| seen.get(&seq).copied());
        if event.mail.is_some() && mail.is_none() {
            // What the mail says is for those who may read it; that something happened is not.
            event.diagnostic = None;
            event.trace.clear();
            event.event.original = None;
        }
        HistoryRow { event, mail }
    });
    Ok(rows.collect())
}

fn measure(tx: &Tx<'_>, now: UnixMillis) -> Result<Measure> {
    let rules = bounce_rules::load(tx)?;
    Ok(Measure { settings: rules.settings, rules: rules.rules, now, fires: false })
}

fn decide(
    tx: &Tx<'_>,
    address: &str,
    list: i64,
    kind: EventKind,
    actor: &str,
    note: &str,
    now: UnixMillis,
) -> Result<()> {
    let wanted = [(standing_events::folded(address), list)];
    let key = standing_events::ensure(tx, &wanted)?.into_values().next();
    let event = Event {
        at: now,
        kind,
        reason: None,
        strength: Strength::Signed,
        original: None,
        class: None,
        list: None,
        counts: true,
    };
    let event =
        AddressEvent { actor: actor.to_owned(), note: note.to_owned(), ..AddressEvent::derived(event, None) };
    standing_events::insert(tx, &[(key, event)])?;
    let standings: Vec<i64> = key.into_iter().collect();
    standing_events::judge(tx, &standings, &measure(tx, now)?).map(drop)
}

impl DryRun {
    fn judge(
        &mut self,
        (standing, folded): (i64, &str),
        events: &[Event],
        old: &BounceRules,
        new: &BounceRules,
        now: UnixMillis,
    ) {
        let plan = standing::plan(events, &new.rules, now);
        let before = standing::plan(events, &old.rules, now);
        let stops = |plan: &standing::Plan| MailClass::ALL.map(|class| plan.stops(class));
        let ([bulk, transactional], was) = (stops(&plan), stops(&before));
        self.judged += 1;
        self.bulk += u64::from(bulk);
        self.transactional += u64::from(transactional);
        let leaves = |p: &standing::Planned| matches!(p.action, Action::LeaveLists { .. });
        self.leave += u64::from(plan.planned.iter().any(leaves));
        let newly = (bulk && !was[0]) || (transactional && !was[1]);
        self.newly += u64::from(newly);
        let freed = (was[0] && !bulk) || (was[1] && !transactional);
        self.released += u64::from(freed);
        let tried = |plan: &standing::Plan, rules: &BounceRules| {
            let stop = plan.planned.iter().find(|p| matches!(p.action, Action::StopMailing(_)));
            let rule =
                stop.and_then(|p| rules.rules.get(p.rule)).map_or_else(String::new, |r| r.name.clone());
            TriedAddress { standing, address: folded.to_owned(), rule }
        };
        if newly && self.stopped.len() < SAMPLE {
            self.stopped.push(tried(&plan, new));
        }
        if freed && self.freed.len() < SAMPLE {
            self.freed.push(tried(&before, old));
        }
    }
}

impl Store {
    /// A page of addresses, those with the newest events first, as the scope allows.
    ///
    /// # Errors
    /// Those of the database.
    pub fn addresses(
        &self,
        scope: &Scope,
        state: Option<State>,
        before: Option<AddressCursor>,
        limit: usize,
    ) -> Result<Vec<AddressRow>> {
        let (at, key) = before.unwrap_or((UnixMillis(i64::MAX), i64::MAX));
        let limit = limit as i64;
        self.read(|tx| match (self.keys().scope(tx, scope)?, state) {
            (ScopeKeys::All, None) => tx.query(&NEWEST, &args![at, key, limit], address_row),
            (ScopeKeys::All, Some(state)) => {
                tx.query(&OF_STATE, &args![at, key, limit, state as i64], address_row)
            }
            (ScopeKeys::Accounts(keys, _), None) => {
                let args = [at.into(), key.into(), limit.into(), Arg::Ints(&keys)];
                tx.query(&NEWEST_SCOPED, &args, address_row)
            }
            (ScopeKeys::Accounts(keys, _), Some(state)) => {
                let args = [at.into(), key.into(), limit.into(), (state as i64).into(), Arg::Ints(&keys)];
                tx.query(&OF_STATE_SCOPED, &args, address_row)
            }
        })
    }

    /// The states of one address: everywhere first, then for single lists.
    ///
    /// # Errors
    /// Those of the database.
    pub fn address(&self, scope: &Scope, address: &str) -> Result<Vec<AddressRow>> {
        let folded = standing_events::folded(address);
        self.read(|tx| match self.keys().scope(tx, scope)? {
            ScopeKeys::All => tx.query(&OF_ADDRESS, &args![&folded], address_row),
            ScopeKeys::Accounts(keys, _) => {
                tx.query(&OF_ADDRESS_SCOPED, &[(&folded).into(), Arg::Ints(&keys)], address_row)
            }
        })
    }

    /// What happened to an address, newest first; of mails the scope does not allow only that it happened.
    ///
    /// # Errors
    /// Those of the database.
    pub fn address_history(
        &self,
        scope: &Scope,
        standings: &[i64],
        before: Option<AddressCursor>,
        limit: usize,
    ) -> Result<Vec<HistoryRow>> {
        let before = before.unwrap_or((UnixMillis(i64::MAX), i64::MAX));
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            history(tx, &keys, standings, before, limit)
        })
    }

    /// How many addresses are in each state.
    ///
    /// # Errors
    /// Those of the database.
    pub fn address_counts(&self) -> Result<Vec<(State, u64)>> {
        self.read(|tx| {
            tx.query(&STATES, &[], |row| Ok((from_list(&State::ALL, row.int(0)?, "state")?, row.uint(1)?)))
        })
    }

    /// A person sets the state of an address, for a list or (0) everywhere; `None` clears it.
    ///
    /// # Errors
    /// Those of the database.
    #[expect(
        clippy::too_many_arguments,
        reason = "who decided what of which address, when, until when and why"
    )]
    pub fn decide_address(
        &self,
        address: String,
        list: i64,
        state: Option<State>,
        expires: Option<UnixMillis>,
        actor: String,
        note: String,
        now: UnixMillis,
    ) -> Result<()> {
        let kind = state.map_or(EventKind::Cleared, |state| EventKind::Set { state, expires });
        self.write(move |tx| decide(tx, &address, list, kind, &actor, &note, now))
    }

    /// Judges addresses whose state has expired, at most `limit`; gives how many.
    ///
    /// # Errors
    /// Those of the database.
    pub fn expire_standings(&self, now: UnixMillis, limit: usize) -> Result<u64> {
        let keys = self.read(|tx| tx.query(&EXPIRED, &args![now, limit as i64], |row| row.int(0)))?;
        if keys.is_empty() {
            return Ok(0);
        }
        self.write(move |tx| {
            standing_events::judge(tx, &keys, &measure(tx, now)?)?;
            Ok(keys.len() as u64)
        })
    }

    /// Judges the addresses with a number above `after` again, after the rules have changed; gives the last number, or
    /// `None` at the end.
    ///
    /// # Errors
    /// Those of the database.
    pub fn judge_standings(&self, after: i64, limit: usize, now: UnixMillis) -> Result<Option<i64>> {
        self.write(move |tx| {
            let keys = tx.query(&AFTER, &args![after, limit as i64], |row| row.int(0))?;
            standing_events::judge(tx, &keys, &measure(tx, now)?)?;
            Ok(keys.last().copied())
        })
    }

    /// What rules would do with what happened since `since`; changes nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn dry_run(&self, rules: &BounceRules, since: UnixMillis, now: UnixMillis) -> Result<DryRun> {
        let mut run = DryRun::default();
        let old = self.read(bounce_rules::load)?;
        run.known = self.read(run_known)?;
        let mut after = 0;
        loop {
            let (rows, mut events) = self.read(|tx| {
                let rows = tx.query(&AFTER, &args![after, 500_i64], |row| {
                    Ok((row.int(0)?, row.text(1)?, row.int(2)?))
                })?;
                let keys: Vec<i64> = rows.iter().map(|(key, ..)| *key).collect();
                let mut events: HashMap<i64, Vec<Event>> = HashMap::new();
                for (of, stored) in tx.query(&EVENTS, &[Arg::Ints(&keys)], standing_events::address_event)? {
                    let event = stored.event;
                    if event.at >= since || event.kind.is_decision() {
                        events.entry(of.unwrap_or_default()).or_default().push(event);
                    }
                }
                Ok((rows, events))
            })?;
            let Some((last, ..)) = rows.last() else { return Ok(run) };
            after = *last;
            for (key, folded, _) in &rows {
                let events = events.remove(key).unwrap_or_default();
                if events.iter().any(|event| event.at >= since) {
                    run.judge((*key, folded), &events, &old, rules, now);
                }
            }
        }
    }

    /// Those of these states that the scope allows.
    ///
    /// # Errors
    /// Those of the database.
    pub fn visible_standings(&self, scope: &Scope, standings: &[i64]) -> Result<BTreeSet<i64>> {
        self.read(|tx| match self.keys().scope(tx, scope)? {
            ScopeKeys::All => Ok(standings.iter().copied().collect()),
            ScopeKeys::Accounts(keys, _) => {
                let rows = tx.query(&VISIBLE, &[Arg::Ints(standings), Arg::Ints(&keys)], |row| row.int(0))?;
                Ok(rows.into_iter().collect())
            }
        })
    }

    /// How many addresses are known at all: of records, of lists, and those something happened to.
    ///
    /// # Errors
    /// Those of the database.
    pub fn known_addresses(&self) -> Result<u64> {
        self.read(run_known)
    }

    /// The states of many addresses at once, everywhere and for one list.
    pub(crate) fn states(
        tx: &Tx<'_>,
        addresses: &BTreeSet<String>,
        list: i64,
    ) -> Result<HashMap<(String, i64), AddressRow>> {
        let mut wanted: Vec<(String, i64)> = addresses.iter().map(|a| (a.clone(), 0)).collect();
        if list != 0 {
            wanted.extend(addresses.iter().map(|a| (a.clone(), list)));
        }
        let keys: Vec<i64> = standing_events::find(tx, &wanted)?.into_values().collect();
        let rows = tx.query(&BY_KEYS, &[Arg::Ints(&keys)], address_row)?;
        Ok(rows.into_iter().map(|row| ((row.address.clone(), row.list), row)).collect())
    }
}

fn run_known(tx: &Tx<'_>) -> Result<u64> {
    let known = tx.int(&KNOWN, &[])?;
    u64::try_from(known).map_err(|_| StoreError::Unreadable { what: "counts" })
}
