//! Rows of lists: a page at a time, never a query per row.

use std::collections::HashMap;

use model::{AccountId, Address, Kind, MailId, MessageId, Scope, ThreadId, UnixMillis};

use crate::addresses::{self, AddressRole};
use crate::codec;
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::keys::ScopeKeys;
use crate::sorting::{self, MessageGroup};
use crate::sql::statements;
use crate::store::Store;
use crate::suspicions::{self, Suspicion};
use crate::tags::{self, Tag};
use crate::value::{Arg, Row};
use crate::work;
use crate::{message_states, record_mails};

/// Recipients a row holds at most.
const TO_MAX: i64 = 4;

/// A message in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Number of the message, whichever twin is shown.
    pub seq: i64,
    /// The mail shown: the first of its twins the reader may read.
    pub mail_id: MailId,
    /// `Message-ID` of that mail.
    pub message_id: Option<MessageId>,
    /// Its thread.
    pub thread_id: ThreadId,
    /// Messages in it that the reader may read and nobody deleted.
    pub thread_count: u32,
    /// Decoded; empty if there is none.
    pub subject: String,
    /// Author.
    pub from: Option<Address>,
    /// The first recipients.
    pub to: Vec<Address>,
    /// Effective date.
    pub date: UnixMillis,
    /// Begin of the text.
    pub preview: String,
    /// What it is.
    pub kind: Kind,
    /// Not read yet.
    pub unread: bool,
    /// Attachments.
    pub attachments: u32,
    /// Accounts it lies in and the reader may read, by name of their keys' order.
    pub accounts: Vec<AccountId>,
    /// Something is wrong with the mail.
    pub defects: bool,
    /// It could not be filed.
    pub quarantined: bool,
    /// By name.
    pub tags: Vec<Tag>,
    /// When somebody deleted it.
    pub deleted: Option<UnixMillis>,
    /// Groups it is sorted to, by name.
    pub groups: Vec<MessageGroup>,
    /// Whether it is spam, if anybody said something.
    pub suspicion: Option<Suspicion>,
}

statements! {
    DATES = "SELECT seq, date FROM mails WHERE seq = ANY($1)";
    HEADS = "SELECT m.seq, m.mail_id, m.stage, m.thread, m.date, m.kind, m.unread, m.attachments, m.defects, \
        h.subject, h.preview, h.message_id FROM mails m JOIN heads h ON h.seq = m.seq WHERE m.seq = ANY($1)";
    TWINS = "SELECT message_seq, seq FROM mails WHERE message_seq = ANY($1) AND message_seq <> seq ORDER BY seq";
    MAIL_IDS = "SELECT seq, mail_id FROM mails WHERE seq = ANY($1)";
    MAIL_NUMBERS = "SELECT seq, mail_id FROM mails WHERE mail_id = ANY($1)";
    MESSAGES_OF = "SELECT DISTINCT message_seq FROM mails WHERE mail_id = ANY($1) AND message_seq IS NOT NULL";
    THREAD_COUNTS = "SELECT m.thread, COUNT(*) FROM mails m WHERE m.thread = ANY($1) \
        AND m.message_seq = m.seq AND EXISTS (SELECT 1 FROM entries e WHERE e.list = ANY($2) \
        AND e.date = m.date AND e.message_seq = m.seq) GROUP BY m.thread";
    MESSAGE_OF = "SELECT message_seq FROM mails WHERE mail_id = $1 AND message_seq IS NOT NULL";
    /// The thread the mail founded, while it holds mails; otherwise the one the mail belongs to.
    THREAD_OF = "SELECT COALESCE((SELECT t.thread FROM mails t WHERE t.thread = m.seq LIMIT 1), m.thread) \
        FROM mails m WHERE m.mail_id = $1 AND m.thread IS NOT NULL";
    OF_THREAD = "SELECT seq FROM mails WHERE thread = $1 AND message_seq = seq ORDER BY date, seq LIMIT $2";
}

pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) mail_id: MailId,
    pub(crate) stage: i64,
    pub(crate) thread: i64,
    pub(crate) date: UnixMillis,
    pub(crate) kind: Kind,
    pub(crate) unread: bool,
    pub(crate) attachments: u32,
    pub(crate) defects: bool,
    pub(crate) subject: String,
    pub(crate) preview: String,
    pub(crate) message_id: Option<MessageId>,
}

fn head(row: &Row<'_>) -> Result<Head> {
    let seq = row.int(0)?;
    Ok(Head {
        seq,
        mail_id: MailId::from_octets(row.octets(1)?),
        stage: row.int(2)?,
        thread: row.opt_int(3)?.unwrap_or(seq),
        date: row.opt_time(4)?.unwrap_or_default(),
        kind: row.opt_int(5)?.map_or(Ok(Kind::Personal), codec::kind)?,
        unread: row.bool(6)?,
        attachments: row.small(7)?,
        defects: row.int(8)? > 0,
        subject: row.text(9)?,
        preview: row.text(10)?,
        message_id: row.opt_text(11)?.map(MessageId),
    })
}

