//! `poststelle document`: the procedural documentation.

use std::fs::File;
use std::io::Write as _;

use api::Language;
use model::UnixMillis;
use pipeline::Engine;
use serde_json::json;
use server::{MadeBy, ProcedureError};

use crate::cli;
use crate::config::Config;
use crate::control::Streams;
use crate::failure::{Failure, chain};
use crate::lang::Lang;

/// Makes the next version in the language of the command, keeps it, and writes it into a file.
pub fn run(
    engine: &Engine,
    args: &cli::Document,
    config: &Config,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let language = if lang == Lang::De { Language::De } else { Language::En };
    let path = streams.directory.join(&args.out);
    let failed = |error: std::io::Error| {
        Failure::new("export-failed").with("out", path.display()).with("reason", error)
    };
    // Never over something that is there; known before a version is made.
    let mut file = File::create_new(&path).map_err(failed)?;
    let by = MadeBy { actor: "cli", name: "" };
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    let made = server::make_procedure(engine, language, super::zone(config)?, by, now);
    let (kept, octets) = made.map_err(|error| {
        // Nothing stands in it.
        let _ = std::fs::remove_file(&path);
        match error {
            ProcedureError::Engine(error) => error.into(),
            other @ ProcedureError::Pdf(_) => {
                Failure::new("storage").with("path", "").with("reason", chain(&other))
            }
        }
    })?;
    file.write_all(&octets).and_then(|()| file.sync_all()).map_err(failed)?;
    if args.json {
        let answer = json!({
            "version": kept.version,
            "language": kept.language,
            "sha256": kept.sha256.to_string(),
            "out": args.out,
        });
        writeln!(streams.out, "{answer}")?;
        return Ok(0);
    }
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("version", &kept.version), ("out", &args.out.display()), ("sha256", &kept.sha256)];
    writeln!(streams.err, "{}", lang.text("document-made", &values))?;
    Ok(0)
}
