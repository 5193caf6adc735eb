//! `IMail`.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "imail",
    rule: "source.imail",
    signs: &[
        "user mailbox exceeds allowed size:",
        "unknown user:",
        "invalid final delivery userid:",
        "undeliverable to",
        "body of message generated response:",
        "delivery failed 20 attempts",
        "message blocked by",
    ],
};
