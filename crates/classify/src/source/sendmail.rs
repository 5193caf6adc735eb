//! Sendmail, old and new.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "sendmail",
    rule: "source.sendmail",
    signs: &[
        "----- the following addresses had",
        "----- transcript of session follows -----",
        "the following addresses had permanent fatal errors",
        "the following addresses had transient non-fatal errors",
        "the following addresses had delivery problems",
        "----- transcript of session",
        "---the following addresses had delivery errors---",
        "could not send message for past",
    ],
};
