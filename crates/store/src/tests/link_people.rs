//! Links by hand, what records' pages list, the import list, the blocklist, statistics.

use model::{How, Kind, RecordKey, RecordKind, Scope, UnixMillis};

use super::Case;
use super::world::*;
use crate::NewPart;
use crate::sql::Sql;
use crate::value::args;
use crate::{
    BlockedEntry, EventFilter, HowCount, LinkWish, MessageLinks, OpenFilter, OpenReason, Record,
    RecordFilter, Remember, Store, StoreError,
};

pub(super) const CASES: &[Case] = &[
    ("links_by_hand_and_back", links_by_hand_and_back),
    ("links_are_only_for_who_may_read", links_are_only_for_who_may_read),
    ("removals_are_remembered", removals_are_remembered),
    ("undo_leaves_what_was_changed_since", undo_leaves_what_was_changed_since),
    ("mails_of_a_record", mails_of_a_record),
    ("attachments_of_a_record", attachments_of_a_record),
    ("import_list_by_reason", import_list_by_reason),
    ("blocklist_of_linking", blocklist_of_linking),
    ("statistics_of_linking", statistics_of_linking),
];

static DECIDE: Sql = Sql::new(
    "DECIDE",
    "INSERT INTO decisions (message, outcome, step, person, stranger, since, version, trace) \
     VALUES ($1, $2, $3, 0, $4, $5, 1, $6)",
    &[],
);
static LINK: Sql = Sql::new(
    "LINK",
    "INSERT INTO links (message, record, how, rule, actor, at, batch) VALUES ($1, $2, $3, 1, 'rule', $4, 0)",
    &[],
);
static SUGGEST: Sql =
    Sql::new("SUGGEST", "INSERT INTO link_suggestions (message, record, why) VALUES ($1, $2, $3)", &[]);
static DENIED: Sql = Sql::new(
    "DENIED",
    "SELECT record, thread, address FROM link_denials ORDER BY record, thread, address",
    &[],
);

fn record(number: &str, addresses: &[&str], contact: Option<&str>) -> Record {
    let kind = if contact.is_some() { RecordKind::Order } else { RecordKind::Contact };
    Record {
        name: format!("name of {number}"),
        addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        contact: contact.map(str::to_owned),
        ..Record::new(kind, number)
    }
}

/// Orders B-1 and B-2 of contact K-1, and contact K-2.
fn records(store: &Store) {
    let all = vec![
        record("K-1", &["eva@example.org"], None),
        record("K-2", &["to@example.org"], None),
        record("B-1", &[], Some("K-1")),
        record("B-2", &[], Some("K-1")),
    ];
    store.put_records(all, 0, NOW).unwrap();
}

fn order(number: &str) -> (RecordKind, String) {
    (RecordKind::Order, number.to_owned())
}

fn key(store: &Store, kind: RecordKind, number: &str) -> i64 {
    let RecordKey(key) = store.record(kind, number).unwrap().unwrap().key;
    key
}

fn decide(store: &Store, message: i64, outcome: i64, step: i64, since: i64) {
    store.write(move |tx| tx.exec(&DECIDE, &args![message, outcome, step, 0_i64, since, &[1_u8]])).unwrap();
}

fn link_by_rule(store: &Store, message: i64, record: i64, how: How) {
    store.write(move |tx| tx.exec(&LINK, &args![message, record, how as i64, NOW])).unwrap();
}

fn suggest(store: &Store, message: i64, record: i64, why: i64) {
    store.write(move |tx| tx.exec(&SUGGEST, &args![message, record, why])).unwrap();
}

fn links(store: &Store, mail: u64) -> MessageLinks {
    store.message_links(&Scope::All, &[mail_id(mail)]).unwrap().remove(&mail_id(mail)).unwrap()
}

fn numbers(links: &MessageLinks) -> Vec<&str> {
    links.links.iter().map(|link| link.record.number.as_str()).collect()
}

fn log(store: &Store) -> Vec<(String, String)> {
    let events = store.events(&EventFilter::default(), None, 50).unwrap();
    let kinds = events.into_iter().map(|(_, event)| (event.kind, event.payload));
    kinds.filter(|(kind, _)| kind.starts_with("link.")).collect()
}

