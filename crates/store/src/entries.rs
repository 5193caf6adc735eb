//! Which messages each list holds, and how many: kept by the difference between before and after. Deleted messages are in lists of
//! their own: the one that belongs to list `n` is [`bin`]`(n)`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::db::Tx;
use crate::error::Result;
use crate::keys::ALL_MAIL;
use crate::media;
use crate::message_states;
use crate::senders;
use crate::sql::statements;
use crate::store::take;
use crate::value::{Arg, Rows, args};

/// Code of personal mail.
const PERSONAL: i64 = 13;
/// Milliseconds of a day, the unit of `list_days`.
pub(crate) const DAY_MS: i64 = 86_400_000;

statements! {
    HEADS = "SELECT seq, date, kind, unread, attachments FROM mails \
        WHERE seq = ANY($1) AND message_seq = seq";
    TWINS = "SELECT seq, message_seq FROM mails WHERE message_seq = ANY($1) AND message_seq <> seq";
    MESSAGES_OF = "SELECT DISTINCT message_seq FROM mails WHERE seq = ANY($1) AND message_seq IS NOT NULL";
    PLACES = "SELECT p.seq, m.account, p.mailbox, p.gone FROM placements p \
        JOIN mailboxes m ON m.key = p.mailbox WHERE p.seq = ANY($1)";
    DELETE [Int, Int, Int] = "WITH v(list, date, message_seq) AS ({rows}) DELETE FROM entries \
        WHERE (list, date, message_seq) IN (SELECT list, date, message_seq FROM v)";
    PUT [Int, Int, Int, Int] = "WITH v(list, date, message_seq, class) AS ({rows}) \
        INSERT INTO entries (list, date, message_seq, class) SELECT list, date, message_seq, class FROM v \
        WHERE TRUE ON CONFLICT (list, date, message_seq) DO UPDATE SET class = excluded.class";
    COUNT [Int, Int, Int] = "WITH v(list, class, n) AS ({rows}) INSERT INTO list_counts (list, class, n) \
        SELECT list, class, n FROM v WHERE TRUE \
        ON CONFLICT (list, class) DO UPDATE SET n = list_counts.n + excluded.n";
    COUNT_DAY [Int, Int, Int] = "WITH v(list, day, n) AS ({rows}) INSERT INTO list_days (list, day, n) \
        SELECT list, day, n FROM v WHERE TRUE \
        ON CONFLICT (list, day) DO UPDATE SET n = list_days.n + excluded.n";
    FIND_SET = "SELECT key FROM account_sets WHERE accounts = $1";
    ADD_SET = "INSERT INTO account_sets (key, accounts) VALUES ($1, $2)";
    TOUCH [Int, Int] = "WITH v(seq, change_seq) AS ({rows}) UPDATE mails SET change_seq = v.change_seq FROM v \
        WHERE mails.seq = v.seq AND mails.change_seq > 0";
}

/// What decides where a message is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    date: i64,
    class: i64,
    /// Keys of accounts, ascending, unique.
    accounts: Vec<i64>,
    /// Keys of mailboxes it lies in now, ascending, unique.
    mailboxes: Vec<i64>,
    /// Somebody deleted it.
    deleted: bool,
    /// Who wrote it.
    authors: Vec<senders::Author>,
    /// Numbers and kinds of its attachments.
    media: Vec<(String, i64)>,
}

impl Listed {
    fn lists(&self) -> impl Iterator<Item = i64> + '_ {
        let all = std::iter::once(ALL_MAIL).chain(self.accounts.iter().copied());
        all.chain(self.mailboxes.iter().copied()).map(|list| self.list(list))
    }

    /// The list, or the one of its deleted messages.
    const fn list(&self, list: i64) -> i64 {
        if self.deleted { bin(list) } else { list }
    }
}

/// The list of those deleted that would be in this one.
pub(crate) const fn bin(list: i64) -> i64 {
    -1 - list
}

/// Class of an entry: everything a list is filtered by.
pub(crate) const fn class(kind: i64, unread: bool, attachments: bool) -> i64 {
    kind * 4 + if unread { 2 } else { 0 } + if attachments { 1 } else { 0 }
}

/// Messages about to change, as they are listed before.
pub(crate) struct Changes {
    before: HashMap<i64, Listed>,
    messages: Vec<i64>,
}

impl Changes {
    /// The messages these mails belong to, as listed now. To be called before anything is written.
    pub(crate) fn of_mails(tx: &Tx<'_>, mails: &[i64]) -> Result<Self> {
        let messages = tx.query(&MESSAGES_OF, &[Arg::Ints(mails)], |row| row.int(0))?;
        Self::of_messages(tx, messages)
    }

