//! Erased mails: nothing is left of them but positions, salted digests and the leaf that says so.

use ledger::payload::Content;
use ledger::{Kind, leaf_hash};
use model::{Location, ObjectId, Scope};

use super::Case;
use super::engine::Folder;
use super::world::*;
use crate::{
    Database, ERASED, ErasureStep, Filed, Intake, IntakeOutcome, LinkActor, ListFilter, NewErasure,
    SegmentCommit, SharedObject, Store, StoreError, erased_mark,
};

pub(super) const ALL: &[Case] = &[
    ("nothing_is_left", nothing_is_left),
    ("twins_and_threads_go_on", twins_and_threads_go_on),
    ("what_others_need_stays", what_others_need_stays),
    ("an_erasure_goes_on", an_erasure_goes_on),
];

const SALT: [u8; 32] = [9; 32];

fn begin(store: &Store, n: u64, mails: &[u64]) -> i64 {
    let new = NewErasure {
        id: id(40, n),
        actor: "somebody".to_owned(),
        basis: "objection".to_owned(),
        note: "letter of 3 March".to_owned(),
        forced: false,
        begun: NOW,
    };
    store.begin_erasure(new, mails.iter().map(|n| (mail_id(*n), None)).collect()).unwrap()
}

fn erase(store: &Store, n: u64, mails: &[u64]) -> i64 {
    let key = begin(store, n, mails);
    while store.erase_rows(key, SALT, 2, NOW).unwrap() {}
    key
}

fn listed(store: &Store) -> Vec<String> {
    subjects(store, &Scope::All, &ListFilter::default())
}

fn nothing_is_left(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..4);
    let tag = store.create_tag("Contract", "blue".to_owned(), NOW).unwrap();
    let actor = LinkActor { id: "user-1".to_owned(), name: "Eva".to_owned() };
    store.delete_messages(&Scope::All, &[mail_id(2)], actor, NOW).unwrap();
    let mut read = event(1, "mail.read");
    (read.subject, read.payload) = (mail_id(1).to_string(), r#"{"user":"Eva"}"#.to_owned());
    store.append_events(vec![read]).unwrap();
    let hashes = |store: &Store| -> Vec<_> {
        store.leaves(0, 100).unwrap().iter().map(|row| leaf_hash(&row.leaf().encode())).collect()
    };
    let before = hashes(store);
    let of_one: Vec<u64> = store.leaves_of(mail_id(1), 9).unwrap().iter().map(|row| row.index).collect();
    assert_eq!(of_one.len(), 2, "archived, read");
    let key = erase(store, 1, &[1, 2, 77]);
    assert_eq!(listed(store), ["mail 3", "mail 0"]);
    assert_eq!(subjects(store, &Scope::All, &ListFilter { deleted: true, ..ListFilter::default() }), [""; 0]);
    assert_eq!(store.count(&scope(&[1]), &ListFilter::default()).unwrap(), 2);
    assert_eq!(store.counters().unwrap().filed, 2);
    assert!(store.message(&Scope::All, mail_id(1)).unwrap().is_none());
    assert!(store.digests_of(&[mail_id(1)]).unwrap().is_empty());
    assert!(
        store
            .mails_with_address("eva@example.org", 0, 9)
            .unwrap()
            .iter()
            .all(|(mail, _)| *mail != mail_id(1))
    );
    // The log is as long as it was, and what it proves is the same; contents are gone.
    let after = hashes(store);
    assert_eq!(after[..before.len()], before);
    let rows = store.leaves_of(mail_id(1), 9).unwrap();
    assert!(rows.iter().all(|row| matches!(row.content, Content::Erased(_))), "{rows:?}");
    let leaf = store.leaves(before.len() as u64, 1).unwrap().remove(0);
    assert_eq!(leaf.kind, Kind::Erased.code());
    let Content::Kept { payload, .. } = leaf.content else { panic!("it is open") };
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((&payload["basis"], &payload["mails"]), (&"objection".into(), &2.into()));
    assert_eq!(payload["objects"].as_array().unwrap().len(), 2);
    let text = payload.to_string();
    assert!(!text.contains("March") && !text.contains("example.org"), "{text}");
    let leaves = store.leaves_to_erase(key).unwrap();
    assert!(of_one.iter().all(|leaf| leaves.contains(leaf)), "{leaves:?}");
    let entries = store.events_about(&[mail_id(1).to_string()]).unwrap();
    assert_eq!((entries[0].kind.as_str(), entries[0].payload.as_str()), ("mail.read", "{}"));
    // Its place is known, and so are its octets, by a salted digest.
    assert_eq!(store.settled_uids(mailbox_id(1), 1, 0, 9).unwrap(), [1, 2, 3, 4]);
    assert_eq!(store.live_uids(mailbox_id(1), 1, 0, 9).unwrap(), [1, 4]);
    let marks = [erased_mark(&SALT, &digest(1)), erased_mark(&SALT, &digest(0))];
    assert_eq!(store.erased_marks(&marks).unwrap(), [marks[0]]);
    assert_eq!(store.erased_marks(&[erased_mark(&[8; 32], &digest(1))]).unwrap(), [[0; 32]; 0]);
    let doomed = store.doomed_objects(key).unwrap();
    assert_eq!(doomed, [1, 2].map(|n| ObjectId::from_octets(id(6, n))).into());
    assert_eq!(store.erased_numbers(key).unwrap(), [seqs[1], seqs[2]]);
    let sums = store.erasure(key).unwrap().unwrap();
    assert_eq!((sums.erased, sums.refused, sums.waiting, sums.step), (2, 0, 0, ErasureStep::Rows));
    assert_eq!(store.tags().unwrap(), [tag]);
    store.scrub().unwrap();
    let reasons = store.exclusion_counts(account_id(1)).unwrap();
    assert_eq!(reasons.get(ERASED), Some(&2));
}

