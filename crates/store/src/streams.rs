//! Everything there is, piece by piece in constant memory: for `mails`, `threads` and `verify`.

use std::collections::HashMap;

use model::{Kind, Location, MailId, MessageId, ObjectId, Scope, SegmentId, Sha256, ThreadId, UnixMillis};

use crate::codec;
use crate::db::Tx;
use crate::detail::PlacementRow;
use crate::error::Result;
use crate::keys::ScopeKeys;
use crate::links::{self, LinkRow};
use crate::rows;
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Row, args};

/// A mail, not a message: twins have a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLine {
    /// Its number; ascending, the place to go on from.
    pub seq: i64,
    /// Its id.
    pub mail_id: MailId,
    /// `Message-ID`.
    pub message_id: Option<MessageId>,
    /// Digest of its octets.
    pub sha256: Sha256,
    /// How many octets.
    pub octets: u64,
    /// Effective date; `None` before it is filed.
    pub date: Option<UnixMillis>,
    /// What it is; `None` before it is filed.
    pub kind: Option<Kind>,
    /// Its thread; `None` before it is filed.
    pub thread_id: Option<ThreadId>,
    /// It could not be filed.
    pub quarantined: bool,
    /// Where it lies, as far as the scope allows.
    pub placements: Vec<PlacementRow>,
    /// Records that its message is filed under.
    pub links: Vec<LinkRow>,
}

/// A mail and its thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadLine {
    /// Number of the mail; ascending, the place to go on from.
    pub seq: i64,
    /// Its id.
    pub mail_id: MailId,
    /// `Message-ID`.
    pub message_id: Option<MessageId>,
    /// Its thread; `None` before it is filed.
    pub thread_id: Option<ThreadId>,
}

/// A record the database knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    /// Its number, that of its mail; ascending, the place to go on from.
    pub seq: i64,
    /// Its mail.
    pub mail_id: MailId,
    /// Name of the record.
    pub object: ObjectId,
    /// Where it lies.
    pub location: Location,
    /// Octets of the mail.
    pub octets: u64,
    /// Their digest.
    pub sha256: Sha256,
}

macro_rules! lines {
    ($rest:literal) => {
        concat!(
            "SELECT m.seq, m.mail_id, h.message_id, o.sha256, o.octets, m.date, m.kind, m.thread, m.stage, ",
            "m.message_seq ",
            "FROM mails m JOIN objects o ON o.seq = m.seq LEFT JOIN heads h ON h.seq = m.seq ",
            $rest
        )
    };
}

macro_rules! objects {
    ($rest:literal) => {
        concat!(
            "SELECT o.seq, m.mail_id, o.object_id, s.segment_id, o.at, o.len, o.octets, o.sha256 ",
            "FROM objects o JOIN segments s ON s.key = o.segment JOIN mails m ON m.seq = o.seq ",
            $rest
        )
    };
}

statements! {
    LINES = lines!("WHERE m.seq > $1 ORDER BY m.seq LIMIT $2");
    LINES_OF = lines!("WHERE m.message_seq = $1 OR m.seq = $1 ORDER BY m.seq");
    LINES_NUMBERED = lines!("WHERE m.seq = ANY($1) ORDER BY m.seq");
    THREADS = "SELECT m.seq, m.mail_id, h.message_id, m.thread FROM mails m \
        LEFT JOIN heads h ON h.seq = m.seq WHERE m.seq > $1 ORDER BY m.seq LIMIT $2";
    OBJECTS = objects!("WHERE o.seq > $1 ORDER BY o.seq LIMIT $2");
    OBJECTS_OF = objects!("WHERE o.segment = (SELECT key FROM segments WHERE segment_id = $1) AND o.at >= $2 \
        ORDER BY o.at LIMIT $3");
}

/// With the numbers of its thread and its message.
fn line(row: &Row<'_>) -> Result<(MailLine, Option<i64>, Option<i64>)> {
    let line = MailLine {
        seq: row.int(0)?,
        mail_id: MailId::from_octets(row.octets(1)?),
        message_id: row.opt_text(2)?.map(MessageId),
        sha256: Sha256(row.octets(3)?),
        octets: row.uint(4)?,
        date: row.opt_time(5)?,
        kind: row.opt_int(6)?.map(codec::kind).transpose()?,
        thread_id: None,
        quarantined: row.int(8)? == 2,
        placements: Vec::new(),
        links: Vec::new(),
    };
    Ok((line, row.opt_int(7)?, row.opt_int(9)?))
}

fn object(row: &Row<'_>) -> Result<ObjectRow> {
    Ok(ObjectRow {
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
    })
}