    /// These messages, as listed now.
    pub(crate) fn of_messages(tx: &Tx<'_>, messages: Vec<i64>) -> Result<Self> {
        let before = if messages.is_empty() { HashMap::new() } else { listed(tx, &messages)? };
        Ok(Self { before, messages })
    }

    /// A message that is listed nowhere yet.
    pub(crate) fn add(&mut self, message: i64) {
        self.messages.push(message);
    }

    /// Writes the difference between then and now.
    pub(crate) fn settle(&mut self, tx: &Tx<'_>) -> Result<()> {
        self.messages.sort_unstable();
        self.messages.dedup();
        if self.messages.is_empty() {
            return Ok(());
        }
        let after = listed(tx, &self.messages)?;
        let mut difference = Difference::default();
        for message in &self.messages {
            let (was, is) = (self.before.get(message), after.get(message));
            if was != is {
                difference.note(*message, was, is);
            }
        }
        difference.write(tx)
    }
}

fn listed(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, Listed>> {
    let mut map: HashMap<i64, Listed> = tx
        .query(&HEADS, &[Arg::Ints(messages)], |row| {
            let class = class(row.opt_int(2)?.unwrap_or_default(), row.bool(3)?, row.int(4)? > 0);
            let date = row.opt_int(1)?.unwrap_or_default();
            Ok((
                row.int(0)?,
                Listed {
                    date,
                    class,
                    accounts: Vec::new(),
                    mailboxes: Vec::new(),
                    deleted: false,
                    authors: Vec::new(),
                    media: Vec::new(),
                },
            ))
        })?
        .into_iter()
        .collect();
    let twins: HashMap<i64, i64> =
        tx.query(&TWINS, &[Arg::Ints(messages)], |row| Ok((row.int(0)?, row.int(1)?)))?.into_iter().collect();
    let mut mails: Vec<i64> = map.keys().copied().chain(twins.keys().copied()).collect();
    mails.sort_unstable();
    let places = tx.query(&PLACES, &[Arg::Ints(&mails)], |row| {
        Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.opt_int(3)?.is_some()))
    })?;
    for (mail, account, mailbox, gone) in places {
        let message = twins.get(&mail).copied().unwrap_or(mail);
        if let Some(entry) = map.get_mut(&message) {
            entry.accounts.push(account);
            if !gone {
                entry.mailboxes.push(mailbox);
            }
        }
    }
    for message in message_states::deleted(tx, messages)?.into_keys() {
        if let Some(entry) = map.get_mut(&message) {
            entry.deleted = true;
        }
    }
    let attached: Vec<i64> =
        map.iter().filter(|(_, entry)| entry.class & 1 == 1).map(|(message, _)| *message).collect();
    let mut media = if attached.is_empty() { HashMap::new() } else { media::kinds(tx, &attached)? };
    let mut authors = senders::authors(tx, messages)?;
    for (message, entry) in &mut map {
        entry.media = media.remove(message).unwrap_or_default();
        entry.authors = authors.remove(message).unwrap_or_default();
        for keys in [&mut entry.accounts, &mut entry.mailboxes] {
            keys.sort_unstable();
            keys.dedup();
        }
    }
    Ok(map)
}

/// Class, day and difference.
type ClassDay = (i64, i64, i64);

/// Sums of a batch, in the order of keys, so that two writers take rows in the same order.
#[derive(Default)]
struct Difference {
    removed: Vec<[i64; 3]>,
    put: Vec<[i64; 4]>,
    counts: BTreeMap<(i64, i64), i64>,
    days: BTreeMap<(i64, i64), i64>,
    /// By accounts, and whether they are deleted.
    set_counts: BTreeMap<(String, bool), Vec<ClassDay>>,
    senders: senders::Changes,
    set_senders: BTreeMap<String, Vec<(senders::Author, i64, bool, i64)>>,
    media_gone: BTreeSet<media::Place>,
    media_new: BTreeSet<media::Place>,
}

impl Difference {
    fn note(&mut self, message: i64, was: Option<&Listed>, is: Option<&Listed>) {
        let correspondence = |listed: &Listed| {
            let Listed { date, class, accounts, deleted, authors, media, .. } = listed.clone();
            (date, class / 4 == PERSONAL, accounts, deleted, authors, media)
        };
        if was.map(correspondence) != is.map(correspondence) {
            self.correspond(message, was, -1);
            self.correspond(message, is, 1);
        }
        if let Some(was) = was {
            self.count(was, -1);
            let kept = |list: i64| is.is_some_and(|is| is.date == was.date && is.lists().any(|l| l == list));
            self.removed
                .extend(was.lists().filter(|list| !kept(*list)).map(|list| [list, was.date, message]));
        }
        if let Some(is) = is {
            self.count(is, 1);
            let same = |list: i64| {
                was.is_some_and(|w| w.date == is.date && w.class == is.class && w.lists().any(|l| l == list))
            };
            self.put.extend(
                is.lists().filter(|list| !same(*list)).map(|list| [list, is.date, message, is.class]),
            );
        }
    }