fn links_by_hand_and_back(store: &Store) {
    account(store, 1);
    records(store);
    let seqs = fill(store, 1, 0..3);
    let change = store.last_change().unwrap();
    let wish = LinkWish { set: vec![order("B-1")], ..LinkWish::default() };
    let mails = vec![mail_id(0), mail_id(1)];
    let done = store.change_links(&Scope::All, mails, wish, eva(), NOW).unwrap();
    assert_eq!(done.messages, 2);
    assert_eq!(store.last_change().unwrap(), change + 2, "the index hears of both");
    let now = links(store, 0);
    assert_eq!((numbers(&now), now.person, now.outcome), (vec!["B-1"], true, Some(link::Outcome::None)));
    let link = &now.links[0];
    assert_eq!((link.how, link.rule, link.actor.as_str()), (How::Person, false, "user-1"));
    assert_eq!(link.record.name, "name of B-1");
    assert!(numbers(&links(store, 2)).is_empty());
    let told = r#"{"kind":"order","number":"B-1","user":"Eva ?E?"}"#.to_owned();
    assert_eq!(log(store), vec![("link.set".to_owned(), told); 2]);

    store.undo_links(done.undo, eva(), NOW).unwrap();
    assert_eq!(links(store, 0), MessageLinks::default());
    assert_eq!(log(store)[0].0, "link.removed");

    link_by_rule(store, seqs[2], key(store, RecordKind::Order, "B-1"), How::Address);
    decide(store, seqs[2], 0, 0, 1);
    let wish = LinkWish { set: vec![order("B-2")], remove: vec![order("B-1")], ..LinkWish::default() };
    let done = store.change_links(&Scope::All, vec![mail_id(2)], wish, eva(), NOW).unwrap();
    let now = links(store, 2);
    assert_eq!(numbers(&now), ["B-2"]);
    assert_eq!((now.removed[0].how, now.removed[0].rule), (How::Address, true));
    assert_eq!(now.removed[0].removed, Some((NOW, "user-1".to_owned())));
    assert_eq!(now.outcome, Some(link::Outcome::Linked), "what rules decided stays known");
    store.undo_links(done.undo, eva(), NOW).unwrap();
    let back = links(store, 2);
    assert_eq!((numbers(&back), back.person, back.removed.len()), (vec!["B-1"], false, 0));
    assert_eq!((back.links[0].how, back.links[0].rule), (How::Address, true));

    let wish = LinkWish { set: vec![order("B-3")], ..LinkWish::default() };
    let missing = store.change_links(&Scope::All, vec![mail_id(2)], wish, eva(), NOW).unwrap_err();
    assert!(matches!(missing, StoreError::Missing { what: "record", .. }), "{missing}");
}

fn links_are_only_for_who_may_read(store: &Store) {
    account(store, 1);
    account(store, 2);
    records(store);
    fill(store, 1, 0..1);
    fill(store, 2, 1..2);
    let wish = || LinkWish { set: vec![order("B-1")], ..LinkWish::default() };
    let both = vec![mail_id(0), mail_id(1)];
    assert_eq!(store.change_links(&scope(&[1]), both.clone(), wish(), eva(), NOW).unwrap().messages, 1);
    assert!(numbers(&links(store, 1)).is_empty());
    assert_eq!(
        store.message_links(&scope(&[1]), &both).unwrap().into_keys().collect::<Vec<_>>(),
        [mail_id(0)]
    );
    store.change_links(&Scope::All, both, wish(), eva(), NOW).unwrap();
    let of = |scope: &Scope| {
        let found = store.record_mails(scope, (RecordKind::Order, "B-1"), &RecordFilter::default(), None, 9);
        let found = found.unwrap().unwrap();
        (found.total, found.rows.len())
    };
    assert_eq!((of(&scope(&[1])), of(&Scope::All), of(&scope(&[]))), ((1, 1), (2, 2), (0, 0)));
}

