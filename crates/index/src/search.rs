//! Answers: counted, sorted, paged, within what the user may read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use model::{Scope, UnixMillis};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::query::{Bm25StatisticsProvider, BooleanQuery, Occur, TermSetQuery};
use tantivy::schema::Field;
use tantivy::{DocId, Score, Searcher, SegmentOrdinal, SegmentReader, Term};

use crate::compile::{compile, scope_filter, without_deleted};
use crate::error::Error;
use crate::facet::{Accounts, Counts, Facets, Sum, Years};
use crate::query::Query;
use crate::schema::{SEQ, Text, column};
use crate::store::Index;

/// Order of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Date,
    /// Best first; of equals the newest.
    Relevance,
}

/// Which part of an answer is wanted.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most so many hits; 0 if only numbers are wanted. At most 1,000.
    pub limit: usize,
    /// `next` of the page before. Pages sorted by date stay true while mail arrives; by relevance, hits may shift.
    pub cursor: Option<String>,
    /// Order.
    pub sort: Sort,
    /// Whether to count facets.
    pub facets: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 50, cursor: None, sort: Sort::Date, facets: false }
    }
}

const LIMIT_MAX: usize = 1000;

/// A message found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Its key.
    pub seq: u64,
    /// How well it matches; 0 when sorted by date.
    pub score: f32,
    /// Effective date.
    pub date: UnixMillis,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// How many messages match, over all pages; exact.
    pub total: u64,
    /// This page.
    pub hits: Vec<Hit>,
    /// Of all messages that match; `None` unless asked for.
    pub facets: Option<Facets>,
    /// Cursor of the next page; `None` at the end.
    pub next: Option<String>,
}

impl Index {
    /// Which of these messages match a query, deleted ones as well; at most 1,000 can be asked about at once.
    ///
    /// # Errors
    /// [`Error::Rebuild`] if the index turns out damaged; [`Error::Io`].
    pub fn matching(&self, query: &Query, seqs: &[i64]) -> Result<Vec<i64>, Error> {
        let terms = seqs.iter().map(|seq| Term::from_field_u64(SEQ, seq.unsigned_abs()));
        let among: Box<dyn tantivy::query::Query> = Box::new(TermSetQuery::new(terms));
        let asked = BooleanQuery::new(vec![(Occur::Must, compile(&query.root)), (Occur::Must, among)]);
        let collector = Collect {
            scope: Scope::All,
            sort: Sort::Date,
            after: None,
            limit: seqs.len().min(LIMIT_MAX),
            years: None,
        };
        let harvest = self.guarded(|| {
            let searcher = self.reader.searcher();
            searcher.search_with_statistics_provider(&asked, &collector, &Rarity(&searcher))
        })?;
        Ok(harvest.best.iter().map(|best| best.key.seq as i64).collect())
    }

    /// Finds the messages of a query that lie in an account of the scope.
    ///
    /// Hits, total and facets count what the scope allows and nothing else.
    ///
    /// # Errors
    /// [`Error::Cursor`]; [`Error::Rebuild`] if the index turns out damaged; [`Error::Io`].
    pub fn search(&self, query: &Query, scope: &Scope, page: &Page) -> Result<Found, Error> {
        let after = page.cursor.as_deref().map(|cursor| Key::read(cursor, page.sort)).transpose()?;
        let limit = page.limit.min(LIMIT_MAX);
        let collector = Collect {
            scope: scope.clone(),
            sort: page.sort,
            after,
            // One more, to know whether there is a next page.
            limit: if limit == 0 { 0 } else { limit + 1 },
            years: page.facets.then(|| Years::of(&query.zone)),
        };
        let mut compiled = compile(&query.root);
        if let Some(filter) = scope_filter(scope) {
            compiled = Box::new(BooleanQuery::new(vec![(Occur::Must, compiled), (Occur::Must, filter)]));
        }
        if !query.of_deleted {
            compiled = without_deleted(compiled);
        }
        let harvest = self.guarded(|| {
            let searcher = self.reader.searcher();
            searcher.search_with_statistics_provider(&compiled, &collector, &Rarity(&searcher))
        })?;
        let mut best = harvest.best;
        let more = best.len() > limit;
        best.truncate(limit);
        Ok(Found {
            total: harvest.total,
            next: best.last().filter(|_| more).map(|best| best.key.write(page.sort)),
            hits: best.iter().map(Best::hit).collect(),
            facets: harvest.sum.map(Sum::facets),
        })
    }
}

/// How rare words are. A stem counts as equally common everywhere: fields of stems hold only words that differ from
/// theirs, so that their numbers say nothing of the word, and a rare form would outrank the exact word.
struct Rarity<'a>(&'a Searcher);

impl Bm25StatisticsProvider for Rarity<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        self.0.total_num_tokens(field)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        self.0.total_num_docs()
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        if Text::ALL.iter().any(|text| text.is_stems() && text.field() == term.field()) {
            return Ok(self.0.total_num_docs()? / 2);
        }
        Bm25StatisticsProvider::doc_freq(self.0, term)
    }
}

