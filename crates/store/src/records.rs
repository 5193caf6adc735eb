//! Records of the ERP: contacts, orders, quotes and items, as imports and sources give them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use link::{AddressUse, Entry};
use model::{RecordKey, RecordKind, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::extra_addresses;
use crate::sql::statements;
use crate::standing_events::{folded, from_list};
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

/// Words of a name that it is found by, at most, and their longest, characters.
const WORDS_MAX: usize = 12;
const WORD_MAX: usize = 60;
/// Records marked as vanished in one transaction.
const VANISH: usize = 500;

/// A record, as its source has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// Number in the ERP, unique within its kind.
    pub number: String,
    /// Name; may be empty.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Addresses; the first one is the one to write to.
    pub addresses: Vec<String>,
    /// Number of its contact, which need not be known.
    pub contact: Option<String>,
    /// Number of its quote, which need not be known.
    pub quote: Option<String>,
    /// Numbers of its items, which need not be known.
    pub items: Vec<String>,
    /// Further numbers it is known by.
    pub references: Vec<String>,
    /// Of an order or a quote.
    pub date: Option<UnixMillis>,
    /// In the words of the ERP.
    pub state: String,
    /// Where the ERP shows it; may be empty.
    pub url: String,
    /// Further fields, a JSON object; opaque here.
    pub extra: String,
}

impl Record {
    /// As it would be kept.
    #[must_use]
    pub fn kept(&self) -> Self {
        kept(self)
    }

    /// An active record with nothing but its number.
    pub fn new(kind: RecordKind, number: &str) -> Self {
        Self {
            kind,
            number: number.to_owned(),
            name: String::new(),
            active: true,
            addresses: Vec::new(),
            contact: None,
            quote: None,
            items: Vec::new(),
            references: Vec::new(),
            date: None,
            state: String::new(),
            url: String::new(),
            extra: "{}".to_owned(),
        }
    }
}

/// A record with what the database knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRecord {
    /// Its key.
    pub key: RecordKey,
    /// Number of its last change.
    pub change_seq: i64,
    /// When it was first seen.
    pub known: UnixMillis,
    /// Absent in the last whole run of its source.
    pub vanished: bool,
    /// Key of the source that named it last; 0: none.
    pub source: i64,
    /// Further addresses that a person has confirmed.
    pub added: Vec<(String, AddressUse)>,
    /// The record.
    pub record: Record,
}

impl From<&KnownRecord> for Entry {
    fn from(known: &KnownRecord) -> Self {
        let record = &known.record;
        let added = |used: AddressUse| {
            known.added.iter().filter(move |(_, of)| *of == used).map(|(address, _)| address.clone())
        };
        Self {
            active: record.active,
            addresses: record.addresses.iter().cloned().chain(added(AddressUse::Own)).collect(),
            deputies: added(AddressUse::Deputy).collect(),
            contact: record.contact.clone(),
            quote: record.quote.clone(),
            items: record.items.clone(),
            references: record.references.clone(),
            date: record.date,
            known: known.known,
            ..Self::new(known.key, record.kind, &record.number)
        }
    }
}

/// What a chunk of records changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordChanges {
    /// Not here before.
    pub new: u64,
    /// Here, but different, or vanished.
    pub changed: u64,
    /// Here, and the same.
    pub same: u64,
}

impl std::ops::AddAssign for RecordChanges {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.same += other.same;
    }
}

/// Roles of `record_relations`.
pub(crate) const CONTACT: i64 = 0;
pub(crate) const QUOTE: i64 = 1;
pub(crate) const ITEM: i64 = 2;

macro_rules! columns {
    () => {
        "r.key, r.kind, r.number, r.name, r.active, r.date, r.state, r.url, r.extra, r.source, r.known, r.vanished, \
         r.change_seq"
    };
}
pub(crate) use columns;
/// How many [`columns!`] are.
pub(crate) const COLUMNS: usize = 13;

