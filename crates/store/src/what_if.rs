//! Other settings tried on past mails, and, if they are wanted, put into effect there as one batch that can be undone.

use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

use link::{Decision, Earlier, Link, Outcome, Step};
use model::{MailId, RecordKey, UnixMillis};

use crate::db::Tx;
use crate::entries;
use crate::error::Result;
use crate::keys::ALL_MAIL;
use crate::link_codec;
use crate::links::{self, Deciding, LinkRow, Linking, Open};
use crate::log_leaves;
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::{Store, take};
use crate::value::{Arg, Rows, args};

/// What other settings change for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// It had no link and has one.
    NewlyLinked,
    /// It has other links.
    Changed,
    /// It had links and has none.
    Lost,
    /// It had links, or nothing was found, and now several are found.
    NewlyAmbiguous,
}

impl Change {
    /// Every change, in the order of the definition.
    pub const ALL: [Self; 5] =
        [Self::Unchanged, Self::NewlyLinked, Self::Changed, Self::Lost, Self::NewlyAmbiguous];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::NewlyLinked => "newly_linked",
            Self::Changed => "changed",
            Self::Lost => "lost",
            Self::NewlyAmbiguous => "newly_ambiguous",
        }
    }
}

/// What a message is filed under, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What became of it; `None` before anything was decided.
    pub outcome: Option<Outcome>,
    /// Its links.
    pub links: Vec<LinkRow>,
    /// Every step taken.
    pub trace: Vec<Step>,
}

/// A message, judged by other settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its number.
    pub message: i64,
    /// Its first mail.
    pub mail_id: MailId,
    /// Effective date.
    pub date: UnixMillis,
    /// Subject.
    pub subject: String,
    /// Authors, as written.
    pub from: Vec<String>,
    /// A person has decided on it: it stays as it is, and says who is right.
    pub by_person: bool,
    /// What changes.
    pub change: Change,
    /// As it is.
    pub before: State,
    /// As it would be.
    pub after: State,
    decision: Decision,
}

/// Which mails are judged, and what is carried from one piece to the next.
#[derive(Debug, Default)]
pub struct Replay {
    known_when_it_came: bool,
    decided: HashMap<i64, Earlier>,
}

impl Replay {
    /// The begin of one. `known_when_it_came`: only records known when a mail came count for it.
    pub fn new(known_when_it_came: bool) -> Self {
        Self { known_when_it_came, decided: HashMap::new() }
    }
}

/// Changes that were put into effect together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkBatch {
    /// Its number.
    pub batch: i64,
    /// When.
    pub at: UnixMillis,
    /// Who: a user's id.
    pub actor: String,
    /// How many messages.
    pub messages: u64,
    /// What was set before, JSON; opaque here.
    pub settings: String,
    /// When it was undone.
    pub undone: Option<UnixMillis>,
}

