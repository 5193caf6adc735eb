//! Addresses and domains that linking ignores.

use model::UnixMillis;

use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::Store;
use crate::value::args;

/// An entry of the blocklist of linking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedEntry {
    /// `local@domain`, or a domain with everything below it; in normal form.
    pub entry: String,
    /// Why, in a person's words; may be empty.
    pub note: String,
    /// Id of the user who added it.
    pub actor: String,
    /// When.
    pub at: UnixMillis,
}

statements! {
    LIST = "SELECT entry, note, actor, at FROM link_blocklist ORDER BY entry";
    PUT = "INSERT INTO link_blocklist (entry, note, actor, at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (entry) DO UPDATE SET note = excluded.note";
    REMOVE = "DELETE FROM link_blocklist WHERE entry = $1";
}

impl Store {
    /// The whole list, by entry.
    ///
    /// # Errors
    /// Those of the database.
    pub fn link_blocklist(&self) -> Result<Vec<BlockedEntry>> {
        self.read(|tx| {
            tx.query(&LIST, &[], |row| {
                Ok(BlockedEntry {
                    entry: row.text(0)?,
                    note: row.text(1)?,
                    actor: row.text(2)?,
                    at: row.time(3)?,
                })
            })
        })
    }

    /// Adds an entry in normal form; one that is there gets the new note.
    ///
    /// # Errors
    /// Those of the database.
    pub fn block_linking(&self, new: BlockedEntry) -> Result<()> {
        self.write(move |tx| tx.exec(&PUT, &args![&new.entry, &new.note, &new.actor, new.at]).map(drop))
    }

    /// Takes an entry off.
    ///
    /// # Errors
    /// `Missing`.
    pub fn unblock_linking(&self, entry: String) -> Result<()> {
        self.write(move |tx| match tx.exec(&REMOVE, &args![&entry])? {
            0 => Err(StoreError::Missing { what: "blocklist entry", key: entry.clone() }),
            _ => Ok(()),
        })
    }
}
