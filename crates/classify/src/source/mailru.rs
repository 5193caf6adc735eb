//! Mail.ru.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "mailru",
    rule: "source.mailru",
    signs: &[
        "это письмо создано автоматически сервером mail.ru",
        "не может быть доставлено одному или нескольким получателям",
        "ваше сообщение не может быть доставлено",
    ],
};
