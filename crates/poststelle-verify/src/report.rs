//! What was found, in German, English or JSON.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Lang {
    /// German.
    De,
    /// English.
    En,
}

type Table = BTreeMap<String, String>;

static DE: LazyLock<Table> = LazyLock::new(|| table(include_str!("../lang/de.toml")));
static EN: LazyLock<Table> = LazyLock::new(|| table(include_str!("../lang/en.toml")));

fn table(source: &str) -> Table {
    toml::from_str(source).expect("a test reads both language files")
}

impl Lang {
    /// From the first of `LC_ALL`, `LC_MESSAGES`, `LANG` that is set; English unless it is German.
    pub(crate) fn from_locale(mut variable: impl FnMut(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()));
        if locale.is_some_and(|value| value.starts_with("de")) { Self::De } else { Self::En }
    }

    fn text(self, key: &str) -> &'static str {
        let table = match self {
            Self::De => &*DE,
            Self::En => &*EN,
        };
        table.get(key).map_or("", String::as_str)
    }
}

/// One thing that was found: a word that never changes, and names.
struct Finding {
    code: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Finding {
    fn of(code: &'static str, values: &[(&'static str, &dyn Display)]) -> Self {
        Self { code, values: values.iter().map(|(name, value)| (*name, value.to_string())).collect() }
    }

    fn text(&self, lang: Lang) -> String {
        self.values.iter().fold(lang.text(self.code).to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }

    fn json(&self, lang: Lang) -> Value {
        let mut object = Map::new();
        object.insert("code".to_owned(), json!(self.code));
        for (name, value) in &self.values {
            object.insert((*name).to_owned(), json!(value));
        }
        object.insert("text".to_owned(), json!(self.text(lang)));
        Value::Object(object)
    }
}

/// Faults of one kind that are named; more are counted.
const SAME_MAX: usize = 200;

/// Everything that was found.
#[derive(Default)]
pub(crate) struct Report {
    proven: Vec<Finding>,
    notes: Vec<Finding>,
    faults: Vec<Finding>,
    count: BTreeMap<&'static str, usize>,
}

impl Report {
    /// This holds.
    pub(crate) fn proven(&mut self, code: &'static str, values: &[(&'static str, &dyn Display)]) {
        self.proven.push(Finding::of(code, values));
    }

    /// Whoever reads this should know it.
    pub(crate) fn note(&mut self, code: &'static str, values: &[(&'static str, &dyn Display)]) {
        self.notes.push(Finding::of(code, values));
    }

    /// This does not hold.
    pub(crate) fn fault(&mut self, code: &'static str, values: &[(&'static str, &dyn Display)]) {
        let count = self.count.entry(code).or_default();
        *count += 1;
        if *count <= SAME_MAX {
            self.faults.push(Finding::of(code, values));
        }
    }

    /// Whether there is no fault.
    pub(crate) fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// For people.
    pub(crate) fn text(&self, lang: Lang) -> String {
        let mut out = String::new();
        for (title, list) in [("proven", &self.proven), ("faults", &self.faults), ("notes", &self.notes)] {
            if list.is_empty() {
                continue;
            }
            out.push_str(lang.text(title));
            out.push('\n');
            for finding in list {
                out.push_str("  ");
                out.push_str(&finding.text(lang));
                out.push('\n');
            }
        }
        out.push_str(lang.text(if self.holds() { "holds" } else { "holds_not" }));
        out.push('\n');
        out
    }

    /// For machines.
    pub(crate) fn json(&self, lang: Lang) -> String {
        let list = |list: &[Finding]| list.iter().map(|finding| finding.json(lang)).collect::<Vec<_>>();
        let report = json!({
            "ok": self.holds(),
            "proven": list(&self.proven),
            "faults": list(&self.faults),
            "notes": list(&self.notes),
            "counts": self.count,
        });
        format!("{report}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both languages have the same keys with the same names in them, and every word used in the code is one of them.
    #[test]
    fn both_languages_say_the_same() {
        let names = |text: &str| {
            let mut names: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
            names.sort();
            names
        };
        let keys =
            |table: &Table| table.iter().map(|(key, text)| (key.clone(), names(text))).collect::<Vec<_>>();
        assert_eq!(keys(&DE), keys(&EN));
        let sources = [
            include_str!("main.rs"),
            include_str!("anchors.rs"),
            include_str!("export.rs"),
            include_str!("leaves.rs"),
            include_str!("payloads.rs"),
            include_str!("segments.rs"),
            include_str!("witnesses.rs"),
        ];
        let mut used = 0;
        for call in ["fault(", "proven(", "note("] {
            for rest in sources.iter().flat_map(|source| source.split(call).skip(1)) {
                let Some(word) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
                else {
                    continue;
                };
                assert!(EN.contains_key(word), "{word}");
                used += 1;
            }
        }
        assert!(used > 25, "{used}");
    }
}
