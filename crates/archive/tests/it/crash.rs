//! A process that stores mails is killed again and again; nothing it had confirmed is lost, nothing is there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use archive::{Archive, Known, Part, Stored};
use model::{ObjectId, SegmentId, Sha256};

use crate::support::{Sum, mail, noise, none, open, options, provenance, read, sum, with_attachment};

const DIR: &str = "ARCHIVE_CRASH_DIR";
const SEGMENT_OCTETS_MAX: u64 = 2_000_000;
const THREADS: u32 = 3;
const NUMBERS_PER_THREAD: u32 = 1_000_000;

/// Stands for the database: a file of lines, each one transaction, torn ones do not count.
struct Journal {
    /// Number of the mail and its place.
    mails: BTreeMap<u32, (SegmentId, u64, u64)>,
    /// Every object by its name.
    objects: BTreeMap<ObjectId, (Sha256, Part)>,
    committed: BTreeMap<SegmentId, u64>,
}

impl Journal {
    fn read(path: &Path) -> Self {
        let mut journal =
            Self { mails: BTreeMap::new(), objects: BTreeMap::new(), committed: BTreeMap::new() };
        let Ok(mut file) = File::open(path) else { return journal };
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        for line in text.split_inclusive('\n').filter(|line| line.ends_with(";\n")) {
            for word in line.trim_end_matches(";\n").split_whitespace() {
                let fields: Vec<_> = word.split(':').collect();
                let segment = SegmentId::from_str(fields[1]).unwrap();
                let number = |field: &str| field.parse::<u64>().unwrap();
                if fields[0] == "to" {
                    let len = journal.committed.entry(segment).or_default();
                    *len = (*len).max(number(fields[2]));
                } else if fields[0] == "object" {
                    let object_id = ObjectId::from_str(fields[4]).unwrap();
                    let location =
                        archive::Location { segment, at: number(fields[2]), len: number(fields[3]) };
                    let sha256 = Sha256(std::array::from_fn(|at| {
                        u8::from_str_radix(&fields[6][2 * at..2 * at + 2], 16).unwrap()
                    }));
                    let part = Part { object_id, location, octets: number(fields[5]) };
                    assert_eq!(journal.objects.insert(object_id, (sha256, part)), None);
                } else {
                    let place = (segment, number(fields[2]), number(fields[3]));
                    let twice = journal.mails.insert(number(fields[0]) as u32, place);
                    assert_eq!(twice, None);
                }
            }
        }
        journal
    }
}

/// One transaction: a single write of a line.
fn transaction(archive: &Archive, journal: &Mutex<File>, batch: &[(u32, Stored)], objects: &[Stored]) {
    let stored: Vec<_> = batch.iter().map(|(_, stored)| *stored).chain(objects.iter().copied()).collect();
    let committed = archive.sync(&stored).unwrap();
    let mut line = String::new();
    for (number, Stored { location, .. }) in batch {
        write!(line, "{number}:{}:{}:{} ", location.segment, location.at, location.len).unwrap();
    }
    for Stored { object_id, location, octets, sha256 } in objects {
        let archive::Location { segment, at, len } = location;
        write!(line, "object:{segment}:{at}:{len}:{object_id}:{octets}:{sha256} ").unwrap();
    }
    for to in committed {
        write!(line, "to:{}:{} ", to.segment, to.len).unwrap();
    }
    line.push_str(";\n");
    journal.lock().unwrap().write_all(line.as_bytes()).unwrap();
    archive.confirm(&stored);
}

/// The first thread streams large mails, the others store small ones.
fn size(number: u32) -> usize {
    if number < NUMBERS_PER_THREAD {
        1_100_000 + (number as usize * 104_729) % 3_000_000
    } else {
        (number as usize * 7_919) % 9_000
    }
}

/// Every third mail has an attachment, one of a few.
fn octets(number: u32) -> Vec<u8> {
    let large = if number < NUMBERS_PER_THREAD { 1_300_000 } else { 6_000 };
    let attachment =
        number.is_multiple_of(3).then(|| with_attachment(number, &noise(u64::from(number % 5), large)));
    [mail(number, size(number)), attachment.unwrap_or_default()].concat()
}

/// The number of a mail by its provenance.
fn number_of(provenance: &model::Provenance) -> u32 {
    match provenance.position {
        model::Position::Imap { uid, .. } => uid,
        _ => panic!("no mail of this test"),
    }
}

