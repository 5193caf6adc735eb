//! Which records messages are filed under, and why: written when a message is filed, and again when records arrive later.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use link::{Decision, Directory, Earlier, Had, History, Link, Mail, Outcome, Settings, Step, StepOutcome};
use model::{Address, How, MailFacts, RecordKey, RecordKind, UnixMillis, Verdict};

use crate::addresses::{self, AddressRole};
use crate::codec;
use crate::db::Tx;
use crate::entries;
use crate::error::{Result, StoreError};
use crate::extra_addresses::{self, Taught};
use crate::filing::message_id_hash;
use crate::keys::ALL_MAIL;
use crate::link_codec;
use crate::log_leaves;
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::Store;
use crate::tags;
use crate::value::{Arg, Row, Rows, args};

/// What decides, at one moment.
#[derive(Clone)]
pub struct Linking {
    /// All records.
    pub directory: Arc<RwLock<Directory>>,
    /// How is decided where the rules leave a choice, and who is ignored.
    pub settings: Arc<Settings>,
    /// When.
    pub now: UnixMillis,
}

/// A link of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// Kind of the record.
    pub kind: RecordKind,
    /// Its key.
    pub key: RecordKey,
    /// Its number.
    pub number: String,
    /// How the message came to it.
    pub how: How,
    /// Set by a rule, not by a person.
    pub by_rule: bool,
}

/// What was decided of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What became of it.
    pub outcome: Outcome,
    /// A person has set or removed a link, or said that it needs none.
    pub by_person: bool,
    /// Its sender is unknown to its thread; where it begins one, to the ERP.
    pub stranger: bool,
    /// When.
    pub since: UnixMillis,
    /// Every step taken.
    pub trace: Vec<Step>,
}

/// Number of a message that is not written yet; it comes behind all others.
const DRAFT: i64 = i64::MAX;

/// A mail that is about to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its author, as written.
    pub from: String,
    /// Addresses in To and Cc, as written.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Numbers and addresses in subject and body.
    pub facts: MailFacts,
    /// Ids of the mails it answers, without angle brackets.
    pub answers: Vec<String>,
}

/// What a rerun did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relinked {
    /// Messages looked at.
    pub seen: u64,
    /// Messages that have links now.
    pub linked: u64,
    /// The last one looked at: where the next call goes on; `None` at the end.
    pub next: Option<(UnixMillis, i64)>,
}

/// A message to be decided on.
pub(crate) struct Open<'a> {
    pub(crate) message: i64,
    pub(crate) thread: i64,
    pub(crate) date: UnixMillis,
    pub(crate) subject: &'a str,
    pub(crate) from: Vec<&'a str>,
    pub(crate) to: Vec<&'a str>,
    pub(crate) facts: &'a MailFacts,
    /// What else it may teach of its contact; of mails that are looked at again nothing is learnt.
    pub(crate) sent: Option<OpenSent<'a>>,
    /// Records that signed references in it name.
    pub(crate) references: Vec<(RecordKind, String)>,
}

/// What a mail is besides what decides where it belongs.
pub(crate) struct OpenSent<'a> {
    pub(crate) name: &'a str,
    pub(crate) sender: Option<&'a str>,
    pub(crate) reply_to: Vec<&'a str>,
    pub(crate) verdict: &'a Verdict,
}

