//! Search within addresses, names of contacts, and what reports are compared with.

use model::{Kind, Scope, UnixMillis};
use standing::State;

use super::Case;
use super::standing::*;
use super::world::*;
use crate::{FoundCursor, MailboxListing, Store};

pub(super) const ALL: &[Case] = &[
    ("found_by_any_part", found_by_any_part),
    ("contacts_by_address", contacts_by_address),
    ("numbers_to_compare_with", numbers_to_compare_with),
];

/// Mail `n` to each of these, and a bounce of it.
fn bounced_for(store: &Store, addresses: &[&str]) {
    account(store, 1);
    let n = addresses.len() as u64;
    let seqs = take_in(store, 0..2 * n);
    let mut batch = Vec::new();
    for (at, address) in (0..n).zip(addresses) {
        batch.push(sent(seqs[at as usize], at, &[address], Kind::Personal));
        batch.push(bounce(seqs[(n + at) as usize], n + at, at, vec![said(address, HARD)]));
    }
    batch.sort_unstable_by_key(|mail| mail.seq);
    file(store, batch);
    handle(store);
}

/// All pages of two rows.
fn found(store: &Store, scope: &Scope, text: &str, state: Option<State>) -> Vec<String> {
    let mut all = Vec::new();
    let mut after: Option<FoundCursor> = None;
    loop {
        let rows = store.find_addresses(scope, text, state, after.clone(), 2).unwrap();
        after = rows.last().map(|(part, row)| (part.clone(), row.key));
        all.extend(rows.iter().map(|(_, row)| row.address.clone()));
        if rows.len() < 2 {
            return all;
        }
    }
}

fn found_by_any_part(store: &Store) {
    let addresses =
        ["tom.meier@verein.example", "Meier-Land@Post.example", "verein@verein.example", "ütz@b.test"];
    bounced_for(store, &addresses);
    for (text, expected) in [
        ("MEIER", vec!["meier-land@post.example", "tom.meier@verein.example"]),
        ("tom.m", vec!["tom.meier@verein.example"]),
        // Each once, though two of its parts begin alike.
        ("verein", vec!["tom.meier@verein.example", "verein@verein.example"]),
        ("@post", vec!["meier-land@post.example"]),
        ("exam", vec!["meier-land@post.example", "tom.meier@verein.example", "verein@verein.example"]),
        (" Ü ", vec!["ütz@b.test"]),
        ("ier", vec![]),
        ("%", vec![]),
        ("@", vec![]),
    ] {
        let mut rows = found(store, &Scope::All, text, None);
        rows.sort_unstable();
        assert_eq!(rows, expected, "{text}");
    }
    assert_eq!(found(store, &scope(&[1]), "tom", None).len(), 1);
    assert!(found(store, &scope(&[2]), "tom", None).is_empty());
    assert_eq!(found(store, &Scope::All, "tom", Some(State::Doubtful)).len(), 1);
    assert!(found(store, &scope(&[1]), "tom", Some(State::Dead)).is_empty());
}

fn contacts_by_address(store: &Store) {
    let mut old = contact("1", &["tom@b.example", "both@b.example"]);
    old.active = false;
    store.put_records(vec![old, contact("2", &["both@b.example"])], 0, NOW).unwrap();
    let names = store.contact_names(&["Tom@B.example", "both@b.example", "nobody@b.example"]).unwrap();
    assert_eq!((names.len(), names["tom@b.example"].number.as_str()), (2, "1"));
    assert_eq!(names["both@b.example"].name, "Contact 2");
    assert!(store.contact_names(&[]).unwrap().is_empty());
}

fn numbers_to_compare_with(store: &Store) {
    bounced_for(store, &["a@b.example", "c@b.example", "d@sub.b.example"]);
    let since = UnixMillis(0);
    assert_eq!(store.affected_addresses(since).unwrap(), 3);
    assert_eq!(store.affected_addresses(now()).unwrap(), 0);
    let of = store.affected_by_domain(&["b.example", "example", "", "b.example"], since).unwrap();
    assert_eq!(of.into_iter().collect::<Vec<_>>(), [("b.example".to_owned(), 2)]);
    store.put_records(vec![contact("1", &["a@b.example", "new@b.example"])], 0, NOW).unwrap();
    assert_eq!(store.known_addresses().unwrap(), 4);
    // Nobody knows what was sent until a mailbox for sent mail has some.
    let outbox = MailboxListing {
        id: mailbox_id(9),
        name: b"Sent".to_vec(),
        display_name: "Sent".to_owned(),
        special_use: Some("sent".to_owned()),
        selected: true,
    };
    store.upsert_mailboxes(account_id(1), vec![outbox]).unwrap();
    assert_eq!(store.sent_mails(&Scope::All, since).unwrap(), None);
    let seqs: Vec<i64> = intake(store, vec![item(50, 9, 1), item(51, 9, 2)]).iter().map(seq).collect();
    file(store, vec![filed(seqs[0], 50), filed(seqs[1], 51)]);
    let days = store.sent_mails(&scope(&[1]), since).unwrap().unwrap();
    assert_eq!(days.iter().map(|(_, n)| n).sum::<u64>(), 2);
    assert!(days.iter().all(|(day, _)| day.0 % (24 * 60 * 60 * 1000) == 0 && day.0 > NOW.0), "{days:?}");
    assert_eq!(store.sent_mails(&scope(&[2]), since).unwrap(), None);
    assert_eq!(
        store.sent_mails(&Scope::All, now().plus_ms(10 * 24 * 60 * 60 * 1000)).unwrap(),
        Some(Vec::new())
    );
}
