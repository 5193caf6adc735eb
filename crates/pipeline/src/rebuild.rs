//! Makes everything derived anew: facts, threads, classification, links by rule, search index.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::UnixMillis;

use crate::core::Core;
use crate::error::Result;
use crate::run;

/// Mails put back in one transaction.
const CHUNK: usize = 2000;

/// `progress` hears of mails done and of all. Gives how many there were.
pub(crate) fn rebuild(core: &Arc<Core>, threads: usize, progress: &mut dyn FnMut(u64, u64)) -> Result<u64> {
    // Behind everything else, so that the dates decide and not the order in which mails came.
    core.linker.rebuilding.store(true, Ordering::Relaxed);
    let total = file_anew(core, threads, progress);
    core.linker.rebuilding.store(false, Ordering::Relaxed);
    let total = total?;
    crate::linking::relink(core, UnixMillis(i64::MIN), &mut |_| ())?;
    Ok(total)
}

fn file_anew(core: &Arc<Core>, threads: usize, progress: &mut dyn FnMut(u64, u64)) -> Result<u64> {
    let mut total = 0;
    loop {
        let step = core.store.reset_derived(CHUNK)?;
        total += step.reset;
        if step.done {
            break;
        }
    }
    run::drain(core, threads, false, &mut |done| progress(done.min(total), total))?;
    Ok(total)
}
