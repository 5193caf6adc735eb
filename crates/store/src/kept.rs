//! Why a mail may not be erased now: retention classes and holds. Rules are asked about mails behind filing, by change number.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ledger::Kind as LeafKind;
use model::{Day, Kind, MailId, RecordKind, Scope, UnixMillis};
use retain::{Class, Facts, Start, Until, longest};
use serde::Deserialize;
use serde_json::json;

use crate::addresses::AddressRole;
use crate::codec;
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::link_acts::LinkActor;
use crate::log_leaves::{self, NewLeaf};
use crate::retention::{self, NamedClass, Retention, Rule};
use crate::rows;
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};
use crate::work;

/// Why a mail may not be erased now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// It is of a retention class whose period has not ended.
    Class {
        /// Number of the class.
        class: i64,
        /// Its name; of one every installation has, its word.
        name: String,
        /// The last day; `None`: without end, or an assessment is open.
        until: Option<Day>,
    },
    /// It is held for a case.
    Hold {
        /// Number of the case.
        case: i64,
        /// Its name.
        name: String,
    },
    /// Rules or holds were not asked about it yet, or not since it changed: in some seconds it is known.
    Unchecked,
}

/// The class of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMail {
    /// Number of the mail.
    pub seq: i64,
    /// The class; `None`: a person said that it needs none.
    pub class: Option<NamedClass>,
    /// When the period begins to count.
    pub day: Day,
    /// Until when it is kept; `None` without a class.
    pub until: Option<Until>,
    /// Name of the rule; `None`: a person.
    pub rule: Option<String>,
    /// Why a person chose it; empty for a rule.
    pub reason: String,
    /// When.
    pub at: UnixMillis,
}

/// How a step of the rules went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptProgress {
    /// Mails looked at.
    pub looked: u64,
    /// Mails with a class they did not have.
    pub changed: u64,
    /// There are more.
    pub more: bool,
}

/// What rules would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesPreview {
    /// Mails looked at.
    pub looked: u64,
    /// Rules by number, with the mails each would give another class.
    pub rules: Vec<(i64, u64)>,
    /// There are more mails, which were not looked at.
    pub more: bool,
}

/// In the log, for whoever set a class.
const BY_RULE: &str = "rule";

statements! {
    KEPT = "SELECT seq, class, day, rule, reason, at, passed FROM kept_mails WHERE seq = ANY($1)";
    HELD = "SELECT m.seq, h.key, h.name FROM held_mails m JOIN holds h ON h.key = m.hold \
        WHERE m.seq = ANY($1) AND h.lifted IS NULL ORDER BY m.seq, h.key";
    CHANGED = "SELECT seq, change_seq FROM mails WHERE seq = ANY($1) AND stage <> 0";
    SEEN = "SELECT value FROM counters WHERE name = 'kept'";
    SET_SEEN = "UPDATE counters SET value = $1 WHERE name = 'kept'";
    LAST_CHANGE = "SELECT value FROM counters WHERE name = 'change'";
    NEXT = "SELECT seq, change_seq FROM mails WHERE change_seq > $1 ORDER BY change_seq LIMIT $2";
    NEWEST = "SELECT seq FROM mails WHERE seq < $1 AND stage = 1 ORDER BY seq DESC LIMIT $2";
    MAILS = "SELECT seq, COALESCE(message_seq, seq), date, kind FROM mails WHERE seq = ANY($1) AND stage = 1";
    DATE = "SELECT date FROM mails WHERE seq = $1";
    SENDERS = "SELECT l.seq, a.folded FROM mail_addresses l JOIN addresses a ON a.key = l.address \
        WHERE l.seq = ANY($1) AND l.role = ANY($2)";
    TAGS = "SELECT message, tag FROM message_tags WHERE message = ANY($1)";
    RECORDS = "SELECT l.message, r.kind FROM links l JOIN records r ON r.key = l.record \
        WHERE l.message = ANY($1) AND l.removed IS NULL";
    INVOICES = "SELECT seq, MIN(day) FROM invoices WHERE seq = ANY($1) GROUP BY seq";
    PUT [Int, Int, Int, Int, Text, Text, Int, Text] = "WITH v(seq, class, day, rule, actor, reason, at, passed) \
        AS ({rows}) INSERT INTO kept_mails (seq, class, day, rule, actor, reason, at, passed) \
        SELECT seq, class, day, rule, actor, reason, at, passed FROM v WHERE TRUE \
        ON CONFLICT (seq) DO UPDATE SET class = excluded.class, day = excluded.day, rule = excluded.rule, \
        actor = excluded.actor, reason = excluded.reason, at = excluded.at, passed = excluded.passed";
    MESSAGES_OF = "SELECT DISTINCT COALESCE(message_seq, seq) FROM mails WHERE mail_id = ANY($1)";
    ALL_TWINS = "SELECT seq FROM mails WHERE seq = ANY($1) UNION SELECT seq FROM mails \
        WHERE message_seq = ANY($1) AND message_seq <> seq ORDER BY seq";
}

