//! What goes over the pipe comes back, and damage to it is noticed.

use parse::Parsed;
use proptest::prelude::*;

use crate::frame;
use crate::outcome::{Limits, Outcome, Reason, Text};
use crate::wire::{read, written};

const MAIL: &[u8] = b"From: \"M\xc3\xbcller, Erika\" <erika@example.org>\r\nTo: a@example.org, b@example.org\r\n\
Return-Path: <>\r\nReceived: from x by y; Mon, 2 Mar 2026 10:00:05 +0100\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n\
Message-ID: <1@example.org>\r\nIn-Reply-To: <0@example.org>\r\nReferences: <a@x> <0@example.org>\r\n\
Thread-Index: AdnJm1nYb3Q5fXkqQ3mC8o2qg2v6Fw==\r\nSubject: Bestellung B-2026-15343\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText 4711\r\n> alt\r\n-- \r\nE. M.\r\n--b\r\n\
Content-Type: message/rfc822\r\n\r\nSubject: innen\r\n\r\nx\r\n--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n\
Content-Transfer-Encoding: base64\r\nContent-ID: <c@d>\r\nContent-Disposition: inline\r\n\r\nJVBERi0=\r\n--b--\r\n";

#[test]
fn values_come_back() {
    let parsed = parse::parse(MAIL, &parse::Limits::default());
    assert!(parsed.message.parts.len() >= 4 && !parsed.facts.numbers.is_empty());
    assert_eq!(read::<Parsed>(&written(&parsed)), Ok(parsed));
    assert_eq!(read::<Limits>(&written(&Limits::default())), Ok(Limits::default()));
    let limits = parse::Limits::default();
    assert_eq!(read::<parse::Limits>(&written(&limits)), Ok(limits));
    for outcome in [
        Outcome::NoText,
        Outcome::Failed(Reason::Encrypted),
        Outcome::Text(Text { text: "Grüße".into(), truncated: true, invoice: None }),
    ] {
        assert_eq!(read::<Outcome>(&written(&outcome)), Ok(outcome));
    }
    for number in [0, 1, 127, 128, u64::MAX] {
        assert_eq!(read::<u64>(&written(&number)), Ok(number));
    }
}

proptest! {
    #[test]
    fn damage_is_noticed_or_harmless(at: prop::sample::Index, octet: u8, cut: prop::sample::Index) {
        let parsed = parse::parse(MAIL, &parse::Limits::default());
        let mut octets = written(&parsed);
        let at = at.index(octets.len());
        octets[at] = octet;
        let _ = read::<Parsed>(&octets);
        prop_assert!(read::<Parsed>(&octets[..cut.index(octets.len())]).is_err());
    }

    #[test]
    fn any_octets_are_read_without_a_panic(octets: Vec<u8>) {
        let _ = read::<Parsed>(&octets);
        let _ = frame::next_answer(&octets);
        if let Some(head) = octets.first_chunk() {
            let _ = frame::request_head(*head);
        }
    }
}
