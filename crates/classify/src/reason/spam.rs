//! The mail was taken for spam.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "spam",
    by_text: "reason.spam.text",
    by_code: "reason.spam.code",
    permanence: Permanence::Temporary,
    codes: &[(9, 8)],
    phrases: &[
        "spam",
        "unsolicited",
        "junk mail",
        "bulk mail",
        "bulk email",
        "ube,",
        "high-probability spam",
        "looks like uce",
        "content rejected, ube",
        "werbemail",
        "courrier indésirable",
        "correo no deseado",
        "pourriel",
    ],
};
