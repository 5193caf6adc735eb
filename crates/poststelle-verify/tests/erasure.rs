//! What is erased is gone from every file, and everything that was proven before still holds, offline.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use intake::files::Source;
use model::{MailId, Scope};
use pipeline::{About, Basis, Engine, ErasureRequest, Import, Options};
use serde_json::Value;
use tempfile::TempDir;

/// In every mail of the person, and nowhere else.
const WORD: &str = "Xylophonquartett";
const PERSON: &str = "eva@person.example";

fn open(dir: &Path) -> Engine {
    Engine::open(dir, &Options { create: true, workers: 1, ..Options::default() }).unwrap()
}

/// Mails 0 to 29; every fifth is the person's, two others mention her; 10 and 11 have the same attachment.
fn write_mails(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    for n in 0..30 {
        let (from, text) = match n {
            n if n % 5 == 0 => (PERSON, WORD),
            3 | 4 => ("other@b.example", "Please ask eva@person.example about it."),
            _ => ("other@b.example", "Nothing of interest."),
        };
        let attachment = if n == 10 || n == 11 { "QUJDREVGRw==".repeat(2000) } else { String::new() };
        let mail = format!(
            "From: {from}\r\nTo: us@b.example\r\nSubject: Mail {n} {}\r\nMessage-ID: <{n}@b.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n{text} {n}\r\n--x\r\n\
             Content-Type: application/octet-stream; name=a.bin\r\nContent-Disposition: attachment; filename=a.bin\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}--x--\r\n",
            if from == PERSON { WORD } else { "" },
            lines(&attachment),
        );
        fs::write(dir.join(format!("{n:05}.eml")), mail).unwrap();
    }
}

/// Base64 as mail programs write it.
fn lines(text: &str) -> String {
    let text = text.replace('=', "A");
    let mut lines = String::new();
    for line in text.as_bytes().chunks(76) {
        lines.push_str(std::str::from_utf8(line).unwrap());
        lines.push_str("\r\n");
    }
    lines
}

fn import(engine: &Engine, mails: &Path) -> pipeline::Counts {
    let account = engine.account_or_import("us@b.example").unwrap();
    let import = Import { account, sources: vec![Source::from(mails)], directory: None, run: None };
    let done = engine.import(&import, &mut std::io::empty(), &AtomicBool::new(false), &mut |_| ()).unwrap();
    engine.catch_up().unwrap();
    engine.sign_log().unwrap();
    done
}

fn erase(engine: &Engine, mails: Vec<MailId>) -> pipeline::Erased {
    let (note, actor) = ("letter of 3 March".to_owned(), "user-1".to_owned());
    let request = ErasureRequest { mails, basis: Basis::Objection, note, actor };
    // As it is carried out when somebody else has released it; the same id again is the same erasure.
    assert_eq!(ErasureRequest::of_payload(&request.payload()), Some(request.clone()));
    let id = request.mails.last().unwrap().uuid();
    let done = engine.erase_as(id, request.clone()).unwrap();
    assert_eq!(engine.erase_as(id, request).unwrap(), done);
    done
}

fn verify(path: &Path) -> (bool, Value) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_poststelle-verify")).arg("--json").arg(path).output().unwrap();
    (output.status.success(), serde_json::from_slice(&output.stdout).unwrap())
}

