//! What is not archived by rule, and what becomes of it when the rule is another one.

use doctor::Ours;
use model::Position;

use super::Case;
use super::world::*;
use crate::{Exclusion, ExclusionKind, LeftOut, MailboxListing, Store, StoreError};

pub(super) const ALL: &[Case] = &[
    ("excluded_mails_are_counted_and_let_go", excluded_mails_are_counted_and_let_go),
    ("excluded_folders_are_counted", excluded_folders_are_counted),
    ("excluded_names_are_left_alone", excluded_names_are_left_alone),
    ("rules_replaced_during_a_fetch", rules_replaced_during_a_fetch),
];

fn rule(name: &str, kind: ExclusionKind, patterns: &[&str]) -> Exclusion {
    let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    Exclusion { name: name.to_owned(), kind, patterns }
}

fn senders(patterns: &[&str]) -> Exclusion {
    rule("news", ExclusionKind::Sender, patterns)
}

fn imap(uid: u32) -> Position {
    Position::Imap { uid_validity: 1, uid }
}

fn exclude(store: &Store, name: &str, positions: impl IntoIterator<Item = Position>) {
    let left = positions.into_iter().map(|position| LeftOut {
        mailbox: mailbox_id(1),
        position,
        excluded: true,
        reason: name.to_owned(),
    });
    store.leave_out(left.collect(), NOW).unwrap();
}

fn set(store: &Store, rules: &[Exclusion]) {
    store.set_exclusions(account_id(1), rules.to_vec()).unwrap();
    assert_eq!(store.exclusions(account_id(1)).unwrap(), rules);
}

fn counts(store: &Store) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = store.exclusion_counts(account_id(1)).unwrap().into_iter().collect();
    counts.sort();
    counts
}

fn again(store: &Store) -> Vec<Position> {
    let rows = store.failed_to_try(account_id(1), 3, NOW.plus_ms(-1), 10).unwrap();
    rows.into_iter().map(|(_, position)| position).collect()
}

fn ours(store: &Store) -> Vec<(u32, Ours)> {
    store.ours(mailbox_id(1), 1, 0, 100, 100).unwrap().0
}

fn excluded_mails_are_counted_and_let_go(store: &Store) {
    account(store, 1);
    set(store, &[senders(&["a.example"]), rule("spam", ExclusionKind::Spam, &[])]);
    exclude(store, "news", (1..=3).map(imap));
    // The same twice in one batch, as after a lost connection.
    exclude(store, "spam", [imap(4), imap(4)]);
    assert_eq!(counts(store), [("news".to_owned(), 3), ("spam".to_owned(), 1)]);
    assert_eq!((again(store), store.reopened(account_id(1)).unwrap()), (Vec::new(), 0));
    // More of the same kind keeps what was excluded; less lets it go.
    set(store, &[rule("spam", ExclusionKind::Spam, &[]), senders(&["b.example", "a.example"])]);
    assert_eq!(store.reopened(account_id(1)).unwrap(), 0);
    set(store, &[rule("spam", ExclusionKind::Spam, &[]), senders(&["b.example"])]);
    assert_eq!((again(store), store.reopened(account_id(1)).unwrap()), ((1..=3).map(imap).collect(), 3));
    assert_eq!(counts(store), [("spam".to_owned(), 1)]);
    // One of them comes in, one is excluded by the new rule, one waits on.
    intake(store, vec![item(1, 1, 1)]);
    exclude(store, "news", [imap(2)]);
    assert_eq!(
        ours(store),
        [(1, Ours::Archived { is_live: true }), (2, Ours::Excluded), (3, Ours::Awaited), (4, Ours::Excluded)]
    );
    assert_eq!(store.reopened(account_id(1)).unwrap(), 1);
    let all = store.counters().unwrap().accounts[0].1;
    assert_eq!((all.excluded, all.failed), (3, 0));
    // Numbered anew: what was known by the old numbers means nothing.
    store.forget_numbering(mailbox_id(1), 1).unwrap();
    assert_eq!((counts(store), again(store)), (Vec::new(), Vec::new()));
    let twice = vec![senders(&["a.example"]), senders(&["b.example"])];
    let refused = store.set_exclusions(account_id(1), twice);
    assert!(matches!(refused, Err(StoreError::Exists { .. })), "{refused:?}");
    assert_eq!(store.exclusions(account_id(1)).unwrap().len(), 2);
}

fn excluded_folders_are_counted(store: &Store) {
    account(store, 1);
    let private = rule("private", ExclusionKind::Folder, &["Privat"]);
    set(store, std::slice::from_ref(&private));
    let listing = |selected| MailboxListing {
        id: mailbox_id(2),
        name: b"Privat".to_vec(),
        display_name: "Privat".to_owned(),
        special_use: None,
        selected,
    };
    store.upsert_mailboxes(account_id(1), vec![listing(false)]).unwrap();
    let pass_by = |messages| {
        store.pass_by_mailbox(mailbox_id(2), "private".to_owned(), Some(7), Some(messages)).unwrap();
    };
    pass_by(41);
    pass_by(42);
    assert_eq!(counts(store), [("private".to_owned(), 42)]);
    let excluded = |store: &Store| store.mailboxes(account_id(1)).unwrap()[1].excluded.clone();
    assert_eq!(excluded(store).as_deref(), Some("private"));
    // It stays so while the server lists it as it was, and ends with the rule, or once it is fetched.
    store.upsert_mailboxes(account_id(1), vec![listing(false)]).unwrap();
    assert_eq!(excluded(store).as_deref(), Some("private"));
    store.forget_passed_by(account_id(1)).unwrap();
    assert_eq!((excluded(store), counts(store)), (None, Vec::new()));
    pass_by(42);
    store.upsert_mailboxes(account_id(1), vec![listing(true)]).unwrap();
    assert_eq!(excluded(store), None);
    pass_by(42);
    set(store, &[]);
    assert_eq!((excluded(store), counts(store)), (None, Vec::new()));
}

fn excluded_names_are_left_alone(store: &Store) {
    account(store, 1);
    set(store, &[senders(&["a.example"])]);
    let name = |n: u32| Position::Unique { unique_id: format!("name-{n}") };
    exclude(store, "news", (1..=5).map(name));
    let alone = |store: &Store, after: &str| {
        store.names_left_alone(mailbox_id(1), after, (3, NOW.plus_ms(-1)), 2).unwrap()
    };
    assert_eq!(alone(store, ""), ["name-1", "name-2"]);
    assert_eq!(alone(store, "name-4"), ["name-5"]);
    set(store, &[]);
    assert_eq!(alone(store, ""), Vec::<String>::new());
    assert_eq!(store.names_left_out(mailbox_id(1), "name-2", 2).unwrap(), ["name-3", "name-4"]);
}

fn rules_replaced_during_a_fetch(store: &Store) {
    account(store, 1);
    let began_with = vec![senders(&["a.example"])];
    set(store, &began_with);
    store.check_exclusions(account_id(1), began_with.clone()).unwrap();
    set(store, &[senders(&["b.example"])]);
    // The fetch does not know yet.
    exclude(store, "news", [imap(1)]);
    assert_eq!(store.reopened(account_id(1)).unwrap(), 0);
    store.check_exclusions(account_id(1), began_with).unwrap();
    assert_eq!(store.reopened(account_id(1)).unwrap(), 1);
}
