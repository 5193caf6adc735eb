//! mbox in its four dialects. A file is read twice: first to find the mails and how lines were quoted, then to hand
//! the mails over.
//!
//! Source: RFC 4155; <https://www.loc.gov/preservation/digital/formats/fdd/fdd000383.shtml> for the dialects.

mod scan;
pub(super) mod separator;
mod unquote;

use std::io::{self, BufReader, Read};

use model::{Flags, UnixMillis};

pub(super) use scan::index;
pub(super) use unquote::Unquoted;

/// Octets of a line that are looked at; what follows is passed on unseen.
const LINE_HEAD_OCTETS: usize = 1 << 10;

/// Where the mails of an mbox are, and what to undo in them.
#[derive(Debug)]
pub(super) struct Index {
    /// In the order of the file.
    pub(super) mails: Vec<Extent>,
    pub(super) quoting: Quoting,
}

/// Place of a mail in the file, without its `From ` line and the empty line behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Octets of the header section with the empty line; lines in it are never unquoted.
    header_octets: u32,
    received_seconds: u32,
    flags: u8,
}

impl Extent {
    pub(super) fn received(&self) -> Option<UnixMillis> {
        (self.received_seconds != 0).then(|| UnixMillis::from_seconds(self.received_seconds.into()))
    }

    pub(super) fn flags(&self) -> Flags {
        let has = |bit: u8| self.flags & bit != 0;
        Flags { seen: has(1), answered: has(2), flagged: has(4), draft: has(8), deleted: has(16) }
    }
}

/// What a writer did to lines that begin with `From `, as far as the file shows it, and what therefore is undone:
/// one `>` is taken away from lines of the body that fit.
///
/// - mboxcl2 (lengths are right and bodies hold bare `From ` lines): nothing is quoted, nothing is undone.
/// - mboxrd (and mboxo, as long as both mean the same): `>From `, `>>From `, … each lose one.
/// - mboxo and mboxcl, known by `>From ` among lines that begin with `>` as well, which mboxrd would have made
///   `>>From `: only `>From ` loses its `>`, and not where it stands among such lines: there it is real.
/// - A writer that left bare `From ` lines within paragraphs quotes only behind empty lines, and is undone only there;
///   one that left them behind empty lines, too, quotes only what looks like a separator.
///
/// Everything else in the mail stays as it is, `Content-Length` fields and line ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quoting {
    levels: Levels,
    only: Only,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Levels {
    None,
    First,
    Every,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Everywhere,
    AfterBlank,
    LookAlikes,
}

/// A line of the form `>…>From `, with what is around it.
#[derive(Clone, Copy, Debug)]
struct QuotedLine {
    /// Number of `>`.
    level: usize,
    is_after_blank: bool,
    looks_like_separator: bool,
    /// A neighbour begins with as many `>` and is not itself such a line.
    neighbour_same: bool,
    /// A neighbour begins with one `>` less, at least one, and none with as many.
    neighbour_less: bool,
}

impl Quoting {
    /// Whether the first `>` of this line was put there by the writer of the file.
    fn undoes(self, line: QuotedLine) -> bool {
        let level = match self.levels {
            Levels::None => false,
            Levels::First => line.level == 1 && !line.neighbour_same,
            Levels::Every => true,
        };
        level
            && match self.only {
                Only::Everywhere => true,
                Only::AfterBlank => line.is_after_blank,
                Only::LookAlikes => line.looks_like_separator,
            }
    }

    pub(super) fn is_none(self) -> bool {
        self.levels == Levels::None
    }
}

/// `>…>From `: the number of `>`, at least 1.
fn quoted_level(line: &[u8]) -> Option<usize> {
    let level = line.iter().take_while(|octet| **octet == b'>').count();
    (level > 0 && line[level..].starts_with(b"From ")).then_some(level)
}

/// Number of `>` a line of a reply begins with, blanks between them allowed; 0 for [`quoted_level`] lines.
fn reply_level(line: &[u8]) -> usize {
    if quoted_level(line).is_some() {
        return 0;
    }
    line.iter().take_while(|octet| matches!(octet, b'>' | b' ')).filter(|octet| **octet == b'>').count()
}

fn quoted_line(level: usize, line: &[u8], is_after_blank: bool, neighbours: [usize; 2]) -> QuotedLine {
    let neighbour_same = neighbours.contains(&level);
    QuotedLine {
        level,
        is_after_blank,
        looks_like_separator: separator::candidate(&line[level..]).date.is_some(),
        neighbour_same,
        neighbour_less: !neighbour_same && level > 1 && neighbours.contains(&(level - 1)),
    }
}

/// Reads mails one after the other.
pub(super) struct Mails<R> {
    content: BufReader<R>,
    at: u64,
}

impl<R: Read> Mails<R> {
    /// `content` from its beginning.
    pub(super) fn new(content: R) -> Self {
        Self { content: BufReader::with_capacity(256 << 10, content), at: 0 }
    }

    /// The mail at `extent`, which must not lie before one read already. What is left unread of it is skipped by the
    /// next call.
    pub(super) fn mail(&mut self, extent: &Extent) -> io::Result<MailReader<'_, R>> {
        skip(&mut self.content, extent.start - self.at)?;
        self.at = extent.start;
        Ok(MailReader { mails: self, end: extent.end })
    }
}

/// Octets of one mail as they stand in the file.
pub(super) struct MailReader<'m, R> {
    mails: &'m mut Mails<R>,
    end: u64,
}

impl<R: Read> Read for MailReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.mails.at).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        if room == 0 {
            return Ok(0);
        }
        let read = self.mails.content.read(&mut buffer[..room])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.mails.at += read as u64;
        Ok(read)
    }
}

fn skip(content: &mut impl Read, octets: u64) -> io::Result<()> {
    let skipped = io::copy(&mut content.take(octets), &mut io::sink())?;
    if skipped < octets { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

impl Extent {
    /// Deleted by Thunderbird, and only not cut out yet.
    pub(super) fn is_expunged(&self) -> bool {
        self.flags & scan::EXPUNGED_FLAG != 0
    }

    pub(super) fn octets(&self) -> u64 {
        self.end - self.start
    }

    pub(super) fn header_octets(&self) -> u64 {
        self.header_octets.into()
    }
}

#[cfg(test)]
mod tests;
