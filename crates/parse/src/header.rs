//! The header section (RFC 5322 §2.2): lines to fields, fields to values.

pub mod address;
pub mod auth_results;
pub mod content;
pub mod date;
pub mod msg_id;
pub mod received;
pub mod text;
pub mod thread_index;

use memchr::memchr;
use model::{DefectKind, HeaderField};

use crate::Limits;
use crate::defects::Defects;

/// A field as it stands in the mail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawField<'a> {
    /// Offset of the body.
    body_at: usize,
    /// Name as written, without the colon; may hold any octet but line ends.
    pub(crate) name: &'a [u8],
    /// Everything behind the colon, folded, without the last line end.
    pub(crate) body: &'a [u8],
    /// Offset of the name.
    pub(crate) at: usize,
}

impl<'a> RawField<'a> {
    /// A field that has been decoded before.
    pub(crate) fn of_decoded(field: &'a HeaderField) -> Self {
        Self { body_at: 0, name: field.name.as_bytes(), body: field.body.as_bytes(), at: field.at as usize }
    }
}

impl RawField<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The field with its body decoded, bounded.
    pub(crate) fn decoded(&self, limits: &Limits, defects: &mut Defects) -> HeaderField {
        let body = self.bounded(limits.field_octets_max, defects);
        HeaderField { name: text::lossy(self.name), body: text::decode(body), at: self.at as u64 }
    }

    /// The body, cut to `max` octets.
    pub(crate) fn bounded(&self, max: usize, defects: &mut Defects) -> &[u8] {
        if self.body.len() > max {
            defects.add(DefectKind::FieldTooLong, self.at);
            &self.body[..max]
        } else {
            self.body
        }
    }
}

/// A header section and where the body begins.
pub(crate) struct Section<'a> {
    pub(crate) fields: Vec<RawField<'a>>,
    /// Offset behind the empty line; the end of the octets if there is none.
    pub(crate) body_at: usize,
}

/// Length of a line at the start of `octets`, its line end included.
pub(crate) fn line_len(octets: &[u8]) -> usize {
    memchr(b'\n', octets).map_or(octets.len(), |at| at + 1)
}

/// The line without its end (LF or CR LF).
pub(crate) fn chomp(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Position of the colon if the line is a field: a name of at least one printable octet, perhaps followed by
/// white space (obsolete syntax, RFC 5322 §4.5).
pub(crate) fn field_colon(line: &[u8]) -> Option<usize> {
    let colon = memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && !name.iter().any(|&c| c <= b' ' || c == 0x7f)).then_some(colon)
}

/// Reads a header section that begins at `at` in `octets`. It ends at an empty line, before a line that
/// `is_delimiter`, or before a line that can only be body.
pub(crate) fn section<'a>(
    octets: &'a [u8],
    at: usize,
    limits: &Limits,
    defects: &mut Defects,
    is_delimiter: impl Fn(&[u8]) -> bool,
) -> Section<'a> {
    let end = octets.len();
    let mut fields: Vec<RawField<'a>> = Vec::with_capacity(24);
    let mut pos = at;
    let mut too_many = false;
    while pos < end {
        let len = line_len(&octets[pos..end]);
        let line = chomp(&octets[pos..pos + len]);
        if line.is_empty() {
            return Section { fields, body_at: pos + len };
        }
        if line.starts_with(b"--") && is_delimiter(line) {
            return Section { fields, body_at: pos };
        }
        let field_end = field_end(octets, pos + len);
        match field_colon(line) {
            Some(colon) if fields.len() < limits.fields_max => fields.push(RawField {
                name: line[..colon].trim_ascii_end(),
                body: chomp(&octets[pos + colon + 1..field_end]),
                body_at: pos + colon + 1,
                at: pos,
            }),
            Some(_) if !too_many => {
                too_many = true;
                defects.add(DefectKind::TooManyFields, pos);
            }
            Some(_) => {}
            None => {
                defects.add(DefectKind::BrokenField, pos);
                if !goes_on(octets, field_end, fields.last()) {
                    return Section { fields, body_at: pos };
                }
                // A fold whose white space was lost on the way.
                if let Some(last) = fields.last_mut() {
                    last.body = chomp(&octets[last.body_at..field_end]);
                }
            }
        }
        pos = field_end;
    }
    Section { fields, body_at: end }
}

/// End of the field whose first line ends at `pos`: lines that begin with white space belong to it, unless
/// they are nothing but white space.
fn field_end(octets: &[u8], mut pos: usize) -> usize {
    let end = octets.len();
    while pos < end && matches!(octets[pos], b' ' | b'\t') {
        pos += line_len(&octets[pos..end]);
    }
    pos
}

/// Octets behind a broken line that are searched for a field that everybody knows.
const LOOK_AHEAD_OCTETS: usize = 2_000;

/// Whether the header section goes on behind a line that is no field and ends at `next`: a well-known field
/// follows before the next empty line, or the field before it is not complete.
fn goes_on(octets: &[u8], next: usize, before: Option<&RawField<'_>>) -> bool {
    let mut window = &octets[next..octets.len().min(next + LOOK_AHEAD_OCTETS)];
    for line_number in 0..6 {
        let (line, rest) = window.split_at(line_len(window));
        window = rest;
        let line = chomp(line);
        if line.is_empty() {
            let unfinished = before.is_some_and(|field| {
                field.body.ends_with(b";")
                    && field.name.len() > 8
                    && field.name[..8].eq_ignore_ascii_case(b"content-")
            });
            return line_number == 0 && unfinished;
        }
        if field_colon(line).is_some_and(|colon| is_well_known(line[..colon].trim_ascii_end())) {
            return true;
        }
    }
    false
}

fn is_well_known(name: &[u8]) -> bool {
    const NAMES: [&str; 17] = [
        "received",
        "from",
        "to",
        "cc",
        "date",
        "subject",
        "message-id",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "return-path",
        "delivered-to",
        "reply-to",
        "in-reply-to",
        "references",
        "sender",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}
