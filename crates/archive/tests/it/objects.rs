//! What stands in several mails is stored once; what is stored cannot be read without its key.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use archive::{Appended, Archive, DamageKind, Defect, Error, Keyring, Known, Lookup, Options, Split, sha256};
use keys::MasterKey;
use model::Sha256;
use proof::pieces::{Code, Quoted};
use proptest::prelude::*;

use crate::support::{
    Sum, mail, master, noise, none, nothing, open, options, provenance, read, segment_files, sum,
    with_attachment,
};

fn append(archive: &Archive, number: u32, octets: &[u8], known: &mut Known) -> Appended {
    let split = Split::of(octets);
    let mut encoded = archive
        .encoder()
        .encode_split(&provenance(number), &split, octets.len() as u64, sha256(octets), known)
        .unwrap();
    archive.append_mail(&mut encoded, known).unwrap()
}

fn stream(archive: &Archive, number: u32, octets: &[u8], lookup: Lookup) -> Appended {
    let mut put = archive.put(&provenance(number), lookup).unwrap();
    for piece in octets.chunks(70_001) {
        put.write_all(piece).unwrap();
    }
    assert_eq!(put.sha256(), sha256(octets));
    put.finish().unwrap()
}

/// Reads a mail in every way there is.
fn check_reading(archive: &Archive, appended: &Appended, octets: &[u8]) {
    let location = appended.mail.location;
    assert!(archive.read_all(location, u64::MAX).unwrap() == octets);
    assert_eq!(appended.mail.octets, octets.len() as u64);
    let mut reader = archive.get(location).unwrap();
    assert_eq!(reader.octets().unwrap(), octets.len() as u64);
    let mut whole = Vec::new();
    reader.read_to_end(&mut whole).unwrap();
    assert!(whole == octets);
    assert_eq!(reader.sha256(), Some(sha256(octets)));
    let len = octets.len();
    let places = [0, 1, 77, 300, 420, 500, len / 3, len / 2, len.saturating_sub(90), len.saturating_sub(1)];
    for at in places.into_iter().filter(|at| *at < len) {
        for take in [1, 80, 4_000, len] {
            let expected = &octets[at..len.min(at + take)];
            assert!(archive.read_range(location, at as u64, take).unwrap() == expected, "{at} {take}");
        }
    }
    assert!(archive.read_range(location, len as u64, 10).unwrap().is_empty());
    assert!(matches!(archive.read_all(location, len as u64 - 1), Err(Error::TooLarge { .. })));
}

#[test]
fn an_attachment_in_many_mails_is_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let object = noise(1, 200_000);
    let mut known = Known::new();
    let mut all = Vec::new();
    for number in 0..20 {
        let octets = with_attachment(number, &object);
        let appended = append(&archive, number, &octets, &mut known);
        assert_eq!(appended.objects.len(), usize::from(number == 0));
        assert_eq!(
            appended.uses,
            all.first().map_or(appended.uses.clone(), |first: &Appended| first.uses.clone())
        );
        check_reading(&archive, &appended, &octets);
        all.push(appended);
    }
    assert!(archive.usage().octets < 230_000, "{}", archive.usage().octets);
    let records: Vec<_> = all.iter().flat_map(Appended::records).collect();
    let committed = archive.sync(&records).unwrap();
    archive.confirm(&records);
    drop(archive);
    let archive = open(dir.path(), Options::default()).unwrap();
    let committed = committed.iter().map(|one| (one.segment, one.len)).collect();
    let Sum { records, objects, uses, damage, .. } = sum(archive.check(committed));
    assert_eq!((records.len(), damage), (20, vec![]));
    assert_eq!(objects, all[0].objects);
    assert!(uses.iter().all(|uses| *uses == [objects[0].object_id]));
    assert_eq!(objects[0].sha256, sha256(&object));
    // A database that knows nothing gets all of it.
    assert_eq!(sum(archive.recover(none())).objects.len(), 1);
}

#[test]
fn a_text_is_the_same_object_as_it_is_as_base64_and_as_quoted_printable() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let line = |n: usize| format!("{n};Größe {};{}\r\n", n * 7, "=".repeat(n % 90));
    let text = (0..9_000).map(line).collect::<Vec<_>>().concat();
    let text = text.trim_end().as_bytes();
    let quoted = Quoted { line: 76, lf: false, tight: false, also: 1 << b'!', encoded: 0 };
    let codes = [
        ("8bit", Code::AsIs),
        ("quoted-printable", Code::Quoted(quoted)),
        ("base64", Code::Base64 { line: 76, lf: false, ended: false }),
    ];
    let mut known = Known::new();
    let mut first = None;
    for ((coding, code), number) in codes.into_iter().zip(0..) {
        let mut octets = mail(number, 300);
        let header = "Content-Disposition: attachment; filename=\"a.csv\"";
        octets.extend_from_slice(
            format!("\r\n--x\r\n{header}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n").as_bytes(),
        );
        code.encode(text, true, &mut octets);
        octets.extend_from_slice(b"\r\n--x--\r\n");
        let one = append(&archive, number, &octets, &mut known);
        assert_eq!(one.objects.len(), usize::from(number == 0), "{coding}");
        let object = *first.get_or_insert(one.uses[0]);
        assert_eq!(one.uses, [object], "{coding}");
        let here = known.clone();
        let two = stream(&archive, number + 10, &octets, Arc::new(move |_| here.clone()));
        assert_eq!((two.uses.as_slice(), two.objects.len()), ([object].as_slice(), 0), "{coding}");
        check_reading(&archive, &one, &octets);
        check_reading(&archive, &two, &octets);
    }
}

