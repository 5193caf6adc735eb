//! Keeps the addresses behind the mails: reports that were filed become events of addresses. What a crash leaves is taken
//! up from the number the database remembers.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use examine::Authentication;
use store::Evidence;

use crate::core::Core;
use crate::error::Result;
use crate::news::News;

/// Mails looked at in one transaction.
const BATCH: usize = 1000;
/// Addresses whose state ends by itself, judged in one transaction.
const EXPIRED: usize = 500;
/// Looks at least this often: states end, and a bell may be missed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs until the engine closes.
pub(crate) fn run(core: &Arc<Core>) {
    loop {
        if let Err(error) = drain(core) {
            tracing::warn!(error = %crate::chain(&error), "reports wait to be handled");
        }
        if core.feedback.is_closed() {
            return;
        }
        core.feedback.wait(Some(PATIENCE));
    }
}

/// Handles every report that was filed.
///
/// # Errors
/// Of the database.
pub(crate) fn drain(core: &Arc<Core>) -> Result<()> {
    // One hand at a time, so that who waits for it knows it is done.
    let _handling = core.handling.lock().unwrap_or_else(PoisonError::into_inner);
    let reference = Arc::clone(&core.reference);
    let evidence = Evidence {
        ours: Arc::new(move |text| reference.in_address(text)),
        is_forged: Arc::new(|found| {
            serde_json::from_str(found).is_ok_and(|found: Authentication| found.is_forged())
        }),
    };
    loop {
        let progress = core.store.handle_feedback(core.now(), BATCH, &evidence)?;
        if progress.mails > 0 {
            core.tell(News::Counters);
            // Rules may have put tags on them.
            core.follower.ring();
        }
        if !progress.more || core.feedback.is_closed() {
            break;
        }
    }
    while core.store.expire_standings(core.now(), EXPIRED)? > 0 && !core.feedback.is_closed() {}
    Ok(())
}
