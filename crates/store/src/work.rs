//! Mails waiting for the pipeline, steps that failed, quarantine, and making everything derived anew.

use std::collections::HashMap;

use model::{AccountId, Envelope, Flags, Location, MailId, ObjectId, Scope, SegmentId, Sha256, UnixMillis};

use crate::codec;
use crate::db::Tx;
use crate::entries::{self, Changes};
use crate::error::{Result, StoreError};
use crate::events;
use crate::feedback;
use crate::links;
use crate::placements::{envelope, flags};
use crate::settings;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::suspicions;
use crate::value::{Arg, args};

/// From this attempt on a mail is quarantined.
const ATTEMPTS_MAX: i64 = 3;

/// A mail to be filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its number.
    pub seq: i64,
    /// Its id.
    pub mail_id: MailId,
    /// Name of its record.
    pub object: ObjectId,
    /// Where its octets lie.
    pub location: Location,
    /// How many octets.
    pub octets: u64,
    /// Their digest.
    pub sha256: Sha256,
    /// Earliest time a source says it received it.
    pub received: Option<UnixMillis>,
    /// Earliest time it was fetched.
    pub fetched: UnixMillis,
    /// Only ever imported from files.
    pub from_files: bool,
    /// Flags of its first placement.
    pub flags: Flags,
    /// Envelope, if a source knew it.
    pub envelope: Option<Envelope>,
    /// Accounts it came to.
    pub accounts: Vec<AccountId>,
    /// Times a step has failed.
    pub attempts: u32,
}

/// What became of a mail whose step failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedStep {
    /// Times a step has failed for it.
    pub attempts: u32,
    /// Whether it is quarantined now.
    pub quarantined: bool,
}

/// A mail that could not be filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its number.
    pub seq: i64,
    /// Its id.
    pub mail_id: MailId,
    /// Accounts it lies in, as far as the scope allows.
    pub accounts: Vec<AccountId>,
    /// How many octets.
    pub octets: u64,
    /// Step that failed.
    pub step: String,
    /// How often.
    pub attempts: u32,
    /// Why, the last time.
    pub reason: String,
    /// First failure.
    pub since: UnixMillis,
}

/// How far [`Store::reset_derived`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetProgress {
    /// Mails put back in this call.
    pub reset: u64,
    /// Whether nothing is left to put back.
    pub done: bool,
}

statements! {
    RECEIVED = "SELECT m.seq, m.mail_id, o.object_id, s.segment_id, o.at, o.len, o.octets, o.sha256, \
        q.attempts FROM mails m JOIN objects o ON o.seq = m.seq JOIN segments s ON s.key = o.segment \
        LEFT JOIN quarantine q ON q.seq = m.seq WHERE m.stage = 0 AND m.seq > $1 ORDER BY m.seq LIMIT $2";
    FACTS_OF_PLACEMENTS = "SELECT p.seq, p.received, p.fetched, p.position, p.flags, p.envelope, a.account_id \
        FROM placements p JOIN mailboxes b ON b.key = p.mailbox JOIN accounts a ON a.key = b.account \
        WHERE p.seq = ANY($1) ORDER BY p.seq, p.fetched, p.mailbox, p.uid";
    FAIL = "INSERT INTO quarantine (seq, step, attempts, reason, since) VALUES ($1, $2, 1, $3, $4) \
        ON CONFLICT (seq) DO UPDATE SET step = excluded.step, attempts = quarantine.attempts + 1, \
        reason = excluded.reason RETURNING attempts";
    /// Listed all the same: by its octets alone if nothing else is known.
    QUARANTINE = "UPDATE mails SET stage = 2, change_seq = $2, message_seq = COALESCE(message_seq, seq), \
        thread = COALESCE(thread, seq), date = COALESCE(date, $3), kind = COALESCE(kind, $4), \
        defects = CASE WHEN defects = 0 THEN 1 ELSE defects END WHERE seq = $1 AND stage = 0";
    EMPTY_HEAD = "INSERT INTO heads (seq, subject, preview) VALUES ($1, '', '') ON CONFLICT (seq) DO NOTHING";
    ID_OF = "SELECT mail_id FROM mails WHERE seq = $1";
    SEQ_OF = "SELECT seq, stage FROM mails WHERE mail_id = $1";
    RELEASE = "UPDATE mails SET stage = 0 WHERE seq = $1 AND stage = 2";
    FORGET = "DELETE FROM quarantine WHERE seq = $1";
    QUARANTINED = "SELECT m.seq, m.mail_id, o.octets, q.step, q.attempts, q.reason, q.since FROM mails m \
        JOIN quarantine q ON q.seq = m.seq JOIN objects o ON o.seq = m.seq WHERE m.stage = 2 AND m.seq < $1 \
        ORDER BY m.seq DESC LIMIT $2";
    ACCOUNTS_OF = "SELECT DISTINCT p.seq, b.account FROM placements p JOIN mailboxes b ON b.key = p.mailbox \
        WHERE p.seq = ANY($1) ORDER BY p.seq, b.account";
    FORGET_NODES = "DELETE FROM nodes";
    FORGET_MERGES = "DELETE FROM merges";
    FORGET_MESSAGES = "DELETE FROM messages";
    LAST_OF_CHUNK = "SELECT MAX(seq), COUNT(*) FROM (SELECT seq FROM mails WHERE seq > $1 ORDER BY seq LIMIT $2) c";
    RESET = "UPDATE mails SET stage = 0 WHERE seq > $1 AND seq <= $2 AND stage = 1";
}

