//! Writes a batch as a segment in tantivy's format.

use tantivy::columnar::{ColumnType, ColumnarWriter};
use tantivy::directory::TerminatingWrite;
use tantivy::fieldnorm::{FieldNormReaders, FieldNormsSerializer, FieldNormsWriter};
use tantivy::index::{Segment, SegmentComponent};
use tantivy::postings::{FieldSerializer, InvertedIndexSerializer};
use tantivy::schema::Field;
use tantivy::store::{Compressor, StoreWriter};

use crate::batch::{Batch, Facts, GAP, Log, SAME_PLACE};
use crate::schema::{ACCOUNT, LABEL, SEQ, Text, column};
use crate::vocabulary::{Number, Vocabulary};

/// Places between stretches of text.
const GAP_PLACES: u32 = 16;
/// Occurrences sorted at a time: eight octets each.
const SORTED_MAX: usize = 1 << 19;

/// Writes all files of a segment but the last word of it: who asked for the segment has to add it to the index.
pub(crate) fn write(batch: &mut Batch, segment: &Segment) -> tantivy::Result<()> {
    let norms = write_norms(batch, segment)?;
    let mut serializer = InvertedIndexSerializer::open(segment)?;
    let mut ranks = Ranks::default();
    ranks.of(batch);
    for text in Text::ALL {
        let log = &mut batch.logs[text as usize];
        let tokens = log.words.iter().filter(|word| **word != GAP).count() as u64;
        let mut field = serializer.new_field(text.field(), tokens, norms.get_field(text.field())?)?;
        let words = Words { vocabulary: &batch.vocabulary, ranks: &ranks };
        words.write(log, !text.is_stems(), &mut field)?;
        field.close()?;
    }
    write_keys(&mut serializer, &batch.facts)?;
    serializer.close()?;
    write_columns(&batch.facts, segment)?;
    // Nothing is stored, but every message has its place.
    let store = segment.open_write(SegmentComponent::Store)?;
    let mut store = StoreWriter::new(store, Compressor::None, 1 << 14, false)?;
    for _ in &batch.facts {
        store.store_bytes(&[0])?;
    }
    store.close()?;
    Ok(())
}

fn write_norms(batch: &Batch, segment: &Segment) -> tantivy::Result<FieldNormReaders> {
    let mut norms = FieldNormsWriter::for_schema(&segment.schema());
    for text in Text::ALL.into_iter().filter(|text| !text.is_stems()) {
        let log = &batch.logs[text as usize];
        for (at, (message, start)) in log.messages.iter().enumerate() {
            let end = log.messages.get(at + 1).map_or(log.words.len(), |(_, next)| *next as usize);
            let words = &log.words[*start as usize..end];
            norms.record(*message, text.field(), words.iter().filter(|word| **word != GAP).count() as u32);
        }
    }
    norms.fill_up_to_max_doc(batch.facts.len() as u32);
    norms.serialize(
        FieldNormsSerializer::from_write(segment.open_write(SegmentComponent::FieldNorms)?)?,
        None,
    )?;
    FieldNormReaders::open(segment.open_read(SegmentComponent::FieldNorms)?)
}

/// The words of a batch in the order of the dictionary.
#[derive(Default)]
struct Ranks {
    /// By number of the word; what is not in the batch has none.
    rank: Vec<u32>,
    /// Numbers by rank.
    words: Vec<Number>,
}

impl Ranks {
    fn of(&mut self, batch: &Batch) {
        const NONE: u32 = u32::MAX;
        self.rank = vec![NONE; batch.vocabulary.len()];
        for word in batch.logs.iter().flat_map(|log| &log.words).filter(|word| **word != GAP) {
            let number = word & !SAME_PLACE;
            if self.rank[number as usize] == NONE {
                self.rank[number as usize] = 0;
                self.words.push(number);
            }
        }
        // The first eight octets decide nearly always.
        let mut keyed: Vec<(u64, Number)> =
            self.words.iter().map(|number| (beginning(batch.vocabulary.word(*number)), *number)).collect();
        keyed.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| batch.vocabulary.word(a.1).cmp(batch.vocabulary.word(b.1)))
        });
        for (rank, (slot, (_, number))) in self.words.iter_mut().zip(keyed).enumerate() {
            *slot = number;
            self.rank[number as usize] = rank as u32;
        }
    }
}

/// The first eight octets as a number of the same order.
fn beginning(word: &str) -> u64 {
    let mut octets = [0; 8];
    let len = word.len().min(8);
    octets[..len].copy_from_slice(&word.as_bytes()[..len]);
    u64::from_be_bytes(octets)
}

struct Words<'a> {
    vocabulary: &'a Vocabulary,
    ranks: &'a Ranks,
}