/// A row of `kept_mails`.
#[derive(Clone, Debug)]
struct Kept {
    class: i64,
    day: Day,
    rule: i64,
    reason: String,
    at: UnixMillis,
    passed: BTreeSet<i64>,
}

fn kept(row: &Row<'_>) -> Result<(i64, Kept)> {
    let kept = Kept {
        class: row.int(1)?,
        day: day(row.int(2)?),
        rule: row.int(3)?,
        reason: row.text(4)?,
        at: row.time(5)?,
        passed: row.text(6)?.split(',').filter_map(|key| key.parse().ok()).collect(),
    };
    Ok((row.int(0)?, kept))
}

pub(crate) fn day(kept: i64) -> Day {
    Day(i32::try_from(kept).unwrap_or(if kept < 0 { i32::MIN / 2 } else { i32::MAX / 2 }))
}

fn kept_of(tx: &Tx<'_>, mails: &[i64]) -> Result<HashMap<i64, Kept>> {
    Ok(tx.query(&KEPT, &[Arg::Ints(mails)], kept)?.into_iter().collect())
}

/// Mails and the twins of their messages.
pub(crate) fn with_twins(tx: &Tx<'_>, messages: &[i64]) -> Result<Vec<i64>> {
    tx.query(&ALL_TWINS, &[Arg::Ints(messages)], |row| row.int(0))
}

/// Numbers of held mails, each with number and name of an open case.
pub(crate) fn held(tx: &Tx<'_>, mails: &[i64]) -> Result<Vec<(i64, i64, String)>> {
    tx.query(&HELD, &[Arg::Ints(mails)], |row| Ok((row.int(0)?, row.int(1)?, row.text(2)?)))
}

/// Why these mails may not be erased now; those that may are missing.
///
/// `mails`: their numbers.
pub(crate) fn keeping(tx: &Tx<'_>, mails: &[i64], now: UnixMillis) -> Result<HashMap<i64, Vec<Keeps>>> {
    let retention = retention::load(tx)?;
    let today = retention.day(now);
    let mut of: HashMap<i64, Vec<Keeps>> = HashMap::new();
    for (seq, case, name) in held(tx, mails)? {
        of.entry(seq).or_default().push(Keeps::Hold { case, name });
    }
    for (seq, kept) in kept_of(tx, mails)? {
        let Some(class) = retention.class(kept.class) else { continue };
        let until = match class.class.until(retention.is_bank(), kept.day, &retention.suspensions) {
            Until::Day(last) if last < today => continue,
            Until::Day(last) => Some(last),
            Until::Suspended | Until::Unlimited => None,
        };
        let keeps = Keeps::Class { class: kept.class, name: class.shown().to_owned(), until };
        of.entry(seq).or_default().push(keeps);
    }
    let unseen = match (retention.rules.is_empty(), crate::holds::least_seen(tx)?) {
        (true, None) => return Ok(of),
        (true, Some(seen)) => seen,
        (false, held) => tx.int(&SEEN, &[])?.min(held.unwrap_or(i64::MAX)),
    };
    for (seq, change) in tx.query(&CHANGED, &[Arg::Ints(mails)], |row| Ok((row.int(0)?, row.int(1)?)))? {
        if change > unseen {
            of.entry(seq).or_default().push(Keeps::Unchecked);
        }
    }
    Ok(of)
}