statements! {
    LAST = "SELECT date, message_seq FROM entries WHERE list = $1 ORDER BY date DESC, message_seq DESC LIMIT $2";
    HEADS = "SELECT m.seq, m.mail_id, d.outcome, d.person, d.version, d.trace FROM mails m \
        LEFT JOIN decisions d ON d.message = m.seq WHERE m.seq = ANY($1)";
    NEXT = "SELECT COALESCE(MAX(batch), 0) + 1 FROM link_batches";
    BEGIN = "INSERT INTO link_batches (batch, at, actor, messages, settings) VALUES ($1, $2, $3, 0, $4)";
    GREW = "UPDATE link_batches SET messages = messages + $2 WHERE batch = $1";
    OPEN = "SELECT m.seq FROM mails m LEFT JOIN decisions d ON d.message = m.seq \
        WHERE m.seq = ANY($1) AND COALESCE(d.person, 0) = 0";
    KEEP_DECISIONS = "INSERT INTO link_batch_decisions (batch, message, outcome, step, stranger, since, version, trace) \
        SELECT $2, message, outcome, step, stranger, since, version, trace FROM decisions WHERE message = ANY($1)";
    KEEP_EMPTY [Int, Int, Blob] = "WITH v(batch, message, trace) AS ({rows}) INSERT INTO link_batch_decisions (batch, \
        message, outcome, step, stranger, since, version, trace) SELECT batch, message, 0, 0, 0, 0, 0, trace FROM v WHERE TRUE \
        ON CONFLICT (batch, message) DO NOTHING";
    KEEP_LINKS = "INSERT INTO link_batch_links (batch, message, record, how, at, removed, remover) \
        SELECT $2, message, record, how, at, removed, remover FROM links WHERE message = ANY($1) AND rule = 1";
    DROP_LINKS = "DELETE FROM links WHERE message = ANY($1) AND rule = 1";
    DROP_DECISIONS = "DELETE FROM decisions WHERE message = ANY($1) AND person = 0";
    MARK = "UPDATE links SET batch = $2 WHERE message = ANY($1) AND rule = 1";
    LIST = "SELECT batch, at, actor, messages, settings, undone FROM link_batches ORDER BY batch DESC LIMIT $1";
    ONE = "SELECT batch, at, actor, messages, settings, undone FROM link_batches WHERE batch = $1";
    OF_BATCH = "SELECT message FROM link_batch_decisions WHERE batch = $1 AND message > $2 ORDER BY message LIMIT $3";
    BACK_DECISIONS = "INSERT INTO decisions (message, outcome, step, person, stranger, since, version, trace) \
        SELECT message, outcome, step, 0, stranger, since, version, trace FROM link_batch_decisions \
        WHERE batch = $2 AND message = ANY($1) AND version > 0";
    BACK_LINKS = "INSERT INTO links (message, record, how, rule, actor, at, batch, removed, remover) \
        SELECT message, record, how, 1, 'rule', at, 0, removed, remover FROM link_batch_links \
        WHERE batch = $2 AND message = ANY($1)";
    UNDONE = "UPDATE link_batches SET undone = $2 WHERE batch = $1 AND undone IS NULL";
}

fn batch(row: &crate::value::Row<'_>) -> Result<LinkBatch> {
    Ok(LinkBatch {
        batch: row.int(0)?,
        at: row.time(1)?,
        actor: row.text(2)?,
        messages: row.uint(3)?,
        settings: row.text(4)?,
        undone: row.opt_time(5)?,
    })
}

struct Head {
    mail_id: MailId,
    outcome: Option<Outcome>,
    by_person: bool,
    trace: Vec<Step>,
}

