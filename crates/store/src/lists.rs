//! Lists of messages: keyset pages, jumps and exact totals under any scope.
//!
//! A page of several accounts is a merge of one scan per account, each message once. Totals are sums of kept
//! counts: the accounts' own, less what sets of accounts share.

use std::collections::{BTreeMap, VecDeque};

use model::{AccountId, Kind, MailboxId, Period, Scope, UnixMillis};

use crate::codec::kind_code;
use crate::db::Tx;
use crate::entries::{DAY_MS, bin, class};
use crate::error::{Result, StoreError};
use crate::keys::{ALL_MAIL, ScopeKeys};
use crate::marked::{Mark, Marked};
use crate::rows::{self, MessageRow};
use crate::sql::{Sql, statements};
use crate::store::Store;
use crate::value::{Arg, args};

/// From this offset on, whole days are skipped by their counts.
const SKIP_FROM: u64 = 500;
/// Class that is not in the index `entries_class`.
const COMMON: i64 = class(13, false, false);
/// A filter is answered class by class if it leaves less than one in this many.
const RARE: i64 = 8;

/// Which messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// That lie in this mailbox now.
    pub mailbox: Option<MailboxId>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Unread ones, or read ones.
    pub unread: Option<bool>,
    /// With attachments, or without.
    pub has_attachment: Option<bool>,
    /// With this tag: its key.
    pub tag: Option<i64>,
    /// Only what counts as spam.
    pub spam: bool,
    /// Those somebody deleted, instead of the others.
    pub deleted: bool,
}

/// Order by effective date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// Newest first.
    #[default]
    Descending,
    /// Oldest first.
    Ascending,
}

/// Place of a message in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageCursor {
    /// Effective date.
    pub date: UnixMillis,
    /// Number of the message.
    pub seq: i64,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListStart {
    /// At the top.
    #[default]
    Top,
    /// Behind this message.
    After(MessageCursor),
    /// Behind this many messages.
    Offset(u64),
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// Rows.
    pub rows: Vec<MessageRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<MessageCursor>,
    /// All messages of the list; exact.
    pub total: u64,
}

statements! {
    NEWER = "SELECT date, message_seq FROM entries WHERE list = $1 AND (date, message_seq) < ($2, $3) \
        ORDER BY date DESC, message_seq DESC LIMIT $4 OFFSET $5";
    NEWER_OF = "SELECT date, message_seq FROM entries WHERE list = $1 AND (date, message_seq) < ($2, $3) \
        AND class = ANY($6) ORDER BY date DESC, message_seq DESC LIMIT $4 OFFSET $5";
    NEWER_IN = "SELECT date, message_seq FROM entries WHERE list = $1 AND class = $6 AND class <> 52 \
        AND (date, message_seq) < ($2, $3) ORDER BY date DESC, message_seq DESC LIMIT $4 OFFSET $5";
    OLDER = "SELECT date, message_seq FROM entries WHERE list = $1 AND (date, message_seq) > ($2, $3) \
        ORDER BY date, message_seq LIMIT $4 OFFSET $5";
    OLDER_OF = "SELECT date, message_seq FROM entries WHERE list = $1 AND (date, message_seq) > ($2, $3) \
        AND class = ANY($6) ORDER BY date, message_seq LIMIT $4 OFFSET $5";
    OLDER_IN = "SELECT date, message_seq FROM entries WHERE list = $1 AND class = $6 AND class <> 52 \
        AND (date, message_seq) > ($2, $3) ORDER BY date, message_seq LIMIT $4 OFFSET $5";
    WITHIN = "SELECT COUNT(DISTINCT message_seq) FROM entries WHERE list = ANY($1) AND date >= $2 AND date < $3";
    WITHIN_OF = "SELECT COUNT(DISTINCT message_seq) FROM entries WHERE list = ANY($1) AND date >= $2 AND date < $3 \
        AND class = ANY($4)";
    COUNTS = "SELECT list, class, n FROM list_counts WHERE list = ANY($1) AND n > 0";
    SETS = "SELECT c.list, s.accounts, c.class, c.n FROM account_sets s JOIN list_counts c ON c.list = s.key \
        WHERE c.n > 0";
    BIN_SETS = "SELECT c.list, s.accounts, c.class, c.n FROM account_sets s JOIN list_counts c ON c.list = -1 - s.key \
        WHERE c.n > 0";
    DAYS = "SELECT list, day, n FROM list_days WHERE list = ANY($1) AND n <> 0";
}

