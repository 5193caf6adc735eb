//! The address of the sender is refused.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "sender_rejected",
    by_text: "reason.sender_rejected.text",
    by_code: "reason.sender_rejected.code",
    permanence: Permanence::Temporary,
    codes: &[(1, 7), (1, 8)],
    phrases: &[
        "sender address rejected",
        "sender rejected",
        "sender was rejected",
        "sender denied",
        "sender not allowed",
        "sender refused",
        "domain of sender address",
        "unroutable sender",
        "sender verify failed",
        "invalid sender",
        "sender domain",
        "rejected your from",
        "mail from: refused",
        "unknown sender",
        "senders not allowed",
        "sender is not allowed",
        "envelope sender",
        "mail from address",
        "absender abgelehnt",
        "absenderadresse",
        "adresse de l'expéditeur",
        "remitente",
        "mittente",
        "afzender",
        "nadawc",
        "sender not authorized",
        "send as",
        "you cannot send e-mail to yourself",
    ],
};
