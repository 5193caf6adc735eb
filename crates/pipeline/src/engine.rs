//! An open data directory with everything that works on it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use archive::{Archive, Keyring};
use dispatch::Reference;
use examine::{Authentication, SpamMark};
use index::Index;
use keys::{MasterKey, Purpose, RecoveryKey, Sealer};
use link::Learnt;
use model::{AccountId, Activity, MailId, RecordKind, UnixMillis};
use store::{Account, AccountKind, Database, Draft, ExaminedPart, Linking, NewAccount, Store};
use tokio::sync::broadcast;

use crate::allowance::Allowances;
use crate::budget::Budgets;
use crate::core::{Core, Secrets};
use crate::error::{Error, Result};
use crate::examination::{ExaminationSettings, ScannerState};
use crate::feed::Counts;
use crate::flow::{Entrance, Flow};
use crate::import::{Import, Step};
use crate::linking::{LinkSettings, Sending};
use crate::news::News;
use crate::proving::{self, LogState, Proving};
use crate::recovery::{Recovered, recover};
use crate::recovery_key;
use crate::verify::Verified;

/// Format of the data directory as a whole.
pub const DATA_FORMAT: u32 = 1;
const VERSION_FILE: &str = "version";
/// Name of the embedded database in the data directory.
pub const DATABASE_FILE: &str = "poststelle.sqlite";

/// How to open a data directory.
#[derive(Clone, Default)]
pub struct Options {
    /// Make it if it is missing.
    pub create: bool,
    /// PostgreSQL instead of the file in the directory.
    pub database: Option<Database>,
    /// Key file elsewhere than in the directory.
    pub master_key_file: Option<PathBuf>,
    /// Threads that read mails; 0 = one for each processor.
    pub workers: usize,
    /// Arguments with which this program runs `examine::child::run`; `None`: attachments are not read.
    pub child: Option<Vec<String>>,
    /// Throw the search index away first.
    pub recreate_index: bool,
    /// Memory for messages on the way to the index, octets; 0 = [`BATCH_OCTETS`].
    pub batch_octets: usize,
    /// From when on something is said to be wrong.
    pub doctor: doctor::Limits,
    /// Connections to one server at once, over all accounts; 0 = [`crate::CONNECTIONS_PER_SERVER`].
    pub connections_per_server: usize,
    /// Octets fetched of each account in a day, at most; 0 = what its provider is known to allow.
    pub octets_per_day: u64,
    /// A segment of the archive is sealed at about this length, octets; 0 = 128 MiB.
    pub segment_octets_max: u64,
    /// Sealed segments get the attribute `i`, see [`archive::Options`].
    pub immutable: bool,
}

/// Memory for messages on the way to the index, beside which a server has other things to keep.
pub const BATCH_OCTETS: usize = 10_000_000;
/// The same for a process that does nothing else.
pub const BATCH_OCTETS_ALONE: usize = 40_000_000;

/// The engine. Clones share it; [`Engine::close`] ends it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    core: Arc<Core>,
    dir: PathBuf,
    key_path: PathBuf,
    recovered: Recovered,
    workers: usize,
    running: Mutex<Option<Running>>,
}

struct Running {
    flow: Flow,
    runner: Option<JoinHandle<()>>,
    follower: Option<JoinHandle<()>>,
    feedback: Option<JoinHandle<()>>,
    examiner: Option<JoinHandle<()>>,
    authenticator: Option<JoinHandle<()>>,
    linker: Option<JoinHandle<()>>,
    prover: Option<JoinHandle<()>>,
    keeper: Option<JoinHandle<()>>,
    filer: Option<JoinHandle<()>>,
    approver: Option<JoinHandle<()>>,
}