/// A list to scan, with everything in it or only one class.
type Source = (i64, Classes);

#[derive(Clone, Debug)]
enum Classes {
    Any,
    /// As a condition on every entry.
    Of(Vec<i64>),
    /// By the index.
    In(i64),
}

/// What is to be shown, in keys.
struct Plan {
    lists: Vec<i64>,
    /// `None`: all.
    classes: Option<Vec<i64>>,
    /// The lists are those of deleted messages.
    deleted: bool,
}

impl Plan {
    fn marked(&self, filter: &ListFilter) -> Option<Marked<'_>> {
        let by = match (filter.spam, filter.tag) {
            (true, tag) => Mark::Spam { tag: tag.unwrap_or_default() },
            (false, tag) => Mark::Tag(tag?),
        };
        Some(Marked { by, lists: &self.lists, classes: classes_of(filter) })
    }
}

fn classes(filter: &ListFilter) -> Option<Vec<i64>> {
    let all = filter.kind.is_none() && filter.unread.is_none() && filter.has_attachment.is_none();
    (!all).then(|| classes_of(filter))
}

fn classes_of(filter: &ListFilter) -> Vec<i64> {
    let kinds = Kind::ALL.into_iter().filter(|kind| filter.kind.is_none_or(|k| k == *kind));
    let flags =
        |wanted: Option<bool>| [false, true].into_iter().filter(move |f| wanted.is_none_or(|w| w == *f));
    let mut classes = Vec::new();
    for kind in kinds.map(kind_code) {
        for unread in flags(filter.unread) {
            classes.extend(flags(filter.has_attachment).map(|attachment| class(kind, unread, attachment)));
        }
    }
    classes
}

/// Messages that lie in several of the accounts are counted once for each: what is to be taken off.
struct Shared {
    list: i64,
    class: i64,
    /// Times too often.
    surplus: i64,
    n: i64,
}

fn shared(tx: &Tx<'_>, plan: &Plan) -> Result<Vec<Shared>> {
    let mut accounts = plan.lists.clone();
    if plan.deleted {
        accounts = accounts.into_iter().map(bin).collect();
        accounts.sort_unstable();
    }
    if accounts.len() < 2 {
        return Ok(Vec::new());
    }
    let sets = if plan.deleted { &BIN_SETS } else { &SETS };
    let rows = tx.query(sets, &[], |row| Ok((row.int(0)?, row.text(1)?, row.int(2)?, row.int(3)?)))?;
    let surplus = |names: &str| {
        let keys = names.split(',').filter_map(|key| key.parse::<i64>().ok());
        keys.filter(|key| accounts.binary_search(key).is_ok()).count() as i64 - 1
    };
    let shared =
        rows.into_iter().map(|(list, names, class, n)| Shared { list, class, surplus: surplus(&names), n });
    Ok(shared.filter(|shared| shared.surplus > 0).collect())
}

/// Sizes under a plan.
struct Totals {
    /// Of what the plan lets through; exact.
    matching: i64,
    /// By list and class, as kept.
    counts: BTreeMap<(i64, i64), i64>,
    shared: Vec<Shared>,
}

fn totals(tx: &Tx<'_>, plan: &Plan) -> Result<Totals> {
    let wanted = |class: i64| plan.classes.as_ref().is_none_or(|classes| classes.contains(&class));
    let rows =
        tx.query(&COUNTS, &[Arg::Ints(&plan.lists)], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)))?;
    let counts: BTreeMap<(i64, i64), i64> =
        rows.into_iter().map(|(list, class, n)| ((list, class), n)).collect();
    let shared = shared(tx, plan)?;
    let sum: i64 = counts.iter().filter(|((_, class), _)| wanted(*class)).map(|(_, n)| n).sum();
    let surplus: i64 = shared.iter().filter(|s| wanted(s.class)).map(|s| s.n * s.surplus).sum();
    Ok(Totals { matching: sum - surplus, counts, shared })
}

