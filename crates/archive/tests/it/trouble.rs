//! Full disks, other versions, many threads.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use archive::{Error, Options, Stored};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::{append, mail, none, nothing, open, options, provenance, read, segment_files, sum};

/// Where a test that runs in a process of its own works.
const DIR: &str = "ARCHIVE_TEST_DIR";

fn child_dir() -> PathBuf {
    PathBuf::from(std::env::var_os(DIR).unwrap())
}

/// Runs an ignored test of this binary in a process of its own that does not die of `SIGXFSZ`.
fn in_child(name: &str, dir: &Path) {
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" --exact \"$1\" --ignored --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(DIR, dir)
        .status()
        .unwrap();
    assert!(status.success());
}

/// No file of this process may grow beyond so many octets; `None` lifts the limit.
fn limit_files(octets: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: octets, maximum }).unwrap();
}

#[test]
fn a_full_disk_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    in_child("trouble::full_disk", dir.path());
    let archive = open(dir.path(), Options::default()).unwrap();
    assert!(sum(archive.recover(none())).damage.is_empty());
}

#[test]
#[ignore = "run by a_full_disk_loses_nothing in a process of its own"]
fn full_disk() {
    let dir = child_dir();
    let archive = open(&dir, options(400_000)).unwrap();
    let mut stored: Vec<Stored> = Vec::new();
    limit_files(Some(300_000));
    // Small mails until there is no room.
    let mut encoder = archive.encoder();
    let full = loop {
        let number = stored.len() as u32;
        let encoded = encoder.encode(&provenance(number), &mail(number, 20_000)).unwrap();
        match archive.append(&encoded) {
            Ok(one) => stored.push(one),
            Err(error) => break error,
        }
    };
    assert!(full.is_disk_full() && full.is_transient(), "{full}");
    let last = stored.last().unwrap().location;
    let file = segment_files(&dir)[0].clone();
    assert_eq!(fs::metadata(&file).unwrap().len(), last.at + last.len, "the half record is taken back");

    // A batch is taken back as a whole.
    let batch: Vec<_> = (0..50)
        .map(|number| encoder.encode(&provenance(2_000 + number), &mail(2_000 + number, 500)).unwrap())
        .collect();
    let mut appended = Vec::new();
    let full = batch.iter().find_map(|one| match archive.append(one) {
        Ok(stored) => {
            appended.push(stored);
            None
        }
        Err(error) => Some(error),
    });
    assert!(full.unwrap().is_disk_full());
    archive.withdraw(&appended);
    assert_eq!(fs::metadata(&file).unwrap().len(), last.at + last.len);

    // A stream runs into the same wall, whether small or large.
    let large = mail(1_000, 3_000_000);
    let mut put = archive.put(&provenance(1_000), nothing()).unwrap();
    let error = put.write_all(&large).and_then(|()| put.write_all(&large)).unwrap_err();
    let error = Error::of_stream(error, &dir);
    assert!(error.is_disk_full(), "{error}");
    assert!(matches!(put.push(b"more"), Err(Error::Abandoned)));
    assert!(matches!(put.finish(), Err(Error::Abandoned)));

    // What was appended before is safe.
    archive.sync(&stored).unwrap();
    for (number, one) in stored.iter().enumerate() {
        assert_eq!(read(&archive, one).unwrap(), mail(number as u32, 20_000));
    }

    // Room again: the same mail goes in, the segment is filled and sealed.
    limit_files(None);
    for _ in 0..30 {
        stored.push(append(&archive, stored.len() as u32, 20_000));
    }
    let mut put = archive.put(&provenance(1_000), nothing()).unwrap();
    put.write_all(&large).unwrap();
    let put = put.finish().unwrap().mail;
    archive.sync(&stored).unwrap();
    archive.sync(&[put]).unwrap();
    let found = sum(archive.check(none()));
    assert_eq!((found.records.len(), found.damage), (stored.len() + 1, vec![]));
}

#[test]
fn a_disk_too_full_to_seal_is_told_and_sealed_later() {
    let dir = tempfile::tempdir().unwrap();
    in_child("trouble::full_disk_at_seal", dir.path());
}

#[test]
#[ignore = "run by a_disk_too_full_to_seal_is_told_and_sealed_later in a process of its own"]
fn full_disk_at_seal() {
    let dir = child_dir();
    let archive = open(&dir, options(100_000)).unwrap();
    let mut stored = Vec::new();
    // The records fit below the limit, the footer does not.
    limit_files(Some(100_050));
    let mut encoder = archive.encoder();
    let full = loop {
        let number = stored.len() as u32;
        let encoded = encoder.encode(&provenance(number), &mail(number, 3_000)).unwrap();
        match archive.append(&encoded) {
            Ok(one) => stored.push(one),
            Err(error) => break error,
        }
    };
    assert!(full.is_disk_full(), "{full}");
    assert_eq!(segment_files(&dir).len(), 1);
    limit_files(None);
    stored.push(append(&archive, stored.len() as u32, 3_000));
    assert_eq!(segment_files(&dir).len(), 2);
    archive.sync(&stored).unwrap();
    let found = sum(archive.check(none()));
    assert_eq!((found.records.len(), found.damage), (stored.len(), vec![]));
}

#[test]
fn no_mail_is_held_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    in_child("trouble::large_mails", dir.path());
}

