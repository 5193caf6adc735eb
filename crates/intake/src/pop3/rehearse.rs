//! The procedures without a server: for tests and for fuzzing.

use std::collections::HashSet;

use super::list::{Entry, Listing};
use super::machine::{Machine, Step};
use super::open::Opening;
use super::remove::Removing;
use super::retrieve::Retrieving;
use super::talk::Talk;
use crate::imap::Event;

/// What a procedure came to.
#[derive(Debug)]
pub(crate) struct Heard<T> {
    pub(crate) events: Vec<Event>,
    /// `None` if it waits for more.
    pub(crate) result: Option<Result<T, crate::imap::ImapError>>,
    pub(crate) sent: String,
}

/// Lets a procedure hear octets, in pieces of this size.
pub(crate) fn hear<M: Machine>(
    machine: &mut M,
    talk: &mut Talk,
    octets: &[u8],
    piece: usize,
) -> Heard<M::Output> {
    let mut heard = Heard { events: Vec::new(), result: None, sent: String::new() };
    let mut step = Ok(machine.begin(talk));
    for chunk in octets.chunks(piece.max(1)) {
        talk.input(chunk.len()).extend_from_slice(chunk);
        loop {
            while let Some(sent) = talk.output() {
                heard.sent.push_str(&String::from_utf8_lossy(&sent));
            }
            match step {
                Ok(Step::More) => {}
                Ok(Step::BeginTls) => {
                    machine.tls_begun(talk);
                    step = Ok(Step::More);
                    continue;
                }
                Ok(Step::Done(output)) => {
                    heard.result = Some(Ok(output));
                    return heard;
                }
                Err(error) => {
                    machine.lost(&mut heard.events);
                    heard.result = Some(Err(error));
                    return heard;
                }
            }
            step = match talk.reply() {
                Ok(None) => {
                    step = Ok(Step::More);
                    break;
                }
                Ok(Some(reply)) => machine.hear(talk, reply, &mut heard.events),
                Err(error) => Err(error),
            };
        }
    }
    machine.lost(&mut heard.events);
    heard
}

/// Lets the procedures hear these octets in pieces of this size.
///
/// # Panics
/// If what they report contradicts itself, whatever the octets are.
pub fn rehearse(octets: &[u8], piece: usize) {
    for credential in ["secret".into(), crate::Credential::Bearer("token".into())] {
        let identity = crate::imap::identity(credential);
        for begins_tls in [false, true] {
            let mut opening = Opening::new(&identity, false, begins_tls);
            hear(&mut opening, &mut Talk::new(), octets, piece);
        }
    }
    let entry =
        |number| Entry { number, unique_id: (number > 1).then(|| number.to_string()), size_octets: None };
    let known = HashSet::new();
    for pipeline in [1, 3] {
        hear(&mut Listing::new(pipeline), &mut Talk::open(), octets, piece);
        let mut retrieving = Retrieving::new((1..=4).map(entry).collect(), pipeline, 100, &known);
        crate::imap::check_order(&hear(&mut retrieving, &mut Talk::open(), octets, piece).events);
        hear(&mut Removing::new(vec![1, 2, 3], pipeline), &mut Talk::open(), octets, piece);
    }
}
