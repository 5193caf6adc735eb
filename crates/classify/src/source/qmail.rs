//! qmail and its kin.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "qmail",
    rule: "source.qmail",
    signs: &[
        "hier ist das qmail-send programm",
        "this is the qmail-send program at",
        "i'm afraid i wasn't able to deliver your message to the following",
        "this is the deliver program at",
        "this is a permanent error; i've given up",
        "unfortunately, your mail was not delivered to the following address",
        "this is the machine generated message from mail service",
        "i'm not going to try again",
    ],
};
