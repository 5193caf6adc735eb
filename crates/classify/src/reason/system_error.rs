//! The host has trouble of its own.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "system_error",
    by_text: "reason.system_error.text",
    by_code: "reason.system_error.code",
    permanence: Permanence::Temporary,
    codes: &[(3, 0), (3, 3), (3, 5)],
    phrases: &[
        "internal error",
        "system error",
        "local error",
        "server error",
        "internal system error",
        "configuration error",
        "misconfigur",
        "could not load",
        "transaction failed",
        "service unavailable",
        "service currently unavailable",
        "mailer error",
        "command died",
        "temporary failure",
        "temporary error",
        "temporary problem",
        "processing error",
        "i/o error",
        "requested action aborted",
        "local configuration",
        "user doppeldeutig",
        "permission denied",
        "cannot open",
        "can't open",
        "errno=",
        "input/output",
        "unable to create",
        "interner fehler",
        "systemfehler",
        "erreur interne",
        "error interno",
        "errore interno",
        "mail transport error",
        "mailing to remote domains not supported",
    ],
};
