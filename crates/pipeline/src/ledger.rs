//! Compares what servers hold with what is here, mailbox by mailbox, in pieces of bounded size, and keeps how it came out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use doctor::{LedgerRow, Reason, Tally};
use intake::graph;
use intake::imap::{self, Event, Inlet};
use model::{AccountId, MailboxId, Position};
use store::Mailbox;

use crate::blocking::blocking;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fetch::{Mailboxes, each_gone, mark_names_gone};

/// First and last UIDs.
type Ranges = Vec<(u32, u32)>;

/// Positions looked at together.
const PIECE: usize = 5000;
/// Rows or names at once.
const PAGE: usize = 1000;

/// Compares all mailboxes of the last fetch. Of POP3 the session must still be open.
///
/// # Errors
/// Those of the server and of the database.
pub(crate) async fn compare(core: &Arc<Core>, account: AccountId, mailboxes: &mut Mailboxes) -> Result<()> {
    let core = Arc::clone(core);
    match mailboxes {
        Mailboxes::Imap(fetcher, _) => {
            let (outlet, inlet) = imap::channel(0);
            let for_passed_by = Arc::clone(&core);
            let there = fetcher.selected().to_vec();
            let taking = tokio::task::spawn_blocking(move || Taker::new(&core, account, &there)?.run(inlet));
            let listed = fetcher.inventory(&outlet).await;
            drop(outlet);
            taking.await.map_err(|_| Error::Stopped)??;
            listed?;
            blocking(move || note_passed_by(&for_passed_by, account)).await
        }
        Mailboxes::Pop3(fetcher) => {
            let Some(names) = fetcher.names() else { return Ok(()) };
            let Some(maildrop) = only_mailbox(&core, account).await? else { return Ok(()) };
            blocking(move || compare_names(&core, maildrop, &names).map(drop)).await
        }
        Mailboxes::Graph(fetcher, _) => compare_folders(&core, account, fetcher).await,
    }
}

/// Mailboxes that are excluded are not opened: all that the server says is in them counts as excluded.
fn note_passed_by(core: &Core, account: AccountId) -> Result<()> {
    for mailbox in core.store.mailboxes(account)?.into_iter().filter(|mailbox| mailbox.excluded.is_some()) {
        let mut tally = Tally { source: mailbox.messages.unwrap_or_default(), ..Tally::default() };
        tally.not[Reason::Excluded as usize] = tally.source;
        core.store.set_ledger(mailbox.id, mailbox.uid_validity.unwrap_or_default(), tally, core.now())?;
    }
    Ok(())
}

async fn only_mailbox(core: &Arc<Core>, account: AccountId) -> Result<Option<MailboxId>> {
    let core = Arc::clone(core);
    blocking(move || Ok(core.store.mailboxes(account)?.into_iter().next().map(|mailbox| mailbox.id))).await
}

