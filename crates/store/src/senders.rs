//! Who wrote to us: addresses with counts and days for each list, kept by the difference between before and after; and pages of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{Scope, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::keys::{ALL_MAIL, ScopeKeys};
use crate::record_mails;
use crate::sql::{Sql, statements};
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};

/// What decides the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SenderOrder {
    /// Most mails first.
    #[default]
    Count,
    /// Newest mail first.
    Last,
}

/// Which senders. Own addresses, those of accounts and of SMTP accounts, are never among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderFilter {
    /// Stands in address or name, whatever its case.
    pub text: Option<String>,
    /// Those too that only ever wrote by machine, and addresses of roles.
    pub machines: bool,
    /// In this order.
    pub order: SenderOrder,
}

/// Place of a sender among all: what decides the order, and the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderCursor {
    /// Count, or milliseconds of the last mail.
    pub value: i64,
    /// Folded address.
    pub address: String,
}

/// An address that wrote to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderRow {
    /// Folded.
    pub address: String,
    /// As the newest mail has it; empty if it has none.
    pub name: String,
    /// Messages from it.
    pub count: u64,
    /// Those of them that are personal.
    pub personal: u64,
    /// An address of a role or of a machine.
    pub role: bool,
    /// Effective date of the oldest message.
    pub first: UnixMillis,
    /// Effective date of the newest message.
    pub last: UnixMillis,
}

/// Of senders `s`: what the filter lets through; parameters 2 to 5 (text in three spellings, machines).
macro_rules! conditions {
    () => {
        "s.n > 0 AND ($2 = '' OR s.folded LIKE $2 OR LOWER(s.name) LIKE $2 OR s.name LIKE $3 OR s.name LIKE $4) \
         AND ($5 = 1 OR (s.role < 1 AND s.people > 0)) \
         AND s.folded NOT IN (SELECT LOWER(address) FROM accounts WHERE address IS NOT NULL \
         UNION ALL SELECT LOWER(from_address) FROM smtp_accounts)"
    };
}
macro_rules! columns {
    () => {
        "SELECT s.folded, s.name, s.n, s.people, s.role, s.first, s.last FROM "
    };
}
/// Senders of several accounts: a message that lies in several of them is counted once.
macro_rules! joined {
    () => {
        "WITH w(list, weight) AS (SELECT key, 1 FROM accounts WHERE key = ANY($1) UNION ALL \
         SELECT c.key, 1 - COUNT(*) FROM account_sets c JOIN accounts a ON a.key = ANY($1) \
         AND (',' || c.accounts || ',') LIKE ('%,' || CAST(a.key AS VARCHAR) || ',%') GROUP BY c.key HAVING COUNT(*) > 1), \
         s AS (SELECT x.folded, MAX(CASE WHEN w.weight = 1 THEN x.name ELSE '' END) AS name, \
         CAST(SUM(x.n * w.weight) AS BIGINT) AS n, CAST(SUM(x.people * w.weight) AS BIGINT) AS people, MAX(x.role) AS role, \
         MIN(CASE WHEN w.weight = 1 THEN x.first END) AS first, MAX(CASE WHEN w.weight = 1 THEN x.last END) AS last \
         FROM w JOIN senders x ON x.list = w.list GROUP BY x.folded) "
    };
}

