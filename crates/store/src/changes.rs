//! What a full-text index follows.

use std::collections::{BTreeSet, HashMap};

use model::{AccountId, Address, Kind, MessageId, RecordKind, Scope, ThreadId, UnixMillis};

use crate::addresses::{self, AddressRole};
use crate::codec;
use crate::db::Tx;
use crate::detail::MailOctets;
use crate::error::{Result, StoreError};
use crate::invoices;
use crate::links;
use crate::message_states;
use crate::rows;
use crate::sorting;
use crate::sql::statements;
use crate::store::Store;
use crate::suspicions;
use crate::tags;
use crate::value::{Arg, Row, args};

/// A step of the index.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Index this message; replaces what is there under its number.
    Put(Box<IndexedMessage>),
    /// Remove this number, if it is there: the mail is shown as the twin of another.
    Delete {
        /// Order of the change.
        change_seq: i64,
        /// Number of the mail.
        seq: i64,
    },
}

impl Change {
    /// Its place in the order of changes; what the index remembers.
    pub fn change_seq(&self) -> i64 {
        match self {
            Self::Put(message) => message.change_seq,
            Self::Delete { change_seq, .. } => *change_seq,
        }
    }
}

/// A message with all an index needs but the text, which is in the archive.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexedMessage {
    /// Order of the change.
    pub change_seq: i64,
    /// Number of the message.
    pub seq: i64,
    /// Its octets.
    pub octets: MailOctets,
    /// `Message-ID`.
    pub message_id: Option<MessageId>,
    /// Its thread.
    pub thread_id: ThreadId,
    /// Effective date.
    pub date: UnixMillis,
    /// What it is.
    pub kind: Kind,
    /// Not read yet.
    pub unread: bool,
    /// Attachments.
    pub attachments: u32,
    /// Could not be filed: there is nothing to parse.
    pub quarantined: bool,
    /// Decoded; empty if there is none.
    pub subject: String,
    /// All addresses.
    pub addresses: Vec<(AddressRole, Address)>,
    /// What can be downloaded.
    pub parts: Vec<IndexedPart>,
    /// Accounts of all its twins.
    pub accounts: Vec<AccountId>,
    /// Names of its tags.
    pub tags: Vec<String>,
    /// It counts as spam.
    pub spam: bool,
    /// Somebody deleted it.
    pub deleted: bool,
    /// Keys of the groups its mails are sorted to.
    pub groups: Vec<i64>,
    /// Records it is filed under, with their numbers.
    pub links: Vec<(RecordKind, String)>,
    /// Numbers of invoices in its mails.
    pub invoices: Vec<String>,
}

/// A part, as far as an index cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedPart {
    /// Number as IMAP counts.
    pub number: String,
    /// File name.
    pub name: Option<String>,
    /// `type/subtype`.
    pub content_type: String,
    /// Octets after transfer decoding.
    pub octets: u64,
}

/// How far an index is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexState {
    /// Version of its schema.
    pub version: i64,
    /// Last change it holds.
    pub change_seq: i64,
}

statements! {
    CHANGED = "SELECT m.change_seq, m.seq, m.message_seq, m.stage, m.thread, m.date, m.kind, m.unread, \
        m.attachments, m.mail_id, h.subject, h.message_id FROM mails m LEFT JOIN heads h ON h.seq = m.seq \
        WHERE m.change_seq > $1 ORDER BY m.change_seq LIMIT $2";
    OCTETS = "SELECT m.seq, m.mail_id, o.object_id, s.segment_id, o.at, o.len, o.octets, o.sha256 FROM mails m \
        JOIN objects o ON o.seq = m.seq JOIN segments s ON s.key = o.segment WHERE m.seq = ANY($1)";
    PARTS = "SELECT seq, number, name, content_type, octets FROM parts WHERE seq = ANY($1) ORDER BY seq, n";
    LAST = "SELECT COALESCE(MAX(change_seq), 0) FROM mails WHERE change_seq > 0";
    GET_STATE = "SELECT version, change_seq FROM index_states WHERE name = $1";
    SET_STATE = "INSERT INTO index_states (name, version, change_seq) VALUES ($1, $2, $3) \
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, change_seq = excluded.change_seq";
}

/// A changed row, before the rest is looked up.
struct Changed {
    change_seq: i64,
    seq: i64,
    representative: bool,
    stage: i64,
    thread: i64,
    date: UnixMillis,
    kind: Kind,
    unread: bool,
    attachments: u32,
    subject: String,
    message_id: Option<MessageId>,
}

fn changed(row: &Row<'_>) -> Result<Changed> {
    let seq = row.int(1)?;
    Ok(Changed {
        change_seq: row.int(0)?,
        seq,
        representative: row.opt_int(2)? == Some(seq),
        stage: row.int(3)?,
        thread: row.opt_int(4)?.unwrap_or(seq),
        date: row.opt_time(5)?.unwrap_or_default(),
        kind: row.opt_int(6)?.map_or(Ok(Kind::Personal), codec::kind)?,
        unread: row.bool(7)?,
        attachments: row.small(8)?,
        subject: row.opt_text(10)?.unwrap_or_default(),
        message_id: row.opt_text(11)?.map(MessageId),
    })
}

