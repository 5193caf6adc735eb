//! Reads tar archives as a stream: ustar, GNU long names, pax paths and sizes.
//!
//! Source: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual, "Basic Tar Format".

use std::io::{self, Read};

use model::UnixMillis;

use super::Reason;

const BLOCK: usize = 512;
/// Longest name, and longest set of pax records, that is read.
const NAME_OCTETS_MAX: u64 = 64 << 10;

/// A regular file in an archive.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) octets: u64,
    pub(super) modified: Option<UnixMillis>,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    Member(Member),
    /// A member that is there but cannot be read; the next may be.
    Fault(Vec<u8>, Reason),
    End,
}

/// Whether the first block of an archive stands here.
pub(super) fn is_header(prefix: &[u8]) -> bool {
    let Some(block) = prefix.first_chunk::<BLOCK>() else { return false };
    block[0] != 0 && checksum_fits(block)
}

/// Goes through an archive.
pub(super) struct Archive<R> {
    inner: R,
    /// Of the member given last: octets not read yet, and those that fill its block.
    left: u64,
    padding: u64,
}

impl<R: Read> Archive<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, left: 0, padding: 0 }
    }

    /// Content of the member given last.
    pub(super) fn content(&mut self) -> Content<'_, R> {
        Content(self)
    }

    /// # Errors
    /// What ends the reading of the archive: truncated, damaged, or the reader's.
    pub(super) fn step(&mut self) -> Result<Step, Reason> {
        let mut long_name = None;
        let mut pax = Pax::default();
        loop {
            self.skip(self.left + self.padding)?;
            let Some(block) = self.block()? else { return Ok(Step::End) };
            if !checksum_fits(&block) {
                return Err(Reason::damaged("tar header"));
            }
            let octets = number(&block[124..136]).ok_or_else(|| Reason::damaged("tar size"))?;
            let octets =
                pax.octets.filter(|_| !matches!(block[156], b'x' | b'g' | b'L' | b'K')).unwrap_or(octets);
            self.left = octets;
            self.padding = octets.wrapping_neg() % BLOCK as u64;
            match block[156] {
                b'x' => pax = Pax::read(&self.text(octets)?),
                b'L' => {
                    let mut name = self.text(octets)?;
                    name.truncate(name.iter().position(|octet| *octet == 0).unwrap_or(name.len()));
                    long_name = Some(name);
                }
                // Directory, links and devices: the files meant stand elsewhere in the archive. Global pax records and
                // long link names say nothing about content.
                b'1'..=b'6' | b'g' | b'K' | b'V' | b'M' | b'D' => {
                    if block[156] != b'g' && block[156] != b'K' {
                        (long_name, pax) = (None, Pax::default());
                    }
                }
                kind => {
                    let name = pax.path.take().or(long_name.take()).unwrap_or_else(|| name(&block));
                    if kind == b'S' || pax.is_sparse {
                        return Ok(Step::Fault(name, Reason::Unsupported { format: "sparse tar" }));
                    }
                    if kind == 0 && name.ends_with(b"/") {
                        continue;
                    }
                    let modified = number(&block[136..148]).and_then(|seconds| i64::try_from(seconds).ok());
                    return Ok(Step::Member(Member {
                        name,
                        octets,
                        modified: pax.modified.or(modified).map(UnixMillis::from_seconds),
                    }));
                }
            }
        }
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, Reason> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.inner.read(&mut block[filled..]) {
                // Some writers leave out the two empty blocks at the end.
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(Reason::Truncated),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(block.iter().any(|octet| *octet != 0).then_some(block))
    }

    fn skip(&mut self, octets: u64) -> Result<(), Reason> {
        let skipped = io::copy(&mut self.inner.by_ref().take(octets), &mut io::sink())?;
        (self.left, self.padding) = (0, 0);
        if skipped < octets { Err(Reason::Truncated) } else { Ok(()) }
    }

    fn text(&mut self, octets: u64) -> Result<Vec<u8>, Reason> {
        if octets > NAME_OCTETS_MAX {
            return Err(Reason::damaged("tar name"));
        }
        let mut text = Vec::with_capacity(octets as usize);
        self.inner.by_ref().take(octets).read_to_end(&mut text)?;
        if (text.len() as u64) < octets {
            return Err(Reason::Truncated);
        }
        self.left = 0;
        Ok(text)
    }
}

/// See [`Archive::content`].
pub(super) struct Content<'a, R>(&'a mut Archive<R>);

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(usize::try_from(self.0.left).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let read = self.0.inner.read(&mut buffer[..room])?;
        self.0.left -= read as u64;
        if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(read) }
    }
}

#[derive(Debug, Default)]
struct Pax {
    path: Option<Vec<u8>>,
    octets: Option<u64>,
    modified: Option<i64>,
    is_sparse: bool,
}

impl Pax {
    /// Records `length key=value\n`; what does not fit ends the reading.
    fn read(mut text: &[u8]) -> Self {
        let mut pax = Self::default();
        while let Some(blank) = memchr::memchr(b' ', text) {
            let length =
                std::str::from_utf8(&text[..blank]).ok().and_then(|length| length.parse::<usize>().ok());
            let Some(record) = length.and_then(|length| text.get(blank + 1..length.checked_sub(1)?)) else {
                break;
            };
            if let Some(equals) = memchr::memchr(b'=', record) {
                let value = &record[equals + 1..];
                let words = std::str::from_utf8(value).unwrap_or_default();
                match &record[..equals] {
                    b"path" => pax.path = Some(value.to_vec()),
                    b"size" => pax.octets = words.parse().ok(),
                    b"mtime" => pax.modified = words.split('.').next().and_then(|text| text.parse().ok()),
                    key => pax.is_sparse |= key.starts_with(b"GNU.sparse."),
                }
            }
            text = &text[blank + 1 + record.len() + 1..];
        }
        pax
    }
}

fn name(block: &[u8; BLOCK]) -> Vec<u8> {
    let field = |range: std::ops::Range<usize>| {
        let field = &block[range];
        &field[..field.iter().position(|octet| *octet == 0).unwrap_or(field.len())]
    };
    let name = field(0..100);
    let prefix = field(345..500);
    // GNU keeps other things where ustar has its prefix.
    if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
        [prefix, b"/", name].concat()
    } else {
        name.to_vec()
    }
}

/// Octal digits, or base 256 behind a set high bit.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let (first, rest) = field.split_first()?;
        return rest.iter().try_fold(u64::from(first & 0x3f), |sum, octet| {
            (sum < 1 << 55).then(|| sum << 8 | u64::from(*octet))
        });
    }
    let digits = field.trim_ascii_start();
    let digits =
        &digits[..digits.iter().position(|octet| !matches!(octet, b'0'..=b'7')).unwrap_or(digits.len())];
    digits.iter().try_fold(0_u64, |sum, digit| sum.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

fn checksum_fits(block: &[u8; BLOCK]) -> bool {
    let sum = |signed: bool| {
        block.iter().enumerate().fold(0_i64, |sum, (at, octet)| {
            let octet = if (148..156).contains(&at) { b' ' } else { *octet };
            sum + if signed { i64::from(octet.cast_signed()) } else { i64::from(octet) }
        })
    };
    let field = &block[148..156];
    field.iter().any(u8::is_ascii_digit)
        && number(field).and_then(|found| i64::try_from(found).ok()).is_some_and(|found| {
            // Old writers summed signed octets.
            found == sum(false) || found == sum(true)
        })
}
