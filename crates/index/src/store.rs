//! The index on disk: opening, writing, committing, following merges.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tantivy::directory::MmapDirectory;
use tantivy::directory::error::OpenReadError;
use tantivy::index::{SegmentComponent, SegmentMeta};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::store::Compressor;
use tantivy::{IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyError};

use crate::batch::Batch;
use crate::document::Document;
use crate::error::{Error, Rebuild};
use crate::parts::Parts;
use crate::replaced::Replaced;
use crate::window::Windowed;
use crate::{FORMAT, schema, segment};

const VERSION_FILE: &str = "format";
const META_FILE: &str = "meta.json";
const PARTS_FILE: &str = "words";
/// tantivy's own writer only keeps the books here; this is the least it takes, and it takes it only for documents.
const WRITER_OCTETS: usize = 15_000_000;
/// Segments of about one size that are merged into one.
const MERGE_SEGMENTS: usize = 8;
/// Below this many messages all segments count as of one size.
const MERGE_MIN_MESSAGES: u32 = 100;
/// [`Index::settle`] merges if there are more segments than this, of up to this many messages.
const SETTLED_SEGMENTS: usize = 4;
const SETTLED_MESSAGES_MAX: u32 = 500_000;

/// Limits of an index.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory for messages not yet on disk, octets. When it is full a segment is written.
    pub heap_octets: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { heap_octets: 40_000_000 }
    }
}

/// A full text index in a directory of its own.
///
/// Many threads may search while one writes. All calls block.
pub struct Index {
    dir: PathBuf,
    options: Options,
    /// For searching: its files are mapped into memory.
    inner: tantivy::Index,
    /// The same for writing and merging: its files are read in windows.
    writing: tantivy::Index,
    pub(crate) reader: IndexReader,
    state: Mutex<State>,
}

/// What writing needs; nothing of it is made before the first write.
struct State {
    writer: Option<IndexWriter>,
    batch: Option<Batch>,
    change_seq: u64,
    /// Something was written since.
    dirty: bool,
    /// Highest key ever written: higher ones need not be deleted first.
    seq_max: u64,
}

