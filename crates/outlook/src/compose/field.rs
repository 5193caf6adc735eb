//! Header fields.

use std::fmt::Write as _;

/// Fields of a kept header section that describe a body which is made anew.
const CONTENT_FIELDS: [&str; 8] = [
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "content-description",
    "content-language",
    "content-length",
    "mime-version",
];
/// Octets of an encoded word before it is encoded (RFC 2047 §2: at most 75 after).
const WORD_OCTETS: usize = 42;
/// Octets of a line that are aimed at (RFC 5322 §2.1.1).
const LINE_OCTETS: usize = 76;

/// A header section.
pub(super) struct Header {
    names: Vec<String>,
    octets: Vec<u8>,
}

impl Header {
    /// The fields of a header section as text, without those of the content and lines that are no field.
    pub(super) fn kept(text: &str) -> Self {
        let mut header = Self { names: Vec::new(), octets: Vec::new() };
        let mut is_kept = false;
        for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
            if line.trim().is_empty() {
                continue;
            }
            if !line.starts_with([' ', '\t']) {
                let name = line.split_once(':').map(|(name, _)| name.trim_end().to_ascii_lowercase());
                let name = name.filter(|name| !name.is_empty() && name.bytes().all(|c| c.is_ascii_graphic()));
                is_kept = name.as_ref().is_some_and(|name| !CONTENT_FIELDS.contains(&&**name));
                if let (true, Some(name)) = (is_kept, name) {
                    header.names.push(name);
                }
            }
            if is_kept {
                header.octets.extend(line.bytes().filter(|octet| !matches!(octet, 0 | b'\r')));
                header.octets.extend_from_slice(b"\r\n");
            }
        }
        header
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Adds a field unless there is one of this name.
    pub(super) fn add(&mut self, name: &str, body: Option<String>) {
        if let Some(body) = body.filter(|body| !body.is_empty() && !self.has(name)) {
            self.names.push(name.to_ascii_lowercase());
            self.octets.extend_from_slice(name.as_bytes());
            self.octets.extend_from_slice(b": ");
            self.octets.extend_from_slice(body.as_bytes());
            self.octets.extend_from_slice(b"\r\n");
        }
    }

    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }
}

/// Unstructured text: ASCII folded at blanks, other text in encoded words (RFC 2047).
pub(super) fn encoded(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.trim();
    if text.is_ascii() && !text.contains("=?") && !text.split(' ').any(|word| word.len() > 900) {
        return folded(text);
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        if word.len() + character.len_utf8() > WORD_OCTETS {
            words.push(encoded_word(&word));
            word.clear();
        }
        word.push(character);
    }
    words.push(encoded_word(&word));
    words.join("\r\n ")
}

fn encoded_word(word: &str) -> String {
    format!("=?utf-8?B?{}?=", super::body::base64_line(word.as_bytes()))
}

fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut line = 20;
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            // A blank that is followed by another one stays within its line.
            let fold = line + word.len() > LINE_OCTETS && !word.is_empty();
            out.push_str(if fold { "\r\n " } else { " " });
            line = if fold { 1 } else { line + 1 };
        }
        out.push_str(word);
        line += word.len();
    }
    out
}

/// A name with an address; without a usable address an empty group of that name, which RFC 5322 §3.4 and RFC 6854 allow.
pub(super) fn address(name: &str, address: &str) -> String {
    let address = address.trim().trim_matches(['<', '>', '\'']);
    let address = address.strip_prefix("smtp:").or_else(|| address.strip_prefix("SMTP:")).unwrap_or(address);
    let usable = address.contains('@')
        && !address
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"'));
    let name = name.trim().trim_matches('\'');
    let phrase = if name.is_ascii() { quoted(name) } else { encoded(name) };
    match (name.is_empty() || name.eq_ignore_ascii_case(address), usable) {
        (true, true) => address.to_owned(),
        (false, true) => format!("{phrase} <{address}>"),
        (true, false) => format!("{}:;", quoted(address)),
        (false, false) => format!("{phrase}:;"),
    }
}

fn quoted(name: &str) -> String {
    let mut out = String::from("\"");
    for character in name.chars().filter(|c| !c.is_control()) {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

/// Date and time in UTC (RFC 5322 §3.3).
///
/// `ms`: since 1970, not before.
pub(super) fn date(ms: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = ms.max(0) / 1000;
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let mut out = String::new();
    let word = |list: &[&'static str], at: i64| usize::try_from(at).ok().and_then(|at| list.get(at).copied());
    let _ = write!(
        out,
        "{}, {day} {} {year} {:02}:{:02}:{:02} +0000",
        word(&DAYS, days % 7).unwrap_or_default(),
        word(&MONTHS, month).unwrap_or_default(),
        time / 3600,
        time / 60 % 60,
        time % 60
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let check = |ms, expected: &str| assert_eq!(date(ms), expected);
        check(0, "Thu, 1 Jan 1970 00:00:00 +0000");
        check(951_782_399_000, "Mon, 28 Feb 2000 23:59:59 +0000");
        check(951_782_400_000, "Tue, 29 Feb 2000 00:00:00 +0000");
        check(1_772_442_000_999, "Mon, 2 Mar 2026 09:00:00 +0000");
        check(1_798_761_599_000, "Thu, 31 Dec 2026 23:59:59 +0000");
    }

    #[test]
    fn addresses() {
        let check = |name, one, expected: &str| assert_eq!(address(name, one), expected);
        check("", "a@b.example", "a@b.example");
        check("'a@b.example'", "a@b.example", "a@b.example");
        check("Eva \"E\" Muster", "eva@example.org", "\"Eva \\\"E\\\" Muster\" <eva@example.org>");
        check("Müller", "m@example.org", "=?utf-8?B?TcO8bGxlcg==?= <m@example.org>");
        check("Doe, Jo", "/O=ORG/CN=JO", "\"Doe, Jo\":;");
        check("a", "b@c\r\nBcc: x", "\"a\":;");
    }

    #[test]
    fn a_kept_section() {
        let header = Header::kept(
            "Microsoft Mail Internet Headers Version 2.0\r\nFrom: a\r\n\tb\r\nContent-Type: x;\r\n y\r\n\r\nX-Z: 1\r\n",
        );
        assert_eq!(header.octets, b"From: a\r\n\tb\r\nX-Z: 1\r\n");
        assert!(header.has("x-z") && !header.has("content-type"));
    }
}
