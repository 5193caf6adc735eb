//! What a part really is, by its octets, and whether it is handed out.

/// Octets that are looked at.
pub(crate) const HEAD_OCTETS: usize = 8192;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Media {
    /// Media type: by content where that shows it, otherwise as declared.
    pub(crate) content_type: String,
    /// Executable, script or document with macros: not handed out without the right to it.
    pub(crate) blocked: bool,
}

/// Judges a part. `head`: its first octets after transfer decoding, up to [`HEAD_OCTETS`]; `declared`: media type of the
/// mail, lower case; `name`: file name of the mail.
///
/// A file is blocked by its octets, by its ending or by its declared type: any one is enough, since each of the three
/// is what some system goes by when it opens the file.
pub(crate) fn judge(head: &[u8], declared: &str, name: Option<&str>) -> Media {
    let found = by_content(head);
    let content_type = match found {
        Some(Found::Type(media_type)) => media_type.to_owned(),
        Some(Found::Executable) => "application/octet-stream".to_owned(),
        Some(Found::Zip) if declared.starts_with("application/") => declared.to_owned(),
        Some(Found::Zip) => "application/zip".to_owned(),
        None => declared_or_octets(declared),
    };
    let blocked = matches!(found, Some(Found::Executable))
        || name.is_some_and(has_blocked_ending)
        || BLOCKED_TYPES.contains(&declared)
        || declared.contains("macroenabled")
        || (is_office(head, found.as_ref()) && has_macros(head));
    Media { content_type, blocked }
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

const EXECUTABLES: &[&[u8]] = &[
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"#!",
    // Windows shortcut.
    b"\x4c\0\0\0\x01\x14\x02\0",
    // Compiled HTML help.
    b"ITSF",
    b"\0asm",
];

fn by_content(head: &[u8]) -> Option<Found> {
    if is_windows_program(head) || EXECUTABLES.iter().any(|signature| head.starts_with(signature)) {
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

/// `MZ` alone is also how texts may begin; octets that no text has must follow.
fn is_windows_program(head: &[u8]) -> bool {
    head.starts_with(b"MZ") && head.contains(&0)
}

/// OLE2 compound files (DOC, XLS, PPT, MSG), and OOXML, which is a ZIP that begins with its table of types.
fn is_office(head: &[u8], found: Option<&Found>) -> bool {
    head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") || matches!(found, Some(Found::Zip))
}

/// Names of the streams that hold macros, as far as the head shows them: in OLE2 as UTF-16 directory entries, in OOXML
/// as names of members.
fn has_macros(head: &[u8]) -> bool {
    const NAMES: [&str; 3] = ["vbaProject.bin", "_VBA_PROJECT", "macrosheets/"];
    let contains = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    NAMES.iter().any(|name| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        contains(name.as_bytes()) || contains(&wide)
    })
}

/// Endings that systems run when they are opened, and Office's endings for documents with macros.
const BLOCKED_ENDINGS: &[&str] = &[
    "ade",
    "adp",
    "app",
    "appinstaller",
    "application",
    "appref-ms",
    "appx",
    "appxbundle",
    "asp",
    "aspx",
    "bas",
    "bat",
    "bgi",
    "cab",
    "cer",
    "chm",
    "class",
    "cmd",
    "cnt",
    "com",
    "command",
    "cpl",
    "crt",
    "csh",
    "der",
    "desktop",
    "diagcab",
    "dll",
    "dmg",
    "docm",
    "dotm",
    "elf",
    "exe",
    "fxp",
    "gadget",
    "grp",
    "hlp",
    "hpj",
    "hta",
    "htc",
    "img",
    "inf",
    "ins",
    "iqy",
    "iso",
    "isp",
    "its",
    "jar",
    "jnlp",
    "js",
    "jse",
    "ksh",
    "lnk",
    "mad",
    "maf",
    "mag",
    "mam",
    "maq",
    "mar",
    "mas",
    "mat",
    "mau",
    "mav",
    "maw",
    "mda",
    "mdb",
    "mde",
    "mdt",
    "mdw",
    "mdz",
    "mht",
    "mhtml",
    "msc",
    "msh",
    "msh1",
    "msh1xml",
    "msh2",
    "msh2xml",
    "mshxml",
    "msi",
    "msix",
    "msixbundle",
    "msp",
    "mst",
    "msu",
    "ops",
    "osd",
    "pcd",
    "pif",
    "pl",
    "plg",
    "potm",
    "ppam",
    "ppsm",
    "pptm",
    "prf",
    "prg",
    "printerexport",
    "ps1",
    "ps1xml",
    "ps2",
    "ps2xml",
    "psc1",
    "psc2",
    "psd1",
    "psdm1",
    "pst",
    "py",
    "pyc",
    "pyo",
    "pyw",
    "pyz",
    "pyzw",
    "reg",
    "scf",
    "scr",
    "sct",
    "settingcontent-ms",
    "sh",
    "shb",
    "shs",
    "sldm",
    "slk",
    "svg",
    "svgz",
    "swf",
    "theme",
    "udl",
    "url",
    "vb",
    "vbe",
    "vbp",
    "vbs",
    "vhd",
    "vhdx",
    "vsmacros",
    "vsw",
    "vxd",
    "webpnp",
    "website",
    "ws",
    "wsb",
    "wsc",
    "wsf",
    "wsh",
    "xbap",
    "xht",
    "xhtml",
    "xlam",
    "xll",
    "xlm",
    "xlsb",
    "xlsm",
    "xltm",
    "xnk",
];

const BLOCKED_TYPES: &[&str] = &[
    "application/hta",
    "application/java-archive",
    "application/javascript",
    "application/vnd.microsoft.portable-executable",
    "application/x-bat",
    "application/x-csh",
    "application/x-dosexec",
    "application/x-executable",
    "application/x-javascript",
    "application/x-ms-shortcut",
    "application/x-msdos-program",
    "application/x-msdownload",
    "application/x-msi",
    "application/x-powershell",
    "application/x-python-code",
    "application/x-sh",
    "application/x-shockwave-flash",
    "application/x-vbs",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/javascript",
    "text/vbscript",
    "text/x-python",
    "text/x-sh",
    "text/x-shellscript",
];

/// The ending counts as systems see it: without trailing dots, blanks and marks of direction.
fn has_blocked_ending(name: &str) -> bool {
    let visible: String = name
        .chars()
        .filter(|c| {
            !c.is_control()
                && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        })
        .collect();
    let trimmed = visible.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let ending = trimmed.rsplit_once('.').map(|(_, ending)| ending.trim().to_lowercase());
    ending.is_some_and(|ending| BLOCKED_ENDINGS.binary_search(&ending.as_str()).is_ok())
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
    fn endings_are_sorted() {
        assert!(BLOCKED_ENDINGS.is_sorted());
        assert!(BLOCKED_TYPES.is_sorted());
    }

    #[test]
    fn content_decides() {
        let check = |head: &[u8], declared: &str, name: Option<&str>, content_type: &str, blocked: bool| {
            let expected = Media { content_type: content_type.to_owned(), blocked };
            assert_eq!(judge(head, declared, name), expected, "{declared} {name:?}");
        };
        check(b"%PDF-1.7", "application/octet-stream", Some("a.pdf"), "application/pdf", false);
        check(b"%PDF-1.7", "text/html", Some("a.html"), "application/pdf", false);
        check(b"\x7fELF\x02", "image/png", Some("cat.png"), "application/octet-stream", true);
        check(
            &[b"MZ".as_slice(), &[0; 80]].concat(),
            "image/png",
            Some("cat.png"),
            "application/octet-stream",
            true,
        );
        check(
            b"MZ is how this text begins, and it goes on for more than sixty-four octets.",
            "text/plain",
            None,
            "text/plain",
            false,
        );
        check(b"#!/bin/sh\n", "text/plain", Some("notes.txt"), "application/octet-stream", true);
        check(b"hello", "text/plain", Some("run.bat"), "text/plain", true);
        check(b"hello", "text/plain", Some("run.BAT. "), "text/plain", true);
        check(b"hello", "text/plain", Some("x\u{202e}tab.bat\u{200b}"), "text/plain", true);
        check(b"hello", "text/plain", Some("bat"), "text/plain", false);
        check(b"<svg/>", "image/svg+xml", None, "application/octet-stream", true);
        check(b"<p>", "text/html", Some("a.html"), "application/octet-stream", false);
        check(
            b"PK\x03\x04\x14\0[Content_Types].xml",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Some("a.docx"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            false,
        );
        check(
            b"PK\x03\x04\x14\0word/vbaProject.bin",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Some("a.docx"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            true,
        );
        check(b"hello", "nonsense", None, "application/octet-stream", false);
        check(b"hello", "text/plain\r\nx", None, "application/octet-stream", false);
        check(b"", "application/zip", None, "application/zip", false);
    }

    #[test]
    fn macros_of_old_office_files() {
        let mut head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        head.resize(600, 0);
        assert!(!judge(&head, "application/msword", Some("a.doc")).blocked);
        head.extend("_VBA_PROJECT".encode_utf16().flat_map(u16::to_le_bytes));
        assert!(judge(&head, "application/msword", Some("a.doc")).blocked);
    }
}
