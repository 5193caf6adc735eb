//! `GroupWise`.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "groupwise",
    rule: "source.groupwise",
    signs: &[
        "the message that you sent was undeliverable to the following",
        "the attached file had the following undeliverable recipient(s)",
        "undeliverable recipient(s)",
        "transcript of session follows: command",
    ],
};
