//! Haraka.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "haraka",
    rule: "source.haraka",
    signs: &["this is the haraka mail", "there was a problem delivering your mail", "haraka"],
};
