//! The second real server: Courier, over IMAP and POP3. Skipped where it is not there.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use intake::imap::{Encryption, Event, Fetcher, Selection, Waited, channel, test_settings};
use intake::pop3;
use model::Position;
use test_support::Courier;

use crate::support::{any_trust, compare, plain_settings, run_with};

fn mail(number: u32) -> Vec<u8> {
    let body = "Eine Zeile.\r\n.\r\n..\r\n".repeat(1 + number as usize % 70);
    format!("Message-ID: <{number}@courier.example>\r\nSubject: {number}\r\n\r\n{body}").into_bytes()
}

/// It gives a mail a number and forgets it again, unless the mailbox is opened with SELECT: what takes the place of a mail
/// that went must not pass for it.
#[tokio::test]
async fn a_number_given_twice_hides_no_mail() {
    let Some(mut server) = Courier::start() else { return };
    let settings = plain_settings(server.imap_port(), Encryption::None, &any_trust());
    let mut fetcher = Fetcher::new(settings);
    let mut wanted = Vec::new();
    let mut found = BTreeSet::new();
    let mut gone: Vec<std::path::PathBuf> = Vec::new();
    for number in 1..=6 {
        let path = server.deliver("INBOX", &mail(number));
        // The one before has been fetched and is removed by somebody else.
        if let Some(gone) = gone.pop() {
            remove(&gone);
        }
        gone.push(path);
        let run = run_with(&mut fetcher, &Selection::Inbox, wanted, Vec::new()).await;
        assert!(run.error.is_none(), "{:?}", run.error);
        assert!(!run.lines.iter().any(|line| line.starts_with("renumbered")), "{:?}", run.lines);
        found.extend(run.mails.iter().map(|mail| mail.octets.clone()));
        wanted = run.wanted;
    }
    assert_eq!(found, (1..=6).map(mail).collect());
    fetcher.close().await;
}

