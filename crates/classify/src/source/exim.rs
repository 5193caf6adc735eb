//! Exim.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "exim",
    rule: "source.exim",
    signs: &[
        "this message was created automatically by mail delivery software",
        "a message that you sent could not be delivered to",
        "a message that you sent has not yet been delivered",
        "a message that you have sent could not be delivered",
        "was rejected by the local scanning code",
        "a message sent by <",
    ],
};
