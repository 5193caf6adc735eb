//! What a mail is made of: raw slices, and objects that stand in it as base64, as quoted-printable or as they are.
//!
//! [`Splitter`] takes a mail as it comes and tells a [`Sink`] what it consists of. It looks at lines, hardly at the
//! structure of the mail: lines of one length and one kind of line end that are base64 and decode to at least
//! [`OBJECT_MIN`] octets are an object; the last of them may be shorter, padded, and need not be ended. So is the text
//! behind the header of a part that names a file, up to the line that begins as the one before that header; the end of
//! its last line belongs to that. Each line is encoded again and compared before it counts, so that [`Code::encode`] gives
//! exactly what was there; everything else is raw. Linear in time; holds at most a line of text and [`OBJECT_MIN`] octets
//! of lines that may become an object.
//!
//! # List of pieces
//!
//! Places are kept out of band, in the list of a record (see [`crate::record`]):
//!
//! ```text
//! list   = version (1), flags, objects, pieces           flags: a reader must know them, 0
//! objects = number, each: object id (16), segment id (16), offset, length of the record, octets of the object
//! pieces = number, each: raw octets before it, number of the object from 0, code, parameters
//! code   = 0 as it is; 1 base64; 2 quoted-printable
//! base64 = characters of a line (a multiple of 4), bits: 1 lines end with LF and not CRLF, 2 the last one is ended
//! quoted-printable = characters of a line, bits: 1 lines end with LF and not CRLF, 2 room for `=` at the end of a text
//!          line too; characters that are encoded besides those that must be: bits of 0 to 63, of 64 to 127; octets in the mail
//! ```
//!
//! Numbers are LEB128. What is raw behind the last piece follows it.

mod named;
mod quoted;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Location, ObjectId, SegmentId};

use crate::Defect;
use crate::octets::{Octets, push_varint};

use named::{Header, Taken, Text};
pub use quoted::Quoted;

/// A run that decodes to fewer octets stays raw.
pub const OBJECT_MIN: usize = 2048;
/// Pieces of a mail at most; what would be one more stays raw.
pub const PIECES_MAX: usize = 4096;
/// Characters of a line of base64.
const LINE_MIN: usize = 32;
const LINE_MAX: usize = 996;
const VERSION: u8 = 1;
const CODE_AS_IS: u8 = 0;
const CODE_BASE64: u8 = 1;
const CODE_QUOTED: u8 = 2;
const BIT_LF: u64 = 1;
const BIT_ENDED: u64 = 2;

/// How the octets of an object stand in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// As they are.
    AsIs,
    /// As lines of base64 with padding (RFC 2045 §6.8).
    Base64 {
        /// Characters of each line but the last, a multiple of 4, at most 996.
        line: u16,
        /// Lines end with LF, otherwise with CRLF.
        lf: bool,
        /// The last line is ended too.
        ended: bool,
    },
    /// As quoted-printable (RFC 2045 §6.7).
    Quoted(Quoted),
}

impl Code {
    /// How many of these octets of an object, with which others may follow, can be encoded now: whole lines.
    pub fn whole(self, octets: &[u8]) -> usize {
        match self {
            Self::AsIs => octets.len(),
            // Whether a line is the last one is known when something follows it.
            Self::Base64 { line, .. } => {
                let unit = line_octets(line);
                octets.len().saturating_sub(1) / unit * unit
            }
            Self::Quoted(quoted) => quoted.whole(octets),
        }
    }

    /// Of lines that are all as long: octets of the object, and of the mail, that are a line. `None` where they are not.
    pub const fn unit(self) -> Option<(u64, u64)> {
        match self {
            Self::AsIs => Some((1, 1)),
            Self::Base64 { line, lf, .. } => {
                Some((line_octets(line) as u64, line as u64 + end_of(lf).len() as u64))
            }
            Self::Quoted(_) => None,
        }
    }

    /// Octets in the mail of an object of `octets`.
    pub const fn encoded_len(self, octets: u64) -> u64 {
        match self {
            Self::AsIs => octets,
            Self::Base64 { line, lf, ended } => {
                if octets == 0 {
                    return 0;
                }
                let chars = octets.div_ceil(3) * 4;
                let lines = chars.div_ceil(line as u64);
                chars + (lines - !ended as u64) * end_of(lf).len() as u64
            }
            Self::Quoted(quoted) => quoted.encoded,
        }
    }

