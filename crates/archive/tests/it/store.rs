//! Storing and reading, opening and closing.

use std::io::{Read, Write};

use archive::{Error, Options, sha256};

use crate::support::{append, mail, none, nothing, open, options, provenance, read, segment_files, sum};

#[test]
fn small_mails_come_back_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let sizes = [0, 1, 100, 5_000, 1 << 20, (1 << 20) + 1];
    let stored: Vec<_> =
        sizes.iter().enumerate().map(|(number, size)| append(&archive, number as u32, *size)).collect();
    let committed = archive.sync(&stored).unwrap();
    assert_eq!(committed.len(), 1);
    assert_eq!(committed[0].len, stored.last().map(|last| last.location.at + last.location.len).unwrap());
    assert!(stored.iter().all(|stored| archive.is_durable(stored)));
    archive.confirm(&stored);
    drop(archive);

    let archive = open(dir.path(), Options::default()).unwrap();
    for (number, (stored, size)) in stored.iter().zip(sizes).enumerate() {
        assert_eq!(read(&archive, stored).unwrap(), mail(number as u32, size));
        let mut reader = archive.get(stored.location).unwrap();
        assert_eq!(reader.octets().unwrap(), stored.octets);
        let mut octets = Vec::new();
        reader.read_to_end(&mut octets).unwrap();
        assert_eq!(reader.sha256(), Some(sha256(&octets)));
        assert_eq!(reader.sha256(), Some(stored.sha256));
        assert_eq!(reader.provenance().unwrap(), provenance(number as u32));
        assert_eq!(reader.object_id(), stored.object_id);
    }
    let committed = committed.iter().map(|committed| (committed.segment, committed.len)).collect();
    let found = sum(archive.recover(committed));
    assert!(found.records.is_empty() && found.cut.is_empty() && found.damage.is_empty(), "{found:?}");
    append(&archive, 9, 100);
    assert_eq!(segment_files(dir.path()).len(), 1);
}

#[test]
fn the_second_process_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let second = open(dir.path(), Options::default());
    assert!(matches!(second, Err(Error::InUse { .. })), "{second:?}");
    let clone = archive.clone();
    drop(archive);
    assert!(open(dir.path(), Options::default()).is_err());
    drop(clone);
    open(dir.path(), Options::default()).unwrap();
}

#[test]
fn streamed_mails_come_back_and_abandoned_ones_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let large = mail(1, 5_300_000);
    let mut put = archive.put(&provenance(1), nothing()).unwrap();
    for piece in large.chunks(70_001) {
        put.write_all(piece).unwrap();
    }
    assert_eq!((put.octets(), put.sha256()), (large.len() as u64, sha256(&large)));
    // While it is on its way, others go on in a segment of their own.
    let small = append(&archive, 2, 4_000);
    let stored = put.finish().unwrap().mail;
    assert_ne!(small.location.segment, stored.location.segment);
    archive.sync(&[small, stored]).unwrap();
    assert_eq!(stored.sha256, sha256(&large));
    assert_eq!(read(&archive, &stored).unwrap(), large);

    let usage = archive.usage();
    let mut put = archive.put(&provenance(3), nothing()).unwrap();
    put.write_all(&large).unwrap();
    drop(put);
    assert_eq!(archive.usage(), usage);
    let found = sum(archive.check(none()));
    assert_eq!((found.records.len(), found.damage.len()), (2, 0));
    for (at, len) in [(0, 10), (1_000_000, 200_000), (5_299_990, 100), (6_000_000, 5), (1 << 20, 1), (3, 0)] {
        let from = large.len().min(at as usize);
        let expected = &large[from..large.len().min(from + len)];
        assert_eq!(archive.read_range(stored.location, at, len).unwrap(), expected);
    }
    assert!(matches!(archive.read_all(stored.location, 100), Err(Error::TooLarge { .. })));
}

#[test]
fn full_segments_are_sealed_and_stay_readable() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), options(30_000)).unwrap();
    let stored: Vec<_> = (0..100).map(|number| append(&archive, number, 4_000)).collect();
    archive.sync(&stored).unwrap();
    assert!(segment_files(dir.path()).len() > 3);
    for file in segment_files(dir.path()) {
        assert!(std::fs::metadata(file).unwrap().len() < 32_000);
    }
    for (number, stored) in stored.iter().enumerate() {
        assert_eq!(read(&archive, stored).unwrap(), mail(number as u32, 4_000));
    }
    drop(archive);
    let archive = open(dir.path(), options(30_000)).unwrap();
    let found = sum(archive.check(none()));
    assert_eq!((found.records.len(), found.damage), (100, vec![]));
}

#[test]
fn what_no_transaction_took_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let [a, b, c, d] = [0, 1, 2, 3].map(|number| append(&archive, number, 2_000));
    archive.sync(&[a, b, c, d]).unwrap();
    archive.confirm(&[a]);
    // Another writer's c stays and so does b before it.
    archive.withdraw(&[b, d]);
    assert_eq!(archive.sync(&[c]).unwrap()[0].len, b.location.at);
    assert!(archive.read_all(d.location, 1 << 20).is_err());
    archive.withdraw(&[c, a]);
    archive.withdraw(&[b]);
    let again = append(&archive, 5, 2_000);
    assert_eq!(again.location.at, b.location.at);
    assert!(!archive.is_durable(&again));
    assert_eq!(archive.sync(&[again]).unwrap()[0].len, again.location.at + again.location.len);
    assert_eq!(read(&archive, &again).unwrap(), mail(5, 2_000));

    let mut put = archive.put(&provenance(7), nothing()).unwrap();
    put.write_all(&mail(7, 3_000_000)).unwrap();
    let streamed = put.finish().unwrap().mail;
    archive.withdraw(&[streamed]);
    let found = sum(archive.check(none()));
    assert_eq!(found.records.iter().map(|(stored, _)| *stored).collect::<Vec<_>>(), [a, again]);
    assert_eq!(found.damage, []);
}