/// Folder after folder. Mails that nobody told of are fetched with the next run.
async fn compare_folders(core: &Arc<Core>, account: AccountId, fetcher: &mut graph::Fetcher) -> Result<()> {
    let (for_list, there) = (Arc::clone(core), fetcher.selected().to_vec());
    let mailboxes = blocking(move || {
        let mailboxes = for_list.store.mailboxes(account)?.into_iter();
        let mailboxes: Vec<Mailbox> = mailboxes.filter(|mailbox| there.contains(&mailbox.name)).collect();
        let kept = mailboxes.iter().map(|mailbox| mailbox.id).collect();
        for_list.store.keep_ledgers(account, kept)?;
        Ok(mailboxes)
    });
    for mailbox in mailboxes.await? {
        let Some(names) = fetcher.inventory(&mailbox.name).await? else { continue };
        let core = Arc::clone(core);
        blocking(move || {
            let unknown = compare_names(&core, mailbox.id, &names)?;
            for chunk in unknown.chunks(PAGE) {
                let position = |name: &String| Position::Unique { unique_id: name.clone() };
                core.store.fetch_anew(mailbox.id, chunk.iter().map(position).collect(), core.now())?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Takes the inventories of mailboxes.
struct Taker<'c> {
    core: &'c Core,
    mailboxes: HashMap<Vec<u8>, Mailbox>,
    open: Option<Open>,
}

/// A mailbox that is being compared.
struct Open {
    mailbox: MailboxId,
    uid_validity: u32,
    /// Up to this UID every mail was fetched, or noted as failed.
    fetched_to: u32,
    /// Compared up to here.
    after: u32,
    tally: Tally,
    /// No longer there.
    gone: Vec<u32>,
}

impl<'c> Taker<'c> {
    /// `there`: raw names of the mailboxes the server has; ledgers of others are forgotten.
    fn new(core: &'c Core, account: AccountId, there: &[Vec<u8>]) -> Result<Self> {
        let mailboxes = core.store.mailboxes(account)?;
        let is_kept = |mailbox: &&Mailbox| mailbox.excluded.is_some() || there.contains(&mailbox.name);
        let kept = mailboxes.iter().filter(is_kept).map(|mailbox| mailbox.id);
        core.store.keep_ledgers(account, kept.collect())?;
        let mailboxes = mailboxes.into_iter().map(|mailbox| (mailbox.name.clone(), mailbox)).collect();
        Ok(Self { core, mailboxes, open: None })
    }

    fn run(mut self, mut inlet: Inlet) -> Result<()> {
        while let Some(event) = inlet.blocking_recv() {
            match event {
                Event::Inventory { mailbox, uid_validity } => {
                    self.open = self.mailboxes.get(&*mailbox).map(|mailbox| Open::new(mailbox, uid_validity));
                }
                Event::Listed { uids } => {
                    if let (Some(open), Some((_, last))) = (&mut self.open, uids.last().copied()) {
                        open.take(self.core, &uids, last)?;
                    }
                }
                Event::InventoryEnd { is_complete } => {
                    if let Some(open) = self.open.take().filter(|_| is_complete) {
                        open.finish(self.core)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Open {
    fn new(mailbox: &Mailbox, uid_validity: u32) -> Self {
        let cursor = mailbox.cursor.as_ref().filter(|cursor| cursor.uid_validity == uid_validity);
        Self {
            mailbox: mailbox.id,
            uid_validity,
            fetched_to: cursor.map_or(0, |cursor| cursor.uid),
            after: 0,
            tally: Tally::default(),
            gone: Vec::new(),
        }
    }

    /// Compares up to `to`.
    fn take(&mut self, core: &Core, server: &[(u32, u32)], to: u32) -> Result<()> {
        let mut rest = server.to_vec();
        while self.after < to {
            let (ours, end) = core.store.ours(self.mailbox, self.uid_validity, self.after, to, PIECE)?;
            let (piece, after) = split(&rest, end);
            self.gone.extend(self.tally.window(&piece, &ours, self.fetched_to));
            (rest, self.after) = (after, end);
        }
        Ok(())
    }

    /// What lies above the last UID of the server is gone.
    fn finish(mut self, core: &Core) -> Result<()> {
        self.take(core, &[], u32::MAX)?;
        let now = core.now();
        for chunk in self.gone.chunks(PAGE) {
            let position = |uid: &u32| Position::Imap { uid_validity: self.uid_validity, uid: *uid };
            let positions: Vec<Position> = chunk.iter().map(position).collect();
            core.store.mark_gone(self.mailbox, positions.clone(), now)?;
            core.store.forget_left_out(self.mailbox, positions)?;
        }
        Ok(core.store.set_ledger(self.mailbox, self.uid_validity, self.tally, now)?)
    }
}

/// Ranges up to `end`, and those above.
fn split(ranges: &[(u32, u32)], end: u32) -> (Ranges, Ranges) {
    let (mut low, mut high) = (Vec::new(), Vec::new());
    for &(first, last) in ranges {
        if first <= end {
            low.push((first, last.min(end)));
        }
        if last > end {
            high.push((first.max(end.saturating_add(1)), last));
        }
    }
    (low, high)
}

/// A mailbox without UIDs. The protocol has no other way than to name every mail, so the names are in memory anyway.
/// Gives the names that nothing is known of here.
fn compare_names(core: &Core, mailbox: MailboxId, names: &[String]) -> Result<Vec<String>> {
    let (mut tally, mut unknown) = (Tally::default(), Vec::new());
    for chunk in names.chunks(PAGE) {
        let ours = core.store.ours_named(mailbox, chunk)?;
        for name in chunk {
            let known = ours.get(name).copied();
            tally.named(name, known);
            if known.is_none() {
                unknown.push(name.clone());
            }
        }
    }
    let there: HashSet<String> = names.iter().map(|name| store::kept_name(name)).collect();
    tally.gone += mark_names_gone(core, mailbox, &there)?;
    each_gone(
        &there,
        |after| core.store.names_left_out(mailbox, after, PAGE),
        |gone| core.store.forget_left_out(mailbox, gone),
    )?;
    core.store.set_ledger(mailbox, 0, tally, core.now())?;
    Ok(unknown)
}

impl Engine {
    /// Lets the mails of a mailbox that are missing, or failed, be fetched again with the next fetch. Gives how many.
    ///
    /// # Errors
    /// Those of the database.
    pub fn fetch_anew(&self, mailbox: MailboxId, uid_validity: u32) -> Result<u64> {
        let core = self.core();
        let (mut count, mut after) = (0, 0);
        let mut positions = Vec::with_capacity(PAGE);
        loop {
            let rows = core.store.ledger_rows(mailbox, after, PAGE)?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            for (_, row) in rows.iter().filter(|(_, row)| is_fetched_anew(row)) {
                for uid in row.first..=row.last {
                    positions.push(match uid {
                        0 => Position::Unique { unique_id: row.name.clone() },
                        uid => Position::Imap { uid_validity, uid },
                    });
                    count += 1;
                    if positions.len() >= PAGE {
                        core.store.fetch_anew(mailbox, std::mem::take(&mut positions), core.now())?;
                    }
                }
            }
        }
        core.store.fetch_anew(mailbox, positions, core.now())?;
        Ok(count)
    }
}

const fn is_fetched_anew(row: &LedgerRow) -> bool {
    matches!(row.reason, Reason::Missing | Reason::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_split() {
        let check = |end: u32, low: &[(u32, u32)], high: &[(u32, u32)]| {
            assert_eq!(split(&[(1, 4), (7, 9)], end), (low.to_vec(), high.to_vec()));
        };
        check(0, &[], &[(1, 4), (7, 9)]);
        check(2, &[(1, 2)], &[(3, 4), (7, 9)]);
        check(4, &[(1, 4)], &[(7, 9)]);
        check(6, &[(1, 4)], &[(7, 9)]);
        check(u32::MAX, &[(1, 4), (7, 9)], &[]);
    }
}
