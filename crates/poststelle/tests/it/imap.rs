//! From a real Dovecot into the archive, with everything that can go wrong on the way.

use std::process::Stdio;
use std::time::{Duration, Instant};

use test_support::{Dovecot, Random};

use crate::support::{Done, Poststelle, finish, mail, sha256, slow};

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
    add_polled(post, dovecot, tls, password, "60")
}

pub(crate) fn add_polled(
    post: &Poststelle,
    dovecot: &Dovecot,
    tls: &str,
    password: &str,
    seconds: &str,
) -> Done {
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
        "--poll-seconds",
        seconds,
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

/// A newsletter of ours to Tom, in the mailbox for mail sent.
const SENT: &str = "Message-ID: <letter-1@ours.example>\r\nFrom: us@ours.example\r\nTo: tom@b.example\r\n\
    Date: {date}\r\nList-Id: <news.ours.example>\r\nSubject: News\r\n\r\nHello\r\n";

/// A report of `letter`, as Postfix writes it.
fn report(date: &str, letter: &str, recipient: &str) -> String {
    format!(
        "From: MAILER-DAEMON@b.example\r\nTo: us@ours.example\r\nDate: {date}\r\nMessage-ID: <r-{letter}@b.example>\r\n\
        Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=\"x\"\r\n\r\n--x\r\n\r\n\
        <{recipient}>: host mx.b.example said: 550 5.1.1 no such user\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n\
        Reporting-MTA: dns; mx.b.example\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\n\
        Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\n\
        Message-ID: <{letter}@ours.example>\r\nFrom: us@ours.example\r\nTo: {recipient}\r\nSubject: News\r\n\r\n--x--\r\n"
    )
}

#[test]
fn reports_are_moved_at_the_source_once_they_are_durable_here() {
    let date = jiff::Zoned::now().strftime("%a, %d %b %Y %H:%M:%S %z").to_string();
    let mut dovecot = Dovecot::start();
    // Accepted as live: the account is younger than the mail.
    let post = Poststelle::new();
    add(&post, &dovecot, "tls", "secret").expect(0);
    post.run(&["account", "handle", "box", "--handled", "move"]).expect(2);
    let handle = [
        "account",
        "handle",
        "box",
        "--handled",
        "move",
        "--handled-folder",
        "Berichte/Erledigt",
        "--manual-folder",
        "Handarbeit",
    ];
    post.run(&handle).expect(0);
    let listed = post.run(&["account", "list", "--json"]).expect(0).last();
    assert_eq!((&listed["handled"], &listed["manual_folder"]), (&"move".into(), &"Handarbeit".into()));
    dovecot.deliver_now("alice", "Sent", SENT.replace("{date}", &date).as_bytes(), "S");
    dovecot.deliver_now("alice", "INBOX", report(&date, "letter-1", "tom@b.example").as_bytes(), "");
    dovecot.deliver_now("alice", "INBOX", report(&date, "nobody-knows", "who@c.example").as_bytes(), "");
    dovecot.deliver_now("alice", "INBOX", &mail(5), "");
    post.run(&["account", "fetch", "box"]).expect(0);
    let in_folder = |name: &str| {
        let folder = dovecot.maildir("alice").join(name);
        ["cur", "new"]
            .iter()
            .map(|sub| std::fs::read_dir(folder.join(sub)).map_or(0, Iterator::count))
            .sum::<usize>()
    };
    let counts = || ["", ".Berichte.Erledigt", ".Handarbeit", ".Sent"].map(in_folder);
    assert_eq!(counts(), [1, 1, 1, 1], "{}", post.run(&["account", "list"]).text());
    // The next run finds them at their new places: nothing is new, and nothing happens again.
    let again = post.run(&["account", "fetch", "box"]).expect(0);
    assert!(again.err.contains("0 new"), "{}", again.err);
    assert_eq!(counts(), [1, 1, 1, 1]);
    let mails = post.mails();
    assert_eq!(mails.len(), 4);
    for mail in mails.values() {
        assert_eq!(mail["placements"].as_array().unwrap().len(), 1, "{mail}");
    }
    let listed = post.run(&["account", "list", "--json"]).expect(0).last();
    assert_eq!((&listed["source_waiting"], &listed["source_given_up"]), (&0.into(), &0.into()));
    post.verify();
}

/// Mails in a mailbox of alice's, the inbox if it has no name.
fn mails_in(dovecot: &Dovecot, folder: &str) -> usize {
    let folder = dovecot.maildir("alice").join(folder);
    ["cur", "new"].iter().map(|sub| std::fs::read_dir(folder.join(sub)).map_or(0, Iterator::count)).sum()
}

#[test]
fn what_is_archived_leaves_the_mailbox_as_wanted() {
    let mut dovecot = Dovecot::start();
    let post = Poststelle::new();
    add(&post, &dovecot, "tls", "secret").expect(0);
    dovecot.deliver("alice", "INBOX", &mail(0), "");
    post.run(&["account", "fetch", "box"]).expect(0);
    // Needs a folder; and only what comes from now on is moved.
    post.run(&["account", "keep", "box", "--fetched", "move"]).expect(2);
    post.run(&["account", "keep", "box", "--fetched", "move", "--fetched-folder", "Abgeholt"]).expect(0);
    dovecot.deliver("alice", "INBOX", &mail(1), "");
    dovecot.deliver("alice", "Kunden", &mail(2), "");
    dovecot.deliver("alice", "Sent", &mail(3), "S");
    post.run(&["account", "fetch", "box"]).expect(0);
    let counts = || ["", ".Abgeholt", ".Kunden", ".Sent"].map(|folder| mails_in(&dovecot, folder));
    assert_eq!(counts(), [1, 1, 1, 1]);
    assert!(post.run(&["account", "fetch", "box"]).expect(0).err.contains("0 new"));
    let kept = post.run(&["account", "keep", "box", "--delete-after", "30"]).expect(0);
    assert!(kept.err.contains("with the next fetch 0"), "{}", kept.err);
    post.run(&["account", "fetch", "box"]).expect(0);
    assert_eq!(counts(), [1, 1, 1, 1]);
    let kept = post.run(&["account", "keep", "box", "--fetched", "leave", "--delete-after", "0"]).expect(0);
    assert!(kept.err.contains("with the next fetch 3"), "{}", kept.err);
    post.run(&["account", "fetch", "box"]).expect(0);
    assert_eq!(counts(), [0, 0, 0, 1], "what was sent stays");
    assert_eq!(post.mails().len(), 4);
    post.verify();
    let listed = post.run(&["account", "list", "--json"]).expect(0).last();
    assert_eq!((&listed["source_waiting"], &listed["source_given_up"]), (&0.into(), &0.into()));
    post.run(&["account", "keep", "box", "--delete-after", "soon"]).expect(2);
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
        dead["last_error"]["class"] == "connect" && dead["state"] == "backing_off"
    });
}

