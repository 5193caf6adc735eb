//! The database is lost: what people and rules did comes back from the log.

use std::collections::BTreeMap;
use std::fs;

use model::{MailId, RecordKind, Scope};
use retain::{Class, Start};
use store::{
    Event, LinkActor, LinkWish, ListFilter, ListOrder, ListStart, NamedClass, NewHold, Record, Remember,
};

use crate::world::{World, import, now, write};

fn eva() -> LinkActor {
    LinkActor { id: "0199aaaa-0000-7000-8000-000000000001".to_owned(), name: "Eva".to_owned() }
}

/// Of each mail, by its id: places, links with how they came, links that were removed, tags and what is said of spam, and whether it is deleted.
type State = BTreeMap<String, (Vec<String>, Vec<String>, Vec<String>, Vec<String>, bool)>;

fn state(world: &World) -> State {
    let (lines, _) = world.store().mail_lines(&Scope::All, 0, 100).unwrap().unwrap();
    let mut state = State::new();
    for line in lines {
        let mut places: Vec<String> = line
            .placements
            .iter()
            .map(|place| format!("{} {} {:?}", place.account, place.mailbox_name, place.position))
            .collect();
        places.sort();
        let links = world.store().message_links(&Scope::All, &[line.mail_id]).unwrap();
        let of = |list: &[store::MessageLink]| {
            let named = list.iter().map(|link| {
                format!("{} {} {}", link.record.kind.as_str(), link.record.number, link.how.as_str())
            });
            named.collect::<Vec<_>>()
        };
        let links = &links[&line.mail_id];
        let one = (places, of(&links.links), of(&links.removed), Vec::new(), false);
        state.insert(line.mail_id.to_string(), one);
    }
    for deleted in [false, true] {
        let filter = ListFilter { deleted, ..ListFilter::default() };
        let page = world.store().list(&Scope::All, &filter, ListOrder::Descending, ListStart::Top, 100);
        for row in page.unwrap().rows {
            let of = state.get_mut(&row.mail_id.to_string()).unwrap();
            of.3 = row.tags.iter().map(|tag| tag.name.clone()).collect();
            of.3.extend(row.suspicion.map(|suspicion| format!("{suspicion:?}")));
            of.4 = row.deleted.is_some();
        }
    }
    state
}

fn row(world: &World, subject: &str) -> store::MessageRow {
    let page =
        world.store().list(&Scope::All, &ListFilter::default(), ListOrder::Descending, ListStart::Top, 100);
    page.unwrap().rows.into_iter().find(|row| row.subject == subject).unwrap()
}

fn mail(world: &World, subject: &str) -> MailId {
    row(world, subject).mail_id
}

/// What keeps each mail, by its subject.
fn kept(world: &World) -> BTreeMap<String, String> {
    let page =
        world.store().list(&Scope::All, &ListFilter::default(), ListOrder::Descending, ListStart::Top, 100);
    let said = |row: store::MessageRow| {
        let (kept, holds) = world.store().kept_message(&Scope::All, row.mail_id).unwrap().unwrap();
        let kept: Vec<_> = kept
            .iter()
            .map(|kept| {
                let class = kept.class.as_ref().map(|class| class.shown().to_owned());
                (class, kept.day, kept.until, kept.rule.clone(), kept.reason.clone(), kept.at)
            })
            .collect();
        let holds: Vec<_> = holds.iter().map(|hold| (&hold.name, &hold.reason, &hold.query)).collect();
        (row.subject.clone(), format!("{kept:?} {holds:?}"))
    };
    page.unwrap().rows.into_iter().map(said).collect()
}

