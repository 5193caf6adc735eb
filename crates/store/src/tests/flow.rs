//! Threads, quarantine, making everything anew, many at once.

use model::{Scope, ThreadId};

use super::Case;
use super::world::*;
use crate::{Change, FailedStep, Filed, ListFilter, ListOrder, ListStart, Store, StoreError};

pub(super) const ALL: &[Case] = &[
    ("threads_in_any_order", threads_in_any_order),
    ("threads_merge", threads_merge),
    ("third_failure_quarantines", third_failure_quarantines),
    ("quarantined_becomes_a_twin", quarantined_becomes_a_twin),
    ("anew_gives_the_same", anew_gives_the_same),
    ("many_at_once", many_at_once),
    ("failed_write_hurts_no_other", failed_write_hurts_no_other),
];

/// Mail `content` that names the mails `refers`.
fn reply(seq: i64, content: u64, refers: &[u64]) -> Filed {
    let mut mail = filed(seq, content);
    mail.nodes.extend(refers.iter().map(|n| id(9, *n)));
    mail
}

fn thread_of(store: &Store, content: u64) -> ThreadId {
    store.message_row(&Scope::All, mail_id(content)).unwrap().unwrap().thread_id
}

fn thread_subjects(store: &Store, scope: &Scope, thread: ThreadId) -> Vec<String> {
    store.thread(scope, thread, 100).unwrap().into_iter().map(|row| row.subject).collect()
}

fn threads_in_any_order(store: &Store) {
    account(store, 1);
    account(store, 2);
    let items = [(1, 1), (2, 1), (3, 2), (4, 1)].map(|(n, mailbox)| item(n, mailbox, n as u32));
    let seqs: Vec<i64> = intake(store, items.into()).iter().map(seq).collect();
    // The answer is filed before what it answers.
    file(store, vec![reply(seqs[1], 2, &[1])]);
    file(store, vec![reply(seqs[0], 1, &[]), reply(seqs[2], 3, &[2, 1]), reply(seqs[3], 4, &[])]);
    let thread = thread_of(store, 2);
    assert_eq!(thread_of(store, 1), thread);
    assert_ne!(thread_of(store, 4), thread);
    assert_eq!(thread_subjects(store, &Scope::All, thread), ["mail 1", "mail 2", "mail 3"]);
    assert_eq!(thread_subjects(store, &scope(&[2]), thread), ["mail 3"]);
    assert!(thread_subjects(store, &scope(&[]), thread).is_empty());
    let row = |scope: &Scope| store.message_row(scope, mail_id(3)).unwrap().unwrap();
    assert_eq!((row(&Scope::All).thread_count, row(&scope(&[2])).thread_count), (3, 1));
}

fn threads_merge(store: &Store) {
    account(store, 1);
    let seqs: Vec<i64> =
        intake(store, (1..8).map(|n| item(n, 1, n as u32)).collect()).iter().map(seq).collect();
    for (at, seq) in seqs.iter().enumerate().take(5) {
        file(store, vec![reply(*seq, at as u64 + 1, &[])]);
    }
    let old = thread_of(store, 5);
    let last = store.last_change().unwrap();
    file(store, vec![reply(seqs[5], 6, &[4, 5])]);
    let changed: Vec<i64> = store.changed_since(last, 10).unwrap().iter().map(changed_seq).collect();
    assert_eq!(changed, [seqs[5], seqs[4]]);
    // A second merge: what was merged into a loser follows.
    file(store, vec![reply(seqs[6], 7, &[2, 5])]);
    let thread = thread_of(store, 2);
    for n in [4, 5, 6, 7] {
        assert_eq!(thread_of(store, n), thread);
    }
    // An id from before the merges still leads to the thread.
    assert_eq!(thread_subjects(store, &Scope::All, old).len(), 5);
    assert_ne!(thread_of(store, 3), thread);
    // Nodes of threads merged away are known under the winner.
    let late = seq(&intake(store, vec![item(9, 1, 99)])[0]);
    file(store, vec![reply(late, 9, &[5])]);
    assert_eq!(thread_of(store, 9), thread);
}

fn changed_seq(change: &Change) -> i64 {
    match change {
        Change::Put(message) => message.seq,
        Change::Delete { seq, .. } => *seq,
    }
}

fn fail(store: &Store, seq: i64) -> FailedStep {
    store.fail_step(seq, "parse".to_owned(), "it hurts".to_owned(), NOW, NOW).unwrap()
}

fn third_failure_quarantines(store: &Store) {
    account(store, 1);
    account(store, 2);
    let seqs: Vec<i64> = intake(store, vec![item(1, 1, 1), item(2, 1, 2)]).iter().map(seq).collect();
    assert_eq!(fail(store, seqs[0]), FailedStep { attempts: 1, quarantined: false });
    assert_eq!(store.received(10, 0).unwrap()[0].attempts, 1);
    assert_eq!(fail(store, seqs[0]), FailedStep { attempts: 2, quarantined: false });
    assert!(store.quarantined(&Scope::All, None, 10).unwrap().is_empty());
    assert_eq!(fail(store, seqs[0]), FailedStep { attempts: 3, quarantined: true });
    assert!(matches!(
        store.fail_step(seqs[0], "x".to_owned(), "x".to_owned(), NOW, NOW),
        Err(StoreError::Missing { .. })
    ));
    let row = store.message_row(&Scope::All, mail_id(1)).unwrap().unwrap();
    assert!(row.quarantined && row.defects && row.date == NOW);
    assert!(store.changed_since(0, 10).unwrap().iter().any(|c| matches!(c, Change::Put(m) if m.quarantined)));
    let detail = store.message(&Scope::All, mail_id(1)).unwrap().unwrap();
    assert_eq!((detail.verdict, detail.quarantine_reason.as_deref()), (None, Some("it hurts")));
    let found = store.quarantined(&scope(&[1]), None, 10).unwrap();
    assert_eq!((found.len(), found[0].attempts, found[0].mail_id), (1, 3, mail_id(1)));
    assert!(store.quarantined(&scope(&[2]), None, 10).unwrap().is_empty());
    let counters = store.counters().unwrap();
    assert_eq!((counters.received, counters.filed, counters.quarantined), (1, 0, 1));
    assert_eq!(counters.accounts[0].1.quarantined, 1);
    store.retry(mail_id(1)).unwrap();
    assert!(matches!(store.retry(mail_id(2)), Err(StoreError::Missing { .. })));
    assert_eq!(store.received(10, 0).unwrap().len(), 2);
    // Still listed, until it is filed properly.
    assert_eq!(subjects(store, &Scope::All, &ListFilter::default()), [""]);
    file(store, vec![filed(seqs[0], 1)]);
    assert_eq!(subjects(store, &Scope::All, &ListFilter::default()), ["mail 1"]);
    assert!(store.quarantined(&Scope::All, None, 10).unwrap().is_empty());
}

