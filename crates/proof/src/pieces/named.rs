//! Attachments that are text: as they are, or quoted-printable. Of the structure of a mail only so much is looked at: a line that
//! begins with `--`, behind it a header that names a file, a blank line, and the next line that begins as the first did.

use super::quoted::{self, Quoted};
use super::{Code, LINE_MAX, Line, OBJECT_MIN, Sink};

/// Longest line that may be a boundary (RFC 2046 §5.1.1: 70, and two hyphens).
const DELIMITER_MAX: usize = 80;
/// Longest header of a part that is looked at, octets.
const HEADER_MAX: usize = 8192;
/// Longest line of decoded text, octets: it is held until it is known to come back the same.
const TEXT_LINE_MAX: usize = 64 << 10;

/// The header of what may be a part, as it comes.
#[derive(Default)]
pub(super) struct Header {
    /// Line that began it; empty: none.
    delimiter: Vec<u8>,
    octets: usize,
    named: bool,
    /// It holds other parts, or its text is base64 or something unknown.
    other: bool,
    quoted: bool,
}

impl Header {
    /// Looks at a line; gives what follows if it is the end of a header of an attachment.
    pub(super) fn look(&mut self, line: &Line<'_>) -> Option<Text> {
        let text = line.text;
        let delimiter = text.trim_ascii_end();
        if delimiter.starts_with(b"--") && (3..=DELIMITER_MAX).contains(&delimiter.len()) {
            self.forget();
            self.delimiter.extend_from_slice(delimiter);
            return None;
        }
        if self.delimiter.is_empty() {
            return None;
        }
        if text.len() > LINE_MAX {
            self.forget();
            return None;
        }
        self.octets += line.whole.len();
        if text.is_empty() {
            let found = self.named && !self.other && line.lf.is_some();
            let text = found.then(|| Text::new(std::mem::take(&mut self.delimiter), self.quoted));
            self.forget();
            return text;
        }
        let is_header = text[0] == b' ' || text[0] == b'\t' || memchr::memchr(b':', text).is_some();
        if !is_header || self.octets > HEADER_MAX {
            self.forget();
            return None;
        }
        self.field(&text.to_ascii_lowercase());
        None
    }

    fn field(&mut self, text: &[u8]) {
        if let Some(value) = text.strip_prefix(b"content-transfer-encoding:") {
            match value.trim_ascii() {
                b"quoted-printable" => self.quoted = true,
                b"7bit" | b"8bit" | b"binary" => {}
                _ => self.other = true,
            }
        } else if let Some(value) = text.strip_prefix(b"content-type:") {
            let value = value.trim_ascii_start();
            self.other |= value.starts_with(b"multipart/") || value.starts_with(b"message/");
        }
        self.named |=
            memchr::memmem::find(text, b"name=").is_some() || memchr::memmem::find(text, b"name*").is_some();
    }

    pub(super) fn forget(&mut self) {
        self.delimiter.clear();
        (self.octets, self.named, self.other, self.quoted) = (0, false, false, false);
    }
}

/// The text of an attachment.
pub(super) struct Text {
    delimiter: Vec<u8>,
    is_quoted: bool,
    /// Once it is told: what the mailer may write it with, all that fits so far.
    quoted: Vec<Quoted>,
    encoded: u64,
    told: bool,
    /// Octets of the mail that are not told yet.
    held: Vec<u8>,
    /// What they stand for; of a told object the line that is not complete yet.
    decoded: Vec<u8>,
    /// End of the last line: if the next one is the delimiter it belongs to that.
    end: Option<bool>,
    /// A piece of a long line ended with CR, which is perhaps half an end.
    cr: bool,
}

/// What became of a line.
#[derive(PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// It was, and the text goes no further.
    Last,
    /// The text ends before it.
    Not,
}

impl Text {
    fn new(delimiter: Vec<u8>, is_quoted: bool) -> Self {
        Self {
            delimiter,
            is_quoted,
            quoted: Vec::new(),
            encoded: 0,
            told: false,
            held: Vec::new(),
            decoded: Vec::new(),
            end: None,
            cr: false,
        }
    }

    /// Takes a line.
    pub(super) fn take<S: Sink>(&mut self, line: &Line<'_>, sink: &mut S) -> Result<Taken, S::Error> {
        if line.text.starts_with(&self.delimiter) {
            return Ok(Taken::Not);
        }
        if self.is_quoted {
            self.quoted(line, sink)
        } else {
            self.plain(line.whole, sink).map(|()| Taken::Yes)
        }
    }

    /// Takes the beginning of a line too long to be looked at; `false` if the text ends before it.
    pub(super) fn long<S: Sink>(&mut self, octets: &[u8], sink: &mut S) -> Result<bool, S::Error> {
        if self.is_quoted || octets.starts_with(&self.delimiter) {
            return Ok(false);
        }
        self.longer(octets, sink).map(|()| true)
    }

