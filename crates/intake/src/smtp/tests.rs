//! Scripted conversations, each in every two pieces.

use std::sync::Arc;

use model::{Envelope, ReversePath};

use super::policy::{Policy, Protocol, policy};
use super::session::{Outcome, Session, Step};

/// What the driver got to do, and what was said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    output: String,
    mails: Vec<(Envelope, String)>,
    closed: bool,
}

fn run(policy: &Policy, client: &str, pieces: &[&[u8]], outcome: Outcome) -> Told {
    let mut session = Session::new(Arc::new(policy.clone()), client.parse().unwrap());
    let (mut told, mut content) = (Told::default(), Vec::new());
    for piece in pieces {
        session.receive(piece);
        loop {
            match session.advance() {
                Step::More => break,
                Step::Content(octets) => content.extend(octets),
                Step::Complete(envelope) => {
                    let text = String::from_utf8_lossy(&std::mem::take(&mut content)).into_owned();
                    told.mails.push((envelope, text));
                    session.answer(outcome);
                }
                Step::Abandon => content.clear(),
                Step::StartTls => session.tls_began(false),
                Step::Close => {
                    told.closed = true;
                    break;
                }
            }
        }
        told.output.push_str(std::str::from_utf8(&session.output()).unwrap());
    }
    told
}

/// Codes of the answers (last lines) and contents of the mails.
#[track_caller]
fn check(policy: &Policy, input: &[u8], codes: &str, contents: &[&str]) -> Told {
    let whole = run(policy, "127.0.0.1", &[input], Outcome::Kept);
    // What comes behind STARTTLS in the same piece is dropped, so pieces make a difference there.
    if !input.windows(8).any(|word| word == b"STARTTLS") {
        for split in 0..=input.len() {
            let (first, second) = input.split_at(split);
            let told = run(policy, "127.0.0.1", &[first, second], Outcome::Kept);
            assert_eq!(told, whole, "split at {split}");
        }
    }
    let said: Vec<&str> = whole
        .output
        .lines()
        .filter(|line| line.as_bytes().get(3) == Some(&b' '))
        .map(|line| &line[..3])
        .collect();
    assert_eq!(said.join(" "), codes, "{}", whole.output);
    let told: Vec<&str> = whole.mails.iter().map(|(_, content)| content.as_str()).collect();
    assert_eq!(told, contents);
    whole
}

const BEGIN: &str = "EHLO a\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<archive@here.test>\r\n";

fn session(rest: &str) -> Vec<u8> {
    format!("{BEGIN}{rest}").into_bytes()
}

#[test]
fn mails_come_in() {
    let told = check(
        &policy(),
        &session(
            "DATA\r\nA: b\r\n\r\nc\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<x@journal.test>\r\nDATA\r\n.\r\nQUIT\r\n",
        ),
        "220 250 250 250 354 250 250 250 354 250 221",
        &["A: b\r\n\r\nc\r\n", ""],
    );
    assert!(
        told.closed && told.output.contains("250-SIZE 1000\r\n") && told.output.contains("250-STARTTLS\r\n")
    );
    assert_eq!(told.mails[1].0.reverse_path, Some(ReversePath::Null));
    assert_eq!(told.mails[1].0.forward_paths, ["x@journal.test"]);
}

#[test]
fn envelope_keeps_the_parameters_of_reports() {
    let told = check(
        &policy(),
        b"EHLO a\r\nMAIL FROM:<s@x.test> SIZE=5 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159\r\nRCPT TO:<archive@here.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob@x.test\r\nDATA\r\na\r\n.\r\n",
        "220 250 250 250 354 250",
        &["a\r\n"],
    );
    let envelope = &told.mails[0].0;
    assert_eq!(envelope.reverse_path, Some(ReversePath::Path("s@x.test RET=HDRS ENVID=QQ314159".to_owned())));
    let [forward] = &envelope.forward_paths[..] else { panic!("{envelope:?}") };
    assert!(forward.starts_with("archive@here.test NOTIFY=SUCCESS,FAILURE ORCPT="), "{forward}");
    assert!(forward.ends_with("Bob@x.test"), "{forward}");
}

