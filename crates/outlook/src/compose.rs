//! Items to octets of RFC 5322.
//!
//! The header section is the one the mail came with, where the item has kept it (`PidTagTransportMessageHeaders`), without its content
//! fields; what it lacks of the fields of RFC 5322 §3.6 is made from properties. The body is made anew: text, HTML (also out of RTF that
//! was made from it), attachments, embedded items as message/rfc822. The same item gives the same octets.
//!
//! Source: [MS-OXCMAIL] §2.

mod body;
mod field;

use crate::item::{Attachment, Content, Item};
use crate::property::{Properties, id};
use field::{Header, address, date, encoded};

pub(crate) use body::{file_name, media_type, text};

/// Makes a mail.
pub fn compose(item: &Item) -> Vec<u8> {
    composed(item, 0)
}

/// `depth`: items around this one.
fn composed(item: &Item, depth: usize) -> Vec<u8> {
    let body = body::body(item, depth);
    let kept = item.properties.text(id::TRANSPORT_HEADERS);
    let mut header = Header::kept(kept.as_deref().unwrap_or_default());
    made(item, &mut header);
    let mut mail = header.into_octets();
    mail.extend_from_slice(b"MIME-Version: 1.0\r\n");
    mail.extend_from_slice(&body);
    mail
}

/// Adds the fields that are missing.
fn made(item: &Item, header: &mut Header) {
    let properties = &item.properties;
    let representing =
        mailbox(properties, id::REPRESENTING_NAME, &[id::REPRESENTING_SMTP, id::REPRESENTING_ADDRESS]);
    let sender = mailbox(properties, id::SENDER_NAME, &[id::SENDER_SMTP, id::SENDER_ADDRESS]);
    let times = [id::CLIENT_SUBMIT_TIME, id::DELIVERY_TIME, id::CREATION_TIME];
    header.add("Date", times.into_iter().find_map(|id| properties.time_ms(id)).map(date));
    if sender.is_some() && representing.is_some() && sender != representing && !header.has("From") {
        header.add("Sender", sender.clone());
    }
    header.add("From", representing.or(sender));
    header.add(
        "Reply-To",
        properties.text(id::REPLY_NAMES).filter(|names| names.contains('@')).map(|names| replies(&names)),
    );
    for (kind, name, shown) in
        [(1, "To", id::DISPLAY_TO), (2, "Cc", id::DISPLAY_CC), (3, "Bcc", id::DISPLAY_BCC)]
    {
        header.add(name, recipients(item, kind).or_else(|| shown_names(properties, shown)));
    }
    header.add("Subject", properties.text(id::SUBJECT).map(|subject| encoded(without_prefix_mark(&subject))));
    header.add("Message-ID", properties.text(id::MESSAGE_ID).and_then(|text| ids(&text)));
    header.add("In-Reply-To", properties.text(id::IN_REPLY_TO).and_then(|text| ids(&text)));
    header.add("References", properties.text(id::REFERENCES).and_then(|text| ids(&text)));
    header.add("Thread-Topic", properties.text(id::CONVERSATION_TOPIC).map(|topic| encoded(&topic)));
    header.add("Thread-Index", properties.binary(id::CONVERSATION_INDEX).map(body::base64_line));
    let importance = match properties.int(id::IMPORTANCE) {
        Some(0) => Some("low"),
        Some(2) => Some("high"),
        _ => None,
    };
    header.add("Importance", importance.map(str::to_owned));
}

/// Name and address of a person; the name alone where the address is one of a directory.
fn mailbox(properties: &Properties, name: u16, addresses: &[u16]) -> Option<String> {
    let found = addresses.iter().filter_map(|id| properties.text(*id)).find(|address| address.contains('@'));
    let name = properties.text(name);
    (found.is_some() || name.is_some())
        .then(|| address(name.as_deref().unwrap_or_default(), found.as_deref().unwrap_or_default()))
}

fn recipients(item: &Item, kind: i64) -> Option<String> {
    let of_kind = |recipient: &&Properties| {
        // The bits above say whether a copy is to be sent again.
        recipient.int(id::RECIPIENT_TYPE).unwrap_or(1) & 0xf == kind
    };
    let found: Vec<String> = item
        .recipients
        .iter()
        .filter(of_kind)
        .filter_map(|recipient| mailbox(recipient, id::DISPLAY_NAME, &[id::SMTP_ADDRESS, id::EMAIL_ADDRESS]))
        .collect();
    (!found.is_empty()).then(|| found.join(",\r\n "))
}

fn shown_names(properties: &Properties, id: u16) -> Option<String> {
    let names = properties.text(id)?;
    let found: Vec<String> =
        names.split(';').map(str::trim).filter(|name| !name.is_empty()).map(one_of_names).collect();
    (!found.is_empty()).then(|| found.join(",\r\n "))
}

fn replies(names: &str) -> String {
    names
        .split(';')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(one_of_names)
        .collect::<Vec<_>>()
        .join(",\r\n ")
}

/// A name that may be an address.
fn one_of_names(name: &str) -> String {
    let name = name.trim_matches(['\'', '"']);
    if name.contains('@') { address("", name) } else { address(name, "") }
}

/// Message ids in their brackets, each on a line of its own.
fn ids(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let ids: Vec<String> = words
        .map(|word| word.chars().filter(|c| !c.is_control()).collect::<String>())
        .map(|word| if word.starts_with('<') { word } else { format!("<{word}>") })
        .collect();
    (!ids.is_empty()).then(|| ids.join("\r\n "))
}

/// PST files mark how long the prefix of a subject is: U+0001 and a character whose number is the length ([MS-PST] §2.5.3.1.1.1).
fn without_prefix_mark(subject: &str) -> &str {
    let mut rest = subject.chars();
    if rest.next() == Some('\u{1}') && rest.next().is_some() { rest.as_str() } else { subject }
}

/// What an embedded item is as an attachment.
fn embedded(attachment: &Attachment, depth: usize) -> Option<Vec<u8>> {
    match &attachment.content {
        Content::Item(item) => Some(composed(item, depth + 1)),
        _ => None,
    }
}
