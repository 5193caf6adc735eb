//! What people decide about links: they set and remove them, say that a mail needs none, and take that back.
//! A person's word stands: rules leave the message alone from then on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{How, MailId, RecordKind, Scope, UnixMillis};

use crate::db::Tx;
use crate::entries;
use crate::error::{Result, StoreError};
use crate::events;
use crate::keys::ScopeKeys;
use crate::link_codec;
use crate::message_links::messages_of;
use crate::records;
use crate::rows;
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};

/// Where a removed link is not to be set again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remember {
    /// On this message.
    #[default]
    Mail,
    /// In the whole thread, its earlier and its later messages.
    Thread,
    /// On later messages of the addresses that connect it with the record; of its sender if none does.
    Address,
}

impl Remember {
    /// The word in the log; nothing for the message alone.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "",
            Self::Thread => "thread",
            Self::Address => "address",
        }
    }

    fn from_word(word: &str) -> Self {
        [Self::Thread, Self::Address]
            .into_iter()
            .find(|remember| remember.as_str() == word)
            .unwrap_or_default()
    }
}

/// What a person wants of some messages. What is set is set after what is removed, so that one act changes a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkWish {
    /// Kind and number of records to link.
    pub set: Vec<(RecordKind, String)>,
    /// Kind and number of records not to be linked; also a way to reject a suggestion.
    pub remove: Vec<(RecordKind, String)>,
    /// Where the removal holds.
    pub remember: Remember,
    /// They need no link: what they have is removed, and they leave the import list.
    pub none: bool,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkActor {
    /// Id of the user.
    pub id: String,
    /// Name, for the event log.
    pub name: String,
}

/// A link as it was, to the number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LinkRow {
    how: i64,
    rule: bool,
    actor: String,
    at: UnixMillis,
    batch: i64,
    removed: Option<UnixMillis>,
    remover: Option<String>,
}

/// Message and record.
type Pair = (i64, i64);

/// What takes an act back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkUndo {
    links: BTreeMap<Pair, (Option<LinkRow>, LinkRow)>,
    /// Messages without a decision before, or with one of rules.
    undecided: Vec<(i64, bool)>,
    denials: Vec<(i64, i64, String)>,
}

/// What an act did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinksChanged {
    /// Messages meant that the scope allows; with [`Remember::Thread`] those of the thread too.
    pub messages: u64,
    /// Takes it back.
    pub undo: LinkUndo,
}

statements! {
    RECORD = "SELECT key, vanished FROM records WHERE kind = $1 AND number = $2";
    RECORD_NAMES = "SELECT key, kind, number FROM records WHERE key = ANY($1)";
    LINKS = "SELECT message, record, how, rule, actor, at, batch, removed, remover FROM links \
        WHERE message = ANY($1) ORDER BY message, record";
    PUT [Int, Int, Int, Int, Text, Int, Int, Int, Text] = "WITH v(message, record, how, rule, actor, at, batch, \
        removed, remover) AS ({rows}) INSERT INTO links (message, record, how, rule, actor, at, batch, removed, \
        remover) SELECT message, record, how, rule, actor, at, batch, removed, remover FROM v WHERE TRUE \
        ON CONFLICT (message, record) DO UPDATE SET how = excluded.how, rule = excluded.rule, \
        actor = excluded.actor, at = excluded.at, batch = excluded.batch, removed = excluded.removed, \
        remover = excluded.remover";
    DROP [Int, Int] = "WITH v(message, record) AS ({rows}) DELETE FROM links \
        WHERE (message, record) IN (SELECT message, record FROM v)";
    DECIDED = "SELECT message, person FROM decisions WHERE message = ANY($1)";
    DECIDE [Int, Int, Int, Int, Blob] = "WITH v(message, outcome, since, version, trace) AS ({rows}) INSERT INTO decisions \
        (message, outcome, step, person, stranger, since, version, trace) \
        SELECT message, outcome, 0, 1, 0, since, version, trace FROM v WHERE TRUE \
        ON CONFLICT (message) DO UPDATE SET person = 1";
    UNDECIDE = "UPDATE decisions SET person = 0 WHERE message = ANY($1)";
    FORGET = "DELETE FROM decisions WHERE message = ANY($1)";
    THREADS = "SELECT DISTINCT thread FROM mails WHERE seq = ANY($1) AND thread IS NOT NULL";
    OF_THREADS = "SELECT l.message FROM mails m JOIN links l ON l.message = m.seq WHERE m.thread = ANY($1) \
        AND m.message_seq = m.seq AND l.record = ANY($2) AND l.removed IS NULL ORDER BY l.message";
    DENIALS = "SELECT record, thread, address FROM link_denials WHERE record = ANY($1)";
    DENY [Int, Int, Text, Text, Int] = "WITH v(record, thread, address, actor, at) AS ({rows}) \
        INSERT INTO link_denials (record, thread, address, actor, at) \
        SELECT record, thread, address, actor, at FROM v WHERE TRUE ON CONFLICT (record, thread, address) DO NOTHING";
    ALLOW [Int, Int, Text] = "WITH v(record, thread, address) AS ({rows}) DELETE FROM link_denials \
        WHERE (record, thread, address) IN (SELECT record, thread, address FROM v)";
    /// Addresses of From, To and Cc.
    ADDRESSES = "SELECT l.seq, l.role, a.folded FROM mail_addresses l JOIN addresses a ON a.key = l.address \
        WHERE l.seq = ANY($1) AND l.role < 3 ORDER BY l.seq, l.role, l.n";
    OF_RECORDS = "SELECT record, folded FROM record_addresses WHERE record = ANY($1)";
    OF_THEIR_CONTACTS = "SELECT t.record, a.folded FROM record_relations t \
        JOIN records c ON c.kind = 0 AND c.number = t.number JOIN record_addresses a ON a.record = c.key \
        WHERE t.role = 0 AND t.record = ANY($1)";
}

