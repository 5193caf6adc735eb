//! The provable log: what stands in its rows is derived into its folder, behind every commit, and signed.
//!
//! Rows are the one truth. What the folder lacks is made again of them; where the database is older than the folder, its rows
//! come back first; where both contradict each other, nothing is signed any more and the trouble is told.

pub(crate) mod evidence;
pub(crate) mod health;
mod stamping;
pub(crate) mod witness;
mod witnesses;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use keys::Sealer;
use ledger::Kind;
use ledger::payload::Content;
use logbook::{BATCH, LogKeys, Logbook};
use model::{Sha256, UnixMillis};
use store::{Extent, Store};

use crate::core::{Bell, Core};
use crate::error::{Error, Result};
use crate::verify::{Fault, Verified};

/// Name of the folder in the data directory.
pub(crate) const FOLDER: &str = "log";
/// The longest an event waits to be signed.
const PATIENCE: Duration = Duration::from_secs(2);
/// Octets of an extent at most: so far damage is narrowed down for whoever has no keys.
const EXTENT_MAX: u64 = 16 << 20;
/// The longest octets of the archive wait for their extent.
const EXTENT_PATIENCE: Duration = Duration::from_mins(1);
/// So many leaves behind the last anchor, another one is made.
const ANCHOR_LEAVES: u64 = 10_000;
/// And after this time, if there is anything new, milliseconds.
const ANCHOR_MS: i64 = 86_400_000;

/// What the page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogState {
    /// Events in the database.
    pub leaves: u64,
    /// Events that are signed.
    pub signed: u64,
    /// Root over these, in hexadecimal.
    pub root: String,
    /// The line that checks signatures.
    pub public_key: String,
    /// When it was signed last.
    pub signed_at: Option<UnixMillis>,
    /// Checkpoints kept for good.
    pub anchors: u64,
    /// The newest of them that has a time stamp: its leaves, and when the authority answered.
    pub stamped: Option<(u64, UnixMillis)>,
    /// Why an authority does not stamp, by its number.
    pub authorities: Vec<(u32, StampTrouble)>,
    /// Why nothing is signed; `None` if all is well.
    pub trouble: Option<String>,
}

pub(crate) struct Proving {
    book: Mutex<Deriver>,
    /// Why authorities do not stamp.
    troubles: Mutex<BTreeMap<u32, StampTrouble>>,
    /// Rings when somebody waits for the log.
    pub(crate) bell: Bell,
}

#[derive(Default)]
struct Deriver {
    book: Option<Logbook>,
    backfilled: bool,
    extents: Option<Instant>,
    signed_at: Option<UnixMillis>,
    /// The certificate of the newest stamp ends soon: an anchor is made, though it is not time.
    renew: bool,
    /// Leaves and time of the newest anchor.
    anchored: (u64, i64),
    trouble: Option<String>,
}

