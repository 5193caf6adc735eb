//! Every word of the mails being indexed, once, by number, with what is known of it.

use crate::parts::{Parts, digest};
use crate::schema::PART;
use crate::stem::{Stems, Tongue, speaks_for};

/// In so many mails a word has to stand alone before compounds are taken apart into it.
const ALONE_MIN: u8 = 3;
/// Not asked yet.
const UNKNOWN: u32 = u32::MAX;

/// Number of a word.
pub(crate) type Number = u32;

struct Entry {
    digest: u64,
    /// Where it lies in the text of all words.
    at: u32,
    len: u8,
    /// In how many mails it stood; saturates.
    mails: u8,
    /// In which texts of the last mail, as bits.
    origins: u8,
    /// The language it speaks for.
    speaks_for: Option<Tongue>,
    /// The last mail it stood in.
    mail: u32,
    /// Numbers of its German and English stem.
    stems: [Number; 2],
    /// Stems of its parts: where in `parts`, and how many.
    parts: (u32, u8),
    /// How many words parts could be when they were looked for.
    parts_of: u32,
}

/// A slot of the table: part of the digest, so that most others are told apart without looking, and the number.
type Slot = (u32, Number);
const FREE: Slot = (0, UNKNOWN);

/// Words by number and number by word.
pub(crate) struct Vocabulary {
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    text: String,
    parts: Vec<Number>,
    stems: Stems,
    mail: u32,
    scratch: String,
}

/// What the first sight of a word in a text of a mail tells.
pub(crate) struct Sight {
    /// In no other text of this mail either.
    pub first: bool,
    /// The language it speaks for.
    pub speaks_for: Option<Tongue>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self {
            slots: vec![FREE; 1 << 12],
            entries: Vec::new(),
            text: String::new(),
            parts: Vec::new(),
            stems: Stems::default(),
            mail: 0,
            scratch: String::new(),
        }
    }
}

impl Vocabulary {
    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Memory it takes, octets, about.
    pub(crate) fn octets(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.entries.len() * size_of::<Entry>() + self.text.len()
    }

    /// A new mail begins.
    pub(crate) fn begin(&mut self) {
        self.mail = self.mail.wrapping_add(1);
    }

    /// The word of a number.
    pub(crate) fn word(&self, number: Number) -> &str {
        let entry = &self.entries[number as usize];
        &self.text[entry.at as usize..entry.at as usize + usize::from(entry.len)]
    }

