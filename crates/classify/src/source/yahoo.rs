//! Yahoo and AOL.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "yahoo",
    rule: "source.yahoo",
    signs: &[
        "we were unable to deliver your message to the following address",
        "unable to deliver message to the following address(es)",
        "message from yahoo",
        "your mail to the following recipients could not be delivered",
    ],
};
