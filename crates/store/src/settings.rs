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

/// Sets a setting in a transaction of others.
pub(crate) fn set(tx: &Tx<'_>, name: &str, value: &str) -> Result<()> {
    tx.exec(&SET, &args![name, value]).map(drop)
}

impl Store {
    /// A setting.
    ///
    /// # Errors
    /// Those of the database.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        self.read(|tx| tx.first(&GET, &[name.into()], |row| row.text(0)))
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
        self.write(move |tx| {
            match &value {
                Some(value) => tx.exec(&SET, &args![&name, value]),
                None => tx.exec(&UNSET, &args![&name]),
            }
            .map(drop)
        })
    }
}
