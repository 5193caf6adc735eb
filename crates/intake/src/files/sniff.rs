//! What a file is, by its first octets.

use super::mbox::separator;

/// Octets a decision needs, if the file has them.
pub(super) const SNIFF_OCTETS: usize = 16 << 10;

/// What content may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mail,
    Mbox,
    Gzip,
    Zstd,
    Zip,
    Tar,
    /// Holds mail in a form of Outlook.
    Outlook(&'static str),
    /// May hold mail, but is not read.
    Unsupported(&'static str),
    /// Nothing that holds mail.
    Other,
}

/// Header fields one of which a mail without a name of its own must begin with.
const FIELDS: [&str; 36] = [
    "received",
    "return-path",
    "delivered-to",
    "message-id",
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "sender",
    "reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "x-mailer",
    "references",
    "in-reply-to",
    "resent-from",
    "resent-to",
    "resent-date",
    "list-id",
    "list-unsubscribe",
    "dkim-signature",
    "authentication-results",
    "arc-seal",
    "envelope-to",
    "x-original-to",
    "x-mozilla-status",
    "user-agent",
    "x-envelope-from",
    "x-received",
    "apparently-to",
    "auto-submitted",
    "precedence",
    "x-spam-status",
];

/// Decides by a prefix of the content: all of it, or at least [`SNIFF_OCTETS`].
pub(super) fn kind(prefix: &[u8]) -> Kind {
    match prefix {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        // A skippable frame may stand before the first one with content.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Kind::Zstd,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Zip,
        [b'!', b'B', b'D', b'N', ..] => Kind::Outlook("PST/OST"),
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => Kind::Outlook("MSG (OLE)"),
        [0x78, 0x9f, 0x3e, 0x22, ..] => Kind::Outlook("TNEF"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Kind::Unsupported("xz"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Kind::Unsupported("bzip2"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Kind::Unsupported("7z"),
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => Kind::Unsupported("RAR"),
        _ if super::tar::is_header(prefix) => Kind::Tar,
        _ => text_kind(prefix),
    }
}

fn text_kind(prefix: &[u8]) -> Kind {
    let prefix = prefix.strip_prefix(b"\xef\xbb\xbf").unwrap_or(prefix);
    let blank = prefix.iter().take_while(|octet| matches!(octet, b'\n' | b'\r' | b' ' | b'\t')).count();
    let text = &prefix[blank..];
    if text.starts_with(b"From ") {
        let mut lines = text.splitn(3, |octet| *octet == b'\n');
        let (first, next) = (lines.next().unwrap_or_default(), lines.next());
        if separator::begins_file(first, next) {
            return Kind::Mbox;
        }
    }
    if begins_like_mail(text) { Kind::Mail } else { Kind::Other }
}

/// Whether a header section stands at the beginning that has a field known from mail.
fn begins_like_mail(text: &[u8]) -> bool {
    let mut is_first = true;
    for line in text.split(|octet| matches!(octet, b'\n' | b'\r')) {
        if line.is_empty() {
            // CRLF leaves an empty line behind each line: the end of the section is not looked for.
            continue;
        }
        let folded = matches!(line[0], b' ' | b'\t');
        if folded && !is_first {
            continue;
        }
        let Some(name) = separator::field_name(line) else {
            // Envelope lines of old relays stand above the header section.
            if line.starts_with(b"From ") || line.starts_with(b">From ") {
                continue;
            }
            return false;
        };
        if FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field.as_bytes())) {
            return true;
        }
        is_first = false;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let check = |prefix: &[u8], expected| assert_eq!(kind(prefix), expected, "{}", prefix.escape_ascii());
        check(b"Subject: x\n\nbody", Kind::Mail);
        check(b"\r\n\r\nX-Own: 1\r\n 2\r\nReceived: by a\r\n", Kind::Mail);
        check(b"Content-Type: multipart/mixed; boundary=x\n\n--x", Kind::Mail);
        check(b"From a@b Mon Mar  2 10:00:00 2026\nSubject: x\n", Kind::Mbox);
        check(b"From - \nDate: x\n", Kind::Mbox);
        check(b"From here to eternity\nby James Jones\n", Kind::Other);
        check(b"lorem ipsum\nSubject: x\n", Kind::Other);
        check(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", Kind::Other);
        check(b"{\"a\": 1}", Kind::Other);
        check(b"", Kind::Other);
        check(&[0; 600], Kind::Other);
        check(b"!BDN....", Kind::Outlook("PST/OST"));
    }
}
