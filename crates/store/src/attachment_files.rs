//! Attachments that are files in folders outside the archive: which are to be looked at, and what became of each. Who examines attachments
//! leaves the work here in the same transaction, so that nothing that is let through or held later is missed.

use std::collections::HashMap;

use model::{MailId, Scope, Sha256, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::examination::ExaminedPart;
use crate::exports::{self, MailAbout};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::streams::MailLine;
use crate::value::{Arg, Row, Rows, args};
use crate::{media, settings, work};

/// Counts of what waits end here: more is as good as many.
const COUNT_MAX: i64 = 10_000;
/// Names of the cursors: mails that came before, and files to be looked at again.
const BACKFILL: &str = "attachment_files";
const AGAIN: &str = "attachment_files_again";

/// What became of an attachment as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileState {
    /// It is about to be written at its place.
    Writing,
    /// It was written.
    Written,
    /// The attachment is held back.
    Held,
    /// It could not be written.
    Failed,
    /// People deleted it.
    Deleted,
    /// People changed it, and it was to be removed: it is left.
    Changed,
}

impl FileState {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 6] =
        [Self::Writing, Self::Written, Self::Held, Self::Failed, Self::Deleted, Self::Changed];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Writing => "writing",
            Self::Written => "written",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
            Self::Changed => "changed",
        }
    }

    fn of_code(code: i64) -> Result<Self> {
        let found = usize::try_from(code).ok().and_then(|at| Self::ALL.get(at).copied());
        found.ok_or(StoreError::Unreadable { what: "state of a file" })
    }
}

/// A folder into which attachments are or were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentFolder {
    /// Its number.
    pub key: i64,
    /// Where it is.
    pub path: String,
    /// When something was last written there.
    pub last_success: Option<UnixMillis>,
    /// Why it does not take anything, and since when; `None` if the last time went well.
    pub last_error: Option<(String, UnixMillis)>,
}

/// A mail whose attachments are to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileWork {
    /// Its number.
    pub seq: i64,
    /// Times it has failed.
    pub attempts: u32,
    /// What is missing is written again.
    pub again: bool,
}

/// An attachment and the file it is, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Number of the mail.
    pub seq: i64,
    /// Number of the part.
    pub part: String,
    /// The folder.
    pub folder: i64,
    /// Path below it, with slashes; empty if it never had one.
    pub path: String,
    /// Octets written.
    pub octets: u64,
    /// Of these octets.
    pub sha256: Sha256,
    /// What became of it.
    pub state: FileState,
    /// When.
    pub at: UnixMillis,
    /// Why it failed; empty otherwise.
    pub error: String,
}

/// A row in the list of files, for whoever may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentFile {
    /// The file.
    pub file: FileRow,
    /// Its mail; `None` for who may not read it: then neither path nor name is to be shown.
    pub mail: Option<MailId>,
}

/// How many there are. `waiting` ends at 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Attachments that are files.
    pub written: u64,
    /// Attachments held back.
    pub held: u64,
    /// Attachments that could not be written.
    pub failed: u64,
    /// Files that people deleted.
    pub deleted: u64,
    /// Files that people changed.
    pub changed: u64,
    /// Mails that wait.
    pub waiting: u64,
    /// Mails that came before are still being gone through.
    pub backfill: bool,
    /// Files of erased mails that could not be removed yet.
    pub to_remove: u64,
}

/// What became of a file of an erased mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasedFileState {
    /// It is to be removed.
    Waiting,
    /// People changed it: it is left, and named.
    Changed,
    /// It could not be removed; it is tried again.
    Failed,
}

/// A file of an erased mail that is still there, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasedFile {
    /// The erasure.
    pub erasure: i64,
    /// Number and path of the folder.
    pub folder: (i64, String),
    /// Path below it.
    pub path: String,
    /// Of what was written.
    pub sha256: Sha256,
    /// What became of it.
    pub state: ErasedFileState,
    /// Why it could not be removed.
    pub error: String,
}