fn twins_and_threads_go_on(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..5);
    // Mail 1 is the twin of 0; 2, 3 and 4 are one thread, named by 2.
    let twin = Filed { message_key: filed(0, 0).message_key, ..filed(seqs[1], 1) };
    let thread = [2, 3, 4].map(|n| Filed { nodes: vec![id(9, 2), id(9, n)], ..filed(seqs[n as usize], n) });
    file(store, std::iter::once(twin).chain(thread).collect());
    assert_eq!(listed(store), ["mail 4", "mail 3", "mail 2", "mail 0"]);
    let tag = store.create_tag("Contract", "blue".to_owned(), NOW).unwrap();
    let tagged = crate::ListFilter { tag: Some(tag.key), ..ListFilter::default() };
    store.tag_messages(&Scope::All, &[mail_id(0)], vec![tag.name], Vec::new(), eva(), NOW).unwrap();
    assert_eq!(subjects(store, &Scope::All, &tagged), ["mail 0"]);
    store.judge_spam(&Scope::All, &[mail_id(0)], Some(true), eva(), NOW).unwrap();
    let spam = crate::ListFilter { spam: true, ..ListFilter::default() };
    let before = store.last_change().unwrap();
    erase(store, 1, &[0, 2]);
    assert_eq!(listed(store), ["mail 4", "mail 3", "mail 1"]);
    assert_eq!(subjects(store, &Scope::All, &tagged), ["mail 1"], "the heir keeps what people said");
    assert_eq!(subjects(store, &Scope::All, &spam), ["mail 1"]);
    let rows = store.message_rows(&Scope::All, &[seqs[3], seqs[4]]).unwrap();
    assert_eq!(rows[0].thread_id, rows[1].thread_id);
    // The index hears of those that go on.
    let told: Vec<i64> = store
        .changed_since(before, 10)
        .unwrap()
        .iter()
        .map(|change| match change {
            crate::Change::Put(message) => message.seq,
            crate::Change::Delete { seq, .. } => -seq,
        })
        .collect();
    assert!([seqs[1], seqs[3], seqs[4]].iter().all(|seq| told.contains(seq)), "{told:?}");
    // A further mail of the thread, and a further twin, find them.
    let late = seq(&intake(store, vec![item(7, 1, 70), item(8, 1, 80)])[0]);
    let twin = Filed { message_key: filed(0, 0).message_key, ..filed(late + 1, 8) };
    file(store, vec![Filed { nodes: vec![id(9, 3)], ..filed(late, 7) }, twin]);
    let rows = store.message_rows(&Scope::All, &[seqs[3], late]).unwrap();
    assert_eq!(rows[0].thread_id, rows[1].thread_id);
    assert_eq!(listed(store), ["mail 7", "mail 4", "mail 3", "mail 1"]);
}

