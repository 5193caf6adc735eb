//! The host or domain takes no mail.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "no_mail_host",
    by_text: "reason.no_mail_host.text",
    by_code: "reason.no_mail_host.code",
    permanence: Permanence::Permanent,
    codes: &[(1, 11)],
    phrases: &[
        "null mx",
        "nullmx",
        "domain does not accept mail",
        "does not accept mail (",
        "host does not accept mail",
        "no mx record found",
        "doesn't accept email",
        "does not receive mail",
        "does not accept any mail",
        "no mail accepted for domain",
        "no smtp service",
        "mx record indicated no",
    ],
};
