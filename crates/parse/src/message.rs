//! The whole mail: header section, MIME tree, body text, facts.

use std::borrow::Cow;

use model::{
    Address, Defect, DefectKind, HeaderField, MailFacts, Message, MessageId, Part, PartRole, ReversePath,
    Sha256, Span, TransferEncoding,
};

use crate::body::digest::BodyDigest;
use crate::body::transfer;
use crate::defects::Defects;
use crate::header::date::Date;
use crate::header::{RawField, Section, address, date, msg_id, received, section, text, thread_index};
use crate::tree::{Depth, Walk};
use crate::{Limits, body, facts};

/// Everything that parsing finds out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What the mail says.
    pub message: Message,
    /// What is wrong with it, in the order of the mail, bounded.
    pub defects: Vec<Defect>,
    /// What linking needs to know.
    pub facts: MailFacts,
    /// Equal for copies of one mail in Inbox, Sent and journal: independent of header fields, transfer
    /// encoding, line ends and white space at line ends.
    pub body_digest: Sha256,
}

/// Parses a mail. Total: any octets give a message, whose `parts` is never empty.
///
/// Takes time linear in the octets and, beside them, memory for what `limits` let through: a large leaf is
/// hashed while it is decoded and not kept.
///
/// Source: RFC 5322, RFC 2045 to 2047, RFC 2183, RFC 2231, RFC 3676, RFC 6532.
pub fn parse(octets: &[u8], limits: &Limits) -> Parsed {
    let mut walk = Walk::new(limits, true);
    let message = walked(octets, &mut walk);
    let facts = facts::facts(message.subject.as_deref(), &message.body, limits.found_max);
    let body_digest = walk.digest.take().map_or(Sha256([0; 32]), BodyDigest::finish);
    Parsed { message, defects: walk.defects.into_list(), facts, body_digest }
}

/// Reads what a mail says, as [`parse`] does, for those who neither file nor link it: without its facts and the digest of
/// its body.
pub fn read(octets: &[u8], limits: &Limits) -> (Message, Vec<Defect>) {
    let mut walk = Walk::new(limits, false);
    let message = walked(octets, &mut walk);
    (message, walk.defects.into_list())
}

/// The parts of a mail as [`read`] gives them, without octets, digest and text: enough for [`part_content`].
pub fn places(octets: &[u8], limits: &Limits) -> Vec<Part> {
    let mut walk = Walk::new(limits, false);
    walk.depth = Depth::Places;
    let octets = &*with_line_ends(octets);
    let (_, section) = mail_section(octets, limits, &mut walk.defects);
    walk.mail(octets, &section.fields, section.body_at);
    if walk.depth == Depth::PlacesFallShort { read(octets, limits).0.parts } else { walk.parts }
}

fn walked(octets: &[u8], walk: &mut Walk<'_>) -> Message {
    let octets = &*with_line_ends(octets);
    let limits = walk.limits;
    let (start, section) = mail_section(octets, limits, &mut walk.defects);
    if octets.len() == start {
        walk.defects.add(DefectKind::Empty, start);
    }
    if section.fields.is_empty() {
        walk.defects.add(DefectKind::NoHeader, start);
    }
    if let Some(at) = memchr::memchr(0, octets) {
        walk.defects.add(DefectKind::Nul, at);
    }
    let mut message = header(&section.fields, limits, &mut walk.defects);
    message.header_section =
        section.fields.iter().map(|field| field.decoded(limits, &mut walk.defects)).collect();
    walk.mail(octets, &section.fields, section.body_at);
    message.body = body::text(&walk.parts, &walk.flowed, limits.text_octets_max);
    message.parts = std::mem::take(&mut walk.parts);
    message
}

/// The header section of a mail whose octets went through [`with_line_ends`], and where it begins.
fn mail_section<'a>(octets: &'a [u8], limits: &Limits, defects: &mut Defects) -> (usize, Section<'a>) {
    let start = mail_start(octets, limits);
    (start, section(octets, start, limits, defects, |_| false))
}

