//! Ways out of the program: addresses with variables that a mail fills in.

use std::fmt::Write as _;

use api::{Jump, JumpTemplate, JumpTemplates};
use axum::extract::State as FromState;
use model::RecordKind;
use store::{MessageLinks, MessageRow};

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Json, text};
use crate::problem::Failure;
use crate::rights::Caller;

/// Name of the setting: JSON.
const SETTING: &str = "jumps";
const TEMPLATES_MAX: usize = 20;
/// Run in the page, or read files.
const REFUSED: [&str; 9] =
    ["javascript", "data", "vbscript", "file", "blob", "filesystem", "about", "view-source", "jar"];
const VARIABLES: [&str; 6] = ["#EMAIL#", "#NAME#", "#CONTACT#", "#ORDER#", "#QUOTE#", "#SUBJECT#"];

fn kept(state: &State) -> Result<JumpTemplates, Failure> {
    let text = state.store().setting(SETTING)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// `GET /links/jumps`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<JumpTemplates>, Failure> {
    state.read(kept).await.map(axum::Json)
}

/// `PUT /links/jumps`
pub(crate) async fn write(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<JumpTemplates>,
) -> Result<axum::Json<JumpTemplates>, Failure> {
    if asked.items.len() > TEMPLATES_MAX {
        return Err(Failure::field("items", "too-many-items").with("items", TEMPLATES_MAX));
    }
    let mut items = Vec::with_capacity(asked.items.len());
    for item in asked.items {
        let (name, template) = (text("name", &item.name, 60)?, text("template", &item.template, 2000)?);
        if !is_safe(&template) {
            return Err(Failure::field("template", "jump-unsafe").with("name", &name));
        }
        items.push(JumpTemplate { name, template });
    }
    let written = state.read(move |state| {
        let jumps = JumpTemplates { items };
        let json = serde_json::to_string(&jumps).map_err(Failure::internal)?;
        state.store().set_setting(SETTING.to_owned(), Some(json))?;
        let count = jumps.items.len().to_string();
        events::record(state, &caller, "jumps.changed", Subject::Nothing, &[("count", count)])?;
        Ok(jumps)
    });
    written.await.map(axum::Json)
}

/// Whether the address may be opened: its scheme stands there as text and is none of those that run or read something,
/// and of the web also the name of the server, so that no mail decides where one goes.
fn is_safe(template: &str) -> bool {
    let Some((scheme, rest)) = template.split_once(':') else { return false };
    let lower = scheme.to_ascii_lowercase();
    let is_scheme = lower.starts_with(|c: char| c.is_ascii_lowercase())
        && lower.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme || REFUSED.contains(&lower.as_str()) || template.chars().any(char::is_whitespace) {
        return false;
    }
    if lower != "http" && lower != "https" {
        return true;
    }
    let Some(rest) = rest.strip_prefix("//") else { return false };
    let server = rest.split(['/', '?', '\\']).next().unwrap_or_default();
    !server.is_empty() && !VARIABLES.iter().any(|variable| server.contains(variable))
}

/// All octets but letters, digits and `-._~` (RFC 3986 §2.3).
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            let _ = write!(out, "%{octet:02X}");
        }
    }
    out
}

/// `None` if a variable has no value. What a value holds is never taken for a variable.
fn filled(template: &str, values: &[(&str, Option<String>)]) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('#') {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        if let Some((variable, value)) = values.iter().find(|(variable, _)| behind.starts_with(variable)) {
            out.push_str(&encoded(value.as_deref()?));
            rest = &behind[variable.len()..];
        } else {
            out.push('#');
            rest = &behind[1..];
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Ways out of a message: those whose values it has. Of several records of a kind, the first counts.
pub(crate) fn of_message(
    state: &State,
    row: &MessageRow,
    links: &MessageLinks,
) -> Result<Vec<Jump>, Failure> {
    let kept = kept(state)?;
    let number = |kind: RecordKind| {
        let mut records = links.links.iter().map(|link| &link.record);
        records.find(|record| record.kind == kind).map(|record| record.number.clone())
    };
    let from = row.from.as_ref();
    let name = from.and_then(|from| from.display_name.clone()).filter(|name| !name.is_empty());
    let email = from.map(model::Address::folded).filter(|address| !address.is_empty());
    let values = [
        ("#EMAIL#", email.clone()),
        ("#NAME#", name.or(email)),
        ("#CONTACT#", number(RecordKind::Contact)),
        ("#ORDER#", number(RecordKind::Order)),
        ("#QUOTE#", number(RecordKind::Quote)),
        ("#SUBJECT#", Some(row.subject.clone()).filter(|subject| !subject.is_empty())),
    ];
    let jumps = kept.items.into_iter().filter_map(|item| {
        // What was kept by an earlier version is looked at like what is new.
        let url = filled(&item.template, &values).filter(|_| is_safe(&item.template))?;
        Some(Jump { name: item.name, url })
    });
    Ok(jumps.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_addresses() {
        let check = |template: &str, safe: bool| assert_eq!(is_safe(template), safe, "{template}");
        check("https://erp.example/orders/#ORDER#?from=#EMAIL#", true);
        check("http://erp.example", true);
        check("mailto:#EMAIL#?subject=#SUBJECT#", true);
        check("tel:123", true);
        check("navision://open/#CONTACT#", true);
        check("javascript:alert('#NAME#')", false);
        check("JavaScript:alert(1)", false);
        check(" javascript:alert(1)", false);
        check("java\tscript:alert(1)", false);
        check("data:text/html,x", false);
        check("vbscript:x", false);
        check("file:///etc/passwd", false);
        check("#NAME#:x", false);
        check("https://#NAME#/x", false);
        check("https://erp.example#EMAIL#/x", false);
        check("https:erp.example", false);
        check("/orders/#ORDER#", false);
        check("erp.example", false);
        check("", false);
    }

    #[test]
    fn values_are_encoded_and_never_variables() {
        let values = [("#NAME#", Some("Eva & #ORDER#/Ü".to_owned())), ("#ORDER#", None)];
        let check = |template: &str, expected: Option<&str>| {
            assert_eq!(filled(template, &values).as_deref(), expected);
        };
        check("https://e.example/?n=#NAME#", Some("https://e.example/?n=Eva%20%26%20%23ORDER%23%2F%C3%9C"));
        check("https://e.example/#/#NAME#x", Some("https://e.example/#/Eva%20%26%20%23ORDER%23%2F%C3%9Cx"));
        check("https://e.example/#ORDER#", None);
        check("https://e.example/#top", Some("https://e.example/#top"));
    }
}
