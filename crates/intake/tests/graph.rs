//! The client of Microsoft Graph against a server written from the public documentation.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use connect::oauth::Needs;
use connect::{ClientTls, Trust};
use intake::graph::{Fetcher, Wanted, test_settings};
use intake::imap::{
    Change, Changed, Encryption, Event, ImapError, MailFault, Options, Selection, Settings, TestReport,
    channel,
};
use intake::{Login, NoToken, TokenSource};
use keys::Secret;
use model::{Flags, Position};
use test_support::Graph;

const OWNER: &str = "info@example.org";

/// Tokens one after the other; those beyond `most` are not to be had.
#[derive(Debug)]
struct Tokens {
    at: AtomicU32,
    most: u32,
}

impl TokenSource for Tokens {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<Secret<String>, NoToken>> + Send + '_>> {
        let token = format!("token {}", self.at.load(Ordering::Relaxed));
        Box::pin(async move { Ok(Secret::new(token)) })
    }

    fn refused(&self) -> bool {
        self.at.fetch_add(1, Ordering::Relaxed) < self.most
    }
}

fn settings(port: u16, tokens: Tokens) -> Settings {
    Settings {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: Encryption::None,
        tls: ClientTls::new(&Trust::System).unwrap(),
        login: OWNER.to_owned(),
        credential: Login::Tokens(std::sync::Arc::new(tokens)),
        options: Options {
            small_octets_max: 100_000,
            answer_timeout: Duration::from_secs(20),
            ..Options::default()
        },
    }
}

fn one_token() -> Tokens {
    Tokens { at: AtomicU32::new(0), most: 0 }
}

fn server() -> Graph {
    Graph::start(OWNER, |token| token == "token 0")
}

fn mail(n: usize, octets: usize) -> Vec<u8> {
    let mut text = format!("Message-ID: <{n}@graph.example>\r\nSubject: {n}\r\n\r\n").into_bytes();
    while text.len() < octets {
        text.extend_from_slice(b"Zeile um Zeile.\r\n");
    }
    text
}

/// What a run has brought.
#[derive(Default)]
struct Run {
    mails: Vec<(String, Vec<u8>)>,
    removed: Vec<String>,
    failed: Vec<(String, MailFault)>,
    links: Vec<Wanted>,
    all: Option<HashSet<String>>,
    large: usize,
}

async fn run(
    fetcher: &mut Fetcher,
    selection: &Selection,
    wanted: Vec<Wanted>,
    known: &HashSet<String>,
) -> (Run, Result<(), ImapError>) {
    let (outlet, mut inlet) = channel(1 << 20);
    let taking = async {
        let (mut run, mut large) = (Run::default(), None);
        let name = |position| match position {
            Position::Unique { unique_id } => unique_id,
            other => panic!("{other:?}"),
        };
        while let Some(event) = inlet.recv().await {
            match event {
                Event::Ask { names, known: answer, .. } => {
                    let here = names.into_iter().filter(|name| known.contains(name)).collect();
                    answer.send(here).unwrap();
                }
                Event::Mail(mail) => run.mails.push((name(mail.facts.position), mail.octets)),
                Event::Begin(facts) => large = Some((name(facts.position), Vec::new())),
                Event::Chunk(octets) => large.as_mut().unwrap().1.extend(octets),
                Event::End => {
                    run.large += 1;
                    run.mails.push(large.take().unwrap());
                }
                Event::Cut => large = None,
                Event::Removed { positions, .. } => run.removed.extend(positions.into_iter().map(name)),
                Event::Failed { position, fault, .. } => run.failed.push((name(position), fault)),
                Event::PageEnd { mailbox, link } => {
                    run.links.push(Wanted { mailbox: mailbox.to_vec(), link: Some(link), again: Vec::new() });
                }
                Event::AllNames { names, .. } => run.all = Some(names),
                _ => {}
            }
        }
        run
    };
    let fetching = async {
        let outcome = fetcher.run(selection, wanted, &outlet).await;
        drop(outlet);
        outcome
    };
    let (run, outcome) = tokio::join!(taking, fetching);
    (run, outcome)
}

