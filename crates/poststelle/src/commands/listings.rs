//! `poststelle mails` and `poststelle threads`: everything, a row a mail.

use std::collections::HashMap;

use model::{AccountId, Position, Scope};
use pipeline::{Asked, Engine};
use serde::Serialize;
use store::{LinkRow, MailLine};

use super::when;
use crate::cli;
use crate::config::Config;
use crate::control::Streams;
use crate::failure::Failure;

/// Mails read together.
const PAGE: usize = 1000;

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the contract")]
struct Mail<'a> {
    mail_id: String,
    message_id: Option<&'a str>,
    sha256: String,
    octets: u64,
    date: Option<String>,
    kind: Option<&'static str>,
    thread_id: Option<String>,
    quarantined: bool,
    placements: Vec<Placement<'a>>,
    links: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Link<'a> {
    kind: &'static str,
    number: &'a str,
    how: &'static str,
    by: &'static str,
}

#[derive(Serialize)]
struct Placement<'a> {
    account: &'a str,
    mailbox: &'a str,
    uid_validity: Option<u32>,
    uid: Option<u32>,
    unique_id: Option<&'a str>,
    locator: Option<&'a str>,
}

#[derive(Serialize)]
struct Thread<'a> {
    message_id: Option<&'a str>,
    thread_id: Option<String>,
}

/// Every mail, or those a query finds.
pub fn mails(
    engine: &Engine,
    args: &cli::Mails,
    config: &Config,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    engine.catch_up()?;
    let names: HashMap<AccountId, String> = engine
        .store()
        .accounts(true)?
        .into_iter()
        .map(|account| (account.id, account.settings.name))
        .collect();
    let store = engine.store();
    if let Some(query) = &args.query {
        let asked = Asked { query: query.clone(), zone: super::zone(config)?, ..Asked::default() };
        let mut failed = None;
        engine.messages_of(&Scope::All, &asked, &mut |messages| {
            for page in messages.chunks(PAGE) {
                let lines = store.mail_lines_of(&Scope::All, page)?;
                failed = write(&lines, &names, args.jsonl, streams).err();
            }
            Ok(())
        })?;
        return failed.map_or(Ok(0), Err);
    }
    let mut after = 0;
    while let Some((lines, next)) = store.mail_lines(&Scope::All, after, PAGE)? {
        write(&lines, &names, args.jsonl, streams)?;
        after = next;
    }
    Ok(0)
}

fn write(
    lines: &[MailLine],
    names: &HashMap<AccountId, String>,
    json: bool,
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    for line in lines {
        if json {
            serde_json::to_writer(&mut *streams.out, &row(line, names)).map_err(std::io::Error::from)?;
            writeln!(streams.out)?;
        } else {
            let kind = line.kind.map_or("–", |kind| kind.as_str());
            let date = line.date.map_or_else(|| "–".to_owned(), when);
            writeln!(
                streams.out,
                "{}  {date}  {kind}  {}",
                line.mail_id,
                line.message_id.as_ref().map_or("–", |id| id.as_str())
            )?;
        }
    }
    Ok(())
}

fn row<'a>(line: &'a MailLine, names: &'a HashMap<AccountId, String>) -> Mail<'a> {
    let placements = line.placements.iter().filter(|placement| placement.gone.is_none()).map(|placement| {
        let mut row = Placement {
            account: names.get(&placement.account).map_or("", String::as_str),
            mailbox: &placement.mailbox_name,
            uid_validity: None,
            uid: None,
            unique_id: None,
            locator: None,
        };
        match &placement.position {
            Position::Imap { uid_validity, uid } => {
                (row.uid_validity, row.uid) = (Some(*uid_validity), Some(*uid));
            }
            Position::Unique { unique_id } => row.unique_id = Some(unique_id),
            Position::File { locator } => row.locator = Some(locator),
        }
        row
    });
    Mail {
        mail_id: line.mail_id.to_string(),
        message_id: line.message_id.as_ref().map(model::MessageId::as_str),
        sha256: line.sha256.to_string(),
        octets: line.octets,
        date: line.date.map(when),
        kind: line.kind.map(model::Kind::as_str),
        thread_id: line.thread_id.map(|id| id.to_string()),
        quarantined: line.quarantined,
        placements: placements.collect(),
        links: line.links.iter().map(link).collect(),
    }
}

fn link(link: &LinkRow) -> Link<'_> {
    Link {
        kind: link.kind.as_str(),
        number: &link.number,
        how: link.how.as_str(),
        by: if link.by_rule { "rule" } else { "person" },
    }
}

/// The thread of every mail.
pub fn threads(engine: &Engine, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    engine.catch_up()?;
    let mut after = 0;
    loop {
        let lines = engine.store().thread_lines(after, PAGE)?;
        let Some(last) = lines.last() else { return Ok(0) };
        after = last.seq;
        for line in &lines {
            let row = Thread {
                message_id: line.message_id.as_ref().map(model::MessageId::as_str),
                thread_id: line.thread_id.map(|id| id.to_string()),
            };
            serde_json::to_writer(&mut *streams.out, &row).map_err(std::io::Error::from)?;
            writeln!(streams.out)?;
        }
    }
}
