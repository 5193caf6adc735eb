//! Kind of a document by its first octets, its name and its media type, in this order.

use memchr::memmem;

/// Octets that [`kind`] wants to see.
pub(crate) const HEAD_OCTETS: usize = 4096;

/// What a document is, as far as reading it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// No text in it, or none that we read.
    Other,
    /// Plain text of some charset; CSV, XML, calendar and the like too.
    Plain,
    /// HTML.
    Html,
    /// PDF (ISO 32000).
    Pdf,
    /// ZIP that is a document of an office suite; which one, its entries say.
    Office,
    /// RTF.
    Rtf,
    /// Compound file that is a spreadsheet (XLS), or an encrypted document.
    Compound,
}

/// Kind of a document. `head`: its first [`HEAD_OCTETS`] octets, or all.
pub(crate) fn kind(name: Option<&str>, content_type: &str, head: &[u8]) -> Kind {
    let ending = name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
    if memmem::find(&head[..head.len().min(1024)], b"%PDF-").is_some() {
        return Kind::Pdf;
    }
    if head.starts_with(b"PK\x03\x04") {
        return if is_office(ending, content_type, head) { Kind::Office } else { Kind::Other };
    }
    if head.starts_with(b"{\\rtf") {
        return Kind::Rtf;
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Kind::Compound;
    }
    if is_media(head) || content_type.starts_with("image/") && content_type != "image/svg+xml" {
        return Kind::Other;
    }
    if is_html(head) {
        return Kind::Html;
    }
    let says_text = content_type.starts_with("text/")
        || matches!(
            content_type,
            "application/json" | "application/xml" | "message/rfc822" | "application/ics"
        )
        || content_type.ends_with("+xml")
        || matches!(
            ending,
            "txt"
                | "csv"
                | "tsv"
                | "log"
                | "md"
                | "xml"
                | "json"
                | "ics"
                | "vcf"
                | "htm"
                | "html"
                | "eml"
                | "ini"
        );
    match () {
        () if says_text && has_utf16_mark(head) => Kind::Plain,
        () if !is_text(head) => Kind::Other,
        () if content_type == "text/html" || matches!(ending, "htm" | "html" | "xhtml") => Kind::Html,
        () if says_text || content_type == "application/octet-stream" => Kind::Plain,
        () => Kind::Other,
    }
}

fn is_office(ending: &str, content_type: &str, head: &[u8]) -> bool {
    let named = matches!(
        ending,
        "docx"
            | "docm"
            | "dotx"
            | "dotm"
            | "xlsx"
            | "xlsm"
            | "xltx"
            | "xlsb"
            | "pptx"
            | "pptm"
            | "ppsx"
            | "odt"
            | "ott"
            | "ods"
            | "ots"
            | "odp"
            | "otp"
            | "odg"
            | "fodt"
            | "sxw"
            | "sxc"
    );
    // The name of the first entry: office suites always begin with one of these.
    let entry = head.get(30..).unwrap_or_default();
    let begins = ["[Content_Types].xml", "_rels/", "docProps/", "word/", "xl/", "ppt/"];
    named
        || content_type.starts_with("application/vnd.openxmlformats-officedocument")
        || content_type.starts_with("application/vnd.oasis.opendocument")
        || begins.iter().any(|name| entry.starts_with(name.as_bytes()))
        || entry.starts_with(b"mimetypeapplication/vnd.oasis")
}

fn has_utf16_mark(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
}

/// Images, sound, film, archives, programs.
fn is_media(head: &[u8]) -> bool {
    const STARTS: &[&[u8]] = &[
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"RIFF",
        b"II*\0",
        b"MM\0*",
        b"\0\0\x01\0",
        b"\x1f\x8b",
        b"BZh",
        b"7z\xbc\xaf",
        b"Rar!",
        b"\xfd7zXZ",
        b"\x28\xb5\x2f\xfd",
        b"ID3",
        b"OggS",
        b"fLaC",
        b"MZ",
        b"\x7fELF",
        b"\xca\xfe\xba\xbe",
        b"wOFF",
        b"wOF2",
        b"\x78\x9f\x3e\x22",
        b"SQLite format 3",
    ];
    STARTS.iter().any(|start| head.starts_with(start)) || head.get(4..8) == Some(b"ftyp")
}

fn is_html(head: &[u8]) -> bool {
    let start = head.iter().position(|b| !b.is_ascii_whitespace() && !matches!(b, 0xef | 0xbb | 0xbf));
    let head = &head[start.unwrap_or(head.len())..];
    let begins = |text: &[u8]| head.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
    begins(b"<!doctype html") || begins(b"<html") || begins(b"<head") || begins(b"<body")
}

/// Whether octets look like text of some charset that has ASCII in it: no NUL, hardly any control characters.
fn is_text(head: &[u8]) -> bool {
    let control = head.iter().filter(|b| matches!(b, 1..=8 | 11 | 14..=26 | 28..=31 | 127)).count();
    !head.is_empty() && !head.contains(&0) && control * 100 <= head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_counts_more_than_names() {
        let check = |name: &str, content_type: &str, head: &[u8], expected| {
            assert_eq!(kind(Some(name), content_type, head), expected, "{name}");
        };
        check("a.txt", "text/plain", b"%PDF-1.4", Kind::Pdf);
        check("a.pdf", "application/pdf", b"just text", Kind::Other);
        check("a.bin", "application/octet-stream", b"just text", Kind::Plain);
        check("a.docx", "application/octet-stream", b"PK\x03\x04", Kind::Office);
        check("a.zip", "application/zip", b"PK\x03\x04", Kind::Other);
        let zip = [&b"PK\x03\x04"[..], &[0; 26], b"[Content_Types].xml"].concat();
        check("a", "application/octet-stream", &zip, Kind::Office);
        check("a.png", "image/png", b"\x89PNG\r\n", Kind::Other);
        check("a.txt", "image/png", b"text", Kind::Other);
        check("a.rtf", "application/msword", b"{\\rtf1", Kind::Rtf);
        check("a.csv", "application/octet-stream", b"a;b\r\nc;\xe4\r\n", Kind::Plain);
        check("a", "text/html", b"Hallo <b>", Kind::Html);
        check("a.bin", "application/octet-stream", b" \n<!DOCTYPE HTML>", Kind::Html);
        check("a.txt", "text/plain", b"\xff\xfeH\0a\0", Kind::Plain);
        check("a.txt", "text/plain", b"", Kind::Other);
        check("a.dat", "application/octet-stream", &[1, 2, 3, 4], Kind::Other);
    }
}
