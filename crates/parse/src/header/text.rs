//! Unstructured text: unfolding, encoded words, raw 8-bit octets.

use memchr::{memchr2, memmem};

use crate::body::charset;
use crate::body::transfer::{base64_decode, word_decode};

/// UTF-8 as it is, otherwise windows-1252; control characters replaced by blanks.
pub(crate) fn lossy(octets: &[u8]) -> String {
    clean(charset::guess(octets))
}

/// Decodes a field body: folds removed, encoded words decoded, surrounding white space removed.
///
/// `body`: octets behind the colon. Line breaks and other control characters, also those that were encoded,
/// come out as blanks, NUL as U+FFFD, so that a value can never hold a second field.
///
/// Source: RFC 5322 §2.2.3, RFC 2047. Adjacent words are joined before the charset is decoded, because
/// mailers split them inside a character; blanks and question marks inside a word are accepted.
pub fn decode(body: &[u8]) -> String {
    let body = body.trim_ascii();
    if !any(body, |c| !(b' '..0x7f).contains(&c)) && !has_word(body) {
        return String::from_utf8(body.to_vec()).unwrap_or_default();
    }
    if !has_word(body) {
        return if memchr2(b'\r', b'\n', body).is_none() { lossy(body) } else { lossy(&unfold(body)) };
    }
    let unfolded;
    let body = if memchr2(b'\r', b'\n', body).is_none() {
        body
    } else {
        unfolded = unfold(body);
        &unfolded
    };
    clean(decode_words(body))
}

/// Whether an octet is as asked. Pieces without an early end, so that the compiler compares many octets at once.
pub(crate) fn any(octets: &[u8], is: impl Fn(u8) -> bool) -> bool {
    octets.chunks(64).any(|piece| piece.iter().fold(0, |any, &c| any | u8::from(is(c))) != 0)
}

/// Whether `=?` stands anywhere.
pub(super) fn has_word(body: &[u8]) -> bool {
    memchr::memchr_iter(b'=', body).any(|at| body.get(at + 1) == Some(&b'?'))
}

/// Removes the line breaks of folding.
pub(crate) fn unfold(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memchr2(b'\r', b'\n', rest) {
        out.extend_from_slice(&rest[..at]);
        let after =
            rest[at..].iter().position(|c| !matches!(c, b'\r' | b'\n')).map_or(rest.len(), |n| at + n);
        rest = &rest[after..];
        if !matches!(rest.first(), None | Some(b' ' | b'\t')) {
            out.push(b' ');
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Control characters become blanks, NUL becomes U+FFFD.
fn clean(text: String) -> String {
    // 0xc2 begins the control characters beyond ASCII, among others.
    if !any(text.as_bytes(), |c| c < b' ' || c == 0x7f || c == 0xc2) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            c if c.is_control() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// One encoded word.
struct Word<'a> {
    charset: &'a [u8],
    decoded: Vec<u8>,
    /// Octets it takes, from `=?` to `?=`.
    len: usize,
}

fn decode_words(body: &[u8]) -> String {
    let mut out = String::with_capacity(body.len());
    // Octets of adjacent words of one charset, not yet converted.
    let mut pending: Option<(&[u8], Vec<u8>)> = None;
    let mut plain_from = 0;
    let mut pos = 0;
    while let Some(found) = memmem::find(&body[pos..], b"=?") {
        let at = pos + found;
        let Some(word) = encoded_word(&body[at..]) else {
            pos = at + 2;
            continue;
        };
        let between = &body[plain_from..at];
        let adjacent = pending.is_some() && between.iter().all(u8::is_ascii_whitespace);
        if !adjacent {
            flush(&mut out, pending.take());
            out.push_str(&charset::guess(between));
        }
        match &mut pending {
            Some((charset, octets)) if charset.eq_ignore_ascii_case(word.charset) && !has_states(charset) => {
                octets.extend_from_slice(&word.decoded);
            }
            _ => {
                flush(&mut out, pending.take());
                pending = Some((word.charset, word.decoded));
            }
        }
        pos = at + word.len;
        plain_from = pos;
    }
    flush(&mut out, pending);
    out.push_str(&charset::guess(&body[plain_from..]));
    out
}

/// Charsets that begin each word in their first state: words are not joined.
fn has_states(charset: &[u8]) -> bool {
    charset.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"iso-2022"))
        || charset.eq_ignore_ascii_case(b"utf-7")
}

fn flush(out: &mut String, pending: Option<(&[u8], Vec<u8>)>) {
    if let Some((charset, octets)) = pending {
        out.push_str(&charset::decode(charset, &octets).0);
    }
}

/// Reads the encoded word at the start of `body`, which begins with `=?`.
fn encoded_word(body: &[u8]) -> Option<Word<'_>> {
    let rest = &body[2..];
    let charset_len = rest.iter().take(64).position(|&c| c == b'?')?;
    let mut charset = &rest[..charset_len];
    if !charset.first()?.is_ascii_alphanumeric()
        || charset.iter().any(|c| c.is_ascii_whitespace() || *c == b'=')
    {
        return None;
    }
    // RFC 2231 §5: a language may follow.
    if let Some(star) = charset.iter().position(|&c| c == b'*') {
        charset = &charset[..star];
    }
    let encoding = rest.get(charset_len + 1)?.to_ascii_lowercase();
    if rest.get(charset_len + 2) != Some(&b'?') || !matches!(encoding, b'q' | b'b') {
        return None;
    }
    let data_at = charset_len + 3;
    let data = &rest[data_at..];
    let len = word_end(data)?;
    let decoded = if encoding == b'q' { word_decode(&data[..len]) } else { base64_decode(&data[..len]) };
    Some(Word { charset, decoded, len: 2 + data_at + len + 2 })
}

/// Length of the data of a word: up to `?=`, but not past the beginning of another word, so that a flood of
/// unclosed words takes linear time.
fn word_end(data: &[u8]) -> Option<usize> {
    let mut pos = 0;
    loop {
        let mark = pos + memchr::memchr(b'?', &data[pos..])?;
        if data.get(mark + 1) == Some(&b'=') {
            return Some(mark);
        }
        if mark > 0 && data[mark - 1] == b'=' && data.get(mark + 1).is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        pos = mark + 1;
    }
}
