//! Folders that people define, and what they file in them for a record: mails, and single attachments.

use std::collections::HashMap;

use model::{MailId, PartRole, RecordKey, RecordKind, Scope, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::filing::role_code;
use crate::message_links::messages_of;
use crate::rows;
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// Folders at most.
pub const FOLDERS_MAX: usize = 500;
/// Levels of folders at most.
pub const FOLDER_LEVELS_MAX: usize = 3;

/// A folder for documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFolder {
    /// Its key.
    pub key: i64,
    /// The folder it lies in; 0: none.
    pub parent: i64,
    /// Kind of the records that have it; `None`: all.
    pub kind: Option<RecordKind>,
    /// Its name.
    pub name: String,
}

/// What stands against a change of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderRefusal {
    /// There is no such folder.
    Missing,
    /// There is one of that name beside it.
    Taken,
    /// There would be more levels, or more folders, than there may be.
    Many,
    /// Something lies in it.
    Full,
}

/// A document, as it was filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Kind of its record.
    pub kind: RecordKind,
    /// Number of its record.
    pub number: String,
    /// Number of the attachment; `None`: the whole mail.
    pub part: Option<String>,
    /// Key of its folder.
    pub folder: i64,
    /// Who filed it: a user's id.
    pub actor: String,
    /// When.
    pub at: UnixMillis,
}

/// What a person files, or takes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// Kind and number of the record.
    pub record: (RecordKind, String),
    /// A mail of the message.
    pub mail: MailId,
    /// Number of the attachment; `None`: the whole mail.
    pub part: Option<String>,
    /// Key of the folder.
    pub folder: i64,
    /// In, or out.
    pub filed: bool,
    /// Who: a user's id.
    pub actor: String,
}

statements! {
    FOLDERS = "SELECT key, parent, kind, name FROM document_folders ORDER BY name, key";
    ADD = "INSERT INTO document_folders (key, parent, kind, name) VALUES ($1, $2, $3, $4)";
    RENAME = "UPDATE document_folders SET name = $2 WHERE key = $1";
    REMOVE = "DELETE FROM document_folders WHERE key = $1";
    HELD = "SELECT record FROM documents WHERE folder = $1 LIMIT 1";
    KEY = "SELECT key FROM records WHERE kind = $1 AND number = $2";
    LINKED = "SELECT record FROM links WHERE message = $1 AND record = $2 AND removed IS NULL";
    HAS_PART = "SELECT n FROM parts WHERE seq = $1 AND number = $2 AND role = $3";
    FILE = "INSERT INTO documents (record, message, part, folder, actor, at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (record, message, part, folder) DO NOTHING";
    UNFILE = "DELETE FROM documents WHERE record = $1 AND message = $2 AND part = $3 AND folder = $4";
    OF_MESSAGE = "SELECT r.kind, r.number, d.part, d.folder, d.actor, d.at FROM documents d \
        JOIN records r ON r.key = d.record WHERE d.message = $1 ORDER BY r.kind, r.number, d.part, d.folder";
    COUNTS = "SELECT folder, COUNT(*) FROM documents WHERE record = $1 GROUP BY folder";
}

fn folder(row: &Row<'_>) -> Result<DocumentFolder> {
    let kind = row.int(2)?;
    let kind = if kind < 0 { None } else { Some(from_list(&RecordKind::ALL, kind, "record kind")?) };
    Ok(DocumentFolder { key: row.int(0)?, parent: row.int(1)?, kind, name: row.text(3)? })
}

fn folders(tx: &Tx<'_>) -> Result<Vec<DocumentFolder>> {
    tx.query(&FOLDERS, &[], folder)
}

fn level(all: &[DocumentFolder], mut key: i64) -> usize {
    let mut level = 0;
    while let Some(found) = all.iter().find(|folder| folder.key == key).filter(|_| level < FOLDER_LEVELS_MAX)
    {
        (key, level) = (found.parent, level + 1);
    }
    level
}

fn is_taken(all: &[DocumentFolder], new: &DocumentFolder) -> bool {
    let same = |folder: &&DocumentFolder| folder.parent == new.parent && folder.kind == new.kind;
    all.iter().filter(same).any(|folder| folder.name == new.name && folder.key != new.key)
}

/// A folder with all below it.
pub(crate) fn below(tx: &Tx<'_>, key: i64) -> Result<Vec<i64>> {
    let all = folders(tx)?;
    let mut found = vec![key];
    for _ in 1..FOLDER_LEVELS_MAX {
        let more = all.iter().filter(|folder| found.contains(&folder.parent) && !found.contains(&folder.key));
        let more: Vec<i64> = more.map(|folder| folder.key).collect();
        found.extend(more);
    }
    Ok(found)
}

