//! Mimecast.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "mimecast",
    rule: "source.mimecast",
    signs: &["mimecast", "this is a delivery failure notification message indicating that"],
};
