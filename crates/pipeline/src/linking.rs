//! The records in memory, and when linking is asked again.
//!
//! The directory follows the records by their change number, as the index follows the mails. It is loaded when it is
//! first needed: a server without ERP has none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use link::{Decision, Directory, Ignored, Learnt, Masks, OwnNumbers, Settings};
use model::{RecordKind, UnixMillis};
use serde::{Deserialize, Serialize};
use store::{Draft, Linking};

use crate::core::Core;
use crate::error::Result;

/// Records read together.
const CHUNK: usize = 5000;
/// Messages decided on together.
const BATCH: usize = 500;
/// Quiet for so long, new records are looked for in the mails of the last weeks: who brings contacts and orders in two files
/// wants their mails filed under both, and what has a link is not looked at again.
const QUIET: Duration = Duration::from_mins(2);
/// Records that never stop coming: looked for at least this often.
const PATIENCE: Duration = Duration::from_mins(10);
/// The directory is not loaded for a command that has ended by then.
const SETTLED: Duration = Duration::from_secs(1);
/// How far back mails are decided on again, milliseconds.
const BACK: i64 = 90 * 86_400_000;
/// Number of the change of records up to which mails have been decided on again.
const RELINKED: &str = "relinked";

/// What is set about linking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkSettings {
    /// Two addresses, two orders: the first one gives it, instead of none.
    pub first_address_wins: bool,
    /// The contact step asks address by address, instead of all of a way together.
    pub contacts_one_by_one: bool,
    /// Orders and quotes older than so many months before the mail do not count; `None`: all do.
    pub months: Option<u32>,
    /// Numbers of the organisation itself, which are no references.
    pub own_numbers: Vec<String>,
    /// Addresses of deputies count as those of the contact.
    pub deputies_count: bool,
    /// What numbers look like, as a person has confirmed: word of the kind, mask.
    pub masks: Vec<(String, String)>,
    /// Single numbers are suggested only if a mask fits.
    pub masks_restrict: bool,
}

impl LinkSettings {
    /// Name of the setting that holds them.
    pub const NAME: &str = "linking";

    /// As they were kept; the defaults where there is nothing that can be read.
    pub fn read(kept: Option<&str>) -> Self {
        kept.and_then(|kept| serde_json::from_str(kept).ok()).unwrap_or_default()
    }

    /// With who is ignored, as linking takes them.
    pub fn with_ignored<'a>(&self, ignored: impl IntoIterator<Item = &'a str>) -> Settings {
        Settings {
            ignored: Ignored::new(ignored),
            first_address_wins: self.first_address_wins,
            contacts_one_by_one: self.contacts_one_by_one,
            months: self.months,
            own_numbers: OwnNumbers::new(self.own_numbers.iter().map(String::as_str)),
            deputies_count: self.deputies_count,
            masks: Masks::new(
                self.masks
                    .iter()
                    .filter_map(|(kind, mask)| Some((RecordKind::from_word(kind)?, mask.as_str()))),
                self.masks_restrict,
            ),
        }
    }
}

/// The directory of an engine.
pub(crate) struct Linker {
    directory: Arc<RwLock<Directory>>,
    /// The last change of a record that is in it; held while it is brought up to date.
    seen: Mutex<i64>,
    /// Everything is being filed anew: linking comes behind, by date.
    pub(crate) rebuilding: AtomicBool,
    seed: u128,
}

impl Default for Linker {
    fn default() -> Self {
        let seed = uuid::Uuid::new_v4().as_u128();
        Self {
            directory: Arc::new(RwLock::new(Directory::new(seed))),
            seen: Mutex::new(0),
            rebuilding: AtomicBool::new(false),
            seed,
        }
    }
}

/// What decides now; `None` where there are no records, or mails are filed anew.
///
/// # Errors
/// Those of the database.
pub(crate) fn linking(core: &Core) -> Result<Option<Linking>> {
    if core.linker.rebuilding.load(Ordering::Relaxed) {
        return Ok(None);
    }
    current(core)
}

/// What decides now; `None` where there are no records.
///
/// # Errors
/// Those of the database.
pub(crate) fn current(core: &Core) -> Result<Option<Linking>> {
    if core.store.records_change()? == 0 { Ok(None) } else { rules(core).map(Some) }
}

/// What decides now, be there records or not.
///
/// # Errors
/// Those of the database.
pub(crate) fn rules(core: &Core) -> Result<Linking> {
    follow(core, &|| false)?;
    let settings = LinkSettings::read(core.store.setting(LinkSettings::NAME)?.as_deref());
    let ignored = core.store.ignored_addresses()?;
    let settings = settings.with_ignored(ignored.iter().map(String::as_str));
    Ok(Linking {
        directory: Arc::clone(&core.linker.directory),
        settings: Arc::new(settings),
        now: core.now(),
    })
}

/// What the numbers of each kind look like that there are, in the order of [`RecordKind::ALL`].
///
/// # Errors
/// Those of the database.
pub(crate) fn learn_masks(core: &Core) -> Result<Vec<(RecordKind, Learnt)>> {
    if core.store.records_change()? > 0 {
        follow(core, &|| false)?;
    }
    let directory = core.linker.directory.read().unwrap_or_else(PoisonError::into_inner);
    Ok(RecordKind::ALL.into_iter().map(|kind| (kind, link::learn(directory.numbers(kind)))).collect())
}

