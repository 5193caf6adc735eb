//! From octets to `filed`, in batches: workers hash, compress and read; one writer makes durable, commits and files.
//!
//! The order is that of the durability rules: record → fdatasync → transaction → (only then) whatever follows.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use archive::{Appended, Encoded, Encoder, Known, Split, Stored};
use model::{AccountId, ImportRunId, MailId, MailboxId, ObjectId, Position, Provenance, Sha256};
use store::{
    Cursor, EntryFate, Filed, Intake, IntakeItem, IntakeOutcome, LeftOut, NewEntry, SegmentCommit,
    SharedObject,
};

use crate::core::Core;
use crate::error::{Error, Result};
use crate::exclusions::Exclusions;
use crate::feed::{Chunk, Entry, Feed, Incoming, Piece, Tally};
use crate::pool::{Next, Pool, Results};
use crate::steps::{self, Reading};

/// Mails committed together.
const BATCH_MAILS: usize = 500;
/// How long the first mail of a batch waits for others.
const BATCH_PATIENCE: Duration = Duration::from_millis(200);
/// How long filing waits for the index before texts are dropped (and read again from the archive).
const INDEX_PATIENCE: Duration = Duration::from_secs(10);

/// A worked-on chunk.
pub(crate) struct Done {
    tally: Arc<Tally>,
    pieces: Vec<DonePiece>,
}

enum DonePiece {
    Mail(Box<Worked>),
    LeftOut(LeftOut),
    Entry(Entry, EntryFate),
    Cursor(MailboxId, Cursor),
    Flush(SyncSender<()>),
}

/// A mail ready to be written.
struct Worked {
    mailbox: MailboxId,
    provenance: Provenance,
    sha256: Sha256,
    octets: u64,
    record: Record,
    reading: Option<Reading>,
    is_junk: bool,
    /// Who handed it in wakes `run`.
    later: bool,
    entry: Option<Entry>,
}

enum Record {
    /// Known before: nothing to write.
    None,
    Encoded(Box<Encoded>),
    Stored(Box<Appended>),
}

/// The running way in.
pub(crate) struct Flow {
    pool: Pool<Chunk, Done>,
    writer: Option<JoinHandle<()>>,
}

impl Flow {
    /// Starts workers and writer.
    pub(crate) fn start(core: &Arc<Core>, threads: usize) -> std::io::Result<Self> {
        let for_workers = Arc::clone(core);
        let (pool, results) = Pool::start("mail", threads, threads * 2 + 2, move || {
            let core = Arc::clone(&for_workers);
            let mut encoder = core.archive.encoder();
            move |chunk| work_guarded(&core, &mut encoder, chunk)
        })?;
        let core = Arc::clone(core);
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || Writer { core, results }.run())?;
        Ok(Self { pool, writer: Some(writer) })
    }

    /// Where sources go in.
    pub(crate) fn entrance(&self) -> Entrance {
        Entrance(self.pool.clone())
    }

    /// Lets what is under way come through, then ends.
    pub(crate) fn close(&mut self) {
        self.pool.close();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer failed");
        }
    }
}

/// Makes entrances for sources.
#[derive(Clone)]
pub(crate) struct Entrance(Pool<Chunk, Done>);

impl Entrance {
    /// An entrance for one source of an account, with the exclusions the account has now.
    ///
    /// # Errors
    /// `Missing` account, those of the database.
    pub(crate) fn feed(
        &self,
        core: &Arc<Core>,
        account: AccountId,
        run: Option<ImportRunId>,
    ) -> Result<Feed> {
        let exclusions = Exclusions::of(core, account)?;
        Ok(Feed::new(Arc::clone(core), self.0.clone(), exclusions, run))
    }
}

/// A chunk whose worker panicked stops its source: a later cursor must not pass the gap.
fn work_guarded(core: &Core, encoder: &mut Encoder, chunk: Chunk) -> Done {
    let tally = Arc::clone(&chunk.tally);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(core, encoder, chunk))).unwrap_or_else(
        |_| {
            tally.fail(&Arc::new(Error::Stopped));
            Done { tally, pieces: Vec::new() }
        },
    )
}

