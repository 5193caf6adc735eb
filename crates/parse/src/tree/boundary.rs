//! Boundaries of multiparts (RFC 2046 §5.1.1).

use std::collections::HashMap;

use memchr::memmem;

use crate::header::{chomp, line_len};

/// Octets that are walked, and the boundaries that are open in them.
pub(super) struct Octets<'a> {
    pub(super) content: &'a [u8],
    open: Vec<Open>,
    /// Innermost level of each open boundary: a line is compared once, however many are open.
    levels: HashMap<Vec<u8>, usize>,
    longest: usize,
}

struct Open {
    boundary: Vec<u8>,
    /// Level of the same boundary further out.
    hidden: Option<usize>,
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

impl<'a> Octets<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self { content: octets, open: Vec::new(), levels: HashMap::new(), longest: 0 }
    }
}

impl Octets<'_> {
    /// Opens a boundary; gives its level.
    pub(super) fn push(&mut self, boundary: Vec<u8>) -> usize {
        let level = self.open.len();
        self.longest = self.longest.max(boundary.len());
        let hidden = self.levels.insert(boundary.clone(), level);
        self.open.push(Open { boundary, hidden });
        level
    }

    /// Closes all boundaries from this level on.
    pub(super) fn close(&mut self, level: usize) {
        while self.open.len() > level
            && let Some(Open { boundary, hidden }) = self.open.pop()
        {
            match hidden {
                Some(outer) => self.levels.insert(boundary, outer),
                None => self.levels.remove(&boundary),
            };
        }
    }

    /// The innermost open boundary that this line (without its end) delimits, and whether it closes it.
    pub(super) fn matches(&self, line: &[u8]) -> Option<(usize, bool)> {
        let rest = line.strip_prefix(b"--")?.trim_ascii_end();
        if rest.len() > self.longest + 2 {
            return None;
        }
        let opens = self.levels.get(rest).map(|&level| (level, false));
        let closes =
            rest.strip_suffix(b"--").and_then(|rest| self.levels.get(rest)).map(|&level| (level, true));
        opens.max(closes)
    }

    fn delimiter_at(&self, at: usize) -> Option<Delimiter> {
        let len = line_len(&self.content[at..]);
        let (level, closing) = self.matches(chomp(&self.content[at..at + len]))?;
        Some(Delimiter { at, next: at + len, level, closing })
    }

    /// The next delimiter line at or behind `from`, which is the beginning of a line.
    pub(super) fn next_delimiter(&self, from: usize) -> Option<Delimiter> {
        if self.open.is_empty() || from >= self.content.len() {
            return None;
        }
        if self.content[from..].starts_with(b"--")
            && let Some(delimiter) = self.delimiter_at(from)
        {
            return Some(delimiter);
        }
        memmem::find_iter(&self.content[from..], b"\n--").find_map(|at| self.delimiter_at(from + at + 1))
    }

    /// End of a leaf's content that begins at `from`, and the delimiter behind it.
    pub(super) fn content_end(&self, from: usize) -> (usize, Option<Delimiter>) {
        let delimiter = self.next_delimiter(from);
        (delimiter.map_or(self.content.len(), |d| self.before_line_end(d.at, from)), delimiter)
    }

    /// The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1).
    pub(super) fn before_line_end(&self, at: usize, from: usize) -> usize {
        from + chomp(&self.content[from..at]).len()
    }
}
