//! Events of addresses, and what follows from them: state, suppressions, lists left.

use std::collections::{BTreeMap, HashMap};

use model::{Permanence, UnixMillis};
use standing::{Action, Event, EventKind, MailClass, Rule, Settings, Standing, State, Strength};

use crate::address_search;
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::events;
use crate::rule_firings;
use crate::sql::statements;
use crate::store::take;
use crate::value::{Arg, Row, Rows, args};

/// Longest texts kept, octets.
const DIAGNOSTIC_MAX: usize = 600;
const REASON_MAX: usize = 80;
const TRACE_MAX: usize = 4000;
/// Longest address kept, octets.
pub(crate) const ADDRESS_MAX: usize = 320;
/// Standings judged together.
const CHUNK: usize = 200;

/// An event as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressEvent {
    /// Its number.
    pub key: i64,
    /// What happened.
    pub event: Event,
    /// Effective code.
    pub status: Option<String>,
    /// Three digits.
    pub smtp_code: Option<u16>,
    /// Text of the failing server.
    pub diagnostic: Option<String>,
    /// Number of the message it was read from, and which of its reports.
    pub mail: Option<(i64, i64)>,
    /// A user's id; empty if derived.
    pub actor: String,
    /// What the person wrote.
    pub note: String,
    /// How the original was found, a line a step: step, what was found, what was looked at.
    pub trace: String,
}

impl AddressEvent {
    pub(crate) fn derived(event: Event, mail: Option<(i64, i64)>) -> Self {
        Self {
            key: 0,
            event,
            status: None,
            smtp_code: None,
            diagnostic: None,
            mail,
            actor: String::new(),
            note: String::new(),
            trace: String::new(),
        }
    }
}

pub(crate) const PERMANENCES: [Permanence; 3] =
    [Permanence::Unknown, Permanence::Temporary, Permanence::Permanent];

pub(crate) fn class_code(class: Option<MailClass>) -> i64 {
    class.map_or(0, |class| class as i64 + 1)
}

pub(crate) fn class(code: i64) -> Option<MailClass> {
    usize::try_from(code - 1).ok().and_then(|at| MailClass::ALL.get(at).copied())
}

pub(crate) fn permanence_code(permanence: Permanence) -> i64 {
    PERMANENCES.iter().position(|p| *p == permanence).unwrap_or_default() as i64
}

/// Kind, permanence, state and expiry as columns.
pub(crate) fn kind_columns(kind: EventKind) -> (i64, i64, i64, Option<UnixMillis>) {
    match kind {
        EventKind::Failed(permanence) => (0, permanence_code(permanence), 0, None),
        EventKind::Delayed => (1, 0, 0, None),
        EventKind::Delivered => (2, 0, 0, None),
        EventKind::Complained => (3, 0, 0, None),
        EventKind::Unsubscribed => (4, 0, 0, None),
        EventKind::HumanMail => (5, 0, 0, None),
        EventKind::Set { state, expires } => (6, 0, state as i64, expires),
        EventKind::Cleared => (7, 0, 0, None),
    }
}

pub(crate) fn from_list<T: Copy>(list: &[T], code: i64, what: &'static str) -> Result<T> {
    let found = usize::try_from(code).ok().and_then(|at| list.get(at).copied());
    found.ok_or(StoreError::Unreadable { what })
}

pub(crate) fn kind(code: i64, permanence: i64, state: i64, expires: Option<UnixMillis>) -> Result<EventKind> {
    Ok(match code {
        0 => EventKind::Failed(from_list(&PERMANENCES, permanence, "permanence")?),
        1 => EventKind::Delayed,
        2 => EventKind::Delivered,
        3 => EventKind::Complained,
        4 => EventKind::Unsubscribed,
        5 => EventKind::HumanMail,
        6 => EventKind::Set { state: from_list(&State::ALL, state, "state")?, expires },
        7 => EventKind::Cleared,
        _ => return Err(StoreError::Unreadable { what: "event kind" }),
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key, at, kind, permanence, reason, status, smtp_code, diagnostic, strength, mail, n, original, ",
            "class, list, counts, state, expires, actor, note, trace, standing FROM standing_events ",
            $rest
        )
    };
}