impl Index {
    /// Opens the index in `dir`; makes an empty one if there is none.
    ///
    /// # Errors
    /// [`Error::Rebuild`] if it is of another version or damaged (see [`Index::recreate`]), [`Error::Io`].
    pub fn open(dir: impl Into<PathBuf>, options: Options) -> Result<Self, Error> {
        let dir = dir.into();
        let io = |source: io::Error| Error::Io { dir: dir.clone(), source: source.into() };
        fs::create_dir_all(&dir).map_err(io)?;
        let version = dir.join(VERSION_FILE);
        match fs::read_to_string(&version) {
            Ok(found) if found.trim_end() == FORMAT => {}
            Ok(found) => {
                return Err(Error::Rebuild {
                    dir,
                    reason: Rebuild::Version { found: found.trim_end().into() },
                });
            }
            Err(e) if e.kind() == io::ErrorKind::InvalidData => return Err(damaged(&dir, &e)),
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io(e)),
            Err(_) if dir.join(META_FILE).exists() => {
                return Err(damaged(&dir, "its version file is missing"));
            }
            Err(_) => {
                fs::write(&version, format!("{FORMAT}\n")).map_err(io)?;
            }
        }
        guarded(&dir, || Self::open_tantivy(&dir, options))
    }

    /// Deletes what is in `dir`, whatever it is, and makes an empty index there.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn recreate(dir: impl Into<PathBuf>, options: Options) -> Result<Self, Error> {
        let dir = dir.into();
        match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::Io { dir, source: e.into() }),
            _ => Self::open(dir, options),
        }
    }

    fn open_tantivy(dir: &Path, options: Options) -> Result<Self, Error> {
        let failed = |e: TantivyError| failure(dir, e);
        let directory = MmapDirectory::open(dir).map_err(|e| failed(e.into()))?;
        let settings = IndexSettings {
            docstore_compression: Compressor::None,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let fresh = !dir.join(META_FILE).exists();
        let index = if fresh {
            tantivy::Index::create(directory.clone(), schema::schema(), settings).map_err(failed)?
        } else {
            tantivy::Index::open(directory.clone()).map_err(failed)?
        };
        let writing = tantivy::Index::open(Windowed::new(dir, directory)).map_err(failed)?;
        if index.schema() != schema::schema() {
            return Err(damaged(dir, "its schema is not that of its version"));
        }
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(1)
            .try_into()
            .map_err(failed)?;
        let metas = index.load_metas().map_err(failed)?;
        // What tantivy itself takes for empty when it is missing.
        let positions = |meta: &SegmentMeta| dir.join(meta.relative_path(SegmentComponent::Positions));
        if let Some(missing) = metas.segments.iter().map(positions).find(|file| !file.exists()) {
            return Err(damaged(dir, &format!("{} is missing", missing.display())));
        }
        let payload = metas.payload;
        let (change_seq, seq_max) =
            read_payload(payload.as_deref()).ok_or_else(|| damaged(dir, "its commit has no number"))?;
        Ok(Self {
            dir: dir.to_owned(),
            options,
            inner: index,
            writing,
            reader,
            state: Mutex::new(State { writer: None, batch: None, change_seq, dirty: false, seq_max }),
        })
    }

    /// The change number of the last commit; 0 in an empty index.
    pub fn last_change_seq(&self) -> u64 {
        self.state().change_seq
    }

    /// Messages that can be found.
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// No message can be found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds messages, replacing those of the same key, and deletes others by key, in this order. They can be found after
    /// [`Index::commit`].
    ///
    /// # Errors
    /// [`Error::InUse`] if another process writes; [`Error::Io`]. After an error what was not committed is forgotten: go
    /// on from [`Index::last_change_seq`].
    pub fn write(&self, documents: &[Document<'_>], deletes: &[u64]) -> Result<(), Error> {
        let mut state = self.state();
        state.dirty = true;
        let result = self.add(&mut state, documents, deletes);
        self.or_forget(&mut state, result)
    }

    fn add(&self, state: &mut State, documents: &[Document<'_>], deletes: &[u64]) -> Result<(), Error> {
        let State { writer, batch, seq_max, .. } = state;
        let (writer, batch) = self.tools(writer, batch)?;
        let failed = |e| failure(&self.dir, e);
        for document in documents {
            if document.seq <= *seq_max {
                delete(writer, batch, document.seq).map_err(failed)?;
            }
            *seq_max = document.seq.max(*seq_max);
            batch.add(document);
            if batch.is_full() {
                flush(writer, batch).map_err(failed)?;
            }
        }
        for seq in deletes {
            delete(writer, batch, *seq).map_err(failed)?;
        }
        Ok(())
    }

    /// Makes durable and findable what was written, up to this change of the database.
    ///
    /// # Errors
    /// [`Error::Io`]; what was written since the last commit is then forgotten.
    pub fn commit(&self, change_seq: u64) -> Result<(), Error> {
        let mut state = self.state();
        let result = self.finish(&mut state, change_seq);
        self.or_forget(&mut state, result)?;
        // Whoever sees the number finds what it stands for.
        let reloaded = self.reload();
        drop(state);
        reloaded
    }

    fn finish(&self, state: &mut State, change_seq: u64) -> Result<(), Error> {
        let (writer, batch) = self.tools(&mut state.writer, &mut state.batch)?;
        let failed = |e| failure(&self.dir, e);
        flush(writer, batch).map_err(failed)?;
        let mut commit = writer.prepare_commit().map_err(failed)?;
        commit.set_payload(&write_payload(change_seq, state.seq_max));
        commit.commit().map_err(failed)?;
        state.change_seq = change_seq;
        state.dirty = false;
        batch.segment = None;
        batch.recent.clear();
        // Only parts of compounds hang on it, and it is learned again.
        let _ = batch.parts.save(&self.dir.join(PARTS_FILE));
        Ok(())
    }

    /// What is in memory is worth nothing after a failure: the next write begins at the last commit.
    fn or_forget(&self, state: &mut State, result: Result<(), Error>) -> Result<(), Error> {
        if result.is_err() {
            state.writer = None;
            state.batch = None;
            state.dirty = false;
            state.seq_max = u64::MAX;
            if let Some((_, seq_max)) =
                self.inner.load_metas().ok().and_then(|metas| read_payload(metas.payload.as_deref()))
            {
                state.seq_max = seq_max;
            }
        }
        result
    }

    /// Merges small segments when nothing has to be written for a while, and gives memory back; blocks until done. Does
    /// nothing while something written is not committed.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn settle(&self) -> Result<(), Error> {
        let mut state = self.state();
        if state.dirty {
            return Ok(());
        }
        state.batch = None;
        let failed = |e: TantivyError| failure(&self.dir, e);
        let metas = self.inner.searchable_segment_metas().map_err(failed)?;
        let small: Vec<_> = metas
            .iter()
            .filter(|meta| meta.num_docs() <= SETTLED_MESSAGES_MAX)
            .map(SegmentMeta::id)
            .collect();
        if small.len() > SETTLED_SEGMENTS {
            let mut writer = match state.writer.take() {
                Some(writer) => writer,
                None => self.writer()?,
            };
            writer.merge(&small).wait().map_err(failed)?;
            writer.wait_merging_threads().map_err(failed)?;
        } else if let Some(writer) = state.writer.take() {
            writer.wait_merging_threads().map_err(failed)?;
        }
        self.reload()
    }

    /// Forgets messages for good: they are deleted, every segment that holds a deleted one is written anew without it, and the old
    /// files are removed. What was written and not committed is committed with it; blocks until done.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::Io`]; the same again completes it.
    pub fn purge(&self, deletes: &[u64]) -> Result<(), Error> {
        let mut state = self.state();
        let change_seq = state.change_seq;
        let result = self.add(&mut state, &[], deletes).and_then(|()| self.finish(&mut state, change_seq));
        self.or_forget(&mut state, result)?;
        state.batch = None;
        let mut writer = match state.writer.take() {
            Some(writer) => writer,
            None => self.writer()?,
        };
        let failed = |e: TantivyError| failure(&self.dir, e);
        let metas = self.inner.searchable_segment_metas().map_err(failed)?;
        for meta in metas.iter().filter(|meta| meta.has_deletes()) {
            // One that is being merged already is written anew by that.
            writer.merge(&[meta.id()]).wait().ok();
        }
        writer.wait_merging_threads().map_err(failed)?;
        let left = self.inner.searchable_segment_metas().map_err(failed)?;
        if left.iter().any(SegmentMeta::has_deletes) {
            let ids: Vec<_> = left.iter().filter(|meta| meta.has_deletes()).map(SegmentMeta::id).collect();
            let mut writer = self.writer()?;
            writer.merge(&ids).wait().map_err(failed)?;
            writer.wait_merging_threads().map_err(failed)?;
        }
        self.reload()?;
        // A writer begins by removing files that nobody needs: those that the reader before still held.
        self.writer()?.wait_merging_threads().map_err(failed)
    }

    /// Reads every octet of the index and compares checksums.
    ///
    /// # Errors
    /// [`Error::Rebuild`] if a file is not what was written, [`Error::Io`].
    pub fn verify(&self) -> Result<(), Error> {
        let broken = self.inner.validate_checksum().map_err(|e| failure(&self.dir, e))?;
        match broken.iter().min() {
            Some(file) => Err(damaged(&self.dir, &format!("{} is not what was written", file.display()))),
            None => Ok(()),
        }
    }

    fn reload(&self) -> Result<(), Error> {
        guarded(&self.dir, || self.reader.reload().map_err(|e| failure(&self.dir, e)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writer and batch, made if they are not there.
    fn tools<'a>(
        &self,
        writer: &'a mut Option<IndexWriter>,
        batch: &'a mut Option<Batch>,
    ) -> Result<(&'a mut IndexWriter, &'a mut Batch), Error> {
        let writer = match writer {
            Some(writer) => writer,
            none => none.insert(self.writer()?),
        };
        let batch = batch.get_or_insert_with(|| {
            Batch::new(Parts::load(&self.dir.join(PARTS_FILE)), self.options.heap_octets)
        });
        Ok((writer, batch))
    }

    fn writer(&self) -> Result<IndexWriter, Error> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_OCTETS)
            .build();
        let failed = |e| failure(&self.dir, e);
        let writer = self.writing.writer_with_options(options).map_err(failed)?;
        // What a process that was killed had begun to write would be in the way of the same file again.
        writer.garbage_collect_files().wait().map_err(failed)?;
        let mut merges = LogMergePolicy::default();
        merges.set_min_num_segments(MERGE_SEGMENTS);
        merges.set_min_layer_size(MERGE_MIN_MESSAGES);
        merges.set_level_log_size(1.5);
        merges.set_del_docs_ratio_before_merge(0.4);
        writer.set_merge_policy(Box::new(merges));
        Ok(writer)
    }

    /// Runs what reads the index; what it finds damaged becomes an error.
    pub(crate) fn guarded<T>(&self, read: impl FnOnce() -> Result<T, TantivyError>) -> Result<T, Error> {
        guarded(&self.dir, || read().map_err(|e| failure(&self.dir, e)))
    }
}

/// Makes a segment of what waits in memory.
fn flush(writer: &IndexWriter, batch: &mut Batch) -> Result<(), TantivyError> {
    if batch.facts.is_empty() {
        return Ok(());
    }
    begin(writer, batch);
    let Some(segment) = batch.segment.take() else { return Ok(()) };
    segment::write(batch, &segment)?;
    let segment = segment.with_max_doc(batch.facts.len() as u32);
    batch.clear();
    writer.add_segment(segment.meta().clone())
}

/// Decides which segment the batch will be.
fn begin(writer: &IndexWriter, batch: &mut Batch) {
    if batch.segment.is_none() {
        let segment = writer.new_segment();
        batch.recent.begin(segment.id());
        batch.segment = Some(segment);
    }
}

/// Deletes the message of this key, wherever it is.
fn delete(writer: &IndexWriter, batch: &mut Batch, seq: u64) -> Result<(), TantivyError> {
    if batch.holds(seq) {
        flush(writer, batch)?;
    }
    begin(writer, batch);
    let (recent, count) = (batch.recent.clone(), batch.recent.len());
    writer.delete_query(Box::new(Replaced { seq, recent, count }))?;
    Ok(())
}

/// tantivy panics on some kinds of damage.
fn guarded<T>(dir: &Path, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(damaged(dir, "reading it failed")))
}

