//! Postfix.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "postfix",
    rule: "source.postfix",
    signs: &[
        "this is the postfix program at host",
        "i'm sorry to have to inform you that the message",
        "i'm sorry to have to inform you that your message could not be delivered",
        "this is the mail system at host",
        "postfix smtp server: errors from",
        "the postfix program",
        "the mail system <",
    ],
};
