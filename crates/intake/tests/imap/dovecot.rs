//! Against a real Dovecot.

use std::time::{Duration, Instant};

use connect::Trust;
use intake::Credential;
use intake::imap::{
    Class, Cursor, Encryption, Fetcher, KnownMail, Selection, Settings, TestStep, Waited, test_settings,
};
use test_support::dovecot::Setup;
use test_support::{Certificate, Dovecot};

use crate::support::{any_trust, compare, plain_settings, run, run_with, settings};

fn mail(number: u32) -> Vec<u8> {
    let body = "line\r\n".repeat(number as usize % 300);
    format!("Message-ID: <{number}@example.org>\r\nSubject: {number}\r\n\r\n{body}").into_bytes()
}

fn server_with(mails: u32) -> Dovecot {
    let mut server = Dovecot::start();
    for number in 1..=mails {
        server.deliver("alice", "INBOX", &mail(number), if number % 2 == 0 { "S" } else { "" });
    }
    server
}

#[tokio::test]
async fn fetches_all_once_and_then_what_is_new() {
    let mut server = server_with(1300);
    server.deliver("alice", "Entw&APw-rfe", b"Subject: draft\r\n\r\n", "DFR");
    server.make_mailbox("alice", "empty");
    for encryption in [Encryption::Tls, Encryption::StartTls, Encryption::None] {
        let settings = settings(&server, encryption);
        let mut fetcher = Fetcher::new(settings);
        let first = run_with(&mut fetcher, &Selection::All, Vec::new(), Vec::new()).await;
        assert!(first.error.is_none(), "{:?}", first.error);
        let mut inbox: Vec<_> = first.mails.iter().filter(|mail| mail.mailbox == "INBOX").collect();
        inbox.sort_by_key(|mail| mail.uid);
        assert_eq!(inbox.len(), 1300);
        for (number, arrived) in (1..).zip(&inbox) {
            assert_eq!((arrived.uid, &arrived.octets), (number, &mail(number)));
            assert_eq!(arrived.flags.seen, number % 2 == 0);
            assert_eq!(arrived.received_seconds, Some(1_700_000_000 + i64::from(number)));
        }
        let draft = first.mails.iter().find(|mail| mail.mailbox == "Entw&APw-rfe").expect("fetched");
        assert!(draft.flags.draft && draft.flags.flagged && draft.flags.answered);
        assert!(first.lines.contains(&"mailbox Entw&APw-rfe = Entwürfe ".to_owned()), "{:?}", first.lines);
        assert!(first.lines.contains(&"mailbox Sent = Sent sent".to_owned()));
        let again = run_with(&mut fetcher, &Selection::All, first.wanted, Vec::new()).await;
        assert!(again.error.is_none() && again.mails.is_empty(), "{:?}", again.lines);
        assert!(
            !again.lines.iter().any(|line| line.starts_with("opened")),
            "nothing is opened: {:?}",
            again.lines
        );
        fetcher.close().await;
    }
    let settings = settings(&server, Encryption::Tls);
    let first = run(&settings, &Selection::Inbox, Vec::new()).await;
    server.deliver("alice", "INBOX", &mail(5000), "");
    let second = run(&settings, &Selection::Inbox, first.wanted).await;
    assert_eq!(second.mails.len(), 1);
    assert_eq!((second.mails[0].uid, &second.mails[0].octets), (1301, &mail(5000)));
}

/// Whether a process of the server waits in IDLE for this user.
fn is_idle(user: &str) -> bool {
    let title = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
    let mut titles = std::fs::read_dir("/proc").expect("processes are listed").flatten().map(title);
    titles.any(|title| {
        let title = String::from_utf8_lossy(&title).into_owned();
        title.contains(&format!("[{user} ")) && title.contains("IDLE")
    })
}

