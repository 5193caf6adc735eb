//! Addresses that mails teach and people confirm, signed references, drafts, folders for documents.

use std::sync::Arc;

use link::{AddressUse, Outcome};
use model::{AutoReply, How, Kind, MailId, PartRole, RecordKey, RecordKind, Scope, Verdict};

use super::links::linking;
use super::world::{
    Connected, NOW, account, account_id, address, file, filed, id, intake, item, mail_id, seq,
};
use crate::addresses::AddressRole;
use crate::{
    DocumentFolder, Draft, ExtraAddressState, Filed, Filing, FolderRefusal, Linking, NewPart, Record,
    RecordFilter, Store,
};

pub(super) const ALL: &[super::Case] = &[
    ("extra_addresses_are_taught_and_confirmed", taught),
    ("extra_addresses_deputies", deputies),
    ("extra_addresses_pages", pages),
    ("signed_references", references),
    ("drafts", drafts),
    ("documents_in_folders", documents),
];

fn contact(number: &str, addresses: &[&str]) -> Record {
    let addresses = addresses.iter().map(|&address| address.to_owned()).collect();
    Record { addresses, ..Record::new(RecordKind::Contact, number) }
}

/// A mail of `from` in a thread.
fn mail(store: &Store, n: u64, from: &str, thread: u64, change: impl Fn(Filed) -> Filed) -> i64 {
    let linking = linking(store);
    let seqs: Vec<i64> = intake(store, vec![item(n, 1, n as u32 + 1)]).iter().map(seq).collect();
    let filed = Filed {
        addresses: vec![
            (AddressRole::From, address("", from)),
            (AddressRole::To, address("", "us@our.example")),
        ],
        nodes: vec![id(9, thread)],
        ..filed(seqs[0], n)
    };
    store.file_batch(vec![change(filed)], Arc::new(Connected), Some(linking)).unwrap();
    seqs[0]
}

fn in_state(store: &Store, state: ExtraAddressState) -> Vec<(String, String, AddressUse)> {
    let found = store.extra_addresses(&Scope::All, state, None, 100).unwrap().items;
    found.into_iter().map(|extra| (extra.record.number, extra.address, extra.used)).collect()
}

fn own(number: &str, address: &str) -> (String, String, AddressUse) {
    (number.to_owned(), address.to_owned(), AddressUse::Own)
}

fn decide(store: &Store, address: &str, used: AddressUse, state: ExtraAddressState) {
    let record = (RecordKind::Contact, "K-1".to_owned());
    store.decide_extra_address(record, address, used, state, "user-1".to_owned(), NOW).unwrap();
}

fn linked(store: &Store, message: i64) -> Vec<(String, How)> {
    let links = store.links_of(&[message]).unwrap().remove(&message).unwrap_or_default();
    links.into_iter().map(|link| (link.number, link.how)).collect()
}

