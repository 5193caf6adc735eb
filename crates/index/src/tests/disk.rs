//! What is on disk: replacing, crashes, damage.

use std::fs;
use std::path::{Path, PathBuf};

use model::Scope;

use super::{Dir, account, keys, query, sample};
use crate::{Document, Error, Index, Options, Page, Rebuild};

#[test]
fn a_mail_written_again_replaces_the_first() {
    let dir = Dir::new();
    let index = sample(&dir);
    let accounts = [account(1)];
    let again = Document { seq: 1, accounts: &accounts, subject: "Lieferschein", ..Document::default() };
    index.write(&[again.clone(), again.clone()], &[3]).unwrap();
    assert_eq!(keys(&index, "rechnung", &Scope::All), [1], "not before the commit");
    index.commit(18).unwrap();
    assert_eq!(keys(&index, "rechnung", &Scope::All), Vec::<u64>::new());
    assert_eq!(keys(&index, "lieferschein", &Scope::All), [1]);
    assert_eq!(keys(&index, "", &Scope::All), [1, 2]);
    assert_eq!((index.last_change_seq(), index.len()), (18, 3));
    for change in 20..40 {
        index.write(std::slice::from_ref(&again), &[]).unwrap();
        index.write(std::slice::from_ref(&again), &[]).unwrap();
        index.commit(change).unwrap();
        assert_eq!(keys(&index, "", &Scope::All), [1, 2]);
    }
    index.settle().unwrap();
    assert_eq!(keys(&index, "", &Scope::All), [1, 2]);
    index.write(&[], &[2]).unwrap();
    index.commit(19).unwrap();
    assert_eq!(keys(&index, "", &Scope::All), [1]);
}

#[test]
fn whoever_sees_the_number_of_a_commit_finds_what_it_stands_for() {
    let dir = Dir::new();
    let index = sample(&dir);
    let accounts = [account(1)];
    let before = index.len();
    let last = 100 + 60;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for change in 101..=last {
                let more = Document { seq: change, accounts: &accounts, ..Document::default() };
                index.write(&[more], &[]).unwrap();
                index.commit(change).unwrap();
            }
        });
        loop {
            let seen = index.last_change_seq();
            assert!(index.len() >= before + seen.saturating_sub(100), "{seen}");
            if seen == last {
                break;
            }
        }
    });
}

#[test]
fn what_was_not_committed_is_gone_after_a_crash() {
    let dir = Dir::new();
    let index = sample(&dir);
    let accounts = [account(1)];
    let more = Document { seq: 4, accounts: &accounts, subject: "Lieferschein", ..Document::default() };
    index.write(std::slice::from_ref(&more), &[1]).unwrap();
    drop(index);
    let index = dir.open();
    assert_eq!(index.last_change_seq(), 17);
    assert_eq!(keys(&index, "lieferschein", &Scope::All), Vec::<u64>::new());
    assert_eq!(keys(&index, "", &Scope::All), [1, 2, 3]);
    index.write(&[more], &[1]).unwrap();
    index.commit(18).unwrap();
    drop(index);
    let index = dir.open();
    assert_eq!((index.last_change_seq(), keys(&index, "", &Scope::All)), (18, vec![2, 3, 4]));
    index.verify().unwrap();
}

#[test]
fn what_a_killed_process_had_begun_is_in_nobodys_way() {
    let (dir, other) = (Dir::new(), Dir::new());
    drop(sample(&dir));
    copy(&dir.0, &other.0);
    // The one that goes on writes which messages are deleted; the other one was killed before its commit.
    let index = other.open();
    index.write(&[], &[2]).unwrap();
    index.commit(18).unwrap();
    drop(index);
    let mut left = 0;
    for entry in fs::read_dir(&other.0).unwrap().flatten() {
        let name = entry.file_name();
        let is_deletion = entry.path().extension().is_some_and(|end| end == "del");
        left += usize::from(is_deletion);
        if is_deletion || name == ".managed.json" {
            fs::copy(entry.path(), dir.0.join(name)).unwrap();
        }
    }
    assert_eq!(left, 1);
    let index = dir.open();
    index.write(&[], &[2]).unwrap();
    index.commit(18).unwrap();
    assert_eq!(keys(&index, "", &Scope::All), [1, 3]);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn two_writers_are_one_too_many() {
    let dir = Dir::new();
    let first = sample(&dir);
    let second = dir.open();
    assert_eq!(second.last_change_seq(), 17);
    assert!(matches!(second.write(&[], &[1]), Err(Error::InUse { .. })));
    drop(first);
    second.write(&[], &[1]).unwrap();
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

#[test]
fn damage_and_other_versions_are_told_apart_from_trouble() {
    let rebuild = |dir: &Dir| match Index::open(&dir.0, Options::default()) {
        Err(Error::Rebuild { reason, .. }) => Some(reason),
        Err(e) => panic!("{e}"),
        Ok(_) => None,
    };
    for name in ["meta.json", "format"] {
        let dir = Dir::new();
        drop(sample(&dir));
        std::fs::remove_file(dir.0.join(name)).unwrap();
        // Without its list of segments an index is an empty one, and says so by its number.
        assert_eq!(rebuild(&dir).is_some(), name == "format", "{name}");
        assert_eq!(Index::recreate(&dir.0, Options::default()).unwrap().last_change_seq(), 0);
    }
    let dir = Dir::new();
    drop(sample(&dir));
    std::fs::write(dir.0.join("format"), "0\n").unwrap();
    assert_eq!(rebuild(&dir), Some(Rebuild::Version { found: "0".into() }));
    for rubbish in [&b""[..], b"{}", b"\xff\xfe", b"[1,2"] {
        let dir = Dir::new();
        drop(sample(&dir));
        std::fs::write(dir.0.join("meta.json"), rubbish).unwrap();
        assert!(matches!(rebuild(&dir), Some(Rebuild::Damaged { .. })));
    }
    for extension in ["term", "idx", "pos", "fast", "fieldnorm"] {
        let dir = Dir::new();
        drop(sample(&dir));
        let file = &files(&dir.0, extension)[0];
        let octets = std::fs::read(file).unwrap();
        std::fs::write(file, &octets[..octets.len() / 2]).unwrap();
        assert!(matches!(rebuild(&dir), Some(Rebuild::Damaged { .. })), "{extension}");
        std::fs::remove_file(file).unwrap();
        assert!(matches!(rebuild(&dir), Some(Rebuild::Damaged { .. })), "{extension}");
    }
}

#[test]
fn a_changed_octet_is_found_by_verifying() {
    for extension in ["term", "idx", "pos", "fast"] {
        let dir = Dir::new();
        drop(sample(&dir));
        let file = &files(&dir.0, extension)[0];
        let mut octets = std::fs::read(file).unwrap();
        octets[3] ^= 0x55;
        std::fs::write(file, octets).unwrap();
        match Index::open(&dir.0, Options::default()) {
            Ok(index) => {
                assert!(matches!(index.verify(), Err(Error::Rebuild { .. })), "{extension}");
                // Whatever a search answers, it answers.
                let _ = index.search(&query("mahnung"), &Scope::All, &Page::default());
            }
            Err(e) => assert!(e.must_rebuild(), "{e}"),
        }
    }
}
