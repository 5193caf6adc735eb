//! What is wanted at the source of an account is done there, after its fetch and on its connection. Only mails that are
//! durable here have a row in the queue.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use intake::imap::{Change, ChangeReport, Changed, ImapError, Order};
use intake::{graph, pop3};
use model::{AccountId, Flags, MailboxId, Position};
use store::{DueAction, MailboxListing, SourceAction, SourceOutcome};

use crate::blocking::blocking;
use crate::core::Core;
use crate::error::{Error, Result};
use crate::fetch::Mailboxes;
use crate::put_back;

/// Mails looked at together for what is to happen with them …
const KEEPING_BATCH: usize = 500;
/// … and how often in a run; then the account is fetched again first.
const KEEPING_ROUNDS: usize = 20;
/// Mails removed with one POP3 session.
const NAMES_MAX: usize = 5_000;
/// Actions begun together.
const BATCH: usize = 200;
/// Of one kind with mails of one mailbox, tried for the first time.
pub(crate) type Outcomes = Vec<(i64, bool, SourceOutcome)>;

/// Queues what is to happen with mails that are here, and does what is due.
///
/// # Errors
/// `Fetch` if the connection is lost; those of the database.
pub(crate) async fn settle(core: &Arc<Core>, account: AccountId, mailboxes: &mut Mailboxes) -> Result<()> {
    for _ in 0..KEEPING_ROUNDS {
        let (for_keeping, now) = (Arc::clone(core), core.now());
        let keeping = move || Ok(for_keeping.store.keep_at_source(account, KEEPING_BATCH, now)?);
        let found = blocking(keeping).await?;
        drain(core, account, mailboxes).await?;
        if found < KEEPING_BATCH {
            break;
        }
    }
    Ok(())
}

/// Ends the session of a POP3 account, and removes with it what is not to stay there, and what was deleted here.
///
/// # Errors
/// `Fetch` if the connection is lost: then it is asked for again next time; those of the database.
pub(crate) async fn finish(core: &Arc<Core>, account: AccountId, fetcher: &mut pop3::Fetcher) -> Result<()> {
    let (for_names, now) = (Arc::clone(core), core.now());
    let names = blocking(move || Ok(for_names.store.names_to_delete(account, NAMES_MAX, now)?)).await?;
    let for_due = Arc::clone(core);
    let due = blocking(move || Ok(for_due.store.begin_source_actions(account, NAMES_MAX, now)?)).await?;
    let mut wanted: HashSet<String> = names.iter().map(|(_, name)| name.clone()).collect();
    wanted.extend(due.iter().map(|action| action.unique_id.clone()));
    let removed = fetcher.finish(&wanted).await?;
    for (name, words) in &removed.refused {
        tracing::info!(account.id = %account, name, words, "a mail was not removed at its source");
    }
    let gone: HashSet<String> = removed.gone.into_iter().collect();
    let outcomes: Outcomes = due
        .iter()
        .filter_map(|action| {
            let refused = || removed.refused.iter().find(|(name, _)| *name == action.unique_id);
            let outcome = if gone.contains(&action.unique_id) {
                SourceOutcome::Gone
            } else {
                SourceOutcome::Failed(refused()?.1.clone())
            };
            Some((action.key, false, outcome))
        })
        .collect();
    let mut of_mailbox: HashMap<MailboxId, Vec<Position>> = HashMap::new();
    for (mailbox, unique_id) in names.into_iter().filter(|(_, name)| gone.contains(name)) {
        of_mailbox.entry(mailbox).or_default().push(Position::Unique { unique_id });
    }
    let (for_gone, now) = (Arc::clone(core), core.now());
    let marked = blocking(move || {
        for (mailbox, positions) in of_mailbox {
            for_gone.store.mark_gone(mailbox, positions, now)?;
        }
        if !outcomes.is_empty() {
            for_gone.store.end_source_actions(account, outcomes, now)?;
        }
        Ok(())
    });
    marked.await
}

/// Does what is due. An action the server refuses is tried again later; the others go on.
///
/// # Errors
/// `Fetch` if the connection is lost; those of the database.
async fn drain(core: &Arc<Core>, account: AccountId, mailboxes: &mut Mailboxes) -> Result<u64> {
    let mut done = 0;
    loop {
        let (for_begin, now) = (Arc::clone(core), core.now());
        let due = blocking(move || Ok(for_begin.store.begin_source_actions(account, BATCH, now)?)).await?;
        if due.is_empty() {
            return Ok(done);
        }
        done += due.len() as u64;
        for batch in batches(&due) {
            let (outcomes, lost) = match (&mut *mailboxes, folder_to_put_into(batch)) {
                (Mailboxes::Imap(fetcher, _), Some(folder)) => {
                    put_back::put(core, fetcher, folder, batch).await?
                }
                (_, Some(_)) => {
                    let outcome = || SourceOutcome::Failed("put-back-not-imap".to_owned());
                    (batch.iter().map(|action| (action.key, false, outcome())).collect(), None)
                }
                (Mailboxes::Imap(fetcher, _), None) => match fetcher.change(&order(batch)).await {
                    Ok(report) => {
                        let (for_target, batch) = (Arc::clone(core), batch.to_vec());
                        (blocking(move || outcomes(&for_target, account, &batch, report)).await?, None)
                    }
                    Err(error) => (failed(batch, &error), (!is_refusal(&error)).then_some(error)),
                },
                (Mailboxes::Graph(fetcher, _), None) => one_by_one(core, account, fetcher, batch).await?,
                (Mailboxes::Pop3(_), None) => (Vec::new(), None),
            };
            let (for_end, now) = (Arc::clone(core), core.now());
            blocking(move || Ok(for_end.store.end_source_actions(account, outcomes, now)?)).await?;
            if let Some(error) = lost {
                return Err(error.into());
            }
        }
    }
}

