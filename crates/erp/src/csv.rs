//! Comma separated values as programs write them: any delimiter, any encoding, quotes that hold line ends (RFC 4180).

use std::io::BufRead;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::Error;

/// Longest row, octets.
const ROW_MAX: usize = 4 << 20;
/// Octets looked at to find the delimiter.
const LOOK: usize = 64 << 10;

const DELIMITERS: [u8; 4] = *b";,\t|";

/// Reads rows one after the other.
pub(crate) struct Reader<R> {
    input: R,
    delimiter: u8,
    row: u64,
    cut: bool,
    unended: bool,
}

/// The delimiter of the first row: the one that stands there most often outside quotes.
pub(crate) fn delimiter(start: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for octet in start.iter().take(LOOK) {
        match octet {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && counts.iter().any(|count| *count > 0) => break,
            _ if !quoted => {
                if let Some(at) = DELIMITERS.iter().position(|delimiter| delimiter == octet) {
                    counts[at] += 1;
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    counts.iter().position(|count| *count == most && most > 0).map_or(b';', |at| DELIMITERS[at])
}

/// UTF-8 where it is, otherwise Windows-1252: files are mixed more often than one thinks.
pub(crate) fn text(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned(),
    }
}

/// Whether a file begins like UTF-16, with its mark or without.
pub(crate) fn is_utf16(start: &[u8]) -> bool {
    from_utf16(start.get(..4).unwrap_or(start)).is_some()
}

/// The whole file in UTF-8 if it begins like UTF-16.
pub(crate) fn from_utf16(octets: &[u8]) -> Option<Vec<u8>> {
    let encoding = match octets {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        // Without a mark: no text in UTF-8 has a zero.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => UTF_16LE,
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => UTF_16BE,
        _ => return None,
    };
    Some(encoding.decode_with_bom_removal(octets).0.into_owned().into_bytes())
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(input: R, delimiter: u8) -> Self {
        Self { input, delimiter, row: 0, cut: false, unended: false }
    }

    /// Number of the last row, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.row
    }

    /// Whether the file ends within the last row: inside quotes, or, without a line end, with fewer cells than `columns`.
    pub(crate) fn is_cut(&self, cells: usize, columns: usize) -> bool {
        self.cut || (self.unended && cells < columns)
    }

    /// The next row that is not empty; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<String>>, Error> {
        loop {
            let mut raw = Vec::new();
            if !self.read_row(&mut raw)? {
                return Ok(None);
            }
            let cells = self.cells(&raw);
            if cells.iter().any(|cell| !cell.is_empty()) {
                return Ok(Some(cells));
            }
        }
    }

    /// Octets up to a line end outside quotes.
    fn read_row(&mut self, raw: &mut Vec<u8>) -> Result<bool, Error> {
        self.row += 1;
        let mut quoted = false;
        loop {
            let before = raw.len();
            let room = (ROW_MAX - raw.len()) as u64 + 1;
            std::io::Read::take(&mut self.input, room).read_until(b'\n', raw)?;
            if raw.len() > ROW_MAX {
                return Err(Error::RowTooLong { row: self.row });
            }
            let line = &raw[before..];
            if line.is_empty() {
                self.cut = quoted;
                return Ok(!raw.is_empty());
            }
            self.unended = !line.ends_with(b"\n");
            quoted ^= line.iter().fold(false, |odd, octet| odd ^ (*octet == b'"'));
            if !quoted || self.unended {
                self.cut = quoted;
                return Ok(true);
            }
        }
    }

    fn cells(&self, raw: &[u8]) -> Vec<String> {
        let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let mut cells = Vec::new();
        let mut cell: Vec<u8> = Vec::new();
        let mut quoted = false;
        let mut octets = raw.iter().copied().peekable();
        while let Some(octet) = octets.next() {
            match octet {
                b'"' if quoted && octets.peek() == Some(&b'"') => {
                    octets.next();
                    cell.push(b'"');
                }
                b'"' => quoted = !quoted,
                _ if octet == self.delimiter && !quoted => {
                    cells.push(text(cell.trim_ascii()));
                    cell.clear();
                }
                _ => cell.push(octet),
            }
        }
        cells.push(text(cell.trim_ascii()));
        cells
    }
}
