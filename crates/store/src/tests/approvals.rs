//! What needs a second person.

use model::{ApprovalId, UnixMillis};
use uuid::Uuid;

use super::Case;
use super::world::*;
use crate::{ApprovalFilter, ApprovalKind, ApprovalState, Decision, NewApproval, Store};

pub(super) const ALL: &[Case] = &[("approvals", approvals)];

fn asked(store: &Store, by: &str, delay_ms: i64) -> ApprovalId {
    let id = ApprovalId::new(Uuid::now_v7());
    let new = NewApproval {
        kind: ApprovalKind::Release,
        payload: "{\"count\":3}".to_owned(),
        note: "Platz".to_owned(),
        asked_by: by.to_owned(),
        asked_name: format!("Name of {by}"),
        delay_ms,
    };
    store.add_approval(id, new, event(1, "approval.asked"), NOW).unwrap();
    id
}

fn approvals(store: &Store) {
    let (first, second) = (asked(store, "eva", 0), asked(store, "adam", 1000));
    let by = |at: i64| Decision { by: "mara".to_owned(), name: "Mara".to_owned(), at: UnixMillis(at) };
    let decide = |id, state, at, outcome: &str| {
        store.decide_approval(id, state, by(at), outcome.to_owned(), event(2, "approval.decided")).unwrap()
    };
    let waiting = ApprovalFilter { state: Some(ApprovalState::Waiting), ..ApprovalFilter::default() };
    let ids = |filter: &ApprovalFilter, before| {
        let found = store.approvals(filter, before, 10).unwrap();
        found.iter().map(|approval| approval.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&waiting, None), [second, first]);
    let kept = store.approval(second).unwrap().unwrap();
    assert_eq!((kept.asked, kept.due, kept.waited_ms), (NOW, Some(NOW.plus_ms(1000)), 0));
    assert_eq!((kept.state, kept.what.kind), (ApprovalState::Waiting, ApprovalKind::Release));
    assert_eq!(ids(&waiting, Some(kept.number)), [first]);

    // Neither a clock set ahead nor time without a clock is enough.
    assert!(!kept.is_due(NOW.plus_ms(5000)));
    assert_eq!(store.wait_approvals(600).unwrap(), 1);
    assert_eq!(store.wait_approvals(600).unwrap(), 1);
    assert_eq!(store.wait_approvals(600).unwrap(), 0);
    let kept = store.approval(second).unwrap().unwrap();
    assert_eq!(kept.waited_ms, 1200);
    assert!(kept.is_due(NOW.plus_ms(1000)) && !kept.is_due(NOW.plus_ms(999)));

    let leaves = store.leaf_count().unwrap();
    assert!(decide(first, ApprovalState::Refused, 7, "not yet"));
    assert!(!decide(first, ApprovalState::Approved, 8, ""), "decided once");
    assert!(decide(second, ApprovalState::Approved, 9, ""));
    assert_eq!(store.leaf_count().unwrap(), leaves + 2, "each decision has its leaf");
    let refused = store.approval(first).unwrap().unwrap();
    assert_eq!((refused.state, refused.outcome.as_str()), (ApprovalState::Refused, "not yet"));
    assert_eq!(refused.decided, Some(by(7)));

    let end =
        |id| store.end_approval(id, ApprovalState::Done, "3".to_owned(), event(3, "approval.done")).unwrap();
    assert!(end(second) && !end(second) && !end(first));
    assert_eq!(store.approval(second).unwrap().unwrap().state, ApprovalState::Done);
    assert_eq!(store.approval_count(ApprovalState::Waiting).unwrap(), 0);
    let of_eva = ApprovalFilter { asked_by: Some("eva".to_owned()), ..ApprovalFilter::default() };
    assert_eq!(ids(&of_eva, None), [first]);
    assert_eq!(ids(&ApprovalFilter::default(), None), [second, first]);
    assert_eq!(store.approval(ApprovalId::from_octets([9; 16])).unwrap(), None);
}
