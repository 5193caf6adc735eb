use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use model::{AccountId, Flags, Position, Provenance, UnixMillis};

use crate::segment::SyncFile;
use crate::{Archive, Error, Found, Options, Stored};

/// Counts what is synced and fails on request.
#[derive(Default)]
struct Disk {
    fails: AtomicBool,
    syncs: AtomicUsize,
    folders: AtomicUsize,
    /// Waited for within every fdatasync, if there are two.
    slow: Option<Barrier>,
}

struct Handle(Arc<Disk>);

impl SyncFile for Handle {
    fn sync_data(&self, _: &File) -> io::Result<()> {
        self.0.syncs.fetch_add(1, Ordering::SeqCst);
        if let Some(slow) = &self.0.slow {
            slow.wait();
        }
        if self.0.fails.load(Ordering::SeqCst) { Err(io::Error::other("a bad sector")) } else { Ok(()) }
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.0.folders.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn open(dir: &Path, disk: &Arc<Disk>, segment_octets_max: u64) -> Archive {
    let options = Options { segment_octets_max, ..Options::default() };
    let lock = crate::Lock::take(dir).unwrap();
    let master = keys::MasterKey::from_octets([1; 32]);
    let keyring = crate::Keyring::open(&dir.join("keyring"), &master, !lock.needs_keyring()).unwrap();
    let inner = super::Inner::open(lock, keyring, options, Box::new(Handle(Arc::clone(disk)))).unwrap();
    Archive(Arc::new(inner))
}

fn provenance(uid: u32) -> Provenance {
    Provenance {
        account: AccountId::from_octets([1; 16]),
        account_name: "test".to_owned(),
        mailbox: b"INBOX".to_vec(),
        position: Position::Imap { uid_validity: 1, uid },
        received: None,
        fetched: UnixMillis(0),
        flags: Flags::default(),
        envelope: None,
    }
}

fn encoded(archive: &Archive, uid: u32) -> crate::Encoded {
    archive.encoder().encode(&provenance(uid), format!("mail {uid}").as_bytes()).unwrap()
}

fn append(archive: &Archive, uid: u32) -> Stored {
    archive.append(&encoded(archive, uid)).unwrap()
}

#[test]
fn after_a_failed_sync_the_segment_is_closed_and_its_mails_go_into_another() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let archive = open(dir.path(), &disk, 1 << 20);
    let first = append(&archive, 1);
    archive.sync(&[first]).unwrap();
    archive.confirm(&[first]);

    let unconfirmed = encoded(&archive, 2);
    let second = archive.append(&unconfirmed).unwrap();
    disk.fails.store(true, Ordering::SeqCst);
    let error = archive.sync(&[first, second]).unwrap_err();
    assert!(
        matches!(error, Error::SyncFailed { segment, .. } if segment == second.location.segment),
        "{error}"
    );
    assert!(error.is_transient());
    assert!(archive.is_durable(&first) && !archive.is_durable(&second));
    disk.fails.store(false, Ordering::SeqCst);
    // Asking the same disk again would say yes and mean nothing.
    assert!(archive.sync(&[second]).is_err());

    let again = archive.append(&unconfirmed).unwrap();
    assert_ne!(again.location.segment, second.location.segment);
    archive.sync(&[again]).unwrap();
    assert_eq!(archive.read_all(again.location, 100).unwrap(), b"mail 2");
    assert_eq!(archive.read_all(first.location, 100).unwrap(), b"mail 1");
    drop(archive);

    // Both copies are offered at the next start; the database knows the digest of one.
    let archive = open(dir.path(), &disk, 1 << 20);
    let found = archive.recover([(first.location.segment, second.location.at)].into());
    let found: Vec<_> = found
        .map(|found| match found.unwrap() {
            Found::Record { stored, .. } => stored,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(found, [second, again]);
}

#[test]
fn a_sync_that_fails_while_sealing_loses_nothing_confirmed() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let archive = open(dir.path(), &disk, 1_000);
    let first = append(&archive, 1);
    archive.sync(&[first]).unwrap();
    disk.fails.store(true, Ordering::SeqCst);
    let later: Vec<_> = (2..12).map(|uid| append(&archive, uid)).collect();
    assert!(archive.sync(&later).is_err());
    disk.fails.store(false, Ordering::SeqCst);
    let again: Vec<_> = (2..12).map(|uid| append(&archive, uid)).collect();
    archive.sync(&again).unwrap();
    for stored in again.iter().chain([&first]) {
        archive.read_all(stored.location, 100).unwrap();
    }
}

#[test]
fn a_stream_whose_sync_fails_is_told() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let archive = open(dir.path(), &disk, 1 << 20);
    let mut put = archive.put(&provenance(1), Arc::new(|_| crate::Known::new())).unwrap();
    put.push(&vec![b'x'; 3 << 20]).unwrap();
    disk.fails.store(true, Ordering::SeqCst);
    assert!(matches!(put.finish(), Err(Error::SyncFailed { .. })));
    disk.fails.store(false, Ordering::SeqCst);
    append(&archive, 2);
}

#[test]
fn a_new_file_is_durable_only_with_its_folder() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let archive = open(dir.path(), &disk, 1 << 20);
    let before = disk.folders.load(Ordering::SeqCst);
    for uid in 1..4 {
        let stored = append(&archive, uid);
        archive.sync(&[stored]).unwrap();
    }
    assert_eq!(disk.folders.load(Ordering::SeqCst), before + 1);
    assert_eq!(disk.syncs.load(Ordering::SeqCst), 3);
}

#[test]
fn callers_at_the_same_time_share_a_sync() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Disk { slow: Some(Barrier::new(2)), ..Disk::default() });
    let disk = Arc::new(disk);
    let archive = open(dir.path(), &disk, 1 << 20);
    let first = append(&archive, 0);
    let syncing = {
        let archive = archive.clone();
        thread::spawn(move || archive.sync(&[first]).map(|_| ()))
    };
    while disk.syncs.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    // The first sync is under way; what is appended now waits for the second, all together.
    let waiting: Vec<_> = (1..9)
        .map(|uid| {
            let (archive, stored) = (archive.clone(), append(&archive, uid));
            thread::spawn(move || archive.sync(&[stored]).map(|_| ()))
        })
        .collect();
    let slow = disk.slow.as_ref().unwrap();
    slow.wait();
    slow.wait();
    syncing.join().unwrap().unwrap();
    for thread in waiting {
        thread.join().unwrap().unwrap();
    }
    assert_eq!(disk.syncs.load(Ordering::SeqCst), 2);
}
