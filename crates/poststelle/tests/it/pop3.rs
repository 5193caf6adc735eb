//! From a real Dovecot over POP3 into the archive.

use test_support::Dovecot;
use test_support::dovecot::{Setup, free_port, pop3_on};

use crate::support::{Poststelle, finish, mail, sha256};

#[test]
fn mail_is_fetched_once_and_stays_where_it_is() {
    let (pop3, pop3s) = (free_port(), free_port());
    let mut dovecot = Dovecot::with(Setup { extra: pop3_on(pop3, pop3s), ..Setup::default() });
    let mut digests: Vec<String> = (0..60)
        .map(|n| {
            dovecot.deliver("alice", "INBOX", &mail(n), "");
            sha256(&mail(n))
        })
        .collect();
    let post = Poststelle::new();
    let ca = post.dir.path().join("ca.pem");
    std::fs::write(&ca, dovecot.certificate()).unwrap();
    let add = |name: &str, tls: &str, port: u16, password: &str| {
        let port = port.to_string();
        let mut command =
            post.command(&["account", "add", name, "--protocol", "pop3", "--host", "localhost"]);
        command.args(["--port", &port, "--tls", tls, "--login", "alice", "--ca-file", ca.to_str().unwrap()]);
        finish(command.env("POSTSTELLE_PASSWORD", password)).expect(0);
    };
    add("box", "tls", pop3s, "secret");
    let tested = post.run(&["account", "test", "box"]).expect(0);
    assert!(tested.text().contains("INBOX"), "{}", tested.text());
    assert!(post.run(&["account", "fetch", "box"]).expect(0).err.contains("60 new"));
    dovecot.deliver("alice", "INBOX", &mail(1000), "");
    digests.push(sha256(&mail(1000)));
    let again = post.run(&["account", "fetch", "box"]).expect(0);
    assert!(again.err.contains("1 new") && again.err.contains("0 already"), "{}", again.err);
    let mails = post.mails();
    assert_eq!(mails.len(), digests.len());
    for digest in &digests {
        assert_eq!(mails[digest]["placements"].as_array().unwrap().len(), 1);
    }
    post.verify();
    // The same mailbox as another account, by STLS: the same mails, each at a second place.
    add("again", "starttls", pop3, "secret");
    let fetched = post.run(&["account", "fetch", "again"]).expect(0);
    assert!(fetched.err.contains("0 new") && fetched.err.contains("61 already"), "{}", fetched.err);
    assert!(post.mails().values().all(|mail| mail["placements"].as_array().unwrap().len() == 2));
    // A POP3 mailbox has no folders to move to.
    post.run(&["account", "handle", "box", "--handled", "move", "--handled-folder", "x"]).expect(2);
    post.run(&["account", "keep", "box", "--fetched", "mark-read"]).expect(2);
    // What came is removed once it is archived; what lies there unseen is not.
    post.run(&["account", "keep", "box", "--delete-after", "0"]).expect(0);
    dovecot.deliver("alice", "INBOX", &mail(1001), "");
    assert!(post.run(&["account", "fetch", "box"]).expect(0).err.contains("1 new"));
    assert_eq!(std::fs::read_dir(dovecot.maildir("alice").join("cur")).unwrap().count(), 0);
    dovecot.deliver("alice", "INBOX", &mail(1002), "");
    assert!(post.run(&["account", "fetch", "again"]).expect(0).err.contains("1 new"));
    assert_eq!(std::fs::read_dir(dovecot.maildir("alice").join("cur")).unwrap().count(), 1);
    assert_eq!(post.mails().len(), 63);
    post.verify();
    add("wrong", "tls", pop3s, "wrong");
    let refused = post.run(&["account", "fetch", "wrong", "--lang", "de"]).expect(1);
    assert!(refused.err.contains("wrong"), "{}", refused.err);
    assert_eq!(post.run(&["account", "list", "--json"]).expect(0).rows()[0]["kind"], "pop3");
}
