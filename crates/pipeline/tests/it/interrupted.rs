//! A process that archives, seals, sends, changes keys and erases is killed, or finds the disk full, at random points: what it
//! confirmed is there, what it erased is gone, the rest is there as a whole or not at all, and no proof is broken.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use intake::files::Source;
use ledger::{Builder, Checkpoint, leaf_hash};
use model::{MailId, Scope, Sha256};
use pipeline::{Basis, Engine, ErasureRequest, Import, Options};
use test_support::{Moto, Random};

use crate::remote;
use crate::world::write;

const DIR: &str = "INTERRUPTED_DIR";
/// Step and number of the round.
const STEP: &str = "INTERRUPTED_STEP";
const ROUND: &str = "INTERRUPTED_ROUND";
/// In the data directory's place of the test for a full disk.
const SMALL: &str = "INTERRUPTED_SMALL";
const MAILS: u64 = 6;
const BUCKET: &str = "mails";

/// What is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Put,
    Seal,
    Upload,
    Rotate,
    Erase,
}

impl Step {
    const ALL: [Self; 5] = [Self::Put, Self::Seal, Self::Upload, Self::Rotate, Self::Erase];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Seal => "seal",
            Self::Upload => "upload",
            Self::Rotate => "rotate",
            Self::Erase => "erase",
        }
    }
}

/// Small ones with an attachment that is one of three, or some that fill segments.
fn mail(step: Step, round: u64, n: u64) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let noise = |seed: u64, len: usize| -> String {
        let mut random = Random(seed);
        let digits = (0..len).map(|_| char::from(DIGITS[random.below(64) as usize]));
        let text: String = digits.collect();
        let lines: Vec<_> = text.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
        lines.join("\r\n") + "\r\n"
    };
    let (own, shared) = if step == Step::Seal { (16_000, 0) } else { (300, 5_016) };
    format!(
        "From: eva@kunde.example\r\nSubject: {} {round} {n}\r\nMessage-ID: <{round}.{n}@interrupted.example>\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{}\r\n--b\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\n{}--b--\r\n",
        step.as_str(),
        noise(round * 100 + n + 1, own),
        noise(n % 3 + 1, shared),
    )
}

fn open(dir: &Path) -> Result<Engine, pipeline::Error> {
    let options = Options { create: true, workers: 1, segment_octets_max: 30_000, ..Options::default() };
    Engine::open(&dir.join("data"), &options)
}

/// Does something with the data, and leaves them closed.
fn with<T>(dir: &Path, what: impl FnOnce(&Engine) -> T) -> T {
    let engine = open(dir).unwrap();
    let done = what(&engine);
    engine.close();
    done
}

fn import(engine: &Engine, folder: &Path) -> Result<(), pipeline::Error> {
    let account = engine.account_or_import("a@b.example")?;
    let import = Import { account, sources: vec![Source::from(folder)], directory: None, run: None };
    engine.import(&import, &mut std::io::empty(), &false.into(), &mut |_| ())?;
    engine.sign_log()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn send(engine: &Engine) -> Result<bool, pipeline::Error> {
    runtime().block_on(engine.send_segments())
}

/// The process that is interrupted.
#[test]
fn takes_a_step() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let said = take(&dir, &std::env::var(STEP).unwrap(), &std::env::var(ROUND).unwrap());
    if let Err(error) = said {
        eprintln!("{error}");
        std::process::exit(3);
    }
    println!("done");
    std::process::exit(0);
}

fn take(dir: &Path, step: &str, what: &str) -> Result<(), pipeline::Error> {
    let engine = open(dir)?;
    engine.resume_erasures()?;
    println!("ready");
    match step {
        "put" | "seal" => import(&engine, &dir.join("mails").join(what))?,
        "upload" => assert!(send(&engine)?, "the store answers"),
        "rotate" => drop(engine.rotate_master_key()?),
        _ => {
            let request = ErasureRequest {
                mails: vec![what.parse().unwrap()],
                basis: Basis::Unlawful,
                note: String::new(),
                actor: "test".to_owned(),
            };
            assert_eq!(engine.erase(request)?.done, 1);
        }
    }
    engine.close();
    Ok(())
}

