//! Messages filed under records: with the mail, from the thread, and when records come later.

use std::sync::{Arc, RwLock};

use link::{Directory, Ignored, Outcome, Settings, StepName};
use model::{How, RecordKey, RecordKind, UnixMillis};

use super::world::{Connected, NOW, account, address, filed, id, intake, item, seq};
use crate::addresses::AddressRole;
use crate::{Filed, Linking, Record, Store};

pub(super) const ALL: &[super::Case] = &[
    ("links_with_the_mail", with_the_mail),
    ("links_from_the_thread", from_the_thread),
    ("links_when_records_come", when_records_come),
    ("links_follow_rebuild", rebuilt),
    ("links_ignored", ignored),
];

fn order(number: &str, addresses: &[&str]) -> Record {
    let addresses = addresses.iter().map(|&address| address.to_owned()).collect();
    Record { addresses, ..Record::new(RecordKind::Order, number) }
}

/// The directory as the database has it.
pub(super) fn linking(store: &Store) -> Linking {
    let mut directory = Directory::new(1);
    for known in store.records_changed(0, 1000).unwrap() {
        if known.vanished {
            directory.drop_record(known.record.kind, &known.record.number);
        } else {
            directory.put(&(&known).into());
        }
    }
    let ignored = store.ignored_addresses().unwrap();
    let settings =
        Settings { ignored: Ignored::new(ignored.iter().map(String::as_str)), ..Settings::default() };
    Linking { directory: Arc::new(RwLock::new(directory)), settings: Arc::new(settings), now: NOW }
}

/// Takes in mails of `from` in the thread `thread`; gives their numbers.
fn mails(store: &Store, mails: &[(u64, &str, u64)], linking: Option<&Linking>) -> Vec<i64> {
    let items = mails.iter().map(|(n, ..)| item(*n, 1, *n as u32 + 1)).collect();
    let seqs: Vec<i64> = intake(store, items).iter().map(seq).collect();
    file(store, mails, &seqs, linking);
    seqs
}

fn file(store: &Store, mails: &[(u64, &str, u64)], seqs: &[i64], linking: Option<&Linking>) {
    let batch = mails.iter().zip(seqs).map(|((n, from, thread), seq)| Filed {
        addresses: vec![
            (AddressRole::From, address("", from)),
            (AddressRole::To, address("", "us@our.example")),
        ],
        nodes: vec![id(9, *thread)],
        ..filed(*seq, *n)
    });
    store.file_batch(batch.collect(), Arc::new(Connected), linking.cloned()).unwrap();
}

fn said(store: &Store, message: i64) -> Vec<(String, How)> {
    let links = store.links_of(&[message]).unwrap().remove(&message).unwrap_or_default();
    assert!(links.iter().all(|link| link.by_rule && link.key > RecordKey(0)));
    links.into_iter().map(|link| (link.number, link.how)).collect()
}

fn with_the_mail(store: &Store) {
    account(store, 1);
    store
        .put_records(vec![order("B-1", &["ada@x.example"]), order("B-2", &["bob@x.example"])], 0, NOW)
        .unwrap();
    let linking = linking(store);
    let seqs = mails(store, &[(0, "Ada@X.example", 0), (1, "eve@y.example", 1)], Some(&linking));
    assert_eq!(said(store, seqs[0]), [("B-1".to_owned(), How::Address)]);
    assert_eq!(said(store, seqs[1]), []);
    let ids = [super::world::mail_id(0), super::world::mail_id(1)];
    let decided = store.link_decision(ids[0]).unwrap().unwrap();
    assert_eq!((decided.outcome, decided.stranger, decided.by_person), (Outcome::Linked, false, false));
    assert_eq!(
        (decided.trace[1].step, decided.trace[1].found.as_slice()),
        (StepName::S2a, &["B-1".to_owned()][..])
    );
    let decided = store.link_decision(ids[1]).unwrap().unwrap();
    assert_eq!((decided.outcome, decided.stranger, decided.trace.len()), (Outcome::None, true, 9));
    // The index hears of it with the mail.
    let changes = store.changed_since(0, 10).unwrap();
    let links = changes.iter().find_map(|change| match change {
        crate::Change::Put(message) if message.seq == seqs[0] => Some(message.links.clone()),
        _ => None,
    });
    assert_eq!(links.unwrap(), [(RecordKind::Order, "B-1".to_owned())]);
    let lines = store.mail_lines(&model::Scope::All, 0, 10).unwrap().unwrap().0;
    assert_eq!(lines[0].links[0].number, "B-1");
}

