//! Texts of the document, German and English, in `lang/procedure.*.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use api::Language;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::UnixMillis;

type Words = BTreeMap<String, String>;

static DE: LazyLock<Words> = LazyLock::new(|| read(include_str!("../../lang/procedure.de.toml")));
static EN: LazyLock<Words> = LazyLock::new(|| read(include_str!("../../lang/procedure.en.toml")));

fn read(source: &str) -> Words {
    toml::from_str(source).expect("a test reads both language files")
}

/// One language, with the zone of its times.
pub(super) struct Texts {
    pub(super) language: Language,
    zone: TimeZone,
}

impl Texts {
    pub(super) fn new(language: Language, zone: TimeZone) -> Self {
        Self { language, zone }
    }

    /// A text by its key; the key itself where there is none, which a test prevents.
    pub(super) fn say(&self, key: &str) -> String {
        let words = match self.language {
            Language::De => &*DE,
            Language::En => &*EN,
        };
        words.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// The same with a value.
    pub(super) fn with(&self, key: &str, name: &str, value: impl std::fmt::Display) -> String {
        self.say(key).replace(&format!("{{{name}}}"), &value.to_string())
    }

    pub(super) fn time(&self, at: UnixMillis) -> String {
        let at = Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(self.zone.clone());
        let form = match self.language {
            Language::De => "%d.%m.%Y, %H:%M %Z",
            Language::En => "%d %b %Y, %H:%M %Z",
        };
        at.strftime(form).to_string()
    }

    /// Digits in groups of three.
    pub(super) fn number(&self, value: u64) -> String {
        let (digits, mark) = (value.to_string(), if self.language == Language::De { '.' } else { ',' });
        let mut out = String::with_capacity(digits.len() * 4 / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                out.push(mark);
            }
            out.push(digit);
        }
        out
    }

    /// Megabytes, decimal, one place.
    pub(super) fn octets(&self, value: u64) -> String {
        let tenths = value / 100_000;
        let mark = if self.language == Language::De { ',' } else { '.' };
        format!("{}{mark}{} MB", self.number(tenths / 10), tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same() {
        let places = |text: &String| {
            let mut places: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
            places.sort();
            places
        };
        let keys = |words: &Words| words.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&DE), keys(&EN));
        for (key, text) in &*DE {
            assert_eq!(places(text), places(&EN[key]), "{key}");
        }
    }

    #[test]
    fn every_key_has_a_text() {
        for source in [include_str!("chapters.rs"), include_str!("../procedure.rs")] {
            for call in ["say(\"", "with(\"", "fact(\"", "head(&[\""] {
                for rest in source.split(call).skip(1) {
                    let key = rest.split('"').next().unwrap();
                    assert!(DE.contains_key(key), "no text for {key}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_grouped() {
        let check = |language, value, number: &str, octets: &str| {
            let texts = Texts::new(language, TimeZone::UTC);
            assert_eq!((texts.number(value).as_str(), texts.octets(value).as_str()), (number, octets));
        };
        check(Language::De, 0, "0", "0,0 MB");
        check(Language::De, 1_234_567, "1.234.567", "1,2 MB");
        check(Language::En, 123_456_789_012, "123,456,789,012", "123,456.7 MB");
    }
}
