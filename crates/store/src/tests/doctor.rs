//! What the doctor keeps.

use doctor::{Expiring, ExpiryKind, Kind, LedgerRow, Ours, Quota, Reason, Severity, Tally};
use model::{OutgoingId, Position, UnixMillis};

use super::Case;
use super::world::*;
use crate::{Channel, LeftOut, NewCondition, NewOutgoing, Store};

pub(super) const ALL: &[Case] = &[
    ("conditions_come_and_go", conditions_come_and_go),
    ("expiries_and_quotas", expiries_and_quotas),
    ("positions_are_known", positions_are_known),
    ("names_are_known", names_are_known),
    ("ledgers_are_kept", ledgers_are_kept),
    ("mails_are_fetched_anew", mails_are_fetched_anew),
    ("times_of_a_clock_ahead_are_brought_back", times_of_a_clock_ahead_are_brought_back),
    ("arrivals_by_the_hour", arrivals_by_the_hour),
];

fn found(severity: Severity, since: i64) -> NewCondition {
    NewCondition {
        id: "account.failing:1".to_owned(),
        kind: Kind::AccountFailing,
        severity,
        account: Some(account_id(1)),
        since: NOW.plus_ms(since),
        details: "{}".to_owned(),
    }
}

fn conditions_come_and_go(store: &Store) {
    account(store, 1);
    let (first, long_ago) = (found(Severity::Warning, -9), NOW.plus_ms(-1000));
    store
        .set_conditions(vec![first.clone()], vec![], vec![event(1, "account.failing")], NOW, long_ago)
        .unwrap();
    let later = NOW.plus_ms(5);
    store.set_conditions(vec![found(Severity::Critical, -2)], vec![], vec![], later, long_ago).unwrap();
    let open = store.conditions().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].what.severity, open[0].what.since), (Severity::Critical, first.since));
    assert_eq!((open[0].first_seen, open[0].last_seen, open[0].ended), (NOW, later, None));
    assert_eq!(open[0].what.account, Some(account_id(1)));
    store.set_conditions(vec![], vec![first.id.clone()], vec![], later, long_ago).unwrap();
    assert_eq!((store.conditions().unwrap().len(), store.ended_conditions(9).unwrap().len()), (0, 1));
    // It is back: it begins anew.
    let again = later.plus_ms(7);
    store.set_conditions(vec![found(Severity::Warning, 11)], vec![], vec![], again, long_ago).unwrap();
    let open = store.conditions().unwrap();
    assert_eq!((open[0].first_seen, open[0].what.since), (again, NOW.plus_ms(11)));
    store.set_conditions(vec![], vec![first.id], vec![], again, long_ago).unwrap();
    store.set_conditions(vec![], vec![], vec![], again, again.plus_ms(1)).unwrap();
    assert_eq!(store.ended_conditions(9).unwrap(), []);
}

fn expiries_and_quotas(store: &Store) {
    account(store, 1);
    let name = || "imap.example".to_owned();
    store.set_expiry(ExpiryKind::Certificate, Some(account_id(1)), name(), Some(NOW), NOW).unwrap();
    store.set_expiry(ExpiryKind::Secret, None, "app".to_owned(), Some(NOW), NOW).unwrap();
    store
        .set_expiry(ExpiryKind::Certificate, Some(account_id(1)), name(), Some(NOW.plus_ms(1)), NOW)
        .unwrap();
    let certificate = Expiring {
        kind: ExpiryKind::Certificate,
        name: name(),
        account: Some(account_id(1)),
        ends: NOW.plus_ms(1),
    };
    let secret = Expiring { kind: ExpiryKind::Secret, name: "app".to_owned(), account: None, ends: NOW };
    assert_eq!(store.expiries().unwrap(), [certificate, secret.clone()]);
    let quota = Quota { used_octets: 1, limit_octets: 1 << 40 };
    store.set_quota(account_id(1), Some(quota), NOW).unwrap();
    assert_eq!(store.quotas().unwrap(), [(account_id(1), quota)]);
    store.remove_account(account_id(1), NOW).unwrap();
    assert_eq!((store.expiries().unwrap(), store.quotas().unwrap()), (vec![secret], vec![]));
    store.set_expiry(ExpiryKind::Secret, None, "app".to_owned(), None, NOW).unwrap();
    assert_eq!(store.expiries().unwrap(), []);
}

