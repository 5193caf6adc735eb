//! `poststelle account sort`.

use std::io::Write as _;

use serde_json::json;
use store::SortingRule;

use super::Context;
use super::account::find;
use super::group;
use crate::cli::AccountSort;
use crate::control::Streams;
use crate::failure::Failure;

/// Earlier mails sorted with one transaction.
const BATCH: usize = 500;

/// Lists which mails of an account go to which group, or replaces that.
pub fn run(context: &Context<'_>, args: &AccountSort, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let account = find(engine, &args.name)?;
    let replaces = args.clear || !args.rule.is_empty() || args.rest.is_some();
    if replaces {
        let mut rules = Vec::with_capacity(args.rule.len() + 1);
        for rule in &args.rule {
            let wrong = || Failure::usage("sorting-rule").with("rule", rule);
            let (pattern, name) = rule.split_once('=').ok_or_else(wrong)?;
            let pattern = pattern.trim().to_lowercase();
            let is_whole = pattern.rsplit_once('@').is_some_and(|(_, domain)| !domain.is_empty());
            if !is_whole || pattern.contains(char::is_whitespace) {
                return Err(wrong());
            }
            rules.push(SortingRule { pattern, group: group::find(engine, name)?.id });
        }
        if let Some(name) = &args.rest {
            rules.push(SortingRule { pattern: String::new(), group: group::find(engine, name)?.id });
        }
        engine.store().set_sorting(account.id, rules)?;
        writeln!(streams.err, "{}", lang.text("account-handled", &[("name", &args.name)]))?;
    }
    if args.earlier {
        let mut after = 0;
        while let Some(last) = engine.store().sort_earlier(account.id, after, BATCH)? {
            after = last;
        }
        engine.messages_changed();
        writeln!(streams.err, "{}", lang.text("account-sorted", &[("name", &args.name)]))?;
    }
    if replaces || args.earlier {
        return Ok(0);
    }
    let groups = engine.store().groups()?;
    for rule in engine.store().sorting(account.id)? {
        let name = groups.iter().find(|group| group.id == rule.group).map_or("", |group| &group.what.name);
        if args.json {
            writeln!(streams.out, "{}", json!({ "pattern": rule.pattern, "group": name }))?;
        } else {
            let pattern = if rule.pattern.is_empty() { "*" } else { &rule.pattern };
            writeln!(streams.out, "{pattern}  {name}")?;
        }
    }
    Ok(0)
}
