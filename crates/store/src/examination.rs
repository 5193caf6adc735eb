//! Attachments: what was found in them, whether they are held, and which are still to be looked at. Follows the mails by change
//! number, like the search index.

use std::collections::HashMap;
use std::sync::Arc;

use model::{AccountId, MailId, PartRole, Scope, UnixMillis};

use crate::db::Tx;
use crate::detail::{MailOctets, OCTETS, StoredPart, mail_octets};
use crate::error::{Result, StoreError};
use crate::filing::{part_role, role_code};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};
use crate::{attachment_files, work};

/// Counts of what waits end here: more is as good as many.
const COUNT_MAX: i64 = 10_000;

/// What is to be done with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExaminationTask {
    /// Look at its attachments.
    Look,
    /// Have them scanned.
    Scan,
    /// Check who it is from.
    Authenticate,
}

impl ExaminationTask {
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Look => 0,
            Self::Scan => 1,
            Self::Authenticate => 2,
        }
    }
}

/// What a scanner said of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScanState {
    /// None was asked.
    #[default]
    NotAsked,
    /// It is to be asked.
    Waits,
    /// Nothing found.
    Clean,
    /// Malware.
    Found,
    /// Larger than the scanner takes.
    TooLarge,
    /// It could not scan this.
    Failed,
}

const SCANS: [ScanState; 6] = [
    ScanState::NotAsked,
    ScanState::Waits,
    ScanState::Clean,
    ScanState::Found,
    ScanState::TooLarge,
    ScanState::Failed,
];

/// Why a part is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeldState {
    /// It is not.
    #[default]
    No,
    /// The policy holds its kind.
    Policy,
    /// Until it is scanned.
    Waits,
    /// Malware.
    Malware,
    /// It could not be scanned.
    Unscanned,
}

const HELDS: [HeldState; 5] =
    [HeldState::No, HeldState::Policy, HeldState::Waits, HeldState::Malware, HeldState::Unscanned];

fn code<T: PartialEq>(list: &[T], value: &T) -> i64 {
    list.iter().position(|one| one == value).unwrap_or_default() as i64
}

fn of_code<T: Copy>(list: &[T], code: i64, what: &'static str) -> Result<T> {
    let found = usize::try_from(code).ok().and_then(|at| list.get(at).copied());
    found.ok_or(StoreError::Unreadable { what })
}

/// Who let a held part through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// When.
    pub at: UnixMillis,
    /// A user's id.
    pub by: String,
    /// Why, in that person's words.
    pub reason: String,
}

/// A part that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExaminedPart {
    /// Its number.
    pub number: String,
    /// Digest of what was looked at; empty if it has none.
    pub sha256: Vec<u8>,
    /// What was found, as `inspect` writes it.
    pub findings: String,
    /// What the scanner said.
    pub scan: ScanState,
    /// What it found, or why it could not scan; empty otherwise.
    pub signature: String,
    /// Its version and that of its signatures; empty if none was asked.
    pub scanner: String,
    /// When.
    pub scanned: Option<UnixMillis>,
    /// Whether it is held.
    pub held: HeldState,
    /// Version of the policy that decided.
    pub policy: i64,
    /// A person let it through.
    pub released: Option<Release>,
}

impl ExaminedPart {
    /// Whether ordinary users get it.
    pub const fn is_held(&self) -> bool {
        !matches!(self.held, HeldState::No) && self.released.is_none()
    }

    /// Whether this is about that part as it is now.
    pub fn is_of(&self, part: &StoredPart) -> bool {
        self.number == part.number && part.sha256.is_none_or(|sha256| self.sha256 == sha256.0)
    }
}

/// A mail with work to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMail {
    /// Its octets.
    pub octets: MailOctets,
    /// Times this task has failed for it.
    pub attempts: u32,
    /// Its attachments, those of attached mails too.
    pub parts: Vec<StoredPart>,
    /// What is known of them.
    pub examined: Vec<ExaminedPart>,
}

/// What becomes of a mail with work to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExaminedMail {
    /// Its number.
    pub seq: i64,
    /// What was found. A release by a person stays, unless this says malware and what was released was none.
    pub parts: Vec<ExaminedPart>,
    /// The task is to be done again: when, and how often it has failed; done otherwise.
    pub again: Option<(UnixMillis, u32)>,
    /// Scanning waits for a scanner.
    pub scan: bool,
}