    /// Appends what stands in the mail for `octets`, which begin a line and end one, see [`Self::whole`], unless they are the
    /// `last` of the object.
    pub fn encode(self, octets: &[u8], last: bool, out: &mut Vec<u8>) {
        match self {
            Self::AsIs => out.extend_from_slice(octets),
            Self::Base64 { line, lf, ended } => {
                let (end, line) = (end_of(lf), usize::from(line));
                out.reserve(octets.len() / 3 * 4 + octets.len() / 20 + 8);
                // Many lines at once are encoded faster than each for itself.
                let mut chars = [0; 2 * LINE_MAX];
                for lines in octets.chunks(chars.len() / line * line_octets(line as u16)) {
                    let len = STANDARD.encode_slice(lines, &mut chars).unwrap_or(0);
                    for text in chars[..len].chunks(line) {
                        out.extend_from_slice(text);
                        out.extend_from_slice(end);
                    }
                }
                if last && !ended && !octets.is_empty() {
                    out.truncate(out.len() - end.len());
                }
            }
            Self::Quoted(quoted) => quoted.encode(octets, out),
        }
    }
}

const fn line_octets(line: u16) -> usize {
    line as usize / 4 * 3
}

const fn end_of(lf: bool) -> &'static [u8] {
    if lf { b"\n" } else { b"\r\n" }
}

/// What is told of a mail while it comes.
pub trait Sink {
    /// Why it cannot go on.
    type Error;
    /// Octets that stay as they are.
    ///
    /// # Errors
    /// The sink's.
    fn raw(&mut self, octets: &[u8]) -> Result<(), Self::Error>;
    /// An object begins.
    ///
    /// # Errors
    /// The sink's.
    fn begin(&mut self) -> Result<(), Self::Error>;
    /// Octets of the object, decoded.
    ///
    /// # Errors
    /// The sink's.
    fn object(&mut self, octets: &[u8]) -> Result<(), Self::Error>;
    /// The object is whole.
    ///
    /// # Errors
    /// The sink's.
    fn end(&mut self, code: Code) -> Result<(), Self::Error>;
}

/// A run of lines of base64.
#[derive(Clone, Copy)]
struct Run {
    line: usize,
    lf: bool,
    /// Its beginning was told.
    told: bool,
}

/// Finds objects in a mail that comes piece by piece.
pub struct Splitter {
    /// A line whose end has not come yet.
    partial: Vec<u8>,
    /// Within a line too long to be looked at.
    long: bool,
    run: Option<Run>,
    header: Header,
    text: Option<Text>,
    /// The lines of a run that is not told yet, and what they decode to.
    held: Vec<u8>,
    decoded: Vec<u8>,
    scratch: [u8; LINE_MAX],
    pieces: usize,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            partial: Vec::new(),
            long: false,
            run: None,
            header: Header::default(),
            text: None,
            held: Vec::new(),
            decoded: Vec::new(),
            scratch: [0; LINE_MAX],
            pieces: 0,
        }
    }
}

/// A line with its end.
struct Line<'a> {
    text: &'a [u8],
    whole: &'a [u8],
    /// `None`: not ended.
    lf: Option<bool>,
}

impl<'a> Line<'a> {
    fn of(whole: &'a [u8]) -> Self {
        let (text, lf) = if let Some(text) = whole.strip_suffix(b"\r\n") {
            (text, Some(false))
        } else if let Some(text) = whole.strip_suffix(b"\n") {
            (text, Some(true))
        } else {
            (whole, None)
        };
        Self { text, whole, lf }
    }
}

impl Splitter {
    /// Takes more octets of the mail.
    ///
    /// # Errors
    /// The sink's.
    pub fn push<S: Sink>(&mut self, mut octets: &[u8], sink: &mut S) -> Result<(), S::Error> {
        while let Some(end) = memchr::memchr(b'\n', octets) {
            let (line, rest) = octets.split_at(end + 1);
            octets = rest;
            if self.long {
                self.long = false;
                self.of_long(line, sink)?;
            } else if self.partial.is_empty() {
                self.line(line, sink)?;
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                self.line(&whole, sink)?;
                whole.clear();
                self.partial = whole;
            }
        }
        if self.long {
            return self.of_long(octets, sink);
        }
        self.partial.extend_from_slice(octets);
        if self.partial.len() > LINE_MAX + 1 {
            self.end_run(true, sink)?;
            self.long = true;
            let partial = std::mem::take(&mut self.partial);
            let taken = match &mut self.text {
                Some(text) => text.long(&partial, sink)?,
                None => false,
            };
            if !taken {
                self.end_text(sink)?;
                self.header.forget();
                sink.raw(&partial)?;
            }
            self.partial = partial;
            self.partial.clear();
        }
        Ok(())
    }

