//! What stays at the source.

use model::{Position, UnixMillis};

use super::Case;
use super::standing::take_in;
use super::world::*;
use crate::{
    AccountKind, AfterFetch, Keeping, MailboxListing, NewAccount, SourceAction, SourceOutcome, Store,
};

pub(super) const ALL: &[Case] = &[
    ("old_mails_go_when_their_days_are_over", old_mails_go_when_their_days_are_over),
    ("fresh_mails_are_moved_once_they_are_read", fresh_mails_are_moved_once_they_are_read),
    ("names_of_pop3_mails_go_too", names_of_pop3_mails_go_too),
];

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Account 1 with an inbox, a mailbox beside it and what was sent.
fn fetched(store: &Store, keeping: &Keeping) {
    let new = NewAccount { name: "account 1".to_owned(), kind: AccountKind::Imap, ..NewAccount::default() };
    store.create_account(account_id(1), new, NOW).unwrap();
    let listing = |n: u64, name: &str, special_use: Option<&str>| MailboxListing {
        id: mailbox_id(n),
        name: name.as_bytes().to_vec(),
        display_name: name.to_owned(),
        special_use: special_use.map(str::to_owned),
        selected: true,
    };
    let list = vec![
        listing(1, "INBOX", Some("inbox")),
        listing(2, "Kunden", None),
        listing(3, "Sent", Some("sent")),
    ];
    store.upsert_mailboxes(account_id(1), list).unwrap();
    store.set_keeping(account_id(1), keeping.clone(), NOW).unwrap();
    assert_eq!(store.keeping(account_id(1)).unwrap(), *keeping);
}

/// What is due: UID and action.
fn due(store: &Store, now: UnixMillis) -> Vec<(u32, SourceAction)> {
    let due = store.begin_source_actions(account_id(1), 100, now).unwrap();
    due.into_iter().map(|action| (action.uid, action.action)).collect()
}

fn days(n: i64) -> UnixMillis {
    NOW.plus_ms(n * DAY_MS + 60_000)
}

fn old_mails_go_when_their_days_are_over(store: &Store) {
    fetched(store, &Keeping { delete_after_days: Some(3), ..Keeping::default() });
    let seqs = take_in(store, 0..2);
    intake(store, vec![item(7, 3, 9), item(8, 2, 4)]);
    file(store, vec![filed(seqs[0], 0)]);
    // Young; and afterwards one of them is not read yet, nor is the one in the other mailbox, and what was sent stays.
    assert_eq!(store.keep_at_source(account_id(1), 10, days(2)).unwrap(), 0);
    assert_eq!(store.count_deletable(account_id(1), 3, days(4)).unwrap(), 1);
    assert_eq!(store.count_deletable(account_id(1), 30, days(4)).unwrap(), 0);
    assert_eq!(store.keep_at_source(account_id(1), 10, days(4)).unwrap(), 1);
    assert_eq!(store.keep_at_source(account_id(1), 10, days(4)).unwrap(), 0);
    let begun = store.begin_source_actions(account_id(1), 100, days(4)).unwrap();
    assert_eq!((begun.len(), begun[0].uid, &begun[0].action), (1, 1, &SourceAction::Delete));
    let done = vec![(begun[0].key, false, SourceOutcome::Done { to: None })];
    store.end_source_actions(account_id(1), done, days(4)).unwrap();
    assert_eq!(store.live_uids(mailbox_id(1), 1, 0, 10).unwrap(), [2]);
    file(store, vec![filed(seqs[1], 1)]);
    // At most as many as asked for.
    assert_eq!(store.keep_at_source(account_id(1), 0, days(4)).unwrap(), 0);
    assert_eq!(store.keep_at_source(account_id(1), 10, days(4)).unwrap(), 1);
    assert_eq!(due(store, days(4)), [(2, SourceAction::Delete)]);
}

fn fresh_mails_are_moved_once_they_are_read(store: &Store) {
    fetched(store, &Keeping::default());
    let old = take_in(store, 0..1);
    file(store, vec![filed(old[0], 0)]);
    let keeping = Keeping {
        fetched: AfterFetch::Move,
        fetched_folder: "Abgeholt".to_owned(),
        failed_folder: Some("Kaputt".to_owned()),
        ..Keeping::default()
    };
    // Only what comes from now on.
    store.set_keeping(account_id(1), keeping, NOW.plus_ms(1)).unwrap();
    assert_eq!(store.keep_at_source(account_id(1), 10, NOW.plus_ms(1)).unwrap(), 0);
    store.set_keeping(account_id(1), store.keeping(account_id(1)).unwrap(), NOW).unwrap();
    let seqs = take_in(store, 1..3);
    for _ in 0..3 {
        store.fail_step(seqs[1], "parse".to_owned(), "too deep".to_owned(), NOW, NOW).unwrap();
    }
    // Of three one waits to be read: it is looked at again.
    store.keep_at_source(account_id(1), 10, NOW.plus_ms(5)).unwrap();
    assert_eq!(
        due(store, NOW.plus_ms(5)),
        [(1, SourceAction::Move("Abgeholt".to_owned())), (3, SourceAction::Move("Kaputt".to_owned()))]
    );
    file(store, vec![filed(seqs[0], 1)]);
    store.keep_at_source(account_id(1), 10, NOW.plus_ms(10)).unwrap();
    assert_eq!(due(store, NOW.plus_ms(10)), [(2, SourceAction::Move("Abgeholt".to_owned()))]);
    // All before is settled.
    assert_eq!(store.keep_at_source(account_id(1), 10, NOW.plus_ms(20)).unwrap(), 0);
}

fn names_of_pop3_mails_go_too(store: &Store) {
    fetched(store, &Keeping { delete_after_days: Some(0), ..Keeping::default() });
    let mut items: Vec<_> = (0..2).map(|n| item(n, 1, n as u32 + 1)).collect();
    for (n, item) in items.iter_mut().enumerate() {
        item.position = Position::Unique { unique_id: format!("name-{n}") };
    }
    let seqs: Vec<i64> = intake(store, items).iter().map(seq).collect();
    assert_eq!(store.names_to_delete(account_id(1), 10, days(0)).unwrap(), []);
    file(store, vec![filed(seqs[1], 1)]);
    let names = store.names_to_delete(account_id(1), 10, days(0)).unwrap();
    assert_eq!(names, [(mailbox_id(1), "name-1".to_owned())]);
    let position = Position::Unique { unique_id: "name-1".to_owned() };
    store.mark_gone(mailbox_id(1), vec![position], days(0)).unwrap();
    assert_eq!(store.names_to_delete(account_id(1), 10, days(0)).unwrap(), []);
}
