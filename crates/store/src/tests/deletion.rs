//! Deleted messages: hidden here, and there where an account says so.

use model::{Position, Scope};

use super::Case;
use super::world::*;
use crate::{
    AccountKind, Change, EventFilter, Hidden, Keeping, ListFilter, MailboxListing, NewAccount,
    SharedSettings, SourceAction, SourceOutcome, SourceState, Store,
};

pub(super) const ALL: &[Case] = &[
    ("deleted_ones_are_hidden", deleted_ones_are_hidden),
    ("only_what_one_may_read_is_deleted", only_what_one_may_read_is_deleted),
    ("a_deletion_survives_a_rebuild", a_deletion_survives_a_rebuild),
    ("nobody_deleted_what_a_twin_joins", nobody_deleted_what_a_twin_joins),
    ("deleted_here_is_deleted_there", deleted_here_is_deleted_there),
    ("bins_maildrops_and_graph", bins_maildrops_and_graph),
];

fn delete(store: &Store, scope: &Scope, mails: &[u64]) -> Hidden {
    let mails: Vec<_> = mails.iter().map(|n| mail_id(*n)).collect();
    store.delete_messages(scope, &mails, eva(), NOW).unwrap()
}

fn restore(store: &Store, mails: &[u64]) -> Hidden {
    let mails: Vec<_> = mails.iter().map(|n| mail_id(*n)).collect();
    store.restore_messages(&Scope::All, &mails, eva(), NOW).unwrap()
}

fn bin() -> ListFilter {
    ListFilter { deleted: true, ..ListFilter::default() }
}

fn all(store: &Store) -> Vec<String> {
    subjects(store, &Scope::All, &ListFilter::default())
}

fn deleted_ones_are_hidden(store: &Store) {
    account(store, 1);
    fill(store, 1, 0..4);
    let before = store.last_change().unwrap();
    let done = delete(store, &Scope::All, &[1, 2, 77]);
    assert_eq!((done.changed, done.unchanged, done.sources.len()), (vec![mail_id(1), mail_id(2)], 0, 0));
    assert_eq!(all(store), ["mail 3", "mail 0"]);
    assert_eq!(subjects(store, &Scope::All, &bin()), ["mail 2", "mail 1"]);
    let of_mailbox = ListFilter { mailbox: Some(mailbox_id(1)), ..ListFilter::default() };
    assert_eq!(subjects(store, &scope(&[1]), &of_mailbox), ["mail 3", "mail 0"]);
    assert_eq!(store.count(&scope(&[1]), &bin()).unwrap(), 2);
    assert_eq!(store.mailboxes(account_id(1)).unwrap()[0].listed, 2);
    // What came is counted all the same, and the mail can be read.
    let arrivals = store.arrivals(account_id(1), NOW, NOW.plus_ms(10 * 3_600_000)).unwrap();
    assert_eq!(arrivals.hours.iter().map(|(_, n)| n).sum::<u64>(), 4);
    let row = store.message(&Scope::All, mail_id(1)).unwrap().unwrap().row;
    assert_eq!(row.deleted, Some(NOW));
    let told: Vec<_> = store.changed_since(before, 10).unwrap();
    assert!(
        matches!(told.as_slice(), [Change::Put(a), Change::Put(b)] if a.deleted && b.deleted),
        "{told:?}"
    );
    let again = delete(store, &Scope::All, &[2, 3]);
    assert_eq!((again.changed, again.unchanged), (vec![mail_id(3)], 1));
    let back = restore(store, &[0, 1, 2, 3]);
    assert_eq!((back.changed.len(), back.unchanged), (3, 1));
    assert_eq!(all(store).len(), 4);
    assert_eq!(store.count(&Scope::All, &bin()).unwrap(), 0);
    for (kind, count) in [("mail.deleted", 3), ("mail.restored", 3)] {
        let filter = EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
        let events = store.events(&filter, None, 10).unwrap();
        assert_eq!(events.len(), count, "{kind}");
        assert_eq!(events[0].1.payload, "{\"user\":\"Eva ?E?\"}");
    }
}

fn only_what_one_may_read_is_deleted(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..2);
    fill(store, 2, 10..12);
    assert_eq!(delete(store, &scope(&[1]), &[0, 10]).changed, [mail_id(0)]);
    assert_eq!(delete(store, &scope(&[]), &[1]), Hidden { due: NOW.plus_ms(10_000), ..Hidden::default() });
    assert_eq!(all(store), ["mail 11", "mail 10", "mail 1"]);
    // Those of several accounts are counted once, deleted or not.
    intake(store, vec![item(0, 2, 50), item(1, 2, 51)]);
    assert_eq!(store.count(&scope(&[1, 2]), &bin()).unwrap(), 1);
    assert_eq!(store.count(&scope(&[1, 2]), &ListFilter::default()).unwrap(), 3);
    assert_eq!(subjects(store, &scope(&[2]), &bin()), ["mail 0"]);
}

fn a_deletion_survives_a_rebuild(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..2);
    delete(store, &Scope::All, &[1]);
    while !store.reset_derived(1).unwrap().done {}
    file(store, vec![filed(seqs[0], 0), filed(seqs[1], 1)]);
    assert_eq!(all(store), ["mail 0"]);
    assert_eq!(subjects(store, &Scope::All, &bin()), ["mail 1"]);
}

