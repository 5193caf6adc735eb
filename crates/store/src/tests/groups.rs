//! Groups, and which mails are sorted to them.

use model::{Envelope, Scope, UserId};

use super::Case;
use super::world::*;
use crate::{AddressRole, Change, Filed, NewGroup, NewUser, SortedBy, SortingRule, Store, StoreError};

pub(super) const ALL: &[Case] = &[
    ("groups_are_made_changed_and_removed", groups_are_made_changed_and_removed),
    ("mails_are_sorted_by_whom_they_were_for", mails_are_sorted_by_whom_they_were_for),
    ("each_account_sorts_by_its_own_rules", each_account_sorts_by_its_own_rules),
    ("earlier_mails_are_sorted_when_asked", earlier_mails_are_sorted_when_asked),
];

fn group_id(n: u64) -> [u8; 16] {
    id(21, n)
}

fn group(store: &Store, n: u64, name: &str) {
    store.create_group(group_id(n), NewGroup { name: name.to_owned(), ..NewGroup::default() }, NOW).unwrap();
}

fn rules(store: &Store, account: u64, list: &[(&str, u64)]) {
    let rule =
        |(pattern, n): &(&str, u64)| SortingRule { pattern: (*pattern).to_owned(), group: group_id(*n) };
    store.set_sorting(account_id(account), list.iter().map(rule).collect()).unwrap();
}

fn groups_are_made_changed_and_removed(store: &Store) {
    account(store, 1);
    let user = |n: u64| UserId::from_octets(id(10, n));
    let new = NewUser { name: "Eva".to_owned(), email: "eva@example.org".to_owned(), ..someone() };
    store.create_user(user(1), new, Vec::new(), false, NOW).unwrap();
    let what = NewGroup {
        name: "Vertrieb".to_owned(),
        description: "Angebote".to_owned(),
        addresses: vec!["B@x.example".to_owned(), "a@x.example".to_owned(), "b@x.example".to_owned()],
        // Nobody has the second key.
        members: vec![user(1), user(2)],
    };
    store.create_group(group_id(1), what.clone(), NOW).unwrap();
    group(store, 2, "Einkauf");
    let kept = store.groups().unwrap();
    assert_eq!(
        kept.iter().map(|group| group.what.name.as_str()).collect::<Vec<_>>(),
        ["Einkauf", "Vertrieb"]
    );
    assert_eq!(
        (&kept[1].what.addresses[..], &kept[1].what.members[..]),
        (&["a@x.example".to_owned(), "b@x.example".to_owned()][..], &[user(1)][..])
    );
    let named = |name: &str| NewGroup { name: name.to_owned(), ..NewGroup::default() };
    let taken = store.change_group(group_id(2), named("VERTRIEB"));
    assert!(matches!(taken, Err(StoreError::Exists { what: "group name" })));
    store.change_group(group_id(1), named("vertrieb")).unwrap();
    let kept = store.groups().unwrap();
    assert_eq!(
        (kept[1].what.name.as_str(), kept[1].what.addresses.len(), kept[1].what.members.len()),
        ("vertrieb", 0, 0)
    );
    rules(store, 1, &[("@x.example", 1)]);
    store.remove_group(group_id(1)).unwrap();
    assert!(store.sorting(account_id(1)).unwrap().is_empty());
    assert!(matches!(store.remove_group(group_id(1)), Err(StoreError::Missing { .. })));
    store.change_group(group_id(2), NewGroup { members: vec![user(1)], ..named("Einkauf") }).unwrap();
    store.delete_user(user(1)).unwrap();
    assert!(store.groups().unwrap()[0].what.members.is_empty());
}

fn someone() -> NewUser {
    NewUser {
        name: String::new(),
        email: String::new(),
        password_hash: "x".to_owned(),
        role: model::Role::Agent,
        language: "de".to_owned(),
        theme: String::new(),
        zone: String::new(),
    }
}

fn to(seq: i64, n: u64, role: AddressRole, address_of: &str) -> Filed {
    let mut filed = filed(seq, n);
    filed.addresses.push((role, address("", address_of)));
    filed
}

/// Names of the groups of mail `n`, where the address stood, and the address.
fn sorted(store: &Store, scope: &Scope, n: u64) -> Vec<(String, SortedBy, String)> {
    let row = store.message_row(scope, mail_id(n)).unwrap().unwrap();
    row.groups.into_iter().map(|group| (group.name, group.by, group.value)).collect()
}

