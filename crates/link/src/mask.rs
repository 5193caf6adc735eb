//! What numbers of an ERP look like, learnt from those it has.
//!
//! A mask has upper case letters and other signs for themselves, `d` for a digit and `l` for a letter: `B-dddd-ddddd`.
//! Masks restrict what is suggested and point at numbers that are not known; they never make a link.

use std::collections::{BTreeMap, BTreeSet};

use model::{MailFacts, RecordKind};

use crate::directory::Directory;
use crate::normal_number;
use crate::settings::Settings;

/// Masks that are told of a kind.
pub const MASKS_MAX: usize = 8;
/// Characters of a mask.
pub const MASK_CHARACTERS_MAX: usize = 40;
/// Examples of a mask.
const EXAMPLES_MAX: usize = 3;
/// Masks counted while learning; beyond, letters are no longer told apart.
const COUNTED_MAX: usize = 2000;
/// Of numbers in thousands that a mask must cover to be told.
const SHARE_LEAST: u64 = 5;
/// Characters without separators that a number needs to be taken for one by its look alone.
const TELLING_LEAST: usize = 5;
/// The same if it has digits alone.
const TELLING_DIGITS_LEAST: usize = 6;
/// Numbers shown that look like one and are not known.
const UNKNOWN_MAX: usize = 5;

/// A mask, and how much of the numbers it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// The mask.
    pub mask: String,
    /// How many numbers look like it.
    pub count: u64,
    /// The first ones of them in the order of their characters.
    pub examples: Vec<String>,
}

/// What numbers look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// How many numbers there are.
    pub of: u64,
    /// Masks of a share worth telling, the most frequent first.
    pub masks: Vec<Mask>,
}

/// A number as its mask. `letters`: letters stand for themselves.
fn mask_of(number: &str, letters: bool) -> String {
    let mut out = String::new();
    for c in number.trim().chars().take(MASK_CHARACTERS_MAX) {
        match c {
            _ if c.is_ascii_digit() => out.push('d'),
            _ if c.is_whitespace() => out.push(' '),
            _ if !c.is_alphabetic() => out.push(c),
            _ if letters => out.extend(c.to_uppercase()),
            _ => out.push('l'),
        }
    }
    out
}

/// Counts masks; which numbers came first does not matter.
#[derive(Default)]
struct Counts {
    of: u64,
    exact: BTreeMap<String, (u64, BTreeSet<String>)>,
    loose: BTreeMap<String, (u64, BTreeSet<String>)>,
}

fn count(masks: &mut BTreeMap<String, (u64, BTreeSet<String>)>, mask: String, number: &str) {
    // Letters may all differ; then the loose masks speak.
    if masks.len() > COUNTED_MAX && !masks.contains_key(&mask) {
        return;
    }
    let (count, examples) = masks.entry(mask).or_default();
    *count += 1;
    if examples.len() < EXAMPLES_MAX {
        examples.insert(number.to_owned());
    } else if examples.last().is_some_and(|last| number < last.as_str()) && examples.insert(number.to_owned())
    {
        examples.pop_last();
    }
}

/// Learns masks of numbers. The same numbers in another order give the same, as long as they have no more than two
/// thousand looks.
pub fn learn<'a>(numbers: impl IntoIterator<Item = &'a str>) -> Learnt {
    let mut counts = Counts::default();
    for number in numbers {
        if number.trim().is_empty() {
            continue;
        }
        counts.of += 1;
        count(&mut counts.exact, mask_of(number, true), number);
        count(&mut counts.loose, mask_of(number, false), number);
    }
    let of = counts.of;
    let told = |masks: BTreeMap<String, (u64, BTreeSet<String>)>| {
        let mut told: Vec<Mask> = masks
            .into_iter()
            .filter(|(_, (count, _))| count.saturating_mul(1000) >= of.saturating_mul(SHARE_LEAST))
            .map(|(mask, (count, examples))| Mask { mask, count, examples: examples.into_iter().collect() })
            .collect();
        told.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.mask.cmp(&b.mask)));
        told.truncate(MASKS_MAX);
        told
    };
    let covered = |masks: &[Mask]| masks.iter().map(|mask| mask.count).sum::<u64>();
    let (exact, loose) = (told(counts.exact), told(counts.loose));
    // Letters that vary from number to number say nothing.
    let masks =
        if covered(&exact).saturating_mul(10) < covered(&loose).saturating_mul(8) { loose } else { exact };
    Learnt { of, masks }
}

/// Masks of numbers that a person has confirmed, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masks {
    of: Vec<(RecordKind, Vec<char>)>,
    /// Whether single numbers are suggested only if a mask of their kind fits, where the kind has any.
    pub restrict: bool,
}

impl Masks {
    /// Of kinds and masks, which may be written with or without separators.
    pub fn new<'a>(masks: impl IntoIterator<Item = (RecordKind, &'a str)>, restrict: bool) -> Self {
        let plain =
            |mask: &str| mask.chars().filter(|c| !(c.is_whitespace() || "-./_".contains(*c))).collect();
        let of = masks.into_iter().map(|(kind, mask)| (kind, plain(mask)));
        Self { of: of.filter(|(_, mask): &(_, Vec<char>)| !mask.is_empty()).collect(), restrict }
    }

    /// Whether a number, as it is compared, looks like one of this kind.
    pub fn fit(&self, kind: RecordKind, normal: &str) -> bool {
        self.of.iter().any(|(of, mask)| *of == kind && fits(mask, normal))
    }

    /// Whether a number may be suggested as one of this kind.
    pub(crate) fn let_through(&self, kind: RecordKind, normal: &str) -> bool {
        !self.restrict || self.of.iter().all(|(of, _)| *of != kind) || self.fit(kind, normal)
    }

    fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