/// A mail, its attachments, what is known of them, and the files they are.
#[derive(Clone, Debug)]
pub struct MailFiles {
    /// The mail, where it lies and what it is filed under.
    pub line: MailLine,
    /// What it says, and its attachments.
    pub about: MailAbout,
    /// What was found in them.
    pub examined: Vec<ExaminedPart>,
    /// Kinds of them, by number.
    pub kinds: HashMap<String, crate::MediaKind>,
    /// Files they are.
    pub files: Vec<FileRow>,
}

macro_rules! columns {
    () => {
        "f.seq, f.part, f.folder, f.path, f.octets, f.sha256, f.state, f.at, f.error"
    };
}

statements! {
    FOLDERS = "SELECT key, path, last_success, error_text, error_since FROM attachment_folders ORDER BY key";
    FOLDER = "SELECT key FROM attachment_folders WHERE path = $1";
    ADD_FOLDER = "INSERT INTO attachment_folders (key, path) VALUES ($1, $2)";
    ANY_FOLDER = "SELECT COUNT(*) FROM (SELECT key FROM attachment_folders LIMIT 1) c";
    WENT_WELL = "UPDATE attachment_folders SET last_success = $2, error_text = NULL, error_since = NULL WHERE key = $1";
    FAILED = "UPDATE attachment_folders SET error_text = $2, error_since = COALESCE(error_since, $3) WHERE key = $1";
    ENQUEUE [Int, Int, Int, Int] = "WITH v(seq, due, attempts, again) AS ({rows}) INSERT INTO attachment_file_work \
        (seq, due, attempts, again) SELECT seq, due, attempts, again FROM v WHERE TRUE ON CONFLICT (seq) DO UPDATE SET \
        due = excluded.due, attempts = excluded.attempts, again = CASE WHEN attachment_file_work.again = 1 THEN 1 ELSE excluded.again END";
    DUE = "SELECT seq, attempts, again FROM attachment_file_work WHERE due <= $1 ORDER BY due, seq DESC LIMIT $2";
    NEXT_DUE = "SELECT MIN(due) FROM attachment_file_work";
    CLAIM = "UPDATE attachment_file_work SET due = $2 WHERE seq = ANY($1)";
    DONE = "DELETE FROM attachment_file_work WHERE seq = $1 AND due = $2";
    PUT_OFF = "UPDATE attachment_file_work SET due = $3, attempts = $4 WHERE seq = $1 AND due = $2";
    TAKE_UP = "UPDATE attachment_file_work SET due = 0 WHERE due > 0";
    COUNT_WORK = "SELECT COUNT(*) FROM (SELECT seq FROM attachment_file_work LIMIT $1) c";
    CURSOR = "SELECT change_seq FROM index_states WHERE name = $1";
    SET_CURSOR = "INSERT INTO index_states (name, version, change_seq) VALUES ($1, 1, $2) \
        ON CONFLICT (name) DO UPDATE SET change_seq = excluded.change_seq";
    LAST_SEQ = "SELECT COALESCE(MAX(seq), 0) FROM mails";
    EXAMINED_BEFORE = "SELECT DISTINCT seq FROM examined_parts WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
    FILES_BEFORE = "SELECT DISTINCT seq FROM attachment_files WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
    OF_MAILS = concat!("SELECT ", columns!(), " FROM attachment_files f WHERE f.seq = ANY($1) ORDER BY f.seq, f.part");
    AT_PLACE = concat!("SELECT ", columns!(), " FROM attachment_files f WHERE f.folder = $1 AND f.folded = $2 ORDER BY f.seq, f.part");
    PUT [Int, Text, Int, Text, Text, Int, Blob, Int, Int, Text] = "WITH v(seq, part, folder, path, folded, octets, \
        sha256, state, at, error) \
        AS ({rows}) INSERT INTO attachment_files (seq, part, folder, path, folded, octets, sha256, state, at, error) \
        SELECT v.seq, v.part, v.folder, v.path, v.folded, v.octets, v.sha256, v.state, v.at, v.error FROM v \
        JOIN mails m ON m.seq = v.seq WHERE TRUE ON CONFLICT (seq, part) DO UPDATE SET folder = excluded.folder, \
        path = excluded.path, folded = excluded.folded, octets = excluded.octets, sha256 = excluded.sha256, \
        state = excluded.state, at = excluded.at, error = excluded.error";
    FAIL = "UPDATE attachment_files SET state = $3, at = $4, error = $5 WHERE seq = $1 AND part = $2";
    COUNTS = "SELECT state, COUNT(*) FROM attachment_files GROUP BY state";
    LIST = concat!("SELECT ", columns!(), " FROM attachment_files f WHERE f.state = $1 AND (f.seq, f.part) < ($2, $3) \
        ORDER BY f.seq DESC, f.part DESC LIMIT $4");
    MAIL_IDS = "SELECT seq, mail_id FROM mails WHERE seq = ANY($1)";
    COUNT_TO_REMOVE = "SELECT COUNT(*) FROM erased_files WHERE state = 2";
    TO_REMOVE = "SELECT e.erasure, e.folder, d.path, e.path, e.sha256, e.state, e.error FROM erased_files e \
        JOIN attachment_folders d ON d.key = e.folder WHERE e.state <> 1 ORDER BY e.erasure, e.folder, e.folded LIMIT $1";
    WAITING_OF = "SELECT e.erasure, e.folder, d.path, e.path, e.sha256, e.state, e.error FROM erased_files e \
        JOIN attachment_folders d ON d.key = e.folder WHERE e.erasure = $1 AND e.state = 0 ORDER BY e.folder, e.folded LIMIT $2";
    OF_ERASURE = "SELECT e.erasure, e.folder, d.path, e.path, e.sha256, e.state, e.error FROM erased_files e \
        JOIN attachment_folders d ON d.key = e.folder WHERE e.erasure = ANY($1) ORDER BY e.erasure, e.folder, e.folded LIMIT $2";
    REMOVED = "DELETE FROM erased_files WHERE erasure = $1 AND folder = $2 AND folded = $3";
    NOT_REMOVED = "UPDATE erased_files SET state = $4, error = $5 WHERE erasure = $1 AND folder = $2 AND folded = $3";
}