/// Hashes, looks for known digests, compresses and reads the mails of a chunk.
fn work(core: &Core, encoder: &mut Encoder, chunk: Chunk) -> Done {
    let digests: Vec<Option<Sha256>> = chunk
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Mail(incoming) => Some(archive::sha256(&incoming.octets)),
            _ => None,
        })
        .collect();
    let wanted: Vec<Sha256> = digests.iter().flatten().copied().collect();
    // Without an answer nothing counts as known: the writer asks again.
    let known = core.store.known_digests(&wanted).unwrap_or_default();
    let stored = chunk.pieces.iter().filter_map(|piece| match piece {
        Piece::Stored { stored, .. } => Some(stored.mail.sha256),
        _ => None,
    });
    let unknown: Vec<Sha256> =
        wanted.iter().copied().filter(|sha256| !known.contains_key(sha256)).chain(stored).collect();
    let erased = match crate::erasure::erased(core, &unknown) {
        Ok(erased) => erased,
        Err(error) => {
            chunk.tally.fail(&Arc::new(error));
            return Done { tally: chunk.tally, pieces: Vec::new() };
        }
    };
    let splits: Vec<Option<Split>> = chunk
        .pieces
        .iter()
        .zip(&digests)
        .map(|(piece, digest)| match (piece, digest) {
            (Piece::Mail(incoming), Some(sha256)) if !known.contains_key(sha256) => {
                Some(Split::of(&incoming.octets))
            }
            _ => None,
        })
        .collect();
    let wanted: Vec<Sha256> = splits.iter().flatten().flat_map(Split::digests).collect();
    let objects = core.known_objects(&wanted).unwrap_or_default();
    let pieces = chunk.pieces.into_iter().zip(digests).zip(splits);
    let pieces = pieces
        .filter_map(|((piece, digest), split)| {
            Some(match (piece, digest) {
                (Piece::Mail(incoming), Some(sha256)) if erased.contains(&sha256) => {
                    let Incoming { mailbox, provenance, entry, .. } = incoming;
                    left_erased(mailbox, provenance.position, entry)
                }
                (Piece::Stored { mailbox, provenance, stored, entry, .. }, _)
                    if erased.contains(&stored.mail.sha256) =>
                {
                    let records: Vec<Stored> = stored.records().collect();
                    core.archive.withdraw(&records);
                    // Where others follow already, only their keys can go.
                    let names = records.iter().map(|record| record.object_id).collect();
                    if let Err(error) = crate::erasure::doom_some(core, &names) {
                        chunk.tally.fail(&Arc::new(error));
                    }
                    left_erased(mailbox, provenance.position, entry)
                }
                (Piece::Mail(incoming), Some(sha256)) => {
                    match work_mail(core, encoder, incoming, sha256, split.as_ref(), &objects) {
                        Ok(worked) => DonePiece::Mail(Box::new(worked)),
                        Err(error) => {
                            chunk.tally.fail(&Arc::new(error));
                            return None;
                        }
                    }
                }
                (Piece::Mail(_), None) => return None,
                (Piece::Stored { mailbox, provenance, stored, is_junk, entry }, _) => {
                    DonePiece::Mail(Box::new(Worked {
                        mailbox,
                        provenance,
                        sha256: stored.mail.sha256,
                        octets: stored.mail.octets,
                        record: Record::Stored(stored),
                        reading: None,
                        is_junk,
                        later: false,
                        entry,
                    }))
                }
                (Piece::Known { mailbox, provenance, sha256, octets, is_junk, entry }, _) => {
                    DonePiece::Mail(Box::new(Worked {
                        mailbox,
                        provenance,
                        sha256,
                        octets,
                        record: Record::None,
                        reading: None,
                        is_junk,
                        later: false,
                        entry,
                    }))
                }
                (Piece::LeftOut(left), _) => DonePiece::LeftOut(left),
                (Piece::Entry(entry, fate), _) => DonePiece::Entry(entry, fate),
                (Piece::Cursor(mailbox, cursor), _) => DonePiece::Cursor(mailbox, cursor),
                (Piece::Flush(done), _) => DonePiece::Flush(done),
            })
        })
        .collect();
    Done { tally: chunk.tally, pieces }
}

