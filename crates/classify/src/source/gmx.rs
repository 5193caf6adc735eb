//! GMX, WEB.DE and 1&1.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "gmx",
    rule: "source.gmx",
    signs: &[
        "a message that you sent could not be delivered to one or more of its recipients. the following address",
        "smtp error from remote server after",
        "smtp error from remote server for",
        "eine von ihnen versendete nachricht konnte nicht",
        "diese nachricht wurde automatisch von der mailsoftware",
        "kundenserver",
    ],
};
