//! `McAfee` and `SurfControl`.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "mcafee",
    rule: "source.mcafee",
    signs: &[
        "mcafee",
        "the following message could not be delivered to the intended recipient",
        "surfcontrol",
        "your message could not be sent. a transcript of the attempts",
        "could not be delivered to the following recipients: please do not resend",
    ],
};
