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

/// Reads the mail that follows the text of a report.
pub(crate) fn in_text(returned: Option<&str>) -> Option<Original> {
    let text = returned?;
    let text = text.get(..text.floor_char_boundary(RETURNED_BYTES_MAX))?;
    // Rulers and empty lines stand before the first field, quotation marks before each.
    let start = text.split_inclusive('\n').scan(0, |at, line| {
        let here = *at;
        *at += line.len();
        Some((here, line))
    });
    let (start, first) = start.into_iter().take(40).find(|(_, line)| is_field_line(line))?;
    let quote = first.get(..first.len() - first.trim_start_matches(['>', ' ', '\t', '|']).len())?;
    let mut header = String::new();
    for line in text.get(start..)?.lines() {
        let line = line.strip_prefix(quote).unwrap_or(line);
        if line.trim().is_empty() {
            break;
        }
        header.push_str(line);
        header.push('\n');
    }
    let returned = parse::header_section(header.as_bytes(), &Limits::default()).0;
    let original = Original {
        message_id: returned.message_id,
        subject: returned.subject,
        from: returned.from,
        to: returned.to,
        date: returned.date,
    };
    (original != Original::default()).then_some(original)
}

/// Bytes read of a mail that follows the text of a report.
const RETURNED_BYTES_MAX: usize = 64 << 10;

/// `Name: body`.
fn is_field_line(line: &str) -> bool {
    let line = line.trim_start_matches(['>', ' ', '\t', '|']);
    line.split_once(':').is_some_and(|(name, _)| {
        !name.is_empty() && name.len() < 60 && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    })
}
