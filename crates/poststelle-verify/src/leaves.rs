//! The leaves of a folder, against their tiles and against what was signed.

use std::collections::BTreeMap;

use ledger::{Builder, Checkpoint, Hash, Kind, Leaf, Opened, TILE_WIDTH, Tile, entries_path, leaf_hash};

use crate::Trust;
use crate::bundles::{Difference, differences};
use crate::extents::Extent;
use crate::report::Report;
use crate::source::Folder;

/// Times may go back by so much where nobody has set the clock: tasks write side by side, milliseconds.
const BACK_MAX: i64 = 10 * 60_000;

/// What was found of a log.
#[derive(Default)]
pub(crate) struct Log {
    /// The newest checkpoint, if it is believed.
    pub(crate) head: Option<Checkpoint>,
    /// Roots at the sizes of anchors.
    pub(crate) roots: BTreeMap<u64, Hash>,
    /// Latest time of all leaves below the sizes of anchors.
    pub(crate) times: BTreeMap<u64, i64>,
    /// Stamps it received: leaf, file, SHA-256 in hexadecimal.
    pub(crate) stamps: Vec<(u64, String, String)>,
    /// Entries that say what was erased: their index, and first and last of the entries whose payloads went.
    pub(crate) erased: Vec<(u64, Vec<(u64, u64)>)>,
    /// What it says of segments.
    pub(crate) extents: Vec<Extent>,
}

/// Sizes at which roots are wanted: of anchors, and of checkpoints kept elsewhere.
fn sizes(folder: &Folder, trust: &Trust) -> Result<Vec<u64>, String> {
    let mut sizes = Vec::new();
    for place in ["log/timestamps", "log/witnessed"] {
        for name in folder.names(place)?.iter().filter(|name| name.strip_suffix(".note").is_some()) {
            if let Some(note) = folder.read(&format!("{place}/{name}"))? {
                sizes.extend(Checkpoint::open(&note, &trust.key).map(|checkpoint| checkpoint.size));
            }
        }
    }
    for (_, note) in &trust.kept {
        sizes.extend(Checkpoint::open(note, &trust.key).map(|checkpoint| checkpoint.size));
    }
    sizes.sort_unstable();
    sizes.dedup();
    Ok(sizes)
}

struct Walk<'a> {
    report: &'a mut Report,
    opened: BTreeMap<u64, Opened>,
    sizes: Vec<u64>,
    tree: Builder,
    log: Log,
    /// Latest time so far.
    latest: i64,
    /// Leaves that are here and where they belong.
    good: bool,
}

/// Checks leaves, tiles and the newest checkpoint.
pub(crate) fn check(folder: &Folder, trust: &Trust, report: &mut Report) -> Result<Log, String> {
    let mut log = Log::default();
    let Some(note) = folder.read("log/checkpoint")? else {
        report.fault("checkpoint_missing", &[]);
        return Ok(log);
    };
    let head = match Checkpoint::open(&note, &trust.key) {
        Ok(head) => head,
        Err(error) => {
            report.fault("checkpoint_forged", &[("reason", &error)]);
            return Ok(log);
        }
    };
    log.head = Some(head.clone());
    let mut walk = Walk {
        opened: opened(folder)?,
        sizes: sizes(folder, trust)?,
        tree: Builder::default(),
        log,
        latest: i64::MIN,
        good: true,
        report,
    };
    let bundles = head.size.div_ceil(TILE_WIDTH);
    for index in 0..bundles {
        if !walk.bundle(folder, index, head.size)? {
            break;
        }
    }
    if walk.good && walk.tree.size() == head.size {
        if walk.tree.root() == head.root {
            walk.report.proven("leaves", &[("count", &head.size), ("root", &model::Sha256(head.root))]);
        } else {
            walk.report.fault("rewritten", &[("size", &head.size)]);
        }
    }
    for index in walk.opened.keys().filter(|index| **index >= head.size) {
        walk.report.fault("open_unknown", &[("leaf", index)]);
    }
    Ok(walk.log)
}

/// Salts and payloads that lie open, by index.
fn opened(folder: &Folder) -> Result<BTreeMap<u64, Opened>, String> {
    let mut found = BTreeMap::new();
    for name in folder.names("log/open")? {
        let text = folder.read(&format!("log/open/{name}"))?.unwrap_or_default();
        for opened in String::from_utf8_lossy(&text).lines().filter_map(Opened::of_line) {
            found.insert(opened.index, opened);
        }
    }
    Ok(found)
}

/// A file as it was signed, or, true, one that has grown since.
fn wide(folder: &Folder, exact: &str, full: &str) -> Result<Option<(Vec<u8>, bool)>, String> {
    match folder.read(exact)? {
        Some(octets) => Ok(Some((octets, false))),
        None => Ok(folder.read(full)?.map(|octets| (octets, exact != full))),
    }
}

