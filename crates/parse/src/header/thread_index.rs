//! `Thread-Index`, which Outlook and Exchange write ([MS-OXOMSG] §2.2.1.3).

use crate::body::transfer::base64_decode;

/// Octets of the conversation, before the 5 of each answer.
pub const CONVERSATION_OCTETS: usize = 22;

/// Octets kept: 22 of the conversation and 5 for each of 200 answers.
const OCTETS_MAX: usize = 22 + 5 * 200;

/// Decodes the field: 22 octets of the conversation, 5 more for each answer.
///
/// `None` if it is shorter than the conversation part, or all zero.
pub fn thread_index(body: &[u8]) -> Option<Vec<u8>> {
    let body = &body[..body.len().min(OCTETS_MAX * 2)];
    let mut octets = base64_decode(body);
    octets.truncate(OCTETS_MAX);
    (octets.len() >= CONVERSATION_OCTETS && octets[..CONVERSATION_OCTETS].iter().any(|&c| c != 0))
        .then_some(octets)
}
