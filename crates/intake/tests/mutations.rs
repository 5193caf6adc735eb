//! A quarter of a minute of sessions and files that nobody would write: no panic, no quadratic time. `SLOW_TESTS=1` makes
//! it a quarter of an hour, `SEED=2` takes others.

use test_support::{fixtures, mutations};

#[path = "../../../fuzz/checks_intake.rs"]
mod checks;

#[test]
fn mutated_sessions_are_read() {
    mutations::run(&fixtures::sessions(), 8, &[("imap", checks::imap)]);
}

#[test]
fn mutated_files_are_walked() {
    let mut seeds: Vec<Vec<u8>> = fixtures::mails("").iter().map(|path| fixtures::read(path)).collect();
    let mails: Vec<Vec<u8>> = seeds.iter().take(3).cloned().collect();
    seeds.push(
        mails
            .iter()
            .flat_map(|mail| {
                [b"From a@b.example Mon Mar  2 09:00:00 2026\n", mail.as_slice(), b"\n"].concat()
            })
            .collect(),
    );
    mutations::run(&seeds, 7, &[("import", checks::import)]);
}
