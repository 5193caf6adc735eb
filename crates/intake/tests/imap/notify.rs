//! NOTIFY against a real Dovecot: one connection hears of all mailboxes.

use std::time::{Duration, Instant};

use intake::imap::{Encryption, Fetcher, Selection, Waited};
use test_support::dovecot::Setup;
use test_support::{Dovecot, Fault, Proxy};

use crate::support::{run_with, settings};

/// Far more than any of it takes.
const LONG: Duration = Duration::from_mins(2);

fn mail(number: u32) -> Vec<u8> {
    format!("Message-ID: <{number}@example.org>\r\nSubject: {number}\r\n\r\nx\r\n").into_bytes()
}

/// Waits until the server has answered and says nothing more.
async fn said_all(proxy: &Proxy) {
    let (begun, mut said) = (proxy.octets(), 0);
    while proxy.octets() == begun || proxy.octets() != said {
        said = proxy.octets();
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

#[tokio::test]
async fn a_mail_in_another_mailbox_wakes_on_the_one_connection() {
    // Where the machine has no inotify left, Dovecot looks for itself.
    let extra = "mailbox_idle_check_interval = 2 secs\n".to_owned();
    let server = Dovecot::with(Setup { extra, ..Setup::default() });
    let proxy = Proxy::start(server.imap_port(), |_| Fault::None);
    let mut settings = settings(&server, Encryption::None);
    settings.port = proxy.port();
    let mut fetcher = Fetcher::new(settings);
    let mut wanted = Vec::new();
    let mailboxes = ["Sent", "INBOX", "Trash", "Sent", "INBOX"];
    for (number, mailbox) in (1..).zip(mailboxes) {
        let before = run_with(&mut fetcher, &Selection::All, wanted, Vec::new()).await;
        assert!(before.error.is_none() && before.mails.is_empty(), "{:?}", before.error);
        let delivering = async {
            // The first may come before the server is asked.
            if number > 1 {
                said_all(&proxy).await;
            }
            server.save("alice", mailbox, &mail(number));
            Instant::now()
        };
        let (waited, delivered) = tokio::join!(fetcher.wait(LONG, std::future::pending()), delivering);
        assert_eq!(waited, Waited::News, "{mailbox}");
        println!("{mailbox}: heard of after {:?}", delivered.elapsed());
        assert!(delivered.elapsed() < LONG / 4, "{:?}", delivered.elapsed());
        let after = run_with(&mut fetcher, &Selection::All, before.wanted, Vec::new()).await;
        let arrived: Vec<&str> = after.mails.iter().map(|mail| mail.mailbox.as_str()).collect();
        assert_eq!(arrived, [mailbox]);
        wanted = after.wanted;
    }
    assert_eq!(proxy.connections(), 1);
    // Ringing ends it at once, and so does its time; the connection goes on.
    let ring = tokio::sync::Notify::new();
    ring.notify_one();
    assert_eq!(fetcher.wait(LONG, ring.notified()).await, Waited::Rung);
    assert_eq!(fetcher.wait(Duration::from_millis(20), std::future::pending()).await, Waited::Time);
    let last = run_with(&mut fetcher, &Selection::All, wanted, Vec::new()).await;
    assert!(last.error.is_none() && last.mails.is_empty(), "{:?}", last.error);
    assert_eq!(proxy.connections(), 1);
    fetcher.close().await;
}

/// What is heard of a mailbox that is not chosen does not wake.
#[tokio::test]
async fn mailboxes_that_are_not_chosen_do_not_wake() {
    let server = Dovecot::start();
    let mut fetcher = Fetcher::new(settings(&server, Encryption::Tls));
    let chosen = Selection::Named(vec!["INBOX".to_owned(), "Sent".to_owned()]);
    let before = run_with(&mut fetcher, &chosen, Vec::new(), Vec::new()).await;
    assert!(before.error.is_none(), "{:?}", before.error);
    let delivering = async { server.save("alice", "Trash", &mail(1)) };
    let (waited, ()) = tokio::join!(fetcher.wait(Duration::from_secs(3), std::future::pending()), delivering);
    assert_eq!(waited, Waited::Time);
    fetcher.close().await;
}

#[tokio::test]
async fn a_server_restarted_while_it_is_listened_to_is_reached_again() {
    let mut server = Dovecot::start();
    let proxy = Proxy::start(server.imap_port(), |_| Fault::None);
    let mut settings = settings(&server, Encryption::None);
    settings.port = proxy.port();
    settings.options.stood_min = Duration::from_millis(300);
    for selection in [Selection::All, Selection::Inbox] {
        let mut fetcher = Fetcher::new(settings.clone());
        let before = run_with(&mut fetcher, &selection, Vec::new(), Vec::new()).await;
        assert!(before.error.is_none(), "{:?}", before.error);
        let restarting = async {
            said_all(&proxy).await;
            server.stop();
            server.deliver("alice", "INBOX", &mail(1), "");
            server.start_again();
        };
        let (waited, ()) = tokio::join!(fetcher.wait(LONG, std::future::pending()), restarting);
        // Long before its time.
        assert_eq!(waited, Waited::News);
        let after = run_with(&mut fetcher, &selection, before.wanted, Vec::new()).await;
        assert!(after.error.is_none(), "{:?}", after.error);
        assert_eq!(after.mails.len(), 1);
        fetcher.close().await;
    }
}
