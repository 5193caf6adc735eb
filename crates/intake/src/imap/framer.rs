//! From octets to lines and literals. It cuts, it does not understand: whatever the octets are, framing goes on.
//!
//! Source: RFC 9051 §2.2, §4.3; RFC 7888 for `{n+}`, RFC 9051 §9 for `~{n}`.

/// Longest text between literals that is kept; of a longer one the beginning and the end.
const TEXT_OCTETS_MAX: usize = 1 << 20;
/// Octets kept from the end of a text too long, enough for the announcement of a literal.
const TAIL_OCTETS: usize = 32;
/// A literal announced larger than this is none: nothing of the kind is ever sent.
const LITERAL_OCTETS_MAX: u64 = 1 << 40;

/// A piece of what the server sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A line, or the part of it up to a literal, without line end and without the literal's announcement.
    Text {
        octets: &'a [u8],
        /// Size of the literal that follows; after it the same response goes on.
        literal: Option<u64>,
        /// The middle is missing.
        is_cut: bool,
    },
    /// A piece of the literal; `left` octets of it follow.
    Literal { octets: &'a [u8], left: u64 },
}

#[derive(Debug)]
enum State {
    /// Octets from the start of the text that are known to have no line end.
    Text {
        seen: usize,
    },
    Literal {
        left: u64,
    },
}

/// Buffers what arrives until it can be cut.
#[derive(Debug)]
pub(crate) struct Framer {
    buffer: Vec<u8>,
    at: usize,
    state: State,
    /// The text continues a response after a literal.
    continues: bool,
    is_cut: bool,
}

impl Framer {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::new(), at: 0, state: State::Text { seen: 0 }, continues: false, is_cut: false }
    }

    /// Where octets from the server are to be appended; there is room for `room` without growing.
    pub(crate) fn input(&mut self, room: usize) -> &mut Vec<u8> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
        } else if self.at > 0 && self.buffer.capacity() - self.buffer.len() < room {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.reserve(room);
        &mut self.buffer
    }

    /// Throws away what was received and not cut yet; whether there was anything.
    pub(crate) fn discard(&mut self) -> bool {
        let had =
            self.at < self.buffer.len() || self.continues || matches!(self.state, State::Literal { .. });
        *self = Self::new();
        had
    }

    /// Takes out what was received and not cut yet.
    pub(crate) fn take_rest(&mut self) -> Vec<u8> {
        let rest = self.buffer.split_off(self.at);
        self.discard();
        rest
    }

    /// The next piece, if it is there. Texts come whole, literals as they arrive.
    pub(crate) fn next(&mut self) -> Option<Frame<'_>> {
        match self.state {
            State::Literal { left } => {
                let there = self.buffer.len() - self.at;
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(there);
                if length == 0 && left > 0 {
                    return None;
                }
                let from = self.at;
                self.at += length;
                let left = left - length as u64;
                self.state = if left == 0 { State::Text { seen: 0 } } else { State::Literal { left } };
                Some(Frame::Literal { octets: &self.buffer[from..from + length], left })
            }
            State::Text { seen } => self.text(seen),
        }
    }

    fn text(&mut self, seen: usize) -> Option<Frame<'_>> {
        let from = self.at;
        let Some(end) = memchr::memchr(b'\n', &self.buffer[from + seen..]).map(|end| from + seen + end)
        else {
            let there = self.buffer.len() - from;
            if there > TEXT_OCTETS_MAX {
                self.buffer.drain(from + TEXT_OCTETS_MAX / 2..self.buffer.len() - TAIL_OCTETS);
                self.is_cut = true;
            }
            self.state = State::Text { seen: self.buffer.len() - from };
            return None;
        };
        self.at = end + 1;
        let mut line = &self.buffer[from..end];
        while let Some(shorter) = line.strip_suffix(b"\r") {
            line = shorter;
        }
        let announced = if self.continues || may_have_literal(line) { literal(line) } else { None };
        let is_cut = std::mem::take(&mut self.is_cut);
        let (octets, literal) = match announced {
            Some((text, octets)) => (text, Some(octets)),
            None => (line, None),
        };
        self.continues = literal.is_some();
        self.state = literal.map_or(State::Text { seen: 0 }, |left| State::Literal { left });
        Some(Frame::Text { octets, literal, is_cut })
    }
}