    fn of_long<S: Sink>(&mut self, octets: &[u8], sink: &mut S) -> Result<(), S::Error> {
        match &mut self.text {
            Some(text) => text.longer(octets, sink),
            None => sink.raw(octets),
        }
    }

    fn end_text<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        if let Some(text) = self.text.take() {
            self.pieces += usize::from(text.finish(sink)?);
        }
        Ok(())
    }

    /// The mail is whole.
    ///
    /// # Errors
    /// The sink's.
    pub fn finish<S: Sink>(mut self, sink: &mut S) -> Result<(), S::Error> {
        let partial = std::mem::take(&mut self.partial);
        if !partial.is_empty() {
            self.line(&partial, sink)?;
        }
        self.end_text(sink)?;
        self.end_run(true, sink)
    }

    fn line<S: Sink>(&mut self, whole: &[u8], sink: &mut S) -> Result<(), S::Error> {
        let line = Line::of(whole);
        if let Some(text) = &mut self.text {
            let taken = text.take(&line, sink)?;
            if taken != Taken::Yes {
                self.end_text(sink)?;
            }
            if taken != Taken::Not {
                return Ok(());
            }
        }
        if self.run.is_some() {
            if self.go_on(&line, sink)? {
                return Ok(());
            }
            self.end_run(true, sink)?;
        }
        self.text = self.header.look(&line).filter(|_| self.pieces < PIECES_MAX);
        if self.text.is_none() && self.may_begin(&line) {
            self.run = Some(Run { line: line.text.len(), lf: line.lf == Some(true), told: false });
            return self.go_on(&line, sink).map(|_| ());
        }
        sink.raw(line.whole)
    }

    fn may_begin(&mut self, line: &Line<'_>) -> bool {
        let len = line.text.len();
        (LINE_MIN..=LINE_MAX).contains(&len)
            && len.is_multiple_of(4)
            && line.lf.is_some()
            && self.pieces < PIECES_MAX
            && self.decode(line.text) == Some(len / 4 * 3)
    }

    /// Takes a line into the run; `false` if it does not belong there.
    fn go_on<S: Sink>(&mut self, line: &Line<'_>, sink: &mut S) -> Result<bool, S::Error> {
        let Some(run) = self.run else { return Ok(false) };
        let len = line.text.len();
        if len > run.line || len == 0 || !len.is_multiple_of(4) || line.lf.is_some_and(|lf| lf != run.lf) {
            return Ok(false);
        }
        let Some(octets) = self.decode(line.text) else { return Ok(false) };
        if run.told {
            sink.object(&self.scratch[..octets])?;
        } else {
            self.held.extend_from_slice(line.whole);
            self.decoded.extend_from_slice(&self.scratch[..octets]);
            if self.decoded.len() >= OBJECT_MIN {
                sink.begin()?;
                sink.object(&self.decoded)?;
                self.decoded.clear();
                self.held.clear();
                self.run = Some(Run { told: true, ..run });
            }
        }
        // Only the last line is shorter, padded or not ended.
        if octets < run.line / 4 * 3 || line.lf.is_none() {
            self.end_run(line.lf.is_some(), sink)?;
        }
        Ok(true)
    }

    fn end_run<S: Sink>(&mut self, ended: bool, sink: &mut S) -> Result<(), S::Error> {
        let Some(run) = self.run.take() else { return Ok(()) };
        if run.told {
            self.pieces += 1;
            return sink.end(Code::Base64 { line: run.line as u16, lf: run.lf, ended });
        }
        sink.raw(&self.held)?;
        self.held.clear();
        self.decoded.clear();
        Ok(())
    }

    /// Decodes a line into `scratch` if encoding gives the very same line again.
    fn decode(&mut self, text: &[u8]) -> Option<usize> {
        // Cheaper than the first block of the decoder.
        if !text.iter().take(2).all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/')) {
            return None;
        }
        let octets = STANDARD.decode_slice(text, &mut self.scratch).ok()?;
        let mut again = [0; LINE_MAX];
        let len = STANDARD.encode_slice(&self.scratch[..octets], &mut again).ok()?;
        (again[..len] == *text).then_some(octets)
    }
}

