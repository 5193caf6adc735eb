//! What was learned about words while indexing: stems, and the parts of compounds. Bounded; can be forgotten.
//!
//! A compound is taken apart only into words that the archive itself has seen standing alone.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::path::Path;

use crate::stem::{Stems, Tongue, speaks_for};

/// Words with cached stems; when full, all are forgotten.
const ENTRIES_MAX: usize = 1 << 16;
/// Words that may be parts of compounds.
const KNOWN_MAX: usize = 200_000;
/// In so many mails a word has to stand alone before it counts as a part.
const ALONE_MIN: u8 = 3;
const PART_MAX: usize = 24;
const COMPOUND_MAX: usize = 48;
/// Parts kept of one compound.
const PARTS_MAX: usize = 8;
/// Endings of the last part.
const ENDINGS: [&str; 6] = ["", "n", "en", "e", "s", "es"];
/// What German puts between the parts.
const JOINTS: [&str; 8] = ["", "s", "es", "n", "en", "er", "e", "ns"];
const MAGIC: &[u8; 8] = b"pstwords";

/// Digest of a folded word; the same in every version, as it is stored.
pub(crate) fn digest(word: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = word.len() as u64;
    let mut chunks = word.chunks_exact(8);
    for chunk in &mut chunks {
        let octets: [u8; 8] = chunk.try_into().unwrap_or_default();
        state = (state.rotate_left(23) ^ u64::from_le_bytes(octets)).wrapping_mul(FACTOR);
    }
    let mut last = [0_u8; 8];
    let rest = chunks.remainder();
    last[..rest.len()].copy_from_slice(rest);
    state = (state.rotate_left(23) ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    (state ^ (state >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) ^ (state >> 32)
}

/// The digest is its own hash.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type Digests = HashSet<u64, BuildHasherDefault<Identity>>;

/// A piece of [`Lexicon::arena`].
#[derive(Clone, Copy, Debug)]
struct Piece {
    at: u32,
    len: u32,
}

const UNKNOWN: Piece = Piece { at: u32::MAX, len: 0 };

struct Entry {
    digest: u64,
    /// Stamp of the mail it was last seen in.
    mail: u32,
    /// In which of its texts, as bits.
    origins: u8,
    /// In how many mails; saturates.
    mails: u8,
    speaks_for: Option<Tongue>,
    stems: [Piece; 2],
    /// Stems of the parts, each behind an octet of length.
    parts: Piece,
    /// Size of the vocabulary when they were found.
    parts_of: u32,
}

/// Cached knowledge of words, and the vocabulary compounds are made of.
pub(crate) struct Lexicon {
    slots: Vec<u32>,
    entries: Vec<Entry>,
    arena: String,
    known: Digests,
    saved: usize,
    stems: Stems,
    mail: u32,
}

impl Default for Lexicon {
    fn default() -> Self {
        Self {
            slots: vec![0; ENTRIES_MAX * 2],
            entries: Vec::new(),
            arena: String::new(),
            known: Digests::default(),
            saved: 0,
            stems: Stems::default(),
            mail: 0,
        }
    }
}

/// What a first sight of a word in a mail gives.
pub(crate) struct Sight {
    /// To ask [`Lexicon::stem`] and [`Lexicon::parts`] with, within the same mail.
    pub entry: u32,
    /// Seen in no other text of this mail before.
    pub first: bool,
    /// The language it speaks for.
    pub speaks_for: Option<Tongue>,
}

impl Lexicon {
    /// A new mail begins.
    pub(crate) fn begin(&mut self) {
        if self.entries.len() >= ENTRIES_MAX - ENTRIES_MAX / 8 {
            self.slots.fill(0);
            self.entries.clear();
            self.arena.clear();
        }
        self.mail = self.mail.wrapping_add(1);
    }

    /// Notes a word of letters; `None` if it stood in this text (`origin`, a bit) of the mail before.
    pub(crate) fn see(&mut self, word: &str, origin: u8) -> Option<Sight> {
        let digest = digest(word.as_bytes());
        let mask = self.slots.len() - 1;
        let mut slot = digest as usize & mask;
        let entry = loop {
            let number = self.slots[slot];
            if number == 0 {
                if self.entries.len() >= ENTRIES_MAX {
                    return None;
                }
                self.slots[slot] = self.entries.len() as u32 + 1;
                self.entries.push(Entry {
                    digest,
                    mail: self.mail.wrapping_sub(1),
                    origins: 0,
                    mails: 0,
                    speaks_for: speaks_for(word),
                    stems: [UNKNOWN; 2],
                    parts: UNKNOWN,
                    parts_of: 0,
                });
                break self.entries.len() - 1;
            }
            if self.entries[number as usize - 1].digest == digest {
                break number as usize - 1;
            }
            slot = (slot + 1) & mask;
        };
        let known = &mut self.entries[entry];
        let first = known.mail != self.mail;
        if first {
            known.mail = self.mail;
            known.origins = 0;
            known.mails = known.mails.saturating_add(1);
            if known.mails == ALONE_MIN
                && (3..=PART_MAX).contains(&word.len())
                && known.speaks_for.is_none()
                && self.known.len() < KNOWN_MAX
            {
                self.known.insert(digest);
            }
        }
        if known.origins & origin != 0 {
            return None;
        }
        known.origins |= origin;
        Some(Sight { entry: entry as u32, first, speaks_for: known.speaks_for })
    }

    /// The stem of a word seen in this mail; `None` if it is the word itself.
    pub(crate) fn stem(&mut self, entry: u32, word: &str, tongue: Tongue) -> Option<&str> {
        let entry = &mut self.entries[entry as usize];
        let piece = &mut entry.stems[tongue as usize];
        if piece.at == u32::MAX {
            let stem = self.stems.stem(word, tongue);
            *piece = Piece { at: self.arena.len() as u32, len: 0 };
            if stem != word {
                piece.len = stem.len() as u32;
                self.arena.push_str(&stem);
            }
        }
        let piece = *piece;
        (piece.len > 0).then(|| self.piece(piece))
    }

    /// German stems of the parts of a word seen in this mail; none if it is no compound, as far as is known.
    pub(crate) fn parts(&mut self, entry: u32, word: &str) -> impl Iterator<Item = &str> {
        let known = self.known.len() as u32;
        let cached = &self.entries[entry as usize];
        let stale = cached.parts.at == u32::MAX || known > cached.parts_of + cached.parts_of / 4 + 16;
        if stale && (7..=COMPOUND_MAX).contains(&word.len()) && word.is_ascii() {
            let at = self.arena.len() as u32;
            let mut parts = Vec::new();
            split(&self.known, word, &mut parts, 0);
            let mut written: Vec<String> = Vec::new();
            for part in parts {
                let stem = self.stems.stem(part, Tongue::German);
                if !written.contains(&stem) && stem.len() < 128 {
                    self.arena.push(char::from(stem.len() as u8));
                    self.arena.push_str(&stem);
                    written.push(stem);
                }
            }
            let cached = &mut self.entries[entry as usize];
            cached.parts = Piece { at, len: self.arena.len() as u32 - at };
            cached.parts_of = known;
        }
        let mut rest = self.piece(self.entries[entry as usize].parts);
        std::iter::from_fn(move || {
            let len = usize::from(*rest.as_bytes().first()?);
            let part = rest.get(1..=len)?;
            rest = &rest[1 + len..];
            Some(part)
        })
    }

    fn piece(&self, piece: Piece) -> &str {
        let at = piece.at as usize;
        self.arena.get(at..at + piece.len as usize).unwrap_or_default()
    }

    /// Reads the vocabulary of earlier runs; one that cannot be read is learned anew.
    pub(crate) fn load(&mut self, path: &Path) {
        let Ok(octets) = std::fs::read(path) else { return };
        let Some(words) = octets.strip_prefix(MAGIC.as_slice()) else { return };
        let digests =
            words.chunks_exact(8).filter_map(|octets| Some(u64::from_le_bytes(octets.try_into().ok()?)));
        self.known = digests.take(KNOWN_MAX).collect();
        self.saved = self.known.len();
    }

    /// Writes the vocabulary if it has grown enough to matter.
    pub(crate) fn save(&mut self, path: &Path) -> io::Result<()> {
        if self.known.len() < self.saved + self.saved / 20 + 16 {
            return Ok(());
        }
        let mut digests: Vec<u64> = self.known.iter().copied().collect();
        digests.sort_unstable();
        let mut octets = MAGIC.to_vec();
        octets.extend(digests.iter().flat_map(|digest| digest.to_le_bytes()));
        let draft = path.with_extension("new");
        std::fs::write(&draft, octets)?;
        std::fs::rename(&draft, path)?;
        self.saved = self.known.len();
        Ok(())
    }
}

/// Collects the words a compound consists of, over all ways to take it apart without a rest.
fn split<'a>(known: &Digests, word: &'a str, parts: &mut Vec<&'a str>, depth: u8) -> bool {
    let mut any = false;
    for at in (4..word.len().saturating_sub(2)).rev() {
        let (left, right) = word.split_at(at);
        if parts.len() >= PARTS_MAX {
            break;
        }
        let alone = |part: &&str| known.contains(&digest(part.as_bytes()));
        let base = |ending: &str| right.strip_suffix(ending).filter(|base| base.len() > 2).filter(alone);
        let Some(right) = ENDINGS.into_iter().find_map(base) else { continue };
        for joint in JOINTS {
            let Some(stump) = left.strip_suffix(joint).filter(|stump| stump.len() >= 4) else { continue };
            let before = parts.len();
            if known.contains(&digest(stump.as_bytes())) {
                parts.push(stump);
            } else if depth >= 2 || stump.len() < 8 || !split(known, stump, parts, depth + 1) {
                continue;
            }
            if parts.len() > before || any {
                parts.push(right);
            }
            any = true;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(words: &[&str]) -> Lexicon {
        let mut lexicon = Lexicon::default();
        for _ in 0..ALONE_MIN {
            lexicon.begin();
            for word in words {
                lexicon.see(word, 1);
            }
        }
        lexicon
    }

    fn parts(lexicon: &mut Lexicon, word: &str) -> Vec<String> {
        lexicon.begin();
        let entry = lexicon.see(word, 1).unwrap().entry;
        let mut parts: Vec<String> = lexicon.parts(entry, word).map(str::to_owned).collect();
        parts.sort_unstable();
        parts
    }

    #[test]
    fn compounds_are_taken_apart_into_words_seen_alone() {
        let mut lexicon = learned(&["rechnung", "nummer", "wind", "kraft", "anlage", "kunde", "die"]);
        assert_eq!(parts(&mut lexicon, "rechnungsnummer"), ["numm", "rechnung"]);
        assert_eq!(parts(&mut lexicon, "kundennummern"), ["kund", "numm"]);
        assert_eq!(parts(&mut lexicon, "windkraftanlage"), ["anlag", "kraft", "wind"]);
        assert_eq!(parts(&mut lexicon, "rechnungslegung"), Vec::<String>::new());
        assert_eq!(parts(&mut lexicon, "rechnung"), Vec::<String>::new());
    }

    #[test]
    fn what_is_learned_later_counts() {
        let mut lexicon = learned(&["rechnung"]);
        assert!(parts(&mut lexicon, "rechnungsnummer").is_empty());
        let filler: Vec<String> =
            (0..40).map(|n| format!("wort{}", char::from(b'a' + n)).replace('{', "x")).collect();
        for _ in 0..ALONE_MIN {
            lexicon.begin();
            lexicon.see("nummer", 1);
            for word in &filler {
                lexicon.see(word, 1);
            }
        }
        assert_eq!(parts(&mut lexicon, "rechnungsnummer"), ["numm", "rechnung"]);
    }

    #[test]
    fn the_vocabulary_outlives_the_process() {
        let path = std::env::temp_dir().join(format!("index-lexicon-{}", std::process::id()));
        let filler: Vec<String> = ('a'..='z').map(|c| format!("wort{c}")).collect();
        let mut words: Vec<&str> = filler.iter().map(String::as_str).collect();
        words.extend(["rechnung", "nummer"]);
        learned(&words).save(&path).unwrap();
        let mut lexicon = Lexicon::default();
        lexicon.load(&path);
        assert_eq!(parts(&mut lexicon, "rechnungsnummer"), ["numm", "rechnung"]);
        std::fs::write(&path, b"rubbish").unwrap();
        Lexicon::default().load(&path);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_full_lexicon_forgets_and_goes_on() {
        let mut lexicon = Lexicon::default();
        for n in 0..200_000_u32 {
            if n % 50 == 0 {
                lexicon.begin();
            }
            let mut word = String::from("w");
            for shift in 0..8 {
                word.push(char::from(b'a' + ((n >> (shift * 4)) & 15) as u8));
            }
            let sight = lexicon.see(&word, 1).unwrap();
            lexicon.stem(sight.entry, &word, Tongue::German);
            lexicon.parts(sight.entry, &word).count();
        }
        assert!(lexicon.arena.len() < 4 << 20);
    }
}
