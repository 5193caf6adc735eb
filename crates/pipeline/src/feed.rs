//! Where the mails of one source go in: in order, as fast as the way takes them.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use model::{ImportRunId, MailboxId, Provenance, Sha256};
use store::{Cursor, EntryFate, LeftOut};

use crate::core::Core;
use crate::error::{Error, Result};
use crate::flow::Done;
use crate::pool::Pool;

/// Mails handed on together.
const CHUNK_MAILS: usize = 64;
/// Octets handed on together.
const CHUNK_OCTETS: usize = 512 << 10;

/// A mail on its way in.
pub(crate) struct Incoming {
    pub(crate) mailbox: MailboxId,
    pub(crate) provenance: Provenance,
    pub(crate) octets: Vec<u8>,
    /// To be made durable now and read when there is time.
    pub(crate) later: bool,
    /// What it is in an import.
    pub(crate) entry: Option<Entry>,
}

/// Place of something in an import.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// From 1, in the order of the source.
    pub(crate) n: u64,
    /// Path as given or found.
    pub(crate) path: String,
    /// What is to be known of a mail; a stable key.
    pub(crate) note: String,
}

/// What goes in.
pub(crate) enum Piece {
    Mail(Incoming),
    /// Streamed into the archive already.
    Stored {
        mailbox: MailboxId,
        provenance: Provenance,
        stored: archive::Stored,
        entry: Option<Entry>,
    },
    /// Streamed, but its octets are here already.
    Known {
        mailbox: MailboxId,
        provenance: Provenance,
        sha256: Sha256,
        octets: u64,
        entry: Option<Entry>,
    },
    /// Not to be archived, and why.
    LeftOut(LeftOut),
    /// What of an import does not become a mail: excluded or failed.
    Entry(Entry, EntryFate),
    /// Everything before it is fetched.
    Cursor(MailboxId, Cursor),
    /// Answered when everything before it is durable and filed.
    Flush(SyncSender<()>),
}

/// Pieces of one source, worked on together.
pub(crate) struct Chunk {
    pub(crate) tally: Arc<Tally>,
    pub(crate) pieces: Vec<Piece>,
}

/// What became of the mails of a source.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) run: Option<ImportRunId>,
    pub(crate) archived: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) excluded: AtomicU64,
    pub(crate) octets: AtomicU64,
    trouble: Mutex<Option<Arc<Error>>>,
}

/// What became of the mails of a source so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New in the archive.
    pub archived: u64,
    /// Octets that were here already.
    pub duplicates: u64,
    /// Left out by a named rule.
    pub excluded: u64,
    /// Could not be read.
    pub failed: u64,
    /// Octets of all of them.
    pub octets: u64,
}

impl Counts {
    /// Everything that came by.
    pub const fn seen(&self) -> u64 {
        self.archived + self.duplicates + self.excluded + self.failed
    }
}

impl Tally {
    pub(crate) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            archived: read(&self.archived),
            duplicates: read(&self.duplicates),
            excluded: read(&self.excluded),
            failed: read(&self.failed),
            octets: read(&self.octets),
        }
    }

    /// Stops the source: what it hands in from now on is refused with this error.
    pub(crate) fn fail(&self, error: &Arc<Error>) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Arc::clone(error));
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn check(&self) -> Result<()> {
        match &*self.trouble.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(Error::Shared(Arc::clone(error))),
            None => Ok(()),
        }
    }
}

/// The entrance for one source.
pub(crate) struct Feed {
    core: Arc<Core>,
    pool: Pool<Chunk, Done>,
    tally: Arc<Tally>,
    pieces: Vec<Piece>,
    octets: usize,
}

impl Feed {
    pub(crate) fn new(core: Arc<Core>, pool: Pool<Chunk, Done>, run: Option<ImportRunId>) -> Self {
        let tally = Arc::new(Tally { run, ..Tally::default() });
        Self { core, pool, tally, pieces: Vec::new(), octets: 0 }
    }

    pub(crate) fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Hands a small mail in. Blocks while the way is full.
    pub(crate) fn mail(&mut self, incoming: Incoming) -> Result<()> {
        self.octets += incoming.octets.len();
        self.push(Piece::Mail(incoming))
    }

    /// Streams a large mail into the archive. A failure of `octets` itself is given as the inner error; nothing is kept then.
    pub(crate) fn stream(
        &mut self,
        mailbox: MailboxId,
        provenance: Provenance,
        octets: &mut dyn Read,
        entry: Option<Entry>,
    ) -> Result<std::io::Result<()>> {
        let mut put = self.core.archive.put(&provenance)?;
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match octets.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => put.push(&buffer[..len])?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        self.finish(mailbox, provenance, put, entry).map(Ok)
    }

    /// Takes a mail that was pushed into the archive piece by piece.
    pub(crate) fn finish(
        &mut self,
        mailbox: MailboxId,
        provenance: Provenance,
        put: archive::Put,
        entry: Option<Entry>,
    ) -> Result<()> {
        let (sha256, octets) = (put.sha256(), put.octets());
        if !self.core.store.known_digests(&[sha256])?.is_empty() {
            return self.push(Piece::Known { mailbox, provenance, sha256, octets, entry });
        }
        let stored = put.finish()?;
        self.push(Piece::Stored { mailbox, provenance, stored, entry })
    }

    /// Begins a large mail.
    pub(crate) fn put(&self, provenance: &Provenance) -> Result<archive::Put> {
        Ok(self.core.archive.put(provenance)?)
    }

    pub(crate) fn push(&mut self, piece: Piece) -> Result<()> {
        self.tally.check()?;
        self.pieces.push(piece);
        if self.pieces.len() >= CHUNK_MAILS || self.octets >= CHUNK_OCTETS { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> Result<()> {
        self.octets = 0;
        let pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() || self.pool.push(Chunk { tally: Arc::clone(&self.tally), pieces }) {
            Ok(())
        } else {
            Err(Error::Stopped)
        }
    }

    /// Waits until everything handed in is durable and filed.
    pub(crate) fn flush(&mut self) -> Result<Counts> {
        let (done, waiting) = sync_channel(1);
        self.pieces.push(Piece::Flush(done));
        self.hand_on()?;
        waiting.recv().map_err(|_| Error::Stopped)?;
        self.tally.check()?;
        Ok(self.tally.counts())
    }
}
