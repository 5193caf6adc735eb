//! Mails of other projects, where they are at hand: every one comes in, is listed, and comes out as it was.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Poststelle, finish, program, sha256, shared, slow};

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files(&entry.path(), found),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// Files that are one mail by their name.
fn single_mails(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(dir, &mut found);
    found.retain(|path| {
        let in_maildir =
            path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "cur" || folder == "new");
        path.extension().is_some_and(|extension| extension == "eml") || in_maildir
    });
    found
}

fn all_come_in_and_out(dir: &Path) {
    let post = Poststelle::new();
    let imported = post.import(dir);
    assert!(imported.status.is_some_and(|status| status < 2), "{}", imported.err);
    let mails = post.mails();
    let files = single_mails(dir);
    assert!(!files.is_empty());
    for file in &files {
        let octets = std::fs::read(file).unwrap();
        assert!(mails.contains_key(&sha256(&octets)), "not there: {}", file.display());
    }
    // What `show --raw` gives, for a share of them: starting the program for each would take minutes.
    let step = if slow() { 1 } else { (mails.len() / 20).max(1) };
    for (digest, row) in mails.iter().step_by(step) {
        let shown = post.run(&["show", "--raw", row["mail_id"].as_str().unwrap()]).expect(0);
        assert_eq!(sha256(&shown.out), *digest);
    }
    assert!(mails.values().all(|row| row["date"].is_string() && row["thread_id"].is_string()));
    post.verify();
    post.run(&["search", "--json", "the"]).expect(0);
}

#[test]
fn shared_mails_come_in_and_out() {
    if let Some(dir) = shared("corpus/mail") {
        all_come_in_and_out(&dir);
    }
}

#[test]
fn shared_feedback_comes_in_and_out() {
    if let Some(dir) = shared("corpus/feedback/files") {
        all_come_in_and_out(&dir);
    }
}

/// Hostile mail, at full size with `SLOW_TESTS=1`: each within 5 seconds and 512 MB.
#[test]
fn hostile_mails_come_in_and_out() {
    let Some(generator) = shared("tools/gen_nasty.py") else { return };
    let dir = tempfile::tempdir().unwrap();
    let size: &[&str] = if slow() { &[] } else { &["--small"] };
    assert!(Command::new("python3").arg(generator).arg(dir.path()).args(size).status().unwrap().success());
    for file in single_mails(dir.path()) {
        let mut limited = Command::new("bash");
        limited
            .args([
                "-c",
                "ulimit -v 6000000; ulimit -t 50; exec \"$@\"",
                "bash",
                env!("CARGO_BIN_EXE_poststelle"),
                "classify",
                "--jsonl",
            ])
            .arg(&file);
        let rows = finish(&mut limited).expect(0).rows();
        assert_eq!(rows.len(), 1, "{}", file.display());
    }
    all_come_in_and_out(dir.path());
}

fn score(tool: &str, arguments: &[&Path]) -> serde_json::Value {
    let done = finish(
        Command::new("python3").arg(shared("tools").unwrap().join(tool)).args(arguments).arg("--json"),
    )
    .expect(0);
    done.last()
}

#[test]
fn fields_are_read_as_by_others() {
    let Some(corpus) = shared("corpus/mail") else { return };
    let dir = tempfile::tempdir().unwrap();
    let rows = dir.path().join("rows");
    std::fs::write(&rows, finish(program().args(["parse", "--jsonl"]).arg(&corpus)).expect(0).out).unwrap();
    let scores = score("score_mime.py", &[&corpus, &rows]);
    for (field, value) in scores.as_object().unwrap() {
        assert!(value["percent"].as_f64().unwrap() >= 99.0, "{field}: {value}");
    }
}

#[test]
fn threads_are_as_by_others() {
    let (Some(labels), Some(mails)) =
        (shared("corpus/mail/labels-threads.jsonl"), shared("corpus/mail/spamassassin/easy-ham-2"))
    else {
        return;
    };
    let post = Poststelle::new();
    post.import(&mails).expect(0);
    let rows = post.dir.path().join("rows");
    std::fs::write(&rows, post.run(&["threads", "--jsonl"]).expect(0).out).unwrap();
    let done =
        finish(Command::new("python3").arg(shared("tools/score_threads.py").unwrap()).args([&labels, &rows]))
            .expect(0);
    assert!(done.text().contains("100.00 %"), "{}", done.text());
    // every mail once
    let ids: HashSet<String> =
        post.mails().into_values().map(|row| row["mail_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1400);
}
