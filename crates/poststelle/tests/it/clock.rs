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
    let account = || post.run(&["account", "list", "--json"]).expect(0).last();
    let mut count = 1;
    let mut one_more = |dovecot: &mut Dovecot| {
        dovecot.deliver("alice", "INBOX", &mail(count), "");
        count += 1;
        count
    };
    // While it is watched.
    for offset in ["+400d", "-400d", "+400d"] {
        std::fs::write(&clock, offset).unwrap();
        let mails = one_more(&mut dovecot);
        wait_for(|| post.mails().len() == mails);
    }
    // The program went by that clock.
    let far = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 300)).to_string();
    wait_for(|| account()["last_success"].as_str().is_some_and(|at| at > far.as_str()));
    // While it waits to try again.
    dovecot.stop();
    wait_for(|| account()["state"] == "backing_off");
    std::fs::write(&clock, "-400d").unwrap();
    let mails = one_more(&mut dovecot);
    dovecot.start_again();
    wait_for(|| post.mails().len() == mails);
    post.verify();
}
