//! Who may not be written to: entries by people and by rules, and the answer for many addresses at once.

use std::collections::{BTreeSet, HashMap};

use model::UnixMillis;
use standing::{MailClass, State};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::standing_events::{self, class, class_code};
use crate::store::{Store, take};
use crate::value::{Row, Rows, args};

/// An entry of the suppression list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Its number.
    pub key: i64,
    /// The address, lower case.
    pub address: String,
    /// Mail of this class; `None`: all mail.
    pub class: Option<MailClass>,
    /// Number of the list; 0: all mail.
    pub list: i64,
    /// Made by a rule, whose name is the reason.
    pub by_rule: bool,
    /// Why.
    pub reason: String,
    /// A user's id, or `rule`.
    pub actor: String,
    /// Since when.
    pub created: UnixMillis,
    /// Until when.
    pub expires: Option<UnixMillis>,
}

/// An entry a person makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSuppression {
    /// The address.
    pub address: String,
    /// Mail of this class; `None`: all mail.
    pub class: Option<MailClass>,
    /// Number of the list; 0: all mail.
    pub list: i64,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Option<UnixMillis>,
}

/// Whether an address may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The address as asked.
    pub address: String,
    /// Whether it may.
    pub allowed: bool,
    /// State of the address.
    pub state: State,
    /// What forbids it: `state`, `left_list`, `person`, `rule`; `None` if it may.
    pub by: Option<&'static str>,
    /// Name of the rule, a person's words, or the reason of the state.
    pub reason: String,
    /// Since when.
    pub since: Option<UnixMillis>,
    /// Another address of the same contact that may be written to.
    pub alternative: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.key, s.folded, s.class, s.list, s.origin, s.reason, s.actor, s.created, s.expires FROM ",
            $rest
        )
    };
}

statements! {
    PAGE = select!("suppressions s WHERE s.key > $1 AND (s.expires IS NULL OR s.expires > $2) ORDER BY s.key LIMIT $3");
    OF_ADDRESS = select!("suppressions s WHERE s.folded = $1 AND (s.expires IS NULL OR s.expires > $2) ORDER BY s.key");
    ONE = select!("suppressions s WHERE s.key = $1");
    OF [Text] = concat!("WITH v(folded) AS ({rows}) ", select!("v JOIN suppressions s ON s.folded = v.folded"));
    ADD [Int, Text, Int, Int, Text, Text, Int, Int] = "WITH v(key, folded, class, list, reason, actor, created, expires) \
        AS ({rows}) INSERT INTO suppressions (key, folded, class, list, origin, reason, actor, created, expires) \
        SELECT key, folded, class, list, 0, reason, actor, created, expires FROM v WHERE TRUE \
        ON CONFLICT (folded, class, list, origin) DO UPDATE SET reason = excluded.reason, actor = excluded.actor, \
        expires = excluded.expires";
    REMOVE = "DELETE FROM suppressions WHERE key = $1";
    MEMBERS [Text, Int] = "WITH v(folded, list) AS ({rows}) SELECT m.folded, m.active, m.since FROM v \
        JOIN list_members m ON m.folded = v.folded AND m.list = v.list";
    ALTERNATIVES [Text] = "WITH v(folded) AS ({rows}) SELECT v.folded, b.folded FROM v \
        JOIN record_addresses a ON a.folded = v.folded \
        JOIN records c ON c.key = a.record AND c.kind = 0 AND c.active = 1 \
        JOIN record_addresses b ON b.record = a.record AND b.folded <> v.folded ORDER BY v.folded, c.key, b.n";
}

fn suppression(row: &Row<'_>) -> Result<Suppression> {
    Ok(Suppression {
        key: row.int(0)?,
        address: row.text(1)?,
        class: class(row.int(2)?),
        list: row.int(3)?,
        by_rule: row.int(4)? == 1,
        reason: row.text(5)?,
        actor: row.text(6)?,
        created: row.time(7)?,
        expires: row.opt_time(8)?,
    })
}

