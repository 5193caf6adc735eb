//! The mail is larger than allowed.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "message_too_large",
    by_text: "reason.message_too_large.text",
    by_code: "reason.message_too_large.code",
    permanence: Permanence::Temporary,
    codes: &[(2, 3), (3, 4)],
    phrases: &[
        "message too large",
        "message too big",
        "message is too large",
        "message is too big",
        "message size exceeds",
        "exceeds size limit",
        "exceeds the maximum",
        "maximum message size",
        "size limit",
        "message length exceeds",
        "too large for this recipient",
        "sendersizelimit",
        "recipsizelimit",
        "exceeded maximum inbound message size",
        "size=message too big",
        "larger than the current system limit",
        "message file too big",
        "mail size exceeds",
        "message exceeds",
        "nachricht ist zu gro",
        "nachricht zu gro",
        "zu große nachricht",
        "maximale nachrichtengröße",
        "message trop volumineux",
        "mensaje demasiado grande",
        "messaggio troppo grande",
        "bericht te groot",
        "bericht is te groot",
        "wiadomość jest zbyt duża",
        "zbyt duży rozmiar",
        "maximum incoming message size",
        "maximum incoming mail size",
    ],
};