fn sources(plan: &Plan, totals: &Totals) -> Vec<Source> {
    let mut sources = Vec::new();
    for list in &plan.lists {
        let Some(classes) = &plan.classes else {
            sources.push((*list, Classes::Any));
            continue;
        };
        let mut all = 0;
        let mut found: Vec<(i64, i64)> = Vec::new();
        for ((_, class), n) in totals.counts.range((*list, i64::MIN)..=(*list, i64::MAX)) {
            all += n;
            if classes.contains(class) {
                found.push((*class, *n));
            }
        }
        let matching: i64 = found.iter().map(|(_, n)| n).sum();
        if matching == all && all > 0 {
            sources.push((*list, Classes::Any));
        } else if matching * RARE < all || found.len() == 1 {
            let one = |class| if class == COMMON { Classes::Of(vec![class]) } else { Classes::In(class) };
            sources.extend(found.into_iter().map(|(class, _)| (*list, one(class))));
        } else if matching > 0 {
            sources.push((*list, Classes::Of(found.into_iter().map(|(class, _)| class).collect())));
        }
    }
    sources
}

/// A scan of one source, fetched piece by piece.
struct Scan {
    source: Source,
    order: ListOrder,
    piece: usize,
    /// Entries to skip with the first piece.
    skip: u64,
    at: MessageCursor,
    fetched: VecDeque<MessageCursor>,
    ended: bool,
}

impl Scan {
    fn head(&mut self, tx: &Tx<'_>) -> Result<Option<MessageCursor>> {
        if self.fetched.is_empty() && !self.ended {
            let rows = self.fetch(tx)?;
            self.ended = rows.len() < self.piece;
            if let Some(last) = rows.last() {
                self.at = *last;
            }
            self.fetched = rows.into();
            self.skip = 0;
            self.piece = (self.piece * 2).min(2000);
        }
        Ok(self.fetched.front().copied())
    }

    fn fetch(&self, tx: &Tx<'_>) -> Result<Vec<MessageCursor>> {
        let (list, classes) = &self.source;
        let [any, of, one]: [&'static Sql; 3] = match self.order {
            ListOrder::Descending => [&NEWER, &NEWER_OF, &NEWER_IN],
            ListOrder::Ascending => [&OLDER, &OLDER_OF, &OLDER_IN],
        };
        let read = |row: &crate::value::Row<'_>| Ok(MessageCursor { date: row.time(0)?, seq: row.int(1)? });
        let mut args = args![*list, self.at.date, self.at.seq, self.piece as i64, self.skip].to_vec();
        match classes {
            Classes::Any => tx.query(any, &args, read),
            Classes::Of(classes) => {
                args.push(Arg::Ints(classes));
                tx.query(of, &args, read)
            }
            Classes::In(class) => {
                args.push((*class).into());
                tx.query(one, &args, read)
            }
        }
    }
}

/// The merge of all sources, each message once: skips `skip`, gives `count`.
fn merge(
    tx: &Tx<'_>,
    sources: Vec<Source>,
    order: ListOrder,
    from: MessageCursor,
    mut skip: u64,
    count: usize,
) -> Result<Vec<MessageCursor>> {
    // Of one source, the database skips; of several, nobody knows how many of each.
    let first = if sources.len() == 1 { std::mem::take(&mut skip) } else { 0 };
    let wanted = count.saturating_add(usize::try_from(skip).unwrap_or(usize::MAX));
    let piece = if sources.len() == 1 { count } else { (2 * wanted / sources.len().max(1)).clamp(4, 200) };
    let mut scans: Vec<Scan> = sources
        .into_iter()
        .map(|source| Scan {
            source,
            order,
            piece,
            skip: first,
            at: from,
            fetched: VecDeque::new(),
            ended: false,
        })
        .collect();
    let mut out = Vec::with_capacity(count.min(1000));
    while out.len() < count {
        let mut next: Option<MessageCursor> = None;
        for scan in &mut scans {
            let Some(head) = scan.head(tx)? else { continue };
            next = Some(match (next, order) {
                (None, _) => head,
                (Some(next), ListOrder::Descending) => next.max(head),
                (Some(next), ListOrder::Ascending) => next.min(head),
            });
        }
        let Some(next) = next else { break };
        for scan in &mut scans {
            if scan.fetched.front() == Some(&next) {
                scan.fetched.pop_front();
            }
        }
        if skip > 0 {
            skip -= 1;
        } else {
            out.push(next);
        }
    }
    Ok(out)
}