impl Engine {
    /// Opens the directory, takes up what a crash left, and starts to work.
    ///
    /// # Errors
    /// `NoData`, `Version`, `Io`; those of archive (in use by another process), database, key and index.
    pub fn open(dir: &Path, options: &Options) -> Result<Self> {
        prepare(dir, options.create)?;
        let lock = archive::Lock::take(&dir.join("archive"))?;
        let database =
            options.database.clone().unwrap_or_else(|| Database::Sqlite { path: dir.join(DATABASE_FILE) });
        let store = Store::open(&database)?;
        let key_path = options.master_key_file.clone().unwrap_or_else(|| MasterKey::default_path(dir));
        crate::rekey::finish(&store, &key_path)?;
        let keyring = dir.join(recovery_key::KEYRING);
        // The master key is made before the first keyring.
        let needed = lock.needs_keyring() || keyring.is_dir();
        let master = master_key(&key_path, options, needed)?;
        let keyring = Keyring::open(&keyring, &master, !lock.needs_keyring())?;
        keyring.settle(&master)?;
        recovery_key::settle(dir, &master)?;
        let archive = {
            let mut of_archive =
                archive::Options { immutable: options.immutable, ..archive::Options::default() };
            if options.segment_octets_max > 0 {
                of_archive.segment_octets_max = options.segment_octets_max;
            }
            Archive::open(lock, keyring, of_archive)?
        };
        let old = MasterKey::old_path(&key_path);
        let old = if old.exists() { Some(MasterKey::load(&old)?) } else { None };
        let secrets = Secrets {
            sealer: Sealer::new(&master, Purpose::ACCOUNT_FIELDS),
            reference: Arc::new(Reference::new(&master).and_old(old.as_ref())),
            proving: Proving::open(dir, &Sealer::new(&master, logbook::PURPOSE), &store)?,
        };
        let batch_octets = if options.batch_octets == 0 { BATCH_OCTETS } else { options.batch_octets };
        let index = open_index(&dir.join("index"), options.recreate_index, batch_octets)?;
        let scratch = dir.join("tmp");
        fs::create_dir_all(&scratch).map_err(|error| Error::io(&scratch, error))?;
        let examiner = crate::attachments::examiner(options.child.clone());
        let mut core = Core::new(archive, store, index, secrets, examiner, scratch, batch_octets);
        core.places = (dir.to_owned(), key_path.clone());
        core.doctor = options.doctor;
        core.budgets = Budgets::new(options.connections_per_server);
        core.allowances = Allowances::new(options.octets_per_day);
        let core = Arc::new(core);
        let kept = core.store.setting(ExaminationSettings::NAME)?;
        core.examination.set(ExaminationSettings::read(kept.as_deref()));
        crate::erasure::know(&core, dir)?;
        let recovered = recover(&core)?;
        crate::erasure::at_start(&core, dir, &master)?;
        core.store.end_interrupted_imports(core.now())?;
        core.store.bring_back(core.now())?;
        let workers = if options.workers == 0 {
            std::thread::available_parallelism().map_or(2, usize::from)
        } else {
            options.workers
        };
        let running = start(&core, workers).map_err(|error| Error::io(dir, error))?;
        Ok(Self {
            inner: Arc::new(Inner {
                core,
                dir: dir.to_owned(),
                key_path,
                recovered,
                workers,
                running: Mutex::new(Some(running)),
            }),
        })
    }

