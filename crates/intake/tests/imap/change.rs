//! Changes at the source, against a real Dovecot: with MOVE, with UIDPLUS alone and with neither; the connection lost at
//! every command, before and after the server has done it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use intake::imap::{
    Change, ChangeReport, Changed, Encryption, Fetcher, ImapError, Order, Selection, Settings,
};
use model::{Flags, Position};
use test_support::Dovecot;
use test_support::dovecot::Setup;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{any_trust, plain_settings, run, settings};

const BASE: &str = "IMAP4rev1 SASL-IR LITERAL+ NAMESPACE LIST-EXTENDED ESEARCH";

fn server(capabilities: &str) -> Dovecot {
    let extra = format!("protocol imap {{\n  imap_capability = {BASE} {capabilities}\n}}\n");
    Dovecot::with(Setup { extra, ..Setup::default() })
}

fn mail(number: usize) -> Vec<u8> {
    let id = if number % 3 == 2 { String::new() } else { format!("Message-ID: <{number}@example.org>\r\n") };
    format!("{id}Subject: {number}\r\n\r\nbody {number}\r\n").into_bytes()
}

/// Deliveries and where they lie: mailbox and subject, sorted; `deleted` marked.
async fn lying(settings: &Settings) -> Vec<String> {
    let run = run(settings, &Selection::All, Vec::new()).await;
    assert!(run.error.is_none(), "{:?}", run.error);
    let mut lines: Vec<String> = run
        .mails
        .iter()
        .map(|mail| {
            let text = String::from_utf8_lossy(&mail.octets);
            let subject = text.split("Subject: ").nth(1).unwrap().lines().next().unwrap().to_owned();
            let mark = if mail.flags.deleted { " deleted" } else { "" };
            let seen = if mail.flags.seen { " seen" } else { "" };
            format!("{} {subject}{mark}{seen}", mail.mailbox)
        })
        .collect();
    lines.sort();
    lines
}

/// Numbering and UIDs of the inbox.
async fn inbox(settings: &Settings) -> (u32, Vec<u32>) {
    let run = run(settings, &Selection::Inbox, Vec::new()).await;
    let cursor = run.wanted[0].cursor.unwrap();
    (cursor.uid_validity, run.mails.iter().filter(|mail| !mail.flags.deleted).map(|mail| mail.uid).collect())
}

async fn give(settings: &Settings, order: &Order) -> Result<ChangeReport, ImapError> {
    let mut fetcher = Fetcher::new(settings.clone());
    let result = fetcher.change(order).await;
    fetcher.close().await;
    result
}

fn order(uid_validity: u32, uids: &[u32], change: Change) -> Order {
    Order { mailbox: b"INBOX".to_vec(), uid_validity, uids: uids.to_vec(), change, is_repeated: false }
}

#[tokio::test]
async fn marks_moves_and_removes() {
    for (capabilities, expunges) in [("UIDPLUS MOVE", true), ("UIDPLUS", true), ("", false)] {
        let mut server = server(capabilities);
        for number in 1..=5 {
            server.deliver("alice", "INBOX", &mail(number), "");
        }
        // Somebody else's: marked, and not to be expunged by us.
        server.deliver("alice", "INBOX", &mail(6), "T");
        let settings = settings(&server, Encryption::Tls);
        let (valid, uids) = inbox(&settings).await;
        let seen = Flags { seen: true, ..Flags::default() };
        let change = Change::Flags { flags: seen, is_set: true };
        let report = give(&settings, &order(valid, &uids[..1], change)).await.unwrap();
        assert_eq!(report.mails, [(uids[0], Changed::Done { to: None })]);
        let to = || Change::Move { to: "Berichte/Rückläufer".to_owned() };
        let report = give(&settings, &order(valid, &uids[1..4], to())).await.unwrap();
        let target = report.target.unwrap();
        assert_eq!(
            (target.name.as_str(), target.raw.as_slice()),
            ("Berichte/Rückläufer", b"Berichte/R&APw-ckl&AOQ-ufer".as_slice())
        );
        for (_, changed) in &report.mails {
            let is_known = match changed {
                Changed::Done { to: Some(Position::Imap { uid, .. }) } => expunges && *uid > 0,
                Changed::Marked { to: Some(Position::Imap { uid, .. }) } => !expunges && *uid > 0,
                other => panic!("{other:?}"),
            };
            assert!(is_known, "{capabilities}: {changed:?}");
        }
        let report = give(&settings, &order(valid, &uids[4..], Change::Delete)).await.unwrap();
        let expected = if expunges { Changed::Done { to: None } } else { Changed::Marked { to: None } };
        assert_eq!(report.mails, [(uids[4], expected)]);
        // What is done already is done.
        if expunges {
            let report = give(&settings, &order(valid, &uids[1..], to())).await.unwrap();
            assert!(report.mails.iter().all(|(_, changed)| *changed == Changed::Gone), "{:?}", report.mails);
        }
        let report = give(&settings, &order(valid + 1, &uids, Change::Delete)).await.unwrap();
        assert!(report.mails.iter().all(|(_, changed)| *changed == Changed::Renumbered));
        let moved = [
            "Berichte/R&APw-ckl&AOQ-ufer 2",
            "Berichte/R&APw-ckl&AOQ-ufer 3",
            "Berichte/R&APw-ckl&AOQ-ufer 4",
        ];
        let left = ["INBOX 2 deleted", "INBOX 3 deleted", "INBOX 4 deleted", "INBOX 5 deleted"];
        let mut expected: Vec<&str> = moved.into_iter().chain(["INBOX 1 seen", "INBOX 6 deleted"]).collect();
        expected.extend(left.iter().filter(|_| !expunges));
        expected.sort_unstable();
        assert_eq!(lying(&settings).await, expected, "{capabilities}");
    }
}

