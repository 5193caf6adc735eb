//! What has changed at the source with mails that were fetched before: which have gone, and which flags they have now.
//!
//! | server can | it is asked |
//! | --- | --- |
//! | QRESYNC | for what has changed and gone since last time, with one command |
//! | CONDSTORE | for flags that have changed since last time; what has gone is found as without it |
//! | neither | for all UIDs and flags, of large mailboxes once a day |
//!
//! Source: RFC 7162 §3.1, §3.2.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::Flags;
use tokio::time::Instant;

use super::answer::{ANSWERS_MAX, Answer};
use super::channel::Outlet;
use super::command::Command;
use super::drive::Session;
use super::error::ImapError;
use super::event::Event;

/// Mails asked about with one command.
const CHUNK_MAILS: u32 = 5000;
/// A mailbox with more mails is large.
const LARGE_MAILS: u32 = 2000;
/// Time between two comparisons of all mails of a large mailbox.
const DAILY: Duration = Duration::from_hours(24);

/// A mailbox, and up to where it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) raw: Vec<u8>,
    pub(crate) uid_validity: u32,
    pub(crate) uid: u32,
}

/// What is remembered of a comparison.
#[derive(Clone, Copy, Debug)]
struct Compared {
    uid_validity: u32,
    modseq: Option<u64>,
    /// The last one, and the last one of all mails.
    at: Instant,
    all_at: Instant,
}

/// What is remembered of all mailboxes, as long as the process runs.
#[derive(Debug, Default)]
pub(crate) struct Comparing(HashMap<Vec<u8>, Compared>);

impl Comparing {
    /// Asks about one mailbox, if the last time is `interval` ago, and reports what is found.
    pub(crate) async fn compare(
        &mut self,
        session: &mut Session,
        fetched: &Fetched,
        interval: Duration,
        outlet: &Outlet,
    ) -> Result<(), ImapError> {
        match self.compare_inner(session, fetched, interval, outlet).await {
            Err(ImapError::Refused { .. }) => {
                let (uid_validity, now) = (fetched.uid_validity, Instant::now());
                let compared = Compared { uid_validity, modseq: None, at: now, all_at: now };
                self.0.insert(fetched.raw.clone(), compared);
                Ok(())
            }
            result => result,
        }
    }

    async fn compare_inner(
        &mut self,
        session: &mut Session,
        fetched: &Fetched,
        interval: Duration,
        outlet: &Outlet,
    ) -> Result<(), ImapError> {
        let before = self.0.get(&fetched.raw).copied();
        let before = before.filter(|before| before.uid_validity == fetched.uid_validity);
        if before.is_some_and(|before| before.at.elapsed() < interval) {
            return Ok(());
        }
        let tells_gone = session.enable_qresync().await?;
        let mailbox = fetched.raw.as_slice();
        let has_condstore = session.capabilities().has("CONDSTORE") || session.capabilities().has("QRESYNC");
        let open = if has_condstore && !tells_gone {
            Command::ExamineCondstore { mailbox }
        } else {
            Command::Examine { mailbox }
        };
        let opened = session.ask(open).await?;
        let Some(messages) = opened.messages else { return Ok(()) };
        if opened.number("UIDVALIDITY").unwrap_or(0) != fetched.uid_validity {
            return Ok(());
        }
        let modseq = opened.long_number("HIGHESTMODSEQ").filter(|modseq| *modseq > 0);
        let since = before.and_then(|before| before.modseq).zip(modseq).filter(|(since, now)| since <= now);
        let is_told = match since {
            Some((since, now)) if since == now => true,
            Some((since, _)) => changes(session, fetched, since, tells_gone, outlet).await?,
            None => false,
        };
        let pause = if messages > LARGE_MAILS { DAILY } else { interval };
        let is_due = before.is_none_or(|before| before.all_at.elapsed() >= pause);
        let is_lost = since.is_some() && !is_told;
        let mut all_at = before.map_or_else(Instant::now, |before| before.all_at);
        if !(is_told && tells_gone) && (is_due || is_lost) {
            all(session, fetched, messages, outlet).await?;
            all_at = Instant::now();
        }
        let compared = Compared { uid_validity: fetched.uid_validity, modseq, at: Instant::now(), all_at };
        self.0.insert(fetched.raw.clone(), compared);
        Ok(())
    }
}

/// What has changed since; false if the answer was too long to be kept.
async fn changes(
    session: &mut Session,
    fetched: &Fetched,
    since: u64,
    tells_gone: bool,
    outlet: &Outlet,
) -> Result<bool, ImapError> {
    let command = Command::UidChanges { uid_last: fetched.uid, since, tells_gone };
    let answer = session.ask(command).await?;
    if answer.fetched.len() >= ANSWERS_MAX {
        return Ok(false);
    }
    let (mailbox, uid_validity): (Arc<[u8]>, u32) = (fetched.raw.as_slice().into(), fetched.uid_validity);
    let flags = flags(&answer, fetched.uid);
    let mut events = Vec::new();
    if !flags.is_empty() {
        events.push(Event::Flags { mailbox: Arc::clone(&mailbox), uid_validity, flags });
    }
    let gone: Vec<(u32, u32)> =
        answer.vanished.iter().copied().filter(|(first, _)| *first <= fetched.uid).collect();
    if !gone.is_empty() {
        events.push(Event::Vanished { mailbox, uid_validity, uids: gone });
    }
    outlet.send(events).await?;
    Ok(true)
}

/// All that is there. Only if the server lists as many mails as it says there are, and none goes meanwhile, the others count
/// as gone.
async fn all(
    session: &mut Session,
    fetched: &Fetched,
    messages: u32,
    outlet: &Outlet,
) -> Result<(), ImapError> {
    let mut flags_there: Vec<(u32, Flags)> = Vec::new();
    let mut first = 1;
    while first <= messages {
        let last = messages.min(first.saturating_add(CHUNK_MAILS - 1));
        let answer = session.ask(Command::FetchFlags { first, last }).await?;
        if answer.has_expunged {
            return Ok(());
        }
        flags_there.extend(flags(&answer, u32::MAX));
        first = last.saturating_add(1);
    }
    let mailbox: Arc<[u8]> = fetched.raw.as_slice().into();
    let uid_validity = fetched.uid_validity;
    flags_there.sort_unstable_by_key(|(uid, _)| *uid);
    flags_there.dedup_by_key(|(uid, _)| *uid);
    let is_complete = flags_there.len() == messages as usize;
    flags_there.retain(|(uid, _)| *uid <= fetched.uid);
    let event = if is_complete {
        Event::Present { mailbox, uid_validity, uid_last: fetched.uid, flags: flags_there }
    } else {
        Event::Flags { mailbox, uid_validity, flags: flags_there }
    };
    outlet.send(vec![event]).await
}

fn flags(answer: &Answer, uid_last: u32) -> Vec<(u32, Flags)> {
    let mails = answer.fetched.iter().filter_map(|mail| Some((mail.uid?, mail.flags?)));
    mails.filter(|(uid, _)| *uid <= uid_last).collect()
}
