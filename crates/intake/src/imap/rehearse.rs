//! The procedures without a server: for tests and for fuzzing.

use super::answer::Answering;
use super::command::Command;
use super::event::Event;
use super::fetch::{Blamed, Bounds, Fetching, Wanted};
use super::idle::Idling;
use super::list::Listing;
use super::notify::{Noticing, Watched};
use super::open::Opening;
use super::talk::Talk;
use crate::line::{Packed, hear};
use crate::sasl::{Credential, Identity};

/// Between `Begin` and its end come chunks only, and there is an end.
pub(crate) fn check_order(events: &[Event]) {
    let mut is_open = false;
    for event in events {
        match event {
            Event::Begin(_) => {
                assert!(!is_open);
                is_open = true;
            }
            Event::End | Event::Cut => {
                assert!(is_open);
                is_open = false;
            }
            Event::Chunk(_) => assert!(is_open),
            _ => assert!(!is_open, "{event:?}"),
        }
    }
    assert!(!is_open);
}

/// Somebody who logs in.
pub(crate) fn identity(credential: Credential) -> Identity {
    let (login, host) = ("me".to_owned(), "mail.example.org".to_owned());
    Identity { login, credential, host, port: 993, nonce: "nonce".into() }
}

/// As if the server had packed these octets, up to what a few may stand for.
fn unpack(octets: &[u8], piece: usize) {
    const OCTETS_MAX: usize = 1 << 20;
    let mut packed = Packed::new(Vec::new());
    let mut unpacked = Vec::new();
    for piece in octets.chunks(piece.max(1)) {
        packed.input().extend_from_slice(piece);
        while unpacked.len() < OCTETS_MAX && packed.unpack(&mut unpacked).is_ok_and(|octets| octets > 0) {}
    }
}

/// Lets the procedures hear these octets, from their beginning and from their middle, in pieces of this size.
///
/// # Panics
/// If what they report contradicts itself, whatever the octets are.
pub fn rehearse(octets: &[u8], piece: usize) {
    let blamed = Blamed::from([(2, (2, "gone".to_owned()))]);
    let (password, token) = (identity("secret".into()), identity(Credential::Bearer("token".into())));
    let bounds = Bounds { batch_mails: 3, batch_octets: 100 };
    let wanted = Wanted { mailbox: b"INBOX".to_vec(), again: vec![1], ..Wanted::default() };
    unpack(octets, piece.max(64));
    let others = [Watched { raw: b"INBOX".to_vec(), uid_validity: Some(1), uid_next: Some(2) }];
    for behind in [0, octets.len() / 4, octets.len() / 2] {
        let pieces = || octets[behind..].chunks(piece.max(1));
        for sent in [0, 2] {
            let mut talk = Talk::new(1000, 100);
            for _ in 0..sent {
                talk.send(&Command::Noop);
            }
            check_order(
                &hear(&mut Fetching::new(wanted.clone(), bounds, &blamed), &mut talk, pieces()).events,
            );
        }
        let mut talk = Talk::new(1000, 100);
        check_order(&hear(&mut Listing::default(), &mut talk, pieces()).events);
        let mut talk = Talk::new(1000, 100);
        check_order(&hear(&mut Idling::new(1), &mut talk, pieces()).events);
        let mut talk = Talk::new(1000, 100);
        check_order(
            &hear(&mut Noticing::new(1, &others, piece.is_multiple_of(2)), &mut talk, pieces()).events,
        );
        for command in
            [Command::Select { mailbox: b"INBOX" }, Command::UidMove { uids: &[1, 2], mailbox: b"X" }]
        {
            let mut talk = Talk::new(1000, 100);
            check_order(&hear(&mut Answering::new(command), &mut talk, pieces()).events);
        }
        for identity in [&password, &token] {
            let mut talk = Talk::new(1000, 100);
            let mut opening = Opening::new(identity, piece.is_multiple_of(2));
            check_order(&hear(&mut opening, &mut talk, pieces()).events);
        }
    }
}
