//! Yandex.

use super::Format;

/// Words of its reports, lower case, white space folded.
pub(super) const FORMAT: Format = Format {
    name: "yandex",
    rule: "source.yandex",
    signs: &[
        "this is the mail system at host yandex",
        "яндекс.почт",
        "почтовая система яндекс",
        "к сожалению, ваше письмо не может быть доставлено",
        "message delivery failed. yandex",
    ],
};
