//! Modified UTF-7 of mailbox names, for display and for names made here: a mailbox is known by its raw name.
//!
//! Source: RFC 3501 §5.1.3.

/// The name as people read it. What is not well-formed stays as it is; octets that are no UTF-8 become U+FFFD.
pub(crate) fn decoded(name: &[u8]) -> String {
    let mut text = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = memchr::memchr(b'&', rest) {
        text.extend_from_slice(&rest[..at]);
        let shifted = &rest[at + 1..];
        let end = memchr::memchr(b'-', shifted);
        if let Some((end, letters)) = end.and_then(|end| Some((end, letters(&shifted[..end])?))) {
            text.extend_from_slice(letters.as_bytes());
            rest = &shifted[end + 1..];
        } else {
            text.push(b'&');
            rest = shifted;
        }
    }
    text.extend_from_slice(rest);
    String::from_utf8_lossy(&text).into_owned()
}

/// The name as servers want it.
pub(crate) fn encoded(name: &str) -> Vec<u8> {
    let mut raw = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if first == '&' {
            raw.extend_from_slice(b"&-");
            rest = &rest[1..];
        } else if is_plain(first) {
            raw.push(first as u8);
            rest = &rest[1..];
        } else {
            let end = rest.find(is_plain_or_and).unwrap_or(rest.len());
            shift(&rest[..end], &mut raw);
            rest = &rest[end..];
        }
    }
    raw
}

const fn is_plain(letter: char) -> bool {
    matches!(letter, ' '..='%' | '\''..='~')
}

fn is_plain_or_and(letter: char) -> bool {
    letter == '&' || is_plain(letter)
}

/// UTF-16 in base64 with `,` for `/`, between `&` and `-`.
fn shift(text: &str, raw: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    raw.push(b'&');
    let (mut bits, mut count) = (0_u32, 0);
    for unit in text.encode_utf16() {
        bits = bits << 16 | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            raw.push(LETTERS[(bits >> count & 63) as usize]);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        raw.push(LETTERS[(bits << (6 - count) & 63) as usize]);
    }
    raw.push(b'-');
}

/// What stands between `&` and `-`: nothing for `&` itself, else UTF-16 in base64 with `,` for `/`, without padding.
fn letters(shifted: &[u8]) -> Option<String> {
    if shifted.is_empty() {
        return Some("&".to_owned());
    }
    let (mut bits, mut count, mut units) = (0_u32, 0, Vec::new());
    for octet in shifted {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b',' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push((bits >> count) as u16);
            bits &= (1 << count) - 1;
        }
    }
    // At most five bits of padding, all zero.
    (count < 6 && bits == 0).then(|| String::from_utf16(&units).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &[u8], expected: &str| assert_eq!(decoded(name), expected);
        check(b"INBOX", "INBOX");
        check(b"Entw&APw-rfe", "Entwürfe");
        check(b"&ZeVnLIqe-", "日本語");
        check(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語");
        check(b"A&-B", "A&B");
        check(b"&2D3eAA-", "😀");
        check(b"A&B", "A&B");
        check(b"&AP-", "&AP-");
        check(b"&2D0-", "&2D0-");
        check("Müll".as_bytes(), "Müll");
        check(b"M\xfcll", "M\u{fffd}ll");
    }

    #[test]
    fn names_made_here() {
        let check = |name: &str, expected: &[u8]| assert_eq!(encoded(name), expected);
        check("INBOX", b"INBOX");
        check("Entwürfe", b"Entw&APw-rfe");
        check("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        check("A&B", b"A&-B");
        check("😀", b"&2D3eAA-");
        check("ü&ü", b"&APw-&-&APw-");
    }

    proptest::proptest! {
        #[test]
        fn names_come_back(name in "\\PC{0,20}") {
            proptest::prop_assert_eq!(decoded(&encoded(&name)), name);
        }
    }
}
