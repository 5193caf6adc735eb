//! Servers that do not behave: silent, talking nonsense, talking without end, or pushing something in.

use std::future::Future;
use std::time::Duration;

use intake::imap::{
    Class, Encryption, Event, Fetcher, ImapError, Selection, Session, TestStep, channel, test_settings,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{any_trust, plain_settings};

const GREETING: &[u8] = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR STARTTLS] ready\r\n";

/// A server for one connection; gives its port.
async fn peer<F, Fut>(serve: F) -> u16
where
    F: FnOnce(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream).await;
    });
    port
}

async fn open_error(port: u16, encryption: Encryption) -> ImapError {
    let mut settings = plain_settings(port, encryption, &any_trust());
    settings.options.answer_timeout = Duration::from_secs(30);
    Session::open(&settings).await.expect_err("no session")
}

/// Says nothing more and keeps the connection.
async fn hang(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test(start_paused = true)]
async fn silence_ends() {
    // Time stands still but for what is waited for.
    let port = peer(hang).await;
    let error = open_error(port, Encryption::None).await;
    assert!(matches!(error, ImapError::Timeout { seconds: 30, .. }), "{error}");
    assert_eq!((error.class(), error.is_transient(), error.key()), (Class::Timeout, true, "imap-timeout"));
    let port = peer(|mut stream| async {
        stream.write_all(GREETING).await.unwrap();
        hang(stream).await;
    })
    .await;
    let error = open_error(port, Encryption::None).await;
    assert!(error.to_string().contains("logging in"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn silence_in_a_mail_ends() {
    let port = peer(|stream| async {
        let mut stream = BufReader::new(stream);
        stream.write_all(GREETING).await.unwrap();
        let answers: [&[u8]; 5] = [
            b"p1 OK [CAPABILITY IMAP4rev1] in\r\n",
            b"* LIST () \"/\" INBOX\r\np2 OK\r\n",
            b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\np3 OK\r\n",
            b"* SEARCH 1\r\np4 OK\r\n",
            b"* 1 FETCH (UID 1 FLAGS () BODY[] {1000}\r\nSubject: x\r\n",
        ];
        for answer in answers {
            stream.read_line(&mut String::new()).await.unwrap();
            stream.write_all(answer).await.unwrap();
        }
        hang(stream.into_inner()).await;
    })
    .await;
    let mut fetcher = Fetcher::new(plain_settings(port, Encryption::None, &any_trust()));
    let (outlet, _inlet) = channel(1 << 20);
    // The second connection is refused.
    let error = fetcher.run(&Selection::All, Vec::new(), &outlet).await.expect_err("no session");
    assert!(matches!(error.class(), Class::Connect | Class::Closed | Class::Timeout), "{error}");
}

#[tokio::test]
async fn octets_pushed_in_before_tls() {
    let port = peer(|stream| async {
        let mut stream = BufReader::new(stream);
        stream.write_all(GREETING).await.unwrap();
        stream.read_line(&mut String::new()).await.unwrap();
        stream.write_all(b"p1 OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n").await.unwrap();
        hang(stream.into_inner()).await;
    })
    .await;
    let error = open_error(port, Encryption::StartTls).await;
    assert!(matches!(error, ImapError::Injected), "{error}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn starttls_not_offered_or_refused() {
    let port = peer(|mut stream| async move {
        stream.write_all(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n").await.unwrap();
        // No password comes over this line.
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        assert!(heard.is_empty());
    })
    .await;
    assert!(matches!(open_error(port, Encryption::StartTls).await, ImapError::NoStartTls { .. }));
    let port = peer(|stream| async {
        let mut stream = BufReader::new(stream);
        stream.write_all(GREETING).await.unwrap();
        stream.read_line(&mut String::new()).await.unwrap();
        stream.write_all(b"p1 NO not today\r\n").await.unwrap();
        hang(stream.into_inner()).await;
    })
    .await;
    let error = open_error(port, Encryption::StartTls).await;
    assert_eq!(error.words(), Some("not today"));
    // Logged in before TLS is no way around it.
    let port = peer(|mut stream| async move {
        stream.write_all(b"* PREAUTH welcome\r\n").await.unwrap();
        hang(stream).await;
    })
    .await;
    assert!(matches!(open_error(port, Encryption::StartTls).await, ImapError::NoStartTls { .. }));
}

#[tokio::test]
async fn talk_without_end() {
    // A line that never ends: memory stays small, and the time runs out only because nothing useful comes.
    let port = peer(|mut stream| async move {
        let nonsense = vec![b'x'; 64 << 10];
        for _ in 0..1000 {
            if stream.write_all(&nonsense).await.is_err() {
                return;
            }
        }
    })
    .await;
    let error = open_error(port, Encryption::None).await;
    assert!(matches!(error, ImapError::Closed { .. } | ImapError::Broken { .. }), "{error}");
    // Octets of every value, with line ends.
    let port = peer(|mut stream| async move {
        let nonsense: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let _ = stream.write_all(&nonsense).await;
    })
    .await;
    let error = open_error(port, Encryption::None).await;
    assert_eq!(error.class(), Class::Greeting);
}

#[tokio::test]
async fn nobody_takes_the_mail() {
    let port = peer(|stream| async {
        let mut stream = BufReader::new(stream);
        stream.write_all(GREETING).await.unwrap();
        for answer in [&b"p1 OK [CAPABILITY IMAP4rev1] in\r\n"[..], b"* LIST () \"/\" INBOX\r\np2 OK\r\n"] {
            stream.read_line(&mut String::new()).await.unwrap();
            stream.write_all(answer).await.unwrap();
        }
        hang(stream.into_inner()).await;
    })
    .await;
    let mut fetcher = Fetcher::new(plain_settings(port, Encryption::None, &any_trust()));
    let (outlet, inlet) = channel(1 << 20);
    drop(inlet);
    let error = fetcher.run(&Selection::All, Vec::new(), &outlet).await.expect_err("nobody is there");
    assert!(matches!(error, ImapError::Abandoned));
}

#[tokio::test]
async fn tests_of_settings_name_the_step() {
    let port = peer(|mut stream| async move {
        stream.write_all(b"220 smtp ready\r\n").await.unwrap();
        hang(stream).await;
    })
    .await;
    let mut report = test_settings(&plain_settings(port, Encryption::StartTls, &any_trust())).await;
    let last = report.steps.pop().expect("a step");
    assert_eq!((last.step, last.detail.as_str()), (TestStep::Connect, "220 smtp ready"));
    let port = peer(|stream| async {
        let mut stream = BufReader::new(stream);
        stream.write_all(GREETING).await.unwrap();
        stream.read_line(&mut String::new()).await.unwrap();
        stream.write_all(b"p1 OK in\r\n").await.unwrap();
        stream.read_line(&mut String::new()).await.unwrap();
        stream.write_all(b"p2 OK\r\n").await.unwrap();
        stream.read_line(&mut String::new()).await.unwrap();
        stream.write_all(b"p3 NO Keine Ordner f\xfcr Sie\r\n").await.unwrap();
        hang(stream.into_inner()).await;
    })
    .await;
    let mut report = test_settings(&plain_settings(port, Encryption::None, &any_trust())).await;
    let last = report.steps.pop().expect("a step");
    assert_eq!((last.step, last.detail.as_str()), (TestStep::Folders, "Keine Ordner für Sie"));
    assert!(report.is_ok());
}

/// Kilobytes of a line of `/proc/self/status`.
fn kilobytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB").trim().parse().unwrap()
}

#[tokio::test]
async fn a_mail_of_150_megabytes_needs_little_memory() {
    const PIECE: usize = 64 << 10;
    const OCTETS: usize = 2400 * PIECE;
    // In a process of its own: other tests take memory too.
    if std::env::var_os("IN_OWN_PROCESS").is_none() {
        let own = std::env::current_exe().unwrap();
        let mut again = std::process::Command::new(own);
        again.args(["--exact", "peers::a_mail_of_150_megabytes_needs_little_memory"]);
        assert!(again.env("IN_OWN_PROCESS", "1").status().unwrap().success());
        return;
    }
    let port = peer(|stream| async {
        let mut stream = BufReader::new(stream);
        stream.write_all(GREETING).await.unwrap();
        let date = "INTERNALDATE \"02-Mar-2026 11:00:00 +0100\"";
        let answers = [
            "p1 OK [CAPABILITY IMAP4rev1] in\r\n".to_owned(),
            "* LIST () \"/\" INBOX\r\np2 OK\r\n".to_owned(),
            "* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\np3 OK\r\n".to_owned(),
            "* SEARCH 1\r\np4 OK\r\n".to_owned(),
            format!("* 1 FETCH (UID 1 FLAGS () {date} RFC822.SIZE {OCTETS} BODY[] {{{OCTETS}}}\r\n"),
        ];
        for answer in answers {
            stream.read_line(&mut String::new()).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        let piece = vec![b'x'; PIECE];
        for _ in 0..OCTETS / PIECE {
            stream.write_all(&piece).await.unwrap();
        }
        stream.write_all(b")\r\np5 OK\r\n").await.unwrap();
        hang(stream.into_inner()).await;
    })
    .await;
    let before = kilobytes("VmRSS");
    let (outlet, mut inlet) = channel(4 << 20);
    let mut fetcher = Fetcher::new(plain_settings(port, Encryption::None, &any_trust()));
    let fetching = async {
        let result = fetcher.run(&Selection::All, Vec::new(), &outlet).await;
        drop(outlet);
        result
    };
    let taking = async {
        let (mut octets, mut is_ended) = (0, false);
        while let Some(event) = inlet.recv().await {
            match event {
                Event::Chunk(chunk) => octets += chunk.len(),
                Event::End => is_ended = true,
                _ => {}
            }
        }
        (octets, is_ended)
    };
    let (result, (octets, is_ended)) = tokio::join!(fetching, taking);
    result.expect("the mail comes");
    assert_eq!((octets, is_ended), (OCTETS, true));
    let grown = kilobytes("VmHWM").saturating_sub(before);
    assert!(grown < 16 << 10, "grown by {grown} kB");
}
