//! `Content-Disposition` of downloads.

use std::fmt::Write as _;

use axum::http::HeaderValue;

/// Longest file name offered, in characters.
const NAME_CHARACTERS_MAX: usize = 150;

/// `attachment` with a name any system can keep: an ASCII one, and the real one percent-encoded where they differ.
///
/// `name`: as the mail gives it, whatever it holds; `otherwise`: taken where nothing of it remains.
///
/// Source: RFC 6266 §4, appendix D; RFC 8187 §3.2.
pub(crate) fn attachment(name: Option<&str>, otherwise: &str) -> HeaderValue {
    let name = safe_name(name.unwrap_or_default());
    let name = if name.is_empty() { otherwise } else { &name };
    let ascii: String = name
        .chars()
        .map(|c| if c.is_ascii() && c != '"' && c != '\\' && c != '%' { c } else { '_' })
        .collect();
    let mut value = format!("attachment; filename=\"{ascii}\"");
    if ascii != name {
        value.push_str("; filename*=UTF-8''");
        for octet in name.bytes() {
            if octet.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&octet) {
                value.push(char::from(octet));
            } else {
                let _ = write!(value, "%{octet:02X}");
            }
        }
    }
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Without paths, control characters, characters that turn the direction of writing or are not allowed in file names,
/// and without dots or blanks at the ends.
fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .map(|c| if "<>:\"|?*".contains(c) { '_' } else { c })
        .collect();
    let cleaned = cleaned.trim_matches(|c: char| c == '.' || c.is_whitespace());
    shortened(cleaned)
}

/// Marks of direction, joiners, byte order mark and line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{00ad}')
}

/// Keeps the end: it says what kind of file it is.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAME_CHARACTERS_MAX {
        return name.to_owned();
    }
    let ending =
        name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.chars().count() <= 10);
    match ending {
        Some(ending) => {
            let keep = NAME_CHARACTERS_MAX - ending.chars().count() - 1;
            let start: String = name.chars().take(keep).collect();
            format!("{start}.{ending}")
        }
        None => name.chars().take(NAME_CHARACTERS_MAX).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &str, expected: &str| {
            assert_eq!(attachment(Some(name), "part-2").to_str().unwrap(), expected);
        };
        check("report.pdf", "attachment; filename=\"report.pdf\"");
        check(
            "Rechnung März.pdf",
            "attachment; filename=\"Rechnung M_rz.pdf\"; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf",
        );
        check("../../etc/passwd", "attachment; filename=\"passwd\"");
        check("C:\\temp\\x.txt", "attachment; filename=\"x.txt\"");
        check("a\"b\r\nSet-Cookie: x.txt", "attachment; filename=\"a_bSet-Cookie_ x.txt\"");
        check("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt");
        check("invoice\u{202e}fdp.exe", "attachment; filename=\"invoicefdp.exe\"");
        check("...", "attachment; filename=\"part-2\"");
        check("", "attachment; filename=\"part-2\"");
    }

    #[test]
    fn long_names_keep_their_ending() {
        let value = attachment(Some(&format!("{}.pdf", "x".repeat(500))), "part-2");
        let text = value.to_str().unwrap();
        assert!(text.ends_with(".pdf\"") && text.len() < 200, "{text}");
    }
}
