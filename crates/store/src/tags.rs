//! Tags: words with a colour, on messages. A tag belongs to the message, so twins share it.

use std::collections::HashMap;

use model::{MailId, Scope, UnixMillis};
use serde_json::json;

use crate::db::Tx;
use crate::entries;
use crate::error::{Result, StoreError};
use crate::events;
use crate::link_acts::LinkActor;
use crate::rows;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

/// Longest name, characters.
pub(crate) const TAG_NAME_MAX: usize = 60;
/// Messages looked at together.
const CHUNK: i64 = 1000;
/// Colour of a tag nobody has given one.
const COLOUR: &str = "grey";

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its number.
    pub key: i64,
    /// Name; unique without regard to case.
    pub name: String,
    /// Word of the page's palette.
    pub colour: String,
}

statements! {
    FIND = "SELECT key, name, colour FROM tags WHERE folded = $1";
    ADD = "INSERT INTO tags (key, name, folded, colour, created) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (folded) DO NOTHING";
    LIST = "SELECT key, name, colour FROM tags ORDER BY folded";
    CHANGE = "UPDATE tags SET name = $2, folded = $3, colour = $4 WHERE key = $1";
    REMOVE = "DELETE FROM tags WHERE key = $1";
    CLEAR = "DELETE FROM message_tags WHERE tag = $1";
    MESSAGES = "SELECT message FROM message_tags WHERE tag = $1 AND message > $2 ORDER BY message LIMIT $3";
    TAKE = "DELETE FROM message_tags WHERE message = ANY($1) AND tag = $2";
    OF = "SELECT m.message, t.key, t.name, t.colour FROM message_tags m JOIN tags t ON t.key = m.tag \
        WHERE m.message = ANY($1) ORDER BY m.message, t.folded";
    MESSAGES_OF = "SELECT DISTINCT COALESCE(message_seq, seq) FROM mails WHERE seq = ANY($1)";
    FOLLOW [Int, Int] = "WITH v(was, message) AS ({rows}) INSERT INTO message_tags (message, tag) \
        SELECT DISTINCT v.message, t.tag FROM v JOIN message_tags t ON t.message = v.was WHERE TRUE \
        ON CONFLICT (message, tag) DO NOTHING";
    LEAVE = "DELETE FROM message_tags WHERE message = ANY($1)";
    PUT = "INSERT INTO message_tags (message, tag) SELECT seq, $2 FROM mails WHERE seq = ANY($1) \
        ON CONFLICT (message, tag) DO NOTHING";
}

/// Without what cannot be shown, and not too long.
fn tidy(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(TAG_NAME_MAX).collect()
}

fn tag(row: &Row<'_>) -> Result<Tag> {
    Ok(Tag { key: row.int(0)?, name: row.text(1)?, colour: row.text(2)? })
}

fn ensure(tx: &Tx<'_>, name: &str, now: UnixMillis) -> Result<Option<i64>> {
    let name = tidy(name);
    if name.is_empty() {
        return Ok(None);
    }
    let folded = name.to_lowercase();
    if let Some(found) = tx.first(&FIND, &[(&folded).into()], tag)? {
        return Ok(Some(found.key));
    }
    let key = take(tx, "row", 1)?;
    tx.exec(&ADD, &args![key, &name, &folded, COLOUR, now])?;
    tx.first(&FIND, &[(&folded).into()], |row| row.int(0))
}

/// Puts a tag on the messages of these mails; made if there is none of that name.
pub(crate) fn put(tx: &Tx<'_>, mails: &[i64], name: &str, now: UnixMillis) -> Result<()> {
    let Some(key) = ensure(tx, name, now)? else { return Ok(()) };
    let messages = tx.query(&MESSAGES_OF, &[Arg::Ints(mails)], |row| row.int(0))?;
    if tx.exec(&PUT, &[Arg::Ints(&messages), key.into()])? > 0 {
        entries::touch(tx, &messages)?;
    }
    Ok(())
}

/// Mails that now belong to another message bring the tags of the one before. By number of the mail: the message it belonged
/// to, and the one it belongs to.
pub(crate) fn follow(tx: &Tx<'_>, moved: &[(i64, i64, i64)]) -> Result<()> {
    let (rows, gone) = moves(moved);
    tx.bulk(&FOLLOW, &rows)?;
    if gone.is_empty() { Ok(()) } else { tx.exec(&LEAVE, &[Arg::Ints(&gone)]).map(drop) }
}

/// Rows of old and new message, and the messages that are none any more.
pub(crate) fn moves(moved: &[(i64, i64, i64)]) -> (Rows<'static>, Vec<i64>) {
    let mut rows = Rows::new(2, moved.len());
    let mut gone = Vec::new();
    for (mail, was, message) in moved {
        rows.push(args![*was, *message]);
        if mail == was {
            gone.push(*mail);
        }
    }
    (rows, gone)
}