fn received(tx: &Tx<'_>, after: i64, limit: i64) -> Result<Vec<Received>> {
    let mut list = tx.query(&RECEIVED, &args![after, limit], |row| {
        Ok(Received {
            seq: row.int(0)?,
            mail_id: MailId::from_octets(row.octets(1)?),
            object: ObjectId::from_octets(row.octets(2)?),
            location: Location {
                segment: SegmentId::from_octets(row.octets(3)?),
                at: row.uint(4)?,
                len: row.uint(5)?,
            },
            octets: row.uint(6)?,
            sha256: Sha256(row.octets(7)?),
            received: None,
            fetched: UnixMillis(i64::MAX),
            from_files: true,
            flags: Flags::default(),
            envelope: None,
            accounts: Vec::new(),
            attempts: row.opt_int(8)?.unwrap_or_default() as u32,
        })
    })?;
    let seqs: Vec<i64> = list.iter().map(|mail| mail.seq).collect();
    let at: HashMap<i64, usize> = seqs.iter().copied().zip(0..).collect();
    let places = tx.query(&FACTS_OF_PLACEMENTS, &[Arg::Ints(&seqs)], |row| {
        let place = (row.opt_time(1)?, row.time(2)?, row.int(3)?, row.int(4)?, row.opt_text(5)?);
        Ok((row.int(0)?, place, AccountId::from_octets(row.octets(6)?)))
    })?;
    for (seq, (received, fetched, position, flag_code, text), account) in places {
        let Some(mail) = at.get(&seq).and_then(|at| list.get_mut(*at)) else { continue };
        if mail.fetched == UnixMillis(i64::MAX) {
            mail.flags = flags(flag_code);
        }
        mail.fetched = mail.fetched.min(fetched);
        if !mail.accounts.contains(&account) {
            mail.accounts.push(account);
        }
        mail.received = [mail.received, received].into_iter().flatten().min();
        mail.from_files &= position == 2;
        mail.envelope = mail.envelope.take().or_else(|| text.as_deref().map(envelope));
    }
    Ok(list)
}

fn fail(
    tx: &Tx<'_>,
    seq: i64,
    step: &str,
    reason: &str,
    date: UnixMillis,
    now: UnixMillis,
) -> Result<FailedStep> {
    let attempts = tx.first(&FAIL, &args![seq, step, reason, now], |row| row.int(0))?.unwrap_or(1);
    let quarantined = attempts >= ATTEMPTS_MAX;
    if quarantined {
        let change = take(tx, "change", 1)?;
        let mut changes = Changes::of_mails(tx, &[seq])?;
        let kind = codec::kind_code(model::Kind::Personal);
        if tx.exec(&QUARANTINE, &args![seq, change, date, kind])? == 0 {
            return Err(StoreError::Missing { what: "received mail", key: seq.to_string() });
        }
        tx.exec(&EMPTY_HEAD, &[seq.into()])?;
        suspicions::redate(tx, &[seq])?;
        changes.add(seq);
        changes.settle(tx)?;
        entries::touch(tx, &[seq])?;
        let id = tx.first(&ID_OF, &[seq.into()], |row| Ok(MailId::from_octets(row.octets(0)?)))?;
        let payload = format!("{{\"step\":\"{}\"}}", events::plain(step));
        let subject = id.map(|id| id.to_string()).unwrap_or_default();
        events::append(tx, &events::entry("pipeline", "mail.quarantined", subject, payload, now))?;
    }
    Ok(FailedStep { attempts: attempts as u32, quarantined })
}

/// Setting that tells how far a rebuild is.
const PROGRESS: &str = "rebuild";

