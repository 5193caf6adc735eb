//! Other settings of linking tried on past mails, and put into effect.

use std::sync::Arc;

use model::RecordKey;
use store::{BlockedEntry, Judged, LinkChange, LinkState, Linking, Replay};

use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;
use crate::linking::{self, LinkSettings};

/// Messages judged together.
const CHUNK: usize = 500;
/// Mails that are tried at most.
pub const TRIED_MAX: usize = 100_000;
/// Changed mails that are named.
const NAMED_MAX: usize = 200;

/// What is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Settings in the place of those that are set.
    pub settings: LinkSettings,
    /// Addresses and domains that would be ignored as well.
    pub block: Vec<String>,
    /// Entries of the blocklist that would not be there.
    pub unblock: Vec<String>,
    /// The newest mails; at most [`TRIED_MAX`].
    pub last: usize,
    /// Only records that were known when a mail came count for it.
    pub known_when_it_came: bool,
}

/// What would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Messages judged, of which rules may decide.
    pub seen: u64,
    /// How many of each change, in the order of [`LinkChange::ALL`]; together `seen`.
    pub changes: [u64; LinkChange::ALL.len()],
    /// What people decided, and who agrees with them.
    pub people: Agreement,
    /// The newest changed messages, newest first.
    pub named: Vec<Judged>,
}

/// How rules stand beside what people decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Messages that a person decided on.
    pub of: u64,
    /// The settings of now would have filed so many as the person did.
    pub now: u64,
    /// Those that are tried.
    pub tried: u64,
}

/// What was put into effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activated {
    /// Number of the batch of past mails, if there was one.
    pub batch: Option<i64>,
    /// Messages filed otherwise.
    pub changed: u64,
}

impl WhatIf {
    /// The rules of `now` with what is tried.
    fn linking(&self, core: &Core, now: &Linking) -> Result<Linking> {
        let unblock: Vec<String> = self.unblock.iter().map(|entry| link::normal_address(entry)).collect();
        let mut ignored = core.store.ignored_addresses()?;
        ignored.retain(|entry| !unblock.contains(entry));
        ignored.extend(self.block.iter().cloned());
        let settings = self.settings.with_ignored(ignored.iter().map(String::as_str));
        Ok(Linking { settings: Arc::new(settings), ..now.clone() })
    }
}

impl Engine {
    /// Judges the newest mails by other settings; writes nothing. Blocks: some seconds for ten thousand mails.
    ///
    /// # Errors
    /// Those of the database.
    pub fn what_if(&self, what_if: &WhatIf) -> Result<Tried> {
        let mut tried = Tried::default();
        replay(self.core(), what_if, &mut |judged, people| {
            tried.people.of += people.of;
            tried.people.now += people.now;
            tried.people.tried += people.tried;
            for judged in judged.into_iter().filter(|judged| !judged.by_person) {
                tried.seen += 1;
                tried.changes[judged.change as usize] += 1;
                if judged.change != LinkChange::Unchanged {
                    tried.named.push(judged);
                }
            }
            let more = tried.named.len().saturating_sub(NAMED_MAX);
            tried.named.drain(..more);
            Ok(())
        })?;
        tried.named.reverse();
        Ok(tried)
    }

    /// Sets what was tried; with `past` the newest mails are filed by it too, as one batch that can be undone. What a
    /// person decided stays.
    ///
    /// # Errors
    /// Those of the database.
    pub fn activate_links(&self, what_if: &WhatIf, past: bool, actor: &str) -> Result<Activated> {
        let core = self.core();
        let before = self.link_settings()?;
        let mut activated = Activated::default();
        if past {
            let kept = serde_json::to_string(&before).unwrap_or_default();
            let batch = core.store.begin_link_batch(actor.to_owned(), kept, core.now())?;
            activated.batch = Some(batch);
            replay(core, what_if, &mut |judged, _| {
                let changed: Vec<Judged> = judged.into_iter().filter(is_to_be_written).collect();
                activated.changed += core.store.put_into_effect(batch, changed, core.now())?;
                Ok(())
            })?;
        }
        self.set_link_settings(&what_if.settings)?;
        for entry in &what_if.block {
            let entry = link::normal_address(entry);
            let actor = actor.to_owned();
            core.store.block_linking(BlockedEntry { entry, note: String::new(), actor, at: core.now() })?;
        }
        let blocked = core.store.link_blocklist()?;
        for entry in what_if.unblock.iter().map(|entry| link::normal_address(entry)) {
            if blocked.iter().any(|known| known.entry == entry) {
                core.store.unblock_linking(entry)?;
            }
        }
        self.messages_changed();
        Ok(activated)
    }

    /// Files the mails of a batch as they were before; settings stay. `None` if there is no such batch, or it was undone.
    ///
    /// # Errors
    /// Those of the database.
    pub fn undo_link_batch(&self, batch: i64) -> Result<Option<u64>> {
        let undone = self.store().undo_link_batch(batch, self.core().now())?;
        self.messages_changed();
        Ok(undone.map(|batch| batch.messages))
    }
}

fn is_to_be_written(judged: &Judged) -> bool {
    !judged.by_person && judged.change != LinkChange::Unchanged
}

/// Judges the newest messages, a chunk after the other, oldest first.
fn replay(
    core: &Core,
    what_if: &WhatIf,
    each: &mut dyn FnMut(Vec<Judged>, Agreement) -> Result<()>,
) -> Result<()> {
    let now = linking::rules(core)?;
    let tried = what_if.linking(core, &now)?;
    let new = || Replay::new(what_if.known_when_it_came);
    let (mut replay, mut beside) = (new(), new());
    let messages = core.store.last_messages(what_if.last.min(TRIED_MAX))?;
    for chunk in messages.chunks(CHUNK) {
        let judged = core.store.judge(chunk, &tried, &mut replay)?;
        let mut people = Agreement::default();
        let decided: Vec<i64> =
            judged.iter().filter(|judged| judged.by_person).map(|judged| judged.message).collect();
        if !decided.is_empty() {
            people.of = decided.len() as u64;
            people.tried = judged.iter().filter(|judged| judged.by_person && agrees(judged)).count() as u64;
            let as_now = core.store.judge(&decided, &now, &mut beside)?;
            people.now = as_now.iter().filter(|judged| agrees(judged)).count() as u64;
        }
        each(judged, people)?;
    }
    Ok(())
}

/// Whether the rules file a mail as the person did.
fn agrees(judged: &Judged) -> bool {
    let keys = |state: &LinkState| {
        let mut keys: Vec<RecordKey> = state.links.iter().map(|link| link.key).collect();
        keys.sort_unstable();
        keys
    };
    keys(&judged.before) == keys(&judged.after)
}
