//! What anchors the log outside: secrets of authorities, logs that are witnessed here, witnesses of ours.

use model::UnixMillis;

use crate::error::Result;
use crate::events::{self, Event};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Row, args};

/// Names a secret.
pub type AnchorSecretId = [u8; 16];

/// A log that is witnessed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessedLog {
    /// Its origin.
    pub origin: String,
    /// For people.
    pub name: String,
    /// The line of its key.
    pub verifier: String,
    /// Leaves that were cosigned last; 0 for none.
    pub size: u64,
    /// Root over them.
    pub root: Option<[u8; 32]>,
    /// When.
    pub at: Option<UnixMillis>,
}

/// A witness of our log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its id.
    pub id: [u8; 16],
    /// For people.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// The line of its key.
    pub verifier: String,
    /// Since when it is asked.
    pub begun: UnixMillis,
    /// Leaves it cosigned last.
    pub size: u64,
    /// When.
    pub at: Option<UnixMillis>,
    /// What went wrong the last time, and since when.
    pub error: Option<(String, UnixMillis)>,
    /// Leaves it cosigned of a log that ours contradicts.
    pub refused: Option<u64>,
}

/// What a witness said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessSaid {
    /// It cosigned so many leaves.
    Cosigned(u64),
    /// Nothing that helps.
    Failed(String),
    /// It cosigned so many leaves of a log that ours contradicts.
    Refused(u64, String),
}

statements! {
    SECRET = "SELECT sealed FROM anchor_secrets WHERE secret_id = $1";
    SET_SECRET = "INSERT INTO anchor_secrets (secret_id, sealed) VALUES ($1, $2) \
        ON CONFLICT (secret_id) DO UPDATE SET sealed = excluded.sealed";
    FORGET_SECRET = "DELETE FROM anchor_secrets WHERE secret_id = $1";
    LOGS = "SELECT origin, name, verifier, size, root, at FROM witnessed_logs WHERE active = 1 ORDER BY origin";
    LOG = "SELECT origin, name, verifier, size, root, at FROM witnessed_logs WHERE active = 1 AND origin = $1";
    QUIT = "UPDATE witnessed_logs SET active = 0 WHERE active = 1";
    SET_LOG = "INSERT INTO witnessed_logs (origin, name, verifier, active, size) VALUES ($1, $2, $3, 1, 0) \
        ON CONFLICT (origin) DO UPDATE SET name = excluded.name, verifier = excluded.verifier, active = 1";
    SAW = "UPDATE witnessed_logs SET size = $3, root = $4, at = $5 \
        WHERE origin = $1 AND active = 1 AND size = $2 AND size <= $3";
    WITNESSES = "SELECT witness_id, name, url, verifier, begun, size, at, error_text, error_since, refused \
        FROM witnesses ORDER BY witness_id";
    FORGET_WITNESS = "DELETE FROM witnesses WHERE witness_id = $1";
    SET_WITNESS = "INSERT INTO witnesses (witness_id, name, url, verifier, begun, size) VALUES ($1, $2, $3, $4, $5, 0) \
        ON CONFLICT (witness_id) DO UPDATE SET name = excluded.name";
    COSIGNED = "UPDATE witnesses SET size = $2, at = $3, error_text = NULL, error_since = NULL, refused = NULL \
        WHERE witness_id = $1";
    FAILED = "UPDATE witnesses SET error_text = $2, error_since = COALESCE(error_since, $3), \
        refused = COALESCE($4, refused) \
        WHERE witness_id = $1";
}

fn log(row: &Row<'_>) -> Result<WitnessedLog> {
    Ok(WitnessedLog {
        origin: row.text(0)?,
        name: row.text(1)?,
        verifier: row.text(2)?,
        size: row.uint(3)?,
        root: row.opt_octets(4)?,
        at: row.opt_time(5)?,
    })
}

fn witness(row: &Row<'_>) -> Result<Witness> {
    let (text, since) = (row.opt_text(7)?, row.opt_time(8)?);
    Ok(Witness {
        id: row.octets(0)?,
        name: row.text(1)?,
        url: row.text(2)?,
        verifier: row.text(3)?,
        begun: row.time(4)?,
        size: row.uint(5)?,
        at: row.opt_time(6)?,
        error: text.zip(since),
        refused: row.opt_int(9)?.and_then(|size| u64::try_from(size).ok()),
    })
}

