//! Stems of German and English words, and which language a text is in.

use tantivy::tokenizer::{Language, RawTokenizer, Stemmer as SnowballStemmer, TextAnalyzer, TokenStream};

/// Language of a text, as far as stems need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// German, and everything that is not clearly English.
    #[default]
    German,
    /// English.
    English,
}

/// Function words that stand in one of the two languages only, folded.
const GERMAN: &[&str] = &[
    "und", "der", "die", "das", "den", "dem", "des", "ist", "nicht", "ein", "eine", "einen", "einer", "mit",
    "auf", "fuer", "von", "sich", "wir", "sie", "ich", "auch", "werden", "aus", "hat", "dass", "nach",
    "wird", "bei", "noch", "wie", "ueber", "zum", "zur", "haben", "oder", "aber", "durch", "wenn", "uns",
    "unser", "ihr", "ihnen", "bitte", "danke", "gruesse", "gruessen", "sehr", "liebe", "hallo", "guten",
    "im", "zu",
];
const ENGLISH: &[&str] = &[
    "the", "of", "and", "to", "is", "that", "for", "it", "with", "as", "be", "by", "this", "are", "at",
    "from", "or", "have", "not", "we", "you", "they", "but", "all", "which", "will", "would", "there",
    "their", "what", "can", "if", "has", "your", "please", "thanks", "regards", "dear", "hello", "our",
];

/// For which language a word speaks, if it is a function word.
pub(crate) fn speaks_for(word: &str) -> Option<Tongue> {
    if word.len() > 8 {
        None
    } else if GERMAN.contains(&word) {
        Some(Tongue::German)
    } else if ENGLISH.contains(&word) {
        Some(Tongue::English)
    } else {
        None
    }
}

/// Snowball stemmers for folded words.
#[derive(Clone)]
pub(crate) struct Stems {
    german: TextAnalyzer,
    english: TextAnalyzer,
}

impl Default for Stems {
    fn default() -> Self {
        let of = |language| {
            TextAnalyzer::builder(RawTokenizer::default()).filter(SnowballStemmer::new(language)).build()
        };
        Self { german: of(Language::German), english: of(Language::English) }
    }
}

impl Stems {
    /// The stem of a folded word; the word itself if it is too short to have one.
    pub(crate) fn stem(&mut self, word: &str, tongue: Tongue) -> String {
        if word.len() < 3 {
            return word.to_owned();
        }
        let analyzer = match tongue {
            Tongue::German => &mut self.german,
            Tongue::English => &mut self.english,
        };
        let mut stream = analyzer.token_stream(word);
        if stream.advance() && !stream.token().text.is_empty() {
            // The stemmer may leave umlauts it made from `ae`; they would not be the stem of the plain spelling.
            let stem = &stream.token().text;
            if stem.is_ascii() {
                stem.clone()
            } else {
                stem.replace('ä', "a").replace('ö', "o").replace('ü', "u")
            }
        } else {
            word.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_its_stem() {
        let mut stems = Stems::default();
        for (tongue, words) in [
            (Tongue::German, ["rechnung", "rechnungen"]),
            (Tongue::German, ["haus", "haeuser"]),
            (Tongue::German, ["vertrag", "vertraege"]),
            (Tongue::German, ["nummer", "nummern"]),
            (Tongue::English, ["invoice", "invoices"]),
            (Tongue::English, ["deliver", "delivering"]),
        ] {
            assert_eq!(stems.stem(words[0], tongue), stems.stem(words[1], tongue), "{words:?}");
        }
    }

    #[test]
    fn function_words_tell_the_language() {
        assert_eq!(speaks_for("und"), Some(Tongue::German));
        assert_eq!(speaks_for("the"), Some(Tongue::English));
        assert_eq!(speaks_for("in"), None);
    }
}
