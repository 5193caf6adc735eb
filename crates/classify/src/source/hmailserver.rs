//! hMailServer.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "hmailserver",
    rule: "source.hmailserver",
    signs: &[
        "could not be delivered to one or more of its recipients. -- hmailserver",
        "hmailserver",
        "your message did not reach some or all of the intended recipients",
    ],
};