    /// What recovery found at the start.
    pub fn recovered(&self) -> Recovered {
        self.inner.recovered
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Where the master key lies.
    pub fn key_path(&self) -> &Path {
        &self.inner.key_path
    }

    /// Makes a new master key, seals every secret with it, and puts it in the place of the old one, which is kept beside
    /// it. Gives how many secrets there were. Killed anywhere, the next start either finishes it or has the old key. The
    /// engine cannot open secrets afterwards: close it.
    ///
    /// # Errors
    /// `Key` if no file can be written there, `Sealed`; those of the database.
    pub fn rotate_master_key(&self) -> Result<u64> {
        crate::rekey::rotate(self.core(), &self.inner.dir, &self.inner.key_path)
    }

    /// Makes a recovery key, which is to be printed: it is kept nowhere. One made before opens nothing any more.
    ///
    /// # Errors
    /// `Key`, `Recovery`, `Io`.
    pub fn make_recovery_key(&self) -> Result<RecoveryKey> {
        let master = MasterKey::load(&self.inner.key_path)?;
        recovery_key::make(&self.inner.dir, &master, self.core().now())
    }

    /// When the recovery key was made; `None` if none ever was.
    ///
    /// # Errors
    /// `Recovery` if its file is damaged, `Io`.
    pub fn recovery_key_made(&self) -> Result<Option<UnixMillis>> {
        Ok(recovery_key::kept(&self.inner.dir)?.map(|recovery| UnixMillis(recovery.made())))
    }

    /// Whether the key on paper brings back the master key.
    ///
    /// # Errors
    /// `Recovery` if it does not; `Key`, `Io`.
    pub fn check_recovery_key(&self, key: &RecoveryKey) -> Result<()> {
        let master = MasterKey::load(&self.inner.key_path)?;
        recovery_key::check(&self.inner.dir, key, &master)
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.inner.core.store
    }

    /// The archive.
    pub fn archive(&self) -> &Archive {
        &self.inner.core.archive
    }

    /// The search index.
    pub fn index(&self) -> &Index {
        &self.inner.core.index
    }

    /// What an account is doing: what is set, what its task does right now, or what it noted.
    pub fn activity(&self, account: &Account) -> Activity {
        self.inner.core.tasks.activity(account)
    }

    /// Seals what is secret at rest.
    pub fn sealer(&self) -> &Sealer {
        &self.inner.core.sealer
    }

    /// News from now on.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.inner.core.news.subscribe()
    }

    /// Tells the pages.
    pub fn tell(&self, news: News) {
        self.inner.core.tell(news);
    }

    /// Signs and knows mails of our own.
    pub fn reference(&self) -> &Reference {
        &self.inner.core.reference
    }

    /// Messages were changed by people: the index is to follow at once.
    pub fn messages_changed(&self) {
        self.inner.core.follower.ring();
    }

    /// What is set about attachments and the origin of mails.
    pub fn examination(&self) -> Arc<ExaminationSettings> {
        self.core().examination.settings()
    }

