//! Legal holds: cases with a query. What it finds is held, what comes later too, until a person lifts the case.

use ledger::Kind as LeafKind;
use model::UnixMillis;
use serde::Deserialize;
use serde_json::json;

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::kept;
use crate::log_leaves::{self, NewLeaf};
use crate::rows;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

/// A case mails are held for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub key: i64,
    /// Name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Which mails, as typed into the search box.
    pub query: String,
    /// Who: a user's id.
    pub actor: String,
    /// Since when.
    pub since: UnixMillis,
    /// The change up to which mails were compared with the query.
    pub seen: i64,
    /// When it was lifted, by whom (a user's id) and why.
    pub lifted: Option<(UnixMillis, String, String)>,
}

/// A new case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHold {
    /// Name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Which mails; it was understood.
    pub query: String,
    /// Who: a user's id.
    pub actor: String,
}

macro_rules! holds {
    ($rest:literal) => {
        concat!(
            "SELECT h.key, h.name, h.reason, h.query, h.actor, h.since, h.seen, h.lifted, h.lifter, h.lift_reason FROM holds h ",
            $rest
        )
    };
}

statements! {
    LIST = holds!("ORDER BY CASE WHEN h.lifted IS NULL THEN 0 ELSE 1 END, h.key DESC");
    OPEN = holds!("WHERE h.lifted IS NULL ORDER BY h.key");
    ONE = holds!("WHERE h.key = $1");
    OF_MAILS = holds!("WHERE h.lifted IS NULL AND EXISTS (SELECT 1 FROM held_mails m WHERE m.hold = h.key \
        AND m.seq = ANY($1)) ORDER BY h.key");
    COUNTS = "SELECT hold, COUNT(*) FROM held_mails GROUP BY hold";
    ADD = "INSERT INTO holds (key, name, reason, query, actor, since, seen) VALUES ($1, $2, $3, $4, $5, $6, 0)";
    LIFT = "UPDATE holds SET lifted = $2, lifter = $3, lift_reason = $4 WHERE key = $1 AND lifted IS NULL";
    LEAST_SEEN = "SELECT MIN(seen) FROM holds WHERE lifted IS NULL";
    SEEN = "UPDATE holds SET seen = $2 WHERE key = $1 AND seen < $2";
    CHANGED = "SELECT change_seq, COALESCE(message_seq, seq) FROM mails WHERE change_seq > $1 AND change_seq <= $2 \
        ORDER BY change_seq LIMIT $3";
    KNOWN = "SELECT seq FROM held_mails WHERE hold = $1 AND seq = ANY($2)";
    PUT [Int, Int, Int] = "WITH v(hold, seq, at) AS ({rows}) INSERT INTO held_mails (hold, seq, at) \
        SELECT hold, seq, at FROM v WHERE TRUE ON CONFLICT (hold, seq) DO NOTHING";
}

fn hold(row: &Row<'_>) -> Result<Hold> {
    let lifted = row.opt_time(7)?;
    Ok(Hold {
        key: row.int(0)?,
        name: row.text(1)?,
        reason: row.text(2)?,
        query: row.text(3)?,
        actor: row.text(4)?,
        since: row.time(5)?,
        seen: row.int(6)?,
        lifted: match lifted {
            Some(at) => {
                Some((at, row.opt_text(8)?.unwrap_or_default(), row.opt_text(9)?.unwrap_or_default()))
            }
            None => None,
        },
    })
}

/// The change up to which every open case has looked; `None` without one.
pub(crate) fn least_seen(tx: &Tx<'_>) -> Result<Option<i64>> {
    Ok(tx.first(&LEAST_SEEN, &[], |row| row.opt_int(0))?.flatten())
}

/// Open cases any of these mails is held for.
pub(crate) fn of_mails(tx: &Tx<'_>, mails: &[i64]) -> Result<Vec<Hold>> {
    tx.query(&OF_MAILS, &[Arg::Ints(mails)], hold)
}

/// Payload of a leaf about a case, or about a mail held for one.
#[derive(Deserialize)]
struct Told {
    name: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    by: String,
    mail: Option<String>,
    set: bool,
}

/// Does again what a leaf tells of a case, or of a mail held for one; `false` if the mail is not here. Numbers of cases are new:
/// open cases are known by their names, which differ.
pub(crate) fn replay(tx: &Tx<'_>, payload: &[u8], at: UnixMillis) -> Result<Option<bool>> {
    let Ok(told) = serde_json::from_slice::<Told>(payload) else { return Ok(None) };
    let name = told.name.to_lowercase();
    let case = tx.query(&OPEN, &[], hold)?.into_iter().find(|open| open.name.to_lowercase() == name);
    match (told.mail, told.set, case) {
        (Some(mail), true, Some(case)) => {
            let Ok(mail) = mail.parse() else { return Ok(None) };
            let Some(seq) = rows::mail_numbers(tx, &[mail])?.remove(&mail) else { return Ok(Some(false)) };
            let mut rows = Rows::new(3, 1);
            rows.push(args![case.key, seq, at]);
            tx.bulk(&PUT, &rows)?;
        }
        (None, true, None) => {
            let key = take(tx, "row", 1)?;
            tx.exec(&ADD, &args![key, &told.name, &told.reason, &told.query, &told.by, at])?;
        }
        (None, false, Some(case)) => {
            tx.exec(&LIFT, &args![case.key, at, &told.by, &told.reason])?;
        }
        _ => return Ok(None),
    }
    Ok(Some(true))
}