/// Behind a first line `From …` that an mbox left.
fn mail_start(octets: &[u8], limits: &Limits) -> usize {
    if !limits.skip_mbox_from {
        return 0;
    }
    if octets.starts_with(b"From ") || octets.starts_with(b">From ") {
        crate::header::line_len(octets)
    } else {
        0
    }
}

/// Octets that have CR as their only line end get LF in its place: same offsets.
fn with_line_ends(octets: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\n', octets).is_none() && memchr::memchr(b'\r', octets).is_some() {
        octets.iter().map(|&c| if c == b'\r' { b'\n' } else { c }).collect::<Vec<u8>>().into()
    } else {
        octets.into()
    }
}

/// Fields of ids that are read, where one may stand.
const ID_FIELDS_MAX: usize = 4;

/// Fields that may stand once (RFC 5322 §3.6) and are read.
const ONCE: [&str; 10] =
    ["From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "Date", "Subject", "Content-Type"];

/// Reads fields of a header section.
struct Header<'a, 'l> {
    fields: &'a [RawField<'a>],
    limits: &'l Limits,
    defects: &'a mut Defects,
}

fn header(fields: &[RawField<'_>], limits: &Limits, defects: &mut Defects) -> Message {
    for name in ONCE {
        if let Some(again) = fields.iter().filter(|field| field.is(name)).nth(1) {
            defects.add(DefectKind::FieldRepeated, again.at);
        }
    }
    let mut header = Header { fields, limits, defects };
    let mut message = Message {
        subject: header.subject(),
        from: header.addresses("From"),
        sender: header.addresses("Sender").into_iter().next(),
        reply_to: header.addresses("Reply-To"),
        to: header.addresses("To"),
        cc: header.addresses("Cc"),
        bcc: header.addresses("Bcc"),
        received: header.all("Received").find_map(|field| received::received_date(field.body)),
        message_id: header.all("Message-ID").find_map(|field| msg_id::message_id(field.body)),
        in_reply_to: header.ids("In-Reply-To"),
        references: header.ids("References"),
        thread_index: header.first("Thread-Index").and_then(|field| thread_index::thread_index(field.body)),
        reverse_path: header.first("Return-Path").map(|field| reverse_path(field.body)),
        ..Message::default()
    };
    if let Some(date) = header.date() {
        message.date = Some(date.at);
        message.date_offset_minutes = date.offset_minutes;
    }
    if message.from.is_empty() {
        header.defects.add(DefectKind::FromMissing, 0);
    }
    if message.message_id.is_none() {
        header.defects.add(DefectKind::MessageIdMissing, 0);
    }
    message
}

impl<'a> Header<'a, '_> {
    fn all(&self, name: &'a str) -> impl Iterator<Item = &'a RawField<'a>> + use<'a> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    fn first(&self, name: &'a str) -> Option<&'a RawField<'a>> {
        self.all(name).next()
    }

    fn subject(&mut self) -> Option<String> {
        let field = self.first("Subject")?;
        Some(text::decode(field.bounded(self.limits.field_octets_max, self.defects)))
    }

    /// The addresses of all fields of this name, bounded together.
    fn addresses(&mut self, name: &'a str) -> Vec<Address> {
        let mut all: Vec<Address> = Vec::new();
        for field in self.all(name) {
            let body = field.bounded(self.limits.structured_octets_max, self.defects);
            let (addresses, more) = address::addresses(body, self.limits.addresses_max - all.len());
            all.extend(addresses);
            if more {
                self.defects.add(DefectKind::TooManyAddresses, field.at);
                break;
            }
        }
        all
    }

    fn date(&mut self) -> Option<Date> {
        let Some(field) = self.first("Date") else {
            self.defects.add(DefectKind::DateMissing, 0);
            return None;
        };
        let date = date::date(field.body);
        if date.is_none() {
            self.defects.add(DefectKind::DateUnreadable, field.at);
        }
        date
    }

    fn ids(&mut self, name: &'a str) -> Vec<MessageId> {
        let mut all = Vec::new();
        for field in self.all(name).take(ID_FIELDS_MAX) {
            let body = field.bounded(self.limits.structured_octets_max, self.defects);
            let (ids, more) = msg_id::message_ids(body, self.limits.ids_max);
            if more {
                self.defects.add(DefectKind::TooManyIds, field.at);
            }
            all.extend(ids);
        }
        all
    }
}

/// `Return-Path`: `<>` is the null path, and so is an empty body.
fn reverse_path(body: &[u8]) -> ReversePath {
    match address::addresses(&body[..body.len().min(2_000)], 1).0.pop() {
        Some(address) if !address.addr_spec.eq_ignore_ascii_case("MAILER-DAEMON") => {
            ReversePath::Path(address.addr_spec)
        }
        _ => ReversePath::Null,
    }
}

/// Reads the header section of a mail whose body may be missing, with all its fields, as [`read`] does.
///
/// `octets`: the beginning of a mail, at least up to the empty line behind the header section, if that is to be complete.
pub fn head(octets: &[u8], limits: &Limits) -> Message {
    let mut defects = Defects::new(limits.defects_max);
    let octets = &*with_line_ends(octets);
    let (_, section) = mail_section(octets, limits, &mut defects);
    let mut message = header(&section.fields, limits, &mut defects);
    message.header_section = section.fields.iter().map(|field| field.decoded(limits, &mut defects)).collect();
    message
}

/// Reads a header section alone: what stands in text/rfc822-headers, or before the body of a nested mail. Its fields
/// are not kept one by one.
pub fn header_section(octets: &[u8], limits: &Limits) -> (Message, Vec<Defect>) {
    let mut defects = Defects::new(limits.defects_max);
    let section = section(octets, 0, limits, &mut defects, |_| false);
    let message = header(&section.fields, limits, &mut defects);
    (message, defects.into_list())
}

/// Reads the fields of a nested mail's header section, [`Part::header_section`], as those of a mail.
///
/// They are not listed again. They are decoded already: a name with a comma may have fallen apart, so that addresses without `@` are left
/// out.
pub fn header_of(fields: &[HeaderField]) -> Message {
    let raw: Vec<RawField<'_>> = fields.iter().map(RawField::of_decoded).collect();
    let limits = Limits::default();
    let mut message = header(&raw, &limits, &mut Defects::new(0));
    for list in [&mut message.from, &mut message.to, &mut message.cc, &mut message.reply_to, &mut message.bcc]
    {
        list.retain(|address| address.addr_spec.contains('@'));
    }
    message
}

/// Content of part `index` after transfer decoding, for downloads and for reading attachments; of a
/// [`PartRole::Message`] the mail inside, which can be parsed in turn.
///
/// `octets`: the mail `parts` were made from; one whose only line end is CR is read with LF in its place. At most `octets_max` octets. `None` if there is no such part, or
/// if it does not belong to these octets.
pub fn part_content(octets: &[u8], parts: &[Part], index: usize, octets_max: usize) -> Option<Vec<u8>> {
    let octets = &*with_line_ends(octets);
    let part = parts.get(index)?;
    let mut around = part.parent;
    while let Some(parent) = around {
        let parent_part = parts.get(parent as usize)?;
        if parent_part.role == PartRole::Attachment {
            let inside = part_content(octets, parts, parent as usize, usize::MAX)?;
            return crate::tree::tnef::content(&inside, part, octets_max);
        }
        if parent_part.role == PartRole::Message && parent_part.encoding != TransferEncoding::Identity {
            let inside = part_content(octets, parts, parent as usize, usize::MAX)?;
            return decoded(&inside, part, octets_max);
        }
        around = parent_part.parent.filter(|&up| up < parent);
    }
    decoded(octets, part, octets_max)
}

fn decoded(octets: &[u8], part: &Part, octets_max: usize) -> Option<Vec<u8>> {
    let Span { at, len } = part.body_at;
    let from = usize::try_from(at).ok()?;
    let body = octets.get(from..from.checked_add(usize::try_from(len).ok()?)?)?;
    let encoding = if part.role == PartRole::Container { TransferEncoding::Identity } else { part.encoding };
    Some(transfer::decode_all(encoding, body, octets_max))
}
