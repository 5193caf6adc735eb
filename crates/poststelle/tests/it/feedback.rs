//! Contacts in, bounces in, what follows.

use std::fs;

use crate::support::Poststelle;

#[test]
fn contacts_are_new_changed_and_vanish() {
    let post = Poststelle::new();
    let write = |name: &str, text: &[u8]| fs::write(post.dir.path().join(name), text).unwrap();
    write(
        "first.csv",
        "number;name;active;email\n1;M\u{fc}ller;ja;\"a@b.example;c@b.example\"\n2;X;nein;\n".as_bytes(),
    );
    let import = |words: &[&str]| post.run(&[&["erp", "import", "--kind", "contact"], words].concat());
    let first = import(&["first.csv", "--json"]).expect(0).last();
    assert_eq!((&first["new"], &first["changed"], &first["vanished"]), (&2.into(), &0.into(), &0.into()));
    write("second.csv", b"Kundennr,Mail\n1,a@b.example\n3,nobody\n");
    let missing = import(&["second.csv", "--lang", "de"]).expect(1);
    assert!(missing.err.contains("number") && missing.err.contains("--map"), "{}", missing.err);
    write("map.txt", b"number = Kundennr\nemail = Mail\n");
    let second = import(&["second.csv", "--map", "map.txt", "--json"]).expect(0);
    assert!(second.err.contains("nobody"), "{}", second.err);
    let second = second.last();
    assert_eq!((&second["new"], &second["changed"], &second["vanished"]), (&1.into(), &1.into(), &1.into()));
    write("third.csv", b"number,active\n1,perhaps\n");
    let third = import(&["third.csv", "--json"]).expect(1);
    assert!(third.err.contains("perhaps"), "{}", third.err);
    assert_eq!((&third.last()["failed"], &third.last()["vanished"]), (&1.into(), &0.into()));
    import(&["nowhere.csv"]).expect(1);
    post.run(&["erp", "import", "--kind", "planet", "first.csv"]).expect(2);
}

#[test]
fn many_records_vanish_only_when_allowed() {
    let post = Poststelle::new();
    let write = |name: &str, text: &str| fs::write(post.dir.path().join(name), text).unwrap();
    let rows = |numbers: std::ops::Range<u32>| {
        let rows: String = numbers.map(|n| format!("B-{n},K{n},open,\"R{n};S{n}\"\n")).collect();
        format!("number,contact,state,references\n{rows}")
    };
    let import =
        |words: &[&str]| post.run(&[&["erp", "import", "--kind", "order", "--json"], words].concat());
    write("all.csv", &rows(0..10));
    assert_eq!(import(&["all.csv"]).expect(0).last()["new"], 10);
    write("less.csv", &rows(3..11));
    let held = import(&["less.csv", "--lang", "de"]).expect(1);
    assert!(held.err.contains("--allow-vanish"), "{}", held.err);
    let row = held.last();
    assert_eq!((&row["new"], &row["vanished"]), (&1.into(), &0.into()));
    assert_eq!((&row["held"], &row["held_of"]), (&3.into(), &10.into()));
    assert_eq!(import(&["less.csv", "--partial"]).expect(0).last()["vanished"], 0);
    assert_eq!(import(&["less.csv", "--allow-vanish"]).expect(0).last()["vanished"], 3);
    // The last one of a number counts, and is named.
    write("twice.csv", "number,state\nB-3,first\n4,x\nB-3,last\n");
    let twice = import(&["twice.csv", "--partial"]).expect(0);
    assert!(twice.err.contains("B-3"), "{}", twice.err);
    assert_eq!(twice.last()["duplicates"], 1);
    // A file that was cut off within a row lets nothing vanish.
    write("cut.csv", "number,contact,state,references\nB-5,K5,open,R5;S5\nB-6,\"K6");
    let cut = import(&["cut.csv", "--allow-vanish"]).expect(1);
    assert_eq!((&cut.last()["failed"], &cut.last()["vanished"]), (&1.into(), &0.into()));
}
