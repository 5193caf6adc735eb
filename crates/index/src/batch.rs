//! Messages in memory, turned inside out into a segment of the index.
//!
//! tantivy can do this by itself. Here every occurrence of a word costs one look into a table and four octets in a log
//! that is sorted when the segment is written; stems and parts of compounds come with the number of the word.

use model::{Address, TextKind};
use tantivy::index::Segment;

use crate::analyze::{Analyzer, Class, Sink, Word};
use crate::document::Document;
use crate::parts::Parts;
use crate::replaced::Recent;
use crate::schema::{Origin, Text, flags, label};
use crate::stem::Tongue;
use crate::vocabulary::{Number, Vocabulary};

/// Text of one message beyond which no more is indexed, octets.
const TEXT_MAX_OCTETS: usize = 4 << 20;
/// In a log: stands where the word before stands.
pub(crate) const SAME_PLACE: u32 = 1 << 31;
/// In a log: no phrase goes across here.
pub(crate) const GAP: u32 = SAME_PLACE - 1;
/// Words that get their numbers at a time.
const DRAFT_MAX: usize = 512;
/// Of the memory of a batch, octets for each word that the vocabulary may hold over to the next one.
const OCTETS_PER_WORD_KEPT: usize = 267;

/// The words of one field, message after message.
#[derive(Default)]
pub(crate) struct Log {
    /// Numbers of words, [`SAME_PLACE`] set or not, and [`GAP`]s.
    pub words: Vec<u32>,
    /// Messages with words: number in the batch, and where its words begin.
    pub messages: Vec<(u32, u32)>,
}

/// What is kept of a message beside its words.
pub(crate) struct Facts {
    pub seq: u64,
    pub date: i64,
    pub octets: u64,
    pub flags: u64,
    pub accounts: Vec<[u8; 16]>,
    pub labels: Vec<u64>,
}

/// Messages that wait to become a segment.
#[derive(Default)]
pub(crate) struct Batch {
    /// Memory it may take.
    pub(crate) heap_octets: usize,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) parts: Parts,
    pub(crate) logs: [Log; Text::COUNT],
    pub(crate) facts: Vec<Facts>,
    /// The segment it will be, if that is decided.
    pub(crate) segment: Option<Segment>,
    pub(crate) recent: Recent,
    analyzer: Analyzer,
    /// Words of this message that may have stems.
    sights: Vec<(Number, Origin)>,
    draft: Draft,
}

/// Words of a text, before they have numbers.
#[derive(Default)]
struct Draft {
    /// The words, one behind the other.
    text: String,
    marks: Vec<Mark>,
}

/// A word in a [`Draft`].
struct Mark {
    digest: u64,
    at: u32,
    len: u8,
    steps: bool,
    /// Consists of letters: may have a stem.
    letters: bool,
}

/// A field that is being written.
///
/// Words get their numbers many at a time: the memory of a large table answers slowly, but many questions at once.
struct Pen<'a> {
    log: &'a mut Vec<u32>,
    origin: Option<Origin>,
    vocabulary: &'a mut Vocabulary,
    parts: &'a mut Parts,
    sights: &'a mut Vec<(Number, Origin)>,
    draft: &'a mut Draft,
    /// German minus English function words.
    german: i32,
}

impl Sink for Pen<'_> {
    fn word(&mut self, word: Word<'_>) {
        self.draft.marks.push(Mark {
            digest: self.vocabulary.digest(word.text),
            at: self.draft.text.len() as u32,
            len: word.text.len() as u8,
            steps: matches!(word.class, Class::Word | Class::Plain),
            letters: word.class == Class::Word,
        });
        self.draft.text.push_str(word.text);
        if self.draft.marks.len() >= DRAFT_MAX {
            self.number();
        }
    }
}

impl Pen<'_> {
    /// Gives the words of the draft their numbers.
    fn number(&mut self) {
        let bit = self.origin.map_or(0, Origin::bit);
        let before = self.sights.len();
        for mark in &self.draft.marks {
            let word = &self.draft.text[mark.at as usize..mark.at as usize + usize::from(mark.len)];
            let bit = if mark.letters { bit } else { 0 };
            let sight = self.vocabulary.see(mark.digest, word, bit);
            self.log.push(if mark.steps { sight.number } else { sight.number | SAME_PLACE });
            if let (true, true, Some(origin)) = (mark.letters, sight.new, self.origin) {
                // The first sight in the mail is told apart by the highest bit for a moment.
                let number = if sight.first { sight.number | SAME_PLACE } else { sight.number };
                self.sights.push((number, origin));
            }
        }
        self.draft.marks.clear();
        self.draft.text.clear();
        self.judge(before);
    }

    /// Counts function words among the new sights and leaves the others.
    fn judge(&mut self, from: usize) {
        let mut keep = from;
        for at in from..self.sights.len() {
            let (number, origin) = self.sights[at];
            let first = number & SAME_PLACE != 0;
            let number = number & !SAME_PLACE;
            let speaks_for = if first {
                self.vocabulary.count(number, self.parts)
            } else {
                self.vocabulary.speaks_for(number)
            };
            match speaks_for {
                Some(Tongue::German) => self.german += i32::from(first),
                Some(Tongue::English) => self.german -= i32::from(first),
                None => {
                    self.sights[keep] = (number, origin);
                    keep += 1;
                }
            }
        }
        self.sights.truncate(keep);
    }
}

impl Batch {
    pub(crate) fn new(parts: Parts, heap_octets: usize) -> Self {
        Self { heap_octets, parts, ..Self::default() }
    }

