//! PST and OST files, ANSI and Unicode, also those of Outlook 2013 and later with pages of 4,096 octets.
//!
//! Messages are found by the tree of nodes, not by the tables of contents of their folders: a damaged folder loses no mail, and what a
//! damaged page of the tree held is named by [`Pst::damage`].
//!
//! Source: [MS-PST]; for the larger pages, the documentation of libpff.

pub(crate) mod encoding;
mod file;
mod heap;
mod nodes;
mod read;

use std::collections::HashMap;
use std::io;

use crate::item::Item;
use crate::property::Properties;
use file::File;
use nodes::Node;

/// A file that is read at any place.
pub trait ReadAt {
    /// Reads octets from `at` on; fewer than asked for at the end.
    ///
    /// # Errors
    /// Those of the system.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for &[u8] {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

/// Why a file, or something in it, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PstError {
    /// No PST or OST file.
    NotPst,
    /// A form or version that is not known.
    Unsupported,
    /// Encrypted by Windows Information Protection.
    Encrypted,
    /// Damaged; what is wrong.
    Damaged(&'static str),
    /// The system's words.
    Unreadable(String),
}

/// A message in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Folders from the one all others of the mailbox lie in, joined by `/`.
    pub folder: String,
    /// Number of its node, stable.
    pub node: u32,
}

/// An open file.
pub struct Pst<R> {
    file: File<R>,
    entries: Vec<(u32, u32)>,
    folders: Vec<String>,
    damage: Vec<u64>,
}

/// Folders inside one another.
const FOLDERS_MAX: usize = 64;

impl<R: ReadAt> Pst<R> {
    /// Reads the tree of nodes.
    ///
    /// # Errors
    /// [`PstError`] if nothing of it can be read.
    pub fn open(content: R) -> Result<Self, PstError> {
        let file = File::open(content)?;
        let (nodes, damage) = file.all_nodes()?;
        let mut pst = Self { file, entries: Vec::new(), folders: Vec::new(), damage };
        pst.list(&nodes);
        Ok(pst)
    }

    fn list(&mut self, nodes: &[Node]) {
        let parents: HashMap<u32, u32> =
            nodes.iter().filter(|node| node.is_folder()).map(|node| (node.id, node.parent)).collect();
        let top = self.top();
        let mut paths: HashMap<u32, String> = HashMap::new();
        for id in parents.keys() {
            paths.insert(*id, self.path(*id, top, &parents));
        }
        let mut names: Vec<&String> = paths.values().collect();
        names.sort();
        names.dedup();
        let number: HashMap<&str, u32> =
            names.iter().enumerate().map(|(at, name)| (name.as_str(), at as u32 + 1)).collect();
        // Messages without a folder come first.
        self.folders =
            std::iter::once(String::new()).chain(names.iter().map(|name| (*name).clone())).collect();
        self.entries = nodes
            .iter()
            .filter(|node| node.is_message())
            .map(|node| {
                let folder = paths.get(&node.parent).and_then(|path| number.get(path.as_str()));
                (folder.copied().unwrap_or(0), node.id)
            })
            .collect();
        self.entries.sort_unstable();
        self.entries.dedup();
    }

    /// The folder all others of the mailbox lie in (`PidTagIpmSubTreeEntryId` of the store).
    fn top(&self) -> Option<u32> {
        let store = self.file.node(nodes::STORE).ok()??;
        let properties = self.file.properties(&store).ok()?;
        let entry = properties.binary(0x35e0)?;
        crate::cells::u32_at(entry, entry.len().checked_sub(4)?)
    }

    fn path(&self, id: u32, top: Option<u32>, parents: &HashMap<u32, u32>) -> String {
        let mut names = Vec::new();
        let mut at = id;
        while names.len() < FOLDERS_MAX && Some(at) != top && at != nodes::ROOT {
            let name = self.file.node(at).ok().flatten().and_then(|node| self.file.properties(&node).ok());
            let name = name.and_then(|properties: Properties| properties.text(0x3001));
            names.push(name.unwrap_or_else(|| format!("{at:x}")).replace('/', "_"));
            match parents.get(&at) {
                Some(parent) if *parent != at => at = *parent,
                _ => break,
            }
        }
        names.reverse();
        // The store of an OST file does not say which folder the others lie in.
        let from = names.iter().position(|name| name == "IPM_SUBTREE").map_or(0, |at| at + 1);
        names[from..].join("/")
    }

    /// How many messages it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The `at`-th message, by folder and number of its node.
    pub fn entry(&self, at: usize) -> Option<Entry> {
        let (folder, node) = *self.entries.get(at)?;
        Some(Entry { folder: self.folders.get(folder as usize)?.clone(), node })
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`PstError`] if not even its properties can be read; what else of it cannot is left out.
    pub fn item(&self, entry: &Entry) -> Result<Item, PstError> {
        let node = self.file.node(entry.node)?.ok_or(PstError::Damaged("node of a message"))?;
        self.file.item(&node, 0)
    }

    /// Places of pages of the tree of nodes that cannot be read: what they held is not listed.
    pub fn damage(&self) -> &[u64] {
        &self.damage
    }
}

impl<R> std::fmt::Debug for Pst<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pst").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}
