//! Mail that others bring.

use std::io::{self, BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use test_support::{Certificate, Postfix, Random};

use crate::support::{Poststelle, finish, free_port, mail, sha256, slow};

const PATIENCE: Duration = Duration::from_mins(3);

/// A client that speaks to one server.
struct Client<R, W> {
    answers: BufReader<R>,
    says: W,
}

impl Client<TcpStream, TcpStream> {
    fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut client = Self { answers: BufReader::new(stream.try_clone()?), says: stream };
        client.answer("220")?;
        client.say("EHLO client.test\r\n", "250")?;
        Ok(client)
    }
}

impl Client<ChildStdout, ChildStdin> {
    /// Over STARTTLS, with the certificate and key of these files if given. The process ends with the client's last word.
    fn connect_tls(port: u16, files: Option<(&Path, &Path)>) -> io::Result<Self> {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-starttls", "smtp", "-connect", &format!("127.0.0.1:{port}")]);
        if let Some((certificate, key)) = files {
            command.arg("-cert").arg(certificate).arg("-key").arg(key);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(says), Some(answers)) = (child.stdin.take(), child.stdout.take()) else { unreachable!() };
        let mut client = Self { answers: BufReader::new(answers), says };
        client.say("EHLO client.test\r\n", "250")?;
        Ok(client)
    }
}

impl<R: io::Read, W: io::Write> Client<R, W> {
    /// The last line of an answer, which begins with this code.
    fn answer(&mut self, code: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            return if line.starts_with(code) { Ok(line) } else { Err(io::Error::other(line)) };
        }
    }

    fn say(&mut self, text: &str, code: &str) -> io::Result<String> {
        self.says.write_all(text.as_bytes())?;
        self.answer(code)
    }

    fn deliver(&mut self, octets: &[u8], to: &str, code: &str) -> io::Result<String> {
        let begin = format!("MAIL FROM:<sender@client.test>\r\nRCPT TO:<{to}>\r\nDATA\r\n");
        self.says.write_all(begin.as_bytes())?;
        self.answer("250")?;
        self.answer("250")?;
        self.answer("354")?;
        assert!(octets.ends_with(b"\r\n") && !octets.windows(3).any(|three| three == b"\r\n."));
        self.says.write_all(&[octets, b".\r\n"].concat())?;
        self.answer(code)
    }
}