fn left_out(uid: u32, excluded: bool) -> LeftOut {
    let position = Position::Imap { uid_validity: 1, uid };
    LeftOut { mailbox: mailbox_id(1), position, excluded, reason: "fetch-refused no".to_owned() }
}

fn positions_are_known(store: &Store) {
    account(store, 1);
    let outcomes = intake(store, (1..=5).map(|n| item(n, 1, n as u32)).collect());
    store.leave_out(vec![left_out(7, true), left_out(9, false)], NOW).unwrap();
    for _ in 0..3 {
        store.fail_step(seq(&outcomes[1]), "parse".to_owned(), "x".to_owned(), NOW, NOW).unwrap();
    }
    store.mark_gone(mailbox_id(1), vec![Position::Imap { uid_validity: 1, uid: 3 }], NOW).unwrap();
    let live = Ours::Archived { is_live: true };
    let all = [
        (1, live),
        (2, Ours::Quarantined { is_live: true }),
        (3, Ours::Archived { is_live: false }),
        (4, live),
        (5, live),
        (7, Ours::Excluded),
        (9, Ours::Failed),
    ];
    let ours = |after, to, limit| store.ours(mailbox_id(1), 1, after, to, limit).unwrap();
    assert_eq!(ours(0, u32::MAX, 100), (all.to_vec(), u32::MAX));
    assert_eq!(ours(0, u32::MAX, 3), (all[..3].to_vec(), 3));
    assert_eq!(ours(3, 7, 100), (all[3..6].to_vec(), 7));
    assert_eq!(store.ours(mailbox_id(1), 2, 0, u32::MAX, 100).unwrap().0, []);
    let quarantined = store.quarantined_since(NOW).unwrap();
    assert_eq!((quarantined, store.quarantined_since(NOW.plus_ms(1)).unwrap().0), ((1, Some(NOW)), 0));
}

fn names_are_known(store: &Store) {
    account(store, 1);
    let long = "x".repeat(3000);
    let named = |n: u64, name: &str| {
        let position = Position::Unique { unique_id: name.to_owned() };
        crate::IntakeItem { position, ..item(n, 1, 0) }
    };
    intake(store, vec![named(1, "a"), named(2, &long)]);
    let left = LeftOut { position: Position::Unique { unique_id: "b".to_owned() }, ..left_out(0, false) };
    store.leave_out(vec![left], NOW).unwrap();
    let ours = store
        .ours_named(mailbox_id(1), &["a".to_owned(), "b".to_owned(), "c".to_owned(), long.clone()])
        .unwrap();
    let live = Ours::Archived { is_live: true };
    assert_eq!((ours.get("a"), ours.get("b"), ours.get("c")), (Some(&live), Some(&Ours::Failed), None));
    assert_eq!(ours.get(&long), Some(&live));
    assert_eq!(store.live_names(mailbox_id(1), "", 1).unwrap(), ["a"]);
    assert_eq!(store.live_names(mailbox_id(1), "a", 10).unwrap().len(), 1);
}

fn ledgers_are_kept(store: &Store) {
    account(store, 1);
    assert_eq!(store.last_compared(account_id(1)).unwrap(), None);
    let mut tally = Tally::default();
    tally.window(&[(1, 4), (8, 9)], &[(1, Ours::Failed), (2, Ours::Archived { is_live: true })], 8);
    store.set_ledger(mailbox_id(1), 77, tally.clone(), NOW).unwrap();
    store.set_ledger(mailbox_id(1), 77, tally.clone(), NOW).unwrap();
    let ledgers = store.ledgers(account_id(1)).unwrap();
    assert_eq!((ledgers.len(), ledgers[0].at, ledgers[0].uid_validity), (1, NOW, 77));
    assert_eq!(ledgers[0].tally, Tally { rows: vec![], ..tally.clone() });
    let rows = store.ledger_rows(mailbox_id(1), 0, 100).unwrap();
    assert_eq!(rows.iter().map(|(_, row)| row.clone()).collect::<Vec<_>>(), tally.rows);
    let second = LedgerRow { reason: Reason::Missing, first: 3, last: 4, name: String::new() };
    assert_eq!(store.ledger_rows(mailbox_id(1), 1, 1).unwrap(), [(2, second)]);
    let gaps = store.ledger_gaps().unwrap();
    assert_eq!((gaps.len(), gaps[0].missing, gaps[0].failed), (1, 3, 1));
    assert_eq!(store.last_compared(account_id(1)).unwrap(), Some(NOW));
    store.keep_ledgers(account_id(1), vec![mailbox_id(1)]).unwrap();
    assert_eq!(store.ledgers(account_id(1)).unwrap().len(), 1);
    store.keep_ledgers(account_id(1), vec![]).unwrap();
    assert_eq!((store.ledgers(account_id(1)).unwrap(), store.ledger_gaps().unwrap()), (vec![], vec![]));
    store.set_ledger(mailbox_id(1), 77, Tally::default(), NOW).unwrap();
    assert_eq!(
        (store.ledger_gaps().unwrap(), store.ledger_rows(mailbox_id(1), 0, 9).unwrap()),
        (vec![], vec![])
    );
}

