//! `SendGrid`.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "sendgrid",
    rule: "source.sendgrid",
    signs: &["sendgrid", "your message could not be delivered. the following addresses"],
};
