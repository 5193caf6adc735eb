//! Addresses, kept once, and the roles they have in mails.

use std::collections::{BTreeSet, HashMap};

use model::Address;

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::take;
use crate::value::{Arg, Rows, args};

/// What an address is in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressRole {
    /// `From`.
    From,
    /// `To`.
    To,
    /// `Cc`.
    Cc,
    /// `Bcc`.
    Bcc,
    /// `Reply-To`.
    ReplyTo,
    /// `Sender`.
    Sender,
    /// `Delivered-To`, of whoever delivered it.
    DeliveredTo,
    /// `X-Original-To`, likewise.
    OriginalTo,
}

impl AddressRole {
    const ALL: [Self; 8] = [
        Self::From,
        Self::To,
        Self::Cc,
        Self::Bcc,
        Self::ReplyTo,
        Self::Sender,
        Self::DeliveredTo,
        Self::OriginalTo,
    ];

    pub(crate) fn code(self) -> i64 {
        Self::ALL.iter().position(|role| *role == self).unwrap_or_default() as i64
    }

    pub(crate) fn from_code(code: i64) -> Result<Self> {
        let found = usize::try_from(code).ok().and_then(|at| Self::ALL.get(at).copied());
        found.ok_or(StoreError::Unreadable { what: "address role" })
    }
}

/// Longest field kept, octets; three of them fit into an index entry of PostgreSQL.
const FIELD_MAX: usize = 800;

statements! {
    FIND [Text, Text, Text] = "WITH v(folded, written, name) AS ({rows}) \
        SELECT a.key, a.folded, a.written, a.name FROM v JOIN addresses a \
        ON a.folded = v.folded AND a.written = v.written AND a.name = v.name";
    ADD [Int, Text, Text, Text] = "WITH v(key, folded, written, name) AS ({rows}) \
        INSERT INTO addresses (key, folded, written, name) SELECT key, folded, written, name FROM v WHERE TRUE";
    LINK [Int, Int, Int, Int] = "WITH v(seq, role, n, address) AS ({rows}) \
        INSERT INTO mail_addresses (seq, role, n, address) SELECT seq, role, n, address FROM v WHERE TRUE";
    UNLINK = "DELETE FROM mail_addresses WHERE seq = ANY($1)";
    OF_MAILS = "SELECT l.seq, l.role, a.folded, a.written, a.name FROM mail_addresses l \
        JOIN addresses a ON a.key = l.address WHERE l.seq = ANY($1) ORDER BY l.seq, l.role, l.n";
    FEW_OF_MAILS = "SELECT l.seq, l.role, a.folded, a.written, a.name FROM mail_addresses l \
        JOIN addresses a ON a.key = l.address WHERE l.seq = ANY($1) AND l.role < 2 AND l.n < $2 \
        ORDER BY l.seq, l.role, l.n";
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(FIELD_MAX)]
}

/// Folded, as written (empty if the same), name (empty if none); without U+0000.
type Key = (String, String, String);

fn key(address: &Address) -> Key {
    let clean = |text: &str| bounded(text).replace('\0', "\u{fffd}");
    let folded = clean(&address.folded());
    let written = clean(&address.addr_spec);
    let written = if written == folded { String::new() } else { written };
    (folded, written, address.display_name.as_deref().map_or_else(String::new, clean))
}

/// Writes the addresses of mails; `replace` removes those from before.
pub(crate) fn write<'a>(
    tx: &Tx<'_>,
    mails: impl Iterator<Item = (i64, &'a [(AddressRole, Address)])>,
    replace: &[i64],
) -> Result<()> {
    if !replace.is_empty() {
        tx.exec(&UNLINK, &[Arg::Ints(replace)])?;
    }
    let mut links: Vec<(i64, i64, i64, Key)> = Vec::new();
    for (seq, list) in mails {
        let mut counts = [0_i64; AddressRole::ALL.len()];
        for (role, address) in list {
            let n = &mut counts[role.code() as usize];
            links.push((seq, role.code(), *n, key(address)));
            *n += 1;
        }
    }
    let known = intern(tx, links.iter().map(|link| &link.3).collect())?;
    links.sort_unstable_by_key(|link| (link.0, link.1, link.2));
    let mut rows = Rows::new(4, links.len());
    for (seq, role, n, key) in &links {
        let address = known.get(key).ok_or(StoreError::Unreadable { what: "addresses" })?;
        rows.push(args![*seq, *role, *n, *address]);
    }
    tx.bulk(&LINK, &rows).map(drop)
}

fn intern(tx: &Tx<'_>, wanted: BTreeSet<&Key>) -> Result<HashMap<Key, i64>> {
    let mut rows = Rows::new(3, wanted.len());
    for (folded, written, name) in &wanted {
        rows.push(args![folded, written, name]);
    }
    let found =
        tx.bulk_query(&FIND, &rows, |row| Ok(((row.text(1)?, row.text(2)?, row.text(3)?), row.int(0)?)))?;
    let mut known: HashMap<Key, i64> = found.into_iter().collect();
    let new: Vec<&Key> = wanted.into_iter().filter(|key| !known.contains_key(*key)).collect();
    if !new.is_empty() {
        let first = take(tx, "row", new.len())?;
        let mut rows = Rows::new(4, new.len());
        for ((folded, written, name), key) in new.iter().zip(first..) {
            rows.push(args![key, folded, written, name]);
        }
        tx.bulk(&ADD, &rows)?;
        known.extend(new.into_iter().cloned().zip(first..));
    }
    Ok(known)
}

/// Addresses of mails, in order of role and place; `few`: only `From` and the first of `To`.
pub(crate) fn of_mails(
    tx: &Tx<'_>,
    seqs: &[i64],
    few: Option<i64>,
) -> Result<HashMap<i64, Vec<(AddressRole, Address)>>> {
    let mut map: HashMap<i64, Vec<(AddressRole, Address)>> = HashMap::new();
    let read = |row: &crate::value::Row<'_>| {
        let written = row.text(3)?;
        let name = row.text(4)?;
        let address = Address {
            display_name: (!name.is_empty()).then_some(name),
            addr_spec: if written.is_empty() { row.text(2)? } else { written },
        };
        Ok((row.int(0)?, AddressRole::from_code(row.int(1)?)?, address))
    };
    let rows = match few {
        Some(n) => tx.query(&FEW_OF_MAILS, &[Arg::Ints(seqs), n.into()], read)?,
        None => tx.query(&OF_MAILS, &[Arg::Ints(seqs)], read)?,
    };
    for (seq, role, address) in rows {
        map.entry(seq).or_default().push((role, address));
    }
    Ok(map)
}
