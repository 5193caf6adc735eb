//! What octets are by their first ones.

use memchr::memmem;

use crate::Class;

/// Kinds of files a name can promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Image,
    Pdf,
    Office,
    Media,
    Text,
    Archive,
}

/// What was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Dangerous as it is.
    Dangerous(Class),
    Zip,
    /// Compound file (OLE2): DOC, XLS, PPT, MSI, MSG, encrypted OOXML.
    Compound,
    Gzip,
    Tar,
    Rar,
    SevenZip,
    Rtf,
    Html,
    /// Nothing to fear by itself.
    Plain(Family),
    Unknown,
}

impl Content {
    /// Whether it holds other files.
    pub(crate) const fn is_container(self) -> bool {
        matches!(self, Self::Zip | Self::Compound | Self::Gzip | Self::Tar | Self::Rar | Self::SevenZip)
    }
}

const SIGNATURES: &[(&[u8], Content)] = &[
    (b"\x7fELF", Content::Dangerous(Class::Program)),
    (b"\xca\xfe\xba\xbe", Content::Dangerous(Class::Program)),
    (b"\xfe\xed\xfa\xce", Content::Dangerous(Class::Program)),
    (b"\xfe\xed\xfa\xcf", Content::Dangerous(Class::Program)),
    (b"\xce\xfa\xed\xfe", Content::Dangerous(Class::Program)),
    (b"\xcf\xfa\xed\xfe", Content::Dangerous(Class::Program)),
    (b"\0asm", Content::Dangerous(Class::Program)),
    (b"dex\n", Content::Dangerous(Class::Program)),
    (b"!<arch>\n", Content::Dangerous(Class::Program)),
    (b"\xed\xab\xee\xdb", Content::Dangerous(Class::Program)),
    (b"#!", Content::Dangerous(Class::Script)),
    (b"\x4c\0\0\0\x01\x14\x02\0", Content::Dangerous(Class::Shortcut)),
    (b"[InternetShortcut]", Content::Dangerous(Class::Shortcut)),
    (b"ITSF", Content::Dangerous(Class::SystemFile)),
    (b"\0\x01\0\0Standard ", Content::Dangerous(Class::SystemFile)),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", Content::Dangerous(Class::SystemFile)),
    (b"!BDN", Content::Dangerous(Class::SystemFile)),
    (b"FWS", Content::Dangerous(Class::WebDocument)),
    (b"CWS", Content::Dangerous(Class::WebDocument)),
    (b"vhdxfile", Content::Dangerous(Class::DiskImage)),
    (b"conectix", Content::Dangerous(Class::DiskImage)),
    (b"KDMV", Content::Dangerous(Class::DiskImage)),
    (b"MSCF", Content::Dangerous(Class::OpaqueArchive)),
    (b"BZh", Content::Dangerous(Class::OpaqueArchive)),
    (b"\xfd7zXZ\0", Content::Dangerous(Class::OpaqueArchive)),
    (b"\x28\xb5\x2f\xfd", Content::Dangerous(Class::OpaqueArchive)),
    (b"\x1f\x9d", Content::Dangerous(Class::OpaqueArchive)),
    (b"\x60\xea", Content::Dangerous(Class::OpaqueArchive)),
    (b"xar!", Content::Dangerous(Class::OpaqueArchive)),
    (b"PK\x03\x04", Content::Zip),
    (b"PK\x05\x06", Content::Zip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Content::Compound),
    (b"\x1f\x8b", Content::Gzip),
    (b"Rar!\x1a\x07", Content::Rar),
    (b"7z\xbc\xaf\x27\x1c", Content::SevenZip),
    (b"{\\rt", Content::Rtf),
    (b"%PDF-", Content::Plain(Family::Pdf)),
    (b"\x89PNG\r\n\x1a\n", Content::Plain(Family::Image)),
    (b"\xff\xd8\xff", Content::Plain(Family::Image)),
    (b"GIF8", Content::Plain(Family::Image)),
    (b"II*\0", Content::Plain(Family::Image)),
    (b"MM\0*", Content::Plain(Family::Image)),
    (b"OggS", Content::Plain(Family::Media)),
    (b"ID3", Content::Plain(Family::Media)),
];

