//! HTML source as tokens, in linear time.
//!
//! Follows the tokenizer of the HTML standard (§13.2.5) where it matters for what people see. Nothing depends on it for
//! safety: the filter writes each tag anew, so a reading that differs from the browser's costs looks, not safety.

use memchr::{memchr, memmem};

/// Attributes of one tag beyond this are not read.
const ATTRIBUTES_MAX: usize = 64;

/// An attribute as written: name in any case, value with character references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

/// A piece of the source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Text with character references.
    Text(&'a str),
    /// Start tag: name as written.
    Start { name: &'a str, attributes: Vec<Attribute<'a>>, self_closing: bool },
    /// End tag.
    End { name: &'a str },
    /// `<!doctype …>`.
    Doctype,
    /// Comment, processing instruction, or what is treated as such.
    Comment,
}

/// Reads tokens from a source.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(crate) const fn new(source: &'a str) -> Self {
        Self { rest: source }
    }

    /// The text up to the end tag of `name`, which is read too: for elements whose content is no markup.
    pub(crate) fn raw_text(&mut self, name: &str) -> &'a str {
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while let Some(found) = memmem::find(&bytes[at..], b"</") {
            let start = at + found;
            let end = start + 2 + name.len();
            let ends = bytes.get(start + 2..end).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
                && bytes.get(end).is_none_or(|b| is_space(*b) || matches!(b, b'/' | b'>'));
            if ends {
                let text = &self.rest[..start];
                self.rest = &self.rest[end..];
                self.attributes();
                return text;
            }
            at = start + 2;
        }
        self.remaining()
    }

    /// All that is left.
    pub(crate) fn remaining(&mut self) -> &'a str {
        std::mem::take(&mut self.rest)
    }

    /// Takes `len` bytes off the front; `len` is at a boundary of characters.
    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    fn comment(&mut self) -> Token<'a> {
        let body = &self.rest.as_bytes()[4..];
        let end = if body.starts_with(b">") {
            1
        } else if body.starts_with(b"->") {
            2
        } else {
            let normal = memmem::find(body, b"-->").map(|at| at + 3);
            let bang = memmem::find(&body[..normal.unwrap_or(body.len())], b"--!>").map(|at| at + 4);
            bang.or(normal).unwrap_or(body.len())
        };
        self.take(4 + end);
        Token::Comment
    }

    fn bogus_comment(&mut self) {
        let end = memchr(b'>', self.rest.as_bytes()).map_or(self.rest.len(), |at| at + 1);
        self.take(end);
    }

    fn name(&mut self) -> &'a str {
        let end = self.rest.bytes().position(|b| is_space(b) || matches!(b, b'/' | b'>'));
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Reads attributes and the `>` behind them; whether a `/` stood before it.
    fn attributes(&mut self) -> (Vec<Attribute<'a>>, bool) {
        let mut found: Vec<Attribute<'a>> = Vec::new();
        let mut self_closing = false;
        loop {
            let skipped =
                self.rest.bytes().position(|b| !(is_space(b) || b == b'/')).unwrap_or(self.rest.len());
            if skipped > 0 {
                self_closing = self.take(skipped).ends_with('/');
            }
            let bytes = self.rest.as_bytes();
            match bytes.first() {
                None => return (found, self_closing),
                Some(b'>') => {
                    self.take(1);
                    return (found, self_closing);
                }
                Some(_) => {}
            }
            self_closing = false;
            // A `=` at the beginning belongs to the name.
            let end = bytes.iter().skip(1).position(|b| is_space(*b) || matches!(b, b'/' | b'>' | b'='));
            let name = self.take(end.map_or(bytes.len(), |at| at + 1));
            let value = self.value();
            if found.len() < ATTRIBUTES_MAX && !found.iter().any(|a| a.name.eq_ignore_ascii_case(name)) {
                found.push(Attribute { name, value });
            }
        }
    }

    fn value(&mut self) -> &'a str {
        let blank = self.rest.bytes().position(|b| !is_space(b)).unwrap_or(self.rest.len());
        if self.rest.as_bytes().get(blank) != Some(&b'=') {
            return "";
        }
        self.take(blank + 1);
        let blank = self.rest.bytes().position(|b| !is_space(b)).unwrap_or(self.rest.len());
        self.take(blank);
        if let Some(&quote @ (b'"' | b'\'')) = self.rest.as_bytes().first() {
            self.take(1);
            let end = memchr(quote, self.rest.as_bytes());
            let value = self.take(end.unwrap_or(self.rest.len()));
            self.take(usize::from(end.is_some()));
            value
        } else {
            let end = self.rest.bytes().position(|b| is_space(b) || b == b'>').unwrap_or(self.rest.len());
            self.take(end)
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let bytes = self.rest.as_bytes();
        if bytes.is_empty() {
            return None;
        }
        if bytes[0] != b'<' {
            let end = memchr(b'<', bytes).unwrap_or(bytes.len());
            return Some(Token::Text(self.take(end)));
        }
        Some(match bytes.get(1) {
            Some(b) if b.is_ascii_alphabetic() => {
                self.take(1);
                let name = self.name();
                let (attributes, self_closing) = self.attributes();
                Token::Start { name, attributes, self_closing }
            }
            Some(b'/') if bytes.get(2).is_some_and(u8::is_ascii_alphabetic) => {
                self.take(2);
                let name = self.name();
                self.attributes();
                Token::End { name }
            }
            Some(b'/') if bytes.len() > 2 => {
                self.bogus_comment();
                Token::Comment
            }
            Some(b'!') if bytes.starts_with(b"<!--") => self.comment(),
            Some(b'!') => {
                let doctype = bytes.get(2..9).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype"));
                self.bogus_comment();
                if doctype { Token::Doctype } else { Token::Comment }
            }
            Some(b'?') => {
                self.bogus_comment();
                Token::Comment
            }
            _ => {
                // A lone `<` is text.
                let end = memchr(b'<', &bytes[1..]).map_or(bytes.len(), |at| at + 1);
                Token::Text(self.take(end))
            }
        })
    }
}

