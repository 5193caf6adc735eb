//! Three quarters of a minute of inputs that nobody would write: no panic, no quadratic time, the same verdict twice.
//! `SLOW_TESTS=1` makes it three quarters of an hour, `SEED=2` takes others.

use test_support::{fixtures, mutations};

#[path = "../../../fuzz/checks.rs"]
mod checks;

#[test]
fn mutations_are_read() {
    let seeds: Vec<Vec<u8>> = fixtures::mails("").iter().map(|path| fixtures::read(path)).collect();
    // Judging reads the mail as well.
    let checks: [mutations::Check; 12] = [
        ("verdict", checks::verdict),
        ("parse", checks::parse),
        ("header_section", checks::header_section),
        ("verdict", checks::verdict),
        ("addresses", checks::addresses),
        ("content", checks::content),
        ("verdict", checks::verdict),
        ("date", checks::date),
        ("message_ids", checks::message_ids),
        ("verdict", checks::verdict),
        ("text", checks::text),
        ("report", checks::report),
    ];
    mutations::run(&seeds, 45, &checks);
}
