use std::os::unix::fs::FileExt as _;
use std::sync::atomic::AtomicBool;

use super::*;

fn master(octet: u8) -> MasterKey {
    MasterKey::from_octets([octet; 32])
}

fn id(number: u64) -> ObjectId {
    let mut octets = [1; 16];
    octets[..8].copy_from_slice(&number.to_le_bytes());
    ObjectId::from_octets(octets)
}

fn key(number: u64) -> [u8; 32] {
    [number.to_le_bytes()[0] ^ 0x55; 32]
}

fn filled(dir: &Path, count: u64) -> Keyring {
    let keyring = Keyring::open(dir, &master(1), true).unwrap();
    for number in 0..count {
        assert_eq!(keyring.put(id(number), &key(number)).unwrap(), number);
    }
    keyring.sync().unwrap();
    keyring
}

fn has(keyring: &Keyring, number: u64) -> bool {
    keyring.get(id(number), number).is_ok_and(|found| *found.octets() == key(number))
}

#[test]
fn a_slot_damaged_in_one_copy_is_repaired_from_the_other() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 20));
    for copy in 0..2 {
        let file = OpenOptions::new().write(true).open(path(dir.path(), 1, copy)).unwrap();
        file.write_all_at(&[0xaa; 7], Slot::at(3 + copy as u64) + 40).unwrap();
        // And the end is cut off.
        file.set_len(Slot::at(19 - copy as u64)).unwrap();
        let keyring = Keyring::open(dir.path(), &master(1), false).unwrap();
        assert!((0..20).all(|number| has(&keyring, number)), "{copy}");
        let check = keyring.check().unwrap();
        assert_eq!((check.kept, check.lost.len()), (20, 0));
        assert_eq!(check.repaired, if copy == 0 { 2 } else { 3 });
        drop(keyring);
        let keyring = Keyring::open(dir.path(), &master(1), false).unwrap();
        assert_eq!(keyring.check().unwrap().repaired, 0, "it is repaired on the disk");
    }
}

#[test]
fn a_slot_damaged_in_both_copies_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 5));
    for copy in 0..2 {
        let file = OpenOptions::new().write(true).open(path(dir.path(), 1, copy)).unwrap();
        file.write_all_at(b"x", Slot::at(2) + 5).unwrap();
    }
    let keyring = Keyring::open(dir.path(), &master(1), false).unwrap();
    assert_eq!(keyring.check().unwrap().lost, [2]);
    assert!(!has(&keyring, 2) && has(&keyring, 1));
    // The slot of another record opens nothing.
    assert!(matches!(keyring.get(id(1), 3), Err(NoKey::Defect(Defect::NoKey))));
    assert!(matches!(keyring.get(id(1), 99), Err(NoKey::Defect(Defect::NoKey))));
}

#[test]
fn a_lost_copy_and_a_damaged_header_are_made_again() {
    let dir = tempfile::tempdir().unwrap();
    for copy in 0..2 {
        drop(Keyring::open(dir.path(), &master(1), true).unwrap());
        fs::remove_file(path(dir.path(), 1, copy)).unwrap();
        drop(Keyring::open(dir.path(), &master(1), false).unwrap());
        let file = OpenOptions::new().write(true).open(path(dir.path(), 1, 1 - copy)).unwrap();
        file.write_all_at(&[1; 100], 0).unwrap();
        drop(Keyring::open(dir.path(), &master(1), false).unwrap());
        let both = [0, 1].map(|copy| fs::read(path(dir.path(), 1, copy)).unwrap());
        assert_eq!(both[0], both[1]);
    }
    for copy in 0..2 {
        let file = OpenOptions::new().write(true).open(path(dir.path(), 1, copy)).unwrap();
        file.write_all_at(&[1; 100], 0).unwrap();
    }
    let error = Keyring::open(dir.path(), &master(1), true).unwrap_err();
    assert!(matches!(error, Error::KeyringDamaged { .. }), "{error}");
}

#[test]
fn a_copy_that_is_gone_or_cut_behind_our_back_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = filled(dir.path(), 9);
    assert_eq!(keyring.wrong_copies(), []);
    let files = [path(dir.path(), 1, 0), path(dir.path(), 1, 1)];
    let whole = fs::read(&files[1]).unwrap();
    for (octets, of) in [(&whole[..whole.len() - 1], &files[1]), (&whole[..3], &files[0])] {
        fs::write(of, octets).unwrap();
        let wrong: Vec<PathBuf> = keyring.wrong_copies().into_iter().map(|(path, _)| path).collect();
        assert_eq!(wrong, std::slice::from_ref(of));
        fs::write(of, &whole).unwrap();
    }
    fs::remove_file(&files[0]).unwrap();
    assert_eq!(keyring.wrong_copies()[0].0, files[0]);
}