statements! {
    INSERT [Int, Int, Int, Int, Int, Text, Text, Int, Text, Int, Int, Int, Int, Int, Int, Int, Int, Int, Text, Text, Text] =
        "WITH v(key, standing, at, kind, permanence, reason, status, smtp_code, diagnostic, strength, mail, n, \
        original, class, list, counts, state, expires, actor, note, trace) AS ({rows}) \
        INSERT INTO standing_events (key, standing, at, kind, permanence, reason, status, smtp_code, diagnostic, \
        strength, mail, n, original, class, list, counts, state, expires, actor, note, trace) \
        SELECT key, standing, at, kind, permanence, reason, status, smtp_code, diagnostic, strength, mail, n, \
        original, class, list, counts, state, expires, actor, note, trace FROM v WHERE TRUE \
        ON CONFLICT (mail, n) WHERE mail IS NOT NULL DO NOTHING";
    OF_STANDINGS = select!("WHERE standing = ANY($1) ORDER BY standing, at, key");
    FORGET = "DELETE FROM standing_events WHERE key = ANY($1)";
    FIND [Text, Int] = "WITH v(folded, list) AS ({rows}) SELECT s.folded, s.list, s.key FROM v \
        JOIN standings s ON s.folded = v.folded AND s.list = v.list";
    ADD [Int, Text, Int] = "WITH v(key, folded, list) AS ({rows}) INSERT INTO standings (key, folded, list, state, \
        reason, failures, soft_recent, hard, weight, total, last) \
        SELECT key, folded, list, 0, 0, 0, 0, 0, 0, 0, 0 FROM v WHERE TRUE";
    COUNT [Int, Int, Int] = "WITH v(key, n, last) AS ({rows}) UPDATE standings SET total = total + v.n, \
        last = CASE WHEN v.last > standings.last THEN v.last ELSE standings.last END FROM v WHERE standings.key = v.key";
    BEFORE = "SELECT key, folded, list, state FROM standings WHERE key = ANY($1) ORDER BY key";
    SETTLE [Int, Int, Int, Int, Int, Int, Int, Int, Int] = "WITH v(key, state, reason, since, expires, failures, \
        soft_recent, hard, weight) AS ({rows}) UPDATE standings SET state = v.state, reason = v.reason, \
        since = v.since, expires = v.expires, failures = v.failures, soft_recent = v.soft_recent, hard = v.hard, \
        weight = v.weight FROM v WHERE standings.key = v.key";
    UNSUPPRESS = "DELETE FROM suppressions WHERE standing = ANY($1) AND origin = 1";
    SUPPRESS [Int, Text, Int, Int, Int, Text, Int] = "WITH v(key, folded, class, list, standing, reason, created) \
        AS ({rows}) INSERT INTO suppressions (key, folded, class, list, origin, standing, reason, actor, created) \
        SELECT key, folded, class, list, 1, standing, reason, 'rule', created FROM v WHERE TRUE \
        ON CONFLICT (folded, class, list, origin) DO NOTHING";
    LEAVE [Text, Int, Int] = "WITH v(folded, list, at) AS ({rows}) UPDATE list_members SET active = 0, \
        since = v.at, actor = 'rule' FROM v WHERE list_members.folded = v.folded AND list_members.active = 1 \
        AND (v.list = 0 OR list_members.list = v.list) AND list_members.since < v.at \
        RETURNING list_members.folded";
}