statements! {
    PUT [Int, Text, Text, Int, Int, Int, Int, Int] = "WITH v(list, folded, name, role, n, people, first, last) AS ({rows}) \
        INSERT INTO senders (list, folded, name, role, n, people, first, last) \
        SELECT list, folded, name, role, n, people, first, last FROM v WHERE TRUE \
        ON CONFLICT (list, folded) DO UPDATE SET n = senders.n + excluded.n, people = senders.people + excluded.people, \
        role = excluded.role, name = CASE WHEN excluded.last >= senders.last THEN excluded.name ELSE senders.name END, \
        first = CASE WHEN excluded.first < senders.first THEN excluded.first ELSE senders.first END, \
        last = CASE WHEN excluded.last > senders.last THEN excluded.last ELSE senders.last END";
    NOW [Int, Text] = "WITH v(list, folded) AS ({rows}) SELECT s.list, s.folded, s.n, s.first, s.last FROM v \
        JOIN senders s ON s.list = v.list AND s.folded = v.folded";
    DROP [Int, Text] = "WITH v(list, folded) AS ({rows}) DELETE FROM senders WHERE (list, folded) IN (SELECT list, folded FROM v)";
    FROM_OF = "SELECT l.seq, a.folded, a.name FROM mail_addresses l JOIN addresses a ON a.key = l.address \
        WHERE l.seq = ANY($1) AND l.role = 0 ORDER BY l.seq, l.n";
    NEWEST = "SELECT m.date, a.name FROM addresses a JOIN mail_addresses l ON l.address = a.key AND l.role = 0 \
        JOIN mails m ON m.seq = l.seq JOIN entries e ON e.list = $1 AND e.date = m.date AND e.message_seq = m.seq \
        WHERE a.folded = $2 ORDER BY m.date DESC, m.seq DESC LIMIT 1";
    OLDEST = "SELECT m.date FROM addresses a JOIN mail_addresses l ON l.address = a.key AND l.role = 0 \
        JOIN mails m ON m.seq = l.seq JOIN entries e ON e.list = $1 AND e.date = m.date AND e.message_seq = m.seq \
        WHERE a.folded = $2 ORDER BY m.date LIMIT 1";
    SET [Int, Text, Int, Int, Text] = "WITH v(list, folded, first, last, name) AS ({rows}) UPDATE senders \
        SET first = v.first, last = v.last, name = v.name FROM v WHERE senders.list = v.list AND senders.folded = v.folded";
    UNSEEN = "SELECT DISTINCT folded FROM senders WHERE role < 0 LIMIT $1";
    SEEN [Text, Int] = "WITH v(folded, role) AS ({rows}) UPDATE senders SET role = v.role FROM v WHERE senders.folded = v.folded \
        AND senders.role < 0";
    OTHERS = "SELECT COUNT(*) FROM accounts WHERE NOT (key = ANY($1))";
    BY_COUNT_SAME = concat!(columns!(), "senders s WHERE s.list = $1 AND s.n = $6 AND s.folded > $7 AND ", conditions!(),
        " ORDER BY s.folded LIMIT $8");
    BY_COUNT = concat!(columns!(), "senders s WHERE s.list = $1 AND s.n < $6 AND ", conditions!(),
        " ORDER BY s.n DESC, s.folded LIMIT $7");
    BY_LAST_SAME = concat!(columns!(), "senders s WHERE s.list = $1 AND s.last = $6 AND s.folded > $7 AND ", conditions!(),
        " ORDER BY s.folded LIMIT $8");
    BY_LAST = concat!(columns!(), "senders s WHERE s.list = $1 AND s.last < $6 AND ", conditions!(),
        " ORDER BY s.last DESC, s.folded LIMIT $7");
    JOINED_BY_COUNT = concat!(joined!(), columns!(), "s WHERE (s.n < $6 OR (s.n = $6 AND s.folded > $7)) AND ", conditions!(),
        " ORDER BY s.n DESC, s.folded LIMIT $8");
    JOINED_BY_LAST = concat!(joined!(), columns!(), "s WHERE (s.last < $6 OR (s.last = $6 AND s.folded > $7)) AND ", conditions!(),
        " ORDER BY s.last DESC, s.folded LIMIT $8");
    COUNT = concat!("SELECT COUNT(*) FROM senders s WHERE s.list = $1 AND ", conditions!());
    JOINED_COUNT = concat!(joined!(), "SELECT COUNT(*) FROM s WHERE ", conditions!());
}

/// Addresses looked at in one go after an update.
const UNSEEN_PIECE: i64 = 500;

/// An author: folded address and name.
pub(crate) type Author = (String, String);

/// Authors of messages, each address once.
pub(crate) fn authors(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, Vec<Author>>> {
    let mut map: HashMap<i64, Vec<Author>> = HashMap::new();
    for (seq, folded, name) in
        tx.query(&FROM_OF, &[Arg::Ints(messages)], |row| Ok((row.int(0)?, row.text(1)?, row.text(2)?)))?
    {
        let authors = map.entry(seq).or_default();
        if !folded.is_empty() && authors.iter().all(|(known, _)| *known != folded) {
            authors.push((folded, name));
        }
    }
    Ok(map)
}

/// What changes at the sender of a list.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    n: i64,
    people: i64,
    first: i64,
    last: i64,
    name: String,
    /// Oldest and newest date that went.
    gone: Option<(i64, i64)>,
}

