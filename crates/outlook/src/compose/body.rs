//! Content fields and body.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::embedded;
use super::field::encoded;
use crate::codepage;
use crate::item::{Attachment, Content, Item};
use crate::property::{Value, id};
use crate::rtf::{self, Body};

/// Longest line that goes as it is (RFC 5322 §2.1.1).
const LINE_OCTETS_MAX: usize = 998;

/// A part: content fields with the empty line, and body.
type Part = Vec<u8>;

/// Content fields, empty line and body of an item.
pub(super) fn body(item: &Item, depth: usize) -> Part {
    if let Some(whole) = signed(item) {
        return whole;
    }
    let texts = texts(item);
    let mut inline = Vec::new();
    let mut attached = Vec::new();
    let html = texts.iter().find_map(|text| text.html.as_deref());
    for attachment in &item.attachments {
        let content_id = attachment.properties.text(id::ATTACH_CONTENT_ID);
        let is_shown = html.zip(content_id).is_some_and(|(html, id)| html.contains(&format!("cid:{id}")));
        (if is_shown { &mut inline } else { &mut attached }).push(part(attachment, is_shown, depth));
    }
    let parts = texts.into_iter().map(|text| text.part).collect();
    let text = multipart("alternative", parts, depth);
    let text = multipart("related", std::iter::once(text).chain(inline).collect(), depth);
    multipart("mixed", std::iter::once(text).chain(attached).collect(), depth)
}

/// A signed or encrypted mail has one attachment that is its body ([MS-OXOSMIME] §2.1.3).
fn signed(item: &Item) -> Option<Part> {
    let class = item.class().to_ascii_lowercase();
    let [attachment] = item.attachments.as_slice() else { return None };
    let Content::Octets(octets) = &attachment.content else { return None };
    if class == "ipm.note.smime.multipartsigned" {
        let begins = octets.get(..13)?.eq_ignore_ascii_case(b"content-type:");
        return begins.then(|| octets.clone());
    }
    (class == "ipm.note.smime").then(|| {
        let fields = "Content-Type: application/pkcs7-mime; name=\"smime.p7m\"\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n";
        in_base64(fields, octets)
    })
}

/// A form of the text.
struct Text {
    part: Part,
    /// For finding the images it shows.
    html: Option<String>,
}

/// The forms of the text an item has.
struct Forms {
    plain: Option<String>,
    /// With its code page.
    html: Option<(Vec<u8>, u32)>,
    /// RTF that was made from neither.
    rtf: Option<Vec<u8>>,
}

/// The text of an item, with its media type: plain if there is such a form.
pub(crate) fn text(item: &Item) -> Option<(&'static str, String)> {
    let forms = forms(item);
    let html = forms.html.map(|(octets, page)| ("text/html", codepage::text(page, &octets)));
    forms.plain.map(|plain| ("text/plain", plain)).or(html)
}

fn forms(item: &Item) -> Forms {
    let properties = &item.properties;
    let mut plain = properties.text(id::BODY).or_else(|| properties.text(id::REPORT_TEXT));
    let mut html = match properties.get(id::HTML) {
        Some(Value::Binary(octets)) if !octets.is_empty() => {
            Some((octets.clone(), properties.html_codepage()))
        }
        Some(_) => properties.text(id::HTML).map(|text| (text.into_bytes(), 65001)),
        None => None,
    };
    let mut native = None;
    if html.is_none()
        && let Some(rtf) = properties.binary(id::RTF).and_then(rtf::decompressed)
    {
        match rtf::body(&rtf) {
            Body::Html(text) => html = Some((text.into_bytes(), 65001)),
            Body::Text(text) => plain = plain.or(Some(text)),
            Body::Rtf(text) => {
                plain = plain.or(Some(text));
                native = Some(rtf);
            }
        }
    }
    Forms { plain, html, rtf: native }
}

fn texts(item: &Item) -> Vec<Text> {
    let Forms { plain, html, rtf: native } = forms(item);
    let mut texts = Vec::new();
    if plain.is_some() || (html.is_none() && native.is_none()) {
        texts.push(Text { part: plain_part(&plain.unwrap_or_default()), html: None });
    }
    if let Some(rtf) = native {
        texts.push(Text { part: in_base64("Content-Type: application/rtf\r\n", &rtf), html: None });
    }
    if let Some((octets, page)) = html {
        let charset = codepage::encoding(page).name().to_ascii_lowercase();
        let fields = format!("Content-Type: text/html; charset={charset}\r\n");
        texts.push(Text { part: in_base64(&fields, &octets), html: Some(codepage::text(page, &octets)) });
    }
    texts
}

