//! What is found after a crash, a restored database or damage, and what is done about it.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use archive::{Archive, DamageKind, Defect, Options, Stored};
use model::SegmentId;
use proptest::prelude::*;

use crate::support::{Sum, append, mail, none, open, options, read, segment_files, sum};

/// An archive of `count` mails, closed; the records in order.
fn filled(dir: &Path, count: u32, octets: usize) -> Vec<Stored> {
    let archive = open(dir, Options::default()).unwrap();
    let stored: Vec<_> = (0..count).map(|number| append(&archive, number, octets)).collect();
    archive.sync(&stored).unwrap();
    stored
}

fn the_file(dir: &Path) -> PathBuf {
    let files = segment_files(dir);
    assert_eq!(files.len(), 1);
    files[0].clone()
}

fn end(stored: &Stored) -> u64 {
    stored.location.at + stored.location.len
}

fn committed(stored: &Stored) -> BTreeMap<SegmentId, u64> {
    BTreeMap::from([(stored.location.segment, end(stored))])
}

fn recovered(dir: &Path, committed: BTreeMap<SegmentId, u64>) -> (Archive, Sum) {
    let archive = open(dir, Options::default()).unwrap();
    let found = sum(archive.recover(committed));
    for (stored, _) in &found.records {
        assert_eq!(archive::sha256(&read(&archive, stored).unwrap()), stored.sha256);
    }
    (archive, found)
}

fn names(found: &Sum) -> Vec<Stored> {
    found.records.iter().map(|(stored, _)| *stored).collect()
}

#[test]
fn records_beyond_the_committed_length_are_adopted() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 20, 3_000);
    let (archive, found) = recovered(dir.path(), committed(&stored[11]));
    assert_eq!(names(&found), stored[12..]);
    assert!(found.cut.is_empty() && found.damage.is_empty());
    // Adopted records are durable, but count as known only once that is said.
    let adopted = names(&found);
    assert!(adopted.iter().all(|stored| archive.is_durable(stored)));
    let lengths = archive.sync(&adopted[..3]).unwrap();
    assert_eq!(lengths[0].len, end(&adopted[2]));
    archive.confirm(&adopted[..3]);
    let later = append(&archive, 99, 500);
    assert_eq!(later.location.at, end(&stored[19]), "the same segment goes on");
    assert_eq!(archive.sync(&[later]).unwrap()[0].len, end(&adopted[2]));
    archive.confirm(&adopted);
    assert_eq!(archive.sync(&[later]).unwrap()[0].len, end(&later));
}

#[test]
fn the_length_to_note_never_passes_a_record_of_somebody_else() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let [a, b, c, d] = [0, 1, 2, 3].map(|number| append(&archive, number, 1_000));
    // Another writer's b is appended but not in the database yet.
    assert_eq!(archive.sync(&[a, c]).unwrap()[0].len, b.location.at);
    archive.confirm(&[a, c]);
    assert_eq!(archive.sync(&[d]).unwrap()[0].len, b.location.at);
    archive.confirm(&[d]);
    assert_eq!(archive.sync(&[b]).unwrap()[0].len, end(&d));
}

#[test]
fn a_torn_last_record_is_cut_wherever_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 4, 700);
    let file = the_file(dir.path());
    let whole = fs::read(&file).unwrap();
    let (last, before) = (stored[3], stored[2]);
    for len in last.location.at + 1..end(&last) {
        fs::write(&file, &whole[..len as usize]).unwrap();
        let (archive, found) = recovered(dir.path(), committed(&stored[1]));
        assert_eq!(names(&found), [before]);
        assert_eq!(found.cut, [(last.location.segment, last.location.at, len - last.location.at)]);
        assert!(found.damage.is_empty());
        assert_eq!(append(&archive, 3, 700).location.at, last.location.at);
    }
}

#[test]
fn after_a_power_cut_zeros_at_the_end_are_cut() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 4, 3_000);
    let file = the_file(dir.path());
    let mut octets = fs::read(&file).unwrap();
    let last = stored[3].location.at as usize;
    octets[last + 100..].fill(0);
    octets.resize(octets.len() + 9_000, 0);
    fs::write(&file, &octets).unwrap();
    let (_, found) = recovered(dir.path(), none());
    assert_eq!(names(&found), stored[..3]);
    assert_eq!(found.cut.len(), 1);
    assert_eq!(fs::metadata(&file).unwrap().len(), last as u64);
}

