use std::io::Write as _;

use ::zip::ZipWriter;
use ::zip::write::SimpleFileOptions;
use proptest::prelude::*;

use crate::{Class, Finding, Limits, Policy, findings};

fn check(octets: &[u8], declared: &str, name: &str, expected: &[(Class, &str)]) {
    let found = findings(octets, Some(name), declared, &Limits::default());
    let found: Vec<(Class, &str)> =
        found.iter().map(|finding| (finding.class, finding.at.as_str())).collect();
    assert_eq!(found, expected, "{name} as {declared}");
}

/// A ZIP with these members.
fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, octets) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(octets).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn program() -> Vec<u8> {
    [b"MZ\x90\0\x03".as_slice(), &[0; 80]].concat()
}

fn gzipped(octets: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(octets).unwrap();
    writer.finish().unwrap()
}

fn tarred(name: &str, octets: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{:011o}", octets.len()).as_bytes());
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    header.extend_from_slice(octets);
    header.resize(header.len().next_multiple_of(512) + 1024, 0);
    header
}

#[test]
fn ordinary_files_have_nothing() {
    check(b"%PDF-1.7 ...", "application/pdf", "offer.pdf", &[]);
    check(b"%PDF-1.7 ...", "application/octet-stream", "offer.PDF", &[]);
    check(b"\x89PNG\r\n\x1a\n", "image/jpeg", "logo.jpg", &[]);
    check(b"MZ is how this text begins, and it goes on.", "text/plain", "notes.txt", &[]);
    check(b"a;b;c\r\n", "application/vnd.ms-excel", "list.csv", &[]);
    check(b"<html><table>", "application/vnd.ms-excel", "list.xls", &[]);
    check(b"<html><p>", "text/html", "page.html", &[]);
    check(b"{\\rtf1 hello}", "application/msword", "letter.doc", &[]);
    check(b"", "application/zip", "", &[]);
    check(b"hello", "text/plain", "bat", &[]);
    check(&zipped(&[("a.txt", b"hello"), ("b/c.pdf", b"%PDF-1.4")]), "application/zip", "a.zip", &[]);
    let docx = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/media/a.svg", b"<svg/>"),
        ("word/document.xml", b"<w/>"),
    ]);
    check(&docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a.docx", &[]);
}

#[test]
fn by_content() {
    check(&program(), "application/octet-stream", "setup", &[(Class::Program, "")]);
    check(b"\x7fELF\x02", "application/octet-stream", "tool", &[(Class::Program, "")]);
    check(b"\xcf\xfa\xed\xfe", "application/octet-stream", "tool", &[(Class::Program, "")]);
    check(b"#!/bin/sh\n", "text/plain", "notes", &[(Class::Script, "")]);
    check(b"\x4c\0\0\0\x01\x14\x02\0", "application/octet-stream", "a", &[(Class::Shortcut, "")]);
    check(b"<html><hta:application id=x>", "text/html", "a", &[(Class::Script, "")]);
    check(b" <svg onload=x>", "text/plain", "a", &[(Class::WebDocument, "")]);
    check(b"MSCF\0\0\0\0", "application/octet-stream", "a", &[(Class::OpaqueArchive, "")]);
    let mut iso = vec![0; 0x8001];
    iso.extend_from_slice(b"CD001");
    check(&iso, "application/octet-stream", "a", &[(Class::DiskImage, "")]);
    check(b"{\\rtf1 {\\*\\objdata 0105}}", "application/rtf", "a.rtf", &[(Class::Embedded, "")]);
}

#[test]
fn by_name_and_type() {
    check(b"hello", "text/plain", "run.bat", &[(Class::Script, "")]);
    check(b"hello", "text/plain", "run.BAT. ", &[(Class::Script, "")]);
    check(b"hello", "text/plain", "a.js", &[(Class::Script, "")]);
    check(b"hello", "application/hta", "a", &[(Class::Script, "")]);
    check(b"<x/>", "image/svg+xml", "", &[(Class::WebDocument, "")]);
    check(b"hello", "application/vnd.ms-word.document.macroenabled.12", "a", &[(Class::Macros, "")]);
    check(b"hello", "text/plain", "a.lnk", &[(Class::Shortcut, "")]);
    check(b"hello", "text/plain", "a.iso", &[(Class::DiskImage, "")]);
    check(b"hello", "text/plain", "a.reg", &[(Class::SystemFile, "")]);
}