impl Store {
    /// All cases with the number of mails of each, open ones first, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn holds(&self) -> Result<Vec<(Hold, u64)>> {
        self.read(|tx| {
            let counts = tx.query(&COUNTS, &[], |row| Ok((row.int(0)?, row.uint(1)?)))?;
            let of = |key| counts.iter().find(|(hold, _)| *hold == key).map_or(0, |(_, count)| *count);
            Ok(tx
                .query(&LIST, &[], hold)?
                .into_iter()
                .map(|hold| (of(hold.key), hold))
                .map(|(n, h)| (h, n))
                .collect())
        })
    }

    /// Cases that are not lifted.
    ///
    /// # Errors
    /// Those of the database.
    pub fn open_holds(&self) -> Result<Vec<Hold>> {
        self.read(|tx| tx.query(&OPEN, &[], hold))
    }

    /// Opens a case; gives its number. Mails are looked for behind it.
    ///
    /// # Errors
    /// `Exists` if an open one has the name.
    pub fn add_hold(&self, new: NewHold, event: Event, now: UnixMillis) -> Result<i64> {
        self.write(move |tx| {
            let name = new.name.to_lowercase();
            if tx.query(&OPEN, &[], hold)?.iter().any(|known| known.name.to_lowercase() == name) {
                return Err(StoreError::Exists { what: "hold" });
            }
            let key = take(tx, "row", 1)?;
            tx.exec(&ADD, &args![key, &new.name, &new.reason, &new.query, &new.actor, now])?;
            let payload = json!({
                "case": key, "name": new.name, "reason": new.reason, "query": new.query, "by": new.actor, "set": true,
            });
            events::append(tx, &event)?;
            let leaf = NewLeaf { kind: LeafKind::Hold, at: now, subject: None, payload: payload.to_string() };
            log_leaves::append(tx, &[leaf])?;
            Ok(key)
        })
    }

    /// Lifts a case: its mails are held by it no longer.
    ///
    /// # Errors
    /// `Missing` open case.
    pub fn lift_hold(
        &self,
        key: i64,
        reason: String,
        actor: String,
        event: Event,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| {
            if tx.exec(&LIFT, &args![key, now, &actor, &reason])? == 0 {
                return Err(StoreError::Missing { what: "hold", key: key.to_string() });
            }
            let name = tx.first(&ONE, &[key.into()], hold)?.map(|hold| hold.name);
            let payload = json!({ "case": key, "name": name, "reason": reason, "by": actor, "set": false });
            events::append(tx, &event)?;
            let leaf = NewLeaf { kind: LeafKind::Hold, at: now, subject: None, payload: payload.to_string() };
            log_leaves::append(tx, &[leaf])
        })
    }

    /// Messages that changed after `seen` and not after `up_to`, at most `limit` changes; and the change up to which these are
    /// all.
    ///
    /// # Errors
    /// Those of the database.
    pub fn messages_to_hold(&self, seen: i64, up_to: i64, limit: usize) -> Result<(Vec<i64>, i64)> {
        let changed = self.read(|tx| {
            tx.query(&CHANGED, &args![seen, up_to, limit as i64], |row| Ok((row.int(0)?, row.int(1)?)))
        })?;
        let end = changed.last().filter(|_| changed.len() == limit).map_or(up_to, |(change, _)| *change);
        let mut messages: Vec<i64> = changed.into_iter().map(|(_, message)| message).collect();
        messages.sort_unstable();
        messages.dedup();
        Ok((messages, end))
    }

    /// Holds the mails of these messages for a case, and notes that it has looked up to a change. Gives how many mails are new.
    ///
    /// # Errors
    /// Those of the database.
    pub fn hold_messages(&self, key: i64, messages: Vec<i64>, seen: i64, now: UnixMillis) -> Result<u64> {
        self.write_batch(move |tx| {
            let Some(case) = tx.first(&ONE, &[key.into()], hold)?.filter(|hold| hold.lifted.is_none()) else {
                return Ok(0);
            };
            let mut seqs = kept::with_twins(tx, &messages)?;
            let known = tx.query(&KNOWN, &[key.into(), Arg::Ints(&seqs)], |row| row.int(0))?;
            seqs.retain(|seq| !known.contains(seq));
            let mails = rows::mail_ids(tx, &seqs)?;
            let mut rows = Rows::new(3, seqs.len());
            let mut leaves = Vec::with_capacity(seqs.len());
            for seq in &seqs {
                rows.push(args![key, *seq, now]);
                let Some(mail) = mails.get(seq) else { continue };
                let payload =
                    json!({ "case": key, "name": case.name, "mail": mail.to_string(), "set": true });
                let (subject, payload) = (Some(*mail), payload.to_string());
                leaves.push(NewLeaf { kind: LeafKind::Hold, at: now, subject, payload });
            }
            tx.bulk(&PUT, &rows)?;
            tx.exec(&SEEN, &args![key, seen])?;
            log_leaves::append(tx, &leaves)?;
            Ok(seqs.len() as u64)
        })
    }
}
