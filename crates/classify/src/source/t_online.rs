//! T-Online.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "t_online",
    rule: "source.t_online",
    signs: &[
        "unzustellbare nachricht",
        "ihre e-mail konnte nicht zugestellt werden",
        "die nachricht konnte nicht zugestellt werden",
        "|------------------------- message log follows",
        "|------------------------- failed addresses follow",
    ],
};