#[test]
fn disguised() {
    check(&program(), "image/png", "cat.png", &[(Class::Disguised, ""), (Class::Program, "")]);
    check(&program(), "application/pdf", "a.pdf", &[(Class::Disguised, ""), (Class::Program, "")]);
    check(&program(), "application/octet-stream", "a.pdf", &[(Class::Disguised, ""), (Class::Program, "")]);
    check(b"<html><script>", "text/html", "invoice.pdf", &[(Class::Disguised, "")]);
    check(b"hello", "text/plain", "invoice.pdf.js", &[(Class::Script, ""), (Class::Disguised, "")]);
    check(
        b"hello",
        "text/plain",
        "invoice.pdf          .exe",
        &[(Class::Program, ""), (Class::Disguised, "")],
    );
    check(b"hello", "text/plain", "x\u{202e}fdp.exe", &[(Class::Program, ""), (Class::Disguised, "")]);
    check(b"hello", "text/plain", "ann\u{202e}gpj.txt", &[(Class::Disguised, "")]);
    check(b"hello", "text/plain", "a.exe\u{200b}", &[(Class::Program, "")]);
}

#[test]
fn archives() {
    check(
        &zipped(&[("readme.txt", b"hi"), ("in/setup.exe", b"not yet")]),
        "application/zip",
        "a.zip",
        &[(Class::Program, "in/setup.exe")],
    );
    let inner = zipped(&[("x.png", &program())]);
    check(
        &zipped(&[("inner.zip", &inner)]),
        "application/zip",
        "a.zip",
        &[(Class::Disguised, "inner.zip/x.png"), (Class::Program, "inner.zip/x.png")],
    );
    check(&gzipped(&program()), "application/gzip", "a.gz", &[(Class::Program, "a")]);
    check(&tarred("a/run", b"#!/bin/sh\n"), "application/x-tar", "a.tar", &[(Class::Script, "a/run")]);
    check(
        &gzipped(&tarred("setup.exe", b"x")),
        "application/gzip",
        "a.tgz",
        &[(Class::Program, "a.tgz.tar/setup.exe")],
    );
    // Whatever stands before the archive, and whatever its directory says.
    let mut hidden = b"GIF89a".to_vec();
    hidden.extend(zipped(&[("a.exe", b"x")]));
    check(&hidden, "image/gif", "a.gif", &[]);
    let mut cut = zipped(&[("a.exe", b"x")]);
    cut.truncate(60);
    check(&cut, "application/zip", "a.zip", &[(Class::Program, "a.exe")]);
    check(b"PK\x03\x04 broken", "application/zip", "a.zip", &[(Class::OpaqueArchive, "")]);
}

#[test]
fn passwords() {
    let mut encrypted = zipped(&[("offer.pdf", b"%PDF-1.4")]);
    encrypted[6] |= 1;
    check(&encrypted, "application/zip", "a.zip", &[(Class::EncryptedArchive, "")]);
    let mut seven = b"7z\xbc\xaf\x27\x1c\0\x04".to_vec();
    seven.resize(32, 0);
    seven[12] = 4;
    seven[20] = 8;
    seven.extend_from_slice(b"data\x01\x06\xf1\x07\x01\0\0\0");
    check(&seven, "application/x-7z-compressed", "a.7z", &[(Class::EncryptedArchive, "")]);
    check(&seven[..34], "application/x-7z-compressed", "a.7z", &[(Class::OpaqueArchive, "")]);
    let rar5 = |kind: &[u8]| [b"Rar!\x1a\x07\x01\0\0\0\0\0".as_slice(), kind].concat();
    check(&rar5(b"\x05\x04\0\0\0\0"), "application/vnd.rar", "a.rar", &[(Class::EncryptedArchive, "")]);
    let file = b"\x0d\x02\0\0\x05\0\0\0\x05a.exe";
    check(&rar5(file), "application/vnd.rar", "a.rar", &[(Class::Program, "a.exe")]);
    let mut rar4 = b"Rar!\x1a\x07\0".to_vec();
    rar4.extend_from_slice(b"\0\0\x73\x80\0\x0d\0\0\0\0\0\0\0");
    check(&rar4, "application/vnd.rar", "a.rar", &[(Class::EncryptedArchive, "")]);
}