/// Far more than any of it takes.
const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_new_mail_wakes_whoever_waits() {
    let users = vec![("waiting".to_owned(), "secret".to_owned())];
    // Where the machine has no inotify left, Dovecot looks for itself.
    let extra = "verbose_proctitle = yes\nmailbox_idle_check_interval = 2 secs\n".to_owned();
    let mut server = Dovecot::with(Setup { users, extra, ..Setup::default() });
    let mut settings = settings(&server, Encryption::Tls);
    settings.login = "waiting".to_owned();
    let mut fetcher = Fetcher::new(settings);
    let mut wanted = Vec::new();
    for number in 1..4 {
        let before = run_with(&mut fetcher, &Selection::Inbox, wanted, Vec::new()).await;
        assert!(before.error.is_none(), "{:?}", before.error);
        let delivering = async {
            while number > 1 && !is_idle("waiting") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // The first one may come before the server is asked, and must wake as well.
            server.deliver("waiting", "INBOX", &mail(number), "");
            Instant::now()
        };
        let waiting = fetcher.wait(LONG, std::future::pending());
        let (waited, delivered) = tokio::join!(waiting, delivering);
        assert_eq!(waited, Waited::News);
        assert!(delivered.elapsed() < LONG / 2, "{:?}", delivered.elapsed());
        println!("heard of after {:?}", delivered.elapsed());
        let after = run_with(&mut fetcher, &Selection::Inbox, before.wanted, Vec::new()).await;
        assert_eq!(after.mails.iter().map(|mail| mail.uid).collect::<Vec<_>>(), [number]);
        wanted = after.wanted;
    }
    // Ringing ends it at once, and the connection goes on.
    let ring = tokio::sync::Notify::new();
    ring.notify_one();
    assert_eq!(fetcher.wait(LONG, ring.notified()).await, Waited::Rung);
    assert_eq!(fetcher.wait(Duration::from_millis(20), std::future::pending()).await, Waited::Time);
    let last = run_with(&mut fetcher, &Selection::Inbox, wanted, Vec::new()).await;
    assert!(last.error.is_none() && last.mails.is_empty());
    fetcher.close().await;
}

#[tokio::test]
async fn large_mails_come_in_pieces() {
    let mut server = Dovecot::start();
    let line = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n";
    let large = format!("Subject: large\r\n\r\n{}", line.repeat(200_000)).into_bytes();
    server.deliver("alice", "INBOX", &mail(1), "");
    server.deliver("alice", "INBOX", &large, "S");
    server.deliver("alice", "INBOX", &mail(2), "");
    let run = run(&settings(&server, Encryption::Tls), &Selection::Inbox, Vec::new()).await;
    assert!(run.error.is_none());
    assert_eq!(run.mails.iter().map(|mail| mail.is_large).collect::<Vec<_>>(), [false, true, false]);
    assert!(run.mails[1].octets == large && run.mails[1].flags.seen);
}

#[tokio::test]
async fn finds_mails_again_after_a_change_of_uid_validity() {
    let mut server = server_with(40);
    // Two alike, which therefore are fetched.
    for _ in 0..2 {
        server.deliver("alice", "INBOX", b"Subject: no id\r\n\r\n", "");
    }
    let settings = settings(&server, Encryption::Tls);
    let first = run(&settings, &Selection::Inbox, Vec::new()).await;
    assert_eq!(first.mails.len(), 42);
    let known = first.mails.iter().map(|mail| KnownMail {
        uid: mail.uid,
        size_octets: mail.octets.len() as u64,
        internal_date: mail.received_seconds.map(model::UnixMillis::from_seconds),
        message_id: (mail.uid <= 40).then(|| format!("{}@example.org", mail.uid)),
    });
    let known: Vec<KnownMail> = known.collect();
    server.renumber("alice", "INBOX");
    server.deliver("alice", "INBOX", &mail(77), "");
    let mut fetcher = Fetcher::new(settings.clone());
    let second = run_with(&mut fetcher, &Selection::Inbox, first.wanted.clone(), known).await;
    assert!(second.error.is_none());
    assert_eq!(
        second.lines.iter().filter(|line| line.starts_with("moved")).count(),
        40,
        "{:?}",
        second.lines
    );
    assert_eq!(second.mails.len(), 3);
    let cursor = |run: &crate::support::Run| run.wanted[0].cursor.expect("a batch has ended");
    assert_ne!(cursor(&first).uid_validity, cursor(&second).uid_validity);
    assert_eq!(cursor(&second).uid, 43);
    fetcher.close().await;
    // Knowing nothing, it fetches everything.
    let third = run(&settings, &Selection::Inbox, first.wanted).await;
    assert_eq!(third.mails.len(), 43);
}

