//! Trend Micro.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "trendmicro",
    rule: "source.trendmicro",
    signs: &[
        "message from interscan messaging security suite",
        "interscan",
        "unable to deliver message to",
        "sent <<< rcpt to",
        "the following mail has not been delivered. trend micro",
    ],
};
