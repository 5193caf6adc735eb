//! What is wanted at the sources, and tags.

use model::{Permanence, Position, Scope};

use super::Case;
use super::standing::{HARD, bounce, handle, now, said, sent, take_in};
use super::world::*;
use crate::{
    AccountKind, Handled, Handling, MailboxListing, MailboxRole, NewAccount, Resolution, SourceAction,
    SourceOutcome, SourceState, Store,
};

pub(super) const ALL: &[Case] = &[
    ("handled_reports_are_moved", handled_reports_are_moved),
    ("nothing_is_deleted_on_a_guess", nothing_is_deleted_on_a_guess),
    ("reports_for_people_go_to_their_folder", reports_for_people_go_to_their_folder),
    ("strays_in_a_bounce_mailbox_wait", strays_in_a_bounce_mailbox_wait),
    ("failed_actions_are_given_up", failed_actions_are_given_up),
    ("renumbered_mails_are_found_again", renumbered_mails_are_found_again),
    ("rules_tag_and_move", rules_tag_and_move),
    ("tags_are_put_changed_and_removed", tags_are_put_changed_and_removed),
    ("twins_bring_their_tags", twins_bring_their_tags),
];

/// Account 1, fetched, made before its mails came.
fn fetched(store: &Store, handling: Handling) {
    let new = NewAccount {
        name: "account 1".to_owned(),
        kind: AccountKind::Imap,
        handling,
        ..NewAccount::default()
    };
    store.create_account(account_id(1), new, NOW).unwrap();
    store.upsert_mailboxes(account_id(1), vec![listing(1, "INBOX"), listing(2, "Done")]).unwrap();
}

fn listing(n: u64, name: &str) -> MailboxListing {
    MailboxListing {
        id: mailbox_id(n),
        name: name.as_bytes().to_vec(),
        display_name: name.to_owned(),
        special_use: (n == 1).then(|| "inbox".to_owned()),
        selected: true,
    }
}

fn handling(handled: Handled) -> Handling {
    Handling { handled, handled_folder: "Done".to_owned(), ..Handling::default() }
}

/// A newsletter, its bounce, and a bounce of a mail nobody knows.
fn bounces(store: &Store) {
    let seqs = take_in(store, 0..3);
    file(
        store,
        vec![
            sent(seqs[0], 0, &["tom@b.example"], model::Kind::List),
            bounce(seqs[1], 1, 0, vec![said("tom@b.example", HARD)]),
            bounce(seqs[2], 2, 77, vec![said("who@c.example", HARD)]),
        ],
    );
    handle(store);
}

/// What is due: UID and action.
fn due(store: &Store) -> Vec<(u32, SourceAction)> {
    let due = store.begin_source_actions(account_id(1), 100, now()).unwrap();
    due.into_iter().map(|action| (action.uid, action.action)).collect()
}

fn done() -> SourceAction {
    SourceAction::Move("Done".to_owned())
}

fn handled_reports_are_moved(store: &Store) {
    fetched(store, handling(Handled::Move));
    bounces(store);
    let begun = store.begin_source_actions(account_id(1), 100, now()).unwrap();
    assert_eq!(begun.len(), 1);
    assert_eq!((begun[0].uid, &begun[0].action, begun[0].is_repeated), (2, &done(), false));
    assert_eq!(begun[0].name, b"INBOX");
    // Broken off: due again after a pause, and known as repeated.
    assert_eq!(due(store), []);
    let again = store.begin_source_actions(account_id(1), 100, now().plus_ms(60_000)).unwrap();
    assert_eq!((again[0].key, again[0].is_repeated), (begun[0].key, true));
    let to = Some((mailbox_id(2), Position::Imap { uid_validity: 9, uid: 5 }));
    store
        .end_source_actions(account_id(1), vec![(begun[0].key, false, SourceOutcome::Done { to })], now())
        .unwrap();
    assert_eq!(store.live_uids(mailbox_id(1), 1, 0, 10).unwrap(), [1, 3]);
    assert_eq!(store.live_uids(mailbox_id(2), 9, 0, 10).unwrap(), [5]);
    assert_eq!(store.mailboxes(account_id(1)).unwrap().iter().map(|m| m.listed).collect::<Vec<_>>(), [1, 2]);
    // Fetched at its new place it is known, and nothing follows from it.
    let mut item = item(1, 2, 5);
    item.position = Position::Imap { uid_validity: 9, uid: 5 };
    intake(store, vec![item]);
    handle(store);
    assert_eq!(store.source_action_counts(account_id(1)).unwrap(), (0, 0));
    let rows = store.source_actions(account_id(1), SourceState::Done, None, 10).unwrap();
    assert_eq!((rows.len(), rows[0].why.as_str(), rows[0].mail), (1, "handled", mail_id(1)));
}