/// A mail that was erased, and that its source still has.
fn left_erased(mailbox: MailboxId, position: Position, entry: Option<Entry>) -> DonePiece {
    let reason = store::ERASED.to_owned();
    match entry {
        Some(entry) => DonePiece::Entry(entry, EntryFate::Excluded { rule: reason, detail: String::new() }),
        None => DonePiece::LeftOut(LeftOut { mailbox, position, excluded: true, reason }),
    }
}

fn work_mail(
    core: &Core,
    encoder: &mut Encoder,
    incoming: Incoming,
    sha256: Sha256,
    split: Option<&Split>,
    objects: &Known,
) -> Result<Worked> {
    let Incoming { mailbox, provenance, octets, is_junk, later, entry } = incoming;
    let (record, reading) = if let Some(split) = split {
        let encoded = encoder.encode_split(&provenance, split, octets.len() as u64, sha256, objects)?;
        // A mail that cannot be read is committed all the same; `run` tries it again and counts.
        let reading = if later { None } else { steps::read_guarded(core, &octets).ok() };
        (Record::Encoded(Box::new(encoded)), reading)
    } else {
        (Record::None, None)
    };
    Ok(Worked {
        mailbox,
        provenance,
        sha256,
        octets: octets.len() as u64,
        record,
        reading,
        is_junk,
        later,
        entry,
    })
}

/// What is written together.
#[derive(Default)]
struct Batch {
    mails: Vec<(Arc<Tally>, Box<Worked>)>,
    left_out: Vec<LeftOut>,
    cursors: Vec<(Arc<Tally>, MailboxId, Cursor)>,
    /// Of imports: what became no mail.
    entries: Vec<(Arc<Tally>, Entry, EntryFate)>,
    tallies: Vec<Arc<Tally>>,
    flushes: Vec<SyncSender<()>>,
}

struct Writer {
    core: Arc<Core>,
    results: Results<Done>,
}

impl Writer {
    fn run(self) {
        let mut batch = Batch::default();
        let mut since: Option<Instant> = None;
        loop {
            let patience = since.map(|since| BATCH_PATIENCE.saturating_sub(since.elapsed()));
            let (quiet, end) = match self.results.next(patience) {
                Next::Result(done) => {
                    batch.add(done);
                    since.get_or_insert_with(Instant::now);
                    (false, false)
                }
                Next::Quiet => (true, false),
                Next::Lost => {
                    tracing::error!("a worker failed; its mails stay at their source");
                    (false, false)
                }
                Next::End => (true, true),
            };
            let is_full = batch.mails.len().max(batch.entries.len()) >= BATCH_MAILS;
            if quiet || !batch.flushes.is_empty() || is_full {
                self.write(std::mem::take(&mut batch));
                since = None;
            }
            if end {
                return;
            }
        }
    }

    /// Writes a batch; what cannot be written stops its sources, which keep their mails.
    fn write(&self, batch: Batch) {
        let tallies = batch.tallies.clone();
        let (outcome, flushes) = self.commit(batch);
        if let Err(error) = outcome {
            tracing::warn!(error = %crate::chain(&error), "a batch of mails could not be stored; it stays at its source");
            let error = Arc::new(error);
            for tally in &tallies {
                tally.fail(&error);
            }
        }
        for flush in flushes {
            // Who no longer waits needs no answer.
            flush.send(()).ok();
        }
    }

    fn commit(&self, mut batch: Batch) -> (Result<()>, Vec<SyncSender<()>>) {
        let flushes = std::mem::take(&mut batch.flushes);
        (self.commit_mails(batch), flushes)
    }

