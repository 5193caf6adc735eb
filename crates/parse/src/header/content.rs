//! `Content-Type`, `Content-Disposition`: a word and parameters (RFC 2045 §5.1, RFC 2231).

use std::borrow::Cow;

use crate::body::charset;

use super::text;

/// Parameters read of one field.
const PARAMETERS_MAX: usize = 64;

/// A value with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The word before the first `;`, lower case, white space and comments removed.
    pub value: String,
    /// Names in lower case, values decoded, continuations joined; the first of equal names.
    pub parameters: Vec<(String, String)>,
}

impl Content {
    /// Value of a parameter; `name` in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Reads `Content-Type`, `Content-Disposition` and the like.
///
/// Accepted beyond the grammar: folds anywhere (Outlook writes one right behind `boundary=`), values with
/// blanks and without quotes, missing closing quotes, encoded words in values, raw 8-bit octets.
///
/// Source: RFC 2045 §5.1, RFC 2183 §2, RFC 2231 §3 and §4.
pub fn content(body: &[u8]) -> Content {
    let body: Cow<'_, [u8]> =
        if memchr::memchr2(b'\r', b'\n', body).is_some() { text::unfold(body).into() } else { body.into() };
    let (value, rest) = take_until(&body, b";");
    let mut pieces = Vec::new();
    let mut rest = rest;
    while !rest.is_empty() && pieces.len() < PARAMETERS_MAX {
        let (piece, after) = piece(rest);
        pieces.extend(piece);
        rest = after;
    }
    let mut value = without_blanks(&value);
    if value.starts_with(['"', ',']) || value.ends_with(['"', ',']) {
        value = String::from(value.trim_matches(['"', ',']));
    }
    Content { value, parameters: joined(pieces) }
}

/// Lower case, without white space and control characters.
fn without_blanks(octets: &[u8]) -> String {
    if octets.iter().all(|&c| c != 0 && c < 0x80) {
        let kept = octets.iter().filter(|&&c| c > b' ' && c != 0x7f);
        return kept.map(|&c| char::from(c.to_ascii_lowercase())).collect();
    }
    text::lossy(octets).chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

/// One parameter as written: `name*2*=value`.
struct Piece<'a> {
    name: String,
    /// Number of the continuation.
    section: Option<u32>,
    /// Percent-encoded, perhaps with charset (RFC 2231 §4).
    extended: bool,
    value: Cow<'a, [u8]>,
}

/// Takes octets up to one of `ends`, which is skipped; comments are left out.
fn take_until<'a>(octets: &'a [u8], ends: &[u8]) -> (Vec<u8>, &'a [u8]) {
    let mut taken = Vec::new();
    let mut depth = 0_usize;
    for (at, &c) in octets.iter().enumerate() {
        match c {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            c if depth == 0 && ends.contains(&c) => return (taken, &octets[at + 1..]),
            c if depth == 0 => taken.push(c),
            _ => {}
        }
    }
    // A parenthesis that never closes hides nothing.
    if depth > 0
        && let Some(at) = octets.iter().position(|c| ends.contains(c))
    {
        return (octets[..at].to_vec(), &octets[at + 1..]);
    }
    (taken, &[])
}

fn piece(octets: &[u8]) -> (Option<Piece<'_>>, &[u8]) {
    let name_end = octets.iter().position(|c| matches!(c, b'=' | b';')).unwrap_or(octets.len());
    if octets.get(name_end) != Some(&b'=') {
        return (None, octets.get(name_end + 1..).unwrap_or_default());
    }
    let (value, rest) = value(&octets[name_end + 1..]);
    let plain = octets[..name_end].trim_ascii();
    if !plain.is_empty() && plain.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-') {
        let name = plain.iter().map(|c| char::from(c.to_ascii_lowercase())).collect();
        return (Some(Piece { name, section: None, extended: false, value }), rest);
    }
    let (name, _) = take_until(&octets[..name_end], b"");
    let name = text::lossy(name.trim_ascii()).to_lowercase();
    let mut parts = name.split('*');
    let base = parts.next().unwrap_or_default().trim().to_owned();
    let mut section = None;
    let mut extended = false;
    for part in parts {
        if part.is_empty() {
            extended = true;
        } else if let Ok(number) = part.trim().parse() {
            section = Some(number);
        }
    }
    let piece = (!base.is_empty()).then_some(Piece { name: base, section, extended, value });
    (piece, rest)
}

