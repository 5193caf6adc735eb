//! `poststelle link`: under which records mail files would be filed, one row a file; nothing is written.

use std::sync::PoisonError;

use link::{Decision, Mail};
use model::{Address, MessageId};
use parse::Limits;
use pipeline::Engine;
use serde_json::{Value, json};
use store::Linking;

use super::{mail_files, parse as parse_command};
use crate::cli;
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Writes the rows; each mail stands alone, as if it were new and began a thread.
pub fn run(
    engine: &Engine,
    args: &cli::LinkFiles,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let rules = engine.link_rules()?;
    let limits = Limits::default();
    let row = |file: &str, octets: &[u8]| row(file, octets, &limits, &rules, args.jsonl);
    let directory = Some(streams.directory.clone());
    let written = mail_files::write_rows(directory, &args.paths, &mut *streams.out, row);
    Ok(parse_command::finish(written, lang, &mut *streams.err))
}

fn row(file: &str, octets: &[u8], limits: &Limits, rules: &Linking, json: bool) -> String {
    let parsed = parse::parse(octets, limits);
    let message = &parsed.message;
    let from = specs(&message.from);
    let to = [specs(&message.to), specs(&message.cc)].concat();
    let date = message.date.or(message.received).unwrap_or(rules.now);
    let is_forward = message.subject.as_deref().is_some_and(link::is_forward);
    let mail = Mail { is_forward, ..Mail::alone(&from, &to, &parsed.facts, date) };
    let directory = rules.directory.read().unwrap_or_else(PoisonError::into_inner);
    let decision = link::decide(&mail, &directory, &rules.settings);
    drop(directory);
    if json {
        let message_id = message.message_id.as_ref().map(MessageId::as_str);
        return rendered(file, message_id, &decision).to_string();
    }
    let links: Vec<String> = decision
        .links
        .iter()
        .map(|l| format!("{} {} ({})", l.kind.as_str(), l.number, l.how.as_str()))
        .collect();
    format!("{file}  {}  {}", decision.outcome.as_str(), links.join(", ")).trim_end().to_owned()
}

fn specs(list: &[Address]) -> Vec<&str> {
    list.iter().map(|address| address.addr_spec.as_str()).collect()
}

fn rendered(file: &str, message_id: Option<&str>, decision: &Decision) -> Value {
    let links = decision
        .links
        .iter()
        .map(|link| json!({ "kind": link.kind.as_str(), "number": link.number, "how": link.how.as_str() }));
    let suggestions = decision.suggestions.iter().map(|suggestion| {
        json!({ "kind": suggestion.kind.as_str(), "number": suggestion.number, "why": suggestion.why.as_str() })
    });
    let trace = decision.trace.iter().map(|step| {
        json!({
            "step": step.step.as_str(),
            "looked_at": step.looked_at,
            "found": step.found,
            "outcome": step.outcome.as_str(),
        })
    });
    json!({
        "file": file,
        "message_id": message_id,
        "links": links.collect::<Vec<_>>(),
        "suggestions": suggestions.collect::<Vec<_>>(),
        "outcome": decision.outcome.as_str(),
        "stranger": decision.stranger,
        "trace": trace.collect::<Vec<_>>(),
    })
}
