//! Text of RTF, in one pass.
//!
//! Source: Rich Text Format specification 1.9.1.

use encoding_rs::{Encoding, WINDOWS_1252};

use super::Buffer;

/// Groups inside each other that are told apart; deeper ones count as their parents.
const DEPTH_MAX: usize = 1000;

/// Groups whose content is no text of the document.
const HIDDEN: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "objdata",
    "themedata",
    "colorschememapping",
    "datastore",
    "latentstyles",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "generator",
    "xmlnstbl",
    "filetbl",
    "revtbl",
    "fldinst",
    "bkmkstart",
    "bkmkend",
    "mmathPr",
    "panose",
    "falt",
];

#[derive(Clone, Copy)]
struct Group {
    hidden: bool,
    /// Characters to skip behind `\u`.
    replaced: usize,
}

struct Reader<'t> {
    text: &'t mut Buffer,
    group: Group,
    outer: Vec<Group>,
    too_deep: usize,
    encoding: &'static Encoding,
    /// Octets that are not decoded yet, since a character may have two.
    octets: Vec<u8>,
    /// Characters that still stand for the last `\u`.
    to_skip: usize,
    surrogate: Option<u16>,
}

pub(crate) fn read(source: &[u8], text: &mut Buffer) {
    let mut reader = Reader {
        text,
        group: Group { hidden: false, replaced: 1 },
        outer: Vec::new(),
        too_deep: 0,
        encoding: WINDOWS_1252,
        octets: Vec::new(),
        to_skip: 0,
        surrogate: None,
    };
    let mut at = 0;
    while let Some(&octet) = source.get(at) {
        if reader.text.is_full() {
            return;
        }
        at += 1;
        match octet {
            b'{' => reader.open(),
            b'}' => reader.close(),
            b'\\' => at = reader.control(source, at),
            b'\r' | b'\n' => {}
            _ => reader.octet(octet),
        }
    }
    reader.flush();
}

impl Reader<'_> {
    fn open(&mut self) {
        self.flush();
        if self.outer.len() < DEPTH_MAX {
            self.outer.push(self.group);
        } else {
            self.too_deep += 1;
        }
    }

    fn close(&mut self) {
        self.flush();
        self.to_skip = 0;
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some(outer) = self.outer.pop() {
            self.group = outer;
        }
    }

    /// A control word or symbol behind a backslash; gives where to read on.
    fn control(&mut self, source: &[u8], at: usize) -> usize {
        let Some(&first) = source.get(at) else { return at };
        if !first.is_ascii_alphabetic() {
            return self.symbol(source, first, at + 1);
        }
        let word_len = source[at..].iter().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
        let word = std::str::from_utf8(&source[at..at + word_len]).unwrap_or_default();
        let mut end = at + word_len;
        let negative = source.get(end) == Some(&b'-');
        let digits_at = end + usize::from(negative);
        let digits = source[digits_at..].iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        let mut number = None;
        if digits > 0 {
            let value =
                std::str::from_utf8(&source[digits_at..digits_at + digits]).ok().and_then(|d| d.parse().ok());
            number = value.map(|value: i64| if negative { -value } else { value });
            end = digits_at + digits;
        }
        if source.get(end) == Some(&b' ') {
            end += 1;
        }
        if word == "bin" {
            let skipped = number.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
            return end.saturating_add(skipped);
        }
        self.word(word, number);
        end
    }

    fn symbol(&mut self, source: &[u8], symbol: u8, at: usize) -> usize {
        match symbol {
            b'\'' => {
                let digits = source.get(at..at + 2).and_then(|d| std::str::from_utf8(d).ok());
                if let Some(octet) = digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
                    self.octet(octet);
                }
                at + 2
            }
            b'*' => {
                self.group.hidden = true;
                at
            }
            b'\\' | b'{' | b'}' => {
                self.octet(symbol);
                at
            }
            b'~' => {
                self.push(" ");
                at
            }
            b'\r' | b'\n' => {
                self.push("\n");
                at
            }
            _ => at,
        }
    }

    fn word(&mut self, word: &str, number: Option<i64>) {
        match word {
            "par" | "line" | "sect" | "page" | "row" => self.push("\n"),
            "tab" | "cell" => self.push("\t"),
            "emdash" => self.push("—"),
            "endash" => self.push("–"),
            "lquote" | "rquote" => self.push("'"),
            "ldblquote" | "rdblquote" => self.push("\""),
            "bullet" => self.push("•"),
            "u" => self.unicode(number.unwrap_or_default()),
            "uc" => self.group.replaced = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(16),
            "ansicpg" => {
                self.flush();
                let label = format!("windows-{}", number.unwrap_or(1252));
                self.encoding = Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252);
            }
            _ if HIDDEN.contains(&word) => self.group.hidden = true,
            _ => {}
        }
    }

    /// `\u`: a UTF-16 unit, negative above 32767.
    fn unicode(&mut self, number: i64) {
        self.flush();
        self.to_skip = self.group.replaced;
        let unit = number as u16;
        let units = match self.surrogate.take() {
            Some(high) => vec![high, unit],
            None if (0xd800..0xdc00).contains(&unit) => {
                self.surrogate = Some(unit);
                return;
            }
            None => vec![unit],
        };
        if !self.group.hidden {
            self.text.push(&String::from_utf16_lossy(&units));
        }
    }

    fn octet(&mut self, octet: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if !self.group.hidden {
            self.octets.push(octet);
            if self.octets.len() >= 8192 && octet.is_ascii_whitespace() {
                self.flush();
            }
        }
    }

    fn push(&mut self, text: &str) {
        self.flush();
        if !self.group.hidden {
            self.text.push(text);
        }
    }

    fn flush(&mut self) {
        if !self.octets.is_empty() {
            let decoded = self.encoding.decode_without_bom_handling(&self.octets).0;
            self.text.push(&decoded);
            self.octets.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &[u8], expected: &str) {
        let mut text = Buffer::new(1000);
        read(source, &mut text);
        assert_eq!(text.finish().map(|t| t.text.to_string()).unwrap_or_default(), expected);
    }

    #[test]
    fn text_without_the_markup() {
        check(
            b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}\\f0 Gr\\'fc\\'dfe\\par Zweite {\\b fette} Zeile\\tab x}",
            "Grüße\nZweite fette Zeile\tx",
        );
        check(b"{\\rtf1\\uc1 \\u8364? 5 \\u-10179?\\u-8704?}", "€ 5 😀");
        check(b"{\\rtf1{\\pict\\bin5 ab}c}}{\\info x}d}", "d");
        check(b"{\\rtf1 a\\{b\\}\\\\c \\~d\\", "a{b}\\c d");
        check(b"}}}}{\\rtf1 a\\'", "a");
        check(&[b"{".repeat(100_000), b"a".to_vec(), b"}".repeat(100_000), b"b".to_vec()].concat(), "ab");
        check("{\\rtf1\\ansicpg1251 \\'cf}".as_bytes(), "П");
    }
}
