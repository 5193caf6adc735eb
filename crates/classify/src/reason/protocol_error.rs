//! A command was not understood.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "protocol_error",
    by_text: "reason.protocol_error.text",
    by_code: "reason.protocol_error.code",
    permanence: Permanence::Temporary,
    codes: &[(5, 0), (5, 1), (5, 2), (5, 4), (5, 5), (5, 6)],
    phrases: &[
        "syntax error",
        "improper sequence",
        "bad sequence",
        "command not",
        "command parameter",
        "unrecognized command",
        "unknown command",
        "parameter not implemented",
        "not implemented",
    ],
};