/// Position in the order: greater comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// Bits of the score, or 0.
    score: u32,
    date: i64,
    seq: u64,
}

impl Key {
    fn write(self, sort: Sort) -> String {
        let mark = if sort == Sort::Date { 'd' } else { 'r' };
        format!("{mark}{:x}.{:x}.{:x}", self.score, self.date.cast_unsigned(), self.seq)
    }

    fn read(cursor: &str, sort: Sort) -> Result<Self, Error> {
        let numbers = cursor.strip_prefix(if sort == Sort::Date { 'd' } else { 'r' });
        let mut numbers = numbers.into_iter().flat_map(|numbers| numbers.split('.'));
        let mut number = || u64::from_str_radix(numbers.next()?, 16).ok();
        let key = (|| {
            Some(Self {
                score: u32::try_from(number()?).ok()?,
                date: number()?.cast_signed(),
                seq: number()?,
            })
        })();
        key.filter(|_| numbers.next().is_none()).ok_or(Error::Cursor)
    }
}

/// A candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Best {
    key: Key,
}

impl Best {
    fn hit(&self) -> Hit {
        Hit { seq: self.key.seq, score: f32::from_bits(self.key.score), date: UnixMillis(self.key.date) }
    }
}

struct Collect {
    scope: Scope,
    sort: Sort,
    after: Option<Key>,
    limit: usize,
    years: Option<Years>,
}

/// What a segment, or all of them, gave.
struct Harvest {
    total: u64,
    best: Vec<Best>,
    sum: Option<Sum>,
}

struct CollectSegment {
    accounts: Option<Accounts>,
    check: bool,
    sort: Sort,
    after: Option<Key>,
    limit: usize,
    seq: Arc<dyn ColumnValues<u64>>,
    date: Arc<dyn ColumnValues<i64>>,
    flags: Option<Arc<dyn ColumnValues<u64>>>,
    total: u64,
    best: BinaryHeap<Reverse<Best>>,
    counts: Option<Counts>,
}

impl Collector for Collect {
    type Fruit = Harvest;
    type Child = CollectSegment;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<CollectSegment> {
        let columns = reader.fast_fields();
        let check = self.scope != Scope::All;
        let accounts = if check || self.years.is_some() { Accounts::of(reader, &self.scope)? } else { None };
        Ok(CollectSegment {
            counts: self.years.as_ref().map(|years| Counts::new(years, accounts.as_ref())),
            accounts,
            check,
            sort: self.sort,
            after: self.after,
            limit: self.limit,
            seq: columns.column_first_or_default(column::SEQ)?,
            date: columns.column_first_or_default(column::DATE)?,
            flags: self
                .years
                .is_some()
                .then(|| columns.column_first_or_default(column::FLAGS))
                .transpose()?,
            total: 0,
            best: BinaryHeap::with_capacity(self.limit + 1),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Relevance && self.limit > 0
    }

    fn merge_fruits(&self, segments: Vec<Harvest>) -> tantivy::Result<Harvest> {
        let mut all =
            Harvest { total: 0, best: Vec::new(), sum: self.years.as_ref().map(|_| Sum::default()) };
        for segment in segments {
            all.total += segment.total;
            all.best.extend(segment.best);
            if let (Some(all), Some(segment)) = (&mut all.sum, segment.sum) {
                all.merge(segment);
            }
        }
        all.best.sort_unstable_by_key(|best| Reverse(best.key));
        all.best.truncate(self.limit);
        Ok(all)
    }
}

impl SegmentCollector for CollectSegment {
    type Fruit = Harvest;

    fn collect(&mut self, doc: DocId, score: Score) {
        if self.check && !self.accounts.as_ref().is_some_and(|accounts| accounts.allow(doc)) {
            return;
        }
        self.total += 1;
        if self.limit == 0 && self.counts.is_none() {
            return;
        }
        let date = self.date.get_val(doc);
        if let (Some(counts), Some(flags)) = (&mut self.counts, &self.flags) {
            counts.count(doc, flags.get_val(doc), date, self.accounts.as_ref());
        }
        if self.limit == 0 {
            return;
        }
        let score = if self.sort == Sort::Date { 0 } else { score.max(0.0).to_bits() };
        if self.best.len() >= self.limit
            && self
                .best
                .peek()
                .is_some_and(|Reverse(worst)| (score, date) < (worst.key.score, worst.key.date))
        {
            return;
        }
        let key = Key { score, date, seq: self.seq.get_val(doc) };
        if self.after.is_some_and(|after| key >= after) {
            return;
        }
        self.best.push(Reverse(Best { key }));
        if self.best.len() > self.limit {
            self.best.pop();
        }
    }

    fn harvest(self) -> Harvest {
        let sum = self.counts.map(|counts| counts.sum(self.accounts.as_ref()));
        Harvest { total: self.total, best: self.best.into_iter().map(|Reverse(best)| best).collect(), sum }
    }
}
