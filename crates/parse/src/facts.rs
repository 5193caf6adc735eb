//! Number tokens and addresses in subject and body, with their places.

mod context;
mod joined;

use model::{BodyText, Found, MailFacts, NumberToken, Place, Span, TextKind};

/// Characters of a number token.
const TOKEN_CHARS_MIN: usize = 3;
const TOKEN_BYTES_MAX: usize = 64;

/// Octets of an address (RFC 5321 §4.5.3.1: 64 + 1 + 255).
const LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 255;

/// Finds what linking looks for: at most `max` of each sort in each place.
///
/// A number token is a run of letters, digits and `- _ / . +` inside it that holds a digit and has at least
/// three characters: `B-2026-15343`, `RE2024/0815`, `12345`; several with one blank between them are one more: `B 2026
/// 15343`. What belongs to an address or a web address is no token, nor are dates, telephone numbers, IBANs, amounts,
/// postcodes, and what a footer says of register, tax and bank.
pub(crate) fn facts(subject: Option<&str>, body: &BodyText, max: usize) -> MailFacts {
    let mut facts = MailFacts::default();
    if let Some(subject) = subject {
        Scan::new(&mut facts, Place::Subject, max).text(subject, 0);
    }
    for (kind, place) in [
        (TextKind::New, Place::New),
        (TextKind::Quoted, Place::Quoted),
        (TextKind::Signature, Place::Signature),
    ] {
        let mut scan = Scan::new(&mut facts, place, max);
        for (_, span) in body.stretches.iter().filter(|(k, _)| *k == kind) {
            let (at, end) = (span.at as usize, (span.at + span.len) as usize);
            if let Some(text) = body.text.get(at..end) {
                scan.text(text, at);
            }
        }
    }
    facts
}

struct Scan<'a> {
    facts: &'a mut MailFacts,
    place: Place,
    numbers_left: usize,
    joined_left: usize,
    addresses_left: usize,
}

impl<'a> Scan<'a> {
    fn new(facts: &'a mut MailFacts, place: Place, max: usize) -> Self {
        Self { facts, place, numbers_left: max, joined_left: max / 4, addresses_left: max }
    }

    /// Scans a stretch that begins at `base` of its text.
    fn text(&mut self, text: &str, base: usize) {
        let bytes = text.as_bytes();
        let mut pos = 0;
        while self.numbers_left > 0 || self.addresses_left > 0 {
            let Some(hit) = hit(&bytes[pos..]).map(|at| pos + at) else { return };
            let from = pos + word_start(&text[pos..hit]);
            let to = hit + word_len(&text[hit..]);
            self.word(text, from, to, base);
            pos = to;
        }
    }

    /// A word: no white space, no angle brackets, no quotes in it.
    fn word(&mut self, text: &str, from: usize, to: usize, base: usize) {
        let word = &text[from..to];
        if word.contains('@') {
            self.addresses(word, base + from);
        } else if !(word.contains("://") || word.starts_with("www.")) {
            self.numbers(text, from, to, base);
        }
    }

    fn numbers(&mut self, text: &str, mut from: usize, to: usize, base: usize) {
        while from < to && self.numbers_left > 0 {
            let rest = &text[from..to];
            let len = rest.find(|c: char| !is_token_char(c)).unwrap_or(rest.len());
            let token = &rest[..len];
            let trimmed = token.trim_start_matches(|c: char| !c.is_alphanumeric());
            let start = from + token.len() - trimmed.len();
            let trimmed = trimmed.trim_end_matches(|c: char| !c.is_alphanumeric());
            if trimmed.len() <= TOKEN_BYTES_MAX && trimmed.bytes().any(|c| c.is_ascii_digit()) {
                self.number(text, start, start + trimmed.len(), base);
            }
            from += len;
            from += text[from..to].chars().next().map_or(0, char::len_utf8);
        }
    }