fn codes(report: &Value, list: &str) -> Vec<String> {
    report[list].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
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

/// Files below a folder in which one of these words stands.
fn with_words(dir: &Path, words: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(with_words(&path, words));
            continue;
        }
        let octets = fs::read(&path).unwrap();
        let lower = octets.to_ascii_lowercase();
        let has = |word: &str| {
            let word = word.to_ascii_lowercase();
            lower.windows(word.len()).any(|window| window == word.as_bytes())
        };
        if words.iter().any(|word| has(word)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_erased_is_gone_and_the_proven_holds() {
    let dir = TempDir::new().unwrap();
    let (data, mails) = (dir.path().join("data"), dir.path().join("mails"));
    write_mails(&mails);
    let engine = open(&data);
    import(&engine, &mails);
    let person = engine.person(&PERSON.to_uppercase()).unwrap().mails;
    let of = |about| person.iter().filter(|(.., found)| *found == about).count();
    assert_eq!((of(About::Header), of(About::Text)), (6, 2));
    let others: Vec<MailId> = engine
        .store()
        .mail_lines(&Scope::All, 0, 100)
        .unwrap()
        .unwrap()
        .0
        .iter()
        .map(|line| line.mail_id)
        .filter(|mail| !person.iter().any(|(found, ..)| found == mail))
        .collect();
    let (erased, kept) = (dir.path().join("erased.zip"), dir.path().join("kept.zip"));
    zip(&erased, &engine.evidence(person[0].0).unwrap());
    zip(&kept, &engine.evidence(others[0]).unwrap());
    let before = engine.log_state().unwrap();
    let head = fs::read(data.join("log/checkpoint")).unwrap();
    assert!(!with_words(&data, &[WORD]).is_empty(), "the database has it now");

    let done = erase(&engine, person.iter().map(|(mail, ..)| *mail).collect());
    assert_eq!((done.done, done.refused.len()), (8, 0));
    assert_eq!(done.shared_objects_kept.len(), 1, "the attachment of mail 11");
    // Its octets are whole: the key of the attachment is still there.
    for mail in &others {
        let octets = engine.store().mail_octets(&Scope::All, *mail).unwrap().unwrap();
        engine.archive().read_all(octets.location, 1 << 20).unwrap();
    }
    assert_eq!(engine.person(PERSON).unwrap().mails, []);
    let verified = engine.verify(&mut |_| ()).unwrap();
    assert_eq!(verified.faults, []);
    assert_eq!((verified.mails, verified.erased), (22, 8));
    // The same again finds nothing to erase, and the same files are not taken in again.
    assert_eq!(erase(&engine, vec![person[0].0]).done, 0);
    let again = import(&engine, &mails);
    assert_eq!((again.archived, again.excluded, again.duplicates), (0, 8, 22));
    engine.sign_log().unwrap();
    engine.close();
    drop(engine);

    // What was handed out before proves what it proved; the log continues that of before.
    for proof in [&erased, &kept] {
        assert!(verify(proof).0, "{}", verify(proof).1);
    }
    fs::write(dir.path().join("head"), head).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_poststelle-verify"))
        .args(["--json", "--key", &before.public_key, "--checkpoint"])
        .arg(dir.path().join("head"))
        .arg(&data)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report}");
    assert!(codes(&report, "notes").contains(&"erased".to_owned()), "{report}");
    assert!(codes(&report, "proven").contains(&"payloads".to_owned()), "{report}");
    let left = with_words(&data, &[WORD, PERSON]);
    assert_eq!(left, [] as [PathBuf; 0]);
    // Nothing is left of it after a rebuild out of archive and log, either.
    for name in ["poststelle.sqlite", "poststelle.sqlite-wal", "poststelle.sqlite-shm"] {
        fs::remove_file(data.join(name)).ok();
    }
    let engine = open(&data);
    engine.catch_up().unwrap();
    assert_eq!(engine.verify(&mut |_| ()).unwrap().faults, []);
    assert_eq!(engine.store().counters().unwrap().filed, 22);
    let again = import(&engine, &mails);
    assert_eq!((again.archived, again.excluded, again.duplicates), (0, 8, 22));
}

/// Payloads that are missing, and that no entry says to be erased, are found without any key.
#[test]
fn payloads_that_were_removed_are_found() {
    let dir = TempDir::new().unwrap();
    let (data, mails) = (dir.path().join("data"), dir.path().join("mails"));
    write_mails(&mails);
    let engine = open(&data);
    import(&engine, &mails);
    erase(&engine, vec![engine.person(PERSON).unwrap().mails[0].0]);
    engine.sign_log().unwrap();
    engine.close();
    drop(engine);
    assert!(verify(&data).0, "{}", verify(&data).1);
    let path = data.join("log/payload/0000000000000000.pay");
    let octets = fs::read(&path).unwrap();
    let check = |why: &str, octets: &[u8], code: &str| {
        fs::write(&path, octets).unwrap();
        let (holds, report) = verify(&data);
        assert!(!holds && codes(&report, "faults").contains(&code.to_owned()), "{why}: {report}");
    };
    check("cut", &octets[..octets.len() - 10], "payload_broken");
    check("half", &octets[..ledger::payload::HEADER_LEN], "payload_missing");
    let mut changed = octets.clone();
    changed[300] ^= 1;
    check("changed", &changed, "payload_broken");
    // Another entry is said to be erased, every checksum mended.
    let header = ledger::payload::HEADER_LEN;
    let mut forged = octets[..header].to_vec();
    let mut rest = &octets[header..];
    while let Some(frame) = ledger::payload::Frame::decode(rest) {
        let begin = ledger::payload::FRAME_HEADER_LEN;
        let stored = &rest[begin..begin + frame.stored_len as usize];
        let (mut places, sealed) = ledger::payload::erased_places(stored).unwrap();
        if frame.first == 0 {
            let free = (0..frame.count).find(|place| !places.contains(place)).unwrap();
            places.push(free);
            places.sort_unstable();
        }
        let stored_anew = ledger::payload::stored(&places, sealed);
        forged
            .extend_from_slice(&ledger::payload::Frame::of(frame.first, frame.count, &stored_anew).encode());
        forged.extend_from_slice(&stored_anew);
        rest = &rest[begin + stored.len()..];
    }
    check("forged", &forged, "payload_removed");
    fs::write(&path, &octets).unwrap();
    assert!(verify(&data).0);
}
