//! The queue of what goes out, and what became of it.

use std::collections::HashMap;

use model::{OutgoingId, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};
use crate::webhooks;

/// Longest answer kept, octets.
const ANSWER_MAX: usize = 2000;

/// How it goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// By SMTP.
    Mail,
    /// By HTTP, to the webhook with this number.
    Webhook(i64),
}

impl Channel {
    const fn codes(self) -> (i64, i64) {
        match self {
            Self::Mail => (0, 0),
            Self::Webhook(target) => (1, target),
        }
    }
}

/// Something to go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutgoing {
    /// Number from [`Store::reserve_outgoing`].
    pub key: i64,
    /// Its id.
    pub id: OutgoingId,
    /// How.
    pub channel: Channel,
    /// Mail address, or web address.
    pub recipient: String,
    /// What it tells of.
    pub kind: String,
    /// The mail, or the body.
    pub content: Vec<u8>,
}

/// What has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutgoingState {
    /// Waits for its time.
    Waiting,
    /// Is being sent.
    Sending,
    /// The other side took it.
    Sent,
    /// The other side refused it for good.
    Refused,
    /// Tried too often.
    GivenUp,
    /// No longer wanted: its receiver was switched off.
    Cancelled,
}

impl OutgoingState {
    const ALL: [Self; 6] =
        [Self::Waiting, Self::Sending, Self::Sent, Self::Refused, Self::GivenUp, Self::Cancelled];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An entry of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What goes out.
    pub what: NewOutgoing,
    /// What has become of it.
    pub state: OutgoingState,
    /// How often it was tried, the present attempt included.
    pub attempts: u32,
    /// When it was put here.
    pub created: UnixMillis,
    /// When it is tried next.
    pub due: Option<UnixMillis>,
    /// When it was tried last.
    pub last: Option<UnixMillis>,
    /// SMTP code or HTTP status of the last answer.
    pub code: Option<u16>,
    /// Words of the last answer, or why there was none.
    pub answer: String,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What it is now: `Waiting` with the time of the next attempt, or one of those that end it.
    pub state: OutgoingState,
    /// When it is tried again.
    pub due: Option<UnixMillis>,
    /// SMTP code or HTTP status.
    pub code: Option<u16>,
    /// Words of the answer.
    pub answer: String,
    /// The webhook is switched off, with this reason.
    pub switch_off: Option<String>,
    /// To be logged with it.
    pub events: Vec<Event>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key, outgoing_id, channel, target, recipient, kind, content, state, attempts, created, due, ",
            "last, code, answer FROM outgoing ",
            $rest
        )
    };
}

statements! {
    ADD [Int, Blob, Int, Int, Text, Text, Blob, Int] = "WITH v(key, id, channel, target, recipient, kind, content, \
        created) AS ({rows}) INSERT INTO outgoing (key, outgoing_id, channel, target, recipient, kind, content, state, \
        attempts, created, due, answer) SELECT key, id, channel, target, recipient, kind, content, 0, 0, created, \
        created, '' FROM v WHERE TRUE";
    DUE = select!("WHERE due IS NOT NULL AND due <= $1 ORDER BY due, key LIMIT $2");
    CLAIM = "UPDATE outgoing SET state = 1, attempts = attempts + 1, due = $2, last = $3 WHERE key = ANY($1)";
    NEXT_DUE = "SELECT MIN(due) FROM outgoing WHERE due IS NOT NULL";
    FINISH = "UPDATE outgoing SET state = $2, due = $3, code = $4, answer = $5 WHERE key = $1 AND state = 1";
    RELEASE = "UPDATE outgoing SET due = $1 WHERE due IS NOT NULL AND state = 1 AND due > $1";
    CANCEL_TARGET = "UPDATE outgoing SET state = 5, due = NULL WHERE channel = 1 AND target = $1 AND due IS NOT NULL";
    FORGET_TARGET = "DELETE FROM outgoing WHERE channel = 1 AND target = $1";
    PRUNE = "DELETE FROM outgoing WHERE due IS NULL AND created < $1";
    PAGE = select!("WHERE channel = $1 AND target = $2 AND key < $3 ORDER BY key DESC LIMIT $4");
    BY_ID = select!("WHERE outgoing_id = $1");
    AGAIN = "UPDATE outgoing SET state = 0, attempts = 0, due = $2 WHERE outgoing_id = $1 AND state <> 1";
    RECIPIENTS = "SELECT key, recipient FROM outgoing WHERE channel = 0 AND key = ANY($1)";
}

fn outgoing(row: &Row<'_>) -> Result<Outgoing> {
    let state = usize::try_from(row.int(7)?).ok().and_then(|at| OutgoingState::ALL.get(at).copied());
    Ok(Outgoing {
        what: NewOutgoing {
            key: row.int(0)?,
            id: OutgoingId::from_octets(row.octets(1)?),
            channel: if row.int(2)? == 0 { Channel::Mail } else { Channel::Webhook(row.int(3)?) },
            recipient: row.text(4)?,
            kind: row.text(5)?,
            content: row.blob(6)?,
        },
        state: state.ok_or(StoreError::Unreadable { what: "state of the queue" })?,
        attempts: row.small(8)?,
        created: row.time(9)?,
        due: row.opt_time(10)?,
        last: row.opt_time(11)?,
        code: row.opt_int(12)?.and_then(|code| u16::try_from(code).ok()),
        answer: row.text(13)?,
    })
}

/// Puts entries into the queue.
pub(crate) fn add(tx: &Tx<'_>, list: &[NewOutgoing], now: UnixMillis) -> Result<()> {
    let mut rows = Rows::new(8, list.len());
    for new in list {
        let (channel, target) = new.channel.codes();
        let content = new.content.as_slice();
        rows.push(args![new.key, new.id.octets(), channel, target, &new.recipient, &new.kind, content, now]);
    }
    tx.bulk(&ADD, &rows).map(drop)
}