/// What rules look at, of a batch of mails.
struct Batch {
    /// Number, message, date, kind.
    mails: Vec<(i64, i64, UnixMillis, Kind)>,
    senders: HashMap<i64, Vec<String>>,
    accounts: HashMap<i64, Vec<String>>,
    tags: HashMap<i64, Vec<i64>>,
    records: HashMap<i64, Vec<RecordKind>>,
    invoices: HashMap<i64, Option<Day>>,
    kept: HashMap<i64, Kept>,
}

fn grouped<T>(rows: Vec<(i64, T)>) -> HashMap<i64, Vec<T>> {
    let mut of: HashMap<i64, Vec<T>> = HashMap::new();
    for (seq, value) in rows {
        of.entry(seq).or_default().push(value);
    }
    of
}

impl Store {
    fn kept_batch(&self, tx: &Tx<'_>, seqs: &[i64], rules: &[Rule]) -> Result<Batch> {
        let mails = tx.query(&MAILS, &[Arg::Ints(seqs)], |row| {
            let kind = row.opt_int(3)?.map_or(Ok(Kind::Personal), codec::kind)?;
            Ok((row.int(0)?, row.int(1)?, row.opt_time(2)?.unwrap_or_default(), kind))
        })?;
        let mut messages: Vec<i64> = mails.iter().map(|(_, message, ..)| *message).collect();
        messages.sort_unstable();
        messages.dedup();
        let some = |wants: fn(&Rule) -> bool| rules.iter().any(wants);
        let senders = if some(|rule| !rule.conditions.senders.is_empty()) {
            let roles = [AddressRole::From.code(), AddressRole::Sender.code()];
            let args = [Arg::Ints(seqs), Arg::Ints(&roles)];
            grouped(tx.query(&SENDERS, &args, |row| Ok((row.int(0)?, row.text(1)?)))?)
        } else {
            HashMap::new()
        };
        let mut accounts: HashMap<i64, Vec<String>> = HashMap::new();
        if some(|rule| !rule.conditions.accounts.is_empty()) {
            for (seq, keys) in work::accounts_of(tx, seqs)? {
                for key in keys {
                    accounts.entry(seq).or_default().push(self.keys().account_id(tx, key)?.to_string());
                }
            }
        }
        let tags = if some(|rule| !rule.conditions.tags.is_empty()) {
            grouped(tx.query(&TAGS, &[Arg::Ints(&messages)], |row| Ok((row.int(0)?, row.int(1)?)))?)
        } else {
            HashMap::new()
        };
        let records = if some(|rule| !rule.conditions.records.is_empty()) {
            grouped(tx.query(&RECORDS, &[Arg::Ints(&messages)], |row| {
                let kind = from_list(&RecordKind::ALL, row.int(1)?, "kind of record")?;
                Ok((row.int(0)?, kind))
            })?)
        } else {
            HashMap::new()
        };
        let invoices = invoice_days(tx, seqs)?;
        let both: Vec<i64> = messages.iter().chain(seqs).copied().collect();
        Ok(Batch { mails, senders, accounts, tags, records, invoices, kept: kept_of(tx, &both)? })
    }
}

fn invoice_days(tx: &Tx<'_>, seqs: &[i64]) -> Result<HashMap<i64, Option<Day>>> {
    let rows = tx.query(&INVOICES, &[Arg::Ints(seqs)], |row| Ok((row.int(0)?, row.opt_int(1)?.map(day))))?;
    Ok(rows.into_iter().collect())
}

