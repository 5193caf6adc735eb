//! Contacts of the organisation and their addresses, as an import gives them.

use std::collections::{BTreeMap, HashMap};

use model::UnixMillis;

use crate::error::Result;
use crate::sql::statements;
use crate::standing_events;
use crate::store::{Store, take};
use crate::value::{Arg, Rows, args};

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Number in the ERP, unique.
    pub number: String,
    /// Name.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Addresses; the first one is the one to write to.
    pub addresses: Vec<String>,
    /// Further columns, JSON; opaque here.
    pub extra: String,
}

/// What a chunk of an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContactChanges {
    /// Not here before.
    pub new: u64,
    /// Here, but different.
    pub changed: u64,
    /// Here, and the same.
    pub same: u64,
}

statements! {
    FIND [Text] = "WITH v(number) AS ({rows}) SELECT c.number, c.key, c.name, c.active, c.extra, c.vanished \
        FROM v JOIN contacts c ON c.number = v.number";
    ADDRESSES = "SELECT contact, folded FROM contact_addresses WHERE contact = ANY($1) ORDER BY contact, n";
    PUT [Int, Text, Text, Int, Text, Int] = "WITH v(key, number, name, active, extra, updated) AS ({rows}) \
        INSERT INTO contacts (key, number, name, active, extra, updated) \
        SELECT key, number, name, active, extra, updated FROM v WHERE TRUE ON CONFLICT (number) DO UPDATE SET \
        name = excluded.name, active = excluded.active, extra = excluded.extra, updated = excluded.updated, \
        vanished = NULL";
    SEEN = "UPDATE contacts SET updated = $2 WHERE key = ANY($1)";
    DROP_ADDRESSES = "DELETE FROM contact_addresses WHERE contact = ANY($1)";
    ADD_ADDRESS [Int, Int, Text] = "WITH v(contact, n, folded) AS ({rows}) \
        INSERT INTO contact_addresses (contact, n, folded) SELECT contact, n, folded FROM v WHERE TRUE";
    VANISH = "UPDATE contacts SET vanished = $1 WHERE updated < $1 AND vanished IS NULL";
    OF_ADDRESS = "SELECT c.number, c.name, c.active, c.extra, c.key FROM contact_addresses a \
        JOIN contacts c ON c.key = a.contact WHERE a.folded = $1 ORDER BY c.active DESC, c.key LIMIT 20";
    PAGE = "SELECT number, name, active, extra, key FROM contacts WHERE number > $1 ORDER BY number LIMIT $2";
    COUNT = "SELECT COUNT(*) FROM contacts WHERE vanished IS NULL";
}

type Known = HashMap<String, (i64, String, bool, String, bool)>;

fn upsert(tx: &crate::db::Tx<'_>, contacts: &[Contact], at: UnixMillis) -> Result<ContactChanges> {
    // The last row of a number counts.
    let unique: BTreeMap<&str, &Contact> = contacts.iter().map(|c| (c.number.as_str(), c)).collect();
    let mut rows = Rows::new(1, unique.len());
    for number in unique.keys() {
        rows.push(args![*number]);
    }
    let known: Known = tx
        .bulk_query(&FIND, &rows, |row| {
            let rest = (row.int(1)?, row.text(2)?, row.bool(3)?, row.text(4)?, row.opt_int(5)?.is_some());
            Ok((row.text(0)?, rest))
        })?
        .into_iter()
        .collect();
    let keys: Vec<i64> = known.values().map(|known| known.0).collect();
    let mut before: HashMap<i64, Vec<String>> = HashMap::new();
    for (key, folded) in tx.query(&ADDRESSES, &[Arg::Ints(&keys)], |row| Ok((row.int(0)?, row.text(1)?)))? {
        before.entry(key).or_default().push(folded);
    }
    let first = take(tx, "row", unique.len())?;
    let mut changes = ContactChanges::default();
    let (mut put, mut lines, mut same, mut replaced) =
        (Rows::new(6, unique.len()), Rows::new(3, 0), Vec::new(), Vec::new());
    for ((number, contact), fresh) in unique.into_iter().zip(first..) {
        let mut addresses: Vec<String> = Vec::new();
        for address in contact.addresses.iter().map(|a| standing_events::folded(a)).filter(|a| !a.is_empty())
        {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let key = match known.get(number) {
            None => {
                changes.new += 1;
                fresh
            }
            Some((key, name, active, extra, vanished)) => {
                let equal = (name, *active, extra) == (&contact.name, contact.active, &contact.extra);
                if equal && !vanished && before.get(key).map_or(&[][..], Vec::as_slice) == addresses {
                    changes.same += 1;
                    same.push(*key);
                    continue;
                }
                changes.changed += 1;
                replaced.push(*key);
                *key
            }
        };
        put.push(args![key, number, &contact.name, contact.active, &contact.extra, at]);
        for (address, n) in addresses.into_iter().zip(0_i64..) {
            lines.push(args![key, n, address]);
        }
    }
    tx.exec(&SEEN, &[Arg::Ints(&same), at.into()])?;
    tx.bulk(&PUT, &put)?;
    tx.exec(&DROP_ADDRESSES, &[Arg::Ints(&replaced)])?;
    tx.bulk(&ADD_ADDRESS, &lines)?;
    Ok(changes)
}

impl Store {
    /// Adds or replaces contacts by number; some thousand a call. `at` marks the import.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_contacts(&self, contacts: Vec<Contact>, at: UnixMillis) -> Result<ContactChanges> {
        self.write(move |tx| upsert(tx, &contacts, at))
    }

    /// Marks contacts that the import of this time did not name; gives how many vanished now. They stay.
    ///
    /// # Errors
    /// Those of the database.
    pub fn vanish_contacts(&self, at: UnixMillis) -> Result<u64> {
        self.write(move |tx| tx.exec(&VANISH, &[at.into()]))
    }

    /// Contacts with this address, active ones first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn contacts_of(&self, address: &str) -> Result<Vec<Contact>> {
        let folded = standing_events::folded(address);
        self.read(|tx| contacts(tx, &OF_ADDRESS, &args![&folded]))
    }

    /// Contacts behind the number `after`, by number.
    ///
    /// # Errors
    /// Those of the database.
    pub fn contacts(&self, after: &str, limit: usize) -> Result<Vec<Contact>> {
        self.read(|tx| contacts(tx, &PAGE, &args![after, limit as i64]))
    }

    /// How many contacts the last import named.
    ///
    /// # Errors
    /// Those of the database.
    pub fn contact_count(&self) -> Result<u64> {
        self.read(|tx| tx.int(&COUNT, &[]).map(i64::unsigned_abs))
    }
}

fn contacts(tx: &crate::db::Tx<'_>, sql: &'static crate::sql::Sql, args: &[Arg<'_>]) -> Result<Vec<Contact>> {
    let mut rows = tx.query(sql, args, |row| {
        let contact = Contact {
            number: row.text(0)?,
            name: row.text(1)?,
            active: row.bool(2)?,
            extra: row.text(3)?,
            addresses: Vec::new(),
        };
        Ok((row.int(4)?, contact))
    })?;
    let keys: Vec<i64> = rows.iter().map(|(key, _)| *key).collect();
    for (key, folded) in tx.query(&ADDRESSES, &[Arg::Ints(&keys)], |row| Ok((row.int(0)?, row.text(1)?)))? {
        if let Some((_, contact)) = rows.iter_mut().find(|(of, _)| *of == key) {
            contact.addresses.push(folded);
        }
    }
    Ok(rows.into_iter().map(|(_, contact)| contact).collect())
}
