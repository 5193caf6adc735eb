//! Tiles: 256 hashes each, and bundles of 256 leaves (C2SP tlog-tiles).

use std::fmt::Write as _;

use crate::tree::{Hash, empty_root, node_hash};

/// Hashes of a full tile.
pub const TILE_WIDTH: u64 = 256;

/// Name of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// 0: leaves; each hash of the next one stands for a full tile of this one.
    pub level: u8,
    /// Number in its level.
    pub index: u64,
    /// Hashes in it, 1 to 256.
    pub width: u16,
}

/// `x001/x234/067`, with `.p/<width>` where it is not full.
fn number(index: u64, width: u16) -> String {
    let mut parts = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        parts.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    parts.reverse();
    let mut path = parts.join("/");
    if u64::from(width) < TILE_WIDTH {
        let _ = write!(path, ".p/{width}");
    }
    path
}

impl Tile {
    /// The tile of `level` in which hash `n` of the level stands, as it is in a tree of `size` leaves.
    pub fn holding(level: u8, n: u64, size: u64) -> Self {
        let count = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let index = n / TILE_WIDTH;
        let width = count.saturating_sub(index * TILE_WIDTH).min(TILE_WIDTH) as u16;
        Self { level, index, width }
    }

    /// Where it lies in the folder.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, number(self.index, self.width))
    }
}

/// Where bundle `index` with `width` leaves lies.
pub fn entries_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", number(index, width))
}

/// Appends a leaf to a bundle: its length in two octets, big endian, and its octets.
pub fn entry(out: &mut Vec<u8>, leaf: &[u8]) {
    out.extend_from_slice(&(leaf.len() as u16).to_be_bytes());
    out.extend_from_slice(leaf);
}

/// The leaves of a bundle; `None` if it does not end with one.
pub fn entries(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while let Some((len, rest)) = bundle.split_first_chunk::<2>() {
        let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        found.push(leaf);
        bundle = rest;
    }
    bundle.is_empty().then_some(found)
}

/// The tree's growing right edge: in each level the hashes of the tile that is not full yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Builder {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Builder {
    /// The edge of the tree of `size` leaves, from its tiles.
    ///
    /// # Errors
    /// What `read` refuses. It gives as many hashes as the tile is wide.
    pub fn load<E>(size: u64, mut read: impl FnMut(Tile) -> Result<Vec<Hash>, E>) -> Result<Self, E> {
        let mut levels = Vec::new();
        for level in 0_u8..8 {
            let count = size >> (8 * u32::from(level));
            if count == 0 {
                break;
            }
            let tile = Tile::holding(level, count, size);
            levels.push(if tile.width == 0 { Vec::new() } else { read(tile)? });
        }
        Ok(Self { size, levels })
    }

    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; `full` hears of each tile that is full now.
    pub fn push(&mut self, leaf: Hash, full: &mut impl FnMut(Tile, &[Hash])) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0_u8.. {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::with_capacity(TILE_WIDTH as usize));
            }
            let hashes = &mut self.levels[at];
            hashes.push(hash);
            if (hashes.len() as u64) < TILE_WIDTH {
                return;
            }
            let index = (self.size >> (8 * (u32::from(level) + 1))) - 1;
            full(Tile { level, index, width: TILE_WIDTH as u16 }, hashes);
            hash = peaks(hashes).first().copied().unwrap_or_default();
            hashes.clear();
        }
    }

    /// The tiles that are not full.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        self.levels.iter().enumerate().filter(|(_, hashes)| !hashes.is_empty()).map(|(level, hashes)| {
            let index = self.size >> (8 * (level as u32 + 1)).min(63);
            (Tile { level: level as u8, index, width: hashes.len() as u16 }, hashes.as_slice())
        })
    }

    /// Root of the tree so far.
    pub fn root(&self) -> Hash {
        let peaks: Vec<Hash> = self.levels.iter().rev().flat_map(|hashes| peaks(hashes)).collect();
        peaks.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

/// Hashes of the full subtrees of which `hashes` is made, the largest first.
fn peaks(hashes: &[Hash]) -> Vec<Hash> {
    let mut rest = hashes;
    let mut peaks = Vec::new();
    while !rest.is_empty() {
        let (tree, others) = rest.split_at(1 << rest.len().ilog2());
        let mut level = tree.to_vec();
        while level.len() > 1 {
            level = level.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        peaks.extend(level);
        rest = others;
    }
    peaks
}

/// Hash over `2^height` leaves from `n · 2^height` on, of tiles read by `read(level, index)`, which gives at least the hashes
/// wanted.
///
/// # Errors
/// What `read` refuses; `missing` if a tile has too few hashes.
pub fn node<E>(
    height: u8,
    n: u64,
    read: &mut impl FnMut(u8, u64) -> Result<Vec<Hash>, E>,
    missing: impl FnOnce(u8, u64) -> E,
) -> Result<Hash, E> {
    let (level, inside) = (height / 8, height % 8);
    let first = n << inside;
    let (tile, from) = (first / TILE_WIDTH, (first % TILE_WIDTH) as usize);
    let hashes = read(level, tile)?;
    match hashes.get(from..from + (1 << inside)) {
        Some(tree) => Ok(peaks(tree).first().copied().unwrap_or_default()),
        None => Err(missing(level, tile)),
    }
}
