//! A handover to auditors (Z3) is checked offline like a proof.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use export::Supplier;
use intake::files::Source;
use model::{Period, Scope, UnixMillis};
use pipeline::{Asked, Engine, ExportOf, Import, Options};
use serde_json::Value;
use tempfile::TempDir;

const MAILS: usize = 30;
/// 2025-01-01T00:00:00Z.
const YEAR: i64 = 1_735_689_600_000;
const DAY: i64 = 86_400_000;

fn verify(path: &Path, key: &str) -> (bool, Vec<String>, usize) {
    let program = env!("CARGO_BIN_EXE_poststelle-verify");
    let done = Command::new(program).args(["--json", "--key", key]).arg(path).output().unwrap();
    let value: Value = serde_json::from_slice(&done.stdout).unwrap();
    let codes = |list: &str| {
        let all = value[list].as_array().unwrap().iter();
        all.map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let files = codes("proven").iter().filter(|code| *code == "file").count();
    (done.status.success(), codes("faults"), files)
}

type Files = Vec<(String, Vec<u8>)>;

fn unzip(path: &Path) -> Files {
    let mut zip = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let entry = |n| {
        let mut entry = zip.by_index(n).unwrap();
        let mut octets = Vec::new();
        entry.read_to_end(&mut octets).unwrap();
        (entry.name().unwrap().into_owned(), octets)
    };
    let count = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap().len();
    (0..count).map(entry).collect()
}

fn zip(path: &Path, files: &Files) {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, octets) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(octets).unwrap();
    }
    zip.finish().unwrap();
}

/// Mails of every fifth day, from a month before the year on; one of them twice.
fn archive(dir: &Path) -> Engine {
    let mails = dir.join("mails");
    fs::create_dir_all(&mails).unwrap();
    for n in 0..MAILS {
        let at = jiff::Timestamp::from_millisecond(YEAR + (n as i64 - 6) * 5 * DAY).unwrap();
        let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let mail = format!(
            "From: \"Söhne; & Co\" <a@b.example>\r\nTo: c@b.example\r\nDate: {date}\r\nSubject: =1+{n}\r\n\
             Message-ID: <{n}@b.example>\r\n\r\nText {n}\r\n"
        );
        fs::write(mails.join(format!("{n:05}.eml")), &mail).unwrap();
        if n == 10 {
            fs::write(mails.join("again.eml"), mail).unwrap();
        }
    }
    let data = dir.join("data");
    let engine = Engine::open(&data, &Options { create: true, workers: 1, ..Options::default() }).unwrap();
    let account = engine.account_or_import("a@b.example").unwrap();
    let sources = vec![Source::from(mails.as_path())];
    let import = Import { account, sources, directory: None, run: None };
    engine.import(&import, &mut std::io::empty(), &AtomicBool::new(false), &mut |_| ()).unwrap();
    engine.catch_up().unwrap();
    engine
}

#[test]
fn a_handover_proves_its_mails() {
    let dir = TempDir::new().unwrap();
    let engine = archive(dir.path());
    let key = engine.log_state().unwrap().public_key;
    let hand_over = |query: &str, period: Period, name: &str| {
        let path = dir.path().join(name);
        let asked = Asked { query: query.to_owned(), ..Asked::default() };
        let of = ExportOf { asked, held_too: true, period };
        let supplier = Supplier { name: "Verein".to_owned(), ..Supplier::default() };
        let out = fs::File::create(&path).unwrap();
        let done = engine.hand_over(&Scope::All, &of, supplier, out).unwrap();
        (path, done.mails)
    };
    let quarter = Period { from: Some(UnixMillis(YEAR)), until: Some(UnixMillis(YEAR + 90 * DAY)) };
    let (path, mails) = hand_over("", quarter, "quarter.zip");
    assert_eq!(mails, 18);
    assert_eq!(verify(&path, &key), (true, vec![], 18));

    let files = unzip(&path);
    let text = |name: &str| {
        let (_, octets) = files.iter().find(|(known, _)| known == name).unwrap();
        String::from_utf8(octets.clone()).unwrap()
    };
    let table = text("mails.csv");
    assert_eq!(table.lines().count(), 19, "{table}");
    assert!(table.contains("\"'=1+6\"") && !table.contains("=1+5\""), "{table}");
    assert!(text("adressen.csv").contains("\"from\";\"a@b.example\";\"Söhne; & Co\""));
    assert_eq!(text("fundorte.csv").lines().count(), 20, "one lies at two places");
    assert!(text("index.xml").contains("gdpdu-01-09-2004.dtd"));

    let changed = dir.path().join("changed.zip");
    let with = |change: &dyn Fn(&mut Files)| {
        let mut files = files.clone();
        change(&mut files);
        zip(&changed, &files);
        let (holds, faults, _) = verify(&changed, &key);
        assert!(!holds);
        faults
    };
    let eml = |files: &Files| files.iter().position(|(name, _)| name.strip_suffix(".eml").is_some()).unwrap();
    assert_eq!(
        with(&|files| {
            let at = eml(files);
            files[at].1[60] ^= 1;
        }),
        ["file_changed"]
    );
    assert_eq!(
        with(&|files| {
            let at = eml(files);
            files.remove(at);
        }),
        ["file_removed"]
    );
    assert_eq!(with(&|files| files.push(("mails/x.eml".to_owned(), b"x".to_vec()))), ["file_inserted"]);

    let (path, mails) = hand_over("subject:21", Period::default(), "query.zip");
    assert_eq!((mails, verify(&path, &key)), (1, (true, vec![], 1)));
    engine.close();
}
