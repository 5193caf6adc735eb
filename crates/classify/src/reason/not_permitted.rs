//! The list or group takes no mail from this sender.

use model::Permanence;

use super::Reason;

/// Codes of RFC 3463 and the IANA registry, and what servers write.
pub(super) const REASON: Reason = Reason {
    word: "not_permitted",
    by_text: "reason.not_permitted.text",
    by_code: "reason.not_permitted.code",
    permanence: Permanence::Temporary,
    codes: &[(7, 124), (7, 129), (7, 130), (7, 133), (7, 134), (7, 136), (7, 137)],
    phrases: &[
        "not a member of",
        "only accepts messages from people",
        "sendernotauthenticatedforgroup",
        "delivery restriction",
        "delivery restrictions",
        "only accepts mail from",
        "are not member",
        "non-member",
        "members-only",
        "members only",
        "not subscribed",
        "permission to post",
        "not have permission",
        "not authorized to send",
        "restricted to members",
        "awaits moderator",
        "notauthorized",
        "resolver.rst.auth",
        "not permitted to send",
        "delivery not authorized",
        "mitglied der liste",
        "keine berechtigung",
        "no permission",
        "group you tried to contact",
        "recipient preferences",
        "not accepting mail with",
        "googlegroups",
        "google groups",
    ],
};
