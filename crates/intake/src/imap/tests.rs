//! The client without sockets: recorded sessions in pieces of every size, cut off anywhere, with octets changed.

use std::path::Path;

use proptest::prelude::*;

use super::command::Command;
use super::error::ImapError;
use super::fetch::{Blamed, Bounds, Fetching, Wanted};
use super::idle::{Idled, Idling, Waiting as _};
use super::notify::{Noticing, Watched};
use super::once::Once;
use super::open::Opening;
use super::rehearse::{identity, rehearse};
use super::response::Response;
use super::talk::{Reply, Talk};
use crate::Credential;
use crate::line::{Conversation as _, Machine, Packed, hear};

/// What the servers of all recorded sessions say, one entry a session.
fn recorded() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sessions");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("fixtures").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let said = |text: String| {
        let head = text.split("\n==\n").next().unwrap_or_default().to_owned();
        let mut octets = Vec::new();
        for line in head.lines() {
            let (text, times, end) = if let Some(text) = line.strip_prefix("S: ") {
                (text, 1, "\r\n")
            } else if let Some(text) = line.strip_prefix("S~ ") {
                (text, 1, "")
            } else if let Some((times, text)) = line.strip_prefix("Sx ").and_then(|rest| rest.split_once(' '))
            {
                (text, times.parse().expect("a number"), "")
            } else {
                continue;
            };
            let text = text.replace("\\r", "\r").replace("\\n", "\n").replace("\\\\", "\\");
            octets.extend(text.into_bytes().repeat(times));
            octets.extend_from_slice(end.as_bytes());
        }
        octets
    };
    files.into_iter().map(|file| said(std::fs::read_to_string(file).expect("a session"))).collect()
}

/// Replies, the pieces of literals joined.
fn replies(octets: &[u8], piece: usize) -> Vec<Reply> {
    replies_to(octets.chunks(piece))
}

fn replies_to<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Reply> {
    let mut talk = Talk::new(66_000, 1000);
    let mut found: Vec<Reply> = Vec::new();
    for chunk in pieces {
        talk.input(chunk.len()).extend_from_slice(chunk);
        while let Some(reply) = talk.reply() {
            match (found.last_mut(), reply) {
                (Some(Reply::BodyChunk(before)), Reply::BodyChunk(next)) => before.extend(next),
                (_, reply) => found.push(reply),
            }
        }
    }
    found
}

#[test]
fn pieces_do_not_matter() {
    for octets in recorded() {
        let whole = replies(&octets, usize::MAX);
        for piece in [1, 2, 3, 7, 64, 1000, 4096] {
            assert!(replies(&octets, piece) == whole, "pieces of {piece}: {}", octets[..200].escape_ascii());
        }
    }
}

#[test]
fn every_split_is_heard_alike() {
    for octets in recorded().into_iter().filter(|octets| octets.len() < 4000) {
        let whole = replies(&octets, usize::MAX);
        for split in 0..=octets.len() {
            let found = replies_to([&octets[..split], &octets[split..]]);
            assert!(found == whole, "split at {split}: {}", octets.escape_ascii());
        }
    }
}

