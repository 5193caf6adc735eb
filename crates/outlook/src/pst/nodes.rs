//! Nodes, and the nodes inside nodes.

use std::collections::{BTreeMap, HashSet};

use super::file::{File, Form, LEVELS_MAX};
use super::{PstError, ReadAt};
use crate::cells::{u16_at, u32_at};

/// The message store.
pub(super) const STORE: u32 = 0x21;
/// The folder that holds all others.
pub(super) const ROOT: u32 = 0x122;
/// Pages of the tree that are read; one holds some 15 nodes.
const PAGES_MAX: usize = 4_000_000;
/// Nodes inside one node.
const INNER_MAX: usize = 200_000;
/// Pages that cannot be read and are named.
const DAMAGE_MAX: usize = 1_000;

/// A node: data and nodes inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) id: u32,
    pub(super) data: u64,
    pub(super) inner: u64,
    pub(super) parent: u32,
}

impl Node {
    pub(super) const fn is_folder(&self) -> bool {
        self.id & 0x1f == 2
    }

    pub(super) const fn is_message(&self) -> bool {
        self.id & 0x1f == 4
    }
}

/// Nodes inside a node by their ids.
pub(super) type Inner = BTreeMap<u32, Node>;

impl<R: ReadAt> File<R> {
    fn of_entry(&self, entry: &[u8]) -> Option<Node> {
        let word = self.word();
        Some(Node {
            id: u32_at(entry, 0)?,
            data: self.number(entry, word)?,
            inner: self.number(entry, 2 * word)?,
            parent: u32_at(entry, 3 * word)?,
        })
    }

    /// A node of the file.
    pub(super) fn node(&self, id: u32) -> Result<Option<Node>, PstError> {
        let entry = self.find(self.nodes_at, u64::from(id), u64::from(u32::MAX))?;
        Ok(entry.and_then(|entry| self.of_entry(&entry)))
    }

    /// Folders and messages of the file, and the places of pages that cannot be read.
    ///
    /// # Errors
    /// If the first page cannot be read.
    pub(super) fn all_nodes(&self) -> Result<(Vec<Node>, Vec<u64>), PstError> {
        self.page(self.nodes_at)?;
        let mut nodes = Vec::new();
        let mut damage = Vec::new();
        let mut seen = HashSet::new();
        let mut waiting = vec![(self.nodes_at, LEVELS_MAX as u8 + 1)];
        for _ in 0..PAGES_MAX {
            let Some((at, above)) = waiting.pop() else { break };
            let page = match self.page(at) {
                // A page that is not below the one that names it, or that two name, would be read again and again.
                Ok(page) if page.level < above && seen.insert(at) => page,
                Ok(_) | Err(PstError::Damaged(_)) => {
                    if damage.len() < DAMAGE_MAX {
                        damage.push(at);
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            if page.level == 0 {
                let found = page.entries().filter_map(|entry| self.of_entry(entry));
                nodes.extend(found.filter(|node| node.is_folder() || node.is_message()));
            } else {
                waiting.extend(page.entries().filter_map(|entry| Some((self.child(entry)?, page.level))));
            }
        }
        damage.sort_unstable();
        Ok((nodes, damage))
    }

    /// The nodes inside a node.
    pub(super) fn inner(&self, block: u64) -> Result<Inner, PstError> {
        let mut inner = Inner::new();
        if block & !1 != 0 {
            self.add_inner(block, true, &mut inner)?;
        }
        Ok(inner)
    }

    fn add_inner(&self, block: u64, may_nest: bool, inner: &mut Inner) -> Result<(), PstError> {
        let octets = self.block(block)?;
        let (Some(2), Some(&level)) = (octets.first(), octets.get(1)) else {
            return Err(PstError::Damaged("tree of inner nodes"));
        };
        let count = u16_at(&octets, 2).map_or(0, usize::from);
        let word = self.word();
        let entries = octets.get(if self.form == Form::Ansi { 4 } else { 8 }..).unwrap_or_default();
        if level == 0 {
            for entry in entries.chunks_exact(3 * word).take(count) {
                let (Some(id), Some(data), Some(below)) =
                    (u32_at(entry, 0), self.number(entry, word), self.number(entry, 2 * word))
                else {
                    continue;
                };
                if inner.len() < INNER_MAX {
                    inner.insert(id, Node { id, data, inner: below, parent: 0 });
                }
            }
            return Ok(());
        }
        if !may_nest {
            return Err(PstError::Damaged("levels of inner nodes"));
        }
        for entry in entries.chunks_exact(2 * word).take(count) {
            if let Some(next) = self.number(entry, word) {
                self.add_inner(next, false, inner)?;
            }
        }
        Ok(())
    }
}
