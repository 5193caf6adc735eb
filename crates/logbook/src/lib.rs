//! The folder of the provable log: tiles, leaves, payloads, checkpoints, anchors.
//!
//! In: leaves in their order, as the database has them. Out: files in `ledger`'s format, durable when a checkpoint speaks of
//! them; proofs; and the leaves again, where the database has lost them. It decides nothing about events, asks no time stamp
//! authority, and is never a second truth: whatever is missing here is made again of the rows, and where rows and what was
//! signed contradict each other, nothing is signed any more.

mod error;
mod files;
mod keys;
mod payloads;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ledger::payload::Row;
use ledger::{Builder, Checkpoint, Hash, Opened, TILE_WIDTH, Tile, entries_path, leaf_hash};
use model::UnixMillis;

pub use crate::error::Error;
pub use crate::keys::{LogKeys, PURPOSE};
use files::Files;
use payloads::Payloads;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Leaves taken together at most.
pub const BATCH: usize = 1 << 14;
const CHECKPOINT: &str = "checkpoint";
const PUBLIC_KEY: &str = "key.pub";
const ANCHORS: &str = "timestamps";
const WITNESSED: &str = "witnessed";

/// The open folder.
pub struct Logbook {
    files: Files,
    keys: LogKeys,
    payloads: Payloads,
    builder: Builder,
    /// Leaves of the bundle that is not full.
    bundle: Vec<u8>,
    /// Signed last, and the note.
    signed: Option<(Checkpoint, String)>,
    /// The tree is made again and has not come to what was signed.
    again: bool,
}

/// A checkpoint that is kept for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Leaves.
    pub size: u64,
    /// The signed note.
    pub note: String,
    /// When it was made.
    pub made: Option<UnixMillis>,
    /// Answers of time stamp authorities, by the number of the authority.
    pub stamps: Vec<(u32, Vec<u8>)>,
}

