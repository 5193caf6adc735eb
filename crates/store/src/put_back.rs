//! Mails that are put back into a mailbox of a server: rows of the queue of source actions, and what is to be known of them.

use std::collections::HashMap;

use model::{AccountId, Flags, MailId, Scope, UnixMillis};

use crate::db::Tx;
use crate::detail::{MailOctets, OCTETS, mail_octets};
use crate::error::{Result, StoreError};
use crate::examination;
use crate::exports::any_held;
use crate::placements::flags;
use crate::rows;
use crate::source_actions::SourceAction;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Rows};

/// A mail that is to be put back.
#[derive(Clone, Debug)]
pub struct PutBackMail {
    /// Where its octets lie.
    pub octets: MailOctets,
    /// `Message-ID`.
    pub message_id: Option<String>,
    /// Flags of the place it has had longest, without `deleted`.
    pub flags: Flags,
    /// When a source says it was received.
    pub received: Option<UnixMillis>,
    /// One of its attachments is held, or nobody has looked at it yet.
    pub held: bool,
}

statements! {
    /// Any mailbox of the account: the row is about none that is there.
    MAILBOX = "SELECT MIN(key) FROM mailboxes WHERE account = $1";
    IDS = "SELECT seq, mail_id FROM mails WHERE seq = ANY($1) ORDER BY seq";
    ADD [Int, Int, Int, Text, Int, Int, Text, Int] = "WITH v(key, account, mailbox, locator, seq, action, target, at) \
        AS ({rows}) INSERT INTO source_actions (key, account, mailbox, uid_validity, uid, locator, seq, action, target, \
        why, state, attempts, due, error, created, changed) SELECT key, account, mailbox, 0, 0, locator, seq, action, \
        target, 'put_back', 0, 0, at, '', at, at FROM v WHERE TRUE ON CONFLICT (mailbox, uid_validity, uid, locator, \
        action, target) DO UPDATE SET state = 0, attempts = 0, due = excluded.due, error = '', \
        created = excluded.created, changed = excluded.changed";
    MESSAGE_IDS = "SELECT seq, message_id FROM heads WHERE seq = ANY($1)";
    PLACES = "SELECT seq, received, flags FROM placements WHERE seq = ANY($1) ORDER BY seq, fetched";
}

fn add(tx: &Tx<'_>, account: i64, folder: &str, mails: &[i64], now: UnixMillis) -> Result<()> {
    let mailbox = tx.first(&MAILBOX, &[account.into()], |row| row.opt_int(0))?.flatten();
    let Some(mailbox) = mailbox else {
        return Err(StoreError::Missing { what: "mailbox", key: account.to_string() });
    };
    let action = SourceAction::PutBack(folder.to_owned());
    let (code, target) = action.columns();
    let ids = tx.query(&IDS, &[Arg::Ints(mails)], |row| Ok((row.int(0)?, row.octets::<16>(1)?)))?;
    let first = take(tx, "row", ids.len())?;
    let mut rows = Rows::new(8, ids.len());
    for ((seq, id), key) in ids.iter().zip(first..) {
        let locator = MailId::from_octets(*id).to_string();
        let [key, account, mailbox, locator] =
            [key.into(), account.into(), mailbox.into(), Arg::from(locator)];
        rows.push([key, account, mailbox, locator, (*seq).into(), code.into(), target.into(), now.into()]);
    }
    tx.bulk(&ADD, &rows).map(drop)
}

impl Store {
    /// Queues the messages of these numbers, of each its first mail the scope allows; gives how many.
    ///
    /// # Errors
    /// `Missing` account, or mailbox where none of the account is known yet.
    pub fn put_back(
        &self,
        scope: &Scope,
        messages: Vec<i64>,
        (account, folder): (AccountId, String),
        now: UnixMillis,
    ) -> Result<u64> {
        let (scope, keys) = (scope.clone(), self.keys().clone());
        self.write_batch(move |tx| {
            let account = keys.known_account(tx, account)?;
            let scope = keys.scope(tx, &scope)?;
            let visible = rows::visible(tx, &scope, &messages)?;
            let mails: Vec<i64> = visible.into_values().map(|visible| visible.shown).collect();
            add(tx, account, &folder, &mails, now)?;
            Ok(mails.len() as u64)
        })
    }

    /// Numbers of the messages these mails belong to.
    ///
    /// # Errors
    /// Those of the database.
    pub fn messages_of_mails(&self, mails: &[MailId]) -> Result<Vec<i64>> {
        self.read(|tx| rows::messages_of(tx, mails))
    }

    /// What is to be known of mails to put them back, by their numbers; one that is not here any more is missing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_back_mails(&self, mails: &[i64]) -> Result<HashMap<i64, PutBackMail>> {
        self.read(|tx| {
            let octets = tx.query(&OCTETS, &[Arg::Ints(mails)], mail_octets)?;
            let ids =
                tx.query(&MESSAGE_IDS, &[Arg::Ints(mails)], |row| Ok((row.int(0)?, row.opt_text(1)?)))?;
            let mut ids: HashMap<i64, Option<String>> = ids.into_iter().collect();
            let mut places: HashMap<i64, (Option<UnixMillis>, Flags)> = HashMap::new();
            let rows = tx.query(&PLACES, &[Arg::Ints(mails)], |row| {
                Ok((row.int(0)?, row.opt_time(1)?, flags(row.int(2)?)))
            })?;
            for (seq, received, flags) in rows {
                let place = places.entry(seq).or_insert((received, flags));
                place.0 = place.0.into_iter().chain(received).min();
            }
            let attachments = examination::attachments(tx, mails)?;
            let examined = examination::of_mails(tx, mails)?;
            let of = octets.into_iter().map(|octets| {
                let seq = octets.seq;
                let (received, flags) = places.get(&seq).copied().unwrap_or_default();
                let parts = attachments.get(&seq).map_or(&[][..], Vec::as_slice);
                let held = any_held(parts, examined.get(&seq).map_or(&[][..], Vec::as_slice));
                let message_id = ids.remove(&seq).flatten();
                (
                    seq,
                    PutBackMail {
                        octets,
                        message_id,
                        flags: Flags { deleted: false, ..flags },
                        received,
                        held,
                    },
                )
            });
            Ok(of.collect())
        })
    }
}
