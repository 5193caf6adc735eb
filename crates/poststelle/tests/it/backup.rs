//! Backups: made while the server runs, compared, brought back somewhere else.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Done, Poststelle, finish, finish_with_input, mail, program};

fn import(post: &Poststelle, from: usize, to: usize) {
    let folder = post.dir.path().join(format!("mails-{from}"));
    fs::create_dir(&folder).unwrap();
    for n in from..to {
        fs::write(folder.join(format!("{n}.eml")), mail(n)).unwrap();
    }
    post.import(&folder).expect(0);
}

fn restore(from: &Path, words: &[&str]) -> Done {
    let mut command = program();
    command.arg("restore").arg("--from").arg(from).args(words);
    finish(&mut command)
}

fn first_segment(backup: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> =
        fs::read_dir(backup.join("archive")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.remove(0)
}

#[test]
fn what_is_backed_up_comes_back() {
    let post = Poststelle::new();
    import(&post, 0, 60);
    let backup = post.dir.path().join("backup");
    let to = backup.to_str().unwrap();
    let first = post.run(&["backup", "--to", to, "--json"]).expect(0);
    assert!(first.err.contains("master.key"), "{}", first.err);
    let before = post.mails();

    // With the server running, and only what is new is written.
    import(&post, 60, 80);
    let server = post.serve();
    let second = post.run(&["backup", "--to", to, "--json"]).expect(0).last();
    let whole = first.last()["written"].as_u64().unwrap();
    assert!(second["octets"].as_u64().unwrap() > whole, "{second}");
    drop(server);
    let after = post.mails();
    assert_eq!((before.len(), after.len()), (60, 80));
    restore(&backup, &["--check"]).expect(0);
    let list = restore(&backup, &["--list"]).expect(0).text();
    let names: Vec<&str> = list.lines().collect();
    assert_eq!(names.len(), 2, "{list}");

    // Each snapshot is what was there when it was made; mails that came meanwhile may be there too, none is missing.
    let key = post.data().join("master.key");
    for (name, expected) in [(names[0], &before), (names[1], &after)] {
        let other = Poststelle::new();
        let data = other.data();
        let words = ["--snapshot", name, "--data", data.to_str().unwrap(), "--key", key.to_str().unwrap()];
        restore(&backup, &words).expect(0);
        let mails = other.mails();
        for (digest, row) in expected {
            assert_eq!(&mails[digest]["mail_id"], &row["mail_id"]);
            assert_eq!(mails[digest]["placements"], row["placements"]);
        }
        other.verify();
        let found = other.run(&["search", "--json", "Prüfmail"]).expect(0).last();
        assert_eq!(found["total"].as_u64().unwrap() as usize, mails.len());
        // Nothing is written over it.
        restore(&backup, &words).expect(1);
    }

    // Of many snapshots only so many stay.
    post.run(&["backup", "--to", to, "--keep", "2"]).expect(0);
    let list = restore(&backup, &["--list"]).expect(0).text();
    assert!(list.lines().count() == 2 && !list.contains(names[0]), "{list}");
}

#[test]
fn what_is_wrong_with_a_backup_is_named() {
    let post = Poststelle::new();
    import(&post, 0, 10);
    let backup = post.dir.path().join("backup");
    let to = backup.to_str().unwrap();
    post.run(&["backup", "--to", to]).expect(0);
    let other = Poststelle::new();
    let data = other.data();
    let data = data.to_str().unwrap();
    let key = post.data().join("master.key");
    let with_key = ["--data", data, "--key", key.to_str().unwrap()];
    let refused = |done: Done, word: &str| {
        let done = done.expect(1);
        assert!(done.err.contains(word), "{}", done.err);
        assert!(!other.data().exists());
    };
    refused(restore(&backup, &["--data", data]), "--key");
    refused(restore(&backup, &["--snapshot", "never", "--data", data, "--key", "x"]), "no such snapshot");
    refused(restore(post.dir.path(), &with_key), "no backup of Poststelle");
    import(&other, 0, 3);
    let foreign = other.run(&["backup", "--to", to]).expect(1);
    assert!(foreign.err.contains("another installation"), "{}", foreign.err);
    fs::remove_dir_all(other.data()).unwrap();
    let inside = post.run(&["backup", "--to", "data/backup"]).expect(1);
    assert!(inside.err.contains("another disk"), "{}", inside.err);

    let segment = first_segment(&backup);
    let file = fs::OpenOptions::new().read(true).write(true).open(&segment).unwrap();
    let mut octet = [0];
    file.read_exact_at(&mut octet, 300).unwrap();
    file.write_all_at(&[octet[0] ^ 1], 300).unwrap();
    let name = segment.file_name().unwrap().to_str().unwrap();
    refused(restore(&backup, &["--check"]), name);
    refused(restore(&backup, &with_key), name);
    // The next backup sees that it is not what was written, and mends it.
    post.run(&["backup", "--to", to, "--check-all"]).expect(0);
    restore(&backup, &with_key).expect(0);
    other.verify();
    fs::remove_file(&segment).unwrap();
    let gone = restore(&backup, &["--check"]).expect(1);
    assert!(gone.err.contains(name), "{}", gone.err);
}

/// A backup and a sheet of paper are enough.
#[test]
fn the_recovery_key_opens_a_backup() {
    let post = Poststelle::new();
    import(&post, 0, 5);
    let paper = post.run(&["key", "recovery"]).expect(0).text();
    let groups: Vec<&str> = paper.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let backup = post.dir.path().join("backup");
    post.run(&["backup", "--to", backup.to_str().unwrap()]).expect(0);
    let other = Poststelle::new();
    let restored = restore(&backup, &["--data", other.data().to_str().unwrap()]).expect(0);
    assert!(restored.err.contains("key restore"), "{}", restored.err);
    other.run(&["mails", "--jsonl"]).expect(1);
    finish_with_input(&mut other.command(&["key", "restore"]), groups.join(" ").as_bytes()).expect(0);
    assert_eq!(other.mails().len(), 5);
    other.verify();
}

#[test]
fn a_key_can_go_along() {
    let post = Poststelle::new();
    import(&post, 0, 3);
    let backup = post.dir.path().join("backup");
    post.run(&["backup", "--to", backup.to_str().unwrap(), "--with-key"]).expect(0);
    let other = Poststelle::new();
    restore(&backup, &["--data", other.data().to_str().unwrap()]).expect(0);
    other.verify();
    assert_eq!(
        fs::read(other.data().join("master.key")).unwrap(),
        fs::read(post.data().join("master.key")).unwrap()
    );
}
