//! vCards (RFC 6350, 3.0, 2.1) as contacts.

use calcard::vcard::{VCard, VCardProperty, VCardValue};
use calcard::{Entry, Parser};
use model::RecordKind;

use crate::{Record, RowError};

/// Fields that become further fields of the contact.
const EXTRA: [(VCardProperty, &str); 6] = [
    (VCardProperty::Org, "org"),
    (VCardProperty::Title, "title"),
    (VCardProperty::Tel, "tel"),
    (VCardProperty::Adr, "adr"),
    (VCardProperty::Categories, "categories"),
    (VCardProperty::Note, "note"),
];

/// Whether a file begins like one of vCards.
pub(crate) fn begins(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    start.get(..11).is_some_and(|word| word.eq_ignore_ascii_case(b"BEGIN:VCARD"))
}

/// Every vCard of a text, in order, as a contact; a card that is cut off or has nothing to name it by says so.
pub fn read(text: &str) -> Vec<Result<Record, RowError>> {
    let mut parser = Parser::new(text);
    let mut out = Vec::new();
    loop {
        match parser.entry() {
            Entry::VCard(card) => out.push(contact(&card)),
            Entry::Eof => break,
            Entry::UnterminatedComponent(_) => {
                out.push(Err(RowError::CutOff));
                break;
            }
            _ => {}
        }
    }
    let last = text.trim_end().lines().next_back().unwrap_or_default();
    if !last.trim().eq_ignore_ascii_case("END:VCARD") {
        out.pop();
        out.push(Err(RowError::CutOff));
    }
    out
}

fn contact(card: &VCard) -> Result<Record, RowError> {
    let all = |property: &VCardProperty| {
        let entries = card.entries.iter().filter(move |entry| entry.name == *property);
        entries.map(|entry| texts(&entry.values)).filter(|text| !text.is_empty()).collect::<Vec<_>>()
    };
    let first = |property: &VCardProperty| all(property).into_iter().next().unwrap_or_default();
    let addresses = all(&VCardProperty::Email);
    let name = match first(&VCardProperty::Fn) {
        name if name.is_empty() => first(&VCardProperty::Org),
        name => name,
    };
    let uid = first(&VCardProperty::Uid);
    let number = uid.trim_start_matches("urn:uuid:");
    // Without a UID the first address names the card, from one import to the next.
    let number = if number.is_empty() { addresses.first().map_or("", String::as_str) } else { number };
    let mut record = Record { name, ..Record::new(RecordKind::Contact, number) };
    record.url = first(&VCardProperty::Url);
    record.addresses = addresses;
    for (property, name) in EXTRA {
        let values = all(&property);
        if !values.is_empty() {
            record.extra.push((name.to_owned(), values.join("; ")));
        }
    }
    record.checked()
}

fn texts(values: &[VCardValue]) -> String {
    let text = |value: &VCardValue| match value {
        VCardValue::Text(text) => text.clone(),
        VCardValue::Component(parts) => {
            parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    };
    let texts = values.iter().map(text).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    texts.collect::<Vec<_>>().join(", ")
}
