//! Texts of answers, German and English, in `lang/*.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use api::Language;
use axum::http::{HeaderMap, header};
use serde::Deserialize;

/// Title and explanation of a problem.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProblemText {
    title: String,
    detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    problem: BTreeMap<String, ProblemText>,
    advice: BTreeMap<String, String>,
    event: BTreeMap<String, String>,
    word: BTreeMap<String, String>,
}

static DE: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../lang/de.toml")));
static EN: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../lang/en.toml")));

fn read(source: &str) -> Texts {
    toml::from_str(source).expect("a test reads both language files")
}

fn texts(language: Language) -> &'static Texts {
    match language {
        Language::De => &DE,
        Language::En => &EN,
    }
}

/// Named values of a text.
pub(crate) type Values = Vec<(&'static str, String)>;

/// Title and explanation of the problem `key`; those of `internal` if there is none, which a test prevents.
pub(crate) fn problem(language: Language, key: &str, values: &[(&'static str, String)]) -> (String, String) {
    let problems = &texts(language).problem;
    let text = problems.get(key).or_else(|| problems.get("internal"));
    text.map_or_else(Default::default, |text| {
        (filled(&text.title, values.iter().map(pair)), filled(&text.detail, values.iter().map(pair)))
    })
}

/// The sentence that mends what `key` names, if there is one.
pub(crate) fn advice(language: Language, key: &str, values: &[(&'static str, String)]) -> Option<String> {
    texts(language).advice.get(key).map(|text| filled(text, values.iter().map(pair)))
}

/// The sentence that tells a person how to mend `key`, for the command line; without values. `None` if there is none.
pub fn sentence(language: Language, key: &str) -> Option<String> {
    advice(language, key, &[])
}

/// The sentence of an entry of the event log; the key itself where there is none.
pub(crate) fn event(language: Language, key: &str, details: &BTreeMap<String, String>) -> String {
    let text = texts(language).event.get(key).map_or(key, String::as_str);
    filled(text, details.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// The same where its values are not known: an ellipsis stands for each.
pub(crate) fn event_named(language: Language, key: &str) -> String {
    let text = texts(language).event.get(key).map_or(key, String::as_str);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        out.push('…');
        rest = behind.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// A word or short text by its key; the key itself where there is none.
pub(crate) fn word(language: Language, key: &str) -> &str {
    texts(language).word.get(key).map_or(key, String::as_str)
}

/// The same, if there is one.
pub(crate) fn word_if_known(
    language: Language,
    key: &str,
    values: &[(&'static str, String)],
) -> Option<String> {
    texts(language).word.get(key).map(|text| filled(text, values.iter().map(pair)))
}

fn pair<'a>(value: &'a (&'static str, String)) -> (&'a str, &'a str) {
    (value.0, value.1.as_str())
}

/// Replaces each `{name}` once, from left to right, so that a value with braces is never filled in itself.
fn filled<'a>(text: &str, values: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let values: BTreeMap<&str, &str> = values.collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        if let Some((name, tail)) = after.split_once('}') {
            out.push_str(values.get(name).copied().unwrap_or_default());
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The language a browser asks for: the one of ours with the highest weight, English without any.
///
/// Source: RFC 9110 §12.5.4.
pub(crate) fn accepted(headers: &HeaderMap) -> Language {
    let asked =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (Language::En, 0.0_f32);
    for range in asked.split(',') {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()))
            .unwrap_or(1.0);
        let language = tag.split('-').next().and_then(Language::from_word);
        if let Some(language) = language.filter(|_| weight > best.1) {
            best = (language, weight);
        }
    }
    best.0
}

/// Whether both languages have this problem.
#[cfg(test)]
pub(crate) fn has_problem(key: &str) -> bool {
    DE.problem.contains_key(key) && EN.problem.contains_key(key)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn placeholders(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> =
            text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn flat(texts: &Texts) -> BTreeMap<String, &str> {
        let mut all = BTreeMap::new();
        for (key, text) in &texts.problem {
            all.insert(format!("problem.{key}.title"), text.title.as_str());
            all.insert(format!("problem.{key}.detail"), text.detail.as_str());
        }
        for (group, table) in [("advice", &texts.advice), ("event", &texts.event), ("word", &texts.word)] {
            all.extend(table.iter().map(|(key, text)| (format!("{group}.{key}"), text.as_str())));
        }
        all
    }

    #[test]
    fn both_languages_say_the_same() {
        let (de, en) = (flat(&DE), flat(&EN));
        assert_eq!(de.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        for (key, text) in de {
            assert_eq!(placeholders(text), placeholders(en[&key]), "{key}");
        }
    }

    #[test]
    fn language_of_the_browser() {
        let check = |asked: &str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(asked).unwrap());
            assert_eq!(accepted(&headers), expected, "{asked}");
        };
        check("de", Language::De);
        check("de-AT, en;q=0.8", Language::De);
        check("fr, en;q=0.5, de;q=0.7", Language::De);
        check("fr", Language::En);
        check("", Language::En);
        check("de;q=0", Language::En);
        assert_eq!(accepted(&HeaderMap::new()), Language::En);
    }

    #[test]
    fn values_are_not_filled_in_themselves() {
        assert_eq!(filled("{a} and {b}, {c}", [("a", "{b}"), ("b", "x")].into_iter()), "{b} and x, ");
        assert_eq!(filled("no { end", std::iter::empty()), "no { end");
    }
}
