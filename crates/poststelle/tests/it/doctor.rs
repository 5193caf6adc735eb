//! What is blind is said, and what is missing is found: against a real Dovecot, with rows taken away behind the program's back.

use std::time::Duration;

use serde_json::{Value, json};
use test_support::dovecot::{Setup, free_port, pop3_on};
use test_support::{Certificate, Dovecot};

use crate::imap::{add_polled, wait_for};
use crate::support::{Poststelle, finish, mail, sha256};

/// Runs statements on the database of an installation that nobody has open.
fn tamper(post: &Poststelle, statements: &str) {
    let database = rusqlite::Connection::open(post.data().join("poststelle.sqlite")).unwrap();
    database.execute_batch(statements).unwrap();
}

fn filled(count: usize) -> (Dovecot, Poststelle) {
    let mut dovecot = Dovecot::start();
    for n in 0..count {
        dovecot.deliver("alice", "INBOX", &mail(n), "");
    }
    let post = Poststelle::new();
    add_polled(&post, &dovecot, "tls", "secret", "60").expect(0);
    post.run(&["account", "fetch", "box"]).expect(0);
    (dovecot, post)
}

/// The ledger of the inbox.
#[track_caller]
fn compared(post: &Poststelle, words: &[&str], status: i32) -> Value {
    let words = [&["account", "compare", "box", "--json"], words].concat();
    let rows = post.run(&words).expect(status).rows();
    rows.into_iter().find(|row| row["mailbox"] == "INBOX").unwrap()
}

#[track_caller]
fn counts(ledger: &Value) -> [u64; 6] {
    ["source", "archived", "missing", "failed", "quarantined", "gone"]
        .map(|name| ledger[name].as_u64().unwrap())
}

fn conditions(post: &Poststelle) -> Vec<Value> {
    post.run(&["doctor", "--json"]).last()["conditions"].as_array().unwrap().clone()
}

