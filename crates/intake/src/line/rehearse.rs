//! A procedure without a server: for tests and for fuzzing.

use super::{Conversation as _, Machine, Step};
use crate::imap::{Event, ImapError};

/// What a procedure came to.
#[derive(Debug)]
pub(crate) struct Heard<T> {
    pub(crate) events: Vec<Event>,
    /// `None` if it waits for more.
    pub(crate) result: Option<Result<T, ImapError>>,
    pub(crate) sent: String,
}

/// Lets a procedure hear octets, piece by piece.
pub(crate) fn hear<'a, M: Machine>(
    machine: &mut M,
    talk: &mut M::Talk,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Heard<M::Output> {
    let mut heard = Heard { events: Vec::new(), result: None, sent: String::new() };
    let mut step = machine.begin(talk, &mut heard.events);
    for piece in pieces {
        talk.input(piece.len()).extend_from_slice(piece);
        loop {
            while let Some(sent) = talk.output() {
                heard.sent.push_str(&String::from_utf8_lossy(&sent));
            }
            match step {
                Ok(Step::More) => {}
                // Nothing is known here yet.
                Ok(Step::Ask(_)) => {
                    step = Ok(machine.answered(talk, Vec::new(), &mut heard.events));
                    continue;
                }
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
