//! Scripted servers: every answer fed whole, octet by octet and in odd pieces.

use std::collections::HashSet;
use std::fmt::Write as _;

use model::Position;

use super::list::{Entry, Listing};
use super::open::Opening;
use super::remove::Removing;
use super::retrieve::Retrieving;
use super::talk::Talk;
use crate::Credential;
use crate::imap::{Event, ImapError};
use crate::line::{Heard, Machine, hear};

/// The same in pieces of every size up to the whole.
fn in_pieces<M: Machine<Talk = Talk>>(
    script: &str,
    talk: impl Fn() -> Talk,
    make: impl Fn() -> M,
    show: impl Fn(Heard<M::Output>) -> String,
    expected: &str,
) {
    for piece in 1..=script.len().max(1) {
        let found = show(hear(&mut make(), &mut talk(), script.as_bytes().chunks(piece)));
        assert_eq!(found, expected, "pieces of {piece}: {script:?}");
    }
}

fn outcome<T>(result: Option<Result<T, ImapError>>, show: impl FnOnce(T) -> String) -> String {
    match result {
        None => "waits".to_owned(),
        Some(Ok(output)) => show(output),
        Some(Err(error)) => format!("{}: {error}", error.key()),
    }
}

fn login(script: &str, is_encrypted: bool, begins_tls: bool, expected: &str) {
    login_with(&"secret".into(), script, is_encrypted, begins_tls, expected);
}

fn login_with(credential: &Credential, script: &str, is_encrypted: bool, begins_tls: bool, expected: &str) {
    let identity = crate::imap::identity(credential.clone());
    let make = || Opening::new(&identity, is_encrypted, begins_tls);
    let show = |heard: Heard<super::open::Opened>| {
        let sent = heard.sent.replace("\r\n", " | ");
        sent + &outcome(heard.result, |opened| format!("in: {}", opened.login))
    };
    in_pieces(script, Talk::new, make, show, expected);
}

const CAPA: &str = "+OK\r\nTOP\r\nUIDL\r\nSTLS\r\nUSER\r\nSASL PLAIN LOGIN\r\nPIPELINING\r\n.\r\n";

#[test]
fn logins() {
    // By AUTH PLAIN, then asked again what it can do.
    login(
        &format!("+OK ready\r\n{CAPA}+OK hello\r\n{CAPA}"),
        true,
        false,
        "CAPA | AUTH PLAIN AG1lAHNlY3JldA== | CAPA | in: hello",
    );
    // Without CAPA.
    login(
        "+OK ready\r\n-ERR what?\r\n+OK\r\n+OK hello\r\n",
        true,
        false,
        "CAPA | USER me | PASS secret | in: hello",
    );
    // Bare line feeds, and other spellings of the words.
    login("+ok ready\n-err\n+Ok\n+oK hello\n", true, false, "CAPA | USER me | PASS secret | in: hello");
    // The example of RFC 1939 would be tried first where nothing is encrypted.
    login(
        "+OK POP3 <1896.697170952@dbc.mtview.ca.us>\r\n-ERR\r\n+OK hello\r\n",
        false,
        false,
        "CAPA | APOP me 3f18b52881e44c0cc6067f46e0ced7bc | in: hello",
    );
    // A time stamp, but no APOP behind it.
    login(
        "+OK POP3 <1@x>\r\n-ERR\r\n-ERR unknown command\r\n+OK\r\n+OK hello\r\n",
        false,
        false,
        "CAPA | APOP me 37257aa37904a2ac86c6572e6528a18c | USER me | PASS secret | in: hello",
    );
    // A prompt before the answer of the login; an empty line somewhere.
    login(
        "\r\n+OK ready\r\n+OK\r\nSASL PLAIN\r\n.\r\n+ \r\n+OK hello\r\n-ERR\r\n",
        true,
        false,
        "CAPA | AUTH PLAIN AG1lAHNlY3JldA== | AG1lAHNlY3JldA== | CAPA | in: hello",
    );
}

