//! The HTML or text inside RTF.

use std::collections::HashMap;

use crate::codepage;

/// Octets of text that may come out.
const TEXT_OCTETS_MAX: usize = 64 << 20;
/// Groups inside one another that are told apart.
const GROUPS_MAX: usize = 1_000;

/// What an RTF body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Made from HTML, which this is.
    Html(String),
    /// Made from plain text, which this is.
    Text(String),
    /// Written as RTF; its text.
    Rtf(String),
}

/// What an RTF document was made from.
pub(crate) fn body(rtf: &[u8]) -> Body {
    let mut reader = Reader::new(rtf);
    reader.read();
    reader.flush();
    match reader.made_from {
        MadeFrom::Html => Body::Html(reader.out),
        MadeFrom::Text => Body::Text(reader.out),
        MadeFrom::Rtf => Body::Rtf(reader.out),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MadeFrom {
    Html,
    Text,
    Rtf,
}

/// State that a group restores at its end.
#[derive(Clone, Copy)]
struct Group {
    /// Nothing of it is text.
    skipped: bool,
    /// It is `\*\htmltag`: its text is HTML as it was.
    html_tag: bool,
    /// Between `\htmlrtf` and `\htmlrtf0`: of use for RTF alone.
    rtf_only: bool,
    font_table: bool,
    font: i32,
    /// Characters that stand in for one of `\u`.
    stand_ins: usize,
}

struct Reader<'a> {
    rtf: &'a [u8],
    at: usize,
    made_from: MadeFrom,
    group: Group,
    stack: Vec<Group>,
    /// Groups beyond those that are told apart.
    deeper: usize,
    /// `\*` was the last word.
    starred: bool,
    codepage: u32,
    fonts: HashMap<i32, u32>,
    /// Octets of the code page that are no text yet.
    pending: Vec<u8>,
    pending_page: u32,
    /// Characters to be passed over behind `\u`.
    to_skip: usize,
    /// First half of a character beyond U+FFFF.
    high: Option<u16>,
    out: String,
}

impl<'a> Reader<'a> {
    fn new(rtf: &'a [u8]) -> Self {
        let group = Group {
            skipped: false,
            html_tag: false,
            rtf_only: false,
            font_table: false,
            font: 0,
            stand_ins: 1,
        };
        Self {
            rtf,
            at: 0,
            made_from: MadeFrom::Rtf,
            group,
            stack: Vec::new(),
            deeper: 0,
            starred: false,
            codepage: 1252,
            fonts: HashMap::new(),
            pending: Vec::new(),
            pending_page: 1252,
            to_skip: 0,
            high: None,
            out: String::new(),
        }
    }

    fn read(&mut self) {
        while let Some(&octet) = self.rtf.get(self.at) {
            if self.out.len() > TEXT_OCTETS_MAX {
                return;
            }
            self.at += 1;
            match octet {
                b'{' => self.open(),
                b'}' => self.close(),
                b'\\' => self.control(),
                b'\r' | b'\n' => {}
                other => self.octet(other),
            }
        }
    }

    fn open(&mut self) {
        self.to_skip = 0;
        if self.stack.len() < GROUPS_MAX {
            self.stack.push(self.group);
        } else {
            self.deeper += 1;
        }
    }

    fn close(&mut self) {
        self.to_skip = 0;
        self.starred = false;
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(outer) = self.stack.pop() {
            // Whether it is of use for RTF alone goes on behind a group's end ([MS-OXRTFEX] §2.1.3.1.4).
            self.group = outer;
        }
    }

    fn control(&mut self) {
        let Some(&first) = self.rtf.get(self.at) else { return };
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            self.symbol(first);
            return;
        }
        let rest = &self.rtf[self.at..];
        let len = rest.iter().take(40).take_while(|c| c.is_ascii_alphabetic()).count();
        let (word, rest) = rest.split_at(len);
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest[sign..].iter().take(10).take_while(|c| c.is_ascii_digit()).count();
        let number = (digits > 0)
            .then(|| std::str::from_utf8(&rest[..sign + digits]).ok()?.parse::<i32>().ok())
            .flatten();
        let used = if digits > 0 { sign + digits } else { 0 };
        let blank = usize::from(rest.get(used) == Some(&b' '));
        self.at += len + used + blank;
        let starred = std::mem::take(&mut self.starred);
        self.word(word, number, starred);
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'*' => self.starred = true,
            b'\'' => {
                let hex = self.rtf.get(self.at..self.at + 2).and_then(|hex| std::str::from_utf8(hex).ok());
                if let Some(octet) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    self.at += 2;
                    self.octet(octet);
                }
            }
            b'{' | b'}' | b'\\' => self.octet(symbol),
            b'~' => self.named("&nbsp;", "\u{a0}"),
            b'_' => self.named("&shy;", "\u{2011}"),
            b'-' => self.named("&shy;", ""),
            b'\r' | b'\n' => self.line(),
            _ => {}
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i32>, starred: bool) {
        match word {
            b"bin" => self.at = self.at.saturating_add(usize::try_from(number.unwrap_or(0)).unwrap_or(0)),
            b"ansicpg" => self.codepage = number.and_then(|page| u32::try_from(page).ok()).unwrap_or(1252),
            b"mac" => self.codepage = 10000,
            b"fromhtml" => self.made_from = MadeFrom::Html,
            b"fromtext" => self.made_from = MadeFrom::Text,
            b"htmlrtf" => self.group.rtf_only = number != Some(0),
            b"htmltag" if starred => self.group.html_tag = true,
            b"fonttbl" => {
                self.group.font_table = true;
                self.group.skipped = true;
            }
            b"f" => self.group.font = number.unwrap_or(0),
            b"fcharset" if self.group.font_table => {
                if let Some(page) = number.and_then(codepage::of_charset) {
                    self.fonts.insert(self.group.font, page);
                }
            }
            b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"object" | b"header" | b"footer"
            | b"pntext" | b"listtext" => self.group.skipped = true,
            b"uc" => self.group.stand_ins = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(16),
            b"u" => self.unicode(number.unwrap_or(0)),
            b"par" | b"line" | b"row" | b"sect" | b"page" => self.line(),
            b"tab" | b"cell" => self.text("\t"),
            b"lquote" => self.named("&lsquo;", "\u{2018}"),
            b"rquote" => self.named("&rsquo;", "\u{2019}"),
            b"ldblquote" => self.named("&ldquo;", "\u{201c}"),
            b"rdblquote" => self.named("&rdquo;", "\u{201d}"),
            b"bullet" => self.named("&bull;", "\u{2022}"),
            b"endash" => self.named("&ndash;", "\u{2013}"),
            b"emdash" => self.named("&mdash;", "\u{2014}"),
            _ if starred => self.group.skipped = true,
            _ => {}
        }
    }

    fn is_silent(&self) -> bool {
        self.group.skipped
            || (self.group.rtf_only && self.made_from != MadeFrom::Rtf)
            || (self.group.html_tag && self.made_from != MadeFrom::Html)
    }

    /// An octet of text, in the code page of its font.
    fn octet(&mut self, octet: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return;
        }
        if self.is_silent() {
            return;
        }
        let page = if self.group.html_tag {
            self.codepage
        } else {
            self.fonts.get(&self.group.font).copied().unwrap_or(self.codepage)
        };
        if page != self.pending_page {
            self.flush();
            self.pending_page = page;
        }
        self.pending.push(octet);
    }

    /// A character that has a name in HTML.
    fn named(&mut self, html: &str, text: &str) {
        self.text(if self.made_from == MadeFrom::Html { html } else { text });
    }

    fn line(&mut self) {
        self.text(if self.made_from == MadeFrom::Html { "\r\n" } else { "\n" });
    }

    fn text(&mut self, text: &str) {
        self.to_skip = 0;
        if !self.is_silent() {
            self.flush();
            self.out.push_str(text);
        }
    }

    fn unicode(&mut self, number: i32) {
        self.to_skip = self.group.stand_ins;
        if self.is_silent() {
            return;
        }
        self.flush();
        let unit = (number & 0xffff) as u16;
        match (self.high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                self.out.extend(char::decode_utf16([high, unit]).filter_map(Result::ok));
            }
            (_, 0xd800..=0xdbff) => self.high = Some(unit),
            (_, unit) => {
                self.out.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            self.out.push_str(&codepage::text(self.pending_page, &pending));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_body_was_made_from() {
        let check = |rtf: &str, expected: Body| assert_eq!(body(rtf.as_bytes()), expected, "{rtf}");
        check(
            r"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Gr\'fc\'dfe \u8364 ?5{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0}",
            Body::Html("<p>Grüße €5</p>".to_owned()),
        );
        check(
            r"{\rtf1\ansi\fromtext{\colortbl;}one\par two\tab three}",
            Body::Text("one\ntwo\tthree".to_owned()),
        );
        check(r"{\rtf1\ansi{\fonttbl{\f1\fcharset204 A;}}\f1\'cf\'f0\'e8}", Body::Rtf("При".to_owned()));
        check(r"{\rtf1 \u-10179 ?\u-8704 ?}}}}", Body::Rtf("😀".to_owned()));
    }
}