#[test]
#[ignore = "run by no_mail_is_held_in_memory in a process of its own"]
fn large_mails() {
    const PIECES: u32 = 60;
    let dir = child_dir();
    let archive = open(&dir, Options::default()).unwrap();
    let mut puts: Vec<_> =
        (0..4).map(|number| archive.put(&provenance(number), nothing()).unwrap()).collect();
    for piece in 0..PIECES {
        let octets = mail(piece, 1 << 20);
        for put in &mut puts {
            put.write_all(&octets).unwrap();
        }
    }
    let stored: Vec<_> = puts.into_iter().map(|put| put.finish().unwrap().mail).collect();
    for stored in &stored {
        let read = std::io::copy(&mut archive.get(stored.location).unwrap(), &mut std::io::sink()).unwrap();
        assert_eq!(read, u64::from(PIECES) << 20);
        let part = archive.read_range(stored.location, (50 << 20) + 5, 100).unwrap();
        assert_eq!(part, mail(50, 1 << 20)[5..105]);
    }
    assert_eq!(sum(archive.check(none())).records.len(), 4);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kb: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("peak {peak_kb} kB");
    assert!(peak_kb < 40_000, "{peak_kb} kB for four mails of 60 MB at once");
}

#[test]
fn other_versions_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    append(&open(dir.path(), Options::default()).unwrap(), 1, 100);
    let file = segment_files(dir.path())[0].clone();
    let whole = fs::read(&file).unwrap();
    let mut later = whole.clone();
    later[8] = 2;
    let crc = proof::Crc::of(&later[..124]).to_le_bytes();
    later[124..128].copy_from_slice(&crc);
    fs::write(&file, &later).unwrap();
    let error = open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(&error, Error::Version { path, .. } if *path == file), "{error}");

    fs::write(&file, &whole).unwrap();
    fs::write(dir.path().join("format"), "poststelle archive 3\n").unwrap();
    let error = open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(&error, Error::Version { found, .. } if found == "poststelle archive 3"), "{error}");
}

#[test]
fn a_file_in_the_way_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("archive");
    fs::write(&path, "not a folder").unwrap();
    let error = archive::Lock::take(&path).unwrap_err();
    assert!(matches!(&error, Error::Io { path: named, .. } if *named == path), "{error}");
}

#[test]
fn foreign_files_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "notes.txt",
        "x.seg",
        "00000000-0000-0000-0000-00000000000G.seg",
        "ABCDEF00-0000-4000-8000-000000000000.seg",
    ] {
        fs::write(dir.path().join(name), "mine").unwrap();
    }
    let archive = open(dir.path(), Options::default()).unwrap();
    let found = sum(archive.recover(none()));
    assert!(found.cut.is_empty() && found.damage.is_empty());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4 + 3);
}

#[test]
fn locations_that_are_none_give_errors() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let stored = append(&archive, 1, 5_000);
    let with = |at, len| archive::Location { segment: stored.location.segment, at, len };
    let (at, len) = (stored.location.at, stored.location.len);
    for location in [
        with(0, len),
        with(at + 1, len),
        with(at, len - 1),
        with(at, len + 1),
        with(at, 0),
        with(u64::MAX, 200),
        with(at, u64::MAX),
        with(u64::MAX - 300, 200),
    ] {
        assert!(matches!(archive.read_all(location, 1 << 20), Err(Error::Damaged { .. })), "{location:?}");
        let end = archive.get(location).and_then(|mut reader| {
            reader.read_to_end(&mut Vec::new()).map_err(|error| Error::of_stream(error, dir.path()))
        });
        assert!(matches!(end, Err(Error::Damaged { .. })), "{location:?}");
        let _ = archive.read_range(location, 3, 10);
    }
    let nowhere = archive::Location { segment: model::SegmentId::from_octets([1; 16]), at, len };
    assert!(matches!(archive.get(nowhere), Err(Error::NoSegment { .. })));
}

#[test]
fn threads_append_stream_sync_and_read_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), options(300_000)).unwrap();
    let work = |thread: u32| {
        let archive = archive.clone();
        move || {
            let mut encoder = archive.encoder();
            let mut all = Vec::new();
            for round in 0..15 {
                let mut batch = Vec::new();
                for number in 0..8 {
                    let number = thread * 1_000 + round * 10 + number;
                    let encoded = encoder.encode(&provenance(number), &mail(number, 3_000)).unwrap();
                    batch.push((number, 3_000, archive.append(&encoded).unwrap()));
                }
                let number = thread * 1_000 + round * 10 + 9;
                let size = if round % 5 == 0 { 2_500_000 } else { 30_000 };
                let mut put = archive.put(&provenance(number), nothing()).unwrap();
                put.write_all(&mail(number, size)).unwrap();
                if round % 3 == 2 {
                    drop(put);
                } else {
                    batch.push((number, size, put.finish().unwrap().mail));
                }
                let stored: Vec<_> = batch.iter().map(|(_, _, stored)| *stored).collect();
                archive.sync(&stored).unwrap();
                assert!(stored.iter().all(|stored| archive.is_durable(stored)));
                archive.confirm(&stored);
                for (number, size, stored) in &batch {
                    assert_eq!(read(&archive, stored).unwrap(), mail(*number, *size));
                }
                all.extend(stored);
            }
            all
        }
    };
    let threads: Vec<_> = (0..4).map(|thread| thread::spawn(work(thread))).collect();
    let mut stored: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    stored.sort_by_key(|stored| stored.location);
    let found = sum(archive.check(none()));
    assert_eq!(found.damage, []);
    assert_eq!(found.records.iter().map(|(stored, _)| *stored).collect::<Vec<_>>(), stored);
}
