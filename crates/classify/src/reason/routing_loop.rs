//! The mail goes round in a circle.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "routing_loop",
    by_text: "reason.routing_loop.text",
    by_code: "reason.routing_loop.code",
    permanence: Permanence::Temporary,
    codes: &[(4, 6)],
    phrases: &[
        "too many hops",
        "hop count exceeded",
        "routing loop",
        "mail loop",
        "mail loops",
        "message is looping",
        "loops back to",
        "loop detected",
        "delivered-to line",
        "mail forwarding loop",
        "maximum hop",
        "too many received",
        "mailschleife",
        "endlosschleife",
        "forwarding loop",
        "record points to local host",
    ],
};
