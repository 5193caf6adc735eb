//! `OpenSMTPD`.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "opensmtpd",
    rule: "source.opensmtpd",
    signs: &[
        "this is the mailer-daemon, please do not reply to this e",
        "an error has occurred while attempting to deliver a message for the following list of recipients",
    ],
};