    /// Sets it. Attachments are judged anew where the policy or the scanner is another; the version of `settings` is not
    /// looked at.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_examination(&self, settings: ExaminationSettings) -> Result<()> {
        let before = self.examination();
        let same = before.held == settings.held && before.scanner == settings.scanner;
        let version = before.version + i64::from(!same);
        let settings = ExaminationSettings { version, ..settings };
        let text = serde_json::to_string(&settings).unwrap_or_default();
        self.store().set_setting(ExaminationSettings::NAME.to_owned(), Some(text))?;
        self.core().examination.set(settings);
        self.examinations_changed();
        Ok(())
    }

    /// Attachments were released or are to be scanned again: somebody is to look at once.
    pub fn examinations_changed(&self) {
        self.core().examiner_bell.ring();
        self.core().authenticator_bell.ring();
        self.core().files.bell.ring();
    }

    /// These parts, judged by the policy of this moment.
    pub fn judged(&self, parts: Vec<ExaminedPart>) -> Vec<ExaminedPart> {
        crate::examination::judged(&self.examination(), parts)
    }

    /// What is known of the scanner.
    pub fn scanner(&self) -> ScannerState {
        self.core().examination.scanner()
    }

    /// Asks the scanner that is set; `None` if none is. Blocks, at most some seconds.
    pub fn ask_scanner(&self) -> Option<ScannerState> {
        crate::examination::ask(self.core(), &self.examination())
    }

    /// Tries a scanner that need not be set: its state, and what it calls the EICAR test file. Blocks, at most some seconds.
    pub fn try_scanner(&self, address: &str) -> (ScannerState, Option<String>) {
        crate::examination::try_out(self.core(), address)
    }

    /// Asks a spam filter that need not be set about GTUBE, the mail every filter takes for spam. Blocks, at most some seconds.
    ///
    /// # Errors
    /// Why there is no answer, in its words or the system's; `None` if this is no address of a filter.
    pub fn try_spam_filter(&self, address: &str) -> std::result::Result<SpamMark, Option<String>> {
        crate::spam::try_out(address)
    }

    /// Who a mail is really from, and when that was checked; `None` if it was not.
    ///
    /// # Errors
    /// Those of the database.
    pub fn authentication(&self, seq: i64) -> Result<Option<(UnixMillis, Authentication)>> {
        let kept = self.store().checked_mail(seq)?;
        Ok(kept.and_then(|(at, text)| Some((at, serde_json::from_str(&text).ok()?))))
    }

    /// What was found in the attachments of a mail, judged by the policy of this moment; what nobody has looked at is looked at
    /// now, and with `scan` what was not scanned is scanned. Blocks: for as long as a scan takes.
    ///
    /// # Errors
    /// Those of the database.
    pub fn examine(&self, seq: i64, scan: bool) -> Result<Vec<ExaminedPart>> {
        crate::examination::now(self.core(), seq, scan)
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.inner.core
    }

    /// The account of this name; made for imports if there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub fn account_or_import(&self, name: &str) -> Result<AccountId> {
        let store = self.store();
        if let Some(account) = store.account_by_name(name)? {
            return Ok(account.id);
        }
        let address = Some(name.to_lowercase()).filter(|name| {
            name.split_once('@').is_some_and(|(left, right)| !left.is_empty() && right.contains('.'))
        });
        let new =
            NewAccount { name: name.to_owned(), address, kind: AccountKind::Import, ..NewAccount::default() };
        Ok(store.account_or_create(AccountId::new(uuid::Uuid::now_v7()), new, self.core().now())?)
    }

    /// Imports files and waits until they are filed.
    ///
    /// # Errors
    /// Of archive and database; the same import again goes on.
    pub fn import(
        &self,
        import: &Import,
        stdin: &mut dyn Read,
        stop: &AtomicBool,
        on_step: &mut dyn FnMut(Step<'_>),
    ) -> Result<Counts> {
        crate::import::import(self.core(), &self.entrance()?, import, stdin, stop, on_step)
    }

    pub(crate) fn entrance(&self) -> Result<Entrance> {
        let running = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(|running| running.flow.entrance()).ok_or(Error::Stopped)
    }

    /// What is set about linking.
    ///
    /// # Errors
    /// Those of the database.
    pub fn link_settings(&self) -> Result<LinkSettings> {
        Ok(LinkSettings::read(self.store().setting(LinkSettings::NAME)?.as_deref()))
    }

    /// Sets it; counts for mails from now on.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_link_settings(&self, settings: &LinkSettings) -> Result<()> {
        let text = serde_json::to_string(settings).unwrap_or_default();
        Ok(self.store().set_setting(LinkSettings::NAME.to_owned(), Some(text))?)
    }

    /// What decides under which records mails are filed; `None` where there are no records. Loads them if they are not in
    /// memory.
    ///
    /// # Errors
    /// Those of the database.
    pub fn linking(&self) -> Result<Option<Linking>> {
        crate::linking::current(self.core())
    }

    /// What decides, be there records or not.
    ///
    /// # Errors
    /// Those of the database.
    pub fn link_rules(&self) -> Result<Linking> {
        crate::linking::rules(self.core())
    }

    /// What the numbers of each kind of records look like that there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn link_masks(&self) -> Result<Vec<(RecordKind, Learnt)>> {
        crate::linking::learn_masks(self.core())
    }

    /// Decides on a mail that is about to be sent: under which records it belongs, and by which `Message-ID` and subject its
    /// answers are known. `domain`: of the `Message-ID`; `mark`: whether the subject names the record too.
    ///
    /// # Errors
    /// Those of the database.
    pub fn decide_sending(&self, draft: &Draft, domain: &str, mark: bool) -> Result<Sending> {
        crate::linking::sending(self.core(), draft, domain, mark)
    }

    /// Decides again on a message without link that nobody has decided on; `true` if it has one now.
    ///
    /// # Errors
    /// Those of the database.
    pub fn relink_one(&self, mail: MailId) -> Result<bool> {
        let Some(message) = self.store().unlinked(mail)? else { return Ok(false) };
        let Some(linking) = self.linking()? else { return Ok(false) };
        let linked = self.store().relink_one(message, linking)?;
        if linked {
            self.messages_changed();
        }
        Ok(linked)
    }

    /// Waits until everything received is filed, under records that came since too, everything filed can be found, its
    /// reports are handled, its attachments are looked at, and retention and holds have seen it.
    ///
    /// # Errors
    /// Of database and index.
    pub fn catch_up(&self) -> Result<()> {
        let core = self.core();
        let waited = core.hurry();
        crate::run::drain(core, self.inner.workers, true, &mut |_| ())?;
        crate::linking::relink_new(core)?;
        core.wake_follower();
        crate::feedback::drain(core)?;
        crate::examination::drain(core)?;
        while !core.store.changed_since(core.index.last_change_seq() as i64, 1)?.is_empty() {
            if core.follower.is_closed() {
                return Err(Error::Stopped);
            }
            core.wake_follower();
            core.indexed.wait(Some(Duration::from_millis(500)));
        }
        drop(waited);
        crate::retention::drain(core)
    }

    /// How the provable log stands.
    ///
    /// # Errors
    /// Those of the database and of the log's folder.
    pub fn log_state(&self) -> Result<LogState> {
        proving::state(self.core())
    }

    /// Signs what has happened up to now, octets of the archive included.
    ///
    /// # Errors
    /// Those of the database and of the log's folder.
    pub fn sign_log(&self) -> Result<()> {
        proving::derive(self.core(), true)
    }

    /// Files that prove a mail to others: names and octets, for a ZIP that `poststelle-verify` takes.
    ///
    /// # Errors
    /// `Missing` mail; those of archive, database and log.
    pub fn evidence(&self, mail: MailId) -> Result<Vec<(String, Vec<u8>)>> {
        proving::evidence(self.core(), mail)
    }

    /// Checks everything stored. `progress` hears of octets checked.
    ///
    /// # Errors
    /// If archive or database cannot be read at all.
    pub fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified> {
        self.catch_up()?;
        crate::verify::verify(self.core(), progress)
    }

    /// Makes everything derived anew. `progress` hears of mails done and of all.
    ///
    /// # Errors
    /// Those of the database.
    pub fn rebuild(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<u64> {
        let total = crate::rebuild::rebuild(self.core(), self.inner.workers, progress)?;
        self.catch_up()?;
        Ok(total)
    }

    /// Puts a quarantined mail back among those to be filed.
    ///
    /// # Errors
    /// If it is not in quarantine.
    pub fn retry(&self, mail: MailId) -> Result<()> {
        self.store().retry(mail)?;
        self.core().wake_runner();
        Ok(())
    }

    /// Lets what is under way come through and ends all threads. Further calls fail.
    pub fn close(&self) {
        let running = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut running) = running else { return };
        let core = self.core();
        core.oauth.settle();
        running.flow.close();
        core.runner.close();
        join(running.runner.take(), "runner");
        core.follower.close();
        join(running.follower.take(), "follower");
        core.feedback.close();
        join(running.feedback.take(), "feedback");
        core.examiner_bell.close();
        join(running.examiner.take(), "examiner");
        core.authenticator_bell.close();
        join(running.authenticator.take(), "authenticator");
        core.approvals_bell.close();
        join(running.approver.take(), "approver");
        core.linker_bell.close();
        join(running.linker.take(), "linker");
        core.keeper.close();
        join(running.keeper.take(), "keeper");
        core.files.bell.close();
        join(running.filer.take(), "filer");
        core.proving.bell.close();
        join(running.prover.take(), "prover");
        core.store.close();
    }
}