/// Skips whole days: where to begin, and how many to skip from there.
fn skip_days(
    tx: &Tx<'_>,
    plan: &Plan,
    totals: &Totals,
    order: ListOrder,
    offset: u64,
) -> Result<(MessageCursor, u64)> {
    let mut weights: BTreeMap<i64, i64> = plan.lists.iter().map(|list| (*list, 1)).collect();
    weights.extend(totals.shared.iter().map(|shared| (shared.list, -shared.surplus)));
    let lists: Vec<i64> = weights.keys().copied().collect();
    let mut days: BTreeMap<i64, i64> = BTreeMap::new();
    for (list, day, n) in
        tx.query(&DAYS, &[Arg::Ints(&lists)], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)))?
    {
        *days.entry(day).or_default() += n * weights.get(&list).copied().unwrap_or_default();
    }
    let mut left = offset;
    let mut at = top(order);
    let in_order: Box<dyn Iterator<Item = (&i64, &i64)>> = match order {
        ListOrder::Descending => Box::new(days.iter().rev()),
        ListOrder::Ascending => Box::new(days.iter()),
    };
    for (day, n) in in_order {
        let n = u64::try_from(*n).unwrap_or_default();
        if n > left {
            break;
        }
        left -= n;
        at = match order {
            ListOrder::Descending => {
                MessageCursor { date: UnixMillis(day.saturating_mul(DAY_MS)), seq: i64::MIN }
            }
            ListOrder::Ascending => MessageCursor {
                date: UnixMillis(day.saturating_add(1).saturating_mul(DAY_MS)),
                seq: i64::MIN,
            },
        };
    }
    Ok((at, left))
}

/// First date of a period, and the first one behind it.
fn bounds(period: Period) -> (i64, i64) {
    (period.from.map_or(i64::MIN, |from| from.0), period.until.map_or(i64::MAX, |until| until.0))
}

/// How many messages of the plan are in the period: all of its entries are looked at.
fn within(tx: &Tx<'_>, plan: &Plan, period: Period) -> Result<i64> {
    let (from, until) = bounds(period);
    let args = [Arg::Ints(&plan.lists), from.into(), until.into()];
    match &plan.classes {
        None => tx.int(&WITHIN, &args),
        Some(classes) => {
            let [lists, from, until] = args;
            tx.int(&WITHIN_OF, &[lists, from, until, Arg::Ints(classes)])
        }
    }
}

/// The place to begin at, moved into the period.
fn moved(at: MessageCursor, order: ListOrder, period: Period) -> MessageCursor {
    match (order, period.from, period.until) {
        (ListOrder::Descending, _, Some(until)) => at.min(MessageCursor { date: until, seq: i64::MIN }),
        (ListOrder::Ascending, Some(from), _) => at.max(MessageCursor { date: from, seq: i64::MIN }),
        _ => at,
    }
}

const fn top(order: ListOrder) -> MessageCursor {
    match order {
        ListOrder::Descending => MessageCursor { date: UnixMillis(i64::MAX), seq: i64::MAX },
        ListOrder::Ascending => MessageCursor { date: UnixMillis(i64::MIN), seq: i64::MIN },
    }
}

