//! The folder through crashes and losses.

use keys::{MasterKey, Sealer};
use ledger::payload::{Content, Row};
use ledger::{Checkpoint, Kind, PublicKey, is_consistent, is_included, leaf_hash};
use model::UnixMillis;

use crate::{Error, LogKeys, Logbook, PURPOSE};

fn sealer(octet: u8) -> Sealer {
    Sealer::new(&MasterKey::from_octets([octet; 32]), PURPOSE)
}

fn rows(range: std::ops::Range<u64>) -> Vec<Row> {
    range
        .map(|index| Row {
            index,
            at: UnixMillis(1_770_000_000_000 + index as i64),
            kind: if index % 97 == 5 { Kind::Stored } else { Kind::Archived }.code(),
            subject: (index % 3 > 0).then_some([index as u8; 16]),
            content: Content::Kept {
                salt: [(index % 251) as u8; 16],
                payload: format!("{{\"n\":{index}}}").into(),
            },
        })
        .collect()
}

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn open(&self) -> crate::Result<Logbook> {
        let dir = self.folder.path().join("log");
        Logbook::open(&dir, LogKeys::open(&dir, &sealer(1))?)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("log").join(name)
    }
}

fn names(dir: &std::path::Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            all.extend(names(&entry.path()).into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            all.push(name);
        }
    }
    all.sort();
    all
}

#[test]
fn every_proof_out_of_the_folder_holds() {
    let world = World::new();
    let mut book = world.open().unwrap();
    let mut heads: Vec<Checkpoint> = Vec::new();
    for (from, to) in [(0, 3), (3, 256), (256, 300), (300, 70_000), (70_000, 70_001)] {
        for chunk in rows(from..to).chunks(crate::BATCH) {
            book.append(chunk).unwrap();
        }
        heads.push(book.checkpoint().unwrap().0.clone());
        book.anchor().unwrap();
    }
    let key = PublicKey::of_line(&book.public_key()).unwrap();
    let note = std::fs::read(world.path("checkpoint")).unwrap();
    let head = Checkpoint::open(&note, &key).unwrap();
    assert_eq!((head.size, &head), (70_001, heads.last().unwrap()));
    for index in [0, 2, 255, 256, 299, 65_535, 65_536, 70_000] {
        let leaf = leaf_hash(&rows(index..index + 1)[0].leaf().encode());
        assert_eq!(book.leaf_at(index).unwrap(), leaf);
        for head in heads.iter().filter(|head| head.size > index) {
            let path = book.inclusion(index, head.size).unwrap();
            assert!(is_included(index, head.size, leaf, &path, &head.root), "{index} in {}", head.size);
        }
    }
    for old in &heads {
        assert_eq!(book.root(old.size).unwrap(), old.root);
        let path = book.consistency(old.size, head.size).unwrap();
        assert!(is_consistent(old.size, head.size, &old.root, &head.root, &path), "{}", old.size);
    }
    assert_eq!(book.anchor_sizes().unwrap(), [3, 256, 300, 70_000, 70_001]);
    let all = names(&world.path("tile"));
    assert_eq!(
        all.iter().filter(|name| name.contains(".p/")).collect::<Vec<_>>(),
        ["0/273.p/113", "1/001.p/17", "2/000.p/1", "entries/273.p/113"]
    );
    assert_eq!(all.len(), 4 + 273 * 2 + 1);
    let open = std::fs::read_to_string(world.path("open/0000000000000003")).unwrap();
    let opened: Vec<_> = open.lines().map(|line| ledger::Opened::of_line(line).unwrap()).collect();
    assert_eq!(opened.iter().map(|opened| opened.index).collect::<Vec<_>>(), [5, 102, 199]);
    assert_eq!(opened[0].commitment().unwrap(), rows(5..6)[0].leaf().commitment);
}

#[test]
fn leaves_come_back_out_of_the_folder() {
    let world = World::new();
    let mut book = world.open().unwrap();
    for chunk in rows(0..40_000).chunks(9000) {
        book.append(chunk).unwrap();
    }
    drop(book);
    let book = world.open().unwrap();
    for from in [0, 1, 8999, 9000, 39_999, 40_000] {
        let mut found = Vec::new();
        book.leaves::<Error>(from, |rows| {
            found.extend(rows);
            Ok(())
        })
        .unwrap();
        assert!(found == rows(from..40_000), "from {from}: {}", found.len());
    }
    let wrong = LogKeys::open(&world.path(""), &sealer(2));
    assert!(matches!(wrong, Err(Error::Keys { .. })));
    // An octet of a payload changed: it is not brought back.
    let path = world.path("payload/0000000000000000.pay");
    let mut octets = std::fs::read(&path).unwrap();
    octets[200] ^= 1;
    std::fs::write(&path, octets).unwrap();
    let lost = book.leaves::<Error>(0, |_| Ok(()));
    assert!(matches!(lost, Err(Error::Damaged { what: "payload", at: 0 })), "{lost:?}");
}

