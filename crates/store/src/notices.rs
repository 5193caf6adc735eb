//! Follows the event log: what happened becomes deliveries of webhooks, and is gathered for notices.

use model::UnixMillis;

use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Event};
use crate::outgoing::{self, NewOutgoing};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Row, args};
use crate::webhooks;

/// Examples kept of one kind.
const EXAMPLES_MAX: usize = 10;

/// How a notice goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeChannel {
    /// By mail, soon.
    AtOnce,
    /// In the daily summary.
    Digest,
}

/// What is gathered of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathering {
    /// For which kind of notice.
    pub channel: NoticeChannel,
    /// The word of what happened.
    pub kind: String,
    /// How often.
    pub count: u64,
    /// The first time.
    pub first: UnixMillis,
    /// The last time.
    pub last: UnixMillis,
    /// The first ones: what, and the path of its page.
    pub examples: Vec<(String, String)>,
    /// When the last notice of this kind was written.
    pub sent: Option<UnixMillis>,
}

statements! {
    CURSOR = "SELECT change_seq FROM index_states WHERE name = 'notices'";
    SET_CURSOR = "UPDATE index_states SET change_seq = $1 WHERE name = 'notices'";
    AFTER = "SELECT seq, event_id, at, actor, kind, subject, payload FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";
    GATHERED = "SELECT channel, kind, n, first, last, examples, sent FROM notices ORDER BY channel, kind";
    ONE = "SELECT channel, kind, n, first, last, examples, sent FROM notices WHERE channel = $1 AND kind = $2";
    PUT = "INSERT INTO notices (channel, kind, n, first, last, examples) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (channel, kind) DO UPDATE SET n = excluded.n, first = excluded.first, last = excluded.last, \
        examples = excluded.examples";
    SENT = "UPDATE notices SET n = 0, examples = '', sent = $3 WHERE channel = $1 AND kind = $2";
}

fn gathering(row: &Row<'_>) -> Result<Gathering> {
    let lines = row.text(5)?;
    let examples = lines.lines().filter_map(|line| line.split_once('\t'));
    Ok(Gathering {
        channel: if row.int(0)? == 0 { NoticeChannel::AtOnce } else { NoticeChannel::Digest },
        kind: row.text(1)?,
        count: row.uint(2)?,
        first: row.time(3)?,
        last: row.time(4)?,
        examples: examples.map(|(path, what)| (what.to_owned(), path.to_owned())).collect(),
        sent: row.opt_time(6)?,
    })
}

/// Adds to what is gathered already.
fn gather(tx: &Tx<'_>, new: &Gathering) -> Result<()> {
    let channel = new.channel as i64;
    let known = tx.first(&ONE, &args![channel, &new.kind], gathering)?.filter(|known| known.count > 0);
    let (count, first, mut examples) =
        known.map_or((0, new.first, Vec::new()), |known| (known.count, known.first, known.examples));
    examples.extend(new.examples.iter().cloned());
    examples.truncate(EXAMPLES_MAX);
    let plain = |text: &str| text.replace(char::is_control, " ");
    let lines: Vec<String> =
        examples.iter().map(|(what, path)| format!("{}\t{}", plain(path), plain(what))).collect();
    let args = args![channel, &new.kind, count + new.count, first.min(new.first), new.last, lines.join("\n")];
    tx.exec(&PUT, &args).map(drop)
}

impl Store {
    /// Entries of the event log that were not followed yet, oldest first, with their numbers.
    ///
    /// # Errors
    /// Those of the database.
    pub fn unfollowed_events(&self, limit: usize) -> Result<Vec<(i64, Event)>> {
        self.read(|tx| {
            let cursor = tx.int(&CURSOR, &[])?;
            tx.query(&AFTER, &args![cursor, limit as i64], events::entry_of)
        })
    }

    /// Active webhooks: number, address, words of what they hear of.
    ///
    /// # Errors
    /// Those of the database.
    pub fn webhook_targets(&self) -> Result<Vec<(i64, String, Vec<String>)>> {
        self.read(webhooks::targets)
    }

    /// The log was followed up to entry `cursor`: puts deliveries into the queue, adds to what is gathered, and keeps
    /// the place, all in one transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub fn followed(
        &self,
        cursor: i64,
        deliveries: Vec<NewOutgoing>,
        gathered: Vec<Gathering>,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| {
            outgoing::add(tx, &deliveries, now)?;
            gathered.iter().try_for_each(|new| gather(tx, new))?;
            tx.exec(&SET_CURSOR, &[cursor.into()]).map(drop)
        })
    }

    /// What is gathered, also kinds of which nothing waits.
    ///
    /// # Errors
    /// Those of the database.
    pub fn gathered(&self) -> Result<Vec<Gathering>> {
        self.read(|tx| tx.query(&GATHERED, &[], gathering))
    }

    /// Notices were written: puts their mails into the queue and begins to gather anew, in one transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub fn notices_written(
        &self,
        channel: NoticeChannel,
        kinds: Vec<String>,
        mails: Vec<NewOutgoing>,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| {
            outgoing::add(tx, &mails, now)?;
            kinds.iter().try_for_each(|kind| tx.exec(&SENT, &args![channel as i64, kind, now]).map(drop))
        })
    }
}
