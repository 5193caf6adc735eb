//! The database is lost: what people and rules did comes back from the log.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use intake::files::Source;
use model::{MailId, RecordKind, Scope};
use pipeline::Import;
use store::{LinkActor, LinkWish, ListFilter, ListOrder, ListStart, Record, Remember};

use crate::world::{World, now, write};

fn import(world: &World, account: &str, folder: &Path) {
    let account = world.engine.account_or_import(account).unwrap();
    let sources = vec![Source { path: folder.to_owned(), name: None }];
    let import = Import { account, sources, directory: None, run: None };
    world.engine.import(&import, &mut std::io::empty(), &AtomicBool::new(false), &mut |_| ()).unwrap();
}

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

fn mail(world: &World, subject: &str) -> MailId {
    let page =
        world.store().list(&Scope::All, &ListFilter::default(), ListOrder::Descending, ListStart::Top, 100);
    page.unwrap().rows.iter().find(|row| row.subject == subject).unwrap().mail_id
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
