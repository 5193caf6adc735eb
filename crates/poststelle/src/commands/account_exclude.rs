//! `poststelle account exclude`.

use std::io::Write as _;

use pipeline::ExclusionFault;
use serde_json::json;
use store::{Exclusion, ExclusionKind};

use super::Context;
use super::account::{changed, find};
use crate::cli::AccountExclude;
use crate::control::Streams;
use crate::failure::Failure;

/// Lists the exclusions of an account, or changes one.
pub fn run(context: &Context<'_>, args: &AccountExclude, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let account = find(engine, &args.name)?;
    let Some(exclusion) = &args.exclusion else { return list(context, args, streams) };
    let mut rules = engine.store().exclusions(account.id)?;
    let at = rules.iter().position(|rule| rule.name == *exclusion);
    match (wanted(args, exclusion), at) {
        (Some(new), Some(at)) => rules[at] = new,
        (Some(new), None) => rules.push(new),
        (None, Some(at)) => {
            rules.remove(at);
        }
        (None, None) => return Err(Failure::new("exclusion-unknown").with("name", exclusion)),
    }
    let rules =
        pipeline::checked_exclusions(rules, account.settings.kind).map_err(|fault| refused(&fault))?;
    engine.store().set_exclusions(account.id, rules)?;
    changed(context, account.id);
    writeln!(streams.err, "{}", lang.text("account-handled", &[("name", &args.name)]))?;
    Ok(0)
}

fn refused(fault: &ExclusionFault) -> Failure {
    let failure = Failure::usage(fault.key());
    fault.values().into_iter().fold(failure, |failure, (name, value)| failure.with(name, value))
}

/// The exclusion as given; `None` if it is to be removed.
fn wanted(args: &AccountExclude, name: &str) -> Option<Exclusion> {
    let (kind, patterns) = match args {
        _ if args.remove => return None,
        _ if args.spam => (ExclusionKind::Spam, &Vec::new()),
        _ if args.private => (ExclusionKind::Private, &args.subject),
        _ if !args.sender.is_empty() => (ExclusionKind::Sender, &args.sender),
        _ if !args.works_council.is_empty() => (ExclusionKind::WorksCouncil, &args.works_council),
        _ => (ExclusionKind::Folder, &args.folder),
    };
    Some(Exclusion { name: name.to_owned(), kind, patterns: patterns.clone() })
}

const fn word(kind: ExclusionKind) -> &'static str {
    match kind {
        ExclusionKind::Folder => "folder",
        ExclusionKind::Sender => "sender",
        ExclusionKind::Spam => "spam",
        ExclusionKind::Private => "private",
        ExclusionKind::WorksCouncil => "works_council",
    }
}

fn list(context: &Context<'_>, args: &AccountExclude, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let account = find(engine, &args.name)?;
    let counts = engine.store().exclusion_counts(account.id)?;
    for rule in engine.store().exclusions(account.id)? {
        let mails = counts.get(&rule.name).copied().unwrap_or_default();
        let kind = word(rule.kind);
        if args.json {
            let row = json!({ "name": rule.name, "kind": kind, "values": rule.patterns, "mails": mails });
            writeln!(streams.out, "{row}")?;
            continue;
        }
        let kind = lang.text(&format!("exclusion-{}", kind.replace('_', "-")), &[]);
        let values = rule.patterns.join(", ");
        let words: [(&str, &dyn std::fmt::Display); 4] =
            [("name", &rule.name), ("kind", &kind), ("values", &values), ("mails", &mails)];
        writeln!(streams.out, "{}", lang.text("exclusion-row", &words))?;
    }
    Ok(0)
}
