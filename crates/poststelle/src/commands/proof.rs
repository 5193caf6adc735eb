//! `poststelle proof` and `poststelle log`.

use std::fs::File;
use std::io::Write as _;

use pipeline::Engine;
use serde_json::json;
use zip::write::SimpleFileOptions;

use super::{show, when};
use crate::cli;
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

/// Writes a mail and what proves it as a ZIP.
pub fn proof(
    engine: &Engine,
    args: &cli::Proof,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let found = show::find(engine, &args.mail)?;
    let [mail] = found.as_slice() else {
        let key = if found.is_empty() { "mail-unknown" } else { "mail-several" };
        return Err(Failure::new(key).with("mail", &args.mail).with("count", found.len()));
    };
    let files = engine.evidence(mail.mail_id)?;
    let path = streams.directory.join(&args.out);
    let failed = |reason: &dyn std::fmt::Display| {
        Failure::new("proof-file").with("path", path.display()).with("reason", reason)
    };
    // Never over something that is there.
    let file = File::create_new(&path).map_err(|error| failed(&error))?;
    let mut zip = zip::ZipWriter::new(file);
    for (name, octets) in &files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).map_err(|error| failed(&error))?;
        zip.write_all(octets).map_err(|error| failed(&error))?;
    }
    zip.finish().and_then(|file| Ok(file.sync_all()?)).map_err(|error| failed(&error))?;
    writeln!(streams.err, "{}", lang.text("proof-written", &[("path", &path.display())]))?;
    Ok(0)
}

/// Says how the log stands; exit status 1 if nothing is signed any more.
pub fn log(engine: &Engine, args: &cli::Log, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    engine.sign_log()?;
    let state = engine.log_state()?;
    let signed_at = state.signed_at.map(when);
    let stamped = state.stamped.map(|(size, at)| json!({ "entries": size, "at": when(at) }));
    if args.json {
        let value = json!({
            "entries": state.leaves,
            "signed": state.signed,
            "root": state.root,
            "public_key": state.public_key,
            "signed_at": signed_at,
            "anchors": state.anchors,
            "stamped": stamped,
            "trouble": state.trouble,
        });
        writeln!(streams.out, "{value}")?;
    } else {
        let values: [(&str, &dyn std::fmt::Display); 5] = [
            ("entries", &state.leaves),
            ("signed", &state.signed),
            ("root", &state.root),
            ("key", &state.public_key),
            ("anchors", &state.anchors),
        ];
        writeln!(streams.out, "{}", lang.text("log-state", &values))?;
        match state.stamped {
            Some((size, at)) => {
                let at = when(at);
                writeln!(streams.out, "{}", lang.text("log-stamped", &[("entries", &size), ("at", &at)]))?;
            }
            None => writeln!(streams.out, "{}", lang.text("log-unstamped", &[]))?,
        }
        if let Some(trouble) = &state.trouble {
            writeln!(streams.err, "{}", lang.text("verify-log", &[("reason", trouble)]))?;
        }
    }
    Ok(if state.trouble.is_some() { FAILED } else { 0 })
}
