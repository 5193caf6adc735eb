//! The host does not take mail for the domain from us.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "relaying_denied",
    by_text: "reason.relaying_denied.text",
    by_code: "reason.relaying_denied.code",
    permanence: Permanence::Temporary,
    codes: &[],
    phrases: &[
        "relay access denied",
        "relaying denied",
        "relay denied",
        "relaying is prohibited",
        "relay not permitted",
        "relaying not permitted",
        "not permitted to relay",
        "unable to relay",
        "relaying prohibited",
        "relay operation rejected",
        "not allowed to relay",
        "insecure mail relay",
        "we do not relay",
        "that domain isn't in my list of allowed rcpthosts",
        "not in my list of allowed rcpthosts",
        "mail relay denied",
        "relay prohibited",
        "must check for new mail first",
        "weiterleitung verweigert",
        "relais non autorisé",
        "open relay",
    ],
};