fn removals_are_remembered(store: &Store) {
    account(store, 1);
    records(store);
    let outcomes = intake(store, (0..3).map(|n| item(n, 1, n as u32 + 1)).collect());
    let seqs: Vec<i64> = outcomes.iter().map(seq).collect();
    // The first two are a thread.
    let batch = seqs.iter().zip(0..).map(|(seq, n)| {
        let mut mail = filed(*seq, n);
        mail.nodes = vec![id(9, if n < 2 { 0 } else { n })];
        mail
    });
    file(store, batch.collect());
    let b1 = key(store, RecordKind::Order, "B-1");
    for seq in &seqs {
        link_by_rule(store, *seq, b1, How::Address);
    }
    let denied = |store: &Store| {
        store.read(|tx| tx.query(&DENIED, &[], |row| Ok((row.int(0)?, row.int(1)?, row.text(2)?)))).unwrap()
    };
    let act = |mail: u64, remember: Remember| {
        let wish = LinkWish { remove: vec![order("B-1")], remember, ..LinkWish::default() };
        store.change_links(&Scope::All, vec![mail_id(mail)], wish, eva(), NOW).unwrap()
    };
    let done = act(2, Remember::Mail);
    assert!(denied(store).is_empty());
    store.undo_links(done.undo, eva(), NOW).unwrap();

    let done = act(1, Remember::Thread);
    assert_eq!(done.messages, 2, "the earlier one too");
    assert_eq!(denied(store), [(b1, seqs[0], String::new())]);
    assert!(numbers(&links(store, 0)).is_empty());
    assert_eq!(numbers(&links(store, 2)), ["B-1"]);
    store.undo_links(done.undo, eva(), NOW).unwrap();
    assert!(denied(store).is_empty());
    assert_eq!(numbers(&links(store, 0)), ["B-1"]);

    // Eva's address is that of the order's customer; that of the recipient has nothing to do with it.
    act(2, Remember::Address);
    assert_eq!(denied(store), [(b1, 0, "eva@example.org".to_owned())]);
    // Nothing of the mail belongs to this record: its sender counts.
    store.put_records(vec![record("K-9", &["x@example.net"], None)], 0, NOW).unwrap();
    let k9 = key(store, RecordKind::Contact, "K-9");
    link_by_rule(store, seqs[2], k9, How::Contact);
    let remove = vec![(RecordKind::Contact, "K-9".to_owned())];
    let wish = LinkWish { remove, remember: Remember::Address, ..LinkWish::default() };
    store.change_links(&Scope::All, vec![mail_id(2)], wish, eva(), NOW).unwrap();
    assert!(denied(store).contains(&(k9, 0, "eva@example.org".to_owned())));
}

fn undo_leaves_what_was_changed_since(store: &Store) {
    account(store, 1);
    records(store);
    fill(store, 1, 0..1);
    let set = |number: &str, at: i64| {
        let wish = LinkWish { set: vec![order(number)], ..LinkWish::default() };
        store.change_links(&Scope::All, vec![mail_id(0)], wish, eva(), UnixMillis(NOW.0 + at)).unwrap()
    };
    let first = set("B-1", 0);
    let wish = LinkWish { remove: vec![order("B-1")], ..LinkWish::default() };
    store.change_links(&Scope::All, vec![mail_id(0)], wish, eva(), NOW).unwrap();
    store.undo_links(first.undo, eva(), NOW).unwrap();
    let now = links(store, 0);
    assert_eq!((now.removed.len(), now.person), (1, true));
}

fn mails_of_a_record(store: &Store) {
    account(store, 1);
    records(store);
    let outcomes = intake(store, (0..5).map(|n| item(n, 1, n as u32 + 1)).collect());
    let batch = outcomes.iter().zip(0..).map(|(outcome, n)| {
        let mut mail = filed(seq(outcome), n);
        mail.subject = if n == 3 { "Überweisung 100 %".to_owned() } else { format!("Frage {n}") };
        mail.attachments = u32::from(n == 1);
        mail.verdict.kind = if n == 4 { Kind::Bounce } else { Kind::Personal };
        mail
    });
    file(store, batch.collect());
    let wish = LinkWish { set: vec![order("B-1")], ..LinkWish::default() };
    store.change_links(&Scope::All, (0..5).map(mail_id).collect(), wish, eva(), NOW).unwrap();
    let of = |filter: &RecordFilter, after, limit| {
        let found = store.record_mails(&Scope::All, (RecordKind::Order, "B-1"), filter, after, limit);
        let found = found.unwrap().unwrap();
        let subjects: Vec<String> = found.rows.iter().map(|row| row.subject.clone()).collect();
        (subjects, found.next, found.total)
    };
    let all = RecordFilter::default();
    let (page, next, total) = of(&all, None, 2);
    assert_eq!((page, total), (vec!["Frage 4".to_owned(), "Überweisung 100 %".to_owned()], 5));
    let (page, next, _) = of(&all, next, 3);
    assert_eq!((page.join(" "), next), ("Frage 2 Frage 1 Frage 0".to_owned(), None));
    let check = |filter: RecordFilter, expected: &[&str]| {
        let (page, _, total) = of(&filter, None, 9);
        assert_eq!(
            (page, total),
            (expected.iter().map(|s| (*s).to_owned()).collect(), expected.len() as u64)
        );
    };
    for text in ["überweisung", "ÜBERWEISUNG", "Überw", "100 %"] {
        check(RecordFilter { text: Some(text.to_owned()), ..all.clone() }, &["Überweisung 100 %"]);
    }
    check(RecordFilter { has_attachment: Some(true), ..all.clone() }, &["Frage 1"]);
    check(RecordFilter { kind: Some(Kind::Bounce), ..all.clone() }, &["Frage 4"]);
    let hour = |n: i64| Some(UnixMillis(NOW.0 + n * 3_600_000));
    check(RecordFilter { from: hour(1), until: hour(3), ..all.clone() }, &["Frage 2", "Frage 1"]);
    assert!(store.record_mails(&Scope::All, (RecordKind::Order, "B-9"), &all, None, 9).unwrap().is_none());
}