fn taught(store: &Store) {
    use ExtraAddressState::{Confirmed, Proposed, Rejected};
    account(store, 1);
    store.put_records(vec![contact("K-1", &["ada@x.example"])], 0, NOW).unwrap();
    mail(store, 1, "ada@x.example", 1, |mail| mail);
    mail(store, 2, "Ada.Privat@y.example", 1, |mail| mail);
    mail(store, 3, "info@y.example", 1, |mail| mail);
    assert_eq!(in_state(store, Proposed), [own("K-1", "ada.privat@y.example")]);
    let known = |store: &Store| store.record(RecordKind::Contact, "K-1").unwrap().unwrap();
    let of = store.extra_addresses_of(&Scope::All, known(store).key).unwrap();
    let taught = of[0].taught.clone().unwrap();
    assert_eq!((taught.mail_id, taught.subject.as_str(), of[0].state), (mail_id(2), "mail 2", Proposed));
    // Nobody hears of it who may not read the mail.
    let nobody = Scope::Accounts(vec![account_id(7)]);
    assert_eq!(store.extra_addresses(&nobody, Proposed, None, 10).unwrap().items, []);
    assert_eq!(store.extra_addresses_of(&nobody, known(store).key).unwrap(), []);

    let before = store.records_change().unwrap();
    decide(store, "ada.privat@y.example", AddressUse::Own, Confirmed);
    assert_eq!(in_state(store, Proposed), []);
    assert_eq!(store.extra_addresses_of(&nobody, known(store).key).unwrap()[0].taught, None);
    assert!(store.records_change().unwrap() > before, "who keeps the records in memory hears of it");
    assert_eq!(known(store).added, [("ada.privat@y.example".to_owned(), AddressUse::Own)]);
    let now = mail(store, 4, "ada.privat@y.example", 4, |mail| mail);
    assert_eq!(linked(store, now), [("K-1".to_owned(), How::Contact)]);
    let found = store.find_records("ada.privat", None, 10).unwrap();
    assert_eq!(found[0].record.number, "K-1");
    assert_eq!(found[0].record.addresses, ["ada@x.example"], "the source's own stay apart");

    // The next import changes the record, or says the same, or names the address itself.
    let again = |addresses: &[&str], name: &str| {
        let record = Record { name: name.to_owned(), ..contact("K-1", addresses) };
        let changes = store.put_records(vec![record], 0, NOW).unwrap();
        assert_eq!(known(store).added.len(), 1);
        (changes.same, changes.changed)
    };
    assert_eq!(again(&["ada@x.example"], ""), (1, 0), "what people added is no change");
    assert_eq!(again(&["ada@x.example"], "Ada"), (0, 1));
    assert_eq!(store.find_records("ada.privat", None, 10).unwrap().len(), 1);
    assert_eq!(again(&["ada@x.example", "ada.privat@y.example"], "Ada"), (0, 1));
    assert_eq!(again(&["ada@x.example"], "Ada"), (0, 1));
    let now = mail(store, 5, "ada.privat@y.example", 5, |mail| mail);
    assert_eq!(linked(store, now), [("K-1".to_owned(), How::Contact)]);

    decide(store, "ada.privat@y.example", AddressUse::Own, Rejected);
    assert_eq!((in_state(store, Rejected).len(), known(store).added.len()), (1, 0));
    mail(store, 6, "ada.privat@y.example", 1, |mail| mail);
    mail(store, 7, "ada.privat@y.example", 7, |mail| mail);
    let other = mail(store, 8, "ada@x.example", 8, |mail| mail);
    assert_eq!(linked(store, other), [("K-1".to_owned(), How::Contact)]);
    mail(store, 9, "ada.privat@y.example", 8, |mail| mail);
    assert_eq!(in_state(store, Proposed), [], "what was rejected is not proposed again");
    // What is taken back is proposed; what was typed is forgotten.
    decide(store, "ada.privat@y.example", AddressUse::Own, Proposed);
    assert_eq!(in_state(store, Proposed), [own("K-1", "ada.privat@y.example")]);
    decide(store, "typed@y.example", AddressUse::Own, Confirmed);
    assert_eq!(in_state(store, Confirmed), [own("K-1", "typed@y.example")]);
    decide(store, "typed@y.example", AddressUse::Own, Proposed);
    assert_eq!((in_state(store, Confirmed), in_state(store, Proposed).len()), (Vec::new(), 1));
    let missing = (RecordKind::Contact, "K-9".to_owned());
    let missing = store.decide_extra_address(
        missing,
        "a@b.example",
        AddressUse::Own,
        Confirmed,
        "user-1".to_owned(),
        NOW,
    );
    assert!(missing.is_err());
}

fn deputies(store: &Store) {
    account(store, 1);
    store.put_records(vec![contact("K-1", &["ada@x.example"])], 0, NOW).unwrap();
    let away = |mail: Filed| {
        let reply = AutoReply { deputy: Some(address("Bob", "Bob@x.example")), ..AutoReply::default() };
        let verdict = Verdict { kind: Kind::AutoReply, auto_reply: Some(reply), ..Verdict::default() };
        Filed { verdict, ..mail }
    };
    mail(store, 1, "ada@x.example", 1, away);
    let proposed = in_state(store, ExtraAddressState::Proposed);
    assert_eq!(proposed, [("K-1".to_owned(), "bob@x.example".to_owned(), AddressUse::Deputy)]);
    decide(store, "bob@x.example", AddressUse::Deputy, ExtraAddressState::Confirmed);
    let from_deputy = mail(store, 2, "bob@x.example", 2, |mail| mail);
    assert_eq!(linked(store, from_deputy), [], "a deputy is not the contact");
    let links = store.message_links(&Scope::All, &[mail_id(2)]).unwrap().remove(&mail_id(2)).unwrap();
    assert_eq!((links.suggestions.len(), links.suggestions[0].1), (1, link::Why::Deputy));
    // Unless it is set so.
    let mut rules = linking(store);
    let settings = link::Settings { deputies_count: true, ..(*rules.settings).clone() };
    rules.settings = Arc::new(settings);
    assert!(store.relink_one(from_deputy, rules).unwrap());
    assert_eq!(linked(store, from_deputy), [("K-1".to_owned(), How::Contact)]);
}

