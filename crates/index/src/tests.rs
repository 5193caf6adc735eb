//! Whole walks: documents in, queries out.

mod corpus;
mod disk;
mod text;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::tz::TimeZone;
use model::{AccountId, Address, Kind, Scope, TextKind, UnixMillis};
use uuid::Uuid;

use crate::{Attached, Context, Document, Error, Index, Options, Page, Query, QueryError, Sort, key};

/// A directory that goes away with its test.
pub(crate) struct Dir(pub(crate) PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("index-test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn open(&self) -> Index {
        Index::open(&self.0, Options { heap_octets: 15_000_000 }).unwrap()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn account(number: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(number))
}

fn millis(time: &str) -> UnixMillis {
    UnixMillis(time.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn address(name: &str, addr_spec: &str) -> Address {
    Address { display_name: (!name.is_empty()).then(|| name.into()), addr_spec: addr_spec.into() }
}

fn try_query(text: &str) -> Result<Query, QueryError> {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let accounts = |name: &str| match name.to_lowercase().as_str() {
        "info" => vec![account(1)],
        "vorstand" => vec![account(2)],
        _ => Vec::new(),
    };
    let groups = |name: &str| if name.eq_ignore_ascii_case("vorstand") { vec![7] } else { Vec::new() };
    Query::parse(
        text,
        &Context { zone: &zone, now: millis("2026-03-02T12:00:00Z"), accounts: &accounts, groups: &groups },
    )
}

fn query(text: &str) -> Query {
    try_query(text).unwrap()
}

fn keys(index: &Index, text: &str, scope: &Scope) -> Vec<u64> {
    let found = index.search(&query(text), scope, &Page { facets: true, ..Page::default() }).unwrap();
    let mut keys: Vec<u64> = found.hits.iter().map(|hit| hit.seq).collect();
    keys.sort_unstable();
    assert_eq!(found.total, keys.len() as u64, "{text}");
    assert_eq!(
        found.facets.unwrap().kinds.iter().map(|(_, count)| count).sum::<u64>(),
        found.total,
        "{text}"
    );
    let by_relevance = Page { sort: Sort::Relevance, ..Page::default() };
    let found = index.search(&query(text), scope, &by_relevance).unwrap();
    let mut again: Vec<u64> = found.hits.iter().map(|hit| hit.seq).collect();
    again.sort_unstable();
    assert_eq!(again, keys, "{text}");
    keys
}

fn best(index: &Index, text: &str) -> Vec<u64> {
    let page = Page { sort: Sort::Relevance, ..Page::default() };
    index.search(&query(text), &Scope::All, &page).unwrap().hits.iter().map(|hit| hit.seq).collect()
}

/// The mails most tests look into.
fn sample(dir: &Dir) -> Index {
    let index = dir.open();
    let (info, board) = ([account(1)], [account(2)]);
    let both = [account(1), account(2)];
    let anna = [address("Anna Müller", "anna.mueller@example.org")];
    let shop = [address("", "orders@shop.example.com")];
    let to = [address("Søren Köhler", "soeren@verein.test")];
    let tags = ["Neu".to_owned(), "Sehr wichtig".to_owned()];
    let invoices = ["R-2026/0815".to_owned()];
    let documents = [
        Document {
            seq: 40,
            accounts: &info,
            deleted: true,
            subject: "Rechnung, gelöscht",
            ..Document::default()
        },
        Document {
            seq: 1,
            accounts: &info,
            date: millis("2026-03-01T23:30:00Z"),
            octets: 2_000,
            unread: true,
            spam: true,
            from: &anna,
            to: &to,
            subject: "Rechnung B-2026-15343",
            invoices: &invoices,
            text: vec![
                (TextKind::New, "Guten Tag,\ndie Rechnungen für die Häuser sind da. Grüner Strom für alle!"),
                (TextKind::Quoted, "> Wann kommt die Mahnung?"),
                (TextKind::Signature, "-- \nAnna Müller, Tel. 030/1057365"),
            ],
            message_id: "abc.123@example.org",
            tags: &tags,
            ..Document::default()
        },
        Document {
            seq: 2,
            accounts: &board,
            date: millis("2026-02-10T10:00:00Z"),
            octets: 3 << 20,
            kind: Kind::Bounce,
            has_attachment: true,
            groups: &[7],
            from: &shop,
            subject: "Undelivered invoices",
            text: vec![(
                TextKind::New,
                "The deliveries of your invoice could not be completed. See www.shop.example.com/x/1.",
            )],
            attachments: vec![Attached { name: "Bericht_2026.pdf", text: "Jahresbericht der Kraftanlage" }],
            ..Document::default()
        },
        Document {
            seq: 3,
            accounts: &both,
            date: millis("2025-12-31T23:30:00Z"),
            octets: 900,
            kind: Kind::List,
            from: &anna,
            subject: "東京都の天気",
            text: vec![(TextKind::New, "Mahnung an Mueller, E-Mail folgt. Strom, grüner.")],
            ..Document::default()
        },
    ];
    index.write(&documents, &[]).unwrap();
    index.commit(17).unwrap();
    index
}

#[test]
fn a_query_is_asked_of_some_messages_only() {
    let dir = Dir::new();
    let index = sample(&dir);
    let of = |text: &str, seqs: &[i64]| {
        let mut found = index.matching(&query(text), seqs).unwrap();
        found.sort_unstable();
        found
    };
    assert_eq!(of("mahnung", &[1, 2, 3]), [1, 3]);
    assert_eq!(of("mahnung", &[2, 3, 77]), [3]);
    assert_eq!(of("mahnung", &[]), [0_i64; 0]);
    assert_eq!(of("rechnung", &[1, 40]), [1, 40], "deleted ones as well");
    assert_eq!(of("", &[1, 40]), [1, 40]);
}

#[test]
fn every_query_word_finds_its_mails() {
    let dir = Dir::new();
    let index = sample(&dir);
    for (text, expected) in [
        ("", &[1, 2, 3][..]),
        ("from:anna", &[1, 3]),
        ("from:example.org", &[1, 3]),
        ("from:anna.mueller@example.org", &[1, 3]),
        ("von:\"Anna Müller\"", &[1, 3]),
        ("to:sören", &[1]),
        ("to:köhler", &[1]),
        ("to:anna", &[]),
        ("subject:rechnung", &[1]),
        ("subject:rechnungen", &[1]),
        ("subject:mahnung", &[]),
        ("body:mahnung", &[1, 3]),
        ("body:undelivered", &[]),
        ("file:bericht", &[2]),
        ("file:kraftanlage", &[2]),
        ("file:bericht_2026.pdf", &[2]),
        ("has:attachment", &[2]),
        ("-has:attachment", &[1, 3]),
        ("kind:bounce", &[2]),
        ("kind:auto-reply", &[]),
        ("account:Info", &[1, 3]),
        ("account:info account:vorstand", &[3]),
        ("is:unread", &[1]),
        ("is:spam", &[1]),
        ("ist:spamverdacht rechnung", &[1]),
        ("rechnung -is:spam", &[]),
        ("group:Vorstand", &[2]),
        ("rechnung is:deleted", &[40]),
        ("ist:gelöscht OR is:unread", &[1, 40]),
        ("-is:deleted", &[1, 2, 3]),
        ("is:read", &[2, 3]),
        ("on:2026-03-02", &[1]),
        ("on:heute", &[1]),
        ("on:01.03.2026", &[]),
        ("after:2026-03", &[1]),
        ("after:2026", &[1, 2, 3]),
        ("before:2026-03-02", &[2, 3]),
        ("before:2026-02-10", &[3]),
        ("after:2026-02-10", &[1, 2]),
        ("larger:1M", &[2]),
        ("larger:1k -larger:1M", &[1]),
        ("mahnung OR bounce OR undelivered", &[1, 2, 3]),
        ("(mahnung OR undelivered) -strom", &[2]),
        ("mahnung -rechnung", &[3]),
        ("-mahnung", &[2]),
        ("subject:(rechnung OR invoices)", &[1, 2]),
        ("\"grüner strom\"", &[1]),
        ("„grüner Strom“", &[1]),
        ("\"strom grüner\"", &[3]),
        ("unde*", &[2]),
        ("rech*", &[1]),
        ("ja*", &[2]),
        ("abc.123@example.org", &[1]),
        ("<abc.123@example.org>", &[1]),
        ("tag:neu", &[1]),
        ("has:invoice", &[1]),
        ("hat:rechnung -rechnung:r2026.0815", &[]),
        ("invoice:R-2026/0815", &[1]),
        ("invoice:R-2026/0816", &[]),
        ("schlagwort:NEU -tag:\"sehr wichtig\"", &[]),
        ("tag:\"Sehr  Wichtig\"", &[1]),
        ("tag:sehr", &[]),
        ("is:open", &[]),
        ("-is:done mahnung", &[1, 3]),
        ("foo:bar", &[]),
        ("\"tel 030\"", &[1]),
        ("!!!", &[]),
        ("mahnung !!!", &[1, 3]),
        ("mahnung OR", &[1, 3]),
        ("OR mahnung )", &[1, 3]),
        ("AND mahnung (", &[1, 3]),
        ("\"mahnung", &[1, 3]),
    ] {
        assert_eq!(keys(&index, text, &Scope::All), expected, "{text}");
    }
}

#[test]
fn words_are_found_in_every_spelling() {
    let dir = Dir::new();
    let index = sample(&dir);
    for (text, expected) in [
        ("Müller", &[1, 3][..]),
        ("mueller", &[1, 3]),
        ("muller", &[1, 3]),
        ("MÜLLER", &[1, 3]),
        ("Mu\u{308}ller", &[1, 3]),
        ("gruner", &[1, 3]),
        ("gruener", &[1, 3]),
        ("söhren", &[]),
        ("rechnung", &[1]),
        ("haus", &[1]),
        ("invoice", &[2]),
        ("delivery", &[2]),
        ("B-2026-15343", &[1]),
        ("b202615343", &[1]),
        ("B/2026/15343", &[1]),
        ("15343", &[1]),
        ("b-2026-153*", &[1]),
        ("B-2026-15344", &[]),
        ("030/1057365", &[1]),
        ("0301057365", &[1]),
        ("email", &[3]),
        ("e-mail", &[3]),
        ("shop.example.com", &[2]),
        ("example.com", &[2]),
        ("orders", &[2]),
        ("東京", &[3]),
        ("天", &[3]),
        ("京東", &[]),
    ] {
        assert_eq!(keys(&index, text, &Scope::All), expected, "{text}");
    }
}

#[test]
fn the_exact_word_comes_first_and_quoted_text_last() {
    let dir = Dir::new();
    let index = dir.open();
    let long = "Die Rechnung liegt bei. ".to_owned()
        + &"Weiter steht hier nichts von Belang, nur sehr viel Text. ".repeat(40);
    let texts: [(TextKind, &str); 4] = [
        (TextKind::Quoted, "Die Rechnung liegt bei."),
        (TextKind::New, "Die Rechnungen liegen bei."),
        (TextKind::New, &long),
        (TextKind::New, "Die Rechnung liegt bei."),
    ];
    let accounts = [account(1)];
    for (seq, text) in (1..).zip(texts) {
        let document = Document { seq, accounts: &accounts, text: vec![text], ..Document::default() };
        index.write(&[document], &[]).unwrap();
    }
    index.commit(1).unwrap();
    assert_eq!(best(&index, "Rechnung"), [4, 3, 1, 2]);
    assert_eq!(best(&index, "Rechnungen")[0], 2);
    assert_eq!(best(&index, "Rechnungen").len(), 4);
    assert_eq!(best(&index, "\"Rechnungen\""), [2]);
}

#[test]
fn compounds_are_found_by_their_parts() {
    let dir = Dir::new();
    let index = dir.open();
    let accounts = [account(1)];
    let document = |seq, text| Document {
        seq,
        accounts: &accounts,
        text: vec![(TextKind::New, text)],
        ..Document::default()
    };
    let mut documents: Vec<Document<'_>> =
        (1..=3).map(|seq| document(seq, "Die Rechnung und die Nummer und der Kunde.")).collect();
    documents.push(document(4, "Ihre Rechnungsnummer fehlt, die Kundennummern auch."));
    index.write(&documents, &[]).unwrap();
    index.commit(1).unwrap();
    assert_eq!(best(&index, "Nummer")[3], 4);
    assert_eq!(best(&index, "Nummern").len(), 4);
    assert_eq!(best(&index, "Kunden")[3], 4);
}

#[test]
fn a_scope_hides_what_it_does_not_allow() {
    let dir = Dir::new();
    let index = sample(&dir);
    let info = Scope::accounts(vec![account(1)]);
    let none = Scope::accounts(vec![]);
    let stranger = Scope::accounts(vec![account(9)]);
    assert_eq!(keys(&index, "", &info), [1, 3]);
    assert_eq!(keys(&index, "invoice", &info), Vec::<u64>::new());
    assert_eq!(keys(&index, "invoice OR mahnung", &Scope::accounts(vec![account(2)])), [2, 3]);
    assert_eq!(keys(&index, "-mahnung", &info), Vec::<u64>::new());
    assert_eq!(keys(&index, "account:vorstand", &info), [3]);
    assert_eq!(keys(&index, "", &none), Vec::<u64>::new());
    assert_eq!(keys(&index, "", &stranger), Vec::<u64>::new());
    let page = Page { facets: true, limit: 0, ..Page::default() };
    let facets = |scope: &Scope| index.search(&query(""), scope, &page).unwrap().facets.unwrap();
    let all = facets(&Scope::All);
    assert_eq!(all.accounts, [(account(1), 2), (account(2), 2)]);
    // 23:30 UTC on New Year's Eve is the next year in Berlin.
    assert_eq!(all.years, [(2026, 3)]);
    assert_eq!(all.has_attachment, 1);
    assert_eq!(all.kinds.len(), 3);
    let seen = facets(&info);
    // The third mail lies in the other account too, which is nobody's business here.
    assert_eq!(seen.accounts, [(account(1), 2)]);
    assert_eq!(seen.has_attachment, 0);
    assert_eq!(seen.kinds.iter().map(|(_, count)| count).sum::<u64>(), 2);
}

#[test]
fn pages_follow_each_other() {
    let dir = Dir::new();
    let index = dir.open();
    let accounts = [account(1)];
    let documents: Vec<Document<'_>> = (1..=95_u64)
        .map(|seq| Document {
            seq,
            accounts: &accounts,
            // Many of one time.
            date: UnixMillis((seq as i64 % 10 - 5) * 1000),
            subject: if seq % 2 == 0 { "Strom" } else { "Strom Strom und Gas" },
            ..Document::default()
        })
        .collect();
    for part in documents.chunks(20) {
        index.write(part, &[]).unwrap();
        index.commit(part[0].seq).unwrap();
    }
    for sort in [Sort::Date, Sort::Relevance] {
        let mut page = Page { limit: 10, sort, ..Page::default() };
        let mut all = Vec::new();
        loop {
            let found = index.search(&query("strom"), &Scope::All, &page).unwrap();
            assert_eq!(found.total, 95);
            all.extend(found.hits);
            page.cursor = found.next;
            if page.cursor.is_none() {
                break;
            }
        }
        assert_eq!(all.len(), 95);
        assert!(all.windows(2).all(|pair| match sort {
            Sort::Date => (pair[0].date, pair[0].seq) > (pair[1].date, pair[1].seq),
            Sort::Relevance => pair[0].score >= pair[1].score,
        }));
        all.sort_by_key(|hit| hit.seq);
        all.dedup_by_key(|hit| hit.seq);
        assert_eq!(all.len(), 95);
    }
    for cursor in ["", "x", "d1.2", "d1.2.3.4", "r1.1.1", "dz.1.1"] {
        let page = Page { cursor: Some(cursor.into()), ..Page::default() };
        assert!(matches!(index.search(&query("strom"), &Scope::All, &page), Err(Error::Cursor)), "{cursor}");
    }
}

#[test]
fn what_cannot_be_understood_is_said_with_its_place() {
    for (text, expected, at) in [
        ("rechnung from:", key::VALUE_MISSING, 9),
        ("from:\"\"", key::VALUE_MISSING, 0),
        ("über has:bart", key::VALUE_UNKNOWN, 9),
        ("is:weg", key::VALUE_UNKNOWN, 3),
        ("kind:brief", key::VALUE_UNKNOWN, 5),
        ("account:geheim", key::ACCOUNT_UNKNOWN, 8),
        ("before:bald", key::DATE_UNREADABLE, 7),
        ("on:2026-02-30", key::DATE_UNREADABLE, 3),
        ("larger:viel", key::SIZE_UNREADABLE, 7),
    ] {
        let error = try_query(text).unwrap_err();
        assert_eq!((error.key, error.at), (expected, at), "{text}");
    }
    assert_eq!(try_query(&"a".repeat(5000)).unwrap_err().key, key::TOO_LONG);
    assert_eq!(try_query(&"(".repeat(50)).unwrap_err().key, key::TOO_DEEP);
    assert_eq!(try_query(&"-".repeat(50)).unwrap_err().key, key::TOO_DEEP);
    assert_eq!(try_query(&"a ".repeat(100)).unwrap_err().key, key::TOO_MANY_WORDS);
    let query = query("rechnung category:neu is:done");
    let words: Vec<_> = query.unsupported().iter().map(|filter| (filter.word, filter.at)).collect();
    assert_eq!(words, [("category:", 9), ("is:done", 22)]);
}
