//! Mails, an archive in a temporary folder, and a look at all that is in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use archive::{Archive, Damage, Error, Found, Keyring, Known, Lock, Lookup, Options, Stored, Survey};
use keys::MasterKey;
use model::{AccountId, Envelope, Flags, ObjectId, Position, Provenance, ReversePath, SegmentId, UnixMillis};

pub(crate) fn provenance(uid: u32) -> Provenance {
    Provenance {
        account: AccountId::from_octets([7; 16]),
        account_name: "büro@example.org".to_owned(),
        mailbox: b"INBOX.Entw&APw-rfe".to_vec(),
        position: Position::Imap { uid_validity: 1_700_000_000, uid },
        received: Some(UnixMillis(1_772_442_000_000)),
        fetched: UnixMillis(1_772_442_060_123),
        flags: Flags { seen: true, ..Flags::default() },
        envelope: Some(Envelope {
            reverse_path: Some(ReversePath::Null),
            forward_paths: vec!["a@example.org".to_owned()],
            client: None,
        }),
    }
}

/// A mail of about `octets` octets, different for each `number`, neither too easy nor impossible to compress.
pub(crate) fn mail(number: u32, octets: usize) -> Vec<u8> {
    let mut mail = format!("From: <a{number}@example.org>\r\nSubject: Angebot {number}\r\n\r\n").into_bytes();
    let mut state = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while mail.len() < octets {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        mail.extend_from_slice(&state.to_le_bytes());
        mail.extend_from_slice(b" Sehr geehrte Damen und Herren\r\n");
    }
    mail.truncate(octets.max(60));
    mail
}

/// The archive in `dir`, its keyring in `dir/keyring`.
pub(crate) fn open(dir: &Path, options: Options) -> Result<Archive, Error> {
    let lock = Lock::take(dir)?;
    let keyring = Keyring::open(&dir.join("keyring"), &master(), !lock.needs_keyring())?;
    Archive::open(lock, keyring, options)
}

pub(crate) fn master() -> MasterKey {
    MasterKey::from_octets([5; 32])
}

/// No object is known.
pub(crate) fn nothing() -> Lookup {
    Arc::new(|_| Known::new())
}

/// A mail whose attachment is `object`, between texts that are different for each `number`.
pub(crate) fn with_attachment(number: u32, object: &[u8]) -> Vec<u8> {
    let mut mail = mail(number, 300);
    mail.extend_from_slice(b"\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    let code = proof::pieces::Code::Base64 { line: 76, lf: false, ended: true };
    code.encode(object, true, &mut mail);
    mail.extend_from_slice(b"--x--\r\n");
    mail
}

/// Octets without pattern.
pub(crate) fn noise(seed: u64, octets: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 32) as u8
    };
    (0..octets).map(|_| next(&mut state)).collect()
}

pub(crate) fn options(segment_octets_max: u64) -> Options {
    Options { segment_octets_max, ..Options::default() }
}

pub(crate) fn append(archive: &Archive, number: u32, octets: usize) -> Stored {
    let encoded = archive.encoder().encode(&provenance(number), &mail(number, octets)).unwrap();
    archive.append(&encoded).unwrap()
}

pub(crate) fn read(archive: &Archive, stored: &Stored) -> Result<Vec<u8>, Error> {
    archive.read_all(stored.location, u64::MAX)
}

#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) records: Vec<(Stored, Provenance)>,
    pub(crate) objects: Vec<Stored>,
    pub(crate) uses: Vec<Vec<ObjectId>>,
    pub(crate) erased: Vec<ObjectId>,
    pub(crate) damage: Vec<Damage>,
    pub(crate) cut: Vec<(SegmentId, u64, u64)>,
}

pub(crate) fn sum(survey: Survey) -> Sum {
    let mut sum = Sum::default();
    for found in survey {
        match found.unwrap() {
            Found::Record { stored, provenance, uses } => {
                sum.records.push((stored, provenance));
                sum.uses.push(uses);
            }
            Found::Object { stored } => sum.objects.push(stored),
            Found::Erased { object_id, .. } => sum.erased.push(object_id),
            Found::Damage(damage) => sum.damage.push(damage),
            Found::Cut { segment, at, octets } => sum.cut.push((segment, at, octets)),
        }
    }
    sum
}

pub(crate) fn segment_files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    files.sort();
    files
}

pub(crate) fn none() -> BTreeMap<SegmentId, u64> {
    BTreeMap::new()
}
