//! Every word of the mails being indexed, once, by number, with what is known of it.

use std::hash::{BuildHasher, RandomState};

use crate::parts::{Parts, digest};
use crate::schema::PART;
use crate::stem::{Stems, Tongue, speaks_for};

/// In so many mails a word has to stand alone before compounds are taken apart into it.
const ALONE_MIN: u8 = 3;
/// Not asked yet; no word.
const UNKNOWN: u32 = u32::MAX;
/// Bits of [`Slot::seen`] that tell in which texts of the mail.
const ORIGIN_BITS: u32 = 8;

/// Number of a word.
pub(crate) type Number = u32;

struct Entry {
    /// Where it lies in the text of all words.
    at: u32,
    len: u8,
    /// In how many mails it stood as a word of letters; saturates.
    mails: u8,
    /// The language it speaks for.
    speaks_for: Option<Tongue>,
    /// Numbers of its German and English stem.
    stems: [Number; 2],
    /// Stems of its parts: where in `parts`, and how many.
    parts: (u32, u8),
    /// How many words parts could be when they were looked for.
    parts_of: u32,
}

/// A slot of the table. All that is needed of a word that was there before lies in one line of the cache.
#[derive(Clone, Copy)]
struct Slot {
    /// Stands for the word: 64 bits under a secret, so that nobody can make two words that share it.
    digest: u64,
    number: Number,
    /// The last mail it stood in, and in which of its texts.
    seen: u32,
}

const FREE: Slot = Slot { digest: 0, number: UNKNOWN, seen: 0 };

/// Words by number and number by word.
pub(crate) struct Vocabulary {
    secret: [u64; 2],
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    text: String,
    parts: Vec<Number>,
    stems: Stems,
    mail: u32,
}

/// A word of a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    pub number: Number,
    /// It did not stand in this text of the mail before.
    pub new: bool,
    /// It did not stand in any text of the mail before.
    pub first: bool,
}

