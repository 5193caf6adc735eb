//! Reads ZIP archives by their central directory, as a stream of entries, so that memory does not grow with them.
//!
//! Source: APPNOTE.TXT 6.3.10, §4.3 and §4.5.3 (ZIP64). Stored, deflate and zstd; no encryption, no split archives.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::Reason;

/// End record and the longest comment behind it.
const END_OCTETS_MAX: u64 = 22 + 65_535;

/// An entry that is no directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) octets: u64,
    compressed_octets: u64,
    header_at: u64,
    crc: u32,
    method: u16,
    is_encrypted: bool,
}

/// Goes through the central directory.
pub(super) struct Directory<S> {
    stock: BufReader<S>,
    at: u64,
    left: u64,
    /// Octets before the archive, of a self-extracting one.
    shift: u64,
}

impl<S: Read + Seek> Directory<S> {
    /// # Errors
    /// `Truncated` without an end record, `Damaged`, or the reader's.
    pub(super) fn new(mut stock: S) -> Result<Self, Reason> {
        let octets = stock.seek(SeekFrom::End(0))?;
        let tail_at = octets.saturating_sub(END_OCTETS_MAX);
        stock.seek(SeekFrom::Start(tail_at))?;
        let mut tail = Vec::new();
        stock.by_ref().take(END_OCTETS_MAX).read_to_end(&mut tail)?;
        let end = memchr::memmem::rfind(&tail, b"PK\x05\x06").filter(|end| tail.len() - end >= 22);
        let end = end.ok_or(Reason::Truncated)?;
        let record = &tail[end..];
        let end_at = tail_at + end as u64;
        let (mut entries, mut size, mut at) =
            (u64::from(u16_at(record, 10)), u64::from(u32_at(record, 12)), u64::from(u32_at(record, 16)));
        let mut directory_end = end_at;
        if end >= 20 && tail[end - 20..].starts_with(b"PK\x06\x07") {
            let record_at = u64_at(&tail[end - 20..], 8);
            stock.seek(SeekFrom::Start(record_at))?;
            let mut record = [0; 56];
            stock.read_exact(&mut record)?;
            if !record.starts_with(b"PK\x06\x06") {
                return Err(Reason::damaged("ZIP64 end record"));
            }
            (entries, size, at) = (u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48));
            directory_end = record_at;
        }
        let begin = directory_end.checked_sub(size).ok_or_else(|| Reason::damaged("ZIP directory"))?;
        let shift = begin.checked_sub(at).ok_or_else(|| Reason::damaged("ZIP directory"))?;
        Ok(Self { stock: BufReader::with_capacity(64 << 10, stock), at: begin, left: entries, shift })
    }

    /// The next entry, directories left out.
    ///
    /// # Errors
    /// As for [`Directory::new`]; nothing more can be read after one.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Reason> {
        loop {
            if self.left == 0 {
                return Ok(None);
            }
            self.left -= 1;
            let entry = self.entry()?;
            if !entry.name.ends_with(b"/") {
                return Ok(Some(entry));
            }
        }
    }

    fn entry(&mut self) -> Result<Entry, Reason> {
        let here = self.stock.stream_position()?;
        self.stock.seek_relative(self.at.wrapping_sub(here).cast_signed())?;
        let mut fixed = [0; 46];
        self.stock.read_exact(&mut fixed)?;
        if !fixed.starts_with(b"PK\x01\x02") {
            return Err(Reason::damaged("ZIP directory"));
        }
        let (name, extra, comment) = (u16_at(&fixed, 28), u16_at(&fixed, 30), u16_at(&fixed, 32));
        let mut rest = vec![0; usize::from(name) + usize::from(extra)];
        self.stock.read_exact(&mut rest)?;
        self.at += 46 + rest.len() as u64 + u64::from(comment);
        let extra = rest.split_off(usize::from(name));
        let mut entry = Entry {
            name: rest,
            octets: u32_at(&fixed, 24).into(),
            compressed_octets: u32_at(&fixed, 20).into(),
            header_at: u32_at(&fixed, 42).into(),
            crc: u32_at(&fixed, 16),
            method: u16_at(&fixed, 10),
            is_encrypted: u16_at(&fixed, 8) & 1 != 0,
        };
        entry.widen(&extra);
        Ok(entry)
    }

    /// Content of an entry, checked against its size and checksum when its end is reached.
    ///
    /// # Errors
    /// `Encrypted`, `Unsupported`, `Damaged`, or the reader's. Other entries can still be read.
    pub(super) fn content(&mut self, entry: &Entry) -> Result<impl Read + use<'_, S>, Reason> {
        if entry.is_encrypted {
            return Err(Reason::Encrypted);
        }
        let header_at =
            entry.header_at.checked_add(self.shift).ok_or_else(|| Reason::damaged("ZIP offset"))?;
        self.stock.seek(SeekFrom::Start(header_at))?;
        let mut fixed = [0; 30];
        self.stock.read_exact(&mut fixed)?;
        if !fixed.starts_with(b"PK\x03\x04") {
            return Err(Reason::damaged("ZIP local header"));
        }
        let skip = i64::from(u16_at(&fixed, 26)) + i64::from(u16_at(&fixed, 28));
        self.stock.seek_relative(skip)?;
        let raw = self.stock.by_ref().take(entry.compressed_octets);
        let inner = match entry.method {
            0 => Method::Stored(raw),
            8 => Method::Deflate(flate2::bufread::DeflateDecoder::new(raw)),
            93 => Method::Zstd(Box::new(zstd::Decoder::with_buffer(raw)?)),
            _ => return Err(Reason::Unsupported { format: "ZIP compression" }),
        };
        Ok(Checked { inner, crc: flate2::Crc::new(), expected: entry.crc, left: entry.octets })
    }
}