#[test]
fn refused_logins() {
    login(
        "-ERR too many connections\r\n",
        true,
        false,
        "imap-greeting-bye: no greeting of a mailbox server, but: too many connections",
    );
    login(
        "+OK\r\n-ERR\r\n+OK\r\n-ERR [AUTH] wrong\r\n",
        true,
        false,
        "CAPA | USER me | PASS secret | imap-login-refused: login refused: [AUTH] wrong",
    );
    // Somebody else has the mailbox open: later may be better.
    login(
        "+OK\r\n-ERR\r\n+OK\r\n-ERR [IN-USE] locked\r\n",
        true,
        false,
        "CAPA | USER me | PASS secret | imap-login-unavailable: login refused: [IN-USE] locked",
    );
    // A wrong password is not tried in every way there is.
    login(
        "+OK\r\n+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n-ERR [AUTH] wrong\r\n",
        true,
        false,
        "CAPA | AUTH PLAIN AG1lAHNlY3JldA== | imap-login-refused: login refused: [AUTH] wrong",
    );
    login(
        "+OK\r\n+OK\r\nSASL GSSAPI\r\n.\r\n",
        true,
        false,
        "CAPA | imap-no-login: the server offers no login that fits, only: GSSAPI",
    );
    login("HTTP/1.0 400 Bad Request\r\n", true, false, "waits");
    let odd = "220 mail ESMTP\r\n".repeat(11);
    login(&odd, true, false, "imap-protocol: the server's answer cannot be understood: 220 mail ESMTP");
}

#[test]
fn tokens() {
    let bearer = Credential::Bearer("t".into());
    let check = |script: &str, expected: &str| login_with(&bearer, script, true, false, expected);
    let xoauth2 = "dXNlcj1tZQFhdXRoPUJlYXJlciB0AQE=";
    check(
        "+OK\r\n+OK\r\nUSER\r\nSASL PLAIN XOAUTH2\r\n.\r\n+OK in\r\n-ERR\r\n",
        &format!("CAPA | AUTH XOAUTH2 {xoauth2} | CAPA | in: in"),
    );
    // The refusal in detail is answered before the refusal itself comes.
    check(
        "+OK\r\n+OK\r\nSASL XOAUTH2\r\n.\r\n+ eyJzdGF0dXMiOiI0MDEifQ==\r\n-ERR [AUTH] expired\r\n",
        &format!("CAPA | AUTH XOAUTH2 {xoauth2} |  | imap-login-refused: login refused: [AUTH] expired"),
    );
    let first = "bixhPW1lLAFob3N0PW1haWwuZXhhbXBsZS5vcmcBcG9ydD05OTMBYXV0aD1CZWFyZXIgdAEB";
    check(
        "+OK\r\n+OK\r\nSASL XOAUTH2 OAUTHBEARER\r\n.\r\n+ eyJzdGF0dXMiOiI0MDEifQ==\r\n-ERR [AUTH] no\r\n",
        &format!("CAPA | AUTH OAUTHBEARER {first} | AQ== | imap-login-refused: login refused: [AUTH] no"),
    );
    // One way is not known after all.
    check(
        "+OK\r\n+OK\r\nSASL XOAUTH2 OAUTHBEARER\r\n.\r\n-ERR unknown\r\n+OK in\r\n-ERR\r\n",
        &format!("CAPA | AUTH OAUTHBEARER {first} | AUTH XOAUTH2 {xoauth2} | CAPA | in: in"),
    );
    check(
        "+OK\r\n+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n",
        "CAPA | imap-no-login: the server offers no login that fits, only: PLAIN",
    );
    // Too long for the first line.
    let long = Credential::Bearer("t".repeat(200).as_str().into());
    let answer =
        crate::sasl::base64(format!("user=me\x01auth=Bearer {}\x01\x01", "t".repeat(200)).as_bytes());
    login_with(
        &long,
        "+OK\r\n+OK\r\nSASL XOAUTH2\r\n.\r\n+ go ahead\r\n+OK in\r\n-ERR\r\n",
        true,
        false,
        &format!("CAPA | AUTH XOAUTH2 | {answer} | CAPA | in: in"),
    );
}