fn steps(report: &TestReport) -> String {
    let step = |step: &intake::imap::TestResult| match &step.error {
        None => step.step.as_str().to_owned(),
        Some(error) => format!("{}! {}", step.step.as_str(), error.key()),
    };
    report.steps.iter().map(step).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_test_of_settings_says_how_far_it_came() {
    let server = server();
    server.folder("Berichte", None);
    let good = test_settings(&settings(server.port(), one_token())).await;
    assert_eq!(steps(&good), "name connect login mailbox folders");
    let inbox = &good.mailboxes[0];
    assert_eq!(
        (inbox.name.as_str(), inbox.special_use.map(intake::imap::SpecialUse::as_str)),
        ("Posteingang", Some("inbox"))
    );
    assert!(good.mailboxes.iter().any(|folder| folder.name == "Berichte"));

    let check = async |change: fn(&mut Settings), expected: &str| {
        let mut settings = settings(server.port(), one_token());
        change(&mut settings);
        assert_eq!(steps(&test_settings(&settings).await), expected);
    };
    check(|it| it.login = "other@example.org".to_owned(), "name connect login mailbox! imap-login-refused")
        .await;
    check(|it| it.credential = "secret".into(), "name connect login! imap-no-login").await;
    check(
        |it| it.credential = Login::Tokens(std::sync::Arc::new(Tokens { at: AtomicU32::new(5), most: 0 })),
        "name connect login! imap-no-token",
    )
    .await;
    server.refuse("mailFolders/inbox", 403, None, 1);
    check(|_| {}, "name connect login mailbox! graph-forbidden").await;
    server.refuse("mailFolders/inbox", 429, Some(9), 1);
    check(|_| {}, "name connect login! graph-throttled").await;
    let port = server.port();
    drop(server);
    let gone = test_settings(&settings(port, one_token())).await;
    assert_eq!(steps(&gone), "name connect! connect-refused");
}

#[tokio::test]
async fn page_by_page_and_then_only_what_has_changed() {
    let server = server();
    server.page_max(7);
    let below = server.folder("Berichte", Some("inbox"));
    let mails: Vec<Vec<u8>> = (0..30).map(|n| mail(n, if n == 11 { 700_000 } else { 300 * n })).collect();
    let ids: Vec<String> = mails
        .iter()
        .enumerate()
        .map(|(n, it)| server.deliver(if n % 5 == 4 { &below } else { "inbox" }, it))
        .collect();
    let mut fetcher = Fetcher::new(settings(server.port(), one_token()));
    let selection = Selection::Named(vec!["Posteingang".to_owned(), "Posteingang/Berichte".to_owned()]);
    let (first, outcome) = run(&mut fetcher, &selection, Vec::new(), &HashSet::new()).await;
    outcome.unwrap();
    let mut found = first.mails.clone();
    found.sort();
    let mut expected: Vec<(String, Vec<u8>)> = ids.iter().cloned().zip(mails.iter().cloned()).collect();
    expected.sort();
    assert!(found == expected, "each once, octet by octet");
    assert_eq!((first.large, first.links.len()), (1, 5), "24 and 6 mails in pages of 7");
    assert!((1..=4).contains(&server.together_most()), "{}", server.together_most());
    assert_eq!(first.all.map(|all| all.len()), Some(6), "of the folder read last");

    let left = |links: &[Wanted]| -> Vec<Wanted> {
        let mut last: Vec<Wanted> = Vec::new();
        for link in links {
            last.retain(|known| known.mailbox != link.mailbox);
            last.push(link.clone());
        }
        last
    };
    let wanted = left(&first.links);
    let known: HashSet<String> = ids.iter().cloned().collect();
    server.remove(&ids[0]);
    server.move_to(&ids[1], &below);
    server.read(&ids[2]);
    let new = server.deliver("inbox", b"Subject: new\r\n\r\n");
    let before = server.requests().len();
    let (second, outcome) = run(&mut fetcher, &selection, wanted.clone(), &known).await;
    outcome.unwrap();
    assert_eq!(second.mails.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&new]);
    let removed: HashSet<&String> = second.removed.iter().collect();
    assert_eq!(removed, HashSet::from([&ids[0], &ids[1]]));
    assert!(second.all.is_none());
    let downloads =
        |from: usize| server.requests()[from..].iter().filter(|it| it.ends_with("$value")).count();
    assert_eq!(downloads(before), 1);

    // Links that are good no more: everything is listed again, nothing that is here is fetched again.
    server.expire_links();
    let known: HashSet<String> = known.into_iter().chain([new]).collect();
    let before = server.requests().len();
    let (third, outcome) = run(&mut fetcher, &selection, left(&second.links), &known).await;
    outcome.unwrap();
    assert_eq!((third.mails.len(), downloads(before)), (0, 0));
    assert!(third.all.is_some_and(|all| !all.contains(&ids[0])));
}

#[tokio::test]
async fn one_bad_mail_does_not_stop_the_others() {
    let server = server();
    let ids: Vec<String> = (0..6).map(|n| server.deliver("inbox", &mail(n, 200_000))).collect();
    let bad = ids[2].trim_end_matches('=').to_owned();
    server.refuse(&format!("{bad}%3D/$value"), 500, None, 100);
    server.refuse(&format!("{bad}=/$value"), 500, None, 100);
    server.cut(3);
    let mut fetcher = Fetcher::new(settings(server.port(), one_token()));
    let (run, outcome) = run(&mut fetcher, &Selection::Inbox, Vec::new(), &HashSet::new()).await;
    outcome.unwrap();
    assert_eq!(run.mails.len(), 5, "cut ones are asked for again");
    assert_eq!(run.failed.len(), 1);
    assert_eq!(run.failed[0].0, ids[2]);
    assert!(matches!(&run.failed[0].1, MailFault::Refused { words } if words.starts_with("500")));
    assert_eq!(run.links.len(), 1);
}

