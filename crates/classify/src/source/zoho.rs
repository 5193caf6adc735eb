//! Zoho.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "zoho",
    rule: "source.zoho",
    signs: &[
        "this message was created automatically by mail delivery software. a message that you sent could not be delivered to one or more of its recipients. this is a permanent error. zoho",
        "zohomail",
        "zoho mail",
    ],
};
