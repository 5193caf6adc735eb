//! What every thread of the engine shares.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use archive::Archive;
use dispatch::Reference;
use index::Index;
use keys::Sealer;
use model::{AccountId, MailId, Sha256, UnixMillis};
use store::Store;
use tokio::sync::broadcast;

use crate::allowance::Allowances;
use crate::budget::Budgets;
use crate::clock::ClockSeen;
use crate::examination::Examination;
use crate::linking::Linker;
use crate::live::Tasks;
use crate::looked::Lately;
use crate::news::News;
use crate::oauth::Oauth;
use crate::proving::Proving;
use crate::rush::Rush;
use crate::steps::Reading;
use crate::texts::Cache;
use crate::watch::Seen;

/// News kept for a slow page.
const NEWS_MAX: usize = 256;

/// The open data directory.
pub(crate) struct Core {
    pub(crate) archive: Archive,
    pub(crate) store: Store,
    pub(crate) index: Index,

    pub(crate) sealer: Sealer,
    /// The provable log.
    pub(crate) proving: Proving,
    /// Knows mails of our own.
    pub(crate) reference: Arc<Reference>,
    pub(crate) examiner: Option<examine::Examiner>,
    /// Folder for what is only needed for a moment.
    pub(crate) scratch: std::path::PathBuf,
    pub(crate) limits: parse::Limits,
    pub(crate) texts: Cache,
    pub(crate) looked: Lately,
    /// Held while mails go from `received` to `filed` by one hand.
    pub(crate) filing: Mutex<()>,
    /// Held by who takes up mails at `received`.
    pub(crate) draining: Mutex<()>,
    pub(crate) news: broadcast::Sender<News>,
    pub(crate) runner: Bell,
    /// Whether reading waits for what is being brought.
    pub(crate) rush: Rush,
    pub(crate) follower: Bell,
    /// Rings when reports may have been filed.
    pub(crate) feedback: Bell,
    /// The data directory, and the file of the master key.
    pub(crate) places: (std::path::PathBuf, std::path::PathBuf),
    /// Held by who erases.
    pub(crate) erasing: Mutex<()>,
    /// Held while changes of the database go into the index.
    pub(crate) following: Mutex<()>,
    /// Salt of the digests by which erased mails are known again; `None` if nothing was ever erased.
    erased_salt: Mutex<Option<[u8; 32]>>,
    /// Held while reports are handled.
    pub(crate) handling: Mutex<()>,
    /// Rings when retention and holds may have something to look at.
    pub(crate) keeper: Bell,
    /// Held while they do.
    pub(crate) keeping: Mutex<()>,
    /// What is set and known about attachments.
    pub(crate) examination: Examination,
    /// Rings when attachments may be due to be looked at.
    pub(crate) examiner_bell: Bell,
    /// Rings when mails may be due to be checked for who they are from.
    pub(crate) authenticator_bell: Bell,
    /// Records in memory.
    pub(crate) linker: Linker,
    /// Rings when records may be new.
    pub(crate) linker_bell: Bell,
    /// Rings when something was approved.
    pub(crate) approvals_bell: Bell,
    /// Rings when the index went on.
    pub(crate) indexed: Bell,
    /// Tokens that are being fetched.
    pub(crate) oauth: Oauth,
    /// From when on something is said to be wrong.
    pub(crate) doctor: doctor::Limits,
    /// Connections.
    pub(crate) budgets: Budgets,
    /// Sources of records that run.
    pub(crate) erp: crate::erp::ErpRunning,
    /// Octets of accounts.
    pub(crate) allowances: Allowances,
    /// What the tasks of accounts are doing.
    pub(crate) tasks: Tasks,
    /// Attachments as files.
    pub(crate) files: crate::files::Files,
    /// Rung when the store besides this machine is set.
    pub(crate) remote_bell: tokio::sync::Notify,
    /// Rung when time stamp authorities are set.
    pub(crate) stamp_bell: tokio::sync::Notify,
    /// Rung when witnesses of the log are set.
    pub(crate) witness_bell: tokio::sync::Notify,
    /// Held while conditions are looked for.
    pub(crate) watching: Mutex<Seen>,
    pub(crate) clock_seen: ClockSeen,
    /// How many wait for the index.
    hurried: AtomicUsize,
    clock: fn() -> UnixMillis,
}

/// What the master key opens.
pub(crate) struct Secrets {
    /// Seals stored secrets.
    pub(crate) sealer: Sealer,
    /// Signs references in mails.
    pub(crate) reference: Arc<Reference>,
    /// The log that proves.
    pub(crate) proving: Proving,
}