#[test]
fn classes_and_holds_come_back_without_the_database() {
    let world = World::new();
    let dir = tempfile::TempDir::new().unwrap();
    for n in 1..=5 {
        let text = format!(
            "From: eva@kunde.example\r\nTo: info@hier.example\r\nSubject: Mail {n}\r\nMessage-ID: <{n}@kunde.example>\r\n\
             Date: Mon, 2 Mar 2026 10:0{n}:00 +0100\r\n\r\nGuten Tag\r\n"
        );
        write(&dir.path().join(format!("one/{n}.eml")), &text);
    }
    import(&world, "one", &dir.path().join("one"));
    world.engine.catch_up().unwrap();
    let store = world.store();
    let event = |kind: &str| Event {
        id: model::EventId::new(uuid::Uuid::now_v7()),
        at: now(),
        actor: eva().id,
        kind: kind.to_owned(),
        subject: String::new(),
        payload: "{}".to_owned(),
    };
    let own = NamedClass {
        class: Class { key: 0, months: Some(30), bank_months: None, start: Start::YearReceived },
        word: String::new(),
        name: "Verträge".to_owned(),
    };
    let own = store.put_retention_class(own, event("retention.class")).unwrap();
    let choose = |subject: &str, class: Option<i64>| {
        let reason = "so entschieden".to_owned();
        store
            .set_retention_class(&Scope::All, &[mail(&world, subject)], (class, true), reason, eva(), now())
            .unwrap();
    };
    choose("Mail 1", Some(own));
    choose("Mail 2", Some(-5));
    choose("Mail 2", Some(-1));
    choose("Mail 3", None);
    let case = |name: &str| NewHold {
        name: name.to_owned(),
        reason: "Rechtsstreit".to_owned(),
        query: "from:niemand".to_owned(),
        actor: eva().id,
    };
    let held = |name: &str, subjects: &[&str]| {
        let key = store.add_hold(case(name), event("hold.set"), now()).unwrap();
        let messages = subjects.iter().map(|subject| row(&world, subject).seq).collect();
        store.hold_messages(key, messages, 0, now()).unwrap();
        key
    };
    let lifted = held("Müller", &["Mail 4"]);
    store.lift_hold(lifted, "verglichen".to_owned(), eva().id, event("hold.lifted"), now()).unwrap();
    held("müller", &["Mail 4", "Mail 5"]);
    world.engine.sign_log().unwrap();
    let before = kept(&world);
    assert!(before["Mail 1"].contains("Verträge") && before["Mail 5"].contains("müller"), "{before:?}");

    let world = without_database(world);
    assert_eq!(kept(&world), before);
    let keeps = |subject: &str| {
        let mail = mail(&world, subject);
        world.store().keeps(&[mail], now()).unwrap().remove(&mail).unwrap_or_default()
    };
    assert!(!keeps("Mail 1").is_empty() && !keeps("Mail 4").is_empty());
    let cases: Vec<_> =
        world.store().holds().unwrap().into_iter().map(|(hold, mails)| (hold.name, mails)).collect();
    assert_eq!(cases, [("müller".to_owned(), 2), ("Müller".to_owned(), 1)]);
}

/// The same data directory after the database and the index were lost.
fn without_database(world: World) -> World {
    let data = world.engine.dir().to_owned();
    let world = world.close_and_open(|| {
        for entry in fs::read_dir(&data).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains("poststelle.sqlite") {
                fs::remove_file(path).unwrap();
            }
        }
        fs::remove_dir_all(data.join("index")).unwrap();
    });
    world.engine.catch_up().unwrap();
    world
}

