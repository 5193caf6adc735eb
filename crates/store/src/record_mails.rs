//! What a record and its correspondents wrote each other: its mails and their attachments, newest first.

use model::{Kind, MailId, RecordKey, RecordKind, Scope, UnixMillis};

use crate::codec::kind_code;
use crate::db::Tx;
use crate::documents;
use crate::error::Result;
use crate::filing::role_code;
use crate::keys::{ALL_MAIL, ScopeKeys};
use crate::lists::MessageCursor;
use crate::rows::MessageRow;
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Row, args};

/// Which mails of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Stands in the subject, whatever its case.
    pub text: Option<String>,
    /// Not before.
    pub from: Option<UnixMillis>,
    /// Before this.
    pub until: Option<UnixMillis>,
    /// With attachments, or without.
    pub has_attachment: Option<bool>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Key of a folder: filed in it or below it, by a person.
    pub folder: Option<i64>,
}

/// A page of the mails of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordMails {
    /// Newest first.
    pub rows: Vec<MessageRow>,
    /// Where the next page begins.
    pub next: Option<MessageCursor>,
    /// All that the filter and the scope let through.
    pub total: u64,
}

/// Place of an attachment among those of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentCursor {
    /// Effective date of its mail.
    pub date: UnixMillis,
    /// Number of the message.
    pub seq: i64,
    /// Place in it.
    pub n: i64,
}

/// An attachment of a mail of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordAttachment {
    /// Where the next page begins if it is the last one.
    pub cursor: AttachmentCursor,
    /// Its mail.
    pub mail_id: MailId,
    /// Subject of it; empty if there is none.
    pub subject: String,
    /// Number of the part.
    pub part: String,
    /// File name.
    pub name: Option<String>,
    /// Media type, as declared.
    pub content_type: String,
    /// How many octets.
    pub octets: u64,
}

/// Of links `l`, mails `m` and heads `h`: what the filter and the scope let through.
macro_rules! conditions {
    () => {
        "l.record = $1 AND l.removed IS NULL AND m.date >= $2 AND m.date < $3 \
         AND ($4 < 0 OR (m.attachments > 0 AND $4 = 1) OR (m.attachments = 0 AND $4 = 0)) \
         AND ($5 < 0 OR m.kind = $5) \
         AND ($6 = '' OR LOWER(h.subject) LIKE $6 OR h.subject LIKE $7 OR h.subject LIKE $8) \
         AND EXISTS (SELECT 1 FROM entries e WHERE e.list = ANY($9) AND e.date = m.date AND e.message_seq = m.seq) \
         AND ($10 = 0 OR EXISTS (SELECT 1 FROM documents d WHERE d.record = l.record AND d.message = m.seq \
         AND d.folder = ANY($11)))"
    };
}
/// Of attachments `p`: those that were filed, alone or with their mail.
macro_rules! in_folder {
    () => {
        "($10 = 0 OR EXISTS (SELECT 1 FROM documents d WHERE d.record = l.record AND d.message = m.seq \
         AND d.folder = ANY($11) AND (d.part = '' OR d.part = p.number)))"
    };
}
macro_rules! tables {
    () => {
        " FROM links l JOIN mails m ON m.seq = l.message JOIN heads h ON h.seq = m.seq "
    };
}

statements! {
    KEY = "SELECT key FROM records WHERE kind = $1 AND number = $2";
    PAGE = concat!("SELECT m.date, m.seq", tables!(), "WHERE ", conditions!(),
        " AND (m.date, m.seq) < ($12, $13) ORDER BY m.date DESC, m.seq DESC LIMIT $14");
    COUNT = concat!("SELECT COUNT(*)", tables!(), "WHERE ", conditions!());
    ATTACHMENTS = concat!("SELECT m.date, m.seq, p.n, m.mail_id, h.subject, p.number, p.name, p.content_type, p.octets",
        tables!(), "JOIN parts p ON p.seq = m.seq WHERE ", conditions!(), " AND p.role = $12 AND ", in_folder!(), " \
        AND (m.date < $13 OR (m.date = $13 AND (m.seq < $14 OR (m.seq = $14 AND p.n > $15)))) \
        ORDER BY m.date DESC, m.seq DESC, p.n LIMIT $16");
    ATTACHMENT_COUNT = concat!("SELECT COUNT(*)", tables!(), "JOIN parts p ON p.seq = m.seq WHERE ", conditions!(),
        " AND p.role = $12 AND ", in_folder!());
}

/// Lists of [`entries`](crate::entries) that hold what the scope allows.
pub(crate) fn lists(scope: &ScopeKeys) -> Vec<i64> {
    match scope {
        ScopeKeys::All => vec![ALL_MAIL],
        ScopeKeys::Accounts(keys, _) => keys.clone(),
    }
}