#[test]
fn encryption_begins_before_the_password_is_sent() {
    login(
        &format!("+OK\r\n{CAPA}+OK begin\r\n{CAPA}+OK hello\r\n{CAPA}"),
        false,
        true,
        "CAPA | STLS | CAPA | AUTH PLAIN AG1lAHNlY3JldA== | CAPA | in: hello",
    );
    login(
        "+OK\r\n+OK\r\nUSER\r\n.\r\n",
        false,
        true,
        "CAPA | imap-no-starttls: the server does not begin TLS: ",
    );
    login(
        "+OK\r\n-ERR\r\n-ERR no\r\n",
        false,
        true,
        "CAPA | STLS | imap-no-starttls: the server does not begin TLS: no",
    );
}

fn entries(script: &str, pipeline: usize, expected: &str) {
    let show = |heard: Heard<Vec<Entry>>| {
        outcome(heard.result, |entries| {
            entries.iter().fold(String::new(), |mut text, entry| {
                let name = entry.unique_id.as_deref().unwrap_or("-");
                let name = if name.len() > 60 {
                    format!("{}…{}", &name[..4], &name[64..])
                } else {
                    name.to_owned()
                };
                let size = entry.size_octets.map_or("?".to_owned(), |size| size.to_string());
                let _ = write!(text, "{}={name}/{size} ", entry.number);
                text
            })
        })
    };
    in_pieces(script, Talk::open, || Listing::new(pipeline), show, expected);
}

#[test]
fn listings() {
    for pipeline in [1, 16] {
        entries("+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\n1 100\r\n2 200\r\n.\r\n", pipeline, "1=a/100 2=b/200 ");
        entries("+OK\r\n.\r\n+OK\r\n.\r\n", pipeline, "");
        // Sizes with a comment, names with blanks, numbers that are none, a line that begins with a dot.
        entries(
            "+OK 2\r\n1   a b \r\nx y\r\n7\r\n..\r\n.\r\n+OK\r\n1 100 octets\r\n2 huge\r\n.\r\n+OK\r\nA: b\r\n\r\n.\r\n",
            pipeline,
            "1=a b/100 2=3d28…-0/0 ",
        );
        // No UIDL: the header section is the name.
        entries(
            "-ERR\r\n+OK\r\n1 9\r\n2 9\r\n.\r\n+OK\r\nA: b\r\n.\r\n+OK\r\nA: c\r\n.\r\n",
            pipeline,
            "1=aa34…-9/9 2=1cf0…-9/9 ",
        );
        // Two mails of one name.
        entries(
            "+OK\r\n1 a\r\n2 a\r\n3 c\r\n.\r\n+OK\r\n1 8\r\n2 9\r\n3 1\r\n.\r\n+OK\r\nA: b\r\n.\r\n+OK\r\nA: b\r\n.\r\n",
            pipeline,
            "1=aa34…-8/8 2=aa34…-9/9 3=c/1 ",
        );
        // Neither UIDL nor TOP.
        entries("-ERR\r\n+OK\r\n1 9\r\n2 8\r\n.\r\n-ERR\r\n-ERR\r\n", pipeline, "1=-/9 2=-/8 ");
        entries(
            "+OK\r\n.\r\n-ERR [SYS/TEMP] later\r\n",
            pipeline,
            "imap-refused: LIST refused: [SYS/TEMP] later",
        );
    }
}

fn entry(number: u32, name: &str) -> Entry {
    Entry { number, unique_id: (!name.is_empty()).then(|| name.to_owned()), size_octets: Some(5) }
}

fn retrieved(script: &str, todo: &[Entry], known: &[&str], expected: &str) {
    let known: HashSet<String> = known.iter().map(|name| (*name).to_owned()).collect();
    let show = |heard: Heard<_>| {
        crate::imap::check_order(&heard.events);
        let mut text = String::new();
        let name = |position: &Position| match position {
            Position::Unique { unique_id } => unique_id.chars().take(8).collect::<String>(),
            other => format!("{other:?}"),
        };
        for event in &heard.events {
            let _ = match event {
                Event::Mail(mail) => {
                    write!(text, "{}={} ", name(&mail.facts.position), mail.octets.escape_ascii())
                }
                Event::Begin(facts) => write!(text, "{}<", name(&facts.position)),
                Event::Chunk(octets) => write!(text, "{}", octets.escape_ascii()),
                Event::End => write!(text, "> "),
                Event::Cut => write!(text, "✂ "),
                Event::Failed { position, fault, .. } => write!(text, "{}!{fault} ", name(position)),
                Event::Progress { .. } => Ok(()),
                other => write!(text, "{other:?}"),
            };
        }
        text + &outcome(heard.result, |_| "done".to_owned())
    };
    for pipeline in [1, 2, 16] {
        in_pieces(
            script,
            Talk::open,
            || Retrieving::new(todo.to_vec(), pipeline, 10, &known),
            show,
            expected,
        );
    }
}

