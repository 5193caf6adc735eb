//! Address books of a real `CardDAV` server, and of servers that do as they please.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use connect::Trust;
use erp::{Book, Dav, DavError, DavServer, KnownBook};
use keys::Secret;
use test_support::{Certificate, Radicale};

fn server(url: &str, password: &str) -> DavServer {
    DavServer {
        url: url.to_owned(),
        login: "eva".to_owned(),
        password: Secret::new(password.to_owned()),
        trust: Trust::System,
        timeout: Duration::from_mins(2),
        cards_max: 1000,
    }
}

fn card(uid: &str, name: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name};;;;\r\nEMAIL:{uid}@kunde.example\r\nEND:VCARD\r\n"
    )
}

/// What a caller keeps: `ETags` by path.
async fn read(dav: &Dav, path: &str) -> (BTreeMap<String, String>, Option<String>) {
    let changes = dav.changes(path, &KnownBook::default()).await.unwrap();
    assert!(changes.gone.is_empty());
    let paths: Vec<String> = changes.changed.into_iter().collect();
    let cards = dav.cards(path, &paths).await.unwrap();
    assert_eq!(cards.len(), paths.len());
    for card in &cards {
        let found = erp::cards_of(card.text.as_ref().unwrap());
        assert_eq!(found.len(), 1);
        assert!(card.path.contains(&found[0].as_ref().unwrap().number), "{card:?}");
    }
    (cards.into_iter().map(|card| (card.path, card.etag)).collect(), changes.token)
}

fn known<'a>(cards: &'a BTreeMap<String, String>, token: Option<&'a str>) -> KnownBook<'a> {
    KnownBook { token, cards: cards.iter().map(|(path, etag)| (path.as_str(), etag.as_str())).collect() }
}

#[tokio::test]
async fn books_are_found_and_changes_followed() {
    let radicale = Radicale::start();
    radicale.add_book("/eva/kunden/", "Kunden &amp; Freunde");
    radicale.add_book("/eva/alte/", "Alte");
    let book = |path: &str, name: &str| Book { path: path.to_owned(), name: name.to_owned() };
    let (old, customers) = (book("/eva/alte/", "Alte"), book("/eva/kunden/", "Kunden & Freunde"));
    for (path, expected) in [
        ("", vec![old.clone(), customers.clone()]),
        ("/.well-known/carddav", vec![old.clone(), customers.clone()]),
        ("/eva/", vec![old.clone(), customers.clone()]),
        ("/eva/kunden/", vec![customers.clone()]),
    ] {
        let dav = Dav::new(&server(&format!("{}{path}", radicale.url()), "secret")).unwrap();
        assert_eq!(dav.books().await.unwrap(), expected, "{path}");
    }
    // More than are asked for at once.
    for n in 0..130 {
        radicale.put(&format!("/eva/kunden/k{n:03}.vcf"), &card(&format!("k{n:03}"), "Erste"));
    }
    let dav = Dav::new(&server(&radicale.url(), "secret")).unwrap();
    let (cards, token) = read(&dav, "/eva/kunden/").await;
    assert_eq!((cards.len(), token.is_some()), (130, true));
    let path = |n: u32| format!("/eva/kunden/k{n:03}.vcf");
    let same = dav.changes("/eva/kunden/", &known(&cards, token.as_deref())).await.unwrap();
    assert!(same.changed.is_empty() && same.gone.is_empty(), "{same:?}");

    radicale.put(&path(3), &card("k003", "Geändert"));
    radicale.put(&path(130), &card("k130", "Neu"));
    radicale.remove(&path(7));
    // By token; without one; and when the server has forgotten it.
    for round in 0..3 {
        if round == 2 {
            radicale.forget_tokens();
        }
        let token = token.as_deref().filter(|_| round != 1);
        let changes = dav.changes("/eva/kunden/", &known(&cards, token)).await.unwrap();
        assert_eq!(changes.changed.into_iter().collect::<Vec<_>>(), [path(3), path(130)], "{round}");
        assert_eq!(changes.gone.into_iter().collect::<Vec<_>>(), [path(7)], "{round}");
        assert!(changes.token.is_some(), "{round}");
    }
    // One that went in between is not among the cards.
    assert_eq!(dav.cards("/eva/kunden/", &[path(7), path(3)]).await.unwrap().len(), 1);
    let few = Dav::new(&DavServer { cards_max: 20, ..server(&radicale.url(), "secret") }).unwrap();
    let many = few.changes("/eva/kunden/", &KnownBook::default()).await.unwrap_err();
    assert!(matches!(many, DavError::TooMany { cards: 20 }), "{many}");
    let wrong = Dav::new(&server(&radicale.url(), "wrong")).unwrap();
    assert!(matches!(wrong.books().await.unwrap_err(), DavError::Login { status: 401 }));
    let none = dav.changes("/eva/nichts/", &KnownBook::default()).await.unwrap_err();
    assert!(matches!(none, DavError::Refused { status: 404, .. }), "{none}");
}