fn nothing_is_deleted_on_a_guess(store: &Store) {
    fetched(store, handling(Handled::Delete));
    bounces(store);
    assert_eq!(due(store), [(2, SourceAction::Delete)]);
    // One of two reports is unmatched: the mail stays.
    let seqs = take_in(store, 3..5);
    let reports = vec![said("eva@b.example", HARD), said("stranger@b.example", HARD)];
    file(
        store,
        vec![sent(seqs[0], 3, &["eva@b.example"], model::Kind::List), bounce(seqs[1], 4, 3, reports)],
    );
    handle(store);
    assert_eq!(due(store), []);
}

fn reports_for_people_go_to_their_folder(store: &Store) {
    let manual_folder = Some("Open".to_owned());
    fetched(store, Handling { manual_folder, ..handling(Handled::MarkRead) });
    bounces(store);
    let begun = store.begin_source_actions(account_id(1), 100, now()).unwrap();
    let wanted: Vec<_> = begun.iter().map(|action| (action.uid, action.action.clone())).collect();
    assert_eq!(wanted, [(2, SourceAction::MarkRead), (3, SourceAction::Move("Open".to_owned()))]);
    let outcomes = begun
        .iter()
        .map(|action| (action.key, action.action == SourceAction::MarkRead, SourceOutcome::Done { to: None }))
        .collect();
    store.end_source_actions(account_id(1), outcomes, now()).unwrap();
    assert_eq!(store.live_uids(mailbox_id(1), 1, 0, 10).unwrap(), [1, 2]);
    // A person places it: then it is handled, where it lies now.
    let mut item = item(2, 2, 8);
    item.position = Position::Imap { uid_validity: 9, uid: 8 };
    intake(store, vec![item]);
    let row = store.manual_queue(&Scope::All, None, 10).unwrap().remove(0);
    let to = Resolution::Address("who@c.example".to_owned());
    store.resolve_report(row.event.key, to, "eva".to_owned(), now()).unwrap();
    assert_eq!(due(store), [(8, SourceAction::MarkRead)]);
}

fn strays_in_a_bounce_mailbox_wait(store: &Store) {
    fetched(store, Handling { role: MailboxRole::Bounce, ..Handling::default() });
    let seqs = take_in(store, 0..1);
    file(store, vec![filed(seqs[0], 0)]);
    handle(store);
    let queue = store.manual_queue(&Scope::All, None, 10).unwrap();
    assert_eq!((queue.len(), queue[0].why.as_str(), queue[0].mail), (1, "no_report", mail_id(0)));
    let to = Resolution::Address("tom@b.example".to_owned());
    store.resolve_report(queue[0].event.key, to, "eva".to_owned(), now()).unwrap();
    let row = store.address(&Scope::All, "tom@b.example").unwrap().remove(0);
    assert_eq!(row.standing.counters.failures, 1);
    handle(store);
    assert_eq!(store.manual_queue_len().unwrap(), 0);
}

fn failed_actions_are_given_up(store: &Store) {
    fetched(store, handling(Handled::Move));
    bounces(store);
    let mut at = now();
    let mut tries = 0;
    loop {
        let begun = store.begin_source_actions(account_id(1), 100, at).unwrap();
        let Some(action) = begun.first() else { break };
        tries += 1;
        let failed = SourceOutcome::Failed("over quota".to_owned());
        store.end_source_actions(account_id(1), vec![(action.key, false, failed)], at).unwrap();
        at = at.plus_ms(7 * 60 * 60 * 1000);
    }
    assert_eq!(tries, 8);
    assert_eq!(store.source_action_counts(account_id(1)).unwrap(), (0, 1));
    let rows = store.source_actions(account_id(1), SourceState::GivenUp, None, 10).unwrap();
    assert_eq!((rows[0].attempts, rows[0].error.as_str()), (8, "over quota"));
    let events = store.events(&crate::EventFilter::default(), None, 10).unwrap();
    assert!(events.iter().any(|(_, event)| event.kind == "source.given_up"));
    assert_eq!(store.retry_source_actions(account_id(1), at).unwrap(), 1);
    assert_eq!(store.source_action_counts(account_id(1)).unwrap(), (1, 0));
    assert_eq!(store.drop_source_actions(account_id(1)).unwrap(), 1);
}

fn renumbered_mails_are_found_again(store: &Store) {
    fetched(store, handling(Handled::Move));
    bounces(store);
    let begun = store.begin_source_actions(account_id(1), 100, now()).unwrap();
    let mut item = item(1, 1, 40);
    item.position = Position::Imap { uid_validity: 2, uid: 40 };
    intake(store, vec![item]);
    let outcome = vec![(begun[0].key, false, SourceOutcome::Renumbered)];
    store.end_source_actions(account_id(1), outcome, now()).unwrap();
    let again = store.begin_source_actions(account_id(1), 100, now()).unwrap();
    assert_eq!((again[0].uid_validity, again[0].uid), (2, 40));
}

