//! Files of the folder: written whole, durable before anything speaks of them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ledger::{Hash, TILE_WIDTH, Tile, entries_path};
use model::UnixMillis;

use crate::Result;
use crate::error::Error;

/// From so many files on, the file system is asked once instead of each file.
const MANY: usize = 12;

pub(crate) struct Files {
    dir: PathBuf,
}

impl Files {
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|source| Error::io(dir, source))?;
        Ok(Self { dir: dir.to_owned() })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// `None` if there is no such file.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.dir.join(name);
        match fs::read(&path) {
            Ok(octets) => Ok(Some(octets)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::io(&path, source)),
        }
    }

    /// A whole file in the place of another, durable when this returns.
    pub(crate) fn replace(&self, name: &str, octets: &[u8]) -> Result<()> {
        let path = self.dir.join(name);
        if self.read(name)?.as_deref() == Some(octets) {
            return Ok(());
        }
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let failed = |source| Error::io(&path, source);
        let parent = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(parent).map_err(failed)?;
        let mut file = File::create(&part).map_err(failed)?;
        file.write_all(octets).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&part, &path).map_err(failed)?;
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    pub(crate) fn remove(&self, name: &str) {
        // What stays takes room only.
        fs::remove_file(self.dir.join(name)).ok();
    }

    /// Writes files that no checkpoint speaks of yet; durable when this returns.
    pub(crate) fn write<'a>(&self, files: impl Iterator<Item = &'a (String, Vec<u8>)> + Clone) -> Result<()> {
        let many = files.clone().nth(MANY).is_some();
        let mut folders = BTreeSet::new();
        for (name, octets) in files {
            let path = self.dir.join(name);
            let failed = |source| Error::io(&path, source);
            let folder = path.parent().unwrap_or(&self.dir).to_owned();
            if !folder.is_dir() {
                fs::create_dir_all(&folder).map_err(failed)?;
                folders.extend(
                    folder.ancestors().take_while(|above| above.starts_with(&self.dir)).map(Path::to_owned),
                );
            }
            let mut file = File::create(&path).map_err(failed)?;
            file.write_all(octets).map_err(failed)?;
            if !many {
                file.sync_data().map_err(failed)?;
            }
            folders.insert(folder);
        }
        if many {
            let folder = File::open(&self.dir).map_err(|source| Error::io(&self.dir, source))?;
            return rustix::fs::syncfs(&folder).map_err(|error| Error::io(&self.dir, error.into()));
        }
        for folder in folders {
            let synced = File::open(&folder).and_then(|folder| folder.sync_all());
            synced.map_err(|source| Error::io(&folder, source))?;
        }
        Ok(())
    }

    /// The hashes of a tile of a tree of `size` leaves, also out of a wider one.
    pub(crate) fn tile(&self, tile: Tile, size: u64) -> Result<Vec<Hash>> {
        let damaged = Error::Damaged { what: "tile", at: tile.index };
        let mut octets = self.read(&tile.path())?;
        if octets.is_none() && size > 0 {
            // A partial one that is being replaced is not named by a checkpoint any more.
            octets = self.read(&Tile { width: TILE_WIDTH as u16, ..tile }.path())?;
        }
        let Some(octets) = octets else { return Err(damaged) };
        let hashes: Vec<Hash> = octets.chunks_exact(32).filter_map(|hash| hash.try_into().ok()).collect();
        match hashes.get(..usize::from(tile.width)) {
            Some(hashes) if octets.len() % 32 == 0 => Ok(hashes.to_vec()),
            _ => Err(damaged),
        }
    }

    /// The octets of a bundle that is not full.
    pub(crate) fn bundle(&self, index: u64, width: u16) -> Result<Vec<u8>> {
        let octets = self.read(&entries_path(index, width))?;
        let whole = octets
            .filter(|octets| ledger::entries(octets).is_some_and(|found| found.len() == usize::from(width)));
        whole.ok_or(Error::Damaged { what: "entries", at: index })
    }

    /// Takes away tiles and the bundle that were not full and that no checkpoint names any more.
    pub(crate) fn remove_partial(&self, tiles: &[Tile], before: u64, size: u64) {
        if before == size {
            return;
        }
        for tile in tiles {
            let now = Tile::holding(tile.level, tile.index * TILE_WIDTH, size);
            if now != *tile {
                self.remove(&tile.path());
                self.remove_folder(&tile.path(), now.width);
            }
        }
        if !before.is_multiple_of(TILE_WIDTH) {
            let path = entries_path(before / TILE_WIDTH, (before % TILE_WIDTH) as u16);
            self.remove(&path);
            let full = size / TILE_WIDTH > before / TILE_WIDTH;
            self.remove_folder(&path, if full { TILE_WIDTH as u16 } else { 0 });
        }
    }

    /// The folder of the partial tiles of one that is full now.
    fn remove_folder(&self, path: &str, width: u16) {
        if u64::from(width) == TILE_WIDTH
            && let Some(folder) = self.dir.join(path).parent()
        {
            fs::remove_dir_all(folder).ok();
        }
    }

    /// Names in a folder; none if it is not there.
    pub(crate) fn names(&self, folder: &str) -> Result<Vec<String>> {
        let path = self.dir.join(folder);
        let found = match fs::read_dir(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(Error::io(&path, source)),
        };
        let mut names = Vec::new();
        for entry in found {
            let entry = entry.map_err(|source| Error::io(&path, source))?;
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    pub(crate) fn modified(&self, name: &str) -> Option<UnixMillis> {
        let modified = fs::metadata(self.dir.join(name)).ok()?.modified().ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(UnixMillis(i64::try_from(since.as_millis()).ok()?))
    }
}