fn join(thread: Option<JoinHandle<()>>, name: &str) {
    if thread.is_some_and(|thread| thread.join().is_err()) {
        tracing::error!(name, "a thread failed");
    }
}

fn start(core: &Arc<Core>, workers: usize) -> std::io::Result<Running> {
    let flow = Flow::start(core, workers)?;
    let for_runner = Arc::clone(core);
    let runner = std::thread::Builder::new()
        .name("runner".into())
        .spawn(move || crate::run::run(&for_runner, workers))?;
    let for_follower = Arc::clone(core);
    let follower = std::thread::Builder::new()
        .name("follower".into())
        .spawn(move || crate::follow::run(&for_follower))?;
    let for_feedback = Arc::clone(core);
    let feedback = std::thread::Builder::new()
        .name("feedback".into())
        .spawn(move || crate::feedback::run(&for_feedback))?;
    let for_examiner = Arc::clone(core);
    let examiner = std::thread::Builder::new()
        .name("examiner".into())
        .spawn(move || crate::examination::run(&for_examiner))?;
    let for_authenticator = Arc::clone(core);
    let authenticator = std::thread::Builder::new()
        .name("authenticator".into())
        .spawn(move || crate::authentication::run(&for_authenticator))?;
    let for_linker = Arc::clone(core);
    let linker =
        std::thread::Builder::new().name("linker".into()).spawn(move || crate::linking::run(&for_linker))?;
    let for_prover = Arc::clone(core);
    let prover =
        std::thread::Builder::new().name("prover".into()).spawn(move || crate::proving::run(&for_prover))?;
    let for_keeper = Arc::clone(core);
    let keeper = std::thread::Builder::new()
        .name("keeper".into())
        .spawn(move || crate::retention::run(&for_keeper))?;
    let for_filer = Arc::clone(core);
    let filer =
        std::thread::Builder::new().name("filer".into()).spawn(move || crate::files::run(&for_filer))?;
    let for_approver = Arc::clone(core);
    let approver = std::thread::Builder::new()
        .name("approver".into())
        .spawn(move || crate::approvals::run(&for_approver))?;
    Ok(Running {
        flow,
        runner: Some(runner),
        follower: Some(follower),
        feedback: Some(feedback),
        examiner: Some(examiner),
        authenticator: Some(authenticator),
        linker: Some(linker),
        prover: Some(prover),
        keeper: Some(keeper),
        filer: Some(filer),
        approver: Some(approver),
    })
}

