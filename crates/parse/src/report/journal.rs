//! Journal reports of Exchange and Microsoft 365: multipart/mixed of a text part with fields and the mail they speak of.
//!
//! ```text
//! Sender: a@example.org
//! Subject: offer
//! Message-Id: <1@example.org>
//! To: b@example.org, Expanded: list@example.org
//! Cc: c@example.org, Forwarded: b@example.org
//! Bcc: d@example.org
//! Recipient: e@example.org
//! ```
//!
//! Source: Microsoft, "Journal reports" (enhanced journaling since Exchange 2003; `Recipient` of the older form).

use model::{Message, PartRole};

/// Field in which a recipient stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Of the header or the envelope.
    To,
    /// Likewise.
    Cc,
    /// Of the envelope only.
    Bcc,
    /// The report does not say.
    Recipient,
}

impl Field {
    /// As it stands in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::To => "To",
            Self::Cc => "Cc",
            Self::Bcc => "Bcc",
            Self::Recipient => "Recipient",
        }
    }
}

/// One who got the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub address: String,
    /// Where it stands.
    pub field: Field,
    /// The list it was a member of.
    pub expanded: Option<String>,
    /// Whose mail was forwarded to it.
    pub forwarded: Option<String>,
}

/// What a journal report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// `Sender`; `None` if empty (`<>`).
    pub sender: Option<String>,
    /// In the order of the report.
    pub recipients: Vec<Recipient>,
    /// Index of the mail in [`Message::parts`], for [`crate::part_content`].
    pub part: usize,
}

/// Reads a journal report; `None` if the mail is none. Whether its source may be believed is for the caller to know.
pub fn journal(message: &Message) -> Option<Journal> {
    let parts = &message.parts;
    let root = parts.first().filter(|root| root.content_type == "multipart/mixed")?;
    let mut children = (1..parts.len()).filter(|at| parts[*at].parent == Some(0) && root.parent.is_none());
    let text = parts[children.next()?].text.as_deref()?;
    let part = children.next()?;
    if parts[part].role != PartRole::Message || children.next().is_some() {
        return None;
    }
    let (mut sender, mut has_id, mut recipients) = (None, false, Vec::new());
    for line in text.lines() {
        let Some((name, body)) = line.split_once(':') else { continue };
        let field = match name.trim().to_ascii_lowercase().as_str() {
            "sender" if sender.is_none() => {
                sender = Some(address(body));
                continue;
            }
            "message-id" => {
                has_id = true;
                continue;
            }
            "to" => Field::To,
            "cc" => Field::Cc,
            "bcc" => Field::Bcc,
            "recipient" => Field::Recipient,
            _ => continue,
        };
        // Subject and body of others cannot stand here: one field, one line.
        if let Some(recipient) = recipient(field, body) {
            recipients.push(recipient);
        }
    }
    let sender = sender?;
    (has_id && !recipients.is_empty()).then(|| Journal {
        sender: Some(sender).filter(|sender| !sender.is_empty()),
        recipients,
        part,
    })
}

/// `b@example.org, Expanded: list@example.org`.
fn recipient(field: Field, body: &str) -> Option<Recipient> {
    let mut pieces = body.split(',');
    let mut found = Recipient { address: address(pieces.next()?), field, expanded: None, forwarded: None };
    for piece in pieces {
        let Some((word, value)) = piece.split_once(':') else { continue };
        let value = Some(address(value)).filter(|value| !value.is_empty());
        match word.trim().to_ascii_lowercase().as_str() {
            "expanded" => found.expanded = value,
            "forwarded" => found.forwarded = value,
            _ => {}
        }
    }
    found.address.contains('@').then_some(found)
}

/// Without brackets and a name before them.
fn address(text: &str) -> String {
    let text = text.trim();
    let text = text.rfind('<').map_or(text, |at| text[at + 1..].trim_end_matches('>'));
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, part_content, read};

    fn report(text: &str, inner: &str) -> String {
        format!(
            "From: <>\r\nTo: journal@here.test\r\nX-MS-Journal-Report:\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
        )
    }

    #[test]
    fn forms_of_recipients() {
        let text = "Sender: a@x.test\r\nSubject: To: nobody@x.test\r\nMessage-Id: <1@x.test>\r\nTo: b@x.test\r\nTo: c@x.test, Expanded: list@x.test\r\nCc: <d@x.test>, Forwarded: b@x.test\r\nBcc: e@x.test\r\nRecipient: f@x.test\r\nLabel: secret\r\n";
        let mail = report(text, "From: a@x.test\r\n\r\nbody\r\n");
        let (message, _) = read(mail.as_bytes(), &Limits::default());
        let found = journal(&message).unwrap();
        assert_eq!(found.sender.as_deref(), Some("a@x.test"));
        let recipients: Vec<String> = found
            .recipients
            .iter()
            .map(|r| format!("{} {} {:?} {:?}", r.field.as_str(), r.address, r.expanded, r.forwarded))
            .collect();
        assert_eq!(
            recipients,
            [
                "To b@x.test None None",
                "To c@x.test Some(\"list@x.test\") None",
                "Cc d@x.test None Some(\"b@x.test\")",
                "Bcc e@x.test None None",
                "Recipient f@x.test None None"
            ]
        );
        let inner = part_content(mail.as_bytes(), &message.parts, found.part, usize::MAX).unwrap();
        assert_eq!(String::from_utf8(inner).unwrap().trim_end(), "From: a@x.test\r\n\r\nbody");
    }

    #[test]
    fn other_mails_are_none() {
        let full = "Sender: a@x.test\r\nMessage-Id: <1@x.test>\r\nTo: b@x.test\r\n";
        for mail in [
            report("Please see attached.\r\nTo: b@x.test\r\n", "From: a\r\n\r\n"),
            report("Sender: a@x.test\r\nTo: b@x.test\r\n", "From: a\r\n\r\n"),
            report("Sender: a@x.test\r\nMessage-Id: <1@x.test>\r\n", "From: a\r\n\r\n"),
            report(full, "From: a\r\n\r\n").replace("message/rfc822", "text/plain"),
            report(full, "From: a\r\n\r\n").replace("multipart/mixed", "multipart/alternative"),
            String::new(),
        ] {
            assert_eq!(journal(&read(mail.as_bytes(), &Limits::default()).0), None, "{mail}");
        }
    }
}
