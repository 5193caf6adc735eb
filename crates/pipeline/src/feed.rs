//! Where the mails of one source go in: in order, as fast as the way takes them.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use model::{ImportRunId, MailboxId, Provenance, Sha256};
use store::{Cursor, EntryFate, LeftOut};

use crate::core::Core;
use crate::error::{Error, Result};
use crate::exclusions::{Exclusions, HEAD_OCTETS_MAX, is_head_complete};
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
    /// It bears its server's keyword for spam.
    pub(crate) is_junk: bool,
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
        stored: Box<archive::Appended>,
        is_junk: bool,
        entry: Option<Entry>,
    },
    /// Streamed, but its octets are here already.
    Known {
        mailbox: MailboxId,
        provenance: Provenance,
        sha256: Sha256,
        octets: u64,
        is_junk: bool,
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
    /// These and the others.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            archived: self.archived + other.archived,
            duplicates: self.duplicates + other.duplicates,
            excluded: self.excluded + other.excluded,
            failed: self.failed + other.failed,
            octets: self.octets + other.octets,
        }
    }

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

/// A large mail that comes in piece by piece.
pub(crate) struct Coming {
    mailbox: MailboxId,
    provenance: Provenance,
    is_junk: bool,
    way: Way,
}

enum Way {
    /// Held back until its header section is complete.
    Head(Vec<u8>),
    /// Into the archive.
    Kept(Box<archive::Put>),
    /// By the exclusion of this name: its octets go nowhere.
    Excluded(String),
}

/// The entrance for one source.
pub(crate) struct Feed {
    core: Arc<Core>,
    /// What of it is not archived.
    exclusions: Exclusions,
    pool: Pool<Chunk, Done>,
    tally: Arc<Tally>,
    pieces: Vec<Piece>,
    octets: usize,
}

impl Feed {
    pub(crate) fn new(
        core: Arc<Core>,
        pool: Pool<Chunk, Done>,
        exclusions: Exclusions,
        run: Option<ImportRunId>,
    ) -> Self {
        let tally = Arc::new(Tally { run, ..Tally::default() });
        Self { core, exclusions, pool, tally, pieces: Vec::new(), octets: 0 }
    }

    pub(crate) fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// What of the source is not archived.
    pub(crate) fn exclusions(&self) -> &Exclusions {
        &self.exclusions
    }

    /// Hands a small mail in. Blocks while the way is full.
    pub(crate) fn mail(&mut self, incoming: Incoming) -> Result<()> {
        let excluded = self.exclusions.judge(&incoming.provenance, incoming.is_junk, &incoming.octets);
        if let Some(name) = excluded.map(str::to_owned) {
            let Incoming { mailbox, provenance, entry, .. } = incoming;
            return self.exclude(mailbox, provenance, name, entry);
        }
        self.octets += incoming.octets.len();
        self.push(Piece::Mail(incoming))
    }

    /// Counts a mail that is not archived, by the exclusion of this name.
    pub(crate) fn exclude(
        &mut self,
        mailbox: MailboxId,
        provenance: Provenance,
        name: String,
        entry: Option<Entry>,
    ) -> Result<()> {
        let position = provenance.position;
        self.push(match entry {
            Some(entry) => {
                let rule = "import-exclusion".to_owned();
                Piece::Entry(entry, EntryFate::Excluded { rule, detail: name })
            }
            None => Piece::LeftOut(LeftOut { mailbox, position, excluded: true, reason: name }),
        })
    }

    /// Streams a large mail into the archive. A failure of `octets` itself is given as the inner error; nothing is kept then.
    pub(crate) fn stream(
        &mut self,
        mailbox: MailboxId,
        provenance: Provenance,
        octets: &mut dyn Read,
        entry: Option<Entry>,
    ) -> Result<std::io::Result<()>> {
        let mut coming = self.begin(mailbox, provenance, false)?;
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match octets.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => self.take(&mut coming, &buffer[..len])?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        self.end(coming, entry).map(Ok)
    }

    /// Begins a large mail. Dropped before its end, it was none.
    pub(crate) fn begin(&self, mailbox: MailboxId, provenance: Provenance, is_junk: bool) -> Result<Coming> {
        let way = if self.exclusions.is_empty() {
            Way::Kept(Box::new(self.core.archive.put(&provenance, self.lookup())?))
        } else {
            Way::Head(Vec::new())
        };
        Ok(Coming { mailbox, provenance, is_junk, way })
    }

    /// Asks the database which objects are there. Without an answer none counts as known: it is stored once more.
    fn lookup(&self) -> archive::Lookup {
        let core = Arc::clone(&self.core);
        Arc::new(move |digests| core.known_objects(digests).unwrap_or_default())
    }

    /// The next octets of a large mail.
    pub(crate) fn take(&self, coming: &mut Coming, octets: &[u8]) -> Result<()> {
        match &mut coming.way {
            Way::Excluded(_) => Ok(()),
            Way::Kept(put) => Ok(put.push(octets)?),
            Way::Head(head) => {
                head.extend_from_slice(octets);
                if head.len() >= HEAD_OCTETS_MAX || is_head_complete(head) {
                    self.decide(coming)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Nothing of the mail is written before.
    fn decide(&self, coming: &mut Coming) -> Result<()> {
        let Way::Head(head) = &coming.way else { return Ok(()) };
        let excluded = self.exclusions.judge(&coming.provenance, coming.is_junk, head);
        coming.way = if let Some(name) = excluded {
            Way::Excluded(name.to_owned())
        } else {
            let mut put = self.core.archive.put(&coming.provenance, self.lookup())?;
            put.push(head)?;
            Way::Kept(Box::new(put))
        };
        Ok(())
    }

    /// Takes a large mail that is complete.
    pub(crate) fn end(&mut self, mut coming: Coming, entry: Option<Entry>) -> Result<()> {
        self.decide(&mut coming)?;
        let Coming { mailbox, provenance, is_junk, way } = coming;
        let put = match way {
            Way::Kept(put) => put,
            Way::Excluded(name) => return self.exclude(mailbox, provenance, name, entry),
            Way::Head(_) => return Ok(()),
        };
        let (sha256, octets) = (put.sha256(), put.octets());
        if !self.core.store.known_digests(&[sha256])?.is_empty() {
            return self.push(Piece::Known { mailbox, provenance, sha256, octets, is_junk, entry });
        }
        let stored = Box::new(put.finish()?);
        self.push(Piece::Stored { mailbox, provenance, stored, is_junk, entry })
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