#[tokio::test]
async fn a_mail_that_cannot_be_read_is_reported_and_passed_by() {
    let mut server = Dovecot::start();
    let mut paths = Vec::new();
    for number in 1..=20 {
        paths.push(server.deliver("alice", "INBOX", &mail(number), ""));
    }
    let settings = settings(&server, Encryption::Tls);
    let first = run(&settings, &Selection::Inbox, Vec::new()).await;
    assert_eq!(first.mails.len(), 20);
    // The size in the name is wrong: Dovecot sends fewer octets than it announced, and hangs up.
    let broken = paths[9].with_file_name("1700000010.M10.test,S=5000,W=5000:2,");
    std::fs::rename(&paths[9], &broken).expect("a mail can be renamed");
    server.renumber("alice", "INBOX");
    let second = run(&settings, &Selection::Inbox, Vec::new()).await;
    assert!(second.error.is_none(), "{:?} {}", second.error, server.log());
    let uids: std::collections::BTreeSet<u32> = second.mails.iter().map(|mail| mail.uid).collect();
    assert!(uids.len() >= 19, "{:?}", second.lines);
    assert_eq!(second.wanted[0].cursor.map(|cursor: Cursor| cursor.uid), Some(20));
}

#[tokio::test]
async fn settings_are_tested_step_by_step() {
    let mut server = server_with(3);
    server.deliver("alice", "Archiv/2024".replace('/', ".").as_str(), &mail(9), "");
    for (encryption, steps) in [(Encryption::Tls, 5), (Encryption::StartTls, 5), (Encryption::None, 4)] {
        let report = test_settings(&settings(&server, encryption)).await;
        assert!(report.is_ok(), "{report:?}");
        assert_eq!(report.steps.len(), steps);
        assert!(report.steps.windows(2).all(|pair| pair[0].step < pair[1].step));
        let inbox = &report.mailboxes[0];
        assert_eq!((inbox.name.as_str(), inbox.status.as_ref().and_then(|s| s.messages)), ("INBOX", Some(3)));
    }
    let failed = async |settings: intake::imap::Settings| {
        let mut report = test_settings(&settings).await;
        let last = report.steps.pop().expect("a step");
        assert!(report.is_ok(), "{report:?}");
        let error = last.error.expect("the last step failed");
        (last.step, error.class(), error.key(), error.is_transient(), last.detail)
    };
    let good = || settings(&server, Encryption::Tls);
    let mut wrong = good();
    wrong.credential = "wrong".into();
    let found = failed(wrong).await;
    assert_eq!(found.0, TestStep::Login);
    assert_eq!((found.1, found.2, found.3), (Class::Login, "imap-login-refused", false));
    assert!(found.4.contains("Authentication failed"), "{}", found.4);
    let mut unknown = good();
    unknown.host = "nowhere.invalid".to_owned();
    let found = failed(unknown).await;
    assert_eq!((found.0, found.1), (TestStep::Name, Class::Name));
    let mut closed = good();
    closed.port = test_support::dovecot::free_port();
    let found = failed(closed).await;
    assert_eq!((found.0, found.1, found.2), (TestStep::Connect, Class::Connect, "connect-refused"));
    let mut untrusted = good();
    untrusted.tls = connect::ClientTls::new(&any_trust()).expect("a pin");
    let found = failed(untrusted).await;
    assert_eq!((found.0, found.1, found.2), (TestStep::Tls, Class::Tls, "tls-pin-mismatch"));
    let mut plain_port = good();
    plain_port.port = server.imap_port();
    let found = failed(plain_port).await;
    assert_eq!((found.0, found.2), (TestStep::Tls, "tls-not-spoken"));
    let mut tls_port = settings(&server, Encryption::StartTls);
    tls_port.port = server.imaps_port();
    tls_port.options.answer_timeout = std::time::Duration::from_millis(300);
    let found = failed(tls_port).await;
    assert_eq!((found.0, found.1), (TestStep::Connect, Class::Timeout));
}