impl Batch {
    /// Keys of the rules that fit a mail.
    fn fitting<'r>(&self, (seq, message, kind): (i64, i64, Kind), rules: &'r [Rule]) -> Vec<&'r Rule> {
        let of = |map: &HashMap<i64, Vec<String>>| map.get(&seq).cloned().unwrap_or_default();
        let (senders, accounts) = (of(&self.senders), of(&self.accounts));
        let facts = Facts {
            kind,
            tags: self.tags.get(&message).map_or(&[], Vec::as_slice),
            accounts: &accounts,
            records: self.records.get(&message).map_or(&[], Vec::as_slice),
            senders: &senders,
            invoice: self.invoices.contains_key(&seq),
        };
        rules.iter().filter(|rule| rule.conditions.fit(&facts)).collect()
    }

    /// When the period of a mail begins to count.
    fn start(&self, class: &NamedClass, seq: i64, date: Day) -> Day {
        let document = self.invoices.get(&seq).copied().flatten();
        document.filter(|_| class.class.start.is_of_document()).unwrap_or(date)
    }
}

/// What a rule gives a mail.
struct Given<'a> {
    seq: i64,
    class: &'a NamedClass,
    day: Day,
    rule: i64,
    passed: String,
}

fn joined(keys: &BTreeSet<i64>) -> String {
    keys.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

/// Classes rules make longer, and never shorter. What a person decided is changed only by rules that did not fit then.
fn given<'a>(retention: &'a Retention, batch: &Batch) -> Vec<Given<'a>> {
    let bank = retention.is_bank();
    let mut found = Vec::new();
    for (seq, message, date, kind) in &batch.mails {
        let date = retention.day(*date);
        let before = batch.kept.get(seq);
        // A twin begins with what a person decided of its message.
        let of_message = batch.kept.get(message).filter(|kept| before.is_none() && kept.rule == 0);
        let known = before.or(of_message);
        let passed = known.map(|kept| kept.passed.clone()).unwrap_or_default();
        let fitting = batch.fitting((*seq, *message, *kind), &retention.rules);
        let classes = fitting.iter().filter(|rule| !passed.contains(&rule.key)).filter_map(|rule| {
            let class = retention.class(rule.class)?;
            Some((rule.key, class, batch.start(class, *seq, date)))
        });
        let mut rules: BTreeMap<i64, i64> = BTreeMap::new();
        let mut candidates = Vec::new();
        let current = known.and_then(|kept| Some((retention.class(kept.class)?, kept.day)));
        candidates.extend(current);
        for (rule, class, day) in classes {
            rules.entry(class.class.key).or_insert(rule);
            candidates.push((class, day));
        }
        let best = longest(bank, candidates.iter().map(|(class, day)| (&class.class, *day)));
        let Some((best, day)) = best else {
            // That it needs none was said of the message.
            continue;
        };
        let same = known.is_some_and(|kept| kept.class == best.key && kept.day == day);
        if same && before.is_some() {
            continue;
        }
        let Some(class) = retention.class(best.key) else { continue };
        let rule = if same { 0 } else { rules.get(&best.key).copied().unwrap_or_default() };
        found.push(Given { seq: *seq, class, day, rule, passed: joined(&passed) });
    }
    found
}

fn write(tx: &Tx<'_>, retention: &Retention, given: &[Given<'_>], now: UnixMillis) -> Result<()> {
    let seqs: Vec<i64> = given.iter().map(|given| given.seq).collect();
    let mails = rows::mail_ids(tx, &seqs)?;
    let mut rows = Rows::new(8, given.len());
    let mut leaves = Vec::with_capacity(given.len());
    for one in given {
        let Given { seq, class, day, rule, passed } = one;
        rows.push(args![*seq, class.class.key, i64::from(day.0), *rule, "", "", now, passed]);
        let Some(mail) = mails.get(seq) else { continue };
        let name = retention.rules.iter().find(|known| known.key == *rule).map(|rule| rule.name.as_str());
        leaves.push(leaf(*mail, retention, Some((class, *day)), json!({ "by": BY_RULE, "rule": name }), now));
    }
    tx.bulk(&PUT, &rows)?;
    log_leaves::append(tx, &leaves)
}

