//! Barracuda.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "barracuda",
    rule: "source.barracuda",
    signs: &["barracuda", "has been blocked by your organization"],
};
