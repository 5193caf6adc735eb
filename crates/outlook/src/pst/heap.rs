//! Heaps on nodes, and trees on heaps.

use super::PstError;
use super::file::Form;
use crate::cells::{u16_at, u32_at};

/// Entries of a tree that are read.
const ENTRIES_MAX: usize = 1_000_000;
/// Levels of a tree.
const LEVELS_MAX: u8 = 8;

/// A heap: the blocks of a node.
pub(super) struct Heap {
    blocks: Vec<Vec<u8>>,
    form: Form,
    /// What it is for: `0xbc` properties, `0x7c` a table.
    pub(super) kind: u8,
    /// Where to begin.
    pub(super) root: u32,
}

impl Heap {
    pub(super) fn new(blocks: Vec<Vec<u8>>, form: Form) -> Result<Self, PstError> {
        let first = blocks.first().ok_or(PstError::Damaged("empty heap"))?;
        let (Some(0xec), Some(&kind), Some(root)) = (first.get(2), first.get(3), u32_at(first, 4)) else {
            return Err(PstError::Damaged("heap"));
        };
        Ok(Self { blocks, form, kind, root })
    }

    /// What an id of the heap names; ids of inner nodes are none.
    pub(super) fn get(&self, id: u32) -> Option<&[u8]> {
        if id == 0 || id & 0x1f != 0 {
            return None;
        }
        let (index, block) = if self.form == Form::Large {
            ((id >> 5) & 0x3fff, id >> 19)
        } else {
            ((id >> 5) & 0x7ff, id >> 16)
        };
        let block = self.blocks.get(block as usize)?;
        let map = usize::from(u16_at(block, 0)?);
        let count = u32::from(u16_at(block, map)?);
        if index == 0 || index > count {
            return None;
        }
        let at = map + 4 + 2 * (index as usize - 1);
        block.get(usize::from(u16_at(block, at)?)..usize::from(u16_at(block, at + 2)?))
    }

    /// Key and data of every entry of the tree with this header.
    pub(super) fn tree(&self, header: u32) -> Result<Vec<&[u8]>, PstError> {
        let header = self.get(header).ok_or(PstError::Damaged("tree on a heap"))?;
        let (Some(0xb5), Some(&key), Some(&data), Some(&levels), Some(root)) =
            (header.first(), header.get(1), header.get(2), header.get(3), u32_at(header, 4))
        else {
            return Err(PstError::Damaged("tree on a heap"));
        };
        if levels > LEVELS_MAX || key == 0 {
            return Err(PstError::Damaged("tree on a heap"));
        }
        let mut entries = Vec::new();
        self.add(root, levels, (usize::from(key), usize::from(data)), &mut entries);
        Ok(entries)
    }

    fn add<'h>(&'h self, id: u32, level: u8, (key, data): (usize, usize), entries: &mut Vec<&'h [u8]>) {
        let Some(octets) = self.get(id) else { return };
        if level == 0 {
            let room = ENTRIES_MAX.saturating_sub(entries.len());
            entries.extend(octets.chunks_exact(key + data).take(room));
            return;
        }
        for entry in octets.chunks_exact(key + 4) {
            if entries.len() >= ENTRIES_MAX {
                return;
            }
            if let Some(next) = u32_at(entry, key).filter(|next| *next != id) {
                self.add(next, level - 1, (key, data), entries);
            }
        }
    }
}
