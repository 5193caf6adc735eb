//! `MDaemon`.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "mdaemon",
    rule: "source.mdaemon",
    signs: &[
        "had permanent fatal delivery errors",
        "the following addresses did not receive a copy",
        "--- session transcript ---",
        "the attached message had permanent fatal delivery errors",
    ],
};