fn pages(store: &Store) {
    store.put_records(vec![contact("K-1", &[])], 0, NOW).unwrap();
    for n in 0..5 {
        decide(store, &format!("a{n}@y.example"), AddressUse::Own, ExtraAddressState::Confirmed);
    }
    let (mut seen, mut after) = (Vec::new(), None::<crate::ExtraAddressCursor>);
    loop {
        let page =
            store.extra_addresses(&Scope::All, ExtraAddressState::Confirmed, after.as_ref(), 2).unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|extra| extra.address));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert_eq!(seen, ["a4@y.example", "a3@y.example", "a2@y.example", "a1@y.example", "a0@y.example"]);
}

fn references(store: &Store) {
    account(store, 1);
    let order = |number: &str| Record {
        addresses: vec!["ada@x.example".to_owned()],
        ..Record::new(RecordKind::Order, number)
    };
    store.put_records(vec![order("B-1"), order("B-2")], 0, NOW).unwrap();
    let RecordKey(key) = store.record(RecordKind::Order, "B-2").unwrap().unwrap().key;
    let signed = |mail: Filed| Filed { references: vec![RecordKey(key), RecordKey(4711)], ..mail };
    let known = mail(store, 1, "ada@x.example", 1, signed);
    assert_eq!(linked(store, known), [("B-2".to_owned(), How::Reference)]);
    let stranger = mail(store, 2, "eve@y.example", 2, signed);
    assert_eq!(linked(store, stranger), []);
    let links = store.message_links(&Scope::All, &[mail_id(2)]).unwrap().remove(&mail_id(2)).unwrap();
    assert_eq!(links.suggestions[0].1, link::Why::Reference);
    // When it is decided on again, the references are still there.
    let also = Record { addresses: vec!["eve@y.example".to_owned()], ..order("B-2") };
    store.put_records(vec![also], 0, NOW).unwrap();
    assert!(store.relink_one(stranger, linking(store)).unwrap());
    assert_eq!(linked(store, stranger), [("B-2".to_owned(), How::Reference)]);
}

fn drafts(store: &Store) {
    account(store, 1);
    let order =
        Record { addresses: vec!["ada@x.example".to_owned()], ..Record::new(RecordKind::Order, "B-1") };
    store.put_records(vec![order], 0, NOW).unwrap();
    let first = mail(store, 1, "ada@x.example", 1, |mail| mail);
    assert_eq!(linked(store, first), [("B-1".to_owned(), How::Address)]);
    let decided = |draft: &Draft, rules: &Linking| {
        let decision = store.decide_draft(draft, rules).unwrap();
        (decision.links.into_iter().map(|link| (link.number, link.how)).collect::<Vec<_>>(), decision.outcome)
    };
    let rules = linking(store);
    let draft = Draft {
        from: "us@our.example".to_owned(),
        to: vec!["eve@y.example".to_owned()],
        subject: "AW: mail 1".to_owned(),
        answers: vec!["1@example.org".to_owned()],
        ..Draft::default()
    };
    assert_eq!(decided(&draft, &rules), (vec![("B-1".to_owned(), How::History)], Outcome::Inherited));
    let alone = Draft { answers: vec!["nobody@knows.example".to_owned()], ..draft.clone() };
    assert_eq!(decided(&alone, &rules), (Vec::new(), Outcome::None));
    let new = Draft { to: vec!["Ada@X.example".to_owned()], answers: Vec::new(), ..draft };
    assert_eq!(decided(&new, &rules), (vec![("B-1".to_owned(), How::Address)], Outcome::Linked));
    assert_eq!(linked(store, first), [("B-1".to_owned(), How::Address)], "nothing is written");
}

fn folder(name: &str, parent: i64, kind: Option<RecordKind>) -> DocumentFolder {
    DocumentFolder { key: 0, parent, kind, name: name.to_owned() }
}

