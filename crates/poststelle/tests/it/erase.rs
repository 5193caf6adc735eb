//! Erasing on request: what is said before, killed anywhere, brought back by no backup; and everything about one person.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use test_support::Random;

use crate::support::{Poststelle, finish, program, slow};

/// In the mails of the person, and nowhere else.
const WORD: &str = "Xylophonquartett";
const PERSON: &str = "eva@person.example";

fn mail(n: usize) -> String {
    let (from, word) = if n.is_multiple_of(4) { (PERSON, WORD) } else { ("b@other.example", "Angebot") };
    format!(
        "From: {from}\r\nTo: us@b.example\r\nSubject: {word} {n}\r\nMessage-ID: <{n}@b.example>\r\n\
         Date: Mon, 2 Mar 2026 10:00:00 +0100\r\n\r\n{word} {n}\r\n"
    )
}

fn import(post: &Poststelle, count: usize) {
    let folder = post.dir.path().join("mails");
    fs::create_dir_all(&folder).unwrap();
    for n in 0..count {
        fs::write(folder.join(format!("{n:04}.eml")), mail(n)).unwrap();
    }
    post.import(&folder).expect(0);
}

const REQUEST: [&str; 5] = ["erase", "--address", PERSON, "--basis", "objection"];

fn erase_all(post: &Poststelle) -> serde_json::Value {
    post.run(&[&REQUEST[..], &["--yes", "--json"]].concat()).expect(0).last()
}

#[test]
fn mails_of_a_person_are_erased_on_request() {
    let post = Poststelle::new();
    import(&post, 12);
    let said = post.run(&[&REQUEST[..], &["--json"]].concat()).expect(0).last();
    assert_eq!(said["mails"].as_array().unwrap().len(), 3);
    assert_eq!(post.mails().len(), 12, "nothing is erased without --yes");
    let bad = post.run(&["erase", "--address", PERSON, "--basis", "because", "--yes"]).expect(2);
    assert!(bad.err.contains("consent_withdrawn"), "{}", bad.err);

    let out = post.dir.path().join("person.zip");
    post.run(&["person", PERSON, "--out", out.to_str().unwrap()]).expect(0);
    let mut zip = zip::ZipArchive::new(fs::File::open(&out).unwrap()).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names.iter().filter(|name| name.strip_suffix(".eml").is_some()).count(), 3, "{names:?}");
    let cover = std::io::read_to_string(zip.by_name("index.html").unwrap()).unwrap();
    assert!(cover.contains(&format!("{WORD} 4")) && cover.contains("Art. 15"), "{cover}");
    for name in
        ["index.csv", "records.csv", "contacts.csv", "address.csv", "sent.csv", "log.jsonl", "proof.jsonl"]
    {
        assert!(names.iter().any(|found| found == name), "{name}");
    }
    let proof = std::io::read_to_string(zip.by_name("proof.jsonl").unwrap()).unwrap();
    assert_eq!(proof.lines().count(), 3, "{proof}");

    // While the server runs, too.
    let server = post.serve();
    let done = erase_all(&post);
    assert_eq!((&done["done"], &done["refused"]), (&3.into(), &serde_json::json!([])));
    drop(server);
    assert_eq!(post.mails().len(), 9);
    assert_eq!(post.run(&["search", "--json", WORD]).expect(0).last()["total"], 0);
    let list = post.run(&["erase", "--list", "--json"]).expect(0).last();
    assert_eq!((&list["done"], &list["basis"]), (&3.into(), &"objection".into()));
    assert!(!list["ended"].is_null());
    post.verify();
    post.run(&["rebuild"]).expect(0);
    assert_eq!(post.mails().len(), 9);
    let again = post.import(&post.dir.path().join("mails")).expect(0).last();
    assert_eq!(
        (&again["archived"], &again["excluded"], &again["duplicates"]),
        (&0.into(), &3.into(), &9.into())
    );
}