#[tokio::test]
async fn certificates_are_checked() {
    let of = |certificate: Certificate| Dovecot::with(Setup { certificate, ..Setup::default() });
    let check = async |server: &Dovecot, trust: Trust, key: &str| {
        for encryption in [Encryption::Tls, Encryption::StartTls] {
            let port = if encryption == Encryption::Tls { server.imaps_port() } else { server.imap_port() };
            let run = run(&plain_settings(port, encryption, &trust), &Selection::All, Vec::new()).await;
            assert_eq!(run.error.expect("refused").key(), key);
            assert!(run.lines.is_empty());
        }
    };
    let expired = of(Certificate::expired(&["127.0.0.1"]));
    check(&expired, Trust::Pem(expired.certificate().to_owned()), "tls-expired").await;
    let other = of(Certificate::for_names(&["mail.example.org"]));
    check(&other, Trust::Pem(other.certificate().to_owned()), "tls-wrong-host").await;
    check(&other, Trust::Pem(expired.certificate().to_owned()), "tls-unknown-issuer").await;
}

#[tokio::test]
async fn odd_names_and_passwords() {
    let users = vec![("alice".to_owned(), "p\"a\\s s{5}ä€".to_owned())];
    let mut server = Dovecot::with(Setup { users, ..Setup::default() });
    for name in ["a \"b\" (c)", "x{5}", "Pos&AOQ-&-", "back\\slash", "%*"] {
        server.deliver("alice", name, &mail(1), "");
    }
    for encryption in [Encryption::Tls, Encryption::None] {
        let mut settings = settings(&server, encryption);
        settings.credential = "p\"a\\s s{5}ä€".into();
        let run = run(&settings, &Selection::All, Vec::new()).await;
        assert!(run.error.is_none(), "{:?}", run.error);
        assert_eq!(run.mails.len(), 5, "{:?}", run.lines);
    }
}

/// With all Dovecot can, then with less and less of it.
#[tokio::test]
async fn what_changes_at_the_source_is_noticed() {
    let less = "imap_capability = IMAP4rev1 SASL-IR ENABLE LIST-EXTENDED LIST-STATUS SPECIAL-USE ESEARCH";
    for (extra, has_condstore, is_full) in [
        (String::new(), true, false),
        (format!("{less} CONDSTORE\n"), true, true),
        (format!("{less}\n"), false, true),
    ] {
        let mut server = Dovecot::with(Setup { extra, ..Setup::default() });
        let mut paths: Vec<_> =
            (1..=5).map(|number| server.deliver("alice", "INBOX", &mail(number), "")).collect();
        let mut settings = settings(&server, Encryption::Tls);
        settings.options.compare_interval = Duration::ZERO;
        let mut fetcher = Fetcher::new(settings);
        let first = run_with(&mut fetcher, &Selection::Inbox, Vec::new(), Vec::new()).await;
        assert_eq!(first.mails.len(), 5);
        assert_eq!(compare(&mut fetcher).await.lines.len(), 0, "all of it has just come");
        let first = run_with(&mut fetcher, &Selection::Inbox, first.wanted, Vec::new()).await;
        let all = compare(&mut fetcher).await;
        assert_eq!(all.lines, ["present up to 5 INBOX 1[] 2[] 3[] 4[] 5[]"], "{:?}", all.error);
        // Two are read or answered elsewhere, one is removed.
        for (at, flags) in [(0, "S"), (3, "FRS")] {
            let marked = paths[at]
                .with_file_name(format!("{}{flags}", paths[at].file_name().unwrap().to_string_lossy()));
            std::fs::rename(&paths[at], &marked).unwrap();
            paths[at] = marked;
        }
        std::fs::remove_file(&paths[1]).unwrap();
        let again = run_with(&mut fetcher, &Selection::Inbox, first.wanted, Vec::new()).await;
        assert!(again.error.is_none() && again.mails.is_empty());
        let changed = compare(&mut fetcher).await;
        assert!(changed.error.is_none(), "{:?}", changed.error);
        let present = "present up to 5 INBOX 1[S] 3[] 4[SRF] 5[]".to_owned();
        if is_full {
            assert_eq!(changed.lines.last(), Some(&present));
        } else {
            assert_eq!(changed.lines, ["flags INBOX 1[S] 4[SRF]", "vanished INBOX [(2, 2)]"]);
        }
        if has_condstore {
            assert_eq!(changed.lines[0], "flags INBOX 1[S] 4[SRF]");
        }
        fetcher.close().await;
    }
}

