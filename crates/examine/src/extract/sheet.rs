//! Text of spreadsheets: XLSX by hand as a stream, XLS and XLSB by `calamine`.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xls, Xlsb};
use memchr::memmem;

use super::Buffer;
use super::office::{Archive, go_on};
use super::xml::{self, Go, Node};
use crate::outcome::Reason;

/// Shared texts that are kept, octets.
const SHARED_OCTETS_MAX: usize = 64 << 20;

/// XLSX: shared texts first, then each sheet, a line a row, cells parted by tabs.
///
/// Source: ECMA-376 part 1, §18.3, §18.4.
pub(crate) fn read_workbook(archive: &mut Archive<'_>, text: &mut Buffer) -> Result<(), Reason> {
    let names = sheet_names(archive);
    for name in names {
        text.push(&name);
        text.line();
    }
    let shared = archive.entry("xl/sharedStrings.xml", |source| shared_texts(source))?.unwrap_or_default();
    for name in archive.numbered("xl/worksheets/sheet", ".xml") {
        if text.is_full() {
            break;
        }
        archive.entry(&name, |source| rows(source, &shared, text))?;
    }
    Ok(())
}

fn sheet_names(archive: &mut Archive<'_>) -> Vec<String> {
    let names = archive.entry("xl/workbook.xml", |source| {
        let mut names = Vec::new();
        xml::read(source, |node| {
            if let Node::Start("sheet", start) = node {
                names.extend(xml::attribute(start, "name"));
            }
            if names.len() < 1000 { Go::On } else { Go::Stop }
        })?;
        Ok(names)
    });
    names.ok().flatten().unwrap_or_default()
}

/// All shared texts one behind the other, and where each ends.
#[derive(Default)]
struct Shared {
    text: String,
    ends: Vec<usize>,
}

impl Shared {
    fn get(&self, index: usize) -> Option<&str> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.text.get(start..*self.ends.get(index)?)
    }
}

fn shared_texts(source: &mut dyn Read) -> Result<Shared, Reason> {
    let mut shared = Shared::default();
    let (mut in_text, mut phonetic) = (false, false);
    xml::read(source, |node| {
        match node {
            Node::Start("t", _) => in_text = true,
            Node::End("t") => in_text = false,
            Node::Start("rPh", _) => phonetic = true,
            Node::End("rPh") => phonetic = false,
            Node::Text(piece) if in_text && !phonetic => shared.text.push_str(piece),
            Node::End("si") => shared.ends.push(shared.text.len()),
            _ => {}
        }
        if shared.text.len() < SHARED_OCTETS_MAX { Go::On } else { Go::Stop }
    })?;
    Ok(shared)
}

fn rows(source: &mut dyn Read, shared: &Shared, text: &mut Buffer) -> Result<(), Reason> {
    let mut is_shared = false;
    let mut in_value = false;
    let mut value = String::new();
    let read = xml::read(source, |node| {
        match node {
            Node::Start("c", start) => {
                is_shared = xml::attribute(start, "t").as_deref() == Some("s");
                value.clear();
            }
            Node::Start("v" | "t", _) => in_value = true,
            Node::End("v" | "t") => in_value = false,
            Node::Text(piece) if in_value && value.len() < 1 << 20 => value.push_str(piece),
            Node::End("c") => {
                if is_shared {
                    text.push(
                        value.trim().parse().ok().and_then(|index| shared.get(index)).unwrap_or_default(),
                    );
                } else {
                    text.push(&value);
                }
                text.cell();
            }
            Node::End("row") => text.line(),
            _ => {}
        }
        go_on(text)
    });
    text.line();
    read
}

/// XLS, and what is encrypted inside a compound file.
pub(crate) fn read_compound(octets: &[u8], text: &mut Buffer) -> Result<(), Reason> {
    // Names in a compound file are UTF-16; only XLS has `Workbook` or `Book`.
    let holds = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memmem::find(octets, &wide).is_some()
    };
    if holds("EncryptedPackage") {
        return Err(Reason::Encrypted);
    }
    if !holds("Workbook") && !holds("Book") {
        return Ok(());
    }
    let mut workbook = Xls::new(Cursor::new(octets)).map_err(|error| match error {
        calamine::XlsError::Password => Reason::Encrypted,
        _ => Reason::Broken,
    })?;
    let names = workbook.sheet_names();
    for name in names {
        if let Ok(range) = workbook.worksheet_range(&name) {
            sheet(&name, range.rows(), text);
        }
    }
    Ok(())
}

pub(crate) fn read_binary_workbook(octets: &[u8], text: &mut Buffer) -> Result<(), Reason> {
    let mut workbook = Xlsb::new(Cursor::new(octets)).map_err(|_| Reason::Broken)?;
    let names = workbook.sheet_names();
    for name in names {
        if let Ok(range) = workbook.worksheet_range(&name) {
            sheet(&name, range.rows(), text);
        }
    }
    Ok(())
}

fn sheet<'r>(name: &str, rows: impl Iterator<Item = &'r [Data]>, text: &mut Buffer) {
    text.push(name);
    text.line();
    for row in rows {
        for cell in row {
            match cell {
                Data::Empty | Data::Error(_) => {}
                other => text.push(&other.to_string()),
            }
            text.cell();
        }
        text.line();
        if text.is_full() {
            return;
        }
    }
}