fn stored(row: &Row<'_>) -> Result<(Pair, LinkRow)> {
    let link = LinkRow {
        how: row.int(2)?,
        rule: row.bool(3)?,
        actor: row.text(4)?,
        at: row.time(5)?,
        batch: row.int(6)?,
        removed: row.opt_time(7)?,
        remover: row.opt_text(8)?,
    };
    Ok(((row.int(0)?, row.int(1)?), link))
}

fn put(tx: &Tx<'_>, links: &[(Pair, &LinkRow)]) -> Result<()> {
    let mut rows = Rows::new(9, links.len());
    for ((message, record), link) in links {
        let (how, rule, actor) = (link.how, link.rule, &link.actor);
        let removal = (link.removed, link.remover.as_ref());
        rows.push(args![*message, *record, how, rule, actor, link.at, link.batch, removal.0, removal.1]);
    }
    tx.bulk(&PUT, &rows).map(drop)
}

/// Keys of records by kind and number.
fn keys_of(tx: &Tx<'_>, wanted: &[(RecordKind, String)], linkable: bool) -> Result<Vec<i64>> {
    let mut keys = Vec::with_capacity(wanted.len());
    for (kind, number) in wanted {
        let found =
            tx.first(&RECORD, &args![*kind as i64, number], |row| Ok((row.int(0)?, row.opt_int(1)?)))?;
        match found {
            Some((key, vanished)) if vanished.is_none() || !linkable => keys.push(key),
            _ => {
                let key = format!("{} {number}", kind.as_str());
                return Err(StoreError::Missing { what: "record", key });
            }
        }
    }
    Ok(keys)
}

/// What is to be denied for later mails, with what is denied already.
fn denials(
    tx: &Tx<'_>,
    wish: Remember,
    messages: &[i64],
    removed: &[i64],
) -> Result<BTreeSet<(i64, i64, String)>> {
    let mut wanted = BTreeSet::new();
    match wish {
        Remember::Mail => return Ok(wanted),
        Remember::Thread => {
            for thread in tx.query(&THREADS, &[Arg::Ints(messages)], |row| row.int(0))? {
                wanted.extend(removed.iter().map(|record| (*record, thread, String::new())));
            }
        }
        Remember::Address => {
            let read = |row: &Row<'_>| Ok((row.int(0)?, row.text(1)?));
            let mut carried = tx.query(&OF_RECORDS, &[Arg::Ints(removed)], read)?;
            carried.extend(tx.query(&OF_THEIR_CONTACTS, &[Arg::Ints(removed)], read)?);
            let carried: BTreeSet<(i64, String)> = carried.into_iter().collect();
            let mut of: HashMap<i64, Vec<(i64, String)>> = HashMap::new();
            for (message, role, address) in tx.query(&ADDRESSES, &[Arg::Ints(messages)], |row| {
                Ok((row.int(0)?, row.int(1)?, link::normal_address(&row.text(2)?)))
            })? {
                of.entry(message).or_default().push((role, address));
            }
            for (record, addresses) in removed.iter().flat_map(|r| of.values().map(move |a| (*r, a))) {
                let joins = |address: &str| carried.contains(&(record, address.to_owned()));
                let any = addresses.iter().any(|(_, address)| joins(address));
                let chosen = addresses.iter().filter(|(role, a)| if any { joins(a) } else { *role == 0 });
                wanted.extend(chosen.map(|(_, address)| (record, 0, address.clone())));
            }
        }
    }
    let known =
        tx.query(&DENIALS, &[Arg::Ints(removed)], |row| Ok((row.int(0)?, row.int(1)?, row.text(2)?)))?;
    for denial in known {
        wanted.remove(&denial);
    }
    Ok(wanted)
}

