//! Collects text within a bound.

use std::sync::Arc;

use crate::outcome::Text;

/// Text as it is found: white space folded, control characters left out, no empty lines.
#[derive(Debug)]
pub(crate) struct Buffer {
    text: String,
    octets_max: usize,
    /// What is to come before the next character.
    gap: Gap,
    truncated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Blank,
    Tab,
    Line,
}

impl Buffer {
    pub(crate) fn new(octets_max: usize) -> Self {
        Self { text: String::new(), octets_max, gap: Gap::None, truncated: false }
    }

    /// Whether nothing more can be taken: the reader may stop.
    pub(crate) const fn is_full(&self) -> bool {
        self.truncated
    }

    pub(crate) fn push(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() && !self.truncated {
            let word = rest.find(|c: char| c.is_whitespace() || c.is_control()).unwrap_or(rest.len());
            if word > 0 {
                self.word(&rest[..word]);
            }
            let mut chars = rest[word..].chars();
            match chars.next() {
                None => return,
                Some('\n' | '\r' | '\u{c}' | '\u{2028}' | '\u{2029}') => self.line(),
                Some('\t') => self.tab(),
                Some(c) if c.is_whitespace() => self.gap = self.gap.max(Gap::Blank),
                // Soft hyphens and the like are no control characters; what is, parts nothing.
                Some(_) => {}
            }
            rest = chars.as_str();
        }
    }

    /// The next text begins a line.
    pub(crate) fn line(&mut self) {
        self.gap = Gap::Line;
    }

    /// The next text stands in the next cell.
    pub(crate) fn tab(&mut self) {
        self.gap = self.gap.max(Gap::Tab);
    }

    /// A cell ends: its neighbour follows on the same line, also if a paragraph ended with it.
    pub(crate) fn cell(&mut self) {
        self.gap = Gap::Tab;
    }

    fn word(&mut self, word: &str) {
        if !self.text.is_empty() {
            match self.gap {
                Gap::None => {}
                Gap::Blank => self.text.push(' '),
                Gap::Tab => self.text.push('\t'),
                Gap::Line => self.text.push('\n'),
            }
        }
        self.gap = Gap::None;
        let room = self.octets_max.saturating_sub(self.text.len());
        if word.len() <= room {
            self.text.push_str(word);
            return;
        }
        let mut end = room;
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        self.text.push_str(&word[..end]);
        self.truncated = true;
    }

    /// The text; `None` if there is none.
    pub(crate) fn finish(mut self) -> Option<Text> {
        self.text.truncate(self.text.trim_end().len());
        (!self.text.is_empty()).then(|| Text {
            text: Arc::from(self.text),
            truncated: self.truncated,
            invoice: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_cuts() {
        let check = |octets_max, pieces: &[&str], expected: &str, truncated| {
            let mut buffer = Buffer::new(octets_max);
            for piece in pieces {
                buffer.push(piece);
            }
            let text = buffer.finish().unwrap();
            assert_eq!((&*text.text, text.truncated), (expected, truncated));
        };
        check(100, &["  a\0b  c", " \t d\r\n\n", "  e ", "\u{7}f"], "ab c\td\ne f", false);
        check(4, &["abcdef"], "abcd", true);
        check(4, &["aäöü"], "aä", true);
        check(3, &["abc"], "abc", false);
        assert!(Buffer::new(9).finish().is_none());
    }
}
