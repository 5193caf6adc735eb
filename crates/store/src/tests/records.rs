//! Records of the ERP.

use model::{RecordKey, RecordKind, UnixMillis};

use super::Case;
use super::standing::contact;
use super::world::*;
use crate::{KnownRecord, Record, RecordChanges, Store};

pub(super) const ALL: &[Case] = &[
    ("records_new_changed_same_and_vanished", records_new_changed_same_and_vanished),
    ("changes_are_followed", changes_are_followed),
    ("records_are_found", records_are_found),
    ("sources_do_not_disturb_each_other", sources_do_not_disturb_each_other),
    ("odd_records", odd_records),
];

fn order(number: &str) -> Record {
    Record {
        addresses: vec!["Eva@B.example".to_owned()],
        contact: Some("K1".to_owned()),
        quote: Some("Q1".to_owned()),
        items: vec!["P1".to_owned(), "P2".to_owned(), "P1".to_owned()],
        references: vec!["ref-7".to_owned(), "R 8".to_owned()],
        date: Some(UnixMillis(5)),
        state: "open".to_owned(),
        url: "https://erp.example/1".to_owned(),
        extra: "{\"Ort\":\"Graz\"}".to_owned(),
        ..Record::new(RecordKind::Order, number)
    }
}

fn changes(new: u64, changed: u64, same: u64) -> RecordChanges {
    RecordChanges { new, changed, same }
}

fn numbers(records: &[KnownRecord]) -> Vec<&str> {
    records.iter().map(|known| known.record.number.as_str()).collect()
}

fn records_new_changed_same_and_vanished(store: &Store) {
    let first = vec![
        contact("1", &["a@b.example", "B@b.example"]),
        contact("2", &["c@b.example"]),
        contact("1", &["x@b.example"]),
        Record::new(RecordKind::Item, "1"),
    ];
    assert_eq!(store.put_records(first, 0, NOW).unwrap(), changes(3, 0, 0));
    assert!(store.contacts_of("a@b.example").unwrap().is_empty());
    let later = NOW.plus_ms(1);
    let second = vec![contact("1", &["x@b.example"]), contact("3", &[])];
    assert_eq!(store.put_records(second, 0, later).unwrap(), changes(1, 0, 1));
    assert_eq!(store.would_vanish(RecordKind::Contact, 0, later).unwrap(), (1, 2));
    assert_eq!(store.vanish_records(RecordKind::Contact, 0, later).unwrap(), 1);
    assert_eq!(store.vanish_records(RecordKind::Contact, 0, later).unwrap(), 0);
    assert_eq!(store.record_counts().unwrap(), [(RecordKind::Contact, 2), (RecordKind::Item, 1)]);
    let gone = store.record(RecordKind::Contact, "2").unwrap().unwrap();
    assert_eq!((gone.vanished, gone.known, gone.record), (true, NOW, contact("2", &["c@b.example"])));
    // What comes again has not vanished, even if it is the same.
    let again = store.put_records(vec![contact("2", &["c@b.example"])], 0, later).unwrap();
    assert_eq!(again, changes(0, 1, 0));
    assert!(!store.record(RecordKind::Contact, "2").unwrap().unwrap().vanished);
    let two = vec![contact("2", &["c@b.example", "D@b.example"])];
    assert_eq!(store.put_records(two, 0, later).unwrap(), changes(0, 1, 0));
    assert_eq!(store.contacts_of("d@B.example").unwrap()[0].record.addresses, ["c@b.example", "d@b.example"]);
    assert_eq!(numbers(&store.records_page(RecordKind::Contact, "1", 10).unwrap()), ["2", "3"]);
    assert!(store.vanish_record(RecordKind::Contact, "2".to_owned(), later).unwrap());
    assert!(!store.vanish_record(RecordKind::Contact, "2".to_owned(), later).unwrap());
    assert!(!store.vanish_record(RecordKind::Order, "2".to_owned(), later).unwrap());
}

