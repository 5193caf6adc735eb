//! What is not archived by rule: against a real Dovecot, and in imports.

use serde_json::{Value, json};
use test_support::dovecot::{Setup, free_port, pop3_on};
use test_support::{Dovecot, Random};

use crate::imap::add_polled;
use crate::support::{Poststelle, finish};

fn mail(n: usize, fields: &str) -> Vec<u8> {
    let fields = fields.replace('\n', "\r\n");
    format!("Message-ID: <{n}@example.org>\r\n{fields}\r\nSubject: mail {n}\r\n\r\nText {n}\r\n").into_bytes()
}

/// Larger than what is held in one piece.
fn large(n: usize, fields: &str) -> Vec<u8> {
    let mut octets = mail(n, fields);
    octets.extend_from_slice("0123456789abcdef\r\n".repeat(150_000).as_bytes());
    octets
}

/// The same, which compression makes no smaller than a third.
fn dense(n: usize, fields: &str) -> Vec<u8> {
    let (mut octets, mut random) = (mail(n, fields), Random(n as u64));
    for _ in 0..100_000 {
        octets.extend_from_slice(
            format!("{:016x}{:016x}\r\n", random.below(u64::MAX), random.below(u64::MAX)).as_bytes(),
        );
    }
    octets
}

/// Name and mails of each exclusion.
fn counts(post: &Poststelle) -> Vec<(String, u64)> {
    let rows = post.run(&["account", "exclude", "box", "--json"]).expect(0).rows();
    let count = |row: &Value| (row["name"].as_str().unwrap().to_owned(), row["mails"].as_u64().unwrap());
    rows.iter().map(count).collect()
}

fn named<const N: usize>(counts: [(&str, u64); N]) -> Vec<(String, u64)> {
    counts.into_iter().map(|(name, mails)| (name.to_owned(), mails)).collect()
}

/// Archived and excluded mails of each mailbox that has some; status 0: no gap.
fn compared(post: &Poststelle) -> Vec<Value> {
    let rows = post.run(&["account", "compare", "box", "--json"]).expect(0).rows();
    let row = |row: &Value| {
        json!([row["mailbox"], row["source"], row["archived"], row["excluded"], row["pending"]])
    };
    rows.iter().map(row).collect()
}

fn fetch(post: &Poststelle) -> (u64, u64) {
    let row = post.run(&["account", "fetch", "box", "--json"]).expect(0).last();
    (row["archived"].as_u64().unwrap(), row["excluded"].as_u64().unwrap())
}

fn exclude(post: &Poststelle, words: &[&str]) {
    post.run(&[&["account", "exclude", "box"], words].concat()).expect(0);
}

/// Octets of the archive.
fn archived_octets(post: &Poststelle) -> u64 {
    let (mut sum, mut folders) = (0, vec![post.data().join("archive")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let meta = entry.metadata().unwrap();
            if meta.is_dir() { folders.push(entry.path()) } else { sum += meta.len() }
        }
    }
    sum
}

