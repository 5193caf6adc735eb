//! Makes documents.
#![expect(clippy::unwrap_used, reason = "part of tests")]

use std::io::{Cursor, Write};

use lopdf::content::{Content, Operation};
use lopdf::{Document, Object, Stream, dictionary};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A ZIP archive of these entries.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// DOCX with this content of the body.
pub(crate) fn docx(body: &str) -> Vec<u8> {
    let document =
        format!("<?xml version=\"1.0\"?><w:document xmlns:w=\"x\"><w:body>{body}</w:body></w:document>");
    zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", document.as_bytes())])
}

/// PDF with a page for each text.
pub(crate) fn pdf(pages: &[&str]) -> Document {
    let mut document = Document::with_version("1.5");
    let pages_id = document.new_object_id();
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let mut kids: Vec<Object> = Vec::new();
    for text in pages {
        let content = Content {
            operations: vec![
                Operation::new("BT", vec![]),
                Operation::new("Tf", vec!["F1".into(), 12.into()]),
                Operation::new("Td", vec![50.into(), 700.into()]),
                Operation::new("Tj", vec![Object::string_literal(*text)]),
                Operation::new("ET", vec![]),
            ],
        };
        let content = document.add_object(Stream::new(dictionary! {}, content.encode().unwrap()));
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => pages_id, "Contents" => content, "Resources" => resources,
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        });
        kids.push(page.into());
    }
    let count = kids.len() as i64;
    let tree = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    document.objects.insert(pages_id, tree.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages_id });
    document.trailer.set("Root", catalog);
    document
}

/// A PDF as octets.
pub(crate) fn saved(mut document: Document) -> Vec<u8> {
    let mut octets = Vec::new();
    document.compress();
    document.save_to(&mut octets).unwrap();
    octets
}

/// Base64 in lines.
pub(crate) fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for (at, triple) in octets.chunks(3).enumerate() {
        let value = triple.iter().fold(0_u32, |value, octet| value << 8 | u32::from(*octet))
            << (8 * (3 - triple.len()));
        for place in 0..4 {
            let letter = LETTERS[(value >> (18 - 6 * place) & 63) as usize];
            out.push(if place > triple.len() { '=' } else { char::from(letter) });
        }
        if at % 19 == 18 {
            out.push_str("\r\n");
        }
    }
    out
}

/// A mail with these attachments: name and content.
pub(crate) fn mail(attachments: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = "From: a@example.org\r\nSubject: Anlagen\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=grenze\r\n\r\n--grenze\r\n\r\nSiehe Anlagen.\r\n"
        .to_owned();
    for (name, content) in attachments {
        out.push_str(
            "--grenze\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n",
        );
        out.push_str("Content-Disposition: attachment; filename=\"");
        out.push_str(name);
        out.push_str("\"\r\n\r\n");
        out.push_str(&base64(content));
        out.push_str("\r\n");
    }
    out.push_str("--grenze--\r\n");
    out.into_bytes()
}
