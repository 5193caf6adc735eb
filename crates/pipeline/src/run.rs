//! Takes up mails at `received` that nobody has at hand: large ones, what a crash left, retries, everything after a
//! rebuild.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use store::{Filed, Received};

use crate::core::Core;
use crate::error::{Error, Result};
use crate::steps::{self, Reading};

/// Mails looked at together.
const BATCH: usize = 200;
/// Mails beyond this are read in a child process with limits, octets.
const CHILD_OCTETS: u64 = 8 << 20;
/// Looks for work at least this often, in case a bell was missed.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long filing waits for the index before texts are dropped (and read again from the archive).
const INDEX_PATIENCE: Duration = Duration::from_secs(2);

/// Runs until the engine closes.
pub(crate) fn run(core: &Arc<Core>, threads: usize) {
    loop {
        while let Some(rest) = core.rush.rest(Instant::now()).filter(|_| !core.runner.is_closed()) {
            core.runner.wait(Some(rest));
        }
        if let Err(error) = drain(core, threads, true, &mut |_| ()) {
            tracing::warn!(error = %crate::chain(&error), "mails wait to be filed");
        }
        if core.runner.is_closed() {
            return;
        }
        core.runner.wait(Some(PATIENCE));
    }
}

/// Files every mail at `received`; tells how many it is done with, and the pages if the mails are `news`.
///
/// # Errors
/// Of the database. What a single mail's step says is noted with the mail.
pub(crate) fn drain(
    core: &Arc<Core>,
    threads: usize,
    news: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<u64> {
    // Two at once would read the same mails.
    let _draining = core.draining.lock().unwrap_or_else(PoisonError::into_inner);
    let mut done = 0;
    loop {
        let (mut after, mut again) = (0, false);
        loop {
            let batch = {
                let _filing = core.filing.lock().unwrap_or_else(PoisonError::into_inner);
                core.store.received(BATCH, after)?
            };
            let Some(last) = batch.last() else { break };
            after = last.seq;
            again |= file(core, &batch, threads)?;
            if news {
                core.tell_filed(
                    batch
                        .iter()
                        .flat_map(|mail| mail.accounts.iter().map(|account| (*account, mail.mail_id))),
                );
            }
            done += batch.len() as u64;
            progress(done);
            if core.runner.is_closed() {
                return Ok(done);
            }
        }
        if !again {
            crate::replay::replay(core)?;
            return Ok(done);
        }
    }
}

type Outcome = Result<Reading, (&'static str, String)>;

/// Reads a batch in several threads and files it; true if something failed and is to be tried again.
fn file(core: &Arc<Core>, batch: &[Received], threads: usize) -> Result<bool> {
    let share = batch.len().div_ceil(threads.max(1));
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let running: Vec<_> = batch
            .chunks(share)
            .map(|part| {
                scope.spawn(move || part.iter().map(|mail| read(core, mail)).collect::<Vec<Outcome>>())
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    if outcomes.len() != batch.len() {
        return Err(Error::Stopped);
    }
    let now = core.now();
    let mut filed: Vec<Filed> = Vec::with_capacity(batch.len());
    let mut again = false;
    for (mail, outcome) in batch.iter().zip(outcomes) {
        match outcome {
            Ok(mut reading) => {
                core.hand_over(mail.mail_id, &mut reading, INDEX_PATIENCE);
                let source = steps::Source { received: mail.received, is_files: mail.from_files };
                filed.push(steps::filed(mail.seq, reading, source, mail.fetched, &core.reference));
            }
            Err((step, reason)) => {
                tracing::warn!(mail.id = %mail.mail_id, step, "a step failed for a mail");
                let date = mail.received.unwrap_or(mail.fetched);
                let failed = core.store.fail_step(mail.seq, step.to_owned(), reason, date, now)?;
                again |= !failed.quarantined;
            }
        }
    }
    let linking = crate::linking::linking(core)?;
    let _filing = core.filing.lock().unwrap_or_else(PoisonError::into_inner);
    core.store.file_batch(filed, Arc::new(steps::Threads), linking)?;
    core.wake_follower();
    Ok(again)
}

fn read(core: &Arc<Core>, mail: &Received) -> Outcome {
    let archive = |error: archive::Error| ("archive", crate::chain(&error));
    if mail.octets > CHILD_OCTETS {
        let mut octets = core.archive.get(mail.location).map_err(archive)?;
        return crate::large::read(core, &mut octets, mail);
    }
    let octets = core.archive.read_all(mail.location, CHILD_OCTETS).map_err(archive)?;
    steps::read_guarded(core, &octets)
}