fn variables(port: &str) -> [(&'static str, String); 2] {
    [
        ("POSTSTELLE_SMTP_LISTEN", format!("127.0.0.1:{port}")),
        ("POSTSTELLE_INTAKE_ADDRESSES", "archive@here.test, @journal.test".to_owned()),
    ]
}

fn serve(post: &Poststelle, port: u16) -> crate::support::Server {
    let variables = variables(&port.to_string());
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    post.serve_with(&variables)
}

/// Several clients deliver while the server is killed again and again; who gets no answer delivers again.
#[test]
fn killed_while_mail_is_delivered() {
    // So many at a time that they are only made durable at first.
    let (mails, clients) = (if slow() { 6000 } else { 1200 }, 16);
    let post = Poststelle::new();
    let port = free_port();
    let (next, done, again) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    let is_over = AtomicBool::new(false);
    let deliver = || {
        let mut client = None;
        while !is_over.load(Ordering::Relaxed) {
            let number = again.lock().unwrap().pop().or_else(|| {
                let number = next.fetch_add(1, Ordering::Relaxed);
                (number < mails).then_some(number)
            });
            let Some(number) = number else {
                // Others may still give theirs back.
                if done.load(Ordering::Relaxed) == mails {
                    return;
                }
                std::thread::yield_now();
                continue;
            };
            if client.is_none() {
                client = Client::connect(port).ok();
            }
            let sent = client
                .as_mut()
                .map(|it: &mut Client<_, _>| it.deliver(&mail(number), "archive@here.test", "250"));
            if matches!(sent, Some(Ok(_))) {
                done.fetch_add(1, Ordering::Relaxed);
            } else {
                client = None;
                again.lock().unwrap().push(number);
            }
        }
    };
    let mut random = Random(7);
    let mut kills = 0;
    let mut server = Some(serve(&post, port));
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(deliver);
        }
        let began = Instant::now();
        while done.load(Ordering::Relaxed) < mails && began.elapsed() < PATIENCE {
            let target = done.load(Ordering::Relaxed) + 20 + random.below(200) as usize;
            while done.load(Ordering::Relaxed) < target.min(mails) && began.elapsed() < PATIENCE {
                std::thread::yield_now();
            }
            drop(server.take());
            kills += 1;
            server = Some(serve(&post, port));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(done.load(Ordering::Relaxed), mails);
    assert!(kills >= 5, "{kills}");
    let found = post.mails();
    assert_eq!(found.len(), mails);
    for number in 0..mails {
        let placements = found[&sha256(&mail(number))]["placements"].as_array().unwrap();
        assert_eq!(placements.len(), 1, "{placements:?}");
        assert_eq!(placements[0]["account"], "Archive");
    }
    let began = Instant::now();
    while post.mails().values().any(|mail| mail["thread_id"].is_null()) {
        assert!(began.elapsed() < PATIENCE, "all are read in the end");
    }
    drop(server);
    post.verify();
}

/// A real Postfix delivers, over both protocols; what it cannot deliver at first it brings later.
#[test]
fn postfix_delivers() {
    let post = Poststelle::new();
    let (smtp, lmtp) = (free_port(), free_port());
    let certificate = Certificate::for_names(&["127.0.0.1"]);
    let routes = [
        ("archive.test", format!("smtp:[127.0.0.1]:{smtp}")),
        ("journal.test", format!("lmtp:inet:127.0.0.1:{lmtp}")),
    ];
    let Some(postfix) = Postfix::start_with_routes(&certificate, &routes) else { return };
    let mut client = Client::connect(postfix.port()).unwrap();
    let mut send = |number| {
        let to = if number % 2 == 0 { "a@archive.test" } else { "b@journal.test" };
        client.deliver(&mail(number), to, "250").unwrap();
    };
    // Nobody listens yet.
    (0..10).for_each(&mut send);
    let files = post.dir.path();
    std::fs::write(files.join("cert.pem"), &certificate.certificate).unwrap();
    std::fs::write(files.join("key.pem"), &certificate.key).unwrap();
    let (certificate_file, key_file) = (files.join("cert.pem"), files.join("key.pem"));
    let _server = post.serve_with(&[
        ("POSTSTELLE_SMTP_LISTEN", &format!("127.0.0.1:{smtp}")),
        ("POSTSTELLE_LMTP_LISTEN", &format!("127.0.0.1:{lmtp}")),
        ("POSTSTELLE_INTAKE_ADDRESSES", "@archive.test,b@journal.test"),
        ("POSTSTELLE_INTAKE_ACCOUNT", "Archivpost"),
        ("POSTSTELLE_TLS_CERT", certificate_file.to_str().unwrap()),
        ("POSTSTELLE_TLS_KEY", key_file.to_str().unwrap()),
    ]);
    (10..30).for_each(&mut send);
    let began = Instant::now();
    let found = loop {
        let found = post.mails();
        if found.len() == 30 {
            break found;
        }
        assert!(began.elapsed() < PATIENCE, "{} of 30: {}", found.len(), postfix.log());
        std::thread::yield_now();
    };
    for row in found.values() {
        let placements = row["placements"].as_array().unwrap();
        assert_eq!((placements.len(), &placements[0]["account"]), (1, &"Archivpost".into()));
    }
    let ids: std::collections::BTreeSet<&str> =
        found.values().map(|row| row["message_id"].as_str().unwrap_or_default()).collect();
    assert_eq!(ids.len(), 30, "{ids:?}");
}

/// The report stays as it came, the mail inside is a mail of its own.
#[test]
fn journal_reports_are_unwrapped() {
    let post = Poststelle::new();
    let port = free_port();
    let server = serve(&post, port);
    let inner = "From: a@x.test\r\nTo: b@x.test\r\nSubject: Angebot\r\nMessage-ID: <inside@x.test>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n\r\nGuten Tag";
    let report = format!(
        "From: <>\r\nTo: all@journal.test\r\nX-MS-Journal-Report:\r\nMessage-ID: <report@x.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSender: a@x.test\r\nSubject: Angebot\r\nMessage-Id: <inside@x.test>\r\nTo: b@x.test\r\nBcc: c@x.test, Expanded: list@x.test\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
    );
    let mut client = Client::connect(port).unwrap();
    // The second time nothing is new.
    for _ in 0..2 {
        client.deliver(report.as_bytes(), "all@journal.test", "250").unwrap();
    }
    // A copy of the mail inside by BCC is the same mail in another place.
    client.deliver(format!("{inner}\r\n").as_bytes(), "archive@here.test", "250").unwrap();
    let refused = client.deliver(b"a\r\n", "archive@elsewhere.test", "250").unwrap_err();
    assert!(refused.to_string().starts_with("550 5.7.1"), "{refused}");
    drop(server);
    let found = post.mails();
    let folders = |octets: &str| -> Vec<String> {
        let row = &found[&sha256(octets.as_bytes())];
        let placements = row["placements"].as_array().unwrap().iter();
        placements.map(|placement| placement["mailbox"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(folders(&report), ["Journal reports"]);
    assert_eq!(folders(inner), ["Journal"]);
    assert_eq!(folders(&format!("{inner}\r\n")), ["Archive"]);
    assert_eq!(found.len(), 3);
    post.verify();
}

/// Who is outside the networks shows a certificate of the authority, or is refused.
#[test]
fn client_certificates() {
    let post = Poststelle::new();
    let port = free_port();
    let write = |name: &str, pem: &str| {
        let path = post.dir.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let [ours, theirs, strangers] = ["127.0.0.1", "exchange.client.test", "exchange.client.test"]
        .map(|name| Certificate::for_names(&[name]));
    let authority = write("authority.pem", &theirs.certificate);
    let (certificate_file, key_file) = (write("cert.pem", &ours.certificate), write("key.pem", &ours.key));
    let their_key = write("their-key.pem", &theirs.key);
    let stranger = (write("stranger.pem", &strangers.certificate), write("stranger-key.pem", &strangers.key));
    let mut variables = variables(&port.to_string()).to_vec();
    variables.extend([
        ("POSTSTELLE_TLS_CERT", certificate_file.display().to_string()),
        ("POSTSTELLE_TLS_KEY", key_file.display().to_string()),
        ("POSTSTELLE_INTAKE_NETWORKS", "203.0.113.0/24".to_owned()),
        ("POSTSTELLE_INTAKE_CLIENT_CA", authority.display().to_string()),
    ]);
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = post.serve_with(&variables);
    let to = "archive@here.test";
    let refused = |sent: io::Result<String>, code: &str| {
        let said = sent.unwrap_err().to_string();
        assert!(said.starts_with(code), "{said}");
    };
    refused(Client::connect(port).unwrap().deliver(&mail(1), to, "250"), "530 5.7.0");
    refused(Client::connect_tls(port, None).unwrap().deliver(&mail(2), to, "250"), "554 5.7.1");
    let unknown = Client::connect_tls(port, Some((&stranger.0, &stranger.1)));
    assert!(unknown.and_then(|mut client| client.deliver(&mail(3), to, "250")).is_err());
    let mut known = Client::connect_tls(port, Some((&authority, &their_key))).unwrap();
    known.deliver(&mail(4), to, "250").unwrap();
    drop(server);
    let found = post.mails();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&sha256(&mail(4))]);
}

/// Own trouble is temporary: the sender keeps the mail.
#[test]
fn what_is_excluded_is_taken_and_not_kept() {
    let inner = "From: council@x.test\r\nTo: b@x.test\r\nMessage-ID: <inside@x.test>\r\nSubject: Runde\r\n\r\nText\r\n";
    let report = format!(
        "From: <>\r\nTo: all@journal.test\r\nX-MS-Journal-Report:\r\nMessage-ID: <report@x.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSender: council@x.test\r\nSubject: Runde\r\nMessage-Id: <inside@x.test>\r\nTo: b@x.test\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
    );
    let large = format!("{inner}{}", "0123456789abcdef\r\n".repeat(100_000));
    let post = Poststelle::new();
    let port = free_port();
    let server = serve(&post, port);
    let mut client = Client::connect(port).unwrap();
    post.run(&["account", "exclude", "Archive", "Council", "--works-council", "council@x.test"]).expect(0);
    for _ in 0..2 {
        // The same delivery again is the same mail.
        client.deliver(report.as_bytes(), "all@journal.test", "250").unwrap();
        client.deliver(large.as_bytes(), "archive@here.test", "250").unwrap();
    }
    client.deliver(&mail(1), "archive@here.test", "250").unwrap();
    let listed = post.run(&["account", "exclude", "Archive", "--json"]).expect(0).last();
    assert_eq!(listed["mails"], 2, "{listed}");
    drop(server);
    assert_eq!(post.mails().len(), 1);
    post.verify();
}

#[test]
fn a_full_disk_is_temporary() {
    let post = Poststelle::new();
    let port = free_port();
    let server = serve(&post, port);
    Client::connect(port).unwrap().deliver(&mail(1), "archive@here.test", "250").unwrap();
    let pid = server.pid().to_string();
    let limit = |octets: &str| {
        let mut prlimit = Command::new("prlimit");
        finish(prlimit.args(["--pid", &pid, &format!("--fsize={octets}:unlimited")])).expect(0);
    };
    limit("100000");
    let large = [&mail(2)[..], "0123456789abcdefghijklmnopqrstuvwxyz\r\n".repeat(20_000).as_bytes()].concat();
    let refused = Client::connect(port).unwrap().deliver(&large, "archive@here.test", "250").unwrap_err();
    assert!(refused.to_string().starts_with("45"), "{refused}");
    limit("unlimited");
    Client::connect(port).unwrap().deliver(&large, "archive@here.test", "250").unwrap();
    drop(server);
    let found = post.mails();
    assert!(found.contains_key(&sha256(&large)) && found.contains_key(&sha256(&mail(1))));
    post.verify();
}

/// Settings that would let strangers in, or nobody, are refused by name.
#[test]
fn settings_are_checked() {
    let check = |variables: &[(&str, &str)], words: &str| {
        let post = Poststelle::new();
        let mut command = post.command(&["serve", "--lang", "en", "--listen", "127.0.0.1:0"]);
        let done = finish(command.envs(variables.iter().copied())).expect(2);
        assert!(done.err.contains(words), "{}", done.err);
    };
    let address = ("POSTSTELLE_INTAKE_ADDRESSES", "@journal.test");
    check(&[("POSTSTELLE_SMTP_LISTEN", "0.0.0.0:0"), address], "intake_networks");
    check(&[("POSTSTELLE_LMTP_LISTEN", "127.0.0.1:0")], "intake_addresses is empty");
    check(&[("POSTSTELLE_LMTP_LISTEN", "here"), address], "here");
    let networks = ("POSTSTELLE_INTAKE_NETWORKS", "10.0.0.0/40");
    check(&[("POSTSTELLE_SMTP_LISTEN", "127.0.0.1:0"), address, networks], "10.0.0.0/40");
    let authority = ("POSTSTELLE_INTAKE_CLIENT_CA", "/nowhere.pem");
    check(&[("POSTSTELLE_SMTP_LISTEN", "127.0.0.1:0"), address, authority], "tls_cert");
}
