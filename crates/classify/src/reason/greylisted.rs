//! The host asks to come back later.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "greylisted",
    by_text: "reason.greylisted.text",
    by_code: "reason.greylisted.code",
    permanence: Permanence::Temporary,
    codes: &[],
    phrases: &[
        "greylist",
        "graylist",
        "greylisting",
        "grey listed",
        "grey-list",
        "postgrey",
        "try again in 5 minutes",
        "please retry in a few minutes",
    ],
};