/// A mail that is about to be sent: where it belongs, and by what its answers are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Under which records it belongs, and why.
    pub decision: Decision,
    /// Its `Message-ID`, without angle brackets; signed for the record it is about, if there is one.
    pub message_id: String,
    /// Its subject, with the mark of that record at its end if that is wanted.
    pub subject: String,
}

/// Decides on a mail about to be sent. `domain`: of its `Message-ID`. `mark`: whether the subject gets one.
///
/// # Errors
/// Those of the database.
pub(crate) fn sending(core: &Core, draft: &Draft, domain: &str, mark: bool) -> Result<Sending> {
    let decision = core.store.decide_draft(draft, &rules(core)?)?;
    let unique = uuid::Uuid::now_v7().simple().to_string();
    let of = |kind| decision.links.iter().find(|link| link.kind == kind);
    let about = of(RecordKind::Order).or_else(|| of(RecordKind::Quote)).or_else(|| of(RecordKind::Contact));
    let subject = draft.subject.trim_end().to_owned();
    let Some(key) = about.map(|link| link.key) else {
        return Ok(Sending { decision, message_id: format!("{unique}@{domain}"), subject });
    };
    let signed = core.reference.subject_mark(key);
    let subject = if mark && !subject.contains(&signed) { format!("{subject} {signed}") } else { subject };
    let message_id = core.reference.record_id(key, &unique, domain);
    Ok(Sending { decision, message_id, subject: subject.trim_start().to_owned() })
}

/// Brings the directory up to date, or as far as it is when `stop` says so; the next call goes on there.
fn follow(core: &Core, stop: &dyn Fn() -> bool) -> Result<()> {
    let linker = &core.linker;
    let mut seen = linker.seen.lock().unwrap_or_else(PoisonError::into_inner);
    let newest = core.store.records_change()?;
    if newest == *seen {
        return Ok(());
    }
    let worn = linker.directory.read().unwrap_or_else(PoisonError::into_inner).is_worn();
    if worn {
        let mut directory = linker.directory.write().unwrap_or_else(PoisonError::into_inner);
        *directory = Directory::new(linker.seed);
        *seen = 0;
    }
    while !stop() {
        let changed = core.store.records_changed(*seen, CHUNK)?;
        let Some(last) = changed.last() else {
            *seen = (*seen).max(newest);
            break;
        };
        let last = last.change_seq;
        let mut directory = linker.directory.write().unwrap_or_else(PoisonError::into_inner);
        for known in &changed {
            if known.vanished {
                directory.drop_record(known.record.kind, &known.record.number);
            } else {
                directory.put(&known.into());
            }
        }
        *seen = last;
    }
    Ok(())
}

/// Decides again on the mails since `since` that have no link and that nobody has decided on. Gives how many have one now.
///
/// # Errors
/// Those of the database.
pub(crate) fn relink(core: &Core, since: UnixMillis, progress: &mut dyn FnMut(u64)) -> Result<u64> {
    let (mut after, mut linked, mut seen) = ((since, 0), 0, 0);
    while let Some(linking) = current(core)? {
        let step = core.store.relink(after, BATCH, linking)?;
        linked += step.linked;
        seen += step.seen;
        progress(seen);
        if step.linked > 0 {
            core.follower.ring();
        }
        match step.next {
            Some(next) if !core.linker_bell.is_closed() => after = next,
            _ => break,
        }
    }
    Ok(linked)
}

/// Looks for records that came since in the mails of the last weeks.
///
/// # Errors
/// Those of the database.
pub(crate) fn relink_new(core: &Core) -> Result<u64> {
    let newest = core.store.records_change()?;
    if relinked(core)? == newest {
        return Ok(0);
    }
    let linked = relink(core, UnixMillis(core.now().0 - BACK), &mut |_| ())?;
    if !core.linker_bell.is_closed() {
        core.store.set_setting(RELINKED.to_owned(), Some(newest.to_string()))?;
    }
    Ok(linked)
}

fn relinked(core: &Core) -> Result<i64> {
    Ok(core.store.setting(RELINKED)?.and_then(|text| text.parse().ok()).unwrap_or_default())
}

/// Runs until the engine closes: when records came and no more are coming, mails without link are looked at again.
pub(crate) fn run(core: &Arc<Core>) {
    let (mut last, mut since): (i64, Option<Instant>) = (0, None);
    core.linker_bell.wait(Some(SETTLED));
    // A million records take seconds to load: better now than with the first mail.
    if let Err(error) = follow(core, &|| core.linker_bell.is_closed()) {
        tracing::warn!(error = %crate::chain(&error), "the records of the ERP cannot be read");
    }
    while !core.linker_bell.is_closed() {
        let step = || -> Result<(i64, i64)> { Ok((core.store.records_change()?, relinked(core)?)) };
        match step() {
            Ok((newest, done)) if newest == done => since = None,
            Ok((newest, _)) => {
                let began = *since.get_or_insert_with(Instant::now);
                if newest == last || began.elapsed() > PATIENCE {
                    if let Err(error) = relink_new(core) {
                        tracing::warn!(error = %crate::chain(&error), "mails wait to be filed under new records");
                    }
                    since = None;
                }
                last = newest;
            }
            Err(error) => {
                tracing::warn!(error = %crate::chain(&error), "cannot see whether records are new");
            }
        }
        core.linker_bell.wait(Some(QUIET));
    }
}