#[test]
fn no_backup_brings_it_back() {
    let post = Poststelle::new();
    import(&post, 12);
    let backup = post.dir.path().join("backup");
    let to = backup.to_str().unwrap();
    post.run(&["backup", "--to", to, "--with-key"]).expect(0);
    let old = post.dir.path().join("old");
    fs::create_dir(&old).unwrap();
    let mut copy = std::process::Command::new("cp");
    finish(copy.arg("-r").arg(&backup).arg(old.join("backup"))).expect(0);
    erase_all(&post);
    let restore = |from: &std::path::Path, words: &[&str]| {
        let other = Poststelle::new();
        let mut command = program();
        command.arg("restore").arg("--from").arg(from).arg("--data").arg(other.data()).args(words);
        finish(&mut command).expect(0);
        other
    };
    let list = post.data().join("log/erased");
    // The backup's folder was told; one elsewhere is told when it is brought back.
    for (from, words) in
        [(backup.clone(), vec![]), (old.join("backup"), vec!["--erased", list.to_str().unwrap()])]
    {
        let other = restore(&from, &words);
        assert_eq!(other.mails().len(), 9);
        assert_eq!(other.run(&["search", "--json", WORD]).expect(0).last()["total"], 0);
        other.verify();
        let erasures = other.run(&["erase", "--list", "--json"]).expect(0).rows();
        assert_eq!((erasures.len(), &erasures[0]["basis"]), (1, &"restored".into()));
        // Once is enough.
        assert_eq!(other.run(&["erase", "--list", "--json"]).expect(0).rows().len(), 1);
    }
    let before = restore(&old.join("backup"), &[]);
    assert_eq!(before.mails().len(), 12, "who does not know of it has it");
}

/// A process that erases is killed at random moments; afterwards every mail is there as a whole, or gone as a whole.
#[test]
fn an_erasure_survives_being_killed() {
    let post = Poststelle::new();
    let count = if slow() { 900 } else { 120 };
    import(&post, count);
    let ids: Vec<String> = post
        .mails()
        .values()
        .filter(|row| {
            row["message_id"].as_str().unwrap().strip_suffix("@b.example").unwrap().parse::<usize>().unwrap()
                % 4
                == 0
        })
        .map(|row| row["mail_id"].as_str().unwrap().to_owned())
        .collect();
    let mut random = Random(7);
    let (mut kills, mut left) = (0, ids.len());
    // How long it takes here, measured on the first of them, is the stretch in which the others are killed.
    let first: Vec<&str> = ids[..3].iter().map(String::as_str).collect();
    let begun = Instant::now();
    post.run(&[&["erase"][..], &first, &["--basis", "unlawful", "--yes"]].concat()).expect(0);
    let takes = u64::try_from(begun.elapsed().as_millis()).unwrap().max(2);
    for some in ids[3..].chunks(if slow() { 1 } else { 3 }) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        let words = [&["erase"][..], &some, &["--basis", "unlawful", "--yes"]].concat();
        let mut child = post.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_millis(random.below(takes));
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().ok();
        child.wait().unwrap();
        let there = post.mails();
        let now = ids.iter().filter(|id| there.values().any(|row| row["mail_id"] == id.as_str())).count();
        assert!(now <= left && there.len() == count - (ids.len() - now), "{now} of {left}");
        left = now;
        post.verify();
    }
    assert!(kills > 3, "{kills}");
    let rest: Vec<&str> = ids.iter().map(String::as_str).collect();
    let there = post.mails();
    let rest: Vec<&str> =
        rest.into_iter().filter(|id| there.values().any(|row| row["mail_id"] == *id)).collect();
    if !rest.is_empty() {
        post.run(&[&["erase"][..], &rest, &["--basis", "unlawful", "--yes"]].concat()).expect(0);
    }
    let erasures = post.run(&["erase", "--list", "--json"]).expect(0).rows();
    assert!(erasures.iter().all(|row| !row["ended"].is_null()), "all are complete");
    assert_eq!(post.mails().len(), count - ids.len());
    post.verify();
    let octets = fs::read(post.data().join("poststelle.sqlite")).unwrap();
    assert!(!octets.windows(WORD.len()).any(|window| window == WORD.as_bytes()));
}

/// Where there is no room for a step, it is said, nothing is half done, and the next one completes it.
#[test]
fn a_full_disk_stops_it_and_no_more() {
    let post = Poststelle::new();
    import(&post, 40);
    for kilobytes in [4, 16, 64, 128, 256] {
        let mut limited = std::process::Command::new("bash");
        limited.args(["-c", &format!("ulimit -f {kilobytes}; exec \"$@\""), "bash"]);
        limited.arg(program().get_program()).arg(REQUEST[0]).arg("--data").arg(post.data());
        limited.args(&REQUEST[1..]).arg("--yes").env("LC_ALL", "C");
        let done = finish(&mut limited);
        assert!(matches!(done.status, Some(0 | 1)), "{kilobytes}: {:?} {}", done.status, done.err);
        post.verify();
        let there = post.mails().len();
        assert!(there == 40 || there == 30, "{kilobytes}: {there}");
    }
    erase_all(&post);
    assert_eq!(post.mails().len(), 30);
    let erasures = post.run(&["erase", "--list", "--json"]).expect(0).rows();
    assert!(erasures.iter().all(|row| !row["ended"].is_null()), "{erasures:?}");
    post.verify();
}