fn nobody_deleted_what_a_twin_joins(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..3);
    delete(store, &Scope::All, &[1]);
    // Mail 1 turns out to be a twin of 0, which nobody deleted.
    let mut twin = filed(seqs[1], 1);
    twin.message_key = filed(seqs[0], 0).message_key;
    file(store, vec![twin]);
    assert_eq!(all(store), ["mail 2", "mail 0"]);
    // Then both are deleted as one, and each stays deleted where it turns out to be one of its own.
    delete(store, &Scope::All, &[1]);
    assert_eq!(all(store), ["mail 2"]);
    file(store, vec![filed(seqs[1], 1)]);
    assert_eq!(all(store), ["mail 2"]);
    assert_eq!(subjects(store, &Scope::All, &bin()), ["mail 1", "mail 0"]);
}

/// Account `n` with an inbox and a second mailbox, `10 * n + 1`.
fn fetched(store: &Store, n: u64, kind: AccountKind, second: Option<&str>, mirrored: bool) {
    let new = NewAccount { name: format!("account {n}"), kind, ..NewAccount::default() };
    store.create_account(account_id(n), new, NOW).unwrap();
    let listing = |id, name: &str, special_use: Option<&str>| MailboxListing {
        id: mailbox_id(id),
        name: name.as_bytes().to_vec(),
        display_name: name.to_owned(),
        special_use: special_use.map(str::to_owned),
        selected: true,
    };
    let listings = vec![listing(n, "INBOX", Some("inbox")), listing(10 * n + 1, "Second", second)];
    store.upsert_mailboxes(account_id(n), listings).unwrap();
    store.set_keeping(account_id(n), Keeping { mirrored, ..Keeping::default() }, NOW).unwrap();
}

fn due(store: &Store, n: u64, after_ms: i64) -> Vec<(u32, String, SourceAction)> {
    let due = store.begin_source_actions(account_id(n), 100, NOW.plus_ms(after_ms)).unwrap();
    due.into_iter().map(|action| (action.uid, action.unique_id, action.action)).collect()
}

fn deleted_here_is_deleted_there(store: &Store) {
    fetched(store, 1, AccountKind::Imap, Some("sent"), true);
    fetched(store, 2, AccountKind::Imap, None, false);
    fill(store, 1, 0..3);
    // Mail 0 lies in the second mailbox as well, and in an account that keeps what is deleted here.
    intake(store, vec![item(0, 11, 7), item(0, 2, 8)]);
    let done = delete(store, &Scope::All, &[0, 1]);
    assert_eq!((done.sources, done.due), (vec![account_id(1)], NOW.plus_ms(10_000)));
    assert!(due(store, 1, 9_999).is_empty());
    assert_eq!(restore(store, &[1]).changed, [mail_id(1)]);
    let delete_of = |uid| (uid, String::new(), SourceAction::Delete);
    assert_eq!(due(store, 1, 10_000), [delete_of(1), delete_of(7)]);
    assert!(due(store, 2, 10_000).is_empty());
    // Who may not read the account does not delete in it.
    delete(store, &scope(&[2]), &[0]);
    restore(store, &[0]);
    assert_eq!(store.source_action_counts(account_id(1)).unwrap(), (0, 0));
    assert!(delete(store, &scope(&[2]), &[0]).sources.is_empty());
    restore(store, &[0]);
    let all = SharedSettings { mirrored: Some(true), ..SharedSettings::default() };
    store.change_accounts(vec![account_id(2)], all, NOW).unwrap();
    assert_eq!(delete(store, &scope(&[2]), &[0]).sources, [account_id(2)]);
    // What is done is done: a restoration shows the mail here, and its place is gone.
    let begun = store.begin_source_actions(account_id(2), 10, NOW.plus_ms(10_000)).unwrap();
    store.end_source_actions(account_id(2), vec![(begun[0].key, false, SourceOutcome::Gone)], NOW).unwrap();
    restore(store, &[0]);
    assert!(store.live_uids(mailbox_id(2), 1, 0, 10).unwrap().is_empty());
    let rows = store.source_actions(account_id(2), SourceState::Done, None, 10).unwrap();
    assert_eq!((rows.len(), rows[0].why.as_str()), (1, "deleted_here"));
}

fn bins_maildrops_and_graph(store: &Store) {
    fetched(store, 1, AccountKind::Imap, Some("trash"), true);
    fetched(store, 2, AccountKind::Pop3, None, true);
    fetched(store, 3, AccountKind::Graph, Some("trash"), true);
    let named = |content, mailbox, name: &str| {
        let mut item = item(content, mailbox, 0);
        item.position = Position::Unique { unique_id: name.to_owned() };
        item
    };
    // The second one lies where deleted mails lie already.
    let items = vec![item(0, 1, 1), item(1, 11, 2), named(2, 2, "drop"), named(3, 3, "graph")];
    let seqs: Vec<i64> = intake(store, items).iter().map(seq).collect();
    file(store, seqs.iter().zip(0..).map(|(seq, n)| filed(*seq, n)).collect());
    let done = delete(store, &Scope::All, &[0, 1, 2, 3]);
    assert_eq!(done.sources, [account_id(1), account_id(2), account_id(3)]);
    assert_eq!(due(store, 1, 10_000), [(1, String::new(), SourceAction::Move("Second".to_owned()))]);
    assert_eq!(due(store, 2, 10_000), [(0, "drop".to_owned(), SourceAction::Delete)]);
    assert_eq!(due(store, 3, 10_000), [(0, "graph".to_owned(), SourceAction::Delete)]);
    // The deletion of mails that are old enough needs nothing of it.
    assert!(store.names_to_delete(account_id(2), 10, NOW).unwrap().is_empty());
}