impl Store {
    /// A sealed secret.
    ///
    /// # Errors
    /// Those of the database.
    pub fn anchor_secret(&self, id: AnchorSecretId) -> Result<Option<Vec<u8>>> {
        self.read(|tx| tx.first(&SECRET, &args![id.as_slice()], |row| row.blob(0)))
    }

    /// Sets a setting together with secrets; those with `None` are forgotten.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_with_secrets(
        &self,
        setting: (String, String),
        secrets: Vec<(AnchorSecretId, Option<Vec<u8>>)>,
    ) -> Result<()> {
        self.write(move |tx| {
            for (id, sealed) in &secrets {
                match sealed {
                    Some(sealed) => tx.exec(&SET_SECRET, &args![id.as_slice(), sealed])?,
                    None => tx.exec(&FORGET_SECRET, &args![id.as_slice()])?,
                };
            }
            crate::settings::set(tx, &setting.0, &setting.1)
        })
    }

    /// Logs that are witnessed here, by origin.
    ///
    /// # Errors
    /// Those of the database.
    pub fn witnessed_logs(&self) -> Result<Vec<WitnessedLog>> {
        self.read(|tx| tx.query(&LOGS, &[], log))
    }

    /// The log with this origin, if it is witnessed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn witnessed_log(&self, origin: &str) -> Result<Option<WitnessedLog>> {
        self.read(|tx| tx.first(&LOG, &args![origin], log))
    }

    /// Sets which logs are witnessed (origin, name, line of the key), and a setting, with the entry in the event log. What was
    /// cosigned of a log counts for good, also if it comes back.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_witnessed_logs(
        &self,
        logs: Vec<(String, String, String)>,
        setting: (String, String),
        event: Event,
    ) -> Result<()> {
        self.write(move |tx| {
            tx.exec(&QUIT, &[])?;
            for (origin, name, verifier) in &logs {
                tx.exec(&SET_LOG, &args![origin, name, verifier])?;
            }
            crate::settings::set(tx, &setting.0, &setting.1)?;
            events::append(tx, &event)
        })
    }

    /// Notes what is about to be cosigned of a log, if the last thing was the one with `old` leaves; durable when this returns
    /// true. A cosignature must not be handed out otherwise.
    ///
    /// # Errors
    /// Those of the database.
    pub fn note_witnessed(
        &self,
        origin: String,
        old: u64,
        (size, root): (u64, [u8; 32]),
        now: UnixMillis,
    ) -> Result<bool> {
        self.write(move |tx| {
            let args = args![&origin, old, size, root.as_slice(), now];
            Ok(tx.exec(&SAW, &args)? == 1)
        })
    }

    /// Witnesses of our log.
    ///
    /// # Errors
    /// Those of the database.
    pub fn witnesses(&self) -> Result<Vec<Witness>> {
        self.read(|tx| tx.query(&WITNESSES, &[], witness))
    }

    /// Sets the witnesses (id, name, address, line of the key), with the entry in the event log. Of those that stay only the
    /// name changes: with another address or key it is another one.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_witnesses(&self, new: Vec<([u8; 16], String, String, String)>, event: Event) -> Result<()> {
        self.write(move |tx| {
            for kept in tx.query(&WITNESSES, &[], witness)? {
                if !new.iter().any(|(id, ..)| *id == kept.id) {
                    tx.exec(&FORGET_WITNESS, &args![kept.id.as_slice()])?;
                }
            }
            for (id, name, url, verifier) in &new {
                tx.exec(&SET_WITNESS, &args![id.as_slice(), name, url, verifier, event.at])?;
            }
            events::append(tx, &event)
        })
    }

    /// Notes what a witness said.
    ///
    /// # Errors
    /// Those of the database.
    pub fn note_witness(&self, id: [u8; 16], said: WitnessSaid, now: UnixMillis) -> Result<()> {
        self.write(move |tx| {
            let id = id.as_slice();
            match &said {
                WitnessSaid::Cosigned(size) => tx.exec(&COSIGNED, &args![id, *size, now]),
                WitnessSaid::Failed(text) => tx.exec(&FAILED, &args![id, text, now, None::<u64>]),
                WitnessSaid::Refused(size, text) => tx.exec(&FAILED, &args![id, text, now, Some(*size)]),
            }
            .map(drop)
        })
    }
}
