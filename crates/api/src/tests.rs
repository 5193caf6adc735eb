//! The description and the forms of JSON.

use std::collections::BTreeSet;
use std::path::Path;

use model::UnixMillis;
use serde_json::{Value, json};

use crate::{Access, OPERATIONS, Timestamp, Trust, description_json};

#[test]
fn openapi_json_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = description_json();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "crates/api/openapi.json is not what the types say; run the test with UPDATE=1");
}

#[test]
fn every_reference_of_the_description_resolves() {
    let description: Value = serde_json::from_str(&description_json()).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    let mut references = BTreeSet::new();
    collect_references(&description, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == "$ref" => drop(into.insert(text.clone())),
                    _ => collect_references(field, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
}

#[test]
fn operations_are_told_apart_by_id_and_by_path() {
    let ids: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
    let paths: BTreeSet<_> = OPERATIONS.iter().map(|operation| (operation.method, operation.path)).collect();
    assert_eq!(ids.len(), OPERATIONS.len());
    assert_eq!(paths.len(), OPERATIONS.len());
}

#[test]
fn only_these_are_open_to_anybody() {
    let open: Vec<_> = OPERATIONS
        .iter()
        .filter(|operation| operation.access == Access::Public)
        .map(|operation| operation.id)
        .collect();
    assert_eq!(
        open,
        [
            "SETUP_STATE",
            "SET_UP",
            "LOG_IN",
            "ADD_CHECKPOINT",
            "API_DESCRIPTION",
            "HEALTH_LIVE",
            "HEALTH_READY",
            "METRICS"
        ]
    );
}

#[test]
fn times_have_milliseconds_and_survive_their_limits() {
    let check = |ms: i64, expected: &str| {
        let text = serde_json::to_value(Timestamp(UnixMillis(ms))).unwrap();
        assert_eq!(text, json!(expected));
    };
    check(1_772_442_000_000, "2026-03-02T09:00:00.000Z");
    check(1_772_442_000_007, "2026-03-02T09:00:00.007Z");
    check(-1, "1969-12-31T23:59:59.999Z");
    let check_start = |ms: i64, expected: &str| {
        assert_eq!(&Timestamp(UnixMillis(ms)).to_string()[..expected.len()], expected);
    };
    check_start(i64::MAX, "9999-12-");
    check_start(i64::MIN, "-009999-01-");
    let back: Timestamp = serde_json::from_value(json!("2026-03-02T10:00:00.007+01:00")).unwrap();
    assert_eq!(back, Timestamp(UnixMillis(1_772_442_000_007)));
}

#[test]
fn trust_is_a_word_or_an_object() {
    let check = |trust: &Trust, expected: Value| {
        assert_eq!(serde_json::to_value(trust).unwrap(), expected);
        assert_eq!(&serde_json::from_value::<Trust>(expected).unwrap(), trust);
    };
    check(&Trust::System, json!("system"));
    check(&Trust::PinSha256("ab".to_owned()), json!({"pin_sha256": "ab"}));
}