fn folder(row: &Row<'_>) -> Result<AttachmentFolder> {
    Ok(AttachmentFolder {
        key: row.int(0)?,
        path: row.text(1)?,
        last_success: row.opt_time(2)?,
        last_error: row.opt_text(3)?.zip(row.opt_time(4)?),
    })
}

fn file(row: &Row<'_>) -> Result<FileRow> {
    Ok(FileRow {
        seq: row.int(0)?,
        part: row.text(1)?,
        folder: row.int(2)?,
        path: row.text(3)?,
        octets: row.uint(4)?,
        sha256: Sha256(row.octets(5)?),
        state: FileState::of_code(row.int(6)?)?,
        at: row.time(7)?,
        error: row.text(8)?,
    })
}

fn erased(row: &Row<'_>) -> Result<ErasedFile> {
    Ok(ErasedFile {
        erasure: row.int(0)?,
        folder: (row.int(1)?, row.text(2)?),
        path: row.text(3)?,
        sha256: Sha256(row.octets(4)?),
        state: match row.int(5)? {
            0 => ErasedFileState::Waiting,
            1 => ErasedFileState::Changed,
            _ => ErasedFileState::Failed,
        },
        error: row.text(6)?,
    })
}

/// By which files at the same place are known, whatever the case of their names.
fn folded(path: &str) -> String {
    path.to_lowercase()
}

/// Attachments of these mails may be let through, or held, where they were not.
pub(crate) fn enqueue(tx: &Tx<'_>, seqs: impl Iterator<Item = i64>) -> Result<()> {
    if tx.int(&ANY_FOLDER, &[])? == 0 {
        return Ok(());
    }
    put_work(tx, seqs, UnixMillis(0), false)
}

