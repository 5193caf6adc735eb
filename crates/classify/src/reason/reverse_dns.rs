//! The sending host has no usable name in the reverse DNS.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "reverse_dns",
    by_text: "reason.reverse_dns.text",
    by_code: "reason.reverse_dns.code",
    permanence: Permanence::Temporary,
    codes: &[(7, 25)],
    phrases: &[
        "reverse dns",
        "no ptr record",
        "ptr record",
        "missing ptr",
        "without ptr",
        "no reverse lookup",
        "cannot find your hostname",
        "cannot find your reverse hostname",
        "reverse mapping",
        "rdns",
        "fcrdns",
        "client host rejected: cannot find",
        "unresolvable relay host",
        "reverse hostname",
    ],
};