/// White space of HTML.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// Appends `text`, without references, so that it is text in an attribute or outside.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'&' => "&amp;",
            0 => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escaped);
        from = at + 1;
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod unit {
    use super::*;

    fn check(source: &str, expected: &[&str]) {
        let found: Vec<String> = Tokens::new(source)
            .map(|token| match token {
                Token::Text(text) => format!("'{text}"),
                Token::Start { name, attributes, self_closing } => {
                    let list: Vec<String> =
                        attributes.iter().map(|a| format!(" {}={}", a.name, a.value)).collect();
                    format!("<{name}{}{}", list.concat(), if self_closing { "/" } else { "" })
                }
                Token::End { name } => format!("/{name}"),
                Token::Doctype => "!".to_owned(),
                Token::Comment => "#".to_owned(),
            })
            .collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn tokens_as_the_standard_has_them() {
        check("a<b>c</b >d", &["'a", "<b", "'c", "/b", "'d"]);
        check("<a href=x title='y>' alt=\"z\"b c = d/>", &["<a href=x title=y> alt=z b= c=d/"]);
        check("<br/><img/src=x/onerror=y><p / >", &["<br/", "<img src=x/onerror=y", "<p"]);
        check("<a =b=c =d>", &["<a =b=c =d="]);
        check("<a a=1 A=2>", &["<a a=1"]);
        check("1 < 2 <> <3 </ x></>y", &["'1 ", "'< 2 ", "'<> ", "'<3 ", "#", "#", "'y"]);
        check("<!doctype html><!-- > --><!--><!---><!-- --!>x<!-", &["!", "#", "#", "#", "#", "'x", "#"]);
        check("<?xml version='1'?><![if !mso]>x<![endif]>", &["#", "#", "'x", "#"]);
        check("<a href='", &["<a href="]);
        check("<", &["'<"]);
        check("</", &["'</"]);
    }

    #[test]
    fn raw_text_ends_at_its_end_tag_only() {
        let mut tokens = Tokens::new("a</b></styles></STYLE x>y");
        assert_eq!(tokens.raw_text("style"), "a</b></styles>");
        assert_eq!(tokens.remaining(), "y");
    }
}