fn documents(store: &Store) {
    account(store, 1);
    store.put_records(vec![contact("K-1", &["ada@x.example"]), contact("K-2", &[])], 0, NOW).unwrap();
    let with_part = |mail: Filed| {
        let part = |number: &str| NewPart {
            number: number.to_owned(),
            name: Some(format!("{number}.pdf")),
            content_type: "application/pdf".to_owned(),
            octets: 5,
            sha256: None,
            role: PartRole::Attachment,
        };
        Filed { parts: vec![part("2"), part("3")], attachments: 2, ..mail }
    };
    mail(store, 1, "ada@x.example", 1, with_part);
    mail(store, 2, "ada@x.example", 2, |mail| mail);
    let add = |new: DocumentFolder| store.add_document_folder(new).unwrap();
    let top = add(folder("Rechnungen", 0, Some(RecordKind::Contact))).unwrap();
    let middle = add(folder("2026", top, None)).unwrap();
    let low = add(folder("März", middle, None)).unwrap();
    assert_eq!(add(folder("1.", low, None)), Err(FolderRefusal::Many));
    assert_eq!(add(folder("2026", top, None)), Err(FolderRefusal::Taken));
    assert_eq!(add(folder("2026", 4711, None)), Err(FolderRefusal::Missing));
    let orders = add(folder("Rechnungen", 0, Some(RecordKind::Order))).unwrap();
    assert_eq!(
        store.document_folders().unwrap().iter().find(|f| f.key == low).unwrap().kind,
        Some(RecordKind::Contact)
    );
    assert_eq!(store.rename_document_folder(low, "April".to_owned()).unwrap(), Ok(()));
    assert_eq!(store.remove_document_folder(top).unwrap(), Err(FolderRefusal::Full));

    let try_filing =
        |record: &str, mail: MailId, part: Option<&str>, folder: i64, filed: bool, scope: &Scope| {
            let record = (RecordKind::Contact, record.to_owned());
            let part = part.map(str::to_owned);
            let filing = Filing { record, mail, part, folder, filed, actor: "user-1".to_owned() };
            store.file_document(scope, filing, NOW)
        };
    let file_it = |mail: u64, part: Option<&str>, folder: i64, filed: bool| {
        try_filing("K-1", mail_id(mail), part, folder, filed, &Scope::All)
    };
    file_it(1, Some("2"), low, true).unwrap();
    file_it(1, Some("2"), low, true).unwrap();
    file_it(2, None, top, true).unwrap();
    assert!(file_it(1, Some("9"), low, true).is_err(), "no such attachment");
    assert!(file_it(1, None, orders, true).is_err(), "for orders");
    assert!(file_it(1, None, 4711, true).is_err());
    assert!(try_filing("K-2", mail_id(1), None, top, true, &Scope::All).is_err(), "not linked");
    let nobody = Scope::Accounts(vec![account_id(7)]);
    assert!(try_filing("K-1", mail_id(1), None, top, true, &nobody).is_err());
    assert_eq!(store.documents_of(&nobody, mail_id(1)).unwrap(), None);
    assert_eq!(store.documents_of(&Scope::All, mail_id(1)).unwrap().unwrap().len(), 1);

    let mails = |folder: i64| {
        let filter = RecordFilter { folder: Some(folder), ..RecordFilter::default() };
        let found = store.record_mails(&Scope::All, (RecordKind::Contact, "K-1"), &filter, None, 10);
        found.unwrap().unwrap().rows.iter().map(|row| row.mail_id).collect::<Vec<_>>()
    };
    assert_eq!(mails(top), [mail_id(2), mail_id(1)], "with all below it");
    assert_eq!((mails(middle), mails(low)), (vec![mail_id(1)], vec![mail_id(1)]));
    let attachments = |folder: Option<i64>| {
        let filter = RecordFilter { folder, ..RecordFilter::default() };
        let found = store.record_attachments(&Scope::All, (RecordKind::Contact, "K-1"), &filter, None, 10);
        found.unwrap().unwrap().0.into_iter().map(|attachment| attachment.part).collect::<Vec<_>>()
    };
    assert_eq!((attachments(Some(low)), attachments(None).len()), (vec!["2".to_owned()], 2));
    file_it(1, None, middle, true).unwrap();
    assert_eq!(attachments(Some(middle)), ["2", "3"], "a mail brings its attachments");
    let key = store.record(RecordKind::Contact, "K-1").unwrap().unwrap().key;
    let counts = store.document_counts(key).unwrap();
    assert_eq!((counts[&top], counts[&middle], counts[&low]), (1, 1, 1));

    // A twin is the same message.
    let twin = intake(store, vec![item(3, 1, 9)]).iter().map(seq).collect::<Vec<_>>();
    file(store, vec![Filed { message_key: id(8, 1), ..filed(twin[0], 3) }]);
    assert_eq!(mails(low).len(), 1);
    for (part, folder) in [(Some("2"), low), (None, middle)] {
        file_it(1, part, folder, false).unwrap();
    }
    assert_eq!((mails(middle), mails(low)), (Vec::new(), Vec::new()));
    assert_eq!(store.remove_document_folder(low).unwrap(), Ok(()));
    assert_eq!(store.remove_document_folder(low).unwrap(), Err(FolderRefusal::Missing));
}