impl Store {
    /// All folders, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn document_folders(&self) -> Result<Vec<DocumentFolder>> {
        self.read(folders)
    }

    /// Makes a folder; its own `key` does not count, and below another one it has the kind of that. Gives its key.
    ///
    /// # Errors
    /// Those of the database.
    pub fn add_document_folder(
        &self,
        new: DocumentFolder,
    ) -> Result<std::result::Result<i64, FolderRefusal>> {
        self.write(move |tx| {
            let all = folders(tx)?;
            let mut new = DocumentFolder { key: 0, ..new.clone() };
            if new.parent != 0 {
                match all.iter().find(|folder| folder.key == new.parent) {
                    Some(parent) => new.kind = parent.kind,
                    None => return Ok(Err(FolderRefusal::Missing)),
                }
            }
            if all.len() >= FOLDERS_MAX || level(&all, new.parent) >= FOLDER_LEVELS_MAX {
                return Ok(Err(FolderRefusal::Many));
            }
            if is_taken(&all, &new) {
                return Ok(Err(FolderRefusal::Taken));
            }
            let key = take(tx, "row", 1)?;
            let kind = new.kind.map_or(-1, |kind| kind as i64);
            tx.exec(&ADD, &args![key, new.parent, kind, &new.name])?;
            Ok(Ok(key))
        })
    }

    /// Gives a folder another name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn rename_document_folder(
        &self,
        key: i64,
        name: String,
    ) -> Result<std::result::Result<(), FolderRefusal>> {
        self.write(move |tx| {
            let all = folders(tx)?;
            let Some(found) = all.iter().find(|folder| folder.key == key) else {
                return Ok(Err(FolderRefusal::Missing));
            };
            if is_taken(&all, &DocumentFolder { name: name.clone(), ..found.clone() }) {
                return Ok(Err(FolderRefusal::Taken));
            }
            tx.exec(&RENAME, &args![key, &name])?;
            Ok(Ok(()))
        })
    }

    /// Removes a folder in which nothing lies.
    ///
    /// # Errors
    /// Those of the database.
    pub fn remove_document_folder(&self, key: i64) -> Result<std::result::Result<(), FolderRefusal>> {
        self.write(move |tx| {
            let all = folders(tx)?;
            let held = tx.first(&HELD, &args![key], |row| row.int(0))?.is_some();
            if held || all.iter().any(|folder| folder.parent == key) {
                return Ok(Err(FolderRefusal::Full));
            }
            let removed = tx.exec(&REMOVE, &args![key])?;
            Ok(if removed == 0 { Err(FolderRefusal::Missing) } else { Ok(()) })
        })
    }

    /// Files a message, or an attachment of it, in a folder of a record it is linked with, or takes it out; repeated, it
    /// changes nothing more.
    ///
    /// # Errors
    /// `Missing`: mail (or the scope does not allow it), link with the record, attachment, or folder (or it is for records of
    /// another kind).
    pub fn file_document(&self, scope: &Scope, filing: Filing, now: UnixMillis) -> Result<()> {
        let (scope, keys) = (scope.clone(), self.keys().clone());
        self.write(move |tx| {
            let scope = keys.scope(tx, &scope)?;
            let missing = |what: &'static str, key: String| StoreError::Missing { what, key };
            let message = messages_of(tx, &[filing.mail])?.remove(&filing.mail);
            let message = match message {
                Some(message) if rows::visible(tx, &scope, &[message])?.contains_key(&message) => message,
                _ => return Err(missing("mail", filing.mail.to_string())),
            };
            let (kind, number) = &filing.record;
            let record = tx.first(&KEY, &args![*kind as i64, number], |row| row.int(0))?;
            let record = record.ok_or_else(|| missing("record", number.clone()))?;
            let part = filing.part.as_deref().unwrap_or_default();
            let place = args![record, message, part, filing.folder];
            if !filing.filed {
                return tx.exec(&UNFILE, &place).map(drop);
            }
            if tx.first(&LINKED, &args![message, record], |row| row.int(0))?.is_none() {
                return Err(missing("link", number.clone()));
            }
            let attachment = args![message, part, role_code(PartRole::Attachment)];
            if !part.is_empty() && tx.first(&HAS_PART, &attachment, |row| row.int(0))?.is_none() {
                return Err(missing("attachment", part.to_owned()));
            }
            let fits = |folder: &DocumentFolder| {
                folder.key == filing.folder && folder.kind.is_none_or(|of| of == *kind)
            };
            if !folders(tx)?.iter().any(fits) {
                return Err(missing("folder", filing.folder.to_string()));
            }
            let [a, b, c, d] = place;
            tx.exec(&FILE, &[a, b, c, d, (&filing.actor).into(), now.into()]).map(drop)
        })
    }

    /// Where a message and its attachments are filed; `None` if there is no such mail or the scope does not allow it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn documents_of(&self, scope: &Scope, mail: MailId) -> Result<Option<Vec<Document>>> {
        self.read(|tx| {
            let scope = self.keys().scope(tx, scope)?;
            let Some(message) = messages_of(tx, &[mail])?.remove(&mail) else { return Ok(None) };
            if !rows::visible(tx, &scope, &[message])?.contains_key(&message) {
                return Ok(None);
            }
            let found = tx.query(&OF_MESSAGE, &args![message], |row| {
                Ok(Document {
                    kind: from_list(&RecordKind::ALL, row.int(0)?, "record kind")?,
                    number: row.text(1)?,
                    part: Some(row.text(2)?).filter(|part| !part.is_empty()),
                    folder: row.int(3)?,
                    actor: row.text(4)?,
                    at: row.time(5)?,
                })
            })?;
            Ok(Some(found))
        })
    }

    /// How many documents of a record lie in each folder, by key of the folder.
    ///
    /// # Errors
    /// Those of the database.
    pub fn document_counts(&self, record: RecordKey) -> Result<HashMap<i64, u64>> {
        self.read(|tx| {
            let rows = tx.query(&COUNTS, &args![record.0], |row| Ok((row.int(0)?, row.uint(1)?)))?;
            Ok(rows.into_iter().collect())
        })
    }
}
