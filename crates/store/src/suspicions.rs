//! Which messages are suspected to be spam: because a filter marked one of their mails, until a person says otherwise. Nothing
//! is hidden by it.

use std::collections::{BTreeMap, HashMap};

use model::{MailId, Scope, UnixMillis};

use crate::db::Tx;
use crate::entries;
use crate::error::Result;
use crate::link_acts::LinkActor;
use crate::message_states;
use crate::rows;
use crate::sql::statements;
use crate::store::Store;
use crate::tags;
use crate::value::{Arg, Rows, args};

/// How a message stands of which somebody said something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    /// It counts as spam.
    pub spam: bool,
    /// The filter that marked it: `rspamd`, `spamassassin`, a header field or a keyword; empty if that is not known.
    pub marked: Option<String>,
    /// What a person said, which holds whatever filters say.
    pub said: Option<bool>,
}

/// What became of messages a person said something of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpamSaid {
    /// Those of which that is new, named by the mail the caller sees, with what a person had said before.
    pub changed: Vec<(MailId, Option<bool>)>,
    /// How many of the others the caller may read.
    pub unchanged: u64,
}

statements! {
    MARK [Int, Text] = "WITH v(message, name) AS ({rows}) INSERT INTO suspicions (message, date, spam, marked) \
        SELECT m.seq, COALESCE(m.date, 0), 1, v.name FROM v JOIN mails m ON m.seq = v.message WHERE TRUE \
        ON CONFLICT (message) DO UPDATE SET marked = excluded.marked, spam = COALESCE(suspicions.said, 1) \
        WHERE suspicions.marked IS NULL";
    MESSAGES_OF = "SELECT seq, COALESCE(message_seq, seq) FROM mails WHERE seq = ANY($1)";
    OF = "SELECT message, spam, marked, said FROM suspicions WHERE message = ANY($1)";
    DATE = "UPDATE suspicions SET date = COALESCE(m.date, 0) FROM mails m WHERE m.seq = suspicions.message \
        AND suspicions.message = ANY($1)";
    FOLLOW [Int, Int] = "WITH v(was, message) AS ({rows}) INSERT INTO suspicions (message, date, spam, marked, said, \
        said_by, said_at) SELECT v.message, MAX(s.date), COALESCE(MIN(s.said), 1), MAX(s.marked), MIN(s.said), \
        MAX(s.said_by), MAX(s.said_at) FROM v JOIN suspicions s ON s.message = v.was WHERE TRUE GROUP BY v.message \
        ON CONFLICT (message) DO UPDATE SET marked = COALESCE(suspicions.marked, excluded.marked), \
        said = COALESCE(suspicions.said, excluded.said), said_by = COALESCE(suspicions.said_by, excluded.said_by), \
        said_at = COALESCE(suspicions.said_at, excluded.said_at), \
        spam = COALESCE(suspicions.said, excluded.said, 1)";
    LEAVE = "DELETE FROM suspicions WHERE message = ANY($1)";
    SAY [Int, Int, Text, Int] = "WITH v(message, said, said_by, said_at) AS ({rows}) INSERT INTO suspicions (message, \
        date, spam, said, said_by, said_at) SELECT m.seq, COALESCE(m.date, 0), v.said, v.said, v.said_by, v.said_at \
        FROM v JOIN mails m ON m.seq = v.message WHERE TRUE ON CONFLICT (message) DO UPDATE SET spam = excluded.spam, \
        said = excluded.said, said_by = excluded.said_by, said_at = excluded.said_at";
    WITHDRAW = "UPDATE suspicions SET spam = 1, said = NULL, said_by = NULL, said_at = NULL WHERE message = ANY($1)";
    DROP_EMPTY = "DELETE FROM suspicions WHERE message = ANY($1) AND marked IS NULL AND said IS NULL";
}

/// Filters mark these messages, each with the name of the filter; what a person said holds.
pub(crate) fn mark(tx: &Tx<'_>, messages: &[(i64, &str)]) -> Result<()> {
    // PostgreSQL refuses to meet the same key twice in a statement.
    let messages: BTreeMap<i64, &str> = messages.iter().copied().collect();
    let mut rows = Rows::new(2, messages.len());
    for (message, by) in messages {
        rows.push(args![message, by]);
    }
    tx.bulk(&MARK, &rows).map(drop)
}

