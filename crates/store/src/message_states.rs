//! What people did with messages. A deleted message is hidden: no list, count or search shows it unless asked. Its mails, their
//! octets and all that is known of them stay, and it can be restored at any time.
//!
//! States belong to (message, group); group 0 stands for no group, and is the only one so far.

use std::collections::HashMap;

use model::{AccountId, MailId, Scope, UnixMillis};

use crate::db::Tx;
use crate::entries::{self, Changes};
use crate::error::Result;
use crate::events;
use crate::keys::ScopeKeys;
use crate::link_acts::LinkActor;
use crate::rows::{self, Visible};
use crate::source_actions;
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Rows, args};

/// Messages of no group.
const NO_GROUP: i64 = 0;
/// What was deleted here stays at the source for so long, so that it can be taken back.
const GRACE_MS: i64 = 10_000;

/// What became of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Those that are deleted, or restored, now and were not before; named by the mail the caller sees.
    pub changed: Vec<MailId>,
    /// How many of the others the caller may read: they were that way already.
    pub unchanged: u64,
    /// Accounts at whose source something is to be deleted, and not before when.
    pub sources: Vec<AccountId>,
    /// When it is due there.
    pub due: UnixMillis,
}

statements! {
    DELETED = "SELECT message, deleted FROM message_states WHERE message = ANY($1) AND group_key = 0 \
        AND deleted IS NOT NULL";
    PUT [Int, Int, Int] = "WITH v(message, group_key, deleted) AS ({rows}) INSERT INTO message_states \
        (message, group_key, deleted) SELECT message, group_key, deleted FROM v WHERE TRUE \
        ON CONFLICT (message, group_key) DO UPDATE SET deleted = excluded.deleted";
    FOLLOW [Int, Int] = "WITH v(was, message) AS ({rows}) INSERT INTO message_states (message, group_key, deleted) \
        SELECT v.message, s.group_key, s.deleted FROM v JOIN message_states s ON s.message = v.was WHERE TRUE \
        ON CONFLICT (message, group_key) DO NOTHING";
    LEAVE = "DELETE FROM message_states WHERE message = ANY($1)";
}