fn by_mail<T>(rows: Vec<(i64, T)>) -> HashMap<i64, Vec<T>> {
    let mut map: HashMap<i64, Vec<T>> = HashMap::new();
    for (seq, value) in rows {
        map.entry(seq).or_default().push(value);
    }
    map
}

impl Store {
    /// Changes after `after`, in order, at most `limit`. A message that changes twice between two calls comes
    /// once; every change of a message gives it a new place at the end.
    ///
    /// # Errors
    /// Those of the database.
    pub fn changed_since(&self, after: i64, limit: usize) -> Result<Vec<Change>> {
        self.read(|tx| self.changes(tx, after, limit))
    }

    fn changes(&self, tx: &Tx<'_>, after: i64, limit: usize) -> Result<Vec<Change>> {
        let list = tx.query(&CHANGED, &args![after, limit as i64], changed)?;
        let seqs: Vec<i64> = list.iter().filter(|c| c.representative).map(|c| c.seq).collect();
        let mut threads: Vec<i64> = list.iter().map(|c| c.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        let threads = rows::thread_ids(tx, &threads)?;
        let octets: HashMap<i64, MailOctets> = tx
            .query(&OCTETS, &[Arg::Ints(&seqs)], crate::detail::mail_octets)?
            .into_iter()
            .map(|octets| (octets.seq, octets))
            .collect();
        let mut parts = by_mail(tx.query(&PARTS, &[Arg::Ints(&seqs)], |row| {
            let part = IndexedPart {
                number: row.text(1)?,
                name: row.opt_text(2)?,
                content_type: row.text(3)?,
                octets: row.uint(4)?,
            };
            Ok((row.int(0)?, part))
        })?);
        let mut addresses = addresses::of_mails(tx, &seqs, None)?;
        let scope = self.keys().scope(tx, &Scope::All)?;
        let mut visible = rows::visible(tx, &scope, &seqs)?;
        let mails: Vec<i64> = visible.values().flat_map(|v| v.mails.iter().map(|(mail, _)| *mail)).collect();
        let groups = sorting::keys_of(tx, &mails)?;
        let invoices = invoices::of_mails(tx, &mails)?;
        let mut tags = tags::of_messages(tx, &seqs)?;
        let suspicions = suspicions::of_messages(tx, &seqs)?;
        let mut links = links::of_messages(tx, &seqs)?;
        let deleted = message_states::deleted(tx, &seqs)?;
        let mut out = Vec::with_capacity(list.len());
        for change in list {
            let (seq, change_seq) = (change.seq, change.change_seq);
            if !change.representative {
                out.push(Change::Delete { change_seq, seq });
                continue;
            }
            let mails = visible.remove(&seq).map(|v| v.mails).unwrap_or_default();
            let of_mails = mails.iter().filter_map(|(mail, _)| groups.get(mail)).flatten();
            let of_mails: BTreeSet<i64> = of_mails.copied().collect();
            let numbers = mails.iter().filter_map(|(mail, _)| invoices.get(mail)).flatten();
            let numbers: BTreeSet<&str> = numbers.map(|(_, invoice)| invoice.number.as_str()).collect();
            let mut keys: Vec<i64> = mails.into_iter().flat_map(|(_, keys)| keys).collect();
            keys.sort_unstable();
            keys.dedup();
            let accounts: Result<Vec<AccountId>> =
                keys.into_iter().map(|key| self.keys().account_id(tx, key)).collect();
            let unreadable = StoreError::Unreadable { what: "object or thread of a mail" };
            let (Some(octets), Some(thread_id)) = (octets.get(&seq), threads.get(&change.thread)) else {
                return Err(unreadable);
            };
            out.push(Change::Put(Box::new(IndexedMessage {
                change_seq,
                seq,
                octets: *octets,
                message_id: change.message_id,
                thread_id: *thread_id,
                date: change.date,
                kind: change.kind,
                unread: change.unread,
                attachments: change.attachments,
                quarantined: change.stage == 2,
                subject: change.subject,
                addresses: addresses.remove(&seq).unwrap_or_default(),
                parts: parts.remove(&seq).unwrap_or_default(),
                accounts: accounts?,
                links: links
                    .remove(&seq)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|link| (link.kind, link.number))
                    .collect(),
                tags: tags.remove(&seq).unwrap_or_default().into_iter().map(|tag| tag.name).collect(),
                spam: suspicions.get(&seq).is_some_and(|suspicion| suspicion.spam),
                deleted: deleted.contains_key(&seq),
                groups: of_mails.into_iter().collect(),
                invoices: numbers.into_iter().map(str::to_owned).collect(),
            })));
        }
        Ok(out)
    }

    /// The newest change; 0 if there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub fn last_change(&self) -> Result<i64> {
        self.read(|tx| tx.int(&LAST, &[]))
    }

    /// How far an index said it was.
    ///
    /// # Errors
    /// Those of the database.
    pub fn index_state(&self, name: &str) -> Result<Option<IndexState>> {
        self.read(|tx| {
            tx.first(&GET_STATE, &[name.into()], |row| {
                Ok(IndexState { version: row.int(0)?, change_seq: row.int(1)? })
            })
        })
    }

    /// Keeps how far an index is.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_index_state(&self, name: String, state: IndexState) -> Result<()> {
        self.write(move |tx| tx.exec(&SET_STATE, &args![&name, state.version, state.change_seq]).map(drop))
    }
}
