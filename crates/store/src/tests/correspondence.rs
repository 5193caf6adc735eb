//! Who wrote to us and what was attached, kept with filing, deleting and erasing.

use model::{PartRole, Scope, UnixMillis};

use super::Case;
use super::engine::Folder;
use super::world::*;
use crate::db::Tx;
use crate::{
    AddressRole, Database, Filed, LinkActor, MediaFilter, MediaKind, NewErasure, NewPart, SenderFilter,
    SenderOrder, Store,
};

pub(super) const ALL: &[Case] = &[
    ("senders_are_counted", senders_are_counted),
    ("attachments_are_listed", attachments_are_listed),
    ("pages_of_senders_follow_each_other", pages_of_senders_follow_each_other),
];

fn part(name: &str, content_type: &str, octets: u64) -> NewPart {
    NewPart {
        number: name.len().to_string(),
        name: Some(name.to_owned()),
        content_type: content_type.to_owned(),
        octets,
        sha256: None,
        role: PartRole::Attachment,
    }
}

/// Mail `n` of account `mailbox` from `from`, with these attachments.
fn mail(store: &Store, mailbox: u64, n: u64, from: (&str, &str), parts: Vec<NewPart>) -> i64 {
    let seq = seq(&intake(store, vec![item(n, mailbox, n as u32 + 1)])[0]);
    let mail = Filed {
        addresses: vec![(AddressRole::From, address(from.0, from.1))],
        attachments: parts.len() as u32,
        parts,
        ..filed(seq, n)
    };
    file(store, vec![mail]);
    seq
}

fn erase(store: &Store, n: u64, mails: &[u64]) {
    let new = NewErasure {
        id: id(40, n),
        actor: "somebody".to_owned(),
        basis: "objection".to_owned(),
        note: String::new(),
        forced: true,
        begun: NOW,
    };
    let key = store.begin_erasure(new, mails.iter().map(|n| (mail_id(*n), None)).collect()).unwrap();
    while store.erase_rows(key, [9; 32], 2, NOW).unwrap() {}
}

/// Address, name, count, hours of the first and the last mail.
fn senders(store: &Store, scope: &Scope, filter: &SenderFilter) -> Vec<(String, String, u64, i64, i64)> {
    let hours = |at: UnixMillis| (at.0 - NOW.0) / 3_600_000;
    let rows = store.senders(scope, filter, None, 100).unwrap();
    assert_eq!(store.sender_count(scope, filter).unwrap(), rows.len() as u64);
    rows.into_iter()
        .map(|row| (row.address, row.name, row.count, hours(row.first), hours(row.last)))
        .collect()
}

fn row(address: &str, name: &str, n: u64, first: i64, last: i64) -> (String, String, u64, i64, i64) {
    (address.to_owned(), name.to_owned(), n, first, last)
}