#[test]
fn places_links_removals_tags_and_states_come_back_without_the_database() {
    let world = World::new();
    let contact =
        Record { addresses: vec!["eva@kunde.example".to_owned()], ..Record::new(RecordKind::Contact, "K-1") };
    let orders = ["A-1", "A-2"].map(|number| Record::new(RecordKind::Order, number));
    world.store().put_records([vec![contact], orders.to_vec()].concat(), 0, now()).unwrap();
    let dir = tempfile::TempDir::new().unwrap();
    for n in 1..=5 {
        let from = if n == 5 { "fremd@anders.example" } else { "eva@kunde.example" };
        let text = format!(
            "From: {from}\r\nTo: info@hier.example\r\nSubject: Mail {n}\r\nMessage-ID: <{n}@kunde.example>\r\n\
             Date: Mon, 2 Mar 2026 10:0{n}:00 +0100\r\n\r\nGuten Tag\r\n"
        );
        write(&dir.path().join(format!("one/{n}.eml")), &text);
        if n < 3 {
            write(&dir.path().join(format!("two/{n}.eml")), &text);
        }
    }
    import(&world, "one", &dir.path().join("one"));
    world.engine.catch_up().unwrap();
    import(&world, "two", &dir.path().join("two"));
    world.engine.catch_up().unwrap();
    let store = world.store();
    let act = |mail: MailId, wish: LinkWish| {
        store.change_links(&Scope::All, vec![mail], wish, eva(), now()).unwrap();
    };
    let record = |kind, number: &str| vec![(kind, number.to_owned())];
    act(mail(&world, "Mail 1"), LinkWish { set: record(RecordKind::Order, "A-1"), ..LinkWish::default() });
    let remove = record(RecordKind::Contact, "K-1");
    act(mail(&world, "Mail 2"), LinkWish { remove, remember: Remember::Thread, ..LinkWish::default() });
    act(mail(&world, "Mail 5"), LinkWish { remove: record(RecordKind::Order, "A-2"), ..LinkWish::default() });
    let tagged = [mail(&world, "Mail 3"), mail(&world, "Mail 4")];
    let add = vec!["Wichtig".to_owned(), "Übergabe".to_owned()];
    store.tag_messages(&Scope::All, &tagged, add, Vec::new(), eva(), now()).unwrap();
    let key = store.tags().unwrap().into_iter().find(|tag| tag.name == "Wichtig").unwrap().key;
    store.tag_messages(&Scope::All, &tagged[..1], Vec::new(), vec![key], eva(), now()).unwrap();
    store.judge_spam(&Scope::All, &tagged, Some(true), eva(), now()).unwrap();
    store.judge_spam(&Scope::All, &tagged[..1], Some(false), eva(), now()).unwrap();
    store.delete_messages(&Scope::All, &tagged[1..], eva(), now()).unwrap();
    world.engine.sign_log().unwrap();
    let (before, events) = (state(&world), store.event_count().unwrap());
    let leaves = store.leaf_count().unwrap();
    assert_eq!(before.values().filter(|of| of.0.len() == 2).count(), 2, "{before:?}");
    assert!(before.values().any(|of| of.1.contains(&"contact K-1 contact".to_owned())), "{before:?}");

    let world = without_database(world);
    assert_eq!(state(&world), before);
    assert_eq!(world.store().event_count().unwrap(), events);
    // What came back is told once; only that a segment's octets are what they are may be added.
    let rows = world.store().leaves(leaves, 100).unwrap();
    assert!(rows.iter().all(|row| row.kind == ledger::Kind::Stored.code()), "{rows:?}");
    world.engine.sign_log().unwrap();
    let verified = world.engine.verify(&mut |_| ()).unwrap();
    assert_eq!(verified.faults, []);
    // A later mail of the thread is not filed where a person said no.
    let reply = "From: eva@kunde.example\r\nTo: info@hier.example\r\nSubject: Re: Mail 2\r\n\
        Message-ID: <6@kunde.example>\r\nIn-Reply-To: <2@kunde.example>\r\nReferences: <2@kunde.example>\r\n\
        Date: Mon, 2 Mar 2026 11:00:00 +0100\r\n\r\nNoch einmal\r\n";
    write(&dir.path().join("three/6.eml"), reply);
    import(&world, "one", &dir.path().join("three"));
    world.engine.catch_up().unwrap();
    let links = world.store().message_links(&Scope::All, &[mail(&world, "Re: Mail 2")]).unwrap();
    assert!(links.values().all(|of| of.links.is_empty()), "{links:?}");
}
