//! The host has no room.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "system_full",
    by_text: "reason.system_full.text",
    by_code: "reason.system_full.code",
    permanence: Permanence::Temporary,
    codes: &[(3, 1)],
    phrases: &[
        "insufficient system storage",
        "insufficient disk space",
        "insufficient space",
        "insufficient storage",
        "no space left",
        "disk full",
        "filesystem is full",
        "file system full",
        "system storage",
        "out of disk",
    ],
};