#[test]
fn large_attachments_are_streamed_and_known_ones_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    for (number, octets) in [(0, 3_000), (10, 900_000), (20, 1_100_000), (30, 5_000_000)] {
        let object = noise(u64::from(number) + 9, octets);
        let first = with_attachment(number, &object);
        let appended = stream(&archive, number, &first, nothing());
        assert_eq!(appended.objects.len(), 1);
        check_reading(&archive, &appended, &first);
        let part = appended.objects[0].part();
        archive.sync(&appended.records().collect::<Vec<_>>()).unwrap();
        // Twice in one mail, with another object in between, in a mail with much that is raw.
        let raw = mail(number, 1_500_000);
        let other = noise(77 + u64::from(number), 10_000);
        let second = [
            with_attachment(number + 1, &object),
            with_attachment(number + 2, &other),
            raw,
            with_attachment(number + 3, &object),
        ]
        .concat();
        let before = archive.usage().octets;
        let digest = sha256(&object);
        let lookup: Lookup = Arc::new(move |wanted: &[Sha256]| {
            wanted.iter().filter(|one| **one == digest).map(|one| (*one, part)).collect()
        });
        let appended = stream(&archive, number + 1, &second, lookup);
        assert_eq!((appended.objects.len(), appended.uses.len()), (1, 2));
        assert!(archive.usage().octets - before < 1_000_000);
        check_reading(&archive, &appended, &second);
        archive.sync(&appended.records().collect::<Vec<_>>()).unwrap();
    }
    assert_eq!(sum(archive.check(none())).damage, []);
}

#[test]
fn an_abandoned_stream_takes_its_objects_back() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let octets = [with_attachment(1, &noise(1, 3_000_000)), with_attachment(1, &noise(2, 50_000))].concat();
    let before = archive.usage().octets;
    for _ in 0..3 {
        let mut put = archive.put(&provenance(1), nothing()).unwrap();
        put.write_all(&octets).unwrap();
        drop(put);
        assert!(archive.usage().octets <= before + 256, "{}", archive.usage().octets);
    }
    let appended = stream(&archive, 1, &octets, nothing());
    archive.sync(&appended.records().collect::<Vec<_>>()).unwrap();
    let found = sum(archive.check(none()));
    assert_eq!((found.records.len(), found.objects.len(), found.damage), (1, 2, vec![]));
}

#[test]
fn nothing_stands_open_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let octets = with_attachment(1, &b"Strictly confidential. ".repeat(200));
    let appended = append(&archive, 1, &octets, &mut Known::new());
    let large = [mail(2, 1_200_000), octets.clone()].concat();
    let streamed = stream(&archive, 2, &large, nothing());
    archive.sync(&appended.records().chain(streamed.records()).collect::<Vec<_>>()).unwrap();
    let secrets: [&[u8]; 8] = [
        b"confidential",
        b"Angebot",
        "büro@example.org".as_bytes(),
        b"INBOX",
        &appended.mail.sha256.0,
        &appended.objects[0].sha256.0,
        &streamed.mail.sha256.0,
        &sha256(&octets).0[..8],
    ];
    let folders = [dir.path().to_owned(), dir.path().join("keyring")];
    for file in folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = file.unwrap().path();
        let stored = if path.is_file() { fs::read(&path).unwrap() } else { continue };
        for secret in secrets {
            assert!(!stored.windows(secret.len()).any(|here| here == secret), "{}", path.display());
        }
    }
    // The same mail twice is not to be known by what is stored.
    let again = append(&archive, 1, &octets, &mut Known::new());
    let stored = |at: archive::Location| {
        let octets = fs::read(dir.path().join(format!("{}.seg", at.segment))).unwrap();
        octets[at.at as usize..(at.at + at.len) as usize].to_vec()
    };
    let (one, two) = (stored(appended.mail.location), stored(again.mail.location));
    let equal = one.iter().zip(&two).skip(300).filter(|(one, two)| one == two).count();
    assert!(equal < one.len() / 20 + 80, "{equal} of {}", one.len());
}

