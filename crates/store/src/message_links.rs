//! What a message is linked to, as the reader and the import list show it: a page of messages at a time.

use std::collections::HashMap;

use link::{Outcome, Why};
use model::{How, MailId, RecordKey, RecordKind, Scope, UnixMillis};

use crate::db::Tx;
use crate::error::Result;
use crate::records::{self, COLUMNS, KnownRecord};
use crate::rows;
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::Store;
use crate::value::{Arg, Row};

/// A record as it is shown beside a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedRecord {
    /// Its key.
    pub key: RecordKey,
    /// Its kind.
    pub kind: RecordKind,
    /// Its number.
    pub number: String,
    /// Its name; may be empty.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Date of an order or quote.
    pub date: Option<UnixMillis>,
    /// State in the ERP's words; may be empty.
    pub state: String,
    /// Its page in the ERP; may be empty.
    pub url: String,
    /// Further fields, a JSON object.
    pub extra: String,
    /// The last whole run of its source did not name it.
    pub vanished: bool,
}

impl From<&KnownRecord> for LinkedRecord {
    fn from(known: &KnownRecord) -> Self {
        let record = &known.record;
        Self {
            key: known.key,
            kind: record.kind,
            number: record.number.clone(),
            name: record.name.clone(),
            active: record.active,
            date: record.date,
            state: record.state.clone(),
            url: record.url.clone(),
            extra: record.extra.clone(),
            vanished: known.vanished,
        }
    }
}

/// A link, or one that a person removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageLink {
    /// The record.
    pub record: LinkedRecord,
    /// How the message came to it.
    pub how: How,
    /// Set by a rule, not by a person.
    pub rule: bool,
    /// `rule` or a user's id.
    pub actor: String,
    /// When.
    pub at: UnixMillis,
    /// When and by whom it was removed; such a link is not set again.
    pub removed: Option<(UnixMillis, String)>,
}

/// Links of a message and what else a person needs to judge them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageLinks {
    /// What was decided; `None` before linking looked at it.
    pub outcome: Option<Outcome>,
    /// A person has decided; rules leave it alone.
    pub person: bool,
    /// Its sender is new to its thread, or to everything.
    pub stranger: bool,
    /// Links, by kind and number.
    pub links: Vec<MessageLink>,
    /// Links that a person removed.
    pub removed: Vec<MessageLink>,
    /// Records it may belong to that nobody has linked or rejected.
    pub suggestions: Vec<(LinkedRecord, Why)>,
}

statements! {
    LINKS_OF = concat!("SELECT ", records::columns!(), ", l.message, l.how, l.rule, l.actor, l.at, l.removed, l.remover \
        FROM links l JOIN records r ON r.key = l.record WHERE l.message = ANY($1) \
        ORDER BY l.message, r.kind, r.number");
    SUGGESTIONS_OF = concat!("SELECT ", records::columns!(), ", s.message, s.why FROM link_suggestions s \
        JOIN records r ON r.key = s.record WHERE s.message = ANY($1) AND NOT EXISTS \
        (SELECT 1 FROM links l WHERE l.message = s.message AND l.record = s.record) \
        ORDER BY s.message, s.why, r.kind, r.number");
    DECISIONS_OF = "SELECT message, outcome, person, stranger FROM decisions WHERE message = ANY($1)";
    MESSAGES_OF = "SELECT mail_id, message_seq FROM mails WHERE mail_id = ANY($1) AND message_seq IS NOT NULL";
}

/// A record from the first columns, those of [`records::columns!`].
pub(crate) fn record(row: &Row<'_>) -> Result<LinkedRecord> {
    Ok(LinkedRecord::from(&records::bare(row)?))
}

pub(crate) fn how(code: i64) -> Result<How> {
    from_list(&How::ALL, code, "how a link was made")
}

/// Messages of mails, by the mail named.
pub(crate) fn messages_of(tx: &Tx<'_>, mails: &[MailId]) -> Result<HashMap<MailId, i64>> {
    let octets: Vec<&[u8]> = mails.iter().map(|mail| mail.octets().as_slice()).collect();
    let rows = tx.query(&MESSAGES_OF, &[Arg::Blobs(&octets)], |row| {
        Ok((MailId::from_octets(row.octets(0)?), row.int(1)?))
    })?;
    Ok(rows.into_iter().collect())
}

/// By number of the message; messages nobody looked at are missing.
pub(crate) fn of_messages(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, MessageLinks>> {
    let mut of: HashMap<i64, MessageLinks> = HashMap::new();
    if messages.is_empty() {
        return Ok(of);
    }
    let decisions = tx.query(&DECISIONS_OF, &[Arg::Ints(messages)], |row| {
        Ok((
            row.int(0)?,
            from_list(&Outcome::ALL, row.int(1)?, "outcome of linking")?,
            row.bool(2)?,
            row.bool(3)?,
        ))
    })?;
    for (message, outcome, person, stranger) in decisions {
        let entry = of.entry(message).or_default();
        (entry.outcome, entry.person, entry.stranger) = (Some(outcome), person, stranger);
    }
    let links = tx.query(&LINKS_OF, &[Arg::Ints(messages)], |row| {
        let at = COLUMNS;
        let remover = row.opt_text(at + 6)?.unwrap_or_default();
        let link = MessageLink {
            record: record(row)?,
            how: how(row.int(at + 1)?)?,
            rule: row.bool(at + 2)?,
            actor: row.text(at + 3)?,
            at: row.time(at + 4)?,
            removed: row.opt_time(at + 5)?.map(|when| (when, remover)),
        };
        Ok((row.int(at)?, link))
    })?;
    for (message, link) in links {
        let entry = of.entry(message).or_default();
        let list = if link.removed.is_none() { &mut entry.links } else { &mut entry.removed };
        list.push(link);
    }
    let suggestions = tx.query(&SUGGESTIONS_OF, &[Arg::Ints(messages)], |row| {
        let why = from_list(&Why::ALL, row.int(COLUMNS + 1)?, "reason of a suggestion")?;
        Ok((row.int(COLUMNS)?, (record(row)?, why)))
    })?;
    for (message, suggestion) in suggestions {
        of.entry(message).or_default().suggestions.push(suggestion);
    }
    Ok(of)
}

impl Store {
    /// Links of the messages these mails belong to, by the mail named; those the scope does not allow are missing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn message_links(&self, scope: &Scope, mails: &[MailId]) -> Result<HashMap<MailId, MessageLinks>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let messages = messages_of(tx, mails)?;
            let mut wanted: Vec<i64> = messages.values().copied().collect();
            wanted.sort_unstable();
            wanted.dedup();
            let visible = rows::visible(tx, &keys, &wanted)?;
            wanted.retain(|message| visible.contains_key(message));
            let links = of_messages(tx, &wanted)?;
            let shown = messages.into_iter().filter(|(_, message)| visible.contains_key(message));
            Ok(shown
                .map(|(mail, message)| (mail, links.get(&message).cloned().unwrap_or_default()))
                .collect())
        })
    }
}
