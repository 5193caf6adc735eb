//! The MIME tree (RFC 2045, 2046): boundaries, nesting, leaves. Bounded and linear.

mod boundary;
mod leaf;
pub(crate) mod tnef;

use model::{DefectKind, Disposition, Part, PartRole, Span, TransferEncoding};

use self::boundary::{Delimiter, Octets};
use self::leaf::read_leaf;
pub(crate) use self::leaf::sha256_of;

use crate::Limits;
use crate::body::digest::BodyDigest;
use crate::body::{charset, transfer};
use crate::defects::Defects;
use crate::header::content::{Content, content};
use crate::header::{self, RawField, text};

/// Everything that grows while the tree is walked.
pub(crate) struct Walk<'l> {
    pub(crate) limits: &'l Limits,
    pub(crate) defects: Defects,
    pub(crate) parts: Vec<Part>,
    /// `format` and `delsp` of each part, by index.
    pub(crate) flowed: Vec<Flowed>,
    /// Of the body, where somebody asks for it.
    pub(crate) digest: Option<BodyDigest>,
    pub(crate) depth: Depth,
    text_octets_left: usize,
    nested_octets_left: usize,
    stopped: bool,
}

/// How far leaves are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Decoded and hashed, their text kept.
    Contents,
    /// Where they are, no more.
    Places,
    /// The same, but that was not enough: a leaf holds others.
    PlacesFallShort,
}

/// RFC 3676.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flowed {
    pub(crate) flowed: bool,
    pub(crate) del_sp: bool,
}

/// Where in the tree an entity stands.
#[derive(Clone)]
struct Position {
    parent: Option<u32>,
    number: String,
    depth: usize,
    message_depth: u16,
    /// The entity is the whole of a mail: its number is that of its only part if it is a leaf.
    whole: bool,
    in_digest: bool,
}

/// What the content fields of an entity say.
struct ContentFields {
    content_type: Content,
    disposition: Content,
    has_disposition: bool,
    encoding: TransferEncoding,
    content_id: Option<String>,
}

impl<'l> Walk<'l> {
    pub(crate) fn new(limits: &'l Limits, with_digest: bool) -> Self {
        Self {
            limits,
            defects: Defects::new(limits.defects_max),
            parts: Vec::new(),
            flowed: Vec::new(),
            digest: with_digest.then(BodyDigest::default),
            depth: Depth::Contents,
            text_octets_left: limits.text_octets_max,
            nested_octets_left: limits.nested_octets_max,
            stopped: false,
        }
    }