/// A quoted or bare value and what follows its `;`.
fn value(octets: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    let octets = octets.trim_ascii_start();
    let Some(quoted) = octets.strip_prefix(b"\"") else {
        let end = memchr::memchr(b';', octets).unwrap_or(octets.len());
        return (bare(&octets[..end]).into(), octets.get(end + 1..).unwrap_or_default());
    };
    let behind = |end: usize| {
        let rest = quoted.get(end + 1..).unwrap_or_default();
        let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        rest.get(end + 1..).unwrap_or_default()
    };
    if let Some(end) = memchr::memchr2(b'"', b'\\', quoted)
        && quoted[end] == b'"'
    {
        return (quoted[..end].into(), behind(end));
    }
    let mut value = Vec::new();
    let mut at = 0;
    while at < quoted.len() {
        match quoted[at] {
            b'"' => break,
            // Windows paths are written without doubling the backslash.
            b'\\' if matches!(quoted.get(at + 1), Some(b'"' | b'\\')) => {
                at += 1;
                value.push(quoted[at]);
            }
            c => value.push(c),
        }
        at += 1;
    }
    (value.into(), behind(at))
}

/// A value without quotes: trimmed, a comment behind a blank removed.
fn bare(octets: &[u8]) -> &[u8] {
    let octets = octets.trim_ascii();
    let comment = octets.windows(2).position(|pair| pair[0].is_ascii_whitespace() && pair[1] == b'(');
    match comment {
        Some(at) if octets.ends_with(b")") => octets[..at].trim_ascii_end(),
        _ => octets,
    }
}

/// Joins continuations and decodes; extended forms win over plain ones of the same name.
fn joined(pieces: Vec<Piece<'_>>) -> Vec<(String, String)> {
    let mut parameters: Vec<(String, String)> = Vec::with_capacity(pieces.len());
    if pieces.iter().all(|piece| piece.section.is_none() && !piece.extended) {
        for piece in pieces {
            if !parameters.iter().any(|(name, _)| *name == piece.name) {
                parameters.push((piece.name, text::decode(&piece.value)));
            }
        }
        return parameters;
    }
    let mut names: Vec<&str> = Vec::new();
    for piece in &pieces {
        if !names.contains(&piece.name.as_str()) {
            names.push(&piece.name);
        }
    }
    for name in names {
        let of_name = || pieces.iter().filter(|p| p.name == name);
        let value = if let Some(single) = of_name().find(|p| p.extended && p.section.is_none()) {
            extended_value(std::iter::once(single))
        } else if of_name().any(|p| p.section.is_some()) {
            let mut sections: Vec<&Piece<'_>> = of_name().filter(|p| p.section.is_some()).collect();
            sections.sort_by_key(|p| p.section);
            sections.dedup_by_key(|p| p.section);
            extended_value(sections.into_iter())
        } else {
            of_name().next().map(|p| text::decode(&p.value)).unwrap_or_default()
        };
        parameters.push((name.to_owned(), value));
    }
    parameters
}

/// Sections to text. The first extended one begins with `charset'language'`.
fn extended_value<'a>(sections: impl Iterator<Item = &'a Piece<'a>>) -> String {
    let mut charset: Option<Vec<u8>> = None;
    let mut octets = Vec::new();
    let mut any_extended = false;
    for section in sections {
        if !section.extended {
            octets.extend_from_slice(&section.value);
            continue;
        }
        any_extended = true;
        let mut value: &[u8] = &section.value;
        if charset.is_none() {
            let mut quotes = memchr::memchr_iter(b'\'', value);
            if let (Some(first), Some(second)) = (quotes.next(), quotes.next()) {
                charset = Some(value[..first].to_vec());
                value = &value[second + 1..];
            } else {
                charset = Some(Vec::new());
            }
        }
        percent_decode(value, &mut octets);
    }
    if !any_extended {
        return text::decode(&octets);
    }
    match charset {
        Some(charset) if !charset.is_empty() => text::lossy(charset::decode(&charset, &octets).0.as_bytes()),
        _ => text::decode(&octets),
    }
}

fn percent_decode(octets: &[u8], out: &mut Vec<u8>) {
    let mut rest = octets;
    while let Some((&c, after)) = rest.split_first() {
        rest = after;
        if c == b'%'
            && let [high, low, ..] = after
            && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
        {
            out.push((high * 16 + low) as u8);
            rest = &after[2..];
        } else {
            out.push(c);
        }
    }
}