fn from_the_thread(store: &Store) {
    account(store, 1);
    store.put_records(vec![order("B-1", &["ada@x.example"])], 0, NOW).unwrap();
    let linking = linking(store);
    // Fetched together, the answer first: the dates decide.
    let first = intake(store, vec![item(5, 1, 6), item(4, 1, 5)]).iter().map(seq).collect::<Vec<_>>();
    let mut pairs: Vec<_> =
        [(5, "carl@y.example", 7), (4, "ada@x.example", 7)].into_iter().zip(first).collect();
    pairs.sort_by_key(|(_, seq)| *seq);
    let (batch, seqs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    file(store, &batch, &seqs, Some(&linking));
    let of = |n: u64| seqs[batch.iter().position(|(m, ..)| *m == n).unwrap()];
    assert_eq!(said(store, of(4)), [("B-1".to_owned(), How::Address)]);
    assert_eq!(said(store, of(5)), [("B-1".to_owned(), How::History)]);
    // Later, in a batch of its own, and from somebody whom the thread knows.
    let later = mails(store, &[(6, "carl@y.example", 7), (8, "dora@z.example", 7)], Some(&linking));
    assert_eq!(said(store, later[0]), [("B-1".to_owned(), How::History)]);
    let stranger = |n| store.link_decision(super::world::mail_id(n)).unwrap().unwrap().stranger;
    assert_eq!((stranger(5), stranger(6), stranger(8)), (true, false, true));
}

fn when_records_come(store: &Store) {
    account(store, 1);
    let seqs =
        mails(store, &[(0, "ada@x.example", 0), (1, "carl@y.example", 0), (2, "eve@y.example", 2)], None);
    assert!(store.link_decision(super::world::mail_id(0)).unwrap().is_none());
    store.put_records(vec![order("B-1", &["ada@x.example"])], 0, NOW).unwrap();
    let before = store.changed_since(0, 10).unwrap().last().unwrap().change_seq();
    let first = store.relink((UnixMillis(0), 0), 2, linking(store)).unwrap();
    assert_eq!((first.seen, first.linked), (2, 2));
    let second = store.relink(first.next.unwrap(), 2, linking(store)).unwrap();
    assert_eq!((second.seen, second.linked, second.next), (1, 0, None));
    assert_eq!(said(store, seqs[0]), [("B-1".to_owned(), How::Address)]);
    assert_eq!(said(store, seqs[1]), [("B-1".to_owned(), How::History)]);
    assert_eq!(store.changed_since(before, 10).unwrap().len(), 2, "those that are linked, for the index");
    // Again: only what has no link is looked at, and nothing changes.
    let again = store.relink((UnixMillis(0), 0), 10, linking(store)).unwrap();
    assert_eq!((again.seen, again.linked), (1, 0));
    // A record that has vanished gives no link.
    store.put_records(vec![order("B-2", &["eve@y.example"])], 0, NOW).unwrap();
    store.vanish_record(RecordKind::Order, "B-2".to_owned(), NOW).unwrap();
    assert!(!store.relink_one(seqs[2], linking(store)).unwrap());
    store.put_records(vec![order("B-2", &["eve@y.example"])], 0, NOW).unwrap();
    assert!(store.relink_one(seqs[2], linking(store)).unwrap());
    assert!(!store.relink_one(seqs[2], linking(store)).unwrap(), "it has a link");
}

fn rebuilt(store: &Store) {
    account(store, 1);
    store.put_records(vec![order("B-1", &["ada@x.example"])], 0, NOW).unwrap();
    let seqs = mails(store, &[(0, "ada@x.example", 0), (1, "ada@x.example", 1)], Some(&linking(store)));
    store.put_records(vec![order("B-2", &["ada@x.example"])], 0, NOW).unwrap();
    while !store.reset_derived(1).unwrap().done {}
    assert!(store.links_of(&seqs).unwrap().is_empty());
    file(store, &[(0, "ada@x.example", 0), (1, "ada@x.example", 1)], &seqs, None);
    store.relink((UnixMillis(i64::MIN), 0), 10, linking(store)).unwrap();
    let outcome = |n| store.link_decision(super::world::mail_id(n)).unwrap().unwrap().outcome;
    assert_eq!((outcome(0), outcome(1)), (Outcome::Ambiguous, Outcome::Ambiguous));
}

fn ignored(store: &Store) {
    account(store, 1);
    store.put_records(vec![order("B-1", &["us@our.example"])], 0, NOW).unwrap();
    let seqs = mails(store, &[(0, "ada@x.example", 0)], Some(&linking(store)));
    assert_eq!(said(store, seqs[0]).len(), 1, "nobody says that it is ours");
    let new = crate::NewAccount {
        name: "ours".to_owned(),
        address: Some("Us@our.example".to_owned()),
        ..crate::NewAccount::default()
    };
    store.create_account(super::world::account_id(2), new, NOW).unwrap();
    let seqs = mails(store, &[(1, "ada@x.example", 1)], Some(&linking(store)));
    assert_eq!(said(store, seqs[0]), []);
}
