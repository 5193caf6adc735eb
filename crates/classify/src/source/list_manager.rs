//! Mailing list programs that refuse a mail: Mailman, fml, Sympa, ezmlm, Majordomo.

use super::Format;

/// Words of their refusals, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "list_manager",
    rule: "source.list_manager",
    signs: &[
        "you are not a member of this mailing list",
        "you are not allowed to post to this mailing list",
        "your message has been automatically rejected",
        "your message has been rejected, probably because you are not subscribed",
        "posting to this list is restricted to members",
        "your message for list",
        "you are not authorized to send messages to this list",
        "sie sind kein mitglied dieser mailingliste",
    ],
};