#[test]
fn a_damaged_stretch_before_intact_records_is_kept_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 10, 3_000);
    let file = the_file(dir.path());
    let mut octets = fs::read(&file).unwrap();
    // The end of record 3, all of 4 and the beginning of 5 are gone.
    let (from, to) = (stored[3].location.at as usize + 400, stored[5].location.at as usize + 60);
    octets[from..to].fill(0);
    fs::write(&file, &octets).unwrap();
    let (archive, found) = recovered(dir.path(), none());
    let expected: Vec<_> = stored[..3].iter().chain(&stored[6..]).copied().collect();
    assert_eq!(names(&found), expected);
    assert!(found.cut.is_empty());
    assert_eq!(found.damage.len(), 1);
    let damage = found.damage[0];
    assert_eq!((damage.at, damage.at + damage.len), (stored[3].location.at, stored[6].location.at));
    assert_eq!(damage.object_id, Some(stored[3].object_id));
    assert_eq!(fs::read(&file).unwrap(), octets, "nothing is changed");
    // A file that loses octets is not written to again.
    assert_ne!(append(&archive, 50, 100).location.segment, stored[0].location.segment);
}

#[test]
fn a_last_record_that_is_whole_but_damaged_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 3, 3_000);
    let file = the_file(dir.path());
    let mut octets = fs::read(&file).unwrap();
    let middle = (stored[2].location.at + stored[2].location.len / 2) as usize;
    octets[middle] ^= 1;
    fs::write(&file, &octets).unwrap();
    let (_, found) = recovered(dir.path(), none());
    assert_eq!(names(&found), stored[..2]);
    assert!(found.cut.is_empty());
    assert_eq!(found.damage[0].kind, DamageKind::Record(Defect::Checksum));
    assert_eq!(found.damage[0].object_id, Some(stored[2].object_id));
}

#[test]
fn segments_the_database_never_heard_of_are_adopted() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), options(20_000)).unwrap();
    let mut stored: Vec<_> = (0..60).map(|number| append(&archive, number, 3_000)).collect();
    archive.sync(&stored).unwrap();
    drop(archive);
    assert!(segment_files(dir.path()).len() > 2);
    let (archive, found) = recovered(dir.path(), none());
    stored.sort_by_key(|stored| stored.location);
    assert_eq!(names(&found), stored);
    // Records in sealed segments can be stored like new ones.
    let lengths = archive.sync(&stored).unwrap();
    archive.confirm(&stored);
    let lengths: BTreeMap<_, _> =
        lengths.iter().map(|committed| (committed.segment, committed.len)).collect();
    drop(archive);
    let (_, found) = recovered(dir.path(), lengths);
    assert!(found.records.is_empty() && found.damage.is_empty());
}

#[test]
fn missing_and_shortened_segments_are_named_and_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 5, 3_000);
    let file = the_file(dir.path());
    OpenOptions::new().write(true).open(&file).unwrap().set_len(end(&stored[2]) + 7).unwrap();
    let gone = SegmentId::from_octets([9; 16]);
    let mut known = committed(&stored[4]);
    known.insert(gone, 1_000);
    let (archive, found) = recovered(dir.path(), known.clone());
    let kinds: Vec<_> = found.damage.iter().map(|damage| (damage.segment, damage.kind)).collect();
    let segment = stored[0].location.segment;
    assert_eq!(kinds, [(gone, DamageKind::Missing), (segment, DamageKind::Truncated)]);
    assert!(found.cut.is_empty() && found.records.is_empty());
    assert_ne!(append(&archive, 50, 100).location.segment, segment);
    let found = sum(archive.check(known));
    assert_eq!(found.records.len(), 4);
    assert!(found.damage.iter().any(|damage| matches!(damage.kind, DamageKind::Torn(_))));
    assert!(archive.read_all(stored[4].location, 1 << 20).is_err());
    assert_eq!(read(&archive, &stored[2]).unwrap(), mail(2, 3_000));
}

#[test]
fn a_sealed_segment_without_its_footer_is_sealed_anew() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), options(20_000)).unwrap();
    let stored: Vec<_> = (0..30).map(|number| append(&archive, number, 3_000)).collect();
    archive.sync(&stored).unwrap();
    drop(archive);
    let file = segment_files(dir.path())[0].clone();
    let whole = fs::read(&file).unwrap();
    let last = stored
        .iter()
        .filter(|one| one.location.segment == stored[0].location.segment)
        .max_by_key(|one| end(one));
    for len in [whole.len() as u64 - 1, end(last.unwrap()) + 20, end(last.unwrap())] {
        fs::write(&file, &whole[..len as usize]).unwrap();
        let archive = open(dir.path(), options(20_000)).unwrap();
        let known = committed(last.unwrap());
        let found = sum(archive.recover(known));
        assert_eq!(found.cut.len(), usize::from(len > end(last.unwrap())));
        assert!(found.records.iter().all(|(found, _)| found.location.segment != stored[0].location.segment));
        for number in 0..10 {
            append(&archive, 100 + number, 3_000);
        }
        let found = sum(archive.check(none()));
        assert!(found.damage.is_empty());
    }
}

