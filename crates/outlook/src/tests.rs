//! Files made by `test-support`, read and composed; what comes out, read by another parser.

use mail_parser::{Message, MessageParser, MimeHeaders};
use test_support::mutations;
use test_support::outlook::{Crypt, Folder, Form, Made, Value, msg, pst, pst_as, tnef};

use crate::property::id;
use crate::pst::encoding::ENCODE;
use crate::pst::{Pst, PstError};
use crate::{Content, MsgError, compose};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn read(octets: &[u8]) -> Message<'_> {
    MessageParser::new().parse(octets).unwrap()
}

/// A mail with all there is.
fn full() -> Made {
    let inner = Made::mail("Inner", "inside").file("inner.txt", b"in");
    Made::mail("Größe: 5 \u{20ac}", "Grüße\nzwei")
        .with(id::HTML, Value::Binary(b"<p>Gr\xfc\xdfe<img src=\"cid:logo\"></p>".to_vec()))
        .with(id::INTERNET_CODEPAGE, Value::Int(1252))
        .with(id::IN_REPLY_TO, text("<0@example.org>"))
        .with(id::REFERENCES, text("<0@example.org> <00@example.org>"))
        .file("Übersicht.pdf", &[0, 1, 2, 255].repeat(5_000))
        .item(inner)
}

fn check_full(octets: &[u8]) {
    let mail = read(octets);
    assert_eq!(mail.subject(), Some("Größe: 5 \u{20ac}"));
    let from = mail.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Eva Müller"), Some("eva@example.org")));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("info@example.org"));
    assert_eq!(mail.message_id(), Some("1@example.org"));
    assert_eq!(mail.date().unwrap().to_rfc3339(), "2026-03-02T09:00:00Z");
    assert_eq!(mail.references().as_text_list().unwrap().len(), 2);
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), "Grüße\nzwei");
    assert_eq!(mail.body_html(0).unwrap(), "<p>Grüße<img src=\"cid:logo\"></p>");
    let file = mail.attachment(0).unwrap();
    assert_eq!(file.attachment_name(), Some("Übersicht.pdf"));
    assert_eq!(file.contents(), [0, 1, 2, 255].repeat(5_000));
    let inner = mail.attachment(1).unwrap().message().unwrap();
    assert_eq!(
        (inner.subject(), inner.body_text(0).as_deref().map(str::trim_end)),
        (Some("Inner"), Some("inside"))
    );
    assert_eq!(inner.attachment(0).unwrap().contents(), b"in");
    // RFC 5322 §2.1.1.
    assert!(octets.split(|octet| *octet == b'\n').all(|line| line.len() < 1000));
}

#[test]
fn msg_files() {
    let item = msg(&full());
    let item = crate::msg(&item).unwrap();
    check_full(&compose(&item));
    assert_eq!(compose(&item), compose(&item.clone()));
    assert_eq!((item.is_mail(), item.is_read(), item.received_ms()), (true, true, Some(1_772_442_060_000)));
    let contact = msg(&Made::mail("Eva", "").with(id::MESSAGE_CLASS, text("IPM.Contact")));
    assert!(!crate::msg(&contact).unwrap().is_mail());
    assert_eq!(crate::msg(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), Err(MsgError::Damaged));
}