/// What is known of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It may be here.
    Given,
    /// It was confirmed.
    Here,
    /// It is being erased.
    Going,
    Gone,
}

struct Story {
    dir: PathBuf,
    random: Random,
    moto: Option<Moto>,
    mails: BTreeMap<Sha256, Fate>,
    /// Signed heads, by size.
    heads: BTreeMap<u64, [u8; 32]>,
    /// How long each step takes, from when it is ready, as seen so far.
    takes: BTreeMap<&'static str, Duration>,
    /// Steps that came through, and those that did not, each at least opened the data.
    through: usize,
    interrupted: BTreeMap<&'static str, usize>,
}

impl Story {
    fn begin(dir: &Path, seed: u64, moto: Option<Moto>) -> Self {
        if let Some(moto) = &moto {
            moto.make_bucket(BUCKET, true);
            let settings = remote::settings(moto, BUCKET);
            with(dir, |engine| engine.set_remote(Some(&settings), remote::event()).unwrap().unwrap());
        }
        let mut story = Self {
            dir: dir.to_owned(),
            random: Random(seed),
            moto,
            mails: BTreeMap::new(),
            heads: BTreeMap::new(),
            takes: BTreeMap::new(),
            through: 0,
            interrupted: BTreeMap::new(),
        };
        // One of each that nobody interrupts: they show how long it takes.
        for (step, round) in Step::ALL.into_iter().zip(1..) {
            let (mut command, what) = story.prepare(step, round);
            let begun = Instant::now();
            let done = ended(command.spawn().unwrap());
            assert!(done.success(), "{step:?}: {}", fs::read_to_string(story.said()).unwrap());
            story.takes.insert(step.as_str(), begun.elapsed());
            story.confirm(step, round, what.as_deref());
            story.look();
        }
        story
    }