#[tokio::test]
async fn certificates_are_those_of_the_source() {
    let certificate = Certificate::for_names(&["127.0.0.1"]);
    let radicale = Radicale::with_tls(&certificate);
    let with = |trust| DavServer { trust, ..server(&radicale.url(), "secret") };
    let trusted = Dav::new(&with(Trust::Pem(certificate.certificate.clone()))).unwrap();
    // Nobody made a book yet.
    assert!(matches!(trusted.books().await.unwrap_err(), DavError::NoBooks));
    let unknown = Dav::new(&with(Trust::System)).unwrap();
    assert!(matches!(unknown.books().await.unwrap_err(), DavError::Unreachable(_)));
    for url in ["http://dav.example.org", "https://eva:x@dav.example.org/", "dav.example.org", ""] {
        assert!(matches!(Dav::new(&server(url, "x")), Err(DavError::Url { .. })), "{url}");
    }
}

/// Answers each request with the next of these, whatever it is.
fn says(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            loop {
                let len = stream.read(&mut piece).unwrap();
                request.extend_from_slice(&piece[..len]);
                let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
                let head = text.find("\r\n\r\n");
                let wanted = text.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
                let body = wanted.map_or(0, |wanted| wanted.parse().unwrap());
                if len == 0 || head.is_some_and(|head| request.len() >= head + 4 + body) {
                    break;
                }
            }
            asked.push(String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned());
            stream.write_all(answer.replace("@URL@", &own).as_bytes()).unwrap();
        }
        asked
    });
    (url, thread)
}

fn answer(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn redirects_stay_on_the_server() {
    let book = "<multistatus xmlns='DAV:'><response><href>/there/</href><propstat><prop><resourcetype><addressbook/>\
        </resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>";
    let (url, thread) =
        says(vec![answer("301 Moved", "Location: /there/\r\n", ""), answer("207 Multi-Status", "", book)]);
    let found = Dav::new(&server(&url, "x")).unwrap().books().await.unwrap();
    assert_eq!(found, [Book { path: "/there/".to_owned(), name: "there".to_owned() }]);
    assert_eq!(thread.join().unwrap(), ["PROPFIND / HTTP/1.1", "PROPFIND /there/ HTTP/1.1"]);

    for to in ["https://elsewhere.example/", "http://127.0.0.1:1/", "//elsewhere.example/x"] {
        let (url, thread) = says(vec![answer("302 Found", &format!("Location: {to}\r\n"), "")]);
        let refused = Dav::new(&server(&url, "x")).unwrap().books().await.unwrap_err();
        assert!(matches!(refused, DavError::Elsewhere { .. }), "{to}: {refused:?}");
        thread.join().unwrap();
    }
    // Nor does it go where an answer says that cards lie.
    let elsewhere = book.replace("<href>/there/", "<href>https://elsewhere.example/");
    let (url, thread) = says(vec![answer("207 Multi-Status", "", &elsewhere)]);
    let refused =
        Dav::new(&server(&url, "x")).unwrap().changes("/", &KnownBook::default()).await.unwrap_err();
    assert!(matches!(refused, DavError::Elsewhere { .. }), "{refused:?}");
    thread.join().unwrap();
    let (url, thread) = says((0..6).map(|_| answer("301 Moved", "Location: @URL@/round\r\n", "")).collect());
    let round = Dav::new(&server(&url, "x")).unwrap().changes("/", &KnownBook::default()).await.unwrap_err();
    assert!(matches!(round, DavError::Unreachable(_)), "{round:?}");
    thread.join().unwrap();
}

#[tokio::test]
async fn a_server_that_speaks_nonsense_is_named() {
    for (said, expected) in [
        (answer("200 OK", "", "<html>Login</html>"), "not that of a CardDAV server"),
        (answer("207 Multi-Status", "", "<html>"), "not that of a CardDAV server"),
        (answer("500 Broken", "", ""), "answers 500"),
        (answer("503 Busy", "Retry-After: 60\r\n", ""), "answers 503"),
    ] {
        let (url, thread) = says(vec![said]);
        let error =
            Dav::new(&server(&url, "x")).unwrap().changes("/x/", &KnownBook::default()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        thread.join().unwrap();
    }
    // An answer in pieces (507): the rest is asked for with the new token.
    let piece = |href: &str, more: &str, token: &str| {
        format!(
            "<multistatus xmlns='DAV:'><response><href>{href}</href><propstat><prop><getetag>\"1\"</getetag></prop>\
             <status>HTTP/1.1 200 OK</status></propstat></response>{more}<sync-token>{token}</sync-token></multistatus>"
        )
    };
    let cut = "<response><href>/x/</href><status>HTTP/1.1 507 Insufficient Storage</status></response>";
    let (url, thread) = says(vec![
        answer("207 Multi-Status", "", &piece("/x/1.vcf", cut, "t2")),
        answer("207 Multi-Status", "", &piece("/x/2.vcf", "", "t3")),
    ]);
    let dav = Dav::new(&server(&url, "x")).unwrap();
    let changes = dav.changes("/x/", &KnownBook { token: Some("t1"), ..KnownBook::default() }).await.unwrap();
    assert_eq!((changes.changed.len(), changes.token.as_deref()), (2, Some("t3")));
    thread.join().unwrap();
}
