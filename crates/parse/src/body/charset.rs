//! Charsets to UTF-8.

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

/// Octets of unknown charset: UTF-8 if they are, otherwise windows-1252.
pub(crate) fn guess(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned(),
    }
}

/// Converts text of the named charset; a byte order mark overrules the name and is removed.
///
/// Gives the text, and whether the name was known and all octets fitted. Octets that do not fit become U+FFFD.
/// ASCII with 8-bit octets, and a name nobody knows, are guessed.
pub(crate) fn decode(name: &[u8], octets: &[u8]) -> (String, bool) {
    let name = name.trim_ascii();
    if name.is_empty() || is_ascii_name(name) {
        return (strip_bom(guess(octets)), octets.is_ascii());
    }
    if let Some(encoding) = Encoding::for_label(name).filter(|e| *e != REPLACEMENT) {
        if encoding == UTF_8 {
            return utf8(octets);
        }
        let (text, _, errors) = encoding.decode(octets);
        return (text.into_owned(), !errors);
    }
    if octets.is_empty() {
        return (String::new(), true);
    }
    match charset_decoder(name) {
        Some(decoder) if Encoding::for_label(name).is_none() => (decoder(octets), true),
        _ => (strip_bom(guess(octets)), false),
    }
}

fn is_ascii_name(name: &[u8]) -> bool {
    [
        &b"us-ascii"[..],
        b"ascii",
        b"us_ascii",
        b"ansi_x3.4-1968",
        b"iso-ir-6",
        b"7bit",
        b"8bit",
        b"unknown-8bit",
    ]
    .iter()
    .any(|ascii| name.eq_ignore_ascii_case(ascii))
}

fn utf8(octets: &[u8]) -> (String, bool) {
    match std::str::from_utf8(octets) {
        Ok(text) => (text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(), true),
        Err(_) => (strip_bom(String::from_utf8_lossy(octets).into_owned()), false),
    }
}

fn strip_bom(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}