/// Tags of messages, by name.
pub(crate) fn of_messages(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, Vec<Tag>>> {
    let mut of: HashMap<i64, Vec<Tag>> = HashMap::new();
    for (message, tag) in tx.query(&OF, &[Arg::Ints(messages)], |row| {
        Ok((row.int(0)?, Tag { key: row.int(1)?, name: row.text(2)?, colour: row.text(3)? }))
    })? {
        of.entry(message).or_default().push(tag);
    }
    Ok(of)
}

/// Writes into the log what becomes of the tags of messages, each with its mail.
fn tell(
    tx: &Tx<'_>,
    messages: &[i64],
    (add, remove): (&[String], &[String]),
    actor: &LinkActor,
    now: UnixMillis,
) -> Result<()> {
    let ids = rows::mail_ids(tx, messages)?;
    let names = [add, remove].concat().join(", ");
    let payload = json!({ "add": add, "remove": remove, "names": names, "user": actor.name }).to_string();
    let entry =
        |mail: &MailId| events::entry(&actor.id, "mail.tagged", mail.to_string(), payload.clone(), now);
    let entries: Vec<_> = messages.iter().filter_map(|seq| ids.get(seq)).map(entry).collect();
    events::append_all(tx, &entries)
}

/// Does again what the log tells of; `false` if the mail is not here.
pub(crate) fn replay(
    tx: &Tx<'_>,
    mail: MailId,
    add: &[String],
    remove: &[String],
    at: UnixMillis,
) -> Result<bool> {
    let messages = rows::messages_of(tx, &[mail])?;
    if messages.is_empty() {
        return Ok(false);
    }
    for name in add {
        put(tx, &messages, name, at)?;
    }
    for name in remove {
        if let Some(found) = tx.first(&FIND, &[(&name.to_lowercase()).into()], tag)?
            && tx.exec(&TAKE, &[Arg::Ints(&messages), found.key.into()])? > 0
        {
            entries::touch(tx, &messages)?;
        }
    }
    Ok(true)
}

/// Every message with this tag gets a new change number, so that the index hears of it.
fn touch_all(tx: &Tx<'_>, key: i64) -> Result<()> {
    let mut after = 0;
    loop {
        let messages = tx.query(&MESSAGES, &args![key, after, CHUNK], |row| row.int(0))?;
        let Some(last) = messages.last() else { return Ok(()) };
        after = *last;
        entries::touch(tx, &messages)?;
    }
}

impl Store {
    /// All tags, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn tags(&self) -> Result<Vec<Tag>> {
        self.read(|tx| tx.query(&LIST, &[], tag))
    }

    /// Makes a tag; of a colour, a word of the page's palette.
    ///
    /// # Errors
    /// `Exists` if there is one of that name, whatever its case; `Missing` if nothing is left of the name.
    pub fn create_tag(&self, name: &str, colour: String, now: UnixMillis) -> Result<Tag> {
        let name = tidy(name);
        self.write(move |tx| {
            let folded = name.to_lowercase();
            if folded.is_empty() {
                return Err(missing(0));
            }
            if tx.first(&FIND, &[(&folded).into()], tag)?.is_some() {
                return Err(StoreError::Exists { what: "tag name" });
            }
            let key = take(tx, "row", 1)?;
            tx.exec(&ADD, &args![key, &name, &folded, &colour, now])?;
            Ok(Tag { key, name: name.clone(), colour: colour.clone() })
        })
    }

    /// Changes name and colour; searches find the messages under the new name.
    ///
    /// # Errors
    /// `Missing`; `Exists` if another one has that name.
    pub fn change_tag(&self, key: i64, name: &str, colour: String) -> Result<Tag> {
        let name = tidy(name);
        self.write_batch(move |tx| {
            let folded = name.to_lowercase();
            let other = tx.first(&FIND, &[(&folded).into()], tag)?;
            if other.as_ref().is_some_and(|other| other.key != key) {
                return Err(StoreError::Exists { what: "tag name" });
            }
            if folded.is_empty() || tx.exec(&CHANGE, &args![key, &name, &folded, &colour])? == 0 {
                return Err(missing(key));
            }
            if other.is_none() {
                touch_all(tx, key)?;
            }
            Ok(Tag { key, name: name.clone(), colour: colour.clone() })
        })
    }

    /// Removes a tag, from its messages as well.
    ///
    /// # Errors
    /// `Missing`.
    pub fn remove_tag(&self, key: i64) -> Result<()> {
        self.write_batch(move |tx| {
            if tx.exec(&REMOVE, &[key.into()])? == 0 {
                return Err(missing(key));
            }
            touch_all(tx, key)?;
            tx.exec(&CLEAR, &[key.into()]).map(drop)
        })
    }

    /// Puts tags on messages and takes others off; mails the scope does not allow are left out. New names make new tags.
    /// Writes the event log. Gives how many messages are meant.
    ///
    /// # Errors
    /// Those of the database.
    pub fn tag_messages(
        &self,
        scope: &Scope,
        mails: &[MailId],
        add: Vec<String>,
        remove: Vec<i64>,
        actor: LinkActor,
        now: UnixMillis,
    ) -> Result<u64> {
        let (scope, keys) = (scope.clone(), self.keys().clone());
        let mails = mails.to_vec();
        self.write(move |tx| {
            let scope = keys.scope(tx, &scope)?;
            let messages = rows::messages_of(tx, &mails)?;
            let mut allowed: Vec<i64> = rows::visible(tx, &scope, &messages)?.into_keys().collect();
            allowed.sort_unstable();
            for name in &add {
                put(tx, &allowed, name, now)?;
            }
            for key in &remove {
                if tx.exec(&TAKE, &[Arg::Ints(&allowed), (*key).into()])? > 0 {
                    entries::touch(tx, &allowed)?;
                }
            }
            let known = tx.query(&LIST, &[], tag)?;
            let taken = known.into_iter().filter(|tag| remove.contains(&tag.key));
            let taken: Vec<String> = taken.map(|tag| tag.name).collect();
            tell(tx, &allowed, (&add, &taken), &actor, now)?;
            Ok(allowed.len() as u64)
        })
    }
}

fn missing(key: i64) -> StoreError {
    StoreError::Missing { what: "tag", key: key.to_string() }
}