fn damaged(dir: &Path, what: &(impl ToString + ?Sized)) -> Error {
    Error::Rebuild { dir: dir.to_owned(), reason: Rebuild::Damaged { what: what.to_string() } }
}

fn failure(dir: &Path, e: TantivyError) -> Error {
    let dir = dir.to_owned();
    match e {
        TantivyError::LockFailure(..) => Error::InUse { dir },
        TantivyError::DataCorruption(_)
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::SchemaError(_)
        | TantivyError::FieldNotFound(_)
        | TantivyError::InternalError(_)
        | TantivyError::OpenReadError(
            OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_),
        ) => damaged(&dir, &e),
        TantivyError::IoError(ref source)
            if matches!(source.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
        {
            damaged(&dir, &e)
        }
        TantivyError::OpenReadError(OpenReadError::IoError { ref io_error, .. })
            if matches!(io_error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
        {
            damaged(&dir, &e)
        }
        e => Error::Io { dir, source: Box::new(e) },
    }
}

fn write_payload(change_seq: u64, seq_max: u64) -> String {
    format!("{change_seq} {seq_max}")
}

/// Change number and highest key; zeros before the first commit.
fn read_payload(payload: Option<&str>) -> Option<(u64, u64)> {
    let Some(payload) = payload else { return Some((0, 0)) };
    let (change_seq, seq_max) = payload.split_once(' ')?;
    Some((change_seq.parse().ok()?, seq_max.parse().ok()?))
}