fn plain_part(text: &str) -> Part {
    let mut lines = Vec::with_capacity(text.len() + text.len() / 20);
    let mut is_simple = true;
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
        is_simple &= line.is_ascii() && line.len() <= LINE_OCTETS_MAX && !line.contains(['\0', '\r']);
        lines.extend_from_slice(line.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    if text.ends_with('\n') {
        lines.truncate(lines.len() - 2);
    }
    if is_simple {
        let mut part =
            b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n".to_vec();
        part.extend_from_slice(&lines);
        part
    } else {
        in_base64("Content-Type: text/plain; charset=utf-8\r\n", &lines)
    }
}

fn part(attachment: &Attachment, is_inline: bool, depth: usize) -> Part {
    let properties = &attachment.properties;
    let name = file_name(attachment).map(|name| parameter(&name)).unwrap_or_default();
    let disposition = if is_inline { "inline" } else { "attachment" };
    let mut fields = format!("Content-Disposition: {disposition}{}\r\n", name.replace("name", "filename"));
    if let Some(id) = properties.text(id::ATTACH_CONTENT_ID) {
        let id: String = id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
        let _ = write!(fields, "Content-ID: <{id}>\r\n");
    }
    if let Some(location) = properties.text(id::ATTACH_LOCATION) {
        let _ = write!(fields, "Content-Location: {}\r\n", encoded(&location));
    }
    if let Some(mail) = embedded(attachment, depth) {
        fields.push_str("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
        let mut part = fields.into_bytes();
        part.extend_from_slice(&mail);
        return part;
    }
    let octets = match &attachment.content {
        Content::Octets(octets) => octets.as_slice(),
        Content::None | Content::Item(_) => &[],
    };
    let _ = write!(fields, "Content-Type: {}{name}\r\n", media_type(attachment));
    in_base64(&fields, octets)
}

/// `; name="…"` on a line of its own, other than ASCII as RFC 2231 has it.
fn parameter(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.is_ascii() && name.len() < 900 {
        return format!(";\r\n name=\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut out = String::new();
    let mut piece = String::new();
    let mut number = 0;
    let mut put = |piece: &mut String| {
        let charset = if number == 0 { "utf-8''" } else { "" };
        let _ = write!(out, ";\r\n name*{number}*={charset}{piece}");
        number += 1;
        piece.clear();
    };
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_') {
            piece.push(char::from(octet));
        } else {
            let _ = write!(piece, "%{octet:02X}");
        }
        if piece.len() > 55 {
            put(&mut piece);
        }
    }
    if !piece.is_empty() {
        put(&mut piece);
    }
    out
}

/// Name of an attachment as people know it.
pub(crate) fn file_name(attachment: &Attachment) -> Option<String> {
    let properties = &attachment.properties;
    let name = [id::ATTACH_LONG_FILENAME, id::ATTACH_FILENAME, id::DISPLAY_NAME]
        .into_iter()
        .find_map(|id| properties.text(id));
    if let Content::Item(item) = &attachment.content {
        let name = name.or_else(|| item.properties.text(id::SUBJECT)).unwrap_or_else(|| "mail".to_owned());
        return Some(if name.to_ascii_lowercase().ends_with(".eml") { name } else { format!("{name}.eml") });
    }
    name
}

/// Media type of an attachment, lower case.
pub(crate) fn media_type(attachment: &Attachment) -> String {
    if matches!(attachment.content, Content::Item(_)) {
        return "message/rfc822".to_owned();
    }
    let said = attachment.properties.text(id::ATTACH_MIME).map(|said| said.trim().to_ascii_lowercase());
    // A multipart or message would be read as such, and its octets are in base64.
    let is_usable = |said: &String| {
        said.split_once('/').is_some_and(|(kind, subtype)| {
            let is_word = |word: &str| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'+' | b'_'))
            };
            is_word(kind) && is_word(subtype) && !matches!(kind, "multipart" | "message")
        })
    };
    said.filter(is_usable).unwrap_or_else(|| "application/octet-stream".to_owned())
}

/// Adds transfer encoding, empty line and body.
fn in_base64(fields: &str, octets: &[u8]) -> Part {
    let mut part = fields.as_bytes().to_vec();
    part.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n\r\n");
    part.reserve(octets.len() / 57 * 78 + 80);
    let mut line = String::with_capacity(80);
    for chunk in octets.chunks(57) {
        line.clear();
        STANDARD.encode_string(chunk, &mut line);
        line.push_str("\r\n");
        part.extend_from_slice(line.as_bytes());
    }
    part
}

/// In one line.
pub(super) fn base64_line(octets: impl AsRef<[u8]>) -> String {
    STANDARD.encode(octets)
}

/// Joins parts; one alone stays as it is.
fn multipart(kind: &str, mut parts: Vec<Part>, depth: usize) -> Part {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let boundary = boundary(kind, &parts, depth);
    let mut whole =
        format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n\r\n").into_bytes();
    for part in parts {
        whole.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        whole.extend_from_slice(&part);
        whole.extend_from_slice(b"\r\n");
    }
    whole.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    whole
}

/// A boundary that none of the parts holds, the same for the same parts.
fn boundary(kind: &str, parts: &[Part], depth: usize) -> String {
    let mut number = 0_u32;
    loop {
        let boundary = format!("=_{kind}_{depth}_{number}");
        let is_free = |part: &Part| memchr::memmem::find(part, boundary.as_bytes()).is_none();
        if parts.iter().all(is_free) {
            return boundary;
        }
        number += 1;
    }
}