/// The leaf of a class. `why`: an object with who set it.
fn leaf(
    mail: MailId,
    retention: &Retention,
    class: Option<(&NamedClass, Day)>,
    mut why: serde_json::Value,
    now: UnixMillis,
) -> NewLeaf {
    why["mail"] = json!(mail.to_string());
    why["class"] = json!(class.map(|(class, _)| class.shown()));
    // So that it can be done again where the class itself is lost.
    why["period"] = json!(class.map(|(class, _)| json!({
        "months": class.class.months, "bank_months": class.class.bank_months, "start": class.class.start.as_str(),
    })));
    why["begins"] = json!(class.map(|(_, day)| day.to_string()));
    why["until"] = match class.map(|(class, day)| class.class.last_day(retention.is_bank(), day)) {
        Some(Some(last)) => json!(last.to_string()),
        Some(None) => json!("unlimited"),
        None => serde_json::Value::Null,
    };
    NewLeaf { kind: LeafKind::Class, at: now, subject: Some(mail), payload: why.to_string() }
}

/// Payload of the leaf of a class.
#[derive(Deserialize)]
struct Told {
    mail: String,
    class: Option<String>,
    begins: Option<String>,
    period: Option<Period>,
    by: String,
    rule: Option<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    passed: Vec<String>,
}

#[derive(Deserialize)]
struct Period {
    months: Option<u32>,
    bank_months: Option<u32>,
    start: String,
}

/// Number of a rule that is not known any more.
const GONE: i64 = -1;

/// Gives a mail again the class that a leaf tells of, and makes the class if it is lost; `false` if the mail is not here. `None`: there is
/// nothing to be done.
///
/// `loaded`: what is set, between leaves that change nothing of it.
pub(crate) fn replay(
    tx: &Tx<'_>,
    loaded: &mut Option<Retention>,
    payload: &[u8],
    at: UnixMillis,
) -> Result<Option<bool>> {
    let Ok(told) = serde_json::from_slice::<Told>(payload) else { return Ok(None) };
    let Ok(mail) = told.mail.parse::<MailId>() else { return Ok(None) };
    let Some(seq) = rows::mail_numbers(tx, &[mail])?.remove(&mail) else { return Ok(Some(false)) };
    let retention = match loaded.take() {
        Some(loaded) => loaded,
        None => retention::load(tx)?,
    };
    let mut is_new = false;
    let class = match &told.class {
        None => 0,
        Some(name) => {
            if let Some(known) = retention.classes.iter().find(|known| known.shown() == name) {
                known.class.key
            } else {
                let Some(period) = told.period else { return Ok(None) };
                let Some(start) = Start::from_word(&period.start) else { return Ok(None) };
                let class = Class { key: 0, months: period.months, bank_months: period.bank_months, start };
                is_new = true;
                retention::add_class(tx, &NamedClass { class, word: String::new(), name: name.clone() })?
            }
        }
    };
    let day = match told.begins.as_deref().and_then(Day::of_text) {
        Some(day) => day,
        None => retention.day(tx.first(&DATE, &[seq.into()], |row| row.opt_time(0))?.flatten().unwrap_or(at)),
    };
    let named = |name: &String| retention.rules.iter().find(|rule| rule.name == *name).map(|rule| rule.key);
    let by_rule = told.by == BY_RULE;
    let rule = if by_rule { told.rule.as_ref().and_then(named).unwrap_or(GONE) } else { 0 };
    let passed = joined(&told.passed.iter().filter_map(named).collect());
    *loaded = Some(retention).filter(|_| !is_new);
    let actor = if by_rule { "" } else { told.by.as_str() };
    let mut rows = Rows::new(8, 1);
    rows.push(args![seq, class, i64::from(day.0), rule, actor, &told.reason, at, &passed]);
    tx.bulk(&PUT, &rows)?;
    Ok(Some(true))
}

