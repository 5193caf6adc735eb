//! Pages and blocks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read as _;
use std::rc::Rc;

use super::{PstError, ReadAt, encoding};
use crate::cells::{u16_at, u32_at, u64_at};

/// Levels of a tree.
pub(super) const LEVELS_MAX: usize = 12;
/// Octets of one data tree.
const DATA_OCTETS_MAX: usize = 512 << 20;
/// Pages that are kept.
const CACHE_PAGES: usize = 2_048;

/// Which of the forms of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Ansi,
    Unicode,
    /// Unicode with pages of 4,096 octets.
    Large,
}

/// An open file with the places of its trees.
pub(super) struct File<R> {
    content: R,
    pub(super) form: Form,
    pub(super) nodes_at: u64,
    blocks_at: u64,
    crypt: u8,
    cache: RefCell<HashMap<u64, Rc<Page>>>,
}

/// A page of a tree: entries of the same length.
pub(super) struct Page {
    octets: Vec<u8>,
    entry_octets: usize,
    count: usize,
    /// 0: leaf.
    pub(super) level: u8,
}

impl Page {
    pub(super) fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.octets.chunks_exact(self.entry_octets).take(self.count)
    }
}

/// Where a block is.
struct Place {
    at: u64,
    octets: usize,
    /// Before compression; 0 where it is not.
    inflated_octets: usize,
}

impl<R: ReadAt> File<R> {
    pub(super) fn open(content: R) -> Result<Self, PstError> {
        let mut head = [0; 564];
        let len = read_full(&content, 0, &mut head)?;
        let head = &head[..len];
        if !head.starts_with(b"!BDN") {
            return Err(PstError::NotPst);
        }
        let short = PstError::Damaged("header");
        let form = match u16_at(head, 10) {
            Some(14 | 15) => Form::Ansi,
            Some(21..=35) => Form::Unicode,
            Some(36..=40) => Form::Large,
            _ => return Err(PstError::Unsupported),
        };
        let (nodes_at, blocks_at, crypt) = match form {
            Form::Ansi => (u32_at(head, 188).map(u64::from), u32_at(head, 196).map(u64::from), head.get(461)),
            _ => (u64_at(head, 224), u64_at(head, 240), head.get(513)),
        };
        let (Some(nodes_at), Some(blocks_at), Some(&crypt)) = (nodes_at, blocks_at, crypt) else {
            return Err(short);
        };
        match crypt {
            0..=2 => {}
            0x10 => return Err(PstError::Encrypted),
            _ => return Err(PstError::Unsupported),
        }
        Ok(Self { content, form, nodes_at, blocks_at, crypt, cache: RefCell::default() })
    }

    /// Octets of the numbers of blocks, and of places.
    pub(super) fn word(&self) -> usize {
        if self.form == Form::Ansi { 4 } else { 8 }
    }

    /// A number of [`File::word`] octets.
    pub(super) fn number(&self, octets: &[u8], at: usize) -> Option<u64> {
        if self.form == Form::Ansi { u32_at(octets, at).map(u64::from) } else { u64_at(octets, at) }
    }

    /// A page of one of the two trees.
    pub(super) fn page(&self, at: u64) -> Result<Rc<Page>, PstError> {
        if let Some(page) = self.cache.borrow().get(&at) {
            return Ok(Rc::clone(page));
        }
        let (size, entries, count_at, trailer) = match self.form {
            Form::Ansi => (512, 496, 496, 500),
            Form::Unicode => (512, 488, 488, 496),
            Form::Large => (4096, 4056, 4056, 4072),
        };
        let mut octets = vec![0; size];
        if read_full(&self.content, at, &mut octets)? < size {
            return Err(PstError::Damaged("page beyond the end"));
        }
        if !matches!(octets[trailer], 0x80 | 0x81) || octets[trailer] != octets[trailer + 1] {
            return Err(PstError::Damaged("page of a tree"));
        }
        let (count, entry_octets, level) = if self.form == Form::Large {
            let count = u16_at(&octets, count_at).map_or(0, usize::from);
            (count, usize::from(octets[count_at + 4]), octets[count_at + 5])
        } else {
            (usize::from(octets[count_at]), usize::from(octets[count_at + 2]), octets[count_at + 3])
        };
        let least = if level > 0 { 3 * self.word() } else { 12 };
        if entry_octets < least || count * entry_octets > entries || usize::from(level) > LEVELS_MAX {
            return Err(PstError::Damaged("entries of a page"));
        }
        octets.truncate(entries);
        let page = Rc::new(Page { octets, entry_octets, count, level });
        let mut cache = self.cache.borrow_mut();
        if cache.len() >= CACHE_PAGES {
            cache.clear();
        }
        cache.insert(at, Rc::clone(&page));
        Ok(page)
    }

