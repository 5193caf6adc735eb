//! A message on its way into the index.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use model::{AccountId, Address, Kind, Message, TextKind, UnixMillis};
use tantivy::schema::Field;
use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf, Value};

use crate::analyze::{Analyzer, Class, Word};
use crate::encode;
use crate::lexicon::Lexicon;
use crate::schema::{
    ACCOUNT, DATE, FLAGS, LABEL, OCTETS, Origin, SEQ, Text, flags, label, part_marker, stem_marker,
};
use crate::stem::Tongue;

/// Text of one message beyond which no more is indexed, bytes.
const TEXT_MAX_OCTETS: usize = 4 << 20;

/// One message: what people see as one mail, its twins merged.
#[derive(Clone, Debug, Default)]
pub struct Document<'a> {
    /// Key: `seq` of the mail that stands for the message. The same key again replaces it.
    pub seq: u64,
    /// Accounts in which any of its twins lies.
    pub accounts: &'a [AccountId],
    /// Effective date.
    pub date: UnixMillis,
    /// Size of the mail, octets.
    pub octets: u64,
    /// What kind of mail it is.
    pub kind: Kind,
    /// Not yet seen.
    pub unread: bool,
    /// Has at least one attachment.
    pub has_attachment: bool,
    /// Authors.
    pub from: &'a [Address],
    /// Recipients.
    pub to: &'a [Address],
    /// Further recipients.
    pub cc: &'a [Address],
    /// Decoded subject.
    pub subject: &'a str,
    /// Body text, in stretches.
    pub text: Vec<(TextKind, &'a str)>,
    /// Names of attachments and, where it could be read, their text.
    pub attachments: Vec<Attached<'a>>,
    /// Without angle brackets.
    pub message_id: &'a str,
}

/// Name and text of an attachment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attached<'a> {
    /// File name as the mail says.
    pub name: &'a str,
    /// Text inside; empty if none was read.
    pub text: &'a str,
}

impl<'a> Document<'a> {
    /// Takes from a parsed mail what is searched in it; accounts, date, size, kind and `unread` are the caller's, and so
    /// is the text of attachments.
    pub fn of_message(seq: u64, message: &'a Message) -> Self {
        let body = &message.body;
        let stretches = body.stretches.iter().filter_map(|(kind, span)| {
            let at = usize::try_from(span.at).ok()?;
            let end = at.checked_add(usize::try_from(span.len).ok()?)?;
            Some((*kind, body.text.get(at..end)?))
        });
        let attachments: Vec<Attached<'a>> = message
            .attachments()
            .map(|part| Attached { name: part.name.as_deref().unwrap_or_default(), text: "" })
            .collect();
        Self {
            seq,
            has_attachment: !attachments.is_empty(),
            from: &message.from,
            to: &message.to,
            cc: &message.cc,
            subject: message.subject.as_deref().unwrap_or_default(),
            text: stretches.collect(),
            attachments,
            message_id: message.message_id.as_ref().map_or("", |id| id.as_str()),
            ..Self::default()
        }
    }
}

/// Analysed, as the writer takes it.
pub(crate) struct Entry {
    seq: u64,
    date: i64,
    octets: u64,
    flags: u64,
    accounts: Vec<[u8; 16]>,
    labels: Vec<u64>,
    texts: [String; Text::COUNT],
    _permit: Permit,
}

/// Turns documents into entries; what it learns of words makes the next one cheaper.
#[derive(Default)]
pub(crate) struct Scribe {
    pub(crate) lexicon: Lexicon,
    analyzer: Analyzer,
    /// First sights of words in this mail: entry of the lexicon, origin, and where the word lies in `words`.
    sights: Vec<(u32, Origin, u32, u8)>,
    words: String,
}

/// A field that is being written, and what is noted on the way.
struct Pen<'a> {
    out: &'a mut String,
    origin: Option<Origin>,
    lexicon: &'a mut Lexicon,
    sights: &'a mut Vec<(u32, Origin, u32, u8)>,
    words: &'a mut String,
    /// German minus English function words.
    german: i32,
}

impl crate::analyze::Sink for Pen<'_> {
    fn word(&mut self, word: Word<'_>) {
        encode::push(self.out, word.text, matches!(word.class, Class::Word | Class::Plain));
        let (Class::Word, Some(origin)) = (word.class, self.origin) else { return };
        if word.text.len() < 2 {
            return;
        }
        let Some(sight) = self.lexicon.see(word.text, origin.bit()) else { return };
        match sight.speaks_for {
            Some(Tongue::German) => self.german += i32::from(sight.first),
            Some(Tongue::English) => self.german -= i32::from(sight.first),
            None if word.text.len() > 2 => {
                self.sights.push((sight.entry, origin, self.words.len() as u32, word.text.len() as u8));
                self.words.push_str(word.text);
            }
            None => {}
        }
    }
}