impl Entry {
    /// Sizes and offset that need 64 bits stand in the extra field 1, those only that do not fit.
    fn widen(&mut self, mut extra: &[u8]) {
        while let [a, b, c, d, rest @ ..] = extra {
            let (id, length) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
            let Some((field, behind)) = rest.split_at_checked(length) else { return };
            if id == 1 {
                let mut words = field.chunks_exact(8).map(|word| u64_at(word, 0));
                for value in [&mut self.octets, &mut self.compressed_octets, &mut self.header_at] {
                    if *value == u64::from(u32::MAX) {
                        *value = words.next().unwrap_or(*value);
                    }
                }
            }
            extra = behind;
        }
    }
}

enum Method<R: io::BufRead> {
    Stored(R),
    Deflate(flate2::bufread::DeflateDecoder<R>),
    Zstd(Box<zstd::Decoder<'static, R>>),
}

struct Checked<R: io::BufRead> {
    inner: Method<R>,
    crc: flate2::Crc,
    expected: u32,
    left: u64,
}

impl<R: io::BufRead> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.inner {
            Method::Stored(inner) => inner.read(buffer),
            Method::Deflate(inner) => inner.read(buffer),
            Method::Zstd(inner) => inner.read(buffer),
        }?;
        self.crc.update(&buffer[..read]);
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| Reason::damaged("ZIP entry longer than it says"))?;
        if read == 0 && self.left > 0 {
            return Err(Reason::Truncated.into());
        }
        if read == 0 && self.crc.sum() != self.expected {
            return Err(Reason::damaged("ZIP checksum").into());
        }
        Ok(read)
    }
}

fn u16_at(octets: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([octets[at], octets[at + 1]])
}

fn u32_at(octets: &[u8], at: usize) -> u32 {
    u32::from(u16_at(octets, at)) | u32::from(u16_at(octets, at + 2)) << 16
}

fn u64_at(octets: &[u8], at: usize) -> u64 {
    u64::from(u32_at(octets, at)) | u64::from(u32_at(octets, at + 4)) << 32
}
