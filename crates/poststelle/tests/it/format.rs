//! What was written in version 2 of the archive stays readable, provable and complete. The format is fixed: a change of it comes with a
//! new version, a migration, and a folder like this one beside it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::Random;

use crate::support::{Poststelle, finish, program, sha256};

/// A data directory without what is derived: archive, keyring, log and master key.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/v2");
const MAILS: usize = 7;
const ERASED: usize = 5;

/// One with a long text, and the same table in four encodings.
fn mail(n: usize) -> Vec<u8> {
    let mut random = Random(n as u64 + 1);
    let lines: Vec<String> = (0..80).map(|row| format!("{row};Größe {};Straße\r\n", row * 3)).collect();
    let table = lines.concat();
    let head = |coding: &str| {
        format!(
            "--grenze\r\nContent-Disposition: attachment; filename=\"tabelle.csv\"\r\n\
             Content-Transfer-Encoding: {coding}\r\n\r\n"
        )
    };
    let quoted: String = table
        .split("\r\n")
        .map(|line| line.replace('ö', "=C3=B6").replace('ß', "=C3=9F"))
        .collect::<Vec<_>>()
        .join("\r\n");
    let attached = match n {
        1 => head("8bit") + &table,
        2 => head("quoted-printable") + &quoted,
        3 | 4 => head("base64") + &base64(table.as_bytes()),
        _ => {
            let noise: String = (0..3_000).map(|_| char::from(b' ' + random.below(90) as u8)).collect();
            format!("--grenze\r\n\r\n{noise}")
        }
    };
    format!(
        "Message-ID: <{n}@format.example>\r\nFrom: eva@kunde.example\r\nTo: info@b.example\r\n\
         Date: Mon, {} Mar 2026 10:00:00 +0100\r\nSubject: Mail {n}\r\n\
         Content-Type: multipart/mixed; boundary=grenze\r\n\r\n{attached}\r\n--grenze--\r\n",
        n + 1
    )
    .into_bytes()
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for (n, three) in octets.chunks(3).enumerate() {
        if n > 0 && n % 19 == 0 {
            out.push_str("\r\n");
        }
        let number =
            three.iter().fold(0_u32, |all, octet| all << 8 | u32::from(*octet)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = (number >> (18 - 6 * at)) & 63;
            out.push(if at <= three.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
    }
    out
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn files(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else {
            found.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
}

fn import(post: &Poststelle, range: std::ops::Range<usize>) -> Value {
    let folder = post.dir.path().join(format!("mails{}", range.start));
    fs::create_dir_all(&folder).unwrap();
    for n in range {
        fs::write(folder.join(format!("{n}.eml")), mail(n)).unwrap();
    }
    post.import(&folder).expect(0).last()
}

#[test]
#[ignore = "writes the fixture: only for a new version, into a folder of its name"]
fn the_fixture_is_written() {
    let post = Poststelle::new();
    import(&post, 0..MAILS);
    let id = post.mails()[&sha256(&mail(ERASED))]["mail_id"].as_str().unwrap().to_owned();
    post.run(&["erase", &id, "--basis", "unlawful", "--yes"]).expect(0);
    fs::remove_dir_all(FIXTURE).ok();
    for part in ["archive", "keyring", "log"] {
        copy(&post.data().join(part), &Path::new(FIXTURE).join(part));
    }
    for file in ["master.key", "version"] {
        fs::copy(post.data().join(file), Path::new(FIXTURE).join(file)).unwrap();
    }
}

#[test]
fn what_was_written_in_version_2_is_read_proven_and_goes_on() {
    let post = Poststelle::new();
    copy(Path::new(FIXTURE), &post.data());
    // A checkout gives files the mode it likes.
    let owner_only = Permissions::from_mode(0o600);
    fs::set_permissions(post.data().join("master.key"), owner_only).unwrap();
    let proven = || {
        let verify = Path::new(env!("CARGO_BIN_EXE_poststelle")).with_file_name("poststelle-verify");
        if !verify.exists() {
            eprintln!("poststelle-verify was not built: its check is skipped");
            return;
        }
        finish(std::process::Command::new(verify).arg(post.data())).expect(0);
    };
    proven();
    let mut segments = BTreeMap::new();
    files(&Path::new(FIXTURE).join("archive"), &mut segments);

    post.run(&["rebuild"]).expect(0);
    post.verify();
    let expected: Vec<usize> = (0..MAILS).filter(|n| *n != ERASED).collect();
    let mails = post.mails();
    assert_eq!(mails.len(), expected.len());
    for n in &expected {
        let id = mails[&sha256(&mail(*n))]["mail_id"].as_str().unwrap();
        let out = post.dir.path().join("out.eml");
        let mut show = program();
        show.args(["show", "--raw", "--data"]).arg(post.data()).arg(id);
        fs::write(&out, finish(&mut show).expect(0).out).unwrap();
        assert!(fs::read(&out).unwrap() == mail(*n), "{n}");
    }
    assert_eq!(post.run(&["search", "--json", "tabelle.csv"]).expect(0).last()["total"], 4);

    let report = import(&post, 0..MAILS + 3);
    let numbers = ["archived", "excluded", "duplicates"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(numbers, [3, 1, expected.len() as u64]);
    post.verify();
    proven();
    for (path, before) in segments {
        let now = post.data().join("archive").join(path.file_name().unwrap());
        assert!(fs::read(now).unwrap().starts_with(&before), "nothing is rewritten: {}", path.display());
    }
}
