//! Gmail, Workspace and Google Groups.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "gmail",
    rule: "source.gmail",
    signs: &[
        "delivery to the following recipient failed permanently",
        "delivery to the following recipient has been delayed",
        "technical details of permanent failure",
        "technical details of temporary failure",
        "google tried to deliver your message",
        "your message wasn't delivered to",
        "there was a temporary problem delivering your message",
        "the group you tried to contact",
        "message not delivered there was a problem delivering your message",
        "adresse nicht gefunden ihre nachricht wurde nicht an",
        "nachricht wurde nicht zugestellt",
        "nachricht nicht zugestellt",
        "https://groups.google.com/support/",
    ],
};