/// Whether something is kept for a shorter time by `new` than by `old`.
fn is_shorter(retention: &Retention, new: Option<(&NamedClass, Day)>, old: (&NamedClass, Day)) -> bool {
    let last = |(class, day): (&NamedClass, Day)| class.class.last_day(retention.is_bank(), day);
    match (new.map(last), last(old)) {
        (None, _) | (Some(Some(_)), None) => true,
        (Some(Some(new)), Some(old)) => new < old,
        (Some(None), _) => false,
    }
}

/// From now on rules look at what changes: without rules nobody has looked so far.
pub(crate) fn begin(tx: &Tx<'_>) -> Result<()> {
    let last = tx.int(&LAST_CHANGE, &[])?;
    tx.exec(&SET_SEEN, &args![last]).map(drop)
}

/// From now on rules look at every mail again.
pub(crate) fn begin_anew(tx: &Tx<'_>) -> Result<()> {
    tx.exec(&SET_SEEN, &args![0_i64]).map(drop)
}

/// The class of mails as it is shown.
pub(crate) fn shown(tx: &Tx<'_>, mails: &[i64]) -> Result<Vec<KeptMail>> {
    let retention = retention::load(tx)?;
    let (bank, suspensions) = (retention.is_bank(), &retention.suspensions);
    let mut found: Vec<KeptMail> = kept_of(tx, mails)?
        .into_iter()
        .map(|(seq, kept)| {
            let class = retention.class(kept.class).cloned();
            let until = class.as_ref().map(|class| class.class.until(bank, kept.day, suspensions));
            let rule = retention.rules.iter().find(|rule| rule.key == kept.rule);
            let gone = || String::from("—");
            let rule = (kept.rule != 0).then(|| rule.map_or_else(gone, |rule| rule.name.clone()));
            KeptMail { seq, class, day: kept.day, until, rule, reason: kept.reason, at: kept.at }
        })
        .collect();
    found.sort_by_key(|kept| kept.seq);
    Ok(found)
}

