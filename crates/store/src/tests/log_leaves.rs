//! Leaves of the provable log.

use ledger::payload::Content;
use ledger::{Kind, commitment};
use model::{MailId, Scope, Sha256, UnixMillis};

use super::Case;
use super::world::{NOW, account, digest, event, fill, intake, item, mail_id, segment};
use crate::{Extent, NewLeaf, Store};

pub(super) const ALL: &[Case] = &[
    ("mails_and_placements_are_leaves", mails_and_placements_are_leaves),
    ("entries_have_leaves", entries_have_leaves),
    ("links_are_leaves", links_are_leaves),
    ("extents_follow_each_other", extents_follow_each_other),
    ("leaves_come_back", leaves_come_back),
    ("leaves_have_no_gap", leaves_have_no_gap),
];

fn payload(store: &Store, index: u64) -> serde_json::Value {
    let rows = store.leaves(index, 1).unwrap();
    let Content::Kept { payload, .. } = &rows[0].content else { panic!("erased") };
    serde_json::from_slice(payload).unwrap()
}

fn kinds(store: &Store) -> Vec<Kind> {
    store.leaves(0, 1000).unwrap().iter().map(|row| Kind::of_code(row.kind).unwrap()).collect()
}

fn mails_and_placements_are_leaves(store: &Store) {
    account(store, 1);
    account(store, 2);
    let start = store.leaf_count().unwrap();
    intake(store, vec![item(1, 1, 1), item(2, 1, 2)]);
    // The same again changes nothing; the same octets elsewhere are a placement.
    intake(store, vec![item(1, 1, 1), item(2, 2, 9)]);
    let rows = store.leaves(start, 100).unwrap();
    assert_eq!(rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!(rows.iter().map(|row| row.index).collect::<Vec<_>>(), [start, start + 1, start + 2]);
    assert_eq!(rows[1].subject, Some(*mail_id(2).octets()));
    assert_eq!(rows[2].subject, rows[1].subject);
    for row in &rows {
        let Content::Kept { salt, payload } = &row.content else { panic!("erased") };
        assert_eq!(row.leaf().commitment, commitment(salt, payload));
    }
    let first = payload(store, start);
    assert_eq!(first["sha256"], digest(1).to_string());
    assert_eq!(first["mail"], mail_id(1).to_string());
    assert_eq!(first["octets"], 1001);
    assert_eq!(first["position"], serde_json::json!({"uid_validity": 1, "uid": 1}));
    assert_eq!(payload(store, start + 2)["position"]["uid"], 9);
    let of_mail: Vec<u64> =
        store.leaves_of(mail_id(2), 10).unwrap().into_iter().map(|row| row.index).collect();
    assert_eq!(of_mail, [start + 1, start + 2]);
}

fn entries_have_leaves(store: &Store) {
    let start = store.leaf_count().unwrap();
    let mut read = event(1, "mail.read");
    read.subject = mail_id(5).to_string();
    let all = ["account.changed", "mail.downloaded", "mail.tagged", "login.failed"];
    let others = (2..).zip(all).map(|(n, kind)| event(n, kind));
    store.append_events(std::iter::once(read).chain(others).collect()).unwrap();
    let rows = store.leaves(start, 10).unwrap();
    let found: Vec<Option<Kind>> = rows.iter().map(|row| Kind::of_code(row.kind)).collect();
    let expected = [Kind::Viewed, Kind::Setting, Kind::Exported, Kind::Category, Kind::Noted];
    assert_eq!(found, expected.map(Some));
    assert_eq!(rows[0].subject, Some(*mail_id(5).octets()));
    assert_eq!(payload(store, start)["actor"], "intake");
}

fn links_are_leaves(store: &Store) {
    account(store, 1);
    fill(store, 1, 1..2);
    let order = crate::Record::new(model::RecordKind::Order, "4711");
    store.put_records(vec![order], 0, NOW).unwrap();
    let start = store.leaf_count().unwrap();
    let actor = crate::LinkActor { id: "u".to_owned(), name: "Eva".to_owned() };
    let wish = crate::LinkWish {
        set: vec![(model::RecordKind::Order, "4711".to_owned())],
        ..crate::LinkWish::default()
    };
    let done = store.change_links(&Scope::All, vec![mail_id(1)], wish, actor.clone(), NOW).unwrap();
    store.undo_links(done.undo, actor, NOW).unwrap();
    let rows = store.leaves(start, 10).unwrap();
    let found: Vec<u16> = rows.iter().map(|row| row.kind).collect();
    assert_eq!(found[..], [Kind::LinkSet.code(), Kind::LinkRemoved.code()]);
    assert!(rows.iter().all(|row| row.subject == Some(*mail_id(1).octets())));
    assert_eq!(payload(store, start)["detail"]["number"], "4711");
}

fn extents_follow_each_other(store: &Store) {
    account(store, 1);
    intake(store, vec![item(1, 1, 1)]);
    let open = store.segments_to_log().unwrap();
    assert_eq!((open[0].segment, open[0].logged), (segment(1), 0));
    let extent = |from, to, closed| Extent { segment: segment(1), from, to, sha256: Sha256([5; 32]), closed };
    let before = store.leaf_count().unwrap();
    store.log_extent(extent(0, 700, false), NOW).unwrap();
    assert_eq!(store.segments_to_log().unwrap()[0].logged, 700);
    // What does not follow is not written: somebody else was quicker.
    store.log_extent(extent(0, 800, false), NOW).unwrap();
    assert_eq!(store.leaf_count().unwrap(), before + 1);
    store.log_extent(extent(700, 900, true), NOW).unwrap();
    assert_eq!(store.segments_to_log().unwrap(), []);
    let last = payload(store, before + 1);
    assert_eq!(
        (last["from"].as_u64(), last["to"].as_u64(), last["closed"].as_bool()),
        (Some(700), Some(900), Some(true))
    );
}

/// Rows out of the log's own files are those that were there.
fn leaves_come_back(store: &Store) {
    let leaf = |n: i64| NewLeaf {
        kind: Kind::Noted,
        at: UnixMillis(n),
        subject: Some(MailId::from_octets([n as u8; 16])),
        payload: format!("{{\"n\":{n}}}"),
    };
    store.append_leaves((1..4).map(leaf).collect()).unwrap();
    let mut rows = store.leaves(0, 10).unwrap();
    let next = rows.len() as u64;
    for (row, index) in rows.iter_mut().zip(next..) {
        row.index = index;
    }
    rows[1].content = Content::Erased(rows[1].leaf().commitment);
    store.restore_leaves(rows.clone()).unwrap();
    assert_eq!(store.leaves(next, 10).unwrap(), rows);
    assert_eq!(store.leaf_count().unwrap(), next + 3);
    assert!(store.restore_leaves(rows).is_err());
    store.append_leaves(vec![leaf(9)]).unwrap();
    assert_eq!(store.leaf_count().unwrap(), next + 4);
}

/// A transaction that fails takes no number with it.
fn leaves_have_no_gap(store: &Store) {
    account(store, 1);
    let start = store.leaf_count().unwrap();
    intake(store, vec![item(1, 1, 1)]);
    let mut lost = item(2, 1, 2);
    lost.record = None;
    let failed = crate::Intake { items: vec![item(3, 1, 3), lost], now: NOW, ..crate::Intake::default() };
    store.commit_intake(failed).unwrap_err();
    intake(store, vec![item(4, 1, 4)]);
    assert_eq!(kinds(store)[start as usize..], [Kind::Archived, Kind::Archived]);
    assert_eq!(store.leaves(start, 9).unwrap()[1].subject, Some(*mail_id(4).octets()));
}