impl Walk<'_> {
    /// Checks a bundle; false if there is no sense in going on.
    fn bundle(&mut self, folder: &Folder, index: u64, size: u64) -> Result<bool, String> {
        let first = index * TILE_WIDTH;
        let width = (size - first).min(TILE_WIDTH) as u16;
        let (exact, full) = (entries_path(index, width), entries_path(index, TILE_WIDTH as u16));
        let bundle = wide(folder, &format!("log/{exact}"), &format!("log/{full}"))?;
        let tile = Tile { level: 0, index, width };
        let full = Tile { width: TILE_WIDTH as u16, ..tile };
        let hashes = wide(folder, &format!("log/{}", tile.path()), &format!("log/{}", full.path()))?;
        let Some((bundle, has_grown)) = bundle else {
            self.good = false;
            let (from, to) = (first, first + u64::from(width) - 1);
            if has_later(folder, index, size)? {
                self.report.fault("removed", &[("from", &from), ("to", &to)]);
                return Ok(true);
            }
            self.report.fault("truncated", &[("from", &from), ("to", &(size - 1))]);
            return Ok(false);
        };
        let Some(leaves) = ledger::entries(&bundle) else {
            self.good = false;
            self.report.fault("bundle_broken", &[("file", &exact), ("from", &first)]);
            return Ok(true);
        };
        let found: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let mut tile: Vec<Hash> = hashes
            .map_or_else(Vec::new, |(octets, _)| octets)
            .chunks_exact(32)
            .take(usize::from(width))
            .filter_map(|hash| hash.try_into().ok())
            .collect();
        if tile.len() < usize::from(width) {
            self.report.fault("tile_broken", &[("file", &Tile { level: 0, index, width }.path())]);
            // What the leaves come to is compared with the signature all the same.
            tile.clone_from(&found);
            tile.truncate(usize::from(width));
        }
        let count = if has_grown { found.len().min(usize::from(width)) } else { found.len() };
        let found_here = &found[..count];
        for difference in differences(first, found_here, &tile) {
            self.good = false;
            self.tell(difference, &leaves, first);
        }
        for (n, leaf) in leaves.iter().enumerate().take(usize::from(width)) {
            self.leaf(first + n as u64, leaf);
        }
        for hash in found.iter().take(usize::from(width)) {
            self.tree.push(*hash, &mut |_, _| ());
            self.keep();
        }
        Ok(true)
    }

    fn keep(&mut self) {
        let size = self.tree.size();
        if self.good && self.sizes.binary_search(&size).is_ok() {
            self.log.roots.insert(size, self.tree.root());
            self.log.times.insert(size, self.latest);
        }
    }

    fn tell(&mut self, difference: Difference, leaves: &[&[u8]], first: u64) {
        match difference {
            Difference::Changed(at) => {
                let leaf = leaves.get((at - first) as usize).and_then(|leaf| Leaf::decode(leaf));
                let previous = (at - first).checked_sub(1).and_then(|n| leaves.get(n as usize));
                let previous =
                    previous.and_then(|leaf| Leaf::decode(leaf)).map_or(self.latest, |leaf| leaf.at.0);
                let before = leaf.is_some_and(|leaf| leaf.at.0 < previous.saturating_sub(BACK_MAX));
                let code = if before { "back_dated" } else { "changed" };
                self.report.fault(code, &[("leaf", &at)]);
            }
            Difference::Swapped(one, other) => {
                self.report.fault("swapped", &[("leaf", &one), ("other", &other)]);
            }
            Difference::Removed(at) => self.report.fault("removed", &[("from", &at), ("to", &at)]),
            Difference::Inserted(at) => self.report.fault("inserted", &[("leaf", &at)]),
            Difference::Truncated(at) => self.report.fault("truncated", &[("from", &at), ("to", &"…")]),
        }
    }

    /// What a leaf says of itself.
    fn leaf(&mut self, index: u64, octets: &[u8]) {
        let Some(leaf) = Leaf::decode(octets) else {
            if self.good {
                self.report.fault("leaf_unreadable", &[("leaf", &index)]);
            }
            return;
        };
        if leaf.index != index && self.good {
            self.good = false;
            self.report.fault("misplaced", &[("leaf", &index), ("is", &leaf.index)]);
        }
        let kind = Kind::of_code(leaf.kind);
        if leaf.at.0 < self.latest.saturating_sub(BACK_MAX) && kind != Some(Kind::ClockSet) && self.good {
            self.report.fault("back_dated", &[("leaf", &index)]);
        }
        self.latest = if kind == Some(Kind::ClockSet) { leaf.at.0 } else { self.latest.max(leaf.at.0) };
        if kind.is_some_and(Kind::is_open) {
            let opened = self.opened.get(&index);
            match opened.map(Opened::commitment) {
                None => self.report.fault("open_missing", &[("leaf", &index)]),
                Some(commitment) if commitment == Some(leaf.commitment) => {
                    if kind == Some(Kind::Erased) {
                        let ranges = opened.map(|opened| erased(&opened.payload)).unwrap_or_default();
                        self.log.erased.push((index, ranges));
                    }
                    let extent = opened.and_then(|opened| Extent::read(index, &opened.payload));
                    self.log.extents.extend(extent);
                    self.log.stamps.extend(opened.and_then(|opened| stamped(index, &opened.payload)));
                }
                Some(_) => self.report.fault("open_changed", &[("leaf", &index)]),
            }
        }
    }
}

/// First and last of the entries whose payloads were erased, out of a payload.
fn erased(payload: &str) -> Vec<(u64, u64)> {
    let payload: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    let ranges = payload["leaves"].as_array().cloned().unwrap_or_default();
    ranges.iter().filter_map(|range| Some((range[0].as_u64()?, range[1].as_u64()?))).collect()
}

/// File and digest of a stamp out of a payload; `None` if it is about something else.
fn stamped(leaf: u64, payload: &str) -> Option<(u64, String, String)> {
    let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
    let text = |name: &str| payload[name].as_str().map(str::to_owned);
    Some((leaf, text("file")?, text("sha256")?))
}

/// Whether a bundle behind this one is there.
fn has_later(folder: &Folder, index: u64, size: u64) -> Result<bool, String> {
    let last = (size - 1) / TILE_WIDTH;
    for later in index + 1..=last {
        let width = (size - later * TILE_WIDTH).min(TILE_WIDTH) as u16;
        if folder.read(&format!("log/{}", entries_path(later, width)))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