statements! {
    /// Threads of several messages; a message alone has no history.
    PAST = "SELECT thread, seq, date FROM mails WHERE thread = ANY($1) AND message_seq = seq";
    OF_MESSAGES = "SELECT l.message, r.kind, l.record, r.number, l.how, l.rule, l.removed FROM links l \
        JOIN records r ON r.key = l.record WHERE l.message = ANY($1) ORDER BY l.message, r.kind, r.number";
    DENIED_ANY = "SELECT record FROM link_denials LIMIT 1";
    DENIED_THREADS = "SELECT thread, record FROM link_denials WHERE thread > 0 AND thread = ANY($1)";
    DENIED_ADDRESSES [Text] = "WITH v(address) AS ({rows}) SELECT d.address, d.record FROM v \
        JOIN link_denials d ON d.address = v.address AND d.address <> ''";
    ADD [Int, Int, Int, Int, Int] = "WITH v(message, record, how, at, removed) AS ({rows}) \
        INSERT INTO links (message, record, how, rule, actor, at, batch, removed, remover) \
        SELECT message, record, how, 1, 'rule', at, 0, removed, \
        CASE WHEN removed IS NULL THEN NULL ELSE 'rule' END FROM v WHERE TRUE ON CONFLICT (message, record) DO NOTHING";
    DECIDE [Int, Int, Int, Int, Int, Int, Blob] = "WITH v(message, outcome, step, stranger, since, version, trace) \
        AS ({rows}) INSERT INTO decisions (message, outcome, step, person, stranger, since, version, trace) \
        SELECT message, outcome, step, 0, stranger, since, version, trace FROM v WHERE TRUE \
        ON CONFLICT (message) DO UPDATE SET outcome = excluded.outcome, step = excluded.step, \
        stranger = excluded.stranger, version = excluded.version, trace = excluded.trace WHERE decisions.person = 0";
    DROP_SUGGESTIONS = "DELETE FROM link_suggestions WHERE message = ANY($1)";
    SUGGEST [Int, Int, Int] = "WITH v(message, record, why) AS ({rows}) \
        INSERT INTO link_suggestions (message, record, why) SELECT message, record, why FROM v WHERE TRUE \
        ON CONFLICT (message, record) DO NOTHING";
    DECIDED = "SELECT outcome, person, stranger, since, version, trace FROM decisions WHERE message = $1";
    FACTS = "SELECT f.version, f.facts FROM mails m JOIN facts f ON f.seq = m.seq WHERE m.mail_id = $1";
    MESSAGE_OF = "SELECT COALESCE(message_seq, seq) FROM mails WHERE mail_id = $1";
    LOAD = "SELECT m.seq, m.thread, m.date, h.subject, f.version, f.facts FROM mails m \
        JOIN heads h ON h.seq = m.seq JOIN facts f ON f.seq = m.seq \
        WHERE m.seq = ANY($1) AND m.message_seq = m.seq AND m.thread IS NOT NULL AND m.date IS NOT NULL";
    OPEN = "SELECT e.date, e.message_seq, d.outcome FROM entries e LEFT JOIN decisions d ON d.message = e.message_seq \
        WHERE e.list = $1 AND (e.date, e.message_seq) > ($2, $3) \
        AND (d.message IS NULL OR (d.person = 0 AND d.outcome > 1)) ORDER BY e.date, e.message_seq LIMIT $4";
    IGNORED = "SELECT address FROM accounts WHERE address IS NOT NULL UNION SELECT login FROM accounts WHERE login LIKE '%@%' \
        UNION SELECT email FROM users UNION SELECT from_address FROM smtp_accounts UNION SELECT entry FROM link_blocklist";
    OPEN_ONE = "SELECT m.date, m.seq, d.outcome FROM mails m LEFT JOIN decisions d ON d.message = m.seq \
        WHERE m.seq = $1 AND m.date IS NOT NULL AND (d.message IS NULL OR (d.person = 0 AND d.outcome > 1))";
    FORGET_LINKS = "DELETE FROM links WHERE message > $1 AND message <= $2 AND rule = 1 AND NOT EXISTS \
        (SELECT 1 FROM decisions d WHERE d.message = links.message AND d.person = 1)";
    FORGET_DECISIONS = "DELETE FROM decisions WHERE message > $1 AND message <= $2 AND person = 0";
    FORGET_SUGGESTIONS = "DELETE FROM link_suggestions WHERE message > $1 AND message <= $2";
    FOLLOW_LINKS [Int, Int] = "WITH v(was, message) AS ({rows}) INSERT INTO links (message, record, how, rule, actor, at, \
        batch, removed, remover) SELECT v.message, l.record, MIN(l.how), MIN(l.rule), MIN(l.actor), MIN(l.at), MIN(l.batch), \
        MIN(l.removed), MIN(l.remover) FROM v JOIN links l ON l.message = v.was GROUP BY v.message, l.record \
        ON CONFLICT (message, record) DO NOTHING";
    FOLLOW_DECISIONS [Int, Int] = "WITH v(was, message) AS ({rows}) INSERT INTO decisions (message, outcome, step, person, \
        stranger, since, version, trace) SELECT v.message, d.outcome, d.step, d.person, d.stranger, d.since, d.version, \
        d.trace FROM v JOIN decisions d ON d.message = v.was WHERE TRUE ON CONFLICT (message) DO NOTHING";
    FOLLOW_DOCUMENTS [Int, Int] = "WITH v(was, message) AS ({rows}) INSERT INTO documents (record, message, part, folder, \
        actor, at) SELECT d.record, v.message, d.part, d.folder, MIN(d.actor), MIN(d.at) FROM v \
        JOIN documents d ON d.message = v.was GROUP BY d.record, v.message, d.part, d.folder \
        ON CONFLICT (record, message, part, folder) DO NOTHING";
    LEAVE_DOCUMENTS = "DELETE FROM documents WHERE message = ANY($1)";
    REFER [Int, Int] = "WITH v(message, record) AS ({rows}) INSERT INTO message_references (message, record) \
        SELECT message, record FROM v WHERE TRUE ON CONFLICT (message, record) DO NOTHING";
    REFERRED = "SELECT f.message, r.kind, r.number FROM message_references f JOIN records r ON r.key = f.record \
        WHERE f.message = ANY($1) ORDER BY f.message, r.kind, r.number";
    THREAD_OF [Int] = "WITH v(hash) AS ({rows}) SELECT m.thread FROM v JOIN heads h ON h.message_id_hash = v.hash \
        JOIN mails m ON m.seq = h.seq WHERE m.thread IS NOT NULL ORDER BY m.seq LIMIT 1";
    LEAVE_LINKS = "DELETE FROM links WHERE message = ANY($1)";
    LEAVE_DECISIONS = "DELETE FROM decisions WHERE message = ANY($1)";
}