    /// Who wrote a message and what is attached to it came (`n` 1) or went (-1). Deleted ones are not among them.
    fn correspond(&mut self, message: i64, entry: Option<&Listed>, n: i64) {
        let Some(entry) = entry.filter(|entry| !entry.deleted) else { return };
        let personal = entry.class / 4 == PERSONAL;
        for list in std::iter::once(ALL_MAIL).chain(entry.accounts.iter().copied()) {
            for author in &entry.authors {
                self.senders.note(list, author, entry.date, personal, n);
            }
            let places =
                entry.media.iter().map(|(part, kind)| (list, *kind, entry.date, message, part.clone()));
            if n > 0 { self.media_new.extend(places) } else { self.media_gone.extend(places) }
        }
        if entry.accounts.len() > 1 {
            let list = self.set_senders.entry(set_name(&entry.accounts)).or_default();
            list.extend(entry.authors.iter().map(|author| (author.clone(), entry.date, personal, n)));
        }
    }

    fn count(&mut self, entry: &Listed, n: i64) {
        let day = entry.date.div_euclid(DAY_MS);
        for list in entry.lists() {
            *self.counts.entry((list, entry.class)).or_default() += n;
            *self.days.entry((list, day)).or_default() += n;
        }
        if entry.accounts.len() > 1 {
            let set = (set_name(&entry.accounts), entry.deleted);
            self.set_counts.entry(set).or_default().push((entry.class, day, n));
        }
    }

    fn write(mut self, tx: &Tx<'_>) -> Result<()> {
        for ((name, deleted), list) in std::mem::take(&mut self.set_counts) {
            let set = account_set(tx, &name)?;
            let key = if deleted { bin(set) } else { set };
            for (class, day, n) in list {
                *self.counts.entry((key, class)).or_default() += n;
                *self.days.entry((key, day)).or_default() += n;
            }
        }
        for (name, list) in std::mem::take(&mut self.set_senders) {
            let set = account_set(tx, &name)?;
            self.senders.is_set(set);
            for (author, date, personal, n) in list {
                self.senders.note(set, &author, date, personal, n);
            }
        }
        self.removed.sort_unstable();
        let mut rows = Rows::new(3, self.removed.len());
        self.removed.iter().for_each(|[list, date, message]| rows.push(args![*list, *date, *message]));
        tx.bulk(&DELETE, &rows)?;
        self.put.sort_unstable();
        let mut rows = Rows::new(4, self.put.len());
        for [list, date, message, class] in &self.put {
            rows.push(args![*list, *date, *message, *class]);
        }
        tx.bulk(&PUT, &rows)?;
        tx.bulk(&COUNT, &sums(&self.counts))?;
        tx.bulk(&COUNT_DAY, &sums(&self.days))?;
        media::write(tx, &self.media_gone, &self.media_new)?;
        self.senders.write(tx)
    }
}

fn sums(map: &BTreeMap<(i64, i64), i64>) -> Rows<'static> {
    let mut rows = Rows::new(3, map.len());
    for ((list, key), n) in map {
        if *n != 0 {
            rows.push(args![*list, *key, *n]);
        }
    }
    rows
}

fn set_name(accounts: &[i64]) -> String {
    accounts.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

fn account_set(tx: &Tx<'_>, name: &str) -> Result<i64> {
    if let Some(key) = tx.first(&FIND_SET, &[name.into()], |row| row.int(0))? {
        return Ok(key);
    }
    let key = take(tx, "list", 1)?;
    tx.exec(&ADD_SET, &args![key, name])?;
    Ok(key)
}

/// Gives the messages these mails belong to new change numbers, if they have one already.
pub(crate) fn touch(tx: &Tx<'_>, mails: &[i64]) -> Result<()> {
    if mails.is_empty() {
        return Ok(());
    }
    let mut messages = tx.query(&MESSAGES_OF, &[Arg::Ints(mails)], |row| row.int(0))?;
    if messages.is_empty() {
        return Ok(());
    }
    messages.sort_unstable();
    let first = take(tx, "change", messages.len())?;
    let mut rows = Rows::new(2, messages.len());
    for (message, change) in messages.iter().zip(first..) {
        rows.push(args![*message, change]);
    }
    tx.bulk(&TOUCH, &rows).map(drop)
}
