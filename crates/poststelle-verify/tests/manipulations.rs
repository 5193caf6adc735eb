//! A real archive, changed with a hex editor and with SQL: each change is found offline and named.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use intake::files::Source;
use pipeline::{Engine, Import, Options};
use serde_json::Value;
use tempfile::TempDir;

/// A data directory as it should be, its key, and the proof of one mail.
struct World {
    dir: TempDir,
    key: String,
    mails: usize,
}

const MAILS: usize = 620;

fn open(dir: &Path) -> Engine {
    Engine::open(dir, &Options { create: true, workers: 1, ..Options::default() }).unwrap()
}

fn import(engine: &Engine, mails: &Path) {
    let account = engine.account_or_import("a@b.example").unwrap();
    let sources = vec![Source::from(mails)];
    let import = Import { account, sources, directory: None, run: None };
    engine.import(&import, &mut std::io::empty(), &AtomicBool::new(false), &mut |_| ()).unwrap();
    engine.sign_log().unwrap();
}

fn write_mails(dir: &Path, range: std::ops::Range<usize>) {
    fs::create_dir_all(dir).unwrap();
    for n in range {
        let mail = format!(
            "From: a@b.example\r\nSubject: Mail {n}\r\nMessage-ID: <{n}@b.example>\r\n\r\nText {n}\r\n"
        );
        fs::write(dir.join(format!("{n:05}.eml")), mail).unwrap();
    }
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let dir = TempDir::new().unwrap();
        let data = dir.path().join("data");
        write_mails(&dir.path().join("first"), 0..300);
        write_mails(&dir.path().join("second"), 300..MAILS);
        let engine = open(&data);
        import(&engine, &dir.path().join("first"));
        let key = engine.log_state().unwrap().public_key;
        import(&engine, &dir.path().join("second"));
        let mail = engine.store().mail_lines(&model::Scope::All, 10, 1).unwrap().unwrap().0.remove(0).mail_id;
        zip(&dir.path().join("proof.zip"), &engine.evidence(mail).unwrap());
        engine.close();
        World { dir, key, mails: MAILS }
    })
}

fn zip(path: &Path, files: &[(String, Vec<u8>)]) {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, octets) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(octets).unwrap();
    }
    zip.finish().unwrap();
}

fn unzip(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    (0..zip.len())
        .map(|n| {
            let mut entry = zip.by_index(n).unwrap();
            let mut octets = Vec::new();
            std::io::copy(&mut entry, &mut octets).unwrap();
            (entry.name().unwrap().into_owned(), octets)
        })
        .collect()
}

impl World {
    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }
}

/// A copy of the data directory.
struct Copy {
    dir: TempDir,
}

impl Copy {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        copy(&world().data(), &dir.path().join("data"));
        Self { dir }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.data().join("log").join(name)
    }

    fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        edit(&self.data().join(name), change);
    }

    fn segment(&self) -> String {
        let mut names: Vec<String> = fs::read_dir(self.data().join("archive"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.strip_suffix(".seg").is_some())
            .collect();
        names.sort();
        format!("archive/{}", names[0])
    }

    fn sql(&self, text: &str) {
        let connection = rusqlite::Connection::open(self.data().join("poststelle.sqlite")).unwrap();
        connection.execute_batch(text).unwrap();
    }
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut octets = fs::read(path).unwrap();
    change(&mut octets);
    fs::write(path, octets).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What the program says: exit status and JSON.
fn verify(path: &Path, more: &[&str]) -> (i32, Value) {
    let key = &world().key;
    let mut command = Command::new(env!("CARGO_BIN_EXE_poststelle-verify"));
    let done = command.args(["--json", "--lang", "en", "--key", key]).args(more).arg(path).output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&done.stderr)));
    (done.status.code().unwrap(), value)
}

fn faults(value: &Value) -> Vec<String> {
    let all = value["faults"].as_array().unwrap();
    all.iter().map(|fault| fault["code"].as_str().unwrap().to_owned()).collect()
}