/// Kind and number of records.
pub(crate) fn record_names(tx: &Tx<'_>, records: &[i64]) -> Result<HashMap<i64, (RecordKind, String)>> {
    let rows = tx.query(&RECORD_NAMES, &[Arg::Ints(records)], |row| {
        let kind = from_list(&RecordKind::ALL, row.int(1)?, "kind of record")?;
        Ok((row.int(0)?, (kind, row.text(2)?)))
    })?;
    Ok(rows.into_iter().collect())
}

/// Writes into the log which links were set and removed, each with its mail and record.
fn tell(
    tx: &Tx<'_>,
    undo: &LinkUndo,
    (back, remember): (bool, Remember),
    actor: &LinkActor,
    now: UnixMillis,
) -> Result<()> {
    let mut messages: Vec<i64> = undo.links.keys().map(|(message, _)| *message).collect();
    messages.extend(undo.undecided.iter().map(|(message, _)| *message));
    let mut records: Vec<i64> = undo.links.keys().map(|(_, record)| *record).collect();
    for list in [&mut messages, &mut records] {
        list.sort_unstable();
        list.dedup();
    }
    let (mails, names) = (rows::mail_ids(tx, &messages)?, record_names(tx, &records)?);
    let user = events::plain(&actor.name);
    let mut entries = Vec::new();
    let mut told = BTreeSet::new();
    for ((message, record), (before, after)) in &undo.links {
        let linked = |link: &LinkRow| link.removed.is_none();
        let was = before.as_ref().is_some_and(linked);
        let (was, is) = if back { (linked(after), was) } else { (was, linked(after)) };
        let kind = match (was, is) {
            (false, true) => "link.set",
            (true, false) => "link.removed",
            _ => "link.refused",
        };
        told.insert(*message);
        let (Some(mail), Some((of_kind, number))) = (mails.get(message), names.get(record)) else { continue };
        let word = of_kind.as_str();
        let number = events::plain(number);
        let remember = match remember.as_str() {
            kept if !kept.is_empty() && kind != "link.set" => format!(",\"remember\":\"{kept}\""),
            _ => String::new(),
        };
        let payload =
            format!("{{\"kind\":\"{word}\",\"number\":\"{number}\",\"user\":\"{user}\"{remember}}}");
        entries.push(events::entry(&actor.id, kind, mail.to_string(), payload, now));
    }
    for (message, _) in undo.undecided.iter().filter(|(message, _)| !told.contains(message)) {
        let Some(mail) = mails.get(message) else { continue };
        let kind = if back { "link.reopened" } else { "link.needless" };
        entries.push(events::entry(
            &actor.id,
            kind,
            mail.to_string(),
            format!("{{\"user\":\"{user}\"}}"),
            now,
        ));
    }
    events::append_all(tx, &entries)
}

/// What an act was, as the log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkDone {
    Set,
    Removed,
    /// Not linked before, and not to be.
    Refused,
    Needless,
    Reopened,
}

/// An act the log tells of.
pub(crate) struct Past<'a> {
    pub(crate) mail: MailId,
    pub(crate) record: Option<(RecordKind, String)>,
    pub(crate) done: LinkDone,
    /// How a rule came to it; `None`: a person did it.
    pub(crate) by_rule: Option<How>,
    pub(crate) actor: &'a str,
    pub(crate) at: UnixMillis,
}