fn heads(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, Head>> {
    let rows = tx.query(&HEADS, &[Arg::Ints(messages)], |row| {
        let outcome = row.opt_int(2)?.map(|code| from_list(&Outcome::ALL, code, "outcome of linking"));
        let trace = match (row.opt_int(4)?, row.opt_blob(5)?) {
            (Some(version), Some(octets)) => link_codec::trace(version, &octets)?,
            _ => Vec::new(),
        };
        let head = Head {
            mail_id: MailId::from_octets(row.octets(1)?),
            outcome: outcome.transpose()?,
            by_person: row.opt_int(3)? == Some(1),
            trace,
        };
        Ok((row.int(0)?, head))
    })?;
    Ok(rows.into_iter().collect())
}

fn judge(tx: &Tx<'_>, messages: &[i64], linking: &Linking, replay: &mut Replay) -> Result<Vec<Judged>> {
    let directory = linking.directory.read().unwrap_or_else(PoisonError::into_inner);
    let deciding = Deciding {
        directory: &directory,
        settings: &linking.settings,
        known_when_it_came: replay.known_when_it_came,
    };
    let mut heads = heads(tx, messages)?;
    let mut before = links::of_messages(tx, messages)?;
    let loaded = links::load(tx, messages)?;
    let mut open: Vec<Open<'_>> = loaded.iter().map(links::Loaded::open).collect();
    // What a person decided is history as it stands, whatever would be decided now.
    let person: BTreeSet<i64> =
        heads.iter().filter(|(_, head)| head.by_person).map(|(message, _)| *message).collect();
    let decided = links::decide_beside(tx, &mut open, &deciding, &replay.decided, &person)?;
    let mut mails: HashMap<i64, links::Loaded> =
        loaded.into_iter().map(|mail| (mail.message, mail)).collect();
    let mut out = Vec::with_capacity(decided.len());
    for (message, decision) in decided {
        let (Some(head), Some(mail)) = (heads.remove(&message), mails.remove(&message)) else { continue };
        if !head.by_person {
            let earlier = Earlier { links: decision.links.clone(), removed: decision.removals.clone() };
            replay.decided.insert(message, earlier);
        }
        let before = State {
            outcome: head.outcome,
            links: before.remove(&message).unwrap_or_default(),
            trace: head.trace,
        };
        let after = State {
            outcome: Some(decision.outcome),
            links: decision.links.iter().map(row).collect(),
            trace: decision.trace.clone(),
        };
        out.push(Judged {
            message,
            mail_id: head.mail_id,
            date: mail.date,
            subject: mail.subject,
            from: mail.from,
            by_person: head.by_person,
            change: change(&before, &after),
            before,
            after,
            decision,
        });
    }
    Ok(out)
}

fn row(link: &Link) -> LinkRow {
    LinkRow { kind: link.kind, key: link.key, number: link.number.clone(), how: link.how, by_rule: true }
}

fn change(before: &State, after: &State) -> Change {
    let keys = |state: &State| state.links.iter().map(|link| link.key).collect::<BTreeSet<RecordKey>>();
    let (was, is) = (keys(before), keys(after));
    let is_ambiguous = after.outcome == Some(Outcome::Ambiguous);
    match (was.is_empty(), is.is_empty()) {
        _ if is_ambiguous && before.outcome != Some(Outcome::Ambiguous) => Change::NewlyAmbiguous,
        _ if was == is => Change::Unchanged,
        (true, _) => Change::NewlyLinked,
        (_, true) => Change::Lost,
        _ => Change::Changed,
    }
}

fn put_into_effect(tx: &Tx<'_>, batch: i64, judged: &[Judged], now: UnixMillis) -> Result<u64> {
    let all: Vec<i64> = judged.iter().map(|judged| judged.message).collect();
    // A person may have decided on one in between.
    let open: BTreeSet<i64> = tx.query(&OPEN, &[Arg::Ints(&all)], |row| row.int(0))?.into_iter().collect();
    let judged: Vec<&Judged> = judged.iter().filter(|judged| open.contains(&judged.message)).collect();
    let messages: Vec<i64> = judged.iter().map(|judged| judged.message).collect();
    if messages.is_empty() {
        return Ok(0);
    }
    let both = [Arg::Ints(&messages), batch.into()];
    tx.exec(&KEEP_DECISIONS, &both)?;
    let mut empty = Rows::new(3, messages.len());
    for message in &messages {
        empty.push(args![batch, *message, Vec::<u8>::new()]);
    }
    tx.bulk(&KEEP_EMPTY, &empty)?;
    tx.exec(&KEEP_LINKS, &both)?;
    let before = log_leaves::links(tx, &messages)?;
    tx.exec(&DROP_LINKS, &[Arg::Ints(&messages)])?;
    tx.exec(&DROP_DECISIONS, &[Arg::Ints(&messages)])?;
    let decided: Vec<(i64, Decision)> =
        judged.iter().map(|judged| (judged.message, judged.decision.clone())).collect();
    links::write(tx, &decided, now)?;
    tx.exec(&MARK, &both)?;
    tx.exec(&GREW, &args![batch, messages.len() as u64])?;
    entries::touch(tx, &messages)?;
    log_leaves::of_rules(tx, &messages, &before, now)?;
    Ok(messages.len() as u64)
}

fn take_back(tx: &Tx<'_>, batch: i64, messages: &[i64], now: UnixMillis) -> Result<()> {
    let open: Vec<i64> = tx.query(&OPEN, &[Arg::Ints(messages)], |row| row.int(0))?;
    if open.is_empty() {
        return Ok(());
    }
    let before = log_leaves::links(tx, &open)?;
    tx.exec(&DROP_LINKS, &[Arg::Ints(&open)])?;
    tx.exec(&DROP_DECISIONS, &[Arg::Ints(&open)])?;
    let both = [Arg::Ints(&open), batch.into()];
    tx.exec(&BACK_DECISIONS, &both)?;
    tx.exec(&BACK_LINKS, &both)?;
    entries::touch(tx, &open)?;
    log_leaves::of_rules(tx, &open, &before, now)
}

impl Store {
    /// Numbers of the newest messages, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn last_messages(&self, count: usize) -> Result<Vec<i64>> {
        let mut last = self.read(|tx| tx.query(&LAST, &args![ALL_MAIL, count as i64], |row| row.int(1)))?;
        last.reverse();
        Ok(last)
    }

    /// Judges messages by other settings, some hundred a call, ascending by date; writes nothing. `replay` goes along from
    /// call to call.
    ///
    /// # Errors
    /// Those of the database.
    pub fn judge(&self, messages: &[i64], linking: &Linking, replay: &mut Replay) -> Result<Vec<Judged>> {
        let before = std::cell::RefCell::new(std::mem::take(replay));
        let judged = self.read(|tx| judge(tx, messages, linking, &mut before.borrow_mut()));
        *replay = before.into_inner();
        judged
    }

    /// Begins a batch of changes; gives its number. `settings`: what was set before.
    ///
    /// # Errors
    /// Those of the database.
    pub fn begin_link_batch(&self, actor: String, settings: String, now: UnixMillis) -> Result<i64> {
        self.write(move |tx| {
            // Also the lock that lets one batch after the other begin.
            take(tx, "row", 1)?;
            let batch = tx.int(&NEXT, &[])?;
            tx.exec(&BEGIN, &args![batch, now, &actor, &settings])?;
            Ok(batch)
        })
    }

    /// Files messages as they were judged, those that nobody has decided on; some hundred a call. Gives how many.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_into_effect(&self, batch: i64, judged: Vec<Judged>, now: UnixMillis) -> Result<u64> {
        self.write(move |tx| put_into_effect(tx, batch, &judged, now))
    }

    /// The newest batches.
    ///
    /// # Errors
    /// Those of the database.
    pub fn link_batches(&self, limit: usize) -> Result<Vec<LinkBatch>> {
        self.read(|tx| tx.query(&LIST, &[(limit as i64).into()], batch))
    }

    /// Files the messages of a batch as they were before, those that nobody has decided on since. Gives the batch as it
    /// was; `None` if there is none, or it was undone.
    ///
    /// # Errors
    /// Those of the database.
    pub fn undo_link_batch(&self, number: i64, now: UnixMillis) -> Result<Option<LinkBatch>> {
        const CHUNK: i64 = 500;
        let found = self.read(|tx| tx.first(&ONE, &[number.into()], batch))?;
        let Some(found) = found.filter(|found| found.undone.is_none()) else { return Ok(None) };
        let mut after = 0;
        loop {
            let last = self.write(move |tx| {
                let messages = tx.query(&OF_BATCH, &args![number, after, CHUNK], |row| row.int(0))?;
                take_back(tx, number, &messages, now)?;
                Ok(messages.last().copied())
            })?;
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
        let undone = self.write(move |tx| tx.exec(&UNDONE, &args![number, now]))?;
        Ok((undone > 0).then_some(found))
    }
}
