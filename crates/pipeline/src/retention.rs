//! Retention and holds behind the mails: rules give classes to what was filed or changed, open cases hold what their queries find.
//! What a crash leaves is taken up from the numbers the database remembers.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use model::Scope;
use store::Hold;

use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;
use crate::search::{Asked, query};

/// Mails looked at in one transaction.
const BATCH: usize = 500;
/// Looks at least this often: a bell may be missed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs until the engine closes.
pub(crate) fn run(core: &Arc<Core>) {
    loop {
        if let Err(error) = drain(core) {
            tracing::warn!(error = %crate::chain(&error), "retention and holds wait");
        }
        if core.keeper.is_closed() {
            return;
        }
        core.keeper.wait(Some(PATIENCE));
    }
}

/// Gives classes and holds to everything that changed, as far as it can be found.
///
/// # Errors
/// Of database and index.
pub(crate) fn drain(core: &Core) -> Result<()> {
    // One hand at a time, so that who waits for it knows it is done.
    let _keeping = core.keeping.lock().unwrap_or_else(PoisonError::into_inner);
    while !core.keeper.is_closed() && core.store.apply_retention(BATCH, core.now())?.more {}
    for hold in core.store.open_holds()? {
        // A query may name an account that is gone: the others go on.
        if let Err(error) = follow(core, &hold) {
            tracing::warn!(hold.key = hold.key, error = %crate::chain(&error), "mails are not compared with a legal hold");
        }
    }
    Ok(())
}

fn follow(core: &Core, hold: &Hold) -> Result<()> {
    let up_to = core.index.last_change_seq() as i64;
    if hold.seen >= up_to {
        return Ok(());
    }
    let zone = core.store.retention()?.zone();
    let asked = Asked { query: hold.query.clone(), zone, ..Asked::default() };
    let query = query(core, &Scope::All, &asked)?;
    let mut seen = hold.seen;
    while seen < up_to && !core.keeper.is_closed() {
        let (messages, end) = core.store.messages_to_hold(seen, up_to, BATCH)?;
        let found = core.index.matching(&query, &messages)?;
        core.store.hold_messages(hold.key, found, end, core.now())?;
        seen = end;
    }
    Ok(())
}

impl Engine {
    /// Classes, rules or holds were changed: somebody is to look at once.
    pub fn retention_changed(&self) {
        self.core().keeper.ring();
    }

    /// How many messages a query finds among all, deleted ones not counted unless it speaks of them; and words in it whose data
    /// does not exist yet.
    ///
    /// # Errors
    /// `Query` if it is not understood; those of index and database.
    pub fn count_messages(&self, text: &str) -> Result<(u64, Vec<&'static str>)> {
        let core = self.core();
        let zone = core.store.retention()?.zone();
        let asked = Asked { query: text.to_owned(), zone, ..Asked::default() };
        let query = query(core, &Scope::All, &asked)?;
        let page = index::Page { limit: 0, ..index::Page::default() };
        let unsupported = query.unsupported().iter().map(|unsupported| unsupported.word).collect();
        Ok((core.index.search(&query, &Scope::All, &page)?.total, unsupported))
    }
}