statements! {
    FIND [Int, Text] = concat!("WITH v(kind, number) AS ({rows}) SELECT ", columns!(), " FROM v \
        JOIN records r ON r.kind = v.kind AND r.number = v.number");
    ADDRESSES = "SELECT record, folded FROM record_addresses WHERE record = ANY($1) AND n < 1000000 ORDER BY record, n";
    ADDED = "SELECT record, folded, used FROM extra_addresses WHERE record = ANY($1) AND state = 1 ORDER BY record, folded";
    RELATIONS = "SELECT record, role, number FROM record_relations WHERE record = ANY($1) ORDER BY record, role, n";
    REFERENCES = "SELECT record, written FROM record_numbers WHERE record = ANY($1) AND n > 0 ORDER BY record, n";
    PUT [Int, Int, Text, Text, Int, Int, Text, Text, Text, Int, Int, Int] = "WITH v(key, kind, number, name, active, date, \
        state, url, extra, source, at, change_seq) AS ({rows}) \
        INSERT INTO records (key, kind, number, name, active, date, state, url, extra, source, known, updated, change_seq) \
        SELECT key, kind, number, name, active, date, state, url, extra, source, at, at, change_seq FROM v WHERE TRUE \
        ON CONFLICT (kind, number) DO UPDATE SET name = excluded.name, active = excluded.active, date = excluded.date, \
        state = excluded.state, url = excluded.url, extra = excluded.extra, source = excluded.source, \
        updated = excluded.updated, vanished = NULL, change_seq = excluded.change_seq";
    SEEN = "UPDATE records SET updated = $2, source = $3 WHERE key = ANY($1)";
    DROP_ADDRESSES = "DELETE FROM record_addresses WHERE record = ANY($1)";
    DROP_RELATIONS = "DELETE FROM record_relations WHERE record = ANY($1)";
    DROP_NUMBERS = "DELETE FROM record_numbers WHERE record = ANY($1)";
    DROP_WORDS = "DELETE FROM record_words WHERE record = ANY($1)";
    ADD_ADDRESS [Int, Int, Text] = "WITH v(record, n, folded) AS ({rows}) \
        INSERT INTO record_addresses (record, n, folded) SELECT record, n, folded FROM v WHERE TRUE";
    ADD_RELATION [Int, Int, Int, Text] = "WITH v(record, role, n, number) AS ({rows}) \
        INSERT INTO record_relations (record, role, n, number) SELECT record, role, n, number FROM v WHERE TRUE";
    ADD_NUMBER [Int, Int, Text, Text] = "WITH v(record, n, written, normal) AS ({rows}) \
        INSERT INTO record_numbers (record, n, written, normal) SELECT record, n, written, normal FROM v WHERE TRUE";
    ADD_WORD [Text, Int] = "WITH v(word, record) AS ({rows}) \
        INSERT INTO record_words (word, record) SELECT word, record FROM v WHERE TRUE";
    NOT_SEEN = "SELECT key FROM records WHERE source = $1 AND kind = $2 AND updated < $3 AND vanished IS NULL LIMIT $4";
    GONE [Int, Int, Int] = "WITH v(key, at, change_seq) AS ({rows}) UPDATE records SET vanished = v.at, \
        change_seq = v.change_seq FROM v WHERE records.key = v.key AND records.vanished IS NULL";
    WOULD = "SELECT COUNT(*) FROM records WHERE source = $1 AND kind = $2 AND updated < $3 AND vanished IS NULL";
    BEFORE = "SELECT COUNT(*) FROM records WHERE source = $1 AND kind = $2 AND known < $3 AND vanished IS NULL";
    COUNT = "SELECT kind, COUNT(*) FROM records WHERE vanished IS NULL GROUP BY kind ORDER BY kind";
}

/// The kind as it is stored.
pub(crate) const fn kind_value(kind: RecordKind) -> i64 {
    kind as i64
}

fn kind(value: i64) -> Result<RecordKind> {
    from_list(&RecordKind::ALL, value, "record kind")
}