pub(crate) fn heads(tx: &Tx<'_>, seqs: &[i64]) -> Result<HashMap<i64, Head>> {
    Ok(tx.query(&HEADS, &[Arg::Ints(seqs)], head)?.into_iter().map(|head| (head.seq, head)).collect())
}

/// Outward ids of mails.
pub(crate) fn mail_ids(tx: &Tx<'_>, mails: &[i64]) -> Result<HashMap<i64, MailId>> {
    let rows = tx.query(&MAIL_IDS, &[Arg::Ints(mails)], |row| {
        Ok((row.int(0)?, MailId::from_octets(row.octets(1)?)))
    })?;
    Ok(rows.into_iter().collect())
}

fn octets_of(mails: &[MailId]) -> Vec<&[u8]> {
    mails.iter().map(|mail| mail.octets().as_slice()).collect()
}

/// Numbers of mails; those that are not here are missing.
pub(crate) fn mail_numbers(tx: &Tx<'_>, mails: &[MailId]) -> Result<HashMap<MailId, i64>> {
    let rows = tx.query(&MAIL_NUMBERS, &[Arg::Blobs(&octets_of(mails))], |row| {
        Ok((MailId::from_octets(row.octets(1)?), row.int(0)?))
    })?;
    Ok(rows.into_iter().collect())
}

/// Numbers of the messages of mails, each once; mails that are not filed have none.
pub(crate) fn messages_of(tx: &Tx<'_>, mails: &[MailId]) -> Result<Vec<i64>> {
    tx.query(&MESSAGES_OF, &[Arg::Blobs(&octets_of(mails))], |row| row.int(0))
}

/// Outward ids of threads: those of the mails that founded them.
pub(crate) fn thread_ids(tx: &Tx<'_>, threads: &[i64]) -> Result<HashMap<i64, ThreadId>> {
    let mails = mail_ids(tx, threads)?;
    Ok(mails.into_iter().map(|(seq, mail)| (seq, ThreadId::new(mail.uuid()))).collect())
}

/// A message, its mails and the accounts they lie in.
pub(crate) struct Visible {
    /// The mail to show.
    pub(crate) shown: i64,
    /// Every mail of the message the scope allows, with the keys of its accounts the scope allows.
    pub(crate) mails: Vec<(i64, Vec<i64>)>,
}

