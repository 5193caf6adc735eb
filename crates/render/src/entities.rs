//! Character references in attribute values and text (HTML standard §13.2.5.72).

use std::borrow::Cow;

use markup5ever::data::NAMED_ENTITIES;
use memchr::memchr;

/// Longest name in the table, with its semicolon.
const NAME_MAX: usize = 33;

/// `text` with its character references replaced. `in_attribute`: `&copy=` stays as it is, as in addresses.
pub(crate) fn decode(text: &str, in_attribute: bool) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    loop {
        // `rest` begins with an ampersand.
        let behind = &rest[1..];
        let used = match behind.as_bytes().first() {
            Some(b'#') => number(&behind[1..], &mut out).map(|len| len + 1),
            Some(b) if b.is_ascii_alphanumeric() => named(behind, in_attribute, &mut out),
            _ => None,
        };
        if used.is_none() {
            out.push('&');
        }
        rest = &behind[used.unwrap_or(0)..];
        let Some(next) = memchr(b'&', rest.as_bytes()) else {
            out.push_str(rest);
            return Cow::Owned(out);
        };
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
}

/// A numeric reference behind `&#`; gives the bytes used.
fn number(text: &str, out: &mut String) -> Option<usize> {
    let (digits, radix, prefix) = match text.as_bytes().first() {
        Some(b'x' | b'X') => (&text[1..], 16, 1),
        _ => (text, 10, 0),
    };
    let len = digits.bytes().position(|b| !char::from(b).is_digit(radix)).unwrap_or(digits.len());
    if len == 0 {
        return None;
    }
    let value = digits[..len].trim_start_matches('0');
    let code = if value.is_empty() { 0 } else { u32::from_str_radix(value, radix).unwrap_or(u32::MAX) };
    out.push(replacement(code));
    Some(prefix + len + usize::from(digits.as_bytes().get(len) == Some(&b';')))
}

/// The character of a number; 0x80 to 0x9f mean windows-1252.
fn replacement(code: u32) -> char {
    const WINDOWS_1252: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match code {
        0 => char::REPLACEMENT_CHARACTER,
        0x80..=0x9f => WINDOWS_1252[code as usize - 0x80],
        _ => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// A named reference behind `&`, the longest that fits; gives the bytes used.
fn named(text: &str, in_attribute: bool, out: &mut String) -> Option<usize> {
    let bytes = text.as_bytes();
    let word = bytes.iter().take(NAME_MAX).position(|b| !b.is_ascii_alphanumeric());
    let word = word.unwrap_or(bytes.len().min(NAME_MAX));
    let with_semicolon = if bytes.get(word) == Some(&b';') { word + 1 } else { word };
    for len in (1..=with_semicolon).rev() {
        let Some(&(first, second)) = NAMED_ENTITIES.get(&text[..len]).filter(|found| found.0 != 0) else {
            continue;
        };
        let next = bytes.get(len);
        if in_attribute
            && bytes[len - 1] != b';'
            && next.is_some_and(|b| *b == b'=' || b.is_ascii_alphanumeric())
        {
            return None;
        }
        out.extend([first, second].into_iter().filter(|code| *code != 0).filter_map(char::from_u32));
        return Some(len);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_as_browsers_read_them() {
        let check = |text, in_attribute, expected| assert_eq!(decode(text, in_attribute), expected, "{text}");
        check("a &amp; b &lt;&gt &quot;", false, "a & b <> \"");
        check("java&Tab;script&colon;&#97&#x6C;ert&NewLine;", true, "java\tscript:alert\n");
        check("?a=1&copy=2&amp;b&amp", true, "?a=1&copy=2&b&");
        check("&copy=2 &notit; &notin;", false, "©=2 ¬it; ∉");
        check(
            "&#0; &#x110000; &#xD800; &#150; &#; &#x; & &",
            false,
            "\u{fffd} \u{fffd} \u{fffd} – &#; &#x; & &",
        );
        check("&#99999999999999999999;", false, "\u{fffd}");
        check("&CounterClockwiseContourIntegral;&ngE;", false, "∳≧\u{338}");
        check("Gr&uuml;&szlig;e&", false, "Grüße&");
    }
}