/// Long before its time, because the mailbox server says so.
#[test]
fn the_server_hears_of_new_mail() {
    let (mut dovecot, mut digests) = filled(3);
    let post = Poststelle::new();
    add_polled(&post, &dovecot, "tls", "secret", "3600").expect(0);
    let _server = post.serve();
    wait_for(|| post.mails().len() == 3);
    for number in 500..503 {
        let octets = mail(number);
        dovecot.deliver("alice", "INBOX", &octets, "");
        digests.push(sha256(&octets));
        wait_for(|| post.mails().len() == digests.len());
    }
    complete(&post, &digests);
}

/// Removed at the source is noted, and the mail stays here.
#[test]
fn what_becomes_of_mails_at_the_source_is_noted() {
    let mut dovecot = Dovecot::start();
    let paths: Vec<_> = (0..3).map(|n| dovecot.deliver("alice", "INBOX", &mail(n), "")).collect();
    let post = Poststelle::new();
    add(&post, &dovecot, "tls", "secret").expect(0);
    post.run(&["account", "fetch", "box"]).expect(0);
    std::fs::remove_file(&paths[1]).unwrap();
    post.run(&["account", "fetch", "box"]).expect(0);
    let mails = post.mails();
    assert_eq!(mails.len(), 3);
    let there = |n| mails[&sha256(&mail(n))]["placements"].as_array().unwrap().len();
    assert_eq!((0..3).map(there).collect::<Vec<_>>(), [1, 0, 1], "{mails:?}");
    post.verify();
}

#[track_caller]
pub(crate) fn wait_for(mut condition: impl FnMut() -> bool) {
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