/// Cut anywhere, whatever was being written, the folder comes to the same head from the same rows.
#[test]
fn a_torn_folder_is_made_whole() {
    let all = rows(0..1000);
    let world = World::new();
    let mut book = world.open().unwrap();
    book.append(&all[..700]).unwrap();
    let old = std::fs::read(world.path("checkpoint")).unwrap();
    book.append(&all).unwrap_err();
    book.append(&all[700..]).unwrap();
    let head = book.checkpoint().unwrap().0.clone();
    drop(book);
    let same = |why: &str| {
        let mut book = world.open().unwrap();
        let from = book.size() as usize;
        book.append(&all[from..]).unwrap();
        assert!(!book.is_again(), "{why}");
        assert_eq!(book.checkpoint().unwrap().0, &head, "{why}");
        let mut found = Vec::new();
        book.leaves::<Error>(0, |rows| {
            found.extend(rows);
            Ok(())
        })
        .unwrap();
        assert!(found == all, "{why}");
    };
    same("nothing lost");
    // Files of the second batch are there, its checkpoint is not; partial tiles of the first are gone already.
    std::fs::write(world.path("checkpoint"), &old).unwrap();
    same("the checkpoint is older");
    let signed_first = ["0/000", "0/001", "entries/000", "entries/001"];
    for name in names(&world.path("tile")).into_iter().filter(|name| !signed_first.contains(&name.as_str())) {
        let path = world.path("tile").join(&name);
        let octets = std::fs::read(&path).unwrap();
        std::fs::write(&path, &octets[..octets.len() / 2]).unwrap();
        std::fs::write(world.path("checkpoint"), &old).unwrap();
        same(&format!("{name} torn"));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(world.path("checkpoint"), &old).unwrap();
        same(&format!("{name} lost"));
    }
    let payload = world.path("payload/0000000000000000.pay");
    let octets = std::fs::read(&payload).unwrap();
    for len in [0, 10, 128, 140, octets.len() / 2, octets.len() - 1] {
        std::fs::write(&payload, &octets[..len]).unwrap();
        if len < 128 {
            std::fs::remove_file(&payload).unwrap();
        }
        same(&format!("payloads cut at {len}"));
    }
    std::fs::remove_dir_all(world.path("tile")).unwrap();
    std::fs::remove_file(world.path("checkpoint")).unwrap();
    same("no tiles, no checkpoint");
}

/// Rows that are not those that were signed are never signed.
#[test]
fn no_other_past_is_signed() {
    let world = World::new();
    let mut book = world.open().unwrap();
    book.append(&rows(0..600)).unwrap();
    let note = std::fs::read(world.path("checkpoint")).unwrap();
    drop(book);
    std::fs::remove_dir_all(world.path("tile")).unwrap();
    let mut other = rows(0..700);
    other[17].at = UnixMillis(0);
    let mut book = world.open().unwrap();
    assert!(book.is_again());
    let refused = book.append(&other);
    assert!(matches!(refused, Err(Error::Contradiction { size: 600 })), "{refused:?}");
    assert_eq!(std::fs::read(world.path("checkpoint")).unwrap(), note);
    book.append(&rows(0..700)[book.size() as usize..]).unwrap();
    assert_eq!(book.signed_size(), 700);
    // A checkpoint by somebody else.
    drop(book);
    let stranger = ledger::SigningKey::of_seed("poststelle/other", &[3; 32]).unwrap();
    let forged = Checkpoint { origin: "poststelle/other".into(), size: 9, root: [0; 32] }.sign(&stranger);
    std::fs::write(world.path("checkpoint"), forged).unwrap();
    assert!(matches!(world.open(), Err(Error::Signature { .. })));
}

/// Another master key leaves the log's own keys as they are, wherever the change is interrupted.
#[test]
fn another_master_key_opens_the_same_keys() {
    let world = World::new();
    let line = world.open().unwrap().public_key();
    let dir = world.path("");
    LogKeys::reseal(&dir, &sealer(1), &sealer(2)).unwrap();
    // Interrupted: the old key still opens; then the new one does, and the old one no longer.
    assert_eq!(Logbook::open(&dir, LogKeys::open(&dir, &sealer(1)).unwrap()).unwrap().public_key(), line);
    assert_eq!(Logbook::open(&dir, LogKeys::open(&dir, &sealer(2)).unwrap()).unwrap().public_key(), line);
    assert!(LogKeys::open(&dir, &sealer(1)).is_err());
}

