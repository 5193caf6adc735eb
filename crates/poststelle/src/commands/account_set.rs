//! `poststelle account set`: several accounts at once.

use std::collections::HashSet;

use serde_json::json;
use store::{Account, AfterFetch, MailboxRole, SharedSettings, Unfit};

use super::Context;
use super::account::{changed, find, now};
use crate::cli::{AccountSet, Days};
use crate::control::Streams;
use crate::failure::{FAILED, Failure};

/// Changes each account as a whole or not at all, and says of each what became of it; exit status 1 if one was not changed.
pub(super) fn run(
    context: &Context<'_>,
    args: &AccountSet,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let shared = shared(args)?;
    let accounts = chosen(context, args)?;
    let asked: Vec<_> = accounts.iter().map(|account| (account.id, account.settings.kind)).collect();
    let outcomes = engine.store().change_fitting(&asked, &shared, false, now())?;
    let mut status = 0;
    for (account, (_, outcome)) in accounts.iter().zip(outcomes) {
        let name = &account.settings.name;
        let problem = outcome.err().map(|why| match why {
            Unfit::NotFetched => lang.text("account-not-fetched", &[("name", name)]),
            Unfit::NoFolders => lang.text("account-pop3-fetched", &[]),
            Unfit::Gone => lang.text("account-gone", &[("name", name)]),
        });
        let deletable = match shared.delete_after_days.flatten().filter(|_| problem.is_none()) {
            Some(days) => Some(engine.store().count_deletable(account.id, days, now())?),
            None => None,
        };
        if problem.is_some() {
            status = FAILED;
        } else {
            changed(context, account.id);
        }
        if args.json {
            let row = json!({ "name": name, "changed": problem.is_none(), "deletable": deletable, "problem": problem });
            writeln!(streams.out, "{row}")?;
            continue;
        }
        let line = match (problem, deletable) {
            (Some(reason), _) => lang.text("account-not-set", &[("name", name), ("reason", &reason)]),
            (None, Some(mails)) => lang.text("account-set-deletes", &[("name", name), ("mails", &mails)]),
            (None, None) => lang.text("account-set", &[("name", name)]),
        };
        writeln!(streams.out, "{line}")?;
    }
    Ok(status)
}

/// Those named, each once, or all that are fetched.
fn chosen(context: &Context<'_>, args: &AccountSet) -> Result<Vec<Account>, Failure> {
    let engine = context.engine;
    if args.all {
        let mut accounts = engine.store().accounts(false)?;
        accounts.retain(|account| account.settings.kind.is_fetched());
        return Ok(accounts);
    }
    let mut seen = HashSet::new();
    let names = args.names.iter().filter(|name| seen.insert(name.as_str()));
    names.map(|name| find(engine, name)).collect()
}

fn shared(args: &AccountSet) -> Result<SharedSettings, Failure> {
    let fetched = args.fetched.as_deref().map(|how| match how {
        "mark-read" => AfterFetch::MarkRead,
        "move" => AfterFetch::Move,
        _ => AfterFetch::Leave,
    });
    let folder = args.fetched_folder.as_deref().unwrap_or_default().trim();
    if fetched == Some(AfterFetch::Move) && folder.is_empty() {
        return Err(Failure::usage("account-fetched-folder"));
    }
    let shared = SharedSettings {
        active: args.active.as_deref().map(|active| active == "yes"),
        poll_seconds: args.poll_seconds,
        role: args.role.as_deref().map(|role| match role {
            "bounce" => MailboxRole::Bounce,
            "archive" => MailboxRole::Archive,
            _ => MailboxRole::Normal,
        }),
        fetched: fetched.map(|how| (how, folder.to_owned())),
        delete_after_days: args.delete_after.map(|Days(days)| days),
        mirrored: args.delete_there.as_deref().map(|there| there == "yes"),
    };
    if shared == SharedSettings::default() {
        return Err(Failure::usage("account-set-nothing"));
    }
    Ok(shared)
}