#[tokio::test]
async fn prefix_and_delimiter_are_the_servers() {
    let extra = "namespace inbox {\n  separator = .\n  prefix = INBOX.\n}\n".to_owned();
    let mut server = Dovecot::with(Setup { extra, ..Setup::default() });
    server.deliver("alice", "INBOX", &mail(1), "");
    let settings = settings(&server, Encryption::Tls);
    let (valid, uids) = inbox(&settings).await;
    let change = Change::Move { to: "Reports/Done".to_owned() };
    give(&settings, &order(valid, &uids, change)).await.unwrap();
    assert_eq!(lying(&settings).await, ["INBOX.Reports.Done 1"]);
}

/// Hands a connection on until the client has sent so many lines; the last one reaches the server and is answered, or not.
async fn cutting(server: u16, lines: usize, reaches: bool, cut: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
        let (read, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let mut read = BufReader::new(read);
        let (mut line, mut answer) = (Vec::new(), vec![0; 64 << 10]);
        let mut sent = 0;
        loop {
            tokio::select! {
                octets = read.read_until(b'\n', &mut line) => {
                    if octets.unwrap_or(0) == 0 { return; }
                    sent += 1;
                    let is_last = sent == lines;
                    if reaches || !is_last {
                        to_server.write_all(&line).await.unwrap();
                    }
                    line.clear();
                    if is_last {
                        cut.fetch_add(1, Ordering::Relaxed);
                        if reaches {
                            // Once it answers, it has done it; the client never hears of it.
                            let _ = from_server.read(&mut answer).await;
                        }
                        return;
                    }
                }
                octets = from_server.read(&mut answer) => {
                    let octets = octets.unwrap_or(0);
                    if octets == 0 || to_client.write_all(&answer[..octets]).await.is_err() { return; }
                }
            }
        }
    });
    port
}

#[tokio::test]
async fn a_connection_lost_anywhere_loses_and_doubles_nothing() {
    for (capabilities, expunges) in [("UIDPLUS MOVE", true), ("UIDPLUS", true), ("", false)] {
        let mut server = server(capabilities);
        let direct = plain_settings(server.imap_port(), Encryption::None, &any_trust());
        let mut number = 0;
        let mut expected: Vec<String> = Vec::new();
        for reaches in [false, true] {
            for lines in 1.. {
                let first = number + 1;
                number += 3;
                for number in first..=number {
                    server.deliver("alice", "INBOX", &mail(number), "");
                    expected.push(format!("Done {number}"));
                    if !expunges {
                        expected.push(format!("INBOX {number} deleted"));
                    }
                }
                let (valid, uids) = inbox(&direct).await;
                assert_eq!(uids.len(), 3, "{capabilities} {lines}");
                let mut order = order(valid, &uids, Change::Move { to: "Done".to_owned() });
                let cut = Arc::new(AtomicUsize::new(0));
                let port = cutting(server.imap_port(), lines, reaches, Arc::clone(&cut)).await;
                let mut through = plain_settings(port, Encryption::None, &any_trust());
                through.options.answer_timeout = Duration::from_secs(20);
                let first = Fetcher::new(through).change(&order).await;
                let was_cut = cut.load(Ordering::Relaxed) > 0;
                assert_eq!(first.is_err(), was_cut, "{capabilities} {lines}: {first:?}");
                order.is_repeated = true;
                if was_cut {
                    give(&direct, &order).await.unwrap();
                }
                let mut found = lying(&direct).await;
                expected.sort();
                found.sort();
                assert_eq!(found, expected, "{capabilities}: cut at line {lines}, reaches: {reaches}");
                if !was_cut {
                    assert!(lines > 5, "{lines}");
                    break;
                }
            }
        }
    }
}