fn folded_rows(addresses: &BTreeSet<String>) -> Rows<'_> {
    let mut rows = Rows::new(1, addresses.len());
    for address in addresses {
        rows.push(args![address]);
    }
    rows
}

/// What is known of many addresses, for one class and list.
struct Check {
    class: MailClass,
    list: i64,
    now: UnixMillis,
    states: HashMap<(String, i64), crate::AddressRow>,
    entries: HashMap<String, Vec<Suppression>>,
    left: HashMap<String, UnixMillis>,
}

impl Check {
    fn load(
        tx: &Tx<'_>,
        addresses: &BTreeSet<String>,
        class: MailClass,
        list: i64,
        now: UnixMillis,
    ) -> Result<Self> {
        let mut entries: HashMap<String, Vec<Suppression>> = HashMap::new();
        for entry in tx.bulk_query(&OF, &folded_rows(addresses), suppression)? {
            entries.entry(entry.address.clone()).or_default().push(entry);
        }
        let mut left = HashMap::new();
        if list != 0 {
            let mut rows = Rows::new(2, addresses.len());
            for address in addresses {
                rows.push(args![address, list]);
            }
            let members =
                tx.bulk_query(&MEMBERS, &rows, |row| Ok((row.text(0)?, row.bool(1)?, row.time(2)?)))?;
            left.extend(members.into_iter().filter(|(_, active, _)| !active).map(|(a, _, since)| (a, since)));
        }
        Ok(Self { class, list, now, states: Store::states(tx, addresses, list)?, entries, left })
    }

    fn answer(&self, folded: &str) -> Checked {
        let mut answer = Checked {
            address: folded.to_owned(),
            allowed: true,
            state: State::Fine,
            by: None,
            reason: String::new(),
            since: None,
            alternative: None,
        };
        // A person's decision that all is well ends what rules say.
        for list in [0, self.list] {
            let Some(row) = self.states.get(&(folded.to_owned(), list)) else { continue };
            let standing = row.standing;
            if standing.expires.is_some_and(|expires| expires <= self.now) {
                continue;
            }
            answer.state = answer.state.max(standing.state);
            if answer.by.is_none() && !standing::allows(standing.state, self.class) {
                answer.forbid("state", standing.reason.as_str(), standing.since);
            }
        }
        if let Some(since) = self.left.get(folded).filter(|_| answer.by.is_none()) {
            answer.forbid("left_list", "", Some(*since));
        }
        let applies = |entry: &&Suppression| {
            entry.class.is_none_or(|class| class == self.class)
                && (entry.list == 0 || entry.list == self.list)
                && entry.expires.is_none_or(|expires| expires > self.now)
        };
        let mut entries: Vec<&Suppression> =
            self.entries.get(folded).into_iter().flatten().filter(applies).collect();
        entries.sort_by_key(|entry| (entry.by_rule, entry.key));
        if let Some(entry) = entries.first().filter(|_| answer.by.is_none()) {
            let by = if entry.by_rule { "rule" } else { "person" };
            answer.forbid(by, &entry.reason, Some(entry.created));
        }
        answer
    }
}

impl Checked {
    fn forbid(&mut self, by: &'static str, reason: &str, since: Option<UnixMillis>) {
        self.allowed = false;
        self.by = Some(by);
        reason.clone_into(&mut self.reason);
        self.since = since;
    }
}

