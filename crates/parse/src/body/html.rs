//! HTML to text, and what its markup says about quotes. One pass, no tree, linear.

use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memchr2, memmem};
use model::TextKind;

/// Containers of quotes and signatures that are remembered at once; deeper ones count as their parents.
const CONTAINERS_MAX: usize = 64;

/// Text of an HTML document, at most `octets_max` octets, and from which offsets on its markup says that text
/// is quoted or signature. The first mark is at 0 if there is any text.
///
/// Blocks and `br` become line ends, table cells are parted by blanks, white space is folded except in `pre`;
/// scripts, styles, titles and comments are left out. Nothing is loaded, links are not followed.
pub(crate) fn text(html: &str, octets_max: usize) -> (String, Vec<(usize, TextKind)>) {
    let mut reader = Reader {
        html,
        out: String::with_capacity(html.len().min(octets_max) / 4),
        marks: Vec::new(),
        gap: Gap::default(),
        pre: 0,
        quotes: Quotes::default(),
        no_end: NoEnd::default(),
    };
    reader.read(octets_max);
    (reader.out, reader.marks)
}

/// White space that comes before the next text.
#[derive(Default)]
struct Gap {
    blank: bool,
    lines: usize,
}

/// Searches that have failed once: they would fail again from everywhere behind.
#[derive(Default)]
struct NoEnd {
    comment: bool,
    double_quote: bool,
    single_quote: bool,
    elements: Vec<&'static str>,
}

struct Reader<'a> {
    html: &'a str,
    out: String,
    marks: Vec<(usize, TextKind)>,
    gap: Gap,
    pre: usize,
    quotes: Quotes,
    no_end: NoEnd,
}