fn rules_tag_and_move(store: &Store) {
    fetched(store, handling(Handled::Move));
    let mut rules = store.bounce_rules().unwrap();
    rules.rules.push(standing::Rule {
        name: "dead".to_owned(),
        active: true,
        category: standing::Category {
            kinds: Vec::new(),
            reasons: Vec::new(),
            permanence: Some(Permanence::Permanent),
            count: 1,
            window_days: 30,
            class: None,
            lists: Vec::new(),
        },
        actions: vec![
            standing::Action::Tag("To correct".to_owned()),
            standing::Action::Move("Dead".to_owned()),
        ],
    });
    store.set_bounce_rules(rules).unwrap();
    bounces(store);
    assert_eq!(due(store), [(2, SourceAction::Move("Dead".to_owned()))]);
    let row = store.message_row(&Scope::All, mail_id(1)).unwrap().unwrap();
    assert_eq!(names(&row.tags), ["To correct"]);
}

fn names(tags: &[crate::Tag]) -> Vec<&str> {
    tags.iter().map(|tag| tag.name.as_str()).collect()
}

fn tags_are_put_changed_and_removed(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..2);
    fill(store, 2, 2..3);
    let urgent = store.create_tag("  Urgent \n", "red".to_owned(), NOW).unwrap();
    assert_eq!(urgent.name, "Urgent");
    assert!(matches!(
        store.create_tag("URGENT", "red".to_owned(), NOW),
        Err(crate::StoreError::Exists { .. })
    ));
    let mails = [mail_id(0), mail_id(1), mail_id(2)];
    let add = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let before = store.last_change().unwrap();
    // Mails of others stay as they are.
    let done = store
        .tag_messages(&scope(&[1]), &mails, add(&["urgent", "New one"]), Vec::new(), eva(), NOW)
        .unwrap();
    assert_eq!(done, 2);
    let tags_of = |n: u64| {
        let row = store.message_row(&Scope::All, mail_id(n)).unwrap().unwrap();
        row.tags.into_iter().map(|tag| tag.name).collect::<Vec<_>>()
    };
    assert_eq!((tags_of(0), tags_of(2)), (add(&["New one", "Urgent"]), Vec::new()));
    // The index hears of it.
    let changes = store.changed_since(before, 10).unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|change| match change {
            crate::Change::Put(message) => message.tags.clone(),
            crate::Change::Delete { .. } => Vec::new(),
        })
        .collect();
    assert_eq!(told, [add(&["New one", "Urgent"]), add(&["New one", "Urgent"])]);
    let before = store.last_change().unwrap();
    store.change_tag(urgent.key, "Later", "blue".to_owned()).unwrap();
    assert_eq!(store.changed_since(before, 10).unwrap().len(), 2);
    assert_eq!(
        store.tag_messages(&Scope::All, &mails[..1], Vec::new(), vec![urgent.key], eva(), NOW).unwrap(),
        1
    );
    assert_eq!((tags_of(0), tags_of(1)), (add(&["New one"]), add(&["Later", "New one"])));
    store.remove_tag(urgent.key).unwrap();
    assert_eq!((names(&store.tags().unwrap()), tags_of(1)), (vec!["New one"], add(&["New one"])));
    assert!(store.remove_tag(urgent.key).is_err());
}

/// Two messages that turn out to be one keep the tags of both.
fn twins_bring_their_tags(store: &Store) {
    account(store, 1);
    let seqs = take_in(store, 0..2);
    file(store, vec![filed(seqs[0], 0), filed(seqs[1], 1)]);
    let tag = |n: u64, name: &str| {
        store.tag_messages(&Scope::All, &[mail_id(n)], vec![name.to_owned()], Vec::new(), eva(), NOW).unwrap()
    };
    tag(0, "First");
    tag(0, "Shared");
    tag(1, "Second");
    tag(1, "Shared");
    let last = store.last_change().unwrap();
    let mut twin = filed(seqs[1], 1);
    twin.message_key = filed(seqs[0], 0).message_key;
    file(store, vec![twin]);
    for n in 0..2 {
        let row = store.message(&Scope::All, mail_id(n)).unwrap().unwrap().row;
        assert_eq!(names(&row.tags), ["First", "Second", "Shared"]);
    }
    let changes = store.changed_since(last, 10).unwrap();
    let told = changes.iter().any(|change| match change {
        crate::Change::Put(message) => message.tags.len() == 3,
        crate::Change::Delete { .. } => false,
    });
    assert!(told, "{changes:?}");
}
