//! Boundaries of multiparts (RFC 2046 §5.1.1).

use memchr::memmem;

use crate::header::{chomp, line_len};

/// Octets that are walked, and the boundaries that are open in them.
pub(super) struct Octets<'a> {
    pub(super) octets: &'a [u8],
    pub(super) boundaries: Vec<Vec<u8>>,
}

/// A line that closes a part.
#[derive(Clone, Copy)]
pub(super) struct Delimiter {
    pub(super) at: usize,
    pub(super) next: usize,
    /// Index into the open boundaries.
    pub(super) level: usize,
    pub(super) closing: bool,
}

impl Octets<'_> {
    /// The innermost open boundary that this line (without its end) delimits, and whether it closes it.
    pub(super) fn matches(&self, line: &[u8]) -> Option<(usize, bool)> {
        let rest = line.strip_prefix(b"--")?.trim_ascii_end();
        self.boundaries.iter().enumerate().rev().find_map(|(level, boundary)| {
            let tail = rest.strip_prefix(boundary.as_slice())?;
            (tail.is_empty() || tail == b"--").then_some((level, !tail.is_empty()))
        })
    }

    fn delimiter_at(&self, at: usize) -> Option<Delimiter> {
        let len = line_len(&self.octets[at..]);
        let (level, closing) = self.matches(chomp(&self.octets[at..at + len]))?;
        Some(Delimiter { at, next: at + len, level, closing })
    }

    /// The next delimiter line at or behind `from`, which is the beginning of a line.
    pub(super) fn next_delimiter(&self, from: usize) -> Option<Delimiter> {
        if self.boundaries.is_empty() || from >= self.octets.len() {
            return None;
        }
        if self.octets[from..].starts_with(b"--")
            && let Some(delimiter) = self.delimiter_at(from)
        {
            return Some(delimiter);
        }
        memmem::find_iter(&self.octets[from..], b"\n--").find_map(|at| self.delimiter_at(from + at + 1))
    }

    /// End of a leaf's content that begins at `from`, and the delimiter behind it.
    pub(super) fn content_end(&self, from: usize) -> (usize, Option<Delimiter>) {
        let delimiter = self.next_delimiter(from);
        (delimiter.map_or(self.octets.len(), |d| self.before_line_end(d.at, from)), delimiter)
    }

    /// The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1).
    pub(super) fn before_line_end(&self, at: usize, from: usize) -> usize {
        from + chomp(&self.octets[from..at]).len()
    }
}