    fn commit_mails(&self, mut batch: Batch) -> Result<()> {
        // Sources that failed earlier have to hand in again from there: a later cursor must not pass the gap.
        batch.drop_failed();
        if batch.mails.is_empty()
            && batch.left_out.is_empty()
            && batch.cursors.is_empty()
            && batch.entries.is_empty()
        {
            return Ok(());
        }
        let Written { items, stored, objects, uses } = self.append(&mut batch)?;
        let committed = self.core.archive.sync(&stored)?;
        let segments = committed
            .iter()
            .map(|c| SegmentCommit { segment: c.segment, committed: c.len, sealed: false })
            .collect();
        let now = self.core.now();
        // Nobody may take these mails up between the two transactions.
        let _filing = self.core.filing.lock().unwrap_or_else(PoisonError::into_inner);
        let intake = Intake {
            items,
            segments,
            objects,
            uses,
            junk: batch.junk(),
            cursors: std::mem::take(&mut batch.cursors)
                .into_iter()
                .map(|(_, mailbox, cursor)| (mailbox, cursor))
                .collect(),
            left_out: std::mem::take(&mut batch.left_out),
            entries: batch.take_entries(),
            told: HashSet::new(),
            adopted: false,
            event: None,
            now,
        };
        let outcomes = self.core.store.commit_intake(intake).inspect_err(|error| {
            // Rolled back for certain: a database that stays full must not fill the archive with copies.
            if matches!(error, store::StoreError::DiskFull(_) | store::StoreError::Missing { .. }) {
                self.core.archive.withdraw(&stored);
            }
        })?;
        self.core.archive.confirm(&stored);
        let mut filed = Vec::with_capacity(outcomes.len());
        let mut news = Vec::with_capacity(outcomes.len());
        for ((tally, worked), outcome) in batch.mails.into_iter().zip(outcomes) {
            tally.octets.fetch_add(worked.octets, Ordering::Relaxed);
            match outcome {
                IntakeOutcome::New { mail_id, seq } => {
                    tally.archived.fetch_add(1, Ordering::Relaxed);
                    match worked.reading {
                        Some(reading) => {
                            news.push((worked.provenance.account, mail_id));
                            filed.push(self.filed(seq, mail_id, &worked.provenance, reading));
                        }
                        None if worked.later => {}
                        None => self.core.wake_runner(),
                    }
                }
                IntakeOutcome::Duplicate { .. } => {
                    tally.duplicates.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        if !filed.is_empty() {
            let linking = crate::linking::linking(&self.core)?;
            self.core.store.file_batch(filed, Arc::new(steps::Threads), linking)?;
            self.core.wake_follower();
        }
        self.core.tell_filed(news);
        Ok(())
    }

    fn filed(&self, seq: i64, mail_id: MailId, provenance: &Provenance, mut reading: Reading) -> Filed {
        self.core.hand_over(mail_id, &mut reading, INDEX_PATIENCE);
        let source = steps::Source {
            received: provenance.received,
            is_files: matches!(provenance.position, Position::File { .. }),
        };
        steps::filed(seq, reading, source, provenance.fetched, &self.core.reference)
    }

    /// Appends what is new to the archive. Gives what is for the database, and the records to make durable.
    fn append(&self, batch: &mut Batch) -> Result<Written> {
        let digests: Vec<Sha256> = batch.mails.iter().map(|(_, worked)| worked.sha256).collect();
        let known = self.core.store.known_digests(&digests)?;
        let mut here: HashSet<Sha256> = HashSet::with_capacity(digests.len());
        // Objects may have become known since the workers asked.
        let unplaced: Vec<Sha256> = batch.mails.iter().flat_map(|(_, worked)| worked.unplaced()).collect();
        let mut parts = self.core.known_objects(&unplaced)?;
        let mut written = Written::default();
        for (_, worked) in &mut batch.mails {
            let appended = match std::mem::replace(&mut worked.record, Record::None) {
                // A streamed record lies in the archive already; that it is there twice does no harm.
                Record::Stored(appended) => Some(*appended),
                Record::Encoded(mut encoded)
                    if !known.contains_key(&worked.sha256) && !here.contains(&worked.sha256) =>
                {
                    let appended = self.core.archive.append_mail(&mut encoded, &mut parts);
                    Some(appended.inspect_err(|_| self.core.archive.withdraw(&written.stored))?)
                }
                Record::None | Record::Encoded(_) => None,
            };
            here.insert(worked.sha256);
            let record = appended.as_ref().map(|appended| appended.mail);
            if let Some(appended) = appended {
                parts.extend(appended.objects.iter().map(|object| (object.sha256, object.part())));
                written.add(appended);
            }
            let provenance = &worked.provenance;
            written.items.push(IntakeItem {
                mail_id: MailId::new(uuid::Uuid::now_v7()),
                sha256: worked.sha256,
                octets: worked.octets,
                record: record.map(|record| (record.object_id, record.location)),
                mailbox: worked.mailbox,
                position: provenance.position.clone(),
                received: provenance.received,
                fetched: provenance.fetched,
                flags: provenance.flags,
                envelope: provenance.envelope.clone(),
            });
        }
        Ok(written)
    }
}

/// What of a batch lies in the archive now.
#[derive(Default)]
struct Written {
    items: Vec<IntakeItem>,
    /// Mails and objects.
    stored: Vec<Stored>,
    objects: Vec<SharedObject>,
    uses: HashMap<ObjectId, Vec<ObjectId>>,
}

impl Written {
    fn add(&mut self, appended: Appended) {
        self.stored.extend(appended.records());
        self.objects.extend(appended.objects.iter().map(shared));
        if !appended.uses.is_empty() {
            self.uses.insert(appended.mail.object_id, appended.uses);
        }
    }
}

/// An object for the database.
pub(crate) fn shared(stored: &Stored) -> SharedObject {
    let Stored { object_id: object, location, octets, sha256 } = *stored;
    SharedObject { object, location, octets, sha256 }
}

impl Worked {
    /// Digests of objects that come with it.
    fn unplaced(&self) -> impl Iterator<Item = Sha256> + '_ {
        let encoded = match &self.record {
            Record::Encoded(encoded) => Some(encoded),
            Record::None | Record::Stored(_) => None,
        };
        encoded.into_iter().flat_map(|encoded| encoded.unplaced())
    }
}

impl Batch {
    fn add(&mut self, done: Done) {
        let Done { tally, pieces } = done;
        for piece in pieces {
            match piece {
                DonePiece::Mail(worked) => self.mails.push((Arc::clone(&tally), worked)),
                DonePiece::LeftOut(left) => {
                    let counter = if left.excluded { &tally.excluded } else { &tally.failed };
                    counter.fetch_add(1, Ordering::Relaxed);
                    self.left_out.push(left);
                }
                DonePiece::Entry(entry, fate) => {
                    let counter = match &fate {
                        EntryFate::Excluded { .. } => &tally.excluded,
                        _ => &tally.failed,
                    };
                    counter.fetch_add(1, Ordering::Relaxed);
                    self.entries.push((Arc::clone(&tally), entry, fate));
                }
                DonePiece::Cursor(mailbox, cursor) if !tally.has_failed() => {
                    self.cursors.push((Arc::clone(&tally), mailbox, cursor));
                }
                DonePiece::Cursor(..) => {}
                DonePiece::Flush(done) => self.flushes.push(done),
            }
        }
        if !self.tallies.iter().any(|known| Arc::ptr_eq(known, &tally)) {
            self.tallies.push(tally);
        }
    }

    /// Places of the mails that their servers call spam.
    fn junk(&self) -> Vec<usize> {
        let mails = self.mails.iter().enumerate();
        mails.filter(|(_, (_, worked))| worked.is_junk).map(|(at, _)| at).collect()
    }

    /// Neither mails nor the cursors behind them.
    fn drop_failed(&mut self) {
        self.mails.retain(|(tally, _)| !tally.has_failed());
        self.cursors.retain(|(tally, ..)| !tally.has_failed());
        self.entries.retain(|(tally, ..)| !tally.has_failed());
    }

    /// The entries of runs, each run's in the order of its source.
    fn take_entries(&mut self) -> Vec<NewEntry> {
        let mails = self.mails.iter_mut().enumerate().filter_map(|(at, (tally, worked))| {
            let Entry { n, path: locator, note } = worked.entry.take()?;
            let fate = EntryFate::Item { at, note };
            Some(NewEntry { run: tally.run?, n, locator, fate })
        });
        let others = std::mem::take(&mut self.entries).into_iter().filter_map(|(tally, entry, fate)| {
            Some(NewEntry { run: tally.run?, n: entry.n, locator: entry.path, fate })
        });
        let mut entries: Vec<NewEntry> = mails.chain(others).collect();
        entries.sort_by_key(|entry| entry.n);
        entries
    }
}