fn senders_are_counted(store: &Store) {
    (1..4).for_each(|n| account(store, n));
    mail(store, 1, 1, ("Eva", "Eva@kunde.example"), Vec::new());
    mail(store, 1, 2, ("Eva Muster", "eva@kunde.example"), Vec::new());
    mail(store, 2, 3, ("Tom", "tom@firma.example"), Vec::new());
    mail(store, 2, 4, ("", "noreply@shop.example"), Vec::new());
    // The same octets in two accounts are one message.
    mail(store, 1, 5, ("Tom T.", "tom@firma.example"), Vec::new());
    intake(store, vec![item(5, 2, 6)]);
    let all = SenderFilter::default();
    let eva = row("eva@kunde.example", "Eva Muster", 2, 1, 2);
    let tom = row("tom@firma.example", "Tom T.", 2, 3, 5);
    assert_eq!(senders(store, &Scope::All, &all), [eva.clone(), tom.clone()]);
    assert_eq!(senders(store, &scope(&[1, 2, 3]), &all), [eva.clone(), tom.clone()], "all accounts");
    assert_eq!(senders(store, &scope(&[1, 2]), &all), [eva.clone(), tom.clone()], "counted once");
    let one = row("tom@firma.example", "Tom T.", 1, 5, 5);
    assert_eq!(senders(store, &scope(&[1]), &all), [eva.clone(), one]);
    assert_eq!(senders(store, &scope(&[3]), &all), []);
    assert_eq!(senders(store, &scope(&[]), &all), []);
    let with_machines = SenderFilter { machines: true, order: SenderOrder::Last, ..SenderFilter::default() };
    let found: Vec<_> = senders(store, &scope(&[2]), &with_machines).into_iter().map(|row| row.0).collect();
    assert_eq!(found, ["tom@firma.example", "noreply@shop.example"]);
    for (text, expected) in [("MUSTER", 1), ("@firma.example", 1), ("nobody", 0), ("%", 2)] {
        let filter = SenderFilter { text: Some(text.to_owned()), ..SenderFilter::default() };
        assert_eq!(senders(store, &scope(&[1, 2]), &filter).len(), expected, "{text}");
        assert_eq!(senders(store, &Scope::All, &filter).len(), expected, "{text}");
    }
    // The newest one is deleted, comes back, and is erased: days and name follow.
    let actor = LinkActor { id: "user-1".to_owned(), name: "Eva".to_owned() };
    store.delete_messages(&Scope::All, &[mail_id(2)], actor.clone(), NOW).unwrap();
    assert_eq!(senders(store, &scope(&[1]), &all)[0], row("eva@kunde.example", "Eva", 1, 1, 1));
    store.restore_messages(&Scope::All, &[mail_id(2)], actor, NOW).unwrap();
    assert_eq!(senders(store, &scope(&[1]), &all)[0], eva);
    erase(store, 1, &[2]);
    assert_eq!(senders(store, &Scope::All, &all), [tom, row("eva@kunde.example", "Eva", 1, 1, 1)]);
    erase(store, 2, &[1, 5]);
    assert_eq!(senders(store, &scope(&[1, 2]), &all), [row("tom@firma.example", "Tom", 1, 3, 3)]);
    assert_eq!(senders(store, &scope(&[1]), &all), []);
    // Filed again, nothing is counted twice; another kind changes who is a person.
    let seq = store.mail_octets(&Scope::All, mail_id(3)).unwrap().unwrap().seq;
    let verdict = model::Verdict { kind: model::Kind::AutoGenerated, ..model::Verdict::default() };
    let addresses = vec![(AddressRole::From, address("Tom", "tom@firma.example"))];
    file(store, vec![Filed { addresses, verdict, ..filed(seq, 3) }]);
    assert_eq!(senders(store, &Scope::All, &all), []);
    let machines = SenderFilter { machines: true, ..SenderFilter::default() };
    assert_eq!(senders(store, &Scope::All, &machines).len(), 2);
}

fn pages_of_senders_follow_each_other(store: &Store) {
    (1..4).for_each(|n| account(store, n));
    for n in 0..23 {
        let from = format!("p{}@x.example", n % 9);
        mail(store, 1 + n % 2, n, ("", &from), Vec::new());
    }
    for order in [SenderOrder::Count, SenderOrder::Last] {
        for scope in [Scope::All, scope(&[1, 2]), scope(&[1])] {
            let filter = SenderFilter { order, ..SenderFilter::default() };
            let whole = store.senders(&scope, &filter, None, 100).unwrap();
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let page = store.senders(&scope, &filter, after.as_ref(), 2).unwrap();
                let Some(last) = page.last() else { break };
                let cursor = last.cursor(order);
                assert_eq!(cursor.to_string().parse::<crate::SenderCursor>().unwrap(), cursor);
                after = Some(cursor);
                paged.extend(page);
            }
            assert_eq!(paged, whole);
            assert!(whole.len() >= 5);
        }
    }
}