/// Mails of Microsoft Graph, each by its id. What was not begun when the account was refused is due again later.
async fn one_by_one(
    core: &Arc<Core>,
    account: AccountId,
    fetcher: &mut graph::Fetcher,
    batch: &[DueAction],
) -> Result<(Outcomes, Option<ImapError>)> {
    let mut all = Outcomes::new();
    for action in batch {
        match fetcher.change(&action.unique_id, &change(&action.action)).await {
            Ok((changed, target)) => {
                let report = ChangeReport { mails: vec![(action.uid, changed)], target };
                let (for_target, action) = (Arc::clone(core), action.clone());
                all.extend(blocking(move || outcomes(&for_target, account, &[action], report)).await?);
            }
            Err(error) => {
                all.extend(failed(std::slice::from_ref(action), &error));
                if !is_refusal(&error) {
                    return Ok((all, Some(error)));
                }
            }
        }
    }
    Ok((all, None))
}

/// The folder that mails of a batch are to be put into, if that is wanted.
fn folder_to_put_into(batch: &[DueAction]) -> Option<&str> {
    match &batch.first()?.action {
        SourceAction::PutBack(folder) => Some(folder),
        _ => None,
    }
}

fn change(action: &SourceAction) -> Change {
    match action {
        // Is none: see `put_back`.
        SourceAction::PutBack(_) => Change::Flags { flags: Flags::default(), is_set: true },
        SourceAction::Move(to) => Change::Move { to: to.clone() },
        SourceAction::Delete => Change::Delete,
        SourceAction::MarkRead => {
            Change::Flags { flags: Flags { seen: true, ..Flags::default() }, is_set: true }
        }
    }
}

/// Those that can be one order. What failed before goes alone, so that it does not hold up the others.
fn batches(due: &[DueAction]) -> impl Iterator<Item = &[DueAction]> {
    due.chunk_by(|a, b| {
        let may_be_together = match a.action {
            // What the server refuses hinders no other there.
            SourceAction::PutBack(_) => true,
            _ => !a.is_repeated && !b.is_repeated,
        };
        may_be_together && (a.mailbox, a.uid_validity, &a.action) == (b.mailbox, b.uid_validity, &b.action)
    })
}

/// The order for a batch, which is never empty.
fn order(batch: &[DueAction]) -> Order {
    let first = batch.first();
    let change = change(first.map_or(&SourceAction::MarkRead, |action| &action.action));
    Order {
        mailbox: first.map(|action| action.name.clone()).unwrap_or_default(),
        uid_validity: first.map_or(0, |action| action.uid_validity),
        uids: batch.iter().map(|action| action.uid).collect(),
        change,
        is_repeated: first.is_some_and(|action| action.is_repeated),
    }
}

/// The server said no to this, and goes on listening.
pub(crate) const fn is_refusal(error: &ImapError) -> bool {
    matches!(error, ImapError::Refused { .. })
}

pub(crate) fn failed(batch: &[DueAction], error: &ImapError) -> Outcomes {
    let words = error.words().map_or_else(|| error.to_string(), str::to_owned);
    batch.iter().map(|action| (action.key, false, SourceOutcome::Failed(words.clone()))).collect()
}

fn outcomes(core: &Core, account: AccountId, batch: &[DueAction], report: ChangeReport) -> Result<Outcomes> {
    let target = match report.target {
        Some(target) => Some(target_id(core, account, target)?),
        None => None,
    };
    let place = |to: Option<Position>| target.zip(to);
    let mut outcomes = Vec::with_capacity(batch.len());
    for action in batch {
        let found = report.mails.iter().find(|(uid, _)| *uid == action.uid);
        let outcome = match found.map(|(_, changed)| changed.clone()) {
            Some(Changed::Done { to }) => SourceOutcome::Done { to: place(to) },
            Some(Changed::Marked { to }) => SourceOutcome::Marked { to: place(to) },
            Some(Changed::Gone) => SourceOutcome::Gone,
            Some(Changed::Renumbered) => SourceOutcome::Renumbered,
            Some(Changed::Unverified) | None => SourceOutcome::Failed("source-unverified".to_owned()),
        };
        outcomes.push((action.key, action.action == SourceAction::MarkRead, outcome));
    }
    Ok(outcomes)
}

/// The mailbox mails were moved to; noted if it is new.
fn target_id(core: &Core, account: AccountId, target: intake::imap::Mailbox) -> Result<MailboxId> {
    let known = core.store.mailboxes(account)?;
    if let Some(known) = known.iter().find(|mailbox| mailbox.name == target.raw) {
        return Ok(known.id);
    }
    let listing = MailboxListing {
        id: MailboxId::new(uuid::Uuid::now_v7()),
        name: target.raw,
        display_name: target.name,
        special_use: None,
        selected: false,
    };
    core.store.upsert_mailboxes(account, vec![listing])?.first().copied().ok_or(Error::Stopped)
}
