//! Mails put into mailboxes, on a real Dovecot.

use intake::imap::{Append, AppendReport, Appended, Encryption, Fetcher, Selection, Settings};
use model::{Flags, Position, UnixMillis};
use test_support::Dovecot;
use test_support::dovecot::Setup;
use tokio::sync::mpsc;

use crate::support::{run, settings};

const RECEIVED: UnixMillis = UnixMillis(1_772_445_601_000);

fn octets(number: usize, id: bool) -> Vec<u8> {
    let id = if id { format!("Message-ID: <{number}@example.org>\r\n") } else { String::new() };
    let body = "Zeile\r\n".repeat(40_000 * (number % 2) + 1);
    format!("{id}Subject: {number}\r\n\r\n{body}").into_bytes()
}

/// A mail that comes in pieces, the last `missing` octets of it never.
fn mail(octets: &[u8], message_id: Option<&str>, missing: usize) -> Append {
    let (sender, body) = mpsc::channel(2);
    let pieces: Vec<Vec<u8>> = octets[..octets.len() - missing].chunks(50_000).map(<[u8]>::to_vec).collect();
    tokio::spawn(async move {
        for piece in pieces {
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    Append {
        flags: Flags { seen: true, flagged: true, ..Flags::default() },
        received: Some(RECEIVED),
        octets: octets.len() as u64,
        message_id: message_id.map(str::to_owned),
        body,
    }
}

async fn give(settings: &Settings, to: &str, mails: Vec<Append>) -> AppendReport {
    let mut fetcher = Fetcher::new(settings.clone());
    let report = fetcher.append(to, mails).await.unwrap();
    fetcher.close().await;
    report
}

fn words(report: &AppendReport) -> Vec<String> {
    let word = |mail: &Appended| match mail {
        Appended::Done { to: Some(Position::Imap { uid, .. }) } => format!("done {uid}"),
        Appended::Done { to } => format!("done {to:?}"),
        Appended::Present => "present".to_owned(),
        Appended::Refused(error) => format!("refused {error}"),
    };
    report.mails.iter().map(word).collect()
}

#[tokio::test]
async fn mails_are_put_back_once() {
    let server = Dovecot::with(Setup::default());
    let settings = settings(&server, Encryption::Tls);
    let (with_id, without) = (octets(1, true), octets(2, false));
    let mails = || vec![mail(&with_id, Some("1@example.org"), 0), mail(&without, None, 0)];
    let report = give(&settings, "Zurück/Jahr 2026", mails()).await;
    assert_eq!(
        (words(&report), report.target.name.as_str()),
        (vec!["done 1".into(), "done 2".into()], "Zurück/Jahr 2026")
    );
    assert!(report.lost.is_none());
    // Given again they stay the only ones; one more is put beside them.
    let mut again = mails();
    let other = octets(4, true);
    again.push(mail(&other, Some("4@example.org"), 0));
    assert_eq!(words(&give(&settings, "Zurück/Jahr 2026", again).await), ["present", "present", "done 3"]);
    let run = run(&settings, &Selection::All, Vec::new()).await;
    let mut lying: Vec<_> =
        run.mails.iter().map(|mail| (mail.octets.clone(), mail.flags, mail.received_seconds)).collect();
    lying.sort_by_key(|(octets, ..)| octets.len());
    let flags = Flags { seen: true, flagged: true, ..Flags::default() };
    let mut expected: Vec<_> =
        [with_id, without, other].map(|octets| (octets, flags, Some(RECEIVED.0 / 1000))).to_vec();
    expected.sort_by_key(|(octets, ..)| octets.len());
    assert_eq!(lying, expected);
}

#[tokio::test]
async fn a_mail_that_breaks_off_is_not_put_there() {
    let server = Dovecot::with(Setup::default());
    let settings = settings(&server, Encryption::Tls);
    let (whole, broken) = (octets(1, true), octets(3, true));
    let mails = || {
        vec![
            mail(&whole, Some("1@example.org"), 0),
            mail(&broken, Some("3@example.org"), 9),
            mail(&whole, None, 0),
        ]
    };
    let report = give(&settings, "INBOX", mails()).await;
    assert_eq!(words(&report), ["done 1"]);
    assert!(report.lost.is_some());
    let again = vec![mail(&whole, Some("1@example.org"), 0), mail(&broken, Some("3@example.org"), 0)];
    assert_eq!(words(&give(&settings, "INBOX", again).await)[0], "present");
    assert_eq!(run(&settings, &Selection::All, Vec::new()).await.mails.len(), 2);
}

#[tokio::test]
async fn what_the_server_refuses_hinders_no_other() {
    let extra = "protocol imap {\n  mail_plugins = quota imap_quota\n}\nplugin {\n  quota = maildir:User\n  quota_rule = *:storage=200K\n}\n";
    let server = Dovecot::with(Setup { extra: extra.to_owned(), ..Setup::default() });
    let settings = settings(&server, Encryption::StartTls);
    let (large, small) = (octets(1, true), octets(2, true));
    let mails = vec![mail(&large, Some("1@example.org"), 0), mail(&small, Some("2@example.org"), 0)];
    let report = give(&settings, "Back", mails).await;
    let words = words(&report);
    assert!(words[0].starts_with("refused APPEND") && words[1] == "done 1", "{words:?}");
}