    /// More of it, up to its end.
    pub(super) fn longer<S: Sink>(&mut self, octets: &[u8], sink: &mut S) -> Result<(), S::Error> {
        if octets.is_empty() {
            return Ok(());
        }
        if std::mem::take(&mut self.cr) {
            self.plain(if octets == b"\n" { b"\r\n" } else { b"\r" }, sink)?;
            if octets == b"\n" {
                return Ok(());
            }
        }
        let text = octets.strip_suffix(b"\r");
        self.cr = text.is_some();
        self.plain(text.unwrap_or(octets), sink)
    }

    fn plain<S: Sink>(&mut self, octets: &[u8], sink: &mut S) -> Result<(), S::Error> {
        let lf = if octets.ends_with(b"\r\n") {
            Some(false)
        } else if octets.ends_with(b"\n") {
            Some(true)
        } else {
            None
        };
        let text = &octets[..octets.len() - lf.map_or(0, |lf| super::end_of(lf).len())];
        let before = std::mem::replace(&mut self.end, lf).map_or(&b""[..], super::end_of);
        if self.told {
            if !before.is_empty() {
                sink.object(before)?;
            }
            return if text.is_empty() { Ok(()) } else { sink.object(text) };
        }
        self.held.extend_from_slice(before);
        self.held.extend_from_slice(text);
        if self.held.len() >= OBJECT_MIN {
            sink.begin()?;
            sink.object(&self.held)?;
            self.held.clear();
            self.told = true;
        }
        Ok(())
    }

    fn quoted<S: Sink>(&mut self, line: &Line<'_>, sink: &mut S) -> Result<Taken, S::Error> {
        let Some(lf) = line.lf else { return Ok(Taken::Not) };
        if line.text.len() > LINE_MAX
            || self.end.is_some_and(|before| before != lf)
            || self.quoted.first().is_some_and(|quoted| quoted.lf != lf)
        {
            return Ok(Taken::Not);
        }
        // Ends that are held back belong to the text, now that it goes on.
        let end = super::end_of(lf);
        let before = if self.end.take().is_some() { end } else { b"" };
        let at = self.decoded.len();
        self.decoded.extend_from_slice(before);
        let started = self.held.len();
        self.held.extend_from_slice(before);
        let Some(goes_on) = quoted::decode(line.text, &mut self.decoded) else {
            self.decoded.truncate(at);
            self.held.truncate(started);
            self.end = (!before.is_empty()).then_some(lf);
            return Ok(Taken::Not);
        };
        self.held.extend_from_slice(line.text);
        if goes_on {
            self.held.extend_from_slice(end);
            return Ok(if self.held.len() > TEXT_LINE_MAX { Taken::Last } else { Taken::Yes });
        }
        self.end = Some(lf);
        if self.told { self.tell(sink) } else { self.try_to_begin(lf, sink) }
    }

    fn try_to_begin<S: Sink>(&mut self, lf: bool, sink: &mut S) -> Result<Taken, S::Error> {
        if self.decoded.len() < OBJECT_MIN {
            return Ok(Taken::Yes);
        }
        self.quoted = Quoted::of(&self.held, lf).collect();
        self.keep_what_fits();
        if self.quoted.is_empty() {
            return Ok(Taken::Last);
        }
        sink.begin()?;
        self.told = true;
        self.give(sink)
    }

    /// Encoding gives the very same again, or it is not what the mailer writes with.
    fn keep_what_fits(&mut self) {
        let mut again = Vec::with_capacity(self.held.len());
        self.quoted.retain(|quoted| {
            again.clear();
            quoted.encode(&self.decoded, &mut again);
            again == self.held
        });
    }

    fn tell<S: Sink>(&mut self, sink: &mut S) -> Result<Taken, S::Error> {
        let before = self.quoted.first().copied();
        self.keep_what_fits();
        if self.quoted.is_empty() {
            self.quoted.extend(before);
            return Ok(Taken::Last);
        }
        self.give(sink)
    }

    fn give<S: Sink>(&mut self, sink: &mut S) -> Result<Taken, S::Error> {
        sink.object(&self.decoded)?;
        self.encoded += self.held.len() as u64;
        self.decoded.clear();
        self.held.clear();
        Ok(Taken::Yes)
    }

    /// Ends it; true if it was an object.
    pub(super) fn finish<S: Sink>(mut self, sink: &mut S) -> Result<bool, S::Error> {
        if self.told {
            let quoted = self.quoted.first().map(|quoted| Quoted { encoded: self.encoded, ..*quoted });
            sink.end(quoted.map_or(Code::AsIs, Code::Quoted))?;
        }
        // Of an object the line that did not come back, or is not whole; otherwise everything.
        self.held.extend_from_slice(self.end.map_or(&b""[..], super::end_of));
        if self.cr {
            self.held.push(b'\r');
        }
        sink.raw(&self.held)?;
        Ok(self.told)
    }
}

const _: () = assert!(DELIMITER_MAX < LINE_MAX);