impl Words<'_> {
    /// Sorts the log of a field by word and writes it, some words at a time.
    fn write(&self, log: &mut Log, places: bool, field: &mut FieldSerializer<'_>) -> tantivy::Result<()> {
        let mut counts = vec![0_u32; self.ranks.words.len()];
        for word in &mut log.words {
            if *word != GAP {
                let rank = self.ranks.rank[(*word & !SAME_PLACE) as usize];
                counts[rank as usize] += 1;
                *word = (*word & SAME_PLACE) | rank;
            }
        }
        let mut first = 0;
        let mut sorted: Vec<(u32, u32)> = Vec::new();
        let mut deltas = Vec::new();
        while first < counts.len() {
            // At least one word, then as many as fit.
            let mut after = first;
            let mut size = 0;
            while after < counts.len() && (size == 0 || size + counts[after] as usize <= SORTED_MAX) {
                size += counts[after] as usize;
                after += 1;
            }
            if size > 0 {
                let mut starts = starts(&counts[first..after]);
                sorted.clear();
                sorted.resize(size, (0, 0));
                sort(log, first as u32, &mut starts, &mut sorted);
                let mut rest = sorted.as_slice();
                for (number, count) in self.ranks.words[first..after].iter().zip(&counts[first..after]) {
                    let (postings, others) = rest.split_at(*count as usize);
                    rest = others;
                    if !postings.is_empty() {
                        let word = self.vocabulary.word(*number);
                        write_postings(field, word.as_bytes(), postings, places, &mut deltas)?;
                    }
                }
            }
            first = after;
        }
        Ok(())
    }
}

/// Where the occurrences of each word begin.
fn starts(counts: &[u32]) -> Vec<u32> {
    let mut sum = 0;
    counts
        .iter()
        .map(|count| {
            let start = sum;
            sum += count;
            start
        })
        .collect()
}

/// Puts message and place of each occurrence of the words from `first` on where its word begins.
fn sort(log: &Log, first: u32, starts: &mut [u32], sorted: &mut [(u32, u32)]) {
    for (at, (message, start)) in log.messages.iter().enumerate() {
        let end = log.messages.get(at + 1).map_or(log.words.len(), |(_, next)| *next as usize);
        // One more than the place of the last word.
        let mut place = 0_u32;
        for word in &log.words[*start as usize..end] {
            if *word == GAP {
                place += GAP_PLACES;
                continue;
            }
            if *word & SAME_PLACE == 0 || place == 0 {
                place += 1;
            }
            let rank = word & !SAME_PLACE;
            if let Some(slot) = rank.checked_sub(first).and_then(|number| starts.get_mut(number as usize)) {
                sorted[*slot as usize] = (*message, place - 1);
                *slot += 1;
            }
        }
    }
}

fn write_postings(
    field: &mut FieldSerializer<'_>,
    word: &[u8],
    postings: &[(u32, u32)],
    places: bool,
    deltas: &mut Vec<u32>,
) -> tantivy::Result<()> {
    let messages = postings.chunk_by(|a, b| a.0 == b.0);
    field.new_term(word, if places { messages.clone().count() as u32 } else { 0 }, places)?;
    for of_message in messages {
        deltas.clear();
        if places {
            let mut last = 0;
            for (_, place) in of_message {
                deltas.push(place - last);
                last = *place;
            }
        }
        field.write_doc(of_message[0].0, deltas.len() as u32, deltas);
    }
    field.close_term()?;
    Ok(())
}

/// Writes the terms that are no text: key, accounts, labels.
fn write_keys(serializer: &mut InvertedIndexSerializer, facts: &[Facts]) -> tantivy::Result<()> {
    let messages = || (0_u32..).zip(facts);
    let seqs = messages().map(|(message, facts)| (facts.seq.to_be_bytes(), message));
    write_terms(serializer, SEQ, seqs)?;
    let accounts =
        messages().flat_map(|(message, facts)| facts.accounts.iter().map(move |account| (*account, message)));
    write_terms(serializer, ACCOUNT, accounts)?;
    let labels = messages()
        .flat_map(|(message, facts)| facts.labels.iter().map(move |label| (label.to_be_bytes(), message)));
    write_terms(serializer, LABEL, labels)
}

fn write_terms<T: AsRef<[u8]> + Ord>(
    serializer: &mut InvertedIndexSerializer,
    field: Field,
    terms: impl Iterator<Item = (T, u32)>,
) -> tantivy::Result<()> {
    let mut sorted: Vec<(T, u32)> = terms.collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut field = serializer.new_field(field, sorted.len() as u64, None)?;
    for of_term in sorted.chunk_by(|a, b| a.0 == b.0) {
        field.new_term(of_term[0].0.as_ref(), 0, false)?;
        for (_, message) in of_term {
            field.write_doc(*message, 0, &[]);
        }
        field.close_term()?;
    }
    field.close()?;
    Ok(())
}

fn write_columns(facts: &[Facts], segment: &Segment) -> tantivy::Result<()> {
    let mut columns = ColumnarWriter::default();
    for (name, kind) in [
        (column::SEQ, ColumnType::U64),
        (column::DATE, ColumnType::I64),
        (column::OCTETS, ColumnType::U64),
        (column::FLAGS, ColumnType::U64),
        (column::ACCOUNT, ColumnType::Bytes),
    ] {
        columns.record_column_type(name, kind, false);
    }
    for (message, facts) in (0_u32..).zip(facts) {
        columns.record_numerical(message, column::SEQ, facts.seq);
        columns.record_numerical(message, column::DATE, facts.date);
        columns.record_numerical(message, column::OCTETS, facts.octets);
        columns.record_numerical(message, column::FLAGS, facts.flags);
        for account in &facts.accounts {
            columns.record_bytes(message, column::ACCOUNT, account);
        }
    }
    let mut file = segment.open_write(SegmentComponent::FastFields)?;
    columns.serialize(facts.len() as u32, None, &mut file)?;
    file.terminate()?;
    Ok(())
}