/// Makes the directory if wanted, and looks whether this program understands it.
fn prepare(dir: &Path, create: bool) -> Result<()> {
    let version = dir.join(VERSION_FILE);
    match fs::read_to_string(&version) {
        Ok(found) => match found.trim().parse::<u32>() {
            Ok(number) if number <= DATA_FORMAT => Ok(()),
            _ => Err(Error::Version {
                path: version,
                found: found.trim().chars().take(40).collect(),
                known: DATA_FORMAT,
            }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if !create && !dir.join("archive").exists() {
                return Err(Error::NoData { dir: dir.to_owned() });
            }
            fs::create_dir_all(dir).map_err(|error| Error::io(dir, error))?;
            fs::write(&version, format!("{DATA_FORMAT}\n")).map_err(|error| Error::io(&version, error))
        }
        Err(error) => Err(Error::io(&version, error)),
    }
}

/// The key for stored secrets: made beside the data at the first start unless it is to lie elsewhere, where it must be.
///
/// With an encrypted archive there must be one: another one would not open it.
fn master_key(path: &Path, options: &Options, needed: bool) -> Result<MasterKey> {
    Ok(if options.master_key_file.is_some() || path.exists() {
        MasterKey::load(path)?
    } else if needed {
        return Err(Error::MasterKeyLost { at: path.to_owned() });
    } else {
        MasterKey::create(path)?
    })
}

/// An index that cannot be used is made anew: it holds nothing that is not elsewhere.
fn open_index(dir: &Path, recreate: bool, heap_octets: usize) -> Result<Index> {
    let options = index::Options { heap_octets };
    if recreate {
        return Ok(Index::recreate(dir, options)?);
    }
    match Index::open(dir, options.clone()) {
        Err(error) if error.must_rebuild() => {
            tracing::warn!(error = %crate::chain(&error), "the search index is made anew");
            Ok(Index::recreate(dir, options)?)
        }
        other => Ok(other?),
    }
}
