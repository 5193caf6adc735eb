//! The mailbox has moved for good.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "moved",
    by_text: "reason.moved.text",
    by_code: "reason.moved.code",
    permanence: Permanence::Permanent,
    codes: &[(1, 6)],
    phrases: &[
        "has moved",
        "mailbox moved",
        "user moved",
        "address has changed",
        "address changed",
        "new address is",
        "please use the new address",
        "no forwarding address",
        "has left the company",
        "forwarding address",
        "verzogen",
        "neue adresse lautet",
        "adresse hat sich geändert",
        "user not local",
    ],
};
