//! COMPRESS=DEFLATE against a real Dovecot, over lines of all kinds.

use std::time::Duration;

use intake::imap::{Encryption, Fetcher, Selection, Session};
use test_support::dovecot::{PACKS, Setup};
use test_support::{Dovecot, Fault, Proxy};

use crate::support::{run, run_with, settings};

fn mail(number: u32) -> Vec<u8> {
    let body = "Zeile um Zeile, und alle sehen sich ähnlich.\r\n".repeat(20 + number as usize % 40);
    format!("Message-ID: <{number}@example.org>\r\nSubject: {number}\r\n\r\n{body}").into_bytes()
}

fn server(extra: &str, mails: u32) -> Dovecot {
    let mut server = Dovecot::with(Setup { extra: extra.to_owned(), ..Setup::default() });
    for number in 1..=mails {
        server.deliver("alice", "INBOX", &mail(number), "");
    }
    server
}

#[tokio::test]
async fn the_same_mails_in_fewer_octets() {
    const MAILS: u32 = 400;
    let server = server(PACKS, MAILS);
    let mut octets = Vec::new();
    for pack_from in [Duration::ZERO, Duration::MAX] {
        for encryption in [Encryption::Tls, Encryption::StartTls, Encryption::None] {
            let direct = settings(&server, encryption);
            let proxy = Proxy::start(direct.port, |_| Fault::None);
            let mut settings = direct;
            settings.port = proxy.port();
            settings.options.pack_from = pack_from;
            let session = Session::open(&settings).await.expect("Dovecot is there");
            assert_eq!(session.is_packed(), pack_from.is_zero(), "{}", server.log());
            session.close().await;
            let begun = std::time::Instant::now();
            let run = run(&settings, &Selection::Inbox, Vec::new()).await;
            println!("{encryption:?}, from {pack_from:?}: {:?}", begun.elapsed());
            assert!(run.error.is_none(), "{:?}", run.error);
            assert_eq!(run.mails.len(), MAILS as usize);
            assert!(run.mails.iter().all(|arrived| arrived.octets == mail(arrived.uid)));
            octets.push(proxy.octets());
        }
    }
    println!("octets from the server, packed and plain, by TLS, STARTTLS, nothing: {octets:?}");
    assert!(octets[..3].iter().zip(&octets[3..]).all(|(packed, plain)| packed * 4 < *plain), "{octets:?}");
}

#[tokio::test]
async fn where_the_server_is_near_nothing_is_packed() {
    let server = server(PACKS, 1);
    let mut settings = settings(&server, Encryption::Tls);
    settings.options.pack_from = Duration::from_secs(20);
    assert!(!Session::open(&settings).await.expect("Dovecot is there").is_packed());
    // Each answer is a fiftieth of a second on its way.
    let proxy = Proxy::start(settings.port, |_| Fault::Far(Duration::from_millis(10)));
    (settings.port, settings.options.pack_from) = (proxy.port(), Duration::from_millis(20));
    assert!(Session::open(&settings).await.expect("Dovecot is there").is_packed());
}

/// Whatever the line does to packed octets: all mails come, each once, and as they are.
#[tokio::test]
async fn packed_octets_over_bad_lines() {
    let server = server(PACKS, 60);
    let whole = {
        let proxy = Proxy::start(server.imap_port(), |_| Fault::None);
        let mut settings = settings(&server, Encryption::None);
        (settings.port, settings.options.pack_from) = (proxy.port(), Duration::ZERO);
        assert_eq!(run(&settings, &Selection::Inbox, Vec::new()).await.mails.len(), 60);
        proxy.octets() as usize
    };
    let faults = (0..20_usize).map(|n| match n % 4 {
        0 => Fault::Dawdle(1 + n),
        1 => Fault::Cut(whole * n / 20),
        // Behind the login, where packing begins; without TLS nobody else notices that an octet is another.
        _ => Fault::Corrupt(whole / 4 + whole * n / 40),
    });
    for fault in faults {
        let proxy = Proxy::start(server.imap_port(), move |n| if n == 0 { fault } else { Fault::None });
        let mut settings = settings(&server, Encryption::None);
        settings.port = proxy.port();
        settings.options.pack_from = Duration::ZERO;
        settings.options.answer_timeout = Duration::from_secs(2);
        let mut fetcher = Fetcher::new(settings);
        let mut wanted = Vec::new();
        let mut uids = std::collections::BTreeSet::new();
        for _ in 0..4 {
            let run = run_with(&mut fetcher, &Selection::Inbox, wanted, Vec::new()).await;
            uids.extend(run.mails.iter().map(|mail| mail.uid));
            wanted = run.wanted;
            if run.error.is_none() {
                break;
            }
        }
        // What an octet did to a mail without breaking the packing, TLS would have noticed.
        assert_eq!(uids.len(), 60, "{fault:?}");
    }
}