#[test]
fn every_end_is_survived() {
    for octets in recorded().into_iter().filter(|octets| octets.len() < 3000) {
        for end in (0..octets.len()).step_by(3) {
            rehearse(&octets[..end], 50);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn changed_octets_are_survived(
        session in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        piece in 1..5000_usize,
    ) {
        let sessions = recorded();
        let mut octets = session.get(&sessions).clone();
        octets.push(b'\n');
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        rehearse(&octets, piece);
    }

    #[test]
    fn tags_can_be_guessed_without_harm(words in prop::collection::vec(prop::sample::select(vec![
        "p1 OK x\r\n", "p2 OK\r\n", "p2 NO x\r\n", "p3 OK\r\n", "p3 BAD\r\n", "p4 OK\r\n", "p4 NO [UNAVAILABLE] x\r\n", "p5 OK\r\n",
        "* 3 EXISTS\r\n", "* 1 EXPUNGE\r\n", "* OK [UIDVALIDITY 1] x\r\n", "* OK [UIDNEXT 9] x\r\n", "* SEARCH 1 2 3\r\n",
        "* SEARCH 4294967295\r\n", "* ESEARCH ALL 1:4294967295\r\n", "* BYE x\r\n", "+ go\r\n",
        "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"02-Mar-2026 11:00:00 +0100\" BODY[] {3}\r\nabc)\r\n",
        "* 2 FETCH (UID 3 BODY[] NIL)\r\n", "* 2 FETCH (BODY[] {3}\r\nabc UID 2)\r\n", "* 1 FETCH (UID 2 RFC822.SIZE 3)\r\n",
        "* 3 FETCH (UID 3 BODY[] {3}\r\nabcx)\r\n",
    ]), 0..40)) {
        rehearse(words.concat().as_bytes(), 1000);
    }
}

/// Lets a procedure hear octets cut in two at each place; what it gives, if it comes to an end, and what it has sent.
fn at_every_split<M: Machine<Talk = Talk>>(
    make: impl Fn() -> (M, Talk),
    said: &[u8],
    check: impl Fn(Option<Result<M::Output, ImapError>>, &str),
) {
    for split in 0..=said.len() {
        let (mut machine, mut talk) = make();
        let heard = hear(&mut machine, &mut talk, [&said[..split], &said[split..]]);
        check(heard.result, &heard.sent);
    }
}

fn login(credential: &Credential, said: &str, sent: &str, outcome: &str) {
    let identity = identity(credential.clone());
    let make = || (Opening::new(&identity, false), Talk::new(1000, 100));
    at_every_split(make, said.as_bytes(), |result, heard| {
        let found = match result {
            None => "waits".to_owned(),
            Some(Ok(opened)) => opened.login,
            Some(Err(error)) => format!("{}: {error}", error.key()),
        };
        assert_eq!(heard.replace("\r\n", " | "), sent, "{said}");
        assert_eq!(found, outcome, "{said}");
    });
}

#[test]
fn logins_with_a_token_at_every_split() {
    let bearer = Credential::Bearer("t".into());
    let check = |said: &str, sent: &str, outcome: &str| login(&bearer, said, sent, outcome);
    let xoauth2 = "dXNlcj1tZQFhdXRoPUJlYXJlciB0AQE=";
    let first = "bixhPW1lLAFob3N0PW1haWwuZXhhbXBsZS5vcmcBcG9ydD05OTMBYXV0aD1CZWFyZXIgdAEB";
    check(
        "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] hi\r\np1 OK [CAPABILITY IMAP4rev1] in\r\n",
        &format!("p1 AUTHENTICATE XOAUTH2 {xoauth2} | "),
        "in",
    );
    check(
        "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] hi\r\n+ \r\np1 OK [CAPABILITY IMAP4rev1] in\r\n",
        &format!("p1 AUTHENTICATE XOAUTH2 | {xoauth2} | "),
        "in",
    );
    check(
        "* OK [CAPABILITY AUTH=XOAUTH2 SASL-IR] hi\r\n+ eyJzdGF0dXMiOiI0MDEifQ==\r\np1 NO [AUTHENTICATIONFAILED] expired\r\n",
        &format!("p1 AUTHENTICATE XOAUTH2 {xoauth2} |  | "),
        "imap-login-refused: login refused: expired",
    );
    check(
        "* OK [CAPABILITY AUTH=OAUTHBEARER AUTH=XOAUTH2 SASL-IR] hi\r\n+ eyJzdGF0dXMiOiI0MDEifQ==\r\np1 NO no\r\n",
        &format!("p1 AUTHENTICATE OAUTHBEARER {first} | AQ== | "),
        "imap-login-refused: login refused: no",
    );
    check(
        "* OK [CAPABILITY AUTH=OAUTHBEARER AUTH=XOAUTH2 SASL-IR] hi\r\np1 BAD what\r\np2 OK [CAPABILITY X] in\r\n",
        &format!("p1 AUTHENTICATE OAUTHBEARER {first} | p2 AUTHENTICATE XOAUTH2 {xoauth2} | "),
        "in",
    );
    check(
        "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n",
        "",
        "imap-no-login: the server offers no login that fits, only: PLAIN",
    );
}

#[test]
fn logins_by_scram_at_every_split() {
    let password = Credential::from("secret");
    let check = |said: &str, sent: &str, outcome: &str| login(&password, said, sent, outcome);
    let hi = "* OK [CAPABILITY AUTH=SCRAM-SHA-256 AUTH=PLAIN SASL-IR] hi\r\n";
    let begin = "p1 AUTHENTICATE SCRAM-SHA-256 biwsbj1tZSxyPW5vbmNl | ";
    let plain = "p2 AUTHENTICATE PLAIN AG1lAHNlY3JldA== | ";
    // The account has no password in the form SCRAM needs.
    check(&format!("{hi}p1 NO no\r\np2 OK [CAPABILITY X] in\r\n"), &format!("{begin}{plain}"), "in");
    // Nothing shows that it is the right server.
    check(
        &format!("{hi}p1 OK [CAPABILITY X] in\r\n"),
        begin,
        "imap-unproved: the server does not show that it knows the password",
    );
    // Far too few rounds.
    check(
        &format!(
            "{hi}+ cj1ub25jZXgscz1XMjJaYUowU05ZN3NvRXNVRWpiNmdRPT0saT0x\r\np1 BAD cancelled\r\np2 NO no\r\n"
        ),
        &format!("{begin}* | {plain}"),
        "imap-login-refused: login refused: no",
    );
}

#[test]
fn waiting_hears_at_every_split() {
    let check = |said: &str, expected: Option<Idled>, messages: u32, is_ended: bool| {
        let make = || (Idling::new(4), Talk::new(1000, 100));
        at_every_split(make, said.as_bytes(), |result, sent| {
            assert_eq!(result.map(|idled| idled.expect("no error")), expected, "{said}");
            let expected = if is_ended { "p1 IDLE\r\nDONE\r\n" } else { "p1 IDLE\r\n" };
            assert_eq!(sent, expected, "{said}");
        });
        let (mut idling, mut talk) = make();
        hear(&mut idling, &mut talk, [said.as_bytes()]);
        assert_eq!(idling.messages(), messages, "{said}");
    };
    check("+ idling\r\n* 5 EXISTS\r\np1 OK done\r\n", Some(Idled::News), 5, true);
    check("* 5 EXISTS\r\n+ idling\r\np1 OK done\r\n", Some(Idled::News), 5, true);
    check("* 5 EXISTS\r\np1 NO not now\r\n", Some(Idled::News), 5, false);
    check("+\r\n* 4 EXISTS\r\n* 1 RECENT\r\np1 OK done\r\n", Some(Idled::Over), 4, false);
    check("+ idling\r\n* 3 EXPUNGE\r\n* 4 EXISTS\r\np1 OK\r\n", Some(Idled::News), 4, true);
    check("+ idling\r\n* 3 EXPUNGE\r\n* OK Still here\r\n", None, 3, false);
    check("+ idling\r\n* 1 FETCH (FLAGS (\\Seen))\r\np1 BAD gone\r\n", Some(Idled::Refused), 4, false);
    check("p1 BAD unknown\r\n", Some(Idled::Refused), 4, false);
    let make = || (Idling::new(4), Talk::new(1000, 100));
    at_every_split(make, b"+ idling\r\n* BYE restarting\r\n", |result, _| {
        assert!(matches!(result, Some(Err(ImapError::Bye { words })) if words == "restarting"));
    });
}

#[test]
fn news_of_several_mailboxes_at_every_split() {
    let other =
        |raw: &[u8], uid_next| Watched { raw: raw.to_vec(), uid_validity: Some(8), uid_next: Some(uid_next) };
    let others = [other(b"Sent", 4), other(b"a b", 9)];
    let set = "p1 NOTIFY SET STATUS (selected (MessageNew MessageExpunge)) \
        (mailboxes (\"Sent\" \"a b\") (MessageNew MessageExpunge)) | ";
    let check = |idles: bool, said: &str, expected: Option<Idled>, then: &str| {
        let make = || (Noticing::new(4, &others, idles), Talk::new(1000, 100));
        at_every_split(make, said.as_bytes(), |result, sent| {
            assert_eq!(result.map(|idled| idled.expect("no error")), expected, "{said}");
            assert_eq!(sent.replace("\r\n", " | ").strip_prefix(set), Some(then), "{said}");
        });
    };
    let none = "p2 NOTIFY NONE | ";
    check(false, "p1 OK\r\n* STATUS Sent (UIDNEXT 5 MESSAGES 1)\r\np2 OK\r\n", Some(Idled::News), none);
    check(false, "p1 OK\r\n* STATUS \"a b\" (UIDNEXT 10)\r\n", None, none);
    check(false, "p1 OK\r\n* STATUS Sent (UIDNEXT 4 UIDVALIDITY 9)\r\np2 NO\r\n", Some(Idled::News), none);
    check(false, "* STATUS Sent (UIDNEXT 4 UIDVALIDITY 8)\r\np1 OK\r\n", None, "");
    check(false, "p1 OK\r\n* STATUS Trash (UIDNEXT 7)\r\n* 4 EXISTS\r\n* 1 EXPUNGE\r\n", None, "");
    check(false, "p1 OK\r\n* 5 EXISTS\r\n* 5 FETCH (UID 6)\r\np2 OK\r\n", Some(Idled::News), none);
    check(false, "p1 OK\r\n* OK [NOTIFICATIONOVERFLOW] x\r\np2 OK\r\n", Some(Idled::Refused), none);
    for idles in [true, false] {
        check(idles, "* STATUS Sent (UIDNEXT 7)\r\np1 OK\r\np2 OK\r\n", Some(Idled::News), none);
        check(idles, "* STATUS Sent (UIDNEXT 7)\r\np1 NO [BADEVENT ()]\r\n", Some(Idled::News), "");
        check(idles, "p1 BAD what\r\n", Some(Idled::Refused), "");
    }
    let (idle, all) = ("p2 IDLE | ", "p2 IDLE | DONE | p3 NOTIFY NONE | ");
    check(true, "p1 OK\r\n+ idling\r\n* OK Still here\r\n", None, idle);
    check(true, "p1 OK\r\n+ idling\r\n* 5 EXISTS\r\np2 OK\r\np3 OK\r\n", Some(Idled::News), all);
    check(
        true,
        "p1 OK\r\n* STATUS Sent (UIDNEXT 7)\r\n+ idling\r\np2 OK\r\np3 OK\r\n",
        Some(Idled::News),
        all,
    );
    let overflow = "p1 OK\r\n+ idling\r\n* OK [NOTIFICATIONOVERFLOW] x\r\np2 OK\r\np3 OK\r\n";
    check(true, overflow, Some(Idled::Refused), all);
    let ended = "p2 IDLE | p3 NOTIFY NONE | ";
    check(true, "p1 OK\r\n+ idling\r\np2 OK\r\np3 OK\r\n", Some(Idled::Over), ended);
    check(true, "p1 OK\r\np2 BAD no\r\n* STATUS Sent (UIDNEXT 7)\r\np3 OK\r\n", Some(Idled::News), ended);
    let make = || (Noticing::new(4, &others, true), Talk::new(1000, 100));
    at_every_split(make, b"p1 OK\r\n+ idling\r\n* BYE restarting\r\n", |result, _| {
        assert!(matches!(result, Some(Err(ImapError::Bye { words })) if words == "restarting"));
    });
    // Too many names for one line.
    let many: Vec<Watched> =
        (0..200).map(|n| other(format!("Projects/Customer {n}").as_bytes(), 1)).collect();
    let heard = hear(&mut Noticing::new(4, &many, true), &mut Talk::new(1000, 100), [b"".as_slice()]);
    assert!(heard.sent.ends_with("(personal (MessageNew MessageExpunge))\r\n"), "{}", heard.sent);
}

/// What comes behind the consent to packing is packed, also if both come at once.
#[test]
fn packing_begins_behind_the_consent_at_every_split() {
    let mut said = b"* OK [ALERT] soon\r\np1 OK packed\r\n".to_vec();
    let plain = said.len();
    said.extend_from_slice(&crate::line::stored(b"* 3 EXISTS\r\n"));
    for split in plain..=said.len() {
        let mut talk = Talk::new(1000, 100);
        let heard = hear(&mut Once::new(Command::Compress), &mut talk, [&said[..split]]);
        assert!(matches!(heard.result, Some(Ok(()))));
        let mut packed = Packed::new(talk.take_rest());
        assert!(Talk::reply(&mut talk).is_none());
        packed.input().extend_from_slice(&said[split..]);
        while packed.unpack(talk.input(1000)).expect("stored is deflated") > 0 {}
        assert_eq!(Talk::reply(&mut talk), Some(Reply::Response(Response::Exists(3))), "split at {split}");
    }
}

#[test]
fn hostile_ranges_stay_small() {
    let mut talk = Talk::new(1000, 100);
    let blamed = Blamed::new();
    let wanted = Wanted { mailbox: b"INBOX".to_vec(), ..Wanted::default() };
    let mut fetching = Fetching::new(wanted, Bounds { batch_mails: 500, batch_octets: 1 << 20 }, &blamed);
    let ranges = "1:4294967295,".repeat(10_000);
    let said = format!("* 5 EXISTS\r\np1 OK\r\n* ESEARCH UID ALL {ranges}\r\np2 OK\r\n");
    let heard = hear(&mut fetching, &mut talk, [said.as_bytes()]);
    assert!(!matches!(heard.result, Some(Ok(_))) && heard.events.len() < 10);
    assert!(heard.sent.len() < 10_000);
}

#[test]
fn a_refusal_is_no_response() {
    let octets = b"* NO [ALERT] {5}\r\n* OK fine\r\n";
    let found = replies(octets, 4);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|reply| matches!(reply, Reply::Response(Response::Untagged { .. }))));
    let error = ImapError::Bye { words: "x".to_owned() };
    assert!(error.is_transient());
}
