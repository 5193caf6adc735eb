//! Checkpoints that were kept, and what time stamp authorities said about them.

use ledger::{Checkpoint, sha256};
use stamps::StampError;

use crate::Trust;
use crate::leaves::Log;
use crate::report::Report;
use crate::source::Folder;

/// Clocks of authorities and of servers may differ by so much, milliseconds.
pub(crate) const CLOCKS: i64 = 10 * 60_000;

/// Checks anchors of a folder and checkpoints kept elsewhere.
pub(crate) fn check(folder: &Folder, trust: &Trust, log: &Log, report: &mut Report) -> Result<(), String> {
    let names = folder.names("log/timestamps")?;
    let (mut anchors, mut stamped) = (0_u64, Vec::new());
    for name in names.iter().filter(|name| name.strip_suffix(".note").is_some()) {
        let path = format!("log/timestamps/{name}");
        let note = folder.read(&path)?.unwrap_or_default();
        let Some(checkpoint) = one(&path, &note, trust, log, report) else { continue };
        anchors += 1;
        let start = name.trim_end_matches(".note");
        let answers = names.iter().filter(|other| {
            other
                .strip_prefix(start)
                .is_some_and(|rest| rest.starts_with('-') && rest.strip_suffix(".tsr").is_some())
        });
        for answer in answers {
            let path = format!("log/timestamps/{answer}");
            let octets = folder.read(&path)?.unwrap_or_default();
            if let Some(at) = stamp(&path, &octets, &note, trust, report) {
                let latest = log.times.get(&checkpoint.size).copied().unwrap_or(i64::MIN);
                if latest > at.saturating_add(CLOCKS) {
                    report.fault("later_than_stamp", &[("size", &checkpoint.size), ("file", &path)]);
                }
                stamped.push((checkpoint.size, at));
            }
        }
    }
    for (leaf, name, digest) in &log.stamps {
        let octets = folder.read(&format!("log/timestamps/{name}"))?;
        if octets.is_none_or(|octets| sha256(&octets).to_string() != *digest) {
            report.fault("stamp_lost", &[("file", name), ("leaf", leaf)]);
        }
    }
    for (name, note) in &trust.kept {
        if one(name, note, trust, log, report).is_some() {
            report.proven("kept", &[("file", name)]);
        }
    }
    if anchors > 0 {
        report.proven("anchors", &[("count", &anchors)]);
    }
    match stamped.last() {
        Some((size, at)) => report.proven("stamped", &[("size", size), ("at", &time(*at))]),
        None => report.note("no_stamp", &[]),
    }
    Ok(())
}

/// Whether a checkpoint is believed and part of this log.
pub(crate) fn one(
    name: &str,
    note: &[u8],
    trust: &Trust,
    log: &Log,
    report: &mut Report,
) -> Option<Checkpoint> {
    let checkpoint = match Checkpoint::open(note, &trust.key) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            report.fault("anchor_forged", &[("file", &name), ("reason", &error)]);
            return None;
        }
    };
    let head = log.head.as_ref()?;
    if checkpoint.size > head.size {
        report.fault("cut_back", &[("file", &name), ("size", &checkpoint.size), ("now", &head.size)]);
        return None;
    }
    match log.roots.get(&checkpoint.size) {
        Some(root) if *root == checkpoint.root => Some(checkpoint),
        Some(_) => {
            report.fault("forked", &[("file", &name), ("size", &checkpoint.size)]);
            None
        }
        None if checkpoint.size == head.size && checkpoint.root != head.root => {
            report.fault("forked", &[("file", &name), ("size", &checkpoint.size)]);
            None
        }
        // Leaves before it are not what they should be, which is told already.
        None => None,
    }
}

/// The time of a stamp over a note, if it holds.
pub(crate) fn stamp(
    name: &str,
    answer: &[u8],
    note: &[u8],
    trust: &Trust,
    report: &mut Report,
) -> Option<i64> {
    match stamps::read(answer, &sha256(note).0, None, &trust.authorities) {
        Ok(stamp) => {
            let at = time(stamp.at.0);
            let values: [(&'static str, &dyn std::fmt::Display); 3] =
                [("file", &name), ("at", &at), ("authority", &stamp.authority)];
            if stamp.is_trusted {
                report.proven("stamp", &values);
            } else {
                report.note("stamp_untrusted", &values);
            }
            Some(stamp.at.0)
        }
        Err(StampError::Chain(reason)) => {
            report.fault("stamp_chain", &[("file", &name), ("reason", &reason)]);
            None
        }
        Err(error) => {
            report.fault("stamp_forged", &[("file", &name), ("reason", &error)]);
            None
        }
    }
}

/// `2026-03-02T09:00:00Z`, without a calendar library: days since 1970 by the civil algorithm.
pub(crate) fn time(millis: i64) -> String {
    let (days, seconds) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000) / 1000);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    #[test]
    fn times() {
        let check = |millis, expected: &str| assert_eq!(super::time(millis), expected);
        check(0, "1970-01-01T00:00:00Z");
        check(1_772_442_000_999, "2026-03-02T09:00:00Z");
        check(1_709_164_800_000, "2024-02-29T00:00:00Z");
        check(-1, "1969-12-31T23:59:59Z");
    }
}
