//! Texts of mails of our own, German and English, in `lang/*.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// Language of who gets a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// German.
    De,
    /// English.
    #[default]
    En,
}

impl Language {
    /// The language of this word (ISO 639-1), English for others.
    pub fn from_word(word: &str) -> Self {
        if word == "de" { Self::De } else { Self::En }
    }

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }
}

/// Sentence for one, and for several.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kind {
    pub(crate) one: String,
    pub(crate) many: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub(crate) text: BTreeMap<String, String>,
    pub(crate) kind: BTreeMap<String, Kind>,
}

static DE: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../lang/de.toml")));
static EN: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../lang/en.toml")));

fn read(source: &str) -> Texts {
    toml::from_str(source).expect("a test reads both language files")
}

pub(crate) fn texts(language: Language) -> &'static Texts {
    match language {
        Language::De => &DE,
        Language::En => &EN,
    }
}

impl Texts {
    /// A text with its `{placeholders}` filled.
    pub(crate) fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        filled(self.text.get(key).map_or(key, String::as_str), values)
    }

    /// What happened so often; the word itself where there is no sentence.
    pub(crate) fn happened(&self, kind: &str, count: u64) -> String {
        let number = count.to_string();
        let Some(text) = self.kind.get(kind) else { return format!("{kind}: {number}") };
        filled(if count == 1 { &text.one } else { &text.many }, &[("count", &number)])
    }
}

/// Replaces each `{name}` once, from left to right; what is no name of a value stays as it is.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let hole = after.split_once('}');
        let value = hole.and_then(|(name, _)| values.iter().find(|(known, _)| *known == name));
        if let (Some((_, tail)), Some((_, value))) = (hole, value) {
            out.push_str(value);
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KINDS;

    #[test]
    fn both_languages_say_the_same() {
        assert!(DE.text.keys().eq(EN.text.keys()));
        let mut kinds: Vec<&str> = KINDS.to_vec();
        kinds.sort_unstable();
        for texts in [&DE, &EN] {
            assert!(texts.kind.keys().map(String::as_str).eq(kinds.iter().copied()));
        }
        let holes = |text: &str| text.matches('{').count();
        for (key, text) in &DE.text {
            assert_eq!(holes(text), holes(&EN.text[key]), "{key}");
        }
    }

    #[test]
    fn one_and_many() {
        assert_eq!(EN.happened("address.dead", 1), "1 address no longer exists");
        assert_eq!(EN.happened("address.dead", 3), "3 addresses no longer exist");
        assert_eq!(filled("{a} { {b}", &[("a", "{b}"), ("b", "x")]), "{b} { x");
    }
}
