//! MSG files: an item in a compound file.
//!
//! Source: [MS-OXMSG].

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use cfb::CompoundFile;

use crate::DEPTH_MAX;
use crate::cells::u16_at;
use crate::item::{Attachment, Content, Item};
use crate::property::{Properties, id, kind};

/// Streams of one file that are read, all items together.
const STREAMS_MAX: usize = 100_000;

/// Why a file is no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MsgError {
    /// The compound file cannot be read.
    Damaged,
    /// A compound file of another kind: a document of an older Office.
    NotMsg,
}

type File<'a> = CompoundFile<Cursor<&'a [u8]>>;

/// Reads a MSG file.
///
/// # Errors
/// [`MsgError`]; what of an item cannot be read is left out.
pub fn msg(octets: &[u8]) -> Result<Item, MsgError> {
    let file = CompoundFile::open(Cursor::new(octets)).map_err(|_| MsgError::Damaged)?;
    let mut reader = Reader { file, streams_left: STREAMS_MAX, octets_left: octets.len() as u64 };
    let root = PathBuf::from("/");
    if !reader.file.is_stream(root.join(PROPERTIES)) {
        return Err(MsgError::NotMsg);
    }
    Ok(reader.item(&root, 32, 0))
}

const PROPERTIES: &str = "__properties_version1.0";

struct Reader<'a> {
    file: File<'a>,
    streams_left: usize,
    /// All streams together are never longer than the file; a damaged file may say so.
    octets_left: u64,
}

impl Reader<'_> {
    /// The item in a storage, whose property stream begins with a header of `header` octets.
    fn item(&mut self, storage: &Path, header: usize, depth: usize) -> Item {
        let mut item = Item { properties: self.properties(storage, header), ..Item::default() };
        let codepage = item.properties.codepage();
        let mut inner = self.children(storage);
        inner.sort();
        for name in inner {
            let path = storage.join(&name);
            if name.starts_with("__recip_version1.0_") {
                let mut recipient = self.properties(&path, 8);
                recipient.set_codepage(codepage);
                item.recipients.push(recipient);
            } else if name.starts_with("__attach_version1.0_") {
                let mut properties = self.properties(&path, 8);
                properties.set_codepage(codepage);
                let content = self.content(&path, &properties, depth);
                item.attachments.push(Attachment { properties, content });
            }
        }
        item
    }

    fn content(&mut self, attachment: &Path, properties: &Properties, depth: usize) -> Content {
        let embedded = attachment.join("__substg1.0_3701000D");
        if self.file.is_storage(&embedded) {
            if self.file.is_stream(embedded.join(PROPERTIES)) && depth < DEPTH_MAX {
                return Content::Item(Box::new(self.item(&embedded, 24, depth + 1)));
            }
            // An OLE object: what it shows as, or the file packed in it.
            return ["CONTENTS", "Package", "\u{1}Ole10Native"]
                .into_iter()
                .find_map(|name| self.stream(&embedded.join(name)))
                .map_or(Content::None, Content::Octets);
        }
        properties.binary(id::ATTACH_DATA).map_or(Content::None, |octets| Content::Octets(octets.to_vec()))
    }

    fn children(&self, storage: &Path) -> Vec<String> {
        let Ok(entries) = self.file.read_storage(storage) else { return Vec::new() };
        entries.take(STREAMS_MAX).map(|entry| entry.name().to_owned()).collect()
    }

    fn properties(&mut self, storage: &Path, header: usize) -> Properties {
        let mut properties = Properties::default();
        let stream = self.stream(&storage.join(PROPERTIES)).unwrap_or_default();
        let fixed = stream.get(header..).unwrap_or_default();
        for entry in fixed.as_chunks::<16>().0 {
            let (Some(kind), Some(id)) = (u16_at(entry, 0), u16_at(entry, 2)) else { continue };
            if properties.set_fixed(id, kind, &entry[8..]) || id >= 0x8000 {
                continue;
            }
            if matches!(kind, kind::TEXT | kind::TEXT8 | kind::BINARY) {
                let name = format!("__substg1.0_{id:04X}{kind:04X}");
                if let Some(octets) = self.stream(&storage.join(name)) {
                    properties.set_variable(id, kind, octets);
                }
            }
        }
        properties
    }

    fn stream(&mut self, path: &Path) -> Option<Vec<u8>> {
        self.streams_left = self.streams_left.checked_sub(1)?;
        let stream = self.file.open_stream(path).ok()?;
        let len = stream.len();
        self.octets_left = self.octets_left.checked_sub(len)?;
        let mut octets = Vec::new();
        // What is readable of a damaged one.
        let _ = stream.take(len).read_to_end(&mut octets);
        Some(octets)
    }
}
