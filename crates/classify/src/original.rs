//! The mail a report speaks of, as far as it is returned.

use model::{Message, MessageId, Original, PartRole};
use parse::Limits;
use parse::report::dsn::PerMessage;

/// Reads the first mail, or header section of one, that is attached to the report itself.
pub(crate) fn of(message: &Message) -> Option<Original> {
    message.parts.iter().filter(|part| part.message_depth == 0).find_map(|part| {
        let (returned, own) = match part.role {
            PartRole::Message if !part.header_section.is_empty() => {
                let field =
                    part.header_section.iter().find(|field| field.name.eq_ignore_ascii_case(OWN_REFERENCE));
                (parse::header_of(&part.header_section), field.map(|field| field.body.as_str()))
            }
            PartRole::Report
                if matches!(part.content_type.as_str(), "text/rfc822-headers" | "message/global-headers") =>
            {
                let text = part.text.as_deref()?;
                (parse::header_section(text.as_bytes(), &Limits::default()).0, own_reference(text))
            }
            _ => return None,
        };
        of_header(returned, own)
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
    of_header(parse::header_section(header.as_bytes(), &Limits::default()).0, own_reference(&header))
}

/// What a returned header section says; `None` if it says nothing.
fn of_header(returned: Message, own: Option<&str>) -> Option<Original> {
    let own = own.map(str::trim).filter(|text| (1..=OWN_REFERENCE_MAX).contains(&text.len()));
    let original = Original {
        message_id: returned.message_id,
        subject: returned.subject,
        from: returned.from,
        to: returned.to,
        date: returned.date,
        references: bounded(returned.references),
        own_reference: own.map(str::to_owned),
        ..Original::default()
    };
    (original != Original::default()).then_some(original)
}

/// The reference in a header section: one line, as ours are short.
fn own_reference(header: &str) -> Option<&str> {
    let fields = header.lines().take_while(|line| !line.trim().is_empty());
    fields
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, body)| name.trim_end().eq_ignore_ascii_case(OWN_REFERENCE).then_some(body))
}

/// Adds what the report says of the envelope.
pub(crate) fn with_envelope(
    original: Option<Original>,
    per_message: Option<&PerMessage>,
) -> Option<Original> {
    let Some(per_message) = per_message else { return original };
    let envelope_id = per_message.original_envelope_id.as_deref().map(decoded_xtext);
    if original.is_none() && envelope_id.is_none() && per_message.arrival.is_none() {
        return None;
    }
    Some(Original { envelope_id, arrival: per_message.arrival, ..original.unwrap_or_default() })
}

/// `+3D` is `=`.
///
/// Source: RFC 3461 §4.
fn decoded_xtext(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&octet, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) if octet == b'+' => {
                octets.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                octets.push(octet);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// The field that mails of our own bear.
const OWN_REFERENCE: &str = "X-Poststelle-Reference";
/// Octets of it; ours are 34 long.
const OWN_REFERENCE_MAX: usize = 100;

/// References kept of a returned mail: the last ones.
const REFERENCES_MAX: usize = 50;

fn bounded(mut references: Vec<MessageId>) -> Vec<MessageId> {
    let first = references.len().saturating_sub(REFERENCES_MAX);
    references.split_off(first)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_ids() {
        assert_eq!(decoded_xtext("m+2B4711+3D"), "m+4711=");
        assert_eq!(decoded_xtext("a+zz+"), "a+zz+");
    }

    #[test]
    fn own_references_are_read_from_what_returned() {
        let text =
            |reference: &str| format!("Subject: Notice\nX-Poststelle-Reference: {reference}\n\nText\n");
        let read =
            |reference: &str| in_text(Some(&text(reference))).and_then(|original| original.own_reference);
        assert_eq!(read(" 0abc ").as_deref(), Some("0abc"));
        assert_eq!(read(""), None);
        assert_eq!(read(&"a".repeat(101)), None);
    }
}