fn one(name: &str, by: SortedBy, value: &str) -> Vec<(String, SortedBy, String)> {
    vec![(name.to_owned(), by, value.to_owned())]
}

fn mails_are_sorted_by_whom_they_were_for(store: &Store) {
    account(store, 1);
    for (n, name) in [(1, "Sales"), (2, "Info"), (3, "Rest")] {
        group(store, n, name);
    }
    rules(store, 1, &[("Sales@A.example", 1), ("@a.example", 2), ("", 3)]);
    let mut items: Vec<_> = (0..4).map(|n| item(n, 1, n as u32 + 1)).collect();
    items[0].envelope = Some(Envelope {
        forward_paths: vec!["<SALES@a.example> NOTIFY=NEVER".to_owned()],
        ..Envelope::default()
    });
    let seqs: Vec<i64> = intake(store, items).iter().map(seq).collect();
    let before = store.last_change().unwrap();
    file(
        store,
        vec![
            to(seqs[0], 0, AddressRole::DeliveredTo, "other@a.example"),
            to(seqs[1], 1, AddressRole::OriginalTo, "other@a.example"),
            to(seqs[2], 2, AddressRole::Cc, "sales@a.example"),
            filed(seqs[3], 3),
        ],
    );
    assert_eq!(sorted(store, &Scope::All, 0), one("Sales", SortedBy::Envelope, "sales@a.example"));
    assert_eq!(sorted(store, &Scope::All, 1), one("Info", SortedBy::OriginalTo, "other@a.example"));
    assert_eq!(sorted(store, &Scope::All, 2), one("Sales", SortedBy::To, "sales@a.example"));
    assert_eq!(sorted(store, &Scope::All, 3), one("Rest", SortedBy::Rest, ""));
    let told = store.changed_since(before, 10).unwrap();
    assert!(told.iter().all(|change| matches!(change, Change::Put(message) if message.groups.len() == 1)));
    // Made anew, it is the same; with other rules, it is what they say.
    while !store.reset_derived(10).unwrap().done {}
    rules(store, 1, &[("@a.example", 2)]);
    file(store, vec![to(seqs[0], 0, AddressRole::To, "x@a.example"), filed(seqs[3], 3)]);
    assert_eq!(sorted(store, &Scope::All, 0), one("Info", SortedBy::Envelope, "sales@a.example"));
    assert!(sorted(store, &Scope::All, 3).is_empty());
}

fn each_account_sorts_by_its_own_rules(store: &Store) {
    account(store, 1);
    account(store, 2);
    group(store, 1, "First");
    group(store, 2, "Second");
    rules(store, 1, &[("", 1)]);
    rules(store, 2, &[("to@example.org", 2)]);
    fill(store, 1, 0..1);
    assert_eq!(sorted(store, &Scope::All, 0), one("First", SortedBy::Rest, ""));
    let before = store.last_change().unwrap();
    // The same octets come to the other account later.
    intake(store, vec![item(0, 2, 9)]);
    let both = sorted(store, &Scope::All, 0);
    assert_eq!(both.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["First", "Second"]);
    assert_eq!(store.changed_since(before, 10).unwrap().len(), 1);
    // Who reads one account sees what that account says.
    assert_eq!(sorted(store, &scope(&[2]), 0), one("Second", SortedBy::To, "to@example.org"));
    store.remove_group(group_id(2)).unwrap();
    assert_eq!(sorted(store, &Scope::All, 0), one("First", SortedBy::Rest, ""));
}

fn earlier_mails_are_sorted_when_asked(store: &Store) {
    account(store, 1);
    group(store, 1, "First");
    fill(store, 1, 0..3);
    rules(store, 1, &[("", 1)]);
    assert!(sorted(store, &Scope::All, 0).is_empty());
    let before = store.last_change().unwrap();
    let mut after = 0;
    while let Some(last) = store.sort_earlier(account_id(1), after, 2).unwrap() {
        assert!(last > after);
        after = last;
    }
    for n in 0..3 {
        assert_eq!(sorted(store, &Scope::All, n), one("First", SortedBy::Rest, ""));
    }
    assert_eq!(store.changed_since(before, 10).unwrap().len(), 3);
    rules(store, 1, &[]);
    store.sort_earlier(account_id(1), 0, 10).unwrap();
    assert!(sorted(store, &Scope::All, 1).is_empty());
}