fn fits(mask: &[char], normal: &str) -> bool {
    let mut of = mask.iter();
    let same = normal.chars().all(|c| match of.next() {
        Some('d') => c.is_ascii_digit(),
        Some('l') => c.is_alphabetic(),
        Some(other) => c == *other || c.to_uppercase().eq(other.to_uppercase()),
        None => false,
    });
    same && of.next().is_none()
}

/// Whether a number says by its look alone that it is one.
fn is_telling(normal: &str) -> bool {
    let characters = normal.chars().count();
    let digits_alone = normal.chars().all(|c| c.is_ascii_digit());
    characters >= if digits_alone { TELLING_DIGITS_LEAST } else { TELLING_LEAST }
}

/// Numbers of a mail that look like those of a kind and are none that is known, as written.
pub fn unknown_numbers(
    facts: &MailFacts,
    directory: &Directory,
    settings: &Settings,
) -> Vec<(RecordKind, String)> {
    let masks = &settings.masks;
    let mut out: Vec<(RecordKind, String)> = Vec::new();
    if masks.is_empty() {
        return out;
    }
    let mut seen = BTreeSet::new();
    for found in &facts.numbers {
        let normal = normal_number(&found.value.0);
        if out.len() == UNKNOWN_MAX || !is_telling(&normal) || settings.own_numbers.holds(&normal) {
            continue;
        }
        let hash = directory.token_hash(&normal);
        let known = |kind| directory.find(kind, &found.value.0).is_some();
        if directory.has_token(hash) || RecordKind::ALL.into_iter().any(known) {
            continue;
        }
        if let Some(kind) = RecordKind::ALL.into_iter().find(|kind| masks.fit(*kind, &normal))
            && seen.insert(normal)
        {
            out.push((kind, found.value.0.clone()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masks(numbers: &[&str]) -> Vec<(String, u64)> {
        learn(numbers.iter().copied()).masks.into_iter().map(|mask| (mask.mask, mask.count)).collect()
    }

    #[test]
    fn masks_are_learnt() {
        let check = |numbers: &[&str], expected: &[(&str, u64)]| {
            let expected: Vec<(String, u64)> = expected.iter().map(|(m, n)| ((*m).to_owned(), *n)).collect();
            assert_eq!(masks(numbers), expected, "{numbers:?}");
        };
        check(&["B-2026-15343", "b-2025-00001", "77"], &[("B-dddd-ddddd", 2), ("dd", 1)]);
        check(&["AB-1", "CD-2", "EF-3", "GH-4"], &[("AB-d", 1), ("CD-d", 1), ("EF-d", 1), ("GH-d", 1)]);
        check(&[], &[]);
        check(&[" ", ""], &[]);
        let many: Vec<String> = (0..500_u32)
            .map(|n| {
                format!("{}{}-{n}", char::from(b'A' + (n % 26) as u8), char::from(b'A' + (n / 26) as u8))
            })
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let found = masks(&many);
        assert_eq!(found[0], ("ll-ddd".to_owned(), 400), "letters that vary are letters");
    }

    #[test]
    fn masks_fit_without_separators() {
        let masks = Masks::new([(RecordKind::Order, "B-dddd-ddddd"), (RecordKind::Quote, "llddd")], true);
        for (kind, number, fits) in [
            (RecordKind::Order, "b 2026/15343", true),
            (RecordKind::Order, "B-2026-1534", false),
            (RecordKind::Order, "C-2026-15343", false),
            (RecordKind::Quote, "AB-123", true),
            (RecordKind::Quote, "12-123", false),
        ] {
            assert_eq!(masks.fit(kind, &normal_number(number)), fits, "{number}");
        }
        assert!(masks.let_through(RecordKind::Contact, "7"), "a kind without masks");
        assert!(!masks.let_through(RecordKind::Order, "7"));
        assert!(!is_telling("7") && !is_telling("12345") && is_telling("123456") && is_telling("B2026"));
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_every_number_fits_its_mask(
            mut numbers in prop::collection::vec("[A-Ca-c]{0,2}[-/ ]?[0-9]{1,6}", 0..60),
        ) {
            let learnt = learn(numbers.iter().map(String::as_str));
            numbers.reverse();
            prop_assert_eq!(&learnt, &learn(numbers.iter().map(String::as_str)));
            prop_assert_eq!(learnt.of, numbers.len() as u64);
            prop_assert!(learnt.masks.iter().map(|mask| mask.count).sum::<u64>() <= learnt.of);
            for mask in &learnt.masks {
                prop_assert!(!mask.examples.is_empty() && mask.examples.len() as u64 <= mask.count);
                let known = Masks::new([(RecordKind::Order, mask.mask.as_str())], true);
                for example in &mask.examples {
                    prop_assert!(known.fit(RecordKind::Order, &normal_number(example)), "{} {}", mask.mask, example);
                }
            }
        }

        #[test]
        fn any_text_has_a_mask(numbers in prop::collection::vec(".{0,60}", 0..10)) {
            let learnt = learn(numbers.iter().map(String::as_str));
            prop_assert!(learnt.masks.len() <= MASKS_MAX);
        }
    }
}