#[test]
fn documents() {
    let types: (&str, &[u8]) = ("[Content_Types].xml", b"<Types/>");
    let macros = zipped(&[types, ("word/vbaProject.bin", b"x")]);
    check(&macros, "application/octet-stream", "a.docx", &[(Class::Macros, "word/vbaProject.bin")]);
    let sheet = zipped(&[types, ("xl/macrosheets/sheet1.xml", b"x")]);
    check(&sheet, "application/octet-stream", "a.xlsx", &[(Class::Macros, "xl/macrosheets/sheet1.xml")]);
    let template = b"<Relationship Type=\"x/attachedTemplate\" Target=\"https://example.org/t.dotm\" TargetMode=\"External\"/>";
    let remote = zipped(&[types, ("word/_rels/settings.xml.rels", template)]);
    check(
        &remote,
        "application/octet-stream",
        "a.docx",
        &[(Class::Embedded, "word/_rels/settings.xml.rels")],
    );
    let open = zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("Basic/Standard/Module1.xml", b"x"),
    ]);
    check(&open, "application/octet-stream", "a.odt", &[(Class::Macros, "Basic/Standard/Module1.xml")]);
    let object =
        zipped(&[types, ("word/embeddings/oleObject1.bin", &compound(&[("\u{1}Ole10Native", b"x")]))]);
    check(
        &object,
        "application/octet-stream",
        "a.docx",
        &[(Class::Embedded, "word/embeddings/oleObject1.bin")],
    );
}

/// A compound file of 512-octet sectors: FAT, directory, then each stream in sectors of its own.
fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let word = |value: u32| value.to_le_bytes();
    let mut header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    header.resize(512, 0);
    header[30] = 9;
    header[32] = 6;
    header[44] = 1;
    header[48..52].copy_from_slice(&word(1));
    header[60..64].copy_from_slice(&word(0xffff_fffe));
    header[68..72].copy_from_slice(&word(0xffff_fffe));
    header[76..512].fill(0xff);
    header[76..80].copy_from_slice(&word(0));
    let mut fat = vec![0xffff_fffd_u32, 0xffff_fffe];
    let mut directory = Vec::new();
    let mut content = Vec::new();
    let mut entry = |name: &str, kind: u8, start: u32, size: usize| {
        let mut octets = vec![0_u8; 128];
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        octets[..wide.len()].copy_from_slice(&wide);
        octets[64..66].copy_from_slice(&u16::try_from(wide.len() + 2).unwrap().to_le_bytes());
        octets[66] = kind;
        octets[116..120].copy_from_slice(&word(start));
        octets[120..124].copy_from_slice(&word(u32::try_from(size).unwrap()));
        directory.extend(octets);
    };
    entry("Root Entry", 5, 0xffff_fffe, 0);
    for (name, octets) in streams {
        let sectors = octets.len().div_ceil(512).max(1);
        let start = u32::try_from(fat.len()).unwrap();
        for n in 1..=sectors {
            fat.push(if n == sectors { 0xffff_fffe } else { start + u32::try_from(n).unwrap() });
        }
        entry(name, 2, start, octets.len());
        content.extend_from_slice(octets);
        content.resize(content.len().next_multiple_of(512).max(512), 0);
    }
    directory.resize(512, 0);
    let mut out = header;
    out.extend(fat.iter().flat_map(|number| number.to_le_bytes()));
    out.resize(1024, 0xff);
    out.extend(directory);
    out.extend(content);
    out
}

