//! `poststelle put-back`: mails of a query into a mailbox of a server.

use model::Scope;
use pipeline::{Asked, Engine, Person, PutBackOf};
use serde_json::json;

use crate::cli;
use crate::config::Config;
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Queues them; they are put there with the next fetch of the account.
pub fn run(
    engine: &Engine,
    args: &cli::PutBack,
    config: &Config,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    engine.catch_up()?;
    let account = super::account::find(engine, &args.account)?.id;
    let asked = Asked { query: args.query.clone(), zone: super::zone(config)?, ..Asked::default() };
    let by = Person::command_line();
    let count = engine.put_back(&Scope::All, &PutBackOf::Search(asked), account, &args.folder, &by)?;
    if args.json {
        writeln!(streams.out, "{}", json!({ "mails": count }))?;
    } else {
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("mails", &count), ("account", &args.account), ("folder", &args.folder)];
        writeln!(streams.err, "{}", lang.text("put-back-queued", &values))?;
    }
    Ok(0)
}
