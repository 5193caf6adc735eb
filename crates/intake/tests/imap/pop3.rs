//! The POP3 client against a real Dovecot, and against a server that hangs up.

use std::collections::HashSet;

use connect::Trust;
use intake::imap::{Encryption, Event, ImapError, Settings, TestStep, channel};
use intake::pop3::{Fetcher, test_settings};
use model::Position;
use test_support::Dovecot;
use test_support::dovecot::{Setup, free_port, pop3_on};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::support::{any_trust, plain_settings};

struct Server {
    dovecot: Dovecot,
    pop3: u16,
    pop3s: u16,
}

fn server() -> Server {
    let (pop3, pop3s) = (free_port(), free_port());
    let extra = pop3_on(pop3, pop3s);
    Server { dovecot: Dovecot::with(Setup { extra, ..Setup::default() }), pop3, pop3s }
}

impl Server {
    fn settings(&self, encryption: Encryption) -> Settings {
        let port = if encryption == Encryption::Tls { self.pop3s } else { self.pop3 };
        plain_settings(port, encryption, &Trust::Pem(self.dovecot.certificate().to_owned()))
    }
}

#[derive(Debug, Default)]
struct Run {
    /// Names and octets, in the order they came.
    mails: Vec<(String, Vec<u8>)>,
    failed: Vec<String>,
    result: Option<ImapError>,
}

impl Run {
    fn names(&self) -> HashSet<String> {
        self.mails.iter().map(|(name, _)| name.clone()).collect()
    }
}

fn name(position: Position) -> String {
    match position {
        Position::Unique { unique_id } => unique_id,
        other => panic!("{other:?}"),
    }
}

async fn run(fetcher: &mut Fetcher, known: &HashSet<String>) -> Run {
    let (outlet, mut inlet) = channel(2 << 20);
    let fetching = async {
        let result = fetcher.run(known.clone(), &outlet).await;
        drop(outlet);
        result
    };
    let taking = async {
        let mut run = Run::default();
        let mut open = None;
        while let Some(event) = inlet.recv().await {
            match event {
                Event::Mail(mail) => run.mails.push((name(mail.facts.position), mail.octets)),
                Event::Begin(facts) => open = Some((name(facts.position), Vec::new())),
                Event::Chunk(octets) => open.as_mut().unwrap().1.extend(octets),
                Event::End => run.mails.extend(open.take()),
                Event::Cut => open = None,
                Event::Failed { position, fault, .. } => {
                    run.failed.push(format!("{}: {fault}", name(position)));
                }
                _ => {}
            }
        }
        run
    };
    let (result, mut run) = tokio::join!(fetching, taking);
    run.result = result.err();
    run
}

fn mails() -> Vec<Vec<u8>> {
    let mut mails: Vec<Vec<u8>> = (0..40)
        .map(|n| format!("Subject: {n}\r\n\r\n.\r\n..\r\n.begins with a dot {n}\r\n\r\n").into_bytes())
        .collect();
    let line = "0123456789".repeat(7) + "\r\n";
    mails.push(format!("Subject: large\r\n\r\n{}", line.repeat(3 << 14)).into_bytes());
    mails
}

#[tokio::test]
async fn everything_once_and_what_is_removed_is_gone() {
    let mut server = server();
    let mails = mails();
    for mail in &mails {
        server.dovecot.deliver("alice", "INBOX", mail, "");
    }
    let sorted = |run: &Run| {
        let mut octets: Vec<Vec<u8>> = run.mails.iter().map(|(_, octets)| octets.clone()).collect();
        octets.sort();
        octets
    };
    let mut expected = mails.clone();
    expected.sort();
    for encryption in [Encryption::Tls, Encryption::StartTls, Encryption::None] {
        let mut fetcher = Fetcher::new(server.settings(encryption));
        let all = run(&mut fetcher, &HashSet::new()).await;
        assert!(all.result.is_none(), "{encryption:?} {:?}", all.result);
        assert_eq!(sorted(&all), expected, "{encryption:?}");
        assert_eq!(all.names().len(), mails.len());
        // With what is known, nothing comes again.
        assert!(run(&mut fetcher, &all.names()).await.mails.is_empty());
        assert!(fetcher.finish(&HashSet::new()).await.unwrap().gone.is_empty());
    }
    let mut fetcher = Fetcher::new(server.settings(Encryption::Tls));
    let all = run(&mut fetcher, &HashSet::new()).await;
    let mut remove: HashSet<String> = all.names().into_iter().take(7).collect();
    remove.insert("never there".to_owned());
    let removed = fetcher.finish(&remove).await.unwrap();
    assert_eq!(removed.gone.into_iter().collect::<HashSet<_>>(), remove);
    assert!(removed.refused.is_empty());
    let rest = run(&mut fetcher, &HashSet::new()).await;
    assert_eq!(rest.names(), all.names().difference(&remove).cloned().collect());
}