#[test]
fn changed_octets_and_swapped_records_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let object = noise(3, 5_000);
    let appended = append(&archive, 1, &with_attachment(1, &object), &mut Known::new());
    archive.sync(&appended.records().collect::<Vec<_>>()).unwrap();
    drop(archive);
    let file = segment_files(dir.path())[0].clone();
    let whole = fs::read(&file).unwrap();
    let (mail, object) = (appended.mail.location, appended.objects[0].location);
    for (location, kind) in [(mail, Defect::Checksum), (object, Defect::Checksum)] {
        let mut octets = whole.clone();
        octets[(location.at + location.len / 2) as usize] ^= 1;
        fs::write(&file, &octets).unwrap();
        let archive = open(dir.path(), Options::default()).unwrap();
        assert!(read(&archive, &appended.mail).is_err());
        let damage = sum(archive.check(none())).damage;
        assert!(damage.iter().any(|one| one.at == location.at && one.kind == DamageKind::Record(kind)));
        // The mail cannot be put together either.
        assert!(damage.iter().any(|one| one.at == mail.at));
    }
}

#[test]
fn a_record_without_its_key_is_none_and_an_erased_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let mut known = Known::new();
    let object = noise(4, 9_000);
    let all: Vec<_> = (0..3)
        .map(|number| append(&archive, number, &with_attachment(number, &object), &mut known))
        .collect();
    let records: Vec<_> = all.iter().flat_map(Appended::records).collect();
    archive.sync(&records).unwrap();
    archive.confirm(&records);
    assert_eq!(archive.keyring().check().unwrap().kept, 4);
    // The keys lie in the order in which they were appended: object, mail, mail, mail.
    archive.keyring().erase(&master(), &BTreeSet::from([2])).unwrap();
    assert_eq!(archive.keyring().epoch_number(), 2);
    let gone = all[1].mail;
    let error = read(&archive, &gone).unwrap_err();
    assert!(matches!(error, Error::Damaged { defect: Defect::Erased, .. }), "{error}");
    for (number, appended) in [(0, &all[0]), (2, &all[2])] {
        assert!(read(&archive, &appended.mail).unwrap() == with_attachment(number, &object));
    }
    let later = append(&archive, 9, &mail(9, 500), &mut known);
    archive.sync(&[later.mail]).unwrap();
    drop(archive);
    let archive = open(dir.path(), Options::default()).unwrap();
    let found = sum(archive.check(none()));
    assert_eq!((found.erased, found.damage), (vec![gone.object_id], vec![]));
    assert_eq!((found.records.len(), found.objects.len()), (3, 1));
    let names: Vec<_> =
        fs::read_dir(dir.path().join("keyring")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the old epoch is gone: {names:?}");
}

#[test]
fn a_lost_keyring_is_not_made_anew_and_another_key_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), Options::default()).unwrap());
    let keyring = dir.path().join("keyring");
    let other = Keyring::open(&keyring, &MasterKey::from_octets([6; 32]), false);
    assert!(matches!(other, Err(Error::OtherMasterKey { .. })), "{other:?}");
    fs::remove_dir_all(&keyring).unwrap();
    let lost = open(dir.path(), Options::default());
    assert!(matches!(lost, Err(Error::NoKeyring { .. })), "{lost:?}");
}

/// Written by the program before records were encrypted: six mails, one segment sealed and one open.
#[test]
fn an_archive_of_version_1_is_read_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/v1")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    let before: Vec<_> = segment_files(dir.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    let archive = open(dir.path(), options(3_000)).unwrap();
    let found = sum(archive.recover(none()));
    assert_eq!((found.records.len(), found.damage), (6, vec![]));
    for (number, (stored, from)) in found.records.iter().enumerate() {
        let octets = read(&archive, stored).unwrap();
        assert!(octets.starts_with(format!("Subject: mail {number}\r\n").as_bytes()));
        assert_eq!(sha256(&octets), stored.sha256);
        assert_eq!(from.account_name, "office@example.org");
    }
    let mut known = Known::new();
    let octets = with_attachment(1, &noise(1, 3_000));
    let new = append(&archive, 1, &octets, &mut known);
    archive.sync(&new.records().collect::<Vec<_>>()).unwrap();
    drop(archive);
    let archive = open(dir.path(), options(3_000)).unwrap();
    check_reading(&archive, &new, &octets);
    assert_eq!(sum(archive.check(none())).records.len(), 7);
    for (path, before) in segment_files(dir.path()).iter().zip(&before) {
        assert!(fs::read(path).unwrap().starts_with(before), "nothing is rewritten");
    }
    assert_eq!(fs::read_to_string(dir.path().join("format")).unwrap(), "poststelle archive 2\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn mails_of_any_shape_come_back(
        sizes in proptest::collection::vec((0_usize..120_000, any::<bool>(), 0_u64..4), 0..5), seed: u32,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let archive = open(dir.path(), Options::default()).unwrap();
        let octets: Vec<u8> = sizes.iter().flat_map(|(size, raw, object)| {
            if *raw { mail(seed, *size) } else { with_attachment(seed, &noise(*object, *size)) }
        }).chain([b'!']).collect();
        let mut known = Known::new();
        let one = append(&archive, 1, &octets, &mut known);
        let two = stream(&archive, 2, &octets, Arc::new(move |_| known.clone()));
        prop_assert!(two.objects.is_empty());
        prop_assert_eq!(&one.uses, &two.uses);
        check_reading(&archive, &one, &octets);
        check_reading(&archive, &two, &octets);
    }
}
