use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder;
use imap_codec::imap_types::fetch::MessageDataItem;
use imap_codec::imap_types::flag::{Flag, FlagFetch};
use imap_codec::imap_types::response::{Data, Response as OracleResponse};
use model::{Flags, UnixMillis};
use proptest::prelude::*;

use super::*;
use crate::imap::framer::{Frame, Framer};

/// Parts of the first response in the octets.
fn parts(octets: &[u8]) -> Vec<Part> {
    let mut framer = Framer::new();
    framer.input(octets.len()).extend_from_slice(octets);
    let mut parts = Vec::new();
    while let Some(frame) = framer.next() {
        match frame {
            Frame::Text { octets, literal, .. } => {
                parts.push(Part::Text(octets.to_vec()));
                if literal.is_none() {
                    return parts;
                }
                parts.push(Part::Literal(Vec::new()));
            }
            Frame::Literal { octets, .. } => {
                if let Some(Part::Literal(literal)) = parts.last_mut() {
                    literal.extend_from_slice(octets);
                }
            }
        }
    }
    parts
}

fn read(octets: &[u8]) -> Response {
    Response::read(&mut parts(octets))
}

fn fetched(octets: &[u8]) -> Fetched {
    match read(octets) {
        Response::Fetch(fetched) => fetched,
        other => panic!("{other:?}"),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the field has it")]
fn some(text: &str) -> Option<Body> {
    Some(Body::Octets(text.as_bytes().to_vec()))
}

#[test]
fn fetch_items_in_any_order() {
    let expected = Fetched {
        number: 12,
        uid: Some(7),
        flags: Some(Flags { seen: true, ..Flags::default() }),
        internal_date: Some(UnixMillis::from_seconds(1_772_445_600)),
        size_octets: Some(5),
        body: some("a\r\nb)"),
        ..Fetched::default()
    };
    let items = [
        "UID 7",
        "FLAGS (\\Seen $Junk NonJunk)",
        "INTERNALDATE \" 2-Mar-2026 11:00:00 +0100\"",
        "RFC822.SIZE 5",
        "BODY[] {5}\r\na\r\nb)",
    ];
    for first in 0..items.len() {
        let mut turned = items;
        turned.rotate_left(first);
        let text = format!("* 12 FETCH ({})\r\n", turned.join(" "));
        assert_eq!(fetched(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn odd_but_real_fetches() {
    let check = |text: &[u8], uid: Option<u32>, body: Option<Body>, is_broken: bool| {
        let found = fetched(text);
        assert_eq!(
            (found.uid, found.body, found.is_broken),
            (uid, body, is_broken),
            "{}",
            text.escape_ascii()
        );
    };
    // A body in quotes, with quoted octets; NIL; empty.
    check(b"* 1 FETCH (UID 5 BODY[] \"a \\\"b\\\" \\\\\")\r\n", Some(5), some("a \"b\" \\"), false);
    check(b"* 1 FETCH (BODY[] NIL UID 5)\r\n", Some(5), Some(Body::Nil), false);
    check(b"* 1 FETCH (UID 5 BODY[] {0}\r\n)\r\n", Some(5), some(""), false);
    // Lower case, blanks everywhere, bare LF.
    check(b"* 1 fetch ( uid 5  body[] {1}\nx ) \n", Some(5), some("x"), false);
    // The item is called otherwise.
    check(b"* 1 FETCH (UID 5 RFC822 {1}\r\nx)\r\n", Some(5), some("x"), false);
    check(b"* 1 FETCH (UID 5 BODY[]<0> {1}\r\nx)\r\n", Some(5), some("x"), false);
    check(b"* 1 FETCH (UID 5 BINARY[] ~{3}\r\na\0b)\r\n", Some(5), some("a\0b"), false);
    // Items nobody asked for.
    check(
        b"* 1 FETCH (X-GM-LABELS (\"\\\\Inbox\" (a)) MODSEQ (99) ENVELOPE (NIL (\"a\" {2}\r\n)( NIL)) UID 5 BODY[] {1}\r\nx)\r\n",
        Some(5),
        some("x"),
        false,
    );
    // Flags with odd letters; a date nobody can read.
    check(
        b"* 1 FETCH (FLAGS (\\* M\xfcll []) INTERNALDATE NIL UID 5 BODY[] {1}\r\nx)\r\n",
        Some(5),
        some("x"),
        false,
    );
    // A parenthesis too few or too many.
    check(b"* 1 FETCH (UID 5 BODY[] {1}\r\nx\r\n", Some(5), some("x"), false);
    check(b"* 1 FETCH (UID 5 BODY[] {1}\r\nx) )\r\n", Some(5), some("x"), false);
    check(b"* 1 FETCH (UID 5 BODY[] {1}\r\nxct: y\r\n", Some(5), some("x"), true);
    check(b"* 1 FETCH (UID 5 BODY[] {1}\r\nxct y\r\n", Some(5), some("x"), true);
    // Broken: what follows the literal belongs to no item.
    check(b"* 1 FETCH (UID 5 BODY[] {1}\r\nxyz)\r\n", Some(5), some("x"), true);
    check(b"* 1 FETCH (UID 5 BODY[] {1}\r\nx UID 6 y\r\n", Some(6), some("x"), true);
    check(b"* 1 FETCH (UID 5 BODY[] {1}\r\nx) y\r\n", Some(5), some("x"), true);
    check(b"* 1 FETCH (UID x BODY[] {1}\r\nx)\r\n", None, None, true);
    check(b"* 1 FETCH\r\n", None, None, true);
}

#[test]
fn internal_dates() {
    let check = |text: &str, seconds: Option<i64>| {
        assert_eq!(internal_date(text.as_bytes()).map(UnixMillis::seconds), seconds, "{text}");
    };
    check("02-Mar-2026 11:00:00 +0100", Some(1_772_445_600));
    check(" 2-Mar-2026 10:00:00 +0000", Some(1_772_445_600));
    check("2-MAR-2026 10:00:00", Some(1_772_445_600));
    check("31-Feb-2026 10:00:00 +0000", None);
    check("garbage", None);
    check("", None);
}

#[test]
fn texts_and_codes() {
    let check = |line: &[u8], code: Option<&str>, words: &str| {
        let (Response::Untagged { text, .. } | Response::Tagged { text, .. }) = read(line) else {
            panic!("{}", line.escape_ascii())
        };
        assert_eq!((text.code.as_deref(), text.words.as_str()), (code, words));
    };
    check(b"p1 NO [AUTHENTICATIONFAILED] Nein.\r\n", Some("AUTHENTICATIONFAILED"), "Nein.");
    check(b"* OK [uidnext 5]  \r\n", Some("UIDNEXT"), "");
    check(b"* NO Ung\xfcltig\r\n", None, "Ungültig");
    check("* NO Ungültig\r\n".as_bytes(), None, "Ungültig");
    check(b"* BAD [unclosed\r\n", None, "[unclosed");
    check(b"p2 OK\r\n", None, "");
    check(b"* ok {5}\r\n", None, "{5}");
    let Response::Untagged { text, .. } = read(b"* OK [UIDVALIDITY 3857529045] x\r\n") else { panic!() };
    assert_eq!(text.number("UIDVALIDITY"), Some(3_857_529_045));
}

#[test]
fn lists() {
    let check =
        |line: &[u8], raw: &[u8], delimiter: Option<char>, special: Option<&str>, selectable: bool| {
            let Response::List(mailbox) = read(line) else { panic!("{}", line.escape_ascii()) };
            let found = (
                mailbox.raw.as_slice(),
                mailbox.delimiter,
                mailbox.special_use.map(crate::imap::SpecialUse::as_str),
                mailbox.is_selectable,
            );
            assert_eq!(found, (raw, delimiter, special, selectable), "{}", line.escape_ascii());
        };
    check(b"* LIST (\\HasNoChildren) \".\" INBOX\r\n", b"INBOX", Some('.'), Some("inbox"), true);
    check(
        b"* LIST (\\Sent \\HasNoChildren) \"/\" \"Gesendete Objekte\"\r\n",
        b"Gesendete Objekte",
        Some('/'),
        Some("sent"),
        true,
    );
    check(b"* LIST (\\NoSelect) NIL {3}\r\na\"b\r\n", b"a\"b", None, None, false);
    check(b"* LIST () \"\\\\\" a\\\\b\r\n", b"a\\\\b", Some('\\'), None, true);
    check(
        b"* XLIST (\\AllMail) \"/\" \"[Gmail]/All Mail\"\r\n",
        b"[Gmail]/All Mail",
        Some('/'),
        Some("all"),
        true,
    );
    check(b"* LIST () \"/\" Not quoted (old) \r\n", b"Not quoted (old)", Some('/'), None, true);
    check(b"* LIST () \"/\" a (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n", b"a", Some('/'), None, true);
    check(b"* LIST () \"/\" \"M\xfcll\"\r\n", b"M\xfcll", Some('/'), None, true);
    assert_eq!(read(b"* LIST\r\n"), Response::Other);
    assert_eq!(read(b"* LIST () \"/\"\r\n"), Response::Other);
}

#[test]
fn status_and_search() {
    let check = |line: &[u8], raw: &[u8], messages: Option<u32>, uid_next: Option<u32>| {
        let Response::Status(status) = read(line) else { panic!("{}", line.escape_ascii()) };
        assert_eq!((status.raw.as_slice(), status.messages, status.uid_next), (raw, messages, uid_next));
    };
    check(b"* STATUS \"a b\" (MESSAGES 3 UIDNEXT 9 X 1)\r\n", b"a b", Some(3), Some(9));
    check(b"* STATUS a b (messages 3)\r\n", b"a b", Some(3), None);
    check(b"* STATUS {1}\r\na (UIDNEXT 9) \r\n", b"a", None, Some(9));
    check(b"* STATUS a ()\r\n", b"a", None, None);
    let search = |line: &[u8], expected: &[(u32, u32)]| {
        let Response::Search(found) = read(line) else { panic!("{}", line.escape_ascii()) };
        assert_eq!(found, expected);
    };
    search(b"* SEARCH\r\n", &[]);
    search(b"* SEARCH 2 84 882 \r\n", &[(2, 2), (84, 84), (882, 882)]);
    search(b"* SEARCH 2 5 (MODSEQ 917162500)\r\n", &[(2, 2), (5, 5)]);
    search(b"* ESEARCH (TAG \"p1\") UID ALL 2:4,9\r\n", &[(2, 4), (9, 9)]);
    search(b"* ESEARCH (TAG \"p1\") UID\r\n", &[]);
    search(b"* esearch UID COUNT 3 ALL 4:2,x,7\r\n", &[(2, 4), (7, 7)]);
}

#[test]
fn quotas() {
    let check = |line: &[u8], expected: Option<(u64, u64)>| {
        let found = match read(line) {
            Response::Quota(used, most) => Some((used, most)),
            _ => None,
        };
        assert_eq!(found, expected, "{}", line.escape_ascii());
    };
    check(b"* QUOTA \"\" (STORAGE 10 512)\r\n", Some((10_240, 524_288)));
    check(b"* quota \"User quota\" (MESSAGE 3 1000 storage 0 7)\r\n", Some((0, 7168)));
    check(b"* QUOTA root (STORAGE 9999999999999999999 1)\r\n", Some((u64::MAX, 1024)));
    check(b"* QUOTA \"\" (MESSAGE 3 1000)\r\n", None);
    check(b"* QUOTA \"\" ()\r\n", None);
    check(b"* QUOTA \"\" (STORAGE 10\r\n", None);
    check(b"* QUOTA\r\n", None);
}

#[test]
fn garbage_is_of_no_consequence() {
    for line in [
        &b""[..],
        b"*",
        b"* ",
        b"* garbage",
        b"* 5",
        b"* 99999999999999999999 EXISTS",
        b"* 5 EXISTSX",
        b"p1",
        b"p1 MAYBE x",
        b"\xff\xfe\x00",
        b"(((",
        b"* CAPA",
        b"* STATUS",
        b"* STATUS (",
        b"* ESEARCH (",
    ] {
        assert_eq!(read(&[line, b"\r\n"].concat()), Response::Other, "{}", line.escape_ascii());
    }
}

#[test]
fn known_before_the_body() {
    let check = |text: &str, expected: Option<u32>| {
        let found = Fetched::before_body(&[Part::Text(text.as_bytes().to_vec())]);
        assert_eq!(found.map(|fetched| fetched.uid.unwrap_or(0)), expected, "{text}");
    };
    check("* 5 FETCH (UID 7 FLAGS () BODY[] ", Some(7));
    check("* 5 FETCH (BODY[] ", Some(0));
    check("* 5 FETCH (RFC822 ", Some(0));
    check("* 5 FETCH (UID 7 BODY[HEADER] ", None);
    check("* LIST () NIL ", None);
    check("* X BODY[] ", None);
}

/// One item of a response, as text, and what it sets.
fn item() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..u32::MAX).prop_map(|uid| format!("UID {uid}")),
        any::<u32>().prop_map(|size| format!("RFC822.SIZE {size}")),
        prop::sample::subsequence(
            vec!["\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "$Own"],
            0..6
        )
        .prop_map(|flags| format!("FLAGS ({})", flags.join(" "))),
        (1..29_u32, 0..24_u32, 1990..2030_u32).prop_map(|(day, hour, year)| {
            format!("INTERNALDATE \"{day:02}-Feb-{year} {hour:02}:30:00 -0130\"")
        }),
        "[a-z(){}\\[\\] \r\n*]{0,40}".prop_map(|body| format!("BODY[] {{{}}}\r\n{body}", body.len())),
        "[a-z(){}\\[\\] ]{0,20}".prop_map(|body| format!("BODY[] \"{body}\"")),
        Just("BODY[] NIL".to_owned()),
    ]
}

proptest! {
    #[test]
    fn agrees_with_the_oracle(number in 1..u32::MAX, items in prop::collection::vec(item(), 1..6)) {
        let text = format!("* {number} FETCH ({})\r\n", items.join(" "));
        let codec = ResponseCodec::new();
        let (rest, response) = codec.decode(text.as_bytes()).expect("well formed");
        prop_assert!(rest.is_empty());
        let OracleResponse::Data(Data::Fetch { seq, items }) = response else { panic!("not a FETCH") };
        let found = fetched(text.as_bytes());
        prop_assert!(!found.is_broken, "{}", text);
        prop_assert_eq!(found.number, seq.get());
        // Of items given twice, the last one counts here.
        for item in items.as_ref().iter().rev().take(1) {
            match item {
                MessageDataItem::Uid(uid) => prop_assert_eq!(found.uid, Some(uid.get())),
                MessageDataItem::Rfc822Size(size) => prop_assert_eq!(found.size_octets, Some(u64::from(*size))),
                MessageDataItem::InternalDate(date) => {
                    let expected = date.as_ref().timestamp();
                    prop_assert_eq!(found.internal_date.map(UnixMillis::seconds), Some(expected));
                }
                MessageDataItem::BodyExt { data, .. } => {
                    let expected = data.0.as_ref().map_or(Body::Nil, |data| Body::Octets(data.as_ref().to_vec()));
                    prop_assert_eq!(found.body.clone(), Some(expected));
                }
                MessageDataItem::Flags(flags) => prop_assert_eq!(
                    found.flags.map(|flags| flags.seen),
                    Some(flags.contains(&FlagFetch::Flag(Flag::Seen)))
                ),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn nothing_panics(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&octets);
    }

    #[test]
    fn nothing_made_of_tokens_panics(words in prop::collection::vec(prop::sample::select(vec![
        "* ", "5 ", "FETCH ", "(", ")", "UID ", "BODY[] ", "BODY[", "{3}\r\nabc", "{0}\r\n", "\"", "\\", " ", "\r\n",
        "LIST ", "STATUS ", "SEARCH ", "ESEARCH ", "NIL ", "OK ", "[", "]", "FLAGS ", "+ ", "p1 ", "é", "ALL 1:9",
        "INTERNALDATE ", "~{2}\r\nab",
    ]), 0..30)) {
        let _ = read(words.concat().as_bytes());
    }
}

#[test]
fn spam_by_keyword() {
    let check = |flags: &str, expected: bool| {
        let found = fetched(format!("* 5 FETCH (UID 7 FLAGS ({flags}))\r\n").as_bytes());
        assert_eq!((found.is_junk, found.flags.is_some()), (expected, true), "{flags}");
    };
    check("\\Seen $Junk", true);
    check("junk", true);
    check("$Junk $NotJunk", false);
    check("NonJunk \\Flagged", false);
    check("", false);
}