    /// The number of a word of at most 255 bytes, new or not.
    pub(crate) fn number(&mut self, word: &str) -> Number {
        let digest = digest(word.as_bytes());
        let mask = self.slots.len() - 1;
        let tag = (digest >> 32) as u32;
        let mut slot = digest as usize & mask;
        loop {
            let (other, number) = self.slots[slot];
            if number == UNKNOWN {
                break;
            }
            if other == tag && self.word(number) == word {
                return number;
            }
            slot = (slot + 1) & mask;
        }
        let number = self.entries.len() as Number;
        self.slots[slot] = (tag, number);
        self.entries.push(Entry {
            digest,
            at: self.text.len() as u32,
            len: word.len() as u8,
            mails: 0,
            origins: 0,
            speaks_for: speaks_for(word),
            mail: self.mail.wrapping_sub(1),
            stems: [UNKNOWN; 2],
            parts: (UNKNOWN, 0),
            parts_of: 0,
        });
        self.text.push_str(word);
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        self.slots = vec![FREE; self.slots.len() * 2];
        let mask = self.slots.len() - 1;
        for (number, entry) in self.entries.iter().enumerate() {
            let mut slot = entry.digest as usize & mask;
            while self.slots[slot] != FREE {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = ((entry.digest >> 32) as u32, number as Number);
        }
    }

    /// Notes that a word of letters stands in a text (`origin`, a bit) of this mail; `None` if it did before.
    pub(crate) fn see(&mut self, number: Number, origin: u8, parts: &mut Parts) -> Option<Sight> {
        let entry = &mut self.entries[number as usize];
        let first = entry.mail != self.mail;
        if first {
            entry.mail = self.mail;
            entry.origins = 0;
            entry.mails = entry.mails.saturating_add(1);
            if entry.mails == ALONE_MIN && entry.speaks_for.is_none() {
                let (at, len) = (entry.at as usize, usize::from(entry.len));
                parts.learn(&self.text[at..at + len], entry.digest);
            }
        } else if entry.origins & origin != 0 {
            return None;
        }
        entry.origins |= origin;
        Some(Sight { first, speaks_for: entry.speaks_for })
    }

    /// The number of the stem of a word; its own if it is its stem.
    pub(crate) fn stem(&mut self, number: Number, tongue: Tongue) -> Number {
        let known = self.entries[number as usize].stems[tongue as usize];
        if known != UNKNOWN {
            return known;
        }
        let (at, len) = self.place(number);
        let stem = self.stems.stem(&self.text[at..at + len], tongue);
        let stem = self.number(&stem);
        self.entries[number as usize].stems[tongue as usize] = stem;
        stem
    }

    /// Numbers of the German stems of the parts of a compound, as terms: behind [`PART`].
    pub(crate) fn parts(&mut self, number: Number, parts: &Parts) -> &[Number] {
        let known = parts.len() as u32;
        let entry = &self.entries[number as usize];
        if entry.parts.0 == UNKNOWN || known > entry.parts_of + entry.parts_of / 4 + 16 {
            self.take_apart(number, parts);
        }
        let (at, len) = self.entries[number as usize].parts;
        &self.parts[at as usize..at as usize + usize::from(len)]
    }

    fn take_apart(&mut self, number: Number, parts: &Parts) {
        let word = self.word(number).to_owned();
        let mut numbers: Vec<Number> = Vec::new();
        for part in parts.of(&word) {
            let stem = self.stems.stem(part, Tongue::German);
            let mut term = std::mem::take(&mut self.scratch);
            term.clear();
            term.push(PART);
            term.push_str(&stem);
            let part = self.number(&term);
            self.scratch = term;
            if !numbers.contains(&part) {
                numbers.push(part);
            }
        }
        let entry = &mut self.entries[number as usize];
        entry.parts = (self.parts.len() as u32, numbers.len() as u8);
        entry.parts_of = parts.len() as u32;
        self.parts.extend(numbers);
    }

    fn place(&self, number: Number) -> (usize, usize) {
        let entry = &self.entries[number as usize];
        (entry.at as usize, usize::from(entry.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_number() {
        let mut vocabulary = Vocabulary::default();
        let words: Vec<String> = (0..20_000).map(|n| format!("wort{n}")).collect();
        let numbers: Vec<Number> = words.iter().map(|word| vocabulary.number(word)).collect();
        for (word, number) in words.iter().zip(numbers) {
            assert_eq!((vocabulary.number(word), vocabulary.word(number)), (number, word.as_str()));
        }
        assert_eq!(vocabulary.len(), 20_000);
    }

    #[test]
    fn a_word_is_seen_once_in_each_text() {
        let mut vocabulary = Vocabulary::default();
        let mut parts = Parts::default();
        let number = vocabulary.number("strom");
        vocabulary.begin();
        assert!(vocabulary.see(number, 1, &mut parts).unwrap().first);
        assert!(vocabulary.see(number, 1, &mut parts).is_none());
        assert!(!vocabulary.see(number, 2, &mut parts).unwrap().first);
        vocabulary.begin();
        assert!(vocabulary.see(number, 1, &mut parts).unwrap().first);
    }

    #[test]
    fn parts_learned_later_count() {
        let mut vocabulary = Vocabulary::default();
        let mut parts = Parts::default();
        let compound = vocabulary.number("rechnungsnummer");
        assert!(vocabulary.parts(compound, &parts).is_empty());
        for _ in 0..ALONE_MIN {
            vocabulary.begin();
            for n in 0..20_u8 {
                let filler = vocabulary.number(&format!("wort{}", char::from(b'a' + n)));
                vocabulary.see(filler, 1, &mut parts);
            }
            for word in ["rechnung", "nummer"] {
                let number = vocabulary.number(word);
                vocabulary.see(number, 1, &mut parts);
            }
        }
        let found: Vec<Number> = vocabulary.parts(compound, &parts).to_vec();
        let found: Vec<&str> = found.iter().map(|number| vocabulary.word(*number)).collect();
        assert_eq!(found, ["+rechnung", "+numm"]);
    }
}
