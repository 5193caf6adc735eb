//! A rule of the host forbids the mail.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "policy",
    by_text: "reason.policy.text",
    by_code: "reason.policy.code",
    permanence: Permanence::Temporary,
    codes: &[(7, 1), (7, 2), (7, 0), (7, 6), (7, 9)],
    phrases: &[
        "policy",
        "not allowed",
        "not accepted for",
        "prohibited",
        "not permitted",
        "access denied",
        "security policies",
        "refused by",
        "rejected for",
        "administrative",
        "richtlinie",
        "nicht erlaubt",
        "verweigert",
        "protocol violation",
        "command rejected",
        "smtp authentication",
        "bad helo",
        "invalid helo",
        "helo argument",
        "refuses mail",
    ],
};