/// An object a mail consists of, and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// Its record's name.
    pub object_id: ObjectId,
    /// Where its record lies.
    pub location: Location,
    /// Its octets, decoded.
    pub octets: u64,
}

/// An object's place in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// Raw octets before it, from the end of the piece before.
    pub raw: u64,
    /// Which of the parts, from 0.
    pub part: u32,
    /// How it stands there.
    pub code: Code,
}

/// Octets of a list.
pub fn encode_list(parts: &[Part], pieces: &[Piece]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + parts.len() * 48 + pieces.len() * 12);
    out.push(VERSION);
    push_varint(&mut out, 0);
    push_varint(&mut out, parts.len() as u64);
    for part in parts {
        out.extend_from_slice(part.object_id.octets());
        out.extend_from_slice(part.location.segment.octets());
        push_varint(&mut out, part.location.at);
        push_varint(&mut out, part.location.len);
        push_varint(&mut out, part.octets);
    }
    push_varint(&mut out, pieces.len() as u64);
    for piece in pieces {
        push_varint(&mut out, piece.raw);
        push_varint(&mut out, u64::from(piece.part));
        match piece.code {
            Code::AsIs => out.push(CODE_AS_IS),
            Code::Base64 { line, lf, ended } => {
                out.push(CODE_BASE64);
                push_varint(&mut out, u64::from(line));
                push_varint(&mut out, u64::from(lf) * BIT_LF + u64::from(ended) * BIT_ENDED);
            }
            Code::Quoted(quoted) => {
                out.push(CODE_QUOTED);
                quoted.write(&mut out);
            }
        }
    }
    out
}

/// Reads a list. Each piece names a part there is.
///
/// # Errors
/// `Unsupported` for another version, flag or code; `Short`, `Value`.
pub fn decode_list(octets: &[u8]) -> Result<(Vec<Part>, Vec<Piece>), Defect> {
    let mut from = Octets::new(octets);
    if from.u8()? != VERSION || from.varint()? != 0 {
        return Err(Defect::Unsupported);
    }
    let mut parts = Vec::new();
    for _ in 0..count(&mut from)? {
        let object_id = ObjectId::from_octets(from.array()?);
        let segment = SegmentId::from_octets(from.array()?);
        let location = Location { segment, at: from.varint()?, len: from.varint()? };
        parts.push(Part { object_id, location, octets: from.varint()? });
    }
    let mut pieces = Vec::new();
    for _ in 0..count(&mut from)? {
        let raw = from.varint()?;
        let part = u32::try_from(from.varint()?).map_err(|_| Defect::Value)?;
        if part as usize >= parts.len() {
            return Err(Defect::Value);
        }
        let code = match from.u8()? {
            CODE_AS_IS => Code::AsIs,
            CODE_BASE64 => base64_code(&mut from)?,
            CODE_QUOTED => Code::Quoted(Quoted::read(&mut from)?),
            _ => return Err(Defect::Unsupported),
        };
        pieces.push(Piece { raw, part, code });
    }
    Ok((parts, pieces))
}

fn count(from: &mut Octets<'_>) -> Result<u64, Defect> {
    let count = from.varint()?;
    if count > PIECES_MAX as u64 { Err(Defect::Value) } else { Ok(count) }
}

fn base64_code(from: &mut Octets<'_>) -> Result<Code, Defect> {
    let line = u16::try_from(from.varint()?).map_err(|_| Defect::Value)?;
    let bits = from.varint()?;
    if line == 0 || usize::from(line) > LINE_MAX || !line.is_multiple_of(4) {
        return Err(Defect::Value);
    }
    if bits > (BIT_LF | BIT_ENDED) {
        return Err(Defect::Unsupported);
    }
    Ok(Code::Base64 { line, lf: bits & BIT_LF != 0, ended: bits & BIT_ENDED != 0 })
}

#[cfg(test)]
mod tests;
