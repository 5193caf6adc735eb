//! What connects mails: message ids, as digests of equal length.

use aws_lc_rs::digest::{SHA256, digest};
use model::{Message, MessageId};

/// A message id, or the conversation of a `Thread-Index`: 128 bits of its SHA-256, so that rows are small and
/// nobody can choose ids that collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub [u8; 16]);

impl Node {
    /// The node of a message id, compared octet by octet. `None` for an id that says nothing: such as `no-id`.
    pub fn of_id(id: &MessageId) -> Option<Self> {
        is_distinct(id.as_str()).then(|| Self::of(b"id", id.as_str().as_bytes()))
    }

    /// The node of a conversation: the first 22 octets of a `Thread-Index`. `None` if it is shorter, or its
    /// GUID (octets 6 to 21) is zero.
    pub fn of_thread_index(octets: &[u8]) -> Option<Self> {
        let conversation = octets.get(..22)?;
        conversation[6..].iter().any(|&c| c != 0).then(|| Self::of(b"thread-index", conversation))
    }

    fn of(kind: &[u8], octets: &[u8]) -> Self {
        let whole = digest(&SHA256, &[kind, b"\0", octets].concat());
        let mut node = [0; 16];
        node.copy_from_slice(&whole.as_ref()[..16]);
        Self(node)
    }
}

/// Whether an id can be meant to name one mail. `no-id`, `unknown`, `@host`, `1@x` and the like are written by
/// broken programs into all their mails and would join strangers.
fn is_distinct(id: &str) -> bool {
    match id.split_once('@') {
        Some((left, _)) => left.len() >= 2 && id.len() >= 6,
        None => id.len() >= 10 && id.bytes().any(|c| c.is_ascii_digit()),
    }
}

/// The nodes one mail connects, without repetitions; the first is its own `Message-ID` if it has a usable one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailNodes {
    /// All of them.
    pub nodes: Vec<Node>,
}

/// What connects this mail to others: `Message-ID`, `In-Reply-To`, `References`.
///
/// Not `Thread-Index`: it also joins what its sender began anew out of an old mail, so it is only a hint, for those who
/// look for a returned mail ([`Node::of_thread_index`]).
pub fn nodes(message: &Message) -> MailNodes {
    let ids = message.message_id.iter().chain(&message.references).chain(&message.in_reply_to);
    let mut nodes: Vec<Node> = ids.filter_map(Node::of_id).collect();
    let mut seen = std::collections::HashSet::with_capacity(nodes.len());
    nodes.retain(|node| seen.insert(*node));
    MailNodes { nodes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, distinct: bool) {
        assert_eq!(Node::of_id(&MessageId(id.to_owned())).is_some(), distinct, "{id:?}");
    }

    #[test]
    fn ids_that_say_nothing_are_no_nodes() {
        check("", false);
        check("no-id", false);
        check("unknown", false);
        check("@mail.example", false);
        check("1@x", false);
        check("nomessageid", false);
        check("20260302.1234@mail.example", true);
        check("ABCDEF0123456789", true);
    }

    #[test]
    fn ids_connect_and_thread_index_does_not() {
        let id = |text: &str| MessageId(text.to_owned());
        let message = Message {
            message_id: Some(id("own.1@mail.example")),
            in_reply_to: vec![id("first.1@mail.example")],
            references: vec![id("first.1@mail.example"), id("second.1@mail.example")],
            thread_index: Some((0_u8..27).collect()),
            ..Message::default()
        };
        assert_eq!(nodes(&message).nodes.len(), 3);
        assert!(Node::of_thread_index(&[1; 27]).is_some() && Node::of_thread_index(&[1; 21]).is_none());
    }
}