impl Default for Vocabulary {
    fn default() -> Self {
        let secret = [RandomState::new().hash_one(1), RandomState::new().hash_one(2) | 1];
        Self {
            secret,
            slots: vec![FREE; 1 << 12],
            entries: Vec::new(),
            text: String::new(),
            parts: Vec::new(),
            stems: Stems::default(),
            mail: 0,
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
        self.mail = (self.mail + 1) & (u32::MAX >> ORIGIN_BITS);
    }

    /// The word of a number.
    pub(crate) fn word(&self, number: Number) -> &str {
        let entry = &self.entries[number as usize];
        &self.text[entry.at as usize..entry.at as usize + usize::from(entry.len)]
    }

    /// The digest to ask for a word with.
    pub(crate) fn digest(&self, word: &str) -> u64 {
        let mut state = self.secret[0] ^ word.len() as u64;
        let mut chunks = word.as_bytes().chunks_exact(8);
        for chunk in &mut chunks {
            let octets: [u8; 8] = chunk.try_into().unwrap_or_default();
            state = self.mix(state ^ u64::from_le_bytes(octets));
        }
        let rest = chunks.remainder().iter().rev().fold(0, |rest, octet| rest << 8 | u64::from(*octet));
        self.mix(state ^ rest)
    }

    fn mix(&self, value: u64) -> u64 {
        let product = u128::from(value) * u128::from(self.secret[1]);
        (product as u64) ^ ((product >> 64) as u64) ^ self.secret[0].rotate_left(32)
    }

    /// The number of a word of at most 255 bytes, new or not.
    pub(crate) fn number(&mut self, word: &str) -> Number {
        let slot = self.slot(self.digest(word), word);
        self.slots[slot].number
    }

    /// Notes that a word of this digest stands in a text (`origin`, a bit) of the mail.
    pub(crate) fn see(&mut self, digest: u64, word: &str, origin: u8) -> Sight {
        let slot = self.slot(digest, word);
        let slot = &mut self.slots[slot];
        let first = slot.seen >> ORIGIN_BITS != self.mail;
        if first {
            slot.seen = self.mail << ORIGIN_BITS;
        }
        let new = slot.seen & u32::from(origin) == 0;
        slot.seen |= u32::from(origin);
        Sight { number: slot.number, new, first }
    }

    fn slot(&mut self, digest: u64, word: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = digest as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.digest == digest && slot.number != UNKNOWN {
                return at;
            }
            if slot.number == UNKNOWN {
                return self.insert(at, digest, word);
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, mut at: usize, digest: u64, word: &str) -> usize {
        if self.entries.len() * 4 > self.slots.len() * 3 {
            self.grow();
            at = self.free(digest);
        }
        // Seen in no mail: that of the last number, which this one cannot be.
        let seen = (self.mail.wrapping_sub(1) & (u32::MAX >> ORIGIN_BITS)) << ORIGIN_BITS;
        self.slots[at] = Slot { digest, number: self.entries.len() as Number, seen };
        self.entries.push(Entry {
            at: self.text.len() as u32,
            len: word.len() as u8,
            mails: 0,
            speaks_for: speaks_for(word),
            stems: [UNKNOWN; 2],
            parts: (UNKNOWN, 0),
            parts_of: 0,
        });
        self.text.push_str(word);
        at
    }

    fn free(&self, digest: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = digest as usize & mask;
        while self.slots[at].number != UNKNOWN {
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let larger = vec![FREE; self.slots.len() * 2];
        for slot in std::mem::replace(&mut self.slots, larger) {
            if slot.number != UNKNOWN {
                let at = self.free(slot.digest);
                self.slots[at] = slot;
            }
        }
    }

    /// Notes that a word of letters stands in one mail more; gives the language it speaks for.
    pub(crate) fn count(&mut self, number: Number, parts: &mut Parts) -> Option<Tongue> {
        let entry = &mut self.entries[number as usize];
        entry.mails = entry.mails.saturating_add(1);
        if entry.mails == ALONE_MIN && entry.speaks_for.is_none() {
            let (at, len) = (entry.at as usize, usize::from(entry.len));
            let word = &self.text[at..at + len];
            parts.learn(word, digest(word.as_bytes()));
        }
        entry.speaks_for
    }

    /// The language a word speaks for.
    pub(crate) fn speaks_for(&self, number: Number) -> Option<Tongue> {
        self.entries[number as usize].speaks_for
    }

    /// The number of the stem of a word; its own if it is its stem.
    pub(crate) fn stem(&mut self, number: Number, tongue: Tongue) -> Number {
        let known = self.entries[number as usize].stems[tongue as usize];
        if known != UNKNOWN {
            return known;
        }
        let entry = &self.entries[number as usize];
        let (at, len) = (entry.at as usize, usize::from(entry.len));
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
            let mut term = self.stems.stem(part, Tongue::German);
            term.insert(0, PART);
            let part = self.number(&term);
            if !numbers.contains(&part) {
                numbers.push(part);
            }
        }
        let entry = &mut self.entries[number as usize];
        entry.parts = (self.parts.len() as u32, numbers.len() as u8);
        entry.parts_of = parts.len() as u32;
        self.parts.extend(numbers);
    }

    /// Forgets words seen in one mail only, and with them all numbers.
    pub(crate) fn prune(&mut self) {
        let mut kept = Self { mail: self.mail, ..Self::default() };
        for number in 0..self.entries.len() as Number {
            let old = &self.entries[number as usize];
            if old.mails > 1 {
                let mails = old.mails;
                let of = |stem: Number| if stem == UNKNOWN { None } else { Some(self.word(stem)) };
                let stems = old.stems.map(of);
                let number = kept.number(self.word(number));
                let stems = stems.map(|stem| stem.map_or(UNKNOWN, |stem| kept.number(stem)));
                let new = &mut kept.entries[number as usize];
                new.mails = mails;
                new.stems = stems;
            }
        }
        *self = kept;
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
    fn a_word_is_new_once_in_each_text() {
        let mut vocabulary = Vocabulary::default();
        let digest = vocabulary.digest("strom");
        let see = |vocabulary: &mut Vocabulary, origin| {
            let sight = vocabulary.see(digest, "strom", origin);
            (sight.new, sight.first)
        };
        assert_eq!(see(&mut vocabulary, 1), (true, true));
        for _ in 0..3 {
            vocabulary.begin();
            assert_eq!(see(&mut vocabulary, 1), (true, true));
            assert_eq!(see(&mut vocabulary, 1), (false, false));
            assert_eq!(see(&mut vocabulary, 2), (true, false));
        }
    }

    #[test]
    fn pruning_keeps_what_is_known_of_common_words() {
        let mut vocabulary = Vocabulary::default();
        let mut parts = Parts::default();
        for word in ["rechnungen", "einmal"] {
            let number = vocabulary.number(word);
            vocabulary.count(number, &mut parts);
        }
        let number = vocabulary.number("rechnungen");
        vocabulary.count(number, &mut parts);
        vocabulary.stem(number, Tongue::German);
        vocabulary.prune();
        assert_eq!(vocabulary.len(), 2);
        let number = vocabulary.number("rechnungen");
        let stem = vocabulary.stem(number, Tongue::German);
        assert_eq!((vocabulary.word(number), vocabulary.word(stem)), ("rechnungen", "rechnung"));
        assert_eq!(vocabulary.len(), 2);
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
                vocabulary.count(filler, &mut parts);
            }
            for word in ["rechnung", "nummer"] {
                let number = vocabulary.number(word);
                vocabulary.count(number, &mut parts);
            }
        }
        let found: Vec<Number> = vocabulary.parts(compound, &parts).to_vec();
        let found: Vec<&str> = found.iter().map(|number| vocabulary.word(*number)).collect();
        assert_eq!(found, ["+rechnung", "+numm"]);
    }
}
