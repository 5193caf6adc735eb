//! The clock of the machine is set while the server runs: accounts are fetched all the same.

use std::path::Path;

use test_support::Dovecot;

use crate::imap::{add_polled, wait_for};
use crate::support::{Poststelle, mail};

/// Debian's package `libfaketime`.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];

#[test]
fn accounts_are_fetched_whatever_the_clock_does() {
    let Some(library) = LIBRARIES.into_iter().find(|path| Path::new(path).exists()) else {
        eprintln!("skipped: the package libfaketime is not installed");
        return;
    };
    let mut dovecot = Dovecot::start();
    let post = Poststelle::new();
    add_polled(&post, &dovecot, "tls", "secret", "2").expect(0);
    let clock = post.dir.path().join("clock");
    std::fs::write(&clock, "+0").unwrap();
    let clock_path = clock.to_str().unwrap().to_owned();
    let _server = post.serve_with(&[
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", &clock_path),
        ("FAKETIME_NO_CACHE", "1"),
        // The time that passes goes on as it does.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ]);
    dovecot.deliver("alice", "INBOX", &mail(0), "");
    wait_for(|| post.mails().len() == 1);
    let state = || {
        let account = post.run(&["account", "list", "--json"]).expect(0).last();
        account["state"].as_str().unwrap_or_default().to_owned()
    };
    for (n, offset) in (1..).zip(["+400d", "-400d", "+0"]) {
        // Once while it is watched …
        std::fs::write(&clock, offset).unwrap();
        dovecot.deliver("alice", "INBOX", &mail(2 * n), "");
        wait_for(|| post.mails().len() == 2 * n);
        // … and once while it waits to try again.
        dovecot.stop();
        wait_for(|| state() == "backing_off");
        std::fs::write(&clock, if offset == "+0" { "+4000d" } else { "+0" }).unwrap();
        dovecot.deliver("alice", "INBOX", &mail(2 * n + 1), "");
        dovecot.start_again();
        wait_for(|| post.mails().len() == 2 * n + 1);
    }
    post.verify();
}
