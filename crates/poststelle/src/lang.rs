//! Texts for people: German and English together in `lang/*.toml`, chosen by `--lang` or the locale.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// A language of the user interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// German.
    De,
    /// English.
    En,
}

static DE: LazyLock<Table> = LazyLock::new(|| table(include_str!("../lang/de.toml")));
static EN: LazyLock<Table> = LazyLock::new(|| table(include_str!("../lang/en.toml")));

type Table = BTreeMap<String, String>;

fn table(source: &str) -> Table {
    toml::from_str(source).expect("a test reads both language files")
}

impl Lang {
    /// From the values of `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set; English unless it is German.
    pub fn from_locale(mut variable: impl FnMut(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|v| !v.is_empty()));
        if locale.is_some_and(|value| value.starts_with("de")) { Self::De } else { Self::En }
    }

    /// `de` or `en`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// The text of this key with `{name}` replaced; the key itself if there is none, which a test prevents.
    pub fn text(self, key: &str, values: &[(&str, &dyn fmt::Display)]) -> String {
        let table = match self {
            Self::De => &*DE,
            Self::En => &*EN,
        };
        let mut text = table.get(key).cloned().unwrap_or_else(|| key.to_owned());
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), &value.to_string());
        }
        text
    }

    /// The text of a failure.
    pub fn failure(self, failure: &crate::failure::Failure) -> String {
        let texts = failure.texts.iter().map(|(name, key, values)| (*name, self.of_strings(key, values)));
        let values: Vec<(&'static str, String)> = failure.values.iter().cloned().chain(texts).collect();
        self.of_strings(failure.key, &values)
    }

    fn of_strings(self, key: &str, values: &[(&'static str, String)]) -> String {
        let values: Vec<(&str, &dyn fmt::Display)> =
            values.iter().map(|(name, value)| (*name, value as &dyn fmt::Display)).collect();
        self.text(key, &values)
    }
}

/// Whether both languages have this key.
pub fn has(key: &str) -> bool {
    DE.contains_key(key) && EN.contains_key(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(text: &str) -> Vec<String> {
        let mut found: Vec<String> = text
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name.to_owned())
            .collect();
        found.sort();
        found
    }

    #[test]
    fn both_languages_say_the_same() {
        let keys = |table: &Table| table.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&DE), keys(&EN));
        for (key, text) in &*DE {
            assert_eq!(placeholders(text), placeholders(&EN[key]), "{key}");
        }
    }

    #[test]
    fn locale() {
        let from = |pairs: &'static [(&str, &str)]| {
            Lang::from_locale(|name| pairs.iter().find(|p| p.0 == name).map(|p| p.1.to_owned()))
        };
        assert_eq!(from(&[("LANG", "de_DE.UTF-8")]), Lang::De);
        assert_eq!(from(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]), Lang::En);
        assert_eq!(from(&[]), Lang::En);
    }
}
