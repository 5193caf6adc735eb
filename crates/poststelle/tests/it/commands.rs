//! What can be asked of an installation.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use crate::support::{Poststelle, folder, mail, sha256};

fn filled(count: usize) -> (Poststelle, Vec<String>) {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    let digests = folder(&from, count);
    post.import(&from).expect(0);
    (post, digests)
}

#[test]
fn search_finds_words_numbers_and_people() {
    let (post, _) = filled(120);
    let total =
        |query: &str| post.run(&["search", "--json", query]).expect(0).last()["total"].as_u64().unwrap();
    assert_eq!(total("guten"), 120);
    assert_eq!(total("B-2026-00017"), 1);
    assert_eq!(total("from:a5@example.org"), (0..120).filter(|n| n % 37 == 5).count() as u64);
    assert_eq!(total("has:attachment"), 24);
    assert_eq!(total("file:datei-10"), 1);
    assert_eq!(total("pruefmail -ausgeschlossen"), 120);
    let found = post.run(&["search", "nummer", "--limit", "3", "--json"]).expect(0).last();
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 3);
    for hit in hits {
        assert!(hit["snippet"].as_str().unwrap().contains("Nummer"), "{hit}");
        assert!(
            hit["mail_id"].is_string()
                && hit["message_id"].is_string()
                && hit["date"].as_str().unwrap().ends_with('Z'),
            "{hit}"
        );
    }
    assert_eq!(post.run(&["mails", "--jsonl", "--query", "B-2026-00017"]).expect(0).rows().len(), 1);
    let bad = post.run(&["search", "--lang", "de", "before:nonsense"]).expect(2);
    assert!(bad.err.contains("nonsense") && bad.err.contains("Datum"), "{}", bad.err);
}

#[test]
fn threads_follow_replies() {
    let (post, _) = filled(30);
    let rows = post.run(&["threads", "--jsonl"]).expect(0).rows();
    let thread = |n: usize| {
        rows.iter().find(|row| row["message_id"] == format!("test-{n}@example.org")).unwrap()["thread_id"]
            .clone()
    };
    assert_eq!(thread(1), thread(2));
    assert_ne!(thread(0), thread(1));
    assert_eq!(rows.len(), 30);
}

#[test]
fn rebuild_gives_the_same() {
    let (post, _) = filled(90);
    let (mails, threads) = (post.mails(), post.run(&["threads", "--jsonl"]).expect(0).text());
    std::fs::remove_dir_all(post.data().join("index")).unwrap();
    post.run(&["rebuild"]).expect(0);
    assert_eq!(post.mails(), mails);
    assert_eq!(post.run(&["threads", "--jsonl"]).expect(0).text(), threads);
    assert_eq!(post.run(&["search", "--json", "guten"]).expect(0).last()["total"], 90);
    post.verify();
}

#[test]
fn verify_names_a_changed_octet() {
    let (post, digests) = filled(40);
    let segment = std::fs::read_dir(post.data().join("archive"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .max_by_key(|path| path.metadata().map_or(0, |m| m.len()))
        .unwrap();
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&segment).unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    file.seek(SeekFrom::Start(middle)).unwrap();
    let mut octet = [0];
    file.read_exact(&mut octet).unwrap();
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&[octet[0] ^ 0x10]).unwrap();
    drop(file);
    let done = post.run(&["verify", "--json"]).expect(1);
    let report = done.last();
    assert_eq!(report["ok"], false);
    assert!(!report["faults"].as_array().unwrap().is_empty(), "{report}");
    // the others can still be read
    let whole = digests.iter().enumerate().filter(|(n, digest)| {
        let shown = post.run(&["show", "--raw", &format!("<test-{n}@example.org>")]);
        shown.status == Some(0) && sha256(&shown.out) == **digest
    });
    assert!(whole.count() >= 38);
}

#[test]
fn explain_and_rows_need_no_data_directory() {
    let post = Poststelle::new();
    let file = post.dir.path().join("a.eml");
    std::fs::write(&file, mail(3)).unwrap();
    let run =
        |words: &[&str]| crate::support::finish(crate::support::program().args(words).arg(&file)).expect(0);
    assert!(run(&["explain", "--lang", "de"]).text().contains("Von einem Menschen"));
    assert_eq!(run(&["parse", "--jsonl"]).last()["message_id"], "test-3@example.org");
    assert_eq!(run(&["classify", "--jsonl"]).last()["kind"], "personal");
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", "\"$0\" parse --jsonl <(cat \"$1\")"]).arg(env!("CARGO_BIN_EXE_poststelle")).arg(&file);
    let from_pipe = crate::support::finish(&mut shell).expect(0);
    assert_eq!(from_pipe.last()["message_id"], "test-3@example.org");
    assert!(!post.data().exists());
}

