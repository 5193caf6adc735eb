//! `poststelle search`.

use std::io::Write as _;

use model::Scope;
use pipeline::{Asked, Engine};
use serde::Serialize;

use super::when;
use crate::cli;
use crate::config::Config;
use crate::control::Streams;
use crate::failure::Failure;

#[derive(Serialize)]
struct Answer {
    total: u64,
    seconds: f64,
    hits: Vec<Hit>,
}

#[derive(Serialize)]
struct Hit {
    mail_id: String,
    message_id: Option<String>,
    subject: String,
    from: Option<String>,
    date: String,
    snippet: String,
}

/// Runs it.
pub fn run(
    engine: &Engine,
    args: &cli::Search,
    config: &Config,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let zone = super::zone(config)?;
    let asked = Asked { query: args.query.join(" "), limit: args.limit, zone, ..Asked::default() };
    let found = engine.search(&Scope::All, &asked)?;
    let hits: Vec<Hit> = found
        .hits
        .into_iter()
        .map(|hit| Hit {
            mail_id: hit.row.mail_id.to_string(),
            message_id: hit.row.message_id.map(|id| id.0),
            subject: hit.row.subject,
            from: hit.row.from.map(|from| from.folded()),
            date: when(hit.row.date),
            snippet: hit.snippet.into_iter().map(|piece| piece.text).collect(),
        })
        .collect();
    if args.json {
        let answer = Answer { total: found.total, seconds: found.seconds, hits };
        writeln!(streams.out, "{}", serde_json::to_string(&answer).map_err(std::io::Error::from)?)?;
        return Ok(0);
    }
    for hit in &hits {
        writeln!(
            streams.out,
            "{}  {}  {}  {}",
            hit.mail_id,
            hit.date,
            hit.from.as_deref().unwrap_or("–"),
            one_line(&hit.subject)
        )?;
        writeln!(streams.out, "    {}", one_line(&hit.snippet))?;
    }
    writeln!(streams.err, "{}", found.total)?;
    Ok(0)
}

/// Without line ends and control characters, which a terminal would act on.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect()
}
