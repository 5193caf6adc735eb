//! What witnesses confirmed of the log.

use ledger::{NoteError, cosigned};

use crate::Trust;
use crate::anchors::{CLOCKS, one, time};
use crate::leaves::Log;
use crate::report::Report;
use crate::source::Folder;

const FOLDER: &str = "log/witnessed";

/// Checks every head that witnesses confirmed, and says how far those go whose keys were given. A checkpoint kept elsewhere may
/// bear cosignatures as well.
pub(crate) fn check(folder: &Folder, trust: &Trust, log: &Log, report: &mut Report) -> Result<(), String> {
    let mut notes: Vec<(String, Vec<u8>)> = Vec::new();
    for name in folder.names(FOLDER)?.iter().filter(|name| name.strip_suffix(".note").is_some()) {
        let path = format!("{FOLDER}/{name}");
        notes.push((path.clone(), folder.read(&path)?.unwrap_or_default()));
    }
    let mut heads = Vec::with_capacity(notes.len() + trust.kept.len());
    for (name, note) in &notes {
        heads.extend(one(name, note, trust, log, report).map(|head| (name, note, head.size)));
    }
    // What is wrong with these is said already.
    for (name, note) in &trust.kept {
        heads.extend(one(name, note, trust, log, &mut Report::default()).map(|head| (name, note, head.size)));
    }
    for key in &trust.witnesses {
        let mut newest: Option<(u64, i64)> = None;
        for (name, note, size) in &heads {
            match cosigned(note, key) {
                Ok((_, seconds)) => {
                    let at = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
                    let latest = log.times.get(size).copied().unwrap_or(i64::MIN);
                    if latest > at.saturating_add(CLOCKS) {
                        report.fault("later_than_witness", &[("size", size), ("file", name)]);
                    }
                    newest = newest.max(Some((*size, at)));
                }
                Err(NoteError::OtherKey) => {}
                Err(error) => report.fault("cosignature_forged", &[("file", name), ("reason", &error)]),
            }
        }
        match newest {
            Some((size, at)) => {
                report.proven("witnessed", &[("name", &key.name()), ("size", &size), ("at", &time(at))]);
            }
            None => report.fault("witness_missing", &[("name", &key.name())]),
        }
    }
    if trust.witnesses.is_empty() && !notes.is_empty() {
        report.note("witness_unknown", &[("count", &notes.len())]);
    }
    Ok(())
}