/// Compares what recovery found with the journal, and adopts the rest.
fn adopt(archive: &Archive, path: &Path) {
    let journal = Journal::read(path);
    let Sum { records, mut objects, damage, .. } = sum(archive.recover(journal.committed.clone()));
    assert_eq!(damage, []);
    let mut adopted = Vec::new();
    objects.retain(|object| {
        let noted = journal.objects.contains_key(&object.object_id);
        if noted {
            archive.confirm(&[*object]);
        }
        !noted
    });
    for (stored, from) in records {
        let number = number_of(&from);
        assert!(read(archive, &stored).unwrap() == octets(number));
        // Beyond the noted length may lie what another transaction had noted already.
        if journal.mails.contains_key(&number) {
            archive.confirm(&[stored]);
        } else {
            adopted.push((number, stored));
        }
    }
    let numbers: BTreeSet<_> = adopted.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers.len(), adopted.len(), "adopted twice");
    for (number, (segment, at, len)) in &journal.mails {
        let location = archive::Location { segment: *segment, at: *at, len: *len };
        assert!(archive.read_all(location, 1 << 24).unwrap() == octets(*number), "lost {number}");
    }
    if !adopted.is_empty() || !objects.is_empty() {
        // The killed process may have left half a line.
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"\n").unwrap();
        transaction(archive, &Mutex::new(file), &adopted, &objects);
    }
}

#[test]
#[ignore = "run by killed_at_random_moments in a process of its own"]
fn child() {
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    let path = dir.join("journal");
    let archive = open(&dir.join("archive"), options(SEGMENT_OCTETS_MAX)).unwrap();
    let file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
    (&file).write_all(b"\n").unwrap();
    let journal = Mutex::new(file);
    adopt(&archive, &path);
    let journal_now = Journal::read(&path);
    let known = journal_now.mails;
    let objects: Known = journal_now.objects.into_values().collect();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (archive, journal, known, objects) = (&archive, &journal, &known, objects.clone());
            scope.spawn(move || store_forever(archive, journal, known, objects, thread * NUMBERS_PER_THREAD));
        }
    });
}

fn store_forever(
    archive: &Archive,
    journal: &Mutex<File>,
    known: &BTreeMap<u32, (SegmentId, u64, u64)>,
    mut objects: Known,
    first: u32,
) {
    let mut encoder = archive.encoder();
    let (mut batch, mut new) = (Vec::new(), Vec::new());
    for number in (first..).filter(|number| !known.contains_key(number)) {
        let octets = octets(number);
        let appended = if octets.len() > 1 << 20 || number % 5 == 0 {
            let here = objects.clone();
            let lookup = Arc::new(move |_: &[Sha256]| here.clone());
            let mut put = archive.put(&provenance(number), lookup).unwrap();
            for piece in octets.chunks(60_000) {
                put.write_all(piece).unwrap();
            }
            put.finish().unwrap()
        } else {
            let mut encoded = encoder.encode(&provenance(number), &octets).unwrap();
            archive.append_mail(&mut encoded, &mut objects).unwrap()
        };
        objects.extend(appended.objects.iter().map(|object| (object.sha256, object.part())));
        batch.push((number, appended.mail));
        new.extend(appended.objects);
        if batch.len() as u32 > number % 7 || first == 0 {
            transaction(archive, journal, &batch, &new);
            batch.clear();
            new.clear();
            println!("transaction");
        }
    }
}

#[test]
fn killed_at_random_moments() {
    let rounds = if std::env::var_os("SLOW_TESTS").is_some() { 60 } else { 12 };
    let dir = tempfile::tempdir().unwrap();
    let mut state = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for _ in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut transactions = random(40);
        while transactions > 0 {
            let line = lines.next().expect("the child goes on until it is killed").unwrap();
            transactions -= u64::from(line == "transaction");
        }
        // Somewhere between two transactions, not right behind one.
        for turn in 0..random(3_000_000) {
            std::hint::black_box(turn);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let archive = open(&dir.path().join("archive"), options(SEGMENT_OCTETS_MAX)).unwrap();
    let path = dir.path().join("journal");
    adopt(&archive, &path);
    let journal = Journal::read(&path);
    assert!(!journal.mails.is_empty());
    let Sum { records, objects, damage, .. } = sum(archive.check(journal.committed));
    assert_eq!(damage, []);
    assert_eq!(archive.keyring().check().unwrap().lost, []);
    let objects: BTreeSet<_> = objects.iter().map(|object| object.object_id).collect();
    assert!(!objects.is_empty() && objects == journal.objects.keys().copied().collect());
    // Every record is in the journal, at its place: nothing is there twice, nothing nobody knows of.
    let found: BTreeMap<_, _> = records
        .iter()
        .map(|(stored, from)| {
            let archive::Location { segment, at, len } = stored.location;
            (number_of(from), (segment, at, len))
        })
        .collect();
    assert_eq!(found.len(), records.len(), "stored twice");
    assert_eq!(found, journal.mails);
    drop(archive);

    // A database that knows nothing gets everything.
    let archive = open(&dir.path().join("archive"), options(SEGMENT_OCTETS_MAX)).unwrap();
    assert_eq!(sum(archive.recover(none())).records.len(), found.len());
}
