//! An element a mail.

use std::io::{self, Write};

use quick_xml::Writer as Elements;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::row::Row;
use crate::target::{Octets, Writer};

/// Version of the elements' names and meaning.
const VERSION: &str = "1";

/// Writes `<mails version="1"><mail id="…">…</mail>…</mails>`.
pub struct Xml<W: Write> {
    out: Elements<W>,
}

impl<W: Write> Xml<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W) -> io::Result<Self> {
        let mut out = Elements::new_with_indent(out, b' ', 1);
        out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let root = BytesStart::new("mails").with_attributes([("version", VERSION)]);
        out.write_event(Event::Start(root))?;
        Ok(Self { out })
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        let attributes: Vec<(&str, String)> =
            attributes.iter().map(|(name, value)| (*name, allowed(value))).collect();
        let attributes = attributes.iter().map(|(name, value)| (*name, value.as_str()));
        let element = self.out.create_element(name).with_attributes(attributes);
        if text.is_empty() {
            element.write_empty()?
        } else {
            element.write_text_content(BytesText::new(&allowed(text)))?
        };
        Ok(())
    }
}

/// Without the characters that XML 1.0 has no way to write (section 2.2).
fn allowed(text: &str) -> String {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if is_allowed(c) { c } else { '\u{fffd}' }).collect()
}

impl<W: Write> Writer for Xml<W> {
    fn mail(&mut self, row: &Row, _: &mut Octets<'_>) -> io::Result<()> {
        let id = row.mail_id.to_string();
        self.out.write_event(Event::Start(BytesStart::new("mail").with_attributes([("id", id.as_str())])))?;
        let texts = [
            ("message_id", row.message_id.clone().unwrap_or_default()),
            ("date", row.date_text()),
            ("subject", row.subject.clone()),
            ("kind", row.kind.unwrap_or_default().to_owned()),
            ("thread_id", row.thread_id.clone().unwrap_or_default()),
            ("octets", row.octets.to_string()),
            ("sha256", row.sha256.to_string()),
        ];
        for (name, text) in &texts {
            self.element(name, &[], text)?;
        }
        for party in &row.parties {
            self.element(party.role.as_str(), &[("name", &party.name)], &party.address)?;
        }
        for place in &row.places {
            self.element("placement", &[("account", &place.account)], &place.mailbox)?;
        }
        for attachment in &row.attachments {
            let octets = attachment.octets.to_string();
            let sha256 = attachment.sha256.map(|digest| digest.to_string()).unwrap_or_default();
            let about = [
                ("content_type", attachment.content_type.as_str()),
                ("octets", &octets),
                ("sha256", &sha256),
            ];
            self.element("attachment", &about, &attachment.name)?;
        }
        for link in &row.links {
            let by = if link.by_rule { "rule" } else { "person" };
            self.element("link", &[("kind", link.kind), ("by", by)], &link.number)?;
        }
        self.out.write_event(Event::End(BytesEnd::new("mail")))
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.write_event(Event::End(BytesEnd::new("mails")))?;
        let out = self.out.get_mut();
        out.write_all(b"\n")?;
        out.flush()
    }
}