impl Default for Change {
    fn default() -> Self {
        Self { n: 0, people: 0, first: i64::MAX, last: i64::MIN, name: String::new(), gone: None }
    }
}

/// Changes by list and folded address; lists that only count are named apart.
#[derive(Default)]
pub(crate) struct Changes {
    of: BTreeMap<(i64, String), Change>,
    sets: BTreeSet<i64>,
}

impl Changes {
    /// A message came (`n` 1) or went (-1).
    pub(crate) fn note(&mut self, list: i64, author: &Author, date: i64, personal: bool, n: i64) {
        let change = self.of.entry((list, author.0.clone())).or_default();
        change.n += n;
        change.people += if personal { n } else { 0 };
        if n > 0 {
            change.first = change.first.min(date);
            if date >= change.last {
                change.last = date;
                change.name.clone_from(&author.1);
            }
        } else {
            let (oldest, newest) = change.gone.unwrap_or((date, date));
            change.gone = Some((oldest.min(date), newest.max(date)));
        }
    }

    /// The list is a set of accounts: it has no days.
    pub(crate) fn is_set(&mut self, list: i64) {
        self.sets.insert(list);
    }

    pub(crate) fn write(&self, tx: &Tx<'_>) -> Result<()> {
        let mut rows = Rows::new(8, self.of.len());
        for ((list, folded), change) in &self.of {
            let role = i64::from(link::is_role_address(folded));
            rows.push(args![
                *list,
                folded,
                &change.name,
                role,
                change.n,
                change.people,
                change.first,
                change.last
            ]);
        }
        tx.bulk(&PUT, &rows)?;
        self.correct(tx)
    }

    /// Rows that lost their oldest or newest message, or all.
    fn correct(&self, tx: &Tx<'_>) -> Result<()> {
        let less: Vec<_> = self.of.iter().filter_map(|(key, change)| Some((key, change.gone?))).collect();
        if less.is_empty() {
            return Ok(());
        }
        let mut keys = Rows::new(2, less.len());
        for ((list, folded), _) in &less {
            keys.push(args![*list, folded]);
        }
        let now = tx.bulk_query(&NOW, &keys, |row| {
            Ok(((row.int(0)?, row.text(1)?), (row.int(2)?, row.int(3)?, row.int(4)?)))
        })?;
        let now: HashMap<(i64, String), (i64, i64, i64)> = now.into_iter().collect();
        let (mut ended, mut set) = (Rows::new(2, 0), Rows::new(5, 0));
        for (key, (oldest, newest)) in &less {
            let Some((n, first, last)) = now.get(*key) else { continue };
            if *n <= 0 {
                ended.push(args![key.0, &key.1]);
            } else if (oldest <= first || newest >= last) && !self.sets.contains(&key.0) {
                let at = args![key.0, &key.1];
                let newest = tx.first(&NEWEST, &at, |row| Ok((row.int(0)?, row.text(1)?)))?;
                let oldest = tx.first(&OLDEST, &at, |row| row.int(0))?;
                if let (Some((last, name)), Some(first)) = (newest, oldest) {
                    set.push(args![key.0, &key.1, first, last, name]);
                }
            }
        }
        tx.bulk(&DROP, &ended)?;
        tx.bulk(&SET, &set).map(drop)
    }
}

fn sender(row: &Row<'_>) -> Result<SenderRow> {
    Ok(SenderRow {
        address: row.text(0)?,
        name: row.text(1)?,
        count: row.uint(2)?,
        personal: row.opt_int(3)?.unwrap_or_default().unsigned_abs(),
        role: row.int(4)? > 0,
        first: row.time(5)?,
        last: row.time(6)?,
    })
}

impl SenderFilter {
    fn patterns(&self) -> [String; 3] {
        record_mails::patterns(self.text.as_deref())
    }
}

