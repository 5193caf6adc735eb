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
