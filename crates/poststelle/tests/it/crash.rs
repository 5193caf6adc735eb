//! Killed at any moment: nothing lost, nothing doubled.

use std::process::Stdio;
use std::time::Duration;

use test_support::Random;

use crate::support::{Poststelle, folder, slow};

/// Imports 5,000 mails; the program is killed at random moments and started again until it comes through.
#[test]
fn import_survives_being_killed() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    let digests = folder(&from, 5000);
    let kills_wanted = if slow() { 40 } else { 10 };
    let (mut kills, mut random) = (0, Random(1));
    while kills < kills_wanted {
        let mut child = post
            .command(&["import", "--json", "--account", "test", from.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let patience = Duration::from_millis(20 + random.below(1500));
        let deadline = std::time::Instant::now() + patience;
        while std::time::Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        if child.try_wait().unwrap().is_some() {
            // It came through: begin again with an empty directory, so that there is work to interrupt.
            complete(&post, &digests, &from);
            std::fs::remove_dir_all(post.data()).unwrap();
            continue;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if kills % 5 == 0 && post.data().join("archive").exists() {
            post.verify();
        }
    }
    complete(&post, &digests, &from);
}

fn complete(post: &Poststelle, digests: &[String], from: &std::path::Path) {
    let report = post.import(from).expect(0).last();
    assert_eq!(report["seen"], digests.len());
    let rows = post.run(&["imports", "last", "--jsonl"]).expect(0).rows();
    assert_eq!(rows.len(), digests.len());
    assert!(rows.iter().enumerate().all(|(at, row)| row["n"] == at as u64 + 1));
    let runs = post.run(&["imports", "--jsonl"]).expect(0).rows();
    assert!(runs.iter().all(|run| !run["ended"].is_null()), "no run is left open");
    assert_eq!(runs[0]["complete"], true);
    let mails = post.mails();
    assert_eq!(mails.len(), digests.len());
    for digest in digests {
        let placements = mails[digest]["placements"].as_array().unwrap();
        assert_eq!(placements.len(), 1, "{placements:?}");
        assert!(!mails[digest]["thread_id"].is_null());
    }
    post.verify();
    let found = post.run(&["search", "--json", "--limit", "1", "guten"]).expect(0).last();
    assert_eq!(found["total"], digests.len());
}

/// The database set back to an older copy: what was archived since is adopted.
#[test]
fn records_since_an_older_database_are_adopted() {
    let post = Poststelle::new();
    let first = post.dir.path().join("first");
    let second = post.dir.path().join("second");
    folder(&first, 200);
    folder(&second, 400);
    post.import(&first).expect(0);
    let copy = post.dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    let databases = || {
        std::fs::read_dir(post.data())
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file() && path.to_string_lossy().contains("poststelle.sqlite"))
            .collect::<Vec<_>>()
    };
    assert!(!databases().is_empty());
    for file in databases() {
        std::fs::copy(&file, copy.join(file.file_name().unwrap())).unwrap();
    }
    post.import(&second).expect(0);
    let before: Vec<String> = post.mails().into_keys().collect();
    assert_eq!(before.len(), 400);
    for file in databases() {
        std::fs::remove_file(file).unwrap();
    }
    for entry in std::fs::read_dir(&copy).unwrap().flatten() {
        std::fs::copy(entry.path(), post.data().join(entry.file_name())).unwrap();
    }
    let after: Vec<String> = post.mails().into_keys().collect();
    assert_eq!(after, before);
    post.verify();
    let found = post.run(&["search", "--json", "--limit", "1", "guten"]).expect(0).last();
    assert_eq!(found["total"], 400);
}