#[tokio::test]
async fn an_unfinished_session_removes_nothing() {
    let mut server = server();
    server.dovecot.deliver("alice", "INBOX", b"Subject: a\r\n\r\n", "");
    let mut fetcher = Fetcher::new(server.settings(Encryption::Tls));
    let first = run(&mut fetcher, &HashSet::new()).await;
    assert_eq!(first.mails.len(), 1);
    drop(fetcher);
    let mut fetcher = Fetcher::new(server.settings(Encryption::Tls));
    assert_eq!(run(&mut fetcher, &HashSet::new()).await.names(), first.names());
}

#[tokio::test]
async fn settings_are_tested_step_by_step() {
    let mut server = server();
    server.dovecot.deliver("alice", "INBOX", b"Subject: a\r\n\r\n", "");
    for encryption in [Encryption::Tls, Encryption::StartTls] {
        let report = test_settings(&server.settings(encryption)).await;
        assert!(report.is_ok(), "{report:?}");
        assert_eq!(report.steps.last().unwrap().step, TestStep::Folders);
        assert_eq!(report.mailboxes[0].status.as_ref().unwrap().messages, Some(1));
    }
    let mut wrong = server.settings(Encryption::Tls);
    wrong.credential = "wrong".into();
    let report = test_settings(&wrong).await;
    let last = report.steps.last().unwrap();
    assert_eq!((last.step, last.error.as_ref().unwrap().key()), (TestStep::Login, "imap-login-refused"));
    let mut stranger = server.settings(Encryption::Tls);
    stranger.tls = connect::ClientTls::new(&any_trust()).unwrap();
    let report = test_settings(&stranger).await;
    assert_eq!(report.steps.last().unwrap().step, TestStep::Tls);
}

/// Serves three mails, and hangs up whenever the second is asked for.
async fn hanging_up(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        let _ = writing.write_all(b"+OK\r\n").await;
        while let Ok(Some(line)) = lines.next_line().await {
            let answer: &[u8] = match line.as_str() {
                "CAPA" => b"-ERR\r\n",
                "UIDL" => b"+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n",
                "LIST" => b"+OK\r\n1 3\r\n2 3\r\n3 3\r\n.\r\n",
                "RETR 2" => break,
                line if line.starts_with("RETR") => b"+OK\r\nx\r\n.\r\n",
                _ => b"+OK\r\n",
            };
            let _ = writing.write_all(answer).await;
        }
    }
}

#[tokio::test]
async fn the_mail_that_ends_the_connection_is_passed_by() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(hanging_up(listener));
    let mut fetcher = Fetcher::new(plain_settings(port, Encryption::None, &any_trust()));
    let mut known = HashSet::new();
    let mut failed = Vec::new();
    // The supervisor comes back after each run that ended in an error.
    for _ in 0..3 {
        let run = run(&mut fetcher, &known).await;
        known.extend(run.names());
        failed.extend(run.failed);
        if run.result.is_none() {
            break;
        }
    }
    assert_eq!(known, HashSet::from(["a".to_owned(), "c".to_owned()]));
    assert_eq!(failed.len(), 1);
    assert!(failed[0].starts_with("b: no connection outlives it"), "{failed:?}");
    serving.abort();
}
