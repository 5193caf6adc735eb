//! Too many mails, recipients or connections in a time.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "rate_limited",
    by_text: "reason.rate_limited.text",
    by_code: "reason.rate_limited.code",
    permanence: Permanence::Temporary,
    codes: &[(1, 90), (3, 2), (5, 3)],
    phrases: &[
        "rate limit",
        "rate that",
        "too many connections",
        "connection rate",
        "too many messages",
        "too many recipients",
        "too much mail",
        "throttl",
        "receiving mail too quickly",
        "receiving mail at a rate",
        "sending too many",
        "limit exceeded for",
        "exceeded the rate",
        "too many concurrent",
        "message rate",
        "zu viele verbindungen",
        "zu viele empfänger",
        "trop de connexions",
        "troppe connessioni",
        "daily limit",
        "frequency limited",
    ],
};
