//! Settings whose home is the database.

use crate::db::Tx;
use crate::error::Result;
use crate::sql::statements;
use crate::store::Store;
use crate::value::args;

statements! {
    GET = "SELECT value FROM settings WHERE name = $1";
    LIST = "SELECT name, value FROM settings ORDER BY name";
    SET = "INSERT INTO settings (name, value) VALUES ($1, $2) \
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    UNSET = "DELETE FROM settings WHERE name = $1";
}

/// A setting in a transaction of others.
pub(crate) fn get(tx: &Tx<'_>, name: &str) -> Result<Option<String>> {
    tx.first(&GET, &[name.into()], |row| row.text(0))
}

/// Sets a setting in a transaction of others.
pub(crate) fn set(tx: &Tx<'_>, name: &str, value: &str) -> Result<()> {
    tx.exec(&SET, &args![name, value]).map(drop)
}

/// Removes a setting in a transaction of others.
pub(crate) fn unset(tx: &Tx<'_>, name: &str) -> Result<()> {
    tx.exec(&UNSET, &args![name]).map(drop)
}

impl Store {
    /// A setting.
    ///
    /// # Errors
    /// Those of the database.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        self.read(|tx| get(tx, name))
    }

    /// All settings, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn settings(&self) -> Result<Vec<(String, String)>> {
        self.read(|tx| tx.query(&LIST, &[], |row| Ok((row.text(0)?, row.text(1)?))))
    }

    /// Sets a setting, or with `None` removes it. The name `rebuild` is the store's own.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_setting(&self, name: String, value: Option<String>) -> Result<()> {
        self.write(move |tx| match &value {
            Some(value) => set(tx, &name, value),
            None => unset(tx, &name),
        })
    }
}