fn check(
    tx: &Tx<'_>,
    asked: &[String],
    class: MailClass,
    list: i64,
    now: UnixMillis,
) -> Result<Vec<Checked>> {
    let folded: Vec<String> = asked.iter().map(|address| standing_events::folded(address)).collect();
    let unique: BTreeSet<String> = folded.iter().cloned().collect();
    let first = Check::load(tx, &unique, class, list, now)?;
    let answers: HashMap<&String, Checked> = unique.iter().map(|a| (a, first.answer(a))).collect();
    let bad: BTreeSet<String> =
        answers.values().filter(|answer| !answer.allowed).map(|answer| answer.address.clone()).collect();
    let others = tx.bulk_query(&ALTERNATIVES, &folded_rows(&bad), |row| Ok((row.text(0)?, row.text(1)?)))?;
    let candidates: BTreeSet<String> = others.iter().map(|(_, other)| other.clone()).collect();
    let second = Check::load(tx, &candidates, class, list, now)?;
    let mut alternatives: HashMap<String, String> = HashMap::new();
    for (address, other) in others {
        // Whoever complained or left wants no mail to another address either.
        let refused = answers.get(&address).is_some_and(|answer| answer.state > State::Dead);
        if !refused && second.answer(&other).allowed {
            alternatives.entry(address).or_insert(other);
        }
    }
    let answer = |(address, folded): (&String, &String)| {
        let mut answer = answers.get(folded)?.clone();
        answer.alternative = alternatives.get(folded).cloned();
        address.clone_into(&mut answer.address);
        Some(answer)
    };
    Ok(asked.iter().zip(&folded).filter_map(answer).collect())
}

impl Store {
    /// Whether these addresses may get mail of this class, for a list or (0) none; in the order asked. A few statements,
    /// however many addresses there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn check_addresses(
        &self,
        addresses: &[String],
        class: MailClass,
        list: i64,
        now: UnixMillis,
    ) -> Result<Vec<Checked>> {
        self.read(|tx| check(tx, addresses, class, list, now))
    }

    /// Entries with a number above `after` that hold now, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub fn suppressions(&self, after: i64, limit: usize, now: UnixMillis) -> Result<Vec<Suppression>> {
        self.read(|tx| tx.query(&PAGE, &args![after, now, limit as i64], suppression))
    }

    /// Entries of one address that hold now.
    ///
    /// # Errors
    /// Those of the database.
    pub fn suppressions_of(&self, address: &str, now: UnixMillis) -> Result<Vec<Suppression>> {
        let folded = standing_events::folded(address);
        self.read(|tx| tx.query(&OF_ADDRESS, &args![&folded, now], suppression))
    }

    /// Adds entries, at most some thousand a call; the same address, class and list again replaces reason and expiry.
    ///
    /// # Errors
    /// Those of the database.
    pub fn add_suppressions(&self, new: Vec<NewSuppression>, actor: String, now: UnixMillis) -> Result<()> {
        self.write(move |tx| {
            // One row changes only once in a statement: the last one counts.
            let unique: HashMap<(String, i64, i64), &NewSuppression> = new
                .iter()
                .map(|n| ((standing_events::folded(&n.address), class_code(n.class), n.list), n))
                .collect();
            let first = take(tx, "row", unique.len())?;
            let mut rows = Rows::new(8, unique.len());
            for (((folded, class, list), new), key) in unique.iter().zip(first..) {
                rows.push(args![key, folded, *class, *list, &new.reason, &actor, now, new.expires]);
            }
            tx.bulk(&ADD, &rows).map(drop)
        })
    }

    /// Removes an entry. What a rule made is cleared at the address, so that it does not come back from what was before.
    ///
    /// # Errors
    /// `Missing`.
    pub fn remove_suppression(&self, key: i64, actor: String, now: UnixMillis) -> Result<Suppression> {
        let missing = move || StoreError::Missing { what: "suppression", key: key.to_string() };
        let entry = self.write(move |tx| {
            let entry = tx.first(&ONE, &[key.into()], suppression)?.ok_or_else(missing)?;
            tx.exec(&REMOVE, &[key.into()])?;
            Ok(entry)
        })?;
        if entry.by_rule {
            let note = entry.reason.clone();
            self.decide_address(entry.address.clone(), 0, None, None, actor, note, now)?;
        }
        Ok(entry)
    }
}