#[tokio::test]
async fn login_by_scram() {
    let extra = "auth_mechanisms = scram-sha-256 login\n".to_owned();
    let mut server = Dovecot::with(Setup { extra, ..Setup::default() });
    server.deliver("alice", "INBOX", &mail(1), "");
    for encryption in [Encryption::Tls, Encryption::None] {
        let good = settings(&server, encryption);
        let run = run(&good, &Selection::All, Vec::new()).await;
        assert!(run.error.is_none(), "{:?} {}", run.error, server.log());
        assert_eq!(run.mails.len(), 1);
        let report = test_settings(&Settings { credential: "wrong".into(), ..good }).await;
        let error = report.steps.last().and_then(|step| step.error.as_ref()).expect("refused");
        assert_eq!((error.class(), error.key()), (Class::Login, "imap-login-refused"));
    }
}

/// Dovecot asks another server whether a token is good.
#[tokio::test]
async fn login_by_token() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(introspect(stream));
        }
    });
    for mechanism in ["xoauth2", "oauthbearer", "oauthbearer xoauth2"] {
        let scratch = test_support::Scratch::new("oauth");
        let file = scratch.write(
            "oauth2.conf",
            format!(
                "introspection_url = http://127.0.0.1:{port}/\nintrospection_mode = post\n\
                username_attribute = username\nactive_attribute = active\nactive_value = true\n"
            ),
        );
        let extra = format!(
            "auth_mechanisms = {mechanism}\npassdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {}\n}}\n",
            file.display()
        );
        let mut server = Dovecot::with(Setup { extra, ..Setup::default() });
        server.deliver("alice", "INBOX", &mail(1), "");
        let mut settings = settings(&server, Encryption::Tls);
        settings.credential = Credential::Bearer("good-token".into()).into();
        let run = run(&settings, &Selection::All, Vec::new()).await;
        assert!(run.error.is_none(), "{mechanism}: {:?} {}", run.error, server.log());
        assert_eq!(run.mails.len(), 1);
        settings.credential = Credential::Bearer("stale-token".into()).into();
        let report = test_settings(&settings).await;
        let error = report.steps.last().and_then(|step| step.error.as_ref()).expect("refused");
        assert_eq!((error.class(), error.key()), (Class::Login, "imap-login-refused"), "{mechanism}");
    }
}

/// Answers whether a token is good (RFC 7662), until the connection ends.
async fn introspect(stream: tokio::net::TcpStream) {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    let mut stream = BufReader::new(stream);
    loop {
        let mut octets = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(length) = line.strip_prefix("content-length:") {
                octets = length.trim().parse().unwrap_or(0);
            }
            if line.is_empty() {
                break;
            }
        }
        let mut asked = vec![0; octets];
        if stream.read_exact(&mut asked).await.is_err() {
            return;
        }
        let is_good = String::from_utf8_lossy(&asked).contains("good-token");
        let answer = if is_good { "{\"active\":true,\"username\":\"alice\"}" } else { "{\"active\":false}" };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn login_by_command_where_plain_is_not_offered() {
    let extra = "auth_mechanisms = login\n".to_owned();
    let mut server = Dovecot::with(Setup { extra, ..Setup::default() });
    server.deliver("alice", "INBOX", &mail(1), "");
    let run = run(&settings(&server, Encryption::Tls), &Selection::All, Vec::new()).await;
    assert!(run.error.is_none(), "{:?}", run.error);
    assert_eq!(run.mails.len(), 1);
}
