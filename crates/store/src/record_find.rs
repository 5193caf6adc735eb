//! Records by change, key, number, and by what people type.

use std::collections::{BTreeSet, HashMap, HashSet};

use model::{RecordKey, RecordKind};

use crate::db::Tx;
use crate::error::Result;
use crate::records::{KnownRecord, bare, columns, complete, kind_value, words};
use crate::sql::statements;
use crate::standing_events::folded;
use crate::store::Store;
use crate::value::{Arg, args};

/// Behind everything that begins alike.
const LAST: char = '\u{10ffff}';
/// Records found by one word that are looked at for the others.
const LOOK: i64 = 2000;

statements! {
    CHANGED = concat!("SELECT ", columns!(), " FROM records r WHERE r.change_seq > $1 ORDER BY r.change_seq LIMIT $2");
    LAST_CHANGE = "SELECT value FROM counters WHERE name = 'record'";
    ONE = concat!("SELECT ", columns!(), " FROM records r WHERE r.kind = $1 AND r.number = $2");
    BY_KEY = concat!("SELECT ", columns!(), " FROM records r WHERE r.key = ANY($1)");
    PAGE = concat!("SELECT ", columns!(), " FROM records r WHERE r.kind = $1 AND r.number > $2 ORDER BY r.number LIMIT $3");
    OF_ADDRESS = concat!("SELECT ", columns!(), " FROM record_addresses a JOIN records r ON r.key = a.record \
        WHERE a.folded = $1 AND r.kind = 0 ORDER BY r.active DESC, r.key LIMIT 20");
    BY_NUMBER = "SELECT r.key FROM records r WHERE r.kind = $1 AND r.number >= $2 AND r.number < $3 ORDER BY r.number LIMIT $4";
    BY_NORMAL = "SELECT n.record FROM record_numbers n JOIN records r ON r.key = n.record \
        WHERE n.normal >= $1 AND n.normal < $2 AND (r.kind = $3 OR $3 < 0) ORDER BY n.normal, n.record LIMIT $4";
    BY_ADDRESS = "SELECT a.record FROM record_addresses a JOIN records r ON r.key = a.record \
        WHERE a.folded >= $1 AND a.folded < $2 AND (r.kind = $3 OR $3 < 0) ORDER BY a.folded, a.record LIMIT $4";
    BY_WORD = "SELECT r.key, r.name FROM record_words w JOIN records r ON r.key = w.record \
        WHERE w.word >= $1 AND w.word < $2 AND (r.kind = $3 OR $3 < 0) ORDER BY w.word, w.record LIMIT $4";
}

/// Keys of what begins with the text, in the order in which people look for it.
fn keys(tx: &Tx<'_>, text: &str, kind: Option<RecordKind>, limit: usize) -> Result<Vec<i64>> {
    let count = limit as i64;
    let wanted = kind.map_or(-1, kind_value);
    let end = |start: &str| format!("{start}{LAST}");
    let mut found = Vec::new();
    for kind in RecordKind::ALL.into_iter().filter(|of| kind.is_none_or(|kind| kind == *of)) {
        let args = args![kind_value(kind), text, end(text), count];
        found.extend(tx.query(&BY_NUMBER, &args, |row| row.int(0))?);
    }
    let normal = link::normal_number(text);
    if !normal.is_empty() {
        found.extend(tx.query(&BY_NORMAL, &args![&normal, end(&normal), wanted, count], |row| row.int(0))?);
    }
    let address = folded(text);
    found.extend(tx.query(&BY_ADDRESS, &args![&address, end(&address), wanted, count], |row| row.int(0))?);
    let words = words(text);
    if let Some(longest) = words.iter().max_by_key(|word| word.chars().count()) {
        let look = if words.len() == 1 { count } else { LOOK };
        let rows = tx.query(&BY_WORD, &args![longest, end(longest), wanted, look], |row| {
            Ok((row.int(0)?, row.text(1)?.to_lowercase()))
        })?;
        let all = |name: &str| words.iter().all(|word| name.contains(word.as_str()));
        found.extend(rows.into_iter().filter(|(_, name)| all(name)).map(|(key, _)| key));
    }
    let mut known = HashSet::new();
    found.retain(|key| known.insert(*key));
    found.truncate(limit);
    Ok(found)
}

fn by_key(tx: &Tx<'_>, keys: &[i64]) -> Result<Vec<KnownRecord>> {
    let rows = complete(tx, tx.query(&BY_KEY, &[Arg::Ints(keys)], bare)?)?;
    let mut of: HashMap<i64, KnownRecord> = rows.into_iter().map(|row| (row.key.0, row)).collect();
    Ok(keys.iter().filter_map(|key| of.remove(key)).collect())
}

impl Store {
    /// Records behind this change, by change; some thousand a call. Who keeps them in memory follows by the last one's number.
    ///
    /// # Errors
    /// Those of the database.
    pub fn records_changed(&self, after: i64, limit: usize) -> Result<Vec<KnownRecord>> {
        self.read(|tx| complete(tx, tx.query(&CHANGED, &args![after, limit as i64], bare)?))
    }

    /// Number of the last change of a record.
    ///
    /// # Errors
    /// Those of the database.
    pub fn records_change(&self) -> Result<i64> {
        self.read(|tx| tx.int(&LAST_CHANGE, &[]))
    }

    /// One record.
    ///
    /// # Errors
    /// Those of the database.
    pub fn record(&self, kind: RecordKind, number: &str) -> Result<Option<KnownRecord>> {
        let args = args![kind_value(kind), number];
        self.read(|tx| Ok(complete(tx, tx.query(&ONE, &args, bare)?)?.pop()))
    }

    /// Those of these records that are there, in this order; some thousand a call.
    ///
    /// # Errors
    /// Those of the database.
    pub fn records_by_key(&self, keys: &[RecordKey]) -> Result<Vec<KnownRecord>> {
        let unique: BTreeSet<i64> = keys.iter().map(|key| key.0).collect();
        let mut rest = unique.clone();
        let keys: Vec<i64> = keys.iter().map(|key| key.0).filter(|key| rest.remove(key)).collect();
        self.read(|tx| by_key(tx, &keys))
    }

    /// Records of which the number, a reference, an address or a word of the name begins with the text; numbers first.
    /// Several words must all be in the name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn find_records(
        &self,
        text: &str,
        kind: Option<RecordKind>,
        limit: usize,
    ) -> Result<Vec<KnownRecord>> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        self.read(|tx| by_key(tx, &keys(tx, text, kind, limit)?))
    }

    /// Records of a kind behind the number `after`, by number.
    ///
    /// # Errors
    /// Those of the database.
    pub fn records_page(&self, kind: RecordKind, after: &str, limit: usize) -> Result<Vec<KnownRecord>> {
        let args = args![kind_value(kind), after, limit as i64];
        self.read(|tx| complete(tx, tx.query(&PAGE, &args, bare)?))
    }

    /// Contacts with this address, active ones first, at most 20.
    ///
    /// # Errors
    /// Those of the database.
    pub fn contacts_of(&self, address: &str) -> Result<Vec<KnownRecord>> {
        let folded = folded(address);
        self.read(|tx| complete(tx, tx.query(&OF_ADDRESS, &args![&folded], bare)?))
    }
}