impl Visible {
    fn accounts(&self) -> Vec<i64> {
        let mut keys: Vec<i64> = self.mails.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Takes away the mails whose effective date the scope does not allow.
pub(crate) fn keep_period<T>(tx: &Tx<'_>, scope: &ScopeKeys, mails: &mut HashMap<i64, T>) -> Result<()> {
    let period = scope.period();
    if !period.is_bounded() {
        return Ok(());
    }
    let seqs: Vec<i64> = mails.keys().copied().collect();
    let dates = tx.query(&DATES, &[Arg::Ints(&seqs)], |row| Ok((row.int(0)?, row.opt_time(1)?)))?;
    for (seq, date) in dates {
        if !date.is_some_and(|date| period.holds(date)) {
            mails.remove(&seq);
        }
    }
    Ok(())
}

/// The messages of these that the scope allows; the representative is shown if it is allowed, otherwise
/// the first twin that is.
pub(crate) fn visible(tx: &Tx<'_>, scope: &ScopeKeys, messages: &[i64]) -> Result<HashMap<i64, Visible>> {
    let mut mails: HashMap<i64, Vec<i64>> = messages.iter().map(|seq| (*seq, vec![*seq])).collect();
    for (message, twin) in tx.query(&TWINS, &[Arg::Ints(messages)], |row| Ok((row.int(0)?, row.int(1)?)))? {
        mails.entry(message).or_default().push(twin);
    }
    let all: Vec<i64> = mails.values().flatten().copied().collect();
    let mut accounts = work::accounts_of(tx, &all)?;
    keep_period(tx, scope, &mut accounts)?;
    let mut map = HashMap::with_capacity(messages.len());
    for (message, mails) in mails {
        let mut allowed = Vec::with_capacity(mails.len());
        for mail in mails {
            let mut keys = accounts.remove(&mail).unwrap_or_default();
            keys.retain(|key| scope.allows(*key));
            if !keys.is_empty() || *scope == ScopeKeys::All {
                allowed.push((mail, keys));
            }
        }
        if let Some((shown, _)) = allowed.first() {
            map.insert(message, Visible { shown: *shown, mails: allowed });
        }
    }
    Ok(map)
}

impl Store {
    /// Rows of these messages, in this order, without those the scope does not allow.
    pub(crate) fn rows(&self, tx: &Tx<'_>, scope: &ScopeKeys, messages: &[i64]) -> Result<Vec<MessageRow>> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let visible = visible(tx, scope, messages)?;
        let mut wanted: Vec<i64> = visible.iter().flat_map(|(message, v)| [*message, v.shown]).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let heads = heads(tx, &wanted)?;
        let mut addresses = addresses::of_mails(tx, &wanted, Some(TO_MAX))?;
        let mut threads: Vec<i64> = heads.values().map(|head| head.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        let ids = thread_ids(tx, &threads)?;
        let counts = thread_counts(tx, scope, &threads)?;
        let mut tags = tags::of_messages(tx, messages)?;
        let mut suspicions = suspicions::of_messages(tx, messages)?;
        let deleted = message_states::deleted(tx, messages)?;
        let mails: Vec<i64> = visible.values().flat_map(|v| v.mails.iter().map(|(mail, _)| *mail)).collect();
        let groups = sorting::of_mails(tx, &mails)?;
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            let Some(found) = visible.get(message) else { continue };
            let (Some(own), Some(shown)) = (heads.get(message), heads.get(&found.shown)) else { continue };
            let (mut from, mut to) = (None, Vec::new());
            for (role, address) in addresses.remove(&found.shown).unwrap_or_default() {
                match role {
                    AddressRole::From if from.is_none() => from = Some(address),
                    AddressRole::To => to.push(address),
                    _ => {}
                }
            }
            let accounts: Result<Vec<AccountId>> =
                found.accounts().into_iter().map(|key| self.keys().account_id(tx, key)).collect();
            let thread_id =
                ids.get(&own.thread).copied().ok_or(StoreError::Unreadable { what: "thread of a mail" })?;
            rows.push(MessageRow {
                seq: *message,
                mail_id: shown.mail_id,
                message_id: shown.message_id.clone(),
                thread_id,
                thread_count: counts.get(&own.thread).copied().unwrap_or(1),
                subject: shown.subject.clone(),
                from,
                to,
                date: own.date,
                preview: shown.preview.clone(),
                kind: own.kind,
                unread: own.unread,
                attachments: shown.attachments,
                accounts: accounts?,
                defects: shown.defects,
                quarantined: shown.stage == 2,
                tags: tags.remove(message).unwrap_or_default(),
                deleted: deleted.get(message).copied(),
                groups: self.groups_of(tx, scope, &groups, &found.mails)?,
                suspicion: suspicions.remove(message),
            });
        }
        Ok(rows)
    }

    /// Rows of messages by number, in the order given, without those the scope does not allow: search hits.
    ///
    /// # Errors
    /// Those of the database.
    pub fn message_rows(&self, scope: &Scope, messages: &[i64]) -> Result<Vec<MessageRow>> {
        self.read(|tx| {
            let scope = self.keys().scope(tx, scope)?;
            self.rows(tx, &scope, messages)
        })
    }

    /// Messages of a thread, oldest first, at most `limit`; empty if there is none the scope allows.
    /// The id of any mail names its thread, so that ids of threads merged since stay good.
    ///
    /// # Errors
    /// Those of the database.
    pub fn thread(&self, scope: &Scope, thread: ThreadId, limit: usize) -> Result<Vec<MessageRow>> {
        self.read(|tx| {
            let scope = self.keys().scope(tx, scope)?;
            let found = tx.first(&THREAD_OF, &[thread.octets().into()], |row| row.int(0))?;
            let Some(thread) = found else { return Ok(Vec::new()) };
            let messages = tx.query(&OF_THREAD, &[thread.into(), (limit as i64).into()], |row| row.int(0))?;
            self.rows(tx, &scope, &messages)
        })
    }

    /// The row of the message this mail belongs to, if the scope allows it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn message_row(&self, scope: &Scope, mail: MailId) -> Result<Option<MessageRow>> {
        self.read(|tx| {
            let scope = self.keys().scope(tx, scope)?;
            let found = tx.first(&MESSAGE_OF, &[mail.octets().into()], |row| row.int(0))?;
            let Some(message) = found else { return Ok(None) };
            Ok(self.rows(tx, &scope, &[message])?.pop())
        })
    }
}

fn thread_counts(tx: &Tx<'_>, scope: &ScopeKeys, threads: &[i64]) -> Result<HashMap<i64, u32>> {
    let read = |row: &Row<'_>| Ok((row.int(0)?, row.small(1)?));
    let lists = record_mails::lists(scope);
    let rows = tx.query(&THREAD_COUNTS, &[Arg::Ints(threads), Arg::Ints(&lists)], read)?;
    Ok(rows.into_iter().collect())
}
