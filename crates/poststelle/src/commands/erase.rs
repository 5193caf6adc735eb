//! `poststelle erase` and `person`.

use std::fs::File;
use std::io::BufWriter;

use model::{MailId, Scope};
use pipeline::{Basis, Engine, ErasureRequest};
use serde_json::json;

use super::{show, when};
use crate::cli;
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

/// Who the log says it was.
const ACTOR: &str = "command line";
/// Erasures listed.
const LIST_MAX: usize = 1000;

/// Says what would be erased, erases it with `--yes`, or lists what was erased. Exit status 1 if anything was refused.
pub fn erase(
    engine: &Engine,
    args: &cli::Erase,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    if args.list {
        return list(engine, args, lang, streams);
    }
    let word = args.basis.as_deref().unwrap_or_default();
    let basis = Basis::OF_REQUESTS.into_iter().find(|basis| basis.as_str() == word);
    let basis = basis.ok_or_else(|| {
        let words = Basis::OF_REQUESTS.map(Basis::as_str).join(", ");
        Failure::usage("erase-basis").with("words", words)
    })?;
    engine.catch_up()?;
    let mails = match &args.address {
        Some(address) => engine.person(address)?.mails.into_iter().map(|(mail, ..)| mail).collect(),
        None => args.mails.iter().map(|mail| one(engine, mail)).collect::<Result<Vec<_>, _>>()?,
    };
    if !args.yes {
        let refused = engine.kept(&mails)?;
        if args.json {
            let refused: Vec<_> = refused.iter().map(|(mail, why)| refusal(*mail, why)).collect();
            let mails: Vec<String> = mails.iter().map(MailId::to_string).collect();
            writeln!(streams.out, "{}", json!({ "mails": mails, "refused": refused }))?;
            return Ok(0);
        }
        for mail in &mails {
            let why = refused.iter().find(|(refused, _)| refused == mail);
            let why = why.map_or_else(String::new, |(_, why)| format!("  {}", shown(lang, why)));
            writeln!(streams.out, "{mail}{why}")?;
        }
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("count", &(mails.len() - refused.len())), ("refused", &refused.len())];
        writeln!(streams.err, "{}", lang.text("erase-would", &values))?;
        return Ok(0);
    }
    let (note, actor) = (args.note.clone(), ACTOR.to_owned());
    let done = engine.erase(ErasureRequest { mails, basis, note, actor })?;
    if args.json {
        let shared: Vec<String> = done.shared_objects_kept.iter().map(ToString::to_string).collect();
        let refused: Vec<_> = done.refused.iter().map(|(mail, why)| refusal(*mail, why)).collect();
        let files: Vec<_> =
            done.files.iter().map(|file| json!({ "path": file.path, "error": file.error })).collect();
        let answer = json!({
            "erasure": done.erasure, "done": done.done, "refused": refused, "shared_objects_kept": shared,
            "files_left": files,
        });
        writeln!(streams.out, "{answer}")?;
    } else {
        for (mail, why) in &done.refused {
            writeln!(streams.out, "{mail}  {}", shown(lang, why))?;
        }
        for file in &done.files {
            let text = match &file.error {
                None => lang.text("erase-file-changed", &[("path", &file.path)]),
                Some(error) => lang.text("erase-file-failed", &[("path", &file.path), ("reason", error)]),
            };
            writeln!(streams.out, "{text}")?;
        }
        let shared = done.shared_objects_kept.len();
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("count", &done.done), ("refused", &done.refused.len()), ("shared", &shared)];
        writeln!(streams.err, "{}", lang.text("erase-done", &values))?;
    }
    Ok(if done.refused.is_empty() { 0 } else { FAILED })
}

fn refusal(mail: MailId, why: &str) -> serde_json::Value {
    json!({ "mail_id": mail.to_string(), "reason": why })
}

/// Words of a reason as people read them.
fn shown(lang: Lang, why: &str) -> String {
    let mut words = why.splitn(3, ':');
    let (what, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match (what, words.next()) {
        ("hold", more) => {
            let name = more.map_or_else(|| rest.to_owned(), |more| format!("{rest}:{more}"));
            lang.text("erase-kept-hold", &[("name", &name)])
        }
        ("class", until) => {
            // A class of one's own has a name, those everybody has a word.
            let key = format!("retention-class-{rest}");
            let name =
                Some(lang.text(&key, &[])).filter(|name| *name != key).unwrap_or_else(|| rest.to_owned());
            match until {
                Some(until) => lang.text("erase-kept-until", &[("name", &name), ("until", &until)]),
                None => lang.text("erase-kept-class", &[("name", &name)]),
            }
        }
        ("unchecked", _) => lang.text("erase-kept-unchecked", &[]),
        _ => lang.text("erase-kept-unencrypted", &[]),
    }
}

fn one(engine: &Engine, mail: &str) -> Result<MailId, Failure> {
    let found = show::find(engine, mail)?;
    let [one] = found.as_slice() else {
        let key = if found.is_empty() { "mail-unknown" } else { "mail-several" };
        return Err(Failure::new(key).with("mail", mail).with("count", found.len()));
    };
    Ok(one.mail_id)
}

fn list(engine: &Engine, args: &cli::Erase, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    for erasure in engine.store().erasures(None, LIST_MAX)? {
        let (begun, ended) = (when(erasure.what.begun), erasure.ended.map(when));
        if args.json {
            let row = json!({
                "erasure": erasure.key,
                "begun": begun,
                "ended": ended,
                "by": erasure.what.actor,
                "basis": erasure.what.basis,
                "note": erasure.what.note,
                "done": erasure.erased,
                "refused": erasure.refused,
                "shared_objects_kept": erasure.shared,
            });
            writeln!(streams.out, "{row}")?;
            continue;
        }
        let open = lang.text("erase-open", &[]);
        let values: [(&str, &dyn std::fmt::Display); 6] = [
            ("begun", &begun),
            ("ended", ended.as_ref().unwrap_or(&open)),
            ("by", &erasure.what.actor),
            ("basis", &erasure.what.basis),
            ("count", &erasure.erased),
            ("refused", &erasure.refused),
        ];
        writeln!(streams.out, "{}", lang.text("erase-row", &values))?;
    }
    Ok(0)
}

/// Writes everything about one person as a ZIP.
pub fn person(
    engine: &Engine,
    args: &cli::Person,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    engine.catch_up()?;
    let path = streams.directory.join(&args.out);
    let failed = |reason: &dyn std::fmt::Display| {
        Failure::new("proof-file").with("path", path.display()).with("reason", reason)
    };
    // Never over something that is there.
    let file = File::create_new(&path).map_err(|error| failed(&error))?;
    let written = engine.person_file(&Scope::All, &args.address, BufWriter::with_capacity(1 << 18, file));
    let mails = match written {
        Ok(mails) => mails,
        Err(error) => {
            // Half of it would be taken for all.
            std::fs::remove_file(&path).ok();
            return Err(error.into());
        }
    };
    writeln!(streams.err, "{}", lang.text("export-done", &[("mails", &mails), ("out", &path.display())]))?;
    Ok(0)
}
