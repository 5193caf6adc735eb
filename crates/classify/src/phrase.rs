//! What reports say in words, by language.

mod de;
mod en;
mod es;
mod fr;
mod it;
mod nl;
mod other;
mod pl;

use std::sync::LazyLock;

use crate::needles::Needles;

/// The words of one language: lower case, white space folded.
struct Pack {
    /// The mail did not arrive.
    failed: &'static [&'static str],
    /// It is late and still being tried.
    delayed: &'static [&'static str],
    /// It is no longer tried.
    gave_up: &'static [&'static str],
    /// In a subject: it did not arrive.
    subject_failed: &'static [&'static str],
    /// In a subject: it is late.
    subject_delayed: &'static [&'static str],
}

const PACKS: [Pack; 8] = [en::PACK, de::PACK, fr::PACK, es::PACK, it::PACK, nl::PACK, pl::PACK, other::PACK];

/// Where words of each sort stand first, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The mail did not arrive.
    pub(crate) failed: Option<usize>,
    /// It is late.
    pub(crate) delayed: Option<usize>,
    /// It is no longer tried.
    pub(crate) gave_up: Option<usize>,
    /// That it did not arrive is said in two languages, near the beginning.
    pub(crate) bilingual: bool,
}

/// Where two languages must stand.
const BILINGUAL_BYTES_MAX: usize = 900;

type Sorts = [fn(&Pack) -> &'static [&'static str]; 3];

struct Automaton {
    words: Needles,
    sorts: Vec<(usize, usize)>,
}

impl Automaton {
    fn new(of: Sorts) -> Self {
        let mut rows: Vec<((usize, usize), &'static str)> = Vec::new();
        for (language, pack) in PACKS.iter().enumerate() {
            for (sort, words) in of.iter().enumerate() {
                rows.extend(words(pack).iter().map(|word| ((sort, language), *word)));
            }
        }
        Self {
            words: Needles::new(rows.iter().map(|(_, word)| *word)),
            sorts: rows.iter().map(|(sort, _)| *sort).collect(),
        }
    }

    fn said(&self, text: &str) -> Said {
        let mut first: [Option<usize>; 3] = [None; 3];
        let mut spoken = None;
        let mut bilingual = false;
        for (number, at) in self.words.find(text) {
            let Some((sort, language)) = self.sorts.get(number) else { continue };
            if let Some(slot) = first.get_mut(*sort) {
                slot.get_or_insert(at);
            }
            if *sort == 0 && at < BILINGUAL_BYTES_MAX {
                bilingual |= spoken.is_some_and(|spoken| spoken != *language);
                spoken = Some(*language);
            }
        }
        let [failed, delayed, gave_up] = first;
        Said { failed, delayed, gave_up, bilingual }
    }
}

static IN_TEXT: LazyLock<Automaton> =
    LazyLock::new(|| Automaton::new([|p| p.failed, |p| p.delayed, |p| p.gave_up]));
static IN_SUBJECT: LazyLock<Automaton> =
    LazyLock::new(|| Automaton::new([|p| p.subject_failed, |p| p.subject_delayed, |_| &[]]));

/// What a text says; `text` in lower case with white space folded.
pub(crate) fn in_text(text: &str) -> Said {
    IN_TEXT.said(text)
}

/// What a subject says; in lower case.
pub(crate) fn in_subject(subject: &str) -> Said {
    IN_SUBJECT.said(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_is_found() {
        for pack in PACKS {
            for word in pack.failed {
                assert!(in_text(word).failed.is_some(), "{word}");
            }
            for word in pack.delayed {
                assert!(in_text(word).delayed.is_some(), "{word}");
            }
            for word in pack.gave_up {
                assert!(in_text(word).gave_up.is_some(), "{word}");
            }
            for word in pack.subject_failed {
                assert!(in_subject(word).failed.is_some(), "{word}");
            }
            for word in pack.subject_delayed {
                assert!(in_subject(word).delayed.is_some(), "{word}");
            }
        }
    }
}