#[test]
fn what_is_excluded_is_counted_and_fetched_once_it_is_not() {
    let mut dovecot = Dovecot::start();
    let post = Poststelle::new();
    add_polled(&post, &dovecot, "tls", "secret", "60").expect(0);
    exclude(&post, &["Private folder", "--folder", "Privat"]);
    exclude(&post, &["News", "--sender", "news.example"]);
    exclude(&post, &["Spam", "--spam"]);
    exclude(&post, &["Private", "--private", "--subject", "[privat]"]);
    exclude(&post, &["Council", "--works-council", "council@ours.example"]);
    dovecot.deliver("alice", "INBOX", &mail(1, "From: eva@a.example"), "");
    dovecot.deliver("alice", "INBOX", &mail(2, "From: x@news.example\nX-Spam-Flag: YES"), "");
    dovecot.deliver("alice", "INBOX", &mail(3, "From: y@b.example\nX-Spam-Status: Yes, score=9"), "");
    dovecot.deliver("alice", "INBOX", &mail(4, "From: z@b.example\nSensitivity: Private"), "");
    dovecot.deliver("alice", "INBOX", &mail(5, "From: a@b.example\nTo: Council <council@ours.example>"), "");
    dovecot.deliver("alice", "INBOX", &dense(6, "From: big@letters.news.example"), "");
    dovecot.deliver("alice", "INBOX", &large(7, "From: big@a.example"), "");
    dovecot.deliver("alice", "Privat", &mail(8, "From: eva@a.example"), "");
    dovecot.deliver("alice", "Privat.Urlaub", &mail(9, "From: eva@a.example"), "");
    assert_eq!(fetch(&post), (2, 5));
    assert_eq!(post.mails().len(), 2);
    assert!(archived_octets(&post) < 1 << 20, "what is excluded was written");
    let all = named([("Private folder", 2), ("News", 2), ("Spam", 1), ("Private", 1), ("Council", 1)]);
    assert_eq!(counts(&post), all);
    assert_eq!(
        compared(&post)[..3],
        [json!(["INBOX", 7, 2, 5, 0]), json!(["Privat", 1, 0, 1, 0]), json!(["Privat/Urlaub", 1, 0, 1, 0])]
    );
    assert!(post.run(&["doctor"]).expect(0).err.contains("All is well"));
    // Whoever is excluded stays where he is, and nothing of him is here.
    post.run(&["account", "keep", "box", "--delete-after", "0"]).expect(0);
    assert_eq!(fetch(&post), (0, 0));
    post.run(&["account", "keep", "box", "--delete-after", "never"]).expect(0);
    assert_eq!(compared(&post)[0], json!(["INBOX", 5, 0, 5, 0]));
    // Less is excluded: what falls under another rule stays, the rest comes, and nothing twice.
    exclude(&post, &["News", "--remove"]);
    assert_eq!(fetch(&post), (1, 1));
    assert_eq!(counts(&post), named([("Private folder", 2), ("Spam", 2), ("Private", 1), ("Council", 1)]));
    exclude(&post, &["Private folder", "--folder", "Privat/Urlaub"]);
    assert_eq!(fetch(&post), (1, 0));
    for name in ["Private folder", "Spam", "Private", "Council"] {
        exclude(&post, &[name, "--remove"]);
    }
    assert_eq!(fetch(&post), (5, 0));
    assert_eq!((fetch(&post), post.mails().len()), ((0, 0), 9));
    let rows = compared(&post);
    assert_eq!(rows[0], json!(["INBOX", 5, 5, 0, 0]));
    assert!(rows.iter().all(|row| row[3] == 0 && row[4] == 0), "{rows:?}");
    post.verify();
}

#[test]
fn a_thousand_and_more_come_at_once_when_they_are_let_go() {
    let mut dovecot = Dovecot::start();
    let post = Poststelle::new();
    add_polled(&post, &dovecot, "tls", "secret", "60").expect(0);
    exclude(&post, &["News", "--sender", "news.example"]);
    for n in 0..1200 {
        dovecot.deliver("alice", "INBOX", &mail(n, "From: x@news.example"), "");
    }
    assert_eq!(fetch(&post), (0, 1200));
    // They are numbered anew: still each is counted once.
    dovecot.renumber("alice", "INBOX");
    assert_eq!(fetch(&post), (0, 1200));
    assert_eq!(counts(&post), named([("News", 1200)]));
    exclude(&post, &["News", "--remove"]);
    assert_eq!(fetch(&post), (1200, 0));
    assert_eq!(compared(&post)[0], json!(["INBOX", 1200, 1200, 0, 0]));
    post.verify();
}