fn contents(book: &Logbook) -> Vec<Row> {
    let mut found = Vec::new();
    book.leaves::<Error>(0, |rows| {
        found.extend(rows);
        Ok(())
    })
    .unwrap();
    found
}

fn erased(rows: &[Row], leaves: &std::collections::BTreeSet<u64>) -> Vec<Row> {
    let mut rows = rows.to_vec();
    for row in rows.iter_mut().filter(|row| leaves.contains(&row.index)) {
        row.content = Content::Erased(row.leaf().commitment);
    }
    rows
}

/// What is erased is in no file any more, and everything that was proven stays proven.
#[test]
fn payloads_are_erased_and_proofs_hold() {
    let world = World::new();
    let mut book = world.open().unwrap();
    let all = rows(0..30_000);
    for chunk in all.chunks(9000) {
        book.append(chunk).unwrap();
    }
    let head = book.checkpoint().unwrap().0.clone();
    let leaves = std::collections::BTreeSet::from([0, 7, 8_999, 29_999]);
    assert_eq!(book.erase(&leaves).unwrap(), 4);
    assert_eq!(book.erase(&leaves).unwrap(), 0, "they are gone already");
    assert!(contents(&book) == erased(&all, &leaves));
    let more = rows(30_000..30_100);
    book.append(&more).unwrap();
    let after = [erased(&all, &leaves), more].concat();
    assert!(contents(&book) == after);
    assert_eq!(book.root(head.size).unwrap(), head.root);
    assert!(matches!(book.erase(&[30_100].into()), Err(Error::Order { expected: 30_100 })));
    drop(book);
    let book = world.open().unwrap();
    assert!(contents(&book) == after);
    assert_eq!(names(&world.path("payload")), ["0000000000000000.pay"]);
}

/// Killed at any point of it, a file is there with the payloads or without them, and no other one is left.
#[test]
fn erasing_that_is_interrupted_leaves_one_whole_file() {
    let all = rows(0..500);
    let leaves = std::collections::BTreeSet::from([3, 4, 499]);
    let world = World::new();
    let file = |extension: &str| world.path(&format!("payload/0000000000000000.{extension}"));
    let mut book = world.open().unwrap();
    book.append(&all).unwrap();
    let before = std::fs::read(file("pay")).unwrap();
    book.erase(&leaves).unwrap();
    drop(book);
    let after = std::fs::read(file("pay")).unwrap();
    let check = |why: &str, expected: &[Row]| {
        let book = world.open().unwrap();
        assert!(contents(&book) == expected, "{why}");
        assert_eq!(names(&world.path("payload")), ["0000000000000000.pay"], "{why}");
    };
    let kept = erased(&all, &leaves);
    std::fs::write(file("pay"), &before).unwrap();
    std::fs::write(file("part"), &after[..after.len() / 2]).unwrap();
    check("it was being written", &all);
    std::fs::hard_link(file("pay"), file("old")).unwrap();
    std::fs::write(file("part"), &after).unwrap();
    check("it was written and not named", &all);
    std::fs::remove_file(file("pay")).unwrap();
    std::fs::write(file("old"), &before).unwrap();
    std::fs::write(file("pay"), &after).unwrap();
    check("the old one was not overwritten", &kept);
    std::fs::write(file("old"), vec![0; 10]).unwrap();
    check("the old one was half overwritten", &kept);
}

/// Files of version 1 have no key of their own.
#[test]
fn a_file_of_the_first_version_is_read_and_erased_from() {
    let world = World::new();
    let keys = LogKeys::open(&world.path(""), &sealer(1)).unwrap();
    let all = rows(0..60);
    let mut raw = Vec::new();
    for row in &all[..40] {
        row.encode(&mut raw);
    }
    let sealed = keys.payload.seal("log:payload:0", &zstd::bulk::compress(&raw, 3).unwrap()).unwrap();
    let mut octets = ledger::payload::Header { first: 0, key: None }.encode();
    assert_eq!(octets.len(), 32);
    octets.extend_from_slice(&ledger::payload::Frame::of(0, 40, &sealed).encode());
    octets.extend_from_slice(&sealed);
    let mut book = world.open().unwrap();
    book.append(&all[..40]).unwrap();
    drop(book);
    std::fs::write(world.path("payload/0000000000000000.pay"), octets).unwrap();
    let mut book = world.open().unwrap();
    book.append(&all[40..]).unwrap();
    assert!(contents(&book) == all);
    let leaves = [5, 45].into();
    assert_eq!(book.erase(&leaves).unwrap(), 2);
    assert!(contents(&book) == erased(&all, &leaves));
}