/// What octets are. `all`: as many as there are; the first kilobytes decide, but for disk images, whose mark is at 32 KiB or at
/// the end.
pub(crate) fn content(all: &[u8]) -> Content {
    let head = &all[..all.len().min(1024)];
    // `MZ` alone is also how texts may begin; octets that no text has must follow.
    if head.starts_with(b"MZ") && head.contains(&0) {
        return Content::Dangerous(Class::Program);
    }
    if let Some((_, found)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        // Java's classes and Mach-O's fat files share a mark; both run.
        return *found;
    }
    if all.get(257..262) == Some(b"ustar") {
        return Content::Tar;
    }
    if all.get(0x8001..0x8006) == Some(b"CD001") || all.get(0x8001..0x8006) == Some(b"BEA01") || is_dmg(all) {
        return Content::Dangerous(Class::DiskImage);
    }
    match markup(head) {
        Some(found) => found,
        None if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") => {
            Content::Plain(Family::Image)
        }
        None if head.starts_with(b"RIFF") => Content::Plain(Family::Media),
        None if head.get(4..8) == Some(b"ftyp") => Content::Plain(Family::Media),
        None if memmem::find(head, b"%PDF-").is_some() => Content::Plain(Family::Pdf),
        None => Content::Unknown,
    }
}

/// Whether octets are, by their first ones, something that a system would run or follow: a program, a script, a shortcut, a
/// file of the system. No more than the first 8 KiB are needed.
pub fn is_executable(head: &[u8]) -> bool {
    matches!(
        content(head),
        Content::Dangerous(Class::Program | Class::Script | Class::Shortcut | Class::SystemFile)
    )
}

/// Octets of the trailer of a DMG.
const DMG_TRAILER: usize = 512;

fn is_dmg(all: &[u8]) -> bool {
    all.len() > DMG_TRAILER && all[all.len() - DMG_TRAILER..].starts_with(b"koly")
}

/// HTML and SVG by the first tag, whatever stands before it that browsers overlook.
fn markup(head: &[u8]) -> Option<Content> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let lower = text.trim_ascii_start().to_ascii_lowercase();
    if !lower.starts_with(b"<") {
        return None;
    }
    let starts = |word: &[u8]| lower.starts_with(word);
    let has = |word: &[u8]| memmem::find(&lower, word).is_some();
    if starts(b"<svg") || (starts(b"<?xml") && has(b"<svg")) || starts(b"<!doctype svg") {
        return Some(Content::Dangerous(Class::WebDocument));
    }
    if has(b"<hta:application")
        || starts(b"<job")
        || starts(b"<package") && has(b"<job")
        || has(b"<scriptlet")
    {
        return Some(Content::Dangerous(Class::Script));
    }
    let html = [b"<!doctype html".as_slice(), b"<html", b"<head", b"<script", b"<body", b"<iframe"];
    html.iter().any(|word| starts(word)).then_some(Content::Html)
}

/// Whether the octets contradict what a name or a declared type promises.
///
/// Old Office endings are used for RTF, HTML and XML too, compound files also hold encrypted OOXML, and texts may be
/// anything that is no program; those are no contradiction.
pub(crate) fn contradicts(found: Content, promised: Family) -> bool {
    let agrees = match promised {
        // A picture under another picture's name; films and pictures share a container.
        Family::Image | Family::Media => matches!(found, Content::Plain(Family::Image | Family::Media)),
        Family::Office => matches!(found, Content::Zip | Content::Compound | Content::Rtf | Content::Html),
        Family::Archive => matches!(
            found,
            Content::Zip
                | Content::Gzip
                | Content::Tar
                | Content::Rar
                | Content::SevenZip
                | Content::Dangerous(Class::OpaqueArchive)
        ),
        Family::Text => matches!(
            found,
            Content::Dangerous(Class::Script) | Content::Html | Content::Plain(_) | Content::Rtf
        ),
        Family::Pdf => found == Content::Plain(Family::Pdf),
    };
    found != Content::Unknown && !agrees
}
