//! Properties, tables, and the items made of them.

use super::file::File;
use super::heap::Heap;
use super::nodes::{Inner, Node};
use super::{PstError, ReadAt};
use crate::DEPTH_MAX;
use crate::cells::{u16_at, u32_at};
use crate::item::{Attachment, Content, Item};
use crate::property::{Properties, id, kind};

/// The table of recipients of a message.
const RECIPIENTS: u32 = 0x692;
/// Rows of a table that are read.
const ROWS_MAX: usize = 100_000;

/// A column of a table.
struct Column {
    id: u16,
    kind: u16,
    at: usize,
    octets: usize,
    bit: usize,
}

impl<R: ReadAt> File<R> {
    /// The properties of a node without what lies in nodes inside it.
    pub(super) fn properties(&self, node: &Node) -> Result<Properties, PstError> {
        let heap = Heap::new(self.blocks(node.data)?, self.form)?;
        let inner = self.inner(node.inner).unwrap_or_default();
        self.properties_of(&heap, &inner).map(|(properties, _)| properties)
    }

    /// The properties of a heap, and the node of an object among them.
    fn properties_of(&self, heap: &Heap, inner: &Inner) -> Result<(Properties, Option<u32>), PstError> {
        if heap.kind != 0xbc {
            return Err(PstError::Damaged("properties"));
        }
        let mut properties = Properties::default();
        let mut object = None;
        for entry in heap.tree(heap.root)? {
            let (Some(id), Some(kind), Some(value)) = (u16_at(entry, 0), u16_at(entry, 2), entry.get(4..8))
            else {
                continue;
            };
            match kind {
                kind::INT16 | kind::INT32 | kind::BOOL => {
                    properties.set_fixed(id, kind, value);
                }
                kind::INT64 | kind::TIME => {
                    if let Some(octets) = u32_at(value, 0).and_then(|value| heap.get(value)) {
                        properties.set_fixed(id, kind, octets);
                    }
                }
                kind::OBJECT => {
                    object = u32_at(value, 0)
                        .and_then(|value| heap.get(value))
                        .and_then(|octets| u32_at(octets, 0));
                }
                kind::TEXT | kind::TEXT8 | kind::BINARY if id < 0x8000 => {
                    if let Some(octets) = self.value(heap, inner, value) {
                        properties.set_variable(id, kind, octets);
                    }
                }
                _ => {}
            }
        }
        Ok((properties, object))
    }

    /// A value of variable length, in the heap or in an inner node.
    fn value(&self, heap: &Heap, inner: &Inner, value: &[u8]) -> Option<Vec<u8>> {
        let id = u32_at(value, 0)?;
        if id.trailing_zeros() >= 5 {
            return heap.get(id).map(<[u8]>::to_vec);
        }
        self.data(inner.get(&id)?.data).ok()
    }

    /// A message with what is inside it.
    pub(super) fn item(&self, node: &Node, depth: usize) -> Result<Item, PstError> {
        let heap = Heap::new(self.blocks(node.data)?, self.form)?;
        let inner = self.inner(node.inner).unwrap_or_default();
        let (properties, _) = self.properties_of(&heap, &inner)?;
        let codepage = properties.codepage();
        let mut recipients =
            inner.get(&RECIPIENTS).and_then(|table| self.table(table).ok()).unwrap_or_default();
        for recipient in &mut recipients {
            recipient.set_codepage(codepage);
        }
        let attachments = inner
            .values()
            .filter(|node| node.id & 0x1f == 5)
            .map(|node| self.attachment(node, codepage, depth))
            .collect();
        Ok(Item { properties, recipients, attachments })
    }

    fn attachment(&self, node: &Node, codepage: u32, depth: usize) -> Attachment {
        let read = || {
            let heap = Heap::new(self.blocks(node.data)?, self.form)?;
            let inner = self.inner(node.inner).unwrap_or_default();
            let (properties, object) = self.properties_of(&heap, &inner)?;
            Ok::<_, PstError>((properties, object.and_then(|id| inner.get(&id).copied())))
        };
        let Ok((mut properties, object)) = read() else { return Attachment::default() };
        properties.set_codepage(codepage);
        let content = match (properties.binary(id::ATTACH_DATA), object) {
            (Some(octets), _) => Content::Octets(octets.to_vec()),
            (None, Some(object)) => self.object(&object, depth),
            (None, None) => Content::None,
        };
        Attachment { properties, content }
    }

    /// An embedded message, or an OLE object as it is.
    fn object(&self, node: &Node, depth: usize) -> Content {
        if depth < DEPTH_MAX
            && let Ok(item) = self.item(node, depth + 1)
        {
            return Content::Item(Box::new(item));
        }
        self.data(node.data).map_or(Content::None, Content::Octets)
    }

    /// The rows of a table.
    fn table(&self, node: &Node) -> Result<Vec<Properties>, PstError> {
        let heap = Heap::new(self.blocks(node.data)?, self.form)?;
        let inner = self.inner(node.inner).unwrap_or_default();
        let damaged = PstError::Damaged("table");
        if heap.kind != 0x7c {
            return Err(damaged);
        }
        let info = heap.get(heap.root).ok_or(damaged.clone())?;
        let (Some(0x7c), Some(&count)) = (info.first(), info.get(1)) else { return Err(damaged) };
        let (Some(bits_at), Some(row_octets)) = (u16_at(info, 6), u16_at(info, 8)) else {
            return Err(damaged);
        };
        let (Some(index), Some(rows)) = (u32_at(info, 10), u32_at(info, 14)) else { return Err(damaged) };
        let columns: Vec<Column> = info
            .get(22..)
            .unwrap_or_default()
            .as_chunks::<8>()
            .0
            .iter()
            .take(usize::from(count))
            .filter_map(|column| {
                Some(Column {
                    kind: u16_at(column, 0)?,
                    id: u16_at(column, 2)?,
                    at: usize::from(u16_at(column, 4)?),
                    octets: usize::from(column[6]),
                    bit: usize::from(column[7]),
                })
            })
            .collect();
        let matrix = if rows.trailing_zeros() >= 5 {
            heap.get(rows).map(|rows| vec![rows.to_vec()]).unwrap_or_default()
        } else {
            let node = inner.get(&rows).ok_or(damaged)?;
            self.blocks(node.data)?
        };
        let row_octets = usize::from(row_octets).max(1);
        // Rows do not cross blocks.
        let mut all = Vec::new();
        let live = heap.tree(index).map_or(0, |entries| entries.len());
        for row in matrix.iter().flat_map(|block| block.chunks_exact(row_octets)).take(live.min(ROWS_MAX)) {
            all.push(self.row(&heap, &inner, row, usize::from(bits_at), &columns));
        }
        Ok(all)
    }

    fn row(&self, heap: &Heap, inner: &Inner, row: &[u8], bits_at: usize, columns: &[Column]) -> Properties {
        let mut properties = Properties::default();
        for column in columns {
            let is_there =
                row.get(bits_at + column.bit / 8).is_some_and(|bits| bits >> (7 - column.bit % 8) & 1 == 1);
            let Some(cell) = row.get(column.at..column.at + column.octets).filter(|_| is_there) else {
                continue;
            };
            if properties.set_fixed(column.id, column.kind, cell) {
                continue;
            }
            if matches!(column.kind, kind::TEXT | kind::TEXT8)
                && let Some(octets) = self.value(heap, inner, cell)
            {
                properties.set_variable(column.id, column.kind, octets);
            }
        }
        properties
    }
}