fn bounded(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// An address as it is kept and compared.
pub(crate) fn folded(address: &str) -> String {
    bounded(address.trim(), ADDRESS_MAX).to_lowercase().replace('\0', "\u{fffd}")
}

/// With the standing it belongs to.
pub(crate) fn address_event(row: &Row<'_>) -> Result<(Option<i64>, AddressEvent)> {
    let list = row.int(13)?;
    let event = Event {
        at: row.time(1)?,
        kind: kind(row.int(2)?, row.int(3)?, row.int(15)?, row.opt_time(16)?)?,
        reason: row.opt_text(4)?,
        strength: from_list(&Strength::ALL, row.int(8)?, "strength")?,
        original: row.opt_int(11)?,
        class: class(row.int(12)?),
        list: (list != 0).then_some(list),
        counts: row.bool(14)?,
    };
    let stored = AddressEvent {
        key: row.int(0)?,
        event,
        status: row.opt_text(5)?,
        smtp_code: row.opt_int(6)?.and_then(|code| u16::try_from(code).ok()),
        diagnostic: row.opt_text(7)?,
        mail: row.opt_int(9)?.zip(row.opt_int(10)?),
        actor: row.text(17)?,
        note: row.text(18)?,
        trace: row.text(19)?,
    };
    Ok((row.opt_int(20)?, stored))
}

/// Writes events; their keys are given here. Those whose mail and number are known already are left out.
pub(crate) fn insert(tx: &Tx<'_>, events: &[(Option<i64>, AddressEvent)]) -> Result<i64> {
    if events.is_empty() {
        return Ok(0);
    }
    let first = take(tx, "row", events.len())?;
    let mut rows = Rows::new(21, events.len());
    let mut counts: BTreeMap<i64, (i64, UnixMillis)> = BTreeMap::new();
    for ((of, stored), key) in events.iter().zip(first..) {
        let event = &stored.event;
        let (kind, permanence, state, expires) = kind_columns(event.kind);
        rows.push(args![
            key,
            *of,
            event.at,
            kind,
            permanence,
            event.reason.as_deref().map(|text| bounded(text, REASON_MAX)),
            stored.status.as_deref().map(|text| bounded(text, REASON_MAX)),
            stored.smtp_code.map(u32::from),
            stored.diagnostic.as_deref().map(|text| bounded(text, DIAGNOSTIC_MAX)),
            event.strength as i64,
            stored.mail.map(|mail| mail.0),
            stored.mail.map(|mail| mail.1),
            event.original,
            class_code(event.class),
            event.list.unwrap_or_default(),
            event.counts,
            state,
            expires,
            &stored.actor,
            bounded(&stored.note, DIAGNOSTIC_MAX),
            bounded(&stored.trace, TRACE_MAX),
        ]);
        if let Some(of) = of {
            let count = counts.entry(*of).or_default();
            let report = i64::from(kind <= 4);
            *count = (count.0 + report, count.1.max(event.at));
        }
    }
    tx.bulk(&INSERT, &rows)?;
    let mut rows = Rows::new(3, counts.len());
    for (key, (n, last)) in counts {
        rows.push(args![key, n, last]);
    }
    tx.bulk(&COUNT, &rows)?;
    Ok(first)
}

/// Keys of the standings of these addresses and lists (0: everywhere); made where there are none.
pub(crate) fn ensure(tx: &Tx<'_>, wanted: &[(String, i64)]) -> Result<HashMap<(String, i64), i64>> {
    let mut known = find(tx, wanted)?;
    let mut new: Vec<&(String, i64)> = wanted.iter().filter(|pair| !known.contains_key(*pair)).collect();
    new.sort_unstable();
    new.dedup();
    if new.is_empty() {
        return Ok(known);
    }
    let first = take(tx, "row", new.len())?;
    let mut rows = Rows::new(3, new.len());
    for ((folded, list), key) in new.iter().zip(first..) {
        rows.push(args![key, folded, *list]);
    }
    tx.bulk(&ADD, &rows)?;
    address_search::add(tx, new.iter().map(|(folded, _)| folded.as_str()).zip(first..))?;
    known.extend(new.into_iter().cloned().zip(first..));
    Ok(known)
}

/// The same without making any.
pub(crate) fn find(tx: &Tx<'_>, wanted: &[(String, i64)]) -> Result<HashMap<(String, i64), i64>> {
    let mut unique: Vec<&(String, i64)> = wanted.iter().collect();
    unique.sort_unstable();
    unique.dedup();
    let mut rows = Rows::new(2, unique.len());
    for (folded, list) in unique {
        rows.push(args![folded, *list]);
    }
    let found = tx.bulk_query(&FIND, &rows, |row| Ok(((row.text(0)?, row.int(1)?), row.int(2)?)))?;
    Ok(found.into_iter().collect())
}

/// What judging needs.
pub(crate) struct Measure {
    pub(crate) settings: Settings,
    pub(crate) rules: Vec<Rule>,
    pub(crate) now: UnixMillis,
    /// News came in: rules tell of it. Otherwise what is known is only judged again.
    pub(crate) fires: bool,
}

/// A state that is another one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) standing: i64,
    pub(crate) folded: String,
    pub(crate) list: i64,
    pub(crate) after: Standing,
}

/// What a rule wants done with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedOfMail {
    pub(crate) mail: i64,
    pub(crate) rule: String,
    pub(crate) action: Action,
}

/// What judging brought.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) changed: Vec<Changed>,
    /// Tags and moves, in the order of the rules.
    pub(crate) wanted: Vec<WantedOfMail>,
}

/// Forgets what is too much, and makes state, suppressions and lists left of these standings anew.
pub(crate) fn judge(tx: &Tx<'_>, standings: &[i64], measure: &Measure) -> Result<Judged> {
    let mut judged = Judged::default();
    for keys in standings.chunks(CHUNK) {
        let before = tx.query(&BEFORE, &[Arg::Ints(keys)], |row| {
            Ok((row.int(0)?, row.text(1)?, row.int(2)?, from_list(&State::ALL, row.int(3)?, "state")?))
        })?;
        let mut events: HashMap<i64, Vec<(Source, Event)>> = HashMap::new();
        for (of, stored) in tx.query(&OF_STANDINGS, &[Arg::Ints(keys)], address_event)? {
            let source = Source { key: stored.key, mail: stored.mail.map(|(seq, _)| seq) };
            events.entry(of.unwrap_or_default()).or_default().push((source, stored.event));
        }
        let mut work = Settled { told: rule_firings::load(tx, keys, measure.fires)?, ..Settled::default() };
        for (key, folded, list, state) in before {
            let (mut sources, mut history): (Vec<Source>, Vec<Event>) =
                events.remove(&key).unwrap_or_default().into_iter().unzip();
            let surplus = standing::surplus(&history);
            work.forget.extend(surplus.iter().filter_map(|at| sources.get(*at)).map(|source| source.key));
            for at in surplus.into_iter().rev() {
                history.remove(at);
                sources.remove(at);
            }
            let after = standing::standing(&history, &measure.settings, measure.now);
            judged.wanted.extend(work.plan(key, &folded, list, (&history, &sources), measure));
            work.rows.push((key, after));
            if after.state != state {
                judged.changed.push(Changed { standing: key, folded, list, after });
            }
        }
        work.write(tx, keys, measure)?;
    }
    Ok(judged)
}