impl Logbook {
    /// Opens the folder, which is made if it is missing. What a crash left unfinished is written again by [`Self::append`].
    ///
    /// # Errors
    /// `Io`; `Signature` if the checkpoint was not signed by this key.
    pub fn open(dir: &Path, keys: LogKeys) -> Result<Self> {
        let files = Files::open(dir)?;
        files.replace(PUBLIC_KEY, format!("{}\n", keys.signing.public().line()).as_bytes())?;
        let signed = match files.read(CHECKPOINT)? {
            None => None,
            Some(note) => {
                let checkpoint = Checkpoint::open(&note, keys.signing.public())
                    .map_err(|source| Error::Signature { path: dir.join(CHECKPOINT), source })?;
                Some((checkpoint, String::from_utf8_lossy(&note).into_owned()))
            }
        };
        let payloads = Payloads::open(dir, signed.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size))?;
        let mut this = Self {
            files,
            keys,
            payloads,
            builder: Builder::default(),
            bundle: Vec::new(),
            signed,
            again: false,
        };
        this.load()?;
        Ok(this)
    }

    /// The edge of the tree, where tiles and checkpoint agree; otherwise it is made again from the first leaf.
    fn load(&mut self) -> Result<()> {
        let Some((checkpoint, _)) = &self.signed else { return Ok(()) };
        let size = checkpoint.size;
        let loaded = Builder::load(size, |tile| self.files.tile(tile, size));
        let bundle = match size % TILE_WIDTH {
            0 => Ok(Vec::new()),
            width => self.files.bundle(size / TILE_WIDTH, width as u16),
        };
        match (loaded, bundle) {
            (Ok(builder), Ok(bundle))
                if builder.root() == checkpoint.root && self.payloads.next() >= size =>
            {
                (self.builder, self.bundle) = (builder, bundle);
            }
            (Err(Error::Io { path, source }), _) | (_, Err(Error::Io { path, source })) => {
                return Err(Error::Io { path, source });
            }
            _ => {
                tracing::warn!("files of the log are missing or damaged; they are made again");
                self.again = true;
            }
        }
        Ok(())
    }

    /// Leaves in the tree.
    pub const fn size(&self) -> u64 {
        self.builder.size()
    }

    /// Leaves that are signed.
    pub fn signed_size(&self) -> u64 {
        self.signed.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size)
    }

    /// The newest checkpoint and its note.
    pub fn checkpoint(&self) -> Option<(&Checkpoint, &str)> {
        self.signed.as_ref().map(|(checkpoint, note)| (checkpoint, note.as_str()))
    }

    /// The line that checks what is signed here.
    pub fn public_key(&self) -> String {
        self.keys.signing.public().line()
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.files.dir()
    }

    /// Whether the tree is being made again.
    pub const fn is_again(&self) -> bool {
        self.again
    }

    /// Adds leaves that follow, at most [`BATCH`], and signs. Nothing is signed that contradicts what was signed before.
    ///
    /// # Errors
    /// `Order` if they do not follow, `Contradiction`, `Io`; the folder is as before then, but for files that no checkpoint
    /// speaks of.
    pub fn append(&mut self, rows: &[Row]) -> Result<()> {
        let mut rest = rows;
        while !rest.is_empty() {
            // The tree that is made again is compared where the last signature stands.
            let until = if self.again { self.signed_size().saturating_sub(self.size()) } else { u64::MAX };
            let len = rest.len().min(usize::try_from(until).unwrap_or(usize::MAX).max(1));
            let (now, later) = rest.split_at(len);
            if let Err(error) = self.append_some(now) {
                // The next try may bring other rows.
                self.payloads.take_back(self.signed_size()).ok();
                return Err(error);
            }
            rest = later;
        }
        Ok(())
    }

    fn append_some(&mut self, rows: &[Row]) -> Result<()> {
        let (before, mut builder, mut bundle) = (self.size(), self.builder.clone(), self.bundle.clone());
        if rows.iter().zip(before..).any(|(row, index)| row.index != index) {
            return Err(Error::Order { expected: before });
        }
        self.payloads.append(rows, &self.keys.payload)?;
        let mut full: Vec<(String, Vec<u8>)> = Vec::new();
        let mut open = String::new();
        for row in rows {
            let leaf = row.leaf();
            let octets = leaf.encode();
            ledger::entry(&mut bundle, &octets);
            builder.push(leaf_hash(&octets), &mut |tile, hashes| full.push((tile.path(), hashes.concat())));
            if builder.size() % TILE_WIDTH == 0 {
                full.push((entries_path(builder.size() / TILE_WIDTH - 1, 256), std::mem::take(&mut bundle)));
            }
            open.push_str(&opened(row));
        }
        let mut partial: Vec<(String, Vec<u8>)> =
            builder.partial().map(|(tile, hashes)| (tile.path(), hashes.concat())).collect();
        if !bundle.is_empty() {
            let width = (builder.size() % TILE_WIDTH) as u16;
            partial.push((entries_path(builder.size() / TILE_WIDTH, width), bundle.clone()));
        }
        if !open.is_empty() {
            full.push((format!("open/{before:016x}"), open.into_bytes()));
        }
        self.files.write(full.iter().chain(&partial))?;
        let root = builder.root();
        match &self.signed {
            Some((checkpoint, _)) if builder.size() == checkpoint.size && root != checkpoint.root => {
                return Err(Error::Contradiction { size: checkpoint.size });
            }
            Some((checkpoint, _)) if builder.size() <= checkpoint.size => {}
            _ => self.sign(builder.size(), root)?,
        }
        let stale: Vec<Tile> = self.builder.partial().map(|(tile, _)| tile).collect();
        self.files.remove_partial(&stale, before, builder.size());
        (self.builder, self.bundle) = (builder, bundle);
        self.again = self.again && self.size() < self.signed_size();
        Ok(())
    }

    fn sign(&mut self, size: u64, root: Hash) -> Result<()> {
        let checkpoint = Checkpoint { origin: self.keys.signing.public().name().to_owned(), size, root };
        let note = checkpoint.sign(&self.keys.signing);
        self.files.replace(CHECKPOINT, note.as_bytes())?;
        self.signed = Some((checkpoint, note));
        Ok(())
    }

    /// Leaves from `from` up to the last one that is signed, out of the log's own files, where the database has lost them. Each
    /// is compared with the tree.
    ///
    /// # Errors
    /// `Damaged` if they are not what was signed, `Sealed` with another key, `Io`; those of `each`.
    pub fn leaves<E: From<Error>>(
        &self,
        from: u64,
        mut each: impl FnMut(Vec<Row>) -> Result<(), E>,
    ) -> Result<(), E> {
        let size = self.signed_size();
        let (mut next, mut tile) = (from, (u64::MAX, Vec::new()));
        self.payloads.read(from, &self.keys.payload, |mut rows| {
            rows.retain(|row| row.index >= next && row.index < size);
            for row in &rows {
                if tile.0 != row.index / TILE_WIDTH {
                    tile = (row.index / TILE_WIDTH, self.leaf_hashes(row.index / TILE_WIDTH)?);
                }
                let signed = tile.1.get((row.index % TILE_WIDTH) as usize);
                if row.index != next || signed != Some(&leaf_hash(&row.leaf().encode())) {
                    return Err(Error::Damaged { what: "payload", at: row.index }.into());
                }
                next += 1;
            }
            if rows.is_empty() { Ok(()) } else { each(rows) }
        })?;
        if next < size { Err(Error::Damaged { what: "payload", at: next }.into()) } else { Ok(()) }
    }

    /// Destroys salts and payloads of leaves; the tree, and whatever was signed, stay as they are. Those that are gone already are
    /// passed by. Gives how many there were. Killed anywhere, all of a file are there or none.
    ///
    /// # Errors
    /// `Order` if one of them is not signed yet; `Damaged`, `Sealed`, `Io`.
    pub fn erase(&mut self, leaves: &BTreeSet<u64>) -> Result<u64> {
        if leaves.last().is_some_and(|last| *last >= self.payloads.next()) {
            return Err(Error::Order { expected: self.payloads.next() });
        }
        self.payloads.erase(leaves, &self.keys.payload)
    }

    /// Hash of a leaf as it stands in the tree.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub fn leaf_at(&self, index: u64) -> Result<Hash> {
        self.node(0, index)
    }

    /// Hashes of the leaves of a tile, as many as are signed.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub fn leaf_hashes(&self, tile: u64) -> Result<Vec<Hash>> {
        self.files.tile(Tile::holding(0, tile * TILE_WIDTH, self.signed_size()), self.signed_size())
    }

    fn node(&self, height: u8, n: u64) -> Result<Hash> {
        let size = self.signed_size();
        ledger::node(
            height,
            n,
            &mut |level, tile| self.files.tile(Tile::holding(level, tile * TILE_WIDTH, size), size),
            |level, tile| Error::Damaged { what: if level == 0 { "tile 0" } else { "tile" }, at: tile },
        )
    }

    /// Path of a leaf to the tree of `size` leaves.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>> {
        ledger::inclusion(index, size, |height, n| self.node(height, n))
    }

    /// That the tree of `size` leaves continues that of `old`.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub fn consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>> {
        ledger::consistency(old, size, |height, n| self.node(height, n))
    }

    /// Root of the first `size` leaves, out of the tiles.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub fn root(&self, size: u64) -> Result<Hash> {
        ledger::root(size, |height, n| self.node(height, n))
    }

    /// Keeps the newest checkpoint for good, for time stamps; nothing happens if it is kept already.
    ///
    /// # Errors
    /// `Io`.
    pub fn anchor(&self) -> Result<()> {
        let Some((checkpoint, note)) = &self.signed else { return Ok(()) };
        let path = format!("{ANCHORS}/{:016}.note", checkpoint.size);
        if self.files.read(&path)?.is_some() {
            return Ok(());
        }
        self.files.replace(&path, note.as_bytes())
    }

    /// Sizes of all anchors, ascending.
    ///
    /// # Errors
    /// `Io`.
    pub fn anchor_sizes(&self) -> Result<Vec<u64>> {
        let names = self.files.names(ANCHORS)?;
        let mut sizes: Vec<u64> =
            names.iter().filter_map(|name| name.strip_suffix(".note")?.parse().ok()).collect();
        sizes.sort_unstable();
        Ok(sizes)
    }

    /// Sizes of anchors that somebody answered about, ascending.
    ///
    /// # Errors
    /// `Io`.
    pub fn stamped_sizes(&self) -> Result<Vec<u64>> {
        let names = self.files.names(ANCHORS)?;
        let size = |name: &String| name.strip_suffix(".tsr")?.split_once('-')?.0.parse().ok();
        let sizes: BTreeSet<u64> = names.iter().filter_map(size).collect();
        Ok(sizes.into_iter().collect())
    }

    /// When an anchor was made, as far as its file tells.
    pub fn anchored_at(&self, size: u64) -> Option<UnixMillis> {
        self.files.modified(&format!("{ANCHORS}/{size:016}.note"))
    }

    /// An anchor with what was answered about it.
    ///
    /// # Errors
    /// `Io`; `Damaged` if it is not there.
    pub fn anchored(&self, size: u64) -> Result<Anchor> {
        let path = format!("{ANCHORS}/{size:016}.note");
        let note = self.files.read(&path)?.ok_or(Error::Damaged { what: "anchor", at: size })?;
        let made = self.files.modified(&path);
        let start = format!("{size:016}-");
        let mut stamps = Vec::new();
        for name in self.files.names(ANCHORS)? {
            let number = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".tsr")?.parse().ok());
            if let (Some(number), Some(octets)) = (number, self.files.read(&format!("{ANCHORS}/{name}"))?) {
                stamps.push((number, octets));
            }
        }
        stamps.sort();
        Ok(Anchor { size, note: String::from_utf8_lossy(&note).into_owned(), made, stamps })
    }

    /// Keeps what an authority answered; one answer is never replaced by another.
    ///
    /// # Errors
    /// `Io`.
    pub fn stamp(&self, size: u64, number: u32, answer: &[u8]) -> Result<()> {
        self.files.replace(&format!("{ANCHORS}/{size:016}-{number}.tsr"), answer)
    }

    /// Keeps what a witness said about a checkpoint: its note with the lines of all witnesses. Older ones stay as long as one of
    /// their witnesses has said nothing newer.
    ///
    /// # Errors
    /// `Io`.
    pub fn keep_witnessed(&self, size: u64, note: &str, line: &str) -> Result<()> {
        let path = format!("{WITNESSED}/{size:016}.note");
        let kept = self.files.read(&path)?.unwrap_or_default();
        let mut kept = String::from_utf8_lossy(&kept).into_owned();
        if !kept.starts_with(note) {
            note.clone_into(&mut kept);
        }
        // One line of each witness is enough.
        let name = |line: &str| line.split(' ').nth(1).map(str::to_owned);
        let head = &kept[..note.len()];
        let others = kept[note.len()..].split_inclusive('\n').filter(|other| name(other) != name(line));
        let kept = others.fold(head.to_owned(), |all, other| all + other) + line;
        self.files.replace(&path, kept.as_bytes())?;
        let mut newer: BTreeSet<String> = BTreeSet::new();
        for file in
            self.files.names(WITNESSED)?.into_iter().rev().filter(|file| file.strip_suffix(".note").is_some())
        {
            let path = format!("{WITNESSED}/{file}");
            let signers = ledger::signers(&self.files.read(&path)?.unwrap_or_default());
            let witnesses: Vec<String> =
                signers.into_iter().filter(|name| name != self.keys.signing.public().name()).collect();
            if witnesses.iter().all(|name| newer.contains(name)) {
                self.files.remove(&path);
            }
            newer.extend(witnesses);
        }
        Ok(())
    }

    /// Where a file of this folder lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.files.dir().join(name)
    }
}

/// The line of a leaf that lies open; empty for others.
fn opened(row: &Row) -> String {
    let is_open = ledger::Kind::of_code(row.kind).is_some_and(ledger::Kind::is_open);
    match &row.content {
        ledger::payload::Content::Kept { salt, payload } if is_open => {
            Opened::of(row.index, salt, payload).map_or_else(String::new, |opened| opened.line())
        }
        _ => String::new(),
    }
}

impl std::fmt::Debug for Logbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logbook").field("size", &self.size()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
