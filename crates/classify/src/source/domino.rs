//! Notes and Domino.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "domino",
    rule: "source.domino",
    signs: &[
        "was not delivered to:",
        "not listed in domino directory",
        "not listed in public name & address book",
        "wurde nicht zugestellt an",
        "ihre nachricht wurde nicht zugestellt",
        "konnte nicht zugestellt werden an:",
        "n'a pas été remis à",
        "not listed in public name",
    ],
};