impl Scribe {
    /// Analyses a document. `flight` bounds how much may wait for the writer.
    pub(crate) fn entry(&mut self, document: &Document<'_>, flight: &Arc<Flight>) -> Entry {
        self.lexicon.begin();
        self.sights.clear();
        self.words.clear();
        let mut texts: [String; Text::COUNT] = Default::default();
        let [subject, from, to, body, aside, file, attached, more] = &mut texts;
        self.people(document.from, from);
        self.people(document.to, to);
        self.people(document.cc, to);
        let mut german = self.write(document.subject, subject, Some(Origin::Subject));
        let mut left = TEXT_MAX_OCTETS;
        for (kind, stretch) in &document.text {
            let out = if *kind == TextKind::New { &mut *body } else { &mut *aside };
            german += self.write(bounded(stretch, &mut left), out, Some(Origin::Body));
            encode::push_gap(out);
        }
        for attachment in &document.attachments {
            german += self.write(attachment.name, file, Some(Origin::Attached));
            encode::push_gap(file);
            german += self.write(bounded(attachment.text, &mut left), attached, Some(Origin::Attached));
            encode::push_gap(attached);
        }
        self.stems(if german < 0 { Tongue::English } else { Tongue::German }, more);
        let mut labels = vec![label::kind(document.kind)];
        labels.extend(document.has_attachment.then_some(label::ATTACHMENT));
        labels.extend(document.unread.then_some(label::UNREAD));
        labels.extend((!document.message_id.is_empty()).then(|| label::message_id(document.message_id)));
        let octets = texts.iter().map(String::capacity).sum();
        Entry {
            seq: document.seq,
            date: document.date.0,
            octets: document.octets,
            flags: flags(document.kind, document.has_attachment, document.unread),
            accounts: document.accounts.iter().map(|account| *account.octets()).collect(),
            labels,
            texts,
            _permit: flight.take(octets),
        }
    }

    fn people(&mut self, addresses: &[Address], out: &mut String) {
        for address in addresses {
            if let Some(name) = &address.display_name {
                self.write(name, out, None);
            }
            self.write(&address.addr_spec, out, None);
            encode::push_gap(out);
        }
    }

    /// Writes a text into a field; gives how many more German than English function words it has.
    fn write(&mut self, text: &str, out: &mut String, origin: Option<Origin>) -> i32 {
        if text.is_empty() {
            return 0;
        }
        out.reserve(text.len() + text.len() / 8 + 16);
        let mut pen = Pen {
            out,
            origin,
            lexicon: &mut self.lexicon,
            sights: &mut self.sights,
            words: &mut self.words,
            german: 0,
        };
        self.analyzer.analyze(text, &mut pen);
        pen.german
    }

    /// Stems and parts of the words seen.
    fn stems(&mut self, tongue: Tongue, out: &mut String) {
        let mut term = String::new();
        for &(entry, origin, at, len) in &self.sights {
            let Some(word) = self.words.get(at as usize..at as usize + usize::from(len)) else { continue };
            if let Some(stem) = self.lexicon.stem(entry, word, tongue) {
                push_marked(out, &mut term, stem_marker(origin), stem);
            }
            if tongue == Tongue::German {
                for part in self.lexicon.parts(entry, word) {
                    push_marked(out, &mut term, part_marker(origin), part);
                }
            }
        }
    }
}

fn push_marked(out: &mut String, term: &mut String, marker: char, stem: &str) {
    term.clear();
    term.push(marker);
    term.push_str(stem);
    if term.len() <= crate::analyze::WORD_MAX {
        encode::push(out, term, false);
    }
}

fn bounded<'a>(text: &'a str, left: &mut usize) -> &'a str {
    let cut = &text[..text.floor_char_boundary((*left).min(text.len()))];
    *left -= cut.len();
    cut
}

/// How much may be analysed but not yet written, octets.
pub(crate) struct Flight {
    octets: Mutex<usize>,
    landed: Condvar,
    max: usize,
}

/// A share of a [`Flight`]; given back when dropped.
struct Permit {
    flight: Arc<Flight>,
    octets: usize,
}

impl Flight {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { octets: Mutex::new(0), landed: Condvar::new(), max })
    }

    /// Waits until there is room; a single entry larger than all is let through alone.
    fn take(self: &Arc<Self>, octets: usize) -> Permit {
        let mut flying = self.octets.lock().unwrap_or_else(PoisonError::into_inner);
        while *flying > 0 && *flying + octets > self.max {
            flying = self.landed.wait(flying).unwrap_or_else(PoisonError::into_inner);
        }
        *flying += octets;
        Permit { flight: Arc::clone(self), octets }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut flying = self.flight.octets.lock().unwrap_or_else(PoisonError::into_inner);
        *flying -= self.octets;
        self.flight.landed.notify_all();
    }
}

/// A value of an [`Entry`].
#[derive(Clone, Debug)]
pub(crate) enum Leaf<'a> {
    Unsigned(u64),
    Signed(i64),
    Octets(&'a [u8]),
    Words(&'a str),
}

impl<'a> Value<'a> for Leaf<'a> {
    type ArrayIter = std::iter::Empty<Self>;
    type ObjectIter = std::iter::Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(match *self {
            Self::Unsigned(value) => ReferenceValueLeaf::U64(value),
            Self::Signed(value) => ReferenceValueLeaf::I64(value),
            Self::Octets(octets) => ReferenceValueLeaf::Bytes(octets),
            Self::Words(words) => ReferenceValueLeaf::Str(words),
        })
    }
}

impl tantivy::Document for Entry {
    type Value<'a> = Leaf<'a>;
    type FieldsValuesIter<'a> = Box<dyn Iterator<Item = (Field, Leaf<'a>)> + 'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        let texts = Text::ALL.into_iter().zip(&self.texts).filter(|(_, words)| !words.is_empty());
        let single = [
            (SEQ, Leaf::Unsigned(self.seq)),
            (DATE, Leaf::Signed(self.date)),
            (OCTETS, Leaf::Unsigned(self.octets)),
            (FLAGS, Leaf::Unsigned(self.flags)),
        ];
        let accounts = self.accounts.iter().map(|account| (ACCOUNT, Leaf::Octets(account.as_slice())));
        let labels = self.labels.iter().map(|label| (LABEL, Leaf::Unsigned(*label)));
        Box::new(
            texts
                .map(|(text, words)| (text.field(), Leaf::Words(words.as_str())))
                .chain(single)
                .chain(accounts)
                .chain(labels),
        )
    }
}
