//! The archive as its owner sees it: attachments once, nothing readable without keys, keys brought back from paper.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use test_support::Random;

use crate::support::{Poststelle, finish_with_input, folder, sha256};

const WORDS: &str = "Streng vertraulich: der Entwurf ";

/// Lines of base64.
fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (number, line) in octets.chunks(57).enumerate() {
        if number > 0 {
            text.push_str("\r\n");
        }
        for three in line.chunks(3) {
            let bits = three.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet))
                << (8 * (3 - three.len()));
            for at in 0..4 {
                let char = ALPHABET[(bits >> (18 - 6 * at)) as usize & 63];
                text.push(if at <= three.len() { char as char } else { '=' });
            }
        }
    }
    text
}

/// Writes mails with three attachments, some of them in many; gives octets by digest.
fn mails(dir: &Path, count: usize) -> BTreeMap<String, Vec<u8>> {
    fs::create_dir_all(dir).unwrap();
    let mut random = Random(7);
    let noise: Vec<u8> = (0..40_000).map(|_| random.below(256) as u8).collect();
    let mut all = BTreeMap::new();
    for n in 0..count {
        let own = WORDS.repeat(200 + n);
        // Every tenth one is streamed.
        let large = if n % 10 == 9 { noise.repeat(40) } else { noise.clone() };
        let parts = [own.as_bytes(), &noise[..5_000 + n % 3], &large];
        let mut mail = format!(
            "From: a@kunde.example\r\nTo: b@firma.example\r\nSubject: {WORDS}{n}\r\nMessage-ID: <{n}@kunde.example>\r\n\
             Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
             --x\r\nContent-Type: text/plain\r\n\r\nguten Tag {n}\r\n"
        );
        for (at, part) in parts.iter().enumerate() {
            mail += "--x\r\nContent-Type: application/octet-stream; name=a";
            mail += &at.to_string();
            mail += ".bin\r\nContent-Transfer-Encoding: base64\r\n\r\n";
            mail += &base64(part);
            mail += "\r\n";
        }
        mail.push_str("--x--\r\n");
        fs::write(dir.join(format!("{n:03}.eml")), &mail).unwrap();
        all.insert(sha256(mail.as_bytes()), mail.into_bytes());
    }
    all
}

fn check_all(post: &Poststelle, expected: &BTreeMap<String, Vec<u8>>) {
    let mails = post.mails();
    assert!(mails.keys().eq(expected.keys()));
    for (digest, octets) in expected {
        let id = mails[digest]["mail_id"].as_str().unwrap();
        assert!(post.run(&["show", "--raw", id]).expect(0).out == *octets, "{id}");
        assert_eq!(mails[digest]["placements"].as_array().unwrap().len(), 1);
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

fn stored(post: &Poststelle) -> u64 {
    files(&post.data().join("archive")).iter().map(|path| fs::metadata(path).unwrap().len()).sum()
}

fn contains(file: &Path, words: &[u8]) -> bool {
    fs::read(file).unwrap().windows(words.len()).any(|here| here == words)
}

#[test]
fn attachments_lie_once_encrypted_and_come_back_without_the_database() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    let expected = mails(&from, 30);
    assert_eq!(post.import(&from).expect(0).last()["archived"], 30);
    check_all(&post, &expected);
    post.verify();
    // 40 kB in all of them, 1.6 MB in three, the rest compresses.
    assert!(stored(&post) < 1_900_000, "{}", stored(&post));
    for file in files(&post.data().join("archive")).iter().chain(&files(&post.data().join("keyring"))) {
        for words in [WORDS.as_bytes(), b"kunde.example", from.to_str().unwrap().as_bytes()] {
            assert!(!contains(file, words), "{}", file.display());
        }
    }
    let before = post.mails();
    // Only archive, keyring and master key are left.
    for file in files(&post.data()) {
        if file.to_string_lossy().contains("poststelle.sqlite") {
            fs::remove_file(file).unwrap();
        }
    }
    fs::remove_dir_all(post.data().join("index")).unwrap();
    check_all(&post, &expected);
    for (digest, row) in post.mails() {
        assert_eq!(row["placements"], before[&digest]["placements"]);
        assert_eq!(row["kind"], before[&digest]["kind"]);
    }
    let verified = post.run(&["verify", "--json"]).expect(0).last();
    assert_eq!((&verified["mails"], &verified["ok"]), (&30.into(), &true.into()));
    assert!(verified["objects"].as_u64().unwrap() > 30, "{verified}");
    let found = post.run(&["search", "--json", "guten"]).expect(0).last();
    assert_eq!(found["total"], 30);
}

#[test]
fn a_damaged_copy_of_the_keyring_is_repaired_and_a_lost_one_told() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    folder(&from, 50);
    post.import(&from).expect(0);
    let keyring = post.data().join("keyring");
    let copies: Vec<_> = files(&keyring);
    assert_eq!(copies.len(), 2);
    let spoil = |path: &Path| {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(b"garbage", 256 + 80 * 7 + 30).unwrap();
    };
    spoil(&copies[0]);
    let verified = post.run(&["verify", "--json"]).expect(0).last();
    assert_eq!(verified["keyring_repaired"], 1, "{verified}");
    assert_eq!(post.run(&["verify", "--json"]).expect(0).last()["keyring_repaired"], 0);
    for path in &copies {
        spoil(path);
    }
    let verified = post.run(&["verify", "--json"]).expect(1).last();
    let faults: Vec<_> =
        verified["faults"].as_array().unwrap().iter().map(|f| f["fault"].as_str().unwrap()).collect();
    assert!(faults.contains(&"keyring") && faults.contains(&"record"), "{verified}");
    let aside = post.dir.path().join("aside");
    fs::rename(&keyring, &aside).unwrap();
    let done = post.run(&["verify"]).expect(1);
    assert!(done.err.contains("keyring"), "{}", done.err);
    assert!(!keyring.exists(), "no new one is made");
}

