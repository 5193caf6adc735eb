//! Frames between parent and child.
//!
//! Request: kind (1 octet), length of what describes it (4, little-endian), length of the octets (8), then both. Answer:
//! kind (1), length (4), content. The child begins with [`Answer::Hello`]. Each document is answered by one
//! [`Answer::Outcome`], in order; a mail by [`Answer::Parsed`], an [`Answer::Part`] for each attachment, and
//! [`Answer::End`].

use crate::wire::{Unreadable, Wire, read, written};

/// What the child says first; changes with every change of what goes over the pipe.
pub(crate) const VERSION: u32 = 2;
pub(crate) const REQUEST_HEAD_OCTETS: usize = 13;
const ANSWER_HEAD_OCTETS: usize = 5;
/// Longer answers are taken for nonsense.
pub(crate) const ANSWER_OCTETS_MAX: usize = 256 << 20;

/// What the parent asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Described by [`crate::Limits`]; comes first, is not answered.
    Setup,
    /// Described by its kind.
    Document,
    /// Described by the limits of parsing.
    Mail,
}

/// Kind of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// [`VERSION`].
    Hello,
    /// What came of a document.
    Outcome,
    /// A parsed mail.
    Parsed,
    /// Number of a part, and what came of it.
    Part,
    /// The mail, or the file, is done.
    End,
    /// Something in a file of Outlook, or that the child begins with it.
    Entry,
    /// Why a file of Outlook is none, or where it breaks off.
    File,
}

const ASKS: [Ask; 3] = [Ask::Setup, Ask::Document, Ask::Mail];
const ANSWERS: [Answer; 7] =
    [Answer::Hello, Answer::Outcome, Answer::Parsed, Answer::Part, Answer::End, Answer::Entry, Answer::File];

/// Head and description of a request; `octets` octets are to follow.
pub(crate) fn request(ask: Ask, description: &impl Wire, octets: u64) -> Vec<u8> {
    let description = written(description);
    let kind = ASKS.iter().position(|one| *one == ask).unwrap_or_default();
    let mut out = vec![kind as u8];
    out.extend_from_slice(&(description.len() as u32).to_le_bytes());
    out.extend_from_slice(&octets.to_le_bytes());
    out.extend_from_slice(&description);
    out
}

/// Reads the head of a request: what, length of its description, length of its octets.
pub(crate) fn request_head(head: [u8; REQUEST_HEAD_OCTETS]) -> Result<(Ask, usize, u64), Unreadable> {
    let ask = ASKS.get(usize::from(head[0])).copied().ok_or(Unreadable)?;
    let description = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    let octets = u64::from_le_bytes(head[5..].try_into().map_err(|_| Unreadable)?);
    if description > 1 << 20 {
        return Err(Unreadable);
    }
    Ok((ask, description as usize, octets))
}

/// A whole answer.
pub(crate) fn answer(kind: Answer, content: &impl Wire) -> Vec<u8> {
    let mut out = vec![0; ANSWER_HEAD_OCTETS];
    content.put(&mut out);
    let len = (out.len() - ANSWER_HEAD_OCTETS) as u32;
    out[0] = ANSWERS.iter().position(|one| *one == kind).unwrap_or_default() as u8;
    out[1..ANSWER_HEAD_OCTETS].copy_from_slice(&len.to_le_bytes());
    out
}

/// A list of nothing: the content of [`Answer::End`].
pub(crate) const NOTHING: Vec<u8> = Vec::new();

/// A whole answer: kind, content, and how long all of it is.
pub(crate) type Whole<'a> = (Answer, &'a [u8], usize);

/// The answer at the beginning of `inbox`, if it is there as a whole.
pub(crate) fn next_answer(inbox: &[u8]) -> Result<Option<Whole<'_>>, Unreadable> {
    let Some((head, rest)) = inbox.split_at_checked(ANSWER_HEAD_OCTETS) else { return Ok(None) };
    let kind = ANSWERS.get(usize::from(head[0])).copied().ok_or(Unreadable)?;
    let len = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if len > ANSWER_OCTETS_MAX {
        return Err(Unreadable);
    }
    Ok(rest.get(..len).map(|content| (kind, content, ANSWER_HEAD_OCTETS + len)))
}

/// Content of an answer.
pub(crate) fn content<T: Wire>(octets: &[u8]) -> Result<T, Unreadable> {
    read(octets)
}