impl Store {
    /// A page of at most `limit` messages.
    ///
    /// An account or a mailbox the scope does not allow, or that does not exist, has no messages.
    ///
    /// # Errors
    /// Those of the database.
    pub fn list(
        &self,
        scope: &Scope,
        filter: &ListFilter,
        order: ListOrder,
        start: ListStart,
        limit: usize,
    ) -> Result<ListPage> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let Some(plan) = self.plan(tx, &keys, filter)? else { return Ok(ListPage::default()) };
            let (from, skip) = match start {
                ListStart::Top => (top(order), 0),
                ListStart::After(cursor) => (cursor, 0),
                ListStart::Offset(offset) => (top(order), offset),
            };
            let period = keys.period();
            let from = moved(from, order, period);
            let (mut found, total) = if let Some(marked) = plan.marked(filter) {
                (marked.page(tx, order, from, skip, limit + 1)?, marked.total(tx, bounds(period))?)
            } else {
                let totals = totals(tx, &plan)?;
                let (from, skip) = if skip >= SKIP_FROM && plan.classes.is_none() && !period.is_bounded() {
                    skip_days(tx, &plan, &totals, order, skip)?
                } else {
                    (from, skip)
                };
                let total = if period.is_bounded() { within(tx, &plan, period)? } else { totals.matching };
                (merge(tx, sources(&plan, &totals), order, from, skip, limit + 1)?, total)
            };
            found.retain(|cursor| period.holds(cursor.date));
            let more = found.len() > limit;
            found.truncate(limit);
            let messages: Vec<i64> = found.iter().map(|cursor| cursor.seq).collect();
            Ok(ListPage {
                rows: self.rows(tx, &keys, &messages)?,
                next: found.last().filter(|_| more).copied(),
                total: u64::try_from(total).unwrap_or_default(),
            })
        })
    }

    /// How many messages a list has; exact.
    ///
    /// # Errors
    /// Those of the database.
    pub fn count(&self, scope: &Scope, filter: &ListFilter) -> Result<u64> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let Some(plan) = self.plan(tx, &keys, filter)? else { return Ok(0) };
            let total = match plan.marked(filter) {
                Some(marked) => marked.total(tx, bounds(keys.period()))?,
                None if keys.period().is_bounded() => within(tx, &plan, keys.period())?,
                None => totals(tx, &plan)?.matching,
            };
            Ok(u64::try_from(total).unwrap_or_default())
        })
    }

    /// Numbers of the messages of these that the scope allows, in their order.
    ///
    /// # Errors
    /// Those of the database.
    pub fn allowed(&self, scope: &Scope, messages: &[i64]) -> Result<Vec<i64>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let visible = rows::visible(tx, &keys, messages)?;
            Ok(messages.iter().copied().filter(|message| visible.contains_key(message)).collect())
        })
    }

    /// `None` if nothing can be in the list.
    fn plan(&self, tx: &Tx<'_>, scope: &ScopeKeys, filter: &ListFilter) -> Result<Option<Plan>> {
        let account = match filter.account {
            None => None,
            Some(id) => match self.keys().account(tx, id)? {
                Some(key) if scope.allows(key) => Some(key),
                _ => return Ok(None),
            },
        };
        let mut lists = if let Some(id) = filter.mailbox {
            match self.keys().mailbox(tx, id)? {
                Some(key) if scope.allows(key.account) && account.is_none_or(|a| a == key.account) => {
                    vec![key.mailbox]
                }
                _ => return Ok(None),
            }
        } else if let Some(key) = account {
            vec![key]
        } else {
            match scope {
                ScopeKeys::All => vec![ALL_MAIL],
                ScopeKeys::Accounts(keys, _) if keys.is_empty() => return Ok(None),
                ScopeKeys::Accounts(keys, _) => keys.clone(),
            }
        };
        if filter.deleted {
            lists = lists.into_iter().map(bin).collect();
        }
        Ok(Some(Plan { lists, classes: classes(filter), deleted: filter.deleted }))
    }
}

impl std::str::FromStr for MessageCursor {
    type Err = StoreError;

    /// What `Display` writes.
    fn from_str(text: &str) -> Result<Self> {
        let parsed = text.split_once('.').and_then(|(date, seq)| {
            Some(Self { date: UnixMillis(date.parse().ok()?), seq: seq.parse().ok()? })
        });
        parsed.ok_or(StoreError::Unreadable { what: "cursor" })
    }
}

impl std::fmt::Display for MessageCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.date.0, self.seq)
    }
}