fn attachments_are_listed(store: &Store) {
    (1..3).for_each(|n| account(store, n));
    let eva = ("Eva", "eva@kunde.example");
    mail(
        store,
        1,
        1,
        eva,
        vec![part("a.JPG", "application/octet-stream", 10), part("bb.pdf", "application/pdf", 20)],
    );
    mail(store, 1, 2, eva, vec![part("Größe.docx", "application/zip", 30)]);
    mail(
        store,
        2,
        3,
        ("Tom", "tom@firma.example"),
        vec![part("x.zip", "application/zip", 40), part("yy.exe", "a/b", 5)],
    );
    mail(store, 2, 4, ("Tom", "tom@firma.example"), Vec::new());
    let names = |scope: &Scope, filter: &MediaFilter| -> Vec<(String, MediaKind)> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.media(scope, filter, after.as_ref(), 2).unwrap();
            found.extend(page.rows.into_iter().map(|row| (row.part.name.unwrap_or_default(), row.kind)));
            match page.next {
                Some(next) => after = Some(next.to_string().parse().unwrap()),
                None => return found,
            }
        }
    };
    let of = |scope: &Scope, filter: MediaFilter| -> Vec<String> {
        names(scope, &filter).into_iter().map(|(name, _)| name).collect()
    };
    let expected = [
        ("yy.exe".to_owned(), MediaKind::Other),
        ("x.zip".to_owned(), MediaKind::Archive),
        ("Größe.docx".to_owned(), MediaKind::Document),
        ("bb.pdf".to_owned(), MediaKind::Pdf),
        ("a.JPG".to_owned(), MediaKind::Image),
    ];
    let everything = MediaFilter::default();
    assert_eq!(names(&Scope::All, &everything), expected);
    assert_eq!(names(&scope(&[1, 2]), &everything), expected);
    assert_eq!(names(&scope(&[2]), &everything), expected[..2]);
    assert_eq!(names(&scope(&[]), &everything), []);
    let kinds = vec![MediaKind::Pdf, MediaKind::Image];
    assert_eq!(of(&scope(&[1, 2]), MediaFilter { kinds, ..MediaFilter::default() }), ["bb.pdf", "a.JPG"]);
    let name = Some("GRÖSSE".to_owned());
    assert_eq!(of(&Scope::All, MediaFilter { name, ..MediaFilter::default() }), [""; 0], "ß is not SS");
    let name = Some("größe".to_owned());
    assert_eq!(of(&Scope::All, MediaFilter { name, ..MediaFilter::default() }), ["Größe.docx"]);
    let sender = Some("TOM".to_owned());
    assert_eq!(of(&Scope::All, MediaFilter { sender, octets_min: 6, ..MediaFilter::default() }), ["x.zip"]);
    let until = Some(UnixMillis(NOW.0 + 2 * 3_600_000));
    assert_eq!(of(&Scope::All, MediaFilter { until, ..MediaFilter::default() }), ["bb.pdf", "a.JPG"]);
    let page = store.media(&Scope::All, &everything, None, 1).unwrap();
    assert!(page.rows[0].held, "nobody has looked at it");
    let actor = LinkActor { id: "user-1".to_owned(), name: "Eva".to_owned() };
    store.delete_messages(&Scope::All, &[mail_id(3)], actor, NOW).unwrap();
    assert_eq!(names(&Scope::All, &everything), expected[2..]);
    erase(store, 1, &[1]);
    assert_eq!(of(&scope(&[1]), everything), ["Größe.docx"]);
}

/// What an update makes of mails that were there is what filing makes of them.
#[test]
fn an_older_database_gets_the_same_rows() {
    let folder = Folder::new();
    let database = Database::Sqlite { path: folder.path.join("poststelle.db") };
    let store = Store::open(&database).unwrap();
    (1..4).for_each(|n| account(&store, n));
    let ends = ["pdf", "JPG", "docx", "zip", "bin", "tar", "csv", ""];
    for (n, end) in (0..).zip(ends) {
        let from = ("Eva", if n % 3 == 0 { "eva@kunde.example" } else { "noreply@kunde.example" });
        let types = ["application/octet-stream", "image/png", "text/plain"];
        mail(&store, 1 + n % 3, n, from, vec![part(&format!("a.{end}"), types[n as usize % 3], n)]);
        intake(&store, vec![item(n, 1 + (n + 1) % 3, 50 + n as u32)]);
    }
    let actor = LinkActor { id: "user-1".to_owned(), name: "Eva".to_owned() };
    store.delete_messages(&Scope::All, &[mail_id(3)], actor, NOW).unwrap();
    let dump = |store: &Store| -> Vec<String> {
        let texts = store.read(|tx| {
            let Tx::Sqlite(connection) = tx else { unreachable!() };
            let mut texts = Vec::new();
            for sql in [
                // Of sets only the counts mean something.
                "SELECT list || folded || role || n || people || CASE WHEN list IN (SELECT key FROM account_sets) THEN '' \
                 ELSE name || first || last END FROM senders ORDER BY 1",
                "SELECT list || '.' || kind || '.' || date || '.' || message_seq || '.' || part FROM media ORDER BY 1",
            ] {
                let mut statement = connection.prepare(sql).unwrap();
                texts.extend(statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap));
            }
            Ok(texts)
        });
        texts.unwrap()
    };
    let before = dump(&store);
    assert!(before.len() > 20, "{before:?}");
    store
        .write(|tx| {
            let Tx::Sqlite(connection) = tx else { unreachable!() };
            connection.execute_batch("DELETE FROM senders; DELETE FROM media;").unwrap();
            let text = include_str!("../../migrations/0031_correspondence.sql");
            for statement in
                text.split(";\n").filter(|statement| statement.trim_start().starts_with("INSERT"))
            {
                connection.execute_batch(statement).unwrap();
            }
            Ok(())
        })
        .unwrap();
    store.close();
    let store = Store::open(&database).unwrap();
    assert_eq!(dump(&store), before);
}
