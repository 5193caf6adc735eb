//! Keys are destroyed, whenever the process is killed, and no other key is.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use archive::{Archive, Defect, Error, Known, Options, Split, Stored, sha256};
use model::ObjectId;

use crate::support::{mail, master, noise, none, open, provenance, read, sum, with_attachment};

const DIR: &str = "ARCHIVE_ERASE_DIR";
/// Mails of the archive that is erased from.
const MAILS: u32 = 400;

fn append(archive: &Archive, number: u32, octets: &[u8], known: &mut Known) -> archive::Appended {
    let encoder = &mut archive.encoder();
    let split = Split::of(octets);
    let octets_len = octets.len() as u64;
    let mut encoded =
        encoder.encode_split(&provenance(number), &split, octets_len, sha256(octets), known).unwrap();
    archive.append_mail(&mut encoded, known).unwrap()
}

fn is_erased(archive: &Archive, stored: &Stored) -> bool {
    match read(archive, stored) {
        Ok(_) => false,
        Err(Error::Damaged { defect: Defect::Erased, .. }) => true,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn only_the_keys_named_are_destroyed() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let object = noise(3, 40_000);
    let mut known = Known::new();
    let octets = [with_attachment(0, &object), with_attachment(1, &object), mail(2, 500)];
    let mails: Vec<_> =
        octets.iter().zip(0..).map(|(octets, n)| append(&archive, n, octets, &mut known)).collect();
    let records: Vec<_> = mails.iter().flat_map(archive::Appended::records).collect();
    archive.sync(&records).unwrap();
    archive.confirm(&records);
    assert_eq!(archive.slot(mails[0].mail.object_id, mails[0].mail.location).unwrap(), Some(1));
    let epoch = archive.keyring().epoch_number();
    assert_eq!(archive.erase(&master(), &HashSet::from([mails[0].mail.object_id])).unwrap(), 1);
    assert_eq!(archive.keyring().epoch_number(), epoch + 1);
    assert!(is_erased(&archive, &mails[0].mail));
    for n in [1, 2] {
        assert!(read(&archive, &mails[n].mail).unwrap() == octets[n], "{n}");
    }
    // Again, and a name nobody has: no further epoch.
    let again = HashSet::from([mails[0].mail.object_id, ObjectId::from_octets([9; 16])]);
    assert_eq!(archive.erase(&master(), &again).unwrap(), 0);
    assert_eq!(archive.keyring().epoch_number(), epoch + 1);
    // What comes afterwards gets a key of the new epoch.
    let later = append(&archive, 3, &mail(3, 900), &mut known);
    let records: Vec<_> = later.records().collect();
    archive.sync(&records).unwrap();
    archive.confirm(&records);
    drop(archive);
    let archive = open(dir.path(), Options::default()).unwrap();
    assert!(read(&archive, &later.mail).unwrap() == mail(3, 900));
    let found = sum(archive.check(none()));
    assert_eq!((found.erased, found.damage), (vec![mails[0].mail.object_id], vec![]));
}

/// The process that is killed: erases the numbers it is told, one after the other, and says which are done.
#[test]
fn erases_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let archive = open(Path::new(&dir), Options::default()).unwrap();
    let found = sum(archive.recover(none()));
    let mut out = std::io::stdout();
    for (stored, _) in found.records.iter().rev() {
        if is_erased(&archive, stored) {
            continue;
        }
        writeln!(out, "begins {}", stored.object_id).unwrap();
        out.flush().unwrap();
        archive.erase(&master(), &HashSet::from([stored.object_id])).unwrap();
        writeln!(out, "erased {}", stored.object_id).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn killed_anywhere_all_other_keys_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let archive = open(dir.path(), Options::default()).unwrap();
    let mut known = Known::new();
    let mails: Vec<Stored> =
        (0..MAILS).map(|number| append(&archive, number, &mail(number, 300), &mut known).mail).collect();
    archive.sync(&mails).unwrap();
    archive.confirm(&mails);
    drop(archive);
    let points = if std::env::var_os("SLOW_TESTS").is_some() { 200 } else { 25 };
    let mut erased: HashSet<String> = HashSet::new();
    let mut seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    for _ in 0..points {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["erase::erases_until_it_is_killed", "--exact", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The third one that begins is killed within the time an erasing takes.
        let mut begun = 0;
        let mut perhaps = None;
        while let Some(Ok(line)) = lines.next() {
            // The harness begins its line before.
            let line = line.rsplit_once("... ").map_or(line.as_str(), |(_, rest)| rest).to_owned();
            if let Some(name) = line.strip_prefix("begins ") {
                begun += 1;
                perhaps = Some(name.to_owned());
                if begun == 3 {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    std::thread::sleep(Duration::from_micros(u64::from(seed >> 16) % 6_000));
                    child.kill().unwrap();
                }
            } else if let Some(name) = line.strip_prefix("erased ") {
                erased.insert(name.to_owned());
                perhaps = None;
            }
        }
        assert_eq!(child.wait().unwrap().signal(), Some(9), "it was killed");
        let archive = open(dir.path(), Options::default()).unwrap();
        for (number, stored) in mails.iter().enumerate() {
            let name = stored.object_id.to_string();
            if is_erased(&archive, stored) {
                assert!(erased.contains(&name) || perhaps.as_ref() == Some(&name), "{number}");
                erased.insert(name);
            } else {
                assert!(!erased.contains(&name), "{number} is here again");
                assert!(read(&archive, stored).unwrap() == mail(number as u32, 300), "{number}");
            }
        }
        assert_eq!(
            std::fs::read_dir(dir.path().join("keyring")).unwrap().count(),
            2,
            "one epoch, two copies"
        );
    }
    assert!(erased.len() >= points, "{}", erased.len());
}