impl Core {
    pub(crate) fn new(
        archive: Archive,
        store: Store,
        index: Index,
        secrets: Secrets,
        examiner: Option<examine::Examiner>,
        scratch: std::path::PathBuf,
        batch_octets: usize,
    ) -> Self {
        Self {
            archive,
            store,
            index,
            sealer: secrets.sealer,
            proving: secrets.proving,
            reference: secrets.reference,
            examiner,
            scratch,
            limits: parse::Limits::default(),
            looked: Lately::default(),
            texts: Cache::new(batch_octets / 5 * 2),
            filing: Mutex::new(()),
            draining: Mutex::new(()),
            news: broadcast::channel(NEWS_MAX).0,
            runner: Bell::default(),
            rush: Rush::default(),
            follower: Bell::default(),
            feedback: Bell::default(),
            places: Default::default(),
            erasing: Mutex::new(()),
            following: Mutex::new(()),
            erased_salt: Mutex::default(),
            handling: Mutex::new(()),
            keeper: Bell::default(),
            keeping: Mutex::new(()),
            examination: Examination::default(),
            examiner_bell: Bell::default(),
            authenticator_bell: Bell::default(),
            linker: Linker::default(),
            linker_bell: Bell::default(),
            approvals_bell: Bell::default(),
            indexed: Bell::default(),
            oauth: Oauth::default(),
            doctor: doctor::Limits::default(),
            budgets: Budgets::new(0),
            erp: crate::erp::ErpRunning::default(),
            allowances: Allowances::new(0),
            tasks: Tasks::default(),
            files: crate::files::Files::default(),
            remote_bell: tokio::sync::Notify::new(),
            stamp_bell: tokio::sync::Notify::new(),
            witness_bell: tokio::sync::Notify::new(),
            watching: Mutex::default(),
            clock_seen: ClockSeen::default(),
            hurried: AtomicUsize::new(0),
            clock: system_time,
        }
    }

    /// A setting kept as JSON; as delivered where nothing is kept, or what cannot be read.
    pub(crate) fn setting<T: Default + serde::de::DeserializeOwned>(
        &self,
        name: &str,
    ) -> crate::error::Result<T> {
        let text = self.store.setting(name)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// The time.
    pub(crate) fn now(&self) -> UnixMillis {
        (self.clock)()
    }

    /// Which of these digests are those of objects in the archive.
    pub(crate) fn known_objects(&self, digests: &[Sha256]) -> crate::error::Result<archive::Known> {
        let known = self.store.known_objects(digests)?.into_values();
        let part = |object: store::SharedObject| archive::Part {
            object_id: object.object,
            location: object.location,
            octets: object.octets,
        };
        Ok(known.map(|object| (object.sha256, part(object))).collect())
    }

    /// The data directory, and the file of the master key.
    pub(crate) fn places(&self) -> (&std::path::Path, &std::path::Path) {
        (&self.places.0, &self.places.1)
    }

    /// See the field.
    pub(crate) fn erased_salt(&self) -> Option<[u8; 32]> {
        *self.erased_salt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on mails are known again by it.
    pub(crate) fn set_erased_salt(&self, salt: [u8; 32]) {
        *self.erased_salt.lock().unwrap_or_else(PoisonError::into_inner) = Some(salt);
    }

    /// There are mails to be filed that nobody has at hand.
    pub(crate) fn wake_runner(&self) {
        self.runner.ring();
    }

    /// There are messages the index does not have, and perhaps reports and attachments.
    pub(crate) fn wake_follower(&self) {
        self.follower.ring();
        self.feedback.ring();
        self.examiner_bell.ring();
    }

    /// Somebody waits for the index until the answer is dropped.
    pub(crate) fn hurry(self: &Arc<Self>) -> Hurry {
        self.hurried.fetch_add(1, Ordering::Relaxed);
        Hurry(Arc::clone(self))
    }

    /// Whether somebody waits for the index.
    pub(crate) fn wants_index(&self) -> bool {
        self.hurried.load(Ordering::Relaxed) > 0
    }

    /// Keeps for index and examiner what was read of a mail; waits up to `patience` for room.
    pub(crate) fn hand_over(&self, mail: MailId, reading: &mut Reading, patience: Duration) {
        self.texts.put(mail, std::mem::take(&mut reading.texts), patience);
        if let Some(looked) = reading.looked.take() {
            self.looked.put(mail, looked);
        }
    }

    /// Tells the pages of mails that were filed: one piece of news for each account.
    pub(crate) fn tell_filed(&self, mails: impl IntoIterator<Item = (AccountId, MailId)>) {
        let mut accounts: HashMap<AccountId, (u64, Option<MailId>)> = HashMap::new();
        for (account, mail) in mails {
            let news = accounts.entry(account).or_default();
            *news = (news.0 + 1, Some(mail));
        }
        for (account, (count, newest)) in accounts {
            self.tell(News::Filed { account, count, newest });
        }
    }

    /// Tells the pages.
    pub(crate) fn tell(&self, news: News) {
        // Without listeners nobody misses it.
        self.news.send(news).ok();
    }
}

fn system_time() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

/// Somebody waits for the index.
pub(crate) struct Hurry(Arc<Core>);

impl Drop for Hurry {
    fn drop(&mut self) {
        self.0.hurried.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Wakes a thread that waits for work.
#[derive(Default)]
pub(crate) struct Bell {
    state: Mutex<Rung>,
    rung: Condvar,
}

#[derive(Default)]
struct Rung {
    rung: bool,
    closed: bool,
}

impl Bell {
    pub(crate) fn ring(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).rung = true;
        self.rung.notify_all();
    }

    /// No more work: waiting ends at once from now on.
    pub(crate) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.rung.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed
    }

    /// Waits until it rings, closes, or `patience` is over; true if it rang.
    pub(crate) fn wait(&self, patience: Option<Duration>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |state: &mut Rung| !state.rung && !state.closed;
        state = match patience {
            None => self.rung.wait_while(state, quiet).unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                self.rung.wait_timeout_while(state, patience, quiet).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        std::mem::take(&mut state.rung)
    }
}