/// Where an event stands, and the mail it was read from.
#[derive(Clone, Copy)]
struct Source {
    key: i64,
    mail: Option<i64>,
}

#[derive(Default)]
struct Settled {
    rows: Vec<(i64, Standing)>,
    forget: Vec<i64>,
    /// Address, class, standing, rule, time.
    stop: Vec<(String, i64, i64, String, UnixMillis)>,
    /// Address, list or 0, time.
    leave: Vec<(String, i64, UnixMillis)>,
    told: rule_firings::Told,
}

impl Settled {
    /// Notes what the rules want of the address; gives what they want of its mails.
    fn plan(
        &mut self,
        key: i64,
        folded: &str,
        list: i64,
        (history, sources): (&[Event], &[Source]),
        measure: &Measure,
    ) -> Vec<WantedOfMail> {
        let mut wanted = Vec::new();
        for planned in standing::plan(history, &measure.rules, measure.now).planned {
            let rule = measure.rules.get(planned.rule).map_or("", |rule| rule.name.as_str());
            match planned.action {
                Action::StopMailing(class) if list == 0 => {
                    let stop = (folded.to_owned(), class_code(class), key, rule.to_owned(), planned.at);
                    self.stop.push(stop);
                }
                Action::LeaveLists { all } => {
                    let lists = if list != 0 { vec![list] } else { planned.lists };
                    if all || lists.is_empty() {
                        self.leave.push((folded.to_owned(), 0, planned.at));
                    } else {
                        self.leave.extend(lists.into_iter().map(|l| (folded.to_owned(), l, planned.at)));
                    }
                }
                Action::Notify | Action::Webhook(_) => {
                    if let Some(rule) = measure.rules.get(planned.rule) {
                        self.told.look(key, folded, rule, &planned, history);
                    }
                }
                Action::Tag(_) | Action::Move(_) => {
                    let mails = planned.because.iter().filter_map(|at| sources.get(*at)?.mail);
                    wanted.extend(mails.map(|mail| WantedOfMail {
                        mail,
                        rule: rule.to_owned(),
                        action: planned.action.clone(),
                    }));
                }
                _ => {}
            }
        }
        wanted
    }

    fn write(self, tx: &Tx<'_>, keys: &[i64], measure: &Measure) -> Result<()> {
        if !self.forget.is_empty() {
            tx.exec(&FORGET, &[Arg::Ints(&self.forget)])?;
        }
        let mut rows = Rows::new(9, self.rows.len());
        for (key, standing) in &self.rows {
            let counters = standing.counters;
            rows.push(args![
                *key,
                standing.state as i64,
                standing.reason as i64,
                standing.since,
                standing.expires,
                counters.failures,
                counters.soft_recent,
                counters.hard,
                counters.weight,
            ]);
        }
        tx.bulk(&SETTLE, &rows)?;
        tx.exec(&UNSUPPRESS, &[Arg::Ints(keys)])?;
        if !self.stop.is_empty() {
            let first = take(tx, "row", self.stop.len())?;
            let mut rows = Rows::new(7, self.stop.len());
            for ((folded, class, standing, rule, at), key) in self.stop.iter().zip(first..) {
                rows.push(args![key, folded, *class, 0_i64, *standing, rule, *at]);
            }
            tx.bulk(&SUPPRESS, &rows)?;
        }
        // One row changes only once in a statement.
        let mut leave = self.leave;
        leave.sort_unstable();
        leave.dedup_by(|a, b| (&a.0, a.1) == (&b.0, b.1));
        let mut rows = Rows::new(3, leave.len());
        for (folded, list, at) in &leave {
            rows.push(args![folded, *list, *at]);
        }
        let mut left = tx.bulk_query(&LEAVE, &rows, |row| row.text(0))?;
        left.sort_unstable();
        left.dedup();
        let log = left.iter().filter(|_| measure.fires).map(|address| {
            let payload = format!("{{\"address\":\"{}\"}}", events::plain(address));
            events::entry(crate::feedback::ACTOR, "list.left", String::new(), payload, measure.now)
        });
        events::append_all(tx, &log.collect::<Vec<_>>())?;
        self.told.write(tx, measure.now)
    }
}