impl SenderRow {
    /// Where a page behind this row begins.
    pub fn cursor(&self, order: SenderOrder) -> SenderCursor {
        let value = match order {
            SenderOrder::Count => i64::try_from(self.count).unwrap_or(i64::MAX),
            SenderOrder::Last => self.last.0,
        };
        SenderCursor { value, address: self.address.clone() }
    }
}

/// Lists that together hold what the scope allows: the one of all mail if it allows every account.
pub(crate) fn whole_lists(tx: &Tx<'_>, scope: &ScopeKeys) -> Result<Vec<i64>> {
    let lists = record_mails::lists(scope);
    let all = lists != [ALL_MAIL] && lists.len() > 1 && tx.int(&OTHERS, &[Arg::Ints(&lists)])? == 0;
    Ok(if all { vec![ALL_MAIL] } else { lists })
}

impl Store {
    /// A page of at most `limit` senders behind `after`. Scopes with a period are not understood: whoever asks refuses them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn senders(
        &self,
        scope: &Scope,
        filter: &SenderFilter,
        after: Option<&SenderCursor>,
        limit: usize,
    ) -> Result<Vec<SenderRow>> {
        let [lower, plain, capital] = filter.patterns();
        let limit = limit as i64;
        self.read(|tx| {
            let lists = whole_lists(tx, &self.keys().scope(tx, scope)?)?;
            let with = |list: Arg<'_>, rest: &[Arg<'_>], sql: &'static Sql| {
                let mut args = vec![list];
                args.extend(args![&lower, &plain, &capital, filter.machines]);
                args.extend_from_slice(rest);
                tx.query(sql, &args, sender)
            };
            let (same, rest, joined) = match filter.order {
                SenderOrder::Count => (&BY_COUNT_SAME, &BY_COUNT, &JOINED_BY_COUNT),
                SenderOrder::Last => (&BY_LAST_SAME, &BY_LAST, &JOINED_BY_LAST),
            };
            let (value, address) =
                after.map_or((i64::MAX, ""), |after| (after.value, after.address.as_str()));
            let [list] = lists.as_slice() else {
                if lists.is_empty() {
                    return Ok(Vec::new());
                }
                return with(Arg::Ints(&lists), &args![value, address, limit], joined);
            };
            let mut rows = if after.is_some() {
                with((*list).into(), &args![value, address, limit], same)?
            } else {
                Vec::new()
            };
            let left = limit - rows.len() as i64;
            if left > 0 {
                rows.extend(with((*list).into(), &args![value, left], rest)?);
            }
            Ok(rows)
        })
    }

    /// How many senders there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn sender_count(&self, scope: &Scope, filter: &SenderFilter) -> Result<u64> {
        let [lower, plain, capital] = filter.patterns();
        self.read(|tx| {
            let lists = whole_lists(tx, &self.keys().scope(tx, scope)?)?;
            let (list, sql) = match lists.as_slice() {
                [] => return Ok(0),
                [one] => ((*one).into(), &COUNT),
                several => (Arg::Ints(several), &JOINED_COUNT),
            };
            let [b, c, d, e] = args![&lower, &plain, &capital, filter.machines];
            Ok(tx.int(sql, &[list, b, c, d, e])?.unsigned_abs())
        })
    }

    /// Looks at addresses that were there before anybody said whether they are of roles; done once after an update.
    pub(crate) fn look_at_senders(&self) -> Result<()> {
        loop {
            let unseen = self.read(|tx| tx.query(&UNSEEN, &[UNSEEN_PIECE.into()], |row| row.text(0)))?;
            if unseen.is_empty() {
                return Ok(());
            }
            self.write(move |tx| {
                let mut rows = Rows::new(2, unseen.len());
                for folded in &unseen {
                    rows.push(args![folded, i64::from(link::is_role_address(folded))]);
                }
                tx.bulk(&SEEN, &rows).map(drop)
            })?;
        }
    }
}

impl std::str::FromStr for SenderCursor {
    type Err = StoreError;

    /// What `Display` writes.
    fn from_str(text: &str) -> Result<Self> {
        let parsed = text.split_once('_').and_then(|(value, address)| {
            Some(Self { value: value.parse().ok()?, address: address.to_owned() })
        });
        parsed.ok_or(StoreError::Unreadable { what: "cursor" })
    }
}

impl std::fmt::Display for SenderCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.value, self.address)
    }
}