    /// Place of the page an inner entry leads to.
    pub(super) fn child(&self, entry: &[u8]) -> Option<u64> {
        self.number(entry, 2 * self.word())
    }

    /// The leaf entry with this key.
    pub(super) fn find(&self, tree_at: u64, key: u64, mask: u64) -> Result<Option<Vec<u8>>, PstError> {
        let mut at = tree_at;
        for _ in 0..=LEVELS_MAX {
            let page = self.page(at)?;
            if page.level == 0 {
                let is_it =
                    |entry: &&[u8]| self.number(entry, 0).is_some_and(|found| found & mask == key & mask);
                return Ok(page.entries().find(is_it).map(<[u8]>::to_vec));
            }
            let below = |entry: &&[u8]| self.number(entry, 0).is_some_and(|first| first & mask <= key & mask);
            let Some(next) = page.entries().take_while(below).last().and_then(|entry| self.child(entry))
            else {
                return Ok(None);
            };
            at = next;
        }
        Err(PstError::Damaged("levels of a tree"))
    }

    fn place(&self, block: u64) -> Result<Place, PstError> {
        // The lowest bit is of no meaning.
        let entry = self.find(self.blocks_at, block, !1)?;
        let entry = entry.ok_or(PstError::Damaged("block missing"))?;
        let word = self.word();
        let found = self.number(&entry, word).zip(u16_at(&entry, 2 * word));
        let (at, octets) = found.ok_or(PstError::Damaged("entry of a block"))?;
        let inflated_octets = match self.form {
            Form::Large => u16_at(&entry, 2 * word + 2).map_or(0, usize::from),
            _ => 0,
        };
        Ok(Place { at, octets: usize::from(octets), inflated_octets })
    }

    /// Octets of one block, decoded.
    pub(super) fn block(&self, id: u64) -> Result<Vec<u8>, PstError> {
        let place = self.place(id)?;
        let mut octets = vec![0; place.octets];
        if read_full(&self.content, place.at, &mut octets)? < octets.len() {
            return Err(PstError::Damaged("block beyond the end"));
        }
        if place.inflated_octets > place.octets {
            octets = inflated(&octets, place.inflated_octets)?;
        }
        if !is_internal(id) {
            match self.crypt {
                1 => encoding::permuted(&mut octets),
                2 => encoding::cyclic(&mut octets, id as u32),
                _ => {}
            }
        }
        Ok(octets)
    }

    /// The blocks of a data tree, in order.
    pub(super) fn blocks(&self, id: u64) -> Result<Vec<Vec<u8>>, PstError> {
        let mut blocks = Vec::new();
        if id & !1 != 0 {
            let mut left = DATA_OCTETS_MAX;
            self.add_blocks(id, 2, &mut left, &mut blocks)?;
        }
        Ok(blocks)
    }

    fn add_blocks(
        &self,
        id: u64,
        levels: u8,
        left: &mut usize,
        blocks: &mut Vec<Vec<u8>>,
    ) -> Result<(), PstError> {
        let block = self.block(id)?;
        if !is_internal(id) {
            *left = left.checked_sub(block.len().max(1)).ok_or(PstError::Damaged("data too long"))?;
            blocks.push(block);
            return Ok(());
        }
        if block.first() != Some(&1) || levels == 0 {
            return Err(PstError::Damaged("tree of data"));
        }
        let count = u16_at(&block, 2).map_or(0, usize::from);
        let ids = block.get(8..).unwrap_or_default().chunks_exact(self.word()).take(count);
        for inner in ids.filter_map(|inner| self.number(inner, 0)) {
            self.add_blocks(inner, levels - 1, left, blocks)?;
        }
        Ok(())
    }

    /// The whole of a data tree.
    pub(super) fn data(&self, id: u64) -> Result<Vec<u8>, PstError> {
        let mut blocks = self.blocks(id)?;
        Ok(if blocks.len() == 1 { blocks.remove(0) } else { blocks.concat() })
    }
}

/// Blocks that hold ids of others are not encoded.
pub(super) const fn is_internal(id: u64) -> bool {
    id & 2 != 0
}

fn inflated(octets: &[u8], inflated_octets: usize) -> Result<Vec<u8>, PstError> {
    let mut out = Vec::new();
    let decoder = flate2::read::ZlibDecoder::new(octets);
    let read = decoder.take(inflated_octets as u64).read_to_end(&mut out);
    if read.is_err() || out.len() < inflated_octets {
        return Err(PstError::Damaged("compressed block"));
    }
    Ok(out)
}

fn read_full(content: &impl ReadAt, at: u64, into: &mut [u8]) -> Result<usize, PstError> {
    let mut filled = 0;
    while filled < into.len() {
        match content.read_at(at.saturating_add(filled as u64), &mut into[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(PstError::Unreadable(error.to_string())),
        }
    }
    Ok(filled)
}