/// The same by mails, which may not be filed yet; searches hear of it.
pub(crate) fn mark_mails(tx: &Tx<'_>, mails: &[(i64, &str)]) -> Result<()> {
    if mails.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = mails.iter().map(|(seq, _)| *seq).collect();
    let found = tx.query(&MESSAGES_OF, &[Arg::Ints(&seqs)], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let of: HashMap<i64, i64> = found.into_iter().collect();
    let marks: Vec<(i64, &str)> = mails.iter().filter_map(|(seq, by)| Some((*of.get(seq)?, *by))).collect();
    mark(tx, &marks)?;
    let messages: Vec<i64> = marks.iter().map(|(message, _)| *message).collect();
    entries::touch(tx, &messages)
}

/// The dates of these messages have changed.
pub(crate) fn redate(tx: &Tx<'_>, messages: &[i64]) -> Result<()> {
    tx.exec(&DATE, &[Arg::Ints(messages)]).map(drop)
}

/// How these messages stand; those nobody said anything of are missing.
pub(crate) fn of_messages(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, Suspicion>> {
    let read = tx.query(&OF, &[Arg::Ints(messages)], |row| {
        let said = row.opt_int(3)?.map(|said| said == 1);
        Ok((row.int(0)?, Suspicion { spam: row.bool(1)?, marked: row.opt_text(2)?, said }))
    })?;
    Ok(read.into_iter().collect())
}

/// Mails that now belong to another message bring its suspicion, and what a person said unless somebody did there: see
/// [`tags::follow`].
pub(crate) fn follow(tx: &Tx<'_>, moved: &[(i64, i64, i64)]) -> Result<()> {
    let (rows, gone) = tags::moves(moved);
    tx.bulk(&FOLLOW, &rows)?;
    if gone.is_empty() { Ok(()) } else { tx.exec(&LEAVE, &[Arg::Ints(&gone)]).map(drop) }
}

fn say(tx: &Tx<'_>, messages: &[i64], word: Option<bool>, by: &str, now: UnixMillis) -> Result<()> {
    if let Some(word) = word {
        let mut rows = Rows::new(4, messages.len());
        for message in messages {
            rows.push(args![*message, word, by, now]);
        }
        tx.bulk(&SAY, &rows)?;
    } else {
        tx.exec(&WITHDRAW, &[Arg::Ints(messages)])?;
        tx.exec(&DROP_EMPTY, &[Arg::Ints(messages)])?;
    }
    entries::touch(tx, messages)
}

/// Does again what the log tells of; `false` if the mail is not here.
pub(crate) fn replay(
    tx: &Tx<'_>,
    mail: MailId,
    word: Option<bool>,
    by: &str,
    at: UnixMillis,
) -> Result<bool> {
    let messages = rows::messages_of(tx, &[mail])?;
    if messages.is_empty() {
        return Ok(false);
    }
    say(tx, &messages, word, by, at)?;
    Ok(true)
}

impl Store {
    /// A person says of the messages of these mails whether they are spam, or takes that back (`None`): then filters count
    /// again. Mails the scope does not allow are left out. The log has an entry for each message.
    ///
    /// # Errors
    /// Those of the database.
    pub fn judge_spam(
        &self,
        scope: &Scope,
        mails: &[MailId],
        word: Option<bool>,
        actor: LinkActor,
        now: UnixMillis,
    ) -> Result<SpamSaid> {
        let (scope, keys) = (scope.clone(), self.keys().clone());
        let mails = mails.to_vec();
        self.write(move |tx| {
            let scope = keys.scope(tx, &scope)?;
            let found = rows::messages_of(tx, &mails)?;
            let visible = rows::visible(tx, &scope, &found)?;
            let known = of_messages(tx, &found)?;
            let said = |message: &i64| known.get(message).and_then(|suspicion| suspicion.said);
            let mut messages: Vec<i64> = visible.keys().copied().collect();
            messages.sort_unstable();
            let allowed = messages.len();
            messages.retain(|message| said(message) != word);
            let unchanged = (allowed - messages.len()) as u64;
            if messages.is_empty() {
                return Ok(SpamSaid { changed: Vec::new(), unchanged });
            }
            say(tx, &messages, word, &actor.id, now)?;
            let shown: Vec<i64> =
                messages.iter().filter_map(|m| visible.get(m)).map(|seen| seen.shown).collect();
            let kind = match word {
                Some(true) => "mail.spam",
                Some(false) => "mail.checked",
                None => "mail.spam_taken_back",
            };
            let told = message_states::tell(tx, &shown, kind, &actor, now)?;
            Ok(SpamSaid { changed: told.into_iter().zip(messages.iter().map(said)).collect(), unchanged })
        })
    }
}