/// A link with its message; the last one says whether it was removed.
fn link_row(row: &Row<'_>) -> Result<(i64, LinkRow, bool)> {
    let link = LinkRow {
        kind: from_list(&RecordKind::ALL, row.int(1)?, "record kind")?,
        key: RecordKey(row.int(2)?),
        number: row.text(3)?,
        how: from_list(&How::ALL, row.int(4)?, "way to a record")?,
        by_rule: row.bool(5)?,
    };
    Ok((row.int(0)?, link, row.opt_int(6)?.is_some()))
}

/// An earlier mail of a thread.
#[derive(Default)]
struct Past {
    date: UnixMillis,
    message: i64,
    earlier: Earlier,
    /// Everybody in it, as they are compared.
    people: BTreeSet<String>,
}

/// The earlier mails of threads, by thread, ascending by date.
#[derive(Default)]
struct Pasts(HashMap<i64, Vec<Past>>);

impl Pasts {
    /// `replayed`: what was decided of earlier mails of a replay, instead of what is stored.
    fn load(tx: &Tx<'_>, open: &[Open<'_>], replayed: &HashMap<i64, Earlier>) -> Result<Self> {
        let mut threads: Vec<i64> = open.iter().map(|open| open.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        let mut of: HashMap<i64, Vec<Past>> = HashMap::new();
        for (thread, message, date) in tx.query(&PAST, &[Arg::Ints(&threads)], |row| {
            Ok((row.int(0)?, row.int(1)?, row.opt_time(2)?.unwrap_or_default()))
        })? {
            of.entry(thread).or_default().push(Past { date, message, ..Past::default() });
        }
        // A mail alone has no history, unless another one is about to be written behind it.
        of.retain(|_, past| {
            past.len() > 1 || past.iter().any(|past| open.iter().all(|o| o.message != past.message))
        });
        let messages: Vec<i64> = of.values().flatten().map(|past| past.message).collect();
        if messages.is_empty() {
            return Ok(Self(of));
        }
        let mut links: HashMap<i64, Earlier> = HashMap::new();
        for (message, link, removed) in tx.query(&OF_MESSAGES, &[Arg::Ints(&messages)], link_row)? {
            let earlier = links.entry(message).or_default();
            let by_rule = link.by_rule;
            let link = Link { kind: link.kind, key: link.key, number: link.number, how: link.how };
            match removed {
                false => earlier.links.push(link),
                true if by_rule => earlier.removed.push(link),
                true => {}
            }
        }
        let mut people = addresses::of_mails(tx, &messages, None)?;
        for past in of.values_mut().flatten() {
            let stored = links.remove(&past.message);
            past.earlier = replayed.get(&past.message).cloned().or(stored).unwrap_or_default();
            let people = people.remove(&past.message).unwrap_or_default();
            past.people =
                people.into_iter().map(|(_, address)| link::normal_address(&address.addr_spec)).collect();
        }
        for past in of.values_mut() {
            past.sort_by_key(|past| (past.date, past.message));
        }
        Ok(Self(of))
    }

    /// Decides with what came before, and notes the decision for what comes behind, if it `counts`.
    fn decide(
        &mut self,
        open: &Open<'_>,
        linking: &Deciding<'_>,
        denied: &[RecordKey],
        counts: bool,
    ) -> Decision {
        let past = self.0.get_mut(&open.thread);
        let (before, own) = match &past {
            None => (&[][..], None),
            Some(past) => {
                let comes = |p: &Past| (p.date, p.message) < (open.date, open.message);
                let end = past.partition_point(|past| open.message == DRAFT || comes(past));
                (&past[..end], past.iter().position(|p| p.message == open.message))
            }
        };
        let filed: Vec<&Earlier> = before.iter().map(|past| &past.earlier).collect();
        let knows_sender = open.from.iter().any(|from| {
            let from = link::normal_address(from);
            before.iter().any(|past| past.people.contains(&from))
        });
        let mail = Mail {
            from: &open.from,
            to: &open.to,
            facts: open.facts,
            date: open.date,
            is_forward: link::is_forward(open.subject),
            history: History { mails: before.len(), filed: &filed, knows_sender },
            had: Had::default(),
            denied,
            known_by: linking.known_when_it_came.then_some(open.date),
            references: &open.references,
        };
        let decision = link::decide(&mail, linking.directory, linking.settings);
        if let (Some(past), Some(own), true) = (past, own, counts) {
            past[own].earlier = Earlier { links: decision.links.clone(), removed: decision.removals.clone() };
        }
        decision
    }
}