fn object(n: u64) -> SharedObject {
    SharedObject {
        object: ObjectId::from_octets(id(50, n)),
        location: Location { segment: segment(1), at: 1_000_000 + n * 100, len: 90 },
        octets: 80,
        sha256: digest(500 + n),
    }
}

/// Mails of these numbers consist of these objects.
fn with_objects(
    store: &Store,
    mails: &[(u64, &[u64])],
    objects: &[u64],
) -> Result<Vec<IntakeOutcome>, StoreError> {
    let items: Vec<_> = mails.iter().map(|(n, _)| item(*n, 1, *n as u32 + 1)).collect();
    let uses = mails
        .iter()
        .map(|(n, objects)| {
            (ObjectId::from_octets(id(6, *n)), objects.iter().map(|n| object(*n).object).collect())
        })
        .collect();
    let segments = vec![SegmentCommit { segment: segment(1), committed: 1 << 40, sealed: false }];
    let objects = objects.iter().map(|n| object(*n)).collect();
    store.commit_intake(Intake { items, uses, objects, segments, now: NOW, ..Intake::default() })
}

fn what_others_need_stays(store: &Store) {
    account(store, 1);
    with_objects(store, &[(1, &[1, 2]), (2, &[2]), (3, &[3])], &[1, 2, 3]).unwrap();
    let first = erase(store, 1, &[1]);
    let names = |list: &[ObjectId]| -> std::collections::HashSet<ObjectId> { list.iter().copied().collect() };
    let mail = |n| ObjectId::from_octets(id(6, n));
    assert_eq!(store.doomed_objects(first).unwrap(), names(&[mail(1), object(1).object]));
    assert_eq!(store.shared_of(first, 9).unwrap(), [object(2).object]);
    let left = store.shared_objects(&[1, 2, 3].map(|n| object(n).object)).unwrap();
    assert_eq!(left.len(), 2, "the row of the one is gone");
    // The last mail takes it along.
    let second = erase(store, 2, &[2]);
    assert_eq!(store.doomed_objects(second).unwrap(), names(&[mail(2), object(2).object]));
    assert_eq!(store.shared_of(first, 9).unwrap(), []);
    // Who was writing a mail with it meanwhile has to begin again.
    let late = with_objects(store, &[(4, &[2])], &[]);
    assert!(matches!(late, Err(StoreError::Missing { what: "object", .. })), "{late:?}");
    with_objects(store, &[(4, &[4])], &[4]).unwrap();
    // A second record of the same mail goes with it.
    let mut again = item(3, 1, 60);
    again.record =
        Some((ObjectId::from_octets(id(60, 3)), Location { segment: segment(1), at: 900_000, len: 1500 }));
    intake(store, vec![again]);
    let third = erase(store, 3, &[3]);
    let doomed = store.doomed_objects(third).unwrap();
    assert_eq!(doomed, names(&[mail(3), object(3).object, ObjectId::from_octets(id(60, 3))]));
    let mut all = 0;
    store.erased_objects(&mut |one| all += usize::from(one.mark.is_some()) * 100 + 1).unwrap();
    assert_eq!(all, 307, "three mails, three objects, one second record");
}