#[test]
fn accounts_and_users() {
    let post = Poststelle::new();
    let with_password = |words: &[&str]| {
        crate::support::finish(post.command(words).env("POSTSTELLE_PASSWORD", "a long password"))
    };
    with_password(&["account", "add", "info", "--host", "imap.example.org", "--login", "info@example.org"])
        .expect(0);
    with_password(&["account", "add", "info", "--host", "imap.example.org", "--login", "info@example.org"])
        .expect(1);
    with_password(&[
        "account",
        "add",
        "plain",
        "--host",
        "imap.example.org",
        "--login",
        "x",
        "--tls",
        "none",
    ])
    .expect(2);
    with_password(&["user", "add", "anna@example.org", "--role", "agent", "--account", "info"]).expect(0);
    with_password(&["user", "add", "anna@example.org"]).expect(1);
    with_password(&["user", "add", "no address"]).expect(2);
    let short = crate::support::finish(
        post.command(&["user", "add", "b@example.org", "--lang", "de"]).env("POSTSTELLE_PASSWORD", "kurz"),
    )
    .expect(1);
    assert!(short.err.contains("Zeichen"), "{}", short.err);
    let users = post.run(&["user", "list", "--json"]).expect(0).rows();
    assert_eq!(users[0]["accounts"][0], "info");
    assert!(!post.run(&["account", "list", "--json"]).expect(0).text().contains("password"));
    let database = std::fs::read(post.data().join("poststelle.sqlite")).unwrap();
    assert!(
        !database.windows(15).any(|window| window == b"a long password"),
        "the password lies open in the database"
    );
    several_at_once(&post, &with_password);
    groups(&post, &with_password);
    post.run(&["account", "remove", "info"]).expect(2);
    post.run(&["account", "remove", "info", "--confirm", "info"]).expect(0);
    post.run(&["account", "remove", "old", "--confirm", "old"]).expect(0);
    assert!(post.run(&["account", "list", "--json"]).expect(0).text().is_empty());
}

/// Beside the account `info`.
fn several_at_once(post: &Poststelle, with_password: &dyn Fn(&[&str]) -> crate::support::Done) {
    with_password(&[
        "account",
        "add",
        "old",
        "--protocol",
        "pop3",
        "--host",
        "pop.example.org",
        "--login",
        "old",
    ])
    .expect(0);
    post.run(&["account", "set", "info", "old"]).expect(2);
    post.run(&["account", "set", "--active", "no"]).expect(2);
    post.run(&["account", "set", "info", "nobody", "--active", "no"]).expect(1);
    let active = || -> Vec<serde_json::Value> {
        let rows = post.run(&["account", "list", "--json"]).expect(0).rows();
        rows.iter().map(|row| row["active"].clone()).collect()
    };
    assert_eq!(active(), [true, true]);
    // One of them cannot: the other is changed, and the answer names who was not.
    let some = ["account", "set", "info", "old", "--fetched", "mark-read", "--active", "no", "--json"];
    let rows = post.run(&some).expect(1).rows();
    assert_eq!((&rows[0]["name"], &rows[0]["changed"]), (&"info".into(), &true.into()));
    assert_eq!((&rows[1]["name"], &rows[1]["changed"]), (&"old".into(), &false.into()));
    assert!(rows[1]["problem"].as_str().unwrap().contains("POP3"), "{}", rows[1]);
    assert_eq!(active(), [false, true]);
    let all = ["account", "set", "--all", "--active", "yes", "--delete-after", "30", "--lang", "en"];
    let done = post.run(&all).expect(0);
    assert!(done.text().contains("\"old\" changed; with the next fetch 0 mails"), "{}", done.text());
    assert_eq!(active(), [true, true]);
}

/// With the account `info`.
fn groups(post: &Poststelle, with_password: &dyn Fn(&[&str]) -> crate::support::Done) {
    with_password(&["user", "add", "eva@example.org"]).expect(0);
    post.run(&["group", "set", "Vertrieb", "--address", "Sales@a.example", "--member", "eva@example.org"])
        .expect(0);
    post.run(&["group", "set", "vertrieb", "--description", "Angebote"]).expect(0);
    post.run(&["group", "set", "Rest", "--member", "nobody@example.org"]).expect(1);
    post.run(&["group", "set", "Rest", "--address", "nowhere"]).expect(2);
    let rows = post.run(&["group", "list", "--json"]).expect(0).rows();
    let expected = serde_json::json!({"name": "Vertrieb", "description": "Angebote", "addresses": ["sales@a.example"], "members": ["eva@example.org"]});
    assert_eq!(rows, [expected]);
    post.run(&[
        "account",
        "sort",
        "info",
        "--rule",
        "@a.example=vertrieb",
        "--rest",
        "Vertrieb",
        "--earlier",
    ])
    .expect(0);
    post.run(&["account", "sort", "info", "--rule", "a.example=vertrieb"]).expect(2);
    post.run(&["account", "sort", "info", "--rest", "Einkauf"]).expect(1);
    let rules = post.run(&["account", "sort", "info"]).expect(0).text();
    assert_eq!(rules, "@a.example  Vertrieb\n*  Vertrieb\n");
    post.run(&["account", "sort", "info", "--clear"]).expect(0);
    assert!(post.run(&["account", "sort", "info", "--json"]).expect(0).rows().is_empty());
    post.run(&["group", "remove", "Vertrieb"]).expect(0);
    post.run(&["group", "remove", "Vertrieb"]).expect(1);
}