fn thread_map(tx: &Tx<'_>, threads: impl Iterator<Item = i64>) -> Result<HashMap<i64, ThreadId>> {
    let mut threads: Vec<i64> = threads.collect();
    threads.sort_unstable();
    threads.dedup();
    rows::thread_ids(tx, &threads)
}

impl Store {
    /// Mails with a number above `after`, ascending; `None` behind the last one. With a narrow scope a piece
    /// may hold fewer mails than `limit`, or none; the second value is where to go on.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mail_lines(
        &self,
        scope: &Scope,
        after: i64,
        limit: usize,
    ) -> Result<Option<(Vec<MailLine>, i64)>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let found = tx.query(&LINES, &args![after, limit as i64], line)?;
            let Some(last) = found.last().map(|(line, ..)| line.seq) else { return Ok(None) };
            Ok(Some((self.complete(tx, &keys, found)?, last)))
        })
    }

    /// The mails of these messages that the scope allows, in the order of the messages, twins behind each other.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mail_lines_of(&self, scope: &Scope, messages: &[i64]) -> Result<Vec<MailLine>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let mut found = Vec::with_capacity(messages.len());
            for message in messages {
                found.extend(tx.query(&LINES_OF, &[(*message).into()], line)?);
            }
            self.complete(tx, &keys, found)
        })
    }

    /// The mails of these numbers, ascending. Asks for no scope: it is for who works on all mails.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mail_lines_numbered(&self, mails: &[i64]) -> Result<Vec<MailLine>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, &Scope::All)?;
            let found = tx.query(&LINES_NUMBERED, &[Arg::Ints(mails)], line)?;
            self.complete(tx, &keys, found)
        })
    }

    fn complete(
        &self,
        tx: &Tx<'_>,
        scope: &ScopeKeys,
        found: Vec<(MailLine, Option<i64>, Option<i64>)>,
    ) -> Result<Vec<MailLine>> {
        let threads = thread_map(tx, found.iter().filter_map(|(_, thread, _)| *thread))?;
        let seqs: Vec<i64> = found.iter().map(|(line, ..)| line.seq).collect();
        let messages: Vec<i64> = found.iter().filter_map(|(.., message)| *message).collect();
        let links = links::of_messages(tx, &messages)?;
        let mut placements: HashMap<i64, Vec<PlacementRow>> = HashMap::new();
        for (seq, placement) in self.placements(tx, scope, &seqs)? {
            placements.entry(seq).or_default().push(placement);
        }
        let mut lines = Vec::with_capacity(found.len());
        for (mut line, thread, message) in found {
            line.links = message.and_then(|message| links.get(&message).cloned()).unwrap_or_default();
            line.thread_id = thread.and_then(|thread| threads.get(&thread).copied());
            line.placements = placements.remove(&line.seq).unwrap_or_default();
            let period = scope.period();
            let is_in = !period.is_bounded() || line.date.is_some_and(|date| period.holds(date));
            if *scope == ScopeKeys::All || (is_in && !line.placements.is_empty()) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    /// Mails with a number above `after` and their threads, ascending. Everything: for the command line.
    ///
    /// # Errors
    /// Those of the database.
    pub fn thread_lines(&self, after: i64, limit: usize) -> Result<Vec<ThreadLine>> {
        self.read(|tx| {
            let found = tx.query(&THREADS, &args![after, limit as i64], |row| {
                let line = ThreadLine {
                    seq: row.int(0)?,
                    mail_id: MailId::from_octets(row.octets(1)?),
                    message_id: row.opt_text(2)?.map(MessageId),
                    thread_id: None,
                };
                Ok((line, row.opt_int(3)?))
            })?;
            let threads = thread_map(tx, found.iter().filter_map(|(_, thread)| *thread))?;
            let with_thread = found.into_iter().map(|(line, thread)| ThreadLine {
                thread_id: thread.and_then(|thread| threads.get(&thread).copied()),
                ..line
            });
            Ok(with_thread.collect())
        })
    }

    /// Records with a number above `after`, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub fn objects(&self, after: i64, limit: usize) -> Result<Vec<ObjectRow>> {
        self.read(|tx| tx.query(&OBJECTS, &args![after, limit as i64], object))
    }

    /// Records of a segment from offset `from` on, by offset.
    ///
    /// # Errors
    /// Those of the database.
    pub fn objects_of_segment(&self, segment: SegmentId, from: u64, limit: usize) -> Result<Vec<ObjectRow>> {
        self.read(|tx| tx.query(&OBJECTS_OF, &args![segment.octets(), from, limit as i64], object))
    }
}