/// Of these messages those that are deleted, and since when.
pub(crate) fn deleted(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, UnixMillis>> {
    let rows = tx.query(&DELETED, &[Arg::Ints(messages)], |row| Ok((row.int(0)?, row.time(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// Mails that now belong to another message. One that becomes a message of its own takes the states with it; one that joins
/// another message leaves that as it is, so that nothing is hidden that nobody deleted.
pub(crate) fn follow(tx: &Tx<'_>, moved: &[(i64, i64, i64)]) -> Result<()> {
    let (mut rows, mut gone) = (Rows::new(2, moved.len()), Vec::new());
    for (mail, was, message) in moved {
        if mail == message {
            rows.push(args![*was, *message]);
        }
        if mail == was {
            gone.push(*mail);
        }
    }
    tx.bulk(&FOLLOW, &rows)?;
    if gone.is_empty() { Ok(()) } else { tx.exec(&LEAVE, &[Arg::Ints(&gone)]).map(drop) }
}

/// Mails of messages, with the account each is seen in.
fn places(visible: &HashMap<i64, Visible>, messages: &[i64]) -> Vec<(i64, Vec<i64>)> {
    messages.iter().filter_map(|message| visible.get(message)).flat_map(|v| v.mails.clone()).collect()
}

/// An entry in the log for each of these mails; gives their ids, in their order.
pub(crate) fn tell(
    tx: &Tx<'_>,
    shown: &[i64],
    kind: &'static str,
    actor: &LinkActor,
    now: UnixMillis,
) -> Result<Vec<MailId>> {
    let ids = rows::mail_ids(tx, shown)?;
    let mails: Vec<MailId> = shown.iter().filter_map(|seq| ids.get(seq).copied()).collect();
    let payload = format!("{{\"user\":\"{}\"}}", events::plain(&actor.name));
    let entries: Vec<_> = mails
        .iter()
        .map(|mail| events::entry(&actor.id, kind, mail.to_string(), payload.clone(), now))
        .collect();
    events::append_all(tx, &entries)?;
    Ok(mails)
}

/// Hides messages or shows them again. Gives what became of them, and the keys of accounts something is to be done in.
fn set(
    tx: &Tx<'_>,
    scope: &ScopeKeys,
    mails: &[MailId],
    delete: bool,
    actor: &LinkActor,
    now: UnixMillis,
) -> Result<(Hidden, Vec<i64>)> {
    let found = rows::messages_of(tx, mails)?;
    let visible = rows::visible(tx, scope, &found)?;
    let already = deleted(tx, &found)?;
    let mut messages: Vec<i64> = visible.keys().copied().collect();
    messages.sort_unstable();
    let allowed = messages.len();
    messages.retain(|message| already.contains_key(message) != delete);
    let mut done = Hidden { due: now.plus_ms(GRACE_MS), ..Hidden::default() };
    done.unchanged = (allowed - messages.len()) as u64;
    if messages.is_empty() {
        return Ok((done, Vec::new()));
    }
    let mut changes = Changes::of_messages(tx, messages.clone())?;
    let mut rows = Rows::new(3, messages.len());
    for message in &messages {
        rows.push(args![*message, NO_GROUP, delete.then_some(now)]);
    }
    tx.bulk(&PUT, &rows)?;
    changes.settle(tx)?;
    entries::touch(tx, &messages)?;
    let mails = places(&visible, &messages);
    let accounts = if delete {
        source_actions::mirror(tx, &mails, done.due, now)?
    } else {
        source_actions::take_back(tx, &mails)?;
        Vec::new()
    };
    let shown: Vec<i64> = messages.iter().filter_map(|m| visible.get(m)).map(|v| v.shown).collect();
    done.changed = tell(tx, &shown, if delete { "mail.deleted" } else { "mail.restored" }, actor, now)?;
    Ok((done, accounts))
}

/// Hides the message of a mail as the log tells it, or shows it; `false` if the mail is not here.
pub(crate) fn replay(tx: &Tx<'_>, mail: MailId, deleted: Option<UnixMillis>) -> Result<bool> {
    let messages = rows::messages_of(tx, &[mail])?;
    let Some(message) = messages.first().copied() else { return Ok(false) };
    let mut changes = Changes::of_messages(tx, vec![message])?;
    tx.bulk(&PUT, &Rows::one(args![message, NO_GROUP, deleted]))?;
    changes.settle(tx)?;
    entries::touch(tx, &[message])?;
    Ok(true)
}

impl Store {
    /// Hides the messages of these mails; those the scope does not allow are left out. Where an account says that what is deleted
    /// here is deleted there, that is queued for each place of the mails in it, if the scope allows the account.
    ///
    /// # Errors
    /// Those of the database.
    pub fn delete_messages(
        &self,
        scope: &Scope,
        mails: &[MailId],
        actor: LinkActor,
        now: UnixMillis,
    ) -> Result<Hidden> {
        self.hide(scope, mails, true, actor, now)
    }

    /// Shows deleted messages again, and takes back what is not yet done at the source.
    ///
    /// # Errors
    /// Those of the database.
    pub fn restore_messages(
        &self,
        scope: &Scope,
        mails: &[MailId],
        actor: LinkActor,
        now: UnixMillis,
    ) -> Result<Hidden> {
        self.hide(scope, mails, false, actor, now)
    }

    fn hide(
        &self,
        scope: &Scope,
        mails: &[MailId],
        delete: bool,
        actor: LinkActor,
        now: UnixMillis,
    ) -> Result<Hidden> {
        let (scope, keys) = (scope.clone(), self.keys().clone());
        let mails = mails.to_vec();
        self.write(move |tx| {
            let scope = keys.scope(tx, &scope)?;
            let (mut done, accounts) = set(tx, &scope, &mails, delete, &actor, now)?;
            for key in accounts {
                done.sources.push(keys.account_id(tx, key)?);
            }
            Ok(done)
        })
    }
}