#[test]
fn mails() {
    let two = [entry(1, "a"), entry(2, "b")];
    retrieved("+OK 4\r\nA: b\r\n.\r\n+OK\r\n\r\nx\r\n.\r\n", &two, &[], "a=A: b\\r\\n b=\\r\\nx\\r\\n done");
    // Dots at the beginning of lines.
    retrieved("+OK\r\n..\r\n..a\r\n.b\r\n.\r\n", &[entry(1, "a")], &[], "a=.\\r\\n.a\\r\\nb\\r\\n done");
    // A dot between bare line feeds is the mail's own.
    retrieved("+OK\r\na\n.\nb\r\n.\r\n", &[entry(1, "a")], &[], "a=a\\n.\\nb\\r\\n done");
    // An empty one.
    retrieved("+OK\r\n.\r\n", &[entry(1, "a")], &[], "a= done");
    // Larger than what is held.
    retrieved("+OK\r\n0123456789abcdef\r\n.\r\n", &[entry(1, "a")], &[], "a<0123456789abcdef\\r\\n> done");
    // One that is refused does not hold up the next.
    retrieved("-ERR gone\r\n+OK\r\nx\r\n.\r\n", &two, &[], "a!the server refuses it: gone b=x\\r\\n done");
    retrieved("-ERR [SYS/TEMP] later\r\n", &two, &[], "imap-refused: RETR refused: [SYS/TEMP] later");
    // Cut off in the middle, of a small one and of a large one.
    retrieved("+OK\r\n012", &two, &[], "waits");
    retrieved("+OK\r\n0123456789abcdef", &two, &[], "a<0123456789abcdef✂ waits");
    // An answer nobody asked for.
    retrieved("hello\r\n+OK\r\nx\r\n.\r\n", &[entry(1, "a")], &[], "a=x\\r\\n done");
}

#[test]
fn mails_without_a_name_are_called_after_their_octets() {
    let name = "b35e09fa2ced9ebcad9d16336fb961146fe34bfbebc562679da85f8a314c9dca-5";
    retrieved("+OK\r\nx\r\n.\r\n", &[entry(1, "")], &[], "b35e09fa=x\\r\\n done");
    retrieved("+OK\r\nx\r\n.\r\n", &[entry(1, "")], &[name], "done");
}

#[test]
fn removals_count_when_the_session_has_ended_well() {
    let show = |heard: Heard<super::remove::Outcome>| {
        let sent = heard.sent.replace("\r\n", " | ");
        sent + &outcome(heard.result, |outcome| format!("{:?} {:?}", outcome.removed, outcome.refused))
    };
    let check = |script: &str, expected: &str| {
        in_pieces(script, Talk::open, || Removing::new(vec![1, 3], 1), show, expected);
    };
    check("+OK\r\n+OK\r\n+OK bye\r\n", "DELE 1 | DELE 3 | QUIT | [1, 3] []");
    check("+OK\r\n-ERR no\r\n+OK\r\n", "DELE 1 | DELE 3 | QUIT | [1] [(3, \"no\")]");
    check(
        "+OK\r\n+OK\r\n-ERR some were not removed\r\n",
        "DELE 1 | DELE 3 | QUIT | imap-refused: QUIT refused: some were not removed",
    );
    check("+OK\r\n+OK\r\n", "DELE 1 | DELE 3 | QUIT | waits");
}

proptest::proptest! {
    #[test]
    fn any_octets_are_heard(octets in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), piece in 1_usize..40) {
        super::rehearse(&octets, piece);
    }

    #[test]
    fn nearly_pop3_is_heard(
        lines in proptest::collection::vec("(\\+OK|-ERR|\\.|\\.\\.|\\+ |[0-9] [a-z]|x)(\r\n|\n)", 0..30), piece in 1_usize..40
    ) {
        super::rehearse(lines.concat().as_bytes(), piece);
    }
}