impl Proving {
    /// Opens the folder and brings back rows that the database lacks. To be done before anything is written.
    ///
    /// # Errors
    /// `Log` if the folder cannot be read or written at all; those of the database. Anything else is told by [`LogState`], and
    /// mail is taken in all the same.
    pub(crate) fn open(dir: &Path, sealer: &Sealer, store: &Store) -> Result<Self> {
        let dir = dir.join(FOLDER);
        let mut deriver = Deriver::default();
        match opened(&dir, sealer, store) {
            Ok(book) => {
                if let Some(size) = book.anchor_sizes()?.pop() {
                    deriver.anchored = (size, book.anchored(size)?.made.map_or(0, |made| made.0));
                }
                deriver.book = Some(book);
            }
            Err(Error::Log(error @ logbook::Error::Io { .. })) => return Err(error.into()),
            Err(Error::Log(error)) => {
                let trouble = crate::chain(&error);
                tracing::error!(error = %trouble, "the provable log cannot go on");
                deriver.trouble = Some(trouble);
            }
            Err(error) => return Err(error),
        }
        Ok(Self { book: Mutex::new(deriver), troubles: Mutex::default(), bell: Bell::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Deriver> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn opened(dir: &Path, sealer: &Sealer, store: &Store) -> Result<Logbook> {
    let book = Logbook::open(dir, LogKeys::open(dir, sealer)?)?;
    let (signed, count) = (book.signed_size(), store.leaf_count()?);
    if count < signed {
        tracing::warn!(
            log.rows = count,
            log.signed = signed,
            "the database is older than the log; its rows are brought back"
        );
        book.leaves(count, |rows| Ok::<_, Error>(store.restore_leaves(rows)?))?;
    }
    // The last one that was signed tells whether this is the same past.
    if let Some(last) = signed.checked_sub(1)
        && !book.is_again()
    {
        let row = store.leaves(last, 1)?.pop().ok_or(logbook::Error::Order { expected: last })?;
        if book.leaf_at(last)? != ledger::leaf_hash(&row.leaf().encode()) {
            return Err(logbook::Error::Contradiction { size: signed }.into());
        }
    }
    Ok(book)
}

/// Runs until the engine closes; signs what there is then.
pub(crate) fn run(core: &Core) {
    loop {
        let closing = core.proving.bell.is_closed();
        if let Err(error) = derive(core, closing) {
            tracing::warn!(error = %crate::chain(&error), "the provable log could not go on; it is tried again");
        }
        if closing {
            return;
        }
        core.proving.bell.wait(Some(PATIENCE));
    }
}

/// Derives what there is. With `all`, octets of the archive are told of up to the last one.
///
/// # Errors
/// Those of database and folder. A contradiction is no error here: it stands in [`LogState`].
pub(crate) fn derive(core: &Core, all: bool) -> Result<()> {
    let mut deriver = core.proving.lock();
    while !deriver.backfilled {
        deriver.backfilled = core.store.backfill_leaves(core.now())? == 0;
    }
    if deriver.book.is_none() {
        return Ok(());
    }
    let due = all || deriver.extents.is_none_or(|last| last.elapsed() >= EXTENT_PATIENCE);
    extents(core, due)?;
    if due {
        deriver.extents = Some(Instant::now());
    }
    match deriver.follow(core) {
        Err(Error::Log(error @ (logbook::Error::Contradiction { .. } | logbook::Error::Order { .. }))) => {
            let trouble = crate::chain(&error);
            tracing::error!(error = %trouble, "the provable log cannot go on");
            (deriver.book, deriver.trouble) = (None, Some(trouble));
            Ok(())
        }
        Err(error) => {
            deriver.trouble = Some(crate::chain(&error));
            Err(error)
        }
        Ok(()) => {
            deriver.trouble = None;
            Ok(())
        }
    }
}

impl Deriver {
    fn follow(&mut self, core: &Core) -> Result<()> {
        let Some(book) = &mut self.book else { return Ok(()) };
        loop {
            let rows = core.store.leaves(book.size(), BATCH)?;
            if rows.is_empty() {
                break;
            }
            book.append(&rows)?;
            self.signed_at = Some(core.now());
        }
        let (size, now) = (book.signed_size(), core.now().0);
        let (anchored, at) = self.anchored;
        let old = now < at || now - at >= ANCHOR_MS;
        if size > anchored && (size - anchored >= ANCHOR_LEAVES || old || self.renew) {
            book.anchor()?;
            (self.anchored, self.renew) = ((size, now), false);
        }
        Ok(())
    }
}

/// Destroys payloads of leaves in the folder; the rows have lost theirs already.
///
/// # Errors
/// `Missing` log while it cannot go on; those of database and folder.
pub(crate) fn erase(core: &Core, leaves: &BTreeSet<u64>) -> Result<()> {
    derive(core, false)?;
    let mut deriver = core.proving.lock();
    let trouble = deriver.trouble.clone().unwrap_or_default();
    let book = deriver.book.as_mut().ok_or(Error::Missing { what: "log", name: trouble })?;
    book.erase(leaves)?;
    Ok(())
}

/// Leaves whose payloads a leaf says to be erased.
fn said_erased(row: &ledger::payload::Row) -> Vec<(u64, u64)> {
    let Content::Kept { payload, .. } = &row.content else { return Vec::new() };
    if row.kind != Kind::Erased.code() {
        return Vec::new();
    }
    let payload: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    let ranges = payload["leaves"].as_array().cloned().unwrap_or_default();
    ranges.iter().filter_map(|range| Some((range[0].as_u64()?, range[1].as_u64()?))).collect()
}

/// Tells the log what octets of the archive are; the last ones of a segment that grows only with `all`.
fn extents(core: &Core, all: bool) -> Result<()> {
    for open in core.store.segments_to_log()? {
        let segment = open.segment;
        let sealed = match core.archive.sealed(segment) {
            Ok(sealed) => sealed.filter(|sealed| open.committed >= sealed.records_end),
            // `verify` says that it is missing.
            Err(archive::Error::NoSegment { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let end = sealed.map_or(open.committed, |sealed| sealed.len);
        let mut from = open.logged;
        while from < end {
            let to = end.min(from + EXTENT_MAX);
            if to - from < EXTENT_MAX && sealed.is_none() && !all {
                break;
            }
            let sha256: Sha256 = core.archive.stored_digest(segment, from, to)?;
            let closed = sealed.is_some() && to == end;
            core.store.log_extent(Extent { segment, from, to, sha256, closed }, core.now())?;
            from = to;
        }
    }
    Ok(())
}

/// How things stand.
///
/// # Errors
/// Those of database and folder.
pub(crate) fn state(core: &Core) -> Result<LogState> {
    let deriver = core.proving.lock();
    let mut state = LogState {
        leaves: core.store.leaf_count()?,
        signed_at: deriver.signed_at,
        trouble: deriver.trouble.clone(),
        ..LogState::default()
    };
    let Some(book) = &deriver.book else { return Ok(state) };
    if let Some((checkpoint, _)) = book.checkpoint() {
        (state.signed, state.root) = (checkpoint.size, Sha256(checkpoint.root).to_string());
    }
    state.public_key = book.public_key();
    state.anchors = book.anchor_sizes()?.len() as u64;
    state.stamped = stamping::newest(book)?;
    state.authorities = stamping::troubles(core);
    Ok(state)
}

/// Rows taken together while checking.
const ROWS: usize = 4096;

/// Compares every row with the tree, and the tree with what was signed.
pub(crate) fn verify(core: &Core, verified: &mut Verified) -> Result<()> {
    derive(core, true)?;
    let deriver = core.proving.lock();
    let mut wrong = |at: Option<u64>, kind: &'static str, detail: String| {
        verified.faults.push(Fault::Log { at, kind, detail });
    };
    if let Some(trouble) = &deriver.trouble {
        wrong(None, "trouble", trouble.clone());
    }
    let Some(book) = &deriver.book else { return Ok(()) };
    let Some((checkpoint, _)) = book.checkpoint() else { return Ok(()) };
    let (mut tree, mut tile) = (ledger::Builder::default(), Vec::new());
    // Which payloads are missing, and which the log says to be.
    let (mut lost, mut erased) = (BTreeSet::new(), Vec::new());
    while tree.size() < checkpoint.size {
        let rows = core.store.leaves(tree.size(), ROWS)?;
        let mut archived = Vec::with_capacity(rows.len());
        for row in &rows {
            let index = tree.size();
            if index == checkpoint.size {
                break;
            }
            if row.index != index {
                wrong(Some(index), "missing", String::new());
                return Ok(());
            }
            if index.is_multiple_of(ledger::TILE_WIDTH) {
                tile = book.leaf_hashes(index / ledger::TILE_WIDTH)?;
            }
            let hash = ledger::leaf_hash(&row.leaf().encode());
            if tile.get((index % ledger::TILE_WIDTH) as usize) != Some(&hash) {
                wrong(Some(index), "changed", String::new());
            }
            tree.push(hash, &mut |_, _| ());
            archived.extend(evidence::archived(row));
            if matches!(row.content, Content::Erased(_)) {
                lost.insert(index);
            }
            erased.extend(said_erased(row));
        }
        if rows.is_empty() {
            wrong(Some(tree.size()), "missing", String::new());
            return Ok(());
        }
        for (mail, _, at) in evidence::differing(&core.store, archived)? {
            wrong(Some(at), "mail", mail.to_string());
        }
    }
    for (from, to) in erased {
        while let Some(leaf) = lost.range(from..=to).next().copied() {
            lost.remove(&leaf);
        }
    }
    for leaf in lost {
        wrong(Some(leaf), "payload", String::new());
    }
    if tree.root() != checkpoint.root {
        wrong(None, "tree", String::new());
    }
    Ok(())
}

pub(crate) use evidence::evidence;
pub use stamping::{AUTHORITIES_MAX, Authority, StampTrouble, Stamping, StampingError};
pub use witness::{ADD_CHECKPOINT_MAX, WITNESSED_MAX, WitnessState, WitnessedError, Witnessing};
pub use witnesses::{WITNESSES_MAX, WantedWitness, WitnessError, Witnesses};
