//! `poststelle backup` and `restore`.

use std::io::Write;

use pipeline::{BackupOptions, Engine};
use serde_json::json;

use crate::cli;
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Makes a snapshot and compares what was written.
pub fn run(
    engine: &Engine,
    args: &cli::Backup,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let to = streams.directory.join(&args.to);
    let options = BackupOptions { keep: args.keep, with_key: args.with_key, check_all: args.check_all };
    let bar = bar(streams.terminal);
    let done = engine.backup(&to, options, &mut |octets| bar.inc(octets));
    bar.finish_and_clear();
    let done = done?;
    if args.json {
        let answer = json!({
            "snapshot": done.snapshot, "files": done.files, "octets": done.octets, "written": done.written,
        });
        writeln!(streams.out, "{answer}")?;
    } else {
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("snapshot", &done.snapshot),
            ("files", &done.files),
            ("octets", &done.octets),
            ("written", &done.written),
        ];
        writeln!(streams.err, "{}", lang.text("backup-done", &values))?;
    }
    if !args.with_key {
        let key = engine.key_path().display();
        writeln!(streams.err, "{}", lang.text("backup-without-key", &[("key", &key)]))?;
    }
    Ok(0)
}

/// Lists, compares, or brings back.
pub fn restore(args: &cli::Restore, lang: Lang, out: &mut dyn Write) -> Result<i32, Failure> {
    if args.list {
        for name in pipeline::snapshots(&args.from)? {
            writeln!(out, "{name}")?;
        }
        return Ok(0);
    }
    let bar = bar(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let mut on_octets = |octets| bar.inc(octets);
    let snapshot = args.snapshot.as_deref();
    let Some(data) = args.data.as_ref().filter(|_| !args.check) else {
        let checked = pipeline::check_backup(&args.from, snapshot, &mut on_octets);
        bar.finish_and_clear();
        let (snapshot, octets) = checked?;
        let text = lang.text("backup-checked", &[("snapshot", &snapshot), ("octets", &octets)]);
        writeln!(std::io::stderr(), "{text}")?;
        return Ok(0);
    };
    let (key, database, erased) = (args.key.as_deref(), args.database.as_deref(), args.erased.as_deref());
    let restored = pipeline::restore(&args.from, snapshot, data, key, database, erased, &mut on_octets);
    bar.finish_and_clear();
    let text = lang.text("backup-restored", &[("snapshot", &restored?), ("dir", &data.display())]);
    writeln!(std::io::stderr(), "{text}")?;
    if !keys::MasterKey::default_path(data).exists() {
        writeln!(std::io::stderr(), "{}", lang.text("backup-needs-key", &[("dir", &data.display())]))?;
    }
    Ok(0)
}

/// Octets so far, where that can be drawn.
fn bar(terminal: bool) -> indicatif::ProgressBar {
    if !terminal {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{spinner} {bytes}");
    indicatif::ProgressBar::new_spinner()
        .with_style(style.unwrap_or(indicatif::ProgressStyle::default_spinner()))
}
