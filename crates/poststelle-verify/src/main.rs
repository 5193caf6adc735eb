//! Checks a data directory or an export offline: no database, no network, no key but the public one.
//!
//! In: a folder or a ZIP. Out: what is proven and what is not, by name, in German, English or JSON; exit status 0 if everything
//! holds, 1 if anything does not, 2 for wrong usage.

mod anchors;
mod bundles;
mod export;
mod extents;
mod leaves;
mod mail;
mod payloads;
mod report;
mod segments;
mod source;
mod witnesses;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ledger::{PublicKey, WitnessKey};

use report::{Lang, Report};
use source::Source;

/// Checks a Poststelle archive or export offline.
///
/// Example: poststelle-verify --key log.pub /srv/poststelle
#[derive(Parser)]
#[command(name = "poststelle-verify", version)]
struct Arguments {
    /// Data directory, or ZIP made by `poststelle proof`.
    path: PathBuf,
    /// The public key: its line, or a file with it. Without it the one beside the proof is taken, which says only that
    /// everything fits together.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Certificates of time stamp authorities that are trusted, PEM; may be given several times.
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// A checkpoint kept elsewhere, which must be part of this log: its note, or the mail it came with (EML); may be given
    /// several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The key of a witness that must have confirmed this log: its line, or a file with it; may be given several times.
    #[arg(long, value_name = "KEY")]
    witness: Vec<String>,
    /// Language.
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// What is believed beforehand.
struct Trust {
    key: PublicKey,
    /// PEM, empty without certificates.
    authorities: String,
    /// Name and octets of checkpoints kept elsewhere.
    kept: Vec<(String, Vec<u8>)>,
    /// Whose cosignatures count.
    witnesses: Vec<WitnessKey>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let lang = arguments.lang.unwrap_or_else(|| Lang::from_locale(|name| std::env::var(name).ok()));
    let mut report = Report::default();
    if let Err(reason) = run(&arguments, &mut report) {
        report.fault("unreadable", &[("reason", &reason)]);
    }
    let text = if arguments.json { report.json(lang) } else { report.text(lang) };
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    if written.is_ok() && report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A file as a whole.
fn read(path: &std::path::Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn run(arguments: &Arguments, report: &mut Report) -> Result<(), String> {
    let mut source = Source::open(&arguments.path)?;
    let Some(key) = key(arguments, &mut source, report)? else { return Ok(()) };
    let mut authorities = String::new();
    for path in &arguments.ca {
        let pem = String::from_utf8_lossy(&read(path)?).into_owned();
        if !stamps::can_trust(&pem) {
            return Err(format!("{}: no certificate in PEM", path.display()));
        }
        authorities.push_str(&pem);
        authorities.push('\n');
    }
    let mut kept = Vec::new();
    for path in &arguments.checkpoint {
        kept.push((path.display().to_string(), mail::note(read(path)?)));
    }
    let mut witnesses = Vec::new();
    for given in &arguments.witness {
        let line = match WitnessKey::of_line(given) {
            Ok(_) => given.clone(),
            Err(_) => String::from_utf8_lossy(&read(std::path::Path::new(given))?).into_owned(),
        };
        witnesses.push(WitnessKey::of_line(&line).map_err(|error| format!("{given}: {error}"))?);
    }
    let trust = Trust { key, authorities, kept, witnesses };
    match &mut source {
        Source::Folder(folder) => {
            let log = leaves::check(folder, &trust, report)?;
            anchors::check(folder, &trust, &log, report)?;
            witnesses::check(folder, &trust, &log, report)?;
            payloads::check(folder, &log, report)?;
            segments::check(folder, &log, report)
        }
        Source::Zip(zip) => export::check(zip, &trust, report),
    }
}

/// The key to believe; `None` if there is none, which is a fault.
fn key(arguments: &Arguments, source: &mut Source, report: &mut Report) -> Result<Option<PublicKey>, String> {
    let beside = source.read(source.key_name())?;
    let beside = beside.and_then(|line| PublicKey::of_line(&String::from_utf8_lossy(&line)).ok());
    let Some(given) = &arguments.key else {
        match &beside {
            Some(key) => report.note("key_beside", &[("key", &key.line())]),
            None => report.fault("key_missing", &[]),
        }
        return Ok(beside);
    };
    let line = match PublicKey::of_line(given) {
        Ok(_) => given.clone(),
        Err(_) => String::from_utf8_lossy(&read(std::path::Path::new(given))?).into_owned(),
    };
    let key = PublicKey::of_line(&line).map_err(|error| format!("{given}: {error}"))?;
    if beside.is_some_and(|beside| beside != key) {
        report.fault("key_differs", &[]);
    }
    Ok(Some(key))
}
