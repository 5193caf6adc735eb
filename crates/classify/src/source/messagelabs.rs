//! `MessageLabs` and Symantec.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "messagelabs",
    rule: "source.messagelabs",
    signs: &["messagelabs", "symantec email security", "symantec antivirus"],
};
