//! `poststelle attachments`: attachments as files in a folder.

use pipeline::{Engine, FileSettings, FileSettingsError, FilesState};
use serde_json::json;

use crate::cli;
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

/// Sets what is asked for, does what is due, and says how it stands. Exit status 1 if a folder takes nothing or something failed.
pub fn run(
    engine: &Engine,
    args: &cli::Attachments,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let before = engine.attachment_files()?;
    if args.off || args.folder.is_some() || args.pattern.is_some() || args.all {
        let folder = args.folder.as_ref().map(|folder| streams.directory.join(folder).display().to_string());
        let language = lang.code();
        let new = FileSettings {
            active: !args.off,
            folder: folder.unwrap_or_else(|| before.folder.clone()),
            pattern: args.pattern.clone().unwrap_or_else(|| before.pattern.clone()),
            all: args.all || (before.all && before.active),
            words: if before.words.is_empty() { server::file_words(language) } else { before.words.clone() },
            language: if before.words.is_empty() { language.to_owned() } else { before.language.clone() },
            ..before
        };
        let active = if new.active { "+" } else { "–" };
        let details = json!({ "active": active, "folder": new.folder, "pattern": new.pattern });
        let event = super::retention::event("files.changed", &details);
        engine.set_attachment_files(new, event)?.map_err(|error| refused(&error))?;
    }
    if args.again {
        engine.write_missing_files()?;
    }
    engine.catch_up()?;
    let fine = engine.write_attachment_files()?;
    let stands = engine.attachment_files_state()?;
    if args.json {
        writeln!(streams.out, "{}", row(&stands))?;
    } else {
        tell(&stands, lang, streams)?;
    }
    Ok(if fine && stands.counts.failed == 0 { 0 } else { FAILED })
}

fn refused(error: &FileSettingsError) -> Failure {
    match error {
        FileSettingsError::Path => Failure::usage("attachments-path"),
        FileSettingsError::DataDirectory => Failure::usage("attachments-data"),
        FileSettingsError::Folder(reason) => Failure::new("attachments-folder").with("reason", reason),
        FileSettingsError::Pattern(_) | FileSettingsError::Kind(_) | FileSettingsError::Account(_) => {
            Failure::usage("attachments-pattern").with("reason", error)
        }
    }
}

fn row(stands: &FilesState) -> serde_json::Value {
    let (settings, counts) = (&stands.settings, &stands.counts);
    let error = stands.folder.as_ref().and_then(|folder| folder.last_error.as_ref()).map(|(text, _)| text);
    json!({
        "active": settings.active,
        "folder": settings.folder,
        "pattern": settings.pattern,
        "all": settings.all,
        "written": counts.written,
        "waiting": counts.waiting,
        "held": counts.held,
        "failed": counts.failed,
        "deleted": counts.deleted,
        "changed": counts.changed,
        "to_remove": counts.to_remove,
        "error": error,
    })
}

fn tell(stands: &FilesState, lang: Lang, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let (settings, counts) = (&stands.settings, &stands.counts);
    let key = if settings.active { "attachments-on" } else { "attachments-off" };
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("folder", &settings.folder), ("pattern", &settings.pattern)];
    writeln!(streams.out, "{}", lang.text(key, &values))?;
    let values: [(&str, &dyn std::fmt::Display); 6] = [
        ("written", &counts.written),
        ("waiting", &counts.waiting),
        ("held", &counts.held),
        ("failed", &counts.failed),
        ("deleted", &counts.deleted),
        ("changed", &counts.changed),
    ];
    writeln!(streams.out, "{}", lang.text("attachments-counts", &values))?;
    if let Some((text, _)) = stands.folder.as_ref().and_then(|folder| folder.last_error.as_ref()) {
        writeln!(streams.err, "{}", lang.text("attachments-trouble", &[("text", text)]))?;
    }
    Ok(())
}