/// Does again what the log tells of; `false` if the mail is not here. A record that is not here comes back by its number
/// only, as one that vanished: its source brings the rest.
pub(crate) fn replay(tx: &Tx<'_>, past: &Past<'_>, remember: &str) -> Result<bool> {
    let Some(message) = messages_of(tx, &[past.mail])?.into_values().next() else { return Ok(false) };
    let at = past.at;
    if past.by_rule.is_none() {
        if past.done == LinkDone::Reopened {
            tx.exec(&UNDECIDE, &[Arg::Ints(&[message])])?;
        } else {
            decide(tx, &[message], at)?;
        }
    }
    if let Some((kind, number)) = &past.record {
        let record = match tx.first(&RECORD, &args![*kind as i64, number], |row| row.int(0))? {
            Some(record) => record,
            None => records::stub(tx, *kind, number, at)?,
        };
        let before = tx.query(&LINKS, &[Arg::Ints(&[message])], stored)?;
        let before = before.into_iter().find(|(pair, _)| pair.1 == record).map(|(_, row)| row);
        let fresh = LinkRow {
            how: past.by_rule.unwrap_or(How::Person) as i64,
            rule: past.by_rule.is_some(),
            actor: past.actor.to_owned(),
            at,
            batch: 0,
            removed: None,
            remover: None,
        };
        let off = |row: LinkRow| LinkRow { removed: Some(at), remover: Some(past.actor.to_owned()), ..row };
        let after = match (past.done, past.by_rule, before) {
            // What a person decided since holds.
            (_, Some(_), Some(row)) if !row.rule || row.removed.is_some() => Some(row),
            (LinkDone::Set, ..) => Some(fresh),
            (_, Some(_), _) => None,
            (_, None, row) => Some(off(row.unwrap_or(fresh))),
        };
        match after {
            Some(row) => put(tx, &[((message, record), &row)])?,
            None => drop(tx.bulk(&DROP, &Rows::one(args![message, record]))?),
        }
        let remember = Remember::from_word(remember);
        let denied = denials(tx, remember, &[message], &[record])?;
        deny(tx, &denied, past.actor, at)?;
    }
    entries::touch(tx, &[message])?;
    Ok(true)
}

/// A person has decided about these messages.
fn decide(tx: &Tx<'_>, messages: &[i64], now: UnixMillis) -> Result<()> {
    let trace = link_codec::octets(&[]);
    let mut rows = Rows::new(5, messages.len());
    for message in messages {
        rows.push(args![*message, link::Outcome::None as i64, now, link_codec::VERSION, &trace]);
    }
    tx.bulk(&DECIDE, &rows).map(drop)
}

fn deny(tx: &Tx<'_>, denied: &BTreeSet<(i64, i64, String)>, actor: &str, now: UnixMillis) -> Result<()> {
    let mut rows = Rows::new(5, denied.len());
    for (record, thread, address) in denied {
        rows.push(args![*record, *thread, address, actor, now]);
    }
    tx.bulk(&DENY, &rows).map(drop)
}

fn act(
    tx: &Tx<'_>,
    scope: &ScopeKeys,
    mails: &[MailId],
    wish: &LinkWish,
    actor: &LinkActor,
    now: UnixMillis,
) -> Result<LinksChanged> {
    let (set, removed) = (keys_of(tx, &wish.set, true)?, keys_of(tx, &wish.remove, false)?);
    let mut messages: Vec<i64> = messages_of(tx, mails)?.into_values().collect();
    messages.sort_unstable();
    messages.dedup();
    let visible = rows::visible(tx, scope, &messages)?;
    messages.retain(|message| visible.contains_key(message));
    let mut all = messages.clone();
    if wish.remember == Remember::Thread && !removed.is_empty() {
        let threads = tx.query(&THREADS, &[Arg::Ints(&messages)], |row| row.int(0))?;
        let found = tx.query(&OF_THREADS, &[Arg::Ints(&threads), Arg::Ints(&removed)], |row| row.int(0))?;
        let visible = rows::visible(tx, scope, &found)?;
        all.extend(found.into_iter().filter(|message| visible.contains_key(message)));
        all.sort_unstable();
        all.dedup();
    }
    let before: BTreeMap<Pair, LinkRow> = tx.query(&LINKS, &[Arg::Ints(&all)], stored)?.into_iter().collect();
    let mut after: BTreeMap<Pair, LinkRow> = BTreeMap::new();
    let by_hand = |removed: bool| LinkRow {
        how: How::Person as i64,
        rule: false,
        actor: actor.id.clone(),
        at: now,
        batch: 0,
        removed: removed.then_some(now),
        remover: removed.then(|| actor.id.clone()),
    };
    let off = |row: &LinkRow| LinkRow { removed: Some(now), remover: Some(actor.id.clone()), ..row.clone() };
    for message in &all {
        for record in &removed {
            let pair = (*message, *record);
            match before.get(&pair) {
                Some(row) if row.removed.is_none() => drop(after.insert(pair, off(row))),
                None if messages.binary_search(message).is_ok() => drop(after.insert(pair, by_hand(true))),
                _ => {}
            }
        }
    }
    if wish.none {
        let held = before
            .iter()
            .filter(|((message, _), row)| row.removed.is_none() && messages.binary_search(message).is_ok());
        after.extend(held.map(|(pair, row)| (*pair, off(row))));
    }
    for pair in messages.iter().flat_map(|message| set.iter().map(move |record| (*message, *record))) {
        match before.get(&pair) {
            Some(row) if row.removed.is_none() => drop(after.remove(&pair)),
            _ => drop(after.insert(pair, by_hand(false))),
        }
    }
    put(tx, &after.iter().map(|(pair, row)| (*pair, row)).collect::<Vec<_>>())?;
    let decided: HashMap<i64, bool> =
        tx.query(&DECIDED, &[Arg::Ints(&all)], |row| Ok((row.int(0)?, row.bool(1)?)))?.into_iter().collect();
    decide(tx, &all, now)?;
    let denied = denials(tx, wish.remember, &messages, &removed)?;
    deny(tx, &denied, &actor.id, now)?;
    let undo = LinkUndo {
        links: after.into_iter().map(|(pair, row)| (pair, (before.get(&pair).cloned(), row))).collect(),
        undecided: all
            .iter()
            .filter(|message| decided.get(message) != Some(&true))
            .map(|message| (*message, decided.contains_key(message)))
            .collect(),
        denials: denied.into_iter().collect(),
    };
    entries::touch(tx, &all)?;
    tell(tx, &undo, (false, wish.remember), actor, now)?;
    Ok(LinksChanged { messages: all.len() as u64, undo })
}

