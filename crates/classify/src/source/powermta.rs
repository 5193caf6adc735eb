//! `PowerMTA`.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "powermta",
    rule: "source.powermta",
    signs: &[
        "this message was created automatically by the mail system (powermta",
        "hello, this is the mail server on",
        "unable to be delivered to the following recipients",
    ],
};