fn changes_are_followed(store: &Store) {
    assert_eq!(store.records_change().unwrap(), 0);
    store.put_records(vec![order("A1"), contact("K1", &["eva@b.example"])], 0, NOW).unwrap();
    let all = store.records_changed(0, 10).unwrap();
    assert_eq!(all.iter().map(|known| known.change_seq).collect::<Vec<_>>(), [1, 2]);
    let known = all.iter().find(|known| known.record.kind == RecordKind::Order).unwrap();
    let mut kept = order("A1");
    kept.addresses = vec!["eva@b.example".to_owned()];
    kept.items.pop();
    assert_eq!(known.record, kept);
    // The same again is no change; another state is one, and so is vanishing.
    store.put_records(vec![order("A1")], 0, NOW.plus_ms(1)).unwrap();
    assert_eq!(store.records_change().unwrap(), 2);
    let mut other = order("A1");
    other.state = "done".to_owned();
    other.items.clear();
    other.quote = None;
    other.references.remove(0);
    store.put_records(vec![other.clone()], 0, NOW.plus_ms(2)).unwrap();
    store.vanish_records(RecordKind::Contact, 0, NOW.plus_ms(2)).unwrap();
    let changed = store.records_changed(2, 10).unwrap();
    let seen: Vec<(i64, &str, bool)> =
        changed.iter().map(|k| (k.change_seq, k.record.number.as_str(), k.vanished)).collect();
    assert_eq!(seen, [(3, "A1", false), (4, "K1", true)]);
    assert_eq!((&changed[0].record.items, &changed[0].record.references), (&vec![], &other.references));
    assert_eq!(store.records_changed(0, 1).unwrap()[0].change_seq, 3);
    let keys = [changed[1].key, RecordKey(99_999), changed[0].key, changed[1].key];
    assert_eq!(numbers(&store.records_by_key(&keys).unwrap()), ["K1", "A1"]);
}

fn records_are_found(store: &Store) {
    let mut meier = contact("K-100", &["tom@meier.example"]);
    meier.name = "Meier & Söhne GmbH".to_owned();
    let mut other = contact("K-200", &["x@b.example"]);
    other.name = "Söhne Müller".to_owned();
    store.put_records(vec![meier, other, order("B-2026-1"), order("B-2026-2")], 0, NOW).unwrap();
    let check = |text: &str, kind, expected: &[&str]| {
        let found = store.find_records(text, kind, 10).unwrap();
        assert_eq!(numbers(&found), expected, "{text}");
    };
    check("B-2026", None, &["B-2026-1", "B-2026-2"]);
    check("b 2026/2", None, &["B-2026-2"]);
    check("REF7", None, &["B-2026-1", "B-2026-2"]);
    check("tom@meier", None, &["K-100"]);
    check("eva@b", Some(RecordKind::Order), &["B-2026-1", "B-2026-2"]);
    check("eva@b", Some(RecordKind::Contact), &[]);
    check("SÖHNE", None, &["K-100", "K-200"]);
    check("söh meier", None, &["K-100"]);
    check("söhne", Some(RecordKind::Item), &[]);
    check("  ", None, &[]);
    check("%", None, &[]);
    assert_eq!(store.find_records("b-2026", None, 1).unwrap().len(), 1);
    // Words, numbers and addresses of before find nothing.
    store.put_records(vec![contact("K-200", &[])], 0, NOW).unwrap();
    check("müller", None, &[]);
    check("x@b.example", None, &[]);
}

fn sources_do_not_disturb_each_other(store: &Store) {
    store.put_records(vec![contact("1", &[]), contact("2", &[])], 1, NOW).unwrap();
    store.put_records(vec![contact("2", &[]), contact("3", &[])], 2, NOW.plus_ms(1)).unwrap();
    assert_eq!(store.record(RecordKind::Contact, "2").unwrap().unwrap().source, 2);
    let later = NOW.plus_ms(2);
    assert_eq!(store.would_vanish(RecordKind::Contact, 1, later).unwrap(), (1, 1));
    assert_eq!(store.vanish_records(RecordKind::Contact, 1, later).unwrap(), 1);
    assert_eq!(store.vanish_records(RecordKind::Order, 2, later).unwrap(), 0);
    assert_eq!(store.record_counts().unwrap(), [(RecordKind::Contact, 2)]);
}

fn odd_records(store: &Store) {
    assert_eq!(store.put_records(Vec::new(), 0, NOW).unwrap(), changes(0, 0, 0));
    let mut odd = order("A\0'\"%_");
    odd.name = "\u{0}\u{202e} ".repeat(30);
    odd.items = (0..300).map(|n| n.to_string()).collect();
    odd.quote = Some(String::new());
    assert_eq!(store.put_records(vec![odd.clone()], 0, NOW).unwrap(), changes(1, 0, 0));
    assert_eq!(store.put_records(vec![odd.clone()], 0, NOW).unwrap(), changes(0, 0, 1));
    let known = store.record(RecordKind::Order, "A\u{fffd}'\"%_").unwrap().unwrap();
    assert_eq!((known.record.items, known.record.quote), (odd.items, None));
    // Names itself, and what is not there.
    let mut own = order("7");
    own.quote = Some("7".to_owned());
    own.references = vec!["7".to_owned()];
    store.put_records(vec![own], 0, NOW).unwrap();
    assert_eq!(numbers(&store.find_records("7", None, 10).unwrap()), ["7"]);
    // More than one round of vanishing.
    let many: Vec<Record> = (0..1100).map(|n| contact(&format!("m{n}"), &[])).collect();
    store.put_records(many, 3, NOW).unwrap();
    assert_eq!(store.vanish_records(RecordKind::Contact, 3, NOW.plus_ms(1)).unwrap(), 1100);
}