/// Something is wrong with this code; gives the fault.
#[track_caller]
fn found(path: &Path, more: &[&str], code: &str) -> Value {
    let (status, value) = verify(path, more);
    let fault = value["faults"].as_array().unwrap().iter().find(|fault| fault["code"] == code);
    assert!(status == 1 && fault.is_some(), "{code} is not among {:?}: {value}", faults(&value));
    let fault = fault.unwrap().clone();
    assert!(!fault["text"].as_str().unwrap().contains('{'), "{fault}");
    fault
}

/// Octets of leaf `n` of a bundle: each has its length before it.
fn leaf(n: usize) -> std::ops::Range<usize> {
    n * 53..(n + 1) * 53
}

const FIRST: &str = "log/tile/entries/000";

#[test]
fn what_is_as_it_was_is_proven() {
    let (status, value) = verify(&world().data(), &[]);
    assert_eq!((status, faults(&value)), (0, vec![]), "{value}");
    let proven: Vec<_> =
        value["proven"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    for code in ["leaves", "segments", "anchors"] {
        assert!(proven.contains(&code), "{value}");
    }
    let (status, value) = verify(&world().dir.path().join("proof.zip"), &[]);
    assert_eq!((status, faults(&value)), (0, vec![]), "{value}");
    assert!(value["proven"].as_array().unwrap().iter().any(|one| one["code"] == "file"));
    // Every octet of the archive is in the log.
    let (_, value) = verify(&Copy::new().data(), &[]);
    assert!(!value.to_string().contains("octets_unproven"), "{value}");
    assert!(world().mails == MAILS);
}

#[test]
fn changed() {
    let copy = Copy::new();
    copy.edit(FIRST, |octets| octets[leaf(7)][40] ^= 1);
    assert_eq!(found(&copy.data(), &[], "changed")["leaf"], "7");
    let copy = Copy::new();
    copy.edit(&copy.segment(), |octets| octets[5000] ^= 1);
    let fault = found(&copy.data(), &[], "segment_changed");
    assert!(copy.segment().contains(fault["segment"].as_str().unwrap()));
    let record = found(&copy.data(), &[], "record_changed");
    let at: usize = record["at"].as_str().unwrap().parse().unwrap();
    assert!(at < 5000 && at + 1000 > 5000, "{record}");
    assert_eq!(record["object"].as_str().unwrap().len(), 36);
    let copy = Copy::new();
    for open in fs::read_dir(copy.log("open")).unwrap() {
        edit(&open.unwrap().path(), |octets| {
            *octets = String::from_utf8_lossy(octets).replace("\\\"to\\\":", "\\\"to\\\":1").into();
        });
    }
    found(&copy.data(), &[], "open_changed");
    let mut files = unzip(&world().dir.path().join("proof.zip"));
    files.iter_mut().find(|(name, _)| name == "mail.eml").unwrap().1[20] ^= 1;
    zip(&copy.dir.path().join("changed.zip"), &files);
    assert_eq!(found(&copy.dir.path().join("changed.zip"), &[], "file_changed")["file"], "mail.eml");
}

#[test]
fn swapped() {
    let copy = Copy::new();
    copy.edit(FIRST, |octets| {
        let (one, other) = (octets[leaf(3)].to_vec(), octets[leaf(9)].to_vec());
        octets[leaf(3)].copy_from_slice(&other);
        octets[leaf(9)].copy_from_slice(&one);
    });
    let fault = found(&copy.data(), &[], "swapped");
    assert_eq!((&fault["leaf"], &fault["other"]), (&"3".into(), &"9".into()));
    // Whoever swaps the hashes too contradicts the leaves themselves.
    copy.edit("log/tile/0/000", |octets| {
        let (one, other) = (octets[96..128].to_vec(), octets[288..320].to_vec());
        octets[96..128].copy_from_slice(&other);
        octets[288..320].copy_from_slice(&one);
    });
    assert_eq!(found(&copy.data(), &[], "misplaced")["leaf"], "3");
    // A segment under the name of another.
    let copy = Copy::new();
    let other = proof::segment::SegmentHeader {
        id: model::SegmentId::from_octets([7; 16]),
        created: model::UnixMillis(1_770_000_000_000),
    };
    copy.edit(&copy.segment(), |octets| octets[..128].copy_from_slice(&other.encode()));
    let fault = found(&copy.data(), &[], "segment_swapped");
    assert!(copy.segment().contains(fault["segment"].as_str().unwrap()));
}

#[test]
fn removed() {
    let copy = Copy::new();
    copy.edit(FIRST, |octets| drop(octets.drain(leaf(5))));
    let fault = found(&copy.data(), &[], "removed");
    assert_eq!((&fault["from"], &fault["to"]), (&"5".into(), &"5".into()));
    let copy = Copy::new();
    fs::remove_file(copy.log("tile/entries/001")).unwrap();
    let fault = found(&copy.data(), &[], "removed");
    assert_eq!((&fault["from"], &fault["to"]), (&"256".into(), &"511".into()));
    let copy = Copy::new();
    let segment = copy.segment();
    fs::remove_file(copy.data().join(&segment)).unwrap();
    let fault = found(&copy.data(), &[], "segment_removed");
    assert!(segment.contains(fault["segment"].as_str().unwrap()));
    let copy = Copy::new();
    fs::remove_dir_all(copy.log("open")).unwrap();
    found(&copy.data(), &[], "open_missing");
    let mut files = unzip(&world().dir.path().join("proof.zip"));
    files.retain(|(name, _)| name != "mail.eml");
    zip(&copy.dir.path().join("removed.zip"), &files);
    assert_eq!(found(&copy.dir.path().join("removed.zip"), &[], "file_removed")["file"], "mail.eml");
}

#[test]
fn inserted() {
    let copy = Copy::new();
    copy.edit(FIRST, |octets| {
        let another = octets[leaf(2)].iter().map(|octet| octet ^ 1).collect::<Vec<_>>();
        let mut another = another;
        another[..2].copy_from_slice(&[0, 51]);
        drop(octets.splice(leaf(4).start..leaf(4).start, another));
    });
    assert_eq!(found(&copy.data(), &[], "inserted")["leaf"], "4");
    let mut files = unzip(&world().dir.path().join("proof.zip"));
    files.push(("other.eml".to_owned(), b"From: x@y.example\r\n\r\n".to_vec()));
    zip(&copy.dir.path().join("inserted.zip"), &files);
    assert_eq!(found(&copy.dir.path().join("inserted.zip"), &[], "file_inserted")["file"], "other.eml");
}

#[test]
fn back_dated() {
    let copy = Copy::new();
    // The time of a leaf, a month earlier.
    copy.edit(FIRST, |octets| {
        let at = leaf(200).start + 2 + 9;
        let time = i64::from_be_bytes(octets[at..at + 8].try_into().unwrap());
        octets[at..at + 8].copy_from_slice(&(time - 30 * 86_400_000).to_be_bytes());
    });
    assert_eq!(found(&copy.data(), &[], "back_dated")["leaf"], "200");
    // By SQL, before it is signed, so that the server itself signs it.
    let copy = Copy::new();
    copy.sql(
        "INSERT INTO log_leaves (leaf, at, kind, subject, commitment, salt, payload) \
         SELECT (SELECT MAX(leaf) + 1 FROM log_leaves), at - 2592000000, 2, subject, commitment, salt, payload \
         FROM log_leaves WHERE leaf = 9; UPDATE counters SET value = value + 1 WHERE name = 'leaf'",
    );
    let engine = open(&copy.data());
    engine.sign_log().unwrap();
    let last = engine.log_state().unwrap().signed - 1;
    engine.close();
    let fault = found(&copy.data(), &[], "back_dated");
    assert!(fault["leaf"].as_str().unwrap().parse::<u64>().unwrap() <= last);
}

#[test]
fn truncated() {
    let copy = Copy::new();
    let last = fs::read_dir(copy.log("tile/entries/002.p")).unwrap().next().unwrap().unwrap().path();
    edit(&last, |octets| octets.truncate(leaf(10).start));
    assert_eq!(found(&copy.data(), &[], "truncated")["from"], "522");
    // Set back to an earlier state as a whole, and a checkpoint that somebody kept.
    let copy = Copy::new();
    let kept = copy.dir.path().join("kept");
    fs::copy(copy.log("checkpoint"), &kept).unwrap();
    let anchors = copy.log("timestamps");
    let mut notes: Vec<PathBuf> =
        fs::read_dir(&anchors).unwrap().map(|entry| entry.unwrap().path()).collect();
    notes.sort();
    fs::copy(&notes[0], copy.log("checkpoint")).unwrap();
    found(&copy.data(), &["--checkpoint", kept.to_str().unwrap()], "cut_back");
    let copy = Copy::new();
    copy.edit(&copy.segment(), |octets| octets.truncate(octets.len() - 300));
    found(&copy.data(), &[], "segment_truncated");
}

/// An owner who has everything but the past: rows changed by SQL, the log made anew and signed with the true key.
#[test]
fn rewritten() {
    let copy = Copy::new();
    let kept = copy.dir.path().join("kept");
    fs::copy(copy.log("checkpoint"), &kept).unwrap();
    copy.sql("UPDATE log_leaves SET commitment = zeroblob(32), salt = NULL, payload = NULL WHERE leaf = 11");
    for name in ["tile", "open", "payload", "timestamps"] {
        fs::remove_dir_all(copy.log(name)).unwrap();
    }
    fs::remove_file(copy.log("checkpoint")).unwrap();
    let engine = open(&copy.data());
    engine.sign_log().unwrap();
    assert_eq!(engine.log_state().unwrap().trouble, None);
    engine.close();
    // That content is gone is told; that all was signed anew only by what lies outside the owner's reach.
    assert_eq!(faults(&verify(&copy.data(), &[]).1), ["payload_removed"]);
    found(&copy.data(), &["--checkpoint", kept.to_str().unwrap()], "forked");
    // With leaves and tiles changed and no key, the signature tells.
    let copy = Copy::new();
    copy.edit(FIRST, |octets| octets[leaf(7)][40] ^= 1);
    let octets = fs::read(copy.data().join(FIRST)).unwrap();
    let hash = ledger::leaf_hash(&octets[leaf(7)][2..]);
    copy.edit("log/tile/0/000", |octets| octets[7 * 32..8 * 32].copy_from_slice(&hash));
    found(&copy.data(), &[], "rewritten");
    // Signed by another key.
    let copy = Copy::new();
    let forger = ledger::SigningKey::of_seed("poststelle/other", &[1; 32]).unwrap();
    let text = fs::read_to_string(copy.log("checkpoint")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(
        copy.log("checkpoint"),
        forger.sign(&format!("poststelle/other\n{}\n{}\n", lines[1], lines[2])),
    )
    .unwrap();
    fs::write(copy.log("key.pub"), format!("{}\n", forger.public().line())).unwrap();
    found(&copy.data(), &[], "checkpoint_forged");
    found(&copy.data(), &[], "key_differs");
}

/// Two futures of one past, each signed by the true key.
#[test]
fn forked() {
    let (one, other) = (Copy::new(), Copy::new());
    for (copy, range) in [(&one, 1000..1030), (&other, 2000..2010)] {
        let mails = copy.dir.path().join("mails");
        write_mails(&mails, range);
        let engine = open(&copy.data());
        import(&engine, &mails);
        engine.close();
        assert_eq!(faults(&verify(&copy.data(), &[]).1), Vec::<String>::new());
    }
    let kept = other.log("checkpoint");
    found(&one.data(), &["--checkpoint", kept.to_str().unwrap()], "forked");
    let old = world().data().join("log/checkpoint");
    let (status, value) = verify(&one.data(), &["--checkpoint", old.to_str().unwrap()]);
    assert_eq!((status, faults(&value)), (0, vec![]), "{value}");
}

/// The database gone altogether: the log goes on where it was, and what it said before still holds.
#[test]
fn a_lost_database_gets_its_log_back() {
    let copy = Copy::new();
    let kept = copy.dir.path().join("kept");
    fs::copy(copy.log("checkpoint"), &kept).unwrap();
    let databases = fs::read_dir(copy.data()).unwrap().map(|entry| entry.unwrap().path());
    for path in databases.filter(|path| path.to_string_lossy().contains("poststelle.sqlite")) {
        fs::remove_file(path).unwrap();
    }
    let engine = open(&copy.data());
    let verified = engine.verify(&mut |_| ()).unwrap();
    assert_eq!((verified.mails, verified.faults), (MAILS as u64, vec![]));
    // Mails that come back are not told of a second time.
    let before: u64 = fs::read_to_string(&kept).unwrap().lines().nth(1).unwrap().parse().unwrap();
    let signed = engine.log_state().unwrap().signed;
    assert!((before..before + 10).contains(&signed), "{before} {signed}");
    engine.close();
    let (status, value) = verify(&copy.data(), &["--checkpoint", kept.to_str().unwrap()]);
    assert_eq!((status, faults(&value)), (0, vec![]), "{value}");
}

/// Rows that are not those that were signed: the server says so, and signs nothing on top of them.
#[test]
fn a_changed_database_is_noticed_by_the_server() {
    let faults = |engine: &Engine| engine.verify(&mut |_| ()).unwrap().faults;
    let copy = Copy::new();
    copy.sql("UPDATE log_leaves SET at = at - 1 WHERE leaf = 11");
    let engine = open(&copy.data());
    let found = faults(&engine);
    assert!(
        found.iter().any(|fault| matches!(fault, pipeline::Fault::Log { at: Some(11), kind: "changed", .. })),
        "{found:?}"
    );
    engine.close();
    let copy = Copy::new();
    copy.sql("UPDATE log_leaves SET at = at - 1 WHERE leaf = (SELECT MAX(leaf) FROM log_leaves)");
    let before = fs::read(copy.log("checkpoint")).unwrap();
    let engine = open(&copy.data());
    let mails = copy.dir.path().join("mails");
    write_mails(&mails, 5000..5003);
    import(&engine, &mails);
    assert!(engine.log_state().unwrap().trouble.is_some());
    let found = faults(&engine);
    assert!(
        found.iter().any(|fault| matches!(fault, pipeline::Fault::Log { kind: "trouble", .. })),
        "{found:?}"
    );
    engine.close();
    assert_eq!(fs::read(copy.log("checkpoint")).unwrap(), before);
    // A mail whose digest in the database is another one.
    let copy = Copy::new();
    copy.sql("UPDATE objects SET sha256 = zeroblob(32) WHERE seq = 5");
    let engine = open(&copy.data());
    let found = faults(&engine);
    assert!(
        found.iter().any(|fault| matches!(fault, pipeline::Fault::Log { kind: "mail", .. })),
        "{found:?}"
    );
    engine.close();
}

/// The same by a script written from the RFCs.
#[test]
fn an_independent_check_agrees() {
    let check = |path: &Path, expected: bool, why: &str| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check.py");
        let done = Command::new("python3").arg(script).arg(path).arg(&world().key).output().unwrap();
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert_eq!(done.status.success(), expected, "{why}: {said}");
    };
    check(&world().data(), true, "as it was");
    check(&world().dir.path().join("proof.zip"), true, "a proof");
    let copy = Copy::new();
    copy.edit(FIRST, |octets| octets[leaf(7)][40] ^= 1);
    check(&copy.data(), false, "changed");
    let mut files = unzip(&world().dir.path().join("proof.zip"));
    files.iter_mut().find(|(name, _)| name == "mail.eml").unwrap().1[20] ^= 1;
    zip(&copy.dir.path().join("changed.zip"), &files);
    check(&copy.dir.path().join("changed.zip"), false, "a mail changed");
}

/// No octets make the program fail otherwise than by saying so.
#[test]
fn what_is_no_proof_is_refused() {
    let dir = TempDir::new().unwrap();
    let (status, value) = verify(dir.path(), &[]);
    assert_eq!((status, faults(&value)), (1, vec!["checkpoint_missing".to_owned()]));
    let file = dir.path().join("file");
    for octets in [&b""[..], b"PK\x03\x04", &[0xff; 100]] {
        fs::write(&file, octets).unwrap();
        let (status, value) = verify(&file, &[]);
        assert_eq!((status, faults(&value)), (1, vec!["unreadable".to_owned()]));
    }
    zip(&file, &[("x".to_owned(), vec![1])]);
    assert_eq!(faults(&verify(&file, &[]).1), ["no_proof"]);
    let (_, missing) = verify(&dir.path().join("missing"), &[]);
    assert_eq!(faults(&missing), ["unreadable"]);
}
