//! Form or content of the mail is refused.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "content_rejected",
    by_text: "reason.content_rejected.text",
    by_code: "reason.content_rejected.code",
    permanence: Permanence::Temporary,
    codes: &[(6, 0), (6, 1), (6, 2), (6, 3), (6, 4), (6, 5), (6, 6), (6, 7), (6, 8), (6, 9)],
    phrases: &[
        "content rejected",
        "content filter",
        "message content",
        "attachment",
        "banned",
        "8-bit data",
        "bare lf",
        "rfc 5322",
        "rfc 2822",
        "rfc 822",
        "not rfc",
        "not compliant",
        "multiple addresses in from",
        "potential security",
        "rejected by the local scanning code",
        "message was not accepted",
        "dangling",
        "anhang",
        "pièce jointe",
        "content restrictions",
        "content denied",
        "without to: field",
        "without from: field",
        "syntax check",
    ],
};