/// Removes a mail, whatever its flags have become.
fn remove(path: &std::path::Path) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let unique = name.split(':').next().unwrap();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with(unique) {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// What lies where, by the mailbox's raw name and the number in the mail.
fn lying(run: &crate::support::Run) -> BTreeSet<(String, Vec<u8>)> {
    run.mails.iter().map(|mail| (mail.mailbox.clone(), mail.octets.clone())).collect()
}

#[tokio::test]
async fn imap_once_and_then_what_is_new() {
    let Some(mut server) = Courier::start() else { return };
    let mut expected = BTreeSet::new();
    // Below the inbox, and in modified UTF-7 on the line.
    for (number, mailbox) in (1..).zip(["INBOX", "Entwürfe", "Kunden.Alt", "bad&name", "INBOX"]) {
        for number in (1..300).filter(|n| n % 5 == number % 5) {
            server.deliver(mailbox, &mail(number));
            let raw = match mailbox {
                "INBOX" => "INBOX",
                "Entwürfe" => "INBOX.Entw&APw-rfe",
                "Kunden.Alt" => "INBOX.Kunden.Alt",
                _ => "INBOX.bad&-name",
            };
            expected.insert((raw.to_owned(), mail(number)));
        }
    }
    let mut settings = plain_settings(server.imap_port(), Encryption::None, &any_trust());
    settings.options.compare_interval = Duration::ZERO;
    let report = test_settings(&settings).await;
    assert!(report.is_ok(), "{report:?} {}", server.log());
    let names: Vec<&str> = report.mailboxes.iter().map(|mailbox| mailbox.name.as_str()).collect();
    assert!(names.contains(&"INBOX.Entwürfe") && names.contains(&"INBOX.bad&name"), "{names:?}");
    let mut fetcher = Fetcher::new(settings);
    let first = run_with(&mut fetcher, &Selection::All, Vec::new(), Vec::new()).await;
    assert!(first.error.is_none(), "{:?} {}", first.error, server.log());
    assert_eq!(lying(&first), expected);
    assert_eq!(first.mails.len(), expected.len());
    let again = run_with(&mut fetcher, &Selection::All, first.wanted, Vec::new()).await;
    assert!(again.error.is_none() && again.mails.is_empty(), "{:?}", again.lines);
    server.deliver("Kunden.Alt", &mail(1000));
    let third = run_with(&mut fetcher, &Selection::All, again.wanted, Vec::new()).await;
    assert_eq!(lying(&third), BTreeSet::from([("INBOX.Kunden.Alt".to_owned(), mail(1000))]));
    // It has neither CONDSTORE nor QRESYNC: everything is looked at.
    assert!(compare(&mut fetcher).await.error.is_none());
    fetcher.close().await;
}

#[tokio::test]
async fn what_changes_at_the_source_is_noticed() {
    let Some(mut server) = Courier::start() else { return };
    let paths: Vec<_> = (1..=5).map(|number| server.deliver("INBOX", &mail(number))).collect();
    let mut settings = plain_settings(server.imap_port(), Encryption::None, &any_trust());
    settings.options.compare_interval = Duration::ZERO;
    let mut fetcher = Fetcher::new(settings);
    let first = run_with(&mut fetcher, &Selection::Inbox, Vec::new(), Vec::new()).await;
    assert_eq!(first.mails.len(), 5, "{:?}", first.error);
    let uids: Vec<u32> = (1..=5)
        .filter_map(|n| {
            first.mails.iter().find(|arrived| arrived.octets == mail(n)).map(|arrived| arrived.uid)
        })
        .collect();
    let seen = paths[0].with_file_name(format!("{}S", paths[0].file_name().unwrap().to_string_lossy()));
    std::fs::rename(&paths[0], seen).unwrap();
    std::fs::remove_file(&paths[3]).unwrap();
    let again = run_with(&mut fetcher, &Selection::Inbox, first.wanted, Vec::new()).await;
    assert!(again.error.is_none() && again.mails.is_empty(), "{:?}", again.lines);
    let compared = compare(&mut fetcher).await;
    assert!(compared.error.is_none(), "{:?}", compared.error);
    let present = compared.lines.last().expect("the mailbox is told of");
    assert!(present.starts_with("present up to 5 INBOX"), "{present}");
    assert!(present.contains(&format!(" {}[S]", uids[0])), "{present}");
    assert!(!present.contains(&format!(" {}[", uids[3])), "{present}");
    fetcher.close().await;
}

#[tokio::test]
async fn a_new_mail_wakes_or_is_found_in_time() {
    let Some(mut server) = Courier::start() else { return };
    let mut fetcher = Fetcher::new(plain_settings(server.imap_port(), Encryption::None, &any_trust()));
    let before = run_with(&mut fetcher, &Selection::Inbox, Vec::new(), Vec::new()).await;
    assert!(before.error.is_none(), "{:?}", before.error);
    let delivering = async { server.deliver("INBOX", &mail(1)) };
    let patience = Duration::from_secs(4);
    let (waited, _) = tokio::join!(fetcher.wait(patience, std::future::pending()), delivering);
    assert!(matches!(waited, Waited::News | Waited::Time), "{waited:?}");
    let after = run_with(&mut fetcher, &Selection::Inbox, before.wanted, Vec::new()).await;
    assert_eq!(after.mails.len(), 1, "{:?}", after.error);
    fetcher.close().await;
}

#[tokio::test]
async fn pop3_once_and_what_is_removed_is_gone() {
    let Some(mut server) = Courier::start() else { return };
    for number in 1..=60 {
        server.deliver("INBOX", &mail(number));
    }
    let settings = plain_settings(server.pop3_port(), Encryption::None, &any_trust());
    let report = pop3::test_settings(&settings).await;
    assert!(report.is_ok(), "{report:?} {}", server.log());
    let mut fetcher = pop3::Fetcher::new(settings);
    let first = fetch(&mut fetcher, HashSet::new()).await;
    let octets: BTreeSet<Vec<u8>> = first.iter().map(|(_, octets)| octets.clone()).collect();
    assert_eq!(octets, (1..=60).map(mail).collect());
    let names: HashSet<String> = first.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names.len(), 60);
    assert!(fetch(&mut fetcher, names.clone()).await.is_empty());
    let remove: HashSet<String> = names.iter().take(9).cloned().collect();
    let removed = fetcher.finish(&remove).await.unwrap();
    assert_eq!(removed.gone.into_iter().collect::<HashSet<_>>(), remove);
    let rest = fetch(&mut fetcher, HashSet::new()).await;
    assert_eq!(rest.len(), 51);
    assert!(rest.iter().all(|(name, _)| names.contains(name) && !remove.contains(name)));
}

/// Names and octets of what is not known.
async fn fetch(fetcher: &mut pop3::Fetcher, known: HashSet<String>) -> Vec<(String, Vec<u8>)> {
    let (outlet, mut inlet) = channel(2 << 20);
    let fetching = async {
        let result = fetcher.run(known, &outlet).await;
        drop(outlet);
        result
    };
    let taking = async {
        let mut mails = Vec::new();
        while let Some(event) = inlet.recv().await {
            if let Event::Mail(mail) = event
                && let Position::Unique { unique_id } = mail.facts.position
            {
                mails.push((unique_id, mail.octets));
            }
        }
        mails
    };
    let (result, mails) = tokio::join!(fetching, taking);
    result.unwrap();
    mails
}