/// A held part in the list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPart {
    /// Number of the mail.
    pub seq: i64,
    /// The mail.
    pub mail_id: MailId,
    /// Its subject.
    pub subject: String,
    /// Accounts it lies in.
    pub accounts: Vec<AccountId>,
    /// File name.
    pub name: Option<String>,
    /// Octets after transfer decoding.
    pub octets: u64,
    /// What was found.
    pub part: ExaminedPart,
}

/// How much waits; each number ends at 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExaminationCounts {
    /// Mails whose attachments nobody has looked at yet.
    pub unseen: u64,
    /// Mails that wait for the scanner.
    pub waiting: u64,
    /// Held parts, released ones too.
    pub held: u64,
}

/// Judges a part anew under another policy: gives `held` and, where the policy changes what is asked of a scanner, `scan`.
pub type Judge = Arc<dyn Fn(&ExaminedPart) -> (HeldState, ScanState) + Send + Sync>;

statements! {
    CURSOR = "SELECT change_seq FROM index_states WHERE name = $1";
    SET_CURSOR = "INSERT INTO index_states (name, version, change_seq) VALUES ($1, 1, $2) \
        ON CONFLICT (name) DO UPDATE SET change_seq = excluded.change_seq";
    CHANGED = "SELECT change_seq, seq, stage FROM mails WHERE change_seq > $1 ORDER BY change_seq LIMIT $2";
    UNSEEN = "SELECT DISTINCT p.seq FROM parts p LEFT JOIN examined_parts e ON e.seq = p.seq AND e.number = p.number \
        AND e.sha256 = COALESCE(p.sha256, e.sha256) WHERE p.seq = ANY($1) AND p.role = $2 AND e.seq IS NULL";
    UNCHECKED = "SELECT DISTINCT p.seq FROM placements p JOIN mailboxes b ON b.key = p.mailbox \
        LEFT JOIN authentications a ON a.seq = p.seq WHERE p.seq = ANY($1) AND p.position <> 2 \
        AND COALESCE(p.received, p.fetched) > $2 AND a.seq IS NULL \
        AND (b.special_use IS NULL OR b.special_use NOT IN ('sent', 'drafts'))";
    ENQUEUE [Int, Int, Int, Int] = "WITH v(task, seq, due, attempts) AS ({rows}) INSERT INTO examination_work \
        (task, seq, due, attempts) SELECT task, seq, due, attempts FROM v WHERE TRUE \
        ON CONFLICT (task, seq) DO UPDATE SET due = excluded.due, attempts = excluded.attempts";
    DUE = "SELECT seq, attempts FROM examination_work WHERE task = $1 AND due <= $2 ORDER BY due, seq DESC LIMIT $3";
    NEXT_DUE = "SELECT MIN(due) FROM examination_work WHERE task = $1";
    DONE = "DELETE FROM examination_work WHERE task = $1 AND seq = ANY($2)";
    PARTS = "SELECT seq, number, name, content_type, octets, sha256, role FROM parts WHERE seq = ANY($1) AND role = $2 \
        ORDER BY seq, n";
    EXAMINED = "SELECT seq, number, sha256, findings, scan, signature, scanner, scanned, held, policy, released, \
        released_by, release_reason FROM examined_parts WHERE seq = ANY($1) ORDER BY seq, number";
    PUT [Int, Text, Blob, Text, Int, Text, Text, Int, Int, Int] = "WITH v(seq, number, sha256, findings, scan, \
        signature, scanner, scanned, held, policy) AS ({rows}) INSERT INTO examined_parts (seq, number, sha256, \
        findings, scan, signature, scanner, scanned, held, policy, released_by, release_reason) SELECT seq, number, \
        sha256, findings, scan, signature, scanner, scanned, held, policy, '', '' FROM v WHERE TRUE \
        ON CONFLICT (seq, number) DO UPDATE SET sha256 = excluded.sha256, findings = excluded.findings, \
        scan = excluded.scan, signature = excluded.signature, scanner = excluded.scanner, scanned = excluded.scanned, \
        policy = excluded.policy, held = excluded.held, released = CASE WHEN excluded.sha256 <> examined_parts.sha256 \
        OR (excluded.held = 3 AND examined_parts.held <> 3) THEN NULL ELSE examined_parts.released END";
    OUTDATED = "SELECT seq, number, sha256, findings, scan, signature, scanner, scanned, held, policy, released, \
        released_by, release_reason FROM examined_parts WHERE policy < $1 ORDER BY policy, seq, number LIMIT $2";
    JUDGE [Int, Text, Int, Int, Int] = "WITH v(seq, number, held, scan, policy) AS ({rows}) UPDATE examined_parts \
        SET held = v.held, scan = v.scan, policy = v.policy FROM v WHERE examined_parts.seq = v.seq \
        AND examined_parts.number = v.number";
    SET_RELEASE = "UPDATE examined_parts SET released = $3, released_by = $4, release_reason = $5 \
        WHERE seq = $1 AND number = $2 AND held > 0";
    HELD = "SELECT seq, number, sha256, findings, scan, signature, scanner, scanned, held, policy, released, \
        released_by, release_reason FROM examined_parts WHERE held > 0 AND seq <= $1 AND (seq < $1 OR number < $2) \
        ORDER BY seq DESC, number DESC LIMIT $3";
    MAILS = "SELECT m.seq, m.mail_id, h.subject FROM mails m LEFT JOIN heads h ON h.seq = m.seq WHERE m.seq = ANY($1)";
    SEQ_OF = "SELECT seq FROM mails WHERE mail_id = $1";
    COUNT_HELD = "SELECT COUNT(*) FROM (SELECT seq FROM examined_parts WHERE held > 0 LIMIT $1) c";
    COUNT_WORK = "SELECT COUNT(*) FROM (SELECT seq FROM examination_work WHERE task = $1 LIMIT $2) c";
    LAST_SEQ = "SELECT COALESCE(MAX(seq), 0) FROM mails";
    BEFORE = "SELECT seq FROM mails WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
    WITH_PARTS = "SELECT DISTINCT seq FROM examined_parts WHERE seq = ANY($1)";
}