#[test]
fn tnef_streams() {
    let octets = tnef(&full());
    check_full(&compose(&crate::tnef::read(&octets).unwrap()));
    let unpacked = crate::tnef::unpacked(&octets, 1 << 20).unwrap();
    let names: Vec<_> = unpacked.files.iter().map(|file| file.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Übersicht.pdf", "mail.eml"]);
    assert_eq!(unpacked.text.unwrap().content, "Grüße\nzwei".as_bytes());
    assert!(crate::tnef::unpacked(&octets, 20_100).unwrap().files.len() < 2);
    assert_eq!(crate::tnef::unpacked(b"no stream", 10), None);
    // Cut off anywhere: what is there.
    for len in (6..octets.len()).step_by(97) {
        assert!(crate::tnef::read(&octets[..len]).is_some());
    }
}

fn folders() -> Vec<Folder> {
    let many = (0..60)
        .map(|n| Made::mail(&format!("Mail {n}"), "text").with(id::MESSAGE_ID, text(&format!("<{n}@x>"))));
    let sub = Folder { name: "Kunden/A".to_owned(), items: many.collect(), folders: Vec::new() };
    let contact = Made::mail("Eva", "").with(id::MESSAGE_CLASS, text("IPM.Contact"));
    vec![
        Folder { name: "Posteingang".to_owned(), items: vec![full(), contact], folders: vec![sub] },
        Folder {
            name: "Gesendet".to_owned(),
            items: vec![Made::mail("Large", &"x".repeat(30_000))],
            folders: Vec::new(),
        },
    ]
}

#[test]
fn pst_files() {
    let forms = [Form::Ansi, Form::Unicode, Form::Large];
    for (form, crypt) in
        forms.into_iter().flat_map(|form| [(form, Crypt::None), (form, Crypt::Permute(&ENCODE))])
    {
        let octets = pst_as(form, &folders(), crypt);
        let file = Pst::open(octets.as_slice()).unwrap();
        assert_eq!((file.len(), file.damage()), (63, &[][..]));
        let all: Vec<_> = (0..file.len()).map(|at| file.entry(at).unwrap()).collect();
        let of = |folder: &str| all.iter().filter(|entry| entry.folder == folder).count();
        assert_eq!((of("Gesendet"), of("Posteingang"), of("Posteingang/Kunden_A")), (1, 2, 60));
        let found = all.iter().find(|entry| entry.folder == "Posteingang").unwrap();
        check_full(&compose(&file.item(found).unwrap()));
        let large = file.item(&all[0]).unwrap();
        assert_eq!(read(&compose(&large)).body_text(0).unwrap().trim_end().len(), 30_000);
    }
}

/// What is readable of a damaged file is read, and it is said what is not.
#[test]
fn damaged_pst_files() {
    let octets = pst(&folders(), Crypt::Permute(&ENCODE));
    let whole = Pst::open(octets.as_slice()).unwrap();
    // A leaf of the tree of nodes: its type goes.
    let leaf = octets
        .chunks_exact(512)
        .position(|page| page[496] == 0x81 && page[491] == 0 && page[488] == 15)
        .unwrap();
    let mut broken = octets.clone();
    broken[leaf * 512 + 496] = 0;
    let file = Pst::open(broken.as_slice()).unwrap();
    assert_eq!(file.damage(), [leaf as u64 * 512]);
    assert!(file.len() > 40 && file.len() < whole.len(), "{}", file.len());
    let readable = (0..file.len()).filter(|at| file.item(&file.entry(*at).unwrap()).is_ok()).count();
    assert_eq!(readable, file.len());
    // Cut off in the middle of the messages: the trees are gone.
    assert!(matches!(Pst::open(&octets[..20_000]), Err(PstError::Damaged(_))));
    let mut encrypted = octets.clone();
    encrypted[513] = 0x10;
    assert_eq!(Pst::open(encrypted.as_slice()).unwrap_err(), PstError::Encrypted);
    assert_eq!(Pst::open(&b"no file"[..]).unwrap_err(), PstError::NotPst);
}

fn u64_at(octets: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(octets[at..at + 8].try_into().unwrap())
}

/// Trees whose pages lead back to themselves: read once, and named.
#[test]
fn cyclic_trees_of_nodes() {
    let octets = pst(&folders(), Crypt::None);
    let whole = Pst::open(octets.as_slice()).unwrap().len();
    let first = u64_at(&octets, 224) as usize;
    assert_eq!(octets[first + 491], 1, "a page with pages below");
    let child = |n: usize| first + 24 * n + 16;
    for (n, to) in [(1, first as u64), (2, u64_at(&octets, child(1)))] {
        let mut cyclic = octets.clone();
        cyclic[child(n)..child(n) + 8].copy_from_slice(&to.to_le_bytes());
        let file = Pst::open(cyclic.as_slice()).unwrap();
        assert_eq!(file.damage(), [to], "{n}");
        assert!(file.len() > 40 && file.len() < whole, "{}", file.len());
        let readable = (0..file.len()).filter(|at| file.item(&file.entry(*at).unwrap()).is_ok()).count();
        assert_eq!(readable, file.len());
    }
    // Every page leads to the first.
    let mut cyclic = octets.clone();
    for n in 0..usize::from(octets[first + 488]) {
        cyclic[child(n)..child(n) + 8].copy_from_slice(&(first as u64).to_le_bytes());
    }
    match Pst::open(cyclic.as_slice()) {
        Ok(file) => assert_eq!(file.len(), 0),
        Err(error) => assert!(matches!(error, PstError::Damaged(_)), "{error:?}"),
    }
}

/// A mail that is attached to itself.
#[test]
fn cyclic_nodes_in_nodes() {
    let outer = Made::mail("Outer", "outside").item(Made::mail("Inner", "inside"));
    let folder = Folder { name: "F".to_owned(), items: vec![outer], folders: Vec::new() };
    let mut octets = pst(&[folder], Crypt::None);
    let message = 0x10001_u64 << 5 | 4;
    let leaf = (0..octets.len() - 32).step_by(8).find(|at| u64_at(&octets, *at) == message).unwrap();
    let (data, inner) = (u64_at(&octets, leaf + 8), u64_at(&octets, leaf + 16));
    // One node inside: the attached mail.
    let head = [2, 0, 1, 0, 0, 0, 0, 0];
    let node = 0x10_u64 << 5 | 4;
    let is_it = |at: &usize| octets[*at..].starts_with(&head) && u64_at(&octets, at + 8) == node;
    let at = (0..octets.len() - 32).step_by(64).find(is_it).unwrap();
    octets[at + 16..at + 24].copy_from_slice(&data.to_le_bytes());
    octets[at + 24..at + 32].copy_from_slice(&inner.to_le_bytes());
    let file = Pst::open(octets.as_slice()).unwrap();
    assert_eq!(file.len(), 1);
    let composed = compose(&file.item(&file.entry(0).unwrap()).unwrap());
    let mail = read(&composed);
    assert_eq!((mail.subject(), mail.body_text(0).unwrap().trim_end()), (Some("Outer"), "outside"));
    // It ends, and is no multiple of itself.
    assert!(composed.len() < 100_000, "{}", composed.len());
}

#[test]
fn the_header_section_the_mail_came_with() {
    let headers = "Received: by a\r\nFrom: =?utf-8?Q?Eva?= <eva@example.org>\r\nSubject: kept\r\n\tfolded\r\nContent-Type: multipart/x;\r\n boundary=b\r\nMessage-ID: <kept@example.org>\r\n\r\n";
    let item = msg(&full().with(id::TRANSPORT_HEADERS, text(headers)));
    let octets = compose(&crate::msg(&item).unwrap());
    assert!(octets.starts_with(b"Received: by a\r\nFrom: =?utf-8?Q?Eva?= <eva@example.org>\r\nSubject: kept\r\n\tfolded\r\nMessage-ID: <kept@example.org>\r\n"));
    let mail = read(&octets);
    assert_eq!((mail.message_id(), mail.attachment_count()), (Some("kept@example.org"), 2));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("info@example.org"));
}