/// What decides, held for a batch.
pub(crate) struct Deciding<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) settings: &'a Settings,
    /// Only records that were known when the mail was written count.
    pub(crate) known_when_it_came: bool,
}

/// What persons do not want, by message.
fn denials(tx: &Tx<'_>, open: &[Open<'_>]) -> Result<HashMap<i64, Vec<RecordKey>>> {
    let mut of = HashMap::new();
    if tx.first(&DENIED_ANY, &[], |row| row.int(0))?.is_none() {
        return Ok(of);
    }
    let threads: Vec<i64> = open.iter().map(|open| open.thread).collect();
    let people = |open: &Open<'_>| {
        let people = open.from.iter().chain(&open.to);
        people.map(|address| link::normal_address(address)).collect::<Vec<_>>()
    };
    let all: BTreeSet<String> = open.iter().flat_map(people).collect();
    let mut rows = Rows::new(1, all.len());
    for address in &all {
        rows.push(args![address]);
    }
    let of_threads =
        tx.query(&DENIED_THREADS, &[Arg::Ints(&threads)], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let of_addresses = tx.bulk_query(&DENIED_ADDRESSES, &rows, |row| Ok((row.text(0)?, row.int(1)?)))?;
    for open in open {
        let people = people(open);
        let by_thread = of_threads.iter().filter(|(thread, _)| *thread == open.thread).map(|(_, key)| *key);
        let by_address = of_addresses.iter().filter(|(a, _)| people.contains(a)).map(|(_, key)| *key);
        let denied: Vec<RecordKey> = by_thread.chain(by_address).map(RecordKey).collect();
        if !denied.is_empty() {
            of.insert(open.message, denied);
        }
    }
    Ok(of)
}

