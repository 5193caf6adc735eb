//! What a part really is, by its octets. Whether it is handed out, `attachments` says.

/// Octets that are looked at.
pub(crate) const HEAD_OCTETS: usize = 8192;

/// Media type by content where that shows it, otherwise as declared. `head`: its first octets after transfer decoding, up to
/// [`HEAD_OCTETS`]; `declared`: media type of the mail, lower case.
pub(crate) fn content_type(head: &[u8], declared: &str) -> String {
    match by_content(head) {
        Some(Found::Type(media_type)) => media_type.to_owned(),
        Some(Found::Executable) => "application/octet-stream".to_owned(),
        Some(Found::Zip) if declared.starts_with("application/") => declared.to_owned(),
        Some(Found::Zip) => "application/zip".to_owned(),
        None => declared_or_octets(declared),
    }
}

enum Found {
    Type(&'static str),
    Zip,
    Executable,
}

const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"{\\rtf", "application/rtf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
];

fn by_content(head: &[u8]) -> Option<Found> {
    if inspect::is_executable(head) {
        return Some(Found::Executable);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(Found::Zip);
    }
    if let Some(image) = connect::image_type(head) {
        return Some(Found::Type(image));
    }
    SIGNATURES
        .iter()
        .find(|(signature, _)| head.starts_with(signature))
        .map(|(_, media_type)| Found::Type(media_type))
}

/// A declared type is handed on if it has the form of one; text and HTML are handed out as octets, so that no browser
/// takes them for a page of ours.
fn declared_or_octets(declared: &str) -> String {
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let well_formed =
        declared.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    let active = matches!(
        declared,
        "text/html" | "application/xhtml+xml" | "image/svg+xml" | "text/xml" | "application/xml"
    );
    if well_formed && !active { declared.to_owned() } else { "application/octet-stream".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let check = |head: &[u8], declared: &str, expected: &str| {
            assert_eq!(content_type(head, declared), expected, "{declared}");
        };
        let document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        check(b"%PDF-1.7", "application/octet-stream", "application/pdf");
        check(b"%PDF-1.7", "text/html", "application/pdf");
        check(b"\x7fELF\x02", "image/png", "application/octet-stream");
        check(&[b"MZ".as_slice(), &[0; 80]].concat(), "image/png", "application/octet-stream");
        check(b"MZ is how this text begins, and it goes on.", "text/plain", "text/plain");
        check(b"#!/bin/sh\n", "text/plain", "application/octet-stream");
        check(b"<svg/>", "image/svg+xml", "application/octet-stream");
        check(b"<p>", "text/html", "application/octet-stream");
        check(b"PK\x03\x04\x14\0[Content_Types].xml", document, document);
        check(b"PK\x03\x04", "text/plain", "application/zip");
        check(b"hello", "nonsense", "application/octet-stream");
        check(b"hello", "text/plain\r\nx", "application/octet-stream");
        check(b"", "application/zip", "application/zip");
    }
}
