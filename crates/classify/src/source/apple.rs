//! Apple.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "apple",
    rule: "source.apple",
    signs: &[
        "icloud mail",
        "your message could not be delivered to the following recipients: icloud",
        "this is an automatic reply from icloud mail delivery",
    ],
};
