//! Procedural documentation as it was made: kept for good, version by version.

use model::{Sha256, UnixMillis};

use crate::error::Result;
use crate::events::{self, Event};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// A version in one language, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Procedure {
    /// From 1, for each language.
    pub version: u64,
    /// `de` or `en`.
    pub language: String,
    /// When it was made.
    pub made: UnixMillis,
    /// Name of who had it made.
    pub made_by: String,
    /// Of its octets.
    pub sha256: Sha256,
    /// How many.
    pub octets: u64,
}

statements! {
    NEXT_VERSION = "SELECT COALESCE(MAX(version), 0) + 1 FROM procedures WHERE language = $1";
    INSERT = "INSERT INTO procedures (key, version, language, made, made_by, sha256, octets, content) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    LIST = "SELECT version, language, made, made_by, sha256, octets FROM procedures ORDER BY key DESC";
    CONTENT = "SELECT content FROM procedures WHERE language = $1 AND version = $2";
}

fn procedure(row: &Row<'_>) -> Result<Procedure> {
    Ok(Procedure {
        version: row.uint(0)?,
        language: row.text(1)?,
        made: row.time(2)?,
        made_by: row.text(3)?,
        sha256: Sha256(row.octets(4)?),
        octets: row.uint(5)?,
    })
}

impl Store {
    /// The version that follows in this language.
    ///
    /// # Errors
    /// Those of the database.
    pub fn next_procedure(&self, language: &str) -> Result<u64> {
        self.read(|tx| tx.int(&NEXT_VERSION, &args![language]).map(i64::unsigned_abs))
    }

    /// Keeps a version, with its entry in the event log.
    ///
    /// # Errors
    /// `Exists` if somebody was faster; those of the database.
    pub fn add_procedure(&self, new: Procedure, content: Vec<u8>, event: Event) -> Result<()> {
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            let args = args![
                key,
                new.version,
                &new.language,
                new.made,
                &new.made_by,
                new.sha256.0.as_slice(),
                content.len() as u64,
                &content,
            ];
            tx.exec(&INSERT, &args)
                .map_err(|error| error.naming("version of the procedural documentation"))?;
            events::append(tx, &event)
        })
    }

    /// All versions, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn procedures(&self) -> Result<Vec<Procedure>> {
        self.read(|tx| tx.query(&LIST, &[], procedure))
    }

    /// The octets of a version.
    ///
    /// # Errors
    /// Those of the database.
    pub fn procedure(&self, language: &str, version: u64) -> Result<Option<Vec<u8>>> {
        self.read(|tx| tx.first(&CONTENT, &args![language, version], |row| row.blob(0)))
    }
}