    /// Walks a mail whose header section has been read: `fields`, body from `body_at`.
    pub(crate) fn mail(&mut self, octets: &[u8], fields: &[RawField<'_>], body_at: usize) {
        let position = Position {
            parent: None,
            number: String::new(),
            depth: 0,
            message_depth: 0,
            whole: true,
            in_digest: false,
        };
        let mut source = Octets::new(octets);
        self.body(&mut source, fields, body_at, position);
    }

    /// Reads an entity with its header section at `at`. Gives the delimiter that ended it.
    fn entity(&mut self, source: &mut Octets<'_>, at: usize, position: Position) -> Option<Delimiter> {
        let octets = source.content;
        let section = header::section(octets, at, self.limits, &mut self.defects, |line| {
            source.matches(line).is_some()
        });
        self.body(source, &section.fields, section.body_at, position)
    }

    fn body(
        &mut self,
        source: &mut Octets<'_>,
        fields: &[RawField<'_>],
        body_at: usize,
        position: Position,
    ) -> Option<Delimiter> {
        if self.parts.len() >= self.limits.parts_max {
            if !self.stopped {
                self.defects.add(DefectKind::TooManyParts, body_at);
            }
            self.stopped = true;
            return None;
        }
        let content = self.content_fields(fields, body_at, position.in_digest);
        let too_deep = position.depth >= self.limits.depth_max;
        let kind = content.content_type.value.as_str();
        let nests = kind.starts_with("multipart/") || is_message(kind);
        if nests && too_deep {
            self.defects.add(DefectKind::TooDeep, body_at);
        } else if kind.starts_with("multipart/") {
            match content.content_type.parameter("boundary").map(|b| b.trim_end().as_bytes().to_vec()) {
                Some(boundary) if !boundary.is_empty() => {
                    return self.multipart(source, &content, body_at, position, boundary);
                }
                _ => self.defects.add(DefectKind::BoundaryMissing, body_at),
            }
        } else if is_message(kind) {
            return self.message(source, &content, body_at, position);
        }
        let (end, delimiter) = source.content_end(body_at);
        self.leaf(&source.content[body_at..end], &content, body_at, position);
        delimiter
    }

    fn content_fields(&mut self, fields: &[RawField<'_>], at: usize, in_digest: bool) -> ContentFields {
        let max = self.limits.field_octets_max;
        let find = |name: &str| fields.iter().find(|field| field.is(name));
        let read = |field: &RawField<'_>| content(&field.body[..field.body.len().min(max)]);
        let mut content_type = find("Content-Type").map(read).unwrap_or_default();
        if !is_type(&content_type.value) {
            // RFC 2045 §5.2, RFC 2046 §5.1.5.
            let default =
                if in_digest && content_type.value.is_empty() { "message/rfc822" } else { "text/plain" };
            default.clone_into(&mut content_type.value);
        }
        let disposition = find("Content-Disposition");
        let encoding = match find("Content-Transfer-Encoding").map(|field| text::decode(field.body)) {
            Some(body) if !body.is_empty() => transfer::encoding(&body).unwrap_or_else(|| {
                self.defects.add(DefectKind::TransferEncoding, at);
                TransferEncoding::Identity
            }),
            _ => TransferEncoding::Identity,
        };
        let content_id = find("Content-ID")
            .map(|field| text::decode(&field.body[..field.body.len().min(998)]))
            .map(|id| id.trim_matches(|c: char| c == '<' || c == '>' || c.is_whitespace()).to_owned())
            .filter(|id| !id.is_empty());
        ContentFields {
            content_type,
            has_disposition: disposition.is_some(),
            disposition: disposition.map(read).unwrap_or_default(),
            encoding,
            content_id,
        }
    }

    /// Adds a part; gives its index.
    fn push(&mut self, content: &ContentFields, position: &Position, role: PartRole, body_at: Span) -> usize {
        let name = content
            .disposition
            .parameter("filename")
            .or_else(|| content.content_type.parameter("name"))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(ToOwned::to_owned);
        let disposition = match content.disposition.value.as_str() {
            _ if !content.has_disposition => Disposition::Absent,
            "inline" | "" => Disposition::Inline,
            // No word at all.
            word if !word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') => Disposition::Absent,
            _ => Disposition::Attachment,
        };
        let is = |name: &str, value: &str| {
            content.content_type.parameter(name).is_some_and(|v| v.trim().eq_ignore_ascii_case(value))
        };
        self.flowed.push(Flowed { flowed: is("format", "flowed"), del_sp: is("delsp", "yes") });
        self.parts.push(Part {
            number: position.number.clone(),
            parent: position.parent,
            message_depth: position.message_depth,
            role,
            content_type: content.content_type.value.clone(),
            charset: content.content_type.parameter("charset").map(str::to_lowercase),
            name,
            content_id: content.content_id.clone(),
            disposition,
            encoding: content.encoding,
            octets: 0,
            sha256: None,
            body_at,
            header_section: Vec::new(),
            text: None,
        });
        self.parts.len() - 1
    }

    fn multipart(
        &mut self,
        source: &mut Octets<'_>,
        content: &ContentFields,
        body_at: usize,
        position: Position,
        boundary: Vec<u8>,
    ) -> Option<Delimiter> {
        let level = source.push(boundary);
        let mut delimiter = source.next_delimiter(body_at);
        if delimiter.is_none_or(|d| d.level < level) {
            // The boundary never comes: what is there is text.
            source.close(level);
            self.defects.add(DefectKind::BoundaryMissing, body_at);
            let end = delimiter.map_or(source.content.len(), |d| source.before_line_end(d.at, body_at));
            self.leaf(&source.content[body_at..end], content, body_at, position);
            return delimiter;
        }
        let in_digest = content.content_type.value == "multipart/digest";
        let index = self.push(content, &position, PartRole::Container, Span { at: body_at as u64, len: 0 });
        let mut child_number = 0_usize;
        let mut closed = false;
        while let Some(d) = delimiter {
            if d.level < level || self.stopped {
                break;
            }
            if d.closing {
                closed = true;
                source.close(level);
                delimiter = source.next_delimiter(d.next);
                break;
            }
            child_number += 1;
            let number = join_number(&position.number, child_number);
            let child = Position {
                parent: Some(index as u32),
                number,
                depth: position.depth + 1,
                message_depth: position.message_depth,
                whole: false,
                in_digest,
            };
            delimiter = self.entity(source, d.next, child);
        }
        source.close(level);
        if !closed && !self.stopped {
            self.defects.add(DefectKind::BoundaryUnclosed, body_at);
        }
        let end = delimiter.map_or(source.content.len(), |d| source.before_line_end(d.at, body_at));
        self.parts[index].body_at.len = (end - body_at) as u64;
        if position.whole && position.message_depth > 0 {
            self.parts[index].number = join_number(&position.number, 0);
        }
        delimiter
    }

    /// A part that holds a mail.
    fn message(
        &mut self,
        source: &mut Octets<'_>,
        content: &ContentFields,
        body_at: usize,
        mut position: Position,
    ) -> Option<Delimiter> {
        if position.whole {
            position.number = join_number(&position.number, 1);
        }
        let index = self.push(content, &position, PartRole::Message, Span { at: body_at as u64, len: 0 });
        let inner = Position {
            parent: Some(index as u32),
            number: position.number.clone(),
            depth: position.depth + 1,
            message_depth: position.message_depth.saturating_add(1),
            whole: true,
            in_digest: false,
        };
        let delimiter;
        if content.encoding == TransferEncoding::Identity {
            delimiter = self.nested(source, body_at, index, inner);
            let end = delimiter.map_or(source.content.len(), |d| source.before_line_end(d.at, body_at));
            self.parts[index].body_at.len = (end - body_at) as u64;
            self.parts[index].octets = (end - body_at) as u64;
        } else {
            let end;
            (end, delimiter) = source.content_end(body_at);
            self.parts[index].body_at.len = (end - body_at) as u64;
            let decoded = transfer::decode_all(
                content.encoding,
                &source.content[body_at..end],
                self.nested_octets_left,
            );
            self.nested_octets_left -= decoded.len();
            self.parts[index].octets = decoded.len() as u64;
            let before = self.defects.fix(None);
            self.defects.fix(Some(before.unwrap_or(body_at as u64)));
            let mut decoded_source = Octets::new(&decoded);
            self.nested(&mut decoded_source, 0, index, inner);
            self.defects.fix(before);
        }
        delimiter
    }

    /// Reads the mail inside part `index`.
    fn nested(
        &mut self,
        source: &mut Octets<'_>,
        at: usize,
        index: usize,
        position: Position,
    ) -> Option<Delimiter> {
        let octets = source.content;
        let section = header::section(octets, at, self.limits, &mut self.defects, |line| {
            source.matches(line).is_some()
        });
        let mut room = self.limits.field_octets_max;
        for field in &section.fields {
            let decoded = field.decoded(self.limits, &mut self.defects);
            let Some(left) = room.checked_sub(decoded.body.len() + decoded.name.len()) else { break };
            room = left;
            self.parts[index].header_section.push(decoded);
        }
        self.body(source, &section.fields, section.body_at, position)
    }

    fn leaf(&mut self, body: &[u8], content: &ContentFields, body_at: usize, mut position: Position) {
        if position.whole {
            position.number = join_number(&position.number, 1);
        }
        let span = Span { at: body_at as u64, len: body.len() as u64 };
        let index = self.push(content, &position, PartRole::Body, span);
        let kind = content.content_type.value.as_str();
        let part = &mut self.parts[index];
        part.role = if is_report(kind) {
            PartRole::Report
        } else if is_message(kind) {
            PartRole::Message
        } else if kind.starts_with("multipart/") && part.disposition != Disposition::Attachment {
            // Boundary missing or never met: shown as text.
            PartRole::Body
        } else if !kind.starts_with("text/")
            || part.name.is_some()
            || part.disposition == Disposition::Attachment
        {
            PartRole::Attachment
        } else {
            PartRole::Body
        };
        let keep_text = matches!(part.role, PartRole::Body | PartRole::Report);
        let is_text = kind.starts_with("text/");
        let keep = if keep_text { self.limits.part_text_octets_max.min(self.text_octets_left) } else { 0 };
        let is_tnef = part.role == PartRole::Attachment && tnef::is_named(part);
        if self.depth != Depth::Contents {
            if is_tnef {
                self.depth = Depth::PlacesFallShort;
            }
            return;
        }
        let read = read_leaf(content.encoding, body, keep, is_text, self.digest.as_mut());
        if !read.clean {
            self.defects.add(DefectKind::TransferEncoding, body_at);
        }
        let part = &mut self.parts[index];
        part.octets = read.octets;
        part.sha256 = Some(read.sha256);
        if keep_text {
            self.text_octets_left -= read.kept.len();
            let whole = read.kept.len() as u64 == read.octets;
            let charset = part.charset.as_deref().unwrap_or_default();
            let (text, fits) = charset::decode(charset.as_bytes(), &read.kept);
            part.text = Some(if memchr::memchr(0, text.as_bytes()).is_some() {
                text.replace('\0', "\u{fffd}")
            } else {
                text
            });
            if !whole {
                self.defects.add(DefectKind::TextTooLong, body_at);
            } else if !fits {
                self.defects.add(DefectKind::Charset, body_at);
            }
        }
        if is_tnef {
            self.tnef(index, body);
        }
    }
}

/// `type/subtype`, both there.
fn is_type(value: &str) -> bool {
    value.split_once('/').is_some_and(|(kind, subtype)| !kind.is_empty() && !subtype.is_empty())
}

/// Types whose body is a mail.
fn is_message(kind: &str) -> bool {
    matches!(kind, "message/rfc822" | "message/global" | "message/news")
}

/// Types that report on a mail: their text is kept for classification.
fn is_report(kind: &str) -> bool {
    matches!(
        kind,
        "message/delivery-status"
            | "message/global-delivery-status"
            | "message/disposition-notification"
            | "message/global-disposition-notification"
            | "message/feedback-report"
            | "message/global-headers"
            | "text/rfc822-headers"
    )
}

fn join_number(parent: &str, child: usize) -> String {
    if parent.is_empty() { child.to_string() } else { format!("{parent}.{child}") }
}