#[test]
fn a_segment_that_never_became_one_is_removed() {
    for content in [&[][..], &[0x89, b'P', b'S'], &[0; 4_096]] {
        let dir = tempfile::tempdir().unwrap();
        let stored = filled(dir.path(), 2, 500);
        let id = SegmentId::from_octets([0xfe; 16]);
        fs::write(dir.path().join(format!("{id}.seg")), content).unwrap();
        let (_, found) = recovered(dir.path(), committed(&stored[1]));
        assert_eq!(found.cut, [(id, 0, content.len() as u64)]);
        assert!(found.damage.is_empty() && found.records.is_empty());
        the_file(dir.path());
    }
}

#[test]
fn a_damaged_segment_header_costs_no_record() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 3, 500);
    let file = the_file(dir.path());
    let mut octets = fs::read(&file).unwrap();
    octets[..128].fill(0);
    fs::write(&file, &octets).unwrap();
    let (_, found) = recovered(dir.path(), none());
    assert_eq!(names(&found), stored);
    assert!(matches!(found.damage[0].kind, DamageKind::Header(_)));
}

#[test]
fn a_wrong_committed_length_makes_nothing_be_cut() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 3, 500);
    let file = the_file(dir.path());
    let before = fs::read(&file).unwrap();
    let known = BTreeMap::from([(stored[2].location.segment, stored[2].location.at + 50)]);
    let (_, found) = recovered(dir.path(), known);
    assert!(found.cut.is_empty());
    assert_eq!(found.damage.len(), 1);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn what_a_later_version_wrote_is_not_cut() {
    let dir = tempfile::tempdir().unwrap();
    let stored = filled(dir.path(), 3, 500);
    let file = the_file(dir.path());
    let mut octets = fs::read(&file).unwrap();
    let at = stored[2].location.at as usize;
    let len = u32::from_le_bytes(octets[at + 12..at + 16].try_into().unwrap()) as usize;
    octets[at + 17] = 9;
    let crc = proof::Crc::of(&octets[at..at + len - 4]).to_le_bytes();
    octets[at + len - 4..at + len].copy_from_slice(&crc);
    fs::write(&file, &octets).unwrap();
    let (archive, found) = recovered(dir.path(), none());
    assert_eq!(names(&found), stored[..2]);
    assert!(found.cut.is_empty());
    assert_eq!(fs::read(&file).unwrap(), octets);
    let error = archive.read_all(stored[2].location, 1 << 20).unwrap_err();
    assert!(matches!(error, archive::Error::Damaged { defect: Defect::Unsupported, .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// One changed stretch anywhere: every record it does not touch is found, none that it touches, and `check`
    /// says so.
    #[test]
    fn only_what_is_touched_is_lost(at in any::<prop::sample::Index>(), len in 1_usize..3_000, zeros: bool, sealed: bool) {
        let dir = tempfile::tempdir().unwrap();
        let limit = if sealed { 9_000 } else { 1 << 20 };
        let archive = open(dir.path(), options(limit)).unwrap();
        let stored: Vec<_> = (0..12).map(|number| append(&archive, number, 1_500)).collect();
        archive.sync(&stored).unwrap();
        drop(archive);
        let file = segment_files(dir.path())[0].clone();
        let mut octets = fs::read(&file).unwrap();
        let before = octets.clone();
        let from = at.index(octets.len());
        let to = octets.len().min(from + len);
        octets[from..to].iter_mut().for_each(|octet| *octet = if zeros { 0 } else { !*octet });
        let changed: Vec<_> = (from..to).filter(|at| octets[*at] != before[*at]).map(|at| at as u64).collect();
        fs::write(&file, &octets).unwrap();
        let first = stored[0].location.segment;
        let untouched: Vec<_> = stored.iter().copied().filter(|one| {
            one.location.segment != first || changed.iter().all(|at| !(one.location.at..end(one)).contains(at))
        }).collect();

        let archive = open(dir.path(), Options::default()).unwrap();
        let found = sum(archive.check(none()));
        let mut expected = untouched.clone();
        expected.sort_by_key(|one| one.location);
        prop_assert_eq!(names(&found), expected.clone());
        prop_assert_eq!(found.damage.is_empty(), changed.is_empty(), "{:?}", found);

        let found = sum(archive.recover(none()));
        prop_assert_eq!(names(&found), expected);
        // A cut takes nothing that an intact record follows.
        for (segment, at, _) in found.cut {
            prop_assert!(untouched.iter().all(|one| one.location.segment != segment || end(one) <= at));
        }
    }
}