impl Reader<'_> {
    fn read(&mut self, octets_max: usize) {
        let bytes = self.html.as_bytes();
        let mut pos = 0;
        while pos < bytes.len() && self.out.len() < octets_max {
            let Some(at) = memchr(b'<', &bytes[pos..]).map(|at| pos + at) else {
                self.text(pos, bytes.len());
                return;
            };
            self.text(pos, at);
            pos = match bytes.get(at + 1) {
                Some(b'!') => self.declaration_end(at),
                Some(b'?') => memchr(b'>', &bytes[at..]).map_or(bytes.len(), |end| at + end + 1),
                Some(b'/') if bytes.get(at + 2).is_some_and(u8::is_ascii_alphabetic) => {
                    self.tag(at + 2, true)
                }
                Some(c) if c.is_ascii_alphabetic() => self.tag(at + 1, false),
                _ => {
                    self.push_char('<');
                    at + 1
                }
            };
        }
    }

    /// End of a comment or declaration that begins at `at`.
    fn declaration_end(&mut self, at: usize) -> usize {
        let bytes = self.html.as_bytes();
        if bytes[at..].starts_with(b"<!--") && !self.no_end.comment {
            match memmem::find(&bytes[at + 4..], b"-->") {
                Some(end) => return at + 4 + end + 3,
                None => self.no_end.comment = true,
            }
        }
        memchr(b'>', &bytes[at..]).map_or(bytes.len(), |end| at + end + 1)
    }

    /// Handles the tag whose name begins at `at`; gives the offset behind it (and behind its content, where
    /// that is no text).
    fn tag(&mut self, at: usize, closing: bool) -> usize {
        let bytes = self.html.as_bytes();
        let name_len =
            bytes[at..].iter().position(|c| !c.is_ascii_alphanumeric()).unwrap_or(bytes.len() - at);
        let attributes_at = at + name_len;
        let end = self.tag_end(attributes_at);
        let mut name = [0_u8; 10];
        if name_len <= name.len() {
            for (to, from) in name.iter_mut().zip(&bytes[at..at + name_len]) {
                *to = from.to_ascii_lowercase();
            }
        }
        let name = std::str::from_utf8(&name[..name_len.min(10)]).unwrap_or_default();
        let attributes = &self.html[attributes_at..end];
        match name {
            "br" => self.gap.lines += 1,
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "dl" => self.block(2),
            "td" | "th" => self.gap.blank = true,
            "hr" => {
                self.block(1);
                self.quotes.rule(attributes);
            }
            "li" if !closing => {
                self.block(1);
                self.quotes_mark();
                self.out_str("• ");
            }
            "pre" => {
                self.block(1);
                self.pre = if closing { self.pre.saturating_sub(1) } else { self.pre + 1 };
            }
            "div" => {
                self.block(1);
                self.quotes.div(attributes, closing);
            }
            "blockquote" => {
                self.block(1);
                self.quotes.blockquote(closing);
            }
            "tr" | "table" | "address" | "article" | "center" | "dd" | "dt" | "fieldset" | "footer"
            | "form" | "header" | "li" | "main" | "nav" | "section" | "body" | "tbody" => self.block(1),
            "script" | "style" | "title" | "template" if !closing => return self.skip_element(name, end),
            _ => {}
        }
        end
    }

    /// Offset behind the `>` of the tag whose attributes begin at `at`; quotes hide `>`.
    fn tag_end(&mut self, at: usize) -> usize {
        let bytes = self.html.as_bytes();
        let mut pos = at;
        while pos < bytes.len() {
            match bytes[pos] {
                b'>' => return pos + 1,
                quote @ (b'"' | b'\'')
                    if bytes[at..pos].ends_with(b"=") || bytes[at..pos].ends_with(b"= ") =>
                {
                    let none = if quote == b'"' {
                        &mut self.no_end.double_quote
                    } else {
                        &mut self.no_end.single_quote
                    };
                    if let Some(len) = (!*none).then(|| memchr(quote, &bytes[pos + 1..])).flatten() {
                        pos += len + 2;
                    } else {
                        *none = true;
                        pos += 1;
                    }
                }
                _ => pos += 1,
            }
        }
        bytes.len()
    }

    /// Offset behind the end tag of an element whose content is no text; `from` if there is none.
    fn skip_element(&mut self, name: &str, from: usize) -> usize {
        let Some(name) = ["script", "style", "title", "template"].into_iter().find(|n| *n == name) else {
            return from;
        };
        if self.no_end.elements.contains(&name) {
            return from;
        }
        let bytes = self.html.as_bytes();
        let end = memmem::find_iter(&bytes[from..], b"</").find(|at| {
            bytes
                .get(from + at + 2..from + at + 2 + name.len())
                .is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
        });
        let Some(end) = end else {
            self.no_end.elements.push(name);
            return from;
        };
        let close = from + end;
        memchr(b'>', &bytes[close..]).map_or(bytes.len(), |at| close + at + 1)
    }

    fn block(&mut self, lines: usize) {
        self.gap.lines = self.gap.lines.max(lines);
    }

    /// Takes the text between two tags.
    fn text(&mut self, from: usize, to: usize) {
        let mut rest = &self.html[from..to];
        while !rest.is_empty() {
            let at = rest
                .bytes()
                .position(|c| c <= b' ' || c == b'&' || c >= 0x80 || c == 0x7f)
                .unwrap_or(rest.len());
            if at > 0 {
                self.out_gap();
                self.out.push_str(&rest[..at]);
                rest = &rest[at..];
                continue;
            }
            match rest.as_bytes()[0] {
                b'&' => rest = self.entity(rest),
                c if c.is_ascii() => {
                    self.white_space(char::from(c));
                    rest = &rest[1..];
                }
                _ => {
                    let c = rest.chars().next().unwrap_or_default();
                    self.push_char(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
    }

    fn white_space(&mut self, c: char) {
        if self.pre > 0 && c == '\n' {
            self.gap.lines += 1;
            self.gap.blank = false;
        } else if self.pre > 0 && c == ' ' {
            self.out_gap();
            self.out.push(' ');
        } else {
            self.gap.blank = true;
        }
    }

    /// Decodes the entity at the start of `rest`; gives what follows it.
    fn entity<'b>(&mut self, rest: &'b str) -> &'b str {
        let window = &rest.as_bytes()[..rest.len().min(34)];
        let len = memchr2(b';', b' ', window).filter(|&at| window[at] == b';' && window[..at].is_ascii());
        let Some(len) = len else {
            self.push_char('&');
            return &rest[1..];
        };
        let mut decoded = String::new();
        add_html_token(&mut decoded, &rest.as_bytes()[..=len], false);
        if decoded.starts_with('&') && decoded.len() > 1 {
            self.push_char('&');
            return &rest[1..];
        }
        decoded.chars().for_each(|c| self.push_char(c));
        &rest[len + 1..]
    }

    fn push_char(&mut self, c: char) {
        match c {
            '\0' => self.push_visible('\u{fffd}'),
            c if c.is_whitespace() || c.is_control() => self.gap.blank = true,
            // Padding of newsletters, not text.
            '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
            '\u{200c}' | '\u{200d}' if self.gap.blank || self.out.is_empty() => {}
            c => self.push_visible(c),
        }
    }

    fn push_visible(&mut self, c: char) {
        self.out_gap();
        self.out.push(c);
    }

    fn out_str(&mut self, text: &str) {
        self.out_gap();
        self.out.push_str(text);
        self.gap.blank = false;
    }

    /// Writes the white space that is due, and a mark if what follows is of another kind.
    fn out_gap(&mut self) {
        if self.out.is_empty() || self.out.ends_with("• ") {
            self.gap = Gap::default();
        } else if self.gap.lines > 0 {
            for _ in 0..self.gap.lines.min(2) {
                self.out.push('\n');
            }
            self.gap = Gap::default();
        } else if self.gap.blank {
            self.out.push(' ');
            self.gap.blank = false;
        }
        self.quotes_mark();
    }

    fn quotes_mark(&mut self) {
        let kind = self.quotes.kind();
        if self.marks.last().is_none_or(|(_, last)| *last != kind) {
            self.marks.push((self.out.len(), kind));
        }
    }
}

/// Which quote and signature containers are open.
#[derive(Default)]
struct Quotes {
    div_depth: usize,
    blockquotes: usize,
    containers: Vec<Container>,
    /// Everything that follows is quoted.
    rest: bool,
}

struct Container {
    /// Depth of `div` it opened at.
    div_depth: usize,
    kind: TextKind,
    /// Quoted until a `blockquote` in it has closed: answers between the quotes are new.
    until_blockquote: bool,
}

impl Quotes {
    fn kind(&self) -> TextKind {
        if self.rest || self.blockquotes > 0 || self.containers.iter().any(|c| c.kind == TextKind::Quoted) {
            TextKind::Quoted
        } else if self.containers.is_empty() {
            TextKind::New
        } else {
            self.containers.last().map_or(TextKind::New, |c| c.kind)
        }
    }

    fn blockquote(&mut self, closing: bool) {
        if closing {
            self.blockquotes = self.blockquotes.saturating_sub(1);
            if self.blockquotes == 0 {
                for container in &mut self.containers {
                    if container.until_blockquote {
                        container.kind = TextKind::New;
                    }
                }
            }
        } else {
            self.blockquotes += 1;
        }
    }

    /// A horizontal rule: Outlook on the web writes one before the earlier mail.
    fn rule(&mut self, attributes: &str) {
        self.rest |= attribute(attributes, "id").is_some_and(|id| id.eq_ignore_ascii_case("stopSpelling"));
    }

    fn div(&mut self, attributes: &str, closing: bool) {
        if closing {
            while self.containers.last().is_some_and(|c| c.div_depth >= self.div_depth) {
                self.containers.pop();
            }
            self.div_depth = self.div_depth.saturating_sub(1);
            return;
        }
        self.div_depth += 1;
        if attributes.len() < 5 {
            return;
        }
        let id = attribute(attributes, "id").unwrap_or_default();
        // `x_` is put before by Outlook when it quotes.
        let id = id.strip_prefix("x_").unwrap_or(id);
        if matches!(
            id,
            "divRplyFwdMsg" | "appendonsend" | "mail-editor-reference-message-container" | "reply-intro"
        ) {
            self.rest = true;
            return;
        }
        let class = attribute(attributes, "class").unwrap_or_default();
        let has =
            |name: &str| class.split_ascii_whitespace().any(|c| c.strip_prefix("x_").unwrap_or(c) == name);
        let quoted = has("gmail_attr")
            || has("moz-cite-prefix")
            || has("moz-forward-container")
            || has("yahoo_quoted")
            || has("protonmail_quote")
            || has("tutanota_quote")
            || id.starts_with("yahoo_quoted")
            || attribute(attributes, "name").is_some_and(|name| name == "quote");
        let until_blockquote = has("gmail_quote") || has("gmail_extra") && has("gmail_quote_container");
        let signature = has("gmail_signature")
            || has("moz-signature")
            || has("protonmail_signature_block")
            || has("tutanota_signature")
            || matches!(id, "Signature" | "signature" | "ms-outlook-mobile-signature" | "AppleMailSignature");
        let kind = match (quoted || until_blockquote, signature) {
            (true, _) => TextKind::Quoted,
            (false, true) => TextKind::Signature,
            (false, false) => return,
        };
        if self.containers.len() < CONTAINERS_MAX {
            self.containers.push(Container { div_depth: self.div_depth, kind, until_blockquote });
        }
    }
}

/// Value of an attribute of a tag; `name` in lower case.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some(at) = rest.find('=') {
        let found = rest[..at].trim_end();
        let found =
            found.rsplit(|c: char| c.is_whitespace() || c == '"' || c == '\'').next().unwrap_or_default();
        let value = rest[at + 1..].trim_start();
        let (value, after) = if let Some(quote @ ('"' | '\'')) = value.chars().next() {
            let inside = &value[1..];
            let end = inside.find(quote).unwrap_or(inside.len());
            (&inside[..end], inside.get(end + 1..).unwrap_or_default())
        } else {
            let end = value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len());
            value.split_at(end)
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(value.trim());
        }
        rest = after;
    }
    None
}
