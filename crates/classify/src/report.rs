//! Machines that report on a mail of ours.

pub(crate) mod aggregate;
pub(crate) mod arf;
pub(crate) mod dsn;
pub(crate) mod failed_recipients;
pub(crate) mod mdn;

use model::{Message, Part};

/// Parts of this type in the mail itself, not in mails attached to it, with their text.
fn parts_of<'m>(message: &'m Message, types: &'m [&str]) -> impl Iterator<Item = (&'m Part, &'m str)> {
    message
        .parts
        .iter()
        .filter(|part| part.message_depth == 0 && types.contains(&part.content_type.as_str()))
        .filter_map(|part| Some((part, part.text.as_deref()?)))
}

/// `part 2`.
pub(crate) fn place(part: &Part) -> String {
    format!("part {}", part.number)
}
