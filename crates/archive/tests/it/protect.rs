//! Sealed segments cannot be written to, and everything goes on.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use archive::{Archive, Options, Stored, can_be_immutable};

use crate::support::{append, mail, master, none, open, options, read, segment_files, sum};

fn filled(archive: &Archive) -> Vec<Stored> {
    let stored: Vec<_> = (0..100).map(|number| append(archive, number, 4_000)).collect();
    archive.sync(&stored).unwrap();
    archive.confirm(&stored);
    stored
}

fn writable(dir: &Path) -> usize {
    let mode = |path: &_| fs::metadata(path).unwrap().permissions().mode();
    segment_files(dir).iter().filter(|path| mode(path) & 0o222 != 0).count()
}

#[test]
fn sealed_segments_lose_the_right_to_write() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), options(30_000)).unwrap();
    let stored = filled(&archive);
    let protection = archive.protection().unwrap();
    assert!(protection.sealed >= 3);
    assert_eq!(protection.read_only, protection.sealed);
    assert_eq!(writable(dir.path()), 1, "the open segment alone");

    // Erasing leaves the octets of segments as they are.
    let before: Vec<_> = segment_files(dir.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(archive.erase(&master(), &HashSet::from([stored[0].object_id])).unwrap(), 1);
    let after: Vec<_> = segment_files(dir.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after);
    drop(archive);

    // A torn end of the open segment is cut off; the sealed ones stay.
    let files = segment_files(dir.path());
    let open_one = files.iter().find(|path| !fs::metadata(path).unwrap().permissions().readonly()).unwrap();
    let len = fs::metadata(open_one).unwrap().len();
    OpenOptions::new().append(true).open(open_one).unwrap().set_len(len + 7).unwrap();
    // A restored copy has other rights.
    let sealed = files.iter().find(|path| *path != open_one).unwrap();
    fs::set_permissions(sealed, fs::Permissions::from_mode(0o644)).unwrap();
    let archive = open(dir.path(), options(30_000)).unwrap();
    assert_eq!(fs::metadata(sealed).unwrap().permissions().mode() & 0o777, 0o444);
    let found = sum(archive.recover(none()));
    assert_eq!((found.cut.len(), found.damage), (1, vec![]));
    assert_eq!(read(&archive, &stored[99]).unwrap(), mail(99, 4_000));
    filled(&archive);
    let protection = archive.protection().unwrap();
    assert_eq!(protection.read_only, protection.sealed);
    assert_eq!(protection.immutable, 0);
}

#[test]
fn where_it_is_wanted_they_are_immutable() {
    let dir = tempfile::tempdir().unwrap();
    if !can_be_immutable(dir.path()) {
        eprintln!("this file system or user has no attribute i: skipped");
        return;
    }
    let archive = open(dir.path(), options(30_000)).unwrap();
    filled(&archive);
    let sealed = archive.protection().unwrap().sealed;
    drop(archive);
    let archive = open(dir.path(), Options { immutable: true, ..options(30_000) }).unwrap();
    sum(archive.recover(none()));
    let stored = filled(&archive);
    let protection = archive.protection().unwrap();
    let sealed_files = segment_files(dir.path()).into_iter();
    let sealed_files = sealed_files.filter(|path| fs::metadata(path).unwrap().permissions().readonly());
    let refused = sealed_files.filter(|path| fs::rename(path, path.with_extension("x")).is_err()).count();
    let erased = archive.erase(&master(), &HashSet::from([stored[0].object_id]));
    let found = sum(archive.check(none()));
    drop(archive);
    let again = open(dir.path(), options(30_000)).map(|archive| archive.protection());
    // Before anything can fail: the folder is to go.
    Command::new("chattr").arg("-i").args(segment_files(dir.path())).status().unwrap();
    assert!(protection.sealed > sealed);
    assert_eq!((protection.read_only, protection.immutable), (protection.sealed, protection.sealed));
    assert_eq!(refused as u64, protection.sealed);
    assert_eq!((erased.unwrap(), found.damage), (1, vec![]));
    assert_eq!(again.unwrap().unwrap(), protection);
}
