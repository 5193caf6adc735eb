//! TNEF: what Outlook puts into `winmail.dat`.
//!
//! Source: [MS-OXTNEF].

use crate::DEPTH_MAX;
use crate::cells::{u16_at, u32_at};
use crate::compose::{compose, file_name, media_type};
use crate::item::{Attachment, Content, Item};
use crate::property::{Properties, Value, id, kind};

/// Attributes of one stream that are read.
const ATTRIBUTES_MAX: usize = 20_000;
/// Properties of one attribute that are read.
const PROPERTIES_MAX: usize = 20_000;

const SIGNATURE: u32 = 0x223e_9f78;
const SUBJECT: u32 = 0x0001_8004;
const MESSAGE_ID: u32 = 0x0001_8009;
const BODY: u32 = 0x0002_800c;
const ATTACH_DATA: u32 = 0x0006_800f;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_BEGIN: u32 = 0x0006_9002;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const RECIPIENTS: u32 = 0x0006_9004;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;
const CODEPAGE: u32 = 0x0006_9007;
const MESSAGE_CLASS: u32 = 0x0007_8008;

/// Whether octets begin as a TNEF stream does.
pub fn is_tnef(octets: &[u8]) -> bool {
    u32_at(octets, 0) == Some(SIGNATURE)
}

/// Reads a stream; `None` if it is none. What follows a damaged place is left out.
pub fn read(octets: &[u8]) -> Option<Item> {
    item(octets, 0)
}

/// A file inside a TNEF stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its media type, lower case.
    pub content_type: String,
    /// `Content-ID` without brackets.
    pub content_id: Option<String>,
    /// Its octets.
    pub content: Vec<u8>,
}

/// What a TNEF stream brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Files, items made into mails.
    pub files: Vec<Part>,
    /// The text, if it has one: as text/plain or text/html, UTF-8.
    pub text: Option<Part>,
}

/// The files of a stream, in order, and its text; `None` if it is no stream. The files together have at most `octets_max` octets: what is
/// beyond is left out.
pub fn unpacked(octets: &[u8], octets_max: usize) -> Option<Unpacked> {
    let item = read(octets)?;
    let text = crate::compose::text(&item).map(|(content_type, text)| Part {
        name: None,
        content_type: content_type.to_owned(),
        content_id: None,
        content: text.into_bytes(),
    });
    let mut left = octets_max;
    let mut files = Vec::with_capacity(item.attachments.len());
    for attachment in item.attachments {
        let content_type = media_type(&attachment);
        let name = file_name(&attachment);
        let content_id = attachment.properties.text(id::ATTACH_CONTENT_ID);
        let content = match attachment.content {
            Content::None => continue,
            Content::Octets(octets) => octets,
            Content::Item(item) => compose(&item),
        };
        let Some(rest) = left.checked_sub(content.len()) else { break };
        left = rest;
        files.push(Part { name, content_type, content_id, content });
    }
    Some(Unpacked { files, text })
}

fn item(octets: &[u8], depth: usize) -> Option<Item> {
    if !is_tnef(octets) {
        return None;
    }
    let mut item = Item::default();
    let mut codepage = None;
    let mut rest = octets.get(6..).unwrap_or_default();
    for _ in 0..ATTRIBUTES_MAX {
        let Some((attribute, data, behind)) = attribute(rest) else { break };
        rest = behind;
        match attribute {
            CODEPAGE => codepage = u32_at(data, 0),
            SUBJECT => item.properties.set(id::SUBJECT, text(data)),
            MESSAGE_ID => item.properties.set(id::MESSAGE_ID, text(data)),
            BODY => item.properties.set(id::BODY, text(data)),
            MESSAGE_CLASS => item.properties.set(id::MESSAGE_CLASS, Value::Text8(class(data))),
            MESSAGE_PROPERTIES => drop(properties(data, &mut item.properties, depth)),
            RECIPIENTS => recipients(data, &mut item.recipients, depth),
            ATTACH_BEGIN => item.attachments.push(Attachment::default()),
            _ => {
                // Files whose first attribute is lost still have the others.
                if matches!(attribute, ATTACH_DATA | ATTACH_TITLE | ATTACH_PROPERTIES) {
                    if item.attachments.is_empty() {
                        item.attachments.push(Attachment::default());
                    }
                    if let Some(attachment) = item.attachments.last_mut() {
                        of_attachment(attribute, data, attachment, depth);
                    }
                }
            }
        }
    }
    for attachment in &mut item.attachments {
        // Some writers have the file among the properties, and an attribute without octets.
        if matches!(&attachment.content, Content::Octets(octets) if octets.is_empty())
            || attachment.content == Content::None
        {
            let found = attachment.properties.binary(id::ATTACH_DATA).map(<[u8]>::to_vec);
            attachment.content = found.map_or(Content::None, Content::Octets);
        }
    }
    if let Some(codepage) = codepage {
        item.properties.set_codepage(codepage);
        let inner = item.attachments.iter_mut().map(|attachment| &mut attachment.properties);
        for properties in inner.chain(&mut item.recipients) {
            properties.set_codepage(codepage);
        }
    }
    Some(item)
}