fn put_work(tx: &Tx<'_>, seqs: impl Iterator<Item = i64>, due: UnixMillis, again: bool) -> Result<()> {
    let seqs: std::collections::BTreeSet<i64> = seqs.collect();
    let mut rows = Rows::new(4, seqs.len());
    for seq in seqs {
        rows.push(args![seq, due, 0_i64, again]);
    }
    tx.bulk(&ENQUEUE, &rows).map(drop)
}

fn put(tx: &Tx<'_>, row: &FileRow) -> Result<bool> {
    let row = args![
        row.seq,
        &row.part,
        row.folder,
        &row.path,
        folded(&row.path),
        row.octets,
        &row.sha256.0,
        row.state as i64,
        row.at,
        &row.error,
    ];
    Ok(tx.bulk(&PUT, &Rows::one(row))? > 0)
}

impl Store {
    /// Keeps what is set about files, `name` and text, and makes sure of the folder, with the entry in the event log. `backfill`: mails that
    /// came before are gone through, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_attachment_files(
        &self,
        name: &'static str,
        value: String,
        folder: Option<String>,
        backfill: bool,
        event: Event,
    ) -> Result<()> {
        self.write(move |tx| {
            settings::set(tx, name, &value)?;
            if let Some(path) = &folder
                && tx.first(&FOLDER, &[path.into()], |row| row.int(0))?.is_none()
            {
                let key = take(tx, "row", 1)?;
                tx.exec(&ADD_FOLDER, &args![key, path])?;
            }
            let from = if backfill { tx.int(&LAST_SEQ, &[])? + 1 } else { 0 };
            tx.exec(&SET_CURSOR, &args![BACKFILL, from])?;
            tx.exec(&TAKE_UP, &[])?;
            events::append(tx, &event)
        })
    }

    /// Number of the newest mail; 0 if there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub fn last_mail_number(&self) -> Result<i64> {
        self.read(|tx| tx.int(&LAST_SEQ, &[]))
    }

    /// Folders attachments are or were written into.
    ///
    /// # Errors
    /// Those of the database.
    pub fn attachment_folders(&self) -> Result<Vec<AttachmentFolder>> {
        self.read(|tx| tx.query(&FOLDERS, &[], folder))
    }

    /// Notes that the folder took something, or, with the reason, that it does not.
    ///
    /// # Errors
    /// Those of the database.
    pub fn note_attachment_folder(&self, key: i64, trouble: Option<String>, now: UnixMillis) -> Result<()> {
        self.write(move |tx| match &trouble {
            None => tx.exec(&WENT_WELL, &args![key, now]).map(drop),
            Some(text) => tx.exec(&FAILED, &args![key, text, now]).map(drop),
        })
    }

    /// What is missing is to be written again; [`Self::feed_file_work`] does it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn write_files_again(&self) -> Result<()> {
        self.write(|tx| {
            let last = tx.int(&LAST_SEQ, &[])?;
            tx.exec(&SET_CURSOR, &args![AGAIN, last + 1])?;
            tx.exec(&TAKE_UP, &[]).map(drop)
        })
    }

    /// Whatever was put off is due: a crash may have left it so.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take_up_file_work(&self) -> Result<()> {
        self.write(|tx| tx.exec(&TAKE_UP, &[]).map(drop))
    }

    /// Takes note of the next mails that came before, at most `limit`, unless as many wait; `true` if there may be more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn feed_file_work(&self, limit: usize, now: UnixMillis) -> Result<bool> {
        let open = |tx: &Tx<'_>| -> Result<bool> {
            let any = |name: &str| tx.int(&CURSOR, &[name.into()]);
            Ok((any(BACKFILL)? > 0 || any(AGAIN)? > 0)
                && tx.int(&COUNT_WORK, &[(limit as i64).into()])? < limit as i64)
        };
        if !self.read(open)? {
            return Ok(false);
        }
        self.write_batch(move |tx| {
            let mut more = false;
            for (name, statement, again) in
                [(AGAIN, &FILES_BEFORE, true), (BACKFILL, &EXAMINED_BEFORE, false)]
            {
                let from = tx.int(&CURSOR, &[name.into()])?;
                if from == 0 {
                    continue;
                }
                let seqs = tx.query(statement, &args![from, limit as i64], |row| row.int(0))?;
                let next = if seqs.len() == limit { seqs.last().copied().unwrap_or_default() } else { 0 };
                // Behind what is new.
                put_work(tx, seqs.into_iter(), now, again)?;
                tx.exec(&SET_CURSOR, &args![name, next])?;
                more |= next > 0;
            }
            Ok(more)
        })
    }

    /// Mails that are due, new ones first, newest first; until `lease` nobody else gets them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take_file_work(&self, now: UnixMillis, lease: UnixMillis, limit: usize) -> Result<Vec<FileWork>> {
        let due = move |tx: &Tx<'_>| {
            tx.query(&DUE, &args![now, limit as i64], |row| {
                Ok(FileWork { seq: row.int(0)?, attempts: row.small(1)?, again: row.bool(2)? })
            })
        };
        if self.read(due)?.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |tx| {
            let found = due(tx)?;
            let seqs: Vec<i64> = found.iter().map(|work| work.seq).collect();
            tx.exec(&CLAIM, &[Arg::Ints(&seqs), lease.into()])?;
            Ok(found)
        })
    }

    /// A mail taken until `lease` is done, or to be looked at again: when, and how often it has failed. Without effect if it became due
    /// anew meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub fn file_work_done(
        &self,
        seq: i64,
        lease: UnixMillis,
        again: Option<(UnixMillis, u32)>,
    ) -> Result<()> {
        self.write(move |tx| match again {
            None => tx.exec(&DONE, &args![seq, lease]).map(drop),
            Some((due, attempts)) => tx.exec(&PUT_OFF, &args![seq, lease, due, attempts]).map(drop),
        })
    }

    /// When the next mail is due; `None` if none is.
    ///
    /// # Errors
    /// Those of the database.
    pub fn next_file_work(&self) -> Result<Option<UnixMillis>> {
        self.read(|tx| Ok(tx.first(&NEXT_DUE, &[], |row| row.opt_time(0))?.flatten()))
    }

    /// A mail with what decides on its files; `None` if it is not here any more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mail_files(&self, seq: i64) -> Result<Option<MailFiles>> {
        let Some(line) = self.mail_lines_numbered(&[seq])?.pop() else { return Ok(None) };
        self.read(|tx| {
            let Some((about, examined)) = exports::about(tx, &[seq])?.remove(&seq) else { return Ok(None) };
            let kinds = media::kinds(tx, &[seq])?.remove(&seq).unwrap_or_default().into_iter();
            let kind =
                |code: i64| usize::try_from(code).ok().and_then(|at| crate::MediaKind::ALL.get(at).copied());
            let kinds = kinds.filter_map(|(part, code)| Some((part, kind(code)?))).collect();
            let files = tx.query(&OF_MAILS, &[Arg::Ints(&[seq])], file)?;
            Ok(Some(MailFiles { line: line.clone(), about, examined, kinds, files }))
        })
    }

    /// Mails with attachments that were looked at, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn newest_with_attachments(&self, before: i64, limit: usize) -> Result<Vec<i64>> {
        self.read(|tx| tx.query(&EXAMINED_BEFORE, &args![before, limit as i64], |row| row.int(0)))
    }

    /// Which attachments the file at this place is, whatever the case of its name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn files_at(&self, folder: i64, path: &str) -> Result<Vec<FileRow>> {
        self.read(|tx| tx.query(&AT_PLACE, &args![folder, &folded(path)], file))
    }

    /// Keeps what became of an attachment; `false` if its mail is not here any more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_file(&self, row: FileRow) -> Result<bool> {
        self.write(move |tx| put(tx, &row))
    }

    /// Keeps why an attachment could not be written or removed; the place it has, if any, stays.
    ///
    /// # Errors
    /// Those of the database.
    pub fn fail_file(&self, row: FileRow) -> Result<()> {
        self.write(move |tx| {
            let args = args![row.seq, &row.part, FileState::Failed as i64, row.at, &row.error];
            if tx.exec(&FAIL, &args)? == 0 {
                put(tx, &row)?;
            }
            Ok(())
        })
    }

    /// How many there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn file_counts(&self) -> Result<FileCounts> {
        self.read(|tx| {
            let by_state = tx.query(&COUNTS, &[], |row| Ok((row.int(0)?, row.uint(1)?)))?;
            let by_state: HashMap<i64, u64> = by_state.into_iter().collect();
            let of = |state: FileState| by_state.get(&(state as i64)).copied().unwrap_or_default();
            let cursor = |name: &str| tx.int(&CURSOR, &[name.into()]);
            Ok(FileCounts {
                written: of(FileState::Written),
                held: of(FileState::Held),
                failed: of(FileState::Failed),
                deleted: of(FileState::Deleted),
                changed: of(FileState::Changed),
                waiting: tx.int(&COUNT_WORK, &[COUNT_MAX.into()])?.unsigned_abs(),
                backfill: cursor(BACKFILL)? > 0 || cursor(AGAIN)? > 0,
                to_remove: tx.int(&COUNT_TO_REMOVE, &[])?.unsigned_abs(),
            })
        })
    }

    /// Attachments of which this became, newest mail first, behind `before` (number of the mail and of the part), at most `limit`; mails the
    /// scope does not allow are not named.
    ///
    /// # Errors
    /// Those of the database.
    pub fn files_in(
        &self,
        scope: &Scope,
        state: FileState,
        before: Option<(i64, &str)>,
        limit: usize,
    ) -> Result<Vec<AttachmentFile>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let (seq, part) = before.unwrap_or((i64::MAX, ""));
            let found = tx.query(&LIST, &args![state as i64, seq, part, limit as i64], file)?;
            let seqs: Vec<i64> = found.iter().map(|file| file.seq).collect();
            let accounts = work::accounts_of(tx, &seqs)?;
            let mails = tx.query(&MAIL_IDS, &[Arg::Ints(&seqs)], |row| {
                Ok((row.int(0)?, MailId::from_octets(row.octets(1)?)))
            })?;
            let mails: HashMap<i64, MailId> = mails.into_iter().collect();
            let shown = |file: FileRow| {
                let accounts = accounts.get(&file.seq).map(Vec::as_slice).unwrap_or_default();
                let may = accounts.iter().any(|key| keys.allows(*key));
                AttachmentFile { mail: mails.get(&file.seq).copied().filter(|_| may), file }
            };
            Ok(found.into_iter().map(shown).collect())
        })
    }

    /// Files of erased mails that are to be removed, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn files_to_remove(&self, limit: usize) -> Result<Vec<ErasedFile>> {
        self.read(|tx| tx.query(&TO_REMOVE, &[(limit as i64).into()], erased))
    }

    /// Files of an erasure that nobody has tried to remove, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erased_files_waiting(&self, erasure: i64, limit: usize) -> Result<Vec<ErasedFile>> {
        self.read(|tx| tx.query(&WAITING_OF, &args![erasure, limit as i64], erased))
    }

    /// Files these erasures left, at most `limit` of all.
    ///
    /// # Errors
    /// Those of the database.
    pub fn erased_files_of(&self, erasures: &[i64], limit: usize) -> Result<Vec<ErasedFile>> {
        self.read(|tx| tx.query(&OF_ERASURE, &[Arg::Ints(erasures), (limit as i64).into()], erased))
    }

    /// Notes what became of a file of an erased mail: `None`, it is gone; otherwise it is left or tried again, for this reason.
    ///
    /// # Errors
    /// Those of the database.
    pub fn note_erased_file(&self, of: ErasedFile, left: Option<(ErasedFileState, String)>) -> Result<()> {
        self.write(move |tx| {
            let folded = folded(&of.path);
            match &left {
                None => tx.exec(&REMOVED, &args![of.erasure, of.folder.0, &folded]),
                Some((state, error)) => {
                    tx.exec(&NOT_REMOVED, &args![of.erasure, of.folder.0, &folded, *state as i64, error])
                }
            }
            .map(drop)
        })
    }
}