fn an_erasure_goes_on(store: &Store) {
    account(store, 1);
    fill(store, 1, 0..5);
    let key = begin(store, 1, &[0, 1, 2]);
    assert_eq!(begin(store, 1, &[3]), key, "the same id is the same erasure");
    assert!(store.erase_rows(key, SALT, 2, NOW).unwrap());
    assert_eq!(listed(store), ["mail 4", "mail 3", "mail 2"]);
    let open = store.open_erasure().unwrap().unwrap();
    assert_eq!((open.key, open.step), (key, ErasureStep::Rows));
    assert!(!store.erase_rows(key, SALT, 2, NOW).unwrap());
    assert!(!store.erase_rows(key, SALT, 2, NOW).unwrap());
    store.erasure_at(key, ErasureStep::Log, NOW).unwrap();
    store.erasure_at(key, ErasureStep::Keys, NOW).unwrap();
    assert_eq!(store.open_erasure().unwrap().unwrap().step, ErasureStep::Log, "never back");
    store.objects_destroyed(key).unwrap();
    store.leaves_erased(key).unwrap();
    assert!(store.doomed_objects(key).unwrap().is_empty() && store.leaves_to_erase(key).unwrap().is_empty());
    store.erasure_at(key, ErasureStep::Done, NOW).unwrap();
    assert_eq!(store.open_erasure().unwrap(), None);
    let list = store.erasures(None, 9).unwrap();
    assert_eq!((list.len(), list[0].erased, list[0].ended), (1, 3, Some(NOW)));
    assert_eq!(store.erasures(Some(key), 9).unwrap(), []);
}

/// Neither the file of the database nor its log has a word of an erased mail.
#[test]
fn no_octet_of_it_is_in_the_file() {
    let folder = Folder::new();
    let path = folder.path.join("poststelle.db");
    let store = Store::open(&Database::Sqlite { path: path.clone() }).unwrap();
    account(&store, 1);
    let outcomes = intake(&store, (0..300).map(|n| item(n, 1, n as u32 + 1)).collect());
    let words = |n: u64| format!("Zanzibar-{n:04}");
    let mails = outcomes.iter().map(seq).zip(0..).map(|(seq, n)| Filed {
        subject: words(n),
        preview: format!("{} {}", words(n), "text ".repeat(n as usize % 40)),
        ..filed(seq, n)
    });
    file(&store, mails.collect());
    let gone: Vec<u64> = (0..300).step_by(3).collect();
    erase(&store, 1, &gone);
    store.scrub().unwrap();
    let wal = std::fs::read(path.with_extension("db-wal")).unwrap_or_default();
    assert!(wal.is_empty(), "{} octets of log", wal.len());
    let octets = std::fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&octets);
    let found: std::collections::BTreeSet<&str> =
        text.match_indices("Zanzibar-").filter_map(|(at, _)| text.get(at..at + 13)).collect();
    let has = |n: u64| found.contains(words(n).as_str());
    assert_eq!(gone.iter().copied().filter(|n| has(*n)).collect::<Vec<_>>(), [0_u64; 0]);
    assert!(has(1) && has(298), "the others are there");
}

/// Tables that name mails and that erasing does not empty, and why.
const LEFT: &[&str] = &[
    // A row names an erased mail by its number alone.
    "erasure_mails",
    // A position at the source, and what was done there.
    "source_actions",
];

/// Whoever adds a table about mails has to say here what becomes of it.
#[test]
fn every_table_about_mails_is_emptied() {
    let folder = Folder::new();
    let path = folder.path.join("poststelle.db");
    drop(Store::open(&Database::Sqlite { path: path.clone() }).unwrap());
    let connection = rusqlite::Connection::open(path).unwrap();
    let names = ["seq", "mail", "message", "message_seq", "mail_id", "original"];
    let tables: Vec<(String, String)> = connection
        .prepare("SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .filter(|(_, column): &(String, String)| names.contains(&column.as_str()))
        .collect();
    assert!(tables.len() > 25, "{tables:?}");
    let source = include_str!("../erasing.rs");
    for (table, column) in tables {
        // `seq` of the event log counts entries; lists follow by difference.
        let other =
            matches!(table.as_str(), "events" | "entries" | "media") || LEFT.contains(&table.as_str());
        let emptied = [format!("DELETE FROM {table} "), format!("UPDATE {table} ")];
        assert!(other || emptied.iter().any(|words| source.contains(words)), "{table}.{column}");
    }
}