/// Reads [`columns!`]; what lies in other tables is added by [`complete`].
pub(crate) fn bare(row: &Row<'_>) -> Result<KnownRecord> {
    let mut record = Record::new(kind(row.int(1)?)?, &row.text(2)?);
    record.name = row.text(3)?;
    record.active = row.bool(4)?;
    record.date = row.opt_time(5)?;
    record.state = row.text(6)?;
    record.url = row.text(7)?;
    record.extra = row.text(8)?;
    Ok(KnownRecord {
        key: RecordKey(row.int(0)?),
        source: row.int(9)?,
        known: row.time(10)?,
        vanished: row.opt_int(11)?.is_some(),
        change_seq: row.int(12)?,
        added: Vec::new(),
        record,
    })
}

/// Adds addresses, relations and references, three statements in all.
pub(crate) fn complete(tx: &Tx<'_>, mut rows: Vec<KnownRecord>) -> Result<Vec<KnownRecord>> {
    let keys: Vec<i64> = rows.iter().map(|row| row.key.0).collect();
    let place: HashMap<i64, usize> = keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    let keys = [Arg::Ints(&keys)];
    let mut of = |key: i64, put: &mut dyn FnMut(&mut Record)| {
        if let Some(row) = place.get(&key).and_then(|at| rows.get_mut(*at)) {
            put(&mut row.record);
        }
    };
    for (key, address) in tx.query(&ADDRESSES, &keys, |row| Ok((row.int(0)?, row.text(1)?)))? {
        of(key, &mut |record| record.addresses.push(address.clone()));
    }
    for (key, role, number) in
        tx.query(&RELATIONS, &keys, |row| Ok((row.int(0)?, row.int(1)?, row.text(2)?)))?
    {
        of(key, &mut |record| match role {
            CONTACT => record.contact = Some(number.clone()),
            QUOTE => record.quote = Some(number.clone()),
            _ => record.items.push(number.clone()),
        });
    }
    let added = tx.query(&ADDED, &keys, |row| {
        Ok((row.int(0)?, (row.text(1)?, from_list(&AddressUse::ALL, row.int(2)?, "use of an address")?)))
    })?;
    for (key, number) in tx.query(&REFERENCES, &keys, |row| Ok((row.int(0)?, row.text(1)?)))? {
        of(key, &mut |record| record.references.push(number.clone()));
    }
    for (key, added) in added {
        if let Some(row) = place.get(&key).and_then(|at| rows.get_mut(*at)) {
            row.added.push(added);
        }
    }
    Ok(rows)
}

/// As it is kept: no entry twice, none empty, nothing PostgreSQL would not take.
fn kept(record: &Record) -> Record {
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    let unique = |entries: &[String], clean: &dyn Fn(&str) -> String| {
        let mut known = BTreeSet::new();
        let entries = entries.iter().map(|entry| clean(entry)).filter(|entry| !entry.is_empty());
        entries.filter(|entry| known.insert(entry.clone())).collect::<Vec<_>>()
    };
    let relation = |number: &Option<String>| number.as_deref().filter(|number| !number.is_empty()).map(clean);
    Record {
        kind: record.kind,
        number: clean(&record.number),
        name: clean(&record.name),
        active: record.active,
        addresses: unique(&record.addresses, &folded),
        contact: relation(&record.contact),
        quote: relation(&record.quote),
        items: unique(&record.items, &clean),
        references: unique(&record.references, &clean),
        date: record.date,
        state: clean(&record.state),
        url: clean(&record.url),
        extra: clean(&record.extra),
    }
}

/// Words of a name, lower case.
pub(crate) fn words(name: &str) -> BTreeSet<String> {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(WORDS_MAX);
    words.map(|word| word.chars().take(WORD_MAX).collect()).collect()
}