impl Store {
    /// Why these mails may not be erased now; those that may, and those that are not here, are missing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn keeps(&self, mails: &[MailId], now: UnixMillis) -> Result<HashMap<MailId, Vec<Keeps>>> {
        self.read(|tx| {
            let known = rows::mail_numbers(tx, mails)?;
            let seqs: Vec<i64> = known.values().copied().collect();
            let mut keeps = keeping(tx, &seqs, now)?;
            Ok(known.into_iter().filter_map(|(mail, seq)| Some((mail, keeps.remove(&seq)?))).collect())
        })
    }

    /// Asks rules about the next mails that changed, at most `limit`. Without rules there is nothing to do.
    ///
    /// # Errors
    /// Those of the database.
    pub fn apply_retention(&self, limit: usize, now: UnixMillis) -> Result<KeptProgress> {
        let waiting = self
            .read(|tx| Ok(retention::has_rules(tx)? && tx.int(&LAST_CHANGE, &[])? > tx.int(&SEEN, &[])?))?;
        if !waiting {
            return Ok(KeptProgress::default());
        }
        let store = self.clone();
        self.write_batch(move |tx| {
            let retention = retention::load(tx)?;
            let seen = tx.int(&SEEN, &[])?;
            let next = tx.query(&NEXT, &args![seen, limit as i64], |row| Ok((row.int(0)?, row.int(1)?)))?;
            let Some((_, last)) = next.last() else {
                begin(tx)?;
                return Ok(KeptProgress::default());
            };
            let seqs: Vec<i64> = next.iter().map(|(seq, _)| *seq).collect();
            let batch = store.kept_batch(tx, &seqs, &retention.rules)?;
            let given = given(&retention, &batch);
            tx.exec(&SET_SEEN, &args![*last])?;
            write(tx, &retention, &given, now)?;
            Ok(KeptProgress {
                looked: next.len() as u64,
                changed: given.len() as u64,
                more: next.len() == limit,
            })
        })
    }

    /// What the rules would do with the newest mails, at most `looked_max`. Changes nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn preview_retention(&self, looked_max: u64) -> Result<RulesPreview> {
        let mut preview = RulesPreview { more: true, ..RulesPreview::default() };
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        let mut before = i64::MAX;
        while preview.more && preview.looked < looked_max {
            let step = self.read(|tx| {
                let retention = retention::load(tx)?;
                let seqs = tx.query(&NEWEST, &args![before, 1000_i64], |row| row.int(0))?;
                let batch = self.kept_batch(tx, &seqs, &retention.rules)?;
                let rules: Vec<i64> = given(&retention, &batch).iter().map(|given| given.rule).collect();
                Ok((seqs, rules))
            })?;
            let (seqs, rules) = step;
            preview.looked += seqs.len() as u64;
            preview.more = seqs.len() == 1000;
            before = seqs.last().copied().unwrap_or(before);
            for rule in rules.into_iter().filter(|rule| *rule != 0) {
                *counts.entry(rule).or_default() += 1;
            }
        }
        preview.rules = counts.into_iter().collect();
        Ok(preview)
    }

    /// A person gives the messages of these mails a class, or says that they need none (`None`), and may make the time shorter or
    /// not; mails the scope does not allow are left out. Gives how many mails are meant.
    ///
    /// # Errors
    /// `Missing` class; `Exists` (`retention shorter`) if a mail would be kept for a shorter time and that is not allowed.
    pub fn set_retention_class(
        &self,
        scope: &Scope,
        mails: &[MailId],
        (class, may_shorten): (Option<i64>, bool),
        reason: String,
        actor: LinkActor,
        now: UnixMillis,
    ) -> Result<u64> {
        let (scope, keys, store) = (scope.clone(), self.keys().clone(), self.clone());
        let ids: Vec<[u8; 16]> = mails.iter().map(|mail| *mail.octets()).collect();
        self.write_batch(move |tx| {
            let retention = retention::load(tx)?;
            let class = class.map(|key| retention.known_class(key)).transpose()?;
            let scope = keys.scope(tx, &scope)?;
            let octets: Vec<&[u8]> = ids.iter().map(<[u8; 16]>::as_slice).collect();
            let messages = tx.query(&MESSAGES_OF, &[Arg::Blobs(&octets)], |row| row.int(0))?;
            let allowed: Vec<i64> = rows::visible(tx, &scope, &messages)?.into_keys().collect();
            let seqs = with_twins(tx, &allowed)?;
            let batch = store.kept_batch(tx, &seqs, &retention.rules)?;
            let ids = rows::mail_ids(tx, &seqs)?;
            let mut rows = Rows::new(8, batch.mails.len());
            let mut leaves = Vec::with_capacity(batch.mails.len());
            for (seq, message, date, kind) in &batch.mails {
                let fitting = batch.fitting((*seq, *message, *kind), &retention.rules);
                let passed: BTreeSet<i64> = fitting.iter().map(|rule| rule.key).collect();
                let date = retention.day(*date);
                let day = class.map_or(date, |class| batch.start(class, *seq, date));
                let key = class.map_or(0, |class| class.class.key);
                let current =
                    batch.kept.get(seq).and_then(|kept| Some((retention.class(kept.class)?, kept.day)));
                if !may_shorten
                    && current.is_some_and(|current| is_shorter(&retention, class.map(|c| (c, day)), current))
                {
                    return Err(StoreError::Exists { what: "retention shorter" });
                }
                let (days, passed) = (i64::from(day.0), joined(&passed));
                rows.push(args![*seq, key, days, 0_i64, actor.id.clone(), reason.clone(), now, passed]);
                let Some(mail) = ids.get(seq) else { continue };
                let passed: Vec<&str> = fitting.iter().map(|rule| rule.name.as_str()).collect();
                let why = json!({ "by": actor.id, "user": actor.name, "reason": reason, "passed": passed });
                leaves.push(leaf(*mail, &retention, class.map(|class| (class, day)), why, now));
            }
            tx.bulk(&PUT, &rows)?;
            log_leaves::append(tx, &leaves)?;
            Ok(batch.mails.len() as u64)
        })
    }
}
