//! Encryption could not be agreed on.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "tls_failed",
    by_text: "reason.tls_failed.text",
    by_code: "reason.tls_failed.code",
    permanence: Permanence::Temporary,
    codes: &[(7, 10), (7, 11), (7, 4)],
    phrases: &[
        "starttls",
        "tls is required",
        "tls required",
        "tls not available",
        "tls handshake",
        "certificate verif",
        "mta-sts",
        "dane validation",
        "must issue a starttls",
    ],
};
