//! What a witness confirmed, and a checkpoint that came by mail: checked offline, by the program and by an independent script.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use connect::{ClientTls, Trust};
use dispatch::{Author, CheckpointLetter, Language};
use ledger::{AddCheckpoint, CosigningKey, SigningKey};
use model::{EventId, UnixMillis};
use pipeline::{Engine, Options, WantedWitness, Witnesses};
use tempfile::TempDir;

fn now() -> UnixMillis {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    UnixMillis(i64::try_from(now.as_millis()).unwrap())
}

/// Cosigns whatever it is sent: it is not the witness that is tried here. Gives its address.
fn serve(key: CosigningKey) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while stream.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let note = String::from_utf8(AddCheckpoint::read(&body).unwrap().note).unwrap();
            let text = &note[..=note.find("\n\n").unwrap()];
            let seconds = u64::try_from(now().0 / 1000).unwrap();
            let answer = key.cosign(text, seconds);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
            stream.get_mut().write_all(&[head.as_bytes(), answer.as_bytes()].concat()).unwrap();
        }
    });
    address
}

fn event() -> store::Event {
    let id = EventId::new(uuid::Uuid::now_v7());
    let (actor, kind) = ("test".to_owned(), "test.noted".to_owned());
    store::Event { id, at: now(), actor, kind, subject: String::new(), payload: "{}".to_owned() }
}

fn open(data: &Path) -> Engine {
    Engine::open(data, &Options { create: true, workers: 1, ..Options::default() }).unwrap()
}

/// Ends it; another one may open the directory then.
fn end(engine: Engine) {
    engine.close();
    drop(engine);
}

fn grow(engine: &Engine, entries: usize) {
    engine.store().append_events((0..entries).map(|_| event()).collect()).unwrap();
    engine.sign_log().unwrap();
}

/// What the program says, and whether everything holds.
fn verify(data: &Path, words: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poststelle-verify"));
    let done = command.arg("--json").args(words).arg(data).output().unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap())
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

fn mail(engine: &Engine, data: &Path, file: &Path) {
    let note = fs::read_to_string(data.join("log/checkpoint")).unwrap();
    let key = engine.log_state().unwrap().public_key;
    let letter = CheckpointLetter {
        note: &note,
        entries: 1,
        key: &key,
        fingerprint: &ledger::sha256(key.as_bytes()).to_string(),
        stamped: None,
        files: Vec::new(),
    };
    let author = Author { address: "a@b.example".to_owned(), name: "Müller".to_owned() };
    let octets = dispatch::compose_checkpoint(&letter, &author, "c@d.example", Language::De, "ref", now());
    fs::write(file, octets).unwrap();
}

#[test]
fn what_a_witness_confirmed_and_what_came_by_mail() {
    let dir = TempDir::new().unwrap();
    let (data, old, eml) = (dir.path().join("data"), dir.path().join("old"), dir.path().join("mail.eml"));
    let witness = CosigningKey::of_seed("witness.example/w1", &[7; 32]).unwrap();
    let verifier = witness.public().line();
    let engine = open(&data);
    grow(&engine, 300);
    let key = engine.log_state().unwrap().public_key;
    end(engine);
    copy(&data, &old);

    let engine = open(&data);
    grow(&engine, 300);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let pace = Duration::from_millis(20);
    let tls = ClientTls::new(&Trust::System).unwrap();
    let wanted =
        WantedWitness { id: None, name: "W".into(), url: serve(witness), verifier: verifier.clone() };
    engine.set_log_witnesses(&[wanted], event()).unwrap().unwrap();
    engine.sign_log().unwrap();
    let asking = Witnesses::start_with(engine.clone(), runtime.handle(), tls, (pace, pace));
    let begun = Instant::now();
    while engine.log_witnesses().unwrap()[0].size < engine.log_state().unwrap().signed {
        assert!(begun.elapsed() < Duration::from_mins(1), "it did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
    asking.stop();
    mail(&engine, &data, &eml);
    grow(&engine, 5);
    drop(runtime);
    end(engine);

    let mail = eml.to_str().unwrap();
    let all = ["--key", &key, "--witness", &verifier, "--checkpoint", mail];
    let (good, said) = verify(&data, &all);
    assert!(good && said.contains("\"code\":\"witnessed\"") && said.contains("\"code\":\"kept\""), "{said}");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check.py");
    let done = Command::new("python3").arg(script).arg(&data).args([&key, &verifier]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("witness.example/w1 confirms"), "{said}");

    // A state from before: the mail and the witness know more.
    copy(&data.join("log/witnessed"), &old.join("log/witnessed"));
    let (good, said) = verify(&old, &all);
    assert!(!good && said.matches("\"code\":\"cut_back\"").count() == 2, "{said}");
    // The same, grown again to more than was confirmed.
    let engine = open(&old);
    grow(&engine, 600);
    end(engine);
    let (good, said) = verify(&old, &all);
    assert!(!good && said.matches("\"code\":\"forked\"").count() == 2, "{said}");
    // Somebody else's word, and a word that was changed.
    let other = CosigningKey::of_seed("witness.example/w2", &[8; 32]).unwrap().public().line();
    let (good, said) = verify(&data, &["--key", &key, "--witness", &other]);
    assert!(!good && said.contains("witness_missing"), "{said}");
    let folder = data.join("log/witnessed");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let note = fs::read_to_string(&file).unwrap();
    let at = note.rfind(' ').unwrap() + 30;
    let changed = if note.as_bytes()[at] == b'A' { "B" } else { "A" };
    fs::write(&file, [&note[..at], changed, &note[at + 1..]].concat()).unwrap();
    let (good, said) = verify(&data, &["--key", &key, "--witness", &verifier]);
    assert!(!good && said.contains("cosignature_forged"), "{said}");
    // A checkpoint by another key is none of this log.
    let forged = SigningKey::of_seed("poststelle/1", &[9; 32]).unwrap().sign("poststelle/1\n1\nAA==\n");
    fs::write(&eml, forged).unwrap();
    let (good, said) = verify(&data, &["--key", &key, "--checkpoint", mail]);
    assert!(!good && said.contains("anchor_forged"), "{said}");
}
