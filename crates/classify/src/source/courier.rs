//! Courier.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "courier",
    rule: "source.courier",
    signs: &[
        "this is a delivery status notification from",
        "the original message was received on",
        "unable to deliver your message to",
        "courier mail server",
        "your message to the following recipients cannot be delivered",
        "undeliverable mail from courier",
    ],
};