fn reset(tx: &Tx<'_>, limit: i64) -> Result<ResetProgress> {
    let progress = settings::get(tx, PROGRESS)?;
    let after: i64 = if let Some(after) = progress {
        after.parse().map_err(|_| StoreError::Unreadable { what: "rebuild" })?
    } else {
        tx.exec(&FORGET_NODES, &[])?;
        tx.exec(&FORGET_MERGES, &[])?;
        tx.exec(&FORGET_MESSAGES, &[])?;
        feedback::reset(tx)?;
        0
    };
    let chunk = tx.first(&LAST_OF_CHUNK, &args![after, limit], |row| Ok((row.opt_int(0)?, row.int(1)?)))?;
    let Some((Some(last), count)) = chunk else {
        settings::unset(tx, PROGRESS)?;
        return Ok(ResetProgress { reset: 0, done: true });
    };
    let reset = tx.exec(&RESET, &args![after, last])?;
    links::forget(tx, after, last)?;
    let done = count < limit;
    if done {
        settings::unset(tx, PROGRESS)?;
    } else {
        settings::set(tx, PROGRESS, &last.to_string())?;
    }
    Ok(ResetProgress { reset, done })
}

/// Keys of the accounts of mails, ascending.
pub(crate) fn accounts_of(tx: &Tx<'_>, seqs: &[i64]) -> Result<HashMap<i64, Vec<i64>>> {
    let mut map: HashMap<i64, Vec<i64>> = HashMap::new();
    for (seq, account) in tx.query(&ACCOUNTS_OF, &[Arg::Ints(seqs)], |row| Ok((row.int(0)?, row.int(1)?)))? {
        map.entry(seq).or_default().push(account);
    }
    Ok(map)
}

impl Store {
    /// Mails waiting to be filed with a number above `after`, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub fn received(&self, limit: usize, after: i64) -> Result<Vec<Received>> {
        self.read(|tx| received(tx, after, limit as i64))
    }

    /// Notes that a step failed. The third time the mail is quarantined: listed with `date`, a defect and
    /// the reason, and no longer in the way.
    ///
    /// # Errors
    /// `Missing` if the mail is not waiting to be filed.
    pub fn fail_step(
        &self,
        seq: i64,
        step: String,
        reason: String,
        date: UnixMillis,
        now: UnixMillis,
    ) -> Result<FailedStep> {
        self.write(move |tx| fail(tx, seq, &step, &reason, date, now))
    }

    /// Puts a quarantined mail back to be filed, with all its attempts.
    ///
    /// # Errors
    /// `Missing` if there is no such mail in quarantine.
    pub fn retry(&self, mail: MailId) -> Result<()> {
        self.write(move |tx| {
            let found = tx.first(&SEQ_OF, &[mail.octets().into()], |row| Ok((row.int(0)?, row.int(1)?)))?;
            let Some((seq, 2)) = found else {
                return Err(StoreError::Missing { what: "quarantined mail", key: mail.to_string() });
            };
            tx.exec(&FORGET, &[seq.into()])?;
            tx.exec(&RELEASE, &[seq.into()]).map(drop)
        })
    }

    /// Quarantined mails with a number below `before` (`None`: from the newest) that the scope allows.
    ///
    /// # Errors
    /// Those of the database.
    pub fn quarantined(&self, scope: &Scope, before: Option<i64>, limit: usize) -> Result<Vec<Quarantined>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let mut out = Vec::new();
            let mut before = before.unwrap_or(i64::MAX);
            while out.len() < limit {
                let page = tx.query(&QUARANTINED, &args![before, limit as i64], |row| {
                    Ok(Quarantined {
                        seq: row.int(0)?,
                        mail_id: MailId::from_octets(row.octets(1)?),
                        accounts: Vec::new(),
                        octets: row.uint(2)?,
                        step: row.text(3)?,
                        attempts: row.small(4)?,
                        reason: row.text(5)?,
                        since: row.time(6)?,
                    })
                })?;
                let Some(last) = page.last() else { break };
                before = last.seq;
                let mut accounts = accounts_of(tx, &page.iter().map(|q| q.seq).collect::<Vec<_>>())?;
                for mut mail in page {
                    let of_mail = accounts.remove(&mail.seq).unwrap_or_default();
                    for key in of_mail.into_iter().filter(|key| keys.allows(*key)) {
                        mail.accounts.push(self.keys().account_id(tx, key)?);
                    }
                    if !mail.accounts.is_empty() || *scope == Scope::All {
                        out.push(mail);
                    }
                }
            }
            out.truncate(limit);
            Ok(out)
        })
    }

    /// Puts all filed mails back to be filed anew, `limit` of them a call, until `done`; threads and twins are
    /// forgotten with the first call. Lists keep showing what was. Goes on where it was when it is interrupted.
    ///
    /// # Errors
    /// Those of the database.
    pub fn reset_derived(&self, limit: usize) -> Result<ResetProgress> {
        self.write_batch(move |tx| reset(tx, limit as i64))
    }
}