#[test]
fn the_master_key_comes_back_from_paper() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    let expected = mails(&from, 3);
    post.import(&from).expect(0);
    let with_input =
        |words: &[&str], input: &str| finish_with_input(&mut post.command(words), input.as_bytes());
    assert!(with_input(&["key", "check"], &"0".repeat(64)).expect(1).err.contains('1'));
    assert!(post.run(&["doctor"]).expect(0).err.contains("key recovery"));
    assert!(post.run(&["doctor", "--json"]).expect(0).last()["recovery_key"].is_null());
    let paper = post.run(&["key", "recovery"]).expect(0).text();
    assert_eq!(paper.lines().count(), 8);
    assert!(!post.run(&["doctor"]).expect(0).err.contains("key recovery"));
    assert!(post.run(&["doctor", "--json"]).expect(0).last()["recovery_key"].is_string());
    with_input(&["key", "check"], &paper).expect(0);
    // It goes on to hold when the master key is changed.
    post.run(&["key", "rotate"]).expect(0);
    with_input(&["key", "check"], &paper).expect(0);
    assert!(with_input(&["key", "restore"], &paper).expect(1).err.contains("master.key"));
    fs::remove_file(post.data().join("master.key")).unwrap();
    fs::remove_file(post.data().join("master.key.old")).unwrap();
    let lost = post.run(&["verify"]).expect(1);
    assert!(lost.err.contains("key restore"), "{}", lost.err);
    assert!(!post.data().join("master.key").exists(), "no new one is made");
    // A wrong character in the third group.
    let mut wrong = paper.clone().into_bytes();
    let third = paper.lines().take(2).map(|line| line.len() + 1).sum::<usize>() + 5;
    wrong[third] = if wrong[third] == b'7' { b'8' } else { b'7' };
    let said = with_input(&["key", "restore"], std::str::from_utf8(&wrong).unwrap()).expect(1).err;
    assert!(said.contains('3'), "{said}");
    with_input(&["key", "restore"], &paper).expect(0);
    check_all(&post, &expected);
    post.verify();
    // A new one makes the old one void.
    let second = post.run(&["key", "recovery"]).expect(0).text();
    with_input(&["key", "check"], &paper).expect(1);
    with_input(&["key", "check"], &second).expect(0);
}