    /// A token with a digit.
    fn number(&mut self, text: &str, from: usize, to: usize, base: usize) {
        if !context::is_reference(text, from, to) {
            return;
        }
        let is_long = text[from..to].chars().take(TOKEN_CHARS_MIN).count() == TOKEN_CHARS_MIN;
        let begins = is_long.then_some(from).into_iter();
        for start in begins.chain(joined::begins(text, from, to)) {
            let left = if start == from { &mut self.numbers_left } else { &mut self.joined_left };
            if *left == 0 {
                continue;
            }
            *left -= 1;
            let span = Span { at: (base + start) as u64, len: (to - start) as u64 };
            let value = NumberToken(text[start..to].to_owned());
            self.facts.numbers.push(Found { value, place: self.place, span });
        }
    }

    fn addresses(&mut self, word: &str, at: usize) {
        let mut behind = 0;
        for sign in memchr::memchr_iter(b'@', word.as_bytes()) {
            if self.addresses_left == 0 {
                return;
            }
            if sign < behind {
                continue;
            }
            let before = &word[behind..sign];
            let local_from = before
                .rfind(|c: char| !is_local_char(c))
                .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
            let local = before[local_from..].trim_start_matches(['.', '\'', '-', '=', '*', '/']);
            let after = &word[sign + 1..];
            let domain_len = after
                .find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-'))
                .unwrap_or(after.len())
                .min(after.len());
            let domain = after[..domain_len].trim_end_matches(['.', '-']);
            behind = sign + 1;
            if is_plausible(local, domain) {
                let start = sign - local.len();
                let len = local.len() + 1 + domain.len();
                self.addresses_left -= 1;
                self.facts.addresses.push(Found {
                    value: word[start..start + len].to_lowercase(),
                    place: self.place,
                    span: Span { at: (at + start) as u64, len: len as u64 },
                });
                behind = start + len;
            }
        }
    }
}

/// The first digit or `@`.
fn hit(octets: &[u8]) -> Option<usize> {
    const PIECE: usize = 32;
    let is_hit = |c: u8| c == b'@' || c.is_ascii_digit();
    // Pieces without an early end, so that the compiler compares many octets at once.
    let some = |piece: &[u8]| piece.iter().fold(0, |any, &c| any | u8::from(is_hit(c))) != 0;
    let piece = octets.chunks(PIECE).position(some)?;
    let from = piece * PIECE;
    octets[from..].iter().position(|&c| is_hit(c)).map(|at| from + at)
}

/// Where the word begins that a text ends with.
fn word_start(text: &str) -> usize {
    let plain = text.bytes().rev().take_while(|&c| !ENDS[usize::from(c)]).count();
    let at = text.len() - plain;
    if at == 0 || text.as_bytes()[at - 1] < 0x80 {
        return at;
    }
    text.rfind(is_break).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8))
}

/// Length of the word that a text begins with.
fn word_len(text: &str) -> usize {
    let plain = text.bytes().take_while(|&c| !ENDS[usize::from(c)]).count();
    match text.as_bytes().get(plain) {
        Some(0x80..) => text.find(is_break).unwrap_or(text.len()),
        _ => plain,
    }
}

/// Octets that end a word, and those of characters beyond ASCII, which may.
static ENDS: [bool; 256] = ends();

const fn ends() -> [bool; 256] {
    let mut ends = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        ends[octet] = matches!(
            octet as u8,
            b'\t'..=b'\r' | b' ' | b'<' | b'>' | b'"' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b';' | b'|' | 0x80..
        );
        octet += 1;
    }
    ends
}

/// Ends a word.
fn is_break(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '<' | '>'
                | '"'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | ','
                | ';'
                | '|'
                | '„'
                | '“'
                | '”'
                | '»'
                | '«'
        )
}

fn is_token_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.' | '+')
}

fn is_local_char(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '.' | '_'
                | '%'
                | '+'
                | '-'
                | '\''
                | '='
                | '&'
                | '!'
                | '#'
                | '$'
                | '~'
                | '*'
                | '/'
                | '?'
                | '^'
                | '`'
        )
}

fn is_plausible(local: &str, domain: &str) -> bool {
    let Some((_, top)) = domain.rsplit_once('.') else { return false };
    !local.is_empty()
        && local.len() <= LOCAL_BYTES_MAX
        && domain.len() <= DOMAIN_BYTES_MAX
        && !domain.starts_with(['.', '-'])
        && !domain.contains("..")
        && top.chars().count() >= 2
        && top.chars().any(char::is_alphabetic)
}
