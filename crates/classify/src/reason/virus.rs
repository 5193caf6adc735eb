//! Malware was found.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "virus",
    by_text: "reason.virus.text",
    by_code: "reason.virus.code",
    permanence: Permanence::Temporary,
    codes: &[],
    phrases: &["virus", "malware", "infected", "infiziert", "trojan", "worm detected"],
};
