//! Plain text and HTML of unknown charset.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::Buffer;

/// Octets of one document that are decoded: more is not needed for the text that is kept.
const DECODED_OCTETS_MAX: usize = 4 << 20;

pub(crate) fn plain(octets: &[u8], text: &mut Buffer) {
    text.push(&decode(octets));
}

pub(crate) fn html(octets: &[u8], text: &mut Buffer) {
    text.push(&parse::html_text(&decode(octets), DECODED_OCTETS_MAX));
}

/// By the mark at the beginning, as UTF-8 where that fits, as windows-1252 otherwise.
fn decode(octets: &[u8]) -> Cow<'_, str> {
    let octets = &octets[..octets.len().min(DECODED_OCTETS_MAX)];
    if let Some((encoding, mark)) = Encoding::for_bom(octets) {
        return encoding.decode_without_bom_handling(&octets[mark..]).0;
    }
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        // Cut off in the middle of a character.
        Err(error) if error.error_len().is_none() && !octets[..error.valid_up_to()].is_ascii() => {
            UTF_8.decode_without_bom_handling(octets).0
        }
        Err(_) => WINDOWS_1252.decode_without_bom_handling(octets).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_guessed() {
        assert_eq!(decode(b"Gr\xc3\xbc\xc3\x9fe"), "Grüße");
        assert_eq!(decode(b"Gr\xfc\xdfe \x80"), "Grüße €");
        assert_eq!(decode(b"\xff\xfeH\0i\0"), "Hi");
        assert_eq!(decode(b"\xef\xbb\xbfHi"), "Hi");
        assert_eq!(decode(b"Gr\xc3\xbc\xc3"), "Grü\u{fffd}");
        assert_eq!(decode(b"Gr\xfc"), "Grü");
    }
}
