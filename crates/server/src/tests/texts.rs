//! Texts exist for everything the sources name.

use std::collections::BTreeSet;
use std::path::Path;

use api::Language;

use crate::lang;

/// What stands in quotes behind each of `calls`, anywhere in the sources outside the tests.
fn named(calls: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "rs") || path.file_name().unwrap() == "tests.rs" {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for call in calls {
            for rest in source.split(call).skip(1) {
                let arguments = rest.split(';').next().unwrap();
                found.extend(arguments.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    found
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

#[test]
fn every_problem_has_texts() {
    let mut keys: BTreeSet<String> = named(&["Failure::new(StatusCode::"])
        .into_iter()
        .filter(|key| is_key(key) && lang::has_problem(key))
        .collect();
    // Read once more strictly: the first text in quotes behind the status, the second behind the field.
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        for rest in source.split("Failure::new(StatusCode::").skip(1) {
            let key = rest.split('"').nth(1).unwrap();
            assert!(lang::has_problem(key), "no texts for {key}");
            keys.insert(key.to_owned());
        }
        for rest in source.split("Failure::field(\"").skip(1) {
            // Where the key is not written out, another test knows the keys.
            let Some(rest) =
                rest.split_once("\", \"").filter(|(field, _)| !field.contains(',')).map(|(_, rest)| rest)
            else {
                continue;
            };
            let key = rest.split('"').next().unwrap();
            assert!(lang::has_problem(key), "no texts for {key}");
            keys.insert(key.to_owned());
        }
    }
    assert!(keys.len() > 40, "{keys:?}");
}

#[test]
fn every_event_has_a_sentence() {
    let calls = ["events::record(", "events::record_reading(", "events::record_stranger(", "let kind = "];
    let kinds: Vec<String> = named(&calls)
        .into_iter()
        .filter(|kind| kind.contains('.') && is_key(&kind.replace(['.', '_'], "-")))
        .collect();
    assert!(kinds.len() > 15, "{kinds:?}");
    for kind in kinds {
        let key = kind.replace(['.', '_'], "-");
        for language in [Language::De, Language::En] {
            assert_ne!(
                lang::event(language, &key, &std::collections::BTreeMap::new()),
                key,
                "no sentence for {kind}"
            );
        }
    }
}

#[test]
fn every_query_error_has_texts() {
    for key in [
        "query-unreadable",
        "query-value-missing",
        "query-value-unknown",
        "query-account-unknown",
        "query-group-unknown",
        "query-date-unreadable",
        "query-size-unreadable",
        "query-too-long",
        "query-too-deep",
        "query-too-many-words",
    ] {
        assert!(lang::has_problem(key), "{key}");
    }
}