#[test]
fn chunks() {
    check(
        &policy(),
        &session(
            "BDAT 3\r\n.\r\nBDAT 0 LAST\r\nMAIL FROM:<>\r\nRCPT TO:<archive@here.test>\r\nBDAT 2 LAST\r\n\r\nNOOP\r\n",
        ),
        "220 250 250 250 250 250 250 250 250 250",
        &[".\r\n", "\r\n"],
    );
    // Without a mail the octets are taken all the same, not read as commands.
    check(&policy(), b"EHLO a\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "220 250 503 250", &[]);
    check(&policy(), &session("BDAT 1\r\naDATA\r\nRSET\r\nDATA\r\n"), "220 250 250 250 250 503 250 503", &[]);
}

/// Five ways to hide a second mail in a first one: none is read as a command.
#[test]
fn nothing_is_smuggled() {
    let hidden = "MAIL FROM:<evil@x.test>\r\nRCPT TO:<archive@here.test>\r\nDATA\r\nevil\r\n";
    for end in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\r\n\0.\r\n"] {
        let told = check(
            &policy(),
            &session(&format!("DATA\r\nfirst{end}{hidden}.\r\n")),
            "220 250 250 250 354 250",
            &[&format!("first{}{hidden}", end.replacen("\r\n.", "\r\n", 1))],
        );
        assert_eq!(told.mails.len(), 1, "{end:?}");
    }
    // A command that does not end with CRLF ends the conversation.
    for line in ["NOOP\n", "NO\rOP\r\n", "NOOP\r\r\n"] {
        let told = check(&policy(), format!("EHLO a\r\n{line}NOOP\r\n").as_bytes(), "220 250 500", &[]);
        assert!(told.closed, "{line:?}");
    }
}

#[test]
fn what_is_refused() {
    check(&policy(), b"MAIL FROM:<a@b.test>\r\n", "220 503", &[]);
    check(
        &policy(),
        &session("RCPT TO:<other@here.test>\r\nRCPT TO:<x@evil.test>\r\n"),
        "220 250 250 250 550 550",
        &[],
    );
    check(&policy(), b"EHLO a\r\nMAIL FROM:<>\r\nDATA\r\n", "220 250 250 503", &[]);
    check(
        &policy(),
        b"EHLO a\r\nMAIL FROM:<> SIZE=1001\r\nMAIL FROM:<> SIZE=1000\r\n",
        "220 250 552 250",
        &[],
    );
    check(&policy(), b"EHLO a\r\nMAIL FROM:<> BODY=BINARYMIME\r\n", "220 250 555", &[]);
    check(
        &policy(),
        b"HELO a\r\nAUTH PLAIN AGEAYg==\r\nEXPN a\r\nLHLO a\r\nHELP\r\n",
        "220 250 502 502 500 502",
        &[],
    );
    let many = "RCPT TO:<archive@here.test>\r\n".repeat(3);
    check(&policy(), &session(&many), "220 250 250 250 250 250 452", &[]);
    let long = format!("DATA\r\n{}.\r\nNOOP\r\n", "0123456789abcd\r\n".repeat(80));
    check(&policy(), &session(&long), "220 250 250 250 354 552 250", &[]);
    let told = run(&policy(), "127.0.0.1", &["x\r\n".repeat(30).as_bytes()], Outcome::Kept);
    assert!(told.closed && told.output.ends_with("goodbye\r\n"));
    let told = run(&policy(), "127.0.0.1", &[&[b'x'; 5000]], Outcome::Kept);
    assert!(told.closed && told.output.contains("500 5.5.2 Line too long"));
}

#[test]
fn own_trouble_is_never_final() {
    let input = session("DATA\r\na\r\n.\r\n");
    for (outcome, code) in [(Outcome::Full, "452 4.3.1"), (Outcome::Trouble, "451 4.3.0")] {
        let told = run(&policy(), "127.0.0.1", &[&input], outcome);
        assert!(told.output.lines().last().unwrap().starts_with(code), "{}", told.output);
    }
}

#[test]
fn lmtp_answers_each_recipient() {
    let lmtp = Policy { protocol: Protocol::Lmtp, ..policy() };
    check(
        &lmtp,
        b"EHLO a\r\nLHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<archive@here.test>\r\nRCPT TO:<no@here.test>\r\nRCPT TO:<b@journal.test>\r\nDATA\r\na\r\n.\r\nQUIT\r\n",
        "220 500 250 250 250 550 250 354 250 250 221",
        &["a\r\n"],
    );
}

#[test]
fn before_tls() {
    let told = run(&policy(), "192.0.2.1", &[b"EHLO a\r\nMAIL FROM:<>\r\n"], Outcome::Kept);
    assert!(told.output.ends_with("530 5.7.0 Use STARTTLS first\r\n"), "{}", told.output);
    // What stands behind STARTTLS was not encrypted: it is dropped, and the greeting is wanted again.
    let told = run(
        &policy(),
        "192.0.2.1",
        &[
            b"EHLO a\r\nSTARTTLS\r\nMAIL FROM:<evil@x.test>\r\n",
            b"MAIL FROM:<>\r\nEHLO a\r\nSTARTTLS\r\nMAIL FROM:<>\r\n",
        ],
        Outcome::Kept,
    );
    let codes: Vec<&str> =
        told.output.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect();
    assert_eq!(codes.join(" "), "220 250 220 503 250 503 250", "{}", told.output);
    assert_eq!(told.output.matches("250-STARTTLS").count(), 1);
    let closed = Policy { networks: vec!["10.0.0.0/8".parse().unwrap()], ..policy() };
    let told = run(&closed, "192.0.2.1", &[b"EHLO a\r\n"], Outcome::Kept);
    assert!(told.closed && told.output.starts_with("554 5.7.1"), "{}", told.output);
}
