//! What people and rules did, brought back from leaves that the database lacked: the log outlives it.

use model::{EventId, How, MailId, RecordKind, UnixMillis};
use serde::Deserialize;

use ledger::payload::{Content, Row as LogRow};

use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Event};
use crate::link_acts::{self, LinkDone, Past};
use crate::retention::Retention;
use crate::sql::statements;
use crate::store::Store;
use crate::value::args;
use crate::{holds, kept, message_states, suspicions, tags};

/// What was brought back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Entries of the event log.
    pub events: u64,
    /// Acts about messages.
    pub acts: u64,
    /// Acts about mails that are not here.
    pub missing: u64,
}

statements! {
    RANGE = "SELECT a.value, b.value FROM counters a JOIN counters b ON b.name = 'replay_to' WHERE a.name = 'replay'";
    /// Leaves that came back are replayed from the first one on that was not yet.
    BEGIN = "UPDATE counters SET value = $1 WHERE name = 'replay' AND value >= \
        (SELECT value FROM counters WHERE name = 'replay_to')";
    UP_TO = "UPDATE counters SET value = $1 WHERE name = 'replay_to'";
    DONE = "UPDATE counters SET value = $1 WHERE name = 'replay'";
}

/// Leaves `from..to` came back and wait to be replayed.
pub(crate) fn plan(tx: &Tx<'_>, from: u64, to: u64) -> Result<()> {
    tx.exec(&BEGIN, &args![from])?;
    tx.exec(&UP_TO, &args![to]).map(drop)
}

/// Payload of the leaf of an event, or of what a rule did.
#[derive(Deserialize)]
struct Told {
    event: Option<String>,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    detail: serde_json::Value,
    mail: Option<String>,
    by: Option<String>,
    record: Option<String>,
    number: Option<String>,
    how: Option<String>,
}

impl Told {
    fn event(&self, at: UnixMillis) -> Option<Event> {
        Some(Event {
            id: self.event.as_deref()?.parse::<EventId>().ok()?,
            at,
            actor: self.actor.clone(),
            kind: self.kind.clone(),
            subject: self.subject.clone(),
            payload: self.detail.to_string(),
        })
    }

    fn text(&self, name: &str) -> &str {
        self.detail.get(name).and_then(serde_json::Value::as_str).unwrap_or_default()
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let list = self.detail.get(name).and_then(serde_json::Value::as_array);
        list.into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    }
}

/// `None`: nothing to be done; `false`: the mail is not here.
fn act(
    tx: &Tx<'_>,
    retention: &mut Option<Retention>,
    (leaf, payload): (&LogRow, &[u8]),
    told: &Told,
) -> Result<Option<bool>> {
    // The first entry of a case is the event; the leaf behind it says what it is.
    if told.event.is_none() {
        match ledger::Kind::of_code(leaf.kind) {
            Some(ledger::Kind::Class) => return kept::replay(tx, retention, payload, leaf.at),
            Some(ledger::Kind::Hold) => return holds::replay(tx, payload, leaf.at),
            _ => {}
        }
    }
    if told.by.as_deref() == Some("rule") {
        return rule(tx, leaf, told);
    }
    let done = match told.kind.as_str() {
        "link.set" => Some(LinkDone::Set),
        "link.removed" => Some(LinkDone::Removed),
        "link.refused" => Some(LinkDone::Refused),
        "link.needless" => Some(LinkDone::Needless),
        "link.reopened" => Some(LinkDone::Reopened),
        _ => None,
    };
    let Ok(mail) = told.subject.parse::<MailId>() else { return Ok(None) };
    if let Some(done) = done {
        let record =
            RecordKind::from_word(told.text("kind")).map(|kind| (kind, told.text("number").to_owned()));
        let past = Past { mail, record, done, by_rule: None, actor: &told.actor, at: leaf.at };
        return link_acts::replay(tx, &past, told.text("remember")).map(Some);
    }
    match told.kind.as_str() {
        "mail.deleted" => message_states::replay(tx, mail, Some(leaf.at)).map(Some),
        "mail.restored" => message_states::replay(tx, mail, None).map(Some),
        "mail.spam" => suspicions::replay(tx, mail, Some(true), &told.actor, leaf.at).map(Some),
        "mail.checked" => suspicions::replay(tx, mail, Some(false), &told.actor, leaf.at).map(Some),
        "mail.spam_taken_back" => suspicions::replay(tx, mail, None, &told.actor, leaf.at).map(Some),
        "mail.tagged" => tags::replay(tx, mail, &told.texts("add"), &told.texts("remove"), leaf.at).map(Some),
        _ => Ok(None),
    }
}

fn rule(tx: &Tx<'_>, leaf: &LogRow, told: &Told) -> Result<Option<bool>> {
    let kind = told.record.as_deref().and_then(RecordKind::from_word);
    let mail = told.mail.as_deref().and_then(|mail| mail.parse::<MailId>().ok());
    let (Some(kind), Some(mail)) = (kind, mail) else { return Ok(None) };
    let number = told.number.clone().unwrap_or_default();
    let is_set = leaf.kind == ledger::Kind::LinkSet.code();
    let how = told.how.as_deref().and_then(How::from_word).unwrap_or(How::History);
    let done = if is_set { LinkDone::Set } else { LinkDone::Removed };
    let past =
        Past { mail, record: Some((kind, number)), done, by_rule: Some(how), actor: "rule", at: leaf.at };
    link_acts::replay(tx, &past, "").map(Some)
}

fn replay(tx: &Tx<'_>, leaves: &[LogRow], to: u64) -> Result<Replayed> {
    let mut replayed = Replayed::default();
    let mut entries = Vec::new();
    let mut retention = None;
    for leaf in leaves {
        let Content::Kept { payload, .. } = &leaf.content else { continue };
        let Ok(told) = serde_json::from_slice::<Told>(payload) else { continue };
        entries.extend(told.event(leaf.at));
        match act(tx, &mut retention, (leaf, payload), &told)? {
            Some(true) => replayed.acts += 1,
            Some(false) => replayed.missing += 1,
            None => {}
        }
    }
    replayed.events = entries.len() as u64;
    events::bring_back(tx, &entries)?;
    tx.exec(&DONE, &args![to])?;
    Ok(replayed)
}

impl Store {
    /// The first leaf that came back and was not replayed, and the one behind the last.
    ///
    /// # Errors
    /// Those of the database.
    pub fn replay_range(&self) -> Result<(u64, u64)> {
        let range = self.read(|tx| tx.first(&RANGE, &[], |row| Ok((row.uint(0)?, row.uint(1)?))))?;
        Ok(range.unwrap_or_default())
    }

    /// Brings back what these leaves tell of, but for mails and their places; all leaves before `to` are done then.
    ///
    /// # Errors
    /// Those of the database.
    pub fn replay(&self, leaves: Vec<LogRow>, to: u64) -> Result<Replayed> {
        self.write_batch(move |tx| replay(tx, &leaves, to))
    }
}
