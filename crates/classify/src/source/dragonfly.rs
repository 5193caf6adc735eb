//! `DragonFly` Mail Agent.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "dragonfly",
    rule: "source.dragonfly",
    signs: &["this is the dragonfly mail agent", "there was an error delivering your mail to"],
};
