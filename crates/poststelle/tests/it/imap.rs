//! From a real Dovecot into the archive, with everything that can go wrong on the way.

use std::process::Stdio;
use std::time::{Duration, Instant};

use test_support::Dovecot;

use crate::support::{Done, Poststelle, Random, finish, mail, sha256, slow};

fn filled(count: usize) -> (Dovecot, Vec<String>) {
    let mut dovecot = Dovecot::start();
    let digests = (0..count).map(|n| {
        let octets = mail(n);
        dovecot.deliver(
            "alice",
            if n % 10 == 9 { "Gesendet" } else { "INBOX" },
            &octets,
            if n % 2 == 0 { "S" } else { "" },
        );
        sha256(&octets)
    });
    let digests = digests.collect();
    (dovecot, digests)
}

fn add(post: &Poststelle, dovecot: &Dovecot, tls: &str, password: &str) -> Done {
    let ca = post.dir.path().join("ca.pem");
    std::fs::write(&ca, dovecot.certificate()).unwrap();
    let port = if tls == "tls" { dovecot.imaps_port() } else { dovecot.imap_port() }.to_string();
    let mut command = post.command(&[
        "account",
        "add",
        "box",
        "--host",
        "localhost",
        "--port",
        &port,
        "--tls",
        tls,
        "--login",
        "alice",
        "--ca-file",
        ca.to_str().unwrap(),
    ]);
    finish(command.env("POSTSTELLE_PASSWORD", password))
}

fn complete(post: &Poststelle, digests: &[String]) {
    let mails = post.mails();
    assert_eq!(mails.len(), digests.len());
    for digest in digests {
        let placements = mails[digest]["placements"].as_array().unwrap();
        assert_eq!(placements.len(), 1, "{placements:?}");
        assert!(
            placements[0]["uid"].as_u64().unwrap() > 0 && placements[0]["uid_validity"].as_u64().unwrap() > 0
        );
    }
    post.verify();
}

#[test]
fn mail_is_fetched_once_over_tls_and_starttls() {
    let (mut dovecot, mut digests) = filled(120);
    for tls in ["tls", "starttls"] {
        let post = Poststelle::new();
        add(&post, &dovecot, tls, "secret").expect(0);
        let tested = post.run(&["account", "test", "box"]).expect(0);
        assert!(tested.text().contains("INBOX") && tested.text().contains("Gesendet"), "{}", tested.text());
        let fetched = post.run(&["account", "fetch", "box"]).expect(0);
        assert!(fetched.err.contains(&format!("{} new", digests.len())), "{}", fetched.err);
        complete(&post, &digests);
        let octets = mail(1000 + digests.len());
        dovecot.deliver("alice", "INBOX", &octets, "");
        digests.push(sha256(&octets));
        let again = post.run(&["account", "fetch", "box"]).expect(0);
        assert!(again.err.contains("1 new") && again.err.contains("0 already"), "{}", again.err);
        complete(&post, &digests);
    }
}

#[test]
fn what_is_wrong_is_said() {
    let (dovecot, _) = filled(1);
    let wrong = Poststelle::new();
    add(&wrong, &dovecot, "tls", "wrong").expect(0);
    let tested = wrong.run(&["account", "test", "box"]).expect(1);
    assert!(
        tested.text().contains('✗') && tested.text().to_lowercase().contains("authentication failed"),
        "{}",
        tested.text()
    );
    wrong.run(&["account", "fetch", "box"]).expect(1);
    // a certificate nobody vouches for
    let distrust = Poststelle::new();
    let port = dovecot.imaps_port().to_string();
    let mut command = distrust.command(&[
        "account",
        "add",
        "box",
        "--host",
        "localhost",
        "--port",
        &port,
        "--login",
        "alice",
    ]);
    finish(command.env("POSTSTELLE_PASSWORD", "secret")).expect(0);
    let tested = distrust.run(&["account", "test", "box"]).expect(1);
    assert!(tested.text().contains("TLS") || tested.text().contains("Encryption"), "{}", tested.text());
    // nobody there
    let nobody = Poststelle::new();
    let mut command =
        nobody.command(&["account", "add", "box", "--host", "no-such-host.invalid", "--login", "alice"]);
    finish(command.env("POSTSTELLE_PASSWORD", "secret")).expect(0);
    let tested = nobody.run(&["account", "test", "box"]).expect(1);
    assert!(tested.text().starts_with('✗'), "{}", tested.text());
}

/// The server fetches by itself, and another account that fails does not stop it.
#[test]
fn the_server_fetches_by_itself() {
    let (mut dovecot, mut digests) = filled(30);
    let post = Poststelle::new();
    add(&post, &dovecot, "tls", "secret").expect(0);
    let mut dead =
        post.command(&["account", "add", "dead", "--host", "127.0.0.1", "--port", "1", "--login", "x"]);
    finish(dead.env("POSTSTELLE_PASSWORD", "secret")).expect(0);
    let _server = post.serve();
    wait_for(|| post.mails().len() == 30);
    let octets = mail(500);
    dovecot.deliver("alice", "INBOX", &octets, "");
    digests.push(sha256(&octets));
    post.run(&["account", "fetch", "box"]).expect(0);
    complete(&post, &digests);
    wait_for(|| {
        let accounts = post.run(&["account", "list", "--json"]).expect(0).rows();
        let dead = accounts.iter().find(|account| account["name"] == "dead").unwrap();
        dead["last_error"]["class"] == "connect" && dead["state"] == "retrying"
    });
}

#[track_caller]
fn wait_for(mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_mins(2), "waited in vain");
        std::thread::yield_now();
    }
}

#[test]
fn fetching_survives_being_killed() {
    let (dovecot, digests) = filled(if slow() { 5000 } else { 1500 });
    let post = Poststelle::new();
    add(&post, &dovecot, "tls", "secret").expect(0);
    let (mut random, kills) = (Random(7), if slow() { 40 } else { 8 });
    for _ in 0..kills {
        let mut child = post
            .command(&["account", "fetch", "box"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_millis(100 + random.below(1200));
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().ok();
        child.wait().unwrap();
    }
    post.run(&["account", "fetch", "box"]).expect(0);
    complete(&post, &digests);
}

#[test]
fn a_mailbox_numbered_anew_doubles_nothing() {
    let (dovecot, digests) = filled(40);
    let post = Poststelle::new();
    add(&post, &dovecot, "tls", "secret").expect(0);
    post.run(&["account", "fetch", "box"]).expect(0);
    dovecot.renumber("alice", "INBOX");
    post.run(&["account", "fetch", "box"]).expect(0);
    complete(&post, &digests);
}
