//! Deletes an older version of a message, and not the one on its way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tantivy::index::SegmentId;
use tantivy::query::{ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score, SegmentReader, TantivyError, Term};

use crate::schema::SEQ;

/// Segments made since the last commit, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(Arc<Mutex<Vec<SegmentId>>>);

impl Recent {
    /// A segment begins; what is deleted from now on is not in it, as it is in those before.
    pub(crate) fn begin(&self, segment: SegmentId) {
        self.segments().push(segment);
    }

    /// All deletions were carried out.
    pub(crate) fn clear(&self) {
        self.segments().clear();
    }

    /// How many have begun.
    pub(crate) fn len(&self) -> usize {
        self.segments().len()
    }

    /// Whether a segment is one of those that began after the first `count - 1`.
    fn is_since(&self, segment: SegmentId, count: usize) -> bool {
        self.segments().iter().skip(count.saturating_sub(1)).any(|recent| *recent == segment)
    }

    fn segments(&self) -> MutexGuard<'_, Vec<SegmentId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds the message of a key, except in the segment that was being made when it was deleted and in later ones.
///
/// tantivy applies deletions not yet carried out to segments added later too, but those hold the new version.
#[derive(Clone, Debug)]
pub(crate) struct Replaced {
    pub seq: u64,
    pub recent: Recent,
    /// How many segments had begun.
    pub count: usize,
}

impl Query for Replaced {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Replaced {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        if self.recent.is_since(reader.segment_id(), self.count) {
            return Ok(Box::new(EmptyScorer));
        }
        let term = Term::from_field_u64(SEQ, self.seq);
        let postings = reader.inverted_index(SEQ)?.read_postings(&term, IndexRecordOption::Basic)?;
        Ok(match postings {
            Some(postings) => Box::new(ConstScorer::new(postings, boost)),
            None => Box::new(EmptyScorer),
        })
    }

    fn explain(&self, _: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument(format!("no explanation for {doc}")))
    }
}
