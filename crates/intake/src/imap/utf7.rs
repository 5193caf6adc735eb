//! Modified UTF-7 of mailbox names, for display only: a mailbox is known by its raw name.
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
}