#[test]
fn signed_mails_stay_as_they_are() {
    let signed = b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
    let item = Made::mail("S", "").with(id::MESSAGE_CLASS, text("IPM.Note.SMIME.MultipartSigned"));
    let octets = compose(&crate::msg(&msg(&item.file("smime.p7m", signed))).unwrap());
    assert!(octets.ends_with(signed));
}

#[test]
fn names_without_an_address() {
    let mut item =
        Made::mail("S", "t").with(0x0065, text("/O=ORG/CN=EVA")).with(0x0c1f, text("/O=ORG/CN=EVA"));
    item.recipients.clear();
    let item = item.with(id::DISPLAY_TO, text("Doe, Jo; info@example.org"));
    let octets = compose(&crate::msg(&msg(&item)).unwrap());
    let header = String::from_utf8(octets).unwrap();
    assert!(header.contains("To: \"Doe, Jo\":;,\r\n info@example.org\r\n"), "{header}");
    assert!(header.contains("From: =?utf-8?B?RXZhIE3DvGxsZXI=?=:;\r\n"), "{header}");
}

/// Any octets: no panic, no endless loop, the same again.
fn total(octets: &[u8]) {
    if let Ok(item) = crate::msg(octets) {
        assert_eq!(compose(&item), compose(&item));
    }
    if let Some(item) = crate::tnef::read(octets) {
        compose(&item);
        crate::tnef::unpacked(octets, 1 << 20);
    }
    if let Ok(file) = Pst::open(octets) {
        for at in 0..file.len().min(200) {
            if let Ok(item) = file.item(&file.entry(at).unwrap()) {
                compose(&item);
            }
        }
    }
    let rtf = crate::rtf::decompressed(octets).unwrap_or_else(|| octets.to_vec());
    crate::rtf::body(&rtf);
}

#[test]
fn mutated_files() {
    let small = Made::mail("S", "t").file("a.txt", b"a").item(Made::mail("I", "i"));
    let folder =
        Folder { name: "F".to_owned(), items: vec![small.clone(), small.clone()], folders: Vec::new() };
    let pst = pst(&[folder], Crypt::None);
    let rtf = b"{\\rtf1\\ansi\\fromhtml1{\\fonttbl{\\f0\\fcharset204 A;}}{\\*\\htmltag64 <p>}\\u8364 ?\\'e4\\htmlrtf\\par\\htmlrtf0}".to_vec();
    mutations::run(&[msg(&small), tnef(&small), pst, rtf], 8, &[("outlook", total)]);
    assert!(matches!(crate::msg(&msg(&small)).unwrap().attachments[0].content, Content::Octets(_)));
}
