//! Servers known by their words alone.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "groupware",
    rule: "source.groupware",
    signs: &[
        "this is an automatically generated delivery status notification",
        "this report relates to a message you sent",
        "non-delivery report",
        "has encountered a delivery problem",
        "delevery to the following recipients",
        "the following recipients did not receive this message",
        "each of the following recipients was rejected by a remote mail server",
        "we had trouble delivering your message",
        "the following recipients returned permanent errors",
        "the following mail has been returned because",
        "technical report:",
        "の自動",
        "以下のメールアドレスへの送信に失敗しました",
        "送信できませんでした",
        "your mail message to the following address(es) could not be delivered",
        "mailfolder",
    ],
};