/// Forgets everything for a webhook.
pub(crate) fn forget_target(tx: &Tx<'_>, target: i64) -> Result<()> {
    tx.exec(&FORGET_TARGET, &[target.into()]).map(drop)
}

/// Recipients of mails of our own, by the number in their reference.
pub(crate) fn recipients(tx: &Tx<'_>, keys: &[i64]) -> Result<HashMap<i64, String>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.query(&RECIPIENTS, &[Arg::Ints(keys)], |row| Ok((row.int(0)?, row.text(1)?)))?;
    Ok(rows.into_iter().collect())
}

fn claim(tx: &Tx<'_>, now: UnixMillis, until: UnixMillis, limit: i64) -> Result<Vec<Outgoing>> {
    let mut list = tx.query(&DUE, &args![now, limit], outgoing)?;
    let keys: Vec<i64> = list.iter().map(|one| one.what.key).collect();
    if keys.is_empty() {
        return Ok(list);
    }
    tx.exec(&CLAIM, &[Arg::Ints(&keys), until.into(), now.into()])?;
    for one in &mut list {
        one.attempts += 1;
        one.state = OutgoingState::Sending;
    }
    Ok(list)
}

fn finish(tx: &Tx<'_>, key: i64, channel: Channel, attempt: &Attempt, now: UnixMillis) -> Result<()> {
    let answer = &attempt.answer[..attempt.answer.floor_char_boundary(ANSWER_MAX)];
    let code = attempt.code.map(i64::from);
    let changed = tx.exec(&FINISH, &args![key, attempt.state as i64, attempt.due, code, answer])?;
    let mut log = attempt.events.clone();
    if let Channel::Webhook(target) = channel {
        let error = (attempt.state != OutgoingState::Sent).then(|| match attempt.code {
            Some(code) => format!("{code} {answer}"),
            None => answer.to_owned(),
        });
        if attempt.state != OutgoingState::Cancelled {
            webhooks::note(tx, target, error.as_deref(), now)?;
        }
        if let Some(reason) = &attempt.switch_off {
            if webhooks::switch_off(tx, target, reason)? {
                tx.exec(&CANCEL_TARGET, &[target.into()])?;
            } else {
                log.retain(|event| event.kind != "webhook.disabled");
            }
        }
    }
    if changed > 0 { events::append_all(tx, &log) } else { Ok(()) }
}

impl Store {
    /// Numbers for so many entries of the queue, ascending; gives the first. Numbers that are not used are lost, which
    /// does not matter.
    ///
    /// # Errors
    /// Those of the database.
    pub fn reserve_outgoing(&self, count: usize) -> Result<i64> {
        self.write(move |tx| take(tx, "row", count))
    }

    /// Puts entries into the queue.
    ///
    /// # Errors
    /// Those of the database.
    pub fn add_outgoing(&self, list: Vec<NewOutgoing>, now: UnixMillis) -> Result<()> {
        self.write(move |tx| add(tx, &list, now))
    }

    /// Takes what is due, to be sent by the caller until `until`: after that, others may take it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn claim_outgoing(&self, now: UnixMillis, until: UnixMillis, limit: usize) -> Result<Vec<Outgoing>> {
        self.write(move |tx| claim(tx, now, until, limit as i64))
    }

    /// When something is due next, perhaps in the past.
    ///
    /// # Errors
    /// Those of the database.
    pub fn outgoing_due(&self) -> Result<Option<UnixMillis>> {
        self.read(|tx| Ok(tx.first(&NEXT_DUE, &[], |row| row.opt_time(0))?.flatten()))
    }

    /// Notes how an attempt ended, with everything that follows from it, in one transaction. Without effect if somebody
    /// else has noted it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn finish_outgoing(
        &self,
        key: i64,
        channel: Channel,
        attempt: Attempt,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| finish(tx, key, channel, &attempt, now))
    }

    /// What an earlier process was sending when it ended is due at once.
    ///
    /// # Errors
    /// Those of the database.
    pub fn release_outgoing(&self, now: UnixMillis) -> Result<u64> {
        self.write(move |tx| tx.exec(&RELEASE, &[now.into()]))
    }

    /// Forgets what was finished and put here before `before`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn prune_outgoing(&self, before: UnixMillis) -> Result<u64> {
        self.write(move |tx| tx.exec(&PRUNE, &[before.into()]))
    }

    /// Entries with a number below `before` (`None`: from the newest), newest first: mails, or those of a webhook.
    ///
    /// # Errors
    /// Those of the database.
    pub fn outgoing(&self, channel: Channel, before: Option<i64>, limit: usize) -> Result<Vec<Outgoing>> {
        let (channel, target) = channel.codes();
        let args = args![channel, target, before.unwrap_or(i64::MAX), limit as i64];
        self.read(|tx| tx.query(&PAGE, &args, outgoing))
    }

    /// One entry.
    ///
    /// # Errors
    /// Those of the database.
    pub fn outgoing_by_id(&self, id: OutgoingId) -> Result<Option<Outgoing>> {
        self.read(|tx| tx.first(&BY_ID, &[id.octets().into()], outgoing))
    }

    /// Sends an entry again, with all its attempts, whatever became of it.
    ///
    /// # Errors
    /// `Missing` if there is none, or it is being sent.
    pub fn send_again(&self, id: OutgoingId, now: UnixMillis) -> Result<()> {
        self.write(move |tx| match tx.exec(&AGAIN, &args![id.octets(), now])? {
            0 => Err(StoreError::Missing { what: "entry of the queue", key: id.to_string() }),
            _ => Ok(()),
        })
    }
}
