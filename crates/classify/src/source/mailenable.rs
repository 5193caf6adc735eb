//! `MailEnable`.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "mailenable",
    rule: "source.mailenable",
    signs: &[
        "mailenable:",
        "message could not be delivered to some recipients. the following recipient(s)",
        "the following recipient(s) could not be reached: recipient",
        "mailenable",
    ],
};