/// Patterns of LIKE: in lower case, for subjects the database turns to lower case, which SQLite does with ASCII alone; as
/// typed; and with a capital first, for the rest.
pub(crate) fn patterns(text: Option<&str>) -> [String; 3] {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return [String::new(), String::new(), String::new()];
    };
    let plain: String = text.chars().filter(|c| !matches!(c, '%' | '_' | '\\')).collect();
    let lower = plain.to_lowercase();
    let mut chars = lower.chars();
    let capital: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
    [lower, plain, capital].map(|text| format!("%{text}%"))
}

fn flag(wanted: Option<bool>) -> i64 {
    wanted.map_or(-1, i64::from)
}

/// The parameters of `conditions!`.
fn condition_args<'a>(
    record: RecordKey,
    filter: &RecordFilter,
    patterns: &'a [String; 3],
    lists: &'a [i64],
    folders: &'a [i64],
) -> Vec<Arg<'a>> {
    let [lower, plain, capital] = patterns;
    let from = filter.from.map_or(i64::MIN, |at| at.0);
    let until = filter.until.map_or(i64::MAX, |at| at.0);
    let kind = filter.kind.map_or(-1, kind_code);
    let mut args =
        args![record.0, from, until, flag(filter.has_attachment), kind, lower, plain, capital].to_vec();
    args.push(Arg::Ints(lists));
    args.push(i64::from(filter.folder.is_some()).into());
    args.push(Arg::Ints(folders));
    args
}

fn attachment(row: &Row<'_>) -> Result<RecordAttachment> {
    Ok(RecordAttachment {
        cursor: AttachmentCursor { date: row.time(0)?, seq: row.int(1)?, n: row.int(2)? },
        mail_id: MailId::from_octets(row.octets(3)?),
        subject: row.text(4)?,
        part: row.text(5)?,
        name: row.opt_text(6)?,
        content_type: row.text(7)?,
        octets: row.uint(8)?,
    })
}

/// The folder asked for, with all below it.
fn folders(tx: &Tx<'_>, filter: &RecordFilter) -> Result<Vec<i64>> {
    filter.folder.map_or_else(|| Ok(Vec::new()), |folder| documents::below(tx, folder))
}

fn key(tx: &Tx<'_>, kind: RecordKind, number: &str) -> Result<Option<RecordKey>> {
    tx.first(&KEY, &args![kind as i64, number], |row| row.int(0).map(RecordKey))
}

impl Store {
    /// Mails of a record that the scope allows, behind `after`, at most `limit`; `None` if there is no such record.
    ///
    /// # Errors
    /// Those of the database.
    pub fn record_mails(
        &self,
        scope: &Scope,
        (kind, number): (RecordKind, &str),
        filter: &RecordFilter,
        after: Option<MessageCursor>,
        limit: usize,
    ) -> Result<Option<RecordMails>> {
        self.read(|tx| {
            let Some(record) = key(tx, kind, number)? else { return Ok(None) };
            let keys = self.keys().scope(tx, scope)?;
            let (patterns, lists) = (patterns(filter.text.as_deref()), lists(&keys));
            let folders = folders(tx, filter)?;
            let conditions = condition_args(record, filter, &patterns, &lists, &folders);
            let total = tx.int(&COUNT, &conditions)?;
            let after = after.map_or((i64::MAX, i64::MAX), |cursor| (cursor.date.0, cursor.seq));
            let mut args = conditions;
            args.extend(args![after.0, after.1, limit as i64 + 1]);
            let mut found =
                tx.query(&PAGE, &args, |row| Ok(MessageCursor { date: row.time(0)?, seq: row.int(1)? }))?;
            let more = found.len() > limit;
            found.truncate(limit);
            let messages: Vec<i64> = found.iter().map(|cursor| cursor.seq).collect();
            Ok(Some(RecordMails {
                rows: self.rows(tx, &keys, &messages)?,
                next: found.last().filter(|_| more).copied(),
                total: total.unsigned_abs(),
            }))
        })
    }

    /// Attachments of the mails of a record that the scope allows, behind `after`, at most `limit`, and how many there are in
    /// all; `None` if there is no such record.
    ///
    /// # Errors
    /// Those of the database.
    pub fn record_attachments(
        &self,
        scope: &Scope,
        (kind, number): (RecordKind, &str),
        filter: &RecordFilter,
        after: Option<AttachmentCursor>,
        limit: usize,
    ) -> Result<Option<(Vec<RecordAttachment>, u64)>> {
        self.read(|tx| {
            let Some(record) = key(tx, kind, number)? else { return Ok(None) };
            let keys = self.keys().scope(tx, scope)?;
            let (patterns, lists) = (patterns(filter.text.as_deref()), lists(&keys));
            let folders = folders(tx, filter)?;
            let mut args = condition_args(record, filter, &patterns, &lists, &folders);
            args.push(role_code(model::PartRole::Attachment).into());
            let total = tx.int(&ATTACHMENT_COUNT, &args)?;
            let (date, seq, n) =
                after.map_or((i64::MAX, i64::MAX, 0), |after| (after.date.0, after.seq, after.n));
            args.extend(args![date, seq, n, limit as i64]);
            Ok(Some((tx.query(&ATTACHMENTS, &args, attachment)?, total.unsigned_abs())))
        })
    }
}