/// Id, data, and what follows.
fn attribute(rest: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    if !matches!(rest.first(), Some(1 | 2)) {
        return None;
    }
    let (id, len) = (u32_at(rest, 1)?, usize::try_from(u32_at(rest, 5)?).ok()?);
    let body = rest.get(9..)?;
    let Some(data) = body.get(..len) else {
        // Cut off: what is there of it.
        return Some((id, body, &[]));
    };
    // A checksum of two octets follows.
    Some((id, data, body.get(len + 2..).unwrap_or_default()))
}

fn text(data: &[u8]) -> Value {
    Value::Text8(data.strip_suffix(&[0]).unwrap_or(data).to_vec())
}

/// Classes of TNEF have names of their own for those of MAPI ([MS-OXTNEF] §2.1.3.2).
fn class(data: &[u8]) -> Vec<u8> {
    let data = data.strip_suffix(&[0]).unwrap_or(data);
    match data {
        b"IPM.Microsoft Mail.Note" => b"IPM.Note".to_vec(),
        b"IPM.Microsoft Mail.Non-Delivery" => b"REPORT.IPM.Note.NDR".to_vec(),
        b"IPM.Microsoft Mail.Read Receipt" => b"REPORT.IPM.Note.IPNRN".to_vec(),
        _ => data.to_vec(),
    }
}

fn of_attachment(attribute: u32, data: &[u8], attachment: &mut Attachment, depth: usize) {
    match attribute {
        ATTACH_DATA if attachment.content == Content::None => {
            attachment.content = Content::Octets(data.to_vec());
        }
        ATTACH_TITLE => attachment.properties.set(id::ATTACH_FILENAME, text(data)),
        ATTACH_PROPERTIES => {
            if let Some(object) = properties(data, &mut attachment.properties, depth) {
                attachment.content = object;
            }
        }
        _ => {}
    }
}

fn recipients(data: &[u8], into: &mut Vec<Properties>, depth: usize) {
    let Some(rows) = u32_at(data, 0) else { return };
    let mut rest = Cells(data.get(4..).unwrap_or_default());
    for _ in 0..rows {
        let mut row = Properties::default();
        if rest.list(&mut row, &mut None, depth).is_none() {
            return;
        }
        into.push(row);
        if into.len() >= PROPERTIES_MAX {
            return;
        }
    }
}

/// Reads a list of properties; gives the object among them (an embedded item or an OLE object).
fn properties(data: &[u8], into: &mut Properties, depth: usize) -> Option<Content> {
    let mut object = None;
    // What came before a place where it is cut off is kept.
    let _ = Cells(data).list(into, &mut object, depth);
    object
}

/// What is not read yet.
struct Cells<'a>(&'a [u8]);

impl<'a> Cells<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u32> {
        u32_at(self.take(4)?, 0)
    }

    /// A value with its length before it, padded to four octets.
    fn padded(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.word()?).ok()?;
        let value = self.take(len)?;
        // The padding of the last one may be missing.
        let pad = len.next_multiple_of(4) - len;
        self.take(pad.min(self.0.len()))?;
        Some(value)
    }

    /// `None` if the list is cut off; what came before is kept.
    fn list(&mut self, into: &mut Properties, object: &mut Option<Content>, depth: usize) -> Option<()> {
        let count = usize::try_from(self.word()?).ok()?;
        for _ in 0..count.min(PROPERTIES_MAX) {
            self.property(into, object, depth)?;
        }
        Some(())
    }

    fn property(&mut self, into: &mut Properties, object: &mut Option<Content>, depth: usize) -> Option<()> {
        let tag = self.take(4)?;
        let (kind, id) = (u16_at(tag, 0)?, u16_at(tag, 2)?);
        if id >= 0x8000 {
            self.take(16)?;
            match self.word()? {
                0 => drop(self.take(4)?),
                _ => drop(self.padded()?),
            }
        }
        let is_list = kind & 0x1000 != 0;
        let kind = kind & 0x0fff;
        let fixed = match kind {
            kind::INT16 | kind::INT32 | 0x0004 | 0x000a | kind::BOOL => 4,
            0x0005..=0x0007 | kind::INT64 | kind::TIME => 8,
            0x0048 => 16,
            0x0000 | 0x0001 => 0,
            _ => {
                return self.variable(into, object, (id, kind, is_list), depth);
            }
        };
        if is_list {
            let count = usize::try_from(self.word()?).ok()?;
            self.take(count.checked_mul(fixed)?)?;
        } else {
            into.set_fixed(id, kind, self.take(fixed)?);
        }
        Some(())
    }

    fn variable(
        &mut self,
        into: &mut Properties,
        object: &mut Option<Content>,
        (id, kind, is_list): (u16, u16, bool),
        depth: usize,
    ) -> Option<()> {
        let count = usize::try_from(self.word()?).ok()?;
        for _ in 0..count {
            let value = self.padded()?;
            if id == id::ATTACH_DATA && kind == kind::OBJECT {
                // The interface's id stands before.
                let inner = value.get(16..).unwrap_or_default();
                let embedded = if depth < DEPTH_MAX { item(inner, depth + 1) } else { None };
                *object = Some(match embedded {
                    Some(item) => Content::Item(Box::new(item)),
                    None => Content::Octets(inner.to_vec()),
                });
            } else if !is_list && id < 0x8000 {
                into.set_variable(id, kind, value.to_vec());
            }
        }
        Some(())
    }
}