#[test]
fn compound_files() {
    check(&compound(&[("WordDocument", b"x")]), "application/msword", "a.doc", &[]);
    check(&compound(&[("_VBA_PROJECT", b"x")]), "application/msword", "a.doc", &[(Class::Macros, "")]);
    check(
        &compound(&[("EncryptedPackage", b"x")]),
        "application/octet-stream",
        "a.docx",
        &[(Class::EncryptedDocument, "")],
    );
    let sheet = [b"\x85\0\x08\0\0\0\0\0\0\x01\x01A".as_slice(), &[0; 100]].concat();
    check(&compound(&[("Workbook", &sheet)]), "application/vnd.ms-excel", "a.xls", &[(Class::Macros, "")]);
    let msg = compound(&[("__substg1.0_37010102", &program())]);
    check(&msg, "application/vnd.ms-outlook", "a.msg", &[(Class::Program, "")]);
    let mut installer = compound(&[]);
    installer[1024 + 80..1024 + 96].copy_from_slice(b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46");
    check(&installer, "application/octet-stream", "a", &[(Class::Program, "")]);
    let mut loops = compound(&[("Workbook", &[0; 2000])]);
    loops[512 + 8..512 + 12].copy_from_slice(&2_u32.to_le_bytes());
    check(&loops, "application/vnd.ms-excel", "a.xls", &[]);
}

/// Nothing that unpacks to more than the limit is unpacked to the end.
#[test]
fn bombs_are_bounded() {
    let zeros = vec![0; 4 << 20];
    let inner = zipped(&[("zeros.zip", &[b"PK\x03\x04".as_slice(), &zeros].concat())]);
    let outer: Vec<(String, &[u8])> = (0..50).map(|n| (format!("{n}.zip"), inner.as_slice())).collect();
    let outer: Vec<(&str, &[u8])> = outer.iter().map(|(name, octets)| (name.as_str(), *octets)).collect();
    let limits = Limits { unpacked_octets: 1 << 20, ..Limits::default() };
    let found = findings(&zipped(&outer), Some("a.zip"), "application/zip", &limits);
    assert!(found.iter().any(|finding| finding.class == Class::Oversized), "{found:?}");
    let mut nested = zipped(&[("a.txt", b"x")]);
    for _ in 0..10 {
        nested = zipped(&[("a.zip", &nested)]);
    }
    let found = findings(&nested, Some("a.zip"), "application/zip", &Limits::default());
    assert_eq!(found.iter().map(|finding| finding.class).collect::<Vec<_>>(), [Class::Oversized]);
    let many: Vec<String> = (0..200).map(|n| format!("{n}.txt")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let limits = Limits { members_max: 100, ..Limits::default() };
    let found = findings(&zipped(&many), Some("a.zip"), "application/zip", &limits);
    assert_eq!(found.iter().map(|finding| finding.class).collect::<Vec<_>>(), [Class::Oversized]);
}

#[test]
fn findings_as_text() {
    let found = vec![
        Finding { class: Class::Program, at: "a b/c.exe".to_owned() },
        Finding { class: Class::Disguised, at: String::new() },
    ];
    assert_eq!(Finding::to_text(&found), "program a b/c.exe\ndisguised");
    assert_eq!(Finding::from_text(&Finding::to_text(&found)), found);
    assert_eq!(Finding::from_text("later_class x\n"), []);
    for class in Class::ALL {
        assert_eq!(Class::from_word(class.as_str()), Some(class));
    }
}

#[test]
fn policies() {
    let found = [Finding::new(Class::EncryptedDocument, ""), Finding::new(Class::Macros, "")];
    let mut policy = Policy::default();
    assert_eq!(policy.first_held(&found), Some(&found[1]));
    policy.decide(Class::Macros, false);
    assert_eq!(policy.first_held(&found), None);
    policy.decide(Class::EncryptedDocument, true);
    assert_eq!(policy.first_held(&found), Some(&found[0]));
}

proptest! {
    #[test]
    fn any_octets(prefix in 0..14_usize, octets in prop::collection::vec(any::<u8>(), 0..3000), name in ".{0,20}") {
        let starts: [&[u8]; 14] = [
            b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b\x08", b"Rar!\x1a\x07\x01\0", b"Rar!\x1a\x07\0",
            b"7z\xbc\xaf\x27\x1c", b"{\\rtf", b"MZ", b"<", b"%PDF-", b"RIFF", b"ID3", b"#!",
        ];
        let octets = [starts[prefix], &octets].concat();
        let found = findings(&octets, Some(&name), "application/octet-stream", &Limits::default());
        prop_assert!(found.len() <= Class::ALL.len());
        prop_assert_eq!(Finding::from_text(&Finding::to_text(&found)), found);
    }

    #[test]
    fn damaged_files(at in 0..2000_usize, octet in any::<u8>(), which in 0..3_usize) {
        let mut octets = match which {
            0 => compound(&[("Workbook", &[7; 1500]), ("VBA", b"x")]),
            1 => zipped(&[("[Content_Types].xml", b"<Types/>"), ("word/embeddings/a.bin", &compound(&[]))]),
            _ => gzipped(&tarred("a.exe", b"MZ")),
        };
        let len = octets.len();
        octets[at % len] = octet;
        findings(&octets, None, "", &Limits::default());
    }
}
