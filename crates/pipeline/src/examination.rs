//! Looks at attachments behind filing: what they are, whether a scanner knows them as malware, whether they are held. Until
//! then nobody opens them. A scanner that is down holds attachments, never mails.

mod settings;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use doctor::ScannerFacts;
use examine::{Clamd, ScanError, Scanned};
use inspect::{Class, Finding};
use model::UnixMillis;
use store::{DueMail, ExaminationTask, ExaminedMail, ExaminedPart, HeldState, ScanState, StoredPart};

pub use settings::{ExaminationSettings, SettingsError};

use crate::core::Core;
use crate::error::Result;
use crate::looked::{self, Findings};
use crate::news::News;

/// Mails taken note of in one transaction.
const NOTE_BATCH: usize = 1000;
/// Mails looked at between two transactions.
const BATCH: usize = 32;
/// Parts judged anew in one transaction.
const JUDGE_BATCH: usize = 2000;
/// Scans at the same time.
const SCANS: usize = 3;
/// Looks at least this often, and so often for a scanner that is down.
const PATIENCE: Duration = Duration::from_mins(1);
const SCANNER_PATIENCE: Duration = Duration::from_secs(5);
/// For one scan.
const SCAN_TIME: Duration = Duration::from_mins(1);
/// For asking whether a scanner is there.
const ASK_TIME: Duration = Duration::from_secs(5);
/// So long the last answer of a scanner counts.
const FRESH_MS: i64 = 5 * 60_000;
/// A scan that fails is tried again after so long, and so often.
const AGAIN_MS: i64 = 60_000;
const ATTEMPTS_MAX: u32 = 5;
/// Larger mails are not looked into: their attachments are held as oversized. Octets.
const MAIL_MAX: u64 = 256 << 20;
/// Attachments of one mail that are looked into; the others are held as oversized.
const PARTS_MAX: usize = 500;
/// How much the thread gives way to others, as `nice` counts.
const NICE: i32 = 10;

/// What is known of the scanner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScannerState {
    /// Version of engine and signatures, when it answered last.
    pub version: Option<String>,
    /// Why it does not answer; `None` if it does.
    pub error: Option<String>,
    /// Since when it does not answer.
    pub down_since: Option<UnixMillis>,
    /// When it was asked last.
    pub asked: Option<UnixMillis>,
}

/// What the engine keeps for looking at attachments.
#[derive(Default)]
pub(crate) struct Examination {
    settings: Mutex<Arc<ExaminationSettings>>,
    scanner: Mutex<ScannerState>,
    /// Held by who goes through what is due.
    draining: Mutex<()>,
    /// There are scans that wait for the scanner.
    waits: AtomicBool,
}

