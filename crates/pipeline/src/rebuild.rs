//! Makes everything derived anew: facts, threads, classification, search index.

use std::sync::Arc;

use crate::core::Core;
use crate::error::Result;
use crate::run;

/// Mails put back in one transaction.
const CHUNK: usize = 2000;

/// `progress` hears of mails done and of all. Gives how many there were.
pub(crate) fn rebuild(core: &Arc<Core>, threads: usize, progress: &mut dyn FnMut(u64, u64)) -> Result<u64> {
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