/// What has changed since stays as it is.
fn take_back(tx: &Tx<'_>, undo: &LinkUndo, actor: &LinkActor, now: UnixMillis) -> Result<u64> {
    let mut messages: Vec<i64> = undo.links.keys().map(|(message, _)| *message).collect();
    messages.extend(undo.undecided.iter().map(|(message, _)| *message));
    messages.sort_unstable();
    messages.dedup();
    let current: HashMap<Pair, LinkRow> =
        tx.query(&LINKS, &[Arg::Ints(&messages)], stored)?.into_iter().collect();
    let mut undone = undo.clone();
    undone.links.retain(|pair, (_, after)| current.get(pair) == Some(after));
    let restored: Vec<(Pair, &LinkRow)> =
        undone.links.iter().filter_map(|(pair, (before, _))| Some((*pair, before.as_ref()?))).collect();
    put(tx, &restored)?;
    let mut rows = Rows::new(2, 0);
    for (message, record) in undone.links.iter().filter(|(_, (b, _))| b.is_none()).map(|(pair, _)| *pair) {
        rows.push(args![message, record]);
    }
    tx.bulk(&DROP, &rows)?;
    // Where somebody else has acted since, a person's decision stands.
    let changed: BTreeSet<i64> =
        undo.links.keys().filter(|p| !undone.links.contains_key(p)).map(|p| p.0).collect();
    undone.undecided.retain(|(message, _)| !changed.contains(message));
    let of = |known: bool| {
        let found = undone.undecided.iter().filter(move |(_, was)| *was == known);
        found.map(|(message, _)| *message).collect::<Vec<_>>()
    };
    tx.exec(&UNDECIDE, &[Arg::Ints(&of(true))])?;
    tx.exec(&FORGET, &[Arg::Ints(&of(false))])?;
    let mut rows = Rows::new(3, undo.denials.len());
    for (record, thread, address) in &undo.denials {
        rows.push(args![*record, *thread, address]);
    }
    tx.bulk(&ALLOW, &rows)?;
    entries::touch(tx, &messages)?;
    tell(tx, &undone, (true, Remember::Mail), actor, now)?;
    Ok(messages.len() as u64)
}

impl Store {
    /// Does what a person wants of the messages of these mails; mails the scope does not allow are left out. Writes the
    /// event log. The index hears of it by new change numbers.
    ///
    /// # Errors
    /// `Missing` record: not here, or vanished and to be linked; nothing is changed then.
    pub fn change_links(
        &self,
        scope: &Scope,
        mails: Vec<MailId>,
        wish: LinkWish,
        actor: LinkActor,
        now: UnixMillis,
    ) -> Result<LinksChanged> {
        let (scope, keys) = (scope.clone(), self.keys().clone());
        self.write(move |tx| {
            let scope = keys.scope(tx, &scope)?;
            act(tx, &scope, &mails, &wish, &actor, now)
        })
    }

    /// Takes an act back; what was changed again since stays. Gives how many messages are meant.
    ///
    /// # Errors
    /// Those of the database.
    pub fn undo_links(&self, undo: LinkUndo, actor: LinkActor, now: UnixMillis) -> Result<u64> {
        self.write(move |tx| take_back(tx, &undo, &actor, now))
    }
}