fn examined(row: &Row<'_>) -> Result<(i64, ExaminedPart)> {
    let released = row.opt_time(10)?;
    let (by, reason) = (row.text(11)?, row.text(12)?);
    Ok((
        row.int(0)?,
        ExaminedPart {
            number: row.text(1)?,
            sha256: row.blob(2)?,
            findings: row.text(3)?,
            scan: of_code(&SCANS, row.int(4)?, "state of a scan")?,
            signature: row.text(5)?,
            scanner: row.text(6)?,
            scanned: row.opt_time(7)?,
            held: of_code(&HELDS, row.int(8)?, "state of an attachment")?,
            policy: row.int(9)?,
            released: released.map(|at| Release { at, by, reason }),
        },
    ))
}

fn by_mail<T>(rows: Vec<(i64, T)>) -> HashMap<i64, Vec<T>> {
    let mut map: HashMap<i64, Vec<T>> = HashMap::new();
    for (seq, value) in rows {
        map.entry(seq).or_default().push(value);
    }
    map
}

/// What is known of the parts of mails.
pub(crate) fn of_mails(tx: &Tx<'_>, seqs: &[i64]) -> Result<HashMap<i64, Vec<ExaminedPart>>> {
    Ok(by_mail(tx.query(&EXAMINED, &[Arg::Ints(seqs)], examined)?))
}

/// Attachments of mails, those of attached mails too.
pub(crate) fn attachments(tx: &Tx<'_>, seqs: &[i64]) -> Result<HashMap<i64, Vec<StoredPart>>> {
    let rows = tx.query(&PARTS, &[Arg::Ints(seqs), role_code(PartRole::Attachment).into()], |row| {
        let part = StoredPart {
            number: row.text(1)?,
            name: row.opt_text(2)?,
            content_type: row.text(3)?,
            octets: row.uint(4)?,
            sha256: row.opt_octets(5)?.map(model::Sha256),
            role: part_role(row.int(6)?)?,
        };
        Ok((row.int(0)?, part))
    })?;
    Ok(by_mail(rows))
}

pub(crate) fn enqueue(
    tx: &Tx<'_>,
    task: ExaminationTask,
    seqs: &[i64],
    due: UnixMillis,
    attempts: u32,
) -> Result<()> {
    let mut rows = Rows::new(4, seqs.len());
    for seq in seqs {
        rows.push(args![task.code(), *seq, due, attempts]);
    }
    tx.bulk(&ENQUEUE, &rows).map(drop)
}