/// Texts for people may end in braces: only data has literals.
fn may_have_literal(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"*") else { return false };
    let rest = rest.trim_ascii_start();
    let word = &rest[..rest.iter().position(|octet| *octet == b' ').unwrap_or(rest.len())];
    !["OK", "NO", "BAD", "BYE", "PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status.as_bytes()))
}

/// `… {n}`, `… {n+}`, `… ~{n}`, blanks behind it allowed: the text before and the size.
fn literal(line: &[u8]) -> Option<(&[u8], u64)> {
    let inner = line.trim_ascii_end().strip_suffix(b"}")?;
    let inner = inner.strip_suffix(b"+").or_else(|| inner.strip_suffix(b"-")).unwrap_or(inner);
    let digits = inner.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    if digits == 0 || digits > 13 {
        return None;
    }
    let (before, number) = inner.split_at(inner.len() - digits);
    let text = before.strip_suffix(b"{")?;
    let text = text.strip_suffix(b"~").unwrap_or(text);
    let octets = number.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    (octets <= LITERAL_OCTETS_MAX).then_some((text, octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything in order, literals whole, with `|` where one begins and `^` where it ends.
    pub(super) fn frames(octets: &[u8], piece: usize) -> Vec<String> {
        let mut framer = Framer::new();
        let mut found: Vec<String> = Vec::new();
        for chunk in octets.chunks(piece) {
            framer.input(chunk.len()).extend_from_slice(chunk);
            while let Some(frame) = framer.next() {
                match frame {
                    Frame::Text { octets, literal, is_cut } => {
                        let mark = literal.map_or(String::new(), |octets| format!("|{octets}|"));
                        let cut = if is_cut { "…" } else { "" };
                        found.push(format!("{}{cut}{mark}", octets.escape_ascii()));
                    }
                    Frame::Literal { octets, left } => {
                        let end = if left == 0 { "^" } else { "" };
                        let last = found.last_mut().expect("an announcement");
                        last.extend([octets.escape_ascii().to_string().as_str(), end]);
                    }
                }
            }
        }
        found
    }

    fn check(octets: &[u8], expected: &[&str]) {
        for piece in 1..=octets.len().max(1) {
            assert_eq!(frames(octets, piece), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn lines_and_literals() {
        check(b"* OK hi\r\na1 NO x\n\r\n", &["* OK hi", "a1 NO x", ""]);
        check(b"* 1 FETCH (BODY[] {5}\r\na\r\nb)\r\n", &["* 1 FETCH (BODY[] |5|a\\r\\nb)^", ""]);
        check(b"* 1 FETCH (BODY[] {3}\r\nabc UID 5)\r\n", &["* 1 FETCH (BODY[] |3|abc^", " UID 5)"]);
        check(b"* LIST () NIL {0+}\r\n\r\n", &["* LIST () NIL |0|^", ""]);
        check(b"* 1 FETCH (BODY[] ~{2} \nab X {1}\nc)\n", &["* 1 FETCH (BODY[] |2|ab^", " X |1|c^", ")"]);
    }

    #[test]
    fn no_literals() {
        check(b"* OK text {5}\r\nabc\r\n", &["* OK text {5}", "abc"]);
        check(b"* no {5}\r\n+ {5}\r\na1 OK {5}\r\n", &["* no {5}", "+ {5}", "a1 OK {5}"]);
        check(
            b"* X {}\r\n* X {a}\r\n* X 5}\r\n* X {99999999999999999999}\r\n",
            &["* X {}", "* X {a}", "* X 5}", "* X {99999999999999999999}"],
        );
    }

    #[test]
    fn long_lines_are_cut() {
        let mut line = b"* SEARCH ".to_vec();
        line.resize(3 << 20, b'1');
        let found = frames(&[&line[..], b" {2}\r\nab\r\n* OK\r\n"].concat(), 10_000);
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("* SEARCH 111") && found[0].ends_with("…|2|ab^"));
        assert!(found[0].len() < 2 << 20);
    }
}