    /// Memory the messages take, octets, about.
    pub(crate) fn octets(&self) -> usize {
        let words: usize = self.logs.iter().map(|log| log.words.len() * 4 + log.messages.len() * 8).sum();
        words + self.facts.len() * (size_of::<Facts>() + 64) + self.vocabulary.octets()
    }

    /// So full that it has to become a segment before more is added.
    pub(crate) fn is_full(&self) -> bool {
        // What writing needs beside is taken off.
        self.octets() > self.heap_octets / 4 * 3 || self.vocabulary.octets() > self.heap_octets / 5 * 3
    }

    /// Whether a message of this key waits in it.
    pub(crate) fn holds(&self, seq: u64) -> bool {
        self.facts.iter().any(|facts| facts.seq == seq)
    }

    /// Forgets the messages, which are a segment now, and keeps what was learned of words if that is not too much.
    pub(crate) fn clear(&mut self) {
        for log in &mut self.logs {
            log.words.clear();
            log.messages.clear();
        }
        self.facts.clear();
        let kept = self.heap_octets / OCTETS_PER_WORD_KEPT;
        if self.vocabulary.len() > kept {
            self.vocabulary.prune();
            if self.vocabulary.len() > kept / 2 {
                self.vocabulary = Vocabulary::default();
            }
        }
    }

    /// Adds a message.
    pub(crate) fn add(&mut self, document: &Document<'_>) {
        self.vocabulary.begin();
        self.sights.clear();
        let mut german = self.text(document.subject, Text::Subject, Some(Origin::Subject));
        let mut left = TEXT_MAX_OCTETS;
        for (kind, stretch) in &document.text {
            let field = if *kind == TextKind::New { Text::Body } else { Text::Aside };
            german += self.text(bounded(stretch, &mut left), field, Some(Origin::Body));
        }
        for attachment in &document.attachments {
            german += self.text(attachment.name, Text::File, Some(Origin::Attached));
            german += self.text(bounded(attachment.text, &mut left), Text::Attached, Some(Origin::Attached));
        }
        // Behind the text, whose words would otherwise have been seen here first.
        self.people(document.from, Text::From);
        self.people(document.to, Text::To);
        self.people(document.cc, Text::To);
        self.stems(if german < 0 { Tongue::English } else { Tongue::German });
        let mut labels = vec![label::kind(document.kind)];
        labels.extend(document.has_attachment.then_some(label::ATTACHMENT));
        labels.extend(document.unread.then_some(label::UNREAD));
        labels.extend(document.deleted.then_some(label::DELETED));
        labels.extend(document.spam.then_some(label::SPAM));
        labels.extend(document.groups.iter().map(|group| label::group(*group)));
        labels.extend(document.tags.iter().map(|tag| label::tag(tag)));
        labels.extend((!document.invoices.is_empty()).then_some(label::INVOICE));
        labels.extend(document.invoices.iter().map(|number| label::invoice(number)));
        labels.extend(document.links.iter().map(|(kind, number)| label::record(*kind, number)));
        labels.extend((!document.message_id.is_empty()).then(|| label::message_id(document.message_id)));
        self.facts.push(Facts {
            seq: document.seq,
            date: document.date.0,
            octets: document.octets,
            flags: flags(document.kind, document.has_attachment, document.unread),
            accounts: document.accounts.iter().map(|account| *account.octets()).collect(),
            labels,
        });
    }

    fn people(&mut self, addresses: &[Address], field: Text) {
        for address in addresses {
            // Side by side, so that a phrase may be a name and the beginning of the address.
            for text in [address.display_name.as_deref().unwrap_or_default(), &address.addr_spec] {
                self.write(text, field, None);
            }
            self.log(field).push(GAP);
        }
    }

    /// Writes a stretch of text; gives how many more German than English function words it has.
    fn text(&mut self, text: &str, field: Text, origin: Option<Origin>) -> i32 {
        let german = self.write(text, field, origin);
        if !text.is_empty() {
            self.log(field).push(GAP);
        }
        german
    }

    /// The log of a field, begun for this message.
    fn log(&mut self, field: Text) -> &mut Vec<u32> {
        let log = &mut self.logs[field as usize];
        let message = self.facts.len() as u32;
        if log.messages.last().is_none_or(|(last, _)| *last != message) {
            log.messages.push((message, log.words.len() as u32));
        }
        &mut log.words
    }

    fn write(&mut self, text: &str, field: Text, origin: Option<Origin>) -> i32 {
        if text.is_empty() {
            return 0;
        }
        self.log(field);
        let mut pen = Pen {
            log: &mut self.logs[field as usize].words,
            origin,
            vocabulary: &mut self.vocabulary,
            parts: &mut self.parts,
            sights: &mut self.sights,
            draft: &mut self.draft,
            german: 0,
        };
        self.analyzer.analyze(text, &mut pen);
        pen.number();
        pen.german
    }

    /// Writes stems, where they differ from the word, and parts of the words seen.
    fn stems(&mut self, tongue: Tongue) {
        for at in 0..self.sights.len() {
            let (number, origin) = self.sights[at];
            let stem = self.vocabulary.stem(number, tongue);
            if stem != number {
                self.log(origin.stems()).push(stem);
            }
            if tongue == Tongue::German {
                let parts = self.vocabulary.parts(number, &self.parts);
                if !parts.is_empty() {
                    let log = &mut self.logs[origin.stems() as usize];
                    let message = self.facts.len() as u32;
                    if log.messages.last().is_none_or(|(last, _)| *last != message) {
                        log.messages.push((message, log.words.len() as u32));
                    }
                    log.words.extend_from_slice(parts);
                }
            }
        }
    }
}

fn bounded<'a>(text: &'a str, left: &mut usize) -> &'a str {
    let cut = &text[..text.floor_char_boundary((*left).min(text.len()))];
    *left -= cut.len();
    cut
}