pub(crate) fn done(tx: &Tx<'_>, task: ExaminationTask, seqs: &[i64]) -> Result<()> {
    tx.exec(&DONE, &[task.code().into(), Arg::Ints(seqs)]).map(drop)
}

/// Due mails with their octets, and how often the task has failed for each.
pub(crate) fn due(
    tx: &Tx<'_>,
    task: ExaminationTask,
    now: UnixMillis,
    limit: usize,
) -> Result<Vec<(MailOctets, u32)>> {
    let found: Vec<(i64, u32)> =
        tx.query(&DUE, &args![task.code(), now, limit as i64], |row| Ok((row.int(0)?, row.small(1)?)))?;
    let seqs: Vec<i64> = found.iter().map(|(seq, _)| *seq).collect();
    let octets = tx.query(&OCTETS, &[Arg::Ints(&seqs)], mail_octets)?;
    let mut octets: HashMap<i64, MailOctets> = octets.into_iter().map(|mail| (mail.seq, mail)).collect();
    Ok(found.into_iter().filter_map(|(seq, attempts)| Some((octets.remove(&seq)?, attempts))).collect())
}

const FOLLOWER: &str = "examination";
const RESCAN: &str = "rescan";

impl Store {
    /// Takes note of the next changed mails: of those whose attachments nobody has looked at, and, with `since`, of those that came
    /// after it and whose origin nobody has checked. True if there may be more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn enqueue_examinations(&self, limit: usize, since: Option<UnixMillis>) -> Result<bool> {
        let look = move |tx: &Tx<'_>| -> Result<(Vec<i64>, Option<i64>, bool)> {
            let cursor = tx.int(&CURSOR, &[FOLLOWER.into()])?;
            let rows = tx.query(&CHANGED, &args![cursor, limit as i64], |row| {
                Ok((row.int(0)?, row.int(1)?, row.int(2)?))
            })?;
            let last = rows.last().map(|(change, ..)| *change);
            let more = rows.len() == limit;
            Ok((
                rows.into_iter().filter(|(.., stage)| *stage == 1).map(|(_, seq, _)| seq).collect(),
                last,
                more,
            ))
        };
        if self.read(look)?.1.is_none() {
            return Ok(false);
        }
        self.write_batch(move |tx| {
            let (seqs, last, more) = look(tx)?;
            let Some(last) = last else { return Ok(false) };
            let role: Arg<'_> = role_code(PartRole::Attachment).into();
            let unseen = tx.query(&UNSEEN, &[Arg::Ints(&seqs), role], |row| row.int(0))?;
            enqueue(tx, ExaminationTask::Look, &unseen, UnixMillis(0), 0)?;
            if let Some(since) = since {
                let unchecked = tx.query(&UNCHECKED, &[Arg::Ints(&seqs), since.into()], |row| row.int(0))?;
                enqueue(tx, ExaminationTask::Authenticate, &unchecked, UnixMillis(0), 0)?;
            }
            tx.exec(&SET_CURSOR, &args![FOLLOWER, last])?;
            Ok(more)
        })
    }

    /// Mails whose attachments are to be looked at or scanned, those that were never tried first, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn due_examinations(
        &self,
        task: ExaminationTask,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Vec<DueMail>> {
        self.read(|tx| due_mails(tx, due(tx, task, now, limit)?))
    }

    /// When the next mail is due for this task; `None` if none is.
    ///
    /// # Errors
    /// Those of the database.
    pub fn next_examination(&self, task: ExaminationTask) -> Result<Option<UnixMillis>> {
        self.read(|tx| Ok(tx.first(&NEXT_DUE, &[task.code().into()], |row| row.opt_time(0))?.flatten()))
    }

    /// One mail with its attachments, whether it is due or not. Its number is as [`MailOctets`] says.
    ///
    /// # Errors
    /// Those of the database.
    pub fn examination_of(&self, seq: i64) -> Result<Option<DueMail>> {
        self.read(|tx| {
            let octets = tx.query(&OCTETS, &[Arg::Ints(&[seq])], mail_octets)?;
            Ok(due_mails(tx, octets.into_iter().map(|octets| (octets, 0)).collect())?.pop())
        })
    }

    /// Keeps what was found, and notes what is still to be done.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_examined(&self, task: ExaminationTask, mails: Vec<ExaminedMail>) -> Result<()> {
        if mails.is_empty() {
            return Ok(());
        }
        self.write_batch(move |tx| {
            let mut rows = Rows::new(10, mails.len());
            for (seq, part) in
                mails.iter().flat_map(|mail| mail.parts.iter().map(move |part| (mail.seq, part)))
            {
                rows.push(args![
                    seq,
                    &part.number,
                    &part.sha256,
                    &part.findings,
                    code(&SCANS, &part.scan),
                    &part.signature,
                    &part.scanner,
                    part.scanned,
                    code(&HELDS, &part.held),
                    part.policy,
                ]);
            }
            tx.bulk(&PUT, &rows)?;
            let finished: Vec<i64> =
                mails.iter().filter(|mail| mail.again.is_none()).map(|mail| mail.seq).collect();
            done(tx, task, &finished)?;
            for mail in &mails {
                if let Some((due, attempts)) = mail.again {
                    enqueue(tx, task, &[mail.seq], due, attempts)?;
                }
            }
            attachment_files::enqueue(tx, mails.iter().map(|mail| mail.seq))?;
            let scans: Vec<i64> = mails.iter().filter(|mail| mail.scan).map(|mail| mail.seq).collect();
            enqueue(tx, ExaminationTask::Scan, &scans, UnixMillis(0), 0)
        })
    }

    /// Judges parts anew that another policy decided on, at most `limit`; true if there may be more. What waits for a scanner now is
    /// taken up, what waited for one in vain is not any more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn judge_examined(&self, version: i64, limit: usize, judge: Judge) -> Result<bool> {
        if self.read(|tx| tx.first(&OUTDATED, &args![version, 1_i64], |row| row.int(0)))?.is_none() {
            return Ok(false);
        }
        self.write_batch(move |tx| {
            let parts = tx.query(&OUTDATED, &args![version, limit as i64], examined)?;
            let mut rows = Rows::new(5, parts.len());
            let mut otherwise = Vec::new();
            for (seq, part) in &parts {
                let (held, scan) = judge(part);
                if (held == HeldState::No) != (part.held == HeldState::No) {
                    otherwise.push(*seq);
                }
                rows.push(args![*seq, &part.number, code(&HELDS, &held), code(&SCANS, &scan), version]);
            }
            tx.bulk(&JUDGE, &rows)?;
            attachment_files::enqueue(tx, otherwise.into_iter())?;
            Ok(parts.len() == limit)
        })
    }

    /// Lets a held part through, or with `None` holds it again; `false` if it is not held.
    ///
    /// # Errors
    /// Those of the database.
    pub fn release_part(&self, mail: MailId, number: String, release: Option<Release>) -> Result<bool> {
        self.write(move |tx| {
            let Some(seq) = tx.first(&SEQ_OF, &[mail.octets().into()], |row| row.int(0))? else {
                return Ok(false);
            };
            let (at, by, reason) = match &release {
                Some(release) => (Some(release.at), release.by.as_str(), release.reason.as_str()),
                None => (None, "", ""),
            };
            attachment_files::enqueue(tx, std::iter::once(seq))?;
            Ok(tx.exec(&SET_RELEASE, &args![seq, &number, at, by, reason])? > 0)
        })
    }

    /// Held parts in the scope, newest mail first, behind `before` (number of the mail and of the part), at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn held_parts(
        &self,
        scope: &Scope,
        before: Option<(i64, &str)>,
        limit: usize,
    ) -> Result<Vec<HeldPart>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let mut from = before.map_or((i64::MAX, String::new()), |(seq, number)| (seq, number.to_owned()));
            let mut out = Vec::new();
            loop {
                let rows = tx.query(&HELD, &args![from.0, &from.1, limit as i64], examined)?;
                let full = rows.len() == limit;
                if let Some((seq, part)) = rows.last() {
                    from = (*seq, part.number.clone());
                }
                let seqs: Vec<i64> = rows.iter().map(|(seq, _)| *seq).collect();
                let accounts = work::accounts_of(tx, &seqs)?;
                let mails = tx.query(&MAILS, &[Arg::Ints(&seqs)], |row| {
                    Ok((
                        row.int(0)?,
                        (MailId::from_octets(row.octets(1)?), row.opt_text(2)?.unwrap_or_default()),
                    ))
                })?;
                let mails: HashMap<i64, _> = mails.into_iter().collect();
                let parts = attachments(tx, &seqs)?;
                for (seq, part) in rows {
                    let lies_in = accounts.get(&seq).map(Vec::as_slice).unwrap_or_default();
                    let Some((mail_id, subject)) = mails.get(&seq).cloned() else { continue };
                    if !lies_in.iter().any(|key| keys.allows(*key)) {
                        continue;
                    }
                    let ids: Result<Vec<AccountId>> = lies_in
                        .iter()
                        .filter(|key| keys.allows(**key))
                        .map(|key| self.keys().account_id(tx, *key))
                        .collect();
                    let of = parts.get(&seq).and_then(|parts| parts.iter().find(|of| part.is_of(of)));
                    let (name, octets) = of.map_or((None, 0), |of| (of.name.clone(), of.octets));
                    out.push(HeldPart { seq, mail_id, subject, accounts: ids?, name, octets, part });
                }
                if !full || out.len() >= limit {
                    out.truncate(limit);
                    return Ok(out);
                }
            }
        })
    }

    /// How much waits.
    ///
    /// # Errors
    /// Those of the database.
    pub fn examination_counts(&self) -> Result<ExaminationCounts> {
        self.read(|tx| {
            let work = |task: ExaminationTask| tx.int(&COUNT_WORK, &args![task.code(), COUNT_MAX]);
            Ok(ExaminationCounts {
                unseen: work(ExaminationTask::Look)?.unsigned_abs(),
                waiting: work(ExaminationTask::Scan)?.unsigned_abs(),
                held: tx.int(&COUNT_HELD, &[COUNT_MAX.into()])?.unsigned_abs(),
            })
        })
    }

    /// Asks for every attachment to be scanned again, newest mail first; [`Self::go_on_rescanning`] does it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn rescan_all(&self) -> Result<()> {
        self.write(|tx| {
            let last = tx.int(&LAST_SEQ, &[])?;
            tx.exec(&SET_CURSOR, &args![RESCAN, last + 1]).map(drop)
        })
    }

    /// Asks for one mail's attachments to be scanned again.
    ///
    /// # Errors
    /// `Missing` mail.
    pub fn rescan(&self, mail: MailId) -> Result<()> {
        self.write(move |tx| {
            let seq = tx.first(&SEQ_OF, &[mail.octets().into()], |row| row.int(0))?;
            let seq = seq.ok_or_else(|| StoreError::Missing { what: "mail", key: mail.to_string() })?;
            enqueue(tx, ExaminationTask::Scan, &[seq], UnixMillis(0), 0)
        })
    }

    /// Takes note of the next mails to be scanned again; true if there may be more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn go_on_rescanning(&self, limit: usize) -> Result<bool> {
        if self.read(|tx| tx.int(&CURSOR, &[RESCAN.into()]))? == 0 {
            return Ok(false);
        }
        self.write_batch(move |tx| {
            let from = tx.int(&CURSOR, &[RESCAN.into()])?;
            let seqs = tx.query(&BEFORE, &args![from, limit as i64], |row| row.int(0))?;
            let with = tx.query(&WITH_PARTS, &[Arg::Ints(&seqs)], |row| row.int(0))?;
            enqueue(tx, ExaminationTask::Scan, &with, UnixMillis(0), 0)?;
            let next = if seqs.len() == limit { seqs.last().copied().unwrap_or_default() } else { 0 };
            tx.exec(&SET_CURSOR, &args![RESCAN, next])?;
            Ok(next > 0)
        })
    }
}

fn due_mails(tx: &Tx<'_>, due: Vec<(MailOctets, u32)>) -> Result<Vec<DueMail>> {
    let seqs: Vec<i64> = due.iter().map(|(octets, _)| octets.seq).collect();
    let mut parts = attachments(tx, &seqs)?;
    let mut known = of_mails(tx, &seqs)?;
    let mail = |(octets, attempts): (MailOctets, u32)| DueMail {
        octets,
        attempts,
        parts: parts.remove(&octets.seq).unwrap_or_default(),
        examined: known.remove(&octets.seq).unwrap_or_default(),
    };
    Ok(due.into_iter().map(mail).collect())
}
