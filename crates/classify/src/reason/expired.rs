//! It was tried for too long.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "expired",
    by_text: "reason.expired.text",
    by_code: "reason.expired.code",
    permanence: Permanence::Temporary,
    codes: &[(4, 7)],
    phrases: &[
        "message expired",
        "queue.expired",
        "delivery time expired",
        "retry timeout exceeded",
        "retry time not reached",
        "maximum-time-expired",
        "too long in the queue",
        "in the queue too long",
        "could not be delivered for",
        "unable to deliver in",
        "after multiple retries",
        "giving up",
        "retry limit",
        "gave up",
        "not delivered within",
        "delivery expired",
        "time limit exceeded",
        "for the last",
        "was aborted after",
        "have been failing for a long time",
        "has been in the queue",
        "zu lange in der warteschlange",
        "zeitüberschreitung",
        "délai dépassé",
        "tiempo de espera",
    ],
};
