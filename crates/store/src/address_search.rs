//! Search within addresses something happened to: by their beginning and by the beginning of each part.

use std::collections::{BTreeSet, HashMap};

use model::Scope;
use standing::State;

use crate::db::Tx;
use crate::error::Result;
use crate::keys::ScopeKeys;
use crate::sql::statements;
use crate::standing_events;
use crate::standings::{AddressRow, address_row, columns, visible};
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};

/// Parts of one address that a search may begin with, at most.
const PARTS_MAX: usize = 24;
/// Behind each of these a part begins.
const SEPARATORS: [char; 5] = ['@', '.', '-', '_', '+'];
/// Behind every address that begins alike.
const LAST: char = '\u{10ffff}';

/// Where a page of found addresses goes on: part and number of the last row.
pub type FoundCursor = (String, i64);

/// The contact an address belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactName {
    /// Number in the ERP.
    pub number: String,
    /// Name.
    pub name: String,
}

statements! {
    ADD [Text, Int] = "WITH v(part, standing) AS ({rows}) INSERT INTO address_parts (part, standing) \
        SELECT part, standing FROM v WHERE TRUE ON CONFLICT (part, standing) DO NOTHING";
    FOUND = concat!("SELECT ", columns!(), ", p.part FROM address_parts p JOIN standings s ON s.key = p.standing \
        WHERE (p.part, p.standing) > ($1, $2) AND p.part < $3 AND (s.state = $4 OR $4 < 0) AND NOT EXISTS \
        (SELECT 1 FROM address_parts q WHERE q.standing = p.standing AND q.part >= $5 AND q.part < p.part) \
        ORDER BY p.part, p.standing LIMIT $6");
    FOUND_SCOPED = concat!("SELECT ", columns!(), ", p.part FROM address_parts p \
        JOIN standings s ON s.key = p.standing \
        WHERE (p.part, p.standing) > ($1, $2) AND p.part < $3 AND (s.state = $4 OR $4 < 0) AND NOT EXISTS \
        (SELECT 1 FROM address_parts q WHERE q.standing = p.standing AND q.part >= $5 AND q.part < p.part)",
        visible!("$7"), "ORDER BY p.part, p.standing LIMIT $6");
    NAMES [Text] = "WITH v(folded) AS ({rows}) SELECT a.folded, c.number, c.name FROM v \
        JOIN record_addresses a ON a.folded = v.folded JOIN records c ON c.key = a.record AND c.kind = 0 \
        ORDER BY a.folded, c.active DESC, \
        CASE WHEN c.vanished IS NULL THEN 0 ELSE 1 END, c.key";
}

/// What a search for an address may begin with.
pub(crate) fn parts(folded: &str) -> BTreeSet<&str> {
    let begins =
        folded.char_indices().filter(|(_, c)| SEPARATORS.contains(c)).map(|(at, c)| at + c.len_utf8());
    let parts = std::iter::once(0).chain(begins).filter_map(|at| folded.get(at..));
    parts.filter(|part| !part.is_empty() && !part.starts_with(SEPARATORS)).take(PARTS_MAX).collect()
}

/// Makes new standings findable by their addresses.
pub(crate) fn add<'a>(tx: &Tx<'_>, standings: impl Iterator<Item = (&'a str, i64)>) -> Result<()> {
    let mut rows = Rows::new(2, 0);
    for (folded, key) in standings {
        for part in parts(folded) {
            rows.push(args![part, key]);
        }
    }
    tx.bulk(&ADD, &rows).map(drop)
}

fn found(row: &Row<'_>) -> Result<(String, AddressRow)> {
    Ok((row.text(13)?, address_row(row)?))
}

impl Store {
    /// A page of the addresses of which the whole or a part begins with `text`, by that part, as the scope allows; each with
    /// the part it was found by. A text without a letter or digit finds nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn find_addresses(
        &self,
        scope: &Scope,
        text: &str,
        state: Option<State>,
        after: Option<FoundCursor>,
        limit: usize,
    ) -> Result<Vec<(String, AddressRow)>> {
        let folded = standing_events::folded(text);
        let wanted = folded.trim_start_matches(SEPARATORS);
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let end = format!("{wanted}{LAST}");
        let (part, key) = after.unwrap_or_else(|| (wanted.to_owned(), 0));
        let state = state.map_or(-1, |state| state as i64);
        let args = args![&part, key, &end, state, wanted, limit as i64];
        self.read(|tx| match self.keys().scope(tx, scope)? {
            ScopeKeys::All => tx.query(&FOUND, &args, found),
            ScopeKeys::Accounts(keys, _) => {
                let mut args = args.to_vec();
                args.push(Arg::Ints(&keys));
                tx.query(&FOUND_SCOPED, &args, found)
            }
        })
    }

    /// The contacts of these addresses, some thousand a call; of several the first active one.
    ///
    /// # Errors
    /// Those of the database.
    pub fn contact_names(&self, addresses: &[&str]) -> Result<HashMap<String, ContactName>> {
        let unique: BTreeSet<String> = addresses.iter().map(|a| standing_events::folded(a)).collect();
        let mut rows = Rows::new(1, unique.len());
        for folded in &unique {
            rows.push(args![folded]);
        }
        let names = self.read(|tx| {
            tx.bulk_query(&NAMES, &rows, |row| {
                Ok((row.text(0)?, ContactName { number: row.text(1)?, name: row.text(2)? }))
            })
        })?;
        let mut of = HashMap::new();
        for (address, contact) in names {
            of.entry(address).or_insert(contact);
        }
        Ok(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_behind_separators() {
        let all = |text| parts(text).into_iter().collect::<Vec<_>>();
        assert_eq!(
            all("tom.m-ü@b.example"),
            ["b.example", "example", "m-ü@b.example", "tom.m-ü@b.example", "ü@b.example"]
        );
        assert_eq!(all("a..b"), ["a..b", "b"]);
        assert!(parts("@").is_empty());
        assert_eq!(parts(&".a".repeat(200)).len(), PARTS_MAX);
    }
}