    /// What a step needs, and its process; for an erasure the mail.
    fn prepare(&mut self, step: Step, round: u64) -> (Command, Option<String>) {
        let what = match step {
            Step::Put | Step::Seal | Step::Upload => {
                let folder = self.dir.join("mails").join(round.to_string());
                // What is sealed is what can be sent.
                let kind = if step == Step::Upload { Step::Seal } else { step };
                for n in 0..MAILS {
                    write(&folder.join(format!("{n}.eml")), &mail(kind, round, n));
                }
                self.all(round, kind, Fate::Given);
                if step == Step::Upload {
                    with(&self.dir, |engine| import(engine, &folder).unwrap());
                    self.all(round, kind, Fate::Here);
                }
                round.to_string()
            }
            Step::Rotate => String::new(),
            Step::Erase => {
                let rows = with(&self.dir, |engine| {
                    engine.store().mail_lines(&Scope::All, 0, 1000).unwrap().unwrap().0
                });
                let row = &rows[self.random.below(rows.len() as u64) as usize];
                self.mails.insert(row.sha256, Fate::Going);
                row.mail_id.to_string()
            }
        };
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "interrupted::takes_a_step", "--nocapture"]);
        command.env(DIR, &self.dir).env(STEP, step.as_str()).env(ROUND, &what).env_remove(SMALL);
        command.stdout(Stdio::piped()).stderr(File::create(self.said()).unwrap());
        let erased = (step == Step::Erase).then_some(what);
        (command, erased)
    }

    /// What the process says when it fails.
    fn said(&self) -> PathBuf {
        self.dir.join("said")
    }

    fn all(&mut self, round: u64, kind: Step, fate: Fate) {
        for n in 0..MAILS {
            self.mails.insert(ledger::sha256(mail(kind, round, n).as_bytes()), fate);
        }
    }

    /// The step came through.
    fn confirm(&mut self, step: Step, round: u64, erased: Option<&str>) {
        match (step, erased) {
            (Step::Put | Step::Seal, _) => self.all(round, step, Fate::Here),
            (Step::Erase, Some(_)) => {
                for fate in self.mails.values_mut().filter(|fate| **fate == Fate::Going) {
                    *fate = Fate::Gone;
                }
            }
            _ => {}
        }
    }

    /// A step that is killed between its beginning and its end, or now and then while the data are opened.
    fn kill(&mut self, step: Step, round: u64) {
        let (mut command, what) = self.prepare(step, round);
        let mut child = command.spawn().unwrap();
        let takes = self.takes[step.as_str()].as_micros() as u64;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = || lines.next().and_then(Result::ok);
        if self.random.below(6) != 0 {
            while said().is_some_and(|line| !line.ends_with("ready")) {}
        }
        let patience = Duration::from_micros(self.random.below(takes));
        let begun = Instant::now();
        while begun.elapsed() < patience && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().ok();
        let status = child.wait().unwrap();
        self.note(step, round, what.as_deref(), status);
    }

    /// A step for which there is so much room on the disk.
    fn fill(&mut self, step: Step, round: u64, free: u64) {
        let ballast = self.dir.join("ballast");
        let (mut command, what) = self.prepare(step, round);
        take_all_but(&ballast, free);
        let status = ended(command.spawn().unwrap());
        fs::remove_file(ballast).unwrap();
        self.note(step, round, what.as_deref(), status);
    }

    fn note(&mut self, step: Step, round: u64, what: Option<&str>, status: ExitStatus) {
        if status.success() {
            self.through += 1;
            self.confirm(step, round, what);
        } else {
            *self.interrupted.entry(step.as_str()).or_default() += 1;
        }
    }

    /// Opens the data and compares them with what is known.
    fn look(&mut self) {
        let engine = open(&self.dir).unwrap();
        engine.resume_erasures().unwrap();
        engine.sign_log().unwrap();
        let mut here: BTreeMap<Sha256, MailId> = BTreeMap::new();
        let mut after = 0;
        while let Some((rows, next)) = engine.store().mail_lines(&Scope::All, after, 1000).unwrap() {
            after = next;
            for row in rows {
                assert!(here.insert(row.sha256, row.mail_id).is_none(), "twice: {}", row.sha256);
            }
        }
        assert!(here.keys().all(|sha256| self.mails.contains_key(sha256)), "from nowhere");
        for (sha256, fate) in &mut self.mails {
            match (*fate, here.contains_key(sha256)) {
                (Fate::Here, there) => assert!(there, "lost: {sha256}"),
                (Fate::Gone, there) => assert!(!there, "back: {sha256}"),
                // What began goes on with the next start.
                (Fate::Going, there) => *fate = if there { Fate::Here } else { Fate::Gone },
                (Fate::Given, there) => {
                    if there {
                        *fate = Fate::Here;
                    }
                }
            }
        }
        let faults = engine.verify(&mut |_| ()).unwrap().faults;
        assert_eq!(faults, []);
        self.compare_log(&engine);
        if self.moto.is_some() {
            assert!(send(&engine).unwrap());
        }
        engine.close();
    }

    /// Every head that was ever signed is one of the log as it is now.
    fn compare_log(&mut self, engine: &Engine) {
        let note = fs::read_to_string(self.dir.join("data/log/checkpoint")).unwrap();
        let head = Checkpoint::read(&note).unwrap();
        self.heads.insert(head.size, head.root);
        let mut tree = Builder::default();
        let mut seen = 0;
        loop {
            let rows = engine.store().leaves(tree.size(), 1000).unwrap();
            if rows.is_empty() {
                break;
            }
            for row in rows {
                tree.push(leaf_hash(&row.leaf().encode()), &mut |_, _| ());
                if let Some(root) = self.heads.get(&tree.size()) {
                    assert_eq!(&tree.root(), root, "the head of {} leaves", tree.size());
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, self.heads.len(), "heads beyond the log");
    }

    /// Everything that was given comes in after all, what was sent is what is here, and whoever checks without this program agrees.
    fn end(mut self) {
        let rounds = fs::read_dir(self.dir.join("mails")).unwrap();
        let gone = self.mails.values().filter(|fate| **fate == Fate::Gone).count();
        with(&self.dir, |engine| rounds.for_each(|round| import(engine, &round.unwrap().path()).unwrap()));
        for fate in self.mails.values_mut().filter(|fate| **fate == Fate::Given) {
            *fate = Fate::Here;
        }
        self.look();
        assert!(gone > 0 && self.mails.values().any(|fate| *fate == Fate::Here));
        if self.moto.is_some() {
            let checked = |engine: &Engine| runtime().block_on(engine.check_remote(&mut |_| ())).unwrap();
            assert_eq!(with(&self.dir, checked).take_faults(), []);
        }
        let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("poststelle-verify");
        if program.exists() {
            let done = Command::new(program).arg(self.dir.join("data")).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        } else {
            eprintln!("poststelle-verify was not built: its check is skipped");
        }
        eprintln!("{} came through; interrupted: {:?}", self.through, self.interrupted);
    }
}

/// Reads what the process says, so that it does not wait, until it ends.
fn ended(mut child: Child) -> ExitStatus {
    std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
    child.wait().unwrap()
}

/// Fills the disk this path is on, but for so many octets.
fn take_all_but(path: &Path, free: u64) {
    let mut file = File::create(path).unwrap();
    let piece = vec![1; 4096];
    let mut len = 0;
    while file.write_all(&piece).is_ok() {
        len += piece.len() as u64;
    }
    file.set_len(len.saturating_sub(free)).unwrap();
}

/// The steps in turn, so many rounds in all.
fn steps(story: &Story, rounds: u64) -> Vec<(Step, u64)> {
    let has_store = story.moto.is_some();
    let steps: Vec<Step> = Step::ALL.into_iter().filter(|step| has_store || *step != Step::Upload).collect();
    (0..rounds).map(|n| (steps[n as usize % steps.len()], 100 + n)).collect()
}

fn rounds() -> u64 {
    if std::env::var_os("SLOW_TESTS").is_some() { 200 } else { 10 }
}

#[test]
fn killed_at_random_points_nothing_is_lost_and_no_proof_broken() {
    let dir = tempfile::TempDir::new().unwrap();
    let mut story = Story::begin(dir.path(), 11, Moto::start());
    for (step, round) in steps(&story, rounds()) {
        story.kill(step, round);
        story.look();
    }
    assert!(story.interrupted.len() >= 3, "{:?}", story.interrupted);
    story.end();
}

/// The test itself, where the data lie on a disk of their own that is small.
#[test]
fn on_a_small_disk() {
    let Some(dir) = std::env::var_os(SMALL).map(PathBuf::from) else { return };
    let mut story = Story::begin(&dir, 12, Moto::start());
    for (step, round) in steps(&story, rounds()) {
        let free = story.random.below(600_000);
        story.fill(step, round, free);
        story.look();
    }
    assert!(story.interrupted.len() >= 3, "{:?}", story.interrupted);
    story.end();
}

#[test]
fn with_a_full_disk_nothing_is_lost_and_no_proof_broken() {
    let dir = tempfile::TempDir::new().unwrap();
    let mount = "mount -t tmpfs -o size=64m tmpfs \"$0\"";
    let unshared = |what: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", what]).arg(dir.path());
        command
    };
    let can = unshared(mount).stderr(Stdio::null()).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("no disk can be mounted here: skipped");
        return;
    }
    let mut command = unshared(&format!("{mount} && exec \"$@\""));
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "interrupted::on_a_small_disk", "--nocapture"]).env(SMALL, dir.path());
    let done = command.output().unwrap();
    let words = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&words));
}