fn attachments_of_a_record(store: &Store) {
    account(store, 1);
    records(store);
    let outcomes = intake(store, (0..3).map(|n| item(n, 1, n as u32 + 1)).collect());
    let part = |n: u64, at: u64| NewPart {
        number: format!("{}", at + 2),
        name: Some(format!("{n}-{at}.pdf")),
        content_type: "application/pdf".to_owned(),
        octets: 10 + at,
        sha256: None,
        role: model::PartRole::Attachment,
    };
    let batch = outcomes.iter().zip(0..).map(|(outcome, n)| {
        let mut mail = filed(seq(outcome), n);
        mail.parts = vec![part(n, 0), part(n, 1)];
        mail.attachments = 2;
        mail
    });
    file(store, batch.collect());
    let wish = LinkWish { set: vec![order("B-1")], ..LinkWish::default() };
    store.change_links(&Scope::All, vec![mail_id(0), mail_id(1)], wish, eva(), NOW).unwrap();
    let mut after = None;
    let mut names = Vec::new();
    loop {
        let (page, total) = store
            .record_attachments(&Scope::All, (RecordKind::Order, "B-1"), &RecordFilter::default(), after, 3)
            .unwrap()
            .unwrap();
        assert_eq!(total, 4);
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        names.extend(page.into_iter().filter_map(|attachment| attachment.name));
    }
    assert_eq!(names, ["1-0.pdf", "1-1.pdf", "0-0.pdf", "0-1.pdf"]);
}

fn import_list_by_reason(store: &Store) {
    account(store, 1);
    account(store, 2);
    records(store);
    let seqs = fill(store, 1, 0..6);
    let other = fill(store, 2, 6..7);
    decide(store, seqs[0], 2, 1, 10); // S2a
    decide(store, seqs[1], 2, 6, 11); // S3c
    decide(store, seqs[2], 2, 8, 12); // S4b
    decide(store, seqs[3], 3, 0, 13);
    decide(store, seqs[4], 3, 0, 14);
    decide(store, seqs[5], 1, 0, 15);
    decide(store, other[0], 3, 0, 16);
    let b1 = key(store, RecordKind::Order, "B-1");
    suggest(store, seqs[3], b1, 0);
    let open = OpenFilter::default();
    let counts = |scope: &Scope| {
        let counts = store.open_counts(scope, open).unwrap();
        counts.into_iter().map(|(_, n, more)| if more { 999 } else { n }).collect::<Vec<_>>()
    };
    assert_eq!((counts(&Scope::All), counts(&scope(&[1]))), (vec![1, 1, 1, 1, 2], vec![1, 1, 1, 1, 1]));
    let mails = |reason, before, limit| {
        let page = store.open_mails(&Scope::All, reason, open, before, limit).unwrap();
        let subjects: Vec<String> = page.mails.iter().map(|mail| mail.row.subject.clone()).collect();
        (subjects.join(" "), page.next)
    };
    assert_eq!(mails(OpenReason::Contact, None, 5), ("mail 2".to_owned(), None));
    let (first, next) = mails(OpenReason::None, None, 1);
    assert_eq!((first.as_str(), next), ("mail 6", Some(other[0])));
    assert_eq!(mails(OpenReason::None, next, 1), ("mail 4".to_owned(), None));
    let suggested = store.open_mails(&Scope::All, OpenReason::Suggested, open, None, 5).unwrap();
    assert_eq!(suggested.mails[0].links.suggestions[0].0.number, "B-1");
    assert_eq!(suggested.mails[0].since, UnixMillis(13));

    // Rejected, it is no longer suggested; needless, it is no longer listed.
    let reject = LinkWish { remove: vec![order("B-1")], ..LinkWish::default() };
    store.change_links(&Scope::All, vec![mail_id(3)], reject, eva(), NOW).unwrap();
    assert!(links(store, 3).suggestions.is_empty());
    let none = LinkWish { none: true, ..LinkWish::default() };
    let done = store.change_links(&Scope::All, vec![mail_id(4), mail_id(6)], none, eva(), NOW).unwrap();
    assert_eq!(counts(&Scope::All), [1, 1, 1, 0, 0]);
    assert_eq!(log(store)[0], ("link.needless".to_owned(), "{\"user\":\"Eva ?E?\"}".to_owned()));
    store.undo_links(done.undo, eva(), NOW).unwrap();
    assert_eq!(counts(&Scope::All), [1, 1, 1, 0, 2]);
    assert_eq!(log(store)[0].0, "link.reopened");

    // Mails of our own accounts are not listed unless asked for.
    let own = crate::NewAccount {
        name: "own".to_owned(),
        address: Some("EVA@example.org".to_owned()),
        ..crate::NewAccount::default()
    };
    store.create_account(account_id(3), own, NOW).unwrap();
    assert_eq!(counts(&Scope::All), [0; 5]);
    let all = store.open_counts(&Scope::All, OpenFilter { own: true, ..open }).unwrap();
    assert_eq!(all.iter().map(|(_, n, _)| n).sum::<u64>(), 5);
    let bounces = OpenFilter { own: true, kind: Some(Kind::Bounce) };
    assert_eq!(store.open_counts(&Scope::All, bounces).unwrap().iter().map(|(_, n, _)| n).sum::<u64>(), 0);
}