#[tokio::test]
async fn answers_about_the_account_end_the_run() {
    let server = server();
    for n in 0..3 {
        server.deliver("inbox", &mail(n, 100));
    }
    let attempt = async || {
        let mut fetcher = Fetcher::new(settings(server.port(), one_token()));
        let (run, outcome) = run(&mut fetcher, &Selection::Inbox, Vec::new(), &HashSet::new()).await;
        (run, outcome.err())
    };
    server.refuse("$value", 429, Some(17), 1);
    let (run, error) = attempt().await;
    assert!(matches!(error, Some(ImapError::Throttled { seconds: Some(17), .. })), "{error:?}");
    assert!(run.links.is_empty(), "the page is not done");
    server.refuse("delta", 503, None, 1);
    assert!(matches!(attempt().await.1, Some(ImapError::Status { status: 503, .. })));
    server.refuse("delta", 403, None, 1);
    assert!(matches!(attempt().await.1, Some(ImapError::Forbidden { .. })));
    // Everything is refused: that is not the mails' fault.
    server.refuse("$value", 500, None, 1000);
    assert!(matches!(attempt().await.1, Some(ImapError::Status { status: 500, .. })));
    server.links_name("https://evil.example.org");
    let (run, error) = attempt().await;
    assert!(matches!(&error, Some(ImapError::Foreign { host }) if host == "evil.example.org"), "{error:?}");
    assert!(run.links.is_empty());
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let server = Graph::start(OWNER, |token| token == "token 1");
    server.deliver("inbox", &mail(1, 100));
    let mut fetcher = Fetcher::new(settings(server.port(), Tokens { at: AtomicU32::new(0), most: 1 }));
    let (fetched, outcome) = run(&mut fetcher, &Selection::Inbox, Vec::new(), &HashSet::new()).await;
    outcome.unwrap();
    assert_eq!(fetched.mails.len(), 1);
    let mut fetcher = Fetcher::new(settings(server.port(), Tokens { at: AtomicU32::new(5), most: 99 }));
    let (_, outcome) = run(&mut fetcher, &Selection::Inbox, Vec::new(), &HashSet::new()).await;
    let Err(ImapError::NoToken(NoToken { needs, words })) = outcome else { panic!("{outcome:?}") };
    assert_eq!(needs, Needs::Consent);
    assert!(words.contains("InvalidAuthenticationToken"), "{words}");
}

#[tokio::test]
async fn mails_are_marked_moved_deleted_and_sent() {
    let server = server();
    let ids: Vec<String> = (0..3).map(|n| server.deliver("inbox", &mail(n, 100))).collect();
    let mut fetcher = Fetcher::new(settings(server.port(), one_token()));
    run(&mut fetcher, &Selection::Inbox, Vec::new(), &HashSet::new()).await.1.unwrap();
    let seen = Change::Flags { flags: Flags { seen: true, ..Flags::default() }, is_set: true };
    let done = (Changed::Done { to: None }, None);
    assert_eq!(fetcher.change(&ids[0], &seen).await.unwrap(), done);
    assert_eq!(server.place(&ids[0]), Some(("Posteingang".to_owned(), true)));
    let to = Change::Move { to: "Berichte/Erledigt".to_owned() };
    for _ in 0..2 {
        // Once more is the same.
        let (changed, target) = fetcher.change(&ids[1], &to).await.unwrap();
        assert_eq!(changed, Changed::Done { to: Some(Position::Unique { unique_id: ids[1].clone() }) });
        assert_eq!(target.unwrap().name, "Berichte/Erledigt");
    }
    assert_eq!(server.place(&ids[1]), Some(("Berichte/Erledigt".to_owned(), false)));
    assert_eq!(server.folders().iter().filter(|name| name.starts_with("Berichte")).count(), 2);
    assert_eq!(fetcher.change(&ids[2], &Change::Delete).await.unwrap(), done);
    assert_eq!(server.place(&ids[2]).unwrap().0, "Gelöschte Elemente");
    assert_eq!(fetcher.change("AAkALg-none=", &Change::Delete).await.unwrap(), (Changed::Gone, None));
    server.refuse("PATCH", 400, None, 1);
    assert!(matches!(fetcher.change(&ids[0], &seen).await, Err(ImapError::Refused { .. })));

    // Somebody makes the folder meanwhile.
    server.folder("Neu", None);
    let to = Change::Move { to: "Neu".to_owned() };
    assert_eq!(fetcher.change(&ids[0], &to).await.unwrap().1.unwrap().name, "Neu");

    let octets =
        b"From: a@example.org\r\nTo: b@example.org\r\nSubject: =?utf-8?q?=C3=BC?=\r\n\r\n8 bit \xfc\r\n";
    fetcher.send(octets).await.unwrap();
    assert_eq!(server.sent(), [octets.to_vec()]);
    assert!(matches!(fetcher.send(b"no header section").await, Err(ImapError::Refused { .. })));
    let large = mail(1, 4_000_000);
    assert!(matches!(fetcher.send(&large).await, Err(ImapError::Refused { .. })));
    assert_eq!(server.sent().len(), 1);
}
