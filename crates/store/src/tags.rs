//! Tags: words with a colour, on messages. A tag belongs to the message, so twins share it.

use model::UnixMillis;

use crate::db::Tx;
use crate::entries;
use crate::error::Result;
use crate::sql::statements;
use crate::store::take;
use crate::value::{Arg, Row, args};

/// Longest name, characters.
pub(crate) const TAG_NAME_MAX: usize = 60;
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
    MESSAGES_OF = "SELECT DISTINCT COALESCE(message_seq, seq) FROM mails WHERE seq = ANY($1)";
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
