//! The types that go over the pipe. A field that is added to one of them does not compile until it stands here too.

use std::time::Duration;

use model::{
    Address, BodyText, Day, Defect, DefectKind, Disposition, Flags, Found, HeaderField, Invoice, InvoiceForm,
    MailFacts, Message, MessageId, NumberToken, Part, PartRole, Place, ReversePath, Sha256, Span, TextKind,
    TransferEncoding, UnixMillis,
};
use parse::Parsed;

use super::{Unreadable, Wire};
use crate::outcome::{Limits, Outcome, Reason, Text};
use crate::sniff::Kind;
use crate::unpack::{Octets, Saying, Told};

macro_rules! records {
    ($($record:ident { $($field:ident),* $(,)? })*) => {$(
        impl Wire for $record {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(out);)*
            }

            fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
                Ok(Self { $($field: Wire::get(from)?),* })
            }
        }
    )*};
}

/// One-field tuples.
macro_rules! wrappers {
    ($($wrapper:ident)*) => {$(
        impl Wire for $wrapper {
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }

            fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
                Wire::get(from).map(Self)
            }
        }
    )*};
}

/// Enums without fields: their place in the list.
macro_rules! words {
    ($($word:ident { $($variant:ident),* $(,)? }  )*) => {$(
        impl Wire for $word {
            fn put(&self, out: &mut Vec<u8>) {
                const ALL: &[$word] = &[$($word::$variant),*];
                let known = ALL.iter().position(|one| one == self);
                known.unwrap_or_default().put(out);
            }

            fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
                const ALL: &[$word] = &[$($word::$variant),*];
                ALL.get(usize::get(from)?).copied().ok_or(Unreadable)
            }
        }
    )*};
}

wrappers! { MessageId NumberToken Sha256 UnixMillis }

words! {
    Disposition { Absent, Inline, Attachment }
    PartRole { Container, Body, Attachment, Message, Report }
    TransferEncoding { Identity, QuotedPrintable, Base64, Uuencode }
    TextKind { New, Quoted, Signature }
    Place { Subject, New, Quoted, Signature }
    Reason { Timeout, Memory, Crash, Encrypted, Broken, TooLarge, NoChild }
    Saying { Begins, Mail, Other, Damaged, TooLarge, Encrypted, NotMail, Unsupported, Unreadable }
    InvoiceForm { Ubl, Cii, Zugferd }
    Kind { Other, Plain, Html, Pdf, Office, Rtf, Compound }
}

records! {
    HeaderField { name, body, at }
    Span { at, len }
    Defect { kind, at }
    Address { display_name, addr_spec }
    Part {
        number, parent, message_depth, role, content_type, charset, name, content_id, disposition, encoding,
        octets, sha256, body_at, header_section, text,
    }
    BodyText { text, stretches, from_html }
    Message {
        header_section, subject, from, sender, reply_to, to, cc, bcc, date, date_offset_minutes, received,
        message_id, in_reply_to, references, thread_index, reverse_path, parts, body,
    }
    MailFacts { numbers, addresses }
    Parsed { message, defects, facts, body_digest }
    Flags { seen, answered, flagged, draft, deleted }
    Invoice { form, number, date, total, currency, seller }
    Told { n, folder, key, what, text, received, flags, octets }
    Limits { cpu_seconds, silence, mail, memory_octets, document_octets, text_octets, mail_text_octets }
}

type ParseLimits = parse::Limits;

records! {
    ParseLimits {
        parts_max, depth_max, fields_max, field_octets_max, structured_octets_max, addresses_max, ids_max,
        part_text_octets_max, text_octets_max, nested_octets_max, found_max, defects_max, skip_mbox_from,
    }
}

impl Wire for Octets {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.len().put(out);
        out.extend_from_slice(&self.0);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        let len = usize::get(from)?;
        super::take(from, len).map(|octets| Self(octets.to_vec()))
    }
}

impl Wire for DefectKind {
    fn put(&self, out: &mut Vec<u8>) {
        Self::ALL.iter().position(|one| one == self).unwrap_or_default().put(out);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        Self::ALL.get(usize::get(from)?).copied().ok_or(Unreadable)
    }
}

impl<T: Wire> Wire for Found<T> {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { value, place, span } = self;
        value.put(out);
        place.put(out);
        span.put(out);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        Ok(Self { value: Wire::get(from)?, place: Wire::get(from)?, span: Wire::get(from)? })
    }
}

impl Wire for ReversePath {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => None,
            Self::Path(path) => Some(path.clone()),
        }
        .put(out);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        Ok(Option::get(from)?.map_or(Self::Null, Self::Path))
    }
}

impl Wire for Day {
    fn put(&self, out: &mut Vec<u8>) {
        i64::from(self.0).put(out);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        i32::try_from(i64::get(from)?).map(Self).map_err(|_| Unreadable)
    }
}

impl Wire for Duration {
    fn put(&self, out: &mut Vec<u8>) {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX).put(out);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        u64::get(from).map(Self::from_millis)
    }
}

impl Wire for Outcome {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(Text { text, truncated, invoice }) => {
                out.push(u8::from(*truncated));
                text.len().put(out);
                out.extend_from_slice(text.as_bytes());
                invoice.put(out);
            }
            Self::NoText => out.push(2),
            Self::Failed(reason) => {
                out.push(3);
                reason.put(out);
            }
        }
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        match u8::get(from)? {
            truncated @ (0 | 1) => {
                let text = String::get(from)?.into();
                Ok(Self::Text(Text { text, truncated: truncated == 1, invoice: Wire::get(from)? }))
            }
            2 => Ok(Self::NoText),
            3 => Reason::get(from).map(Self::Failed),
            _ => Err(Unreadable),
        }
    }
}
