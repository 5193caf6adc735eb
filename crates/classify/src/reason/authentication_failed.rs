//! The sender's domain did not pass SPF, DKIM or DMARC.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "authentication_failed",
    by_text: "reason.authentication_failed.text",
    by_code: "reason.authentication_failed.code",
    permanence: Permanence::Temporary,
    codes: &[
        (7, 20),
        (7, 21),
        (7, 22),
        (7, 23),
        (7, 24),
        (7, 26),
        (7, 27),
        (7, 29),
        (7, 30),
        (7, 509),
        (7, 515),
    ],
    phrases: &[
        "dmarc",
        "spf record",
        "spf check",
        "spf fail",
        "spf: fail",
        "failed spf",
        "(spf)",
        "spf hard fail",
        "bad spf",
        "openspf.net",
        "openspf.org",
        "spf.pobox.com",
        "sender policy framework",
        "dkim",
        "unauthenticated email",
        "sender is unauthenticated",
        "does not have authentication information",
        "not authenticated",
        "authentication checks",
        "spf validation",
        "spf forbid",
        "dominio no autorizado spf",
        "sender id (pra)",
    ],
};
