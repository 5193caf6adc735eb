//! All UIDs of a mailbox, in pieces of bounded size: what there is, without a word about the mails themselves.
//!
//! Asked for by sequence numbers, so that a mailbox with few mails and high UIDs takes few commands. When a mail goes
//! meanwhile the numbers shift, and the listing begins anew.

use super::answer::Answer;
use super::channel::Outlet;
use super::command::Command;
use super::drive::Session;
use super::error::ImapError;
use super::event::Event;

/// Mails asked for with one command.
const CHUNK_MAILS: u32 = 5000;
/// A mailbox from which mails go all the time is left alone after so many tries.
const TRIES_MAX: u32 = 3;

/// Lists one mailbox.
pub(crate) async fn inventory(
    session: &mut Session,
    mailbox: &[u8],
    outlet: &Outlet,
) -> Result<(), ImapError> {
    let mut is_complete = false;
    for _ in 0..TRIES_MAX {
        // Opened each time: that is where the server says how many there are.
        let opened = session.ask(Command::Examine { mailbox }).await?;
        let Some(messages) = opened.messages else { break };
        let uid_validity = opened.number("UIDVALIDITY").unwrap_or(0);
        outlet.send(vec![Event::Inventory { mailbox: mailbox.into(), uid_validity }]).await?;
        is_complete = listed(session, messages, outlet).await?;
        if is_complete {
            break;
        }
    }
    outlet.send(vec![Event::InventoryEnd { is_complete }]).await
}

async fn listed(session: &mut Session, messages: u32, outlet: &Outlet) -> Result<bool, ImapError> {
    let (mut first, mut highest) = (1, 0);
    while first <= messages {
        let last = messages.min(first.saturating_add(CHUNK_MAILS - 1));
        let answer = session.ask(Command::UidSearch { numbers: Some((first, last)), uid_first: 1 }).await?;
        let Some(uids) = ranges(&answer, last - first + 1, highest) else { return Ok(false) };
        highest = uids.last().map_or(highest, |(_, last)| *last);
        outlet.send(vec![Event::Listed { uids }]).await?;
        first = last.saturating_add(1);
    }
    Ok(true)
}

/// Runs of the UIDs found; `None` unless there are `expected` of them, all above `highest`, and no mail went.
fn ranges(answer: &Answer, expected: u32, highest: u32) -> Option<Vec<(u32, u32)>> {
    let mut uids = answer.found.clone();
    uids.sort_unstable();
    uids.dedup();
    let is_whole = !answer.has_expunged && uids.len() == expected as usize;
    if !is_whole || uids.first().is_some_and(|uid| *uid <= highest) {
        return None;
    }
    let runs = uids.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    Some(runs.filter_map(|run| Some((*run.first()?, *run.last()?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_uids() {
        let check = |found: &[u32], expected: u32, highest: u32, runs: Option<&[(u32, u32)]>| {
            let answer = Answer { found: found.to_vec(), ..Answer::default() };
            assert_eq!(ranges(&answer, expected, highest).as_deref(), runs);
        };
        check(&[5, 6, 9, 7], 4, 4, Some(&[(5, 7), (9, 9)]));
        check(&[], 0, 4, Some(&[]));
        check(&[5, 6], 3, 4, None);
        check(&[5, 5], 2, 4, None);
        check(&[4], 1, 4, None);
        check(&[u32::MAX], 1, 4, Some(&[(u32::MAX, u32::MAX)]));
        let expunged = Answer { found: vec![5], has_expunged: true, ..Answer::default() };
        assert_eq!(ranges(&expunged, 1, 0), None);
    }
}