fn blocklist_of_linking(store: &Store) {
    let entry = |entry: &str, note: &str| BlockedEntry {
        entry: entry.to_owned(),
        note: note.to_owned(),
        actor: "user-1".to_owned(),
        at: NOW,
    };
    store.block_linking(entry("shop.example", "")).unwrap();
    store.block_linking(entry("info@example.org", "ours")).unwrap();
    store.block_linking(entry("shop.example", "a marketplace")).unwrap();
    let expected = [entry("info@example.org", "ours"), entry("shop.example", "a marketplace")];
    assert_eq!(store.link_blocklist().unwrap(), expected);
    store.unblock_linking("shop.example".to_owned()).unwrap();
    assert!(matches!(store.unblock_linking("shop.example".to_owned()), Err(StoreError::Missing { .. })));
    assert_eq!(store.link_blocklist().unwrap().len(), 1);
}

fn statistics_of_linking(store: &Store) {
    account(store, 1);
    records(store);
    let seqs = fill(store, 1, 0..6);
    let b1 = key(store, RecordKind::Order, "B-1");
    for (seq, outcome, at) in [(0, 0, 10), (1, 0, 11), (2, 1, 12), (3, 2, 13), (4, 3, 14), (5, 3, 99)] {
        decide(store, seqs[seq], outcome, 0, at);
    }
    link_by_rule(store, seqs[0], b1, How::Address);
    link_by_rule(store, seqs[1], b1, How::Address);
    link_by_rule(store, seqs[2], b1, How::History);
    let act = |mail: u64, wish: LinkWish| {
        store.change_links(&Scope::All, vec![mail_id(mail)], wish, eva(), NOW).unwrap();
    };
    act(1, LinkWish { remove: vec![order("B-1")], set: vec![order("B-2")], ..LinkWish::default() });
    act(3, LinkWish { set: vec![order("B-2")], ..LinkWish::default() });
    act(4, LinkWish { none: true, ..LinkWish::default() });
    let found = store.link_statistics(&Scope::All, UnixMillis(10), UnixMillis(20)).unwrap();
    assert_eq!((found.linked, found.inherited, found.ambiguous, found.none), (2, 1, 1, 1));
    assert_eq!((found.by_hand, found.corrected, found.needless), (2, 1, 1));
    let hows = [
        HowCount { how: How::History, links: 1, removed: 0 },
        HowCount { how: How::Address, links: 2, removed: 1 },
    ];
    assert_eq!(found.hows, hows);
    let nobody = store.link_statistics(&scope(&[]), UnixMillis(10), UnixMillis(20)).unwrap();
    assert_eq!(nobody, crate::LinkStatistics::default());
}
