//! The mail a report speaks of, as far as it is returned.

use model::{Message, Original, PartRole};
use parse::Limits;

/// Reads the first mail, or header section of one, that is attached to the report itself.
pub(crate) fn of(message: &Message) -> Option<Original> {
    message.parts.iter().filter(|part| part.message_depth == 0).find_map(|part| {
        let returned = match part.role {
            PartRole::Message if !part.header_section.is_empty() => parse::header_of(&part.header_section),
            PartRole::Report
                if matches!(part.content_type.as_str(), "text/rfc822-headers" | "message/global-headers") =>
            {
                parse::header_section(part.text.as_deref()?.as_bytes(), &Limits::default()).0
            }
            _ => return None,
        };
        let original = Original {
            message_id: returned.message_id,
            subject: returned.subject,
            from: returned.from,
            to: returned.to,
            date: returned.date,
        };
        (original != Original::default()).then_some(original)
    })
}