fn kinds(post: &Poststelle) -> Vec<String> {
    conditions(post).iter().map(|of| of["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_gap_is_found_said_and_fetched_anew() {
    let (_dovecot, post) = filled(40);
    assert_eq!(counts(&compared(&post, &[], 0)), [40, 40, 0, 0, 0, 0]);
    assert!(post.run(&["doctor"]).expect(0).err.contains("All is well"));
    tamper(&post, "DELETE FROM placements WHERE uid IN (3, 4, 9, 40)");
    let ledger = compared(&post, &[], 1);
    assert_eq!(counts(&ledger), [40, 36, 4, 0, 0, 0]);
    let said = post.run(&["doctor", "--lang", "de"]).expect(1);
    assert!(
        said.text().contains("KRITISCH: Ordner „INBOX“ von „box“ ist unvollständig: 4"),
        "{}",
        said.text()
    );
    let found = conditions(&post);
    assert_eq!((found.len(), &found[0]["kind"]), (1, &json!("mailbox.incomplete")), "{found:?}");
    assert_eq!((&found[0]["severity"], &found[0]["account"]), (&json!("critical"), &json!("box")));
    assert_eq!((&found[0]["details"]["missing"], &found[0]["first_seen"].is_string()), (&json!("4"), &true));
    assert_eq!(counts(&compared(&post, &["--anew"], 0)), [40, 40, 0, 0, 0, 0]);
    post.run(&["doctor"]).expect(0);
    let placements =
        post.mails().values().map(|mail| mail["placements"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(placements, 40);
    post.verify();
}

#[test]
fn what_is_gone_failed_or_unreadable_is_no_gap() {
    let (mut dovecot, post) = filled(10);
    let path = dovecot.deliver("alice", "INBOX", &mail(10), "");
    post.run(&["account", "fetch", "box"]).expect(0);
    std::fs::remove_file(path).unwrap();
    tamper(
        &post,
        "DELETE FROM placements WHERE uid IN (5, 6);
         INSERT INTO left_out (mailbox, uid_validity, uid, locator, position, excluded, reason, attempts, since, last)
         SELECT mailbox, uid_validity, 5, '', 0, 0, 'fetch-not-sent', 3, 1, unixepoch() * 1000 FROM placements WHERE uid = 1;
         INSERT INTO left_out (mailbox, uid_validity, uid, locator, position, excluded, reason, attempts, since, last)
         SELECT mailbox, uid_validity, 6, '', 0, 1, 'private', 1, 1, 1 FROM placements WHERE uid = 1;
         UPDATE mails SET stage = 2 WHERE seq = (SELECT seq FROM placements WHERE uid = 7);",
    );
    let ledger = compared(&post, &[], 0);
    assert_eq!(counts(&ledger), [10, 7, 0, 1, 1, 1]);
    assert_eq!(ledger["excluded"], 1);
    // What failed is worth a look; what a rule leaves there is not fetched anew.
    let found = conditions(&post);
    assert_eq!((&found[0]["severity"], &found[0]["details"]["failed"]), (&json!("warning"), &json!("1")));
    let ledger = compared(&post, &["--anew"], 0);
    assert_eq!((counts(&ledger), &ledger["excluded"]), ([10, 8, 0, 0, 1, 1], &json!(1)));
    assert!(!kinds(&post).contains(&"mailbox.incomplete".to_owned()));
}

#[test]
fn a_mailbox_numbered_anew_is_complete_again() {
    let (dovecot, post) = filled(25);
    dovecot.renumber("alice", "INBOX");
    let ledger = compared(&post, &[], 0);
    assert_eq!(counts(&ledger)[..3], [25, 25, 0]);
    assert_eq!(post.mails().len(), 25);
    post.verify();
}

#[test]
fn a_maildrop_is_compared_by_name() {
    let (pop3, pop3s) = (free_port(), free_port());
    let mut dovecot = Dovecot::with(Setup { extra: pop3_on(pop3, pop3s), ..Setup::default() });
    for n in 0..20 {
        dovecot.deliver("alice", "INBOX", &mail(n), "");
    }
    let post = Poststelle::new();
    let ca = post.dir.path().join("ca.pem");
    std::fs::write(&ca, dovecot.certificate()).unwrap();
    let port = pop3s.to_string();
    let mut add = post.command(&["account", "add", "box", "--protocol", "pop3", "--host", "localhost"]);
    add.args(["--port", &port, "--login", "alice", "--ca-file", ca.to_str().unwrap()]);
    finish(add.env("POSTSTELLE_PASSWORD", "secret")).expect(0);
    assert_eq!(counts(&compared(&post, &[], 0)), [20, 20, 0, 0, 0, 0]);
    // The server has marked it as read, which is part of its name.
    let files = std::fs::read_dir(dovecot.maildir("alice").join("cur")).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    let third = files.find(|path| sha256(&std::fs::read(path).unwrap()) == sha256(&mail(2)));
    std::fs::remove_file(third.unwrap()).unwrap();
    // One row is lost: the next fetch brings it. One is noted as failed for good: only a person has it fetched again.
    tamper(
        &post,
        "CREATE TEMP TABLE lost AS SELECT * FROM placements ORDER BY locator DESC LIMIT 2;
         DELETE FROM placements WHERE locator IN (SELECT locator FROM lost);
         INSERT INTO left_out (mailbox, uid_validity, uid, locator, position, excluded, reason, attempts, since, last)
         SELECT mailbox, 0, 0, locator, 1, 0, 'fetch-not-sent', 3, 1, unixepoch() * 1000 FROM lost ORDER BY locator LIMIT 1;",
    );
    assert_eq!(counts(&compared(&post, &[], 0)), [19, 18, 0, 1, 0, 1]);
    assert_eq!(counts(&compared(&post, &["--anew"], 0)), [19, 19, 0, 0, 0, 0]);
    let mails = post.mails();
    let gone = &mails[&sha256(&mail(2))]["placements"];
    assert_eq!((mails.len(), gone.as_array().unwrap().len()), (20, 0), "{gone}");
}

#[test]
fn the_running_server_says_what_is_wrong() {
    let certificate = Certificate::good_for(&["localhost"], Duration::from_hours(24 * 10));
    let quota = "mail_plugins = quota\nprotocol imap {\n  mail_plugins = quota imap_quota\n}\n\
        plugin {\n  quota = count:User quota\n  quota_rule = *:storage=1K\n  quota_vsizes = yes\n}\n";
    let mut dovecot = Dovecot::with(Setup { certificate, extra: quota.to_owned(), ..Setup::default() });
    for n in 0..5 {
        dovecot.deliver("alice", "INBOX", &mail(n), "");
    }
    let post = Poststelle::new();
    add_polled(&post, &dovecot, "tls", "secret", "3600").expect(0);
    let mut wrong = post.command(&["account", "add", "locked", "--host", "localhost", "--login", "alice"]);
    let ca = post.dir.path().join("ca.pem");
    wrong.args(["--port", &dovecot.imaps_port().to_string(), "--ca-file", ca.to_str().unwrap()]);
    finish(wrong.env("POSTSTELLE_PASSWORD", "wrong")).expect(0);
    let _server = post.serve();
    let state = |name: &str| {
        let accounts = post.run(&["account", "list", "--json"]).expect(0).rows();
        accounts.into_iter().find(|account| account["name"] == name).unwrap()["state"].clone()
    };
    wait_for(|| state("box") == "watching" && state("locked") == "needs_settings");
    for kind in ["certificate.expiring", "mailbox.full"] {
        wait_for(|| kinds(&post).contains(&kind.to_owned()));
    }
    let found = conditions(&post);
    let certificate = found.iter().find(|of| of["kind"] == "certificate.expiring").unwrap();
    assert_eq!(
        (&certificate["severity"], &certificate["details"]["of"]),
        (&json!("warning"), &json!("localhost"))
    );
    let full = found.iter().find(|of| of["kind"] == "mailbox.full").unwrap();
    assert!(full["details"]["percent"].as_str().unwrap().parse::<u64>().unwrap() >= 90, "{full}");
    assert_eq!(counts(&compared(&post, &[], 0)), [5, 5, 0, 0, 0, 0]);
    post.run(&["doctor"]).expect(1);
}

/// With one connection for all, the one that only waits gives way, and all are fetched again and again.
#[test]
fn accounts_share_the_connections_to_a_server() {
    let users = ["alice", "bob", "carol"];
    let setup = Setup {
        users: users.map(|user| (user.to_owned(), "secret".to_owned())).to_vec(),
        ..Setup::default()
    };
    let mut dovecot = Dovecot::with(setup);
    let post = Poststelle::new();
    let ca = post.dir.path().join("ca.pem");
    std::fs::write(&ca, dovecot.certificate()).unwrap();
    for (n, user) in users.iter().enumerate() {
        dovecot.deliver(user, "INBOX", &mail(n), "");
        let mut add = post.command(&["account", "add", user, "--host", "localhost", "--login", user]);
        add.args(["--port", &dovecot.imaps_port().to_string(), "--ca-file", ca.to_str().unwrap()]);
        add.args(["--poll-seconds", "10"]);
        finish(add.env("POSTSTELLE_PASSWORD", "secret")).expect(0);
    }
    let _server = post.serve_with(&[("POSTSTELLE_CONNECTIONS_PER_SERVER", "1")]);
    wait_for(|| post.mails().len() == 3);
    for (n, user) in users.iter().enumerate() {
        dovecot.deliver(user, "INBOX", &mail(10 + n), "");
    }
    wait_for(|| post.mails().len() == 6);
}
