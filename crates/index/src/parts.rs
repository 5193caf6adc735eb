//! The words that compounds may consist of: those the archive itself has seen standing alone.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::path::Path;

/// Words kept.
const WORDS_MAX: usize = 200_000;
const PART_MAX: usize = 24;
const COMPOUND_MIN: usize = 7;
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

/// Words seen alone. Bounded; of each only a digest is kept.
#[derive(Default)]
pub(crate) struct Parts {
    known: HashSet<u64, BuildHasherDefault<Identity>>,
    saved: usize,
}

impl Parts {
    /// Notes a folded word, by its digest too, that stands alone in several mails.
    pub(crate) fn learn(&mut self, word: &str, digest: u64) {
        if (3..=PART_MAX).contains(&word.len()) && self.known.len() < WORDS_MAX {
            self.known.insert(digest);
        }
    }

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// What a word consists of, over all ways to take it apart without a rest; nothing if it is no compound.
    pub(crate) fn of<'a>(&self, word: &'a str) -> Vec<&'a str> {
        let mut parts = Vec::new();
        if (COMPOUND_MIN..=COMPOUND_MAX).contains(&word.len()) && word.is_ascii() {
            self.split(word, &mut parts, 0);
        }
        parts
    }

    fn split<'a>(&self, word: &'a str, parts: &mut Vec<&'a str>, depth: u8) -> bool {
        let mut any = false;
        for at in (4..word.len().saturating_sub(2)).rev() {
            let (left, right) = word.split_at(at);
            if parts.len() >= PARTS_MAX {
                break;
            }
            let alone = |part: &&str| self.known.contains(&digest(part.as_bytes()));
            let base = |ending: &str| right.strip_suffix(ending).filter(|base| base.len() > 2).filter(alone);
            let Some(right) = ENDINGS.into_iter().find_map(base) else { continue };
            for joint in JOINTS {
                let Some(stump) = left.strip_suffix(joint).filter(|stump| stump.len() >= 4) else { continue };
                if alone(&stump) {
                    parts.push(stump);
                } else if depth >= 2 || stump.len() < 8 || !self.split(stump, parts, depth + 1) {
                    continue;
                }
                parts.push(right);
                any = true;
            }
        }
        any
    }

    /// Reads what earlier runs learned; what cannot be read is learned anew.
    pub(crate) fn load(path: &Path) -> Self {
        let mut parts = Self::default();
        if let Ok(octets) = std::fs::read(path)
            && let Some(words) = octets.strip_prefix(MAGIC.as_slice())
        {
            let digests =
                words.chunks_exact(8).filter_map(|octets| Some(u64::from_le_bytes(octets.try_into().ok()?)));
            parts.known = digests.take(WORDS_MAX).collect();
        }
        parts.saved = parts.known.len();
        parts
    }

    /// Writes what is known if it has grown enough to matter.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(words: &[&str]) -> Parts {
        let mut parts = Parts::default();
        for word in words {
            parts.learn(word, digest(word.as_bytes()));
        }
        parts
    }

    fn check(parts: &Parts, word: &str, expected: &[&str]) {
        let mut found = parts.of(word);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, expected, "{word}");
    }

    #[test]
    fn compounds_are_taken_apart_into_words_seen_alone() {
        let parts = learned(&["rechnung", "nummer", "wind", "kraft", "anlage", "kunde", "tag", "jahr"]);
        check(&parts, "rechnungsnummer", &["nummer", "rechnung"]);
        check(&parts, "kundennummern", &["kunde", "nummer"]);
        check(&parts, "windkraftanlage", &["anlage", "kraft", "wind"]);
        check(&parts, "jahrestag", &["jahr", "tag"]);
        for other in ["rechnungslegung", "rechnung", "nummernschild", "", "x", "montag"] {
            check(&parts, other, &[]);
        }
    }

    #[test]
    fn what_was_learned_outlives_the_process() {
        let path = std::env::temp_dir().join(format!("index-parts-{}", std::process::id()));
        let filler: Vec<String> = ('a'..='z').map(|c| format!("wort{c}")).collect();
        let mut words: Vec<&str> = filler.iter().map(String::as_str).collect();
        words.extend(["rechnung", "nummer"]);
        learned(&words).save(&path).unwrap();
        check(&Parts::load(&path), "rechnungsnummer", &["nummer", "rechnung"]);
        std::fs::write(&path, b"rubbish").unwrap();
        assert_eq!(Parts::load(&path).len(), 0);
        std::fs::remove_file(&path).unwrap();
    }
}