#[test]
fn pop3_passes_by_what_is_excluded_and_fetches_it_later() {
    let (pop3, pop3s) = (free_port(), free_port());
    let mut dovecot = Dovecot::with(Setup { extra: pop3_on(pop3, pop3s), ..Setup::default() });
    let post = Poststelle::new();
    let ca = post.dir.path().join("ca.pem");
    std::fs::write(&ca, dovecot.certificate()).unwrap();
    let mut add = post.command(&["account", "add", "box", "--protocol", "pop3", "--host", "localhost"]);
    add.args(["--port", &pop3s.to_string(), "--login", "alice", "--ca-file", ca.to_str().unwrap()]);
    finish(add.env("POSTSTELLE_PASSWORD", "secret")).expect(0);
    post.run(&["account", "exclude", "box", "Folder", "--folder", "x"]).expect(2);
    exclude(&post, &["News", "--sender", "news.example"]);
    for n in 0..3 {
        dovecot.deliver("alice", "INBOX", &mail(n, "From: x@news.example"), "");
    }
    dovecot.deliver("alice", "INBOX", &large(3, "From: x@news.example"), "");
    dovecot.deliver("alice", "INBOX", &mail(4, "From: eva@a.example"), "");
    assert_eq!(fetch(&post), (1, 4));
    assert_eq!(fetch(&post), (0, 0), "what is excluded is not asked for again");
    assert_eq!(compared(&post), [json!(["INBOX", 5, 1, 4, 0])]);
    // Gone there, it is counted no more.
    let file = std::fs::read_dir(dovecot.maildir("alice").join("cur"))
        .unwrap()
        .flatten()
        .find(|file| std::fs::read(file.path()).unwrap().starts_with(b"Message-ID: <0@"));
    std::fs::remove_file(file.expect("it is there").path()).unwrap();
    assert_eq!(compared(&post), [json!(["INBOX", 4, 1, 3, 0])]);
    assert_eq!(counts(&post), named([("News", 3)]));
    exclude(&post, &["News", "--remove"]);
    assert_eq!(fetch(&post), (3, 0));
    post.verify();
}

#[test]
fn imports_keep_to_the_exclusions_of_their_account() {
    let post = Poststelle::new();
    let folder = post.dir.path().join("mails");
    std::fs::create_dir_all(folder.join("Privat")).unwrap();
    let files = [
        ("1.eml", mail(1, "From: eva@a.example")),
        ("2.eml", mail(2, "From: x@news.example")),
        ("3.eml", large(3, "From: x@news.example")),
        ("Privat/4.eml", mail(4, "From: eva@a.example")),
    ];
    // The account comes with its first import.
    let empty = post.dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    post.run(&["import", empty.to_str().unwrap(), "--account", "box"]).expect(0);
    for (name, octets) in &files {
        std::fs::write(folder.join(name), octets).unwrap();
    }
    exclude(&post, &["News", "--sender", "news.example"]);
    exclude(&post, &["Private folder", "--folder", "Privat"]);
    let imported =
        post.run(&["import", folder.to_str().unwrap(), "--account", "box", "--json"]).expect(0).last();
    assert_eq!(
        (&imported["seen"], &imported["archived"], &imported["excluded"]),
        (&4.into(), &1.into(), &3.into())
    );
    let report = post.run(&["imports", "last", "--outcome", "excluded", "--lang", "de"]).expect(0);
    assert_eq!(
        report.text().matches("nach der Ausnahme „News“ des Kontos nicht archiviert").count(),
        2,
        "{}",
        report.text()
    );
}

#[test]
fn wrong_use_is_said() {
    let dovecot = Dovecot::start();
    let post = Poststelle::new();
    add_polled(&post, &dovecot, "tls", "secret", "60").expect(0);
    let check = |words: &[&str], status: i32| {
        post.run(&[&["account", "exclude", "box"], words].concat()).expect(status);
    };
    check(&["News"], 2);
    check(&["--spam"], 2);
    check(&["News", "--sender", "a b"], 2);
    check(&["News", "--spam", "--private"], 2);
    check(&["News", "--remove"], 1);
    check(&["News", "--sender", "News.example"], 0);
    let listed = post.run(&["account", "exclude", "box", "--lang", "de"]).expect(0);
    assert_eq!(listed.text().trim(), "News (Absender) news.example: 0 Mails");
}
