//! `poststelle retention`.

use std::io::Write as _;

use model::EventId;
use pipeline::Engine;
use retain::Until;
use serde_json::json;
use store::{Event, Hold, NamedClass, NewHold, StoreError};

use super::account::now;
use super::{Context, when};
use crate::cli::{self, HoldAction, RetentionAction};
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Who it was, in the log: nobody is logged in here.
const ACTOR: &str = "command";

/// Runs it.
pub fn run(context: &Context<'_>, args: &cli::Retention, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    match &args.action {
        RetentionAction::List { json } => list(engine, *json, lang, streams),
        RetentionAction::Due { json } => due(engine, *json, lang, streams),
        RetentionAction::Apply => apply(engine, lang, streams),
        RetentionAction::Hold { action } => hold(engine, action, lang, streams),
    }
}

pub(super) fn event(kind: &str, details: &serde_json::Value) -> Event {
    Event {
        id: EventId::new(uuid::Uuid::now_v7()),
        at: now(),
        actor: ACTOR.to_owned(),
        kind: kind.to_owned(),
        subject: String::new(),
        payload: details.to_string(),
    }
}

/// The name of a class; of one every installation has, in the language of the reader.
fn named(class: &NamedClass, lang: Lang) -> String {
    if class.name.is_empty() {
        lang.text(&format!("retention-class-{}", class.word), &[])
    } else {
        class.name.clone()
    }
}

fn months(months: Option<u32>, lang: Lang) -> String {
    match months {
        None => lang.text("retention-unlimited", &[]),
        Some(months) if months % 12 == 0 => lang.text("retention-years", &[("count", &(months / 12))]),
        Some(months) => lang.text("retention-months", &[("count", &months)]),
    }
}

fn list(engine: &Engine, as_json: bool, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let retention = engine.store().retention()?;
    for class in &retention.classes {
        let length = class.class.months(retention.settings.bank);
        let rules: Vec<&str> = retention
            .rules
            .iter()
            .filter(|rule| rule.class == class.class.key)
            .map(|rule| rule.name.as_str())
            .collect();
        let name = named(class, lang);
        if as_json {
            let start = class.class.start.as_str();
            let row = json!({
                "class": class.class.key, "name": name, "months": length, "start": start, "rules": rules,
            });
            writeln!(streams.out, "{row}")?;
        } else {
            writeln!(streams.out, "{name}  {}  {}", months(length, lang), rules.join(", "))?;
        }
    }
    Ok(0)
}

fn due(engine: &Engine, as_json: bool, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    engine.catch_up()?;
    let retention = engine.store().retention()?;
    for year in engine.store().due_years(now())? {
        let class = retention.classes.iter().find(|class| class.class.key == year.class);
        let name = class.map(|class| named(class, lang)).unwrap_or_default();
        let until = match year.until {
            Until::Day(day) => Some(day.to_string()),
            Until::Suspended | Until::Unlimited => None,
        };
        if as_json {
            let suspended = year.until == Until::Suspended;
            let row = json!({
                "class": year.class, "name": name, "year": year.year, "mails": year.mails, "due": year.due,
                "until": until, "suspended": suspended,
            });
            writeln!(streams.out, "{row}")?;
        } else {
            let until = until.unwrap_or_else(|| match year.until {
                Until::Suspended => lang.text("retention-suspended", &[]),
                _ => lang.text("retention-unlimited", &[]),
            });
            let (mails, due) = (&year.mails, &year.due);
            let line = lang.text("retention-due", &[("mails", mails), ("due", due), ("until", &until)]);
            writeln!(streams.out, "{name}  {}  {line}", year.year)?;
        }
    }
    Ok(0)
}

fn apply(engine: &Engine, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    engine.store().apply_retention_anew(event("retention.applied", &json!({})))?;
    engine.catch_up()?;
    writeln!(streams.err, "{}", lang.text("retention-applied", &[]))?;
    Ok(0)
}

fn open(engine: &Engine, name: &str) -> Result<Hold, Failure> {
    let wanted = name.trim().to_lowercase();
    let found = engine.store().open_holds()?.into_iter().find(|hold| hold.name.to_lowercase() == wanted);
    found.ok_or_else(|| Failure::new("hold-unknown").with("name", name))
}

fn hold(engine: &Engine, action: &HoldAction, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    match action {
        HoldAction::List { json } => return holds(engine, *json, streams),
        HoldAction::Add { name, query, reason } => {
            let (_, unsupported) = engine.count_messages(query)?;
            if let Some(word) = unsupported.first() {
                return Err(Failure::usage("hold-query").with("word", word));
            }
            let name = name.trim().to_owned();
            let new = NewHold {
                name: name.clone(),
                reason: reason.clone(),
                query: query.clone(),
                actor: ACTOR.to_owned(),
            };
            let event = event("hold.created", &json!({ "name": name, "reason": reason, "query": query }));
            engine.store().add_hold(new, event, now()).map_err(|error| match error {
                StoreError::Exists { .. } => Failure::new("hold-taken").with("name", &name),
                other => other.into(),
            })?;
            engine.catch_up()?;
            let all = engine.store().holds()?;
            let count = all.iter().find(|(hold, _)| hold.lifted.is_none() && hold.name == name);
            let count = count.map_or(0, |(_, count)| *count);
            writeln!(streams.err, "{}", lang.text("hold-added", &[("name", &name), ("count", &count)]))?;
        }
        HoldAction::Lift { name, reason } => {
            let hold = open(engine, name)?;
            let event = event("hold.removed", &json!({ "name": hold.name, "reason": reason }));
            engine.store().lift_hold(hold.key, reason.clone(), ACTOR.to_owned(), event, now())?;
            writeln!(streams.err, "{}", lang.text("hold-lifted", &[("name", &hold.name)]))?;
        }
    }
    Ok(0)
}

fn holds(engine: &Engine, as_json: bool, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    for (hold, mails) in engine.store().holds()? {
        let lifted = hold.lifted.as_ref().map(|(at, ..)| when(*at));
        let since = when(hold.since);
        if as_json {
            let row = json!({
                "name": hold.name, "reason": hold.reason, "query": hold.query, "since": since, "mails": mails,
                "lifted": lifted,
            });
            writeln!(streams.out, "{row}")?;
        } else {
            let until = lifted.unwrap_or_default();
            writeln!(streams.out, "{}  {}  {mails}  {since}  {until}", hold.name, hold.query)?;
        }
    }
    Ok(0)
}
