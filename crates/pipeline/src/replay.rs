//! The database is older than the log: mails keep the names the log gives them, and what people and rules did comes back.

use std::collections::HashMap;

use ledger::Kind;
use ledger::payload::{Content, Row};
use model::{Flags, MailId, MailboxId, ObjectId, Position, Sha256, UnixMillis};
use serde::Deserialize;
use store::{Intake, IntakeItem, MailboxListing};

use crate::core::Core;
use crate::error::Result;

/// Leaves read together.
const BATCH: usize = 500;

/// What the log tells of mails that come back: by the name of their records, their ids and mailboxes.
pub(crate) struct Past<'a> {
    core: &'a Core,
    next: u64,
    to: u64,
    /// Read and not asked for yet: records and leaves stand in about the same order.
    archived: HashMap<ObjectId, (MailId, Option<MailboxId>)>,
}

#[derive(Deserialize)]
struct Archived {
    mail: String,
    object: String,
    mailbox: Option<String>,
}

impl<'a> Past<'a> {
    pub(crate) fn new(core: &'a Core) -> Result<Self> {
        let (next, to) = core.store.replay_range()?;
        Ok(Self { core, next, to, archived: HashMap::new() })
    }

    /// Id of the mail whose record has this name, and of the mailbox it lay in; `None` if the log does not know it.
    pub(crate) fn of(&mut self, object: ObjectId) -> Result<Option<(MailId, Option<MailboxId>)>> {
        loop {
            if let Some(found) = self.archived.remove(&object) {
                return Ok(Some(found));
            }
            if self.next >= self.to {
                return Ok(None);
            }
            let rows = self.core.store.leaves(self.next, BATCH)?;
            self.next = rows.last().map_or(self.to, |row| row.index + 1);
            self.archived.extend(rows.iter().filter_map(archived));
        }
    }
}

fn archived(row: &Row) -> Option<(ObjectId, (MailId, Option<MailboxId>))> {
    let Content::Kept { payload, .. } = &row.content else { return None };
    let told: Archived =
        (row.kind == Kind::Archived.code()).then(|| serde_json::from_slice(payload).ok()).flatten()?;
    let mailbox = told.mailbox.and_then(|mailbox| mailbox.parse().ok());
    Some((told.object.parse().ok()?, (told.mail.parse().ok()?, mailbox)))
}

/// Another place of a mail.
#[derive(Deserialize)]
struct Placed {
    mail: String,
    sha256: String,
    account: String,
    #[serde(default)]
    account_name: String,
    mailbox: String,
    #[serde(default)]
    mailbox_name: String,
    position: Place,
    received: Option<i64>,
    fetched: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Place {
    Imap { uid_validity: u32, uid: u32 },
    Unique { unique_id: String },
    File { file: String },
}

/// Replays what came back and was not replayed yet; mails have to be filed before. Killed anywhere, it goes on at the next start.
pub(crate) fn replay(core: &Core) -> Result<()> {
    let (mut next, to) = core.store.replay_range()?;
    if next >= to {
        return Ok(());
    }
    let (mut events, mut acts, mut missing) = (0, 0, 0);
    while next < to {
        let mut rows = core.store.leaves(next, BATCH)?;
        rows.retain(|row| row.index < to);
        next = rows.last().map_or(to, |row| row.index + 1);
        let places = rows.iter().filter(|row| row.kind == Kind::Placed.code());
        missing += place(core, places)?;
        let done = core.store.replay(rows, next)?;
        events += done.events;
        acts += done.acts;
        missing += done.missing;
    }
    core.wake_follower();
    tracing::warn!(events, acts, missing, "brought back from the log what the database lacked");
    Ok(())
}

/// Adds the places that mails have beside the first one; gives how many belong to mails or accounts that are not here.
fn place<'a>(core: &Core, rows: impl Iterator<Item = &'a Row>) -> Result<u64> {
    let mut intake = Intake { now: core.now(), ..Intake::default() };
    let mut missing = 0;
    for row in rows {
        let Content::Kept { payload, .. } = &row.content else { continue };
        let Ok(placed) = serde_json::from_slice::<Placed>(payload) else { continue };
        match item(core, placed)? {
            Some((of, item)) => {
                intake.told.insert(of);
                intake.items.push(item);
            }
            None => missing += 1,
        }
    }
    if !intake.items.is_empty() {
        core.store.commit_intake(intake)?;
    }
    Ok(missing)
}

fn item(core: &Core, placed: Placed) -> Result<Option<(MailId, IntakeItem)>> {
    let Ok(sha256) = placed.sha256.parse::<Sha256>() else { return Ok(None) };
    let ids = (placed.mail.parse::<MailId>(), placed.account.parse(), placed.mailbox.parse::<MailboxId>());
    let (Ok(of), Ok(account), Ok(mailbox)) = ids else { return Ok(None) };
    if core.store.known_digests(&[sha256])?.is_empty() {
        return Ok(None);
    }
    let name = Some(placed.account_name.as_str()).filter(|name| !name.is_empty());
    if !crate::recovery::has_account(core, account, name)? {
        return Ok(None);
    }
    let mailboxes = core.store.mailboxes(account)?;
    let mailbox = match mailboxes.iter().find(|known| known.id == mailbox) {
        Some(known) => known.id,
        None if placed.mailbox_name.is_empty() => return Ok(None),
        None => {
            let name = placed.mailbox_name.as_bytes();
            let listing = MailboxListing { id: mailbox, ..crate::recovery::listing(name) };
            core.store.upsert_mailboxes(account, vec![listing])?.first().copied().unwrap_or(mailbox)
        }
    };
    let position = match placed.position {
        Place::Imap { uid_validity, uid } => Position::Imap { uid_validity, uid },
        Place::Unique { unique_id } => Position::Unique { unique_id },
        Place::File { file } => Position::File { locator: file },
    };
    let item = IntakeItem {
        mail_id: of,
        sha256,
        octets: 0,
        record: None,
        mailbox,
        position,
        received: placed.received.map(UnixMillis),
        fetched: UnixMillis(placed.fetched),
        flags: Flags { seen: true, ..Flags::default() },
        envelope: None,
    };
    Ok(Some((of, item)))
}
