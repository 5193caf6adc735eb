//! A digest of what a mail carries, equal for its copies in Inbox, Sent and journal.

use aws_lc_rs::digest::{self, SHA256};
use model::Sha256;

use crate::tree::sha256_of;

/// Octets gathered before they are hashed.
const GATHERED: usize = 32 << 10;

/// Collects the leaves in the order of the mail. Text counts without transfer encoding, line ends, white space
/// at the end of lines and empty lines at its end; other leaves by their digest; header fields not at all.
pub(crate) struct BodyDigest {
    context: digest::Context,
    gathered: Vec<u8>,
    /// Beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Something of that line has been hashed already.
    mid_line: bool,
    /// They only count if something follows.
    empty_lines: u64,
}

impl Default for BodyDigest {
    fn default() -> Self {
        Self {
            context: digest::Context::new(&SHA256),
            gathered: Vec::new(),
            line: Vec::new(),
            mid_line: false,
            empty_lines: 0,
        }
    }
}

impl BodyDigest {
    /// A leaf begins.
    pub(crate) fn begin(&mut self) {
        self.line.clear();
        self.mid_line = false;
        self.empty_lines = 0;
    }

    /// A piece of the text of a leaf.
    pub(crate) fn text(&mut self, mut piece: &[u8]) {
        while let Some(at) = memchr::memchr(b'\n', piece) {
            let (line, rest) = piece.split_at(at);
            piece = &rest[1..];
            if self.line.is_empty() {
                self.whole_line(line);
            } else {
                let mut begun = std::mem::take(&mut self.line);
                begun.extend_from_slice(line);
                self.whole_line(&begun);
            }
        }
        if piece.len() > GATHERED {
            // A line without end is not kept in memory a second time.
            let begun = std::mem::take(&mut self.line);
            self.part_of_line(&begun);
            let content = piece.trim_ascii_end();
            self.part_of_line(content);
            piece = &piece[content.len()..];
        }
        self.line.extend_from_slice(piece);
    }

    /// The text of a leaf ends.
    pub(crate) fn end_text(&mut self) {
        let last = std::mem::take(&mut self.line);
        self.whole_line(&last);
        self.gathered.push(0);
    }

    /// A leaf that is no text.
    pub(crate) fn leaf(&mut self, sha256: &Sha256) {
        self.gathered.push(1);
        self.gathered.extend_from_slice(&sha256.0);
    }

    fn whole_line(&mut self, line: &[u8]) {
        let line = line.trim_ascii_end();
        if line.is_empty() && !self.mid_line {
            self.empty_lines += 1;
            return;
        }
        self.part_of_line(line);
        self.gathered.push(b'\n');
        self.mid_line = false;
    }

    fn part_of_line(&mut self, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        self.mid_line = true;
        for _ in 0..self.empty_lines.min(1_000) {
            self.gathered.push(b'\n');
        }
        self.empty_lines = 0;
        if self.gathered.len() + octets.len() >= GATHERED {
            self.context.update(&self.gathered);
            self.gathered.clear();
            self.context.update(octets);
        } else {
            self.gathered.extend_from_slice(octets);
        }
    }

    pub(crate) fn finish(mut self) -> Sha256 {
        self.context.update(&self.gathered);
        sha256_of(self.context)
    }
}
