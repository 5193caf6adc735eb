//! What connects mails: message ids, as digests of equal length.

use aws_lc_rs::digest::{SHA256, digest};
use model::{Message, MessageId};

/// A message id, or the conversation of a `Thread-Index`: 128 bits of its SHA-256, so that rows are small and
/// nobody can choose ids that collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub [u8; 16]);

impl Node {
    /// The node of a message id, compared octet by octet. `None` for an id that says nothing: see
    /// [`is_distinct`].
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

/// What connects this mail to others: `Message-ID`, `In-Reply-To`, `References`; the conversation of
/// `Thread-Index` only if the mail names no other one.
///
/// An id that is the address of somebody in the same mail is none: old mailers write
/// `In-Reply-To: <joe@a.example>`.
pub fn nodes(message: &Message) -> MailNodes {
    let mut nodes: Vec<Node> = message.message_id.iter().filter_map(Node::of_id).collect();
    let people = || message.from.iter().chain(&message.to).chain(&message.cc).chain(&message.reply_to);
    let mut names_another = false;
    // The addresses of a mail to thousands are not compared with each of its ids.
    for id in message.references.iter().chain(&message.in_reply_to) {
        let is_person = people().take(100).any(|address| address.addr_spec.eq_ignore_ascii_case(id.as_str()));
        if let Some(node) = Node::of_id(id).filter(|_| !is_person) {
            names_another |= Some(id) != message.message_id.as_ref();
            nodes.push(node);
        }
    }
    if !names_another {
        nodes.extend(message.thread_index.as_deref().and_then(Node::of_thread_index));
    }
    let mut seen = std::collections::HashSet::with_capacity(nodes.len());
    nodes.retain(|node| seen.insert(*node));
    MailNodes { nodes }
}

#[cfg(test)]
mod tests {
    use model::Address;

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
    fn an_address_is_no_id() {
        let message = Message {
            to: vec![Address { display_name: None, addr_spec: "Joe.Doe@a.example".to_owned() }],
            in_reply_to: vec![MessageId("joe.doe@a.example".to_owned())],
            ..Message::default()
        };
        assert_eq!(nodes(&message).nodes, []);
    }

    #[test]
    fn thread_index_speaks_only_where_nothing_else_does() {
        let index = Some((0_u8..27).collect::<Vec<u8>>());
        let id = MessageId("own.1@mail.example".to_owned());
        let alone =
            Message { message_id: Some(id.clone()), thread_index: index.clone(), ..Message::default() };
        assert_eq!(nodes(&alone).nodes.len(), 2);
        let answer = Message {
            message_id: Some(id),
            thread_index: index,
            references: vec![MessageId("first.1@mail.example".to_owned())],
            ..Message::default()
        };
        assert_eq!(nodes(&answer).nodes.len(), 2);
        assert!(!nodes(&answer).nodes.contains(&nodes(&alone).nodes[1]));
    }
}
