//! Apache James.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "james",
    rule: "source.james",
    signs: &[
        "this is a bounce message",
        "message from james",
        "hi. this is the james mail server",
        "sorry it didn't work out. below i include the list of recipients",
    ],
};