impl Examination {
    pub(crate) fn settings(&self) -> Arc<ExaminationSettings> {
        Arc::clone(&self.settings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, settings: ExaminationSettings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    pub(crate) fn scanner(&self) -> ScannerState {
        self.scanner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The test file every scanner knows, in two halves: whole, it would be found in this program.
const TEST_FILE: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// Tries a scanner that need not be set. Gives what it calls the test file, besides its state.
pub(crate) fn try_out(core: &Core, address: &str) -> (ScannerState, Option<String>) {
    let asked = Some(core.now());
    let tried =
        address.parse().map_err(|error: examine::AddressError| error.to_string()).and_then(|address| {
            let clamd = Clamd::new(address, ASK_TIME);
            let version = clamd.version().map_err(|error| crate::chain(&error))?;
            let scanned = clamd.scan(TEST_FILE.concat().as_bytes()).map_err(|error| crate::chain(&error))?;
            Ok((version, scanned))
        });
    match tried {
        Ok((version, Scanned::Found(name))) => {
            (ScannerState { version: Some(version), asked, ..ScannerState::default() }, Some(name))
        }
        Ok((version, _)) => (ScannerState { version: Some(version), asked, ..ScannerState::default() }, None),
        Err(error) => (ScannerState { error: Some(error), down_since: asked, asked, version: None }, None),
    }
}

/// Asks a scanner who it is.
pub(crate) fn ask(core: &Core, settings: &ExaminationSettings) -> Option<ScannerState> {
    let address = settings.scanner()?;
    let answer = Clamd::new(address, ASK_TIME).version();
    let mut state = core.examination.scanner.lock().unwrap_or_else(PoisonError::into_inner);
    state.asked = Some(core.now());
    match answer {
        Ok(version) => (state.version, state.error, state.down_since) = (Some(version), None, None),
        Err(error) => {
            if state.error.is_none() {
                tracing::warn!(error = %crate::chain(&error), "attachments wait for the scanner");
            }
            state.error = Some(crate::chain(&error));
            state.down_since = state.down_since.or(state.asked);
        }
    }
    Some(state.clone())
}

/// What is to be said of a scanner that is set and does not answer. One that nobody had to ask for a while is asked now.
///
/// # Errors
/// Of the database.
pub(crate) fn trouble(core: &Core) -> Result<Option<ScannerFacts>> {
    let settings = core.examination.settings();
    let known = core.examination.scanner();
    let is_fresh = known.asked.is_some_and(|asked| core.now().0 - asked.0 < FRESH_MS);
    let state = if is_fresh { Some(known) } else { ask(core, &settings) };
    let Some(state) = state.filter(|_| !settings.scanner.is_empty()) else { return Ok(None) };
    let (Some(text), Some(since)) = (state.error, state.down_since) else { return Ok(None) };
    let waiting = core.store.examination_counts()?.waiting;
    Ok(Some(ScannerFacts { text, since, waiting }))
}

/// A scanner that answered, until it does not.
struct Scanner {
    clamd: Clamd,
    version: String,
    down: AtomicBool,
}

impl Scanner {
    fn find(core: &Core, settings: &ExaminationSettings) -> Option<Self> {
        let state = ask(core, settings)?;
        let version = state.version.filter(|_| state.error.is_none())?;
        let clamd = Clamd::new(settings.scanner()?, SCAN_TIME);
        Some(Self { clamd, version, down: AtomicBool::new(false) })
    }

    fn is_up(&self) -> bool {
        !self.down.load(Ordering::Relaxed)
    }
}

/// Runs until the engine closes.
pub(crate) fn run(core: &Arc<Core>) {
    // Of a thread, on Linux; where it is not allowed or means the whole process, nothing is lost.
    #[cfg(target_os = "linux")]
    rustix::process::setpriority_process(None, NICE).ok();
    loop {
        if let Err(error) = drain(core) {
            tracing::warn!(error = %crate::chain(&error), "attachments wait to be looked at");
        }
        if core.examiner_bell.is_closed() {
            return;
        }
        let waits = core.examination.waits.load(Ordering::Relaxed);
        core.examiner_bell.wait(Some(if waits { SCANNER_PATIENCE } else { PATIENCE }));
    }
}

/// Takes note of what came, and does what is due.
///
/// # Errors
/// Of the database.
pub(crate) fn drain(core: &Arc<Core>) -> Result<()> {
    let _draining = core.examination.draining.lock().unwrap_or_else(PoisonError::into_inner);
    let settings = core.examination.settings();
    let open = || !core.examiner_bell.is_closed();
    let judge = judge_of(&settings);
    while open() && core.store.judge_examined(settings.version, JUDGE_BATCH, Arc::clone(&judge))? {}
    let since = settings.checks_mails().then(|| crate::authentication::since(core.now()));
    while open() && core.store.enqueue_examinations(NOTE_BATCH, since)? {}
    core.authenticator_bell.ring();
    while open() && core.store.go_on_rescanning(NOTE_BATCH)? {}
    let mut scanner = None;
    let mut changed = false;
    for task in [ExaminationTask::Look, ExaminationTask::Scan] {
        while open() {
            let mails = core.store.due_examinations(task, core.now(), BATCH)?;
            if mails.is_empty() {
                break;
            }
            if scanner.is_none() {
                scanner = Some(Scanner::find(core, &settings));
            }
            let scanner = scanner.as_ref().and_then(Option::as_ref).filter(|scanner| scanner.is_up());
            if task == ExaminationTask::Scan && scanner.is_none() && !settings.scanner.is_empty() {
                break;
            }
            changed = true;
            let done = batch(core, &settings, scanner, &mails);
            core.store.put_examined(task, done)?;
        }
    }
    let waits = core.store.next_examination(ExaminationTask::Scan)?.is_some();
    core.examination.waits.store(waits, Ordering::Relaxed);
    // Parts that are judged anew do not count as changed.
    core.files.bell.ring();
    if changed {
        core.tell(News::Examined);
    }
    Ok(())
}

/// Several at the same time where a scanner takes the time, one after the other otherwise.
fn batch(
    core: &Core,
    settings: &ExaminationSettings,
    scanner: Option<&Scanner>,
    mails: &[DueMail],
) -> Vec<ExaminedMail> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(mails.len()));
    let work = || {
        while let Some(mail) = mails.get(next.fetch_add(1, Ordering::Relaxed)) {
            let examined = mail_of(core, settings, scanner, mail);
            done.lock().unwrap_or_else(PoisonError::into_inner).push(examined);
        }
    };
    // A large mail is whole in memory: those come one after the other.
    let large = mails.iter().any(|mail| mail.octets.octets > MAIL_MAX / 8);
    let threads = if scanner.is_some() && !large { SCANS.min(mails.len()) } else { 1 };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at one mail now, if that has not been done; with `scan` has it scanned too, if a scanner is set and can be reached.
///
/// # Errors
/// Of the database.
pub(crate) fn now(core: &Arc<Core>, seq: i64, scan: bool) -> Result<Vec<ExaminedPart>> {
    let settings = core.examination.settings();
    let Some(mail) = core.store.examination_of(seq)? else { return Ok(Vec::new()) };
    let known = |part: &StoredPart| {
        let found = mail.examined.iter().find(|examined| examined.is_of(part));
        found.is_some_and(|found| !scan || settings.scanner.is_empty() || !wants_scan(found.scan))
    };
    if mail.parts.iter().all(known) {
        return Ok(judged(&settings, mail.examined));
    }
    let scanner = if scan { Scanner::find(core, &settings) } else { None };
    let examined = mail_of(core, &settings, scanner.as_ref(), &mail);
    core.store.put_examined(ExaminationTask::Look, vec![examined])?;
    core.examiner_bell.ring();
    core.files.bell.ring();
    let known = core.store.examination_of(seq)?.map(|mail| mail.examined);
    Ok(judged(&settings, known.unwrap_or_default()))
}

const fn wants_scan(scan: ScanState) -> bool {
    matches!(scan, ScanState::NotAsked | ScanState::Waits)
}

/// As the policy of this moment has it, whatever was decided before.
pub(crate) fn judged(settings: &Arc<ExaminationSettings>, parts: Vec<ExaminedPart>) -> Vec<ExaminedPart> {
    let judge = judge_of(settings);
    let judged = |mut part: ExaminedPart| {
        if part.policy != settings.version {
            (part.held, part.scan) = judge(&part);
            part.policy = settings.version;
        }
        part
    };
    parts.into_iter().map(judged).collect()
}

fn judge_of(settings: &Arc<ExaminationSettings>) -> store::Judge {
    let settings = Arc::clone(settings);
    Arc::new(move |part| {
        // Nobody waits for a scanner that is not set any more.
        let scan = match part.scan {
            ScanState::Waits if settings.scanner.is_empty() => ScanState::NotAsked,
            scan => scan,
        };
        (held(&settings, &Finding::from_text(&part.findings), scan), scan)
    })
}

fn held(settings: &ExaminationSettings, findings: &[Finding], scan: ScanState) -> HeldState {
    let policy = settings.policy();
    match scan {
        ScanState::Found => HeldState::Malware,
        _ if policy.first_held(findings).is_some() => HeldState::Policy,
        ScanState::TooLarge if policy.holds(Class::Unscannable) => HeldState::Policy,
        ScanState::Waits => HeldState::Waits,
        ScanState::Failed => HeldState::Unscanned,
        ScanState::NotAsked | ScanState::Clean | ScanState::TooLarge => HeldState::No,
    }
}

fn mail_of(
    core: &Core,
    settings: &ExaminationSettings,
    scanner: Option<&Scanner>,
    mail: &DueMail,
) -> ExaminedMail {
    let seq = mail.octets.seq;
    let mut looked = Looked { settings, scanner, now: core.now(), attempts: mail.attempts, failed: false };
    // For a scanner the octets are needed all the same.
    let known = core.looked.take(mail.octets.mail_id).filter(|_| settings.scanner.is_empty());
    if let Some(parts) = known.and_then(|known| looked.known(&mail.parts, &known)) {
        return ExaminedMail { seq, parts, again: None, scan: false };
    }
    let octets = if mail.octets.octets > MAIL_MAX {
        None
    } else {
        match core.archive.read_all(mail.octets.location, MAIL_MAX) {
            Ok(octets) => Some(octets),
            Err(error) => {
                tracing::warn!(error = %crate::chain(&error), "a mail could not be read: its attachments stay held");
                let again = (mail.attempts + 1 < ATTEMPTS_MAX).then(|| later(core, mail.attempts + 1));
                return ExaminedMail { seq, parts: Vec::new(), again, scan: false };
            }
        }
    };
    let places = octets.as_ref().map(|octets| {
        catch_unwind(AssertUnwindSafe(|| parse::places(octets, &core.limits))).unwrap_or_default()
    });
    let content = |part: &StoredPart| -> Option<Vec<u8>> {
        let (octets, places) = (octets.as_ref()?, places.as_ref()?);
        let index = places.iter().position(|found| found.number == part.number)?;
        catch_unwind(AssertUnwindSafe(|| parse::part_content(octets, places, index, usize::MAX))).ok()?
    };
    let parts: Vec<ExaminedPart> = mail
        .parts
        .iter()
        .zip(0..)
        .map(|(part, n)| looked.part(part, if n < PARTS_MAX { content(part) } else { None }.as_deref()))
        .collect();
    let again = looked.failed.then(|| later(core, mail.attempts + 1));
    let waits = parts.iter().any(|part| part.scan == ScanState::Waits);
    ExaminedMail { seq, parts, scan: waits && again.is_none(), again }
}

fn later(core: &Core, attempts: u32) -> (UnixMillis, u32) {
    (core.now().plus_ms(AGAIN_MS << attempts.min(6)), attempts)
}

/// Looking at the parts of one mail.
struct Looked<'a> {
    settings: &'a ExaminationSettings,
    scanner: Option<&'a Scanner>,
    now: UnixMillis,
    attempts: u32,
    /// A scan failed and is to be tried again.
    failed: bool,
}

impl Looked<'_> {
    /// All parts of a mail, if all were looked at when it was read.
    fn known(&self, parts: &[StoredPart], known: &Findings) -> Option<Vec<ExaminedPart>> {
        let of = |part: &StoredPart| {
            let (_, findings) = known.iter().find(|(number, _)| *number == part.number)?;
            Some(self.judged(self.begun(part), findings))
        };
        parts.iter().map(of).collect()
    }

    fn begun(&self, part: &StoredPart) -> ExaminedPart {
        ExaminedPart {
            number: part.number.clone(),
            sha256: part.sha256.map(|sha256| sha256.0.to_vec()).unwrap_or_default(),
            policy: self.settings.version,
            ..ExaminedPart::default()
        }
    }

    fn judged(&self, mut part: ExaminedPart, findings: &[Finding]) -> ExaminedPart {
        part.held = held(self.settings, findings, part.scan);
        part.findings = Finding::to_text(findings);
        part
    }

    fn part(&mut self, part: &StoredPart, content: Option<&[u8]>) -> ExaminedPart {
        let mut examined = self.begun(part);
        let mut findings = looked::findings(part.name.as_deref(), &part.content_type, content);
        if !self.settings.scanner.is_empty() {
            examined.scan = ScanState::Waits;
            match (content, self.scanner.filter(|scanner| scanner.is_up())) {
                (None, _) => examined.scan = ScanState::TooLarge,
                (Some(octets), Some(scanner)) => self.scan(scanner, octets, &mut examined, &mut findings),
                (Some(_), None) => {}
            }
        }
        self.judged(examined, &findings)
    }

    fn scan(
        &mut self,
        scanner: &Scanner,
        octets: &[u8],
        examined: &mut ExaminedPart,
        findings: &mut Vec<Finding>,
    ) {
        let answer = scanner.clamd.scan(octets);
        (examined.scan, examined.signature) = match answer {
            Ok(Scanned::Clean) => (ScanState::Clean, String::new()),
            Ok(Scanned::TooLarge) => (ScanState::TooLarge, String::new()),
            Ok(Scanned::Found(name)) => match heuristic(&name) {
                // What the scanner calls so by its settings is for the policy, like what is found here.
                Some(class) => {
                    if !findings.iter().any(|finding| finding.class == class) {
                        findings.push(looked::alone(class));
                    }
                    (ScanState::Clean, name)
                }
                None => (ScanState::Found, name),
            },
            Err(error) if error.is_down() => {
                scanner.down.store(true, Ordering::Relaxed);
                return;
            }
            Err(error) if error.is_transient() && self.attempts + 1 < ATTEMPTS_MAX => {
                tracing::info!(error = %crate::chain(&error), "a scan is tried again");
                self.failed = true;
                return;
            }
            Err(ScanError::Refused { said }) => (ScanState::Failed, said),
            Err(error) => (ScanState::Failed, crate::chain(&error)),
        };
        examined.scanner.clone_from(&scanner.version);
        examined.scanned = Some(self.now);
    }
}

/// Signatures of clamd that name a property, not malware.
fn heuristic(name: &str) -> Option<Class> {
    let rest = name.strip_prefix("Heuristics.")?;
    match rest {
        _ if rest.starts_with("Encrypted.") => {
            let archive = [".Zip", ".RAR", ".7Zip", ".Arj", ".EGG"].iter().any(|kind| rest.ends_with(kind));
            Some(if archive { Class::EncryptedArchive } else { Class::EncryptedDocument })
        }
        _ if rest.starts_with("Limits.Exceeded") => Some(Class::Oversized),
        _ if rest.starts_with("OLE2.ContainsMacros") => Some(Class::Macros),
        _ => None,
    }
}