/// Decides on messages in the order of their dates, each with what was decided of those before; in that order.
pub(crate) fn decide(
    tx: &Tx<'_>,
    open: &mut [Open<'_>],
    deciding: &Deciding<'_>,
) -> Result<Vec<(i64, Decision)>> {
    decide_beside(tx, open, deciding, &HashMap::new(), &BTreeSet::new())
}

/// The same, where earlier mails count as they were decided in a replay, and some of these as they are stored, whatever is
/// decided of them.
pub(crate) fn decide_beside(
    tx: &Tx<'_>,
    open: &mut [Open<'_>],
    deciding: &Deciding<'_>,
    replayed: &HashMap<i64, Earlier>,
    settled: &BTreeSet<i64>,
) -> Result<Vec<(i64, Decision)>> {
    open.sort_by_key(|open| (open.date, open.message));
    let mut pasts = Pasts::load(tx, open, replayed)?;
    let denied = denials(tx, open)?;
    let of = |message| denied.get(&message).map_or(&[][..], Vec::as_slice);
    let decided = open.iter().map(|open| {
        let is_settled = settled.contains(&open.message);
        (open.message, pasts.decide(open, deciding, of(open.message), !is_settled))
    });
    Ok(decided.collect())
}

/// Writes decisions, links, removals that were handed over, and suggestions.
pub(crate) fn write(tx: &Tx<'_>, decided: &[(i64, Decision)], now: UnixMillis) -> Result<()> {
    let (mut links, mut rows, mut suggestions) =
        (Rows::new(5, decided.len()), Rows::new(7, decided.len()), Rows::new(3, 0));
    for (message, decision) in decided {
        for link in &decision.links {
            links.push(args![*message, link.key.0, link.how as i64, now, None::<UnixMillis>]);
        }
        for link in &decision.removals {
            links.push(args![*message, link.key.0, How::History as i64, now, Some(now)]);
        }
        for suggestion in &decision.suggestions {
            suggestions.push(args![*message, suggestion.key.0, suggestion.why as i64]);
        }
        let ambiguous = decision.trace.iter().rfind(|step| step.outcome == StepOutcome::Ambiguous);
        rows.push(args![
            *message,
            decision.outcome as i64,
            ambiguous.map_or(0, |step| step.step as i64),
            decision.stranger,
            now,
            link_codec::VERSION,
            link_codec::octets(&decision.trace),
        ]);
    }
    tx.bulk(&ADD, &links)?;
    tx.bulk(&DECIDE, &rows)?;
    tx.bulk(&SUGGEST, &suggestions)?;
    Ok(())
}

/// Decides on messages that are filed now.
pub(crate) fn file(tx: &Tx<'_>, mut open: Vec<Open<'_>>, linking: &Linking) -> Result<()> {
    let directory = linking.directory.read().unwrap_or_else(PoisonError::into_inner);
    let deciding = Deciding { directory: &directory, settings: &linking.settings, known_when_it_came: false };
    let decided = decide(tx, &mut open, &deciding)?;
    write_and_log(tx, &decided, linking.now)?;
    let mut taught = Vec::new();
    // Both are in the order of the dates.
    for (open, (message, decision)) in open.iter().zip(&decided) {
        let Some(sent) = open.sent.as_ref().filter(|_| open.message == *message) else { continue };
        let deputy = sent.verdict.auto_reply.as_ref().and_then(|reply| reply.deputy.as_ref());
        let sent = link::Sent {
            kind: sent.verdict.kind,
            name: sent.name,
            sender: sent.sender,
            reply_to: &sent.reply_to,
            deputy: deputy.map(|deputy| deputy.addr_spec.as_str()),
        };
        let proposals = link::proposals(&open.from, &sent, decision, &directory, &linking.settings);
        taught.extend(proposals.into_iter().map(|proposal| Taught { message: *message, proposal }));
    }
    extra_addresses::teach(tx, &taught, linking.now)
}

/// Notes which records signed references name, and gives them by message.
pub(crate) fn refer(
    tx: &Tx<'_>,
    named: &[(i64, RecordKey)],
) -> Result<HashMap<i64, Vec<(RecordKind, String)>>> {
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let mut rows = Rows::new(2, named.len());
    for (message, record) in named {
        rows.push(args![*message, record.0]);
    }
    tx.bulk(&REFER, &rows)?;
    referred(tx, &named.iter().map(|(message, _)| *message).collect::<Vec<_>>())
}

fn referred(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, Vec<(RecordKind, String)>>> {
    let mut of: HashMap<i64, Vec<(RecordKind, String)>> = HashMap::new();
    let rows = tx.query(&REFERRED, &[Arg::Ints(messages)], |row| {
        Ok((row.int(0)?, from_list(&RecordKind::ALL, row.int(1)?, "record kind")?, row.text(2)?))
    })?;
    for (message, kind, number) in rows {
        of.entry(message).or_default().push((kind, number));
    }
    Ok(of)
}

/// Writes decisions on messages that rules had given no link, and what they are into the log.
fn write_and_log(tx: &Tx<'_>, decided: &[(i64, Decision)], now: UnixMillis) -> Result<()> {
    let linked = |decision: &Decision| !decision.links.is_empty();
    let messages: Vec<i64> = decided.iter().filter(|(_, d)| linked(d)).map(|(message, _)| *message).collect();
    let before =
        if messages.is_empty() { log_leaves::Links::new() } else { log_leaves::links(tx, &messages)? };
    write(tx, decided, now)?;
    if messages.is_empty() { Ok(()) } else { log_leaves::of_rules(tx, &messages, &before, now) }
}

/// Messages whose first mail is another one now keep what is known of them: (mail, was, message).
pub(crate) fn follow(tx: &Tx<'_>, moved: &[(i64, i64, i64)]) -> Result<()> {
    let (rows, gone) = tags::moves(moved);
    tx.bulk(&FOLLOW_LINKS, &rows)?;
    tx.bulk(&FOLLOW_DECISIONS, &rows)?;
    tx.bulk(&FOLLOW_DOCUMENTS, &rows)?;
    if !gone.is_empty() {
        tx.exec(&LEAVE_LINKS, &[Arg::Ints(&gone)])?;
        tx.exec(&LEAVE_DECISIONS, &[Arg::Ints(&gone)])?;
        tx.exec(&LEAVE_DOCUMENTS, &[Arg::Ints(&gone)])?;
    }
    Ok(())
}

/// Forgets what rules decided of a range of messages; what a person had a hand in stays.
pub(crate) fn forget(tx: &Tx<'_>, after: i64, last: i64) -> Result<()> {
    for statement in [&FORGET_LINKS, &FORGET_DECISIONS, &FORGET_SUGGESTIONS] {
        tx.exec(statement, &args![after, last])?;
    }
    Ok(())
}

/// A message as it was stored.
pub(crate) struct Loaded {
    pub(crate) message: i64,
    pub(crate) thread: i64,
    pub(crate) date: UnixMillis,
    pub(crate) subject: String,
    pub(crate) from: Vec<String>,
    to: Vec<String>,
    facts: MailFacts,
    references: Vec<(RecordKind, String)>,
}

impl Loaded {
    pub(crate) fn open(&self) -> Open<'_> {
        Open {
            message: self.message,
            thread: self.thread,
            date: self.date,
            subject: &self.subject,
            from: self.from.iter().map(String::as_str).collect(),
            to: self.to.iter().map(String::as_str).collect(),
            facts: &self.facts,
            sent: None,
            references: self.references.clone(),
        }
    }
}

/// From and To with Cc, in the order in which linking looks at them.
pub(crate) fn header(addresses: &[(AddressRole, Address)]) -> (Vec<&str>, Vec<&str>) {
    let of = |role: AddressRole| {
        addresses.iter().filter(move |(r, _)| *r == role).map(|(_, address)| address.addr_spec.as_str())
    };
    (of(AddressRole::From).collect(), of(AddressRole::To).chain(of(AddressRole::Cc)).collect())
}

pub(crate) fn load(tx: &Tx<'_>, messages: &[i64]) -> Result<Vec<Loaded>> {
    let mut people = addresses::of_mails(tx, messages, None)?;
    let mut references = referred(tx, messages)?;
    tx.query(&LOAD, &[Arg::Ints(messages)], |row| {
        let message = row.int(0)?;
        let people = people.remove(&message).unwrap_or_default();
        let (from, to) = header(&people);
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        Ok(Loaded {
            message,
            thread: row.int(1)?,
            date: row.time(2)?,
            subject: row.text(3)?,
            from: owned(from),
            to: owned(to),
            facts: codec::facts(row.int(4)?, &row.blob(5)?)?.0,
            references: references.remove(&message).unwrap_or_default(),
        })
    })
}

/// Decides again on messages that have no link; only adds.
fn relink(tx: &Tx<'_>, open: &[(UnixMillis, i64, Option<i64>)], linking: &Linking) -> Result<u64> {
    let directory = linking.directory.read().unwrap_or_else(PoisonError::into_inner);
    let deciding = Deciding { directory: &directory, settings: &linking.settings, known_when_it_came: false };
    let messages: Vec<i64> = open.iter().map(|(_, message, _)| *message).collect();
    let loaded = load(tx, &messages)?;
    let mut mails: Vec<Open<'_>> = loaded.iter().map(Loaded::open).collect();
    let mut decided = decide(tx, &mut mails, &deciding)?;
    let was: HashMap<i64, Option<i64>> = open.iter().map(|(_, message, was)| (*message, *was)).collect();
    // What says the same as before is not written again, unless there is something to choose from now.
    decided.retain(|(message, decision)| {
        was.get(message).copied().flatten() != Some(decision.outcome as i64)
            || !decision.suggestions.is_empty()
    });
    let changed: Vec<i64> = decided.iter().map(|(message, _)| *message).collect();
    tx.exec(&DROP_SUGGESTIONS, &[Arg::Ints(&changed)])?;
    write_and_log(tx, &decided, linking.now)?;
    let linked: Vec<i64> = decided
        .iter()
        .filter(|(_, decision)| !decision.links.is_empty())
        .map(|(message, _)| *message)
        .collect();
    entries::touch(tx, &linked)?;
    Ok(linked.len() as u64)
}

impl Store {
    /// Decides again on messages without link that nobody has decided on, dated behind `after`; some hundred a call.
    ///
    /// # Errors
    /// Those of the database.
    pub fn relink(&self, after: (UnixMillis, i64), limit: usize, linking: Linking) -> Result<Relinked> {
        self.write_batch(move |tx| {
            let open = tx.query(&OPEN, &args![ALL_MAIL, after.0, after.1, limit as i64], open_row)?;
            let next =
                open.last().filter(|_| open.len() == limit).map(|(date, message, _)| (*date, *message));
            Ok(Relinked { seen: open.len() as u64, linked: relink(tx, &open, &linking)?, next })
        })
    }

    /// Number of the message a mail belongs to, if it has no link and nobody has decided on it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn unlinked(&self, mail: model::MailId) -> Result<Option<i64>> {
        self.read(|tx| {
            let Some(message) = tx.first(&MESSAGE_OF, &[mail.octets().into()], |row| row.int(0))? else {
                return Ok(None);
            };
            Ok(tx.first(&OPEN_ONE, &[message.into()], open_row)?.map(|(_, message, _)| message))
        })
    }

    /// Decides again on one message, if it has no link and nobody has decided on it; `true` if it has links now.
    ///
    /// # Errors
    /// Those of the database.
    pub fn relink_one(&self, message: i64, linking: Linking) -> Result<bool> {
        self.write(move |tx| {
            let open = tx.query(&OPEN_ONE, &[message.into()], open_row)?;
            Ok(relink(tx, &open, &linking)? > 0)
        })
    }

    /// Decides under which records a mail belongs that is about to be sent, with the history of the thread it answers in.
    /// Writes nothing: when it comes back from the mailbox of those who sent it, it is filed like any other.
    ///
    /// # Errors
    /// Those of the database.
    pub fn decide_draft(&self, draft: &Draft, linking: &Linking) -> Result<Decision> {
        let directory = linking.directory.read().unwrap_or_else(PoisonError::into_inner);
        let deciding =
            Deciding { directory: &directory, settings: &linking.settings, known_when_it_came: false };
        self.read(|tx| {
            let mut hashes = Rows::new(1, draft.answers.len());
            for answered in &draft.answers {
                hashes.push(args![message_id_hash(answered)]);
            }
            let thread = tx.bulk_query(&THREAD_OF, &hashes, |row| row.int(0))?.first().copied();
            let mut open = [Open {
                message: DRAFT,
                thread: thread.unwrap_or(DRAFT),
                date: linking.now,
                subject: &draft.subject,
                from: vec![draft.from.as_str()],
                to: draft.to.iter().map(String::as_str).collect(),
                facts: &draft.facts,
                sent: None,
                references: Vec::new(),
            }];
            let decided = decide(tx, &mut open, &deciding)?.into_iter().next();
            decided.map(|(_, decision)| decision).ok_or(StoreError::Unreadable { what: "draft" })
        })
    }

    /// Addresses and domains that linking ignores: of accounts, users and senders, and of the blocklist.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ignored_addresses(&self) -> Result<Vec<String>> {
        self.read(|tx| tx.query(&IGNORED, &[], |row| row.text(0)))
    }

    /// Links of messages, by number of the message; those that were removed are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub fn links_of(&self, messages: &[i64]) -> Result<HashMap<i64, Vec<LinkRow>>> {
        self.read(|tx| of_messages(tx, messages))
    }

    /// Numbers and addresses in a mail; `None` if it is not filed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mail_facts(&self, mail: model::MailId) -> Result<Option<MailFacts>> {
        self.read(|tx| {
            tx.first(&FACTS, &[mail.octets().into()], |row| Ok(codec::facts(row.int(0)?, &row.blob(1)?)?.0))
        })
    }

    /// What was decided of the message a mail belongs to, and why; `None` if nothing was.
    ///
    /// # Errors
    /// Those of the database.
    pub fn link_decision(&self, mail: model::MailId) -> Result<Option<Decided>> {
        self.read(|tx| {
            let Some(message) = tx.first(&MESSAGE_OF, &[mail.octets().into()], |row| row.int(0))? else {
                return Ok(None);
            };
            tx.first(&DECIDED, &[message.into()], |row| {
                Ok(Decided {
                    outcome: from_list(&Outcome::ALL, row.int(0)?, "outcome of linking")?,
                    by_person: row.bool(1)?,
                    stranger: row.bool(2)?,
                    since: row.time(3)?,
                    trace: link_codec::trace(row.int(4)?, &row.blob(5)?)?,
                })
            })
        })
    }
}

fn open_row(row: &Row<'_>) -> Result<(UnixMillis, i64, Option<i64>)> {
    Ok((row.time(0)?, row.int(1)?, row.opt_int(2)?))
}

/// Links of messages that stand.
pub(crate) fn of_messages(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, Vec<LinkRow>>> {
    let mut of: HashMap<i64, Vec<LinkRow>> = HashMap::new();
    for (message, link, removed) in tx.query(&OF_MESSAGES, &[Arg::Ints(messages)], link_row)? {
        if !removed {
            of.entry(message).or_default().push(link);
        }
    }
    Ok(of)
}
