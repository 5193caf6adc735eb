//! Second reading: a mail's octets with quoting undone.

use std::io::{self, Read};

use super::{LINE_HEAD_OCTETS, Quoting, quoted_level, quoted_line, reply_level};

/// Octets looked at together; a line is judged with its neighbours inside such a window.
const WINDOW_OCTETS: usize = 128 << 10;
/// Octets behind a line's beginning that are enough to judge it: its head, its end, the head of the next line.
const AHEAD_OCTETS: usize = 2 * LINE_HEAD_OCTETS;

/// A mail out of an mbox, without the `>` that its writer put there.
pub(in crate::files) struct Unquoted<R> {
    inner: R,
    quoting: Quoting,
    /// Octets of the header section not yet passed on.
    header_left: u64,
    window: Vec<u8>,
    /// First octet not handed out.
    at: usize,
    /// Octets up to here may be handed out.
    clear: usize,
    /// Lines that begin before this place are judged.
    judged: usize,
    /// The octet at `clear` is a `>` to be left out.
    drops: bool,
    is_at_end: bool,
    /// The window begins where a line does.
    begins_line: bool,
}

impl<R: Read> Unquoted<R> {
    /// `inner`: the octets in the file; the first `header_octets` of them stay as they are.
    pub(in crate::files) fn new(inner: R, quoting: Quoting, header_octets: u64) -> Self {
        Self {
            inner,
            quoting,
            header_left: header_octets,
            window: Vec::new(),
            at: 0,
            clear: 0,
            judged: 0,
            drops: false,
            is_at_end: false,
            begins_line: true,
        }
    }

    /// Reads on, keeping a little of what was handed out: the line before may matter.
    fn fill(&mut self) -> io::Result<()> {
        let keep = self.at.saturating_sub(2 * LINE_HEAD_OCTETS);
        if keep > 0 {
            self.begins_line = self.window[keep - 1] == b'\n';
            self.window.drain(..keep);
            self.at -= keep;
            self.clear -= keep;
            self.judged -= keep;
        }
        let room = WINDOW_OCTETS.saturating_sub(self.window.len()).max(AHEAD_OCTETS);
        let read = self.inner.by_ref().take(room as u64).read_to_end(&mut self.window)?;
        self.is_at_end = read < room;
        Ok(())
    }

    /// Moves `clear` forward, up to a `>` to be left out or to the end of what can be judged; whether it moved.
    fn judge(&mut self) -> bool {
        let (clear, judged) = (self.clear, self.judged);
        let end = self.window.len();
        while self.judged < end {
            let start = self.judged;
            let Some(from) = memchr::memmem::find(&self.window[start..], b"From ").map(|found| start + found)
            else {
                self.judged = if self.is_at_end { end } else { self.judged_without_find(end) };
                break;
            };
            let marks = self.window[self.at..from].iter().rev().take_while(|octet| **octet == b'>').count();
            let line = from - marks;
            let begins = if line == 0 { self.begins_line } else { self.window[line - 1] == b'\n' };
            if marks > 0 && begins {
                if !self.is_at_end && end - line < AHEAD_OCTETS {
                    self.judged = line;
                    break;
                }
                if self.undoes(line) {
                    self.clear = line;
                    self.judged = from + 5;
                    self.drops = true;
                    return true;
                }
            }
            self.judged = from + 5;
        }
        self.clear = self.judged;
        (clear, judged) != (self.clear, self.judged)
    }

    /// Up to where no quoted line can begin, if `From ` stands nowhere behind `judged`: `>>>Fro` may go on.
    fn judged_without_find(&self, end: usize) -> usize {
        let line = self.last_line_start(end).max(self.judged);
        if end - line > AHEAD_OCTETS { end - 5 } else { line }
    }

    fn last_line_start(&self, end: usize) -> usize {
        memchr::memrchr(b'\n', &self.window[..end]).map_or(0, |at| at + 1)
    }

    fn undoes(&self, line: usize) -> bool {
        let text = &self.window[line..];
        let head = |line: &[u8]| line.len().min(LINE_HEAD_OCTETS);
        let end = memchr::memchr(b'\n', text);
        let this = &text[..head(&text[..end.unwrap_or(text.len())])];
        let next = end.map_or(&[][..], |end| &text[end + 1..]);
        let next = &next[..head(next)];
        let next = &next[..memchr::memchr(b'\n', next).unwrap_or(next.len())];
        let before = &self.window[..line.saturating_sub(1)];
        let before = &before[self.last_line_start(before.len())..];
        let is_after_blank = line > 0 && matches!(before, [] | [b'\r']);
        let Some(level) = quoted_level(this) else { return false };
        self.quoting.undoes(quoted_line(
            level,
            this,
            is_after_blank,
            [reply_level(before), reply_level(next)],
        ))
    }
}

impl<R: Read> Read for Unquoted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.header_left > 0 {
            let room = buffer.len().min(usize::try_from(self.header_left).unwrap_or(usize::MAX));
            let read = self.inner.read(&mut buffer[..room])?;
            self.header_left = if read == 0 { 0 } else { self.header_left - read as u64 };
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
        }
        loop {
            if self.at < self.clear {
                let length = buffer.len().min(self.clear - self.at);
                buffer[..length].copy_from_slice(&self.window[self.at..self.at + length]);
                self.at += length;
                return Ok(length);
            }
            if self.drops {
                self.drops = false;
                self.at += 1;
                self.clear = self.judged;
                continue;
            }
            if self.judged == self.window.len() && self.is_at_end {
                return Ok(0);
            }
            if !self.judge() {
                self.fill()?;
            }
        }
    }
}