fn put(tx: &Tx<'_>, records: &[Record], source: i64, at: UnixMillis) -> Result<RecordChanges> {
    // The last one of a number counts.
    let unique: BTreeMap<(RecordKind, String), Record> =
        records.iter().map(kept).map(|record| ((record.kind, record.number.clone()), record)).collect();
    let mut rows = Rows::new(2, unique.len());
    for (kind, number) in unique.keys() {
        rows.push(args![kind_value(*kind), number]);
    }
    let known = complete(tx, tx.bulk_query(&FIND, &rows, bare)?)?;
    let known: HashMap<(RecordKind, &str), &KnownRecord> =
        known.iter().map(|known| ((known.record.kind, known.record.number.as_str()), known)).collect();
    let mut changes = RecordChanges::default();
    let (mut same, mut replaced, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
    for ((kind, number), record) in &unique {
        match known.get(&(*kind, number.as_str())) {
            None => fresh.push(record),
            Some(known) if !known.vanished && known.record == *record => same.push(known.key.0),
            Some(known) => replaced.push((known.key.0, record)),
        }
    }
    changes.new = fresh.len() as u64;
    changes.changed = replaced.len() as u64;
    changes.same = same.len() as u64;
    if !same.is_empty() {
        tx.exec(&SEEN, &[Arg::Ints(&same), at.into(), source.into()])?;
    }
    let keys: Vec<i64> = replaced.iter().map(|(key, _)| *key).collect();
    if !keys.is_empty() {
        for statement in [&DROP_ADDRESSES, &DROP_RELATIONS, &DROP_NUMBERS, &DROP_WORDS] {
            tx.exec(statement, &[Arg::Ints(&keys)])?;
        }
    }
    if !fresh.is_empty() {
        let first = take(tx, "row", fresh.len())?;
        replaced.extend((first..).zip(fresh));
    }
    if !replaced.is_empty() {
        write(tx, &replaced, source, at)?;
    }
    Ok(changes)
}

fn write(tx: &Tx<'_>, records: &[(i64, &Record)], source: i64, at: UnixMillis) -> Result<()> {
    let first = take(tx, "record", records.len())?;
    let (mut heads, mut addresses, mut relations, mut numbers, mut found) =
        (Rows::new(12, records.len()), Rows::new(3, 0), Rows::new(4, 0), Rows::new(4, 0), Rows::new(2, 0));
    for ((key, record), change_seq) in records.iter().zip(first..) {
        let kind = kind_value(record.kind);
        heads.push(args![
            *key,
            kind,
            &record.number,
            &record.name,
            record.active,
            record.date,
            &record.state,
            &record.url,
            &record.extra,
            source,
            at,
            change_seq
        ]);
        for (address, n) in record.addresses.iter().zip(0_i64..) {
            addresses.push(args![*key, n, address]);
        }
        let contact = record.contact.iter().map(|number| (CONTACT, number));
        let quote = record.quote.iter().map(|number| (QUOTE, number));
        let items = record.items.iter().map(|number| (ITEM, number));
        for ((role, number), n) in contact.chain(quote).chain(items).zip(0_i64..) {
            relations.push(args![*key, role, n, number]);
        }
        for (number, n) in std::iter::once(&record.number).chain(&record.references).zip(0_i64..) {
            numbers.push(args![*key, n, number, link::normal_number(number)]);
        }
        for word in words(&record.name) {
            found.push(args![word, *key]);
        }
    }
    tx.bulk(&PUT, &heads)?;
    tx.bulk(&ADD_ADDRESS, &addresses)?;
    extra_addresses::carry(tx, &records.iter().map(|(key, _)| *key).collect::<Vec<_>>())?;
    tx.bulk(&ADD_RELATION, &relations)?;
    tx.bulk(&ADD_NUMBER, &numbers)?;
    tx.bulk(&ADD_WORD, &found)?;
    Ok(())
}

fn vanish(tx: &Tx<'_>, keys: &[i64], at: UnixMillis) -> Result<u64> {
    if keys.is_empty() {
        return Ok(0);
    }
    let first = take(tx, "record", keys.len())?;
    let mut rows = Rows::new(3, keys.len());
    for (key, change_seq) in keys.iter().zip(first..) {
        rows.push(args![*key, at, change_seq]);
    }
    tx.bulk(&GONE, &rows)
}

/// A record of which nothing but its number is known: it counts as vanished until its source names it.
pub(crate) fn stub(tx: &Tx<'_>, kind: RecordKind, number: &str, at: UnixMillis) -> Result<i64> {
    put(tx, &[Record::new(kind, number)], 0, at)?;
    let rows = Rows::one(args![kind_value(kind), number.replace('\0', "\u{fffd}")]);
    let found = tx.bulk_query(&FIND, &rows, bare)?;
    let key = found.first().ok_or(StoreError::Unreadable { what: "record" })?.key.0;
    vanish(tx, &[key], at)?;
    Ok(key)
}

impl Store {
    /// Adds or replaces records by kind and number; some hundred a call. `source`: key of the source they come from, 0
    /// for none. `at` marks the run: what a run does not name may vanish at its end ([`Self::vanish_records`]).
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_records(&self, records: Vec<Record>, source: i64, at: UnixMillis) -> Result<RecordChanges> {
        if records.is_empty() {
            return Ok(RecordChanges::default());
        }
        self.write(move |tx| put(tx, &records, source, at))
    }

    /// Marks the records of a kind that the source's run of this time did not name; gives how many vanished now. They stay.
    ///
    /// # Errors
    /// Those of the database.
    pub fn vanish_records(&self, kind: RecordKind, source: i64, at: UnixMillis) -> Result<u64> {
        let mut vanished = 0;
        loop {
            let (found, gone) = self.write(move |tx| {
                let args = args![source, kind_value(kind), at, VANISH as i64];
                let keys = tx.query(&NOT_SEEN, &args, |row| row.int(0))?;
                Ok((keys.len(), vanish(tx, &keys, at)?))
            })?;
            vanished += gone;
            if found < VANISH {
                return Ok(vanished);
            }
        }
    }

    /// Marks one record as vanished; `false` if there is none, or it is marked already.
    ///
    /// # Errors
    /// Those of the database.
    pub fn vanish_record(&self, kind: RecordKind, number: String, at: UnixMillis) -> Result<bool> {
        self.write(move |tx| {
            let mut rows = Rows::new(2, 1);
            rows.push(args![kind_value(kind), &number]);
            let known = tx.bulk_query(&FIND, &rows, bare)?;
            let keys: Vec<i64> =
                known.iter().filter(|known| !known.vanished).map(|known| known.key.0).collect();
            Ok(vanish(tx, &keys, at)? > 0)
        })
    }

    /// What is known of records with the kinds and numbers of these; some hundred a call.
    ///
    /// # Errors
    /// Those of the database.
    pub fn known_records(&self, records: &[Record]) -> Result<Vec<KnownRecord>> {
        let mut rows = Rows::new(2, records.len());
        for record in records {
            rows.push(args![kind_value(record.kind), &record.number]);
        }
        self.read(|tx| complete(tx, tx.bulk_query(&FIND, &rows, bare)?))
    }

    /// How many [`Self::vanish_records`] would mark, of how many that the source had before that time.
    ///
    /// # Errors
    /// Those of the database.
    pub fn would_vanish(&self, kind: RecordKind, source: i64, at: UnixMillis) -> Result<(u64, u64)> {
        let args = args![source, kind_value(kind), at];
        self.read(|tx| {
            let gone = tx.int(&WOULD, &args)?.unsigned_abs();
            Ok((gone, tx.int(&BEFORE, &args)?.unsigned_abs()))
        })
    }

    /// How many records of each kind there are that have not vanished; kinds without any are not named.
    ///
    /// # Errors
    /// Those of the database.
    pub fn record_counts(&self) -> Result<Vec<(RecordKind, u64)>> {
        self.read(|tx| tx.query(&COUNT, &[], |row| Ok((kind(row.int(0)?)?, row.uint(1)?))))
    }
}
