//! Text of office documents in ZIP: OOXML (DOCX, XLSX, PPTX) and `OpenDocument` (ODT, ODS, ODP).

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::xml::{self, Go, Node};
use super::{Buffer, INFLATED_OCTETS_MAX, sheet};
use crate::outcome::Reason;

/// Slides, sheets, header and footer files and the like that are read.
const ENTRIES_MAX: usize = 500;

/// An archive whose entries together give a bounded number of octets.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

impl<'a> Archive<'a> {
    fn open(octets: &'a [u8]) -> Result<Self, Reason> {
        let zip = ZipArchive::new(Cursor::new(octets)).map_err(|_| Reason::Broken)?;
        Ok(Self { zip, left: INFLATED_OCTETS_MAX })
    }

    /// Reads an entry with `read`; `None` if there is none of this name.
    pub(crate) fn entry<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut dyn Read) -> Result<T, Reason>,
    ) -> Result<Option<T>, Reason> {
        let entry = match self.zip.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword) => {
                return Err(Reason::Encrypted);
            }
            Err(_) => return Err(Reason::Broken),
        };
        let mut limited = entry.take(self.left);
        let value = read(&mut limited);
        self.left = limited.limit();
        if self.left == 0 { Err(Reason::TooLarge) } else { value.map(Some) }
    }

    /// Names that begin and end so, in the order of the numbers in them.
    pub(crate) fn numbered(&self, begin: &str, end: &str) -> Vec<String> {
        let mut found: Vec<(u32, String)> = self
            .zip
            .file_names()
            .flatten()
            .filter_map(|name| {
                let middle = name.strip_prefix(begin)?.strip_suffix(end)?;
                if middle.contains('/') {
                    return None;
                }
                let digits: String = middle.chars().filter(char::is_ascii_digit).take(9).collect();
                Some((digits.parse().unwrap_or_default(), name.into_owned()))
            })
            .collect();
        found.sort();
        found.into_iter().map(|(_, name)| name).take(ENTRIES_MAX).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }
}

pub(crate) fn read(octets: &[u8], text: &mut Buffer) -> Result<(), Reason> {
    let mut archive = Archive::open(octets)?;
    if archive.has("content.xml") {
        open_document(&mut archive, text)
    } else if archive.has("word/document.xml") {
        word(&mut archive, text)
    } else if archive.has("xl/workbook.xml") {
        sheet::read_workbook(&mut archive, text)
    } else if archive.has("xl/workbook.bin") {
        sheet::read_binary_workbook(octets, text)
    } else if archive.has("ppt/presentation.xml") {
        slides(&mut archive, text)
    } else {
        Ok(())
    }
}

fn word(archive: &mut Archive<'_>, text: &mut Buffer) -> Result<(), Reason> {
    let mut names = vec!["word/document.xml".to_owned()];
    for (begin, end) in [
        ("word/header", ".xml"),
        ("word/footer", ".xml"),
        ("word/footnotes", ".xml"),
        ("word/endnotes", ".xml"),
        ("word/comments", ".xml"),
    ] {
        names.extend(archive.numbered(begin, end));
    }
    in_turn(archive, &names, text, drawing_text)
}

fn slides(archive: &mut Archive<'_>, text: &mut Buffer) -> Result<(), Reason> {
    let mut names = archive.numbered("ppt/slides/slide", ".xml");
    names.extend(archive.numbered("ppt/notesSlides/notesSlide", ".xml"));
    in_turn(archive, &names, text, drawing_text)
}

/// Reads entries one after the other; the first trouble is told at the end, what can be read is read.
fn in_turn(
    archive: &mut Archive<'_>,
    names: &[String],
    text: &mut Buffer,
    read: fn(&mut dyn Read, &mut Buffer) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let mut result = Ok(());
    for name in names {
        if text.is_full() {
            break;
        }
        let entry = archive.entry(name, |source| read(source, text));
        if let Err(reason) = entry {
            result = result.and(Err(reason));
            if reason == Reason::TooLarge {
                break;
            }
        }
        text.line();
    }
    result
}

/// Word and drawing text: runs in `t`, paragraphs in `p`, cells in `tc`. Field codes and deleted text stay out.
///
/// Source: ECMA-376 part 1, §17.3, §21.1.2.
fn drawing_text(source: &mut dyn Read, text: &mut Buffer) -> Result<(), Reason> {
    let mut in_run_text = false;
    xml::read(source, |node| {
        match node {
            Node::Start("t", _) => in_run_text = true,
            Node::End("t") => in_run_text = false,
            Node::Text(piece) if in_run_text => text.push(piece),
            Node::Start("br" | "cr", _) | Node::End("p" | "tr") => text.line(),
            Node::Start("tab", _) => text.tab(),
            Node::End("tc") => text.cell(),
            _ => {}
        }
        go_on(text)
    })
}

/// `OpenDocument`: all text inside paragraphs and headings.
///
/// Source: OASIS `OpenDocument` 1.3 part 3, §5.1, §6.1.
fn open_document(archive: &mut Archive<'_>, text: &mut Buffer) -> Result<(), Reason> {
    let encrypted = archive.entry("META-INF/manifest.xml", |source| {
        let mut encrypted = false;
        xml::read(source, |node| {
            encrypted |= matches!(node, Node::Start("encryption-data", _));
            if encrypted { Go::Stop } else { Go::On }
        })?;
        Ok(encrypted)
    });
    if encrypted.ok().flatten() == Some(true) {
        return Err(Reason::Encrypted);
    }
    let mut depth = 0_usize;
    let mut deleted = 0_usize;
    let read = archive.entry("content.xml", |source| {
        xml::read(source, |node| {
            match node {
                Node::Start("p" | "h", _) => depth += 1,
                Node::End("p" | "h") => {
                    depth = depth.saturating_sub(1);
                    text.line();
                }
                Node::Start("tracked-changes", _) => deleted += 1,
                Node::End("tracked-changes") => deleted = deleted.saturating_sub(1),
                Node::Start("line-break", _) | Node::End("table-row") => text.line(),
                Node::Start("s", _) => text.push(" "),
                Node::Start("tab", _) => text.tab(),
                Node::End("table-cell") => text.cell(),
                Node::Text(piece) if depth > 0 && deleted == 0 => text.push(piece),
                _ => {}
            }
            go_on(text)
        })
    });
    read.map(|_| ())
}

pub(crate) const fn go_on(text: &Buffer) -> Go {
    if text.is_full() { Go::Stop } else { Go::On }
}