fn mails_are_fetched_anew(store: &Store) {
    account(store, 1);
    for _ in 0..3 {
        store.leave_out(vec![left_out(4, false)], NOW).unwrap();
    }
    store.leave_out(vec![left_out(3, true)], NOW).unwrap();
    assert_eq!(store.failed_to_try(account_id(1), 3, NOW.plus_ms(-1), 10).unwrap(), []);
    let position = |uid| Position::Imap { uid_validity: 1, uid };
    // A day later it has another chance.
    assert_eq!(store.failed_to_try(account_id(1), 3, NOW, 10).unwrap(), [(mailbox_id(1), position(4))]);
    store.fetch_anew(mailbox_id(1), vec![position(4), position(6)], NOW).unwrap();
    let again = [(mailbox_id(1), position(4)), (mailbox_id(1), position(6))];
    assert_eq!(store.failed_to_try(account_id(1), 3, NOW.plus_ms(-1), 10).unwrap(), again);
    intake(store, vec![item(1, 1, 6)]);
    assert_eq!(store.failed_to_try(account_id(1), 3, NOW.plus_ms(-1), 10).unwrap(), again[..1]);
}

/// The clock was ten years ahead, and is right again.
fn times_of_a_clock_ahead_are_brought_back(store: &Store) {
    let (ahead, day_ms) = (NOW.plus_ms(10 * 365 * 86_400_000), 86_400_000);
    account(store, 1);
    for _ in 0..3 {
        store.leave_out(vec![left_out(4, false)], ahead).unwrap();
    }
    let notice = NewOutgoing {
        key: 1,
        id: OutgoingId::from_octets(id(21, 1)),
        channel: Channel::Mail,
        recipient: "a@b.example".to_owned(),
        kind: "test".to_owned(),
        content: Vec::new(),
    };
    store.add_outgoing(vec![notice], ahead).unwrap();
    let waiting = |now: UnixMillis| {
        let failed = store.failed_to_try(account_id(1), 3, now.plus_ms(-day_ms), 10).unwrap();
        (failed.len(), store.claim_outgoing(now, now.plus_ms(60_000), 10).unwrap().len())
    };
    assert_eq!(waiting(NOW.plus_ms(2 * day_ms)), (0, 0));
    assert_eq!(store.bring_back(NOW).unwrap(), 2);
    assert_eq!(store.bring_back(NOW).unwrap(), 0);
    assert_eq!(waiting(NOW.plus_ms(2 * day_ms)), (1, 1));
}

fn arrivals_by_the_hour(store: &Store) {
    account(store, 1);
    let outcomes = intake(store, (1..=3).map(|n| item(n, 1, n as u32)).collect());
    let mut mails: Vec<crate::Filed> =
        outcomes.iter().zip(1..).map(|(outcome, n)| filed(seq(outcome), n)).collect();
    mails[1].date = mails[0].date;
    let first = mails[0].date;
    file(store, mails);
    let came = store.arrivals(account_id(1), first, NOW.plus_ms(1 << 40)).unwrap();
    assert_eq!(came.hours.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((came.hours[0].0.0, came.oldest), (first.0 / 3_600_000 * 3_600_000, Some(first)));
}