fn quarantined_becomes_a_twin(store: &Store) {
    account(store, 1);
    let seqs: Vec<i64> = intake(store, vec![item(1, 1, 1), item(2, 1, 2)]).iter().map(seq).collect();
    for _ in 0..3 {
        fail(store, seqs[0]);
    }
    file(store, vec![filed(seqs[1], 2)]);
    assert_eq!(store.count(&Scope::All, &ListFilter::default()).unwrap(), 2);
    store.retry(mail_id(1)).unwrap();
    let mut twin = filed(seqs[0], 1);
    twin.message_key = filed(0, 2).message_key;
    file(store, vec![twin]);
    assert_eq!(subjects(store, &scope(&[1]), &ListFilter::default()), ["mail 2"]);
}

fn anew_gives_the_same(store: &Store) {
    account(store, 1);
    let seqs: Vec<i64> =
        intake(store, (0..10).map(|n| item(n, 1, n as u32 + 1)).collect()).iter().map(seq).collect();
    let batch = || -> Vec<Filed> {
        let mails = seqs.iter().zip(0..10).map(|(seq, n)| {
            let mut mail = reply(*seq, n, &[n / 3 * 3]);
            if n == 7 {
                mail.message_key = filed(0, 6).message_key;
            }
            mail
        });
        mails.collect()
    };
    file(store, batch());
    let rows = || {
        let list =
            store.list(&Scope::All, &ListFilter::default(), ListOrder::Descending, ListStart::Top, 100);
        list.unwrap().rows
    };
    let before = rows();
    assert_eq!(before.len(), 9);
    let last = store.last_change().unwrap();
    let mut steps = 0;
    loop {
        let progress = store.reset_derived(4).unwrap();
        steps += 1;
        // Lists keep what they showed.
        assert_eq!(rows(), before);
        if progress.done {
            break;
        }
    }
    assert_eq!((steps, store.received(100, 0).unwrap().len()), (3, 10));
    let mut again = batch();
    let second = again.split_off(5);
    file(store, again);
    file(store, second);
    assert_eq!(rows(), before);
    assert_eq!(store.changed_since(last, 100).unwrap().len(), 10);
    assert!(store.reset_derived(100).unwrap().done);
}

fn many_at_once(store: &Store) {
    for n in 0..4 {
        account(store, n);
    }
    std::thread::scope(|threads| {
        for n in 0..4_u64 {
            threads.spawn(move || {
                for round in 0..5 {
                    let from = n * 1000 + round * 20;
                    fill(store, n, from..from + 20);
                    // The same octets in everybody's mailbox, at the same time.
                    intake(store, vec![item(50_000 + round, n, 900 + round as u32)]);
                }
            });
            threads.spawn(move || {
                for round in 0..30 {
                    store.set_setting(format!("s{n}"), Some(round.to_string())).unwrap();
                    store.append_events(vec![event(n * 100 + round, "x")]).unwrap();
                    store.counters().unwrap();
                }
            });
        }
    });
    let waiting: Vec<i64> = store.received(100, 0).unwrap().iter().map(|mail| mail.seq).collect();
    assert_eq!(waiting.len(), 5);
    file(store, waiting.iter().zip(50_000..).map(|(seq, n)| filed(*seq, n)).collect());
    assert_eq!(store.count(&Scope::All, &ListFilter::default()).unwrap(), 405);
    assert_eq!(store.count(&scope(&[1, 2]), &ListFilter::default()).unwrap(), 205);
    assert_eq!(store.event_count().unwrap(), 120);
    let changes: Vec<i64> = store.changed_since(0, 1000).unwrap().iter().map(Change::change_seq).collect();
    assert_eq!(changes.len(), 405);
    assert!(changes.is_sorted());
}

fn failed_write_hurts_no_other(store: &Store) {
    account(store, 1);
    std::thread::scope(|threads| {
        for n in 0..8_u64 {
            threads.spawn(move || {
                for round in 0..10 {
                    let name = format!("s{n}.{round}");
                    store.set_setting(name, Some("1".to_owned())).unwrap();
                    let error = store.remove_account(account_id(99), NOW).unwrap_err();
                    assert!(matches!(error, StoreError::Missing { what: "account", .. }));
                    let new = crate::NewAccount { name: "account 1".to_owned(), ..Default::default() };
                    let error = store.create_account(account_id(100 + n), new, NOW).unwrap_err();
                    assert!(matches!(error, StoreError::Exists { what: "account name" }), "{error}");
                }
            });
        }
    });
    assert_eq!(store.settings().unwrap().len(), 80);
    assert_eq!(store.accounts(true).unwrap().len(), 1);
}