#[test]
fn a_changed_master_key_opens_the_same_keys() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = filled(dir.path(), 3);
    keyring.rewrap(&[&master(1), &master(2)]).unwrap();
    drop(keyring);
    for octet in [1, 2] {
        assert!(has(&Keyring::open(dir.path(), &master(octet), false).unwrap(), 2));
    }
    let keyring = Keyring::open(dir.path(), &master(2), false).unwrap();
    keyring.rewrap(&[&master(2)]).unwrap();
    drop(keyring);
    assert!(has(&Keyring::open(dir.path(), &master(2), false).unwrap(), 0));
    let error = Keyring::open(dir.path(), &master(1), false).unwrap_err();
    assert!(matches!(error, Error::OtherMasterKey { .. }), "{error}");
}

/// Whatever an interrupted erasing left: one whole epoch is there, and no octet of an older one stays.
#[test]
fn erasing_that_is_interrupted_leaves_one_whole_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = filled(dir.path(), 3000);
    let old: Vec<_> = (0..2).map(|copy| fs::read(path(dir.path(), 1, copy)).unwrap()).collect();
    keyring.erase(&master(1), &BTreeSet::from([7, 2999])).unwrap();
    drop(keyring);
    let new: Vec<_> = (0..2).map(|copy| fs::read(path(dir.path(), 2, copy)).unwrap()).collect();
    assert_eq!(new[0], new[1]);
    assert!(
        !new[0]
            .windows(32)
            .any(|here| here == &old[0][Slot::at(8) as usize..][..32][16..][..16].repeat(2)[..])
    );
    let part = |copy: &str| dir.path().join(format!("{:016x}.{copy}.part", 2));
    // (files of epoch 1, unfinished files, files of epoch 2) and which epoch must be there.
    let stages: [(&[usize], usize, &[usize], u64); 5] = [
        (&[0, 1], 1, &[], 1),
        (&[0, 1], 2, &[], 1),
        (&[0, 1], 1, &[0], 2),
        (&[0, 1], 0, &[0, 1], 2),
        (&[1], 0, &[0, 1], 2),
    ];
    for (olds, parts, news, epoch) in stages {
        for entry in fs::read_dir(dir.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for copy in olds {
            fs::write(path(dir.path(), 1, *copy), &old[*copy]).unwrap();
        }
        for copy in &COPIES[..parts] {
            fs::write(part(copy), &new[0][..5000]).unwrap();
        }
        for copy in news {
            fs::write(path(dir.path(), 2, *copy), &new[*copy]).unwrap();
        }
        let keyring = Keyring::open(dir.path(), &master(1), false).unwrap();
        assert_eq!(keyring.epoch_number(), epoch);
        assert_eq!(has(&keyring, 7), epoch == 1);
        assert_eq!(keyring.check().unwrap().kept, if epoch == 1 { 3000 } else { 2998 });
        assert_eq!(keyring.check().unwrap().erased, if epoch == 1 { 0 } else { 2 });
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        drop(keyring);
        let keyring = Keyring::open(dir.path(), &master(1), false).unwrap();
        assert_eq!(keyring.put(id(5000), &key(1)).unwrap(), 3000, "no slot is given out twice");
    }
}

struct Disk(AtomicBool);

impl SyncFile for &'static Disk {
    fn sync_data(&self, _: &File) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::Error::other("a bad sector")) } else { Ok(()) }
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn after_a_failed_sync_keys_are_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let disk: &'static Disk = Box::leak(Box::new(Disk(AtomicBool::new(false))));
    let keyring = Keyring::open_with(dir.path(), &master(1), true, Box::new(disk)).unwrap();
    keyring.put(id(0), &key(0)).unwrap();
    disk.0.store(true, Ordering::SeqCst);
    assert!(keyring.sync().is_err());
    // The pages are lost with the failed sync.
    for copy in 0..2 {
        let file = OpenOptions::new().write(true).open(path(dir.path(), 1, copy)).unwrap();
        file.write_all_at(&[0; SLOT_LEN], Slot::at(0)).unwrap();
    }
    assert!(keyring.sync().is_err());
    disk.0.store(false, Ordering::SeqCst);
    keyring.sync().unwrap();
    assert!(has(&keyring, 0));
}
